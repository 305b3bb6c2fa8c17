//! Steps of a build that change a database: while an image is built there is none.

use super::project::Project;
use super::script::{self, Script};
use super::several;
use crate::manifest::Package;
use crate::model::{Cmd, Diagnostic, Evidence};

/// How deep scripts may call each other.
const DEEPEST: usize = 4;

/// The commands of a build script without those that change a database, with what to do about these; `None` where it has none of them.
pub fn left_out(project: &Project<'_>, name: &str) -> Option<(Option<String>, Diagnostic)> {
    let package = project.package.as_ref()?;
    let (_, at) = package.script(name)?;
    let all = flat(package, script::named(package, name)?, DEEPEST);
    let (changes, rest): (Vec<Script>, Vec<Script>) = all.into_iter().partition(|part| migrates(&part.command.to_string()));
    // In a workspace the commands are run from its root.
    let alone = project.root.is_none() && !rest.is_empty();
    let note = noted(changes.first()?, at, alone);
    Some((alone.then(|| rest.iter().map(line).collect::<Vec<_>>().join(" && ")), note))
}

fn noted(change: &Script, at: Evidence, alone: bool) -> Diagnostic {
    let message = format!("the build changes a database with `{}`, and there is none while an image is built", crate::model::evidence::tame(&line(change)));
    let help = if alone {
        "it is left out: run it as a step of its own before the new version starts, or pass --build-cmd"
    } else {
        "make it a script of its own, which runs before the new version starts"
    };
    Diagnostic::warning("build-migrates", message).at(at).help(help)
}

/// The programs of a script, in their order.
fn flat(package: &Package, script: Script, depth: usize) -> Vec<Script> {
    let Some(depth) = depth.checked_sub(1) else { return vec![script] };
    let mut found: Vec<Script> = Vec::new();
    for step in &script.before {
        if let Some(part) = script::parse(package, step, script.at.clone(), DEEPEST) {
            found.extend(flat(package, part, depth));
        }
    }
    let at_once =
        matches!(script.program(), "concurrently" | "run-p") || script.command.to_string().split(' ').any(|word| word == "-p" || word == "--parallel");
    match several::programs(package, &script).filter(|_| !at_once) {
        Some(parts) => found.extend(parts.into_iter().flat_map(|part| flat(package, part, depth))),
        None => found.push(Script { before: Vec::new(), ..script }),
    }
    found
}

/// A command with its variables, as a shell takes it.
fn line(script: &Script) -> String {
    let variables: String = script.env.iter().map(|(name, value)| format!("{name}={} ", Cmd::word(value))).collect();
    format!("{variables}{}", script.command)
}

/// Whether a command changes a database.
fn migrates(command: &str) -> bool {
    const WORDS: &[&str] = &["migrate", "migration:run", "migrations:run", "migration:up", "db:migrate", "db:push"];
    const PAIRS: &[[&str; 2]] = &[["db", "push"], ["db", "seed"], ["drizzle-kit", "push"]];
    let words: Vec<&str> = command.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word)).collect();
    // What makes or checks the files of migrations needs no database.
    if words.iter().any(|word| matches!(*word, "generate" | "diff" | "make" | "create" | "check" | "--version")) {
        return false;
    }
    let named = |word: &&str| {
        WORDS.contains(&word.rsplit_once('.').map_or(*word, |(stem, ending)| if ["ts", "js", "mjs", "cjs", "mts"].contains(&ending) { stem } else { word }))
    };
    words.iter().any(named) || words.windows(2).any(|pair| PAIRS.iter().any(|wanted| pair == wanted))
}

#[cfg(test)]
mod tests {
    use crate::detect::select::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    /// The build, with `!` behind it where a step is said to be left out.
    fn build(scripts: &str) -> String {
        let package = format!(r#"{{"scripts": {{{scripts}, "start": "next start"}}, "dependencies": {{"next": "16", "react": "19"}}}}"#);
        let found = detect(&Tree::memory([("package.json", package.as_str()), ("app/page.tsx", "")]), &Answers::default());
        let draft = &found.services[0];
        let said = draft.notes.iter().any(|note| note.id == "build-migrates");
        format!("{}{}", draft.build.as_ref().expect("a build").value, if said { " !" } else { "" })
    }

    #[test]
    fn a_database_is_not_changed_by_a_build() {
        let next = "node_modules/.bin/next build";
        for (scripts, want) in [
            (r#""build": "prisma migrate deploy && next build""#, format!("{next} !")),
            (r#""build": "prisma generate && prisma migrate deploy && A=b next build""#, format!("node_modules/.bin/prisma generate && A=b {next} !")),
            (r#""build": "run-s db:migrate build:next", "db:migrate": "drizzle-kit migrate", "build:next": "next build""#, format!("{next} !")),
            (r#""build": "tsx lib/db/migrate && next build""#, format!("{next} !")),
            (r#""build": "prisma generate && next build""#, "npm run build".to_owned()),
            (r#""build": "drizzle-kit generate && next build""#, "npm run build".to_owned()),
        ] {
            assert_eq!(build(scripts), want, "{scripts}");
        }
    }
}
