//! JSON, TOML and YAML (and XML, see [`super::xml`]) as one kind of tree whose every value knows its line.

use std::num::NonZeroU32;
use std::ops::Range;
use std::rc::Rc;

use jsonc_parser::ast;

use crate::fs::{Dir, Text};
use crate::model::{Diagnostic, Evidence, RelPath};

/// A value with the line on which it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What stands there.
    pub value: Value,
    line: u32,
}

/// What can stand in a structured file.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`, or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number or date, as written.
    Number(String),
    /// A string.
    String(String),
    /// A list.
    List(Vec<Node>),
    /// A table, in the order of the file.
    Table(Vec<(String, Node)>),
}

impl Node {
    pub(super) fn new(value: Value, line: u32) -> Self {
        Self { value, line }
    }

    /// The value below this one, by keys.
    pub fn get(&self, keys: &[&str]) -> Option<&Self> {
        let mut node = self;
        for key in keys {
            node = node.entries().find(|(name, _)| name == key).map(|(_, node)| node)?;
        }
        Some(node)
    }

    /// The string that stands here.
    pub fn str(&self) -> Option<&str> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The string, number or boolean that stands here, as text.
    pub fn scalar(&self) -> Option<String> {
        match &self.value {
            Value::String(text) | Value::Number(text) => Some(text.clone()),
            Value::Bool(value) => Some(value.to_string()),
            _ => None,
        }
    }

    /// The boolean that stands here.
    pub fn bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> impl Iterator<Item = &Self> {
        match &self.value {
            Value::List(items) => items.iter(),
            _ => [].iter(),
        }
    }

    /// The entries of a table; none for anything else.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Self)> {
        let entries = match &self.value {
            Value::Table(entries) => entries.iter(),
            _ => [].iter(),
        };
        entries.map(|(key, node)| (key.as_str(), node))
    }

    /// The line on which the value starts.
    pub fn line(&self) -> u32 {
        self.line
    }
}

/// A parsed file.
#[derive(Clone, Debug)]
pub struct Document {
    path: RelPath,
    root: Node,
}

impl Document {
    pub(super) fn new(path: RelPath, root: Node) -> Self {
        Self { path, root }
    }

    /// Parses strict JSON, as npm and Composer read it.
    pub fn json(text: &Text) -> Result<Self, Diagnostic> {
        let strict = jsonc_parser::ParseOptions {
            allow_comments: false,
            allow_loose_object_property_names: false,
            allow_trailing_commas: false,
            allow_missing_commas: false,
            allow_single_quoted_strings: false,
            allow_hexadecimal_numbers: false,
            allow_unary_plus_numbers: false,
            allow_bare_decimal_point_numbers: false,
            allow_non_finite_numbers: false,
            allow_extended_string_escapes: false,
        };
        Self::json_with(text, &strict)
    }

    /// Parses JSON with comments and trailing commas, as TypeScript, Deno and Bun read it.
    pub fn jsonc(text: &Text) -> Result<Self, Diagnostic> {
        Self::json_with(text, &jsonc_parser::ParseOptions::default())
    }

    fn json_with(text: &Text, options: &jsonc_parser::ParseOptions) -> Result<Self, Diagnostic> {
        let parsed = jsonc_parser::parse_to_ast(text.as_str(), &jsonc_parser::CollectOptions::default(), options)
            .map_err(|error| broken(text, error.range().start..error.range().end, &error.kind().to_string()))?;
        let lines = Lines::new(text);
        let root = parsed.value.map_or(Node { value: Value::Null, line: 1 }, |value| from_json(&lines, value));
        Ok(Self { path: text.path().clone(), root })
    }

    /// Parses TOML.
    pub fn toml(text: &Text) -> Result<Self, Diagnostic> {
        let table = toml::de::DeTable::parse(text.as_str()).map_err(|error| broken(text, error.span().unwrap_or(0..0), error.message()))?;
        let lines = Lines::new(text);
        let line = lines.of(table.span().start);
        Ok(Self { path: text.path().clone(), root: Node { value: from_table(&lines, table.get_ref()), line } })
    }

