//! Taking over files that dockgen did not write: what they say is kept in `dockgen.toml` before they are replaced.

use std::collections::BTreeSet;

use crate::catalog::services::Services;
use crate::config::edit::Entry;
use crate::detect::Detection;
use crate::fs::Tree;
use crate::manifest::dockerfile::{Recipe, Says, Stage};
use crate::manifest::{Document, Node};
use crate::model::plan::{Plan, Rendered, ServicePlan};
use crate::model::question::Question;
use crate::model::{Diagnostic, Evidence, Source};
use crate::write::{Action, ChangeSet};

/// What a file that is taken over says.
#[derive(Debug, Default)]
pub(super) struct Adopted {
    /// For `dockgen.toml`.
    pub entries: Vec<Entry>,
    /// For people, with the lines.
    pub says: Vec<String>,
    /// What can't be kept, so that the file must not be replaced.
    pub lost: Vec<Diagnostic>,
}

/// Variables that say nothing of the project: the base image's, the runtime's, or what dockgen sets by itself.
const NO_FACTS: &[&str] = &["PATH", "HOME", "USER", "LANG", "LC_ALL", "DEBIAN_FRONTEND", "VIRTUAL_ENV", "PYTHONPATH", "GOPATH", "PNPM_HOME", "PORT"];

/// What was decided by files that are replaced: it has to outlive them.
pub(super) fn stated(found: &Detection, set: &ChangeSet) -> Vec<Entry> {
    let replaced = |source: &Source| source.evidence().is_some_and(|at| set.changes.iter().any(|change| change.file.path == at.file));
    let mut entries = Vec::new();
    for service in &found.services {
        let app = (found.services.len() > 1).then(|| service.name.clone());
        if let Some(port) = service.port.as_ref().filter(|port| replaced(&port.source)) {
            entries.push(Entry::Answer { app: app.clone(), question: Question::Port, value: port.value.to_string() });
        }
        if let Some(start) = service.start.as_ref().filter(|start| replaced(&start.source)) {
            entries.push(Entry::Answer { app, question: Question::StartCmd, value: start.value.to_string() });
        }
    }
    entries
}

/// Reads the files in a change set that dockgen never wrote.
pub(super) fn read(tree: &Tree, found: &Detection, plan: &Plan, set: &ChangeSet) -> Adopted {
    let mut all = Adopted { entries: stated(found, set), ..Adopted::default() };
    for entry in &all.entries {
        if let Entry::Answer { question, value, .. } = entry {
            all.says.push(format!("{} {value}", question.prompt()));
        }
    }
    for change in set.changes.iter().filter(|change| change.action == Action::Foreign) {
        let path = &change.file.path;
        if let Some(service) = plan.services.iter().find(|service| service.dockerfile == *path) {
            let recipe = tree.on_disk(path).ok().flatten().and_then(|text| Recipe::read(&text).ok());
            match recipe {
                Some(recipe) => dockerfile(&recipe, service, plan.services.len() > 1, &mut all),
                None => all.lost.push(Diagnostic::error("not-read", format!("`{path}` can't be read as a Dockerfile")).at(Evidence::file(path.clone()))),
            }
        } else if path.name() == ".dockerignore" {
            ignored(change.now.as_deref().unwrap_or_default(), &change.file, &mut all);
        } else {
            compose(tree, plan, &change.file, &mut all);
        }
    }
    all
}

fn dockerfile(recipe: &Recipe, service: &ServicePlan, several: bool, all: &mut Adopted) {
    let app = several.then(|| service.name.clone());
    let last = recipe.last();
    let place = |line: u32| recipe.at(line, "").place();
    let ports: BTreeSet<(u16, u32)> = last
        .iter()
        .flat_map(|stage| &stage.steps)
        .filter_map(|step| {
            if let Says::Expose(ports) = &step.says {
                Some(ports.iter().filter_map(|port| Some((port.split('/').next()?.parse().ok()?, step.line))))
            } else {
                None
            }
        })
        .flatten()
        .collect();
    if let Some((port, line)) = ports.first().filter(|(port, _)| ports.len() == 1 && service.port != Some(*port)) {
        all.says.push(format!("port {port} ({})", place(*line)));
        all.entries.push(Entry::Answer { app, question: Question::Port, value: port.to_string() });
    }
    for stage in &recipe.stages {
        let is_last = last.iter().any(|known| known.line == stage.line);
        packages(stage, is_last, service, &place, all);
    }
    for step in last.iter().flat_map(|stage| &stage.steps) {
        let Says::Env(pairs) = &step.says else { continue };
        for (name, value) in pairs {
            let known = service.env.contains_key(name) || NO_FACTS.contains(&name.as_str()) || name.ends_with("_VERSION");
            if known || value.contains('$') || name.starts_with("PYTHON") || name.starts_with("PIP_") || name.starts_with("UV_") || name.starts_with("NODE_") {
                continue;
            }
            if is_secret(name) {
                all.says.push(format!("not {name} ({}): a secret does not belong into an image", place(step.line)));
                continue;
            }
            all.says.push(format!("variable {name}={value} ({})", place(step.line)));
            all.entries.push(Entry::Env { name: name.clone(), value: value.clone() });
        }
    }
    stage_names(recipe, service, &place, all);
}

fn is_secret(name: &str) -> bool {
    name.split('_').any(|part| matches!(part.to_ascii_uppercase().as_str(), "KEY" | "TOKEN" | "SECRET" | "PASSWORD" | "PASS" | "CREDENTIALS"))
}

