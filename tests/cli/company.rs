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
    assert!(build.contains("ARG GIT_SHA\nARG CHANNEL=\"stable\"\n"), "{text}");
    assert!(text.contains("        make=") && !prod.contains("make"), "{text}");
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

const OWN: &str = r#"{% extends "builtin/go/Dockerfile.tera" %}
{% block prod %}{{ super() }}
STOPSIGNAL SIGINT
{% endblock prod %}
"#;

#[test]
fn a_template_extends_the_built_in_one() {
    let project = Project::new(GO);
    project.write("dockgen.toml", "templates = 'docker/templates'\n");
    project.write("docker/templates/go/Dockerfile.tera", OWN);
    project.expect(0, &["init"]);
    let from_file = project.read("Dockerfile");
    assert!(from_file.trim_end().ends_with("STOPSIGNAL SIGINT"), "{from_file}");
    project.expect(0, &["check"]);
    // The same by flag and by variable, from a folder that lies elsewhere.
    let other = Project::new(GO);
    let folder = project.path().join("docker/templates");
    other.expect(0, &["init", "--templates", folder.to_str().expect("text")]);
    assert_eq!(other.read("Dockerfile"), from_file);
    let by_variable =
        crate::support::run(Project::new(GO).command(&["init", "--stdout", "--no-compose", "--no-dockerignore"]).env("DOCKGEN_TEMPLATES", &folder));
    assert_eq!(by_variable.stdout, from_file);
}

#[test]
fn a_template_replaces_the_built_in_one_and_the_rules_still_hold() {
    let project = Project::new(GO);
    project.expect(0, &["templates", "eject", "go/Dockerfile.tera", "_shared", "--to", "mine"]);
    project.expect(1, &["templates", "eject", "go", "--to", "mine"]);
    assert!(project.has("mine/_shared/compose.tera"));
    let before = project.expect(0, &["init", "--stdout"]);
    assert_eq!(project.expect(0, &["init", "--stdout", "--templates", "mine"]).stdout, before.stdout, "an ejected template is the built-in one");
    project.edit("mine/go/Dockerfile.tera", "USER {{ user.id }}", "USER 0:0");
    let run = project.expect(2, &["init", "--templates", "mine"]);
    assert!(run.stderr.contains("the last stage has no numeric USER other than root"), "{}", run.stderr);
    assert!(!project.has("Dockerfile"));
}

#[test]
fn a_fault_of_a_template_names_its_place() {
    for (from, to, message) in [
        ("USER {{ user.id }}", "USER {{ user.idd }}", "template `go/Dockerfile.tera`, line "),
        ("USER {{ user.id }}", "USER {{ user.id | nope }}", "nope"),
        ("USER {{ user.id }}", "{% if %}", "template `go/Dockerfile.tera`, line "),
    ] {
        let project = Project::new(GO);
        project.expect(0, &["templates", "eject", "go", "--to", "mine"]);
        project.edit("mine/go/Dockerfile.tera", from, to);
        project.write("dockgen.toml", "templates = 'mine'\n");
        let run = project.expect(2, &["init"]);
        assert!(run.stderr.contains(message), "no `{message}` in\n{}", run.stderr);
        let line = project.read("mine/go/Dockerfile.tera").lines().position(|line| line == to).expect("the line") + 1;
        assert!(run.stderr.contains(&format!(" --> mine/go/Dockerfile.tera:{line} = `{to}`")), "{}", run.stderr);
    }
    let project = Project::new(GO);
    for args in [&["init", "--templates", "nowhere"][..], &["templates", "eject", "nothing"]] {
        project.expect(2, args);
    }
}

/// Each stage of each built-in template is a block that can be extended, and extending it changes nothing by itself.
#[test]
fn every_stage_of_every_stack_is_a_block() {
    for fixture in crate::support::fixtures().iter().filter(|fixture| fixture.code == 0) {
        let words = |more: &[&str]| {
            let args: Vec<String> = fixture.args.iter().cloned().chain(more.iter().map(|word| (*word).to_owned())).collect();
            crate::support::dockgen(&["init", "--yes", "--stdout", "--quiet", "--no-compose", "--no-dockerignore"], &args, &fixture.path)
        };
        let plain = words(&[]);
        let own = Project::new(&[]);
        for stack in dockgen::catalog::files::stacks() {
            let list = own.expect(0, &["templates"]).stdout;
            let line = list.lines().find(|line| line.starts_with(&format!("{stack}/Dockerfile.tera"))).expect("listed").to_owned();
            let names: Vec<&str> = line.split("blocks: ").nth(1).expect("blocks").split(", ").collect();
            assert!(names.iter().any(|name| name.ends_with("prod")) && names.len() > 1, "{line}");
            let more = |name: &str| if name.contains("prod") && !name.contains("deps") { "\nSTOPSIGNAL SIGTERM\n" } else { "" };
            let blocks: String = names.iter().map(|name| format!("{{% block {name} %}}{{{{ super() }}}}{}{{% endblock %}}\n", more(name))).collect();
            own.write(&format!("{stack}/Dockerfile.tera"), &format!("{{% extends \"builtin/{stack}/Dockerfile.tera\" %}}\n{blocks}"));
        }
        let extended = words(&["--templates", own.path().to_str().expect("text")]);
        assert_eq!(extended.code, plain.code, "{}: {}", fixture.name, extended.stderr);
        let without: String = extended.stdout.replace("STOPSIGNAL SIGTERM\n", "");
        assert!(extended.stdout.matches("STOPSIGNAL SIGTERM").count() >= 1, "{}: the block is not there\n{}", fixture.name, extended.stdout);
        assert_eq!(without.split_whitespace().collect::<Vec<_>>(), plain.stdout.split_whitespace().collect::<Vec<_>>(), "{}", fixture.name);
    }
}
