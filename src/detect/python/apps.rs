//! Where the application object is: `app = FastAPI()`, a factory, or a module that imports it.

use std::rc::Rc;

use super::layout;
use super::runners;
use crate::catalog::{FrameworkRow, StackPack};
use crate::detect::source;
use crate::fs::{Dir, Text};
use crate::manifest::pattern::{self, Pattern};
use crate::manifest::procfile;
use crate::model::{Cmd, Diagnostic, Evidence};

/// File names that an application usually has, the likeliest first.
const NAMES: &[&str] = &["asgi", "wsgi", "main", "app", "application", "server", "api", "web", "run", "__init__"];

/// Modules of background work: they make an application for its context, not to serve it.
const BACKGROUND: &[&str] = &["worker", "tasks", "celery", "celery_app", "cli", "commands", "jobs"];

/// Names that an application object usually has, the likeliest first.
const OBJECTS: &[&str] = &["app", "application", "api", "server", "celery", "celery_app"];

/// An application object.
#[derive(Clone, Debug)]
pub struct App<'p> {
    /// The framework's row.
    pub row: &'p FrameworkRow,
    /// The module, dotted.
    pub module: String,
    /// The object or factory in it.
    pub object: String,
    /// Whether it must be called.
    pub factory: bool,
    /// The folder that the module is imported from, empty for the service's own.
    pub import_root: String,
    /// Who can serve it.
    pub interface: &'p str,
    /// Where it is made.
    pub at: Evidence,
    pub(super) rank: (usize, usize, usize),
}

impl App<'_> {
    /// `module:object`.
    pub fn target(&self) -> String {
        format!("{}:{}", self.module, self.object)
    }

    /// The same as it is imported from a folder, where that is above it.
    #[must_use]
    pub fn seen_from(mut self, folder: &str) -> Self {
        let prefix = format!("{}.", folder.replace('/', "."));
        let whole = if self.import_root.is_empty() { self.module.clone() } else { format!("{}.{}", self.import_root.replace('/', "."), self.module) };
        if !folder.is_empty()
            && let Some(module) = whole.strip_prefix(&prefix)
        {
            module.clone_into(&mut self.module);
            folder.clone_into(&mut self.import_root);
        }
        self
    }
}

/// The applications of a folder, as they are imported from it; all of them where it has none.
pub fn below<'p>(sources: &Sources<'_>, folder: &str, apps: Vec<App<'p>>) -> Vec<App<'p>> {
    let inside = |app: &App<'_>| app.at.file.below(&sources.dir.at(folder)).is_some();
    let there: Vec<App<'p>> = apps.iter().filter(|app| inside(app)).map(|app| app.clone().seen_from(folder)).collect();
    if there.is_empty() { apps } else { there }
}

/// The source of a service, searched once for everything.
pub struct Sources<'t> {
    /// The folder of the service.
    pub dir: Dir<'t>,
    /// Its Python files, shallow ones first.
    pub texts: Vec<Rc<Text>>,
    /// Whether the modules are installed from the project's package.
    pub packaged: bool,
    /// The folders that the modules of the package are imported from.
    roots: Vec<String>,
}

impl<'t> Sources<'t> {
    /// Reads the source of a folder.
    pub fn read(dir: &Dir<'t>, packaged: bool, roots: &[String]) -> Self {
        let mut texts = source::files(dir, &["py"], &[]);
        // A program among the tools is a program, where a line of a Procfile starts it.
        for process in procfile::read(dir).unwrap_or_default() {
            let stem = process.command.split_whitespace().find_map(|word| word.strip_suffix(".py"));
            let file = stem.and_then(|stem| dir.peek(&format!("{}.py", stem.trim_start_matches("./"))));
            texts.extend(file.filter(|file| texts.iter().all(|text| text.path() != file.path())));
        }
        Self { dir: dir.clone(), texts, packaged, roots: roots.to_vec() }
    }

    /// Whether a folder at the top is a package.
    fn any_package(&self) -> bool {
        self.dir.folders().any(|folder| self.dir.has(&format!("{folder}/__init__.py")))
    }

