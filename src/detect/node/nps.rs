//! Scripts that a package keeps in a file of their own, for the program `nps`.

use super::project::Project;
use super::script::{self, Script};
use crate::detect::source;
use crate::manifest::pattern;

/// Its files. (sezna/nps README.md)
const FILES: &[&str] = &["package-scripts.js", "package-scripts.cjs", "package-scripts.mjs"];

/// The script that the words after `nps` name; without any the default one.
pub fn script(project: &Project<'_>, words: &[String]) -> Option<Script> {
    let name = words.iter().find(|word| !word.starts_with('-')).map_or("default", String::as_str);
    let text = project.dir.peek(project.dir.first_of(FILES.iter().copied())?)?;
    // name: 'command', or name: { script: 'command' }; the first of the name is the outermost.
    let name = regex_lite::escape(name);
    let key = pattern::pattern(&format!(r#"(?m)^[^\n]*?\b{name}["']?\s*:\s*(?:\{{\s*(?:default\s*:\s*)?(?:\{{\s*)?(?:script\s*:\s*)?)?["'`]([^"'`\n]+)["'`]"#))
        .ok()?;
    let hit = source::find(&[text], &key, "//")?;
    script::parse(project.package.as_ref()?, hit.value.trim(), hit.at, 4)
}

#[cfg(test)]
mod tests {
    use crate::detect::select::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    #[test]
    fn scripts_in_a_file_of_their_own_are_found() {
        let start = |start: &str, scripts: &str| {
            let package = format!(r#"{{"scripts": {{"start": "{start}", "build": "nps build"}}, "devDependencies": {{"nps": "5"}}}}"#);
            let files = [("package.json", package.as_str()), ("package-scripts.js", scripts), ("src/app.ts", "app.listen(3000)")];
            let found = detect(&Tree::memory(files), &Answers::default());
            found.services[0].start.as_ref().map(|start| start.value.to_string()).unwrap_or_default()
        };
        let plain = "module.exports = { scripts: { default: 'node dist/app.js', build: 'tsc' } }";
        assert_eq!(start("nps", plain), "node dist/app.js");
        let full =
            "module.exports = {\n  scripts: {\n    start: {\n      script: 'cross-env A=b node dist/app.js',\n    },\n    default: 'nps start',\n  },\n}";
        assert_eq!(start("nps start", full), "node dist/app.js");
        assert_eq!(start("nps other", plain), "node_modules/.bin/nps other");
    }
}
