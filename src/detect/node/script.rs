//! What stands behind an npm script: the program itself, so that the container starts it without a package manager in between.

use crate::manifest::Package;
use crate::model::{Cmd, Evidence};

/// How deep scripts may call each other.
const DEEPEST: usize = 4;

/// A script taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The program that it ends with.
    pub command: Cmd,
    /// Variables that it sets.
    pub env: Vec<(String, String)>,
    /// What it does before: builds, migrations.
    pub before: Vec<String>,
    /// Where it stands.
    pub at: Evidence,
}

impl Script {
    /// The name of the program, `node` or `bun` for a file that it runs itself.
    pub fn program(&self) -> &str {
        self.command.program().map_or("", |program| program.strip_prefix(BIN).unwrap_or(program))
    }

    /// The file that Node.js or Bun runs.
    pub fn file(&self) -> Option<&str> {
        match &self.command {
            Cmd::Exec(words) => run_file(words),
            Cmd::Shell(_) => None,
        }
    }
}

/// Where the programs of dependencies lie.
pub const BIN: &str = "node_modules/.bin/";

/// Programs that the image has without any dependency.
const IMAGES_OWN: &[&str] = &["node", "bun", "npm", "pnpm", "yarn", "sh", "bash", "echo", "sleep", "cat", "cp", "mv", "rm", "mkdir", "true"];

/// Flags of `node` that take their value as the next word.
const WITH_VALUE: &[&str] = &["-r", "--require", "--import", "--loader", "--experimental-loader", "--env-file", "--env-file-if-exists", "-C", "--conditions"];

/// The first word that is no flag, nor the value of one.
pub fn file_of(words: &[String]) -> Option<&str> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if WITH_VALUE.contains(&word.as_str()) {
            words.next();
        } else if !word.starts_with('-') {
            return Some(word);
        }
    }
    None
}

/// The packages of which Node.js loads a module before the program: `-r ts-node/register`, `--import=tsx`.
pub fn preloaded(words: &[String]) -> Vec<String> {
    const LOADS: &[&str] = &["-r", "--require", "--import", "--loader", "--experimental-loader"];
    let package = |module: &str| {
        let parts = module.split('/').take(if module.starts_with('@') { 2 } else { 1 });
        (!module.starts_with(['.', '/'])).then(|| parts.collect::<Vec<_>>().join("/"))
    };
    let pairs = words.iter().zip(words.iter().skip(1).map(String::as_str).chain([""]));
    let modules = pairs.filter_map(|(word, next)| match word.split_once('=') {
        Some((flag, module)) if LOADS.contains(&flag) => Some(module),
        _ => LOADS.contains(&word.as_str()).then_some(next),
    });
    modules.filter_map(package).collect()
}

/// The file that a command of Node.js or Bun runs.
pub fn run_file(words: &[String]) -> Option<&str> {
    match words.first()?.as_str() {
        "node" => file_of(&words[1..]),
        "bun" => file_of_bun(words),
        _ => None,
    }
}

/// The words of a command, of one line of a shell too where it is a single one (`node dist/x.js --port ${PORT:-9000}`).
pub fn single(command: &Cmd) -> Option<Vec<String>> {
    match command {
        Cmd::Exec(words) => Some(words.clone()),
        Cmd::Shell(text) if !text.contains(['&', '|', ';', '\n', '`']) => shlex::split(text.trim_start_matches("exec ")),
        Cmd::Shell(_) => None,
    }
}

/// The file that a command runs.
pub fn started(command: &Cmd) -> Option<String> {
    if let Some(file) = single(command).as_deref().and_then(run_file) {
        return Some(file.to_owned());
    }
    // A program that is started in its folder.
    let Cmd::Shell(text) = command else { return None };
    let (folder, rest) = text.strip_prefix("cd ")?.split_once(" && exec ")?;
    let words = shlex::split(rest)?;
    Some(format!("{folder}/{}", run_file(&words)?.trim_start_matches("./")))
}

/// The file in a command of Bun's, which takes `run` before it, or nothing.
pub fn file_of_bun(words: &[String]) -> Option<&str> {
    let rest = words.get(1..)?;
    let plain = file_of(rest)?;
    if plain != "run" {
        return Some(plain);
    }
    let after = rest.iter().position(|word| word == "run")? + 1;
    file_of(&rest[after..])
}

