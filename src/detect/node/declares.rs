//! Modules that are made to be imported: libraries, and functions that a platform calls.

use super::project::Project;
use super::runtime::Runtime;
use crate::manifest::pattern;
use crate::model::Diagnostic;

/// Whether a module's statements only declare and export: started as a program, it ends at once. Bun serves what such a module exports.
pub fn is(project: &Project<'_>, text: &str) -> bool {
    const EXPORTS: &str = r"(?m)^(?:export\b|(?:module\.)?exports\b)";
    // Statements stand at the start of their lines: one that does something, a call, a module that is imported for its effect.
    const RUNS: &str = r#"(?m)^(?:(?:await|new|if|for|while|try|switch|void)\b|[(\[!;]|import\s*["'(]|require\(|[A-Za-z_$][\w$.]*(?:<[^>\n]*>)?\()"#;
    // What a name is given: a call may start the program, one that loads a module doesn't.
    const GIVEN: &str = r"(?m)^(?:(?:export\s+)?(?:const|let|var)\s[^=\n]*|[A-Za-z_$][\w$.]*\s*)=\s*(await\b|new\b|[\w$.]+(?:<[^>\n]*>)?\()";
    let holds = |pattern| pattern::kept(pattern).is_some_and(|pattern| pattern.is_match(text));
    let calls =
        || pattern::kept(GIVEN).is_some_and(|pattern| pattern.captures_iter(text).any(|found| found.get(1).is_some_and(|call| call.as_str() != "require(")));
    project.runtime == Runtime::Node && holds(EXPORTS) && !holds(RUNS) && !calls()
}

/// The same of a file of the project.
pub fn only(project: &Project<'_>, file: &str) -> Result<bool, Diagnostic> {
    Ok(project.dir.read(file)?.is_some_and(|text| is(project, text.as_str())))
}

#[cfg(test)]
mod tests {
    use crate::detect::select::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    #[test]
    fn a_module_that_only_declares_is_no_program() {
        let start = |source: &str| {
            let files = [("package.json", r#"{"main": "index.js", "type": "module"}"#), ("index.js", source)];
            detect(&Tree::memory(files), &Answers::default()).services.first().and_then(|service| Some(service.start.as_ref()?.value.to_string()))
        };
        for library in
            ["export const a = 1\n", "import x from 'y'\n\nexport function f() {\n  x()\n}\n", "export class A {}\nexport default async (event) => {}\n"]
        {
            assert_eq!(start(library), None, "{library}");
        }
        for program in [
            "export const a = 1\na.listen(3000)\n",
            "import './server.js'\nexport {}\n",
            "export const s = createServer().listen(1)\n",
            "run()\n",
            "const app = express()\nmodule.exports = app\n",
        ] {
            assert_eq!(start(program).as_deref(), Some("node index.js"), "{program}");
        }
    }
}
