//! Packages inside of a package whose pages its server sends: its own scripts install and build them, or nothing does yet.

use std::rc::Rc;

use super::pages::{self, Pages};
use super::project::Project;
use super::script::{self, BIN};
use crate::detect::{front_end, source};
use crate::fs::{Dir, Text};
use crate::manifest::{Package, pattern};
use crate::model::{Answers, Cmd, Decision, Diagnostic, Evidence, ServiceDraft, Source};

/// Scripts that build for production, the most telling name first; hosting companies run theirs by themselves.
pub const BUILDS: &[&str] = &["build", "heroku-postbuild", "gcp-build"];

/// How deep scripts may call each other.
const DEEPEST: usize = 4;

/// States them: they are no services of their own, and their dependencies are none of production's.
pub fn fill(draft: &mut ServiceDraft, project: &Project<'_>) {
    let Some(package) = project.package.as_ref().filter(|_| project.root.is_none() && draft.start.is_some()) else { return };
    let script = package.first_script(BUILDS.iter().copied()).filter(|_| draft.build.is_some());
    let mut inner = script.map(|(_, text, _)| folders(project, package, text)).unwrap_or_default();
    let sent = draft.extra.get("sent").and_then(|list| list.as_array()).into_iter().flatten().filter_map(|folder| folder.as_str());
    inner.extend(sent.map(ToOwned::to_owned));
    inner.sort();
    inner.dedup();
    let develops = draft.dev.as_ref().map(|dev| match &dev.value {
        Cmd::Exec(words) => words.iter().map(|word| word.trim_start_matches(BIN)).collect::<Vec<_>>().join(" "),
        Cmd::Shell(text) => text.clone(),
    });
    let served = develops.map(|text| folders(project, package, &text)).unwrap_or_default();
    let npm = project.manager.name.value == "npm";
    develops_alone(draft, project, package, if npm { &inner } else { &[] });
    if inner.is_empty() {
        return;
    }
    // Development starts their servers beside its own.
    if npm {
        let how = |folder: &String| if project.dir.has(&format!("{folder}/package-lock.json")) { "ci" } else { "install" };
        let install = |folder: &String| serde_json::json!({"run": format!("npm {} --prefix {folder} --no-audit --no-fund", how(folder)), "folder": folder});
        draft.set("dev_installs", inner.iter().filter(|folder| served.contains(folder)).map(install).collect::<Vec<_>>());
    }
    draft.set("inner", inner);
}

/// A folder of pages that the server sends, and the folder of the package that makes it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// The package's folder.
    pub folder: String,
    /// The folder of its output.
    pub output: String,
    /// The package.
    pages: Pages,
    /// Where the server names it.
    at: Evidence,
}

/// The pages of packages below that the server's source names by the folder of their output.
pub fn sent(project: &Project<'_>, texts: &[Rc<Text>]) -> Result<Vec<Sent>, Diagnostic> {
    let mut found = Vec::new();
    // In a workspace one installation brings all.
    if project.root.is_some() || project.package.is_none() || project.nx.is_some() {
        return Ok(found);
    }
    for folder in project.dir.folders().map(ToOwned::to_owned).collect::<Vec<_>>() {
        let home = project.dir.dir(&folder);
        if !makes_pages(project, &home) {
            continue;
        }
        let Some(pages) = pages::of(&home, &Answers::default())?.filter(|pages| pages.draft.open.is_empty()) else { continue };
        let Some(output) = pages.output.as_ref().and_then(|output| output.below(project.dir.path())).map(ToOwned::to_owned) else { continue };
        let outside: Vec<Rc<Text>> = texts.iter().filter(|text| text.path().below(home.path()).is_none()).cloned().collect();
        if let Some(at) = named(&outside, &output).filter(|_| !project.dir.has_dir(&output)) {
            found.push(Sent { folder, output, pages, at });
        }
    }
    Ok(found)
}

