//! Variables that production must be given: what the source reads without a default.

use std::collections::BTreeSet;

use super::apps::{Sources, regex};
use crate::fs::Text;
use crate::model::{Diagnostic, Evidence, ServiceDraft};

/// How far classes are followed.
const DEEPEST: usize = 6;

/// A list that is longer than this says no more.
const MOST: usize = 8;

/// Names that every container or its platform sets.
const GIVEN: &[&str] =
    &["HOME", "HOSTNAME", "LANG", "PATH", "PORT", "PWD", "PYTHONPATH", "PYTHON_VERSION", "TZ", "USER", "VIRTUAL_ENV", "DJANGO_SETTINGS_MODULE"];

/// The note that names them; `known` are those that the settings of a framework want.
pub fn needed(sources: &Sources<'_>, known: Vec<(String, Evidence)>, draft: &ServiceDraft) -> Result<Option<Diagnostic>, Diagnostic> {
    let mut found = known;
    let read = regex(r#"\bos\.environ\[\s*["']([A-Z][A-Z0-9_]*)["']\s*\](\s*\+?=[^=])?"#)?;
    for text in sources.of_production() {
        for hit in read.captures_iter(text.as_str()) {
            let Some(name) = hit.get(1).filter(|_| hit.get(2).is_none()) else { continue };
            let at = text.at(name.start(), name.as_str());
            // One that is asked for first, or set before it is read, can be missing.
            let asked = [format!("\"{}\" in ", name.as_str()), format!("'{}' in ", name.as_str()), format!("setdefault(\"{}\"", name.as_str())];
            let line = text.as_str()[..name.start()].rfind('\n').map_or(0, |end| end + 1);
            let commented = text.as_str()[line..name.start()].trim_start().starts_with('#') || conditional(text.as_str(), name.start());
            // A module can set what another one reads.
            let set = regex(&format!(r#"os\.environ\[\s*["']{}["']\s*\]\s*=[^=]"#, name.as_str()))?;
            if !commented && !asked.iter().any(|asked| text.as_str().contains(asked)) && !sources.of_production().any(|text| set.is_match(text.as_str())) {
                found.push((name.as_str().to_owned(), at));
            }
        }
    }
    found.extend(of_readers(sources)?);
    found.extend(of_classes(sources)?);
    let mut names: Vec<(String, Evidence)> = Vec::new();
    for (name, at) in found {
        let given = GIVEN.contains(&name.as_str()) || draft.env.iter().any(|(known, _)| *known == name);
        if !given && !names.iter().any(|(known, _)| *known == name) {
            names.push((name, at));
        }
    }
    if names.is_empty() {
        return Ok(None);
    }
    let more = names.len().saturating_sub(MOST);
    names.truncate(MOST);
    let mut list = names.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
    if more > 0 {
        list = format!("{list} and {more} more");
    }
    let at = names.into_iter().map(|(_, at)| at).take(3);
    Ok(Some(
        Diagnostic::note("variables", format!("service `{}`: production must be given {list}: the program reads without a default", draft.name))
            .at_all(at)
            .help("pass them when the container starts (`--env-file .env`, `env_file` of compose.yaml); none of them belongs into the image"),
    ))
}

/// What the readers of settings that projects share are asked for without a default: `config("KEY")` of Starlette and decouple, `env.str("KEY")`.
fn of_readers(sources: &Sources<'_>) -> Result<Vec<(String, Evidence)>, Diagnostic> {
    let reader = regex(r"(?m)^\s*(?:from|import)\s+(?:starlette\.config|decouple|environs|environ)\b")?;
    let read =
        regex(r#"\b(?:config|env(?:\.(?:str|int|bool|float|list|url|path|json|decimal))?)\(\s*["']([A-Z][A-Z0-9_]*)["']\s*(?:,\s*cast\s*=\s*\w+\s*)?\)"#)?;
    let mut found = Vec::new();
    for text in sources.of_production().filter(|text| reader.is_match(text.as_str())) {
        for name in read.captures_iter(text.as_str()).filter_map(|hit| hit.get(1)) {
            let line = text.as_str()[..name.start()].rfind('\n').map_or(0, |end| end + 1);
            if !text.as_str()[line..name.start()].trim_start().starts_with('#') && !conditional(text.as_str(), name.start()) {
                found.push((name.as_str().to_owned(), text.at(name.start(), name.as_str())));
            }
        }
    }
    Ok(found)
}

/// The fields without a default of classes of settings, which pydantic reads from variables of their names.
fn of_classes(sources: &Sources<'_>) -> Result<Vec<(String, Evidence)>, Diagnostic> {
    let field = regex(
        r"(?m)^(?:    |\t)([A-Za-z]\w*)\s*:\s*(?:str|int|float|bool|bytes|SecretStr|EmailStr|Path|\w+Dsn|\w+Url)[ \t]*(?:=[ \t]*Field\([ \t]*\.\.\.[ \t]*\)[ \t]*)?(?:#[^\n]*)?$",
    )?;
    let prefix = regex(r#"\benv_prefix\s*=\s*["'](\w*)["']"#)?;
    let all = classes(sources)?;
    let names = of_settings(&all);
    let classes: Vec<&Class<'_>> = all.iter().filter(|class| names.contains(class.name)).collect();
    let mut found = Vec::new();
    for class in &classes {
        // What the program fills in itself is not read.
        let filled = regex(&format!(r"\b{}\(\s*\w+\s*=", class.name))?;
        if sources.of_production().any(|text| filled.is_match(text.as_str())) {
            continue;
        }
        let prefix = [class.bases, class.body].into_iter().find_map(|text| Some(prefix.captures(text)?.get(1)?.as_str())).unwrap_or_default();
        // The classes that are made: those that nothing derives from.
        let below = below(&classes, class.name);
        let leaves = below.iter().filter(|leaf| !classes.iter().any(|other| other.name != **leaf && other.parents().any(|parent| parent == **leaf)));
        let leaves: Vec<&str> = leaves.copied().collect();
        for name in field.captures_iter(class.body).filter_map(|hit| hit.get(1)) {
            let sets = |leaf: &str| {
                let between = |other: &&&Class<'_>| other.name != class.name && below.contains(other.name) && self::below(&classes, other.name).contains(leaf);
                classes.iter().filter(between).any(|other| other.sets(name.as_str()))
            };
            if leaves.iter().any(|leaf| !sets(leaf)) {
                found.push((format!("{prefix}{}", name.as_str()).to_ascii_uppercase(), class.text.at(class.start + name.start(), name.as_str())));
            }
        }
    }
    Ok(found)
}

/// A class of the source.
struct Class<'t> {
    name: &'t str,
    bases: &'t str,
    body: &'t str,
    start: usize,
    text: &'t Text,
}

impl Class<'_> {
    /// The names of its bases, without their modules.
    fn parents(&self) -> impl Iterator<Item = &str> {
        self.bases.split(',').map(str::trim).filter(|base| !base.is_empty() && !base.contains('=')).map(|base| base.rsplit('.').next().unwrap_or(base))
    }

    /// Whether it gives a field a value.
    fn sets(&self, field: &str) -> bool {
        self.body.lines().any(|line| line.trim_start().strip_prefix(field).is_some_and(|rest| rest.trim_start().starts_with([':', '=']) && rest.contains('=')))
    }
}

/// The classes of production, by their place.
fn classes<'t>(sources: &'t Sources<'_>) -> Result<Vec<Class<'t>>, Diagnostic> {
    let class = regex(r"(?m)^class\s+(\w+)\(((?:[^()]|\([^()]*\))*)\):")?;
    let mut found = Vec::new();
    for text in sources.of_production() {
        let whole = text.as_str();
        for hit in class.captures_iter(whole) {
            let (Some(head), Some(name), Some(bases)) = (hit.get(0), hit.get(1), hit.get(2)) else { continue };
            let body = &whole[head.end()..];
            let end = body.match_indices('\n').map(|(at, _)| at + 1).find(|at| body[*at..].starts_with(|c: char| !c.is_whitespace())).unwrap_or(body.len());
            found.push(Class { name: name.as_str(), bases: bases.as_str(), body: &body[..end], start: head.end(), text });
        }
    }
    Ok(found)
}

/// The names of the classes that are pydantic's class of settings in the end: by the classes of the source, or one of another place that is named so.
fn of_settings<'t>(classes: &[Class<'t>]) -> BTreeSet<&'t str> {
    let own: BTreeSet<&str> = classes.iter().map(|class| class.name).collect();
    let first = |class: &&Class<'_>| class.parents().any(|parent| parent == "BaseSettings" || !own.contains(parent) && is_named(class, parent));
    let names = classes.iter().filter(first).map(|class| class.name).collect();
    grown(classes.iter(), names)
}

