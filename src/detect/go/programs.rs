//! The main packages of a module and the source code that each of them reaches.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::constraints;
use super::module::Module;
use crate::detect::front_end::Embedded;
use crate::fs::{Dir, Text};
use crate::manifest::{Document, Node, pattern};
use crate::model::{Evidence, RelPath};

/// Folders whose programs are no applications.
const HELPERS: &[&str] =
    &["vendor", "testdata", "example", "examples", "_examples", "test", "tests", "e2e", "tools", "tool", "hack", "scripts", "internal", "docs", "third_party"];

/// Folders of programs that show how a library is used.
const EXAMPLES: &[&str] = &["example", "examples", "_example", "_examples"];

/// How deep below the module programs are looked for, and how many files a program's own code may have.
const DEEPEST: usize = 3;
const MOST_FILES: usize = 400;

/// One `package main`.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its folder seen from the module: empty for the module's root.
    pub folder: String,
    /// What `go build` calls it.
    pub name: String,
    /// The file with its `main`.
    pub at: Evidence,
    /// Where the release tool names it.
    pub released: Option<Evidence>,
}

/// The programs of a module: the one at its root, or those below it.
pub fn programs(dir: &Dir<'_>, module: &Module) -> Vec<Program> {
    let own: Vec<Program> = main_of(dir, module, module.base_name(), "").into_iter().collect();
    if !own.is_empty() {
        return own;
    }
    let mut found = below(dir, module, |folder| !folder.split('/').any(|part| HELPERS.contains(&part) || part.starts_with(['.', '_'])));
    for program in found.iter_mut().filter(|program| NAMELESS.contains(&program.folder.as_str())) {
        module.base_name().clone_into(&mut program.name);
    }
    found
}

/// The programs that show how a library is used.
pub fn examples(dir: &Dir<'_>, module: &Module) -> Vec<Program> {
    below(dir, module, |folder| EXAMPLES.contains(&folder.split('/').next().unwrap_or_default()))
}

fn below(dir: &Dir<'_>, module: &Module, counts: impl Fn(&str) -> bool) -> Vec<Program> {
    let folders: BTreeSet<&str> = dir
        .files_below()
        .filter(|path| is_source(path.name()))
        .filter_map(|path| path.below(dir.path())?.rsplit_once('/'))
        .map(|(folder, _)| folder)
        .filter(|folder| folder.matches('/').count() < DEEPEST && counts(folder))
        .filter(|folder| !in_other_module(dir, folder))
        .collect();
    folders.into_iter().filter_map(|folder| main_of(&dir.dir(folder), module, folder.rsplit('/').next().unwrap_or(folder), folder)).collect()
}

/// Folders that hold one program and are named after what they hold.
const NAMELESS: &[&str] = &["app", "cmd", "main", "src"];

/// What the release tool builds, where it builds one thing: the folder of its package and the program's name.
pub fn released(dir: &Dir<'_>) -> Option<(String, Option<String>, Evidence)> {
    let file = dir.first_of([".goreleaser.yaml", ".goreleaser.yml", "goreleaser.yaml", "goreleaser.yml"])?;
    let doc = Document::read(dir, file).ok()??;
    let builds: Vec<&Node> = doc.get(&["builds"])?.items().collect();
    let folder = |build: &&Node| {
        build.get(&["main"]).and_then(Node::str).unwrap_or(".").trim_start_matches("./").trim_end_matches("main.go").trim_matches(['/', '.']).to_owned()
    };
    let first = builds.first()?;
    if !builds.iter().all(|build| folder(build) == folder(first)) {
        return None;
    }
    let at = first.get(&["main"]).map_or_else(|| doc.whole(), |main| doc.evidence(&["builds", "main"], main));
    let plain = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    Some((folder(first), first.get(&["binary"]).and_then(Node::str).filter(plain).map(ToOwned::to_owned), at))
}

fn is_source(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, ending)| ending == "go" && !stem.ends_with("_test"))
}

fn in_other_module(dir: &Dir<'_>, folder: &str) -> bool {
    let mut at = folder;
    loop {
        if dir.has(&format!("{at}/go.mod")) {
            return true;
        }
        match at.rsplit_once('/') {
            Some((parent, _)) => at = parent,
            None => return false,
        }
    }
}

fn main_of(dir: &Dir<'_>, module: &Module, name: &str, folder: &str) -> Option<Program> {
    dir.files().filter(|file| constraints::by_name(file)).find_map(|file| {
        let text = dir.peek(file)?;
        let (number, line) = text.lines().find(|(_, line)| line.trim_start().starts_with("func main()"))?;
        let is_main = text.lines().any(|(_, line)| line.trim() == "package main" || line.starts_with("package main "));
        (is_main && constraints::by_line(text.as_str(), &module.tags)).then(|| Program {
            folder: folder.to_owned(),
            name: name.to_owned(),
            at: Evidence::line(text.path().clone(), number, line.trim().trim_end_matches('{').trim()),
            released: None,
        })
    })
}

