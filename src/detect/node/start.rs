//! What the production container runs, and what the development container runs where no script says.

use super::project::Project;
use super::runtime::Runtime;
use super::script::{self, BIN, Script};
use super::typescript::{self, Output};
use super::{compiled, declares, ending, keepers, nps, nx, programs, several};
use crate::detect::asked;
use crate::manifest::{Document, procfile};
use crate::model::question::Question;
use crate::model::{Candidates, Cmd, Decision, Diagnostic, Source};

/// Scripts that start the program in production, the most telling name first.
pub const SCRIPTS: &[&str] = &["start:prod", "start:production", "start", "serve", "production", "prod", "server"];

/// Programs for development: they watch, or compile on the fly.
const FOR_DEVELOPMENT: &[&str] = &[
    "nodemon",
    "tsx",
    "ts-node",
    "ts-node-dev",
    "tsnd",
    "nest",
    "swc-node",
    "babel-node",
    "esno",
    "vite-node",
    "concurrently",
    "nx",
    "pm2",
    "pm2-runtime",
    "forever",
];

/// What no image of Node.js has: a script that calls it is for the developer's machine.
pub(super) const OF_OTHERS: &[&str] =
    &["python", "python3", "php", "ruby", "java", "go", "cargo", "dotnet", "make", "docker", "docker-compose", "deno", "nginx"];

/// Programs that make others, or serve pages while they are written: none of them is what production runs.
const MAKERS: &[&str] = &[
    "tsc",
    "vue-tsc",
    "webpack",
    "webpack-dev-server",
    "rollup",
    "parcel",
    "esbuild",
    "tsup",
    "rspack",
    "rsbuild",
    "gulp",
    "grunt",
    "babel",
    "swc",
    "vite",
    "lerna",
    "turbo",
    "live-server",
    "browser-sync",
    "wrangler",
    "expo",
    "electron",
    "electron-forge",
    "electron-vite",
    "tauri",
    "firebase",
    "vercel",
    "netlify",
    "serverless",
    "sls",
    "func",
    "cdk",
    "sam",
];

/// What was found.
#[derive(Debug, Default)]
pub struct Start {
    /// The command.
    pub command: Option<Decision<Cmd>>,
    /// Variables that its script sets.
    pub env: Vec<(String, String)>,
    /// What its script builds before.
    pub builds: Option<Decision<Cmd>>,
    /// Whether it is a program for the command line.
    pub tool: bool,
    /// What there is to say.
    pub notes: Vec<Diagnostic>,
}

/// The start script as the development command, where it is one.
pub fn for_development(project: &Project<'_>) -> Option<Decision<Cmd>> {
    let script = script::named(project.package.as_ref()?, "start")?;
    match &script.command {
        // A process manager is for production.
        Cmd::Exec(words)
            if FOR_DEVELOPMENT.contains(&script.program())
                && !script.program().starts_with("pm2")
                && (project.has_dependency(script.program()) || script.program() == "nest") =>
        {
            Some(Decision::new(Cmd::Exec(project.located(words.clone())), Source::File(script.at)))
        }
        _ => None,
    }
}

/// Whether a command starts again, or loads anew, what has changed.
pub fn watches(command: &Cmd) -> bool {
    let text = command.to_string();
    let watching = ["nodemon", "ts-node-dev", "tsnd", "node-dev", "concurrently", "run-p", "npm", "pnpm", "yarn", "nx", "turbo", "vite", "next", "nuxt"];
    ["watch", "--hot", "--hmr", "strapi develop"].iter().any(|sign| text.contains(sign)) || text.split([' ', '/']).any(|word| watching.contains(&word))
}

/// The file that a program for development runs.
pub fn compiled_on_the_fly(words: &[String]) -> Option<&str> {
    let program = words.first()?.strip_prefix(BIN)?;
    FOR_DEVELOPMENT
        .contains(&program)
        .then(|| script::file_of(&words[1..]).filter(|file| *file != "watch").or_else(|| script::file_of(words.get(2..)?)).filter(|file| file.contains('.')))?
}

