//! `dockgen init`: reads a repository and writes its files.

use std::path::Path;

use super::{Outcome, Talk, save, wizard};
use crate::config::Config;
use crate::detect::Detection;
use crate::fs::Tree;
use crate::model::plan::{Plan, Rendered, Template};
use crate::model::question::Question;
use crate::model::{Answers, Diagnostic, RelPath, ServiceDraft, Severity};
use crate::plan::Places;
use crate::{config, detect, fs, plan, render, report};

/// How `init` was asked to behave.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Only say what would happen.
    pub dry_run: bool,
    /// Print instead of writing.
    pub stdout: bool,
    /// Overwrite what is somebody else's.
    pub force: bool,
    /// Take over what is somebody else's.
    pub adopt: bool,
    /// Keep the answers in `dockgen.toml`.
    pub save: bool,
    /// For programs.
    pub json: bool,
    /// Say more.
    pub verbose: bool,
    /// Ask at the terminal.
    pub ask: bool,
    /// In colour.
    pub colour: bool,
}

/// The result of everything before the writing.
pub struct Prepared {
    /// What was found.
    pub found: Detection,
    /// What was decided.
    pub plan: Plan,
    /// The text of every file; empty where something is wrong.
    pub files: Vec<Rendered>,
    /// What there is to say, all of it.
    pub diagnostics: Vec<Diagnostic>,
}

impl Prepared {
    /// Nothing but a problem.
    fn broken(problem: Diagnostic) -> Self {
        Self { found: Detection::default(), plan: Plan::default(), files: Vec::new(), diagnostics: vec![problem] }
    }

    /// Whether something is wrong, so that nothing may be written.
    pub fn failed(&self) -> bool {
        self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }
}

/// Runs the command.
pub fn run(root: &Path, answers: Answers, options: Options, talk: &mut Talk) -> anyhow::Result<Outcome> {
    let mut tree = match fs::disk::scan(root) {
        Ok(tree) => tree,
        Err(problem) => return save::stop(options, talk, &Prepared::broken(problem), Outcome::Failed),
    };
    if options.ask {
        return wizard::run(root, &mut tree, &answers, options, talk);
    }
    let prepared = prepare(&tree, answers.clone());
    if prepared.failed() {
        return save::stop(options, talk, &prepared, Outcome::Failed);
    }
    if prepared.files.is_empty() {
        return save::stop(options, talk, &prepared, Outcome::No);
    }
    if options.stdout {
        talk.tell(&report::human::detection(&prepared.found));
        talk.tell(&report::human::diagnostics(&prepared.diagnostics));
        talk.put(&printed(&prepared.files))?;
        return Ok(Outcome::Done);
    }
    save::finish(root, &mut tree, prepared, &answers, options, talk)
}

/// Detects, plans and renders; pure but for the reading of the tree.
pub fn prepare(tree: &Tree, mut answers: Answers) -> Prepared {
    let mut prepared = Prepared { found: Detection::default(), plan: Plan::default(), files: Vec::new(), diagnostics: Vec::new() };
    let config = match config::read(&tree.root(), &mut answers) {
        Ok(config) => config,
        Err(problem) => {
            prepared.diagnostics.push(problem);
            return prepared;
        }
    };
    prepared.found = detect::detect(tree, &answers);
    prepared.diagnostics.clone_from(&prepared.found.diagnostics);
    let places = Places::new(tree, prepared.found.services.len());
    match select(&mut prepared.found.services, &answers) {
        Ok(named) => set_aside(&mut prepared, named),
        Err(problem) => prepared.diagnostics.push(problem),
    }
    if prepared.failed() {
        let unread = prepared.diagnostics.iter().any(|problem| problem.id == "broken-manifest");
        prepared.diagnostics.extend(unread.then(|| others(&prepared.found.services, None)).flatten());
        return prepared;
    }
    if prepared.found.services.is_empty() {
        prepared.diagnostics.push(nothing_found());
        return prepared;
    }
    render_all(tree, &config, &answers, &places, &mut prepared);
    prepared
}

fn render_all(tree: &Tree, config: &Config, answers: &Answers, places: &Places<'_>, prepared: &mut Prepared) {
    prepared.plan = plan::plan(&prepared.found.services, config, answers, places);
    // What several applications have in common is said once.
    for diagnostic in prepared.plan.diagnostics.drain(..) {
        if !prepared.diagnostics.contains(&diagnostic) {
            prepared.diagnostics.push(diagnostic);
        }
    }
    if prepared.failed() {
        prepared.diagnostics.extend(others(&prepared.found.services, Some(&prepared.plan)));
        return;
    }
    prepared.plan.templates = match answers.templates.clone().map_or_else(|| templates(tree, config), Ok) {
        Ok(templates) => templates,
        Err(problem) => return prepared.diagnostics.push(problem),
    };
    match render::render(&prepared.plan) {
        Ok(files) => {
            for service in &prepared.plan.services {
                let Some(file) = files.iter().find(|file| file.path == service.dockerfile) else { continue };
                let ignore = service.context.join(".dockerignore").and_then(|path| files.iter().find(|file| file.path == path));
                let context = tree.dir(service.context.clone());
                prepared.diagnostics.extend(render::lint::copies(file, &context, ignore.map(|file| file.text.as_str())));
            }
            prepared.files = files;
        }
        Err(problems) => prepared.diagnostics.extend(problems),
    }
}

