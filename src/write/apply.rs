//! The writing itself: every file is made whole beside its place, then all are moved into place; a fault takes all of it back.
#![allow(clippy::disallowed_methods, reason = "the disk is written here and nowhere else")]

use std::io::Write as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::changeset::{Action, ChangeSet};
use crate::model::Diagnostic;
use crate::model::plan::Rendered;

/// Writes what a change set creates and updates, and the files in `also` (which are dockgen's own).
pub fn apply(set: &ChangeSet, also: &[Rendered], root: &Path) -> Result<(), Diagnostic> {
    let changed = set.changes.iter().filter(|change| matches!(change.action, Action::Create | Action::Update)).map(|change| &change.file);
    let mut ready = Vec::new();
    for file in changed.chain(also) {
        let place = root.join(file.path.as_str());
        ready.push((prepare(&place, &file.text).map_err(|error| fault(&place, &error))?, place));
    }
    let mut moved: Vec<(PathBuf, Option<Vec<u8>>)> = Vec::new();
    for (file, place) in ready {
        let before = std::fs::read(&place).ok();
        if let Err(error) = file.persist(&place) {
            take_back(moved);
            return Err(fault(&place, &error.error));
        }
        moved.push((place, before));
    }
    Ok(())
}

/// Makes the whole file in its folder, so that moving it into place is one step of the file system.
fn prepare(place: &Path, text: &str) -> std::io::Result<NamedTempFile> {
    let folder = place.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".dockgen-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    permit(file.as_file(), place)?;
    Ok(file)
}

/// The permissions of the file that is replaced, or those of an ordinary new file.
#[cfg(unix)]
fn permit(file: &std::fs::File, place: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let permissions = std::fs::metadata(place).map_or_else(|_| std::fs::Permissions::from_mode(0o644), |meta| meta.permissions());
    file.set_permissions(permissions)
}

#[cfg(not(unix))]
fn permit(_: &std::fs::File, _: &Path) -> std::io::Result<()> {
    Ok(())
}

fn take_back(moved: Vec<(PathBuf, Option<Vec<u8>>)>) {
    for (place, before) in moved {
        // Nothing more can be done where even this fails.
        let _ = match before {
            Some(bytes) => std::fs::write(&place, bytes),
            None => std::fs::remove_file(&place),
        };
    }
}

fn fault(place: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error("not-written", format!("`{}` can't be written: {}", place.display(), crate::fs::disk::plain(error)))
        .help("no file was changed; make the folder writable, then run dockgen again")
}
