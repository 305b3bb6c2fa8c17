//! `dev`: the development stage starts, and picks up a changed file.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::edit::{self, MARK};
use super::live::{self, Start};
use super::session::{Session, last_line};
use crate::fs::docker::{Beside, Fault, path, pause};
use crate::fs::http::{self, Answer};
use crate::fs::work;
use crate::model::verify::{Check, Finding};

/// How many times longer a development server may take until its first answer: it may have to compile everything first.
const COMPILES: u32 = 4;

/// How long a reaction may take: a restart waits for the program to end.
const REACTION: Duration = Duration::from_secs(20);

/// How long a page may take to show a change.
const PAGE: Duration = Duration::from_secs(30);

/// What there is to say of a program that does its work and is done.
const ENDS: &str = "runs to its end with code 0; a change is read at the next start";

/// Runs the check.
pub fn dev(session: &mut Session<'_>) -> Result<Finding, Fault> {
    let Some(name) = session.subject.dev.clone() else { return Ok(Finding::skipped(Check::Dev, "there is no development stage")) };
    let copy = session.copied()?;
    let app = session.subject.app.clone().filter(|app| app.target.as_deref() == Some(&name));
    let root = session.work.at("project");
    match app {
        Some(app) if app.file.parent().is_some_and(|folder| context_of(session, folder)) => {
            let (mut beside, container) = match compose(session, &app, &root)? {
                Ok(started) => started,
                Err(finding) => return Ok(finding),
            };
            let outcome = observe(session, &container, &app.ports, &copy, None, Some(&mut beside));
            drop(beside);
            let _ = session.docker.run(&["rm", "--force", "--volumes", &container])?;
            Ok(named(outcome?, &format!("{name} by `docker compose up --watch`")))
        }
        _ => {
            let Some(tag) = session.stages.get(&name).map(|built| built.tag.clone()) else {
                return Ok(Finding::skipped(Check::Dev, "the stage was not built: `build` is skipped"));
            };
            let image = session.inspect("image", &tag)?;
            let ports = live::ports(&image);
            let folder = image["Config"]["WorkingDir"].as_str().filter(|folder| !folder.is_empty()).unwrap_or("/").to_owned();
            session.progress.step("starting the development stage");
            let live = live::start_within(session, &tag, &ports, &[], &[], session.options.patience * COMPILES)?;
            let outcome = observe(session, &live.name, &ports, &copy, Some(&folder), None);
            let _ = session.docker.run(&["rm", "--force", "--volumes", &live.name])?;
            Ok(named(outcome?, &name))
        }
    }
}

fn named(mut finding: Finding, what: &str) -> Finding {
    finding.detail = format!("{what}: {}", finding.detail);
    finding
}

/// Whether the copy of the context lies below the copy of the compose file's folder as the original does.
fn context_of(session: &Session<'_>, folder: &Path) -> bool {
    let tail = &session.subject.shown_context;
    let there = if tail == "." { folder.to_owned() } else { folder.join(tail) };
    work::full(&there).is_some_and(|there| there == session.subject.context)
}

