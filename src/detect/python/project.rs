//! The facts that a Python project's manifests state, read once.

use super::conda::{self, Conda};
use super::contents;
use super::indexes;
use super::inline;
use super::local;
use super::requirement::{self, Requirement};
use super::setup;
use crate::fs::Dir;
use crate::manifest::{Document, Node};
use crate::model::{Diagnostic, Evidence, RelPath};

/// Requirement files of production, in order of precedence.
const PRODUCTION: &[&str] = &["requirements.txt", "requirements/base.txt", "requirements/requirements.txt", "requirements/common.txt", "requirements/main.txt"];

/// Requirement files that say by their name that they are production's.
const NAMED: &[&str] = &[
    "requirements/production.txt",
    "requirements/prod.txt",
    "requirements-prod.txt",
    "requirements-production.txt",
    "requirements.prod.txt",
    "requirements_prod.txt",
    "prod-requirements.txt",
];

/// Requirement files of development, in order of precedence.
const DEVELOPMENT: &[&str] = &[
    "requirements-dev.txt",
    "requirements_dev.txt",
    "requirements.dev.txt",
    "dev-requirements.txt",
    "requirements-test.txt",
    "requirements/dev.txt",
    "requirements/development.txt",
    "requirements/local.txt",
];

/// Names of extras that developers use.
const DEVELOPMENT_EXTRAS: &[&str] = &["dev", "develop", "development"];

/// Names of extras and groups that production uses.
const PRODUCTION_EXTRAS: &[&str] = &["prod", "production", "server", "webserver", "web", "serve", "deploy"];

/// Servers of production.
const SERVERS: &[&str] = &["gunicorn", "uvicorn", "hypercorn", "granian", "daphne", "waitress", "uwsgi"];

/// A program that `[project.scripts]` names.
#[derive(Clone, Debug)]
pub struct Script {
    /// The command.
    pub name: String,
    /// Where it is named.
    pub at: Evidence,
}

/// An extra or a group of production.
#[derive(Clone, Debug)]
pub struct Extra {
    /// Its name.
    pub name: String,
    /// Whether it is a group of dependencies rather than an extra of the package.
    pub group: bool,
    /// Where it is named.
    pub at: Evidence,
}

/// What the manifests of a folder say.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// pyproject.toml, where it is there.
    pub pyproject: Option<Document>,
    /// The project's name.
    pub name: Option<(String, Evidence)>,
    /// What it depends on, development included.
    pub requirements: Vec<Requirement>,
    /// What the requirement files of production name.
    pub listed: Vec<Requirement>,
    /// Ranges of Python, the strongest first.
    pub python: Vec<(String, Evidence)>,
    /// Why it is built and installed as a package; `None` for a folder of modules.
    pub package: Option<Evidence>,
    /// Folders that the modules of the package are imported from, as its build system has them.
    pub package_roots: Vec<String>,
    /// Its commands.
    pub scripts: Vec<Script>,
    /// The requirement file of production and those that it includes.
    pub files: Vec<String>,
    /// The requirement files of development that the production ones don't include, the main one first.
    pub dev_files: Vec<String>,
    /// What a build of setup.py or setup.cfg reads beside the source.
    pub setup_files: Vec<String>,
    /// A line of a requirement file that installs the project itself.
    pub own: Option<Evidence>,
    /// A dependency that is fetched from a version control system.
    pub remote: Option<Evidence>,
    /// Folders of the repository that are installed as dependencies.
    pub local: Vec<String>,
    /// The same of files.
    pub local_files: Vec<String>,
    /// Variables that the installation needs and no layer may hold.
    pub secrets: Vec<String>,
    /// The extra that holds the tools of development.
    pub dev_extra: Option<&'static str>,
    /// An extra or a group that production installs too.
    pub extra: Option<Extra>,
    /// An environment of conda or pixi.
    pub conda: Option<Conda>,
    /// Scripts that name their dependencies themselves, where nothing else names any: one, or those to choose from.
    pub inline: Vec<inline::Script>,
}

