//! Files of the repository that a RUN line reads, and that are not there.

use super::Subject;
use super::placed::{is_missing, steps_of};
use super::start::file_of;
use crate::manifest::dockerfile::{Says, Step};
use crate::model::Diagnostic;

/// RUN lines that read what nothing has put there.
pub(super) fn drifts(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for stage in &subject.recipe.stages {
        let all = steps_of(subject, stage);
        let below = all.len() - stage.steps.len();
        for (at, step) in stage.steps.iter().enumerate().filter(|(_, step)| matches!(step.says, Says::Run)) {
            found.extend(unread(subject, &all[..below + at], step));
        }
    }
    found
}

fn unread(subject: &Subject<'_>, before: &[&Step], step: &Step) -> Option<Diagnostic> {
    // A bind mount brings files too, and what a heredoc does is not read here.
    if step.text.contains("type=bind") || step.text.contains("<<") {
        return None;
    }
    let commands = step.commands();
    // `cd` moves what a path is relative to.
    let moves = |words: &[String]| matches!(words[0].as_str(), "cd" | "pushd");
    let (file, line) = commands.iter().enumerate().find_map(|(at, words)| {
        let file = read_by(words).filter(|file| !file.contains(['$', '*', '{']) && !file.contains("://"))?;
        let name = file.rsplit('/').next().unwrap_or(file.as_str());
        let clear = commands[..at].iter().all(|earlier| !moves(earlier) && !makes(earlier, name));
        (clear && is_missing(subject, before, &file)).then(|| (file.clone(), words.join(" ")))
    })?;
    Some(
        Diagnostic::error("copy-drift", format!("`{line}` reads `{file}`, and there is no such file"))
            .at(subject.recipe.at(step.line_of(&file), line))
            .help("mend the path, or copy the file before this line"),
    )
}

/// The file that a command reads: a list of requirements, or a script.
fn read_by(words: &[String]) -> Option<String> {
    let is_pip = words.iter().take(4).any(|word| matches!(word.rsplit('/').next(), Some("pip" | "pip3"))) && words.iter().any(|word| word == "install");
    if !is_pip {
        return file_of(words);
    }
    let at = words.iter().position(|word| matches!(word.as_str(), "-r" | "--requirement" | "-c" | "--constraint"))?;
    words.get(at + 1).cloned()
}

/// Whether an earlier command of the line may have made a file of this name.
fn makes(words: &[String], name: &str) -> bool {
    words.iter().any(|word| word.contains(name)) || matches!(words[0].as_str(), "git" | "tar" | "unzip" | "mv" | "cp" | "make")
}
