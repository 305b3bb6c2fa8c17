//! The route that a server on JavaScript answers on when it is well, with the paths of the routers that it stands in.

use std::rc::Rc;

use crate::detect::health::{closed, last};
use crate::detect::source::{self, is_comment, line_of};
use crate::fs::Text;
use crate::manifest::pattern;
use crate::model::{Diagnostic, Evidence};

/// Names of routes that answer when a program is well, the last component of the path.
pub const NAMES: &str = r"(?:health|healthz|health-check|healthcheck|livez|liveness|live|readyz|ping|_health|__health)";

/// How many routers may stand in each other.
const DEEP: usize = 5;

/// A literal that is a path.
const PATH: &str = r#"["'`](/[^"'`]*)["'`]"#;

/// The route, and where it stands.
pub fn health(texts: &[Rc<Text>]) -> Result<Option<(String, Evidence)>, Diagnostic> {
    let re = |text: &str| pattern::pattern(text).map_err(|error| Diagnostic::error("pattern", error.to_string()));
    if let Some(found) = of_controllers(texts) {
        return Ok(Some(found));
    }
    let registered = re(&format!(r#"(?:\.(?:get|all|use|head|route)\(|\b(?:url|path)\s*:)\s*["'`](/(?:[\w-]+/)*{NAMES})/?["'`]"#))?;
    let compared = re(&format!(r#"(?:===?|\bcase)\s*["'`](/(?:[\w-]+/)*{NAMES})/?["'`]"#))?;
    for text in texts {
        for found in registered.captures_iter(text.as_str()) {
            let (Some(whole), Some(path)) = (found.get(0), found.get(1)) else { continue };
            if !is_comment(text, whole.start(), "//") && !is_asked(&text.as_str()[..whole.start()]) {
                let before = prefix(texts, text, whole.start(), DEEP);
                return Ok(Some((format!("{before}{}", path.as_str()), text.at(path.start(), line_of(text, path.start()).trim()))));
            }
        }
    }
    Ok(source::find(texts, &compared, "//").map(|hit| (hit.value, hit.at)))
}

/// Whether what stands before a call's name waits for its answer, or is a client's: another server has that route.
fn is_asked(before: &str) -> bool {
    last(r"(\bawait\s+[\w.]+|\baxios)$", before.rsplit('\n').next().unwrap_or_default()).is_some()
}

/// The route of a controller: the application's prefix, the controller's and the method's.
fn of_controllers(texts: &[Rc<Text>]) -> Option<(String, Evidence)> {
    if !texts.iter().any(|text| text.as_str().contains("@Controller(")) {
        return None;
    }
    let route = pattern::pattern(&format!(r#"@Get\(\s*["'`]/?({NAMES})["'`]"#)).ok()?;
    let controller = pattern::pattern(r#"@Controller\(\s*(?:["'`]/?([\w/-]*)["'`])?"#).ok()?;
    let global = pattern::pattern(r#"\.setGlobalPrefix\(\s*["'`]/?([\w/-]+)["'`]"#).ok()?;
    let named = || {
        let name = source::find(texts, &pattern::pattern(r"\.setGlobalPrefix\(\s*([A-Za-z_]\w*)\s*[,)]").ok()?, "//")?.value;
        source::find(texts, &pattern::pattern(&format!(r#"\bconst\s+{name}\s*(?::\s*\w+\s*)?=\s*["'`]/?([\w/-]+)["'`]"#)).ok()?, "//")
    };
    let global = source::find(texts, &global, "//").or_else(named).map(|hit| hit.value);
    let last = pattern::pattern(&format!("^(?:.*/)?{NAMES}$")).ok()?;
    for text in texts.iter().filter(|text| text.as_str().contains("@Controller(")) {
        let one = std::slice::from_ref(text);
        let prefix = source::find(one, &controller, "//");
        let own = prefix.as_ref().map(|hit| hit.value.clone()).unwrap_or_default();
        let join = |tail: &str| {
            let parts: Vec<&str> = [global.as_deref().unwrap_or_default(), &own, tail].into_iter().filter(|part| !part.is_empty()).collect();
            format!("/{}", parts.join("/"))
        };
        if let Some(hit) = source::find(one, &route, "//") {
            return Some((join(&hit.value), hit.at));
        }
        if let Some(hit) = prefix.filter(|hit| last.is_match(&hit.value)) {
            return Some((join(""), hit.at));
        }
    }
    None
}

/// What stands before the routes that are registered at a place.
fn prefix(texts: &[Rc<Text>], text: &Text, place: usize, deep: usize) -> String {
    let Some(deep) = deep.checked_sub(1) else { return String::new() };
    let whole = text.as_str();
    let below = |text: &Text, at: usize, own: &str| format!("{}{}", prefix(texts, text, at, deep), own.trim_end_matches('/'));
    if let Some((at, own)) = grouped(whole, place) {
        return below(text, at, &own);
    }
    let before = &whole[..place];
    let router = last(r"(\w+)\s*$", before).or_else(|| last(r"\b(?:const|let|var)\s+(\w+)[^;=]*=[^;]*$", before)).map(|(_, name)| name);
    let mut own = String::new();
    if let Some(name) = &router {
        let made = [
            format!(r#"\b{name}\s*(?::[^=;()\n]+)?=\s*new\s+\w+(?:<[^>]*>)?\(\s*\{{[^}}]*\bprefix\s*:\s*["'`](/?[^"'`]+)["'`]"#),
            format!(r"\b{name}\s*(?::[^=;()\n]+)?=[^;]{{0,200}}?\.basePath\(\s*{PATH}"),
            format!(r"\b{name}\.prefix\(\s*{PATH}"),
        ];
        own = made.iter().find_map(|made| last(made, whole)).map(|(_, path)| format!("/{}", path.trim_matches('/'))).unwrap_or_default();
        if let Some((at, path)) = mounted(text, &format!(r"\b{name}\b")).filter(|(at, _)| *at != place) {
            return format!("{}{own}", below(text, at, &path));
        }
    }
    for other in texts.iter().filter(|other| other.path() != text.path()) {
        for name in imported(other, text) {
            if let Some((at, path)) = mounted(other, &name) {
                return format!("{}{own}", below(other, at, &path));
            }
        }
    }
    own
}

/// The group around a place: `.group("/api", app => app.get(...))`.
fn grouped(text: &str, place: usize) -> Option<(usize, String)> {
    let opening = pattern::pattern(&format!(r"\.group\(\s*{PATH}\s*,")).ok()?;
    let groups = opening.captures_iter(text).filter_map(|found| Some((found.get(0)?.start(), found.get(0)?.end(), found.get(1)?.as_str().to_owned())));
    let around = groups.filter(|(_, end, _)| *end <= place && closed(&text[*end..], false) > place - end);
    around.last().map(|(at, _, path)| (at, path))
}

/// Where a router is put below a path, by a pattern of its name; and that path, none where it is used as it is.
fn mounted(text: &Text, name: &str) -> Option<(usize, String)> {
    let calls = r"\.(?:use|route|register|mount)\(\s*";
    let with = [
        format!(r"{calls}{PATH}\s*,\s*[^;\n]{{0,160}}?{name}"),
        format!(r#"{calls}{name}[^;{{]{{0,40}}\{{[^}}]*\bprefix\s*:\s*["'`](/[^"'`]*)["'`]"#),
        format!(r"\bpath\s*:\s*{PATH}\s*,\s*\w+\s*:\s*{name}"),
        format!(r"{calls}()(?:\w+\(\)\s*,\s*)?{name}"),
    ];
    with.iter().find_map(|with| last(with, text.as_str()))
}

/// Patterns of the names that a file gives to what it imports from another one; of the call itself where it gives none.
fn imported(text: &Text, from: &Text) -> Vec<String> {
    let stem = |path: &str| path.rsplit_once('.').map_or(path, |(stem, _)| stem).to_owned();
    let is_it = |named: &str| {
        let Some(path) = text.path().parent().and_then(|folder| folder.join(named)) else { return false };
        let (asked, there) = (path.as_str(), from.path().as_str());
        asked == there || asked == stem(there) || stem(asked) == stem(there) || format!("{asked}/index") == stem(there)
    };
    let forms = [
        r#"\bimport\s+(?:\*\s+as\s+)?([\w{}\s,]+?)\s+from\s*["'`](\.[^"'`]*)["'`]"#,
        r#"\b(?:const|let|var)\s+([\w{}\s,:]+?)\s*=\s*(?:await\s+)?(?:require|import)\(\s*["'`](\.[^"'`]*)["'`]"#,
    ];
    let mut names = Vec::new();
    for form in forms.iter().filter_map(|form| pattern::pattern(form).ok()) {
        for found in form.captures_iter(text.as_str()) {
            if let (Some(what), Some(path)) = (found.get(1), found.get(2))
                && is_it(path.as_str())
            {
                let last = |part: &str| part.rsplit([' ', ':']).next().map(|name| format!(r"\b{name}\b"));
                names.extend(what.as_str().split(['{', '}', ',']).map(str::trim).filter(|part| !part.is_empty()).filter_map(last));
            }
        }
    }
    let inline = pattern::pattern(r#"(require\(\s*["'`](\.[^"'`]*)["'`]\s*\))"#).ok();
    for found in inline.iter().flat_map(|inline| inline.captures_iter(text.as_str())) {
        if let (Some(call), Some(path)) = (found.get(1), found.get(2))
            && is_it(path.as_str())
        {
            names.push(regex_lite::escape(call.as_str()));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::health;
    use crate::detect::source::files;
    use crate::fs::Tree;

    fn route(all: &[(&str, &str)]) -> Option<String> {
        let tree = Tree::memory(all.iter().copied());
        health(&files(&tree.root(), &["js", "ts"], &[])).expect("patterns").map(|(path, _)| path)
    }

    #[test]
    fn routes_are_servers_not_calls() {
        for (text, want) in [
            ("app.get('/healthz', f)", Some("/healthz")),
            ("fetch('/health')", None),
            ("if (req.url === '/health') {}", Some("/health")),
            ("app.route({ method: 'GET', url: '/api/health' })", Some("/api/health")),
            ("@Controller('health')\nclass A { @Get() a() {} }", Some("/health")),
            ("app.setGlobalPrefix('api')\n@Controller('v1')\nclass A { @Get('ping') a() {} }", Some("/api/v1/ping")),
            ("const PREFIX = 'api/v1'\napp.setGlobalPrefix(PREFIX, {})\n@Controller('health')\nclass A { @Get() a() {} }", Some("/api/v1/health")),
            ("app.get('/unhealthy', f)", None),
            ("const data = await this.get('/api/ping')", None),
            ("axios.get('/health').then(f)", None),
            ("const app = new Hono().basePath('/api')\napp.get('/health', f)", Some("/api/health")),
            (
                "export function routes(app: Hono): void {\n  const api = new Hono()\n    .basePath('/api')\n  api.route('/health', f)\n  app.route('/', api)\n}",
                Some("/api/health"),
            ),
            ("const router = new Router({ prefix: '/api' })\nrouter.get('/health', f)", Some("/api/health")),
            ("const app = new Elysia({ prefix: '/v1' })\n  .use(cors())\n  .get('/health', f)", Some("/v1/health")),
            ("new Elysia().group('/api', (app) => app.get('/a', f).get('/health', f))", Some("/api/health")),
            ("new Elysia().group('/api', (app) => app.get('/a', f)).get('/health', f)", Some("/health")),
            ("const r = Router()\nr.get('/health', f)\napp.use('/api', r)\n", Some("/api/health")),
            ("app.use('/static', express.static('public'))\napp.get('/health', f)", Some("/health")),
        ] {
            assert_eq!(route(&[("src/main.ts", text)]).as_deref(), want, "{text}");
        }
    }

    #[test]
    fn routers_stand_where_others_put_them() {
        let router = "const r = require('express').Router();\nr.get('/health', f);\nmodule.exports = r;\n";
        for (main, want) in [
            ("app.use('/api', require('./routes'));", "/api/health"),
            ("const routes = require('./routes');\napp.use('/api', auth, routes);", "/api/health"),
            ("import routes from './routes.js';\napp.use('/api', routes);", "/api/health"),
            ("import { routes } from './routes';\napp.use(routes);", "/health"),
            ("fastify.register(require('./routes'), { prefix: '/api' });", "/api/health"),
            ("import other from './other';\napp.use('/api', other);", "/health"),
        ] {
            assert_eq!(route(&[("src/app.js", main), ("src/routes.js", router)]).as_deref(), Some(want), "{main}");
        }
        let table =
            "const list = [{ path: '/status', route: status }];\nimport status from './status.route';\nlist.forEach((r) => router.use(r.path, r.route));\n";
        let app = "import routes from './routes/v1';\napp.use('/v1', routes);\n";
        let files = [("src/app.js", app), ("src/routes/v1/index.js", table), ("src/routes/v1/status.route.js", router)];
        assert_eq!(route(&files).as_deref(), Some("/v1/status/health"));
    }
}
