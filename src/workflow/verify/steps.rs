//! What a build did, read from the engine's own plain output.

use std::collections::BTreeMap;

/// One step of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// `deps 2/3`.
    pub place: String,
    /// The instruction, on one line.
    pub text: String,
    /// Whether the engine had its result already.
    pub cached: bool,
    /// Whether it ended.
    pub done: bool,
}

/// The steps of a build and the end of what it printed.
#[derive(Clone, Debug, Default)]
pub struct BuildLog {
    steps: BTreeMap<u32, Step>,
    lines: Vec<String>,
}

impl BuildLog {
    /// Takes a line; gives what is being done now, where the line says so.
    pub fn take<'l>(&mut self, line: &'l str) -> Option<&'l str> {
        self.lines.push(line.to_owned());
        let (number, rest) = line.strip_prefix('#')?.split_once(' ')?;
        let number: u32 = number.parse().ok()?;
        if let Some((place, text)) = rest.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            if place.starts_with("internal") || place.starts_with("auth") {
                return None;
            }
            let step = self.steps.entry(number).or_default();
            (step.place, step.text) = (place.to_owned(), text.to_owned());
            return Some(rest);
        }
        let step = self.steps.get_mut(&number)?;
        if rest == "CACHED" {
            (step.cached, step.done) = (true, true);
        } else if rest.starts_with("DONE") {
            step.done = true;
        }
        None
    }

    /// The steps that make something: all but FROM.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.steps.values().filter(|step| !step.text.starts_with("FROM "))
    }

    /// The end of what was printed, for somebody who has to find out what went wrong.
    pub fn tail(&self) -> Vec<String> {
        // The engine repeats the failing step between two lines of dashes at the end.
        let lines: Vec<&String> = self.lines.iter().filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(24)..].iter().map(|line| (*line).clone()).collect()
    }
}

/// What a step installs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Installs {
    /// Packages of the system.
    System,
    /// A language's dependencies, by the name of the ecosystem.
    Language(&'static str),
}

/// Commands that install the dependencies that a manifest names, by ecosystem.
const INSTALLERS: &[(&str, &[&str])] = &[
    (
        "node",
        &[
            "npm ci",
            "npm install",
            "npm i ",
            "npm clean-install",
            "pnpm install",
            "pnpm i ",
            "pnpm fetch",
            "yarn install",
            "yarn --",
            "yarn workspaces focus",
            "bun install",
            "bun i ",
        ],
    ),
    (
        "python",
        &[
            "pip install",
            "pip3 install",
            "uv sync",
            "uv pip install",
            "uv pip sync",
            "poetry install",
            "poetry sync",
            "pipenv install",
            "pipenv sync",
            "pdm install",
            "pdm sync",
            "conda env",
        ],
    ),
    ("go", &["go mod download", "go mod vendor"]),
    ("rust", &["cargo fetch", "cargo chef cook", "cargo vendor"]),
    ("ruby", &["bundle install"]),
    ("php", &["composer install"]),
    ("dotnet", &["dotnet restore"]),
    ("java", &["dependency:go-offline", "dependency:resolve", "gradle dependencies", "gradlew dependencies"]),
    ("elixir", &["mix deps.get"]),
    ("dart", &["dart pub get", "flutter pub get"]),
];

/// Commands that install what is missing while they compile, so that without a cache mount each run installs everything.
const COMPILERS: &[(&str, &[&str])] = &[
    ("go", &["go build", "go install"]),
    ("rust", &["cargo build", "cargo install --path"]),
    ("java", &["mvn package", "mvn clean package", "gradle build", "gradlew build", "gradlew bootJar"]),
];

const SYSTEM: &[&str] =
    &["apt-get install", "apt install", "apk add", "apk --no-cache add", "dnf install", "yum install", "microdnf install", "zypper install", "pacman -S"];

