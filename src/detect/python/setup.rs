//! setup.cfg and setup.py. setup.py is a program: only what it states as plain text is read.

use super::project::{Project, Script};
use super::requirement::{self, Requirement};
use crate::fs::{Dir, Text};
use crate::manifest::pattern;
use crate::model::Evidence;

/// Adds what setup.cfg and setup.py say to what is known of a project.
pub fn take(dir: &Dir<'_>, project: &mut Project) {
    let cfg = dir.peek("setup.cfg");
    let py = dir.peek("setup.py");
    if let Some(text) = &cfg {
        from_cfg(text, project);
    }
    if let Some(text) = &py {
        from_py(text, project);
        if project.package.is_none() {
            project.package = Some(text.evidence());
        }
    }
    // A build reads what they name: a version, a README, lists of requirements.
    for text in [&py, &cfg].into_iter().flatten() {
        project.setup_files.push(text.path().name().to_owned());
        named(dir, text, project);
    }
    project.setup_files.sort();
    project.setup_files.dedup();
}

fn from_cfg(text: &Text, project: &mut Project) {
    let (mut section, mut key) = (String::new(), String::new());
    let known = project.requirements.iter().any(|requirement| requirement.production);
    for (number, line) in text.lines() {
        let at = || Evidence::line(text.path().clone(), number, line.trim());
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut section);
            key.clear();
            continue;
        }
        let value = if line.starts_with([' ', '\t']) {
            trimmed
        } else {
            let Some((name, value)) = trimmed.split_once('=') else { continue };
            name.trim().clone_into(&mut key);
            value.trim()
        };
        if value.is_empty() || value.contains("file:") {
            continue;
        }
        match (section.as_str(), key.as_str()) {
            ("metadata", "name") if project.name.is_none() => project.name = Some((value.to_owned(), at())),
            ("options", "python_requires") if project.python.is_empty() => project.python.push((value.to_owned(), at())),
            ("options", "install_requires") if !known => project.requirements.extend(requirement::parse(value, at(), true)),
            ("options.extras_require", extra) => {
                project.requirements.extend(requirement::parse(value, at(), false));
                project.dev_extra = project.dev_extra.or(["dev", "develop", "development"].into_iter().find(|name| *name == extra));
            }
            ("options.entry_points", "console_scripts") => project.scripts.extend(script(value, at())),
            ("options.package_dir", "") | ("options", "package_dir") => {
                project
                    .package_roots
                    .extend(value.trim_start_matches('=').split('=').next_back().map(|root| root.trim().to_owned()).filter(|root| !root.is_empty()));
            }
            _ => {}
        }
    }
}

