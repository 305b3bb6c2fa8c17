//! The embedded `templates/` folder.

use include_dir::{Dir, include_dir};

static TEMPLATES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// The text of an embedded file, by its path below `templates/`.
pub fn text(path: &str) -> Option<&'static str> {
    TEMPLATES.get_file(path)?.contents_utf8()
}

/// The names of the embedded stacks' folders, in order.
pub fn stacks() -> Vec<&'static str> {
    let mut names: Vec<&str> = TEMPLATES.dirs().filter_map(|dir| dir.path().to_str()).filter(|name| !name.starts_with('_')).collect();
    names.sort_unstable();
    names
}

/// The Tera files of a folder, with their paths below `templates/`, in order.
pub fn templates(folder: &str) -> Vec<(&'static str, &'static str)> {
    let Some(dir) = TEMPLATES.get_dir(folder) else { return Vec::new() };
    let mut found: Vec<_> = dir
        .files()
        .filter(|file| file.path().extension().is_some_and(|ending| ending == "tera"))
        .filter_map(|file| Some((file.path().to_str()?, file.contents_utf8()?)))
        .collect();
    found.sort_unstable();
    found
}
