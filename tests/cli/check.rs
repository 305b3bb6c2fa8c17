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

/// No drift, and a warning with this message and this place.
fn warned(project: &Project, message: &str, place: &str) {
    let run = project.expect(0, &["check"]);
    assert!(run.stdout.ends_with("no drift\n"), "{}", run.stdout);
    assert!(run.stderr.starts_with(&format!("warning: {message}\n --> {place} ")), "{}", run.stderr);
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
    project.edit("Dockerfile", "-o /notes .", "-o /notes ./cmd/notes");
    one(&project, "`Dockerfile` builds `./cmd/notes`, which the repository does not have", &["Dockerfile:6"]);

    let project = go();
    project.edit("Dockerfile", "golang:1.26-bookworm", "golang:1.26-buster");
    warned(&project, "Debian buster gets no fixes since 2024-06-30", "Dockerfile:1");

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

/// Projects as people have them, with Dockerfiles as people write them: files, then edits each of which is one drift.
const NODE: &[(&str, &str)] = &[
    (
        "package.json",
        "{\n  \"name\": \"shop\",\n  \"scripts\": {\n    \"build\": \"tsc\",\n    \"start\": \"node dist/server.js\"\n  },\n  \"engines\": { \"node\": \">=20\" },\n  \"dependencies\": { \"express\": \"^5.1.0\" },\n  \"devDependencies\": { \"typescript\": \"^5.9.0\" }\n}\n",
    ),
    (".nvmrc", "22\n"),
    ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n"),
    ("tsconfig.json", "{ \"compilerOptions\": { \"outDir\": \"dist\" } }\n"),
    ("src/server.ts", "import express from 'express';\nconst app = express();\napp.get('/health', (_, res) => res.send('ok'));\napp.listen(8080);\n"),
    (".gitignore", "node_modules\ndist\n"),
    (".dockerignore", "node_modules\ndist\n.git\n"),
    (
        "Dockerfile",
        "ARG NODE_VERSION=22\n\nFROM node:${NODE_VERSION}-slim AS build\nWORKDIR /app\nRUN npm install -g pnpm@10\nCOPY package.json pnpm-lock.yaml ./\nRUN pnpm install --frozen-lockfile\nCOPY tsconfig.json ./\nCOPY src src/\nRUN pnpm run build \\\n    && pnpm prune --prod\n\nFROM node:${NODE_VERSION}-slim\nENV NODE_ENV=production\nWORKDIR /app\nCOPY --from=build /app/node_modules node_modules/\nCOPY --from=build /app/dist dist/\nCOPY package.json ./\nUSER node\nEXPOSE 8080\nHEALTHCHECK CMD [\"node\", \"-e\", \"fetch('http://localhost:8080/health')\"]\nCMD [\"node\", \"dist/server.js\"]\n",
    ),
];

const PYTHON: &[(&str, &str)] = &[
    ("requirements.txt", "flask==3.1.0\ngunicorn==23.0.0\n"),
    (".python-version", "3.13\n"),
    ("app.py", "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get('/health')\ndef health():\n    return 'ok'\n"),
    ("config/settings.toml", "debug = false\n"),
    (
        "Dockerfile",
        "FROM python:3.13-slim-trixie\nENV PYTHONUNBUFFERED=1\nWORKDIR /srv\nCOPY requirements.txt .\nRUN pip install --no-cache-dir -r requirements.txt\nCOPY config config\nCOPY app.py .\nRUN useradd app\nUSER app\nEXPOSE 8000\nCMD [\"gunicorn\", \"--bind\", \"0.0.0.0:8000\", \"app:app\"]\n",
    ),
];

const RUST: &[(&str, &str)] = &[
    ("Cargo.toml", "[package]\nname = \"shop\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[[bin]]\nname = \"server\"\npath = \"src/main.rs\"\n"),
    ("src/main.rs", "fn main() {}\n"),
    (
        "Dockerfile",
        "FROM rust:1.99-trixie AS build\nWORKDIR /src\nCOPY . .\nRUN cargo build --release --bin server\n\nFROM debian:trixie-slim\nCOPY --from=build /src/target/release/server /usr/local/bin/\nCMD [\"server\"]\n",
    ),
];

const UV: &[(&str, &str)] = &[
    ("pyproject.toml", "[project]\nname = \"jobs\"\nversion = \"1.0.0\"\nrequires-python = \">=3.12,<3.14\"\ndependencies = [\"httpx\"]\n"),
    ("uv.lock", "version = 1\nrequires-python = \">=3.12, <3.14\"\n"),
    ("main.py", "import time\n\nif __name__ == \"__main__\":\n    time.sleep(1)\n"),
    (
        "Dockerfile",
        "FROM python:3.12-slim\nCOPY --from=ghcr.io/astral-sh/uv:0.9.10 /uv /bin/\nWORKDIR /app\nCOPY pyproject.toml uv.lock ./\nRUN uv sync --locked --no-dev\nCOPY . .\nENTRYPOINT [\"python\", \"-u\", \"main.py\"]\n",
    ),
];

/// A program whose own port needs rights, and that a variable can tell another.
const LOW: &[(&str, &str)] = &[
    ("go.mod", "module example.com/who\n\ngo 1.26\n"),
    (
        "main.go",
        "package main\n\nimport (\n\t\"flag\"\n\t\"net/http\"\n\t\"os\"\n)\n\nfunc or(name, other string) string {\n\tif value := os.Getenv(name); value != \"\" {\n\t\treturn value\n\t}\n\treturn other\n}\n\nfunc main() {\n\tvar port string\n\tflag.StringVar(&port, \"port\", or(\"WHO_PORT_NUMBER\", \"80\"), \"the port\")\n\tflag.Parse()\n\thttp.ListenAndServe(\":\"+port, nil)\n}\n",
    ),
    (
        "Dockerfile",
        "FROM golang:1.26-trixie AS build\nWORKDIR /src\nCOPY . .\nRUN CGO_ENABLED=0 go build -o /who .\n\nFROM scratch\nCOPY --from=build /who /who\nENTRYPOINT [\"/who\"]\nEXPOSE 80\n",
    ),
];

#[test]
fn what_fits_is_silent() {
    let edit = |files: &[(&str, &str)], edits: &[(&str, &str, &str)]| {
        let project = Project::new(files);
        for (file, from, to) in edits {
            project.edit(file, from, to);
        }
        silent(&project);
        project
    };
    edit(NODE, &[]);
    edit(PYTHON, &[]);
    edit(UV, &[]);
    edit(RUST, &[]);
    // The port that the program has by itself, or the one that the Dockerfile tells it.
    edit(LOW, &[]);
    edit(LOW, &[("Dockerfile", "EXPOSE 80", "ENV WHO_PORT_NUMBER=8080\nEXPOSE 8080")]);
    // What an image brings, what the line itself makes, and what another stage may have.
    edit(PYTHON, &[("Dockerfile", "CMD [", "ENTRYPOINT [\"/docker-entrypoint.sh\"]\nCMD [")]);
    edit(PYTHON, &[("Dockerfile", "-r requirements.txt", "-r requirements.txt && tar -xf extra.tar && pip install -r extra/more.txt")]);
    edit(PYTHON, &[("Dockerfile", "RUN useradd app", "RUN python -m compileall app.py && useradd app")]);
    // A patch release, a variant, an image by digest or from a company's registry.
    edit(NODE, &[("Dockerfile", "NODE_VERSION=22", "NODE_VERSION=22.11.0"), ("Dockerfile", "-slim AS build", "-alpine AS build")]);
    edit(
        PYTHON,
        &[(
            "Dockerfile",
            "FROM python:3.13-slim-trixie",
            "FROM hub.example.com/mirror/python:3.13@sha256:0000000000000000000000000000000000000000000000000000000000000000",
        )],
    );
    // A variable moves the port.
    edit(
        NODE,
        &[
            ("Dockerfile", "ENV NODE_ENV=production", "ENV NODE_ENV=production PORT=3000"),
            ("Dockerfile", "EXPOSE 8080", "EXPOSE 3000"),
            ("Dockerfile", "localhost:8080", "localhost:3000"),
        ],
    );
    // What a build makes, and what git ignores, is not missing.
    edit(
        NODE,
        &[
            ("Dockerfile", "COPY package.json ./\nUSER", "COPY package.json dist/banner.txt ./\nUSER"),
            ("Dockerfile", "COPY tsconfig.json ./", "COPY tsconfig.json optional*.json ./"),
        ],
    );
    // The requirements are exported from the lock file.
    edit(UV, &[("Dockerfile", "RUN uv sync --locked --no-dev", "RUN uv export --no-dev > requirements.txt && pip install -r requirements.txt")]);
    // A version that the range allows though dockgen would take another.
    edit(UV, &[("Dockerfile", "python:3.12-slim", "python:3.13-slim")]);
    // A Dockerfile for development, beside a compose file that mounts the source and gives the command.
    let project = edit(NODE, &[]);
    project.write("Dockerfile.dev", "FROM node:22-slim\nWORKDIR /app\nEXPOSE 5173\nCMD [\"pnpm\", \"run\", \"build\"]\n");
    project.write("compose.yaml", "services:\n  shop:\n    build:\n      context: .\n      dockerfile: Dockerfile.dev\n    command: node --watch src/server.ts\n    ports: ['3000:5173']\n    volumes: ['.:/app']\n");
    silent(&project);
}

#[test]
fn seeded_drifts_are_found() {
    for (files, edits, message, places) in [
        (NODE, &[(".nvmrc", "22", "24")][..], "`Dockerfile` says Node.js 22, .nvmrc says 24", &["Dockerfile:3", ".nvmrc:1 = `24`"][..]),
        (
            NODE,
            &[("Dockerfile", "pnpm install --frozen-lockfile", "npm ci")],
            "pnpm-lock.yaml says pnpm, `Dockerfile` line 7 runs `npm ci`",
            &["Dockerfile:7 = `npm ci`", "pnpm-lock.yaml"],
        ),
        (
            NODE,
            &[("Dockerfile", "EXPOSE 8080", "EXPOSE 8000"), ("Dockerfile", "localhost:8080", "localhost:8000")],
            "port 8000 exposed, app listens on 8080",
            &["Dockerfile:20", "src/server.ts:4"],
        ),
        (NODE, &[("Dockerfile", "localhost:8080", "localhost:3000")], "port 8080 exposed, the health check asks 3000", &["Dockerfile:21"]),
        (
            NODE,
            &[("Dockerfile", "pnpm run build", "pnpm run compile")],
            "`Dockerfile` runs the script `compile`, and package.json has none of that name",
            &["Dockerfile:10", "package.json"],
        ),
        (
            NODE,
            &[(".dockerignore", ".git\n", ".git\n*.json\n!package.json\n")],
            "`tsconfig.json` is copied, .dockerignore keeps it out",
            &["Dockerfile:8", ".dockerignore"],
        ),
        (PYTHON, &[("Dockerfile", "COPY config config", "COPY settings config")], "`settings` is copied, and is not there", &["Dockerfile:6"]),
        (PYTHON, &[("Dockerfile", "EXPOSE 8000", "EXPOSE 5000")], "port 5000 exposed, the command listens on 8000", &["Dockerfile:10", "Dockerfile:11"]),
        (PYTHON, &[("Dockerfile", "app:app", "server:app")], "the container starts `server:app`, and there is no such module", &["Dockerfile:11"]),
        (
            UV,
            &[("Dockerfile", "uv sync --locked --no-dev", "poetry install")],
            "uv.lock says uv, `Dockerfile` line 5 runs `poetry install`",
            &["Dockerfile:5", "uv.lock"],
        ),
        (
            UV,
            &[("Dockerfile", "python:3.12-slim", "ghcr.io/astral-sh/uv:python3.11-trixie-slim")],
            "`Dockerfile` says Python 3.11, pyproject.toml says >=3.12,<3.14",
            &["Dockerfile:1", "pyproject.toml:4"],
        ),
        (
            RUST,
            &[("Dockerfile", "--bin server", "--bin serve")],
            "`Dockerfile` builds the program `serve`, which the repository does not have",
            &["Dockerfile:4"],
        ),
        (LOW, &[("Dockerfile", "EXPOSE 80", "EXPOSE 8080")], "port 8080 exposed, app listens on 80", &["Dockerfile:9", "main.go:18"]),
        (
            PYTHON,
            &[("Dockerfile", "-r requirements.txt", "-r requirements/prod.txt")],
            "`pip install --no-cache-dir -r requirements/prod.txt` reads `requirements/prod.txt`, and there is no such file",
            &["Dockerfile:5"],
        ),
        (
            PYTHON,
            &[("Dockerfile", "CMD [", "ENTRYPOINT [\"/srv/entrypoint.sh\"]\nCMD [")],
            "the container starts `/srv/entrypoint.sh`, and there is no such file",
            &["Dockerfile:11"],
        ),
        (UV, &[("Dockerfile", "main.py", "worker.py")], "the container starts `worker.py`, and there is no such file", &["Dockerfile:7"]),
        (
            UV,
            &[("pyproject.toml", ">=3.12,<3.14", ">=3.13,<3.14")],
            "`Dockerfile` says Python 3.12, pyproject.toml says >=3.13,<3.14",
            &["Dockerfile:1", "pyproject.toml:4"],
        ),
    ] {
        let project = Project::new(files);
        for (file, from, to) in edits {
            project.edit(file, from, to);
        }
        one(&project, message, places);
    }
}

#[test]
fn generated_files_of_every_fixture_agree_with_their_project() {
    for fixture in crate::support::fixtures().iter().filter(|fixture| fixture.code == 0) {
        let project = Project::new(&[]);
        let copied = std::process::Command::new("cp").arg("-r").arg(format!("{}/.", fixture.path.display())).arg(project.path()).status().expect("cp runs");
        assert!(copied.success());
        let words: Vec<&str> = ["init", "--save"].into_iter().chain(fixture.args.iter().map(String::as_str)).collect();
        project.expect(0, &words);
        let run = project.run(&["check"]);
        assert_eq!(run.code, 0, "{}: {}{}", fixture.name, run.stdout, run.stderr);
    }
}
