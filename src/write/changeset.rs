//! What writing would change, and what must not be overwritten.

use super::lock::Lock;
use crate::fs::Dir;
use crate::model::plan::Rendered;
use crate::model::{Diagnostic, Evidence, RelPath};

/// What happens to one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// There is none yet.
    Create,
    /// dockgen wrote it and nobody touched it, or overwriting was allowed.
    Update,
    /// It stands there as it would be written.
    Unchanged,
    /// It is somebody's own, or was edited.
    Refuse,
}

impl Action {
    /// The word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Unchanged => "unchanged",
            Self::Refuse => "conflict",
        }
    }
}

/// One file's change.
#[derive(Clone, Debug)]
pub struct Change {
    /// What would stand there.
    pub file: Rendered,
    /// What happens.
    pub action: Action,
    /// What stands there now.
    pub now: Option<String>,
}

/// All changes of one run.
#[derive(Clone, Debug, Default)]
pub struct ChangeSet {
    /// In the order of writing.
    pub changes: Vec<Change>,
}

impl ChangeSet {
    /// Whether nothing would be written.
    pub fn is_unchanged(&self) -> bool {
        self.changes.iter().all(|change| change.action == Action::Unchanged)
    }

    /// The files that stand in the way.
    pub fn refused(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.action == Action::Refuse)
    }
}

/// Compares what was rendered with what is there.
pub fn compare(files: Vec<Rendered>, root: &Dir<'_>, lock: &Lock, force: bool) -> Result<ChangeSet, Diagnostic> {
    let mut changes = Vec::new();
    for file in files {
        let there = root.tree().kind(&file.path).is_some();
        let now = match root.read(file.path.as_str()) {
            Ok(text) => text.map(|text| text.as_str().to_owned()),
            // A link, a folder or a file that is no text stands in the way like any other.
            Err(_) => None,
        };
        let action = match &now {
            Some(text) if *text == file.text => Action::Unchanged,
            Some(text) if lock.text(&file.path) == Some(text) => Action::Update,
            Some(_) if force => Action::Update,
            Some(_) => Action::Refuse,
            None if !there => Action::Create,
            None => return Err(blocked(&file.path)),
        };
        changes.push(Change { file, action, now });
    }
    Ok(ChangeSet { changes })
}

fn blocked(path: &RelPath) -> Diagnostic {
    Diagnostic::error("blocked", format!("`{path}` is there and is not a text file that dockgen could replace"))
        .at(Evidence::file(path.clone()))
        .help("move it away")
}

#[cfg(test)]
mod tests {
    use super::{Action, compare};
    use crate::fs::Tree;
    use crate::model::RelPath;
    use crate::model::plan::Rendered;
    use crate::write::Lock;

    fn action(now: Option<&str>, last: Option<&str>, force: bool) -> Action {
        let tree = Tree::memory(now.map(|text| ("Dockerfile", text)));
        let path = RelPath::known("Dockerfile");
        let mut lock = Lock::default();
        if let Some(text) = last {
            lock.remember(&Rendered { path: path.clone(), text: text.to_owned() });
        }
        let set = compare(vec![Rendered { path, text: "new\n".to_owned() }], &tree.root(), &lock, force).expect("a text file");
        set.changes[0].action
    }

    #[test]
    fn only_what_dockgen_wrote_is_replaced() {
        assert_eq!(action(None, None, false), Action::Create);
        assert_eq!(action(Some("new\n"), None, false), Action::Unchanged);
        assert_eq!(action(Some("old\n"), Some("old\n"), false), Action::Update);
        assert_eq!(action(Some("edited\n"), Some("old\n"), false), Action::Refuse);
        assert_eq!(action(Some("mine\n"), None, false), Action::Refuse);
        assert_eq!(action(Some("mine\n"), None, true), Action::Update);
    }
}
