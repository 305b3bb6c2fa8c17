//! Python: FastAPI, Django, Flask and their kin, workers and programs, installed by uv, pip, Poetry, PDM or Pipenv.

mod apps;
mod assets;
mod browsers;
mod companions;
mod conda;
mod contents;
mod django;
mod elsewhere;
mod indexes;
mod inline;
mod layout;
mod listens;
mod local;
mod lock;
mod made;
mod managers;
mod modules;
mod options;
mod processes;
mod programs;
mod project;
mod requirement;
mod routes;
mod run;
mod runners;
mod scm;
mod servers;
mod setup;
mod sockets;
mod stated;
mod stdio;
mod tasks;
mod tied;
mod torch;
mod undeclared;
mod variables;
mod versions;
mod wheels;
mod workspace;
mod writes;

use apps::Sources;
use project::Project;
use wheels::Closure;

use super::writes::Writes;
use super::{Detector, Found, asked, front_end, samples};
use crate::catalog::{FrameworkRow, StackPack};
use crate::fs::Dir;
use crate::model::{Answers, BuildSecret, Claim, Decision, Dependency, Diagnostic, Evidence, RelPath, ServiceDraft, Source, Strength};

/// The detector.
pub struct Python;

/// Files that make a folder a Python project.
const MANIFESTS: &[&str] = &["uv.lock", "poetry.lock", "pdm.lock", "Pipfile", "manage.py", "requirements.txt", "setup.py"];

/// Files that say that a folder holds Python programs.
const HINTS: &[&str] =
    &["main.py", "app.py", "server.py", "wsgi.py", "asgi.py", "bot.py", "run.py", "worker.py", "__main__.py", "index.py", "hello.py", "scrapy.cfg"];

/// Environments that conda and pixi make, out of packages of their own index.
const CONDA: &[&str] = &["environment.yml", "environment.yaml", "conda.yml", "conda.yaml", "conda-lock.yml", "pixi.toml"];

/// Why prod can't stand on an image without Python's own.
const REFUSED: &str = "the virtual environment runs the interpreter of the image that made it, which this base has not";

impl Detector for Python {
    fn id(&self) -> &'static str {
        "python"
    }

    fn claims(&self, dir: &Dir<'_>) -> Option<Claim> {
        let at = |file: &str| Evidence::file(dir.at(file));
        if let Some(file) = dir.first_of(MANIFESTS.iter().copied()) {
            // What only makes the documentation of another program asks for packages too.
            let aside = |below: &str| below.split('/').any(|part| matches!(part, "docs" | "doc" | "examples" | "scripts" | "tools" | "hack"));
            let source = |path: &RelPath| {
                path.name().rsplit_once('.').is_some_and(|(_, ending)| ending == "py") && path.below(dir.path()).is_some_and(|below| !aside(below))
            };
            // A site whose dependencies the project above it names is that project's.
            if file == "manage.py" && is_of_project_above(dir) {
                return Some(Claim::new(Strength::Hint, at(file)));
            }
            let strength = if file != "requirements.txt" || dir.files_below().any(source) { Strength::Certain } else { Strength::Hint };
            return Some(Claim::new(strength, at(file)));
        }
        if let Some(text) = dir.peek("pyproject.toml") {
            // Many a repository keeps only the settings of a linter in it.
            let project = text.as_str().lines().any(|line| matches!(line.trim(), "[project]" | "[tool.poetry]") || line.trim().starts_with("[tool.poetry.dep"));
            return Some(Claim::new(if project { Strength::Certain } else { Strength::Hint }, at("pyproject.toml")));
        }
        if let Some(file) =
            dir.folders().find(|name| *name == "requirements").and_then(|name| dir.dir(name).files().find(|file| file.strip_suffix(".txt").is_some()))
        {
            return Some(Claim::new(Strength::Likely, at(&format!("requirements/{file}"))));
        }
        if let Some(file) = dir
            .first_of(CONDA.iter().copied())
            .filter(|file| dir.peek(file).is_some_and(|text| ["python", "pip"].iter().any(|sign| text.as_str().contains(sign))))
        {
            return Some(Claim::new(Strength::Likely, at(file)));
        }
        dir.first_of(HINTS.iter().copied()).or_else(|| inline::first(dir)).map(|file| Claim::new(Strength::Hint, at(file)))
    }

    fn draft(&self, dir: &Dir<'_>, pack: &StackPack, answers: &Answers) -> Result<Found, Diagnostic> {
        let mut project = Project::read(dir)?;
        if project.is_silent() {
            inline::take(dir, &answers.hints(dir.path(), "app"), &mut project)?;
        }
        if let Some(members) = workspace::read(dir, &project)? {
            return workspace::draft(dir, &members, pack, answers);
        }
        service(dir, &project, None, pack, answers).map(Found::one)
    }
}

