//! The checks that build: `lint`, `build`, `context` and `cache`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::edit;
use super::rules;
use super::session::Session;
use super::steps::{Installs, compiles_without_cache, installs};
use crate::fs::docker::{Fault, path};
use crate::fs::{disk, work};
use crate::model::RelPath;
use crate::model::plan::Rendered;
use crate::model::verify::{Check, Finding};
use crate::render;
use crate::report::verify::bytes;

/// `lint`: the engine's own warnings, then ours.
pub fn lint(session: &mut Session<'_>) -> Result<Finding, Fault> {
    let mut warnings = own_rules(session);
    let (file, context) = (path(&session.file), path(&session.subject.context));
    let mut args = vec!["build", "--call", "check,format=json", "--file", &file];
    args.extend(session.subject.target_flag().into_iter().flat_map(|target| ["--target", target]));
    args.push(&context);
    let output = session.docker.watch(&args, None, Duration::from_mins(5), &mut |_| {})?;
    let Some(checked) = output.stdout.find('{').and_then(|start| serde_json::from_str::<Value>(&output.stdout[start..]).ok()) else {
        let why = super::session::last_line(&output.stderr).to_owned();
        if warnings.is_empty() {
            return Ok(Finding::skipped(Check::Lint, format!("this engine has no `docker build --check`: {why}")));
        }
        return Ok(judge(warnings));
    };
    for warning in checked["warnings"].as_array().into_iter().flatten() {
        let line = warning["location"]["ranges"][0]["start"]["line"].as_u64().map(|line| format!(":{line}")).unwrap_or_default();
        let name = warning["ruleName"].as_str().unwrap_or_default();
        let detail = warning["detail"].as_str().or_else(|| warning["description"].as_str()).unwrap_or_default();
        warnings.push(format!("{}{line} {name}: {detail}", session.subject.shown));
    }
    if let Some(message) = checked["buildError"]["message"].as_str() {
        warnings.push(message.to_owned());
    }
    Ok(judge(warnings))
}

fn judge(warnings: Vec<String>) -> Finding {
    match warnings.as_slice() {
        [] => Finding::ok(Check::Lint, "`docker build --check` and dockgen's own rules have nothing to say"),
        [only] => Finding::fail(Check::Lint, only.clone()),
        several => Finding::fail(Check::Lint, format!("{} warnings", several.len())).more(several.to_vec()),
    }
}

/// What can be said of any Dockerfile without its plan.
fn own_rules(session: &Session<'_>) -> Vec<String> {
    let subject = session.subject;
    let mut warnings: Vec<String> = render::lint::any(&subject.text).into_iter().map(|(line, message)| format!("{}:{line} {message}", subject.shown)).collect();
    if let Ok(tree) = disk::scan(&subject.context) {
        let name = subject.dockerfile.file_name().unwrap_or_default().to_string_lossy();
        let ignore =
            work::text(&subject.dockerfile.with_file_name(format!("{name}.dockerignore"))).or_else(|| work::text(&subject.context.join(".dockerignore")));
        let file = Rendered { path: RelPath::new(&subject.shown).unwrap_or_default(), text: subject.text.clone() };
        let problems = render::lint::copies(&file, &tree.root(), ignore.as_deref());
        warnings.extend(problems.into_iter().map(|problem| {
            let at = problem.at.first().map(|at| format!("{} ", at.place())).unwrap_or_default();
            format!("{at}{}", problem.message)
        }));
    }
    warnings
}

/// `build`: the checked stage first, by itself, so that its time is its own; then the others.
pub fn build(session: &mut Session<'_>) -> Result<Finding, Fault> {
    let subject = session.subject;
    let (file, context) = (session.file.clone(), subject.context.clone());
    let fresh: &[&str] = if session.options.no_cache { &["--no-cache"] } else { &[] };
    let built = session.build(&file, subject.target_flag(), &context, fresh)?;
    let name = subject.target_name();
    if !built.ok {
        return Ok(Finding::fail(Check::Build, format!("`{name}` does not build")).more(built.log.tail()));
    }
    session.times.first_build = Some(built.seconds);
    (session.times.steps, session.times.reused_steps) = (built.log.steps().count(), built.log.steps().filter(|step| step.cached).count());
    if let Some(name) = &subject.stages[subject.target].name {
        session.stages.insert(name.clone(), built.clone());
    }
    let detail = format!("{name} in {:.1} s{}", built.seconds, reused(session.times.reused_steps, session.times.steps));
    session.image = Some(built);
    let mut names = vec![name];
    for stage in subject.stages.iter().filter_map(|stage| stage.name.clone()) {
        if session.stages.contains_key(&stage) || session.options.target.is_some() && subject.dev.as_ref() != Some(&stage) {
            continue;
        }
        session.progress.step(&stage);
        let built = session.build(&file, Some(&stage), &context, &[])?;
        if !built.ok {
            return Ok(Finding::fail(Check::Build, format!("`{stage}` does not build")).more(built.log.tail()));
        }
        session.stages.insert(stage.clone(), built);
        names.push(stage);
    }
    Ok(Finding::ok(Check::Build, format!("{detail}; builds {}", names.join(", "))))
}

