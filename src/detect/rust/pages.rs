//! Pages that a program takes in: what macros put into it, and what a build script wants to make by itself.

use std::rc::Rc;

use super::cargo::Package;
use crate::detect::front_end::Embedded;
use crate::detect::source;
use crate::fs::{Dir, Text};
use crate::manifest::pattern;
use crate::model::{Diagnostic, ServiceDraft};

/// Macros that put files into the program: the pattern, and the crates without which it is not compiled. Paths are seen from the package, those of
/// the standard library's own from the file.
const MACROS: &[(&str, &[&str])] = &[
    (r#"#\[\s*folder\s*=\s*"([^"]+)""#, &["rust-embed", "rust-embed-for-web"]),
    (r#"\binclude_dir!\(\s*"([^"]+)""#, &["include_dir"]),
    (r#"\binclude_(?:str|bytes)!\(\s*"([^"]+)""#, &[]),
];

/// What the compiler puts into the program.
pub fn embedded(draft: &ServiceDraft, texts: &[Rc<Text>], closure: &[&Package]) -> Vec<Embedded> {
    let mut found = Vec::new();
    for (pattern, crates) in MACROS {
        let Ok(pattern) = pattern::pattern(pattern) else { continue };
        let by_file = crates.is_empty();
        if !by_file && !draft.dependencies.iter().any(|dependency| dependency.production && crates.contains(&dependency.name.as_str())) {
            continue;
        }
        for hit in source::find_all(texts, &pattern, "//") {
            let package = closure.iter().filter(|part| hit.at.file.below(&part.root).is_some()).max_by_key(|part| part.root.depth());
            let from = if by_file { hit.at.file.parent() } else { package.map(|package| package.root.clone()) };
            let tail = ["$CARGO_MANIFEST_DIR/", "${CARGO_MANIFEST_DIR}/"].iter().find_map(|own| hit.value.strip_prefix(own)).unwrap_or(&hit.value);
            let path = from.filter(|_| !tail.contains('$')).and_then(|from| from.join(tail)).filter(|path| !path.is_root());
            found.extend(path.map(|path| Embedded { path, at: hit.at, sure: !by_file }));
        }
    }
    found
}

/// A build script that runs a tool which the image of Rust has not.
pub fn build_script(draft: &mut ServiceDraft, dir: &Dir<'_>, closure: &[&Package], by_hand: bool) {
    let Ok(pattern) = pattern::pattern(r#"Command::new\(\s*"(npm|npx|pnpm|yarn|bun|node|trunk|wasm-pack)(?:\.cmd)?""#) else { return };
    let scripts: Vec<Rc<Text>> = closure.iter().filter_map(|part| dir.tree().dir(part.root.clone()).peek("build.rs")).collect();
    let Some(hit) = source::find(&scripts, &pattern, "//") else { return };
    // A script that looks around first may do without.
    let text = scripts.iter().find(|text| *text.path() == hit.at.file).map_or("", |text| text.as_str());
    let asks = ["env::var", "cfg!", "#[cfg", ".exists()", "CARGO_FEATURE_"].iter().any(|word| text.contains(word));
    let message = format!("the build script runs `{}`, which the image of Rust does not have", hit.value);
    let problem = if asks || by_hand { Diagnostic::warning("build-script", message) } else { Diagnostic::error("build-script", message) };
    draft.notes.push(
        problem
            .at(hit.at)
            .help("let the build script leave out the front end where its output lies there already; dockgen builds one that is embedded or served"),
    );
}

/// Queries that sqlx checks while the program is compiled, by what `cargo sqlx prepare` wrote: no database is there then.
pub fn queries(draft: &ServiceDraft, dir: &Dir<'_>, texts: &[Rc<Text>]) -> Option<Diagnostic> {
    draft.dependencies.iter().find(|dependency| dependency.production && dependency.name == "sqlx")?;
    let pattern = pattern::pattern(r"\b(?:sqlx::)?(query(?:_as|_scalar|_file|_file_as)?!)\s*\(").ok()?;
    let hit = source::find(texts, &pattern, "//")?;
    let there = |folder: &Dir<'_>| folder.has_dir(".sqlx") || folder.has("sqlx-data.json");
    // It lies beside the package that asks, or at the workspace.
    let above = std::iter::successors(hit.at.file.parent(), crate::model::RelPath::parent);
    let prepared = there(dir) || above.map(|folder| dir.tree().dir(folder)).any(|folder| there(&folder));
    (!prepared).then(|| {
        Diagnostic::error("no-queries", format!("`{}` asks a database while the program is compiled, and a build has none", hit.value))
            .at(hit.at)
            .help("run `cargo sqlx prepare` and commit .sqlx, then run dockgen again")
    })
}
