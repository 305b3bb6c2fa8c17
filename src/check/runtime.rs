//! The runtime's version in FROM against the places of the project that state one.

use nodejs_semver::Range;
use pep440_rs::VersionSpecifiers;

use super::{Subject, name_and_tag};
use crate::catalog::StackPack;
use crate::model::evidence::tame;
use crate::model::{Diagnostic, Evidence, Source, Version};

/// The places of the project that state a version, the one that counts first.
fn stated<'a>(subject: &Subject<'a>) -> Vec<(&'a Version, &'a Evidence)> {
    let Some(decision) = subject.draft.and_then(|draft| draft.runtime.as_ref()) else { return Vec::new() };
    std::iter::once((&decision.value, &decision.source))
        .chain(decision.outvoted.iter().map(|(value, source)| (value, source)))
        .filter_map(|(value, source)| match source {
            Source::File(at) | Source::Config(at) => Some((value, at)),
            _ => None,
        })
        .collect()
}

/// Stages whose runtime is not what the project asks for.
pub(super) fn drifts(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let Some(row) = subject.pack().and_then(|pack| pack.runtime.as_ref()) else { return Vec::new() };
    let Some(pack) = subject.pack() else { return Vec::new() };
    let stated = stated(subject);
    let mut found: Vec<Diagnostic> = Vec::new();
    for (stage, image) in subject.recipe.images() {
        let Some(version) = version_of(image, pack) else { continue };
        // Where two places name different versions, either is the project's word; a range beside a version is no word against it.
        let fits =
            stated.iter().enumerate().any(|(place, (value, at))| (place == 0 || is_plain(&at.raw)) && fits(&version, value, at, row.precision) != Some(false));
        let Some((value, at)) = stated.first().filter(|_| !fits) else { continue };
        let wants = if is_plain(&at.raw) { value.to_string() } else { tame(&at.raw) };
        let message = format!("`{}` says {} {version}, {} says {wants}", subject.recipe.path, row.title, at.file);
        if found.iter().any(|known| known.message == message) {
            continue;
        }
        found.push(
            Diagnostic::error("runtime-drift", message)
                .at(subject.recipe.at(stage.line, image))
                .at((*at).clone())
                .help(format!("let both say the same: {} {value} fits what the project asks for", row.title)),
        );
    }
    found
}

/// The version of the stack's runtime that an image carries; `None` for other images and for tags without a number.
pub(super) fn version_of(image: &str, pack: &StackPack) -> Option<Version> {
    let (name, tag) = name_and_tag(image);
    let name = name.rsplit('/').next()?;
    // A tool's image that carries the runtime too: ghcr.io/astral-sh/uv:python3.12-bookworm-slim
    if let Some(carried) = pack.runtime.as_ref().and_then(|row| tag.strip_prefix(row.name.as_str())).and_then(leading_version) {
        return Some(carried);
    }
    for pattern in pack.bases.values().flat_map(|row| [Some(&row.build), row.prod.as_ref()]).flatten() {
        let (known, known_tag) = name_and_tag(pattern);
        let known = known.rsplit('/').next()?;
        if known == name && known_tag.starts_with("{version}") {
            return leading_version(tag);
        }
        // The version in the name: gcr.io/distroless/nodejs22-debian12
        if let Some(rest) = known.split_once('{').and_then(|(before, _)| (!before.is_empty()).then(|| name.strip_prefix(before))).flatten() {
            return leading_version(rest);
        }
    }
    None
}

fn leading_version(text: &str) -> Option<Version> {
    let digits: String = text.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let version: Version = digits.trim_end_matches('.').parse().ok()?;
    // `3.13rc1` is not `3.13`, but near enough; `2026-11-20` is a date.
    (version.major() < 1000).then_some(version)
}

/// Whether a version is what a place asks for; `None` where that can't be told.
fn fits(version: &Version, value: &Version, at: &Evidence, precision: usize) -> Option<bool> {
    let raw = at.raw.trim();
    // go.mod and Cargo.toml state the least that will do.
    if matches!(at.file.name(), "go.mod" | "Cargo.toml") && !at.key.contains("toolchain") {
        return Some(version.truncate(2) >= value.truncate(2) || value.covers(version) || version.covers(value));
    }
    if is_plain(raw) {
        let (have, want) = (version.truncate(precision), value.truncate(precision));
        return Some(have == want || have.covers(&want));
    }
    // A tag of few numbers is the newest of its line: a range that holds any of the line fits.
    let number = |fill: &str| {
        let mut parts: Vec<String> = version.numbers().iter().map(ToString::to_string).collect();
        parts.resize_with(3, || fill.to_owned());
        parts.join(".")
    };
    let (low, high) = (number("0"), number("999"));
    if matches!(at.file.name(), "package.json" | ".nvmrc" | ".node-version" | "deno.json") {
        let range: Range = raw.parse().ok()?;
        let line: Range = format!(">={low} <={high}").parse().ok()?;
        return Some(range.allows_any(&line));
    }
    let specifiers: VersionSpecifiers = raw.parse().ok()?;
    let holds = |text: &str| text.parse::<pep440_rs::Version>().is_ok_and(|version| specifiers.contains(&version));
    Some(holds(&low) || holds(&high))
}

fn is_plain(raw: &str) -> bool {
    let raw = raw.trim().trim_start_matches('v');
    let digits = raw.rsplit(['-', ' ', '@']).next().unwrap_or(raw);
    !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit() || c == '.') && !raw.contains(['<', '>', '=', '^', '~', '*', '|'])
}