/// The commands that make pages where the program itself is built; none where that stage lacks their package manager.
fn built_here(project: &Project<'_>, one: &Sent) -> Option<String> {
    let own = &one.pages.draft;
    let manager = project.manager.name.value.as_str();
    let locked = own.extra.get("manager").and_then(|manager| manager.get("lock")).is_some_and(|lock| !lock.is_null());
    let name = own.build.as_ref().and_then(|build| build.value.to_string().rsplit(' ').next().map(ToOwned::to_owned)).unwrap_or_default();
    let folder = Cmd::word(&one.folder);
    let frozen = if locked { " --frozen-lockfile" } else { "" };
    match manager {
        _ if own.package_manager.as_ref().is_none_or(|own| own.value != manager) => None,
        "npm" => Some(format!("npm {} --prefix {folder} --no-audit --no-fund && npm run {name} --prefix {folder}", if locked { "ci" } else { "install" })),
        "pnpm" => Some(format!("pnpm --dir {folder} install{frozen} && pnpm --dir {folder} run {name}")),
        "yarn" if project.manager.is_classic() => Some(format!("yarn --cwd {folder} install{frozen} && yarn --cwd {folder} run {name}")),
        _ => None,
    }
}

/// The pages of a package beside the program's own, which it sends: their folder is made in a stage of its own.
pub fn beside(draft: &mut ServiceDraft, project: &Project<'_>, texts: &[Rc<Text>]) -> Result<(), Diagnostic> {
    let Some(above) =
        project.dir.path().parent().filter(|_| project.root.is_none() && project.package.is_some() && project.nx.is_none() && !own_pages(draft, project))
    else {
        return Ok(());
    };
    let tree = project.dir.tree();
    let around = tree.dir(above.clone());
    for folder in around.folders().map(ToOwned::to_owned).collect::<Vec<_>>() {
        let home = around.dir(&folder);
        if home.path() == project.dir.path() || !makes_pages(project, &home) {
            continue;
        }
        let Some(pages) = pages::of(&home, &Answers::default())?.filter(|pages| pages.draft.open.is_empty()) else { continue };
        let Some(output) = pages.output.clone().filter(|output| tree.files_below(output).next().is_none()) else { continue };
        if let Some(at) = output.below(&above).and_then(|below| named(texts, below)).filter(|at| at.raw.contains("..")) {
            front_end::sends(draft, &project.dir, pages, output, at);
            return Ok(());
        }
    }
    Ok(())
}

/// Whether the program's own framework is one of pages: the build is its own.
fn own_pages(draft: &ServiceDraft, project: &Project<'_>) -> bool {
    draft.framework.as_ref().and_then(|id| project.pack.framework(&id.value)).is_some_and(super::frameworks::makes_pages)
}

/// Whether a folder's package has a framework of pages.
fn makes_pages(project: &Project<'_>, home: &Dir<'_>) -> bool {
    let framework = Package::read(home).ok().flatten().and_then(|package| super::framework_of(&package, None, home, project.pack));
    framework.and_then(|id| project.pack.framework(&id.value)).is_some_and(super::frameworks::makes_pages)
}

