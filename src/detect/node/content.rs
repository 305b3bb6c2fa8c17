//! What of a repository the production image needs: no more than the program reads.

use std::rc::Rc;

use crate::fs::{Dir, Text};
use crate::manifest::pattern;
use crate::model::RelPath;

/// Folders that no program reads when it runs.
const NOT_READ: &[&str] = &[
    "__mocks__",
    "__tests__",
    "ansible",
    "benchmark",
    "benchmarks",
    "charts",
    "coverage",
    "cypress",
    "deploy",
    "doc",
    "docker",
    "docs",
    "e2e",
    "example",
    "examples",
    "fixtures",
    "helm",
    "k8s",
    "kubernetes",
    "node_modules",
    "patches",
    "playwright",
    "postman",
    "screenshots",
    "scripts",
    "spec",
    "specs",
    "terraform",
    "test",
    "tests",
    "tmp",
    "types",
    "typings",
];

/// Folders that hold what compiled programs read beside themselves.
const ASSETS: &[&str] = &[
    "assets",
    "config",
    "data",
    "drizzle",
    "emails",
    "graphql",
    "i18n",
    "keys",
    "lang",
    "locales",
    "migrations",
    "proto",
    "protos",
    "public",
    "static",
    "templates",
    "uploads",
    "views",
    "www",
];

/// Endings of files that programs read.
const DATA: &[&str] = &["csv", "ejs", "graphql", "hbs", "html", "json", "md", "pem", "proto", "pug", "sql", "txt", "xml", "yaml", "yml"];

/// Files at the root that configure tools.
fn configures_a_tool(name: &str) -> bool {
    const STEMS: &[&str] = &["gulpfile", "gruntfile", "Gruntfile", "Gulpfile", "knexfile", "dangerfile", "wallaby", "karma", "protractor"];
    let stem = name.split('.').next().unwrap_or(name);
    name.starts_with('.')
        || name.contains(".config.")
        || name.contains(".conf.")
        || name.contains(".test.")
        || name.contains(".spec.")
        || name.ends_with(".d.ts")
        || STEMS.contains(&stem)
}

/// Whether a file, seen from its package, is for those who work on it.
pub fn is_of_tools(path: &str) -> bool {
    path.split_once('/').map_or_else(|| configures_a_tool(path), |(folder, _)| folder.starts_with('.') || NOT_READ.contains(&folder))
}

/// The folders and files that a program which runs from its source needs: code, and what code names. Folders end with a slash.
pub fn of_source(dir: &Dir<'_>, texts: &[Rc<Text>], start: &[String]) -> Vec<String> {
    let read = |name: &&str| !name.starts_with('.') && (!NOT_READ.contains(name) || is_reached(name, texts, start));
    let mut found: Vec<String> = dir.folders().filter(read).map(|name| format!("{name}/")).collect();
    let code = |name: &str| {
        name.rsplit_once('.').is_some_and(|(_, ending)| matches!(ending, "js" | "mjs" | "cjs" | "ts" | "mts" | "cts" | "tsx" | "jsx" | "node" | "wasm"))
    };
    let wanted =
        |name: &&str| start.iter().any(|word| word.trim_start_matches("./") == *name) || code(name) && !configures_a_tool(name) || is_data(name, texts);
    found.extend(dir.files().filter(wanted).map(ToOwned::to_owned));
    found
}

/// Whether the command starts a file of a folder, or the code names one by a path.
fn is_reached(folder: &str, texts: &[Rc<Text>], start: &[String]) -> bool {
    const BELOW: &str = r#"["'`](?:\.{1,2}/)+([\w-]+)/"#;
    const JOINED: &str = r#"(?:__dirname|\bdirname|\bcwd\(\))\s*,\s*["'`](?:\.{0,2}/)*([\w-]+)["'`/]"#;
    const READ: &str = r#"(?:static|sendFile|readFile|readFileSync|readdirSync|createReadStream)\(\s*["'`]([\w-]+)["'`/]"#;
    let starts = start.iter().any(|word| word.trim_start_matches("./").split_once('/').is_some_and(|(first, _)| first == folder));
    let names = |text: &str, pattern: &'static str| {
        pattern::kept(pattern).is_some_and(|found| found.captures_iter(text).any(|groups| groups.get(1).is_some_and(|name| name.as_str() == folder)))
    };
    folder != "node_modules" && (starts || texts.iter().any(|text| [BELOW, JOINED, READ].iter().any(|pattern| names(text.as_str(), pattern))))
}

/// The folders of a project that its program does not read.
pub fn unread(dir: &Dir<'_>, texts: &[Rc<Text>], start: &[String]) -> Vec<String> {
    dir.folders().filter(|name| NOT_READ.contains(name) && *name != "node_modules" && !is_reached(name, texts, start)).map(ToOwned::to_owned).collect()
}

