//! Files that a script starts and that only the compiler's output holds.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::project::Project;
use super::script::{self, Script};
use super::typescript::{self, Output};
use super::{content, places};
use crate::detect::{samples, source};
use crate::fs::Text;
use crate::manifest::{Node, Package, pattern};
use crate::model::{Cmd, Decision, Diagnostic, Evidence, RelPath, ServiceDraft, Source};

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

/// The folder that a script goes into before it starts its program, where the program lies: in the repository, or where a build puts it.
pub fn entered(project: &Project<'_>, script: &Script) -> Option<String> {
    let steps = script.before.iter().filter_map(|step| step.strip_prefix("cd "));
    let folder = steps.into_iter().try_fold(RelPath::root(), |at, step| at.join(step.trim().trim_end_matches('/')))?;
    let file = script.file()?.trim_start_matches("./");
    let dir = project.dir.dir(folder.as_str());
    let there = dir.has(file) || dir.has(&format!("{file}.js"));
    let made = !project.dir.has(file) && !project.dir.has_dir(folder.as_str()) && project.has_script("build");
    (!folder.is_root() && !dir.has("package.json") && (there || made)).then(|| folder.as_str().to_owned())
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

/// The script of a workspace's root that compiles its members in one go: one that only calls theirs makes nothing of a member without any.
pub fn by_root(project: &Project<'_>) -> Option<(Cmd, Source)> {
    const CALLS: &[&str] = &["turbo", "lerna", "nx", "workspace", "workspaces", "--workspace", "--workspaces", "-w", "-ws", "-r", "--filter", "--recursive"];
    let (text, at) = project.root?.script("build")?;
    let calls = text.split([' ', '=']).any(|word| CALLS.contains(&word));
    (!calls).then(|| (Cmd::Shell(project.manager.run("build")), Source::File(at)))
}

/// Whether the root's script is what builds a member.
pub fn is_by_root(project: &Project<'_>, build: Option<&Decision<Cmd>>) -> bool {
    build.is_some_and(|build| by_root(project).is_some_and(|(command, _)| command == build.value))
}

/// A word about a file that the start script names, and that neither the repository holds nor a build makes.
pub fn missing(draft: &ServiceDraft, project: &Project<'_>) -> Option<Diagnostic> {
    const SETTINGS: &[&str] = &["js", "cjs", "mjs", "json", "yml", "yaml", "toml", "ini", "conf", "cfg"];
    let start = draft.start.as_ref().filter(|start| draft.build.is_none() && !start.source.is_explicit())?;
    let at = start.source.evidence()?;
    let words = script::single(&start.value)?;
    let file = script::run_file(&words)?;
    let found = |file: &str| {
        let file = file.trim_start_matches("./").trim_end_matches('/');
        file.is_empty()
            || file == "."
            || project.dir.has(file)
            || project.dir.has_dir(file)
            || ["js", "cjs", "mjs", "json"].iter().any(|ending| project.dir.has(&format!("{file}.{ending}")))
    };
    let is_path = |word: &&String| !word.starts_with(['-', '/', '~', '$']) && !word.contains(['=', '*', ':']) && SETTINGS.contains(&super::ending(word));
    let rest = words.iter().skip_while(|word| *word != file).skip(1).filter(is_path).map(String::as_str);
    let name = std::iter::once(file).chain(rest).find(|file| !file.starts_with(['/', '$', '~']) && !file.starts_with("..") && !found(file))?;
    let message = format!("`{}` starts with `{name}`, which is not in the repository", start.value);
    Some(Diagnostic::warning("start-missing", message).at(at.clone()).help("commit it, mount it where the program looks for it, or pass --start-cmd"))
}

/// A word about a file that the program imports and that people make of a sample beside it: the repository holds the sample alone.
pub fn unheld(project: &Project<'_>, texts: &[Rc<Text>]) -> Option<Diagnostic> {
    let import = pattern::kept(r#"(?:\brequire\(\s*|\bfrom\s+|\bimport\s+)["'](\.{1,2}/[\w./-]+)["']"#)?;
    let tree = project.dir.tree();
    source::find_all(texts, &import, "//").into_iter().find_map(|hit| {
        let folder = hit.at.file.parent()?;
        let path = folder.join(&hit.value)?;
        let name = path.name();
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let home = tree.dir(path.parent()?);
        let held = places::imported(&home, &RelPath::root(), name).is_some() || home.has(&format!("{name}.json")) || home.has_dir(name);
        let is_sample = |file: &&str| file.contains(stem) && file.split(['.', '-', '_']).any(samples::is_word);
        let sample = home.files().find(is_sample).filter(|_| !held)?;
        let message = format!("the program imports `{}`, which is not in the repository", hit.value);
        Some(Diagnostic::warning("start-missing", message).at(hit.at).help(format!("make it of {sample}, and mount it where the program looks for it")))
    })
}

/// The script `build`, and those that it calls.
fn run_by_build(package: &Package) -> Vec<&str> {
    let Some((build, _)) = package.script("build") else { return Vec::new() };
    let called =
        |name: &str| name == "build" || build.split([' ', '"', '\'']).any(|word| word == name) || build.contains("build:*") && name.starts_with("build:");
    let scripts = package.doc.get(&["scripts"]).into_iter().flat_map(Node::entries);
    scripts.filter(|(name, _)| called(name)).filter_map(|(_, text)| text.str()).collect()
}

/// The variable by which a bundler's settings tell production from development, where no script that builds says which it is.
pub fn production(project: &Project<'_>) -> Option<(String, String)> {
    const BUNDLERS: &[&str] = &["webpack", "rollup", "gulp", "esbuild", "browserify", "rspack"];
    const SETTINGS: &[&str] = &["webpack", "rollup.config.", "gulpfile.", "esbuild", "build.", "rspack.config."];
    let package = project.package.as_ref()?;
    let texts = run_by_build(package);
    let bundles =
        texts.iter().any(|text| text.split([' ', '/']).any(|word| BUNDLERS.contains(&word) || word.starts_with("build.") || word.starts_with("esbuild.")));
    if !bundles || texts.iter().any(|text| text.contains("NODE_ENV") || text.contains("production")) {
        return None;
    }
    let is_settings = |file: &str| SETTINGS.iter().any(|start| file.starts_with(start)) && matches!(super::ending(file), "js" | "cjs" | "mjs" | "ts");
    let folders = [project.dir.clone(), project.dir.dir("webpack"), project.dir.dir("config")];
    let files = folders.iter().flat_map(|dir| dir.files().filter(|file| is_settings(file)).filter_map(|file| dir.peek(file)));
    let asks = files.into_iter().any(|text| text.as_str().contains("process.env.NODE_ENV"));
    asks.then(|| ("NODE_ENV".to_owned(), "production".to_owned()))
}

/// The folder of the pages that the build makes beside the server, where the server's code names it: one package for both.
pub fn pages(project: &Project<'_>, texts: &[Rc<Text>]) -> Option<String> {
    const SETTING: &str =
        r#"\b(outDir|root)\s*:\s*(?:path\.)?(?:resolve\(|join\()?\s*(?:(?:__dirname|import\.meta\.dirname|process\.cwd\(\))\s*,\s*)?["']([\w./-]+)["']"#;
    let package = project.package.as_ref()?;
    let text = run_by_build(package).into_iter().find(|text| text.contains("vite build"))?;
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

#[cfg(test)]
mod tests {
    use crate::detect::select::detect;
    use crate::fs::Tree;
    use crate::model::{Answers, Cmd, Decision, ServiceDraft};

    const SERVER: &str = "require('express')().listen(3000)";

    fn one(files: &[(&str, &str)]) -> ServiceDraft {
        detect(&Tree::memory(files.iter().copied()), &Answers::default()).services.into_iter().next().expect("a service")
    }

    fn command(decision: Option<&Decision<Cmd>>) -> String {
        decision.map(|decision| decision.value.to_string()).unwrap_or_default()
    }

    fn noted(draft: &ServiceDraft, id: &str) -> bool {
        draft.notes.iter().any(|note| note.id == id)
    }

    #[test]
    fn a_workspace_may_be_compiled_by_its_root() {
        let files = [
            (
                "package.json",
                r#"{"workspaces": ["packages/*"], "scripts": {"build": "tsc --build packages/tsconfig.json"}, "devDependencies": {"typescript": "5"}}"#,
            ),
            ("packages/cli/package.json", r#"{"name": "cli", "bin": "dist/index.js", "dependencies": {"core": "*"}}"#),
            ("packages/cli/tsconfig.json", r#"{"compilerOptions": {"outDir": "dist", "rootDir": "src"}}"#),
            ("packages/cli/src/index.ts", "import { app } from 'core'\napp.listen(3000)\n"),
            ("packages/core/package.json", r#"{"name": "core", "main": "dist/index.js"}"#),
            ("packages/core/tsconfig.json", r#"{"compilerOptions": {"outDir": "dist", "rootDir": "src"}}"#),
            ("packages/core/src/index.ts", "export const app = 1\n"),
        ];
        let draft = one(&files);
        assert_eq!((command(draft.build.as_ref()).as_str(), command(draft.start.as_ref()).as_str()), ("npm run build", "node dist/index.js"));
        assert_eq!(command(draft.dev.as_ref()), "(cd ../.. && npm run build) && node dist/index.js");
        assert_eq!(draft.extra["library_outputs"], serde_json::json!(["packages/core/dist"]));
        // A root that only calls its members' scripts makes nothing of one without any.
        let calls = files[0].1.replace("tsc --build packages/tsconfig.json", "npm run build --workspaces");
        let files: Vec<_> = std::iter::once(("package.json", calls.as_str())).chain(files[1..].iter().copied()).collect();
        assert!(one(&files).build.is_none());
    }

    #[test]
    fn a_bundler_is_told_that_it_is_production_where_its_settings_ask() {
        let told = |build: &str, settings: &str| {
            let package =
                format!(r#"{{"main": "server.js", "scripts": {{"build": "npm run pages", "pages": "{build}"}}, "dependencies": {{"express": "5"}}}}"#);
            one(&[("package.json", package.as_str()), ("server.js", SERVER), ("webpack.config.js", settings)]).extra.get("build_env").cloned()
        };
        let asks = "module.exports = { mode: process.env.NODE_ENV === 'production' ? 'production' : 'development' }";
        assert_eq!(told("webpack", asks), Some(serde_json::json!({"NODE_ENV": "production"})));
        assert_eq!(told("webpack --mode production", asks), None);
        assert_eq!(told("webpack", "module.exports = { mode: 'production' }"), None);
    }

    #[test]
    fn what_the_start_script_names_is_there_or_said() {
        let package = r#"{"scripts": {"start": "node server.js config.js"}, "dependencies": {"express": "5"}}"#;
        let draft = one(&[("package.json", package), ("server.js", SERVER)]);
        assert!(noted(&draft, "start-missing"));
        assert_eq!(command(draft.dev.as_ref()), "node --watch server.js config.js");
        assert!(!noted(&one(&[("package.json", package), ("server.js", SERVER), ("config.js", "module.exports = {}")]), "start-missing"));
        assert!(noted(&one(&[("package.json", package), ("config.js", "module.exports = {}")]), "start-missing"));
    }

    #[test]
    fn settings_that_people_make_of_a_sample_are_said() {
        let package = r#"{"scripts": {"start": "node src/index.js"}, "dependencies": {"discord.js": "14"}}"#;
        let told = |sample: &str, source: &str| noted(&one(&[("package.json", package), ("src/index.js", source), (sample, "")]), "start-missing");
        assert!(told("config.example.json", "const { token } = require('../config.json')\n"));
        assert!(told("src/config-sample.js", "import config from './config.js'\n"));
        assert!(!told("config.json", "const { token } = require('../config.json')\n"));
        assert!(!told("src/other.example.json", "const { token } = require('./config.json')\n"));
    }

    #[test]
    fn a_program_is_started_in_its_folder() {
        let start = |script: &str, file: &str| {
            let package = format!(r#"{{"scripts": {{"start": "{script}", "build": "rollup -c"}}}}"#);
            let draft = one(&[("package.json", package.as_str()), (file, SERVER)]);
            (command(draft.start.as_ref()), noted(&draft, "left-out") || noted(&draft, "start-missing"))
        };
        assert_eq!(start("cd src && node index.js", "src/index.js"), ("cd src && exec node index.js".to_owned(), false));
        assert_eq!(start("echo 'go' && cd dist && node index.js", "lib/main.js"), ("cd dist && exec node index.js".to_owned(), false));
        assert_eq!(start("cd css && make; cd .. && node index.js", "index.js").0, "node index.js");
    }

    #[test]
    fn what_the_host_does_is_no_script_of_the_image() {
        let package = r#"{"scripts": {"start": "node index.js", "build": "docker build -t a .", "dev": "docker compose up"}}"#;
        let draft = one(&[("package.json", package), ("index.js", SERVER)]);
        assert_eq!((command(draft.build.as_ref()).as_str(), command(draft.dev.as_ref()).as_str()), ("", "node --watch index.js"));
    }
}
