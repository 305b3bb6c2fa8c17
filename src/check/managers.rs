//! The package manager that RUN lines call against the lock file of the project.

use super::Subject;
use crate::model::{Diagnostic, Evidence};

/// What installs a project, of the ecosystems that have more than one tool for it.
struct Tool {
    /// The pack.
    pack: &'static str,
    /// The names that detection gives it.
    ids: &'static [&'static str],
    /// The program.
    program: &'static [&'static str],
    /// The words after it that install what the project names; empty: any.
    verbs: &'static [&'static str],
    /// Whether the program alone installs.
    alone: bool,
    /// What it installs from.
    locks: &'static [&'static str],
}

const TOOLS: &[Tool] = &[
    Tool {
        pack: "node",
        ids: &["npm"],
        program: &["npm"],
        verbs: &["ci", "install", "i", "clean-install"],
        alone: false,
        locks: &["package-lock.json", "npm-shrinkwrap.json"],
    },
    Tool { pack: "node", ids: &["yarn", "yarn-berry"], program: &["yarn", "yarnpkg"], verbs: &["install"], alone: true, locks: &["yarn.lock"] },
    Tool { pack: "node", ids: &["pnpm"], program: &["pnpm"], verbs: &["install", "i", "ci", "fetch"], alone: false, locks: &["pnpm-lock.yaml"] },
    Tool { pack: "node", ids: &["bun"], program: &["bun"], verbs: &["install", "i", "ci"], alone: false, locks: &["bun.lock", "bun.lockb"] },
    Tool { pack: "python", ids: &["uv"], program: &["uv"], verbs: &["sync"], alone: false, locks: &["uv.lock"] },
    Tool { pack: "python", ids: &["poetry"], program: &["poetry"], verbs: &["install", "sync"], alone: false, locks: &["poetry.lock"] },
    Tool { pack: "python", ids: &["pipenv"], program: &["pipenv"], verbs: &["install", "sync"], alone: false, locks: &["Pipfile.lock", "Pipfile"] },
    Tool { pack: "python", ids: &["pdm"], program: &["pdm"], verbs: &["install", "sync"], alone: false, locks: &["pdm.lock"] },
    Tool { pack: "java", ids: &["maven"], program: &["mvn", "mvnw"], verbs: &[], alone: true, locks: &["pom.xml"] },
    Tool {
        pack: "java",
        ids: &["gradle"],
        program: &["gradle", "gradlew"],
        verbs: &[],
        alone: true,
        locks: &["build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"],
    },
];

/// Flags of the installers that take no value; another word makes the line one about named packages.
fn installs(words: &[String], tool: &Tool) -> bool {
    let program = words[0].rsplit('/').next().unwrap_or_default();
    if !tool.program.contains(&program) || words.iter().any(|word| matches!(word.as_str(), "-g" | "--global" | "--version" | "-v" | "--help")) {
        return false;
    }
    let plain: Vec<&str> = words[1..].iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    match plain[..] {
        [] => tool.alone,
        _ if tool.verbs.is_empty() => true,
        [verb] => tool.verbs.contains(&verb),
        _ => false,
    }
}

/// RUN lines that install with another tool than the project's, or without the lock file that they need.
pub(super) fn drifts(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let Some(draft) = subject.draft else { return Vec::new() };
    let Some(manager) = &draft.package_manager else { return Vec::new() };
    let mut found = Vec::new();
    for step in subject.recipe.steps().filter(|step| matches!(step.says, crate::manifest::dockerfile::Says::Run)) {
        for words in step.commands() {
            let shown = shown(&words);
            let at = || subject.recipe.at(step.line_of(words.first().map_or("", String::as_str)), shown.clone());
            if let Some(tool) = TOOLS.iter().find(|tool| tool.pack == draft.pack && installs(&words, tool)) {
                if lies_somewhere(subject, tool.locks) {
                    continue;
                }
                let line = at();
                let number = line.line.map_or(0, std::num::NonZeroU32::get);
                let other = !tool.ids.contains(&manager.value.as_str());
                let own: Option<Evidence> = manager.source.evidence().cloned();
                match own {
                    Some(own) if other => found.push(
                        Diagnostic::error(
                            "manager-drift",
                            format!("{} says {}, `{}` line {number} runs `{shown}`", own.file, manager.value, subject.recipe.path),
                        )
                        .at(line)
                        .at(own)
                        .help(format!("install with {}", manager.value)),
                    ),
                    _ if words.get(1).is_some_and(|verb| verb == "ci") && tool.ids == ["npm"] => found.push(
                        Diagnostic::error("manager-drift", format!("`{}` line {number} runs `npm ci`, and there is no package-lock.json", subject.recipe.path))
                            .at(line)
                            .help("commit the lock file, or run `npm install`"),
                    ),
                    _ => {}
                }
            } else if draft.pack == "python"
                && let Some(drift) = requirements(subject, &words, manager.value.as_str(), manager.source.evidence(), at())
            {
                found.push(drift);
            }
        }
    }
    found
}

fn shown(words: &[String]) -> String {
    let text = words.join(" ");
    if text.chars().count() > 50 { text.chars().take(47).collect::<String>() + "..." } else { text }
}

/// Whether any folder of the repository holds one of these files: then another program of it may be meant.
fn lies_somewhere(subject: &Subject<'_>, names: &[&str]) -> bool {
    subject.tree.files_below(&crate::model::RelPath::root()).any(|path| names.contains(&path.name()))
}

/// `pip install -r FILE` where the project's dependencies are another tool's and no such file is there or made.
fn requirements(subject: &Subject<'_>, words: &[String], manager: &str, own: Option<&Evidence>, at: Evidence) -> Option<Diagnostic> {
    let own = own.filter(|_| manager != "pip")?;
    let text = words.join(" ");
    if !text.contains("pip install") && !text.contains("pip3 install") {
        return None;
    }
    let file = words.iter().position(|word| word == "-r" || word == "--requirement").and_then(|at| words.get(at + 1))?;
    let name = file.rsplit('/').next()?;
    let made = subject
        .recipe
        .steps()
        .any(|step| matches!(step.says, crate::manifest::dockerfile::Says::Run) && step.text.contains("export") && step.text.contains(name));
    if made || file.contains('$') || lies_somewhere(subject, &[name]) {
        return None;
    }
    Some(
        Diagnostic::error("manager-drift", format!("{} says {manager}, `{}` installs from {name}, which is not there", own.file, subject.recipe.path))
            .at(at)
            .at(own.clone())
            .help(format!("install with {manager}")),
    )
}
