//! Lock files of several package managers: which of them the project itself works with.

use crate::fs::Dir;
use crate::manifest::{Node, Package, pattern};
use crate::model::{Evidence, Source};

/// Files that say how the project is installed, the most telling first.
const TOLD: &[&str] = &["Procfile", "netlify.toml", "vercel.json", "README.md", "Readme.md", "readme.md", "README.MD", "README", "CONTRIBUTING.md"];

/// Why one of them is taken.
const CALLED: &str = "of those with a lock file the one that the project calls";

/// The one package manager that fits: the others' lock files lack dependencies, or nothing of the project calls them.
pub fn decided(dir: &Dir<'_>, package: &Package, locks: &[(String, String)]) -> Option<(String, Source)> {
    let absent = |file: &str| {
        let text = dir.peek(file).filter(|text| !text.as_str().is_empty())?;
        package.dependencies().into_iter().find(|dependency| !holds(text.as_str(), &dependency.name))
    };
    let (stale, whole): (Vec<_>, Vec<_>) = locks.iter().map(|(name, file)| (name, absent(file))).partition(|(_, absent)| absent.is_some());
    if let ([(name, _)], Some((_, Some(missing)))) = (whole.as_slice(), stale.first()) {
        let rule = format!("the other lock file does not know `{}`", crate::model::evidence::tame(&missing.name));
        return Some(((*name).clone(), Source::inferred(rule, [missing.at.clone()])));
    }
    let scripts = package.doc.get(&["scripts"]).into_iter().flat_map(Node::entries).filter_map(|(name, _)| package.script(name));
    let scripts = scripts.map(|(text, at)| (text.to_owned(), at)).collect::<Vec<_>>();
    let workflows = dir.dir(".github/workflows");
    let workflows = workflows.files().filter_map(|name| workflows.peek(name)).collect::<Vec<_>>();
    let told = TOLD.iter().filter_map(|name| dir.peek(name)).map(|text| vec![text]);
    let in_files = std::iter::once(workflows).chain(told).map(|texts| {
        let lines = |text: &std::rc::Rc<crate::fs::Text>| {
            text.lines().map(|(number, line)| (line.to_owned(), Evidence::line(text.path().clone(), number, line.trim()))).collect::<Vec<_>>()
        };
        texts.iter().flat_map(lines).collect::<Vec<_>>()
    });
    // A script that calls another one names its manager plainly; prose does not.
    let own = scripts.iter().filter_map(|(text, at)| {
        let script = text.split("&&").find_map(|step| step.split_whitespace().next().filter(|first| locks.iter().any(|(name, _)| name == first)));
        script.map(|name| (name.to_owned(), at.clone()))
    });
    let mut own: Vec<(String, Evidence)> = own.collect();
    own.dedup_by(|one, other| one.0 == other.0);
    if let [(name, at)] = own.as_slice() {
        return Some((name.clone(), Source::inferred(CALLED, [at.clone()])));
    }
    let found = std::iter::once(scripts).chain(in_files).find_map(|lines| called(&lines, locks));
    // A folder is installed as the repository around it is.
    found.or_else(|| {
        let root = dir.tree().root();
        let around = locks.iter().filter(|(_, file)| !dir.path().is_root() && root.has(file)).collect::<Vec<_>>();
        let [(name, file)] = around.as_slice() else { return None };
        Some((name.clone(), Source::inferred("the repository around it is installed with it", [Evidence::file(root.at(file))])))
    })
}

/// Whether a lock file names a package, in any of their forms.
fn holds(lock: &str, name: &str) -> bool {
    lock.match_indices(name).any(|(at, _)| {
        let before = lock[..at].chars().next_back();
        let after = lock[at + name.len()..].chars().next();
        matches!(before, None | Some('"' | '\'' | '/' | '\n' | ' ')) && matches!(after, Some('"' | '\'' | '@' | '/' | ':'))
    })
}

/// The only one of these that the lines call.
fn called(lines: &[(String, Evidence)], locks: &[(String, String)]) -> Option<(String, Source)> {
    let call = pattern::kept(r"(?:^|[\s`$>(])(npm|yarn|pnpm|bun)(?:\s+(?:install|i|ci|add|run|start|build|dev|test)\b|\s*`?$)")?;
    let mut found: Vec<(&str, &Evidence)> = Vec::new();
    for (line, at) in lines {
        for name in call.captures_iter(line).filter_map(|groups| groups.get(1)) {
            // What is installed for the whole machine is another tool.
            let machine = line.contains(" -g ") || line.contains(" --global ");
            if !machine && locks.iter().any(|(known, _)| known == name.as_str()) && !found.iter().any(|(known, _)| *known == name.as_str()) {
                found.push((name.as_str(), at));
            }
        }
    }
    match found.as_slice() {
        [(name, at)] => Some(((*name).to_owned(), Source::inferred(CALLED, [(*at).clone()]))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::select::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    /// The package manager, with `?` where it is asked for.
    fn manager(more: &[(&str, &str)]) -> String {
        let package = ("package.json", r#"{"scripts": {"start": "node a.js"}, "dependencies": {"express": "5", "pg": "8"}}"#);
        let npm = ("package-lock.json", "{\"packages\": {\"node_modules/express\": {}, \"node_modules/pg\": {}}}");
        let files = [package, npm, ("a.js", "require('express')().listen(3000)")];
        let found = detect(&Tree::memory(files.iter().chain(more).copied()), &Answers::default());
        let draft = &found.services[0];
        format!("{}{}", draft.package_manager.as_ref().expect("one").value, if draft.open.is_empty() { "" } else { "?" })
    }

    #[test]
    fn what_the_project_calls_decides_between_lock_files() {
        let yarn = ("yarn.lock", "express@^5:\n  version \"5\"\npg@8:\n  version \"8\"\n");
        assert_eq!(manager(&[yarn]), "npm?");
        assert_eq!(manager(&[("yarn.lock", "express@^5:\n  version \"5\"\n")]), "npm");
        assert_eq!(manager(&[yarn, ("README.md", "# A\n\n    $ yarn install\n    $ yarn start\n")]), "yarn");
        assert_eq!(manager(&[yarn, ("README.md", "Run `npm install` or `yarn`\n")]), "npm?");
        assert_eq!(manager(&[yarn, ("README.md", "npm install -g pm2\nyarn\n")]), "yarn");
        assert_eq!(manager(&[yarn, (".github/workflows/a.yml", "- run: npm ci\n"), ("README.md", "yarn\n")]), "npm");
    }
}
