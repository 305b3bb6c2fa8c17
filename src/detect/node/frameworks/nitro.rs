//! Frameworks whose server Nitro makes: one folder that is complete in itself.

use super::mode::{Mode, Server, Site, started, unfit};
use super::row::Front;
use super::settings::Settings;
use crate::detect::node::project::Project;
use crate::detect::node::{natives, script};
use crate::model::{Diagnostic, Evidence, Source};

/// Where Nitro puts its server, and the files of a site.
const ENTRY: &str = ".output/server/index.mjs";
const PUBLIC: &str = ".output/public";

/// Vite plugins that make the server of one hosting company.
const HOSTED: &[(&str, &str)] = &[
    ("@cloudflare/vite-plugin", "Cloudflare"),
    ("@netlify/vite-plugin", "Netlify"), // and @netlify/vite-plugin-tanstack-start
];

/// Nuxt: its own server, unless the build is told to generate files.
pub fn nuxt(project: &Project<'_>, settings: &Settings) -> Result<Mode, Diagnostic> {
    let script = project.package.as_ref().and_then(|package| package.script("build"));
    let preset = settings.string("preset").filter(|(preset, _)| matches!(preset.as_str(), "static" | "github-pages" | "github_pages"));
    let generated = script.filter(|(text, _)| text.contains("generate")).map(|(_, at)| at).or(preset.map(|(_, at)| at));
    if let Some(at) = generated {
        // Without rendering on a server there is one page for every path.
        let page = if settings.bool("ssr").is_some_and(|(on, _)| !on) { "200.html" } else { "" };
        return Ok(Mode::Site(Site { out: PUBLIC.to_owned(), page: page.to_owned(), source: Source::File(at) }));
    }
    server(settings, Source::default("the server that the build makes"))
}

/// `TanStack` Start and `SolidStart`: applications of Vite to which a plugin adds the server.
pub fn start(project: &Project<'_>, settings: &Settings, front: &Front) -> Result<Mode, Diagnostic> {
    let package = project.package.as_ref();
    if let Some((company, at)) = HOSTED.iter().find_map(|(plugin, company)| Some((company, settings.mention(plugin)?))) {
        let help = "add the plugin of `nitro/vite` to the settings in its place: it makes a server for Node.js";
        return Err(unfit(format!("the build makes a server for {company} alone"), &Source::File(at), help));
    }
    // Older releases brought Nitro along, with Vinxi or without it.
    let runs_it = |at: Evidence| (project.has_dependency("vinxi") || settings.mention("nitro").is_some()).then_some(at);
    let by_script = package.and_then(|package| script::named(package, "start")).filter(|script| script.file() == Some(ENTRY) || script.program() == "vinxi");
    let by_plugin = settings.mention("nitro/vite").or_else(|| settings.mention("nitro-v2-vite-plugin")).or_else(|| settings.mention("nitro("));
    if let Some(at) = by_plugin.or_else(|| by_script.map(|script| script.at)).or_else(|| package.and_then(|package| runs_it(package.dependency("vinxi")?.at))) {
        return server(settings, Source::File(at));
    }
    if let Some((true, at)) = settings.bool("enabled").filter(|_| settings.mention("spa:").is_some()) {
        return Ok(Mode::Site(Site { out: "dist/client".to_owned(), page: "_shell.html".to_owned(), source: Source::File(at) }));
    }
    let entry = format!("{}/server/server.js", front.out);
    let own = ["--prod", "-s", "../client", &entry];
    if let Some((words, at)) = started(project, "srvx", "") {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        return Ok(Mode::Server(served(&words, front, Source::File(at))));
    }
    if let Some(at) = natives::names(project, "srvx")? {
        let words: Vec<&str> = std::iter::once("node_modules/.bin/srvx").chain(own).collect();
        return Ok(Mode::Server(served(&words, front, Source::inferred("the server that the framework brings along", [at]))));
    }
    let at = package.map(|package| package.doc.whole());
    let help = "install `nitro` and add the plugin of `nitro/vite` to the settings, or pass --start-cmd with a server for what the build makes";
    let source = at.map_or_else(|| Source::default("no server"), Source::File);
    Err(unfit("the build makes a handler of requests, and nothing that listens for them".to_owned(), &source, help))
}

/// A server of the web's standard handlers in front of the build.
fn served(words: &[&str], front: &Front, source: Source) -> Server {
    let mut server = Server::new(words, &[&front.out], source);
    server.host = "HOST";
    server
}

/// The server, where its preset is one for Node.js.
fn server(settings: &Settings, source: Source) -> Result<Mode, Diagnostic> {
    if let Some((preset, at)) = settings.string("preset")
        && !matches!(preset.replace('-', "_").as_str(), "node" | "node_server" | "node_cluster")
    {
        let help = "leave the preset out of the settings, or set it to `node-server`; NITRO_PRESET sets it for other builds";
        return Err(unfit(format!("the build makes what `{preset}` runs, which is no server for Node.js"), &Source::File(at), help));
    }
    let mut server = Server::new(&["node", ENTRY], &[".output"], source);
    server.modules = false;
    Ok(Mode::Server(server))
}
