//! Formats that more than one detector reads. `None` = not there; `Err` = there, and broken, with file and line.

pub mod doc;
pub mod dockerfile;
pub mod ignored;
pub mod package_json;
pub mod pattern;
pub mod procfile;
pub mod properties;
mod shape;
pub mod tool_versions;
pub mod xml;

pub use doc::{Document, Node, Value};
pub use package_json::Package;

/// Names of a compose file, the one that Docker takes first. (compose-spec/compose-go cli/options.go)
pub const COMPOSE: &[&str] = &["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
