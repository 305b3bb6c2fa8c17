//! Programs that start themselves: a command of the project, a package with `__main__`, a file with a guard, a page of Streamlit.

use super::apps::{self, Sources};
use super::run::Facts;
use super::servers::Servers;
use crate::fs::Text;
use crate::model::question::Question;
use crate::model::{Candidates, Cmd, Diagnostic, Evidence, Open, ServiceDraft, Source};

/// Files that are programs, the likeliest first.
const PROGRAMS: &[&str] = &["main.py", "app.py", "server.py", "run.py", "bot.py", "worker.py", "index.py", "hello.py"];

/// A page of Streamlit.
pub fn streamlit(facts: &Facts<'_>, servers: &Servers<'_>, starts: &mut Candidates<Cmd>, devs: &mut Candidates<Cmd>) -> Result<(), Diagnostic> {
    let dir = &facts.sources.dir;
    let likely = ["streamlit_app.py", "app.py", "main.py", "Home.py", "src/streamlit_app.py", "src/app.py", "src/main.py"];
    let imports = apps::regex(r"(?m)^\s*(?:import|from)\s+streamlit\b")?;
    let known = likely.iter().find(|file| dir.peek(file).is_some_and(|text| imports.is_match(text.as_str()))).map(|file| (*file).to_owned());
    let file = known.or_else(|| {
        let mut files = facts.sources.texts.iter().filter(|text| !facts.sources.tail(text).contains('/') && imports.is_match(text.as_str()));
        let first = files.next()?;
        files.next().is_none().then(|| facts.sources.tail(first).to_owned())
    });
    let Some(file) = file else { return Ok(()) };
    let port = servers.port.to_string();
    let mut words: Vec<String> =
        ["streamlit", "run", &file, "--server.address", "0.0.0.0", "--server.port", &port, "--server.headless", "true"].map(str::to_owned).to_vec();
    let source = Source::inferred("the file is a Streamlit page", [Evidence::file(dir.at(&file))]);
    starts.push(Cmd::exec(words.clone()), source.clone());
    words.extend(["--server.runOnSave", "true"].map(str::to_owned));
    devs.push(Cmd::exec(words), source);
    Ok(())
}

/// A command of the project, or a file that is a program.
pub fn program(facts: &Facts<'_>, starts: &mut Candidates<Cmd>, draft: &mut ServiceDraft) {
    let dir = &facts.sources.dir;
    let project = facts.project;
    if facts.sources.packaged {
        let own = project.scripts.iter().find(|script| project.name.as_ref().is_some_and(|(name, _)| *name == script.name));
        match (own, &project.scripts[..]) {
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
        starts.push(Cmd::exec(["python", &file]), Source::inferred(why, [Evidence::file(dir.at(&file))]));
    }
    if starts.is_empty()
        && facts.hints.get(Question::StartCmd).is_none()
        && let several @ [_, _, ..] = &below(facts.sources)[..]
    {
        let candidates =
            several.iter().map(|file| (format!("python {file}"), Source::inferred("the file is a program", [Evidence::file(dir.at(file))]))).collect();
        draft.open.push(Open { question: Question::StartCmd, message: "more than one file is a program".to_owned(), candidates });
    }
    if starts.is_empty() && draft.open.is_empty() && facts.hints.get(Question::StartCmd).is_none() {
        let message = "no program was found: it looks like a library".to_owned();
        draft.open.push(Open { question: Question::StartCmd, message, candidates: Vec::new() });
    }
}

fn is_guarded(text: &Text) -> bool {
    text.as_str().lines().any(|line| line.starts_with("if") && line.contains("__name__") && line.contains("__main__"))
}

/// The file that is a program: by its name, or as the only one that says so.
fn files(sources: &Sources<'_>) -> Option<(String, &'static str)> {
    let dir = &sources.dir;
    let why = "the file is a program";
    // A package's files are no programs unless they say so.
    let named = PROGRAMS.iter().find(|file| dir.has(file)).filter(|file| !sources.packaged || dir.peek(file).is_some_and(|text| is_guarded(&text)));
    if let Some(file) = named {
        return Some(((*file).to_owned(), why));
    }
    let guarded: Vec<&str> = sources.texts.iter().filter(|text| is_guarded(text)).map(|text| sources.tail(text)).collect();
    let guarded: Vec<&str> = guarded.into_iter().filter(|tail| !tail.contains('/') && *tail != "setup.py" && *tail != "manage.py").collect();
    // Of several programs the one that is called a server: a client for trials often lies beside it.
    let serving: Vec<&str> = guarded.iter().filter(|tail| tail.trim_end_matches(".py").ends_with("server")).copied().collect();
    if let [only] = guarded[..] {
        return Some((only.to_owned(), why));
    }
    if let [server] = serving[..] {
        return Some((server.to_owned(), why));
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
