//! `dockgen.toml`: the answers that a project keeps. Unknown keys are refused with their line.

mod customize;
pub mod edit;

pub use customize::KEYS as CUSTOMIZE_KEYS;

use std::collections::BTreeMap;

use crate::fs::Dir;
use crate::manifest::{Document, Node};
use crate::model::plan::{Custom, Stages};
use crate::model::question::Question;
use crate::model::{Answers, Diagnostic, Given, Source};

/// The file's name.
pub const FILE: &str = "dockgen.toml";

/// The list of what was written, and from what.
pub const LOCK: &str = "dockgen.lock";

/// The keys that are no questions.
pub const TABLES: &[&str] = &["app", "customize", "stages", "templates"];

/// What `dockgen.toml` says.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The names of the stages.
    pub stages: Stages,
    /// What is added to every image.
    pub customize: Custom,
    /// What is added to the image of one application, by its name or folder.
    pub by_app: BTreeMap<String, Custom>,
    /// The folder of the project's own templates.
    pub templates: Option<Given>,
}

impl Config {
    /// What is added to the image of an application: its own over what all get.
    pub fn customize(&self, app: &str, folder: &str) -> Custom {
        self.by_app.get(folder).or_else(|| self.by_app.get(app)).map_or_else(|| self.customize.clone(), |own| self.customize.clone().with(own))
    }
}

/// Reads the file of a folder, adding its answers below those that are there.
pub fn read(dir: &Dir<'_>, answers: &mut Answers) -> Result<Config, Diagnostic> {
    let mut config = Config::default();
    let Some(doc) = Document::read(dir, FILE)? else { return Ok(config) };
    parse(&doc, answers, &mut config)?;
    Ok(config)
}

fn parse(doc: &Document, answers: &mut Answers, config: &mut Config) -> Result<(), Diagnostic> {
    for (key, node) in doc.root().entries() {
        match key {
            "stages" => config.stages = stages(doc, node)?,
            "customize" => config.customize = customize::read(doc, &["customize"], node)?,
            "templates" => config.templates = Some(templates(doc, node)?),
            "app" if matches!(node.value, crate::manifest::Value::Table(_)) => {
                for (app, table) in node.entries() {
                    for (key, node) in table.entries() {
                        let keys = ["app", app, key];
                        if key == "customize" {
                            config.by_app.insert(app.to_owned(), customize::read(doc, &keys, node)?);
                            continue;
                        }
                        let (question, given) = answer(doc, &keys, key, node)?;
                        answers.give_for(app, question, given);
                    }
                }
            }
            _ => {
                let (question, given) = answer(doc, &[key], key, node)?;
                answers.give(question, given);
            }
        }
    }
    Ok(())
}

/// `templates = "docker/templates"`, or a table with `dir`.
fn templates(doc: &Document, node: &Node) -> Result<Given, Diagnostic> {
    if let Some((key, other)) = node.entries().find(|(key, _)| *key != "dir") {
        return Err(unknown(doc, &["templates", key], other, &["dir"]));
    }
    let (place, keys): (&Node, &[&str]) = node.get(&["dir"]).map_or((node, &["templates"]), |dir| (dir, &["templates", "dir"]));
    let at = doc.evidence(keys, place);
    let value = place.str().ok_or_else(|| Diagnostic::error("config-value", "`templates.dir` needs the name of a folder").at(at.clone()))?;
    Ok(Given { value: value.to_owned(), source: Source::Config(at) })
}

fn answer(doc: &Document, keys: &[&str], key: &str, node: &Node) -> Result<(Question, Given), Diagnostic> {
    let at = doc.evidence(keys, node);
    let Some(question) = Question::from_key(key) else {
        let known: Vec<&str> = Question::all().map(Question::key).chain(TABLES.iter().copied()).collect();
        return Err(unknown(doc, keys, node, &known));
    };
    let list = || Some(node.items().map(Node::scalar).collect::<Option<Vec<_>>>()?.join(","));
    let value = node.scalar().or_else(|| list().filter(|text| !text.is_empty()));
    let value = value.ok_or_else(|| Diagnostic::error("config-value", format!("`{}` needs a value", keys.join("."))).at(at.clone()))?;
    Ok((question, Given { value, source: Source::Config(at) }))
}

