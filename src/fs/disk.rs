//! Reads a repository from the disk, once.
#![allow(clippy::disallowed_methods, reason = "the disk is read here and nowhere else")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ignore::{WalkBuilder, WalkState};

use super::tree::{EntryKind, LARGEST_FILE, Reader, Tree};
use crate::model::{Diagnostic, RelPath};

/// How deep folders are entered.
const DEEPEST: usize = 24;

/// How many names a scan lists before it gives up.
const MOST_ENTRIES: usize = 1_000_000;
/// Up to so many, one thread is faster than two: of several, those without work sleep for a millisecond before they look again.
const FEW_ENTRIES: usize = 2000;

/// Folders made by tools, never entered even where no ignore file names them.
const TOOL_FOLDERS: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    ".jj",
    "node_modules",
    "bower_components",
    "__pycache__",
    ".venv",
    "venv",
    ".tox",
    ".nox",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".next",
    ".nuxt",
    ".output",
    ".svelte-kit",
    ".angular",
    ".turbo",
    ".nx",
    ".parcel-cache",
    ".gradle",
    ".terraform",
    ".idea",
    ".vscode",
    ".zig-cache",
    "zig-cache",
    "zig-out",
    ".direnv",
];

/// Scans a folder. `Err` when it isn't one or can't be listed.
pub fn scan(root: &Path) -> Result<Tree, Diagnostic> {
    let meta = std::fs::metadata(root).map_err(|error| Diagnostic::error("no-folder", format!("`{}` can't be read: {}", root.display(), plain(&error))))?;
    if !meta.is_dir() {
        return Err(Diagnostic::error("no-folder", format!("`{}` is not a folder", root.display())).help("name the folder that holds the project"));
    }
    let Some(found) = walk(root, 1, FEW_ENTRIES).or_else(|| walk(root, 2, MOST_ENTRIES)) else {
        return Err(
            Diagnostic::error("too-many-files", format!("`{}` holds more than {MOST_ENTRIES} files", root.display())).help("name the folder of one project")
        );
    };
    let mut entries = BTreeMap::new();
    let mut notes = Vec::new();
    let (mut unnamed, mut faults) = (0_usize, Vec::new());
    for item in found {
        match item {
            Found::Entry(path, kind) => {
                entries.insert(path, kind);
            }
            Found::NotText => unnamed += 1,
            Found::Fault(text) => faults.push(text),
        }
    }
    commands(root, &mut entries);
    manifests(root, &mut entries);
    if unnamed > 0 {
        notes.push(Diagnostic::warning("file-name", format!("{unnamed} file name(s) are not UTF-8 text or hold control characters; those files are left out")));
    }
    faults.sort();
    notes.extend(faults.into_iter().map(|text| Diagnostic::warning("unreadable-folder", format!("not scanned: {}", crate::model::evidence::tame(&text)))));
    Ok(Tree::new(entries, Box::new(Disk { root: root.to_owned() }), notes))
}

/// Go's programs lie in folders of their names, and ignore files name a program to keep what was built of it at the root out. Git had these files
/// before the entry took effect on them, so they are there in every clone.
fn commands(root: &Path, entries: &mut BTreeMap<RelPath, EntryKind>) {
    let listed = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).take(FEW_ENTRIES);
    if !entries.contains_key(&RelPath::known("go.mod")) || entries.get(&RelPath::known("cmd")) != Some(&EntryKind::Folder) {
        return;
    }
    let is_go = |file: &std::fs::DirEntry| file.file_name().to_str().is_some_and(|name| name.strip_suffix(".go").is_some());
    let hidden = listed(&root.join("cmd")).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()) && listed(&entry.path()).any(|file| is_go(&file)));
    for folder in hidden.filter_map(|entry| RelPath::new(&format!("cmd/{}", entry.file_name().to_str()?))) {
        if folder.as_str().chars().any(char::is_control) || entries.contains_key(&folder) {
            continue;
        }
        let files = listed(&root.join(folder.as_str())).filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
        for file in files.filter_map(|entry| folder.join(entry.file_name().to_str().filter(|name| name.strip_suffix(".go").is_some())?)) {
            entries.insert(file, EntryKind::File);
        }
        entries.insert(folder, EntryKind::Folder);
    }
}

