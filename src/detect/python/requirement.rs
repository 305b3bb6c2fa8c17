//! What a project depends on: PEP 508 lines, requirement files and the tables of the package managers.

use crate::fs::Dir;
use crate::manifest::{Document, Node};
use crate::model::{Diagnostic, Evidence};

/// One dependency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// Its normalised name (PEP 503).
    pub name: String,
    /// Its extras, normalised.
    pub extras: Vec<String>,
    /// The version specifiers as written, empty where there are none.
    pub versions: String,
    /// Where it is named.
    pub at: Evidence,
    /// Whether production needs it.
    pub production: bool,
}

/// What requirement files say together.
#[derive(Clone, Debug, Default)]
pub struct RequirementFiles {
    /// The files that were read, each once, in the order of their inclusion.
    pub files: Vec<String>,
    /// The dependencies.
    pub requirements: Vec<Requirement>,
    /// A line that installs the project itself.
    pub own: Option<Evidence>,
    /// A line that fetches from a version control system.
    pub remote: Option<Evidence>,
    /// Lines that install a folder or a file of the repository.
    pub local: Vec<(String, Evidence)>,
    /// Variables that hold what an index asks for, as `${NAME}` in a URL.
    pub secrets: Vec<String>,
}

/// PEP 503: lower case, runs of `-`, `_` and `.` become one hyphen.
pub fn normalise(name: &str) -> String {
    let mut out = String::new();
    for c in name.trim().chars() {
        if matches!(c, '-' | '_' | '.') {
            if !out.ends_with('-') {
                out.push('-');
            }
        } else {
            out.push(c.to_ascii_lowercase());
        }
    }
    out
}

/// A PEP 508 line: name, extras, versions; the marker is left out. `None` for what is no name.
pub fn parse(line: &str, at: Evidence, production: bool) -> Option<Requirement> {
    let line = line.split(';').next().unwrap_or_default().trim();
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    if name.is_empty() || !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || rest.starts_with(['+', ':', '/', '\\']) {
        return None;
    }
    let rest = rest.trim_start();
    let (extras, rest) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((extras, rest)) => (extras.split(',').map(normalise).filter(|extra| !extra.is_empty()).collect(), rest),
        None => (Vec::new(), rest),
    };
    let versions = rest.trim().trim_start_matches('(').trim_end_matches(')').trim();
    let versions = if versions.starts_with('@') { "" } else { versions };
    Some(Requirement { name: normalise(name), extras, versions: versions.to_owned(), at, production })
}

/// Reads requirement files with what they include by `-r` and `-c`.
pub fn read_files(dir: &Dir<'_>, file: &str, production: bool) -> Result<RequirementFiles, Diagnostic> {
    let mut found = RequirementFiles::default();
    follow(dir, file, None, production, &mut found)?;
    Ok(found)
}

fn follow(dir: &Dir<'_>, file: &str, asked: Option<Evidence>, production: bool, found: &mut RequirementFiles) -> Result<(), Diagnostic> {
    if found.files.iter().any(|known| known == file) {
        return Ok(());
    }
    let Some(text) = dir.read(file)? else {
        return Err(Diagnostic::error("requirements", format!("`{file}` is included and isn't there"))
            .at_all(asked)
            .help("commit the file, or take the line out: pip stops at it"));
    };
    found.files.push(file.to_owned());
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    for (number, line) in text.lines() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        let at = || Evidence::line(text.path().clone(), number, line.trim_end_matches('\\').trim());
        if line.contains("://") && !line.starts_with('#') {
            let names = line.split("${").skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).filter(|name| is_variable(name));
            found.secrets.extend(names.map(str::to_owned));
        }
        let option = |names: [&str; 2]| {
            names.iter().find_map(|name| line.strip_prefix(name)).filter(|rest| rest.starts_with([' ', '='])).map(|rest| rest.trim_start_matches([' ', '=']))
        };
        if let Some(other) = option(["-r", "--requirement"]) {
            follow(dir, &beside(folder, other), Some(at()), production, found)?;
        } else if let Some(other) = option(["-c", "--constraint"]) {
            let constraint = beside(folder, other);
            if !dir.has(&constraint) && !constraint.contains("://") {
                return Err(Diagnostic::error("requirements", format!("`{constraint}` is named as constraints and isn't there"))
                    .at(at())
                    .help("commit the file, or take the line out: pip stops at it"));
            }
            if dir.has(&constraint) && !found.files.contains(&constraint) {
                found.files.push(constraint);
            }
        } else if let Some(target) =
            option(["-e", "--editable"]).or((line == "." || ["./", "../", ".["].iter().any(|start| line.starts_with(start))).then_some(line))
        {
            if target.contains("://") {
                found.remote.get_or_insert_with(at);
            } else if own(target) {
                found.own.get_or_insert_with(at);
            } else {
                found.local.push((target.to_owned(), at()));
            }
        } else if !line.is_empty() && !line.starts_with(['#', '-']) {
            if line.contains("git+") {
                found.remote.get_or_insert_with(at);
            }
            let line = line.split(" --hash").next().unwrap_or_default().trim_end_matches('\\').trim();
            // A wheel by its address: the name of the file begins with the package's.
            let wheel = line.rsplit('/').next().filter(|file| line.contains("://") && file.contains(".whl")).and_then(|file| file.split('-').next());
            found.requirements.extend(parse(line, at(), production).or_else(|| parse(wheel?, at(), production)));
        }
    }
    Ok(())
}

