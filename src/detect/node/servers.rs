//! Programs that Node.js runs: servers, workers and command line tools, with or without a framework.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::inner::{self, Sent};
use super::listening::{self, Listening};
use super::nest::{self, Talks};
use super::project::Project;
use super::runtime::Runtime;
use super::script::{self, BIN};
use super::typescript::{self, Output};
use super::{address, bun, compiled, content, develop, elsewhere, frameworks, loaders, migrations, nx, programs, reached, serving, start, stripping, wanted};
use crate::detect::asked;
use crate::detect::listening::wants_variables;
use crate::detect::source;
use crate::fs::Text;
use crate::manifest::{Package, dockerfile};
use crate::model::question::Question;
use crate::model::{Candidates, Cmd, Decision, Dependency, Diagnostic, Evidence, Health, Kind, Open, RelPath, ServiceDraft, Severity, Source};

/// The endings of source files.
pub const CODE: &[&str] = &["js", "mjs", "cjs", "ts", "mts", "cts", "tsx"];

/// The program that Express' generator writes, without an ending. (expressjs/generator templates/js/www.ejs)
pub const WWW: &str = "bin/www";

/// Scripts that build, where there is none that is plainly called so.
const BUILDS: &[&str] = &[
    "build:prod",
    "build:production",
    "build:all",
    "build:server",
    "build:frontend",
    "build:client",
    "build:web",
    "build:ui",
    "build:app",
    "heroku-postbuild",
    "gcp-build",
];

/// Fills in what is true of a program that Node.js runs.
pub fn fill(draft: &mut ServiceDraft, project: &Project<'_>) -> Result<(), Diagnostic> {
    let mut texts = source::files(&project.dir, CODE, &project.others);
    texts.extend(project.dir.peek(WWW));
    draft.env.push(("NODE_ENV".to_owned(), "production".to_owned()));
    let row = draft.framework.as_ref().and_then(|framework| project.pack.framework(&framework.value));
    draft.env.extend(row.into_iter().flat_map(|row| row.env.clone()));
    let output = match &project.package {
        Some(package) => typescript::output(&project.dir, package)?,
        None => None,
    };
    let start = start::find(project, output.as_ref())?;
    draft.notes.extend(start.notes);
    draft.env.extend(start.env);
    draft.start = start.command;
    let own = draft.start.as_ref().and_then(|start| script::started(&start.value)).map(|file| reached::from(project, Some(&file)).texts);
    let mut obstacles = stripping::obstacles(draft, project, own.as_ref().unwrap_or(&texts))?;
    if !obstacles.is_empty() && !stripping::replace(draft, project, output.as_ref())? {
        // A guess that is known to fail is none.
        if draft.start.as_ref().is_some_and(|start| matches!(&start.source, Source::Inferred { rule, .. } if rule == programs::BY_NAME)) {
            for obstacle in &mut obstacles {
                obstacle.severity = Severity::Error;
            }
        }
        draft.notes.extend(obstacles);
    }
    in_production(draft, project);
    let mut facts = facts(draft, project, &texts)?;
    let by_itself = serving::open(draft, project, &mut facts);
    let file = draft.start.as_ref().and_then(|start| script::started(&start.value));
    let talks = nest::talks(project, draft.framework.as_ref().map(|framework| framework.value.as_str()), file.as_deref());
    draft.kind = if talks == Talks::Nobody { Kind::Worker } else { kind(draft, &facts, start.tool) };
    draft.build = draft.build.take().or(start.builds);
    build(draft, project, file.as_deref())?;
    draft.notes.extend(compiled::missing(draft, project));
    draft.notes.extend(own.as_ref().and_then(|texts| compiled::unheld(project, texts)));
    let (sent, only) = inner::build(draft, project, &texts)?;
    if sent.is_empty() && draft.front.is_none() {
        inner::beside(draft, project, &texts)?;
    }
    copies(draft, project, &reached::with_tools(project, &texts, own.as_deref().unwrap_or_default()), output.as_ref(), file.as_deref(), (&sent, only));
    develop::dev(draft, project, &texts, file.as_deref())?;
    loaders::reads(draft, project, &texts)?;
    if project.runtime == Runtime::Bun {
        bun::reads(draft, project)?;
        bun::compiled(draft, project, &texts);
    }
    if draft.kind == Kind::Server {
        address::port(draft, project, &facts, by_itself)?;
        address::open(draft, &facts);
        let raw = draft.framework.is_none() && facts.health.is_none() && own.as_deref().is_some_and(listening::is_raw);
        if talks == Talks::Messages || raw {
            draft.health = Health::None { because: "it answers messages, not HTTP".to_owned() };
        } else {
            health(draft, project, &facts);
        }
    } else {
        draft.health = Health::None { because: "it listens on no port".to_owned() };
    }
    if draft.kind != Kind::Tool {
        init(draft, project, &facts);
    }
    wants_variables(draft, wanted::variables(own.as_ref().unwrap_or(&texts)));
    if draft.start.is_none()
        && let Some(problem) = elsewhere::of(project, false)
    {
        draft.notes.push(problem);
    } else if draft.start.is_none() {
        draft.open.push(Open {
            question: Question::StartCmd,
            message: match project.package.as_ref().filter(|package| programs::is_library(package)) {
                Some(_) => "package.json describes a library, which other programs import: nothing is started",
                None => "package.json has no start script, and no file is plainly the program",
            }
            .to_owned(),
            candidates: Vec::new(),
        });
    }
    watch(draft, project);
    dev_env(draft, &facts);
    Ok(())
}

