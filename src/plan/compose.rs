//! compose.yaml: the applications' development stages and the databases that they talk to.

use std::collections::{BTreeMap, BTreeSet};

use super::Catalog;
use crate::catalog::services::ServiceRow;
use crate::model::plan::{ComposeBuild, ComposePlan, ComposeService, ServicePlan};
use crate::model::question::Question;
use crate::model::{Answers, BuildSecret, Diagnostic, Kind, Process, RelPath, ServiceDraft};

/// Plans the compose file of all services.
pub fn plan(drafts: &[ServiceDraft], services: &[ServicePlan], catalog: &Catalog, answers: &Answers, path: RelPath) -> Result<ComposePlan, Diagnostic> {
    let mut companions: Vec<&ServiceRow> = Vec::new();
    let mut apps: Vec<ComposeService> = Vec::new();
    let mut taken = Vec::new();
    for (place, (draft, service)) in drafts.iter().zip(services).enumerate() {
        let rows = companions_of(place, drafts, catalog, answers)?;
        let mut env: BTreeMap<String, String> = BTreeMap::new();
        for row in &rows {
            if !draft.compose.led.contains(&row.id) {
                env.extend(row.app_env_of(&service.framework, &draft.compose.reads));
            }
            if !companions.iter().any(|known| known.id == row.id) {
                companions.push(row);
            }
        }
        let app = app(draft, service, &rows, env, &mut taken);
        let beside: Vec<ComposeService> = draft.processes.iter().map(|process| beside(process, &app, drafts.len() > 1)).collect();
        apps.push(app);
        apps.extend(beside);
    }
    // An application that is called as its database is: the database's name is in addresses.
    for app in apps.iter_mut().filter(|app| companions.iter().any(|row| row.id == app.name)) {
        app.name.push_str("-app");
    }
    let volumes: BTreeSet<String> = companions
        .iter()
        .filter(|row| row.volume.is_some())
        .map(|row| data(row))
        .chain(drafts.iter().flat_map(|draft| &draft.compose.volumes).filter_map(|volume| named(volume)))
        .collect();
    let name = if let [service] = services { service.name.clone() } else { "app".to_owned() };
    let mut all: Vec<ComposeService> = apps.into_iter().chain(companions.into_iter().map(companion)).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    let secrets: BTreeSet<BuildSecret> = drafts.iter().zip(services).flat_map(|(draft, service)| secrets(draft, service)).collect();
    Ok(ComposePlan { name, path, services: all, volumes: volumes.into_iter().collect(), secrets: secrets.into_iter().collect() })
}

/// A draft's secrets, their files seen from the root.
fn secrets(draft: &ServiceDraft, service: &ServicePlan) -> Vec<BuildSecret> {
    let below = if draft.context == draft.root { &draft.root } else { &service.context };
    let seen = |file: &str| if file.is_empty() { String::new() } else { below.join(file).unwrap_or_default().to_string() };
    draft.compose.secrets.iter().map(|secret| BuildSecret { file: seen(&secret.file), ..secret.clone() }).collect()
}

fn data(row: &ServiceRow) -> String {
    format!("{}-data", row.id)
}

/// The name of a named volume; `None` for a bind mount.
fn named(volume: &str) -> Option<String> {
    let name = volume.split(':').next().unwrap_or_default();
    (!name.starts_with(['.', '/']) && volume.contains(':')).then(|| name.to_owned())
}

fn app(draft: &ServiceDraft, service: &ServicePlan, rows: &[&ServiceRow], env: BTreeMap<String, String>, taken: &mut Vec<u16>) -> ComposeService {
    let prefix = if service.context.is_root() { String::new() } else { format!("{}/", service.context) };
    let dockerfile = service.dockerfile.below(&service.context).unwrap_or("Dockerfile");
    // The development server's port, where the project's own differs from production's (a bundler's dev server).
    let inside = service.x.get("dev_port").and_then(serde_json::Value::as_u64).and_then(|port| u16::try_from(port).ok()).or(service.port);
    let mut ports: Vec<String> = inside.into_iter().map(|port| format!("127.0.0.1:{}:{port}", free(port, taken))).collect();
    if let Some(debug) = service.x.get("debug_port").and_then(serde_json::Value::as_u64).and_then(|port| u16::try_from(port).ok()) {
        ports.push(format!("127.0.0.1:{}:{debug}", free(debug, taken)));
    }
    ports.sort();
    let watch = service
        .watch
        .rows
        .iter()
        .map(|row| {
            let mut row = row.clone();
            if !prefix.is_empty() {
                row.path = if row.path == "." { service.context.to_string() } else { format!("{prefix}{}", row.path) };
            }
            row
        })
        .collect();
    ComposeService {
        name: service.name.clone(),
        build: Some(ComposeBuild {
            context: if service.context.is_root() { ".".to_owned() } else { format!("./{}", service.context) },
            dockerfile: if dockerfile == "Dockerfile" { String::new() } else { dockerfile.to_owned() },
            target: service.stages.dev.clone(),
            secrets: draft.compose.secrets.iter().map(|secret| secret.id.clone()).collect(),
        }),
        depends_on: rows.iter().map(|row| row.id.clone()).collect::<BTreeSet<_>>().into_iter().collect(),
        volumes: draft.compose.volumes.clone(),
        env: env.into_iter().chain(draft.compose.env.iter().cloned()).collect(),
        env_file: if prefix.is_empty() { ".env".to_owned() } else { format!("{prefix}.env") },
        ports,
        watch,
        tty: draft.kind == Kind::Tool,
        ..ComposeService::default()
    }
}

