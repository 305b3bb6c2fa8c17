//! The permissions that a program needs, by what its source calls: for a project that has no task to say so.

use std::rc::Rc;

use crate::detect::source;
use crate::fs::{Dir, Text};
use crate::manifest::pattern;
use crate::model::{Diagnostic, Evidence};

/// Calls and the flag that allows them.
const CALLS: &[(&str, &str)] = &[
    ("--allow-net", r"(\bDeno\.(?:serve|listen|connect)\w*\(|\bfetch\(|\.listen\(|\bserve\(|\bnew\s+(?:\w+\.)?Server\()"),
    ("--allow-env", r#"(\bDeno\.env\b|\bprocess\.env\b|\bfrom\s+["']npm:)"#),
    ("--allow-read", r"(\bDeno\.(?:read\w+|open|stat|lstat|cwd|realPath)\w*\(|\bserve(?:Dir|File)\(|\breadFile|\bcreateReadStream\()"),
    ("--allow-write", r"(\bDeno\.(?:write\w+|mkdir|remove|rename|create|makeTemp\w*)\(|\bwriteFile)"),
    ("--allow-run", r"(\bnew Deno\.Command\()"),
    ("--allow-sys", r"(\bDeno\.(?:hostname|osRelease|loadavg|networkInterfaces|systemMemoryInfo)\()"),
    ("--allow-ffi", r"(\bDeno\.dlopen\()"),
];

/// The command for a module, with a flag for each kind of call and the places where they stand.
pub fn derived(dir: &Dir<'_>, module: &str, texts: &[Rc<Text>]) -> Result<(Vec<String>, Vec<Evidence>), Diagnostic> {
    // A module that exports a handler is served, not run.
    let exports = dir.peek(module).is_some_and(|text| text.as_str().contains("export default {") && !text.as_str().contains("Deno.serve("));
    let mut words = vec!["deno".to_owned(), if exports { "serve" } else { "run" }.to_owned()];
    let mut from = vec![Evidence::file(dir.at(module))];
    for (flag, calls) in CALLS {
        if exports && *flag == "--allow-net" {
            continue;
        }
        let pattern = pattern::pattern(calls).map_err(|error| Diagnostic::error("pattern", error.to_string()))?;
        if let Some(hit) = source::find(texts, &pattern, "//") {
            words.push((*flag).to_owned());
            from.push(hit.at);
        }
    }
    words.push(module.to_owned());
    Ok((words, from))
}

#[cfg(test)]
mod tests {
    use super::derived;
    use crate::detect::source::files;
    use crate::fs::Tree;

    #[test]
    fn calls_ask_for_permissions() {
        let tree =
            Tree::memory([("main.ts", "const port = Number(Deno.env.get('PORT'));\nDeno.serve({ port }, () => new Response(Deno.readTextFileSync('a')));")]);
        let texts = files(&tree.root(), &["ts"], &[]);
        let (words, from) = derived(&tree.root(), "main.ts", &texts).expect("patterns");
        assert_eq!(words, ["deno", "run", "--allow-net", "--allow-env", "--allow-read", "main.ts"]);
        assert_eq!(from.len(), 4);
    }
}
