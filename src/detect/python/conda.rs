//! Environments of conda and pixi: Python itself and the libraries of the system come from their channels.

use super::project::Project;
use super::requirement;
use super::tasks;
use crate::fs::Dir;
use crate::manifest::{Document, Node};
use crate::model::{Diagnostic, Evidence};

/// Files of conda, in order of precedence: a lock says more than a list.
const FILES: &[&str] = &["conda-lock.yml", "environment.yml", "environment.yaml", "conda.yml", "conda.yaml"];

/// Environments of pixi that hold no tools of development.
const PRODUCTION: &[&str] = &["prod", "production"];

/// Packages that only Windows or macOS has: an export of another system names them.
const OTHER_SYSTEMS: &[&str] = &["appnope", "libcxx", "pywin32", "pywinpty", "ucrt", "vc", "vc14_runtime", "vs2015_runtime", "wincertstore"];

/// What an environment says.
#[derive(Clone, Debug, Default)]
pub struct Conda {
    /// `conda` or `pixi`.
    pub tool: &'static str,
    /// The file of the environment.
    pub file: String,
    /// The files that its installation reads.
    pub manifests: Vec<String>,
    /// The environment of pixi that is installed.
    pub environment: String,
    /// Whether the file names the channels.
    pub channels: bool,
    /// The command of a task that starts the program.
    pub task: Option<(String, Evidence)>,
    /// What can't be installed as it stands.
    pub notes: Vec<Diagnostic>,
}

/// Reads an environment; `alone`: nothing else names the dependencies.
pub fn take(dir: &Dir<'_>, project: &mut Project, alone: bool) -> Result<(), Diagnostic> {
    if let Some(doc) = Document::read(dir, "pixi.toml")? {
        project.conda = Some(pixi(dir, &doc, &[], alone.then_some(project)));
    } else if let Some(doc) = project.pyproject.clone().filter(|doc| doc.get(&["tool", "pixi"]).is_some()) {
        project.conda = Some(pixi(dir, &doc, &["tool", "pixi"], Some(project)));
    } else if let Some(file) = dir.first_of(FILES.iter().copied()) {
        project.conda = Some(conda(dir, file, alone.then_some(project))?);
    }
    Ok(())
}

fn conda(dir: &Dir<'_>, file: &str, into: Option<&mut Project>) -> Result<Conda, Diagnostic> {
    let mut found = Conda { tool: "conda", file: file.to_owned(), manifests: vec![file.to_owned()], channels: true, ..Conda::default() };
    // What people wrote names the program's own dependencies, a lock those of all of them.
    let Some(list) = FILES[1..].iter().find(|list| dir.has(list)) else { return Ok(found) };
    let Some(doc) = Document::read(dir, list)? else { return Ok(found) };
    found.channels = doc.get(&["channels"]).is_some_and(|channels| channels.items().next().is_some()) || file == FILES[0];
    let mut project = Project::default();
    for item in doc.get(&["dependencies"]).into_iter().flat_map(Node::items) {
        if let Some(text) = item.str() {
            package(text, doc.evidence(&["dependencies"], item), &mut project, &mut found);
            continue;
        }
        for line in item.get(&["pip"]).into_iter().flat_map(Node::items) {
            let Some(text) = line.str() else { continue };
            let at = doc.evidence(&["dependencies", "pip"], line);
            if let Some(other) = text.strip_prefix("-r ").or_else(|| text.strip_prefix("--requirement ")) {
                let read = requirement::read_files(dir, other.trim(), true)?;
                found.manifests.extend(read.files);
                project.requirements.extend(read.requirements);
            } else if text == "." || text.starts_with("-e ") || text.starts_with("./") {
                project.own.get_or_insert(at);
            } else {
                project.remote = project.remote.or_else(|| text.contains("git+").then(|| at.clone()));
                project.requirements.extend(requirement::parse(text, at, true));
            }
        }
    }
    if let Some(into) = into {
        into.requirements.extend(project.requirements);
        into.python.extend(project.python);
        into.own = into.own.take().or(project.own);
        into.remote = into.remote.take().or(project.remote);
    }
    Ok(found)
}

