//! What a build writes into the pages, and what it needs from outside for that.

use std::rc::Rc;

use super::row::Front;
use super::settings::Settings;
use crate::catalog::FrameworkRow;
use crate::detect::node::project::Project;
use crate::detect::source;
use crate::fs::{Dir, Text};
use crate::manifest::{Package, pattern};
use crate::model::{Decision, Diagnostic, Evidence, ServiceDraft, Source};

/// A variable that a build reads.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Variable {
    name: String,
    at: Evidence,
    /// Whether nobody may see it: it gets into the build without a trace in the image's layers.
    secret: bool,
}

/// Records the variables that the build reads: arguments of the build, or secrets that it mounts.
pub fn variables(draft: &mut ServiceDraft, project: &Project<'_>, front: &Front, texts: &[Rc<Text>], site: bool) {
    // A server of Nuxt reads them when it starts.
    let prefix = if front.public_sites && !site { "" } else { front.public.as_str() };
    let mut found = public(&project.dir, prefix, texts);
    found.extend(compiled_in(texts));
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found.dedup_by(|a, b| a.name == b.name);
    let (secret, plain): (Vec<Variable>, Vec<Variable>) = found.into_iter().partition(|variable| variable.secret);
    let rule = "it is written into the pages";
    for variable in &plain {
        draft.facts.push(("build variable".to_owned(), Decision::new(variable.name.clone(), Source::inferred(rule, [variable.at.clone()]))));
    }
    for variable in &secret {
        let rule = format!("{rule}, and its name is a secret's");
        draft.facts.push(("build secret".to_owned(), Decision::new(variable.name.clone(), Source::inferred(rule, [variable.at.clone()]))));
    }
    let names = |list: &[Variable]| list.iter().map(|variable| format!("`{}`", variable.name)).collect::<Vec<_>>().join(", ");
    if let Some(first) = plain.first() {
        let message = format!("the build writes {} into the pages, where everybody can read {}", names(&plain), if plain.len() > 1 { "them" } else { "it" });
        let at = plain.iter().map(|variable| variable.at.clone()).take(1);
        draft.notes.push(
            Diagnostic::warning("public-variable", message)
                .at_all(at)
                .help(format!("docker build --build-arg {}=value; a variable of the running container comes too late", first.name)),
        );
    }
    if let Some(first) = secret.first() {
        let message = format!("the build reads {}: its name is a secret's, so it is mounted and never stored in a layer", names(&secret));
        let at = secret.iter().map(|variable| variable.at.clone()).take(1);
        draft.notes.push(Diagnostic::warning("build-secret", message).at_all(at).help(format!("docker build --secret id={0},env={0}", first.name)));
    }
    let kept = committed(&project.dir, prefix);
    let arguments = plain.iter().map(|variable| {
        let value = kept.iter().find(|(name, _)| *name == variable.name).map(|(_, value)| value.as_str());
        serde_json::json!({"name": variable.name, "value": value.unwrap_or_default()})
    });
    draft.set("args", arguments.collect::<Vec<_>>());
    draft.set("secrets", secret.iter().map(|variable| variable.name.clone()).collect::<Vec<_>>());
    // What is committed of it is public, and read by the build; a workspace may keep it at its root.
    let root = project.root.and_then(|root| root.doc.path().parent()).map(|folder| project.dir.tree().dir(folder));
    if !prefix.is_empty() && std::iter::once(&project.dir).chain(&root).any(|dir| dir.has(".env.production")) {
        draft.ignore.push("!**/.env.production".to_owned());
    }
}

