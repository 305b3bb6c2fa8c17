//! `dockgen.lock`: what dockgen wrote last, so that a later run can tell its own text from people's edits without a network or a copy.

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
pub const FILE: &str = "dockgen.lock";

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
        let Some(text) = dir.read(FILE)? else { return Ok(Self::default()) };
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
        for file in stored.file {
            let known =
                unpack(&file.text).filter(|text| digest(text) == file.sha256).ok_or_else(|| broken(format!("the text of `{}` is damaged", file.path)))?;
            texts.insert(file.path, known);
        }
        Ok(Self(texts))
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
        let file = self.0.iter().map(|(path, text)| StoredFile { path: path.clone(), sha256: digest(text), text: pack(text) }).collect();
        let body = toml::to_string(&Stored { version: 1, file }).map_err(|error| Diagnostic::error("lock", error.to_string()))?;
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
    fn a_damaged_lock_is_an_error() {
        for text in ["version = 1\n[[file]]\npath = 'a'\nsha256 = 'x'\ntext = 'AAAA'\n", "version = 9\n", "x"] {
            let tree = Tree::memory([(FILE, text)]);
            assert_eq!(Lock::read(&tree.root()).expect_err("damaged").id, "broken-lock");
        }
    }
}