/// Starts the service with `docker compose up --watch` in the copy; the container's name, which stays when compose makes it anew.
fn compose(session: &mut Session<'_>, app: &super::subject::App, root: &Path) -> Result<Result<(Beside, String), Finding>, Fault> {
    let io = |error: std::io::Error| Fault::Failed(format!("the copy can't be completed: {error}"));
    let subject = session.subject;
    let original = app.file.parent().map(Path::to_owned).unwrap_or_default();
    // What .dockerignore keeps from the image is still needed to build and to start it.
    let mut needed: Vec<(PathBuf, PathBuf)> = vec![(subject.dockerfile.clone(), subject.dockerfile.clone()), (app.file.clone(), app.file.clone())];
    needed.push((subject.context.join(".dockerignore"), subject.context.join(".dockerignore")));
    needed.push((original.join(".env"), original.join(".env")));
    needed[0].0.clone_from(&session.file);
    for (from, place) in needed {
        let Ok(tail) = place.strip_prefix(&original) else { continue };
        if let Some(text) = work::text(&from) {
            session.work.write(&format!("project/{}", tail.display()), &text).map_err(io)?;
        }
    }
    let project = session.name("dev");
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let ports: String = app.ports.iter().map(|port| format!("      - '127.0.0.1::{port}'\n")).collect();
    let ports = if ports.is_empty() { "    ports: !reset []\n".to_owned() } else { format!("    ports: !override\n{ports}") };
    let (key, value) = session.label().split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())).unwrap_or_default();
    let label = format!("{key}: {value}");
    let image = session.name("dev-image");
    let settings = format!(
        "services:\n  {}:\n    image: {image}\n    container_name: !reset null\n    restart: 'no'\n    build:\n      labels:\n        {label}\n    labels:\n      {label}\n{ports}",
        quoted(&app.service)
    );
    let more = session.work.write("project/.dockgen-verify.yaml", &settings).map_err(io)?;
    let file = root.join(app.file.file_name().unwrap_or_default());
    session.remember_project(&project, vec![file.clone(), more.clone()]);
    let (root, file, more) = (path(root), path(&file), path(&more));
    let mut args = vec!["compose", "--project-name", &project, "--project-directory", &root, "--file", &file, "--file", &more, "up", "--build"];
    // The services that it waits for are started only where somebody asked for them.
    if session.options.compose.is_none() {
        args.push("--no-deps");
    }
    if app.watches {
        args.push("--watch");
    }
    args.push(&app.service);
    session.progress.step("docker compose up");
    let mut beside = session.docker.beside(&args)?;
    let begun = Instant::now();
    let filter = format!("label=com.docker.compose.project={project}");
    let service = format!("label=com.docker.compose.service={}", app.service);
    loop {
        let id = session.docker.ask(&["ps", "--all", "--format", "{{.Names}}", "--filter", &filter, "--filter", &service])?;
        if let Some(id) = id.lines().next().filter(|_| session_started(session, &id)) {
            return Ok(Ok((beside, id.to_owned())));
        }
        if beside.ended() || begun.elapsed() > Duration::from_mins(15) {
            let said: Vec<String> = beside.said().iter().rev().take(15).rev().map(|line| format!("  {line}")).collect();
            return Ok(Err(Finding::fail(Check::Dev, "`docker compose up` does not start it").more(said)));
        }
        pause(Duration::from_millis(200))?;
    }
}

/// Whether a container has been started, even if it has ended since.
fn session_started(session: &Session<'_>, ids: &str) -> bool {
    let id = ids.lines().next().unwrap_or_default();
    session.inspect("container", id).is_ok_and(|value| !value["State"]["StartedAt"].as_str().unwrap_or("0001").starts_with("0001"))
}

/// What can be seen of a container from outside.
#[derive(Debug)]
struct Sight {
    started: String,
    running: bool,
    pids: BTreeSet<String>,
    log: usize,
}

fn sight(session: &Session<'_>, name: &str) -> Result<Sight, Fault> {
    let state = session.inspect("container", name)?["State"].take();
    let top = session.docker.run(&["top", name, "-eo", "pid"])?;
    let log = session.docker.run(&["logs", name])?;
    Ok(Sight {
        started: state["StartedAt"].as_str().unwrap_or_default().to_owned(),
        running: state["Running"] == true,
        pids: top.stdout.lines().skip(1).map(|line| line.trim().to_owned()).collect(),
        log: log.stdout.len() + log.stderr.len(),
    })
}

