//! The flow is one way: a module imports only modules of a lower rank, or its own.
#![allow(clippy::disallowed_methods, reason = "tests look at the machine")]

use std::path::{Path, PathBuf};

const RANKS: &[&[&str]] =
    &[&["model"], &["fs", "catalog"], &["manifest"], &["config"], &["detect", "plan", "render", "write", "check"], &["report"], &["workflow"], &["cli"]];

fn rank(module: &str) -> Option<usize> {
    RANKS.iter().position(|modules| modules.contains(&module))
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("src") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn modules_import_only_lower_ranks() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    assert!(files.len() > 30, "the walk found the sources");
    let mut wrong = Vec::new();
    for file in files {
        let tail = file.strip_prefix(&root).expect("below src");
        let module = tail.components().next().expect("a name").as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned();
        if matches!(module.as_str(), "lib" | "main") {
            continue;
        }
        let own = rank(&module).unwrap_or_else(|| panic!("module `{module}` has no rank"));
        let text = std::fs::read_to_string(&file).expect("a source file");
        for (number, line) in text.lines().enumerate() {
            for part in line.split("crate::").skip(1) {
                let names: Vec<String> = if let Some(group) = part.strip_prefix('{') {
                    group.split(',').map(|name| name.trim().split([':', '}']).next().unwrap_or_default().to_owned()).collect()
                } else {
                    vec![part.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default().to_owned()]
                };
                for name in names.iter().filter(|name| **name != module) {
                    // `config` alone is read by `plan` at its own rank's border: it ranks below it.
                    if let Some(other) = rank(name)
                        && other >= own
                    {
                        wrong.push(format!("{}:{}: `{module}` imports `{name}`", tail.display(), number + 1));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
