//! Bun as what runs a program. Its packages are those of Node.js, and so is nearly all that there is to say of them.

use std::rc::Rc;

use super::content;
use super::listening::Listening;
use super::loaders;
use super::project::Project;
use super::routes;
use super::runtime::{self, Runtime};
use super::typescript;
use crate::catalog::StackPack;
use crate::detect::source::{self, Hit};
use crate::detect::{Detector, Found, deno};
use crate::fs::{Dir, Text};
use crate::manifest::{Document, Package, pattern};
use crate::model::question::Question;
use crate::model::{Answers, Claim, Cmd, Decision, Diagnostic, Evidence, ServiceDraft, Source, Strength};

/// Files that are a program without any manifest.
const LOOSE: &[&str] = &["index.ts", "server.ts", "main.ts", "app.ts", "index.tsx", "src/index.ts"];

/// The detector.
pub struct Bun;

impl Detector for Bun {
    fn id(&self) -> &'static str {
        Runtime::Bun.id()
    }

    fn claims(&self, dir: &Dir<'_>) -> Option<Claim> {
        let at = claimed(dir)?;
        Some(Claim::new(if dir.has("package.json") { Strength::Certain } else { Strength::Hint }, at))
    }

    fn draft(&self, dir: &Dir<'_>, pack: &StackPack, answers: &Answers) -> Result<Found, Diagnostic> {
        super::found(Runtime::Bun, dir, pack, answers)
    }
}

/// Where a folder says that its program runs on Bun. A manifest that can't be read is the other detector's to complain of.
pub fn claimed(dir: &Dir<'_>) -> Option<Evidence> {
    match Package::read(dir) {
        _ if deno::claimed(dir).is_some() => None,
        Ok(Some(package)) => runtime::on_bun(dir, &package, dir).ok().flatten(),
        Ok(None) => {
            let file = LOOSE.iter().find(|file| dir.peek(file).is_some_and(|text| text.as_str().contains("Bun.serve(")))?;
            Some(Evidence::file(dir.at(file)))
        }
        _ => None,
    }
}

/// What Bun serves by itself: a program calls `Bun.serve`, or exports an object with a `fetch` of its own. Where neither names a port, Bun reads `PORT`.
pub fn serves(facts: &mut Listening, texts: &[Rc<Text>]) -> Result<(), Diagnostic> {
    let exported = r"(?:\bBun\.serve\b|\bexport\s+default\s+(?:app\b|new (?:Elysia|Hono)\b|\{[^}]{0,400}\bfetch\b)|\bserve\(\s*\{)";
    let pattern = pattern::pattern(&format!("({exported})")).map_err(|error| Diagnostic::error("pattern", error.to_string()))?;
    let Some(hit) = source::find(texts, &pattern, "//") else { return Ok(()) };
    if facts.health.is_none() {
        // Routes of `Bun.serve` are keys of an object.
        let routes = format!(r#"["'](/(?:api/)?{})["']\s*:"#, routes::NAMES);
        let routes = pattern::pattern(&routes).map_err(|error| Diagnostic::error("pattern", error.to_string()))?;
        facts.health = source::find(texts, &routes, "//").map(|hit| (hit.value, hit.at));
    }
    if facts.ports.is_empty() && facts.reads_port.is_none() {
        facts.reads_port = Some(Hit { value: "PORT".to_owned(), at: hit.at.clone() });
    }
    facts.listens.get_or_insert(hit.at);
    Ok(())
}

/// Settings that Bun reads when it runs a source: the aliases and the JSX of `tsconfig.json`, what `bunfig.toml` loads first.
pub fn reads(draft: &mut ServiceDraft, project: &Project<'_>) -> Result<(), Diagnostic> {
    if !draft.start.as_ref().is_some_and(|start| loaders::runs_source(project, &start.value)) {
        return Ok(());
    }
    let mut files = typescript::read_when_run(&project.dir, false)?;
    if let Some(doc) = Document::read(&project.dir, "bunfig.toml")?
        && ["preload", "define", "loader", "jsx", "serve"].iter().any(|key| doc.get(&[key]).is_some())
    {
        files.push("bunfig.toml".to_owned());
    }
    loaders::add(draft, files);
    Ok(())
}

/// A program that `bun build --compile` makes needs neither Bun nor the dependencies beside it.
pub fn compiled(draft: &mut ServiceDraft, project: &Project<'_>, texts: &[Rc<Text>]) {
    let Some(made) = project.package.as_ref().and_then(runtime::executable) else { return };
    let Some(Cmd::Exec(words)) = draft.start.as_ref().map(|start| start.value.clone()) else { return };
    if words[0].trim_start_matches("./") != made.file {
        return;
    }
    if project.hints.get(Question::BuildCmd).is_none() {
        draft.build = Some(Decision::new(Cmd::Shell(project.run(&made.script)), Source::File(made.at.clone())));
    }
    if draft.dev.as_ref().is_none_or(|dev| dev.value == Cmd::Exec(words.clone())) {
        let because = Source::default("Bun starts again when a file changes");
        draft.dev = Some(Decision::new(project.runtime.watches(&made.source), because));
    }
    let folders: Vec<String> =
        content::of_compiled(&project.dir, texts, &words).into_iter().filter_map(|path| path.strip_suffix('/').map(ToOwned::to_owned)).collect();
    draft.flavour = Some("compiled");
    draft.refused.insert("distroless".to_owned(), "nothing in it could ask the compiled program for its health".to_owned());
    draft.set("modules", false);
    draft.set("prunes", false);
    draft.set("whole", false);
    draft.set("holds", made.file.clone());
    draft.set("folders", folders);
    draft.set("files", Vec::<String>::new());
    draft.set("outputs", Vec::<String>::new());
    draft.set("programs", vec![made.file.clone()]);
    // The runtime is inside: told so, the program is Bun itself.
    draft.set("asks", vec!["env".to_owned(), "BUN_BE_BUN=1".to_owned(), words[0].clone()]);
    draft.facts.push(("executable".to_owned(), Decision::new(made.file, Source::File(made.at))));
}
