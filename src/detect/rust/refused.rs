//! What can't become an image: manifests that cargo itself refuses, and programs that are made for a browser or a desktop.

use super::cargo::{Package, entries, tables};
use crate::fs::Dir;
use crate::manifest::{Document, Node, pattern};
use crate::model::evidence::tame;
use crate::model::{Dependency, Diagnostic, Evidence, ServiceDraft};

/// The editions that there are.
const EDITIONS: &[&str] = &["2015", "2018", "2021", "2024"];

/// What cargo refuses of a package: an edition that there isn't, a dependency by a path that leads nowhere.
pub fn package(dir: &Dir<'_>, doc: &Document) -> Result<(), Diagnostic> {
    if let Some((edition, at)) = doc.string(&["package", "edition"])
        && !EDITIONS.contains(&edition)
    {
        let message = format!("`{}` is no edition of Rust", tame(edition));
        return Err(Diagnostic::error("broken-manifest", message).at(at).help(format!("write one of {}", EDITIONS.join(", "))));
    }
    for (table, target, _) in tables(doc) {
        for (name, node) in entries(doc, table, target) {
            if let Some(path) = node.get(&["path"]).and_then(Node::str) {
                reaches(dir, path, || doc.evidence(&[table, name], node))?;
            }
        }
    }
    Ok(())
}

/// What cargo refuses of a workspace: a member that isn't there. What a pattern finds is there.
pub fn workspace(dir: &Dir<'_>, doc: &Document) -> Result<(), Diagnostic> {
    for node in doc.get(&["workspace", "members"]).into_iter().flat_map(Node::items) {
        if let Some(path) = node.str().filter(|path| !path.contains(['*', '?', '[', '{'])) {
            reaches(dir, path, || doc.evidence(&["workspace", "members"], node))?;
        }
    }
    Ok(())
}

/// A folder that must hold a package.
fn reaches(dir: &Dir<'_>, path: &str, at: impl Fn() -> Evidence) -> Result<(), Diagnostic> {
    let Some(folder) = dir.path().join(path) else {
        let message = format!("`{}` lies outside of what is scanned, so no image can hold it", tame(path));
        return Err(Diagnostic::error("outside", message).at(at()).help("run dockgen in the folder that holds both, or depend on it by git or by version"));
    };
    let there = folder.join("Cargo.toml").is_some_and(|file| dir.tree().has_file(&file) || matches!(dir.tree().on_disk(&file), Ok(Some(_))));
    if there {
        return Ok(());
    }
    let submodule = dir.tree().root().has(".gitmodules");
    let help = if submodule { "if it is a git submodule: `git submodule update --init`" } else { "mend the path: cargo refuses the whole manifest" };
    Err(Diagnostic::error("broken-manifest", format!("`{}` holds no Cargo.toml", tame(path))).at(at()).help(help))
}

/// What a package is built by, where that is neither cargo alone nor for a server: a message.
pub fn elsewhere(draft: &ServiceDraft, dir: &Dir<'_>, package: &Package) -> Option<Diagnostic> {
    let home = dir.tree().dir(package.root.clone());
    let manifest = |at: &Dir<'_>| Document::read(at, "Cargo.toml").ok().flatten();
    let uses = |name: &str| draft.dependencies.iter().find(|dependency: &&Dependency| dependency.production && dependency.name == name);
    let no_template = |what: &str, at: Evidence, help: &str| Some(Diagnostic::error("unsupported-stack", what.to_owned()).at(at).help(help));
    let leptos = [(&home, "package"), (dir, "workspace")].into_iter().find_map(|(folder, table)| {
        let doc = manifest(folder)?;
        let node = doc.get(&[table, "metadata", "leptos"])?;
        Some(doc.evidence(&[table, "metadata", "leptos"], node.items().next().unwrap_or(node)))
    });
    if let Some(at) = leptos {
        let what = "there is no template for cargo-leptos yet, which builds the server and its WebAssembly together";
        return no_template(what, at, "`cargo leptos build --release` makes target/release/ and target/site/, which an image of your own can hold");
    }
    let page = home.peek("index.html").filter(|text| text.as_str().contains("data-trunk"));
    let serves = ["axum", "actix-web", "rocket", "warp", "poem", "tide"].iter().any(|name| uses(name).is_some());
    if let Some(at) = home.first_of(["Trunk.toml"]).map(|file| Evidence::file(home.at(file))).or(page.map(|text| text.evidence())).filter(|_| !serves) {
        let what = "there is no template for trunk yet: this is a front end that is compiled to WebAssembly, not a program that runs by itself";
        return no_template(what, at, "`trunk build --release` makes dist/: dockgen serves such a folder of files as a static site");
    }
    if let Some(file) = home.first_of(["Dioxus.toml"]) {
        let what = "there is no template for Dioxus yet, whose `dx bundle` makes the application";
        return no_template(what, Evidence::file(home.at(file)), "what it makes for the web is a folder of files: dockgen serves one as a static site");
    }
    let desktop = ["tauri", "eframe", "iced", "gtk4", "slint", "winit", "bevy"].into_iter().find_map(uses).filter(|_| !serves)?;
    let what = format!("`{}` makes programs with a window, which a container does not have", desktop.name);
    no_template(&what, desktop.at.clone(), "name another program with --app")
}