impl Project {
    /// Reads the manifests of a folder.
    pub fn read(dir: &Dir<'_>) -> Result<Self, Diagnostic> {
        let mut project = Self::default();
        if let Some(doc) = Document::read(dir, "pyproject.toml")? {
            project.take_pyproject(dir, &doc);
            if project.package.is_some() && !contents::is_whole(dir, &doc)? {
                project.package = None;
            }
            local::take(dir, &doc, &mut project)?;
            project.pyproject = Some(doc);
        }
        if let Some(doc) = Document::read(dir, "Pipfile")? {
            indexes::take(dir, &doc, &mut project);
            local::take(dir, &doc, &mut project)?;
            requirement::table(&doc, &["packages"], true, &mut project.requirements);
            requirement::table(&doc, &["dev-packages"], false, &mut project.requirements);
            for key in ["python_full_version", "python_version"] {
                project.python.extend(doc.string(&["requires", key]).map(|(text, at)| (text.to_owned(), at)));
            }
        }
        project.take_requirement_files(dir)?;
        setup::take(dir, &mut project);
        let alone = project.is_silent();
        conda::take(dir, &mut project, alone)?;
        Ok(project)
    }

    /// Whether nothing that was read so far is a project or names dependencies.
    pub fn is_silent(&self) -> bool {
        self.pyproject.as_ref().is_none_or(|doc| doc.get(&["project"]).is_none() && doc.get(&["tool", "poetry"]).is_none())
            && self.files.is_empty()
            && self.requirements.is_empty()
            && self.package.is_none()
            && self.conda.is_none()
    }

    /// The script that is the project.
    pub fn script(&self) -> Option<&inline::Script> {
        self.inline.first().filter(|_| self.inline.len() == 1)
    }

    /// Whether production depends on any of these.
    pub fn needs(&self, names: &[&str]) -> Option<&Requirement> {
        self.requirements.iter().filter(|requirement| requirement.production).find(|requirement| names.contains(&requirement.name.as_str()))
    }

    /// Whether development or production depends on this.
    pub fn has(&self, name: &str) -> Option<&Requirement> {
        self.requirements.iter().find(|requirement| requirement.name == name)
    }

    /// The table `[tool.NAME]` of pyproject.toml.
    pub fn tool(&self, name: &str) -> Option<&Node> {
        self.pyproject.as_ref()?.get(&["tool", name])
    }

    fn take_pyproject(&mut self, dir: &Dir<'_>, doc: &Document) {
        self.name = doc.string(&["project", "name"]).or_else(|| doc.string(&["tool", "poetry", "name"])).map(|(name, at)| (name.to_owned(), at));
        for keys in [&["project", "requires-python"][..], &["tool", "poetry", "dependencies", "python"]] {
            self.python.extend(doc.string(keys).map(|(text, at)| (text.to_owned(), at)));
        }
        requirement::list(doc, &["project", "dependencies"], true, &mut self.requirements);
        requirement::table(doc, &["tool", "poetry", "dependencies"], true, &mut self.requirements);
        requirement::table(doc, &["tool", "poetry", "dev-dependencies"], false, &mut self.requirements);
        requirement::list(doc, &["tool", "uv", "dev-dependencies"], false, &mut self.requirements);
        for keys in [&["project", "optional-dependencies"][..], &["dependency-groups"], &["tool", "pdm", "dev-dependencies"]] {
            for (group, _) in doc.get(keys).into_iter().flat_map(Node::entries) {
                let path: Vec<&str> = keys.iter().copied().chain([group]).collect();
                requirement::list(doc, &path, false, &mut self.requirements);
            }
        }
        for (group, _) in doc.get(&["tool", "poetry", "group"]).into_iter().flat_map(Node::entries) {
            requirement::table(doc, &["tool", "poetry", "group", group, "dependencies"], group == "main", &mut self.requirements);
        }
        let extras = doc.get(&["project", "optional-dependencies"]);
        self.dev_extra = DEVELOPMENT_EXTRAS.iter().find(|name| extras.is_some_and(|extras| extras.get(&[name]).is_some())).copied();
        for keys in [&["project", "scripts"][..], &["tool", "poetry", "scripts"]] {
            for (name, node) in doc.get(keys).into_iter().flat_map(Node::entries) {
                let path: Vec<&str> = keys.iter().copied().chain([name]).collect();
                self.scripts.push(Script { name: name.to_owned(), at: doc.evidence(&path, node) });
            }
        }
        self.take_extra(doc);
        self.package = package(dir, doc);
        indexes::take(dir, doc, self);
        let above = |path: &str| path.trim_matches('/').rsplit_once('/').map(|(folder, _)| folder.to_owned());
        let hatch = doc.get(&["tool", "hatch", "build", "targets", "wheel", "packages"]).into_iter().flat_map(Node::items).filter_map(Node::str);
        self.package_roots.extend(hatch.filter_map(above));
        let setuptools = doc.get(&["tool", "setuptools", "packages", "find", "where"]).into_iter().flat_map(Node::items).filter_map(Node::str);
        self.package_roots.extend(setuptools.map(|root| root.trim_matches('/').to_owned()));
        self.package_roots.extend(doc.str(&["tool", "setuptools", "package-dir", ""]).map(|root| root.trim_matches('/').to_owned()));
        // Commands of modules that the repository hasn't: the package is made by a script of its own.
        let there = |script: &Script| {
            let top = script.at.raw.split([':', '.']).next().unwrap_or_default().trim();
            let (file, folder, inside) = (format!("{top}.py"), format!("{top}/"), format!("/{top}/"));
            top.is_empty()
                || dir
                    .files_below()
                    .filter_map(|path| path.below(dir.path()))
                    .any(|path| path.ends_with(&file) || path.starts_with(&folder) || path.contains(&inside))
        };
        if !self.scripts.is_empty() && !self.scripts.iter().any(there) {
            self.scripts.clear();
            self.package = None;
        }
        self.package_roots.retain(|root| !root.is_empty() && root != ".");
    }

