//! What a Go program ends without.

use std::rc::Rc;

use super::server::search;
use crate::detect::source;
use crate::fs::Text;
use crate::manifest::pattern;
use crate::model::Evidence;

/// What ends a program, in the block that has just begun.
const ENDS: &str = r"[^{}]{0,200}?(?:\bos\.Exit\(|\blog\.(?:Fatal|Panic)|\b[uU]sage\(|\bpanic\()";

/// Where the program ends because nothing was given to it: it counts its arguments, or a flag without a default is empty.
pub fn argument(texts: &[Rc<Text>]) -> Option<Evidence> {
    search(texts, &format!(r"\b(len\(os\.Args\)|flag\.NArg\(\))\s*(?:<|==|!=)\s*\d\s*\{{{ENDS}")).or_else(|| {
        let flags = pattern::pattern(r#"\b(\w+)\s*:?=\s*flag\.String\(\s*"[\w.-]+",\s*"","#).ok()?;
        source::find_all(texts, &flags, "//").into_iter().find_map(|flag| search(texts, &format!(r#"\bif\s+(\*{})\s*==\s*""\s*\{{{ENDS}"#, flag.value)))
    })
}

/// Where the program ends because there is no file `.env`.
pub fn dotenv(texts: &[Rc<Text>]) -> Option<Evidence> {
    search(
        texts,
        r#"\b(godotenv\.(?:Load|Overload)\(\s*(?:"(?:\./)?\.env"\s*)?\))[^{}]{0,60}?\{[^{}]{0,200}?(?:\bos\.Exit\(|\.(?:Fatal|Panic)\w*\(|\bpanic\(|\breturn [^\n]*\berr)"#,
    )
}

/// Where viper reads `.env` and the program ends without one: with the settings that come from there alone, unless variables are asked for too.
pub fn settings(texts: &[Rc<Text>]) -> Option<(Evidence, bool)> {
    let at = search(
        texts,
        r#"\b(\w+\.SetConfig(?:File|Name)\(\s*"(?:\./)?\.env"\s*\))[^}]{0,400}?\.ReadInConfig\(\)[^{}]{0,60}?\{[^{}]{0,200}?(?:\bos\.Exit\(|\.(?:Fatal|Panic)\w*\(|\bpanic\(|\breturn\b)"#,
    )?;
    Some((at, search(texts, r"\b(\w+\.(?:AutomaticEnv|BindEnv)\()").is_some()))
}

/// The variables without which the program ends.
pub fn variables(texts: &[Rc<Text>]) -> Vec<source::Hit> {
    const ASKED: &str = r#"os\.(?:Getenv|LookupEnv)\("([A-Z][A-Z0-9_]*)"\)"#;
    let ways = [
        format!(r#"\bif\s+{ASKED}\s*==\s*""\s*\{{{ENDS}"#),
        format!(r"\w\s*:?=\s*{ASKED}(?:;\s*|\s*if\s+)!\w+\s*\{{{ENDS}"),
        r#"\b(?:must|Must|required|require)\w*(?:Env|env)\w*\(\s*"([A-Z][A-Z0-9_]*)"\s*\)"#.to_owned(),
        r#"\benv:"([A-Z][A-Z0-9_]*),(?:required|notEmpty)"#.to_owned(),
    ];
    let mut found: Vec<source::Hit> = ways.iter().filter_map(|way| pattern::pattern(way).ok()).flat_map(|way| source::find_all(texts, &way, "//")).collect();
    // Other lines may stand between the question and the answer.
    let Ok(named) = pattern::pattern(&format!(r"\b(\w{{3,}})\s*:?=\s*{ASKED}")) else { return found };
    for text in texts {
        for groups in named.captures_iter(text.as_str()) {
            let (Some(name), Some(variable)) = (groups.get(1), groups.get(2)) else { continue };
            let rest = &text.as_str()[variable.end()..];
            let ends = pattern::pattern(&format!(r#"^(?:[^}}]|\}}\n+\t)*?\bif\s+{}\s*==\s*""\s*\{{{ENDS}"#, name.as_str()));
            if ends.is_ok_and(|ends| ends.is_match(rest)) {
                let line = text.as_str()[..name.start()].rfind('\n').map_or(0, |at| at + 1);
                let raw = text.as_str()[line..].lines().next().unwrap_or_default().trim();
                found.push(source::Hit { value: variable.as_str().to_owned(), at: text.at(variable.start(), raw) });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::{argument, dotenv, settings, variables};
    use crate::fs::Text;
    use crate::model::RelPath;

    #[test]
    fn viper_may_need_its_dotenv_whole() {
        let found = |source: &str| settings(&[Rc::new(Text::new(RelPath::known("main.go"), source))]).map(|(_, variables)| variables);
        let read = "viper.SetConfigFile(\".env\")\n\terr := viper.ReadInConfig()\n\tif err != nil {\n\t\tlog.Fatal(err)\n\t}\n";
        assert_eq!(found(read), Some(false));
        assert_eq!(found(&format!("{read}viper.AutomaticEnv()")), Some(true));
        assert_eq!(found("viper.SetConfigFile(\".env\")\n\tif err := viper.ReadInConfig(); err != nil {\n\t\tlog.Println(err)\n\t}\n"), None);
    }

    #[test]
    fn a_program_may_end_without_its_dotenv() {
        for (source, ends) in [
            ("err := godotenv.Load()\n\tif err != nil {\n\t\tlog.Fatal(\"Error loading .env file\")\n\t}", true),
            ("if err := godotenv.Load(\".env\"); err != nil {\n\treturn nil, err\n}", true),
            ("if err := godotenv.Load(); err != nil {\n\tlog.Println(\"no .env\")\n}", false),
            ("_ = godotenv.Load()\nif x {\n\ty()\n}", false),
            ("godotenv.Load(\"config/dev.env\"); if err != nil { panic(err) }", false),
        ] {
            assert_eq!(dotenv(&[Rc::new(Text::new(RelPath::known("main.go"), source))]).is_some(), ends, "{source}");
        }
    }

    #[test]
    fn what_a_program_ends_without() {
        for (source, counts, variable) in [
            ("if len(os.Args) < 2 {\n\tfmt.Println(\"usage\")\n\tos.Exit(1)\n}", true, ""),
            ("text := flag.String(\"text\", \"\", \"what\")\nif *text == \"\" {\n\tlog.Fatal(\"no text\")\n}", true, ""),
            ("if len(os.Args) > 1 {\n\tos.Exit(1)\n}", false, ""),
            ("key := os.Getenv(\"API_KEY\")\n\tif key == \"\" {\n\t\tlog.Fatal(\"x\")\n\t}", false, "API_KEY"),
            ("if os.Getenv(\"TOKEN\") == \"\" { panic(1) }", false, "TOKEN"),
            ("v, ok := os.LookupEnv(\"SECRET\")\nif !ok {\n\tlog.Fatalf(\"x\")\n}", false, "SECRET"),
            ("port := os.Getenv(\"NAME\")\nif port == \"\" {\n\tport = \"a\"\n}", false, ""),
        ] {
            let texts = [Rc::new(Text::new(RelPath::known("main.go"), source))];
            assert_eq!(argument(&texts).is_some(), counts, "{source}");
            assert_eq!(variables(&texts).iter().map(|hit| hit.value.as_str()).collect::<Vec<_>>().join(" "), variable, "{source}");
        }
    }
}
