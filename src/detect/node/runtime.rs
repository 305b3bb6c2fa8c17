//! Node.js or Bun: which of them runs a package.

use super::script::{self, Script};
use super::{ending, start};
use crate::detect::source;
use crate::fs::Dir;
use crate::manifest::{Package, pattern, procfile, tool_versions};
use crate::model::{Cmd, Diagnostic, Evidence};

/// What runs the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// Node.js.
    Node,
    /// Bun.
    Bun,
}

impl Runtime {
    /// The stack's name, which is the program's too.
    pub fn id(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Bun => "bun",
        }
    }

    /// The command that runs a file.
    pub fn runs(self, file: &str) -> Cmd {
        match self {
            Self::Node => Cmd::exec(["node", file]),
            Self::Bun => Cmd::exec(["bun", "run", file]),
        }
    }

    /// The command that runs a file, and starts it again when a source changes.
    pub fn watches(self, file: &str) -> Cmd {
        match self {
            Self::Node => Cmd::exec(["node", "--watch", file]),
            Self::Bun => Cmd::exec(["bun", "--watch", "run", file]),
        }
    }
}

/// Packages that mark a program for Bun: its types, and a framework that is made for it.
const MARKS: &[&str] = &["elysia", "@types/bun", "bun-types"];

/// Packages that adapt a server to Node.js.
const ADAPTERS: &[&str] = &["@hono/node-server", "@elysiajs/node"];

/// Where a package says that Bun runs it; `None`: Node.js does.
///
/// What its scripts start in production decides: a lock file alone only says which package manager installs it. Without such a script it is the program
/// that is built, then what is named (`engines`, types of Bun's own), then what the source calls. `root` is the folder that holds the lock file.
pub fn on_bun(dir: &Dir<'_>, package: &Package, root: &Dir<'_>) -> Result<Option<Evidence>, Diagnostic> {
    let mut starts: Vec<Script> = procfile::read(dir)?
        .into_iter()
        .filter(|process| process.name == "web")
        .filter_map(|process| script::parse(package, &process.command, process.at, 4))
        .collect();
    starts.extend(start::SCRIPTS.iter().filter_map(|name| script::named(package, name)));
    let executable = executable(package);
    if let Some(script) = starts.into_iter().next() {
        match &script.command {
            Cmd::Exec(words) if script.program() == "bun" => return Ok((!runs_front(dir, package, words)).then_some(script.at)),
            Cmd::Exec(words) => {
                let own = executable.as_ref().filter(|made| words[0].trim_start_matches("./") == made.file);
                return Ok(own.map(|made| made.at.clone()));
            }
            Cmd::Shell(text) => {
                // `pm2 start --interpreter ~/.bun/bin/bun`
                let words: Vec<&str> = text.split([' ', ';', '&', '|', '/', '=']).collect();
                return Ok((words.contains(&"bun") && !words.contains(&"node")).then_some(script.at));
            }
        }
    }
    // What is bundled for Bun runs on nothing else.
    if let Some((text, at)) = package.script("build")
        && text.contains("bun build")
        && ["--target bun", "--target=bun"].iter().any(|flag| text.contains(flag))
    {
        return Ok(Some(at));
    }
    if ADAPTERS.iter().any(|name| package.dependency(name).is_some()) || is_for_node(package) || runs_front(dir, package, &[]) {
        return Ok(None);
    }
    if let Some(made) = executable {
        return Ok(Some(made.at));
    }
    let stated = package.doc.string(&["engines", "bun"]).map(|(_, at)| at);
    let file = tool_versions::single(dir, ".bun-version")?.map(|(_, at)| at);
    let named = MARKS.iter().find_map(|name| package.dependency(name)).map(|dependency| dependency.at);
    let developed = ["dev", "start:dev", "watch"].iter().find_map(|name| script::named(package, name)).filter(|script| script.program() == "bun");
    if let Some(at) = stated.or(file).or(named).or(developed.map(|script| script.at)) {
        return Ok(Some(at));
    }
    let locked = ["bun.lock", "bun.lockb", "bunfig.toml"].iter().any(|file| root.has(file));
    if locked { calls(dir) } else { Ok(None) }
}