/// Features of which the program wants one, where none is on: it says so by an error of the compiler.
pub fn wants_a_feature(dir: &Dir<'_>, package: &Package) -> Option<Diagnostic> {
    let home = dir.tree().dir(package.root.clone());
    let pattern = pattern::pattern(r"#!?\[cfg\(not\(any\(([^\]]*?)\)\)\)\]\s*(?://[^\n]*\s*)?compile_error!").ok()?;
    let name = pattern::pattern(r#"feature\s*=\s*"([\w-]+)""#).ok()?;
    for text in ["build.rs", "src/main.rs", "src/lib.rs"].iter().filter_map(|file| home.peek(file)) {
        for found in pattern.captures_iter(text.as_str()) {
            let Some(list) = found.get(1) else { continue };
            let features: Vec<&str> = name.captures_iter(list.as_str()).filter_map(|found| Some(found.get(1)?.as_str())).collect();
            if features.is_empty() || features.iter().any(|feature| package.on.contains(*feature)) {
                continue;
            }
            let message = format!("the program is compiled only with one of the features {}, and none is on by default", features.join(", "));
            let line = text.as_str()[..list.start()].rfind('\n').map_or(0, |at| at + 1);
            let line = text.as_str()[line..].lines().next().unwrap_or_default().trim();
            return Some(
                Diagnostic::error("no-feature", message)
                    .at(text.at(list.start(), line))
                    .help(format!("choose with --build-cmd \"cargo build --release --locked --features {}\"", features[0])),
            );
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::question::Question;
    use crate::model::{Answers, Given, Severity, Source};

    fn refusal(files: &[(&str, &str)]) -> Option<String> {
        let found = detect(&Tree::memory(files.iter().copied()), &Answers::default());
        let notes = found.services.into_iter().flat_map(|service| service.notes);
        notes.chain(found.diagnostics).find(|note| note.severity == Severity::Error).map(|note| note.message)
    }

    #[test]
    fn what_cargo_refuses_is_an_error() {
        let main = ("src/main.rs", "fn main() {}");
        let package = |more: &str| format!("[package]\nname = \"a\"\n{more}");
        let said = |more: &str| refusal(&[("Cargo.toml", &package(more)), main, ("lib/Cargo.toml", "[package]\nname = \"lib\"\n")]).unwrap_or_default();
        assert_eq!(said("edition = \"2024\"\n[dependencies]\nlib = { path = \"lib\" }\n"), "");
        assert!(said("edition = \"2023\"\n").contains("no edition"));
        assert!(said("[dependencies]\nx = { path = \"../x\" }\n").contains("outside"));
        assert!(said("[dependencies]\nx = { path = \"x\" }\n").contains("holds no Cargo.toml"));
        assert!(refusal(&[("Cargo.toml", "[workspace]\nmembers = [\"a\"]\n")]).is_some_and(|text| text.contains("`a` holds no Cargo.toml")));
    }

    #[test]
    fn several_programs_of_a_package_are_several_services() {
        let files = [("Cargo.toml", "[package]\nname = \"a\"\ndefault-run = \"a\"\n"), ("src/main.rs", "fn main() {}"), ("src/bin/b.rs", "fn main() {}")];
        let mut answers = Answers::default();
        answers.give(Question::App, Given { value: "a,b".to_owned(), source: Source::default("a test") });
        let found = detect(&Tree::memory(files), &answers);
        assert_eq!(found.services.iter().map(|service| service.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn the_only_server_of_a_package_is_its_program() {
        let manifest = ("Cargo.toml", "[package]\nname = \"kv\"\n[dependencies]\nopenssl = \"0.10\"\n");
        let files =
            [manifest, ("src/bin/kv-cli.rs", "fn main() { TcpStream::connect(a) }"), ("src/bin/kvd.rs", "fn main() { TcpListener::bind(\"0.0.0.0:7000\") }")];
        let found = detect(&Tree::memory(files), &Answers::default());
        let starts: Vec<String> = found.services.iter().filter_map(|one| one.start.as_ref()).map(|start| start.value.words().join(" ")).collect();
        assert_eq!(starts, ["/usr/local/bin/kvd"]);
        // No lock says what the library needs.
        let needs: Vec<&str> = found.services.iter().flat_map(|one| &one.system).map(|one| one.name.as_str()).collect();
        assert_eq!(needs, ["openssl-sys", "tini"]);
    }

    #[test]
    fn queries_that_are_checked_need_what_was_prepared() {
        let manifest = ("Cargo.toml", "[package]\nname = \"a\"\n[dependencies]\nsqlx = \"0.8\"\n");
        let main = ("src/main.rs", "fn main() { sqlx::query_as!(User, \"select 1\"); }");
        assert!(refusal(&[manifest, main]).is_some_and(|text| text.contains("query_as!")));
        assert_eq!(refusal(&[manifest, main, (".sqlx/query-1.json", "{}")]), None);
        assert_eq!(refusal(&[manifest, ("src/main.rs", "fn main() { sqlx::query(\"select 1\"); }")]), None);
    }

    #[test]
    fn what_is_no_server_says_what_it_is() {
        let main = ("src/main.rs", "fn main() {}");
        let yew = ("Cargo.toml", "[package]\nname = \"a\"\n[dependencies]\nyew = \"0.21\"\n");
        assert!(refusal(&[yew, main, ("index.html", "<link data-trunk rel=\"rust\">")]).is_some_and(|text| text.contains("trunk")));
        let leptos = ("Cargo.toml", "[package]\nname = \"a\"\n[package.metadata.leptos]\nsite-root = \"x\"\n");
        assert!(refusal(&[leptos, main]).is_some_and(|text| text.contains("cargo-leptos")));
        let build = ("build.rs", "#[cfg(not(any(feature = \"sqlite\", feature = \"mysql\")))]\ncompile_error!(\"one of them\");\n");
        assert!(refusal(&[("Cargo.toml", "[package]\nname = \"a\"\n"), main, build]).is_some_and(|text| text.contains("sqlite, mysql")));
    }
}
