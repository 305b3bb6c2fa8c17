//! What runs beside a web application out of the same image: the other lines of a Procfile, Celery's worker and its clock.

use super::apps::{self, App};
use super::modules;
use super::programs;
use super::run::Facts;
use super::stated;
use crate::detect::handwritten;
use crate::fs::Text;
use crate::manifest::procfile;
use crate::model::{Cmd, Decision, Diagnostic, Evidence, Process, ServiceDraft, Source};

/// Tools of developers, which no image has.
const TOOLS: &[&str] = &["make", "just", "npm", "yarn", "pnpm", "npx", "docker", "honcho", "foreman", "hatch", "uv", "poetry"];

/// Commands of Heroku's buildpacks, and what they start beside the command that follows.
const BUILDPACKS: &[(&str, &str)] = &[
    ("bin/start-nginx", "nginx"),
    ("bin/start-nginx-solo", "nginx"),
    ("bin/start-pgbouncer", "PgBouncer"),
    ("bin/start-pgbouncer-stunnel", "PgBouncer"),
    ("bin/start-stunnel", "stunnel"),
];

/// Lines of a Procfile that are no process of their own beside the application: the application itself, and what runs once before it.
const NOT_BESIDE: &[&str] = &["web", "release", "postdeploy"];

/// Words of commands that do jobs in the background.
const WORKERS: &[&str] = &[
    "celery",
    "rq",
    "rqworker",
    "rqscheduler",
    "dramatiq",
    "rundramatiq",
    "huey_consumer",
    "huey_consumer.py",
    "run_huey",
    "arq",
    "taskiq",
    "qcluster",
    "process_tasks",
    "db_worker",
];

/// Signs of work that Celery does by the clock.
const SCHEDULES: &str = r"\b(?:beat_schedule|CELERY_BEAT_SCHEDULE|CELERYBEAT_SCHEDULE|add_periodic_task|periodic_task)\b";

/// A Procfile's process as the image can run it: without the package manager before it; `None` where it needs a tool of developers.
pub fn in_image(mut process: procfile::Process, draft: &mut ServiceDraft) -> Option<procfile::Process> {
    for manager in ["uv", "poetry", "pipenv", "pdm"] {
        if let Some(rest) = process.command.strip_prefix(&format!("{manager} run ")) {
            process.command = rest.trim().to_owned();
        }
    }
    // A wrapper of a buildpack starts a program beside the server that no image has.
    if let Some((first, rest)) = process.command.clone().split_once(' ')
        && let Some(name) = BUILDPACKS.iter().find_map(|(wrapper, name)| first.ends_with(wrapper).then_some(name))
    {
        let message = format!("the Procfile's `{}` runs without `{first}`: the image has no {name}", process.name);
        draft.notes.push(Diagnostic::note("procfile", message).at(process.at.clone()));
        rest.trim().clone_into(&mut process.command);
    }
    let first = process.command.split_whitespace().next().unwrap_or_default();
    if TOOLS.contains(&first) {
        let message = format!("the Procfile's `{}` is left out: the image has no `{first}`", process.name);
        draft.notes.push(Diagnostic::note("procfile", message).at(process.at));
        return None;
    }
    Some(process)
}

