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
