//! Typed readers of the data that lies beside the templates. The catalogue ships in the binary.

pub mod files;
pub mod packages;
pub mod releases;
pub mod services;
pub mod stack;

pub use stack::{BaseRow, FrameworkRow, ManagerRow, StackPack, SystemRow};

/// The day on which the catalogue's dates were checked: what ended before it is warned about.
pub const CHECKED: &str = "2026-11-20";
