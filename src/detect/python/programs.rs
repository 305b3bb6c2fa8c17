//! Programs that start themselves: a command of the project, a package with `__main__`, a file with a guard, a framework's own command.

use super::apps::{self, Sources};
use super::elsewhere;
use super::listens;
use super::modules;
use super::requirement::normalise;
use super::run::Facts;
use crate::catalog::FrameworkRow;
use crate::detect::handwritten;
use crate::detect::listening::Setting;
use crate::fs::{Dir, Text};
use crate::model::question::Question;
use crate::model::{Candidates, Cmd, Diagnostic, Evidence, Open, ServiceDraft, Source};

/// Files that are programs, the likeliest first.
pub const PROGRAMS: &[&str] = &["main.py", "app.py", "server.py", "run.py", "bot.py", "worker.py", "index.py", "hello.py"];

/// The words of a framework's own program, which is told its file: Streamlit's page, Pyramid's settings.
pub fn told(facts: &Facts<'_>, row: &FrameworkRow, port: u16, starts: &mut Candidates<Cmd>, devs: &mut Candidates<Cmd>) -> Result<(), Diagnostic> {
    let words = |key: &str| row.data.get(key).and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_str);
    let Some(file) = file_of(facts.sources, row)? else { return Ok(()) };
    let mut command: Vec<String> = words("run").map(|word| word.replace("{file}", &file).replace("{port}", &port.to_string())).collect();
    if command.is_empty() {
        return Ok(());
    }
    let rule = if row.data.contains_key("files") { format!("the file holds {}'s settings", row.title) } else { format!("the file is a {} page", row.title) };
    let source = Source::inferred(rule, [Evidence::file(facts.sources.dir.at(&file))]);
    starts.push(Cmd::exec(command.clone()), source.clone());
    let more: Vec<String> = words("dev").map(str::to_owned).collect();
    if !more.is_empty() {
        command.extend(more);
        devs.push(Cmd::exec(command), source);
    }
    Ok(())
}

/// The file that such a program is told.
pub fn file_of(sources: &Sources<'_>, row: &FrameworkRow) -> Result<Option<String>, Diagnostic> {
    let names = |key: &str| row.data.get(key).and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_str);
    if let Some(file) = names("files").find(|file| sources.dir.has(file)) {
        return Ok(Some(file.to_owned()));
    }
    let Some(module) = row.data.get("imports").and_then(toml::Value::as_str) else { return Ok(None) };
    let imports = apps::regex(&format!(r"(?m)^\s*(?:import|from)\s+{module}\b"))?;
    let known = names("names").find(|file| sources.dir.peek(file).is_some_and(|text| imports.is_match(text.as_str())));
    if let Some(file) = known {
        return Ok(Some(file.to_owned()));
    }
    let mut files = sources.texts.iter().filter(|text| !sources.tail(text).contains('/') && imports.is_match(text.as_str()));
    let first = files.next();
    if let Some(first) = first {
        return Ok(files.next().is_none().then(|| sources.tail(first).to_owned()));
    }
    let below = pages_below(sources, row)?;
    if let [only] = &below[..] {
        return Ok(Some(only.clone()));
    }
    let by_hand = handwritten::command(&sources.dir).map(|line| line.text).unwrap_or_default();
    let of_image = below.iter().find(|file| by_hand.split_whitespace().any(|word| word == file.as_str()));
    Ok(of_image.or_else(|| below.iter().find(|file| shown(&sources.dir, row, file).is_some())).cloned())
}

/// The pages of such a program in the folders, where none lies at the top: those that are no part of another one.
fn pages_below(sources: &Sources<'_>, row: &FrameworkRow) -> Result<Vec<String>, Diagnostic> {
    let Some(page) = row.data.get("page").and_then(toml::Value::as_str) else { return Ok(Vec::new()) };
    let page = apps::regex(page)?;
    let own = sources.of_production().filter(|text| page.is_match(text.as_str())).map(|text| sources.tail(text));
    Ok(own.filter(|tail| tail.contains('/') && !tail.contains("pages/") && !tail.ends_with("/__init__.py")).map(str::to_owned).collect())
}

