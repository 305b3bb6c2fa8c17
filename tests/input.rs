//! Bad input gets a clear error with its place, exit code 2, and nothing is written; nothing of the user's is ever lost.
#![allow(clippy::disallowed_methods, reason = "tests look at the machine")]

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use support::{Run, dockgen};
use tempfile::TempDir;

const GO_MOD: &str = "module example.com/hello\n\ngo 1.27\n";
const MAIN: &str = "package main\n\nimport \"net/http\"\n\nfunc main() {\n\t_ = http.ListenAndServe(\":8080\", nil)\n}\n";

/// A Go project that works.
fn project() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("go.mod"), GO_MOD).expect("written");
    std::fs::write(folder.path().join("main.go"), MAIN).expect("written");
    folder
}

fn init(args: &[&str], folder: &Path) -> Run {
    dockgen(&["init"], args, folder)
}

/// Every file of a folder with its bytes.
fn content(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_file())
        .map(|path| (path.file_name().expect("a name").to_string_lossy().into_owned(), std::fs::read(&path).expect("bytes")))
        .collect()
}

fn refused(folder: &Path, args: &[&str], code: i32, says: &[&str]) {
    let before = content(folder);
    let run = init(args, folder);
    assert_eq!(run.code, code, "{}", run.stderr);
    for text in says {
        assert!(run.stderr.contains(text), "`{text}` is not in\n{}", run.stderr);
    }
    assert_eq!(content(folder), before, "something was written");
}

#[test]
fn a_project_gets_its_files_and_a_second_run_changes_nothing() {
    let folder = project();
    let run = init(&["--yes"], folder.path());
    assert_eq!((run.code, run.stdout.as_str()), (0, "created    Dockerfile\ncreated    .dockerignore\ncreated    compose.yaml\n"), "{}", run.stderr);
    let first = content(folder.path());
    let run = init(&["--yes"], folder.path());
    assert_eq!((run.code, run.stdout.as_str()), (0, "unchanged  Dockerfile\nunchanged  .dockerignore\nunchanged  compose.yaml\n"));
    assert_eq!(content(folder.path()), first);
}

#[test]
fn a_dry_run_writes_nothing() {
    let folder = project();
    refused(folder.path(), &["--yes", "--dry-run"], 0, &["hello"]);
    assert!(init(&["--yes", "--dry-run"], folder.path()).stdout.contains("create     Dockerfile"));
}

#[test]
fn stdout_prints_one_file_alone_and_several_with_their_names() {
    let folder = project();
    let one = init(&["--yes", "--stdout", "--no-compose", "--no-dockerignore"], folder.path());
    assert!(one.stdout.starts_with("# syntax=docker/dockerfile:1\n"), "{}", one.stdout);
    let several = init(&["--yes", "--stdout"], folder.path());
    assert!(several.stdout.starts_with("==> Dockerfile <==\n# syntax="), "{}", several.stdout);
    assert!(several.stdout.contains("\n==> compose.yaml <==\nname: "));
    assert!(!folder.path().join("Dockerfile").exists());
}

#[test]
fn a_file_of_the_users_is_never_overwritten_without_force() {
    let folder = project();
    std::fs::write(folder.path().join("compose.yaml"), "services: {}\n").expect("written");
    refused(folder.path(), &["--yes"], 1, &["`compose.yaml` is there", "--force"]);
    let run = init(&["--yes", "--force"], folder.path());
    assert_eq!(run.code, 0);
    assert!(run.stdout.contains("updated    compose.yaml"));
}

#[test]
fn names_and_places_that_the_repository_has_are_kept() {
    let folder = project();
    std::fs::write(folder.path().join("docker-compose.yml"), "services: {}\n").expect("written");
    std::fs::write(folder.path().join("Containerfile"), "FROM scratch\n").expect("written");
    refused(folder.path(), &["--yes"], 1, &["`docker-compose.yml` is there", "`Containerfile` is there"]);
    assert_eq!(init(&["--yes", "--force"], folder.path()).code, 0);
    assert!(!folder.path().join("Dockerfile").exists() && !folder.path().join("compose.yaml").exists());
}

#[test]
fn every_stack_has_the_environments_that_the_project_names() {
    let folder = project();
    std::fs::write(folder.path().join("dockgen.toml"), "[stages]\ndev = \"local\"\nstaging = \"dev\"\n").expect("written");
    let run = init(&["--yes", "--stdout", "--no-compose", "--no-dockerignore"], folder.path());
    assert_eq!(run.code, 0, "{}", run.stderr);
    for text in ["AS local\n\nENV ENVIRONMENT=local\n", "FROM release AS dev\n\nENV ENVIRONMENT=dev\n", "FROM release AS prod\n\nENV ENVIRONMENT=prod\n"] {
        assert!(run.stdout.contains(text), "`{text}` is not in\n{}", run.stdout);
    }
    std::fs::write(folder.path().join("dockgen.toml"), "[stages]\nstaging = \"dev\"\n").expect("written");
    refused(folder.path(), &["--yes"], 2, &["two stages have the same name", " --> dockgen.toml"]);
}

