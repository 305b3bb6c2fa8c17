//! Node.js runs TypeScript itself: it strips the types, and does no more than that.

use std::rc::Rc;

use super::script;
use crate::detect::source;
use crate::fs::Text;
use crate::manifest::pattern;
use crate::model::{Cmd, Diagnostic, Evidence, ServiceDraft};

/// Flags after which Node.js, or what it loads first, reads more than stripped types.
const LOADERS: &[&str] = &["--import", "--loader", "--experimental-loader", "--require", "-r", "--experimental-transform-types"];

/// What stands in the way of a start command that gives Node.js a TypeScript file.
pub fn obstacles(draft: &ServiceDraft, texts: &[Rc<Text>]) -> Result<Vec<Diagnostic>, Diagnostic> {
    let Some(start) = &draft.start else { return Ok(Vec::new()) };
    let Cmd::Exec(words) = &start.value else { return Ok(Vec::new()) };
    let typed = script::run_file(words).is_some_and(|file| [".ts", ".mts", ".cts"].iter().any(|ending| file.ends_with(ending)));
    let loads = words.iter().any(|word| LOADERS.iter().any(|flag| word == flag || word.strip_prefix(flag).is_some_and(|rest| rest.starts_with('='))));
    if words[0] != "node" || !typed || loads {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let at = || start.source.evidence().cloned();
    if let Some(runtime) = draft.runtime.as_ref().filter(|runtime| !strips(runtime.value.numbers(), words)) {
        let message = format!("Node.js {} does not run TypeScript by itself", runtime.value);
        let help = "ask for Node.js 22.18, 24 or newer, or compile it in a build script";
        found.push(Diagnostic::warning("no-type-stripping", message).at_all(at()).at_all(runtime.source.evidence().cloned()).help(help));
    }
    if let Some(place) = compiled_syntax(texts)? {
        let message = "Node.js strips types and compiles nothing: an enum or a namespace stops the program";
        let help = "write it without one, or pass --experimental-transform-types to node";
        found.push(Diagnostic::warning("no-type-stripping", message).at(place).help(help));
    }
    Ok(found)
}

/// Since 22.18 and 23.6 without a flag, since 22.6 with one.
fn strips(version: &[u32], words: &[String]) -> bool {
    let asked = words.iter().any(|word| word == "--experimental-strip-types");
    match *version {
        [major, ..] if major >= 24 => true,
        [22 | 23] => true,
        [22, minor, ..] => minor >= if asked { 6 } else { 18 },
        [23, minor, ..] => asked || minor >= 6,
        _ => false,
    }
}

fn compiled_syntax(texts: &[Rc<Text>]) -> Result<Option<Evidence>, Diagnostic> {
    let typed: Vec<Rc<Text>> = texts.iter().filter(|text| text.path().name().ends_with("ts") && !text.path().name().ends_with(".d.ts")).cloned().collect();
    let pattern = pattern::pattern(r"(?m)^(?:export )?((?:const )?enum|namespace) \w+ \{").map_err(|error| Diagnostic::error("pattern", error.to_string()))?;
    Ok(source::find(&typed, &pattern, "//").map(|hit| hit.at))
}

#[cfg(test)]
mod tests {
    use super::strips;

    #[test]
    fn versions_that_strip_types() {
        let words = |text: &str| text.split(' ').map(ToOwned::to_owned).collect::<Vec<_>>();
        let plain = words("node a.ts");
        for (version, want) in
            [(vec![20], false), (vec![22], true), (vec![22, 17, 0], false), (vec![22, 18, 0], true), (vec![23, 5, 0], false), (vec![26], true)]
        {
            assert_eq!(strips(&version, &plain), want, "{version:?}");
        }
        assert!(strips(&[22, 14, 0], &words("node --experimental-strip-types a.ts")));
    }
}
