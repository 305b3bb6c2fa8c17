//! CMakePresets.json: the variables that a build for release is given.

use crate::fs::Dir;
use crate::manifest::{Document, Node};
use crate::model::{Decision, Source};

/// Names that a preset for release goes by.
const RELEASE: &[&str] = &["release", "linux-release", "gcc-release", "unix-release", "production", "prod", "default"];

/// What the template of the command says by itself, or what names tools that the image doesn't have.
const OWN: &[&str] = &["CMAKE_BUILD_TYPE", "CMAKE_INSTALL_PREFIX", "CMAKE_TOOLCHAIN_FILE", "CMAKE_MAKE_PROGRAM", "CMAKE_EXPORT_COMPILE_COMMANDS"];

/// `-DNAME=VALUE` for each plain cache variable of the preset for release, those that it inherits first.
pub fn variables(dir: &Dir<'_>) -> Option<Decision<Vec<String>>> {
    let doc = Document::read(dir, "CMakePresets.json").ok()??;
    let presets: Vec<&Node> = doc.get(&["configurePresets"])?.items().collect();
    let name = |node: &Node| node.get(&["name"]).and_then(Node::str).unwrap_or_default().to_owned();
    let named = |wanted: &str| presets.iter().find(|node| name(node).eq_ignore_ascii_case(wanted)).copied();
    let chosen = RELEASE.iter().find_map(|wanted| named(wanted))?;
    let at = doc.evidence(&["configurePresets", "name"], chosen.get(&["name"])?);
    let mut found: Vec<(String, String)> = Vec::new();
    let mut next = vec![chosen];
    // What a preset inherits may come from another that inherits in turn; a ring of them ends here.
    for _ in 0..8 {
        let mut above = Vec::new();
        for preset in &next {
            for (key, value) in preset.get(&["cacheVariables"]).into_iter().flat_map(Node::entries) {
                let text = value.get(&["value"]).unwrap_or(value);
                let text = text.str().map(ToOwned::to_owned).or_else(|| text.bool().map(|on| if on { "ON" } else { "OFF" }.to_owned()));
                if let Some(text) = text.filter(|_| !found.iter().any(|(known, _)| known == key)) {
                    found.push((key.to_owned(), text));
                }
            }
            let inherits = preset.get(&["inherits"]);
            let parents = inherits.and_then(Node::str).into_iter().chain(inherits.into_iter().flat_map(Node::items).filter_map(Node::str));
            above.extend(parents.filter_map(named));
        }
        next = above;
    }
    let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+' | ' '));
    let words = found.into_iter().filter(|(key, value)| plain(key) && plain(value) && !OWN.contains(&key.as_str()));
    let word = |(key, value): (String, String)| if value.contains(' ') { format!("-D{key}='{value}'") } else { format!("-D{key}={value}") };
    let words: Vec<String> = words.map(word).collect();
    (!words.is_empty()).then(|| Decision::new(words, Source::File(at)))
}

#[cfg(test)]
mod tests {
    use super::variables;
    use crate::fs::Tree;

    #[test]
    fn the_preset_for_release_says_its_variables() {
        let text = r#"{"configurePresets": [
            {"name": "base", "hidden": true, "cacheVariables": {"WITH_TLS": true, "PREFIX_X": "${sourceDir}/x", "LEVEL": "1"}},
            {"name": "debug", "cacheVariables": {"WITH_DEBUG": "ON"}},
            {"name": "release", "inherits": ["base"], "cacheVariables": {"CMAKE_BUILD_TYPE": "Release", "LEVEL": {"type": "STRING", "value": "2"}}}
        ]}"#;
        let tree = Tree::memory([("CMakePresets.json", text)]);
        let found = variables(&tree.root()).expect("found");
        assert_eq!(found.value, ["-DLEVEL=2", "-DWITH_TLS=ON"]);
        assert!(variables(&Tree::memory([("CMakePresets.json", "{}")]).root()).is_none());
    }
}
