//! `dockgen check`: whether the files on the disk still agree with the project.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Outcome, Talk, init, save};
use crate::catalog::{StackPack, files};
use crate::check::{self, Composed, Subject};
use crate::fs::{Tree, disk};
use crate::manifest::dockerfile::Recipe;
use crate::model::{Answers, Diagnostic, Evidence, RelPath, ServiceDraft, Severity};
use crate::write::{Action, Change, Lock};
use crate::{config, detect, report};

/// How `check` was asked to behave.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// For programs.
    pub json: bool,
    /// With the differences of files that dockgen wrote.
    pub verbose: bool,
}

/// Runs the command.
pub fn run(root: &Path, mut answers: Answers, options: Options, talk: &mut Talk) -> anyhow::Result<Outcome> {
    let tree = match disk::scan(root) {
        Ok(tree) => tree,
        Err(problem) => return Ok(init::fail(talk, &[problem])),
    };
    let checked = Lock::read(&tree.root()).and_then(|lock| {
        let written = (!lock.is_empty()).then(|| init::prepare(&tree, answers.clone()));
        config::read(&tree.root(), &mut answers)?;
        Ok((lock, written, detect::detect(&tree, &answers)))
    });
    let (lock, written, found) = match checked {
        Ok(checked) => checked,
        Err(problem) => return Ok(init::fail(talk, &[problem])),
    };
    let mut report = Report::default();
    hand_written(&tree, &found.services, &mut report)?;
    if let Some(prepared) = written {
        generated(&tree, &lock, &prepared, options.verbose, &mut report);
    }
    // A manifest that does not parse hides what it says: that is no agreement.
    let broken: Vec<Diagnostic> = found.diagnostics.into_iter().filter(|problem| problem.severity == Severity::Error).collect();
    if !broken.is_empty() {
        return Ok(init::fail(talk, &broken));
    }
    if report.files.is_empty() && report.drifts.is_empty() {
        report.drifts.push(Diagnostic::error("no-dockerfile", "there is no Dockerfile to check").help("`dockgen init` writes one"));
    }
    if options.json {
        talk.put(&(serde_json::to_string_pretty(&report::json::check(&report.files, &report.drifts, &report.notes))? + "\n"))?;
    } else {
        talk.tell(&report::human::diagnostics(&report.notes));
        talk.say(&report::human::diagnostics(&report.drifts));
        talk.say(&report.differences);
        if report.drifts.is_empty() {
            let files: Vec<String> = report.files.iter().map(ToString::to_string).collect();
            talk.put(&format!("{}: no drift\n", files.join(", ")))?;
        } else {
            let plural = if report.drifts.len() == 1 { "" } else { "s" };
            talk.put(&format!("{} drift{plural}\n", report.drifts.len()))?;
        }
    }
    Ok(if report.drifts.is_empty() { Outcome::Done } else { Outcome::No })
}

#[derive(Default)]
struct Report {
    files: Vec<RelPath>,
    drifts: Vec<Diagnostic>,
    notes: Vec<Diagnostic>,
    differences: String,
}

/// Every Dockerfile of the repository, whoever wrote it, against what the project says.
fn hand_written(tree: &Tree, drafts: &[ServiceDraft], report: &mut Report) -> anyhow::Result<()> {
    let packs: BTreeMap<&'static str, StackPack> =
        files::stacks().into_iter().map(|id| Ok((id, StackPack::load(id)?))).collect::<Result<_, String>>().map_err(anyhow::Error::msg)?;
    let (composed, problems) = check::composed(tree);
    report.drifts.extend(problems);
    let paths: Vec<RelPath> = tree.files_below(&RelPath::root()).filter(|path| is_dockerfile(path)).cloned().collect();
    for path in paths {
        let Ok(Some(text)) = tree.read(&path) else { continue };
        let recipe = match Recipe::read(&text) {
            Ok(recipe) => recipe,
            // A template of Dockerfiles is none.
            Err(_) if text.as_str().contains("{{") => continue,
            Err(problem) => {
                report.notes.push(Diagnostic { severity: Severity::Warning, ..problem });
                continue;
            }
        };
        report.files.push(path.clone());
        let rows: Vec<Composed> = composed.iter().filter(|row| row.dockerfile == path).cloned().collect();
        report.drifts.extend(rows.iter().filter_map(|row| row.missing_stage(&recipe)));
        let draft = built_by(&path, &rows, drafts);
        let subject = Subject { recipe: &recipe, composed: &rows, draft, tree, packs: &packs };
        let (wrong, notes): (Vec<_>, Vec<_>) = check::drifts(&subject).into_iter().partition(|drift| drift.severity == Severity::Error);
        report.drifts.extend(wrong);
        report.notes.extend(notes);
    }
    Ok(())
}