/// Whether a folder holds files that lie in none of these others.
pub fn has_code_outside(dir: &Dir<'_>, others: &[RelPath]) -> bool {
    let inside = others.iter().any(|other| other.below(dir.path()).is_some());
    !inside || dir.files_below().any(|file| !others.iter().any(|other| file.below(other).is_some()) && !is_manifest(file.name()))
}

/// Whether a file at the root is one that the program reads.
fn is_data(name: &str, texts: &[Rc<Text>]) -> bool {
    // Some check that no variable of the example is missing.
    if name == ".env.example" {
        return is_named(name, texts) || texts.iter().any(|text| text.as_str().contains("dotenv-safe"));
    }
    let data = name.rsplit_once('.').is_some_and(|(_, ending)| DATA.contains(&ending));
    data && !is_manifest(name) && !configures_a_tool(name) && is_named(name, texts)
}

/// The folders and files beside its compiled form that a program names.
pub fn of_compiled(dir: &Dir<'_>, texts: &[Rc<Text>], start: &[String]) -> Vec<String> {
    // What a file of settings names, the program reads.
    let settings: Vec<Rc<Text>> =
        dir.dir("config").files_below().filter(|file| super::ending(file.name()) == "json").filter_map(|file| dir.tree().read(file).ok()?).collect();
    let with_settings: Vec<Rc<Text>> = texts.iter().chain(settings.iter().filter(|_| reads_settings(texts))).cloned().collect();
    let texts = with_settings.as_slice();
    let mut found: Vec<String> = ASSETS
        .iter()
        .filter(|name| !dir.dir(name).files_below().take(1).count().eq(&0) && (is_named(name, texts) || **name == "config" && reads_settings(texts)))
        .map(|name| format!("{name}/"))
        .collect();
    let wanted = |name: &&str| start.iter().any(|word| word.trim_start_matches("./") == *name) || is_data(name, texts);
    found.extend(dir.files().filter(wanted).map(ToOwned::to_owned));
    found
}

/// Whether a library reads the files of `config/` for the program, which does not name them. (node-config/node-config)
fn reads_settings(texts: &[Rc<Text>]) -> bool {
    const LIBRARIES: &[&str] = &["from 'config'", "from \"config\"", "require('config')", "require(\"config\")", "@feathersjs/configuration"];
    texts.iter().any(|text| LIBRARIES.iter().any(|library| text.as_str().contains(library)))
}

/// Whether a file at the root says what the project is, and is none of its data.
pub fn is_manifest(name: &str) -> bool {
    matches!(
        name,
        "package.json" | "package-lock.json" | "npm-shrinkwrap.json" | "pnpm-lock.yaml" | "pnpm-workspace.yaml" | "yarn.lock" | "bun.lock" | "bun.lockb"
    ) || name.starts_with("tsconfig")
        || name.starts_with("README")
        || name.starts_with("LICENSE")
}

/// Whether a name stands in a string of the source code, alone or as a part of a path.
pub fn is_named(name: &str, texts: &[Rc<Text>]) -> bool {
    texts.iter().any(|text| {
        let text = text.as_str();
        text.match_indices(name).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + name.len()..].chars().next();
            matches!(before, Some('"' | '\'' | '`' | '/')) && matches!(after, Some('"' | '\'' | '`' | '/'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{of_compiled, of_source, unread};
    use crate::detect::source::files;
    use crate::fs::Tree;

    #[test]
    fn a_program_gets_what_it_reads_and_nothing_else() {
        let tree = Tree::memory([
            ("server.js", "app.use(express.static('public')); require('./data.json'); './views/'"),
            ("lib/a.js", ""),
            ("public/index.html", ""),
            ("views/home.ejs", ""),
            ("data.json", ""),
            ("other.json", ""),
            ("eslint.config.js", ""),
            ("test/a.js", ""),
            ("package.json", ""),
            ("README.md", ""),
        ]);
        let texts = files(&tree.root(), &["js"], &[]);
        assert_eq!(of_source(&tree.root(), &texts, &[]), ["lib/", "public/", "views/", "data.json", "server.js"]);
        assert_eq!(of_compiled(&tree.root(), &texts, &[]), ["public/", "views/", "data.json"]);
    }

    #[test]
    fn folders_of_tools_are_read_where_the_program_lies_in_them_or_names_them() {
        let code = "import { Kind } from '../types/kind.ts';\nconst guide = path.join(import.meta.dirname, '../../docs/guide.md');\nres.redirect('/test/');";
        let tree = Tree::memory([("scripts/server.ts", code), ("types/kind.ts", ""), ("docs/guide.md", ""), ("test/a.ts", ""), ("e2e/a.ts", "")]);
        let texts = [tree.root().peek("scripts/server.ts").expect("the program")];
        let start = ["node", "./scripts/server.ts"].map(ToOwned::to_owned);
        assert_eq!(of_source(&tree.root(), &texts, &start), ["docs/", "scripts/", "types/"]);
        assert_eq!(unread(&tree.root(), &texts, &start), ["e2e", "test"]);
    }
}
