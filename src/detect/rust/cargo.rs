//! Cargo.toml: packages, their targets, and the workspace that holds them.

use std::collections::BTreeSet;

use globset::GlobBuilder;

use crate::fs::Dir;
use crate::manifest::{Document, Node};
use crate::model::{Dependency, Diagnostic, Evidence, RelPath};

/// A program of a package.
#[derive(Clone, Debug)]
pub struct Bin {
    /// What cargo calls it.
    pub name: String,
    /// The file that it starts from, seen from the package.
    pub path: String,
    /// Where it is named, or lies.
    pub at: Evidence,
}

/// One package.
#[derive(Debug)]
pub struct Package {
    /// Its folder.
    pub root: RelPath,
    /// Its name, with its place.
    pub name: (String, Evidence),
    /// Its programs.
    pub bins: Vec<Bin>,
    /// The program that `cargo run` takes.
    pub default_run: Option<(String, Evidence)>,
    /// The least Rust that it builds with.
    pub rust_version: Option<(String, Evidence)>,
    /// The files that its other targets start from: the library, the build script, declared benches and examples.
    pub others: Vec<String>,
    /// What it depends on; a feature of a dependency is `dependency/feature`.
    pub dependencies: Vec<Dependency>,
    /// The folders of packages that it depends on by path.
    pub paths: Vec<RelPath>,
}

/// The packages that are built together.
#[derive(Debug)]
pub struct Workspace {
    /// The folder of Cargo.lock.
    pub root: RelPath,
    /// Whether it is a workspace by its own word.
    pub declared: bool,
    /// The packages, in order of their folders.
    pub packages: Vec<Package>,
}

impl Workspace {
    /// Reads the Cargo.toml of a folder and all that belong to it; `None` where there is none.
    pub fn read(dir: &Dir<'_>) -> Result<Option<Self>, Diagnostic> {
        let Some(doc) = Document::read(dir, "Cargo.toml")? else { return Ok(None) };
        let mut workspace = Self { root: dir.path().clone(), declared: doc.get(&["workspace"]).is_some(), packages: Vec::new() };
        let mut next: Vec<RelPath> = members(dir, &doc);
        if doc.get(&["package"]).is_some() {
            next.push(dir.path().clone());
        } else if !workspace.declared {
            return Err(Diagnostic::error("broken-manifest", format!("`{}` holds neither a package nor a workspace", doc.path())).at(doc.whole()));
        }
        let mut seen = BTreeSet::new();
        while let Some(root) = next.pop() {
            if !seen.insert(root.clone()) || root.below(dir.path()).is_none() {
                continue;
            }
            if let Some(package) = Package::read(&dir.tree().dir(root), &doc)? {
                next.extend(package.paths.iter().cloned());
                workspace.packages.push(package);
            }
        }
        workspace.packages.sort_by(|a, b| a.root.cmp(&b.root));
        Ok(Some(workspace))
    }

    /// A package and those that it depends on by path, transitively.
    pub fn closure<'a>(&'a self, package: &'a Package) -> Vec<&'a Package> {
        let mut all = vec![package];
        let mut at = 0;
        while at < all.len() {
            for root in &all[at].paths {
                if let Some(found) = self.packages.iter().find(|known| known.root == *root).filter(|found| !all.iter().any(|known| known.root == found.root)) {
                    all.push(found);
                }
            }
            at += 1;
        }
        all.sort_by(|a, b| a.root.cmp(&b.root));
        all
    }
}

/// The folders that `workspace.members` names, patterns resolved, without those that are excluded.
fn members(dir: &Dir<'_>, doc: &Document) -> Vec<RelPath> {
    let list =
        |key: &str| -> Vec<String> { doc.get(&["workspace", key]).into_iter().flat_map(Node::items).filter_map(Node::str).map(ToOwned::to_owned).collect() };
    let excluded: Vec<RelPath> = list("exclude").iter().filter_map(|path| dir.path().join(path)).collect();
    let mut found = Vec::new();
    for pattern in list("members") {
        if !pattern.contains(['*', '?', '[', '{']) {
            found.extend(dir.path().join(&pattern));
            continue;
        }
        let Ok(glob) = GlobBuilder::new(pattern.trim_start_matches("./").trim_end_matches('/')).literal_separator(true).build() else { continue };
        let matcher = glob.compile_matcher();
        let manifests = dir.files_below().filter(|path| path.name() == "Cargo.toml").filter_map(RelPath::parent);
        found.extend(manifests.filter(|folder| folder.below(dir.path()).is_some_and(|below| matcher.is_match(below))));
    }
    found.retain(|folder| !excluded.iter().any(|out| folder.below(out).is_some()));
    found
}

