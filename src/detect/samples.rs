//! Settings that a repository shows as an example: `.env.example`, `config.toml.sample`.

use std::rc::Rc;

use super::source;
use crate::fs::{Dir, Text};
use crate::manifest::pattern;
use crate::model::{Diagnostic, Evidence, Kind, ServiceDraft, Source};

/// Words that make an example of a file.
const WORDS: &[&str] = &["example", "sample", "dist", "template"];

/// Whether a word of a file's name makes it an example of another one.
pub fn is_word(word: &str) -> bool {
    WORDS.contains(&word) || word == "default"
}

/// Their texts.
pub fn samples(dir: &Dir<'_>) -> Vec<Rc<Text>> {
    let is_sample = |file: &&str| {
        let words: Vec<&str> = file.split(['.', '-', '_']).collect();
        let any = |known: &[&str]| words.iter().any(|word| known.contains(word));
        any(WORDS) && any(&["env", "config", "conf", "settings", "toml", "yaml", "yml", "ini"])
    };
    dir.files().filter(is_sample).filter_map(|file| dir.peek(file)).collect()
}

/// The port that an example of the environment gives to a variable.
pub fn port_of(samples: &[Rc<Text>], variable: &str) -> Option<(u16, Source)> {
    let hit = source::find(samples, &pattern::pattern(&format!(r#"(?m)^\s*(?:export\s+)?{variable}\s*=\s*["']?(?:[\w.]*:)?(\d{{2,5}})\b"#)).ok()?, "#")?;
    Some((hit.value.parse().ok().filter(|port| *port > 0)?, Source::File(hit.at)))
}

/// A file of settings that the program names, of which the repository holds no more than an example: its name, the example's, and the place that names it.
pub fn absent(dir: &Dir<'_>, texts: &[Rc<Text>]) -> Option<(String, String, Evidence)> {
    dir.files().filter(|file| !file.starts_with('.')).find_map(|file| {
        let real = real(file).filter(|real| !dir.has(real))?;
        let pattern = pattern::pattern(&format!(r#""((?:\./)?{})""#, regex_lite::escape(&real))).ok()?;
        let hit = source::find(texts, &pattern, "//")?;
        Some((real, file.to_owned(), hit.at))
    })
}

/// The name of the file that one of settings is an example of: `config.sample.toml`, `config.toml.example` and `sample-config.toml` of `config.toml`.
fn real(file: &str) -> Option<String> {
    let parts: Vec<&str> = file.split_inclusive(['.', '-', '_']).collect();
    let at = parts.iter().position(|part| is_word(part.trim_end_matches(['.', '-', '_'])))?;
    // What stood before the word's end goes with it, unless it ends the name.
    let before = parts[..at].concat();
    let rest = parts[at + 1..].concat();
    let before = before.trim_end_matches(['.', '-', '_']);
    let own = parts[at].chars().next_back().filter(|c| matches!(c, '.' | '-' | '_'));
    let real = match (before, rest.as_str(), own) {
        ("", rest, _) => rest.to_owned(),
        (before, "", _) => before.to_owned(),
        (before, rest, own) => format!("{before}{}{rest}", own.unwrap_or('.')),
    };
    let is_setting = |name: &str| matches!(name.rsplit_once('.'), Some((_, "toml" | "yaml" | "yml" | "json" | "ini" | "conf" | "cfg" | "properties")));
    Some(real).filter(|real| is_setting(real))
}

/// Warns of a file of settings that what runs for long reads and nobody but its user can make, and has it looked for in one known folder.
pub fn wants_file(draft: &mut ServiceDraft, file: &str, shown: Option<&str>, at: Evidence) {
    if draft.kind == Kind::Tool {
        return;
    }
    let home = draft.extra.get("adrift").and_then(serde_json::Value::as_str).unwrap_or("/app").to_owned();
    if home == "/app" && !draft.extra.contains_key("assets") {
        draft.set("home", home.clone());
    }
    let made = shown.map_or_else(String::new, |shown| format!("make it of {shown}, then "));
    let message = match shown {
        Some(shown) => format!("service `{}` reads `{file}`, and the repository holds only `{shown}`", draft.name),
        None => format!("service `{}` ends at once without `{file}`, and takes its settings from nowhere else", draft.name),
    };
    let help = format!("{made}docker run --mount type=bind,readonly,source=./{file},target={home}/{file}");
    draft.notes.push(Diagnostic::warning("wants-file", message).at(at).help(help));
}

#[cfg(test)]
mod tests {
    use super::{absent, real};
    use crate::detect::source::files;
    use crate::fs::Tree;

    #[test]
    fn an_example_has_the_name_of_what_it_shows() {
        for (file, expected) in [
            ("config.sample.toml", "config.toml"),
            ("config.toml.example", "config.toml"),
            ("config-example.yml", "config.yml"),
            ("sample_config.json", "config.json"),
            ("config.default.yml", "config.yml"),
            ("my-app.dist.ini", "my-app.ini"),
            ("example.go", ""),
            ("config.toml", ""),
        ] {
            assert_eq!(real(file).unwrap_or_default(), expected, "{file}");
        }
    }

    #[test]
    fn only_a_file_that_is_named_and_not_there_is_absent() {
        let found = |files_: &[(&str, &str)]| {
            let tree = Tree::memory(files_.iter().copied());
            absent(&tree.root(), &files(&tree.root(), &["go"], &[])).map(|(file, shown, _)| format!("{file} {shown}")).unwrap_or_default()
        };
        let sample = ("config.sample.toml", "port = 1");
        assert_eq!(found(&[("main.go", "open(\"./config.toml\")"), sample]), "config.toml config.sample.toml");
        assert_eq!(found(&[("main.go", "open(\"config.toml\")"), sample, ("config.toml", "")]), "");
        assert_eq!(found(&[("main.go", "open(\"other.toml\")"), sample]), "");
    }
}
