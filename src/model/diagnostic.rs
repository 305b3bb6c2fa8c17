//! What dockgen has to say about a project: collected, and all of it shown.

use std::fmt;

use super::{Evidence, Question};

/// How much a diagnostic weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Probably wrong in the project; the files are written all the same.
    Warning,
    /// Nothing is written.
    Error,
}

impl Severity {
    /// The word that opens the message.
    pub fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One message: what, where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable name, lower case with hyphens, for example `broken-manifest`.
    pub id: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// What is the matter.
    pub message: String,
    /// Where it is.
    pub at: Vec<Evidence>,
    /// What to do about it.
    pub help: Option<String>,
    /// The question that would settle it, with the answers to choose from.
    pub question: Option<(Question, Vec<String>)>,
}

impl Diagnostic {
    fn new(severity: Severity, id: &'static str, message: impl Into<String>) -> Self {
        Self { id, severity, message: message.into(), at: Vec::new(), help: None, question: None }
    }

    /// An error: nothing is written.
    pub fn error(id: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, id, message)
    }

    /// A warning.
    pub fn warning(id: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, id, message)
    }

    /// A note.
    pub fn note(id: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Note, id, message)
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, at: Evidence) -> Self {
        self.at.push(at);
        self
    }

    /// Adds places.
    #[must_use]
    pub fn at_all(mut self, at: impl IntoIterator<Item = Evidence>) -> Self {
        self.at.extend(at);
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Names the question that settles it.
    #[must_use]
    pub fn asks(mut self, question: Question, choices: Vec<String>) -> Self {
        self.question = Some((question, choices));
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.severity.word(), self.message)?;
        for at in &self.at {
            write!(f, "\n --> {at}")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\nhelp: {help}")?;
        }
        Ok(())
    }
}
