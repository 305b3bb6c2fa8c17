//! What the development container of a program runs.

use std::rc::Rc;

use super::project::Project;
use super::script::{self, BIN, Script};
use super::{compiled, nx, start, stripping};
use crate::fs::Text;
use crate::model::{Cmd, Decision, Dependency, Diagnostic, Evidence, ServiceDraft, Source};

/// The project's own script, else what starts again by itself when a source changes.
pub fn dev(draft: &mut ServiceDraft, project: &Project<'_>, texts: &[Rc<Text>], file: Option<&str>) -> Result<(), Diagnostic> {
    let of_image = |script: &Script| !start::OF_OTHERS.contains(&script.program()) || project.has_dependency(script.program());
    let names = ["dev", "start:dev", "start-dev", "develop", "watch", "start:watch"];
    let script = project.package.as_ref().and_then(|package| names.into_iter().filter_map(|name| script::named(package, name)).find(of_image));
    // A tool that is installed on the machines of those who work on it is not in the image.
    let missing = script.as_ref().filter(|script| missing_tool(project, script.program()));
    draft.notes.extend(missing.map(|script| {
        let message = format!("the development script runs `{}`, which package.json does not list", script.program());
        Diagnostic::warning("unlisted-tool", message).at(script.at.clone()).help("add it to the devDependencies to have the script run as it is")
    }));
    let is_missing = missing.is_some();
    let script = script.filter(|_| !is_missing);
    let decided = match script.filter(|_| project.nx.is_none()) {
        Some(Script { command: Cmd::Exec(words), before, at, env }) if before.is_empty() && !starts_tools(project, &words) => {
            // The script is not run as a whole: its variables are the stage's.
            draft.set("script_env", env.into_iter().map(|(name, value)| (name, value.into())).collect::<serde_json::Map<_, _>>());
            let tool = words[0].strip_prefix(BIN).unwrap_or_default().to_owned();
            helpers(draft, project, &tool, &at);
            Some(Decision::new(Cmd::Exec(project.located(words)), Source::File(at)))
        }
        // What needs a shell needs the programs of dependencies on its path: the package manager puts them there.
        Some(Script { at, command, .. }) => {
            for tool in command.to_string().split_whitespace() {
                helpers(draft, project, tool, &at);
            }
            let name = at.key.rsplit('.').next().unwrap_or("dev").to_owned();
            Some(Decision::new(Cmd::Exec(shlex::split(&project.run(&name)).unwrap_or_default()), Source::File(at)))
        }
        None => start::for_development(project)
            .filter(|_| project.nx.is_none())
            .or(nx::only(project)?.and_then(|app| app.serve()))
            .map_or_else(|| watched(draft, project, texts, file), |found| Ok(Some(found)))?
            .or_else(|| built_first(draft, project, file)),
    };
    draft.dev = decided.map(|dev| compiled_beside(draft, project, dev, file));
    Ok(())
}

/// A script that only compiles what changes, or only runs what is compiled: together, after a first build, they are development.
fn compiled_beside(draft: &ServiceDraft, project: &Project<'_>, dev: Decision<Cmd>, file: Option<&str>) -> Decision<Cmd> {
    let (Cmd::Exec(words), Some(build), Some(package)) = (&dev.value, &draft.build, &project.package) else { return dev };
    let Some(file) = file.map(|file| file.trim_start_matches("./")).filter(|file| !project.dir.has(file) && project.source_of(file) != *file) else {
        return dev;
    };
    let program = words[0].rsplit('/').next().unwrap_or_default();
    let watching = |words: &[String]| words.iter().any(|word| matches!(word.as_str(), "-w" | "--watch" | "-watch"));
    let compiles = |program: &str, words: &[String]| COMPILERS.contains(&program) && watching(words) && !words.iter().any(|word| word.contains("nSuccess"));
    let runs = words.iter().any(|word| word.trim_start_matches("./") == file);
    let (beside, runner) = if compiles(program, words) {
        (dev.value.to_string(), format!("{} --watch {file}", project.runtime.id()))
    } else if runs {
        let found = ["watch", "build:watch", "watch:build", "dev:build", "compile:watch", "watch-ts", "tsc:watch"].into_iter().find_map(|name| {
            let script = script::named(package, name)?;
            let Cmd::Exec(words) = script.command.clone() else { return None };
            compiles(script.program(), &words).then(|| Cmd::Exec(project.located(words)).to_string())
        });
        match found {
            Some(found) => (found, dev.value.to_string()),
            // Without one that compiles, what was built first is what runs.
            None => return Decision::new(Cmd::Shell(format!("{} && exec {}", build.value, dev.value)), dev.source),
        }
    } else {
        return dev;
    };
    Decision::new(Cmd::Shell(format!("{} && {{ {beside} & exec {runner}; }}", build.value)), dev.source)
}