/// What the source says of how the program listens: that which is started, with all that it imports; the rest counts where an import could not be followed.
fn facts(draft: &ServiceDraft, project: &Project<'_>, texts: &[Rc<Text>]) -> Result<Listening, Diagnostic> {
    let read = |texts: &[Rc<Text>]| {
        let mut facts = listening::read(texts)?;
        if project.runtime == Runtime::Bun {
            bun::serves(&mut facts, texts)?;
        }
        Ok::<_, Diagnostic>(facts)
    };
    let words = draft.start.as_ref().and_then(|start| script::single(&start.value)).unwrap_or_default();
    let itself = || words.first().filter(|word| word.starts_with("./") && project.dir.has(word.trim_start_matches("./"))).map(String::as_str);
    let Some(file) = script::run_file(&words).or_else(|| start::compiled_on_the_fly(&words)).or_else(itself) else { return read(texts) };
    let reached = reached::from(project, Some(file));
    let all = reached.texts.is_empty() || reached.texts.len() >= texts.len();
    let mut own = read(if reached.texts.is_empty() { texts } else { &reached.texts })?;
    own.whole = reached.whole;
    // What another script starts is a program of its own.
    let scripts = project.package.iter().flat_map(Package::scripts).filter_map(|name| script::named(project.package.as_ref()?, name));
    let other = scripts.filter_map(|script| {
        let words = script::single(&script.command)?;
        let file = script::run_file(&words).or_else(|| start::compiled_on_the_fly(&words))?;
        project.dir.path().join(&project.source_of(file))
    });
    let others: Vec<RelPath> = other.filter(|path| !reached.texts.iter().any(|text| text.path() == path)).collect();
    let rest: Vec<Rc<Text>> = texts.iter().filter(|text| !others.contains(text.path())).cloned().collect();
    let own = if all || reached.whole { own } else { own.or(read(&rest)?.without_loopback_outside(project.dir.path(), &reached.texts)) };
    // A program may only put together what the members of its workspace bring.
    if own.listens.is_some() && !own.ports.is_empty() || project.libraries.is_empty() {
        return Ok(own);
    }
    let mut shared = shared(project)?;
    // A member's own program for its development may be told another name.
    shared.reads_port = shared.reads_port.filter(|hit| hit.value == "PORT");
    Ok(if shared.listens.is_some() { own.or(shared) } else { own })
}

/// Whether a member of a workspace that no script starts is a server all the same: the repository's own image starts the program that it
/// installs under its name, or, where it is `alone`, that program listens.
pub fn by_its_name(project: &Project<'_>, alone: bool) -> Result<bool, Diagnostic> {
    let Some((file, _)) = project.package.as_ref().and_then(programs::bin) else { return Ok(false) };
    let root = project.dir.tree().root();
    let starts = |line: &str| (line.starts_with("CMD") || line.starts_with("ENTRYPOINT")) && line.split(['"', '\'', ' ']).any(|word| word.ends_with(&file));
    let images = dockerfile::NAMES.iter().filter_map(|name| root.peek(name).or_else(|| project.dir.peek(name)));
    if images.into_iter().any(|text| text.as_str().lines().any(starts)) {
        return Ok(true);
    }
    if !alone || !project.dir.has(&project.source_of(&file)) {
        return Ok(false);
    }
    Ok(listening::read(&reached::from(project, Some(&file)).texts)?.listens.is_some())
}

