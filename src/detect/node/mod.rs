//! Node.js and Bun: packages, their package managers, frameworks and the programs that they hold.

mod address;
mod bun;
mod closure;
mod compiled;
pub mod content;
mod declares;
mod develop;
mod elsewhere;
mod environment;
mod frameworks;
mod inner;
mod keepers;
pub mod listening;
mod loaders;
mod managers;
mod migrations;
mod natives;
mod nest;
mod nps;
mod nx;
pub mod pages;
mod places;
mod ports;
mod prisma;
mod programs;
mod project;
mod reached;
mod registries;
mod routes;
mod runtime;
mod script;
mod servers;
mod serving;
mod several;
mod start;
mod stripping;
#[cfg(test)]
mod tests;
mod tied;
mod typescript;
mod versions;
mod wanted;
mod workspace;
mod writes;

pub use bun::Bun;

use managers::Manager;
use project::Project;
use runtime::Runtime;
use workspace::Workspace;

use super::{Detector, Found, asked, companions, deno, source};
use crate::catalog::{FrameworkRow, StackPack};
use crate::fs::Dir;
use crate::manifest::{self, Package, pattern};
use crate::model::question::Question;
use crate::model::{Answers, Claim, Decision, Dependency, Diagnostic, Evidence, Kind, Open, RelPath, ServiceDraft, Severity, Source, Strength};

/// Manifests of other stacks: beside them a `package.json` is often for assets alone.
const OTHERS: &[&str] = &[
    "Gemfile",
    "composer.json",
    "manage.py",
    "mix.exs",
    "pyproject.toml",
    "requirements.txt",
    "go.mod",
    "Cargo.toml",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
];

/// Files that are a program without any manifest.
const LOOSE: &[&str] = &["server.js", "app.js", "index.js", "main.js", "server.mjs", "app.mjs", "index.mjs", "main.mjs"];

/// The detector.
pub struct Node;

impl Detector for Node {
    fn id(&self) -> &'static str {
        "node"
    }

    fn claims(&self, dir: &Dir<'_>) -> Option<Claim> {
        if bun::claimed(dir).is_some() || deno::claimed(dir).is_some() {
            return None;
        }
        if dir.has("package.json") {
            let starts = dir.peek("package.json").is_some_and(|text| text.as_str().contains("\"start\""));
            let strength = if starts || dir.first_of(OTHERS.iter().copied()).is_none() { Strength::Certain } else { Strength::Likely };
            return Some(Claim::new(strength, Evidence::file(dir.at("package.json"))));
        }
        let file = LOOSE.iter().find(|file| dir.peek(file).is_some_and(|text| is_for_node(text.as_str())))?;
        Some(Claim::new(Strength::Hint, Evidence::file(dir.at(file))))
    }

    fn draft(&self, dir: &Dir<'_>, pack: &StackPack, answers: &Answers) -> Result<Found, Diagnostic> {
        found(Runtime::Node, dir, pack, answers)
    }
}

/// The services of a folder: the applications of a workspace, or its one program.
fn found(runtime: Runtime, dir: &Dir<'_>, pack: &StackPack, answers: &Answers) -> Result<Found, Diagnostic> {
    if let Some(package) = Package::read(dir)?
        && let Some(workspace) = Workspace::read(dir, &package)?
    {
        let found = workspace.draft(&package, answers)?;
        if !found.services.is_empty() {
            return Ok(found);
        }
        // Members without a program are no projects of their own: their lock file is the workspace's.
        if !dir.has("nx.json") {
            let mut root = single(runtime, dir, pack, answers, None)?;
            root.open.retain(|open| open.question != Question::StartCmd);
            if root.start.is_none() && root.notes.iter().all(|note| note.severity != Severity::Error) {
                let message = "no member of the workspace has a start script, nor is the root a program".to_owned();
                root.open.push(Open { question: Question::StartCmd, message, candidates: Vec::new() });
            }
            return Ok(Found { services: vec![root], covers: workspace.folders() });
        }
    }
    let apps = nx::applications(dir)?;
    if apps.len() > 1 {
        let folders: Vec<RelPath> = apps.iter().map(|app| app.folder.clone()).collect();
        let one = |app: &nx::App| single(runtime, dir, pack, answers, Some((app, &folders)));
        return Ok(Found { services: apps.iter().map(one).collect::<Result<_, _>>()?, covers: folders });
    }
    if Package::read(dir)?.is_some_and(|package| several::only_below(dir, &package)) {
        return Ok(Found::default());
    }
    let mut draft = single(runtime, dir, pack, answers, None)?;
    let told = [&draft.start, &draft.build].iter().all(|command| command.as_ref().is_some_and(|command| command.source.is_explicit()));
    draft.notes.extend(nx::older(dir, &apps).filter(|_| !told));
    // Scripts that call the packages below make no service: those are.
    let runs_nothing = draft.start.is_none() && draft.framework.is_none() && !draft.dependencies.iter().any(|dependency| dependency.production);
    if runs_nothing && dir.files_below().any(|path| path.name() == "package.json" && path.depth() > dir.path().depth() + 1) {
        return Ok(Found::default());
    }
    let inner = draft.extra.get("inner").and_then(|list| list.as_array()).into_iter().flatten();
    let covers = inner.filter_map(|folder| dir.path().join(folder.as_str()?)).collect();
    Ok(Found { services: vec![draft], covers })
}

