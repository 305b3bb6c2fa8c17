//! What the source code says of a server's port: the numbers, and the variable that moves it.

use std::rc::Rc;

use crate::detect::listening;
use crate::detect::source::{self, Hit};
use crate::fs::Text;
use crate::manifest::pattern::{self, Pattern};

/// What stands before `_PORT` in the names that programs give to the variable of their own port; `PORT` itself comes before them all.
const OWN: &str = "APP|SERVER|HTTP|API|WEB|LISTEN|NODE|BACKEND|SERVICE|EXPRESS|SITE|MAIN|REST|GRAPHQL";

/// How far behind a variable its default is looked for.
const NEAR: usize = 200;

/// A default behind the name of a variable.
const DEFAULTS: &[&str] = &[
    // `|| 3000`, `?? '3000'`, `, 10) || 3000`, `|| config.port || 3000`
    r#"^["'`\])!]*(?:\s+as\s+\w+)?\s*(?:,\s*10\s*)?\)*\s*(?:(?:\|\||\?\?)\s*[A-Za-z_][\w.]*\s*)*(?:\|\||\?\?)\s*(?:\w+\(\s*)?["'`]?(\d{2,5})\b"#,
    // `? Number(process.env.PORT) : 3000`
    r#"^["'`\])]*\s*\?\s*[^?.:;][^:;]{0,80}:\s*["']?(\d{2,5})\b"#,
    // `get('PORT', 3000)`
    r#"^["'`]\s*,\s*["'`]?(\d{2,5})\b"#,
    // `[args.port, process.env.PORT, 3000]`
    r#"^\s*,\s*["'`]?(\d{4,5})\b"#,
    // `PORT: z.coerce.number().default(3000)`, `get('PORT').default('3000')`, `PORT: port({ default: 3000 })`
    r#"^["'`]?\s*(?::|\))[^;]{0,160}?\b(?:default|catch|fallback)\s*[(:]\s*["'`]?(\d{2,5})\b"#,
    // `const { PORT = 3000 } = process.env`
    r#"^\s*=\s*["'`]?(\d{2,5})\b"#,
];

/// What the code says.
#[derive(Debug, Default)]
pub struct Ports {
    /// The numbers, the most telling places first.
    pub numbers: Vec<Hit>,
    /// The variable, and where it is read from the environment.
    pub variable: Option<Hit>,
}

struct Patterns {
    name: Pattern,
    next: Pattern,
    defaults: Vec<Pattern>,
    reads: [Pattern; 4],
    keyed: Pattern,
    keyed_default: Pattern,
    literal: Pattern,
    argument: Pattern,
    told: [Pattern; 3],
    handed: [Pattern; 3],
    property: [Pattern; 2],
    named: Pattern,
}

