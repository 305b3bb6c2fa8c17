//! What the wheel of a project holds: many a project names one of its folders as the package, and runs the others from where they stand.

use super::apps::regex;
use super::requirement::normalise;
use crate::fs::Dir;
use crate::manifest::{Document, Node};
use crate::model::{Diagnostic, RelPath};

/// The modules at the top of the wheel, where the manifest or the build system's rule names them; `None` where it takes whatever there is.
fn tops(doc: &Document) -> Option<Vec<String>> {
    let last = |path: &str| path.trim_matches('/').rsplit('/').next().unwrap_or_default().trim_end_matches(".py").to_owned();
    let backend = doc.str(&["build-system", "build-backend"]).unwrap_or_default();
    if let Some(packages) = doc.get(&["tool", "poetry", "packages"]) {
        let first = |path: &str| path.trim_matches('/').split('/').next().unwrap_or_default().trim_end_matches(".py").to_owned();
        let named: Vec<String> = packages.items().filter_map(|item| item.str().or_else(|| item.get(&["include"]).and_then(Node::str))).map(first).collect();
        return Some(named);
    }
    if let Some(packages) = doc.get(&["tool", "hatch", "build", "targets", "wheel", "packages"]) {
        return Some(packages.items().filter_map(Node::str).map(last).collect());
    }
    if let Some(packages) = doc.get(&["tool", "setuptools", "packages"]).filter(|node| node.entries().next().is_none()) {
        return Some(packages.items().filter_map(Node::str).map(|name| name.split('.').next().unwrap_or(name).to_owned()).collect());
    }
    let more =
        [&["tool", "hatch", "build"][..], &["tool", "setuptools"], &["tool", "uv", "build-backend"], &["tool", "flit", "module"], &["tool", "pdm", "build"]];
    let by_name = ["poetry", "hatchling", "uv_build", "flit"].iter().any(|name| backend.starts_with(name)) && !more.iter().any(|keys| doc.get(keys).is_some());
    let name = doc.str(&["project", "name"]).or_else(|| doc.str(&["tool", "poetry", "name"])).filter(|_| by_name)?;
    Some(vec![normalise(name).replace('-', "_")])
}

/// Whether the package runs without the rest of the repository: what its wheel leaves out, none of its modules imports.
pub fn is_whole(dir: &Dir<'_>, doc: &Document) -> Result<bool, Diagnostic> {
    let Some(tops) = tops(doc).filter(|tops| !tops.is_empty() && tops.iter().all(|top| !top.is_empty() && !top.contains('*'))) else { return Ok(true) };
    // A folder of this name is what modules are imported from, and no module.
    if tops.iter().any(|top| top == "src") {
        return Ok(false);
    }
    let imports = regex(r"(?m)^[ \t]*(?:from|import)[ \t]+([A-Za-z_]\w*)")?;
    let is_python = |path: &&RelPath| path.name().strip_suffix(".py").is_some();
    let inside = |path: &&RelPath| {
        let below = path.below(dir.path()).unwrap_or_default();
        tops.iter().any(|top| below.strip_prefix("src/").unwrap_or(below).strip_prefix(top.as_str()).is_some_and(|rest| rest.starts_with(['/', '.'])))
    };
    let beside = |name: &str| dir.has(&format!("{name}.py")) || dir.has_dir(name) && dir.dir(name).files_below().any(|path| is_python(&path));
    for path in dir.files_below().filter(is_python).filter(inside) {
        let Some(text) = dir.tree().read(path)? else { continue };
        let left = |name: &str| !tops.iter().any(|top| top == name) && name != "tests" && beside(name);
        if imports.captures_iter(text.as_str()).filter_map(|found| found.get(1)).any(|name| left(name.as_str())) {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use crate::detect::python::project::Project;
    use crate::fs::Tree;

    fn packaged(manifest: &str, files: &[(&str, &str)]) -> bool {
        let text = format!("[build-system]\nbuild-backend = \"{manifest}");
        let tree = Tree::memory(std::iter::once(("pyproject.toml", text.as_str())).chain(files.iter().copied()));
        Project::read(&tree.root()).expect("fine").package.is_some()
    }

    #[test]
    fn a_package_that_imports_what_its_wheel_leaves_out_runs_from_the_source() {
        let poetry = "poetry.core.masonry.api\"\n[tool.poetry]\nname = \"plugin\"\npackages = [{include = \"server\"}]\n";
        let models = ("models/api.py", "");
        assert!(packaged(poetry, &[("server/main.py", "import os\nfrom server.x import y\n"), models]));
        assert!(!packaged(poetry, &[("server/main.py", "from models.api import Query\n"), models]));
        let by_name = "hatchling.build\"\n[project]\nname = \"my-shop\"\n";
        assert!(packaged(by_name, &[("my_shop/__init__.py", "import numpy\n"), ("numpy/readme.txt", "")]));
        assert!(!packaged(by_name, &[("my_shop/__init__.py", "def f():\n    import config\n"), ("config.py", "")]));
        assert!(!packaged("hatchling.build\"\n[project]\nname = \"a\"\n[tool.hatch.build.targets.wheel]\npackages = [\"src\"]\n", &[("src/app/main.py", "")]));
        assert!(packaged(
            "hatchling.build\"\n[project]\nname = \"a\"\n[tool.hatch.build.targets.wheel]\npackages = [\"src/app\"]\n",
            &[("src/app/main.py", "import app\n")]
        ));
    }
}
