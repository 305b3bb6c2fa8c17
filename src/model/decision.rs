//! A value that was chosen, and why: made only by picking from candidates in order of precedence.

use std::fmt;

use super::{Evidence, Question};

/// Who says so, from the strongest to the weakest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A command line flag, for example `--port`.
    Flag(Question),
    /// An environment variable, for example `DOCKGEN_PORT`.
    Env(Question),
    /// An answer given in the wizard.
    Answer(Question),
    /// A key of `dockgen.toml`.
    Config(Evidence),
    /// A place in the project that states the value.
    File(Evidence),
    /// A rule applied to places in the project.
    Inferred {
        /// The rule, as a clause: "the lock file is npm's".
        rule: String,
        /// What the rule was applied to.
        from: Vec<Evidence>,
    },
    /// The catalogue's default.
    Default {
        /// Why the catalogue has this default, as a clause.
        because: String,
    },
}

impl Source {
    /// A rule with one piece of evidence.
    pub fn inferred(rule: impl Into<String>, from: impl IntoIterator<Item = Evidence>) -> Self {
        Self::Inferred { rule: rule.into(), from: from.into_iter().collect() }
    }

    /// A default of the catalogue.
    pub fn default(because: impl Into<String>) -> Self {
        Self::Default { because: because.into() }
    }

    /// The first place that speaks for the value.
    pub fn evidence(&self) -> Option<&Evidence> {
        match self {
            Self::Config(at) | Self::File(at) => Some(at),
            Self::Inferred { from, .. } => from.first(),
            Self::Flag(_) | Self::Env(_) | Self::Answer(_) | Self::Default { .. } => None,
        }
    }

    /// Whether a person chose the value (flag, variable, answer or `dockgen.toml`).
    pub fn is_explicit(&self) -> bool {
        matches!(self, Self::Flag(_) | Self::Env(_) | Self::Answer(_) | Self::Config(_))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(question) => f.write_str(question.flag()),
            Self::Env(question) => f.write_str(&question.env()),
            Self::Answer(_) => f.write_str("answered"),
            Self::Config(at) | Self::File(at) => at.fmt(f),
            Self::Inferred { rule, from } if from.is_empty() => f.write_str(rule),
            Self::Inferred { rule, from } => {
                write!(f, "{rule} (")?;
                for (i, at) in from.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    at.fmt(f)?;
                }
                f.write_str(")")
            }
            Self::Default { because } => write!(f, "default: {because}"),
        }
    }
}

/// A chosen value with its reason and the candidates that lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision<T> {
    /// The chosen value.
    pub value: T,
    /// Why it was chosen.
    pub source: Source,
    /// The candidates that lost, in order of precedence.
    pub outvoted: Vec<(T, Source)>,
}

impl<T> Decision<T> {
    /// A decision with one candidate.
    pub fn new(value: T, source: Source) -> Self {
        Self { value, source, outvoted: Vec::new() }
    }

    /// The same decision about a value made from this one.
    pub fn map<U>(self, f: impl Fn(T) -> U) -> Decision<U> {
        Decision { value: f(self.value), source: self.source, outvoted: self.outvoted.into_iter().map(|(value, source)| (f(value), source)).collect() }
    }
}

/// Candidates for a value, pushed in order of precedence.
#[derive(Clone, Debug)]
pub struct Candidates<T>(Vec<(T, Source)>);

impl<T> Default for Candidates<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Candidates<T> {
    /// No candidates yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a candidate that yields to all that are there.
    pub fn push(&mut self, value: T, source: Source) -> &mut Self {
        self.0.push((value, source));
        self
    }

    /// Adds a candidate, where there is one.
    pub fn extend(&mut self, more: impl IntoIterator<Item = (T, Source)>) -> &mut Self {
        self.0.extend(more);
        self
    }

    /// Whether nothing speaks for any value.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The candidates in order of precedence.
    pub fn iter(&self) -> impl Iterator<Item = &(T, Source)> {
        self.0.iter()
    }

    /// The first candidate wins; the rest is kept as outvoted.
    pub fn pick(self) -> Option<Decision<T>> {
        let mut rest = self.0.into_iter();
        let (value, source) = rest.next()?;
        Some(Decision { value, source, outvoted: rest.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::{Candidates, Source};

    #[test]
    fn the_first_candidate_wins_and_the_rest_is_kept() {
        let mut candidates = Candidates::new();
        candidates.push(22, Source::default("newest")).push(20, Source::default("older"));
        let decision = candidates.pick().expect("two candidates");
        assert_eq!(decision.value, 22);
        assert_eq!(decision.outvoted, [(20, Source::default("older"))]);
        assert_eq!(Candidates::<u8>::new().pick(), None);
    }
}
