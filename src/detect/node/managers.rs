//! npm, pnpm, yarn and bun: which one it is, and what it needs in an image.

use serde::Deserialize;

use super::{registries, tied};
use crate::catalog::StackPack;
use crate::detect::asked;
use crate::fs::Dir;
use crate::manifest::{Document, Package};
use crate::model::answers::Hints;
use crate::model::question::Question;
use crate::model::{BuildSecret, Candidates, Cmd, Decision, Diagnostic, Evidence, Open, Source};

/// The catalogue's facts about a package manager: the `data` of its row.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Facts {
    /// The package on npm that brings it; empty where the image has it.
    #[serde(default)]
    package: String,
    /// The image that brings it, by its name among the tools.
    #[serde(default)]
    tool: String,
    /// The versions that write a format of the lock file, by the format's number.
    #[serde(default)]
    versions: toml::Table,
    /// Variables that it needs from the installation on.
    #[serde(default)]
    env: toml::Table,
    /// Installs all that is locked.
    install: String,
    /// Installs where nothing is locked.
    unlocked: String,
    /// Leaves out the development dependencies.
    prune: String,
    /// Whether that needs the cache.
    #[serde(default)]
    prune_cached: bool,
    /// Installs the production dependencies of one workspace member.
    member: String,
    /// Whether that starts from the manifests alone, not from the full installation.
    #[serde(default)]
    member_anew: bool,
    /// Installs the production dependencies of the workspace's root alone, where that is not said as of a member.
    #[serde(default)]
    root: String,
    /// The flag that adds the dependencies of a member to those, and stands for the root.
    #[serde(default)]
    root_with: String,
    /// Whether it installs for every member that it sees, so that the others must be out of its sight.
    #[serde(default)]
    member_sees_all: bool,
    /// Runs a script of the package; of workspace members, with `{members}`.
    run: String,
    /// The same for workspace members.
    run_members: String,
    /// The name of one member in `run-members`.
    one_member: String,
    /// Runs a script of a member and all that it depends on, in their order, where the manager can.
    #[serde(default)]
    run_closure: String,
    /// The same without the member itself.
    #[serde(default)]
    run_below: String,
    /// Its cache.
    cache: String,
    /// The cache's name.
    cache_id: String,
    /// Whether two installations at once break it.
    #[serde(default)]
    cache_locked: bool,
    /// Files beside `package.json` and the lock that it reads.
    #[serde(default)]
    files: Vec<String>,
    /// Edits a `package.json`, and the flag before the folder of another one.
    edit: [String; 2],
}

/// The package manager of a project.
#[derive(Clone, Debug)]
pub struct Manager {
    /// Its name and why.
    pub name: Decision<String>,
    /// Its lock file, where there is one.
    pub lock: Option<String>,
    /// Questions that its choice leaves open.
    pub open: Option<Open>,
    /// What there is to say.
    pub notes: Vec<Diagnostic>,
    /// Its exact version, where it is installed by the image.
    version: String,
    facts: Facts,
    /// Secrets that its settings ask for.
    pub secrets: Vec<BuildSecret>,
    /// What stands before its commands: empty, or the file that Node.js runs.
    program: String,
    /// Files of the root that it reads, and folders.
    files: Vec<String>,
}

