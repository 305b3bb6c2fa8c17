//! Puts what `[customize]` adds into a rendered Dockerfile, whatever template it came from.

use std::collections::BTreeMap;

use parse_dockerfile::Instruction;
use serde_json::json;

use super::Engine;
use crate::model::Diagnostic;
use crate::model::plan::{Insert, Point, ServicePlan};

/// Where certificates are kept before they are gathered into one file, and that file.
const CERTIFICATES: &str = "/usr/local/share/ca-certificates";
const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The text with everything that is added.
pub(super) fn apply(engine: &Engine, text: &str, service: &ServicePlan) -> Result<String, Diagnostic> {
    let custom = &service.custom;
    let stages = stages(text);
    let prod = &service.stages.prod;
    let has = |name: &str| stages.iter().any(|stage| stage.name == name);
    let building = [&service.stages.build, &service.stages.deps, &service.stages.base, prod].into_iter().find(|name| has(name)).unwrap_or(prod);
    let mut inserts: Vec<Insert> = Vec::new();
    let mut add = |stage: &str, at: Point, text: String| inserts.push(Insert { stage: stage.to_owned(), at, text });
    if let Some(path) = &custom.certificate {
        for stage in &stages {
            if let Some(text) = certificate(engine, path, stage, &stages, service)? {
                add(&stage.name, Point::Start, text);
            }
        }
    }
    if !custom.labels.is_empty() {
        let lines: Vec<String> = custom.labels.iter().map(|(name, value)| format!("{name}={}", quoted(value))).collect();
        add(prod, Point::Start, format!("LABEL {}", lines.join(" \\\n    ")));
    }
    // In a stage before the build a changed value would install the dependencies anew.
    let takes_args = if has(&service.stages.build) { &service.stages.build } else { prod };
    for (name, value) in &custom.build_args {
        let default = if value.is_empty() { String::new() } else { format!("={}", quoted(value)) };
        add(takes_args, Point::Start, format!("ARG {name}{default}"));
    }
    // A template that has room for packages and variables has printed them already.
    let missing = |names: &[String]| names.iter().filter(|name| !text.contains(name.as_str())).cloned().collect::<Vec<_>>();
    for (names, stage, os) in [(&custom.packages, prod, &service.os), (&custom.build_packages, building, &service.build_os)] {
        let names = missing(names);
        if !names.is_empty() {
            add(stage, Point::Start, engine.component("packages", &json!({ "os": os, "names": names }))?);
        }
    }
    let unset: BTreeMap<&str, &str> =
        custom.env.iter().filter(|(name, _)| !text.contains(&format!("{name}="))).map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if !unset.is_empty() {
        add(prod, Point::Start, engine.component("env", &json!({ "vars": unset }))?);
    }
    inserts.extend(custom.inserts.iter().cloned());
    // What goes to the start of a stage pushes down what went there before.
    let (mut start, rest): (Vec<Insert>, Vec<Insert>) = inserts.into_iter().partition(|insert| insert.at == Point::Start);
    start.reverse();
    let mut text = text.to_owned();
    for insert in start.into_iter().chain(rest) {
        text = put(&text, &insert, service)?;
    }
    if let Some(registry) = &custom.registry {
        text = text.replacen("# syntax=docker/", &format!("# syntax={registry}/docker/"), 1);
    }
    Ok(text)
}

struct Stage {
    name: String,
    image: String,
    /// The end of FROM, the first USER, the beginning of the last instructions, and the end.
    points: [usize; 3],
}

/// The stages with the offsets of their points.
fn stages(text: &str) -> Vec<Stage> {
    let Ok(parsed) = parse_dockerfile::parse(text) else { return Vec::new() };
    let line_end = |at: usize| text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
    let froms: Vec<usize> = parsed.stages().map(|stage| stage.from.from.span.start).collect();
    parsed
        .stages()
        .enumerate()
        .map(|(place, stage)| {
            let end = froms.get(place + 1).map_or(text.len(), |next| with_comments(text, *next));
            let starts: Vec<(usize, bool, bool)> = stage.instructions.iter().filter_map(place_of).collect();
            let user = starts.iter().find(|(_, is_user, _)| *is_user).map(|(at, ..)| with_comments(text, *at));
            let tail = starts.iter().rev().take_while(|(_, _, is_tail)| *is_tail).last().map(|(at, ..)| with_comments(text, *at));
            let last = tail.unwrap_or(end);
            Stage {
                name: stage.from.as_.as_ref().map(|(_, name)| name.value.to_string()).unwrap_or_default(),
                image: stage.from.image.value.to_string(),
                points: [line_end(stage.from.image.span.end), user.unwrap_or(last), last],
            }
        })
        .collect()
}

