//! `templates/<stack>/stack.toml`: the data of one stack.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;

use super::files;
use crate::model::Version;

/// Everything that the catalogue knows of one stack.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StackPack {
    /// The folder's name, and the stack's in the JSON contract unless the detector says otherwise.
    pub id: String,
    /// The name that people read.
    pub title: String,
    /// Stacks that win over this one in a folder that both claim with the same strength.
    #[serde(default)]
    pub yields_to: Vec<String>,
    /// Whether its manifest often stands in other stacks' projects, for their assets.
    #[serde(default)]
    pub serves_others: bool,
    /// Another stack whose packages of the system, companions' clients and data are this one's too.
    pub shares: Option<String>,
    /// The runtime that the base images carry.
    pub runtime: Option<RuntimeRow>,
    /// The base that is chosen where nobody asks for another.
    pub default_base: String,
    /// Why, as a clause.
    pub default_base_because: String,
    /// The kinds of base, by the name that `--base` takes.
    pub bases: BTreeMap<String, BaseRow>,
    /// Images that tools are copied from.
    #[serde(default)]
    pub tools: BTreeMap<String, String>,
    /// Package managers.
    #[serde(default)]
    pub package_manager: Vec<ManagerRow>,
    /// Frameworks, in order of precedence.
    #[serde(default)]
    pub framework: Vec<FrameworkRow>,
    /// Dependencies that need packages of the system.
    #[serde(default)]
    pub system: Vec<SystemRow>,
    /// Entries of .dockerignore beyond the common ones.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// What only this stack's detector reads.
    #[serde(default)]
    pub data: toml::Table,
}

/// A runtime and the lines of it that are supported.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RuntimeRow {
    /// Its name in the JSON contract: `node`.
    pub name: String,
    /// Its name in comments: `Node.js`.
    pub title: String,
    /// The line that is chosen where the project names none.
    pub default: Version,
    /// Why, as a clause.
    pub because: String,
    /// Where the dates come from.
    pub source: String,
    /// How many numbers of a version the image's tag needs at least: 1 for node, 2 for python.
    pub precision: usize,
    /// The lines, oldest first.
    pub lines: Vec<LineRow>,
}

/// One line of a runtime.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LineRow {
    /// `22` or `3.14`.
    pub version: Version,
    /// The day on which support ends, as `2027-04-30`.
    pub end_of_life: String,
    /// Whether it is a line for the long term; a range picks the newest of these.
    #[serde(default)]
    pub long_term: bool,
    /// Whether it is known but never picked from a range.
    #[serde(default)]
    pub never_picked: bool,
    /// The system release of its images where it isn't the base's own.
    pub release: Option<String>,
    /// The first exact version whose images have the base's own release: `release` then holds for older exact versions alone.
    pub release_before: Option<Version>,
    /// The same for its images on Alpine.
    pub alpine: Option<String>,
}

/// One kind of base. In image patterns `{version}` is the runtime's version and `{release}` the system's release.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct BaseRow {
    /// The image of the stages that build.
    pub build: String,
    /// The image of the production stage; the build image where it is absent.
    pub prod: Option<String>,
    /// The system of the production stage: `debian`, `alpine` or `none` (no shell, no package manager).
    pub os: String,
    /// The system of the build stages, where it differs.
    pub build_os: Option<String>,
    /// The system's release in image tags and in the table of package versions.
    #[serde(default)]
    pub release: String,
    /// `uid:gid` of the production stage's user.
    pub user: String,
    /// Whether that user must be made first.
    #[serde(default)]
    pub create_user: bool,
    /// The runtime's program in the production stage, where that stage has no search path to find it by; it runs the health check too.
    #[serde(default)]
    pub program: String,
    /// Other images for flavours of a project: `cgo`, `openssl`.
    #[serde(default)]
    pub flavour: BTreeMap<String, FlavourRow>,
    /// What it is good for, as a clause.
    pub because: String,
}

/// Images of a base for projects of one flavour.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FlavourRow {
    /// The build image.
    pub build: Option<String>,
    /// The production image.
    pub prod: Option<String>,
    /// `uid:gid` of the user that this production image has.
    pub user: Option<String>,
}

/// One package manager.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ManagerRow {
    /// Its name in the JSON contract.
    pub id: String,
    /// The lock files that are its own, by which it is known.
    #[serde(default)]
    pub lock: Vec<String>,
    /// The version that is taken where the project names none.
    pub version: Option<String>,
    /// Where the facts come from.
    pub source: Option<String>,
    /// What only this stack's detector or template reads.
    #[serde(default)]
    pub data: toml::Table,
}