    /// The extra or group that brings production's server: by its name, and where the plain dependencies have none.
    fn take_extra(&mut self, doc: &Document) {
        let serves = |requirement: &Requirement| SERVERS.contains(&requirement.name.as_str());
        let has_one = self.requirements.iter().any(|requirement| requirement.production && serves(requirement));
        let without_project = doc.get(&["project"]).is_none() && doc.get(&["tool", "poetry"]).is_none();
        for name in PRODUCTION_EXTRAS.iter().chain(["main"].iter().filter(|_| without_project)) {
            let places =
                [(&["project", "optional-dependencies", name][..], false), (&["dependency-groups", name], true), (&["tool", "poetry", "group", name], true)];
            for (path, group) in places {
                let Some(node) = doc.get(path) else { continue };
                let at = doc.evidence(path, node);
                let mut found = Vec::new();
                if path[0] == "tool" {
                    let path: Vec<&str> = path.iter().copied().chain(["dependencies"]).collect();
                    requirement::table(doc, &path, true, &mut found);
                } else {
                    requirement::list(doc, path, true, &mut found);
                }
                let wanted = matches!(*name, "prod" | "production" | "main") || !has_one && found.iter().any(serves);
                if wanted && !found.is_empty() {
                    self.requirements.retain(|known| known.production || !found.iter().any(|one| one.name == known.name));
                    self.requirements.extend(found);
                    self.extra = Some(Extra { name: (*name).to_owned(), group, at });
                    return;
                }
            }
        }
    }

    fn take_requirement_files(&mut self, dir: &Dir<'_>) -> Result<(), Diagnostic> {
        if let Some(found) = production(dir)? {
            self.listed.clone_from(&found.requirements);
            // A manifest with a lock says more than a list made from it.
            if self.requirements.iter().all(|requirement| !requirement.production) {
                self.requirements.splice(0..0, found.requirements);
            }
            (self.files, self.own) = (found.files, found.own);
            self.remote = self.remote.take().or(found.remote);
            for (path, at) in found.local {
                local::add(dir, &path, at, self)?;
            }
            self.secrets.extend(found.secrets);
        }
        if let Some(file) = dir.first_of(DEVELOPMENT.iter().copied()) {
            let found = requirement::read_files(dir, file, false)?;
            self.dev_files = found.files.into_iter().filter(|file| !self.files.contains(file)).collect();
            let known: Vec<String> = self.requirements.iter().map(|requirement| requirement.name.clone()).collect();
            self.requirements.extend(found.requirements.into_iter().filter(|requirement| !known.contains(&requirement.name)));
        }
        Ok(())
    }
}

/// The requirement files of production: those of that name, where they hold all that the plain ones do.
fn production(dir: &Dir<'_>) -> Result<Option<requirement::RequirementFiles>, Diagnostic> {
    let read = |file: Option<&str>| file.map(|file| requirement::read_files(dir, file, true)).transpose();
    let plain = read(dir.first_of(PRODUCTION.iter().copied()))?;
    let Some(named) = read(dir.first_of(NAMED.iter().copied()))? else { return Ok(plain) };
    let holds = |name: &str| named.requirements.iter().any(|one| one.name == name);
    let whole = plain.as_ref().is_none_or(|plain| plain.requirements.iter().all(|one| holds(&one.name)));
    Ok(if whole { Some(named) } else { plain })
}

