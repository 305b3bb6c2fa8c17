//! Dependencies that are more than JavaScript: what their installation needs of the system, and whether it runs their scripts at all.

use std::collections::BTreeSet;

use super::closure;
use super::project::Project;
use crate::catalog::StackPack;
use crate::fs::Dir;
use crate::manifest::{Document, Node, Package, pattern};
use crate::model::{BuildSecret, Dependency, Diagnostic, Evidence, RelPath, ServiceDraft};

/// Records the rows of the catalogue that the project needs, direct or not, and the scripts that must be allowed.
pub fn fill(draft: &mut ServiceDraft, project: &Project<'_>, root: &Dir<'_>) -> Result<(), Diagnostic> {
    let wanted: BTreeSet<&str> = project
        .pack
        .system
        .iter()
        .filter(|row| !(row.build.is_empty() && row.runtime.is_empty()))
        .flat_map(|row| row.dependency.iter().map(String::as_str))
        .collect();
    let mut found: Vec<Dependency> = draft.dependencies.iter().filter(|dependency| wanted.contains(dependency.name.as_str())).cloned().collect();
    if let Some(lock) = &project.manager.lock {
        let all = locked(root, lock, &wanted)?;
        let packages = project.package.iter().chain(&project.libraries);
        let direct: Vec<Dependency> = packages.flat_map(Package::dependencies).filter(|dependency| dependency.production).collect();
        let from: BTreeSet<&str> = direct.iter().map(|dependency| dependency.name.as_str()).collect();
        // Only what is there at all is worth a look at how it gets there.
        let closure = if all.is_empty() { None } else { closure::of(root, lock, &from)? };
        for mut dependency in all {
            dependency.production = closure.as_ref().is_none_or(|closure| closure.contains(&dependency.name));
            if !found.iter().any(|known| known.name == dependency.name) {
                found.push(dependency);
            }
        }
    }
    if project.root.is_none()
        && let Some(package) = &project.package
    {
        draft.notes.extend(outside(package, root));
    }
    let scripts = project.pack.data.get("install-scripts").and_then(|names| names.as_array());
    let needs_script = |name: &str| scripts.into_iter().flatten().any(|known| known.as_str() == Some(name));
    let blocked: Vec<&Dependency> = found.iter().filter(|dependency| needs_script(&dependency.name)).collect();
    let allowed = allowed(root)?;
    let blocked: Vec<&Dependency> = blocked.into_iter().filter(|dependency| !allowed.contains(&dependency.name)).collect();
    match project.manager.name.value.as_str() {
        // From npm 12 on, nothing runs that is not allowed; older ones don't know the setting.
        "npm" => draft.set("allow_scripts", blocked.iter().map(|dependency| dependency.name.clone()).collect::<Vec<_>>().join(",")),
        manager @ ("pnpm" | "yarn") if project.manager.blocks_scripts(root)? => {
            draft.notes.extend(blocked.iter().map(|dependency| unapproved(dependency, manager)));
        }
        _ => {}
    }
    // A program that is kept from fetching its own browser needs no script for it.
    let names = |production: bool| -> Vec<&str> {
        let all = draft.dependencies.iter().chain(&found);
        all.filter(|dependency| dependency.production || !production).map(|dependency| dependency.name.as_str()).collect()
    };
    let install = variables(project.pack, "install-env", &names(false));
    let run: Vec<(String, String)> =
        variables(project.pack, "run-env", &names(true)).into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))).collect();
    if let Some(browser) = found.iter().find(|dependency| dependency.production && dependency.name.starts_with("playwright")) {
        draft.notes.push(
            Diagnostic::warning("browser-path", "Playwright looks for browsers of its own, which no installation brings: the image holds Debian's Chromium")
                .at(browser.at.clone())
                .help("launch it with `executablePath: '/usr/bin/chromium'`, or run on Playwright's own image"),
        );
    }
    draft.set("install_env", install);
    draft.env.extend(run);
    draft.system.extend(found);
    Ok(())
}

