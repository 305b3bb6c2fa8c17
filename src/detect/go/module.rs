//! go.mod and go.work, line by line.

use super::tags;
use crate::fs::{Dir, Text};
use crate::model::evidence::tame;
use crate::model::{Dependency, Diagnostic, Evidence, RelPath};

/// What a go.mod says.
#[derive(Debug)]
pub struct Module {
    /// The folder that holds it.
    pub root: RelPath,
    /// The module's path, with its place.
    pub path: (String, Evidence),
    /// The `go` line.
    pub go: Option<(String, Evidence)>,
    /// The `toolchain` line, without its `go`.
    pub toolchain: Option<(String, Evidence)>,
    /// The modules that it requires; those that only others need are not production dependencies of their own.
    pub requires: Vec<Dependency>,
    /// Folders that stand in for modules, seen from this one.
    pub replaced_by: Vec<(String, Evidence)>,
    /// The tools that `go tool` runs.
    pub tools: Vec<(String, Evidence)>,
    /// The build tags that its own scripts compile it with.
    pub tags: Vec<String>,
    /// Where these stand.
    pub tagged: Option<Evidence>,
}

impl Module {
    /// Reads the go.mod of a folder; `None` where there is none.
    pub fn read(dir: &Dir<'_>) -> Result<Option<Self>, Diagnostic> {
        let Some(text) = dir.read("go.mod")? else { return Ok(None) };
        let mut module = Self::without_file(dir, "go.mod");
        directives(&text, |words, at, indirect| module.take(words, at, indirect));
        if module.path.0.is_empty() {
            return Err(Diagnostic::error("broken-manifest", format!("`{}` names no module", text.path()))
                .at(text.evidence())
                .help("let its first line be `module` and the module's path"));
        }
        let tags = tags::tags(dir);
        module.tagged = tags.first().map(|(_, at)| at.clone());
        module.tags = tags.into_iter().map(|(tag, _)| tag).collect();
        Ok(Some(module))
    }

    /// A module that is known by a file alone.
    pub fn without_file(dir: &Dir<'_>, file: &str) -> Self {
        Self {
            root: dir.path().clone(),
            path: (String::new(), Evidence::file(dir.at(file))),
            go: None,
            toolchain: None,
            requires: Vec::new(),
            replaced_by: Vec::new(),
            tools: Vec::new(),
            tags: Vec::new(),
            tagged: None,
        }
    }

    fn take(&mut self, words: &[&str], at: &Evidence, indirect: bool) {
        let place = |value: &str| Evidence { key: words[0].to_owned(), raw: value.to_owned(), ..at.clone() };
        match *words {
            ["module", path] => self.path = (path.to_owned(), place(path)),
            ["go", version] => self.go = Some((version.to_owned(), place(version))),
            ["toolchain", version] => self.toolchain = Some((version.trim_start_matches("go").to_owned(), place(version))),
            ["require", path, _] => self.requires.push(Dependency { name: path.to_owned(), at: place(path), production: !indirect }),
            ["tool", path] => self.tools.push((path.to_owned(), place(path))),
            ["replace", .., "=>", target] | ["replace", .., "=>", target, _] if target.starts_with('.') => {
                self.replaced_by.push((target.to_owned(), place(target)));
            }
            _ => {}
        }
    }

    /// Whether the folders that stand in for modules hold them: `go` refuses the whole module otherwise.
    pub fn replaces_what_is_there(&self, dir: &Dir<'_>) -> Result<(), Diagnostic> {
        for (folder, at) in &self.replaced_by {
            let Some(root) = self.root.join(folder) else {
                let message = format!("`{}` lies outside of what is scanned, so no image can hold it", tame(folder));
                let help = "run dockgen in the folder that holds both, or require the module by its version";
                return Err(Diagnostic::error("outside", message).at(at.clone()).help(help));
            };
            let there = root.join("go.mod").is_some_and(|file| dir.tree().has_file(&file) || matches!(dir.tree().on_disk(&file), Ok(Some(_))));
            if !there {
                let message = format!("`{}` holds no go.mod", tame(folder));
                return Err(Diagnostic::error("broken-manifest", message).at(at.clone()).help("mend the `replace` line: go refuses the whole module"));
            }
        }
        Ok(())
    }

