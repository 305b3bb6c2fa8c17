//! `[customize]`: what a company or a project adds to every image without a template of its own.

use super::unknown;
use crate::manifest::{Document, Node};
use crate::model::Diagnostic;
use crate::model::plan::{Custom, Insert, Point};

/// Its keys.
pub const KEYS: &[&str] = &["packages", "build-packages", "env", "labels", "build-args", "ignore", "instructions", "registry", "ca-certificate", "user"];

/// Reads the table at `keys`.
pub(super) fn read(doc: &Document, keys: &[&str], table: &Node) -> Result<Custom, Diagnostic> {
    let mut custom = Custom::default();
    for (key, node) in table.entries() {
        let keys: Vec<&str> = keys.iter().copied().chain([key]).collect();
        match key {
            "packages" => custom.packages = words(doc, &keys, node, is_package)?,
            "build-packages" => custom.build_packages = words(doc, &keys, node, is_package)?,
            "ignore" => custom.ignore = words(doc, &keys, node, |entry| !entry.is_empty() && !entry.contains(char::is_control))?,
            "env" => custom.env = pairs(doc, &keys, node, is_variable)?,
            "labels" => custom.labels = pairs(doc, &keys, node, is_label)?,
            "build-args" => custom.build_args = pairs(doc, &keys, node, is_variable)?,
            "instructions" => custom.inserts = node.items().map(|item| insert(doc, &keys, item)).collect::<Result<_, _>>()?,
            "registry" => custom.registry = Some(word(doc, &keys, node, is_registry)?),
            "ca-certificate" => custom.certificate = Some(word(doc, &keys, node, is_path)?),
            "user" => custom.user = Some(user(doc, &keys, node)?),
            _ => return Err(unknown(doc, &keys, node, KEYS)),
        }
    }
    Ok(custom)
}

fn refused(doc: &Document, keys: &[&str], node: &Node, what: &str) -> Diagnostic {
    Diagnostic::error("config-value", format!("`{}` {what}", keys.join("."))).at(doc.evidence(keys, node))
}

fn word(doc: &Document, keys: &[&str], node: &Node, fits: fn(&str) -> bool) -> Result<String, Diagnostic> {
    let value = node.scalar().filter(|value| fits(value)).ok_or_else(|| refused(doc, keys, node, "has a value that can't stand in a Dockerfile"))?;
    Ok(value)
}

fn words(doc: &Document, keys: &[&str], node: &Node, fits: fn(&str) -> bool) -> Result<Vec<String>, Diagnostic> {
    let words: Vec<String> = node.items().map(|item| word(doc, keys, item, fits)).collect::<Result<_, _>>()?;
    if words.is_empty() { Err(refused(doc, keys, node, "needs a list of names")) } else { Ok(words) }
}

fn pairs(doc: &Document, keys: &[&str], node: &Node, fits: fn(&str) -> bool) -> Result<Vec<(String, String)>, Diagnostic> {
    node.entries()
        .map(|(name, node)| {
            let keys: Vec<&str> = keys.iter().copied().chain([name]).collect();
            if !fits(name) {
                return Err(refused(doc, &keys, node, "is not a name that Docker knows"));
            }
            Ok((name.to_owned(), word(doc, &keys, node, |value| !value.contains(char::is_control))?))
        })
        .collect()
}

fn user(doc: &Document, keys: &[&str], node: &Node) -> Result<(u32, u32), Diagnostic> {
    let text = node.scalar().unwrap_or_default();
    let (uid, gid) = text.split_once(':').unwrap_or((&text, &text));
    let parsed = uid.parse().ok().zip(gid.parse().ok()).filter(|(uid, _)| *uid != 0);
    parsed.ok_or_else(|| refused(doc, keys, node, "is a number other than 0, or `uid:gid`"))
}

fn insert(doc: &Document, keys: &[&str], item: &Node) -> Result<Insert, Diagnostic> {
    let mut insert = Insert { stage: String::new(), at: Point::End, text: String::new() };
    for (key, node) in item.entries() {
        let keys: Vec<&str> = keys.iter().copied().chain([key]).collect();
        let text = node.str().unwrap_or_default();
        match key {
            "stage" => text.clone_into(&mut insert.stage),
            "at" => {
                insert.at = match text {
                    "start" => Point::Start,
                    "root" => Point::Root,
                    "end" => Point::End,
                    _ => return Err(refused(doc, &keys, node, "is `start` (after FROM), `root` (before USER) or `end` (before the command)")),
                }
            }
            "text" => text.trim().clone_into(&mut insert.text),
            _ => return Err(unknown(doc, &keys, node, &["stage", "at", "text"])),
        }
    }
    let alone = format!("FROM scratch\n{}\n", insert.text);
    let stages = parse_dockerfile::parse(&alone).map(|parsed| parsed.stages().len());
    if insert.stage.is_empty() || insert.text.is_empty() || stages.as_ref().ok() != Some(&1) {
        let what = match stages {
            Err(error) => format!("needs `text` that is Dockerfile instructions: {error}"),
            Ok(_) => "needs a `stage` and `text` without a FROM".to_owned(),
        };
        return Err(refused(doc, keys, item, &what));
    }
    Ok(insert)
}

fn is_package(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "+-.:=*~_".contains(c))
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn is_label(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._/".contains(c))
}

fn is_registry(name: &str) -> bool {
    !name.ends_with('/') && name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._/:".contains(c))
}

fn is_path(path: &str) -> bool {
    crate::model::RelPath::new(path).is_some_and(|clean| !clean.is_root()) && path.chars().all(|c| c.is_ascii_alphanumeric() || "-._/".contains(c))
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use crate::fs::Tree;
    use crate::model::Answers;
    use crate::model::plan::Point;

    #[test]
    fn every_key_is_read() {
        let text = "[customize]\npackages = ['libmagic1']\nregistry = 'hub.example.com/mirror'\nuser = 2000\n[customize.env]\nTZ = 'Europe/Berlin'\n[[customize.instructions]]\nstage = 'prod'\nat = 'root'\ntext = 'RUN true'\n[app.api.customize]\nuser = '3:4'\n";
        let tree = Tree::memory([("dockgen.toml", text)]);
        let config = read(&tree.root(), &mut Answers::default()).expect("fine");
        assert_eq!(config.customize.packages, ["libmagic1"]);
        assert_eq!(config.customize.user, Some((2000, 2000)));
        assert_eq!(config.customize.inserts[0].at, Point::Root);
        assert_eq!(config.customize("api", "services/api").user, Some((3, 4)));
        assert_eq!(config.customize("api", "services/api").packages, ["libmagic1"]);
        assert_eq!(config.customize("web", "web").user, Some((2000, 2000)));
    }

    #[test]
    fn what_could_change_a_file_is_refused_with_its_line() {
        for (text, line) in [
            ("[customize]\npackages = ['a; rm -rf /']", 2),
            ("[customize]\nuser = 0", 2),
            ("[customize]\npakages = ['a']", 2),
            ("[customize.env]\n'A B' = 'x'", 2),
            ("[[customize.instructions]]\nstage = 'prod'\ntext = 'FROM x'", 1),
            ("[[customize.instructions]]\nstage = 'prod'\ntext = 'RUM x'", 1),
        ] {
            let tree = Tree::memory([("dockgen.toml", text)]);
            let error = read(&tree.root(), &mut Answers::default()).expect_err(text);
            assert_eq!(error.at[0].line.map(std::num::NonZeroU32::get), Some(line), "{text}: {error}");
        }
    }
}