/// The same facts of the members of its workspace that it uses.
fn shared(project: &Project<'_>) -> Result<Listening, Diagnostic> {
    // Of several that listen it is the one with a framework that the rest of the world talks to.
    let serves = |library: &&Package| {
        project.pack.framework.iter().any(|row| row.dependency.iter().any(|name| library.dependency(name).is_some_and(|found| found.production)))
    };
    let (mut chosen, others): (Vec<&Package>, Vec<&Package>) = project.libraries.iter().partition(serves);
    chosen.extend(others);
    let homes = chosen.into_iter().filter_map(|library| library.doc.path().parent());
    let texts: Vec<Rc<Text>> = homes.flat_map(|home| source::files(&project.dir.tree().dir(home), CODE, &[])).collect();
    listening::read(&texts)
}

/// The variables of the development stage: those of production, but for its name, and for the port where the program takes the same by itself.
fn dev_env(draft: &mut ServiceDraft, facts: &Listening) {
    // What the program takes by itself needs no telling.
    let port = draft.port.as_ref().map(|port| port.value.to_string());
    let own = facts.ports.first().map_or(draft.stack == "bun" && port.as_deref() == Some("3000"), |hit| Some(&hit.value) == port.as_ref());
    let variable = facts.reads_port.as_ref().filter(|_| own).map(|hit| hit.value.as_str());
    let mut env: serde_json::Map<String, serde_json::Value> =
        draft.env.iter().filter(|(name, _)| variable != Some(name)).map(|(name, value)| (name.clone(), value.clone().into())).collect();
    // The bundler runs there too, for development.
    env.extend(draft.extra.get("build_env").and_then(|more| more.as_object()).cloned().unwrap_or_default());
    env.insert("NODE_ENV".to_owned(), "development".into());
    env.extend(draft.extra.get("script_env").and_then(|more| more.as_object()).cloned().unwrap_or_default());
    env.sort_keys();
    draft.set("dev_env", env);
}

fn kind(draft: &ServiceDraft, facts: &Listening, tool: bool) -> Kind {
    // A bot may bring a server that another of its programs starts.
    let calls = |framework: &Decision<String>| matches!(framework.value.as_str(), "express" | "fastify" | "koa" | "nestjs");
    let silent = facts.whole && facts.listens.is_none() && draft.framework.as_ref().is_some_and(calls);
    match (draft.framework.is_some() && !silent || facts.listens.is_some(), tool) {
        (true, _) => Kind::Server,
        (false, true) => Kind::Tool,
        (false, false) => Kind::Worker,
    }
}

fn build(draft: &mut ServiceDraft, project: &Project<'_>, file: Option<&str>) -> Result<(), Diagnostic> {
    let (mut candidates, mut notes) = (Candidates::new(), Vec::new());
    if let Some(app) = nx::only(project)? {
        let own = project.package.as_ref().and_then(|package| package.script("build")).is_none_or(|(text, _)| text.starts_with("nx build"));
        candidates.extend(app.build().filter(|_| own || app.several));
    }
    if project.dir.has("nx.json") {
        draft.set("base_env", serde_json::json!({"NX_DAEMON": "false"}));
        draft.ignore.push("**/.nx".to_owned());
    }
    if let Some(package) = &project.package {
        // Without a script of that name, the program may still be made before it starts.
        let missing = file.is_some_and(|file| !project.dir.has(file));
        let made: &[&str] = if missing { &["compile", "tsc", "prestart", "postinstall"] } else { &[] };
        // What builds or starts images is not in one.
        let on_host = |name: &&str| {
            package
                .script(name)
                .is_some_and(|(text, _)| script::steps(text).iter().any(|step| step.starts_with("docker ") || step.starts_with("docker-compose ")))
        };
        let names = ["build"].iter().chain(made).chain(BUILDS).copied().filter(|name| !on_host(name));
        if let Some((name, text, at)) = package.first_script(names)
            && (!text.contains("--noEmit") || text.contains("&&"))
        {
            let server = ["build:server", "server:build", "build-server"].into_iter().find(|other| package.script(other).is_some());
            let both = server.filter(|other| name == "build" && missing && !text.contains(other) && !text.contains("build:"));
            let left_out = migrations::left_out(project, name);
            let own = left_out.as_ref().and_then(|(rest, _)| rest.clone()).unwrap_or_else(|| project.run(name));
            let command = both.map_or_else(|| own.clone(), |other| format!("{own} && {}", project.run(other)));
            candidates.push(Cmd::Shell(command), Source::File(at));
            notes.extend(left_out.map(|(_, note)| note));
        }
        candidates.extend(compiled::by_root(project).filter(|_| missing && candidates.is_empty()));
    }
    if candidates.is_empty() {
        candidates.extend(draft.build.take().map(|build| (build.value, build.source)));
    }
    draft.build = asked::command(&project.hints, Question::BuildCmd, candidates)?;
    if let Some(build) = draft.build.as_ref().filter(|build| !build.source.is_explicit()) {
        // Only what that script is about.
        draft.notes.extend(notes.into_iter().filter(|note| note.at.first().map(|at| &at.file) == build.source.evidence().map(|at| &at.file)));
        let hashes = project.package.as_ref().and_then(|package| frameworks::old_hashes(draft, package, &["webpack"], 5));
        let variables: BTreeMap<String, String> = hashes.into_iter().chain(compiled::production(project)).collect();
        if !variables.is_empty() {
            draft.set("build_env", serde_json::to_value(variables).unwrap_or_default());
        }
    }
    Ok(())
}

