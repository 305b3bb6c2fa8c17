//! Frameworks that make web pages: what their build makes, how they serve for development, what they write.

mod angular;
mod bundled;
mod commands;
mod kits;
mod mode;
mod next_of_nx;
mod nitro;
mod pages;
mod routes;
mod row;
mod settings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::rc::Rc;

use mode::{Mode, Server, Site};
use row::Front;
use settings::Settings;

use super::project::Project;
use super::script::{self, BIN};
use super::{elsewhere, nx};
use crate::catalog::FrameworkRow;
use crate::detect::{asked, source};
use crate::fs::Text;
use crate::manifest::Package;
use crate::model::question::Question;
use crate::model::{Candidates, Cmd, Decision, Diagnostic, Health, Kind, ServiceDraft, Source};

/// The endings of files that hold pages and programs.
const CODE: &[&str] = &["ts", "tsx", "js", "jsx", "mts", "mjs", "cts", "cjs", "vue", "svelte", "astro", "mdx"];

/// The port of the web server that sends a site.
const SITE_PORT: u16 = 8080;

/// Fills in what is true of a project of such a framework; `false` where its own program is what runs.
pub fn fill(draft: &mut ServiceDraft, project: &Project<'_>) -> Result<bool, Diagnostic> {
    let Some(row) = project.framework.as_deref().and_then(|id| project.pack.framework(id)) else { return Ok(false) };
    let Some(mut front) = Front::of(row)? else { return Ok(false) };
    let Some(package) = &project.package else { return Ok(false) };
    if has_program_of_its_own(project, package, &front) {
        return Ok(false);
    }
    // What is packed with Electron is shown in a window of its own.
    if let Some(problem) = elsewhere::in_a_window(project) {
        draft.notes.push(problem);
        return Ok(true);
    }
    let settings = Settings::read(&project.dir, &commands::settings(&front, package, &project.dir));
    kits::of_its_time(&mut front, row, package, &settings);
    let texts = source::files(&project.dir, CODE, &project.others);
    commands::build(draft, project, package, &front)?;
    let mode = match mode::of(&row.id, project, &front, &settings) {
        Ok(mode) => mode,
        // What it is stays true where its output is nothing that a container can run.
        Err(problem) => {
            draft.notes.push(problem);
            return Ok(true);
        }
    };
    commands::dev(draft, project, package, &front, &settings);
    pages::variables(draft, project, &front, &texts, matches!(mode, Mode::Site(_)));
    pages::surprises(draft, &project.dir, package, row, &texts);
    let mut written: Vec<String> = front.made.clone();
    let base = pages::base_path(draft, package, &front, &settings);
    if !front.cache.is_empty() {
        draft.set("cache", front.cache.clone());
        written.extend(front.cache.split_once('/').map(|(folder, _)| folder.to_owned()).filter(|folder| *folder != front.out || matches!(mode, Mode::Site(_))));
    }
    match mode {
        Mode::Site(site) => {
            // What it writes lies beside its output.
            let root = site.out.strip_suffix(front.out.as_str()).unwrap_or_default();
            written = written.iter().map(|folder| format!("{root}{folder}")).collect();
            // A folder of pages that the build adds to is a source.
            if !front.needs.iter().any(|file| file.starts_with(&format!("{}/", site.out))) {
                written.push(site.out.clone());
            }
            files(draft, project, row, &front, &settings, site, &base)?;
        }
        Mode::Server(server) => {
            if !server.writes.is_empty() && !front.cache.is_empty() {
                draft.set("cache", format!("{}/cache", server.writes));
            }
            written.extend(server.outputs.iter().cloned().chain((!server.writes.is_empty()).then(|| server.writes.clone())));
            program(draft, project, row, &front, &texts, server, &base)?;
        }
    }
    let old_engines = (front.old_engines && project.manager.is_classic()).then(|| ("YARN_IGNORE_ENGINES".to_owned(), "1".to_owned()));
    let variables: BTreeMap<String, String> =
        front.env.clone().into_iter().chain(old_hashes(draft, package, &row.dependency, front.modern)).chain(old_engines).collect();
    draft.set("base_env", serde_json::to_value(variables).unwrap_or_default());
    if draft.kind == Kind::Site
        && let Some((name, value)) = super::compiled::production(project)
    {
        draft.set("build_env", serde_json::json!({ name: value }));
    }
    draft.set("dev_env", serde_json::to_value(&front.dev_env).unwrap_or_default());
    draft.set("front", true);
    surroundings(draft, project, written);
    Ok(true)
}

