//! Everything decided: what templates see. Serialised as it is into their context.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Diagnostic, RelPath};

/// What will be written.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The services that get files.
    pub services: Vec<ServicePlan>,
    /// The compose file, if one is wanted.
    pub compose: Option<ComposePlan>,
    /// The .dockerignore files, by build context.
    pub ignores: Vec<IgnorePlan>,
    /// What there is to say; an error means that nothing is written.
    pub diagnostics: Vec<Diagnostic>,
    /// The project's own templates.
    pub templates: Vec<Template>,
}

/// A template of the project's own, in place of the built-in one of the same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its name: `node/Dockerfile.tera`.
    pub name: String,
    /// Where it lies, for messages.
    pub place: String,
    /// Its text.
    pub text: String,
}

/// One service, every choice made.
#[derive(Clone, Debug, Serialize)]
pub struct ServicePlan {
    /// The service's name.
    pub name: String,
    /// The folder under `templates/`.
    pub pack: String,
    /// The stack of the JSON contract.
    pub stack: String,
    /// `server`, `site`, `worker` or `tool`.
    pub kind: String,
    /// The service's folder seen from the build context: empty, or ending in `/`.
    pub dir: String,
    /// The same as the source of a COPY of everything: `.`, or the folder.
    pub here: String,
    /// The service's folder in the repository.
    pub root: RelPath,
    /// The build context in the repository.
    pub context: RelPath,
    /// Where its Dockerfile goes.
    pub dockerfile: RelPath,
    /// The runtime, where the stack has one.
    pub runtime: Option<RuntimePlan>,
    /// `slim`, `alpine`, `distroless` or `scratch`.
    pub base: String,
    /// The system of the build stages: `debian` or `alpine`.
    pub build_os: String,
    /// The system of the production stage: `debian`, `alpine` or `none`.
    pub os: String,
    /// The name and release of the build stages' system: `Debian 13`.
    pub system: String,
    /// The runtime's program as the production stage finds it: `node`, or its path.
    pub program: String,
    /// The images by role: `build`, `prod`, and the tools by name.
    pub images: BTreeMap<String, String>,
    /// The user of the production stage.
    pub user: UserPlan,
    /// The package manager's name, empty where there is none.
    pub manager: String,
    /// The framework's name, empty where there is none.
    pub framework: String,
    /// The build command as shell text, empty where there is none.
    pub build: String,
    /// The words of CMD.
    pub start: Vec<String>,
    /// The words of the development stage's CMD.
    pub dev: Vec<String>,
    /// The port, where it listens.
    pub port: Option<u16>,
    /// The path that answers when it is well; `None`: HEALTHCHECK NONE.
    pub health: Option<String>,
    /// Why there is no health check.
    pub no_health: String,
    /// System packages, with versions where known.
    pub packages: PackagesPlan,
    /// Variables of the production stage.
    pub env: BTreeMap<String, String>,
    /// The names of the stages.
    pub stages: Stages,
    /// What develop.watch does.
    pub watch: WatchPlan,
    /// Reasons for comments: `runtime`, `base`.
    pub why: BTreeMap<String, String>,
    /// What the stack's detector handed to its template.
    pub x: serde_json::Map<String, serde_json::Value>,
    /// Folders of the build context beside its own, each with where it belongs in the image.
    pub beside: Vec<(String, String)>,
    /// The front end that it takes in.
    pub front: Option<FrontPlan>,
    /// What is added to the rendered text.
    #[serde(skip)]
    pub custom: Custom,
}

/// The stage of a front end that the program takes in.
#[derive(Clone, Debug, Serialize)]
pub struct FrontPlan {
    /// Its runtime.
    pub runtime: RuntimePlan,
    /// Why it is this version.
    pub why: String,
    /// System packages that its installation needs.
    pub packages: Vec<String>,
    /// Its folder seen from the build context: empty, or ending in `/`.
    pub dir: String,
    /// The same as the source of a COPY of everything.
    pub here: String,
    /// The ending of files of that folder that it has no use for; empty for none.
    pub exclude: String,
    /// Its folder in its stage.
    pub home: String,
    /// Its build command.
    pub build: String,
    /// What its build makes, in its stage.
    pub output: String,
    /// The same for people: seen from the build context.
    pub makes: String,
    /// Where the program wants it, seen from the program's folder.
    pub wanted: String,
    /// Whether the program reads it while it runs.
    pub read: bool,
    /// The images that its stage stands on; the program's plan holds them too.
    #[serde(skip)]
    pub images: BTreeMap<String, String>,
    /// What its detector handed to its template.
    pub x: serde_json::Map<String, serde_json::Value>,
}

/// What a company or a project adds to images without a template of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Custom {
    /// Packages of the system for the production stage.
    pub packages: Vec<String>,
    /// Packages of the system for the stages that build.
    pub build_packages: Vec<String>,
    /// Entries of .dockerignore.
    pub ignore: Vec<String>,
    /// Variables of the production stage.
    pub env: Vec<(String, String)>,
    /// Labels of the production stage.
    pub labels: Vec<(String, String)>,
    /// Build arguments of the build stage, with their defaults, which may be empty.
    pub build_args: Vec<(String, String)>,
    /// Instructions at named points.
    pub inserts: Vec<Insert>,
    /// What stands before the name of every base image.
    pub registry: Option<String>,
    /// The certificate that every stage trusts, relative to the repository, in a plan relative to the build context.
    pub certificate: Option<String>,
    /// The user of the production stage.
    pub user: Option<(u32, u32)>,
}

