//! Companions in compose.yaml: `templates/_shared/services.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::files;

/// The table of companions.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Services {
    /// The rows, in the order in which they stand in compose.yaml.
    pub service: Vec<ServiceRow>,
}

/// A database or broker that a client library points to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ServiceRow {
    /// The service's name in compose.yaml.
    pub id: String,
    /// Its name in messages.
    pub title: String,
    /// The client libraries that point to it, by stack; exact names.
    pub clients: BTreeMap<String, Vec<String>>,
    /// The image.
    pub image: String,
    /// The port that it listens on.
    pub port: u16,
    /// Where it keeps its data, if it keeps any.
    pub volume: Option<String>,
    /// Its own variables.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// How compose asks for its health: words after `CMD`, or one text after `CMD-SHELL`.
    pub health: Vec<String>,
    /// Variables that the application gets.
    #[serde(default)]
    pub app_env: BTreeMap<String, String>,
    /// Capabilities that its entry script needs.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// Where the facts come from.
    pub source: String,
}

impl Services {
    /// Reads the table.
    pub fn load() -> Result<Self, String> {
        let text = files::text("_shared/services.toml").ok_or("templates/_shared/services.toml is missing")?;
        toml::from_str(text).map_err(|error| format!("templates/_shared/services.toml: {error}"))
    }
}
