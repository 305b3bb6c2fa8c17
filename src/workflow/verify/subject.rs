//! What is verified: a Dockerfile, its context, its stages, and what compose.yaml and dockgen's own plan say of it.

use std::path::{Path, PathBuf};

use parse_dockerfile::Instruction;
use serde_json::Value;

use crate::fs::docker::{Docker, Fault};
use crate::fs::{disk, work};
use crate::model::{Answers, Diagnostic, RelPath};
use crate::workflow::init;

/// Names of a Dockerfile, in the order in which they are looked for.
const DOCKERFILES: [&str; 2] = ["Dockerfile", "Containerfile"];

/// What a development stage is called where no compose file says it.
const DEVELOPMENT: [&str; 4] = ["dev", "development", "develop", "local"];

/// One stage of a Dockerfile.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its name, in lower case as the engine compares it.
    pub name: Option<String>,
    /// The image or stage that it stands on.
    pub image: String,
    /// The platform flag, as written.
    pub platform: Option<String>,
}

/// The service of a compose file that is built from the Dockerfile.
#[derive(Clone, Debug)]
pub struct App {
    /// The compose file.
    pub file: PathBuf,
    /// The service's name.
    pub service: String,
    /// The stage that it names.
    pub target: Option<String>,
    /// The ports of the container that it publishes.
    pub ports: Vec<u16>,
    /// Whether it says what is watched.
    pub watches: bool,
    /// The services that are pulled, not built.
    pub companions: Vec<String>,
    /// Its variables.
    pub env: Vec<String>,
}

/// What dockgen itself would do with the project.
#[derive(Clone, Debug)]
pub struct Planned {
    /// Its own Dockerfile.
    pub text: String,
    /// The stage that holds toolchain, sources and all dependencies.
    pub everything: String,
    /// The port that the program listens on.
    pub port: Option<u16>,
}

/// Everything that is known before anything is built.
pub struct Subject {
    /// The Dockerfile's full path.
    pub dockerfile: PathBuf,
    /// The same as given.
    pub shown: String,
    /// The build context's full path.
    pub context: PathBuf,
    /// The same as given.
    pub shown_context: String,
    /// The Dockerfile's text.
    pub text: String,
    /// Its stages.
    pub stages: Vec<Stage>,
    /// The global arguments, as written.
    pub arguments: Vec<String>,
    /// The index of the stage whose image is checked.
    pub target: usize,
    /// The development stage's name.
    pub dev: Option<String>,
    /// The service that is built from it.
    pub app: Option<App>,
    /// What dockgen would plan.
    pub planned: Option<Planned>,
}

/// What to look for.
pub struct Wanted<'a> {
    /// The repository.
    pub root: &'a Path,
    /// The Dockerfile, where it was named.
    pub file: Option<&'a Path>,
    /// The stage, where it was named.
    pub target: Option<&'a str>,
    /// The compose file, where it was named.
    pub compose: Option<&'a Path>,
}

/// Finds what is to be verified. The inner `Err` says what is missing.
pub fn find(wanted: &Wanted<'_>, docker: &Docker) -> Result<Result<Vec<Subject>, Diagnostic>, Fault> {
    let root = wanted.root;
    if !root.is_dir() {
        return Ok(Err(Diagnostic::error("no-folder", format!("`{}` is not a folder", root.display())).help("name the folder that is the build context")));
    }
    let compose = compose(wanted, docker)?;
    let prepared = disk::scan(root).ok().map(|tree| init::prepare(&tree, Answers::default()));
    let places = match places(wanted, compose.as_ref(), prepared.as_ref()) {
        Ok(places) => places,
        Err(problem) => return Ok(Err(problem)),
    };
    let mut subjects = Vec::new();
    for (context, file) in places {
        match subject(wanted, context, file, compose.as_ref(), prepared.as_ref()) {
            Ok(subject) => subjects.push(subject),
            Err(problem) => return Ok(Err(problem)),
        }
    }
    Ok(Ok(subjects))
}