/// Waits for the start, changes a file, and waits for the reaction.
fn observe(
    session: &mut Session<'_>,
    name: &str,
    ports: &[u16],
    copy: &Path,
    copied_to: Option<&str>,
    mut beside: Option<&mut Beside>,
) -> Result<Finding, Fault> {
    session.progress.step("waiting for the first answer");
    let begun = match live::wait(session, name, ports, Instant::now(), session.options.patience * COMPILES)? {
        Start::Ended { code: 0 } if ports.is_empty() => return Ok(Finding::ok(Check::Dev, ENDS)),
        Start::Ended { code } => return Ok(Finding::fail(Check::Dev, format!("ends with code {code}")).more(live::log(session, name))),
        Start::Mute => {
            return Ok(Finding::fail(Check::Dev, format!("nothing answers on port {}", ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")))
                .more(live::log(session, name)));
        }
        Start::Http { status, port, .. } if status >= 500 => {
            return Ok(Finding::fail(Check::Dev, format!("answers {status} on port {port}")).more(live::log(session, name)));
        }
        Start::Http { status, port, .. } => format!("answers {status} on port {port}"),
        Start::Open { port, .. } => format!("takes connections on port {port}"),
        Start::Up => "stays up".to_owned(),
    };
    if let Some(beside) = beside.as_mut() {
        watching(session, beside)?;
    }
    let command = {
        let container = session.inspect("container", name)?;
        let words = container["Config"]["Cmd"].as_array().into_iter().flatten().chain(container["Config"]["Entrypoint"].as_array().into_iter().flatten());
        words.filter_map(|word| word.as_str()).collect::<Vec<_>>().join(" ") + " " + &edit::command(session)?
    };
    let mut tried = Vec::new();
    for file in edit::candidates(copy, &command).into_iter().take(3) {
        if let Some(finding) = done(session, name, ports)? {
            return Ok(finding);
        }
        session.progress.step(&format!("changing {file}"));
        match react(session, name, ports, copy, copied_to, &file)? {
            Reaction::Seen(what) => {
                if !ports.is_empty() && !answers_again(session, name, ports)? {
                    return Ok(Finding::fail(Check::Dev, format!("{begun}, {what} after a change to {file}, and does not answer any more"))
                        .more(live::log(session, name)));
                }
                return Ok(Finding::ok(Check::Dev, format!("{begun}, {what} after a change to {file}")));
            }
            Reaction::NotThere => {}
            Reaction::None => tried.push(file),
        }
    }
    if let Some(finding) = done(session, name, ports)? {
        return Ok(finding);
    }
    if tried.is_empty() {
        return Ok(Finding::skipped(Check::Dev, format!("{begun}; no source file of the context lies in the container's folder, so none was changed")));
    }
    let mut said = beside.map(|beside| beside.said().iter().rev().take(6).rev().map(|line| format!("  {line}")).collect::<Vec<_>>()).unwrap_or_default();
    said.extend(live::log(session, name));
    Ok(Finding::fail(Check::Dev, format!("{begun}, but nothing happens after a change to {}", tried.join(", ")))
        .more(said)
        .help("run the program under a watcher in the development stage, and sync the sources with develop.watch"))
}

/// The finding where a program without a port has come to its end by itself.
fn done(session: &Session<'_>, name: &str, ports: &[u16]) -> Result<Option<Finding>, Fault> {
    if !ports.is_empty() {
        return Ok(None);
    }
    let state = session.inspect("container", name)?["State"].take();
    let ended = state["Status"] == "exited" && state["ExitCode"] == 0;
    Ok(ended.then(|| Finding::ok(Check::Dev, ENDS)))
}

/// Waits until compose says that it watches; a compose file without `develop` says nothing.
fn watching(session: &Session<'_>, beside: &mut Beside) -> Result<(), Fault> {
    if !session.subject.app.as_ref().is_some_and(|app| app.watches) {
        return Ok(());
    }
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(15) {
        if beside.said().iter().any(|line| line.to_lowercase().contains("watch enabled")) {
            break;
        }
        pause(Duration::from_millis(100))?;
    }
    pause(Duration::from_millis(500))
}

enum Reaction {
    Seen(String),
    NotThere,
    None,
}

fn react(session: &Session<'_>, name: &str, ports: &[u16], copy: &Path, copied_to: Option<&str>, file: &str) -> Result<Reaction, Fault> {
    let addresses: Vec<SocketAddr> = live::published(session, name, ports)?.into_iter().map(|(_, address)| address).collect();
    let place = copied_to.map(|folder| format!("{}/{file}", folder.trim_end_matches('/')));
    if let Some(place) = &place
        && !session.docker.run(&["cp", &format!("{name}:{place}"), &path(&session.work.at("cp"))])?.ok()
    {
        return Ok(Reaction::NotThere);
    }
    // A server that compiles what is asked for must have been asked before it has something to compile again.
    let urls = urls(file);
    let ask = |urls: &[String]| {
        for (address, url) in addresses.iter().flat_map(|address| urls.iter().map(move |url| (address, url))) {
            let _ = http::get(*address, url, Duration::from_secs(10));
        }
    };
    ask(&urls);
    pause(Duration::from_millis(700))?;
    let first = sight(session, name)?;
    pause(Duration::from_millis(1200))?;
    let quiet = sight(session, name)?;
    let noisy = first.log != quiet.log;
    ask(&urls[..1]);
    pause(Duration::from_millis(300))?;
    let before = sight(session, name)?;
    let stable: BTreeSet<&String> = first.pids.intersection(&before.pids).collect();
    // One that has no word for a request may be asked after the change too: what it says then is about the change.
    let mut to_ask = before.log == quiet.log;
    let (undo, marked) = edit::mark(copy, file, &session.id)?;
    if let Some(place) = &place {
        session.docker.ask(&["cp", &path(&copy.join(file)), &format!("{name}:{place}")])?;
    }
    let begun = Instant::now();
    let mut seen = None;
    while seen.is_none() && begun.elapsed() < if marked { REACTION / 2 } else { REACTION } {
        pause(Duration::from_millis(250))?;
        if !marked && to_ask && begun.elapsed() > REACTION / 4 {
            to_ask = false;
            ask(&urls[..1]);
        }
        let now = sight(session, name)?;
        seen = if now.started != before.started {
            Some("restarts".to_owned())
        } else if !now.running || now.pids.is_empty() {
            // Between the end and the start of a restart; one that has ended for good is no reaction.
            None
        } else if stable.iter().any(|pid| !now.pids.contains(*pid)) {
            Some("reloads".to_owned())
        } else if !noisy && now.log > before.log {
            let said = session.docker.run(&["logs", "--tail", "1", name])?;
            let line = last_line(&format!("{}\n{}", said.stdout, said.stderr)).to_owned();
            Some(format!("says `{}`", plain(&line)))
        } else {
            None
        };
    }
    // From here on a line in the log may be about the request for the page.
    while seen.is_none() && marked && begun.elapsed() < PAGE {
        let shows = addresses
            .iter()
            .any(|address| urls.iter().any(|url| matches!(http::get(*address, url, Duration::from_secs(10)), Answer::Http(_, body) if body.contains(MARK))));
        let now = sight(session, name)?;
        if shows {
            seen = Some("serves the new text".to_owned());
        } else if now.started != before.started {
            seen = Some("restarts".to_owned());
        } else {
            pause(Duration::from_millis(300))?;
        }
    }
    undo.restore()?;
    if let Some(place) = &place {
        let _ = session.docker.run(&["cp", &path(&copy.join(file)), &format!("{name}:{place}")])?;
    }
    Ok(seen.map_or(Reaction::None, Reaction::Seen))
}

/// Where a file may be served: the first page, and its own path with ever fewer folders.
fn urls(file: &str) -> Vec<String> {
    let mut urls = vec!["/".to_owned()];
    let mut rest = Some(file);
    while let Some(tail) = rest {
        urls.push(format!("/{tail}"));
        rest = tail.split_once('/').map(|(_, tail)| tail);
    }
    urls
}

/// A line without what only a terminal understands.
fn plain(line: &str) -> String {
    anstream::adapter::strip_str(line).to_string().replace('`', "'").chars().filter(|c| !c.is_control()).take(100).collect()
}

fn answers_again(session: &Session<'_>, name: &str, ports: &[u16]) -> Result<bool, Fault> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(45) {
        for (_, address) in live::published(session, name, ports)? {
            if http::get(address, "/", Duration::from_secs(5)) != Answer::Silent {
                return Ok(true);
            }
        }
        pause(Duration::from_millis(200))?;
    }
    Ok(false)
}
