//! Options of the program's own command line: a server that listens inside of its container only is told another address.

use super::apps::regex;
use super::modules;
use super::run::Facts;
use crate::fs::Text;
use crate::model::{Cmd, Decision, Diagnostic, ServiceDraft, Source};

/// Options that name the address, with one that nobody reaches from outside, or one that stands elsewhere: by argparse, click or typer.
const CLOSED: &[&str] = &[
    r#"["'](--(?:host|hostname|bind|address|addr|listen|ip|interface|bind-address|listen-address|server-host))["'](?:[^()]|\([^()]*\))*?\bdefault\s*=\s*["'](?:127\.0\.0\.1|localhost)["']"#,
    r#"Option\(\s*["'](?:127\.0\.0\.1|localhost)["']\s*,[^)]*?["'](--(?:host|hostname|bind|address|ip))["']"#,
    r#"(?m)^\s+(host)\s*:\s*str\s*=\s*["'](?:127\.0\.0\.1|localhost)["']"#,
    r#"["'](--(?:host|hostname|bind|address|addr|bind-address|listen-address))["'](?:[^()]|\((?:[^()]|\([^()]*\))*\))*?\bdefault\s*=\s*\w+\[["']\w+["']\]"#,
];

/// An option that names the port, with a default that a table elsewhere holds.
const PORT: &str = r#"["'](--port)["'](?:[^()]|\((?:[^()]|\([^()]*\))*\))*?\bdefault\s*=\s*\w+\[["']\w+["']\]"#;

/// Adds what makes the program reachable to its command.
pub fn reachable(facts: &Facts<'_>, draft: &mut ServiceDraft) -> Result<(), Diagnostic> {
    let Some(start) = draft.start.as_ref().filter(|start| draft.port.is_some() && !start.source.is_explicit()) else { return Ok(()) };
    let Cmd::Exec(words) = &start.value else { return Ok(()) };
    let own = match &words[..] {
        [python, file, ..] if python == "python" => facts.sources.dir.has(file) || file == "-m",
        [program, ..] => facts.project.scripts.iter().any(|script| script.name == *program),
        [] => false,
    };
    let Some((flag, text, place)) = closed(facts)?.filter(|_| own) else { return Ok(()) };
    // Another program's options are none of this one's.
    let tail = facts.sources.tail(&text);
    let (top, stem) = (tail.split('/').next().unwrap_or(tail), tail.rsplit('/').next().unwrap_or(tail).trim_end_matches(".py"));
    let leads = |file: &str| file == tail || [top, stem].iter().any(|name| modules::imports(&facts.sources.dir, file, name));
    if words[0] == "python" && words.get(1).is_some_and(|file| facts.sources.dir.has(file) && !leads(file)) {
        return Ok(());
    }
    let says = |word: &String| *word == flag || word.starts_with(&format!("{flag}=")) || word.contains("0.0.0.0");
    // Which part of a program of several parts an option belongs to is not plain with argparse.
    if words.iter().any(says) || text.as_str().contains("add_subparsers") {
        return Ok(());
    }
    let at = text.at(place, flag.clone());
    let mut more = words.clone();
    if let Some(part) = part(facts, &text, place)? {
        if words.len() == 1 + usize::from(words[0] == "python") {
            more.push(part);
        } else if !words.contains(&part) {
            return Ok(());
        }
    }
    more.extend([flag.clone(), "0.0.0.0".to_owned()]);
    if let Some(port) = draft.port.as_ref().filter(|_| regex(PORT).is_ok_and(|port| port.is_match(text.as_str()))) {
        more.extend(["--port".to_owned(), port.value.to_string()]);
    }
    draft.facts.push(("told".to_owned(), Decision::new(format!("{flag} 0.0.0.0"), Source::inferred("the loopback address is out of reach", [at]))));
    if let Some(start) = &mut draft.start {
        start.value = Cmd::exec(more);
    }
    Ok(())
}

