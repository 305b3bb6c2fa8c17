//! Build tags: what the project's own scripts compile the program with.

use super::constraints;
use crate::fs::{Dir, Text};
use crate::manifest::{Document, pattern};
use crate::model::Evidence;

/// Files that build, the surest first; the release tool's has keys of its own.
const SCRIPTS: &[&str] = &["Makefile", "makefile", "GNUmakefile", "Taskfile.yml", "Taskfile.yaml", "justfile", "Justfile", "build.sh", "scripts/build.sh"];

/// Folders whose code is not the module's own.
const ASIDE: &[&str] = &["vendor", "testdata", "node_modules"];

/// The tags without which files of the module are left out, by the first place that compiles with any tags. Others mean nothing here.
pub fn tags(home: &Dir<'_>) -> Vec<(String, Evidence)> {
    let Some(named) = released(home).or_else(|| SCRIPTS.iter().filter_map(|file| home.peek(file)).find_map(|text| scripted(&text))) else { return Vec::new() };
    let (words, at) = named;
    let mut wanted: Vec<String> = words.split([',', ' ']).filter(|tag| is_feature(tag)).map(ToOwned::to_owned).collect();
    wanted.dedup();
    if wanted.is_empty() {
        return Vec::new();
    }
    let own = |path: &&crate::model::RelPath| {
        constraints::by_name(path.name()) && !path.below(home.path()).unwrap_or_default().split('/').any(|part| ASIDE.contains(&part))
    };
    let texts: Vec<_> = home.files_below().filter(own).filter_map(|path| home.tree().read(path).ok().flatten()).collect();
    let needs =
        |tag: &String| texts.iter().any(|text| !constraints::by_line(text.as_str(), &[]) && constraints::by_line(text.as_str(), std::slice::from_ref(tag)));
    wanted.into_iter().filter(needs).map(|tag| (tag, at.clone())).collect()
}

/// Whether a tag may add something to a program: not what takes a part out, and not what is there for developers.
fn is_feature(tag: &str) -> bool {
    const ASIDE: &[&str] = &["bench", "debug", "dev", "e2e", "integration", "local", "mock", "pprof", "race", "test", "tools"];
    let plain = !tag.is_empty() && tag.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    plain && !tag.starts_with("no") && !tag.starts_with("without") && !tag.contains("omit") && !tag.split('_').any(|word| ASIDE.contains(&word))
}

/// What the release tool compiles with.
fn released(home: &Dir<'_>) -> Option<(String, Evidence)> {
    let file = home.first_of([".goreleaser.yaml", ".goreleaser.yml", "goreleaser.yaml", "goreleaser.yml"])?;
    let doc = Document::read(home, file).ok()??;
    let first = doc.get(&["builds"])?.items().next()?;
    let tags: Vec<&str> = first.get(&["tags"])?.items().filter_map(|tag| tag.str()).collect();
    (!tags.is_empty()).then(|| (tags.join(","), doc.evidence(&["builds", "tags"], first)))
}

/// The same of a script: its first line with tags that tests and checks nothing.
fn scripted(text: &Text) -> Option<(String, Evidence)> {
    let pattern = pattern::kept(r#"\s-tags[= ]\s*(?:'([^']*)'|"([^"]*)"|([\w,.]+))"#)?;
    let mut before = String::new();
    for (number, line) in text.lines() {
        // A command may go on in the next line.
        let whole = if before.ends_with('\\') { format!("{before} {line}") } else { line.to_owned() };
        let checks = ["test", "TEST", "vet", "lint", "staticcheck", "@v", "@latest"].iter().any(|word| whole.contains(word));
        let found = pattern.captures(line).filter(|_| !checks && !line.trim_start().starts_with('#'));
        let words = found.and_then(|groups| (1..=3).find_map(|group| groups.get(group).map(|found| found.as_str().to_owned())));
        if let Some(words) = words.filter(|words| !words.contains('$')) {
            return Some((words, Evidence::line(text.path().clone(), number, line.trim())));
        }
        before = whole;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::tags;
    use crate::fs::Tree;

    fn found(script: &str) -> String {
        let tree = Tree::memory([
            ("Makefile", script),
            ("main.go", "package main\n"),
            ("lite.go", "//go:build sqlite && !lib\n\npackage main\n"),
            ("none.go", "//go:build noserver\n\npackage main\n"),
            ("dev.go", "//go:build dev\n\npackage main\n"),
        ]);
        tags(&tree.root()).into_iter().map(|(tag, _)| tag).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn scripts_name_the_tags_that_matter() {
        for (script, expected) in [
            ("build:\n\tcd cmd; $(GOBUILD) -v -tags='netgo sqlite'\n", "sqlite"),
            ("build:\n\tgo build \\\n\t\t-tags sqlite,netgo \\\n\t\t.\n", "sqlite"),
            ("test:\n\tgo test \\\n\t\t-tags sqlite ./...\n", ""),
            ("build:\n\tgo build -tags netgo .\nclient:\n\tgo build -tags sqlite .\n", ""),
            ("client:\n\tgo build -tags noserver .\n", ""),
            ("run:\n\tgo run -tags dev .\n", ""),
            ("tool:\n\tgo install -tags 'sqlite' x.org/y/cmd@latest\n", ""),
            ("v:\n\tgit describe --tags sqlite\n", ""),
        ] {
            assert_eq!(found(script), expected, "{script}");
        }
    }
}
