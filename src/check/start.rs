//! The file that the container starts, and the script that it calls.

use super::Subject;
use super::placed::{is_missing, is_shell_script, steps_of};
use crate::manifest::Document;
use crate::manifest::dockerfile::{Says, Step};
use crate::model::{Cmd, Diagnostic, RelPath};

/// Interpreters, and the endings of what they run.
const INTERPRETERS: &[(&[&str], &[&str])] = &[
    (&["node", "nodejs", "tsx", "ts-node", "nodemon"], &["js", "mjs", "cjs", "ts", "mts", "cts"]),
    (&["python", "python3", "pypy3"], &["py"]),
    (&["ruby"], &["rb"]),
    (&["php"], &["php"]),
    (&["sh", "bash", "ash"], &["sh"]),
    (&["deno", "bun"], &["js", "ts", "mjs", "tsx", "jsx"]),
];

/// What starts and is not there.
pub(super) fn drifts(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let steps = subject.recipe.stages.last().map(|stage| steps_of(subject, stage)).unwrap_or_default();
    for step in &steps {
        let (Says::Cmd(cmd) | Says::Entrypoint(cmd)) = &step.says else { continue };
        let words = match cmd {
            Cmd::Exec(words) => words.clone(),
            Cmd::Shell(text) => shlex::split(text).unwrap_or_default(),
        };
        let at = subject.recipe.at(step.line, words.join(" "));
        // What compose mounts is not seen here.
        if let Some(file) = file_of(&words)
            && subject.composed.iter().all(|row| !row.mounts)
            && is_missing(subject, &steps, &file)
        {
            found.push(
                Diagnostic::error("start-drift", format!("the container starts `{file}`, and there is no such file"))
                    .at(at)
                    .help("mend the command; `dockgen detect` shows the start command that the project states"),
            );
        } else if let Some(app) = app_of(&words).filter(|app| has_no_module(subject, app)) {
            found.push(
                Diagnostic::error("start-drift", format!("the container starts `{app}`, and there is no such module"))
                    .at(at)
                    .help("mend the command; `dockgen detect` shows the application that the project has"),
            );
        } else if let Some((script, manifest)) = script_of(subject, &words) {
            found.push(
                Diagnostic::error("start-drift", format!("the container runs the script `{script}`, and package.json has none of that name"))
                    .at(at)
                    .at(manifest)
                    .help("mend the command, or add the script"),
            );
        }
    }
    for step in subject.recipe.steps().filter(|step| matches!(step.says, Says::Run)) {
        found.extend(build_script(subject, step));
    }
    found
}

/// The file of the repository that a command runs; `None` where none is plain.
pub(super) fn file_of(words: &[String]) -> Option<String> {
    let mut rest = words;
    while let [first, tail @ ..] = rest {
        let program = first.rsplit('/').next().unwrap_or(first);
        if matches!(program, "tini" | "dumb-init" | "exec" | "env" | "--") {
            rest = tail;
            continue;
        }
        // A script of its own, by its path.
        if first.contains('/') && is_shell_script(program) && !first.contains('$') {
            return Some(first.clone());
        }
        let (_, endings) = INTERPRETERS.iter().find(|(names, _)| names.contains(&program))?;
        for word in tail {
            if word.starts_with('-') {
                // `-m module`, `-c code`, `-e code`: no file. A flag that takes a value ends the certainty too.
                if matches!(word.as_str(), "-m" | "-c" | "-e" | "-r" | "--require" | "--import" | "--loader" | "-S" | "-p") {
                    return None;
                }
                continue;
            }
            let is_file = word.rsplit_once('.').is_some_and(|(_, ending)| endings.contains(&ending));
            return (is_file && !word.contains(['$', '*'])).then(|| word.clone());
        }
        return None;
    }
    None
}

/// The application that a Python server is given: `config.wsgi:application`.
fn app_of(words: &[String]) -> Option<&str> {
    let program = |word: &String| ["gunicorn", "uvicorn", "hypercorn", "granian", "daphne"].contains(&word.rsplit('/').next().unwrap_or(word));
    // Where the server looks in another folder, the module's place is not plain.
    if !words.iter().any(program) || words.iter().any(|word| word.contains("--chdir") || word.contains("--app-dir") || word.contains("--pythonpath")) {
        return None;
    }
    let is_name = |part: &str| part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    words.iter().map(String::as_str).find(|word| word.split_once(':').is_some_and(|(module, app)| is_name(app) && module.split('.').all(is_name)))
}

/// Whether the project has another application, and nowhere a module of this name.
fn has_no_module(subject: &Subject<'_>, app: &str) -> bool {
    let path = app.split(':').next().unwrap_or(app).replace('.', "/");
    let Some(Cmd::Exec(own)) = subject.draft.and_then(|draft| draft.start.as_ref()).map(|start| &start.value) else { return false };
    app_of(own).is_some_and(|other| other != app)
        && !subject.tree.files_below(&RelPath::root()).any(|file| {
            let file = file.as_str();
            [format!("{path}.py"), format!("{path}/__init__.py")].iter().any(|name| file == name || file.ends_with(&format!("/{name}")))
        })
}

/// Names of scripts that are no programs.
const SCRIPTS_ALONE: &[&str] = &["build", "compile", "bundle", "prod", "production"];

/// `npm start`, `npm run NAME` and `pnpm NAME` where package.json has no such script.
fn script_of(subject: &Subject<'_>, words: &[String]) -> Option<(String, crate::model::Evidence)> {
    let draft = subject.draft.filter(|draft| draft.pack == "node")?;
    let program = words.first()?.as_str();
    if !matches!(program, "npm" | "pnpm" | "yarn" | "bun") {
        return None;
    }
    let plain: Vec<&str> = words[1..].iter().map(String::as_str).take_while(|word| *word != "--").collect();
    if plain.iter().any(|word| word.starts_with('-')) {
        return None;
    }
    let script = match plain[..] {
        ["run", name, ..] => name,
        ["start", ..] if program != "bun" => "start",
        // In short: only a name that no program of a dependency has.
        [name] if matches!(program, "pnpm" | "yarn") && (name.contains(':') || SCRIPTS_ALONE.contains(&name)) => name,
        _ => return None,
    };
    let doc = Document::read(&subject.tree.dir(draft.root.clone()), "package.json").ok().flatten()?;
    let known = doc.get(&["scripts", script]).is_some();
    // `npm start` without a script runs server.js.
    let fallback = script == "start" && subject.tree.dir(draft.root.clone()).has("server.js");
    // The root of a workspace may hold the scripts of its members.
    let elsewhere = subject.tree.files_below(&crate::model::RelPath::root()).filter(|path| path.name() == "package.json").count() > 1;
    (!known && !fallback && !elsewhere && !script.contains('$')).then(|| (script.to_owned(), doc.whole()))
}

fn build_script(subject: &Subject<'_>, step: &Step) -> Option<Diagnostic> {
    let (words, (script, manifest)) = step.commands().into_iter().find_map(|words| script_of(subject, &words).map(|hit| (words, hit)))?;
    let line = words.join(" ");
    Some(
        Diagnostic::error("start-drift", format!("`{}` runs the script `{script}`, and package.json has none of that name", subject.recipe.path))
            .at(subject.recipe.at(step.line_of(&line), line))
            .at(manifest)
            .help("mend the line, or add the script"),
    )
}
