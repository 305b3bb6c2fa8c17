//! What a framework's build makes: files for a web server, or a server.

use super::row::Front;
use super::settings::Settings;
use super::{angular, bundled, kits, nitro};
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
    /// Whether it imports what only development depends on.
    pub unpruned: bool,
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
    /// Variables that its build needs.
    pub build_env: Vec<(String, String)>,
    /// What there is to say of it.
    pub note: Option<Box<Diagnostic>>,
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
            unpruned: false,
            writes: String::new(),
            standalone: false,
            files: Vec::new(),
            folders: Vec::new(),
            host: "",
            stops: true,
            build_env: Vec::new(),
            note: None,
            source,
        }
    }
}

/// A setting that a container can't work with.
pub fn unfit(message: String, source: &Source, help: &str) -> Diagnostic {
    Diagnostic::error("framework-output", message).at_all(source.evidence().cloned()).help(help)
}

/// Decides by the framework's settings and dependencies.
pub fn of(id: &str, project: &Project<'_>, front: &Front, settings: &Settings) -> Result<Mode, Diagnostic> {
    let out = out(project, front, settings);
    match id {
        "nextjs" => Ok(next(project, settings, out)),
        "nuxt" => nitro::nuxt(project, settings),
        "tanstack-start" | "solidstart" => nitro::start(project, settings, front),
        "sveltekit" => kits::svelte(project, settings),
        "astro" => kits::astro(project, settings, out),
        "react-router" => kits::react_router(project, settings, out),
        "remix" => kits::remix(project, settings, out),
        "vike" => kits::vike(project, settings, out),
        "qwik" => kits::qwik(project, out),
        "angular" => angular::mode(project, front),
        "hexo" => bundled::hexo(project, out),
        "webpack" => Ok(bundled::webpack(project, front, settings, out)),
        "rsbuild" => Ok(bundled::rsbuild(project, front, settings, out)),
        "parcel" => Ok(bundled::parcel(project, front, out)),
        _ => Ok(Mode::Site(Site { page: page(project, front, settings), out: out.0, source: out.1 })),
    }
}

/// The folder of the output: the build script's flag, the settings, the framework's habit.
fn out(project: &Project<'_>, front: &Front, settings: &Settings) -> (String, Source) {
    let package = project.package.as_ref();
    let build = package.and_then(|package| super::commands::building(package, front));
    let words: Vec<&str> = build.iter().flat_map(|(_, text, _)| text.split_whitespace()).collect();
    let flags: Vec<&str> = front.out_flag.split('|').collect();
    // The folder that the program is pointed at: `vitepress build docs`.
    let root = match words.iter().position(|word| front.builds(word)).and_then(|at| words.get(at + 1)) {
        Some(word) if !word.starts_with('-') && !front.build.is_empty() && project.dir.has_dir(word) => format!("{}/", word.trim_matches('/')),
        _ => String::new(),
    };
    let tidy = |folder: &str| format!("{root}{}", folder.trim_start_matches("./").trim_end_matches('/'));
    if !front.out_flag.is_empty()
        && let Some((_, text, at)) = &build
    {
        let inline = text.split_whitespace().find_map(|word| flags.iter().find_map(|flag| word.strip_prefix(flag)?.strip_prefix('=')));
        let next = words.windows(2).find(|pair| flags.contains(&pair[0])).map(|pair| pair[1]);
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
pub fn page(project: &Project<'_>, front: &Front, settings: &Settings) -> String {
    let pages = project.dir.files().filter(|name| crate::detect::node::ending(name) == "html").count();
    let several = pages > 1 || settings.string("appType").is_some_and(|(kind, _)| kind == "mpa");
    if several { String::new() } else { front.page.clone() }
}

fn next(project: &Project<'_>, settings: &Settings, (out, source): (String, Source)) -> Mode {
    // What it computes has a value that stands for itself.
    let by_default = || settings.string_of(r#"(?:\?\?|\|\|)\s*["'](standalone)["']"#).filter(|_| settings.computed("output").is_some());
    let output = settings.string("output").or_else(by_default);
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

/// The words of the script that starts the framework's own server, with its flags; any command of the program where none is named.
pub fn started(project: &Project<'_>, program: &str, command: &str) -> Option<(Vec<String>, Evidence)> {
    let package: &Package = project.package.as_ref()?;
    ["start:prod", "start"].into_iter().find_map(|name| {
        let script = script::named(package, name)?;
        match script.command {
            Cmd::Exec(words) if words.first()?.ends_with(&format!("/{program}")) && (command.is_empty() || words.get(1)? == command) => {
                Some((words, script.at))
            }
            _ => None,
        }
    })
}