    /// The files that production has: without the folders of the developers.
    pub fn of_production(&self) -> impl Iterator<Item = &Rc<Text>> {
        self.texts.iter().filter(|text| {
            let tail = self.tail(text);
            !tail.split_once('/').is_some_and(|(top, _)| layout::is_left_behind(top))
        })
    }

    /// Whether any file matches.
    pub fn any(&self, pattern: &str) -> Result<bool, Diagnostic> {
        let pattern = regex(pattern)?;
        Ok(self.texts.iter().any(|text| pattern.is_match(text.as_str())))
    }

    /// The first match of the pattern's group.
    pub fn find(&self, pattern: &str) -> Result<Option<source::Hit>, Diagnostic> {
        Ok(source::find(&self.texts, &regex(pattern)?, "#"))
    }

    /// A file's path below the service's folder.
    pub fn tail<'a>(&self, text: &'a Text) -> &'a str {
        text.path().below(self.dir.path()).unwrap_or_default()
    }
}

/// Whether a command starts a file, or what its module makes.
pub fn names(command: &Cmd, file: &str) -> bool {
    let module = file.trim_end_matches(".py").trim_end_matches("/__main__").replace('/', ".");
    command.words().iter().any(|word| word == file || word == &module || word.split_once(':').is_some_and(|(made_by, _)| module.ends_with(made_by)))
}

/// A pattern of dockgen's own.
pub fn regex(pattern: &str) -> Result<Pattern, Diagnostic> {
    pattern::pattern(pattern).map_err(|error| Diagnostic::error("pattern", format!("`{pattern}`: {error}")))
}

/// The application objects of the frameworks that production depends on: the likeliest first, those that weigh the same beside it.
pub fn find<'p>(sources: &Sources<'_>, pack: &'p StackPack, depends: &dyn Fn(&str) -> bool) -> Result<Vec<App<'p>>, Diagnostic> {
    for row in pack.frameworks(depends) {
        let apps = of_row(sources, row)?;
        if !apps.is_empty() {
            return Ok(apps);
        }
    }
    Ok(Vec::new())
}

/// The application objects of one framework.
pub fn of_framework<'p>(sources: &Sources<'_>, pack: &'p StackPack, id: &str) -> Result<Vec<App<'p>>, Diagnostic> {
    pack.framework(id).map_or_else(|| Ok(Vec::new()), |row| of_row(sources, row))
}

fn of_row<'p>(sources: &Sources<'_>, row: &'p FrameworkRow) -> Result<Vec<App<'p>>, Diagnostic> {
    let Some(constructors) = row.data.get("constructors").and_then(toml::Value::as_array) else { return Ok(Vec::new()) };
    let mut names: Vec<String> = constructors.iter().filter_map(toml::Value::as_str).map(str::to_owned).collect();
    // Classes of the project's own that are one.
    let derived = regex(&format!(r"(?m)^class\s+(\w+)\(\s*(?:[\w.]+\s*,\s*)*(?:\w+\.)*(?:{})\s*[,)]", names.join("|")))?;
    names.extend(sources.of_production().flat_map(|text| derived.captures_iter(text.as_str())).filter_map(|hit| Some(hit.get(1)?.as_str().to_owned())));
    let mut apps = search(sources, row, &names.join("|"))?;
    apps.extend(named(sources, row)?);
    apps.sort_by_key(|app| app.rank);
    let best = apps.first().map(|app| (app.rank.0, app.rank.1));
    let all = apps.clone();
    apps.retain(|app| Some((app.rank.0, app.rank.1)) == best);
    let mut apps = runners::started(sources, row, &all, apps)?;
    // Two objects in one file: the better name wins.
    let mut files: Vec<String> = Vec::new();
    apps.retain(|app| {
        let file = app.at.file.to_string();
        let new = !files.contains(&file);
        files.push(file);
        new
    });
    Ok(apps)
}

