//! What writing would change, what is merged, and what must not be overwritten.

use super::lock::Lock;
use super::merge::{Conflict, Merged, merge};
use crate::fs::Dir;
use crate::model::plan::Rendered;
use crate::model::{Diagnostic, Evidence, RelPath};

/// What happens to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// There is none yet.
    Create,
    /// dockgen wrote it and nobody touched it, or overwriting was allowed.
    Update,
    /// It was edited, and the edits and dockgen's changes go together.
    Merge,
    /// It was edited, and dockgen has nothing new to say.
    Keep,
    /// It stands there as it would be written.
    Unchanged,
    /// It was edited in the places that dockgen would change.
    Conflict(Conflict),
    /// dockgen never wrote it.
    Foreign,
}

impl Action {
    /// The word in reports: what would happen, or what has happened.
    pub fn word(&self, done: bool) -> &'static str {
        match (self, done) {
            (Self::Create, false) => "create",
            (Self::Create, true) => "created",
            (Self::Update, false) => "update",
            (Self::Update, true) => "updated",
            (Self::Merge, false) => "merge",
            (Self::Merge, true) => "merged",
            (Self::Keep, _) => "edited",
            (Self::Unchanged, _) => "unchanged",
            (Self::Conflict(_), _) => "conflict",
            (Self::Foreign, _) => "not ours",
        }
    }
}

/// One file's change.
#[derive(Clone, Debug)]
pub struct Change {
    /// What dockgen would write where nobody edits.
    pub file: Rendered,
    /// What happens.
    pub action: Action,
    /// What stands there now.
    pub now: Option<String>,
    /// What will stand there.
    pub text: String,
    /// Whether dockgen's text counts as known from now on, so that the next merge starts from it.
    pub remember: bool,
}

impl Change {
    /// Whether the disk changes.
    pub fn writes(&self) -> bool {
        matches!(self.action, Action::Create | Action::Update | Action::Merge)
    }

    /// Whether somebody must decide first.
    pub fn is_refused(&self) -> bool {
        matches!(self.action, Action::Conflict(_) | Action::Foreign)
    }

    /// The difference between what stands there and what dockgen would make of it, every edit that does not stand in its way kept.
    pub fn diff(&self) -> String {
        let new = match &self.action {
            Action::Conflict(conflict) => &conflict.new,
            Action::Foreign => &self.file.text,
            _ => &self.text,
        };
        super::diff::unified(self.file.path.as_str(), self.now.as_deref().unwrap_or_default(), new)
    }

    /// Decides a refused file: it stays as it is.
    pub fn keep(&mut self) {
        // An edited file was decided against dockgen's text of today; somebody's own file stays his own.
        self.remember = matches!(self.action, Action::Conflict(_));
        self.text = self.now.clone().unwrap_or_default();
        self.action = Action::Keep;
    }

    /// Decides a refused file: dockgen's lines where both changed, or the whole file where it never was dockgen's.
    pub fn take(&mut self) {
        self.text = match &self.action {
            Action::Conflict(conflict) => conflict.new.clone(),
            _ => self.file.text.clone(),
        };
        self.remember = true;
        self.action = Action::Update;
    }

    /// Decides a refused file: it stays, and dockgen's text goes beside it.
    pub fn beside(&mut self) -> Rendered {
        let path = RelPath::new(&format!("{}.dockgen-new", self.file.path)).unwrap_or_default();
        let file = Rendered { path, text: self.file.text.clone() };
        self.keep();
        self.remember = false;
        file
    }
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
        !self.changes.iter().any(Change::writes)
    }

    /// The files that stand in the way.
    pub fn refused(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.is_refused())
    }

    /// What is to be written.
    pub fn files(&self) -> Vec<Rendered> {
        self.changes.iter().filter(|change| change.writes()).map(|change| Rendered { path: change.file.path.clone(), text: change.text.clone() }).collect()
    }

    /// What dockgen knows to have written once this is done.
    pub fn lock(&self, before: &Lock) -> Lock {
        let mut after = before.clone();
        for change in self.changes.iter().filter(|change| change.remember) {
            after.remember(&change.file);
        }
        after
    }
}

/// Compares what was rendered with what is there and with what was written last.
pub fn compare(files: Vec<Rendered>, root: &Dir<'_>, lock: &Lock, force: bool) -> Result<ChangeSet, Diagnostic> {
    let changes = files.into_iter().map(|file| change(file, root, lock, force)).collect::<Result<_, _>>()?;
    Ok(ChangeSet { changes })
}

