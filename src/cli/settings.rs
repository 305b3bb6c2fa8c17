//! What was typed, together with the environment, as what it means.
#![allow(clippy::disallowed_methods, reason = "the environment is read here and nowhere else")]

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use super::args::{AnswerArgs, Format, Init, Verify};
use crate::fs::disk;
use crate::model::plan::Template;
use crate::model::question::Question;
use crate::model::{Answers, Given, RelPath, Source};
use crate::workflow::{init, verify};

/// The folder to read: `-C` first, then the argument below it.
pub fn root(directory: Option<&Path>, path: Option<&Path>) -> PathBuf {
    match (directory, path) {
        (Some(directory), Some(path)) => directory.join(path),
        (Some(only), None) | (None, Some(only)) => only.to_owned(),
        (None, None) => PathBuf::from("."),
    }
}

/// How `init` was asked to behave.
pub fn init(args: &Init, verbose: bool, quiet: bool) -> init::Options {
    let json = args.format == super::args::Format::Json;
    let silent = args.yes || args.stdout || args.dry_run || quiet || json;
    init::Options {
        dry_run: args.dry_run,
        stdout: args.stdout,
        force: args.force,
        adopt: args.adopt,
        save: args.save,
        json,
        verbose,
        // A prompt needs both: what is typed comes from one, what is asked goes to the other.
        ask: !silent && std::io::stdin().is_terminal() && std::io::stderr().is_terminal(),
        colour: anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never,
    }
}

/// How `verify` was asked to behave.
pub fn verify(args: &Verify, quiet: bool) -> verify::Options {
    verify::Options {
        file: args.file.clone(),
        target: args.target.clone(),
        skip: args.skip.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect(),
        env: args.env.clone(),
        env_file: args.env_file.clone(),
        compose: args.compose.clone(),
        patience: std::time::Duration::from_secs(args.patience),
        no_cache: args.no_cache,
        builtin_frontend: args.builtin_frontend,
        json: args.format == Format::Json,
        terminal: std::io::stderr().is_terminal(),
        quiet,
    }
}

/// The answers on the command line, then those in the environment.
pub fn answers(args: &AnswerArgs) -> anyhow::Result<Answers> {
    let mut answers = Answers::default();
    answers.templates = args.templates.as_deref().map(templates).transpose()?;
    for question in Question::all() {
        let environment = || std::env::var(question.env()).ok().filter(|value| !value.is_empty());
        if let Some(value) = flag(args, question) {
            answers.give(question, Given { value, source: Source::Flag(question) });
        } else if let Some(value) = environment() {
            answers.give(question, Given { value, source: Source::Env(question) });
        }
    }
    Ok(answers)
}

/// The templates of a folder that was typed.
fn templates(folder: &Path) -> anyhow::Result<Vec<Template>> {
    let tree = disk::scan(folder).map_err(|problem| anyhow::anyhow!("--templates: {}", problem.message))?;
    let mut found = Vec::new();
    for path in tree.files_below(&RelPath::root()).filter(|path| path.name().rsplit_once('.').is_some_and(|(_, ending)| ending == "tera")) {
        let text = tree.read(path).map_err(|problem| anyhow::anyhow!("--templates: {}", problem.message))?;
        found.extend(text.map(|text| Template { name: path.to_string(), place: format!("{}/{path}", folder.display()), text: text.as_str().to_owned() }));
    }
    anyhow::ensure!(!found.is_empty(), "--templates: `{}` holds no templates (`dockgen templates eject` writes the built-in ones)", folder.display());
    Ok(found)
}

fn flag(args: &AnswerArgs, question: Question) -> Option<String> {
    match question {
        Question::Stack => args.stack.clone(),
        Question::App => (!args.app.is_empty()).then(|| args.app.join(",")),
        Question::RuntimeVersion => args.runtime_version.clone(),
        Question::PackageManager => args.package_manager.clone(),
        Question::BuildCmd => args.build_cmd.clone(),
        Question::StartCmd => args.start_cmd.clone(),
        Question::Port => args.port.map(|port| port.to_string()),
        Question::Base => args.base.clone(),
        Question::Services => (!args.services.is_empty()).then(|| args.services.join(",")),
        Question::Compose => args.no_compose.then(|| "false".to_owned()),
        Question::Dockerignore => args.no_dockerignore.then(|| "false".to_owned()),
    }
}