/// Files that make a project what it is, by the line of an ignore file that is meant for the data beside them. No clone is without them.
const MANIFESTS: &[(&str, &[&str])] = &[
    ("*.json", &["package.json", "package-lock.json", "tsconfig.json", "deno.json", "nest-cli.json", "angular.json", "composer.json"]),
    ("*.toml", &["pyproject.toml", "Cargo.toml"]),
    ("*.txt", &["requirements.txt", "CMakeLists.txt"]),
    ("*.yaml", &["pnpm-lock.yaml", "pnpm-workspace.yaml"]),
];

/// Adds what such a line hides.
fn manifests(root: &Path, entries: &mut BTreeMap<RelPath, EntryKind>) {
    let file = RelPath::known(".gitignore");
    if entries.get(&file) != Some(&EntryKind::File) {
        return;
    }
    let Ok(ignored) = std::fs::read_to_string(root.join(file.as_str())) else { return };
    let lines: Vec<&str> = ignored.lines().map(|line| line.trim().trim_start_matches("**/").trim_start_matches('/')).collect();
    let names: Vec<&str> = MANIFESTS.iter().filter(|(line, _)| lines.contains(line)).flat_map(|(_, names)| names.iter().copied()).collect();
    if names.is_empty() {
        return;
    }
    let below = entries.iter().filter(|(path, kind)| **kind == EntryKind::Folder && path.depth() <= 3).map(|(path, _)| path.clone());
    let folders: Vec<RelPath> = std::iter::once(RelPath::root()).chain(below).take(FEW_ENTRIES).collect();
    for path in folders.iter().flat_map(|folder| names.iter().filter_map(|name| folder.join(name))) {
        if !entries.contains_key(&path) && std::fs::symlink_metadata(root.join(path.as_str())).is_ok_and(|meta| meta.is_file()) {
            entries.insert(path, EntryKind::File);
        }
    }
}

/// All that lies below; `None`: it is more than `most`.
fn walk(root: &Path, threads: usize, most: usize) -> Option<Vec<Found>> {
    let found: Mutex<Vec<Found>> = Mutex::new(Vec::new());
    let seen = AtomicUsize::new(0);
    let mut walk = WalkBuilder::new(root);
    // Only what lies in the repository decides, never this machine's settings: the same tree gives the same files everywhere.
    walk.hidden(false)
        .parents(false)
        .ignore(false)
        .git_global(false)
        .git_exclude(false)
        .require_git(false)
        .follow_links(false)
        .max_depth(Some(DEEPEST))
        .threads(threads);
    walk.build_parallel().run(|| {
        let mut batch = Batch { found: &found, entries: Vec::new() };
        let seen = &seen;
        Box::new(move |entry| match entry {
            Ok(entry) if entry.depth() == 0 => WalkState::Continue,
            _ if seen.fetch_add(1, Ordering::Relaxed) >= most => WalkState::Quit,
            Ok(entry) => batch.take(root, &entry),
            Err(error) => {
                batch.entries.push(Found::Fault(error.to_string()));
                WalkState::Continue
            }
        })
    });
    if seen.into_inner() > most { None } else { Some(found.into_inner().unwrap_or_default()) }
}

enum Found {
    Entry(RelPath, EntryKind),
    NotText,
    Fault(String),
}

/// Entries of one walking thread, handed over when it ends.
struct Batch<'a> {
    found: &'a Mutex<Vec<Found>>,
    entries: Vec<Found>,
}

