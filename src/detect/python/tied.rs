//! Several managers have a lock file: the one that the project's own files call is the one that people use.

use super::apps::regex;
use crate::fs::Dir;
use crate::model::{Diagnostic, Evidence};

/// Where projects call their manager, the places that are kept true first.
const FILES: &[&str] = &["Dockerfile", "Makefile", "justfile", "Taskfile.yml", "Procfile", "README.md", "README.rst", "CONTRIBUTING.md"];

/// Where their workflows lie.
const WORKFLOWS: &str = ".github/workflows";

/// The one of these that a file calls, and calls far more than any other of them.
pub fn called(dir: &Dir<'_>, managers: &[&str]) -> Result<Option<(String, Evidence)>, Diagnostic> {
    let workflows = dir.dir(WORKFLOWS);
    let texts = FILES.iter().filter_map(|file| dir.peek(file)).chain(workflows.files().filter_map(|file| workflows.peek(file)));
    for text in texts {
        let mut found: Vec<(usize, &str, Evidence)> = Vec::new();
        for manager in managers {
            let call = regex(&format!(r#"(?m)(?:^|[\s"'(`;&|/]){manager}["',]*\s+["']?(?:install|sync|run|export|pip|shell)\b"#))?;
            let calls = call.captures_iter(text.as_str()).count();
            found.extend(call.find(text.as_str()).map(|hit| (calls, *manager, text.at(hit.start() + 1, hit.as_str().trim()))));
        }
        found.sort_by_key(|(calls, _, _)| std::cmp::Reverse(*calls));
        // One call of another is a left-over.
        if let [(calls, manager, at), rest @ ..] = &found[..]
            && rest.iter().all(|(others, _, _)| others * 3 <= *calls)
        {
            return Ok(Some(((*manager).to_owned(), at.clone())));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::called;
    use crate::fs::Tree;

    #[test]
    fn the_files_of_a_project_say_which_manager_it_uses() {
        let by = |files: &[(&str, &str)]| {
            called(&Tree::memory(files.iter().copied()).root(), &["uv", "poetry"]).expect("fine").map(|(id, at)| format!("{id} {}", at.place()))
        };
        assert_eq!(by(&[("Makefile", "test:\n\tuv run pytest\n"), ("README.md", "poetry install\n")]).as_deref(), Some("uv Makefile:2"));
        assert_eq!(by(&[("Dockerfile", "FROM x\nRUN [\"poetry\", \"install\"]\n")]).as_deref(), Some("poetry Dockerfile:2"));
        assert_eq!(by(&[("README.md", "Use `uv sync` or `poetry install`.\n")]), None);
        assert_eq!(by(&[(".github/workflows/ci.yml", "    - run: uv sync --locked\n")]).as_deref(), Some("uv .github/workflows/ci.yml:1"));
    }
}