impl Package {
    fn read(dir: &Dir<'_>, workspace: &Document) -> Result<Option<Self>, Diagnostic> {
        let Some(doc) = Document::read(dir, "Cargo.toml")? else { return Ok(None) };
        let Some(name) = doc.string(&["package", "name"]) else { return Ok(None) };
        for (kind, target) in ["bin", "lib", "bench", "example", "test"].into_iter().flat_map(|kind| targets(&doc, kind).map(move |target| (kind, target))) {
            check_name(&doc, &[kind, "name"], target.get(&["name"]))?;
        }
        check_name(&doc, &["package", "name"], doc.get(&["package", "name"]))?;
        let inherited = |key: &str| {
            let own = doc.string(&["package", key]);
            own.or_else(|| doc.get(&["package", key, "workspace"]).and_then(|_| workspace.string(&["workspace", "package", key])))
                .map(|(value, at)| (value.to_owned(), at))
        };
        let package = Self {
            root: dir.path().clone(),
            bins: bins(dir, &doc, name.0),
            default_run: doc.string(&["package", "default-run"]).map(|(value, at)| (value.to_owned(), at)),
            rust_version: inherited("rust-version"),
            others: others(dir, &doc),
            dependencies: dependencies(&doc, workspace),
            paths: paths(dir, &doc, workspace),
            name: (name.0.to_owned(), name.1),
        };
        Ok(Some(package))
    }

    /// The file that its library starts from.
    pub fn lib(&self) -> Option<&str> {
        self.others.iter().map(String::as_str).find(|path| path.ends_with("lib.rs"))
    }
}

/// Cargo takes letters, digits, `-` and `_` in names of targets.
fn check_name(doc: &Document, keys: &[&str], node: Option<&Node>) -> Result<(), Diagnostic> {
    let Some(node) = node else { return Ok(()) };
    let name = node.str().unwrap_or_default();
    if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_')) && !name.starts_with('-') {
        return Ok(());
    }
    let message = format!("`{}` is no name that cargo takes", crate::model::evidence::tame(name));
    Err(Diagnostic::error("broken-manifest", message).at(doc.evidence(keys, node)).help("use letters, digits, `-` and `_`"))
}

fn targets<'d>(doc: &'d Document, kind: &str) -> impl Iterator<Item = &'d Node> {
    doc.get(&[kind]).into_iter().flat_map(|node| if node.items().next().is_some() { node.items().collect::<Vec<_>>() } else { vec![node] })
}

fn bins(dir: &Dir<'_>, doc: &Document, package: &str) -> Vec<Bin> {
    let mut bins: Vec<Bin> = Vec::new();
    for target in targets(doc, "bin") {
        let Some(name) = target.get(&["name"]).filter(|_| doc.get(&["bin"]).is_some_and(|list| list.items().next().is_some())) else { continue };
        let text = name.str().unwrap_or_default().to_owned();
        let guesses = [format!("src/bin/{text}.rs"), format!("src/bin/{text}/main.rs"), "src/main.rs".to_owned()];
        let path = target.get(&["path"]).and_then(Node::str).map(ToOwned::to_owned).or_else(|| guesses.into_iter().find(|path| dir.has(path)));
        let Some(path) = path else { continue };
        bins.push(Bin { at: doc.evidence(&["bin", "name"], name), name: text, path });
    }
    if doc.get(&["package", "autobins"]).and_then(Node::bool) == Some(false) {
        return bins;
    }
    let mut found: Vec<(String, String)> = Vec::new();
    if dir.has("src/main.rs") {
        found.push((package.to_owned(), "src/main.rs".to_owned()));
    }
    let folder = dir.dir("src/bin");
    found.extend(folder.files().filter_map(|file| Some((file.strip_suffix(".rs")?.to_owned(), format!("src/bin/{file}")))));
    found.extend(folder.folders().filter(|name| folder.has(&format!("{name}/main.rs"))).map(|name| (name.to_owned(), format!("src/bin/{name}/main.rs"))));
    for (name, path) in found {
        if !bins.iter().any(|bin| bin.path == path || bin.name == name) {
            bins.push(Bin { name, at: Evidence::file(dir.at(&path)), path });
        }
    }
    bins
}

fn others(dir: &Dir<'_>, doc: &Document) -> Vec<String> {
    let mut files = Vec::new();
    let lib = doc.str(&["lib", "path"]).unwrap_or("src/lib.rs");
    files.extend(dir.has(lib).then(|| lib.to_owned()));
    let script = doc.str(&["package", "build"]).unwrap_or("build.rs");
    files.extend(dir.has(script).then(|| script.to_owned()));
    for (kind, folder) in [("bench", "benches"), ("example", "examples"), ("test", "tests")] {
        for target in targets(doc, kind).filter(|_| doc.get(&[kind]).is_some()) {
            let name = target.get(&["name"]).and_then(Node::str).unwrap_or_default();
            let guesses = [format!("{folder}/{name}.rs"), format!("{folder}/{name}/main.rs")];
            let path = target.get(&["path"]).and_then(Node::str).map(ToOwned::to_owned).or_else(|| guesses.into_iter().find(|path| dir.has(path)));
            files.extend(path);
        }
    }
    files
}

