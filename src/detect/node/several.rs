//! A script that starts several programs at once.

use super::compiled;
use super::project::Project;
use super::script::{self, BIN, Script};
use super::start::{self, Start};
use super::typescript::Output;
use crate::fs::Dir;
use crate::manifest::{Package, pattern};
use crate::model::question::Question;
use crate::model::{Candidates, Cmd, Diagnostic, Source};

/// Flags of the runners that take their value as the next word.
const WITH_VALUE: &[&str] = &["-n", "--names", "-c", "--prefix-colors", "-p", "--prefix", "-l", "--prefix-length", "--restart-tries", "--restart-after", "-t"];

/// How deep runners may start each other.
const DEEPEST: usize = 3;

/// The programs that a script starts beside each other, or one after the other; `None` where it starts one.
pub fn programs(package: &Package, script: &Script) -> Option<Vec<Script>> {
    // A star makes it a matter of the shell.
    let words = match &script.command {
        Cmd::Exec(words) => words.clone(),
        Cmd::Shell(text) => shlex::split(text)?,
    };
    let program = words.first()?;
    let lines = match program.strip_prefix(BIN).unwrap_or(program) {
        "concurrently" => plain(&words[1..], WITH_VALUE)
            .flat_map(|word| word.strip_prefix("npm:").map_or_else(|| vec![word.to_owned()], |name| called(package, name)))
            .collect(),
        "run-p" | "run-s" | "npm-run-all" | "npm-run-all2" => plain(&words[1..], &[]).flat_map(|name| called(package, name)).collect::<Vec<_>>(),
        _ => return None,
    };
    Some(lines.iter().filter_map(|line| script::parse(package, line, script.at.clone(), 4)).collect())
}

fn plain<'w>(words: &'w [String], with_value: &'w [&str]) -> impl Iterator<Item = &'w str> {
    let mut words = words.iter();
    std::iter::from_fn(move || {
        loop {
            let word = words.next()?;
            if with_value.contains(&word.as_str()) {
                words.next();
            } else if !word.starts_with('-') {
                return Some(word.as_str());
            }
        }
    })
}

/// Of what a script starts at once, one program can be the container's; none where a script before it has said which.
pub fn one_of(project: &Project<'_>, script: &Script, parts: Vec<Script>, output: Option<&Output>, candidates: &mut Candidates<Cmd>, found: &mut Start) {
    let stays =
        |part: &Script| !compiled::builds(&part.command.to_string()) && start::for_production(project, part, output, Source::File(part.at.clone())).is_some();
    let Some(package) = project.package.as_ref().filter(|_| candidates.is_empty()) else { return };
    let parts = parts.into_iter().flat_map(|part| expanded(package, part, DEEPEST));
    let (mut stay, rest): (Vec<Script>, Vec<Script>) = parts.partition(stays);
    let asked = project.hints.get(Question::StartCmd).is_some();
    if stay.len() > 1 && !asked {
        let all: Vec<String> = stay.iter().map(|part| part.command.to_string()).collect();
        let message = format!("the script starts several programs, a container runs one: {}", all.join(", "));
        found.notes.push(Diagnostic::error("several-programs", message).at(script.at.clone()).help("say which with --start-cmd"));
    }
    let Some(one) = stay.drain(..).next() else { return };
    if let Some(other) = rest.iter().find(|part| !compiled::builds(&part.command.to_string())).filter(|_| !asked) {
        let message = format!("the container starts `{}` alone, without `{}`, which is for development", one.command, other.command);
        found.notes.push(Diagnostic::warning("left-out", message).at(script.at.clone()).help("say it with --start-cmd where it is otherwise"));
    }
    start::take_one(project, &one, output, candidates, found);
}

/// A program, or those that it starts in turn; none where runners only call each other.
fn expanded(package: &Package, script: Script, depth: usize) -> Vec<Script> {
    match (programs(package, &script), depth.checked_sub(1)) {
        (None, _) => vec![script],
        (Some(parts), Some(depth)) => parts.into_iter().flat_map(|part| expanded(package, part, depth)).collect(),
        (Some(_), None) => Vec::new(),
    }
}

