//! Where a file of settings says that a server listens: gunicorn's, Hypercorn's and uWSGI's, those of frameworks, and what the program reads itself.

use std::rc::Rc;

use super::apps::{Sources, regex};
use super::routes::PORTS;
use crate::detect::listening::Setting;
use crate::detect::{configured, source};
use crate::fs::{Dir, Text};
use crate::model::{Candidates, Diagnostic, Evidence, Source};

/// How deep below the service its settings lie at most.
const NEAR: usize = 1;

/// Keys of uWSGI that speak HTTP.
const HTTP: &str = "http|http-socket|http11-socket";

/// The port of the settings of the server, of the framework, or of the program.
pub fn ports(sources: &Sources<'_>, said: Option<&str>) -> Result<Candidates<u16>, Diagnostic> {
    let mut found = Candidates::new();
    let dir = &sources.dir;
    let named = said.and_then(|said| settings_of(dir, said));
    for file in named.as_deref().into_iter().chain(["gunicorn.conf.py", "hypercorn.toml"]) {
        let Some(text) = dir.peek(file) else { continue };
        found.extend(of_server(&text)?);
    }
    let tables = [
        (named.as_deref().unwrap_or("uwsgi.ini"), format!(r"(?m)^\s*(?:{HTTP})\s*=\s*[^\s:]*:(\d{{2,5}})\b")),
        ("production.ini", r"(?m)^\s*(?:listen\s*=\s*\S*:|port\s*=\s*)(\d{2,5})\b".to_owned()),
        (".flaskenv", r"(?m)^(?:export\s+)?FLASK_RUN_PORT\s*=\s*(\d{2,5})\b".to_owned()),
        (".streamlit/config.toml", r"(?m)^\s*port\s*=\s*(\d{2,5})\b".to_owned()),
    ];
    for (file, pattern) in tables {
        let Some(text) = dir.peek(file) else { continue };
        let hit = source::find(&[text], &regex(&pattern)?, "#");
        found.extend(hit.and_then(|hit| Some((hit.value.parse().ok()?, Source::File(hit.at)))));
    }
    Ok(found)
}

/// The port of `bind` in the settings of gunicorn or Hypercorn: a variable's default, a number, or the name of one.
fn of_server(text: &Rc<Text>) -> Result<Option<(u16, Source)>, Diagnostic> {
    let patterns = [
        format!(r#"(?:environ(?:\.get)?|getenv)\s*[\[(]\s*["']{PORTS}["']\s*,\s*["']?(\d{{2,5}})\b"#),
        r#"(?m)^\s*bind\s*=\s*f?\[?\s*["'][^"'\n]*?:(\d{2,5})["']"#.to_owned(),
    ];
    for pattern in &patterns {
        if let Some(hit) = source::find(&[Rc::clone(text)], &regex(pattern)?, "#")
            && let Ok(port) = hit.value.parse()
        {
            return Ok(Some((port, Source::File(hit.at))));
        }
    }
    let bind = regex(r"(?m)^bind\s*=\s*([^\n]+)")?;
    let word = regex(r"\b([A-Za-z_]\w*)\b")?;
    let Some(value) = bind.captures(text.as_str()).and_then(|hit| hit.get(1)) else { return Ok(None) };
    for name in word.captures_iter(value.as_str()).filter_map(|hit| hit.get(1)) {
        let defined =
            format!(r#"(?m)^{}\s*=\s*(?:int\()?\s*(?:[\w.]*(?:environ\.get|getenv)\(\s*["']\w+["']\s*,\s*)?["']?(\d{{2,5}})["')]*\s*(?:#.*)?$"#, name.as_str());
        if let Some(hit) = source::find(&[Rc::clone(text)], &regex(&defined)?, "#")
            && let Ok(port) = hit.value.parse()
        {
            return Ok(Some((port, Source::File(hit.at))));
        }
    }
    Ok(None)
}

/// What the settings that the program reads itself say of where it listens: files whose name stands in its source.
pub fn own(sources: &Sources<'_>) -> Vec<Setting> {
    let dir = &sources.dir;
    let is_read = |name: &str| {
        let quoted = |text: &str, name: &str| text.match_indices(name).any(|(at, _)| text[at + name.len()..].starts_with(['"', '\'']));
        sources.of_production().any(|text| quoted(text.as_str(), name))
    };
    let ending = |name: &str| name.rsplit_once('.').map_or("", |(_, ending)| ending).to_owned();
    let near = dir.files_below().filter(|path| path.below(dir.path()).is_some_and(|tail| tail.matches('/').count() <= NEAR));
    let mut found = Vec::new();
    for path in near.filter(|path| matches!(ending(path.name()).as_str(), "yaml" | "yml" | "toml" | "json" | "ini" | "cfg" | "conf") && is_read(path.name())) {
        let Some(text) = path.below(dir.path()).and_then(|tail| dir.peek(tail)) else { continue };
        if matches!(ending(path.name()).as_str(), "ini" | "cfg" | "conf") {
            found.extend(sections(&text));
        } else {
            // Nothing sets a key from outside.
            let keys = configured::settings(&[text], |_| Some(String::new()));
            found.extend(keys.into_iter().map(|setting| Setting { variable: None, ..setting }));
        }
    }
    found
}

/// The keys of a file of sections.
fn sections(text: &Text) -> Vec<Setting> {
    let (mut section, mut found) = (String::new(), Vec::new());
    for (number, line) in text.lines() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.trim().to_ascii_lowercase();
        } else if let Some((key, value)) = line.split_once(['=', ':']).filter(|_| !line.starts_with(['#', ';'])) {
            let at = Evidence::line(text.path().clone(), number, line);
            found.push(Setting::key(&format!("{section}-{}", key.trim()), value.trim(), at));
        }
    }
    found
}