/// Whether a script of the package starts a file on Node.js.
pub fn starts(package: &Package) -> bool {
    start::SCRIPTS.iter().filter_map(|name| script::named(package, name)).any(|script| script.program() == "node" && script.file().is_some())
}

/// Whether a script without a manifest is for Node.js and not for a browser.
fn is_for_node(text: &str) -> bool {
    ["require('", "require(\"", "from 'node:", "from \"node:", "from 'http'", "from \"http\""].iter().any(|sign| text.contains(sign))
}

/// A program without a manifest that imports packages: nothing installs them.
fn unlisted(draft: &mut ServiceDraft, dir: &Dir<'_>) {
    let text = LOOSE.iter().find_map(|file| dir.peek(file));
    let Ok(import) = pattern::pattern(r#"(?:\brequire\(|\bfrom\s+)["']([a-z@][\w@/.-]*)["']"#) else { return };
    let known = |name: &str| name.starts_with("node:") || BUILT_IN.contains(&name.split('/').next().unwrap_or(name));
    let found = source::find_all(text.as_slice(), &import, "//").into_iter().find(|hit| !known(&hit.value));
    if let Some(hit) = found {
        let message = format!("the program imports `{}`, and no package.json lists it", crate::model::evidence::tame(&hit.value));
        draft.notes.push(Diagnostic::error("no-manifest", message).at(hit.at).help("`npm init` writes a package.json, `npm install` fills it"));
    }
}

/// Modules that come with Node.js.
const BUILT_IN: &[&str] = &[
    "assert",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "crypto",
    "dgram",
    "diagnostics_channel",
    "dns",
    "domain",
    "events",
    "fs",
    "http",
    "http2",
    "https",
    "inspector",
    "module",
    "net",
    "os",
    "path",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "readline",
    "repl",
    "stream",
    "string_decoder",
    "timers",
    "tls",
    "tty",
    "url",
    "util",
    "v8",
    "vm",
    "wasi",
    "worker_threads",
    "zlib",
];

/// Bases that have no image for the version of Node.js.
fn bases(draft: &mut ServiceDraft, pack: &StackPack) {
    if draft.pack != Runtime::Node.id() {
        return;
    }
    let Some(version) = draft.runtime.as_ref().map(|runtime| runtime.value.major()) else { return };
    let mut majors = pack.data.get("distroless").and_then(|list| list.as_array()).into_iter().flatten();
    if !majors.any(|major| major.as_integer() == Some(i64::from(version))) {
        draft.refused.insert("distroless".to_owned(), format!("there is no such image for {} {version}", pack.title));
    }
}

/// The name of a package's program: of `@shop/source`, which is what some generators call every root, the scope.
fn own_name(name: &str) -> &str {
    match name.split_once('/') {
        Some((scope, "source" | "root" | "app" | "monorepo")) => scope.trim_start_matches('@'),
        _ => name,
    }
}

/// The part of a file's name after its last dot.
fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}

