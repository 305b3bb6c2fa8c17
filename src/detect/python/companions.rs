//! How the program learns where its databases are: the variables and the URL schemes that it reads itself.

use std::collections::BTreeMap;

use super::apps::{Sources, regex};
use super::project::Project;
use crate::catalog::services::Services;
use crate::manifest::pattern::Pattern;
use crate::model::{Dependency, Diagnostic};

/// Files that show developers which variables there are.
const EXAMPLES: &[&str] = &[".env.example", ".env.sample", ".env.template", ".env.dist", "example.env", "env.example"];

/// The variables of the development container that point to its companions, by name.
pub fn variables(sources: &Sources<'_>, project: &Project, dependencies: &[Dependency]) -> Result<BTreeMap<String, String>, Diagnostic> {
    let mut found = BTreeMap::new();
    let services = Services::load().map_err(|message| Diagnostic::error("catalogue", message))?;
    let present = |id: &str| {
        services.service.iter().any(|row| {
            row.id == id
                && row
                    .clients
                    .get("python")
                    .is_some_and(|names| dependencies.iter().any(|dependency| dependency.production && names.contains(&dependency.name)))
        })
    };
    for (name, scheme) in urls(sources)? {
        let target = match scheme.split('+').next().unwrap_or_default() {
            "postgres" | "postgresql" | "postgis" if present("postgres") => format!("{scheme}://app@postgres:5432/app"),
            "mysql" | "mariadb" if present("mysql") => format!("{scheme}://root@mysql:3306/app"),
            "redis" if present("redis") => format!("{scheme}://redis:6379/0"),
            "mongodb" if present("mongo") => format!("{scheme}://mongo:27017/app"),
            _ => continue,
        };
        found.entry(name).or_insert(target);
    }
    let names = names(sources)?;
    for (prefix, id, user) in
        [("POSTGRES", "postgres", "app"), ("PG", "postgres", "app"), ("MYSQL", "mysql", "root"), ("REDIS", "redis", ""), ("MONGO", "mongo", "")]
    {
        if present(id) {
            parts(&names, prefix, id, user, &mut found);
        }
    }
    if let Some((id, user)) = [("postgres", "app"), ("mysql", "root")].into_iter().find(|(id, _)| present(id)) {
        for prefix in ["DB", "DATABASE", "SQL"] {
            parts(&names, prefix, id, user, &mut found);
        }
        // SQLAlchemy takes the driver from the URL.
        let driver = [("asyncpg", "postgresql+asyncpg"), ("psycopg", "postgresql+psycopg"), ("aiomysql", "mysql+aiomysql"), ("pymysql", "mysql+pymysql")];
        let alchemy = project.needs(&["sqlalchemy", "sqlmodel", "flask-sqlalchemy"]).is_some();
        if alchemy && let Some((_, scheme)) = driver.into_iter().find(|(name, _)| project.needs(&[name]).is_some()) {
            let host = if id == "postgres" { "postgres:5432" } else { "mysql:3306" };
            found.entry("DATABASE_URL".to_owned()).or_insert_with(|| format!("{scheme}://{user}@{host}/app"));
        }
    }
    Ok(found)
}

/// The companions that these variables lead to, where the program asks for none by the catalogue's name: `DATABASE_URL` beside `DB_HOST` would be for nobody.
pub fn led(sources: &Sources<'_>, given: &[(String, String)]) -> Result<Vec<String>, Diagnostic> {
    let services = Services::load().map_err(|message| Diagnostic::error("catalogue", message))?;
    // Libraries that read the address of a database themselves ask for it too.
    let by_library = regex(r"(\bdj_database_url\b|\benv\.db\w*\(\s*\))")?;
    let texts: Vec<String> = sources.texts.iter().map(|text| text.as_str().to_owned()).chain(examples(sources)).collect();
    let of_database = texts.iter().any(|text| by_library.is_match(text));
    let mut found = Vec::new();
    for row in &services.service {
        let asks = |name: &String| {
            let word = regex(&format!(r"(?i)\b{name}\b"))?;
            Ok::<_, Diagnostic>(texts.iter().any(|text| word.is_match(text)) || of_database && name == "DATABASE_URL")
        };
        let mut asked = false;
        for name in row.app_env.keys() {
            asked |= asks(name)?;
        }
        let leads = given.iter().any(|(name, value)| value.contains(&row.id) && !row.app_env.contains_key(name));
        if leads && !asked {
            found.push(row.id.clone());
        }
    }
    Ok(found)
}

/// `DB_HOST` and its like, where the program knows them.
fn parts(names: &[String], prefix: &str, id: &str, user: &str, found: &mut BTreeMap<String, String>) {
    for (endings, value) in [(&["HOST", "SERVER", "HOSTNAME"][..], id), (&["USER", "USERNAME"], user), (&["DB", "NAME", "DATABASE"], "app")] {
        for name in endings.iter().flat_map(|ending| [format!("{prefix}_{ending}"), format!("{prefix}{ending}")]) {
            if names.contains(&name) && !value.is_empty() && !(id == "redis" && value == "app") {
                found.entry(name).or_insert_with(|| value.to_owned());
            }
        }
    }
}

