//! Documents that are made from the catalogue say what it says. `DOCKGEN_WRITE_DOCS=1 cargo test --test docs` writes them anew.
#![allow(clippy::disallowed_methods, reason = "tests look at the machine")]

use std::fmt::Write as _;
use std::path::Path;

use dockgen::catalog::{StackPack, files};

const HEAD: &str = "\
# What dockgen knows

Made from `templates/*/stack.toml` by `tests/docs.rs`. `dockgen stacks` prints the same in short.

A project's own files choose the version; the default is for a project that names none. A range takes the default where it allows it, else the newest line
with long-term support, else the newest. A line past its end of life is built as asked, with a warning.
";

#[test]
fn stacks_page_is_what_the_catalogue_says() {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/stacks.md");
    let page = page();
    if std::env::var_os("DOCKGEN_WRITE_DOCS").is_some() {
        std::fs::write(&place, &page).expect("docs/stacks.md is written");
    }
    let stands = std::fs::read_to_string(&place).unwrap_or_default();
    assert!(stands == page, "docs/stacks.md is not what templates/*/stack.toml say: DOCKGEN_WRITE_DOCS=1 cargo test --test docs");
}

fn page() -> String {
    let mut out = HEAD.to_owned();
    for id in files::stacks() {
        let pack = StackPack::load(id).expect("the registry test loads it too");
        let _ = write!(out, "\n## {} (`{}`)\n", pack.title, pack.id);
        if let Some(runtime) = &pack.runtime {
            let _ = write!(out, "\n{} {} is the default: {}. Source: {}.\n\n", runtime.title, runtime.default, runtime.because, runtime.source);
            table(&mut out, &["line", "supported until"], runtime.lines.iter().map(|line| vec![line.version.to_string(), line.end_of_life.clone()]));
        }
        let bases = pack.bases.iter().map(|(name, base)| {
            let chosen = if *name == pack.default_base { format!("{name} (default)") } else { name.clone() };
            vec![chosen, code(&base.build), code(base.prod.as_ref().unwrap_or(&base.build)), base.because.clone()]
        });
        let _ = write!(out, "\n`{}` is the default base: {}.\n\n", pack.default_base, pack.default_base_because);
        table(&mut out, &["`--base`", "built on", "runs on", "good for"], bases);
        if !pack.package_manager.is_empty() {
            out.push('\n');
            table(
                &mut out,
                &["package manager", "known by", "version where none is named"],
                pack.package_manager.iter().map(|row| {
                    let lock: Vec<String> = row.lock.iter().map(|name| code(name)).collect();
                    vec![row.id.clone(), lock.join(", "), row.version.clone().unwrap_or_default()]
                }),
            );
        }
        if !pack.framework.is_empty() {
            out.push('\n');
            table(
                &mut out,
                &["framework", "known by", "port unless the project says otherwise", "source"],
                pack.framework.iter().map(|row| {
                    let marks: Vec<String> = row.dependency.iter().map(|name| code(name)).collect();
                    vec![row.id.clone(), marks.join(", "), row.port.map(|port| port.to_string()).unwrap_or_default(), row.source.clone()]
                }),
            );
        }
        if !pack.system.is_empty() {
            out.push('\n');
            table(
                &mut out,
                &["dependency", "Debian packages to build it", "Debian packages to run it", "bases that can't carry it"],
                pack.system.iter().map(|row| {
                    let refused: Vec<String> = row.refuses.keys().cloned().collect();
                    vec![row.dependency.join(", "), row.build.join(", "), row.runtime.join(", "), refused.join(", ")]
                }),
            );
        }
    }
    out
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// A table of Markdown.
fn table(out: &mut String, head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let head: Vec<String> = head.iter().map(|&cell| cell.to_owned()).collect();
    out.push_str(&line(&head));
    out.push_str(&format!("|{}\n", "---|".repeat(head.len())));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
        out.push_str(&line(&cells));
    }
}
