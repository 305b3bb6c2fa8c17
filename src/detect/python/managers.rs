//! Which package manager installs a project, and with which commands: `[[package-manager]]` rows of `stack.toml`, filled in.

use std::str::FromStr as _;

use pep440_rs::{Version as Release, VersionSpecifiers};
use serde_json::json;

use super::inline::Script;
use super::project::Project;
use super::requirement::Requirement;
use super::tied;
use crate::catalog::{ManagerRow, StackPack};
use crate::detect::asked;
use crate::fs::Dir;
use crate::manifest::Node;
use crate::model::answers::Hints;
use crate::model::question::Question;
use crate::model::{Candidates, Decision, Diagnostic, Evidence, Open, ServiceDraft, Source};

/// The length of the name of a commit.
const COMMIT: usize = 40;

/// The highest patch release that any line of uv has had.
const LAST_PATCH: u64 = 40;

/// A chosen manager.
pub struct Manager<'p> {
    /// Its row.
    row: &'p ManagerRow,
    /// Its lock file, seen from the folder of the lock.
    lock: Option<String>,
}

/// Picks the manager: an answer, a lock file, the manifest's own tables.
pub fn choose<'p>(dir: &Dir<'_>, project: &Project, pack: &'p StackPack, hints: &Hints<'_>, draft: &mut ServiceDraft) -> Result<Manager<'p>, Diagnostic> {
    // Inline metadata is uv's business alone.
    let script = project.script();
    let known: Vec<&str> = pack.package_manager.iter().map(|row| row.id.as_str()).filter(|id| script.is_none() || *id == "uv").collect();
    let mut candidates = Candidates::new();
    if let Some(script) = script {
        candidates.push("uv".to_owned(), Source::inferred("it installs what a script names", [script.at.clone()]));
    }
    for row in pack.package_manager.iter().filter(|_| script.is_none()) {
        if let Some(lock) = row.lock.iter().find(|lock| dir.has(lock)) {
            candidates.push(row.id.clone(), Source::inferred(format!("the lock file is {}'s", row.id), [Evidence::file(dir.at(lock))]));
        }
    }
    let locks: Vec<(String, Source)> = candidates.iter().cloned().collect();
    for id in ["uv", "poetry", "pdm", "pixi"] {
        if let (Some(_), Some(doc)) = (project.tool(id), &project.pyproject) {
            candidates.push(id.to_owned(), Source::inferred(format!("pyproject.toml has a table for {id}"), [doc.whole()]));
        }
    }
    if dir.has("Pipfile") {
        candidates.push("pipenv".to_owned(), Source::File(Evidence::file(dir.at("Pipfile"))));
    }
    for file in project.files.iter().take(1) {
        candidates.push("pip".to_owned(), Source::File(Evidence::file(dir.at(file))));
    }
    if let Some(file) = ["pyproject.toml", "setup.py"].into_iter().find(|file| dir.has(file)) {
        candidates.push("pip".to_owned(), Source::File(Evidence::file(dir.at(file))));
    }
    if let Some(conda) = &project.conda {
        candidates.push(conda.tool.to_owned(), Source::File(Evidence::file(dir.at(&conda.file))));
    }
    candidates.push("pip".to_owned(), Source::default("Python's own"));
    let tied: Vec<&str> = locks.iter().map(|(id, _)| id.as_str()).filter(|_| locks.len() > 1).collect();
    let used = if tied.is_empty() { None } else { tied::called(dir, &tied)? };
    if let Some((id, at)) = &used {
        let mut first = Candidates::new();
        first.push(id.clone(), Source::inferred("of those with a lock file, the one that the project calls", [at.clone()]));
        first.extend(candidates.iter().cloned());
        candidates = first;
    }
    let decision = asked::one_of(hints, Question::PackageManager, &known, candidates)?;
    let Some(decision) = decision else { unreachable!("a default was pushed") };
    if locks.len() > 1 && used.is_none() && !decision.source.is_explicit() {
        let message = "more than one package manager has a lock file".to_owned();
        draft.open.push(Open { question: Question::PackageManager, message, candidates: locks });
    }
    let Some(row) = pack.manager(&decision.value) else {
        return Err(Diagnostic::error("catalogue", format!("no row for the package manager `{}`", decision.value)));
    };
    draft.package_manager = Some(decision);
    let lock = match script {
        Some(script) => Some(format!("{}.lock", script.file)).filter(|lock| dir.has(lock)),
        None => row.lock.iter().find(|lock| dir.has(lock)).cloned(),
    };
    Ok(Manager { row, lock })
}