/// The variables with this prefix that the sources or an example of an environment file name.
fn public(dir: &Dir<'_>, prefix: &str, texts: &[Rc<Text>]) -> Vec<Variable> {
    if prefix.is_empty() {
        return Vec::new();
    }
    let examples: Vec<Rc<Text>> =
        [".env", ".env.example", ".env.sample", ".env.template", ".env.dist", ".env.local.example"].iter().filter_map(|file| dir.peek(file)).collect();
    let reads = [(format!(r#"\benv(?:\??\.|\[["'`])({prefix}[A-Z0-9_]+)\b"#), texts), (format!(r"(?m)^\s*(?:export\s+)?({prefix}[A-Z0-9_]+)\s*="), &examples)];
    let mut found: Vec<Variable> = Vec::new();
    let mut take = |name: String, at: Evidence| {
        if !found.iter().any(|known| known.name == name) {
            found.push(Variable { secret: sounds_secret(&name), name, at });
        }
    };
    for (pattern, texts) in reads {
        let Ok(pattern) = pattern::pattern(&pattern) else { continue };
        for mut hit in source::find_all(texts, &pattern, "//") {
            // What a file of variables holds is not repeated.
            if hit.at.file.name().starts_with(".env") {
                hit.at.raw.clone_from(&hit.value);
            }
            take(hit.value, hit.at);
        }
    }
    // const { VITE_URL } = import.meta.env
    if let Ok(taken_apart) = pattern::pattern(r"\{([^{}]*)\}\s*=\s*(?:import\.meta|process)\.env\b") {
        for hit in source::find_all(texts, &taken_apart, "//") {
            let names = hit.value.split(',').filter_map(|part| part.split([':', '=']).next()).map(str::trim);
            names.filter(|name| name.starts_with(prefix) && is_a_name(name)).for_each(|name| take(name.to_owned(), hit.at.clone()));
        }
    }
    found
}

/// Variables that `SvelteKit` compiles in by name: a build without them fails.
fn compiled_in(texts: &[Rc<Text>]) -> Vec<Variable> {
    let mut found = Vec::new();
    for (module, secret) in [("public", false), ("private", true)] {
        let Ok(import) = pattern::pattern(&format!(r#"import\s*\{{([^{{}}]*)\}}\s*from\s*["']\$env/static/{module}["']"#)) else { continue };
        for hit in source::find_all(texts, &import, "//") {
            let names = hit.value.split(',').filter_map(|part| part.split_whitespace().next()).filter(|name| is_a_name(name));
            found.extend(names.map(|name| Variable { name: name.to_owned(), at: hit.at.clone(), secret: secret || sounds_secret(name) }));
        }
    }
    found
}

fn is_a_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// What the repository's own `.env` gives these variables: its build on any machine has the same values, which the image's gets as defaults.
fn committed(dir: &Dir<'_>, prefix: &str) -> Vec<(String, String)> {
    let pairs = |file: &str| -> Vec<(String, String)> {
        let text = dir.peek(file);
        let lines = text.iter().flat_map(|text| text.as_str().lines().map(ToOwned::to_owned).collect::<Vec<_>>());
        let pair = |line: String| {
            let (name, value) = line.trim().trim_start_matches("export ").split_once('=')?;
            let value = value.trim();
            let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).or_else(|| value.strip_prefix('\'')?.strip_suffix('\''));
            let plain = |value: &str| !value.is_empty() && value.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '$' | '`' | '"' | '\'' | '\\' | '#'));
            Some((name.trim().to_owned(), bare.unwrap_or(value).to_owned())).filter(|(name, value)| name.starts_with(prefix) && plain(value))
        };
        lines.filter_map(pair).collect()
    };
    if prefix.is_empty() {
        return Vec::new();
    }
    // The build reads this one itself, and a variable would win over it.
    let read: Vec<String> = pairs(".env.production").into_iter().map(|(name, _)| name).collect();
    pairs(".env").into_iter().filter(|(name, _)| !read.contains(name)).collect()
}

/// Whether builders take a variable of this name for a secret.
fn sounds_secret(name: &str) -> bool {
    const WORDS: &[&str] = &["APIKEY", "AUTH", "CREDENTIAL", "CREDENTIALS", "KEY", "PASSWORD", "PASSWD", "PWORD", "SECRET", "TOKEN"];
    let mut parts = name.split('_');
    !name.split('_').any(|part| part == "PUBLIC") && parts.any(|part| WORDS.contains(&part))
}

/// The variable by which a build leaves out the check of variables that only a running server has.
pub fn unchecked(texts: &[Rc<Text>]) -> Option<(String, String)> {
    const NAME: &str = "SKIP_ENV_VALIDATION";
    let reads = |text: &Rc<Text>| text.path().name().starts_with("env.") && text.as_str().contains(NAME);
    texts.iter().any(reads).then(|| (NAME.to_owned(), "1".to_owned()))
}

const REMOTE_FONTS: &str = "the build fetches fonts from Google: it needs a network that reaches them";

/// What a build of this framework does that nobody expects of one.
pub fn surprises(draft: &mut ServiceDraft, dir: &Dir<'_>, package: &Package, row: &FrameworkRow, texts: &[Rc<Text>]) {
    // Angular writes the style sheets of remote fonts into its pages, and ends with 127 where it doesn't reach them.
    if row.id == "angular"
        && let Some(page) = dir.peek("src/index.html")
        && let Some((number, line)) = page.lines().find(|(_, line)| line.contains("//fonts.googleapis.com/css"))
    {
        let at = Evidence::line(page.path().clone(), number, line.trim());
        let help = "put the fonts into the repository, or set `optimization.fonts` to false in angular.json";
        draft.notes.push(Diagnostic::note("remote-fonts", REMOTE_FONTS).at(at).help(help));
    }
    if row.id != "nextjs" {
        return;
    }
    if let Some(hit) = pattern::pattern(r#"from\s+["'](next/font/google)["']"#).ok().and_then(|import| source::find(texts, &import, "//")) {
        let help = "next/font/local takes fonts from the repository";
        draft.notes.push(Diagnostic::note("remote-fonts", REMOTE_FONTS).at(hit.at).help(help));
    }
    let old = major(package, "next").is_some_and(|major| major < 15) && package.dependency("sharp").is_none();
    if let Some(hit) = pattern::pattern(r#"from\s+["'](next/image)["']"#).ok().filter(|_| old).and_then(|import| source::find(texts, &import, "//")) {
        let message = "images are made smaller by the server, which before Next.js 15 needs `sharp` for that in production";
        draft.notes.push(Diagnostic::note("image-optimizer", message).at(hit.at).help("install sharp"));
    }
}

/// The first number in the version that a project asks for.
pub fn major(package: &Package, dependency: &str) -> Option<u32> {
    let dependency = package.dependency(dependency)?;
    let digits: String = dependency.at.raw.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The path below which the pages lie, without slashes around it.
pub fn base_path(draft: &mut ServiceDraft, package: &Package, front: &Front, settings: &Settings) -> String {
    let asked = front.base_flag.is_empty() || super::commands::building(package, front).is_some_and(|(_, text, _)| text.contains(&front.base_flag));
    if front.base_key.is_empty() || !asked {
        return String::new();
    }
    let plain = |path: &str| path.starts_with('/') && path.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '.'));
    // An address says it where the manifest does: the site lies below its path.
    let below_host = |(text, at): (&str, Evidence)| {
        let (_, rest) = text.split_once("://").unwrap_or(("", text));
        let path = if text.contains("://") { rest.split_once('/').map_or("/".to_owned(), |(_, path)| format!("/{path}")) } else { rest.to_owned() };
        (path.split(['?', '#']).next().unwrap_or_default().to_owned(), at)
    };
    let of_package = || package.doc.string(&[front.base_key.as_str()]).filter(|_| front.base_key == "homepage").map(below_host);
    let Some((path, at)) = settings.string(&front.base_key).or_else(of_package).filter(|(path, _)| plain(path)) else { return String::new() };
    let path = path.trim_matches('/').to_owned();
    if !path.is_empty() {
        draft.facts.push(("base path".to_owned(), Decision::new(format!("/{path}/"), Source::File(at))));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::{committed, compiled_in, public, sounds_secret};
    use crate::detect::source::files;
    use crate::fs::Tree;

    #[test]
    fn variables_are_found_however_they_are_read() {
        let code = "import.meta.env.VITE_A; env.OTHER; process.env['VITE_C']; const { VITE_D: d, VITE_E = 1, MODE } = import.meta.env;";
        let tree = Tree::memory([("a.ts", code), (".env.example", "# x\nVITE_B=1\nSECRET=2\n")]);
        let texts = files(&tree.root(), &["ts"], &[]);
        let names: Vec<String> = public(&tree.root(), "VITE_", &texts).into_iter().map(|variable| variable.name).collect();
        assert_eq!(names, ["VITE_A", "VITE_C", "VITE_B", "VITE_D", "VITE_E"]);
        assert!(sounds_secret("VITE_MAPS_KEY") && !sounds_secret("NEXT_PUBLIC_STRIPE_KEY") && !sounds_secret("VITE_KEYBOARD"));
    }

    #[test]
    fn variables_that_are_compiled_in_are_found() {
        let code = "import { PUBLIC_A, PUBLIC_B as b } from '$env/static/public';\nimport {\n  DB_URL,\n} from \"$env/static/private\";";
        let tree = Tree::memory([("a.ts", code)]);
        let found = compiled_in(&files(&tree.root(), &["ts"], &[]));
        assert_eq!(
            found.iter().map(|variable| (variable.name.as_str(), variable.secret)).collect::<Vec<_>>(),
            [("PUBLIC_A", false), ("PUBLIC_B", false), ("DB_URL", true)]
        );
    }

    #[test]
    fn committed_values_are_defaults_unless_the_build_reads_them() {
        let tree = Tree::memory([(".env", "VITE_A=\"/api\"\nVITE_B=1\nOTHER=2\nVITE_C=$X\n"), (".env.production", "VITE_B=2\n")]);
        assert_eq!(committed(&tree.root(), "VITE_"), [("VITE_A".to_owned(), "/api".to_owned())]);
    }
}
