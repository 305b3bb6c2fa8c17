//! One Dockerfile under verification: what was built and started for it, and how all of that goes away again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Options;
use super::progress::Progress;
use super::steps::BuildLog;
use super::subject::Subject;
use crate::fs::docker::{Docker, Fault, path, pause};
use crate::fs::work::{self, Work};
use crate::model::verify::{Sizes, Times};

/// The label on everything that is made, so that it is found again.
const LABEL: &str = "dockgen.verify";

/// How long a build may take.
const BUILD_LIMIT: Duration = Duration::from_hours(1);

/// An image that was built.
#[derive(Clone, Debug)]
pub struct Built {
    /// Its name; empty where the build failed.
    pub tag: String,
    /// What the engine said.
    pub log: BuildLog,
    /// How long it took.
    pub seconds: f64,
    /// Whether it worked.
    pub ok: bool,
}

/// See the module.
pub struct Session<'a> {
    /// The command line of the engine.
    pub docker: Docker,
    /// What is verified.
    pub subject: &'a Subject,
    /// How.
    pub options: &'a Options,
    /// Where it says what it does.
    pub progress: &'a mut Progress,
    /// The build of the checked stage.
    pub image: Option<Built>,
    /// The other stages' images by name.
    pub stages: BTreeMap<String, Built>,
    /// What the images weigh.
    pub sizes: Option<Sizes>,
    /// How long things took.
    pub times: Times,
    /// The context as the engine gets it, copied.
    pub copy: Option<PathBuf>,
    /// The container of the checked image, once it was started.
    pub container: Option<super::live::Live>,
    /// The project of the companions, once they were started.
    pub network: Option<String>,
    pub(super) work: Work,
    pub(super) file: PathBuf,
    pub(super) id: String,
    count: usize,
    projects: Vec<(String, Vec<PathBuf>)>,
}

