//! EXPOSE, what the command listens on, what the health check asks, and what the program says.

use std::collections::{BTreeMap, BTreeSet};

use super::Subject;
use crate::manifest::dockerfile::{Says, Step, fill};
use crate::manifest::pattern;
use crate::model::{Diagnostic, Evidence, Kind, ServiceDraft, Source};

/// Variables that servers take their port from.
const VARIABLES: &[&str] = &[
    "PORT",
    "APP_PORT",
    "HTTP_PORT",
    "SERVER_PORT",
    "LISTEN_PORT",
    "NITRO_PORT",
    "UVICORN_PORT",
    "FLASK_RUN_PORT",
    "ASPNETCORE_HTTP_PORTS",
    "ASPNETCORE_URLS",
    "WEB_PORT",
    "API_PORT",
];

struct Exposed {
    ports: BTreeSet<u16>,
    at: Evidence,
}

/// Ports that do not go together.
pub(super) fn drifts(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let Some(exposed) = exposed(subject) else { return Vec::new() };
    let mut found = Vec::new();
    let listens = listens(subject);
    if let Some((port, at)) = &listens
        && !exposed.ports.contains(port)
    {
        let what = shown(&exposed.ports);
        found.push(
            Diagnostic::error("port-drift", format!("port {what} exposed, the command listens on {port}"))
                .at(exposed.at.clone())
                .at(at.clone())
                .help(format!("EXPOSE {port}, or let the command listen on {what}")),
        );
    } else if listens.is_none() {
        found.extend(against_the_program(subject, &exposed));
    }
    found.extend(health(subject, &exposed, listens.map(|(port, _)| port)));
    found.extend(published(subject, &exposed));
    found
}

