//! Node.js runs TypeScript itself: it strips the types, and does no more than that.

use std::rc::Rc;

use super::project::Project;
use super::script::{self, BIN};
use super::start;
use super::typescript::{self, Output};
use crate::detect::source;
use crate::fs::Text;
use crate::manifest::{Node, pattern};
use crate::model::{Cmd, Decision, Diagnostic, Evidence, ServiceDraft, Source};

/// Flags after which Node.js, or what it loads first, reads more than stripped types.
const LOADERS: &[&str] = &["--import", "--loader", "--experimental-loader", "--require", "-r", "--experimental-transform-types"];

/// What stands in the way of a start command that gives Node.js a TypeScript file.
pub fn obstacles(draft: &ServiceDraft, project: &Project<'_>, texts: &[Rc<Text>]) -> Result<Vec<Diagnostic>, Diagnostic> {
    draft.start.as_ref().map_or_else(|| Ok(Vec::new()), |start| of(start, draft, project, texts))
}

/// The same of any command.
pub fn of(start: &Decision<Cmd>, draft: &ServiceDraft, project: &Project<'_>, texts: &[Rc<Text>]) -> Result<Vec<Diagnostic>, Diagnostic> {
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
        let message = "Node.js strips types and compiles nothing: an enum, a namespace, a parameter property or a decorator stops the program";
        let help = "write it without one, compile it in a build script, or run it by tsx";
        found.push(Diagnostic::warning("no-type-stripping", message).at(place).help(help));
    }
    if let Some(place) = mixed_syntax(texts) {
        let message = "Node.js takes a file with `import` for a module, and a module knows no `__dirname`";
        let help = "use import.meta.dirname, or compile it in a build script";
        found.push(Diagnostic::warning("no-type-stripping", message).at(place).help(help));
    }
    if let Some(place) = incomplete_import(texts)? {
        let message = "Node.js finds a module of TypeScript only by its file's full name";
        let help = "write `./name.ts` with `rewriteRelativeImportExtensions`, or compile it in a build script";
        found.push(Diagnostic::warning("no-type-stripping", message).at(place).help(help));
    }
    if let Some(place) = aliased_import(project, texts)? {
        let message = "Node.js does not read `paths` of tsconfig.json: it finds no module by such a name";
        let help = "name it in `imports` of package.json, or run it by tsx";
        found.push(Diagnostic::warning("no-type-stripping", message).at(place).help(help));
    }
    Ok(found)
}

