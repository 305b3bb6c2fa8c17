//! The repository as the detectors see it: names listed once, files read at most once.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::text::Text;
use crate::model::{Diagnostic, RelPath};

/// The largest manifest or source file that is read, in bytes. Lock files of large projects reach 20 MiB.
pub const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// Gives a tree its bytes; the disk does, and so does a table in memory.
pub trait Reader {
    /// The bytes of a listed file, or what is the matter with it.
    fn read(&self, path: &RelPath) -> Result<Vec<u8>, String>;

    /// Whether anything lies at a path, listed or not.
    fn exists(&self, path: &RelPath) -> bool;

    /// Where the tree lies on this machine, when it does.
    fn location(&self) -> Option<&std::path::Path> {
        None
    }
}

/// What a name in the tree stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file, or a link to one.
    File,
    /// A folder whose content is listed.
    Folder,
    /// A folder that was not entered: ignored by the repository, or made by a tool.
    Closed,
}

/// A scanned repository.
pub struct Tree {
    entries: BTreeMap<RelPath, EntryKind>,
    reader: Box<dyn Reader>,
    read: RefCell<HashMap<RelPath, Result<Rc<Text>, Diagnostic>>>,
    notes: Vec<Diagnostic>,
}

impl Tree {
    /// A tree of these entries, read through `reader`.
    pub fn new(entries: BTreeMap<RelPath, EntryKind>, reader: Box<dyn Reader>, notes: Vec<Diagnostic>) -> Self {
        Self { entries, reader, read: RefCell::default(), notes }
    }

    /// A tree in memory, for tests.
    pub fn memory<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut entries = BTreeMap::new();
        let mut texts = HashMap::new();
        for (path, text) in files {
            let path = RelPath::known(path);
            let mut folder = path.parent();
            while let Some(dir) = folder {
                folder = dir.parent();
                entries.insert(dir, EntryKind::Folder);
            }
            entries.insert(path.clone(), EntryKind::File);
            texts.insert(path, text.to_owned().into_bytes());
        }
        Self::new(entries, Box::new(Memory(texts)), Vec::new())
    }

    /// What the scan had to say.
    pub fn notes(&self) -> &[Diagnostic] {
        &self.notes
    }

    /// The folder at the root.
    pub fn root(&self) -> Dir<'_> {
        Dir { tree: self, path: RelPath::root() }
    }

    /// A folder; it need not be there.
    pub fn dir(&self, path: RelPath) -> Dir<'_> {
        Dir { tree: self, path }
    }

    /// All listed folders, the root first, in order of their paths.
    pub fn dirs(&self) -> impl Iterator<Item = Dir<'_>> {
        std::iter::once(self.root()).chain(
            self.entries.iter().filter(|(path, kind)| **kind == EntryKind::Folder && !path.is_root()).map(|(path, _)| Dir { tree: self, path: path.clone() }),
        )
    }

    /// What stands at a path.
    pub fn kind(&self, path: &RelPath) -> Option<EntryKind> {
        self.entries.get(path).copied()
    }

    /// Whether there is a file at this path.
    pub fn has_file(&self, path: &RelPath) -> bool {
        self.kind(path) == Some(EntryKind::File)
    }

    /// All files below a folder, in order of their paths.
    pub fn files_below<'t>(&'t self, dir: &RelPath) -> impl Iterator<Item = &'t RelPath> + use<'t> {
        self.below(dir).filter(|(_, kind)| **kind == EntryKind::File).map(|(path, _)| path)
    }

    fn below<'t>(&'t self, dir: &RelPath) -> Box<dyn Iterator<Item = (&'t RelPath, &'t EntryKind)> + 't> {
        if dir.is_root() {
            return Box::new(self.entries.iter());
        }
        // `dir/` sorts before everything below `dir`, and `dir0` ('0' follows '/') after it.
        let (from, to) = (RelPath::raw(format!("{dir}/")), RelPath::raw(format!("{dir}0")));
        Box::new(self.entries.range(from..to))
    }

    /// The text of a file. `Ok(None)`: there is none. `Err`: it is there, and can't be read as text.
    pub fn read(&self, path: &RelPath) -> Result<Option<Rc<Text>>, Diagnostic> {
        if !self.has_file(path) {
            return Ok(None);
        }
        if let Some(known) = self.read.borrow().get(path) {
            return known.clone().map(Some);
        }
        let result = self.load(path);
        self.read.borrow_mut().insert(path.clone(), result.clone());
        result.map(Some)
    }

    /// The text that lies at a path, though the repository may ignore it: what would be overwritten there.
    pub fn on_disk(&self, path: &RelPath) -> Result<Option<Rc<Text>>, Diagnostic> {
        if self.reader.exists(path) { self.load(path).map(Some) } else { Ok(None) }
    }

    fn load(&self, path: &RelPath) -> Result<Rc<Text>, Diagnostic> {
        let unreadable = |why: String| {
            Diagnostic::error("unreadable-file", format!("`{}` can't be read: {why}", crate::model::evidence::tame(path.as_str())))
                .at(crate::model::Evidence::file(path.clone()))
        };
        let bytes = self.reader.read(path).map_err(unreadable)?;
        // PowerShell writes lists in UTF-16, and what reads them, such as pip, knows it by its mark.
        if let Some(text) = utf16(&bytes).filter(|_| path.name().rsplit_once('.').is_some_and(|(_, ending)| ending == "txt")) {
            return Ok(Rc::new(Text::new(path.clone(), &text)));
        }
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(Rc::new(Text::new(path.clone(), text))),
            Err(error) => {
                let line = bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count() + 1;
                let line = u32::try_from(line).unwrap_or(u32::MAX);
                Err(Diagnostic::error("not-utf8", format!("`{}` is not UTF-8 text", crate::model::evidence::tame(path.as_str())))
                    .at(crate::model::Evidence::line(path.clone(), line, ""))
                    .help("save the file as UTF-8"))
            }
        }
    }

    /// The tree as it will be once this file is written.
    pub fn overlay(&mut self, path: RelPath, text: &str) {
        self.read.borrow_mut().insert(path.clone(), Ok(Rc::new(Text::new(path.clone(), text))));
        self.entries.insert(path, EntryKind::File);
    }

    /// Where the tree lies on this machine; `None` in memory.
    pub fn location(&self) -> Option<&std::path::Path> {
        self.reader.location()
    }
}

