//! What a program in C or C++ writes beside itself.

use crate::detect::writes::compiled::Language;

/// The language.
pub const C: Language = Language {
    files: &[
        r#"\bsqlite3_open(?:_v2|16)?\(\s*"([^"\n]+)""#,
        r#"\bSQLite::Database\s+\w+\s*[({]\s*"([^"\n]+)""#,
        r#"\bfopen\(\s*"([^"\n]+)"\s*,\s*"[wa]"#,
        r#"\bopen\(\s*"([^"\n]+)"[^)\n]*O_(?:CREAT|WRONLY|RDWR|APPEND)"#,
        r#"\b(?:std::)?ofstream\s+\w+\s*[({]\s*"([^"\n]+)""#,
    ],
    folders: &[r#"\bmkdir\(\s*"([^"\n]+)""#, r#"\bcreate_director(?:y|ies)\(\s*"([^"\n]+)""#],
    // Constants, variables, and what a variable of the environment is replaced by.
    settings: &[
        r#"#\s*define\s+(\w+)\s+"([^"\n]+)""#,
        r#"\b(\w+)\s*(?:\[\w*\]\s*)?=\s*"([^"\n]+)""#,
        r#"\bgetenv\(\s*"(\w+)"\s*\)[^;]{0,160}?[:=]\s*"([^"\n]+)""#,
    ],
    keeps: r#"\b(mkdir\(|create_director(?:y|ies)\(|sqlite3_open|SQLite::Database|ofstream|O_CREAT|leveldb::|rocksdb::|fopen\([^,\n]+,\s*"[wa])"#,
    databases: r"\b(sqlite3_open|SQLite::Database)",
};

#[cfg(test)]
mod tests {
    use super::C;
    use crate::detect::writes::compiled::written;

    #[test]
    fn files_and_folders_by_calls_and_by_settings() {
        for (source, expected) in [
            ("sqlite3_open(\"notes.db\", &db);", "notes.db"),
            ("#define DB_PATH \"data/app.db\"\nsqlite3_open(DB_PATH, &db);", "data"),
            ("mkdir(\"uploads\", 0755);", "uploads"),
            ("const char *data_dir = \"/var/lib/kv\";\nmkdir(data_dir, 0700);", "/var/lib/kv"),
            ("std::string dataDir = getenv(\"DATA_DIR\") ? getenv(\"DATA_DIR\") : \"./data\";\nstd::filesystem::create_directories(dataDir);", "data"),
            ("FILE *f = fopen(\"/dev/null\", \"w\");", ""),
            ("FILE *f = fopen(\"index.html\", \"r\");", ""),
            ("FILE *f = fopen(\"/tmp/x.log\", \"a\");", ""),
        ] {
            assert_eq!(written(|dir, draft, texts| C.search(dir, draft, texts, &[]), source), expected, "{source}");
        }
    }
}
