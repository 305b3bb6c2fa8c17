//! Commands that developers have given a name, in the tables of their task runners.

use super::project::Project;
use crate::fs::Dir;
use crate::manifest::{Document, Node};
use crate::model::Evidence;

/// Names of tasks that start the program.
pub const STARTS: &[&str] = &["start", "serve", "server", "run", "prod", "app"];

/// Tables of tasks in pyproject.toml: PDM's, Poe the Poet's, taskipy's, Hatch's.
const TABLES: &[&[&str]] =
    &[&["tool", "pdm", "scripts"], &["tool", "poe", "tasks"], &["tool", "taskipy", "tasks"], &["tool", "hatch", "envs", "default", "scripts"]];

/// What runs a command in the developer's own environment: the image's is on PATH.
const RUNNERS: &[&str] = &["poetry run ", "uv run ", "pdm run ", "pipenv run ", "hatch run "];

/// The task that starts the program, with the place that names it.
pub fn start(dir: &Dir<'_>, project: &Project) -> Option<(String, Evidence)> {
    let pipfile = Document::read(dir, "Pipfile").ok().flatten();
    let tables = TABLES.iter().filter_map(|keys| Some((project.pyproject.as_ref()?, *keys))).chain(pipfile.as_ref().map(|doc| (doc, &["scripts"][..])));
    tables.into_iter().find_map(|(doc, keys)| {
        STARTS.iter().find_map(|name| {
            let path: Vec<&str> = keys.iter().copied().chain([*name]).collect();
            let node = doc.get(&path)?;
            let command = command(node)?;
            let bare = RUNNERS.iter().find_map(|runner| command.strip_prefix(runner)).unwrap_or(command);
            Some((bare.to_owned(), doc.evidence(&path, node)))
        })
    })
}

/// A task's command: as it stands, or by a key of its table.
pub fn command(node: &Node) -> Option<&str> {
    node.str().or_else(|| node.get(&["cmd"])?.str()).or_else(|| node.get(&["shell"])?.str())
}

#[cfg(test)]
mod tests {
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    fn start(files: &[(&str, &str)]) -> String {
        let found = detect(&Tree::memory(files.iter().copied()), &Answers::default()).services.remove(0);
        format!("{} {}", found.start.expect("a start").value, found.port.map(|port| port.value).unwrap_or_default())
    }

    #[test]
    fn the_task_that_serves_is_the_start() {
        let app = ("web.py", "app = FastAPI()\n");
        let manifest = |task: &str| {
            format!("[project]\nname = \"x\"\ndependencies = [\"fastapi\", \"uvicorn\"]\n[tool.pdm]\ndistribution = false\n[tool.pdm.scripts]\n{task}\n")
        };
        let text = manifest("start = \"uvicorn web:app --host 0.0.0.0 --port 7000\"");
        assert_eq!(start(&[("pyproject.toml", &text), app]), "uvicorn web:app --host 0.0.0.0 --port 7000 7000");
        // What is for the developer's own machine, or for development, is none.
        for task in ["start = \"uvicorn web:app\"", "start = { cmd = \"uvicorn web:app --host 0.0.0.0 --port 7000 --reload\" }"] {
            assert_eq!(start(&[("pyproject.toml", &manifest(task)), app]), "uvicorn web:app --host 0.0.0.0 --port 8000 8000");
        }
        let pipfile = "[packages]\nrequests = \"*\"\n[scripts]\nstart = \"pipenv run python jobs/nightly.py\"\n";
        let jobs = [("Pipfile", pipfile), ("jobs/nightly.py", ""), ("jobs/weekly.py", "")];
        assert_eq!(start(&jobs), "python jobs/nightly.py 0");
    }
}
