//! How a framework builds, and how it serves for development.

use super::row::{Front, habit, is_one_of};
use super::settings::Settings;
use crate::detect::asked;
use crate::detect::node::migrations;
use crate::detect::node::project::Project;
use crate::detect::node::script::{self, BIN};
use crate::fs::Dir;
use crate::manifest::Package;
use crate::model::question::Question;
use crate::model::{Candidates, Cmd, Decision, Diagnostic, Evidence, ServiceDraft, Source};

/// The script that runs the framework's build: the one named `build`, else any that runs its program to build.
pub fn building<'p>(package: &'p Package, front: &Front) -> Option<(String, &'p str, Evidence)> {
    let own = |text: &str| text.split("&&").any(|part| is_call(part, front, &[front.build.as_str()]));
    if let Some((text, at)) = package.script("build").filter(|(text, _)| !front.apart || own(text)) {
        return Some(("build".to_owned(), text, at));
    }
    scripts(package).find(|(_, text, _)| own(text))
}

fn scripts(package: &Package) -> impl Iterator<Item = (String, &str, Evidence)> {
    let names = package.doc.get(&["scripts"]).into_iter().flat_map(crate::manifest::Node::entries);
    names.filter_map(|(name, _)| package.script(name).map(|(text, at)| (name.to_owned(), text, at)))
}

/// Whether a command line runs the framework's program with one of these words.
fn is_call(text: &str, front: &Front, words: &[&str]) -> bool {
    let mut rest = text.split_whitespace().skip_while(|word| word.contains('=') || matches!(*word, "npx" | "cross-env" | "exec"));
    let program = rest.next().is_some_and(|word| is_one_of(word, &front.cli));
    let rest: Vec<&str> = rest.collect();
    program && words.iter().all(|word| word.is_empty() || rest.iter().any(|given| is_one_of(given, word)))
}

/// The stems of the settings' files: those of its habit, and those that the build names, or that lie in the folder that it is pointed at.
pub fn settings(front: &Front, package: &Package, dir: &Dir<'_>) -> Vec<String> {
    let mut stems = front.settings.clone();
    let Some((_, text, _)) = building(package, front) else { return stems };
    for word in text.split_whitespace().map(|word| word.trim_start_matches("--config=").trim_start_matches("./")) {
        if dir.has_dir(word) {
            stems.extend(front.settings.iter().filter(|stem| stem.starts_with('.')).map(|stem| format!("{}/{stem}", word.trim_matches('/'))));
        } else if let Some((stem, "js" | "ts" | "cjs" | "mjs")) = word.rsplit_once('.')
            && dir.has(word)
        {
            stems.insert(0, stem.to_owned());
        }
    }
    stems
}

/// Whether a script runs the framework's program: `any` of them, or one that is named as an application's are.
pub fn calls(package: &Package, front: &Front, any: bool) -> bool {
    let named = |name: &str| any || ["dev", "build", "start", "serve", "develop", "generate"].contains(&name);
    scripts(package).filter(|(name, _, _)| named(name)).any(|(_, text, _)| text.split("&&").any(|part| is_call(part.trim(), front, &[])))
}

/// The command that builds.
pub fn build(draft: &mut ServiceDraft, project: &Project<'_>, package: &Package, front: &Front) -> Result<(), Diagnostic> {
    let (mut candidates, mut notes) = (Candidates::new(), Vec::new());
    if let Some((name, _, at)) = building(package, front) {
        let left_out = migrations::left_out(project, &name);
        let rest = left_out.as_ref().and_then(|(rest, _)| rest.clone());
        candidates.push(Cmd::Shell(rest.unwrap_or_else(|| project.run(&name))), Source::File(at));
        notes.extend(left_out.map(|(_, note)| note));
    } else {
        let words = format!("{BIN}{} {}", habit(&front.cli), habit(&front.build)).split_whitespace().map(ToOwned::to_owned).collect();
        let words = project.located(words).join(" ");
        // The steps of a build run at the root of a workspace.
        let words = project.folder_in_workspace().map(|folder| format!("cd {} && {words}", Cmd::word(&folder))).unwrap_or(words);
        candidates.push(Cmd::Shell(words), Source::default("how the framework builds"));
    }
    draft.build = asked::command(&project.hints, Question::BuildCmd, candidates)?;
    if draft.build.as_ref().is_some_and(|build| !build.source.is_explicit()) {
        draft.notes.extend(notes);
    }
    Ok(())
}

