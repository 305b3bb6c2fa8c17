//! Version files that several ecosystems share: `.tool-versions` (asdf), `mise.toml`, and files that hold one version.

use super::Document;
use crate::fs::Dir;
use crate::model::{Diagnostic, Evidence};

/// What a folder's `.tool-versions` and `mise.toml` say of a tool, by any of its names, in this order.
pub fn read(dir: &Dir<'_>, names: &[&str]) -> Result<Vec<(String, Evidence)>, Diagnostic> {
    let mut found = Vec::new();
    if let Some(text) = dir.read(".tool-versions")? {
        for (number, line) in text.lines() {
            let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
            if let (Some(tool), Some(version)) = (words.next(), words.next())
                && names.contains(&tool)
            {
                found.push((version.to_owned(), Evidence::line(text.path().clone(), number, version).with_key(tool)));
            }
        }
    }
    for file in ["mise.toml", ".mise.toml", ".config/mise.toml"] {
        let Some(doc) = Document::read(dir, file)? else { continue };
        for name in names {
            let Some(node) = doc.get(&["tools", name]) else { continue };
            let value = node.items().next().unwrap_or(node);
            let value = value.get(&["version"]).unwrap_or(value);
            if let Some(version) = value.scalar() {
                found.push((version, doc.evidence(&["tools", name], value)));
            }
        }
    }
    Ok(found)
}

/// The first line with content of a file that holds one version (`.nvmrc`, `.python-version`, `.go-version`).
pub fn single(dir: &Dir<'_>, file: &str) -> Result<Option<(String, Evidence)>, Diagnostic> {
    let Some(text) = dir.read(file)? else { return Ok(None) };
    Ok(text
        .lines()
        .map(|(number, line)| (number, line.split('#').next().unwrap_or_default().trim()))
        .find(|(_, line)| !line.is_empty())
        .map(|(number, line)| (line.to_owned(), Evidence::line(text.path().clone(), number, line))))
}

#[cfg(test)]
mod tests {
    use crate::fs::Tree;

    #[test]
    fn reads_asdf_and_mise() {
        let tree = Tree::memory([(".tool-versions", "nodejs 22.1.0 # x\npython 3.13\n"), ("mise.toml", "[tools]\nnode = '24'\n")]);
        let found = super::read(&tree.root(), &["nodejs", "node"]).expect("fine");
        assert_eq!(found.iter().map(|(v, _)| v.as_str()).collect::<Vec<_>>(), ["22.1.0", "24"]);
    }

    #[test]
    fn reads_files_of_one_version() {
        let tree = Tree::memory([(".nvmrc", "\n# the team's\nv22\n")]);
        let (version, at) = super::single(&tree.root(), ".nvmrc").expect("fine").expect("there");
        assert_eq!((version.as_str(), at.line.map(std::num::NonZeroU32::get)), ("v22", Some(3)));
    }
}
