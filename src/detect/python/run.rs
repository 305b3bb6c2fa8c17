//! What runs: in the order of who says so, from the Procfile down to a file that is a program.

use super::apps::{self, App, Sources};
use super::django::{self, Django};
use super::listens;
use super::managers::Manager;
use super::modules;
use super::options;
use super::processes;
use super::programs;
use super::project::Project;
use super::routes;
use super::runners;
use super::servers::{self, Servers};
use super::stated;
use super::stdio;
use super::variables;
use super::writes;
use crate::catalog::{FrameworkRow, StackPack};
use crate::detect::asked;
use crate::detect::writes::Writes;
use crate::fs::Dir;
use crate::manifest::procfile;
use crate::model::answers::Hints;
use crate::model::question::Question;
use crate::model::{Candidates, Cmd, Decision, Diagnostic, Health, Kind, Open, ServiceDraft, Source};

/// Programs that end by themselves on SIGTERM.
const GRACEFUL: &[&str] = &["uvicorn", "gunicorn", "hypercorn", "granian", "daphne", "celery", "streamlit", "fastapi", "sanic", "uwsgi", "chainlit", "scrapy"];

/// Frameworks whose plug-ins have names that begin with theirs.
const PLUGGED: &[&str] = &["celery", "dash", "django", "fastapi", "flask", "streamlit"];

/// What all of this reads.
pub struct Facts<'a> {
    /// The source.
    pub sources: &'a Sources<'a>,
    /// The manifests.
    pub project: &'a Project,
    /// The package manager.
    pub manager: &'a Manager<'a>,
    /// The catalogue.
    pub pack: &'a StackPack,
    /// The answers.
    pub hints: &'a Hints<'a>,
    /// What the lock holds for production.
    pub installed: &'a [String],
}

/// What was found to run.
#[derive(Default)]
struct Run<'p> {
    row: Option<&'p FrameworkRow>,
    framework: Option<Source>,
    django: Option<Django>,
    apps: Vec<App<'p>>,
}

