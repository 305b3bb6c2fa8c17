//! Parts of pages that a script of the repository makes and the repository does not hold: what a program embeds or reads misses them silently.

use super::source;
use crate::fs::Dir;
use crate::manifest::pattern;
use crate::model::{Diagnostic, RelPath, ServiceDraft};

/// Folders whose scripts build.
const FOLDERS: &[&str] = &["", "ci", "build", "hack", "scripts", "script", "tools", "bin"];

/// Files that build, beside scripts.
const BUILDS: &[&str] = &["Makefile", "makefile", "GNUmakefile", "Taskfile.yml", "Taskfile.yaml", "justfile", "Justfile", "package.json"];

/// Endings of scripts.
const ENDINGS: &[&str] = &["mjs", "cjs", "js", "ts", "mts", "sh"];

/// Warns of the first such part, unless a front end is built with the program. `embedded`: what the compiler takes in; what is read is known of the draft.
pub fn tell(draft: &mut ServiceDraft, dir: &Dir<'_>, embedded: &[RelPath]) {
    let read = draft.extra.get("assets").and_then(|assets| assets["folders"].as_array()).into_iter().flatten().filter_map(|row| row["to"].as_str());
    let folders: Vec<RelPath> = embedded.iter().cloned().chain(read.filter_map(|to| draft.root.join(to))).collect();
    if draft.front.is_some() || folders.is_empty() {
        return;
    }
    let Some(pattern) = pattern::kept(r#"(?:^|[\s"'`=(])(?:\./)?((?:[\w-]+/)+[\w.-]+\.(?:js|css))(?:$|[\s"'`,;)\\])"#) else { return };
    let inside = |path: &RelPath| folders.iter().any(|folder| folder != dir.path() && path.below(folder).is_some_and(|below| !below.is_empty()));
    let missing = FOLDERS.iter().find_map(|folder| {
        let home = if folder.is_empty() { dir.tree().dir(dir.path().clone()) } else { dir.dir(folder) };
        let script = |file: &&str| BUILDS.contains(file) || file.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending));
        let texts: Vec<_> = home.files().filter(script).filter_map(|file| home.peek(file)).collect();
        source::find_all(&texts, &pattern, "//").into_iter().find(|hit| {
            let path = dir.path().join(&hit.value);
            path.is_some_and(|path| inside(&path) && !dir.tree().has_file(&path) && !hit.value.contains("node_modules"))
        })
    });
    if let Some(hit) = missing {
        let message = format!("`{}` is made by a script that the image's build does not run, and the repository does not hold it", hit.value);
        let help = "commit it, or pass --build-cmd with the commands that make it and then compile the program";
        draft.notes.push(Diagnostic::warning("not-built", message).at(hit.at).help(help));
    }
}

#[cfg(test)]
mod tests {
    use super::tell;
    use crate::fs::Tree;
    use crate::model::{RelPath, ServiceDraft};

    #[test]
    fn what_a_script_makes_of_the_pages_is_missed() {
        for (files, expected) in [
            (vec![("ci/build.mjs", "esbuild.build({ outfile: 'site/app.js' })")], "`site/app.js`"),
            (vec![("Makefile", "css:\n\ttailwindcss -i in.css -o ./site/css/out.css --minify\n")], "`site/css/out.css`"),
            (vec![("Makefile", "css:\n\ttailwindcss -o site/out.css\n"), ("site/out.css", "a")], ""),
            (vec![("Makefile", "css:\n\ttailwindcss -o other/out.css\n")], ""),
        ] {
            let tree = Tree::memory(files.into_iter().chain([("site/index.html", "")]));
            let mut draft = ServiceDraft::new("go", RelPath::root(), "a");
            tell(&mut draft, &tree.root(), &[RelPath::known("site")]);
            let said = draft.notes.first().map(|note| note.message.clone()).unwrap_or_default();
            assert!(if expected.is_empty() { said.is_empty() } else { said.starts_with(expected) }, "{said}");
        }
    }
}
