//! Several environments from one definition: where the project names a staging stage, what production is made of becomes
//! a stage of its own, and staging and production are that stage with their own environment.

use super::tidy;

/// What the project calls things.
pub struct Names<'a> {
    /// The development stage.
    pub dev: &'a str,
    /// The staging stage.
    pub staging: &'a str,
    /// The production stage.
    pub prod: &'a str,
    /// The variable that tells a program where it runs.
    pub variable: &'a str,
}

/// The stage that both are made of.
const RELEASE: &str = "release";

/// Splits the last stage of a laid-out Dockerfile in three, unless the template has its own staging stage.
pub fn split(text: &str, names: &Names<'_>) -> String {
    let is_from = |line: &str, stage: &str| line.starts_with("FROM ") && line.ends_with(&format!(" AS {stage}"));
    let lines: Vec<&str> = text.lines().collect();
    let Some(from) = lines.iter().position(|line| is_from(line, names.prod)) else { return text.to_owned() };
    if lines.iter().any(|line| is_from(line, names.staging)) {
        return text.to_owned();
    }
    let Names { dev, staging, prod, variable } = names;
    let mut out: Vec<String> = Vec::new();
    for line in &lines[..from] {
        out.push((*line).to_owned());
        if is_from(line, dev) {
            out.push(format!("ENV {variable}={dev}"));
        }
    }
    // The comment above the stage tells what it holds.
    let comment = out.last().filter(|line| line.starts_with(&format!("# {prod} "))).cloned();
    if let Some(comment) = comment {
        out.pop();
        let holds = comment.replacen(prod, RELEASE, 1);
        out.push(format!("{}, for {staging} and {prod}", holds.trim_end_matches(", nothing else")));
    }
    out.push(lines[from].replacen(&format!(" AS {prod}"), &format!(" AS {RELEASE}"), 1));
    let (users, body): (Vec<&str>, Vec<&str>) = lines[from + 1..].iter().partition(|line| line.starts_with("USER "));
    out.extend(body.into_iter().map(str::to_owned));
    let user = users.last().copied().unwrap_or_default();
    for (stage, environment) in [(staging, "staging"), (prod, "production")] {
        out.push(format!("# {stage} is {RELEASE} in the {environment} environment"));
        out.push(format!("FROM {RELEASE} AS {stage}"));
        out.push(format!("ENV {variable}={stage}"));
        out.push(user.to_owned());
    }
    tidy::dockerfile(&out.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::{Names, split};

    const NAMES: Names<'static> = Names { dev: "local", staging: "dev", prod: "prod", variable: "ENVIRONMENT" };

    #[test]
    fn production_becomes_two_environments_of_one_stage() {
        let text = "FROM a AS base\n\nFROM base AS local\n\nUSER 1:1\n\n# prod holds the program, nothing else\nFROM base AS prod\n\nCOPY a b\n\nUSER 1:1\n\nCMD [\"a\"]\n";
        let want = "FROM a AS base\n\nFROM base AS local\n\nENV ENVIRONMENT=local\n\nUSER 1:1\n\n# release holds the program, for dev and prod\nFROM base AS release\n\nCOPY a b\n\nCMD [\"a\"]\n\n\
                    # dev is release in the staging environment\nFROM release AS dev\n\nENV ENVIRONMENT=dev\n\nUSER 1:1\n\n# prod is release in the production environment\nFROM release AS prod\n\nENV ENVIRONMENT=prod\n\nUSER 1:1\n";
        assert_eq!(split(text, &NAMES), want);
        assert_eq!(split(want, &NAMES), want, "a template's own staging stage stays");
    }
}