/// The same for the pages of an application that Nx builds from the manifest at the root.
pub fn of_nx(draft: &mut ServiceDraft, project: &Project<'_>) -> Result<bool, Diagnostic> {
    let Some(app) = nx::only(project)?.filter(|app| !app.name.is_empty()) else { return Ok(false) };
    let Some(row) = app.framework(&project.dir).and_then(|id| project.pack.framework(id)) else { return Ok(false) };
    let Some(front) = Front::of(row)? else { return Ok(false) };
    let by = Source::inferred("what Nx builds it with", [app.doc.whole()]);
    draft.framework =
        Some(Decision::new(row.id.clone(), by)).filter(|_| project.has_dependency(&row.id) || row.dependency.iter().any(|name| project.has_dependency(name)));
    let mut builds = Candidates::new();
    builds.extend(app.build());
    draft.build = asked::command(&project.hints, Question::BuildCmd, builds)?;
    let variables: BTreeMap<String, String> = front.env.clone().into_iter().chain([("NX_DAEMON".to_owned(), "false".to_owned())]).collect();
    draft.set("base_env", serde_json::to_value(variables).unwrap_or_default());
    if draft.kind == Kind::Site
        && let Some((name, value)) = super::compiled::production(project)
    {
        draft.set("build_env", serde_json::json!({ name: value }));
    }
    draft.set("dev_env", serde_json::to_value(&front.dev_env).unwrap_or_default());
    draft.set("front", true);
    if row.id == "nextjs" {
        return next_of_nx::fill(draft, project, row, &front, &app).map(|()| true);
    }
    let home = project.dir.tree().dir(app.folder.clone());
    let settings = Settings::read(&home, &front.settings);
    let mut serving = app.serving();
    serving.extend(front.host.iter().cloned());
    draft.dev = Some(Decision::new(Cmd::Exec(serving), app.serve().map_or_else(|| Source::default("how Nx serves for development"), |serve| serve.source)));
    draft.set("dev_port", settings.port().unwrap_or(4200));
    let texts = source::files(&home, CODE, &[]);
    pages::variables(draft, project, &front, &texts, true);
    let (out, source) = app.output(&project.dir);
    let written = vec![out.split('/').next().unwrap_or_default().to_owned(), ".nx".to_owned()];
    files(draft, project, row, &front, &settings, Site { out, page: front.page.clone(), source }, "")?;
    surroundings(draft, project, written);
    Ok(true)
}

/// Whether a framework makes pages, on a server or for one.
pub fn makes_pages(row: &FrameworkRow) -> bool {
    row.data.get("kind").and_then(toml::Value::as_str) == Some("front")
}

/// Whether a package's own scripts call its framework, whose settings or pages lie beside them: `any` of them, or those with the names of an application's.
pub fn is_called(project: &Project<'_>, package: &Package, any: bool) -> bool {
    let framework = super::framework(&package.dependencies(), &project.dir, project.pack);
    let Some(Ok(Some(front))) = framework.and_then(|id| project.pack.framework(&id.value)).map(Front::of) else { return false };
    let settled = front.settings.is_empty() || !front.needs.is_empty() || Settings::read(&project.dir, &front.settings).file().is_some();
    settled && !front.apart && commands::calls(package, &front, any)
}

