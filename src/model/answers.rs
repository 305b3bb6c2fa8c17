//! What people have decided: flags, environment, wizard and `dockgen.toml`, the strongest first.

use std::collections::BTreeMap;

use super::plan::Template;
use super::question::Question;
use super::{RelPath, Source};

/// A value that a person gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The text as given.
    pub value: String,
    /// Where it was given.
    pub source: Source,
}

/// Everything that was decided by people, for the whole repository or for one application.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    everywhere: BTreeMap<Question, Given>,
    by_app: BTreeMap<String, BTreeMap<Question, Given>>,
    /// What the repository's own container files say where its source leaves something open: weaker than every person.
    suggested: BTreeMap<RelPath, BTreeMap<Question, Given>>,
    /// The folders that an application's key means, where others end with the same name.
    meant: BTreeMap<String, Vec<RelPath>>,
    /// Templates given on the command line, in place of those that `dockgen.toml` names.
    pub templates: Option<Vec<Template>>,
}

impl Answers {
    /// Records an answer for every application, unless a stronger one is there.
    pub fn give(&mut self, question: Question, given: Given) {
        self.everywhere.entry(question).or_insert(given);
    }

    /// Records an answer for one application (its folder or its name), unless a stronger one is there.
    pub fn give_for(&mut self, app: &str, question: Question, given: Given) {
        self.by_app.entry(app.to_owned()).or_default().entry(question).or_insert(given);
    }

    /// Records what a folder's own files say of its service.
    pub fn suggest(&mut self, root: &RelPath, question: Question, given: Given) {
        self.suggested.entry(root.clone()).or_default().insert(question, given);
    }

    /// Records which folders an application's key means.
    pub fn mean(&mut self, app: &str, roots: Vec<RelPath>) {
        self.meant.insert(app.to_owned(), roots);
    }

    /// The place of an answer that is given for an application.
    pub fn place_of(&self, app: &str) -> Option<&super::Evidence> {
        self.by_app.get(app)?.values().find_map(|given| given.source.evidence())
    }

    /// The answer for the whole repository.
    pub fn get(&self, question: Question) -> Option<&Given> {
        self.everywhere.get(&question)
    }

    /// The answers that hold for the service in this folder: its own, then those for all.
    pub fn hints(&self, root: &RelPath, name: &str) -> Hints<'_> {
        // Two of one name are called by their folders.
        let folder = super::draft::slug(&root.as_str().replace('/', "-"));
        let exact = [Some(root.display()), folder.as_deref()].into_iter().flatten();
        let loose = [name, root.name()].into_iter().filter(|key| self.meant.get(*key).is_none_or(|roots| roots.contains(root)));
        let own = exact.chain(loose).find_map(|key| self.by_app.get(key));
        Hints { own, everywhere: &self.everywhere, suggested: self.suggested.get(root) }
    }

    /// The answers for the whole repository, in the order of the questions.
    pub fn given(&self) -> impl Iterator<Item = (Question, &Given)> {
        self.everywhere.iter().map(|(question, given)| (*question, given))
    }

    /// The applications that answers are given for.
    pub fn apps(&self) -> impl Iterator<Item = &str> {
        self.by_app.keys().map(String::as_str)
    }
}

/// The answers that hold for one service.
#[derive(Clone, Copy, Debug)]
pub struct Hints<'a> {
    own: Option<&'a BTreeMap<Question, Given>>,
    everywhere: &'a BTreeMap<Question, Given>,
    suggested: Option<&'a BTreeMap<Question, Given>>,
}

impl Hints<'_> {
    /// The answer to a question. A flag beats the application's own key, that key beats the general one.
    pub fn get(&self, question: Question) -> Option<&Given> {
        let general = self.everywhere.get(&question);
        let own = self.own.and_then(|own| own.get(&question));
        match (own, general) {
            (Some(_), Some(typed)) if matches!(typed.source, Source::Flag(_) | Source::Env(_)) => general,
            (Some(own), _) => Some(own),
            (None, general) => general.or_else(|| self.suggested?.get(&question)),
        }
    }
}
