//! What a program writes beside its code: folders that it makes or fills, and files. The code's folder is not the program's own, so these become volumes.

pub mod compiled;

use serde_json::json;

use crate::model::{Decision, Evidence, ServiceDraft, Source};

/// The volume of single files, which are links into it.
const DATA: &str = "/data";

/// A volume for more than this is a project that asks for a home of its own.
const MOST: usize = 6;

/// Folders of the system that hold nothing but data.
const OF_DATA: &[&str] = &[
    "/config",
    "/data",
    "/database",
    "/db",
    "/etc",
    "/mnt",
    "/opt",
    "/srv",
    "/storage",
    "/uploads",
    "/var/cache",
    "/var/data",
    "/var/lib",
    "/var/log",
    "/var/opt",
];

/// Folders of the system or of the image: a command that names one reads it.
const OF_SYSTEM: &[&str] = &["app", "bin", "boot", "dev", "etc", "home", "lib", "proc", "root", "run", "sbin", "sys", "tmp", "usr"];

/// Those that hold folders of programs: one of them is meant, never the whole.
const OF_PROGRAMS: &[&str] = &["media", "mnt", "opt", "srv", "var"];

/// What is written, each with the place that says so.
#[derive(Debug, Default)]
pub struct Writes {
    folders: Vec<(String, Evidence)>,
    files: Vec<(String, Evidence)>,
    brought: Vec<String>,
    /// Folders outside of the code that the program's command names.
    told: Vec<(String, Source)>,
}

impl Writes {
    /// A folder seen from the program; those that tools write and programs don't are `never` one.
    pub fn folder(&mut self, path: &str, at: Evidence, never: &[&str]) {
        let path = bare(path).trim_end_matches('/');
        let first = path.split('/').next().unwrap_or_default();
        let outside = path.starts_with('/') && !OF_DATA.iter().any(|home| inside(path, home));
        // A part of the system that is full of other programs' data is nobody's volume.
        let whole = matches!(path, "/etc" | "/mnt" | "/opt" | "/srv" | "/var/cache" | "/var/lib" | "/var/log" | "/var/opt");
        if path.is_empty()
            || outside
            || whole
            || path.split('/').any(|part| part == "..")
            || path == "."
            || never.contains(&first)
            || self.folders.iter().any(|(known, _)| inside(path, known))
        {
            return;
        }
        self.folders.retain(|(known, _)| !inside(known, path));
        self.folders.push((path.to_owned(), at));
    }

    /// Folders of its own that a command line gives the program: `--datadir /config`; of a file the one that it lies in.
    pub fn told(&mut self, words: &[String], source: &Source) {
        for word in words.iter().skip(1) {
            let path = word.rsplit('=').next().unwrap_or(word).trim_end_matches('/');
            let top = path.trim_start_matches('/').split('/').next().unwrap_or_default();
            let plain = path.starts_with('/') && path.len() > 1 && path.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
            let whole = OF_PROGRAMS.contains(&top) && path.matches('/').count() < 2;
            if !plain || whole || OF_SYSTEM.contains(&top) || path.contains("..") || path.starts_with("/opt/venv") || path.starts_with("/var/run") {
                continue;
            }
            let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
            let folder = if name.contains('.') { above } else { path };
            if !folder.is_empty() && !self.told.iter().any(|(known, _)| known == folder) {
                self.told.push((folder.to_owned(), source.clone()));
            }
        }
    }

    /// A file seen from the program, in a folder that holds code too, or in that of the program itself: it is linked into the volume of data.
    pub fn alone(&mut self, path: &str, at: Evidence) {
        let path = bare(path);
        if !path.is_empty() && !path.starts_with('/') && !path.contains("..") && !self.files.iter().any(|(known, _)| known == path) {
            self.files.push((path.to_owned(), at));
        }
    }

    /// The same of a file that the project brings: the volume begins with it.
    pub fn seeded(&mut self, path: &str, at: Evidence) {
        self.alone(path, at);
        self.brought.push(bare(path).to_owned());
    }

    /// The folders.
    pub fn folders(&self) -> impl Iterator<Item = &str> {
        self.folders.iter().map(|(path, _)| path.as_str())
    }

    /// Folders that lie in one folder, which the repository does not hold (`absent`): that one is the program's.
    pub fn gather(&mut self, absent: impl Fn(&str) -> bool) {
        let top = |path: &str| path.split_once('/').map(|(top, _)| top.to_owned()).filter(|top| !top.is_empty());
        for first in self.folders.iter().filter_map(|(path, _)| top(path)).collect::<std::collections::BTreeSet<_>>() {
            let below: Vec<usize> = (0..self.folders.len()).filter(|at| top(&self.folders[*at].0).as_ref() == Some(&first)).collect();
            if let [at, _, ..] = below.as_slice()
                && absent(&first)
            {
                let (at, place) = (*at, self.folders[*at].1.clone());
                self.folders[at] = (first.clone(), place);
                let whole = format!("{first}/");
                self.folders.retain(|(path, _)| !path.starts_with(&whole));
            }
        }
    }

