//! Private indexes: the variables that an installation needs and no layer may hold.

use super::project::Project;
use super::requirement::is_variable;
use crate::fs::Dir;
use crate::manifest::{Document, Node};

/// Files in which people say how Poetry is told who asks.
const TEXTS: &[&str] =
    &["README.md", "README.rst", "Makefile", ".env.example", ".env.sample", ".gitlab-ci.yml", "bitbucket-pipelines.yml", "azure-pipelines.yml"];

/// Adds the variables that the indexes of a manifest want.
pub fn take(dir: &Dir<'_>, doc: &Document, project: &mut Project) {
    // An index of uv that always asks who is there is told by variables with its name.
    for index in doc.get(&["tool", "uv", "index"]).into_iter().flat_map(Node::items) {
        let (name, asks) = (index.get(&["name"]).and_then(Node::str), index.get(&["authenticate"]).and_then(Node::str) == Some("always"));
        let name = name.filter(|_| asks).map(shouted);
        project.secrets.extend(name.into_iter().flat_map(|name| ["USERNAME", "PASSWORD"].map(|part| format!("UV_INDEX_{name}_{part}"))));
    }
    // PDM and Pipenv put variables into the address.
    for keys in [&["tool", "pdm", "source"][..], &["source"]] {
        for source in doc.get(keys).into_iter().flat_map(Node::items) {
            project.secrets.extend(source.get(&["url"]).and_then(Node::str).into_iter().flat_map(variables));
        }
    }
    // Poetry has a pair of variables for each source, and doesn't say whether one asks: the project does.
    for source in doc.get(&["tool", "poetry", "source"]).into_iter().flat_map(Node::items) {
        let Some(name) = source.get(&["name"]).and_then(Node::str).map(shouted) else { continue };
        let workflows = dir.dir(".github/workflows");
        let texts = TEXTS.iter().filter_map(|file| dir.peek(file)).chain(workflows.files().filter_map(|file| workflows.peek(file)));
        let start = format!("POETRY_HTTP_BASIC_{name}_");
        if texts.into_iter().any(|text| text.as_str().contains(&start)) {
            project.secrets.extend(["USERNAME", "PASSWORD"].map(|part| format!("{start}{part}")));
        }
    }
    project.secrets.retain(|name| is_variable(name));
}

/// The name of an index inside of a variable's.
fn shouted(name: &str) -> String {
    name.to_ascii_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}

/// `$NAME` and `${NAME}` in an address.
fn variables(url: &str) -> Vec<String> {
    let parts = url.split('$').skip(1).map(|rest| rest.trim_start_matches('{'));
    parts.map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>()).filter(|name| is_variable(name)).collect()
}

#[cfg(test)]
mod tests {
    use crate::detect::python::project::Project;
    use crate::fs::Tree;

    #[test]
    fn what_indexes_ask_for() {
        let secrets = |files: &[(&str, &str)]| Project::read(&Tree::memory(files.iter().copied()).root()).expect("fine").secrets.join(" ");
        let pipfile = "[[source]]\nurl = \"https://$USER_NAME:${TOKEN}@pypi.example.org/simple\"\nname = \"own\"\n";
        assert_eq!(secrets(&[("Pipfile", pipfile)]), "USER_NAME TOKEN");
        let pdm = "[[tool.pdm.source]]\nname = \"own\"\nurl = \"https://${A}:${B}@pypi.example.org/simple\"\n";
        assert_eq!(secrets(&[("pyproject.toml", pdm)]), "A B");
        let poetry = "[[tool.poetry.source]]\nname = \"my-own\"\nurl = \"https://pypi.example.org/simple\"\n";
        assert_eq!(secrets(&[("pyproject.toml", poetry)]), "");
        let readme = ("README.md", "export POETRY_HTTP_BASIC_MY_OWN_USERNAME=me\n");
        assert_eq!(secrets(&[("pyproject.toml", poetry), readme]), "POETRY_HTTP_BASIC_MY_OWN_USERNAME POETRY_HTTP_BASIC_MY_OWN_PASSWORD");
    }
}
