//! Packages inside of a package that its own scripts install and build: the pages that its server sends.

use super::project::Project;
use super::script::BIN;
use crate::manifest::{Package, pattern};
use crate::model::{Cmd, ServiceDraft};

/// How deep scripts may call each other.
const DEEPEST: usize = 4;

/// States them: they are no services of their own, and their dependencies are none of production's.
pub fn fill(draft: &mut ServiceDraft, project: &Project<'_>) {
    let Some(package) = project.package.as_ref().filter(|_| project.root.is_none() && draft.build.is_some() && draft.start.is_some()) else { return };
    let Some(build) = package.script("build").map(|(text, _)| text) else { return };
    let inner = folders(project, package, build);
    let develops = draft.dev.as_ref().map(|dev| match &dev.value {
        Cmd::Exec(words) => words.iter().map(|word| word.trim_start_matches(BIN)).collect::<Vec<_>>().join(" "),
        Cmd::Shell(text) => text.clone(),
    });
    let served = develops.map(|text| folders(project, package, &text)).unwrap_or_default();
    // Development starts their servers beside its own.
    if project.manager.name.value == "npm" {
        let how = |folder: &String| if project.dir.has(&format!("{folder}/package-lock.json")) { "ci" } else { "install" };
        let install = |folder: &String| serde_json::json!({"run": format!("npm {} --prefix {folder} --no-audit --no-fund", how(folder)), "folder": folder});
        draft.set("dev_installs", inner.iter().filter(|folder| served.contains(folder)).map(install).collect::<Vec<_>>());
    }
    draft.set("inner", inner);
}

/// The folders of pages that a command line, or a script that it calls, is about.
fn folders(project: &Project<'_>, package: &Package, text: &str) -> Vec<String> {
    const FOLDER: &str = r"(?:--prefix|--cwd|--dir|-C|\bcd)[ =]+(?:\./)?([\w./-]+)";
    let mut found: Vec<String> = Vec::new();
    let Some(pattern) = pattern::kept(FOLDER) else { return found };
    for text in reached(package, text, DEEPEST) {
        for groups in pattern.captures_iter(&text) {
            let Some(folder) = groups.get(1).map(|folder| folder.as_str().trim_end_matches('/').to_owned()) else { continue };
            let home = project.dir.dir(&folder);
            let pages = Package::read(&home).ok().flatten().and_then(|inner| super::framework_of(&inner, None, &home, project.pack));
            let pages = pages.and_then(|id| project.pack.framework(&id.value)).is_some_and(super::frameworks::makes_pages);
            if pages && !folder.contains("..") && !found.contains(&folder) {
                found.push(folder);
            }
        }
    }
    found
}

/// A command line with those of the scripts that it calls.
fn reached(package: &Package, text: &str, depth: usize) -> Vec<String> {
    const CALL: &str = r"\b(?:npm|yarn|pnpm|bun)\s+(?:run\s+)?([\w:.-]+)|\bnpm:([\w:.-]+)";
    let mut found = vec![text.to_owned()];
    let Some(pattern) = pattern::kept(CALL).filter(|_| depth > 0) else { return found };
    for groups in pattern.captures_iter(text) {
        let name = groups.get(1).or_else(|| groups.get(2)).map(|name| name.as_str());
        if let Some((text, _)) = name.and_then(|name| package.script(name)) {
            found.extend(reached(package, text, depth - 1));
        }
    }
    found
}
