//! Settings of what compiles a program while it runs: production needs them beside the source.

use std::rc::Rc;

use super::project::Project;
use super::script::{self, BIN};
use super::{start, typescript};
use crate::fs::Text;
use crate::model::{Cmd, Diagnostic, ServiceDraft};

/// Where Babel keeps its settings. (babel/website docs/config-files.md)
const BABEL: &[&str] = &[
    ".babelrc",
    ".babelrc.json",
    ".babelrc.js",
    ".babelrc.cjs",
    ".babelrc.mjs",
    "babel.config.json",
    "babel.config.js",
    "babel.config.cjs",
    "babel.config.mjs",
];

/// What reads them, as a program, or as a module that is loaded first.
const OF_BABEL: &[&str] = &["babel-node", "@babel/node", "@babel/register", "babel-register", "babel-core/register", "babel-polyfill"];

/// What reads `tsconfig.json`, and whether it reads more than the names of modules and what JSX becomes.
const OF_TYPESCRIPT: &[(&str, bool)] = &[
    ("tsx", false),
    ("ts-node", true),
    ("ts-node-dev", true),
    ("tsnd", true),
    ("esno", false),
    ("tsconfig-paths", true),
    ("swc-node", true),
    ("vite-node", false),
];

/// Adds them to what production copies.
pub fn reads(draft: &mut ServiceDraft, project: &Project<'_>, texts: &[Rc<Text>]) -> Result<(), Diagnostic> {
    let words = draft.start.as_ref().and_then(|start| script::single(&start.value)).unwrap_or_default();
    let Some(file) = script::run_file(&words).or_else(|| start::compiled_on_the_fly(&words)) else { return Ok(()) };
    let there = project.dir.has(file.trim_start_matches("./")) || project.dir.has_dir(file.trim_start_matches("./"));
    let named = |name: &str| words.iter().any(|word| word.strip_prefix(BIN).unwrap_or(word) == name || word.contains(&format!("{name}/")));
    if draft.extra.get("whole").and_then(serde_json::Value::as_bool) == Some(true) {
        return Ok(());
    }
    if !there {
        // It finds the modules of a compiled program by the same settings.
        let files = if named("tsconfig-paths") { typescript::read_when_run(&project.dir, true)? } else { Vec::new() };
        add(draft, files);
        return Ok(());
    }
    let loads =
        |name: &&str| named(name) || texts.iter().any(|text| text.as_str().contains(&format!("'{name}'")) || text.as_str().contains(&format!("\"{name}\"")));
    let mut files = Vec::new();
    if OF_BABEL.iter().any(loads) {
        files.extend(BABEL.iter().filter(|file| project.dir.has(file)).map(|file| (*file).to_owned()));
    }
    if let Some((_, whole)) = OF_TYPESCRIPT.iter().find(|(name, _)| named(name)) {
        files.extend(typescript::read_when_run(&project.dir, *whole)?);
    }
    add(draft, files);
    Ok(())
}

/// Files of the package that production copies too.
pub fn add(draft: &mut ServiceDraft, files: Vec<String>) {
    if let Some(serde_json::Value::Array(copied)) = draft.extra.get_mut("files") {
        copied.extend(files.into_iter().map(Into::into));
        copied.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
        copied.dedup();
    }
}

/// Whether a command is a single program that runs a file of the source.
pub fn runs_source(project: &Project<'_>, command: &Cmd) -> bool {
    matches!(command, Cmd::Exec(words) if script::run_file(words).is_some_and(|file| project.dir.has(file.trim_start_matches("./"))))
}

#[cfg(test)]
mod tests {
    use crate::detect::select::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    fn files(start: &str, runner: &str, more: &[(&str, &str)]) -> String {
        let package = format!(r#"{{"scripts": {{"start": "{start}"}}, "dependencies": {{"express": "5", "{runner}": "1"}}}}"#);
        let all = [("package.json", package.as_str()), ("src/index.js", "app.listen(3000)"), ("src/index.ts", "app.listen(3000)")];
        let found = detect(&Tree::memory(all.into_iter().chain(more.iter().copied())), &Answers::default());
        found.services[0].extra["files"].as_array().into_iter().flatten().filter_map(|file| file.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_compiles_while_it_runs_has_its_settings() {
        assert_eq!(files("babel-node src/index.js", "@babel/node", &[(".babelrc", "{}")]), ".babelrc package.json");
        assert_eq!(files("node -r @babel/register src/index.js", "@babel/register", &[("babel.config.js", "")]), "babel.config.js package.json");
        let aliases = ("tsconfig.json", r#"{"extends": "./tsconfig.base.json", "compilerOptions": {"paths": {"@/*": ["./src/*"]}}}"#);
        assert_eq!(files("tsx src/index.ts", "tsx", &[aliases, ("tsconfig.base.json", "{}")]), "package.json tsconfig.base.json tsconfig.json");
        assert_eq!(files("tsx src/index.ts", "tsx", &[("tsconfig.json", r#"{"compilerOptions": {"strict": true}}"#)]), "package.json");
        assert_eq!(files("ts-node src/index.ts", "ts-node", &[("tsconfig.json", r#"{"compilerOptions": {"strict": true}}"#)]), "package.json tsconfig.json");
        assert_eq!(files("node src/index.js", "left-pad", &[(".babelrc", "{}"), aliases]), "package.json");
    }

    #[test]
    fn what_is_loaded_before_the_program_is_in_production() {
        let of = |flags: &str| {
            let scripts = format!(r#""build": "tsc", "start": "node {flags} dist/main.js""#);
            let package = format!(r#"{{"scripts": {{{scripts}}}, "devDependencies": {{"typescript": "5", "tsconfig-paths": "4", "dotenv": "17"}}}}"#);
            let settings = r#"{"compilerOptions": {"outDir": "dist", "rootDir": "src"}}"#;
            let found = detect(&Tree::memory([("package.json", package.as_str()), ("tsconfig.json", settings), ("src/main.ts", "f()\n")]), &Answers::default());
            let draft = &found.services[0];
            let copied = draft.extra["files"].as_array().into_iter().flatten().filter_map(|file| file.as_str()).collect::<Vec<_>>().join(" ");
            format!("{}; {copied}; {}", draft.start.as_ref().map(|start| start.value.to_string()).unwrap_or_default(), draft.extra["prunes"])
        };
        assert_eq!(of("-r tsconfig-paths/register"), "node -r tsconfig-paths/register dist/main.js; package.json tsconfig.json; false");
        assert_eq!(of("-r dotenv/config"), "node dist/main.js; package.json; true");
        assert_eq!(of("-r ./dist/first.js"), "node -r ./dist/first.js dist/main.js; package.json; true");
    }
}
