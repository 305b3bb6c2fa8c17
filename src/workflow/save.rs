//! From rendered files to the disk: what would change, what must not, and the writing.

use std::path::Path;

use super::init::{Options, Prepared, fail};
use super::{Outcome, Talk};
use crate::fs::Tree;
use crate::model::{Diagnostic, Evidence};
use crate::write::{self, Action, Change, ChangeSet, Conflict, Lock};
use crate::{render, report};

/// Compares with the disk and writes, or says why not.
pub(super) fn finish(root: &Path, tree: &Tree, prepared: &Prepared, options: Options, talk: &mut Talk) -> anyhow::Result<Outcome> {
    let (set, lock) = match compare(tree, prepared, options.force) {
        Ok(compared) => compared,
        Err(problem) => return Ok(fail(talk, &[problem])),
    };
    talk.tell(&report::human::detection(&prepared.found));
    talk.tell(&report::human::diagnostics(&prepared.diagnostics));
    if options.dry_run {
        talk.put(&report::human::changes(&set, false))?;
        return Ok(if set.refused().next().is_some() { refuse(&set, talk) } else { Outcome::Done });
    }
    if set.refused().next().is_some() {
        return Ok(refuse(&set, talk));
    }
    write_out(root, prepared, &set, &lock, talk)
}

/// What the rendered files would change on the disk, and what dockgen knows to have written before.
pub(super) fn compare(tree: &Tree, prepared: &Prepared, force: bool) -> Result<(ChangeSet, Lock), Diagnostic> {
    let lock = Lock::read(&tree.root())?;
    let mut set = write::compare(prepared.files.clone(), &tree.root(), &lock, force)?;
    for change in set.changes.iter_mut().filter(|change| change.action == Action::Merge) {
        // Lines that go together as text need not make sense together: a merge that no longer parses is for people.
        if render::lint::parses(&change.file.path, &change.text).is_err() {
            change.action = Action::Conflict(Conflict { places: 1, new: change.file.text.clone() });
            change.remember = false;
        }
    }
    Ok((set, lock))
}

/// Writes what nobody refused, and says what to do next.
pub(super) fn write_out(root: &Path, prepared: &Prepared, set: &ChangeSet, lock: &Lock, talk: &mut Talk) -> anyhow::Result<Outcome> {
    let after = set.lock(lock);
    let job = write::Job { files: set.files(), before: lock, after: &after };
    if let Err(problem) = write::apply(&job, root, &mut |_| {}) {
        return Ok(fail(talk, &[problem]));
    }
    for change in set.changes.iter().filter(|change| change.action == Action::Merge) {
        talk.tell(&change.diff());
    }
    talk.put(&report::human::changes(set, true))?;
    if !set.is_unchanged() {
        talk.tell(&report::human::next_steps(&prepared.plan));
    }
    Ok(Outcome::Done)
}

/// Says which files stand in the way, each with the difference; nothing is written.
pub(super) fn refuse(set: &ChangeSet, talk: &mut Talk) -> Outcome {
    for change in set.refused() {
        talk.say(&change.diff());
    }
    let problems: Vec<Diagnostic> = set.refused().map(refusal).collect();
    talk.say(&report::human::diagnostics(&problems));
    Outcome::No
}

/// Why a file is refused, and what can be done.
pub(super) fn refusal(change: &Change) -> Diagnostic {
    let path = &change.file.path;
    let problem = match &change.action {
        Action::Conflict(conflict) => {
            let places = if conflict.places == 1 { "the place".to_owned() } else { format!("{} places", conflict.places) };
            Diagnostic::error("conflict", format!("`{path}` was edited in {places} that dockgen would change"))
                .help("nothing was written; make the edit there again, decide it at a terminal, or pass --force to take dockgen's text")
        }
        _ => Diagnostic::error("not-ours", format!("`{path}` is there, and dockgen did not write it"))
            .help("nothing was written; --force replaces it, --stdout prints dockgen's text"),
    };
    problem.at(Evidence::file(path.clone()))
}
