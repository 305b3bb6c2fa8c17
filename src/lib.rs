//! dockgen reads a repository and writes the Dockerfile, .dockerignore and compose.yaml that its experts would have written.
//!
//! The flow is one way: `fs::disk::scan` lists the repository, [`detect`] states facts with their evidence, [`plan`] decides,
//! [`render`] makes text and reads it back, [`write`](mod@write) puts it on the disk, all or nothing. Each step knows only [`model`];
//! [`workflow`] alone calls more than one of them. `docs/architecture.md` has the reasons.

pub mod catalog;
pub mod check;
pub mod cli;
pub mod config;
pub mod detect;
pub mod fs;
pub mod manifest;
pub mod model;
pub mod plan;
pub mod render;
pub mod report;
pub mod workflow;
pub mod write;
