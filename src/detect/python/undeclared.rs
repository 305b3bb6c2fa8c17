//! Programs whose dependencies nothing names: an image of them would end at its first import.

use super::apps::Sources;
use super::project::Project;
use crate::catalog::StackPack;
use crate::fs::Dir;
use crate::model::Diagnostic;

/// Files that name dependencies.
const MANIFESTS: &[&str] = &["pyproject.toml", "Pipfile", "setup.py", "setup.cfg"];

/// The import of a framework in a project without any file that names dependencies.
pub fn import(dir: &Dir<'_>, project: &Project, sources: &Sources<'_>, pack: &StackPack) -> Result<Option<Diagnostic>, Diagnostic> {
    if !project.files.is_empty() || project.conda.is_some() || !project.inline.is_empty() || dir.first_of(MANIFESTS.iter().copied()).is_some() {
        return Ok(None);
    }
    let modules = pack.framework.iter().flat_map(|row| &row.dependency).map(|name| (name, name.replace('-', "_")));
    let is_name = |module: &str| module.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    for (name, module) in modules.filter(|(_, module)| is_name(module) && !dir.has(&format!("{module}.py")) && !dir.has_dir(module)) {
        if let Some(hit) = sources.find(&format!(r"(?m)^[ \t]*(?:from|import) +({module})\b"))? {
            return Ok(Some(
                Diagnostic::error("undeclared-dependency", format!("the program imports `{module}`, and nothing names its dependencies"))
                    .at(hit.at)
                    .help(format!("name them, for example `{name}` in requirements.txt")),
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
    }
}