impl Manager<'_> {
    /// Its name.
    pub fn id(&self) -> &str {
        &self.row.id
    }

    /// Whether it installs Python itself.
    pub fn is_conda(&self) -> bool {
        matches!(self.id(), "conda" | "pixi")
    }

    /// Its lock file.
    pub fn lock(&self) -> Option<&str> {
        self.lock.as_deref()
    }

    /// Hands the template what it installs by; `member` is the workspace member's package.
    pub fn fill(&self, dir: &Dir<'_>, project: &Project, member: Option<&str>, draft: &mut ServiceDraft) {
        // A project without a lock or a requirement file is installed from its manifest.
        let conda = project.conda.as_ref().filter(|conda| conda.tool == self.id());
        let from_manifest = self.id() == "pip" && project.files.is_empty();
        let kind = if from_manifest { "manifest" } else { "script" };
        let other = self.row.data.get(kind).and_then(toml::Value::as_table).filter(|_| from_manifest || project.script().is_some());
        let table = other.unwrap_or(&self.row.data);
        let package = project.package.is_some() || member.is_some();
        let habit =
            !package && project.pyproject.as_ref().is_some_and(|doc| doc.get(&["build-system"]).is_some() && doc.get(&["tool", "uv", "package"]).is_none());
        let nothing = from_manifest && project.pyproject.is_none() && project.package.is_none();
        let manifest =
            if is_static(project) { "pyproject.toml" } else { ["setup.py", "setup.cfg"].into_iter().find(|file| dir.has(file)).unwrap_or("pyproject.toml") };
        // Groups of dependencies need no project.
        let grouped = project.extra.as_ref().is_some_and(|extra| extra.group) && project.pyproject.as_ref().is_some_and(|doc| doc.get(&["project"]).is_none());
        let fill = |text: &str| {
            let text = if grouped { text.replace(" -r {manifest}", "") } else { text.to_owned() };
            text.replace("{version}", self.row.version.as_deref().unwrap_or_default())
                .replace("{locked}", if self.lock.is_some() { self.text("locked") } else { "" })
                .replace("{alone}", if member.is_some() { " --no-install-workspace" } else { " --no-install-project" })
                .replace("{member}", &member.map(|name| format!(" --package {name}")).unwrap_or_default())
                // What can't be built is left out.
                .replace("{unbuilt}", if habit { " --no-install-project" } else { "" })
                .replace("{linked}", if project.local.is_empty() { "" } else { " --no-editable" })
                .replace("{production}", &self.extra(project))
                .replace("{environment}", conda.map_or("environment.yml", |conda| conda.file.as_str()))
                .replace("{environment-name}", conda.map_or("default", |conda| conda.environment.as_str()))
                .replace("{channels}", if conda.is_some_and(|conda| !conda.channels) { " --channel conda-forge" } else { "" })
                .replace("{manifest}", manifest)
                .replace("{script}", project.script().map_or("", |script| script.file.as_str()))
                .replace("{requirements}", project.files.first().map_or("requirements.txt", String::as_str))
                .replace("{dev-requirements}", project.dev_files.first().map_or("", String::as_str))
                .replace("{extra}", &project.dev_extra.map(|extra| format!(" --extra {extra}")).unwrap_or_default())
        };
        let commands = |key: &str| -> Vec<String> {
            table.get(key).and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_str).map(fill).collect()
        };
        let (install, install_dev) = if package { ("install-alone", "install-dev-alone") } else { ("install", "install-dev") };
        let wants_dev = match self.id() {
            "pip" if from_manifest => project.dev_extra.is_some(),
            "pip" => !project.dev_files.is_empty(),
            _ => project.script().is_none(),
        };
        draft.set("bare", nothing);
        // The server that the project lacks comes last, since a manager takes out what its lock doesn't hold.
        let add: Vec<String> = draft
            .extra
            .get("server")
            .and_then(serde_json::Value::as_str)
            .filter(|_| !nothing)
            .zip(table.get("add").and_then(toml::Value::as_str))
            .map(|(server, add)| add.replace("{package}", server))
            .into_iter()
            .collect();
        let with = |mut commands: Vec<String>, here: bool| {
            if here {
                commands.extend(add.iter().cloned());
            }
            commands
        };
        draft.set("install", with(commands(install), !package));
        draft.set("install_dev", if wants_dev && !nothing { commands(install_dev) } else { Vec::new() });
        draft.set("after_install", if package { Vec::new() } else { commands("after-install") });
        draft.set("project_dev", if package { commands("project-dev") } else { Vec::new() });
        draft.set("project", if package { with(commands("project"), true) } else { Vec::new() });
        draft.set("setup", commands("setup"));
        draft.set("tool_env", table.get("env").and_then(|env| serde_json::to_value(env).ok()).unwrap_or_else(|| json!({})));
        draft.set("cache", table.get("cache").and_then(toml::Value::as_str).unwrap_or_default());
        draft.set("cache_id", table.get("cache-id").and_then(toml::Value::as_str).unwrap_or_else(|| self.id()));
        let tool = table.get("tool").and_then(toml::Value::as_str).filter(|_| !nothing).unwrap_or_default();
        draft.set("tool", tool);
        draft.set("script", project.script().map_or("", |script| script.file.as_str()));
        if let Some(tag) = self.tag(project) {
            draft.tool_tags.insert(tool.to_owned(), tag);
        }
        draft.set("tool_copies", table.get("tool-copies").and_then(|copies| serde_json::to_value(copies).ok()).unwrap_or_else(|| json!([])));
        draft.set("venv", table.get("venv").and_then(toml::Value::as_str).map_or_else(|| "/opt/venv".to_owned(), fill));
        draft.set("foreign", conda.is_some());
        draft.flavour = draft.flavour.or(conda.map(|_| "conda"));
        draft.ignore.extend(conda.filter(|conda| conda.tool == "pixi").map(|_| "**/.pixi".to_owned()));
        draft.set("locks", self.locks(project, from_manifest));
        // Without a lock file uv asks the project's build for what code says of it, as of a version: the code is there first.
        let dynamic = project.pyproject.as_ref().and_then(|doc| doc.get(&["project", "dynamic"])).is_some_and(|list| list.items().next().is_some());
        draft.set("asks_build", self.id() == "uv" && self.lock().is_none() && project.package.is_some() && dynamic);
        let mut manifests = self.manifests(dir, project);
        manifests.extend(project.local_files.iter().cloned());
        let manifests = match table.get("home").and_then(toml::Value::as_str) {
            Some(home) => json!([{ "files": manifests, "to": home }]),
            None => by_folder(&manifests),
        };
        draft.set("manifests", manifests);
        draft.set("dev_manifests", by_folder(if self.id() == "pip" { &project.dev_files } else { &[] }));
    }

    /// The flag that installs the extra or group of production.
    fn extra(&self, project: &Project) -> String {
        let Some(extra) = &project.extra else { return String::new() };
        self.text(if extra.group { "group" } else { "extra" }).replace("{name}", &extra.name)
    }

    /// The line of uv that the project asks for, where that is not the catalogue's.
    fn tag(&self, project: &Project) -> Option<String> {
        let wanted = project.pyproject.as_ref()?.str(&["tool", "uv", "required-version"]).filter(|_| self.id() == "uv")?;
        if let Some(exact) = wanted.trim().strip_prefix("==").filter(|exact| !exact.contains(['*', ','])) {
            return Some(exact.trim().to_owned()).filter(|tag| tag.chars().all(|c| c.is_ascii_digit() || c == '.'));
        }
        let range = VersionSpecifiers::from_str(wanted).ok()?;
        let allows = |line: &u64| (0..=LAST_PATCH).any(|patch| range.contains(&Release::new([0, *line, patch])));
        let lines: Vec<u64> =
            self.row.data.get("lines").and_then(toml::Value::as_array)?.iter().filter_map(|line| line.as_integer()?.try_into().ok()).collect();
        // The catalogue's own stands first.
        let line = lines.iter().find(|line| allows(line))?;
        (Some(line) != lines.first()).then(|| format!("0.{line}"))
    }

    fn text(&self, key: &str) -> &str {
        self.row.data.get(key).and_then(toml::Value::as_str).unwrap_or_default()
    }

    /// What the dependencies come from, for a comment: "that uv.lock locks".
    fn locks(&self, project: &Project, from_manifest: bool) -> String {
        match (self.lock(), project.files.first()) {
            (Some(lock), _) => format!("{lock} locks"),
            (None, _) if project.conda.as_ref().is_some_and(|conda| conda.tool == self.id()) => {
                format!("{} names", project.conda.as_ref().map_or("", |conda| conda.file.as_str()))
            }
            (None, Some(file)) if self.id() == "pip" => format!("{file} names"),
            (None, _) if from_manifest && !is_static(project) => {
                let file = ["setup.cfg", "setup.py"].into_iter().find(|file| project.setup_files.iter().any(|known| known == file));
                format!("{} names", file.unwrap_or("the project"))
            }
            (None, _) if project.script().is_some() => format!("{} names", project.script().map_or("", |script| script.file.as_str())),
            (None, _) if self.id() == "pipenv" => "Pipfile names".to_owned(),
            (None, _) => "pyproject.toml names".to_owned(),
        }
    }

    /// The files that the installation reads, seen from the folder of the project.
    pub fn manifests(&self, dir: &Dir<'_>, project: &Project) -> Vec<String> {
        let mut files: Vec<String> = match self.id() {
            "pip" if project.files.is_empty() => {
                let mut files: Vec<String> = ["pyproject.toml"].into_iter().filter(|file| dir.has(file)).map(str::to_owned).collect();
                if !is_static(project) {
                    files.extend(project.setup_files.iter().cloned());
                }
                files
            }
            "pip" => project.files.clone(),
            "pipenv" => vec!["Pipfile".to_owned()],
            "conda" | "pixi" => project.conda.as_ref().map(|conda| conda.manifests.clone()).unwrap_or_default(),
            // What a script names is taken out of it by a stage of its own.
            _ if project.script().is_some() => Vec::new(),
            _ => vec!["pyproject.toml".to_owned()],
        };
        files.extend(self.lock.clone().filter(|lock| !files.contains(lock)));
        let settings: &[&str] = match self.id() {
            "uv" => &["uv.toml"],
            "poetry" => &["poetry.toml"],
            "pdm" => &["pdm.toml"],
            _ => &[],
        };
        files.extend(settings.iter().filter(|file| dir.has(file)).map(|file| (*file).to_owned()));
        files
    }

    /// What there is to say of the way in which it is installed.
    pub fn notes(&self, project: &Project, draft: &mut ServiceDraft) {
        if let Some(conda) = &project.conda {
            if conda.tool == self.id() {
                draft.notes.extend(conda.notes.iter().cloned());
            } else {
                let at = draft.package_manager.iter().filter_map(|decision| decision.source.evidence().cloned());
                let message = format!("{} is left aside: {} installs the dependencies", conda.file, self.id());
                draft.notes.push(Diagnostic::note("conda-aside", message).at_all(at).help(format!("--package-manager {} takes it", conda.tool)));
            }
        }
        // A list is what pip installs, whatever the manifest beside it names.
        let named = if project.listed.is_empty() { &project.requirements } else { &project.listed };
        let pins = self.lock.is_some() || self.id() == "pip" && named.iter().all(|requirement| !requirement.production || is_pin(requirement));
        if pins {
            return;
        }
        let at: Vec<Evidence> = draft.package_manager.iter().filter_map(|decision: &Decision<String>| decision.source.evidence().cloned()).collect();
        let of_script = project.script().map(|Script { file, .. }| format!("run `uv lock --script {file}` and commit {file}.lock"));
        let help = match self.id() {
            "conda" => "pin them with `conda-lock --platform linux-64` and commit conda-lock.yml",
            "pixi" => "run `pixi lock` and commit pixi.lock",
            "pip" => "pin the versions, for example with `uv pip compile` or `pip freeze`",
            "poetry" => "run `poetry lock` and commit poetry.lock",
            "pdm" => "run `pdm lock` and commit pdm.lock",
            "pipenv" => "run `pipenv lock` and commit Pipfile.lock",
            _ => of_script.as_deref().unwrap_or("run `uv lock` and commit uv.lock"),
        };
        let message = format!("service `{}`: nothing locks the dependencies: each build takes the newest ones", draft.name);
        draft.notes.push(Diagnostic::note("unlocked", message).at_all(at).help(help));
    }
}