/// Names that people give to Dockerfiles, outside of folders that hold examples for something else.
fn is_dockerfile(path: &RelPath) -> bool {
    let name = path.name();
    let is_named = name == "Dockerfile"
        || name == "Containerfile"
        || name.strip_prefix("Dockerfile.").is_some_and(|rest| rest != "dockerignore" && rest != "dockgen-new")
        || name.ends_with(".Dockerfile");
    let aside = |part: &str| {
        matches!(part, "test" | "tests" | "testdata" | "fixtures" | "example" | "examples" | "templates" | ".devcontainer" | "vendor" | "third_party")
    };
    is_named && path.depth() <= 4 && !path.as_str().split('/').any(aside) && !matches!(name.rsplit('.').next(), Some("tera" | "j2" | "tmpl" | "template"))
}

/// The application that a Dockerfile builds, where that is plain.
fn built_by<'a>(path: &RelPath, composed: &[Composed], drafts: &'a [ServiceDraft]) -> Option<&'a ServiceDraft> {
    let folder = path.parent()?;
    let at = |root: &RelPath| drafts.iter().find(|draft| draft.root == *root);
    if let Some(draft) = composed.iter().find_map(|row| at(&row.context)).or_else(|| at(&folder)) {
        return Some(draft);
    }
    let word = path.name().trim_start_matches("Dockerfile").trim_end_matches(".Dockerfile").trim_matches('.');
    let named: Vec<&ServiceDraft> = drafts.iter().filter(|draft| !word.is_empty() && (draft.name == word || draft.root.name() == word)).collect();
    match (&named[..], drafts) {
        ([one], _) => Some(one),
        ([], [one]) => folder.below(&one.root).or_else(|| one.root.below(&folder)).map(|_| one),
        _ => None,
    }
}

/// What dockgen wrote against what it would write today.
fn generated(tree: &Tree, lock: &Lock, prepared: &init::Prepared, verbose: bool, report: &mut Report) {
    if prepared.failed() {
        report.drifts.extend(prepared.diagnostics.iter().filter(|problem| problem.severity == Severity::Error).cloned());
        return;
    }
    let set = match save::compare(tree, prepared, false) {
        Ok((set, _)) => set,
        Err(problem) => return report.drifts.push(problem),
    };
    for change in &set.changes {
        let path = &change.file.path;
        if let Some(message) = outdated(change, lock) {
            report.drifts.push(
                Diagnostic::error("outdated", message).at(Evidence::file(path.clone())).help("run `dockgen init`; `dockgen check -v` shows the difference"),
            );
            if verbose {
                report.differences.push_str(&change.diff());
            }
        }
        if tree.has_file(path) && !report.files.contains(path) {
            report.files.push(path.clone());
        }
    }
}

fn outdated(change: &Change, lock: &Lock) -> Option<String> {
    let path = &change.file.path;
    match change.action {
        Action::Create if lock.text(path).is_some() => Some(format!("`{path}` is gone")),
        Action::Update => Some(format!("`{path}` is not what dockgen would write today")),
        Action::Merge => Some(format!("`{path}` was edited, and lacks what dockgen would write today")),
        Action::Conflict(_) => Some(format!("`{path}` was edited where dockgen would write something else today")),
        // Somebody's own, never written, edited on purpose, or just right.
        Action::Create | Action::Foreign | Action::Keep | Action::Unchanged => None,
    }
}
