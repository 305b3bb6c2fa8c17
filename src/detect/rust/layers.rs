//! What is copied and made before the source, so that an edit fetches and compiles no dependency again.

use super::cargo::{Bin, Package, Workspace};
use crate::fs::Dir;
use crate::model::{Diagnostic, RelPath, ServiceDraft};

/// Above so many packages the manifests are not copied one by one.
const MOST_PACKAGES: usize = 16;

/// A folder seen from another: empty, or ending in `/`.
pub fn seen(folder: &RelPath, from: &RelPath) -> String {
    folder.below(from).filter(|below| !below.is_empty()).map_or_else(String::new, |below| format!("{below}/"))
}

/// Hands the layers to the template.
pub fn layers(dir: &Dir<'_>, draft: &mut ServiceDraft, workspace: &Workspace, package: &Package, bin: &Bin, locked: bool) {
    let member = draft.context != draft.root;
    // A lone package may lie below the build context; the template puts that folder before its paths.
    let place = |root: &RelPath| seen(root, &workspace.root);
    let is_file = |root: &RelPath, path: &str| root.join(path).is_some_and(|path| dir.tree().has_file(&path));
    let mut stubs = Vec::new();
    let mut touched = Vec::new();
    let closure: Vec<&RelPath> = workspace.closure(package).iter().map(|part| &part.root).collect();
    // What lies outside is copied whole.
    let inside: Vec<&Package> = workspace.packages.iter().filter(|part| part.root.below(&workspace.root).is_some()).collect();
    for part in &inside {
        let folder = place(&part.root);
        let built = closure.contains(&&part.root);
        for path in part.bins.iter().map(|bin| &bin.path).chain(&part.others).filter(|path| is_file(&part.root, path)) {
            stubs.push(format!("{folder}{path}"));
            let counts = path == "build.rs" || Some(path.as_str()) == part.lib() || part.root == package.root && *path == bin.path;
            if built && counts {
                touched.push(format!("{folder}{path}"));
            }
        }
    }
    let mut folders: Vec<String> = stubs.iter().filter_map(|path| path.rsplit_once('/')).map(|(folder, _)| folder.to_owned()).collect();
    folders.sort();
    folders.dedup();
    let covered = |folder: &String| folders.iter().any(|other| other.starts_with(&format!("{folder}/")));
    let made: Vec<String> = folders.iter().filter(|folder| !covered(folder)).cloned().collect();
    stubs.sort();
    touched.sort();
    let manifests: Vec<String> = inside.iter().map(|part| place(&part.root)).filter(|folder| !folder.is_empty()).collect();
    let whole = inside.len() <= MOST_PACKAGES;
    if whole {
        draft.set("stubs", stubs);
        draft.set("folders", made);
    }
    draft.set("touched", touched);
    draft.set("members", manifests.clone());
    draft.set("locked", locked);
    draft.set("member", member);
    draft.set("cargo_config", dir.has(".cargo/config.toml") || dir.has(".cargo/config"));
    draft.set("sqlx", dir.has_dir(".sqlx"));
    if !locked {
        draft.notes.push(
            Diagnostic::warning("no-lock", format!("service `{}` has no Cargo.lock: each build may take other versions", draft.name))
                .at(package.name.1.clone())
                .help("run `cargo generate-lockfile` and commit Cargo.lock"),
        );
    }
    draft.watch.action = "sync+restart".to_owned();
    draft.watch.paths = vec![".".to_owned()];
    draft.watch.rebuild = locked
        .then(|| "Cargo.lock".to_owned())
        .into_iter()
        .chain(["Cargo.toml".to_owned()])
        .chain(manifests.iter().map(|folder| format!("{folder}Cargo.toml")))
        .collect();
    draft.compose.volumes = vec!["home:/home/app".to_owned()];
}
