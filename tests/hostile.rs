//! Hostile values: whatever a repository says of itself, no value adds or changes an instruction.
#![allow(clippy::disallowed_methods, reason = "tests look at the machine")]

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use dockgen::fs::Tree;
use dockgen::model::plan::Rendered;
use dockgen::model::{Answers, Severity};
use dockgen::workflow::init::prepare;
use parse_dockerfile::Instruction;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// The word that no instruction may carry where Docker or a shell would act on it.
const MARK: &str = "PWNED";

const PAYLOADS: &[&str] = &[
    "x\nRUN touch /PWNED",
    "x\r\nUSER root\nRUN touch /PWNED",
    "x\\\nRUN touch /PWNED",
    "\"]\nRUN touch /PWNED\nCMD [\"x",
    "$(touch /PWNED)",
    "`touch /PWNED`",
    "'; touch /PWNED; '",
    "\"; touch /PWNED; \"",
    "a && touch /PWNED",
    "${PWNED:-x}",
    "{{ 7 * 7 }}PWNED",
    "{% set a = 1 %}PWNED",
    "<<EOF\ntouch /PWNED\nEOF",
    "x\u{0}PWNED",
    "\u{1b}[31mPWNED",
    "x\n    privileged: true # PWNED",
    "../../../etc/PWNED",
    "--from=PWNED",
    "# syntax=PWNED",
];

/// A fixture's files as text.
fn files(root: &Path) -> BTreeMap<String, String> {
    fn walk(folder: &Path, root: &Path, into: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, root, into);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                into.insert(path.strip_prefix(root).expect("below").to_string_lossy().into_owned(), text);
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(root, root, &mut found);
    found
}

/// The manifests whose values are worth twisting.
fn is_manifest(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    matches!(name.rsplit('.').next(), Some("json" | "toml" | "yaml" | "yml" | "mod" | "txt" | "cfg" | "ini" | "xml" | "gradle" | "kts" | "properties"))
        || matches!(name, "Procfile" | ".nvmrc" | ".python-version" | ".tool-versions" | "Makefile" | "Pipfile" | "CMakeLists.txt")
}

/// The content of each quoted string of a text, as byte ranges.
fn strings(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices() {
        match (c, start) {
            ('"', None) => start = Some(at + 1),
            ('"', Some(from)) => {
                found.push(from..at);
                start = None;
            }
            ('\n', _) => start = None,
            _ => {}
        }
    }
    found
}

/// The content of each element without others in it, as byte ranges.
fn elements(text: &str) -> Vec<std::ops::Range<usize>> {
    let ends = text.match_indices('>').map(|(at, _)| at + 1);
    ends.filter_map(|from| Some(from..from + text[from..].find('<')?)).filter(|range| !text[range.clone()].trim().is_empty()).collect()
}

/// The fixture with one value replaced: a quoted string or an element in an escaped form, else a line as it is.
fn twist(files: &BTreeMap<String, String>, file: usize, place: usize, payload: &str) -> (String, BTreeMap<String, String>) {
    let manifests: Vec<&String> = files.keys().filter(|path| is_manifest(path)).collect();
    let mut twisted = files.clone();
    let Some(path) = manifests.get(file % manifests.len().max(1)).map(|path| (*path).clone()) else { return (String::new(), twisted) };
    let text = &files[&path];
    let (quoted, elements) = (strings(text), elements(text));
    let new = if path.rsplit('.').next() == Some("xml") {
        let range = elements[place % elements.len()].clone();
        let escaped = payload.replace('&', "&amp;").replace('<', "&lt;");
        format!("{}{escaped}{}", &text[..range.start], &text[range.end..])
    } else if quoted.is_empty() {
        let lines: Vec<&str> = text.lines().collect();
        let at = place % lines.len().max(1);
        lines.iter().enumerate().map(|(i, line)| if i == at { format!("{line}{payload}\n") } else { format!("{line}\n") }).collect()
    } else {
        let range = quoted[place % quoted.len()].clone();
        let escaped = serde_json::to_string(payload).expect("a string");
        format!("{}{}{}", &text[..range.start], &escaped[1..escaped.len() - 1], &text[range.end..])
    };
    twisted.insert(path.clone(), new);
    (path, twisted)
}