/// The line of the README that starts a page by the framework's program.
fn shown(dir: &Dir<'_>, row: &FrameworkRow, file: &str) -> Option<Evidence> {
    let words = row.data.get("run").and_then(toml::Value::as_array)?;
    let start = words.iter().filter_map(toml::Value::as_str).take_while(|word| *word != "{file}").collect::<Vec<_>>().join(" ");
    let text = dir.peek(dir.first_of(["README.md", "README.rst", "README"])?)?;
    let says = |line: &str| line.split_once(&format!("{start} ")).is_some_and(|(_, rest)| rest.trim_start_matches("./").starts_with(file));
    text.lines().find(|(_, line)| says(line)).map(|(number, line)| Evidence::line(text.path().clone(), number, line.trim()))
}

/// The pages between which nothing decides are asked for.
pub fn ask_for_page(facts: &Facts<'_>, draft: &mut ServiceDraft) -> Result<(), Diagnostic> {
    let rows = facts.pack.frameworks(|name| facts.project.needs(&[name]).is_some());
    for row in rows {
        let below = pages_below(facts.sources, row)?;
        if below.len() < 2 {
            continue;
        }
        let words = row.data.get("run").and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_str);
        let command = words.collect::<Vec<_>>().join(" ").replace("{port}", &row.port.unwrap_or(8000).to_string());
        let at = |file: &String| Source::inferred(format!("the file is a {} page", row.title), [Evidence::file(facts.sources.dir.at(file))]);
        let candidates = below.iter().map(|file| (command.replace("{file}", file), at(file))).collect();
        draft.open.push(Open { question: Question::StartCmd, message: format!("more than one file is a {} page", row.title), candidates });
        return Ok(());
    }
    Ok(())
}

