//! What compose says of Dockerfiles: contexts, stages, ports.

use crate::fs::Tree;
use crate::manifest::{COMPOSE, Document, Node, Value};
use crate::model::{Diagnostic, Evidence, RelPath};

/// A service of compose that builds a Dockerfile.
#[derive(Clone, Debug)]
pub struct Composed {
    /// The service.
    pub service: String,
    /// The Dockerfile.
    pub dockerfile: RelPath,
    /// The build context.
    pub context: RelPath,
    /// The stage that is built, where one is named.
    pub target: Option<(String, Evidence)>,
    /// Ports in the container.
    pub ports: Vec<(u16, Evidence)>,
    /// Whether a variable of compose moves the port.
    pub moves_port: bool,
    /// Whether compose gives another command.
    pub has_command: bool,
    /// Whether files of the host lie over those of the image.
    pub mounts: bool,
}

/// The services of all compose files that build something, and what is wrong with what they name.
pub fn read(tree: &Tree) -> (Vec<Composed>, Vec<Diagnostic>) {
    let mut rows = Vec::new();
    let mut problems = Vec::new();
    let paths: Vec<&RelPath> = tree.files_below(&RelPath::root()).filter(|path| COMPOSE.contains(&path.name()) && path.depth() <= 3).collect();
    for path in paths {
        let Some(doc) = path.parent().and_then(|folder| Document::read(&tree.dir(folder), path.name()).ok().flatten()) else { continue };
        for (name, service) in doc.get(&["services"]).into_iter().flat_map(Node::entries) {
            if let Some(row) = row(tree, &doc, path, name, service, &mut problems) {
                rows.push(row);
            }
        }
    }
    (rows, problems)
}

fn row(tree: &Tree, doc: &Document, path: &RelPath, name: &str, service: &Node, problems: &mut Vec<Diagnostic>) -> Option<Composed> {
    let build = service.get(&["build"])?;
    let folder = path.parent()?;
    let context_text = build.str().or_else(|| build.get(&["context"]).and_then(Node::str)).unwrap_or(".");
    if context_text.contains(['$', ':']) || build.get(&["dockerfile_inline"]).is_some() {
        return None;
    }
    let file_text = build.get(&["dockerfile"]).and_then(Node::str).unwrap_or("Dockerfile");
    if file_text.contains('$') {
        return None;
    }
    let context = folder.join(context_text)?;
    let dockerfile = context.join(file_text)?;
    let at = doc.evidence(&["services", name, "build"], build);
    if !tree.has_file(&dockerfile) {
        let folder_is_there = context.is_root() || tree.kind(&context).is_some();
        // A folder that is not there at all is another repository that is checked out beside this one.
        if folder_is_there {
            problems.push(Diagnostic::error("compose-drift", format!("service `{name}` is built from `{dockerfile}`, and there is no such file")).at(at));
        }
        return None;
    }
    let target = build.get(&["target"]).and_then(|node| Some((node.str()?.to_owned(), doc.evidence(&["services", name, "build", "target"], node))));
    let ports = service.get(&["ports"]).into_iter().flat_map(Node::items).filter_map(|item| port(doc, name, item)).collect();
    let environment = service.get(&["environment"]);
    let names_port = |text: &str| text.to_ascii_uppercase().split('=').next().is_some_and(|name| name.contains("PORT") || name.ends_with("URLS"));
    let moves_port = environment.is_some_and(|node| node.entries().any(|(key, _)| names_port(key)) || node.items().filter_map(Node::str).any(names_port))
        || service.get(&["env_file"]).is_some();
    let mounts = service.get(&["volumes"]).into_iter().flat_map(Node::items).any(|item| match &item.value {
        Value::String(text) => text.starts_with(['.', '/', '~', '$']),
        _ => item.get(&["type"]).and_then(Node::str) == Some("bind"),
    });
    let has_command = service.get(&["command"]).is_some() || service.get(&["entrypoint"]).is_some();
    Some(Composed { service: name.to_owned(), dockerfile, context, target, ports, moves_port, has_command, mounts })
}

/// The port in the container of `8080:3000`, `127.0.0.1:8080:3000`, `3000` and the long form.
fn port(doc: &Document, service: &str, item: &Node) -> Option<(u16, Evidence)> {
    let text = item.scalar().or_else(|| item.get(&["target"]).and_then(Node::scalar))?;
    let number = text.split('/').next()?.rsplit(':').next()?.trim().parse().ok()?;
    Some((number, doc.evidence(&["services", service, "ports"], item)))
}

impl Composed {
    /// The stage that compose names and the Dockerfile does not have.
    pub fn missing_stage(&self, recipe: &crate::manifest::dockerfile::Recipe) -> Option<Diagnostic> {
        let (target, at) = self.target.as_ref()?;
        if target.contains('$') || recipe.stages.iter().enumerate().any(|(place, stage)| stage.name == *target || place.to_string() == *target) {
            return None;
        }
        let known: Vec<&str> = recipe.stages.iter().map(|stage| stage.name.as_str()).filter(|name| !name.is_empty()).collect();
        Some(
            Diagnostic::error("stage-drift", format!("service `{}` is built to stage `{target}`, which `{}` does not have", self.service, recipe.path))
                .at(at.clone())
                .help(if known.is_empty() { "it names no stage".to_owned() } else { format!("its stages are {}", known.join(", ")) }),
        )
    }
}
