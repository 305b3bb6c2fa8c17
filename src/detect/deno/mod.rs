//! Deno: tasks, the permissions that they grant, and what must be fetched before the program runs.

mod claim;
mod config;
mod permissions;
mod task;

use std::rc::Rc;

use config::Config;
use task::Task;

pub use claim::settings as claimed;

use super::node::{content, listening};
use super::{Detector, Found, asked, source};
use crate::catalog::StackPack;
use crate::fs::{Dir, Text};
use crate::manifest::{Document, Package, pattern, procfile, tool_versions};
use crate::model::answers::Hints;
use crate::model::question::Question;
use crate::model::{Answers, Candidates, Claim, Cmd, Decision, Dependency, Diagnostic, Evidence, Health, Kind, Open, ServiceDraft, Source, Strength, Version};

/// The endings of source files.
const CODE: &[&str] = &["ts", "tsx", "js", "jsx", "mts", "mjs"];

/// Tasks that start the program in production, the most telling name first.
const TASKS: &[&str] = &["start:prod", "start", "serve", "preview", "prod", "production", "server", "main", "run"];

/// Tasks that start it for development.
const DEV_TASKS: &[&str] = &["dev", "start:dev", "watch", "start"];

/// Files that are the program, where nothing says which is.
const ENTRIES: &[&str] = &[
    "main.ts",
    "server.ts",
    "app.ts",
    "index.ts",
    "mod.ts",
    "src/main.ts",
    "src/server.ts",
    "src/index.ts",
    "src/app.ts",
    "main.tsx",
    "server.tsx",
    "main.js",
    "server.js",
];

/// The detector.
pub struct Deno;

impl Detector for Deno {
    fn id(&self) -> &'static str {
        "deno"
    }

    fn claims(&self, dir: &Dir<'_>) -> Option<Claim> {
        if let Some(at) = claimed(dir) {
            return Some(Claim::new(Strength::Certain, at));
        }
        claim::source(dir).filter(|_| !dir.has("package.json")).map(|at| Claim::new(Strength::Hint, at))
    }

    fn draft(&self, dir: &Dir<'_>, pack: &StackPack, answers: &Answers) -> Result<Found, Diagnostic> {
        let config = Config::read(dir)?;
        let package = Package::read(dir)?;
        let name =
            config.as_ref().and_then(|config| config.doc.str(&["name"]).map(ToOwned::to_owned)).or_else(|| package.as_ref()?.name().map(ToOwned::to_owned));
        let mut draft = ServiceDraft::new("deno", dir.path().clone(), name.as_deref().unwrap_or_default());
        let hints = answers.hints(dir.path(), &draft.name);
        let bare = dir.has("import_map.json").then_some("import_map.json").filter(|_| config.is_none());
        let named = config.as_ref().and_then(|config| config.doc.str(&["importMap"])).or(bare);
        let map = named.map(|file| Document::read(dir, file.trim_start_matches("./"))).transpose()?.flatten();
        let project = Project { dir: dir.clone(), config, package, map, pack, hints };
        fill(&mut draft, &project)?;
        // The root of a workspace starts nothing: its members do.
        let is_workspace = project.config.as_ref().is_some_and(|config| config.doc.get(&["workspace"]).is_some());
        if is_workspace && draft.start.is_none() {
            return Ok(Found::default());
        }
        draft.notes.extend(config::above(dir)?);
        Ok(Found::one(draft))
    }
}

/// A project as the parts of the detector see it.
struct Project<'a> {
    dir: Dir<'a>,
    config: Option<Config>,
    package: Option<Package>,
    map: Option<Document>,
    pack: &'a StackPack,
    hints: Hints<'a>,
}

