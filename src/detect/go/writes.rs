//! What a program in Go writes beside itself.

use std::rc::Rc;

use crate::detect::source;
use crate::detect::writes::compiled::Language;
use crate::fs::Text;
use crate::manifest::pattern;

/// The language.
pub const GO: Language = Language { files: FILES, folders: FOLDERS, settings: SETTINGS, keeps: KEEPS, databases: DATABASES };

/// Calls that make a file: databases that are one, logs, the standard library's own.
const FILES: &[&str] = &[
    r#"\b\w+\.(?:Open|Connect|MustConnect|MustOpen|NewEngine)\(\s*"(?:sqlite3?|libsql|duckdb)"\s*,\s*"([^"\n]+)""#,
    r#"\bsqlite\.Open\(\s*"([^"\n]+)""#,
    r#"\b(?:bolt|bbolt|storm|buntdb|bolthold)\.Open\(\s*"([^"\n]+)""#,
    r#""(sqlite3?://[^"\n]+)""#,
    r#"\bFilename:\s*"([^"\n]+\.log)""#,
    r#"\bos\.(?:Create|WriteFile)\(\s*"([^"\n]+)""#,
    r#"\bos\.OpenFile\(\s*"([^"\n]+)"[^)\n]*O_(?:CREATE|WRONLY|RDWR|APPEND)"#,
];

/// Calls that make a folder or fill one.
const FOLDERS: &[&str] = &[
    r#"\bos\.Mkdir(?:All)?\(\s*"([^"\n]+)""#,
    r#"\bbadger\.DefaultOptions\(\s*"([^"\n]+)""#,
    r#"\b(?:leveldb\.OpenFile|pebble\.Open)\(\s*"([^"\n]+)""#,
    r#"\bSaveUploadedFile\([^"\n]*"([\w./-]+)/""#,
];

/// Settings with their defaults: constants and fields, the second argument of what reads a variable or declares a flag, tags of fields.
const SETTINGS: &[&str] = &[
    r#"\b(\w+)\s*(?:string\s*)?(?::=|=|:)\s*"([^"\n]+)""#,
    r#""([\w.-]+)"[ \t]*,[ \t]*(?:"\w?"[ \t]*,[ \t]*)?"([^"\n]+)""#,
    r#"\b(\w+)\s+string\s+`[^`\n]*\b(?:envD|d)efault:"([^"\n]+)""#,
    r#"Name:\s*"([\w-]+)"[^}]{0,300}?Value:\s*"([^"\n]+)""#,
    r#"os\.Getenv\("(\w+)"\);?[^}]{0,80}?==\s*""\s*\{\s*(?:\w+\s*=|return)\s*"([^"\n]*)""#,
    r#"cmp\.Or\(os\.Getenv\("(\w+)"\),\s*"([^"\n]+)""#,
];

/// Signs that a program keeps something at all.
const KEEPS: &str = r"\b(os\.Mkdir|os\.Create\(|os\.OpenFile|os\.WriteFile|go-sqlite3|modernc\.org/sqlite|glebarez/|dialects/sqlite|sqlite\.Open|bbolt|badger|leveldb|pebble|duckdb|lumberjack)";

/// Imports of databases that are files.
const DATABASES: &str = r#""((?:github\.com/mattn/go-sqlite3|modernc\.org/sqlite|github\.com/glebarez/\S*sqlite|github\.com/ncruces/go-sqlite3\S*|gorm\.io/driver/sqlite|github\.com/jinzhu/gorm/dialects/sqlite|go\.etcd\.io/bbolt|github\.com/boltdb/bolt|github\.com/dgraph-io/badger\S*|github\.com/timshannon/bolthold))""#;

/// Whether the program keeps its data in a file unless it is told otherwise: it has the driver, and `sqlite` is the default of a setting.
pub fn is_own_database(texts: &[Rc<Text>], files: &[Rc<Text>]) -> bool {
    let finds = |texts: &[Rc<Text>], expression: &str, comment: &str| {
        pattern::pattern(expression).is_ok_and(|expression| source::find(texts, &expression, comment).is_some())
    };
    let coded = [r#"\b(?:envD|d)efault:"(sqlite3?)""#, r#""[\w.-]*(?i:db|database|driver|dialect|type|engine)[\w.-]*"\s*,\s*"(sqlite3?)""#];
    let setting = r#"(?mi)^\s*["']?\w*(?:driver|dialect|type|engine|adapter|db_name)["']?\s*[:=]\s*["']?(sqlite3?)\b"#;
    finds(texts, DATABASES, "//") && (coded.iter().any(|one| finds(texts, one, "//")) || finds(files, setting, "#"))
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::{GO, is_own_database};
    use crate::detect::writes::compiled::written;
    use crate::fs::Text;
    use crate::model::RelPath;

    #[test]
    fn sqlite_may_be_the_default_among_databases() {
        let text = |path: &str, body: &str| vec![Rc::new(Text::new(RelPath::known(path), body))];
        let driver = "import _ \"github.com/mattn/go-sqlite3\"\n";
        for (code, file, expected) in [
            ("Dialect string `default:\"sqlite3\" env:\"DB_TYPE\"`", "", true),
            ("viper.SetDefault(\"database.driver\", \"sqlite\")", "", true),
            ("", "\"db_name\": \"sqlite3\",", true),
            ("case \"sqlite3\":", "", false),
            ("Dialect string `default:\"postgres\"`", "driver: postgres", false),
        ] {
            assert_eq!(is_own_database(&text("main.go", &format!("{driver}{code}\n")), &text("config.yml", file)), expected, "{code} {file}");
        }
        assert!(!is_own_database(&text("main.go", "Dialect string `default:\"sqlite3\"`"), &[]));
    }

    #[test]
    fn files_and_folders_by_calls_and_by_settings() {
        for (source, expected) in [
            ("db, err := sql.Open(\"sqlite3\", \"./app.db?_fk=1\") // go-sqlite3", "app.db"),
            ("db, err := gorm.Open(\"sqlite3\", \"./app.db\") // dialects/sqlite", "app.db"),
            ("os.MkdirAll(\"./uploads\", 0o755)", "uploads"),
            ("const dataDir = \"./data\"\nos.MkdirAll(dataDir, 0o755)", "data"),
            ("dbPath := flag.String(\"db\", \"data/store.db\", \"path\")\nos.MkdirAll(x, 0)", "data"),
            ("path := getenv(\"DATABASE_PATH\", \"/data/app.db\")\nimport _ \"modernc.org/sqlite\"", "/data"),
            ("DataDir string `env:\"DATA_DIR\" envDefault:\"/var/lib/app\"`\nos.MkdirAll(c.DataDir, 0)", "/var/lib/app"),
            ("path := os.Getenv(\"DB\")\nif path == \"\" {\n\tpath = \"/tmp/visits.db\"\n}\nsqlite.Open(path)", ""),
            ("viper.SetDefault(\"database.path\", \"store.sqlite\")\nsqlite.Open(x)", "store.sqlite"),
            ("dsn := \"postgres://x/y\"\nos.Create(name)", ""),
            ("const dataDir = \"./data\"\nos.ReadDir(dataDir)", ""),
        ] {
            assert_eq!(written(|dir, draft, texts| GO.search(dir, draft, texts, &[]), source), expected, "{source}");
        }
    }
}
