//! Frameworks that leave it to an adapter, or to a setting, what their build makes.

use super::mode::{Mode, Server, Site, started, unfit};
use super::row::Front;
use super::settings::Settings;
use crate::catalog::FrameworkRow;
use crate::detect::node::project::Project;
use crate::detect::node::script;
use crate::detect::source;
use crate::manifest::{Package, pattern};
use crate::model::{Diagnostic, Source};

/// `SvelteKit`: what its adapter makes.
pub fn svelte(project: &Project<'_>, settings: &Settings) -> Result<Mode, Diagnostic> {
    let adapter = |name: &str| {
        let known = project.package.as_ref().and_then(|package| package.dependency(name))?;
        settings.mention(name).or_else(|| settings.file().is_none().then_some(known.at))
    };
    let node = |out: &str, at| {
        let mut server = Server::new(&["node", out], &[out], Source::File(at));
        server.modules = project.package.as_ref().is_some_and(|package| package.has_any("dependencies"));
        server
    };
    if let Some(at) = adapter("@sveltejs/adapter-node") {
        let out = settings.string("out").map_or_else(|| "build".to_owned(), |(out, _)| out);
        return Ok(Mode::Server(node(&out, at)));
    }
    if let Some(at) = adapter("@sveltejs/adapter-static") {
        let out = settings.string("pages").map_or_else(|| "build".to_owned(), |(out, _)| out);
        // A fallback named 404.html is the page of what isn't there.
        let page = settings.string("fallback").map(|(page, _)| page).filter(|page| page != "404.html").unwrap_or_default();
        return Ok(Mode::Site(Site { out, page, source: Source::File(at) }));
    }
    if let Some(at) = adapter("@sveltejs/adapter-auto") {
        // It takes the adapter for Node.js where this variable names the one hosting company that wants a plain server.
        let mut server = node("build", at.clone());
        server.build_env.push(("GCP_BUILDPACKS".to_owned(), "1".to_owned()));
        let message = "@sveltejs/adapter-auto knows no plain container: the build asks it for the server that it makes for Google Cloud Run, which is @sveltejs/adapter-node";
        server.note = Some(Box::new(
            Diagnostic::warning("adapter-auto", message).at(at).help("install @sveltejs/adapter-node and use it in the settings: then the lock file pins it"),
        ));
        return Ok(Mode::Server(server));
    }
    let at = settings.mention("@sveltejs/adapter-").or_else(|| project.package.as_ref()?.dependency("@sveltejs/kit").map(|kit| kit.at));
    let source = at.map_or_else(|| Source::default("no adapter"), Source::File);
    let help = "install @sveltejs/adapter-node (a server) or @sveltejs/adapter-static (files) and use it in the settings";
    Err(unfit("the adapter of SvelteKit makes nothing that a container can run".to_owned(), &source, help))
}

