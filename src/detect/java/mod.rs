//! The Java virtual machine: Java, Kotlin and Scala, built by Maven, Gradle or sbt.

mod archive;
mod files;
mod frameworks;
mod gradle;
mod image;
mod manager;
mod maven;
mod sbt;
mod settings;

use std::rc::Rc;

use archive::Archive;

use super::recognised::look;
use super::{Detector, Found, source};
use crate::catalog::StackPack;
use crate::fs::{Dir, Text};
use crate::manifest::{properties, tool_versions};
use crate::model::question::Question;
use crate::model::{Answers, Claim, Cmd, Decision, Diagnostic, Evidence, Kind, Open, RelPath, ServiceDraft, Source, Strength, Version};

/// The detector of what Maven and Gradle build.
pub struct Java;

const SCALA: &[&str] = &["build.sbt", "build.sc", "build.mill"];

/// What a module's own build file says, whatever builds it.
#[derive(Debug)]
pub struct Module {
    /// Its folder.
    pub root: RelPath,
    /// Its name.
    pub name: String,
    /// Its build file.
    pub manifest: Evidence,
    /// What it depends on and is built with: `group:artifact`, or the id of a plugin.
    pub parts: Vec<(String, Evidence)>,
    /// The versions of Java that the build file names, the strongest first.
    pub java: Vec<(Version, Source)>,
    /// What makes the program.
    pub build: Option<Cmd>,
    /// What runs it, where no image is made of it yet.
    pub start: Option<(Cmd, Source)>,
    /// What the build makes that an image can hold.
    pub archive: Option<(Archive, Evidence)>,
    /// Whether it is an archive for an application server.
    pub war: bool,
    /// A main class that the build file names.
    pub main: Option<(String, Evidence)>,
}

impl Module {
    fn part(&self, id: &str) -> Option<&Evidence> {
        self.parts.iter().find(|(part, _)| part == id || part.strip_prefix(id).is_some_and(|rest| rest.starts_with([':', '.']))).map(|(_, at)| at)
    }
}

impl Detector for Java {
    fn id(&self) -> &'static str {
        "java"
    }

    fn claims(&self, dir: &Dir<'_>) -> Option<Claim> {
        manager::file(dir).filter(|_| dir.has("pom.xml") || !dir.has("build.sbt")).map(|at| Claim::new(Strength::Certain, at))
    }

    fn draft(&self, dir: &Dir<'_>, pack: &StackPack, answers: &Answers) -> Result<Found, Diagnostic> {
        let (manager, open) = manager::choose(dir, answers)?;
        let modules = if manager.value == "maven" { maven::modules(dir)? } else { gradle::modules(dir)? };
        let mut found = services(dir, "java", &manager.value, &modules, &mut |draft, program| image::finish(draft, program, dir, &modules, pack, answers))?;
        if !manager.outvoted.is_empty() {
            for draft in &mut found.services {
                draft.open.extend(open.clone());
                draft.package_manager = Some(manager.clone());
            }
        }
        Ok(found)
    }
}

/// Whether a folder is sbt's or Mill's.
pub fn claims_scala(dir: &Dir<'_>) -> Option<Claim> {
    let file = dir.first_of(SCALA.iter().copied()).filter(|_| !dir.has("pom.xml"))?;
    Some(Claim::new(Strength::Certain, Evidence::file(dir.at(file))))
}

/// What sbt or Mill builds.
pub fn draft_scala(dir: &Dir<'_>) -> Result<Found, Diagnostic> {
    let (manager, modules) = match dir.first_of(SCALA.iter().copied()) {
        Some("build.sbt") | None => ("sbt", sbt::modules(dir)?),
        Some(file) => ("mill", vec![sbt::mill(dir, file)]),
    };
    services(dir, "", manager, &modules, &mut |_, _| Ok(()))
}

