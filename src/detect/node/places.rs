//! Paths as JavaScript writes them: a string, `path.join(__dirname, 'a')`, a name that stands for one of these.

use std::rc::Rc;

use crate::fs::{Dir, Text};
use crate::manifest::pattern;
use crate::model::RelPath;

/// How many names may stand for each other.
const DEEPEST: usize = 5;

/// A path in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The path; without a slash before it, seen from the program's working directory.
    pub path: String,
    /// Whether something follows that only the running program knows.
    pub open: bool,
}

impl Place {
    /// The folder that it is in, where it names a file.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Whether it looks like a file: its last part has an ending.
    pub fn is_file(&self) -> bool {
        !self.open && self.path.rsplit('/').next().is_some_and(|name| name.trim_start_matches('.').contains('.'))
    }
}

/// A source file and where it is when it runs.
pub struct Reader<'t> {
    /// Its text.
    pub text: &'t Text,
    /// The folder that `__dirname` stands for, seen from the working directory.
    pub here: RelPath,
    /// The other files of the program, whose exported names it may use.
    pub others: &'t [Rc<Text>],
}

impl Reader<'_> {
    /// The path that an expression stands for.
    pub fn place(&self, code: &str) -> Option<Place> {
        self.expression(code, DEEPEST).filter(|place| !place.path.is_empty())
    }

    fn expression(&self, code: &str, depth: usize) -> Option<Place> {
        const WITH_DEFAULT: &str = r#"^\w*[eE]nv\w*\(\s*["']\w+["']\s*,\s*()"#;
        const FROM_OUTSIDE: &str = r#"^\(?(?:(?:process|Bun)\.env(?:\.\w+|\[["']\w+["']\])!?)(?:\s+as\s+\w+)?\)?\s*(?:\|\||\?\?)\s*()"#;
        let code = code.trim_start();
        // What stands behind a variable is what a container without it takes.
        if let Some(found) = pattern::kept(FROM_OUTSIDE).and_then(|pattern| pattern.captures(code)) {
            let rest = &code[found.get(1)?.start()..];
            let statement = &rest[..rest.find([';', '\n']).unwrap_or(rest.len())];
            let others = statement.rmatch_indices("||").chain(statement.rmatch_indices("??")).next().map(|(at, _)| &rest[at + 2..]);
            return self.expression(rest, depth).or_else(|| self.expression(others?, depth));
        }
        // `stringFromEnv('DATA_DIR', 'data')`
        if let Some(found) = pattern::kept(WITH_DEFAULT).and_then(|pattern| pattern.captures(code)) {
            return self.expression(&code[found.get(1)?.start()..], depth);
        }
        let (mut place, rest) = if let Some(quote) = code.chars().next().filter(|c| matches!(c, '\'' | '"' | '`')) {
            let body = &code[1..];
            let end = body.find(quote)?;
            let text = &body[..end];
            (self.template(text, depth), &body[end + 1..])
        } else if let Some((call, arguments)) = call(code) {
            let (place, rest) = self.joined(call, arguments, depth)?;
            (place, rest)
        } else {
            let end = code.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '.' | '(' | ')'))).unwrap_or(code.len());
            let name = code[..end].trim_end_matches(')').trim_end_matches('(');
            let name = if code.starts_with("process.cwd()") { "process.cwd()" } else { name };
            (self.named(name, depth)?, &code[name.len()..])
        };
        let rest = rest.trim_start();
        if let Some(more) = rest.strip_prefix('+').filter(|_| !place.open) {
            match self.expression(more, depth.checked_sub(1)?) {
                Some(tail) => {
                    place.path.push_str(&tail.path);
                    place.open = tail.open;
                }
                None => place.open = true,
            }
        }
        place.path = whole(&place.path)?;
        Some(place)
    }

    /// A string, whose first part may be another path: `${DIR}/files/${id}`.
    fn template(&self, text: &str, depth: usize) -> Place {
        let named = text.strip_prefix("${").and_then(|rest| rest.split_once('}')).filter(|(name, _)| !name.contains('('));
        if let Some((name, tail)) = named
            && let Some(found) = depth.checked_sub(1).and_then(|depth| self.named(name, depth)).filter(|found| !found.open)
        {
            let (tail, open) = tail.split_once("${").map_or((tail, false), |(tail, _)| (tail, true));
            return Place { path: format!("{}{tail}", found.path), open };
        }
        let (text, open) = text.split_once("${").map_or((text, false), |(text, _)| (text, true));
        Place { path: text.strip_prefix("file:").unwrap_or(text).to_owned(), open }
    }

    fn joined<'c>(&self, call: &str, arguments: &'c str, depth: usize) -> Option<(Place, &'c str)> {
        let depth = depth.checked_sub(1)?;
        let end = closing(arguments)?;
        let (inside, rest) = (&arguments[..end], &arguments[end + 1..]);
        if call == "fileURLToPath(" {
            return Some((self.expression(inside, depth)?, rest));
        }
        let parts: Vec<&str> = split(inside);
        if call == "new URL(" {
            let named = self.expression(parts.first()?, depth)?;
            parts.get(1).filter(|base| base.contains("import.meta.url"))?;
            return Some((Place { path: whole(&format!("./{}/{}", self.here.as_str(), named.path))?, open: named.open }, rest));
        }
        let mut place = Place { path: String::new(), open: false };
        for (number, part) in parts.iter().enumerate() {
            let Some(found) = self.expression(part, depth) else {
                // Without its beginning a path is nowhere.
                if number == 0 {
                    return None;
                }
                place.open = true;
                place.path.push('/');
                break;
            };
            let anew = call.ends_with("resolve(") && found.path.starts_with('/');
            if anew || place.path.is_empty() {
                place.path = found.path;
            } else {
                place.path = format!("{}/{}", place.path, found.path);
            }
            if found.open {
                place.open = true;
                break;
            }
        }
        Some((place, rest))
    }

    /// What a name stands for.
    fn named(&self, name: &str, depth: usize) -> Option<Place> {
        let found = |path: &str| Some(Place { path: path.to_owned(), open: false });
        match name {
            "__dirname" | "import.meta.dirname" | "import.meta.dir" => return found(&format!("./{}", self.here.as_str())),
            "process.cwd" | "process.cwd()" => return found("./"),
            "" => return None,
            _ => {}
        }
        let text = self.text.as_str();
        // A part of a class or an object is given its value by its whole name.
        if name.contains('.') && name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let given = format!("{name} = ");
            let value = text.match_indices(&given).find(|(at, _)| text[..*at].ends_with(char::is_whitespace)).map(|(at, _)| &text[at + given.len()..])?;
            return self.expression(value, depth.checked_sub(1)?);
        }
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$')) || name.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let depth = depth.checked_sub(1)?;
        if let Some(value) = declared(text, name) {
            return self.expression(value, depth);
        }
        // A name that this file only imports; where several files have one of the name, nothing is known.
        let mut exported = self.others.iter().filter(|other| other.path() != self.text.path() && text.contains("import") | text.contains("require"));
        let mut found = exported.by_ref().filter_map(|other| Some((other, declared(other.as_str(), name)?))).filter(|(other, _)| exports(other.as_str(), name));
        let (other, value) = found.next().filter(|_| name.len() > 3)?;
        // Its own place is not this file's.
        let own = value.split(['\n', ';']).next().unwrap_or_default();
        if found.next().is_some() || own.contains("__dirname") || own.contains("import.meta") {
            return None;
        }
        Reader { text: other, here: self.here.clone(), others: &[] }.expression(value, depth)
    }
}

