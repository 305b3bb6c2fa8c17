//! The flags and variables of a Go program, with their defaults.

use std::rc::Rc;

use crate::detect::configured;
use crate::detect::listening::Setting;
use crate::detect::source;
use crate::fs::{Dir, Text};
use crate::manifest::pattern;
use crate::model::Evidence;

/// How flags are declared: the standard library and pflag, kingpin, urfave/cli. The groups are the name and the default.
const FLAGS: &[&str] = &[
    r#"\b(?:String|Int|Uint|Uint16)(?:Var)?P?\(\s*(?:&?[\w.\[\]]+\s*,\s*)?"([\w.-]+)"\s*,\s*(?:"\w?"\s*,\s*)?"?([\w.:\[\]]*)"?\s*,"#,
    r#"\.Flag\(\s*"([\w.-]+)"[^;]{0,300}?\.Default\(\s*"([^"\n]*)"\s*\)"#,
    r#"Flag\{\s*Name:\s*"([\w-]+)[^}]{0,300}?Value:\s*"?([\w.:\[\]]+)"#,
];

/// How variables get their defaults: as the second argument of a helper, or in a row of a table.
const VARIABLES: &[&str] = &[
    r#""([A-Z][A-Z0-9_]*)"\s*,\s*"?([\w.:\[\]]*)"?\s*\)"#,
    r#""([A-Z][A-Z0-9_]*)"\s*:\s*\{[^}]{0,160}?"([\w.:\[\]]*:\d{2,5})""#,
    r#"envconfig?:"([A-Z][A-Z0-9_]*)"\s+(?:envD|d)efault:"([^"]*)""#,
    r#"env:"([A-Z][A-Z0-9_]*)[^"]*"\s+(?:envD|d)efault:"([^"]*)""#,
    r#"os\.Getenv\("([A-Z][A-Z0-9_]*)"\);?[^}]{0,80}?==\s*""\s*\{\s*\w+\s*=\s*"([^"]*)""#,
];