/// The services among the modules of a build.
fn services(
    dir: &Dir<'_>,
    pack: &'static str,
    manager: &str,
    modules: &[Module],
    finish: &mut dyn FnMut(&mut ServiceDraft, &Program<'_>) -> Result<(), Diagnostic>,
) -> Result<Found, Diagnostic> {
    let mut found = Found { services: Vec::new(), covers: modules.iter().map(|module| module.root.clone()).filter(|root| root != dir.path()).collect() };
    let mut programs = programs(dir, modules);
    // Beside what serves, other programs are tools of the developers.
    if programs.iter().any(|program| program.framework.is_some()) {
        programs.retain(|program| program.framework.is_some());
    }
    for program in &programs {
        let mut draft = service(dir, pack, manager, program)?;
        if modules.len() > 1 || !program.module.root.is_root() {
            draft.root = program.module.root.clone();
        }
        finish(&mut draft, program)?;
        found.services.push(draft);
    }
    if found.services.is_empty()
        && let Some(module) = modules.first()
    {
        let program = Program { module, framework: frameworks::of(&module.parts), texts: Vec::new(), mains: Vec::new() };
        let mut draft = service(dir, pack, manager, &program)?;
        draft.root = dir.path().clone();
        draft.kind = Kind::Tool;
        (draft.start, draft.port) = (None, None);
        draft.open.push(Open { question: Question::StartCmd, message: "no main class was found: it is a library".to_owned(), candidates: Vec::new() });
        found.services.push(draft);
    }
    Ok(found)
}

/// A module that runs.
struct Program<'a> {
    module: &'a Module,
    framework: Option<Decision<String>>,
    texts: Vec<Rc<Text>>,
    /// Its main classes: the one that the build names, else those of the source.
    mains: Vec<(String, Evidence)>,
}

fn programs<'a>(dir: &Dir<'_>, modules: &'a [Module]) -> Vec<Program<'a>> {
    let mut programs = Vec::new();
    for module in modules {
        if module.part("com.android.application").is_some() {
            continue;
        }
        let home = dir.tree().dir(module.root.clone());
        let inner: Vec<RelPath> = modules
            .iter()
            .filter(|other| other.root != module.root)
            .map(|other| other.root.clone())
            .filter(|root| root.below(&module.root).is_some())
            .collect();
        let texts = source::files(&home, &["java", "kt", "scala", "groovy"], &inner);
        let framework = frameworks::of(&module.parts);
        let mains = module.main.clone().map_or_else(|| main_classes(&texts), |main| vec![main]);
        let generated = framework.as_ref().is_some_and(|framework| frameworks::brings_main(&framework.value)) && !texts.is_empty();
        if !mains.is_empty() || module.war || generated {
            programs.push(Program { module, framework, texts, mains });
        }
    }
    programs
}

/// Where programs begin: the classes whose main the virtual machine calls.
fn main_classes(texts: &[Rc<Text>]) -> Vec<(String, Evidence)> {
    const MAINS: &[&str] = &[
        r"\b(static\s+(?:final\s+)?(?:public\s+)?void\s+main)\s*\(",
        r"(?m)^[ \t]*(?:suspend\s+)?(fun\s+main)\s*\(",
        r"\b(def\s+main)\s*\(",
        r"\bextends\s+((?:IO|ZIO|Z|TwitterHttp)?App(?:Default|\.Simple)?)\b",
        r"(?m)^[ \t]*(@main)\b",
        r"(?m)^[ \t]*(void\s+main\s*\(\s*\)\s*\{)",
    ];
    // The wrapper of Maven brings a program of its own.
    let own = texts.iter().filter(|text| !text.path().as_str().split('/').any(|part| part.starts_with('.')));
    own.filter_map(|text| {
        let hit = MAINS.iter().find_map(|pattern| look::first(text, pattern, "//"))?;
        Some((class_of(text), hit.at))
    })
    .collect()
}

/// The class that a file of source becomes: Kotlin's functions outside of classes belong to one that is called like the file.
fn class_of(text: &Rc<Text>) -> String {
    let package = look::first(text, r"(?m)^\s*package\s+([\w.]+)", "//").map(|hit| format!("{}.", hit.value)).unwrap_or_default();
    let (stem, ending) = text.path().name().rsplit_once('.').unwrap_or_default();
    let own = look::first(text, r"@file:JvmName\(\s*\x22(\w+)\x22", "//").map(|hit| hit.value);
    let capital = || stem.chars().take(1).flat_map(char::to_uppercase).chain(stem.chars().skip(1)).chain("Kt".chars()).collect();
    let stem = if ending == "kt" { own.unwrap_or_else(capital) } else { stem.to_owned() };
    format!("{package}{stem}")
}

