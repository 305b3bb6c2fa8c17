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
    if !project.files.is_empty() || project.conda.is_some() || dir.first_of(MANIFESTS.iter().copied()).is_some() {
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