/// Whether a folder names no dependencies, and one above it that is a project names Django.
fn is_of_project_above(dir: &Dir<'_>) -> bool {
    let names = |dir: &Dir<'_>| Project::read(dir).is_ok_and(|project| project.needs(&["django"]).is_some());
    let above = std::iter::successors(dir.path().parent(), RelPath::parent);
    !names(dir) && above.map(|folder| dir.tree().dir(folder)).any(|above| names(&above))
}

/// One service: a project of its own, or a member of a workspace.
fn service(dir: &Dir<'_>, project: &Project, member: Option<&workspace::Member<'_>>, pack: &StackPack, answers: &Answers) -> Result<ServiceDraft, Diagnostic> {
    let mut draft = ServiceDraft::new("python", dir.path().clone(), project.name.as_ref().map_or("app", |(name, _)| name));
    let hints = answers.hints(dir.path(), &draft.name.clone());
    let lock_dir = member.map_or_else(|| dir.clone(), |member| member.root.clone());
    let manager = managers::choose(&lock_dir, project, pack, &hints, &mut draft)?;
    let roots: Vec<(String, Vec<String>)> = project
        .requirements
        .iter()
        .filter(|requirement| requirement.production)
        .map(|requirement| (requirement.name.clone(), requirement.extras.clone()))
        .collect();
    let closure = Closure::new(project, manager.lock().and_then(|lock| lock::production(&lock_dir, lock, &roots)), pack);
    if let Some(row) = &pack.runtime {
        let mut runtime = asked::runtime(&hints, row, versions::candidates(dir, project, row, &closure)?)?;
        // A list of packages asks for no Python; conda brings its own.
        if !manager.is_conda() && (manager.id() != "pip" || project.package.is_some()) {
            versions::exact(project, pack, &mut runtime)?;
        }
        draft.runtime = Some(runtime);
    }
    let sources = Sources::read(dir, project.package.is_some(), &project.package_roots);
    draft.dependencies = dependencies(project);
    // The channels of conda have the libraries of the system too.
    if !manager.is_conda() {
        draft.system = closure.system(project, pack, draft.runtime.as_ref().map(|decision| &decision.value));
        draft.system.extend(django::libraries(&sources)?);
    }
    let installed: Vec<String> = closure.locked().iter().map(|package| package.name.clone()).collect();
    let writes = run::take(&run::Facts { sources: &sources, project, manager: &manager, pack, hints: &hints, installed: &installed }, &mut draft)?;
    for base in ["distroless", "scratch"] {
        draft.refused.insert(base.to_owned(), REFUSED.to_owned());
    }
    if manager.is_conda() {
        draft.refused.insert("alpine".to_owned(), "conda's packages are built against Debian's C library".to_owned());
    }
    manager.notes(project, &mut draft);
    draft.notes.extend(torch::cuda(dir, project, &closure, manager.id(), &draft.name));
    manager.fill(&lock_dir, project, member.map(|member| member.name.as_str()), &mut draft);
    if let Some(extra) = &project.extra {
        draft.facts.push(("extra".to_owned(), Decision::new(extra.name.clone(), Source::File(extra.at.clone()))));
    }
    draft.notes.extend(browsers::missing(&draft.name, project, &sources, pack)?);
    draft.notes.extend(undeclared::import(dir, project, &sources, pack)?);
    if draft.start.is_some() && member.is_none() && !dir.has("package.json") {
        let program = front_end::Program { dir, texts: &sources.texts, embedded: Vec::new(), ending: "py" };
        front_end::take(&mut draft, &program, answers)?;
    }
    let row = draft.framework.as_ref().and_then(|framework| pack.framework(&framework.value));
    sources_of_production(&sources, project, row, &mut draft);
    written(&sources, project, row, writes, &mut draft)?;
    scm::take(dir, project, pack, &mut draft);
    place(&sources, &mut draft)?;
    watch(dir, project, &manager, &mut draft);
    assets::take(dir, &mut draft)?;
    if let Some(member) = member {
        member.place(&mut draft);
    }
    // What the framework needs to be reached at all, it needs in development too; so does a program that runs there as it does in production.
    if let Some(row) = draft.framework.as_ref().and_then(|framework| pack.framework(&framework.value)) {
        let of_program = row.data.get("program-env").and_then(toml::Value::as_table).into_iter().flatten();
        let same = draft.dev.is_none() && draft.start.as_ref().and_then(|start| start.value.program()) == Some("python");
        let mut env: serde_json::Map<_, _> = row.env.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        env.extend(of_program.filter(|_| same).filter_map(|(name, value)| Some((name.clone(), value.as_str()?.into()))));
        draft.set("framework_env", env);
    }
    let mut secrets = project.secrets.clone();
    secrets.sort();
    secrets.dedup();
    draft.compose.secrets = secrets.iter().map(|name| BuildSecret { id: name.to_ascii_lowercase(), env: name.clone(), file: String::new() }).collect();
    draft.set("secrets", secrets.iter().map(|name| format!("id={},env={name}", name.to_ascii_lowercase())).collect::<Vec<_>>());
    let databases = companions::variables(&sources, project, &draft.dependencies)?;
    for (name, value) in databases {
        if !draft.compose.env.iter().any(|(known, _)| *known == name) {
            draft.compose.env.push((name, value));
        }
    }
    draft.compose.led = companions::led(&sources, &draft.compose.env)?;
    Ok(draft)
}

