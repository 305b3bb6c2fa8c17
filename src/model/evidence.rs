//! Where a fact was read.

use std::fmt;
use std::num::NonZeroU32;

use serde::Serialize;

use super::RelPath;

/// One place in the repository that says something, shown as `` package.json:9 engines.node = `>=20` ``.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// The file, relative to the root of the tree.
    pub file: RelPath,
    /// The line, where the format has lines.
    pub line: Option<NonZeroU32>,
    /// The dotted key inside a structured file, empty elsewhere.
    pub key: String,
    /// What stands there, as written.
    pub raw: String,
}

impl Evidence {
    /// A whole file as evidence: that it is there says enough.
    pub fn file(file: RelPath) -> Self {
        Self { file, line: None, key: String::new(), raw: String::new() }
    }

    /// A line of a file.
    pub fn line(file: RelPath, line: u32, raw: impl Into<String>) -> Self {
        Self { file, line: NonZeroU32::new(line), key: String::new(), raw: raw.into() }
    }

    /// The same place, named by a key.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<String>) -> Self {
        self.key = key.into();
        self
    }

    /// `file:line`, or the file alone.
    pub fn place(&self) -> String {
        match self.line {
            Some(line) => format!("{}:{line}", self.file),
            None => self.file.to_string(),
        }
    }
}

/// Text from the repository made fit for one line of output: no control characters, no backticks, not endless.
pub fn tame(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut tamed: String = text.trim().chars().map(|c| if c.is_control() || c == '`' { ' ' } else { c }).take(LONGEST + 1).collect();
    if tamed.chars().count() > LONGEST {
        tamed = tamed.chars().take(LONGEST - 3).collect::<String>() + "...";
    }
    tamed
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&tame(&self.place()))?;
        if !self.key.is_empty() {
            write!(f, " {}", tame(&self.key))?;
        }
        if !self.raw.is_empty() {
            write!(f, " = `{}`", tame(&self.raw))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Evidence, tame};
    use crate::model::RelPath;

    #[test]
    fn shows_place_key_and_value() {
        let at = Evidence::line(RelPath::known("package.json"), 9, ">=20").with_key("engines.node");
        assert_eq!(at.to_string(), "package.json:9 engines.node = `>=20`");
        assert_eq!(Evidence::line(RelPath::known(".nvmrc"), 1, "v22").to_string(), ".nvmrc:1 = `v22`");
        assert_eq!(Evidence::file(RelPath::known("go.mod")).to_string(), "go.mod");
    }

    #[test]
    fn tames_hostile_text() {
        assert_eq!(tame("a\nRUN `evil`\u{1b}[0m"), "a RUN  evil  [0m");
        assert_eq!(tame(&"x".repeat(500)).chars().count(), 80);
    }
}
