//! The checks that start the image: `run`, `user`, `health`, `stop` and `readonly`.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::session::{Session, last_line};
use crate::fs::docker::{Fault, path, pause};
use crate::fs::http::{self, Answer};
use crate::model::verify::{Check, Finding};

/// How long a program without a port is watched.
const WATCH: Duration = Duration::from_secs(4);

/// What every hardened container gets.
const HARDENED: &[&str] = &["--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];

/// How a container began.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// It answers HTTP with this status on this port.
    Http { port: u16, status: u16, seconds: f64 },
    /// It takes connections on this port.
    Open { port: u16, seconds: f64 },
    /// It stays up; it names no port.
    Up,
    /// It ended by itself.
    Ended { code: i64 },
    /// It is up, but nothing answers on its ports.
    Mute,
}

/// A container that was started.
#[derive(Clone, Debug)]
pub struct Live {
    /// Its name.
    pub name: String,
    /// How it began.
    pub start: Start,
    /// Its ports.
    pub ports: Vec<u16>,
    /// What it was given to run beyond the image's own command.
    pub words: Vec<String>,
}

impl Live {
    /// Whether it is still there to be looked at.
    pub fn is_up(&self) -> bool {
        !matches!(self.start, Start::Ended { .. })
    }
}

/// The TCP ports that an image exposes, in order.
pub fn ports(image: &Value) -> Vec<u16> {
    let exposed = image["Config"]["ExposedPorts"].as_object().into_iter().flatten();
    let mut ports: Vec<u16> = exposed.filter_map(|(port, _)| port.strip_suffix("/tcp")?.parse().ok()).collect();
    ports.sort_unstable();
    ports
}

/// Starts a container and waits until it is known how it began.
pub fn start(session: &mut Session<'_>, tag: &str, ports: &[u16], flags: &[&str], words: &[String]) -> Result<Live, Fault> {
    let patience = session.options.patience;
    start_within(session, tag, ports, flags, words, patience)
}

/// The same with another patience.
pub fn start_within(session: &mut Session<'_>, tag: &str, ports: &[u16], flags: &[&str], words: &[String], patience: Duration) -> Result<Live, Fault> {
    let name = session.name("run");
    let label = session.label();
    let mut args: Vec<String> = ["run", "--detach", "--name", &name, "--label", &label].map(str::to_owned).to_vec();
    args.extend(ports.iter().flat_map(|port| ["--publish".to_owned(), format!("127.0.0.1::{port}")]));
    args.extend(session.options.env.iter().flat_map(|pair| ["--env".to_owned(), pair.clone()]));
    args.extend(session.options.env_file.iter().flat_map(|file| ["--env-file".to_owned(), path(file)]));
    if let Some(network) = &session.network {
        args.extend(["--network".to_owned(), network.clone()]);
        let given = |pair: &String| session.options.env.iter().any(|own| own.split('=').next() == pair.split('=').next());
        let env = session.subject.app.iter().flat_map(|app| &app.env).filter(|pair| !given(pair));
        args.extend(env.flat_map(|pair| ["--env".to_owned(), pair.clone()]));
    }
    args.extend(flags.iter().map(|flag| (*flag).to_owned()));
    args.push(tag.to_owned());
    args.extend(words.iter().cloned());
    let begun = Instant::now();
    let output = session.docker.run(&args)?;
    if !output.ok() {
        // The engine itself could not start the program: it is as if it had ended at once.
        return Ok(Live {
            name,
            start: Start::Ended { code: i64::from(output.code) },
            ports: ports.to_vec(),
            words: vec![last_line(&output.stderr).to_owned()],
        });
    }
    let start = wait(session, &name, ports, begun, patience)?;
    Ok(Live { name, start, ports: ports.to_vec(), words: words.to_vec() })
}

/// Waits until a container answers, ends, or has stayed up for long enough.
pub fn wait(session: &Session<'_>, name: &str, ports: &[u16], begun: Instant, patience: Duration) -> Result<Start, Fault> {
    let limit = if ports.is_empty() { WATCH } else { patience };
    let mut addresses: Vec<(u16, SocketAddr)> = Vec::new();
    loop {
        let state = session.inspect("container", name)?["State"].take();
        if state["Running"] != true && state["Restarting"] != true {
            return Ok(Start::Ended { code: state["ExitCode"].as_i64().unwrap_or(-1) });
        }
        if addresses.is_empty() {
            addresses = published(session, name, ports)?;
        }
        let late = begun.elapsed() > limit;
        for (port, address) in &addresses {
            match http::get(*address, "/", Duration::from_secs(if late { 5 } else { 2 })) {
                Answer::Http(status, _) => return Ok(Start::Http { port: *port, status, seconds: begun.elapsed().as_secs_f64() }),
                Answer::Open if late || ports.len() == 1 && begun.elapsed() > Duration::from_secs(20) => {
                    return Ok(Start::Open { port: *port, seconds: begun.elapsed().as_secs_f64() });
                }
                _ => {}
            }
        }
        if late {
            return Ok(if ports.is_empty() { Start::Up } else { Start::Mute });
        }
        pause(Duration::from_millis(100))?;
    }
}

