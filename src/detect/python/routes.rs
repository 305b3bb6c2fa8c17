//! The port that the source states and the route that says whether the service is well.

use std::rc::Rc;

use super::apps::{Sources, regex};
use super::django::Django;
use crate::detect::{listening, source};
use crate::fs::{Dir, Text};
use crate::model::{Candidates, Decision, Diagnostic, Evidence, Source};

/// Routes that say whether a service is well, the likeliest first.
const HEALTH: &[&str] = &[
    "/healthz",
    "/health",
    "/livez",
    "/health/live",
    "/healthcheck",
    "/api/health",
    "/api/healthz",
    "/api/v1/health",
    "/up",
    "/ping",
    "/status/health",
    "/_health",
];

/// Variables that hold the port of a service.
pub const PORTS: &str = "(?:PORT|APP_PORT|SERVER_PORT|HTTP_PORT|WEB_PORT)";

/// Ports that the source states, the strongest first.
pub fn ports(sources: &Sources<'_>) -> Result<Candidates<u16>, Diagnostic> {
    let mut found = Candidates::new();
    let env =
        format!(r#"(?:environ(?:\.get)?|getenv|env(?:\.int)?|config)\s*[\[(]\s*["']{PORTS}["']\s*(?:,\s*(?:default\s*=\s*)?|\)\s*or\s*)["']?(\d{{2,5}})\b"#);
    // A table of defaults that variables override.
    let defaults = format!(r#"["']{PORTS}["']\s*:\s*["']?(\d{{4,5}})\b"#);
    let patterns = [
        r"uvicorn\.run\((?:[^()]|\([^()]*\))*?\bport\s*=\s*(\d{2,5})\b",
        r"\.run\((?:[^()]|\([^()]*\))*?\bport\s*=\s*(\d{2,5})\b",
        r"run_app\((?:[^()]|\([^()]*\))*?\bport\s*=\s*(\d{2,5})\b",
        r"\.launch\([^)]*?\bserver_port\s*=\s*(\d{2,5})\b",
        env.as_str(),
        defaults.as_str(),
        r#"\badd_(?:in)?secure_port\(\s*f?["'][^"'\n]*:(\d{2,5})["']"#,
        r"\.listen\(\s*(\d{2,5})\b",
        r#"\bdefine\(\s*["']port["']\s*,\s*(?:default\s*=\s*)?(\d{2,5})\b"#,
        r#"socket_port["']?\s*[:=]\s*(\d{2,5})\b"#,
        r#"Server\(\s*\(\s*["'][^"']*["']\s*,\s*(\d{2,5})\s*\)"#,
        r"(?m)^\s+port\s*=\s*Integer\(\s*(\d{2,5})\b",
        r"(?m)^\s*(?:DEFAULT_|SERVER_|APP_|HTTP_|WEB_)?PORT\s*(?::\s*int\s*)?=\s*(\d{4,5}|80|443)\b",
    ];
    for pattern in patterns {
        // What other libraries' `listen` is given is how many may wait.
        if pattern.contains("listen") && !sources.any(r"\btornado\b")? {
            continue;
        }
        if let Some(hit) = sources.find(pattern)? {
            found.extend(hit.value.parse().ok().filter(|port| *port > 0).map(|port| (port, Source::File(hit.at))));
        }
    }
    // A class of settings.
    let field = r"(?m)^\s+(?:app_|server_|http_|api_|web_)?port\s*:\s*int\s*=\s*(?:Field\(\s*(?:default\s*=\s*)?)?(\d{2,5})\b";
    let fields = source::find_all(&sources.texts, &regex(field)?, "#").into_iter();
    let opened = |hit: &source::Hit| sources.texts.iter().find(|text| *text.path() == hit.at.file).is_none_or(|text| !is_off(text, &hit.at));
    let stated = |hit: source::Hit| Some((hit.value.parse().ok().filter(|port| listening::is_likely(*port))?, Source::File(hit.at)));
    found.extend(fields.filter(opened).find_map(stated));
    // Flags of a command line: a program can have several commands, which have to agree.
    let flags = source::find_all(&sources.texts, &regex(r#"["']--port["'][^)]*?\bdefault\s*=\s*["']?(\d{2,5})\b"#)?, "#");
    if let [first, rest @ ..] = &flags[..]
        && rest.iter().all(|hit| hit.value == first.value)
    {
        found.extend(first.value.parse().ok().filter(|port| *port > 0).map(|port| (port, Source::File(first.at.clone()))));
    }
    Ok(found)
}

/// Whether a field is one of a class whose server has to be switched on: `enabled: bool = False`.
fn is_off(text: &Text, at: &Evidence) -> bool {
    let lines: Vec<&str> = text.as_str().lines().collect();
    let place = at.line.map_or(0, |line| line.get() as usize).min(lines.len());
    let body = lines[..place].iter().rev().take_while(|line| !line.trim_start().starts_with("class "));
    body.map(|line| line.replace(' ', "")).any(|line| {
        line.starts_with("enabled:bool=False") || line.starts_with("enabled:bool=Field(False") || line.starts_with("enabled:bool=Field(default=False")
    })
}

/// The place where a program reads its port from `PORT` and has no other.
pub fn asked(sources: &Sources<'_>) -> Result<Option<Evidence>, Diagnostic> {
    let read = r#"(?:environ\s*\[\s*|environ\.get\(\s*|getenv\(\s*)["'](PORT)["']\s*[\])]"#;
    Ok(sources.find(read)?.map(|hit| hit.at))
}

/// The port of the addresses of this machine that the README names, where they agree.
pub fn told_to_people(dir: &Dir<'_>) -> Result<Option<(u16, Source)>, Diagnostic> {
    let Some(text) = ["README.md", "README.rst", "README"].into_iter().find_map(|file| dir.peek(file)) else { return Ok(None) };
    let hits = source::find_all(&[text], &regex(r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0):(\d{2,5})\b")?, "<!--");
    let Some(first) = hits.first().filter(|first| hits.iter().all(|hit| hit.value == first.value)) else { return Ok(None) };
    Ok(first.value.parse().ok().map(|port| (port, Source::File(first.at.clone()))))
}

/// The port that a command line states.
pub fn port_of(command: &str) -> Option<u16> {
    let pattern = regex(r"(?:--(?:server[.-])?port[= ]|-p |--bind[= ]\S*?:|-b \S*?:|0\.0\.0\.0:)(?:\$\{\w+:?-)?(\d{2,5})\b").ok()?;
    pattern.captures(command)?.get(1)?.as_str().parse().ok()
}

/// Scripts that start a server, the likeliest first.
const SCRIPTS: &[&str] =
    &["start.sh", "run.sh", "entrypoint.sh", "docker-entrypoint.sh", "scripts/start.sh", "scripts/run.sh", "docker/entrypoint.sh", "docker/start.sh"];

/// The port that a script gives the server of an application: on its line, or as the default of the variable that stands there.
pub fn of_script(dir: &Dir<'_>, target: &str) -> Result<Option<(u16, Source)>, Diagnostic> {
    let variable = regex(r#"(?:--port[= ]|-p |--bind[= ]\S*:|-b \S*:)"?\$\{?(\w+)"#)?;
    for text in SCRIPTS.iter().filter_map(|file| dir.peek(file)) {
        for (number, line) in text.lines().filter(|(_, line)| line.contains(target) && !line.trim_start().starts_with('#')) {
            if let Some(port) = port_of(line) {
                return Ok(Some((port, Source::File(Evidence::line(text.path().clone(), number, line.trim())))));
            }
            let Some(name) = variable.captures(line).and_then(|hit| hit.get(1)) else { continue };
            let default = format!(r#"(?m)^(?:export\s+)?{}=["']?(?:\$\{{\w+:?-)?(\d{{2,5}})\b"#, name.as_str());
            let hit = source::find(&[std::rc::Rc::clone(&text)], &regex(&default)?, "#");
            if let Some(hit) = hit
                && let Ok(port) = hit.value.parse()
            {
                return Ok(Some((port, Source::File(hit.at))));
            }
        }
    }
    Ok(None)
}

/// The health route of an ASGI or WSGI application. Routes behind a prefix are not trusted unless the application itself holds them.
pub fn health(sources: &Sources<'_>, object: &str, root: &str) -> Result<Option<Decision<String>>, Diagnostic> {
    // What lies outside of the folder that it is imported from is no part of it.
    let texts: Vec<Rc<Text>> = sources.texts.iter().filter(|text| root.is_empty() || text.path().below(&sources.dir.at(root)).is_some()).cloned().collect();
    let prefix = regex(r#"\b(?:url_)?prefix\s*=\s*["']/"#)?;
    let prefixed = texts.iter().any(|text| prefix.is_match(text.as_str()));
    let holder = if prefixed { regex_escape(object) } else { r"\w+".to_owned() };
    let mut patterns = vec![format!(r#"@{holder}\.(?:get|route|api_route|head|custom_route)\(\s*["'](/[\w./-]*)["']"#)];
    if !prefixed {
        patterns.push(r#"@get\(\s*(?:path\s*=\s*)?\[?\s*["'](/[\w./-]*)["']"#.to_owned());
        // FastHTML's router, Tornado's and web.py's tables, aiohttp's, Falcon's and Pyramid's calls.
        patterns.push(r#"@rt\(\s*["'](/[\w./-]*)["']"#.to_owned());
        patterns.push(r#"\(\s*r?["'](/[\w./-]*)["']\s*,\s*[A-Z]\w*"#.to_owned());
        patterns.push(r#"\b(?:add_route|add_get|web\.get)\(\s*(?:["'][\w*]+["']\s*,\s*)?["'](/[\w./-]*)["']"#.to_owned());
        patterns.push(r#"\bRoute\(\s*["'](/[\w./-]*)["']"#.to_owned());
    }
    pick(&texts, &patterns, HEALTH)
}

/// The health route of a Django project: in its root URLs, or in those that it includes without a prefix.
pub fn django_health(sources: &Sources<'_>, django: &Django) -> Result<Option<Decision<String>>, Diagnostic> {
    let route = regex(r#"\b(?:re_)?path\(\s*r?["']\^?([\w./-]+?)\$?["']\s*,\s*([\w.]+)"#)?;
    let include = regex(r#"\bpath\(\s*r?["']([\w./-]*)["']\s*,\s*include\(\s*["']([\w.]+)["']"#)?;
    let index = regex(r#"\bpath\(\s*r?["']["']\s*,"#)?;
    let package = django.wsgi.as_ref().or(django.asgi.as_ref()).and_then(|(target, _)| target.split('.').next());
    let Some(package) = package else { return Ok(None) };
    let here = if django.imports.is_empty() { sources.dir.clone() } else { sources.dir.dir(&django.imports) };
    let Some(root) = here.peek(&format!("{package}/urls.py")) else { return Ok(None) };
    let mut hits: Vec<(String, Evidence)> = Vec::new();
    let take = |text: &Text, hits: &mut Vec<(String, Evidence)>| {
        for found in route.captures_iter(text.as_str()) {
            if let (Some(path), Some(view)) = (found.get(1), found.get(2))
                && view.as_str() != "include"
            {
                hits.push((path.as_str().to_owned(), text.at(path.start(), found.get(0).map_or("", |whole| whole.as_str()))));
            }
        }
    };
    take(&root, &mut hits);
    for found in include.captures_iter(root.as_str()) {
        let (Some(path), Some(module)) = (found.get(1), found.get(2)) else { continue };
        let Some(text) = here.peek(&format!("{}.py", module.as_str().replace('.', "/"))) else { continue };
        if path.as_str().is_empty() {
            take(&text, &mut hits);
        } else if index.is_match(text.as_str()) {
            hits.push((path.as_str().to_owned(), root.at(path.start(), found.get(0).map_or("", |whole| whole.as_str()))));
        }
    }
    Ok(HEALTH.iter().find_map(|wanted| {
        let (path, at) = hits.iter().find(|(path, _)| path.trim_matches('/') == wanted.trim_start_matches('/'))?;
        Some(Decision::new(format!("/{}", path.trim_start_matches('/')), Source::File(at.clone())))
    }))
}

fn pick(texts: &[Rc<Text>], patterns: &[String], wanted: &[&str]) -> Result<Option<Decision<String>>, Diagnostic> {
    let mut hits = Vec::new();
    for pattern in patterns {
        hits.extend(source::find_all(texts, &regex(pattern)?, "#"));
    }
    Ok(wanted.iter().find_map(|path| {
        let hit = hits.iter().find(|hit| hit.value.trim_end_matches('/') == *path)?;
        Some(Decision::new(hit.value.clone(), Source::File(hit.at.clone())))
    }))
}

fn regex_escape(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[cfg(test)]
mod tests {
    use super::{health, port_of, ports};
    use crate::detect::python::apps::Sources;
    use crate::fs::Tree;

    fn sources(text: &str) -> (Tree, ()) {
        (Tree::memory([("main.py", text)]), ())
    }

    #[test]
    fn ports_near_what_listens() {
        for (text, port) in [
            ("uvicorn.run('main:app', host='0.0.0.0', port=8080)", Some(8080)),
            ("app.run(host='0.0.0.0',\n  port=5001)", Some(5001)),
            ("p = int(os.environ.get('PORT', '3000'))", Some(3000)),
            ("HTTPServer(('', 8088), H)", Some(8088)),
            ("uvicorn.run(build(), host='::', port=8081)", Some(8081)),
            ("server.add_insecure_port('[::]:50052')", Some(50052)),
            ("a.add_argument('--port', default=9001)\nb.add_argument('--port', default=9002)", None),
            ("redis_port = 6379", None),
            ("DEFAULTS = {\n    'HOST': '0.0.0.0',\n    'PORT': '8081',\n}", Some(8081)),
            ("class Kind(enum.IntEnum):\n    PORT = 11\n", None),
            ("class Settings(BaseSettings):\n    host: str = '::'\n    port: int = 8090\n", Some(8090)),
            ("class RedisSettings(BaseSettings):\n    port: int = 6379\n", None),
            ("class HealthServer(BaseModel):\n    enabled: bool = False\n    port: int = Field(default=8080)\n", None),
            ("sock.listen(128)\n", None),
            ("import tornado.web\napp.listen(8889)\n", Some(8889)),
        ] {
            let (tree, ()) = sources(text);
            let got = ports(&Sources::read(&tree.root(), false, &[])).expect("fine").pick().map(|decision| decision.value);
            assert_eq!(got, port, "{text}");
        }
        assert_eq!(port_of("gunicorn -b :8001 x"), Some(8001));
        assert_eq!(port_of("uvicorn x --port 80"), Some(80));
        assert_eq!(port_of("uvicorn x --port $PORT"), None);
    }

    #[test]
    fn a_script_knows_the_port_of_the_server_that_it_starts() {
        let of = |text: &str| super::of_script(&Tree::memory([("start.sh", text)]).root(), "main:app").expect("fine").map(|(port, _)| port);
        assert_eq!(of("PORT=\"${PORT:-9099}\"\nuvicorn main:app --host \"$HOST\" --port \"$PORT\"\n"), Some(9099));
        assert_eq!(of("exec gunicorn main:app -b 0.0.0.0:8001\n"), Some(8001));
        assert_eq!(of("uvicorn main:app --port $PORT\n"), None);
        assert_eq!(of("PORT=1234\nuvicorn other:app --port $PORT\n"), None);
    }

    #[test]
    fn a_route_behind_a_prefix_is_not_trusted() {
        let (tree, ()) = sources("@router.get('/health')\nx = APIRouter(prefix='/v1')\n");
        assert!(health(&Sources::read(&tree.root(), false, &[]), "app", "").expect("fine").is_none());
        let (tree, ()) = sources("@router.get('/health')\n");
        assert_eq!(health(&Sources::read(&tree.root(), false, &[]), "app", "").expect("fine").expect("found").value, "/health");
    }
}
