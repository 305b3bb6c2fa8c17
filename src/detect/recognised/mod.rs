//! Stacks that have no templates yet. Their facts are found and shown like any other's; only the files can't be written, and that is said aloud.
//! A file of this folder is half a detector: with a template folder it becomes a whole one.

mod brief;
mod dotnet;
mod elixir;
pub mod look;
mod php;
mod ruby;
mod scala;
mod sites;

use super::{Found, asked};
use crate::fs::Dir;
use crate::model::evidence::tame;
use crate::model::question::Question;
use crate::model::{Answers, Claim, Diagnostic, Open, ServiceDraft};

/// One stack's, or one family's, knowledge of repositories.
pub struct Recogniser {
    /// The stacks that it tells apart.
    pub stacks: &'static [&'static str],
    /// Whether a folder could be its own; asked of every folder.
    pub claims: fn(&Dir<'_>) -> Option<Claim>,
    /// The facts about a folder that was claimed.
    pub draft: fn(&Dir<'_>) -> Result<Found, Diagnostic>,
}

/// All of them. Of two that claim a folder with the same strength the earlier one has it.
const RECOGNISERS: &[&Recogniser] = &[&dotnet::DOTNET, &elixir::ELIXIR, &ruby::RUBY, &php::PHP, &scala::SCALA, &brief::BRIEF, &sites::SITES];

/// Whether a stack of this name is recognised.
pub fn knows(stack: &str) -> bool {
    RECOGNISERS.iter().any(|recogniser| recogniser.stacks.contains(&stack))
}

/// The recogniser whose folder this is.
pub fn find(dir: &Dir<'_>) -> Option<(&'static Recogniser, Claim)> {
    let mut found: Option<(&'static Recogniser, Claim)> = None;
    for recogniser in RECOGNISERS {
        if let Some(claim) = (recogniser.claims)(dir)
            && found.as_ref().is_none_or(|(_, best)| claim.strength > best.strength)
        {
            found = Some((recogniser, claim));
        }
    }
    found
}

/// The services of a folder, with what people answered and the message that nothing can be written for them.
pub fn draft(dir: &Dir<'_>, recogniser: &Recogniser, claim: &Claim, answers: &Answers) -> Result<Found, Diagnostic> {
    let mut found = (recogniser.draft)(dir)?;
    for draft in &mut found.services {
        ask(draft, answers)?;
        draft.notes.push(message(draft, claim));
    }
    Ok(found)
}

/// Answers come before what the project says.
fn ask(draft: &mut ServiceDraft, answers: &Answers) -> Result<(), Diagnostic> {
    let hints = answers.hints(&draft.root, &draft.name);
    draft.port = asked::port(&hints, asked::candidates(draft.port.take()))?;
    draft.start = asked::command(&hints, Question::StartCmd, asked::candidates(draft.start.take()))?;
    draft.build = asked::command(&hints, Question::BuildCmd, asked::candidates(draft.build.take()))?;
    Ok(())
}

fn message(draft: &ServiceDraft, claim: &Claim) -> Diagnostic {
    let framework = draft.framework.as_ref().map(|decision| &decision.value);
    // A site has no stack of its own: what builds it is what has no template.
    let stack = framework.filter(|_| draft.stack == "static").unwrap_or(&draft.stack);
    let facts = [
        framework.map(|name| format!("framework {name}")),
        draft.package_manager.as_ref().map(|decision| format!("package manager {}", decision.value)),
        draft.runtime.as_ref().map(|decision| format!("{} {}", draft.runtime_name(), decision.value)),
        draft.port.as_ref().map(|decision| format!("port {}", decision.value)),
        draft.start.as_ref().map(|decision| format!("started by `{}`", tame(&decision.value.to_string()))),
    ];
    let facts: Vec<String> = facts.into_iter().flatten().collect();
    let facts = if facts.is_empty() { String::new() } else { format!(": {}", facts.join(", ")) };
    Diagnostic::error("unsupported-stack", format!("there is no template for {stack} yet; `{}` is recognised{facts}", draft.root))
        .at(claim.because.clone())
        .help("`dockgen detect` shows where each fact stands, `dockgen stacks` which stacks have templates; --app picks other applications of the repository")
}

/// Says that there is nothing to run.
fn nothing_to_run(draft: &mut ServiceDraft, message: &str) {
    draft.open.push(Open { question: Question::StartCmd, message: message.to_owned(), candidates: Vec::new() });
}

#[cfg(test)]
mod tests {
    use super::{RECOGNISERS, find};
    use crate::detect::DETECTORS;
    use crate::fs::Tree;
    use crate::model::{Answers, Strength};

    #[test]
    fn stacks_are_named_by_their_manifests() {
        let tree = Tree::memory([("a/Shop.csproj", "<Project Sdk=\"Microsoft.NET.Sdk.Web\"/>"), ("b/composer.json", "{}"), ("c/README", "")]);
        let stack = |folder: &str| find(&tree.root().dir(folder)).map(|(recogniser, _)| recogniser.stacks[0]);
        assert_eq!(stack("a"), Some("dotnet"));
        assert_eq!(stack("b"), Some("php"));
        assert_eq!(stack("c"), None);
    }

    #[test]
    fn a_stack_with_a_detector_is_not_recognised_here() {
        for stack in RECOGNISERS.iter().flat_map(|recogniser| recogniser.stacks) {
            assert!(DETECTORS.iter().all(|detector| detector.id() != *stack), "`{stack}` has a detector: take it out of src/detect/recognised");
        }
    }

    #[test]
    fn the_message_says_what_was_found() {
        let tree = Tree::memory([("mix.exs", "defmodule A do\n  [app: :a, elixir: \"~> 1.15\", deps: [{:phoenix, \"~> 1.8\"}]]\nend\n")]);
        let (recogniser, claim) = find(&tree.root()).expect("elixir");
        assert_eq!(claim.strength, Strength::Certain);
        let found = super::draft(&tree.root(), recogniser, &claim, &Answers::default()).expect("fine");
        let note = &found.services[0].notes[0];
        assert_eq!(
            note.message,
            "there is no template for elixir yet; `.` is recognised: framework phoenix, package manager mix, elixir 1.15, port 4000, started by `mix phx.server`"
        );
    }
}
