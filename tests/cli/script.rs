//! Scripts: one table of questions, no prompt without a terminal, and streams that end early.

use std::io::Read as _;
use std::process::Stdio;

use dockgen::model::Question;

use crate::project::{GO, Project};
use crate::support::run;

/// A value for each question that differs from what is detected in the project below.
fn answer(question: Question) -> &'static str {
    match question {
        Question::Stack => "node",
        Question::App => "notes",
        Question::RuntimeVersion => "1.25",
        Question::PackageManager => "go",
        Question::BuildCmd => "go build -o /usr/local/bin/notes .",
        Question::StartCmd => "/usr/local/bin/notes --verbose",
        Question::Port => "9000",
        Question::Base => "slim",
        Question::Services => "redis",
        Question::Compose | Question::Dockerignore => "false",
    }
}

fn flag(question: Question) -> Vec<String> {
    match question {
        Question::Compose | Question::Dockerignore => vec![question.flag().to_owned()],
        _ => vec![question.flag().to_owned(), answer(question).to_owned()],
    }
}

#[test]
fn each_question_is_a_flag_a_key_and_a_variable() {
    for question in Question::all() {
        let by_flag = Project::new(GO);
        let words: Vec<String> = ["init".to_owned()].into_iter().chain(flag(question)).collect();
        let flagged = by_flag.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let by_variable = Project::new(GO);
        let variable = run(by_variable.command(&["init"]).env(question.env(), answer(question)));
        let by_file = Project::new(GO);
        by_file.write("dockgen.toml", &format!("{} = \"{}\"\n", question.key(), answer(question)));
        let file = by_file.run(&["init"]);
        assert_eq!(
            (flagged.code, variable.code, file.code),
            (flagged.code, flagged.code, flagged.code),
            "{}\n{}\n{}",
            flagged.stderr,
            variable.stderr,
            file.stderr
        );
        assert_eq!(flagged.stdout, variable.stdout, "{}", question.key());
        assert_eq!(flagged.stdout, file.stdout, "{}", question.key());
        for name in ["Dockerfile", ".dockerignore", "compose.yaml"] {
            let text = |project: &Project| std::fs::read_to_string(project.path().join(name)).ok();
            assert_eq!(text(&by_flag), text(&by_variable), "{} {name}", question.key());
            assert_eq!(text(&by_flag), text(&by_file), "{} {name}", question.key());
        }
    }
}

#[test]
fn a_flag_beats_a_variable_and_a_variable_beats_the_file() {
    let project = Project::new(GO);
    project.write("dockgen.toml", "port = 1111\n");
    let port = |words: &[&str], variable: Option<&str>| {
        let mut command = project.command(&[&["init", "--stdout", "-q"], words].concat());
        if let Some(value) = variable {
            command.env("DOCKGEN_PORT", value);
        }
        run(&mut command).stdout.lines().find_map(|line| line.strip_prefix("EXPOSE ").map(str::to_owned)).expect("EXPOSE")
    };
    assert_eq!(port(&[], None), "1111");
    assert_eq!(port(&[], Some("2222")), "2222");
    assert_eq!(port(&["--port", "3333"], Some("2222")), "3333");
}

#[test]
fn a_port_that_nothing_tells_the_program_is_warned_of() {
    let run = Project::new(GO).expect(0, &["init", "--port", "9000"]);
    assert!(run.stderr.contains("the program listens on 8080, and nothing tells it 9000"), "{}", run.stderr);
    assert!(run.stderr.contains("main.go:7"), "{}", run.stderr);
    let project = Project::new(GO);
    project.write("main.go", &project.read("main.go").replace("\":8080\"", "\":\"+os.Getenv(\"PORT\")"));
    assert!(!project.expect(0, &["init", "--port", "9000"]).stderr.contains("nothing tells it"));
}

#[test]
fn answers_can_be_kept() {
    let project = Project::new(GO);
    project.write("dockgen.toml", "# ours\nbase = \"slim\"\n");
    let run = project.expect(0, &["init", "--port", "9000", "--save"]);
    assert!(run.stdout.contains("written    dockgen.toml"), "{}", run.stdout);
    assert_eq!(project.read("dockgen.toml"), "# ours\nbase = \"slim\"\nport = 9000\n");
    let again = project.expect(0, &["init"]);
    assert!(again.stdout.lines().all(|line| line.starts_with("unchanged")), "{}", again.stdout);
}

#[test]
fn what_nobody_can_answer_is_an_error_with_the_flag() {
    let project = Project::new(&[("go.mod", "module x\n\ngo 1.26\n"), ("lib.go", "package x\n")]);
    let run = project.expect(2, &["init"]);
    assert!(run.stderr.contains("--start-cmd"), "{}", run.stderr);
    assert_eq!(project.names(), ["go.mod", "lib.go"]);
}

