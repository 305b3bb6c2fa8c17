//! What a framework's build makes: files for a web server, or a server.

use super::angular;
use super::row::Front;
use super::settings::Settings;
use crate::detect::node::project::Project;
use crate::detect::node::script;
use crate::manifest::Package;
use crate::model::{Cmd, Diagnostic, Evidence, Source};

/// The outcome of a build.
#[derive(Clone, Debug)]
pub enum Mode {
    /// Files that a web server sends as they are.
    Site(Site),
    /// A program of its own.
    Server(Server),
}

/// Files for a web server.
#[derive(Clone, Debug)]
pub struct Site {
    /// Their folder.
    pub out: String,
    /// The page that answers for every path; empty where each page is a file.
    pub page: String,
    /// Why it is files, and where they lie.
    pub source: Source,
}

/// A server that the framework makes.
#[derive(Clone, Debug)]
pub struct Server {
    /// What it runs.
    pub start: Vec<String>,
    /// The folders of the build that it needs.
    pub outputs: Vec<String>,
    /// Whether it needs the production dependencies beside them.
    pub modules: bool,
    /// The folder that the server writes into, where there is one.
    pub writes: String,
    /// Whether `start` and its dependencies stand in a folder of the build that is complete in itself.
    pub standalone: bool,
    /// Files of the repository that it reads when it starts.
    pub files: Vec<String>,
    /// Folders of the repository that it reads; a build may add to them.
    pub folders: Vec<String>,
    /// The variable that moves it from the loopback address, where it needs one.
    pub host: &'static str,
    /// Whether it answers SIGTERM as process 1.
    pub stops: bool,
    /// Why it is this server.
    pub source: Source,
}

impl Server {
    /// A server that needs the production dependencies and these folders of the build.
    pub fn new(start: &[&str], outputs: &[&str], source: Source) -> Self {
        let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            start: own(start),
            outputs: own(outputs),
            modules: true,
            writes: String::new(),
            standalone: false,
            files: Vec::new(),
            folders: Vec::new(),
            host: "",
            stops: true,
            source,
        }
    }
}

/// A setting that a container can't work with.
fn unfit(message: String, source: &Source, help: &str) -> Diagnostic {
    Diagnostic::error("framework-output", message).at_all(source.evidence().cloned()).help(help)
}

/// Decides by the framework's settings and dependencies.
pub fn of(id: &str, project: &Project<'_>, front: &Front, settings: &Settings) -> Result<Mode, Diagnostic> {
    let out = out(project, front, settings);
    match id {
        "nextjs" => Ok(next(project, settings, out)),
        "nuxt" => Ok(nuxt(project, settings)),
        "sveltekit" => svelte(project, settings),
        "astro" => astro(project, settings, out),
        "react-router" => react_router(project, settings, out),
        "angular" => angular::mode(project, front),
        _ => Ok(Mode::Site(Site { page: page(project, front, settings), out: out.0, source: out.1 })),
    }
}

/// The folder of the output: the build script's flag, the settings, the framework's habit.
fn out(project: &Project<'_>, front: &Front, settings: &Settings) -> (String, Source) {
    let package = project.package.as_ref();
    let build = package.and_then(|package| super::commands::building(package, front));
    let words: Vec<&str> = build.iter().flat_map(|(_, text, _)| text.split_whitespace()).collect();
    // The folder that the program is pointed at: `vitepress build docs`.
    let root = match words.iter().position(|word| *word == front.build).and_then(|at| words.get(at + 1)) {
        Some(word) if !word.starts_with('-') && !front.build.is_empty() && project.dir.has_dir(word) => format!("{}/", word.trim_matches('/')),
        _ => String::new(),
    };
    let tidy = |folder: &str| format!("{root}{}", folder.trim_start_matches("./").trim_end_matches('/'));
    if !front.out_flag.is_empty()
        && let Some((_, text, at)) = &build
    {
        let inline = text.split_whitespace().find_map(|word| word.strip_prefix(front.out_flag.as_str())?.strip_prefix('='));
        let next = words.windows(2).find(|pair| pair[0] == front.out_flag).map(|pair| pair[1]);
        if let Some(folder) = inline.or(next) {
            return (tidy(folder), Source::File(at.clone()));
        }
    }
    if !front.out_key.is_empty()
        && let Some((folder, at)) = settings.string(&front.out_key)
    {
        return (tidy(&folder), Source::File(at));
    }
    (tidy(&front.out), Source::default("where the framework builds to"))
}

/// The page of a single-page application; several pages at the root are several pages.
fn page(project: &Project<'_>, front: &Front, settings: &Settings) -> String {
    let pages = project.dir.files().filter(|name| crate::detect::node::ending(name) == "html").count();
    let several = pages > 1 || settings.string("appType").is_some_and(|(kind, _)| kind == "mpa");
    if several { String::new() } else { front.page.clone() }
}

fn next(project: &Project<'_>, settings: &Settings, (out, source): (String, Source)) -> Mode {
    let output = settings.string("output");
    if let Some((_, at)) = output.as_ref().filter(|(kind, _)| kind == "export") {
        let folder = if matches!(source, Source::File(_)) { out } else { "out".to_owned() };
        return Mode::Site(Site { out: folder, page: String::new(), source: Source::File(at.clone()) });
    }
    let public: Vec<String> = project.dir.has_dir("public").then(|| "public".to_owned()).into_iter().collect();
    if let Some((_, at)) = output.filter(|(kind, _)| kind == "standalone") {
        let mut server = Server::new(&["node", "server.js"], &[], Source::File(at));
        // In a workspace the traced files keep their places below its root.
        if let Some(folder) = project.folder_in_workspace() {
            server.start[1] = format!("{folder}/server.js");
        }
        server.modules = false;
        server.standalone = true;
        server.writes = out;
        server.folders = public;
        server.host = "HOSTNAME";
        return Mode::Server(server);
    }
    let file: Vec<String> = settings.file().map(|text| text.path().name().to_owned()).into_iter().collect();
    let mut server = Server::new(&["node_modules/.bin/next", "start"], &[], Source::default("the framework's own server"));
    if let Some((words, at)) = started(project, "next", "start") {
        (server.start, server.source) = (words, Source::File(at));
    }
    server.writes = out;
    server.files = file;
    server.folders = public;
    Mode::Server(server)
}

