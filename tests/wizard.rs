//! The wizard, driven through a pseudo terminal: every key that matters, and what stands on the disk afterwards.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests look at the machine")]

#[path = "cli/project.rs"]
#[allow(dead_code)]
mod project;
mod support;

use std::io::Read as _;
use std::process::Command;
use std::time::Duration;

use expectrl::process::unix::WaitStatus;
use expectrl::{Expect as _, Session};
use project::{GO, Project};

const ENTER: &str = "\r";
const DOWN: &str = "\u{1b}[B";
const UP: &str = "\u{1b}[A";
const ESC: &str = "\u{1b}";
const CTRL_C: &str = "\u{3}";

/// A Node.js server with a database.
const NODE: &[(&str, &str)] = &[
    (
        "package.json",
        "{\n  \"name\": \"guestbook\",\n  \"version\": \"1.0.0\",\n  \"scripts\": { \"start\": \"node server.js\" },\n  \"dependencies\": { \"express\": \"^5.1.0\", \"pg\": \"^8.16.0\" }\n}\n",
    ),
    (".nvmrc", "24\n"),
    ("server.js", "const app = require('express')();\napp.get('/health', (req, res) => res.send('ok'));\napp.listen(process.env.PORT || 3000);\n"),
];

/// A program at a terminal.
struct Screen {
    session: expectrl::session::OsSession,
    text: String,
}

impl Screen {
    fn start(project: &Project, words: &[&str]) -> Self {
        Self::sized(project, words, 100)
    }

    fn sized(project: &Project, words: &[&str], columns: u16) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dockgen"));
        command.args(["--color", "never", "-C"]).arg(project.path()).args(words).env("TERM", "xterm");
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DOCKGEN_")) {
            command.env_remove(name);
        }
        let mut session = Session::spawn(command).expect("started");
        session.get_process_mut().set_window_size(columns, 50).expect("sized");
        session.set_expect_timeout(Some(Duration::from_secs(20)));
        Self { session, text: String::new() }
    }

    /// Waits for a text, then presses keys.
    fn at(&mut self, text: &str, keys: &str) -> &mut Self {
        self.see(text);
        self.press(keys)
    }

    fn see(&mut self, text: &str) -> &mut Self {
        match self.session.expect(text) {
            Ok(found) => {
                self.text.push_str(&String::from_utf8_lossy(found.before()));
                self.text.push_str(text);
            }
            Err(error) => panic!("no `{text}`: {error}\n{}", self.text),
        }
        self
    }

    /// A prompt reads key by key: what comes before it is drawn would be echoed.
    fn press(&mut self, keys: &str) -> &mut Self {
        std::thread::sleep(Duration::from_millis(40));
        self.session.send(keys).expect("sent");
        self
    }

    /// The end: the rest of the text, and the exit code.
    fn end(mut self) -> (String, i32) {
        // A pseudo terminal ends with a fault on some systems, which says as much as an end.
        let mut rest = Vec::new();
        let _ = self.session.read_to_end(&mut rest);
        self.text.push_str(&String::from_utf8_lossy(&rest));
        let code = match self.session.get_process().wait() {
            Ok(WaitStatus::Exited(_, code)) => code,
            other => panic!("{other:?}\n{}", self.text),
        };
        (self.text, code)
    }
}

/// The prompts of a Node.js project, in their order.
const PROMPTS: &[&str] =
    &["platform:", "runtime version:", "package manager:", "? start command", "? port", "base image:", "databases and brokers", "files to write", "go on:"];

fn files(project: &Project) -> Vec<(String, String)> {
    ["Dockerfile", ".dockerignore", "compose.yaml"].iter().filter(|name| project.has(name)).map(|name| ((*name).to_owned(), project.read(name))).collect()
}

/// The files that a script gets for these flags.
fn by_flags(files_of: &[(&str, &str)], flags: &[&str]) -> Vec<(String, String)> {
    let project = Project::new(files_of);
    let words: Vec<&str> = ["init", "--yes"].iter().chain(flags).copied().collect();
    project.expect(0, &words);
    files(&project)
}