fn reused(reused: usize, all: usize) -> String {
    if reused == 0 { String::new() } else { format!(" ({reused} of {all} steps were there already)") }
}

/// `context`: what the engine is sent, and what of it should have stayed.
pub fn context(session: &mut Session<'_>) -> Result<Finding, Fault> {
    let copy = session.copied()?;
    let files = work::list(&copy, &|_| true);
    let total: u64 = files.iter().map(|file| file.size).sum();
    let mut wrong: BTreeMap<String, (&'static str, u64)> = BTreeMap::new();
    for file in &files {
        if let Some((what, why)) = rules::misplaced(&file.path) {
            let row = wrong.entry(what).or_insert((why, 0));
            row.1 += file.size;
        }
    }
    let holds = format!("{} files, {}", files.len(), bytes(total));
    if wrong.is_empty() {
        return Ok(Finding::ok(Check::Context, holds));
    }
    let names: Vec<&str> = wrong.keys().map(String::as_str).take(4).collect();
    let rest = if wrong.len() > 4 { format!(" and {} more", wrong.len() - 4) } else { String::new() };
    Ok(Finding::fail(Check::Context, format!("{holds}; {}{rest} should not be among them", names.join(", ")))
        .more(wrong.iter().map(|(what, (why, size))| format!("{what} ({why}, {})", bytes(*size))))
        .help("name them in .dockerignore"))
}

/// `cache`: after a change to one source file no dependency is installed again.
pub fn cache(session: &mut Session<'_>) -> Result<Finding, Fault> {
    let copy = session.copied()?;
    let file = session.file.clone();
    let target = session.subject.target_flag().map(str::to_owned);
    let command = edit::command(session)?;
    for candidate in edit::candidates(&copy, &command).into_iter().take(4) {
        session.progress.step(&format!("building after a change to {candidate}"));
        let undo = edit::touch(&copy, &candidate, &session.id)?;
        let built = session.build(&file, target.as_deref(), &copy, &[])?;
        undo.restore()?;
        if !built.ok {
            return Ok(Finding::fail(Check::Cache, format!("after a change to {candidate} it does not build any more")).more(built.log.tail()));
        }
        if built.log.steps().all(|step| step.cached) {
            continue;
        }
        session.times.rebuild = Some(built.seconds);
        return Ok(judge_cache(session, &candidate, &built));
    }
    Ok(Finding::skipped(Check::Cache, "no source file was found in the context that reaches the image"))
}

fn judge_cache(session: &Session<'_>, file: &str, built: &super::session::Built) -> Finding {
    let mut reused: BTreeSet<Installs> = BTreeSet::new();
    let mut again: Vec<(Installs, String)> = Vec::new();
    for step in built.log.steps() {
        let kind = installs(&step.text).or_else(|| compiles_without_cache(&step.text).map(Installs::Language));
        let Some(kind) = kind else { continue };
        if step.cached {
            reused.insert(kind);
        } else {
            again.push((kind, format!("[{}] {}", step.place, step.text)));
        }
    }
    // A second installation in a stage may follow the copy of the sources: it finds the dependencies there and adds the program itself.
    again.retain(|(kind, _)| *kind == Installs::System || !reused.contains(kind));
    let first = session.times.first_build.unwrap_or_default();
    let times = match session.times.reused_steps {
        0 => format!("{:.1} s after the first build's {first:.1} s", built.seconds),
        some => format!("{:.1} s; the first build took {first:.1} s with {some} steps there already", built.seconds),
    };
    if let Some((kind, step)) = again.first() {
        let compiles = installs(step.split_once("] ").map_or("", |(_, text)| text)).is_none() && *kind != Installs::System;
        let help = if compiles {
            "fetch the dependencies in a step before the sources are copied, or keep the compiler's cache with `RUN --mount=type=cache`"
        } else {
            "copy the manifests and the lock file first, install, and copy the sources after that"
        };
        let short: String = step.chars().take(110).collect();
        return Finding::fail(Check::Cache, format!("a change to {file} runs {short} again ({times})"))
            .more(again.iter().map(|(_, step)| step.clone()))
            .help(help);
    }
    let steps = built.log.steps().count();
    let kept = built.log.steps().filter(|step| step.cached).count();
    if reused.is_empty() {
        return Finding::ok(Check::Cache, format!("a change to {file} keeps {kept} of {steps} steps; no step installs dependencies: {times}"));
    }
    Finding::ok(Check::Cache, format!("a change to {file} keeps the dependencies ({kept} of {steps} steps): {times}"))
}
