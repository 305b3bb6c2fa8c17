//! Routes that are files, and variables that are written into the pages.

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
        "" => parts.push(stem),
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

/// The variables with this prefix that the sources or an example of an environment file name, in order.
pub fn variables(dir: &Dir<'_>, prefix: &str, texts: &[Rc<Text>]) -> Vec<(String, Evidence)> {
    if prefix.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<(String, Evidence)> = Vec::new();
    let examples: Vec<Rc<Text>> = [".env.example", ".env.sample", ".env.template"].iter().filter_map(|file| dir.peek(file)).collect();
    let read = [(format!(r"\benv\.({prefix}[A-Z0-9_]+)\b"), texts), (format!(r"(?m)^\s*({prefix}[A-Z0-9_]+)\s*="), &examples)];
    for (pattern, texts) in read {
        let Ok(pattern) = pattern::pattern(&pattern) else { continue };
        for hit in source::find_all(texts, &pattern, "//") {
            if !found.iter().any(|(name, _)| *name == hit.value) {
                found.push((hit.value, hit.at));
            }
        }
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

/// Whether builders take a variable of this name for a secret.
pub fn sounds_secret(name: &str) -> bool {
    const WORDS: &[&str] = &["APIKEY", "AUTH", "CREDENTIAL", "CREDENTIALS", "KEY", "PASSWORD", "PASSWD", "PWORD", "SECRET", "TOKEN"];
    let mut parts = name.split('_');
    !name.split('_').any(|part| part == "PUBLIC") && parts.any(|part| WORDS.contains(&part))
}

/// Whether a folder of this name, or one like it, is among the sources: then its name alone can't be ignored.
pub fn is_a_source(dir: &Dir<'_>, folder: &str) -> bool {
    let here = dir.path();
    let is = |path: &RelPath| path.below(here).is_some_and(|tail| tail.split('/').rev().skip(1).any(|part| part == folder));
    dir.files_below().any(is)
}

#[cfg(test)]
mod tests {
    use super::{health, sounds_secret, variables};
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
        ] {
            let tree = Tree::memory([(file, "")]);
            assert_eq!(health(&tree.root(), &front, &[]).map(|(path, _)| path).as_deref(), want, "{file}");
        }
        let tree = Tree::memory([("app/routes.ts", "export default [route(\"healthz\", \"x.ts\")]")]);
        let texts = files(&tree.root(), &["ts"], &[]);
        assert_eq!(health(&tree.root(), &front, &texts).map(|(path, _)| path).as_deref(), Some("/healthz"));
    }

    #[test]
    fn public_variables_are_found() {
        let tree = Tree::memory([("a.ts", "import.meta.env.VITE_A; env.OTHER"), (".env.example", "# x\nVITE_B=1\nSECRET=2\n")]);
        let texts = files(&tree.root(), &["ts"], &[]);
        let names: Vec<String> = variables(&tree.root(), "VITE_", &texts).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["VITE_A", "VITE_B"]);
        assert!(sounds_secret("VITE_MAPS_KEY") && !sounds_secret("NEXT_PUBLIC_STRIPE_KEY") && !sounds_secret("VITE_KEYBOARD"));
    }
}