/// The package of a program that has another name.
pub fn program_package(program: &str) -> &str {
    match program {
        "babel" => "@babel/cli",
        "babel-node" => "@babel/node",
        "docusaurus" => "@docusaurus/core",
        "dotenv" => "dotenv-cli",
        "eleventy" => "@11ty/eleventy",
        "nest" => "@nestjs/cli",
        "ng" => "@angular/cli",
        "nuxi" => "nuxt",
        "react-router" => "@react-router/dev",
        "react-router-serve" => "@react-router/serve",
        "remix" => "@remix-run/dev",
        "remix-serve" => "@remix-run/serve",
        "rsbuild" => "@rsbuild/core",
        "run-p" | "run-s" => "npm-run-all",
        "strapi" => "@strapi/strapi",
        "svelte-kit" => "@sveltejs/kit",
        "swc" => "@swc/cli",
        "tsc" => "typescript",
        "tsnd" => "ts-node-dev",
        "vue-cli-service" => "@vue/cli-service",
        other => other,
    }
}

/// A script of the package by its name.
pub fn named(package: &Package, name: &str) -> Option<Script> {
    let (text, at) = package.script(name)?;
    let mut script = parse(package, text, at, DEEPEST)?;
    script.before.retain(|part| !part.is_empty());
    Some(script)
}

/// What runs the program of a dependency, and nothing else.
const TOOL_RUNNERS: &[&str] = &[
    "yarn run -T ",
    "yarn run --top-level ",
    "yarn exec ",
    "pnpm exec ",
    "npm exec -- ",
    "npm exec ",
    "bun x ",
    "bunx --bun ",
    "bun --bun run ",
    "npx --yes ",
    "npx -y ",
];

/// What reads a file of variables and runs what stands behind its own words; in a container the variables come from outside.
const LOADERS: &[&str] = &["dotenv", "dotenvx", "env-cmd", "dotenv-cli"];

/// The command that a loader is given: behind its flags with their files, its `run`, the file that env-cmd took first of all once, and `--`.
fn behind_loader<'t>(loader: &str, text: &'t str) -> Option<&'t str> {
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, tail) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let tail = tail.trim_start();
        rest = match word {
            "--" => return Some(tail),
            "-f" | "--file" | "--env-file" | "-e" | "--environments" | "-r" | "--rc-file" | "-v" => {
                tail.split_once(char::is_whitespace).map_or("", |(_, tail)| tail.trim_start())
            }
            "run" if loader == "dotenvx" => tail,
            file if loader == "env-cmd" && file.starts_with(['.', '/']) => tail,
            flag if flag.starts_with('-') => tail,
            _ => return Some(rest),
        };
    }
    None
}

/// Any command line of the project: a script's text, a line of a Procfile.
pub fn parse(package: &Package, text: &str, at: Evidence, depth: usize) -> Option<Script> {
    let mut parts: Vec<&str> = steps(text);
    let last = parts.pop()?;
    let before: Vec<String> = parts.into_iter().map(ToOwned::to_owned).collect();
    let mut env = Vec::new();
    let mut rest = last;
    loop {
        if let Some(inner) = TOOL_RUNNERS
            .iter()
            .find_map(|runner| rest.strip_prefix(runner))
            .or_else(|| program_of_yarn(package, rest))
            .or_else(|| program_of_bun(package, rest))
        {
            rest = inner.trim_start();
            continue;
        }
        let (word, tail) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let tail = tail.trim_start();
        if let Some((name, value)) = assignment(word)
            && !tail.is_empty()
        {
            env.push((name.to_owned(), value.to_owned()));
        } else if let Some(inner) = LOADERS.contains(&word).then(|| behind_loader(word, tail)).flatten() {
            rest = inner;
            continue;
        } else if !matches!(word, "cross-env" | "cross-env-shell" | "env" | "exec" | "npx" | "bunx" | "--") {
            break;
        }
        rest = tail;
    }
    let inside = before.iter().rev().find_map(|step| step.strip_prefix("cd ")).is_some_and(|folder| !folder.contains(".."));
    if let Some((name, tail)) = called(package, rest).filter(|_| !inside)
        && depth > 0
    {
        let (text, _) = package.script(name)?;
        let mut inner = parse(package, format!("{text} {tail}").trim_end(), at, depth - 1)?;
        inner.env.splice(0..0, env);
        inner.before.splice(0..0, before);
        return Some(inner);
    }
    let command = match Cmd::parse(rest).ok()? {
        Cmd::Exec(words) => {
            let mut words = without_env_file(words);
            if let Some(tool) = words[0].strip_prefix("./").filter(|tool| tool.starts_with(BIN)) {
                words[0] = tool.to_owned();
            }
            if !IMAGES_OWN.contains(&words[0].as_str()) && !words[0].contains('/') {
                words[0] = format!("{BIN}{}", words[0]);
            }
            Cmd::Exec(words)
        }
        shell @ Cmd::Shell(_) => shell,
    };
    Some(Script { command, env, before, at })
}

