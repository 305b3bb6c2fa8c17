//! Which of Maven and Gradle builds, where each has its file.

use crate::detect::asked;
use crate::detect::recognised::look;
use crate::fs::Dir;
use crate::model::question::Question;
use crate::model::{Answers, Candidates, Decision, Diagnostic, Evidence, Open, Source};

const GRADLE: &[&str] = &["build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"];

/// Files in which people are told how to build, the most telling first.
const TOLD: &[&str] = &["README.md", "Readme.md", "readme.md", "README.adoc", "README.rst", "README", "CONTRIBUTING.md"];

/// A call of either; the group is the program.
const CALL: &str = r"(?m)(?:^|[\s`$>(\x22'])(?:\./)?(mvnw?|gradlew?)(?:[ \t]+[\w:-]|`)";

/// The build file of one of them.
pub fn file(dir: &Dir<'_>) -> Option<Evidence> {
    dir.first_of(["pom.xml"]).or_else(|| dir.first_of(GRADLE.iter().copied())).map(|file| Evidence::file(dir.at(file)))
}

/// The one that was asked for, the only one, or the one that the project's own words call; without such words it is a question.
pub fn choose(dir: &Dir<'_>, answers: &Answers) -> Result<(Decision<String>, Option<Open>), Diagnostic> {
    let mut files: Vec<(String, Source)> = Vec::new();
    let mut add = |name: &str, file: Option<&str>| files.extend(file.map(|file| (name.to_owned(), Source::File(Evidence::file(dir.at(file))))));
    add("maven", dir.first_of(["pom.xml"]));
    // Settings alone beside Maven's file build nothing.
    add("gradle", dir.first_of(GRADLE[..if dir.has("pom.xml") { 2 } else { GRADLE.len() }].iter().copied()));
    let told = if files.len() > 1 { called(dir) } else { None };
    let mut candidates = Candidates::new();
    candidates.extend(told.clone());
    candidates.extend(files.iter().cloned());
    let known: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let hints = answers.hints(dir.path(), dir.path().name());
    let Some(manager) = asked::one_of(&hints, Question::PackageManager, &known, candidates)? else {
        return Err(Diagnostic::error("build-file", "the folder has no build file of Maven or Gradle"));
    };
    let open = (files.len() > 1 && told.is_none() && !manager.source.is_explicit()).then(|| Open {
        question: Question::PackageManager,
        message: "build files of both Maven and Gradle".to_owned(),
        candidates: files,
    });
    Ok((manager, open))
}

/// The one that the workflows call, else the first one that the people who read about the project are told to call.
fn called(dir: &Dir<'_>) -> Option<(String, Source)> {
    let name = |program: &str| if program.starts_with("mvn") { "maven" } else { "gradle" }.to_owned();
    let workflows = dir.dir(".github/workflows");
    let calls = workflows.files().filter_map(|file| workflows.peek(file)).flat_map(|text| look::all(&text, CALL, "#")).collect::<Vec<_>>();
    if let Some(first) = calls.first().filter(|first| calls.iter().all(|call| name(&call.value) == name(&first.value))) {
        return Some((name(&first.value), Source::inferred("the only one that the workflows call", [first.at.clone()])));
    }
    let first = TOLD.iter().filter_map(|file| dir.peek(file)).find_map(|text| look::first(&text, CALL, "<!--"))?;
    Some((name(&first.value), Source::inferred("of those with a build file the one that the project calls first", [first.at])))
}
