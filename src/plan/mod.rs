//! Decides what the drafts leave to policy: images, packages, user, stages, companions. Pure; knows no stack by name.

mod compose;
mod custom;
mod front;
mod places;
mod service;

pub use places::Places;

use std::collections::BTreeMap;

use crate::catalog::packages::Packages;
use crate::catalog::services::Services;
use crate::catalog::{FrameworkRow, StackPack};
use crate::config::Config;
use crate::model::plan::{IgnorePlan, Plan};
use crate::model::question::Question;
use crate::model::{Answers, Diagnostic, RelPath, ServiceDraft, Severity};

/// What the catalogue offers to a plan.
struct Catalog {
    packs: BTreeMap<&'static str, StackPack>,
    packages: Packages,
    services: Services,
}

impl Catalog {
    fn load(drafts: &[ServiceDraft]) -> Result<Self, String> {
        let mut packs = BTreeMap::new();
        let fronts = drafts.iter().filter_map(|draft| Some(draft.front.as_ref()?.draft.pack));
        for pack in drafts.iter().map(|draft| draft.pack).chain(fronts).filter(|pack| !pack.is_empty()) {
            if !packs.contains_key(pack) {
                packs.insert(pack, StackPack::load(pack)?);
            }
        }
        Ok(Self { packs, packages: Packages::load()?, services: Services::load()? })
    }
}

/// Makes the plan. Problems stand in its diagnostics; an error among them means that nothing may be written.
pub fn plan(drafts: &[ServiceDraft], config: &Config, answers: &Answers, places: &Places<'_>) -> Plan {
    let mut plan = Plan::default();
    let catalog = match Catalog::load(drafts) {
        Ok(catalog) => catalog,
        Err(message) => {
            plan.diagnostics.push(Diagnostic::error("catalogue", message));
            return plan;
        }
    };
    let wanted = |question: Question| answers.get(question).is_none_or(|given| given.value != "false" && given.value != "no");
    for draft in drafts {
        plan.diagnostics.extend(draft.notes.iter().cloned());
        plan.diagnostics.extend(draft.open.iter().map(|open| open.diagnostic(&draft.name)));
        if draft.pack.is_empty() || draft.notes.iter().any(|note| note.severity == Severity::Error) {
            continue; // Its own note says why nothing can be written for it.
        }
        match service::plan(draft, &catalog, config, answers, places) {
            Ok((service, mut notes)) => {
                plan.services.push(service);
                plan.diagnostics.append(&mut notes);
            }
            Err(problems) => plan.diagnostics.extend(problems),
        }
    }
    if plan.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
        return plan;
    }
    // Programs of one folder share its build context, and each has a file of its own.
    let files: Vec<RelPath> = plan.services.iter().map(|service| service.dockerfile.clone()).collect();
    for service in plan.services.iter_mut().filter(|service| files.iter().filter(|file| **file == service.dockerfile).count() > 1) {
        service.dockerfile = RelPath::known(&format!("{}.{}", service.dockerfile.as_str(), service.name));
    }
    if wanted(Question::Dockerignore) {
        plan.ignores = ignores(drafts, &plan, &catalog);
    }
    if wanted(Question::Compose) {
        let mut compose = match compose::plan(drafts, &plan.services, &catalog, answers, places.compose()) {
            Ok(compose) => compose,
            Err(problem) => {
                plan.diagnostics.push(problem);
                return plan;
            }
        };
        for service in compose.services.iter_mut().filter(|service| service.build.is_none()) {
            service.image = custom::through(config.customize.registry.as_deref(), &service.image);
        }
        plan.compose = Some(compose);
    }
    plan
}

/// One .dockerignore a build context, with the entries of all that is built from it.
fn ignores(drafts: &[ServiceDraft], plan: &Plan, catalog: &Catalog) -> Vec<IgnorePlan> {
    let mut by_context: BTreeMap<RelPath, Vec<String>> = BTreeMap::new();
    for (draft, service) in drafts.iter().zip(&plan.services) {
        let entries = by_context.entry(service.context.clone()).or_default();
        // A certificate would be kept out with the keys.
        entries.extend(service.custom.certificate.iter().map(|path| format!("!{path}")));
        // What the front end's stage makes anew never comes from outside.
        let front = draft.front.as_ref().into_iter().flat_map(|front| [&front.output, &front.place]);
        let known = |path: &RelPath| catalog.packs[draft.pack].ignore.contains(&format!("**/{}", path.name()));
        let mut made: Vec<String> = front.filter(|path| !known(path)).filter_map(|path| path.below(&service.context)).map(ToOwned::to_owned).collect();
        made.extend(draft.front.as_ref().map(|_| "**/node_modules".to_owned()));
        for entry in catalog.packs[draft.pack].ignore.iter().chain(&draft.ignore).chain(&made).chain(&service.custom.ignore) {
            if !entries.contains(entry) {
                entries.push(entry.clone());
            }
        }
    }
    by_context
        .into_iter()
        .map(|(context, entries)| {
            // What is kept stands last: of two lines that match, the later one wins.
            let (kept, left_out): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.starts_with('!'));
            let path = context.join(".dockerignore").unwrap_or_default();
            IgnorePlan { path, entries: left_out.into_iter().chain(kept).collect() }
        })
        .collect()
}

/// A framework's row in a draft's pack.
fn framework<'a>(draft: &ServiceDraft, catalog: &'a Catalog) -> Option<&'a FrameworkRow> {
    catalog.packs[draft.pack].framework(&draft.framework.as_ref()?.value)
}
