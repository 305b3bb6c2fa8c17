//! The flags and variables of a Rust program, with their defaults.

use std::rc::Rc;

use crate::detect::configured;
use crate::detect::listening::Setting;
use crate::detect::source;
use crate::fs::Text;
use crate::manifest::pattern;
use crate::model::Evidence;

/// A field of clap's derive with its attribute, and an argument of its builder.
const FIELD: &str = r"#\[(?:arg|clap|structopt)\(((?:[^\]\[]|\[[^\]\[]*\])*)\)\]\s*(?:///[^\n]*\s*)*(?:pub(?:\([a-z]+\))?\s+)?(\w+)\s*:";
const BUILT: &str = r#"Arg::(?:new|with_name)\(\s*("([\w-]+)")\s*\)"#;

/// A variable with a default in the code, as a string, a number or an address.
const READ: &str = r#"\bvar\(\s*"([A-Z][A-Z0-9_]*)"\s*\)[^;{}]{0,160}?(?:unwrap_or\w*|or_else|map_or\w*)\(\s*(?:\|_?\w*\|\s*)?"?([\w.:\[\]]+)"#;

/// All of them.
pub fn settings(texts: &[Rc<Text>]) -> Vec<Setting> {
    let mut found = Vec::new();
    each(texts, FIELD, |attribute, field, at| found.extend(argument(attribute, field, at)));
    built(texts, &mut found);
    each(texts, READ, |name, default, at| found.push(Setting::variable(name, default, at)));
    found
}

/// The variable of a port without a default, which the program ends without.
pub fn required(texts: &[Rc<Text>]) -> Option<source::Hit> {
    let mut found = None;
    each(texts, FIELD, |attribute, field, at| {
        let asks = matches!(field, "port" | "http_port" | "server_port" | "listen_port");
        if asks && found.is_none() && !attribute.contains("default") {
            // A default makes a setting of it.
            let with_default = format!("{attribute}, default_value = \"0\"");
            let variable = argument(&with_default, field, at.clone()).and_then(|setting| setting.variable);
            found = variable.map(|value| source::Hit { value, at });
        }
    });
    found
}

/// The variables of fields that have no default and must have a value: the program ends without them, unless a flag gives it.
pub fn needed(texts: &[Rc<Text>]) -> Vec<source::Hit> {
    let Ok(pattern) = pattern::pattern(&format!(r"{FIELD}\s*(\w+)")) else { return Vec::new() };
    let mut found = Vec::new();
    for text in texts {
        for groups in pattern.captures_iter(text.as_str()) {
            let (Some(attribute), Some(field), Some(kind)) = (groups.get(1), groups.get(2), groups.get(3)) else { continue };
            let optional = attribute.as_str().contains("default") || matches!(kind.as_str(), "Option" | "bool" | "Vec");
            let with_default = format!("{}, default_value = \"\"", attribute.as_str());
            let at = text.at(field.start(), source::line_of(text, field.start()).trim());
            let variable = argument(&with_default, field.as_str(), at.clone()).and_then(|setting| setting.variable);
            found.extend(variable.filter(|_| !optional).map(|value| source::Hit { value, at }));
        }
    }
    found
}

/// The arguments of clap's builder: what is said of each before the next one begins.
fn built(texts: &[Rc<Text>], found: &mut Vec<Setting>) {
    let Ok(pattern) = pattern::pattern(BUILT) else { return };
    for text in texts {
        for groups in pattern.captures_iter(text.as_str()) {
            let (Some(quoted), Some(name)) = (groups.get(1), groups.get(2)) else { continue };
            let rest = &text.as_str()[quoted.end()..];
            let end = ["Arg::", ";"].iter().filter_map(|sign| rest.find(sign)).min().unwrap_or(rest.len());
            let rest = rest[..end].replace("default_value(", "default_value = ").replace("env(", "env = ");
            if !source::is_comment(text, name.start(), "//") {
                found.extend(argument(&rest, name.as_str(), text.at(name.start(), source::line_of(text, name.start()).trim())));
            }
        }
    }
}

/// Libraries that lay variables over files of settings, with the groups prefix and calls that follow: config's `Environment`, figment's `Env`.
const LAID_OVER: &str =
    r#"\bEnv(?:ironment)?::(?:default\(\)|new\(\)|(?:with_prefix|prefixed)\(\s*(?:"(\w+)"|&?([A-Z_]+)[.\w()]*)\s*\))((?:\s*\.\w+\([^()]*\))*)"#;

/// Defaults that stand in the code, which files and variables are laid over.
const DEFAULTS: &str = r#"(?:\.set_default\(|Serialized::default\()\s*"([\w.]+)"\s*,\s*"?([\w.:\[\]]+)"#;

/// The same in a struct's own defaults.
const FIELDS: &str = r#"\b(port|host|addr|address|bind|listen):\s*"?([\d.:]+|localhost[:\d]*)"?"#;

