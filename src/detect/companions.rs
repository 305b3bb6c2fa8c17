//! How a program learns where its databases are: the variables that it asks for itself, in the shape that it shows.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::{samples, source};
use crate::catalog::services::Services;
use crate::fs::{Dir, Text};
use crate::manifest::pattern;
use crate::model::ServiceDraft;

/// A companion as a program calls it: its name in compose.yaml, the scheme of its addresses, its port, the user, and what variables begin with.
struct Companion {
    id: &'static str,
    scheme: &'static str,
    port: u16,
    user: &'static str,
    prefixes: &'static [&'static str],
}

const COMPANIONS: &[Companion] = &[
    Companion { id: "postgres", scheme: "postgres", port: 5432, user: "app", prefixes: &["POSTGRESQL", "POSTGRES", "PG", "PSQL"] },
    Companion { id: "mysql", scheme: "mysql", port: 3306, user: "root", prefixes: &["MYSQL", "MARIADB"] },
    Companion { id: "redis", scheme: "redis", port: 6379, user: "", prefixes: &["REDIS"] },
    Companion { id: "mongo", scheme: "mongodb", port: 27017, user: "", prefixes: &["MONGODB", "MONGO"] },
];

/// What variables of a database begin with that don't say which.
const ANY: &[&str] = &["DB", "DATABASE", "SQL"];

/// Tells the development container of the draft's companions, by the names in the source.
pub fn tell(draft: &mut ServiceDraft, stack: &str, texts: &[Rc<Text>], dir: &Dir<'_>) {
    let shown = shown(dir);
    draft.compose.reads = names(texts).into_iter().chain(shown.keys().cloned()).collect();
    by_names(draft, stack, &shown);
}

/// Leaves out the databases that a program could be told to use instead of its own file.
pub fn leave_servers(draft: &mut ServiceDraft, stack: &str) {
    let Ok(services) = Services::load() else { return };
    let servers = services.service.iter().filter(|row| matches!(row.id.as_str(), "postgres" | "mysql" | "mssql"));
    let clients: Vec<&String> = servers.filter_map(|row| row.clients.get(stack)).flatten().collect();
    draft.dependencies.retain(|dependency| !clients.contains(&&dependency.name));
}

/// The same by the names that the draft is known to read.
pub fn tell_reader(draft: &mut ServiceDraft, stack: &str, dir: &Dir<'_>) {
    by_names(draft, stack, &shown(dir));
}

fn by_names(draft: &mut ServiceDraft, stack: &str, shown: &BTreeMap<String, String>) {
    let Ok(services) = Services::load() else { return };
    let has = |id: &str| {
        let rows = services.service.iter().filter(|row| row.id == id).filter_map(|row| row.clients.get(stack));
        rows.flatten().any(|name| draft.dependencies.iter().any(|dependency| dependency.production && dependency.name == *name))
    };
    let present: Vec<&Companion> = COMPANIONS.iter().filter(|companion| has(companion.id)).collect();
    if present.is_empty() {
        return;
    }
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut led: BTreeSet<&str> = BTreeSet::new();
    let asked: BTreeSet<String> = draft.compose.reads.iter().cloned().collect();
    for name in &asked {
        let value = present.iter().find_map(|companion| {
            // The first database is the one that is meant where nothing else is said.
            let any = companion.id != "redis" && present.iter().find(|one| one.id != "redis").is_some_and(|first| first.id == companion.id);
            let prefixes = companion.prefixes.iter().chain(ANY.iter().filter(|_| any));
            let ending = prefixes.filter_map(|prefix| name.split_once(prefix)).find_map(|(before, rest)| {
                // What stands before is the project's own name at most.
                (before.is_empty() || before.ends_with('_') && before.matches('_').count() == 1).then(|| rest.trim_start_matches('_'))
            })?;
            Some((companion.id, companion.value(ending, shown.get(name).map_or("", String::as_str), stack)?))
        });
        if let Some((id, value)) = value {
            // A name of a database alone leads nowhere.
            if value.contains(id) {
                led.insert(id);
            }
            found.insert(name.clone(), value);
        }
    }
    let given = |name: &String| stack != "go" && services.service.iter().any(|row| row.app_env.contains_key(name));
    // What it asks for by the catalogue's name too, it gets by that. Of several databases one is meant.
    let by_catalogue = |id: &str| services.service.iter().any(|row| row.id == id && row.app_env.keys().chain(&row.also).any(|name| asked.contains(name)));
    let to_database = led.iter().any(|id| *id != "redis");
    let mut ids: Vec<&str> = present.iter().map(|companion| companion.id).collect();
    ids.retain(|id| (led.contains(id) || to_database && *id != "redis") && !by_catalogue(id));
    draft.compose.led = ids.into_iter().map(ToOwned::to_owned).collect();
    for (name, value) in found {
        if !given(&name) && !draft.compose.env.iter().any(|(known, _)| *known == name) {
            draft.compose.env.push((name, value));
        }
    }
}

