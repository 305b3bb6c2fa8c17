//! Packages that run somewhere else than in a container: workers of a hosting company, phones, desktops, other programs.

use serde::Deserialize;

use super::project::Project;
use crate::model::{Diagnostic, Evidence};

/// A row of the catalogue.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// Dependencies that mark it.
    dependency: Vec<String>,
    /// Files that mark it.
    file: Vec<String>,
    /// Whether pages that it builds are parts of it, and no site.
    pages: bool,
    /// Dependencies that make it a program for a container all the same.
    unless: Vec<String>,
    /// What it is.
    what: String,
    /// What to do about it.
    help: String,
}

/// Why no container runs a package that has no program for production, or one that builds `pages`.
pub fn of(project: &Project<'_>, pages: bool) -> Option<Diagnostic> {
    let package = project.package.as_ref()?;
    let rows: Vec<Row> = project.pack.data.get("elsewhere")?.clone().try_into().ok()?;
    let known = |name: &String| package.dependency(name);
    rows.into_iter().filter(|row| row.pages || !pages).find_map(|row| {
        let file = row.file.iter().find(|file| project.dir.has(file)).map(|file| Evidence::file(project.dir.at(file)));
        let at = row.dependency.iter().find_map(known).map(|dependency| dependency.at).or(file)?;
        let unless = row.unless.iter().any(|name| known(name).is_some());
        (!unless).then(|| Diagnostic::error("runs-elsewhere", row.what).at(at).help(row.help))
    })
}