/// What the production stage copies.
fn copies(draft: &mut ServiceDraft, project: &Project<'_>, texts: &[Rc<Text>], output: Option<&Output>, file: Option<&str>, (inner, only): (&[Sent], bool)) {
    let built = draft.build.is_some();
    let words = draft.start.as_ref().map(|start| start.value.words()).unwrap_or_default();
    let in_tree = file.is_some_and(|file| project.dir.has(file) || project.dir.has(&format!("{file}.js")) || project.dir.has_dir(file) && !file.is_empty());
    let output =
        output.map(|output| output.folder.clone()).filter(|folder| file.is_some_and(|file| file.trim_start_matches("./").starts_with(&format!("{folder}/"))));
    let first = file.and_then(|file| file.trim_start_matches("./").split_once('/')).map(|(folder, _)| folder.to_owned());
    let folder = output.or(first);
    let (mut copied, mut outputs, mut whole) = (Vec::new(), Vec::new(), false);
    // What a framework of pages builds is the program's too.
    let pages = draft.framework.as_ref().and_then(|framework| project.pack.framework(&framework.value)).is_some_and(frameworks::makes_pages);
    match folder {
        Some(folder) if built && !in_tree && !pages => {
            let sent = compiled::pages(project, texts).filter(|pages| *pages != folder && !pages.starts_with(&format!("{folder}/")));
            outputs.push(format!("{folder}/"));
            outputs.extend(sent.map(|pages| format!("{pages}/")));
            outputs.extend(inner.iter().map(|one| format!("{}/", one.output)));
            copied = content::of_compiled(&project.dir, texts, &words);
        }
        _ if built && in_tree && only => {
            copied = content::of_source(&project.dir, texts, &words);
            copied.retain(|path| !inner.iter().any(|one| path.trim_end_matches('/') == one.folder));
            outputs.extend(inner.iter().map(|one| format!("{}/", one.output)));
        }
        _ if built => whole = true,
        _ => copied = content::of_source(&project.dir, texts, &words),
    }
    // Members of a workspace come with what their users need of them.
    copied.retain(|path| !path.ends_with('/') || content::has_code_outside(&project.dir.dir(path.trim_end_matches('/')), &project.others));
    // A front end is built in a stage of its own: nothing but its output is sent.
    if let Some(front) = &draft.front {
        copied.retain(|path| project.dir.path().join(path.trim_end_matches('/')).as_ref() != Some(&front.draft.root));
    }
    let mut holds: Vec<String> = copied.iter().chain(&outputs).cloned().chain(draft.front.iter().map(|front| format!("{}/", front.wanted))).collect();
    holds.sort_by_key(|path| (!path.ends_with('/'), path.clone()));
    if whole {
        holds.push("the program".to_owned());
    }
    if project.package.as_ref().is_some_and(|package| package.has_any("dependencies") || package.has_any("optionalDependencies")) {
        let prunes = draft.extra.get("prunes").and_then(serde_json::Value::as_bool) == Some(true);
        let kind = if prunes { "the production dependencies" } else { "the dependencies" };
        holds.insert(0, kind.to_owned());
    }
    let holds = match holds.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => holds.concat(),
    };
    if project.package.is_some() && !whole {
        copied.push("package.json".to_owned());
    }
    let (folders, mut files): (Vec<String>, Vec<String>) = copied.into_iter().partition(|path| path.ends_with('/'));
    files.sort();
    let bare = |paths: Vec<String>| paths.into_iter().map(|path| path.trim_end_matches('/').to_owned()).collect::<Vec<_>>();
    let (folders, outputs) = (bare(folders), bare(outputs));
    draft.set("whole", whole);
    if whole {
        let lock = project.manager.lock.iter().filter(|lock| project.dir.has(lock)).cloned();
        draft.set("left_out", content::unread(&project.dir, texts, &words).into_iter().chain(lock).collect::<Vec<_>>());
    }
    draft.set("folders", folders);
    draft.set("files", files);
    draft.set("outputs", outputs);
    draft.set("holds", holds);
}