/// States what runs, where it listens and how it is asked for its health; what Django's settings say of what is written comes back.
pub fn take(facts: &Facts<'_>, draft: &mut ServiceDraft) -> Result<Writes, Diagnostic> {
    let lines = procfile::read(&facts.sources.dir)?;
    let mut run = framework(facts)?;
    let of_web = run.row.is_some_and(|row| row.port.is_some());
    let mut process = stated::of_procfile(&facts.sources.dir, &lines, of_web, draft);
    let told = match run.row {
        Some(row) => programs::file_of(facts.sources, row)?.is_some() || row.data.contains_key("spiders"),
        None => false,
    };
    // An application that no server among the dependencies serves may be a part of a program that does.
    let prepared = runners::prepares(facts)?.is_some();
    let plain = run.apps.len() == 1 && of_web && !prepared && servers::has_one(facts.project, facts.installed, &run.apps[0]);
    if let Some(folder) = process.as_ref().and_then(|process| listens::goes_to(&process.command)) {
        run.apps = apps::below(facts.sources, &folder, run.apps);
    }
    if run.apps.len() > 1 {
        run.apps = stated::chosen(facts, process.as_ref(), run.apps);
    }
    if process.is_none() && run.django.is_none() && !told && !plain && run.apps.len() < 2 && facts.hints.get(Question::StartCmd).is_none() {
        process = stated::by_hand(facts, of_web, draft).filter(|line| run.apps.is_empty() || line.command.starts_with("python "));
        if !run.apps.is_empty() && of_web && (process.is_some() || prepared || stated::serves_itself(facts)?) {
            run.apps.clear();
        }
    }
    // What the project's own image does before the server starts, this one doesn't.
    if process.is_none() && plain && of_web {
        stated::prepared(facts, draft);
    }
    let process = process.as_ref();
    // What a script of the project's starts says as much as the line that starts the script.
    let said = process.map(|process| with_script(&facts.sources.dir, &process.command));
    if let (Some(row), Some(source)) = (run.row, &run.framework) {
        draft.framework = Some(Decision::new(row.id.clone(), source.clone()));
    }
    let task = facts.project.conda.as_ref().and_then(|conda| conda.task.clone()).or_else(|| stated::task(facts));
    let mut ports = Candidates::new();
    if let Some((task, at)) = task.as_ref().filter(|(task, _)| of_web && process.is_none() && task.contains("0.0.0.0")) {
        ports.extend(routes::port_of(task).map(|port| (port, Source::File(at.clone()))));
    }
    if let Some(process) = process.filter(|process| process.name == "web") {
        ports.extend(said.as_deref().and_then(routes::port_of).map(|port| (port, Source::File(process.at.clone()))));
    }
    ports.extend(listens::ports(facts.sources, said.as_deref())?.iter().cloned());
    // Commands of a Django project listen to much that is not the site.
    if run.django.is_none() {
        ports.extend(routes::ports(facts.sources)?.iter().cloned());
        ports.extend(listens::own(facts.sources).iter().filter_map(|setting| Some((setting.port()?, Source::File(setting.at.clone())))));
    }
    if let [app] = &run.apps[..] {
        ports.extend(routes::of_script(&facts.sources.dir, &app.target())?);
    }
    let listens = run.row.and_then(|row| row.port);
    // A program that makes its own server keeps its port somewhere: people are told it.
    if listens.is_some() && run.apps.is_empty() && run.django.is_none() && !told {
        ports.extend(routes::told_to_people(&facts.sources.dir)?);
    }
    if let (Some(port), Some(row)) = (listens, run.row) {
        ports.push(port, Source::default(format!("the port of {}", row.title)));
    } else if process.is_some_and(|process| process.name == "web") {
        ports.push(8000, Source::default("the port of Python's servers"));
    }
    // A server of the program's own that leaves its port to the one who starts it, or to uvicorn.
    let asked = routes::asked(facts.sources)?.filter(|_| run.apps.is_empty() && run.django.is_none());
    if run.row.is_none() && ports.is_empty() && process.is_none() {
        ports.extend(asked.clone().map(|at| (8000, Source::inferred("the program reads PORT", [at]))));
        let bare = facts.sources.find(r"\b(uvicorn\.run)\(")?.filter(|_| facts.project.needs(&["uvicorn", "fastapi"]).is_some());
        ports.extend(bare.map(|hit| (8000, Source::inferred("the port of uvicorn", [hit.at]))));
        let waitress = facts.sources.find(r"(?m)^\s*(from\s+waitress\s+import\s+serve|import\s+waitress)\b")?;
        let waitress = waitress.filter(|_| facts.project.needs(&["waitress"]).is_some());
        ports.extend(waitress.map(|hit| (8080, Source::inferred("the port of waitress", [hit.at]))));
    }
    let quiet = stdio::by_itself(facts, run.row, said.as_deref())?;
    let server = quiet.is_none() && (listens.is_some() || run.row.is_none() && process.is_none_or(|process| process.name == "web"));
    draft.port = if server { asked::port(facts.hints, ports)? } else { asked::port(facts.hints, Candidates::new())? };
    draft.notes.extend(quiet.and_then(|at| stdio::note(draft, at)));
    let port = draft.port.as_ref().map_or(8000, |decision| decision.value);
    let line = draft.runtime.as_ref().map(|decision| &decision.value);
    let (extra, installed) = (servers::extra(facts.pack, line), facts.installed.to_vec());
    let servers = Servers { dir: &facts.sources.dir, project: facts.project, manager: facts.manager, pack: facts.pack, port, extra, installed };
    let mut starts = Candidates::new();
    if let Some(process) = process {
        match Cmd::parse(&process.command) {
            Ok(command) => {
                starts.push(command, Source::File(process.at.clone()));
            }
            Err(why) => {
                draft.notes.push(Diagnostic::warning("procfile", format!("the Procfile's `{}` is left out: {why}", process.name)).at(process.at.clone()));
            }
        }
    }
    if let Some((task, at)) = task
        && let Ok(command) = Cmd::parse(&task)
        // A task for the developer's own machine serves nobody else.
        && (!of_web || task.contains("0.0.0.0"))
    {
        starts.push(command, Source::File(at));
    }
    let mut devs = Candidates::new();
    commands(facts, &run, &servers, &mut starts, &mut devs, draft)?;
    draft.start = asked::command(facts.hints, Question::StartCmd, starts)?;
    draft.dev = devs.pick();
    processes::take(facts, &lines, process.map(|process| process.name.as_str()), run.django.as_ref().map_or("", |django| django.imports.as_str()), draft)?;
    servers.add_missing(draft);
    options::reachable(facts, draft)?;
    settle(facts, &run, &servers, said.as_deref(), draft)
}