fn search<'p>(sources: &Sources<'_>, row: &'p FrameworkRow, constructors: &str) -> Result<Vec<App<'p>>, Diagnostic> {
    let makes = regex(&format!(r"(?m)^([A-Za-z_]\w*)(?:\s*,[\w\s,*]*)?(?:[ \t]*:[ \t]*[\w.]+)?[ \t]*=\s*(?:\w+\.)*(?:{constructors})\s*\("))?;
    let factory = regex(r"(?m)^def\s+((?:create|make|get|build|init)_(?:app|application|api|asgi|wsgi|server))\s*\(([^)]*)\)")?;
    let calls =
        regex(r"(?m)^([A-Za-z_]\w*)(?:[ \t]*:[ \t]*[\w.]+)?[ \t]*=\s*(?:\w+\.)*(?:create|make|get|build|init)_(?:app|application|api|asgi|wsgi|server)\s*\(")?;
    let workers = regex(r"(?m)^([A-Za-z_]\w*)\s*=\s*(?:\w+\.)*(?:create|make|get|init)_celery\w*\s*\(")?;
    let mentions = regex(&format!(r"\b(?:{constructors})\s*\("))?;
    let imports = regex(r"(?m)^from\s+[\w.]+\s+import\s+(?:\w+\s+as\s+)?(app|application|celery|celery_app)\b")?;
    let asgi = row.data.get("asgi").and_then(toml::Value::as_str).map(regex).transpose()?;
    let assigned = regex(r"(?m)^(app|application|api|server)(?:[ \t]*:[ \t]*[\w.]+)?[ \t]*=\s*(?:\w+\.)*(\w+)\s*\(")?;
    let functions = makers(sources, &mentions)?;
    let mut apps = Vec::new();
    // Alembic's environment makes an application for the migrations.
    for text in sources.texts.iter().filter(|text| !text.as_str().contains("from alembic import context")) {
        let tail = sources.tail(text);
        let interface = if asgi.as_ref().is_some_and(|asgi| asgi.is_match(text.as_str())) { "asgi" } else { interface(row) };
        let stem = tail.rsplit('/').next().unwrap_or_default().trim_end_matches(".py");
        let entry = matches!(stem, "wsgi" | "asgi");
        let mut push = |pattern: &Pattern, factory: bool, weight: usize| {
            for found in pattern.captures_iter(text.as_str()) {
                let Some(object) = found.get(1) else { continue };
                if factory && !callable(found.get(2).map_or("", |parameters| parameters.as_str())) {
                    continue;
                }
                let (module, import_root) = module(sources, text, tail);
                let background = row.data.contains_key("interface") && BACKGROUND.contains(&stem);
                // Beside a package there are tools that make the application for themselves.
                let top = tail.split('/').next().unwrap_or_default();
                let outside = sources.packaged && tail.contains('/') && top != "src" && !sources.dir.has(&format!("{top}/__init__.py"));
                let outside = outside && !sources.roots.iter().any(|root| root == top) && sources.any_package();
                let file = NAMES.iter().position(|name| *name == stem).unwrap_or(NAMES.len()) + usize::from(background);
                let named = OBJECTS.iter().position(|name| *name == object.as_str()).unwrap_or(OBJECTS.len());
                let line = text.as_str()[object.start()..].lines().next().unwrap_or_default();
                let at = text.at(object.start(), if factory { object.as_str() } else { line.split('(').next().unwrap_or_default() });
                let Some(object) = held(row, text.as_str(), object.as_str(), factory) else { continue };
                let rank = (1 + (weight + 2 * usize::from(outside)) * 100 + file, tail.matches('/').count(), named);
                apps.push(App { row, module, object, factory, import_root, interface, at, rank });
            }
        };
        // Of Celery's applications the one that is configured, not one that only names its tasks.
        let configured = ["config_from_object", "autodiscover_tasks"].iter().any(|sign| text.as_str().contains(sign));
        push(&makes, false, usize::from(row.id == "celery" && !configured));
        // What a factory of a web application makes is none of Celery's.
        let serves = row.data.contains_key("interface");
        push(if serves { &calls } else { &workers }, false, 0);
        // A function of another name makes it, wherever that one stands.
        let made = serves.then(|| assigned.captures(text.as_str())).flatten().and_then(|found| Some((found.get(1)?, found.get(2)?.as_str())));
        if let Some((object, maker)) = made
            && !calls.is_match(text.as_str())
            && !makes.is_match(text.as_str())
            && functions.iter().any(|name| name == maker)
        {
            push(&regex(&format!(r"(?m)^({})(?:[ \t]*:[ \t]*[\w.]+)?[ \t]*=", object.as_str()))?, false, 0);
        }
        if entry {
            push(&imports, false, 0);
        }
        if serves && mentions.is_match(text.as_str()) {
            push(&factory, true, 1);
        }
    }
    // For want of anything with a known name: the one function that hands an application out.
    if apps.is_empty()
        && row.data.contains_key("interface")
        && let [(text, name)] = &makes_alone(sources, constructors)?[..]
    {
        let (module, import_root) = module(sources, text, sources.tail(text));
        let at = text.as_str().find(&format!("def {name}(")).map_or_else(|| text.evidence(), |place| text.at(place, format!("def {name}")));
        apps.push(App { row, module, object: name.clone(), factory: true, import_root, interface: interface(row), at, rank: (1000, 0, 0) });
    }
    Ok(apps)
}

