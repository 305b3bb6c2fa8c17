//! Whether a path of an image can come from the repository, by what is copied where.

use super::Subject;
use crate::fs::Dir;
use crate::manifest::dockerfile::{Says, Stage, Step};

/// Folders that builds fill.
const MADE: &[&str] = &["dist", "build", "out", "lib", "target", "bin", "publish", ".next", ".output", "node_modules", "output", "standalone", "esm", "cjs"];

/// The steps that lead to the end of a stage, those of the stages below it first.
pub(super) fn steps_of<'a>(subject: &Subject<'a>, stage: &'a Stage) -> Vec<&'a Step> {
    subject.recipe.chain(stage).into_iter().rev().flat_map(|stage| &stage.steps).collect()
}

/// Whether nothing can have put a file there after these steps; a relative path is one of the folder that they end in.
pub(super) fn is_missing(subject: &Subject<'_>, steps: &[&Step], file: &str) -> bool {
    let tail = file.trim_start_matches("./");
    if tail.split('/').any(|part| MADE.contains(&part)) || tail.starts_with("../") {
        return false;
    }
    let folders = folders(steps);
    let Some(end) = folders.last() else { return false };
    let full = absolute(end, tail);
    let name = tail.rsplit('/').next().unwrap_or(tail);
    // Images bring scripts of their own: one is judged only where the repository's files lie.
    let mut copied = false;
    for (step, here) in steps.iter().zip(&folders) {
        match &step.says {
            // A heredoc has no source.
            Says::Copy { from: None, sources, dest } if !dest.contains('$') && !sources.is_empty() => {
                copied |= !is_shell_script(name) || full.strip_prefix(folder_of(&absolute(here, dest))).is_some_and(|rest| rest.starts_with('/'));
                let brings =
                    |source: &String| source.contains(['$', '*', '?', '[']) || source.contains("://") || brings(subject, source, &absolute(here, dest), &full);
                if sources.iter().any(brings) {
                    return false;
                }
            }
            // What another stage puts there, or a command makes, is not known here.
            Says::Copy { from: Some(_), dest, .. } if dest.starts_with('/') && !dest.contains('$') && !is_below(&full, dest) => {}
            Says::Copy { .. } => return false,
            Says::Run if step.text.contains(name) || makes_files(step) => return false,
            _ => {}
        }
    }
    copied
}

/// Whether a file's name says that the shell runs it.
pub(super) fn is_shell_script(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ending == "sh")
}

/// The folder in which each step works, and the one that the next would; none where a variable names one.
fn folders(steps: &[&Step]) -> Vec<String> {
    let mut here = "/".to_owned();
    let mut all = vec![here.clone()];
    for step in steps {
        if let Says::Workdir(dir) = &step.says {
            if dir.contains('$') {
                return Vec::new();
            }
            here = absolute(&here, dir);
        }
        all.push(here.clone());
    }
    all
}

/// A destination without what only says that it is a folder; empty for the root, whose files may be the image's.
fn folder_of(dest: &str) -> &str {
    dest.trim_end_matches('.').trim_end_matches('/')
}

fn is_below(path: &str, folder: &str) -> bool {
    let folder = folder.trim_end_matches('/');
    path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn absolute(here: &str, dest: &str) -> String {
    if dest.starts_with('/') { dest.to_owned() } else { format!("{}/{}", here.trim_end_matches('/'), dest.trim_start_matches("./")) }
}

/// Commands that turn sources into other files, or fetch some.
fn makes_files(step: &Step) -> bool {
    step.commands().iter().any(|words| {
        let line = words.join(" ");
        [
            "build",
            "compile",
            "tsc",
            "webpack",
            "esbuild",
            "bundle",
            "git clone",
            "curl",
            "wget",
            "unzip",
            "tar ",
            "mv ",
            "cp ",
            "ln ",
            "generate",
            "echo",
            "cat ",
            "printf",
            "tee",
        ]
        .iter()
        .any(|word| line.contains(word))
    })
}

/// Whether copying `source` to `dest` puts a file of the repository at `full`.
fn brings(subject: &Subject<'_>, source: &str, dest: &str, full: &str) -> bool {
    let path = source.trim_start_matches("./").trim_start_matches('/').trim_end_matches('/');
    let path = if path == "." { "" } else { path };
    let folder = folder_of(dest);
    subject.contexts().iter().any(|context| {
        let is_folder = path.is_empty() || context.has_dir(path);
        if is_folder {
            let Some(rest) = full.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) else { return false };
            let inside = if path.is_empty() { rest.to_owned() } else { format!("{path}/{rest}") };
            return lies(context, &inside);
        }
        let name = path.rsplit('/').next().unwrap_or(path);
        let target = if dest.ends_with('/') || dest.ends_with("/.") || dest == "." { format!("{folder}/{name}") } else { dest.to_owned() };
        // Without a slash at its end a destination may be a folder that is there already.
        context.has(path) && (target == full || format!("{folder}/{name}") == full)
    })
}

/// Whether a file is there, or the source that it is compiled from.
fn lies(context: &Dir<'_>, path: &str) -> bool {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    context.has(path)
        || [".ts", ".mts", ".tsx", ".cts"].iter().any(|ending| context.has(&format!("{stem}{ending}")))
        || context.tree().on_disk(&context.at(path)).is_ok_and(|text| text.is_some())
}
