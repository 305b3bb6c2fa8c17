//! What a program reads at run time beside itself: folders and files that its code names as paths.

use std::rc::Rc;

use super::source::{Hit, find_all, is_beside_the_point};
use crate::fs::{Dir, Text};
use crate::manifest::pattern;
use crate::model::{Decision, Evidence, RelPath, ServiceDraft, Source};

/// Folders that programs read at run time, by the names that they commonly have.
const READ_FOLDERS: &[&str] = &[
    "templates",
    "views",
    "static",
    "public",
    "assets",
    "web",
    "www",
    "migrations",
    "locales",
    "i18n",
    "config",
    "configs",
    "configuration",
    "conf",
    "resources",
    "content",
    "data",
    "html",
    "htdocs",
    "pages",
    "site",
    "webroot",
    "wwwroot",
];

/// Endings of files at the root that programs read at run time.
const READ_ENDINGS: &[&str] = &["toml", "yaml", "yml", "json", "ini", "conf", "cfg", "env", "html", "txt", "csv"];

/// Files at the root that tools read, not programs.
const OF_TOOLS: &[&str] = &[
    "Cargo.toml",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "clippy.toml",
    "deny.toml",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "pyproject.toml",
    "CMakeLists.txt",
    "requirements.txt",
    "vcpkg.json",
    "CMakePresets.json",
    "conanfile.txt",
    "LICENSE.txt",
    "README.txt",
    "robots.txt",
    "cliff.toml",
    "Trunk.toml",
    "typos.toml",
];

/// Lines that put files into the program itself, so that it reads no folder.
const EMBEDDED: &[&str] = &["go:embed", "include!", "include_str!", "include_bytes!", "include_dir!", "folder =", "migrate!", "embed_migrations!", "import "];

/// Words of calls that take a path: a bare name on such a line is one.
const PATH_CALLS: &[&str] = &[
    "join(",
    "Join(",
    "path",
    "Path",
    "dir",
    "Dir",
    "folder",
    "Folder",
    "Glob",
    "glob",
    "open(",
    "Open(",
    "read",
    "Read",
    "load",
    "Load",
    "Static",
    "static",
    "Views",
    "New(",
    "ile(",
    "iles(",
    "source(",
    "relative!(",
    "FileServer",
];

/// Endings of what is compiled, which no program reads.
const SOURCES: &[&str] = &["go", "rs", "zig", "c", "cc", "cpp", "cxx", "h", "hpp"];

/// What a program reads at run time beside itself.
#[derive(Debug, Default)]
pub struct Reads {
    /// Folders, seen from the build context and from the program, each with the place that names it.
    folders: Vec<(String, String, Evidence)>,
    /// Files at the top.
    files: Vec<(String, String, Evidence)>,
}

impl Reads {
    /// What a library reads without being told: a folder or a file by this name, where it is there.
    pub fn also(&mut self, dir: &Dir<'_>, name: &str, seen: &str, at: Evidence) {
        let row = (format!("{seen}{name}"), name.to_owned(), at);
        let known = |rows: &[(String, String, Evidence)]| rows.iter().any(|(_, to, _)| to == name);
        if dir.has_dir(name) && !known(&self.folders) {
            self.folders.push(row);
        } else if dir.has(name) && !known(&self.files) {
            self.files.push(row);
        }
    }

    /// Folders of any name, by the paths that lead into them: those that hold files and none of the program's source.
    fn said(&mut self, dir: &Dir<'_>, texts: &[Rc<Text>], seen: &str, (comment, expression): (&str, &str)) {
        let Ok(pattern) = pattern::pattern(expression) else { return };
        for hit in find_all(texts, &pattern, comment) {
            let path = hit.value.trim_end_matches('/');
            let known = self.folders.iter().any(|(_, to, _)| path == to || path.strip_prefix(to.as_str()).is_some_and(|rest| rest.starts_with('/')));
            let out = EMBEDDED.iter().chain(&["Command", "go:", "#["]).any(|word| hit.at.raw.contains(word));
            if known || out || path.is_empty() || path.split('/').any(|part| part.starts_with('.')) || !dir.has_dir(path) {
                continue;
            }
            let inside = dir.dir(path);
            let is_source = |file: &RelPath| file.name().rsplit_once('.').is_some_and(|(_, ending)| SOURCES.contains(&ending));
            // A folder that is kept empty is written, and one with a build of its own is built.
            let holds = inside.files_below().any(|file| !file.name().starts_with('.'));
            if holds && !is_beside_the_point(&format!("{path}/")) && !inside.has("package.json") && !inside.files_below().any(is_source) {
                self.folders.push((format!("{seen}{path}"), path.to_owned(), hit.at));
            }
        }
    }