/// Where the source calls what only Bun has.
pub fn calls(dir: &Dir<'_>) -> Result<Option<Evidence>, Diagnostic> {
    let pattern = pattern::pattern(r#"(\bBun\.(?:serve|file|env|write|spawn|sql|listen)\b|\bfrom ["']bun(?::\w+)?["'])"#)
        .map_err(|error| Diagnostic::error("pattern", error.to_string()))?;
    let texts = source::files(dir, &["ts", "tsx", "js", "mjs", "jsx"], &[]);
    Ok(source::find(&texts, &pattern, "//").map(|hit| hit.at))
}

/// Whether its programs are written for Node.js: it names it, or compiles to JavaScript that is published.
fn is_for_node(package: &Package) -> bool {
    let stated = package.doc.str(&["engines", "node"]).is_some() || package.doc.get(&["volta"]).is_some();
    let compiled = package.script("build").is_some_and(|(text, _)| text.split([' ', '/']).any(|word| matches!(word, "tsc" | "tsup" | "tsdown" | "unbuild")));
    let main = package.doc.str(&["main"]).is_some_and(|main| matches!(ending(main), "js" | "cjs" | "mjs"));
    (stated || compiled && main) && package.doc.str(&["engines", "bun"]).is_none()
}

/// Whether what it runs is the command line of a framework that makes pages, which has its own way of being served.
fn runs_front(dir: &Dir<'_>, package: &Package, words: &[String]) -> bool {
    let file = script::file_of_bun(words).is_some_and(|file| file.contains(['/', '.']));
    let tool = |name: &str| package.dependency(name).is_some();
    !file
        && ["next", "nuxt", "astro", "vite", "@sveltejs/kit", "react-scripts", "gatsby", "@angular/core"].iter().any(|name| tool(name))
        && (!words.is_empty() || !has_server(dir))
}

/// Whether a file at the usual places starts a server of Bun's.
fn has_server(dir: &Dir<'_>) -> bool {
    let files = ["index.ts", "server.ts", "src/index.ts", "src/server.ts", "src/index.tsx", "src/main.ts"];
    files.iter().any(|file| dir.peek(file).is_some_and(|text| text.as_str().contains("Bun.serve(") || text.as_str().contains("from \"bun\"")))
}

/// A program that `bun build --compile` makes.
#[derive(Clone, Debug)]
pub struct Executable {
    /// Its file, relative to the package.
    pub file: String,
    /// The script that makes it.
    pub script: String,
    /// What it is made of.
    pub source: String,
    /// Where that stands.
    pub at: Evidence,
}

/// What the package's scripts compile into one program.
pub fn executable(package: &Package) -> Option<Executable> {
    ["build", "compile", "build:prod", "build:binary", "build:bin"].iter().find_map(|name| {
        let (text, at) = package.script(name)?;
        let part = text.split("&&").find(|part| part.contains("bun build") && part.contains("--compile"))?;
        let words = shlex::split(part)?;
        let named = words.iter().find_map(|word| word.strip_prefix("--outfile=").map(ToOwned::to_owned));
        let after = words.iter().position(|word| word == "--outfile").and_then(|place| words.get(place + 1)).cloned();
        let source = words.iter().skip(2).find(|word| matches!(ending(word), "ts" | "tsx" | "js" | "mjs") && !word.starts_with('-')).cloned()?;
        let stem = source.rsplit('/').next().and_then(|file| file.rsplit_once('.')).map(|(stem, _)| stem.to_owned());
        let file = named.or(after).or(stem)?;
        Some(Executable { file: file.trim_start_matches("./").to_owned(), script: (*name).to_owned(), source: source.trim_start_matches("./").to_owned(), at })
    })
}

#[cfg(test)]
mod tests {
    use super::on_bun;
    use crate::fs::Tree;
    use crate::manifest::Package;

    fn at(package: &str, others: &[(&str, &str)]) -> Option<String> {
        let files = std::iter::once(("package.json", package)).chain(others.iter().copied());
        let tree = Tree::memory(files);
        let package = Package::read(&tree.root()).expect("parses").expect("there");
        on_bun(&tree.root(), &package, &tree.root()).expect("reads").map(|at| at.place())
    }

    #[test]
    fn what_starts_in_production_decides() {
        let lock = ("bun.lock", "{}");
        assert_eq!(at(r#"{"scripts": {"start": "bun run src/index.ts"}}"#, &[]).as_deref(), Some("package.json:1"));
        assert_eq!(at(r#"{"scripts": {"start": "NODE_ENV=production bun src/index.ts"}}"#, &[]).as_deref(), Some("package.json:1"));
        assert_eq!(at(r#"{"scripts": {"start": "node dist/index.js"}, "devDependencies": {"@types/bun": "1"}}"#, &[lock]), None);
        assert_eq!(at(r#"{"scripts": {"start": "bun --bun next start"}, "dependencies": {"next": "16"}}"#, &[lock]), None);
        assert_eq!(at(r#"{"scripts": {"dev": "vite"}, "devDependencies": {"vite": "7", "@types/bun": "1"}}"#, &[lock]), None);
        assert_eq!(at(r#"{"scripts": {"build": "bun build --compile src/a.ts --outfile a", "start": "./a"}}"#, &[lock]).as_deref(), Some("package.json:1"));
    }

    #[test]
    fn without_a_start_script_the_signs_do() {
        let lock = ("bun.lock", "{}");
        assert_eq!(at(r#"{"module": "index.ts", "devDependencies": {"@types/bun": "latest"}}"#, &[]).as_deref(), Some("package.json:1"));
        assert_eq!(at(r#"{"dependencies": {"hono": "4"}, "scripts": {"dev": "bun run --hot src/index.ts"}}"#, &[]).as_deref(), Some("package.json:1"));
        assert_eq!(at(r#"{"dependencies": {"hono": "4", "@hono/node-server": "1"}}"#, &[lock]), None);
        let bundled = r#"{"dependencies": {"@hono/node-server": "1"}, "scripts": {"build": "bun build src/a.ts --target=bun --outdir dist"}}"#;
        assert_eq!(at(bundled, &[lock]).as_deref(), Some("package.json:1"));
        assert_eq!(at(r#"{"name": "a"}"#, &[lock, ("index.ts", "\nBun.serve({})")]).as_deref(), Some("index.ts:2"));
        assert_eq!(at(r#"{"name": "a"}"#, &[lock, ("index.ts", "console.log(1)")]), None);
        assert_eq!(at(r#"{"main": "dist/index.js", "scripts": {"build": "tsc"}, "devDependencies": {"@types/bun": "1"}}"#, &[lock]), None);
    }
}