/// A command with the text of the script that it starts.
fn with_script(dir: &Dir<'_>, command: &str) -> String {
    let script = command.split_whitespace().map(|word| word.trim_start_matches("./")).find_map(|word| word.strip_suffix(".sh").and_then(|_| dir.peek(word)));
    script.map_or_else(|| command.to_owned(), |text| format!("{command}\n{}", text.as_str()))
}

/// The framework, by its object in the source.
fn framework<'a>(facts: &Facts<'a>) -> Result<Run<'a>, Diagnostic> {
    // A plug-in brings its framework.
    let brought = |name: &str| {
        let start = format!("{name}-");
        PLUGGED.contains(&name) && facts.project.requirements.iter().any(|requirement| requirement.production && requirement.name.starts_with(&start))
    };
    let depends = |name: &str| facts.project.needs(&[name]).is_some() || brought(name);
    let managed = facts.sources.dir.peek("manage.py").is_some_and(|text| text.as_str().contains("DJANGO_SETTINGS_MODULE"));
    if (managed || depends("django") || facts.project.requirements.is_empty())
        && let Some(django) = django::read(facts.sources)?
    {
        let row = facts.pack.framework("django");
        let at = facts.project.needs(&["django"]).map(|requirement| requirement.at.clone()).or_else(|| django.at.clone());
        return Ok(Run { row, framework: at.map(Source::File), django: Some(django), apps: Vec::new() });
    }
    let apps = apps::find(facts.sources, facts.pack, &depends)?;
    let of_web = |app: &&App<'_>| app.row.port.is_some();
    if let Some(app) = apps.first().filter(of_web) {
        let at = app.row.dependency.iter().find_map(|name| facts.project.needs(&[name.as_str()])).map_or_else(|| app.at.clone(), |needed| needed.at.clone());
        return Ok(Run { row: Some(app.row), framework: Some(Source::File(at)), django: None, apps });
    }
    for row in facts.pack.frameworks(depends) {
        let Some(call) = row.data.get("call").and_then(toml::Value::as_str) else { continue };
        if programs::serving(facts.sources, call)?.is_some() {
            let at = row.dependency.iter().find_map(|name| facts.project.needs(&[name.as_str()])).map(|needed| needed.at.clone());
            return Ok(Run { row: Some(row), framework: at.map(Source::File), django: None, apps: Vec::new() });
        }
    }
    for row in facts.pack.frameworks(depends) {
        if programs::file_of(facts.sources, row)?.is_some() || row.data.contains_key("spiders") {
            let at = row.dependency.iter().find_map(|name| facts.project.needs(&[name.as_str()])).map(|needed| needed.at.clone());
            return Ok(Run { row: Some(row), framework: at.map(Source::File), django: None, apps });
        }
    }
    if let Some(app) = apps.first() {
        let at = app.row.dependency.iter().find_map(|name| facts.project.needs(&[name.as_str()])).map_or_else(|| app.at.clone(), |needed| needed.at.clone());
        return Ok(Run { row: Some(app.row), framework: Some(Source::File(at)), django: None, apps });
    }
    Ok(Run::default())
}