    /// Adds what is read elsewhere, by names that are not here.
    pub fn join(&mut self, other: Self) {
        for (own, theirs) in [(&mut self.folders, other.folders), (&mut self.files, other.files)] {
            let new: Vec<_> = theirs.into_iter().filter(|(_, to, _)| own.iter().all(|(_, known, _)| known != to)).collect();
            own.extend(new);
        }
    }

    /// Hands what is read to the template and the explanation; the folder of a front end is only where its build's output lies.
    pub fn state(mut self, draft: &mut ServiceDraft) {
        if let Some(front) = &draft.front {
            let around = |folder: &RelPath| !front.draft.root.is_root() && front.draft.root.below(folder).is_some();
            self.folders.retain(|(_, folder, _)| !draft.root.join(folder).is_some_and(|folder| around(&folder)));
        }
        if self.folders.is_empty() && self.files.is_empty() {
            return;
        }
        let rows = |all: &[(String, String, Evidence)]| all.iter().map(|(from, to, _)| serde_json::json!({ "from": from, "to": to })).collect::<Vec<_>>();
        draft.set("assets", serde_json::json!({ "folders": rows(&self.folders), "files": rows(&self.files) }));
        for (_, to, at) in self.folders.into_iter().chain(self.files) {
            draft.facts.push(("reads".to_owned(), Decision::new(to, Source::File(at))));
        }
    }

    /// The texts of the files that are read, to look for a port in.
    pub fn texts(&self, dir: &Dir<'_>) -> Vec<Rc<Text>> {
        let below = self.folders.iter().flat_map(|(_, folder, _)| {
            let home = dir.dir(folder);
            home.files().filter(|file| is_setting(file)).filter_map(|file| home.peek(file)).collect::<Vec<_>>()
        });
        self.files.iter().filter_map(|(_, file, _)| dir.peek(file)).chain(below).collect()
    }
}

fn is_setting(file: &str) -> bool {
    matches!(file.rsplit_once('.'), Some((_, "toml" | "yaml" | "yml" | "ini" | "conf" | "cfg" | "env")))
}