/// One COPY a folder: `{ files, to }`.
pub fn by_folder(files: &[String]) -> serde_json::Value {
    let mut folders: Vec<(String, Vec<&String>)> = Vec::new();
    for file in files {
        let to = file.rsplit_once('/').map_or_else(|| "./".to_owned(), |(folder, _)| format!("./{folder}/"));
        match folders.iter_mut().find(|(known, _)| *known == to) {
            Some((_, files)) => files.push(file),
            None => folders.push((to, vec![file])),
        }
    }
    folders.into_iter().map(|(to, files)| json!({ "files": files, "to": to })).collect()
}

/// Whether pyproject.toml itself names the dependencies, so that no build is needed to learn them.
fn is_static(project: &Project) -> bool {
    let table = project.pyproject.as_ref().and_then(|doc| doc.get(&["project"]));
    table.is_some_and(|table| !table.get(&["dynamic"]).into_iter().flat_map(Node::items).any(|item| item.str() == Some("dependencies")))
}

/// A version, or a commit of a repository.
fn is_pin(requirement: &Requirement) -> bool {
    let commit = |hash: &str| hash.len() >= COMMIT && hash.chars().take(COMMIT).all(|c| c.is_ascii_hexdigit());
    let versions = &requirement.versions;
    versions.starts_with("==") && !versions.contains('*') || requirement.at.raw.contains("git+") && requirement.at.raw.rsplit('@').next().is_some_and(commit)
}

