//! Registries that ask for a token: what the settings of a package manager keep secret.

use crate::fs::Dir;
use crate::model::BuildSecret;

/// Settings that hold a token: npm's, yarn's and bun's.
const TOKENS: &[(&str, &[&str])] =
    &[(".npmrc", &["_authToken", "_auth", "_password"]), (".yarnrc.yml", &["npmAuthToken", "npmAuthIdent"]), ("bunfig.toml", &["token", "password"])];

/// What the settings of a registry keep secret. A file that holds a token itself is mounted instead of copied; a variable that one names
/// is mounted as one.
pub fn secrets(dir: &Dir<'_>, files: &mut Vec<String>) -> Vec<BuildSecret> {
    let mut found: Vec<BuildSecret> = Vec::new();
    files.retain(|file| {
        let Some((_, keys)) = TOKENS.iter().find(|(name, _)| name == file) else { return true };
        let Some(text) = dir.peek(file) else { return true };
        let values: Vec<String> = text.lines().filter_map(|(_, line)| token(line, keys)).filter(|value| !value.is_empty()).collect();
        if values.iter().any(|value| variable(value).is_none()) {
            found.push(BuildSecret { id: file.trim_start_matches('.').replace('.', "-"), env: String::new(), file: file.clone() });
            return false;
        }
        for name in values.iter().filter_map(|value| variable(value)) {
            if !found.iter().any(|known| known.id == name) {
                found.push(BuildSecret { id: name.clone(), env: name, file: String::new() });
            }
        }
        true
    });
    found
}

/// The value of a line that sets a token.
fn token(line: &str, keys: &[&str]) -> Option<String> {
    let line = line.trim();
    let (_, value) = keys.iter().find_map(|key| line.split_once(key)).filter(|_| !line.starts_with(['#', ';']))?;
    let value = value.trim_start_matches(['"', '\'']).trim_start().strip_prefix(['=', ':'])?.trim();
    Some(value.split(" }").next().unwrap_or(value).trim_end_matches([',', '}']).trim().trim_matches(['"', '\'']).to_owned())
}

/// The variable that a value names: `${NPM_TOKEN}`, `${NPM_TOKEN-}`, `$NPM_TOKEN`.
fn variable(value: &str) -> Option<String> {
    let tail = value.split_once('$')?.1.trim_start_matches('{');
    let name: String = tail.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::secrets;
    use crate::fs::Tree;

    #[test]
    fn tokens_become_secrets() {
        let found = |file: &str, text: &str| {
            let tree = Tree::memory([(file, text)]);
            let mut files = vec![file.to_owned()];
            let found = secrets(&tree.root(), &mut files);
            (found.into_iter().map(|secret| secret.id).collect::<Vec<_>>().join(","), files.len())
        };
        for (file, text, want) in [
            (".npmrc", "@acme:registry=https://npm.acme.example\n//npm.acme.example/:_authToken=${NPM_TOKEN}\n", ("NPM_TOKEN", 1)),
            (".npmrc", "//npm.acme.example/:_authToken = \"${NPM_TOKEN-}\"\n", ("NPM_TOKEN", 1)),
            (".npmrc", "//npm.acme.example/:_authToken=abc\n", ("npmrc", 0)),
            (".npmrc", "# _authToken=abc\nsave-exact=true\n", ("", 1)),
            (".yarnrc.yml", "npmScopes:\n  acme:\n    npmAuthToken: \"${NPM_TOKEN:-}\"\n", ("NPM_TOKEN", 1)),
            ("bunfig.toml", "[install.scopes]\n\"@acme\" = { token = \"$NPM_TOKEN\", url = \"https://npm.acme.example\" }\n", ("NPM_TOKEN", 1)),
        ] {
            assert_eq!(found(file, text), (want.0.to_owned(), want.1), "{text}");
        }
    }
}