/// Where the source names a folder: as one path, or by its parts in one line.
fn named(texts: &[Rc<Text>], output: &str) -> Option<Evidence> {
    let parts: Vec<String> = output.split('/').map(regex_lite::escape).collect();
    let whole = pattern::pattern(&format!(r#"["'`](?:[./]*/)?({})(?:/[^"'`]*)?["'`]"#, parts.join("/"))).ok()?;
    let apart = pattern::pattern(&format!(r#"["'`](?:[./]*/)?({})/?["'`]"#, parts.join(r#"/?["'`]\s*,\s*["'`]/?"#))).ok()?;
    source::find(texts, &whole, "//").or_else(|| source::find(texts, &apart, "//")).map(|hit| hit.at)
}

/// Adds the builds of what the server sends and no script builds yet: a front end has a stage of its own. What is made where the program is
/// built, and whether that is all that is built there.
pub fn build(draft: &mut ServiceDraft, project: &Project<'_>, texts: &[Rc<Text>]) -> Result<(Vec<Sent>, bool), Diagnostic> {
    let asked = draft.build.as_ref().is_some_and(|build| build.source.is_explicit());
    let mut sent = if own_pages(draft, project) || asked { Vec::new() } else { sent(project, texts)? };
    draft.set("sent", sent.iter().map(|one| one.folder.as_str()).collect::<Vec<_>>());
    let package = project.package.as_ref();
    let script = package.and_then(|package| package.first_script(BUILDS.iter().copied())).map(|(_, text, _)| text);
    let built = script.zip(package).map(|(text, package)| folders(project, package, text)).unwrap_or_default();
    let only = !sent.is_empty() && (draft.build.is_none() || script.is_some_and(|text| only_pages(text, &sent)));
    if let [one] = sent.as_slice()
        && (only || !built.contains(&one.folder))
        && let Some(output) = project.dir.path().join(&one.output)
    {
        draft.build = draft.build.take().filter(|_| !only);
        front_end::sends(draft, &project.dir, one.pages.clone(), output, one.at.clone());
        return Ok((Vec::new(), false));
    }
    sent.retain(|one| built_here(project, one).is_some());
    for (one, text) in sent.iter().filter(|one| !built.contains(&one.folder)).filter_map(|one| Some((one, built_here(project, one)?))) {
        let (text, source) = match draft.build.take() {
            Some(own) => (format!("{} && {text}", own.value), own.source),
            None => (text, Source::inferred("it makes the pages that the server sends", [one.at.clone()])),
        };
        draft.build = Some(Decision::new(Cmd::Shell(text), source));
    }
    draft.facts.extend(sent.iter().map(|one| ("pages".to_owned(), Decision::new(one.output.clone(), Source::File(one.at.clone())))));
    Ok((sent, only))
}

/// Whether a build script makes these pages and nothing of the program.
fn only_pages(text: &str, sent: &[Sent]) -> bool {
    const INSTALLS: &[&str] = &["install", "i", "ci"];
    let mut inside = false;
    script::steps(text).into_iter().all(|step| {
        let words: Vec<&str> = step.split_whitespace().filter(|word| !word.contains('=')).collect();
        let about = sent.iter().any(|one| words.iter().any(|word| word.trim_start_matches("./").trim_end_matches('/') == one.folder));
        inside |= about && words.first() == Some(&"cd");
        about || inside || words.get(1).is_some_and(|word| INSTALLS.contains(word)) || words == ["yarn"]
    })
}

/// Development that starts the server and, beside it, pages whose dependencies are not installed here: the server alone, since they are a service of their own.
fn develops_alone(draft: &mut ServiceDraft, project: &Project<'_>, package: &Package, inner: &[String]) {
    let Some(Decision { value: Cmd::Exec(words), source, .. }) = &draft.dev else { return };
    if words.first().is_none_or(|word| word.rsplit('/').next() != Some("concurrently")) {
        return;
    }
    let parts: Vec<&String> = words[1..].iter().filter(|word| !word.starts_with('-') && word.contains(' ')).collect();
    let (own, pages): (Vec<&String>, Vec<&String>) = parts.into_iter().partition(|part| folders(project, package, part).is_empty());
    let absent = |part: &&String| folders(project, package, part).iter().any(|folder| !inner.contains(folder));
    let ([own], true) = (own.as_slice(), pages.iter().any(absent)) else { return };
    let found = source.evidence().cloned().and_then(|at| script::parse(package, own, at, DEEPEST)).filter(|script| script.before.is_empty());
    if let Some(script::Script { command: Cmd::Exec(words), at, .. }) = found {
        let rule = "the part of it that is not a service of its own";
        draft.dev = Some(Decision::new(Cmd::Exec(project.located(words)), Source::inferred(rule, [at])));
    }
}

/// The folders of pages that a command line, or a script that it calls, is about.
fn folders(project: &Project<'_>, package: &Package, text: &str) -> Vec<String> {
    const FOLDER: &str = r"(?:--prefix|--cwd|--dir|-C|\bcd)[ =]+(?:\./)?([\w./-]+)";
    let mut found: Vec<String> = Vec::new();
    let Some(pattern) = pattern::kept(FOLDER) else { return found };
    for text in reached(package, text, DEEPEST) {
        for groups in pattern.captures_iter(&text) {
            let Some(folder) = groups.get(1).map(|folder| folder.as_str().trim_end_matches('/').to_owned()) else { continue };
            if makes_pages(project, &project.dir.dir(&folder)) && !folder.contains("..") && !found.contains(&folder) {
                found.push(folder);
            }
        }
    }
    found
}

/// A command line with those of the scripts that it calls.
fn reached(package: &Package, text: &str, depth: usize) -> Vec<String> {
    const CALL: &str = r"\b(?:npm|yarn|pnpm|bun)\s+(?:run\s+)?([\w:.-]+)|\bnpm:([\w:.-]+)";
    let mut found = vec![text.to_owned()];
    let Some(pattern) = pattern::kept(CALL).filter(|_| depth > 0) else { return found };
    for groups in pattern.captures_iter(text) {
        let name = groups.get(1).or_else(|| groups.get(2)).map(|name| name.as_str());
        if let Some((text, _)) = name.and_then(|name| package.script(name)) {
            found.extend(reached(package, text, depth - 1));
        }
    }
    found
}
