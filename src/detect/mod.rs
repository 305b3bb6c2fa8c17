//! Detectors state facts about folders; this module holds the registry and says which folders are services.

mod apps;
mod asked;
mod c;
mod companions;
mod configured;
mod deno;
mod front_end;
mod go;
mod handwritten;
mod health;
mod java;
mod listening;
mod node;
mod python;
mod reads;
mod recognised;
mod rust;
mod samples;
mod select;
mod source;
mod static_site;
mod unbuilt;
mod writes;
mod zig;

use crate::catalog::StackPack;
use crate::fs::Dir;
use crate::model::{Answers, Claim, Diagnostic, RelPath, ServiceDraft};

pub use select::{Detection, detect};

/// One stack's knowledge of repositories.
pub trait Detector: Sync {
    /// The stack's name: its folder under `templates/`.
    fn id(&self) -> &'static str;

    /// Whether a folder could be a project of this stack; cheap, asked of every folder.
    fn claims(&self, dir: &Dir<'_>) -> Option<Claim>;

    /// The facts about a folder that was claimed. `Err`: it is this stack's, and broken.
    fn draft(&self, dir: &Dir<'_>, pack: &StackPack, answers: &Answers) -> Result<Found, Diagnostic>;
}

/// What a detector found in a folder.
#[derive(Debug, Default)]
pub struct Found {
    /// The services: one, or the applications of a workspace.
    pub services: Vec<ServiceDraft>,
    /// Folders that belong to these services and are none themselves: workspace members, assets.
    pub covers: Vec<RelPath>,
}

impl Found {
    /// One service.
    pub fn one(service: ServiceDraft) -> Self {
        Self { services: vec![service], covers: Vec::new() }
    }
}

/// All detectors. The order has no meaning.
pub const DETECTORS: &[&dyn Detector] =
    &[&c::Native, &deno::Deno, &go::Go, &java::Java, &node::Bun, &node::Node, &python::Python, &rust::Rust, &static_site::Static, &zig::Zig];
