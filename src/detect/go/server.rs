//! Whether a program listens, on which port, and how it is asked for its health.

use std::rc::Rc;

use super::Service;
use super::programs::imports;
use super::settings;
use crate::detect::{asked, listening, source};
use crate::fs::Text;
use crate::manifest::pattern;
use crate::model::{Candidates, Decision, Diagnostic, Evidence, Health, Kind, ServiceDraft, Source};

/// The port of Go's own examples, where the program gets it from outside.
const USUAL_PORT: u16 = 8080;

/// States what kind of program it is; the words of its command say where it is to listen, where it must be told.
pub fn facts(draft: &mut ServiceDraft, texts: &[Rc<Text>], files: &[Rc<Text>], of: &Service<'_>) -> Result<Vec<String>, Diagnostic> {
    let hints = of.answers.hints(&draft.root, &draft.name);
    let (pack, module) = (of.pack, of.module);
    let framework = pack.frameworks(|name| module.requires(name).is_some() && imports(texts, name)).next();
    if let Some(row) = framework {
        let at = row.dependency.iter().find_map(|name| module.requires(name)).map(|dependency| dependency.at.clone());
        draft.framework = Some(Decision::new(row.id.clone(), at.map_or_else(|| Source::default("a dependency"), Source::File)));
    }
    let mut ports = Candidates::new();
    let settings = settings::settings(texts);
    // A variable named `port` says something only where the program listens, or asks for its port.
    let own: Vec<Rc<Text>> = texts
        .iter()
        .filter(|text| ["\"PORT\"", "ListenAndServe", ".Listen(", ".Run(", ".Start("].iter().any(|word| text.as_str().contains(word)))
        .cloned()
        .collect();
    for (pattern, rule) in PORTS {
        let Ok(pattern) = pattern::pattern(pattern) else { continue };
        for hit in source::find_all(&own, &pattern, "//") {
            if let Some(port) = hit.value.parse().ok().filter(|port| *port > 0) {
                ports.push(port, if rule.is_empty() { Source::File(hit.at) } else { Source::inferred(*rule, [hit.at]) });
            }
        }
    }
    let listens = search(
        texts,
        r"\b(ListenAndServe(?:TLS)?\(|net\.Listen\(|http\.Serve\(|grpc\.NewServer\(|\.Listen\(|\.RunTLS\(|\.Serve\(|\.Run\(\s*\w*\)|\.Start\(\w)",
    );
    for setting in settings.iter().filter(|_| listens.is_some() || framework.is_some()) {
        let rule = if setting.variable.is_some() { "the default of a variable" } else { "the default of a flag" };
        ports.extend(setting.port().map(|port| (port, Source::inferred(rule, [setting.at.clone()]))));
    }
    // What is nothing but a colon and a number names a port wherever it stands.
    if let Some(bare) = pattern::pattern(r#""(?:0\.0\.0\.0|127\.0\.0\.1|localhost)?:(\d{2,5})""#).ok().filter(|_| listens.is_some() || framework.is_some()) {
        ports.extend(source::find_all(texts, &bare, "//").into_iter().filter_map(|hit| Some((hit.value.parse().ok()?, Source::File(hit.at)))));
    }
    if listens.is_some() || framework.is_some() {
        ports.extend(source::port_in(files));
    }
    let read = search(texts, r#"(?:Getenv|LookupEnv)\(\s*"(PORT)"\s*\)"#);
    let serves = !ports.is_empty() || read.is_some() || listens.is_some() || framework.is_some();
    // The program has no port of its own.
    let must_be_told = read.is_some() && ports.is_empty();
    if let Some(at) = read.as_ref().filter(|_| must_be_told) {
        ports.push(USUAL_PORT, Source::inferred("it asks PORT, which has no default", [at.clone()]));
    }
    if let Some(port) = framework.and_then(|row| row.port) {
        ports.push(port, Source::default(format!("{} listens there", framework.map(|row| row.title.clone()).unwrap_or_default())));
    } else if serves {
        ports.push(USUAL_PORT, Source::default("the port of most Go servers"));
    }
    // All places say the same thing in different words: the first one speaks.
    let decided = asked::port(&hints, listening::without_rights(ports, &settings))?;
    draft.port = decided.map(|mut port| {
        port.outvoted.clear();
        port
    });
    draft.kind = if draft.port.is_some() { Kind::Server } else { Kind::Tool };
    if let Some(port) = draft.port.clone().filter(|_| must_be_told) {
        draft.env.push(("PORT".to_owned(), port.value.to_string()));
        draft.set("told", serde_json::json!({ "PORT": port.value.to_string() }));
    }
    if let Some(at) = search(texts, r#"(?:Listen|Run|Start|Addr)\w*\W+(?:"tcp",\s*)?"((?:127\.0\.0\.1|localhost):\d+)""#) {
        draft.notes.push(
            Diagnostic::warning(
                "loopback",
                format!("service `{}` listens on the loopback address only: nothing outside of its container reaches it", draft.name),
            )
            .at(at)
            .help("listen on all addresses: \":8080\" without a host"),
        );
    }
    draft.health = health(draft, texts);
    Ok(listening::tell(draft, &settings))
}

/// Places that name a port, the surest first, and the rule that makes one of them.
const PORTS: &[(&str, &str)] = &[
    (r#""PORT"\s*,\s*"?:?(\d{2,5})\b"#, "the default of PORT"),
    (r#"\bport\s*:?=\s*":?(\d{2,5})""#, "the default of the port"),
    (r#"cmp\.Or\(os\.Getenv\("PORT"\),\s*":?(\d{2,5})""#, "the default of PORT"),
    (r#"\b(?:ListenAndServe(?:TLS)?|Run|RunTLS|Listen|Start|StartTLS)\(\s*(?:"tcp[46]?",\s*)?"[^":/]*:(\d{2,5})""#, ""),
    (r#"\bAddr:\s*"[^":/]*:(\d{2,5})""#, ""),
    (r#"\b(?:addr|listenAddr|address|bind)\s*:?=\s*"[^":/]*:(\d{2,5})""#, ""),
];

fn search(texts: &[Rc<Text>], pattern: &str) -> Option<Evidence> {
    source::find(texts, &pattern::pattern(pattern).ok()?, "//").map(|hit| hit.at)
}

/// The command of a command line program that listens.
pub fn subcommand(texts: &[Rc<Text>]) -> Option<(String, Evidence)> {
    let cobra = texts.iter().any(|text| text.as_str().contains("\"github.com/spf13/cobra\""));
    let pattern = pattern::pattern(r#"\bUse:\s*"(serve|server|start|web)\b"#).ok().filter(|_| cobra)?;
    source::find(texts, &pattern, "//").map(|hit| (hit.value, hit.at))
}

fn health(draft: &ServiceDraft, texts: &[Rc<Text>]) -> Health {
    if draft.kind != Kind::Server {
        return Health::None { because: format!("`{}` serves no port", draft.name) };
    }
    let speaks_grpc = imports(texts, "google.golang.org/grpc") && search(texts, r"\b(ListenAndServe(?:TLS)?\()").is_none();
    if speaks_grpc {
        return Health::None { because: format!("`{}` speaks gRPC, which nothing in this image can ask", draft.name) };
    }
    Health::Http(source::health_route(texts, "//"))
}
