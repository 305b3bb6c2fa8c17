//! `dockgen detect`: what is found, each fact with its evidence.

use std::path::Path;

use super::{Outcome, Talk};
use crate::catalog::StackPack;
use crate::model::{Answers, Severity};
use crate::{config, detect, fs, report};

/// Runs the command.
pub fn run(root: &Path, mut answers: Answers, json: bool, talk: &mut Talk) -> anyhow::Result<Outcome> {
    let tree = match fs::disk::scan(root) {
        Ok(tree) => tree,
        Err(problem) => {
            talk.say(&report::human::diagnostics(&[problem]));
            return Ok(Outcome::Failed);
        }
    };
    let mut found = match config::read(&tree.root(), &mut answers) {
        Ok(_) => detect::detect(&tree, &answers),
        Err(problem) => detect::Detection { services: Vec::new(), diagnostics: vec![problem] },
    };
    let broken = found.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
    if found.services.is_empty() && !broken {
        found.diagnostics.push(super::init::nothing_found());
    }
    if json {
        let value = report::json::detection(&found, &|id| StackPack::load(id).ok());
        talk.put(&(serde_json::to_string_pretty(&value)? + "\n"))?;
    } else {
        talk.put(&report::human::detection(&found))?;
        let all: Vec<_> = found.diagnostics.iter().cloned().chain(found.services.iter().flat_map(report::json::of_service)).collect();
        talk.say(&report::human::diagnostics(&all));
    }
    Ok(match (broken, found.services.is_empty()) {
        (true, _) => Outcome::Failed,
        (false, true) => Outcome::No,
        (false, false) => Outcome::Done,
    })
}
