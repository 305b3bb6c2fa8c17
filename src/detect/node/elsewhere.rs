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

/// Why pages that Electron's tools pack are no site.
pub fn in_a_window(project: &Project<'_>) -> Option<Diagnostic> {
    const PACKERS: &[&str] = &["electron-builder", "forge.config", "electron.vite.config"];
    let package = project.package.as_ref()?;
    package.dependency("electron")?;
    let settled = || [&["build", "appId"], &["build", "productName"]].iter().any(|keys| package.doc.get(*keys).is_some());
    let file = || project.dir.files().any(|name| PACKERS.iter().any(|stem| name.strip_prefix(stem).is_some_and(|rest| rest.starts_with('.'))));
    let called = || ["build", "start"].iter().any(|name| package.script(name).is_some_and(|(text, _)| text.contains("electron")));
    if settled() || file() || called() { of(project, true) } else { None }
}

#[cfg(test)]
mod tests {
    use crate::detect::select::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    #[test]
    fn pages_in_a_window_are_no_site() {
        let noted = |package: &str| {
            let found = detect(&Tree::memory([("package.json", package), ("index.html", ""), ("vite.config.ts", "")]), &Answers::default());
            (found.services[0].start.is_some(), found.services[0].notes.iter().any(|note| note.id == "runs-elsewhere"))
        };
        let tools = r#""devDependencies": {"electron": "40", "vite": "7"}"#;
        assert_eq!(noted(&format!(r#"{{"scripts": {{"build": "vite build && electron-builder"}}, {tools}}}"#)), (false, true));
        assert_eq!(noted(&format!(r#"{{"scripts": {{"build": "vite build"}}, "build": {{"appId": "a.b"}}, {tools}}}"#)), (false, true));
        // A site that has a window as well.
        assert_eq!(noted(&format!(r#"{{"scripts": {{"build": "vite build", "desktop": "electron ."}}, {tools}}}"#)), (true, false));
        assert_eq!(noted(r#"{"scripts": {"build": "gulp"}, "devDependencies": {"gscan": "5"}}"#), (false, true));
    }
}