/// The folders and files of a service that its code names in string literals as paths to read: they belong beside the program.
/// `seen` stands before their names seen from the build context.
pub fn read(dir: &Dir<'_>, texts: &[Rc<Text>], seen: &str) -> Reads {
    let mut reads = Reads::default();
    for folder in READ_FOLDERS.iter().filter(|folder| dir.has_dir(folder)) {
        let Ok(pattern) = pattern::pattern(&format!(r#""((?:file://)?(?:\./)?{folder}(?:[/%][^"\s]*)?)""#)) else { continue };
        let embedded = |text: &Text| {
            let all = format!("go:embed all:{folder}");
            text.as_str().lines().any(|line| {
                line.contains(&all) || line.contains("go:embed") && line.split_whitespace().any(|word| word.trim_matches('"').split('/').next() == Some(folder))
            })
        };
        if texts.iter().any(|text| embedded(text)) {
            continue;
        }
        let hit = find_all(texts, &pattern, "//").into_iter().find(is_read);
        reads.folders.extend(hit.map(|hit| (format!("{seen}{folder}"), (*folder).to_owned(), hit.at)));
    }
    for file in dir.files().filter(|file| !file.starts_with('.') && !OF_TOOLS.contains(file)) {
        let Some((stem, _)) = file.rsplit_once('.').filter(|(_, ending)| READ_ENDINGS.contains(ending)) else { continue };
        // Libraries that read settings are told the name without its ending.
        let bare = if is_setting(file) { format!(r#"|(?:SetConfigName|with_name)\(\s*"{stem}""#) } else { String::new() };
        let name = file.replace('.', "\\.");
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let near: Vec<Rc<Text>> = texts.iter().filter(|text| text.as_str().contains(stem) && file.chars().all(plain)).cloned().collect();
        let Ok(pattern) = pattern::pattern(&format!(r#"("(?:\./)?{name}"{bare})"#)) else { continue };
        // What is put behind another path lies there.
        let elsewhere = |hit: &Hit| hit.at.raw.contains(".push(") || EMBEDDED.iter().any(|word| hit.at.raw.contains(word));
        let hit = find_all(&near, &pattern, "//").into_iter().find(|hit| !elsewhere(hit));
        reads.files.extend(hit.map(|hit| (format!("{seen}{file}"), file.to_owned(), hit.at)));
    }
    let settings: Vec<Rc<Text>> = reads.files.iter().filter(|(_, file, _)| is_setting(file)).filter_map(|(_, file, _)| dir.peek(file)).collect();
    reads.said(dir, texts, seen, ("//", r#""(?:file://|\./)(?:\./)?([\w./-]+)""#));
    reads.said(dir, &settings, seen, ("#", r#"[\s=:"'](?:file://|\./)(?:\./)?([\w./-]+)"#));
    reads
}

/// Whether a literal names something to read: by a path in it, or by the call that it is given to.
fn is_read(hit: &Hit) -> bool {
    let line = hit.at.raw.as_str();
    // What a command line has is asked for by the name of its option.
    !EMBEDDED.iter().any(|word| line.contains(word))
        && !line.contains("get_one")
        && !is_flag(line, &hit.value)
        && (hit.value.contains(['/', '%']) || PATH_CALLS.iter().any(|word| line.contains(word)))
}

/// Whether a literal is nothing but the name of a flag on its line.
fn is_flag(line: &str, value: &str) -> bool {
    const DECLARE: &[&str] = &["Flag(", "String(", "StringP(", "StringVar(", "StringVarP(", "Lookup("];
    let literal = format!("\"{value}\"");
    line.match_indices(&literal).all(|(place, _)| {
        let before = line[..place].trim_end();
        // The first argument may be where the value is put.
        let call = before.strip_suffix(',').map_or(before, |head| head.trim_end_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '&')));
        DECLARE.iter().any(|name| call.ends_with(name))
    })
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::detect::source::{files, port_in};
    use crate::fs::Tree;

    #[test]
    fn finds_folders_that_are_read_and_not_those_that_are_embedded() {
        let tree = Tree::memory([("main.go", "//go:embed static/*\nx(\"static/a\")\ny(\"./templates/*.html\")\n"), ("templates/a.html", ""), ("static/a", "")]);
        let texts = files(&tree.root(), &["go"], &[]);
        let found = read(&tree.root(), &texts, "").folders;
        assert_eq!(found.iter().map(|(_, folder, at)| (folder.as_str(), at.place())).collect::<Vec<_>>(), [("templates", "main.go:3".to_owned())]);
    }

    #[test]
    fn folders_of_any_name_are_found_by_paths_into_them() {
        let source =
            "open(\"./res/pages/a.html\")\nmigrate(\"file://db/steps\")\nopen(\"./res/pages/\")\nimport(\"./code\")\nopen(\"set.cfg\")\nopen(\"./none\")\n";
        let tree = Tree::memory([
            ("main.go", source),
            ("res/pages/a.html", ""),
            ("db/steps/1.sql", ""),
            ("code/a.go", ""),
            ("set.cfg", "path = \"./themes/\"\n# other = \"./res\"\n"),
            ("themes/a", ""),
        ]);
        let found = read(&tree.root(), &files(&tree.root(), &["go"], &[]), "");
        assert_eq!(found.folders.iter().map(|(from, _, _)| from.as_str()).collect::<Vec<_>>(), ["db/steps", "res/pages", "themes"]);
    }

    #[test]
    fn the_name_of_a_flag_is_no_folder() {
        let tree = |line: &str| {
            Tree::memory(
                [("main.go".to_owned(), format!("{line}\n")), ("config/a".to_owned(), String::new())].iter().map(|(path, text)| (path.as_str(), text.as_str())),
            )
        };
        for (line, expected) in [
            ("path = flag.String(\"config\", defaultPath, \"\")", 0),
            ("flag.StringVar(&path, \"config\", \"a.yml\", \"\")", 0),
            ("path = flag.String(\"config\", \"config\", \"\")", 1),
            ("open(\"config\")", 1),
        ] {
            let tree = tree(line);
            assert_eq!(read(&tree.root(), &files(&tree.root(), &["go"], &[]), "").folders.len(), expected, "{line}");
        }
    }

    #[test]
    fn a_name_alone_is_read_only_where_a_call_takes_a_path() {
        let source = "Name: \"web\",\nh.Set(\"Pragma\", \"public\")\nr.Static(\"/s\", \"static\")\nviper.SetConfigName(\"app\")\nopen(\"x.toml\")\n";
        let tree =
            Tree::memory([("main.go", source), ("web/a", ""), ("public/a", ""), ("static/a", ""), ("app.yaml", "server:\n  port: 9000\n"), ("x.toml", "")]);
        let found = read(&tree.root(), &files(&tree.root(), &["go"], &[]), "api/");
        assert_eq!(found.folders.iter().map(|(from, _, _)| from.as_str()).collect::<Vec<_>>(), ["api/static"]);
        assert_eq!(found.files.iter().map(|(_, file, _)| file.as_str()).collect::<Vec<_>>(), ["app.yaml", "x.toml"]);
        assert_eq!(port_in(&found.texts(&tree.root())).map(|(port, _)| port), Some(9000));
    }
}
