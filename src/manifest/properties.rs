//! Java's `.properties`, and other files of `key=value` lines: `.sdkmanrc`, `gradle.properties`, `system.properties`.

use crate::fs::{Dir, Text};
use crate::model::Evidence;

/// The value of the first of these keys that the file sets, with its place. A file that can't be read says nothing.
pub fn value(dir: &Dir<'_>, file: &str, keys: &[&str]) -> Option<(String, Evidence)> {
    let text = dir.peek(file)?;
    keys.iter().find_map(|key| value_in(&text, key))
}

/// The value of a key.
pub fn value_in(text: &Text, key: &str) -> Option<(String, Evidence)> {
    text.lines().filter(|(_, line)| !line.trim_start().starts_with(['#', '!'])).find_map(|(number, line)| {
        let (name, value) = line.split_once(['=', ':'])?;
        let value = value.trim();
        (name.trim() == key && !value.is_empty()).then(|| (value.to_owned(), Evidence::line(text.path().clone(), number, value).with_key(key)))
    })
}

#[cfg(test)]
mod tests {
    use crate::fs::Tree;

    #[test]
    fn reads_values_outside_of_comments() {
        let tree = Tree::memory([("a.properties", "# x=1\nx = ${PORT:5000}\ny: 2\n")]);
        let (value, at) = super::value(&tree.root(), "a.properties", &["z", "x"]).expect("there");
        assert_eq!((value.as_str(), at.place().as_str()), ("${PORT:5000}", "a.properties:2"));
        assert_eq!(super::value(&tree.root(), "a.properties", &["y"]).map(|(value, _)| value).as_deref(), Some("2"));
    }
}
