//! What must stand at known places of known manifests: a name that is a number is a broken manifest, not a project without a name.

use super::doc::{Document, Node, Value};
use crate::model::Diagnostic;

/// What may stand at a place; an empty list counts as an empty table, as npm has it.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    List,
    Table,
    /// A table, and no list whatever it holds.
    Object,
    ListOrTable,
    TextOrTable,
    /// A table whose values are all texts.
    Texts,
}

use Shape::{List, ListOrTable, Object, Table, Text, TextOrTable, Texts};

/// The keys of a place, and what stands there.
type Place = (&'static [&'static str], Shape);

/// By a file's name: its places.
const KNOWN: &[(&str, &[Place])] = &[
    (
        "package.json",
        &[
            (&[], Object),
            (&["name"], Text),
            (&["main"], Text),
            (&["packageManager"], Text),
            (&["scripts"], Texts),
            (&["dependencies"], Texts),
            (&["devDependencies"], Texts),
            (&["optionalDependencies"], Texts),
            (&["workspaces"], ListOrTable),
        ],
    ),
    (
        "Cargo.toml",
        &[
            (&["package"], Table),
            (&["package", "name"], Text),
            (&["package", "default-run"], Text),
            (&["dependencies"], Table),
            (&["bin"], List),
            (&["workspace"], Table),
            (&["workspace", "members"], List),
        ],
    ),
    (
        "pyproject.toml",
        &[
            (&["project"], Table),
            (&["project", "name"], Text),
            (&["project", "requires-python"], Text),
            (&["project", "dependencies"], List),
            (&["project", "scripts"], Texts),
            (&["dependency-groups"], Table),
            (&["tool"], Table),
        ],
    ),
    ("composer.json", &[(&[], Object), (&["require"], Texts)]),
    ("deno.json", &[(&[], Object), (&["tasks"], Table), (&["imports"], Texts)]),
    ("pnpm-workspace.yaml", &[(&[], TextOrTable), (&["packages"], List)]),
];

impl Shape {
    /// Whether the value has this shape; `null` stands for nothing.
    fn fits(self, value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::String(_) => matches!(self, Text | TextOrTable),
            Value::Table(_) => !matches!(self, Text | List),
            Value::List(items) => matches!(self, List | ListOrTable) || items.is_empty() && matches!(self, Table | Texts),
            Value::Bool(_) | Value::Number(_) => false,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Text => "a string",
            List => "a list",
            Table | Object | Texts => "a table",
            ListOrTable => "a list or a table",
            TextOrTable => "a string or a table",
        }
    }
}

/// Whether a document is shaped as its file's name promises.
pub(super) fn check(doc: &Document) -> Result<(), Diagnostic> {
    let Some((_, rules)) = KNOWN.iter().find(|(name, _)| *name == doc.path().name()) else { return Ok(()) };
    for (keys, shape) in *rules {
        let Some(node) = doc.get(keys) else { continue };
        if !shape.fits(&node.value) {
            return Err(wrong(doc, keys, node, shape.words()));
        }
        if matches!(shape, Texts)
            && let Some((key, entry)) = node.entries().find(|(_, entry)| !Text.fits(&entry.value))
        {
            return Err(wrong(doc, &[keys, [key].as_slice()].concat(), entry, Text.words()));
        }
    }
    Ok(())
}

fn wrong(doc: &Document, keys: &[&str], node: &Node, words: &str) -> Diagnostic {
    let what = if keys.is_empty() { "its content".to_owned() } else { format!("`{}`", crate::model::evidence::tame(&keys.join("."))) };
    Diagnostic::error("broken-manifest", format!("`{}` is broken: {what} is not {words}", doc.path()))
        .at(doc.evidence(keys, node))
        .help("mend the file, then run dockgen again")
}

#[cfg(test)]
mod tests {
    use crate::fs::Tree;
    use crate::manifest::Document;

    fn read(name: &str, text: &str) -> Result<(), String> {
        let tree = Tree::memory([(name, text)]);
        Document::read(&tree.root(), name).map(|_| ()).map_err(|problem| format!("{} at {}", problem.message, problem.at[0].place()))
    }

    #[test]
    fn a_value_of_another_kind_is_named_with_its_line() {
        assert_eq!(read("Cargo.toml", "[package]\nname = 3\n").unwrap_err(), "`Cargo.toml` is broken: `package.name` is not a string at Cargo.toml:2");
        assert_eq!(read("package.json", "[]").unwrap_err(), "`package.json` is broken: its content is not a table at package.json:1");
        let scripts = "{\n \"scripts\": {\n  \"start\": 5\n }\n}";
        assert_eq!(read("package.json", scripts).unwrap_err(), "`package.json` is broken: `scripts.start` is not a string at package.json:3");
        assert!(read("pyproject.toml", "[project]\ndependencies = \"flask\"\n").unwrap_err().contains("`project.dependencies` is not a list"));
    }

    #[test]
    fn what_tools_take_is_taken() {
        assert_eq!(read("package.json", "{\"dependencies\": [], \"workspaces\": {\"packages\": []}, \"name\": null, \"bin\": \"x.js\"}"), Ok(()));
        assert_eq!(read("pnpm-workspace.yaml", ""), Ok(()));
        assert_eq!(read("other.json", "[]"), Ok(()));
    }
}
