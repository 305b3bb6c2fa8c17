//! Changes one source file of a copy, as a developer would, and puts it back.

use std::path::{Path, PathBuf};

use super::session::Session;
use crate::fs::docker::Fault;
use crate::fs::work;
use crate::manifest::pattern;

/// The word that a change puts on a page, so that it can be seen from outside.
pub const MARK: &str = "dockgenverify";

/// Endings of source files, and whether such a file holds text that a browser shows.
const SOURCES: &[(&str, bool)] = &[
    ("py", false),
    ("js", false),
    ("mjs", false),
    ("cjs", false),
    ("ts", false),
    ("mts", false),
    ("jsx", true),
    ("tsx", true),
    ("vue", true),
    ("svelte", true),
    ("astro", true),
    ("html", true),
    ("go", false),
    ("rs", false),
    ("c", false),
    ("cc", false),
    ("cpp", false),
    ("cxx", false),
    ("zig", false),
    ("rb", false),
    ("php", false),
    ("java", false),
    ("kt", false),
    ("cs", false),
    ("ex", false),
    ("exs", false),
    ("dart", false),
    ("swift", false),
    ("scala", false),
    ("clj", false),
    ("md", true),
    ("njk", true),
    ("liquid", true),
    ("erb", true),
    ("sh", false),
];

/// Names, without their ending, of files that a program begins with.
const MAIN: &[&str] = &["main", "app", "index", "server", "page", "application", "program", "wsgi", "asgi", "routes", "home", "cli", "lib"];

/// What a container of the image runs, as one text.
pub fn command(session: &Session<'_>) -> Result<String, Fault> {
    let Some(tag) = session.tag() else { return Ok(String::new()) };
    let image = session.inspect("image", tag)?;
    let words = ["Entrypoint", "Cmd"].into_iter().flat_map(|key| image["Config"][key].as_array().into_iter().flatten()).filter_map(|word| word.as_str());
    Ok(words.collect::<Vec<_>>().join(" "))
}

/// The files to change, the likeliest part of the program first.
pub fn candidates(copy: &Path, command: &str) -> Vec<String> {
    let mut found: Vec<(i32, String)> = work::list(copy, &work::is_source)
        .into_iter()
        .filter(|file| file.size > 0 && file.size < 512 * 1024)
        .filter_map(|file| Some((score(&file.path, command)?, file.path)))
        .collect();
    found.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    found.into_iter().map(|(_, path)| path).collect()
}

fn score(path: &str, command: &str) -> Option<i32> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (stem, ending) = name.rsplit_once('.')?;
    SOURCES.iter().find(|(known, _)| *known == ending)?;
    let parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let aside = |part: &&str| {
        matches!(
            *part,
            "test"
                | "tests"
                | "__tests__"
                | "spec"
                | "e2e"
                | "docs"
                | "scripts"
                | "migrations"
                | "versions"
                | "alembic"
                | "examples"
                | "benches"
                | "stories"
                | "e2e-tests"
        ) || part.starts_with('.')
    };
    if name.contains(".config.")
        || name.contains(".test.")
        || name.contains(".spec.")
        || name.ends_with(".d.ts")
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || name.starts_with('.')
    {
        return None;
    }
    if matches!(name, "setup.py" | "conftest.py" | "build.rs" | "manage.py" | "README.md" | "CHANGELOG.md" | "LICENSE.md") {
        return None;
    }
    let depth = i32::try_from(parts.len()).unwrap_or(i32::MAX / 2);
    let mut score = 40 - 2 * depth;
    let module = path.strip_suffix(&format!(".{ending}")).unwrap_or(path).replace('/', ".");
    let names = |word: &str| {
        word == path || word.trim_start_matches("./") == path || word.split(':').next() == Some(module.as_str()) || word.split(':').next() == Some(stem)
    };
    if command.split_whitespace().any(names) {
        score += 30;
    }
    if MAIN.iter().any(|main| stem.eq_ignore_ascii_case(main)) {
        score += 15;
    }
    if stem == "__init__" || ending == "md" || ending == "sh" {
        score -= 20;
    }
    if parts.iter().any(aside) {
        score -= 30;
    }
    Some(score)
}

/// What a file held before it was changed.
pub struct Undo {
    path: PathBuf,
    text: String,
}

impl Undo {
    /// Puts it back.
    pub fn restore(self) -> Result<(), Fault> {
        work::overwrite(&self.path, &self.text).map_err(|error| Fault::Failed(error.to_string()))
    }
}

fn change(copy: &Path, tail: &str, new: impl FnOnce(&str) -> String) -> Result<Undo, Fault> {
    let path = copy.join(tail);
    let text = work::text(&path).ok_or_else(|| Fault::Failed(format!("`{tail}` is not text")))?;
    work::overwrite(&path, &new(&text)).map_err(|error| Fault::Failed(format!("`{tail}` can't be changed: {error}")))?;
    Ok(Undo { path, text })
}