fn packages(stage: &Stage, is_last: bool, service: &ServicePlan, place: &dyn Fn(u32) -> String, all: &mut Adopted) {
    let has_manager = if is_last { service.os != "none" } else { service.build_os != "none" };
    for step in &stage.steps {
        for words in step.commands() {
            // `apt-get -y install a b`, `apk add --no-cache a`
            let installs = match words[0].as_str() {
                "apt-get" | "apt" => words.iter().any(|word| word == "install"),
                "apk" => words.iter().any(|word| word == "add"),
                _ => false,
            };
            if !installs {
                continue;
            }
            let names = &words[1..];
            for word in names.iter().filter(|word| !word.starts_with('-') && !matches!(word.as_str(), "install" | "add") && !word.contains('$')) {
                let name = word.split(['=', '~', '<', '>']).next().unwrap_or(word);
                let known = service.packages.build.iter().chain(&service.packages.runtime).any(|known| known.split('=').next() == Some(name));
                // What dockgen brings along by itself, or does without.
                if known
                    || matches!(name, "tini" | "dumb-init" | "curl" | "wget" | "ca-certificates" | "build-essential" | "gcc" | "g++" | "make")
                    || name.starts_with('.')
                {
                    continue;
                }
                if !has_manager {
                    all.says.push(format!("not the package {name} ({}): the image has no package manager; --base slim has one", place(step.line_of(word))));
                    continue;
                }
                let entry = Entry::Package { build: !is_last, name: name.to_owned() };
                if !all.entries.contains(&entry) {
                    all.says.push(format!("package {name} ({})", place(step.line_of(word))));
                    all.entries.push(entry);
                }
            }
        }
    }
}

/// The project's own names for the parts: the last stage is production's, the others are known by their words.
fn stage_names(recipe: &Recipe, service: &ServicePlan, place: &dyn Fn(u32) -> String, all: &mut Adopted) {
    let own = &service.stages;
    let parts = [
        ("base", &own.base, &["base"][..]),
        ("deps", &own.deps, &["deps", "dependencies", "install"]),
        ("dev", &own.dev, &["dev", "development"]),
        ("build", &own.build, &["build", "builder", "compile"]),
    ];
    let mut taken: Vec<&str> = vec![&own.base, &own.deps, &own.dev, &own.build, &own.prod];
    let last = recipe.stages.len().saturating_sub(1);
    for (at, stage) in recipe.stages.iter().enumerate() {
        let name = stage.name.as_str();
        let part =
            if at == last { Some(("prod", &own.prod)) } else { parts.iter().find(|(.., words)| words.contains(&name)).map(|(part, now, _)| (*part, *now)) };
        let Some((part, now)) = part else { continue };
        let fits = crate::config::is_stage_name(name) && name != now && !taken.contains(&name);
        if fits && !all.entries.iter().any(|entry| matches!(entry, Entry::Stage { part: known, .. } if *known == part)) {
            all.says.push(format!("stage {part} is named {name} ({})", place(stage.line)));
            all.entries.push(Entry::Stage { part, name: name.to_owned() });
            taken.push(name);
        }
    }
}

fn ignored(now: &str, new: &Rendered, all: &mut Adopted) {
    let known: Vec<&str> = new.text.lines().collect();
    let bare = |line: &str| line.trim().trim_start_matches("**/").trim_start_matches('/').trim_end_matches('/').to_owned();
    let more: Vec<&str> = now
        .lines()
        .map(str::trim)
        .filter(|line| {
            !line.is_empty() && !line.starts_with('#') && *line != "*" && !line.starts_with('!') && !known.iter().any(|other| bare(other) == bare(line))
        })
        .collect();
    // What hides files that the image needs would be refused further on.
    for entry in more {
        all.says.push(format!("{}: {entry}", new.path));
        all.entries.push(Entry::Ignore(entry.to_owned()));
    }
}

/// compose.yaml is taken over where every service in it is one that dockgen would write.
fn compose(tree: &Tree, plan: &Plan, new: &Rendered, all: &mut Adopted) {
    let lost = |what: String| {
        Diagnostic::error("not-adopted", what)
            .at(Evidence::file(new.path.clone()))
            .help("nothing was written; --no-compose leaves the file alone, --force replaces it")
    };
    let doc = tree.on_disk(&new.path).ok().flatten().and_then(|text| Document::yaml(&text).ok());
    let (Some(doc), Ok(known)) = (doc, Services::load()) else {
        return all.lost.push(lost(format!("`{}` can't be read", new.path)));
    };
    let mut companions: Vec<String> = Vec::new();
    for (name, service) in doc.get(&["services"]).into_iter().flat_map(Node::entries) {
        if service.get(&["build"]).is_some() {
            continue;
        }
        let image = service.get(&["image"]).and_then(Node::str).unwrap_or_default();
        let bare = |image: &str| {
            image.split('@').next().and_then(|image| image.rsplit('/').next()).and_then(|image| image.split(':').next()).unwrap_or_default().to_owned()
        };
        match known.service.iter().find(|row| bare(&row.image) == bare(image)) {
            Some(row) => {
                all.says.push(format!("service {} ({}:{})", row.id, new.path, service.line()));
                companions.push(row.id.clone());
            }
            None => all.lost.push(lost(format!("`{}` has a service `{}` that dockgen does not know", new.path, crate::model::evidence::tame(name)))),
        }
    }
    let planned: BTreeSet<&String> =
        plan.compose.iter().flat_map(|compose| &compose.services).filter(|service| service.build.is_none()).map(|service| &service.name).collect();
    if companions.iter().collect::<BTreeSet<_>>() != planned {
        companions.extend(planned.into_iter().filter(|name| known.service.iter().any(|row| row.id == **name)).cloned().collect::<Vec<_>>());
        companions.sort();
        companions.dedup();
        all.entries.push(Entry::Answer { app: None, question: Question::Services, value: companions.join(",") });
    }
}
