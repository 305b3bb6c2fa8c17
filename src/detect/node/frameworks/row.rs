//! What the catalogue knows of a framework that makes web pages: the `data` of its row.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::catalog::FrameworkRow;
use crate::model::Diagnostic;

/// A framework that makes web pages, on a server or for one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Front {
    /// `front`.
    pub kind: String,
    /// Whether a development dependency marks it too.
    pub development: bool,
    /// Files without which it is only a tool of something else.
    pub needs: Vec<String>,
    /// Dependencies of which one must be there too: without them it builds programs or libraries.
    pub beside: Vec<String>,
    /// Whether it builds pages only where a script or the package names one for it to start from.
    pub from_pages: bool,
    /// Its program, with alternatives: `vite|vinxi`, of which the first is its habit.
    pub cli: String,
    /// The words that make the program serve for development; alternatives as above.
    pub serve: Vec<String>,
    /// The words that make its development server listen on all addresses.
    pub host: Vec<String>,
    /// The port of its development server.
    pub dev_port: u16,
    /// The word that makes the program build, with alternatives as above; empty where it builds by itself.
    pub build: String,
    /// Whether the script named `build` is about something else: a library beside its pages.
    pub apart: bool,
    /// The stems of its settings' files.
    pub settings: Vec<String>,
    /// The folder of its output.
    pub out: String,
    /// The key of that folder in its settings.
    pub out_key: String,
    /// The flag of that folder in the build script, with alternatives.
    pub out_flag: String,
    /// The key of the path below which the site lies.
    pub base_key: String,
    /// The flag of the build script without which that key says nothing.
    pub base_flag: String,
    /// The page that answers for every path, where it makes single-page applications.
    pub page: String,
    /// Where files with a hash in their name lie, as a location of nginx.
    pub hashed: String,
    /// The prefix of variables that are written into the pages.
    pub public: String,
    /// Whether only files get them: a server reads them when it starts.
    pub public_sites: bool,
    /// Folders that it writes besides its output.
    pub made: Vec<String>,
    /// The folder that a build leaves for the next.
    pub cache: String,
    /// Variables of every stage that builds or runs it.
    pub env: BTreeMap<String, String>,
    /// Variables of the development stage.
    pub dev_env: BTreeMap<String, String>,
    /// Where files are routes.
    pub routes: Vec<Routes>,
    /// The first major version whose bundler works with the TLS library of today's Node.js.
    pub modern: u32,
    /// Whether a program of its own serves what it builds, so that no script that runs a file is about its build.
    pub served_apart: bool,
    /// Whether its dependencies name the versions of Node.js that they know, and no later ones: yarn 1 refuses those.
    pub old_engines: bool,
}

/// A folder whose files are routes.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Routes {
    /// The folder.
    pub folder: String,
    /// The path that it stands for.
    pub path: String,
    /// The stem of the file that makes a folder a route; empty where the file itself is one.
    pub leaf: String,
}

impl Front {
    /// The data of a row; `None` for frameworks of another kind.
    pub fn of(row: &FrameworkRow) -> Result<Option<Self>, Diagnostic> {
        if row.data.get("kind").and_then(toml::Value::as_str) != Some("front") {
            return Ok(None);
        }
        let front = row.data.clone().try_into().map_err(|error| Diagnostic::error("catalogue", format!("framework `{}`: {error}", row.id)))?;
        Ok(Some(front))
    }

    /// Whether a word makes the program build.
    pub fn builds(&self, word: &str) -> bool {
        is_one_of(word, &self.build)
    }
}

/// Whether a word is one of these alternatives.
pub fn is_one_of(word: &str, alternatives: &str) -> bool {
    alternatives.split('|').any(|alternative| alternative == word)
}

/// What a framework does where a project does not say.
pub fn habit(alternatives: &str) -> &str {
    alternatives.split('|').next().unwrap_or_default()
}
