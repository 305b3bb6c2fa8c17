//! Which Python: files that pin one, then the ranges of the manifests.

use std::str::FromStr as _;

use pep440_rs::{Version as Release, VersionSpecifiers};

use super::project::Project;
use super::wheels::Closure;
use crate::catalog::StackPack;
use crate::catalog::stack::RuntimeRow;
use crate::fs::Dir;
use crate::manifest::tool_versions;
use crate::model::{Candidates, Decision, Diagnostic, Evidence, Source, Version};

/// The highest patch release that any line has had.
const LAST_PATCH: u64 = 40;

/// Why an older line than the catalogue's default is taken.
const NEWEST: &str = "the newest line that the dependencies can be used with";

/// The candidates: pins in `.python-version`, `.tool-versions`, mise and `runtime.txt` that the manifests allow; the manifests; the other pins; then
/// what the dependencies have wheels for.
pub fn candidates(dir: &Dir<'_>, project: &Project, row: &RuntimeRow, closure: &Closure<'_>) -> Result<Candidates<Version>, Diagnostic> {
    let mut found = Candidates::new();
    let mut pins = Vec::new();
    if let Some((text, at)) = tool_versions::single(dir, ".python-version")? {
        pins.extend(pinned(&text, row).map(|version| (version, Source::File(at))));
    }
    for (text, at) in tool_versions::read(dir, &["python"])? {
        pins.extend(pinned(&text, row).map(|version| (version, Source::File(at))));
    }
    if let Some((text, at)) = tool_versions::single(dir, "runtime.txt")? {
        pins.extend(text.strip_prefix("python-").and_then(|text| pinned(text, row)).map(|version| (version, Source::File(at))));
    }
    // The card of a space on Hugging Face.
    if let Some(text) = dir.peek("README.md").filter(|text| text.as_str().starts_with("---"))
        && let Some((number, line)) = text.lines().skip(1).take_while(|(_, line)| *line != "---").find(|(_, line)| line.starts_with("python_version:"))
    {
        let value = line.trim_start_matches("python_version:").trim().trim_matches(['"', '\'']);
        pins.extend(pinned(value, row).map(|version| (version, Source::File(Evidence::line(text.path().clone(), number, line.trim())))));
    }
    let ranges: Vec<Range> = project.python.iter().filter_map(|(text, _)| Range::parse(text)).collect();
    let (fitting, others): (Vec<_>, Vec<_>) = pins.into_iter().partition(|(version, _)| ranges.iter().all(|range| range.allows(version)));
    found.extend(fitting);
    for (text, at) in &project.python {
        push_range(&mut found, text, at, row, closure);
    }
    found.extend(others);
    // pip-compile says for which Python it chose the versions.
    if found.is_empty()
        && let Some(text) = project.files.first().and_then(|file| dir.peek(file))
        && let Some((number, line)) = text.lines().take(4).find(|(_, line)| line.starts_with('#') && line.contains("pip-compile with Python "))
        && let Some(version) = line.rsplit(' ').next().and_then(|text| pinned(text, row))
    {
        found.push(version, Source::File(Evidence::line(text.path().clone(), number, line.trim_start_matches(['#', ' ']))));
    }
    if found.is_empty()
        && let Some((version, Some(at))) = closure.best(row, &|_| true)
    {
        found.push(version, Source::inferred(NEWEST, [at]));
    }
    Ok(found)
}

/// `3.13.5`, `3.13` or `3`: the line, since the newest patch release of it has the fixes.
fn pinned(text: &str, row: &RuntimeRow) -> Option<Version> {
    let text = text.trim().trim_start_matches("python").trim_start_matches(['-', '@']);
    let numbers: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let version: Version = numbers.trim_end_matches('.').parse().ok()?;
    if version.numbers().len() >= 2 { Some(version.truncate(2)) } else { row.best(|line| version.covers(line)) }
}