/// A program of a dependency that only development asks for, or a module that the program loads first: production gets those too.
fn in_production(draft: &mut ServiceDraft, project: &Project<'_>) {
    let asked = |name: &str| project.package.iter().chain(project.root).find_map(|package| package.dependency(name));
    // The variables come from outside of the container.
    if let Some(Cmd::Exec(words)) = draft.start.as_mut().map(|start| &mut start.value)
        && asked("dotenv").is_some_and(|found| !found.production)
        && let Some(at) = words.iter().position(|word| word == "dotenv/config").filter(|at| *at > 0)
    {
        words.drain(at - 1..=at);
    }
    let words = draft.start.as_ref().and_then(|start| script::single(&start.value)).unwrap_or_default();
    let program = words.first().and_then(|word| Some(word.rsplit_once(BIN)?.1.to_owned()));
    let names = program.iter().map(|program| script::program_package(program).to_owned()).chain(script::preloaded(&words));
    let Some(runner) = names.filter_map(|name| asked(&name)).find(|runner| !runner.production) else { return };
    draft.set("prunes", false);
    draft.set("develops", true);
    draft.notes.push(
        Diagnostic::warning("runner-in-production", format!("production runs `{}`, so it gets the development dependencies too", runner.name))
            .at(runner.at)
            .help("add a build script that compiles the program, or move it to the dependencies"),
    );
}

fn health(draft: &mut ServiceDraft, project: &Project<'_>, facts: &Listening) {
    let row = draft.framework.as_ref().and_then(|framework| project.pack.framework(&framework.value));
    let mut candidates = Candidates::new();
    candidates.extend(facts.health.clone().map(|(path, at)| (path, Source::File(at))));
    candidates.extend(row.and_then(|row| row.health.clone().map(|path| (path, Source::default(format!("{} answers on it", row.title))))));
    candidates.push("/".to_owned(), Source::default("no route for it was found"));
    if let Some(path) = candidates.pick() {
        draft.health = Health::Http(path);
    }
}

/// As process 1, a program of Node.js or Bun gets no SIGTERM unless it handles it.
fn init(draft: &mut ServiceDraft, project: &Project<'_>, facts: &Listening) {
    if let Some(at) = &facts.handles_sigterm {
        draft.set("init", false);
        let source = Source::inferred("the program answers SIGTERM itself", [at.clone()]);
        draft.facts.push(("init".to_owned(), Decision::new("none".to_owned(), source)));
    } else {
        add_init(draft, &project.pack.title);
    }
}

/// Lets tini be process 1.
pub fn add_init(draft: &mut ServiceDraft, runtime: &str) {
    let at = Evidence::file(draft.root.clone());
    draft.system.push(Dependency { name: "tini".to_owned(), at, production: true });
    draft.set("init", true);
    draft.facts.push(("init".to_owned(), Decision::new("tini".to_owned(), Source::default(format!("as process 1, {runtime} ignores SIGTERM")))));
}

fn watch(draft: &mut ServiceDraft, project: &Project<'_>) {
    // What does not look at its files itself is started again.
    let watches = draft.dev.as_ref().is_some_and(|dev| start::watches(&dev.value));
    draft.watch.action = if watches { "sync" } else { "sync+restart" }.to_owned();
    draft.watch.paths = vec![".".to_owned()];
    if project.package.is_some() {
        draft.watch.rebuild = project.manager.manifests();
        let copied = draft.extra.get("install_files").and_then(|files| files.as_array()).into_iter().flatten();
        draft.watch.rebuild.extend(copied.filter_map(|file| file.get("from").and_then(|from| from.as_str()).map(ToOwned::to_owned)));
        draft.watch.ignore = vec!["node_modules/".to_owned()];
    }
}