fn fill(draft: &mut ServiceDraft, project: &Project<'_>) -> Result<(), Diagnostic> {
    let dir = &project.dir;
    if let Some(row) = &project.pack.runtime {
        draft.runtime = Some(asked::runtime(&project.hints, row, versions(dir, row, &mut draft.notes)?)?);
    }
    draft.dependencies = project.config.iter().flat_map(|config| config.dependencies(project.map.as_ref())).collect();
    draft.dependencies.extend(project.package.iter().flat_map(Package::dependencies));
    let texts = source::files(dir, CODE, &[]);
    inline(draft, &texts)?;
    let row = project.pack.frameworks(|name| draft.dependencies.iter().any(|dependency| dependency.name == name)).next();
    draft.framework = row.and_then(|row| {
        let at = draft.dependencies.iter().find(|dependency| row.dependency.contains(&dependency.name))?;
        Some(Decision::new(row.id.clone(), Source::File(at.at.clone())))
    });
    let mut facts = listening::read(&texts)?;
    serves(&mut facts, &texts)?;
    let (start, env) = start(project, &texts)?;
    draft.env.extend(env);
    draft.start = start;
    draft.kind = if draft.framework.is_some() || facts.listens.is_some() || is_serve(draft) { Kind::Server } else { Kind::Worker };
    if draft.start.is_none() {
        let message = "no task starts the program, and no file is plainly it".to_owned();
        draft.open.push(Open { question: Question::StartCmd, message, candidates: Vec::new() });
    }
    build(draft, project)?;
    dev(draft, project);
    installs(draft, project, &texts);
    if draft.kind == Kind::Server {
        port(draft, project, &facts)?;
        let path = facts
            .health
            .clone()
            .map_or_else(|| Decision::new("/".to_owned(), Source::default("no route for it was found")), |(path, at)| Decision::new(path, Source::File(at)));
        draft.health = Health::Http(path);
    } else {
        draft.health = Health::None { because: "it listens on no port".to_owned() };
    }
    if let Some(at) = &facts.loopback {
        let message = "the server listens on the loopback address alone: nothing outside of the container reaches it";
        draft.notes.push(Diagnostic::warning("loopback", message).at(at.clone()).help("listen on 0.0.0.0, for example `hostname: '0.0.0.0'`"));
    }
    init(draft, &facts);
    draft.watch.action = if draft.dev.as_ref().is_some_and(|dev| dev.value.to_string().contains("watch") || dev.value.to_string().contains("task")) {
        "sync".to_owned()
    } else {
        "sync+restart".to_owned()
    };
    draft.watch.paths = vec![".".to_owned()];
    draft.watch.ignore = vec!["node_modules/".to_owned()];
    Ok(())
}

