//! Dependencies that no index has: folders and files of the repository, and what is fetched from a version control system.

use super::project::Project;
use crate::fs::Dir;
use crate::manifest::{Document, Node};
use crate::model::{Diagnostic, Evidence};

/// Adds what a manifest takes from the repository or from a version control system.
pub fn take(dir: &Dir<'_>, doc: &Document, project: &mut Project) -> Result<(), Diagnostic> {
    let mut tables = vec![vec!["tool", "uv", "sources"], vec!["tool", "poetry", "dependencies"], vec!["packages"], vec!["dev-packages"]];
    let groups: Vec<&str> = doc.get(&["tool", "poetry", "group"]).into_iter().flat_map(Node::entries).map(|(group, _)| group).collect();
    tables.extend(groups.into_iter().map(|group| vec!["tool", "poetry", "group", group, "dependencies"]));
    for keys in tables {
        for (name, node) in doc.get(&keys).into_iter().flat_map(Node::entries) {
            let at = || doc.evidence(&[&keys[..], &[name]].concat(), node);
            for source in std::iter::once(node).chain(node.items()) {
                if source.get(&["git"]).is_some() {
                    project.remote.get_or_insert_with(at);
                }
                if let Some(path) = source.get(&["path"]).and_then(Node::str) {
                    add(dir, path, at(), project)?;
                }
            }
        }
    }
    for keys in [&["project", "dependencies"][..], &["tool", "pdm", "dev-dependencies", "dev"], &["dependency-groups", "dev"]] {
        for item in doc.get(keys).into_iter().flat_map(Node::items) {
            let Some(text) = item.str() else { continue };
            if text.contains("git+") {
                project.remote.get_or_insert_with(|| doc.evidence(keys, item));
            } else if let Some((_, path)) = text.split_once("file:///${PROJECT_ROOT}/") {
                add(dir, path, doc.evidence(keys, item), project)?;
            }
        }
    }
    Ok(())
}

/// A folder or a file of the repository that is installed; the project's own folder is none.
pub fn add(dir: &Dir<'_>, path: &str, at: Evidence, project: &mut Project) -> Result<(), Diagnostic> {
    let path = path.split(['[', ';', '#']).next().unwrap_or_default().trim().trim_end_matches('/');
    let Some(place) = dir.path().join(path.trim_start_matches("./")).filter(|_| !path.starts_with('/')) else {
        return Err(Diagnostic::error("outside", "a dependency lies outside of the repository").at(at).help("move it into the repository, or publish it"));
    };
    let Some(below) = place.below(dir.path()) else {
        return Err(Diagnostic::error("outside", format!("the dependency `{place}` lies outside of the project's folder, which is all that its build sees"))
            .at(at)
            .help("make both members of one workspace (uv: [tool.uv.workspace] at the root), or move it into the project's folder"));
    };
    if below.is_empty() {
        return Ok(());
    }
    let list = if dir.has(below) { &mut project.local_files } else { &mut project.local };
    if !list.iter().any(|known| known == below) {
        list.push(below.to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::detect::python::project::Project;
    use crate::fs::Tree;

    #[test]
    fn folders_files_and_repositories() {
        let read = |files: &[(&str, &str)]| Project::read(&Tree::memory(files.iter().copied()).root());
        let uv = "[project]\nname = \"a\"\n[tool.uv.sources]\nx = { path = \"libs/x\", editable = true }\ny = [{ git = \"https://example.org/y\" }]\n";
        let found = read(&[("pyproject.toml", uv), ("libs/x/pyproject.toml", "")]).expect("fine");
        assert_eq!((found.local.join(" "), found.remote.is_some()), ("libs/x".to_owned(), true));
        let pip = read(&[("requirements.txt", "-e ./libs/x[all]\n./wheels/y-1.whl\n-e .\n"), ("libs/x/setup.py", ""), ("wheels/y-1.whl", "")]).expect("fine");
        assert_eq!((pip.local.join(" "), pip.local_files.join(" "), pip.own.is_some()), ("libs/x".to_owned(), "wheels/y-1.whl".to_owned(), true));
        let poetry = "[tool.poetry]\nname = \"a\"\n[tool.poetry.dependencies]\nshared = { path = \"../shared\", develop = true }\n";
        assert!(Project::read(&Tree::memory([("api/pyproject.toml", poetry), ("shared/pyproject.toml", "")]).root().dir("api")).is_err());
    }
}
