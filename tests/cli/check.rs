//! `dockgen check` names each drift by fact, and is silent where nothing is the matter.

use crate::project::{GO, Project};

/// A Go program's Dockerfile as people write them.
const GO_DOCKERFILE: &str = "FROM golang:1.26-bookworm AS build\nWORKDIR /src\nCOPY go.mod ./\nRUN go mod download\nCOPY . .\nRUN CGO_ENABLED=0 go build -o /notes .\n\nFROM gcr.io/distroless/static-debian12\nCOPY --from=build /notes /notes\nEXPOSE 8080\nENTRYPOINT [\"/notes\"]\n";

fn go() -> Project {
    let project = Project::new(GO);
    project.write("Dockerfile", GO_DOCKERFILE);
    project
}

fn silent(project: &Project) {
    let run = project.expect(0, &["check"]);
    assert!(run.stdout.ends_with("no drift\n"), "{}{}", run.stdout, run.stderr);
    assert_eq!(run.stderr, "");
}

/// One drift, with this message and these places.
fn one(project: &Project, message: &str, places: &[&str]) {
    let run = project.expect(1, &["check"]);
    assert_eq!(run.stdout, "1 drift\n", "{}", run.stderr);
    assert!(run.stderr.contains(&format!("error: {message}\n")), "no `{message}` in\n{}", run.stderr);
    for place in places {
        assert!(run.stderr.contains(&format!(" --> {place}")), "no `{place}` in\n{}", run.stderr);
    }
}

#[test]
fn a_hand_written_go_image() {
    silent(&go());

    let project = go();
    project.edit("go.mod", "go 1.26", "go 1.27");
    one(&project, "`Dockerfile` says Go 1.26, go.mod says 1.27", &["Dockerfile:1", "go.mod:3"]);

    let project = go();
    project.edit("Dockerfile", "EXPOSE 8080", "EXPOSE 8000");
    one(&project, "port 8000 exposed, app listens on 8080", &["Dockerfile:10", "main.go:7"]);

    let project = go();
    project.edit("Dockerfile", "COPY go.mod ./", "COPY go.mod go.sum ./");
    one(&project, "`go.sum` is copied, and is not there", &["Dockerfile:3"]);

    let project = go();
    project.write(".dockerignore", "*\n!main.go\n");
    one(&project, "`go.mod` is copied, .dockerignore keeps it out", &["Dockerfile:3", ".dockerignore"]);

    let project = go();
    project.edit("Dockerfile", "golang:1.26-bookworm", "golang:1.26-buster");
    one(&project, "Debian buster gets no fixes since 2024-06-30", &["Dockerfile:1"]);

    let project = go();
    project.write("compose.yaml", "services:\n  notes:\n    build:\n      context: .\n      target: builder\n");
    one(&project, "service `notes` is built to stage `builder`, which `Dockerfile` does not have", &["compose.yaml:5"]);
}

#[test]
fn a_newer_toolchain_than_the_module_asks_for_is_no_drift() {
    let project = go();
    project.edit("Dockerfile", "golang:1.26", "golang:1.27");
    silent(&project);
}

#[test]
fn what_dockgen_wrote_agrees_until_the_project_moves() {
    let project = Project::new(GO);
    project.expect(0, &["init"]);
    silent(&project);
    // An edit on purpose.
    project.edit("Dockerfile", "RUN go mod download", "ENV GOFLAGS=-mod=mod\n\nRUN go mod download");
    silent(&project);
    // The project moves on: the fact is named, and that the file is no longer what would be written.
    project.edit("go.mod", "go 1.26", "go 1.27");
    let run = project.expect(1, &["check", "-v"]);
    for part in ["says Go 1.26, go.mod says 1.27", "`Dockerfile` was edited, and lacks what dockgen would write today", "+FROM golang:1.27-trixie AS base"] {
        assert!(run.stderr.contains(part), "no `{part}` in\n{}", run.stderr);
    }
    project.expect(0, &["init"]);
    silent(&project);
    std::fs::remove_file(project.path().join("compose.yaml")).expect("removed");
    one(&project, "`compose.yaml` is gone", &["compose.yaml"]);
}

#[test]
fn nothing_to_check_is_said() {
    let project = Project::new(GO);
    let run = project.expect(1, &["check"]);
    assert!(run.stderr.contains("there is no Dockerfile to check"), "{}", run.stderr);
}

#[test]
fn programs_read_json() {
    let project = go();
    project.edit("Dockerfile", "EXPOSE 8080", "EXPOSE 8000");
    let run = project.expect(1, &["check", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(value["files"], serde_json::json!(["Dockerfile"]));
    assert_eq!(value["drifts"][0]["id"], "port-drift");
    assert_eq!(value["drifts"][0]["at"][1]["file"], "main.go");
    assert_eq!(run.stderr, "");
}
