//! What `dockgen verify` found out about one Dockerfile.

use std::fmt;

use serde::Serialize;

/// One thing that is checked, in the order of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Check {
    /// The engine's own warnings, and ours.
    Lint,
    /// Every stage builds.
    Build,
    /// What the image weighs.
    Size,
    /// Who runs in it.
    User,
    /// What a production image has no use for.
    Tools,
    /// Secrets in its layers.
    Secrets,
    /// It starts, stays up and answers.
    Run,
    /// HEALTHCHECK turns healthy.
    Health,
    /// It stops by itself.
    Stop,
    /// It runs hardened.
    Readonly,
    /// An edit reuses the dependency layers.
    Cache,
    /// The development stage picks up a change.
    Dev,
    /// What is sent to the engine.
    Context,
}

impl Check {
    /// All of them, in order.
    pub const ALL: [Self; 13] = [
        Self::Lint,
        Self::Build,
        Self::Size,
        Self::User,
        Self::Tools,
        Self::Secrets,
        Self::Run,
        Self::Health,
        Self::Stop,
        Self::Readonly,
        Self::Cache,
        Self::Dev,
        Self::Context,
    ];

    /// The name that `--skip` takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lint => "lint",
            Self::Build => "build",
            Self::Size => "size",
            Self::User => "user",
            Self::Tools => "tools",
            Self::Secrets => "secrets",
            Self::Run => "run",
            Self::Health => "health",
            Self::Stop => "stop",
            Self::Readonly => "readonly",
            Self::Cache => "cache",
            Self::Dev => "dev",
            Self::Context => "context",
        }
    }

    /// The check of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|check| check.name() == name)
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It was made, and holds.
    Ok,
    /// It was made, and does not hold.
    Fail,
    /// It was not made; the detail says why.
    Skipped,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Fail => "FAIL",
            Self::Skipped => "skipped",
        })
    }
}

/// The outcome of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which check.
    pub check: Check,
    /// How it ended.
    pub status: Status,
    /// One line: what was seen, or why it was not made.
    pub detail: String,
    /// More lines: every warning, every file, the end of a log.
    pub more: Vec<String>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Finding {
    fn new(check: Check, status: Status, detail: impl Into<String>) -> Self {
        Self { check, status, detail: detail.into(), more: Vec::new(), help: None }
    }

    /// It holds.
    pub fn ok(check: Check, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Ok, detail)
    }

    /// It does not hold.
    pub fn fail(check: Check, detail: impl Into<String>) -> Self {
        Self::new(check, Status::Fail, detail)
    }

    /// It was not made.
    pub fn skipped(check: Check, why: impl Into<String>) -> Self {
        Self::new(check, Status::Skipped, why)
    }

    /// Adds lines.
    #[must_use]
    pub fn more(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        self.more.extend(lines);
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A part of an image and what it weighs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Weight {
    /// A stage, an instruction or a path.
    pub of: String,
    /// Bytes of its files.
    pub bytes: u64,
}

/// What the images weigh: the bytes of the files in their layers, uncompressed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// The checked image.
    pub image: u64,
    /// The image that it stands on, as the Dockerfile names it.
    pub base_image: String,
    /// What that weighs.
    pub base: u64,
    /// What the Dockerfile adds to it.
    pub added: u64,
    /// What is added, by path, heaviest first.
    pub paths: Vec<Weight>,
    /// The layers that the Dockerfile adds, by instruction, first to last.
    pub layers: Vec<Weight>,
    /// Every stage that was built.
    pub stages: Vec<Weight>,
    /// The whole project built in one stage: toolchain, sources and all dependencies.
    pub single_stage: Option<u64>,
}

impl Sizes {
    /// How many times the single-stage image is as large.
    #[allow(clippy::cast_precision_loss, reason = "a ratio for people")]
    pub fn ratio(&self) -> Option<f64> {
        self.single_stage.filter(|_| self.image > 0).map(|single| single as f64 / self.image as f64)
    }
}

/// How long things took, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Times {
    /// The first build of the checked stage.
    pub first_build: Option<f64>,
    /// How many of its steps the engine still had from earlier builds.
    pub reused_steps: usize,
    /// How many steps it has.
    pub steps: usize,
    /// The build after a change to one source file.
    pub rebuild: Option<f64>,
    /// From `docker run` to the first answer.
    pub start: Option<f64>,
    /// What `docker stop` took.
    pub stop: Option<f64>,
}

/// Everything about one Dockerfile.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verification {
    /// The Dockerfile, as given.
    pub dockerfile: String,
    /// The build context, as given.
    pub context: String,
    /// The stage whose image was checked.
    pub target: String,
    /// The checks, in order.
    pub checks: Vec<Finding>,
    /// What the images weigh, where `size` was made.
    pub sizes: Option<Sizes>,
    /// How long things took.
    pub times: Times,
}

impl Verification {
    /// Whether a check failed.
    pub fn failed(&self) -> bool {
        self.checks.iter().any(|finding| finding.status == Status::Fail)
    }
}