impl Companion {
    /// The value of a variable with this ending; `shown` is an example of it.
    fn value(&self, ending: &str, shown: &str, stack: &str) -> Option<String> {
        let place = format!("{}:{}", self.id, self.port);
        let database = if self.id == "redis" { "0" } else { "app" };
        // Compose is for development.
        let ending = ["_LOCAL", "_DEV", "_DEVELOPMENT"].iter().find_map(|stage| ending.strip_suffix(stage)).unwrap_or(ending);
        Some(match ending {
            "HOST" | "SERVER" | "HOSTNAME" if shown.contains(':') => place,
            "HOST" | "SERVER" | "HOSTNAME" => self.id.to_owned(),
            "ADDR" | "ADDRESS" | "HOSTPORT" if !shown.contains("//") => place,
            "PORT" => self.port.to_string(),
            "USER" | "USERNAME" if !self.user.is_empty() => self.user.to_owned(),
            "NAME" | "DB" | "DATABASE" | "DBNAME" | "DB_NAME" if database == "app" => database.to_owned(),
            "SSLMODE" | "SSL_MODE" if self.id == "postgres" => "disable".to_owned(),
            "URL" | "URI" | "DSN" | "CONN" | "CONNECTION" | "SOURCE" | "CONNECTION_STRING" | "CONNSTR" | "CONN_STR" | "ADDR" | "ADDRESS" => {
                let user = if self.user.is_empty() { String::new() } else { format!("{}@", self.user) };
                if shown.contains("@tcp(") || stack == "go" && self.id == "mysql" && ending != "URL" && !shown.contains("//") {
                    format!("{user}tcp({place})/{database}?parseTime=true")
                } else if shown.contains("host=") {
                    format!("host={} port={} user={} dbname={database} sslmode=disable", self.id, self.port, self.user)
                } else {
                    let scheme = shown.split_once("://").map_or(self.scheme, |(scheme, _)| scheme);
                    // Go's driver asks for TLS unless it is told not to.
                    let plain = if self.id == "postgres" && stack == "go" { "?sslmode=disable" } else { "" };
                    format!("{scheme}://{user}{place}/{database}{plain}")
                }
            }
            _ => return None,
        })
    }
}

/// Names in capitals that the source has in quotes: what it asks the environment for is one of them.
fn names(texts: &[Rc<Text>]) -> BTreeSet<String> {
    let Ok(pattern) = pattern::pattern(r#""([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)[",]"#) else { return BTreeSet::new() };
    source::find_all(texts, &pattern, "//").into_iter().map(|hit| hit.value).collect()
}

/// The variables that the repository shows as an example.
fn shown(dir: &Dir<'_>) -> BTreeMap<String, String> {
    let Ok(pattern) = pattern::pattern(r#"(?m)^[ \t]*(?:export[ \t]+)?([A-Z][A-Z0-9_]*)[ \t]*=[ \t]*["']?([^"'\n#]*)"#) else { return BTreeMap::new() };
    let mut found = BTreeMap::new();
    for text in samples::samples(dir) {
        for groups in pattern.captures_iter(text.as_str()) {
            if let (Some(name), Some(value)) = (groups.get(1), groups.get(2)) {
                found.entry(name.as_str().to_owned()).or_insert_with(|| value.as_str().trim().to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::tell;
    use crate::fs::{Text, Tree};
    use crate::model::{Dependency, Evidence, RelPath, ServiceDraft};

    fn told(source: &str, example: &str, clients: &[&str]) -> String {
        let tree = Tree::memory([(".env.example", example)]);
        let mut draft = ServiceDraft::new("go", RelPath::root(), "a");
        let at = Evidence::file(RelPath::root());
        draft.dependencies = clients.iter().map(|name| Dependency { name: (*name).to_owned(), at: at.clone(), production: true }).collect();
        tell(&mut draft, "go", &[Rc::new(Text::new(RelPath::known("main.go"), source))], &tree.root());
        let led = draft.compose.led.iter().map(|id| format!("by its own: {id}"));
        draft.compose.env.iter().map(|(name, value)| format!("{name}={value}")).chain(led).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_program_is_told_by_the_variables_that_it_asks_for() {
        let (pq, mysql, redis) = ("github.com/lib/pq", "github.com/go-sql-driver/mysql", "github.com/redis/go-redis/v9");
        for (source, example, clients, expected) in [
            ("os.Getenv(\"DATABASE_URL\")", "", vec![pq], "DATABASE_URL=postgres://app@postgres:5432/app?sslmode=disable"),
            ("URL string `env:\"PG_URL,required\"`", "", vec![pq], "PG_URL=postgres://app@postgres:5432/app?sslmode=disable"),
            (
                "x(\"DB_HOST\", \"DB_PORT\", \"DB_SSLMODE\", \"DB_COUNT\")",
                "",
                vec![pq],
                "DB_HOST=postgres DB_PORT=5432 DB_SSLMODE=disable by its own: postgres",
            ),
            ("", "APP_DB_DSN=user:pw@tcp(localhost:3306)/x", vec![mysql], "APP_DB_DSN=root@tcp(mysql:3306)/app?parseTime=true by its own: mysql"),
            (
                "",
                "DSN=1\nDB_SOURCE=postgresql://u:p@localhost/x",
                vec![pq],
                "DB_SOURCE=postgresql://app@postgres:5432/app?sslmode=disable by its own: postgres",
            ),
            ("", "DB_DSN=\"host=localhost user=x\"", vec![pq], "DB_DSN=host=postgres port=5432 user=app dbname=app sslmode=disable by its own: postgres"),
            ("f(\"REDIS_ADDR\", \"DB_HOST\")", "", vec![redis], "REDIS_ADDR=redis:6379 by its own: redis"),
            ("f(\"REDIS_HOST\")", "", vec![pq], ""),
            ("f(\"DB_NAME\")", "", vec![pq], "DB_NAME=app"),
            ("f(\"DB_HOST_LOCAL\")", "", vec![pq], "DB_HOST_LOCAL=postgres by its own: postgres"),
            ("f(\"DB_HOST\", \"DATABASE_URL\")", "", vec![pq], "DATABASE_URL=postgres://app@postgres:5432/app?sslmode=disable DB_HOST=postgres"),
        ] {
            assert_eq!(told(source, example, &clients), expected, "{source} {example}");
        }
    }
}
