//! `.cargo/config.toml`: the linker that it asks for, and the target that it compiles for.

use crate::fs::Dir;
use crate::manifest::{Document, Node};
use crate::model::{Decision, Dependency, Diagnostic, Evidence, ServiceDraft, Source};

/// Programs that link, as flags and settings name them, and the rows of their packages.
const LINKERS: &[(&str, &str)] = &[("lld", "linker:lld"), ("mold", "linker:mold"), ("clang", "linker:clang")];

/// Hands what the build's settings need to the draft; the folder is the workspace's. `Err`: they compile for no Linux.
pub fn settings(dir: &Dir<'_>, draft: &mut ServiceDraft) -> Result<(), Diagnostic> {
    let Some(doc) = ["config.toml", "config"].into_iter().find_map(|file| {
        let text = dir.dir(".cargo").peek(file)?;
        Document::toml(&text).ok()
    }) else {
        return Ok(());
    };
    if let Some((triple, at)) = doc.string(&["build", "target"]) {
        if !triple.contains("linux") {
            return Err(elsewhere(triple, at));
        }
        draft.set("triple", triple);
        draft.facts.push(("target".to_owned(), Decision::new(triple.to_owned(), Source::File(at.clone()))));
        if triple.contains("musl") {
            draft.system.push(Dependency { name: "linker:musl".to_owned(), at, production: true });
        }
    }
    let of_linux = |name: &str| name.contains("linux") || name.contains("cfg(unix") || name.contains("cfg(all(");
    let tables = doc.get(&["target"]).into_iter().flat_map(Node::entries).filter(|(name, _)| of_linux(name) && !name.contains("not("));
    for (name, table) in tables.chain(doc.get(&["build"]).map(|node| ("", node))) {
        let words = table.get(&["linker"]).into_iter().chain(table.get(&["rustflags"]).into_iter().flat_map(|flags| flags.items().chain([flags])));
        for (node, word) in words.filter_map(|node| Some((node, node.str()?))) {
            let at = if name.is_empty() { doc.evidence(&["build"], node) } else { doc.evidence(&["target", name], node) };
            let names = |linker: &str| word == linker || word.ends_with(&format!("/{linker}")) || word.contains(&format!("-fuse-ld={linker}"));
            for (_, row) in LINKERS.iter().filter(|(linker, _)| names(linker) || word.contains(&format!("linker={linker}"))) {
                if !draft.system.iter().any(|known| known.name == *row) {
                    draft.system.push(Dependency { name: (*row).to_owned(), at: at.clone(), production: true });
                }
            }
        }
    }
    Ok(())
}

/// What compiles for a processor without an operating system, or for a browser.
fn elsewhere(triple: &str, at: Evidence) -> Diagnostic {
    let what = if triple.starts_with("wasm") { "for WebAssembly" } else { "for a machine without Linux" };
    Diagnostic::error("unsupported-stack", format!("the project is compiled {what}: no container runs that"))
        .at(at)
        .help("an image can hold what runs beside it: name another folder or another program with --app")
}

#[cfg(test)]
mod tests {
    use super::settings;
    use crate::fs::Tree;
    use crate::model::{RelPath, ServiceDraft};

    #[test]
    fn the_linker_and_the_target_come_from_the_settings() {
        for (text, needs, triple) in [
            ("[target.x86_64-unknown-linux-gnu]\nlinker = \"clang\"\nrustflags = [\"-C\", \"link-arg=-fuse-ld=lld\"]\n", "linker:clang linker:lld", ""),
            ("[target.'cfg(target_os = \"linux\")']\nrustflags = [\"-C\", \"link-arg=-fuse-ld=/usr/bin/mold\"]\n", "linker:mold", ""),
            ("[target.x86_64-unknown-linux-gnu]\nrustflags = [\"-Clink-arg=-fuse-ld=mold\"]\n", "linker:mold", ""),
            ("[target.x86_64-pc-windows-msvc]\nrustflags = [\"-Clink-arg=-fuse-ld=lld\"]\n", "", ""),
            ("[build]\ntarget = \"x86_64-unknown-linux-musl\"\n", "linker:musl", "x86_64-unknown-linux-musl"),
            ("[alias]\nxtask = \"run -p xtask\"\n", "", ""),
        ] {
            let mut draft = ServiceDraft::new("rust", RelPath::root(), "a");
            assert!(settings(&Tree::memory([(".cargo/config.toml", text)]).root(), &mut draft).is_ok());
            assert_eq!(draft.system.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(" "), needs, "{text}");
            assert_eq!(draft.extra.get("triple").and_then(serde_json::Value::as_str).unwrap_or_default(), triple);
        }
        let mut draft = ServiceDraft::new("rust", RelPath::root(), "a");
        assert!(settings(&Tree::memory([(".cargo/config.toml", "[build]\ntarget = \"thumbv7em-none-eabihf\"\n")]).root(), &mut draft).is_err());
    }
}