impl Custom {
    /// The same with more, which wins.
    #[must_use]
    pub fn with(mut self, more: &Self) -> Self {
        self.packages.extend(more.packages.iter().cloned());
        self.build_packages.extend(more.build_packages.iter().cloned());
        self.ignore.extend(more.ignore.iter().cloned());
        for (all, own) in [(&mut self.env, &more.env), (&mut self.labels, &more.labels), (&mut self.build_args, &more.build_args)] {
            all.retain(|(name, _)| !own.iter().any(|(other, _)| other == name));
            all.extend(own.iter().cloned());
        }
        self.inserts.extend(more.inserts.iter().cloned());
        self.registry = more.registry.clone().or(self.registry);
        self.certificate = more.certificate.clone().or(self.certificate);
        self.user = more.user.or(self.user);
        self
    }
}

/// Instructions at a named point of a stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Insert {
    /// The stage, by its part (`prod`) or by the project's own name for it.
    pub stage: String,
    /// Where in the stage.
    pub at: Point,
    /// The instructions.
    pub text: String,
}

/// A point of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// After FROM.
    Start,
    /// Before USER, as root; at the end where there is no USER.
    Root,
    /// Before EXPOSE and the command, or after the last instruction.
    End,
}

/// The runtime of a service.
#[derive(Clone, Debug, Serialize)]
pub struct RuntimePlan {
    /// `node`.
    pub name: String,
    /// `Node.js`.
    pub title: String,
    /// `22`.
    pub version: String,
}

/// The user of the production stage.
#[derive(Clone, Debug, Serialize)]
pub struct UserPlan {
    /// `uid:gid`.
    pub id: String,
    /// The user's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
    /// Whether the image lacks it.
    pub create: bool,
}

/// Packages of the system.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PackagesPlan {
    /// Needed to build; what the runtime needs is left out where both stand on the same image.
    pub build: Vec<String>,
    /// Needed to run.
    pub runtime: Vec<String>,
    /// Needed by the development server.
    pub dev: Vec<String>,
}

/// The project's names of the stages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stages {
    /// The common ground.
    pub base: String,
    /// The dependencies.
    pub deps: String,
    /// For development.
    pub dev: String,
    /// The build.
    pub build: String,
    /// Production, the last one.
    pub prod: String,
    /// Production with another environment, where it is named.
    pub staging: Option<String>,
}

impl Default for Stages {
    fn default() -> Self {
        let own = |name: &str| name.to_owned();
        Self { base: own("base"), deps: own("deps"), dev: own("dev"), build: own("build"), prod: own("prod"), staging: None }
    }
}

/// What `docker compose watch` does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WatchPlan {
    /// One row an action.
    pub rows: Vec<WatchRow>,
}

/// One action of `develop.watch`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WatchRow {
    /// `sync`, `sync+restart` or `rebuild`.
    pub action: String,
    /// The path, relative to compose.yaml.
    pub path: String,
    /// The path in the image, for `sync`.
    pub target: String,
    /// What is left out, relative to the path.
    pub ignore: Vec<String>,
}

/// compose.yaml.
#[derive(Clone, Debug, Serialize)]
pub struct ComposePlan {
    /// The project's name.
    pub name: String,
    /// Where it goes.
    pub path: RelPath,
    /// The services, in order of their names.
    pub services: Vec<ComposeService>,
    /// Named volumes.
    pub volumes: Vec<String>,
    /// Secrets that builds mount.
    pub secrets: Vec<super::BuildSecret>,
}

/// A service in compose.yaml: an application that is built, or a companion that is pulled.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ComposeService {
    /// Its name.
    pub name: String,
    /// How it is built; `None` for a companion.
    pub build: Option<ComposeBuild>,
    /// The image of a companion, else empty.
    pub image: String,
    /// The companions that it waits for.
    pub depends_on: Vec<String>,
    /// Volumes, `name:/path`.
    pub volumes: Vec<String>,
    /// Variables.
    pub env: BTreeMap<String, String>,
    /// The file of variables that may be there, empty for a companion.
    pub env_file: String,
    /// Ports, `host:container`.
    pub ports: Vec<String>,
    /// The command in place of the image's.
    pub command: Vec<String>,
    /// The health test of a companion.
    pub health: Vec<String>,
    /// Capabilities beyond none.
    pub capabilities: Vec<String>,
    /// What is watched.
    pub watch: Vec<WatchRow>,
    /// Whether it wants a terminal.
    pub tty: bool,
}

/// How an application is built.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ComposeBuild {
    /// The build context.
    pub context: String,
    /// The Dockerfile seen from the context; empty where it is `Dockerfile`.
    pub dockerfile: String,
    /// The stage.
    pub target: String,
    /// The names of the secrets that it mounts.
    pub secrets: Vec<String>,
}

/// One .dockerignore.
#[derive(Clone, Debug, Serialize)]
pub struct IgnorePlan {
    /// Where it goes.
    pub path: RelPath,
    /// The entries of the stacks and the project.
    pub entries: Vec<String>,
}

/// A file ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Where it goes.
    pub path: RelPath,
    /// Its text.
    pub text: String,
}
