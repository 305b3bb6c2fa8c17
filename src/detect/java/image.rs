//! What an image needs to know of a program: its Java, how it is built, started, watched and asked for its health.

use std::rc::Rc;

use serde_json::json;

use super::archive::Archive;
use super::{Module, Program, files, gradle, settings};
use crate::catalog::StackPack;
use crate::catalog::stack::RuntimeRow;
use crate::detect::recognised::look;
use crate::detect::{asked, health};
use crate::fs::{Dir, Text};
use crate::manifest::properties;
use crate::model::answers::Hints;
use crate::model::question::Question;
use crate::model::{Answers, Candidates, Cmd, Decision, Dependency, Diagnostic, Health, Open, ServiceDraft, Source, Version};

/// Variables that move the port, by the framework.
const PORTS: &[(&str, &str)] =
    &[("spring-boot", "SERVER_PORT"), ("grails", "SERVER_PORT"), ("quarkus", "QUARKUS_HTTP_PORT"), ("micronaut", "MICRONAUT_SERVER_PORT")];

/// Lines of Java that distroless has images of.
const DISTROLESS: &[u32] = &[17, 21, 25];

/// Decides what the facts about a program leave open.
pub fn finish(
    draft: &mut ServiceDraft,
    program: &Program<'_>,
    dir: &Dir<'_>,
    modules: &[Module],
    pack: &StackPack,
    answers: &Answers,
) -> Result<(), Diagnostic> {
    let module = program.module;
    let home = dir.tree().dir(module.root.clone());
    let root = draft.root.clone();
    let hints = answers.hints(&root, &draft.name);
    if let Some(row) = &pack.runtime {
        draft.runtime = Some(asked::runtime(&hints, row, lines(draft, dir, row))?);
    }
    if draft.runtime.as_ref().is_some_and(|runtime| !DISTROLESS.contains(&runtime.value.major())) {
        draft.refused.insert("distroless".to_owned(), "it has images of Java 17, 21 and 25 only".to_owned());
    }
    draft.port = asked::port(&hints, asked::candidates(draft.port.take()))?;
    tell(draft, &hints);
    draft.build = asked::command(&hints, Question::BuildCmd, asked::candidates(draft.build.take()))?;
    starts(draft, program, &hints, dir)?;
    draft.health = asks(draft, &home, module, &program.texts);
    draft.dependencies = needs(&home, module);
    let folder = module.root.below(dir.path()).unwrap_or_default().to_owned();
    let manager = draft.package_manager.as_ref().map(|manager| manager.value.clone()).unwrap_or_default();
    let copied = if manager == "maven" { poms(dir, modules) } else { scripts(dir, modules) };
    let has_wrapper = dir.has("gradlew");
    let program_of_gradle = (manager == "gradle").then_some(if has_wrapper { "./gradlew" } else { "gradle" });
    if let Some(name) = program_of_gradle {
        draft.flavour = Some(if has_wrapper { "wrapper" } else { "gradle" });
        draft.set("downloads", format!("{name} --no-daemon {}", gradle::task_of(&folder, "dependencies")));
        draft.set("wrapped", has_wrapper);
        draft.ignore.extend(["**/build", "!**/src/**/build"].map(str::to_owned));
    }
    if program_of_gradle.is_none() {
        // What Quarkus builds with is named by its own plugin, which a reactor's root need not know.
        let own = matches!(&module.archive, Some((Archive::Quarkus(_), _))) && folder.is_empty();
        draft.set("downloads", format!("mvn dependency:go-offline{}{}", if own { " quarkus:go-offline -Dmode=dev" } else { "" }, select(&folder)));
    }
    if let Some((archive, _)) = &module.archive {
        archive.state(draft, modules.len() > 1);
        draft.dev = Some(develops(program, archive, program_of_gradle, &folder));
    }
    draft.set("member", draft.root != draft.context);
    let seen = if draft.root == draft.context || folder.is_empty() { String::new() } else { format!("{folder}/") };
    files::state(draft, &home, &seen, &program.texts);
    draft.watch.action = if draft.framework.as_ref().is_some_and(|framework| framework.value == "quarkus") { "sync" } else { "sync+restart" }.to_owned();
    draft.watch.paths = vec![".".to_owned()];
    draft.watch.ignore = vec![if manager == "maven" { "**/target/" } else { "**/build/" }.to_owned()];
    draft.watch.rebuild = copied.iter().flat_map(|(_, files)| files.iter().filter(|file| !file.ends_with('/')).cloned()).collect();
    let rows = copied.into_iter().map(|(to, files)| json!({ "files": files, "to": to })).collect::<Vec<_>>();
    draft.set("manifests", rows);
    Ok(())
}

