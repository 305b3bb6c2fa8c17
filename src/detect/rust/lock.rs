//! Cargo.lock: which packages a program is built of.

use std::collections::{BTreeMap, BTreeSet};

use crate::fs::Dir;
use crate::model::Diagnostic;

/// One locked package.
#[derive(Debug, Default)]
struct Locked {
    name: String,
    version: String,
    /// What it needs: a name, and a version where two are locked.
    needs: Vec<(String, Option<String>)>,
    /// Whether it comes from elsewhere; those that don't are told by their own manifests.
    foreign: bool,
}

/// The lock file.
#[derive(Debug, Default)]
pub struct Lock {
    packages: Vec<Locked>,
}

impl Lock {
    /// Reads the lock of a folder; `None` where there is none.
    pub fn read(dir: &Dir<'_>) -> Result<Option<Self>, Diagnostic> {
        let Some(text) = dir.read("Cargo.lock")? else { return Ok(None) };
        let mut lock = Self::default();
        let mut list = false;
        for line in text.as_str().lines() {
            let quoted = |key: &str| line.strip_prefix(key)?.strip_suffix('"').map(ToOwned::to_owned);
            if line == "[[package]]" {
                lock.packages.push(Locked::default());
            }
            let Some(package) = lock.packages.last_mut() else { continue };
            if let Some(name) = quoted("name = \"") {
                package.name = name;
            } else if let Some(version) = quoted("version = \"") {
                package.version = version;
            } else if line.starts_with("source = ") {
                package.foreign = true;
            } else if line == "dependencies = [" {
                list = true;
            } else if line == "]" {
                list = false;
            } else if list {
                let mut words = line.trim().trim_matches(|c| c == '"' || c == ',').split_whitespace().map(ToOwned::to_owned);
                package.needs.extend(words.next().map(|name| (name, words.next())));
            }
        }
        Ok(Some(lock))
    }

    /// Everything that packages of these names are built of, with themselves; `leads` says whether one package really leads to another.
    pub fn closure(&self, roots: impl IntoIterator<Item = String>, leads: impl Fn(&str, &str) -> bool) -> BTreeSet<String> {
        let mut by_name: BTreeMap<&str, Vec<&Locked>> = BTreeMap::new();
        for package in &self.packages {
            by_name.entry(&package.name).or_default().push(package);
        }
        let mut seen = BTreeSet::new();
        let mut next: Vec<(String, Option<String>)> = roots.into_iter().map(|name| (name, None)).collect();
        while let Some((name, version)) = next.pop() {
            if !seen.insert((name.clone(), version.clone())) {
                continue;
            }
            for package in by_name.get(name.as_str()).into_iter().flatten().filter(|package| version.as_ref().is_none_or(|own| *own == package.version)) {
                if package.foreign {
                    next.extend(package.needs.iter().filter(|(need, _)| leads(&name, need)).cloned());
                }
            }
        }
        seen.into_iter().map(|(name, _)| name).collect()
    }

    /// Whether a locked package needs another one: so its features can be told.
    pub fn needs(&self, name: &str, other: &str) -> bool {
        self.packages.iter().any(|package| package.name == name && package.needs.iter().any(|(need, _)| need == other))
    }
}

#[cfg(test)]
mod tests {
    use super::Lock;
    use crate::fs::Tree;

    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\n \"a\",\n \"test-only\",\n]\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nsource = \"registry\"\ndependencies = [\n \"b 2.0.0\",\n]\n\n[[package]]\nname = \"b\"\nversion = \"1.0.0\"\nsource = \"registry\"\ndependencies = [\n \"openssl-sys\",\n]\n\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\nsource = \"registry\"\n\n[[package]]\nname = \"test-only\"\nversion = \"1.0.0\"\nsource = \"registry\"\n\n[[package]]\nname = \"openssl-sys\"\nversion = \"0.9.0\"\nsource = \"registry\"\n";

    #[test]
    fn a_program_is_made_of_what_its_dependencies_need() {
        let tree = Tree::memory([("Cargo.lock", LOCK)]);
        let lock = Lock::read(&tree.root()).expect("fine").expect("there");
        let of = |root: &str| lock.closure([root.to_owned()], |_, _| true).into_iter().collect::<Vec<_>>();
        assert_eq!(of("a"), ["a", "b"]);
        assert_eq!(of("b"), ["b", "openssl-sys"]);
        assert!(lock.needs("app", "test-only") && !lock.needs("a", "openssl-sys"));
    }
}
