//! What the source code says of a C or C++ program: whether it listens, and which signals end it.

use std::rc::Rc;

use crate::detect::{asked, health, listening, source};
use crate::fs::Text;
use crate::manifest::pattern;
use crate::model::answers::Hints;
use crate::model::{Candidates, Decision, Dependency, Diagnostic, Evidence, Health, Kind, ServiceDraft, Source};

/// Places that name a port, the surest first, and the rule that makes one of them.
const PORTS: &[(&str, &str)] = &[
    (r#"getenv\(\s*"PORT"\s*\)[^;]*?"(\d{2,5})""#, "the default of PORT"),
    (r#"getenv\(\s*"PORT"\s*\)[^;]*?:\s*(\d{2,5})\b"#, "the default of PORT"),
    (r#"\bport\w*\s*\?[^;]*?:\s*"?(\d{2,5})\b"#, "the default of the port"),
    (r#"\b(?:\w*_)?(?:port|PORT)\w*\s*=[^;?]*\?[^;]*[^:;]:\s*"?(\d{2,5})\b"#, "the default of the port"),
    (r#"\blisten\(\s*"[^"]*"\s*,[^;?]*\?[^;]*[^:;]:\s*(\d{2,5})\b"#, "the default of the port"),
    (r"\bhtons\(\s*(\d{2,5})\s*\)", ""),
    (r#"\blisten\(\s*"[^"]*"\s*,\s*(\d{2,5})\b"#, ""),
    (r"\b[A-Z]?\w*Server\s+\w+\(\s*(\d{4,5})\s*,", ""),
    (r#""listening_ports?"\s*,[^"\n]*"(\d{2,5})""#, ""),
    (r"(?:\.port|\bPort)\(\s*(\d{2,5})\s*\)", ""),
    (r"\bMHD_start_daemon\s*\([^;,]*,\s*(\d{2,5})\b", ""),
    (r#"\b(?:evhttp_bind_socket|uv_ip4_addr|addListener)\s*\([^;]{0,80}?"[\d.:]*"\s*,\s*(\d{2,5})\b"#, ""),
    (r#"\{\s*"(?:0\.0\.0\.0|localhost|127\.0\.0\.1)"\s*,\s*(\d{2,5})\b"#, ""),
    (r"\b(?:tcp|udp)::v[46]\(\)\s*,\s*(\d{2,5})\b", ""),
    (r#""(?:https?://)?(?:0\.0\.0\.0|\[::\]|localhost|127\.0\.0\.1):(\d{2,5})""#, ""),
    (r#""(?:0\.0\.0\.0|::|localhost|127\.0\.0\.1)"\s*,\s*"(\d{2,5})""#, ""),
    (r#"#\s*define\s+(?:\w+_)?(?:PORT|Port|[A-Z]{2,8}PORT)(?:_DEFAULT|_NUMBER|_NUM|_NO|_STR|NUM|def)?\s+[("]{0,2}(\d{2,5})\b"#, ""),
    (r#"\b(?:\w*_)?(?:port|PORT|\w*Port|[a-z]{2,8}port)(?:_?(?:no|num|number))?\s*(?:=|\{)\s*"?(\d{4,5})\b"#, ""),
    (r#""[^"\n]*\b[Pp]ort\b[^"\n]*\bdefaults?(?:\s+(?:is|to|port))?\s*[:=]?\s*(\d{4,5})\b"#, "the default that its help names"),
];

/// Calls of libraries that open a port.
const LIBRARIES: &str = r"(\.listen\(|drogon::app\(\)|crow::SimpleApp|io_context|io_service|MHD_start_daemon|mg_http_listen|evhttp_bind_socket|evconnlistener_new_bind|uv_listen|lws_create_context|AddListeningPort|Http::Endpoint|oatpp::network::|mg_start|userver::)";

/// Where a program ends because nothing was given to it: it says how it is used.
const WANTS: &str = r"\bargc\s*(<\s*[2-9]|==\s*1|<=\s*[1-9])\)[^}]{0,200}?(?:[uU]sage|USAGE|help)";

/// Calls that a statically linked glibc can't answer without its shared parts.
const NOT_STATIC: &str = r"\b(getaddrinfo|gethostbyname|getpwnam|getpwuid|getgrnam|dlopen|iconv_open)\s*\(";

/// States what the code says.
pub fn facts(draft: &mut ServiceDraft, texts: &[Rc<Text>], installed: Option<&Text>, hints: &Hints<'_>) -> Result<(), Diagnostic> {
    let listens = search(texts, r"\b(accept4?\s*\(|listen\s*\()").or_else(|| search(texts, LIBRARIES));
    let mut ports = Candidates::new();
    for (pattern, rule) in PORTS.iter().filter(|_| listens.is_some()) {
        let Ok(pattern) = pattern::pattern(pattern) else { continue };
        // The ports of protocols are those of others.
        let of_protocol = |hit: &source::Hit| {
            let bound = ["MAX_PORT", "MIN_PORT", "PORT_MAX", "PORT_MIN"].iter().any(|word| hit.at.raw.contains(word));
            bound || matches!((hit.value.as_str(), hit.at.raw.contains("HTTP_PORT"), hit.at.raw.contains("HTTPS_PORT")), ("80", true, _) | ("443", _, true))
        };
        for hit in source::find_all(texts, &pattern, "//").into_iter().filter(|hit| !of_protocol(hit) && !is_other_word(hit)) {
            if let Some(port) = hit.value.parse().ok().filter(|port| *port > 0) {
                ports.push(port, if rule.is_empty() { Source::File(hit.at) } else { Source::inferred(*rule, [hit.at]) });
            }
        }
    }
    // The file of settings that is installed with it has the last word of the project's own.
    let settings: Vec<(u16, Source)> = installed.filter(|_| listens.is_some()).and_then(configured).into_iter().collect();
    ports.extend(settings);
    draft.port = asked::first_port(hints, ports)?;
    let near = r#"(?:\b(?:bind|listen|addListener|connect_host|evhttp_bind_socket)\w*\([^;"]*"(localhost|127\.0\.0\.1)"|"(?:https?://)?(localhost|127\.0\.0\.1):\d{2,5}"|\bs_addr\s*=\s*(?:htonl\(\s*INADDR_LOOPBACK|inet_addr\(\s*"127))"#;
    if let Some(at) = search(texts, near).filter(|_| draft.port.is_some()) {
        let message = format!("service `{}` listens on the loopback address: nothing outside of its container reaches it there", draft.name);
        draft.notes.push(Diagnostic::warning("loopback", message).at(at).help("listen on 0.0.0.0"));
    }
    let waits = search(texts, r"\b(for\s*\(\s*;\s*;\s*\)|while\s*\(\s*(?:1|true)\s*\))")
        .filter(|_| search(texts, r"\b(sleep\(|nanosleep\(|sleep_for\(|pause\(|epoll_wait\(|poll\()").is_some());
    draft.kind = match (&draft.port, &listens, waits) {
        (Some(_), _, _) => Kind::Server,
        (None, Some(_), _) | (None, None, Some(_)) => Kind::Worker,
        _ => Kind::Tool,
    };
    let speaks_http =
        search(texts, r"(HTTP/1|httplib|evhttp|lws_create_context|mg_http_listen|crow::|drogon|Pistache|microhttpd|beast::http|mongoose|restinio|oatpp)")
            .is_some();
    draft.health = match draft.kind {
        Kind::Server if speaks_http && draft.port.as_ref().is_some_and(|port| listening::is_likely(port.value) || port.source.is_explicit()) => {
            Health::Http(health::route(texts))
        }
        Kind::Server => Health::None { because: format!("`{}` speaks no HTTP", draft.name) },
        Kind::Worker => Health::None { because: format!("`{}` serves no port", draft.name) },
        _ => Health::None { because: format!("`{}` runs and ends, it serves no port", draft.name) },
    };
    // Other programs may lie beside it.
    let mains: Vec<Rc<Text>> = texts.iter().filter(|text| text.as_str().contains("main(")).cloned().collect();
    let stem = |text: &Rc<Text>| text.path().name().rsplit_once('.').is_some_and(|(stem, _)| stem == "main" || stem == draft.name);
    let own: Vec<Rc<Text>> = if mains.len() == 1 { mains } else { mains.into_iter().filter(stem).collect() };
    listening::wants_argument(draft, search(&own, WANTS), hints);
    if let Some(at) = search(texts, NOT_STATIC) {
        draft.refused.insert("scratch".to_owned(), format!("it calls what a static C library can't answer ({at})"));
    }
    signals(draft, texts);
    Ok(())
}

/// Whether the name before a number only ends like a port's.
fn is_other_word(hit: &source::Hit) -> bool {
    const WORDS: &[&str] = &["export", "import", "passport", "report", "support", "transport", "viewport"];
    let before = hit.at.raw.split(hit.value.as_str()).next().unwrap_or_default().trim_end_matches(|c: char| !c.is_alphanumeric());
    let name = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_ascii_lowercase();
    WORDS.contains(&name.as_str())
}

/// The port in a file of settings: `port 8080`, `Port = 8080`, `server.port = 8080`, `listen 8080`.
fn configured(file: &Text) -> Option<(u16, Source)> {
    let pattern =
        pattern::pattern(r"(?mi)^[ \t]*(?:[a-z]+\.)?(?:port|listen|listener|server-port|listen-port|http_port)[ \t]*[= \t][ \t]*(\d{2,5})[ \t]*;?[ \t]*$")
            .ok()?;
    let groups = pattern.captures(file.as_str())?;
    let value = groups.get(1)?;
    let port = value.as_str().parse().ok().filter(|port| *port > 0)?;
    Some((port, Source::File(file.at(value.start(), source::line_of(file, value.start()).trim()))))
}

fn search(texts: &[Rc<Text>], pattern: &str) -> Option<Evidence> {
    source::find(texts, &pattern::pattern(pattern).ok()?, "//").map(|hit| hit.at)
}

/// The flag of a program that goes to the background by itself, by which it doesn't, as its own help says: nobody waits for process 1 to come back.
pub fn foreground(texts: &[Rc<Text>]) -> Option<(String, Evidence)> {
    const HELP: &str = r#"["\st](--?[A-Za-z][\w-]*)(?:[ ,|/]+--?[\w-]+)?(?:[ :]|\\t|\t)[^"\n]*?(?:[Ii]n (?:the )?foreground|(?:[Dd]o(?:es)? not|[Dd]on't|[Nn]ever) (?:go |fork |run )?(?:in ?to |in |to )?(?:the )?(?:background|daemon|detach|fork))"#;
    search(texts, r"\b(daemon|daemoni[sz]e|setsid)\s*\(")?;
    // What stands as a default is what the flag changes.
    let changes = |hit: &source::Hit| ["default: don't", "default: do not"].iter().any(|words| hit.at.raw.to_ascii_lowercase().contains(words));
    source::find_all(texts, &pattern::pattern(HELP).ok()?, "//").into_iter().find(|hit| !changes(hit)).map(|hit| (hit.value, hit.at))
}

/// As process 1 a program that handles no signal can't be stopped but by force.
fn signals(draft: &mut ServiceDraft, texts: &[Rc<Text>]) {
    if draft.kind == Kind::Tool {
        return;
    }
    let fact = |value: &str, at: Evidence| ("signals".to_owned(), Decision::new(value.to_owned(), Source::File(at)));
    if let Some(at) = search(texts, r"\b(SIGTERM)\b") {
        draft.facts.push(fact("SIGTERM", at));
    } else if let Some(at) = search(texts, r"\b(SIGINT)\b") {
        draft.facts.push(fact("SIGINT", at));
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

    use super::facts;
    use crate::fs::Text;
    use crate::model::{Answers, RelPath, ServiceDraft};

    fn port(define: &str) -> Option<u16> {
        let source = format!("{define}\nint main(void) {{ listen(s, 9); for (;;) accept(s, 0, 0); }}\n");
        let mut draft = ServiceDraft::new("c", RelPath::root(), "a");
        let text = Rc::new(Text::new(RelPath::known("main.c"), &source));
        assert!(facts(&mut draft, &[text], None, &Answers::default().hints(&RelPath::root(), "a")).is_ok());
        draft.port.map(|port| port.value)
    }

    #[test]
    fn the_port_of_a_protocol_is_not_the_programs_own() {
        assert_eq!(port("#define HTTP_PORT 8080"), Some(8080));
        assert_eq!(port("#define HTTP_PORT 80"), None);
        assert_eq!(port("#define HTTPS_PORT 443"), None);
        assert_eq!(port("#define PORT 80"), Some(80));
        assert_eq!(port("#define INDEX_EXPORT    175 /* 'export' */"), None);
        assert_eq!(port("#define MY_HTTPPORT 8175"), Some(8175));
    }

    #[test]
    fn a_program_that_leaves_its_process_is_told_not_to() {
        for (help, flag) in [
            ("\"  -d        Do not daemonize (run in foreground).\\n\"", "-d"),
            ("\" -D         don't go to background (default: go to background)\\n\"", "-D"),
            ("\"\\t-f, --foreground\\tRun in the foreground\\n\"", "-f"),
            ("\"-F\\t\\tDon't fork into background\\n\"", "-F"),
            ("\"-d            run as a daemon\\n\"", ""),
            ("\"\\t--daemon (default: don't daemonize)\\n\"", ""),
            ("\"-b            go to the background\\n\"", ""),
        ] {
            let text = Rc::new(Text::new(RelPath::known("main.c"), &format!("puts({help});\nif (x) daemon(0, 0);\n")));
            assert_eq!(super::foreground(&[text]).map(|(flag, _)| flag).unwrap_or_default(), flag, "{help}");
        }
    }
}
