//! `dockgen verify`: builds the repository's Dockerfile with the user's own engine and checks what comes out.

mod build;
mod dev;
mod edit;
mod image;
mod live;
mod progress;
mod rules;
mod session;
mod steps;
mod subject;

use std::path::{Path, PathBuf};
use std::time::Duration;

use self::progress::Progress;
use self::session::Session;
use self::subject::{Subject, Wanted};
use super::{Outcome, Talk};
use crate::fs::docker::{Docker, Fault, catch_interrupts, path};
use crate::model::Diagnostic;
use crate::model::verify::{Check, Finding, Verification};
use crate::report;

/// How `verify` was asked to behave.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The Dockerfile, where it is not the usual one.
    pub file: Option<PathBuf>,
    /// The stage whose image is checked, where it is not the last one.
    pub target: Option<String>,
    /// Checks that are left out, by name.
    pub skip: Vec<String>,
    /// Variables of the container.
    pub env: Vec<String>,
    /// Files of variables of the container.
    pub env_file: Vec<PathBuf>,
    /// The compose file whose other services are started beside the container; empty: the usual one.
    pub compose: Option<String>,
    /// How long a server may take until its first answer.
    pub patience: Duration,
    /// Whether the first build takes nothing from the engine's cache.
    pub no_cache: bool,
    /// Whether the engine's built-in reader of Dockerfiles is used in place of the image that `# syntax` names.
    pub builtin_frontend: bool,
    /// Whether the report is for programs.
    pub json: bool,
    /// Whether talk goes to a terminal.
    pub terminal: bool,
    /// Whether it says only what went wrong.
    pub quiet: bool,
}

/// Runs the command.
pub fn run(root: &Path, options: &Options, talk: &mut Talk) -> anyhow::Result<Outcome> {
    let fail = |talk: &mut Talk, problem: Diagnostic| {
        talk.say(&report::human::diagnostics(&[problem]));
        Ok(Outcome::Failed)
    };
    let skip = match skipped(options) {
        Ok(skip) => skip,
        Err(problem) => return fail(talk, problem),
    };
    catch_interrupts();
    match verify_all(root, options, &skip) {
        Ok(Ok(all)) => {
            talk.put(&if options.json { report::verify::json(&all)? } else { report::verify::human(&all) })?;
            Ok(if all.iter().any(Verification::failed) { Outcome::No } else { Outcome::Done })
        }
        Ok(Err(problem)) => fail(talk, problem),
        Err(Fault::Interrupted) => {
            talk.say("interrupted: everything that was made is removed\n");
            Ok(Outcome::Interrupted)
        }
        Err(fault) => fail(talk, Diagnostic::error("engine", fault.to_string())),
    }
}

fn skipped(options: &Options) -> Result<Vec<Check>, Diagnostic> {
    let known = || Check::ALL.map(Check::name).join(", ");
    let unknown = |name: &str| {
        Diagnostic::error("unknown-check", format!("there is no check `{}`", crate::model::evidence::tame(name))).help(format!("--skip takes {}", known()))
    };
    options.skip.iter().map(|name| Check::named(name).ok_or_else(|| unknown(name))).collect()
}

fn verify_all(root: &Path, options: &Options, skip: &[Check]) -> Result<Result<Vec<Verification>, Diagnostic>, Fault> {
    let docker = Docker::default();
    if let Some(problem) = engine(&docker)? {
        return Ok(Err(problem));
    }
    let compose = options.compose.as_deref().filter(|file| !file.is_empty()).map(Path::new);
    let wanted = Wanted { root, file: options.file.as_deref(), target: options.target.as_deref(), compose };
    let subjects = match subject::find(&wanted, &docker)? {
        Ok(subjects) => subjects,
        Err(problem) => return Ok(Err(problem)),
    };
    if options.compose.is_some()
        && let Some(subject) = subjects.iter().find(|subject| subject.app.is_none())
    {
        let message = format!("no service of a compose file is built from `{}`", subject.shown);
        return Ok(Err(Diagnostic::error("no-compose", message).help("--compose FILE names the compose file, with `build:` for that Dockerfile")));
    }
    let mut progress = Progress::new(options.terminal, options.quiet);
    let mut all = Vec::new();
    for subject in &subjects {
        progress.begin(&format!("{} ({})", subject.shown, subject.target_name()));
        all.push(verify(&docker, subject, options, skip, &mut progress)?);
    }
    Ok(Ok(all))
}

/// What keeps the engine from being used, if anything.
fn engine(docker: &Docker) -> Result<Option<Diagnostic>, Fault> {
    let version = match docker.run(&["version", "--format", "{{.Server.Version}}"]) {
        Err(Fault::Missing) => {
            return Ok(Some(
                Diagnostic::error("no-docker", "there is no `docker` program")
                    .help("install Docker Engine or Docker Desktop: https://docs.docker.com/get-docker/"),
            ));
        }
        other => other?,
    };
    if !version.ok() {
        let why = session::last_line(&version.stderr).to_owned();
        return Ok(Some(
            Diagnostic::error("no-engine", format!("no Docker engine answers: {why}"))
                .help("start it (`systemctl start docker`, or Docker Desktop) and try again"),
        ));
    }
    if !docker.run(&["buildx", "version"])?.ok() {
        return Ok(Some(
            Diagnostic::error("no-buildx", "`docker` has no BuildKit front end").help("install the package `docker-buildx` or `docker-buildx-plugin`"),
        ));
    }
    Ok(None)
}