/// The development server: the script that runs it, made to listen on all addresses.
pub fn dev(draft: &mut ServiceDraft, project: &Project<'_>, package: &Package, front: &Front, settings: &Settings) {
    let serve: Vec<&str> = front.serve.iter().map(String::as_str).collect();
    let serves = |text: &str| {
        let other = ["build", "preview", "generate", "export", "sync", "check", "typegen", "optimize"];
        is_call(text, front, &serve) && !text.split_whitespace().any(|word| other.contains(&word))
    };
    let preferred =
        ["dev", "start:dev", "develop", "serve", "start"].into_iter().filter_map(|name| script::named(package, name).map(|script| (name.to_owned(), script)));
    let others = scripts(package).filter_map(|(name, text, _)| serves(text).then(|| script::named(package, &name).map(|script| (name, script))).flatten());
    let mut decided = None;
    let mut by_variable = None;
    for (name, script) in preferred.chain(others) {
        let Cmd::Exec(words) = &script.command else { continue };
        if !script.before.is_empty() || !script.env.is_empty() {
            // What needs a shell needs the programs of dependencies on its path: the package manager puts them there.
            if serves(&format!("{} {}", script.program(), words[1..].join(" "))) {
                let port = script.env.iter().find(|(name, _)| name == "PORT").map(|(_, port)| port);
                by_variable = port_of(words).or_else(|| port?.parse().ok());
                // Further words go to the last command of the script, which is the server.
                let mut words: Vec<String> = project.run(&name).split(' ').map(ToOwned::to_owned).collect();
                if !front.host.is_empty() {
                    words.extend((project.manager.name.value == "npm").then(|| "--".to_owned()));
                    words.extend(front.host.iter().cloned());
                }
                decided = Some(Decision::new(Cmd::Exec(words), Source::File(script.at)));
                break;
            }
            continue;
        }
        if serves(&format!("{} {}", script.program(), words[1..].join(" "))) {
            let mut words = project.located(words.clone());
            add_host(&mut words, front);
            decided = Some(Decision::new(Cmd::Exec(words), Source::File(script.at)));
            break;
        }
    }
    let dev = decided.unwrap_or_else(|| {
        let mut words = vec![format!("{BIN}{}", habit(&front.cli))];
        words.extend(front.serve.iter().map(|word| habit(word).to_owned()));
        add_host(&mut words, front);
        Decision::new(Cmd::Exec(project.located(words)), Source::default("how the framework serves for development"))
    });
    let words = dev.value.words();
    let named =
        words.iter().filter_map(|word| word.trim_start_matches("--config=").rsplit_once('.')).filter(|(_, ending)| ["js", "cjs", "mjs", "ts"].contains(ending));
    let named: Vec<String> = named.map(|(stem, _)| stem.trim_start_matches("./").to_owned()).collect();
    let own = Settings::read(&project.dir, &named).port();
    let port = port_of(&words).or(by_variable).or(own).or_else(|| settings.port()).unwrap_or(front.dev_port);
    draft.set("dev_port", port);
    draft.dev = Some(dev);
}

/// Adds the flags that make a development server listen on all addresses; a flag that is there keeps its place, not its value.
fn add_host(words: &mut Vec<String>, front: &Front) {
    let Some(flag) = front.host.first() else { return };
    if let Some(at) = words.iter().position(|word| word == flag) {
        let has_value = words.get(at + 1).is_some_and(|word| !word.starts_with('-'));
        words.drain(at..=at + usize::from(has_value));
    }
    words.retain(|word| !word.starts_with(&format!("{flag}=")) && word != "--open");
    words.extend(front.host.iter().cloned());
}

/// The port that a command is told to take.
pub fn port_of<S: AsRef<str>>(words: &[S]) -> Option<u16> {
    let next = words.windows(2).find(|pair| matches!(pair[0].as_ref(), "-p" | "--port")).map(|pair| pair[1].as_ref());
    let inline = words.iter().find_map(|word| word.as_ref().strip_prefix("--port="));
    next.or(inline)?.parse().ok()
}

/// The same command without its port.
pub fn without_port(words: Vec<String>) -> Vec<String> {
    let mut rest = words.into_iter();
    let mut kept = Vec::new();
    while let Some(word) = rest.next() {
        if matches!(word.as_str(), "-p" | "--port") {
            rest.next();
        } else if !word.starts_with("--port=") {
            kept.push(word);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::{add_host, port_of, without_port};
    use crate::detect::node::frameworks::row::Front;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn development_servers_listen_everywhere() {
        let front = Front { host: words("--host 0.0.0.0"), ..Front::default() };
        for (given, want) in [
            ("vite --port 3000", "vite --port 3000 --host 0.0.0.0"),
            ("vite --host --port 3000 --open", "vite --port 3000 --host 0.0.0.0"),
            ("vite --host localhost", "vite --host 0.0.0.0"),
            ("vite --host=::1", "vite --host 0.0.0.0"),
        ] {
            let mut given = words(given);
            add_host(&mut given, &front);
            assert_eq!(given, words(want));
        }
    }

    #[test]
    fn ports_stand_in_flags() {
        assert_eq!(port_of(&words("next start -p 4000")), Some(4000));
        assert_eq!(port_of(&words("next start --port=4000")), Some(4000));
        assert_eq!(port_of(&words("next start")), None);
        assert_eq!(without_port(words("next start -p 4000 --keepAliveTimeout 5")), words("next start --keepAliveTimeout 5"));
    }
}
