//! Which Node.js, or which Bun, a project wants.

use nodejs_semver::Range;

use crate::catalog::stack::RuntimeRow;
use crate::fs::Dir;
use crate::manifest::{Package, tool_versions};
use crate::model::{Candidates, Diagnostic, Evidence, Source, Version};

/// Names of the lines for the long term.
const CODENAMES: &[(&str, u32)] = &[("gallium", 16), ("hydrogen", 18), ("iron", 20), ("jod", 22), ("krypton", 24)];

/// What the files of these folders say, the nearest folder first; in each of them `.nvmrc`, `.node-version`, `.tool-versions`, mise,
/// `volta`, `devEngines` and `engines`, in this order; of Bun `.bun-version`, `.tool-versions`, mise, `devEngines`, `packageManager` and
/// `engines`. What names no version that is known becomes a warning.
pub fn candidates(folders: &[Dir<'_>], row: &RuntimeRow, notes: &mut Vec<Diagnostic>) -> Result<Candidates<Version>, Diagnostic> {
    let mut found = Candidates::new();
    for dir in folders {
        for (text, at) in if row.name == "bun" { of_bun(dir)? } else { stated(dir)? } {
            match resolve(&text, row) {
                Some(version) => {
                    found.push(version, Source::File(at));
                }
                None => notes.push(
                    Diagnostic::warning(
                        "unknown-version",
                        format!("`{}` names no version of {} that is known", crate::model::evidence::tame(&text), row.title),
                    )
                    .at(at)
                    .help("say it with --runtime-version"),
                ),
            }
        }
    }
    Ok(found)
}

fn stated(dir: &Dir<'_>) -> Result<Vec<(String, Evidence)>, Diagnostic> {
    let mut found = Vec::new();
    for file in [".nvmrc", ".node-version"] {
        found.extend(tool_versions::single(dir, file)?);
    }
    found.extend(tool_versions::read(dir, &["nodejs", "node"])?);
    let Some(package) = Package::read(dir)? else { return Ok(found) };
    let doc = &package.doc;
    let mut keep = |keys: &[&str]| found.extend(doc.string(keys).map(|(text, at)| (text.to_owned(), at)));
    keep(&["volta", "node"]);
    if doc.str(&["devEngines", "runtime", "name"]) == Some("node") {
        keep(&["devEngines", "runtime", "version"]);
    }
    keep(&["engines", "node"]);
    // `*` and the like say nothing.
    found.retain(|(text, _)| !matches!(text.trim(), "" | "*" | "x" | "any"));
    // Where the package refuses what is pinned, most package managers do not install it.
    if let Some(range) = doc.str(&["engines", "node"]).and_then(|text| Range::parse(text).ok()) {
        let refused = |text: &str| text.trim_start_matches('v').parse::<Version>().is_ok_and(|version| !allows(&range, &version));
        found.sort_by_key(|(text, _)| refused(text.trim()));
    }
    Ok(found)
}

/// Whether a range allows a version, or one of the line that it stands for.
fn allows(range: &Range, version: &Version) -> bool {
    let any = if version.numbers().len() < 3 { format!("{version}.x") } else { version.to_string() };
    Range::parse(any).is_ok_and(|version| range.allows_any(&version))
}

/// Of Bun: its package manager is the same program.
fn of_bun(dir: &Dir<'_>) -> Result<Vec<(String, Evidence)>, Diagnostic> {
    let mut found: Vec<(String, Evidence)> = tool_versions::single(dir, ".bun-version")?.into_iter().collect();
    found.extend(tool_versions::read(dir, &["bun"])?);
    let Some(package) = Package::read(dir)? else { return Ok(found) };
    let doc = &package.doc;
    for part in ["runtime", "packageManager"] {
        if doc.str(&["devEngines", part, "name"]) == Some("bun") {
            found.extend(doc.string(&["devEngines", part, "version"]).map(|(text, at)| (text.to_owned(), at)));
        }
    }
    if let Some((text, at)) = doc.string(&["packageManager"])
        && let Some(version) = text.strip_prefix("bun@")
    {
        found.push((version.split('+').next().unwrap_or(version).to_owned(), at));
    }
    found.extend(doc.string(&["engines", "bun"]).map(|(text, at)| (text.to_owned(), at)));
    found.retain(|(text, _)| !matches!(text.trim(), "" | "*" | "x" | "any"));
    Ok(found)
}

/// The version of the image's tag: an exact version stays exact, a range becomes the best line that it allows.
pub fn resolve(text: &str, row: &RuntimeRow) -> Option<Version> {
    let text = text.trim().trim_start_matches('v').to_ascii_lowercase();
    let newest = |long_term: bool| row.lines.iter().rev().find(|line| !line.never_picked && (line.long_term || !long_term)).map(|line| line.version.clone());
    match text.as_str() {
        "lts" | "lts/*" | "lts/-0" | "stable" => return newest(true),
        "node" | "latest" | "current" => return newest(false),
        _ => {}
    }
    if let Some(name) = text.strip_prefix("lts/") {
        let major = CODENAMES.iter().find(|(code, _)| *code == name)?.1;
        return major.to_string().parse().ok();
    }
    if let Ok(version) = text.parse::<Version>() {
        return (1..=99).contains(&version.major()).then_some(version);
    }
    let range = Range::parse(&text).ok()?;
    // A range below all that is known (`14.x`) is a pin to its newest line.
    let oldest = row.lines.first().map_or(0, |line| line.version.major());
    row.best(|line| allows(&range, line)).or_else(|| (1..oldest).rev().filter_map(|line| line.to_string().parse().ok()).find(|line| allows(&range, line)))
}

#[cfg(test)]
mod tests {
    use super::resolve;
    use crate::catalog::StackPack;
    use crate::detect::select::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    #[test]
    fn versions_and_ranges_become_lines() {
        let pack = StackPack::load("node").expect("loads");
        let row = pack.runtime.expect("a runtime");
        let resolved = |text: &str| resolve(text, &row).map(|version| version.to_string());
        for (text, want) in [
            ("v22", "22"),
            ("22.14.0", "22.14.0"),
            ("lts/*", "26"),
            ("lts/Krypton", "24"),
            (">=18", "24"),
            ("^20.9.0 || >=22", "24"),
            ("22.x", "22"),
            (">=20 <23", "22"),
            ("^18.0.0", "18"),
            ("26.x || 24.x", "24"),
            ("14.x", "14"),
            (">=10 <13", "12"),
        ] {
            assert_eq!(resolved(text).as_deref(), Some(want), "{text}");
        }
        assert_eq!(resolved(">=40"), None);
        assert_eq!(resolved("banana"), None);
    }

    #[test]
    fn a_version_that_the_package_refuses_comes_behind() {
        let version = |pin: &str| {
            let package = r#"{"main": "server.js", "engines": {"node": ">=22"}}"#;
            let tree = Tree::memory([("package.json", package), ("server.js", "app.listen(3000)"), (".nvmrc", pin)]);
            let found = detect(&tree, &Answers::default());
            found.services[0].runtime.as_ref().map(|runtime| runtime.value.to_string())
        };
        assert_eq!(version("20").as_deref(), Some("24"));
        assert_eq!(version("v22.3").as_deref(), Some("22.3"));
        assert_eq!(version("22.1.0").as_deref(), Some("22.1.0"));
    }
}