/// Dependencies that lie outside of the folder that the image is built from.
fn outside(package: &Package, root: &Dir<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for table in ["dependencies", "devDependencies", "optionalDependencies"] {
        for (name, node) in package.doc.get(&[table]).into_iter().flat_map(Node::entries) {
            let place = node.str().and_then(|text| ["file:", "link:", "portal:"].iter().find_map(|kind| text.strip_prefix(kind)));
            let Some(place) = place.filter(|place| place.starts_with("..") || place.starts_with('/')) else { continue };
            let problem = format!(
                "`{}` is installed from {}, outside of the folder that the image is built from",
                crate::model::evidence::tame(name),
                crate::model::evidence::tame(place)
            );
            let help = if root.path().is_root() {
                "move it into the repository"
            } else {
                "make both members of a workspace with one lock file at the root (`workspaces` in a package.json above)"
            };
            found.push(Diagnostic::error("outside-dependency", problem).at(package.doc.evidence(&[table, name], node)).help(help));
        }
    }
    found
}

/// The catalogue's variables for these dependencies.
fn variables(pack: &StackPack, key: &str, names: &[&str]) -> serde_json::Map<String, serde_json::Value> {
    let table = pack.data.get(key).and_then(|table| table.as_table());
    let rows = table.into_iter().flatten().filter(|(name, _)| names.contains(&name.as_str())).filter_map(|(_, row)| row.as_table());
    rows.flatten().filter_map(|(name, value)| Some((name.clone(), value.as_str()?.into()))).collect()
}

/// Where the lock file names a package that its package manager puts beside the direct dependencies.
pub fn names(project: &Project<'_>, package: &str) -> Result<Option<Evidence>, Diagnostic> {
    let root = project.root.and_then(|root| root.doc.path().parent()).map_or_else(|| project.dir.clone(), |folder| project.dir.tree().dir(folder));
    let Some(lock) = project.manager.lock.as_deref().filter(|_| project.manager.name.value != "pnpm") else { return Ok(None) };
    Ok(locked(&root, lock, &BTreeSet::from([package]))?.into_iter().next().map(|dependency| dependency.at))
}

/// The wanted packages that a lock file names: npm's paths, pnpm's and yarn's `name@version`.
fn locked(root: &Dir<'_>, lock: &str, wanted: &BTreeSet<&str>) -> Result<Vec<Dependency>, Diagnostic> {
    // The lock files of Bun before 1.2 are binary: what they lock is not known here.
    if lock == "bun.lockb" {
        return Ok(Vec::new());
    }
    let Some(text) = root.read(lock)? else { return Ok(Vec::new()) };
    let mut found: Vec<Dependency> = Vec::new();
    for (number, line) in text.lines() {
        let Some(name) = named(line) else { continue };
        if wanted.contains(name) && !found.iter().any(|known| known.name == name) {
            found.push(Dependency { name: name.to_owned(), at: Evidence::line(text.path().clone(), number, name), production: true });
        }
    }
    Ok(found)
}

/// The package that a line of a lock file is about.
pub fn named(line: &str) -> Option<&str> {
    let text = line.trim_start().trim_start_matches(['"', '\'', '/']);
    if let Some((_, tail)) = text.rsplit_once("node_modules/") {
        return tail.strip_suffix("\": {");
    }
    if !line.trim_end().ends_with(':') {
        return None;
    }
    // The first sign of a scoped name is an at sign too.
    let at = text.get(1..)?.find('@')? + 1;
    text.get(..at)
}

/// The packages whose scripts the project allows, by any package manager's way of saying so.
fn allowed(root: &Dir<'_>) -> Result<BTreeSet<String>, Diagnostic> {
    let mut found = BTreeSet::new();
    let mut take = |node: Option<&Node>| {
        let Some(node) = node else { return };
        found.extend(node.items().filter_map(Node::str).map(ToOwned::to_owned));
        // A key may pin a version: `bcrypt@6.0.0`.
        found.extend(node.entries().filter(|(_, value)| value.bool() != Some(false)).map(|(key, _)| named(&format!("{key}:")).unwrap_or(key).to_owned()));
    };
    if let Some(package) = Package::read(root)? {
        take(package.doc.get(&["allowScripts"]));
        take(package.doc.get(&["pnpm", "onlyBuiltDependencies"]));
        take(package.doc.get(&["dependenciesMeta"]));
    }
    if let Some(doc) = Document::read(root, "pnpm-workspace.yaml")? {
        take(doc.get(&["onlyBuiltDependencies"]));
        take(doc.get(&["allowBuilds"]));
    }
    Ok(found)
}

