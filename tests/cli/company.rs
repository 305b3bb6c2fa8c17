//! What a company adds: `[customize]` and its own templates.

use crate::project::{GO, Project};

const CUSTOMIZE: &str = r#"# kept by the platform team
base = "slim"

[customize]
packages = ["libmagic1"]
build-packages = ["make"]
registry = "hub.example.com/mirror"
ca-certificate = "certs/acme.pem"
user = 2000

[customize.env]
TZ = "Europe/Berlin"

[customize.labels]
"org.opencontainers.image.vendor" = "Acme \"$1\""

[customize.build-args]
GIT_SHA = ""
CHANNEL = "stable"

[[customize.instructions]]
stage = "prod"
at = "root"
text = "RUN mkdir /data && chown 2000:2000 /data"

[[customize.instructions]]
stage = "prod"
text = "VOLUME /data"
"#;

#[test]
fn every_key_of_customize_reaches_the_image() {
    let project = Project::new(GO);
    project.write("certs/acme.pem", "a certificate\n");
    project.write("dockgen.toml", CUSTOMIZE);
    let run = project.expect(0, &["init"]);
    assert_eq!(project.read("dockgen.toml"), CUSTOMIZE);
    let text = project.read("Dockerfile");
    let prod = text.split(" AS prod\n").nth(1).expect("a prod stage");
    let build = text.split(" AS build\n").nth(1).and_then(|rest| rest.split("FROM").next()).expect("a build stage");
    for part in [
        "libmagic1",
        "ENV TZ=Europe/Berlin",
        "LABEL org.opencontainers.image.vendor=\"Acme \\\"\\$1\\\"\"",
        "COPY certs/acme.pem /usr/local/share/ca-certificates/acme.crt",
        "RUN update-ca-certificates",
    ] {
        assert!(prod.contains(part), "no `{part}` in prod:\n{text}");
    }
    for part in ["make", "ARG GIT_SHA\nARG CHANNEL=\"stable\"\n"] {
        assert!(build.contains(part), "no `{part}` in build:\n{text}");
    }
    assert!(text.starts_with("# syntax=hub.example.com/mirror/docker/dockerfile:1\n"), "{text}");
    assert!(
        text.contains("\nFROM hub.example.com/mirror/golang:1.26-trixie AS base\n")
            && text.contains("\nFROM hub.example.com/mirror/debian:trixie-slim AS prod\n"),
        "{text}"
    );
    assert!(prod.contains("RUN mkdir /data && chown 2000:2000 /data\n\nUSER 2000:2000\n\nVOLUME /data\n\nEXPOSE 8080\n"), "{text}");
    assert!(project.read(".dockerignore").contains("!certs/acme.pem"));
    assert!(run.stderr.contains("next:"));
    // What is added is part of what dockgen writes: the next run finds it as it is, and so does check.
    let again = project.expect(0, &["init"]);
    assert!(again.stdout.contains("unchanged  Dockerfile\n"), "{}", again.stdout);
    project.expect(0, &["check"]);
}

#[test]
fn what_cannot_be_added_is_refused() {
    for (text, code, message) in [
        ("base = 'distroless'\n[customize]\npackages = ['curl']\n", 2, "packages can't be added to an image without a package manager (curl)"),
        ("[customize]\nca-certificate = 'certs/none.crt'\n", 2, "`certs/none.crt` is copied but is not in the build context"),
        ("[[customize.instructions]]\nstage = 'production'\ntext = 'RUN true'\n", 2, "`Dockerfile` has no stage `production`"),
        ("[[customize.instructions]]\nstage = 'prod'\ntext = 'USER root'\n", 2, "the last stage has no numeric USER other than root"),
        ("[customize]\npakages = ['curl']\n", 2, "did you mean `packages`?"),
        ("[customized]\n", 2, "did you mean `customize`?"),
    ] {
        let project = Project::new(GO);
        project.write("dockgen.toml", text);
        let run = project.expect(code, &["init"]);
        assert!(run.stderr.contains(message), "no `{message}` in\n{}", run.stderr);
        assert!(!project.has("Dockerfile"));
    }
}