#[test]
fn enter_all_the_way_through_is_right() {
    let project = Project::new(NODE);
    let mut screen = Screen::start(&project, &["init"]);
    screen.see("24  .nvmrc:1 = `24`").see("Enter takes what was detected");
    for prompt in PROMPTS {
        screen.at(prompt, ENTER);
    }
    let (text, code) = screen.end();
    assert_eq!(code, 0, "{text}");
    for part in ["created    Dockerfile", "docker compose up --watch", "http://localhost:3000"] {
        assert!(text.contains(part), "no `{part}` in\n{text}");
    }
    assert!(!project.has("dockgen.toml"), "nothing differs from what was detected");
    assert_eq!(files(&project), by_flags(NODE, &[]));
}

#[test]
fn every_answer_can_be_another_and_is_kept() {
    let project = Project::new(NODE);
    let mut screen = Screen::start(&project, &["init"]);
    screen
        .at("platform:", ENTER)
        .at("runtime version:", &format!("{DOWN}{ENTER}"))
        .at("package manager:", &format!("{DOWN}{ENTER}"))
        .at("? start command", &format!("node server.js --verbose{ENTER}"))
        .at("? port", &format!("x{ENTER}"))
        .at("a number from 1 to 65535", &format!("4000{ENTER}"))
        .at("base image:", &format!("{UP}{ENTER}"))
        .at("databases and brokers", &format!(" {DOWN} {ENTER}"))
        .at("files to write", &format!("{DOWN} {ENTER}"))
        .at("go on:", ENTER);
    let (text, code) = screen.end();
    assert_eq!(code, 0, "{text}");
    let kept = project.read("dockgen.toml");
    for line in [
        "runtime-version = \"22\"",
        "package-manager = \"pnpm\"",
        "start-cmd = \"node server.js --verbose\"",
        "port = 4000",
        "base = \"distroless\"",
        "services = [\"redis\"]",
        "dockerignore = false",
    ] {
        assert!(kept.lines().any(|known| known == line), "no `{line}` in\n{kept}\n{text}");
    }
    assert!(!project.has(".dockerignore"));
    // The same by flags, by a file and by variables gives the same bytes.
    let wizard = files(&project);
    let flags = [
        "--runtime-version=22",
        "--package-manager=pnpm",
        "--start-cmd=node server.js --verbose",
        "--port=4000",
        "--base=distroless",
        "--services=redis",
        "--no-dockerignore",
    ];
    assert_eq!(by_flags(NODE, &flags), wizard);
    let by_file = Project::new(NODE);
    by_file.write("dockgen.toml", &kept);
    by_file.expect(0, &["init"]);
    assert_eq!(files(&by_file), wizard);
    let by_variables = Project::new(NODE);
    let mut command = by_variables.command(&["init"]);
    for flag in flags {
        let (name, value) = flag.trim_start_matches("--").split_once('=').unwrap_or(("dockerignore", "false"));
        command.env(format!("DOCKGEN_{}", name.replace('-', "_").to_uppercase()), value);
    }
    assert_eq!(support::run(&mut command).code, 0);
    assert_eq!(files(&by_variables), wizard);
    // And a script that runs later changes nothing.
    let again = project.expect(0, &["init"]);
    assert!(again.stdout.lines().all(|line| line.starts_with("unchanged")), "{}", again.stdout);
}

