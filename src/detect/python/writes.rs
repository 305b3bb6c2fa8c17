//! What a program writes beside its code: folders that it makes or fills, and files. The code's folder is not the program's own, so these become volumes.

use std::rc::Rc;

use serde_json::json;

use super::apps::{Sources, regex};
use super::project::Project;
use crate::detect::source::Hit;
use crate::fs::Text;
use crate::model::{Decision, Diagnostic, Evidence, ServiceDraft, Source};

/// The volume of single files, which are links into it.
const DATA: &str = "/data";

/// A volume for more than this is a project that asks for a home of its own.
const MOST: usize = 6;

/// Folders that tools write and programs don't.
const NOT_WRITTEN: &[&str] = &["bin", "build", "dist", "docs", "test", "tests", "tmp", "node_modules", "static", "templates", "src", "app"];

/// Places that a program makes or fills, as plain text.
const FOLDERS: &[&str] = &[
    r#"\bos\.(?:makedirs|mkdir)\(\s*["']([\w./-]+)["']"#,
    r#"\bPath\(\s*["']([\w./-]+)["']\s*\)\.mkdir\("#,
    r#"\bUPLOAD_FOLDER["']?\]?\s*=\s*["']([\w./-]+)["']"#,
];

/// Files that a program writes.
const FILES: &[&str] = &[
    r#"FileHandler\(\s*["']([\w./-]+)["']"#,
    r#"\bbasicConfig\([^)]*\bfilename\s*=\s*["']([\w./-]+)["']"#,
    r#"["']filename["']\s*:\s*["']([\w./-]+\.log)["']"#,
    r#"\blogger\.add\(\s*["']([\w./-]+\.log)["']"#,
    r#"["']sqlite(?:\+\w+)?:///(/?[\w.-][\w./-]*)"#,
    r#"\b(?:aio)?sqlite3?\.connect\(\s*["']([\w./-]+\.\w+)["']"#,
];

/// Files beside the settings: `BASE_DIR / "db.sqlite3"`, `os.path.join(basedir, "app.db")`.
const BESIDE: &str = r#"(?i)\b(?:basedir|base_dir)\s*(?:/|,)\s*["']([\w.-]+\.(?:db|sqlite3?))["']"#;

/// What is written, each with the place that says so.
#[derive(Debug, Default)]
pub struct Writes {
    folders: Vec<(String, Evidence)>,
    files: Vec<(String, Evidence)>,
}

impl Writes {
    /// Searches the source.
    pub fn search(&mut self, sources: &Sources<'_>, project: &Project) -> Result<(), Diagnostic> {
        let found = self;
        for pattern in FOLDERS {
            for hit in hits(sources, pattern)? {
                found.folder(&hit.value, hit.at);
            }
        }
        let instance = project.needs(&["flask-sqlalchemy"]).is_some();
        for pattern in FILES {
            for hit in hits(sources, pattern)? {
                // Flask-SQLAlchemy puts a relative file into the application's own folder.
                if instance && pattern.contains("sqlite(") && !sources.packaged {
                    found.folder("instance", hit.at);
                } else {
                    found.file(sources, &hit.value, hit.at);
                }
            }
        }
        if !sources.packaged
            && let Some(hit) = sources.find(r"\bos\.makedirs\(\s*(?:\w+\.)*(instance)_path\b")?
        {
            found.folder("instance", hit.at);
        }
        for hit in hits(sources, BESIDE)?.into_iter().filter(|hit| !sources.packaged && hit.at.file.parent().is_none_or(|folder| folder == *sources.dir.path()))
        {
            found.file(sources, &hit.value, hit.at);
        }
        Ok(())
    }

    /// A folder seen from the program.
    pub fn folder(&mut self, path: &str, at: Evidence) {
        let path = path.trim_start_matches("./").trim_end_matches('/').trim_start_matches("/app/");
        let first = path.split('/').next().unwrap_or_default();
        let outside = path.starts_with('/') && path != DATA && !path.starts_with("/data/");
        let inside = |known: &str| path == known || path.strip_prefix(known).is_some_and(|rest| rest.starts_with('/'));
        if path.is_empty()
            || outside
            || path.contains("..")
            || path == "."
            || NOT_WRITTEN.contains(&first)
            || self.folders.iter().any(|(known, _)| inside(known))
        {
            return;
        }
        self.folders.push((path.to_owned(), at));
    }

