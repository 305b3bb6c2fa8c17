//! Process managers, which keep a program alive: the container's engine does that.

use super::ending;
use super::project::Project;
use super::script::{self, Script};
use crate::model::{Cmd, Source};

/// Whether a program is one.
pub fn is_one(program: &str) -> bool {
    matches!(program, "pm2" | "pm2-runtime" | "forever")
}

/// The program itself as the command of production.
pub fn kept(project: &Project<'_>, script: &Script, words: &[String]) -> Option<(Cmd, Source)> {
    let file = kept_alive(project, words)?;
    Some((project.runtime.runs(&file), Source::inferred("what it keeps alive: the container's engine does that", [script.at.clone()])))
}

/// The program that a process manager runs: named in its arguments, or in the file that these name.
fn kept_alive(project: &Project<'_>, words: &[String]) -> Option<String> {
    // A number before it is the value of a flag.
    let there = words.iter().map(String::as_str).find(|word| !word.starts_with('-') && project.dir.has(word.trim_start_matches("./")));
    let named = there.or_else(|| script::file_of(words).filter(|word| *word != "start")).or_else(|| script::file_of(words.get(1..)?))?;
    if !named.contains("config") && ending(named) != "json" {
        return Some(named.to_owned());
    }
    let text = project.dir.peek(named.trim_start_matches("./"))?;
    let (_, tail) = text.as_str().split_once("script")?;
    let value = tail.trim_start_matches(['"', '\'', ' ', ':']);
    let file: String = value.chars().take_while(|c| !matches!(c, '"' | '\'' | '`' | '\n' | ',')).collect();
    project.dir.has(file.trim_start_matches("./")).then_some(file)
}

#[cfg(test)]
mod tests {
    use crate::detect::select::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    #[test]
    fn an_interpreter_in_the_home_folder_is_what_runs_it() {
        let start = |flags: &str| {
            let package = format!(r#"{{"scripts": {{"start": "pm2 start {flags} src/index.js --name a"}}}}"#);
            let found = detect(&Tree::memory([("package.json", package.as_str()), ("src/index.js", "f()\n")]), &Answers::default());
            found.services[0].start.as_ref().map(|start| start.value.to_string()).unwrap_or_default()
        };
        assert_eq!(start("--interpreter ~/.bun/bin/bun"), "bun run src/index.js");
        assert_eq!(start("--watch"), "node src/index.js");
    }
}