/// An import by a name that tsconfig.json alone leads to a file.
fn aliased_import(project: &Project<'_>, texts: &[Rc<Text>]) -> Result<Option<Evidence>, Diagnostic> {
    let mut aliases = typescript::aliases(&project.dir)?;
    // What the manifest maps too, or installs, Node.js finds.
    let mapped: Vec<&str> = project.package.iter().filter_map(|package| package.doc.get(&["imports"])).flat_map(Node::entries).map(|(name, _)| name).collect();
    let found = |alias: &str| mapped.iter().filter_map(|name| name.split('*').next()).any(|name| alias.starts_with(name));
    aliases.retain(|alias| !found(alias) && !project.has_dependency(alias.trim_end_matches('/')));
    if aliases.is_empty() {
        return Ok(None);
    }
    let pattern = pattern::pattern(r#"(?:\bfrom|\bimport|\brequire\()\s*["']([^"']+)["']"#).map_err(|error| Diagnostic::error("pattern", error.to_string()))?;
    let typed: Vec<Rc<Text>> = typed(texts).cloned().collect();
    let named = |hit: &source::Hit| aliases.iter().any(|alias| if alias.ends_with('/') { hit.value.starts_with(alias) } else { hit.value == *alias });
    Ok(source::find_all(&typed, &pattern, "//").into_iter().find(named).map(|hit| hit.at))
}

/// What runs in place of a TypeScript file that Node.js can't run as it is: its compiled form, where the compiler and its output
/// folder are the project's, else the program that the project starts it with for development. Whether something does.
pub fn replace(draft: &mut ServiceDraft, project: &Project<'_>, output: Option<&Output>) -> Result<bool, Diagnostic> {
    let Some(package) = project.package.as_ref().filter(|_| project.root.is_none()) else { return Ok(false) };
    let Some(Decision { value: Cmd::Exec(words), source: Source::Inferred { .. }, .. }) = &draft.start else { return Ok(false) };
    let Some(file) = script::run_file(words).map(|file| file.trim_start_matches("./").to_owned()) else { return Ok(false) };
    if !project.has_script("build")
        && typescript::aliases(&project.dir)?.is_empty()
        && package.dependency("typescript").is_some()
        && let Some(output) = output
        && let Some(compiled) = typescript::compiled(&file, output)
        && typescript::runs_compiled(&project.dir)?
    {
        draft.start = Some(Decision::new(project.runtime.runs(&compiled), Source::inferred("the compiled form of the program", [output.at.clone()])));
        let compiler = Cmd::Shell(format!("{BIN}tsc"));
        draft.build = Some(Decision::new(compiler, Source::inferred("its imports need the compiler's folder", [output.at.clone()])));
        return Ok(true);
    }
    let Some(runner) = ["tsx", "ts-node"].iter().find_map(|name| package.dependency(name)) else { return Ok(false) };
    let own = start::for_development(project).filter(|own| own.value.program().is_some_and(|program| program.ends_with(&runner.name)));
    let command = own.map_or_else(|| Cmd::exec([format!("{BIN}{}", runner.name), file]), |own| own.value);
    draft.start = Some(Decision::new(command, Source::inferred("the program that the project runs TypeScript with", [runner.at.clone()])));
    Ok(true)
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

fn typed(texts: &[Rc<Text>]) -> impl Iterator<Item = &Rc<Text>> {
    texts.iter().filter(|text| text.path().name().ends_with("ts") && !text.path().name().ends_with(".d.ts"))
}

/// What only the older kind of modules knows, in a file that is written as the newer kind.
fn mixed_syntax(texts: &[Rc<Text>]) -> Option<Evidence> {
    let syntax = pattern::kept(r"(?m)^(?:import|export)\b")?;
    let own = pattern::kept(r"(\b__(?:dirname|filename)\b)")?;
    let declared = |text: &str| text.contains("const __dirname") || text.contains("const __filename");
    let both: Vec<Rc<Text>> = typed(texts).filter(|text| syntax.is_match(text.as_str()) && !declared(text.as_str())).cloned().collect();
    source::find(&both, &own, "//").map(|hit| hit.at)
}

/// A relative import without its ending, or with the ending that the compiler's output would have.
fn incomplete_import(texts: &[Rc<Text>]) -> Result<Option<Evidence>, Diagnostic> {
    let pattern = pattern::pattern(r#"^\s*(?:import|export|(?:const|let|var)\s[^=]*=\s*require\()[^'"]*['"](\.{1,2}/[^'"]*)['"]"#)
        .map_err(|error| Diagnostic::error("pattern", error.to_string()))?;
    let is_there = |text: &Text, name: &str| {
        let folder = text.path().parent();
        folder.and_then(|folder| folder.join(name)).is_some_and(|path| texts.iter().any(|other| *other.path() == path))
    };
    for text in typed(texts) {
        for (number, line) in text.lines().filter(|(_, line)| !line.contains("import type")) {
            let Some(name) = pattern.captures(line).and_then(|found| found.get(1)) else { continue };
            let last = name.as_str().rsplit('/').next().unwrap_or_default();
            let whole = last.rsplit_once('.').is_some_and(|(_, ending)| match ending {
                "ts" | "mts" | "cts" | "json" | "node" | "wasm" => true,
                "js" | "mjs" | "cjs" => is_there(text, name.as_str()),
                _ => false,
            });
            if !whole {
                return Ok(Some(Evidence::line(text.path().clone(), number, line.trim())));
            }
        }
    }
    Ok(None)
}

fn compiled_syntax(texts: &[Rc<Text>]) -> Result<Option<Evidence>, Diagnostic> {
    const COMPILED: &str =
        r"(?m)(^(?:export )?(?:const )?(?:enum|namespace) \w+ \{|\bconstructor\([^)]{0,400}?\b(?:private|public|protected|readonly) +\w|^\s*@[A-Z]\w+\()";
    let typed: Vec<Rc<Text>> = typed(texts).cloned().collect();
    let pattern = pattern::pattern(COMPILED).map_err(|error| Diagnostic::error("pattern", error.to_string()))?;
    Ok(source::find(&typed, &pattern, "//").map(|hit| hit.at))
}

#[cfg(test)]
mod tests {
    use super::strips;
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    /// The start and build commands of a program in two files.
    fn commands(import: &str, tsconfig: &str) -> (String, Option<String>) {
        let package = r#"{"name": "a", "scripts": {"start": "tsx src/index.ts"}, "devDependencies": {"tsx": "4", "typescript": "5"}}"#;
        let index = format!("import {{ port }} from '{import}';\nserver.listen(port);\n");
        let files = [("package.json", package), ("tsconfig.json", tsconfig), ("src/index.ts", index.as_str()), ("src/port.ts", "export const port = 1;\n")];
        let found = detect(&Tree::memory(files), &Answers::default());
        let draft = &found.services[0];
        (draft.start.as_ref().expect("a start").value.to_string(), draft.build.as_ref().map(|build| build.value.to_string()))
    }

    #[test]
    fn imports_decide_what_runs_types() {
        let common = r#"{"compilerOptions": {"module": "CommonJS", "outDir": "out", "rootDir": "src"}}"#;
        let bundled = r#"{"compilerOptions": {"module": "esnext", "outDir": "out", "rootDir": "src"}}"#;
        assert_eq!(commands("./port.ts", common), ("node src/index.ts".to_owned(), None));
        assert_eq!(commands("./port", common), ("node out/index.js".to_owned(), Some("node_modules/.bin/tsc".to_owned())));
        assert_eq!(commands("./port.js", bundled), ("node_modules/.bin/tsx src/index.ts".to_owned(), None));
        let aliased = r#"{"compilerOptions": {"module": "CommonJS", "outDir": "out", "rootDir": "src", "paths": {"@/*": ["./src/*"]}}}"#;
        assert_eq!(commands("@/port", aliased), ("node_modules/.bin/tsx src/index.ts".to_owned(), None));
    }

    #[test]
    fn names_that_the_manifest_maps_are_found() {
        let noted = |imports: &str| {
            let package = format!(r#"{{"scripts": {{"start": "node server.ts"}}, "imports": {imports}, "dependencies": {{"@a/db": "1"}}}}"#);
            let tsconfig = r##"{"compilerOptions": {"paths": {"#lib/*": ["./lib/*"], "@a/db": ["../db"]}}}"##;
            let server = "import { a } from '#lib/a.ts';\nimport { db } from '@a/db';\na(db);\n";
            let found = detect(&Tree::memory([("package.json", package.as_str()), ("tsconfig.json", tsconfig), ("server.ts", server)]), &Answers::default());
            found.services[0].notes.iter().any(|note| note.id == "no-type-stripping")
        };
        assert!(noted("{}"));
        assert!(!noted(r##"{"#lib/*": "./lib/*"}"##));
    }

    #[test]
    fn syntax_that_is_compiled_is_known() {
        let stops = |source: &str| {
            super::compiled_syntax(&crate::detect::source::files(&Tree::memory([("a.ts", source)]).root(), &["ts"], &[])).expect("a pattern").is_some()
        };
        for source in ["export const enum A {}\n", "class A {\n  constructor(\n    private readonly b: B,\n  ) {}\n}\n", "@Injectable()\nclass A {}\n"] {
            assert!(stops(source), "{source}");
        }
        assert!(!stops("class A {\n  private b = 1\n  constructor(b: B) { this.b = b }\n}\n/**\n * @Deprecated(x)\n */\n"));
    }

    #[test]
    fn a_guess_that_is_known_to_fail_is_none() {
        let severity = |start: &str| {
            let package = format!(r#"{{"scripts": {{{start}}}, "dependencies": {{"fastify": "5"}}}}"#);
            let files = [
                ("package.json", package.as_str()),
                ("src/main.ts", "import { a } from './a'\na.listen({ port: 1 })\n"),
                ("src/a.ts", "export const a = f()\n"),
            ];
            let other = ("src/other.ts", "enum Never { A }\n");
            let found = detect(&Tree::memory(files.into_iter().chain([other])), &Answers::default());
            found.services[0].notes.iter().filter(|note| note.id == "no-type-stripping").map(|note| note.severity).collect::<Vec<_>>()
        };
        assert_eq!(severity(""), [crate::model::Severity::Error]);
        assert_eq!(severity(r#""start": "node src/main.ts""#), [crate::model::Severity::Warning]);
    }

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