/// Packages that the source imports by their full specifiers.
fn inline(draft: &mut ServiceDraft, texts: &[Rc<Text>]) -> Result<(), Diagnostic> {
    let pattern = pattern::pattern(r#"\b(?:from|import)\s*\(?["']((?:npm:|jsr:|https://deno\.land/x/)[^"'\s]+)["']"#)
        .map_err(|error| Diagnostic::error("pattern", error.to_string()))?;
    for hit in source::find_all(texts, &pattern, "//") {
        if let Some(name) = config::package(&hit.value)
            && !draft.dependencies.iter().any(|known| known.name == name)
        {
            draft.dependencies.push(Dependency { name, at: hit.at, production: true });
        }
    }
    Ok(())
}

/// `.deno-version`, `.dvmrc`, `.tool-versions` and mise.
fn versions(dir: &Dir<'_>, row: &crate::catalog::stack::RuntimeRow, notes: &mut Vec<Diagnostic>) -> Result<Candidates<Version>, Diagnostic> {
    let mut stated: Vec<(String, Evidence)> = Vec::new();
    for file in [".deno-version", ".dvmrc"] {
        stated.extend(tool_versions::single(dir, file)?);
    }
    stated.extend(tool_versions::read(dir, &["deno"])?);
    let mut found = Candidates::new();
    for (text, at) in stated {
        let plain = text.trim().trim_start_matches('v').trim_end_matches(".x");
        let newest = matches!(plain, "latest" | "stable").then(|| row.default.clone());
        match newest.or_else(|| asked::complete(&plain.parse().ok()?, row)) {
            Some(version) => {
                found.push(version, Source::File(at));
            }
            None => notes.push(
                Diagnostic::warning("unknown-version", format!("`{}` names no version of Deno that is known", crate::model::evidence::tame(&text)))
                    .at(at)
                    .help("say it with --runtime-version"),
            ),
        }
    }
    Ok(found)
}

/// What Deno serves by itself: `Deno.serve`, and modules that export a handler for `deno serve`.
fn serves(facts: &mut listening::Listening, texts: &[Rc<Text>]) -> Result<(), Diagnostic> {
    let one = |text: &str| pattern::pattern(text).map_err(|error| Diagnostic::error("pattern", error.to_string()));
    let listens = one(r"(\bDeno\.(?:serve|listen|listenTls)\(|\bexport\s+default\s*\{[^}]{0,400}\bfetch\b|\bserve\()")?;
    if facts.listens.is_none() {
        facts.listens = source::find(texts, &listens, "//").map(|hit| hit.at);
    }
    if facts.handles_sigterm.is_none() {
        facts.handles_sigterm = source::find(texts, &one(r#"(\baddSignalListener\(\s*["']SIGTERM["'])"#)?, "//").map(|hit| hit.at);
    }
    Ok(())
}

fn is_serve(draft: &ServiceDraft) -> bool {
    matches!(draft.start.as_ref().map(|start| &start.value), Some(Cmd::Exec(words)) if words.get(1).is_some_and(|word| word == "serve"))
}

type Started = (Option<Decision<Cmd>>, Vec<(String, String)>);

/// The command of production, with the permissions that its task grants.
fn start(project: &Project<'_>, texts: &[Rc<Text>]) -> Result<Started, Diagnostic> {
    let mut candidates = Candidates::new();
    let mut env = Vec::new();
    let mut tasks: Vec<Task> = Vec::new();
    if let Some(config) = &project.config {
        let web = procfile::read(&project.dir)?.into_iter().filter(|process| process.name == "web");
        tasks.extend(web.filter_map(|process| task::parse(config, &process.command, process.at, 4)));
        tasks.extend(TASKS.iter().filter_map(|name| task::named(config, name)));
    }
    // One that watches is for development; without another one it is what there is, without watching.
    tasks.sort_by_key(Task::watches);
    let built = project.config.as_ref().is_some_and(|config| config.task("build").is_some());
    let there = |task: &Task| task.is_there(&project.dir, built);
    tasks.retain(there);
    let plain = tasks.iter().any(Task::runs_module);
    for found in tasks.into_iter().filter(|task| task.runs_module() || !plain && !task.watches()) {
        if candidates.is_empty() {
            env.clone_from(&found.env);
        }
        candidates.extend([match served(project, &found) {
            Some(command) => (command, Source::inferred("the program that its development script starts", [found.at])),
            None => (found.for_production(), Source::File(found.at)),
        }]);
    }
    if candidates.is_empty()
        && let Some(found) = project
            .config
            .as_ref()
            .and_then(|config| DEV_TASKS.iter().filter_map(|name| task::named(config, name)).find(|task| task.runs_module() && there(task)))
    {
        candidates.push(found.for_production(), Source::inferred("the development task, without watching", [found.at]));
    }
    // What a published package hands out is no program.
    let exported = project.config.as_ref().filter(|config| config.doc.str(&["version"]).is_some()).and_then(|config| config.doc.get(&["exports"]));
    if candidates.is_empty()
        && exported.is_none()
        && let Some(file) = project.dir.first_of(ENTRIES.iter().copied())
    {
        let (mut words, from) = permissions::derived(&project.dir, file, texts)?;
        words.splice(2..2, bare_map(project).map(ToOwned::to_owned));
        candidates.push(Cmd::Exec(words), Source::inferred("the file is named as programs are, with the permissions for what the source calls", from));
    }
    Ok((asked::command(&project.hints, Question::StartCmd, candidates)?, env))
}

/// The flag for a map of imports that no settings name.
fn bare_map(project: &Project<'_>) -> Option<&'static str> {
    (project.config.is_none() && project.dir.has("import_map.json")).then_some("--import-map=import_map.json")
}

/// Fresh up to 1 starts `dev.ts` for development, which brings `main.ts` up and writes files beside it.
fn served(project: &Project<'_>, task: &Task) -> Option<Cmd> {
    let Cmd::Exec(words) = task.for_production() else { return None };
    let module = task::module(&words)?.to_owned();
    let main = format!("{}main.ts", module.trim_start_matches("./").strip_suffix("dev.ts")?);
    let is_fresh = || project.dir.peek(&module).is_some_and(|text| text.as_str().contains("$fresh/dev.ts"));
    ((task.watches() || is_fresh()) && project.dir.has(&main))
        .then(|| Cmd::Exec(words.iter().map(|word| if *word == module { main.clone() } else { word.clone() }).collect()))
}

fn build(draft: &mut ServiceDraft, project: &Project<'_>) -> Result<(), Diagnostic> {
    let mut candidates = Candidates::new();
    if let Some((_, at)) = project.config.as_ref().and_then(|config| config.task("build")) {
        candidates.push(Cmd::Shell("deno task build".to_owned()), Source::File(at));
    }
    draft.build = asked::command(&project.hints, Question::BuildCmd, candidates)?;
    Ok(())
}

fn dev(draft: &mut ServiceDraft, project: &Project<'_>) {
    let found =
        project.config.as_ref().and_then(|config| DEV_TASKS.iter().find_map(|name| Some((name, task::named(config, name).filter(|task| !task.is_of_host())?))));
    draft.dev = match found {
        Some((_, task)) if task.runs_module() && task.watches() && task.env.is_empty() => Some(Decision::new(task.command, Source::File(task.at))),
        Some((name, task)) if is_vite(&task) => {
            // Vite listens on the loopback address unless it is told otherwise.
            draft.set("dev_port", 5173);
            Some(Decision::new(Cmd::exec(["deno", "task", name, "--host", "0.0.0.0"]), Source::File(task.at)))
        }
        Some((name, task)) if task.watches() || **name == *"dev" && !task.runs_module() => {
            Some(Decision::new(Cmd::exec(["deno", "task", name]), Source::File(task.at)))
        }
        _ => draft.start.as_ref().and_then(|start| match &start.value {
            Cmd::Exec(words) if task::module(words).is_some() => {
                let mut words = words.clone();
                let place = if matches!(words.get(1).map(String::as_str), Some("run" | "serve")) { 2 } else { 1 };
                words.insert(place, "--watch".to_owned());
                Some(Decision::new(Cmd::Exec(words), Source::default("Deno starts again when a module changes")))
            }
            _ => None,
        }),
    };
}

fn is_vite(task: &Task) -> bool {
    task.command.to_string().split([' ', '/', ':', '@']).any(|word| word == "vite")
}

/// What is copied before the installation, what the production stage holds, and how both are fetched.
fn installs(draft: &mut ServiceDraft, project: &Project<'_>, texts: &[Rc<Text>]) {
    let dir = &project.dir;
    let at = project.config.as_ref().map(|config| config.doc.whole());
    let because = at.map_or_else(|| Source::default("Deno fetches its packages itself"), |at| Source::inferred("its settings", [at]));
    draft.package_manager = Some(Decision::new("deno".to_owned(), because));
    let setting = |keys: &[&str]| project.config.as_ref().and_then(|config| config.doc.get(keys));
    let named = setting(&["lock"]).and_then(|node| node.str().or_else(|| node.get(&["path"]).and_then(crate::manifest::Node::str)));
    let lock = named.unwrap_or("deno.lock").trim_start_matches("./").to_owned();
    let locked = dir.has(&lock) && setting(&["lock"]).and_then(crate::manifest::Node::bool) != Some(false);
    let uses_packages = !draft.dependencies.is_empty();
    if !locked && uses_packages {
        draft.notes.push(
            Diagnostic::warning("no-lock-file", "no lock file: each build takes the newest versions that the imports allow")
                .at_all(project.config.as_ref().map(|config| config.doc.whole()))
                .help("run `deno install` and commit deno.lock"),
        );
    }
    let map = project.map.as_ref().and_then(|doc| doc.path().below(dir.path()).map(ToOwned::to_owned));
    let mut manifests: Vec<String> = project.config.iter().map(|config| config.file.to_owned()).collect();
    manifests.extend(locked.then(|| lock.clone()));
    manifests.extend(["package.json", ".npmrc"].iter().filter(|file| dir.has(file)).map(|file| (*file).to_owned()));
    manifests.extend(map);
    // With a package.json, or when it is told so, Deno lays the packages out as npm does.
    let modules = project.package.is_some() || setting(&["nodeModulesDir"]).and_then(crate::manifest::Node::str).is_some_and(|mode| mode != "none");
    let vendored = setting(&["vendor"]).and_then(crate::manifest::Node::bool) == Some(true) && dir.has_dir("vendor");
    let installs = uses_packages && (project.config.is_some() || project.package.is_some());
    let frozen = if locked { " --frozen" } else { "" };
    let words = draft.start.as_ref().map(|start| start.value.words()).unwrap_or_default();
    let module = task::module(&words).filter(|module| !module.contains(':')).map(ToOwned::to_owned);
    let made = module.as_ref().is_some_and(|module| !dir.has(module.trim_start_matches("./")));
    let (folders, files): (Vec<String>, Vec<String>) = content::of_source(dir, texts, &words).into_iter().partition(|path| path.ends_with('/'));
    let mut files: Vec<String> = files.into_iter().filter(|file| !manifests.contains(file)).collect();
    files.extend(manifests.iter().filter(|file| *file != ".npmrc").cloned());
    files.sort();
    let folders: Vec<String> = folders.iter().map(|path| path.trim_end_matches('/').to_owned()).filter(|name| name != "vendor" || vendored).collect();
    let whole = draft.build.is_some();
    let mut holds: Vec<String> = vec!["the cached modules".to_owned()];
    if whole {
        holds.push("the built program".to_owned());
    } else {
        holds.push("the source".to_owned());
    }
    draft.set("holds", holds.join(" and "));
    draft.set("whole", whole);
    draft.set("folders", folders);
    draft.set("files", files);
    draft.set("manifests", manifests.clone());
    draft.set("lock", if locked { lock } else { String::new() });
    draft.set("install", if installs { format!("deno install{frozen}") } else { String::new() });
    // What only the source names is fetched by its first module; what a build makes is fetched after it.
    let map = bare_map(project).map_or_else(String::new, |flag| format!(" {flag}"));
    draft.set("cache", module.map(|module| format!("deno cache{}{map} {}", if locked && !made { " --frozen" } else { "" }, Cmd::word(&module))));
    draft.set("modules", modules && installs);
    draft.watch.rebuild = manifests;
}

fn port(draft: &mut ServiceDraft, project: &Project<'_>, facts: &listening::Listening) -> Result<(), Diagnostic> {
    let mut candidates = Candidates::new();
    if let Some(start) = &draft.start {
        let words = start.value.words();
        let at = start.source.evidence().cloned();
        candidates.extend(task::flag(&words, "--port").and_then(|port| port.parse().ok()).zip(at).map(|(port, at)| (port, Source::File(at))));
    }
    if !is_serve(draft) {
        // The ports below are those of services that a program calls.
        let own = |port: &u16| *port >= 1024 || matches!(port, 80 | 81);
        candidates.extend(facts.ports.iter().filter_map(|hit| Some((hit.value.parse().ok().filter(own)?, Source::File(hit.at.clone())))));
    }
    candidates.push(8000, Source::default("Deno serves on it unless it is told another"));
    draft.port = asked::port(&project.hints, candidates)?;
    let Some(port) = &draft.port else { return Ok(()) };
    let shown = if let Some(hit) = facts.reads_port.as_ref().filter(|_| !is_serve(draft)) {
        draft.env.push((hit.value.clone(), port.value.to_string()));
        draft.facts.push(("port variable".to_owned(), Decision::new(hit.value.clone(), Source::File(hit.at.clone()))));
        format!("'+Deno.env.get('{}')+'", hit.value)
    } else {
        port.value.to_string()
    };
    draft.set("health_port", shown);
    Ok(())
}

/// As process 1, Deno gets no SIGTERM unless the program handles it.
fn init(draft: &mut ServiceDraft, facts: &listening::Listening) {
    let (kept, source) = match &facts.handles_sigterm {
        Some(at) => ("none", Source::inferred("the program answers SIGTERM itself", [at.clone()])),
        None => ("tini", Source::default("as process 1, Deno ignores SIGTERM")),
    };
    if facts.handles_sigterm.is_none() {
        draft.system.push(Dependency { name: "tini".to_owned(), at: Evidence::file(draft.root.clone()), production: true });
    }
    draft.set("init", facts.handles_sigterm.is_none());
    draft.facts.push(("init".to_owned(), Decision::new(kept.to_owned(), source)));
}

#[cfg(test)]
mod tests {
    use crate::detect::select::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    #[test]
    fn what_a_published_package_hands_out_is_no_program() {
        let start = |config: &str| {
            let found = detect(&Tree::memory([("deno.json", config), ("mod.ts", "export const a = Deno.serve(() => new Response())")]), &Answers::default());
            found.services[0].start.is_some()
        };
        assert!(start(r#"{"name": "@a/b", "version": "1.0.0"}"#));
        assert!(!start(r#"{"name": "@a/b", "version": "1.0.0", "exports": "./mod.ts"}"#));
        assert!(start(r#"{"name": "@a/b", "version": "1.0.0", "exports": "./mod.ts", "tasks": {"start": "deno run -A mod.ts"}}"#));
    }
}
