//! A package.json beside a Python project: what it builds for the browser, which a stage of its own makes.

use serde_json::json;

use crate::catalog::{ManagerRow, StackPack};
use crate::detect::node::pages;
use crate::fs::Dir;
use crate::manifest::Package;
use crate::model::{Decision, Diagnostic, ServiceDraft, Source};

/// Scripts that build for production, the likeliest first.
const BUILDS: &[&str] = &["build:prod", "build-prod", "production", "build", "prod"];

/// Tools that build into the folder in which they stand, or beside it.
const BUNDLERS: &[&str] = &["webpack", "rollup", "esbuild", "parcel", "gulp", "grunt", "tailwindcss", "@tailwindcss/cli", "sass"];

/// States what the assets' stage does. The package managers are those of the Node.js catalogue.
pub fn take(dir: &Dir<'_>, draft: &mut ServiceDraft) -> Result<(), Diagnostic> {
    draft.set("assets", json!(null));
    let Some((folder, package)) = package(dir, draft)? else { return Ok(()) };
    let Some((script, text, at)) = package.first_script(BUILDS.iter().copied()) else { return Ok(()) };
    let dir = &(if folder.is_empty() { dir.clone() } else { dir.dir(&folder) });
    let pack = StackPack::load("node").map_err(|message| Diagnostic::error("catalogue", message))?;
    let berry = dir.has(".yarnrc.yml");
    let fits = |row: &&ManagerRow| row.lock.iter().any(|lock| dir.has(lock)) && (row.id != "yarn" || !berry) && (row.id != "yarn-berry" || berry);
    let locked = pack.package_manager.iter().find(fits);
    let Some(row) = locked.or_else(|| pack.manager("npm")) else { return Ok(()) };
    let say = |key: &str| row.data.get(key).and_then(toml::Value::as_str).unwrap_or_default();
    let strings = |key: &str| row.data.get(key).and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_str).map(str::to_owned);
    let mut manifests = vec!["package.json".to_owned()];
    manifests.extend(row.lock.iter().filter(|lock| dir.has(lock)).cloned());
    manifests.extend(strings("files").filter(|file| dir.has(file)));
    manifests.extend(pages::members(dir, &package)?);
    let inside = |file: &String| if folder.is_empty() { file.clone() } else { format!("{folder}/{file}") };
    let manifests: Vec<String> = manifests.iter().map(inside).collect();
    let tool = row.data.get("package").and_then(toml::Value::as_str).zip(row.version.as_deref()).map(|(name, version)| format!("{name}@{version}"));
    draft.set(
        "assets",
        json!({
            "manifests": super::managers::by_folder(&manifests),
            "tool": tool.unwrap_or_default(),
            "env": row.data.get("env").and_then(|env| serde_json::to_value(env).ok()).unwrap_or_else(|| json!({})),
            "install": say(if locked.is_some() { "install" } else { "unlocked" }),
            "build": format!("{} {script}", say("run")),
            "script": script,
            "folder": folder,
            "cache": say("cache"),
            "cache_id": say("cache-id"),
        }),
    );
    draft.facts.push(("assets".to_owned(), Decision::new(format!("{} {script}", say("run")), Source::File(at.clone()))));
    draft.watch.rebuild.extend(manifests);
    draft.watch.rebuild.sort();
    // A script that calls what the stage hasn't (Python, make) can't be known before it runs.
    if ["python", "make ", "docker"].iter().any(|word| text.starts_with(word)) {
        draft.notes.push(
            Diagnostic::warning(
                "assets",
                format!("the script `{script}` is run in an image of Node.js, which has no `{}`", text.split(' ').next().unwrap_or_default()),
            )
            .at(at),
        );
    }
    Ok(())
}

/// The package that builds for the browser: the one beside the program, or that of a folder which production copies and a bundler builds in.
fn package(dir: &Dir<'_>, draft: &ServiceDraft) -> Result<Option<(String, Package)>, Diagnostic> {
    if let Some(package) = Package::read(dir)? {
        return Ok(Some((String::new(), package)));
    }
    let folders = draft.extra.get("folders").and_then(serde_json::Value::as_array).into_iter().flatten().filter_map(serde_json::Value::as_str);
    for folder in folders {
        let Some(package) = Package::read(&dir.dir(folder))? else { continue };
        // Pages with a server of their own for development are a service of their own.
        if package.dependency("vite").is_some() && dir.dir(folder).has("index.html") {
            continue;
        }
        if BUNDLERS.iter().any(|name| package.dependency(name).is_some()) && package.first_script(BUILDS.iter().copied()).is_some() {
            return Ok(Some((folder.to_owned(), package)));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use crate::fs::Tree;
    use crate::model::{RelPath, ServiceDraft};

    #[test]
    fn pages_that_are_a_service_of_their_own_are_no_assets() {
        let package = ("web/package.json", "{\"scripts\": {\"build\": \"vite build\"}, \"devDependencies\": {\"vite\": \"7\", \"tailwindcss\": \"4\"}}");
        let folder = |more: &[(&str, &str)]| {
            let mut draft = ServiceDraft::new("python", RelPath::root(), "a");
            draft.set("folders", vec!["web"]);
            super::take(&Tree::memory([&[package], more].concat()).root(), &mut draft).expect("fine");
            draft.extra["assets"]["folder"].as_str().map(str::to_owned)
        };
        assert_eq!(folder(&[]).as_deref(), Some("web"));
        assert_eq!(folder(&[("web/index.html", "")]), None);
    }

    #[test]
    fn the_build_script_and_its_package_manager() {
        let of = |files: &[(&str, &str)]| {
            let tree = Tree::memory(files.iter().copied());
            let mut draft = ServiceDraft::new("python", RelPath::root(), "a");
            super::take(&tree.root(), &mut draft).expect("fine");
            draft.extra["assets"].clone()
        };
        let scripts = ("package.json", "{\"scripts\": {\"build\": \"esbuild x\", \"start\": \"x\"}}");
        let found = of(&[scripts, ("pnpm-lock.yaml", "")]);
        assert_eq!((found["build"].as_str(), found["cache_id"].as_str()), (Some("pnpm run build"), Some("pnpm")));
        assert!(found["tool"].as_str().is_some_and(|tool| tool.starts_with("pnpm@")));
        assert_eq!(of(&[scripts])["install"].as_str(), Some("npm install --no-audit --no-fund"));
        let members = of(&[
            ("package.json", "{\"workspaces\": [\"ui/*\"], \"scripts\": {\"build\": \"x\"}}"),
            ("ui/a/package.json", "{\"name\": \"a\"}"),
            ("b/package.json", "{}"),
        ]);
        assert_eq!(members["manifests"][1]["files"][0].as_str(), Some("ui/a/package.json"));
        assert!(of(&[("package.json", "{\"devDependencies\": {\"prettier\": \"3\"}}")]).is_null());
    }
}