/// Astro: files, unless pages are rendered when they are asked for.
pub fn astro(project: &Project<'_>, settings: &Settings, (out, source): (String, Source)) -> Result<Mode, Diagnostic> {
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
    let rendered = settings.string("output").filter(|(kind, _)| kind == "server" || kind == "hybrid").map(|(_, at)| at);
    if let Some(at) = rendered.or_else(|| on_demand(project)) {
        let help = "install @astrojs/node and use it as the adapter, with `mode: 'standalone'`";
        let adapter = settings.string_of(r#"["'](@astrojs/(?:cloudflare|netlify|vercel)[^"']*|@deno/astro-adapter)["']"#);
        let message = match &adapter {
            Some((adapter, _)) => format!("Astro renders pages when they are asked for, and `{adapter}` makes no server for Node.js"),
            None => "Astro renders pages when they are asked for, which needs an adapter for Node.js".to_owned(),
        };
        return Err(Diagnostic::error("framework-output", message).at_all(adapter.map(|(_, at)| at).into_iter().chain([at])).help(help));
    }
    Ok(Mode::Site(Site { out, page: String::new(), source }))
}

/// A page of Astro that is not made at the build.
fn on_demand(project: &Project<'_>) -> Option<crate::model::Evidence> {
    let texts = source::files(&project.dir.dir("src/pages"), &["astro", "ts", "js", "mdx"], &[]);
    let pattern = pattern::pattern(r"export\s+const\s+(prerender)\s*=\s*false\b").ok()?;
    source::find(&texts, &pattern, "//").map(|hit| hit.at)
}

/// React Router as a framework.
pub fn react_router(project: &Project<'_>, settings: &Settings, (out, source): (String, Source)) -> Result<Mode, Diagnostic> {
    if let Some((false, at)) = settings.bool("ssr") {
        // Where the front page is rendered by the build, the page for every other path has a name of its own.
        let front_page = settings.string_of(r#"prerender\s*:\s*(true\b|\[\s*["']/["'])"#).is_some();
        let page = if front_page { "__spa-fallback.html" } else { "index.html" };
        return Ok(Mode::Site(Site { out: format!("{out}/client"), page: page.to_owned(), source: Source::File(at) }));
    }
    let entry = format!("./{out}/server/index.js");
    served(project, "React Router", ["@react-router/serve", "react-router-serve"], &entry, (out, source))
}

/// Remix 2, built by Vite or by its own compiler.
pub fn remix(project: &Project<'_>, settings: &Settings, (out, source): (String, Source)) -> Result<Mode, Diagnostic> {
    if let Some((false, at)) = settings.bool("ssr") {
        return Ok(Mode::Site(Site { out: format!("{out}/client"), page: "index.html".to_owned(), source: Source::File(at) }));
    }
    let by_vite = settings.mention("@remix-run/dev").is_some();
    let entry = if by_vite { format!("./{out}/server/index.js") } else { format!("./{out}/index.js") };
    let mode = served(project, "Remix", ["@remix-run/serve", "remix-serve"], &entry, (out, source))?;
    Ok(match mode {
        Mode::Server(mut server) if !by_vite => {
            // Its compiler adds to the files that are sent as they are.
            server.folders.push("public".to_owned());
            Mode::Server(server)
        }
        mode => mode,
    })
}

/// What older releases do in another way.
pub fn of_its_time(front: &mut Front, row: &FrameworkRow, package: &Package, settings: &Settings) {
    // Vinxi builds and serves by habits of its own.
    if front.cli.ends_with("|vinxi") && package.dependency("vinxi").is_some() {
        "vinxi".clone_into(&mut front.cli);
        front.dev_port = 3000;
    }
    // Nitro's plugin moves Vite's server to the port of its own.
    if front.cli.starts_with("vite") && settings.mention("nitro/vite").is_some() {
        front.dev_port = 3000;
    }
    // Before Vite built it, Remix had a compiler, and a server that listens on all addresses.
    if row.id == "remix" && settings.mention("@remix-run/dev").is_none() {
        front.host.clear();
        front.serve = vec!["dev".to_owned()];
        "build".clone_into(&mut front.build);
        front.dev_port = 3000;
        front.made.push("public/build".to_owned());
    }
}

/// The server that a framework has as a package of its own: the package and its program.
fn served(project: &Project<'_>, title: &str, [dependency, program]: [&str; 2], entry: &str, (out, source): (String, Source)) -> Result<Mode, Diagnostic> {
    if !project.ships(dependency) {
        let at = project.package.as_ref().map(|package| package.doc.whole());
        let help = format!("install {dependency}, set `ssr: false` for files alone, or pass --start-cmd");
        let message = format!("{title} makes a server, though the program that runs it is no dependency");
        return Err(unfit(message, &at.map_or(source, Source::File), &help));
    }
    let mut server = Server::new(&[&format!("node_modules/.bin/{program}"), entry], &[&out], source);
    if let Some((words, at)) = started(project, program, "") {
        (server.start, server.source) = (words, Source::File(at));
    }
    Ok(Mode::Server(server))
}

/// Vike: files where every page is rendered by the build; else the project's own server runs it.
pub fn vike(project: &Project<'_>, settings: &Settings, (out, source): (String, Source)) -> Result<Mode, Diagnostic> {
    if let Some((true, at)) = settings.bool("prerender") {
        return Ok(Mode::Site(Site { out: format!("{out}/client"), page: String::new(), source: Source::File(at) }));
    }
    if let Some(mode) = built(project, &["start:prod", "start", "prod", "server:prod"], &[&out]) {
        return Ok(mode);
    }
    let at = project.package.as_ref().and_then(|package| package.dependency("vike")).map(|vike| vike.at);
    let help = "set `prerender: true` for files alone, or pass --start-cmd with the program that serves the build";
    Err(unfit("Vike leaves the server to the project, and no script starts one".to_owned(), &at.map_or(source, Source::File), help))
}

/// Qwik: what its integration makes.
pub fn qwik(project: &Project<'_>, (out, source): (String, Source)) -> Result<Mode, Diagnostic> {
    let has = |adapter: &str| project.dir.has_dir(&format!("adapters/{adapter}")) || project.dir.has_dir(&format!("adaptors/{adapter}"));
    if has("static") {
        return Ok(Mode::Site(Site { out, page: String::new(), source }));
    }
    if let Some(mut mode) = built(project, &["serve", "start:prod"], &[&out, "server"]) {
        // Its generator puts the framework among the tools, though the server imports what it brings along.
        let city = ["@builder.io/qwik-city", "@qwik.dev/router"].into_iter().find_map(|name| project.package.as_ref()?.dependency(name));
        if let (Mode::Server(server), Some(city)) = (&mut mode, city.filter(|city| !city.production)) {
            server.unpruned = true;
            let message = format!("the server imports what `{}` brings along, so the image holds the development dependencies too", city.name);
            let help = "move it to `dependencies`: then the image holds those alone";
            server.note = Some(Box::new(Diagnostic::warning("development-dependency", message).at(city.at).help(help)));
        }
        return Ok(mode);
    }
    let at = project.package.as_ref().map(|package| package.doc.whole());
    let help = "run `qwik add express` or `qwik add fastify` for a server, `qwik add static` for files";
    Err(unfit("the build of Qwik makes nothing that a container can run".to_owned(), &at.map_or(source, Source::File), help))
}

/// A server that the build makes and a script starts with Node.js.
fn built(project: &Project<'_>, scripts: &[&str], outputs: &[&str]) -> Option<Mode> {
    let package = project.package.as_ref()?;
    let script = scripts.iter().filter_map(|name| script::named(package, name)).find(|script| {
        let file = script.file().map(|file| file.trim_start_matches("./"));
        file.is_some_and(|file| outputs.iter().any(|folder| file.starts_with(&format!("{folder}/"))))
    })?;
    let words = script.command.words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut server = Server::new(&words, outputs, Source::File(script.at));
    server.host = "HOST";
    server.stops = false;
    Some(Mode::Server(server))
}
