//! A front end that another stack's program takes in.

use super::{RelPath, ServiceDraft};

/// A front end whose build another program embeds or sends.
#[derive(Clone, Debug)]
pub struct FrontEnd {
    /// The front end, as the detector of its own stack sees it.
    pub draft: ServiceDraft,
    /// What its build makes.
    pub output: RelPath,
    /// Where the program wants it: seen from the folder that it is built in, absolute where that lies outside.
    pub wanted: String,
    /// The same in the repository.
    pub place: RelPath,
    /// Whether the program reads it while it runs; else it is compiled in.
    pub read: bool,
    /// The ending of files that the front end has no use for; empty where its folder is its own.
    pub exclude: String,
}
