//! Asks an installed cargo what a workspace holds, where the repository can't choose what runs.
#![allow(clippy::disallowed_methods, reason = "the machine is looked at here and nowhere else")]

use cargo_metadata::{Metadata, MetadataCommand};

use super::Dir;

/// `cargo metadata --no-deps --offline` for the manifest in this folder.
///
/// `None` where there is no cargo, the tree is in memory, or the repository could choose the program that runs:
/// a `rust-toolchain` file or `.cargo/config` at the folder or above it.
pub fn metadata(dir: &Dir<'_>) -> Option<Metadata> {
    let location = dir.tree().location()?;
    let manifest = location.join(dir.at("Cargo.toml").as_str());
    let manifest = std::fs::canonicalize(manifest).ok()?;
    let steered = manifest
        .ancestors()
        .skip(1)
        .any(|folder| ["rust-toolchain", "rust-toolchain.toml", ".cargo/config", ".cargo/config.toml"].iter().any(|name| folder.join(name).exists()));
    if steered && !is_home_only(&manifest) {
        return None;
    }
    let mut command = MetadataCommand::new();
    command.manifest_path(&manifest).no_deps().other_options(["--offline".to_owned()]);
    // The folder decides nothing: cargo runs from the root of the disk.
    command.current_dir("/");
    command.exec().ok()
}

/// Whether the only cargo settings above the manifest are the user's own, in the home folder.
fn is_home_only(manifest: &std::path::Path) -> bool {
    let Some(home) = std::env::home_dir().and_then(|home| std::fs::canonicalize(home).ok()) else { return false };
    manifest
        .ancestors()
        .skip(1)
        .take_while(|folder| *folder != home)
        .all(|folder| ["rust-toolchain", "rust-toolchain.toml", ".cargo/config", ".cargo/config.toml"].iter().all(|name| !folder.join(name).exists()))
        && manifest.starts_with(&home)
}
