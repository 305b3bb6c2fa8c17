//! `dockgen.lock`: what dockgen wrote last, so that a later run can tell its own text from people's edits without a network or a copy.
//!
//! While files are being moved into place the lock also names what is under way. A run that was killed in the middle leaves that behind:
//! the next one looks at the disk and knows of each file whether it was moved.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::fs::Dir;
use crate::model::plan::Rendered;
use crate::model::{Diagnostic, Evidence, RelPath};

/// The file's name, at the root of the repository.
pub use crate::config::LOCK as FILE;

const HEAD: &str = "# What dockgen wrote last: it tells edits from its own text by this. Commit it; don't edit it.\n";

/// The texts that dockgen wrote last, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock(BTreeMap<String, String>);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    #[serde(default)]
    file: Vec<StoredFile>,
    /// What was being written; empty unless a run was killed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    under_way: Vec<UnderWay>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct UnderWay {
    path: String,
    /// What the file's text will be, edits included.
    becomes: String,
    /// dockgen's own text once it is.
    sha256: String,
    text: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredFile {
    path: String,
    sha256: String,
    /// The text, deflated, in base 64.
    text: String,
}

impl Lock {
    /// Reads the lock of a folder; an empty one where there is none.
    pub fn read(dir: &Dir<'_>) -> Result<Self, Diagnostic> {
        let Some(text) = dir.tree().on_disk(&dir.at(FILE))? else { return Ok(Self::default()) };
        let broken = |message: String| {
            Diagnostic::error("broken-lock", format!("`{FILE}` can't be read: {}", crate::model::evidence::tame(&message)))
                .at(Evidence::file(text.path().clone()))
                .help(format!("restore {FILE} from version control, or delete it: then every file counts as yours"))
        };
        let stored: Stored = toml::from_str(text.as_str()).map_err(|error| broken(error.message().to_owned()))?;
        if stored.version != 1 {
            return Err(broken(format!("version {} is newer than this dockgen", stored.version)));
        }
        let mut texts = BTreeMap::new();
        let known = |path: &str, packed: &str, sha256: &str| {
            unpack(packed).filter(|text| digest(text) == sha256).ok_or_else(|| broken(format!("the text of `{path}` is damaged")))
        };
        for file in stored.file {
            let text = known(&file.path, &file.text, &file.sha256)?;
            texts.insert(file.path, text);
        }
        for moved in stored.under_way {
            let text = known(&moved.path, &moved.text, &moved.sha256)?;
            let now = RelPath::new(&moved.path).and_then(|path| dir.tree().on_disk(&path).ok().flatten());
            if now.is_some_and(|now| digest(now.as_str()) == moved.becomes) {
                texts.insert(moved.path, text);
            }
        }
        Ok(Self(texts))
    }

    /// Whether dockgen never wrote anything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was written last at a path.
    pub fn text(&self, path: &RelPath) -> Option<&str> {
        self.0.get(path.as_str()).map(String::as_str)
    }

    /// Remembers what is written now.
    pub fn remember(&mut self, file: &Rendered) {
        self.0.insert(file.path.as_str().to_owned(), file.text.clone());
    }

    /// The lock as a file.
    pub fn render(&self) -> Result<Rendered, Diagnostic> {
        self.stored(Vec::new())
    }

    /// The lock while `files` are moved into place, after which `after` holds.
    pub fn render_under_way(&self, after: &Self, files: &[Rendered]) -> Result<Rendered, Diagnostic> {
        let row = |file: &Rendered| {
            let own = after.text(&file.path)?;
            Some(UnderWay { path: file.path.as_str().to_owned(), becomes: digest(&file.text), sha256: digest(own), text: pack(own) })
        };
        self.stored(files.iter().filter_map(row).collect())
    }

    fn stored(&self, under_way: Vec<UnderWay>) -> Result<Rendered, Diagnostic> {
        let file = self.0.iter().map(|(path, text)| StoredFile { path: path.clone(), sha256: digest(text), text: pack(text) }).collect();
        let body = toml::to_string(&Stored { version: 1, file, under_way }).map_err(|error| Diagnostic::error("lock", error.to_string()))?;
        Ok(Rendered { path: RelPath::known(FILE), text: format!("{HEAD}{body}") })
    }
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn pack(text: &str) -> String {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    // Writing to memory does not fail.
    let packed = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish()).unwrap_or_default();
    STANDARD.encode(packed)
}

fn unpack(packed: &str) -> Option<String> {
    const LARGEST: u64 = 1 << 20;
    let bytes = STANDARD.decode(packed).ok()?;
    let mut text = String::new();
    flate2::read::DeflateDecoder::new(&bytes[..]).take(LARGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::{FILE, Lock};
    use crate::fs::Tree;
    use crate::model::RelPath;
    use crate::model::plan::Rendered;

    #[test]
    fn what_is_remembered_is_read_back() {
        let file = Rendered { path: RelPath::known("Dockerfile"), text: "FROM x\n".repeat(50) };
        let mut lock = Lock::default();
        lock.remember(&file);
        let text = lock.render().expect("renders").text;
        let tree = Tree::memory([(FILE, text.as_str())]);
        let read = Lock::read(&tree.root()).expect("reads");
        assert_eq!(read, lock);
        assert_eq!(read.text(&file.path), Some(file.text.as_str()));
    }

    #[test]
    fn a_run_that_was_killed_is_understood() {
        let file = |text: &str| Rendered { path: RelPath::known("Dockerfile"), text: text.to_owned() };
        let (mut before, mut after) = (Lock::default(), Lock::default());
        before.remember(&file("FROM a:1\n"));
        after.remember(&file("FROM a:2\n"));
        let merged = file("FROM a:2\nRUN mine\n");
        let lock = before.render_under_way(&after, std::slice::from_ref(&merged)).expect("renders").text;
        for (now, known) in [("FROM a:1\nRUN mine\n", "FROM a:1\n"), (merged.text.as_str(), "FROM a:2\n")] {
            let tree = Tree::memory([(FILE, lock.as_str()), ("Dockerfile", now)]);
            assert_eq!(Lock::read(&tree.root()).expect("reads").text(&merged.path), Some(known));
        }
    }

    #[test]
    fn a_damaged_lock_is_an_error() {
        for text in ["version = 1\n[[file]]\npath = 'a'\nsha256 = 'x'\ntext = 'AAAA'\n", "version = 9\n", "x"] {
            let tree = Tree::memory([(FILE, text)]);
            assert_eq!(Lock::read(&tree.root()).expect_err("damaged").id, "broken-lock");
        }
    }
}
