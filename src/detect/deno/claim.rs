//! Where a folder says that it is Deno's.

use super::config::Config;
use super::task::{self, Task};
use super::{DEV_TASKS, ENTRIES, TASKS};
use crate::detect::node;
use crate::fs::Dir;
use crate::manifest::Package;
use crate::model::Evidence;

/// What marks the source of a program for Deno.
const MARKS: &[&str] = &["Deno.serve(", "Deno.env.", "Deno.args", "from \"https://deno.land/", "from 'https://deno.land/", "from \"jsr:", "from \"npm:"];

/// Files that hold what a program for Deno imports, by convention.
const IMPORTS: &[&str] = &["deps.ts", "src/deps.ts", "dependencies.ts", "src/dependencies.ts", "import_map.json"];

/// Its settings, unless a package.json beside them starts the program and they only format and lint it.
pub fn settings(dir: &Dir<'_>) -> Option<Evidence> {
    let file = dir.first_of(["deno.json", "deno.jsonc"])?;
    let at = Evidence::file(dir.at(file));
    if !dir.has("package.json") {
        return Some(at);
    }
    // A package that is installed by another program's lock file runs on Deno for whoever wants to try it.
    let package = Package::read(dir).ok().flatten();
    let starts = package.as_ref().is_some_and(node::starts);
    let lock = ["package-lock.json", "pnpm-lock.yaml", "yarn.lock"].iter().any(|lock| dir.has(lock)) && !dir.has("deno.lock");
    if lock && starts {
        return None;
    }
    let config = Config::read(dir).ok().flatten()?;
    let runs = TASKS.iter().chain(DEV_TASKS).filter_map(|name| task::named(&config, name)).find(Task::runs_module);
    // The manifest may be of the pages alone, or of an older life on Node.js.
    let started = package.is_some_and(|package| ["start", "start:prod", "serve"].iter().any(|name| package.script(name).is_some()));
    runs.map(|task| task.at).or_else(|| source(dir).filter(|_| !started))
}

/// A program whose source calls Deno, or imports as only Deno does.
pub fn source(dir: &Dir<'_>) -> Option<Evidence> {
    // A folder with settings of its own is a project of its own.
    let below = ["src/deno.json", "src/deno.jsonc", "src/package.json"].iter().any(|file| dir.has(file));
    let is_own = |file: &&&str| !(below && file.starts_with("src/"));
    let entry = ENTRIES.iter().filter(is_own).find(|file| dir.has(file))?;
    let marked = |file: &str| dir.peek(file).is_some_and(|text| MARKS.iter().any(|mark| text.as_str().contains(mark)));
    let imports = |file: &&&str| dir.peek(file).is_some_and(|text| text.as_str().contains("https://deno.land/"));
    let file = ENTRIES.iter().filter(is_own).find(|file| marked(file)).or_else(|| IMPORTS.iter().filter(is_own).find(imports).map(|_| entry))?;
    Some(Evidence::file(dir.at(file)))
}

#[cfg(test)]
mod tests {
    use crate::detect::select::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    #[test]
    fn the_source_tells_deno_from_node() {
        let stack = |files: &[(&str, &str)]| {
            let found = detect(&Tree::memory(files.iter().copied()), &Answers::default());
            found.services.first().map(|service| service.stack.clone()).unwrap_or_default()
        };
        let (settings, pages) = (("deno.json", "{}"), ("package.json", r#"{"scripts": {"webpack": "webpack"}, "dependencies": {"vue": "3"}}"#));
        let server = ("server.ts", "import { Drash } from './deps.ts'\nnew Drash.Server({ port: 1447 })\n");
        let deps = ("deps.ts", "export * as Drash from \"https://deno.land/x/drash@v2.6.0/mod.ts\"\n");
        assert_eq!(stack(&[settings, pages, server, deps]), "deno");
        assert_eq!(stack(&[settings, pages, ("src/server.ts", "Deno.serve(() => new Response())\n")]), "deno");
        assert_eq!(
            stack(&[("import_map.json", r#"{"imports": {"oak": "https://deno.land/x/oak/mod.ts"}}"#), ("src/index.ts", "app.listen({ port: 80 })\n")]),
            "deno"
        );
        let starts = ("package.json", r#"{"scripts": {"start": "tsx server.ts"}, "dependencies": {"tsx": "4"}}"#);
        assert_eq!(stack(&[settings, starts, ("server.ts", "if (globalThis.Deno) Deno.env.get('X')\n")]), "node");
    }

    #[test]
    fn a_task_without_its_module_starts_nothing() {
        let start = |files: &[(&str, &str)]| {
            let config = ("deno.json", r#"{"tasks": {"dev": "deno run --watch main.ts"}}"#);
            detect(&Tree::memory([config].into_iter().chain(files.iter().copied())), &Answers::default()).services[0].start.is_some()
        };
        assert!(start(&[("main.ts", "f()\n")]));
        assert!(!start(&[("packages/a/main.ts", "f()\n")]));
        assert!(!start(&[("deno.json", r#"{"tasks": {"run": "bash .local.sh"}}"#)]));
        assert!(!start(&[("deno.json", r#"{"tasks": {"start": "docker-compose up"}}"#)]));
    }
}
