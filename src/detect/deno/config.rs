//! `deno.json`: tasks, imports and settings, each with its place.

use crate::fs::Dir;
use crate::manifest::{Document, Node};
use crate::model::{Dependency, Diagnostic, Evidence};

/// A folder's `deno.json` or `deno.jsonc`.
#[derive(Clone, Debug)]
pub struct Config {
    /// The whole file.
    pub doc: Document,
    /// Its name.
    pub file: &'static str,
}

/// What a member of a workspace leaves behind: the lock file and the imports that stand at the workspace's root.
pub fn above(dir: &Dir<'_>) -> Result<Option<Diagnostic>, Diagnostic> {
    let mut folder = dir.path().parent();
    while let Some(root) = folder {
        let home = dir.tree().dir(root.clone());
        if let Some(config) = Config::read(&home)?
            && let Some(list) = config.doc.get(&["workspace"])
        {
            let lists = list.items().filter_map(Node::str).any(|member| home.path().join(member).as_ref() == Some(dir.path()));
            let shared = home.has("deno.lock") || config.doc.get(&["imports"]).is_some();
            let message = "the lock file and the imports of its workspace lie above the folder that the image is built from";
            return Ok((lists && shared).then(|| {
                Diagnostic::warning("workspace-above", message)
                    .at(config.doc.evidence(&["workspace"], list))
                    .help("name what it imports in its own deno.json, and run `deno install` there")
            }));
        }
        folder = root.parent();
    }
    Ok(None)
}

impl Config {
    /// Reads it; Deno too takes the first of the two.
    pub fn read(dir: &Dir<'_>) -> Result<Option<Self>, Diagnostic> {
        for file in ["deno.json", "deno.jsonc"] {
            if let Some(doc) = Document::read(dir, file)? {
                return Ok(Some(Self { doc, file }));
            }
        }
        Ok(None)
    }

    /// The command of a task.
    pub fn task(&self, name: &str) -> Option<(String, Evidence)> {
        let node = self.doc.get(&["tasks", name])?;
        let text = node.str().or_else(|| node.get(&["command"]).and_then(Node::str))?.trim();
        (!text.is_empty()).then(|| (text.to_owned(), self.doc.evidence(&["tasks", name], node)))
    }

    /// The packages that its import map names, `npm:` and `jsr:` and their versions taken off.
    pub fn dependencies(&self, map: Option<&Document>) -> Vec<Dependency> {
        let mut found: Vec<Dependency> = Vec::new();
        for doc in std::iter::once(&self.doc).chain(map) {
            for (alias, node) in doc.get(&["imports"]).into_iter().flat_map(Node::entries) {
                // Fresh is known by its alias, from wherever it comes.
                let fresh = (alias == "$fresh/").then(|| "x/fresh".to_owned());
                let Some(name) = fresh.or_else(|| node.str().and_then(package)) else { continue };
                if !found.iter().any(|known| known.name == name) {
                    found.push(Dependency { name, at: doc.evidence(&["imports", alias], node), production: true });
                }
            }
        }
        found
    }
}

/// The name of a package in a specifier: `npm:hono@^4/cors` is `hono`, `jsr:@oak/oak@17` is `@oak/oak`, `https://deno.land/x/oak@v12/mod.ts` is `x/oak`.
pub fn package(specifier: &str) -> Option<String> {
    let name = if let Some(rest) = ["npm:", "jsr:"].iter().find_map(|scheme| specifier.strip_prefix(scheme)) {
        rest.trim_start_matches('/')
    } else {
        let rest = specifier.strip_prefix("https://deno.land/")?;
        return rest.starts_with("x/").then(|| rest.split('/').take(2).collect::<Vec<_>>().join("/").split('@').next().unwrap_or_default().to_owned());
    };
    let scoped = name.starts_with('@');
    let parts: Vec<&str> = name.split('/').take(if scoped { 2 } else { 1 }).collect();
    let joined = parts.join("/");
    let at = joined.get(1..)?.find('@').map(|at| at + 1);
    Some(at.map_or(joined.clone(), |at| joined[..at].to_owned()))
}

#[cfg(test)]
mod tests {
    use super::package;

    #[test]
    fn the_members_of_a_workspace_are_the_services() {
        let serve = "Deno.serve(() => new Response('x'))";
        let files = [
            ("deno.json", r#"{"workspace": ["./api"], "imports": {"@x/db": "./db/mod.ts"}}"#),
            ("api/deno.json", r#"{"name": "@x/api", "tasks": {"start": "deno run -A main.ts"}}"#),
            ("api/main.ts", serve),
        ];
        let found = crate::detect::select::detect(&crate::fs::Tree::memory(files), &crate::model::Answers::default());
        let said: Vec<_> =
            found.services.iter().map(|service| (service.root.as_str(), service.notes.iter().any(|note| note.id == "workspace-above"))).collect();
        assert_eq!(said, [("api", true)]);
    }

    #[test]
    fn specifiers_name_packages() {
        for (specifier, want) in [
            ("npm:hono@^4.10.0", Some("hono")),
            ("npm:hono@4/cors", Some("hono")),
            ("npm:@scope/a@1", Some("@scope/a")),
            ("jsr:@oak/oak@^17/router", Some("@oak/oak")),
            ("https://deno.land/x/oak@v12.6.1/mod.ts", Some("x/oak")),
            ("https://deno.land/std@0.200.0/http/server.ts", None),
            ("./src/", None),
        ] {
            assert_eq!(package(specifier).as_deref(), want, "{specifier}");
        }
    }
}
