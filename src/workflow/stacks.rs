//! `dockgen stacks`: what the catalogue knows.

use super::{Outcome, Talk};
use crate::catalog::{StackPack, files};
use crate::report;

/// Runs the command.
pub fn run(talk: &mut Talk) -> anyhow::Result<Outcome> {
    let packs = files::stacks().into_iter().map(StackPack::load).collect::<Result<Vec<_>, _>>().map_err(anyhow::Error::msg)?;
    talk.put(&report::human::stacks(&packs))?;
    Ok(Outcome::Done)
}