/// One framework.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FrameworkRow {
    /// Its name in the JSON contract.
    pub id: String,
    /// Its name in comments.
    pub title: String,
    /// The dependencies, any of which marks it.
    #[serde(default)]
    pub dependency: Vec<String>,
    /// The port that it listens on unless the project says otherwise.
    pub port: Option<u16>,
    /// The path that it answers on when it is well.
    pub health: Option<String>,
    /// The variables of the production stage that it needs.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Where the facts come from.
    pub source: String,
    /// What only this stack's detector or template reads.
    #[serde(default)]
    pub data: toml::Table,
}

/// A dependency that needs packages of the system.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SystemRow {
    /// The dependency's exact names.
    pub dependency: Vec<String>,
    /// Debian packages that building it needs.
    #[serde(default)]
    pub build: Vec<String>,
    /// Debian packages that running it needs.
    #[serde(default)]
    pub runtime: Vec<String>,
    /// Alpine packages that building it needs.
    #[serde(default)]
    pub alpine_build: Vec<String>,
    /// Alpine packages that running it needs.
    #[serde(default)]
    pub alpine_runtime: Vec<String>,
    /// Debian packages that the development server needs.
    #[serde(default)]
    pub dev: Vec<String>,
    /// Alpine packages that the development server needs.
    #[serde(default)]
    pub alpine_dev: Vec<String>,
    /// Bases that can't carry it, each with the reason.
    #[serde(default)]
    pub refuses: BTreeMap<String, String>,
}

/// What was read already: reading takes longer than most detectors, and a repository of many packages asks for it at each.
static READ: Mutex<BTreeMap<String, StackPack>> = Mutex::new(BTreeMap::new());

impl StackPack {
    /// A stack's data. `Err` says what is wrong with the file; the registry test reads them all.
    pub fn load(id: &str) -> Result<Self, String> {
        let known = || READ.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pack) = known().get(id) {
            return Ok(pack.clone());
        }
        let pack = Self::read(id)?;
        known().insert(id.to_owned(), pack.clone());
        Ok(pack)
    }

    fn read(id: &str) -> Result<Self, String> {
        let path = format!("{id}/stack.toml");
        let text = files::text(&path).ok_or_else(|| format!("templates/{path} is missing"))?;
        let mut pack: Self = toml::from_str(text).map_err(|error| format!("templates/{path}: {error}"))?;
        if let Some(other) = pack.shares.as_deref().filter(|other| *other != id) {
            let other = Self::load(other)?;
            pack.system.extend(other.system);
            for (key, value) in other.data {
                pack.data.entry(key).or_insert(value);
            }
        }
        Ok(pack)
    }

    /// Whether client libraries of a stack are this one's.
    pub fn has_clients_of(&self, stack: &str) -> bool {
        self.id == stack || self.shares.as_deref() == Some(stack)
    }

    /// The framework rows marked by any of these dependencies, in the catalogue's order.
    pub fn frameworks(&self, has: impl Fn(&str) -> bool) -> impl Iterator<Item = &FrameworkRow> {
        self.framework.iter().filter(move |row| row.dependency.iter().any(|name| has(name)))
    }

    /// A framework's row.
    pub fn framework(&self, id: &str) -> Option<&FrameworkRow> {
        self.framework.iter().find(|row| row.id == id)
    }

    /// A package manager's row.
    pub fn manager(&self, id: &str) -> Option<&ManagerRow> {
        self.package_manager.iter().find(|row| row.id == id)
    }

    /// The system row of a dependency.
    pub fn system(&self, dependency: &str) -> Option<&SystemRow> {
        self.system.iter().find(|row| row.dependency.iter().any(|name| name == dependency))
    }
}

impl RuntimeRow {
    /// The line that a version belongs to.
    pub fn line(&self, version: &Version) -> Option<&LineRow> {
        self.lines.iter().find(|line| line.version.covers(version))
    }

    /// The best line that a range allows: the default where it does, else the newest line for the long term, else the newest.
    pub fn best(&self, allows: impl Fn(&Version) -> bool) -> Option<Version> {
        if allows(&self.default) {
            return Some(self.default.clone());
        }
        let open = |line: &&LineRow| !line.never_picked && allows(&line.version);
        let newest_first = || self.lines.iter().rev();
        newest_first().filter(open).find(|line| line.long_term).or_else(|| newest_first().find(open)).map(|line| line.version.clone())
    }
}
