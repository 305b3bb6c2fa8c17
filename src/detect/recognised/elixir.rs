//! Elixir: mix projects and umbrellas, Phoenix.

use super::{Recogniser, look};
use crate::detect::Found;
use crate::fs::Dir;
use crate::manifest::tool_versions;
use crate::model::{Claim, Cmd, Decision, Diagnostic, Evidence, Kind, ServiceDraft, Source, Strength};

/// The recogniser.
pub const ELIXIR: Recogniser = Recogniser { stacks: &["elixir"], claims, draft };

/// Frameworks by the dependency that brings them, the more telling first.
const FRAMEWORKS: &[(&str, &str)] =
    &[(r"\{\s*(:phoenix)\s*,", "phoenix"), (r"\{\s*(:nerves)\s*,", "nerves"), (r"\{\s*(:bandit|:plug_cowboy|:plug)\s*,", "plug")];

/// Where a port stands in the settings.
const PORTS: &[&str] = &[
    r#"(?s)get_env\(\s*"PORT"\s*,\s*"(\d+)"\s*\)"#,
    r#"get_env\(\s*"PORT"\s*\)\s*\|\|\s*"?(\d+)"#,
    r#"(?s)\bhttp:\s*\[[^\]]*?\bport:\s*(?:String\.to_integer\([^)]*?"PORT"[^)]*?"|)(\d+)"#,
    r"\bport:\s*(\d+)",
];

fn claims(dir: &Dir<'_>) -> Option<Claim> {
    dir.has("mix.exs").then(|| Claim::new(Strength::Certain, Evidence::file(dir.at("mix.exs"))))
}

fn draft(dir: &Dir<'_>) -> Result<Found, Diagnostic> {
    let Some(mix) = dir.read("mix.exs")? else { return Ok(Found::default()) };
    let mut found = Found::default();
    let app = look::first(&mix, r"\bapp:\s*:(\w+)", "#");
    let mut draft = ServiceDraft::new("", dir.path().clone(), app.as_ref().map_or("app", |hit| &hit.value));
    draft.stack = "elixir".to_owned();
    draft.package_manager = Some(Decision::new("mix".to_owned(), Source::File(mix.evidence())));
    // An umbrella's dependencies stand in its applications.
    let mut manifests = vec![mix.clone()];
    let umbrella = look::first(&mix, r#"\bapps_path:\s*"([^"]+)""#, "#");
    if let Some(apps) = &umbrella {
        let apps = dir.dir(&apps.value);
        manifests.extend(apps.folders().filter_map(|name| apps.peek(&format!("{name}/mix.exs"))));
        found.covers.push(apps.path().clone());
    }
    draft.framework =
        FRAMEWORKS.iter().find_map(|(pattern, name)| look::among(&manifests, pattern, "#").map(|hit| Decision::new((*name).to_owned(), Source::File(hit.at))));
    draft.runtime = versions(dir, &mix)?;
    let framework = draft.framework.as_ref().map(|decision| decision.value.clone()).unwrap_or_default();
    let is_web = matches!(framework.as_str(), "phoenix" | "plug");
    if is_web {
        let settings: Vec<_> =
            ["config/runtime.exs", "config/prod.exs", "config/config.exs", "config/dev.exs"].iter().filter_map(|file| dir.peek(file)).collect();
        let sources = if framework == "plug" { crate::detect::source::files(&dir.dir("lib"), &["ex"], &[]) } else { Vec::new() };
        let stated = PORTS.iter().find_map(|pattern| look::among(&settings, pattern, "#").or_else(|| look::among(&sources, pattern, "#")));
        let stated = stated.and_then(|hit| Some((look::port(&hit.value)?, Source::File(hit.at))));
        let usual = if framework == "phoenix" { (4000, "Phoenix listens on it") } else { (4000, "Plug's servers listen on it") };
        draft.port = look::picked(stated.into_iter().chain([(usual.0, Source::default(usual.1))]));
    }
    let mut starts: Vec<(Cmd, Source)> = look::procfile(dir, &["web"])?.into_iter().collect();
    if dir.has("rel/overlays/bin/server") {
        starts.push((Cmd::exec(["bin/server"]), Source::inferred("the release's own script", [Evidence::file(dir.at("rel/overlays/bin/server"))])));
    } else if framework == "phoenix" {
        starts.push((Cmd::exec(["mix", "phx.server"]), Source::default("Phoenix's own server, without a release")));
    }
    draft.start = look::picked(starts);
    let release = framework == "phoenix" || look::first(&mix, r"(\breleases:)", "#").is_some();
    if release {
        draft.build = Some(Decision::new(Cmd::Shell("mix release".to_owned()), Source::default("a release needs no Elixir where it runs")));
    }
    if !is_web {
        draft.kind = Kind::Worker;
        if look::among(&manifests, r"\b(mod|escript|releases):\s*[\[{]", "#").is_none() {
            super::nothing_to_run(&mut draft, "the project starts no application: it is a library");
        }
    }
    found.services.push(draft);
    Ok(found)
}

/// Elixir's version: pins first, then the floor of mix.exs.
fn versions(dir: &Dir<'_>, mix: &std::rc::Rc<crate::fs::Text>) -> Result<Option<Decision<crate::model::Version>>, Diagnostic> {
    let mut places: Vec<(String, Evidence)> = tool_versions::read(dir, &["elixir"])?;
    places.extend(tool_versions::single(dir, ".elixir-version")?);
    let buildpack = dir.peek("elixir_buildpack.config");
    places.extend(buildpack.and_then(|text| look::first(&text, r"(?m)^elixir_version=v?\(?([\d.]+)", "#")).map(|hit| (hit.value, hit.at)));
    places.extend(look::first(mix, r#"\belixir:\s*"([^"]+)""#, "#").map(|hit| (hit.value, hit.at)));
    Ok(look::picked(places.into_iter().filter_map(|(text, at)| Some((look::floor(&text)?, Source::File(at))))))
}

#[cfg(test)]
mod tests {
    use crate::fs::Tree;

    #[test]
    fn an_umbrella_of_phoenix_is_one_service() {
        let tree = Tree::memory([
            ("mix.exs", "def project do\n [apps_path: \"apps\"]\nend\n"),
            ("apps/shop_web/mix.exs", "[app: :shop_web, deps: [{:phoenix, \"~> 1.7\"}]]"),
            ("config/runtime.exs", "port: String.to_integer(System.get_env(\"PORT\") || \"4010\")\n"),
            (".tool-versions", "elixir 1.18.2-otp-27\nerlang 27.2\n"),
        ]);
        let found = super::draft(&tree.root()).expect("fine");
        let [draft] = found.services.as_slice() else { panic!("one service") };
        assert_eq!(draft.framework.as_ref().map(|d| d.value.as_str()), Some("phoenix"));
        assert_eq!(draft.runtime.as_ref().map(|d| d.value.to_string()).as_deref(), Some("1.18.2"));
        assert_eq!(draft.port.as_ref().map(|d| d.value), Some(4010));
        assert_eq!(found.covers[0].as_str(), "apps");
    }

    #[test]
    fn a_library_is_said_to_be_one() {
        let tree = Tree::memory([("mix.exs", "[app: :jason, elixir: \"~> 1.4\", deps: []]")]);
        let found = super::draft(&tree.root()).expect("fine");
        assert_eq!(found.services[0].open.len(), 1);
        assert!(found.services[0].port.is_none());
    }
}
