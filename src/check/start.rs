//! The file that the container starts, and the script that it calls.

use super::Subject;
use crate::fs::Dir;
use crate::manifest::Document;
use crate::manifest::dockerfile::{Says, Stage, Step};
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

/// Folders that builds fill.
const MADE: &[&str] = &["dist", "build", "out", "lib", "target", "bin", "publish", ".next", ".output", "node_modules", "output", "standalone", "esm", "cjs"];

/// What starts and is not there.
pub(super) fn drifts(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let last = subject.recipe.last();
    for step in last.iter().flat_map(|stage| &stage.steps) {
        let (Says::Cmd(cmd) | Says::Entrypoint(cmd)) = &step.says else { continue };
        let words = match cmd {
            Cmd::Exec(words) => words.clone(),
            Cmd::Shell(text) => shlex::split(text).unwrap_or_default(),
        };
        let at = subject.recipe.at(step.line, words.join(" "));
        if let Some(file) = file_of(&words)
            && is_missing(subject, &last, &file)
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
fn file_of(words: &[String]) -> Option<String> {
    let mut rest = words;
    while let [first, tail @ ..] = rest {
        let program = first.rsplit('/').next().unwrap_or(first);
        if matches!(program, "tini" | "dumb-init" | "exec" | "env" | "--") {
            rest = tail;
            continue;
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

/// Whether a file can't come from the repository, by what is copied where.
fn is_missing(subject: &Subject<'_>, chain: &[&Stage], file: &str) -> bool {
    let tail = file.trim_start_matches("./");
    if tail.split('/').any(|part| MADE.contains(&part)) {
        return false;
    }
    let workdir = chain
        .iter()
        .find_map(|stage| stage.steps.iter().rev().find_map(|step| if let Says::Workdir(dir) = &step.says { Some(dir.clone()) } else { None }))
        .unwrap_or_else(|| "/".to_owned());
    if !workdir.starts_with('/') || workdir.contains('$') {
        return false;
    }
    let full = if tail.starts_with('/') { tail.to_owned() } else { format!("{}/{tail}", workdir.trim_end_matches('/')) };
    let mut copied = false;
    for stage in chain {
        let mut here = workdir.clone();
        for step in &stage.steps {
            match &step.says {
                Says::Workdir(dir) => here.clone_from(dir),
                Says::Copy { from: None, sources, dest } if !dest.contains('$') => {
                    copied = true;
                    if sources
                        .iter()
                        .any(|source| source.contains(['$', '*', '?', '[']) || source.contains("://") || brings(subject, source, &absolute(&here, dest), &full))
                    {
                        return false;
                    }
                }
                // What another stage puts there, or a command makes, is not known here.
                Says::Copy { from: Some(_), dest, .. } if dest.starts_with('/') && !dest.contains('$') && !is_below(&full, dest) => {}
                Says::Copy { .. } => return false,
                Says::Run if step.text.contains(tail.rsplit('/').next().unwrap_or(tail)) || makes_files(step) => return false,
                _ => {}
            }
        }
    }
    // Mounted by compose, or part of the image: only what is copied is judged.
    copied && subject.composed.iter().all(|row| !row.mounts)
}

fn is_below(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn absolute(here: &str, dest: &str) -> String {
    if dest.starts_with('/') { dest.to_owned() } else { format!("{}/{}", here.trim_end_matches('/'), dest.trim_start_matches("./")) }
}

/// Commands that turn sources into other files, or fetch some.
fn makes_files(step: &Step) -> bool {
    step.commands().iter().any(|words| {
        let line = words.join(" ");
        [
            "build",
            "compile",
            "tsc",
            "webpack",
            "esbuild",
            "bundle",
            "git clone",
            "curl",
            "wget",
            "unzip",
            "tar ",
            "mv ",
            "cp ",
            "ln ",
            "generate",
            "echo",
            "cat ",
            "printf",
            "tee",
        ]
        .iter()
        .any(|word| line.contains(word))
    })
}

/// Whether copying `source` to `dest` puts a file of the repository at `full`.
fn brings(subject: &Subject<'_>, source: &str, dest: &str, full: &str) -> bool {
    let path = source.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
    let path = if path == "." { "" } else { path };
    let folder = dest.trim_end_matches('/').trim_end_matches("/.");
    subject.contexts().iter().any(|context| {
        let is_folder = path.is_empty() || context.has_dir(path);
        if is_folder {
            let Some(rest) = full.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) else { return false };
            let inside = if path.is_empty() { rest.to_owned() } else { format!("{path}/{rest}") };
            return lies(context, &inside);
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        let target = if dest.ends_with('/') || dest.ends_with("/.") || dest == "." { format!("{folder}/{name}") } else { dest.to_owned() };
        // Without a slash at its end a destination may be a folder that is there already.
        context.has(path) && (target == full || format!("{folder}/{name}") == full)
    })
}

/// Whether a file is there, or the source that it is compiled from.
fn lies(context: &Dir<'_>, path: &str) -> bool {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    context.has(path)
        || [".ts", ".mts", ".tsx", ".cts"].iter().any(|ending| context.has(&format!("{stem}{ending}")))
        || context.tree().on_disk(&context.at(path)).is_ok_and(|text| text.is_some())
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
