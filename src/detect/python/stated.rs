//! The command that the project's own files state: a Procfile's line, else what its container files say where the source leaves it open.

use super::apps::App;
use super::processes;
use super::run::Facts;
use super::tasks;
use crate::detect::handwritten::{self, BEFORE, Line};
use crate::detect::listening::FREE;
use crate::fs::Dir;
use crate::manifest::procfile::{self, Process};
use crate::model::question::Question;
use crate::model::{Diagnostic, Evidence, ServiceDraft};

use super::requirement::normalise;

/// Servers and tools whose command has another name than their package.
const COMMANDS: &[(&str, &str)] =
    &[("celery", "flower"), ("jupyter", "jupyterlab"), ("jupyter", "notebook"), ("huey_consumer", "huey"), ("waitress-serve", "waitress")];

/// Names of the project's own commands that start it in production.
const STARTS: &[&str] = &["start", "serve", "server", "web", "run", "prod", "production"];

/// Servers for developers: what they serve is found in the source.
const DEVELOPMENT: &[&str] = &["flask run", "manage.py run", "runserver", "fastapi dev", "pytest", "tox ", "unittest"];

/// The Procfile's line for the program: a worker's where nothing serves the web.
pub fn of_procfile(dir: &Dir<'_>, lines: &[Process], serves: bool, draft: &mut ServiceDraft) -> Option<Process> {
    let names: &[&str] = if serves { &["web"] } else { &["web", "worker"] };
    let process = names.iter().find_map(|name| lines.iter().find(|process| process.name == *name)).cloned();
    let mut process = process.and_then(|process| processes::in_image(process, draft))?;
    // A script that prepares and starts: the image runs what it ends with, as one process.
    if let Some(line) = handwritten::unfolded(dir, &process.command).filter(|line| BEFORE.iter().any(|sign| line.before.contains(sign))) {
        let steps: Vec<&str> = line.before.split("&&").map(str::trim).filter(|step| !step.contains("collectstatic")).collect();
        (process.command, process.at) = (line.text, line.at);
        release(draft, &steps.join(" && "), &process);
    }
    if let Some((first, last)) = process.command.clone().rsplit_once("&&")
        && first.split("&&").all(|step| BEFORE.iter().any(|sign| step.contains(sign)))
    {
        last.trim().trim_start_matches("exec ").clone_into(&mut process.command);
        // The static files are collected in the build.
        let left: Vec<&str> = first.split("&&").map(str::trim).filter(|step| !step.contains("collectstatic")).collect();
        release(draft, &left.join(" && "), &process);
    }
    Some(process)
}

/// Says what is left to be done before a start.
fn release(draft: &mut ServiceDraft, before: &str, process: &Process) {
    if !before.is_empty() {
        draft.notes.push(
            Diagnostic::note("release", format!("service `{}`: the image doesn't run `{}` first", draft.name, crate::model::evidence::tame(before)))
                .at(process.at.clone())
                .help("run it once before a new version starts, as a command of the same image"),
        );
    }
}

/// Says what a Dockerfile's command does before it starts the server that was found.
pub fn prepared(facts: &Facts<'_>, draft: &mut ServiceDraft) {
    let Some(line) = handwritten::command(&facts.sources.dir).filter(|line| BEFORE.iter().any(|sign| line.before.contains(sign))) else { return };
    release(draft, &line.before, &procfile::Process { name: String::new(), command: line.text, at: line.at });
}

/// What the container files say of the program, where the image will have what it starts. Compose often says how a developer starts a server: with
/// an application at hand it counts for nothing.
pub fn by_hand(facts: &Facts<'_>, serves: bool, draft: &mut ServiceDraft) -> Option<Process> {
    let line = handwritten::command(&facts.sources.dir).filter(|line| !serves || !line.at.file.name().contains("compose"))?;
    let name = if serves || super::routes::port_of(&line.text).is_some() || handwritten::port(&facts.sources.dir, draft).is_some() { "web" } else { "worker" };
    let Line { text, before, at } = line;
    let command = with_rights(&text).unwrap_or(text);
    let process = processes::in_image(procfile::Process { name: name.to_owned(), command, at }, draft)?;
    if !is_there(facts, &process.command) || DEVELOPMENT.iter().any(|sign| process.command.contains(sign)) {
        return None;
    }
    release(draft, &before, &process);
    Some(process)
}

/// The task of a task runner that starts the program in production, where the image will have what it starts.
pub fn task(facts: &Facts<'_>) -> Option<(String, Evidence)> {
    let own = |task: &str| is_there(facts, task) && !task.contains("reload") && !DEVELOPMENT.iter().any(|sign| task.contains(sign));
    tasks::start(&facts.sources.dir, facts.project).filter(|(task, _)| own(task))
}

