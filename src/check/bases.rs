//! Base images that get no fixes any more.

use super::runtime::version_of;
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
        for pack in subject.packs.values() {
            let Some((row, version)) = pack.runtime.as_ref().zip(version_of(image, pack)) else { continue };
            let date = match row.line(&version) {
                Some(line) if line.end_of_life.as_str() <= CHECKED => Some(line.end_of_life.clone()),
                Some(_) => None,
                // The catalogue begins with the oldest line that is still met with.
                None => row.lines.first().filter(|first| version < first.version.truncate(version.numbers().len())).map(|_| String::new()),
            };
            if let Some(date) = date {
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
                // Age is no disagreement with the project, though worth saying: a pipeline must not turn red on its own.
                found.push(Diagnostic::warning("end-of-life", message).at(subject.recipe.at(stage.line, image)).help(help));
            }
        }
    }
    found
}
