//! The source files that a program reaches by its imports, from the one that is started.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::places::imported;
use super::project::Project;
use super::{BUILT_IN, content, servers};
use crate::detect::source;
use crate::fs::{Dir, Text};
use crate::manifest::{Document, Node, pattern};
use crate::model::RelPath;

/// Calls by which a program looks for its parts on the disk.
const LOOKS: &[&str] = &["readdirSync(", "readdir(", "autoload", "AutoLoad", "glob(", "globSync(", "fast-glob", "requireDirectory", "require-directory"];

/// What a program reaches.
#[derive(Debug, Default)]
pub struct Reached {
    /// The files.
    pub texts: Vec<Rc<Text>>,
    /// Whether every import was followed: nothing else of the project runs.
    pub whole: bool,
}

/// What is reached from a file; everything where there is none.
pub fn from(project: &Project<'_>, file: Option<&str>) -> Reached {
    // Folders of tools are none of the program's.
    let all = || {
        let production = |text: &Rc<Text>| text.path().below(project.dir.path()).is_some_and(|path| !content::is_of_tools(path));
        // A program may have no ending.
        let bare = [servers::WWW, file.unwrap_or_default().trim_start_matches("./")].into_iter().filter(|file| !file.contains('.') && !file.is_empty());
        let bare: BTreeSet<&str> = bare.collect();
        source::files(&project.dir, servers::CODE, &project.others)
            .into_iter()
            .chain(bare.into_iter().filter_map(|file| project.dir.peek(file)))
            .filter(production)
            .collect::<Vec<_>>()
    };
    let first = file.map(|file| project.source_of(file)).and_then(|file| imported(&project.dir, &RelPath::root(), &file));
    let Some(first) = first else { return Reached { texts: all(), whole: false } };
    let mut all = all();
    // What the program says itself comes before what its parts say.
    all.sort_by_key(|text| text.path().below(project.dir.path()) != Some(first.as_str()));
    let mut walk = Walk { project, names: Names::of(project), known: BTreeSet::new(), open: vec![first.clone()], whole: true };
    let followed = walk.run(&all);
    let Walk { mut known, whole, .. } = walk;
    let path_of = |text: &Rc<Text>| text.path().below(project.dir.path()).map(ToOwned::to_owned);
    let mut texts: Vec<Rc<Text>> = all.into_iter().filter(|text| !followed || path_of(text).is_some_and(|path| known.contains(&path))).collect();
    for path in texts.iter().filter_map(path_of) {
        known.remove(&path);
    }
    // What is imported is the program's, wherever it lies.
    texts.extend(known.iter().filter(|path| content::is_of_tools(path)).filter_map(|path| project.dir.peek(path)));
    texts.sort_by_key(|text| text.path().below(project.dir.path()) != Some(first.as_str()));
    Reached { texts, whole: followed && whole }
}

/// The code of production, and what a program reaches in folders of tools.
pub fn with_tools(project: &Project<'_>, texts: &[Rc<Text>], reached: &[Rc<Text>]) -> Vec<Rc<Text>> {
    let is_of_tools = |text: &Rc<Text>| text.path().below(project.dir.path()).is_none_or(content::is_of_tools);
    let production = texts.iter().filter(|text| !is_of_tools(text));
    production.chain(reached.iter().filter(|text| is_of_tools(text))).cloned().collect()
}

struct Walk<'p, 'a> {
    project: &'p Project<'a>,
    names: Names,
    known: BTreeSet<String>,
    open: Vec<String>,
    whole: bool,
}

impl Walk<'_, '_> {
    /// Follows all imports; `false` where the program looks for its parts anywhere.
    fn run(&mut self, all: &[Rc<Text>]) -> bool {
        const RELATIVE: &str = r#"["'`](\.{1,2}(?:/[\w@./-]*)?)["'`]"#;
        const NAMED: &str = r#"(?:\bfrom|\brequire\(|\bimport\(?)\s*["']([^"'.\s][^"'\n]*)["']"#;
        const COMPUTED: &str = r"(?:[^.\w]require|\bimport)\(\s*([A-Za-z`])";
        let (Some(relative), Some(named), Some(computed)) = (pattern::kept(RELATIVE), pattern::kept(NAMED), pattern::kept(COMPUTED)) else { return false };
        let dir = &self.project.dir;
        while let Some(path) = self.open.pop() {
            if !self.known.insert(path.clone()) {
                continue;
            }
            let Some(text) = dir.peek(&path) else {
                self.whole = false;
                continue;
            };
            let code = text.as_str();
            let looks = LOOKS.iter().any(|sign| code.contains(sign)) || computed.is_match(code);
            if looks && !self.look(&path, code, all) {
                return false;
            }
            let folder = RelPath::known(&path).parent().unwrap_or_else(RelPath::root);
            for name in relative.captures_iter(code).filter_map(|groups| groups.get(1)) {
                match imported(dir, &folder, name.as_str()) {
                    Some(next) => self.open.push(next),
                    // A string may be any path; an import without its module is code that a build makes.
                    None if code[..name.start()].trim_end_matches(['"', '\'', '`']).trim_end().ends_with(['(', 'm']) && !is_data(name.as_str()) => {
                        self.whole = false;
                    }
                    None => {}
                }
            }
            for name in named.captures_iter(code).filter_map(|groups| groups.get(1)) {
                match self.names.file(dir, name.as_str()) {
                    Some(next) => self.open.push(next),
                    None => self.whole &= is_package(self.project, name.as_str()),
                }
            }
        }
        true
    }