impl Manager {
    /// The package manager of the folder that holds the lock file.
    pub fn choose(dir: &Dir<'_>, package: Option<&Package>, pack: &StackPack, hints: &Hints<'_>) -> Result<Self, Diagnostic> {
        let locks = locks(dir, pack);
        let known = names(pack);
        let declared = package.and_then(declared).filter(|(name, _, _)| known.contains(&name.as_str()));
        let mut candidates = Candidates::new();
        candidates.extend(declared.as_ref().map(|(name, _, at)| (name.clone(), Source::File(at.clone()))));
        let mut managers: Vec<&String> = locks.iter().map(|(name, _)| name).collect();
        managers.dedup();
        let several = managers.len() > 1 && declared.is_none();
        let told = package.filter(|_| several).and_then(|package| tied::decided(dir, package, &locks));
        candidates.extend(told.clone());
        for (name, file) in &locks {
            candidates.push(name.clone(), Source::inferred("its lock file", [Evidence::file(dir.at(file))]));
        }
        candidates.extend(known.first().map(|name| ((*name).to_owned(), Source::default(format!("it comes with {}", pack.title)))));
        let Some(name) = asked::one_of(hints, Question::PackageManager, &known, candidates)? else { unreachable!("a default was pushed") };
        let open = (several && told.is_none() && !name.source.is_explicit()).then(|| Open {
            question: Question::PackageManager,
            message: "lock files of more than one package manager".to_owned(),
            candidates: locks.iter().map(|(name, file)| (name.clone(), Source::File(Evidence::file(dir.at(file))))).collect(),
        });
        let lock = locks.into_iter().find(|(manager, _)| *manager == name.value).map(|(_, file)| file);
        let asked_version = declared.filter(|(declared, _, _)| *declared == name.value).map(|(_, version, _)| version).unwrap_or_default();
        let release = if name.value == "yarn" { release(dir)? } else { None };
        let id = row_id(&name.value, dir, lock.as_deref(), &asked_version, release.as_deref())?;
        let row = pack.manager(&id).ok_or_else(|| Diagnostic::error("catalogue", format!("no package manager `{id}`")))?;
        let mut facts: Facts = row.data.clone().try_into().map_err(|error| Diagnostic::error("catalogue", format!("package manager `{id}`: {error}")))?;
        let version = if asked_version.is_empty() { fitting(dir, lock.as_deref(), &facts)?.or(row.version.clone()).unwrap_or_default() } else { asked_version };
        let mut files = files(dir, &facts, release.as_deref());
        let secrets = registries::secrets(dir, &mut files);
        let plug = name.value == "yarn" && linker(dir)?.is_none_or(|linker| linker != "node-modules");
        if !plug {
            facts.env.remove("YARN_NODE_LINKER");
        }
        let notes =
            if lock.is_none() && package.is_some_and(|package| package.has_any("dependencies")) { vec![unlocked(dir, &name.value)] } else { Vec::new() };
        let program = release.map(|file| format!("node {}", Cmd::word(&file))).unwrap_or_default();
        Ok(Self { name, lock, open, notes, version, facts, secrets, program, files })
    }

    /// What stands behind `run`: the command that runs a script of the package.
    pub fn run(&self, script: &str) -> String {
        format!("{} {}", self.command(&self.facts.run), Cmd::word(script))
    }

    /// The command that runs a script of workspace members, in this order.
    pub fn run_members(&self, script: &str, members: &[&str]) -> String {
        let named = members.iter().map(|name| self.command(&self.facts.one_member).replace("{name}", &Cmd::word(name)));
        let between = if self.facts.run_members == "{members}" { " && " } else { " " };
        let named = named.collect::<Vec<_>>().join(between);
        self.command(&self.facts.run_members).replace("{members}", &named).replace("{script}", &Cmd::word(script))
    }

    /// The command that builds members: these, in their order, of which the last is the application or, `below` it, is not.
    pub fn build_closure(&self, app: &str, members: &[&str], below: bool) -> String {
        let whole = if below { &self.facts.run_below } else { &self.facts.run_closure };
        if whole.is_empty() || members.len() == 1 && !below {
            return self.run_members("build", members);
        }
        self.command(whole).replace("{name}", &Cmd::word(app)).replace("{script}", "build")
    }

    /// Whether it is yarn 1, which runs every script.
    pub fn is_classic(&self) -> bool {
        self.facts.cache_id == "yarn"
    }

    /// Whether it is a successor of yarn 1, which runs no script before or after another.
    pub fn is_berry(&self) -> bool {
        self.facts.cache_id == "yarn-berry"
    }

    /// Whether it runs no install script of a dependency that the project does not allow: pnpm from 10 on, yarn from 4.14 on.
    pub fn blocks_scripts(&self, root: &Dir<'_>) -> Result<bool, Diagnostic> {
        let numbers: Vec<u32> = self.version.split('.').map_while(|part| part.parse().ok()).collect();
        let at_least = |wanted: &[u32]| numbers.is_empty() || numbers.as_slice() >= wanted;
        Ok(match self.facts.cache_id.as_str() {
            "pnpm" => at_least(&[10]),
            "yarn-berry" => {
                let enabled = Document::read(root, ".yarnrc.yml")?.and_then(|settings| settings.get(&["enableScripts"]).and_then(crate::manifest::Node::bool));
                enabled.map_or_else(|| at_least(&[4, 14]), |enabled| !enabled)
            }
            _ => false,
        })
    }

