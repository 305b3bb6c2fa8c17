//! Turns a plan into text, and reads that text back to prove that it says what was decided.

pub mod blocks;
mod custom;
mod engine;
mod filters;

pub mod lint;
mod staging;
mod tidy;

use crate::model::Diagnostic;
use crate::model::plan::{Plan, Rendered};

pub use engine::Engine;

/// Renders every file of a plan. `Err` when a template fails or a value would change what a file does.
pub fn render(plan: &Plan) -> Result<Vec<Rendered>, Vec<Diagnostic>> {
    let mut packs: Vec<&str> = plan.services.iter().map(|service| service.pack.as_str()).collect();
    packs.sort_unstable();
    packs.dedup();
    let engine = Engine::new(&packs, &plan.templates).map_err(|problem| vec![problem])?;
    let mut files = Vec::new();
    let mut problems = Vec::new();
    for service in &plan.services {
        match engine.dockerfile(service) {
            Ok(file) => files.push(file),
            Err(problem) => problems.push(problem),
        }
    }
    for ignore in &plan.ignores {
        match engine.ignore(ignore) {
            Ok(file) => files.push(file),
            Err(problem) => problems.push(problem),
        }
    }
    if let Some(compose) = &plan.compose {
        match engine.compose(compose) {
            Ok(file) => files.push(file),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}
