//! Which of a module's programs are built.

use super::module::Module;
use super::programs::{self, Program};
use super::server;
use crate::catalog::StackPack;
use crate::fs::Dir;
use crate::model::question::Question;
use crate::model::{Answers, Diagnostic};

/// Among more programs than this nobody looks for the one that is meant.
const MOST_PROGRAMS: usize = 6;

/// The programs of a module, and those of them that are built: the ones that were asked for, the only one, the one that has the module's name,
/// the one that is released, or the only server.
pub fn choose(home: &Dir<'_>, module: &Module, pack: &StackPack, answers: &Answers) -> (Vec<Program>, Vec<Program>) {
    let mut all = programs::programs(home, module);
    let examples = if all.is_empty() { programs::examples(home, module) } else { Vec::new() };
    let released = programs::released(home).and_then(|(folder, name, at)| {
        let mut program = all.iter().chain(&examples).find(|program| program.folder == folder)?.clone();
        program.name = name.unwrap_or(program.name);
        program.released = Some(at);
        Some(program)
    });
    if let (Some(program), []) = (&released, all.as_slice()) {
        all.push(program.clone());
    } else if all.is_empty() {
        all = examples;
        let wanted: Vec<Program> = all.iter().filter(|program| is_wanted(answers, program)).cloned().collect();
        return (all, wanted);
    }
    let wanted: Vec<Program> = all.iter().filter(|program| is_wanted(answers, program)).cloned().collect();
    let chosen = match (all.as_slice(), wanted.as_slice()) {
        (_, [_, ..]) => wanted,
        ([only], _) => vec![only.clone()],
        _ => {
            // A tool that has the project's name is not what is meant where programs are named servers, or daemons as of old.
            let daemon = format!("{}d", module.base_name());
            let is_server = |program: &&Program| program.name.ends_with("server") || program.name == daemon;
            let daemons: Vec<&Program> = all.iter().filter(is_server).collect();
            let daemon = if let [only] = daemons.as_slice() { Some((*only).clone()) } else { None };
            let serves = |program: &Program| server::serves(&programs::reach(home, program, &[module]), pack);
            let named = all.iter().find(|program| program.name == module.base_name()).cloned();
            let named =
                named.filter(|program| daemons.is_empty() || daemon.as_ref().is_none_or(|daemon| !daemon.name.starts_with(&program.name)) && serves(program));
            named.or(released).or(daemon).or_else(|| only_server(home, module, pack, &all)).into_iter().collect()
        }
    };
    (all, chosen)
}

/// The one server among programs for the command line: of several that reach the code of a server, the only one that listens by its own.
fn only_server(home: &Dir<'_>, module: &Module, pack: &StackPack, all: &[Program]) -> Option<Program> {
    let mut servers: Vec<&Program> = Vec::new();
    for program in all.iter().take(MOST_PROGRAMS) {
        let texts = programs::reach(home, program, &[module]);
        if server::serves(&texts, pack) {
            servers.push(program);
        } else if server::works(&texts) {
            return None;
        }
    }
    if servers.len() > 1 {
        servers.retain(|program| server::listens_itself(&programs::reach(home, program, &[])));
    }
    if let [only] = servers.as_slice() { Some((*only).clone()).filter(|_| all.len() <= MOST_PROGRAMS) } else { None }
}

/// Whether `--app` names a program.
fn is_wanted(answers: &Answers, program: &Program) -> bool {
    let given = answers.get(Question::App).map(|given| given.value.as_str()).unwrap_or_default();
    given.split(',').map(str::trim).any(|app| !app.is_empty() && (app == program.name || app.trim_end_matches('/') == program.folder))
}

/// What is said of the programs that get no image.
pub fn left(all: &[Program], chosen: &[Program]) -> Option<Diagnostic> {
    let others: Vec<&str> = all.iter().filter(|program| chosen.iter().all(|one| one.folder != program.folder)).map(|program| program.name.as_str()).collect();
    let first = chosen.first().filter(|_| !others.is_empty())?;
    let message = format!("`{}` gets an image, the other programs of the module get none: {}", first.name, others.join(", "));
    Some(Diagnostic::note("tools", message).at(first.at.clone()).help("--app names what is to be built"))
}

#[cfg(test)]
mod tests {
    use super::choose;
    use crate::catalog::StackPack;
    use crate::detect::go::module::Module;
    use crate::fs::Tree;
    use crate::model::Answers;

    fn chosen(programs: &[&str]) -> Vec<String> {
        let main = "package main\n\nfunc main() {}\n";
        let paths: Vec<String> = programs.iter().map(|name| format!("cmd/{name}/main.go")).collect();
        let files = paths.iter().map(|path| (path.as_str(), main)).chain([("go.mod", "module example.com/dial\n")]);
        let tree = Tree::memory(files);
        let module = Module::read(&tree.root()).expect("fine").expect("there");
        let pack = StackPack::load("go").expect("fine");
        choose(&tree.root(), &module, &pack, &Answers::default()).1.into_iter().map(|program| program.name).collect()
    }

    #[test]
    fn of_programs_that_share_code_the_one_that_listens_is_meant() {
        let shared = "package web\nimport \"net/http\"\nfunc F() { http.ListenAndServe(\":80\", nil) }\n";
        let main = |body: &str| format!("package main\nimport \"example.com/dial/web\"\nfunc main() {{ {body} }}\n");
        let chosen = |web: &str| {
            let (admin, web) = (main("web.Admin()"), main(web));
            let tree = Tree::memory([("go.mod", "module example.com/dial\n"), ("web/a.go", shared), ("cmd/admin/main.go", &admin), ("cmd/site/main.go", &web)]);
            let module = Module::read(&tree.root()).expect("fine").expect("there");
            let pack = StackPack::load("go").expect("fine");
            choose(&tree.root(), &module, &pack, &Answers::default()).1.into_iter().map(|program| program.name).collect::<Vec<_>>()
        };
        assert_eq!(chosen("srv := http.Server{Handler: web.F}"), ["site"]);
        assert!(chosen("web.F()").is_empty());
    }

    #[test]
    fn the_daemon_is_meant_not_the_tool_that_has_the_project_s_name() {
        assert_eq!(chosen(&["dial", "dial-copy"]), ["dial"]);
        assert_eq!(chosen(&["dial", "diald"]), ["diald"]);
        assert_eq!(chosen(&["dial", "dial-webserver", "dial-index"]), ["dial-webserver"]);
        assert!(chosen(&["dial", "dial-webserver", "dial-indexserver"]).is_empty());
    }
}