/// States the processes beside the one that the image starts, which is the Procfile's `main` or an application in the source.
pub fn take(facts: &Facts<'_>, lines: &[procfile::Process], main: Option<&str>, django: &str, draft: &mut ServiceDraft) -> Result<(), Diagnostic> {
    let mut found: Vec<Process> = Vec::new();
    for line in lines.iter().filter(|line| !NOT_BESIDE.contains(&line.name.as_str()) && main != Some(line.name.as_str())) {
        let Some(line) = in_image(line.clone(), draft) else { continue };
        match Cmd::parse(&line.command) {
            Ok(command) => found.push(Process { name: line.name.to_ascii_lowercase(), command: Decision::new(command, Source::File(line.at)) }),
            Err(why) => draft.notes.push(Diagnostic::warning("procfile", format!("the Procfile's `{}` is left out: {why}", line.name)).at(line.at)),
        }
    }
    if let Some(release) = lines.iter().find(|line| line.name == "release") {
        draft.notes.push(
            Diagnostic::note("release", format!("service `{}`: the image doesn't run the Procfile's `release`", draft.name))
                .at(release.at.clone())
                .help("run it once before a new version starts, as a command of the same image"),
        );
    }
    if facts.project.needs(&["celery"]).is_some() {
        let apps = apps::of_framework(facts.sources, facts.pack, "celery")?;
        // Beside manage.py the modules have the names that it gives them.
        let apps: Vec<App<'_>> = apps.into_iter().map(|app| app.seen_from(django)).collect();
        let web = draft.framework.as_ref().is_some_and(|framework| framework.value != "celery");
        if let Some(app) = apps.first() {
            let runs = |word: &str| {
                found
                    .iter()
                    .any(|process| process.command.value.to_string().contains(&format!(" {word}")) && process.command.value.to_string().contains("celery"))
            };
            let (worker, beat) = (runs("worker"), runs("beat"));
            if web && !worker {
                found.push(Process {
                    name: "worker".to_owned(),
                    command: Decision::new(Cmd::exec(worker_words(app)), Source::inferred("a worker of the application", [app.at.clone()])),
                });
            }
            if !beat && let Some(process) = clock(facts, app)? {
                found.push(process);
            }
        }
    }
    composed(facts, draft, &mut found);
    if draft.framework.as_ref().is_some_and(|framework| framework.value != "celery") && !found.iter().any(|process| process.name == "worker") {
        found.extend(workers(facts)?.into_iter().next().map(|command| Process { name: "worker".to_owned(), command }));
    }
    if draft.port.is_some() && found.iter().all(|process| process.name != "bot") {
        found.extend(bot(facts, draft)?);
    }
    found.retain(|process| crate::model::draft::slug(&process.name).is_some_and(|slug| slug == process.name) && process.name != draft.name);
    draft.facts.extend(found.iter().map(|process| (process.name.clone(), process.command.clone().map(|command| command.to_string()))));
    draft.processes = found;
    Ok(())
}

/// The bot beside a web application: a program of its own that calls what `[[data.bot]]` knows.
fn bot(facts: &Facts<'_>, draft: &ServiceDraft) -> Result<Option<Process>, Diagnostic> {
    if draft.framework.as_ref().and_then(|framework| facts.pack.framework(&framework.value)).is_none_or(|row| row.port.is_none()) || facts.sources.packaged {
        return Ok(None);
    }
    for row in facts.pack.data.get("bot").and_then(toml::Value::as_array).into_iter().flatten() {
        let names: Vec<&str> = row.get("dependency").and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_str).collect();
        if facts.project.needs(&names).is_none() {
            continue;
        }
        let calls = apps::regex(row.get("pattern").and_then(toml::Value::as_str).unwrap_or_default())?;
        let runs = |text: &&std::rc::Rc<Text>| calls.is_match(text.as_str()) && (programs::is_guarded(text) || text.path().name() == "__main__.py");
        let of_web = |tail: &str| draft.start.as_ref().is_some_and(|start| apps::names(&start.value, tail));
        let mut programs = facts.sources.of_production().filter(runs).filter(|text| !of_web(facts.sources.tail(text)));
        if let (Some(text), None) = (programs.next(), programs.next()) {
            let command = Cmd::exec(modules::words(facts.sources, facts.sources.tail(text))?);
            let source = Source::inferred("a program beside the application listens to people", [Evidence::file(text.path().clone())]);
            return Ok(Some(Process { name: "bot".to_owned(), command: Decision::new(command, source) }));
        }
    }
    Ok(None)
}

