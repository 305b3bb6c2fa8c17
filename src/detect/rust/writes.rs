//! What a program in Rust writes beside itself.

use std::rc::Rc;

use super::settings::settings;
use crate::detect::writes::Writes;
use crate::detect::writes::compiled::Language;
use crate::detect::{samples, source};
use crate::fs::{Dir, Text};
use crate::manifest::pattern;
use crate::model::{Decision, ServiceDraft, Source};

/// The language.
const RUST: Language = Language { files: FILES, folders: FOLDERS, settings: SETTINGS, keeps: KEEPS, databases: DATABASES };

/// Calls that make a file, and addresses of databases that are one.
const FILES: &[&str] = &[
    r#""(sqlite:[^"\n]+)""#,
    r#"\bConnection::open\(\s*"([^"\n]+)""#,
    r#"\bSqliteConnectionManager::file\(\s*"([^"\n]+)""#,
    r#"\bSqliteConnection::establish\(\s*"([^"\n]+)""#,
    r#"\.filename\(\s*"([^"\n]+)""#,
    r#"\.(?:into_file|persist_to|copy_to|move_copy_to)\(\s*"([^"\n]+)""#,
    r#"\bDatabase::create\(\s*"([^"\n]+)""#,
    r#"\bOpenOptions[^;]{0,200}?\.open\(\s*"([^"\n]+)""#,
    r#"\b(?:File::create|fs::write)\(\s*"([^"\n]+)""#,
];

/// Calls that make a folder or fill one.
const FOLDERS: &[&str] = &[
    r#"\bcreate_dir(?:_all)?\(\s*&?"([^"\n]+)""#,
    r#"\bsled::open\(\s*"([^"\n]+)""#,
    r#"\bDB::open(?:_default)?\(\s*"([^"\n]+)""#,
    r#"\brolling::(?:daily|hourly|minutely|never)\(\s*"([^"\n]+)""#,
];

/// Settings with their defaults: constants and variables, the environment, functions that serde calls, fields.
const SETTINGS: &[&str] = &[
    r#"\b(\w+)\s*(?::\s*&(?:'static\s+)?str\s*)?=\s*"([^"\n]+)""#,
    r#"\bvar\(\s*"(\w+)"\s*\)[^;{}]{0,160}?(?:unwrap_or\w*|or_else|map_or\w*)\(\s*(?:\|_?\w*\|\s*)?(?:String::from\(|PathBuf::from\()?"([^"\n]+)""#,
    r#"\bfn\s+(?:default_)?(\w+)\(\)\s*->\s*(?:String|PathBuf|&'static str)\s*\{\s*(?:String::from\(|PathBuf::from\()?"([^"\n]+)""#,
    r#"\b(\w+):\s*(?:String::from\(|PathBuf::from\()?"([^"\n]+)""#,
];

/// Signs that a program keeps something at all.
const KEEPS: &str = r"\b(create_dir|File::create|OpenOptions|fs::write|sqlite|Sqlite|rusqlite|sled::|rocksdb|redb|tracing_appender)";

/// Calls that open a database that is a file.
const DATABASES: &str =
    r"\b(Connection::open\(|SqlitePool|SqliteConnectOptions|SqliteConnection::establish|sled::open|redb::Database|SqliteConnectionManager::file)";

/// Searches the source of what runs for long, and the settings that it reads.
pub fn search(dir: &Dir<'_>, draft: &mut ServiceDraft, texts: &[Rc<Text>], files: &[Rc<Text>]) {
    RUST.search_more(dir, draft, texts, files, |found, draft| {
        for one in settings(texts) {
            found.setting(dir, &one.name, &one.default, one.at);
        }
        address(dir, draft, texts, found);
    });
}

/// The address of a database that the program asks for and has no default of, where the example of an environment names a file.
fn address(dir: &Dir<'_>, draft: &mut ServiceDraft, texts: &[Rc<Text>], found: &mut Writes) {
    let hit = |texts: &[Rc<Text>], expression: &str, comment: &str| source::find(texts, &pattern::pattern(expression).ok()?, comment);
    let asks = hit(texts, r#"\b(?:var(?:_os)?\(\s*|env\s*=\s*)"(DATABASE_URL)""#, "//");
    let Some(shown) = hit(&samples::samples(dir), r#"(?m)^(?:export\s+)?DATABASE_URL\s*=\s*["']?(sqlite:[^"'\s]+)"#, "#").filter(|_| asks.is_some()) else {
        return;
    };
    if settings(texts).iter().any(|one| one.variable.as_deref() == Some("DATABASE_URL")) {
        return;
    }
    found.database(dir, &shown.value, shown.at.clone());
    // sqlx makes no file unless it is told.
    let makes = hit(texts, r"\b(create_if_missing|create_database)\b", "//").is_some() || shown.value.contains("mode=");
    let sqlx = draft.dependencies.iter().any(|dependency| dependency.name == "sqlx");
    let more = if makes || !sqlx {
        ""
    } else if shown.value.contains('?') {
        "&mode=rwc"
    } else {
        "?mode=rwc"
    };
    draft.env.push(("DATABASE_URL".to_owned(), format!("{}{more}", shown.value)));
    draft.facts.push(("database".to_owned(), Decision::new(shown.value, Source::File(shown.at))));
}

#[cfg(test)]
mod tests {
    use super::search;
    use crate::detect::writes::compiled::written;

    #[test]
    fn files_and_folders_by_calls_and_by_settings() {
        for (source, expected) in [
            ("SqlitePool::connect(\"sqlite:todos.db?mode=rwc\")", "todos.db"),
            ("SqlitePool::connect(\"sqlite::memory:\")", ""),
            ("let url = env::var(\"DATABASE_URL\").unwrap_or_else(|_| \"sqlite://data/a.db\".into());", "data"),
            ("let c = Connection::open(\"a.db\"); // rusqlite", "a.db"),
            ("const UPLOADS_DIRECTORY: &str = \"uploads\";\nfs::create_dir_all(UPLOADS_DIRECTORY)", "uploads"),
            ("#[arg(long, env = \"DATA_DIR\", default_value = \"./data\")]\npub data_dir: PathBuf,\ncreate_dir_all(x)", "data"),
            ("fn default_data_dir() -> String {\n    \"/var/lib/x\".into()\n}\ncreate_dir_all(x)", "/var/lib/x"),
            ("let url = \"postgres://x/y\"; File::create(name)", ""),
            ("tracing_appender::rolling::daily(\"./logs\", \"a.log\")", "logs"),
        ] {
            assert_eq!(written(|dir, draft, texts| search(dir, draft, texts, &[]), source), expected, "{source}");
        }
    }
}
