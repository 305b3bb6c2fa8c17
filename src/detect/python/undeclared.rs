//! Programs whose dependencies nothing names: an image of them would end at its first import.

use super::apps::Sources;
use super::project::Project;
use crate::catalog::StackPack;
use crate::fs::Dir;
use crate::model::{Diagnostic, RelPath};

/// Files that name dependencies; those of them that hold settings of tools too do where they say one of these.
const MANIFESTS: &[(&str, &[&str])] =
    &[("pyproject.toml", &["[project]", "dependencies", "[tool.poetry"]), ("Pipfile", &[]), ("setup.py", &[]), ("setup.cfg", &["[metadata]", "[options]"])];

/// The import of a framework in a project without any file that names dependencies.
pub fn import(dir: &Dir<'_>, project: &Project, sources: &Sources<'_>, pack: &StackPack) -> Result<Option<Diagnostic>, Diagnostic> {
    let names = |(file, signs): &(&str, &[&str])| dir.peek(file).is_some_and(|text| signs.is_empty() || signs.iter().any(|sign| text.as_str().contains(sign)));
    if !project.files.is_empty() || project.conda.is_some() || !project.inline.is_empty() || MANIFESTS.iter().any(names) {
        return Ok(None);
    }
    let modules = pack.framework.iter().flat_map(|row| &row.dependency).map(|name| (name, name.replace('-', "_")));
    let is_name = |module: &str| module.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    for (name, module) in modules.filter(|(_, module)| is_name(module) && !dir.has(&format!("{module}.py")) && !dir.has_dir(module)) {
        if let Some(hit) = sources.find(&format!(r"(?m)^[ \t]*(?:from|import) +({module})\b"))? {
            // Lists of several machines lie deeper than anything says which is meant.
            let list = |path: &&RelPath| path.name().starts_with("requirements") && path.name().strip_suffix(".txt").is_some();
            let list = dir.files_below().filter(list).min_by_key(|path| (path.depth(), path.name().len()));
            let help = list.and_then(|path| path.below(dir.path())).map_or_else(
                || format!("name them, for example `{name}` in requirements.txt"),
                |path| format!("name them, for example by `-r {path}` in requirements.txt"),
            );
            return Ok(Some(
                Diagnostic::error("undeclared-dependency", format!("the program imports `{module}`, and nothing names its dependencies")).at(hit.at).help(help),
            ));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    #[test]
    fn a_script_that_names_its_own_dependencies_is_fine() {
        let said = |source: &str| {
            let found = detect(&Tree::memory([("app.py", source)]), &Answers::default());
            found.services.into_iter().flat_map(|service| service.notes).find(|note| note.id == "undeclared-dependency").map(|note| note.message)
        };
        assert_eq!(said("# /// script\n# dependencies = [\"flask\"]\n# ///\nimport flask\n\nif __name__ == '__main__':\n    pass\n"), None);
        assert!(said("import flask\n\nif __name__ == '__main__':\n    pass\n").expect("an error").contains("imports `flask`"));
        let lists = [
            ("server.py", "from modules import ui\n"),
            ("modules/ui.py", "import flask\n"),
            ("setup.cfg", "[flake8]\n"),
            ("requirements/cpu/requirements.txt", "flask\n"),
        ];
        let found = detect(&Tree::memory(lists), &Answers::default());
        let help = found.services.into_iter().flat_map(|service| service.notes).find(|note| note.id == "undeclared-dependency").and_then(|note| note.help);
        assert_eq!(help.as_deref(), Some("name them, for example by `-r requirements/cpu/requirements.txt` in requirements.txt"));
    }
}