/// The settings of files that variables override, and the defaults below them.
pub fn configured(texts: &[Rc<Text>], files: &[Rc<Text>]) -> Vec<Setting> {
    let Ok(pattern) = pattern::pattern(LAID_OVER) else { return Vec::new() };
    let Some(groups) = texts.iter().find_map(|text| pattern.captures(text.as_str())) else { return Vec::new() };
    let group = |number: usize| groups.get(number).map(|group| group.as_str()).unwrap_or_default();
    let call = |name: &str| group(3).split_once(&format!(".{name}(\""))?.1.split('"').next();
    let between = call("separator").or_else(|| call("split"));
    // The prefix may be a constant.
    let constant = pattern::pattern(&format!(r#"\b{}\s*:\s*&\s*(?:'static\s+)?str\s*=\s*"(\w+)""#, group(2))).ok().filter(|_| !group(2).is_empty());
    let constant = constant.and_then(|pattern| source::find(texts, &pattern, "//")).map(|hit| hit.value);
    let prefix = match constant.as_deref().unwrap_or_else(|| group(1)) {
        "" => String::new(),
        // figment's prefix has its own separator in it.
        own if group(0).starts_with("Env::") => own.to_owned(),
        own => format!("{own}{}", call("prefix_separator").or(between).unwrap_or("_")),
    };
    let variable = |keys: &[&str]| (keys.len() == 1 || between.is_some()).then(|| configured::name(&prefix, keys, between.unwrap_or_default()));
    let mut found = configured::settings(files, variable);
    each(texts, DEFAULTS, |name, default, at| {
        found.push(Setting { variable: variable(&name.split('.').collect::<Vec<_>>()), ..Setting::key(name, default, at) });
    });
    // So are those of a struct.
    let structs: Vec<Rc<Text>> = texts.iter().filter(|text| text.as_str().contains("impl Default for")).cloned().collect();
    each(&structs, FIELDS, |name, default, at| found.push(Setting { variable: variable(&[name]), ..Setting::key(name, default, at) }));
    found
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

    use super::{configured, needed, required, settings};
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
            ("Arg::new(\"v\").num_args(0)).arg(Arg::new(\"port\").long(\"port\").env(\"PORT\").default_value(\"9000\")", "--port", "PORT", "9000"),
            ("let host = env::var(\"HOST\").unwrap_or_else(|_| \"127.0.0.1\".into());", "", "HOST", "127.0.0.1"),
            ("std::env::var(\"PORT\").ok().and_then(|p| p.parse().ok()).unwrap_or(8081)", "", "PORT", "8081"),
        ] {
            let found = settings(&[Rc::new(Text::new(RelPath::known("a.rs"), source))]);
            let got = found.first().map(|one| (one.flag.as_deref().unwrap_or_default(), one.variable.as_deref().unwrap_or_default(), one.default.as_str()));
            assert_eq!(got, Some((flag, variable, default)), "{source}");
        }
    }

    #[test]
    fn a_port_without_a_default_is_asked_for() {
        let asked = |source: &str| required(&[Rc::new(Text::new(RelPath::known("a.rs"), source))]).map(|hit| hit.value).unwrap_or_default();
        assert_eq!(asked("#[clap(long, env)]\npub port: u32,"), "PORT");
        assert_eq!(asked("#[arg(long, env = \"A_PORT\")]\nport: u16,"), "A_PORT");
        assert_eq!(asked("#[arg(long, env, default_value_t = 80)]\nport: u16,"), "");
        assert_eq!(asked("#[arg(long)]\nport: u16,"), "");
        let fields = "#[clap(long, env)]\npub token: String,\n#[clap(long, env)]\npub name: Option<String>,\n#[arg(env = \"SALT\", default_value = \"a\")]\nsalt: String,";
        assert_eq!(needed(&[Rc::new(Text::new(RelPath::known("a.rs"), fields))]).iter().map(|hit| hit.value.as_str()).collect::<Vec<_>>(), ["TOKEN"]);
    }

    #[test]
    fn variables_are_laid_over_files_of_settings() {
        let file = Rc::new(Text::new(RelPath::known("config.toml"), "[server]\naddress = \"127.0.0.1:8000\"\n[paste]\nport_name = 1\n"));
        for (source, expected) in [
            ("config::Environment::default().separator(\"__\")", "SERVER__ADDRESS"),
            ("Environment::with_prefix(\"APP\")\n    .prefix_separator(\"_\")\n    .separator(\"__\")", "APP_SERVER__ADDRESS"),
            ("Env::prefixed(\"APP_\").split(\"_\")", "APP_SERVER_ADDRESS"),
            (
                "pub const PREFIX: &str = \"sync\";\nEnvironment::with_prefix(&PREFIX.to_uppercase()).separator(\"__\").prefix_separator(\"_\")",
                "SYNC_SERVER__ADDRESS",
            ),
            ("impl Default for S { fn default() -> Self { S { port: 8000 } } }\nEnvironment::with_prefix(\"A\")", "A_PORT"),
            ("Environment::with_prefix(\"APP\")", ""),
            ("builder().set_default(\"host\", \"127.0.0.1\")?.add_source(Environment::with_prefix(\"APP\"))", "APP_HOST"),
        ] {
            let found = configured(&[Rc::new(Text::new(RelPath::known("a.rs"), source))], std::slice::from_ref(&file));
            let names: Vec<&str> = found.iter().filter_map(|one| one.variable.as_deref()).collect();
            assert_eq!(names.join(" "), expected, "{source}");
        }
    }
}