#[test]
fn the_platform_and_the_build_command_can_be_others() {
    let mut files_of = GO.to_vec();
    files_of.push(("index.html", "<h1>notes</h1>\n"));
    let project = Project::new(&files_of);
    let stacks = dockgen::catalog::files::stacks();
    let place = |id: &str| stacks.iter().position(|stack| *stack == id).expect("a stack");
    let mut screen = Screen::start(&project, &["init"]);
    screen.at("platform:", &format!("{}{ENTER}", DOWN.repeat(place("static") - place("go"))));
    for prompt in ["base image:", "databases and brokers", "files to write", "go on:"] {
        screen.at(prompt, ENTER);
    }
    let (text, code) = screen.end();
    assert_eq!(code, 0, "{text}");
    assert_eq!(project.read("dockgen.toml"), "stack = \"static\"\n");
    assert_eq!(files(&project), by_flags(&files_of, &["--stack=static"]));

    let project = Project::new(GO);
    let mut screen = Screen::start(&project, &["init"]);
    screen.at("platform:", ENTER).at("runtime version:", ENTER).at("? build command", &format!("go build -o /usr/local/bin/notes .{ENTER}"));
    for prompt in ["? start command", "? port", "base image:", "databases and brokers", "files to write", "go on:"] {
        screen.at(prompt, ENTER);
    }
    let (text, code) = screen.end();
    assert_eq!(code, 0, "{text}");
    assert_eq!(files(&project), by_flags(GO, &["--build-cmd=go build -o /usr/local/bin/notes ."]));
}

#[test]
fn a_tie_lists_its_candidates_with_their_evidence() {
    let mut files_of = NODE.to_vec();
    files_of.push(("yarn.lock", "# yarn lockfile v1\n"));
    files_of.push(("pnpm-lock.yaml", "lockfileVersion: '9.0'\n"));
    let project = Project::new(&files_of);
    // A script gets the candidates and the flag.
    let run = project.expect(2, &["init"]);
    assert!(run.stderr.contains("--package-manager"), "{}", run.stderr);
    let mut screen = Screen::start(&project, &["init"]);
    screen.at("platform:", ENTER).at("runtime version:", ENTER).see("package manager:").see("pnpm-lock.yaml").see("yarn.lock").press(ENTER);
    for prompt in &PROMPTS[3..] {
        screen.at(prompt, ENTER);
    }
    let (text, code) = screen.end();
    assert_eq!(code, 0, "{text}");
    assert!(project.read("dockgen.toml").contains("package-manager = "), "a tie is decided for good");
    project.expect(0, &["init"]);
}

#[test]
fn ctrl_c_and_esc_at_each_prompt_leave_nothing_behind() {
    for key in [CTRL_C, ESC] {
        for stop in 0..PROMPTS.len() {
            let project = Project::new(NODE);
            let before = project.names();
            let mut screen = Screen::start(&project, &["init"]);
            for prompt in &PROMPTS[..stop] {
                screen.at(prompt, ENTER);
            }
            screen.at(PROMPTS[stop], key);
            let (text, code) = screen.end();
            assert_eq!(code, 130, "at {}: {text}", PROMPTS[stop]);
            assert!(text.contains("stopped: nothing was written"), "at {}: {text}", PROMPTS[stop]);
            let (hidden, shown) = (text.rfind("\u{1b}[?25l"), text.rfind("\u{1b}[?25h"));
            assert!(shown >= hidden, "at {}: the cursor stays hidden\n{text:?}", PROMPTS[stop]);
            assert_eq!(project.names(), before, "at {}", PROMPTS[stop]);
        }
    }
}

/// A project whose Dockerfile was edited in the very line that dockgen would change.
fn conflict() -> Project {
    let project = Project::new(GO);
    project.expect(0, &["init"]);
    project.edit("Dockerfile", "FROM golang:1.26-trixie AS base", "FROM golang:1.26.1-trixie AS base");
    project.edit("Dockerfile", "WORKDIR /app", "WORKDIR /app\n\nRUN echo mine");
    project.edit("go.mod", "go 1.26", "go 1.27");
    project
}

