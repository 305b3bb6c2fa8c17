//! XML as the same tree that JSON, TOML and YAML make. An element with nothing but text is a string; in any other, attributes
//! are entries that begin with `@`, and the text beside them is `#text`. Elements of the same name are entries of the same name.

use std::num::NonZeroU32;

use super::doc::{Document, Node, Value};
use crate::fs::{Dir, Text};
use crate::model::evidence::tame;
use crate::model::{Diagnostic, Evidence};

/// Deeper than any manifest, and shallow enough for the stack.
const DEEPEST: u32 = 64;

/// Reads and parses a file of a folder. `None`: there is none.
pub fn read(dir: &Dir<'_>, name: &str) -> Result<Option<Document>, Diagnostic> {
    dir.read(name)?.map(|text| parse(&text)).transpose()
}

/// Parses XML; a document type with entities of its own is refused.
pub fn parse(text: &Text) -> Result<Document, Diagnostic> {
    let broken = |line: u32, message: &str| {
        let mut at = Evidence::file(text.path().clone());
        at.line = NonZeroU32::new(line);
        Diagnostic::error("broken-manifest", format!("`{}` does not parse: {}", text.path(), tame(message)))
            .at(at)
            .help("mend the file, then run dockgen again")
    };
    let parsed = roxmltree::Document::parse(text.as_str()).map_err(|error| broken(error.pos().row, &error.to_string()))?;
    let root = parsed.root_element();
    let node = element(&parsed, root, 0).map_err(|line| broken(line, "it nests too deep"))?;
    let line = node.line();
    Ok(Document::new(text.path().clone(), Node::new(Value::Table(vec![(root.tag_name().name().to_owned(), node)]), line)))
}

fn element(document: &roxmltree::Document<'_>, of: roxmltree::Node<'_, '_>, depth: u32) -> Result<Node, u32> {
    let line = document.text_pos_at(of.range().start).row;
    if depth > DEEPEST {
        return Err(line);
    }
    let mut entries: Vec<(String, Node)> =
        of.attributes().map(|attribute| (format!("@{}", attribute.name()), Node::new(Value::String(attribute.value().to_owned()), line))).collect();
    for child in of.children().filter(roxmltree::Node::is_element) {
        entries.push((child.tag_name().name().to_owned(), element(document, child, depth + 1)?));
    }
    let text: String = of.children().filter_map(|child| child.text().filter(|_| child.is_text())).collect();
    let text = text.trim().to_owned();
    if entries.is_empty() {
        return Ok(Node::new(Value::String(text), line));
    }
    if !text.is_empty() {
        entries.push(("#text".to_owned(), Node::new(Value::String(text), line)));
    }
    Ok(Node::new(Value::Table(entries), line))
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::fs::Text;
    use crate::model::RelPath;

    fn text(text: &str) -> Text {
        Text::new(RelPath::known("pom.xml"), text)
    }

    #[test]
    fn elements_and_attributes_know_their_lines() {
        let doc =
            parse(&text("<?xml version=\"1.0\"?>\n<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n  <a k=\"v\">x</a>\n  <b>\n 1 </b>\n</project>"))
                .expect("xml");
        assert_eq!(doc.str(&["project", "a", "@k"]), Some("v"));
        assert_eq!(doc.str(&["project", "a", "#text"]), Some("x"));
        let (value, at) = doc.string(&["project", "b"]).expect("there");
        assert_eq!((value, at.place().as_str()), ("1", "pom.xml:4"));
    }

    #[test]
    fn broken_and_hostile_files_name_the_line() {
        let error = parse(&text("<a>\n<b>\n</a>")).expect_err("broken");
        assert_eq!((error.id, error.at[0].place().as_str()), ("broken-manifest", "pom.xml:3"));
        let bomb = "<!DOCTYPE a [<!ENTITY b \"bb\"><!ENTITY c \"&b;&b;\">]>\n<a>&c;</a>";
        assert_eq!(parse(&text(bomb)).expect_err("no entities").id, "broken-manifest");
        let deep = "<a>".repeat(5000) + &"</a>".repeat(5000);
        assert_eq!(parse(&text(&deep)).expect_err("too deep").id, "broken-manifest");
    }
}