/// The names of a class and of those that derive from it.
fn below<'t>(classes: &[&Class<'t>], name: &'t str) -> BTreeSet<&'t str> {
    grown(classes.iter().copied(), BTreeSet::from([name]))
}

/// Names with those of the classes below them.
fn grown<'c, 't: 'c>(classes: impl Iterator<Item = &'c Class<'t>> + Clone, mut names: BTreeSet<&'t str>) -> BTreeSet<&'t str> {
    for _ in 0..DEEPEST {
        let more: Vec<&str> = classes.clone().filter(|class| class.parents().any(|parent| names.contains(parent))).map(|class| class.name).collect();
        names.extend(more);
    }
    names
}

/// Whether a base from another place is one of settings by its name, in a file that knows pydantic's.
fn is_named(class: &Class<'_>, parent: &str) -> bool {
    parent.ends_with("Settings") && class.text.as_str().contains("BaseSettings")
}

/// Whether a place in the source is reached under a condition only.
pub fn conditional(text: &str, place: usize) -> bool {
    let mut lines = text[..place].lines().rev();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let Some(own) = lines.next() else { return false };
    let mut depth = indent(own);
    for line in lines.filter(|line| !line.trim().is_empty()) {
        if depth == 0 {
            return false;
        }
        if indent(line) < depth {
            depth = indent(line);
            let line = line.trim_start();
            if ["if ", "elif ", "else", "try:", "except"].iter().any(|word| line.starts_with(word)) {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::needed;
    use crate::detect::python::apps::Sources;
    use crate::fs::Tree;
    use crate::model::{RelPath, ServiceDraft};

    fn note(source: &str) -> Option<String> {
        let tree = Tree::memory([("main.py", source)]);
        let draft = ServiceDraft::new("python", RelPath::root(), "a");
        needed(&Sources::read(&tree.root(), false, &[]), Vec::new(), &draft).expect("fine").map(|note| note.message)
    }

    #[test]
    fn variables_without_a_default() {
        assert!(note("key = os.environ[\"API_KEY\"]\nos.environ['B']\n").is_some_and(|message| message.contains("API_KEY, B:")));
        let settings = "class Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix=\"SHOP_\")\n    name: str = 'x'\n    database_url: PostgresDsn\n    token: SecretStr = Field(...)  # told\n    limits: Limits\n\n    def f(self):\n        a: int\n\nclass Item(BaseModel):\n    id: int\n";
        assert!(note(settings).is_some_and(|message| message.contains("given SHOP_DATABASE_URL, SHOP_TOKEN:")));
        let plain = "class Fields(BaseModel):\n    a: str\nclass EditSettings(Fields):\n    b: str\nclass Settings(EditSettings, BaseSettings):\n    c: str\n";
        assert!(note(plain).is_some_and(|message| message.contains("given C:")));
        let read = "from starlette.config import Config\nconfig = Config('.env')\nA = config('A')\nB = config(\"B\", cast=Secret)\nC = config('C', default='')\nD = config('D', cast=bool, default=False)\n";
        assert!(note(read).is_some_and(|message| message.contains("given A, B:")));
        let above = "class Config(\n    BaseSettings,\n    env_file=('.env', '.env.local'),\n):\n    url: str\n    name: str\nclass Bot(Config, env_prefix='BOT_'):\n    token: str\n    name: str = 'x'\n";
        assert!(note(above).is_some_and(|message| message.contains("given URL, BOT_TOKEN:")));
        for source in [
            "class Place(BaseSettings):\n    url: str\nplaces = [Place(\n    url=x)]\n",
            "os.environ['A'] = '1'\n",
            "os.environ.get('A')\n",
            "if 'A' in os.environ:\n    x = os.environ['A']\n",
            "if x:\n    y = {\n        'k': os.environ['A'],\n    }\n",
            "# os.environ['A']\n",
            "os.environ['PORT']\n",
        ] {
            assert_eq!(note(source), None, "{source}");
        }
    }
}