/// The variables come from outside of the container, where no such file is: a program that insists on it would not start.
fn without_env_file(words: Vec<String>) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        // Dependencies are laid out as folders, so nothing has to be loaded that finds them elsewhere.
        let loads = matches!(word.as_str(), "-r" | "--require" | "--loader" | "--experimental-loader" | "--import");
        let finds = |word: &str| word.contains(".pnp.") && (word.ends_with("js") || word.ends_with("mjs"));
        if word == "--env-file" || loads && words.clone().next().is_some_and(|next| finds(&next)) {
            words.next();
        } else if word.starts_with("--") && word.split_once('=').is_some_and(|(_, value)| finds(value)) {
        } else if !word.starts_with("--env-file=") {
            kept.push(word);
        }
    }
    kept
}

/// The steps of a command line, which `&&` divides; what stands in quotes is one word.
pub fn steps(text: &str) -> Vec<&str> {
    let (mut found, mut from, mut quote) = (Vec::new(), 0, None);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '&') if at >= from && text[at..].starts_with("&&") => {
                found.push(&text[from..at]);
                from = at + 2;
            }
            _ => {}
        }
    }
    found.push(&text[from..]);
    found.into_iter().map(str::trim).filter(|step| !step.is_empty()).collect()
}

/// What stands behind `bun --bun` where that runs the program of a dependency.
fn program_of_bun<'t>(package: &Package, text: &'t str) -> Option<&'t str> {
    let rest = text.strip_prefix("bun --bun ")?.trim_start();
    let name = rest.split_whitespace().next()?;
    (package.dependency(name).is_some() && package.script(name).is_none()).then_some(rest)
}

/// What stands behind `yarn` where that runs a program: `node`, or one of a dependency.
fn program_of_yarn<'t>(package: &Package, text: &'t str) -> Option<&'t str> {
    let rest = text.strip_prefix("yarn ")?.trim_start();
    let name = rest.split_whitespace().next()?;
    let brought = name == "node" || package.dependency(name).is_some();
    (brought && package.script(name).is_none()).then_some(rest)
}

/// The script that a call of a package manager runs, and the words that are added to it.
fn called<'t>(package: &Package, text: &'t str) -> Option<(&'t str, &'t str)> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (name, own) = match words[..] {
        // Bun runs a file by the same word.
        ["bun", "run", name, ..] if package.script(name).is_none() => return None,
        ["npm" | "pnpm" | "yarn" | "bun", "run" | "run-script", name, ..] | ["node", "--run", name, ..] => (name, 3),
        ["npm", name @ ("start" | "test"), ..] => (name, 2),
        ["pnpm" | "yarn" | "bun", name, ..] if package.script(name).is_some() => (name, 2),
        _ => return None,
    };
    // A script of another package may have the same name.
    if name.starts_with('-') || elsewhere(&words) {
        return None;
    }
    let mut tail = text;
    for word in &words[..own] {
        tail = tail.split_once(word).map_or("", |(_, tail)| tail);
    }
    let tail = tail.trim();
    Some((name, tail.strip_prefix("--").filter(|rest| rest.is_empty() || rest.starts_with(' ')).map_or(tail, str::trim)))
}

/// Whether a call of a package manager is told another package's folder.
fn elsewhere(words: &[&str]) -> bool {
    let own = words.iter().take_while(|word| **word != "--");
    own.into_iter().any(|word| matches!(word.split('=').next(), Some("--prefix" | "--cwd" | "--dir" | "-C")))
}

fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit());
    let value = value.strip_prefix(['"', '\'']).and_then(|inner| inner.strip_suffix(['"', '\''])).unwrap_or(value);
    (plain && !value.contains(['$', '`', '"', '\''])).then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::{named, started};
    use crate::fs::Tree;
    use crate::manifest::Package;
    use crate::model::Cmd;

    fn script(scripts: &str, name: &str) -> super::Script {
        let text = format!("{{\"scripts\": {{{scripts}}}}}");
        let tree = Tree::memory([("package.json", text.as_str())]);
        let package = Package::read(&tree.root()).expect("parses").expect("there");
        named(&package, name).expect("a script")
    }

    #[test]
    fn a_program_that_is_started_in_its_folder() {
        let file = |text: &str| started(&Cmd::Shell(text.to_owned()));
        assert_eq!(file("cd dist && exec node ./index.js").as_deref(), Some("dist/index.js"));
        assert_eq!(file("cd dist && node index.js && node other.js"), None);
    }

    #[test]
    fn what_the_image_has_is_no_program_of_a_dependency() {
        assert_eq!(script(r#""start": "sh scripts/start.sh""#, "start").command, Cmd::exec(["sh", "scripts/start.sh"]));
        assert_eq!(script(r#""start": "serve -s dist""#, "start").command, Cmd::exec(["node_modules/.bin/serve", "-s", "dist"]));
    }

    #[test]
    fn scripts_are_unwrapped_to_the_program() {
        let found = script(r#""start": "npm run prod", "prod": "tsc && cross-env NODE_ENV=production X='a' node -r dotenv/config dist/main.js""#, "start");
        assert_eq!(found.command, Cmd::exec(["node", "-r", "dotenv/config", "dist/main.js"]));
        assert_eq!(found.before, ["tsc"]);
        assert_eq!(found.env, [("NODE_ENV".to_owned(), "production".to_owned()), ("X".to_owned(), "a".to_owned())]);
        assert_eq!(found.file(), Some("dist/main.js"));
    }

    #[test]
    fn a_line_of_a_shell_starts_a_file_too() {
        let shell = |text: &str| started(&Cmd::Shell(text.to_owned()));
        assert_eq!(shell("exec node dist/bin/a.js --port ${PORT:=9000}").as_deref(), Some("dist/bin/a.js"));
        assert_eq!(shell("node migrate.js && node dist/a.js"), None);
        assert_eq!(started(&Cmd::exec(["node", "dist/a.js"])).as_deref(), Some("dist/a.js"));
    }

    #[test]
    fn programs_of_dependencies_keep_their_path() {
        assert_eq!(script(r#""dev": "nodemon src/index.js""#, "dev").command, Cmd::exec(["node_modules/.bin/nodemon", "src/index.js"]));
        assert_eq!(script(r#""dev": "nodemon src/index.js""#, "dev").program(), "nodemon");
        assert_eq!(script(r#""start": "node server.js --port $PORT""#, "start").command, Cmd::Shell("node server.js --port $PORT".to_owned()));
    }

    #[test]
    fn what_only_runs_another_program_is_taken_off() {
        let with_env = r#""with-env": "dotenv -e ../../.env --", "start": "pnpm with-env next start""#;
        assert_eq!(script(with_env, "start").command, Cmd::exec(["node_modules/.bin/next", "start"]));
        assert_eq!(script(r#""dev": "yarn run -T tsx watch src/a.ts""#, "dev").command, Cmd::exec(["node_modules/.bin/tsx", "watch", "src/a.ts"]));
        for loader in ["dotenvx run -f .env --", "env-cmd .env", "env-cmd -f ./config/.env --use-shell", "dotenv -e .env -v A=b", "dotenv"] {
            let text = format!(r#""start": "{loader} node a.js -- --port 3""#);
            assert_eq!(script(&text, "start").command, Cmd::exec(["node", "a.js", "--", "--port", "3"]), "{loader}");
        }
    }

    #[test]
    fn further_words_go_to_the_script_that_is_called() {
        let wrapped = r#""env": "tsx scripts/env.ts", "start": "npm run env -- tsx src/a.ts""#;
        assert_eq!(script(wrapped, "start").command, Cmd::exec(["node_modules/.bin/tsx", "scripts/env.ts", "tsx", "src/a.ts"]));
        let open = r#""with:env": "dotenv -e ../.env --", "start": "npm run with:env -- cross-env A=b node a.js""#;
        assert_eq!(script(open, "start").command, Cmd::exec(["node", "a.js"]));
        assert_eq!(script(r#""start": "yarn node a.js""#, "start").command, Cmd::exec(["node", "a.js"]));
        assert_eq!(script(r#""web": "yarn start --services=web", "start": "node a.js""#, "web").command, Cmd::exec(["node", "a.js", "--services=web"]));
        let quoted = r#""dev": "nodemon --exec 'npm run build && npm start'""#;
        assert_eq!(script(quoted, "dev").program(), "nodemon");
    }

    #[test]
    fn scripts_that_call_themselves_end() {
        assert!(std::panic::catch_unwind(|| script(r#""start": "npm start""#, "start")).is_ok());
    }
}