/// Functions without arguments that return an application that they made.
fn makes_alone(sources: &Sources<'_>, constructors: &str) -> Result<Vec<(Rc<Text>, String)>, Diagnostic> {
    let start = regex(r"(?m)^def\s+([a-z]\w*)\s*\(([^)]*)\)")?;
    let makes =
        regex(&format!(r"(?m)^\s+(?:return\s+(?:\w+\.)*(?:{constructors})\s*\(|(\w+)(?:[ \t]*:[ \t]*[\w.]+)?[ \t]*=\s*(?:\w+\.)*(?:{constructors})\s*\()"))?;
    let mut found = Vec::new();
    for text in sources.of_production() {
        let whole = text.as_str();
        for hit in start.captures_iter(whole) {
            let (Some(def), Some(name), Some(parameters)) = (hit.get(0), hit.get(1), hit.get(2)) else { continue };
            let body = &whole[def.end()..];
            let end = body.match_indices('\n').map(|(at, _)| at + 1).find(|at| body[*at..].starts_with(|c: char| !c.is_whitespace())).unwrap_or(body.len());
            let body = &body[..end];
            let made = makes
                .captures(body)
                .is_some_and(|hit| hit.get(1).is_none_or(|object| body.lines().any(|line| line.trim() == format!("return {}", object.as_str()))));
            if made && callable(parameters.as_str()) && !name.as_str().starts_with("test") {
                found.push((Rc::clone(text), name.as_str().to_owned()));
            }
        }
    }
    Ok(found)
}

/// The functions at the top of a module that hold a constructor of the framework.
fn makers(sources: &Sources<'_>, mentions: &Pattern) -> Result<Vec<String>, Diagnostic> {
    let start = regex(r"(?m)^(?:async )?def\s+(\w+)\s*\(")?;
    let mut found = Vec::new();
    for text in sources.texts.iter().filter(|text| mentions.is_match(text.as_str())) {
        let starts: Vec<(usize, &str)> =
            start.captures_iter(text.as_str()).filter_map(|found| found.get(1)).map(|name| (name.start(), name.as_str())).collect();
        for (place, (from, name)) in starts.iter().enumerate() {
            let to = starts.get(place + 1).map_or(text.as_str().len(), |(next, _)| *next);
            if mentions.is_match(&text.as_str()[*from..to]) {
                found.push((*name).to_owned());
            }
        }
    }
    Ok(found)
}

/// The object that a server is given: the application, or what the module holds of it (Dash: `server = app.server`).
fn held(row: &FrameworkRow, text: &str, object: &str, factory: bool) -> Option<String> {
    let Some(attribute) = row.data.get("attribute").and_then(toml::Value::as_str).filter(|_| !factory) else { return Some(object.to_owned()) };
    let pattern = regex(&format!(r"(?m)^([A-Za-z_]\w*)\s*=\s*{object}\.{attribute}\b")).ok()?;
    Some(pattern.captures(text)?.get(1)?.as_str().to_owned())
}

