//! A task of `deno.json` taken apart: the command that it ends with.

use super::config::Config;
use crate::fs::Dir;
use crate::model::{Cmd, Evidence};

/// How deep tasks may call each other.
const DEEPEST: usize = 4;

/// Flags of `deno run` and `deno serve` that take their value as the next word.
const WITH_VALUE: &[&str] =
    &["-c", "--config", "--import-map", "--lock", "--port", "--host", "-L", "--log-level", "--location", "--seed", "--cert", "--preload"];

/// Flags for development.
const FOR_DEVELOPMENT: &[&str] =
    &["--watch", "--watch-hmr", "--watch-exclude", "--inspect", "--inspect-brk", "--inspect-wait", "--no-clear-screen", "--reload", "-r"];

/// A task taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// The program that it ends with.
    pub command: Cmd,
    /// Variables that it sets.
    pub env: Vec<(String, String)>,
    /// Where it stands.
    pub at: Evidence,
}

impl Task {
    /// Whether it is Deno that runs a module.
    pub fn runs_module(&self) -> bool {
        self.module().is_some()
    }

    /// The module that Deno runs.
    pub fn module(&self) -> Option<&str> {
        match &self.command {
            Cmd::Exec(words) => module(words),
            Cmd::Shell(_) => None,
        }
    }

    /// Whether it can start something in an image: its module or its script is in the repository, or `built` in the image.
    pub fn is_there(&self, dir: &Dir<'_>, built: bool) -> bool {
        let has = |file: &str| dir.has(file.trim_start_matches("./"));
        let words = self.command.words();
        let script = words.get(1).filter(|file| matches!(words[0].as_str(), "bash" | "sh") && !file.starts_with('-'));
        let outside = |module: &str| module.contains([':', '*']) || module.starts_with("..");
        let module = |module: &str| built || outside(module) || has(module);
        !self.is_of_host() && script.is_none_or(|file| has(file)) && self.module().is_none_or(module)
    }

    /// Whether it is the host's: what builds or starts images is in none.
    pub fn is_of_host(&self) -> bool {
        let text = self.command.to_string();
        ["docker", "docker-compose", "podman", "deployctl"].contains(&text.split_whitespace().next().unwrap_or_default())
    }

    /// Whether it starts again on a change.
    pub fn watches(&self) -> bool {
        let text = self.command.to_string();
        text.contains("--watch") || text.contains("vite") && !text.contains("preview")
    }

    /// The same without what is for development alone.
    pub fn for_production(&self) -> Cmd {
        match &self.command {
            Cmd::Exec(words) => Cmd::Exec(words.iter().filter(|word| !is_for_development(word)).cloned().collect()),
            shell @ Cmd::Shell(_) => shell.clone(),
        }
    }
}

fn is_for_development(word: &str) -> bool {
    FOR_DEVELOPMENT.iter().any(|flag| word == *flag || word.strip_prefix(flag).is_some_and(|rest| rest.starts_with('=')))
}

/// The module in the words of a command.
pub fn module(words: &[String]) -> Option<&str> {
    if words.first()? != "deno" {
        return None;
    }
    let mut rest = words[1..].iter();
    // Flags of the program itself may come first: `deno --unstable run -A main.ts`.
    if let Some(place) = words[1..].iter().position(|word| !word.starts_with('-'))
        && matches!(words[1 + place].as_str(), "run" | "serve")
    {
        rest.nth(place);
    }
    while let Some(word) = rest.next() {
        if WITH_VALUE.contains(&word.as_str()) {
            rest.next();
        } else if !word.starts_with('-') {
            return (word.contains(['.', '/']) || word.contains(':')).then_some(word);
        }
    }
    None
}

/// The value of a flag.
pub fn flag<'w>(words: &'w [String], name: &str) -> Option<&'w str> {
    words.iter().zip(words.iter().skip(1).map(Some).chain([None])).find_map(|(word, next)| {
        let tail = word.strip_prefix(name)?;
        tail.strip_prefix('=').or_else(|| tail.is_empty().then(|| next.map(String::as_str)).flatten())
    })
}

/// A task by its name.
pub fn named(config: &Config, name: &str) -> Option<Task> {
    let (text, at) = config.task(name)?;
    parse(config, &text, at, DEEPEST)
}

/// Any command line of the project.
pub fn parse(config: &Config, text: &str, at: Evidence, depth: usize) -> Option<Task> {
    let last = text.split("&&").map(str::trim).filter(|part| !part.is_empty()).last()?;
    let mut env = Vec::new();
    let mut rest = last;
    while let Some((word, tail)) = rest.split_once(char::is_whitespace) {
        let Some((name, value)) = word.split_once('=').filter(|(name, value)| is_name(name) && !value.contains(['$', '`', '"', '\''])) else { break };
        env.push((name.to_owned(), value.to_owned()));
        rest = tail.trim_start();
    }
    let words: Vec<&str> = rest.split_whitespace().collect();
    if let ["deno", "task", called] = words[..]
        && depth > 0
    {
        let (text, _) = config.task(called)?;
        let mut inner = parse(config, &text, at, depth - 1)?;
        inner.env.splice(0..0, env);
        return Some(inner);
    }
    Some(Task { command: Cmd::parse(rest).ok()?, env, at })
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{flag, named};
    use crate::detect::deno::config::Config;
    use crate::fs::Tree;
    use crate::model::Cmd;

    fn task(tasks: &str) -> super::Task {
        let text = format!("{{\"tasks\": {{{tasks}}}}}");
        let tree = Tree::memory([("deno.json", text.as_str())]);
        let config = Config::read(&tree.root()).expect("parses").expect("there");
        named(&config, "start").expect("a task")
    }

    #[test]
    fn tasks_are_unwrapped_to_what_deno_runs() {
        let found = task(r#""start": "PORT=80 deno task run", "run": {"command": "deno task css && deno run --allow-net --watch=static/ main.ts"}"#);
        assert_eq!(found.for_production(), Cmd::exec(["deno", "run", "--allow-net", "main.ts"]));
        assert_eq!(found.env, [("PORT".to_owned(), "80".to_owned())]);
        assert_eq!(found.module(), Some("main.ts"));
        assert!(found.watches());
    }

    #[test]
    fn flags_have_values() {
        let Cmd::Exec(words) = task(r#""start": "deno serve --port 8080 -A --host=0.0.0.0 src/main.ts""#).command else { panic!("a shell") };
        assert_eq!((flag(&words, "--port"), flag(&words, "--host")), (Some("8080"), Some("0.0.0.0")));
        assert_eq!(super::module(&words), Some("src/main.ts"));
    }
}
