//! Where Python programs say what they write beside their code.

use std::rc::Rc;

use super::apps::{Sources, regex};
use super::made;
use super::project::Project;
use crate::detect::source::Hit;
use crate::detect::writes::Writes;
use crate::fs::Text;
use crate::model::{Diagnostic, Evidence};

/// Folders that tools write and programs don't.
const NOT_WRITTEN: &[&str] = &["bin", "build", "dist", "docs", "test", "tests", "tmp", "node_modules", "static", "templates", "src", "app"];

/// Those of them that hold code, and folders of data within it.
const CODE: &[&str] = &["app", "src", "static"];

/// Places that a program makes or fills, as plain text.
const FOLDERS: &[&str] = &[r#"\bos\.(?:makedirs|mkdir)\(\s*["']([\w./-]+)["']"#, r#"\bPath\(\s*["']([\w./-]+)["']\s*\)\.mkdir\("#];

/// Files that a program writes.
const FILES: &[&str] = &[
    r#"FileHandler\(\s*(?:filename\s*=\s*)?["']([\w./-]+)["']"#,
    r#"\bbasicConfig\([^)]*\bfilename\s*=\s*["']([\w./-]+)["']"#,
    r#"["']filename["']\s*:\s*["']([\w./-]+\.log)["']"#,
    r#"\blogger\.add\(\s*["']([\w./-]+\.log)["']"#,
    r#"["']sqlite(?:\+\w+)?:///(/?[\w.-][\w./-]*)"#,
    r#"\b(?:aio)?sqlite3?\.connect\(\s*["']([\w./-]+\.\w+)["']"#,
];

/// Files beside the settings: `BASE_DIR / "db.sqlite3"`, `os.path.join(basedir, "app.db")`.
const BESIDE: &str = r#"(?i)\b(?:basedir|base_dir)\s*(?:/|,)\s*["']([\w.-]+\.(?:db|sqlite3?))["']"#;

/// Searches the source.
pub fn search(found: &mut Writes, sources: &Sources<'_>, project: &Project) -> Result<(), Diagnostic> {
    for pattern in FOLDERS {
        for hit in hits(sources, pattern)? {
            folder(found, &hit.value, hit.at);
        }
    }
    made::search(found, sources)?;
    let instance = project.needs(&["flask-sqlalchemy"]).is_some();
    for pattern in FILES {
        for hit in hits(sources, pattern)? {
            // Flask-SQLAlchemy puts a relative file into the application's own folder.
            let path = hit.value.trim_start_matches("./").to_owned();
            if instance && pattern.contains("sqlite(") && !sources.packaged {
                folder(found, "instance", hit.at);
            } else if pattern.contains("sqlite(") && !path.contains('/') && sources.dir.has(&path) {
                // A database that the project brings is what the program begins with.
                found.seeded(&path, hit.at);
            } else {
                file(found, sources, &hit.value, hit.at);
            }
        }
    }
    if let Some(hit) = sources.find(r"\bos\.makedirs\(\s*(?:\w+\.)*(instance)_path\b")? {
        let tail = hit.at.file.below(sources.dir.path()).unwrap_or_default();
        let package = tail.strip_prefix("src/").unwrap_or(tail).split('/').next().unwrap_or_default();
        // Flask's folder of an installed package lies in the virtual environment.
        let home = if sources.packaged { format!("/opt/venv/var/{package}-instance") } else { "instance".to_owned() };
        folder(found, &home, hit.at.clone());
    }
    // A file beside the module, by a formatted string.
    for hit in hits(sources, r#"\bconnect\(\s*f["']\{[\w.()]*__file__\)+\}/([\w./-]+\.\w+)["']"#)? {
        let folder = hit.at.file.below(sources.dir.path()).and_then(|tail| Some(tail.rsplit_once('/')?.0.to_owned()));
        let path = folder.map_or_else(|| hit.value.clone(), |folder| format!("{folder}/{}", hit.value));
        if !sources.packaged {
            file(found, sources, &path, hit.at);
        }
    }
    for hit in hits(sources, BESIDE)?.into_iter().filter(|hit| !sources.packaged && hit.at.file.parent().is_none_or(|folder| folder == *sources.dir.path())) {
        file(found, sources, &hit.value, hit.at);
    }
    Ok(())
}

/// A folder seen from the program.
pub fn folder(found: &mut Writes, path: &str, at: Evidence) {
    // A part of the code's folders can be the program's to fill; the whole is not.
    let inner = CODE.iter().any(|code| path.trim_start_matches("./").strip_prefix(code).is_some_and(|rest| rest.len() > 1 && rest.starts_with('/')));
    found.folder(path, at, if inner { &[] } else { NOT_WRITTEN });
}

/// A file seen from the program: its folder is written, or it alone. One that the project brings is read.
pub fn file(found: &mut Writes, sources: &Sources<'_>, path: &str, at: Evidence) {
    let path = path.trim_start_matches("./").trim_start_matches("/app/");
    // Beside modules a file is written alone: their folder is not the program's own.
    let modules = |folder: &str| sources.dir.dir(folder).files().any(|file| file.strip_suffix(".py").is_some());
    if let Some((home, _)) = path.rsplit_once('/').filter(|(home, _)| !home.is_empty() && !modules(home)) {
        folder(found, home, at);
    } else if !sources.dir.has(path) {
        found.alone(path, at);
    }
}

fn hits(sources: &Sources<'_>, pattern: &str) -> Result<Vec<Hit>, Diagnostic> {
    let texts: Vec<Rc<Text>> = sources.of_production().cloned().collect();
    Ok(crate::detect::source::find_all(&texts, &regex(pattern)?, "#"))
}

#[cfg(test)]
mod tests {
    use crate::detect::python::apps::Sources;
    use crate::detect::python::project::Project;
    use crate::detect::writes::Writes;
    use crate::fs::Tree;

    fn written(files: &[(&str, &str)]) -> String {
        let tree = Tree::memory(files.iter().copied());
        let project = Project::read(&tree.root()).expect("fine");
        let mut found = Writes::default();
        super::search(&mut found, &Sources::read(&tree.root(), false, &[]), &project).expect("fine");
        found.paths().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn folders_and_files_beside_the_code() {
        for (source, expected) in [
            ("os.makedirs('uploads', exist_ok=True)\n", "uploads"),
            ("Path('./data/cache').mkdir(parents=True)\n", "data/cache"),
            ("RotatingFileHandler('logs/app.log', maxBytes=1)\n", "logs"),
            ("h = logging.FileHandler('app.log')\n", "app.log"),
            ("h = logging.FileHandler(filename=\"bot.log\", mode='w')\n", "bot.log"),
            ("await aiosqlite.connect(f\"{os.path.realpath(os.path.dirname(__file__))}/database/a.db\")\n", "database"),
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
        assert_eq!(written(&[("main.py", "create_engine('sqlite:///./songs.db')\n"), ("songs.db", "")]), "songs.db");
        let app = ("app.py", "x['SQLALCHEMY_DATABASE_URI'] = 'sqlite:///shop.db'\n");
        assert_eq!(written(&[app, ("requirements.txt", "flask-sqlalchemy\n")]), "instance");
    }
}
