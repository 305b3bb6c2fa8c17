//! A framework's settings are a program; what stands in them word for word can be read, the rest can't.

use std::rc::Rc;

use crate::detect::source;
use crate::fs::{Dir, Text};
use crate::manifest::pattern;
use crate::model::Evidence;

const ENDINGS: &[&str] = &["ts", "mts", "cts", "js", "mjs", "cjs"];

/// The settings' files that are there.
#[derive(Debug, Default)]
pub struct Settings(Vec<Rc<Text>>);

impl Settings {
    /// Reads the files of these stems.
    pub fn read(dir: &Dir<'_>, stems: &[String]) -> Self {
        let files = stems.iter().flat_map(|stem| ENDINGS.iter().map(move |ending| format!("{stem}.{ending}")));
        Self(files.filter_map(|file| dir.peek(&file)).collect())
    }

    /// The string that a key has.
    pub fn string(&self, key: &str) -> Option<(String, Evidence)> {
        self.first(&format!(r#"(?:^|[\s{{,(])["']?{key}["']?\s*:\s*["'`]([^"'`$]+)["'`]"#))
    }

    /// The boolean that a key has.
    pub fn bool(&self, key: &str) -> Option<(bool, Evidence)> {
        self.first(&format!(r#"(?:^|[\s{{,(])["']?{key}["']?\s*:\s*(true|false)\b"#)).map(|(text, at)| (text == "true", at))
    }

    /// Where a key is set to something that can't be read.
    pub fn computed(&self, key: &str) -> Option<Evidence> {
        if self.string(key).is_some() {
            return None;
        }
        self.first(&format!(r#"(?:^|[\s{{,(])["']?({key})["']?\s*:"#)).map(|(_, at)| at)
    }

    /// Where a text stands.
    pub fn mention(&self, text: &str) -> Option<Evidence> {
        self.first(&format!("({})", text.replace('.', r"\."))).map(|(_, at)| at)
    }

    /// What the first group of a pattern matches.
    pub fn string_of(&self, pattern: &str) -> Option<(String, Evidence)> {
        self.first(pattern)
    }

    /// The port of the development server: `server: { port: 3000 }`, under the name that the framework has for it.
    pub fn port(&self) -> Option<u16> {
        let block = pattern::pattern(r"(?:^|[\s{,(])(?:server|devServer)\s*:\s*\{").ok()?;
        // `Number(env.PORT) || 5000`: the files of variables stay out of the image.
        let port = pattern::pattern(r#"^["']?port["']?\s*:\s*(?:[^\n,{}|?]*(?:\|\||\?\?)\s*)?["']?(\d{2,5})\b"#).ok()?;
        self.0.iter().find_map(|text| {
            let text = text.as_str();
            block
                .captures_iter(text)
                .filter_map(|found| found.get(0))
                .find_map(|found| own_keys(&text[found.end()..]).find_map(|tail| port.captures(tail)?.get(1)?.as_str().parse().ok()))
        })
    }

    /// The file.
    pub fn file(&self) -> Option<&Rc<Text>> {
        self.0.first()
    }

    fn first(&self, pattern: &str) -> Option<(String, Evidence)> {
        let pattern = pattern::pattern(pattern).ok()?;
        source::find(&self.0, &pattern, "//").map(|hit| (hit.value, hit.at))
    }
}

/// The places at which the keys of an object begin, and not those of objects in it.
fn own_keys(object: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    let mut fresh = true;
    object
        .char_indices()
        .map_while(move |(at, c)| {
            let begins = fresh && depth == 0 && (c.is_ascii_alphabetic() || matches!(c, '"' | '\''));
            match c {
                '{' | '[' | '(' => depth += 1,
                '}' | ']' | ')' => depth -= 1,
                _ => {}
            }
            fresh = depth == 0 && (c == ',' || c == '\n' || fresh && c.is_whitespace());
            (depth >= 0).then_some(begins.then(|| &object[at..]))
        })
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::Settings;
    use crate::fs::Tree;

    #[test]
    fn the_port_is_the_development_server_s_own() {
        let port = |text: &str| {
            let tree = Tree::memory([("vite.config.ts", text)]);
            Settings::read(&tree.root(), &["vite.config".to_owned()]).port()
        };
        assert_eq!(port("export default { preview: { port: 1234 }, server: { port: 3000 } }"), Some(3000));
        assert_eq!(port("server: {\n  proxy: { '/api': { port: 99 } },\n  port: 8080,\n},"), Some(8080));
        assert_eq!(port("server: { strictPort: true, port: Number(env.PORT) || 5000 }"), Some(5000));
        assert_eq!(port("server: {\n  hmr: { port: 24678 } },\n  preview: { port: 4000 }"), None);
    }

    #[test]
    fn what_stands_there_word_for_word_is_read() {
        let text = "export default {\n  // output: 'export',\n  output: \"standalone\",\n  ssr: false, distDir: process.env.DIST,\n  build: { outDir: 'build/site' },\n}";
        let tree = Tree::memory([("next.config.mjs", text)]);
        let settings = Settings::read(&tree.root(), &["next.config".to_owned()]);
        let (output, at) = settings.string("output").expect("there");
        assert_eq!((output.as_str(), at.place().as_str()), ("standalone", "next.config.mjs:3"));
        assert_eq!(settings.string("outDir").map(|(text, _)| text).as_deref(), Some("build/site"));
        assert_eq!(settings.bool("ssr").map(|(value, _)| value), Some(false));
        assert!(settings.computed("distDir").is_some());
        assert!(settings.computed("output").is_none());
    }
}
