//! Paths inside the repository: UTF-8, `/` as separator, relative to its root.

use std::fmt;

use serde::Serialize;

/// A normalised path relative to the root of the scanned tree; the root itself is the empty path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct RelPath(String);

/// Whether Docker takes a path as it is written: letters, digits and a few signs.
pub fn is_plain(path: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '@' | '+' | '(' | ')' | '~');
    !path.is_empty() && path.chars().all(plain) && !path.starts_with('-')
}

impl RelPath {
    /// The root of the tree.
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// Makes a path from text, dropping `.` components and resolving `..` where it stays inside.
    /// `None` for a path that leaves the root or is absolute.
    pub fn new(text: &str) -> Option<Self> {
        if text.starts_with('/') {
            return None;
        }
        let mut parts: Vec<&str> = Vec::new();
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop()?;
                }
                other => parts.push(other),
            }
        }
        Some(Self(parts.join("/")))
    }

    /// As [`RelPath::new`], for text that dockgen itself wrote.
    pub fn known(text: &str) -> Self {
        Self::new(text).unwrap_or_default()
    }

    /// Text taken as it is; only for bounds of a search and names that can't be there.
    pub(crate) const fn raw(text: String) -> Self {
        Self(text)
    }

    /// The text, empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the root of the tree.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// This path and `tail` below it; `None` when `tail` leaves the tree.
    pub fn join(&self, tail: &str) -> Option<Self> {
        if self.is_root() { Self::new(tail) } else { Self::new(&format!("{}/{tail}", self.0)) }
    }

    /// The last component, empty for the root.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The folder that holds this path; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        Some(Self(self.0.rsplit_once('/').map_or_else(String::new, |(head, _)| head.to_owned())))
    }

    /// The part of this path below `base`; `None` when it lies elsewhere.
    pub fn below(&self, base: &Self) -> Option<&str> {
        if base.is_root() {
            return Some(&self.0);
        }
        match self.0.strip_prefix(base.as_str())? {
            "" => Some(""),
            rest => rest.strip_prefix('/'),
        }
    }

    /// How many folders deep this path is; 0 for the root.
    pub fn depth(&self) -> usize {
        if self.is_root() { 0 } else { self.0.matches('/').count() + 1 }
    }

    /// How a path is shown and written into files: `.` for the root.
    pub fn display(&self) -> &str {
        if self.is_root() { "." } else { &self.0 }
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.display())
    }
}

#[cfg(test)]
mod tests {
    use super::RelPath;

    #[test]
    fn normalises_and_refuses_to_leave_the_root() {
        assert_eq!(RelPath::new("./a//b/../c").map(|p| p.to_string()).as_deref(), Some("a/c"));
        assert_eq!(RelPath::new("../a"), None);
        assert_eq!(RelPath::new("/etc"), None);
        assert_eq!(RelPath::root().display(), ".");
    }

    #[test]
    fn below_respects_component_borders() {
        let path = RelPath::known("apps/web/src");
        assert_eq!(path.below(&RelPath::known("apps/web")), Some("src"));
        assert_eq!(path.below(&RelPath::known("apps/we")), None);
        assert_eq!(path.below(&RelPath::root()), Some("apps/web/src"));
    }
}
