//! How a program can be told where it listens: the settings that move its port or its address, and what they must say in a container.

use std::net::IpAddr;

use super::source::Hit;
use crate::model::answers::Hints;
use crate::model::question::Question;
use crate::model::{Candidates, Decision, Diagnostic, Evidence, Kind, ServiceDraft, Source};

/// The first port that needs no rights.
pub const FREE: u16 = 1024;

/// Ports of what programs call, not of what they are; those above the last stand for whoever is free.
const OF_OTHERS: &[u16] = &[
    22, 25, 53, 88, 110, 123, 143, 161, 389, 465, 587, 636, 993, 995, 1433, 1521, 1883, 2181, 2379, 3306, 4222, 4317, 4318, 5432, 5672, 6379, 6831, 8125, 9092,
    9200, 11211, 27017,
];
const LAST: u16 = 49151;

/// Whether a number that stands somewhere is a port that a server opens.
pub fn is_likely(port: u16) -> bool {
    port > 0 && port <= LAST && !OF_OTHERS.contains(&port)
}

/// A setting of a program that has a default: a flag of its command line, a variable, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name in lower case with hyphens.
    pub name: String,
    /// The flag that sets it, with its hyphens.
    pub flag: Option<String>,
    /// The variable that sets it.
    pub variable: Option<String>,
    /// Its default.
    pub default: String,
    /// Where that stands.
    pub at: Evidence,
}

/// Words before the last one that leave a setting the program's own.
const OWN: &[&str] = &["app", "server", "http", "web", "api", "service", "listen", "listening", "bind", "rest", "main", "public", "default", "grpc"];

/// First words that make a setting another program's.
const OTHERS: &[&str] = &[
    "admin",
    "allowed",
    "amqp",
    "broker",
    "cache",
    "clickhouse",
    "cluster",
    "consul",
    "database",
    "db",
    "debug",
    "dns",
    "elastic",
    "elasticsearch",
    "email",
    "ftp",
    "gossip",
    "imap",
    "influx",
    "jaeger",
    "kafka",
    "ldap",
    "local",
    "mail",
    "max",
    "mariadb",
    "memcached",
    "metrics",
    "min",
    "minio",
    "mongo",
    "mongodb",
    "mysql",
    "nats",
    "otel",
    "peer",
    "pg",
    "postgres",
    "postgresql",
    "pprof",
    "proxy",
    "queue",
    "rabbitmq",
    "redis",
    "remote",
    "s3",
    "smtp",
    "socks",
    "ssh",
    "statsd",
    "target",
    "tls",
    "trusted",
    "upstream",
    "vault",
];

/// Warns of a program that runs for long and ends at once unless it is given something, as the place says.
pub fn wants_argument(draft: &mut ServiceDraft, at: Option<Evidence>, hints: &Hints<'_>) {
    if let Some(at) = at.filter(|_| draft.kind != Kind::Tool && hints.get(Question::StartCmd).is_none()) {
        let message = format!("service `{}` ends at once unless it is given an argument", draft.name);
        let help = format!("pass it with --start-cmd \"/usr/local/bin/{} ARGUMENT\"", draft.name);
        draft.notes.push(Diagnostic::warning("wants-argument", message).at(at).help(help));
    }
}

/// Words of variables that compose gives together with the service that they lead to, or that say where to listen.
const GIVEN: &[&str] = &[
    "addr", "address", "amqp", "broker", "cache", "database", "db", "host", "kafka", "mongo", "mongodb", "mysql", "nats", "pg", "port", "postgres", "rabbitmq",
    "redis",
];

/// The same of variables without which it ends, which nothing here gives it a value of.
pub fn wants_variables(draft: &mut ServiceDraft, found: Vec<Hit>) {
    // Some are there in every container.
    let always = |name: &str| matches!(name, "HOME" | "HOSTNAME" | "PATH" | "PWD");
    let given =
        |name: &str| always(name) || draft.env.iter().any(|(known, _)| known == name) || name.to_ascii_lowercase().split('_').any(|word| GIVEN.contains(&word));
    let found: Vec<Hit> = found.into_iter().filter(|hit| !given(&hit.value)).collect();
    let Some(first) = found.first().filter(|_| draft.kind != Kind::Tool) else { return };
    let mut names: Vec<&str> = found.iter().map(|hit| hit.value.as_str()).collect();
    names.dedup();
    let message = format!("service `{}` ends at once without a value of {}", draft.name, names.join(", "));
    let help = format!("give it by `docker run --env {}=...`; compose reads the file .env", first.value);
    draft.notes.push(Diagnostic::warning("wants-variable", message).at(first.at.clone()).help(help));
}

/// Commands that listen, the plainest first, as one alternative of a pattern.
pub const LISTENERS: &str = "serve|server|start|web|daemon|api|http|listen|run";

