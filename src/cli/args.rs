//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const INIT_EXAMPLES: &str = "\
Examples:
  dockgen init                         at a terminal: ask what is uncertain, then write
  dockgen init --yes                   ask nothing
  dockgen init --dry-run -v            say what would change, with the differences
  dockgen init --stdout --port 8080    print the files
  dockgen init api --base distroless   another folder, another base image
  dockgen init --adopt                 take over a Dockerfile that is there, with what it says
  dockgen init --format json           plan, files and diagnostics for programs

Each answer is a flag, a key of dockgen.toml and a variable: --start-cmd, start-cmd, DOCKGEN_START_CMD.
Exit codes: 0 done, 1 refused or nothing found, 2 wrong use or broken input, 130 stopped.";

const DETECT_EXAMPLES: &str = "\
Examples:
  dockgen detect                 each fact with the place that states it
  dockgen detect --format json   the same for programs; `dockgen schema detect` describes it";

const CHECK_EXAMPLES: &str = "\
Examples:
  dockgen check        in a pipeline: exit code 1 and each drift by name, 0 where all agrees
  dockgen check -v     with the differences of files that dockgen wrote

It reads every Dockerfile of the repository, hand-written ones too.";

const EXAMPLES: &str = "\
Examples:
  dockgen init     write Dockerfile, .dockerignore and compose.yaml
  dockgen detect   what dockgen sees in a repository, and where
  dockgen check    whether the files still fit the project
  dockgen verify   build the image, run it, and check both

`dockgen help COMMAND` says more of each.";

/// Reads a repository and writes a Dockerfile, .dockerignore and compose.yaml that build and run at the first try.
#[derive(Debug, Parser)]
#[command(name = "dockgen", version, propagate_version = true, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,

    /// Run as if started in this folder
    #[arg(short = 'C', long = "directory", value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,

    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub color: Color,

    /// Say only what went wrong
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say more: what was outvoted, and every difference
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the files
    Init(Init),
    /// Show what is found in a repository, each fact with its evidence
    Detect(Detect),
    /// Say where the files and the project no longer agree; exit code 1 if they don't
    Check(Check),
    /// Build the image with Docker, run it, and check both
    Verify(Verify),
    /// List the built-in templates, or write them out to be changed
    Templates(Templates),
    /// Print a JSON schema: of what detect, init or check prints as JSON, or of dockgen.toml
    Schema {
        /// Of what
        #[arg(value_name = "OF")]
        of: SchemaOf,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a folder
    Man {
        /// The folder
        #[arg(value_name = "DIR")]
        to: PathBuf,
    },
    /// List the stacks, package managers, frameworks and bases that are known
    Stacks,
}

/// `dockgen init`.
#[derive(Debug, Args)]
#[command(after_help = INIT_EXAMPLES)]
pub struct Init {
    /// The repository
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,

    /// Ask nothing: take what was detected
    #[arg(short, long)]
    pub yes: bool,

    /// Only say what would be created, updated and left
    #[arg(long)]
    pub dry_run: bool,

    /// Print the files instead of writing them; several are separated by lines `==> NAME <==`
    #[arg(long, conflicts_with = "dry_run")]
    pub stdout: bool,

    /// Overwrite files that dockgen did not write, or that were edited since
    #[arg(long)]
    pub force: bool,

    /// Take over files that dockgen did not write: their port, packages, variables and stage names go to dockgen.toml
    #[arg(long, conflicts_with = "force")]
    pub adopt: bool,

    /// Keep the answers that were given here in dockgen.toml
    #[arg(long)]
    pub save: bool,

    /// For people or for programs
    #[arg(long, value_name = "FORMAT", default_value = "human", conflicts_with = "stdout")]
    pub format: Format,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub answers: AnswerArgs,
}

/// `dockgen detect`.
#[derive(Debug, Args)]
#[command(after_help = DETECT_EXAMPLES)]
pub struct Detect {
    /// The repository
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,

    /// For people or for programs
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: Format,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub answers: AnswerArgs,
}