fn stages(doc: &Document, table: &Node) -> Result<Stages, Diagnostic> {
    let mut stages = Stages::default();
    for (key, node) in table.entries() {
        let keys = ["stages", key];
        let name = node.str().filter(|name| is_stage_name(name)).ok_or_else(|| {
            Diagnostic::error("stage-name", "a stage's name is lower case letters, digits, `-`, `_` and `.`, and begins with a letter")
                .at(doc.evidence(&keys, node))
        })?;
        let name = name.to_owned();
        match key {
            "base" => stages.base = name,
            "deps" => stages.deps = name,
            "dev" => stages.dev = name,
            "build" => stages.build = name,
            "prod" => stages.prod = name,
            "staging" => stages.staging = Some(name),
            _ => return Err(unknown(doc, &keys, node, &["base", "deps", "dev", "build", "prod", "staging"])),
        }
    }
    let mut names = vec![&stages.base, &stages.deps, &stages.dev, &stages.build, &stages.prod];
    names.extend(&stages.staging);
    // What staging and production share becomes a stage of its own.
    let shared = "release".to_owned();
    names.extend(stages.staging.as_ref().map(|_| &shared));
    let count = names.len();
    names.sort();
    names.dedup();
    if names.len() < count {
        return Err(Diagnostic::error("stage-name", "two stages have the same name").at(doc.evidence(&["stages"], table)));
    }
    Ok(stages)
}

/// Docker's own rule for stage names; `scratch` and `context` are reserved.
pub fn is_stage_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.'))
        && !matches!(name, "scratch" | "context")
}

fn unknown(doc: &Document, keys: &[&str], node: &Node, known: &[&str]) -> Diagnostic {
    let key = keys.last().copied().unwrap_or_default();
    let mut at = doc.evidence(keys, node);
    at.raw.clear();
    let nearest = known.iter().map(|name| (distance(key, name), *name)).min().filter(|(distance, _)| *distance <= 3);
    let help = match nearest {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => format!("known keys: {}", known.join(", ")),
    };
    Diagnostic::error("unknown-key", format!("`{}` is not a key of {FILE}", crate::model::evidence::tame(&keys.join(".")))).at(at).help(help)
}

/// How many letters to insert, delete or change to get from one word to the other.
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = corner + usize::from(from != *to);
            corner = row[j + 1];
            row[j + 1] = change.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::{distance, read};
    use crate::fs::Tree;
    use crate::model::question::Question;
    use crate::model::{Answers, RelPath};

    #[test]
    fn answers_and_stage_names_are_read() {
        let tree = Tree::memory([("dockgen.toml", "port = 9000\n[stages]\ndev = 'local'\nstaging = 'dev'\n[app.api]\nport = 9001\n")]);
        let mut answers = Answers::default();
        let config = read(&tree.root(), &mut answers).expect("fine");
        assert_eq!((config.stages.dev.as_str(), config.stages.staging.as_deref()), ("local", Some("dev")));
        let port = |path: &str, name: &str| answers.hints(&RelPath::known(path), name).get(Question::Port).map(|given| given.value.clone());
        assert_eq!(port("x", "x").as_deref(), Some("9000"));
        assert_eq!(port("services/api", "api").as_deref(), Some("9001"));
    }

    #[test]
    fn unknown_keys_name_their_line_and_the_nearest_key() {
        for (text, line, nearest) in [("\nprot = 1\n", 2, "port"), ("[stages]\nstagin = 'x'\n", 2, "staging")] {
            let tree = Tree::memory([("dockgen.toml", text)]);
            let error = read(&tree.root(), &mut Answers::default()).expect_err("unknown key");
            assert_eq!(error.at[0].line.map(std::num::NonZeroU32::get), Some(line));
            assert_eq!(error.help.as_deref(), Some(format!("did you mean `{nearest}`?").as_str()));
        }
    }

    #[test]
    fn stage_names_are_docker_s() {
        for bad in ["[stages]\ndev = 'Dev'\n", "[stages]\ndev = 'prod'\n", "[stages]\ndev = 'a\\nRUN x'\n", "[stages]\ndev = 'scratch'\n"] {
            let tree = Tree::memory([("dockgen.toml", bad)]);
            assert!(read(&tree.root(), &mut Answers::default()).is_err(), "{bad}");
        }
    }

    #[test]
    fn counts_letters() {
        assert_eq!(distance("prot", "port"), 2);
        assert_eq!(distance("port", "port"), 0);
    }
}