/// A server in the repository that uses the framework as its library.
fn has_program_of_its_own(project: &Project<'_>, package: &Package, front: &Front) -> bool {
    if project.hints.get(Question::StartCmd).is_some() {
        return true;
    }
    let names: &[&str] = if package.script("start").is_some() { &["start:prod", "start"] } else { &["start:prod", "serve"] };
    names.iter().filter_map(|name| script::named(package, name)).any(|script| {
        let Some(file) = script.file() else { return false };
        let source = project.source_of(file);
        if project.dir.has(&source) {
            return !source.ends_with(".config.js");
        }
        // A file that a build makes is the framework's where it makes such files.
        let file = file.trim_start_matches("./");
        let made =
            front.made.iter().chain([&front.out]).any(|folder| file == folder || file.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/')));
        package.script("build").is_some() && (!made || front.served_apart) && !file.starts_with('.')
    })
}

/// The development server sends some requests on to a program on this machine, which a container doesn't reach by that name.
fn proxied(project: &Project<'_>, settings: &Settings) -> Option<Diagnostic> {
    let stated = settings.mention("proxy").and_then(|_| settings.string_of(r#"["'`](https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::\d+)?)[/"'`]"#));
    let of_package =
        || project.package.as_ref()?.doc.string(&["proxy"]).map(|(text, at)| (text.to_owned(), at)).filter(|(text, _)| text.contains("//localhost"));
    let (target, at) = stated.or_else(of_package)?;
    Some(
        Diagnostic::warning("dev-proxy", format!("the development server sends requests on to {target}, which in a container is that container itself"))
            .at(at)
            .help("read the address from a variable, and name the other service in compose.yaml; in production a reverse proxy stands before both"),
    )
}

/// Files for a web server.
fn files(
    draft: &mut ServiceDraft,
    project: &Project<'_>,
    row: &FrameworkRow,
    front: &Front,
    settings: &Settings,
    site: Site,
    base: &str,
) -> Result<(), Diagnostic> {
    draft.kind = Kind::Site;
    draft.flavour = Some("site");
    draft.refused.insert("distroless".to_owned(), "its files are sent by nginx, which has no such image".to_owned());
    if !front.out_key.is_empty()
        && let Some(at) = settings.computed(&front.out_key)
    {
        draft.notes.push(
            Diagnostic::warning("computed-setting", format!("`{}` is computed: `{}` is taken for the folder of the build", front.out_key, site.out)).at(at),
        );
    }
    draft.notes.extend(proxied(project, settings));
    let mut ports = Candidates::new();
    ports.push(SITE_PORT, Source::default("a port that needs no rights"));
    draft.port = asked::port(&project.hints, ports)?;
    draft.health = Health::Http(Decision::new("/healthz".to_owned(), Source::default("the web server answers it itself")));
    draft.start = Some(Decision::new(Cmd::exec(["nginx", "-g", "daemon off;"]), Source::default("nginx sends the files")));
    let assets = settings.string("assetsDir").filter(|_| row.id == "vite").map(|(folder, _)| format!("/{}/", folder.trim_matches('/')));
    let hashed = assets.unwrap_or_else(|| front.hashed.clone());
    let below = |path: &str| if base.is_empty() || !path.starts_with('/') { path.to_owned() } else { format!("/{base}{path}") };
    draft.set("page", if site.page.is_empty() { String::new() } else { below(&format!("/{}", site.page)).trim_start_matches('/').to_owned() });
    draft.set("hashed", below(&hashed));
    draft.set("base_path", if base.is_empty() { String::new() } else { format!("{base}/") });
    draft.set("site", site.out.clone());
    draft.set("outputs", vec![site.out.clone()]);
    draft.facts.push(("site".to_owned(), Decision::new(site.out, site.source)));
    if !site.page.is_empty() {
        draft.facts.push(("every path".to_owned(), Decision::new(site.page, Source::default("the page finds its way itself"))));
    }
    for flag in ["modules", "prunes"] {
        draft.set(flag, false);
    }
    Ok(())
}

/// A server of the framework.
fn program(
    draft: &mut ServiceDraft,
    project: &Project<'_>,
    row: &FrameworkRow,
    front: &Front,
    texts: &[Rc<Text>],
    server: Server,
    base: &str,
) -> Result<(), Diagnostic> {
    draft.kind = Kind::Server;
    draft.notes.extend(server.note.map(|note| *note));
    let build_env: BTreeMap<String, String> = server.build_env.into_iter().chain(pages::unchecked(texts)).collect();
    draft.set("build_env", serde_json::to_value(build_env).unwrap_or_default());
    let mut start = project.located(server.start);
    if start.first().is_some_and(|word| word.starts_with(BIN) || word.starts_with("../")) {
        draft.refused.insert("distroless".to_owned(), "its program is started by a script, which needs a shell".to_owned());
    }
    let mut ports = Candidates::new();
    if let Some((_, text, at)) = project.package.as_ref().and_then(|package| package.first_script(["start:prod", "start"])) {
        let words: Vec<&str> = text.split_whitespace().collect();
        ports.extend(commands::port_of(&words).map(|port| (port, Source::File(at))));
    }
    ports.extend(row.port.map(|port| (port, Source::default(format!("{} takes it by habit", row.title)))));
    draft.port = asked::port(&project.hints, ports)?;
    let port = draft.port.as_ref().map_or(0, |port| port.value);
    draft.env.push(("NODE_ENV".to_owned(), "production".to_owned()));
    if !server.host.is_empty() {
        draft.env.push((server.host.to_owned(), "0.0.0.0".to_owned()));
    }
    // A flag beats the variable: one of them says it.
    let by_flag = commands::port_of(&start) == Some(port);
    if !by_flag {
        start = commands::without_port(start);
        draft.env.push(("PORT".to_owned(), port.to_string()));
    }
    draft.set("health_port", if by_flag { port.to_string() } else { "'+process.env.PORT+'".to_owned() });
    draft.start = Some(Decision::new(Cmd::Exec(start), server.source));
    let script = project.package.as_ref().and_then(|package| ["start:prod", "start"].into_iter().find_map(|name| script::named(package, name)));
    draft.notes.extend(script.and_then(|script| super::start::alone(&script)));
    let mut health = Candidates::new();
    let home = nx::only(project)?.map_or_else(|| project.dir.clone(), |app| project.dir.tree().dir(app.folder));
    let below = |path: &str| if base.is_empty() { path.to_owned() } else { format!("/{base}{path}") };
    health.extend(routes::health(&home, front, texts).map(|(path, at)| (below(&path), Source::File(at))));
    health.push(below("/"), Source::default("no route for it was found"));
    if let Some(path) = health.pick() {
        draft.health = Health::Http(path);
    }
    if server.stops {
        draft.set("init", false);
    } else {
        super::servers::add_init(draft, &project.pack.title);
    }
    let production = project.package.as_ref().is_some_and(|package| package.has_any("dependencies") || package.has_any("optionalDependencies"));
    let modules = server.modules && (production || server.unpruned);
    let development = project.package.as_ref().is_some_and(|package| package.has_any("devDependencies"));
    let mut files = server.files;
    if !server.standalone && (modules || !server.outputs.iter().any(|folder| folder == ".output")) {
        files.insert(0, "package.json".to_owned());
    }
    let makes: Vec<String> = server.outputs.iter().chain((!server.writes.is_empty()).then_some(&server.writes)).cloned().collect();
    let mut holds: Vec<String> =
        modules.then(|| if server.unpruned { "all dependencies" } else { "the production dependencies" }.to_owned()).into_iter().collect();
    if server.standalone {
        holds.push("the standalone server and its static files".to_owned());
    } else {
        holds.extend(makes.iter().map(|folder| format!("{folder}/")));
    }
    draft.set("modules", modules);
    draft.set("prunes", modules && development && !server.unpruned);
    draft.set("folders", Vec::<String>::new());
    draft.set("files", files);
    draft.set("outputs", server.folders.into_iter().chain(server.outputs).collect::<Vec<_>>());
    draft.set("makes", makes);
    draft.set("standalone", server.standalone);
    draft.set("writes", server.writes);
    draft.set("whole", false);
    draft.set("holds", holds.join(" and "));
    Ok(())
}

/// Bundlers older than the TLS library of today's Node.js ask it for a hash that it no longer has; before version 17 it had.
pub fn old_hashes<S: AsRef<str>>(draft: &ServiceDraft, package: &Package, bundlers: &[S], modern: u32) -> Option<(String, String)> {
    let major = bundlers.iter().find_map(|name| pages::major(package, name.as_ref()))?;
    let has_none = draft.runtime.as_ref().is_none_or(|runtime| runtime.value.major() >= 17);
    (major < modern && has_none).then(|| ("NODE_OPTIONS".to_owned(), "--openssl-legacy-provider".to_owned()))
}

/// What is ignored and what is watched.
fn surroundings(draft: &mut ServiceDraft, project: &Project<'_>, written: Vec<String>) {
    draft.watch.action = "sync".to_owned();
    draft.watch.paths = vec![".".to_owned()];
    draft.watch.rebuild = project.manager.manifests();
    draft.watch.ignore = std::iter::once("node_modules/".to_owned()).chain(written.iter().map(|folder| format!("{folder}/"))).collect();
    for folder in written {
        // A folder of sources may have the same name somewhere below.
        let name = folder.rsplit('/').next().unwrap_or(&folder);
        let own = if folder.contains('/') || routes::is_a_source(&project.dir, name) { folder } else { format!("**/{folder}") };
        let known = ["**/dist", "**/node_modules"].contains(&own.as_str());
        if !known && !draft.ignore.contains(&own) {
            draft.ignore.push(own);
        }
    }
}
