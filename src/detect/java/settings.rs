//! The port, as a framework's settings and the code name it.

use std::rc::Rc;

use super::{Module, frameworks, look};
use crate::detect::listening::is_likely;
use crate::detect::source;
use crate::fs::{Dir, Text};
use crate::manifest::{pattern, properties};
use crate::model::{Decision, Evidence, Source};

/// Files of settings, in the order in which they win.
const FILES: &[&str] = &[
    "config/application.properties",
    "config/application.yml",
    "config/application.yaml",
    "src/main/resources/config/application.yml",
    "src/main/resources/config/application.properties",
    "src/main/resources/application.properties",
    "src/main/resources/application.yml",
    "src/main/resources/application.yaml",
    "src/main/resources/bootstrap.yml",
    "src/main/resources/META-INF/microprofile-config.properties",
    "resources/application.yaml",
    "resources/application.yml",
    "resources/application.conf",
    "src/main/resources/application.conf",
    "src/main/resources/reference.conf",
    "conf/application.conf",
    "config.yml",
];

/// The keys of the port.
const KEYS: &[&str] = &[
    "server.port",
    "quarkus.http.port",
    "micronaut.server.port",
    "ktor.deployment.port",
    "play.server.http.port",
    "http.port",
    "server.applicationConnectors.port",
];

/// Code that names the port which it listens on. A variable with a number beside it stands for that number.
const CODE: &[&str] = &[
    r#""PORT"\s*\)[^\n]{0,80}?(?:\?:|[gG]etOrElse\(|orElse\()\s*"?(\d+)"#,
    r#"getenv\(\s*"PORT"\s*\)[^;\n]{0,80}?\?\s*[^;:\n]{0,60}:\s*"?(\d{2,5})\b"#,
    r#"(?:getOrDefault|getOrElse|getProperty|propOrElse|envOrElse)\(\s*(?:\w+\s*,\s*)?"(?i:http_|server_|http\.|server\.)?(?i:port)"\s*,\s*"?(\d+)"#,
    r"\bembeddedServer\([^)]*?\bport\s*=\s*(\d+)",
    r"\bembeddedServer\(\s*\w+\s*,\s*(\d+)",
    r#"\.withPort\(\s*port"(\d+)""#,
    r"\bServer\.(?:serve|install|default(?:With)?)[^\n]*?port\((\d+)",
    r"\bServer\.defaultWithPort\(\s*(\d+)",
    r"\b(?:newServerAt|bindHttp|\.bind)\([^)\n]*?,\s*(\d{2,5})\b",
    r"\.(?:start|listen|setPort|port|http)\(\s*(\d{4,5})\b",
    r"\bnew\s+(?:InetSocketAddress|ServerSocket|Server)\(\s*(\d{2,5})\b",
    r"(?m)^[ \t]*(?:Spark\.)?port\(\s*(\d{2,5})\s*\)",
    r"(?i)\b(?:int|Int|val|var)\s+(?:default_?|server_?|http_?)?port\b(?:\s*:\s*Int)?\s*=\s*(\d{2,5})\b",
];

/// The port of a module.
pub fn port(home: &Dir<'_>, framework: Option<&str>, module: &Module, texts: &[Rc<Text>], typed: Option<(u16, Source)>) -> Option<Decision<u16>> {
    let written = FILES.iter().filter_map(|file| home.peek(file)).find_map(|text| {
        let (value, at) = KEYS.iter().find_map(|key| setting(&text, key))?;
        Some((look::port(&value)?, Source::File(at)))
    });
    // Spring and its like are told by settings; their code speaks of other things' ports.
    let told = matches!(framework, Some("spring-boot" | "quarkus" | "micronaut" | "grails"));
    let own = |hit: source::Hit| Some((look::port(&hit.value).filter(|port| is_likely(*port))?, Source::File(hit.at)));
    let named = || CODE.iter().filter_map(|text| pattern::kept(text)).find_map(|pattern| source::find_all(texts, &pattern, "//").into_iter().find_map(own));
    let coded = if told { None } else { named() };
    let coded = coded.or_else(|| asked(home, texts).filter(|_| !told));
    let usual = framework.and_then(|name| Some((frameworks::port(name, &module.parts)?, Source::default(format!("{name} listens on it")))));
    let server = module.war.then(|| (8080, Source::default("application servers listen on it")));
    look::picked(typed.into_iter().chain(written).chain(coded).chain(usual).chain(server))
}