/// The command of production.
pub fn find(project: &Project<'_>, output: Option<&Output>) -> Result<Start, Diagnostic> {
    let mut found = Start::default();
    let mut candidates = Candidates::new();
    // Scripts at the root are about any of several applications.
    let several =
        project.nx.as_ref().and_then(|app| Some((app.program(&project.dir)?, if app.nest { "what the Nest compiler writes" } else { "what Nx builds" })));
    let by_script = several.is_none();
    candidates.extend(several.map(|((file, at), rule)| (project.runtime.runs(&file), Source::inferred(rule, [at]))));
    if let Some(package) = project.package.as_ref().filter(|_| by_script) {
        let (web, others): (Vec<_>, Vec<_>) = procfile::read(&project.dir)?.into_iter().partition(|process| process.name == "web");
        for other in others.into_iter().filter(|_| !web.is_empty()) {
            let message = format!("the image starts the Procfile's `web`, not its `{}`", crate::model::evidence::tame(&other.name));
            let note = Diagnostic::note("procfile", message).at(other.at).help("run it as another command of the same image");
            found.notes.push(note);
        }
        for process in web {
            if let Some(script) = script::parse(package, &process.command, process.at, 4) {
                take(project, script, output, &mut candidates, &mut found);
            }
        }
        let own = project.framework_scripts();
        for name in own.iter().map(String::as_str).chain(SCRIPTS.iter().copied()) {
            if let Some(mut script) = script::named(package, name) {
                // Package managers run it first, but for the newer yarn.
                if let Some((first, _)) = package.script(&format!("pre{name}")).filter(|_| !project.manager.is_berry()) {
                    script.before.splice(0..0, script::steps(first).into_iter().map(ToOwned::to_owned));
                }
                take(project, script, output, &mut candidates, &mut found);
            }
        }
        let bun = project.runtime == Runtime::Bun;
        if let Some(made) = super::runtime::executable(package).filter(|_| bun && candidates.is_empty()) {
            candidates.push(Cmd::exec([format!("./{}", made.file)]), Source::inferred("what `bun build --compile` makes", [made.at]));
        }
        // Beside a program that people install to call it by its name, `main` is what others import.
        let called = programs::bin(package).is_some() && programs::is_published(package);
        let library = candidates.is_empty() && (called || programs::is_library(package) || super::elsewhere::of(project, true).is_some());
        for (main, at) in ["module", "main"].iter().filter(|_| !library).filter(|key| bun || **key == "main").filter_map(|key| package.doc.string(&[key])) {
            let main = main.trim_start_matches("./");
            let bundled = project.bundles() && !project.dir.has(main) && project.dir.has(&project.source_of(main));
            let compiled = bundled || output.is_some_and(|output| main.starts_with(&format!("{}/", output.folder)));
            if (project.dir.has(main) && !programs::is_declaration(main) || compiled) && !declares::only(project, &project.source_of(main))? {
                // Node.js may not be able to run it as it is.
                let typed = !bun && ending(main).ends_with("ts");
                let source = if typed { Source::inferred("the program that package.json names", [at]) } else { Source::File(at) };
                candidates.push(project.runtime.runs(main), source);
            }
        }
        if candidates.is_empty()
            && let Some((file, at)) = nx::only(project)?.and_then(|app| app.program(&project.dir))
        {
            candidates.push(project.runtime.runs(&file), Source::inferred("what Nx builds", [at]));
        }
        if candidates.is_empty()
            && let Some((file, at)) = programs::bin(package)
        {
            found.tool = true;
            candidates.push(project.runtime.runs(&file), Source::File(at));
        }
    }
    if candidates.is_empty()
        && let Some(package) = project.package.as_ref().filter(|_| by_script)
        && let Some((command, script)) = programs::typed(project, package)
    {
        found.env = script.env.iter().filter(|(name, _)| name != "NODE_ENV").cloned().collect();
        found.notes.extend(alone(&script));
        candidates.push(command, Source::inferred("what it runs", [script.at]));
    }
    // What a framework builds may be at home elsewhere in part.
    let pages = project.framework.is_some();
    // Most members that no script starts are there for the others.
    let is_member = project.root.is_some() && project.framework.is_none();
    if candidates.is_empty()
        && !is_member
        && super::elsewhere::of(project, pages).is_none()
        && !is_for_pages(project)
        && !project.package.as_ref().is_some_and(programs::is_library)
        && let Some((command, at)) = programs::entry(project, output)?
    {
        candidates.push(command, Source::inferred(programs::BY_NAME, [at]));
    }
    found.command = asked::command(&project.hints, Question::StartCmd, candidates)?;
    Ok(found)
}

