//! Searching source code for facts that no manifest states: ports, health routes, variables that are read.

use std::rc::Rc;

use crate::fs::{Dir, Text};
use crate::manifest::pattern::{self, Pattern};
use crate::model::{Evidence, RelPath, Source};

/// How many files of a service are searched, how long a searched file may be, and how much is searched in all, in bytes:
/// what says how a program runs stands in few files near the top, and every pattern is tried on all of them.
const MOST_FILES: usize = 400;
const LONGEST: usize = 256 * 1024;
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
pub fn is_generated(text: &str) -> bool {
    text.lines().take(5).any(|line| line.contains("DO NOT EDIT") || line.contains("@generated"))
}

/// Tests, examples and generated code say nothing of how the program runs.
pub(super) fn is_beside_the_point(tail: &str) -> bool {
    const FOLDERS: &[&str] = &[
        "test",
        "tests",
        "unittest",
        "unittests",
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
        "mock",
        "mocks",
        "__mocks__",
        "testdata",
        "benches",
        "scripts",
        "debian",
    ];
    // The folders of a package of the Java virtual machine are its name: `com.example` is the name of half of all programs.
    const PACKAGES: &[&str] = &["java", "kotlin", "scala", "groovy", "com", "org", "net", "io", "dev"];
    let (folders, name) = tail.rsplit_once('/').unwrap_or(("", tail));
    let packaged = [".java", ".kt", ".scala", ".groovy"].iter().any(|ending| name.ends_with(ending));
    folders.split('/').take_while(|folder| !packaged || !PACKAGES.contains(folder)).any(|folder| FOLDERS.contains(&folder))
        || name.contains(".test.")
        || name.contains(".spec.")
        || name.contains(".mock.")
        || name.contains(".example.")
        || name.starts_with("example")
        || name.contains("_test.")
        || name.starts_with("test_")
        || name.contains(".min.")
        || ["vite", "vitest", "webpack", "rspack", "rollup", "playwright", "cypress", "jest", "karma"]
            .iter()
            .any(|tool| name.starts_with(&format!("{tool}.config.")))
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
pub fn find_all(texts: &[Rc<Text>], pattern: &Pattern, comment: &str) -> Vec<Hit> {
    texts.iter().flat_map(|text| find_in(text, pattern, comment)).collect()
}

/// The first such place.
pub fn find(texts: &[Rc<Text>], pattern: &Pattern, comment: &str) -> Option<Hit> {
    texts.iter().find_map(|text| find_in(text, pattern, comment).into_iter().next())
}

fn find_in(text: &Text, pattern: &Pattern, comment: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    for found in pattern.captures_iter(text.as_str()) {
        let (Some(whole), Some(group)) = (found.get(0), found.get(1)) else { continue };
        if !is_comment(text, whole.start(), comment) {
            let line = line_of(text, group.start());
            hits.push(Hit { value: group.as_str().to_owned(), at: text.at(group.start(), line.trim()) });
        }
    }
    hits
}

/// The line in which a place stands.
pub fn line_of(text: &Text, place: usize) -> &str {
    let start = text.as_str()[..place].rfind('\n').map_or(0, |at| at + 1);
    text.as_str()[start..].lines().next().unwrap_or_default()
}

/// Whether a comment opens in the line before a place.
pub fn is_comment(text: &Text, place: usize, comment: &str) -> bool {
    let start = text.as_str()[..place].rfind('\n').map_or(0, |at| at + 1);
    let before = text.as_str()[start..place].trim_start();
    // Where `//` opens a comment, blocks of them have a star at the start of their lines; a star right before a name is what it points to.
    !comment.is_empty() && before.starts_with(comment) || comment == "//" && (before.starts_with("* ") || before.starts_with("**") || before.starts_with("/*"))
}

/// The port that a file of settings gives to the server.
pub fn port_in(settings: &[Rc<Text>]) -> Option<(u16, Source)> {
    let patterns = [
        r#"(?mi)^\s*["']?(?:\w*_)?(?:address|addr|listen|bind|inet)(?:_(?:url|addr|address))?["']?\s*[:=]\s*["']?[\w.\[\]]*:(\d{2,5})\b"#,
        r#"(?mi)^\s*["']?(?:http_?|server_?|application_|app_|listen_)?port["']?\s*[:=]\s*["']?(\d{2,5})\b"#,
    ];
    let own = patterns.iter().find_map(|pattern| {
        let hits = find_all(settings, &pattern::pattern(pattern).ok()?, "#");
        hits.into_iter().find_map(|hit| Some((hit.value.parse().ok().filter(|port| super::listening::is_likely(*port))?, Source::File(hit.at))))
    });
    own.or_else(|| {
        // A host is mostly somebody else's.
        let hit = find(settings, &pattern::pattern(r#"(?mi)^\s*["']?host["']?\s*[:=]\s*["']?[\w.\[\]]*:(\d{2,5})\b"#).ok()?, "#")?;
        Some((hit.value.parse().ok().filter(|port| super::listening::is_likely(*port))?, Source::File(hit.at)))
    })
}

/// The variable that a program asks for its port or its address, by the call of its language around `NAMES`.
pub fn asks_for_port(texts: &[Rc<Text>], call: &str) -> Option<Hit> {
    const NAMES: &str = "((?:APP_|HTTP_|SERVER_|WEB_|API_|LISTEN_)?(?:PORT|ADDR|ADDRESS))";
    let hits = find_all(texts, &pattern::pattern(&call.replace("NAMES", NAMES)).ok()?, "//");
    hits.iter().find(|hit| hit.value == "PORT").or_else(|| hits.first()).cloned()
}

#[cfg(test)]
mod tests {
    use super::{files, find_all};
    use crate::fs::Tree;
    use crate::manifest::pattern;

    #[test]
    fn finds_values_outside_of_comments_and_tests() {
        let tree = Tree::memory([("main.go", "// :1\nx(\":8080\")\n"), ("main_test.go", "x(\":9\")"), ("docs/a.go", "x(\":7\")")]);
        let texts = files(&tree.root(), &["go"], &[]);
        let hits = find_all(&texts, &pattern::pattern(r":(\d+)").expect("a pattern"), "//");
        assert_eq!(hits.iter().map(|hit| hit.value.as_str()).collect::<Vec<_>>(), ["8080"]);
        assert_eq!(hits[0].at.to_string(), "main.go:2 = `x(\":8080\")`");
    }
    #[test]
    fn packages_are_no_folders_of_examples() {
        let tree = Tree::memory([("src/main/java/com/example/App.java", "1"), ("src/test/java/com/example/AppTest.java", "2"), ("examples/com/B.java", "3")]);
        let texts = files(&tree.root(), &["java"], &[]);
        assert_eq!(texts.iter().map(|text| text.as_str()).collect::<Vec<_>>(), ["1"]);
    }
}
