//! Where files go: the names and folders that the repository already has, else the usual ones.

use crate::fs::Tree;
use crate::manifest::COMPOSE;
use crate::manifest::dockerfile::NAMES;
use crate::model::RelPath;

/// Where the files of one repository go.
pub struct Places<'t> {
    tree: &'t Tree,
    /// Whether the repository holds one service, so that its root is the build context.
    pub alone: bool,
}

impl<'t> Places<'t> {
    /// The places of a tree that holds so many services.
    pub fn new(tree: &'t Tree, services: usize) -> Self {
        Self { tree, alone: services == 1 }
    }

    /// The compose file at the root.
    pub fn compose(&self) -> RelPath {
        RelPath::known(self.tree.root().first_of(COMPOSE.iter().copied()).unwrap_or(COMPOSE[0]))
    }

    /// The Dockerfile of the service in this folder.
    pub fn dockerfile(&self, home: &RelPath) -> RelPath {
        let dir = self.tree.dir(home.clone());
        dir.at(dir.first_of(NAMES.iter().copied()).unwrap_or(NAMES[0]))
    }
}

#[cfg(test)]
mod tests {
    use super::Places;
    use crate::fs::Tree;
    use crate::model::RelPath;

    #[test]
    fn names_that_are_there_are_kept() {
        let tree = Tree::memory([("docker-compose.yml", ""), ("docker/Dockerfile", ""), ("api/Containerfile", "")]);
        let places = Places::new(&tree, 2);
        assert_eq!(places.compose().as_str(), "docker-compose.yml");
        assert_eq!(places.dockerfile(&RelPath::root()).as_str(), "docker/Dockerfile");
        assert_eq!(places.dockerfile(&RelPath::known("api")).as_str(), "api/Containerfile");
        assert_eq!(places.dockerfile(&RelPath::known("web")).as_str(), "web/Dockerfile");
    }
}
