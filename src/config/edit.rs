//! Writes answers into `dockgen.toml` and leaves everything else in it as it is, comments too.

use toml_edit::{Array, DocumentMut, Item, Table, Value, value};

use crate::model::Diagnostic;
use crate::model::question::Question;

/// Something to be kept in `dockgen.toml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// An answer, for one application or for all.
    Answer {
        /// The application; `None` for all.
        app: Option<String>,
        /// The question.
        question: Question,
        /// The answer.
        value: String,
    },
    /// The project's name of a stage.
    Stage {
        /// `dev`.
        part: &'static str,
        /// `development`.
        name: String,
    },
    /// A package of `[customize]`.
    Package {
        /// Whether only building needs it.
        build: bool,
        /// Its name.
        name: String,
    },
    /// An entry of .dockerignore.
    Ignore(String),
    /// A variable of `[customize]`.
    Env {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
}

/// The text of `dockgen.toml` with these entries in it.
pub fn edit(text: &str, entries: &[Entry]) -> Result<String, Diagnostic> {
    let mut doc: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| Diagnostic::error("broken-manifest", error.message().to_owned()))?;
    for entry in entries {
        match entry {
            Entry::Answer { app: None, question, value } => put(doc.as_table_mut(), question.key(), typed(*question, value)),
            Entry::Answer { app: Some(app), question, value } => {
                put(table(table(doc.as_table_mut(), "app", true), app, false), question.key(), typed(*question, value));
            }
            Entry::Stage { part, name } => put(table(doc.as_table_mut(), "stages", false), part, Value::from(name)),
            Entry::Package { build, name } => push(table(doc.as_table_mut(), "customize", false), if *build { "build-packages" } else { "packages" }, name),
            Entry::Ignore(name) => push(table(doc.as_table_mut(), "customize", false), "ignore", name),
            Entry::Env { name, value } => put(table(table(doc.as_table_mut(), "customize", false), "env", false), name, Value::from(value)),
        }
    }
    Ok(doc.to_string())
}

/// Sets a key and keeps the comment behind the value that was there.
fn put(table: &mut Table, key: &str, new: Value) {
    match table.get_mut(key).and_then(Item::as_value_mut) {
        Some(old) => {
            let decor = old.decor().clone();
            *old = new;
            *old.decor_mut() = decor;
        }
        None => {
            table.insert(key, value(new));
        }
    }
}

/// Adds to a list what it does not hold yet.
fn push(table: &mut Table, key: &str, name: &str) {
    let list = table.entry(key).or_insert_with(|| value(Array::new()));
    if let Some(list) = list.as_array_mut()
        && !list.iter().any(|known| known.as_str() == Some(name))
    {
        list.push(name);
    }
}

fn table<'t>(parent: &'t mut Table, key: &str, implicit: bool) -> &'t mut Table {
    let item = parent.entry(key).or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(implicit);
        Item::Table(table)
    });
    if !item.is_table() {
        // An inline table becomes one of its own.
        let made = std::mem::take(item).into_table().unwrap_or_default();
        *item = Item::Table(made);
    }
    match item {
        Item::Table(table) => table,
        _ => unreachable!("made above"),
    }
}

fn typed(question: Question, text: &str) -> Value {
    match question {
        Question::Port => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
        Question::Compose | Question::Dockerignore => text.parse::<bool>().map_or_else(|_| Value::from(text), Value::from),
        Question::App | Question::Services => {
            let mut list = Array::new();
            for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
                list.push(item);
            }
            Value::from(list)
        }
        _ => Value::from(text),
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, edit};
    use crate::model::question::Question;

    fn answer(app: Option<&str>, question: Question, value: &str) -> Entry {
        Entry::Answer { app: app.map(str::to_owned), question, value: value.to_owned() }
    }

    #[test]
    fn comments_and_order_stay() {
        let text = "# ours\nport = 8000 # the proxy's\n\n[stages]\ndev = 'local'\n";
        let entries = [
            answer(None, Question::Port, "9000"),
            answer(None, Question::Services, "postgres,redis"),
            answer(Some("api"), Question::StartCmd, "node x.js"),
            Entry::Package { build: false, name: "curl".to_owned() },
            Entry::Env { name: "TZ".to_owned(), value: "UTC".to_owned() },
        ];
        let want = "# ours\nport = 9000 # the proxy's\nservices = [\"postgres\", \"redis\"]\n\n[stages]\ndev = 'local'\n\n[app.api]\nstart-cmd = \"node x.js\"\n\n[customize]\npackages = [\"curl\"]\n\n[customize.env]\nTZ = \"UTC\"\n";
        let once = edit(text, &entries).expect("edits");
        assert_eq!(once, want);
        assert_eq!(edit(&once, &entries).expect("edits"), want, "the same again changes nothing");
    }
}
