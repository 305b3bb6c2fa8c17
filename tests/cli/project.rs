//! A small project in a folder of its own.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Run, run};

/// The folder goes with the value.
pub struct Project(tempfile::TempDir);

/// A Go program on port 8080.
pub const GO: &[(&str, &str)] = &[
    ("go.mod", "module example.com/notes\n\ngo 1.26\n"),
    (
        "main.go",
        "package main\n\nimport \"net/http\"\n\nfunc main() {\n\thttp.HandleFunc(\"GET /healthz\", func(w http.ResponseWriter, _ *http.Request) {})\n\thttp.ListenAndServe(\":8080\", nil)\n}\n",
    ),
];

impl Project {
    /// A folder with these files.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let project = Self(tempfile::tempdir().expect("a folder"));
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, path: &str, text: &str) {
        let place = self.path().join(path);
        std::fs::create_dir_all(place.parent().expect("a folder")).expect("made");
        std::fs::write(place, text).expect("written");
    }

    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub fn has(&self, path: &str) -> bool {
        self.path().join(path).exists()
    }

    /// Replaces a text in a file, which must hold it.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.read(path);
        assert!(text.contains(from), "{path} holds no `{from}`:\n{text}");
        self.write(path, &text.replacen(from, to, 1));
    }

    /// The names in the root folder.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(self.path()).expect("listed").map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The program in this folder, without a terminal and without this machine's variables.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dockgen"));
        command.args(words).current_dir(self.path()).stdin(Stdio::null()).env_remove("FORCE_COLOR");
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DOCKGEN_")) {
            command.env_remove(name);
        }
        command
    }

    pub fn run(&self, words: &[&str]) -> Run {
        run(&mut self.command(words))
    }

    /// Runs, and demands an exit code.
    pub fn expect(&self, code: i32, words: &[&str]) -> Run {
        let run = self.run(words);
        assert_eq!(run.code, code, "dockgen {}\n{}{}", words.join(" "), run.stdout, run.stderr);
        run
    }
}