/// The value that a name is given where it is declared.
fn declared<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut from = 0;
    while let Some(at) = text[from..].find(name).map(|at| at + from) {
        from = at + name.len();
        let before = text[..at].trim_end();
        let declared = ["const", "let", "var"].iter().any(|word| before.ends_with(word)) && text[..at].ends_with(char::is_whitespace);
        let after = text[from..].trim_start();
        if !declared || text[from..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
            continue;
        }
        let after = after.strip_prefix(':').map_or(after, |typed| typed.trim_start().trim_start_matches("string").trim_start());
        if let Some(value) = after.strip_prefix('=').filter(|value| !value.starts_with('=')) {
            return Some(value);
        }
    }
    None
}

/// Whether a file hands a name out.
fn exports(text: &str, name: &str) -> bool {
    ["export const ", "export let ", "export var ", "exports."].iter().any(|word| text.contains(&format!("{word}{name}")))
        || ["export {", "module.exports = {"]
            .iter()
            .any(|word| text.split(word).skip(1).any(|rest| rest.split('}').next().is_some_and(|list| list.contains(name))))
}

/// The functions that join paths, with the text behind their parenthesis.
fn call(code: &str) -> Option<(&'static str, &str)> {
    const CALLS: &[&str] = &["path.join(", "path.resolve(", "join(", "resolve(", "new URL(", "fileURLToPath("];
    CALLS.iter().find_map(|call| Some((*call, code.strip_prefix(call)?)))
}