/// The same with the default first.
const TAGS: &[&str] = &[r#"default:"([^"]*)"\s+env(?:config)?:"([A-Z][A-Z0-9_]*)"#];

/// Keys of settings with their defaults, which no flag and no variable is sure to set.
const KEYS: &[&str] =
    &[r#"\bSetDefault\(\s*"([\w.-]+)"\s*,\s*"?([\w.:\[\]]+)"?\s*\)"#, r#""([a-z][\w.-]*(?:port|addr|address|listen))"\s*:\s*"?([\w.:\[\]]+)"?"#];

/// Fields with a default that a library takes from variables, whose names it makes of theirs.
const FIELDS: &[&str] = &[r#"(?m)^\s*(\w+)\s+[\w.*]+\s+`[^`\n]*\bdefault:"([^"]*)""#];

/// All of them, flags first where they have no variable.
pub fn settings(texts: &[Rc<Text>]) -> Vec<Setting> {
    let mut found = Vec::new();
    // An address that is empty unless it is given is worth knowing; any other setting without a default says nothing.
    let mut search = |patterns: &[&str], (first, second): (usize, usize), make: fn(&str, &str, Evidence) -> Setting| {
        for pattern in patterns.iter().filter_map(|pattern| pattern::pattern(pattern).ok()) {
            for text in texts {
                for groups in pattern.captures_iter(text.as_str()) {
                    let (Some(whole), Some(name), Some(default)) = (groups.get(0), groups.get(first), groups.get(second)) else { continue };
                    let line = text.as_str()[..name.start()].rfind('\n').map_or(0, |at| at + 1);
                    let line = text.as_str()[line..].lines().next().unwrap_or_default().trim();
                    if !line.starts_with("//") && (!default.as_str().is_empty() || whole.as_str().contains("\"\"")) {
                        found.push(make(name.as_str(), default.as_str(), text.at(name.start(), line)));
                    }
                }
            }
        }
    };
    search(VARIABLES, (1, 2), Setting::variable);
    search(TAGS, (2, 1), Setting::variable);
    search(FLAGS, (1, 2), Setting::flag);
    search(KEYS, (1, 2), Setting::key);
    search(FIELDS, (1, 2), |name, default, at| Setting::key(&hyphens(name), default, at));
    found
}

/// A field's name with hyphens between its words.
fn hyphens(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    for (place, c) in name.char_indices() {
        let before = name[..place].chars().next_back();
        let ends = name[place + c.len_utf8()..].starts_with(|next: char| next.is_ascii_lowercase());
        // `HTTPPort` is of two words.
        if c.is_ascii_uppercase() && before.is_some_and(|before| before.is_ascii_lowercase() || ends) {
            words.push('-');
        }
        words.push(c);
    }
    words
}

/// Flags whose default is a path seen from the program's own folder, as `go run .` in it would have it, though the image runs it at the root: the flag,
/// and the path seen from there.
pub fn outside(dir: &Dir<'_>, folder: &str, texts: &[Rc<Text>]) -> Vec<(String, String, Evidence)> {
    let mut found: Vec<(String, String, Evidence)> = Vec::new();
    let Ok(pattern) = pattern::pattern(r#"\bString(?:Var)?P?\(\s*(?:&?[\w.]+\s*,\s*)?"([\w.-]+)"\s*,\s*(?:"\w?"\s*,\s*)?"(\.\./[^"\n]+)""#) else {
        return found;
    };
    for text in texts {
        for groups in pattern.captures_iter(text.as_str()) {
            let (Some(flag), Some(path)) = (groups.get(1), groups.get(2)) else { continue };
            let real = dir.at(folder).join(path.as_str()).and_then(|real| real.below(dir.path()).map(ToOwned::to_owned));
            let there = |path: &String| !path.is_empty() && (dir.has(path) || dir.has_dir(path));
            if let Some(real) = real.filter(there).filter(|_| !source::is_comment(text, flag.start(), "//") && found.iter().all(|one| one.0 != flag.as_str())) {
                found.push((flag.as_str().to_owned(), real, text.at(flag.start(), source::line_of(text, flag.start()).trim())));
            }
        }
    }
    found
}

/// What viper reads from files and keeps defaults of, where variables override it.
pub fn configured(texts: &[Rc<Text>], files: &[Rc<Text>], found: &mut Vec<Setting>) {
    let says = |word: &str| texts.iter().any(|text| text.as_str().contains(word));
    if !says(".AutomaticEnv()") && !says("viper.AutomaticEnv()") {
        return;
    }
    let first = |expression: &str| {
        let pattern = pattern::pattern(expression).ok()?;
        source::find(texts, &pattern, "//").map(|hit| hit.value)
    };
    let prefix = first(r#"\bSetEnvPrefix\(\s*"(\w+)"\s*\)"#).map(|prefix| format!("{prefix}_")).unwrap_or_default();
    let between = first(r#"\bSetEnvKeyReplacer\([^\n]*"\.",\s*"(_+)""#);
    let variable = |keys: &[&str]| (keys.len() == 1 || between.is_some()).then(|| configured::name(&prefix, keys, between.as_deref().unwrap_or_default()));
    for setting in found.iter_mut().filter(|setting| setting.flag.is_none() && setting.variable.is_none()) {
        setting.variable = variable(&setting.name.split('.').collect::<Vec<_>>());
    }
    // A file stands above the defaults.
    found.splice(..0, configured::settings(files, variable));
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::{configured, outside, settings};
    use crate::fs::{Text, Tree};
    use crate::model::RelPath;

    #[test]
    fn flags_and_variables_have_defaults() {
        for (source, name, default) in [
            ("flag.StringVar(&port, \"port\", getEnv(\"APP_PORT\", \"80\"), \"\")", "APP_PORT", "80"),
            ("addr = flag.String(\"addr\", \"localhost:8080\", \"where\")", "--addr", "localhost:8080"),
            ("fs.IntP(\"port\", \"p\", 9898, \"\")", "--port", "9898"),
            ("kingpin.Flag(\"web.listen-address\", \"Where.\").Default(\":9100\").String()", "--web.listen-address", ":9100"),
            ("viper.SetDefault(\"server.port\", 8081)", "", "8081"),
            ("&cli.StringFlag{\n\tName: \"port\",\n\tValue: \"3000\",\n}", "--port", "3000"),
            ("\"LISTEN_ADDR\": {\n\tlist: []string{\"127.0.0.1:8080\"},", "LISTEN_ADDR", "127.0.0.1:8080"),
            ("Port int `default:\"3000\" env:\"APP_PORT\"`", "APP_PORT", "3000"),
            ("Port string `env:\"PORT\" envDefault:\"3000\"`", "PORT", "3000"),
            ("\tHTTPPort int `default:\"3000\" split_words:\"true\"`", "", "3000"),
        ] {
            let text = Rc::new(Text::new(RelPath::known("main.go"), source));
            let found = settings(&[text]);
            let got = found.first().map(|one| (one.variable.as_deref().or(one.flag.as_deref()).unwrap_or_default(), one.default.as_str()));
            assert_eq!(got, Some((name, default)), "{source}");
            assert_eq!(found[0].port().map(|port| port.to_string()).as_deref(), default.rsplit(':').next(), "{source}");
        }
    }

    #[test]
    fn a_path_seen_from_the_program_s_folder_is_told_anew() {
        let source = "flag.StringVar(&conf, \"conf\", \"../../configs\", \"words\")\nflag.String(\"out\", \"../../out\", \"\")\n";
        let tree = Tree::memory([("configs/a.yaml", ""), ("cmd/a/main.go", source)]);
        let text = tree.root().dir("cmd/a").peek("main.go").expect("there");
        let found = outside(&tree.root(), "cmd/a", &[text]);
        assert_eq!(found.iter().map(|(flag, path, _)| (flag.as_str(), path.as_str())).collect::<Vec<_>>(), [("conf", "configs")]);
    }

    #[test]
    fn viper_lets_variables_override_its_keys() {
        let file = Rc::new(Text::new(RelPath::known("config.yaml"), "server:\n  port: 8080\n  host: localhost\n"));
        for (source, expected) in [
            (
                "viper.SetEnvPrefix(\"app\")\nviper.SetEnvKeyReplacer(strings.NewReplacer(\".\", \"_\"))\nviper.AutomaticEnv()",
                "APP_SERVER_PORT APP_SERVER_HOST",
            ),
            ("viper.SetDefault(\"port\", 8081)\nviper.AutomaticEnv()", "PORT"),
            ("viper.SetDefault(\"port\", 8081)", ""),
        ] {
            let texts = [Rc::new(Text::new(RelPath::known("main.go"), source))];
            let mut found = settings(&texts);
            configured(&texts, std::slice::from_ref(&file), &mut found);
            assert_eq!(found.iter().filter_map(|one| one.variable.as_deref()).collect::<Vec<_>>().join(" "), expected, "{source}");
        }
    }
}