/// Names the patch release, where the manifest refuses the newest one of its line: its manager refuses it too.
pub fn exact(project: &Project, pack: &StackPack, runtime: &mut Decision<Version>) -> Result<(), Diagnostic> {
    if runtime.source.is_explicit() || runtime.value.numbers().len() != 2 {
        return Ok(());
    }
    let line = runtime.value.clone();
    let ranges: Vec<(Range, &Evidence)> = project.python.iter().filter_map(|(text, at)| Some((Range::parse(text)?, at))).collect();
    let Some((_, at)) = ranges.iter().find(|(range, _)| range.allows(&line) && !range.allows_newest(&line)) else { return Ok(()) };
    let Some(patch) = (0..=LAST_PATCH).rev().find(|patch| ranges.iter().all(|(range, _)| range.allows_patch(&line, *patch))) else { return Ok(()) };
    let Ok(version) = format!("{line}.{patch}").parse::<Version>() else { return Ok(()) };
    let first = pack.data.get("first-image").and_then(|rows| rows.get(line.to_string())).and_then(toml::Value::as_str);
    if first.and_then(|first| first.parse::<Version>().ok()).is_some_and(|first| version < first) {
        return Err(Diagnostic::error(
            "exact-version",
            format!("the manifest allows no newer Python than {version}, whose image stands on a system that gets no fixes"),
        )
        .at((*at).clone())
        .help(format!("allow the newest release of the line, as in `~={line}.{patch}`, and lock again")));
    }
    runtime.value = version;
    if !matches!(runtime.source, Source::Inferred { .. }) {
        runtime.source = Source::File((*at).clone());
    }
    Ok(())
}

/// A range says the same as a pin that it allows; else its best line.
fn push_range(found: &mut Candidates<Version>, text: &str, at: &Evidence, row: &RuntimeRow, closure: &Closure<'_>) {
    let Some(range) = Range::parse(text) else { return };
    let agrees = found.iter().next().map(|(version, _)| version.clone()).filter(|version| range.allows(version));
    if let Some(version) = agrees {
        found.push(version, Source::File(at.clone()));
    } else if let Some((version, against)) = closure.best(row, &|line| range.allows_newest(line)).or_else(|| closure.best(row, &|line| range.allows(line))) {
        let source = match against {
            Some(other) => Source::inferred(NEWEST, [at.clone(), other]),
            None => Source::File(at.clone()),
        };
        found.push(version, source);
    }
}

/// What `requires-python`, Poetry's `python` or a Pipfile allow: any of these alternatives.
struct Range(Vec<VersionSpecifiers>);

impl Range {
    fn parse(text: &str) -> Option<Self> {
        let parts: Option<Vec<VersionSpecifiers>> = text.split("||").map(|part| VersionSpecifiers::from_str(&plain(part)).ok()).collect();
        parts.filter(|parts| !parts.is_empty()).map(Self)
    }

    /// Whether any release of a line is allowed.
    fn allows(&self, line: &Version) -> bool {
        (0..=LAST_PATCH).any(|patch| self.allows_patch(line, patch))
    }

    /// Whether the newest release of a line is allowed: `<=3.12` ends with 3.12.0.
    fn allows_newest(&self, line: &Version) -> bool {
        self.allows_patch(line, LAST_PATCH)
    }

    fn allows_patch(&self, line: &Version, patch: u64) -> bool {
        self.0.iter().any(|range| range.contains(&Release::new([u64::from(line.major()), u64::from(line.minor()), patch])))
    }
}