/// Whether what starts a package is programs of packages below it, and none of its own.
pub fn only_below(dir: &Dir<'_>, package: &Package) -> bool {
    const FOLDER: &str = r"(?:--prefix|--cwd|--dir|-C|^cd)[ =]+(?:\./)?([\w./-]+)";
    let Some((script, folder)) = start::SCRIPTS.iter().find_map(|name| script::named(package, name)).zip(pattern::kept(FOLDER)) else { return false };
    let parts = expanded(package, script, DEEPEST);
    let below = |part: &Script| {
        let inside = part.before.iter().rev().find(|step| step.starts_with("cd ")).cloned();
        let texts = inside.into_iter().chain([part.command.to_string()]);
        let mut folders = texts.filter_map(|text| folder.captures_iter(&text).next()?.get(1).map(|folder| folder.as_str().to_owned()));
        folders.any(|folder| dir.dir(folder.trim_end_matches('/')).has("package.json"))
    };
    let (below, own): (Vec<Script>, Vec<Script>) = parts.into_iter().partition(below);
    !below.is_empty() && own.iter().all(|part| part.file().is_none_or(|file| !dir.has(file.trim_start_matches("./"))))
}

/// The calls of the scripts that a name means; a star stands for any ending.
fn called(package: &Package, name: &str) -> Vec<String> {
    let Some((start, _)) = name.split_once('*') else { return vec![format!("npm run {name}")] };
    let scripts = package.doc.get(&["scripts"]).into_iter().flat_map(crate::manifest::Node::entries);
    scripts.filter(|(name, _)| name.starts_with(start)).map(|(name, _)| format!("npm run {name}")).collect()
}

#[cfg(test)]
mod tests {
    use super::programs;
    use crate::detect::node::script::named;
    use crate::detect::select::detect;
    use crate::fs::Tree;
    use crate::manifest::Package;
    use crate::model::{Answers, ServiceDraft};

    /// The services, with how they are started.
    fn services(start: &str) -> Vec<String> {
        let root = format!(
            r#"{{"name": "app", "scripts": {{"start": "{start}", "api": "npm start --prefix api", "loop": "run-s loop api"}}, "dependencies": {{"concurrently": "9"}}}}"#
        );
        let own = r#"{"scripts": {"start": "node index.js"}, "dependencies": {"express": "5"}}"#;
        let files = [("package.json", root.as_str()), ("api/package.json", own), ("api/index.js", "require('express')().listen(80)"), ("own.js", "")];
        let found = detect(&Tree::memory(files), &Answers::default());
        let said = |service: &ServiceDraft| format!("{}: {}", service.root, service.start.as_ref().map(|start| start.value.to_string()).unwrap_or_default());
        found.services.iter().map(said).collect()
    }

    #[test]
    fn what_a_root_calls_below_is_the_service() {
        for start in [
            "npm start --prefix api",
            "cd api && npm start",
            "npm run api",
            "yarn --cwd api start",
            "run-p api loop",
            "concurrently \\\"npm start --prefix api\\\"",
        ] {
            assert_eq!(services(start), ["api: node index.js"], "{start}");
        }
        assert_eq!(services("node own.js").len(), 2);
        assert_eq!(services("concurrently \\\"node own.js\\\" \\\"npm start --prefix api\\\"").len(), 2);
    }

    #[test]
    fn the_parts_are_what_the_runner_is_given() {
        let parts = |start: &str| {
            let scripts = r#""start:api": "node api.js", "start:web": "vite", "tidy": "rimraf dist""#;
            let text = format!(r#"{{"scripts": {{"start": "{start}", {scripts}}}}}"#);
            let tree = Tree::memory([("package.json", text.as_str())]);
            let package = Package::read(&tree.root()).expect("parses").expect("there");
            let script = named(&package, "start").expect("a script");
            programs(&package, &script).map(|parts| parts.iter().map(|part| part.command.to_string()).collect::<Vec<_>>())
        };
        let both = vec!["node api.js".to_owned(), "node_modules/.bin/vite".to_owned()];
        assert_eq!(parts("run-p start:*"), Some(both.clone()));
        assert_eq!(parts("concurrently -n a,b npm:start:api npm:start:web"), Some(both.clone()));
        assert_eq!(parts(r#"concurrently --kill-others \"npm run start:api\" \"vite\""#), Some(both));
        assert_eq!(parts("npm-run-all tidy start:api").map(|parts| parts.len()), Some(2));
        assert_eq!(parts("node api.js"), None);
    }
}