/// Whether the settings of gunicorn let nobody in from outside of the container: a socket, or an address of its own.
pub fn binds_inside(dir: &Dir<'_>, command: &str) -> bool {
    let text = settings_of(dir, command).and_then(|file| dir.peek(&file)).or_else(|| dir.peek("gunicorn.conf.py"));
    let inside = |line: &str| line.starts_with("bind") && ["unix:", "127.0.0.1", "localhost"].iter().any(|sign| line.contains(sign));
    text.is_some_and(|text| text.as_str().lines().any(inside))
}

/// The file of settings that a command names.
fn settings_of(dir: &Dir<'_>, command: &str) -> Option<String> {
    let named = regex(r"(?:--config|--conf|--ini|-c)[= ](?:file:|python:)?(\S+)|\s(\S+\.ini)\b").ok()?;
    let files = named.captures_iter(command).filter_map(|hit| hit.get(1).or_else(|| hit.get(2)));
    files.map(|file| file.as_str().trim_start_matches("./").to_owned()).find(|file| dir.has(file))
}

/// Whether the settings that a command of gunicorn names say where it listens, without a variable.
pub fn binds(sources: &Sources<'_>, command: &str) -> bool {
    let text = settings_of(&sources.dir, command).and_then(|file| sources.dir.peek(&file));
    text.is_some_and(|text| text.as_str().lines().any(|line| line.starts_with("bind") && !line.contains("PORT")))
}

/// Variables for a command of uWSGI: where it listens, if its settings open no more than a socket for a server before it, and that SIGTERM ends it.
pub fn of_uwsgi(dir: &Dir<'_>, command: &str, port: u16) -> Vec<(String, String)> {
    if !command.split_whitespace().any(|word| word == "uwsgi" || word.ends_with("/uwsgi")) {
        return Vec::new();
    }
    let text = settings_of(dir, command).and_then(|file| dir.peek(&file));
    let whole = format!("{command}\n{}", text.as_ref().map_or("", |text| text.as_str()));
    let says = |pattern: &str| regex(pattern).is_ok_and(|pattern| pattern.is_match(&whole));
    let mut found = Vec::new();
    if !says(r"die-on-term") {
        found.push(("UWSGI_DIE_ON_TERM".to_owned(), "1".to_owned()));
    }
    let inside = says(&format!(r"(?m)(?:^\s*|--)(?:{HTTP})\s*[= ]\s*(?:127\.0\.0\.1|localhost):"));
    if inside || !says(&format!(r"(?m)(?:^\s*|--)(?:{HTTP})\s*[= ]")) {
        found.push(("UWSGI_HTTP_SOCKET".to_owned(), format!("0.0.0.0:{port}")));
    }
    found
}

