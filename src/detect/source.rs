//! Searching source code for facts that no manifest states: ports, health routes, variables that are read.

use std::rc::Rc;

use regex::Regex;

use crate::fs::{Dir, Text};
use crate::manifest::pattern;
use crate::model::{Decision, Evidence, RelPath, Source};

/// How many files of a service are searched, how long a searched file may be, and how much is searched in all, in bytes:
/// what says how a program runs stands in few files near the top, and every pattern is tried on all of them.
const MOST_FILES: usize = 400;
const LONGEST: usize = 192 * 1024;
const MOST: usize = 1536 * 1024;

/// The source files of a service that are worth a search: those with one of these endings, shallow ones first, tests and tools left out.
pub fn files(dir: &Dir<'_>, endings: &[&str], skip: &[RelPath]) -> Vec<Rc<Text>> {
    let here = dir.path();
    let mut paths: Vec<&RelPath> = dir
        .files_below()
        .filter(|path| path.name().rsplit_once('.').is_some_and(|(_, ending)| endings.contains(&ending)))
        .filter(|path| !skip.iter().any(|folder| path.below(folder).is_some()))
        .filter(|path| path.below(here).is_some_and(|tail| !is_beside_the_point(tail)))
        .collect();
    paths.sort_by_key(|path| (path.depth(), path.as_str()));
    paths.truncate(MOST_FILES);
    let mut left = MOST;
    paths
        .into_iter()
        .filter_map(|path| dir.tree().read(path).ok().flatten())
        .filter(|text| text.as_str().len() <= LONGEST && !is_generated(text.as_str()))
        .take_while(|text| {
            left = left.saturating_sub(text.as_str().len());
            left > 0
        })
        .collect()
}

/// Whether a program wrote this source file, as its first lines say.
fn is_generated(text: &str) -> bool {
    text.lines().take(5).any(|line| line.contains("DO NOT EDIT") || line.contains("@generated"))
}

/// Tests, examples and generated code say nothing of how the program runs.
fn is_beside_the_point(tail: &str) -> bool {
    const FOLDERS: &[&str] = &[
        "test",
        "tests",
        "__tests__",
        "spec",
        "e2e",
        "docs",
        "examples",
        "example",
        "migrations",
        "vendor",
        "dist",
        "build",
        "fixtures",
        "testdata",
        "benches",
        "scripts",
    ];
    let (folders, name) = tail.rsplit_once('/').unwrap_or(("", tail));
    folders.split('/').any(|folder| FOLDERS.contains(&folder))
        || name.contains(".test.")
        || name.contains(".spec.")
        || name.contains("_test.")
        || name.starts_with("test_")
        || name.contains(".min.")
        || name == "conftest.py"
}

/// A place found in source code.
#[derive(Clone, Debug)]
pub struct Hit {
    /// What the pattern's first group matched.
    pub value: String,
    /// Where.
    pub at: Evidence,
}

/// All places where a pattern's first group matches, outside of line comments, in order.
pub fn find_all(texts: &[Rc<Text>], pattern: &Regex, comment: &str) -> Vec<Hit> {
    texts.iter().flat_map(|text| find_in(text, pattern, comment)).collect()
}

/// The first such place.
pub fn find(texts: &[Rc<Text>], pattern: &Regex, comment: &str) -> Option<Hit> {
    texts.iter().find_map(|text| find_in(text, pattern, comment).into_iter().next())
}

fn find_in(text: &Text, pattern: &Regex, comment: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    for found in pattern.captures_iter(text.as_str()) {
        let (Some(whole), Some(group)) = (found.get(0), found.get(1)) else { continue };
        let start = text.as_str()[..whole.start()].rfind('\n').map_or(0, |at| at + 1);
        let before = text.as_str()[start..whole.start()].trim_start();
        // Where `//` opens a comment, blocks of them have a star at the start of their lines.
        if !comment.is_empty() && before.starts_with(comment) || comment == "//" && before.starts_with(['*']) || comment == "//" && before.starts_with("/*") {
            continue;
        }
        let line = text.as_str()[start..].lines().next().unwrap_or_default().trim();
        hits.push(Hit { value: group.as_str().to_owned(), at: text.at(group.start(), line) });
    }
    hits
}

