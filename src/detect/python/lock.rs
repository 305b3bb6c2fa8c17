//! Lock files, read for what production installs: every package with its version, and the files that its index offers.
//!
//! They are written by programs and can be long, so they are read line by line rather than as documents.

use std::collections::BTreeMap;

use super::requirement::normalise;
use crate::fs::{Dir, Text};
use crate::model::Evidence;

/// One locked package.
#[derive(Clone, Debug)]
pub struct Locked {
    /// Its normalised name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The names of its wheels; `None` where the lock lists no files.
    pub wheels: Option<Vec<String>>,
    /// Where it stands.
    pub at: Evidence,
    /// The groups that want it, where the lock says so.
    groups: Vec<String>,
    /// Whether only an extra of the project brings it.
    optional: bool,
    needs: Vec<Edge>,
}

/// What a package needs.
#[derive(Clone, Debug)]
struct Edge {
    name: String,
    extras: Vec<String>,
    /// The extra of the package that brings it, empty for its plain dependencies.
    of: String,
}

/// What a package needs on systems that no image has.
const OTHER_SYSTEMS: &[&str] = &["== 'win32'", "== 'darwin'", "== 'Windows'", "== 'emscripten'", "== \\\"win32\\\"", "== \\\"Windows\\\"", "== \\\"darwin\\\""];

/// The packages of production; `None` where the lock can't be read so. `roots` are the names and extras that the project asks for.
pub fn production(dir: &Dir<'_>, lock: &str, roots: &[(String, Vec<String>)]) -> Option<Vec<Locked>> {
    let text = dir.peek(lock)?;
    let all = match lock {
        "Pipfile.lock" => return Some(pipfile(&text)),
        "uv.lock" | "poetry.lock" | "pdm.lock" => packages(&text),
        script if script.strip_suffix(".py.lock").is_some() => packages(&text),
        _ => return None,
    };
    // Groups: `main` is Poetry's word for production, `default` is PDM's.
    if all.iter().any(|package| !package.groups.is_empty()) {
        return Some(all.into_iter().filter(|package| !package.optional && package.groups.iter().any(|group| group == "main" || group == "default")).collect());
    }
    Some(reached(all, roots))
}

/// The packages that the roots lead to.
fn reached(all: Vec<Locked>, roots: &[(String, Vec<String>)]) -> Vec<Locked> {
    let index: BTreeMap<String, usize> = all.iter().enumerate().map(|(place, package)| (package.name.clone(), place)).collect();
    let mut wanted: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut queue: Vec<(String, Vec<String>)> = roots.to_vec();
    while let Some((name, extras)) = queue.pop() {
        let Some(place) = index.get(&name).copied() else { continue };
        let new = !wanted.contains_key(&place);
        let known = wanted.entry(place).or_default();
        let more: Vec<String> = extras.into_iter().filter(|extra| !known.contains(extra)).collect();
        if !new && more.is_empty() {
            continue;
        }
        known.extend(more.iter().cloned());
        for edge in all[place].needs.iter().filter(|edge| new && edge.of.is_empty() || more.contains(&edge.of)) {
            queue.push((edge.name.clone(), edge.extras.clone()));
        }
    }
    all.into_iter().enumerate().filter(|(place, _)| wanted.contains_key(place)).map(|(_, package)| package).collect()
}

/// The `[[package]]` tables of uv.lock, poetry.lock and pdm.lock.
fn packages(text: &Text) -> Vec<Locked> {
    let mut found: Vec<Locked> = Vec::new();
    // The table and the list that a line stands in.
    let (mut table, mut list) = (String::new(), String::new());
    for (number, line) in text.lines() {
        let line = line.trim();
        if line == "[[package]]" {
            let at = Evidence::line(text.path().clone(), number, "");
            found.push(Locked { name: String::new(), version: String::new(), wheels: None, at, groups: Vec::new(), optional: false, needs: Vec::new() });
            (table, list) = ("package".to_owned(), String::new());
            continue;
        }
        if list.is_empty()
            && let Some(name) = line.strip_prefix('[')
        {
            name.trim_end_matches(']').clone_into(&mut table);
            continue;
        }
        if table == "metadata.files" {
            files_by_name(line, &mut list, &mut found);
            continue;
        }
        let Some(package) = found.last_mut() else { continue };
        if list.is_empty()
            && let Some((key, value)) = line.split_once(" = ")
        {
            entry(package, &table, key, value, number, text);
            if value == "[" {
                key.clone_into(&mut list);
            }
        } else if line == "]" {
            list.clear();
        } else {
            item(package, &table, &list, line);
        }
    }
    found.retain(|package| !package.name.is_empty());
    found
}

