//! COPY of what is not there, or is kept out of the build context.

use globset::GlobBuilder;
use ignore::gitignore::GitignoreBuilder;

use super::Subject;
use crate::fs::Dir;
use crate::fs::tree::EntryKind;
use crate::manifest::dockerfile::Says;
use crate::model::Diagnostic;

/// Folders that tools fill before an image is built: what lies in them is not in the repository.
const MADE: &[&str] = &[
    "dist",
    "build",
    "out",
    "target",
    "bin",
    "publish",
    "output",
    ".next",
    ".output",
    "node_modules",
    "vendor",
    "certs",
    "secrets",
    "tmp",
    "coverage",
    "artifacts",
    "release",
    ".git",
];

/// What a source of COPY is to a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    There,
    Ignored,
    Missing,
    Unclear,
}

/// Sources that can't be copied.
pub(super) fn drifts(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for step in subject.recipe.steps() {
        let Says::Copy { from: None, sources, .. } = &step.says else { continue };
        if step.text.contains("--parents") || step.text.contains("--exclude") {
            continue;
        }
        for source in sources {
            // A pattern beside plain files may match nothing: `package.json yarn.lock*`.
            if source.contains('$') || source.contains("://") || source.starts_with("git@") || (source.contains(['*', '?', '[']) && sources.len() > 1) {
                continue;
            }
            let standings: Vec<(Standing, Dir<'_>)> = subject.contexts().into_iter().map(|context| (standing(subject, &context, source), context)).collect();
            if standings.iter().any(|(standing, _)| matches!(standing, Standing::There | Standing::Unclear)) {
                continue;
            }
            let at = subject.recipe.at(step.line_of(source), format!("COPY {source}"));
            let ignored = standings.iter().find(|(standing, _)| *standing == Standing::Ignored);
            found.push(match ignored.and_then(|(_, context)| subject.ignored(context)) {
                Some((_, place)) => Diagnostic::error("copy-drift", format!("`{source}` is copied, {} keeps it out", place.file))
                    .at(at)
                    .at(place)
                    .help(format!("add `!{}` to the end of it, or leave the COPY out", plain(source))),
                None => Diagnostic::error("copy-drift", format!("`{source}` is copied, and is not there")).at(at).help("mend the path, or leave the COPY out"),
            });
        }
    }
    found
}

fn plain(source: &str) -> &str {
    source.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/')
}

fn standing(subject: &Subject<'_>, context: &Dir<'_>, source: &str) -> Standing {
    let path = plain(source);
    if path.is_empty() || path == "." || path.starts_with("..") {
        return Standing::Unclear;
    }
    let patterns = subject.ignored(context);
    let kept_out = |path: &str| patterns.as_ref().is_some_and(|(patterns, _)| patterns.excludes(path));
    if path.contains(['*', '?', '[']) {
        let Ok(glob) = GlobBuilder::new(path).literal_separator(true).build() else { return Standing::Unclear };
        let glob = glob.compile_matcher();
        let mut matches = context.files_below().filter_map(|file| file.below(context.path())).filter(|file| {
            let depth = path.matches('/').count() + 1;
            let head: Vec<&str> = file.split('/').take(depth).collect();
            glob.is_match(head.join("/"))
        });
        return match matches.next() {
            None if is_made(context, path) => Standing::Unclear,
            None => Standing::Missing,
            Some(first) if kept_out(first) && matches.all(kept_out) => Standing::Ignored,
            Some(_) => Standing::There,
        };
    }
    let at = context.at(path);
    match context.tree().kind(&at) {
        Some(EntryKind::File) if kept_out(path) => Standing::Ignored,
        Some(EntryKind::Folder) if kept_out(path) => {
            // A folder that is kept out but for some of its files is copied with these.
            let all = context.dir(path).files_below().filter_map(|file| file.below(context.path())).all(kept_out);
            if all { Standing::Ignored } else { Standing::There }
        }
        Some(_) => Standing::There,
        None if is_made(context, path) => Standing::Unclear,
        None => Standing::Missing,
    }
}

/// Whether a path looks like something that is made before the image is built: a tool's folder, or what git ignores.
fn is_made(context: &Dir<'_>, path: &str) -> bool {
    if path.split('/').any(|part| MADE.contains(&part)) {
        return true;
    }
    let mut folder = Some(context.path().clone());
    while let Some(at) = folder {
        let dir = context.tree().dir(at.clone());
        if let Some(text) = dir.peek(".gitignore") {
            let mut builder = GitignoreBuilder::new("/");
            for line in text.as_str().lines() {
                let _ = builder.add_line(None, line);
            }
            let below = context.at(path);
            let tail = below.below(&at).unwrap_or(path);
            if builder.build().is_ok_and(|rules| {
                rules.matched_path_or_any_parents(format!("/{tail}"), false).is_ignore() || rules.matched(format!("/{tail}"), true).is_ignore()
            }) {
                return true;
            }
        }
        folder = at.parent();
    }
    // Below a folder that the scan did not enter, nothing is known.
    let mut parent = context.at(path).parent();
    while let Some(at) = parent {
        if context.tree().kind(&at) == Some(EntryKind::Closed) {
            return true;
        }
        parent = at.parent();
    }
    false
}