/// A process of an application: its image with another command, which is started anew after a change.
fn beside(process: &Process, app: &ComposeService, several: bool) -> ComposeService {
    let mut service = ComposeService { ports: Vec::new(), tty: false, command: process.command.value.words(), ..app.clone() };
    service.name = if several { format!("{}-{}", app.name, process.name) } else { process.name.clone() };
    for row in service.watch.iter_mut().filter(|row| row.action == "sync") {
        "sync+restart".clone_into(&mut row.action);
    }
    service
}

/// The port on the host: the same, or the next one that no other service took.
fn free(port: u16, taken: &mut Vec<u16>) -> u16 {
    let mut host = port;
    while taken.contains(&host) {
        host = host.saturating_add(1);
    }
    taken.push(host);
    host
}

/// The companions of a service: those that were chosen, else those that its client libraries point to.
///
/// A choice for the whole repository keeps each with the services that have a client for it; one that nobody has a client for goes to the first service.
fn companions_of<'a>(place: usize, drafts: &[ServiceDraft], catalog: &'a Catalog, answers: &Answers) -> Result<Vec<&'a ServiceRow>, Diagnostic> {
    let draft = &drafts[place];
    let hints = answers.hints(&draft.root, &draft.name);
    let Some(given) = hints.get(Question::Services) else { return Ok(pointed_at(draft, catalog)) };
    let known: Vec<String> = catalog.services.service.iter().map(|row| row.id.clone()).collect();
    let wanted: Vec<&str> = given.value.split(',').map(str::trim).filter(|name| !name.is_empty() && *name != "none").collect();
    if let Some(other) = wanted.iter().find(|name| !known.iter().any(|id| id == *name)) {
        return Err(Diagnostic::error("unknown-service", format!("`{}` is not a service that dockgen knows", crate::model::evidence::tame(other)))
            .at_all(given.source.evidence().cloned())
            .help(format!("choose from {}, or `none`, with {}", known.join(", "), Question::Services.flag()))
            .asks(Question::Services, known));
    }
    let own = answers.get(Question::Services).is_none_or(|general| general != given);
    let has_client = |draft: &ServiceDraft, id: &str| pointed_at(draft, catalog).iter().any(|row| row.id == id);
    let goes_here = |id: &str| own || has_client(draft, id) || place == 0 && !drafts.iter().any(|draft| has_client(draft, id));
    Ok(catalog.services.service.iter().filter(|row| wanted.contains(&row.id.as_str()) && goes_here(&row.id)).collect())
}

/// Companions by the exact names of the client libraries in the production closure.
fn pointed_at<'a>(draft: &ServiceDraft, catalog: &'a Catalog) -> Vec<&'a ServiceRow> {
    let pack = catalog.packs.get(draft.pack);
    let of_stack = |stack: &str| pack.is_some_and(|pack| pack.has_clients_of(stack));
    let uses = |names: &Vec<String>| draft.dependencies.iter().any(|dependency| dependency.production && names.contains(&dependency.name));
    let clients = |row: &ServiceRow| row.clients.iter().any(|(stack, names)| of_stack(stack) && uses(names));
    catalog.services.service.iter().filter(|row| clients(row)).collect()
}

fn companion(row: &ServiceRow) -> ComposeService {
    ComposeService {
        name: row.id.clone(),
        image: row.image.clone(),
        volumes: row.volume.iter().map(|path| format!("{}:{path}", data(row))).collect(),
        env: row.env.clone(),
        health: row.health.clone(),
        capabilities: row.capabilities.clone(),
        ..ComposeService::default()
    }
}