/// Workers that compose's services run out of the same image, where nothing else says so.
fn composed(facts: &Facts<'_>, draft: &ServiceDraft, found: &mut Vec<Process>) {
    for service in handwritten::of_compose(&facts.sources.dir).into_iter().filter(|service| !service.published) {
        let words = shlex::split(&service.line.text).unwrap_or_default();
        let of_jobs = words.iter().take(3).any(|word| WORKERS.contains(&word.as_str())) && stated::is_there(facts, &service.line.text);
        // `celery worker` and `celery beat` are told apart by the word that the source's own have too.
        let word = ["beat", "worker", "flower"].iter().find(|word| words.iter().any(|other| other == *word));
        let known = found.iter().any(|process| word.is_some_and(|word| process.command.value.words().iter().any(|other| other == word)));
        let main = draft.start.as_ref().is_some_and(|start| start.value.words() == words);
        if of_jobs && !known && !main && !found.iter().any(|process| process.name == service.name) {
            found.push(Process { name: service.name, command: Decision::new(Cmd::exec(words), Source::File(service.line.at)) });
        }
    }
}

/// Workers of libraries that do jobs in the background: `[[data.worker]]`.
pub fn workers(facts: &Facts<'_>) -> Result<Vec<Decision<Cmd>>, Diagnostic> {
    let rows = facts.pack.data.get("worker").and_then(toml::Value::as_array).into_iter().flatten();
    let mut found = Vec::new();
    for row in rows {
        let text = |key: &str| row.get(key).and_then(toml::Value::as_str).unwrap_or_default();
        if facts.project.needs(&[text("dependency")]).is_none() {
            continue;
        }
        let pattern = apps::regex(text("pattern"))?;
        let mut hits = facts.sources.of_production().filter_map(|file| {
            let hit = pattern.captures(file.as_str())?;
            let name = hit.get(1)?;
            let line = file.as_str()[name.start()..].lines().next().unwrap_or_default().trim_end();
            let tail = facts.sources.tail(file);
            Some((tail, apps::module(facts.sources, file, tail), name.as_str().to_owned(), file.at(name.start(), line)))
        });
        let Some((tail, (module, root), object, at)) = hits.next() else { continue };
        let fill = |word: &str| word.replace("{module}", &module).replace("{object}", &object).replace("{file}", tail);
        let words: Vec<String> = row.get("run").and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_str).map(fill).collect();
        // What is imported from another folder is found by PYTHONPATH, which is the program's and not a worker's alone.
        if root.is_empty() || facts.sources.packaged || words[0] == "python" {
            found.push(Decision::new(Cmd::exec(words), Source::inferred(format!("a worker of {}", text("dependency")), [at])));
        }
    }
    Ok(found)
}

/// `celery --app module`, from the folder that the module is imported from.
fn celery(app: &App<'_>) -> Vec<String> {
    let target = if matches!(app.object.as_str(), "app" | "celery") { app.module.clone() } else { app.target() };
    let mut words = vec!["celery".to_owned(), "--app".to_owned(), target];
    if !app.import_root.is_empty() {
        words.extend(["--workdir".to_owned(), app.import_root.clone()]);
    }
    words
}

/// The command of a worker.
pub fn worker_words(app: &App<'_>) -> Vec<String> {
    let mut words = celery(app);
    words.extend(["worker", "--loglevel", "info"].map(str::to_owned));
    words
}

/// Celery's clock, where anything is done by it.
fn clock(facts: &Facts<'_>, app: &App<'_>) -> Result<Option<Process>, Diagnostic> {
    let mut words = celery(app);
    words.extend(["beat", "--loglevel", "info"].map(str::to_owned));
    let at = if let Some(needed) = facts.project.needs(&["django-celery-beat"]) {
        words.extend(["--scheduler", "django"].map(str::to_owned));
        needed.at.clone()
    } else if let Some(hit) = facts.sources.find(&format!("({SCHEDULES})"))? {
        // The clock remembers in a file what it last did, and the code's folder is not its own.
        words.extend(["--schedule", "/tmp/celerybeat-schedule"].map(str::to_owned));
        hit.at
    } else {
        return Ok(None);
    };
    Ok(Some(Process { name: "beat".to_owned(), command: Decision::new(Cmd::exec(words), Source::inferred("work is done by the clock", [at])) }))
}
