//! Generators of sites: programs of their own, which a project only configures.

use super::Recogniser;
use crate::detect::Found;
use crate::fs::Dir;
use crate::model::{Claim, Cmd, Decision, Diagnostic, Evidence, Kind, ServiceDraft, Source, Strength};

/// The recogniser; the files that they make are a stack with a detector of its own.
pub const SITES: Recogniser = Recogniser { stacks: &[], claims, draft };

/// A generator by its settings.
struct Row {
    framework: &'static str,
    manager: &'static str,
    /// Whether nothing but such a site has them; else a program beside them is the project, and these are its pages.
    alone: bool,
    /// Files of which one must be there, each with a text that it must hold.
    files: &'static [(&'static str, &'static str)],
    /// Folders of which one must be there, where there are any.
    folders: &'static [&'static str],
    build: &'static str,
}

const ROWS: &[Row] = &[
    Row {
        framework: "hugo",
        manager: "hugo",
        alone: true,
        files: &[
            ("hugo.toml", ""),
            ("hugo.yaml", ""),
            ("hugo.yml", ""),
            ("hugo.json", ""),
            ("config/_default/hugo.toml", ""),
            ("config/_default/hugo.yaml", ""),
        ],
        folders: &[],
        build: "hugo --minify",
    },
    Row {
        framework: "hugo",
        manager: "hugo",
        alone: true,
        files: &[("config.toml", "baseURL"), ("config.yaml", "baseURL"), ("config.yml", "baseURL"), ("config/_default/config.toml", "")],
        folders: &["archetypes", "content", "layouts", "themes"],
        build: "hugo --minify",
    },
    Row {
        framework: "zola",
        manager: "zola",
        alone: true,
        files: &[("config.toml", "base_url")],
        folders: &["content", "sass", "templates", "themes"],
        build: "zola build",
    },
    Row {
        framework: "jekyll",
        manager: "bundler",
        alone: true,
        files: &[("_config.yml", ""), ("_config.yaml", "")],
        folders: &["_includes", "_layouts", "_posts", "_sass"],
        build: "jekyll build",
    },
    Row { framework: "mkdocs", manager: "pip", alone: false, files: &[("mkdocs.yml", ""), ("mkdocs.yaml", "")], folders: &[], build: "mkdocs build --strict" },
    Row { framework: "mdbook", manager: "mdbook", alone: false, files: &[("book.toml", "")], folders: &[], build: "mdbook build" },
    Row { framework: "pelican", manager: "pip", alone: false, files: &[("pelicanconf.py", "")], folders: &[], build: "pelican content" },
    Row {
        framework: "sphinx",
        manager: "pip",
        alone: false,
        files: &[("conf.py", "extensions"), ("docs/conf.py", "extensions"), ("source/conf.py", "extensions"), ("docs/source/conf.py", "extensions")],
        folders: &[],
        build: "sphinx-build",
    },
];

fn row(dir: &Dir<'_>) -> Option<(&'static Row, Evidence)> {
    ROWS.iter().find_map(|row| {
        let holds = |(file, text): &&(&str, &str)| dir.has(file) && (text.is_empty() || dir.peek(file).is_some_and(|found| found.as_str().contains(text)));
        let (file, _) = row.files.iter().find(holds)?;
        let whole = row.folders.is_empty() || row.folders.iter().any(|folder| dir.has_dir(folder));
        whole.then(|| (row, Evidence::file(dir.at(file))))
    })
}

fn claims(dir: &Dir<'_>) -> Option<Claim> {
    let (row, at) = row(dir)?;
    Some(Claim::new(if row.alone { Strength::Certain } else { Strength::Hint }, at))
}

#[expect(clippy::unnecessary_wraps, reason = "other recognisers read manifests, which may be broken")]
fn draft(dir: &Dir<'_>) -> Result<Found, Diagnostic> {
    let Some((row, at)) = row(dir) else { return Ok(Found::default()) };
    let mut draft = ServiceDraft::new("", dir.path().clone(), dir.path().name());
    draft.stack = "static".to_owned();
    draft.kind = Kind::Site;
    draft.framework = Some(Decision::new(row.framework.to_owned(), Source::File(at.clone())));
    draft.package_manager = Some(Decision::new(row.manager.to_owned(), Source::inferred("the generator", [at.clone()])));
    draft.build = Some(Decision::new(Cmd::Shell(row.build.to_owned()), Source::inferred("the generator", [at])));
    Ok(Found::one(draft))
}

#[cfg(test)]
mod tests {
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    #[test]
    fn sites_are_named_by_what_makes_them() {
        for (files, want) in [
            (&["hugo.toml", "content/a.md", "package.json"][..], "hugo"),
            (&["hugo.toml", "go.mod"][..], "hugo"),
            (&["_config.yml", "_posts/2026-01-01-x.md", "index.html"][..], "jekyll"),
            (&["mkdocs.yml", "docs/index.md"][..], "mkdocs"),
        ] {
            let text = |file: &str| if file == "package.json" { "{}" } else { "module x\n" };
            let tree = Tree::memory(files.iter().map(|file| (*file, text(file))));
            let found = detect(&tree, &Answers::default());
            let framework = found.services.first().and_then(|draft| draft.framework.as_ref()).map(|framework| framework.value.as_str());
            assert_eq!(framework, Some(want), "{files:?}");
        }
        let beside = Tree::memory([("mkdocs.yml", "x: y"), ("package.json", r#"{"scripts": {"start": "node a.js"}}"#), ("a.js", "")]);
        assert_eq!(detect(&beside, &Answers::default()).services[0].stack, "node");
    }
}
