//! Stacks of which the manifest says enough: their package manager, and a version where it stands in a plain place.

use super::{Recogniser, look};
use crate::detect::{Found, source};
use crate::fs::Dir;
use crate::manifest::{properties, tool_versions};
use crate::model::{Claim, Decision, Diagnostic, Evidence, ServiceDraft, Source, Strength};

/// The recogniser.
pub const BRIEF: Recogniser =
    Recogniser { stacks: &["clojure", "crystal", "dart", "erlang", "gleam", "haskell", "julia", "nim", "ocaml", "perl", "swift"], claims, draft };

/// A stack by its manifests.
struct Row {
    stack: &'static str,
    manager: &'static str,
    /// Exact names, or endings that begin with a dot.
    files: &'static [&'static str],
    /// A pattern whose group is the version, in the manifest.
    version: &'static str,
    /// A file that holds nothing but the version, and its names in `.tool-versions`.
    pins: (&'static str, &'static [&'static str]),
}

const ROWS: &[Row] = &[
    Row { stack: "clojure", manager: "leiningen", files: &["project.clj"], version: "", pins: (".java-version", &["java"]) },
    Row { stack: "clojure", manager: "clojure", files: &["deps.edn"], version: "", pins: (".java-version", &["java"]) },
    Row { stack: "dart", manager: "pub", files: &["pubspec.yaml"], version: r"(?m)^[ \t]+sdk:\s*([^\n]*\d[^\n]*)", pins: ("", &["dart"]) },
    Row { stack: "swift", manager: "swiftpm", files: &["Package.swift"], version: r"swift-tools-version:\s*([\d.]+)", pins: (".swift-version", &["swift"]) },
    Row { stack: "gleam", manager: "gleam", files: &["gleam.toml"], version: r#"(?m)^gleam\s*=\s*"([^"]+)""#, pins: ("", &["gleam"]) },
    Row {
        stack: "crystal",
        manager: "shards",
        files: &["shard.yml"],
        version: r#"(?m)^crystal:\s*["']?([^"'\n]*\d[^"'\n]*)"#,
        pins: (".crystal-version", &["crystal"]),
    },
    Row { stack: "haskell", manager: "stack", files: &["stack.yaml"], version: "", pins: ("", &["ghc", "haskell"]) },
    Row { stack: "haskell", manager: "cabal", files: &[".cabal", "cabal.project"], version: "", pins: ("", &["ghc", "haskell"]) },
    Row { stack: "ocaml", manager: "dune", files: &["dune-project"], version: "", pins: ("", &["ocaml"]) },
    Row { stack: "erlang", manager: "rebar3", files: &["rebar.config"], version: r"minimum_otp_vsn,\s*\x22([\d.]+)", pins: ("", &["erlang"]) },
    Row {
        stack: "perl",
        manager: "cpan",
        files: &["cpanfile"],
        version: r"(?m)^requires\s+['\x22]perl['\x22]\s*=>\s*['\x22]v?([\d.]+)",
        pins: (".perl-version", &["perl"]),
    },
    Row { stack: "julia", manager: "pkg", files: &["Project.toml"], version: r#"(?m)^julia\s*=\s*"([^"]+)""#, pins: ("", &["julia"]) },
    Row { stack: "nim", manager: "nimble", files: &[".nimble"], version: "", pins: ("", &["nim"]) },
];

/// Frameworks of these stacks by a word of the manifest: stack, word, name, port.
const FRAMEWORKS: &[(&str, &str, &str, u16)] = &[
    ("swift", "vapor/vapor", "vapor", 8080),
    ("swift", "hummingbird", "hummingbird", 8080),
    ("crystal", "kemalcr/kemal", "kemal", 3000),
    ("crystal", "luckyframework/lucky", "lucky", 3000),
    ("clojure", "luminus", "luminus", 3000),
    ("clojure", "pedestal", "pedestal", 8080),
    ("clojure", "ring/ring", "ring", 3000),
    ("clojure", "compojure", "compojure", 3000),
    ("dart", "serverpod:", "serverpod", 8080),
    ("dart", "dart_frog:", "dart-frog", 8080),
    ("dart", "shelf:", "shelf", 8080),
    ("dart", "sdk: flutter", "flutter", 0),
    ("gleam", "wisp", "wisp", 8000),
    ("gleam", "mist", "mist", 4000),
    ("haskell", "yesod", "yesod", 3000),
    ("haskell", "servant-server", "servant", 8080),
    ("haskell", "scotty", "scotty", 3000),
    ("perl", "Mojolicious", "mojolicious", 3000),
    ("perl", "Dancer2", "dancer2", 5000),
    ("perl", "Catalyst", "catalyst", 3000),
    ("nim", "jester", "jester", 5000),
    ("julia", "Genie", "genie", 8000),
    ("ocaml", "dream", "dream", 8080),
];

/// Endings of the source files in which a port may be named.
const SOURCES: &[&str] = &["clj", "cr", "dart", "gleam", "hs", "jl", "ml", "nim", "pl", "swift", "erl"];

/// Where source code names its port.
const PORTS: &[&str] = &[r#"(?i)\bport\b[^\n\d]{0,40}["' (=:]([1-9]\d{3,4})\b"#, r"\b(?:scotty|run|Kemal\.run)[ (]\s*([1-9]\d{3,4})\b"];

fn row<'t>(dir: &Dir<'t>) -> Option<(&'static Row, &'t str)> {
    let files: Vec<&str> = dir.files().collect();
    let is = |file: &str, name: &str| if name.starts_with('.') { file.ends_with(name) && file.len() > name.len() } else { file == name };
    ROWS.iter().find_map(|row| Some((row, row.files.iter().find_map(|name| files.iter().find(|file| is(file, name)))?))).map(|(row, file)| (row, *file))
}

fn claims(dir: &Dir<'_>) -> Option<Claim> {
    let (_, file) = row(dir)?;
    Some(Claim::new(Strength::Certain, Evidence::file(dir.at(file))))
}

fn draft(dir: &Dir<'_>) -> Result<Found, Diagnostic> {
    let Some((row, file)) = row(dir) else { return Ok(Found::default()) };
    let mut draft = ServiceDraft::new("", dir.path().clone(), dir.path().name());
    draft.stack = row.stack.to_owned();
    draft.package_manager = Some(Decision::new(row.manager.to_owned(), Source::File(Evidence::file(dir.at(file)))));
    let (pin, tools) = row.pins;
    let mut versions: Vec<(String, Evidence)> = Vec::new();
    if !pin.is_empty() {
        versions.extend(tool_versions::single(dir, pin)?);
    }
    versions.extend(tool_versions::read(dir, tools)?);
    if let Some(text) = dir.peek(file).filter(|_| !row.version.is_empty()) {
        versions.extend(look::first(&text, row.version, "").map(|hit| (hit.value, hit.at)));
    }
    if row.stack == "clojure" {
        draft.runtime_name = Some("java");
        versions.extend(properties::value(dir, "system.properties", &["java.runtime.version"]));
    }
    draft.runtime = look::picked(versions.into_iter().filter_map(|(text, at)| Some((look::floor(&text)?, Source::File(at)))));
    let web = look::procfile(dir, &["web", "worker"])?;
    let framework = dir.peek(file).and_then(|text| {
        let mut rows = FRAMEWORKS.iter().filter(|(stack, _, _, _)| *stack == row.stack);
        rows.find_map(|(_, word, name, port)| {
            let (number, line) = text.lines().find(|(_, line)| line.contains(word))?;
            Some((*name, *port, Evidence::line(text.path().clone(), number, line.trim())))
        })
    });
    let typed = web.as_ref().and_then(|(command, source)| look::port_of_command(&command.to_string(), source.evidence()?));
    let sources = if framework.is_some() || web.is_some() { source::files(dir, SOURCES, &[]) } else { Vec::new() };
    let coded = PORTS.iter().find_map(|pattern| look::among(&sources, pattern, "//")).and_then(|hit| Some((look::port(&hit.value)?, Source::File(hit.at))));
    let usual = framework.as_ref().filter(|(_, port, _)| *port > 0).map(|(name, port, _)| (*port, Source::default(format!("{name} listens on it"))));
    draft.port = look::picked(typed.into_iter().chain(coded).chain(usual));
    draft.framework = framework.map(|(name, _, at)| Decision::new(name.to_owned(), Source::File(at)));
    draft.start = look::picked(web);
    Ok(Found::one(draft))
}

#[cfg(test)]
mod tests {
    use crate::fs::Tree;

    #[test]
    fn brief_stacks_have_a_manager_and_a_version() {
        let tree = Tree::memory([
            ("a/Package.swift", "// swift-tools-version:6.0\n"),
            ("b/shard.yml", "name: x\ncrystal: '>= 1.10'\n"),
            ("c/project.clj", ""),
            ("c/Procfile", "web: java -jar x.jar\n"),
            ("d/Package.swift", "// swift-tools-version:6.0\n.package(url: \"https://github.com/vapor/vapor.git\", from: \"4\")\n"),
        ]);
        let draft = |folder: &str| super::draft(&tree.root().dir(folder)).expect("fine").services.remove(0);
        assert_eq!(draft("a").runtime.map(|d| d.value.to_string()).as_deref(), Some("6.0"));
        assert_eq!(draft("b").runtime.map(|d| d.value.to_string()).as_deref(), Some("1.10"));
        assert_eq!(draft("c").start.map(|d| d.value.words()), Some(vec!["java".into(), "-jar".into(), "x.jar".into()]));
        let vapor = draft("d");
        assert_eq!((vapor.framework.map(|d| d.value).as_deref(), vapor.port.map(|d| d.value)), (Some("vapor"), Some(8080)));
    }
}