    /// What the template needs of it.
    pub fn for_template(&self, name: &str) -> serde_json::Value {
        let install = if self.lock.is_some() { &self.facts.install } else { &self.facts.unlocked };
        let tool = match self.facts.package.as_str() {
            package if !package.is_empty() && self.program.is_empty() => format!("{package}@{}", self.version),
            _ => String::new(),
        };
        serde_json::json!({
            "tool": tool,
            "image": self.facts.tool,
            "env": self.facts.env,
            "install": self.command(install),
            "run": self.command(&self.facts.run),
            "prune": self.command(&self.facts.prune),
            "prune_cached": self.facts.prune_cached,
            "member": self.command(&self.facts.member).replace("{name}", &Cmd::word(name)),
            "member_anew": self.facts.member_anew,
            "cache": self.facts.cache,
            "cache_id": self.facts.cache_id,
            "cache_locked": self.facts.cache_locked,
            "secrets": self.mounts(),
            "lock": self.lock,
            "files": self.manifests(),
            "edit": self.facts.edit,
            "folders": self.files.iter().filter_map(|file| file.strip_suffix('/')).collect::<Vec<_>>(),
        })
    }

    /// The same for a member of a workspace; `outside` are the members that it has no use for.
    pub fn for_member(&self, name: &str, outside: &[String]) -> serde_json::Value {
        let mut value = self.for_template(name);
        if self.facts.member_sees_all && !outside.is_empty() {
            let folders: Vec<String> = outside.iter().map(|folder| Cmd::word(folder)).collect();
            value["member"] = format!("rm -r {} && {}", folders.join(" "), self.command(&self.facts.member)).into();
        }
        value
    }

    /// The same for the workspace's root, which uses these members.
    pub fn for_root(&self, name: &str, used: &[&str], outside: &[String]) -> serde_json::Value {
        let name = if name.is_empty() { "{.}" } else { name };
        let mut value = self.for_member(name, outside);
        if !self.facts.root.is_empty() {
            let named = used.iter().map(|member| self.facts.one_member.replace("{name}", &Cmd::word(member)));
            let command = match used {
                [] => self.facts.root.clone(),
                _ => std::iter::once(self.facts.root_with.clone()).chain(named).collect::<Vec<_>>().join(" "),
            };
            value["member"] = self.command(&command).into();
        }
        value
    }

    /// The secrets as mounts of RUN.
    fn mounts(&self) -> Vec<String> {
        let mount = |secret: &BuildSecret| match secret.file.as_str() {
            "" => format!("id={},env={}", secret.id, secret.env),
            file => format!("id={},target=/app/{file}", secret.id),
        };
        self.secrets.iter().map(mount).collect()
    }

    /// The files of the root that an installation reads.
    pub fn manifests(&self) -> Vec<String> {
        let own = self.files.iter().filter(|file| !file.ends_with('/')).cloned();
        std::iter::once("package.json".to_owned()).chain(self.lock.clone()).chain(own).collect()
    }

    /// The command with the release that the repository carries in place of the program's name.
    fn command(&self, text: &str) -> String {
        match text.strip_prefix("yarn ") {
            Some(rest) if !self.program.is_empty() => format!("{} {rest}", self.program),
            _ => text.to_owned(),
        }
    }
}

/// The name that `--package-manager` takes of a row.
fn plain(id: &str) -> &str {
    id.split('-').next().unwrap_or(id)
}

/// The names that `--package-manager` takes; the first comes with the runtime.
fn names(pack: &StackPack) -> Vec<&str> {
    let mut names: Vec<&str> = pack.package_manager.iter().map(|row| plain(&row.id)).collect();
    names.dedup();
    names
}

/// The lock files of a folder with their package managers, in the catalogue's order.
fn locks(dir: &Dir<'_>, pack: &StackPack) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for row in &pack.package_manager {
        let name = plain(&row.id);
        if let Some(file) = dir.first_of(row.lock.iter().map(String::as_str))
            && !found.iter().any(|(_, known)| known == file)
        {
            found.push((name.to_owned(), file.to_owned()));
        }
    }
    found
}