impl<'a> Session<'a> {
    /// Prepares the work; builds nothing yet.
    pub fn new(docker: Docker, subject: &'a Subject, options: &'a Options, progress: &'a mut Progress) -> std::io::Result<Self> {
        let work = Work::new()?;
        let folder = work.at("");
        let id = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().rsplit('-').next().unwrap_or_default().to_lowercase());
        let mut file = subject.dockerfile.clone();
        if options.builtin_frontend {
            file = work.write("frontend/Dockerfile", &without_syntax(&subject.text))?;
            let name = subject.dockerfile.file_name().unwrap_or_default().to_string_lossy();
            if let Some(ignore) = work::text(&subject.dockerfile.with_file_name(format!("{name}.dockerignore"))) {
                work.write("frontend/Dockerfile.dockerignore", &ignore)?;
            }
        }
        Ok(Self {
            docker,
            subject,
            options,
            progress,
            image: None,
            stages: BTreeMap::new(),
            sizes: None,
            times: Times::default(),
            copy: None,
            container: None,
            network: None,
            work,
            file,
            id,
            count: 0,
            projects: Vec::new(),
        })
    }

    /// A name for a container, an image or a project.
    pub fn name(&mut self, what: &str) -> String {
        self.count += 1;
        format!("dockgen-verify-{}-{what}{}", self.id, self.count)
    }

    /// The label as `docker` takes it.
    pub fn label(&self) -> String {
        format!("{LABEL}={}", self.id)
    }

    /// Builds a stage (`None`: the last one) of a file from a context.
    pub fn build(&mut self, file: &Path, target: Option<&str>, context: &Path, more: &[&str]) -> Result<Built, Fault> {
        let tag = self.name("image");
        let (file, context, label) = (path(file), path(context), self.label());
        let mut args = vec!["build", "--progress", "plain", "--load", "--file", &file, "--tag", &tag, "--label", &label];
        args.extend(target.iter().flat_map(|target| ["--target", target]));
        args.extend(more);
        args.push(&context);
        let mut log = BuildLog::default();
        let start = Instant::now();
        let progress = &mut *self.progress;
        let output = self.docker.watch(&args, None, BUILD_LIMIT, &mut |line| {
            if let Some(step) = log.take(line) {
                progress.step(step);
            }
        })?;
        Ok(Built { tag, log, seconds: start.elapsed().as_secs_f64(), ok: output.ok() })
    }

    /// The tag of the checked image.
    pub fn tag(&self) -> Option<&str> {
        self.image.as_ref().filter(|built| built.ok).map(|built| built.tag.as_str())
    }

    /// What the engine knows of an image or a container.
    pub fn inspect(&self, kind: &str, name: &str) -> Result<Value, Fault> {
        let begun = Instant::now();
        let text = loop {
            match self.docker.ask(&[kind, "inspect", name]) {
                // `docker compose watch` may be just making it anew.
                Err(Fault::Failed(why)) if why.contains("No such container") && begun.elapsed() < Duration::from_secs(15) => pause(Duration::from_millis(300))?,
                other => break other?,
            }
        };
        let mut value: Value = serde_json::from_str(&text).map_err(|error| Fault::Failed(format!("`docker {kind} inspect`: {error}")))?;
        Ok(value[0].take())
    }

    /// Copies the context as the engine gets it: what .dockerignore keeps out is not in it.
    pub fn copied(&mut self) -> Result<PathBuf, Fault> {
        if let Some(copy) = &self.copy {
            return Ok(copy.clone());
        }
        let io = |error: std::io::Error| Fault::Failed(format!("the copy of the context can't be made: {error}"));
        let name = self.subject.dockerfile.file_name().unwrap_or_default().to_string_lossy();
        let ignore = work::text(&self.subject.dockerfile.with_file_name(format!("{name}.dockerignore")));
        let file = self.work.write("export/Dockerfile", "FROM scratch\nCOPY . /\n").map_err(io)?;
        if let Some(ignore) = ignore {
            self.work.write("export/Dockerfile.dockerignore", &ignore).map_err(io)?;
        }
        // The project's copy lies as deep as the context in the project, so that compose finds it at the same place.
        let tail = if self.subject.shown_context == "." { "project".to_owned() } else { format!("project/{}", self.subject.shown_context) };
        let copy = self.work.at(&tail);
        let (file, out, context) = (path(&file), format!("type=local,dest={}", path(&copy)), path(&self.subject.context));
        let args = ["build", "--progress", "plain", "--file", &file, "--output", &out, &context];
        let output = self.docker.watch(&args, None, BUILD_LIMIT, &mut |_| {})?;
        if !output.ok() {
            return Err(Fault::Failed(format!("the engine did not take the context: {}", last_line(&output.stderr))));
        }
        self.copy = Some(copy.clone());
        Ok(copy)
    }

    /// Remembers a compose project, to be taken down.
    pub fn remember_project(&mut self, name: &str, files: Vec<PathBuf>) {
        self.projects.push((name.to_owned(), files));
    }

    /// Removes everything that was made. What is gone already is no fault.
    pub fn clean(&mut self) {
        let docker = Docker { cleaning: true };
        for (project, files) in std::mem::take(&mut self.projects) {
            let mut args = vec!["compose".to_owned(), "--project-name".to_owned(), project];
            args.extend(files.iter().flat_map(|file| ["--file".to_owned(), path(file)]));
            args.extend(["down", "--volumes", "--remove-orphans", "--rmi", "local", "--timeout", "0"].map(str::to_owned));
            let _ = docker.run(&args);
        }
        let filter = format!("label={}", self.label());
        for (list, remove) in [
            (vec!["ps", "--all", "--quiet", "--no-trunc"], vec!["rm", "--force", "--volumes"]),
            (vec!["images", "--all", "--quiet", "--no-trunc"], vec!["image", "rm", "--force"]),
        ] {
            let found = docker.run(&[list, vec!["--filter", &filter]].concat()).map(|output| output.stdout).unwrap_or_default();
            let mut ids: Vec<&str> = found.lines().collect();
            ids.sort_unstable();
            ids.dedup();
            if !ids.is_empty() {
                let _ = docker.run(&[remove, ids].concat());
            }
        }
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        self.clean();
    }
}

/// The last line that says something.
pub fn last_line(text: &str) -> &str {
    text.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()
}

/// The file without its `# syntax` line, for an engine that can't have that image.
fn without_syntax(text: &str) -> String {
    let directive = |line: &str| line.trim_start_matches('#').trim().to_lowercase().starts_with("syntax");
    text.lines().enumerate().map(|(i, line)| if i < 3 && line.starts_with('#') && directive(line) { "#\n".to_owned() } else { format!("{line}\n") }).collect()
}
