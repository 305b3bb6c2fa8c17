//! The shell around the pure core: the only modules that touch the disk, the environment or other programs.

pub mod cargo;
pub mod disk;
pub mod text;
pub mod tree;

pub use text::Text;
pub use tree::{Dir, Tree};
