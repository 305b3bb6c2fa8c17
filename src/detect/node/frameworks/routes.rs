//! Routes that are files.

use std::rc::Rc;

use super::row::Front;
use crate::detect::source;
use crate::fs::{Dir, Text};
use crate::manifest::pattern;
use crate::model::{Evidence, RelPath};

/// The last part of a path that answers when a program is well.
const HEALTHY: &[&str] = &["health", "healthz", "health-check", "healthcheck", "livez", "live", "readyz", "ping", "_health"];

/// The route that answers when the server is well.
pub fn health(dir: &Dir<'_>, front: &Front, texts: &[Rc<Text>]) -> Option<(String, Evidence)> {
    let file_route = front.routes.iter().find_map(|routes| {
        let folder = dir.dir(&routes.folder);
        folder.files_below().find_map(|file| route(file.below(folder.path())?, routes).map(|path| (path, Evidence::file(file.clone()))))
    });
    file_route.or_else(|| listed(texts))
}

/// The path of a route's file, where it is one of health.
fn route(tail: &str, routes: &super::row::Routes) -> Option<String> {
    let (folders, name) = tail.rsplit_once('/').unwrap_or(("", tail));
    let (stem, ending) = name.rsplit_once('.')?;
    if !matches!(ending, "ts" | "js" | "mts" | "mjs" | "tsx" | "jsx") {
        return None;
    }
    // Nitro names the method in the file: `health.get.ts`.
    let stem = stem.strip_suffix(".get").unwrap_or(stem);
    let mut parts: Vec<&str> = folders.split('/').filter(|part| !part.is_empty()).collect();
    match routes.leaf.as_str() {
        "" if stem == "index" => {}
        // Some routers write a folder as a part of the file's name: `api.health.ts`.
        "" => parts.extend(stem.split('.').filter(|part| *part != "route")),
        leaf if leaf == stem => {}
        _ => return None,
    }
    // Groups in parentheses are no part of the path.
    parts.retain(|part| !(part.starts_with('(') && part.ends_with(')')));
    let healthy = parts.last().is_some_and(|last| HEALTHY.contains(last));
    let plain = parts.iter().all(|part| part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
    (healthy && plain).then(|| format!("{}/{}", routes.path, parts.join("/")))
}

/// A route in a table of routes: `route("healthz", "routes/healthz.ts")`.
fn listed(texts: &[Rc<Text>]) -> Option<(String, Evidence)> {
    let table: Vec<Rc<Text>> = texts.iter().filter(|text| text.path().name().starts_with("routes.")).cloned().collect();
    let pattern = pattern::pattern(&format!(r#"\broute\(\s*["'`]/?((?:[\w-]+/)*(?:{}))["'`]"#, HEALTHY.join("|"))).ok()?;
    source::find(&table, &pattern, "//").map(|hit| (format!("/{}", hit.value), hit.at))
}

/// Whether a folder of this name, or one like it, is among the sources: then its name alone can't be ignored.
pub fn is_a_source(dir: &Dir<'_>, folder: &str) -> bool {
    let here = dir.path();
    let is = |path: &RelPath| path.below(here).is_some_and(|tail| tail.split('/').rev().skip(1).any(|part| part == folder));
    dir.files_below().any(is)
}

#[cfg(test)]
mod tests {
    use super::health;
    use crate::detect::node::frameworks::row::{Front, Routes};
    use crate::detect::source::files;
    use crate::fs::Tree;

    #[test]
    fn files_are_routes() {
        let routes = |folder: &str, path: &str, leaf: &str| Routes { folder: folder.to_owned(), path: path.to_owned(), leaf: leaf.to_owned() };
        let front = Front { routes: vec![routes("app", "", "route"), routes("server/api", "/api", "")], ..Front::default() };
        for (file, want) in [
            ("app/api/health/route.ts", Some("/api/health")),
            ("app/(ops)/healthz/route.js", Some("/healthz")),
            ("app/health/page.tsx", None),
            ("server/api/health.get.ts", Some("/api/health")),
            ("app/[id]/health/route.ts", None),
            ("server/api/ops.ready.health.ts", Some("/api/ops/ready/health")),
        ] {
            let tree = Tree::memory([(file, "")]);
            assert_eq!(health(&tree.root(), &front, &[]).map(|(path, _)| path).as_deref(), want, "{file}");
        }
        let tree = Tree::memory([("app/routes.ts", "export default [route(\"healthz\", \"x.ts\")]")]);
        let texts = files(&tree.root(), &["ts"], &[]);
        assert_eq!(health(&tree.root(), &front, &texts).map(|(path, _)| path).as_deref(), Some("/healthz"));
    }
}