/// What a step installs; a tool for the build itself (`npm install --global`, `pip install poetry`) is no dependency.
pub fn installs(text: &str) -> Option<Installs> {
    let text = text.strip_prefix("RUN ")?;
    let words = format!("{} ", text.split_whitespace().collect::<Vec<_>>().join(" "));
    if let Some((name, _)) = INSTALLERS.iter().find(|(_, commands)| commands.iter().any(|command| words.contains(command))) {
        return (!is_tool(&words)).then_some(Installs::Language(name));
    }
    let plain_yarn = *name_of_first(&words) == *"yarn" && words.trim_end().ends_with("yarn");
    if plain_yarn {
        return Some(Installs::Language("node"));
    }
    SYSTEM.iter().any(|command| words.contains(command)).then_some(Installs::System)
}

/// The ecosystem of a step that compiles, and installs while it does, with nothing that keeps what it installed.
pub fn compiles_without_cache(text: &str) -> Option<&'static str> {
    let text = text.strip_prefix("RUN ")?;
    if text.contains("type=cache") || text.contains("--offline") || text.contains("-mod=vendor") {
        return None;
    }
    COMPILERS.iter().find(|(_, commands)| commands.iter().any(|command| text.contains(command))).map(|(name, _)| *name)
}

/// Whether all that is installed is a tool that installs the rest later.
fn is_tool(words: &str) -> bool {
    let global = [" install -g ", " install --global ", " i -g ", " i --global "].iter().any(|flag| words.contains(flag));
    let only_pip = !["uv ", "poetry install", "pipenv ", "pdm "].iter().any(|command| words.contains(command));
    let manager = words.split_once("pip install").or_else(|| words.split_once("pip3 install")).is_some_and(|(_, rest)| {
        rest.split_whitespace().any(|word| {
            let name = word.split(['=', '<', '>', '~', '[']).next().unwrap_or_default();
            matches!(name, "poetry" | "pipenv" | "pdm" | "uv" | "pip" | "wheel" | "setuptools" | "hatch")
        })
    });
    let manifest = words.contains(" -r ") || words.contains("--requirement") || words.contains(" . ") || words.contains(" -e ");
    global || only_pip && manager && !manifest
}

fn name_of_first(words: &str) -> &str {
    words.split_whitespace().find(|word| !word.starts_with("--")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{BuildLog, Installs, compiles_without_cache, installs};

    #[test]
    fn reads_what_was_reused() {
        let mut log = BuildLog::default();
        for line in [
            "#5 [base 1/2] FROM docker.io/library/node:24",
            "#6 [deps 2/3] RUN npm ci",
            "#6 0.5 added 3",
            "#6 CACHED",
            "#7 [internal] load",
            "#8 [build 1/1] COPY . .",
            "#8 DONE 0.1s",
        ] {
            log.take(line);
        }
        let steps: Vec<(&str, bool)> = log.steps().map(|step| (step.place.as_str(), step.cached)).collect();
        assert_eq!(steps, [("deps 2/3", true), ("build 1/1", false)]);
    }

    #[test]
    fn knows_installers() {
        assert_eq!(installs("RUN --mount=type=cache,target=/root/.npm     npm ci --no-audit"), Some(Installs::Language("node")));
        assert_eq!(installs("RUN npm install -g pnpm@10"), None);
        assert_eq!(installs("RUN yarn"), Some(Installs::Language("node")));
        assert_eq!(installs("RUN yarn build"), None);
        assert_eq!(installs("RUN apt-get update && apt-get install -y gcc"), Some(Installs::System));
        assert_eq!(installs("RUN python -m venv /p && /p/bin/pip install poetry==2.5.1"), None);
        assert_eq!(installs("RUN pip install --no-cache-dir -r requirements.txt"), Some(Installs::Language("python")));
        assert_eq!(installs("RUN pip install flask"), Some(Installs::Language("python")));
        assert_eq!(installs("RUN /p/bin/poetry install --only main"), Some(Installs::Language("python")));
        assert_eq!(installs("COPY npm ci"), None);
        assert_eq!(compiles_without_cache("RUN go build -o /x ."), Some("go"));
        assert_eq!(compiles_without_cache("RUN --mount=type=cache,target=/root/.cache/go-build go build ."), None);
    }
}
