//! `package.json`: names, dependencies and scripts, each with its place.

use super::{Document, Node};
use crate::fs::Dir;
use crate::model::{Dependency, Diagnostic, Evidence};

/// A folder's `package.json`.
#[derive(Clone, Debug)]
pub struct Package {
    /// The whole file.
    pub doc: Document,
}

impl Package {
    /// Reads a folder's `package.json`.
    pub fn read(dir: &Dir<'_>) -> Result<Option<Self>, Diagnostic> {
        Ok(Document::read(dir, "package.json")?.map(|doc| Self { doc }))
    }

    /// Its name.
    pub fn name(&self) -> Option<&str> {
        self.doc.str(&["name"]).filter(|name| !name.is_empty())
    }

    /// A script that does something.
    pub fn script(&self, name: &str) -> Option<(&str, Evidence)> {
        let (text, at) = self.doc.string(&["scripts", name])?;
        (!text.trim().is_empty()).then(|| (text.trim(), at))
    }

    /// The first of these scripts.
    pub fn first_script<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Option<(&'n str, &str, Evidence)> {
        names.into_iter().find_map(|name| self.script(name).map(|(text, at)| (name, text, at)))
    }

    /// The names of its scripts.
    pub fn scripts(&self) -> impl Iterator<Item = &str> {
        self.doc.get(&["scripts"]).into_iter().flat_map(Node::entries).map(|(name, _)| name)
    }

    /// The direct dependencies; those of production first.
    pub fn dependencies(&self) -> Vec<Dependency> {
        let tables = [("dependencies", true), ("optionalDependencies", true), ("devDependencies", false)];
        let mut found: Vec<Dependency> = Vec::new();
        for (table, production) in tables {
            for (name, node) in self.doc.get(&[table]).into_iter().flat_map(Node::entries) {
                if !found.iter().any(|known| known.name == name) {
                    found.push(Dependency { name: name.to_owned(), at: self.doc.evidence(&[table, name], node), production });
                }
            }
        }
        found
    }

    /// A direct dependency.
    pub fn dependency(&self, name: &str) -> Option<Dependency> {
        self.dependencies().into_iter().find(|dependency| dependency.name == name)
    }

    /// Whether anything is asked for in this table.
    pub fn has_any(&self, table: &str) -> bool {
        self.doc.get(&[table]).is_some_and(|table| table.entries().next().is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::Package;
    use crate::fs::Tree;

    #[test]
    fn dependencies_know_their_table_and_line() {
        let text = "{\n \"dependencies\": {\n  \"express\": \"5\"\n },\n \"devDependencies\": {\"tsx\": \"4\", \"express\": \"5\"},\n \"scripts\": {\"start\": \" \"}\n}";
        let tree = Tree::memory([("package.json", text)]);
        let package = Package::read(&tree.root()).expect("parses").expect("there");
        let found = package.dependencies();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].at.to_string(), "package.json:3 dependencies.express = `5`");
        assert!(found[0].production && !found[1].production);
        assert_eq!(package.script("start"), None);
    }
}
