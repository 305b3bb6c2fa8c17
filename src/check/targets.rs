//! What RUN lines ask cargo and go to build, against what the repository has.

use std::collections::BTreeSet;

use super::Subject;
use crate::fs::Dir;
use crate::manifest::dockerfile::{Says, Step};
use crate::manifest::{Document, Node};
use crate::model::{Diagnostic, RelPath};

/// Programs and packages that are named and nowhere made.
pub(super) fn drifts(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for step in subject.recipe.steps().filter(|step| matches!(step.says, Says::Run)) {
        for words in step.commands() {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let missing = match words.as_slice() {
                ["cargo", "build" | "install" | "rustc" | "run", rest @ ..] => of_cargo(subject, rest),
                ["go", "build" | "install" | "run", rest @ ..] => of_go(subject, rest),
                _ => None,
            };
            found.extend(missing.map(|what| drift(subject, step, &what)));
        }
    }
    found
}

fn drift(subject: &Subject<'_>, step: &Step, what: &str) -> Diagnostic {
    Diagnostic::error("target-drift", format!("`{}` builds {what}, which the repository does not have", subject.recipe.path))
        .at(subject.recipe.at(step.line, step.text.clone()))
        .help("mend the name, or leave it out")
}

/// `--bin NAME` that no crate of the repository makes.
fn of_cargo(subject: &Subject<'_>, words: &[&str]) -> Option<String> {
    let name = words.iter().enumerate().find_map(|(at, word)| match word.split_once('=') {
        Some(("--bin", name)) => Some(name),
        _ if *word == "--bin" => words.get(at + 1).copied(),
        _ => None,
    })?;
    // A crate from elsewhere has programs that nobody here can know.
    let is_elsewhere = words.iter().any(|word| ["--git", "--manifest-path", "--path", "--root", "--index"].contains(word));
    if is_elsewhere || name.contains('$') {
        return None;
    }
    let known = programs(subject);
    (!known.is_empty() && !known.contains(name)).then(|| format!("the program `{name}`"))
}

/// The programs of all crates of the repository.
fn programs(subject: &Subject<'_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in subject.tree.files_below(&RelPath::root()) {
        if let Some((_, rest)) = path.as_str().split_once("src/bin/").or_else(|| path.as_str().split_once("bin/")) {
            names.extend(rest.split('/').next().map(|first| first.trim_end_matches(".rs").to_owned()));
        }
        if path.name() != "Cargo.toml" {
            continue;
        }
        let folder: Dir<'_> = subject.tree.dir(path.parent().unwrap_or_else(RelPath::root));
        let Ok(Some(manifest)) = Document::read(&folder, "Cargo.toml") else { return BTreeSet::new() };
        names.extend(manifest.str(&["package", "name"]).map(str::to_owned));
        let bins = manifest.get(&["bin"]).into_iter().flat_map(Node::items);
        names.extend(bins.filter_map(|bin| bin.get(&["name"])?.str()).map(str::to_owned));
    }
    names
}

/// A folder that go is to build and that is nowhere.
fn of_go(subject: &Subject<'_>, words: &[&str]) -> Option<String> {
    let out = words.iter().position(|word| *word == "-o").map(|at| at + 1);
    let named = words.iter().enumerate().filter(|(at, _)| Some(*at) != out).find_map(|(_, word)| word.strip_prefix("./"));
    let folder = named?.trim_end_matches('/');
    if folder.is_empty() || folder.contains(['$', '*', '?', '[']) || folder.contains("...") {
        return None;
    }
    let lies = |path: &RelPath| {
        let path = format!("/{path}");
        path.ends_with(&format!("/{folder}")) || path.contains(&format!("/{folder}/"))
    };
    (!subject.tree.files_below(&RelPath::root()).any(lies)).then(|| format!("`./{folder}`"))
}