/// Whether a bundler of pages serves it for development: its entry is for browsers.
fn is_for_pages(project: &Project<'_>) -> bool {
    let script = project.package.as_ref().and_then(|package| script::named(package, "dev"));
    script.is_some_and(|script| matches!(script.program(), "vite" | "webpack" | "rsbuild" | "parcel" | "storybook"))
}

/// Makes a candidate of a script, where it can run in production.
pub(super) fn take(project: &Project<'_>, script: Script, output: Option<&Output>, candidates: &mut Candidates<Cmd>, found: &mut Start) {
    if let Some(parts) = project.package.as_ref().and_then(|package| several::programs(package, &script)) {
        several::one_of(project, &script, parts, output, candidates, found);
    } else {
        take_one(project, &script, output, candidates, found);
    }
}

/// A word about the step that a script makes before it starts its program, and the container doesn't.
pub fn alone(script: &Script) -> Option<Diagnostic> {
    // The image is built where the program lies, with its client of Prisma.
    let known = |part: &str| compiled::builds(part) || part.starts_with("cd ") || part.starts_with("echo ") || part.contains("prisma generate");
    let part = script.before.iter().find(|part| !known(part))?;
    let message = format!("the container starts the program alone, without `{}` before it", crate::model::evidence::tame(part));
    let help = "run it as a step of its own before the new version starts, or pass --start-cmd";
    Some(Diagnostic::warning("left-out", message).at(script.at.clone()).help(help))
}

/// The same of a script that starts one program.
pub(super) fn take_one(project: &Project<'_>, script: &Script, output: Option<&Output>, candidates: &mut Candidates<Cmd>, found: &mut Start) {
    let first = candidates.is_empty();
    let source = Source::File(script.at.clone());
    let Some((command, source)) = for_production(project, script, output, source) else { return };
    if first {
        found.env = script.env.iter().filter(|(name, _)| name != "NODE_ENV").cloned().collect();
        found.builds = compiled::built_before(project, script);
        found.notes.extend(alone(script));
    }
    if let Source::Inferred { rule, .. } = &source
        && rule == compiled::NOT_THERE
        && first
    {
        let message = format!("`{}` starts a file that no build makes: the compiler writes `{command}`", script.at.key);
        found.notes.push(Diagnostic::warning("start-missing", message).at(script.at.clone()).help("give both the same folder"));
    }
    candidates.push(command, source);
}

