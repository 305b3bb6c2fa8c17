//! Plain words for a terminal: lower case, what, where, how to mend it; colour never carries meaning alone.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::catalog::StackPack;
use crate::detect::Detection;
use crate::model::evidence::tame;
use crate::model::plan::{Plan, Rendered};
use crate::model::{Decision, Diagnostic, Health, RelPath, ServiceDraft, Severity};
use crate::write::ChangeSet;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

fn style(severity: Severity) -> Style {
    let colour = match severity {
        Severity::Note => AnsiColor::Cyan,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Error => AnsiColor::Red,
    };
    colour.on_default().bold()
}

/// Diagnostics, the heaviest last so that it is what the eye meets.
pub fn diagnostics(list: &[Diagnostic]) -> String {
    // What several services share is said once.
    let mut sorted: Vec<&Diagnostic> = list.iter().enumerate().filter(|(at, one)| !list[..*at].contains(one)).map(|(_, one)| one).collect();
    sorted.sort_by_key(|diagnostic| diagnostic.severity);
    let mut out = String::new();
    for diagnostic in sorted {
        let style = style(diagnostic.severity);
        let _ = writeln!(out, "{style}{}{style:#}: {}", diagnostic.severity.word(), diagnostic.message);
        for at in &diagnostic.at {
            let _ = writeln!(out, " --> {at}");
        }
        if let Some(help) = &diagnostic.help {
            let _ = writeln!(out, "help: {help}");
        }
    }
    out
}

/// What was found, one line a fact with its reason.
pub fn detection(found: &Detection) -> String {
    let mut out = String::new();
    for service in &found.services {
        let _ = writeln!(out, "{BOLD}{}{BOLD:#} ({}) in {}", service.name, service.stack, tame(service.root.display()));
        for (fact, value, why) in facts(service) {
            let _ = writeln!(out, "  {:<16} {}  {DIM}{why}{DIM:#}", fact.replace('_', " "), tame(&value));
        }
    }
    out
}

/// The facts of a service: name, value and reason.
pub fn facts(service: &ServiceDraft) -> Vec<(String, String, String)> {
    fn add<T: ToString>(rows: &mut Vec<(String, String, String)>, fact: &str, decision: Option<&Decision<T>>) {
        if let Some(decision) = decision {
            rows.push((fact.to_owned(), decision.value.to_string(), decision.source.to_string()));
        }
    }
    let mut rows = Vec::new();
    add(&mut rows, "framework", service.framework.as_ref());
    add(&mut rows, "package_manager", service.package_manager.as_ref());
    add(&mut rows, "runtime", service.runtime.as_ref());
    add(&mut rows, "build", service.build.as_ref());
    add(&mut rows, "start", service.start.as_ref());
    add(&mut rows, "dev", service.dev.as_ref());
    add(&mut rows, "port", service.port.as_ref());
    if let Health::Http(path) = &service.health {
        add(&mut rows, "health", Some(path));
    }
    for (fact, decision) in &service.facts {
        add(&mut rows, fact, Some(decision));
    }
    rows
}

/// What would happen or has happened to each file, with files that are dockgen's own or stand beside others.
pub fn changes(set: &ChangeSet, more: &[Rendered], done: bool) -> String {
    let line = |word: &str, path: &RelPath| format!("{word:<10} {path}\n");
    let own = more.iter().map(|file| line(if done { "written" } else { "write" }, &file.path));
    set.changes.iter().map(|change| line(change.action.word(done), &change.file.path)).chain(own).collect()
}

/// The candidates that lost, one line each.
pub fn outvoted(found: &Detection) -> String {
    fn add<T: ToString>(out: &mut String, fact: &str, decision: Option<&Decision<T>>) {
        for (value, source) in decision.iter().flat_map(|decision| &decision.outvoted) {
            let _ = writeln!(out, "  {fact:<16} not {}  {DIM}{source}{DIM:#}", tame(&value.to_string()));
        }
    }
    let mut out = String::new();
    for service in &found.services {
        add(&mut out, "framework", service.framework.as_ref());
        add(&mut out, "package manager", service.package_manager.as_ref());
        add(&mut out, "runtime", service.runtime.as_ref());
        add(&mut out, "build", service.build.as_ref());
        add(&mut out, "start", service.start.as_ref());
        add(&mut out, "dev", service.dev.as_ref());
        add(&mut out, "port", service.port.as_ref());
    }
    out
}

/// The commands to go on with.
pub fn next_steps(plan: &Plan) -> String {
    let mut out = String::from("\nnext:\n");
    if let Some(compose) = &plan.compose {
        let urls: Vec<String> = compose
            .services
            .iter()
            .filter_map(|service| service.ports.first())
            .filter_map(|port| Some(format!("http://localhost:{}", port.split(':').nth(1)?)))
            .collect();
        let _ = writeln!(
            out,
            "  docker compose up --watch    {DIM}development{}{DIM:#}",
            if urls.is_empty() { String::new() } else { format!(" at {}", urls.join(", ")) }
        );
    }
    for service in &plan.services {
        let file = service
            .dockerfile
            .below(&service.context)
            .filter(|file| *file != "Dockerfile")
            .map_or_else(String::new, |file| format!(" -f {}", service.context.join(file).unwrap_or_default()));
        let _ = writeln!(out, "  docker build -t {}{file} {}    {DIM}production{DIM:#}", service.name, service.context);
    }
    out
}

/// What the catalogue knows.
pub fn stacks(packs: &[StackPack]) -> String {
    let mut out = String::new();
    for pack in packs {
        let _ = writeln!(out, "{BOLD}{}{BOLD:#} ({})", pack.id, pack.title);
        if let Some(runtime) = &pack.runtime {
            let lines: Vec<String> = runtime.lines.iter().map(|line| line.version.to_string()).collect();
            let _ = writeln!(out, "  runtime          {} {}; knows {}", runtime.title, runtime.default, lines.join(", "));
        }
        let list = |names: Vec<&str>| names.join(", ");
        let managers = list(pack.package_manager.iter().map(|row| row.id.as_str()).collect());
        if !managers.is_empty() {
            let _ = writeln!(out, "  package manager  {managers}");
        }
        let frameworks = list(pack.framework.iter().map(|row| row.id.as_str()).collect());
        if !frameworks.is_empty() {
            let _ = writeln!(out, "  framework        {frameworks}");
        }
        let bases = list(pack.bases.keys().map(String::as_str).collect());
        let _ = writeln!(out, "  base             {bases}; default {} ({})", pack.default_base, pack.default_base_because);
    }
    out
}