fn from_py(text: &Text, project: &mut Project) {
    let first = |pattern: &str| {
        let found = pattern::pattern(pattern).ok()?.captures(text.as_str())?.get(1)?;
        Some((found.as_str().to_owned(), text.at(found.start(), found.as_str())))
    };
    if project.name.is_none() {
        project.name = first(r#"\bname\s*=\s*["']([\w.-]+)["']"#);
    }
    if project.python.is_empty() {
        project.python.extend(first(r#"\bpython_requires\s*=\s*["']([^"'\n]+)["']"#));
    }
    let list = |pattern: &str| -> Vec<(String, Evidence)> {
        let Some((list, strings)) = pattern::pattern(pattern).ok().zip(pattern::pattern(r#"["']([^"'\n]+)["']"#).ok()) else { return Vec::new() };
        let Some(body) = list.captures(text.as_str()).and_then(|found| found.get(1)) else { return Vec::new() };
        let found = strings.captures_iter(body.as_str()).filter_map(|found| found.get(1));
        found.map(|word| (word.as_str().to_owned(), text.at(body.start() + word.start(), word.as_str()))).collect()
    };
    if project.requirements.iter().all(|requirement| !requirement.production) {
        let found: Vec<Requirement> = list(r"\binstall_requires\s*=\s*\[([^\[\]]*(?:\[[^\]]*\][^\[\]]*)*)\]")
            .into_iter()
            .filter_map(|(line, at)| requirement::parse(&line, at, true))
            .collect();
        project.requirements.extend(found);
    }
    if project.scripts.is_empty() {
        let found = list(r#"["']?console_scripts["']?\s*[:=]\s*\[([^\]]*)\]"#);
        project.scripts.extend(found.into_iter().filter_map(|(line, at)| script(&line, at)));
    }
}

/// `name = module:function`.
fn script(line: &str, at: Evidence) -> Option<Script> {
    let (name, _) = line.split_once('=')?;
    Some(Script { name: name.trim().to_owned(), at })
}

/// The files that are named in quotes or after `file:` and `attr:`, and those of a folder of requirements.
fn named(dir: &Dir<'_>, text: &Text, project: &mut Project) {
    let Ok(words) = pattern::pattern(r"[\w./-]+") else { return };
    // A module is read where the version stands in it.
    let reads_module = ["attr:", "__init__", "__version__", "version.py"].iter().any(|sign| text.as_str().contains(sign));
    for word in words.captures_iter(text.as_str()).filter_map(|found| found.get(0)).map(|found| found.as_str().trim_start_matches("./").trim_matches('/')) {
        if word.contains('.') && dir.has(word) {
            project.setup_files.push(word.to_owned());
        } else if word == "requirements" && dir.has_dir(word) {
            project.setup_files.extend(dir.dir(word).files().filter(|file| file.strip_suffix(".txt").is_some()).map(|file| format!("{word}/{file}")));
        } else {
            let module = word.split('.').next().unwrap_or_default();
            let versions = ["__init__.py", "__version__.py", "_version.py", "version.py", "about.py"].into_iter().map(|file| format!("{module}/{file}"));
            if reads_module && !module.is_empty() && dir.has_dir(module) {
                project.setup_files.extend(versions.filter(|file| dir.has(file)));
            }
        }
    }
    // `long_description = file: README.md` and the licence have no quotes to be known by where a function reads them.
    project
        .setup_files
        .extend(["README.md", "README.rst", "MANIFEST.in"].into_iter().filter(|file| text.as_str().contains(file) && dir.has(file)).map(str::to_owned));
}

#[cfg(test)]
mod tests {
    use crate::detect::python::project::Project;
    use crate::fs::Tree;

    #[test]
    fn setup_cfg_says_it_in_sections() {
        let cfg = "[metadata]\nname = notes\nversion = attr: notes.__version__\n\n[options]\npython_requires = >=3.11\ninstall_requires =\n    flask>=3\n    waitress\n\n[options.extras_require]\ndev =\n    pytest\n\n[options.entry_points]\nconsole_scripts =\n    notes = notes.cli:main\n";
        let tree = Tree::memory([("setup.cfg", cfg), ("setup.py", "from setuptools import setup\nsetup()\n"), ("notes/__init__.py", "")]);
        let project = Project::read(&tree.root()).expect("fine");
        assert_eq!(project.name.expect("a name").0, "notes");
        assert_eq!(
            project.requirements.iter().map(|one| (one.name.as_str(), one.production)).collect::<Vec<_>>(),
            [("flask", true), ("waitress", true), ("pytest", false)]
        );
        assert_eq!((project.dev_extra, project.scripts[0].name.as_str()), (Some("dev"), "notes"));
        assert_eq!(project.setup_files, ["notes/__init__.py", "setup.cfg", "setup.py"]);
    }

    #[test]
    fn setup_py_says_it_in_literals() {
        let py = "setup(\n    name='x',\n    install_requires=[\n        'tornado>=6', \"celery[redis]>=5\",\n    ],\n    entry_points={'console_scripts': ['x = x.main:main']},\n    long_description=open('README.rst').read(),\n)\n";
        let tree = Tree::memory([("setup.py", py), ("README.rst", "")]);
        let project = Project::read(&tree.root()).expect("fine");
        assert_eq!(project.requirements.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["tornado", "celery"]);
        assert_eq!(project.scripts[0].name, "x");
        assert_eq!(project.setup_files, ["README.rst", "setup.py"]);
    }
}
