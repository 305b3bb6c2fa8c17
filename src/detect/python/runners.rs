//! Programs that start uvicorn by a call: which application they name to it, and what they do to one before they hand it over.

use super::apps::{self, App, Sources, regex};
use super::run::Facts;
use crate::catalog::FrameworkRow;
use crate::model::{Diagnostic, Evidence};

/// How long a call may be.
const LONGEST: usize = 600;

/// `uvicorn.run("module:object", factory=True)`: each application that production's files name, with the place.
fn named<'p>(sources: &Sources<'_>, row: &'p FrameworkRow) -> Result<Vec<App<'p>>, Diagnostic> {
    let call = regex(r#"\buvicorn\.(?:run|Config)\(\s*(?:app\s*=\s*)?["']([\w.]+):(\w+)["']"#)?;
    let mut found: Vec<App<'p>> = Vec::new();
    for text in sources.of_production() {
        for hit in call.captures_iter(text.as_str()) {
            let (Some(whole), Some(module), Some(object)) = (hit.get(0), hit.get(1), hit.get(2)) else { continue };
            let path = module.as_str().replace('.', "/");
            let here = sources.tail(text).rsplit_once('/').map_or("", |(folder, _)| folder);
            let roots = ["", "src", here].into_iter().map(|root| if root.is_empty() { path.clone() } else { format!("{root}/{path}") });
            let files = roots.flat_map(|path| [format!("{path}.py"), format!("{path}/__init__.py")]);
            let Some((file, its)) = files.into_iter().find_map(|file| Some((file.clone(), sources.dir.peek(&file)?))) else { continue };
            let (module, import_root) = apps::module(sources, &its, &file);
            let call = &text.as_str()[whole.start()..];
            let call = &call[..call.char_indices().map(|(at, _)| at).take_while(|at| *at < LONGEST).last().unwrap_or(0)];
            let factory = call.split("\n\n").next().unwrap_or(call).replace(' ', "").contains("factory=True");
            let at = text.at(whole.start(), whole.as_str());
            let interface = row.data.get("interface").and_then(toml::Value::as_str).unwrap_or_default();
            let app = App { row, module, object: object.as_str().to_owned(), factory, import_root, interface, at, rank: (0, 0, 0) };
            if !found.iter().any(|known| known.target() == app.target()) {
                found.push(app);
            }
        }
    }
    Ok(found)
}

/// The applications that are likeliest, of all that were found, the best first: what the project's own program starts counts before any name.
pub fn started<'p>(sources: &Sources<'_>, row: &'p FrameworkRow, all: &[App<'p>], mut best: Vec<App<'p>>) -> Result<Vec<App<'p>>, Diagnostic> {
    let named = if row.data.get("interface").and_then(toml::Value::as_str) == Some("asgi") { named(sources, row)? } else { Vec::new() };
    let is_named = |app: &App<'_>| named.iter().any(|one| one.target() == app.target());
    if best.iter().any(is_named) {
        best.retain(is_named);
        return Ok(best);
    }
    if named.is_empty() {
        return Ok(best);
    }
    Ok(named.into_iter().map(|one| all.iter().find(|app| app.target() == one.target()).cloned().unwrap_or(one)).collect())
}

