//! From rendered files to the disk: what would change, what must not, and the writing.

use std::path::Path;

use super::init::{Options, Prepared, fail, prepare};
use super::{Outcome, Talk, adopt};
use crate::config::{self, edit::Entry};
use crate::fs::Tree;
use crate::model::plan::Rendered;
use crate::model::{Answers, Diagnostic, Evidence, RelPath, Source};
use crate::write::{self, Action, Change, ChangeSet, Conflict, Lock};
use crate::{render, report};

/// Ends a run that writes nothing.
pub(super) fn stop(options: Options, talk: &mut Talk, prepared: &Prepared, outcome: Outcome) -> anyhow::Result<Outcome> {
    if options.json {
        tell_json(talk, prepared, &ChangeSet::default(), false)?;
    } else {
        talk.say(&report::human::diagnostics(&prepared.diagnostics));
    }
    Ok(outcome)
}

fn tell_json(talk: &mut Talk, prepared: &Prepared, set: &ChangeSet, written: bool) -> anyhow::Result<()> {
    let value = report::json::init(&prepared.plan, set, &prepared.diagnostics, written);
    talk.put(&(serde_json::to_string_pretty(&value)? + "\n"))
}

/// Compares with the disk and writes, or says why not.
pub(super) fn finish(root: &Path, tree: &mut Tree, prepared: Prepared, answers: &Answers, options: Options, talk: &mut Talk) -> anyhow::Result<Outcome> {
    let mut prepared = prepared;
    let (mut set, lock) = match compare(tree, &prepared, options.force) {
        Ok(compared) => compared,
        Err(problem) => return Ok(fail(talk, &[problem])),
    };
    let mut entries: Vec<Entry> = Vec::new();
    if options.save {
        entries.extend(typed(answers));
    }
    if options.adopt {
        let adopted = adopt::read(tree, &prepared.found, &prepared.plan, &set);
        if !adopted.lost.is_empty() {
            prepared.diagnostics.extend(adopted.lost);
            return stop(options, talk, &prepared, Outcome::No);
        }
        talk.tell(&taken_over(&adopted.says));
        entries.extend(adopted.entries);
    } else if options.force {
        entries.extend(adopt::stated(&prepared.found, &set));
    }
    let mut kept = None;
    if !entries.is_empty() {
        (prepared, kept) = match keep(tree, answers, &entries) {
            Ok(kept) => kept,
            Err(problem) => return Ok(fail(talk, &[problem])),
        };
        if prepared.failed() {
            return stop(options, talk, &prepared, Outcome::Failed);
        }
        set = match compare(tree, &prepared, options.force) {
            Ok((set, _)) => set,
            Err(problem) => return Ok(fail(talk, &[problem])),
        };
    }
    if options.adopt {
        set.changes.iter_mut().filter(|change| change.action == Action::Foreign).for_each(Change::take);
    }
    let refused = set.refused().next().is_some();
    if options.json {
        prepared.diagnostics.extend(set.refused().map(refusal));
        if refused || options.dry_run {
            tell_json(talk, &prepared, &set, false)?;
            return Ok(if refused { Outcome::No } else { Outcome::Done });
        }
        return match commit(root, &set, &lock, kept.as_slice()) {
            Ok(()) => tell_json(talk, &prepared, &set, true).map(|()| Outcome::Done),
            Err(problem) => Ok(fail(talk, &[problem])),
        };
    }
    talk.tell(&report::human::detection(&prepared.found));
    if options.verbose {
        talk.tell(&report::human::outvoted(&prepared.found));
    }
    talk.tell(&report::human::diagnostics(&prepared.diagnostics));
    if options.dry_run {
        talk.put(&report::human::changes(&set, kept.as_slice(), false))?;
        differences(&set, options.verbose, talk);
        return Ok(if refused { refuse(&set, talk) } else { Outcome::Done });
    }
    if refused {
        return Ok(refuse(&set, talk));
    }
    write_out(root, &prepared, &set, &lock, kept.as_slice(), options, talk)
}

fn taken_over(says: &[String]) -> String {
    says.iter().map(|fact| format!("taken over: {fact}\n")).collect()
}

/// The answers that were typed, as entries of `dockgen.toml`.
fn typed(answers: &Answers) -> impl Iterator<Item = Entry> {
    let given = answers.given().filter(|(_, given)| matches!(given.source, Source::Flag(_) | Source::Env(_) | Source::Answer(_)));
    given.map(|(question, given)| Entry::Answer { app: None, question, value: given.value.clone() })
}

/// The run as it is once `dockgen.toml` holds these entries, and that file where it changes.
pub(super) fn keep(tree: &mut Tree, answers: &Answers, entries: &[Entry]) -> Result<(Prepared, Option<Rendered>), Diagnostic> {
    let path = RelPath::known(config::FILE);
    let now = tree.on_disk(&path)?.map(|text| text.as_str().to_owned()).unwrap_or_default();
    let text = config::edit::edit(&now, entries)?;
    tree.overlay(path.clone(), &text);
    Ok((prepare(tree, answers.clone()), (text != now).then_some(Rendered { path, text })))
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

/// Writes what nobody refused, with files that are not remembered (`dockgen.toml`, files beside others).
pub(super) fn commit(root: &Path, set: &ChangeSet, lock: &Lock, more: &[Rendered]) -> Result<(), Diagnostic> {
    let after = set.lock(lock);
    let files = more.iter().cloned().chain(set.files()).collect();
    write::apply(&write::Job { files, before: lock, after: &after }, root, &mut |_| {})
}

/// Writes, and says what was done and what to do next.
pub(super) fn write_out(
    root: &Path,
    prepared: &Prepared,
    set: &ChangeSet,
    lock: &Lock,
    more: &[Rendered],
    options: Options,
    talk: &mut Talk,
) -> anyhow::Result<Outcome> {
    if let Err(problem) = commit(root, set, lock, more) {
        return Ok(fail(talk, &[problem]));
    }
    differences(set, options.verbose, talk);
    talk.put(&report::human::changes(set, more, true))?;
    if !set.is_unchanged() {
        talk.tell(&report::human::next_steps(&prepared.plan));
    }
    Ok(Outcome::Done)
}

/// Merges are always shown: they change a file that somebody keeps by hand.
fn differences(set: &ChangeSet, verbose: bool, talk: &mut Talk) {
    for change in set.changes.iter().filter(|change| change.action == Action::Merge || verbose && change.action == Action::Update) {
        talk.tell(&change.diff());
    }
}

/// Says which files stand in the way, each with the difference; nothing is written.
fn refuse(set: &ChangeSet, talk: &mut Talk) -> Outcome {
    for change in set.refused() {
        talk.say(&change.diff());
    }
    let problems: Vec<Diagnostic> = set.refused().map(refusal).collect();
    talk.say(&report::human::diagnostics(&problems));
    Outcome::No
}

/// Why a file is refused, and what can be done.
fn refusal(change: &Change) -> Diagnostic {
    let path = &change.file.path;
    let problem = match &change.action {
        Action::Conflict(conflict) => {
            let places = if conflict.places == 1 { "the place".to_owned() } else { format!("{} places", conflict.places) };
            Diagnostic::error("conflict", format!("`{path}` was edited in {places} that dockgen would change"))
                .help("nothing was written; make the edit there again, decide it at a terminal, or pass --force to take dockgen's text")
        }
        _ => Diagnostic::error("not-ours", format!("`{path}` is there, and dockgen did not write it"))
            .help("nothing was written; --adopt takes it over with what it says, --force replaces it, --stdout prints dockgen's text"),
    };
    problem.at(Evidence::file(path.clone()))
}