/// The version of a dependency that a lock file holds.
pub fn locked(dir: &Dir<'_>, lock: &str, name: &str) -> Option<String> {
    let text = dir.peek(lock)?;
    let mut lines = text.as_str().lines();
    if lock == "Pipfile.lock" {
        let entry = format!("\"{name}\": {{");
        lines.find(|line| line.trim() == entry)?;
        let version = lines.take_while(|line| line.trim() != "},").find_map(|line| line.trim().strip_prefix("\"version\": \"=="))?;
        return Some(version.trim_end_matches(['"', ',']).to_owned());
    }
    let entry = format!("name = \"{name}\"");
    lines.find(|line| *line == entry)?;
    Some(lines.next()?.strip_prefix("version = \"")?.trim_end_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::locked;
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    #[test]
    fn a_list_that_fixes_everything_locks_what_the_manifest_names() {
        let notes = |list: &str| {
            let manifest = ("pyproject.toml", "[project]\nname = 'a'\nversion = '1'\ndependencies = ['flask']\n");
            let found = detect(&Tree::memory([manifest, ("requirements.txt", list), ("main.py", "")]), &Answers::default());
            found.services.into_iter().flat_map(|service| service.notes).filter(|note| note.id == "unlocked").count()
        };
        let commit = "kombu @ git+https://code.example.org/kombu.git@860e40a6c904c4d8551577d9f4e8c00f03b6e06c\n";
        assert_eq!(notes(&format!("flask==3.1.3\n{commit}")), 0);
        assert_eq!(notes("flask==3.1.3\nclick\n"), 1);
        assert_eq!(notes(&format!("flask==3.1.3\n{}", commit.replace("@860e40a6c904c4d8551577d9f4e8c00f03b6e06c", "@main"))), 1);
    }

    #[test]
    fn versions_out_of_lock_files() {
        let tree = Tree::memory([
            ("uv.lock", "[[package]]\nname = \"gunicorn\"\nversion = \"27.0.1\"\n"),
            ("Pipfile.lock", "{\n \"default\": {\n  \"gunicorn\": {\n   \"hashes\": [\n   ],\n   \"version\": \"==23.0.0\"\n  },\n }\n}\n"),
        ]);
        assert_eq!(locked(&tree.root(), "uv.lock", "gunicorn").as_deref(), Some("27.0.1"));
        assert_eq!(locked(&tree.root(), "Pipfile.lock", "gunicorn").as_deref(), Some("23.0.0"));
        assert_eq!(locked(&tree.root(), "uv.lock", "flask"), None);
    }
}
