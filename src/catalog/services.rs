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
    /// Other names that programs give to the first of these.
    #[serde(default)]
    pub also: Vec<String>,
    /// The same for frameworks that have names of their own for them.
    #[serde(default)]
    pub framework_env: BTreeMap<String, BTreeMap<String, String>>,
    /// Capabilities that its entry script needs.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// Where the facts come from.
    pub source: String,
}

impl ServiceRow {
    /// The variables that an application gets which reads these: the address by the name that it reads.
    pub fn app_env_of(&self, framework: &str, reads: &[String]) -> BTreeMap<String, String> {
        if let Some(own) = self.framework_env.get(framework) {
            return own.clone();
        }
        let known = |name: &String| reads.contains(name);
        let other = self.also.iter().find(|name| known(name)).filter(|_| !self.app_env.keys().any(known));
        self.app_env.iter().map(|(name, value)| (other.unwrap_or(name).clone(), value.clone())).collect()
    }
}

impl Services {
    /// Reads the table.
    pub fn load() -> Result<Self, String> {
        let text = files::text("_shared/services.toml").ok_or("templates/_shared/services.toml is missing")?;
        toml::from_str(text).map_err(|error| format!("templates/_shared/services.toml: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::Services;

    #[test]
    fn an_address_stands_under_the_name_that_the_program_reads() {
        let services = Services::load().expect("a table");
        let row = services.service.iter().find(|row| row.id == "mongo").expect("a row");
        let name = |reads: &[&str]| row.app_env_of("", &reads.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).into_keys().next();
        assert_eq!(name(&[]).as_deref(), Some("MONGODB_URI"));
        assert_eq!(name(&["PORT", "MONGO_URI"]).as_deref(), Some("MONGO_URI"));
        assert_eq!(name(&["MONGO_URI", "MONGODB_URI"]).as_deref(), Some("MONGODB_URI"));
        assert_eq!(row.app_env_of("spring-boot", &[]).into_keys().next().as_deref(), Some("SPRING_DATA_MONGODB_URI"));
    }

    #[test]
    fn other_names_stand_for_one_variable() {
        let services = Services::load().expect("a table");
        assert!(services.service.iter().all(|row| row.also.is_empty() || row.app_env.len() == 1));
    }
}