/// The lines of Java that were asked for, as there are images of: what no line for the long term is, is built by the next one.
fn lines(draft: &ServiceDraft, dir: &Dir<'_>, row: &RuntimeRow) -> Candidates<Version> {
    let mut found = Candidates::new();
    for (version, source) in asked::candidates(draft.runtime.clone()).iter() {
        let own = row.line(version).filter(|line| line.long_term || source.evidence().is_some_and(|at| at.key == "toolchain"));
        let next = || row.lines.iter().find(|line| line.long_term && line.version > *version);
        if let Some(line) = next().filter(|_| own.is_none()) {
            let rule = format!("the next line for the long term after {version}");
            found.push(line.version.clone(), Source::inferred(rule, source.evidence().cloned()));
        } else {
            found.push(version.clone(), source.clone());
        }
    }
    // An older Gradle can't run on the newest Java.
    let newest = properties::value(dir, "gradle/wrapper/gradle-wrapper.properties", &["distributionUrl"]).and_then(|(url, at)| {
        let gradle = look::version(url.rsplit_once("gradle-")?.1)?;
        let (_, java) = GRADLE.iter().find(|((major, minor), _)| (gradle.major(), gradle.minor()) >= (*major, *minor))?;
        Some((java.parse().ok()?, Source::inferred(format!("the newest that Gradle {gradle} runs on"), [at])))
    });
    if found.is_empty() {
        found.extend(newest.filter(|(version, _)| *version < row.default));
    }
    found
}

/// The least Gradle that runs on a Java.
const GRADLE: &[((u32, u32), &str)] = &[((9, 1), "25"), ((8, 5), "21"), ((7, 3), "17"), ((5, 0), "11"), ((2, 0), "8")];

/// A port that was asked for is told to the program, by the variable that it or its framework reads.
fn tell(draft: &mut ServiceDraft, hints: &Hints<'_>) {
    let Some(port) = draft.port.as_ref().filter(|_| hints.get(Question::Port).is_some()) else { return };
    let reads = port.outvoted.iter().filter_map(|(_, source)| source.evidence()).any(|at| at.raw.contains("${PORT") || at.raw.contains("\"PORT\""));
    let framework = draft.framework.as_ref().map(|framework| framework.value.as_str());
    let variable = if reads { Some("PORT") } else { PORTS.iter().find(|(name, _)| Some(*name) == framework).map(|(_, variable)| *variable) };
    let value = port.value.to_string();
    draft.env.extend(variable.map(|variable| (variable.to_owned(), value)));
}

/// What the production container runs.
fn starts(draft: &mut ServiceDraft, program: &Program<'_>, hints: &Hints<'_>, dir: &Dir<'_>) -> Result<(), Diagnostic> {
    let module = program.module;
    let Some((archive, at)) = &module.archive else {
        draft.start = asked::command(hints, Question::StartCmd, asked::candidates(draft.start.take()))?;
        if module.war {
            let message = format!("service `{}` is an archive for an application server, which dockgen writes no image of", draft.name);
            draft.notes.push(
                Diagnostic::error("application-server", message).at(module.manifest.clone()).help("package it with Spring Boot, or as a program of its own"),
            );
        } else if draft.start.is_none() {
            let message = "nothing in the build makes an archive that runs by itself".to_owned();
            draft.open.push(Open { question: Question::StartCmd, message, candidates: Vec::new() });
        }
        return Ok(());
    };
    let mut starts = Candidates::new();
    let arguments = arguments(dir)?;
    let of = |main: Option<&str>| archive.start(main).map(|words| Cmd::exec(words.into_iter().chain(arguments.iter().cloned())));
    if matches!(archive, Archive::Plain { .. }) {
        for (main, at) in &program.mains {
            starts.extend(of(Some(main)).map(|start| (start, Source::inferred("its main class", [at.clone()]))));
        }
    } else {
        starts.extend(of(None).map(|start| (start, Source::inferred("the archive that the build makes", [at.clone()]))));
    }
    let candidates: Vec<(String, Source)> = starts.iter().map(|(start, source)| (start.to_string(), source.clone())).collect();
    draft.start = asked::command(hints, Question::StartCmd, starts)?;
    if candidates.len() > 1 && hints.get(Question::StartCmd).is_none() {
        draft.start = None;
        draft.open.push(Open { question: Question::StartCmd, message: format!("{} classes have a main function", candidates.len()), candidates });
    }
    Ok(())
}