    /// Parses YAML; of several documents the first.
    pub fn yaml(text: &Text) -> Result<Self, Diagnostic> {
        let parsed: serde_saphyr::Spanned<yaml::Tree> = serde_saphyr::from_str(text.as_str()).map_err(|error| {
            let line = error.location().map_or(1, |at| u32::try_from(at.line()).unwrap_or(1));
            let message = error.to_string();
            broken_line(text.path(), line, message.lines().next().unwrap_or_default())
        })?;
        Ok(Self { path: text.path().clone(), root: yaml::node(parsed) })
    }

    /// Reads and parses a file of a folder by its ending: `.json`, `.toml`, `.yaml`, `.yml`.
    pub fn read(dir: &Dir<'_>, name: &str) -> Result<Option<Self>, Diagnostic> {
        let Some(text) = dir.read(name)? else { return Ok(None) };
        let doc = Self::parse(&text)?;
        super::shape::check(&doc)?;
        Ok(Some(doc))
    }

    /// Parses a text by its path's ending.
    pub fn parse(text: &Rc<Text>) -> Result<Self, Diagnostic> {
        match text.path().name().rsplit('.').next() {
            Some("json" | "lock" | "jsonc") if text.path().name() != "package.json" && !text.as_str().trim_start().starts_with('[') => Self::jsonc(text),
            Some("json") => Self::json(text),
            Some("yaml" | "yml") => Self::yaml(text),
            _ => Self::toml(text),
        }
    }

    /// Where it lies.
    pub fn path(&self) -> &RelPath {
        &self.path
    }

    /// The whole content.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// A value by its keys.
    pub fn get(&self, keys: &[&str]) -> Option<&Node> {
        self.root.get(keys)
    }

    /// A string by its keys.
    pub fn str(&self, keys: &[&str]) -> Option<&str> {
        self.get(keys)?.str()
    }

    /// A string with the place where it stands.
    pub fn string(&self, keys: &[&str]) -> Option<(&str, Evidence)> {
        let node = self.get(keys)?;
        Some((node.str()?, self.evidence(keys, node)))
    }

    /// The place of a value.
    pub fn evidence(&self, keys: &[&str], node: &Node) -> Evidence {
        let raw = node.scalar().unwrap_or_default();
        Evidence { file: self.path.clone(), line: NonZeroU32::new(node.line), key: keys.join("."), raw }
    }

    /// The file as evidence.
    pub fn whole(&self) -> Evidence {
        Evidence::file(self.path.clone())
    }
}

/// The starts of a text's lines, so that many look-ups stay cheap.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &Text) -> Self {
        Self(text.as_str().bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect())
    }

    fn of(&self, offset: usize) -> u32 {
        u32::try_from(self.0.partition_point(|&end| end < offset)).unwrap_or(u32::MAX - 1) + 1
    }
}

fn broken(text: &Text, span: Range<usize>, message: &str) -> Diagnostic {
    broken_line(text.path(), text.line_of(span.start), message)
}

fn broken_line(path: &RelPath, line: u32, message: &str) -> Diagnostic {
    let message = message.lines().next().unwrap_or_default().trim_end_matches('.');
    Diagnostic::error("broken-manifest", format!("`{path}` does not parse: {}", crate::model::evidence::tame(message)))
        .at(Evidence::line(path.clone(), line, ""))
        .help("mend the file, then run dockgen again")
}

fn from_json(lines: &Lines, value: ast::Value<'_>) -> Node {
    use jsonc_parser::common::Ranged as _;
    let line = lines.of(value.range().start);
    let value = match value {
        ast::Value::StringLit(text) => Value::String(text.value.into_owned()),
        ast::Value::NumberLit(number) => Value::Number(number.value.to_owned()),
        ast::Value::BooleanLit(value) => Value::Bool(value.value),
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::Array(list) => Value::List(list.elements.into_iter().map(|item| from_json(lines, item)).collect()),
        ast::Value::Object(table) => {
            Value::Table(table.properties.into_iter().map(|entry| (entry.name.into_string(), from_json(lines, entry.value))).collect())
        }
    };
    Node { value, line }
}

fn from_table(lines: &Lines, table: &toml::de::DeTable<'_>) -> Value {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    Value::Table(entries.into_iter().map(|(key, value)| (key.get_ref().to_string(), from_toml(lines, value))).collect())
}

