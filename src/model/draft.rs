//! What a detector states about one service.

use std::collections::BTreeMap;

use super::question::Question;
use super::{Cmd, Decision, Diagnostic, Evidence, FrontEnd, RelPath, Source, Version};

/// How sure a detector is that a folder is its own, before it opens a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Something of the stack is there: a source file.
    Hint,
    /// The stack is there, though perhaps only as a helper of another: a package.json beside a manage.py.
    Likely,
    /// The folder's own manifest.
    Certain,
}

/// A detector's claim to a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// How sure it is.
    pub strength: Strength,
    /// What it saw.
    pub because: Evidence,
}

impl Claim {
    /// A claim by the presence of a file.
    pub fn new(strength: Strength, because: Evidence) -> Self {
        Self { strength, because }
    }
}

/// What a service is, as far as a container cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Listens on a port.
    Server,
    /// Files for a web server.
    Site,
    /// Runs for long without a port.
    Worker,
    /// Runs, does its work and ends.
    Tool,
}

impl Kind {
    /// Its name in templates and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Site => "site",
            Self::Worker => "worker",
            Self::Tool => "tool",
        }
    }
}

/// How a running container is asked whether it is well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// An HTTP path that answers below 500.
    Http(Decision<String>),
    /// Not asked, for this reason.
    None {
        /// Why, as a clause for a comment.
        because: String,
    },
}

/// A dependency that a manifest or lock file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// Its normalised name in its ecosystem.
    pub name: String,
    /// Where it is named.
    pub at: Evidence,
    /// Whether production needs it.
    pub production: bool,
}

/// A question that the project leaves open: candidates that weigh the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The question.
    pub question: Question,
    /// What is the matter: "two lock files".
    pub message: String,
    /// The candidates, each with its evidence.
    pub candidates: Vec<(String, Source)>,
}

impl Open {
    /// The error that a script gets.
    pub fn diagnostic(&self, service: &str) -> Diagnostic {
        let flag = self.question.flag();
        let choices: Vec<String> = self.candidates.iter().map(|(value, _)| value.clone()).collect();
        let help = match choices.first() {
            Some(first) if choices.len() > 1 => format!("choose one of {} with {flag}, for example {flag} {}", choices.join(", "), quote(first)),
            Some(only) => format!("pass {flag} {}", quote(only)),
            None => format!("say it with {flag}"),
        };
        Diagnostic::error("undecided", format!("service `{service}`: {}", self.message))
            .at_all(self.candidates.iter().filter_map(|(_, source)| source.evidence().cloned()))
            .help(help)
            .asks(self.question, choices)
    }
}

fn quote(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}

/// Facts about one service, each with its evidence; templates never see a draft.
#[derive(Clone, Debug)]
pub struct ServiceDraft {
    /// The stack as the JSON contract names it.
    pub stack: String,
    /// The folder under `templates/` that renders it; empty for a stack that dockgen can only name.
    pub pack: &'static str,
    /// The folder of the service.
    pub root: RelPath,
    /// The build context: the service's folder, or the root of the workspace that it is a member of.
    pub context: RelPath,
    /// Its name: lower case letters, digits and hyphens.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The runtime's name where it is neither the pack's nor the stack's: Java's for Kotlin.
    pub runtime_name: Option<&'static str>,
    /// The runtime's version, as the base image's tag spells it; `None` where the stack has no runtime (C, static files).
    pub runtime: Option<Decision<Version>>,
    /// The package manager's name.
    pub package_manager: Option<Decision<String>>,
    /// The framework's name.
    pub framework: Option<Decision<String>>,
    /// What compiles or bundles it.
    pub build: Option<Decision<Cmd>>,
    /// What the production container runs.
    pub start: Option<Decision<Cmd>>,
    /// What the development container runs.
    pub dev: Option<Decision<Cmd>>,
    /// The port that it listens on.
    pub port: Option<Decision<u16>>,
    /// How it is asked for its health.
    pub health: Health,
    /// What it depends on, for system packages and companions.
    pub dependencies: Vec<Dependency>,
    /// Rows of the catalogue's system packages that it needs, by the dependency's name.
    pub system: Vec<Dependency>,
    /// A flavour of the base images in `stack.toml` that the project needs (`cgo`, `openssl`).
    pub flavour: Option<&'static str>,
    /// Bases that can't work for it, each with the reason.
    pub refused: BTreeMap<String, String>,
    /// Tags of the catalogue's tools that the project asks for, by the tool.
    pub tool_tags: BTreeMap<String, String>,
    /// The base that suits it better than the stack's default.
    pub base: Option<Decision<String>>,
    /// Variables of the production stage.
    pub env: Vec<(String, String)>,
    /// Entries of .dockerignore beyond the stack's; with `!` what must be kept.
    pub ignore: Vec<String>,
    /// What the development container gets in compose.yaml.
    pub compose: Compose,
    /// What runs beside it out of the same image.
    pub processes: Vec<Process>,
    /// Folders beside its own that its build needs, each with where it belongs in the image.
    pub beside: Vec<(RelPath, String)>,
    /// The front end that it takes in.
    pub front: Option<Box<FrontEnd>>,
    /// For the compose file: what is synced, and what makes a rebuild.
    pub watch: Watch,
    /// What the template of this stack needs beyond the common facts.
    pub extra: serde_json::Map<String, serde_json::Value>,
    /// Questions left open.
    pub open: Vec<Open>,
    /// What there is to say.
    pub notes: Vec<Diagnostic>,
    /// Facts for the explanation that have no field of their own.
    pub facts: Vec<(String, Decision<String>)>,
}

