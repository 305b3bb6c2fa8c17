//! A folder of its own for work on a copy, gone when it is dropped.
#![allow(clippy::disallowed_methods, reason = "the disk is touched here and nowhere else")]

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A temporary folder.
pub struct Work {
    folder: TempDir,
}

impl Work {
    /// Makes one, readable by others so that a container may mount it.
    pub fn new() -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("dockgen-verify-").tempdir()?;
        #[cfg(unix)]
        std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        Ok(Self { folder })
    }

    /// Where something in it lies.
    pub fn at(&self, tail: &str) -> PathBuf {
        if tail.is_empty() || tail == "." { self.folder.path().to_owned() } else { self.folder.path().join(tail) }
    }

    /// Writes a file, making its folders.
    pub fn write(&self, tail: &str, text: &str) -> std::io::Result<PathBuf> {
        let path = self.at(tail);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(&path, text)?;
        Ok(path)
    }
}

/// One file of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its path below the folder.
    pub path: String,
    /// Its bytes.
    pub size: u64,
}

/// All files below a folder, in order of their paths; folders for which `enter` is false are left out.
pub fn list(root: &Path, enter: &dyn Fn(&str) -> bool) -> Vec<Listed> {
    let mut found = Vec::new();
    let mut open = vec![String::new()];
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(root.join(&folder)) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() {
                if enter(&path) {
                    open.push(path);
                }
            } else {
                found.push(Listed { path, size: if meta.is_file() { meta.len() } else { 0 } });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// Whether a folder may hold sources: not what a tool made or fetched.
pub fn is_source(folder: &str) -> bool {
    !matches!(folder.rsplit('/').next(), Some("node_modules" | ".git" | "target" | ".venv" | "vendor"))
}

/// The bytes of a file; `None` where there is none.
pub fn bytes(path: &Path) -> Option<Vec<u8>> {
    std::fs::read(path).ok()
}

/// The text of a file; `None` where there is none or it isn't UTF-8.
pub fn text(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// Overwrites a file of a copy.
pub fn overwrite(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::write(path, text)
}

/// The full path of a folder or file that is there.
pub fn full(path: &Path) -> Option<PathBuf> {
    std::fs::canonicalize(path).ok()
}
