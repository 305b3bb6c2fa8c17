//! Folders that a program makes by a name that it gave them before: `DATA_DIR = BASE_DIR / "data"`, later `DATA_DIR.mkdir()`.

use std::rc::Rc;

use super::apps::{Sources, regex};
use super::writes;
use crate::detect::writes::Writes;
use crate::fs::Text;
use crate::manifest::pattern::Pattern;
use crate::model::{Diagnostic, Evidence};

/// How many names a path may be built of.
const DEEPEST: usize = 3;

/// How the source is read.
struct Reader<'a> {
    sources: &'a Sources<'a>,
    /// `os.getenv("X", ` and its kin: a variable can move the folder, the default is where it is.
    read: Pattern,
    name: Pattern,
    literal: Pattern,
}

/// Adds the folders; what an installed package makes beside its modules lies in the virtual environment.
pub fn search(found: &mut Writes, sources: &Sources<'_>) -> Result<(), Diagnostic> {
    // A folder by its name, and the folder of a file by the file's.
    let calls = [
        (r"\bos\.(?:makedirs|mkdir)\(\s*(?:str\()?\s*(?:\w+\.)*([A-Za-z_]\w*)\s*[,)]", false),
        (r"\b([A-Za-z_]\w*)\.mkdir\(", false),
        (r"\b([A-Za-z_]\w*)\.parent\.mkdir\(", true),
        (r"\bos\.(?:makedirs|mkdir)\(\s*os\.path\.dirname\(\s*(?:\w+\.)*([A-Za-z_]\w*)\s*\)", true),
    ];
    let reader = Reader::new(sources)?;
    for (call, of_file) in calls {
        let call = regex(call)?;
        for text in sources.of_production() {
            for hit in call.captures_iter(text.as_str()) {
                let Some(name) = hit.get(1) else { continue };
                let line = text.as_str()[..name.start()].rfind('\n').map_or(0, |end| end + 1);
                let comment = text.as_str()[line..name.start()].trim_start().starts_with('#');
                // What stands for itself is known in its module; an attribute, or a constant, can come from another.
                let shared = text.as_str()[..name.start()].ends_with('.') || name.as_str().chars().all(|c| !c.is_ascii_lowercase());
                if let Some(path) = reader.path(text, (name.as_str(), name.start()), shared, DEEPEST)?.filter(|path| !comment && !path.is_empty()) {
                    let path = if of_file { path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned() } else { path };
                    let said = text.as_str()[line..].lines().next().unwrap_or_default().trim();
                    writes::folder(found, &path, text.at(name.start(), said));
                }
            }
        }
    }
    let uploads = regex(r#"(?m)\bUPLOAD_FOLDER["']?\]?\s*=[ \t]*([^=\n][^\n]*)$"#)?;
    for text in sources.of_production() {
        for value in uploads.captures_iter(text.as_str()).filter_map(|hit| hit.get(1)) {
            if let Some(path) = reader.value(text, value.as_str(), DEEPEST)?.filter(|path| !path.is_empty()) {
                writes::folder(found, &path, text.at(value.start(), value.as_str()));
            }
        }
    }
    Ok(())
}

/// Variables that name the folder of the data, which is the program's own without them.
pub fn movable(sources: &Sources<'_>) -> Result<Vec<(String, Evidence)>, Diagnostic> {
    let read =
        regex(r#"\bos\.(?:environ\.get|getenv)\(\s*["']([A-Z_]*(?:DATA|DB|STATE|STORAGE)_?(?:DIR|PATH|FOLDER|HOME|ROOT)[A-Z_]*)["']\s*,\s*([^"'\n]+)\)"#)?;
    let reader = Reader::new(sources)?;
    let mut found: Vec<(String, Evidence)> = Vec::new();
    for text in sources.of_production() {
        for hit in read.captures_iter(text.as_str()) {
            let (Some(name), Some(default)) = (hit.get(1), hit.get(2)) else { continue };
            let own = reader.value(text, default.as_str(), DEEPEST)?.is_some_and(|path| path.is_empty() || path == ".");
            if own && !found.iter().any(|(known, _)| known == name.as_str()) {
                found.push((name.as_str().to_owned(), text.at(name.start(), hit.get(0).map_or("", |whole| whole.as_str()))));
            }
        }
    }
    Ok(found)
}

impl<'a> Reader<'a> {
    fn new(sources: &'a Sources<'a>) -> Result<Self, Diagnostic> {
        Ok(Self {
            sources,
            read: regex(r#"(?:getenv|environ\.get|env(?:\.\w+)?|config)\(\s*["']\w+["']\s*,"#)?,
            name: regex(r"\b([A-Za-z_]\w*)\b")?,
            literal: regex(r#"["']([\w./-]+)["']"#)?,
        })
    }

    /// The folder that a name stands for, seen from the program; empty for the program's own.
    fn path(&self, text: &Rc<Text>, (name, place): (&str, usize), shared: bool, depth: usize) -> Result<Option<String>, Diagnostic> {
        let assigned = regex(&format!(r"(?m)^[ \t]*(?:self\.)?{name}\s*(?::[^=\n]+)?=[ \t]*([^=\n][^\n]*)$"))?;
        let others = self.sources.of_production().filter(|other| shared && other.path() != text.path());
        for other in std::iter::once(text).chain(others) {
            let values: Vec<_> = assigned.captures_iter(other.as_str()).filter_map(|found| found.get(1)).collect();
            // Functions have names of their own: the last word before the place counts.
            let before = values.iter().rev().find(|value| other.path() == text.path() && value.start() < place);
            if let Some(value) = before.or_else(|| values.first()) {
                return self.value(other, value.as_str(), depth);
            }
        }
        Ok(None)
    }

    fn value(&self, text: &Rc<Text>, value: &str, depth: usize) -> Result<Option<String>, Diagnostic> {
        let value = value.split(" #").next().unwrap_or(value);
        // A default that is no text is another name.
        let value = self.read.find(value).map_or_else(|| value.to_owned(), |found| format!("{}{}", &value[..found.start()], &value[found.end()..]));
        let parts: Vec<&str> = self.literal.captures_iter(&value).filter_map(|found| Some(found.get(1)?.as_str())).collect();
        let tail = parts.join("/");
        if value.contains("tempfile") || value.contains("gettempdir") || value.contains("expanduser") || value.contains(".home()") || tail.starts_with('/') {
            return Ok(Some(tail).filter(|tail| tail.starts_with('/')));
        }
        let above = if value.contains("__file__") {
            let ups =
                value.matches(".parent").count() - value.matches(".parents").count() + value.matches("dirname(").count() + value.matches("pardir").count();
            let folders: Vec<&str> = self.sources.tail(text).split('/').collect();
            let Some(left) = folders.len().checked_sub(ups.max(1)).filter(|_| !self.sources.packaged && !value.contains(".parents")) else { return Ok(None) };
            folders[..left].join("/")
        } else {
            let plain = value.split(['"', '\'']).step_by(2).collect::<Vec<_>>().join(" ");
            let known = ["Path", "pathlib", "os", "path", "join", "str", "abspath", "cwd", "getcwd", "resolve", "Field", "default", "realpath", "normpath"];
            let mut names = self.name.captures_iter(&plain).filter_map(|found| Some(found.get(1)?.as_str())).filter(|name| !known.contains(name));
            match (names.next(), names.next()) {
                (None, _) => String::new(),
                (Some(base), None) if depth > 0 => match self.path(text, (base, 0), true, depth - 1)? {
                    Some(base) => base,
                    None => return Ok(None),
                },
                _ => return Ok(None),
            }
        };
        let path = [above.as_str(), tail.trim_start_matches("./")].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("/");
        Ok(Some(path).filter(|path| !path.contains("..")))
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::python::apps::Sources;
    use crate::detect::writes::Writes;
    use crate::fs::Tree;

    fn made(files: &[(&str, &str)], packaged: bool) -> String {
        let tree = Tree::memory(files.iter().copied());
        let mut found = Writes::default();
        super::search(&mut found, &Sources::read(&tree.root(), packaged, &[])).expect("fine");
        found.paths().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn folders_by_their_names() {
        for (source, expected) in [
            ("DATA = Path('data')\nDATA.mkdir(exist_ok=True)\n", "data"),
            (
                "UPLOADS = os.path.join(BASE, 'static', 'uploads')\nBASE = os.path.dirname(os.path.abspath(__file__))\nos.makedirs(UPLOADS, exist_ok=True)\n",
                "static/uploads",
            ),
            ("OUT: Path = Path(os.getenv('OUT_DIR', './out'))\nOUT.mkdir()\n", "out"),
            ("DB = pathlib.Path(__file__).parent / 'data' / 'bot.db'\nDB.parent.mkdir(exist_ok=True)\n", "data"),
            ("d = Path(tempfile.mkdtemp('x'))\nd.mkdir()\n", ""),
            ("app.config['UPLOAD_FOLDER'] = os.path.join(os.path.dirname(__file__), 'static', 'uploads')\n", "static/uploads"),
            ("for dir in dirs:\n    dir.mkdir()\n", ""),
            ("def f(path):\n    path.mkdir()\n", ""),
            ("LOGS = Path('/var/log/shop')\nLOGS.mkdir()\n", "/var/log/shop"),
            ("HOME = Path.home() / 'x'\nHOME.mkdir()\n", ""),
        ] {
            assert_eq!(made(&[("main.py", source)], false), expected, "{source}");
        }
        let config = ("core/config.py", "ROOT = Path(__file__).resolve().parent.parent\nclass Settings:\n    upload_dir = ROOT / \"uploads\"\n");
        assert_eq!(made(&[config, ("main.py", "from core.config import settings\nos.makedirs(settings.upload_dir, exist_ok=True)\n")], false), "uploads");
        assert_eq!(made(&[("a.py", "def f(dir):\n    dir.mkdir()\n"), ("b.py", "dir = 'ltr'\n")], false), "");
        assert_eq!(made(&[("x/a.py", "D = Path(__file__).parent / 'd'\nD.mkdir()\n")], true), "");
    }

    #[test]
    fn a_variable_that_moves_the_data() {
        let movable = |source: &str| {
            let tree = Tree::memory([("shop/settings.py", source)]);
            let found = super::movable(&Sources::read(&tree.root(), false, &[])).expect("fine");
            found.into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(" ")
        };
        let base = "BASE = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))\n";
        assert_eq!(movable(&format!("{base}HOME = os.environ.get('SHOP_DBPATH', BASE)\n")), "SHOP_DBPATH");
        assert_eq!(movable("D = os.getenv('DATA_DIR', os.getcwd())\n"), "DATA_DIR");
        assert_eq!(movable(&format!("{base}HOME = os.environ.get('TEMPLATE_DIR', BASE)\n")), "");
        assert_eq!(movable("D = os.getenv('DATA_DIR', other)\n"), "");
    }
}