/// The program that makes an imported application ready before it starts uvicorn with it: served by itself the application would lack that.
pub fn prepares(facts: &Facts<'_>) -> Result<Option<Evidence>, Diagnostic> {
    let run = regex(r"\buvicorn\.run\(\s*(?:app\s*=\s*)?([A-Za-z_]\w*)\s*,")?;
    let imports = regex(r"(?m)^from\s+[\w.]+\s+import\s+(\([^)]*\)|[^(\n]+)")?;
    for text in facts.sources.of_production() {
        let tail = facts.sources.tail(text);
        if tail.contains('/') && !(tail.ends_with("/__main__.py") && tail.matches('/').count() == 1) {
            continue;
        }
        let Some(name) = run.captures(text.as_str()).and_then(|hit| hit.get(1)) else { continue };
        let app = name.as_str();
        let imported = imports.captures_iter(text.as_str()).filter_map(|hit| hit.get(1)).find_map(|list| {
            let names: Vec<&str> = list.as_str().split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|name| !name.is_empty()).collect();
            names.contains(&app).then_some(names)
        });
        let Some(beside) = imported else { continue };
        let called = beside.iter().filter(|name| **name != app).any(|name| text.as_str().contains(&format!("\n{name}(")));
        let changed = regex(&format!(r"(?m)^\s*(?:{app}\.(?:include_router|mount|add_\w+)\(|[a-z]\w*\({app}[,)])"))?;
        if called || changed.is_match(text.as_str()) {
            return Ok(Some(text.at(name.start(), app)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::{Answers, ServiceDraft};

    fn draft(files: &[(&str, &str)]) -> ServiceDraft {
        detect(&Tree::memory(files.iter().copied()), &Answers::default()).services.remove(0)
    }

    fn start(files: &[(&str, &str)]) -> String {
        draft(files).start.map(|start| start.value.to_string()).unwrap_or_default()
    }

    const WEB: (&str, &str) = ("requirements.txt", "fastapi==0.165.0\nuvicorn==0.54.0\n");

    #[test]
    fn a_program_that_makes_its_application_ready_is_started_itself() {
        let api = ("api/__init__.py", "app = FastAPI()\ndef configure(x):\n    pass\n");
        let main = "import uvicorn\nfrom api import app, configure\n\nconfigure(1)\nuvicorn.run(app, host='0.0.0.0', port=8080)\n";
        assert_eq!(start(&[WEB, api, ("main/__main__.py", main)]), "python -m main");
        let plain = "import uvicorn\nfrom api import app\nuvicorn.run(app, host='0.0.0.0', port=8080)\n";
        assert_eq!(start(&[WEB, api, ("main/__main__.py", plain)]), "uvicorn api:app --host 0.0.0.0 --port 8080");
    }

    #[test]
    fn of_two_applications_the_one_of_the_start_command() {
        let manifest = "[tool.poetry]\nname = \"a\"\npackage-mode = false\n[tool.poetry.dependencies]\nfastapi = \"*\"\nuvicorn = \"*\"\n[tool.poetry.scripts]\nstart = \"server.main:start\"\ndev = \"local.main:start\"\n";
        let app = "app = FastAPI()\n";
        assert_eq!(
            start(&[("pyproject.toml", manifest), ("server/main.py", app), ("local/main.py", app)]),
            "uvicorn server.main:app --host 0.0.0.0 --port 8000"
        );
    }

    #[test]
    fn sites_whose_code_or_manage_py_lies_elsewhere() {
        let list = ("requirements.txt", "django==5.2.8\ngunicorn==23.0.0\n");
        let manage = "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'core.settings')\n";
        let (settings, gateway) = ("WSGI_APPLICATION = 'core.wsgi.application'\n", "application = 1\n");
        let inner = start(&[list, ("manage.py", manage), ("site1/core/settings.py", settings), ("site1/core/wsgi.py", gateway)]);
        assert!(inner.starts_with("gunicorn core.wsgi:application --chdir site1 --bind"), "{inner}");
        let below = [list, ("backend/manage.py", manage), ("backend/core/settings.py", settings), ("backend/core/wsgi.py", gateway)];
        let found = detect(&Tree::memory(below), &Answers::default());
        assert_eq!(found.services.iter().map(|service| service.root.display().to_owned()).collect::<Vec<_>>(), ["."]);
    }

    #[test]
    fn settings_of_gunicorn_that_bind_inside_are_overruled() {
        let app = ("app.py", "app = Flask(__name__)\n");
        let list = ("requirements.txt", "flask==3.1.3\ngunicorn==23.0.0\n");
        let of = |bind: &str| start(&[app, list, ("gunicorn.conf.py", bind)]);
        assert!(of("bind = 'unix:/tmp/x.sock'\n").contains("--bind 0.0.0.0:8000") && !of("bind = '0.0.0.0:8000'\n").contains("--bind"));
    }
}
