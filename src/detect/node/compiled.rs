//! Files that a script starts and that only the compiler's output holds.

use super::project::Project;
use super::script::{self, Script};
use super::typescript::{self, Output};
use crate::model::{Cmd, Decision, Evidence, Source};

/// Why a script's file is not what runs.
pub const NOT_THERE: &str = "where the compiler writes: the script names another folder";

pub fn script_and(output: Option<&Output>, script: &Script) -> Vec<Evidence> {
    std::iter::once(script.at.clone()).chain(output.map(|output| output.at.clone())).collect()
}

/// A compiled file that the script looks for in a folder that the compiler does not write: with its place in the one that it does.
pub fn elsewhere(project: &Project<'_>, words: &[String], output: Option<&Output>) -> Option<(String, String)> {
    let file = script::run_file(words)?.to_owned();
    let output = output?;
    let (text, _) = project.package.as_ref()?.script("build")?;
    let only_tsc = script::steps(text).iter().any(|step| step.split_whitespace().next() == Some("tsc")) && !project.bundles() && !text.contains(" cp ");
    let (folder, _) = file.trim_start_matches("./").split_once('/')?;
    if !only_tsc || project.dir.has_dir(folder) || folder == output.folder || output.folder.starts_with(&format!("{folder}/")) {
        return None;
    }
    let source = project.source_of(&file);
    let compiled = typescript::compiled(&source, output).filter(|_| source != file && project.dir.has(&source))?;
    Some((file, compiled))
}

/// A file that is not there, but its source is, and the compiler's folder for it: with its place in that folder.
pub fn inside(project: &Project<'_>, words: &[String], output: Option<&Output>) -> Option<(String, String)> {
    let file = script::run_file(words)?.to_owned();
    let stem = file.trim_start_matches("./").strip_suffix(".js")?;
    let source = format!("{stem}.ts");
    if project.dir.has(file.trim_start_matches("./")) || !project.dir.has(&source) || !project.has_script("build") {
        return None;
    }
    Some((file.clone(), typescript::compiled(&source, output?)?))
}

/// The steps before the program that make it.
pub fn built_before(project: &Project<'_>, script: &Script) -> Option<Decision<Cmd>> {
    let step = |part: &String| {
        let found = script::parse(project.package.as_ref()?, part, script.at.clone(), 2)?;
        Some(found.command.to_string())
    };
    let makes = |part: &&String| builds(part) && !part.contains("lint");
    let only_tidies = |part: &String| ["clean", "rimraf", "rm "].iter().any(|word| part.contains(word));
    let made: Vec<String> = script.before.iter().filter(makes).filter_map(step).collect();
    let text = made.join(" && ");
    (!text.is_empty() && !made.iter().all(only_tidies))
        .then(|| Decision::new(Cmd::Shell(text), Source::inferred("the start script does it before", [script.at.clone()])))
}

/// Whether a step makes a program, or checks or tidies what it is made of.
pub fn builds(part: &str) -> bool {
    ["build", "tsc", "compile", "clean", "rimraf", "rm ", "lint", "tsup", "swc", "esbuild", "webpack"].iter().any(|word| part.contains(word))
}
