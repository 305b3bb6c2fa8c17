//! Servers of MCP that speak over standard input and output unless they are told otherwise: they open no port.

use std::rc::Rc;

use super::apps::regex;
use super::run::Facts;
use crate::catalog::FrameworkRow;
use crate::detect::source;
use crate::fs::Text;
use crate::model::question::Question;
use crate::model::{Diagnostic, Evidence, ServiceDraft};

/// What such a server is made with.
const LIBRARIES: &[&str] = &["mcp", "fastmcp", "fastmcp-slim"];

/// Where the source says which transport it takes by itself: a setting, the default of a variable, the default of an option.
const DEFAULTS: &[&str] = &[
    r#"(?im)^\s*(?:\w+\.)*(?:\w+_)?transport(?:_\w+)?\s*(?::[^=\n]+)?=\s*(?:(?:\w+\.)*(?:Option|Field)\(\s*(?:default\s*=\s*)?)?(["']stdio["']|\w*transport\w*\.stdio\b)"#,
    r#"(?i)["'](?:\w+_)?transport["']\s*,\s*(?:default\s*=\s*)?(["']stdio["'])"#,
    r#"(?i)["']--transport["'](?:[^()]|\([^()]*\))*?\bdefault\s*=\s*(["']stdio["']|\w*transport\w*\.stdio\b)"#,
];

/// The place that says so, for a program that is nothing but such a server; `said` is its command.
pub fn by_itself(facts: &Facts<'_>, row: Option<&FrameworkRow>, said: Option<&str>) -> Result<Option<Evidence>, Diagnostic> {
    let of_mcp = row.is_none_or(|row| LIBRARIES.contains(&row.id.as_str())) && facts.project.needs(LIBRARIES).is_some();
    let given = facts.hints.get(Question::StartCmd).map(|given| given.value.as_str());
    let told = given.or(said).is_some_and(|command| ["http", "sse"].iter().any(|transport| command.contains(transport)));
    if !of_mcp || told {
        return Ok(None);
    }
    let texts: Vec<Rc<Text>> = facts.sources.of_production().cloned().collect();
    for pattern in DEFAULTS {
        if let Some(hit) = source::find(&texts, &regex(pattern)?, "#") {
            return Ok(Some(hit.at));
        }
    }
    Ok(None)
}

/// What there is to say of it, unless somebody gave the port.
pub fn note(draft: &ServiceDraft, at: Evidence) -> Option<Diagnostic> {
    let message = format!("service `{}`: it speaks over its standard input and output, and opens no port", draft.name);
    let help = "to serve HTTP, say how it is started with --start-cmd, and where it listens with --port";
    draft.port.is_none().then(|| Diagnostic::note("stdio", message).at(at).help(help))
}

#[cfg(test)]
mod tests {
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    #[test]
    fn a_server_that_speaks_over_its_standard_input_opens_no_port() {
        let port = |lines: &str| {
            let text =
                format!("{lines}\nPORT = 8000\n\nif __name__ == '__main__':\n    if transport == 'http':\n        mcp.run(transport='http')\n    mcp.run()\n");
            let tree = Tree::memory([("requirements.txt", "fastmcp==3.4.4\n"), ("server.py", text.as_str())]);
            detect(&tree, &Answers::default()).services.remove(0).port.map(|port| port.value)
        };
        assert_eq!(port("transport = os.environ['T']"), Some(8000));
        for line in [
            "class Settings(BaseSettings):\n    TRANSPORT: str = \"stdio\"",
            "transport: Literal['stdio', 'http'] = Field(default='stdio')",
            "transport = os.getenv('MCP_TRANSPORT', 'stdio')",
            "parser.add_argument('--transport', choices=['stdio', 'http'], default='stdio')",
        ] {
            assert_eq!(port(line), None, "{line}");
        }
    }
}
