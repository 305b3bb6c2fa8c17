//! Variables without which a program ends: what it throws for, and what a schema of its environment asks for.

use std::rc::Rc;

use crate::detect::source::{self, Hit};
use crate::fs::Text;
use crate::manifest::pattern;

/// Places that end a program, or throw, for want of a variable.
const ENDS: &[&str] = &[
    r"\bif\s*\(\s*!\s*process\.env\.([A-Z][A-Z0-9_]*)\s*\)\s*\{?[^{}]{0,200}?(?:\bthrow\b|\bprocess\.exit\()",
    // (nestjs/docs.nestjs.com content/techniques/configuration.md)
    r#"\.getOrThrow(?:<\w+>)?\(\s*["'`]([A-Z][A-Z0-9_]*)["'`]"#,
    // (evanshortiss/env-var README.md)
    r#"\.get\(\s*["'`]([A-Z][A-Z0-9_]*)["'`]\s*\)\s*\.required\(\)"#,
];

/// The entry of a schema: its variable, and the library's word before it.
const ENTRY: &str = r#"(?:^|[\n,{])[ \t]*["']?([A-Z][A-Z0-9_]+)["']?\s*:\s*(z\.|[jJ]oi\.|str\(|num\(|port\(|url\(|email\(|host\(|json\()"#;

/// How far an entry may reach.
const LONGEST: usize = 400;

/// What makes an entry of zod's, or of envalid's, one that may be left out; one of joi's may, unless it says otherwise.
const LEFT_OUT: &[&str] = &["default", "optional(", ".catch(", "nullish(", ".prefault(", "??", "||"];

/// The variables, each once, by their first place.
pub fn variables(texts: &[Rc<Text>]) -> Vec<Hit> {
    let mut found: Vec<Hit> = ENDS.iter().filter_map(|ends| pattern::kept(ends)).flat_map(|ends| source::find_all(texts, &ends, "//")).collect();
    found.extend(texts.iter().flat_map(of_schema));
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|hit| seen.insert(hit.value.clone()));
    found
}

/// The entries of a schema in a file that reads the environment.
fn of_schema(text: &Rc<Text>) -> Vec<Hit> {
    let code = text.as_str();
    let checks = ["process.env", "Bun.env", "createEnv("].iter().any(|sign| code.contains(sign));
    let Some(entry) = pattern::kept(ENTRY).filter(|_| checks) else { return Vec::new() };
    let entries: Vec<_> = entry.captures_iter(code).filter_map(|groups| Some((groups.get(1)?, groups.get(2)?))).collect();
    let mut found = Vec::new();
    for (at, (name, word)) in entries.iter().enumerate() {
        let next = entries.get(at + 1).map_or(code.len(), |(next, _)| next.start());
        let mut end = next.min(word.start() + LONGEST);
        while !code.is_char_boundary(end) {
            end -= 1;
        }
        let body = &code[word.start()..end];
        let body = &body[..body.find("\n}").unwrap_or(body.len())];
        let joi = word.as_str().eq_ignore_ascii_case("joi.");
        let required = if joi { body.contains(".required(") && !body.contains(".when(") } else { !LEFT_OUT.iter().any(|sign| body.contains(sign)) };
        if required && !source::is_comment(text, name.start(), "//") {
            found.push(Hit { value: name.as_str().to_owned(), at: text.at(name.start(), source::line_of(text, name.start()).trim()) });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::variables;
    use crate::fs::Text;
    use crate::model::RelPath;

    #[test]
    fn what_a_program_ends_without() {
        for (source, expected) in [
            ("if (!process.env.TOKEN) {\n  throw new Error('no')\n}", "TOKEN"),
            ("if (!process.env.TOKEN) process.exit(1)", "TOKEN"),
            ("if (!process.env.TOKEN) {\n  console.log('none')\n}\nthrow x", ""),
            ("config.getOrThrow<string>('SECRET')", "SECRET"),
            ("env.get('SECRET').required().asString()", "SECRET"),
            (
                "const schema = Joi.object().keys({\n  SECRET: Joi.string().required().description('a'),\n  MAIL: Joi.string(),\n  MODE: Joi.string()\n    .required(),\n})\nschema.validate(process.env)",
                "SECRET MODE",
            ),
            (
                "const schema = z.object({\n  KEY: z.string().min(1),\n  MAIL: z.string().optional(),\n  AGE: z.coerce\n    .number()\n    .default(1),\n  PLACE: z.url() })\nschema.parse(process.env)",
                "KEY PLACE",
            ),
            ("cleanEnv(process.env, { KEY: str(), PORT: port({ default: 3000 }), LAST: str({ devDefault: 'x' }) })", "KEY LAST"),
            ("const body = z.object({\n  KEY: z.string(),\n})", ""),
        ] {
            let text = Rc::new(Text::new(RelPath::known("env.ts"), source));
            let found = variables(&[text]).into_iter().map(|hit| hit.value).collect::<Vec<_>>();
            assert_eq!(found.join(" "), expected, "{source}");
        }
    }
}