    /// Takes in the folders that a file may look for its parts in: its own, and those that it names. `false` where there are none.
    fn look(&mut self, path: &str, code: &str, all: &[Rc<Text>]) -> bool {
        const NAMED: &str = r#"["'`}](?:\.{0,2}/)*([\w@.-]+(?:/[\w@.-]+)*)/?["'`$*]"#;
        let dir = &self.project.dir;
        let own = path.split_once('/').map(|(folder, _)| folder.to_owned());
        let named = pattern::kept(NAMED).into_iter().flat_map(|pattern| pattern.captures_iter(code).filter_map(|groups| groups.get(1)).collect::<Vec<_>>());
        let mut folders: Vec<String> = named.map(|name| name.as_str().to_owned()).filter(|name| dir.has_dir(name)).chain(own).collect();
        folders.dedup();
        let path = |text: &Rc<Text>| text.path().below(dir.path()).map(ToOwned::to_owned);
        let below = |path: &String| folders.iter().any(|folder| path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/')));
        self.open.extend(all.iter().filter_map(path).filter(below));
        !folders.is_empty()
    }
}

/// Whether an import is of no code.
fn is_data(name: &str) -> bool {
    [".json", ".css", ".node", ".html", ".svg", ".wasm"].iter().any(|ending| name.ends_with(ending))
}

/// Names that stand for folders of the project in its imports.
struct Names {
    /// What a name begins with, and the folder or file that this stands for.
    prefixes: Vec<(String, String)>,
    /// Where names without a beginning are looked for.
    base: Option<RelPath>,
}

impl Names {
    /// Those of the compiler's settings and of the manifest, and those that are common.
    fn of(project: &Project<'_>) -> Self {
        let mut found = Self { prefixes: Vec::new(), base: None };
        for file in ["tsconfig.json", "jsconfig.json", "tsconfig.base.json"] {
            // A broken file of settings is said where it counts.
            let Ok(Some(doc)) = Document::read(&project.dir, file) else { continue };
            let base = doc.str(&["compilerOptions", "baseUrl"]).and_then(|base| RelPath::root().join(base.trim_end_matches('/')));
            for (name, targets) in doc.get(&["compilerOptions", "paths"]).into_iter().flat_map(Node::entries) {
                let Some(target) = targets.items().find_map(Node::str) else { continue };
                let target = base.clone().unwrap_or_default().join(target.trim_end_matches('*').trim_end_matches('/'));
                found.prefixes.extend(target.map(|target| (name.trim_end_matches('*').to_owned(), target.as_str().to_owned())));
            }
            found.base = found.base.or(base);
        }
        for (name, target) in project.package.iter().filter_map(|package| package.doc.get(&["imports"])).flat_map(Node::entries) {
            let target = target.str().or_else(|| target.entries().find_map(|(_, target)| target.str()));
            let folder = |target: &str| target.split('*').next().unwrap_or_default().trim_start_matches("./").trim_end_matches('/').to_owned();
            found.prefixes.extend(target.map(|target| (name.trim_end_matches(".js").trim_end_matches('*').to_owned(), project.source_of(&folder(target)))));
        }
        for folder in ["src", ""] {
            found.prefixes.extend(["@/", "~/"].map(|name| (name.to_owned(), folder.to_owned())));
        }
        found.prefixes.push(("src/".to_owned(), "src".to_owned()));
        found
    }