fn service(dir: &Dir<'_>, pack: &'static str, manager: &str, program: &Program<'_>) -> Result<ServiceDraft, Diagnostic> {
    let module = program.module;
    let home = dir.tree().dir(module.root.clone());
    let mut draft = ServiceDraft::new(pack, dir.path().clone(), &module.name);
    draft.stack = language(&home, manager, &program.texts).to_owned();
    draft.runtime_name = Some("java");
    draft.context = dir.path().clone();
    draft.package_manager = Some(Decision::new(manager.to_owned(), Source::File(module.manifest.clone())));
    draft.framework = program.framework.clone();
    draft.runtime = versions(&home, dir, module)?;
    draft.build = module.build.clone().map(|build| Decision::new(build, Source::inferred("the build file", [module.manifest.clone()])));
    let mut stated: Vec<(Cmd, Source)> = look::procfile(&home, &["web", "worker"])?.into_iter().collect();
    if module.root != *dir.path() {
        let named = look::procfile(dir, &["web"])?
            .filter(|(command, _)| home.path().below(dir.path()).is_some_and(|folder| command.to_string().contains(&format!("{folder}/"))));
        stated.extend(named);
    }
    let typed = stated.first().and_then(|(command, source)| look::port_of_command(&command.to_string(), source.evidence()?));
    // What an image is made of is started from its own folder, with the arguments of the Procfile.
    let stated = if module.archive.is_some() { Vec::new() } else { stated };
    draft.start = look::picked(stated.into_iter().chain(module.start.clone()));
    let framework = program.framework.as_ref().map(|framework| framework.value.as_str());
    draft.port = settings::port(&home, framework, module, &program.texts, typed);
    if draft.port.is_none() {
        draft.kind = if framework.is_some() { Kind::Worker } else { Kind::Tool };
    }
    draft.facts.extend(program.mains.first().map(|(name, at)| ("main".to_owned(), Decision::new(name.clone(), Source::File(at.clone())))));
    Ok(draft)
}

/// The language that most of the source is written in; the build file's own language says nothing.
fn language(home: &Dir<'_>, manager: &str, texts: &[Rc<Text>]) -> &'static str {
    let count = |ending: &str| {
        let named = texts.iter().filter(|text| text.path().name().ends_with(ending)).count();
        if texts.is_empty() { home.files_below().filter(|path| path.name().ends_with(ending) && !path.name().ends_with(".gradle.kts")).count() } else { named }
    };
    let (java, kotlin, scala) = (count(".java"), count(".kt"), count(".scala"));
    if scala > java.max(kotlin) || matches!(manager, "sbt" | "mill") && java.max(kotlin) <= scala {
        "scala"
    } else if kotlin > java {
        "kotlin"
    } else {
        "java"
    }
}

/// Java's version: what names the machine's Java first, then the release that is compiled for.
fn versions(home: &Dir<'_>, dir: &Dir<'_>, module: &Module) -> Result<Option<Decision<Version>>, Diagnostic> {
    let mut found: Vec<(Version, Source)> = Vec::new();
    let folders = if home.path() == dir.path() { vec![dir] } else { vec![home, dir] };
    for folder in folders {
        let mut places: Vec<(String, Evidence)> = tool_versions::single(folder, ".java-version")?.into_iter().collect();
        places.extend(properties::value(folder, ".sdkmanrc", &["java"]));
        places.extend(tool_versions::read(folder, &["java"])?);
        places.extend(properties::value(folder, "system.properties", &["java.runtime.version"]));
        found.extend(places.into_iter().filter_map(|(text, at)| Some((java(&text)?, Source::File(at)))));
    }
    // A toolchain is the very Java that builds and runs it.
    let (tools, rest): (Vec<_>, Vec<_>) = module.java.iter().cloned().partition(|(_, source)| source.evidence().is_some_and(|at| at.key == "toolchain"));
    Ok(look::picked(tools.into_iter().chain(found).chain(rest)))
}

/// A release of Java: `1.8` is 8, and what follows the first number is a patch.
pub fn java(text: &str) -> Option<Version> {
    let version = look::version(text)?;
    let major = if version.major() == 1 && version.minor() > 0 { version.minor() } else { version.major() };
    major.to_string().parse().ok().filter(|_| (5..100).contains(&major))
}

#[cfg(test)]
mod tests;
