//! The vocabulary that every other module speaks: plain data, no input or output.

pub mod answers;
pub mod command;
pub mod decision;
pub mod diagnostic;
pub mod draft;
pub mod evidence;
pub mod front;
pub mod path;
pub mod plan;
pub mod question;
pub mod verify;
pub mod version;

pub use answers::{Answers, Given};
pub use command::Cmd;
pub use decision::{Candidates, Decision, Source};
pub use diagnostic::{Diagnostic, Severity};
pub use draft::{BuildSecret, Claim, Compose, Dependency, Health, Kind, Open, Process, ServiceDraft, Strength, Watch};
pub use evidence::Evidence;
pub use front::FrontEnd;
pub use path::RelPath;
pub use question::Question;
pub use version::Version;