/// A key with its value.
fn entry(package: &mut Locked, table: &str, key: &str, value: &str, number: u32, text: &Text) {
    let plain = || value.trim_matches('"').to_owned();
    match (table, key) {
        ("package", "name") => {
            package.name = normalise(&plain());
            package.at = Evidence::line(text.path().clone(), number, plain()).with_key("package.name");
        }
        ("package", "version") => package.version = plain(),
        ("package", "optional") => package.optional = value == "true",
        ("package", "category") => package.groups.push(plain()),
        ("package", "groups") => package.groups.extend(quoted(value).map(str::to_owned)),
        // uv lists an sdist by itself: without wheels there are none.
        ("package", "wheels" | "files" | "sdist") => {
            package.wheels.get_or_insert_default();
        }
        ("package.dependencies", _) if !OTHER_SYSTEMS.iter().any(|other| value.contains(other)) && !value.contains("optional = true") => {
            let extras = value.split_once("extras = [").and_then(|(_, rest)| rest.split_once(']')).map_or("", |(extras, _)| extras);
            package.needs.push(Edge { name: normalise(key.trim_matches('"')), extras: quoted(extras).map(normalise).collect(), of: String::new() });
        }
        ("package.extras", _) => {
            let of = normalise(key.trim_matches('"'));
            package.needs.extend(quoted(value).map(|name| Edge { name: bare(name), extras: Vec::new(), of: of.clone() }));
        }
        _ => {}
    }
}

/// A line of a list.
fn item(package: &mut Locked, table: &str, list: &str, line: &str) {
    match (table, list) {
        ("package", "wheels" | "files") => {
            let file = ["url = \"", "file = \"", "filename = \"", "path = \""]
                .iter()
                .find_map(|key| line.split_once(key))
                .and_then(|(_, rest)| rest.split('"').next());
            let name = file.and_then(|file| file.rsplit('/').next()).filter(|name| name.strip_suffix(".whl").is_some());
            package.wheels.get_or_insert_default().extend(name.map(|name| name.replace("%2B", "+")));
        }
        ("package", "groups") => package.groups.extend(quoted(line).map(str::to_owned)),
        ("package", "dependencies") | ("package.optional-dependencies" | "package.extras", _) => {
            if OTHER_SYSTEMS.iter().any(|other| line.contains(other)) {
                return;
            }
            let of = if table == "package" { String::new() } else { normalise(list.trim_matches('"')) };
            if let Some((_, rest)) = line.split_once("name = \"") {
                let name = normalise(rest.split('"').next().unwrap_or_default());
                let extras = rest.split_once("extra = [").and_then(|(_, rest)| rest.split_once(']')).map_or("", |(extras, _)| extras);
                package.needs.push(Edge { name, extras: quoted(extras).map(normalise).collect(), of });
            } else if let Some(name) = quoted(line).next() {
                package.needs.push(Edge { name: bare(name), extras: Vec::new(), of });
            }
        }
        _ => {}
    }
}

/// Poetry before 1.3 lists the files of all packages in one table.
fn files_by_name(line: &str, list: &mut String, found: &mut [Locked]) {
    if let Some((name, "[")) = line.split_once(" = ") {
        *list = normalise(name.trim_matches('"'));
    } else if line == "]" {
        list.clear();
    } else if let Some(package) = found.iter_mut().find(|package| package.name == *list) {
        let name = line.split_once("file = \"").and_then(|(_, rest)| rest.split('"').next()).filter(|name| name.strip_suffix(".whl").is_some());
        package.wheels.get_or_insert_default().extend(name.map(str::to_owned));
    }
}

/// The `default` section of Pipfile.lock, which lists no file names.
fn pipfile(text: &Text) -> Vec<Locked> {
    let mut found = Vec::new();
    let (mut within, mut name) = (false, None);
    for (number, line) in text.lines() {
        let depth = line.len() - line.trim_start().len();
        let line = line.trim();
        if depth == 4 {
            within = line.starts_with("\"default\"");
        } else if within && depth == 8 && line.ends_with('{') {
            name = quoted(line).next().map(|name| (normalise(name), number));
        } else if within
            && let Some(version) = line.strip_prefix("\"version\": \"==")
            && let Some((name, number)) = name.take()
        {
            let at = Evidence::line(text.path().clone(), number, &name);
            found.push(Locked {
                name,
                version: version.trim_end_matches([',', '"']).to_owned(),
                wheels: None,
                at,
                groups: Vec::new(),
                optional: false,
                needs: Vec::new(),
            });
        }
    }
    found
}

/// The texts between quotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

/// The name at the start of a PEP 508 line.
fn bare(line: &str) -> String {
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))).unwrap_or(line.len());
    normalise(&line[..end])
}

#[cfg(test)]
mod tests {
    use super::{Locked, production};
    use crate::fs::Tree;

    fn read(lock: &str, text: &str, roots: &[(&str, &[&str])]) -> Vec<Locked> {
        let tree = Tree::memory([(lock, text)]);
        let roots: Vec<(String, Vec<String>)> =
            roots.iter().map(|(name, extras)| ((*name).to_owned(), extras.iter().map(|extra| (*extra).to_owned()).collect())).collect();
        production(&tree.root(), lock, &roots).expect("a lock")
    }