/// Routes that say how a server is, the plainest first.
const HEALTH_ROUTES: &[&str] = &["healthz", "health", "livez", "readyz", "healthcheck", "health/live", "_health", "ping", "status", "up"];

/// The route that a server answers on when it is well: one that its code names, else `/`.
pub fn health_route(texts: &[Rc<Text>], comment: &str) -> Decision<String> {
    let named = HEALTH_ROUTES.iter().find_map(|route| {
        // A plain search first: most files name no route at all.
        let near: Vec<Rc<Text>> = texts.iter().filter(|text| text.as_str().contains(route)).cloned().collect();
        let pattern = pattern::pattern(&format!(r#""(?:[A-Z]+ )?(/(?:api/)?(?:v\d+/)?{route})/? ?""#)).ok().filter(|_| !near.is_empty())?;
        find(&near, &pattern, comment)
    });
    match named {
        Some(hit) => Decision::new(hit.value, Source::File(hit.at)),
        None => Decision::new("/".to_owned(), Source::default("any answer but a server error counts")),
    }
}

/// Folders that programs read at run time, by the names that they commonly have.
const READ_FOLDERS: &[&str] = &["templates", "views", "static", "public", "assets", "web", "www", "migrations", "locales", "i18n", "config", "configs", "data"];

/// Lines that put files into the program itself, so that it reads no folder.
const EMBEDDED: &[&str] = &["go:embed", "include!", "include_str!", "include_bytes!", "include_dir!", "folder =", "migrate!", "embed_migrations!", "import "];

/// The folders of a service that its code names in string literals as paths to read: they belong beside the program.
pub fn folders_read(dir: &Dir<'_>, texts: &[Rc<Text>]) -> Vec<(String, Evidence)> {
    let mut found = Vec::new();
    for folder in READ_FOLDERS.iter().filter(|folder| dir.has_dir(folder)) {
        let Ok(pattern) = pattern::pattern(&format!(r#""((?:\./)?{folder}(?:/[^"\s]*)?)""#)) else { continue };
        let embedded = |text: &Text| {
            let all = format!("go:embed all:{folder}");
            text.as_str().lines().any(|line| {
                line.contains(&all) || line.contains("go:embed") && line.split_whitespace().any(|word| word.trim_matches('"').split('/').next() == Some(folder))
            })
        };
        if texts.iter().any(|text| embedded(text)) {
            continue;
        }
        let hit = find_all(texts, &pattern, "//").into_iter().find(|hit| !EMBEDDED.iter().any(|word| hit.at.raw.contains(word)));
        found.extend(hit.map(|hit| ((*folder).to_owned(), hit.at)));
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::manifest::pattern;

    use super::{files, find_all, folders_read, health_route};
    use crate::fs::Tree;

    #[test]
    fn finds_values_outside_of_comments_and_tests() {
        let tree = Tree::memory([("main.go", "// :1\nx(\":8080\")\n"), ("main_test.go", "x(\":9\")"), ("docs/a.go", "x(\":7\")")]);
        let texts = files(&tree.root(), &["go"], &[]);
        let hits = find_all(&texts, &pattern::pattern(r":(\d+)").expect("a pattern"), "//");
        assert_eq!(hits.iter().map(|hit| hit.value.as_str()).collect::<Vec<_>>(), ["8080"]);
        assert_eq!(hits[0].at.to_string(), "main.go:2 = `x(\":8080\")`");
    }
    #[test]
    fn finds_folders_that_are_read_and_not_those_that_are_embedded() {
        let tree = Tree::memory([("main.go", "//go:embed static/*\nx(\"static/a\")\ny(\"./templates/*.html\")\n"), ("templates/a.html", ""), ("static/a", "")]);
        let texts = files(&tree.root(), &["go"], &[]);
        let found = folders_read(&tree.root(), &texts);
        assert_eq!(found.iter().map(|(folder, at)| (folder.as_str(), at.place())).collect::<Vec<_>>(), [("templates", "main.go:3".to_owned())]);
    }

    #[test]
    fn finds_the_plainest_health_route() {
        let tree = Tree::memory([("a.rs", "route(\"/ping\")\nget(\"/api/health\")\nget(\"/healthy\")\n")]);
        let texts = files(&tree.root(), &["rs"], &[]);
        assert_eq!(health_route(&texts, "//").value, "/api/health");
        assert_eq!(health_route(&[], "//").value, "/");
    }
}