/// Adds a blank line: a change for every tool, of no meaning to any language. The line is another one each time, since
/// the engine still has the layers of a change that it has seen before.
pub fn touch(copy: &Path, tail: &str, id: &str) -> Result<Undo, Fault> {
    let blank: String = id.bytes().flat_map(|byte| (0..7).map(move |bit| if byte >> bit & 1 == 1 { '\t' } else { ' ' })).collect();
    change(copy, tail, |text| format!("{text}\n{blank}\n"))
}

/// Changes what can be seen of the file from outside: a text of its page, else of the module that a browser asks for. Where there is
/// neither, adds a blank line. Says whether the mark was set.
pub fn mark(copy: &Path, tail: &str, id: &str) -> Result<(Undo, bool), Fault> {
    let ending = tail.rsplit('.').next().unwrap_or_default();
    let shown = SOURCES.iter().any(|(known, shown)| *known == ending && *shown);
    let text = work::text(&copy.join(tail)).unwrap_or_default();
    match marked(&text).filter(|_| shown && ending != "md").or_else(|| added(&text, ending)) {
        Some(new) => Ok((change(copy, tail, |_| new)?, true)),
        None => Ok((touch(copy, tail, id)?, false)),
    }
}

/// The text with the mark added to it, by the means of its language: a page without words of its own has room for one.
fn added(text: &str, ending: &str) -> Option<String> {
    match ending {
        "md" => Some(format!("{text}\n\n{MARK}\n")),
        // What stands outside of their scripts and styles is the page.
        "svelte" | "astro" => Some(format!("{text}\n{MARK}\n")),
        "html" | "njk" | "liquid" => {
            let at = text.rfind("</body>").unwrap_or(text.len());
            Some(format!("{}{MARK}\n{}", &text[..at], &text[at..]))
        }
        "vue" => {
            // Inside of the first element, as some releases know but one at the root; before one that holds nothing.
            let attribute = r#"(?:\s+[^\s"'<>/=]+(?:=(?:"[^"]*"|'[^']*'))?)*\s*"#;
            let root = pattern::pattern(&format!(r"<template>\s*(<[A-Za-z][\w.-]*{attribute}(/?)>)")).ok()?;
            let found = root.captures(text)?;
            let (element, empty) = (found.get(1)?, !found.get(2)?.as_str().is_empty());
            let at = if empty { element.start() } else { element.end() };
            Some(format!("{}{MARK} {}", &text[..at], &text[at..]))
        }
        // A statement without an effect, which compilers for development keep; a browser gets the module as it is.
        "jsx" | "tsx" => Some(format!("{text}\nvoid \"{MARK}\";\n")),
        _ => None,
    }
}

/// The text with the mark in its first shown words: `>Some words<`.
fn marked(text: &str) -> Option<String> {
    let pattern =
        pattern::pattern(r"<(?:h[1-6]|p|li|a|button|span|strong|em|td|th|label|div|main|section|title)[^<>{}]*>([^<>{}\n]*[A-Za-z]{2}[^<>{}\n]*)</").ok()?;
    let body = text.find("<body").unwrap_or(0);
    let at = pattern.captures(&text[body..]).and_then(|found| Some(found.get(1)?.end() + body))?;
    Some(format!("{} {MARK}{}", &text[..at], &text[at..]))
}

#[cfg(test)]
mod tests {
    use super::{added, marked, score};

    #[test]
    fn the_program_s_own_file_comes_first() {
        let best = |paths: &[&str], command: &str| paths.iter().filter_map(|path| Some((score(path, command)?, *path))).max().map(|(_, path)| path.to_owned());
        assert_eq!(best(&["src/other.js", "src/index.js", "test/index.js"], "node src/index.js").as_deref(), Some("src/index.js"));
        assert_eq!(best(&["rates.py", "main.py", "test_main.py"], "uvicorn main:app").as_deref(), Some("main.py"));
        assert_eq!(best(&["app/main.py", "alembic/env.py"], "uvicorn app.main:app").as_deref(), Some("app/main.py"));
        assert_eq!(score("vite.config.ts", ""), None);
    }

    #[test]
    fn marks_what_is_shown() {
        assert_eq!(
            marked("<head><title>x</title></head><body><h1>Hello</h1>").as_deref(),
            Some("<head><title>x</title></head><body><h1>Hello dockgenverify</h1>")
        );
        assert_eq!(marked("return <p className=\"a\">Hello {name}</p>"), None);
        assert_eq!(marked("const a = 1 > 2"), None);
        let added = |text: &str, ending: &str| added(text, ending).unwrap_or_default();
        assert_eq!(added("<template>\n  <NuxtPage />\n</template>", "vue"), "<template>\n  dockgenverify <NuxtPage />\n</template>");
        assert_eq!(
            added("<template><div v-if=\"a > b\">{{ x }}</div></template>", "vue"),
            "<template><div v-if=\"a > b\">dockgenverify {{ x }}</div></template>"
        );
        assert_eq!(added("<body><div id=\"app\"></div></body>", "html"), "<body><div id=\"app\"></div>dockgenverify\n</body>");
        assert_eq!(super::added("x := 1", "go"), None);
    }
}