    /// A file seen from the program: its folder is written, or it is linked into the volume of data. One that the project brings is read.
    pub fn file(&mut self, sources: &Sources<'_>, path: &str, at: Evidence) {
        let path = path.trim_start_matches("./").trim_start_matches("/app/");
        // Beside modules a file is written alone: their folder is not the program's own.
        let modules = |folder: &str| sources.dir.dir(folder).files().any(|file| file.strip_suffix(".py").is_some());
        if let Some((folder, _)) = path.rsplit_once('/').filter(|(folder, _)| !folder.is_empty() && !modules(folder)) {
            self.folder(folder, at);
        } else if !path.is_empty() && !path.starts_with('/') && !sources.dir.has(path) && !self.files.iter().any(|(known, _)| known == path) {
            self.files.push((path.to_owned(), at));
        }
    }

    /// Hands the template what is written, and says so.
    pub fn state(mut self, draft: &mut ServiceDraft) {
        self.folders.truncate(MOST);
        self.files.truncate(MOST);
        let at_home = |folder: &String| if folder.starts_with('/') { folder.clone() } else { format!("/app/{folder}") };
        let mut folders: Vec<String> = self.folders.iter().map(|(folder, _)| folder.clone()).collect();
        if !self.files.is_empty() && !folders.iter().any(|folder| folder == DATA) {
            folders.push(DATA.to_owned());
        }
        folders.sort();
        draft.set("volumes", folders.iter().map(at_home).collect::<Vec<_>>());
        draft.set("written", folders);
        let mut links: std::collections::BTreeMap<String, Vec<String>> = std::collections::BTreeMap::new();
        for (file, _) in &self.files {
            let (folder, name) = file.rsplit_once('/').map_or_else(|| ("./".to_owned(), file.as_str()), |(folder, name)| (format!("{folder}/"), name));
            links.entry(folder).or_default().push(format!("{DATA}/{name}"));
        }
        draft.set("links", links.into_iter().map(|(to, files)| json!({ "files": files, "to": to })).collect::<Vec<_>>());
        for (path, at) in self.folders.into_iter().chain(self.files) {
            draft.facts.push(("writes".to_owned(), Decision::new(path, Source::File(at))));
        }
    }
}

fn hits(sources: &Sources<'_>, pattern: &str) -> Result<Vec<Hit>, Diagnostic> {
    let texts: Vec<Rc<Text>> = sources.of_production().cloned().collect();
    Ok(crate::detect::source::find_all(&texts, &regex(pattern)?, "#"))
}

#[cfg(test)]
mod tests {
    use super::Writes;
    use crate::detect::python::apps::Sources;
    use crate::detect::python::project::Project;
    use crate::fs::Tree;

    fn written(files: &[(&str, &str)]) -> String {
        let tree = Tree::memory(files.iter().copied());
        let project = Project::read(&tree.root()).expect("fine");
        let mut found = Writes::default();
        found.search(&Sources::read(&tree.root(), false, &[]), &project).expect("fine");
        found.folders.iter().chain(&found.files).map(|(path, _)| path.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn folders_and_files_beside_the_code() {
        for (source, expected) in [
            ("os.makedirs('uploads', exist_ok=True)\n", "uploads"),
            ("Path('./data/cache').mkdir(parents=True)\n", "data/cache"),
            ("RotatingFileHandler('logs/app.log', maxBytes=1)\n", "logs"),
            ("h = logging.FileHandler('app.log')\n", "app.log"),
            ("engine = create_engine('sqlite:///./notes.db')\n", "notes.db"),
            ("engine = create_engine('sqlite:////data/notes.db')\n", "/data"),
            ("engine = create_engine('sqlite://')\n", ""),
            ("sqlite3.connect(':memory:')\n", ""),
            ("os.makedirs('/tmp/x')\nos.mkdir('build')\n# os.mkdir('x')\n", ""),
            ("URL = 'sqlite:///' + os.path.join(basedir, 'app.db')\n", "app.db"),
        ] {
            assert_eq!(written(&[("main.py", source)]), expected, "{source}");
        }
    }

    #[test]
    fn what_the_project_brings_is_read() {
        assert_eq!(written(&[("main.py", "sqlite3.connect('songs.db')\n"), ("songs.db", "")]), "");
        let app = ("app.py", "x['SQLALCHEMY_DATABASE_URI'] = 'sqlite:///shop.db'\n");
        assert_eq!(written(&[app, ("requirements.txt", "flask-sqlalchemy\n")]), "instance");
    }
}
