//! Where the TypeScript compiler writes.

use super::ending;
use crate::fs::Dir;
use crate::manifest::{Document, Package};
use crate::model::{Diagnostic, Evidence};

/// How many files may extend each other.
const DEEPEST: usize = 4;

/// The compiler's folders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// `outDir`, relative to the package.
    pub folder: String,
    /// The folder whose content lands in it: `rootDir`, or what is included.
    pub from: String,
    /// Where that stands.
    pub at: Evidence,
}

/// The settings that the build script names, else `tsconfig.build.json`, else `tsconfig.json`.
pub fn output(dir: &Dir<'_>, package: &Package) -> Result<Option<Output>, Diagnostic> {
    let script = package.script("build").map(|(text, _)| text.to_owned()).unwrap_or_default();
    let named = script.split_whitespace().find(|word| ending(word) == "json" && dir.has(word));
    let nest = dir.has("nest-cli.json").then_some("tsconfig.build.json");
    let Some(file) = named.or_else(|| dir.first_of(nest.into_iter().chain(["tsconfig.json", "tsconfig.build.json"]))) else { return Ok(None) };
    let folder = setting(dir, file, &["compilerOptions", "outDir"], DEEPEST)?;
    let from = setting(dir, file, &["compilerOptions", "rootDir"], DEEPEST)?;
    // The flag beats the file.
    let flag = || {
        let (text, at) = package.script("build")?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let folder = words.windows(2).find(|pair| pair[0] == "--outDir")?[1].trim_matches(['"', '\'']);
        Some((crate::model::RelPath::new(folder)?.as_str().to_owned(), at))
    };
    let Some((folder, at)) = flag().or(folder) else { return Ok(None) };
    let from = match from {
        Some((from, _)) => from,
        None if included_only(dir, file, "src")? || only_in_src(dir) => "src".to_owned(),
        None => String::new(),
    };
    Ok(Some(Output { folder, from, at }))
}

