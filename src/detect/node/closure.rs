//! What production installs of all that a lock file names: what the production dependencies lead to.
//!
//! Read line by line, as the package managers write it; versions are left out, so a package that is there in two of them counts for both.

use std::collections::{BTreeMap, BTreeSet};

use super::natives::named;
use crate::fs::{Dir, Text};
use crate::model::Diagnostic;

type Graph = BTreeMap<String, BTreeSet<String>>;

/// The names that these lead to, with themselves; `None` where the lock file does not say.
pub fn of(root: &Dir<'_>, lock: &str, from: &BTreeSet<&str>) -> Result<Option<BTreeSet<String>>, Diagnostic> {
    if lock == "bun.lockb" {
        return Ok(None);
    }
    let Some(text) = root.read(lock)? else { return Ok(None) };
    let graph = match lock {
        "bun.lock" => of_bun(&text),
        "pnpm-lock.yaml" => of_lists(&text, 2),
        "yarn.lock" => of_lists(&text, 0),
        _ => of_npm(&text),
    };
    if graph.is_empty() {
        return Ok(None);
    }
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = from.iter().copied().collect();
    while let Some(name) = open.pop() {
        if found.insert(name.to_owned()) {
            open.extend(graph.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    Ok(Some(found))
}

fn is_list(text: &str) -> bool {
    matches!(text, "\"dependencies\": {" | "\"optionalDependencies\": {" | "dependencies:" | "optionalDependencies:")
}

/// `"node_modules/a": { "dependencies": { "b": "1" } }`, one name a line.
fn of_npm(text: &Text) -> Graph {
    let mut graph = Graph::new();
    let (mut current, mut listed) = (None, false);
    for (_, line) in text.lines() {
        let line = line.trim();
        if line.contains("node_modules/")
            && let Some(name) = named(line)
        {
            current = Some(name.to_owned());
            graph.entry(name.to_owned()).or_default();
            listed = false;
        } else if is_list(line) {
            listed = true;
        } else if line.starts_with('}') {
            listed = false;
        } else if listed
            && let Some(current) = &current
            && let Some((name, _)) = line.trim_start_matches('"').split_once('"')
        {
            graph.entry(current.clone()).or_default().insert(name.to_owned());
        }
    }
    graph
}

/// Names with their lists below them, each indented by two more: pnpm's from 2 on, yarn's from 0.
fn of_lists(text: &Text, base: usize) -> Graph {
    let mut graph = Graph::new();
    let (mut current, mut listed) = (None, false);
    // An optional peer that only development asks for is named behind the package that knows it.
    let (mut peers, mut optional) = (String::new(), false);
    for (_, line) in text.lines().filter(|(_, line)| !line.trim().is_empty()) {
        let indent = line.len() - line.trim_start().len();
        let content = line.trim();
        if indent <= base {
            // A member of the workspace is listed with what only its development needs.
            current = named(line).filter(|_| !line.contains("@workspace:")).map(ToOwned::to_owned);
            if let Some(name) = &current {
                graph.entry(name.clone()).or_default();
            }
            listed = false;
            peers = content.split_once('(').map(|(_, peers)| format!("({peers}")).unwrap_or_default();
        } else if indent == base + 2 {
            listed = is_list(content);
            optional = content.starts_with("optional");
        } else if listed
            && indent == base + 4
            && let Some(current) = &current
        {
            let name = match content.strip_prefix(['"', '\'']) {
                Some(quoted) => quoted.split(['"', '\'']).next(),
                None => content.split([':', ' ']).next(),
            };
            let name = name.filter(|name| !(optional && peers.contains(&format!("({name}@"))));
            graph.entry(current.clone()).or_default().extend(name.map(ToOwned::to_owned));
        }
    }
    graph
}

/// `"a": ["a@1.0.0", "", { "dependencies": { "b": "1" } }, "hash"],` on one line.
fn of_bun(text: &Text) -> Graph {
    let mut graph = Graph::new();
    for (_, line) in text.lines() {
        let Some((_, tail)) = line.trim().split_once("\": [\"") else { continue };
        let Some(name) = tail.get(1..).and_then(|rest| rest.find('@')).and_then(|at| tail.get(..=at)) else { continue };
        let edges = graph.entry(name.to_owned()).or_default();
        for key in ["\"dependencies\": {", "\"optionalDependencies\": {"] {
            let Some((_, list)) = tail.split_once(key) else { continue };
            let list = list.split('}').next().unwrap_or_default();
            edges.extend(list.split(',').filter_map(|pair| pair.trim().trim_start_matches('"').split_once('"')).map(|(name, _)| name.to_owned()));
        }
    }
    graph
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::fs::Tree;

    #[test]
    fn what_production_installs_is_found_in_every_lock_file() {
        let npm = "{\n \"packages\": {\n  \"\": {\n   \"devDependencies\": {\n    \"d\": \"1\"\n   }\n  },\n  \"node_modules/a\": {\n   \"dependencies\": {\n    \"@x/b\": \"1\"\n   },\n   \"peerDependencies\": {\n    \"d\": \"1\"\n   }\n  },\n  \"node_modules/@x/b\": {\n  },\n  \"node_modules/d\": {\n  }\n }\n}\n";
        let pnpm = "importers:\n\n  .:\n    dependencies:\n      a:\n        version: 1.0.0\n\nsnapshots:\n\n  a@1.0.0(d@1.0.0):\n    dependencies:\n      '@x/b': 1.0.0\n    optionalDependencies:\n      d: 1.0.0\n\n  '@x/b@1.0.0': {}\n\n  d@1.0.0:\n    dependencies:\n      a: 1.0.0\n";
        let yarn = "a@^1:\n  version \"1.0.0\"\n  dependencies:\n    \"@x/b\" \"^1\"\n\n\"@x/b@^1\":\n  version \"1.0.0\"\n\nd@^1:\n  version \"1.0.0\"\n";
        let berry = "\"a@npm:^1\":\n  version: 1.0.0\n  dependencies:\n    \"@x/b\": \"npm:^1\"\n\n\"@x/b@npm:^1\":\n  version: 1.0.0\n";
        let bun = "{\n  \"packages\": {\n    \"a\": [\"a@1.0.0\", \"\", { \"dependencies\": { \"@x/b\": \"^1\" } }, \"sha\"],\n\n    \"d\": [\"d@1.0.0\", \"\", {}, \"sha\"],\n  }\n}\n";
        for (file, text) in [("package-lock.json", npm), ("pnpm-lock.yaml", pnpm), ("yarn.lock", yarn), ("yarn.lock", berry), ("bun.lock", bun)] {
            let tree = Tree::memory([(file, text)]);
            let found = of(&tree.root(), file, &["a"].into()).expect("reads").expect("a graph");
            assert_eq!(found.into_iter().collect::<Vec<_>>(), ["@x/b", "a"], "{text}");
        }
        let old = Tree::memory([("package-lock.json", "{\"lockfileVersion\": 1}")]);
        assert_eq!(of(&old.root(), "package-lock.json", &["a"].into()).expect("reads"), None);
    }
}
