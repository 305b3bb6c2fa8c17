//! Programs that start a browser, which no installation of theirs brings: `[[data.browser]]`.

use std::rc::Rc;

use super::apps::{Sources, regex};
use super::project::Project;
use crate::catalog::StackPack;
use crate::detect::source;
use crate::fs::Text;
use crate::model::Diagnostic;

/// The first place of production that starts one.
pub fn missing(service: &str, project: &Project, sources: &Sources<'_>, pack: &StackPack) -> Result<Option<Diagnostic>, Diagnostic> {
    let rows = pack.data.get("browser").and_then(toml::Value::as_array).into_iter().flatten();
    for row in rows {
        let text = |key: &str| row.get(key).and_then(toml::Value::as_str).unwrap_or_default();
        let names: Vec<&str> = row.get("dependency").and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_str).collect();
        let imports = regex(&format!(r"(?m)^\s*(?:from|import)\s+(?:{})\b", names.join("|")))?;
        let texts: Vec<Rc<Text>> = sources.of_production().filter(|text| imports.is_match(text.as_str())).cloned().collect();
        let Some(name) = names.iter().find(|name| project.needs(&[name]).is_some()) else { continue };
        // One that is told where its browser is has been thought of.
        let hits = source::find_all(&texts, &regex(text("pattern"))?, "#");
        if let Some(hit) = hits.into_iter().find(|hit| !hit.value.contains("executable_path")) {
            let message = format!("service `{service}`: {name} starts a browser, which no installation brings: the image has none");
            return Ok(Some(Diagnostic::warning("browser", message).at(hit.at).help(text("help"))));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    #[test]
    fn a_browser_that_nothing_brings_is_said() {
        let said = |source: &str| {
            let tree = Tree::memory([("requirements.txt", "playwright==1.61.0\nselenium==4.40.0\n"), ("main.py", source)]);
            detect(&tree, &Answers::default()).services.remove(0).notes.into_iter().any(|note| note.id == "browser")
        };
        assert!(said("from playwright.sync_api import sync_playwright\nb = p.chromium.launch(headless=True)\n"));
        assert!(said("from selenium import webdriver\nd = webdriver.Chrome(options=o)\n"));
        assert!(!said("from playwright.sync_api import sync_playwright\nb = p.chromium.connect_over_cdp(url)\n"));
        assert!(!said("from playwright.sync_api import sync_playwright\nb = p.chromium.launch(executable_path='/usr/bin/chromium')\n"));
        assert!(!said("import gradio\ndemo.launch()\n"));
    }
}
