//! Files that are the program, by what the manifest says of them or by their names.

use super::project::Project;
use super::runtime::Runtime;
use super::script::{self, Script};
use super::typescript::{self, Output};
use super::{declares, ending, start};
use crate::manifest::{Node, Package};
use crate::model::{Cmd, Diagnostic, Evidence};

/// Files that are the program, where nothing says which is.
const ENTRIES: &[&str] = &["src/main", "src/server", "src/index", "src/app", "server", "main", "index", "app", "server/index", "bin/www"];

/// Why a file is taken for the program where nothing says which is.
pub const BY_NAME: &str = "the file is named as programs are";

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

/// The TypeScript that a script starts by a program which only development has: Node.js may run it itself.
pub fn typed(project: &Project<'_>, package: &Package) -> Option<(Cmd, Script)> {
    let scripts = start::SCRIPTS.iter().filter_map(|name| script::named(package, name));
    let mut typed = scripts.filter(|script| matches!(script.program(), "tsx" | "ts-node" | "esno" | "swc-node") && project.runtime == Runtime::Node);
    typed.find_map(|script| {
        let Cmd::Exec(words) = &script.command else { return None };
        let file = start::compiled_on_the_fly(words).filter(|file| project.dir.has(file.trim_start_matches("./")))?;
        Some((project.runtime.runs(file), script))
    })
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
            let is_program = |text: &str| !declares::is(project, text) && !is_for_browsers(text);
            let Some(text) = project.dir.read(&file)?.filter(|text| is_program(text.as_str())) else { continue };
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

/// Whether a module works on the page that it is loaded into.
fn is_for_browsers(text: &str) -> bool {
    const CALLS: &[&str] = &["document.getElementById(", "document.querySelector(", "document.body", "document.addEventListener(", "window.addEventListener("];
    let drives = ["puppeteer", "playwright", "jsdom", ".evaluate("].iter().any(|sign| text.contains(sign));
    !drives
        && !text.contains(".listen(")
        && text.lines().any(|line| CALLS.iter().any(|call| line.trim_start().starts_with(call) || line.contains(&format!(" {call}"))))
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

    /// The start command of a package.
    fn started(package: &str, files: &[(&str, &str)]) -> Option<String> {
        let found = detect(&Tree::memory([("package.json", package)].into_iter().chain(files.iter().copied())), &Answers::default());
        found.services.first().and_then(|draft| Some(draft.start.as_ref()?.value.to_string()))
    }

    #[test]
    fn typescript_that_a_script_starts_is_the_program_wherever_it_lies() {
        let package = r#"{"scripts": {"start": "X=1 npm run it", "it": "tsx server/app/run.ts"}, "devDependencies": {"tsx": "4"}}"#;
        assert_eq!(started(package, &[("server/app/run.ts", "f()\n")]).as_deref(), Some("node server/app/run.ts"));
        let lost = [("server/app/run.ts", "import { f } from './f'\nf()\n"), ("server/app/f.ts", "")];
        assert_eq!(started(package, &lost).as_deref(), Some("node_modules/.bin/tsx server/app/run.ts"));
    }

    #[test]
    fn what_works_on_a_page_is_no_program() {
        let start = |source: &str| started(r#"{"name": "game", "devDependencies": {"esbuild": "1"}}"#, &[("src/main.js", source)]).is_some();
        assert!(!start("import { Game } from './game.js'\nconst canvas = document.querySelector('#c')\nnew Game(canvas)\n"));
        assert!(start("import { Game } from './game.js'\nnew Game()\n"));
    }

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
