//! sbt and Mill: build files in Scala, read as text.

use std::rc::Rc;

use super::{Module, java, look};
use crate::fs::{Dir, Text};
use crate::model::{Cmd, Diagnostic, Evidence, Source};

const DEPENDENCY: &str = r#"("[\w.-]+"\s*%%?%?\s*"[\w.-]+")"#;
const RELEASES: &[&str] = &[r#""-{1,2}release"\s*,\s*"(\d+)""#, r#""-(?:java-output-version|release)[: ](\d+)""#, r#""-target:(?:jvm-)?([\d.]+)""#];

/// The projects of a folder's build: itself, and those in folders of their own.
pub fn modules(dir: &Dir<'_>) -> Result<Vec<Module>, Diagnostic> {
    let Some(build) = dir.read("build.sbt")? else { return Ok(Vec::new()) };
    let plugins: Vec<Rc<Text>> = dir
        .dir("project")
        .files()
        .filter(|file| matches!(look::ending(file), "sbt" | "scala"))
        .filter_map(|file| dir.peek(&format!("project/{file}")))
        .collect();
    let mut parts = Vec::new();
    for text in std::iter::once(&build).chain(&plugins) {
        parts.extend(coordinates(text));
    }
    parts.extend(
        look::first(&build, r"\b(?:enablePlugins\([^)]*)(Play(?:Scala|Java|Service|Minimal\w*)?)\b", "//").map(|hit| ("org.playframework".to_owned(), hit.at)),
    );
    let packaged =
        parts.iter().any(|(part, _)| part.contains("sbt-native-packager") || part.contains("org.playframework") || part.contains("com.typesafe.play"));
    let name = look::first(&build, r#"(?m)^[ \t]*(?:ThisBuild\s*/\s*)?name\s*:=\s*"([^"]+)""#, "//")
        .or_else(|| look::first(&build, r#"\bname\s*:=\s*"([^"]+)""#, "//"));
    let texts: Vec<Rc<Text>> = std::iter::once(build.clone()).chain(plugins).collect();
    let java =
        RELEASES.iter().filter_map(|pattern| look::among(&texts, pattern, "//")).filter_map(|hit| Some((java(&hit.value)?, Source::File(hit.at)))).collect();
    let mut module = Module {
        root: dir.path().clone(),
        name: name.as_ref().map_or_else(|| "app".to_owned(), |hit| hit.value.clone()),
        manifest: build.evidence(),
        parts,
        java,
        build: Some(Cmd::Shell(if packaged { "sbt stage" } else { "sbt package" }.to_owned())),
        start: None,
        archive: None,
        war: false,
        main: look::first(&build, r#"\bmainClass\b[^\n]*Some\("([\w.]+)"\)"#, "//").map(|hit| (hit.value, hit.at)),
    };
    if let Some(hit) = name.filter(|_| packaged) {
        let script = format!("target/universal/stage/bin/{}", crate::model::draft::slug(&hit.value).unwrap_or_default());
        module.start = Some((Cmd::exec([script]), Source::inferred("the script that `sbt stage` makes", [hit.at])));
    }
    Ok(vec![module])
}

/// Mill's build, of which no more is read than what it depends on.
pub fn mill(dir: &Dir<'_>, file: &str) -> Module {
    let text = dir.peek(file);
    let found = text.iter().flat_map(|text| look::all(text, r#"["`](\w[\w.-]*::?:?[\w.-]+):"#, "//"));
    Module {
        root: dir.path().clone(),
        name: "app".to_owned(),
        manifest: Evidence::file(dir.at(file)),
        parts: found.map(|hit| (hit.value.replace("::", ":"), hit.at)).collect(),
        java: Vec::new(),
        build: None,
        start: None,
        archive: None,
        war: false,
        main: None,
    }
}

fn coordinates(text: &Rc<Text>) -> Vec<(String, Evidence)> {
    look::all(text, DEPENDENCY, "//")
        .into_iter()
        .filter(|hit| !hit.at.raw.contains("% Test") && !hit.at.raw.contains("% \"test\""))
        .filter_map(|hit| {
            let mut words = hit.value.split('"').filter(|word| !word.trim().is_empty() && !word.trim().starts_with('%'));
            Some((format!("{}:{}", words.next()?, words.next()?), hit.at))
        })
        .collect()
}
