//! Where programs on Node.js and Bun say what they write: folders that they make or take uploads into, databases and logs in files.

use super::places::{Place, Reader};
use super::project::Project;
use super::typescript::{self, Output};
use super::{content, reached, script};
use crate::detect::writes::Writes;
use crate::manifest::pattern;
use crate::model::{Diagnostic, Evidence, Kind, RelPath, ServiceDraft};

/// Folders that tools write and programs don't.
const NOT_WRITTEN: &[&str] = &["build", "dist", "docs", "node_modules", "out", "src", "test", "tests", "coverage", ".next", ".nuxt", ".output"];

/// What a call or a setting is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// A folder.
    Folder,
    /// A file.
    File,
    /// A file with an ending, else a folder.
    Either,
    /// The file of a database, by its ending.
    Database,
    /// A file that is written beside itself and then renamed.
    Renamed,
}

/// A call or a setting before the path that it is given, what it takes, and words of which its file must hold one.
type Row = (&'static str, Takes, &'static [&'static str]);

const ROWS: &[Row] = &[
    (r"\b(?:mkdirSync|mkdir|mkdirp|mkdirp\.sync|mkdirpSync|ensureDir|ensureDirSync|mkdirs|mkdirsSync|makeDir)\(\s*()", Takes::Folder, &[]),
    (r"\b(?:writeFileSync|writeFile|appendFileSync|appendFile|createWriteStream|Bun\.write)\(\s*()", Takes::File, &[]),
    (r"\b(?:outputFile|outputFileSync|outputJson|outputJsonSync|outputJSON|writeJson|writeJsonSync|writeJSON|writeJSONSync)\(\s*()", Takes::File, &[]),
    (r"\b(?:dest|destination|uploadDir|tempFileDir)\s*:\s*()", Takes::Folder, &["multer", "Interceptor(", "formidable", "fileUpload", "fileupload"]),
    (r"\b(?:cb|callback|done|next)\(\s*null\s*,\s*()", Takes::Folder, &["diskStorage"]),
    (r"\.mv\(\s*()", Takes::File, &["express-fileupload", ".files"]),
    (r"\bnew\s+(?:\w+\.)?(?:Database|DatabaseSync)\(\s*()", Takes::File, &["sqlite"]),
    (r"\bBetterSqlite3?\(\s*()", Takes::File, &["better-sqlite3"]),
    (r"\bsqlite3?\.open\(\s*()", Takes::File, &["sqlite"]),
    (r"\bfilename\s*:\s*()", Takes::Database, &["sqlite", "knex"]),
    (r"\b(?:storage|database|url|connection)\s*:\s*()", Takes::Database, &["sqlite", "libsql", "knex"]),
    (r"\bnew\s+(?:JSONFile|JSONFileSync|FileSync|FileAsync)(?:<[^>]*>)?\(\s*()", Takes::Renamed, &["lowdb"]),
    (r"\bJSONFile(?:Sync)?Preset(?:<[^>]*>)?\(\s*()", Takes::Renamed, &["lowdb"]),
    (r"\bfilename\s*:\s*()", Takes::Renamed, &["nedb"]),
    (r"\bfilename\s*:\s*()", Takes::File, &["winston", "transports.File", "bunyan", "log4js"]),
    (r"\b(?:dirname|logDirectory)\s*:\s*()", Takes::Folder, &["winston", "DailyRotateFile"]),
    (r"\bnew\s+LocalStorage\(\s*()", Takes::Folder, &["node-localstorage"]),
    (r"\bnew\s+Level\(\s*()", Takes::Folder, &["level"]),
    // A folder that a variable of the environment moves, by its name.
    (
        r"\b(?:const|let|var)\s+(?:[A-Z]+_)*(?:DATA|UPLOADS?|STORAGE|HISTORY|LOGS?|CACHE|DATABASE|MEDIA|BACKUPS?)_(?:DIR|DIRECTORY|FOLDER)\s*(?::\s*string\s*)?=\s*()(?:process\.env|\w*[eE]nv\w*\()",
        Takes::Folder,
        &[],
    ),
    (r"\b(?:DB|DATABASE|SQLITE)_(?:FILE|FILENAME|PATH)\s*:\s*\w+\(\{[^}]*?\bdefault\s*:\s*()", Takes::File, &["cleanEnv"]),
    (r"\bFileStore\(\s*\{[^}]*?\bpath\s*:\s*()", Takes::Either, &["session-file-store"]),
];

/// Searches the source of what the program reaches, and states what is found.
pub fn fill(draft: &mut ServiceDraft, project: &Project<'_>) -> Result<(), Diagnostic> {
    if !matches!(draft.kind, Kind::Server | Kind::Worker) || draft.start.is_none() {
        return Ok(());
    }
    let output = match &project.package {
        Some(package) => typescript::output(&project.dir, package)?,
        None => None,
    };
    let file = draft.start.as_ref().and_then(|start| script::started(&start.value));
    let pages = draft.extra.get("front").is_some();
    let compiled = draft.build.is_some() && file.as_ref().is_some_and(|file| !project.dir.has(file.trim_start_matches("./")));
    let texts = reached::from(project, file.as_deref().filter(|_| !pages)).texts;
    let mut found = Writes::default();
    for text in &texts {
        let Some(path) = text.path().below(project.dir.path()) else { continue };
        let here = here(path, output.as_ref().filter(|_| compiled));
        // A bundler moves its files to who knows where.
        let bundled = pages || compiled && here.is_none();
        let here = here.unwrap_or_else(|| RelPath::known(path).parent().unwrap_or_else(RelPath::root));
        search(&mut found, project, &Reader { text, here, others: &texts }, bundled, &mut draft.notes);
    }
    found.gather(|folder| !project.dir.has_dir(folder) && !NOT_WRITTEN.contains(&folder));
    // What the repository holds there is written over.
    draft.set("owned", found.folders().any(|folder| project.dir.dir(folder).files_below().any(|file| !file.name().starts_with('.'))));
    let outside: Vec<String> = found.folders().filter(|folder| folder.starts_with('/')).map(ToOwned::to_owned).collect();
    draft.set("outside", outside);
    let home = project.folder_in_workspace().unwrap_or_default();
    let bare: Vec<String> = found.folders().filter(|folder| !folder.starts_with('/')).map(ToOwned::to_owned).collect();
    draft.watch.ignore.extend(bare.iter().map(|folder| format!("{folder}/")));
    // What the program makes is none of the image's, unless the repository brings it along.
    draft
        .ignore
        .extend(bare.into_iter().filter(|folder| !project.dir.has_dir(folder)).map(|folder| if home.is_empty() { folder } else { format!("{home}/{folder}") }));
    if found.has_files() {
        draft.refused.insert("distroless".to_owned(), "a file beside the code is written, and this image has no shell to link it".to_owned());
    }
    found.state(draft, &home);
    Ok(())
}

/// The folder that a file is in when it runs.
fn here(path: &str, output: Option<&Output>) -> Option<RelPath> {
    let path = match output {
        Some(output) => typescript::compiled(path, output)?,
        None => path.to_owned(),
    };
    Some(RelPath::known(&path).parent().unwrap_or_else(RelPath::root))
}

fn search(found: &mut Writes, project: &Project<'_>, reader: &Reader<'_>, bundled: bool, notes: &mut Vec<Diagnostic>) {
    let text = reader.text.as_str();
    for (call, takes, words) in ROWS {
        if !words.is_empty() && !words.iter().any(|word| text.contains(word)) {
            continue;
        }
        let Some(pattern) = pattern::kept(call) else { continue };
        for groups in pattern.captures_iter(text) {
            let (Some(whole), Some(end)) = (groups.get(0), groups.get(1)) else { continue };
            let line = text[..whole.start()].rfind('\n').map_or(0, |at| at + 1);
            let before = text[line..whole.start()].trim_start();
            if before.starts_with("//") || before.starts_with('*') || before.starts_with("/*") {
                continue;
            }
            let code = &text[end.start()..];
            if bundled && code.starts_with("__dirname") || bundled && code.contains("__dirname") && text.contains("= path.dirname(") {
                continue;
            }
            let Some(place) = reader.place(code) else { continue };
            // What writes into the sources of pages is a tool of those who work on them.
            if bundled && place.path.starts_with("src/") {
                continue;
            }
            let at = reader.text.at(whole.start(), text[line..].lines().next().unwrap_or_default().trim());
            take(found, project, *takes, &place, at, notes);
        }
    }
}

fn take(found: &mut Writes, project: &Project<'_>, takes: Takes, place: &Place, at: Evidence, notes: &mut Vec<Diagnostic>) {
    const DATABASES: &[&str] = &[".db", ".sqlite", ".sqlite3", ".db3"];
    let database = || DATABASES.iter().any(|ending| place.path.ends_with(ending));
    let folder = match takes {
        Takes::Folder => true,
        Takes::Either => !place.is_file(),
        Takes::Database if !database() => return,
        _ => false,
    };
    if folder {
        let path = if place.open { place.folder() } else { place.path.as_str() };
        // A callback is given names of files, too.
        if !place.is_file() {
            found.folder(path, at, NOT_WRITTEN);
        }
        return;
    }
    let folder = place.folder();
    let has_code = |folder: &str| {
        let code = |name: &str| [".js", ".ts", ".mjs", ".cjs", ".mts", ".cts", ".tsx", ".jsx"].iter().any(|ending| name.ends_with(ending));
        project.dir.dir(folder).files().any(code)
    };
    if !folder.is_empty() && (folder.starts_with('/') || place.open || !has_code(folder)) {
        found.folder(folder, at, NOT_WRITTEN);
    } else if place.open || !place.is_file() || folder.is_empty() && (content::is_manifest(&place.path) || content::is_of_tools(&place.path)) {
        // Only the running program knows its name; or a tool of those who work on the project writes it.
    } else if takes == Takes::Renamed {
        let message = format!("{} is replaced as a whole when it is written, in a folder that is not the program's own", place.path);
        notes.push(Diagnostic::warning("writes-beside-code", message).at(at).help("give it a folder of its own, for example data/"));
    } else if project.dir.has(&place.path) {
        found.seeded(&place.path, at);
    } else {
        found.alone(&place.path, at);
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::select::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    /// What is written, with `!` behind the draft's warning.
    fn written(source: &str, more: &[(&str, &str)]) -> String {
        let files = [("package.json", r#"{"scripts": {"start": "node server.js"}}"#), ("server.js", source)];
        let found = detect(&Tree::memory(files.iter().chain(more).copied()), &Answers::default());
        let service = found.services.first().expect("a service");
        let mut all: Vec<String> = service.facts.iter().filter(|(name, _)| *name == "writes").map(|(_, fact)| fact.value.clone()).collect();
        all.extend(service.notes.iter().any(|note| note.id == "writes-beside-code").then(|| "!".to_owned()));
        all.join(" ")
    }

    #[test]
    fn what_programs_write_is_found_where_they_say_it() {
        for (source, want) in [
            ("const upload = multer({ dest: 'uploads/' })", "uploads"),
            ("multer.diskStorage({ destination: (req, file, cb) => cb(null, './public/images') })", "public/images"),
            ("multer.diskStorage({ filename: (req, file, cb) => cb(null, 'a.png') })", ""),
            ("if (!fs.existsSync('./data')) fs.mkdirSync('./data')\nfs.writeFileSync('./data/a.json', '')", "data"),
            ("const log = fs.createWriteStream(path.join(__dirname, 'access.log'), { flags: 'a' })", "access.log"),
            ("const Database = require('better-sqlite3')\nconst db = new Database('shop.db')", "shop.db"),
            ("const Database = require('better-sqlite3')\nconst db = new Database(process.env.DB || 'var/shop.db')", "var"),
            ("const sqlite3 = require('sqlite3')\nnew sqlite3.Database(':memory:')", ""),
            ("new Sequelize({ dialect: 'sqlite', storage: './database.sqlite' })", "database.sqlite"),
            ("const { JSONFilePreset } = require('lowdb/node')\nJSONFilePreset('db.json', {})", "!"),
            ("const { JSONFilePreset } = require('lowdb/node')\nJSONFilePreset('data/db.json', {})", "data"),
            ("const D = require('@seald-io/nedb')\nnew D({ filename: 'store/users.db' })", "store"),
            ("winston.createLogger({ transports: [new winston.transports.File({ filename: 'logs/error.log' })] })", "logs"),
            ("fs.writeFileSync('/tmp/x', '')\nfs.mkdirSync('dist')\n// fs.mkdirSync('x')", ""),
            ("fs.mkdirSync('/data/files')", "/data/files"),
            ("fs.mkdirSync('data/files')\nfs.mkdirSync('data/cache')", "data"),
            ("fs.writeFileSync('package.json', '')\nfs.writeFileSync('.eslintrc.js', '')", ""),
            ("const HISTORY_DIR = stringEnv('HISTORY_DIR', path.join(process.cwd(), 'history'))", "history"),
            ("cleanEnv(process.env, { DB_FILENAME: str({ default: 'var/data' }) })", "var"),
        ] {
            assert_eq!(written(source, &[]), want, "{source}");
        }
    }

    #[test]
    fn what_lies_beside_code_is_written_alone() {
        let note = "fs.writeFileSync('./db/notes.json', '')";
        assert_eq!(written(note, &[("db/notes.json", "[]")]), "db");
        assert_eq!(written(note, &[("db/notes.json", "[]"), ("db/index.js", "")]), "db/notes.json");
    }

    #[test]
    fn only_what_the_program_reaches_counts() {
        let seed = ("lib/seed.js", "fs.mkdirSync('seeds')");
        assert_eq!(written("require('./lib/a')", &[("lib/a.js", "fs.mkdirSync('cache')"), seed]), "cache");
        assert_eq!(written("fs.readdirSync('./lib')", &[seed]), "seeds");
    }
}