/// Pairs of context and Dockerfile.
fn places(wanted: &Wanted<'_>, compose: Option<&Composed>, prepared: Option<&init::Prepared>) -> Result<Vec<(PathBuf, PathBuf)>, Diagnostic> {
    let root = wanted.root;
    if let Some(file) = wanted.file {
        // As `docker build` reads it: from where one stands; and, since PATH may be elsewhere, from there.
        let file = [file.to_owned(), root.join(file)].into_iter().find(|path| path.is_file());
        return match file {
            Some(file) => Ok(vec![(root.to_owned(), file)]),
            None => Err(Diagnostic::error("no-dockerfile", "the Dockerfile that --file names is not there").help("name it as seen from here, or from PATH")),
        };
    }
    if let Some(file) = DOCKERFILES.iter().map(|name| root.join(name)).find(|path| path.is_file()) {
        return Ok(vec![(root.to_owned(), file)]);
    }
    let mut places: Vec<(PathBuf, PathBuf)> = Vec::new();
    for (_, context, file, _) in compose.into_iter().flat_map(Composed::builds) {
        let relative = |path: PathBuf| work::full(root).and_then(|root| path.strip_prefix(root).ok().map(Path::to_owned)).map_or(path, |tail| root.join(tail));
        let place = (relative(context), relative(file));
        if place.1.is_file() && !places.contains(&place) {
            places.push(place);
        }
    }
    if places.is_empty() {
        for service in prepared.iter().flat_map(|prepared| &prepared.plan.services) {
            let place = (below(root, &service.context), below(root, &service.dockerfile));
            if place.1.is_file() {
                places.push(place);
            }
        }
    }
    if places.is_empty() {
        return Err(Diagnostic::error("no-dockerfile", format!("there is no Dockerfile in `{}`", root.display()))
            .help("`dockgen init` writes one; --file names one that lies elsewhere"));
    }
    Ok(places)
}

fn below(root: &Path, tail: &RelPath) -> PathBuf {
    if tail.is_root() { root.to_owned() } else { root.join(tail.as_str()) }
}

fn subject(wanted: &Wanted<'_>, context: PathBuf, file: PathBuf, compose: Option<&Composed>, prepared: Option<&init::Prepared>) -> Result<Subject, Diagnostic> {
    let shown = file.strip_prefix(wanted.root).unwrap_or(&file).display().to_string();
    let shown_context = context.strip_prefix(wanted.root).ok().map(|tail| tail.display().to_string()).filter(|tail| !tail.is_empty());
    let text = work::text(&file).ok_or_else(|| Diagnostic::error("unreadable-file", format!("`{shown}` can't be read as text")))?;
    let readable = crate::render::lint::readable(&text);
    let broken = |message: String| Diagnostic::error("broken-dockerfile", format!("`{shown}` can't be parsed: {message}"));
    let parsed = parse_dockerfile::parse(&readable).map_err(|error| broken(error.to_string()))?;
    let stages: Vec<Stage> = parsed
        .stages()
        .map(|stage| Stage {
            name: stage.from.as_.as_ref().map(|(_, name)| name.value.to_lowercase()),
            image: stage.from.image.value.to_string(),
            platform: stage.from.options.iter().find(|flag| flag.name.value == "platform").and_then(|flag| Some(flag.value.as_ref()?.value.to_string())),
        })
        .collect();
    let last = stages.len().checked_sub(1).ok_or_else(|| broken("it has no FROM".to_owned()))?;
    let place = |name: &str| stages.iter().position(|stage| stage.name.as_deref() == Some(name));
    let target = match wanted.target {
        None => last,
        Some(name) => place(&name.to_lowercase()).ok_or_else(|| {
            let known: Vec<&str> = stages.iter().filter_map(|stage| stage.name.as_deref()).collect();
            Diagnostic::error("unknown-stage", format!("`{shown}` has no stage `{}`", crate::model::evidence::tame(name)))
                .help(format!("choose one of {} with --target", known.join(", ")))
        })?,
    };
    let full = |path: &Path| work::full(path).unwrap_or_else(|| path.to_owned());
    let (context, dockerfile) = (full(&context), full(&file));
    let app = compose.and_then(|compose| compose.app(&context, &dockerfile));
    let planned = prepared.and_then(|prepared| planned(prepared, &full(wanted.root), &dockerfile, &context));
    // The compose file knows which stage is for development; else its name tells.
    let dev = app
        .as_ref()
        .and_then(|app| app.target.clone())
        .filter(|name| place(name).is_some_and(|at| at != target))
        .or_else(|| DEVELOPMENT.iter().find(|name| place(name).is_some_and(|at| at != target)).map(|name| (*name).to_owned()));
    let arguments = parsed
        .instructions
        .iter()
        .take_while(|instruction| !matches!(instruction, Instruction::From(_)))
        .filter_map(|instruction| if let Instruction::Arg(arg) = instruction { Some(readable[arg.arguments.span.clone()].to_owned()) } else { None })
        .collect();
    drop(parsed);
    Ok(Subject {
        dockerfile,
        shown,
        context,
        shown_context: shown_context.unwrap_or_else(|| ".".to_owned()),
        text,
        stages,
        arguments,
        target,
        dev,
        app,
        planned,
    })
}