/// Whether a project is installed as a package, by its manager's own rules.
fn package(dir: &Dir<'_>, doc: &Document) -> Option<Evidence> {
    let flag = |keys: &[&str]| doc.get(keys).and_then(Node::bool);
    let system = doc.get(&["build-system"]).map(|node| doc.evidence(&["build-system"], node));
    let poetry = doc.get(&["tool", "poetry"]).is_some() || doc.str(&["build-system", "build-backend"]).is_some_and(|backend| backend.starts_with("poetry"));
    if let Some(wanted) = flag(&["tool", "uv", "package"]) {
        return wanted.then(|| system.unwrap_or_else(|| doc.whole()));
    }
    if poetry {
        if flag(&["tool", "poetry", "package-mode"]) == Some(false) {
            return None;
        }
        // Poetry's projects have a build system by habit; a package is one whose modules are where Poetry looks for them.
        let name = doc.str(&["project", "name"]).or_else(|| doc.str(&["tool", "poetry", "name"]))?;
        let module = requirement::normalise(name).replace('-', "_");
        let there = doc.get(&["tool", "poetry", "packages"]).is_some() || dir.has_dir(&module) || dir.has_dir(&format!("src/{module}"));
        return there.then_some(system).flatten();
    }
    if doc.get(&["tool", "pdm"]).is_some() && flag(&["tool", "pdm", "distribution"]) == Some(false) {
        return None;
    }
    system.filter(|_| doc.get(&["project"]).is_some() && buildable(dir, doc))
}

/// Folders that setuptools takes for no package of a flat layout. (pypa/setuptools setuptools/discovery.py)
const NO_PACKAGES: &[&str] = &[
    "benchmark",
    "benchmarks",
    "bin",
    "build",
    "changelog",
    "ci",
    "debian",
    "dist",
    "doc",
    "docs",
    "documentation",
    "example",
    "examples",
    "exercise",
    "exercises",
    "fabfile",
    "htmlcov",
    "manpages",
    "news",
    "newsfragments",
    "node_modules",
    "python",
    "script",
    "scripts",
    "site_scons",
    "src",
    "tasks",
    "test",
    "tests",
    "tool",
    "tools",
    "unit_test",
    "unit_tests",
    "util",
    "utils",
    "venv",
];

/// Whether the build system finds the modules of the package: many a project of plain modules has a build system by habit, and can't be built.
fn buildable(dir: &Dir<'_>, doc: &Document) -> bool {
    let backend = doc.str(&["build-system", "build-backend"]).unwrap_or("setuptools");
    let module = requirement::normalise(doc.str(&["project", "name"]).unwrap_or_default()).replace('-', "_");
    let there = |name: &str| {
        let is = |file: &RelPath| file.below(dir.path()).is_some_and(|file| file.to_ascii_lowercase().starts_with(&format!("{name}/")));
        dir.files_below().any(is) || dir.has(&format!("{name}.py"))
    };
    let found = || there(&module) || there(&format!("src/{module}"));
    if backend.starts_with("hatchling") {
        let inside = || dir.folders().any(|folder| dir.has(&format!("{folder}/{module}/__init__.py")));
        return doc.get(&["tool", "hatch", "build"]).is_some() || found() || inside();
    }
    if backend.starts_with("uv_build") {
        return doc.get(&["tool", "uv", "build-backend"]).is_some() || there(&format!("src/{module}"));
    }
    if backend.starts_with("flit") {
        return doc.get(&["tool", "flit"]).is_some() || found();
    }
    if backend.starts_with("setuptools") {
        let said = doc.get(&["tool", "setuptools"]).is_some() || dir.has("setup.py") || dir.has("setup.cfg") || dir.has_dir("src");
        let is_name = |name: &str| name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        return said || dir.folders().filter(|name| is_name(name) && !NO_PACKAGES.contains(name)).count() < 2;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::Project;
    use crate::fs::Tree;

    fn packaged(backend: &str, files: &[&str]) -> bool {
        let text = format!("[project]\nname = \"my-app\"\n[build-system]\nbuild-backend = \"{backend}\"\n");
        let tree = Tree::memory(std::iter::once(("pyproject.toml", text.as_str())).chain(files.iter().map(|file| (*file, ""))));
        Project::read(&tree.root()).expect("fine").package.is_some()
    }

    #[test]
    fn a_build_system_by_habit_makes_no_package() {
        assert!(packaged("hatchling.build", &["my_app/__init__.py"]) && packaged("hatchling.build", &["src/my_app/__init__.py"]));
        assert!(!packaged("hatchling.build", &["app/__init__.py", "chat.py"]));
        assert!(packaged("uv_build", &["src/my_app/__init__.py"]) && !packaged("uv_build", &["main.py"]));
        assert!(packaged("setuptools.build_meta", &["app/__init__.py", "tests/a.py"]));
        assert!(!packaged("setuptools.build_meta", &["app/__init__.py", "templates/a.html", "main.py"]));
    }
}
