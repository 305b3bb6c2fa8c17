//! Variables that the source reads from its environment, by their names.

use super::project::Project;
use super::servers;
use crate::detect::source;
use crate::manifest::pattern;

/// The names, each once.
pub fn reads(project: &Project<'_>) -> Vec<String> {
    // env.NAME, env["NAME"], env("NAME"), config.get("NAME")
    const READ: &str = r#"\b(?:env(?:\??\.|\[\s*["'`]|\(\s*["'`])|(?:[cC]onfig\w*|[eE]nv)\.get\w*(?:<\w+>)?\(\s*["'`])([A-Z][A-Z0-9_]+)\b"#;
    const TAKEN_APART: &str = r"\{([^{}]*)\}\s*=\s*(?:process|Bun|import\.meta)\.env\b";
    let mut texts = source::files(&project.dir, servers::CODE, &project.others);
    texts.extend(project.dir.peek("prisma/schema.prisma"));
    let (Some(read), Some(apart)) = (pattern::kept(READ), pattern::kept(TAKEN_APART)) else { return Vec::new() };
    let mut found: Vec<String> = texts
        .iter()
        .flat_map(|text| read.captures_iter(text.as_str()).filter_map(|groups| Some(groups.get(1)?.as_str().to_owned())).collect::<Vec<_>>())
        .collect();
    for groups in texts.iter().flat_map(|text| apart.captures_iter(text.as_str()).collect::<Vec<_>>()) {
        let names = groups.get(1).map_or("", |list| list.as_str()).split(',').filter_map(|part| part.split([':', '=']).next()).map(str::trim);
        found.extend(names.map(ToOwned::to_owned));
    }
    found.sort();
    found.dedup();
    found
}
