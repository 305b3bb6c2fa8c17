//! A package as the front end of another stack's program: how it is installed and built, and what that makes.

use super::bun;
use super::runtime::Runtime;
use super::workspace::Workspace;
use crate::catalog::StackPack;
use crate::fs::Dir;
use crate::manifest::Package;
use crate::model::question::Question;
use crate::model::{Answers, Cmd, Diagnostic, Evidence, Kind, RelPath, ServiceDraft};

/// What a package's build makes for the browser.
#[derive(Clone, Debug)]
pub struct Pages {
    /// The package's draft; its build is known.
    pub draft: ServiceDraft,
    /// The folder of the output, where its framework says so.
    pub output: Option<RelPath>,
    /// Where the build is named, or what says that there is one.
    pub at: Evidence,
    /// The scripts of the package: the text, the command that runs it, its place.
    pub scripts: Vec<(String, Cmd, Evidence)>,
}

/// The pages that a folder's package builds; `None` where it builds nothing.
pub fn of(dir: &Dir<'_>, answers: &Answers) -> Result<Option<Pages>, Diagnostic> {
    // What was asked for is meant for the program that takes the pages in.
    let mut own = Answers::default();
    if let Some(given) = answers.get(Question::PackageManager) {
        own.give(Question::PackageManager, given.clone());
    }
    let Some(package) = Package::read(dir)? else { return Ok(None) };
    let Some(mut draft) = draft(dir, &own)? else { return Ok(None) };
    let Some(build) = &draft.build else { return Ok(None) };
    let at = build.source.evidence().cloned().unwrap_or_else(|| package.doc.whole());
    draft.open.retain(|open| open.question == Question::PackageManager);
    let site = draft.extra.get("site").and_then(serde_json::Value::as_str).filter(|_| draft.kind == Kind::Site);
    let scripts = scripts(&package, &draft);
    Ok(Some(Pages { output: site.and_then(|site| dir.path().join(site)), at, scripts, draft }))
}

/// The manifests of a workspace's members, which its installation reads too; seen from its root.
pub fn members(root: &Dir<'_>, package: &Package) -> Result<Vec<String>, Diagnostic> {
    let folders = Workspace::read(root, package)?.map(|workspace| workspace.folders()).unwrap_or_default();
    Ok(folders.iter().filter_map(|folder| Some(format!("{}/package.json", folder.below(root.path())?))).collect())
}

/// Every script of a package that is no member of a workspace, with the command by which the package manager runs it.
fn scripts(package: &Package, draft: &ServiceDraft) -> Vec<(String, Cmd, Evidence)> {
    let run = draft.extra.get("manager").and_then(|manager| manager.get("run")?.as_str());
    let Some(manager) = run.filter(|_| draft.context == draft.root) else { return Vec::new() };
    let names = package.doc.get(&["scripts"]).into_iter().flat_map(crate::manifest::Node::entries).map(|(name, _)| name);
    let run = |name: &str| Cmd::Shell(format!("{manager} {}", Cmd::word(name)));
    names.filter_map(|name| package.script(name).map(|(text, at)| (text.to_owned(), run(name), at))).collect()
}

/// The package by itself, or as a member of the workspace that holds its lock file.
fn draft(dir: &Dir<'_>, answers: &Answers) -> Result<Option<ServiceDraft>, Diagnostic> {
    let mut above = dir.path().parent();
    while let Some(folder) = above {
        let root = dir.tree().dir(folder.clone());
        if let Some(package) = Package::read(&root)?
            && let Some(workspace) = Workspace::read(&root, &package)?
            && let Some(draft) = workspace.member(dir.path(), &package, answers)?
        {
            return Ok(Some(draft));
        }
        above = folder.parent();
    }
    let runtime = if bun::claimed(dir).is_some() { Runtime::Bun } else { Runtime::Node };
    let pack = StackPack::load(runtime.id()).map_err(|why| Diagnostic::error("catalogue", why))?;
    super::single(runtime, dir, &pack, answers, None).map(Some)
}