struct Memory(HashMap<RelPath, Vec<u8>>);

impl Reader for Memory {
    fn read(&self, path: &RelPath) -> Result<Vec<u8>, String> {
        self.0.get(path).cloned().ok_or_else(|| "not there".to_owned())
    }

    fn exists(&self, path: &RelPath) -> bool {
        self.0.contains_key(path)
    }
}

/// One folder of a tree.
#[derive(Clone)]
pub struct Dir<'t> {
    tree: &'t Tree,
    path: RelPath,
}

impl<'t> Dir<'t> {
    /// The tree that holds it.
    pub fn tree(&self) -> &'t Tree {
        self.tree
    }

    /// Its path.
    pub fn path(&self) -> &RelPath {
        &self.path
    }

    /// The path of something below this folder.
    pub fn at(&self, tail: &str) -> RelPath {
        self.path.join(tail).unwrap_or_else(|| RelPath::raw("\u{0}".to_owned()))
    }

    /// Whether a file is there (`tail` may have folders).
    pub fn has(&self, tail: &str) -> bool {
        self.tree.has_file(&self.at(tail))
    }

    /// Whether a folder is there, entered by the scan or not.
    pub fn has_dir(&self, tail: &str) -> bool {
        matches!(self.tree.kind(&self.at(tail)), Some(EntryKind::Folder | EntryKind::Closed))
    }

    /// The folder of that name.
    #[must_use]
    pub fn dir(&self, tail: &str) -> Dir<'t> {
        Dir { tree: self.tree, path: self.at(tail) }
    }

    /// The first of these files that is there.
    pub fn first_of<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
        names.into_iter().find(|name| self.has(name))
    }

    /// The text of a file: see [`Tree::read`].
    pub fn read(&self, tail: &str) -> Result<Option<Rc<Text>>, Diagnostic> {
        self.tree.read(&self.at(tail))
    }

    /// The text of a file whose faults don't matter here: source code that is only searched for hints.
    pub fn peek(&self, tail: &str) -> Option<Rc<Text>> {
        self.read(tail).ok().flatten()
    }

    /// All files below this folder, in order of their paths.
    pub fn files_below(&self) -> impl Iterator<Item = &'t RelPath> + use<'t> {
        self.tree.files_below(&self.path)
    }

    /// The names of the files that lie directly in this folder, in order.
    pub fn files(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        let here = self.path.clone();
        self.tree.files_below(&here).filter_map(move |path| path.below(&here)).filter(|tail| !tail.contains('/'))
    }

    /// The names of the folders that lie directly in this folder and were entered, in order.
    pub fn folders(&self) -> impl Iterator<Item = &'t str> + use<'t> {
        let here = self.path.clone();
        self.tree
            .below(&here)
            .filter(|(_, kind)| **kind == EntryKind::Folder)
            .filter_map(move |(path, _)| path.below(&here))
            .filter(|tail| !tail.is_empty() && !tail.contains('/'))
    }
}

/// A text that begins with the mark of UTF-16.
fn utf16(bytes: &[u8]) -> Option<String> {
    let unit: fn([u8; 2]) -> u16 = match bytes.get(..2)? {
        [0xff, 0xfe] => u16::from_le_bytes,
        [0xfe, 0xff] => u16::from_be_bytes,
        _ => return None,
    };
    let (pairs, rest) = bytes[2..].as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    char::decode_utf16(units).collect::<Result<String, _>>().ok().filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::Tree;
    use crate::model::RelPath;

    #[test]
    fn utf_16_is_known_by_its_mark() {
        assert_eq!(super::utf16(b"\xff\xfex\0\n\0").as_deref(), Some("x\n"));
        assert_eq!(super::utf16(b"\xfe\xff\0x").as_deref(), Some("x"));
        for other in [&b"x\n"[..], b"\xff\xfex", b"\xff\xfe\0\xd8", b"\xff"] {
            assert_eq!(super::utf16(other), None);
        }
    }

    #[test]
    fn lists_what_is_below_a_folder_and_nothing_beside_it() {
        let tree = Tree::memory([("a/x.py", ""), ("a/b/y.py", ""), ("a-b/z.py", ""), ("top", "")]);
        let a = tree.dir(RelPath::known("a"));
        assert_eq!(a.files().collect::<Vec<_>>(), ["x.py"]);
        assert_eq!(a.folders().collect::<Vec<_>>(), ["b"]);
        assert_eq!(a.files_below().count(), 2);
        assert_eq!(tree.root().files().collect::<Vec<_>>(), ["top"]);
        assert!(a.has("b/y.py") && a.has_dir("b"));
    }

    #[test]
    fn absent_is_not_broken() {
        let tree = Tree::memory([("a", "text")]);
        assert!(tree.root().read("b").expect("absent").is_none());
        assert_eq!(tree.root().read("a").expect("there").map(|t| t.as_str().to_owned()).as_deref(), Some("text"));
    }
}
