//! Versions of system packages inside a named release of the distribution: `templates/_shared/packages.toml`.

use std::collections::BTreeMap;

use super::files;

/// Upstream versions by release and package.
#[derive(Debug, Default)]
pub struct Packages(BTreeMap<String, BTreeMap<String, String>>);

impl Packages {
    /// Reads the table.
    pub fn load() -> Result<Self, String> {
        let text = files::text("_shared/packages.toml").ok_or("templates/_shared/packages.toml is missing")?;
        toml::from_str(text).map(Self).map_err(|error| format!("templates/_shared/packages.toml: {error}"))
    }

    /// `libpq5=17.*` where the release's version is known, else the name alone. A release that has another name for it says so: `libmagic1=1:5.*`.
    pub fn pinned(&self, release: &str, package: &str) -> String {
        match self.0.get(release).and_then(|table| table.get(package)) {
            Some(other) if other.contains('=') => other.clone(),
            Some(version) => format!("{package}={version}"),
            None => package.to_owned(),
        }
    }
}