/// Programs that write what Node.js runs.
const COMPILERS: &[&str] = &["tsc", "tsup", "swc", "babel", "rollup", "esbuild", "webpack", "tsdown", "tspc"];

/// The source under the runtime's own watch, where it runs the source as it is.
fn watched(draft: &ServiceDraft, project: &Project<'_>, texts: &[Rc<Text>], file: Option<&str>) -> Result<Option<Decision<Cmd>>, Diagnostic> {
    // What the root compiles imports what it compiles of the other members.
    let Some(mut found) = start::watched(project, file).filter(|_| !compiled::is_by_root(project, draft.build.as_ref())) else { return Ok(None) };
    // What production gives the program, it gets here too.
    if let (Cmd::Exec(words), Some(file), Some(Cmd::Exec(start))) = (&mut found.value, file, draft.start.as_ref().map(|start| &start.value)) {
        words.extend(start.iter().skip_while(|word| *word != file).skip(1).cloned());
    }
    // Where production runs the same source, it stands in its way too, and is said there.
    let same = file.is_some_and(|file| project.source_of(file) == file.trim_start_matches("./"));
    Ok(if same || stripping::of(&found, draft, project, texts)?.is_empty() { Some(found) } else { None })
}

/// Whether a script's program is one that people install for themselves, and the project asks for none.
fn missing_tool(project: &Project<'_>, program: &str) -> bool {
    const OFTEN_GLOBAL: &[&str] = &["nodemon", "ts-node", "ts-node-dev", "tsx", "concurrently", "node-dev", "supervisor", "forever", "pm2", "pm2-dev"];
    OFTEN_GLOBAL.contains(&program) && project.package.is_some() && !project.has_dependency(program)
}

/// The program itself, after the build that makes it.
fn built_first(draft: &ServiceDraft, project: &Project<'_>, file: Option<&str>) -> Option<Decision<Cmd>> {
    let start = draft.start.clone()?;
    let made = file.is_some_and(|file| !project.dir.has(file.trim_start_matches("./")) && !project.dir.has_dir(file));
    match &draft.build {
        Some(build) if made => {
            let at = start.source.evidence().cloned();
            // A member is at home in its folder; what the root builds, it builds there.
            let by_root = compiled::is_by_root(project, draft.build.as_ref());
            let depth = project.folder_in_workspace().map_or(0, |folder| folder.split('/').count());
            let build = if by_root { format!("(cd {} && {})", vec![".."; depth].join("/"), build.value) } else { build.value.to_string() };
            Some(Decision::new(Cmd::Shell(format!("{build} && {}", start.value)), Source::inferred("the build, then what it makes", at)))
        }
        _ => Some(start),
    }
}

/// Whether a program starts others that it looks for on the path: there the package manager puts what lies in `node_modules/.bin`.
fn starts_tools(project: &Project<'_>, words: &[String]) -> bool {
    const RUNNERS: &[&str] = &["concurrently", "dotenv", "dotenvx", "env-cmd", "onchange", "tsc-watch"];
    let program = words[0].strip_prefix(BIN).unwrap_or(&words[0]);
    let mut called = words[1..].iter().flat_map(|word| word.split_whitespace());
    RUNNERS.contains(&program) && called.any(|word| project.has_dependency(script::program_package(word)))
}

/// What a tool of development needs of the system.
fn helpers(draft: &mut ServiceDraft, project: &Project<'_>, tool: &str, at: &Evidence) {
    let name = script::program_package(tool).to_owned();
    if project.pack.system(&name).is_some_and(|row| !row.dev.is_empty()) {
        draft.system.push(Dependency { name, at: at.clone(), production: false });
    }
}