/// The command of a script as production runs it. `None`: it is for development, and has no other form.
pub(super) fn for_production(project: &Project<'_>, script: &Script, output: Option<&Output>, source: Source) -> Option<(Cmd, Source)> {
    let Cmd::Exec(words) = &script.command else {
        // `pm2 start --interpreter ~/bin/x a.js`: only its arguments ask for a shell.
        if let Some(words) = script::single(&script.command).filter(|words| keepers::is_one(&words[0])) {
            return keepers::kept(project, script, &words[1..]);
        }
        // A part that watches, or runs beside the others, is for development.
        let text = script.command.to_string();
        let develops = text.split_whitespace().any(|word| matches!(word, "&" | "-w" | "--watch" | "-cw" | "-wc"));
        return (!develops).then(|| (script.command.clone(), source));
    };
    let program = script.program();
    let watches = |word: &String| matches!(word.as_str(), "watch" | "--watch");
    // A mock of an API serves as well without looking at its file.
    if program == "json-server" {
        let words = words.iter().filter(|word| !matches!(word.as_str(), "--watch" | "-w")).cloned().collect();
        return project.has_dependency(program).then(|| (Cmd::Exec(project.located(words)), source));
    }
    if MAKERS.contains(&program)
        || OF_OTHERS.contains(&program) && !project.has_dependency(program)
        || !FOR_DEVELOPMENT.contains(&program) && !matches!(program, "node" | "bun") && words.iter().any(watches)
    {
        return None;
    }
    // A script of the repository that is told to watch is for development.
    if program == "node" && words.iter().skip(2).any(|word| word == "watch") {
        return None;
    }
    if matches!(program, "node" | "bun") {
        let develops = |word: &&String| ["--watch", "--hot", "--inspect", "--no-clear-screen"].iter().any(|flag| word.starts_with(flag));
        let mut words: Vec<String> = words.iter().filter(|word| !develops(word)).cloned().collect();
        if program == "node"
            && let Some(file) = script.file().map(ToOwned::to_owned)
            && let Some(full) = with_ending(project, &file)
        {
            words.iter_mut().filter(|word| **word == file).for_each(|word| word.clone_from(&full));
        }
        if let Some((file, compiled)) = compiled::elsewhere(project, &words, output) {
            words.iter_mut().filter(|word| **word == file).for_each(|word| word.clone_from(&compiled));
            return Some((Cmd::Exec(words), Source::inferred(compiled::NOT_THERE, compiled::script_and(output, script))));
        }
        // What is started inside of the build's folder starts from outside by its path.
        if let Some((file, compiled)) = compiled::inside(project, &words, output) {
            words.iter_mut().filter(|word| **word == file).for_each(|word| word.clone_from(&compiled));
            return Some((Cmd::Exec(words), Source::inferred("the compiled form of what it runs", [script.at.clone()])));
        }
        if let Some(folder) = compiled::entered(project, script) {
            return Some((Cmd::Shell(format!("cd {} && exec {}", Cmd::word(&folder), Cmd::Exec(words))), source));
        }
        return Some((Cmd::Exec(words), source));
    }
    if program == "nps"
        && let Some(inner) = nps::script(project, &words[1..])
    {
        let from = [script.at.clone(), inner.at.clone()];
        return for_production(project, &inner, output, Source::inferred("what it runs", from));
    }
    if program == "nest" {
        let output = output?;
        let rule = "what the Nest compiler writes";
        return Some((project.runtime.runs(&nest_entry(project, output).ok()?), Source::inferred(rule, [script.at.clone(), output.at.clone()])));
    }
    if keepers::is_one(program) {
        return keepers::kept(project, script, &words[1..]);
    }
    if program == "nx" {
        let (file, at) = nx::only(project).ok()??.program(&project.dir)?;
        return Some((project.runtime.runs(&file), Source::inferred("what Nx builds", [script.at.clone(), at])));
    }
    if let Some(inner) = executed(project, script) {
        return for_production(project, &inner, output, Source::inferred("what it runs, without watching", [script.at.clone()]));
    }
    if FOR_DEVELOPMENT.contains(&program) {
        let words = &programs::with_main(project, words);
        let file = script::file_of(&words[1..]).filter(|file| *file != "watch").or_else(|| script::file_of(words.get(2..)?))?;
        let from = [script.at.clone()];
        // A program that is given another one to run: both stay as they are.
        let behind = words.iter().skip_while(|word| word.as_str() != file).nth(1).is_some_and(|word| FOR_DEVELOPMENT.contains(&word.as_str()));
        if behind && project.ships(program) {
            return Some((Cmd::Exec(project.located(words.clone())), source));
        }
        // What a bundler writes has the name that another script starts.
        if project.bundles() && starts_what_is_built(project) {
            return None;
        }
        if let Some(compiled) = output.filter(|_| project.has_script("build")).and_then(|output| typescript::compiled(file.trim_start_matches("./"), output)) {
            return Some((project.runtime.runs(&compiled), Source::inferred("the compiled form of what it runs", from)));
        }
        if program == "nodemon" {
            return Some((project.runtime.runs(file), Source::inferred("what it runs, without watching", from)));
        }
        // Types are stripped by the program itself: it must be there in production.
        let asked = project.has_dependency(script::program_package(program));
        let alone = asked && program == "babel-node" && !project.has_script("build");
        // What a member imports of the others is source too, as a rule.
        let shared = asked && project.root.is_some() && !words.iter().any(watches);
        return (alone || shared || project.ships(script::program_package(program))).then(|| (Cmd::Exec(project.located(words.clone())), source));
    }
    Some((Cmd::Exec(project.located(words.clone())), source))
}