/// Where the ports of a container are reached on this machine.
pub fn published(session: &Session<'_>, name: &str, ports: &[u16]) -> Result<Vec<(u16, SocketAddr)>, Fault> {
    if ports.is_empty() {
        return Ok(Vec::new());
    }
    let output = session.docker.run(&["port", name])?;
    Ok(output
        .stdout
        .lines()
        .filter_map(|line| {
            let (inside, outside) = line.split_once(" -> ")?;
            let port = inside.strip_suffix("/tcp")?.parse().ok()?;
            Some((port, outside.trim().replace("0.0.0.0:", "127.0.0.1:").parse().ok()?))
        })
        .filter(|(port, _)| ports.contains(port))
        .collect())
}

/// The end of what a container printed.
pub fn log(session: &Session<'_>, name: &str) -> Vec<String> {
    let output = session.docker.run(&["logs", "--tail", "15", name]).unwrap_or_default();
    output.stdout.lines().chain(output.stderr.lines()).map(|line| format!("  {line}")).collect()
}

/// `run`: starts the image as it is.
pub fn run(session: &mut Session<'_>, tag: &str) -> Result<Finding, Fault> {
    let image = session.inspect("image", tag)?;
    let mut ports = ports(&image);
    let exposes = !ports.is_empty();
    if let Some(port) = session.subject.planned.as_ref().and_then(|planned| planned.port).filter(|_| !exposes) {
        ports.push(port);
    }
    // The test is the image's own; it is only asked more often, so that nobody waits for half a minute.
    let mut flags: Vec<&str> = Vec::new();
    if has_health(&image) {
        flags.extend(["--health-interval", "1s", "--health-start-interval", "1s"]);
    }
    session.progress.step("waiting for the first answer");
    let mut live = start(session, tag, &ports, &flags, &[])?;
    let mut finding = judge(session, &live, exposes);
    if let Start::Ended { code } = live.start
        && code != 0
        && !exposes
        && let Some((word, help)) = asks_for_help(session, tag)?
    {
        let detail = format!("ends with code {code} without arguments, and with 0 after `{word}`");
        finding = Finding::ok(Check::Run, detail);
        live = help;
    }
    if let Start::Http { seconds, .. } | Start::Open { seconds, .. } = live.start {
        session.times.start = Some(seconds);
    }
    session.container = Some(live);
    Ok(finding)
}

/// A program for the command line that wants arguments answers to one of these.
fn asks_for_help(session: &mut Session<'_>, tag: &str) -> Result<Option<(&'static str, Live)>, Fault> {
    for word in ["--help", "--version"] {
        let live = start(session, tag, &[], &[], &[word.to_owned()])?;
        if live.start == (Start::Ended { code: 0 }) {
            return Ok(Some((word, live)));
        }
    }
    Ok(None)
}

fn judge(session: &Session<'_>, live: &Live, exposes: bool) -> Finding {
    let list = |ports: &[u16]| ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match &live.start {
        Start::Http { port, status, seconds } if *status >= 500 => {
            Finding::fail(Check::Run, format!("answers {status} on port {port} after {seconds:.1} s")).more(log(session, &live.name)).help(services(session))
        }
        Start::Http { port, status, seconds } => Finding::ok(Check::Run, format!("answers {status} on port {port} after {seconds:.1} s")),
        Start::Open { port, seconds } => Finding::ok(Check::Run, format!("takes connections on port {port} after {seconds:.1} s; it does not speak HTTP")),
        Start::Up => Finding::ok(Check::Run, format!("stays up for {} s; the image exposes no port", WATCH.as_secs())),
        Start::Ended { code: 0 } if !exposes => Finding::ok(Check::Run, "runs to its end with code 0"),
        Start::Ended { code } => {
            let mut more = log(session, &live.name);
            if more.is_empty() {
                more = live.words.iter().map(|word| format!("  {word}")).collect();
            }
            Finding::fail(Check::Run, format!("ends with code {code}{}", if exposes { " instead of serving" } else { "" })).more(more).help(services(session))
        }
        Start::Mute => {
            let listens = listening(session, &live.name);
            let seen = match listens.as_slice() {
                [] => String::new(),
                list => format!("; it listens on {}", list.join(", ")),
            };
            let local = listens.iter().any(|address| address.starts_with("127."));
            let help = if local {
                "bind it to 0.0.0.0: 127.0.0.1 in a container is the container's own"
            } else {
                "EXPOSE the port that the program listens on, or tell the program which one"
            };
            Finding::fail(Check::Run, format!("nothing answers on port {} in {} s{seen}", list(&live.ports), session.options.patience.as_secs()))
                .more(log(session, &live.name))
                .help(help)
        }
    }
}