impl Batch<'_> {
    fn take(&mut self, root: &Path, entry: &ignore::DirEntry) -> WalkState {
        let Some(path) = entry.path().strip_prefix(root).ok().and_then(Path::to_str).filter(|path| !path.chars().any(char::is_control)).and_then(RelPath::new)
        else {
            self.entries.push(Found::NotText);
            return WalkState::Skip;
        };
        let kind = entry.file_type();
        if kind.is_some_and(|kind| kind.is_dir()) {
            let closed = TOOL_FOLDERS.contains(&path.name()) || (path.name() == "target" && entry.path().join("CACHEDIR.TAG").is_file());
            self.entries.push(Found::Entry(path, if closed { EntryKind::Closed } else { EntryKind::Folder }));
            return if closed { WalkState::Skip } else { WalkState::Continue };
        }
        // A link counts as a file until somebody reads it: then its target must lie in the tree and be one.
        if kind.is_some_and(|kind| kind.is_file() || kind.is_symlink()) {
            self.entries.push(Found::Entry(path, EntryKind::File));
        }
        WalkState::Continue
    }
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if let Ok(mut found) = self.found.lock() {
            found.append(&mut self.entries);
        }
    }
}

struct Disk {
    root: PathBuf,
}

impl Reader for Disk {
    fn read(&self, path: &RelPath) -> Result<Vec<u8>, String> {
        let full = self.root.join(path.as_str());
        let link = std::fs::symlink_metadata(&full).map_err(|error| plain(&error))?;
        if link.is_symlink() {
            let target = std::fs::canonicalize(&full).map_err(|error| plain(&error))?;
            let root = std::fs::canonicalize(&self.root).map_err(|error| plain(&error))?;
            if !target.starts_with(&root) {
                return Err("it is a link that leaves the repository".to_owned());
            }
        }
        let meta = std::fs::metadata(&full).map_err(|error| plain(&error))?;
        if !meta.is_file() {
            return Err("it is not a regular file".to_owned());
        }
        if meta.len() > LARGEST_FILE {
            return Err(format!("it has {} MiB, more than the {} MiB that dockgen reads", meta.len() >> 20, LARGEST_FILE >> 20));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(meta.len()).unwrap_or(0));
        let file = std::fs::File::open(&full).map_err(|error| plain(&error))?;
        file.take(LARGEST_FILE).read_to_end(&mut bytes).map_err(|error| plain(&error))?;
        Ok(bytes)
    }

    fn exists(&self, path: &RelPath) -> bool {
        std::fs::symlink_metadata(self.root.join(path.as_str())).is_ok()
    }

    fn location(&self) -> Option<&Path> {
        Some(&self.root)
    }
}

/// The system's words without its numbers.
pub fn plain(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().collect::<String>() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::{FEW_ENTRIES, scan, walk};

    #[test]
    fn a_tree_is_scanned_whole_however_large() {
        let folder = tempfile::tempdir().expect("a folder");
        for n in 0..FEW_ENTRIES {
            std::fs::write(folder.path().join(format!("{n}.txt")), "").expect("written");
        }
        assert_eq!(walk(folder.path(), 1, FEW_ENTRIES).map(|found| found.len()), Some(FEW_ENTRIES));
        std::fs::write(folder.path().join("go.mod"), "module x\n").expect("written");
        assert!(walk(folder.path(), 1, FEW_ENTRIES).is_none());
        let tree = scan(folder.path()).expect("scanned");
        assert_eq!(tree.root().files_below().count(), FEW_ENTRIES + 1);
    }

    #[test]
    fn a_program_is_there_though_what_is_built_of_it_is_ignored() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("cmd/shop")).expect("made");
        for (file, text) in [(".gitignore", "shop\n"), ("go.mod", "module x\n"), ("cmd/shop/main.go", "package main\n"), ("cmd/shop/shop.db", "")] {
            std::fs::write(folder.path().join(file), text).expect("written");
        }
        let tree = super::scan(folder.path()).expect("scanned");
        assert!(tree.root().has("cmd/shop/main.go") && !tree.root().has("cmd/shop/shop.db"));
    }

    #[test]
    fn a_manifest_is_there_though_the_data_beside_it_is_ignored() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir_all(folder.path().join("api")).expect("made");
        for (file, text) in [(".gitignore", "dist\n*.json\n"), ("package.json", "{}"), ("api/package.json", "{}"), ("api/a.js", ""), ("data.json", "{}")] {
            std::fs::write(folder.path().join(file), text).expect("written");
        }
        let tree = super::scan(folder.path()).expect("scanned");
        let root = tree.root();
        assert!(root.has("package.json") && root.has("api/package.json") && !root.has("data.json"));
    }
}