/// The service of a folder that is no workspace.
fn single(runtime: Runtime, dir: &Dir<'_>, pack: &StackPack, answers: &Answers, nx: Option<(&nx::App, &[RelPath])>) -> Result<ServiceDraft, Diagnostic> {
    let package = Package::read(dir)?;
    let own = package.as_ref().and_then(Package::name).map_or("", own_name);
    let mut draft = ServiceDraft::new(runtime.id(), dir.path().clone(), nx.map_or(own, |(app, _)| &app.name));
    let hints = answers.hints(dir.path(), &draft.name);
    let manager = Manager::choose(dir, package.as_ref(), pack, &hints)?;
    let others = nx.into_iter().flat_map(|(app, all)| all.iter().filter(|folder| **folder != app.folder)).cloned().collect();
    let project = Project {
        dir: dir.clone(),
        package,
        root: None,
        manager: &manager,
        runtime,
        pack,
        hints,
        others,
        libraries: Vec::new(),
        framework: None,
        nx: nx.map(|(app, _)| app.clone()),
    };
    let listed = project.package.is_some() || runtime == Runtime::Bun;
    fill(&mut draft, project, std::slice::from_ref(dir))?;
    if !listed {
        unlisted(&mut draft, dir);
    }
    Ok(draft)
}

/// The first framework of the catalogue that the package depends on; one that runs in production must be a dependency of production.
fn framework(dependencies: &[Dependency], dir: &Dir<'_>, pack: &StackPack) -> Option<Decision<String>> {
    let all = pack.framework.iter().filter_map(|row| {
        let flag = |key: &str| row.data.get(key).and_then(toml::Value::as_bool) == Some(true);
        let needs = row.data.get("needs").and_then(toml::Value::as_array);
        // `main.*` stands for the file in whatever language it is written.
        let has = |file: &str| match file.strip_suffix(".*") {
            Some(stem) => ["ts", "mts", "cts", "js", "mjs", "cjs"].iter().any(|ending| dir.has(&format!("{stem}.{ending}"))),
            None => dir.has(file),
        };
        let has_all = needs.into_iter().flatten().filter_map(toml::Value::as_str).all(has);
        let beside = row.data.get("beside").and_then(toml::Value::as_array);
        let known = |name: &str| dependencies.iter().any(|dependency| dependency.name == name);
        let has_beside = beside.is_none_or(|names| names.iter().filter_map(toml::Value::as_str).any(known));
        let has_all = has_all && has_beside && (!flag("from-pages") || starts_from_pages(dir));
        let marks = |dependency: &&Dependency| row.dependency.contains(&dependency.name) && (dependency.production || flag("development"));
        let dependency = dependencies.iter().find(marks).filter(|_| has_all)?;
        Some((row, Decision::new(row.id.clone(), Source::File(dependency.at.clone()))))
    });
    let mut all: Vec<_> = all.collect();
    // Of several that make pages it is the one whose program the scripts call: Storybook may show what is made for Next.js.
    let is_called = |row: &FrameworkRow| frameworks::makes_pages(row) && calls(dir, row);
    let at = match all.first() {
        Some((row, _)) if frameworks::makes_pages(row) && !is_called(row) => {
            // Called by scripts for nothing but documentation, it gives way to a server.
            let server = || all.iter().position(|(row, _)| !frameworks::makes_pages(row)).filter(|_| writes_docs(dir, row));
            all.iter().position(|(row, _)| is_called(row)).or_else(server).unwrap_or(0)
        }
        Some(_) => 0,
        None => return None,
    };
    Some(all.swap_remove(at).1)
}

/// Whether a script calls the framework's program, but for those that write the program's documentation.
fn calls(dir: &Dir<'_>, row: &FrameworkRow) -> bool {
    callers(dir, row).iter().any(|name| !name.starts_with("docs"))
}

/// Whether scripts call the framework's program for nothing but documentation.
fn writes_docs(dir: &Dir<'_>, row: &FrameworkRow) -> bool {
    callers(dir, row).iter().any(|name| name.starts_with("docs"))
}

/// The scripts that call the framework's program.
fn callers(dir: &Dir<'_>, row: &FrameworkRow) -> Vec<String> {
    let Ok(Some(package)) = Package::read(dir) else { return Vec::new() };
    let cli = row.data.get("cli").and_then(toml::Value::as_str).unwrap_or_default();
    let called = |text: &str| text.split_whitespace().any(|word| !cli.is_empty() && cli.split('|').any(|cli| word == cli));
    let scripts = package.doc.get(&["scripts"]).into_iter().flat_map(manifest::Node::entries);
    scripts.filter(|(_, text)| text.str().is_some_and(called)).map(|(name, _)| name.to_owned()).collect()
}