/// A path without its detours; `None` where it leaves the program's folder. A slash at its end stays.
fn whole(path: &str) -> Option<String> {
    if path.is_empty() || path.contains(['*', '\\', ':', '?', '<', '>', '|', '\n', '%', ' ']) {
        return None;
    }
    let tail = if path.ends_with('/') { "/" } else { "" };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        // A container's root is as high as it gets.
        if part == ".." && parts.last().is_some_and(|last| *last != "..") {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    let lead = if path.starts_with('/') { "/" } else { "" };
    let joined = format!("{lead}{}", parts.join("/"));
    Some(match joined.as_str() {
        "" => "./".to_owned(),
        "/" => return None,
        _ => format!("{joined}{tail}"),
    })
}

/// Where the parenthesis of a call closes.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')') if depth == 0 => return Some(at),
            (None, ')' | ']' | '}') => depth -= 1,
            _ => {}
        }
    }
    None
}

/// The arguments of a call.
fn split(text: &str) -> Vec<&str> {
    let (mut found, mut from, mut depth, mut quote) = (Vec::new(), 0, 0, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, ',') if depth == 0 => {
                found.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[from..]);
    found.into_iter().map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// The file that an import of this name means, seen from a folder.
pub fn imported(dir: &Dir<'_>, folder: &RelPath, name: &str) -> Option<String> {
    const ENDINGS: &[&str] = &["", ".js", ".ts", ".mjs", ".cjs", ".mts", ".cts", ".tsx", ".jsx", "/index.js", "/index.ts", "/index.mjs"];
    let name = name.strip_suffix(".js").or_else(|| name.strip_suffix(".mjs")).unwrap_or(name);
    let plain = folder.join(name).map(|path| path.as_str().to_owned())?;
    ENDINGS.iter().map(|ending| format!("{plain}{ending}")).find(|path| dir.has(path))
}

#[cfg(test)]
mod tests {
    use super::Reader;
    use crate::fs::Tree;
    use crate::model::RelPath;

    fn place(code: &str) -> Option<String> {
        let source = "const path = require('path')\nconst DIR = path.join(__dirname, '..', 'uploads')\nconst FILE: string = process.env.DB ?? 'data/a.db'\nStore.folder = './files'\n";
        let places = "import path from 'path'\nconst ROOT = process.cwd()\nexport const HISTORY = stringFromEnv('HISTORY', path.join(ROOT, 'history'))\nconst HIDDEN = 'x'\n";
        let source = format!("import {{ HISTORY }} from './places'\n{source}");
        let tree = Tree::memory([("src/a.ts", source.as_str()), ("src/places.ts", places)]);
        let text = tree.root().peek("src/a.ts").expect("there");
        let others = [tree.root().peek("src/places.ts").expect("there")];
        let reader = Reader { text: &text, here: RelPath::known("dist"), others: &others };
        reader.place(code).map(|place| format!("{}{}", place.path, if place.open { "…" } else { "" }))
    }

    #[test]
    fn paths_are_read_as_they_are_written() {
        for (code, want) in [
            ("'./uploads/')", Some("uploads/")),
            ("\"/data/a.db\", x", Some("/data/a.db")),
            ("`logs/${day}.log`)", Some("logs/…")),
            ("'uploads/' + name)", Some("uploads/…")),
            ("path.join(__dirname, 'db', 'a.json'), y)", Some("dist/db/a.json")),
            ("path.resolve('var', name))", Some("var/…")),
            ("path.join(process.cwd(), 'files'))", Some("files")),
            ("__dirname + '/static/' + name)", Some("dist/static/…")),
            ("DIR, { recursive: true })", Some("uploads")),
            ("path.join(DIR, file.name))", Some("uploads/…")),
            ("FILE)", Some("data/a.db")),
            ("process.env.DATABASE_PATH || './shop.sqlite')", Some("shop.sqlite")),
            ("process.env.DATA || args['data'] || own() || 'var/')", Some("var/")),
            ("Store.folder)", Some("files")),
            ("new URL('../notes.json', import.meta.url))", Some("notes.json")),
            ("'file:local.db')", Some("local.db")),
            ("HISTORY, { recursive: true })", Some("history")),
            ("`${HISTORY}/a/${name}`)", Some("history/a/…")),
            ("`${FILE}`)", Some("data/a.db")),
            ("HIDDEN)", None),
            ("name)", None),
            ("':memory:')", None),
            ("path.join(root, 'a'))", None),
        ] {
            assert_eq!(place(code).as_deref(), want, "{code}");
        }
    }
}