/// Where an instruction begins, whether it is USER, and whether it belongs to the last ones of a stage.
fn place_of(instruction: &Instruction<'_>) -> Option<(usize, bool, bool)> {
    Some(match instruction {
        Instruction::User(it) => (it.user.span.start, true, false),
        Instruction::Expose(it) => (it.expose.span.start, false, true),
        Instruction::Stopsignal(it) => (it.stopsignal.span.start, false, true),
        Instruction::Healthcheck(it) => (it.healthcheck.span.start, false, true),
        Instruction::Entrypoint(it) => (it.entrypoint.span.start, false, true),
        Instruction::Cmd(it) => (it.cmd.span.start, false, true),
        Instruction::From(_) => return None,
        _ => (0, false, false),
    })
}

/// The beginning of the comment that stands directly above an offset, or the offset itself.
fn with_comments(text: &str, at: usize) -> usize {
    let mut start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    while start > 0 {
        let above = text[..start - 1].rfind('\n').map_or(0, |end| end + 1);
        if !text[above..start].starts_with('#') {
            break;
        }
        start = above;
    }
    start
}

fn put(text: &str, insert: &Insert, service: &ServicePlan) -> Result<String, Diagnostic> {
    let names = &service.stages;
    let wanted = match insert.stage.as_str() {
        "base" => &names.base,
        "deps" => &names.deps,
        "dev" => &names.dev,
        "build" => &names.build,
        "prod" => &names.prod,
        other => other,
    };
    let stages = stages(text);
    let Some(stage) = stages.iter().find(|stage| stage.name == wanted) else {
        let known: Vec<&str> = stages.iter().map(|stage| stage.name.as_str()).collect();
        return Err(Diagnostic::error("customize", format!("`{}` has no stage `{}`", service.dockerfile, crate::model::evidence::tame(&insert.stage)))
            .help(format!("its stages are {}", known.join(", "))));
    };
    let at = match insert.at {
        Point::Start => stage.points[0],
        Point::Root => stage.points[1],
        Point::End => stage.points[2],
    };
    Ok(format!("{}\n{}\n\n{}", &text[..at], insert.text, &text[at..]))
}

/// What lets a stage trust the certificate; `None` for a stage that stands on another one, and for images of tools.
fn certificate(engine: &Engine, path: &str, stage: &Stage, stages: &[Stage], service: &ServicePlan) -> Result<Option<String>, Diagnostic> {
    let of = |role: &str| service.images.get(role).is_some_and(|image| *image == stage.image);
    let os = match () {
        () if of("build") => &service.build_os,
        () if of("prod") || stage.image == "scratch" => &service.os,
        () => return Ok(None),
    };
    let name = path.rsplit('/').next().unwrap_or(path);
    let target = format!("{CERTIFICATES}/{}.crt", name.rsplit_once('.').map_or(name, |(stem, _)| stem));
    let env = format!("ENV NODE_EXTRA_CA_CERTS={target} \\\n    REQUESTS_CA_BUNDLE={BUNDLE} \\\n    SSL_CERT_FILE={BUNDLE}");
    if os == "none" {
        // Without a shell the gathered file comes from a stage that has one.
        let from = stages.iter().find(|stage| service.images.get("build").is_some_and(|image| *image == stage.image));
        return Ok(from.map(|from| format!("COPY --from={} {BUNDLE} {BUNDLE}", from.name)));
    }
    let gather = engine.component("packages", &json!({ "os": os, "names": ["ca-certificates"] }))?;
    let root = if stage.image.contains("unprivileged") { "USER 0:0\n\n" } else { "" };
    Ok(Some(format!("{root}COPY {path} {target}\n\n{gather}\n\nRUN update-ca-certificates\n\n{env}")))
}

/// A value in quotes, nothing of which is expanded; the reader of `dockgen.toml` refuses control characters.
fn quoted(value: &str) -> String {
    let escaped: String = value.chars().flat_map(|c| if matches!(c, '"' | '\\' | '$') { vec!['\\', c] } else { vec![c] }).collect();
    format!("\"{escaped}\"")
}

#[cfg(test)]
mod tests {
    use super::stages;

    #[test]
    fn points_of_stages_are_found() {
        let text = "FROM a AS base\nWORKDIR /x\n\n# prod is\nFROM base AS prod\nCOPY a b\nUSER 1:1\nEXPOSE 1\n# why\nHEALTHCHECK NONE\nCMD [\"x\"]\n";
        let found = stages(text);
        let rest = |stage: usize, point: usize| text[found[stage].points[point]..].lines().next().unwrap_or_default();
        assert_eq!((rest(0, 0), rest(0, 2)), ("WORKDIR /x", "# prod is"));
        assert_eq!((rest(1, 0), rest(1, 1), rest(1, 2)), ("COPY a b", "USER 1:1", "EXPOSE 1"));
    }
}
