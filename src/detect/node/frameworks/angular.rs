//! Angular's workspace file says which application is built, and where to.

use super::mode::{Mode, Server, Site};
use super::row::Front;
use crate::detect::node::project::Project;
use crate::manifest::{Document, Node};
use crate::model::{Diagnostic, Source};

/// What the build of the application makes.
pub fn mode(project: &Project<'_>, front: &Front) -> Result<Mode, Diagnostic> {
    let Some(doc) = Document::read(&project.dir, "angular.json")? else {
        return Ok(Mode::Site(Site { out: front.out.clone(), page: front.page.clone(), source: Source::default("where the framework builds to") }));
    };
    let own = project.package.as_ref().and_then(|package| package.name());
    let is_application = |node: &Node| node.get(&["projectType"]).and_then(Node::str) == Some("application");
    let applications: Vec<(&str, &Node)> =
        doc.get(&["projects"]).into_iter().flat_map(Node::entries).filter(|(name, node)| is_application(node) && !name.ends_with("-e2e")).collect();
    let named = applications.iter().find(|(name, _)| Some(*name) == own);
    let Some((name, application)) = named.or_else(|| applications.first()) else {
        return Err(Diagnostic::error("no-application", "angular.json holds no application").at(doc.whole()));
    };
    let build = application.get(&["architect", "build"]).or_else(|| application.get(&["targets", "build"]));
    let text = |keys: &[&str]| build.and_then(|build| build.get(keys)).and_then(Node::str);
    let builder = text(&["builder"]).unwrap_or_default();
    let path = build.and_then(|build| build.get(&["options", "outputPath"]));
    let base = path.and_then(|path| path.str().or_else(|| path.get(&["base"])?.str())).map_or_else(|| format!("dist/{name}"), ToOwned::to_owned);
    let browser = path.and_then(|path| path.get(&["browser"])?.str()).unwrap_or("browser");
    let source = match path {
        Some(path) => Source::File(doc.evidence(&["projects", name, "architect", "build", "options", "outputPath"], path)),
        None => Source::inferred("the application's name", [doc.evidence(&["projects", name], application)]),
    };
    let rendered = build.and_then(|build| build.get(&["options", "ssr"])).filter(|ssr| ssr.bool() != Some(false));
    if let Some(ssr) = rendered.filter(|_| text(&["options", "outputMode"]) != Some("static")) {
        let source = Source::File(doc.evidence(&["projects", name, "architect", "build", "options", "ssr"], ssr));
        let mut server = Server::new(&["node", &format!("{base}/server/server.mjs")], &[&base], source);
        server.stops = false;
        // The build takes every dependency into the server but these.
        server.modules = build.and_then(|build| build.get(&["options", "externalDependencies"])).is_some();
        return Ok(Mode::Server(server));
    }
    let has_subfolder = builder.ends_with(":application") && !browser.is_empty();
    let out = if has_subfolder { format!("{base}/{browser}") } else { base };
    Ok(Mode::Site(Site { out, page: front.page.clone(), source }))
}
