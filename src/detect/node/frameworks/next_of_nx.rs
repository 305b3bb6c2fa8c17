//! Next.js as an application that Nx builds from the manifest at the root.

use super::mode::{Server, Site};
use super::row::Front;
use super::settings::Settings;
use super::{CODE, files, pages, program, surroundings};
use crate::catalog::FrameworkRow;
use crate::detect::node::nx::App;
use crate::detect::node::project::Project;
use crate::detect::node::script::BIN;
use crate::detect::source;
use crate::model::{Cmd, Decision, Diagnostic, ServiceDraft, Source};

/// The package whose functions the settings that Nx generates are made of.
const PLUGIN: &str = "@nx/next";

/// States how it is developed, what its build makes and what runs that.
pub fn fill(draft: &mut ServiceDraft, project: &Project<'_>, row: &FrameworkRow, front: &Front, app: &App) -> Result<(), Diagnostic> {
    let home = project.dir.tree().dir(app.folder.clone());
    let folder = app.folder.below(project.dir.path()).unwrap_or_default().to_owned();
    let settings = Settings::read(&home, &front.settings);
    let texts = source::files(&home, CODE, &[]);
    // The plugin's targets are called as Next.js' own commands; the older executor serves on a port of its own.
    let executor = app.executor("build").is_some();
    let serve = app.serve().filter(|_| app.executor("serve").is_some());
    draft.set("dev_port", if serve.is_some() { app.serving_port().unwrap_or(4200) } else { row.port.unwrap_or(3000) });
    let words = vec![format!("{BIN}nx"), "dev".to_owned(), app.name.clone()];
    draft.dev = serve.or_else(|| Some(Decision::new(Cmd::Exec(words), Source::default("how Nx serves Next.js for development"))));
    let out = if executor { app.output(&project.dir).0 } else { folder.clone() };
    let made = settings.string("distDir").filter(|_| !executor).map_or_else(|| format!("{out}/.next"), |(name, _)| format!("{out}/{name}"));
    let written = vec![".next".to_owned(), "dist".to_owned(), ".nx".to_owned()];
    let output = settings.string("output");
    pages::variables(draft, project, front, &texts, output.as_ref().is_some_and(|(kind, _)| kind == "export"));
    draft.set("cache", format!("{made}/cache"));
    if let Some((_, at)) = output.as_ref().filter(|(kind, _)| kind == "export") {
        if executor {
            let message = "where the executor of Nx puts the pages of `output: 'export'` is not known";
            return Err(Diagnostic::error("unsupported", message).at(at.clone()).help("let the plugin of Nx build it, or pass --build-cmd and --start-cmd"));
        }
        let site = Site { out: format!("{folder}/out"), page: String::new(), source: Source::File(at.clone()) };
        files(draft, project, row, front, &settings, site, "")?;
    } else {
        let public: Vec<String> = home.has_dir("public").then(|| format!("{folder}/public")).into_iter().collect();
        let mut server = Server::new(&["node_modules/.bin/next", "start", &out], &[], Source::default("the framework's own server"));
        let mut kept = Vec::new();
        if let Some((_, at)) = output.filter(|(kind, _)| kind == "standalone") {
            server = Server::new(&["node", &format!("{folder}/server.js")], &[], Source::File(at));
            (server.modules, server.standalone, server.host) = (false, true, "HOSTNAME");
            (server.writes, server.folders) = (made, public);
        } else if executor {
            // With its pages, its settings and a manifest of its own.
            server.writes = out;
        } else {
            if let Some(at) = settings.mention(PLUGIN).filter(|_| !project.ships(PLUGIN)) {
                server.unpruned = true;
                let message = format!("the settings call `{PLUGIN}`, a development dependency, when the server starts: the image keeps all of these");
                let help = "set `output: 'standalone'` in them, or list it under `dependencies`";
                server.note = Some(Box::new(Diagnostic::warning("development-dependencies", message).at(at).help(help)));
            }
            (server.writes, server.folders) = (made, public);
            kept.extend(settings.file().map(|text| format!("{folder}/{}", text.path().name())));
        }
        program(draft, project, row, front, &texts, server, "")?;
        draft.set("programs", kept);
    }
    surroundings(draft, project, written);
    Ok(())
}