/// The source code that a program is made of: its own package and, transitively, the packages of these modules that it imports.
pub fn reach(dir: &Dir<'_>, program: &Program, modules: &[&Module]) -> Vec<Rc<Text>> {
    let Ok(import) = pattern::pattern(r#"^\s*(?:import\s+)?(?:[\w.]+\s+)?"([^"\s]+)"\s*(?://.*)?$"#) else { return Vec::new() };
    let tree = dir.tree();
    let tags: Vec<String> = modules.iter().flat_map(|module| module.tags.iter().cloned()).collect();
    let mut texts = Vec::new();
    let mut seen: BTreeSet<RelPath> = BTreeSet::new();
    let mut next = vec![dir.at(&program.folder)];
    while let Some(folder) = next.pop() {
        if !seen.insert(folder.clone()) || texts.len() >= MOST_FILES {
            continue;
        }
        let package = tree.dir(folder);
        for file in package.files().filter(|file| constraints::by_name(file)) {
            let Some(text) = package.peek(file).filter(|text| constraints::by_line(text.as_str(), &tags)) else { continue };
            for (_, line) in text.lines().take_while(|(_, line)| !line.starts_with("func ")) {
                let Some(path) = import.captures(line).and_then(|found| found.get(1)) else { continue };
                let inside = modules.iter().find_map(|module| {
                    let tail = path.as_str().strip_prefix(module.path.0.as_str())?;
                    (tail.is_empty() || tail.starts_with('/')).then(|| module.root.join(tail.trim_start_matches('/')))?
                });
                next.extend(inside);
            }
            texts.push(text);
        }
    }
    texts.sort_by(|a, b| (a.path().depth(), a.path()).cmp(&(b.path().depth(), b.path())));
    texts
}

/// The code but for packages that are there for tests, which a program imports for their types.
pub fn without_tests(dir: &Dir<'_>, texts: &[Rc<Text>]) -> Vec<Rc<Text>> {
    const FOLDERS: &[&str] = &["test", "tests", "testing", "testutil", "testutils", "integration", "mock", "mocks"];
    let is_for_tests = |text: &Text| {
        let inside = text.path().below(dir.path()).unwrap_or_default();
        inside.split('/').any(|part| FOLDERS.contains(&part)) && !text.lines().any(|(_, line)| line.trim_end() == "package main")
    };
    texts.iter().filter(|text| !is_for_tests(text)).cloned().collect()
}

/// What the compiler puts into the program: of a pattern, the folder that it looks into.
pub fn embedded(texts: &[Rc<Text>]) -> Vec<Embedded> {
    let mut found: Vec<Embedded> = Vec::new();
    for text in texts {
        let folder = text.path().parent().unwrap_or_default();
        for (number, line) in text.lines() {
            let Some(patterns) = line.trim_start().strip_prefix("//go:embed ") else { continue };
            for pattern in patterns.split_whitespace().map(|word| word.trim_matches(['"', '`'])) {
                let plain: Vec<&str> =
                    pattern.strip_prefix("all:").unwrap_or(pattern).split('/').take_while(|part| !part.contains(['*', '?', '[', '\\'])).collect();
                let path = folder.join(&plain.join("/")).filter(|path| *path != folder);
                found.extend(path.map(|path| Embedded { path, at: Evidence::line(text.path().clone(), number, line.trim()), sure: true }));
            }
        }
    }
    found
}

/// Whether any of the texts imports a package of a module.
pub fn imports(texts: &[Rc<Text>], module: &str) -> bool {
    let (whole, below) = (format!("\"{module}\""), format!("\"{module}/"));
    texts.iter().any(|text| text.as_str().contains(&whole) || text.as_str().contains(&below))
}

#[cfg(test)]
mod tests {
    use super::{Module, embedded, programs, reach};
    use crate::fs::Tree;

    #[test]
    fn a_program_reaches_what_it_imports_and_no_more() {
        let tree = Tree::memory([
            ("go.mod", "module x.org/y\n"),
            ("cmd/a/main.go", "package main\n\nimport (\n\t\"fmt\"\n\n\talias \"x.org/y/internal/web\" // the server\n)\n\nfunc main() {}\n"),
            ("cmd/b/main.go", "package main\n\nfunc main() {}\n"),
            ("internal/web/web.go", "package web\n\nimport \"x.org/y/internal/db\"\n"),
            ("internal/db/db.go", "package db\n"),
            ("internal/unused/u.go", "package unused\n"),
            ("tools/gen/main.go", "package main\n\nfunc main() {}\n"),
            ("gen.go", "//go:build ignore\n\npackage main\n\nfunc main() {}\n"),
        ]);
        let module = Module::read(&tree.root()).expect("fine").expect("there");
        let found = programs(&tree.root(), &module);
        assert_eq!(found.iter().map(|program| program.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        let texts = reach(&tree.root(), &found[0], &[&module]);
        let paths: Vec<&str> = texts.iter().map(|text| text.path().as_str()).collect();
        assert_eq!(paths, ["cmd/a/main.go", "internal/db/db.go", "internal/web/web.go"]);
    }

    #[test]
    fn patterns_of_embedded_files_name_the_folder_that_they_look_into() {
        let source = "package web\n\n//go:embed all:dist templates/*.html \"a.txt\"\n//go:embed *.css\nvar files embed.FS\n";
        let tree = Tree::memory([("web/web.go", source)]);
        let text = tree.root().read("web/web.go").expect("fine").expect("there");
        let found = embedded(&[text]);
        assert_eq!(found.iter().map(|one| one.path.as_str()).collect::<Vec<_>>(), ["web/dist", "web/templates", "web/a.txt"]);
    }
}