fn commands(
    facts: &Facts<'_>,
    run: &Run<'_>,
    servers: &Servers<'_>,
    starts: &mut Candidates<Cmd>,
    devs: &mut Candidates<Cmd>,
    draft: &mut ServiceDraft,
) -> Result<(), Diagnostic> {
    let push = |candidates: &mut Candidates<Cmd>, decision: Decision<Cmd>| {
        candidates.push(decision.value, decision.source);
    };
    if let Some(django) = &run.django {
        let at = django.at.clone();
        match servers.django(django) {
            Some(decision) => starts.push(decision.value, decision.source),
            None => starts.push(Cmd::exec(servers.runserver(django, false)), Source::inferred("Django's own server, for want of another", at.clone())),
        };
        devs.push(Cmd::exec(servers.debugged(servers.runserver(django, true))), Source::inferred("it reloads on a change", at));
        return Ok(());
    }
    if let [app, more @ ..] = &run.apps[..] {
        if app.row.id == "celery" {
            starts.push(Cmd::exec(processes::worker_words(app)), Source::inferred("a worker of the application", [app.at.clone()]));
            return Ok(());
        }
        if !more.is_empty() && starts.is_empty() && facts.hints.get(Question::StartCmd).is_none() {
            let candidates = run.apps.iter().filter_map(|app| servers.production(app)).map(|decision| (decision.value.to_string(), decision.source)).collect();
            draft.open.push(Open { question: Question::StartCmd, message: "more than one application could be the one that runs".to_owned(), candidates });
            return Ok(());
        }
        if let Some(decision) = servers.production(app) {
            push(starts, decision);
        }
        if let Some(decision) = servers.development(app) {
            push(devs, decision);
        }
        return Ok(());
    }
    if let Some(row) = run.row {
        programs::told(facts, row, servers.port, starts, devs)?;
        programs::spiders(facts, row, starts, draft)?;
    }
    if let Some(call) = run.row.and_then(|row| row.data.get("call")).and_then(toml::Value::as_str)
        && !facts.sources.packaged
        && let Some((file, at)) = programs::serving(facts.sources, call)?
    {
        starts.push(Cmd::exec(modules::words(facts.sources, &file)?), Source::inferred("the file starts the server", [at]));
    }
    // A package is started by the name of its module, where no command of its own does it.
    if let Some(call) = run.row.and_then(|row| row.data.get("call")).and_then(toml::Value::as_str)
        && facts.sources.packaged
        && let Some((file, at)) = programs::serving(facts.sources, call)?.filter(|(file, _)| file.contains('/'))
        && !modules::leads(facts, &file)
        && let Some(text) = facts.sources.dir.peek(&file).filter(|text| programs::is_guarded(text))
    {
        let (module, _) = apps::module(facts.sources, &text, &file);
        let module = module.trim_end_matches(".__main__");
        starts.push(Cmd::exec(["python", "-m", module]), Source::inferred("the module starts the server", [at]));
    }
    if run.row.is_none() && starts.is_empty() {
        starts.extend(processes::workers(facts)?.into_iter().next().map(|decision| (decision.value, decision.source)));
    }
    if run.row.is_none_or(|row| !row.data.contains_key("run") && !row.data.contains_key("spiders") || row.data.contains_key("call")) {
        programs::program(facts, starts, draft)?;
    }
    Ok(())
}

