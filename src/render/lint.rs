//! Reads the rendered text back and checks it against what was decided, user templates included.

use parse_dockerfile::{Command, Dockerfile, HealthcheckArguments, Instruction, Source};

use crate::fs::Dir;
use crate::manifest::ignored::Patterns;
use crate::model::plan::{ComposePlan, Rendered, ServicePlan};
use crate::model::{Diagnostic, Evidence, RelPath};

/// The instructions of a Dockerfile: stage and keyword, in order.
fn instructions(text: &str) -> Result<Vec<&'static str>, String> {
    let parsed = parse_dockerfile::parse(text).map_err(|error| error.to_string())?;
    Ok(parsed.instructions.iter().map(keyword).collect())
}

fn keyword(instruction: &Instruction<'_>) -> &'static str {
    match instruction {
        Instruction::Add(_) => "ADD",
        Instruction::Arg(_) => "ARG",
        Instruction::Cmd(_) => "CMD",
        Instruction::Copy(_) => "COPY",
        Instruction::Entrypoint(_) => "ENTRYPOINT",
        Instruction::Env(_) => "ENV",
        Instruction::Expose(_) => "EXPOSE",
        Instruction::From(_) => "FROM",
        Instruction::Healthcheck(_) => "HEALTHCHECK",
        Instruction::Label(_) => "LABEL",
        Instruction::Maintainer(_) => "MAINTAINER",
        Instruction::Onbuild(_) => "ONBUILD",
        Instruction::Run(_) => "RUN",
        Instruction::Shell(_) => "SHELL",
        Instruction::Stopsignal(_) => "STOPSIGNAL",
        Instruction::User(_) => "USER",
        Instruction::Volume(_) => "VOLUME",
        Instruction::Workdir(_) => "WORKDIR",
        _ => "?",
    }
}

fn problem(path: &RelPath, message: impl std::fmt::Display) -> Diagnostic {
    Diagnostic::error("read-back", format!("the rendered `{path}` is not what was decided: {message}"))
        .help("a value of the project, or a template of your own, changes what the file does")
}

/// Two renderings must hold the same instructions in the same order.
pub fn same_instructions(text: &str, harmless: &str, path: &RelPath) -> Result<(), Diagnostic> {
    let got = instructions(text).map_err(|error| problem(path, error))?;
    let want = instructions(harmless).map_err(|error| problem(path, error))?;
    if got == want { Ok(()) } else { Err(problem(path, "a value adds, removes or changes an instruction")) }
}

/// Checks a Dockerfile against its plan and the rules that hold for every stack.
pub fn dockerfile(text: &str, service: &ServicePlan) -> Result<(), Diagnostic> {
    let path = &service.dockerfile;
    let parsed = parse_dockerfile::parse(text).map_err(|error| problem(path, error))?;
    let stages: Vec<(String, String)> = parsed
        .stages()
        .map(|stage| (stage.from.as_.as_ref().map(|(_, name)| name.value.to_string()).unwrap_or_default(), stage.from.image.value.to_string()))
        .collect();
    check_stages(&stages, service).map_err(|message| problem(path, message))?;
    check_sources(&parsed, &stages, service).map_err(|message| problem(path, message))?;
    last_stage(&parsed, service)
}

/// Checks a Dockerfile with the project's own instructions in it: what they bring in is theirs to answer for, but the last stage keeps its rules.
pub fn customised(text: &str, service: &ServicePlan) -> Result<(), Diagnostic> {
    let parsed = parse_dockerfile::parse(text).map_err(|error| problem(&service.dockerfile, error))?;
    last_stage(&parsed, service)
}

fn last_stage(parsed: &Dockerfile<'_>, service: &ServicePlan) -> Result<(), Diagnostic> {
    let path = &service.dockerfile;
    let all: Vec<_> = parsed.stages().collect();
    let Some(last) = all.last() else { return Err(problem(path, "it has no stage")) };
    let mut seen = Seen::default();
    // What the last stage inherits counts, but the user is said where it ends.
    let mut chain = vec![last];
    let mut above = &all[..all.len() - 1];
    let is = |stage: &parse_dockerfile::Stage<'_, '_>, name: &str| stage.from.as_.as_ref().is_some_and(|(_, own)| own.value == name);
    while let Some(place) = above.iter().position(|stage| is(stage, &chain[chain.len() - 1].from.image.value)) {
        chain.push(&all[place]);
        above = &all[..place];
    }
    for instruction in chain.iter().rev().flat_map(|stage| stage.instructions) {
        seen.take(instruction, service).map_err(|message| problem(path, message))?;
    }
    if !last.instructions.iter().any(|instruction| matches!(instruction, Instruction::User(_))) {
        seen.user = None;
    }
    seen.finish(service).map_err(|message| problem(path, message))
}

fn check_stages(stages: &[(String, String)], service: &ServicePlan) -> Result<(), String> {
    let names = &service.stages;
    let mut last_known = None;
    let order = [&names.base, &names.deps, &names.dev, &names.build];
    for (i, (name, image)) in stages.iter().enumerate() {
        if name.is_empty() {
            return Err("a stage has no name".to_owned());
        }
        if stages[..i].iter().any(|(known, _)| known == name) {
            return Err(format!("two stages are named `{name}`"));
        }
        let known_image = service.images.values().any(|known| known == image) || image == "scratch" && service.base == "scratch";
        if !known_image && !stages[..i].iter().any(|(known, _)| known == image) {
            return Err(format!("`{image}` is neither a stage above nor an image of the plan"));
        }
        if let Some(place) = order.iter().position(|known| *known == name) {
            if last_known.is_some_and(|last| last > place) {
                return Err(format!("stage `{name}` stands out of order"));
            }
            last_known = Some(place);
        }
    }
    match stages.last() {
        Some((name, _)) if *name == names.prod => Ok(()),
        _ => Err(format!("the last stage is not `{}`", names.prod)),
    }
}

/// Copies come from the context, a stage above, or an image of the plan; nothing is fetched by ADD.
fn check_sources(parsed: &Dockerfile<'_>, stages: &[(String, String)], service: &ServicePlan) -> Result<(), String> {
    for instruction in &parsed.instructions {
        match instruction {
            Instruction::Add(_) => return Err("it has an ADD".to_owned()),
            Instruction::Copy(copy) => {
                let from = copy.options.iter().find(|flag| flag.name.value == "from").and_then(|flag| flag.value.as_ref());
                if let Some(from) = from
                    && !stages.iter().any(|(name, _)| *name == from.value)
                    && !service.images.values().any(|image| *image == from.value)
                {
                    return Err(format!("`{}` is neither a stage nor an image of the plan", from.value));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

#[derive(Default)]
struct Seen {
    user: Option<String>,
    command: Vec<String>,
    entrypoint: Vec<String>,
    health: bool,
    exposed: Vec<String>,
}

impl Seen {
    fn take(&mut self, instruction: &Instruction<'_>, service: &ServicePlan) -> Result<(), String> {
        match instruction {
            Instruction::User(user) => self.user = Some(user.arguments.value.to_string()),
            Instruction::Cmd(cmd) => self.command = exec(&cmd.arguments)?,
            Instruction::Entrypoint(entrypoint) => self.entrypoint = exec(&entrypoint.arguments)?,
            Instruction::Expose(expose) => self.exposed.extend(expose.arguments.iter().map(|port| port.value.to_string())),
            Instruction::Healthcheck(health) => {
                self.health = true;
                if let HealthcheckArguments::Cmd { arguments, .. } = &health.arguments {
                    exec(arguments)?;
                }
            }
            Instruction::Copy(copy) => {
                let from_context = !copy.options.iter().any(|flag| flag.name.value == "from");
                let whole = copy.src.iter().any(|source| matches!(source, Source::Path(path) if path.value == "." || path.value == "./"));
                if from_context && whole && service.kind != "site" {
                    return Err("the production stage copies the whole context".to_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn finish(self, service: &ServicePlan) -> Result<(), String> {
        let user = self.user.as_deref().and_then(|user| user.split_once(':')).and_then(|(uid, gid)| Some((uid.parse::<u32>().ok()?, gid.parse::<u32>().ok()?)));
        match user {
            Some((uid, _)) if uid != 0 => {}
            _ => return Err("the last stage has no numeric USER other than root".to_owned()),
        }
        if !self.health {
            return Err("the last stage says nothing of HEALTHCHECK".to_owned());
        }
        let run: Vec<&String> = self.entrypoint.iter().chain(&self.command).collect();
        if run.is_empty() && service.kind != "site" {
            return Err("the last stage has no command".to_owned());
        }
        // What was decided must stand at the end of what runs, word for word.
        let decided: Vec<&String> = service.start.iter().collect();
        let as_decided = run.ends_with(&decided)
            || decided.first().is_some_and(|program| run.iter().any(|word| word.ends_with(program.rsplit('/').next().unwrap_or(program))));
        if service.kind != "site" && !as_decided {
            return Err(format!("it runs {run:?}"));
        }
        let ports: Vec<String> = service.port.iter().map(ToString::to_string).collect();
        if service.kind != "site" && self.exposed != ports {
            return Err(format!("it exposes {:?}", self.exposed));
        }
        Ok(())
    }
}

fn exec(command: &Command<'_>) -> Result<Vec<String>, String> {
    match command {
        Command::Exec(words) => Ok(words.value.iter().map(|word| word.value.to_string()).collect()),
        _ => Err("a command is not in exec form".to_owned()),
    }
}

/// Whether a text still is what its name says: a Dockerfile, or YAML.
pub fn parses(path: &RelPath, text: &str) -> Result<(), Diagnostic> {
    match path.name().rsplit('.').next() {
        Some("dockerignore") => Ok(()),
        Some("yaml" | "yml") => crate::manifest::Document::yaml(&crate::fs::Text::new(path.clone(), text)).map(|_| ()),
        _ => parse_dockerfile::parse(text).map(|_| ()).map_err(|error| problem(path, error)),
    }
}

/// Checks compose.yaml against its plan: it parses, and holds the services that were decided and no others.
pub fn compose(text: &str, plan: &ComposePlan) -> Result<(), Diagnostic> {
    let doc = crate::manifest::Document::yaml(&crate::fs::Text::new(plan.path.clone(), text)).map_err(|error| problem(&plan.path, error.message))?;
    let got: Vec<&str> = doc.get(&["services"]).into_iter().flat_map(|services| services.entries().map(|(name, _)| name)).collect();
    let want: Vec<&str> = plan.services.iter().map(|service| service.name.as_str()).collect();
    if got == want { Ok(()) } else { Err(problem(&plan.path, format!("its services are {got:?}"))) }
}

/// Checks that every path that a Dockerfile copies from its context is there and not ignored.
pub fn copies(file: &Rendered, context: &Dir<'_>, ignore: Option<&str>) -> Vec<Diagnostic> {
    let text = readable(&file.text);
    let Ok(parsed) = parse_dockerfile::parse(&text) else { return Vec::new() };
    let patterns = Patterns::parse(ignore.unwrap_or_default());
    let mut problems = Vec::new();
    for instruction in &parsed.instructions {
        let Instruction::Copy(copy) = instruction else { continue };
        if copy.options.iter().any(|flag| matches!(&*flag.name.value, "from" | "parents")) {
            continue;
        }
        for source in &copy.src {
            let Source::Path(path) = source else { continue };
            let path = path.value.trim_start_matches("./").trim_end_matches('/');
            if path.is_empty() || path == "." || path.contains(['*', '?', '[', '$']) {
                continue;
            }
            let line = text[..copy.copy.span.start].matches('\n').count() + 1;
            let at = Evidence::line(file.path.clone(), u32::try_from(line).unwrap_or(0), format!("COPY {path}"));
            if !context.has(path) && !context.has_dir(path) {
                problems.push(Diagnostic::error("missing-copy", format!("`{path}` is copied but is not in the build context")).at(at));
            } else if patterns.excludes(path) {
                problems.push(Diagnostic::error("ignored-copy", format!("`{path}` is copied but .dockerignore keeps it out")).at(at));
            }
        }
    }
    problems
}

/// A Dockerfile of somebody else's in the form that the parser takes: it refuses `ENTRYPOINT []`, which takes back the base image's. Lines stay where they are.
pub fn readable(text: &str) -> String {
    let empty = |line: &str| {
        let bare: String = line.split_whitespace().collect();
        bare.eq_ignore_ascii_case("ENTRYPOINT[]") || bare.eq_ignore_ascii_case("CMD[]")
    };
    text.lines().map(|line| if empty(line) { format!("{}\n", line.replace(']', "\"\"]")) } else { format!("{line}\n") }).collect()
}

/// What is wrong with any Dockerfile, whoever wrote it: lines and messages.
pub fn any(text: &str) -> Vec<(usize, String)> {
    let readable = readable(text);
    let text = readable.as_str();
    let Ok(parsed) = parse_dockerfile::parse(text) else { return vec![(1, "it can't be parsed".to_owned())] };
    let line = |at: usize| text[..at].matches('\n').count() + 1;
    let mut found = Vec::new();
    let stages: Vec<String> = parsed.stages().filter_map(|stage| Some(stage.from.as_.as_ref()?.1.value.to_lowercase())).collect();
    for instruction in &parsed.instructions {
        match instruction {
            Instruction::From(from) => {
                let image = &*from.image.value;
                let known = image == "scratch" || image.contains(['$', '@']) || stages.contains(&image.to_lowercase());
                let tag = image.rsplit('/').next().and_then(|name| name.split_once(':')).map(|(_, tag)| tag);
                if !known && tag.is_none_or(|tag| tag == "latest") {
                    found.push((line(from.from.span.start), format!("`{image}` has no tag but latest: the next build may stand on something else")));
                }
            }
            Instruction::Cmd(cmd) if exec(&cmd.arguments).is_err() => {
                found.push((line(cmd.cmd.span.start), "CMD is not in exec form: a shell stands between the program and its signals".to_owned()));
            }
            Instruction::Entrypoint(entrypoint) if exec(&entrypoint.arguments).is_err() => {
                found.push((
                    line(entrypoint.entrypoint.span.start),
                    "ENTRYPOINT is not in exec form: a shell stands between the program and its signals".to_owned(),
                ));
            }
            Instruction::Add(add) if add.src.iter().any(|source| matches!(source, Source::Path(path) if path.value.starts_with("http"))) => {
                found.push((line(add.add.span.start), "ADD fetches a file whose content nobody checks".to_owned()));
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::any;

    #[test]
    fn somebody_else_s_dockerfile_is_read_too() {
        assert_eq!(any("FROM python:3.14-slim\nENTRYPOINT []\nCMD [\"a\"]\n"), []);
        let found = any("FROM node\nCMD npm start\n");
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 2]);
    }
}
