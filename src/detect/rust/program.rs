//! What kind of program a binary is: whether it listens, on which port, and which signals end it.

use std::rc::Rc;

use super::cargo::{Bin, Package};
use super::{commands, settings};
use crate::catalog::FrameworkRow;
use crate::detect::{asked, health, listening, samples, source};
use crate::fs::{Dir, Text};
use crate::manifest::pattern;
use crate::model::answers::Hints;
use crate::model::{Candidates, Decision, Dependency, Diagnostic, Evidence, Health, Kind, ServiceDraft, Source};

/// The port of most examples, where the program gets it from outside.
const USUAL_PORT: u16 = 8080;

/// The source code of a program: its package without the other programs, and the packages that it depends on by path.
pub fn sources(dir: &Dir<'_>, package: &Package, bin: &Bin, closure: &[&Package]) -> Vec<Rc<Text>> {
    let mut texts = Vec::new();
    for part in closure {
        let src = dir.tree().dir(part.root.clone()).dir("src");
        let other = part.bins.iter().filter(|other| part.root != package.root || other.name != bin.name);
        let others: Vec<_> =
            other.filter_map(|other| part.root.join(other.path.strip_suffix("/main.rs").filter(|folder| *folder != "src").unwrap_or(&other.path))).collect();
        texts.extend(source::files(&src, &["rs"], &others).into_iter().filter(|text| !is_test(text.path().name())).map(without_tests));
    }
    texts
}

/// The source code of a program that no other one shares: its file, or its folder.
pub fn own(dir: &Dir<'_>, package: &Package, bin: &Bin) -> Vec<Rc<Text>> {
    let home = dir.tree().dir(package.root.clone());
    match bin.path.strip_suffix("/main.rs").filter(|folder| *folder != "src") {
        Some(folder) => source::files(&home.dir(folder), &["rs"], &[]),
        None => home.peek(&bin.path).into_iter().collect(),
    }
    .into_iter()
    .map(without_tests)
    .collect()
}

fn is_test(name: &str) -> bool {
    matches!(name, "test.rs" | "tests.rs" | "testing.rs" | "test_utils.rs") || name.ends_with("_test.rs") || name.ends_with("_tests.rs")
}

/// The tests at the end of a file listen somewhere else.
fn without_tests(text: Rc<Text>) -> Rc<Text> {
    // Other attributes may stand between.
    let is_module = |line: &str| ["mod ", "pub mod ", "pub(crate) mod ", "pub(super) mod "].iter().any(|start| line.starts_with(start));
    let opens = |rest: &str| rest.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with("#[")).is_some_and(is_module);
    let end = text.as_str().match_indices("#[cfg(test)]").find(|(at, sign)| opens(&text.as_str()[at + sign.len()..])).map(|(at, _)| at);
    // A module that lies in another file has nothing to leave out.
    let inline = |at: usize| text.as_str()[at..].lines().find(|line| is_module(line.trim_start())).is_some_and(|line| line.trim_end().ends_with('{'));
    match end.filter(|at| inline(*at)) {
        Some(at) => Rc::new(Text::new(text.path().clone(), &text.as_str()[..at])),
        None => text,
    }
}

/// Where a program ends because nothing was given to it.
const WANTS: &str = r"(?:\bargs(?:\(\))?\.len\(\)\s*(?:<|!=|==)\s*\d\s*\{[^}]{0,200}?(?:exit|return Err|panic!|bail!|[uU]sage)|\bargs\(\)\s*\.(?:nth\(\d\)|skip\(1\)\s*\.next\(\))\s*\.(expect|unwrap)\()";

