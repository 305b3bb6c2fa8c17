//! Files that are the program, by what the manifest says of them or by their names.

use super::project::Project;
use super::runtime::Runtime;
use super::typescript::{self, Output};
use super::{declares, ending};
use crate::manifest::{Node, Package};
use crate::model::{Cmd, Diagnostic, Evidence};

/// Files that are the program, where nothing says which is.
const ENTRIES: &[&str] = &["src/main", "src/server", "src/index", "src/app", "server", "main", "index", "app", "server/index", "bin/www"];

/// Whether a package is made to be imported by others: it says what it exports, may be published, and has no script that starts it.
pub fn is_library(package: &Package) -> bool {
    is_published(package) && package.doc.get(&["bin"]).is_none()
}

/// Whether a package may be published, and says what of it.
pub fn is_published(package: &Package) -> bool {
    let private = package.doc.get(&["private"]).and_then(Node::bool) == Some(true);
    // A module in TypeScript is the source of a program: packages are published as JavaScript.
    let module = package.doc.str(&["module"]).is_some_and(|file| !matches!(ending(file), "ts" | "mts" | "tsx"));
    let shown = module || ["exports", "files"].iter().any(|key| package.doc.get(&[key]).is_some());
    !private && shown && package.doc.str(&["version"]).is_some()
}

/// The program of `bin`, where there is one.
pub fn bin(package: &Package) -> Option<(String, Evidence)> {
    let node = package.doc.get(&["bin"])?;
    let file = node.str().or_else(|| node.entries().next().and_then(|(_, node)| node.str()))?;
    Some((file.trim_start_matches("./").to_owned(), package.doc.evidence(&["bin"], node)))
}

/// A file named as programs are, in its compiled form where it is compiled.
pub fn entry(project: &Project<'_>, output: Option<&Output>) -> Result<Option<(Cmd, Evidence)>, Diagnostic> {
    for stem in ENTRIES {
        for ending in ["js", "mjs", "cjs", "ts", "mts", "tsx"].into_iter().filter(|ending| *ending != "tsx" || project.runtime == Runtime::Bun) {
            let file = format!("{stem}.{ending}");
            // A package below is a program of its own.
            if file.split_once('/').is_some_and(|(folder, _)| project.dir.has(&format!("{folder}/package.json"))) {
                continue;
            }
            let Some(text) = project.dir.read(&file)?.filter(|text| !declares::is(project, text.as_str())) else { continue };
            let at = text.evidence();
            let compiled = ending.ends_with("ts").then_some(output).flatten().filter(|_| project.has_script("build"));
            if let Some(compiled) = compiled.and_then(|output| typescript::compiled(&file, output)) {
                return Ok(Some((project.runtime.runs(&compiled), at)));
            }
            return Ok(Some((project.runtime.runs(&file), at)));
        }
    }
    if let Some(text) = project.dir.read("bin/www")? {
        return Ok(Some((project.runtime.runs("bin/www"), text.evidence())));
    }
    Ok(None)
}

/// Whether a file says what others are, and runs nothing.
pub fn is_declaration(file: &str) -> bool {
    file.ends_with(".d.ts") || ending(file) == "json"
}

/// The words with the manifest's `main` in place of the folder itself: `tsx .`.
pub fn with_main(project: &Project<'_>, words: &[String]) -> Vec<String> {
    let main = project.package.as_ref().and_then(|package| package.doc.str(&["main"])).filter(|main| ending(main).ends_with("ts"));
    let own = |word: &String| if matches!(word.as_str(), "." | "./") { main.map(ToOwned::to_owned) } else { None };
    words.iter().map(|word| own(word).unwrap_or_else(|| word.clone())).collect()
}

#[cfg(test)]
mod tests {
    use crate::detect::select::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    #[test]
    fn a_folder_that_is_started_is_its_main_file() {
        let start = |root: &str, folder: &str| {
            let package = r#"{"name": "bot", "main": "src/main.ts", "scripts": {"start": "tsx ."}, "devDependencies": {"tsx": "4"}}"#;
            let (own, main, other) = (format!("{folder}package.json"), format!("{folder}src/main.ts"), format!("{folder}src/a.ts"));
            let files = [(own.as_str(), package), (main.as_str(), "import { a } from './a'\na()\n"), (other.as_str(), "export const a = f()\n")];
            let root = [("package.json", root)].into_iter().filter(|(_, text)| !text.is_empty());
            let found = detect(&Tree::memory(root.chain(files)), &Answers::default());
            let draft = &found.services[0];
            assert!(draft.notes.iter().any(|note| note.id == "runner-in-production") && draft.extra["develops"] == true);
            draft.start.as_ref().map(|start| start.value.to_string()).unwrap_or_default()
        };
        assert_eq!(start("", ""), "node_modules/.bin/tsx .");
        assert_eq!(start(r#"{"workspaces": ["apps/*"]}"#, "apps/bot/"), "../../node_modules/.bin/tsx src/main.ts");
    }
}
