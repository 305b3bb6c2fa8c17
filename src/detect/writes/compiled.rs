//! What compiled programs write, which run in images that may have no shell: by the calls, constants and settings of their source.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::json;

use super::{DATA, MOST, Writes, bare};
use crate::detect::source;
use crate::fs::{Dir, Text};
use crate::manifest::pattern;
use crate::model::{Decision, Evidence, Kind, ServiceDraft, Source};

/// Folders that tools write and programs don't.
const NOT_WRITTEN: &[&str] = &["bin", "build", "dist", "docs", "test", "tests", "tmp", "node_modules", "static", "templates", "src", "app", "target"];

/// Where a program keeps what nobody says a place of.
const HERE: &str = "the folder that it runs in";

/// How programs of a language write, as patterns of their source.
#[derive(Debug)]
pub struct Language {
    /// Calls that make a file; the group is its path.
    pub files: &'static [&'static str],
    /// Calls that make a folder or fill one.
    pub folders: &'static [&'static str],
    /// Settings with their defaults; the groups are name and path.
    pub settings: &'static [&'static str],
    /// Signs that a program keeps something at all.
    pub keeps: &'static str,
    /// Signs that it opens a database that is a file.
    pub databases: &'static str,
}

impl Language {
    /// Searches the source of what runs for long, and the settings that it reads.
    pub fn search(&self, dir: &Dir<'_>, draft: &mut ServiceDraft, texts: &[Rc<Text>], files: &[Rc<Text>]) {
        self.search_more(dir, draft, texts, files, |_, _| {});
    }

    /// The same; `more` adds what else the language knows.
    pub fn search_more(
        &self,
        dir: &Dir<'_>,
        draft: &mut ServiceDraft,
        texts: &[Rc<Text>],
        files: &[Rc<Text>],
        more: impl FnOnce(&mut Writes, &mut ServiceDraft),
    ) {
        let finds = |expression: &str| pattern::pattern(expression).ok().and_then(|pattern| source::find(texts, &pattern, "//"));
        if draft.kind == Kind::Tool || finds(self.keeps).is_none() {
            return;
        }
        let mut found = Writes::default();
        found.calls(dir, texts, self.files, true);
        found.calls(dir, texts, self.folders, false);
        found.settings(dir, texts, self.settings);
        found.settings_in_files(dir, files);
        more(&mut found, draft);
        found.databases(dir, texts, files, finds(self.databases).map(|hit| hit.at));
        found.state_without_shell(draft);
    }
}

impl Writes {
    /// A file seen from the program: its folder is written, or it alone. One that the project brings is read.
    fn file(&mut self, dir: &Dir<'_>, path: &str, at: Evidence) {
        let path = bare(path);
        match path.rsplit_once('/').filter(|(folder, _)| !folder.is_empty()) {
            Some((folder, _)) => self.folder(folder, at, NOT_WRITTEN),
            None if !dir.has(path) => self.alone(path, at),
            None => {}
        }
    }

    /// A database by its address.
    pub fn database(&mut self, dir: &Dir<'_>, address: &str, at: Evidence) {
        if let Some(path) = path_of(address) {
            self.file(dir, path, at);
        }
    }

    /// A setting, by its name and its default: what holds data by its name, and is a path by its value.
    pub fn setting(&mut self, dir: &Dir<'_>, name: &str, value: &str, at: Evidence) {
        let Some((path, is_file)) = judged(&kebab(name), value) else { return };
        let brought = |folder: &str| dir.dir(folder.trim_start_matches("./")).files_below().any(|file| !file.name().starts_with('.'));
        if is_file {
            self.file(dir, path, at);
        } else if path.starts_with('/') || !brought(path) {
            self.folder(path, at, NOT_WRITTEN);
        }
    }

