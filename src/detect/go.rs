//! Go: modules, their main packages and the port that they listen on.

use regex_lite::Regex;

use super::{Detector, Found, asked, source};
use crate::catalog::StackPack;
use crate::fs::Dir;
use crate::model::question::Question;
use crate::model::{Answers, Candidates, Claim, Cmd, Decision, Diagnostic, Evidence, Health, ServiceDraft, Source, Strength, Version};

/// The detector.
pub struct Go;

impl Detector for Go {
    fn id(&self) -> &'static str {
        "go"
    }

    fn claims(&self, dir: &Dir<'_>) -> Option<Claim> {
        dir.has("go.mod").then(|| Claim::new(Strength::Certain, Evidence::file(dir.at("go.mod"))))
    }

    fn draft(&self, dir: &Dir<'_>, pack: &StackPack, answers: &Answers) -> Result<Found, Diagnostic> {
        let Some(module) = dir.read("go.mod")? else { return Ok(Found::default()) };
        let mut name = ("app".to_owned(), module.evidence());
        let mut versions = Candidates::new();
        for (number, line) in module.lines() {
            let at = |value: &str| Evidence::line(module.path().clone(), number, value);
            match line.split_whitespace().collect::<Vec<_>>()[..] {
                ["module", path] => name = (path.to_owned(), at(path)),
                ["go", version] => {
                    if let Ok(version) = version.parse::<Version>() {
                        versions.push(version.truncate(2), Source::File(at(line.trim())));
                    }
                }
                _ => {}
            }
        }
        let mut draft = ServiceDraft::new("go", dir.path().clone(), &name.0);
        let hints = answers.hints(dir.path(), &draft.name);
        if let Some(runtime) = &pack.runtime {
            draft.runtime = Some(asked::runtime(&hints, runtime, versions)?);
        }
        draft.package_manager = Some(Decision::new("go".to_owned(), Source::File(name.1)));
        let texts = source::files(dir, &["go"], &[]);
        let pattern = Regex::new(r#"(?:ListenAndServe|Run|Listen)\(\s*":(\d+)""#).map_err(|error| Diagnostic::error("pattern", error.to_string()))?;
        let mut ports = Candidates::new();
        for hit in source::find_all(&texts, &pattern, "//") {
            if let Ok(port) = hit.value.parse() {
                ports.push(port, Source::File(hit.at));
            }
        }
        draft.port = asked::port(&hints, ports)?;
        let binary = draft.name.clone();
        let mut starts = Candidates::new();
        if dir.has("main.go") {
            starts.push(Cmd::exec([format!("/usr/local/bin/{binary}")]), Source::inferred("the folder holds the program", [Evidence::file(dir.at("main.go"))]));
        }
        draft.start = asked::command(&hints, Question::StartCmd, starts)?;
        let mut builds = Candidates::new();
        builds.push(
            Cmd::Shell(format!("go build -trimpath -ldflags=\"-s -w\" -o /usr/local/bin/{binary} .")),
            Source::default("a small static binary without paths of the build"),
        );
        draft.build = asked::command(&hints, Question::BuildCmd, builds)?;
        draft.dev = Some(Decision::new(Cmd::exec(["go", "run", "."]), Source::default("go compiles what changed")));
        draft.health = Health::None { because: format!("this image has no shell and no program but `{binary}`") };
        draft.set("go_sum", dir.has("go.sum"));
        draft.set("binary", binary);
        draft.watch.action = "sync+restart".to_owned();
        draft.watch.paths = vec![".".to_owned()];
        draft.watch.rebuild = vec!["go.mod".to_owned(), "go.sum".to_owned()];
        draft.compose.volumes = vec!["home:/home/app".to_owned()];
        Ok(Found::one(draft))
    }
}