/// The kind, the health and how it stops.
fn settle(facts: &Facts<'_>, run: &Run<'_>, servers: &Servers<'_>, process: Option<&str>, draft: &mut ServiceDraft) -> Result<Writes, Diagnostic> {
    let sources = facts.sources;
    let program = draft.start.as_ref().and_then(|start| start.value.program().map(str::to_owned)).unwrap_or_default();
    let script = facts.project.scripts.iter().any(|script| script.name == program);
    let endless = sources.any(r"(?m)while\s+True|while\s+1:|run_forever|BlockingScheduler\(|run_pending\(|run_polling|start_polling|infinity_polling|\.run_until_|client\.run\(|bot\.run\(")?;
    draft.kind = if draft.port.is_some() {
        Kind::Server
    } else if run.row.is_some_and(|row| !row.data.contains_key("spiders")) || process.is_some() || endless && !script {
        Kind::Worker
    } else {
        Kind::Tool
    };
    draft.health = health(facts, run, draft.port.is_some())?;
    let strict = run.django.as_ref().is_none_or(|django| django.answers_itself);
    draft.set("strict_health", strict && matches!(&draft.health, Health::Http(route) if !matches!(route.source, Source::Default { .. })));
    let words = draft.start.as_ref().map(|start| start.value.words()).unwrap_or_default();
    let graceful = words.iter().any(|word| GRACEFUL.iter().any(|name| word == name || word.contains(&format!("{name} "))));
    let handled = sources.any(r"\bSIGTERM\b|uvicorn\.run\(|\brun_app\(")?;
    // Python heeds SIGINT as process 1 and ignores SIGTERM there.
    draft.set("stop_signal", if graceful || handled || draft.start.is_none() { "" } else { "SIGINT" });
    let helpful =
        facts.project.needs(&["click", "typer", "typer-slim", "cyclopts", "fire"]).is_some() || sources.any(r"(?m)^\s*(?:import|from)\s+argparse\b")?;
    if program == "python"
        && let Some(table) = run.row.and_then(|row| row.data.get("program-env")).and_then(toml::Value::as_table)
    {
        draft.env.extend(table.iter().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))));
    }
    if !draft.facts.iter().any(|(name, _)| name == "told") {
        draft.notes.extend(programs::loopback(facts, run.row, draft)?);
    }
    draft.set("console", script);
    draft.set("help", script && helpful && draft.port.is_none() && words.len() == 1);
    let reloads = draft.dev.is_some();
    draft.watch.action = if reloads { "sync" } else { "sync+restart" }.to_owned();
    draft.set("reloads", reloads);
    if facts.project.has("debugpy").is_some() && reloads && run.row.is_some_and(|row| !row.data.contains_key("run")) {
        draft.set("debug_port", servers::DEBUG_PORT);
    }
    if let Some(command) = process
        && let Some(port) = draft.port.as_ref().map(|port| port.value)
    {
        let unbound =
            command.contains("gunicorn") && routes::port_of(command).is_none() && !sources.dir.has("gunicorn.conf.py") && !listens::binds(sources, command);
        if command.contains("gunicorn ") {
            let bind = if listens::binds_inside(&sources.dir, command) { format!("--bind 0.0.0.0:{port} ") } else { String::new() };
            draft.env.push(("GUNICORN_CMD_ARGS".to_owned(), format!("{bind}{}", servers.gunicorn_settings())));
        }
        draft.env.extend(listens::of_uwsgi(&sources.dir, command, port));
        if command.contains("$PORT") || command.contains("${PORT") || unbound {
            draft.env.push(("PORT".to_owned(), port.to_string()));
        }
    }
    let by_itself = run.apps.is_empty() && run.django.is_none() && (program == "python" || script);
    if by_itself && !draft.env.iter().any(|(name, _)| name == "PORT") && routes::asked(sources)?.is_some() {
        draft.env.extend(draft.port.as_ref().map(|port| ("PORT".to_owned(), port.value.to_string())));
    }
    let django = run.django.clone().unwrap_or_default();
    let folder = if django.folder.is_empty() { String::new() } else { format!("{}/", django.folder) };
    draft.set("collectstatic", django.static_root.is_some());
    draft.set("bare_static", django.bare_static);
    // These two import from where they stand, and can't be told another folder.
    let root = if django.imports.is_empty() { run.apps.first().map_or("", |app| app.import_root.as_str()) } else { django.imports.as_str() };
    if matches!(program.as_str(), "daphne" | "waitress-serve") && !root.is_empty() {
        draft.env.push(("PYTHONPATH".to_owned(), format!("/app/{root}")));
    }
    if let Some(folder) = stated::path(facts, &words).filter(|_| !draft.env.iter().any(|(name, _)| name == "PYTHONPATH")) {
        draft.env.push(("PYTHONPATH".to_owned(), format!("/app/{folder}")));
    }
    let root = django.static_root.as_ref().and_then(|(root, _)| root.clone());
    let inside = root.as_ref().filter(|root| !root.starts_with('/')).map(|root| format!("{folder}{root}"));
    draft.set("static_root", root.map_or_else(String::new, |root| if root.starts_with('/') { root } else { format!("/app/{folder}{root}") }));
    if let (None, Some((None, at))) = (&inside, &django.static_root) {
        draft.notes.push(
            Diagnostic::warning("static-root", "the collected static files don't reach production: STATIC_ROOT is not a plain folder")
                .at(at.clone())
                .help("set STATIC_ROOT = BASE_DIR / \"staticfiles\""),
        );
    }
    draft.set("manage", format!("{folder}manage.py"));
    draft.env.extend(django.settings.iter().map(|module| ("DJANGO_SETTINGS_MODULE".to_owned(), module.clone())));
    draft.set("build_env", django.build_env.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>());
    draft.compose.env.extend(django.dev_env);
    draft.ignore.extend(inside);
    draft.notes.extend(variables::needed(sources, django.needed, draft)?);
    let mut written = Writes::default();
    let seen = |place: String| if place.starts_with('/') { place } else { format!("{folder}{place}") };
    if let Some((place, at)) = django.media {
        writes::folder(&mut written, &seen(place), at);
    }
    if let Some((place, at)) = django.file_database {
        writes::file(&mut written, sources, &seen(place), at);
    }
    Ok(written)
}

