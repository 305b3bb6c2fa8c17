//! Cargo.toml: packages, their targets, and the workspace that holds them.

use std::collections::BTreeSet;

use globset::GlobBuilder;

use super::refused;
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
    /// Features without which cargo leaves it out.
    pub required: Vec<String>,
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
    /// What its default features make it depend on; a feature of a dependency is `dependency/feature`.
    pub dependencies: Vec<Dependency>,
    /// The features that `cargo build` turns on.
    pub on: BTreeSet<String>,
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
    /// The folders that cargo works on where nobody names a package.
    pub defaults: Vec<RelPath>,
    /// Folders of packages beside the workspace that its packages depend on.
    pub beside: Vec<RelPath>,
}

impl Workspace {
    /// Reads the Cargo.toml of a folder and all that belong to it; `None` where there is none.
    /// `asked` are features that the build command turns on.
    pub fn read(dir: &Dir<'_>, asked: &Asked) -> Result<Option<Self>, Diagnostic> {
        let Some(doc) = Document::read(dir, "Cargo.toml")? else { return Ok(None) };
        let mut workspace = Self {
            root: dir.path().clone(),
            declared: doc.get(&["workspace"]).is_some(),
            packages: Vec::new(),
            defaults: folders(dir, &doc, "default-members"),
            beside: Vec::new(),
        };
        refused::workspace(dir, &doc)?;
        let mut next: Vec<RelPath> = folders(dir, &doc, "members");
        if doc.get(&["package"]).is_some() {
            next.push(dir.path().clone());
        } else if !workspace.declared {
            return Err(Diagnostic::error("broken-manifest", format!("`{}` holds neither a package nor a workspace", doc.path())).at(doc.whole()));
        }
        let mut seen = BTreeSet::new();
        while let Some(root) = next.pop() {
            if !seen.insert(root.clone()) {
                continue;
            }
            if let Some(package) = Package::read(&dir.tree().dir(root.clone()), &doc, asked)? {
                if root.below(dir.path()).is_none() {
                    workspace.beside.push(root);
                }
                next.extend(package.paths.iter().cloned());
                workspace.packages.push(package);
            }
        }
        workspace.beside.sort();
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

/// The folders that a list of the workspace names, patterns resolved, without those that are excluded.
fn folders(dir: &Dir<'_>, doc: &Document, key: &str) -> Vec<RelPath> {
    let list =
        |key: &str| -> Vec<String> { doc.get(&["workspace", key]).into_iter().flat_map(Node::items).filter_map(Node::str).map(ToOwned::to_owned).collect() };
    let excluded: Vec<RelPath> = list("exclude").iter().filter_map(|path| dir.path().join(path)).collect();
    let mut found = Vec::new();
    for pattern in list(key) {
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

/// Features that a build command turns on and off.
#[derive(Debug, Default)]
pub struct Asked {
    /// `--features`.
    pub features: Vec<String>,
    /// `--no-default-features`.
    pub no_default: bool,
    /// `--all-features`.
    pub all: bool,
}

impl Asked {
    /// What a command says of features.
    pub fn of(command: &str) -> Self {
        let words: Vec<String> = shlex::split(command).unwrap_or_default();
        let mut asked = Self {
            all: words.iter().any(|word| word == "--all-features"),
            no_default: words.iter().any(|word| word == "--no-default-features"),
            ..Self::default()
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let value = if matches!(word.as_str(), "--features" | "-F") { words.next() } else { None };
            let value = value.map(String::as_str).or_else(|| word.strip_prefix("--features="));
            asked.features.extend(value.into_iter().flat_map(|list| list.split([',', ' '])).map(ToOwned::to_owned));
        }
        asked
    }
}

/// The features of a package that are on, with those of its dependencies as `dependency/feature`, and bare names of optional dependencies.
fn features(doc: &Document, asked: &Asked) -> BTreeSet<String> {
    let table = doc.get(&["features"]);
    let listed = |name: &str| table.and_then(|table| table.get(&[name])).into_iter().flat_map(Node::items).filter_map(Node::str);
    let mut next: Vec<String> = asked.features.clone();
    next.extend((!asked.no_default).then(|| "default".to_owned()));
    if asked.all {
        next.extend(table.into_iter().flat_map(Node::entries).map(|(name, _)| name.to_owned()));
    }
    let mut on = BTreeSet::new();
    while let Some(name) = next.pop() {
        if on.insert(name.clone()) {
            next.extend(listed(&name).map(|entry| entry.trim_start_matches("dep:").to_owned()));
            // `dependency/feature` turns the dependency on, `dependency?/feature` doesn't.
            next.extend(name.split_once('/').filter(|(name, _)| !name.ends_with('?')).map(|(name, _)| name.to_owned()));
        }
    }
    on
}

impl Package {
    fn read(dir: &Dir<'_>, workspace: &Document, asked: &Asked) -> Result<Option<Self>, Diagnostic> {
        let Some(doc) = Document::read(dir, "Cargo.toml")? else { return Ok(None) };
        let Some(name) = doc.string(&["package", "name"]) else { return Ok(None) };
        for (kind, target) in ["bin", "lib", "bench", "example", "test"].into_iter().flat_map(|kind| targets(&doc, kind).map(move |target| (kind, target))) {
            check_name(&doc, &[kind, "name"], target.get(&["name"]))?;
        }
        check_name(&doc, &["package", "name"], doc.get(&["package", "name"]))?;
        refused::package(dir, &doc)?;
        let inherited = |key: &str| {
            let own = doc.string(&["package", key]);
            own.or_else(|| doc.get(&["package", key, "workspace"]).and_then(|_| workspace.string(&["workspace", "package", key])))
                .map(|(value, at)| (value.to_owned(), at))
        };
        let on = features(&doc, asked);
        let package = Self {
            root: dir.path().clone(),
            bins: bins(dir, &doc, name.0),
            default_run: doc.string(&["package", "default-run"]).map(|(value, at)| (value.to_owned(), at)),
            rust_version: inherited("rust-version"),
            others: others(dir, &doc),
            dependencies: dependencies(&doc, workspace, &on),
            on,
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
        let required = target.get(&["required-features"]).into_iter().flat_map(Node::items).filter_map(Node::str).map(ToOwned::to_owned).collect();
        bins.push(Bin { at: doc.evidence(&["bin", "name"], name), name: text, path, required });
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
            bins.push(Bin { name, at: Evidence::file(dir.at(&path)), path, required: Vec::new() });
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

/// The tables of dependencies that count on Linux, with whether the program is built of them.
pub fn tables(doc: &Document) -> Vec<(&'static str, Option<&str>, bool)> {
    const TABLES: [(&str, bool); 3] = [("dependencies", true), ("build-dependencies", true), ("dev-dependencies", false)];
    let elsewhere =
        |target: &str| ["windows", "macos", "wasm", "ios", "android", "freebsd"].iter().any(|system| target.contains(system)) && !target.contains("not(");
    let targets = doc.get(&["target"]).into_iter().flat_map(Node::entries).map(|(target, _)| target).filter(|target| !elsewhere(target));
    let under = targets.flat_map(|target| TABLES.map(|(table, production)| (table, Some(target), production)));
    TABLES.map(|(table, production)| (table, None, production)).into_iter().chain(under).collect()
}

/// The dependencies of one such table.
pub fn entries<'d>(doc: &'d Document, table: &str, target: Option<&str>) -> impl Iterator<Item = (&'d str, &'d Node)> {
    let node = target.map_or_else(|| doc.get(&[table]), |target| doc.get(&["target", target, table]));
    node.into_iter().flat_map(Node::entries)
}

fn dependencies(doc: &Document, workspace: &Document, on: &BTreeSet<String>) -> Vec<Dependency> {
    let mut found = Vec::new();
    for (table, target, production) in tables(doc) {
        for (key, node) in entries(doc, table, target) {
            if node.get(&["optional"]).and_then(Node::bool) == Some(true) && !on.contains(key) {
                continue;
            }
            let name = node.get(&["package"]).and_then(Node::str).unwrap_or(key);
            let at = doc.evidence(&[table, name], node);
            let shared = workspace.get(&["workspace", "dependencies", key]).filter(|_| node.get(&["workspace"]).is_some());
            let features = [Some(node), shared].into_iter().flatten().filter_map(|node| node.get(&["features"])).flat_map(Node::items).filter_map(Node::str);
            let more =
                on.iter().filter_map(|feature| feature.split_once('/')).filter(|(owner, _)| owner.trim_end_matches('?') == key).map(|(_, feature)| feature);
            found.extend(features.chain(more).map(|feature| Dependency { name: format!("{name}/{feature}"), at: at.clone(), production }));
            found.push(Dependency { name: name.to_owned(), at, production });
        }
    }
    found
}

fn paths(dir: &Dir<'_>, doc: &Document, workspace: &Document) -> Vec<RelPath> {
    let mut found = Vec::new();
    let root = workspace.path().parent().unwrap_or_default();
    for (table, target, _) in tables(doc) {
        for (name, node) in entries(doc, table, target) {
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
    use super::{Asked, Workspace};
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
        let workspace = Workspace::read(&tree.root(), &Asked::default()).expect("fine").expect("there");
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
        let workspace = Workspace::read(&tree.root(), &Asked::default()).expect("fine").expect("there");
        let names: Vec<&str> = workspace.packages.iter().map(|package| package.name.0.as_str()).collect();
        assert_eq!(names, ["a", "b", "c"]);
        let a = &workspace.packages[0];
        assert_eq!(a.rust_version.as_ref().map(|(version, at)| (version.as_str(), at.place())), Some(("1.85", "Cargo.toml:7".to_owned())));
        assert!(a.dependencies.iter().any(|dependency| dependency.name == "c/x"));
        assert_eq!(workspace.closure(a).len(), 3);
        assert_eq!(workspace.closure(&workspace.packages[1]).len(), 1);
    }

    #[test]
    fn only_what_the_features_turn_on_counts() {
        let manifest = "[package]\nname = \"a\"\n[features]\ndefault = [\"web\"]\nweb = [\"dep:axum\", \"tokio/net\"]\ndb = [\"diesel/sqlite\"]\n[dependencies]\naxum = { version = \"0.8\", optional = true }\ndiesel = { version = \"2\", optional = true }\ntokio = \"1\"\n[target.'cfg(windows)'.dependencies]\nwinapi = \"0.3\"\n[target.'cfg(unix)'.dependencies]\nnix = \"0.30\"\n";
        let tree = Tree::memory([("Cargo.toml", manifest), ("src/main.rs", "")]);
        let names = |command: &str| {
            let workspace = Workspace::read(&tree.root(), &Asked::of(command)).expect("fine").expect("there");
            workspace.packages[0].dependencies.iter().map(|dependency| dependency.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names("cargo build"), ["axum", "tokio/net", "tokio", "nix"]);
        assert_eq!(names("cargo build --no-default-features --features db"), ["diesel/sqlite", "diesel", "tokio", "nix"]);
    }

    #[test]
    fn a_name_that_cargo_refuses_is_an_error() {
        let tree = Tree::memory([("Cargo.toml", "[package]\nname = \"a; b\"\n"), ("src/main.rs", "")]);
        assert_eq!(Workspace::read(&tree.root(), &Asked::default()).expect_err("refused").id, "broken-manifest");
    }
}
