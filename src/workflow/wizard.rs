//! `dockgen init` at a terminal: what was found, what is worth a choice, what would be written, and the writing.
//!
//! It has no model of its own: an answer is an answer like a flag's, and after each the whole run is made again.

use std::path::Path;

use super::init::{Options, Prepared, fail, prepare};
use super::prompt::{Stopped, Terminal, begin_writing, say_stopped};
use super::question::{self, Asked, Form, OTHER};
use super::{Outcome, Talk, adopt, save};
use crate::catalog::StackPack;
use crate::config::edit::Entry;
use crate::fs::Tree;
use crate::model::plan::Rendered;
use crate::model::question::Question;
use crate::model::{Answers, Diagnostic, Given, ServiceDraft, Severity, Source};
use crate::write::{Action, ChangeSet, Lock};
use crate::{config, report};

/// Runs the command.
pub(super) fn run(root: &Path, tree: &mut Tree, answers: &Answers, options: Options, talk: &mut Talk) -> anyhow::Result<Outcome> {
    let terminal = Terminal::new(options.colour);
    let asked = Wizard { terminal: &terminal, tree, typed: answers, entries: Vec::new(), taken: false, talk }.run(root, options);
    asked.unwrap_or_else(|Stopped| {
        say_stopped();
        Ok(Outcome::Interrupted)
    })
}

struct Wizard<'a> {
    terminal: &'a Terminal,
    tree: &'a mut Tree,
    /// Flags and variables.
    typed: &'a Answers,
    /// What was answered, for `dockgen.toml`.
    entries: Vec<Entry>,
    /// Whether files that dockgen did not write are taken over.
    taken: bool,
    talk: &'a mut Talk,
}

type Asking<T> = Result<T, Stopped>;