/// A process beside the one that the image starts: the same image with another command.
#[derive(Clone, Debug)]
pub struct Process {
    /// What it is called: `worker`, `beat`.
    pub name: String,
    /// What it runs.
    pub command: Decision<Cmd>,
}

/// What `develop.watch` does, with paths relative to the draft's context.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watch {
    /// What happens on an edit of the source: `sync`, `sync+restart` or `rebuild`.
    pub action: String,
    /// The folder or files that are synced; `.` for all.
    pub paths: Vec<String>,
    /// What is not synced, relative to the path.
    pub ignore: Vec<String>,
    /// Files whose change means a new image.
    pub rebuild: Vec<String>,
}

/// What the development container gets in compose.yaml beyond what every stack's gets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compose {
    /// Volumes, `name:/path` or `./path:/path`.
    pub volumes: Vec<String>,
    /// Variables; they win over those of the companions.
    pub env: Vec<(String, String)>,
    /// The names of the variables that the program reads, where they are known.
    pub reads: Vec<String>,
    /// The companions that `env` leads to by the program's own variables, so that those of the catalogue would be for nobody.
    pub led: Vec<String>,
    /// Secrets that the build mounts.
    pub secrets: Vec<BuildSecret>,
}

/// A secret that a build mounts: never in a layer, never in an argument.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct BuildSecret {
    /// Its name, as `--secret id=` and the mount have it.
    pub id: String,
    /// The variable that carries it; empty where a file does.
    pub env: String,
    /// The file that carries it, relative to the draft's context; empty where a variable does.
    pub file: String,
}

impl ServiceDraft {
    /// A draft that states nothing but what and where the service is.
    pub fn new(pack: &'static str, root: RelPath, name: &str) -> Self {
        Self {
            stack: pack.to_owned(),
            pack,
            context: root.clone(),
            name: slug(name).unwrap_or_else(|| "app".to_owned()),
            root,
            kind: Kind::Server,
            runtime_name: None,
            runtime: None,
            package_manager: None,
            framework: None,
            build: None,
            start: None,
            dev: None,
            port: None,
            health: Health::None { because: String::new() },
            dependencies: Vec::new(),
            system: Vec::new(),
            flavour: None,
            refused: BTreeMap::new(),
            tool_tags: BTreeMap::new(),
            base: None,
            env: Vec::new(),
            ignore: Vec::new(),
            compose: Compose::default(),
            processes: Vec::new(),
            beside: Vec::new(),
            front: None,
            watch: Watch::default(),
            extra: serde_json::Map::new(),
            open: Vec::new(),
            notes: Vec::new(),
            facts: Vec::new(),
        }
    }

    /// The name of what runs it, for a stack whose pack doesn't say.
    pub fn runtime_name(&self) -> &str {
        self.runtime_name.unwrap_or(&self.stack)
    }

    /// Hands a value to the template as `x.<key>`.
    pub fn set(&mut self, key: &str, value: impl Into<serde_json::Value>) {
        self.extra.insert(key.to_owned(), value.into());
    }
}

/// A name fit for compose services and images; `None` when nothing of it is left.
pub fn slug(name: &str) -> Option<String> {
    let name = name.rsplit('/').next().unwrap_or(name);
    let mut slug = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug: String = slug.trim_end_matches('-').chars().take(60).collect();
    (!slug.is_empty()).then_some(slug)
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn names_become_slugs() {
        assert_eq!(slug("@acme/My_App").as_deref(), Some("my-app"));
        assert_eq!(slug("--\n$(x)").as_deref(), Some("x"));
        assert_eq!(slug("日本"), None);
    }
}
