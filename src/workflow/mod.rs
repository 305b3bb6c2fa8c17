//! One file a subcommand; the only modules that call more than one step of the flow.

mod adopt;
pub mod check;
pub mod detect;
pub mod init;
mod prompt;
mod question;
mod save;
pub mod stacks;
pub mod templates;
pub mod verify;
mod wizard;

use std::io::Write;

use crate::report;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did what was asked, or there was nothing to do.
    Done,
    /// The answer is no: refused, drifted, nothing found, not verified.
    No,
    /// It could not work: wrong use, broken input.
    Failed,
    /// The user stopped it.
    Interrupted,
}

impl Outcome {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::No => 1,
            Self::Failed => 2,
            Self::Interrupted => 130,
        }
    }
}

/// Where data and talk go: data on one stream, talk on the other.
pub struct Talk {
    data: Box<dyn Write>,
    talk: Box<dyn Write>,
    quiet: bool,
}

impl Talk {
    /// Two streams; a quiet one says only what went wrong.
    pub fn new(data: Box<dyn Write>, talk: Box<dyn Write>, quiet: bool) -> Self {
        Self { data, talk, quiet }
    }

    /// Data: what was asked for.
    pub fn put(&mut self, text: &str) -> anyhow::Result<()> {
        Ok(report::emit(&mut self.data, text)?)
    }

    /// Talk about faults, never silenced. A stream that takes no more is not worth a fault of its own.
    pub fn say(&mut self, text: &str) {
        let _ = report::emit(&mut self.talk, text);
    }

    /// Talk about what was done.
    pub fn tell(&mut self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }
}
