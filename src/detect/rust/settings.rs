//! The flags and variables of a Rust program, with their defaults.

use std::rc::Rc;

use crate::detect::configured;
use crate::detect::listening::Setting;
use crate::fs::Text;
use crate::manifest::pattern;
use crate::model::Evidence;

/// A field of clap's derive with its attribute, and an argument of its builder.
const FIELD: &str = r"#\[(?:arg|clap|structopt)\(((?:[^\]\[]|\[[^\]\[]*\])*)\)\]\s*(?:///[^\n]*\s*)*(?:pub(?:\([a-z]+\))?\s+)?(\w+)\s*:";
const BUILT: &str = r#"Arg::(?:new|with_name)\(\s*("[\w-]+")\s*\)([^;]{0,400}?\.default_value\(\s*"[^"]*"\s*\))"#;

/// A variable with a default in the code, as a string, a number or an address.
const READ: &str = r#"\bvar\(\s*"([A-Z][A-Z0-9_]*)"\s*\)[^;{}]{0,160}?(?:unwrap_or\w*|or_else|map_or\w*)\(\s*(?:\|_?\w*\|\s*)?"?([\w.:\[\]]+)"#;

/// All of them.
pub fn settings(texts: &[Rc<Text>]) -> Vec<Setting> {
    let mut found = Vec::new();
    each(texts, FIELD, |attribute, field, at| found.extend(argument(attribute, field, at)));
    each(texts, BUILT, |name, rest, at| {
        let rest = rest.replace("default_value(", "default_value = ").replace("env(", "env = ");
        found.extend(argument(&rest, name.trim_matches('"'), at));
    });
    each(texts, READ, |name, default, at| found.push(Setting::variable(name, default, at)));
    found
}

/// Libraries that lay variables over files of settings, with the groups prefix and calls that follow: config's `Environment`, figment's `Env`.
const LAID_OVER: &str = r#"\bEnv(?:ironment)?::(?:default\(\)|new\(\)|(?:with_prefix|prefixed)\(\s*"(\w+)"\s*\))((?:\s*\.\w+\([^()]*\))*)"#;

/// The settings of files that variables override.
pub fn configured(texts: &[Rc<Text>], files: &[Rc<Text>]) -> Vec<Setting> {
    let Ok(pattern) = pattern::pattern(LAID_OVER) else { return Vec::new() };
    let Some(groups) = texts.iter().find_map(|text| pattern.captures(text.as_str())) else { return Vec::new() };
    let group = |number: usize| groups.get(number).map(|group| group.as_str()).unwrap_or_default();
    let call = |name: &str| group(2).split_once(&format!(".{name}(\""))?.1.split('"').next();
    let between = call("separator").or_else(|| call("split"));
    let prefix = match group(1) {
        "" => String::new(),
        // figment's prefix has its own separator in it.
        own if group(0).starts_with("Env::") => own.to_owned(),
        own => format!("{own}{}", call("prefix_separator").or(between).unwrap_or("_")),
    };
    configured::settings(files, |keys| (keys.len() == 1 || between.is_some()).then(|| configured::name(&prefix, keys, between.unwrap_or_default())))
}

fn each(texts: &[Rc<Text>], pattern: &str, mut take: impl FnMut(&str, &str, Evidence)) {
    let Ok(pattern) = pattern::pattern(pattern) else { return };
    for text in texts {
        for groups in pattern.captures_iter(text.as_str()) {
            let (Some(first), Some(second)) = (groups.get(1), groups.get(2)) else { continue };
            let named = if first.as_str().len() > second.as_str().len() { second } else { first };
            let line = text.as_str()[..named.start()].rfind('\n').map_or(0, |at| at + 1);
            let line = text.as_str()[line..].lines().next().unwrap_or_default().trim();
            if !line.starts_with("//") {
                take(first.as_str(), second.as_str(), text.at(named.start(), line));
            }
        }
    }
}