/// `dockgen check`.
#[derive(Debug, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub struct Check {
    /// The repository
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,

    /// For people or for programs
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: Format,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub answers: AnswerArgs,
}

/// `dockgen verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The repository, which is the build context
    #[arg(value_name = "PATH")]
    pub path: Option<PathBuf>,

    /// The Dockerfile, where it is not PATH/Dockerfile
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// The stage whose image is checked; the last one where none is named
    #[arg(long, value_name = "STAGE")]
    pub target: Option<String>,

    /// Checks to leave out: lint, build, size, user, tools, secrets, run, health, stop, readonly, cache, dev, context
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub skip: Vec<String>,

    /// A variable of the container, NAME=VALUE; may be repeated
    #[arg(short, long, value_name = "NAME=VALUE")]
    pub env: Vec<String>,

    /// A file of variables of the container; may be repeated
    #[arg(long, value_name = "FILE")]
    pub env_file: Vec<PathBuf>,

    /// Start the other services of the compose file (compose.yaml where none is named) beside the container
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub compose: Option<String>,

    /// How many seconds a server may take until its first answer
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub patience: u64,

    /// Build the checked stage without the engine's cache, so that the time of the first build is one
    #[arg(long)]
    pub no_cache: bool,

    /// Let the engine read the Dockerfile itself, where the image that `# syntax` names can't be had
    #[arg(long, env = "DOCKGEN_BUILTIN_FRONTEND", value_parser = clap::builder::FalseyValueParser::new())]
    pub builtin_frontend: bool,

    /// For people or for programs
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: Format,
}

/// `dockgen templates`.
#[derive(Debug, Args)]
pub struct Templates {
    #[command(subcommand)]
    #[allow(missing_docs)]
    pub action: Option<TemplateAction>,
}

/// What to do with templates.
#[derive(Debug, Subcommand)]
pub enum TemplateAction {
    /// List the built-in templates
    List,
    /// Write built-in templates into a folder; files that are there stay as they are
    Eject {
        /// The templates, for example node/Dockerfile.tera or node
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
        /// The folder
        #[arg(long, value_name = "DIR", default_value = "templates")]
        to: PathBuf,
    },
}

/// Answers to the questions; each is also a key of dockgen.toml and a variable `DOCKGEN_*`.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Answers")]
pub struct AnswerArgs {
    /// The stack of the root folder, for example node or python
    #[arg(long, value_name = "STACK")]
    pub stack: Option<String>,

    /// The applications to write files for, by name or folder
    #[arg(long, value_name = "APP", value_delimiter = ',')]
    pub app: Vec<String>,

    /// The runtime's version, for example 22 or 3.14
    #[arg(long, value_name = "VERSION")]
    pub runtime_version: Option<String>,

    /// The package manager, for example pnpm or uv
    #[arg(long, value_name = "NAME")]
    pub package_manager: Option<String>,

    /// The command that builds the project
    #[arg(long, value_name = "COMMAND")]
    pub build_cmd: Option<String>,

    /// The command that the production container runs
    #[arg(long, value_name = "COMMAND")]
    pub start_cmd: Option<String>,

    /// The port that the program listens on
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,

    /// The kind of base image: slim, alpine, distroless or scratch, where the stack has it
    #[arg(long, value_name = "BASE")]
    pub base: Option<String>,

    /// The databases and brokers in compose.yaml, for example postgres,redis; `none` for none
    #[arg(long, value_name = "SERVICE", value_delimiter = ',')]
    pub services: Vec<String>,

    /// Write no compose.yaml
    #[arg(long)]
    pub no_compose: bool,

    /// Write no .dockerignore
    #[arg(long)]
    pub no_dockerignore: bool,

    /// A folder of templates, each in place of the built-in one of the same name
    #[arg(long, value_name = "DIR", env = "DOCKGEN_TEMPLATES", hide_env = true)]
    pub templates: Option<PathBuf>,
}

/// What there is a schema of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// `detect --format json`
    Detect,
    /// `init --format json`
    Init,
    /// `check --format json`
    Check,
    /// dockgen.toml
    Config,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// At a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// For whom output is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// People
    Human,
    /// Programs
    Json,
}