/// What a Procfile puts behind the archive: `server config.yml`.
fn arguments(dir: &Dir<'_>) -> Result<Vec<String>, Diagnostic> {
    let Some((command, _)) = look::procfile(dir, &["web"])? else { return Ok(Vec::new()) };
    let words = command.words();
    let plain = |word: &String| !word.contains(['$', '*']);
    // What follows the archive, which may be missing.
    Ok(words.iter().skip_while(|word| *word != "-jar").skip(2).filter(|word| plain(word)).cloned().collect())
}

/// The words that tell Maven of a module, and of those that it needs.
fn select(folder: &str) -> String {
    if folder.is_empty() { String::new() } else { format!(" -pl {} -am", Cmd::word(folder)) }
}

/// The development server: the framework's own, else what was compiled with what it needs beside it.
fn develops(program: &Program<'_>, archive: &Archive, gradle: Option<&str>, folder: &str) -> Decision<Cmd> {
    let framework = program.framework.as_ref().map_or("", |framework| framework.value.as_str());
    let because = |text: &str| Source::default(text.to_owned());
    let boot = program.module.part("org.springframework.boot").is_some();
    if let Some(name) = gradle {
        let task = match framework {
            "spring-boot" | "grails" if boot => "bootRun",
            "quarkus" => "quarkusDev",
            _ => "run",
        };
        return Decision::new(Cmd::exec([name, "--no-daemon", &gradle::task_of(folder, task)]), because("Gradle compiles what changed and runs it"));
    }
    let target = if folder.is_empty() { "target".to_owned() } else { format!("{folder}/target") };
    let own = Cmd::word(folder);
    let select = select(folder);
    let goal = match (archive, framework) {
        (Archive::Boot { .. }, _) => Some("spring-boot:run"),
        // In development it listens on the loopback address by itself.
        (Archive::Quarkus(_), _) => Some("quarkus:dev -Dquarkus.http.host=0.0.0.0"),
        (_, "spring-boot") if boot => Some("spring-boot:run"),
        _ => None,
    };
    match (goal, program.mains.first()) {
        (Some(goal), _) if folder.is_empty() => {
            Decision::new(Cmd::exec(["mvn"].into_iter().chain(goal.split(' '))), because("Maven compiles what changed and runs it"))
        }
        // The goal would run in each module: the others are installed first.
        (Some(goal), _) => Decision::new(
            Cmd::Shell(format!("mvn install -DskipTests{select} && exec mvn {goal} -pl {own}")),
            because("Maven compiles what changed and runs it"),
        ),
        (None, Some((main, _))) => {
            // The archives of the modules that it needs are made by none of the phases before `package`.
            let phase = if folder.is_empty() { "compile" } else { "package -DskipTests" };
            let compile = format!("mvn {phase} dependency:copy-dependencies -DincludeScope=runtime{select}");
            let run = format!("exec java -cp {} {}", Cmd::word(&format!("{target}/classes:{target}/dependency/*")), Cmd::word(main));
            Decision::new(Cmd::Shell(format!("{compile} && {run}")), because("what Maven compiled, with the libraries that it copied"))
        }
        (None, None) => Decision::new(Cmd::exec(["mvn", "package"]), because("Maven compiles what changed")),
    }
}