fn shown(ports: &BTreeSet<u16>) -> String {
    ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The ports that the last stage exposes; `None` where there are none or one is not plain.
fn exposed(subject: &Subject<'_>) -> Option<Exposed> {
    let known: BTreeMap<String, String> = subject.recipe.env().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut exposed: Option<Exposed> = None;
    for stage in subject.recipe.last() {
        for step in &stage.steps {
            let Says::Expose(ports) = &step.says else { continue };
            for port in ports {
                let port = fill(port, &known)?;
                let number = port.split('/').next()?.parse().ok()?;
                let all = exposed.get_or_insert_with(|| Exposed { ports: BTreeSet::new(), at: subject.recipe.at(step.line, step.text.clone()) });
                all.ports.insert(number);
            }
        }
    }
    exposed
}

/// The port in the words that run, or the one that a variable gives.
fn listens(subject: &Subject<'_>) -> Option<(u16, Evidence)> {
    let flag = pattern::pattern(
        r"(?:--(?:port|http-port|bind|listen|addr|address|server[.-]port|server\.address)[= ]|-b[= ]?|-p |-S |runserver )(?:https?://)?(?:\[?[\w.:*-]*\]?:)?(\d{2,5})\b|\b0\.0\.0\.0:(\d{2,5})\b",
    )
    .ok()?;
    let in_words = |step: &Step| {
        let (Says::Cmd(cmd) | Says::Entrypoint(cmd)) = &step.says else { return None };
        let text = match cmd {
            crate::model::Cmd::Exec(words) => words.join(" "),
            crate::model::Cmd::Shell(text) => text.clone(),
        };
        // What a debugger listens on is no port of the app's.
        let text: String = text.split(' ').filter(|word| !word.starts_with("--inspect") && !word.contains("debugpy")).collect::<Vec<_>>().join(" ");
        let hit = flag.captures(&text)?;
        let port = hit.get(1).or_else(|| hit.get(2))?.as_str().parse().ok()?;
        Some((port, subject.recipe.at(step.line, text)))
    };
    subject.recipe.effective(in_words).or_else(|| subject.recipe.effective(|step| in_address(subject, step)))
}

/// `SERVER_ADDRESS=0.0.0.0:8000`
fn in_address(subject: &Subject<'_>, step: &Step) -> Option<(u16, Evidence)> {
    let Says::Env(pairs) = &step.says else { return None };
    pairs.iter().find_map(|(name, value)| {
        let is_address = ["ADDR", "BIND", "LISTEN"].iter().any(|word| name.to_ascii_uppercase().contains(word));
        let port = value.strip_prefix("0.0.0.0:").filter(|_| is_address)?.parse().ok()?;
        Some((port, subject.recipe.at(step.line_of(name), format!("{name}={value}"))))
    })
}

/// The port that the program itself names, unless a variable moves it.
fn against_the_program(subject: &Subject<'_>, exposed: &Exposed) -> Option<Diagnostic> {
    let draft = subject.draft.filter(|draft| draft.kind != Kind::Site)?;
    let decision = draft.port.as_ref()?;
    let env = subject.recipe.env();
    let moved = VARIABLES.iter().any(|name| env.get(name).is_some_and(|value| exposed.ports.iter().any(|port| value.contains(&port.to_string()))));
    let composed = subject.composed.iter().any(|row| row.moves_port);
    let own = untold(subject, draft).unwrap_or(decision.value);
    if moved || composed || exposed.ports.contains(&own) || subject.is_for_development() || !builds(subject) {
        return None;
    }
    let at = match &decision.source {
        Source::File(at) | Source::Config(at) => at,
        Source::Inferred { from, .. } => from.first()?,
        _ => return None,
    };
    // Only where the place itself names the number: a framework's habit is no statement of this project. A line that knows the
    // exposed port too (`8080; /* or 80 for root */`) leaves it to somebody else.
    let numbers: Vec<&str> = at.raw.split(|c: char| !c.is_ascii_digit()).collect();
    let names = |port: u16| numbers.contains(&port.to_string().as_str());
    (names(own) && !exposed.ports.iter().any(|port| names(*port))).then(|| {
        Diagnostic::error("port-drift", format!("port {} exposed, app listens on {own}", shown(&exposed.ports)))
            .at(exposed.at.clone())
            .at(at.clone())
            .help(format!("EXPOSE {own}, or set PORT where the app reads it"))
    })
}

/// The port that the program has by itself, where dockgen's files would tell it another and these do not.
fn untold(subject: &Subject<'_>, draft: &ServiceDraft) -> Option<u16> {
    let untold = draft.extra.get("untold")?;
    let by = untold.get("by")?.as_str()?;
    let told = subject.recipe.steps().any(|step| step.text.contains(by)) || subject.composed.iter().any(|row| row.has_command);
    if told { None } else { u16::try_from(untold.get("port")?.as_u64()?).ok() }
}

/// Whether the last stage runs the application, and not a web server in front of it.
fn builds(subject: &Subject<'_>) -> bool {
    let last = subject.recipe.last();
    let image = last.last().and_then(|stage| stage.image.as_deref()).unwrap_or_default();
    !["nginx", "httpd", "caddy", "traefik", "haproxy", "apache"].iter().any(|server| image.contains(server))
}

/// A health check that asks another port than those that are there.
fn health(subject: &Subject<'_>, exposed: &Exposed, listens: Option<u16>) -> Option<Diagnostic> {
    let asks = pattern::pattern(r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0):(\d{2,5})\b").ok()?;
    let (port, at) = subject.recipe.effective(|step| {
        let Says::Health(_) = &step.says else { return None };
        let port: u16 = asks.captures(&step.text)?.get(1)?.as_str().parse().ok()?;
        Some((port, subject.recipe.at(step.line_of(&format!(":{port}")), format!("HEALTHCHECK on {port}"))))
    })?;
    if exposed.ports.contains(&port) || listens == Some(port) {
        return None;
    }
    Some(
        Diagnostic::error("port-drift", format!("port {} exposed, the health check asks {port}", shown(&exposed.ports)))
            .at(at)
            .at(exposed.at.clone())
            .help("let the health check ask the port that the app listens on"),
    )
}

/// A port that compose publishes and that nothing in the image has to do with.
fn published(subject: &Subject<'_>, exposed: &Exposed) -> Option<Diagnostic> {
    let env = subject.recipe.env();
    let known = |port: u16| {
        let named = |value: &&str| value.contains(&port.to_string());
        exposed.ports.contains(&port) || env.values().any(named) || subject.recipe.steps().any(|step| step.text.contains(&port.to_string()))
    };
    let (port, at) = subject
        .composed
        .iter()
        .filter(|row| !row.moves_port && !row.has_command && row.target.is_none())
        .flat_map(|row| &row.ports)
        .find(|(port, _)| !known(*port) && subject.draft.and_then(|draft| draft.port.as_ref()).is_none_or(|own| own.value != *port))?;
    Some(
        Diagnostic::error("port-drift", format!("port {} exposed, {} publishes {port}", shown(&exposed.ports), at.file))
            .at(exposed.at.clone())
            .at(at.clone())
            .help(format!("publish {}", shown(&exposed.ports))),
    )
}
