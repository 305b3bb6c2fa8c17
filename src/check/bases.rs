//! Base images that get no fixes any more.

use super::runtime::{is_asked_for, version_of};
use super::{Subject, name_and_tag};
use crate::catalog::CHECKED;
use crate::catalog::releases::Releases;
use crate::model::Diagnostic;

/// Stages on images of runtimes or systems that have ended.
pub(super) fn drifts(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let Ok(releases) = Releases::load() else { return Vec::new() };
    let mut found: Vec<Diagnostic> = Vec::new();
    for (stage, image) in subject.recipe.images() {
        let mut ended = None;
        let mut asked_for = false;
        for pack in subject.packs.values() {
            let Some((row, version)) = pack.runtime.as_ref().zip(version_of(image, pack)) else { continue };
            let date = match row.line(&version) {
                Some(line) if line.end_of_life.as_str() <= CHECKED => Some(line.end_of_life.clone()),
                Some(_) => None,
                // The catalogue begins with the oldest line that is still met with.
                None => row.lines.first().filter(|first| version < first.version.truncate(version.numbers().len())).map(|_| String::new()),
            };
            if let Some(date) = date {
                asked_for = subject.draft.is_some_and(|draft| draft.pack == pack.id) && is_asked_for(subject, &version);
                ended = Some((format!("{} {version}", row.title), date, format!("{} {} is the default ({})", row.title, row.default, row.because)));
            }
        }
        let (name, tag) = name_and_tag(image);
        if ended.is_none()
            && let Some((system, word, row)) = releases.ended(name, tag)
        {
            ended = Some((format!("{} {}", system.title, word.trim_start_matches("alpine")), row.date.clone(), format!("take a newer {}", system.title)));
        }
        if let Some((what, date, help)) = ended {
            let since = if date.is_empty() { "no fixes any more".to_owned() } else { format!("no fixes since {date}") };
            let message = format!("{what} gets {since}");
            if !found.iter().any(|known| known.message == message) {
                // What the project itself asks for is no disagreement, though still worth saying.
                let found_as = if asked_for { Diagnostic::warning("end-of-life", message) } else { Diagnostic::error("end-of-life", message) };
                found.push(found_as.at(subject.recipe.at(stage.line, image)).help(help));
            }
        }
    }
    found
}