fn nuxt(project: &Project<'_>, settings: &Settings) -> Mode {
    let script = project.package.as_ref().and_then(|package| package.script("build"));
    let preset = settings.string("preset").filter(|(preset, _)| preset == "static");
    let generated = script.filter(|(text, _)| text.contains("generate")).map(|(_, at)| at).or(preset.map(|(_, at)| at));
    if let Some(at) = generated {
        let page = if settings.bool("ssr").is_some_and(|(on, _)| !on) { "200.html" } else { "" };
        return Mode::Site(Site { out: ".output/public".to_owned(), page: page.to_owned(), source: Source::File(at) });
    }
    let mut server = Server::new(&["node", ".output/server/index.mjs"], &[".output"], Source::default("the server that the build makes"));
    server.modules = false;
    Mode::Server(server)
}

fn svelte(project: &Project<'_>, settings: &Settings) -> Result<Mode, Diagnostic> {
    let adapter = |name: &str| {
        let known = project.package.as_ref().and_then(|package| package.dependency(name))?;
        settings.mention(name).or_else(|| settings.file().is_none().then_some(known.at))
    };
    if let Some(at) = adapter("@sveltejs/adapter-node") {
        let out = settings.string("out").map_or_else(|| "build".to_owned(), |(out, _)| out);
        let mut server = Server::new(&["node", &out], &[&out], Source::File(at));
        server.modules = project.package.as_ref().is_some_and(|package| package.has_any("dependencies"));
        return Ok(Mode::Server(server));
    }
    if let Some(at) = adapter("@sveltejs/adapter-static") {
        let out = settings.string("pages").map_or_else(|| "build".to_owned(), |(out, _)| out);
        // A fallback named 404.html is the page of what isn't there.
        let page = settings.string("fallback").map(|(page, _)| page).filter(|page| page != "404.html").unwrap_or_default();
        return Ok(Mode::Site(Site { out, page, source: Source::File(at) }));
    }
    let at = settings.mention("@sveltejs/adapter-").or_else(|| project.package.as_ref()?.dependency("@sveltejs/kit").map(|kit| kit.at));
    let source = at.map_or_else(|| Source::default("no adapter"), Source::File);
    let help = "install @sveltejs/adapter-node (a server) or @sveltejs/adapter-static (files) and use it in the settings";
    Err(unfit("the adapter of SvelteKit makes nothing that a container can run".to_owned(), &source, help))
}

fn astro(project: &Project<'_>, settings: &Settings, (out, source): (String, Source)) -> Result<Mode, Diagnostic> {
    if let Some(at) = settings.mention("@astrojs/node") {
        if let Some((mode, at)) = settings.string("mode").filter(|(mode, _)| mode == "middleware") {
            let own = project.package.as_ref().and_then(|package| package.script("start")).is_some();
            if !own {
                let help = "set `mode: 'standalone'`, or pass --start-cmd with the program that uses the middleware";
                return Err(unfit(format!("the adapter of Astro runs as `{mode}` of another server"), &Source::File(at), help));
            }
        }
        let entry = format!("./{out}/server/entry.mjs");
        let mut server = Server::new(&["node", &entry], &[&out], Source::File(at));
        server.host = "HOST";
        server.stops = false;
        return Ok(Mode::Server(server));
    }
    if let Some((_, at)) = settings.string("output").filter(|(kind, _)| kind == "server") {
        let help = "install @astrojs/node and use it as the adapter";
        return Err(unfit("Astro makes a server, though not for Node.js".to_owned(), &Source::File(at), help));
    }
    Ok(Mode::Site(Site { out, page: String::new(), source }))
}

fn react_router(project: &Project<'_>, settings: &Settings, (out, source): (String, Source)) -> Result<Mode, Diagnostic> {
    if let Some((false, at)) = settings.bool("ssr") {
        return Ok(Mode::Site(Site { out: format!("{out}/client"), page: "index.html".to_owned(), source: Source::File(at) }));
    }
    if !project.ships("@react-router/serve") {
        let at = project.package.as_ref().map(|package| package.doc.whole());
        let help = "install @react-router/serve, set `ssr: false` for files alone, or pass --start-cmd";
        return Err(unfit("React Router makes a server, though the program that runs it is no dependency".to_owned(), &at.map_or(source, Source::File), help));
    }
    let entry = format!("./{out}/server/index.js");
    Ok(Mode::Server(Server::new(&["node_modules/.bin/react-router-serve", &entry], &[&out], source)))
}

/// The words of the script that starts the framework's own server, with its flags.
fn started(project: &Project<'_>, program: &str, command: &str) -> Option<(Vec<String>, Evidence)> {
    let package: &Package = project.package.as_ref()?;
    ["start:prod", "start"].into_iter().find_map(|name| {
        let script = script::named(package, name)?;
        match script.command {
            Cmd::Exec(words) if words.first()?.ends_with(&format!("/{program}")) && words.get(1)? == command => Some((words, script.at)),
            _ => None,
        }
    })
}