/// Every dependency by its name, and once more with each of its extras: `celery` and `celery[redis]`.
fn dependencies(project: &Project) -> Vec<Dependency> {
    let mut found = Vec::new();
    for requirement in &project.requirements {
        let mut push = |name: String| found.push(Dependency { name, at: requirement.at.clone(), production: requirement.production });
        push(requirement.name.clone());
        for extra in &requirement.extras {
            push(format!("{}[{extra}]", requirement.name));
        }
    }
    found
}

/// The names that a framework's row lists.
fn names<'r>(row: Option<&'r FrameworkRow>, key: &str) -> impl Iterator<Item = &'r str> {
    row.and_then(|row| row.data.get(key)).and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_str)
}

/// What the program writes beside its code, by its source and by what its framework is known for.
fn written(sources: &Sources<'_>, project: &Project, row: Option<&FrameworkRow>, mut writes: Writes, draft: &mut ServiceDraft) -> Result<(), Diagnostic> {
    writes::search(&mut writes, sources, project)?;
    if let Some(start) = &draft.start {
        writes.told(&start.value.words(), &start.source);
    }
    if let Some(at) = draft.framework.as_ref().and_then(|framework| framework.source.evidence()) {
        for folder in names(row, "writes").filter(|folder| !sources.dir.has_dir(folder)) {
            writes::folder(&mut writes, folder, at.clone());
        }
        for file in names(row, "writes-files") {
            writes::file(&mut writes, sources, file, at.clone());
        }
    }
    for (name, at) in made::movable(sources)? {
        let home = "/data".to_owned();
        writes.told(&[String::new(), home.clone()], &Source::File(at));
        draft.env.push((name, home));
    }
    writes.state(draft, "");
    Ok(())
}