/// What an attribute such as `long, env = "PORT", default_value_t = 8080` makes of a field.
fn argument(attribute: &str, field: &str, at: Evidence) -> Option<Setting> {
    let value = |key: &str| {
        let tail = attribute.match_indices(key).find_map(|(place, _)| {
            let before = attribute[..place].chars().next_back();
            let tail = attribute[place + key.len()..].trim_start_matches("_t").trim_start();
            tail.strip_prefix('=').filter(|_| before.is_none_or(|c| !c.is_alphanumeric() && c != '_'))
        })?;
        let text = tail.trim_start();
        let text =
            text.strip_prefix('"').map_or_else(|| text.split([',', ')', '\n']).next().unwrap_or_default(), |inner| inner.split('"').next().unwrap_or_default());
        Some(text.trim().to_owned())
    };
    let default = value("default_value")?;
    let long =
        value("long").or_else(|| attribute.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "long").then(|| field.replace('_', "-")));
    let mut setting = Setting::flag(long.as_deref().unwrap_or(field), &default, at);
    setting.flag = long.map(|name| format!("--{name}"));
    setting.variable = value("env").or_else(|| {
        // Without a name clap takes the field's.
        attribute.split([',', '(', ')']).any(|word| word.trim() == "env").then(|| field.to_ascii_uppercase())
    });
    Some(setting)
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::{configured, settings};
    use crate::fs::Text;
    use crate::model::RelPath;

    #[test]
    fn flags_and_variables_have_defaults() {
        for (source, flag, variable, default) in [
            (
                "#[arg(\n    short = 'p',\n    long = \"port\",\n    default_value = \"8080\",\n    env = \"MINI_PORT\"\n)]\npub port: u16,",
                "--port",
                "MINI_PORT",
                "8080",
            ),
            ("#[arg(long, env, default_value_t = 3000)]\nport: u16,", "--port", "PORT", "3000"),
            (
                "#[clap(long = \"http-addr\", env = \"A_HTTP_ADDR\", default_value = \"127.0.0.1:7700\")]\n/// words\nhttp_addr: String",
                "--http-addr",
                "A_HTTP_ADDR",
                "127.0.0.1:7700",
            ),
            ("Arg::new(\"port\").long(\"port\").default_value(\"9000\")", "--port", "", "9000"),
            ("let host = env::var(\"HOST\").unwrap_or_else(|_| \"127.0.0.1\".into());", "", "HOST", "127.0.0.1"),
            ("std::env::var(\"PORT\").ok().and_then(|p| p.parse().ok()).unwrap_or(8081)", "", "PORT", "8081"),
        ] {
            let found = settings(&[Rc::new(Text::new(RelPath::known("a.rs"), source))]);
            let got = found.first().map(|one| (one.flag.as_deref().unwrap_or_default(), one.variable.as_deref().unwrap_or_default(), one.default.as_str()));
            assert_eq!(got, Some((flag, variable, default)), "{source}");
        }
    }

    #[test]
    fn variables_are_laid_over_files_of_settings() {
        let file = Rc::new(Text::new(RelPath::known("config.toml"), "[server]\naddress = \"127.0.0.1:8000\"\n[paste]\nport_name = 1\n"));
        for (source, expected) in [
            ("config::Environment::default().separator(\"__\")", "SERVER__ADDRESS"),
            ("Environment::with_prefix(\"APP\")\n    .prefix_separator(\"_\")\n    .separator(\"__\")", "APP_SERVER__ADDRESS"),
            ("Env::prefixed(\"APP_\").split(\"_\")", "APP_SERVER_ADDRESS"),
            ("Environment::with_prefix(\"APP\")", ""),
        ] {
            let found = configured(&[Rc::new(Text::new(RelPath::known("a.rs"), source))], std::slice::from_ref(&file));
            let names: Vec<&str> = found.iter().filter_map(|one| one.variable.as_deref()).collect();
            assert_eq!(names.join(" "), expected, "{source}");
        }
    }
}
