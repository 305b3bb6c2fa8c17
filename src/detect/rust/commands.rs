//! The command of a Rust program that listens, where it has several: what its parser of the command line calls it.

use std::rc::Rc;

use super::program::search_group;
use crate::detect::listening::LISTENERS;
use crate::detect::source;
use crate::fs::Text;
use crate::manifest::pattern;
use crate::model::Evidence;

/// How many types are followed at most: commands lie in each other, and a type may hold itself.
const STEPS: usize = 6;

/// A field that holds commands; the group is its type.
const FIELD: &str = r"#\[(?:command|clap|structopt)\(\s*subcommand\s*\)\]\s*(?:///[^\n]*\s*)*(?:pub(?:\([a-z]+\))?\s+)?\w+\s*:\s*(?:Option<)?((?:\w+::)*\w+)";

/// The words after the program's name, and where they are declared.
pub fn listener(texts: &[Rc<Text>]) -> Option<(Vec<String>, Evidence)> {
    derived(texts).or_else(|| built(texts))
}

/// A command of clap's builder, or of argh.
fn built(texts: &[Rc<Text>]) -> Option<(Vec<String>, Evidence)> {
    LISTENERS.split('|').find_map(|name| {
        let builder = format!(r#"\.subcommand\(\s*(?:\w+::)*(?:Command|App|SubCommand)::(?:new|with_name)\(\s*"({name})"\s*\)"#);
        let argh = format!(r#"#\[argh\(\s*subcommand,\s*name\s*=\s*"({name})""#);
        [builder, argh].iter().find_map(|pattern| search_group(texts, pattern)).map(|hit| (vec![hit.value], hit.at))
    })
}

/// A variant of an enum that clap's derive makes commands of: the top one is a parser itself, or the field of one.
fn derived(texts: &[Rc<Text>]) -> Option<(Vec<String>, Evidence)> {
    const TOP: &[&str] = &[
        r"#\[derive\([^)]*\b(?:Parser|StructOpt)\b[^)]*\)\]\s*(?:(?://[^\n]*|#\[(?:[^\]\[]|\[[^\]\[]*\])*\])\s*)*(?:pub(?:\([a-z]+\))?\s+)?enum\s+(\w+)",
        FIELD,
    ];
    let top = TOP.iter().find_map(|pattern| search_group(texts, pattern))?;
    let home = texts.iter().find(|text| *text.path() == top.at.file)?;
    let mut words = Vec::new();
    let at = descend(texts, home, &top.value, &mut words, STEPS)?;
    Some((words, at))
}

/// The listening variant of the enum by this name, and of those that it leads to.
fn descend(texts: &[Rc<Text>], near: &Rc<Text>, name: &str, words: &mut Vec<String>, steps: usize) -> Option<Evidence> {
    let steps = steps.checked_sub(1)?;
    let (qualifier, name) = name.rsplit_once("::").map_or(("", name), |(path, name)| (path.rsplit("::").next().unwrap_or(path), name));
    let home = |text: &&Rc<Text>| qualifier.is_empty() || of(text, qualifier);
    if let Some((text, field)) = texts.iter().filter(home).find_map(|text| Some((text, field(text, name)?))) {
        return descend(texts, text, &field, words, steps);
    }
    let place = |text: &Text| text.as_str().find(&format!("enum {name} ")).or_else(|| text.as_str().find(&format!("enum {name}\n")));
    let declares = |text: &&Rc<Text>| place(text).is_some();
    let of_module = |text: &&Rc<Text>| of(text, qualifier);
    let text = texts.iter().filter(of_module).find(declares).or_else(|| Some(near).filter(declares)).or_else(|| texts.iter().find(declares))?;
    let start = place(text)?;
    let variants = variants(&text.as_str()[start..]);
    let (offset, variant) = LISTENERS.split('|').find_map(|word| variants.iter().find(|(_, variant)| variant.command == word))?;
    words.push(variant.command.clone());
    let at = text.at(start + offset, source::line_of(text, start + offset).trim());
    if let Some(inner) = &variant.inner {
        // What it holds may be its arguments, or commands again.
        descend(texts, text, inner, words, steps);
    }
    Some(at)
}

/// Whether a text is a module's.
fn of(text: &Text, module: &str) -> bool {
    text.path().as_str().ends_with(&format!("/{module}.rs")) || text.path().as_str().contains(&format!("/{module}/"))
}

/// The type of the field of a struct by this name that holds its commands.
fn field(text: &Text, name: &str) -> Option<String> {
    let start = text.as_str().find(&format!("struct {name} {{"))?;
    let body = text.as_str()[start..].split("\n}").next()?;
    let groups = pattern::pattern(FIELD).ok()?.captures(body)?;
    Some(groups.get(1)?.as_str().to_owned())
}

/// Whether the field that stands at a place is one of these commands', not of another one: it lies in a variant, or in the arguments that a variant holds.
pub fn takes(texts: &[Rc<Text>], words: &[String], at: &Evidence) -> bool {
    let Some(text) = texts.iter().find(|text| *text.path() == at.file) else { return true };
    let Some(line) = at.line else { return true };
    let before: Vec<&str> = text.lines().take_while(|(number, _)| *number < line.get()).map(|(_, line)| line).collect();
    let deep = |line: &str| line.len() - line.trim_start().len();
    let own = text.lines().find(|(number, _)| *number == line.get()).map_or(0, |(_, line)| deep(line));
    let Some(head) = before.iter().rev().find(|line| !line.trim().is_empty() && deep(line) < own) else { return true };
    let name = |pattern: &str, text: &str| Some(pattern::pattern(pattern).ok()?.captures(text)?.get(1)?.as_str().to_owned());
    let known = |variant: String| words.contains(&kebab(&variant));
    if let Some(variant) = name(r"^\s+([A-Z]\w*)\s*\{\s*$", head) {
        return known(variant);
    }
    let Some(kind) = name(r"\bstruct\s+(\w+)", head) else { return true };
    let holds = format!(r"(?m)^\s+([A-Z]\w*)\s*\(\s*(?:Box<)?(?:\w+::)*{kind}\b");
    texts.iter().find_map(|text| name(&holds, text.as_str())).is_none_or(known)
}

struct Variant {
    command: String,
    inner: Option<String>,
}

/// The variants of an enum whose text begins here, each with its place.
fn variants(text: &str) -> Vec<(usize, Variant)> {
    let Ok(shape) = pattern::pattern(r"^\s*([A-Z]\w*)\s*(?:\(\s*(?:Box<)?((?:\w+::)*\w+))?") else { return Vec::new() };
    let Ok(renamed) = pattern::pattern(r#"\bname\s*=\s*"([\w-]+)""#) else { return Vec::new() };
    let mut found = Vec::new();
    let (mut depth, mut attributes) = (0_i32, String::new());
    let mut place = 0;
    for line in text.split_inclusive('\n') {
        let code = line.split("//").next().unwrap_or_default();
        if depth == 1 {
            let trimmed = code.trim_start();
            if trimmed.starts_with("#[") {
                attributes.push_str(trimmed);
            } else if let Some(groups) = shape.captures(code) {
                let own = renamed.captures(&attributes).and_then(|groups| Some(groups.get(1)?.as_str().to_owned()));
                let command = groups.get(1).map(|name| kebab(name.as_str())).unwrap_or_default();
                let start = place + (code.len() - trimmed.len());
                found.push((start, Variant { command: own.unwrap_or(command), inner: groups.get(2).map(|inner| inner.as_str().to_owned()) }));
                attributes.clear();
            }
        }
        let count = |sign: char| i32::try_from(code.matches(sign).count()).unwrap_or_default();
        depth += count('{') - count('}');
        place += line.len();
        if depth <= 0 && place > 0 && code.contains('}') {
            break;
        }
    }
    found
}

/// As clap names a variant.
fn kebab(name: &str) -> String {
    let mut word = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(c.to_ascii_lowercase());
    }
    word
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::{listener, takes};
    use crate::fs::Text;
    use crate::model::RelPath;

    fn words(files: &[(&str, &str)]) -> String {
        let texts: Vec<_> = files.iter().map(|(path, text)| Rc::new(Text::new(RelPath::known(path), text))).collect();
        listener(&texts).map(|(words, _)| words.join(" ")).unwrap_or_default()
    }

    #[test]
    fn the_command_that_listens_is_found_where_it_is_declared() {
        let top = "#[derive(Parser, Debug)]\n#[clap(name = \"a\", version)]\nenum Cmd {\n    /// Start the server\n    Start {\n        host: Option<String>,\n    },\n    DefaultConfig,\n}\n";
        assert_eq!(words(&[("src/main.rs", top)]), "start");
        let field = "#[derive(Parser)]\nstruct Cli {\n    #[command(subcommand)]\n    command: Option<Commands>,\n}\n#[derive(Subcommand)]\nenum Commands {\n    Import(Import),\n    #[command(name = \"serve\", about = \"x\")]\n    HttpServer,\n}\n";
        assert_eq!(words(&[("src/main.rs", field)]), "serve");
        let main =
            "#[derive(Parser)]\nstruct Cli {\n    #[clap(subcommand)]\n    cmd: Cmd,\n}\n#[derive(Subcommand)]\nenum Cmd {\n    Server(server::Cmd),\n}\n";
        let server = "#[derive(Subcommand)]\npub enum Cmd {\n    Start { port: u16 },\n    Stop,\n}\n";
        assert_eq!(words(&[("src/main.rs", main), ("src/server.rs", server)]), "server start");
        assert_eq!(words(&[("src/main.rs", "App::new(\"x\").subcommand(SubCommand::with_name(\"server\").about(\"y\"))")]), "server");
        let itself = "#[derive(Parser)]\nstruct Cli {\n    #[command(subcommand)]\n    cmd: Cli,\n}\n";
        assert_eq!(words(&[("src/main.rs", itself)]), "");
        let round = "#[derive(Parser)]\nenum Cmd {\n    Run(Cmd),\n}\n";
        assert!(words(&[("src/main.rs", round)]).starts_with("run"));
        assert_eq!(words(&[("src/main.rs", "#[derive(Parser)]\nstruct Cli {\n    port: u16,\n}\nenum State {\n    Start,\n}\n")]), "");
    }

    #[test]
    fn what_another_command_asks_for_is_not_the_servers() {
        let source = "enum Command {\n    Local {\n        /// words\n        #[clap(env)]\n        to: String,\n    },\n    Serve(ServeArgs),\n    Push(PushArgs),\n}\nstruct ServeArgs {\n    key: String,\n}\nstruct PushArgs {\n    url: String,\n}\n";
        let text = Rc::new(Text::new(RelPath::known("src/main.rs"), source));
        for (field, expected) in [("to:", false), ("key:", true), ("url:", false)] {
            let at = text.at(source.find(field).unwrap_or_default(), field);
            assert_eq!(takes(&[Rc::clone(&text)], &["serve".to_owned()], &at), expected, "{field}");
        }
    }
}