/// What COPY takes into production.
fn sources_of_production(sources: &Sources<'_>, project: &Project, row: Option<&FrameworkRow>, draft: &mut ServiceDraft) {
    let dir = &sources.dir;
    let alembic = project.needs(&["alembic"]).is_some();
    // A site of Django runs beside its manage.py, wherever its package is installed.
    // So does a file that is started from the project's folder: what it imports need not be in the package.
    let words = draft.start.as_ref().map(|start| start.value.words()).unwrap_or_default();
    let from_here = matches!(&words[..], [python, file, ..] if python == "python" && dir.has(file));
    let beside = sources.packaged && !from_here && row.is_none_or(|row| row.id != "django");
    // A front end has its own build, unless the program's templates or files lie in its folder.
    let named = |folder: &str| draft.front.is_none() && layout::is_named(sources, folder);
    let mut layout = if beside { layout::beside_package(dir, alembic) } else { layout::of_source(dir, &project.files, &named) };
    let commands = draft.start.iter().chain(draft.processes.iter().map(|process| &process.command));
    let words: Vec<String> =
        commands.flat_map(|command| command.value.words()).flat_map(|word| word.split_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect();
    // A file of the repository that the sample of its settings names is read.
    let samples = samples::samples(dir);
    let values = samples.iter().flat_map(|text| text.as_str().lines()).filter_map(|line| line.trim().split_once('='));
    let read = values.map(|(_, value)| value.trim().trim_matches(['"', '\''])).filter(|value| value.contains('/') && dir.has(value.trim_start_matches("./")));
    if !beside {
        layout.keep_imported(dir, &words);
    }
    let manage = draft.extra.get("manage").and_then(serde_json::Value::as_str).filter(|_| row.is_some_and(|row| row.id == "django"));
    layout.keep(dir, words.iter().map(String::as_str).chain(names(row, "keeps")).chain(manage).chain(read));
    // What is collected in the build comes from there.
    let collected = draft.extra.get("static_root").and_then(serde_json::Value::as_str).and_then(|root| root.strip_prefix("/app/"));
    layout.folders.retain(|folder| Some(folder.as_str()) != collected);
    draft.set("package", sources.packaged);
    // What is installed from the repository by a link stays where it is.
    if beside && draft.package_manager.as_ref().is_some_and(|manager| manager.value != "uv") {
        layout.folders.extend(project.local.iter().cloned());
    }
    // uv installs what lies in the repository into the virtual environment: a folder of nothing else stays behind.
    let uv = draft.package_manager.as_ref().is_some_and(|manager| manager.value == "uv");
    let inside = |path: &str| project.local.iter().any(|local| path.strip_prefix(local.as_str()).is_some_and(|rest| rest.starts_with('/')));
    layout.folders.retain(|folder| !uv || !dir.dir(folder).files_below().filter_map(|path| path.below(dir.path())).all(inside));
    draft.set("files", layout.files);
    draft.set("folders", layout.folders);
    // A requirement file that installs the project itself says nothing to a manager that reads another.
    let by_list = draft.package_manager.as_ref().is_some_and(|manager| manager.value == "pip");
    let asks = draft.extra.get("asks_build").and_then(serde_json::Value::as_bool) == Some(true);
    draft.set("own", by_list && project.own.is_some() || asks);
    draft.set("local", project.local.clone());
    let bare = draft.extra.get("bare").and_then(serde_json::Value::as_bool) == Some(true);
    let holds = match (sources.packaged, draft.extra.get("collectstatic").and_then(serde_json::Value::as_bool) == Some(true)) {
        (true, false) if from_here => "the virtual environment and the code",
        (true, false) => "the virtual environment with the project in it",
        (true, true) => "the virtual environment with the project in it and the static files",
        (false, false) if bare => "the code",
        (false, false) => "the virtual environment and the code",
        (false, true) => "the virtual environment, the code and the static files",
    };
    let holds = if draft.front.is_some() { format!("{} and the pages", holds.replace(" and ", ", ")) } else { holds.to_owned() };
    draft.set("holds", if draft.flavour == Some("conda") { holds.replace("virtual environment", "environment") } else { holds });
}

/// What holds for a project that is no member of a workspace, and the variable that names the environment.
fn place(sources: &Sources<'_>, draft: &mut ServiceDraft) -> Result<(), Diagnostic> {
    draft.set("member", "");
    draft.set("member_manifests", serde_json::json!([]));
    let named = sources.find(r#"(?:environ(?:\.get)?|getenv|config|env)\s*[\[(]\s*["'](APP_ENV|APP_ENVIRONMENT|ENV|DJANGO_ENV|FLASK_ENV)["']"#)?;
    draft.set("environment", named.map_or_else(|| "ENVIRONMENT".to_owned(), |hit| hit.value));
    Ok(())
}

/// Code that a tool of the project writes must reach the developer: Alembic's revisions.
fn watch(dir: &Dir<'_>, project: &Project, manager: &managers::Manager<'_>, draft: &mut ServiceDraft) {
    let mut rebuild = manager.manifests(dir, project);
    if manager.id() == "pip" {
        rebuild.extend(project.dev_files.iter().cloned());
    }
    rebuild.retain(|file| dir.has(file));
    rebuild.extend(project.local.iter().cloned());
    rebuild.append(&mut draft.watch.rebuild);
    rebuild.sort();
    draft.watch.rebuild = rebuild;
    let database =
        project.needs(&["psycopg", "psycopg2", "psycopg2-binary", "psycopg-binary", "asyncpg", "pg8000", "mysqlclient", "pymysql", "aiomysql", "asyncmy"]);
    if project.needs(&["alembic"]).is_some() && database.is_some() {
        let here = if dir.path().is_root() { ".".to_owned() } else { format!("./{}", dir.path()) };
        draft.compose.volumes.push(format!("{here}:/app"));
        draft.watch.paths.clear();
    } else {
        draft.watch.paths = vec![".".to_owned()];
    }
}

#[cfg(test)]
mod tests {
    use super::Python;
    use crate::catalog::StackPack;
    use crate::detect::Detector as _;
    use crate::fs::Tree;
    use crate::model::{Answers, ServiceDraft, Severity, Strength};

    fn draft(files: &[(&str, &str)]) -> ServiceDraft {
        let tree = Tree::memory(files.iter().copied());
        let pack = StackPack::load("python").expect("the pack");
        let mut found = Python.draft(&tree.root(), &pack, &Answers::default()).expect("a draft");
        found.services.remove(0)
    }

    #[test]
    fn two_lock_files_are_a_question() {
        let open = draft(&[("pyproject.toml", "[project]\nname = 'a'\n"), ("uv.lock", ""), ("poetry.lock", ""), ("main.py", "")]).open;
        assert_eq!(open.len(), 1);
        assert_eq!(open[0].candidates.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["uv", "poetry"]);
    }

    #[test]
    fn a_list_made_from_a_lock_is_no_second_manager() {
        let draft = draft(&[("pyproject.toml", "[project]\nname = 'a'\n"), ("uv.lock", ""), ("requirements.txt", "x==1\n"), ("main.py", "")]);
        assert!(draft.open.is_empty());
        assert_eq!(draft.package_manager.map(|manager| manager.value).as_deref(), Some("uv"));
    }

    #[test]
    fn what_only_a_build_tells_needs_the_code_first() {
        let manifest = "[project]\nname = 'a'\ndynamic = ['version']\ndependencies = ['x']\n[project.scripts]\na = 'a:main'\n[build-system]\nrequires = ['hatchling']\n[tool.uv]\npackage = true\n";
        let own = |files: &[(&str, &str)]| draft(&[&[("pyproject.toml", manifest), ("src/a/__init__.py", "")], files].concat()).extra["own"] == true;
        assert!(own(&[]));
        assert!(!own(&[("uv.lock", "version = 1\n")]));
    }

    #[test]
    fn a_library_and_two_applications_are_questions() {
        let library = draft(&[("pyproject.toml", "[project]\nname = 'a'\n[build-system]\nrequires = []\n"), ("src/a/__init__.py", "")]);
        assert!(library.start.is_none() && library.open[0].message.contains("library"));
        let two = draft(&[("requirements.txt", "fastapi\nuvicorn\n"), ("a/main.py", "app = FastAPI()\n"), ("b/main.py", "app = FastAPI()\n")]);
        assert_eq!(two.open[0].candidates.len(), 2);
    }

    #[test]
    fn an_import_that_nothing_declares_is_an_error() {
        let errors = |files: &[(&str, &str)]| {
            let notes = draft(files).notes;
            notes.into_iter().filter(|note| note.severity == Severity::Error).map(|note| (note.message, note.at[0].place())).collect::<Vec<_>>()
        };
        let app = "import os\nfrom flask import Flask\napp = Flask(__name__)\n";
        let message = "the program imports `flask`, and nothing names its dependencies".to_owned();
        assert_eq!(errors(&[("app.py", app)]), [(message, "app.py:2".to_owned())]);
        assert_eq!(errors(&[("app.py", app), ("requirements.txt", "flask\n")]), []);
        assert_eq!(errors(&[("app.py", app), ("flask.py", "")]), []);
    }

    #[test]
    fn a_server_is_added_where_there_is_none() {
        let bare = draft(&[("requirements.txt", "fastapi\n"), ("main.py", "app = FastAPI()\n")]);
        let install = bare.extra["install"].to_string();
        assert!(install.contains("no-cache-dir uvicorn=="), "{install}");
        assert!(bare.notes.iter().any(|note| note.message.contains("the image adds uvicorn")));
        assert!(bare.dev.is_some_and(|dev| dev.value.to_string().ends_with("--reload")));
        let own = draft(&[("requirements.txt", "fastapi[standard]\n"), ("main.py", "app = FastAPI()\n")]);
        assert!(!own.extra.contains_key("server"));
    }

    #[test]
    fn what_comes_before_the_server_is_no_part_of_its_start() {
        let started = |web: &str| {
            let found = draft(&[("requirements.txt", "flask\ngunicorn\n"), ("app.py", "app = Flask(__name__)\n"), ("Procfile", web)]);
            let said: Vec<String> = found.notes.into_iter().filter(|note| note.id == "release").map(|note| note.message).collect();
            (found.start.expect("a start").value.to_string(), said.join(" "))
        };
        let (command, said) = started("web: flask db upgrade && exec gunicorn app:app\n");
        assert_eq!(command, "gunicorn app:app");
        assert!(said.contains("doesn't run `flask db upgrade` first"), "{said}");
        let (command, said) = started("web: ./prepare && gunicorn app:app\n");
        assert!(command.contains("./prepare") && said.is_empty(), "{command}");
    }

    #[test]
    fn celery_beside_a_web_application() {
        let app = "app = FastAPI()\n";
        let worker = "celery = Celery(__name__)\ncelery.conf.beat_schedule = {}\n";
        let found = draft(&[("requirements.txt", "fastapi\nuvicorn\ncelery\n"), ("main.py", app), ("worker.py", worker)]);
        let commands: Vec<String> = found.processes.iter().map(|process| format!("{}: {}", process.name, process.command.value)).collect();
        assert_eq!(
            commands,
            ["worker: celery --app worker worker --loglevel info", "beat: celery --app worker beat --loglevel info --schedule /tmp/celerybeat-schedule"]
        );
        let named = draft(&[
            ("requirements.txt", "fastapi\nuvicorn\ncelery\n"),
            ("main.py", app),
            ("worker.py", "celery = Celery('x')\n"),
            ("Procfile", "web: uvicorn main:app\njobs: celery -A worker worker\n"),
        ]);
        assert_eq!(named.processes.iter().map(|process| process.name.as_str()).collect::<Vec<_>>(), ["jobs"]);
        let alone = draft(&[("requirements.txt", "celery\n"), ("worker.py", worker)]);
        assert!(alone.start.is_some_and(|start| start.value.to_string().contains(" worker ")));
        assert_eq!(alone.processes.len(), 1);
    }

    #[test]
    fn settings_of_a_linter_make_no_project() {
        let claim = |text: &str| Python.claims(&Tree::memory([("pyproject.toml", text)]).root()).map(|claim| claim.strength);
        assert_eq!(claim("[tool.ruff]\n"), Some(Strength::Hint));
        assert_eq!(claim("[project]\n"), Some(Strength::Certain));
    }
}