fn services(session: &Session<'_>) -> String {
    match &session.subject.app {
        Some(app) if !app.companions.is_empty() && session.network.is_none() => {
            format!("it may need {}: pass --compose to start what compose.yaml names beside it", app.companions.join(", "))
        }
        _ => "give it what it needs with --env or --env-file".to_owned(),
    }
}

/// The addresses on which something listens in a container, where its image has a program that can show them.
fn listening(session: &Session<'_>, name: &str) -> Vec<String> {
    let output = session.docker.run(&["exec", name, "cat", "/proc/net/tcp", "/proc/net/tcp6"]).unwrap_or_default();
    let mut found: Vec<String> = output
        .stdout
        .lines()
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let (address, port) = words.get(1)?.split_once(':')?;
            let port = u16::from_str_radix(port, 16).ok().filter(|_| words.get(3) == Some(&"0A"))?;
            // The engine's own name server listens on 127.0.0.11.
            match address {
                "0100007F" => Some(format!("127.0.0.1:{port}")),
                address if address.chars().all(|c| c == '0') => Some(format!("port {port}")),
                _ => None,
            }
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

/// `user`: what the image says, and who really runs.
pub fn user(session: &Session<'_>, tag: &str) -> Result<Finding, Fault> {
    let image = session.inspect("image", tag)?;
    let user = image["Config"]["User"].as_str().unwrap_or_default().to_owned();
    let uid = user.split(':').next().unwrap_or_default();
    let running = match &session.container {
        Some(live) if live.is_up() => processes(session, &live.name)?,
        _ => Vec::new(),
    };
    let others: Vec<&(String, String)> = running.iter().filter(|(uid, _)| uid != "0").collect();
    let help = "add `USER 10001:10001` (or the user that the image has, by its number) before CMD";
    if uid.is_empty() || uid == "0" || uid == "root" {
        let seen = match others.first() {
            Some((uid, command)) if others.len() == running.len() => {
                format!("; `{command}` gives root up by itself and runs as {uid}, which no orchestrator can see")
            }
            _ => String::new(),
        };
        let says = if uid.is_empty() { "the image names no user, so it starts as root".to_owned() } else { format!("the image's user is {user}") };
        return Ok(Finding::fail(Check::User, format!("{says}{seen}")).help(help));
    }
    if let Some((_, command)) = running.iter().find(|(uid, _)| uid == "0") {
        return Ok(Finding::fail(Check::User, format!("the image's user is {user}, but `{command}` runs as root")).help(help));
    }
    if uid.parse::<u32>().is_err() {
        let number = others.first().map(|(uid, _)| format!(", which is {uid}")).unwrap_or_default();
        return Ok(Finding::fail(Check::User, format!("the user `{user}` is a name{number}: `runAsNonRoot` can't tell that it isn't root"))
            .help("name it by its number in USER"));
    }
    Ok(match others.first() {
        Some((uid, command)) => Finding::ok(Check::User, format!("{user}; `{command}` runs as {uid}")),
        None => Finding::ok(Check::User, user),
    })
}

/// The user and the command of each process in a container.
pub fn processes(session: &Session<'_>, name: &str) -> Result<Vec<(String, String)>, Fault> {
    let output = session.docker.run(&["top", name, "-eo", "uid,pid,args"])?;
    Ok(output
        .stdout
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let uid = words.next()?.to_owned();
            let command = words.nth(1)?;
            Some((uid, command.rsplit('/').next().unwrap_or(command).to_owned()))
        })
        .collect())
}

fn has_health(image: &Value) -> bool {
    image["Config"]["Healthcheck"]["Test"][0].as_str().is_some_and(|word| word != "NONE")
}