fn change(file: Rendered, root: &Dir<'_>, lock: &Lock, force: bool) -> Result<Change, Diagnostic> {
    // A link out of the repository, a folder or a file that is no text stands in the way like any other.
    let now = root.tree().on_disk(&file.path).map_err(|problem| blocked(&file.path, &problem))?.map(|text| text.as_str().to_owned());
    let mut text = file.text.clone();
    let mut remember = true;
    let action = match (&now, lock.text(&file.path)) {
        (None, _) => Action::Create,
        (Some(now), _) if *now == file.text => Action::Unchanged,
        (Some(now), Some(base)) if base == now => Action::Update,
        (Some(_), _) if force => Action::Update,
        (Some(now), Some(base)) if base == file.text => {
            text.clone_from(now);
            Action::Keep
        }
        (Some(now), Some(base)) => match merge(base, now, &file.text) {
            Merged::Clean(merged) if merged == *now => {
                text.clone_from(now);
                Action::Keep
            }
            Merged::Clean(merged) => {
                text = merged;
                Action::Merge
            }
            Merged::Conflict(conflict) => {
                remember = false;
                Action::Conflict(conflict)
            }
        },
        (Some(_), None) => {
            remember = false;
            Action::Foreign
        }
    };
    Ok(Change { file, action, now, text, remember })
}

fn blocked(path: &RelPath, problem: &Diagnostic) -> Diagnostic {
    Diagnostic::error("blocked", format!("`{path}` is there and is not a text file that dockgen could replace: {}", problem.message))
        .at(Evidence::file(path.clone()))
        .help("move it away")
}

#[cfg(test)]
mod tests {
    use super::{Action, Change, compare};
    use crate::fs::Tree;
    use crate::model::RelPath;
    use crate::model::plan::Rendered;
    use crate::write::Lock;

    const OLD: &str = "FROM a:1\n\nWORKDIR /app\n\nCMD [\"x\"]\n";
    const NEW: &str = "FROM a:2\n\nWORKDIR /app\n\nCMD [\"x\"]\n";

    fn change(now: Option<&str>, last: Option<&str>, force: bool) -> Change {
        let tree = Tree::memory(now.map(|text| ("Dockerfile", text)));
        let path = RelPath::known("Dockerfile");
        let mut lock = Lock::default();
        if let Some(text) = last {
            lock.remember(&Rendered { path: path.clone(), text: text.to_owned() });
        }
        let mut set = compare(vec![Rendered { path, text: NEW.to_owned() }], &tree.root(), &lock, force).expect("a text file");
        set.changes.remove(0)
    }

    #[test]
    fn only_what_dockgen_wrote_is_replaced() {
        assert_eq!(change(None, None, false).action, Action::Create);
        assert_eq!(change(Some(NEW), None, false).action, Action::Unchanged);
        assert_eq!(change(Some(OLD), Some(OLD), false).action, Action::Update);
        assert_eq!(change(Some("mine\n"), None, false).action, Action::Foreign);
        assert_eq!(change(Some("mine\n"), None, true).action, Action::Update);
    }

    #[test]
    fn edits_are_kept_or_merged_or_refused() {
        let edited = OLD.replace("\"x\"", "\"y\"");
        assert_eq!(change(Some(&edited), Some(NEW), false).action, Action::Keep);
        let merged = change(Some(&edited), Some(OLD), false);
        assert_eq!((merged.action.clone(), merged.text.as_str()), (Action::Merge, NEW.replace("\"x\"", "\"y\"").as_str()));
        let kept = NEW.replace("\"x\"", "\"y\"");
        assert_eq!(change(Some(&kept), Some(NEW), false).action, Action::Keep);
        assert!(change(Some(&OLD.replace("a:1", "b:1")), Some(OLD), false).is_refused());
    }

    #[test]
    fn a_refused_file_is_decided_in_three_ways() {
        let refused = || change(Some(&OLD.replace("a:1", "b:1").replace("\"x\"", "\"y\"")), Some(OLD), false);
        let mut kept = refused();
        kept.keep();
        assert!(!kept.writes() && kept.remember);
        let mut taken = refused();
        taken.take();
        assert_eq!(taken.text, NEW.replace("\"x\"", "\"y\""));
        let mut beside = refused();
        let file = beside.beside();
        assert_eq!((file.path.as_str(), file.text.as_str()), ("Dockerfile.dockgen-new", NEW));
        assert!(!beside.writes() && !beside.remember);
    }
}