/// What a Dockerfile would do with the mark, if anything.
fn harm(file: &Rendered) -> Option<String> {
    let parsed = match parse_dockerfile::parse(&file.text) {
        Ok(parsed) => parsed,
        Err(error) => return Some(format!("does not parse: {error}")),
    };
    for instruction in &parsed.instructions {
        let span = match instruction {
            // Exec forms run no shell of their own; the linter proves that they are exec forms.
            Instruction::Cmd(_) | Instruction::Entrypoint(_) | Instruction::Healthcheck(_) | Instruction::Label(_) => continue,
            Instruction::Run(run) => match &run.arguments {
                parse_dockerfile::Command::Exec(_) => continue,
                parse_dockerfile::Command::Shell(text) => text.value.to_string(),
                _ => return Some("an unknown kind of RUN".to_owned()),
            },
            Instruction::Env(env) => {
                let value = env.arguments.value.to_string();
                if value.contains('\n') || value.contains("$(") && !value.contains("\\$") {
                    value
                } else {
                    continue;
                }
            }
            Instruction::From(from) => from.image.value.to_string(),
            Instruction::User(user) => user.arguments.value.to_string(),
            Instruction::Workdir(dir) => dir.arguments.value.to_string(),
            Instruction::Expose(expose) => expose.arguments.iter().map(|port| port.value.to_string()).collect(),
            Instruction::Arg(arg) => arg.arguments.value.to_string(),
            Instruction::Copy(copy) => copy.dest.value.to_string(),
            Instruction::Volume(volume) => match &volume.arguments {
                parse_dockerfile::JsonOrStringArray::Json(_) => continue,
                parse_dockerfile::JsonOrStringArray::String(text) => text.iter().map(|word| word.value.to_string()).collect(),
            },
            Instruction::Stopsignal(signal) => signal.arguments.value.to_string(),
            other => return Some(format!("an instruction that no template has: {other:?}")),
        };
        // A word in single quotes is text; a path is read by nobody as more than a path; a word of a shell's line that has nothing
        // for the shell and is no option is a name that a program looks up.
        let is_path = matches!(instruction, Instruction::Copy(_) | Instruction::Workdir(_));
        let is_text = match instruction {
            Instruction::Run(_) => is_quoted(&span) || is_plain(&span),
            _ if is_path => is_quoted(&span) || !span.contains(['\n', '$', '`', ' ']),
            _ => is_quoted(&span),
        };
        if span.contains(MARK) && !is_text {
            return Some(span);
        }
    }
    None
}

/// Whether the mark stands between single quotes.
fn is_quoted(text: &str) -> bool {
    text.find(MARK).is_some_and(|at| text[..at].matches('\'').count() % 2 == 1)
}

/// Whether every word with the mark is made of characters that mean nothing to a shell, and is no option.
fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:@+,=-".contains(c);
    text.split_whitespace().filter(|word| word.contains(MARK)).all(|word| word.chars().all(plain) && !word.starts_with('-'))
        // What a hostile line break or operator starts is a command of its own.
        && !text.contains("touch")
}

fn compose_harm(file: &Rendered) -> Option<String> {
    let known = [
        "build",
        "image",
        "depends_on",
        "volumes",
        "environment",
        "env_file",
        "ports",
        "command",
        "healthcheck",
        "cap_add",
        "cap_drop",
        "develop",
        "init",
        "security_opt",
        "tty",
        "stdin_open",
        "profiles",
        "tmpfs",
    ];
    let value: serde_json::Value = match serde_saphyr::from_str(&file.text) {
        Ok(value) => value,
        Err(error) => return Some(format!("does not parse: {error}")),
    };
    for (name, service) in value["services"].as_object().into_iter().flatten() {
        for key in service.as_object().into_iter().flatten().map(|(key, _)| key) {
            if !known.contains(&key.as_str()) {
                return Some(format!("{name}.{key}"));
            }
        }
    }
    None
}

/// The same cases on every run; `PROPTEST_CASES` and `PROPTEST_RNG_SEED` ask for more and for others.
fn config() -> ProptestConfig {
    let asked = ProptestConfig::default();
    let given = |name: &str| std::env::var_os(name).is_some();
    ProptestConfig {
        cases: if given("PROPTEST_CASES") { asked.cases } else { 600 },
        rng_seed: if given("PROPTEST_RNG_SEED") { asked.rng_seed } else { RngSeed::Fixed(600) },
        failure_persistence: None,
        ..asked
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_value_adds_or_changes_an_instruction(fixture in 0_usize..1000, file in 0_usize..50, place in 0_usize..400, payload in 0..PAYLOADS.len()) {
        static FIXTURES: LazyLock<Vec<(String, BTreeMap<String, String>)>> =
            LazyLock::new(|| support::fixtures().into_iter().map(|fixture| (fixture.name, files(&fixture.path))).collect());
        let (name, files) = &FIXTURES[fixture % FIXTURES.len()];
        let (path, twisted) = twist(files, file, place, PAYLOADS[payload]);
        let tree = Tree::memory(twisted.iter().map(|(path, text)| (path.as_str(), text.as_str())));
        let prepared = prepare(&tree, Answers::default());
        let wrong = prepared.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
        prop_assert!(!wrong || prepared.files.is_empty() || prepared.diagnostics.iter().any(|d| d.id.ends_with("-copy")), "an error, and files all the same");
        for rendered in &prepared.files {
            let found = match rendered.path.name() {
                "compose.yaml" => compose_harm(rendered),
                "Dockerfile" => harm(rendered),
                _ => None,
            };
            prop_assert!(found.is_none(), "{} {path} with {:?}: {}\n{}", name, PAYLOADS[payload], found.unwrap_or_default(), rendered.text);
            prop_assert!(!rendered.text.chars().any(|c| c.is_control() && c != '\n'), "{} {path}: a control character in {}", name, rendered.path);
        }
    }
}
