//! What the test programs share: the fixtures and running the program.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::disallowed_methods, reason = "tests look at the machine")]

pub mod engine;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

/// A small project before it has any Dockerfile.
#[derive(Clone, Debug)]
pub struct Fixture {
    /// The folder's name.
    pub name: String,
    /// The folder.
    pub path: PathBuf,
    /// Flags of `init`.
    pub args: Vec<String>,
    /// The exit code of `init`.
    pub code: i32,
    /// More outputs of the same project.
    pub variants: Vec<Variant>,
    /// What the real build does with it.
    pub verify: Verify,
}

/// The sidecar of a fixture: `tests/fixtures/<name>.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sidecar {
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    code: i32,
    #[serde(default)]
    variant: Vec<Variant>,
    #[serde(default)]
    verify: Verify,
}

/// Another output of the same project.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Flags beyond the fixture's own.
    pub args: Vec<String>,
}

/// How a fixture is verified.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// Checks that can't hold for it, each with the reason.
    #[serde(default)]
    pub skip: std::collections::BTreeMap<String, String>,
    /// Flags of `verify`.
    #[serde(default)]
    pub args: Vec<String>,
    /// Why it can't be built where only package registries answer.
    #[serde(default)]
    pub unbuildable: Option<String>,
}

/// What a run of the program gave.
#[derive(Debug)]
pub struct Run {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// The folder of the fixtures.
pub fn fixtures_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// All fixtures, in order of their names.
pub fn fixtures() -> Vec<Fixture> {
    let folder = fixtures_folder();
    let mut found: Vec<Fixture> = std::fs::read_dir(&folder)
        .expect("tests/fixtures")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let sidecar: Sidecar = std::fs::read_to_string(folder.join(format!("{name}.toml")))
                .map(|text| toml::from_str(&text).unwrap_or_else(|error| panic!("{name}.toml: {error}")))
                .unwrap_or_default();
            Fixture { name, path, args: sidecar.args, code: sidecar.code, variants: sidecar.variant, verify: sidecar.verify }
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Runs the program without a terminal and without this machine's `DOCKGEN_*` variables.
pub fn dockgen<S: AsRef<str>>(words: &[&str], more: &[S], path: &Path) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dockgen"));
    command.args(words).args(more.iter().map(AsRef::as_ref)).arg(path);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DOCKGEN_")) {
        command.env_remove(name);
    }
    run(command.env_remove("FORCE_COLOR").stdin(Stdio::null()))
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Run {
    let output = command.output().expect("the program starts");
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}
