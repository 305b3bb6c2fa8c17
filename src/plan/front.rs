//! The stage of a front end that a program of another stack takes in.

use crate::catalog::StackPack;
use crate::model::plan::{FrontPlan, RuntimePlan};
use crate::model::{Diagnostic, RelPath, ServiceDraft};

use super::{Catalog, service};

/// The name under which the program's plan knows the image of the front end.
pub const IMAGE: &str = "assets";

/// The build context, made wide enough to hold the front end and what else lies beside.
pub fn context(own: RelPath, draft: &ServiceDraft) -> RelPath {
    let front = draft.front.iter().map(|front| &front.draft.context);
    let needed: Vec<&RelPath> = front.chain(draft.beside.iter().map(|(folder, _)| folder)).collect();
    let mut wide = own;
    while needed.iter().any(|folder| folder.below(&wide).is_none()) {
        let Some(parent) = wide.parent() else { break };
        wide = parent;
    }
    wide
}

/// The stage.
pub fn plan(draft: &ServiceDraft, catalog: &Catalog, context: &RelPath) -> Result<Option<FrontPlan>, Diagnostic> {
    let Some(front) = &draft.front else { return Ok(None) };
    let own = &front.draft;
    let pack: &StackPack = &catalog.packs[own.pack];
    let row = &pack.bases[&pack.default_base];
    let Some((decision, runtime)) = own.runtime.as_ref().zip(pack.runtime.as_ref()) else {
        return Err(Diagnostic::error("catalogue", format!("`{}` has no runtime", own.pack)));
    };
    let release = service::release(own, pack, row);
    let mut images = service::images(own, pack, row, &release);
    let build = images.remove("build").unwrap_or_default();
    images.remove("prod");
    images.insert(IMAGE.to_owned(), build);
    let dir = own.context.below(context).filter(|below| !below.is_empty()).map_or_else(String::new, |below| format!("{below}/"));
    let home = format!("/app/{dir}").trim_end_matches('/').to_owned();
    let mut x = own.extra.clone();
    // A file of secrets lies where the installation runs.
    if let Some(serde_json::Value::Array(mounts)) = x.get_mut("manager").and_then(|manager| manager.get_mut("secrets")) {
        for mount in mounts {
            *mount = mount.as_str().unwrap_or_default().replace("target=/app/", &format!("target={home}/")).into();
        }
    }
    let made = front.output.below(context).unwrap_or_default();
    let plan = FrontPlan {
        runtime: RuntimePlan { name: runtime.name.clone(), title: runtime.title.clone(), version: decision.value.to_string() },
        why: service::reason(&decision.source),
        packages: service::packages(own, pack, catalog, row, &release).build,
        here: if dir.is_empty() { ".".to_owned() } else { dir.clone() },
        exclude: front.exclude.clone(),
        build: own.build.as_ref().map(|build| build.value.to_string()).unwrap_or_default(),
        output: format!("/app/{made}"),
        makes: made.to_owned(),
        wanted: front.wanted.clone(),
        read: front.read,
        dir,
        home,
        images,
        x,
    };
    Ok(Some(plan))
}
