//! Variables that production must be given: what the source reads without a default.

use super::apps::{Sources, regex};
use crate::manifest::pattern::Groups;
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
    let class = regex(r"(?m)^class\s+(\w+)\(([^)\n]*Settings\b[^)\n]*)\):")?;
    let any = regex(r"(?m)^class\s+(\w+)\(([^)]*)\):")?;
    let field = regex(
        r"(?m)^(?:    |\t)([A-Za-z]\w*)\s*:\s*(?:str|int|float|bool|bytes|SecretStr|EmailStr|Path|\w+Dsn|\w+Url)[ \t]*(?:=[ \t]*Field\([ \t]*\.\.\.[ \t]*\)[ \t]*)?(?:#[^\n]*)?$",
    )?;
    let prefix = regex(r#"\benv_prefix\s*=\s*["'](\w*)["']"#)?;
    let mut found = Vec::new();
    for text in sources.of_production().filter(|text| text.as_str().contains("BaseSettings")) {
        let classes: Vec<(&str, &str)> = any.captures_iter(text.as_str()).filter_map(|hit| Some((hit.get(1)?.as_str(), hit.get(2)?.as_str()))).collect();
        let of_settings = |hit: &Groups<'_>| hit.get(2).is_none_or(|bases| !is_plain(bases.as_str(), &classes, DEEPEST));
        for start in class.captures_iter(text.as_str()).filter(of_settings).filter_map(|hit| Some(hit.get(0)?.end())) {
            let body = &text.as_str()[start..];
            let end = body.match_indices('\n').map(|(at, _)| at + 1).find(|at| body[*at..].starts_with(|c: char| !c.is_whitespace())).unwrap_or(body.len());
            let body = &body[..end];
            let prefix = prefix.captures(body).and_then(|hit| hit.get(1)).map_or("", |prefix| prefix.as_str());
            for name in field.captures_iter(body).filter_map(|hit| hit.get(1)) {
                found.push((format!("{prefix}{}", name.as_str()).to_ascii_uppercase(), text.at(start + name.start(), name.as_str())));
            }
        }
    }
    Ok(found)
}

/// Whether classes of the same file lead to pydantic's plain model and to no settings.
fn is_plain(bases: &str, classes: &[(&str, &str)], depth: usize) -> bool {
    let names: Vec<&str> = bases.split(',').map(str::trim).collect();
    let own = |name: &&str| classes.iter().find(|(class, _)| class == name);
    !names.iter().any(|name| name.ends_with("BaseSettings"))
        && names.iter().all(|name| name.ends_with("BaseModel") || depth > 0 && own(name).is_some_and(|(_, bases)| is_plain(bases, classes, depth - 1)))
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
        for source in [
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