/// PEP 440 for Poetry's `^3.11`, `~3.11`, `3.11.*` and a bare `3.13`.
fn plain(text: &str) -> String {
    let parts: Vec<String> = text
        .split([',', ' '])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let numbers = |text: &str| -> Vec<u64> { text.split('.').map_while(|number| number.trim().parse().ok()).collect() };
            if let Some(version) = part.strip_prefix('^') {
                return format!(">={version},<{}", numbers(version).first().map_or(4, |major| major + 1));
            }
            if let Some(version) = part.strip_prefix('~').filter(|rest| !rest.starts_with('=')) {
                return match numbers(version)[..] {
                    [major, minor, ..] => format!(">={version},<{major}.{}", minor + 1),
                    [major] => format!(">={version},<{}", major + 1),
                    [] => format!("=={version}"),
                };
            }
            if part.starts_with(|c: char| c.is_ascii_digit()) {
                return if part.ends_with('*') || part.matches('.').count() > 1 { format!("=={part}") } else { format!("=={part}.*") };
            }
            part.to_owned()
        })
        .collect();
    // `>= 3.11` has a space between the sign and the number.
    let mut joined = String::new();
    for part in parts {
        if !joined.is_empty() && !joined.ends_with(['=', '<', '>', '!']) {
            joined.push(',');
        }
        joined.push_str(part.strip_prefix("==").filter(|_| joined.ends_with(['=', '<', '>', '!'])).map_or(part.as_str(), |bare| bare.trim_end_matches(".*")));
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::Range;
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    #[test]
    fn a_pin_that_the_manifest_allows_wins_over_its_range() {
        let version = |range: &str| {
            let manifest = format!("[project]\nname = \"x\"\nversion = \"1\"\nrequires-python = \"{range}\"\n");
            let tree = Tree::memory([("pyproject.toml", manifest.as_str()), (".tool-versions", "python 3.12.3\n"), ("main.py", "")]);
            detect(&tree, &Answers::default()).services[0].runtime.as_ref().map(|runtime| runtime.value.to_string())
        };
        assert_eq!(version(">=3.10").as_deref(), Some("3.12"));
        // One that the manifest refuses, its manager refuses too.
        assert_eq!(version(">=3.13").as_deref(), Some("3.14"));
    }

    #[test]
    fn a_manifest_that_refuses_the_newest_release_names_one() {
        let of = |range: &str| {
            let manifest = format!("[project]\nname = \"x\"\nversion = \"1\"\nrequires-python = \"{range}\"\n");
            let found = detect(&Tree::memory([("pyproject.toml", manifest.as_str()), ("uv.lock", "version = 1\n"), ("main.py", "")]), &Answers::default());
            let service = found.services.first();
            (service.and_then(|service| service.runtime.as_ref()).map(|runtime| runtime.value.to_string()), found.diagnostics.len())
        };
        assert_eq!(of("==3.12.4"), (Some("3.12.4".to_owned()), 0));
        assert_eq!(of(">=3.10,<3.12.4"), (Some("3.11".to_owned()), 0));
        assert_eq!(of("~=3.12.4"), (Some("3.12".to_owned()), 0));
        assert_eq!(of(">=3.9,<=3.12"), (Some("3.11".to_owned()), 0));
        // Older images stand on an older Debian.
        assert_eq!(of("==3.9.6"), (None, 1));
    }

    #[test]
    fn the_card_of_a_space_pins_it() {
        let card = "---\ntitle: X\nsdk: gradio\npython_version: \"3.11\"\n---\n";
        let tree = Tree::memory([("README.md", card), ("requirements.txt", "gradio\n"), ("app.py", "demo.launch()\n")]);
        let runtime = detect(&tree, &Answers::default()).services[0].runtime.clone().expect("one");
        assert_eq!((runtime.value.to_string(), runtime.source.evidence().expect("a place").place()), ("3.11".to_owned(), "README.md:4".to_owned()));
    }

    #[test]
    fn every_spelling_of_a_range() {
        for (text, allowed, refused) in [
            (">=3.13", "3.14", "3.12"),
            (">=3.12, <4", "3.12", "3.11"),
            (">= 3.12", "3.12", "3.11"),
            (">=3.13.2", "3.13", "3.12"),
            ("^3.11", "3.14", "3.10"),
            ("~3.11", "3.11", "3.12"),
            ("~=3.12.0", "3.12", "3.13"),
            ("3.11.*", "3.11", "3.12"),
            ("3.13", "3.13", "3.14"),
            ("^3.9 || ^3.12", "3.9", "3.8"),
            ("==3.12.4", "3.12", "3.13"),
        ] {
            let range = Range::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert!(range.allows(&allowed.parse().expect("a version")), "{text} allows {allowed}");
            assert!(!range.allows(&refused.parse().expect("a version")), "{text} refuses {refused}");
        }
        assert!(Range::parse("three").is_none());
    }
}
