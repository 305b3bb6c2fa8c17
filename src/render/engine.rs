//! The template engine: the shared templates, those of the stacks at hand, and the quoting filters.

use tera::{Context, Tera};

use super::{custom, filters, lint, tidy};
use crate::catalog::files;
use crate::model::Diagnostic;
use crate::model::plan::{ComposePlan, Custom, IgnorePlan, Rendered, ServicePlan};

/// Templates ready to render.
pub struct Engine {
    tera: Tera,
}

impl Engine {
    /// Loads the shared templates and those of these stacks.
    pub fn new(packs: &[&str]) -> Result<Self, Diagnostic> {
        let mut tera = Tera::new();
        tera.autoescape_on(Vec::<&str>::new());
        filters::register(&mut tera);
        let all: Vec<(&str, &str)> = files::templates("_shared").into_iter().chain(packs.iter().flat_map(|pack| files::templates(pack))).collect();
        tera.add_raw_templates(all).map_err(|error| Diagnostic::error("template", error.to_string()))?;
        Ok(Self { tera })
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
        Ok(tidy::dockerfile(&self.text(&format!("{pack}/Dockerfile.tera"), value)?))
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
        self.tera.render(template, &context).map_err(|error| {
            let mut text = error.to_string();
            let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(&error);
            while let Some(inner) = cause {
                text.push_str(&format!(": {inner}"));
                cause = inner.source();
            }
            Diagnostic::error("template", text)
        })
    }
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