    fn names(found: &[Locked]) -> Vec<&str> {
        found.iter().map(|package| package.name.as_str()).collect()
    }

    const UV: &str = "version = 1\n\n[[package]]\nname = \"shop\"\nversion = \"0.1\"\nsource = { virtual = \".\" }\ndependencies = [\n    { name = \"celery\", extra = [\"redis\"] },\n]\n\n\
        [package.dev-dependencies]\ndev = [\n    { name = \"pytest\" },\n]\n\n[[package]]\nname = \"celery\"\nversion = \"5.6\"\ndependencies = [\n    { name = \"billiard\" },\n    \
        { name = \"tzdata\", marker = \"sys_platform == 'win32'\" },\n]\nsdist = { url = \"https://x/celery.tar.gz\" }\nwheels = [\n    { url = \"https://x/celery-5.6-py3-none-any.whl\", hash = \"sha256:0\" },\n]\n\n\
        [package.optional-dependencies]\nredis = [\n    { name = \"redis\" },\n]\n\n[[package]]\nname = \"billiard\"\nversion = \"4\"\nsdist = { url = \"https://x/b.tar.gz\" }\n\n[[package]]\nname = \"redis\"\nversion = \"6\"\n\n\
        [[package]]\nname = \"pytest\"\nversion = \"9\"\n\n[[package]]\nname = \"tzdata\"\nversion = \"1\"\n";

    #[test]
    fn what_production_reaches_in_uv_lock() {
        let found = read("uv.lock", UV, &[("celery", &["redis"])]);
        assert_eq!(names(&found), ["celery", "billiard", "redis"]);
        assert_eq!(found[0].wheels.as_deref(), Some(&["celery-5.6-py3-none-any.whl".to_owned()][..]));
        assert_eq!((found[1].wheels.as_deref(), found[1].at.place()), (Some(&[][..]), "uv.lock:34".to_owned()));
        assert_eq!(names(&read("uv.lock", UV, &[("celery", &[])])), ["celery", "billiard"]);
    }

    #[test]
    fn groups_and_files_of_the_other_locks() {
        let poetry = "[[package]]\nname = \"A_b\"\nversion = \"1\"\ngroups = [\"main\", \"dev\"]\nfiles = [\n    {file = \"a_b-1-cp311-cp311-manylinux_2_17_x86_64.whl\", hash = \"x\"},\n    {file = \"a_b-1.tar.gz\", hash = \"x\"},\n]\n\n\
            [package.dependencies]\nc = \">=1\"\n\n[[package]]\nname = \"t\"\nversion = \"1\"\ngroups = [\"dev\"]\nfiles = []\n\n[metadata]\ncontent-hash = \"x\"\n";
        let found = read("poetry.lock", poetry, &[]);
        assert_eq!(names(&found), ["a-b"]);
        assert_eq!(found[0].wheels.as_ref().map(Vec::len), Some(1));
        let old = "[[package]]\nname = \"a\"\nversion = \"1\"\ncategory = \"main\"\n\n[package.dependencies]\nb = \"*\"\n\n[[package]]\nname = \"b\"\nversion = \"1\"\ncategory = \"dev\"\n\n[metadata.files]\na = [\n    {file = \"a-1-py3-none-any.whl\", hash = \"x\"},\n]\n";
        let found = read("poetry.lock", old, &[]);
        assert_eq!((names(&found), found[0].wheels.as_ref().map(Vec::len)), (vec!["a"], Some(1)));
        let plain = "[[package]]\nname = \"a\"\nversion = \"1\"\n\n[package.dependencies]\nb = {version = \"*\", markers = \"x\"}\n\n[package.extras]\nfast = [\"c (>=1)\"]\n\n[[package]]\nname = \"b\"\nversion = \"1\"\n\n[[package]]\nname = \"c\"\nversion = \"1\"\n";
        assert_eq!(names(&read("poetry.lock", plain, &[("a", &["fast"])])), ["a", "b", "c"]);
        assert_eq!(names(&read("poetry.lock", plain, &[("a", &[])])), ["a", "b"]);
        let pdm = "[[package]]\nname = \"a\"\nversion = \"1\"\ngroups = [\"default\"]\ndependencies = [\n    \"b>=1\",\n]\nfiles = [\n    {file = \"a-1.tar.gz\", hash = \"x\"},\n]\n";
        assert_eq!(read("pdm.lock", pdm, &[])[0].wheels.as_deref(), Some(&[][..]));
        let pipenv = "{\n    \"default\": {\n        \"a\": {\n            \"hashes\": [\n            ],\n            \"version\": \"==2.1\"\n        }\n    },\n    \"develop\": {\n        \"b\": {\n            \"version\": \"==1\"\n        }\n    }\n}\n";
        let found = read("Pipfile.lock", pipenv, &[]);
        assert_eq!((names(&found), found[0].version.as_str()), (vec!["a"], "2.1"));
    }
}
