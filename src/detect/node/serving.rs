//! Servers that a dependency is: its program on the command line, or its own default port.

use super::listening::Listening;
use super::project::Project;
use super::script::BIN;
use crate::model::{Cmd, Diagnostic, Evidence, ServiceDraft, Source};

/// States what the program of a dependency serves by itself: it listens, on all addresses, and the port is the last candidate.
pub fn open(draft: &mut ServiceDraft, project: &Project<'_>, facts: &mut Listening) -> Option<(u16, Source)> {
    let start = draft.start.as_mut()?;
    if let Cmd::Exec(words) = &mut start.value
        && let Some(program) = words.first().and_then(|word| word.rsplit_once(BIN)).map(|(_, name)| name.to_owned())
        && let Some(row) = project.pack.data.get("serving").and_then(|rows| rows.get(&program))
    {
        let host: Vec<String> =
            row.get("host").and_then(|list| list.as_array()).into_iter().flatten().filter_map(|word| Some(word.as_str()?.to_owned())).collect();
        let short = |word: &String| host.first().is_some_and(|flag| word == flag || word.starts_with(&format!("{flag}="))) || word == "-H" || word == "-l";
        if !words.iter().any(short) {
            words.extend(host);
        }
        let manifest = || Evidence::file(project.dir.at("package.json"));
        let at = start.source.evidence().cloned().unwrap_or_else(manifest);
        facts.listens.get_or_insert(at.clone());
        if program == "json-server" {
            draft.notes.push(
                Diagnostic::warning(
                    "writes-beside-code",
                    "json-server replaces its file of data as a whole, in a folder that is not the program's own: requests that write fail",
                )
                .at(at)
                .help("for a mock that is only read nothing is lost; else mount a folder that user 1000 may write and name a file in it"),
            );
        }
        // What its build makes is a project of its own, which is started in its folder.
        let from = row.get("from").and_then(toml::Value::as_str).filter(|_| project.has_script("build") && project.root.is_none());
        if let Some(folder) = from {
            let up = "../".repeat(folder.split('/').count());
            start.value = Cmd::Shell(format!("cd {folder} && exec {up}{}", start.value));
        }
        let port = row.get("port").and_then(toml::Value::as_integer).and_then(|port| u16::try_from(port).ok())?;
        return Some((port, Source::default(format!("{program} takes it by habit"))));
    }
    let package = project.package.as_ref()?;
    let rows = project.pack.data.get("port-of").and_then(|rows| rows.as_table()).into_iter().flatten();
    let mut known = rows.filter(|(name, _)| package.dependency(name).is_some_and(|found| found.production));
    let (name, port) = known.next()?;
    Some((u16::try_from(port.as_integer()?).ok()?, Source::default(format!("{name} takes it where it is told none"))))
}

#[cfg(test)]
mod tests {
    use crate::detect::select::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    /// The start command and the port of a package with one dependency.
    fn serves(dependency: &str, start: &str, source: &str) -> (String, Option<u16>) {
        let package = format!(r#"{{"scripts": {{"start": "{start}"}}, "dependencies": {{"{dependency}": "1"}}}}"#);
        let found = detect(&Tree::memory([("package.json", package.as_str()), ("index.js", source), ("db.json", "{}")]), &Answers::default());
        let draft = &found.services[0];
        (draft.start.as_ref().map(|start| start.value.to_string()).unwrap_or_default(), draft.port.as_ref().map(|port| port.value))
    }

    #[test]
    fn programs_of_dependencies_serve_by_themselves() {
        let json = |words: &str| format!("node_modules/.bin/json-server {words}");
        assert_eq!(serves("json-server", "json-server --watch db.json", ""), (json("db.json --host 0.0.0.0"), Some(3000)));
        let told = "json-server db.json --host 0.0.0.0 --port 3004";
        assert_eq!(serves("json-server", told, ""), (json("db.json --host 0.0.0.0 --port 3004"), Some(3004)));
        assert_eq!(serves("http-server", "http-server public", "").1, Some(8080));
    }

    #[test]
    fn servers_that_are_not_told_a_port_take_their_own() {
        assert_eq!(serves("@apollo/server", "node index.js", "const { url } = await startStandaloneServer(server)\n").1, Some(4000));
        let told = "startStandaloneServer(server, { listen: { port: 4100 } })\n";
        assert_eq!(serves("@apollo/server", "node index.js", told).1, Some(4100));
        assert_eq!(serves("@hapi/hapi", "node index.js", "const server = Hapi.server({ port: 3005, host: '0.0.0.0' })\nserver.start()\n").1, Some(3005));
        assert_eq!(serves("@slack/bolt", "node index.js", "app.start(process.env.PORT || 3001)\n").1, Some(3001));
    }
}