/// The folder that a command goes to before it imports the application.
pub fn goes_to(command: &str) -> Option<String> {
    let moved = regex(r#"(?:--chdir|--app-dir|--working-dir)[= ]["']?([^\s"']+)|^cd\s+["']?([^\s"'&;]+)["']?\s*(?:&&|;)"#).ok()?;
    let hit = moved.captures(command)?;
    let folder = hit.get(1).or_else(|| hit.get(2))?.as_str().trim_start_matches("./").trim_end_matches('/');
    (!folder.is_empty() && !folder.starts_with(['/', '$', '.'])).then(|| folder.to_owned())
}

#[cfg(test)]
mod tests {
    use super::goes_to;
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::{Answers, Health, ServiceDraft};

    fn draft(files: &[(&str, &str)]) -> ServiceDraft {
        detect(&Tree::memory(files.iter().copied()), &Answers::default()).services.remove(0)
    }

    fn port(files: &[(&str, &str)]) -> Option<u16> {
        draft(files).port.map(|port| port.value)
    }

    const LIST: (&str, &str) = ("requirements.txt", "fastapi==0.165.0\nuvicorn==0.54.0\ngunicorn==23.0.0\n");
    const APP: (&str, &str) = ("main.py", "app = FastAPI()\n");

    #[test]
    fn settings_of_servers_state_the_port() {
        let of = |file: &str, text: &str, start: &str| port(&[LIST, APP, ("Procfile", start), (file, text)]);
        let gunicorn = "web: gunicorn -c conf/gunicorn.conf main:app\n";
        assert_eq!(of("conf/gunicorn.conf", "host = '0.0.0.0'\nport = 9200\nbind = f'{host}:{port}'\n", gunicorn), Some(9200));
        assert_eq!(of("conf/gunicorn.conf", "port = int(os.getenv('LISTEN', '9201'))\nbind = ':' + str(port)\n", gunicorn), Some(9201));
        assert_eq!(of("hypercorn.toml", "bind = [\"0.0.0.0:9000\"]\n", "web: hypercorn -c hypercorn.toml main:app\n"), Some(9000));
        assert_eq!(of("uwsgi.ini", "[uwsgi]\nhttp = :9090\n", "web: uwsgi --ini uwsgi.ini\n"), Some(9090));
    }

    #[test]
    fn a_socket_of_uwsgi_is_no_port() {
        let of = |text: &str| draft(&[LIST, APP, ("Procfile", "web: uwsgi uwsgi.ini\n"), ("uwsgi.ini", text)]).env;
        assert!(of("[uwsgi]\nsocket = /tmp/a.sock\ndie-on-term = true\n").contains(&("UWSGI_HTTP_SOCKET".to_owned(), "0.0.0.0:8000".to_owned())));
        let http = of("[uwsgi]\nhttp-socket = :8000\n");
        assert!(!http.iter().any(|(name, _)| name == "UWSGI_HTTP_SOCKET") && http.iter().any(|(name, _)| name == "UWSGI_DIE_ON_TERM"));
    }

    #[test]
    fn settings_that_the_program_reads_state_its_port() {
        let list = ("requirements.txt", "aiohttp==3.13.2\n");
        let program = |file: &str| format!("config = read('{file}')\nweb.run_app(app, host=config.host, port=config.port)\n");
        let of = |file: &str, text: &str| port(&[list, ("server.py", &program(file.rsplit('/').next().unwrap_or_default())), (file, text)]);
        assert_eq!(of("config/settings.yaml", "database:\n  port: 5432\nserver:\n  port: 9300\n"), Some(9300));
        assert_eq!(of("config.ini", "[redis]\nport = 6379\n[server]\nhost = 0.0.0.0\nport = 8765\n"), Some(8765));
        assert_eq!(of("config.json", "{\"port\": 8899}"), Some(8899));
        assert_eq!(port(&[list, ("server.py", &program("config.json")), ("other.json", "{\"port\": 8899}")]), Some(8080));
        let closed = draft(&[list, ("server.py", &program("config.ini")), ("config.ini", "[server]\nhost = 127.0.0.1\nport = 8765\n")]);
        assert!(closed.notes.iter().any(|note| note.id == "loopback"));
    }

    #[test]
    fn a_command_says_where_the_application_is_imported_from() {
        assert_eq!(goes_to("gunicorn --chdir=./services/web shop:app").as_deref(), Some("services/web"));
        assert_eq!(goes_to("cd src && gunicorn main:app").as_deref(), Some("src"));
        assert_eq!(goes_to("gunicorn --chdir / main:app"), None);
        let app = "app = Flask(__name__)\n";
        let list = ("requirements.txt", "flask==3.1.2\ngunicorn==23.0.0\n");
        let [api, web] = ["/health", "/ping"].map(|route| format!("{app}@app.get('{route}')\n"));
        let start = ("Procfile", "web: bin/start-nginx gunicorn --chdir back/web shop:app\n");
        let found = draft(&[list, start, ("back/api/shop.py", &api), ("back/web/shop.py", &web)]);
        assert_eq!(found.start.as_ref().map(|start| start.value.to_string()).as_deref(), Some("gunicorn --chdir back/web shop:app"));
        assert!(matches!(&found.health, Health::Http(route) if route.value == "/ping"));
        assert!(found.dev.expect("a command").value.to_string().starts_with("flask --app back/web/shop run"));
    }
}
