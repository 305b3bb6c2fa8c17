//! Quoting: every value of a project reaches a file through one of these.

use crate::model::path::is_plain;
use tera::{Error, Kwargs, State, TeraResult, Value};

/// Registers the filters.
pub fn register(tera: &mut tera::Tera) {
    tera.register_filter("json", json);
    tera.register_filter("sh", sh);
    tera.register_filter("env", env);
    tera.register_filter("path", path);
    tera.register_filter("yaml", yaml);
    tera.register_filter("comment", comment);
    tera.register_filter("line", line);
    tera.register_filter("chain", chain);
    tera.register_filter("unpinned", unpinned);
    tera.register_filter("probe", probe);
}

/// Exec form: a JSON array of words, or one JSON string.
fn json(value: Value, _: Kwargs, _: &State) -> TeraResult<String> {
    let value = serde_json::to_value(&value).map_err(|error| Error::message(error.to_string()))?;
    Ok(match value {
        serde_json::Value::Array(items) => format!("[{}]", items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    })
}

/// One word of a shell command.
fn sh(value: &str, _: Kwargs, _: &State) -> TeraResult<String> {
    clean(value)?;
    shlex::try_quote(value).map(std::borrow::Cow::into_owned).map_err(|error| Error::message(error.to_string()))
}

/// The value of an ENV or ARG: in quotes where it needs them; nothing in it is expanded.
fn env(value: Value, _: Kwargs, _: &State) -> TeraResult<String> {
    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    clean(&text)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | ',' | '@' | '%' | '+' | '=');
    if !text.is_empty() && text.chars().all(plain) {
        return Ok(text);
    }
    let escaped = text.chars().flat_map(|c| if matches!(c, '"' | '\\' | '$') { vec!['\\', c] } else { vec![c] }).collect::<String>();
    Ok(format!("\"{escaped}\""))
}

/// A path in COPY, WORKDIR or a mount: letters, digits and a few signs; anything else is refused, since Docker would expand it.
fn path(value: &str, _: Kwargs, _: &State) -> TeraResult<String> {
    if !is_plain(value) {
        return Err(Error::message(format!("the path `{}` can't stand in a Dockerfile: rename it", crate::model::evidence::tame(value))));
    }
    Ok(value.to_owned())
}

/// A YAML string in single quotes where it needs them.
fn yaml(value: Value, _: Kwargs, _: &State) -> TeraResult<String> {
    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    clean(&text)?;
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '.' | '/' | '_'))
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '+'))
        && !matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "yes" | "no" | "on" | "off" | "null" | "y" | "n" | "." | "..");
    // A dollar sign would be expanded by compose.
    Ok(if plain || text == "." { text } else { format!("'{}'", text.replace('\'', "''")) })
}

/// Text for a comment: one line, no control characters.
fn comment(value: &str, _: Kwargs, _: &State) -> String {
    value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().trim_end_matches('\\').to_owned()
}

/// Shell text that a person or manifest wrote: taken as it is, on one line.
fn line(value: &str, _: Kwargs, _: &State) -> TeraResult<String> {
    clean(value)?;
    if value.trim_end().ends_with('\\') || value.contains("<<") {
        return Err(Error::message(format!("`{}` can't stand in a RUN: it would swallow the next line", crate::model::evidence::tame(value))));
    }
    Ok(value.trim().to_owned())
}

/// The same, each command of a chain on a line of its own.
fn chain(value: &str, kwargs: Kwargs, state: &State) -> TeraResult<String> {
    let text = line(value, kwargs, state)?;
    Ok(if text.contains(['\'', '"', '#']) { text } else { text.replace(" && ", " \\\n    && ") })
}

/// Whether any package of a list has no version.
fn unpinned(names: Vec<String>, _: Kwargs, _: &State) -> bool {
    names.iter().any(|name| !name.contains('='))
}

/// The words that ask a server over HTTP on this path, by what the system of the image has: bash on Debian, busybox on Alpine.
/// Any answer but a server error counts.
fn probe(path: &str, kwargs: Kwargs, _: &State) -> TeraResult<Vec<String>> {
    let (os, port) = (kwargs.must_get::<&str>("os")?, kwargs.must_get::<u64>("port")?);
    let plain = path.starts_with('/') && path.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.'));
    if !plain {
        return Err(Error::message(format!("`{}` is no path that a health check can ask for", crate::model::evidence::tame(path))));
    }
    let words = match (os, path) {
        // Its wget takes 404 for an error, which a program without a page at `/` answers.
        ("alpine", "/") => vec!["nc".to_owned(), "-z".to_owned(), "127.0.0.1".to_owned(), port.to_string()],
        ("alpine", _) => vec!["wget".to_owned(), "-qO".to_owned(), "/dev/null".to_owned(), format!("http://127.0.0.1:{port}{path}")],
        _ => {
            let ask = format!("printf 'GET {path} HTTP/1.0\\r\\n\\r\\n' >&3");
            let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; {ask}; read -r _ status _ <&3; [[ $status == [1-4]?? ]]");
            vec!["bash".to_owned(), "-c".to_owned(), script]
        }
    };
    Ok(words)
}

fn clean(text: &str) -> TeraResult<()> {
    if text.chars().any(char::is_control) {
        return Err(Error::message(format!("`{}` holds a line break or control character", crate::model::evidence::tame(text))));
    }
    Ok(())
}