    /// All settings of a language and its files of settings, by patterns whose groups are a name and a default.
    pub fn settings(&mut self, dir: &Dir<'_>, texts: &[Rc<Text>], patterns: &[&str]) {
        for pattern in patterns.iter().filter_map(|pattern| pattern::pattern(pattern).ok()) {
            for text in texts {
                for groups in pattern.captures_iter(text.as_str()) {
                    let (Some(name), Some(value)) = (groups.get(1), groups.get(2)) else { continue };
                    let line = text.as_str()[..value.start()].rfind('\n').map_or(0, |at| at + 1);
                    let line = text.as_str()[line..].lines().next().unwrap_or_default().trim();
                    if !line.starts_with("//") && !line.starts_with('#') {
                        self.setting(dir, name.as_str(), value.as_str(), text.at(value.start(), line));
                    }
                }
            }
        }
    }

    /// The same in files of settings.
    pub fn settings_in_files(&mut self, dir: &Dir<'_>, files: &[Rc<Text>]) {
        self.settings(dir, files, &[r#"(?m)^\s*["']?([\w.-]+)["']?\s*[:=]\s*["']?([^"'\s#]+)"#]);
    }

    /// Files of databases, wherever one is named whole; or, where the program keeps one (this says so) and nobody says where, the folder that it runs in.
    pub fn databases(&mut self, dir: &Dir<'_>, texts: &[Rc<Text>], files: &[Rc<Text>], keeps: Option<Evidence>) {
        let Some(at) = keeps else { return };
        if let Ok(pattern) =
            pattern::pattern(r#"(?m)[:=][ \t]*["']?((?:file:|sqlite3?:(?://)?)?[\w./-]+\.(?:db|db3|sqlite3?))(?:\?[^"'\s]*)?["']?[ \t]*,?[ \t]*$"#)
        {
            for hit in source::find_all(files, &pattern, "#") {
                self.database(dir, &hit.value, hit.at);
            }
        }
        let Ok(pattern) = pattern::pattern(r#""((?:file:|sqlite3?:(?://)?)?[\w./-]+\.(?:db|db3|sqlite3?))(?:\?[^"\n]*)?["`]"#) else { return };
        let hits = source::find_all(texts, &pattern, "//");
        let named = !hits.is_empty();
        for hit in hits.into_iter().filter(|hit| !hit.at.raw.contains("oin(") && !hit.at.raw.contains(".push(")) {
            if let Some(path) = path_of(&hit.value) {
                self.file(dir, path, hit.at);
            }
        }
        let memory = || texts.iter().any(|text| text.as_str().contains(":memory:"));
        if self.folders.is_empty() && self.files.is_empty() && !named && !memory() {
            self.files.push((HERE.to_owned(), at));
        }
    }

    /// What calls are given: files and folders by patterns whose group is a path.
    pub fn calls(&mut self, dir: &Dir<'_>, texts: &[Rc<Text>], patterns: &[&str], is_file: bool) {
        for pattern in patterns.iter().filter_map(|pattern| pattern::pattern(pattern).ok()) {
            for hit in source::find_all(texts, &pattern, "//") {
                match path_of(&hit.value) {
                    Some(path) if is_file => self.file(dir, path, hit.at),
                    Some(path) => self.folder(path, hit.at, NOT_WRITTEN),
                    None => {}
                }
            }
        }
    }

    /// Hands the template of an image that has no shell what is written, and says so: what is written is made in the build, below `/made`, and copied. A program that reads nothing
    /// beside itself runs in the volume, so that all its files are written there.
    pub fn state_without_shell(mut self, draft: &mut ServiceDraft) {
        self.folders.truncate(MOST);
        self.files.truncate(MOST);
        let reads = ["assets", "stays"].iter().any(|key| draft.extra.contains_key(*key)) || draft.front.as_ref().is_some_and(|front| front.read);
        self.files.retain(|(file, _)| !reads || file != HERE);
        if self.folders.is_empty() && self.files.is_empty() {
            return;
        }
        let adrift = !self.files.is_empty() && !reads;
        let home = if adrift { DATA } else { "/app" };
        let mut volumes: Vec<String> = self.folders.iter().map(|(folder, _)| at_home(folder, home)).collect();
        let mut made = volumes.clone();
        if !self.files.is_empty() {
            let below = format!("{DATA}/");
            volumes.retain(|folder| !folder.starts_with(&below) && folder != DATA);
            volumes.push(DATA.to_owned());
            made.push(DATA.to_owned());
            made.extend((!adrift).then(|| "/app".to_owned()));
        }
        if !reads && !adrift && self.folders.iter().any(|(folder, _)| !folder.starts_with('/')) {
            draft.set("home", "/app");
        }
        if adrift {
            draft.set("adrift", DATA);
            draft.set("links", Vec::<String>::new());
        } else {
            self.links(draft);
        }
        let outside: Vec<String> = self.folders.iter().map(|(folder, _)| folder.clone()).filter(|folder| folder.starts_with('/')).collect();
        if !outside.is_empty() {
            draft.set("outside", outside);
        }
        // A folder is made with those that lead to it.
        let above = |folder: &String| made.iter().any(|other| other.starts_with(&format!("{folder}/")));
        let mut made: Vec<String> = made.iter().filter(|folder| !above(folder)).map(|folder| format!("/made{folder}")).collect();
        for list in [&mut volumes, &mut made] {
            list.sort();
            list.dedup();
        }
        draft.set("volumes", volumes);
        draft.set("made", made);
        for (path, at) in self.folders.into_iter().chain(self.files) {
            draft.facts.push(("writes".to_owned(), Decision::new(path, Source::File(at))));
        }
    }

    fn links(&self, draft: &mut ServiceDraft) {
        let mut links: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (file, _) in self.files.iter().filter(|(file, _)| file != HERE) {
            let (folder, name) = file.rsplit_once('/').map_or(("", file.as_str()), |(folder, name)| (folder, name));
            let folder = format!("/made/app/{folder}/").replace("//", "/");
            links.entry(folder).or_default().push(format!("{DATA}/{name}"));
        }
        draft.set("links", links.into_iter().map(|(to, files)| json!({ "files": files, "to": to })).collect::<Vec<_>>());
    }
}

/// An empty `.env` beside a program that ends where there is none: its variables come from outside, and no file of secrets belongs into an image.
pub fn dotenv(draft: &mut ServiceDraft, at: Evidence) {
    let home = draft.extra.get("adrift").and_then(serde_json::Value::as_str).unwrap_or("/app").to_owned();
    let list = draft.extra.get("made").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    let mut made: Vec<String> = list.iter().filter_map(|folder| folder.as_str().map(ToOwned::to_owned)).collect();
    let own = format!("/made{home}");
    if !made.iter().any(|folder| *folder == own || folder.starts_with(&format!("{own}/"))) {
        made.push(own.clone());
        made.sort();
    }
    draft.set("made", made);
    draft.set("dotenv", format!("{own}/.env"));
    if !draft.extra.contains_key("links") {
        draft.set("links", Vec::<String>::new());
    }
    if !draft.extra.contains_key("adrift") {
        draft.set("home", home);
    }
    draft.facts.push(("dotenv".to_owned(), Decision::new("empty".to_owned(), Source::inferred("the program ends without one", [at]))));
}

fn at_home(folder: &str, home: &str) -> String {
    if folder.starts_with('/') { folder.to_owned() } else { format!("{home}/{folder}") }
}

/// A name in lower case with hyphens: `uploadDir`, `UPLOAD_DIR` and `upload.dir` are one.
fn kebab(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    let mut before = '-';
    for c in name.chars() {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            words.push('-');
        }
        words.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
        before = c;
    }
    words.trim_matches('-').to_owned()
}

/// What settings hold that a program keeps.
const KEPT: &[&str] = &[
    "attachment",
    "attachments",
    "blob",
    "blobs",
    "bolt",
    "badger",
    "cache",
    "data",
    "database",
    "db",
    "file",
    "files",
    "log",
    "logs",
    "media",
    "sqlite",
    "sqlite3",
    "state",
    "storage",
    "store",
    "upload",
    "uploads",
];

/// Words that make a path of it.
const FOLDERS: &[&str] = &["dir", "directory", "folder", "root"];
const PATHS: &[&str] = &["dsn", "file", "filename", "location", "path", "uri", "url"];

/// Endings of databases.
const DATABASES: &[&str] = &["bolt", "bbolt", "db", "db3", "sqlite", "sqlite3"];

/// The path in a setting's default, and whether it is that of a file; `None`: not a place for what a program keeps.
fn judged<'v>(name: &str, value: &'v str) -> Option<(&'v str, bool)> {
    let path = path_of(value)?;
    let mut words = name.rsplit('-');
    let last = words.next()?;
    let kept = words.any(|word| KEPT.contains(&word)) || matches!(last, "datadir" | "dbpath" | "dbfile" | "datapath" | "uploaddir" | "logfile");
    let ending = path.rsplit('/').next().and_then(|file| file.rsplit_once('.')).map(|(_, ending)| ending).unwrap_or_default();
    if DATABASES.contains(&ending) {
        return (kept || KEPT.contains(&last) || PATHS.contains(&last)).then_some((path, true));
    }
    // A route of a server looks like a path at the top.
    let route = path.starts_with('/') && !["/data", "/var/", "/srv/", "/opt/", "/mnt/"].iter().any(|known| path.starts_with(known));
    if route {
        return None;
    }
    if kept && ending == "log" {
        return Some((path, true));
    }
    let kept = kept || KEPT.contains(&path.trim_start_matches(['.', '/']).split('/').next().unwrap_or_default());
    let is_folder = FOLDERS.contains(&last) || last.ends_with("dir") || matches!(last, "path" | "location" | "datapath") && path.contains('/');
    (kept && is_folder && ending.is_empty()).then_some((path, false))
}

/// The path in a literal: without the scheme and the options of a database's address. `None`: it is none, or nothing that stays.
pub fn path_of(value: &str) -> Option<&str> {
    let path = value.split('?').next()?;
    let path = ["sqlite3:", "sqlite:", "file:"].iter().fold(path, |path, scheme| path.strip_prefix(scheme).unwrap_or(path));
    let path = path.strip_prefix("//").unwrap_or(path);
    let plain = path.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/'));
    (plain && path.contains(|c: char| c.is_ascii_alphanumeric()) && !path.contains("..")).then_some(path)
}

/// What a search says of a server with this source, for the tests of the languages.
#[cfg(test)]
pub fn written(search: impl FnOnce(&Dir<'_>, &mut ServiceDraft, &[Rc<Text>]), source: &str) -> String {
    let mut draft = ServiceDraft::new("a", crate::model::RelPath::root(), "a");
    draft.kind = Kind::Server;
    let tree = crate::fs::Tree::memory([("main", source)]);
    search(&tree.root(), &mut draft, &[Rc::new(Text::new(crate::model::RelPath::known("main"), source))]);
    draft.facts.iter().map(|(_, what)| what.value.as_str()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{judged, kebab, path_of};

    #[test]
    fn a_setting_is_judged_by_its_name_and_its_value() {
        for (name, value, expected) in [
            ("db", "data/store.db", Some(("data/store.db", true))),
            ("DATABASE_PATH", "file:app.db?_journal=WAL", Some(("app.db", true))),
            ("DATABASE_URL", "sqlite://todos.db", Some(("todos.db", true))),
            ("dbFile", "/data/x.sqlite3", Some(("/data/x.sqlite3", true))),
            ("dataDir", "./data", Some(("./data", false))),
            ("UPLOADS_DIRECTORY", "uploads", Some(("uploads", false))),
            ("upload_path", "./upload", Some(("./upload", false))),
            ("upload_path", "/upload", None),
            ("DATA_DIR", "/var/lib/app", Some(("/var/lib/app", false))),
            ("log.file", "logs/app.log", Some(("logs/app.log", true))),
            ("database_url", "postgres://localhost/x", None),
            ("db", "main", None),
            ("db_name", "main", None),
            ("static_dir", "static", None),
            ("uploadedImagesDir", "data/images", Some(("data/images", false))),
            ("filename", "notes.txt", None),
            ("DATABASE_URL", "sqlite::memory:", None),
        ] {
            assert_eq!(judged(&kebab(name), value), expected, "{name} {value}");
        }
        assert_eq!(path_of("sqlite:///data/x.db?mode=rwc"), Some("/data/x.db"));
        assert_eq!(path_of(":memory:"), None);
    }
}
