//! Which files and folders of the source production needs, where the project isn't installed as a package.

use super::apps::{Sources, regex};
use super::requirement::normalise;
use crate::fs::Dir;
use crate::model::path::is_plain;

/// Folders of the developers.
const NOT_FOLDERS: &[&str] = &[
    "bench",
    "benchmarks",
    "ci",
    "deploy",
    "deployment",
    "devops",
    "dist",
    "build",
    "doc",
    "docker",
    "docs",
    "e2e",
    "env",
    "example",
    "examples",
    "helm",
    "hooks",
    "htmlcov",
    "infra",
    "k8s",
    "notebooks",
    "playground",
    "postman",
    "requirements",
    "scripts",
    "site",
    "spec",
    "staticfiles",
    "terraform",
    "test",
    "tests",
    "tools",
    "typings",
    "venv",
];

/// Files of the developers, by their whole name in lower case.
const NOT_FILES: &[&str] = &[
    "app.json",
    "catalog-info.yaml",
    "codecov.yml",
    "conda-lock.yml",
    "conda.yaml",
    "conda.yml",
    "conftest.py",
    "containerfile",
    "crowdin.yml",
    "environment.yaml",
    "environment.yml",
    "fabfile.py",
    "fly.toml",
    "heroku.yml",
    "jenkinsfile",
    "justfile",
    "makefile",
    "manifest.in",
    "mkdocs.yml",
    "mypy.ini",
    "netlify.toml",
    "noxfile.py",
    "package-lock.json",
    "package.json",
    "pdm.toml",
    "pipfile",
    "pixi.toml",
    "poetry.toml",
    "pnpm-lock.yaml",
    "procfile",
    "project.toml",
    "pylintrc",
    "pyproject.toml",
    "pyrightconfig.json",
    "pytest.ini",
    "railway.json",
    "railway.toml",
    "renovate.json",
    "render.yaml",
    "ruff.toml",
    "runtime.txt",
    "setup.cfg",
    "setup.py",
    "skaffold.yaml",
    "sonar-project.properties",
    "taskfile.yml",
    "tasks.toml",
    "tox.ini",
    "tsconfig.json",
    "uv.toml",
    "vagrantfile",
    "vercel.json",
    "versioneer.py",
    "yarn.lock",
];

/// Endings of files that are not run.
const NOT_ENDINGS: &[&str] = &[
    ".bat",
    ".cfg",
    ".cmd",
    ".config.cjs",
    ".config.js",
    ".config.mjs",
    ".config.ts",
    ".dockerignore",
    ".ipynb",
    ".lock",
    ".log",
    ".md",
    ".ps1",
    ".pyc",
    ".pyi",
    ".rst",
    ".sh",
    ".sqlite3",
    ".db",
];

/// What COPY gets in production: files, and folders each by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Files.
    pub files: Vec<String>,
    /// Folders.
    pub folders: Vec<String>,
}

/// Options of commands that name a module or the folder of one.
const IMPORTS: &[&str] = &["-m", "-A", "--app", "--chdir", "--app-dir", "--working-dir", "--workdir"];

impl Layout {
    /// Adds the folders that commands import from, whatever they are called.
    pub fn keep_imported(&mut self, dir: &Dir<'_>, words: &[String]) {
        let before = [""].into_iter().chain(words.iter().map(String::as_str));
        for (before, word) in before.zip(words) {
            let (option, value) = word.split_once('=').unwrap_or((before, word));
            let top = value.trim_start_matches("./").split(['/', '.', ':']).next().unwrap_or_default();
            let imported = IMPORTS.contains(&option) || word.contains(':') && !word.starts_with(':');
            if imported && !top.is_empty() && dir.has_dir(top) && !self.folders.iter().any(|folder| folder == top) {
                self.folders.push(top.to_owned());
            }
        }
    }

    /// Adds what commands name: a file at the top, or the folder that one lies in.
    pub fn keep<'w>(&mut self, dir: &Dir<'_>, words: impl Iterator<Item = &'w str>) {
        for word in words {
            let path = word.trim_start_matches("./").trim_end_matches('/');
            let (top, below) = path.split_once('/').unwrap_or((path, ""));
            if below.is_empty() && dir.has(path) {
                self.files.push(path.to_owned());
            } else if !path.is_empty() && !path.starts_with('.') && dir.has(path) || below.is_empty() && path.starts_with('.') && dir.has_dir(path) {
                self.folders.push(top.to_owned());
            }
        }
        for list in [&mut self.files, &mut self.folders] {
            list.sort();
            list.dedup();
        }
    }
}

/// The files and folders of a project that runs from its source.
pub fn of_source(dir: &Dir<'_>, skip: &[String], named: &dyn Fn(&str) -> bool) -> Layout {
    // No module has a name that Docker doesn't take; what the program reads by one is an error, which the template says.
    let taken = |name: &&str| is_plain(name) || named(name);
    let files = dir.files().filter(|name| is_run(name) && !skip.iter().any(|file| file == name)).filter(taken).map(str::to_owned).collect();
    let folders = dir
        .folders()
        .filter(|name| !name.starts_with('.') && !is_left_behind(name) && !name.ends_with(".egg-info"))
        .filter(taken)
        .filter(|name| !dir.has(&format!("{name}/package.json")) || named(name))
        .map(str::to_owned)
        .collect();
    Layout { files, folders }
}

