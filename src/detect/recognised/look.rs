//! What the files of this folder share: looking into texts, and reading versions.

use std::rc::Rc;

use crate::detect::source::{self, Hit};
use crate::fs::{Dir, Text};
use crate::manifest::{pattern, procfile};
use crate::model::{Candidates, Cmd, Decision, Diagnostic, Evidence, Source, Version};

/// The first place of a text where the pattern's first group matches, outside of line comments.
pub fn first(text: &Rc<Text>, pattern: &'static str, comment: &str) -> Option<Hit> {
    let pattern = pattern::kept(pattern)?;
    source::find(std::slice::from_ref(text), &pattern, comment)
}

/// All such places.
pub fn all(text: &Rc<Text>, pattern: &'static str, comment: &str) -> Vec<Hit> {
    pattern::kept(pattern).map(|pattern| source::find_all(std::slice::from_ref(text), &pattern, comment)).unwrap_or_default()
}

/// The first such place of several texts.
pub fn among(texts: &[Rc<Text>], pattern: &'static str, comment: &str) -> Option<Hit> {
    let pattern = pattern::kept(pattern)?;
    source::find(texts, &pattern, comment)
}

/// What follows the last point of a name.
pub fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}

/// The first version number that stands in a text: `ruby-3.4.1`, `>= 8.2`, `net10.0`, `temurin-21.0.3+9`.
pub fn version(text: &str) -> Option<Version> {
    let from = text.find(|c: char| c.is_ascii_digit())?;
    let numbers = text[from..].split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
    numbers.split('.').filter(|part| !part.is_empty()).take(3).collect::<Vec<_>>().join(".").parse().ok()
}

/// The lowest version that a constraint allows: its oldest alternative, without upper bounds.
pub fn floor(constraint: &str) -> Option<Version> {
    let alternatives = constraint.split("||").flat_map(|part| part.split('|')).map(str::trim).filter(|part| !part.is_empty());
    alternatives.filter_map(|alternative| alternative.split([',', ' ']).filter(|part| !part.trim_start().starts_with(['<', '!'])).find_map(version)).min()
}

/// Whether a constraint names one line (`8.3.*`, `~8.3.0`, `3.4.1`) rather than a least version.
pub fn is_one_line(constraint: &str) -> bool {
    !constraint.contains(['^', '>', '<', '|', ',']) && version(constraint).is_some()
}

/// What a Procfile runs as the web process (else the first process of these names), where an image can run it too.
pub fn procfile(dir: &Dir<'_>, names: &[&str]) -> Result<Option<(Cmd, Source)>, Diagnostic> {
    let processes = procfile::read(dir)?;
    let Some(process) = names.iter().find_map(|name| processes.iter().find(|process| process.name == *name)) else { return Ok(None) };
    if process.command.contains("heroku-php-") || process.command.contains("vendor/bin/heroku") {
        return Ok(None);
    }
    Ok(Cmd::parse(&process.command).ok().map(|command| (command, Source::File(process.at.clone()))))
}

/// A port as settings write it: `8080`, `${PORT:5000}`, `$PORT:8080`, `"4000"`; zero means any.
pub fn port(text: &str) -> Option<u16> {
    let text = text.trim().trim_matches(['"', '\'']);
    let digits = if text.starts_with('$') { text.rsplit_once(':')?.1.trim_start_matches('-').trim_end_matches('}') } else { text };
    digits.trim().parse().ok().filter(|port| *port > 0)
}

/// The port in a command's words: `-p 8080`, `--port=8080`, `-S 0.0.0.0:8080`, `${PORT:-8080}`.
pub fn port_of_command(command: &str, at: &Evidence) -> Option<(u16, Source)> {
    let pattern = pattern::kept(r"(?:\bport[= ]|\s-p[= ]?|-o \S+ -p |\$\{PORT:-|(?:0\.0\.0\.0|localhost|127\.0\.0\.1|\*|\[::\]):)[\x22']?(\d{2,5})\b")?;
    let port = pattern.captures(command)?.get(1)?.as_str().parse().ok()?;
    Some((port, Source::File(at.clone())))
}

/// The first candidate, where there is one.
pub fn picked<T>(candidates: impl IntoIterator<Item = (T, Source)>) -> Option<Decision<T>> {
    let mut all = Candidates::new();
    all.extend(candidates);
    all.pick()
}

#[cfg(test)]
mod tests {
    use super::{floor, is_one_line, port, version};

    #[test]
    fn versions_are_read_as_people_write_them() {
        for (text, want) in [("ruby-3.4.1", "3.4.1"), ("net10.0", "10.0"), ("temurin-21.0.3+9.0.LTS", "21.0.3"), ("8.2.*", "8.2"), ("v1", "1")] {
            assert_eq!(version(text).map(|v| v.to_string()).as_deref(), Some(want), "{text}");
        }
        assert_eq!(version("latest"), None);
    }

    #[test]
    fn a_constraint_has_a_floor() {
        for (text, want) in [("^8.2", "8.2"), (">=3.2, <4.0", "3.2"), ("^7.4 || ^8.0", "7.4"), ("~> 1.15", "1.15"), (">= 3.2.0 < 4", "3.2.0")] {
            assert_eq!(floor(text).map(|v| v.to_string()).as_deref(), Some(want), "{text}");
        }
        assert_eq!(floor("*"), None);
        assert!(is_one_line("8.3.*") && is_one_line("3.4.1") && !is_one_line("^8.2"));
    }

    #[test]
    fn ports_are_numbers_or_defaults_of_variables() {
        for (text, want) in
            [("8080", Some(8080)), ("${PORT:5000}", Some(5000)), ("\"$PORT:8080\"", Some(8080)), ("${PORT:-9000}", Some(9000)), ("0", None), ("${PORT}", None)]
        {
            assert_eq!(port(text), want, "{text}");
        }
    }
}