/// Scrapy's spiders, each a command of its own.
pub fn spiders(facts: &Facts<'_>, row: &FrameworkRow, starts: &mut Candidates<Cmd>, draft: &mut ServiceDraft) -> Result<(), Diagnostic> {
    let Some(class) = row.data.get("spiders").and_then(toml::Value::as_str) else { return Ok(()) };
    let (class, name) = (apps::regex(class)?, apps::regex(r#"(?m)^\s+name\s*(?::\s*str\s*)?=\s*["']([\w.-]+)["']"#)?);
    let spiders = facts.sources.texts.iter().filter(|text| class.is_match(text.as_str()));
    let named: Vec<(String, Evidence)> = spiders
        .filter_map(|text| {
            let name = name.captures(text.as_str())?.get(1)?;
            Some((name.as_str().to_owned(), text.at(name.start(), name.as_str())))
        })
        .collect();
    match &named[..] {
        [(name, at)] => {
            starts.push(Cmd::exec(["scrapy", "crawl", name]), Source::inferred("the project's spider", [at.clone()]));
        }
        [_, _, ..] if starts.is_empty() && facts.hints.get(Question::StartCmd).is_none() => {
            let candidates = named.iter().map(|(name, at)| (format!("scrapy crawl {name}"), Source::File(at.clone()))).collect();
            draft.open.push(Open { question: Question::StartCmd, message: "the project has more than one spider".to_owned(), candidates });
        }
        _ => {}
    }
    Ok(())
}

/// A server that the program starts itself and that nothing outside of the container reaches.
pub fn loopback(facts: &Facts<'_>, row: Option<&FrameworkRow>, draft: &ServiceDraft) -> Result<Option<Diagnostic>, Diagnostic> {
    let words = draft.start.as_ref().map(|start| start.value.words()).unwrap_or_default();
    let [python, file, ..] = &words[..] else { return Ok(None) };
    let module = words.get(2).filter(|_| file == "-m").map(|module| module.replace('.', "/"));
    let of_module = module.and_then(|path| [format!("{path}.py"), format!("{path}/__main__.py")].into_iter().find(|file| facts.sources.dir.has(file)));
    let file = of_module.as_ref().unwrap_or(file);
    let Some(text) = facts.sources.dir.peek(file).filter(|_| python == "python" && draft.port.is_some()) else { return Ok(None) };
    // An address of its own, or one that the environment gives.
    let open = apps::regex(r#"0\.0\.0\.0|["']::["']|\b[A-Z_]*HOST\b|\bhost\s*=\s*(?:["']["']|[A-Za-z_])"#)?;
    if open.is_match(text.as_str()) {
        // The address of the program's settings, where it is what a variable holds.
        let closed = || listens::own(facts.sources).into_iter().find(Setting::is_loopback);
        let plain = text.as_str().contains("0.0.0.0");
        return Ok(Some(()).filter(|()| !plain).and_then(|()| closed()).map(|setting| inside(draft, setting.at)));
    }
    let call = row.and_then(|row| row.data.get("call")).and_then(toml::Value::as_str).unwrap_or(r"\buvicorn\.run\(|\b(?:app|socketio)\.run\(");
    let closed = row.is_none_or(|row| row.data.contains_key("loopback") || !row.data.contains_key("call"));
    let said =
        apps::regex(r#"(?:host|address|bind|socket_host)["']?\s*[=:,]\s*["'](127\.0\.0\.1|localhost)["']|Server\(\s*\(\s*["'](127\.0\.0\.1|localhost)["']"#)?;
    let at = said.find(text.as_str()).or_else(|| apps::regex(call).ok().filter(|_| closed)?.find(text.as_str()));
    Ok(at.map(|hit| {
        let line = text.as_str()[..hit.start()].rfind('\n').map_or(0, |end| end + 1);
        inside(draft, text.at(hit.start(), text.as_str()[line..].trim_start().lines().next().unwrap_or_default().trim()))
    }))
}

fn inside(draft: &ServiceDraft, at: Evidence) -> Diagnostic {
    Diagnostic::warning("loopback", format!("service `{}`: the program listens inside of its container only", draft.name))
        .at(at)
        .help("let it listen on 0.0.0.0")
}

/// A command of the project, or a file that is a program.
pub fn program(facts: &Facts<'_>, starts: &mut Candidates<Cmd>, draft: &mut ServiceDraft) -> Result<(), Diagnostic> {
    let dir = &facts.sources.dir;
    let project = facts.project;
    match &project.inline[..] {
        [script] => {
            starts.push(Cmd::exec(["python", &script.file]), Source::inferred("the script names its dependencies itself", [script.at.clone()]));
        }
        [_, _, ..] if starts.is_empty() && facts.hints.get(Question::StartCmd).is_none() => {
            let candidates = project.inline.iter().map(|script| (format!("python {}", script.file), Source::File(script.at.clone()))).collect();
            draft.open.push(Open { question: Question::StartCmd, message: "more than one script names its dependencies itself".to_owned(), candidates });
            return Ok(());
        }
        _ => {}
    }
    if starts.is_empty()
        && draft.framework.is_none()
        && facts.hints.get(Question::StartCmd).is_none()
        && let Some(problem) = elsewhere::of(facts.sources, project, facts.pack)
    {
        draft.notes.push(problem);
        return Ok(());
    }
    if facts.sources.packaged {
        // A program beside the package that the README starts is what the package is for; its command is a tool.
        if let Some((file, _)) = files(facts.sources).filter(|(file, _)| PROGRAMS.contains(&file.as_str()))
            && let Some(at) = read_me(dir, &file)
        {
            starts.push(Cmd::exec(["python", &file]), Source::File(at));
        }
        let own = project.scripts.iter().find(|script| project.name.as_ref().is_some_and(|(name, _)| normalise(name) == normalise(&script.name)));
        // `redbot` beside `redbot-setup`: the others are tools of the one.
        let main = || project.scripts.iter().find(|one| project.scripts.iter().all(|other| other.name == one.name || is_tool_of(&other.name, &one.name)));
        match (own.or_else(main), &project.scripts[..]) {
            (Some(script), _) | (None, [script]) => {
                starts.push(Cmd::exec([script.name.clone()]), Source::File(script.at.clone()));
            }
            (None, [_, _, ..]) if starts.is_empty() && facts.hints.get(Question::StartCmd).is_none() => {
                let candidates = project.scripts.iter().map(|script| (script.name.clone(), Source::File(script.at.clone()))).collect();
                draft.open.push(Open { question: Question::StartCmd, message: "the project has more than one command".to_owned(), candidates });
            }
            _ => {}
        }
    }
    let mains: Vec<&str> = facts.sources.texts.iter().map(|text| facts.sources.tail(text)).filter(|tail| tail.ends_with("/__main__.py")).collect();
    if let [main] = mains[..] {
        let folder = main.trim_end_matches("/__main__.py");
        let module = folder.strip_prefix("src/").filter(|_| facts.sources.packaged).unwrap_or(folder);
        if !module.contains('/') {
            let source = Source::inferred("the package is a program", [Evidence::file(dir.at(main))]);
            starts.push(Cmd::exec(["python", "-m", module]), source);
        }
    }
    if let Some((file, why)) = files(facts.sources) {
        starts.push(Cmd::exec(modules::words(facts.sources, &file)?), Source::inferred(why, [Evidence::file(dir.at(&file))]));
    }
    if starts.is_empty()
        && facts.hints.get(Question::StartCmd).is_none()
        && let several @ [_, _, ..] = &several(facts.sources)[..]
    {
        let mut candidates = Vec::new();
        for file in several {
            candidates.push((modules::words(facts.sources, file)?.join(" "), Source::inferred("the file is a program", [Evidence::file(dir.at(file))])));
        }
        draft.open.push(Open { question: Question::StartCmd, message: "more than one file is a program".to_owned(), candidates });
    }
    if starts.is_empty() && draft.open.is_empty() && facts.hints.get(Question::StartCmd).is_none() {
        ask_for_page(facts, draft)?;
    }
    if starts.is_empty() && draft.open.is_empty() && facts.hints.get(Question::StartCmd).is_none() {
        let (message, candidates) = nothing(facts);
        draft.open.push(Open { question: Question::StartCmd, message, candidates });
    }
    Ok(())
}

/// The files between which nothing decides: those at the top, else those below.
fn several(sources: &Sources<'_>) -> Vec<String> {
    match &at_top(sources)[..] {
        top @ [_, _, ..] if !sources.packaged => top.iter().map(|file| (*file).to_owned()).collect(),
        _ => below(sources),
    }
}

/// Whether a command is named after another one: `redbot-setup`.
fn is_tool_of(name: &str, main: &str) -> bool {
    name.strip_prefix(main).is_some_and(|rest| rest.starts_with(['-', '_']))
}

/// What a project without a program is: what `[[data.hosted]]` knows, notebooks, or a library.
fn nothing(facts: &Facts<'_>) -> (String, Vec<(String, Source)>) {
    let rows = facts.pack.data.get("hosted").and_then(toml::Value::as_array).into_iter().flatten();
    for row in rows {
        let text = |key: &str| row.get(key).and_then(toml::Value::as_str);
        let Some(needed) = text("dependency").and_then(|name| facts.project.needs(&[name])) else { continue };
        let start = text("start").map(|start| (start.to_owned(), Source::File(needed.at.clone())));
        return (text("message").unwrap_or_default().to_owned(), start.into_iter().collect());
    }
    let is_notebook = |path: &&crate::model::RelPath| path.name().strip_suffix(".ipynb").is_some();
    match facts.sources.dir.files_below().find(is_notebook) {
        Some(path) => (format!("no program was found, only notebooks (`{path}`), which people run by hand"), Vec::new()),
        None => ("no program was found: it looks like a library".to_owned(), Vec::new()),
    }
}

/// The line of the README that starts a file.
fn read_me(dir: &Dir<'_>, file: &str) -> Option<Evidence> {
    let text = dir.peek(dir.first_of(["README.md", "README.rst", "README"])?)?;
    let says = |line: &str| {
        let rest = line.trim().trim_start_matches("$ ").strip_prefix("python").map(|rest| rest.trim_start_matches('3').trim_start().trim_start_matches("./"));
        rest.is_some_and(|rest| rest.strip_prefix(file).is_some_and(|tail| tail.is_empty() || tail.starts_with(' ')))
    };
    text.lines().find(|(_, line)| says(line)).map(|(number, line)| Evidence::line(text.path().clone(), number, line.trim()))
}

/// Whether a module is a program too.
pub fn is_guarded(text: &Text) -> bool {
    text.as_str().lines().any(|line| line.starts_with("if") && line.contains("__name__") && line.contains("__main__"))
}

/// The file that is a program: by its name, or as the only one that says so.
pub fn files(sources: &Sources<'_>) -> Option<(String, &'static str)> {
    let dir = &sources.dir;
    let why = "the file is a program";
    // A package's files are no programs unless they say so.
    let guarded = at_top(sources);
    let named = PROGRAMS.iter().find(|file| dir.has(file)).filter(|file| !sources.packaged || dir.peek(file).is_some_and(|text| is_guarded(&text)));
    // A module that another program imports is a part of that one.
    let is_part = |file: &str| !guarded.contains(&file) && guarded.iter().any(|program| modules::imports(dir, program, file.trim_end_matches(".py")));
    if let Some(file) = named.filter(|file| !is_part(file)) {
        return Some(((*file).to_owned(), why));
    }
    // Of several programs the one that is called a server: a client for trials often lies beside it.
    let serving: Vec<&str> = guarded.iter().filter(|tail| tail.trim_end_matches(".py").ends_with("server")).copied().collect();
    if let [only] = guarded[..] {
        return Some((only.to_owned(), why));
    }
    if let [server] = serving[..] {
        return Some((server.to_owned(), why));
    }
    // What the README starts is one of several; what lies below is a part of theirs.
    if guarded.len() > 1 {
        let shown: Vec<&&str> = guarded.iter().filter(|file| read_me(dir, file).is_some()).collect();
        return if let [only] = shown[..] { Some(((*only).to_owned(), "the README starts it")) } else { None };
    }
    // The only module of a project is its program.
    let top: Vec<&str> =
        sources.of_production().map(|text| sources.tail(text)).filter(|tail| !matches!(*tail, "setup.py" | "conftest.py" | "manage.py")).collect();
    if let [only] = top[..]
        && !sources.packaged
        && !only.contains('/')
        && !only.starts_with("test_")
    {
        return Some((only.to_owned(), "it is the project's only module"));
    }
    let below = below(sources);
    let named = |file: &&String| {
        let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
        name.strip_suffix(".py") == folder.rsplit('/').next() || PROGRAMS.contains(&name)
    };
    let likely: Vec<&String> = below.iter().filter(named).collect();
    match (&likely[..], &below[..]) {
        ([file], _) => Some(((*file).clone(), why)),
        (_, [file]) => Some((file.clone(), why)),
        _ => None,
    }
}

/// Files of the project's own folder that are programs.
fn at_top<'s>(sources: &'s Sources<'_>) -> Vec<&'s str> {
    let guarded = sources.texts.iter().filter(|text| is_guarded(text)).map(|text| sources.tail(text));
    guarded.filter(|tail| !tail.contains('/') && *tail != "setup.py" && *tail != "manage.py").collect()
}

/// Files below the root that are programs, in folders that aren't packages of an installed project.
fn below(sources: &Sources<'_>) -> Vec<String> {
    if sources.packaged {
        return Vec::new();
    }
    let tails = sources.texts.iter().filter(|text| is_guarded(text)).map(|text| sources.tail(text));
    tails.filter(|tail| tail.matches('/').count() == 1).map(str::to_owned).collect()
}

/// The file that starts a framework's own server, by what it calls.
pub fn serving(sources: &Sources<'_>, call: &str) -> Result<Option<(String, Evidence)>, Diagnostic> {
    let call = apps::regex(call)?;
    let mut files: Vec<&str> = sources.texts.iter().filter(|text| call.is_match(text.as_str())).map(|text| sources.tail(text)).collect();
    files.sort_by_key(|file| (file.matches('/').count(), PROGRAMS.iter().position(|name| file.ends_with(name)).unwrap_or(PROGRAMS.len())));
    Ok(files.first().map(|file| ((*file).to_owned(), Evidence::file(sources.dir.at(file)))))
}

#[cfg(test)]
mod tests {
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::{Answers, Cmd};

    const PROGRAM: &str = "if __name__ == '__main__':\n    main()\n";

    /// The start of a project of such files, else the candidates.
    fn start(files: &[(&str, &str)]) -> Vec<String> {
        let manifest = [("requirements.txt", "requests==2.32.3\n")];
        let draft = detect(&Tree::memory(manifest.iter().chain(files).copied()), &Answers::default()).services.remove(0);
        match draft.start.map(|start| start.value) {
            Some(Cmd::Exec(words)) => vec![words.join(" ")],
            _ => draft.open.into_iter().flat_map(|open| open.candidates).map(|(candidate, _)| candidate).collect(),
        }
    }

    #[test]
    fn of_several_programs_the_readme_names_one() {
        let two = [("Board.py", PROGRAM), ("Legacy.py", PROGRAM), ("lib/tool.py", PROGRAM), ("lib/other.py", PROGRAM)];
        assert_eq!(start(&two), ["python Board.py", "python Legacy.py"]);
        let shown = [two.as_slice(), &[("README.md", "Run it:\n\n    $ python3 Board.py --port 80\n")]].concat();
        assert_eq!(start(&shown), ["python Board.py"]);
        assert_eq!(start(&[("lib/tool.py", PROGRAM), ("lib/other.py", PROGRAM)]), ["python lib/other.py", "python lib/tool.py"]);
        let launcher = ("launcher.py", format!("from bot import Bot\n{PROGRAM}"));
        assert_eq!(start(&[("bot.py", "class Bot:\n    pass\n"), (launcher.0, &launcher.1)]), ["python launcher.py"]);
    }
}