/// Whether a folder holds modules of the program, or the source names a place in it.
pub fn is_named(sources: &Sources<'_>, folder: &str) -> bool {
    if !is_plain(folder) {
        return sources.of_production().any(|text| text.as_str().contains(folder));
    }
    let plain = folder.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
    let text = regex(&format!(r#"["'](?:\./)?{folder}/|/\s*["']{folder}["']|join\([^)\n]*["']{folder}["']"#));
    let module = sources.dir.has(&format!("{folder}/__init__.py"));
    module || plain && text.is_ok_and(|text| sources.of_production().any(|file| text.is_match(file.as_str())))
}

/// What a project that is installed as a package needs beside its virtual environment.
pub fn beside_package(dir: &Dir<'_>, alembic: bool) -> Layout {
    let mut layout = Layout::default();
    if alembic && let Some(text) = dir.peek("alembic.ini") {
        layout.files.push("alembic.ini".to_owned());
        let location = text.as_str().lines().find_map(|line| line.split_once('=').filter(|(key, _)| key.trim() == "script_location"));
        let folder = location.map_or("alembic", |(_, folder)| folder.trim().trim_start_matches("%(here)s/"));
        if dir.has_dir(folder) && !folder.contains(':') {
            layout.folders.push(folder.to_owned());
        }
    }
    layout.files.extend(["gunicorn.conf.py", "manage.py"].into_iter().filter(|file| dir.has(file)).map(str::to_owned));
    layout.files.sort();
    layout
}

/// Whether a folder at the top is the developers'.
pub fn is_left_behind(folder: &str) -> bool {
    NOT_FOLDERS.contains(&folder)
}

fn is_run(name: &str) -> bool {
    let lower = name.to_lowercase();
    let stem = lower.trim_end_matches(".py");
    !(name.starts_with('.')
        || NOT_FILES.contains(&lower.as_str())
        || NOT_ENDINGS.iter().any(|ending| lower.ends_with(ending))
        || [
            "readme",
            "license",
            "licence",
            "changelog",
            "contributing",
            "dockerfile",
            "compose",
            "docker-compose",
            "dockgen",
            "notice",
            "authors",
            "copying",
            "code_of_conduct",
            "gulpfile",
            "procfile",
        ]
        .iter()
        .any(|start| lower.starts_with(start))
        || normalise(&lower).contains("requirements")
        || lower.strip_suffix(".py").is_some() && (stem.starts_with("test_") || stem.ends_with("_test") || stem == "tests"))
}

#[cfg(test)]
mod tests {
    use super::{Layout, Sources, beside_package, is_named, of_source};
    use crate::fs::Tree;

    #[test]
    fn tests_and_tools_stay_behind() {
        let tree = Tree::memory([
            ("app/main.py", ""),
            ("tests/test_x.py", ""),
            ("templates/a.html", ""),
            ("frontend/package.json", ""),
            ("main.py", ""),
            ("test_main.py", ""),
            ("requirements-dev.txt", ""),
            ("config.yaml", ""),
            ("README.md", ""),
            ("pyproject.toml", ""),
        ]);
        let layout = of_source(&tree.root(), &[], &|_| false);
        assert_eq!(layout.files, ["config.yaml", "main.py"]);
        assert_eq!(layout.folders, ["app", "templates"]);
        let tree = Tree::memory([("shop/settings.py", "DIRS = [BASE_DIR / 'frontend/html']\n"), ("frontend/package.json", ""), ("ui/package.json", "")]);
        let sources = Sources::read(&tree.root(), false, &[]);
        assert_eq!(of_source(&tree.root(), &[], &|folder| is_named(&sources, folder)).folders, ["frontend", "shop"]);
        let tree = Tree::memory([("main.py", "open('price list.csv')\n"), ("price list.csv", ""), ("Copy of plans.xlsx", ""), ("old plans/a.csv", "")]);
        let sources = Sources::read(&tree.root(), false, &[]);
        let layout = of_source(&tree.root(), &[], &|name| is_named(&sources, name));
        assert_eq!((layout.files.join(", "), layout.folders.len()), ("main.py, price list.csv".to_owned(), 0));
    }

    #[test]
    fn what_commands_import_is_kept_under_any_name() {
        let tree = Tree::memory([("site/manage.py", ""), ("tools/bot.py", ""), ("docs/conf.py", ""), ("test/a.py", "")]);
        let kept = |words: &[&str]| {
            let mut layout = Layout::default();
            layout.keep_imported(&tree.root(), &words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
            layout.folders
        };
        assert_eq!(kept(&["gunicorn", "--chdir=./site", "shop.wsgi"]), ["site"]);
        assert_eq!(kept(&["python", "-m", "tools.bot", "test"]), ["tools"]);
        assert_eq!(kept(&["uvicorn", "tools.bot:app", "--app-dir", "site"]), ["tools", "site"]);
        assert!(kept(&["gunicorn", "--bind", "0.0.0.0:8000", "docs"]).is_empty());
    }

    #[test]
    fn a_package_keeps_its_migrations() {
        let tree = Tree::memory([("alembic.ini", "[alembic]\nscript_location = %(here)s/migrations\n"), ("migrations/env.py", "")]);
        let layout = beside_package(&tree.root(), true);
        assert_eq!((layout.files.join(" "), layout.folders.join(" ")), ("alembic.ini".to_owned(), "migrations".to_owned()));
    }
}
