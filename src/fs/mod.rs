//! The shell around the pure core: the only modules that touch the disk, the environment or other programs.

pub mod cargo;
pub mod disk;
pub mod docker;
pub mod http;
pub mod layers;
pub mod text;
pub mod tree;
pub mod work;

pub use text::Text;
pub use tree::{Dir, Tree};
