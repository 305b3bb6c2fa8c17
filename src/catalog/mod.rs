//! Typed readers of the data that lies beside the templates. The catalogue ships in the binary.

pub mod files;
pub mod packages;
pub mod services;
pub mod stack;

pub use stack::{BaseRow, FrameworkRow, ManagerRow, StackPack, SystemRow};
