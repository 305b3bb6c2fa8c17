//! Every fixture is built and run for real: `init` in a fresh copy, then `verify` with every check.
//!
//! `cargo test --test e2e` needs a Docker engine; without one it says so and skips. `DOCKGEN_E2E_RENDER=FOLDER` only writes the
//! Dockerfiles into a folder; `DOCKGEN_E2E=reference` takes the fixtures of tests/support/reference.txt alone; `DOCKGEN_E2E_PROOF=1` builds without the engine's cache and
//! writes the measurements to docs/proof.md: each row that was measured anew, the others as they stand there.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests look at the machine")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;
use support::Fixture;
use support::engine::{self, Registries};

/// Reasons for which a check may be left out: the image has nothing for it to look at.
const ALLOWED: &[&str] = &["HEALTHCHECK NONE", "it ends by itself", "left out by --skip"];

/// The fixtures of the reference systems.
const REFERENCE: &str = include_str!("support/reference.txt");

/// What one image has to show.
#[derive(Clone, Debug)]
struct Row {
    name: String,
    image: Value,
}

fn main() {
    let mut arguments = Arguments::from_args();
    if let Ok(folder) = std::env::var("DOCKGEN_E2E_RENDER") {
        render(Path::new(&folder));
        return;
    }
    if !arguments.list && !engine::answers() {
        eprintln!("skipped: no Docker engine answers, so nothing can be built");
        return;
    }
    let proof = std::env::var("DOCKGEN_E2E_PROOF").is_ok_and(|value| !value.is_empty());
    if proof {
        // What is measured is measured alone. And BuildKit gives a build the steps of another one that runs at the same time without the cache, where
        // both have the same: a rebuild beside it would seem to run them again.
        arguments.test_threads = Some(1);
    }
    let proof = proof.then(Arc::<Mutex<()>>::default);
    let registries = Registries::ask();
    let mut trials = Vec::new();
    for case in cases() {
        let (proof, registries, name, reason) = (proof.clone(), registries.clone(), case.name(), case.unbuildable(&registries));
        if let Some(reason) = &reason {
            eprintln!("not built here: {name}: {reason}");
        }
        trials.push(Trial::test(name, move || case.check(&registries, proof.as_deref())).with_ignored_flag(reason.is_some()));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// A fixture with the flags of one of its outputs.
#[derive(Clone, Debug)]
struct Case {
    fixture: Fixture,
    variant: Vec<String>,
}

/// The fixtures that give files, each once plain and once for every variant of its sidecar.
fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let reference = std::env::var("DOCKGEN_E2E").is_ok_and(|value| value == "reference");
    let wanted = |fixture: &Fixture| !reference || REFERENCE.lines().any(|line| line.split_whitespace().next() == Some(&fixture.name));
    for fixture in support::fixtures().into_iter().filter(|fixture| fixture.code == 0 && wanted(fixture)) {
        cases.push(Case { fixture: fixture.clone(), variant: Vec::new() });
        let variants = fixture.variants.iter().map(|variant| Case { fixture: fixture.clone(), variant: variant.args.clone() });
        // A base that the project is refused is in its snapshot, with the reason.
        cases.extend(variants.filter(|case| support::dockgen(&["init", "--yes", "--stdout", "--quiet"], &case.args(), &case.fixture.path).code == 0));
    }
    cases
}

impl Case {
    fn name(&self) -> String {
        [vec![self.fixture.name.clone()], self.variant.clone()].concat().join(" ")
    }

    /// Why it can't be built where only package registries answer.
    fn unbuildable(&self, registries: &Registries) -> Option<String> {
        let alpine = !registries.images && {
            // Any stage counts: a static binary for `scratch` may come from Alpine's toolchain.
            let files = support::dockgen(&["init", "--yes", "--stdout", "--quiet"], &self.args(), &self.fixture.path).stdout;
            files.lines().any(|line| line.starts_with("FROM ") && line.contains("alpine"))
        };
        let alpine = alpine.then(|| "Alpine's images can't be had without a registry of images; its snapshot is linted instead".to_owned());
        self.fixture.verify.unbuildable.clone().or(alpine)
    }

    fn args(&self) -> Vec<String> {
        [self.fixture.args.clone(), self.variant.clone()].concat()
    }

    /// The project in a folder of its own, with dockgen's files.
    fn prepare(&self, folder: &Path, registries: &Registries) -> Result<Vec<PathBuf>, Failed> {
        engine::copy(&self.fixture.path, folder);
        registries.put_back(folder);
        let init = support::dockgen(&["init", "--yes"], &self.args(), folder);
        if init.code != 0 {
            return Err(format!("init ends with {}\n{}", init.code, init.stderr).into());
        }
        Ok(dockerfiles(folder))
    }

    /// All checks; with a `proof` the page of the docs gets its row at once, so that a run that is broken off keeps what it has.
    fn check(&self, registries: &Registries, proof: Option<&Mutex<()>>) -> Result<(), Failed> {
        let temporary = tempfile::Builder::new().prefix("dockgen-e2e-").tempdir()?;
        // The folder's name is the project's where the project has none of its own.
        let folder = temporary.path().join(&self.fixture.name);
        self.prepare(&folder, registries)?;
        plant(&folder)?;
        let mut words = vec!["verify".to_owned(), "--format=json".to_owned(), "--quiet".to_owned(), "--patience=120".to_owned()];
        let mut skip: Vec<&str> = self.fixture.verify.skip.keys().map(String::as_str).collect();
        if !self.variant.is_empty() {
            // The development stage and the context are those of the plain output.
            skip.extend(["dev", "context"]);
        }
        if !skip.is_empty() {
            words.push(format!("--skip={}", skip.join(",")));
        }
        if proof.is_some() {
            words.push("--no-cache".to_owned());
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let run = support::dockgen(&words, &self.fixture.verify.args, &folder);
        let report: Value = serde_json::from_str(&run.stdout).map_err(|error| format!("no report ({error}), exit code {}\n{}", run.code, run.stderr))?;
        let (mut wrong, mut measured) = (Vec::new(), Vec::new());
        for image in report["images"].as_array().into_iter().flatten() {
            let place = image["dockerfile"].as_str().unwrap_or_default();
            for check in image["checks"].as_array().into_iter().flatten() {
                let (name, status, detail) = (check["name"].as_str(), check["status"].as_str(), check["detail"].as_str().unwrap_or_default());
                let excused = status == Some("skipped") && ALLOWED.iter().any(|reason| detail.contains(reason));
                if status != Some("ok") && !excused {
                    let more: Vec<&str> = check["more"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                    wrong.push(format!("{place} {} {}: {detail}\n{}", name.unwrap_or_default(), status.unwrap_or_default(), more.join("\n")));
                }
            }
            let name = if place == "Dockerfile" { self.name() } else { format!("{} {}", self.name(), place.trim_end_matches("/Dockerfile")) };
            measured.push(Row { name, image: image.clone() });
        }
        for (check, reason) in &self.fixture.verify.skip {
            eprintln!("{}: `{check}` is left out: {reason}", self.name());
        }
        if !wrong.is_empty() || run.code != 0 {
            return Err(format!("exit code {}\n{}", run.code, wrong.join("\n")).into());
        }
        if let Some(proof) = proof {
            let _alone = proof.lock().map_err(|_| "another test broke off")?;
            let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/proof.md");
            let before = std::fs::read_to_string(&place).unwrap_or_default();
            std::fs::write(place, page(&before, &measured))?;
        }
        Ok(())
    }
}

/// What lies about in a real folder and must not get into an image: secrets, version control.
fn plant(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder.join(".git"))?;
    std::fs::write(folder.join(".git/HEAD"), "ref: refs/heads/main\n")?;
    std::fs::write(folder.join(".env"), "PLANTED_BY_THE_SUITE=do-not-copy-me\n")?;
    std::fs::write(folder.join("deploy.key"), "-----BEGIN PRIVATE KEY-----\nplanted by the suite\n-----END PRIVATE KEY-----\n")
}

/// The Dockerfiles below a folder.
fn dockerfiles(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else if path.file_name().is_some_and(|name| name == "Dockerfile") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Writes the Dockerfiles of all that can be built into a folder, so that their base images can be fetched or made beforehand.
fn render(into: &Path) {
    std::fs::create_dir_all(into).expect("a folder");
    let registries = Registries::ask();
    for case in cases().into_iter().filter(|case| case.unbuildable(&registries).is_none()) {
        let temporary = tempfile::tempdir().expect("a folder");
        let folder = temporary.path().join(&case.fixture.name);
        match case.prepare(&folder, &registries) {
            Ok(files) => {
                for (i, file) in files.iter().enumerate() {
                    let name = case.name().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
                    std::fs::copy(file, into.join(format!("{name}-{i}.Dockerfile"))).expect("a file is copied");
                }
            }
            Err(problem) => eprintln!("{}: {}", case.name(), problem.message().unwrap_or_default()),
        }
    }
}

/// docs/proof.md: what was measured, and of the page as it stands the rows of other fixtures that still exist.
fn page(before: &str, measured: &[Row]) -> String {
    let fixtures: BTreeSet<String> = support::fixtures().into_iter().map(|fixture| fixture.name).collect();
    let is_there = |name: &str| fixtures.contains(name.split(' ').next().unwrap_or(name));
    let name_of = |line: &str| line.strip_prefix("| ").and_then(|rest| rest.split_once(" | ")).map(|(name, _)| name.to_owned());
    let kept = before.lines().filter_map(|line| Some((name_of(line).filter(|name| is_there(name))?, format!("{line}\n"))));
    let rows: BTreeMap<String, String> = kept.chain(measured.iter().map(|row| (row.name.clone(), cells(row)))).collect();
    format!("{}{}", include_str!("support/proof.md"), rows.into_values().collect::<String>())
}

/// A row of the table.
fn cells(Row { name, image }: &Row) -> String {
    let (sizes, times) = (&image["sizes"], &image["times"]);
    let size = |key: &str| sizes[key].as_u64().map_or_else(|| "-".to_owned(), dockgen::report::verify::bytes);
    let seconds = |key: &str, places: usize| times[key].as_f64().map_or_else(|| "-".to_owned(), |value| format!("{value:.places$}"));
    let ratio = sizes["ratio"].as_f64().map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.1}"));
    let base = sizes["base_image"].as_str().unwrap_or("-");
    let cells =
        [size("image"), size("added"), format!("`{base}`"), ratio, seconds("start", 1), seconds("stop", 1), seconds("first_build", 0), seconds("rebuild", 0)];
    format!("| {name} | {} |\n", cells.join(" | "))
}
