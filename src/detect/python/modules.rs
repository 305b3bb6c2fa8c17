//! Which module imports which, and whether a file is started as a file or as a module.

use super::apps::{self, Sources};
use super::programs::is_guarded;
use super::run::Facts;
use crate::fs::Dir;
use crate::model::Diagnostic;

/// How a file is started: as a module, where what it imports is found from the project's folder only.
pub fn words(sources: &Sources<'_>, file: &str) -> Result<Vec<String>, Diagnostic> {
    let plain = vec!["python".to_owned(), file.to_owned()];
    let is_name = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !part.starts_with(|c: char| c.is_ascii_digit());
    let Some((folder, _)) = file.rsplit_once('/').filter(|(folder, _)| folder.split('/').all(is_name)) else { return Ok(plain) };
    let Some(text) = sources.dir.peek(file) else { return Ok(plain) };
    let here = sources.dir.dir(folder);
    let holds = |dir: &Dir<'_>, name: &str| dir.has(&format!("{name}.py")) || dir.has_dir(name);
    let imports = apps::regex(r"(?m)^\s*(?:from|import)\s+(\.|[A-Za-z_]\w*)")?;
    let names: Vec<&str> = imports.captures_iter(text.as_str()).filter_map(|hit| Some(hit.get(1)?.as_str())).collect();
    let beside = names.iter().any(|name| *name != "." && holds(&here, name));
    let above = names.iter().any(|name| holds(&sources.dir, name));
    if !names.contains(&".") && (beside || !above) {
        return Ok(plain);
    }
    // What runs nothing by itself is run by its package.
    let module = if !is_guarded(&text) && here.has("__main__.py") { folder } else { file.trim_end_matches(".py").trim_end_matches("/__main__") };
    Ok(vec!["python".to_owned(), "-m".to_owned(), module.replace('/', ".")])
}

/// Whether a file imports a module or a folder by its name.
pub fn imports(dir: &Dir<'_>, file: &str, name: &str) -> bool {
    let import = apps::regex(&format!(r"(?m)^\s*(?:from\s+[\w.]*\b{name}\b|import\s+[\w., ]*\b{name}\b|from\s+[\w.]+\s+import\s+[\w, ]*\b{name}\b)"));
    dir.peek(file).zip(import.ok()).is_some_and(|(text, import)| import.is_match(text.as_str()))
}

/// Whether a command of the project leads to a file, or nothing says that it doesn't.
pub fn leads(facts: &Facts<'_>, file: &str) -> bool {
    let stem = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".py");
    facts.project.scripts.iter().any(|script| {
        let path = script.at.raw.split(':').next().unwrap_or_default().replace('.', "/");
        let own = |tail: &&str| !path.is_empty() && (*tail == format!("{path}.py") || tail.ends_with(&format!("/{path}.py")));
        facts.sources.texts.iter().map(|text| facts.sources.tail(text)).find(own).is_none_or(|tail| tail == file || imports(&facts.sources.dir, tail, stem))
    })
}

#[cfg(test)]
mod tests {
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    const PROGRAM: &str = "if __name__ == '__main__':\n    main()\n";

    /// The start of a project of such files.
    fn start(files: &[(&str, &str)]) -> String {
        let manifest = [("requirements.txt", "requests==2.32.3\n")];
        let draft = detect(&Tree::memory(manifest.iter().chain(files).copied()), &Answers::default()).services.remove(0);
        draft.start.map(|start| start.value.to_string()).unwrap_or_default()
    }

    #[test]
    fn what_imports_from_the_projects_folder_is_started_as_a_module() {
        let of =
            |import: &str, more: &[(&str, &str)]| start(&[&[("shop/main.py", format!("{import}\n{PROGRAM}").as_str()), ("shop/views.py", "")], more].concat());
        assert_eq!(of("import json", &[]), "python shop/main.py");
        assert_eq!(of("import views", &[]), "python shop/main.py");
        assert_eq!(of("from . import views", &[]), "python -m shop.main");
        assert_eq!(of("from shop.views import x", &[]), "python -m shop.main");
        assert_eq!(of("from core import x", &[("core/__init__.py", "")]), "python -m shop.main");
        let server = [("requirements.txt", "aiohttp==3.13.0\n"), ("shop/app.py", "from . import views\ndef main():\n    web.run_app(app)\n")];
        assert_eq!(start(&[&server[..], &[("shop/__main__.py", "from shop.app import main\nmain()\n")]].concat()), "python -m shop");
    }

    #[test]
    fn a_command_that_only_manages_starts_no_server() {
        let manifest = "[project]\nname = 'chat'\nversion = '1'\ndependencies = ['gradio']\n[project.scripts]\nchat-admin = 'chat.cli:app'\n[build-system]\nrequires = []\n";
        let page = ("src/chat/page.py", "def main():\n    demo.launch()\nif __name__ == '__main__':\n    main()\n");
        let browser = ("src/chat/a.py", "b = p.chromium.launch()\n");
        let start = |cli: &str| {
            let files = [("pyproject.toml", manifest), ("src/chat/__init__.py", ""), page, browser, ("src/chat/cli.py", cli)];
            detect(&Tree::memory(files), &Answers::default()).services.remove(0).start.map(|start| start.value.to_string()).unwrap_or_default()
        };
        assert_eq!(start("app = typer.Typer()\n"), "python -m chat.page");
        assert_eq!(start("from chat.page import main\napp = typer.Typer()\n"), "chat-admin");
    }
}
