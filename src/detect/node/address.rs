//! Where a server listens: its port, and whether anybody outside of its container reaches it.

use super::listening::Listening;
use super::project::Project;
use crate::detect::asked;
use crate::detect::samples;
use crate::detect::source::{self, Hit};
use crate::manifest::{Document, pattern};
use crate::model::{Candidates, Cmd, Decision, Diagnostic, ServiceDraft, Source};

/// Its port: told by a flag, the source, settings, an example of the environment or the framework's habit.
pub fn port(draft: &mut ServiceDraft, project: &Project<'_>, facts: &Listening, by_itself: Option<(u16, Source)>) -> Result<(), Diagnostic> {
    let mut candidates = Candidates::new();
    if let Some(Cmd::Exec(words)) = draft.start.as_ref().map(|start| &start.value)
        && let Some(at) = draft.start.as_ref().and_then(|start| start.source.evidence().cloned())
    {
        for pair in words.windows(2).filter(|pair| matches!(pair[0].as_str(), "-p" | "--port")) {
            candidates.extend(pair[1].parse().ok().map(|port| (port, Source::File(at.clone()))));
        }
    }
    // The ports below 1024 are those of services that a program calls, or need rights that it can do without where a variable moves it.
    let needs_rights = |port: u16| port < 1024 && (facts.reads_port.is_some() || !matches!(port, 80 | 81));
    for hit in &facts.ports {
        candidates.extend(hit.value.parse().ok().filter(|port| *port > 0 && !needs_rights(*port)).map(|port| (port, Source::File(hit.at.clone()))));
    }
    if facts.ports.is_empty() {
        candidates.extend(configured(project)?);
    }
    let shown = facts.reads_port.as_ref().and_then(|hit| shown(project, &hit.value));
    candidates.extend(shown.clone().and_then(|hit| Some((hit.value.parse().ok().filter(|port| *port > 0)?, Source::File(hit.at)))));
    let row = draft.framework.as_ref().and_then(|framework| project.pack.framework(&framework.value));
    candidates.extend(by_itself);
    match row {
        Some(row) => candidates.extend(row.port.map(|port| (port, Source::default(format!("{} starts on it by habit", row.title))))),
        None => candidates.extend([(3000, Source::default(format!("most programs on {} take it", project.pack.title)))]),
    };
    draft.port = asked::port(&project.hints, candidates)?;
    let Some(port) = &draft.port else { return Ok(()) };
    if let Some(Hit { value: name, at }) = &facts.reads_port {
        draft.env.push((name.clone(), port.value.to_string()));
        draft.facts.push(("port variable".to_owned(), Decision::new(name.clone(), Source::File(at.clone()))));
        if shown.is_some() {
            draft.compose.env.push((name.clone(), port.value.to_string()));
        }
    }
    draft.set("health_port", facts.reads_port.as_ref().map_or_else(|| port.value.to_string(), |hit| format!("'+process.env.{}+'", hit.value)));
    Ok(())
}

/// The port in a file of settings that the program reads.
fn configured(project: &Project<'_>) -> Result<Option<(u16, Source)>, Diagnostic> {
    const FILES: &[&str] = &[
        "config/production.json",
        "config/production.yaml",
        "config/production.yml",
        "config/default.json",
        "config/default.yaml",
        "config/default.yml",
        "config/config.json",
        "config.json",
        "settings.json",
        "config/index.json",
        "src/config.json",
    ];
    const KEYS: &[&[&str]] = &[&["port"], &["server", "port"], &["app", "port"], &["http", "port"], &["web", "port"], &["PORT"]];
    for file in FILES {
        let Some(doc) = Document::read(&project.dir, file)? else { continue };
        for keys in KEYS {
            let Some(node) = doc.get(keys) else { continue };
            let port = node.scalar().and_then(|text| text.parse::<u16>().ok()).filter(|port| *port >= 1024);
            if let Some(port) = port {
                return Ok(Some((port, Source::File(doc.evidence(keys, node)))));
            }
        }
    }
    Ok(None)
}

/// The value of a variable in the example of an environment file: a copy of it would override the image's.
fn shown(project: &Project<'_>, variable: &str) -> Option<Hit> {
    let pattern = pattern::pattern(&format!(r#"(?m)^\s*(?:export\s+)?{variable}\s*=[ \t]*["']?(\d*)"#)).ok()?;
    source::find(&samples::samples(&project.dir), &pattern, "#")
}

/// A container is reached from outside only when its server listens on all addresses.
pub fn open(draft: &mut ServiceDraft, facts: &Listening) {
    if let Some(hit) = &facts.host_variable {
        let all = (hit.value.clone(), "0.0.0.0".to_owned());
        draft.env.push(all.clone());
        draft.compose.env.push(all);
        draft.facts.push((
            "address".to_owned(),
            Decision::new(format!("{}=0.0.0.0", hit.value), Source::inferred("it listens on the loopback address unless told otherwise", [hit.at.clone()])),
        ));
        return;
    }
    let fastify = draft.framework.as_ref().is_some_and(|framework| framework.value == "fastify");
    if let Some(at) = facts.loopback.as_ref().or(facts.no_address.as_ref().filter(|_| fastify)) {
        draft.notes.push(
            Diagnostic::warning("loopback", "the server listens on the loopback address alone: nothing outside of the container reaches it")
                .at(at.clone())
                .help("listen on 0.0.0.0, for example `host: '0.0.0.0'`"),
        );
    }
}