/// Whether a bundler is given pages to start from: in a script, or as the package's source.
fn starts_from_pages(dir: &Dir<'_>) -> bool {
    let Ok(Some(package)) = Package::read(dir) else { return false };
    let scripts = package.doc.get(&["scripts"]).into_iter().flat_map(manifest::Node::entries).filter_map(|(_, text)| text.str());
    let source = package.doc.get(&["source"]).into_iter().flat_map(|node| node.str().into_iter().chain(node.items().filter_map(manifest::Node::str)));
    scripts.chain(source).any(|text| text.contains(".html"))
}

/// The framework of a package: its own, or one that its workspace has installed at the root and its scripts call.
fn framework_of(package: &Package, root: Option<&Package>, dir: &Dir<'_>, pack: &StackPack) -> Option<Decision<String>> {
    let shared = || {
        let scripts: Vec<&str> = package.doc.get(&["scripts"]).into_iter().flat_map(manifest::Node::entries).filter_map(|(_, text)| text.str()).collect();
        let called = |name: &str| scripts.iter().any(|text| text.split_whitespace().any(|word| word == name));
        let calls = |row: &&FrameworkRow| row.data.get("cli").and_then(toml::Value::as_str).is_some_and(|cli| cli.split('|').any(called));
        let rows: Vec<&str> = pack.framework.iter().filter(calls).flat_map(|row| row.dependency.iter().map(String::as_str)).collect();
        let dependencies: Vec<Dependency> = root?.dependencies().into_iter().filter(|dependency| rows.contains(&dependency.name.as_str())).collect();
        framework(&dependencies, dir, pack)
    };
    framework(&package.dependencies(), dir, pack).or_else(shared)
}

/// What is true of every package, then what is true of its kind. The folders are where versions are looked for.
fn fill(draft: &mut ServiceDraft, mut project: Project<'_>, folders: &[Dir<'_>]) -> Result<(), Diagnostic> {
    if let Some(row) = &project.pack.runtime {
        let candidates = versions::candidates(folders, row, &mut draft.notes)?;
        draft.runtime = Some(asked::runtime(&project.hints, row, candidates)?);
    }
    if let Some(package) = &project.package {
        draft.package_manager = Some(project.manager.name.clone());
        draft.open.extend(project.manager.open.clone());
        draft.notes.extend(project.manager.notes.iter().cloned());
        draft.compose.secrets.clone_from(&project.manager.secrets);
        draft.ignore.extend(project.manager.secrets.iter().filter(|secret| !secret.file.is_empty()).map(|secret| format!("**/{}", secret.file)));
        draft.notes.extend(project.manager.secrets.iter().map(natives::secret));
        draft.dependencies = package.dependencies();
        draft.framework = framework_of(package, project.root, &project.dir, project.pack);
        project.framework = draft.framework.as_ref().map(|framework| framework.value.clone());
        let installs = ["dependencies", "devDependencies", "optionalDependencies"].iter().any(|table| package.has_any(table));
        draft.set("installs", installs);
        draft.set("modules", package.has_any("dependencies") || package.has_any("optionalDependencies"));
        draft.set("prunes", package.has_any("devDependencies"));
        draft.set("manager", project.manager.for_template(package.name().unwrap_or_default()));
    } else {
        draft.set("installs", false);
        draft.set("modules", false);
        draft.set("prunes", false);
    }
    let root = folders.last().unwrap_or(&project.dir);
    natives::fill(draft, &project, root)?;
    if let Some(package) = project.root.or(project.package.as_ref()) {
        natives::lifecycle(draft, root, package);
    }
    bases(draft, project.pack);
    if project.package.is_some() && project.manager.name.value == "bun" && project.runtime == Runtime::Node {
        draft.refused.insert("alpine".to_owned(), "the program of bun that is copied in needs glibc".to_owned());
    }
    if !frameworks::of_nx(draft, &project)? && !frameworks::fill(draft, &project)? {
        servers::fill(draft, &project)?;
    }
    prisma::fill(draft, &project)?;
    draft.compose.reads = environment::reads(&project);
    companions::tell_reader(draft, "node", &project.dir);
    writes::fill(draft, &project)?;
    inner::fill(draft, &project);
    by_its_path(draft);
    Ok(())
}

/// Without a search path only the runtime itself can be started: the programs of dependencies are scripts that look for it.
fn by_its_path(draft: &mut ServiceDraft) {
    let Some(start) = &draft.start else { return };
    if start.value.program() != Some(draft.pack) && draft.kind != Kind::Site {
        draft.refused.entry("distroless".to_owned()).or_insert_with(|| format!("`{}` needs a search path, which this image lacks", start.value));
    }
}