    /// The last part of the module's path that is no version: what `go build` calls the program.
    pub fn base_name(&self) -> &str {
        let is_version = |part: &str| part.strip_prefix('v').is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()));
        self.path.0.rsplit('/').find(|part| !is_version(part)).unwrap_or("app")
    }

    /// The requirement of the module that a package is part of.
    pub fn provides(&self, package: &str) -> Option<&Dependency> {
        self.requires.iter().find(|dependency| package.strip_prefix(dependency.name.as_str()).is_some_and(|tail| tail.is_empty() || tail.starts_with('/')))
    }

    /// The requirement of a module, direct ones first.
    pub fn requires(&self, path: &str) -> Option<&Dependency> {
        self.requires.iter().filter(|dependency| dependency.name == path).max_by_key(|dependency| dependency.production)
    }
}

/// The folders that a go.work uses, each with its place.
pub fn workspace(text: &Text) -> Vec<(String, Evidence)> {
    let mut used = Vec::new();
    directives(text, |words, at, _| {
        if let ["use", folder] = *words {
            used.push((folder.to_owned(), Evidence { key: "use".to_owned(), raw: folder.to_owned(), ..at.clone() }));
        }
    });
    used
}

/// Calls back for every directive, those in blocks with the block's word before them; `// indirect` is told apart.
fn directives(text: &Text, mut each: impl FnMut(&[&str], &Evidence, bool)) {
    let mut block: Option<&str> = None;
    for (number, line) in text.lines() {
        let (code, comment) = line.split_once("//").unwrap_or((line, ""));
        let mut words: Vec<&str> = code.split_whitespace().map(|word| word.trim_matches('"')).collect();
        match words.as_slice() {
            [] => continue,
            [")"] => {
                block = None;
                continue;
            }
            [name, "("] => {
                block = Some(name);
                continue;
            }
            _ => {}
        }
        if let Some(name) = block {
            words.insert(0, name);
        }
        let at = Evidence::line(text.path().clone(), number, line.trim());
        each(&words, &at, comment.trim().starts_with("indirect"));
    }
}

#[cfg(test)]
mod tests {
    use super::{Module, workspace};
    use crate::fs::Tree;

    const GO_MOD: &str = "module example.com/tasks/v2\n\ngo 1.26.1\ntoolchain go1.27.0\n\nrequire (\n\ta.org/b v1.0.0\n\tc.org/d v2.0.0 // indirect\n)\n\nreplace x.org/y => ../y\nreplace x.org/z v1.0.0 => z.org/z v1.0.1\ntool github.com/air-verse/air\n";

    #[test]
    fn reads_lines_and_blocks() {
        let tree = Tree::memory([("go.mod", GO_MOD)]);
        let module = Module::read(&tree.root()).expect("fine").expect("there");
        assert_eq!(module.base_name(), "tasks");
        assert_eq!(module.go.as_ref().map(|(_, at)| at.to_string()).as_deref(), Some("go.mod:3 go = `1.26.1`"));
        assert_eq!(module.toolchain.as_ref().map(|(version, _)| version.as_str()), Some("1.27.0"));
        assert_eq!(module.requires.iter().map(|d| (d.name.as_str(), d.production)).collect::<Vec<_>>(), [("a.org/b", true), ("c.org/d", false)]);
        assert_eq!(module.replaced_by.iter().map(|(folder, _)| folder.as_str()).collect::<Vec<_>>(), ["../y"]);
        assert_eq!(module.tools[0].0, "github.com/air-verse/air");
    }

    #[test]
    fn a_module_without_a_name_is_broken() {
        let tree = Tree::memory([("go.mod", "go 1.26\n")]);
        assert_eq!(Module::read(&tree.root()).expect_err("broken").id, "broken-manifest");
    }

    #[test]
    fn reads_a_workspace() {
        let tree = Tree::memory([("go.work", "go 1.26\nuse ./lib\nuse (\n\t./api // the server\n)\n")]);
        let text = tree.root().read("go.work").expect("fine").expect("there");
        assert_eq!(workspace(&text).into_iter().map(|(folder, _)| folder).collect::<Vec<_>>(), ["./lib", "./api"]);
    }

    #[test]
    fn what_replaces_a_module_must_be_there() {
        let said = |target: &str| {
            let text = format!("module x.org/a\n\nreplace x.org/y => {target}\n");
            let tree = Tree::memory([("a/go.mod", text.as_str()), ("y/go.mod", "module x.org/y\n")]);
            let home = tree.root().dir("a");
            let module = Module::read(&home).expect("fine").expect("there");
            module.replaces_what_is_there(&home).map_err(|problem| problem.id).err().unwrap_or_default()
        };
        assert_eq!([said("../y"), said("../../y"), said("./z")], ["", "outside", "broken-manifest"]);
    }
}