/// How it is asked for its health: by what the framework brings for that, where it is among the libraries.
fn asks(draft: &ServiceDraft, home: &Dir<'_>, module: &Module, texts: &[Rc<Text>]) -> Health {
    if draft.port.is_none() {
        return Health::None { because: format!("`{}` serves no port", draft.name) };
    }
    let value = |key: &str| {
        settings::value(home, key).map(|(value, _)| value.trim_matches(['"', '\'', '/']).to_owned()).filter(|value| !value.is_empty() && !value.contains('$'))
    };
    let join = |parts: &[Option<String>]| parts.iter().flatten().fold(String::new(), |path, part| format!("{path}/{part}"));
    let framework = draft.framework.as_ref().map_or("", |framework| framework.value.as_str());
    let own = match framework {
        "spring-boot" => module.part("org.springframework.boot:spring-boot-starter-actuator").filter(|_| value("management.server.port").is_none()).map(|at| {
            let context = value("server.servlet.context-path").or_else(|| value("spring.webflux.base-path"));
            let actuator = value("management.endpoints.web.base-path").unwrap_or_else(|| "actuator".to_owned());
            (join(&[context, Some(actuator), Some("health".to_owned())]), at)
        }),
        "quarkus" => {
            module.part("io.quarkus:quarkus-smallrye-health").map(|at| (join(&[value("quarkus.http.root-path"), Some("q/health/live".to_owned())]), at))
        }
        "micronaut" => module.part("io.micronaut:micronaut-management").map(|at| ("/health".to_owned(), at)),
        _ => None,
    };
    Health::Http(own.map_or_else(|| health::route(texts), |(path, at)| Decision::new(path, Source::inferred("the framework's own", [at.clone()]))))
}

/// What it depends on. Where a database is built in, the drivers of others are a choice that the settings make.
fn needs(home: &Dir<'_>, module: &Module) -> Vec<Dependency> {
    const BUILT_IN: &[&str] = &["com.h2database:h2", "org.hsqldb:hsqldb", "org.apache.derby:derby"];
    const DRIVERS: &[(&str, &str)] = &[
        ("org.postgresql:postgresql", "postgresql:"),
        ("com.mysql:mysql-connector-j", "mysql:"),
        ("mysql:mysql-connector-java", "mysql:"),
        ("org.mariadb.jdbc:mariadb-java-client", "mariadb:"),
    ];
    let built_in = BUILT_IN.iter().any(|name| module.part(name).is_some());
    let url = settings::value(home, "spring.datasource.url").map(|(url, _)| url).unwrap_or_default();
    let unused = |name: &str| built_in && DRIVERS.iter().any(|(driver, scheme)| *driver == name && !url.contains(scheme));
    let parts = module.parts.iter().filter(|(name, _)| !unused(name));
    parts.map(|(name, at)| Dependency { name: name.clone(), at: at.clone(), production: true }).collect()
}

/// The files that name plugins and libraries, by the folder that they belong in.
fn poms(dir: &Dir<'_>, modules: &[Module]) -> Vec<(String, Vec<String>)> {
    let mut rows: Vec<(String, Vec<String>)> = modules
        .iter()
        .filter_map(|module| {
            let folder = module.root.below(dir.path())?;
            let place = if folder.is_empty() { String::new() } else { format!("{folder}/") };
            Some((if place.is_empty() { "./".to_owned() } else { place.clone() }, vec![format!("{place}pom.xml")]))
        })
        .collect();
    rows.sort();
    // Settings of Maven itself; the wrapper's are of no use where Maven is there.
    if dir.dir(".mvn").files().next().is_some() {
        rows.push((".mvn/".to_owned(), vec![".mvn/".to_owned()]));
    }
    rows
}

/// The same of Gradle, with the code that its builds share.
fn scripts(dir: &Dir<'_>, modules: &[Module]) -> Vec<(String, Vec<String>)> {
    const SHARED: &[&str] = &["buildSrc", "build-logic", "gradle"];
    let of = |home: &Dir<'_>, names: &[&str], place: &str| -> Vec<String> {
        names.iter().filter(|name| home.has(name)).map(|name| format!("{place}{name}")).collect()
    };
    let own = ["build.gradle", "build.gradle.kts", "gradle.lockfile"];
    let top = ["gradlew", "settings.gradle", "settings.gradle.kts", "gradle.properties"];
    let mut rows = vec![("./".to_owned(), [of(dir, &top, ""), of(dir, &own, "")].concat())];
    for module in modules.iter().filter(|module| module.root != *dir.path()) {
        let folder = module.root.below(dir.path()).unwrap_or_default();
        let files = of(&dir.tree().dir(module.root.clone()), &own, &format!("{folder}/"));
        rows.extend((!files.is_empty()).then(|| (format!("{folder}/"), files)));
    }
    rows.extend(SHARED.iter().filter(|folder| dir.has_dir(folder)).map(|folder| (format!("{folder}/"), vec![format!("{folder}/")])));
    rows
}