/// Variables that hold URLs, with the schemes that the project itself uses.
fn urls(sources: &Sources<'_>) -> Result<Vec<(String, String)>, Diagnostic> {
    // A scheme alone is put before the rest by the program.
    let scheme = r#"((?:postgres|postgresql|postgis|mysql|mariadb|redis|mongodb)(?:\+\w+)?)://[^"'\s]"#;
    let shown = regex(&format!(r#"(?m)^(?:export\s+)?([A-Z][A-Z0-9_]*)\s*=\s*["']?{scheme}"#))?;
    let read = regex(&format!(r#"(?:environ\.get|getenv|env(?:\.\w+)?|config)\(\s*["'](\w+)["']\s*,\s*(?:default\s*=\s*)?f?["']{scheme}"#))?;
    let field = regex(&format!(r#"(?m)^\s+(\w+)\s*:\s*[\w. |\[\]]+=\s*(?:Field\(\s*(?:default\s*=\s*)?)?["']{scheme}"#))?;
    let mut found = Vec::new();
    let mut take = |pattern: &Pattern, text: &str| {
        for hit in pattern.captures_iter(text) {
            if let (Some(name), Some(scheme)) = (hit.get(1), hit.get(2)) {
                found.push((name.as_str().to_ascii_uppercase(), scheme.as_str().to_owned()));
            }
        }
    };
    for text in examples(sources) {
        take(&shown, &text);
    }
    for text in &sources.texts {
        take(&read, text.as_str());
        take(&field, text.as_str());
    }
    Ok(found)
}

/// Names of variables that the project reads or shows.
fn names(sources: &Sources<'_>) -> Result<Vec<String>, Diagnostic> {
    let shown = regex(r"(?m)^(?:export\s+)?([A-Z][A-Z0-9_]*)\s*=")?;
    let read = regex(r#"(?:environ(?:\.get)?|getenv|env(?:\.\w+)?|config)\s*[\[(]\s*["'](\w+)["']"#)?;
    let field = regex(r"(?mi)^\s+((?:postgres|pg|db|database|mysql|redis|mongo)_\w+)\s*:\s*(?:str|int)\b")?;
    let mut names = Vec::new();
    let mut take = |pattern: &Pattern, text: &str| {
        names.extend(pattern.captures_iter(text).filter_map(|hit| Some(hit.get(1)?.as_str().to_ascii_uppercase())));
    };
    for text in examples(sources) {
        take(&shown, &text);
    }
    for text in &sources.texts {
        take(&read, text.as_str());
        take(&field, text.as_str());
    }
    Ok(names)
}

fn examples(sources: &Sources<'_>) -> Vec<String> {
    // The example lies beside the service or at the root of the repository.
    let root = sources.dir.tree().root();
    let places = if sources.dir.path().is_root() { vec![sources.dir.clone()] } else { vec![sources.dir.clone(), root] };
    places.iter().flat_map(|dir| EXAMPLES.iter().filter_map(|file| dir.peek(file))).map(|text| text.as_str().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{led, variables};
    use crate::detect::python::apps::Sources;
    use crate::detect::python::project::Project;
    use crate::fs::Tree;
    use crate::model::{Dependency, Evidence, RelPath};

    fn run(files: &[(&str, &str)], names: &[&str]) -> Vec<String> {
        let tree = Tree::memory(files.iter().copied());
        let project = Project::read(&tree.root()).expect("fine");
        let dependencies: Vec<Dependency> =
            names.iter().map(|name| Dependency { name: (*name).to_owned(), at: Evidence::file(RelPath::root()), production: true }).collect();
        let found = variables(&Sources::read(&tree.root(), false, &[]), &project, &dependencies).expect("fine");
        found.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[test]
    fn the_projects_own_names_and_schemes() {
        let settings = ("settings.py", "class Settings:\n    database_url: str = 'postgresql+psycopg://localhost/x'\n");
        assert_eq!(run(&[settings], &["psycopg"]), ["DATABASE_URL=postgresql+psycopg://app@postgres:5432/app"]);
        assert_eq!(run(&[settings], &[]), Vec::<String>::new());
        let split = ("a.py", "os.getenv('POSTGRES_HOST', 'localhost')\nos.environ['DB_USER']\n");
        assert_eq!(run(&[split], &["psycopg2"]), ["DB_USER=app", "POSTGRES_HOST=postgres"]);
        assert_eq!(run(&[(".env.example", "BROKER=redis://localhost:6379/1\n")], &["redis"]), ["BROKER=redis://redis:6379/0"]);
        assert_eq!(run(&[("app.py", "PREFIX = config(\"PREFIX\", default=\"postgresql://\")\n")], &["psycopg"]), [""; 0]);
        assert_eq!(run(&[("requirements.txt", "sqlalchemy\nasyncpg\n")], &["asyncpg"]), ["DATABASE_URL=postgresql+asyncpg://app@postgres:5432/app"]);
    }

    #[test]
    fn the_catalogues_address_is_for_those_who_ask_for_it() {
        let given = [("DB_HOST".to_owned(), "postgres".to_owned())];
        for (source, expected) in [
            ("os.environ['DB_HOST']", vec!["postgres".to_owned()]),
            ("os.environ['DB_HOST']\nos.getenv('DATABASE_URL')", vec![]),
            ("class Settings(BaseSettings):\n    db_host: str\n    database_url: PostgresDsn\n", vec![]),
            ("DATABASES = {'default': dj_database_url.config()}", vec![]),
        ] {
            let tree = Tree::memory([("settings.py", source)]);
            assert_eq!(led(&Sources::read(&tree.root(), false, &[]), &given).expect("fine"), expected, "{source}");
        }
        let tree = Tree::memory([("a.py", "x = 1")]);
        assert_eq!(led(&Sources::read(&tree.root(), false, &[]), &[]).expect("fine"), Vec::<String>::new());
    }
}
