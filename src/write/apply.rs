//! The writing itself: every file is made whole beside its place, then all are moved into place; a fault takes all of it back.
//!
//! A kill at any moment leaves each file as it was or as it was to be, never torn and never missing: the only thing that happens
//! to a file that stands there is that another one is moved over it. The lock is moved first and names what is under way,
//! so the next run knows of each file which of the two it is, and finishes.
#![allow(clippy::disallowed_methods, reason = "the disk is written here and nowhere else")]

use std::io::Write as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::lock::Lock;
use crate::model::Diagnostic;
use crate::model::plan::Rendered;

/// What files that are not finished yet are called; one that was left behind by a kill is swept up by the next run.
const PREFIX: &str = ".dockgen-";
const SUFFIX: &str = ".part";

/// What is to be written.
pub struct Job<'a> {
    /// The files with the text that is to stand there.
    pub files: Vec<Rendered>,
    /// What dockgen knew before.
    pub before: &'a Lock,
    /// What it knows after.
    pub after: &'a Lock,
}

/// A moment of the writing, told before it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A file is made beside its place.
    Make,
    /// The lock says what is under way.
    Announce,
    /// A file is moved into place.
    Move,
    /// The lock says what is.
    Conclude,
}

/// Writes a job's files and the lock. `watch` hears of every step before it is done.
pub fn apply(job: &Job<'_>, root: &Path, watch: &mut dyn FnMut(Step)) -> Result<(), Diagnostic> {
    let last = job.after.render()?;
    let known = std::fs::read(root.join(last.path.as_str())).is_ok_and(|bytes| bytes == last.text.as_bytes());
    if job.files.is_empty() && known {
        return Ok(());
    }
    sweep(job, root);
    let mut ready = Vec::new();
    for file in &job.files {
        watch(Step::Make);
        ready.push(Ready::make(file, root)?);
    }
    watch(Step::Make);
    let announced = Ready::make(&job.before.render_under_way(job.after, &job.files)?, root)?;
    let concluded = Ready::make(&last, root)?;
    let mut moved = Vec::new();
    let steps = std::iter::once((Step::Announce, announced)).chain(ready.into_iter().map(|file| (Step::Move, file))).chain([(Step::Conclude, concluded)]);
    for (step, file) in steps {
        watch(step);
        match file.into_place() {
            Ok(was) => moved.push(was),
            Err(problem) => {
                take_back(moved);
                return Err(problem);
            }
        }
    }
    Ok(())
}

/// Writes a file that is not dockgen's to keep, with its folders, unless something is there; whether it was written.
pub fn create(place: &Path, text: &str) -> Result<bool, Diagnostic> {
    if place.symlink_metadata().is_ok() {
        return Ok(false);
    }
    let folder = place.parent().unwrap_or(Path::new("."));
    let made = std::fs::create_dir_all(folder).and_then(|()| Ready::write(place, text.as_bytes()));
    let file = made.map_err(|error| fault(place, &error))?;
    file.persist_noclobber(place).map_err(|error| fault(place, &error.error))?;
    Ok(true)
}

/// A whole file beside its place.
struct Ready {
    file: NamedTempFile,
    place: PathBuf,
}

/// A place and what stood there.
struct Was {
    place: PathBuf,
    bytes: Option<Vec<u8>>,
}

impl Ready {
    /// Makes the whole file in its folder, so that moving it into place is one step of the file system.
    fn make(file: &Rendered, root: &Path) -> Result<Self, Diagnostic> {
        let place = place(root, file);
        Self::write(&place, file.text.as_bytes()).map(|file| Self { file, place: place.clone() }).map_err(|error| fault(&place, &error))
    }

    fn write(place: &Path, text: &[u8]) -> std::io::Result<NamedTempFile> {
        let folder = place.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).tempfile_in(folder)?;
        file.write_all(&line_ends(place, text))?;
        file.as_file().sync_all()?;
        permit(file.as_file(), place)?;
        Ok(file)
    }

    fn into_place(self) -> Result<Was, Diagnostic> {
        let bytes = std::fs::read(&self.place).ok();
        self.file.persist(&self.place).map_err(|error| fault(&self.place, &error.error))?;
        settle(&self.place);
        Ok(Was { place: self.place, bytes })
    }
}

/// Where a file goes: through a link to what it points at, which the scan knows to lie in the repository.
fn place(root: &Path, file: &Rendered) -> PathBuf {
    let place = root.join(file.path.as_str());
    if place.is_symlink() { std::fs::canonicalize(&place).unwrap_or(place) } else { place }
}

/// A file with carriage returns keeps them.
fn line_ends(place: &Path, text: &[u8]) -> Vec<u8> {
    let returns = std::fs::read(place).is_ok_and(|bytes| bytes.windows(2).any(|pair| pair == b"\r\n"));
    if !returns {
        return text.to_vec();
    }
    text.iter().flat_map(|byte| if *byte == b'\n' { vec![b'\r', b'\n'] } else { vec![*byte] }).collect()
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

/// Lets a move outlive a loss of power, where the file system can.
fn settle(place: &Path) {
    if let Some(folder) = place.parent().and_then(|folder| std::fs::File::open(folder).ok()) {
        let _ = folder.sync_all();
    }
}

/// Removes what a killed run left beside the places that are written now.
fn sweep(job: &Job<'_>, root: &Path) {
    let mut folders: Vec<PathBuf> = job.files.iter().filter_map(|file| place(root, file).parent().map(Path::to_owned)).collect();
    folders.push(root.to_owned());
    folders.sort();
    folders.dedup();
    for entry in folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        if ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// Takes moves back, the last one first. Nothing more can be done where even this fails.
fn take_back(moved: Vec<Was>) {
    for Was { place, bytes } in moved.into_iter().rev() {
        match bytes {
            Some(bytes) => {
                if let Some(file) = place.parent().and_then(|folder| tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).tempfile_in(folder).ok())
                    && std::fs::write(file.path(), bytes).is_ok()
                    && permit(file.as_file(), &place).is_ok()
                {
                    let _ = file.persist(&place);
                }
            }
            None => {
                let _ = std::fs::remove_file(&place);
            }
        }
    }
}

fn fault(place: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error("not-written", format!("`{}` can't be written: {}", place.display(), crate::fs::disk::plain(error)))
        .help("no file was changed; make the folder writable, then run dockgen again")
}