fn from_toml(lines: &Lines, value: &toml::Spanned<toml::de::DeValue<'_>>) -> Node {
    use toml::de::DeValue;
    let line = lines.of(value.span().start);
    let value = match value.get_ref() {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => Value::Number(number.to_string()),
        DeValue::Float(number) => Value::Number(number.to_string()),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(date) => Value::Number(date.to_string()),
        DeValue::Array(list) => Value::List(list.iter().map(|item| from_toml(lines, item)).collect()),
        DeValue::Table(table) => from_table(lines, table),
    };
    Node { value, line }
}

/// YAML through serde, each value with its place.
mod yaml {
    use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
    use serde_saphyr::Spanned;

    use super::{Node, Value};

    pub(super) enum Tree {
        Leaf(Value),
        List(Vec<Spanned<Tree>>),
        Table(Vec<(String, Spanned<Tree>)>),
    }

    pub(super) fn node(tree: Spanned<Tree>) -> Node {
        let line = u32::try_from(tree.referenced.line()).unwrap_or(1);
        let value = match tree.value {
            Tree::Leaf(value) => value,
            Tree::List(items) => Value::List(items.into_iter().map(node).collect()),
            Tree::Table(entries) => Value::Table(entries.into_iter().map(|(key, item)| (key, node(item))).collect()),
        };
        Node { value, line }
    }

    impl<'de> Deserialize<'de> for Tree {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(TreeVisitor)
        }
    }

    struct TreeVisitor;

    impl<'de> Visitor<'de> for TreeVisitor {
        type Value = Tree;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a YAML value")
        }

        fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
            Ok(Tree::Leaf(Value::Bool(value)))
        }

        fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
            Ok(Tree::Leaf(Value::Number(value.to_string())))
        }

        fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
            Ok(Tree::Leaf(Value::Number(value.to_string())))
        }

        fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
            Ok(Tree::Leaf(Value::Number(value.to_string())))
        }

        fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
            Ok(Tree::Leaf(Value::String(value.to_owned())))
        }

        fn visit_unit<E>(self) -> Result<Tree, E> {
            Ok(Tree::Leaf(Value::Null))
        }

        fn visit_none<E>(self) -> Result<Tree, E> {
            Ok(Tree::Leaf(Value::Null))
        }

        fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
            Tree::deserialize(deserializer)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = seq.next_element()? {
                items.push(item);
            }
            Ok(Tree::List(items))
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
            let mut entries = Vec::new();
            while let Some(entry) = map.next_entry()? {
                entries.push(entry);
            }
            Ok(Tree::Table(entries))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Document;
    use crate::fs::Text;
    use crate::model::RelPath;

    fn text(name: &str, text: &str) -> Text {
        Text::new(RelPath::known(name), text)
    }

    #[test]
    fn values_know_their_lines_in_every_format() {
        let json = Document::json(&text("package.json", "{\n \"engines\": {\n  \"node\": \">=20\"\n }\n}")).expect("json");
        let toml = Document::toml(&text("a.toml", "x = 1\n[engines]\nnode = \">=20\"\n")).expect("toml");
        let yaml = Document::yaml(&text("a.yaml", "x: 1\nengines:\n  node: '>=20'\n")).expect("yaml");
        for doc in [json, toml, yaml] {
            let (value, at) = doc.string(&["engines", "node"]).expect("there");
            assert_eq!(value, ">=20");
            assert_eq!(at.line.map(std::num::NonZeroU32::get), Some(3), "{}", doc.path());
        }
    }

    #[test]
    fn broken_files_name_the_line() {
        for (error, line) in [
            (Document::json(&text("package.json", "{\n \"a\": 1,\n}")), 2),
            (Document::toml(&text("a.toml", "a = 1\nb = \n")), 2),
            (Document::yaml(&text("a.yaml", "a: 1\nb: [1\n")), 2),
        ] {
            let error = error.expect_err("broken");
            assert_eq!(error.id, "broken-manifest");
            assert_eq!(error.at[0].line.map(std::num::NonZeroU32::get), Some(line), "{error}");
        }
    }

    #[test]
    fn comments_are_for_files_whose_tools_allow_them() {
        let commented = "{ // a link: https://example.org\n \"a\": \"x\", }";
        assert!(Document::json(&text("package.json", commented)).is_err());
        assert_eq!(Document::jsonc(&text("tsconfig.json", commented)).expect("jsonc").str(&["a"]), Some("x"));
    }
}
