//! Files that a script starts and that only the compiler's output holds.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::content;
use super::project::Project;
use super::script::{self, Script};
use super::typescript::{self, Output};
use crate::fs::Text;
use crate::manifest::{Node, pattern};
use crate::model::{Cmd, Decision, Evidence, RelPath, Source};

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
    const WORDS: &[&str] =
        &["build", "tsc", "compile", "clean", "rimraf", "rm ", "lint", "tsup", "swc", "esbuild", "webpack", "css", "sass", "tailwind", "gulp"];
    WORDS.iter().any(|word| part.contains(word))
}

/// The folder of the pages that the build makes beside the server, where the server's code names it: one package for both.
pub fn pages(project: &Project<'_>, texts: &[Rc<Text>]) -> Option<String> {
    const SETTING: &str =
        r#"\b(outDir|root)\s*:\s*(?:path\.)?(?:resolve\(|join\()?\s*(?:(?:__dirname|import\.meta\.dirname|process\.cwd\(\))\s*,\s*)?["']([\w./-]+)["']"#;
    let package = project.package.as_ref()?;
    let (build, _) = package.script("build")?;
    let scripts = package.doc.get(&["scripts"]).into_iter().flat_map(Node::entries).filter_map(|(name, text)| Some((name, text.str()?)));
    let called =
        |name: &str| name == "build" || build.split([' ', '"', '\'']).any(|word| word == name) || build.contains("build:*") && name.starts_with("build:");
    let (_, text) = scripts.into_iter().find(|(name, text)| called(name) && text.contains("vite build"))?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let by_flag = words.windows(2).find(|pair| pair[0] == "--outDir").map(|pair| pair[1].to_owned());
    let config = ["ts", "mts", "js", "mjs"].iter().find_map(|ending| project.dir.peek(&format!("vite.config.{ending}")));
    let mut settings = BTreeMap::new();
    for groups in config.iter().flat_map(|text| pattern::kept(SETTING).into_iter().flat_map(|found| found.captures_iter(text.as_str()).collect::<Vec<_>>())) {
        if let (Some(key), Some(value)) = (groups.get(1), groups.get(2)) {
            settings.entry(key.as_str().to_owned()).or_insert_with(|| value.as_str().to_owned());
        }
    }
    let root = settings.get("root").and_then(|root| RelPath::root().join(root.trim_end_matches('/'))).unwrap_or_else(RelPath::root);
    let out = root.join(by_flag.as_ref().or(settings.get("outDir")).map_or("dist", |out| out.trim_end_matches('/')))?;
    // A path that a call makes of its own folder is not seen from the root of the pages.
    let named = content::is_named(out.name(), texts);
    (named && !out.is_root() && !project.dir.has_dir(out.as_str())).then(|| out.as_str().to_owned())
}