/// The option, where all that the source has are of one name.
fn closed(facts: &Facts<'_>) -> Result<Option<(String, std::rc::Rc<Text>, usize)>, Diagnostic> {
    let mut found: Option<(String, std::rc::Rc<Text>, usize)> = None;
    for pattern in CLOSED {
        let pattern = regex(pattern)?;
        for text in facts.sources.of_production() {
            for hit in pattern.captures_iter(text.as_str()) {
                let Some(name) = hit.get(1) else { continue };
                let flag = if name.as_str().starts_with('-') { name.as_str().to_owned() } else { format!("--{}", name.as_str()) };
                // A parameter is an option only where it is a command's.
                if !name.as_str().starts_with('-') && part(facts, text, name.start())?.is_none() {
                    continue;
                }
                match &found {
                    Some((known, ..)) if *known != flag => return Ok(None),
                    Some(_) => {}
                    None => found = Some((flag, text.clone(), name.start())),
                }
            }
        }
    }
    Ok(found)
}

/// The part of a program of several parts (`tool serve`) that an option at this place belongs to.
fn part(facts: &Facts<'_>, text: &Text, place: usize) -> Result<Option<String>, Diagnostic> {
    let text = text.as_str();
    let from = text[..place].rfind("\n\n").unwrap_or(0);
    let define = regex(r"(?m)^\s*(?:async\s+)?def\s+(\w+)\s*\(")?;
    let before = define.captures_iter(&text[from..place]).filter_map(|hit| hit.get(1).map(|name| (name.as_str().to_owned(), from + name.start()))).last();
    let Some((name, end)) =
        before.or_else(|| define.captures(&text[place..]).and_then(|hit| hit.get(1).map(|name| (name.as_str().to_owned(), place + name.start()))))
    else {
        return Ok(None);
    };
    let command = regex(r#"@(\w+)\.command\(\s*(?:name\s*=\s*)?(?:["']([\w-]+)["'])?"#)?;
    let Some(hit) = command.captures(&text[from..end]) else { return Ok(None) };
    if hit.get(1).is_some_and(|group| matches!(group.as_str(), "click" | "typer")) {
        return Ok(None);
    }
    // With typer a program's only command has no name.
    let several = facts.sources.of_production().map(|text| command.captures_iter(text.as_str()).count()).sum::<usize>() > 1;
    let typer = facts.project.needs(&["typer", "typer-slim"]).is_some();
    Ok((several || !typer).then(|| hit.get(2).map_or_else(|| name.replace('_', "-"), |own| own.as_str().to_owned())))
}

#[cfg(test)]
mod tests {
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    fn start(source: &str, dependency: &str) -> String {
        let project = format!(
            "[project]\nname = \"a\"\nversion = \"1\"\ndependencies = [\"{dependency}\"]\n[project.scripts]\na = \"a:main\"\n[build-system]\nrequires = [\"hatchling\"]\n"
        );
        let tree = Tree::memory([("pyproject.toml", project.as_str()), ("a/__init__.py", ""), ("a/cli.py", source)]);
        let found = detect(&tree, &Answers::default());
        found.services[0].start.as_ref().map(|start| start.value.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_server_that_nobody_reaches_is_told_an_address() {
        let port = "p.add_argument('--port', default=9000)\n";
        assert_eq!(start(&format!("p.add_argument('--host', default='127.0.0.1')\n{port}"), "x"), "a --host 0.0.0.0");
        assert_eq!(start(&format!("p.add_argument('--host', default='0.0.0.0')\n{port}"), "x"), "a");
        assert_eq!(start(&format!("p.add_argument('--redis-host', default='127.0.0.1')\n{port}"), "x"), "a");
        let click = "@cli.command()\ndef other():\n    pass\n\n\n@cli.command()\n@click.option('--host', default='127.0.0.1')\n@click.option('--port', default=9000)\ndef serve_it(host, port):\n    pass\n";
        assert_eq!(start(click, "click"), "a serve-it --host 0.0.0.0");
        let table = "from waitress import serve\np.add_argument('--host', help='Host (%(default)s)', default=DEFAULTS['HOST'])\np.add_argument('--port', type=int, default=DEFAULTS['PORT'])\n";
        assert_eq!(start(table, "waitress"), "a --host 0.0.0.0 --port 8080");
        let typer = "@app.command()\ndef run(\n    host: str = '127.0.0.1',\n):\n    uvicorn.run(x, port=9000)\n";
        assert_eq!(start(typer, "typer"), "a");
    }
}