fn unapproved(dependency: &Dependency, manager: &str) -> Diagnostic {
    let help = if manager == "pnpm" {
        "run `pnpm approve-builds` and commit what it writes"
    } else {
        "set `dependenciesMeta` with `built: true` for it in package.json"
    };
    Diagnostic::warning(
        "blocked-script",
        format!("`{}` does not work without its install script, and {manager} runs none that the project does not allow", dependency.name),
    )
    .at(dependency.at.clone())
    .help(help)
}

/// How a secret gets into the build.
pub fn secret(secret: &BuildSecret) -> Diagnostic {
    let from = if secret.file.is_empty() { format!("env={}", secret.env) } else { format!("src={}", secret.file) };
    Diagnostic::note("build-secret", format!("the installation needs the secret `{}`, which is mounted and never stored in the image", secret.id))
        .help(format!("docker build --secret id={},{from}; compose passes it by itself", secret.id))
}

/// Scripts of git hooks: of no use in an image, and their tool is absent where the development dependencies are.
const HOOKS: &[&str] =
    &["husky", "lefthook", "simple-git-hooks", "pre-commit", "only-allow", "is-ci", "lint", "lint:ws", "eslint", "oxlint", "sherif", "manypkg", "syncpack"];

/// Scripts that write what the development server and the build write again, from sources that an installation doesn't have yet.
const REPEATED: &[&str] = &["svelte-kit sync", "nuxt prepare", "nuxi prepare", "astro sync", "react-router typegen"];

fn is_hook(part: &str) -> bool {
    matches!(part, "true" | ":")
        || part.starts_with("echo ")
        || part.starts_with("node -e") && part.contains("husky")
        || REPEATED.iter().any(|script| part.ends_with(script))
        || part.split([' ', '/', '@']).any(|word| HOOKS.contains(&word))
}

/// The install scripts of a package that an image has no use for.
pub fn hooks(package: &Package) -> Vec<&'static str> {
    let after = |name: &str| matches!(name, "postinstall" | "prepare");
    let useless = |name: &&str| package.script(name).is_some_and(|(text, _)| parts(text).all(|part| is_hook(part) || after(name) && builds(package, part)));
    INSTALLS.iter().copied().filter(useless).collect()
}

/// Whether a part of a script does what the image's build does later, with the source.
fn builds(package: &Package, part: &str) -> bool {
    let words: Vec<&str> = part.split_whitespace().collect();
    let called = match words.as_slice() {
        ["npm" | "pnpm" | "yarn" | "bun", "run", name] | ["pnpm" | "yarn", name] => *name,
        _ => return false,
    };
    let build = if package.script("build").is_some() { "build" } else { "compile" };
    called == build && package.script(build).is_some()
}

/// Scripts that an installation runs.
const INSTALLS: &[&str] = &["preinstall", "install", "postinstall", "prepare"];

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(['&', '|', ';']).map(str::trim).filter(|part| !part.is_empty())
}

