//! Scripts that name their dependencies themselves, in the inline metadata that uv installs from. (PEP 723; astral-sh/uv docs/guides/scripts.md)

use super::indexes;
use super::local;
use super::programs::PROGRAMS;
use super::project::Project;
use super::requirement;
use crate::fs::{Dir, Text};
use crate::manifest::Document;
use crate::model::answers::Hints;
use crate::model::question::Question;
use crate::model::{Diagnostic, Evidence};

/// A script with dependencies of its own.
#[derive(Clone, Debug)]
pub struct Script {
    /// Its file, seen from the project's folder.
    pub file: String,
    /// Where it names them.
    pub at: Evidence,
}

/// The first script of a folder that has such metadata.
pub fn first<'t>(dir: &Dir<'t>) -> Option<&'t str> {
    scripts(dir).find(|file| dir.peek(file).is_some_and(|text| block(&text).is_some()))
}

/// Adds what the script of a folder says, where nothing else names dependencies: the one that is to be started, the only one, or the one that is
/// called as programs are. Of others, all are kept to be asked about.
pub fn take(dir: &Dir<'_>, hints: &Hints<'_>, project: &mut Project) -> Result<(), Diagnostic> {
    let mut found: Vec<(&str, Document)> = Vec::new();
    for file in scripts(dir) {
        if let Some(doc) = dir.peek(file).and_then(|text| block(&text)) {
            found.push((file, doc?));
        }
    }
    let asked = |file: &str| hints.get(Question::StartCmd).is_some_and(|given| given.value.split_whitespace().any(|word| word == file));
    let named = found.iter().position(|(file, _)| asked(file)).or_else(|| PROGRAMS.iter().find_map(|name| found.iter().position(|(file, _)| file == name)));
    if let Some(place) = named {
        found = vec![found.swap_remove(place)];
    }
    if let [(_, doc)] = &found[..] {
        project.python.extend(doc.string(&["requires-python"]).map(|(text, at)| (text.to_owned(), at)));
        requirement::list(doc, &["dependencies"], true, &mut project.requirements);
        local::take(dir, doc, project)?;
        indexes::take(dir, doc, project);
    }
    let needy = found.iter().filter_map(|(file, doc)| {
        let node = doc.get(&["dependencies"]).filter(|node| node.items().next().is_some())?;
        Some(Script { file: (*file).to_owned(), at: doc.evidence(&["dependencies"], node) })
    });
    project.inline = needy.collect();
    Ok(())
}

/// The modules of a folder: what has another name is no word of a command line.
fn scripts<'t>(dir: &Dir<'t>) -> impl Iterator<Item = &'t str> + use<'t> {
    let plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')) && !name.starts_with('-');
    dir.files().filter(move |file| file.rsplit_once('.').is_some_and(|(name, ending)| ending == "py" && plain(name)))
}

/// The metadata of a script, each value on its line.
fn block(text: &Text) -> Option<Result<Document, Diagnostic>> {
    let mut lines = text.as_str().lines();
    let before = lines.by_ref().take_while(|line| line.trim_end() != "# /// script").count();
    let mut toml = "\n".repeat(before + 1);
    for line in lines {
        let line = line.trim_end();
        if line == "# ///" {
            return Some(Document::toml(&Text::new(text.path().clone(), &toml)));
        }
        toml.push_str(line.strip_prefix('#')?);
        toml.push('\n');
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::{Answers, ServiceDraft};

    const SCRIPT: &str = "#!/usr/bin/env -S uv run --script\n# /// script\n# requires-python = \">=3.12\"\n# dependencies = [\n#   \"requests\",\n# ]\n#\n# [tool.uv]\n# exclude-newer = \"2026-01-01T00:00:00Z\"\n# ///\nimport requests\n";

    fn draft(files: &[(&str, &str)]) -> ServiceDraft {
        detect(&Tree::memory(files.iter().copied()), &Answers::default()).services.remove(0)
    }

    #[test]
    fn the_script_is_installed_and_started() {
        let found = draft(&[("fetch.py", SCRIPT), ("fetch.py.lock", ""), ("helper.py", "if __name__ == \"__main__\":\n    pass\n")]);
        assert_eq!(found.start.expect("a start").value.to_string(), "python fetch.py");
        assert_eq!(found.package_manager.expect("one").value, "uv");
        let requests = &found.dependencies[0];
        assert_eq!((requests.name.as_str(), requests.at.place()), ("requests", "fetch.py:5".to_owned()));
        assert_eq!(found.extra["install"][1].as_str(), Some("uv sync --script fetch.py --locked --active"));
        assert_eq!(found.extra["script"].as_str(), Some("fetch.py"));
    }

    #[test]
    fn of_several_the_one_that_is_called_as_programs_are() {
        let named = draft(&[("main.py", SCRIPT), ("other.py", SCRIPT)]);
        assert_eq!(named.start.expect("a start").value.to_string(), "python main.py");
        let several = draft(&[("a.py", SCRIPT), ("b.py", SCRIPT)]);
        assert_eq!(several.open.len(), 1);
        assert_eq!(several.open[0].candidates.iter().map(|(command, _)| command.as_str()).collect::<Vec<_>>(), ["python a.py", "python b.py"]);
    }

    #[test]
    fn a_manifest_beside_it_is_the_project() {
        let found = draft(&[("main.py", SCRIPT), ("requirements.txt", "flask\n")]);
        assert_eq!(found.package_manager.expect("one").value, "pip");
    }
}
