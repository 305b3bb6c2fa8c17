//! The route that a compiled server answers on when it is well, with the prefixes of the groups that it stands in.

use std::ops::Range;
use std::rc::Rc;

use super::source::{is_comment, line_of};
use crate::fs::Text;
use crate::manifest::pattern::{self, Pattern};
use crate::model::{Decision, Source};

/// Routes that say how a server is, the plainest first.
const ROUTES: &[&str] =
    &["healthz", "health", "livez", "readyz", "healthcheck", "health_check", "health-check", "health/live", "_health", "ping", "status", "heartbeat", "up"];

/// How many groups may stand in each other.
const DEEP: usize = 4;

/// Calls whose argument is a group: `r.Route("/api", func(r chi.Router) {`, `.nest("/api", Router::new()`, `.mount("/api", routes![`.
const BLOCKS: &[&str] = &[r#"\.(?:Route|Group|Party)\(\s*"(/[^"]*)"\s*,\s*func\s*\([^)]*\)\s*\{"#, r#"\.(?:nest|mount)\(\s*"(/[^"]*)"\s*,"#];

/// A call whose chain is a group: `web::scope("/api").service(...)`.
const CHAIN: &str = r#"\bscope\(\s*"(/[^"]*)"\s*\)"#;

/// Types of a function's argument that may be a group.
const GROUPS: &str = r"\*?(?:gin\.(?:RouterGroup|IRoutes?|IRouter)|echo\.Group|fiber\.Router|chi\.Router|mux\.Router)\b";

/// Calls that put a group below a path, by whatever name the group has.
const MOUNTS: &str = r#"\.(?:Group|Party|PathPrefix|Route|Mount|nest)\(\s*"/[^"]"#;

/// The route that a server answers on when it is well: one that its code names, else `/`.
pub fn route(texts: &[Rc<Text>]) -> Decision<String> {
    let unknown = || Decision::new("/".to_owned(), Source::default("any answer but a server error counts"));
    for name in ROUTES {
        // A plain search first: most files name no route at all.
        for text in texts.iter().filter(|text| text.as_str().contains(name)) {
            // Filters that join a path's parts name each without a slash.
            let forms = [format!(r#""(?:[A-Z]+ )?(/(?:api/)?(?:v\d+/)?{name})/? ?""#), format!(r#"\bpath!?\(\s*"({name})"\s*\)"#)];
            for form in forms.iter().filter_map(|form| pattern::pattern(form).ok()) {
                for found in form.captures_iter(text.as_str()) {
                    let (Some(whole), Some(path)) = (found.get(0), found.get(1)) else { continue };
                    if is_comment(text, whole.start(), "//") {
                        continue;
                    }
                    if let Some(prefix) = prefix(texts, text, whole.start(), DEEP) {
                        let at = text.at(path.start(), line_of(text, path.start()).trim());
                        return Decision::new(format!("{prefix}/{}", path.as_str().trim_start_matches('/')), Source::File(at));
                    }
                }
            }
        }
    }
    unknown()
}

/// What stands before the routes at a place; `None` where a group is handed over from somewhere that can't be told.
fn prefix(texts: &[Rc<Text>], text: &Text, place: usize, deep: usize) -> Option<String> {
    let deep = deep.checked_sub(1)?;
    let below = |text: &Text, at: usize, own: &str| Some(format!("{}{}", prefix(texts, text, at, deep)?, own.trim_end_matches('/')));
    if let Some((at, own)) = enclosing(text, place) {
        return below(text, at, &own);
    }
    let before = &text.as_str()[..place];
    let receiver = captured(r"([\w.]+)\.\w+\(\s*$", tail(before)).map(|(_, name)| name);
    if let Some(name) = receiver.filter(|name| !name.contains('.')) {
        let grouped = format!(r#"\b{name}\s*:?=\s*[\w.]+\.(?:Group|Party|PathPrefix)\(\s*"(/?[^"]*)""#);
        if let Some((at, own)) = last(&grouped, before) {
            return below(text, at + text.as_str()[at..].find('"')?, &own);
        }
        let mounted = format!(r#"\.(?:Mount|StripPrefix)\(\s*"(/[^"]*)"\s*,\s*{name}\b"#);
        if let Some((at, own)) = captured(&mounted, text.as_str()) {
            return below(text, at, own);
        }
        let (_, arguments) = last(r"(?m)^func\s+(?:\([^)]*\)\s*)?\w+(\([^{]*)\{", before).unwrap_or_default();
        if captured(&format!(r"\b({name}\s+{GROUPS})"), &arguments).is_some() && texts.iter().any(|text| found(MOUNTS, text.as_str())) {
            return None;
        }
    }
    owner(texts, text, place).map_or_else(|| Some(String::new()), |(text, at, own)| below(&text, at, &own))
}

/// The innermost group around a place: where it begins, and its path.
fn enclosing(text: &Text, place: usize) -> Option<(usize, String)> {
    let blocks = BLOCKS.iter().map(|block| (*block, false)).chain([(CHAIN, true)]);
    let groups = blocks.flat_map(|(block, chain)| regions(text.as_str(), block, chain));
    groups.filter(|(region, _, _)| region.contains(&place)).max_by_key(|(region, _, _)| region.start).map(|(_, at, own)| (at, own))
}

/// The regions that calls open, with the place of the call and the path that it names.
fn regions(text: &str, call: &str, chain: bool) -> Vec<(Range<usize>, usize, String)> {
    let Ok(call) = pattern::pattern(call) else { return Vec::new() };
    let region = |end: usize| end..end + closed(&text[end..], chain);
    call.captures_iter(text).filter_map(|found| Some((region(found.get(0)?.end()), found.get(0)?.start(), found.get(1)?.as_str().to_owned()))).collect()
}

/// How long the text goes on until what was opened before it is closed; a chain ends with its statement too.
pub fn closed(text: &str, chain: bool) -> usize {
    let mut depth = 0_i32;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth < 0 || chain && depth == 0 && c == ';' {
            return at;
        }
    }
    text.len()
}

/// The call that puts what a place stands in below a path: a router's function or variable, a handler with its route in an attribute.
fn owner(texts: &[Rc<Text>], text: &Text, place: usize) -> Option<(Rc<Text>, usize, String)> {
    let before = &text.as_str()[..place];
    let functions = regions(text.as_str(), r"\b(?:fn|func)\s+(?:\([^)]*\)\s*)?(\w+)[^{;]*\{", false);
    let function = functions.into_iter().filter(|(body, _, _)| body.contains(&place)).max_by_key(|(body, _, _)| body.start).map(|(_, _, name)| name);
    let variable = last(r"\blet\s+(?:mut\s+)?(\w+)[^;=]*=[^;]*$", before).map(|(_, name)| name);
    let attribute = tail(before).contains("#[");
    let handler = captured(r"\bfn\s+(\w+)", &text.as_str()[place..]).map(|(_, name)| name.to_owned()).filter(|_| attribute);
    let names = if attribute { vec![handler] } else { vec![variable, function.filter(|name| name != "main")] };
    let file = text.path().name().split('.').next().unwrap_or_default();
    let folder = text.path().parent().map(|folder| folder.name().to_owned()).unwrap_or_default();
    for name in names.into_iter().flatten() {
        let Ok(mention) = pattern::pattern(&format!(r"(?:\b(\w+)(?:::|\.))?\b{name}\b")) else { continue };
        // A name of another module is another one's.
        let is_it = |other: &Text, found: &pattern::Groups<'_>| match found.get(1) {
            Some(module) => ["self", "super", "crate", file, folder.as_str()].contains(&module.as_str()),
            None => other.path() == text.path() || attribute,
        };
        for other in texts {
            let calls = [(r#"\.(?:nest|mount|Mount)\(\s*"(/[^"]*)"\s*,"#, false), (CHAIN, true)];
            for (region, at, own) in calls.iter().flat_map(|(call, chain)| regions(other.as_str(), call, *chain)) {
                if other.path() == text.path() && region.contains(&place) {
                    continue;
                }
                if mention.captures_iter(&other.as_str()[region]).any(|found| is_it(other, &found)) {
                    return Some((Rc::clone(other), at, own));
                }
            }
        }
    }
    None
}

fn tail(before: &str) -> &str {
    before.rsplit('\n').next().unwrap_or_default()
}

fn found(pattern: &str, text: &str) -> bool {
    pattern::pattern(pattern).is_ok_and(|pattern: Pattern| pattern.is_match(text))
}

fn captured<'t>(pattern: &str, text: &'t str) -> Option<(usize, &'t str)> {
    let groups = pattern::pattern(pattern).ok()?.captures(text)?;
    let group = groups.get(1)?;
    Some((groups.get(0)?.start(), &text[group.start()..group.end()]))
}

/// The last match of a pattern: where it begins, and its group.
pub fn last(pattern: &str, text: &str) -> Option<(usize, String)> {
    let groups = pattern::pattern(pattern).ok()?.captures_iter(text).last()?;
    Some((groups.get(0)?.start(), groups.get(1)?.as_str().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::route;
    use crate::detect::source::files;
    use crate::fs::Tree;

    fn health(all: &[(&str, &str)]) -> String {
        let tree = Tree::memory(all.iter().copied());
        route(&files(&tree.root(), &["go", "rs"], &[])).value
    }

    #[test]
    fn the_plainest_route_is_taken() {
        assert_eq!(health(&[("a.rs", "route(\"/ping\")\nget(\"/api/health\")\nget(\"/healthy\")\n")]), "/api/health");
        assert_eq!(health(&[]), "/");
        assert_eq!(health(&[("a.rs", "// get(\"/health\")\nwarp::path(\"ping\")\n")]), "/ping");
    }

    #[test]
    fn groups_stand_before_their_routes_in_go() {
        for (source, expected) in [
            ("func main() {\n r := gin.Default()\n v1 := r.Group(\"/api/v1\")\n v1.GET(\"/health\", h)\n}", "/api/v1/health"),
            ("func main() {\n a := e.Group(\"/api\")\n v1 := a.Group(\"/v1\")\n v1.GET(\"/ping\", h)\n}", "/api/v1/ping"),
            ("func main() {\n r := gin.Default()\n v1 := r.Group(\"/api/v1\")\n r.GET(\"/health\", h)\n}", "/health"),
            ("func main() {\n r.Route(\"/api\", func(r chi.Router) {\n  r.Get(\"/healthz\", h)\n })\n}", "/api/healthz"),
            ("func main() {\n r.Route(\"/api\", func(r chi.Router) {\n  r.Get(\"/a\", h)\n })\n r.Get(\"/healthz\", h)\n}", "/healthz"),
            ("func main() {\n s := r.PathPrefix(\"/api\").Subrouter()\n s.HandleFunc(\"/health\", h)\n}", "/api/health"),
            ("func main() {\n mux.HandleFunc(\"GET /healthz\", h)\n}", "/healthz"),
            ("func (s *Server) routes() {\n s.router.GET(\"/health\", h)\n s.router.Group(\"/api\")\n}", "/health"),
            ("func Register(g *gin.RouterGroup) {\n g.GET(\"/health\", h)\n}\nfunc main() {\n Register(r.Group(\"/api\"))\n}", "/"),
            ("func Register(g *gin.Engine) {\n g.GET(\"/health\", h)\n g.Group(\"/api\")\n}", "/health"),
            (
                "func api() http.Handler {\n r := chi.NewRouter()\n r.Get(\"/health\", h)\n return r\n}\nfunc main() {\n r.Mount(\"/api\", api())\n}",
                "/api/health",
            ),
        ] {
            assert_eq!(health(&[("main.go", source)]), expected, "{source}");
        }
    }

    #[test]
    fn groups_stand_before_their_routes_in_rust() {
        for (source, expected) in [
            ("fn main() {\n let api = Router::new().route(\"/health\", get(h));\n let app = Router::new().nest(\"/api\", api);\n}", "/api/health"),
            ("fn main() {\n let app = Router::new().nest(\"/api\", Router::new().route(\"/health\", get(h)));\n}", "/api/health"),
            ("fn main() {\n let app = Router::new().route(\"/health\", get(h)).nest(\"/api\", api());\n}\nfn api() -> Router { Router::new() }", "/health"),
            ("#[get(\"/health\")]\nasync fn health() {}\nfn main() {\n App::new().service(web::scope(\"/api\").service(health))\n}", "/api/health"),
            ("fn main() {\n #[get(\"/health\")]\n async fn health() {}\n App::new().service(web::scope(\"/api\").service(health))\n}", "/api/health"),
            ("#[get(\"/health\")]\nasync fn health() {}\nfn main() {\n App::new().service(web::scope(\"/api\").service(users)).service(health)\n}", "/health"),
            ("#[get(\"/health\")]\nfn health() {}\n#[launch]\nfn rocket() -> _ {\n rocket::build().mount(\"/v1\", routes![index, health])\n}", "/v1/health"),
        ] {
            assert_eq!(health(&[("src/main.rs", source)]), expected, "{source}");
        }
        let main = "fn app() -> Router {\n Router::new().nest(\"/api\", routes::users::router()).merge(routes::health::router())\n}";
        let routes = "pub fn router() -> Router {\n Router::new().route(\"/health\", get(h))\n}";
        assert_eq!(health(&[("src/main.rs", main), ("src/routes/health.rs", routes)]), "/health");
        let nested = "fn app() -> Router {\n Router::new().nest(\"/api\", routes::health::router())\n}";
        assert_eq!(health(&[("src/main.rs", nested), ("src/routes/health.rs", routes)]), "/api/health");
    }
}