    /// The file that a name stands for.
    fn file(&self, dir: &Dir<'_>, name: &str) -> Option<String> {
        let named = self.prefixes.iter().find_map(|(prefix, folder)| {
            let tail = name.strip_prefix(prefix.as_str())?;
            let folder = RelPath::new(folder)?;
            if tail.is_empty() { imported(dir, &RelPath::root(), folder.as_str()) } else { imported(dir, &folder, tail) }
        });
        named.or_else(|| imported(dir, self.base.as_ref()?, name))
    }
}

/// Whether a name is of a package, or of a module that the runtime brings.
fn is_package(project: &Project<'_>, name: &str) -> bool {
    let mut parts = name.split('/');
    let first = parts.next().unwrap_or_default();
    let package = if first.starts_with('@') { format!("{first}/{}", parts.next().unwrap_or_default()) } else { first.to_owned() };
    name.starts_with("node:") || name.starts_with("bun:") || first == "bun" || BUILT_IN.contains(&first) || project.has_dependency(&package)
}

#[cfg(test)]
mod tests {
    use crate::detect::select::detect;
    use crate::fs::Tree;
    use crate::model::{Answers, Kind};

    fn service(files: &[(&str, &str)]) -> crate::model::ServiceDraft {
        let package = ("package.json", r#"{"main": "server.js", "dependencies": {"express": "5"}}"#);
        let found = detect(&Tree::memory([package].into_iter().chain(files.iter().copied())), &Answers::default());
        found.services.into_iter().next().expect("a service")
    }

    #[test]
    fn only_what_runs_says_where_the_server_listens() {
        let page = ("ui/store.js", "export const dev = { host: 'localhost', port: 5555 }\n");
        let server = service(&[("server.js", "const app = require('./app')\napp.listen(4000)\n"), ("app.js", "module.exports = x()\n"), page]);
        assert_eq!(server.port.map(|port| port.value), Some(4000));
        assert!(server.notes.iter().all(|note| note.id != "loopback"));
        // An import that leads nowhere may lead there.
        let lost = "const app = require('./lib/app')\napp.listen(4000)\n";
        assert!(service(&[("server.js", lost), page]).notes.iter().all(|note| note.id != "loopback"));
        let other = [("package.json", r#"{"scripts": {"start": "node server.js", "hot": "node hot.js"}}"#), ("hot.js", "s.listen(4001, '127.0.0.1')\n")];
        assert!(service(&[other[0], other[1], ("server.js", lost)]).notes.iter().all(|note| note.id != "loopback"));
        let near = ("config.js", "module.exports = { host: 'localhost' }\n");
        assert!(service(&[("server.js", lost), near]).notes.iter().any(|note| note.id == "loopback"));
    }

    #[test]
    fn names_of_the_compiler_are_followed() {
        let files = [
            ("package.json", r#"{"scripts": {"start": "tsx src/main.ts"}, "dependencies": {"tsx": "4"}}"#),
            ("tsconfig.json", r#"{"compilerOptions": {"baseUrl": "src", "paths": {"@config/*": ["config/*"]}}}"#),
            ("src/main.ts", "import { port } from '@config/env'\ncreateServer().listen(port)\n"),
            ("src/config/env.ts", "export const port = process.env.PORT || 4100\n"),
            ("lib/other.ts", "export const port = 9999\n"),
        ];
        let found = detect(&Tree::memory(files), &Answers::default());
        assert_eq!(found.services[0].port.as_ref().map(|port| port.value), Some(4100));
    }

    #[test]
    fn a_program_among_the_tools_is_a_program() {
        let files = [
            ("package.json", r#"{"scripts": {"start": "node scripts/serve.js"}, "dependencies": {"express": "5"}}"#),
            ("scripts/serve.js", "const app = require('express')()\nrequire('../docs/routes')(app)\napp.listen(4200)\n"),
            ("docs/routes.js", "module.exports = (app) => app.get('/health', ok)\n"),
            ("test/routes.js", "app.get('/healthz', ok)\n"),
        ];
        let found = detect(&Tree::memory(files), &Answers::default());
        let server = &found.services[0];
        assert_eq!(server.port.as_ref().map(|port| port.value), Some(4200));
        assert_eq!(server.extra.get("folders"), Some(&serde_json::json!(["docs", "scripts"])));
    }

    #[test]
    fn what_is_never_reached_makes_no_server() {
        let files = [("package.json", r#"{"bin": "cli.js"}"#), ("cli.js", "console.log(1)\n"), ("template/server.js", "app.listen(3000)\n")];
        let found = detect(&Tree::memory(files), &Answers::default());
        assert_eq!(found.services[0].kind, Kind::Tool);
    }
}
