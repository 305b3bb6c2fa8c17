//! The engine that real builds need, and the registries that their lock files name.

use std::path::Path;
use std::process::{Command, Stdio};

/// Whether a Docker engine answers.
pub fn answers() -> bool {
    Command::new("docker")
        .args(["version", "--format", "{{.Server.Version}}"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("a file is copied");
        }
    }
}

/// Whether the registry of public images can be asked.
fn has_images() -> bool {
    Command::new("docker")
        .args(["manifest", "inspect", "alpine:latest"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The registries that this machine's own tools use.
#[derive(Clone, Debug)]
pub struct Registries {
    /// Whether public images can be pulled.
    pub images: bool,
    npm: String,
    index: String,
    files: String,
}

impl Registries {
    /// Asks npm and pip; a tool that isn't there leaves its files as they are.
    pub fn ask() -> Self {
        let say = |program: &str, args: &[&str]| {
            let output = Command::new(program).args(args).stderr(Stdio::null()).output().ok().filter(|output| output.status.success());
            output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
        };
        let pip = say("python3", &["-c", "from pip._internal.models.index import PyPI as p; print(p.simple_url, p.file_storage_domain)"]);
        let (index, files) = pip.split_once(' ').unwrap_or_default();
        Self {
            images: has_images(),
            npm: say("npm", &["config", "get", "registry"]).trim_end_matches('/').to_owned(),
            index: index.trim_end_matches('/').to_owned(),
            files: files.to_owned(),
        }
    }

    /// Puts the registries' hosts back where a fixture has names that no machine has.
    pub fn put_back(&self, folder: &Path) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                self.put_back(&path);
            } else if let Ok(text) = std::fs::read_to_string(&path)
                && text.contains(".invalid")
            {
                let mut new = text.clone();
                if !self.npm.is_empty() {
                    new = new.replace("https://npm.invalid", &self.npm);
                }
                if !self.index.is_empty() {
                    new = new.replace("https://pypi.invalid/simple", &self.index).replace("https://files.pypi.invalid", &format!("https://{}", self.files));
                }
                std::fs::write(&path, new).expect("a file is written");
            }
        }
        if folder.join("poetry.lock").is_file() && !self.index.is_empty() {
            poetry::name_the_index(folder, &self.index);
        }
    }
}

/// Poetry asks its own registry in a way that a mirror of packages may not know; an index that the project names is asked in the common way.
mod poetry {
    use std::path::Path;

    use sha2::{Digest as _, Sha256};
    use toml::{Table, Value};

    /// Names the index as a source in the manifest and the lock file, as `poetry source add` and `poetry lock` would.
    pub fn name_the_index(folder: &Path, index: &str) {
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).expect("a file of the fixture");
        let (manifest, lock) = (read("pyproject.toml"), read("poetry.lock"));
        let named = format!("{manifest}\n[[tool.poetry.source]]\nname = \"index\"\nurl = \"{index}\"\npriority = \"primary\"\n");
        assert!(lock.contains(&hash(&manifest)), "poetry.lock was not made for this pyproject.toml, or Poetry's hash is another one now");
        let source = format!("\n[package.source]\ntype = \"legacy\"\nurl = \"{index}\"\nreference = \"index\"\n");
        let (packages, rest) = lock.split_once("\n[metadata]").expect("a lock file");
        let packages: Vec<String> = packages.split("\n[[package]]").map(|package| format!("{}\n", package.trim_end())).collect();
        let (head, packages) = packages.split_first().expect("a lock file");
        let packages: String = packages.iter().map(|package| format!("\n[[package]]{package}{source}")).collect();
        let new = format!("{head}{packages}\n[metadata]{rest}").replace(&hash(&manifest), &hash(&named));
        std::fs::write(folder.join("pyproject.toml"), named).expect("written");
        std::fs::write(folder.join("poetry.lock"), new).expect("written");
    }

    /// Poetry's own hash of what a lock file was made for.
    fn hash(manifest: &str) -> String {
        let manifest: Table = toml::from_str(manifest).expect("TOML");
        let empty = Table::new();
        let table = |value: Option<&Value>| value.and_then(Value::as_table).cloned().unwrap_or_default();
        let project = table(manifest.get("project"));
        let groups = table(manifest.get("dependency-groups"));
        let poetry = table(manifest.get("tool").and_then(Value::as_table).unwrap_or(&empty).get("poetry"));
        let pick =
            |from: &Table, keys: &[&str]| -> Vec<(String, String)> { keys.iter().filter_map(|key| Some(((*key).to_owned(), json(from.get(*key)?)))).collect() };
        let of_project = pick(&project, &["requires-python", "dependencies", "optional-dependencies"]);
        let legacy = of_project.is_empty() && groups.is_empty();
        let mut of_poetry = pick(&poetry, &["dependencies", "source", "extras", "dev-dependencies", "group"]);
        if legacy {
            for key in ["dependencies", "source", "extras", "dev-dependencies"] {
                if !poetry.contains_key(key) {
                    of_poetry.push((key.to_owned(), "null".to_owned()));
                }
            }
        }
        let text = if legacy {
            object(of_poetry)
        } else {
            let mut parts = Vec::new();
            if !groups.is_empty() {
                parts.push(("dependency-groups".to_owned(), json(&Value::Table(groups))));
            }
            parts.push(("project".to_owned(), object(of_project)));
            parts.push(("tool".to_owned(), object(vec![("poetry".to_owned(), object(of_poetry))])));
            object(parts)
        };
        Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// JSON as Python writes it with sorted keys.
    fn json(value: &Value) -> String {
        match value {
            Value::Table(table) => object(table.iter().map(|(key, value)| (key.clone(), json(value))).collect()),
            Value::Array(items) => format!("[{}]", items.iter().map(json).collect::<Vec<_>>().join(", ")),
            Value::String(text) => serde_json::Value::from(text.as_str()).to_string(),
            other => other.to_string(),
        }
    }

    fn object(mut entries: Vec<(String, String)>) -> String {
        entries.sort();
        let entries: Vec<String> = entries.into_iter().map(|(key, value)| format!("{}: {value}", serde_json::Value::from(key))).collect();
        format!("{{{}}}", entries.join(", "))
    }
}