fn decide(project: &Project, keys: &str) -> (String, i32) {
    let mut screen = Screen::start(project, &["init"]);
    screen
        .at("platform:", ENTER)
        .at("runtime version:", ENTER)
        .at("? build command", ENTER)
        .at("? start command", ENTER)
        .at("? port", ENTER)
        .at("base image:", ENTER);
    screen.at("databases and brokers", ENTER).at("files to write", ENTER).see("conflict   Dockerfile").at("go on:", ENTER);
    screen.see("+FROM golang:1.27-trixie AS base").at("edited where dockgen would change it", keys);
    screen.end()
}

#[test]
fn a_conflict_is_answered_each_way() {
    let project = conflict();
    let (text, code) = decide(&project, ENTER);
    assert_eq!(code, 0, "{text}");
    assert!(project.read("Dockerfile").contains("FROM golang:1.26.1-trixie AS base"));
    // It was decided: a script does not stumble over it again.
    let run = project.expect(0, &["init"]);
    assert!(run.stdout.contains("edited     Dockerfile"), "{}", run.stdout);

    let project = conflict();
    let (text, code) = decide(&project, &format!("{DOWN}{ENTER}"));
    assert_eq!(code, 0, "{text}");
    let file = project.read("Dockerfile");
    assert!(file.contains("FROM golang:1.27-trixie AS base") && file.contains("RUN echo mine"), "other edits stay:\n{file}");

    let project = conflict();
    let before = project.read("Dockerfile");
    let (text, code) = decide(&project, &format!("{DOWN}{DOWN}{ENTER}"));
    assert_eq!(code, 0, "{text}");
    assert_eq!(project.read("Dockerfile"), before);
    assert!(project.read("Dockerfile.dockgen-new").contains("FROM golang:1.27-trixie AS base"));
    project.expect(1, &["init"]);

    let project = conflict();
    let (text, code) = decide(&project, &format!("{DOWN}{DOWN}{DOWN}{ENTER}{ESC}"));
    assert_eq!(code, 130, "{text}");
    assert!(text.matches("+FROM golang:1.27-trixie AS base").count() >= 2, "{text}");
    assert_eq!(project.read("Dockerfile"), before);

    let project = conflict();
    let (text, code) = decide(&project, &format!("{UP}{ENTER}"));
    assert_eq!(code, 130, "{text}");
    assert_eq!(project.read("Dockerfile"), before);
}

const OWN: &str = "FROM node:22-slim AS builder\nWORKDIR /app\nCOPY . .\nRUN npm ci\n\nFROM node:22-slim AS production\nRUN apt-get update && apt-get install -y libvips42 && rm -rf /var/lib/apt/lists/*\nENV TZ=Europe/Berlin\nWORKDIR /app\nCOPY --from=builder /app ./\nEXPOSE 8080\nCMD [\"node\", \"server.js\"]\n";

#[test]
fn a_file_of_ones_own_is_taken_over_with_what_it_says() {
    let project = Project::new(NODE);
    project.write("Dockerfile", OWN);
    let mut screen = Screen::start(&project, &["init"]);
    screen
        .see("Dockerfile is there, and dockgen did not write it")
        .see("port 8080 (Dockerfile:11)")
        .see("package libvips42 (Dockerfile:7)")
        .see("variable TZ=Europe/Berlin (Dockerfile:8)")
        .see("stage prod is named production (Dockerfile:6)")
        .at("files of your own", &format!("{UP}{ENTER}"));
    for prompt in PROMPTS.iter().filter(|prompt| **prompt != "? port") {
        screen.at(prompt, ENTER);
    }
    let (text, code) = screen.end();
    assert_eq!(code, 0, "{text}");
    let file = project.read("Dockerfile");
    for part in ["EXPOSE 8080", "libvips42", "TZ=Europe/Berlin", " AS production\n"] {
        assert!(file.contains(part), "no `{part}` in\n{file}");
    }
    // A script that consents gets the same.
    let script = Project::new(NODE);
    script.write("Dockerfile", OWN);
    script.expect(1, &["init"]);
    assert_eq!(script.read("Dockerfile"), OWN);
    let run = script.expect(0, &["init", "--adopt"]);
    assert!(run.stderr.contains("taken over: port 8080 (Dockerfile:11)"), "{}", run.stderr);
    assert_eq!(files(&script), files(&project));
    assert_eq!(script.read("dockgen.toml"), project.read("dockgen.toml"));
}