/// Whether a path is the project's own folder, with or without extras.
fn own(path: &str) -> bool {
    matches!(path.split('[').next().unwrap_or_default().trim(), "." | "./" | "")
}

/// Whether this is the name of a variable, which becomes a word of a file.
pub fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// A path that stands in a file of `folder`.
fn beside(folder: &str, path: &str) -> String {
    let joined = if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
    crate::model::RelPath::new(&joined).map_or(joined, |path| path.as_str().to_owned())
}

/// A list of PEP 508 strings in a document.
pub fn list(doc: &Document, keys: &[&str], production: bool, into: &mut Vec<Requirement>) {
    let Some(node) = doc.get(keys) else { return };
    for item in node.items() {
        if let Some(text) = item.str() {
            into.extend(parse(text, doc.evidence(keys, item), production));
        }
    }
}

/// A table of names to versions, as Poetry and Pipenv write it.
pub fn table(doc: &Document, keys: &[&str], production: bool, into: &mut Vec<Requirement>) {
    let Some(node) = doc.get(keys) else { return };
    for (name, value) in node.entries() {
        if name == "python" {
            continue;
        }
        let path: Vec<&str> = keys.iter().copied().chain([name]).collect();
        let at = doc.evidence(&path, value);
        let extras = value.get(&["extras"]).into_iter().flat_map(Node::items).filter_map(Node::str).map(normalise).collect();
        let versions = value.str().or_else(|| value.get(&["version"])?.str()).filter(|text| *text != "*").unwrap_or_default();
        let optional = value.get(&["optional"]).and_then(Node::bool) == Some(true);
        into.push(Requirement { name: normalise(name), extras, versions: versions.to_owned(), at, production: production && !optional });
    }
}

#[cfg(test)]
mod tests {
    use super::{normalise, parse, read_files};
    use crate::fs::Tree;
    use crate::model::{Evidence, RelPath};

    #[test]
    fn names_extras_and_versions() {
        let at = || Evidence::file(RelPath::root());
        let got = parse("Celery[Redis, msgpack] >=5.6,<6 ; python_version > '3.9'", at(), true).expect("a requirement");
        assert_eq!((got.name.as_str(), got.extras.join(" "), got.versions.as_str()), ("celery", "redis msgpack".to_owned(), ">=5.6,<6"));
        assert_eq!(parse("fastapi (>=0.165,<1)", at(), true).expect("one").versions, ">=0.165,<1");
        assert_eq!(parse("x @ https://example.org/x.whl", at(), true).expect("one").versions, "");
        assert_eq!(parse("--index-url x", at(), true), None);
        assert_eq!(normalise("Typing_Extensions.x"), "typing-extensions-x");
    }

    #[test]
    fn requirement_files_include_others() {
        let tree = Tree::memory([
            ("requirements/base.txt", "Django==5.2 \\\n    --hash=sha256:00\n# psycopg2\n"),
            ("requirements/prod.txt", "-r base.txt\n-c limits.txt\ngunicorn\n-e .\ngit+https://example.org/x.git\n"),
            ("requirements/limits.txt", "django<6\n"),
        ]);
        let found = read_files(&tree.root(), "requirements/prod.txt", true).expect("fine");
        assert_eq!(found.files, ["requirements/prod.txt", "requirements/base.txt", "requirements/limits.txt"]);
        let names: Vec<&str> = found.requirements.iter().map(|requirement| requirement.name.as_str()).collect();
        assert_eq!(names, ["django", "gunicorn"]);
        assert!(found.own.is_some() && found.remote.is_some());
        let private = Tree::memory([("requirements.txt", "--extra-index-url https://${PIP_USER}:${PIP_TOKEN}@pypi.example.org/simple\nx\n")]);
        assert_eq!(read_files(&private.root(), "requirements.txt", true).expect("fine").secrets, ["PIP_USER", "PIP_TOKEN"]);
    }
}
