//! The one table of what a person can decide: one question = one flag = one key of `dockgen.toml` = one variable.

/// Something that a person can decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Question {
    /// Which stack a folder is.
    Stack,
    /// Which applications of a repository get files.
    App,
    /// The runtime's version.
    RuntimeVersion,
    /// The package manager.
    PackageManager,
    /// The build command.
    BuildCmd,
    /// The start command.
    StartCmd,
    /// The port that the program listens on.
    Port,
    /// The kind of base image of the production stage.
    Base,
    /// The databases and brokers in compose.yaml.
    Services,
    /// Whether compose.yaml is written.
    Compose,
    /// Whether .dockerignore is written.
    Dockerignore,
}

/// One row of the table.
struct Row {
    question: Question,
    name: &'static str,
    prompt: &'static str,
}

const ROWS: &[Row] = &[
    Row { question: Question::Stack, name: "stack", prompt: "platform" },
    Row { question: Question::App, name: "app", prompt: "applications" },
    Row { question: Question::RuntimeVersion, name: "runtime-version", prompt: "runtime version" },
    Row { question: Question::PackageManager, name: "package-manager", prompt: "package manager" },
    Row { question: Question::BuildCmd, name: "build-cmd", prompt: "build command" },
    Row { question: Question::StartCmd, name: "start-cmd", prompt: "start command" },
    Row { question: Question::Port, name: "port", prompt: "port" },
    Row { question: Question::Base, name: "base", prompt: "base image" },
    Row { question: Question::Services, name: "services", prompt: "databases and brokers" },
    Row { question: Question::Compose, name: "compose", prompt: "write compose.yaml" },
    Row { question: Question::Dockerignore, name: "dockerignore", prompt: "write .dockerignore" },
];

impl Question {
    /// All questions, in the order in which the wizard asks them.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.question)
    }

    fn row(self) -> &'static Row {
        ROWS.iter().find(|row| row.question == self).unwrap_or(&ROWS[0])
    }

    /// The key of `dockgen.toml`: `runtime-version`.
    pub fn key(self) -> &'static str {
        self.row().name
    }

    /// The flag: `--runtime-version`; for what is on unless it is said, `--no-compose`.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Stack => "--stack",
            Self::App => "--app",
            Self::RuntimeVersion => "--runtime-version",
            Self::PackageManager => "--package-manager",
            Self::BuildCmd => "--build-cmd",
            Self::StartCmd => "--start-cmd",
            Self::Port => "--port",
            Self::Base => "--base",
            Self::Services => "--services",
            Self::Compose => "--no-compose",
            Self::Dockerignore => "--no-dockerignore",
        }
    }

    /// The environment variable: `DOCKGEN_RUNTIME_VERSION`.
    pub fn env(self) -> String {
        format!("DOCKGEN_{}", self.key().replace('-', "_").to_uppercase())
    }

    /// What the wizard calls it.
    pub fn prompt(self) -> &'static str {
        self.row().prompt
    }

    /// The question of a key of `dockgen.toml`.
    pub fn from_key(key: &str) -> Option<Self> {
        ROWS.iter().find(|row| row.name == key).map(|row| row.question)
    }
}

#[cfg(test)]
mod tests {
    use super::{Question, ROWS};

    #[test]
    fn every_question_has_a_row_a_flag_and_a_key_of_one_name() {
        for row in ROWS {
            assert_eq!(row.question.key(), row.name);
            assert_eq!(Question::from_key(row.name), Some(row.question));
            let flag = row.question.flag().trim_start_matches("--").trim_start_matches("no-");
            assert_eq!(flag, row.name);
        }
    }
}