    /// Whether files are written alone.
    pub fn has_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// The paths, folders first.
    #[cfg(test)]
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.folders.iter().chain(&self.files).map(|(path, _)| path.as_str())
    }

    /// Hands the template what is written, and says so. `home` is the program's folder below the image's `/app`.
    pub fn state(mut self, draft: &mut ServiceDraft, home: &str) {
        self.folders.truncate(MOST);
        self.files.truncate(MOST);
        let join = |path: &str| if path.starts_with('/') || home.is_empty() { path.to_owned() } else { format!("{home}/{path}") };
        let whole = |path: &String| if path.starts_with('/') { path.clone() } else { format!("/app/{path}") };
        let mut folders: Vec<String> = self.folders.iter().map(|(folder, _)| join(folder)).collect();
        folders.extend(self.told.iter().map(|(folder, _)| folder.clone()));
        if !self.files.is_empty() && !folders.iter().any(|folder| folder == DATA) {
            folders.push(DATA.to_owned());
        }
        folders.sort();
        folders.dedup();
        // The developer's container has no volumes: what lies outside of the code is made there too.
        let outside = |folder: &&String| folder.starts_with('/') && !folder.starts_with("/opt/venv") && (*folder != DATA || self.files.is_empty());
        draft.set("outside", folders.iter().filter(outside).cloned().collect::<Vec<_>>());
        draft.set("volumes", folders.iter().map(whole).collect::<Vec<_>>());
        draft.set("written", folders);
        let mut links: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
        for (file, _) in &self.files {
            let file = join(file);
            let (folder, name) = file.rsplit_once('/').map_or_else(|| ("./".to_owned(), file.as_str()), |(folder, name)| (format!("{folder}/"), name));
            links.entry(folder).or_default().push(format!("{DATA}/{name}"));
        }
        // What the image copies is there; a link needs its folder.
        let copied: Option<Vec<&str>> =
            draft.extra.get("folders").and_then(|list| list.as_array()).map(|list| list.iter().filter_map(|one| one.as_str()).collect());
        let whole = draft.extra.get("whole").and_then(serde_json::Value::as_bool) == Some(true);
        let absent =
            |to: &str| to != "./" && !whole && copied.as_ref().is_some_and(|copied| !copied.iter().any(|folder| inside(to.trim_end_matches('/'), folder)));
        let rows: Vec<_> = links.into_iter().map(|(to, files)| json!({ "files": files, "absent": absent(&to), "to": to })).collect();
        draft.set("links", rows);
        self.brought.retain(|path| self.files.iter().any(|(file, _)| file == path));
        draft.set("seeds", self.brought);
        let found = self.folders.into_iter().chain(self.files).map(|(path, at)| (path, Source::File(at)));
        draft.facts.extend(found.chain(self.told).map(|(path, source)| ("writes".to_owned(), Decision::new(path, source))));
    }
}

/// A path without what stands for the program's own folder.
fn bare(path: &str) -> &str {
    path.trim_start_matches("./").trim_start_matches("/app/")
}

/// Whether a path is this folder or lies in it.
fn inside(path: &str, folder: &str) -> bool {
    path == folder || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::Writes;
    use crate::model::{Evidence, RelPath, ServiceDraft, Source};

    #[test]
    fn folders_become_volumes_and_files_links() {
        let at = || Evidence::file(RelPath::known("a.js"));
        let mut found = Writes::default();
        for folder in ["./uploads/", "data/db/x", "data/db", "uploads/small", "/usr/a", "/etc", "/var/lib", "/var/lib/shop", "../up", "dist"] {
            found.folder(folder, at(), &["dist"]);
        }
        found.alone("./shop.db", at());
        found.seeded("db/notes.json", at());
        assert_eq!(found.paths().collect::<Vec<_>>(), ["uploads", "data/db", "/var/lib/shop", "shop.db", "db/notes.json"]);
        let command = ["python", "a.py", "--datadir", "/shop/", "--log=/shop/a.log", "/etc/x", "/"].map(str::to_owned);
        found.told(&command, &Source::default("a test"));
        let mut draft = ServiceDraft::new("node", RelPath::root(), "a");
        found.state(&mut draft, "apps/api");
        let volumes = serde_json::json!(["/data", "/shop", "/var/lib/shop", "/app/apps/api/data/db", "/app/apps/api/uploads"]);
        assert_eq!(draft.extra.get("volumes"), Some(&volumes));
        let links = serde_json::json!([
            {"absent": false, "files": ["/data/shop.db"], "to": "apps/api/"},
            {"absent": false, "files": ["/data/notes.json"], "to": "apps/api/db/"},
        ]);
        assert_eq!(draft.extra.get("links"), Some(&links));
        assert_eq!(draft.extra.get("seeds"), Some(&serde_json::json!(["db/notes.json"])));
    }
}