impl Patterns {
    fn new() -> Result<Self, regex_syntax::Error> {
        let re = pattern::pattern;
        let name = format!("(?:(?:{OWN})_)?PORT");
        Ok(Self {
            name: re(&format!(r"\b({name})\b"))?,
            // The next key of an object, or the next variable.
            next: re(r#"[\n,{]\s*(["']?[A-Z][A-Z0-9_]{2,}["']?\s*[:=])"#)?,
            defaults: DEFAULTS.iter().map(|text| re(text)).collect::<Result<_, _>>()?,
            reads: [
                re(&format!(r#"\benv(?:\??\.|\[\s*["'`])({name})\b"#))?,
                re(&format!(r#"\b(?:\w*[cC]onfig\w*|\w*[eE]nv\w*)(?:\.\w+)?(?:<[\w| ]+>)?\(\s*["'`]({name})["'`]"#))?,
                re(&format!(r#"\b({name})["']?\s*:\s*(?:z|port|num|int|[jJ]oi|str|Type|Env|yup|v|t|envalid|makeValidator)\b"#))?,
                re(&format!(r"\{{[^{{}}]*\b({name})\b[^{{}}]*\}}\s*=\s*(?:process|Bun|import\.meta)\.env\b"))?,
            ],
            keyed: re(&format!(r#"\bport["']?\s*:\s*\{{[^{{}}]*\benv\s*:\s*["'`]({name})["'`]"#))?,
            literal: re(r#"(?:\.listen|\bnew\s+(?:\w+\.)?Server|require\(["']socket\.io["']\))\(\s*(?:\{[^}]*?\bport\s*:\s*)?(\d{2,5})\b"#)?,
            keyed_default: re(r#"\bport["']?\s*[:,]\s*\{[^{}]*\bdefault\s*:\s*["']?(\d{2,5})\b"#)?,
            argument: re(r#"\bargv\[\d\]\)?\s*(?:\|\||\?\?)\s*["']?(\d{4,5})\b"#)?,
            told: [
                // Commander: `.option('-p, --port <n>', 'the port', parseInt, 3000)`
                re(r#"["'`](?:-\w,\s*)?--port\b[^"'`\n]*["'`]\s*,\s*(?:"[^"\n]*"|'[^'\n]*'|`[^`]*`)\s*,\s*(?:[A-Za-z_]\w*\s*,\s*)?["']?(\d{2,5})\b"#)?,
                // What its help says: `--port <n> (defaults to 3000)`
                re(r#"(?:^|[\s"'`,])--port\b[^\n]{0,120}?\b[dD]efault(?:s\s+to|\s+is)?\s*[:=]?\s*["'`]?(\d{2,5})\b"#)?,
                re(r#"\b(?:argv|args|opts|options|flags|cli|program)(?:\.opts\(\))?\.port\s*(?:,\s*10)?\)*\s*(?:\|\||\?\?)\s*["']?(\d{2,5})\b"#)?,
            ],
            handed: [
                re(r"\.listen\(\s*(?:\{[^}]*?\bport\s*:\s*)?(?:(?:Number|parseInt)\(\s*)?([A-Za-z_]\w*)\b")?,
                re(r#"\b(?:const|let|var)\s+(\w+)\s*(?::\s*\w+\s*)?=\s*[^;\n]*?\benv(?:\.|\[\s*["'`])([A-Z][A-Z0-9_]*PORT)\b"#)?,
                re(r"\.listen\([^\n;]{0,60}?\bprocess\.env\.([A-Z][A-Z0-9_]*PORT)\b")?,
            ],
            property: [re(r"\.listen\(\s*(\w+(?:\.\w+)*\.port)\b")?, re(r#"\bport["']?\s*:[^,;\n]*?\benv(?:\.|\[\s*["'`])([A-Z][A-Z0-9_]*_PORT)\b"#)?],
            named: re(r"(?i)\b(?:base|default|server|http|app|listen)?_?port\s*[:=]\s*(\d{2,5})\b")?,
        })
    }
}

/// Reads the source files of a service.
pub fn read(texts: &[Rc<Text>]) -> Result<Ports, regex_syntax::Error> {
    let patterns = Patterns::new()?;
    let literals = source::find_all(texts, &patterns.literal, "//");
    let mut names: Vec<Hit> = patterns.reads.iter().chain([&patterns.keyed]).flat_map(|reads| source::find_all(texts, reads, "//")).collect();
    // A server that is told its port as a number may read the ports of others.
    names.retain(|name| name.value == "PORT" || literals.is_empty());
    names.sort_by_key(|name| name.value != "PORT");
    let handed = || if literals.is_empty() { handed(texts, &patterns) } else { None };
    let variable = names.into_iter().next().or_else(handed);
    let mut numbers = match &variable {
        Some(variable) => defaults(texts, &patterns, &pattern::pattern(&format!(r"\b({})\b", variable.value))?, &variable.value),
        None => defaults(texts, &patterns, &patterns.name, "PORT"),
    };
    numbers.extend(source::find_all(texts, &patterns.keyed_default, "//"));
    numbers.extend(source::find_all(texts, &patterns.argument, "//"));
    numbers.extend(literals);
    let told = patterns.told.iter().flat_map(|told| source::find_all(texts, told, "//"));
    numbers.extend(told.filter(|hit| hit.value.parse().is_ok_and(listening::is_likely)));
    numbers.extend(source::find_all(texts, &patterns.named, "//").into_iter().filter(|hit| hit.value.parse().is_ok_and(listening::is_likely)));
    Ok(Ports { numbers, variable })
}

/// A variable of any name whose value is handed to the call that listens: `const port = process.env.CART_SERVER_PORT || 8080` and `listen(port)`.
fn handed(texts: &[Rc<Text>], patterns: &Patterns) -> Option<Hit> {
    let [listens, reads, at_once] = &patterns.handed;
    let listens = source::find_all(texts, listens, "//");
    let by_name = |text: &Rc<Text>| {
        let found = reads.captures_iter(text.as_str()).find_map(|groups| {
            let (name, variable) = (groups.get(1)?, groups.get(2)?);
            let is_handed = listens.iter().any(|hit| hit.at.file == *text.path() && hit.value == name.as_str());
            (is_handed && !source::is_comment(text, variable.start(), "//")).then_some(variable)
        })?;
        Some(Hit { value: found.as_str().to_owned(), at: text.at(found.start(), source::line_of(text, found.start()).trim()) })
    };
    texts.iter().find_map(by_name).or_else(|| source::find_all(texts, at_once, "//").into_iter().next()).or_else(|| property(texts, patterns))
}

/// The same by way of settings: `port: int(process.env.INTERNAL_PORT, 3100)` and `listen(options.port)`, where no other port comes into question.
fn property(texts: &[Rc<Text>], patterns: &Patterns) -> Option<Hit> {
    const OF_OTHERS: &[&str] = &[
        "DB", "DATABASE", "REDIS", "POSTGRES", "PG", "MYSQL", "MONGO", "SMTP", "MAIL", "EMAIL", "MQTT", "KAFKA", "RABBITMQ", "PROXY", "CACHE", "REMOTE",
        "LAVALINK",
    ];
    let [listens, settings] = &patterns.property;
    source::find(texts, listens, "//")?;
    let mut found = source::find_all(texts, settings, "//");
    found.retain(|hit| !hit.value.split('_').any(|part| OF_OTHERS.contains(&part)));
    let first = found.first().cloned()?;
    found.iter().all(|hit| hit.value == first.value).then_some(first)
}

/// The defaults of a variable, where it stands.
fn defaults(texts: &[Rc<Text>], patterns: &Patterns, name: &Pattern, variable: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    for text in texts.iter().filter(|text| text.as_str().contains(variable)) {
        for groups in name.captures_iter(text.as_str()) {
            let Some(name) = groups.get(1).filter(|name| name.as_str() == variable && !source::is_comment(text, name.start(), "//")) else { continue };
            let rest = &text.as_str()[name.end()..];
            let mut near = NEAR.min(rest.len());
            while !rest.is_char_boundary(near) {
                near -= 1;
            }
            let near = patterns.next.captures(&rest[..near]).and_then(|next| next.get(1)).map_or(near, |next| next.start());
            let value = patterns.defaults.iter().find_map(|default| default.captures(&rest[..near])?.get(1));
            if let Some(value) = value {
                let place = name.end() + value.start();
                hits.push(Hit { value: value.as_str().to_owned(), at: text.at(place, source::line_of(text, place).trim()) });
            }
        }
    }
    hits
}

#[cfg(test)]
mod tests {
    use super::{Ports, read};
    use crate::detect::source::files;
    use crate::fs::Tree;

    fn ports(text: &str) -> Ports {
        let tree = Tree::memory([("src/main.ts", text)]);
        read(&files(&tree.root(), &["ts"], &[])).expect("patterns")
    }

    fn first(text: &str) -> (Option<String>, Option<String>) {
        let ports = ports(text);
        (ports.numbers.first().map(|hit| hit.value.clone()), ports.variable.map(|hit| hit.value))
    }

    #[test]
    fn ports_are_read_where_programs_write_them() {
        for text in [
            "const port = process.env.PORT || 4100;",
            "const port = Number(process.env.PORT ?? '4100');",
            "parseInt(process.env['PORT'] || \"4100\")",
            "parseInt(process.env.PORT, 10) || 4100",
            "parseInt(process.env.PORT as string, 10) || 4100",
            "Number(process.env.PORT) || 4100",
            "process.env.PORT ? Number(process.env.PORT) : 4100",
            "z.object({ PORT: z.coerce.number().int().default(4100) })",
            "z.object({\n  HOST: z.string().default('a'),\n  PORT: z\n    .string()\n    .default('4100'),\n  DB_PORT: z.number().default(5432),\n})",
            "cleanEnv(process.env, { PORT: port({ default: 4100 }) })",
            "process.env.PORT || process.env.OTHER_PORT || config.port || 4100",
            "configService.get<number>('PORT', 4100)",
            "env.get('PORT').default('4100').asPortNumber()",
            "const { HOST, PORT = 4100 } = process.env;",
            "[args.port, process.env.PORT, 4100].find((port) => port)",
            "convict({ port: { format: 'port', default: 4100, env: 'PORT' }, db: { port: { default: 5432, env: 'DB_PORT' } } })",
        ] {
            assert_eq!(first(text), (Some("4100".to_owned()), Some("PORT".to_owned())), "{text}");
        }
        for text in [
            "app.listen(4100, () => {})",
            "app.listen({ host: '0.0.0.0', port: 4100 })",
            "serve({ fetch: app.fetch, port: 4100 })",
            "const port = process.argv[2] || 4100",
            "yargs.options('port', { alias: 'p', default: '4100', describe: 'listen here' })",
            "new Command().option('-p, --port <number>', 'where to listen', parseInt, 4100)",
            "cli.option('--port <n> (defaults to 4100)', 'where to listen', parseInt)",
            "start(argv.port || 4100)",
            "fetch(`http://other:${process.env.API_PORT || 9000}`); app.listen(4100)",
        ] {
            assert_eq!(first(text), (Some("4100".to_owned()), None), "{text}");
        }
        assert!(ports("// app.listen(4100)").numbers.is_empty());
        assert_eq!(first("const PORT = 4100;\napp.listen(PORT)"), (Some("4100".to_owned()), None));
    }

    #[test]
    fn the_variable_may_have_another_name() {
        for (text, name) in [
            ("port: process.env.APP_PORT || 4100, db: { port: process.env.DB_PORT || 5432 }", "APP_PORT"),
            ("port: Number(process.env.SERVER_PORT ?? 4100)", "SERVER_PORT"),
            ("z.object({ DB_PORT: z.number().default(5432), HTTP_PORT: z.coerce.number().default(4100) })", "HTTP_PORT"),
            ("const a = process.env.API_PORT || 9000, b = process.env.PORT || 4100", "PORT"),
            ("const db = process.env.DB_PORT || 5432;\nconst port = process.env.CART_SERVER_PORT || '4100';\napp.listen(port, () => {})", "CART_SERVER_PORT"),
            ("app.listen(Number(process.env.SHOP_PORT ?? 4100))", "SHOP_PORT"),
            (
                "const C = {\n  db: { port: int(process.env.DB_PORT, 5432) },\n  own: { port: int(process.env.BOT_OWN_PORT, 4100) },\n}\nserver.listen(options.port, options.host)",
                "BOT_OWN_PORT",
            ),
        ] {
            assert_eq!(first(text), (Some("4100".to_owned()), Some(name.to_owned())), "{text}");
        }
    }

    #[test]
    fn the_ports_of_others_are_not_its_own() {
        assert_eq!(first("listen(process.env.PORT); connect({ host: 'db', port: 5432 })"), (None, Some("PORT".to_owned())));
        assert_eq!(first("z.object({ PORT: z.coerce.number(), DB_PORT: z.number().default(5432) })"), (None, Some("PORT".to_owned())));
        assert_eq!(first("app.listen(process.env.PORT); ws(process.env.WEB_PORT || 8081)"), (None, Some("PORT".to_owned())));
    }
}