/// A path among the compiler's settings, relative to the package, from the file or those that it extends.
fn setting(dir: &Dir<'_>, file: &str, keys: &[&str], depth: usize) -> Result<Option<(String, Evidence)>, Diagnostic> {
    let Some(doc) = Document::read(dir, file)? else { return Ok(None) };
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    if let Some((text, at)) = doc.string(keys) {
        let text = text.trim_start_matches("${configDir}/");
        return Ok(crate::model::RelPath::known(folder).join(text).map(|path| (path.as_str().to_owned(), at)));
    }
    let extends = doc.get(&["extends"]);
    let parents = extends.into_iter().flat_map(|node| node.str().into_iter().chain(node.items().filter_map(crate::manifest::Node::str)));
    for parent in parents {
        let parent = if parent.contains('.') && ending(parent) != "json" { format!("{parent}.json") } else { parent.to_owned() };
        let path = format!("{folder}/{parent}");
        // What lies outside the package's folder, or in a package, says nothing of the package's own folders.
        if depth > 0
            && parent.starts_with('.')
            && !parent.starts_with("..")
            && let Some(found) = setting(dir, path.trim_start_matches('/'), keys, depth - 1)?
        {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

fn included_only(dir: &Dir<'_>, file: &str, folder: &str) -> Result<bool, Diagnostic> {
    let Some(doc) = Document::read(dir, file)? else { return Ok(false) };
    let included: Vec<&str> = doc.get(&["include"]).into_iter().flat_map(|node| node.items().filter_map(crate::manifest::Node::str)).collect();
    Ok(!included.is_empty() && included.iter().all(|path| path.trim_start_matches("./").split('/').next() == Some(folder)))
}

/// Whether all sources lie in `src`: then the compiler takes it for its root.
fn only_in_src(dir: &Dir<'_>) -> bool {
    let source = |path: &&crate::model::RelPath| ending(path.name()) == "ts" && !path.name().ends_with(".d.ts") && !path.name().contains(".config.");
    let mut all = dir.files_below().filter(source).filter_map(|path| path.below(dir.path())).peekable();
    all.peek().is_some() && all.all(|path| path.starts_with("src/"))
}

/// The settings that count when a source is run as it is, with the files of the package that they extend: the names of modules, JSX and
/// decorators; `whole` for a runner that reads all of them.
pub fn read_when_run(dir: &Dir<'_>, whole: bool) -> Result<Vec<String>, Diagnostic> {
    const KEYS: &[&str] = &["paths", "baseUrl", "jsxImportSource", "experimentalDecorators"];
    let (mut found, mut open, mut counts) = (Vec::new(), vec!["tsconfig.json".to_owned()], whole);
    while let Some(file) = open.pop().filter(|_| found.len() <= DEEPEST) {
        let Some(doc) = Document::read(dir, &file)? else { continue };
        counts |= KEYS.iter().any(|key| doc.get(&["compilerOptions", key]).is_some());
        let extends = doc.get(&["extends"]);
        let parents = extends.into_iter().flat_map(|node| node.str().into_iter().chain(node.items().filter_map(crate::manifest::Node::str)));
        open.extend(
            parents
                .filter_map(|parent| parent.strip_prefix("./"))
                .map(|parent| if ending(parent) == "json" { parent.to_owned() } else { format!("{parent}.json") }),
        );
        // A package's settings may say anything.
        counts |= extends.is_some() && open.is_empty();
        found.push(file);
    }
    Ok(if counts { found } else { Vec::new() })
}

/// The names that the compiler alone finds modules by, without their star. (`paths` of the TypeScript handbook: the compiler does not rewrite them)
pub fn aliases(dir: &Dir<'_>) -> Result<Vec<String>, Diagnostic> {
    let Some(doc) = Document::read(dir, "tsconfig.json")? else { return Ok(Vec::new()) };
    let keys = doc.get(&["compilerOptions", "paths"]).into_iter().flat_map(crate::manifest::Node::entries);
    Ok(keys.map(|(key, _)| key.trim_end_matches('*').to_owned()).filter(|key| !key.is_empty()).collect())
}

/// Whether Node.js runs what the compiler writes: it writes modules for `require`, or holds imports to Node.js's own rules.
pub fn runs_compiled(dir: &Dir<'_>) -> Result<bool, Diagnostic> {
    let Some(doc) = Document::read(dir, "tsconfig.json")? else { return Ok(false) };
    let silent = doc.get(&["compilerOptions", "noEmit"]).and_then(crate::manifest::Node::bool) == Some(true);
    let module = doc.str(&["compilerOptions", "module"]).unwrap_or_default().to_ascii_lowercase();
    Ok(!silent && ["commonjs", "node16", "node18", "node20", "nodenext"].contains(&module.as_str()))
}

/// The compiled form of a source file.
pub fn compiled(source: &str, output: &Output) -> Option<String> {
    let tail = if output.from.is_empty() { source } else { source.strip_prefix(&output.from)?.strip_prefix('/')? };
    let (stem, ending) = tail.rsplit_once('.')?;
    let ending = match ending {
        "mts" => "mjs",
        "cts" => "cjs",
        _ => "js",
    };
    Some(format!("{}/{stem}.{ending}", output.folder))
}

#[cfg(test)]
mod tests {
    use super::{compiled, output};
    use crate::fs::Tree;
    use crate::manifest::Package;

    #[test]
    fn the_output_folder_is_followed_through_extends() {
        let tree = Tree::memory([
            ("package.json", r#"{"scripts": {"build": "tsc -p tsconfig.build.json"}}"#),
            ("tsconfig.build.json", "{ // built\n \"extends\": \"./tsconfig.json\" }"),
            ("tsconfig.json", r#"{"compilerOptions": {"outDir": "./out"}, "include": ["src/**/*"]}"#),
            ("src/main.ts", ""),
        ]);
        let package = Package::read(&tree.root()).expect("parses").expect("there");
        let found = output(&tree.root(), &package).expect("parses").expect("an output");
        assert_eq!((found.folder.as_str(), found.from.as_str()), ("out", "src"));
        assert_eq!(compiled("src/main.ts", &found).as_deref(), Some("out/main.js"));
    }
}
