//! Stacks that dockgen can name but not yet write files for: said aloud, rather than taken for something else.

use crate::fs::Dir;
use crate::model::{Decision, Diagnostic, Evidence, ServiceDraft, Source};

/// A stack by its manifests.
struct Recognised {
    stack: &'static str,
    manager: &'static str,
    /// Exact names, or endings that begin with a dot.
    files: &'static [&'static str],
}

const STACKS: &[Recognised] = &[
    Recognised { stack: "java", manager: "maven", files: &["pom.xml"] },
    Recognised { stack: "java", manager: "gradle", files: &["build.gradle", "build.gradle.kts"] },
    Recognised { stack: "scala", manager: "sbt", files: &["build.sbt"] },
    Recognised { stack: "dotnet", manager: "dotnet", files: &[".csproj", ".fsproj", ".sln", ".slnx"] },
    Recognised { stack: "php", manager: "composer", files: &["composer.json"] },
    Recognised { stack: "ruby", manager: "bundler", files: &["Gemfile"] },
    Recognised { stack: "elixir", manager: "mix", files: &["mix.exs"] },
    Recognised { stack: "zig", manager: "zig", files: &["build.zig"] },
];

/// A draft that says what the folder is, and that no files can be written for it. `covered` are stacks that have a detector of their own.
pub fn find(dir: &Dir<'_>, covered: &[&str]) -> Option<ServiceDraft> {
    let files: Vec<&str> = dir.files().collect();
    let is = |file: &str, name: &str| if name.starts_with('.') { file.ends_with(name) } else { file == name };
    let (row, file) = STACKS
        .iter()
        .filter(|row| !covered.contains(&row.stack))
        .find_map(|row| Some((row, row.files.iter().find_map(|name| files.iter().find(|file| is(file, name)))?)))?;
    let at = Evidence::file(dir.at(file));
    let mut draft = ServiceDraft::new("", dir.path().clone(), dir.path().name());
    draft.stack = row.stack.to_owned();
    draft.package_manager = Some(Decision::new(row.manager.to_owned(), Source::File(at.clone())));
    draft.notes.push(
        Diagnostic::error("unsupported-stack", format!("`{}` is a {} project, for which dockgen can't write files yet", dir.path(), row.stack))
            .at(at)
            .help("`dockgen stacks` lists what it can; --app picks other applications of the repository"),
    );
    Some(draft)
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::fs::Tree;

    #[test]
    fn stacks_are_named_by_their_manifests() {
        let tree = Tree::memory([("a/Shop.csproj", ""), ("b/composer.json", "{}"), ("c/README", "")]);
        let stack = |folder: &str, covered: &[&str]| find(&tree.root().dir(folder), covered).map(|draft| draft.stack);
        assert_eq!(stack("a", &[]).as_deref(), Some("dotnet"));
        assert_eq!(stack("b", &[]).as_deref(), Some("php"));
        assert_eq!(stack("b", &["php"]), None);
        assert_eq!(stack("c", &[]), None);
    }
}
