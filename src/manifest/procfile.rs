//! Heroku's Procfile: `name: command` lines.

use crate::fs::Dir;
use crate::model::{Diagnostic, Evidence};

/// One process of a Procfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its name: `web`, `worker`, `release`.
    pub name: String,
    /// Its command.
    pub command: String,
    /// Where it stands.
    pub at: Evidence,
}

/// The processes of a folder's Procfile, in order; empty where there is none.
pub fn read(dir: &Dir<'_>) -> Result<Vec<Process>, Diagnostic> {
    let Some(text) = dir.read("Procfile")? else { return Ok(Vec::new()) };
    let mut processes = Vec::new();
    for (number, line) in text.lines() {
        let Some((name, command)) = line.split_once(':') else { continue };
        let (name, command) = (name.trim(), command.trim());
        if !name.starts_with('#') && !command.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
            let at = Evidence::line(text.path().clone(), number, command).with_key(name);
            processes.push(Process { name: name.to_owned(), command: command.to_owned(), at });
        }
    }
    Ok(processes)
}

#[cfg(test)]
mod tests {
    use crate::fs::Tree;

    #[test]
    fn reads_names_and_commands() {
        let tree = Tree::memory([("Procfile", "# web: no\nweb: gunicorn app:app\nrelease: x\n")]);
        let found = super::read(&tree.root()).expect("fine");
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].name.as_str(), found[0].command.as_str()), ("web", "gunicorn app:app"));
    }
}