fn verify(docker: &Docker, subject: &Subject, options: &Options, skip: &[Check], progress: &mut Progress) -> Result<Verification, Fault> {
    let session =
        Session::new(docker.clone(), subject, options, progress).map_err(|error| Fault::Failed(format!("no temporary folder can be made: {error}")))?;
    let mut checks = Checks { session, skip, findings: Vec::new() };
    checks.all()?;
    let Checks { session, mut findings, .. } = checks;
    findings.sort_by_key(|finding: &Finding| finding.check);
    Ok(Verification {
        dockerfile: subject.shown.clone(),
        context: subject.shown_context.clone(),
        target: subject.target_name(),
        checks: findings,
        sizes: session.sizes.clone(),
        times: session.times.clone(),
    })
}

struct Checks<'a> {
    session: Session<'a>,
    skip: &'a [Check],
    findings: Vec<Finding>,
}

impl<'a> Checks<'a> {
    /// Makes a check, unless it is left out. One that can't be made is never called fine.
    fn make(&mut self, check: Check, make: impl FnOnce(&mut Session<'a>) -> Result<Finding, Fault>) -> Result<(), Fault> {
        let finding = if self.skip.contains(&check) {
            Finding::skipped(check, "left out by --skip")
        } else {
            self.session.progress.check(check);
            match make(&mut self.session) {
                Ok(finding) => finding,
                Err(fault @ (Fault::Interrupted | Fault::Missing)) => return Err(fault),
                Err(fault) => Finding::skipped(check, fault.to_string()),
            }
        };
        self.session.progress.finding(&finding);
        self.findings.push(finding);
        Ok(())
    }

    fn all(&mut self) -> Result<(), Fault> {
        self.make(Check::Lint, build::lint)?;
        self.make(Check::Context, build::context)?;
        self.make(Check::Build, build::build)?;
        let Some(tag) = self.session.tag().map(str::to_owned) else {
            let why = if self.skip.contains(&Check::Build) { "nothing is built: `build` is left out" } else { "the image does not build" };
            for check in
                [Check::Size, Check::User, Check::Tools, Check::Secrets, Check::Run, Check::Health, Check::Stop, Check::Readonly, Check::Cache, Check::Dev]
            {
                self.make(check, |_| Ok(Finding::skipped(check, why)))?;
            }
            return Ok(());
        };
        self.image(&tag)?;
        self.live(&tag)?;
        self.make(Check::Cache, build::cache)?;
        self.make(Check::Dev, dev::dev)
    }

    fn image(&mut self, tag: &str) -> Result<(), Fault> {
        if [Check::Size, Check::Tools, Check::Secrets].iter().all(|check| self.skip.contains(check)) {
            for check in [Check::Size, Check::Tools, Check::Secrets] {
                self.make(check, |_| Ok(Finding::skipped(check, "")))?;
            }
            return Ok(());
        }
        self.session.progress.check(Check::Size);
        let contents = match image::Contents::read(&mut self.session, tag) {
            Ok(contents) => Ok(contents),
            Err(fault @ Fault::Interrupted) => return Err(fault),
            Err(fault) => Err(fault.to_string()),
        };
        let unread = |check: Check, why: &String| Ok(Finding::skipped(check, why.clone()));
        match &contents {
            Ok(contents) => {
                self.make(Check::Size, |session| image::size(session, tag, contents))?;
                self.make(Check::Tools, |session| Ok(image::tools(session, contents)))?;
                self.make(Check::Secrets, |_| Ok(image::secrets(contents)))
            }
            Err(why) => {
                self.make(Check::Size, |_| unread(Check::Size, why))?;
                self.make(Check::Tools, |_| unread(Check::Tools, why))?;
                self.make(Check::Secrets, |_| unread(Check::Secrets, why))
            }
        }
    }

    fn live(&mut self, tag: &str) -> Result<(), Fault> {
        let wanted = self.session.options.compose.is_some() && !self.skip.contains(&Check::Run);
        let started = if wanted { companions(&mut self.session)? } else { Ok(()) };
        match started {
            Ok(()) => self.make(Check::Run, |session| live::run(session, tag))?,
            Err(finding) => self.make(Check::Run, |_| Ok(finding))?,
        }
        self.make(Check::User, |session| live::user(session, tag))?;
        self.make(Check::Health, |session| live::health(session, tag))?;
        self.make(Check::Stop, live::stop)?;
        self.make(Check::Readonly, |session| live::readonly(session, tag))
    }
}

/// Starts what the compose file names beside the program; the inner `Err` says what went wrong.
fn companions(session: &mut Session<'_>) -> Result<Result<(), Finding>, Fault> {
    let Some(app) = session.subject.app.clone().filter(|app| !app.companions.is_empty()) else { return Ok(Ok(())) };
    session.progress.check(Check::Run);
    session.progress.step(&format!("starting {}", app.companions.join(", ")));
    let project = session.name("beside");
    session.remember_project(&project, vec![app.file.clone()]);
    let file = path(&app.file);
    let mut args = vec!["compose", "--project-name", &project, "--file", &file, "up", "--detach", "--wait", "--no-build", "--quiet-pull"];
    args.extend(app.companions.iter().map(String::as_str));
    let output = session.docker.watch(&args, None, Duration::from_mins(15), &mut |_| {})?;
    if !output.ok() {
        let lines: Vec<String> = output.stderr.lines().rev().take(10).map(|line| format!("  {line}")).collect();
        return Ok(Err(Finding::fail(Check::Run, format!("{} did not start", app.companions.join(", "))).more(lines.into_iter().rev())));
    }
    session.network = Some(format!("{project}_default"));
    Ok(Ok(()))
}
