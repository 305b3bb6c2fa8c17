//! The JSON contract of `detect`: stable, documented in docs/json.md, pinned by a schema test.

use serde_json::{Value, json};

use crate::catalog::StackPack;
use crate::detect::Detection;
use crate::model::plan::{Plan, ServicePlan};
use crate::model::{Diagnostic, Evidence, RelPath, ServiceDraft, Source};
use crate::write::ChangeSet;

/// The contract as a JSON schema.
pub const DETECT_SCHEMA: &str = include_str!("schemas/detect.schema.json");

/// The contract of `init`.
pub const INIT_SCHEMA: &str = include_str!("schemas/init.schema.json");

/// The contract of `check`.
pub const CHECK_SCHEMA: &str = include_str!("schemas/check.schema.json");

/// What `dockgen.toml` may hold.
pub const CONFIG_SCHEMA: &str = include_str!("schemas/config.schema.json");

/// The contract's version.
const VERSION: u32 = 1;

/// The detection as the contract has it.
pub fn detection(found: &Detection, packs: &dyn Fn(&str) -> Option<StackPack>) -> Value {
    json!({
        "version": VERSION,
        "services": found.services.iter().map(|service| self::service(service, packs)).collect::<Vec<_>>(),
        "diagnostics": found.diagnostics.iter().cloned().chain(found.services.iter().flat_map(of_service)).map(|d| diagnostic(&d)).collect::<Vec<_>>(),
    })
}

/// What a service's draft has to say, its open questions included.
pub fn of_service(service: &ServiceDraft) -> Vec<Diagnostic> {
    service.notes.iter().cloned().chain(service.open.iter().map(|open| open.diagnostic(&service.name))).collect()
}

/// What `check` found.
pub fn check(files: &[RelPath], drifts: &[Diagnostic], notes: &[Diagnostic]) -> Value {
    json!({
        "version": VERSION,
        "files": files.iter().map(RelPath::display).collect::<Vec<_>>(),
        "drifts": drifts.iter().map(diagnostic).collect::<Vec<_>>(),
        "diagnostics": notes.iter().map(diagnostic).collect::<Vec<_>>(),
    })
}

/// What `init` decided and did.
pub fn init(plan: &Plan, set: &ChangeSet, diagnostics: &[Diagnostic], written: bool) -> Value {
    let service = |service: &ServicePlan| {
        json!({
            "name": service.name,
            "path": service.root.display(),
            "stack": service.stack,
            "kind": service.kind,
            "dockerfile": service.dockerfile.display(),
            "context": service.context.display(),
            "base": service.base,
            "images": service.images,
            "user": service.user.id,
            "runtime": service.runtime.as_ref().map(|runtime| json!({ "name": runtime.name, "version": runtime.version })),
            "build": if service.build.is_empty() { Value::Null } else { json!(service.build) },
            "start": service.start,
            "dev": service.dev,
            "port": service.port,
            "health": service.health,
            "packages": { "build": service.packages.build, "runtime": service.packages.runtime },
            "env": service.env,
            "stages": service.stages,
        })
    };
    let companions = plan.compose.iter().flat_map(|compose| &compose.services).filter(|service| service.build.is_none());
    json!({
        "version": VERSION,
        "written": written,
        "plan": {
            "services": plan.services.iter().map(service).collect::<Vec<_>>(),
            "companions": companions.map(|row| json!({ "name": row.name, "image": row.image })).collect::<Vec<_>>(),
        },
        "files": set.changes.iter().map(|change| json!({
            "path": change.file.path.display(),
            "action": change.action.word(false),
            "text": change.text,
            "diff": if change.now.is_some() { json!(change.diff()) } else { Value::Null },
        })).collect::<Vec<_>>(),
        "diagnostics": diagnostics.iter().map(diagnostic).collect::<Vec<_>>(),
    })
}

fn service(service: &ServiceDraft, packs: &dyn Fn(&str) -> Option<StackPack>) -> Value {
    let runtime = service.runtime.as_ref().map(|decision| {
        let name = packs(service.pack).and_then(|pack| pack.runtime).map_or_else(|| service.runtime_name().to_owned(), |runtime| runtime.name);
        json!({ "name": name, "version": decision.value.to_string() })
    });
    json!({
        "name": service.name,
        "path": service.root.display(),
        "stack": service.stack,
        "framework": service.framework.as_ref().map(|decision| &decision.value),
        "package_manager": service.package_manager.as_ref().map(|decision| &decision.value),
        "runtime": runtime,
        "port": service.port.as_ref().map(|decision| decision.value),
        "start": service.start.as_ref().map(|decision| decision.value.words()),
        "build": service.build.as_ref().map(|decision| decision.value.to_string()),
        "evidence": evidence(service),
    })
}

fn evidence(service: &ServiceDraft) -> Vec<Value> {
    let mut rows = Vec::new();
    let sources = [
        ("framework", service.framework.as_ref().map(|d| (d.value.clone(), &d.source))),
        ("package_manager", service.package_manager.as_ref().map(|d| (d.value.clone(), &d.source))),
        ("runtime", service.runtime.as_ref().map(|d| (d.value.to_string(), &d.source))),
        ("build", service.build.as_ref().map(|d| (d.value.to_string(), &d.source))),
        ("start", service.start.as_ref().map(|d| (d.value.to_string(), &d.source))),
        ("dev", service.dev.as_ref().map(|d| (d.value.to_string(), &d.source))),
        ("port", service.port.as_ref().map(|d| (d.value.to_string(), &d.source))),
    ];
    for (fact, decision) in sources {
        if let Some((value, source)) = decision {
            rows.extend(rows_of(fact, &value, source));
        }
    }
    if let crate::model::Health::Http(path) = &service.health {
        rows.extend(rows_of("health", &path.value, &path.source));
    }
    for (fact, decision) in &service.facts {
        rows.extend(rows_of(fact, &decision.value, &decision.source));
    }
    rows
}

fn rows_of(fact: &str, value: &str, source: &Source) -> Vec<Value> {
    let row = |at: Option<&Evidence>| {
        json!({
            "fact": fact,
            "value": value,
            "file": at.map(|at| at.file.display()),
            "line": at.and_then(|at| at.line),
            "why": source.to_string(),
        })
    };
    match source {
        Source::Inferred { from, .. } if !from.is_empty() => from.iter().map(|at| row(Some(at))).collect(),
        other => vec![row(other.evidence())],
    }
}

fn diagnostic(diagnostic: &Diagnostic) -> Value {
    json!({
        "id": diagnostic.id,
        "severity": diagnostic.severity.word(),
        "message": diagnostic.message,
        "at": diagnostic.at.iter().map(|at| json!({ "file": at.file.display(), "line": at.line, "key": at.key, "value": at.raw })).collect::<Vec<_>>(),
        "help": diagnostic.help,
        "flag": diagnostic.question.as_ref().map(|(question, _)| question.flag()),
        "choices": diagnostic.question.as_ref().map(|(_, choices)| choices),
    })
}