/// Whether a program's name says that it is a server.
pub fn is_server(name: &str) -> bool {
    name == "server" || name.ends_with("-server") || name.ends_with("_server")
}

impl Setting {
    /// A setting by a flag.
    pub fn flag(name: &str, default: &str, at: Evidence) -> Self {
        Self { name: kebab(name), flag: Some(format!("--{name}")), variable: None, default: default.to_owned(), at }
    }

    /// A setting by a variable.
    pub fn variable(name: &str, default: &str, at: Evidence) -> Self {
        Self { name: kebab(name), flag: None, variable: Some(name.to_owned()), default: default.to_owned(), at }
    }

    /// A key of a file of settings.
    pub fn key(name: &str, default: &str, at: Evidence) -> Self {
        Self { name: kebab(name), flag: None, variable: None, default: default.to_owned(), at }
    }

    /// Whether it says where the program itself listens, not where its database does: by its last word and those before.
    fn is(&self, words: &[&str]) -> bool {
        let parts: Vec<&str> = self.name.split(['-', '.']).filter(|part| !matches!(*part, "number" | "ip" | "ipv4")).collect();
        let Some((last, before)) = parts.split_last() else { return false };
        let mut before = before.iter();
        // Variables often begin with the program's name.
        let first = before.next().is_none_or(|part| OWN.contains(part) || self.variable.is_some() && !OTHERS.contains(part));
        words.contains(last) && first && before.all(|part| OWN.contains(part))
    }

    /// What sets it from outside: its flag, else its variable. A key of a file of settings has none.
    fn handle(&self) -> Option<&str> {
        self.flag.as_deref().or(self.variable.as_deref())
    }

    /// The port in its default.
    pub fn port(&self) -> Option<u16> {
        let text = self.default.trim();
        // An address with a scheme is where the program calls somebody, unless it stands for all of its own.
        if text.contains("://") && !text.contains("0.0.0.0") {
            return None;
        }
        let number = if self.is(&["port"]) {
            text.trim_start_matches(':')
        } else if self.is(&["addr", "address", "listen", "bind", "http", "host"]) {
            text.rsplit_once(':')?.1
        } else {
            return None;
        };
        number.parse().ok().filter(|port| *port > 0)
    }