#[test]
fn broken_files_name_their_line() {
    let folder = project();
    std::fs::write(folder.path().join("dockgen.toml"), "port = 1\n[stages\n").expect("written");
    refused(folder.path(), &["--yes"], 2, &["`dockgen.toml` does not parse", " --> dockgen.toml:2"]);
    std::fs::write(folder.path().join("dockgen.toml"), "\nprot = 1\n").expect("written");
    refused(folder.path(), &["--yes"], 2, &[" --> dockgen.toml:2", "did you mean `port`?"]);
}

#[test]
fn text_that_is_not_utf8_names_its_line() {
    let folder = project();
    std::fs::write(folder.path().join("go.mod"), b"module x\n\xff\xfe\n").expect("written");
    refused(folder.path(), &["--yes"], 2, &["`go.mod` is not UTF-8 text", " --> go.mod:2"]);
}

#[test]
fn an_enormous_file_is_refused() {
    let folder = project();
    let file = std::fs::File::create(folder.path().join("go.mod")).expect("made");
    file.set_len(80 << 20).expect("a hole");
    drop(file);
    let run = init(&["--yes"], folder.path());
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("`go.mod` can't be read: it has 80 MiB"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn links_that_go_in_circles_or_out_are_refused() {
    use std::os::unix::fs::symlink;
    let folder = project();
    std::fs::remove_file(folder.path().join("go.mod")).expect("gone");
    symlink("go.mod", folder.path().join("go.mod")).expect("a link");
    let run = init(&["--yes"], folder.path());
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("`go.mod` can't be read"), "{}", run.stderr);
    std::fs::remove_file(folder.path().join("go.mod")).expect("gone");
    symlink("/etc/hostname", folder.path().join("go.mod")).expect("a link");
    let run = init(&["--yes"], folder.path());
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("a link that leaves the repository"), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn a_folder_that_links_to_itself_is_walked_once() {
    let folder = project();
    std::os::unix::fs::symlink(".", folder.path().join("loop")).expect("a link");
    assert_eq!(init(&["--yes"], folder.path()).code, 0);
}

#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_a_manifest_does_not_hang() {
    let folder = project();
    std::fs::remove_file(folder.path().join("go.mod")).expect("gone");
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("go.mod")).status().expect("mkfifo");
    assert!(made.success());
    let run = init(&["--yes"], folder.path());
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("no go.mod"), "{}", run.stderr);
}

#[test]
fn nothing_found_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    refused(folder.path(), &["--yes"], 1, &["no project was found"]);
    let missing = folder.path().join("nowhere");
    let run = init(&["--yes"], &missing);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("no such file or directory"), "{}", run.stderr);
}

#[test]
fn a_stack_without_templates_is_named_and_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("composer.json"), "{ \"require\": { \"laravel/framework\": \"^12.0\" } }").expect("written");
    std::fs::write(folder.path().join("package.json"), "{ \"scripts\": { \"build\": \"vite build\" } }").expect("written");
    refused(folder.path(), &["--yes"], 2, &["there is no template for php yet; `.` is recognised: framework laravel", " --> composer.json"]);
    let detected = dockgen(&["detect", "--format", "json"], &[] as &[&str], folder.path());
    assert_eq!(detected.code, 0);
    assert!(detected.stdout.contains("\"stack\": \"php\""), "{}", detected.stdout);
    refused(folder.path(), &["--yes", "--stack", "php"], 2, &["there is no template for php yet", "choose one of"]);
}

#[test]
fn wrong_answers_are_refused_with_their_reason() {
    let folder = project();
    refused(folder.path(), &["--yes", "--base", "windows"], 2, &["can't be built on `windows`", "choose one of"]);
    refused(folder.path(), &["--yes", "--start-cmd", "a\nRUN b"], 2, &["line breaks"]);
    refused(folder.path(), &["--yes", "--stack", "cobol"], 2, &["`cobol` is not a stack", "choose one of"]);
    refused(folder.path(), &["--yes", "--port", "70000"], 2, &["70000"]);
    refused(folder.path(), &["--yes", "--app", "nothing"], 2, &["there is no application `nothing`"]);
}

#[cfg(unix)]
#[test]
fn a_folder_that_can_not_be_written_keeps_everything() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = project();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o555)).expect("set");
    // Root writes anywhere; then there is nothing to prove.
    if std::fs::write(folder.path().join("probe"), "").is_err() {
        refused(folder.path(), &["--yes"], 2, &["can't be written"]);
    }
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("set");
}

#[test]
fn the_detection_tells_the_same_to_people_and_programs() {
    let folder = project();
    let human = dockgen(&["detect"], &[] as &[&str], folder.path());
    assert_eq!(human.code, 0);
    let json: serde_json::Value = serde_json::from_str(&dockgen(&["detect", "--format", "json"], &[] as &[&str], folder.path()).stdout).expect("JSON");
    let service = &json["services"][0];
    assert_eq!((service["stack"].as_str(), service["port"].as_u64()), (Some("go"), Some(8080)));
    for row in service["evidence"].as_array().expect("rows") {
        assert!(human.stdout.contains(row["value"].as_str().expect("a value")), "{row} is not in\n{}", human.stdout);
    }
}