/// The port that a file of properties among the resources gives to a key which the code asks for.
fn asked(home: &Dir<'_>, texts: &[Rc<Text>]) -> Option<(u16, Source)> {
    let call = pattern::kept(r#"\bget(?:Int|Integer|String)?(?:Property|OrNull)?\(\s*"((?:[\w-]+[._-])*[pP]ort)"\s*\)"#)?;
    let resources = home.dir("src/main/resources");
    let files: Vec<Rc<Text>> = resources.files().filter(|file| file.ends_with(".properties")).filter_map(|file| resources.peek(file)).collect();
    source::find_all(texts, &call, "//").into_iter().find_map(|hit| {
        let (value, at) = files.iter().find_map(|text| properties::value_in(text, &hit.value))?;
        Some((look::port(&value).filter(|port| is_likely(*port))?, Source::File(at)))
    })
}

/// The texts of a module's files of settings.
pub fn texts(home: &Dir<'_>) -> Vec<Rc<Text>> {
    FILES.iter().filter_map(|file| home.peek(file)).collect()
}

/// A setting of a module by its dotted key.
pub fn value(home: &Dir<'_>, key: &str) -> Option<(String, Evidence)> {
    FILES.iter().filter_map(|file| home.peek(file)).find_map(|text| setting(&text, key))
}

/// A setting by its dotted key, in properties, YAML or HOCON.
fn setting(text: &Text, key: &str) -> Option<(String, Evidence)> {
    let ending = text.path().name().rsplit('.').next().unwrap_or_default();
    match ending {
        "properties" => properties::value_in(text, key),
        "conf" => hocon(text, key),
        _ => yaml(text, key),
    }
}

/// YAML by its indentation: Spring's files hold placeholders that are no YAML before the build fills them. Only the first document counts.
fn yaml(text: &Text, key: &str) -> Option<(String, Evidence)> {
    let mut path: Vec<(usize, String)> = Vec::new();
    for (number, line) in text.lines() {
        let bare = line.trim_start();
        if bare.starts_with("---") && !path.is_empty() {
            break;
        }
        let Some((name, value)) = bare.split_once(':').filter(|_| !bare.starts_with('#')) else { continue };
        // The entries of a list's item lie as deep as the text behind its dash.
        let name = name.trim_start_matches("- ").trim();
        let indent = line.len() - bare.trim_start_matches("- ").len();
        path.retain(|(depth, _)| *depth < indent);
        path.push((indent, name.to_owned()));
        let value = value.split(" #").next().unwrap_or_default().trim();
        if value.is_empty() {
            continue;
        }
        let dotted: Vec<&str> = path.iter().map(|(_, name)| name.as_str()).collect();
        if dotted.join(".") == key {
            return Some((value.to_owned(), Evidence::line(text.path().clone(), number, value).with_key(key)));
        }
    }
    None
}

/// HOCON by its braces; a later `${?PORT}` is an override that needs a variable.
fn hocon(text: &Text, key: &str) -> Option<(String, Evidence)> {
    let mut path: Vec<String> = Vec::new();
    for (number, line) in text.lines() {
        let bare = line.split("//").next().unwrap_or_default().trim();
        if bare.starts_with('#') {
            continue;
        }
        if bare.starts_with('}') {
            path.pop();
        } else if let Some(name) = bare.strip_suffix('{') {
            path.push(name.trim().trim_end_matches(['=', ':']).trim().to_owned());
        } else if let Some((name, value)) = bare.split_once(['=', ':']) {
            let value = value.trim();
            let dotted: Vec<&str> = path.iter().map(String::as_str).chain([name.trim()]).collect();
            let dotted = dotted.join(".");
            if (dotted == key || dotted.strip_suffix(key).is_some_and(|head| head.ends_with('.'))) && look::port(value).is_some() {
                return Some((value.to_owned(), Evidence::line(text.path().clone(), number, value).with_key(key)));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::setting;
    use crate::fs::Text;
    use crate::model::RelPath;

    fn found(name: &str, text: &str, key: &str) -> Option<String> {
        setting(&Text::new(RelPath::known(name), text), key).map(|(value, _)| value)
    }

    #[test]
    fn settings_are_read_in_every_format() {
        let yaml = "spring:\n  application:\n    name: @project.name@\nserver:\n  address: x # y\n  port: ${PORT:8081} # z\n---\nserver:\n  port: 1\n";
        assert_eq!(found("application.yml", yaml, "server.port").as_deref(), Some("${PORT:8081}"));
        assert_eq!(found("application.yml", "server.port: 9\n", "server.port").as_deref(), Some("9"));
        assert_eq!(
            found("a.yml", "server:\n  applicationConnectors:\n    - type: http\n      port: 8090\n", "server.applicationConnectors.port").as_deref(),
            Some("8090")
        );
        let hocon = "ktor {\n  deployment {\n    port = 8085\n    port = ${?PORT}\n  }\n}\n";
        assert_eq!(found("application.conf", hocon, "ktor.deployment.port").as_deref(), Some("8085"));
        assert_eq!(found("application.properties", "%dev.quarkus.http.port=1\nquarkus.http.port=2\n", "quarkus.http.port").as_deref(), Some("2"));
    }
}
