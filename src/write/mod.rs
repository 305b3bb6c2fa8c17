//! Puts files on the disk: what would change, whose the files are, and the writing itself, all or nothing.

mod apply;
mod changeset;
pub mod diff;
mod lock;
mod merge;

pub use apply::{Job, Step, apply, create};
pub use changeset::{Action, Change, ChangeSet, compare};
pub use lock::{FILE as LOCK_FILE, Lock};
pub use merge::{Conflict, Merged, merge};