fn dependencies(doc: &Document, workspace: &Document) -> Vec<Dependency> {
    let mut found = Vec::new();
    for (table, production) in [("dependencies", true), ("build-dependencies", true), ("dev-dependencies", false)] {
        for (name, node) in doc.get(&[table]).into_iter().flat_map(Node::entries) {
            let name = node.get(&["package"]).and_then(Node::str).unwrap_or(name);
            let at = doc.evidence(&[table, name], node);
            let shared = workspace.get(&["workspace", "dependencies", name]).filter(|_| node.get(&["workspace"]).is_some());
            let features = [Some(node), shared].into_iter().flatten().filter_map(|node| node.get(&["features"])).flat_map(Node::items).filter_map(Node::str);
            found.extend(features.map(|feature| Dependency { name: format!("{name}/{feature}"), at: at.clone(), production }));
            found.push(Dependency { name: name.to_owned(), at, production });
        }
    }
    found
}

fn paths(dir: &Dir<'_>, doc: &Document, workspace: &Document) -> Vec<RelPath> {
    let mut found = Vec::new();
    let root = workspace.path().parent().unwrap_or_default();
    for table in ["dependencies", "build-dependencies", "dev-dependencies"] {
        for (name, node) in doc.get(&[table]).into_iter().flat_map(Node::entries) {
            found.extend(node.get(&["path"]).and_then(Node::str).and_then(|path| dir.path().join(path)));
            if node.get(&["workspace"]).is_some() {
                let shared = workspace.get(&["workspace", "dependencies", name, "path"]).and_then(Node::str);
                found.extend(shared.and_then(|path| root.join(path)));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::Workspace;
    use crate::fs::Tree;

    #[test]
    fn targets_are_found_as_cargo_finds_them() {
        let manifest = "[package]\nname = \"links\"\n[[bin]]\nname = \"linksd\"\npath = \"src/main.rs\"\n[[bench]]\nname = \"speed\"\nharness = false\n";
        let files = [
            ("Cargo.toml", manifest),
            ("src/main.rs", ""),
            ("src/lib.rs", ""),
            ("src/bin/import/main.rs", ""),
            ("src/bin/export.rs", ""),
            ("benches/speed.rs", ""),
        ];
        let tree = Tree::memory(files);
        let workspace = Workspace::read(&tree.root()).expect("fine").expect("there");
        let package = &workspace.packages[0];
        let bins: Vec<(&str, &str)> = package.bins.iter().map(|bin| (bin.name.as_str(), bin.path.as_str())).collect();
        assert_eq!(bins, [("linksd", "src/main.rs"), ("export", "src/bin/export.rs"), ("import", "src/bin/import/main.rs")]);
        assert_eq!(package.others, ["src/lib.rs", "benches/speed.rs"]);
    }

    #[test]
    fn a_workspace_has_members_by_pattern_and_by_path() {
        let tree = Tree::memory([
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\"crates/*\"]\nexclude = [\"crates/old\"]\n[workspace.dependencies]\nc = { path = \"libs/c\", features = [\"x\"] }\n[workspace.package]\nrust-version = \"1.85\"\n",
            ),
            ("crates/a/Cargo.toml", "[package]\nname = \"a\"\nrust-version.workspace = true\n[dependencies]\nb = { path = \"../b\" }\nc.workspace = true\n"),
            ("crates/b/Cargo.toml", "[package]\nname = \"b\"\n"),
            ("crates/old/Cargo.toml", "[package]\nname = \"old\"\n"),
            ("libs/c/Cargo.toml", "[package]\nname = \"c\"\n"),
        ]);
        let workspace = Workspace::read(&tree.root()).expect("fine").expect("there");
        let names: Vec<&str> = workspace.packages.iter().map(|package| package.name.0.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let a = &workspace.packages[0];
        assert_eq!(a.rust_version.as_ref().map(|(version, at)| (version.as_str(), at.place())), Some(("1.85", "Cargo.toml:7".to_owned())));
        assert!(a.dependencies.iter().any(|dependency| dependency.name == "c/x"));
        assert_eq!(workspace.closure(a).len(), 3);
        assert_eq!(workspace.closure(&workspace.packages[1]).len(), 1);
    }

    #[test]
    fn a_name_that_cargo_refuses_is_an_error() {
        let tree = Tree::memory([("Cargo.toml", "[package]\nname = \"a; b\"\n"), ("src/main.rs", "")]);
        assert_eq!(Workspace::read(&tree.root()).expect_err("refused").id, "broken-manifest");
    }
}