#[test]
fn several_files_on_stdout_are_told_apart() {
    let project = Project::new(GO);
    let all = project.expect(0, &["init", "--stdout"]).stdout;
    let one = project.expect(0, &["init", "--stdout", "--no-compose", "--no-dockerignore"]).stdout;
    assert!(all.starts_with(&format!("==> Dockerfile <==\n{one}\n==> .dockerignore <==\n")), "{all}");
    assert!(one.starts_with("# syntax="));
    assert_eq!(project.names(), ["go.mod", "main.go"]);
}

#[test]
fn no_prompt_where_a_stream_is_no_terminal() {
    for stdin in [Stdio::null(), Stdio::piped()] {
        let project = Project::new(GO);
        let mut command = project.command(&["init"]);
        let mut child = command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        // The other end of the pipe stays open: a program that reads it would wait for ever.
        let input = child.stdin.take();
        let status = child.wait().expect("ends");
        drop(input);
        assert_eq!(status.code(), Some(0));
        assert!(project.has("Dockerfile"));
    }
    // stderr is a file
    let project = Project::new(GO);
    let log = std::fs::File::create(project.path().join("log")).expect("made");
    assert_eq!(project.command(&["init"]).stderr(log).status().expect("runs").code(), Some(0));
    assert!(project.read("log").contains("next:"));
}

#[cfg(unix)]
#[test]
fn streams_that_are_closed_do_no_harm() {
    let program = env!("CARGO_BIN_EXE_dockgen");
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        let project = Project::new(GO);
        let line = format!("'{program}' init {closed}");
        let status = std::process::Command::new("sh")
            .args(["-c", &line])
            .current_dir(project.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("runs");
        assert_eq!(status.code(), Some(0), "{closed}");
        assert!(project.has("Dockerfile"), "{closed}");
    }
    // A reader that goes away early.
    for words in [&["init", "--stdout"][..], &["detect", "--format", "json"], &["schema", "detect"], &["completions", "bash"], &["--help"]] {
        let project = Project::new(GO);
        let mut child = project.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        drop(child.stdout.take());
        let status = child.wait().expect("ends");
        let mut said = String::new();
        child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
        assert_eq!(status.code(), Some(0), "{words:?}: {said}");
        assert!(!said.contains("panicked"), "{words:?}: {said}");
    }
}

#[test]
fn completions_and_manual_pages_are_made() {
    let project = Project::new(&[]);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        assert!(project.expect(0, &["completions", shell]).stdout.contains("runtime-version"), "{shell}");
    }
    project.expect(0, &["man", "man"]);
    assert!(project.read("man/dockgen-init.1").contains("start\\-cmd"));
    assert!(project.has("man/dockgen.1"));
}

#[test]
fn help_teaches_with_examples_that_are_true() {
    let project = Project::new(GO);
    for words in [&["--help"][..], &["init", "--help"], &["detect", "--help"], &["check", "--help"]] {
        let help = project.expect(0, words).stdout;
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
        let examples: Vec<&str> =
            help.split("Examples:").nth(1).expect("examples").lines().map(str::trim).filter(|line| line.starts_with("dockgen ")).collect();
        assert!(examples.len() >= 2, "{help}");
        for example in examples {
            let words = example.split("  ").next().expect("a command").split_whitespace().skip(1).chain(["--help"]);
            let run = project.run(&words.collect::<Vec<_>>());
            assert_eq!(run.code, 0, "`{example}` is not understood: {}", run.stderr);
        }
    }
}

#[test]
fn one_application_that_can_t_be_written_says_how_the_others_are() {
    let project = Project::new(&[
        ("package.json", r#"{"private": true, "workspaces": ["apps/*"]}"#),
        ("apps/api/package.json", r#"{"name": "api", "scripts": {"start": "node index.js"}}"#),
        ("apps/api/index.js", "require('node:http').createServer().listen(3000);\n"),
        ("apps/web/package.json", r#"{"name": "web", "scripts": {"build": "vite build"}, "devDependencies": {"@sveltejs/kit": "2"}}"#),
        ("apps/web/svelte.config.js", "import adapter from '@sveltejs/adapter-vercel';\n"),
    ]);
    let all = project.run(&["init", "--yes"]);
    assert_eq!(all.code, 2);
    assert!(all.stderr.contains("1 of 2 applications can't be written: web\nhelp: write the others with --app api"), "{}", all.stderr);
    assert_eq!(project.run(&["init", "--yes", "--app", "api"]).code, 0);
    project.write("worker/package.json", "{");
    assert_eq!(project.run(&["init", "--yes", "--app", "api", "--dry-run"]).code, 0);
}