/// Whether a script starts a file that is not there yet.
fn starts_what_is_built(project: &Project<'_>) -> bool {
    let Some(package) = &project.package else { return false };
    let made = |script: &Script| script.program() == "node" && script.file().is_some_and(|file| !project.dir.has(file.trim_start_matches("./")));
    SCRIPTS.iter().filter_map(|name| script::named(package, name)).any(|script| made(&script))
}

/// What `nodemon --exec` runs.
fn executed(project: &Project<'_>, script: &Script) -> Option<Script> {
    const WITH_VALUE: &[&str] = &["--watch", "-w", "--ext", "-e", "--ignore", "-i", "--delay", "-d", "--signal", "-s", "--config"];
    let Cmd::Exec(words) = &script.command else { return None };
    let at = words.iter().position(|word| matches!(word.as_str(), "--exec" | "-x")).filter(|_| script.program() == "nodemon")?;
    let mut text = words.get(at + 1)?.clone();
    let mut rest = words[1..at].iter().chain(&words[at + 2..]);
    while let Some(word) = rest.next() {
        if WITH_VALUE.contains(&word.as_str()) {
            rest.next();
        } else if !word.starts_with('-') {
            text.push(' ');
            text.push_str(&Cmd::word(word));
        }
    }
    script::parse(project.package.as_ref()?, &text, script.at.clone(), 2)
}

/// A file as Node.js finds it when its ending is left out.
fn with_ending(project: &Project<'_>, file: &str) -> Option<String> {
    if file.rsplit('/').next()?.contains('.') || project.dir.has(file) {
        return None;
    }
    // A folder that a build makes is found by its index.
    let made = || ["dist", "build", "lib", "out", "output"].contains(&file.trim_start_matches("./"));
    let with = format!("{file}.js");
    if project.dir.has_dir(file) || file.ends_with('/') || !project.dir.has(with.trim_start_matches("./")) && made() {
        return None;
    }
    Some(with)
}

/// `entryFile` and `sourceRoot` of `nest-cli.json`.
fn nest_entry(project: &Project<'_>, output: &Output) -> Result<String, Diagnostic> {
    let settings = Document::read(&project.dir, "nest-cli.json")?;
    let text = |key: &str, default: &str| settings.as_ref().and_then(|doc| doc.str(&[key])).unwrap_or(default).to_owned();
    let source = format!("{}/{}.ts", text("sourceRoot", "src"), text("entryFile", "main"));
    Ok(typescript::compiled(&source, output).unwrap_or_else(|| format!("{}/main.js", output.folder)))
}

/// The development command where no script gives one: Node.js starts again when a file changes.
pub fn watched(project: &Project<'_>, file: Option<&str>) -> Option<Decision<Cmd>> {
    let file = file?;
    // `node .` runs what the manifest names.
    let main = project.package.as_ref().and_then(|package| package.doc.str(&["main"])).unwrap_or("index.js");
    let source = project.source_of(if matches!(file, "." | "./") { main } else { file });
    let because = Source::default(format!("{} starts again when a file changes", project.pack.title));
    if ending(&source) == "ts" && project.has_dependency("tsx") && project.runtime == Runtime::Node {
        return Some(Decision::new(Cmd::Exec(project.located(vec![format!("{BIN}tsx"), "watch".to_owned(), source])), because));
    }
    project.dir.has(&source).then(|| Decision::new(project.runtime.watches(&source), because))
}