/// The module that `.flaskenv` names, before all that was found.
fn named<'p>(sources: &Sources<'_>, row: &'p FrameworkRow) -> Result<Option<App<'p>>, Diagnostic> {
    let Some(text) = sources.dir.peek(".flaskenv").filter(|_| row.id == "flask") else { return Ok(None) };
    let Some(hit) = source::find(&[text], &regex(r#"(?m)^(?:export\s+)?FLASK_APP\s*=\s*["']?([\w./:]+)"#)?, "#") else { return Ok(None) };
    let (module, object) = hit.value.split_once(':').unwrap_or((&hit.value, ""));
    let module = module.strip_suffix(".py").unwrap_or(module).replace('/', ".");
    let Some(file) =
        [format!("{}.py", module.replace('.', "/")), format!("{}/__init__.py", module.replace('.', "/"))].into_iter().find(|file| sources.dir.has(file))
    else {
        return Ok(None);
    };
    let defined = regex(&format!(r"(?m)^def\s+{object}\s*\("))?;
    let factory = !object.is_empty() && sources.dir.peek(&file).is_some_and(|text| defined.is_match(text.as_str()))
        || object.is_empty()
            && sources
                .dir
                .peek(&file)
                .is_some_and(|text| text.as_str().contains("def create_app(") && !text.as_str().lines().any(|line| line.starts_with("app ")));
    let object = match (object, factory) {
        ("", true) => "create_app",
        ("", false) => "app",
        (object, _) => object,
    };
    Ok(Some(App { row, module, object: object.to_owned(), factory, import_root: String::new(), interface: interface(row), at: hit.at, rank: (0, 0, 0) }))
}

/// Which servers can serve what a framework makes.
fn interface(row: &FrameworkRow) -> &str {
    row.data.get("interface").and_then(toml::Value::as_str).unwrap_or_default()
}

/// Whether a factory can be called without arguments.
fn callable(parameters: &str) -> bool {
    parameters.split(',').map(str::trim).all(|parameter| parameter.is_empty() || parameter.contains('=') || parameter.starts_with(['*', '/']))
        || parameters.contains('[') && parameters.contains('=')
}

/// The dotted name of a file's module and the folder that it is imported from.
pub fn module(sources: &Sources<'_>, text: &Text, tail: &str) -> (String, String) {
    let (folder, stem) = tail.rsplit_once('/').unwrap_or(("", tail));
    let stem = stem.trim_end_matches(".py");
    let root = import_root(sources, text, folder, stem);
    let below = folder.strip_prefix(&root).unwrap_or(folder).trim_start_matches('/');
    let parts: Vec<&str> = below.split('/').chain([stem]).filter(|part| !part.is_empty() && *part != "__init__").collect();
    // What is installed is imported by its name from anywhere.
    let shown = if sources.packaged { String::new() } else { root };
    (parts.join("."), shown)
}

fn import_root(sources: &Sources<'_>, text: &Text, folder: &str, stem: &str) -> String {
    let dir = &sources.dir;
    if sources.packaged {
        let holds = |root: &str| folder == root || folder.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'));
        let own = sources.roots.iter().filter(|root| holds(root)).max_by_key(|root| root.len());
        return own.cloned().unwrap_or_else(|| if holds("src") { "src".to_owned() } else { String::new() });
    }
    let is_name = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !part.starts_with(|c: char| c.is_ascii_digit());
    if !folder.split('/').all(is_name) && stem != "__init__" {
        return folder.to_owned();
    }
    if !folder.is_empty() && stem != "__init__" {
        let here = dir.dir(folder);
        let imported = regex(r"(?m)^\s*(?:from|import)\s+([A-Za-z_]\w*)").ok();
        let bare = imported.is_some_and(|imported| {
            imported.captures_iter(text.as_str()).filter_map(|found| found.get(1)).map(|name| name.as_str()).any(|name| {
                let file = format!("{name}.py");
                name != stem && (here.has(&file) || here.has_dir(name)) && !dir.has(&file) && !dir.has_dir(name)
            })
        });
        if bare {
            return folder.to_owned();
        }
    }
    let in_src = folder == "src" || folder.starts_with("src/");
    let by_name = in_src && (dir.has("src/__init__.py") || sources.any(r"(?m)^\s*(?:from|import)\s+src\b").unwrap_or(false));
    if in_src && !by_name { "src".to_owned() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::{Sources, find};
    use crate::catalog::StackPack;
    use crate::fs::Tree;

    fn targets(files: &[(&str, &str)], packaged: bool) -> Vec<String> {
        let tree = Tree::memory(files.iter().copied());
        let pack = StackPack::load("python").expect("the pack");
        let apps = find(&Sources::read(&tree.root(), packaged, &[]), &pack, &|name| matches!(name, "fastapi" | "flask")).expect("fine");
        apps.iter().map(|app| format!("{} {} {}", app.target(), app.factory, app.import_root).trim_end().to_owned()).collect()
    }

    #[test]
    fn finds_the_object_and_its_module() {
        assert_eq!(targets(&[("app/main.py", "app = FastAPI()\nadmin = FastAPI()\n"), ("app/tools.py", "x = FastAPI()\n")], false), ["app.main:app false"]);
        assert_eq!(targets(&[("src/shop/main.py", "api: FastAPI = fastapi.FastAPI(\n")], true), ["shop.main:api false"]);
        assert_eq!(targets(&[("src/main.py", "from db import x\napp = FastAPI()\n"), ("src/db.py", "")], false), ["main:app false src"]);
        assert_eq!(targets(&[("src/main.py", "from src.db import x\napp = FastAPI()\n"), ("src/db.py", "")], false), ["src.main:app false"]);
        assert_eq!(
            targets(&[("shop/__init__.py", "def create_app(config: dict | None = None):\n    app = Flask(__name__)\n")], false),
            ["shop:create_app true"]
        );
        assert_eq!(targets(&[("wsgi.py", "from shop import app\n"), ("shop/__init__.py", "app = Flask(__name__)\n")], false), ["wsgi:app false"]);
        let registrar = ("core/registrar.py", "def register(app):\n    pass\n\n\ndef register_all():\n    app = FastAPI()\n    return app\n");
        assert_eq!(
            targets(&[("backend/main.py", "from core.registrar import register_all\napp = register_all()\n"), registrar], false),
            ["backend.main:app false"]
        );
        assert_eq!(targets(&[("backend/main.py", "app = register()\n"), registrar], false), ["core.registrar:register_all true"]);
        assert_eq!(targets(&[("a/main.py", "app = FastAPI()\n"), ("b/main.py", "app = FastAPI()\n")], false).len(), 2);
        let built = ("pricing/app.py", "def build():\n    api = FastAPI()\n    return api\n\n\ndef main():\n    app = FastAPI()\n    run(app)\n");
        assert_eq!(targets(&[built], false), ["pricing.app:build true"]);
        assert_eq!(targets(&[("a.py", "# app = FastAPI()\n")], false).len(), 0);
        assert_eq!(targets(&[("code/ch3-hello/main.py", "app = FastAPI()\n")], false), ["main:app false code/ch3-hello"]);
        let inside = ("jobs/redis.py", "if current:\n    app = current\nelse:\n    app = create_app()\n");
        let factory = ("shop/factory.py", "def create_app():\n    app = FastAPI()\n    return app\n");
        assert_eq!(targets(&[inside, factory], false), ["shop.factory:create_app true"]);
        let derived = ("shop/web.py", "class Site(Base, flask.Flask):\n    pass\n");
        assert_eq!(targets(&[("application.py", "application = Site('app')\ncreate_app(application)\n"), derived], false), ["application:application false"]);
        let migrations = ("db/env.py", "from alembic import context\nfrom shop.factory import create_app\napp = create_app()\n");
        assert_eq!(targets(&[migrations, factory], false), ["shop.factory:create_app true"]);
        let run = "uvicorn.run(\n    \"shop.factory:create_app\",\n    factory=True,\n)\n";
        assert_eq!(targets(&[("shop/mock.py", "app = FastAPI()\n"), factory, ("shop/__main__.py", run)], false), ["shop.factory:create_app true"]);
    }
}
