//! Re-runs lose nothing.

use crate::project::{GO, Project};

const LAYER: &str = "# prod holds";

/// A project whose files were written on Go 1.26 and a slim base.
fn written() -> Project {
    let project = Project::new(GO);
    project.expect(0, &["init", "--base", "slim"]);
    project
}

/// The project moves to Go 1.27.
fn upgrade(project: &Project) {
    project.edit("go.mod", "go 1.26", "go 1.27");
}

#[test]
fn a_second_run_changes_nothing() {
    let project = written();
    let names = project.names();
    let run = project.expect(0, &["init", "--base", "slim"]);
    assert!(run.stdout.lines().all(|line| line.starts_with("unchanged ")), "{}", run.stdout);
    assert_eq!(project.names(), names);
}

#[test]
fn what_nobody_touched_is_updated() {
    let project = written();
    upgrade(&project);
    let run = project.expect(0, &["init", "--base", "slim"]);
    assert!(run.stdout.contains("updated    Dockerfile\n"), "{}", run.stdout);
    assert!(project.read("Dockerfile").contains("FROM golang:1.27-trixie AS base"));
}

#[test]
fn edits_survive_an_upgrade() {
    let project = written();
    project.edit("Dockerfile", "USER 10001:10001\n\nEXPOSE", "RUN apt-get update \\\n    && apt-get install -y mine\n\nUSER 10001:10001\n\nEXPOSE");
    project.edit("Dockerfile", "ENTRYPOINT [\"/usr/local/bin/notes\"]", "ENTRYPOINT [\"/usr/local/bin/notes\", \"--verbose\"]");
    upgrade(&project);
    let run = project.expect(0, &["init", "--base", "slim"]);
    assert!(run.stdout.contains("merged     Dockerfile\n"), "{}", run.stdout);
    assert!(run.stderr.contains("+FROM golang:1.27-trixie AS base"), "the merge is shown:\n{}", run.stderr);
    let text = project.read("Dockerfile");
    for part in ["FROM golang:1.27-trixie AS base", "install -y mine", "\"--verbose\""] {
        assert!(text.contains(part), "{part} is lost:\n{text}");
    }
    assert!(text.contains(LAYER));
    // The merge starts from what dockgen wrote: the next run has nothing to add.
    let run = project.expect(0, &["init", "--base", "slim"]);
    assert!(run.stdout.contains("edited     Dockerfile\n"), "{}", run.stdout);
    assert_eq!(project.read("Dockerfile"), text);
}

#[test]
fn a_true_conflict_is_refused_with_the_difference() {
    let project = written();
    project.edit("Dockerfile", "FROM golang:1.26-trixie AS base", "FROM golang:1.26.1-trixie AS base");
    project.edit("compose.yaml", "init: true", "init: false");
    upgrade(&project);
    let before: Vec<_> = ["Dockerfile", "compose.yaml", ".dockerignore", "dockgen.lock"].iter().map(|file| project.read(file)).collect();
    let run = project.expect(1, &["init", "--base", "slim"]);
    for line in ["\n-FROM golang:1.26.1-trixie AS base\n", "\n+FROM golang:1.27-trixie AS base\n"] {
        assert!(run.stderr.contains(line), "{}", run.stderr);
    }
    assert!(run.stderr.contains("error: `Dockerfile` was edited in the place that dockgen would change"), "{}", run.stderr);
    let after: Vec<_> = ["Dockerfile", "compose.yaml", ".dockerignore", "dockgen.lock"].iter().map(|file| project.read(file)).collect();
    assert_eq!(before, after, "nothing is written");
    project.expect(1, &["init", "--base", "slim", "--dry-run"]);
    project.expect(0, &["init", "--base", "slim", "--force"]);
    assert!(project.read("Dockerfile").contains("FROM golang:1.27-trixie AS base"));
}

#[test]
fn what_dockgen_never_wrote_is_not_touched() {
    for (file, text) in [("Dockerfile", "FROM scratch\n"), ("compose.yaml", "services: {}\n"), (".dockerignore", "x\n")] {
        let project = Project::new(GO);
        project.write(file, text);
        // Not even where the repository ignores it, so that no scan lists it.
        for ignored in ["", file] {
            project.write(".gitignore", ignored);
            let run = project.expect(1, &["init", "--yes"]);
            assert!(run.stderr.contains(&format!("error: `{file}` is there, and dockgen did not write it")), "{}", run.stderr);
            assert_eq!(project.read(file), text);
            assert!(!project.has("dockgen.lock"));
        }
    }
}

#[test]
fn a_merge_that_no_longer_parses_is_refused() {
    let project = written();
    let text = project.read("Dockerfile").replace("ENTRYPOINT [", "ENTRYPONT [");
    project.write("Dockerfile", &text);
    upgrade(&project);
    project.expect(1, &["init", "--base", "slim"]);
    assert_eq!(project.read("Dockerfile"), text);
}

