//! Zig: what `zig build` makes, by build.zig and build.zig.zon.

use std::rc::Rc;

use super::writes::compiled::Language;
use super::{Detector, Found, asked, health, reads, source};
use crate::catalog::StackPack;
use crate::catalog::stack::RuntimeRow;
use crate::fs::{Dir, Text};
use crate::manifest::{pattern, tool_versions};
use crate::model::question::Question;
use crate::model::{Answers, Candidates, Claim, Cmd, Decision, Dependency, Diagnostic, Evidence, Health, Kind, Open, ServiceDraft, Source, Strength, Version};

/// The detector.
pub struct Zig;

impl Detector for Zig {
    fn id(&self) -> &'static str {
        "zig"
    }

    fn claims(&self, dir: &Dir<'_>) -> Option<Claim> {
        dir.has("build.zig").then(|| Claim::new(Strength::Certain, Evidence::file(dir.at("build.zig"))))
    }

    fn draft(&self, dir: &Dir<'_>, pack: &StackPack, answers: &Answers) -> Result<Found, Diagnostic> {
        let (Some(build), manifest) = (dir.read("build.zig")?, dir.read("build.zig.zon")?) else { return Ok(Found::default()) };
        let programs = programs(&build);
        let given = answers.get(Question::App).map(|given| given.value.as_str()).unwrap_or_default();
        let own = manifest.as_ref().and_then(|text| find_all(text, r#"(?m)^\s*\.name\s*=\s*[."]\s*(\w[\w-]*)"#).into_iter().next()).map(|hit| hit.value);
        let named = |name: &str| programs.iter().find(|program| program.value == name);
        let chosen = named(given).or_else(|| if let [only] = programs.as_slice() { Some(only) } else { named(own.as_deref()?) });
        let name = chosen.map_or_else(|| own.clone().unwrap_or_default(), |program| program.value.clone());
        let mut draft = ServiceDraft::new("zig", dir.path().clone(), &name);
        let hints = answers.hints(dir.path(), &draft.name);
        if let Some(row) = &pack.runtime {
            draft.runtime = Some(asked::runtime(&hints, row, versions(dir, manifest.as_ref(), row)?)?);
        }
        draft.package_manager = Some(Decision::new("zig".to_owned(), Source::File(build.evidence())));
        let Some(program) = chosen else {
            let candidates = programs.iter().map(|program| (program.value.clone(), Source::File(program.at.clone()))).collect();
            draft.open.push(if programs.is_empty() {
                Open {
                    question: Question::StartCmd,
                    message: "build.zig adds no executable by a name that it writes out: it is a library".to_owned(),
                    candidates,
                }
            } else {
                Open { question: Question::App, message: format!("build.zig makes {} programs", programs.len()), candidates }
            });
            return Ok(Found::one(draft));
        };
        let texts = source::files(dir, &["zig"], &[]);
        facts(&mut draft, &texts, &hints)?;
        let reads = reads::read(dir, &texts, "");
        let files = reads.texts(dir);
        reads.state(&mut draft);
        ZIG.search(dir, &mut draft, &texts, &files);
        commands(&mut draft, &build, program, &hints)?;
        let fetches = manifest.as_ref().is_some_and(|text| text.as_str().contains(".url"));
        // The build file alone can be run before the source is there only if it imports none of it.
        draft.set("fetches", fetches && find_all(&build, r#"@import\(\s*"([\w./-]+\.zig)""#).is_empty());
        draft.watch.action = "sync+restart".to_owned();
        draft.watch.paths = vec![".".to_owned()];
        draft.watch.rebuild = manifest.map(|_| "build.zig.zon".to_owned()).into_iter().collect();
        draft.compose.volumes = vec!["home:/home/app".to_owned()];
        Ok(Found::one(draft))
    }
}

/// What a program in Zig writes beside itself.
const ZIG: Language = Language {
    files: &[r#"\b(?:createFile\w*|sqlite3_open)\((?:\w+,\s*)?\s*"([^"\n]+)""#, r#"\.mode\s*=\s*\.\{\s*\.File\s*=\s*"([^"\n]+)""#],
    folders: &[r#"\b(?:makePath|makeDir|makeOpenPath|createDir\w*)\((?:\w+,\s*)?\s*"([^"\n]+)""#],
    settings: &[
        r#"\b(\w+)\s*(?::\s*\[(?::0)?\]const u8\s*)?=\s*"([^"\n]+)""#,
        r#"\b(?:getenv|getEnvVarOwned)\([^"\n]*"(\w+)"\)\s*(?:orelse|catch)\s*"([^"\n]+)""#,
    ],
    keeps: r"\b(createFile|makePath|makeDir|makeOpenPath|createDir|sqlite3_open|sqlite\.Db)",
    databases: r"\b(sqlite3_open|sqlite\.Db)",
};

/// What the build makes to be installed; what it only runs while it builds is no program of the project.
fn programs(build: &Rc<Text>) -> Vec<source::Hit> {
    let mut all = find_all(build, r#"addExecutable\(\s*\.\{\s*\.name\s*=\s*"([\w.-]+)""#);
    let named = find_all(build, r#"\b(?:const|var)\s+(\w+\s*=\s*\w+\.addExecutable\(\s*\.\{\s*\.name\s*=\s*"[\w.-]+)""#);
    let installed = |name: &str| {
        let own = named.iter().filter(|hit| hit.value.rsplit('"').next() == Some(name));
        own.filter_map(|hit| hit.value.split([' ', '=']).next()).any(|variable| build.as_str().contains(&format!("nstallArtifact({variable}")))
    };
    if all.iter().any(|program| installed(&program.value)) {
        all.retain(|program| installed(&program.value));
    }
    // What functions for the projects that use this one make is none of its own.
    let mut offered: Vec<std::ops::Range<u32>> = Vec::new();
    for (number, line) in build.lines() {
        if line.starts_with("pub fn ") && !line.starts_with("pub fn build(") {
            offered.push(number..u32::MAX);
        } else if line.starts_with('}')
            && let Some(last) = offered.last_mut().filter(|last| last.end == u32::MAX)
        {
            last.end = number;
        }
    }
    all.retain(|program| program.at.line.is_none_or(|line| !offered.iter().any(|body| body.contains(&line.get()))));
    let mut known: Vec<String> = Vec::new();
    all.retain(|program| {
        let new = !known.contains(&program.value);
        known.push(program.value.clone());
        new
    });
    all
}

fn find_all(text: &Rc<Text>, expression: &str) -> Vec<source::Hit> {
    pattern::pattern(expression).map(|pattern| source::find_all(std::slice::from_ref(text), &pattern, "//")).unwrap_or_default()
}

/// Where Zig's version is named: version files, then the least that build.zig.zon asks for, as no newer one is sure to compile it.
fn versions(dir: &Dir<'_>, manifest: Option<&Rc<Text>>, row: &RuntimeRow) -> Result<Candidates<Version>, Diagnostic> {
    let mut versions = Candidates::new();
    let exact = |text: &str| text.parse::<Version>().ok().and_then(|version| asked::complete(&version, row)).filter(|version| row.line(version).is_some());
    for file in [".zigversion", ".zig-version"] {
        versions.extend(tool_versions::single(dir, file)?.and_then(|(text, at)| Some((exact(&text)?, Source::File(at)))));
    }
    versions.extend(tool_versions::read(dir, &["zig"])?.into_iter().filter_map(|(text, at)| Some((exact(&text)?, Source::File(at)))));
    let least = manifest.and_then(|text| find_all(text, r#"\.minimum_zig_version\s*=\s*"(\d+\.\d+\.\d+)""#).into_iter().next());
    versions.extend(least.and_then(|hit| Some((exact(&hit.value)?, Source::inferred("the least that it compiles with", [hit.at])))));
    Ok(versions)
}

fn commands(draft: &mut ServiceDraft, build: &Rc<Text>, program: &source::Hit, hints: &crate::model::answers::Hints<'_>) -> Result<(), Diagnostic> {
    let binary = &program.value;
    let takes = |call: &str| build.as_str().contains(call);
    let mut words = vec!["python -m ziglang build".to_owned()];
    words.extend(takes("standardOptimizeOption").then(|| "-Doptimize=ReleaseSafe".to_owned()));
    // Without a word about the C library the compiler takes the one of this machine.
    words.extend(takes("standardTargetOptions").then(|| "-Dtarget=native-linux-musl".to_owned()));
    words.push("--prefix /out".to_owned());
    draft.set("static", takes("standardTargetOptions"));
    let mut builds = Candidates::new();
    builds.push(Cmd::Shell(words.join(" ")), Source::default("optimised, and checked while it runs"));
    draft.build = asked::command(hints, Question::BuildCmd, builds)?;
    let mut starts = Candidates::new();
    starts.push(Cmd::exec([format!("/usr/local/bin/{binary}")]), Source::inferred("the program that is built", [program.at.clone()]));
    draft.start = asked::command(hints, Question::StartCmd, starts)?;
    let dev = if takes("b.step(\"run\"") {
        Cmd::exec(["python", "-m", "ziglang", "build", "run"])
    } else {
        Cmd::Shell(format!("python -m ziglang build --prefix /tmp/dev && exec /tmp/dev/bin/{binary}"))
    };
    draft.dev = Some(Decision::new(dev, Source::default("zig compiles what changed")));
    draft.set("binary", binary.clone());
    Ok(())
}

/// Places that name a port.
const PORTS: &[&str] = &[
    r"\b(?:initIp4|parseIp4?|parseIp|resolveIp|IpAddress\.parse)\([^;\n]{0,60}?,\s*(\d{2,5})\s*\)",
    r"\.port\s*=\s*(\d{2,5})\b",
    r"\bport\s*(?::\s*u16\s*)?=\s*(\d{2,5})\b",
];

/// What the source says of the running program.
fn facts(draft: &mut ServiceDraft, texts: &[Rc<Text>], hints: &crate::model::answers::Hints<'_>) -> Result<(), Diagnostic> {
    let search = |expression: &str| pattern::pattern(expression).ok().and_then(|pattern| source::find(texts, &pattern, "//")).map(|hit| hit.at);
    let listens = search(r"(\.listen\(|posix\.listen|http\.Server|httpz\.|zap\.|tk\.Server)");
    let mut ports = Candidates::new();
    for pattern in PORTS.iter().filter(|_| listens.is_some()).filter_map(|text| pattern::pattern(text).ok()) {
        ports.extend(source::find_all(texts, &pattern, "//").into_iter().filter_map(|hit| Some((hit.value.parse().ok()?, Source::File(hit.at)))));
    }
    draft.port = asked::first_port(hints, ports)?;
    draft.kind = match (&draft.port, &listens) {
        (Some(_), _) => Kind::Server,
        (None, Some(_)) => Kind::Worker,
        _ => Kind::Tool,
    };
    if let Some(at) = search(r#"("127\.0\.0\.1"|\.\{\s*127,\s*0,\s*0,\s*1\s*\})"#).filter(|_| draft.kind == Kind::Server) {
        let message = format!("service `{}` listens on the loopback address: nothing outside of its container reaches it there", draft.name);
        draft.notes.push(Diagnostic::warning("loopback", message).at(at).help("listen on 0.0.0.0"));
    }
    let http = search(r"(http\.Server|httpz|zap\.|HTTP/1)").is_some();
    draft.health = match draft.kind {
        Kind::Server if http => Health::Http(health::route(texts)),
        Kind::Server => Health::None { because: format!("`{}` speaks no HTTP", draft.name) },
        _ => Health::None { because: format!("`{}` serves no port", draft.name) },
    };
    if draft.kind != Kind::Tool && search(r"\b(SIG\.TERM|SIGTERM|sigaction)\b").is_none() {
        draft.facts.push(("init".to_owned(), Decision::new("tini".to_owned(), Source::default("as process 1, a program without a handler ignores SIGTERM"))));
        draft.set("init", true);
        draft.system.push(Dependency { name: "tini".to_owned(), at: Evidence::file(draft.root.clone()), production: true });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::{ZIG, programs};
    use crate::detect::writes::compiled::written;
    use crate::fs::Text;
    use crate::model::RelPath;

    #[test]
    fn what_is_installed_is_a_program() {
        let names = |source: &str| {
            let found = programs(&Rc::new(Text::new(RelPath::known("build.zig"), source)));
            found.into_iter().map(|hit| hit.value).collect::<Vec<_>>().join(" ")
        };
        let tool = "    const tool = b.addExecutable(.{\n        .name = \"tool\",\n    });\n    _ = b.addRunArtifact(tool);\n";
        let web = "    const exe = b.addExecutable(.{ .name = \"web\" });\n    b.installArtifact(exe);\n";
        assert_eq!(names(&format!("pub fn build(b: *std.Build) void {{\n{tool}{web}}}\n")), "web");
        assert_eq!(names(&format!("pub fn build(b: *std.Build) void {{\n{web}}}\n\npub fn init(b: *std.Build) void {{\n{tool}}}\n")), "web");
        assert_eq!(names(&format!("pub fn build(b: *std.Build) void {{}}\n\npub fn init(b: *std.Build) void {{\n{tool}{tool}}}\n")), "");
    }

    #[test]
    fn files_and_folders_by_calls_and_by_settings() {
        for (source, expected) in [
            ("const file = try std.fs.cwd().createFile(\"visits.log\", .{});", "visits.log"),
            ("try std.fs.cwd().makePath(\"data/blobs\");", "data/blobs"),
            ("const data_dir = \"/var/lib/kv\";\ntry std.fs.makeDirAbsolute(data_dir); cwd().makePath(data_dir);", "/var/lib/kv"),
            ("const page = \"data/a\";", ""),
        ] {
            assert_eq!(written(|dir, draft, texts| ZIG.search(dir, draft, texts, &[]), source), expected, "{source}");
        }
    }
}