    /// Whether its default keeps everybody but the container itself out.
    pub fn is_loopback(&self) -> bool {
        if !self.is(&["addr", "address", "listen", "bind", "host", "interface"]) {
            return false;
        }
        let text = self.default.trim();
        let host = match text.rsplit_once(':') {
            Some((host, port)) if port.parse::<u16>().is_ok() && !host.contains(':') || text.starts_with('[') => host,
            _ => text,
        };
        let host = host.trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

/// A name in lower case with hyphens.
fn kebab(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

/// The candidates without those ports that need rights, where no setting moves them and the code names others.
pub fn without_rights(ports: Candidates<u16>, settings: &[Setting]) -> Candidates<u16> {
    let moves = |port: u16| settings.iter().any(|setting| setting.handle().is_some() && setting.port() == Some(port));
    let fine = |(port, source): &&(u16, Source)| (*port >= FREE || moves(*port)) && !matches!(source, Source::Default { .. });
    if !ports.iter().any(|candidate| fine(&candidate)) {
        return ports;
    }
    let mut kept = Candidates::new();
    kept.extend(ports.iter().filter(|candidate| fine(candidate) || candidate.0 >= FREE).cloned());
    kept
}

/// Tells the program to listen where it can be reached, on a port that needs no rights: pushes variables, returns words of its command.
pub fn tell(draft: &mut ServiceDraft, settings: &[Setting]) -> Vec<String> {
    let mut words = Vec::new();
    let settings: Vec<&Setting> = settings.iter().filter(|setting| setting.handle().is_some()).collect();
    let Some(port) = draft.port.clone() else { return words };
    // What the development stage is told too.
    let mut told = draft.extra.get("told").and_then(serde_json::Value::as_object).cloned().unwrap_or_default();
    let explicit = port.source.is_explicit();
    let moves = |setting: &&&Setting| setting.port() == Some(port.value) || explicit && setting.is(&["port"]);
    let mut chosen = port.value;
    if let Some(setting) = settings.iter().find(moves).filter(|setting| explicit && setting.port() != Some(port.value) || port.value < FREE) {
        if !explicit {
            chosen = if port.value == 443 { 8443 } else { 8080 };
            draft.set("untold", serde_json::json!({ "port": port.value, "by": setting.handle() }));
            let rule = format!("{} needs rights, and {} moves it", port.value, setting.handle().unwrap_or_default());
            draft.port = Some(Decision::new(chosen, Source::inferred(rule, [setting.at.clone()])));
        }
        let host = setting.default.rsplit_once(':').map(|(host, _)| host);
        let value = host.map_or_else(|| chosen.to_string(), |host| format!("{host}:{chosen}"));
        let why = format!("{} needs rights", port.value);
        say(draft, setting, &value, if explicit { "the port that was asked for" } else { &why }, &mut words, &mut told);
    }
    let empty = |setting: &&&Setting| setting.default.is_empty() && setting.flag.is_some() && setting.is(&["addr", "address", "listen", "bind", "http"]);
    if let Some(setting) = settings.iter().find(|setting| setting.is_loopback() && setting.port().is_none_or(|own| own == port.value)) {
        let value = if setting.port().is_some() { format!("0.0.0.0:{chosen}") } else { "0.0.0.0".to_owned() };
        say(draft, setting, &value, "the loopback address is out of reach", &mut words, &mut told);
        draft.notes.retain(|note| note.id != "loopback");
    } else if let Some(setting) = settings.iter().find(empty).filter(|_| draft.notes.iter().any(|note| note.id == "loopback")) {
        say(draft, setting, &format!("0.0.0.0:{chosen}"), "the loopback address is out of reach", &mut words, &mut told);
        draft.notes.retain(|note| note.id != "loopback");
    }
    if !told.is_empty() {
        draft.set("told", told);
    }
    words
}

fn say(draft: &mut ServiceDraft, setting: &Setting, value: &str, why: &str, words: &mut Vec<String>, told: &mut serde_json::Map<String, serde_json::Value>) {
    let shown = if let Some(name) = &setting.variable {
        draft.env.retain(|(known, _)| known != name);
        draft.env.push((name.clone(), value.to_owned()));
        told.insert(name.clone(), value.to_owned().into());
        format!("{name}={value}")
    } else if let Some(flag) = &setting.flag {
        words.push(format!("{flag}={value}"));
        format!("{flag}={value}")
    } else {
        return;
    };
    draft.facts.push(("told".to_owned(), Decision::new(shown, Source::inferred(why, [setting.at.clone()]))));
}

#[cfg(test)]
mod tests {
    use super::{Setting, tell};
    use crate::model::{Decision, Evidence, RelPath, ServiceDraft, Source};

    fn at() -> Evidence {
        Evidence::file(RelPath::known("main.go"))
    }

    fn server(port: u16) -> ServiceDraft {
        let mut draft = ServiceDraft::new("go", RelPath::root(), "a");
        draft.port = Some(Decision::new(port, Source::default("a test")));
        draft
    }

    #[test]
    fn the_settings_of_neighbours_are_not_its_own() {
        let port = |name: &str, default: &str| Setting::variable(name, default, at()).port();
        assert_eq!(port("PORT", ":8080"), Some(8080));
        assert_eq!(port("HTTP_PORT", "8080"), Some(8080));
        assert_eq!(port("LISTEN_ADDR", "127.0.0.1:8080"), Some(8080));
        assert_eq!(port("DB_PORT", "5432"), None);
        assert_eq!(port("REDIS_ADDR", "localhost:6379"), None);
        assert!(Setting::variable("APP_LISTEN_IPV4", "127.0.0.1", at()).is_loopback());
        assert!(!Setting::variable("REDIS_HOST_IP", "127.0.0.1", at()).is_loopback());
    }

    #[test]
    fn a_low_port_is_moved_and_a_loopback_address_opened() {
        let mut draft = server(80);
        assert!(tell(&mut draft, &[Setting::variable("WHOAMI_PORT_NUMBER", "80", at())]).is_empty());
        assert_eq!(draft.port.map(|port| port.value), Some(8080));
        assert_eq!(draft.env, [("WHOAMI_PORT_NUMBER".to_owned(), "8080".to_owned())]);
        let mut draft = server(8080);
        let settings = [Setting::variable("DB_HOST", "localhost", at()), Setting::flag("addr", "localhost:8080", at())];
        assert_eq!(tell(&mut draft, &settings), ["--addr=0.0.0.0:8080"]);
        let mut draft = server(3000);
        assert!(tell(&mut draft, &[Setting::variable("HOST", "127.0.0.1", at()), Setting::variable("PORT", "3000", at())]).is_empty());
        assert_eq!(draft.env, [("HOST".to_owned(), "0.0.0.0".to_owned())]);
    }

    #[test]
    fn a_key_of_a_settings_file_moves_nothing() {
        let mut draft = server(80);
        assert!(tell(&mut draft, &[Setting::key("server.port", "80", at()), Setting::key("server.host", "127.0.0.1", at())]).is_empty());
        assert_eq!(draft.port.map(|port| port.value), Some(80));
        assert!(draft.env.is_empty() && draft.extra.get("untold").is_none());
    }
}
