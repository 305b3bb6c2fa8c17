//! The template engine: the shared templates, those of the stacks at hand, and the quoting filters.

use tera::{Context, Tera};

use super::{blocks, custom, filters, lint, staging, tidy};
use crate::catalog::files;
use crate::model::plan::{ComposePlan, Custom, IgnorePlan, Rendered, ServicePlan, Template};
use crate::model::{Diagnostic, Evidence, RelPath};

/// Templates ready to render.
pub struct Engine {
    tera: Tera,
    own: Vec<Template>,
}

impl Engine {
    /// Loads the shared templates and those of these stacks, each of which gives way to one of the project's of the same name.
    ///
    /// The built-in one then answers to `builtin/<name>`, so that the project's can extend it.
    pub fn new(packs: &[&str], own: &[Template]) -> Result<Self, Diagnostic> {
        let mut tera = Tera::new();
        tera.autoescape_on(Vec::<&str>::new());
        filters::register(&mut tera);
        let mut all: Vec<(String, String)> = Vec::new();
        for (name, text) in files::templates("_shared").into_iter().chain(packs.iter().flat_map(|pack| files::templates(pack))) {
            let find = |name: &str| {
                own.iter().find(|template| template.name == name).map(|template| template.text.clone()).or_else(|| files::text(name).map(str::to_owned))
            };
            let text = if name.ends_with("/Dockerfile.tera") { blocks::around_stages(text, &find).text } else { text.to_owned() };
            if !own.iter().any(|template| template.name == name) {
                all.push((name.to_owned(), text));
            } else if !text.contains("{% component") {
                all.push((format!("builtin/{name}"), text));
            }
        }
        // Those of stacks that are not at hand may use components that are not there.
        let at_hand = |name: &str| name.split('/').next().is_some_and(|folder| packs.contains(&folder) || !files::stacks().contains(&folder));
        all.extend(own.iter().filter(|template| at_hand(&template.name)).map(|template| (template.name.clone(), template.text.clone())));
        tera.add_raw_templates(all).map_err(|error| fault(&error, own))?;
        Ok(Self { tera, own: own.to_vec() })
    }

    /// A service's Dockerfile, read back.
    pub fn dockerfile(&self, service: &ServicePlan) -> Result<Rendered, Diagnostic> {
        let value = serde_json::to_value(service).map_err(|error| Diagnostic::error("template", error.to_string()))?;
        let text = self.dockerfile_text(&service.pack, &value)?;
        let harmless = harmless(&value);
        // Where a value holds a sign that means something to Docker, the same plan with that sign taken away
        // must give the same instructions: so no value added or changed one.
        if harmless != value {
            lint::same_instructions(&text, &self.dockerfile_text(&service.pack, &harmless)?, &service.dockerfile)?;
        }
        lint::dockerfile(&text, service)?;
        if service.custom == Custom::default() {
            return Ok(Rendered { path: service.dockerfile.clone(), text });
        }
        let text = tidy::dockerfile(&custom::apply(self, &text, service)?);
        lint::customised(&text, service)?;
        Ok(Rendered { path: service.dockerfile.clone(), text })
    }

    /// One of the shared components.
    pub(super) fn component(&self, name: &str, arguments: &serde_json::Value) -> Result<String, Diagnostic> {
        let fault = |error: &dyn std::fmt::Display| Diagnostic::error("template", error.to_string());
        let context = Context::from_serialize(arguments).map_err(|error| fault(&error))?;
        self.tera.render_component(name, &context, None, false).map(|text| text.trim().to_owned()).map_err(|error| fault(&error))
    }

    fn dockerfile_text(&self, pack: &str, value: &serde_json::Value) -> Result<String, Diagnostic> {
        let text = tidy::dockerfile(&self.text(&format!("{pack}/Dockerfile.tera"), value)?);
        let name = |stage: &str| value["stages"][stage].as_str();
        Ok(match (name("dev"), name("staging"), name("prod")) {
            (Some(dev), Some(staging), Some(prod)) => {
                let variable = value["x"]["environment"].as_str().unwrap_or("ENVIRONMENT");
                staging::split(&text, &staging::Names { dev, staging, prod, variable })
            }
            _ => text,
        })
    }

    /// A .dockerignore.
    pub fn ignore(&self, plan: &IgnorePlan) -> Result<Rendered, Diagnostic> {
        let value = serde_json::to_value(plan).map_err(|error| Diagnostic::error("template", error.to_string()))?;
        Ok(Rendered { path: plan.path.clone(), text: tidy::ignore(&self.text("_shared/dockerignore.tera", &value)?) })
    }

    /// compose.yaml, read back.
    pub fn compose(&self, plan: &ComposePlan) -> Result<Rendered, Diagnostic> {
        let value = serde_json::to_value(plan).map_err(|error| Diagnostic::error("template", error.to_string()))?;
        let text = tidy::compose(&self.text("_shared/compose.tera", &value)?);
        lint::compose(&text, plan)?;
        Ok(Rendered { path: plan.path.clone(), text })
    }

    fn text(&self, template: &str, value: &serde_json::Value) -> Result<String, Diagnostic> {
        let context = Context::from_serialize(value).map_err(|error| Diagnostic::error("template", error.to_string()))?;
        self.tera.render(template, &context).map_err(|error| fault(&error, &self.own))
    }
}

/// What is wrong with a template, with its name, line and column, and the line as it stands there.
fn fault(error: &tera::Error, own: &[Template]) -> Diagnostic {
    let mut report = error.to_string();
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(inner) = cause {
        report.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    // Tera points at the place in its text: `--> node/Dockerfile.tera:38:19`.
    let message = report.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    let place = report.lines().find_map(|line| line.trim().strip_prefix("--> "));
    let mut parts = place.unwrap_or_default().rsplitn(3, ':');
    let (Some(column), Some(line), Some(name)) = (parts.next(), parts.next(), parts.next()) else { return Diagnostic::error("template", message) };
    let line: u32 = line.parse().unwrap_or(0);
    let mine = own.iter().find(|template| template.name == name);
    let shown = report.lines().find_map(|text| text.strip_prefix(&format!("{line} | "))).unwrap_or_default();
    let at = mine.and_then(|template| RelPath::new(&template.place)).or_else(|| RelPath::new(name)).unwrap_or_default();
    Diagnostic::error("template", format!("template `{name}`, line {line}, column {column}: {message}"))
        .at(Evidence::line(at, line, shown.trim()))
        .help(if mine.is_some() { "mend the template; `dockgen templates eject` gives the built-in one" } else { "this is a fault of dockgen's" })
}

/// The same plan with every sign that means something to Docker, a shell or YAML taken out of its strings.
fn harmless(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(text) => Value::String(
            text.chars().map(|c| if c.is_control() || matches!(c, '"' | '\'' | '`' | '$' | '\\' | '<' | '#' | '{' | '}') { '_' } else { c }).collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(harmless).collect()),
        Value::Object(entries) => Value::Object(entries.iter().map(|(key, value)| (key.clone(), harmless(value))).collect()),
        other => other.clone(),
    }
}
