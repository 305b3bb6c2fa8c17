//! Versions that a build makes from git, which no image sees: `[[data.version-from-git]]`.

use super::project::Project;
use super::requirement::normalise;
use crate::catalog::StackPack;
use crate::fs::Dir;
use crate::manifest::Node;
use crate::model::{Diagnostic, Evidence, ServiceDraft};

/// Tells the build a version: an argument, by the variable of the tool that would ask git.
pub fn take(dir: &Dir<'_>, project: &Project, pack: &StackPack, draft: &mut ServiceDraft) {
    let Some((variable, at)) = asks(dir, project, pack).filter(|_| project.package.is_some()) else { return };
    let own = draft.extra.get("own").and_then(serde_json::Value::as_bool) == Some(true);
    let keys: &[&str] = if own { &["install", "install_dev", "project", "project_dev"] } else { &["project", "project_dev"] };
    for key in keys {
        let commands = draft.extra.get(*key).and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
        let told: Vec<String> = commands.iter().filter_map(serde_json::Value::as_str).map(|command| format!("{variable}=$VERSION {command}")).collect();
        draft.set(key, told);
    }
    draft.set("version_argument", true);
    let message = format!("service `{}`: the version is made from git, which the build does not see: it is 0.0.0", draft.name);
    draft.notes.push(Diagnostic::note("version-from-git", message).at(at).help("docker build --build-arg VERSION=1.2.3 says another one"));
}

/// The variable, and what asks git.
fn asks<'p>(dir: &Dir<'_>, project: &Project, pack: &'p StackPack) -> Option<(&'p str, Evidence)> {
    let rows = pack.data.get("version-from-git").and_then(toml::Value::as_array)?;
    let text = |row: &'p toml::Value, key: &str| row.get(key).and_then(toml::Value::as_str);
    if let Some(doc) = &project.pyproject {
        let keys = ["build-system", "requires"];
        let dynamic = doc.get(&["project", "dynamic"]).into_iter().flat_map(Node::items).any(|item| item.str() == Some("version"));
        let poetry = doc.get(&["tool", "poetry"]).is_some();
        let falls_back = [
            &["tool", "setuptools_scm", "fallback_version"][..],
            &["tool", "hatch", "version", "fallback-version"],
            &["tool", "hatch", "version", "raw-options", "fallback_version"],
        ];
        if falls_back.iter().any(|keys| doc.get(keys).is_some()) {
            return None;
        }
        let required = doc.get(&keys).into_iter().flat_map(Node::items);
        let named: Vec<(String, &Node)> =
            required.filter_map(|item| Some((normalise(item.str()?.split(['<', '>', '=', '~', '!', '[', ';', ' ']).next()?), item))).collect();
        for row in rows {
            let Some((_, node)) = named.iter().find(|(name, _)| text(row, "requires") == Some(name)) else { continue };
            let set = text(row, "setting").is_none_or(|setting| doc.str(&setting.split('.').collect::<Vec<_>>()) == text(row, "value"));
            if let Some(variable) = text(row, "variable").filter(|_| set && (dynamic || poetry)) {
                return Some((variable, doc.evidence(&keys, node)));
            }
        }
    }
    let setup = dir.peek("setup.py")?;
    let (number, line) = setup.lines().find(|(_, line)| line.contains("use_scm_version"))?;
    Some((rows.iter().find_map(|row| text(row, "variable"))?, Evidence::line(setup.path().clone(), number, line.trim())))
}

#[cfg(test)]
mod tests {
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    fn project(build: &str) -> String {
        let manifest = format!("[project]\nname = \"x\"\ndynamic = [\"version\"]\n[project.scripts]\nx = \"x:main\"\n{build}");
        let found = detect(&Tree::memory([("pyproject.toml", manifest.as_str()), ("src/x/__init__.py", "")]), &Answers::default()).services.remove(0);
        found.extra["project"].to_string()
    }

    #[test]
    fn a_version_from_git_is_an_argument() {
        let hatch =
            "[build-system]\nrequires = [\"hatchling\", \"hatch-vcs>=0.4\"]\nbuild-backend = \"hatchling.build\"\n[tool.hatch.version]\nsource = \"vcs\"\n";
        assert_eq!(project(hatch), "[\"SETUPTOOLS_SCM_PRETEND_VERSION=$VERSION uv pip install --no-deps .\"]");
        let pdm = "[build-system]\nrequires = [\"pdm-backend\"]\nbuild-backend = \"pdm.backend\"\n[tool.pdm.version]\nsource = \"file\"\n";
        assert!(!project(pdm).contains("VERSION"));
        assert!(project(&pdm.replace("file", "scm")).contains("PDM_BUILD_SCM_VERSION=$VERSION"));
        let back = "[build-system]\nrequires = [\"setuptools_scm\"]\n[tool.setuptools_scm]\nfallback_version = \"1\"\n";
        assert!(!project(back).contains("VERSION"));
        assert!(project("[build-system]\nrequires = [\"setuptools\", \"setuptools_scm[toml]>=8\"]\n").contains("SETUPTOOLS_SCM_PRETEND_VERSION"));
    }
}