/// `channel::name=version=build`.
fn package(text: &str, at: Evidence, project: &mut Project, found: &mut Conda) {
    let text = text.rsplit("::").next().unwrap_or(text).trim();
    let end = text.find(['=', '<', '>', '!', '~', ' ', '[']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let versions = rest.trim().trim_start_matches('=');
    let (version, build) = versions.split_once('=').filter(|_| !rest.contains(['<', '>', '!', '~'])).unwrap_or((versions, ""));
    if !build.is_empty() && found.notes.iter().all(|note| note.id != "conda-builds") {
        found.notes.push(
            Diagnostic::warning("conda-builds", format!("{} holds builds of the system that it was exported on", found.file))
                .at(at.clone())
                .help("export it with `conda env export --from-history`, or without them by `--no-builds`"),
        );
    }
    if OTHER_SYSTEMS.contains(&name) && found.notes.iter().all(|note| note.id != "conda-system") {
        found.notes.push(
            Diagnostic::warning("conda-system", format!("{} names `{name}`, which Linux has not: its installation fails", found.file))
                .at(at.clone())
                .help("export it with `conda env export --from-history`"),
        );
    }
    if name == "python" {
        project.python.extend((!version.is_empty()).then(|| (if rest.starts_with('=') { version.to_owned() } else { rest.trim().to_owned() }, at)));
    } else {
        let exact = if rest.starts_with('=') && !version.is_empty() { format!("=={version}") } else { rest.trim().to_owned() };
        project.requirements.extend(requirement::parse(&format!("{name}{exact}"), at, true));
    }
}

/// A workspace of pixi; `home` is its table in a file that it shares.
fn pixi(dir: &Dir<'_>, doc: &Document, home: &[&str], into: Option<&mut Project>) -> Conda {
    let file = doc.path().name().to_owned();
    let mut found = Conda { tool: "pixi", manifests: vec![file.clone()], file, channels: true, ..Conda::default() };
    let inside = |keys: &[&'static str]| home.iter().copied().chain(keys.iter().copied()).map(str::to_owned).collect::<Vec<String>>();
    let get = |keys: &[&'static str]| {
        let keys = inside(keys);
        doc.get(&keys.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let at = |keys: &[&'static str], node: &Node| {
        let keys = inside(keys);
        doc.evidence(&keys.iter().map(String::as_str).collect::<Vec<_>>(), node)
    };
    let environments = get(&["environments"]);
    let named = PRODUCTION.iter().find(|name| environments.is_some_and(|all| all.get(&[name]).is_some()));
    found.environment = (*named.unwrap_or(&"default")).to_owned();
    found.manifests.extend(["pixi.lock"].into_iter().filter(|file| dir.has(file)).map(str::to_owned));
    found.task = tasks::STARTS.iter().find_map(|name| {
        let node = get(&["tasks", name])?;
        let command = tasks::command(node)?;
        Some((command.to_owned(), at(&["tasks", name], node)))
    });
    for (name, node) in get(&["pypi-dependencies"]).into_iter().flat_map(Node::entries) {
        if node.get(&["path"]).is_some() {
            found.notes.push(
                Diagnostic::error("pixi-path", format!("{} installs `{name}` from a folder, and the image installs before it has the source", found.file))
                    .at(at(&["pypi-dependencies"], node))
                    .help("leave it out of the environment of production: the program runs from its source"),
            );
        }
    }
    if let Some(project) = into {
        for keys in [&["workspace", "name"][..], &["project", "name"]] {
            if project.name.is_none() {
                project.name = get(keys).and_then(|node| Some((node.str()?.to_owned(), at(keys, node))));
            }
        }
        for table in ["dependencies", "pypi-dependencies"] {
            let keys = inside(&[table]);
            requirement::table(doc, &keys.iter().map(String::as_str).collect::<Vec<_>>(), true, &mut project.requirements);
        }
        if let Some(node) = get(&["dependencies", "python"])
            && let Some(text) = node.str()
        {
            project.python.push((text.trim_start_matches('=').to_owned(), at(&["dependencies", "python"], node)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::detect::python::project::Project;
    use crate::fs::Tree;

    #[test]
    fn an_environment_of_conda() {
        let text = "name: x\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.12\n  - conda-forge::fastapi>=0.115\n  - numpy=2.1.0=py312h1\n  - pip:\n      - uvicorn==0.30\n";
        let tree = Tree::memory([("environment.yml", text), ("main.py", "")]);
        let project = Project::read(&tree.root()).expect("fine");
        let names: Vec<String> = project.requirements.iter().map(|one| format!("{}{}", one.name, one.versions)).collect();
        assert_eq!(names, ["fastapi>=0.115", "numpy==2.1.0", "uvicorn==0.30"]);
        assert_eq!(project.python[0].0, "3.12");
        let conda = project.conda.expect("conda");
        assert_eq!((conda.tool, conda.notes.len(), conda.channels), ("conda", 1, true));
    }

    #[test]
    fn a_workspace_of_pixi_in_pyproject() {
        let text = "[project]\nname = \"x\"\ndependencies = [\"fastapi\"]\n[tool.pixi.workspace]\nchannels = []\n[tool.pixi.tasks]\nstart = \"uvicorn main:app\"\n[tool.pixi.dependencies]\npython = \"3.13.*\"\ngdal = \"*\"\n";
        let project = Project::read(&Tree::memory([("pyproject.toml", text)]).root()).expect("fine");
        assert_eq!(project.requirements.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["fastapi", "gdal"]);
        let conda = project.conda.expect("pixi");
        assert_eq!((conda.file.as_str(), conda.task.expect("a task").0.as_str()), ("pyproject.toml", "uvicorn main:app"));
        assert_eq!(project.python[0].0, "3.13.*");
    }

    #[test]
    fn a_workspace_of_pixi() {
        let text = "[workspace]\nname = \"x\"\n[tasks]\nstart = { cmd = \"uvicorn main:app\" }\n[dependencies]\npython = \"3.13.*\"\nfastapi = \"*\"\n[environments]\nprod = [\"prod\"]\n";
        let tree = Tree::memory([("pixi.toml", text), ("pixi.lock", "")]);
        let project = Project::read(&tree.root()).expect("fine");
        assert_eq!((project.name.expect("a name").0.as_str(), project.python[0].0.as_str()), ("x", "3.13.*"));
        let conda = project.conda.expect("pixi");
        assert_eq!((conda.environment.as_str(), conda.task.expect("a task").0.as_str()), ("prod", "uvicorn main:app"));
        assert_eq!(conda.manifests, ["pixi.toml", "pixi.lock"]);
    }
}