/// States what the code says; the words of its command say where it is to listen, where it must be told.
pub fn facts(
    draft: &mut ServiceDraft,
    texts: &[Rc<Text>],
    files: &[Rc<Text>],
    shown: &[Rc<Text>],
    framework: Option<&FrameworkRow>,
    hints: &Hints<'_>,
) -> Result<Vec<String>, Diagnostic> {
    let mut ports = Candidates::new();
    let mut told = settings::configured(texts, files);
    told.extend(settings::settings(texts));
    for (pattern, rule) in PORTS {
        let Ok(pattern) = pattern::pattern(pattern) else { continue };
        for hit in source::find_all(texts, &pattern, "//") {
            if let Some(port) = hit.value.parse().ok().filter(|port| *port > 0) {
                ports.push(port, if rule.is_empty() { Source::File(hit.at) } else { Source::inferred(*rule, [hit.at]) });
            }
        }
    }
    let loopback = search(
        texts,
        r#"("(?:127\.0\.0\.1|localhost):(?:\d+"|\{)|\("(?:127\.0\.0\.1|localhost)",\s*\d+\)|\[127, 0, 0, 1\],\s*\d+|Ipv4Addr::new\(127, 0, 0, 1\)\)?,\s*\d+)"#,
    );
    let listens = listens(texts);
    // What calls another server asks for a port too.
    let required = || settings::required(texts).filter(|_| framework.is_some() || listens.is_some());
    let read = search_group(texts, r#"(?:var|var_os)\(\s*"(PORT)"\s*\)"#).or_else(required).filter(|_| ports.is_empty());
    let serves = framework.is_some() || listens.is_some() || !ports.is_empty() && (HTTP.iter().any(|name| uses(draft, name)) || opens(texts));
    if !serves {
        // Addresses of other programs.
        ports = Candidates::new();
    }
    for setting in told.iter().filter(|_| serves) {
        let rule = if setting.variable.is_some() { "the default of a variable" } else { "the default of a flag" };
        ports.extend(setting.port().map(|port| (port, Source::inferred(rule, [setting.at.clone()]))));
    }
    if let Some(read) = &read {
        ports.extend(samples::port_of(shown, &read.value));
        ports.push(USUAL_PORT, Source::inferred(format!("it asks {}, which has no default", read.value), [read.at.clone()]));
    }
    if serves {
        ports.extend(source::port_in(files).or_else(|| source::port_in(shown)));
    }
    if let Some(row) = framework {
        ports.extend(row.port.map(|port| (port, Source::default(format!("{} listens there", row.title)))));
    }
    if serves {
        ports.push(USUAL_PORT, Source::default("the port of most servers"));
    }
    draft.port = asked::first_port(hints, listening::without_rights(ports, &told))?;
    if let (Some(port), Some(read)) = (&draft.port, read) {
        draft.env.push((read.value, port.value.to_string()));
    }
    draft.kind = if draft.port.is_some() {
        Kind::Server
    } else if works(draft, texts) {
        Kind::Worker
    } else {
        Kind::Tool
    };
    // A file of settings that says so can be replaced in the container; the code can't.
    let bound =
        draft.port.as_ref().and_then(|port| port.source.evidence()).filter(|at| ["127.0.0.1", "localhost", "[::1]"].iter().any(|host| at.raw.contains(host)));
    if let Some(at) =
        loopback.or(bound.cloned()).filter(|_| draft.kind == Kind::Server && draft.framework.as_ref().is_none_or(|framework| framework.value != "rocket"))
    {
        draft.notes.push(
            Diagnostic::warning(
                "loopback",
                format!("service `{}` listens on the loopback address: nothing outside of its container reaches it there", draft.name),
            )
            .at(at)
            .help("listen on 0.0.0.0"),
        );
    }
    draft.health = match draft.kind {
        Kind::Server if framework.is_some_and(|row| row.id == "tonic") => {
            Health::None { because: format!("`{}` speaks gRPC, which nothing in this image can ask", draft.name) }
        }
        Kind::Server if framework.is_some() || speaks_http(draft, texts) => Health::Http(health::route(texts)),
        Kind::Server => Health::None { because: format!("`{}` speaks no HTTP", draft.name) },
        _ => Health::None { because: format!("`{}` serves no port", draft.name) },
    };
    signals(draft, texts, framework);
    listening::wants_argument(draft, search(texts, WANTS), hints);
    let words = listening::tell(draft, &told);
    let wanted = pattern::pattern(r#"\bvar\(\s*"([A-Z][A-Z0-9_]*)"\s*\)\s*\.(?:expect|unwrap)\("#);
    let mut asked = wanted.map(|wanted| source::find_all(texts, &wanted, "//")).unwrap_or_default();
    // What only other commands of its ask for, the one that listens doesn't.
    let command = if draft.kind == Kind::Server { commands::listener(texts) } else { None };
    let of_command = |hit: &source::Hit| command.as_ref().is_none_or(|(words, _)| commands::takes(texts, words, &hit.at));
    asked.extend(settings::needed(texts).into_iter().filter(of_command));
    listening::wants_variables(draft, asked);
    Ok(words)
}

/// Where the program opens a port.
pub fn listens(texts: &[Rc<Text>]) -> Option<Evidence> {
    let calls = pattern::pattern(
        r"\b(TcpListener::bind|TcpListener::from_std|HttpServer::new|\w*Server::bind|Server::http\(|warp::serve|axum::serve|poem::Server::new|Server::new\(TcpListener|transport::Server|rocket::build|#\[launch\]|UdpSocket::bind|tide::new|Listener::bind)",
    );
    // A client binds to whichever port is free.
    source::find_all(texts, &calls.ok()?, "//").into_iter().map(|hit| hit.at).find(|at| !at.raw.contains(":0\""))
}

/// Whether anything in the code can open a port, by whichever name.
fn opens(texts: &[Rc<Text>]) -> bool {
    search(texts, r"(\.bind\w*\(|::bind\w*\(|\.listen\w*\(|::listen\w*\(|\.serve\w*\(|::serve\w*\(|Listener\b|UdpSocket)").is_some()
}

/// Places that name a port, the surest first, and the rule that makes one of them.
const PORTS: &[(&str, &str)] = &[
    (r#""PORT"\)[^;]{0,160}?unwrap_or\w*\(\s*(?:\|_?\w*\|\s*)?"?(\d{2,5})\b"#, "the default of PORT"),
    (r#""(?:0\.0\.0\.0|\[::\]):(\d{2,5})""#, ""),
    (r"\[0,\s*0,\s*0,\s*0\]\)?,\s*(\d{2,5})\b", ""),
    (r"Ipv4Addr::new\(0,\s*0,\s*0,\s*0\)\)?,\s*(\d{2,5})\b", ""),
    (r"UNSPECIFIED\)?,\s*(\d{2,5})\b", ""),
    (r#"\(\s*"(?:0\.0\.0\.0|\[::\]|::)"\s*,\s*(\d{2,5})\s*\)"#, ""),
    (r#"\b(?:DEFAULT_)?(?:HTTP_|SERVER_|LISTEN_|CONTROL_|BIND_)?PORT\s*:\s*&?\w+\s*=\s*"?(\d{2,5})\b"#, "the default of the port"),
    (
        r#"\bdefault\s*=\s*"?(\d{2,5})"?\s*\)\]\s*(?:#\[[^\]]*\]\s*)*(?:pub(?:\([a-z]+\))?\s+)?(?:http_|server_|listen_|web_)port\s*:"#,
        "the default of the port",
    ),
    (r"\bfn\s+default_(?:http_|server_|listen_)?port\(\)\s*->\s*u16\s*\{\s*(\d{2,5})\b", "the default of the port"),
    (
        r"#\[default\((\d{2,5})\)\]\s*(?:#\[[^\]]*\]\s*|///[^\n]*\n\s*)*(?:pub(?:\([a-z]+\))?\s+)?(?:http_|server_|listen_|web_)?port\s*:",
        "the default of the port",
    ),
    (r#""(?:127\.0\.0\.1|localhost|\[::1\]):(\d{2,5})""#, ""),
    (r#"\(\s*"(?:127\.0\.0\.1|localhost)"\s*,\s*(\d{2,5})\s*\)"#, ""),
    (r"\[127,\s*0,\s*0,\s*1\]\)?,\s*(\d{2,5})\b", ""),
    (r"Ipv4Addr::new\(127,\s*0,\s*0,\s*1\)\)?,\s*(\d{2,5})\b", ""),
];

fn search(texts: &[Rc<Text>], pattern: &str) -> Option<Evidence> {
    search_group(texts, pattern).map(|hit| hit.at)
}

/// The first match of a pattern's group.
pub fn search_group(texts: &[Rc<Text>], pattern: &str) -> Option<source::Hit> {
    source::find(texts, &pattern::pattern(pattern).ok()?, "//")
}

/// Libraries that servers of HTTP are written with, beside the frameworks of the list.
const HTTP: &[&str] =
    &["gotham", "httparse", "hyper", "hyper-util", "may_minihttp", "ntex", "pingora", "rouille", "salvo", "tide", "tiny_http", "trillium", "viz"];

/// Whether a program without a framework of the list answers to HTTP: by its libraries, or by its own words.
fn speaks_http(draft: &ServiceDraft, texts: &[Rc<Text>]) -> bool {
    HTTP.iter().any(|name| uses(draft, name)) || search(texts, r"(HTTP/1\.)").is_some()
}

fn uses(draft: &ServiceDraft, name: &str) -> bool {
    draft.dependencies.iter().any(|dependency| dependency.production && dependency.name == name)
}

/// Whether a program without a port runs on: it waits in a loop, or takes work from a queue.
fn works(draft: &ServiceDraft, texts: &[Rc<Text>]) -> bool {
    const QUEUES: &[&str] = &["apalis", "async-nats", "fang", "lapin", "rdkafka"];
    // A program that takes arguments does its work and ends.
    const ARGUMENTS: &[&str] = &["argh", "clap", "gumdrop", "lexopt", "pico-args", "structopt"];
    let waits = search(texts, r"\b(loop)\s*\{[^}]{0,400}?(?:interval\(|sleep\(|\.tick\(\)|\.recv\(\))").is_some();
    waits && !ARGUMENTS.iter().any(|name| uses(draft, name)) || QUEUES.iter().any(|name| uses(draft, name))
}

/// As process 1 a program that handles no signal can't be stopped but by force.
fn signals(draft: &mut ServiceDraft, texts: &[Rc<Text>], framework: Option<&FrameworkRow>) {
    if draft.kind == Kind::Tool {
        return;
    }
    let fact = |value: &str, source: Source| ("signals".to_owned(), Decision::new(value.to_owned(), source));
    let terminate = search(texts, r"(SignalKind::terminate|SIGTERM|signal_hook|shutdown_signal_all)");
    let interrupt = search(texts, r"(signal::ctrl_c|\bctrl_c\(\)|ctrlc::set_handler|SignalKind::interrupt)");
    let own = framework.and_then(|row| row.data.get("signals")).and_then(toml::Value::as_bool).unwrap_or_default();
    if let Some(at) = terminate {
        draft.facts.push(fact("SIGTERM", Source::File(at)));
    } else if let Some(row) = framework.filter(|_| own) {
        draft.facts.push(fact("SIGTERM", Source::default(format!("{} stops on it", row.title))));
    } else if let Some(at) = interrupt {
        draft.facts.push(fact("SIGINT", Source::File(at)));
        draft.set("stop", "SIGINT");
    } else {
        draft.facts.push(("init".to_owned(), Decision::new("tini".to_owned(), Source::default("as process 1, a program without a handler ignores SIGTERM"))));
        draft.set("init", true);
        draft.system.push(Dependency { name: "tini".to_owned(), at: Evidence::file(draft.root.clone()), production: true });
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::opens;
    use crate::detect::detect;
    use crate::fs::{Text, Tree};
    use crate::model::{Answers, RelPath};

    #[test]
    fn a_derived_default_is_the_port() {
        let manifest = "[package]\nname = \"a\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[dependencies]\nactix-web = \"4\"\n";
        let main = "#[derive(SmartDefault)]\nstruct S {\n    /// Where it listens.\n    #[default(8536)]\n    pub port: u16,\n}\nfn main() { HttpServer::new(f).bind(address) }\n";
        let found = detect(&Tree::memory([("Cargo.toml", manifest), ("src/main.rs", main)]), &Answers::default());
        assert_eq!(found.services[0].port.as_ref().map(|port| port.value), Some(8536));
    }

    #[test]
    fn an_address_that_is_called_opens_nothing() {
        for (source, expected) in [
            ("const PROXY: &str = \"127.0.0.1:9050\";\nreqwest::Proxy::all(PROXY)", false),
            ("TcpStream::connect(\"127.0.0.1:6379\")", false),
            ("let server = Server::new(\"0.0.0.0:7878\"); server.listen_on(app)", true),
            ("tokio::net::UdpSocket::from_std(socket)", true),
            ("hypothetical::bind_with(\"0.0.0.0:80\")", true),
        ] {
            assert_eq!(opens(&[Rc::new(Text::new(RelPath::known("src/main.rs"), source))]), expected, "{source}");
        }
    }
}