/// Whether a script runs before the rest of the source is there: it imports none of it, and neither reads nor writes files.
fn stands_alone(root: &Dir<'_>, file: &str) -> bool {
    const SIGNS: &[&str] = &["File(", "FileSync(", "cpSync(", " cp(", "mkdir", "readdir", "rename", "createWriteStream"];
    let Ok(import) = pattern::pattern(r#"(?:from|import|require)\s*\(?\s*["']\.{1,2}/"#) else { return false };
    root.peek(file).is_some_and(|text| !import.is_match(text.as_str()) && !SIGNS.iter().any(|sign| text.as_str().contains(sign)))
}

/// What the package's own install scripts need: files copied before the installation, or the whole source.
pub fn lifecycle(draft: &mut ServiceDraft, root: &Dir<'_>, package: &Package) {
    let (mut files, mut whole) = (Vec::new(), None);
    let hooks = hooks(package);
    for name in INSTALLS.iter().filter(|name| !hooks.contains(name)) {
        let Some((text, at)) = package.script(name) else { continue };
        for part in parts(text) {
            if is_hook(part) || part.contains("patch-package") {
                continue;
            }
            if part.contains("prisma generate") {
                files.extend(["prisma/"].iter().filter(|folder| root.has_dir(folder.trim_end_matches('/'))).map(|folder| (*folder).to_owned()));
                files.extend(["prisma.config.ts", "schema.prisma"].iter().filter(|file| root.has(file)).map(|file| (*file).to_owned()));
            } else if let Some(file) = part.strip_prefix("node ").and_then(|rest| rest.split_whitespace().find(|word| !word.starts_with('-'))) {
                match RelPath::new(file).filter(|file| root.has(file.as_str()) && stands_alone(root, file.as_str())) {
                    Some(file) => files.push(file.as_str().to_owned()),
                    None => whole = Some(at.clone()),
                }
            } else {
                whole = Some(at.clone());
            }
        }
    }
    if let Some(at) = &whole {
        draft.notes.push(
            Diagnostic::note("source-first", "a script of the installation needs the source: each edit installs the dependencies again")
                .at(at.clone())
                .help("move what it does to the build script"),
        );
    }
    draft.set("source_first", whole.is_some());
    draft.set("hooks", hooks);
    let copies: Vec<serde_json::Value> = files
        .iter()
        .map(|file| {
            let from = file.trim_end_matches('/');
            let to = if file.ends_with('/') { from } else { from.rsplit_once('/').map_or(".", |(folder, _)| folder) };
            serde_json::json!({"from": from, "to": to})
        })
        .collect();
    draft.set("install_files", copies);
}

#[cfg(test)]
mod tests {
    use super::{hooks, named};
    use crate::fs::Tree;
    use crate::manifest::Package;

    #[test]
    fn an_installation_need_not_do_what_the_build_does() {
        let kept = |scripts: &str| {
            let tree = Tree::memory([("package.json", format!(r#"{{"scripts": {{{scripts}}}}}"#).as_str())]);
            let package = Package::read(&tree.root()).expect("parses").expect("there");
            hooks(&package).join(" ")
        };
        assert_eq!(kept(r#""prepare": "husky install && npm run build", "build": "tsc""#), "prepare");
        assert_eq!(kept(r#""postinstall": "pnpm compile", "compile": "tsup""#), "postinstall");
        assert_eq!(kept(r#""postinstall": "npm run generate", "build": "tsc""#), "");
        assert_eq!(kept(r#""preinstall": "npm run build", "build": "tsc""#), "");
    }

    #[test]
    fn names_are_read_from_every_lock_file() {
        let binary = Tree::memory([("bun.lockb", "")]);
        assert!(super::locked(&binary.root(), "bun.lockb", &["sharp"].into()).expect("not read").is_empty());
        for (line, want) in [
            ("    \"node_modules/sharp\": {", Some("sharp")),
            ("    \"node_modules/a/node_modules/@img/x\": {", Some("@img/x")),
            ("  sharp@0.34.1:", Some("sharp")),
            ("  '@img/x@0.34.1':", Some("@img/x")),
            ("  /sharp@0.32.0:", Some("sharp")),
            ("sharp@^0.34.0, sharp@^0.33.0:", Some("sharp")),
            ("\"@img/x@^1\", \"@img/x@^2\":", Some("@img/x")),
            ("\"sharp@npm:^0.34.0\":", Some("sharp")),
            ("      \"sharp\": \"^0.34.0\",", None),
            ("      resolution: {integrity: x}", None),
        ] {
            assert_eq!(named(line), want, "{line}");
        }
    }
}
