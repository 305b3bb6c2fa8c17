//! What people answered, joined with what the project says: answers first, in every detector alike.

use crate::catalog::stack::RuntimeRow;
use crate::model::answers::Hints;
use crate::model::question::Question;
use crate::model::{Candidates, Cmd, Decision, Diagnostic, Given, Source, Version};

type Result<T> = std::result::Result<T, Diagnostic>;

/// An answer that means nothing.
pub fn refused(question: Question, given: &Given, why: &str) -> Diagnostic {
    Diagnostic::error("answer", format!("{}: {why}", question.prompt())).at_all(given.source.evidence().cloned()).help(format!(
        "mend {}",
        match &given.source {
            Source::Config(at) => at.place(),
            other => other.to_string(),
        }
    ))
}

/// What was decided before anybody was asked, as candidates again.
pub fn candidates<T: Clone>(decision: Option<Decision<T>>) -> Candidates<T> {
    let mut all = Candidates::new();
    all.extend(decision.into_iter().flat_map(|decision| std::iter::once((decision.value, decision.source)).chain(decision.outvoted)));
    all
}

/// The port: the answer, else the first candidate.
pub fn port(hints: &Hints<'_>, candidates: Candidates<u16>) -> Result<Option<Decision<u16>>> {
    let mut all = Candidates::new();
    if let Some(given) = hints.get(Question::Port) {
        let why = || refused(Question::Port, given, &format!("`{}` is not a number from 1 to 65535", crate::model::evidence::tame(&given.value)));
        all.push(given.value.trim().parse().ok().filter(|port| *port > 0).ok_or_else(why)?, given.source.clone());
    }
    all.extend(candidates.iter().cloned());
    Ok(all.pick())
}

/// The same where all candidates say the same thing in different words: the first one speaks, and stays beside an answer.
pub fn first_port(hints: &Hints<'_>, candidates: Candidates<u16>) -> Result<Option<Decision<u16>>> {
    let decided = port(hints, candidates)?;
    Ok(decided.map(|mut port| {
        port.outvoted.truncate(usize::from(port.source.is_explicit()));
        port
    }))
}

/// A command: the answer, else the first candidate.
pub fn command(hints: &Hints<'_>, question: Question, candidates: Candidates<Cmd>) -> Result<Option<Decision<Cmd>>> {
    let mut all = Candidates::new();
    if let Some(given) = hints.get(question) {
        all.push(Cmd::parse(&given.value).map_err(|why| refused(question, given, &why))?, given.source.clone());
    }
    all.extend(candidates.iter().cloned());
    Ok(all.pick())
}

/// A name out of a known list (package manager): the answer, else the first candidate.
pub fn one_of(hints: &Hints<'_>, question: Question, known: &[&str], candidates: Candidates<String>) -> Result<Option<Decision<String>>> {
    let mut all = Candidates::new();
    if let Some(given) = hints.get(question) {
        if !known.contains(&given.value.as_str()) {
            let value = crate::model::evidence::tame(&given.value);
            return Err(refused(question, given, &format!("`{value}` is not one of {}", known.join(", "))));
        }
        all.push(given.value.clone(), given.source.clone());
    }
    all.extend(candidates.iter().cloned());
    Ok(all.pick())
}

/// The runtime's version: the answer, else the first candidate, else the catalogue's default. Always a tag's version.
pub fn runtime(hints: &Hints<'_>, row: &RuntimeRow, candidates: Candidates<Version>) -> Result<Decision<Version>> {
    let mut all = Candidates::new();
    if let Some(given) = hints.get(Question::RuntimeVersion) {
        let text = given.value.trim().trim_start_matches('v');
        let version: Version = text.parse().map_err(|why: String| refused(Question::RuntimeVersion, given, &why))?;
        let version = complete(&version, row)
            .ok_or_else(|| refused(Question::RuntimeVersion, given, &format!("{} needs {} numbers, as in {}", row.title, row.precision, row.default)))?;
        all.push(version, given.source.clone());
    }
    all.extend(candidates.iter().cloned());
    all.push(row.default.clone(), Source::default(row.because.clone()));
    let Some(decision) = all.pick() else { unreachable!("the default was pushed") };
    Ok(decision)
}

/// A version with as many numbers as a tag needs; a shorter one becomes the newest line that it covers.
pub fn complete(version: &Version, row: &RuntimeRow) -> Option<Version> {
    if version.numbers().len() >= row.precision {
        return Some(version.clone());
    }
    row.best(|line| version.covers(line))
}