/// The same command on a port that needs no rights, where its own does.
fn with_rights(command: &str) -> Option<String> {
    super::routes::port_of(command).filter(|port| *port < FREE)?;
    let pattern = super::apps::regex(r"((?:--port[= ]|-p |--bind[= ]\S*?:|-b \S*?:|0\.0\.0\.0:))(\d{2,3})\b").ok()?;
    let port = pattern.captures(command)?.get(2)?;
    Some(format!("{}8000{}", &command[..port.start()], &command[port.start() + port.as_str().len()..]))
}

/// Whether the image has the command: a file of the project, its own command, or one that a dependency brings.
pub fn is_there(facts: &Facts<'_>, command: &str) -> bool {
    let words: Vec<&str> = command.split_whitespace().collect();
    let named = |name: &str| {
        let name = normalise(name);
        facts.project.needs(&[name.as_str()]).is_some() || facts.installed.contains(&name)
    };
    match &words[..] {
        ["python", "-m", module, ..] => {
            let top = module.split('.').next().unwrap_or(module);
            importable(facts, top).is_some() || named(top)
        }
        ["python", rest @ ..] => rest.iter().find(|word| !word.starts_with('-')).is_some_and(|file| facts.sources.dir.has(file)),
        [program, ..] => {
            facts.project.package.is_some() && facts.project.scripts.iter().any(|script| script.name == *program)
                || named(program)
                || COMMANDS.iter().any(|(command, package)| command == program && named(package))
        }
        [] => false,
    }
}

/// The folder that a top-level module of the source is imported from; empty for the service's own.
fn importable(facts: &Facts<'_>, module: &str) -> Option<String> {
    let dir = &facts.sources.dir;
    let holds = |folder: &str| {
        let at = |tail: String| if folder.is_empty() { tail } else { format!("{folder}/{tail}") };
        dir.has(&at(format!("{module}.py"))) || dir.has_dir(&at(module.to_owned()))
    };
    if holds("") {
        return Some(String::new());
    }
    let mut found = dir.folders().filter(|folder| holds(folder) && !super::layout::is_left_behind(folder));
    let first = found.next()?;
    found.next().is_none().then(|| first.to_owned())
}

/// PYTHONPATH for a command whose module lies in a folder that Python doesn't look into.
pub fn path(facts: &Facts<'_>, words: &[String]) -> Option<String> {
    if facts.sources.packaged
        || words.iter().any(|word| matches!(word.as_str(), "--chdir" | "--app-dir" | "--workdir" | "--working-dir") || word.starts_with("--chdir="))
    {
        return None;
    }
    let is_module = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    let target = words.iter().find_map(|word| word.split_once(':').map(|(module, _)| module).filter(|module| is_module(module)));
    let module = words.windows(2).find(|pair| pair[0] == "-m").map(|pair| pair[1].as_str());
    let top = target.or(module)?.split('.').next()?;
    importable(facts, top).filter(|folder| !folder.is_empty())
}

/// Whether the program serves its application by a server that it makes itself, and is a file at the top.
pub fn serves_itself(facts: &Facts<'_>) -> Result<bool, Diagnostic> {
    let own = if super::sockets::serves(facts.project) { r"\b(?:socketio\.run|WSGIServer)\(" } else { r"\b(?:WSGIContainer|WSGIServer|make_server)\(" };
    let makes = super::apps::regex(own)?;
    Ok(facts.sources.of_production().any(|text| makes.is_match(text.as_str())) && super::programs::files(facts.sources).is_some())
}

/// Of several applications the one that a command names: a person's, the Procfile's, or the container files'.
pub fn chosen<'p>(facts: &Facts<'_>, process: Option<&Process>, apps: Vec<App<'p>>) -> Vec<App<'p>> {
    let (text, at) = if let Some(given) = facts.hints.get(Question::StartCmd) {
        (given.value.clone(), None)
    } else if let Some(process) = process {
        (process.command.clone(), None)
    } else if let Some(line) = handwritten::command(&facts.sources.dir) {
        (line.text, Some(line.at))
    } else {
        let started =
            |app: &App<'_>| facts.project.scripts.iter().find(|one| STARTS.contains(&one.name.as_str()) && one.at.raw.split(':').next() == Some(&app.module));
        let mut likely = apps.iter().filter_map(|app| Some((app.clone(), started(app)?)));
        return match (likely.next(), likely.next()) {
            (Some((mut app, script)), None) => {
                app.at = script.at.clone();
                vec![app]
            }
            _ => apps,
        };
    };
    let named = |app: &App<'_>| {
        text.split_whitespace().any(|word| {
            let word = word.trim_matches(['"', '\'']).trim_end_matches("()");
            word == app.target() || app.target().ends_with(&format!(".{word}")) && word.contains(':')
        })
    };
    match apps.iter().position(named) {
        Some(place) => {
            let mut app = apps[place].clone();
            app.at = at.unwrap_or(app.at);
            vec![app]
        }
        None => apps,
    }
}