/// `packageManager`, else `devEngines.packageManager`: name, exact version or nothing, place.
fn declared(package: &Package) -> Option<(String, String, Evidence)> {
    if let Some((text, at)) = package.doc.string(&["packageManager"]) {
        let (name, version) = text.split_once('@').unwrap_or((text, ""));
        let version = version.split('+').next().unwrap_or_default();
        return Some((name.to_owned(), exact(version), at));
    }
    let (name, at) = package.doc.string(&["devEngines", "packageManager", "name"])?;
    let version = package.doc.str(&["devEngines", "packageManager", "version"]).unwrap_or_default();
    Some((name.to_owned(), exact(version), at))
}

fn exact(version: &str) -> String {
    let plain = version.split('.').count() == 3 && version.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    if plain { version.to_owned() } else { String::new() }
}

/// The release of yarn that the repository carries.
fn release(dir: &Dir<'_>) -> Result<Option<String>, Diagnostic> {
    let Some(settings) = Document::read(dir, ".yarnrc.yml")? else { return Ok(None) };
    Ok(settings.str(&["yarnPath"]).filter(|path| dir.has(path)).map(ToOwned::to_owned))
}

/// The version that writes the format of the lock file: another one would rewrite it, or refuse it.
fn fitting(dir: &Dir<'_>, lock: Option<&str>, facts: &Facts) -> Result<Option<String>, Diagnostic> {
    let Some(lock) = lock.filter(|_| !facts.versions.is_empty()) else { return Ok(None) };
    let Some(text) = dir.read(lock)? else { return Ok(None) };
    let stated = |line: &str| line.strip_prefix("lockfileVersion:").or_else(|| line.strip_prefix("  version:")).map(ToOwned::to_owned);
    let Some(format) = text.lines().take(20).find_map(|(_, line)| stated(line)) else { return Ok(None) };
    let number: String = format.trim().trim_matches(['\'', '"']).chars().take_while(char::is_ascii_digit).collect();
    Ok(facts.versions.get(&number).and_then(|version| version.as_str()).map(ToOwned::to_owned))
}

/// How yarn lays out the dependencies; Plug'n'Play where nothing is said.
fn linker(dir: &Dir<'_>) -> Result<Option<String>, Diagnostic> {
    Ok(Document::read(dir, ".yarnrc.yml")?.and_then(|settings| settings.str(&["nodeLinker"]).map(ToOwned::to_owned)))
}

/// The row of the catalogue: yarn 1 and its successors have little in common.
fn row_id(name: &str, dir: &Dir<'_>, lock: Option<&str>, version: &str, release: Option<&str>) -> Result<String, Diagnostic> {
    if name != "yarn" {
        return Ok(name.to_owned());
    }
    let text = match lock {
        Some(lock) => dir.read(lock)?,
        None => None,
    };
    let berry = match text {
        Some(text) => text.as_str().contains("__metadata:"),
        None => release.is_some() || dir.has(".yarnrc.yml") || !(version.is_empty() || version.starts_with("1.")),
    };
    Ok(if berry { "yarn-berry" } else { "yarn" }.to_owned())
}

/// The files and folders (with a slash at the end) of the root that an installation reads, beside the manifest and the lock.
fn files(dir: &Dir<'_>, facts: &Facts, release: Option<&str>) -> Vec<String> {
    let mut found: Vec<String> = facts.files.iter().filter(|file| dir.has(file)).cloned().collect();
    for folder in ["patches", ".yarn/patches", ".yarn/plugins"] {
        if dir.has_dir(folder) && (folder == "patches" || facts.cache_id == "yarn-berry") {
            found.push(format!("{folder}/"));
        }
    }
    if let Some((folder, _)) = release.and_then(|file| file.rsplit_once('/')) {
        found.push(format!("{folder}/"));
    }
    found
}

fn unlocked(dir: &Dir<'_>, manager: &str) -> Diagnostic {
    Diagnostic::warning("no-lock-file", "no lock file: each build takes the newest versions that package.json allows")
        .at(Evidence::file(dir.at("package.json")))
        .help(format!("run `{manager} install` and commit the lock file"))
}