/// The templates in the folder that `dockgen.toml` names.
fn templates(tree: &Tree, config: &Config) -> Result<Vec<Template>, Diagnostic> {
    let Some(given) = &config.templates else { return Ok(Vec::new()) };
    let folder = RelPath::new(&given.value).map(|path| tree.dir(path));
    let mut found = Vec::new();
    for path in folder.iter().flat_map(crate::fs::Dir::files_below).filter(|path| path.name().rsplit_once('.').is_some_and(|(_, ending)| ending == "tera")) {
        let name = folder.as_ref().and_then(|dir| path.below(dir.path())).unwrap_or_default();
        if let Some(text) = tree.read(path)? {
            found.push(Template { name: name.to_owned(), place: path.to_string(), text: text.as_str().to_owned() });
        }
    }
    if found.is_empty() {
        let message = format!("`{}` holds no templates", crate::model::evidence::tame(&given.value));
        return Err(Diagnostic::error("no-templates", message)
            .at_all(given.source.evidence().cloned())
            .help("`dockgen templates eject` writes the built-in ones"));
    }
    Ok(found)
}

/// How those applications are written that nothing is wrong with, beside others.
fn others(services: &[ServiceDraft], plan: Option<&Plan>) -> Option<Diagnostic> {
    let wrong = |service: &ServiceDraft| !service.open.is_empty() || service.notes.iter().any(|note| note.severity == Severity::Error);
    let planned = |service: &ServiceDraft| plan.is_none_or(|plan| plan.services.iter().any(|planned| planned.name == service.name));
    let (well, ill): (Vec<&ServiceDraft>, Vec<&ServiceDraft>) = services.iter().partition(|service| !wrong(service) && planned(service));
    if well.is_empty() || plan.is_some() && ill.is_empty() {
        return None;
    }
    let names = |list: &[&ServiceDraft], between: &str| list.iter().map(|service| service.name.clone()).collect::<Vec<_>>().join(between);
    let write = format!("write the others with {} {}", Question::App.flag(), names(&well, ","));
    Some(match ill.first() {
        Some(first) => {
            let message = format!("{} of {} applications can't be written: {}", ill.len(), services.len(), names(&ill, ", "));
            Diagnostic::note("other-applications", message).help(format!("{write}, or answer for this one in dockgen.toml: [app.{}]", first.name))
        }
        None => Diagnostic::note("other-applications", "nothing is written while a part of the repository can't be read").help(write),
    })
}

/// What is wrong in a folder that nobody asked for keeps nobody from the applications that were `named`.
fn set_aside(prepared: &mut Prepared, named: bool) {
    let roots: Vec<RelPath> = prepared.found.services.iter().map(|service| service.root.clone()).collect();
    let concerns = |file: &RelPath| {
        let folder = file.parent().unwrap_or_default();
        roots.iter().any(|root| file.below(root).is_some() || root.below(&folder).is_some())
    };
    let elsewhere = |problem: &Diagnostic| !problem.at.is_empty() && !problem.at.iter().any(|at| concerns(&at.file));
    for problem in prepared.diagnostics.iter_mut().filter(|problem| named && problem.severity == Severity::Error && elsewhere(problem)) {
        problem.severity = Severity::Warning;
    }
}

/// Keeps the applications that were asked for; whether any were.
fn select(services: &mut Vec<ServiceDraft>, answers: &Answers) -> Result<bool, Diagnostic> {
    let Some(given) = answers.get(Question::App) else { return Ok(false) };
    let wanted: Vec<&str> = given.value.split(',').map(str::trim).filter(|app| !app.is_empty()).collect();
    let named = |service: &ServiceDraft, app: &str| service.name == app || service.root.display() == app.trim_end_matches('/') || service.root.name() == app;
    if let Some(missing) = wanted.iter().find(|app| !services.iter().any(|service| named(service, app))) {
        // Where several programs weigh the same, the folder itself is none of them.
        let programs = |service: &ServiceDraft| -> Vec<String> {
            let asked = service.open.iter().filter(|open| open.question == Question::App);
            let several: Vec<String> = asked.flat_map(|open| &open.candidates).map(|(name, _)| name.clone()).collect();
            if several.is_empty() { vec![service.name.clone()] } else { several }
        };
        let known: Vec<String> = services.iter().flat_map(programs).collect();
        let message = format!("there is no application `{}`", crate::model::evidence::tame(missing));
        return Err(Diagnostic::error("unknown-app", message)
            .at_all(given.source.evidence().cloned())
            .help(format!("choose from {} with {}", known.join(", "), Question::App.flag()))
            .asks(Question::App, known));
    }
    services.retain(|service| wanted.iter().any(|app| named(service, app)));
    Ok(true)
}

/// The answer where no stack claims anything.
pub fn nothing_found() -> Diagnostic {
    Diagnostic::warning("nothing-found", "no project was found that dockgen knows")
        .help("`dockgen stacks` lists what it knows; --stack names the stack of the root folder")
}

/// One file as it is; several with a line `==> NAME <==` before each.
fn printed(files: &[Rendered]) -> String {
    match files {
        [only] => only.text.clone(),
        several => several.iter().map(|file| format!("==> {} <==\n{}", file.path, file.text)).collect::<Vec<_>>().join("\n"),
    }
}

pub(super) fn fail(talk: &mut Talk, problems: &[Diagnostic]) -> Outcome {
    talk.say(&report::human::diagnostics(problems));
    Outcome::Failed
}