#[test]
fn carriage_returns_stay() {
    let project = written();
    let text = project.read("Dockerfile").replace('\n', "\r\n");
    project.write("Dockerfile", &text);
    let run = project.expect(0, &["init", "--base", "slim"]);
    assert!(run.stdout.contains("unchanged  Dockerfile\n"), "{}", run.stdout);
    upgrade(&project);
    project.expect(0, &["init", "--base", "slim"]);
    assert_eq!(project.read("Dockerfile"), text.replace("1.26", "1.27"));
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_a_mode_stays() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let project = written();
    std::fs::create_dir(project.path().join("docker")).expect("made");
    std::fs::rename(project.path().join("Dockerfile"), project.path().join("docker/Dockerfile")).expect("moved");
    symlink("docker/Dockerfile", project.path().join("Dockerfile")).expect("linked");
    std::fs::set_permissions(project.path().join("compose.yaml"), std::fs::Permissions::from_mode(0o600)).expect("set");
    upgrade(&project);
    project.edit("main.go", "8080", "8081");
    project.expect(0, &["init", "--base", "slim"]);
    assert!(project.path().join("Dockerfile").is_symlink());
    assert!(project.read("docker/Dockerfile").contains("golang:1.27"));
    assert!(project.read("compose.yaml").contains("8081"));
    let mode = std::fs::metadata(project.path().join("compose.yaml")).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[cfg(unix)]
#[test]
fn a_folder_that_takes_no_files_is_a_fault_without_a_trace() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = Project::new(GO);
    project.write("Dockerfile/x", "");
    project.expect(2, &["init"]);
    assert_eq!(project.names(), ["Dockerfile", "go.mod", "main.go"]);
    let project = Project::new(GO);
    let set = |mode| std::fs::set_permissions(project.path(), std::fs::Permissions::from_mode(mode)).expect("set");
    set(0o555);
    let writable = std::fs::write(project.path().join("probe"), "").is_ok();
    let run = project.run(&["init"]);
    set(0o755);
    // root writes everywhere
    if !writable {
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains("can't be written"), "{}", run.stderr);
        assert_eq!(project.names(), ["go.mod", "main.go"]);
    }
}

/// The project that the merge is for: Node.js 20 becomes 24, and nobody's layer or command is lost.
#[test]
fn an_upgrade_of_node_keeps_a_layer_and_a_command() {
    let project = Project::new(&[
        ("package.json", "{\n  \"name\": \"web\",\n  \"scripts\": { \"start\": \"node server.js\" },\n  \"dependencies\": { \"express\": \"^5.1.0\" }\n}\n"),
        (".nvmrc", "20\n"),
        ("server.js", "require('express')().listen(3000);\n"),
    ]);
    project.expect(0, &["init"]);
    project.edit(
        "Dockerfile",
        "\nWORKDIR /app\n",
        "\nRUN apt-get update \\\n    && apt-get install -y --no-install-recommends ffmpeg \\\n    && rm -rf /var/lib/apt/lists/*\n\nWORKDIR /app\n",
    );
    project.edit("Dockerfile", "CMD [\"node\", \"server.js\"]\n", "CMD [\"node\", \"--max-old-space-size=256\", \"server.js\"]\n");
    project.write(".nvmrc", "24\n");
    let check = project.expect(1, &["check"]);
    assert!(check.stderr.contains("`Dockerfile` says Node.js 20, .nvmrc says 24"), "{}", check.stderr);
    let run = project.expect(0, &["init"]);
    assert!(run.stdout.contains("merged     Dockerfile"), "{}", run.stdout);
    let text = project.read("Dockerfile");
    for part in ["FROM node:24-", "install -y --no-install-recommends ffmpeg", "CMD [\"node\", \"--max-old-space-size=256\", \"server.js\"]"] {
        assert!(text.contains(part), "{part} is lost:\n{text}");
    }
    project.expect(0, &["check"]);
}

#[test]
fn what_a_replaced_dockerfile_decided_outlives_it() {
    for flag in ["--adopt", "--force"] {
        let project = Project::new(&[
            ("requirements.txt", "flask\n"),
            ("main.py", "from flask import Flask\n\napp = Flask(__name__)\n"),
            ("Dockerfile", "FROM python:3.12\nWORKDIR /app\nCOPY . .\nEXPOSE 9000\n"),
        ]);
        project.expect(0, &["init", flag]);
        assert!(project.read("Dockerfile").contains("EXPOSE 9000"), "{flag}");
        assert!(project.read("dockgen.toml").contains("port = 9000"), "{flag}");
        let run = project.expect(0, &["init"]);
        assert!(run.stdout.lines().all(|line| line.starts_with("unchanged ")), "{flag}: {}", run.stdout);
    }
}
