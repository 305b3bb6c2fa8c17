//! Prisma: its client is generated from the schema before anything is compiled.

use super::project::Project;
use super::script::BIN;
use crate::detect::source;
use crate::manifest::pattern;
use crate::model::{Cmd, Decision, Dependency, Diagnostic, ServiceDraft, Source};

/// Where the schema may lie, and the settings since Prisma 7.
const SCHEMAS: &[&str] = &["prisma/schema.prisma", "schema.prisma", "prisma/schema/schema.prisma"];
const SETTINGS: &[&str] = &["prisma.config.ts", "prisma.config.js", "prisma.config.mts", "prisma.config.mjs"];

/// Plans the generation, between the installation and the source, so that an edit of the source does not repeat it.
pub fn fill(draft: &mut ServiceDraft, project: &Project<'_>) -> Result<(), Diagnostic> {
    let Some(package) = &project.package else { return Ok(()) };
    let Some(tool) = ["prisma", "@prisma/client"].iter().find_map(|name| package.dependency(name)) else { return Ok(()) };
    let Some(schema) = project.dir.first_of(SCHEMAS.iter().copied()) else { return Ok(()) };
    draft.dependencies.extend(client(project, schema)?);
    let digits: String = tool.at.raw.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
    if digits.parse::<u32>().is_ok_and(|major| major < 7) {
        draft.system.push(Dependency { name: "prisma-engines".to_owned(), at: tool.at.clone(), production: true });
    }
    let settings = project.dir.first_of(SETTINGS.iter().copied());
    let variables = settings.map(|file| variables(project, file)).transpose()?.unwrap_or_default();
    // The settings insist on variables that the generation makes no use of.
    let prefix: String = variables.iter().map(|name| format!("{name}=postgresql://build ")).collect();
    let folder = schema.rsplit_once('/').map_or(schema, |_| "prisma");
    let mut copies = vec![serde_json::json!({"from": folder, "to": if folder == schema { "." } else { folder }})];
    copies.extend(settings.map(|file| serde_json::json!({"from": file, "to": "."})));
    draft.watch.rebuild.push(folder.to_owned());
    draft.watch.rebuild.extend(settings.map(ToOwned::to_owned));
    draft.set("generate_files", copies);
    draft.set("generate", format!("{prefix}{BIN}prisma generate"));
    draft.facts.push(("generates".to_owned(), Decision::new("prisma generate".to_owned(), Source::File(tool.at))));
    if let Some(build) = &mut draft.build
        && !prefix.is_empty()
        && package.script("build").is_some_and(|(text, _)| text.contains("prisma"))
        && let Cmd::Shell(text) = &build.value
    {
        build.value = Cmd::Shell(format!("{prefix}{text}"));
    }
    Ok(())
}

/// The client library that stands for the database of the schema: Prisma brings its own.
fn client(project: &Project<'_>, schema: &str) -> Result<Option<Dependency>, Diagnostic> {
    const CLIENTS: &[(&str, &str)] = &[("postgresql", "pg"), ("postgres", "pg"), ("mysql", "mysql2")];
    let Some(text) = project.dir.read(schema)? else { return Ok(None) };
    let provider =
        pattern::pattern(r#"\bdatasource\s+\w+\s*\{[^}]*?\bprovider\s*=\s*"(\w+)""#).map_err(|error| Diagnostic::error("pattern", error.to_string()))?;
    let hit = source::find(&[text], &provider, "//");
    Ok(hit.and_then(|hit| {
        let (_, name) = CLIENTS.iter().find(|(provider, _)| *provider == hit.value)?;
        Some(Dependency { name: (*name).to_owned(), at: hit.at, production: true })
    }))
}

/// The variables that the settings insist on.
fn variables(project: &Project<'_>, file: &str) -> Result<Vec<String>, Diagnostic> {
    let Some(text) = project.dir.read(file)? else { return Ok(Vec::new()) };
    let pattern = pattern::pattern(r#"\benv(?:<[^>]*>)?\(\s*["'](\w+)["']"#).map_err(|error| Diagnostic::error("pattern", error.to_string()))?;
    let mut found: Vec<String> = source::find_all(&[text], &pattern, "//").into_iter().map(|hit| hit.value).collect();
    found.dedup();
    Ok(found)
}