/// `health`: the image's own test turns healthy.
pub fn health(session: &Session<'_>, tag: &str) -> Result<Finding, Fault> {
    let image = session.inspect("image", tag)?;
    if !has_health(&image) {
        let none = image["Config"]["Healthcheck"]["Test"][0] == "NONE";
        return Ok(Finding::skipped(Check::Health, if none { "the Dockerfile says HEALTHCHECK NONE" } else { "the image has no HEALTHCHECK" }));
    }
    let Some(live) = &session.container else { return Ok(Finding::skipped(Check::Health, "the container was not started: `run` is skipped")) };
    if !live.is_up() {
        return Ok(Finding::fail(Check::Health, "the container does not stay up"));
    }
    let begun = Instant::now();
    loop {
        let state = session.inspect("container", &live.name)?["State"].take();
        let health = &state["Health"];
        let last = health["Log"].as_array().and_then(|log| log.last()).map(|row| row["Output"].as_str().unwrap_or_default().trim().to_owned());
        match health["Status"].as_str() {
            Some("healthy") => return Ok(Finding::ok(Check::Health, "healthy")),
            Some("unhealthy") => {
                return Ok(Finding::fail(Check::Health, "unhealthy: the test fails again and again")
                    .more(last.map(|text| format!("  {text}")))
                    .help("run the test by hand with `docker exec`"));
            }
            _ if state["Running"] != true => return Ok(Finding::fail(Check::Health, "the container ended before it was healthy")),
            _ if begun.elapsed() > session.options.patience => {
                return Ok(Finding::fail(Check::Health, format!("not healthy after {} s", session.options.patience.as_secs()))
                    .more(last.map(|text| format!("  {text}"))));
            }
            _ => pause(Duration::from_millis(200))?,
        }
    }
}

/// `stop`: ends in time, and by itself.
pub fn stop(session: &mut Session<'_>) -> Result<Finding, Fault> {
    let Some(live) = session.container.clone() else { return Ok(Finding::skipped(Check::Stop, "the container was not started: `run` is skipped")) };
    if !live.is_up() {
        return Ok(Finding::skipped(Check::Stop, "it ends by itself"));
    }
    let begun = Instant::now();
    session.docker.ask(&["stop", "--time", "10", &live.name])?;
    let seconds = begun.elapsed().as_secs_f64();
    session.times.stop = Some(seconds);
    let state = session.inspect("container", &live.name)?["State"].take();
    let code = state["ExitCode"].as_i64().unwrap_or(-1);
    let image = session.inspect("container", &live.name)?;
    let signal = image["Config"]["StopSignal"].as_str().unwrap_or("SIGTERM").to_owned();
    let help =
        "handle the signal in the program, or let an init handle it: ENTRYPOINT [\"tini\", \"--\"]; a shell in front of the program (`CMD node x`) swallows it";
    Ok(match code {
        137 => Finding::fail(Check::Stop, format!("killed after {seconds:.1} s: it does not end on {signal}")).help(help),
        _ if seconds >= 3.0 => Finding::fail(Check::Stop, format!("takes {seconds:.1} s to end on {signal}")).help(help),
        _ => Finding::ok(Check::Stop, format!("ends on {signal} in {seconds:.1} s with code {code}")),
    })
}

/// `readonly`: the same with nothing to write to, no capabilities and no way to new ones.
pub fn readonly(session: &mut Session<'_>, tag: &str) -> Result<Finding, Fault> {
    let Some(first) = session.container.clone() else { return Ok(Finding::skipped(Check::Readonly, "nothing to compare with: `run` is skipped")) };
    let works = |start: &Start| !matches!(start, Start::Mute) && !matches!(start, Start::Ended { code } if *code != 0);
    if !works(&first.start) {
        return Ok(Finding::skipped(Check::Readonly, "it does not run without these limits either"));
    }
    session.progress.step("waiting for the hardened container");
    let live = start(session, tag, &first.ports, HARDENED, &first.words)?;
    let kind = std::mem::discriminant(&first.start) == std::mem::discriminant(&live.start);
    let server_error = |start: &Start| matches!(start, Start::Http { status, .. } if *status >= 500);
    let same = kind && works(&live.start) && (server_error(&first.start) || !server_error(&live.start));
    let says = match &live.start {
        Start::Http { port, status, .. } => format!("answers {status} on port {port}"),
        Start::Open { port, .. } => format!("takes connections on port {port}"),
        Start::Up => "stays up".to_owned(),
        Start::Ended { code } => format!("ends with code {code}"),
        Start::Mute => "does not answer".to_owned(),
    };
    let finding = if same {
        Finding::ok(Check::Readonly, format!("{says} with {}", HARDENED.join(" ")))
    } else {
        let help = "let it write to /tmp or to a volume only";
        Finding::fail(Check::Readonly, format!("{says} with {}", HARDENED.join(" "))).more(log(session, &live.name)).help(help)
    };
    let _ = session.docker.run(&["rm", "--force", "--volumes", &live.name])?;
    Ok(finding)
}
