//! Each check of `verify` is seen to fail on a Dockerfile made to fail it, and no other check fails with it.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "tests look at the machine")]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::Value;
use support::engine;

/// Folder in `tests/broken`, the checks that must fail, and a part of what the first of them says.
const CASES: &[(&str, &[&str], &str)] = &[
    ("fine", &[], ""),
    ("build", &["build"], "`other` does not build"),
    ("cache", &["cache"], "RUN npm ci again"),
    ("context", &["context"], ".env, node_modules/"),
    ("dev", &["dev"], "nothing happens after a change to serve.sh"),
    ("health", &["health"], "unhealthy"),
    ("lint", &["lint"], "3 warnings"),
    ("port", &["run"], "nothing answers on port 9000 in 6 s; it listens on port 8080"),
    ("readonly", &["readonly"], "ends with code 1 with --read-only"),
    ("root", &["user"], "the image names no user"),
    ("named-user", &["user"], "the user `nobody` is a name, which is 65534"),
    ("run", &["run"], "ends with code 3 instead of serving"),
    ("secrets", &["secrets", "context"], "/app/.env in layer 2 is the project's `.env`"),
    ("stop", &["stop"], "it does not end on SIGTERM"),
    ("tools", &["tools"], "the image holds gcc, npm's cache"),
];

fn main() {
    let arguments = Arguments::from_args();
    if !arguments.list && !engine::answers() {
        eprintln!("skipped: no Docker engine answers, so nothing can be built");
        return;
    }
    let mut trials: Vec<Trial> = CASES.iter().map(|case| Trial::test(case.0, || check(case))).collect();
    trials.push(Trial::test("nothing-is-left", nothing_is_left));
    libtest_mimic::run(&arguments, trials).exit();
}

fn check((name, failing, says): &(&str, &[&str], &str)) -> Result<(), Failed> {
    let folder = copied(name)?;
    let run = support::dockgen(&["verify", "--format=json", "--quiet", "--patience=6"], &[] as &[&str], folder.path());
    let report: Value = serde_json::from_str(&run.stdout).map_err(|error| format!("no report ({error})\n{}", run.stderr))?;
    let checks = report["images"][0]["checks"].as_array().cloned().unwrap_or_default();
    let failed: BTreeMap<&str, &str> =
        checks.iter().filter(|check| check["status"] == "fail").filter_map(|check| Some((check["name"].as_str()?, check["detail"].as_str()?))).collect();
    let mut wanted = failing.to_vec();
    wanted.sort_unstable();
    let same = failed.keys().copied().eq(wanted);
    let said = failing.first().is_none_or(|first| failed.get(first).is_some_and(|detail| detail.contains(says)));
    let code = i32::from(!failing.is_empty());
    if same && said && run.code == code { Ok(()) } else { Err(format!("exit code {}, failed: {failed:#?}\nof {checks:#?}", run.code).into()) }
}

fn copied(name: &str) -> Result<tempfile::TempDir, Failed> {
    let folder = tempfile::tempdir()?;
    engine::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken").join(name), folder.path());
    // What a repository can't hold: files that its own ignore rules leave out.
    if matches!(name, "secrets" | "context") {
        std::fs::write(folder.path().join(".env"), "API_TOKEN=0123456789abcdef\n")?;
    }
    if name == "context" {
        std::fs::create_dir_all(folder.path().join("node_modules/left"))?;
        std::fs::write(folder.path().join("node_modules/left/index.js"), "1\n")?;
    }
    Ok(folder)
}

/// Containers, images and folders are gone, also when the run was interrupted.
fn nothing_is_left() -> Result<(), Failed> {
    let folder = copied("stop")?;
    // Under another name than in the test that runs beside this one.
    let dockerfile = std::fs::read_to_string(folder.path().join("Dockerfile"))?.replace("stubborn.sh", "unending.sh");
    std::fs::write(folder.path().join("Dockerfile"), dockerfile)?;
    std::fs::rename(folder.path().join("stubborn.sh"), folder.path().join("unending.sh"))?;
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_dockgen"))
        .args(["verify", "--format=json"])
        .arg(folder.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()?;
    // Until the container runs: `stop` alone takes ten seconds here.
    let begun = std::time::Instant::now();
    let mut mine = String::new();
    while mine.is_empty() && begun.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(300));
        let output = std::process::Command::new("docker")
            .args(["ps", "--filter", "label=dockgen.verify", "--format", "{{.Label \"dockgen.verify\"}} {{.Command}}"])
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        mine = text.lines().find(|line| line.contains("unending")).and_then(|line| line.split(' ').next()).unwrap_or_default().to_owned();
    }
    if mine.is_empty() {
        return Err("the container was never seen".into());
    }
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
    let status = child.wait()?;
    if status.code() != Some(130) {
        return Err(format!("it ends with {status} instead of 130").into());
    }
    for list in [["ps", "--all"], ["images", "--all"]] {
        let filter = format!("label=dockgen.verify={mine}");
        let output = std::process::Command::new("docker").args(list).args(["--quiet", "--filter", &filter]).output()?;
        if !output.stdout.is_empty() {
            return Err(format!("`docker {}` still shows something", list.join(" ")).into());
        }
    }
    Ok(())
}