#[test]
fn a_narrow_terminal_does() {
    let project = Project::new(NODE);
    let mut screen = Screen::sized(&project, &["init"], 40);
    for prompt in PROMPTS {
        screen.at(prompt, ENTER);
    }
    let (text, code) = screen.end();
    assert_eq!(code, 0, "{text}");
    assert_eq!(files(&project), by_flags(NODE, &[]));
}

/// Two applications, one of which leaves its package manager open.
const SEVERAL: &[(&str, &str)] = &[
    ("api/package.json", "{ \"name\": \"api\", \"scripts\": { \"start\": \"node server.js\" }, \"dependencies\": { \"express\": \"^5.1.0\" } }\n"),
    ("api/server.js", "require('express')().listen(3000);\n"),
    ("api/yarn.lock", "# yarn lockfile v1\n"),
    ("api/pnpm-lock.yaml", "lockfileVersion: '9.0'\n"),
    ("notes/go.mod", "module example.com/notes\n\ngo 1.27\n"),
    ("notes/main.go", "package main\n\nimport \"net/http\"\n\nfunc main() { http.ListenAndServe(\":8080\", nil) }\n"),
];

#[test]
fn of_several_applications_some_or_all_get_files() {
    // All of them: only what one leaves open is asked, and the answer is that one's.
    let project = Project::new(SEVERAL);
    let mut screen = Screen::start(&project, &["init"]);
    screen
        .at("applications", ENTER)
        .at("more than one package manager", ENTER)
        .at("databases and brokers", ENTER)
        .at("files to write", ENTER)
        .at("go on:", ENTER);
    let (text, code) = screen.end();
    assert_eq!(code, 0, "{text}");
    for file in ["api/Dockerfile", "notes/Dockerfile", "compose.yaml"] {
        assert!(project.has(file), "no {file}\n{text}");
    }
    let kept = project.read("dockgen.toml");
    assert!(kept.contains("[app.api]") && kept.contains("package-manager = "), "{kept}");
    // A script has the same answer from there.
    let before = project.read("api/Dockerfile");
    project.expect(0, &["init", "--yes"]);
    assert_eq!(project.read("api/Dockerfile"), before);

    // One of them: it is asked like a single one.
    let project = Project::new(SEVERAL);
    let mut screen = Screen::start(&project, &["init"]);
    screen
        .at("applications", " \r")
        .at("platform", ENTER)
        .at("runtime version", ENTER)
        .at("? build command", ENTER)
        .at("? start command", ENTER)
        .at("? port", ENTER);
    screen.at("base image", ENTER).at("databases and brokers", ENTER).at("files to write", ENTER).at("go on:", ENTER);
    let (text, code) = screen.end();
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("docker compose up"), "{text}");
    assert_eq!(project.read("dockgen.toml"), "app = [\"notes\"]\n");
    let other = Project::new(SEVERAL);
    other.expect(0, &["init", "--yes", "--app", "notes"]);
    for file in ["notes/Dockerfile", "notes/.dockerignore", "compose.yaml"] {
        assert_eq!(project.read(file), other.read(file));
    }
    assert!(!project.has("api/Dockerfile"));
}

#[test]
fn a_broken_manifest_and_an_empty_folder_end_without_a_question() {
    let project = Project::new(&[("package.json", "{")]);
    let (text, code) = Screen::start(&project, &["init"]).end();
    assert_eq!(code, 2, "{text}");
    let project = Project::new(&[("notes.txt", "x\n")]);
    let mut screen = Screen::start(&project, &["init"]);
    screen.at("platform:", ESC);
    assert_eq!(screen.end().1, 130);
}