impl Wizard<'_> {
    fn run(mut self, root: &Path, options: Options) -> Asking<anyhow::Result<Outcome>> {
        let mut prepared = self.prepare();
        if is_hopeless(&prepared) {
            return Ok(Ok(fail(self.talk, &prepared.diagnostics)));
        }
        if prepared.found.services.is_empty() {
            prepared = self.ask(None, &question::any_stack(), prepared)?;
            if prepared.found.services.is_empty() {
                self.talk.say(&report::human::diagnostics(&prepared.diagnostics));
                return Ok(Ok(Outcome::No));
            }
        }
        self.talk.say(&report::human::detection(&prepared.found));
        let notes: Vec<Diagnostic> = prepared.diagnostics.iter().filter(|note| note.severity < Severity::Error).cloned().collect();
        self.talk.say(&report::human::diagnostics(&notes));
        self.talk.say("\nEnter takes what was detected; Esc stops and writes nothing.\n");
        prepared = self.applications(prepared)?;
        prepared = self.adopt(prepared, options.force)?;
        prepared = self.services(prepared)?;
        prepared = self.companions_and_files(prepared)?;
        if prepared.failed() {
            return Ok(Ok(fail(self.talk, &prepared.diagnostics)));
        }
        let kept = match save::keep(self.tree, self.typed, &self.entries) {
            Ok((again, kept)) => {
                prepared = again;
                kept
            }
            Err(problem) => return Ok(Ok(fail(self.talk, &[problem]))),
        };
        if prepared.failed() {
            return Ok(Ok(fail(self.talk, &prepared.diagnostics)));
        }
        let (set, lock) = match save::compare(self.tree, &prepared, options.force) {
            Ok(compared) => compared,
            Err(problem) => return Ok(Ok(fail(self.talk, &[problem]))),
        };
        self.write(root, &prepared, set, &lock, kept, options)
    }

    /// The run with everything that was answered so far.
    fn prepare(&self) -> Prepared {
        let mut answers = self.typed.clone();
        for entry in &self.entries {
            let Entry::Answer { app, question, value } = entry else { continue };
            let given = Given { value: value.clone(), source: Source::Answer(*question) };
            match app {
                Some(app) => answers.give_for(app, *question, given),
                None => answers.give(*question, given),
            }
        }
        prepare(self.tree, answers)
    }

    /// Whether a flag, a variable or `dockgen.toml` has decided already.
    fn is_decided(&self, question: Question, draft: &ServiceDraft) -> bool {
        let mut answers = self.typed.clone();
        let _ = config::read(&self.tree.root(), &mut answers);
        answers.hints(&draft.root, &draft.name).get(question).is_some()
            || self.entries.iter().any(
                |entry| matches!(entry, Entry::Answer { question: known, app, .. } if *known == question && app.as_ref().is_none_or(|app| *app == draft.name)),
            )
    }

    /// Puts a question until its answer fits; the run with the answer.
    fn ask(&mut self, app: Option<&str>, asked: &Asked, before: Prepared) -> Asking<Prepared> {
        let known = errors(&before);
        loop {
            let value = self.answer(asked)?;
            if asked.detected.as_ref() == Some(&value) {
                return Ok(before);
            }
            self.entries.push(Entry::Answer { app: app.map(str::to_owned), question: asked.question, value });
            let after = self.prepare();
            let new: Vec<Diagnostic> =
                after.diagnostics.iter().filter(|problem| problem.severity == Severity::Error && !known.contains(&problem.message)).cloned().collect();
            // Another question that the answer opens is put in its turn.
            if new.iter().all(|problem| problem.id == "undecided") {
                return Ok(after);
            }
            self.talk.say(&report::human::diagnostics(&new));
            self.entries.pop();
        }
    }

    fn answer(&self, asked: &Asked) -> Asking<String> {
        match &asked.form {
            Form::Pick { values, shown, at } => {
                let chosen = self.terminal.pick(&asked.prompt, shown, *at)?;
                if shown[chosen] == OTHER {
                    return self.terminal.text(asked.question.prompt(), "", &question::check_of(asked.question, false));
                }
                Ok(values[chosen].clone())
            }
            Form::Text { detected, check } => self.terminal.text(&asked.prompt, detected, check),
            Form::Many { values, shown, chosen } => loop {
                let picked = self.terminal.pick_many(&asked.prompt, shown, chosen)?;
                let value: Vec<&str> = picked.iter().map(|place| values[*place].as_str()).collect();
                match asked.question {
                    Question::App if value.is_empty() => self.terminal.note("choose one at least"),
                    // Nothing must be said aloud, lest detection says otherwise the next time.
                    Question::Services if value.is_empty() && asked.detected.as_ref().is_some_and(|detected| !detected.is_empty()) => {
                        return Ok("none".to_owned());
                    }
                    _ => return Ok(value.join(",")),
                }
            },
        }
    }

    fn applications(&mut self, prepared: Prepared) -> Asking<Prepared> {
        let drafts = &prepared.found.services;
        if drafts.len() < 2 || self.typed.get(Question::App).is_some() {
            return Ok(prepared);
        }
        let asked = question::apps(drafts);
        self.ask(None, &asked, prepared)
    }

    /// The questions about each service: of a single one all that are a choice, of several only what is open.
    fn services(&mut self, mut prepared: Prepared) -> Asking<Prepared> {
        let roots: Vec<_> = prepared.found.services.iter().map(|draft| draft.root.clone()).collect();
        let alone = roots.len() == 1;
        for root in roots {
            for question in Question::all() {
                let Some(draft) = prepared.found.services.iter().find(|draft| draft.root == root).cloned() else { break };
                if self.is_decided(question, &draft) {
                    continue;
                }
                let app = (!alone).then(|| draft.name.clone());
                let plan = prepared.plan.services.iter().find(|service| service.root == root);
                let asked = match draft.open.iter().find(|open| open.question == question) {
                    Some(open) => Some(question::tie(open)),
                    None if alone => StackPack::load(draft.pack).ok().and_then(|pack| question::of_service(question, &draft, plan, &pack)),
                    None => None,
                };
                if let Some(asked) = asked {
                    prepared = self.ask(app.as_deref(), &asked, prepared)?;
                }
            }
        }
        Ok(prepared)
    }

    fn companions_and_files(&mut self, mut prepared: Prepared) -> Asking<Prepared> {
        if prepared.failed() {
            return Ok(prepared);
        }
        let Some(first) = prepared.found.services.first().cloned() else { return Ok(prepared) };
        if !self.is_decided(Question::Services, &first)
            && let Some(asked) = question::services(&prepared.plan)
        {
            prepared = self.ask(None, &asked, prepared)?;
        }
        let optional: Vec<(Question, String)> = [(Question::Compose, "compose.yaml"), (Question::Dockerignore, ".dockerignore")]
            .into_iter()
            .filter(|(question, _)| !self.is_decided(*question, &first))
            .map(|(question, name)| (question, name.to_owned()))
            .collect();
        if !optional.is_empty() {
            let shown: Vec<String> = optional.iter().map(|(_, name)| name.clone()).collect();
            let picked = self.terminal.pick_many("files to write beside the Dockerfile", &shown, &vec![true; shown.len()])?;
            for (_, (question, _)) in optional.iter().enumerate().filter(|(place, _)| !picked.contains(place)) {
                self.entries.push(Entry::Answer { app: None, question: *question, value: "false".to_owned() });
            }
            prepared = self.prepare();
        }
        Ok(prepared)
    }

    /// Offers what files that dockgen did not write say, and asks whether they may be replaced.
    fn adopt(&mut self, prepared: Prepared, force: bool) -> Asking<Prepared> {
        let Ok((set, _)) = save::compare(self.tree, &prepared, force) else { return Ok(prepared) };
        let names: Vec<String> = set.changes.iter().filter(|change| change.action == Action::Foreign).map(|change| change.file.path.to_string()).collect();
        if names.is_empty() {
            return Ok(prepared);
        }
        let adopted = adopt::read(self.tree, &prepared.found, &prepared.plan, &set);
        self.talk.say(&format!("{} is there, and dockgen did not write it\n", names.join(", ")));
        self.talk.say(&report::human::diagnostics(&adopted.lost));
        for fact in &adopted.says {
            self.talk.say(&format!("  {fact}\n"));
        }
        let mut choices = vec!["decide at the end, file by file".to_owned()];
        if adopted.lost.is_empty() {
            choices
                .insert(0, if adopted.says.is_empty() { "take it over".to_owned() } else { "take it over, and keep what it says in dockgen.toml".to_owned() });
        }
        let chosen = self.terminal.pick("files of your own", &choices, choices.len() - 1)?;
        if choices.len() == 2 && chosen == 0 {
            self.taken = true;
            self.entries.extend(adopted.entries);
            if let Ok((again, _)) = save::keep(self.tree, self.typed, &self.entries) {
                return Ok(again);
            }
        }
        Ok(prepared)
    }

    /// The plan, a look at it, the conflicts, and the writing.
    fn write(
        &mut self,
        root: &Path,
        prepared: &Prepared,
        mut set: ChangeSet,
        lock: &Lock,
        kept: Option<Rendered>,
        options: Options,
    ) -> Asking<anyhow::Result<Outcome>> {
        if self.taken {
            set.changes.iter_mut().filter(|change| change.action == Action::Foreign).for_each(crate::write::Change::take);
        }
        let mut more: Vec<Rendered> = kept.into_iter().collect();
        self.talk.say("\n");
        self.talk.say(&report::human::changes(&set, &more, false));
        if set.is_unchanged() && set.refused().next().is_none() && more.is_empty() {
            self.talk.say("nothing to write\n");
            return Ok(Ok(Outcome::Done));
        }
        loop {
            let choices = ["write the files", "look at a file first", "show the differences", "stop"].map(str::to_owned);
            match self.terminal.pick("go on", &choices, 0)? {
                0 => break,
                1 => {
                    let names: Vec<String> = set.changes.iter().map(|change| change.file.path.to_string()).collect();
                    let at = self.terminal.pick("file", &names, 0)?;
                    self.talk.say(&format!("\n{}\n", set.changes[at].text));
                }
                2 => set.changes.iter().for_each(|change| self.talk.say(&change.diff())),
                _ => return Err(Stopped),
            }
        }
        for change in set.changes.iter_mut().filter(|change| change.is_refused()) {
            self.decide(change, &mut more)?;
        }
        begin_writing();
        Ok(save::write_out(root, prepared, &set, lock, &more, options, self.talk))
    }

    /// What becomes of a file that somebody edited where dockgen would change it, or that dockgen did not write.
    fn decide(&mut self, change: &mut crate::write::Change, more: &mut Vec<Rendered>) -> Asking<()> {
        let path = change.file.path.to_string();
        let (what, take) = match &change.action {
            Action::Conflict(conflict) if conflict.places == 1 => {
                (format!("{path} was edited where dockgen would change it"), "take dockgen's lines there".to_owned())
            }
            Action::Conflict(conflict) => {
                (format!("{path} was edited in {} places that dockgen would change", conflict.places), "take dockgen's lines there".to_owned())
            }
            _ => (format!("{path} is not dockgen's"), "replace it".to_owned()),
        };
        self.talk.say(&change.diff());
        loop {
            let choices = [
                "keep yours".to_owned(),
                take.clone(),
                format!("keep yours, write dockgen's as {path}.dockgen-new"),
                "show the difference again".to_owned(),
                "stop, write nothing".to_owned(),
            ];
            match self.terminal.pick(&what, &choices, 0)? {
                0 => change.keep(),
                1 => change.take(),
                2 => more.push(change.beside()),
                3 => {
                    self.talk.say(&change.diff());
                    continue;
                }
                _ => return Err(Stopped),
            }
            return Ok(());
        }
    }
}

fn errors(prepared: &Prepared) -> Vec<String> {
    prepared.diagnostics.iter().filter(|problem| problem.severity == Severity::Error).map(|problem| problem.message.clone()).collect()
}

/// Whether something is wrong that no answer would mend.
fn is_hopeless(prepared: &Prepared) -> bool {
    prepared.diagnostics.iter().any(|problem| problem.severity == Severity::Error && problem.question.is_none())
}
