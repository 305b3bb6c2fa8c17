//! Projects that another program runs, or that no container can: `[[data.elsewhere]]`.

use super::apps::Sources;
use super::project::Project;
use crate::catalog::StackPack;
use crate::model::{Diagnostic, Evidence};

/// Why no container runs a project that has no application for one.
pub fn of(sources: &Sources<'_>, project: &Project, pack: &StackPack) -> Option<Diagnostic> {
    let rows = pack.data.get("elsewhere").and_then(toml::Value::as_array)?;
    rows.iter().find_map(|row| {
        let names = |key: &str| -> Vec<&str> { row.get(key).and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_str).collect() };
        let needed = project.needs(&names("dependency")).map(|requirement| requirement.at.clone());
        let at = needed.or_else(|| names("file").into_iter().find_map(|file| there(sources, file))).or_else(|| holds(sources, &names("begins")))?;
        let what = row.get("what").and_then(toml::Value::as_str)?;
        Some(Diagnostic::error("runs-elsewhere", what).at(at).help("pass --start-cmd for a program beside it"))
    })
}

/// A file of the project: by its path, in which `*` is any one folder.
fn there(sources: &Sources<'_>, path: &str) -> Option<Evidence> {
    let dir = &sources.dir;
    let found = match path.split_once("/*/") {
        None => Some(path.to_owned()).filter(|file| dir.has(file)),
        Some((above, name)) => dir.dir(above).folders().map(|folder| format!("{above}/{folder}/{name}")).find(|file| dir.has(file)),
    };
    found.map(|file| Evidence::file(dir.at(&file)))
}

/// A line of the source that begins so.
fn holds(sources: &Sources<'_>, starts: &[&str]) -> Option<Evidence> {
    sources.of_production().find_map(|text| {
        let (number, line) = text.lines().find(|(_, line)| starts.iter().any(|start| line.starts_with(start)))?;
        Some(Evidence::line(text.path().clone(), number, line.trim()))
    })
}

#[cfg(test)]
mod tests {
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    #[test]
    fn what_other_programs_run_is_said() {
        let said = |files: &[(&str, &str)]| {
            let found = detect(&Tree::memory(files.iter().copied()), &Answers::default()).services.remove(0);
            found.notes.into_iter().find(|note| note.id == "runs-elsewhere").map(|note| note.message).unwrap_or_default()
        };
        let requirements = ("requirements.txt", "requests\n");
        let main = ("main.py", "if __name__ == \"__main__\":\n    pass\n");
        assert!(said(&[requirements, main, ("custom_components/x/manifest.json", "{}")]).contains("Home Assistant"));
        assert!(said(&[requirements, ("main.py", "def lambda_handler(event, context):\n    return {}\n")]).contains("AWS Lambda"));
        assert!(said(&[("requirements.txt", "customtkinter\n"), main]).contains("window"));
        assert!(said(&[("requirements.txt", "PySide6\nflask\n"), ("app.py", "app = Flask(__name__)\n")]).is_empty());
        assert!(said(&[requirements, main]).is_empty());
    }
}