fn health(facts: &Facts<'_>, run: &Run<'_>, listens: bool) -> Result<Health, Diagnostic> {
    if !listens {
        return Ok(Health::None { because: "the program listens on no port".to_owned() });
    }
    if let Some(protocol) = run.row.and_then(|row| row.data.get("speaks")).and_then(toml::Value::as_str) {
        return Ok(Health::None { because: format!("{protocol} is no HTTP, and the image has no client of it") });
    }
    if let Some(path) = run.row.and_then(|row| row.health.as_ref()) {
        let source = Source::inferred(
            format!("the route of {}", run.row.map_or("", |row| row.title.as_str())),
            run.framework.as_ref().and_then(Source::evidence).cloned(),
        );
        return Ok(Health::Http(Decision::new(path.clone(), source)));
    }
    let found = if let Some(django) = &run.django {
        routes::django_health(facts.sources, django)?
    } else {
        let app = run.apps.first();
        let object = app.map_or("app", |app| if app.factory { "app" } else { app.object.as_str() });
        routes::health(facts.sources, object, app.map_or("", |app| app.import_root.as_str()))?
    };
    let route =
        found.unwrap_or_else(|| Decision::new("/".to_owned(), Source::default("no route of its own for health was found: any answer below 500 will do")));
    Ok(Health::Http(route))
}

#[cfg(test)]
mod tests {
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::{Answers, ServiceDraft};

    fn draft(files: &[(&str, &str)]) -> ServiceDraft {
        detect(&Tree::memory(files.iter().copied()), &Answers::default()).services.remove(0)
    }

    #[test]
    fn what_the_projects_own_image_does_first_is_said() {
        let script = "#!/bin/sh\nset -e\nwhile ! nc -z db 5432; do sleep 1; done\nalembic upgrade head\nexec uvicorn app:app --host 0.0.0.0\n";
        let app = ("app.py", "app = FastAPI()\n");
        let dockerfile = ("Dockerfile", "FROM python:3.12\nWORKDIR /code\nCOPY . .\nCMD [\"sh\", \"start.sh\"]\n");
        let found = draft(&[("requirements.txt", "fastapi\nuvicorn\nalembic\n"), app, ("start.sh", script), dockerfile]);
        let said = found.notes.iter().find(|note| note.id == "release").expect("a note");
        assert!(said.message.contains("doesn't run `alembic upgrade head` first"), "{}", said.message);
    }

    #[test]
    fn a_bot_runs_beside_the_application() {
        let bot = "from bot.texts import x\nasync def main():\n    await dp.start_polling(b)\nif __name__ == '__main__':\n    asyncio.run(main())\n";
        let found =
            draft(&[("requirements.txt", "fastapi\nuvicorn\naiogram\n"), ("api/main.py", "app = FastAPI()\n"), ("bot/main.py", bot), ("bot/texts.py", "")]);
        let commands: Vec<String> = found.processes.iter().map(|process| format!("{}: {}", process.name, process.command.value)).collect();
        assert_eq!((found.start.expect("one").value.program(), &commands[..]), (Some("uvicorn"), &["bot: python -m bot.main".to_owned()][..]));
    }

    #[test]
    fn a_program_among_the_tools_is_read_where_a_procfile_starts_it() {
        let serve = ("scripts/serve.py", "app = FastAPI()\nif __name__ == '__main__':\n    uvicorn.run(app, host='0.0.0.0', port=7000)\n");
        let found = draft(&[("requirements.txt", "fastapi\nuvicorn\n"), ("Procfile", "web: python scripts/serve.py\n"), serve]);
        assert_eq!(found.port.map(|port| port.value), Some(7000));
    }

    #[test]
    fn a_program_that_is_told_its_port() {
        let source =
            "def main():\n    app = FastAPI()\n    uvicorn.run(app, host='0.0.0.0', port=int(os.environ['PORT']))\nif __name__ == '__main__':\n    main()\n";
        let found = draft(&[("requirements.txt", "fastapi\nuvicorn\n"), ("serve.py", source)]);
        assert_eq!(found.start.expect("a start").value.to_string(), "python serve.py");
        assert_eq!((found.port.map(|port| port.value), found.env), (Some(8000), vec![("PORT".to_owned(), "8000".to_owned())]));
    }
}