fn planned(prepared: &init::Prepared, root: &Path, dockerfile: &Path, context: &Path) -> Option<Planned> {
    let services = &prepared.plan.services;
    let service = services.iter().find(|service| below(root, &service.dockerfile) == dockerfile);
    let service = service.or_else(|| services.iter().find(|_| services.len() == 1)).filter(|service| below(root, &service.context) == *context)?;
    let file = prepared.files.iter().find(|file| file.path == service.dockerfile)?;
    let parsed = parse_dockerfile::parse(&file.text).ok()?;
    let everything = [&service.stages.build, &service.stages.dev].into_iter().find(|name| parsed.stage(name).is_some())?.clone();
    Some(Planned { everything, port: service.port, text: file.text.clone() })
}

impl Subject {
    /// The checked stage's name, as `--target` takes it; `None` where it is the last one.
    pub fn target_flag(&self) -> Option<&str> {
        if self.target + 1 == self.stages.len() { None } else { self.stages[self.target].name.as_deref() }
    }

    /// The checked stage's name for people.
    pub fn target_name(&self) -> String {
        self.stages[self.target].name.clone().unwrap_or_else(|| "the last stage".to_owned())
    }

    /// The stage that stands on an image, at the bottom of the checked one.
    pub fn bottom(&self) -> &Stage {
        let mut at = self.target;
        while let Some(below) = self.stages[..at].iter().position(|stage| stage.name.as_deref() == Some(&self.stages[at].image.to_lowercase())) {
            at = below;
        }
        &self.stages[at]
    }
}

/// A compose file as Docker itself reads it.
struct Composed {
    file: PathBuf,
    value: Value,
}

fn compose(wanted: &Wanted<'_>, docker: &Docker) -> Result<Option<Composed>, Fault> {
    let file = match wanted.compose {
        Some(file) => [file.to_owned(), wanted.root.join(file)].into_iter().find(|path| path.is_file()),
        None => crate::manifest::COMPOSE.iter().map(|name| wanted.root.join(name)).find(|path| path.is_file()),
    };
    let Some(file) = file.and_then(|file| work::full(&file)) else { return Ok(None) };
    let output = docker.run(&["compose", "--file", &file.to_string_lossy(), "--profile", "*", "config", "--format", "json"])?;
    let value = serde_json::from_str(&output.stdout).ok().filter(|_| output.ok());
    Ok(value.map(|value| Composed { file, value }))
}

impl Composed {
    fn services(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.value["services"].as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
    }

    /// Service, context, Dockerfile and stage of all that is built.
    fn builds(&self) -> impl Iterator<Item = (&str, PathBuf, PathBuf, Option<String>)> {
        self.services().filter_map(|(name, service)| {
            let build = service.get("build")?;
            let context = PathBuf::from(build["context"].as_str()?);
            let file = context.join(build["dockerfile"].as_str().unwrap_or("Dockerfile"));
            Some((name, context, file, build["target"].as_str().map(str::to_lowercase)))
        })
    }

    fn app(&self, context: &Path, dockerfile: &Path) -> Option<App> {
        let same = |a: &Path, b: &Path| work::full(a).is_some_and(|a| a == b);
        let (name, _, _, target) = self.builds().find(|(_, theirs, file, _)| same(theirs, context) && same(file, dockerfile))?;
        let (name, target) = (name.to_owned(), target.clone());
        let service = &self.value["services"][&name];
        let ports = service["ports"].as_array().into_iter().flatten().filter_map(|port| u16::try_from(port["target"].as_u64()?).ok()).collect();
        let env = service["environment"].as_object().into_iter().flatten();
        let env = env.filter_map(|(name, value)| Some(format!("{name}={}", value.as_str()?))).collect();
        let companions = self.services().filter(|(_, service)| service.get("build").is_none()).map(|(name, _)| name.to_owned()).collect();
        let watches = service["develop"]["watch"].as_array().is_some_and(|rows| !rows.is_empty());
        Some(App { file: self.file.clone(), service: name, watches, target, ports, companions, env })
    }
}
