//! Gradle: build files in Groovy and Kotlin, read as text; version catalogues; the projects of a build.

use std::rc::Rc;

use super::archive::{Archive, boot};
use super::{Module, java, look};
use crate::fs::{Dir, Text};
use crate::manifest::{Document, Node, properties};
use crate::model::{Cmd, Diagnostic, Evidence, Source, Version};

/// How many projects of a build are read.
const MOST_MODULES: usize = 200;

const BUILDS: [&str; 2] = ["build.gradle", "build.gradle.kts"];
const SETTINGS: [&str; 2] = ["settings.gradle", "settings.gradle.kts"];

/// Where a build file names plugins and dependencies. A plugin that is only made known to others (`apply false`) is none of its own.
const PLUGIN: &str = r#"\bid[ (]\s*["']([\w.-]+)["']"#;
const APPLIED: &str = r#"\bapply[ (]\s*plugin\s*[:=]\s*["']([\w.-]+)["']"#;
const BARE: &str = r"(?m)^[ \t]*`?(application|war)`?\s*$";
const KOTLIN: &str = r#"\bkotlin\(\s*"(jvm|multiplatform)""#;
const DEPENDENCY: &str = r#"["']([\w.-]+:[\w.-]+)(?::[^"'\s]*)?["']"#;
const LIBRARY: &str = r"\blibs\.([A-Za-z][\w.]*)";

/// Where it names Java. The key of a toolchain says that it is the very Java that runs.
const RELEASES: &[(&str, &str)] = &[
    (r#"\bJavaLanguageVersion\.of\(\s*["']?(\d+)"#, "toolchain"),
    (r"\bjvmToolchain\(\s*(\d+)", "toolchain"),
    (r"\boptions\.release(?:\.set\(|\s*=)\s*(\d+)", "release"),
    (r"\bJavaVersion\.VERSION_(\d+(?:_\d+)?)", "compatibility"),
    (r#"\bJavaVersion\.toVersion\(\s*["']?([\d.]+)"#, "compatibility"),
    (r#"\b(?:source|target)Compatibility\s*=?\s*["']?(\d[\d.]*)"#, "compatibility"),
    (r#"\bjvmTarget(?:\.set\(|\s*=)\s*(?:JvmTarget\.JVM_|["'])(\d[\d.]*)"#, "target"),
];

/// Where it names Java by an entry of the version catalogue, or by a property.
const BY_NAME: &[(&str, &str)] = &[
    (r"\b(?:JavaLanguageVersion\.of|jvmToolchain)\(\s*(?:Integer\.parseInt\()?libs\.versions\.([\w.]+?)(?:\.get\(|\.asProvider|\))", "catalogue"),
    (r#"\b(?:JavaLanguageVersion\.of|jvmToolchain)\(\s*(?:property\(["'])?([A-Za-z_]\w*)"#, "property"),
];

/// The projects of a folder's build, its own first.
pub fn modules(dir: &Dir<'_>) -> Result<Vec<Module>, Diagnostic> {
    let settings = match dir.first_of(SETTINGS) {
        Some(file) => dir.read(file)?,
        None => None,
    };
    let mut folders = vec![dir.path().clone()];
    if let Some(text) = &settings {
        for (_, line) in included(text) {
            folders.extend(dir.path().join(&line));
        }
    }
    folders.dedup();
    let catalogue = dir.peek("gradle/libs.versions.toml").and_then(|text| Document::toml(&text).ok());
    let root = dir.first_of(BUILDS).and_then(|file| dir.peek(file));
    let build = Build { dir, catalogue, settings, root };
    let mut found = Vec::new();
    for folder in folders.into_iter().take(MOST_MODULES) {
        let home = dir.tree().dir(folder.clone());
        let file = home.first_of(BUILDS).map(str::to_owned).or_else(|| {
            // Some builds name each project's file after the project.
            [".gradle", ".gradle.kts"].iter().map(|ending| format!("{}{ending}", folder.name())).find(|file| home.has(file))
        });
        let text = file.and_then(|file| home.peek(&file));
        match text {
            Some(text) => found.push(build.module(&home, &text)),
            None if folder == *dir.path() => {}
            None => found.extend(build.root.clone().filter(|_| home.has_dir("src")).map(|text| build.module(&home, &text))),
        }
    }
    if found.is_empty()
        && let Some(text) = &build.settings
    {
        found.push(build.module(dir, text));
    }
    Ok(found)
}

/// The folders that `include` names: `:a:b` is `a/b`, unless `projectDir` says otherwise.
fn included(text: &Rc<Text>) -> Vec<(Evidence, String)> {
    let mut found = Vec::new();
    let mut inside = false;
    for (number, line) in text.lines() {
        let bare = line.split("//").next().unwrap_or_default().trim();
        if bare.strip_prefix("include").is_some_and(|rest| rest.starts_with([' ', '(', ':', '\'', '"']) || rest.is_empty()) {
            inside = true;
        }
        if !inside {
            continue;
        }
        for quoted in bare.split(['"', '\'']).skip(1).step_by(2) {
            found.push((Evidence::line(text.path().clone(), number, line), quoted.trim_start_matches(':').replace(':', "/")));
        }
        inside = bare.ends_with(',') || bare.ends_with('(');
    }
    let moved = look::all(text, r"(project\([^\n]*projectDir\s*=[^\n]*)", "//");
    for hit in moved {
        let words: Vec<&str> = hit.value.split(['"', '\'']).skip(1).step_by(2).collect();
        if let [name, .., folder] = words.as_slice() {
            let name = name.trim_start_matches(':').replace(':', "/");
            found.iter_mut().filter(|(_, path)| *path == name).for_each(|(_, path)| (*folder).clone_into(path));
        }
    }
    found
}

struct Build<'a> {
    dir: &'a Dir<'a>,
    catalogue: Option<Document>,
    settings: Option<Rc<Text>>,
    root: Option<Rc<Text>>,
}

impl Build<'_> {
    fn module(&self, home: &Dir<'_>, text: &Rc<Text>) -> Module {
        let named = self.settings.as_ref().and_then(|text| look::first(text, r#"\brootProject\.name\s*=\s*["']([^"']+)["']"#, "//"));
        let is_root = home.path() == self.dir.path();
        let name = if is_root { named.map(|hit| hit.value) } else { Some(home.path().name().to_owned()) };
        let mut parts = self.parts(text);
        // What the root applies to all of its projects.
        if !is_root && let Some(root) = &self.root {
            let shared = look::all(root, APPLIED, "//").into_iter().filter(|hit| hit.value.contains('.'));
            parts.extend(shared.map(|hit| (hit.value, hit.at)));
        }
        let mut module = Module {
            root: home.path().clone(),
            name: name.clone().unwrap_or_else(|| "app".to_owned()),
            manifest: text.evidence(),
            java: self.java(home, text),
            build: None,
            start: None,
            archive: None,
            war: parts.iter().any(|(part, _)| part == "war"),
            main: look::first(text, r#"\bmainClass(?:Name)?(?:\.set\(|\s*=)\s*["']([\w.$]+)["']"#, "//").map(|hit| (hit.value, hit.at)),
            parts,
        };
        let folder = home.path().below(self.dir.path()).unwrap_or_default().to_owned();
        let (task, archive) = self.outcome(&module, text, name.as_deref(), &folder);
        let wrapper = if self.dir.has("gradlew") { "./gradlew" } else { "gradle" };
        module.build = Some(Cmd::Shell(format!("{wrapper} --no-daemon {}", task_of(&folder, task))));
        module.archive = archive;
        module
    }

    fn parts(&self, text: &Rc<Text>) -> Vec<(String, Evidence)> {
        let mut parts = Vec::new();
        for pattern in [PLUGIN, APPLIED, BARE, DEPENDENCY] {
            for hit in look::all(text, pattern, "//") {
                let aside = hit.at.raw.trim_start().starts_with("test") || hit.at.raw.contains("apply false");
                if !aside {
                    parts.push((hit.value, hit.at));
                }
            }
        }
        parts.extend(look::all(text, KOTLIN, "//").into_iter().map(|hit| (format!("org.jetbrains.kotlin.{}", hit.value), hit.at)));
        if let Some(catalogue) = &self.catalogue {
            for hit in
                look::all(text, LIBRARY, "//").into_iter().filter(|hit| !hit.at.raw.trim_start().starts_with("test") && !hit.at.raw.contains("apply false"))
            {
                parts.extend(entry(catalogue, &hit.value).map(|part| (part, hit.at)));
            }
        }
        parts
    }

    fn java(&self, home: &Dir<'_>, text: &Rc<Text>) -> Vec<(Version, Source)> {
        let mut found = Vec::new();
        let shared = [self.root.clone().filter(|_| home.path() != self.dir.path())].into_iter().flatten();
        let plugins = ["buildSrc", "build-logic", "gradle/plugins"].into_iter().flat_map(|folder| {
            let below = self.dir.dir(folder);
            below
                .files_below()
                .filter(|path| path.name().ends_with(".gradle.kts") || path.name().ends_with(".gradle"))
                .filter_map(|path| self.dir.tree().read(path).ok().flatten())
                .collect::<Vec<_>>()
        });
        let texts: Vec<Rc<Text>> = std::iter::once(text.clone()).chain(shared).chain(plugins).collect();
        for (pattern, key) in RELEASES {
            let hit = look::among(&texts, pattern, "//");
            found.extend(hit.and_then(|hit| Some((java(&hit.value.replace('_', "."))?, Source::File(hit.at.with_key(*key))))));
        }
        for (pattern, kind) in BY_NAME {
            let Some(hit) = look::among(&texts, pattern, "//") else { continue };
            let place = match (*kind, &self.catalogue) {
                ("catalogue", Some(catalogue)) => {
                    let wanted = plain(&hit.value);
                    let entries = catalogue.get(&["versions"]).into_iter().flat_map(Node::entries);
                    entries
                        .into_iter()
                        .find(|(key, _)| plain(key) == wanted)
                        .map(|(key, node)| (node.scalar().unwrap_or_default(), catalogue.evidence(&["versions", key], node)))
                }
                ("property", _) => properties::value(self.dir, "gradle.properties", &[hit.value.as_str()]),
                _ => None,
            };
            found.extend(place.and_then(|(text, at)| Some((java(&text)?, Source::File(at.with_key("toolchain"))))));
        }
        found.extend(
            properties::value(self.dir, "gradle.properties", &["javaVersion", "java.version", "java_version", "jdkVersion"])
                .and_then(|(text, at)| Some((java(&text)?, Source::File(at)))),
        );
        if found.is_empty()
            && let Some(hit) = look::among(&texts, r#"\borg\.springframework\.boot["']\)?\s+version\s+["'](\d+)"#, "//")
        {
            let release = if hit.value.parse::<u32>().is_ok_and(|major| major < 3) { "8" } else { "17" };
            found.extend(java(release).map(|version| (version, Source::inferred("the oldest Java that this Spring Boot runs on", [hit.at]))));
        }
        found
    }

    /// The task that makes the program, and what it makes. The one archive of a task is found by its ending: its name holds the version.
    fn outcome(&self, module: &Module, text: &Rc<Text>, name: Option<&str>, folder: &str) -> (&'static str, Option<(Archive, Evidence)>) {
        let base = if folder.is_empty() { "build".to_owned() } else { format!("{folder}/build") };
        let extension = if module.war { "war" } else { "jar" };
        if let Some(at) = module.part("org.springframework.boot") {
            let archive = format!("{base}/libs/*.{extension}");
            let archive = if module.war { Archive::Jar(archive) } else { boot(archive, self.boot_version(text).as_ref()) };
            return (if module.war { "bootWar" } else { "bootJar" }, Some((archive, at.clone())));
        }
        if let Some(at) = module.part("io.quarkus") {
            return ("quarkusBuild", Some((Archive::Quarkus(format!("{base}/quarkus-app")), at.clone())));
        }
        for (plugins, task) in [
            (&["io.ktor.plugin"][..], "buildFatJar"),
            (&["com.gradleup.shadow", "com.github.johnrengelman.shadow", "io.micronaut.application"][..], "shadowJar"),
        ] {
            if let Some(at) = plugins.iter().find_map(|id| module.part(id)) {
                return (task, Some((Archive::Jar(format!("{base}/libs/*-all.jar")), at.clone())));
            }
        }
        if let Some(at) = module.part("application") {
            let script = look::first(text, r#"\bapplicationName\s*=\s*["']([^"'$]+)["']"#, "//").map(|hit| hit.value).or_else(|| name.map(str::to_owned));
            let installed = script.map(|script| Archive::Installed { folder: format!("{base}/install/{script}"), script });
            return ("installDist", installed.map(|installed| (installed, at.clone())));
        }
        ("build -x test", None)
    }

    /// The version of Spring Boot's plugin, in the build file, the root's, the settings or the catalogue.
    fn boot_version(&self, text: &Rc<Text>) -> Option<Version> {
        let texts: Vec<Rc<Text>> = [Some(text), self.root.as_ref(), self.settings.as_ref()].into_iter().flatten().cloned().collect();
        let written = look::among(&texts, r#"\borg\.springframework\.boot["']\)?\s+version\s*\(?\s*["'](\d[\d.]*)"#, "//")
            .or_else(|| look::among(&texts, r"\borg\.springframework\.boot:spring-boot-gradle-plugin:(\d[\d.]*)", "//"))
            .or_else(|| look::among(&texts, r#"\bspringBootVersion\s*=\s*["'](\d[\d.]*)"#, "//"));
        if let Some(hit) = written {
            return look::version(&hit.value);
        }
        let catalogue = self.catalogue.as_ref()?;
        let plugins = catalogue.get(&["plugins"])?;
        let (_, node) = plugins.entries().find(|(_, node)| node.get(&["id"]).and_then(Node::str) == Some("org.springframework.boot"))?;
        let own = node.get(&["version"]).and_then(Node::scalar);
        let named = node.get(&["version", "ref"]).and_then(Node::str).and_then(|name| catalogue.get(&["versions", name])).and_then(Node::scalar);
        look::version(&own.or(named)?)
    }
}

/// A task of the project in a folder, as a word of a shell: those of the other projects that need it follow.
pub fn task_of(folder: &str, tasks: &str) -> String {
    let project = if folder.is_empty() { String::new() } else { format!(":{}:", folder.replace('/', ":")) };
    let (task, rest) = tasks.split_once(' ').map_or((tasks, String::new()), |(task, rest)| (task, format!(" {rest}")));
    format!("{}{rest}", Cmd::word(&format!("{project}{task}")))
}

/// A name in a catalogue as a build file spells it: dashes and underscores are points.
fn plain(name: &str) -> String {
    name.replace(['-', '_'], ".").to_ascii_lowercase()
}

/// What an accessor of the catalogue stands for: `plugins.spring.boot` or `ktor.server.core`.
fn entry(catalogue: &Document, accessor: &str) -> Option<String> {
    let accessor = plain(accessor);
    let (table, wanted) = match accessor.strip_prefix("plugins.") {
        Some(rest) => ("plugins", rest),
        None => ("libraries", accessor.strip_prefix("bundles.").unwrap_or(&accessor)),
    };
    if accessor.starts_with("bundles.") {
        let bundle = catalogue.get(&["bundles"])?.entries().find(|(key, _)| plain(key) == wanted).map(|(_, node)| node)?;
        return bundle.items().find_map(|item| entry(catalogue, item.str()?));
    }
    let (_, node) = catalogue.get(&[table])?.entries().find(|(key, _)| plain(key) == wanted)?;
    let text = |key: &str| node.get(&[key]).and_then(|node| node.str()).map(str::to_owned);
    let id = text("id").or_else(|| text("module")).or_else(|| Some(format!("{}:{}", text("group")?, text("name")?)));
    id.or_else(|| node.str().map(|text| text.rsplit_once(':').map_or(text, |(head, _)| head).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::included;
    use crate::fs::Text;
    use crate::model::RelPath;
    use std::rc::Rc;

    #[test]
    fn projects_are_folders() {
        let text = "rootProject.name = 'x'\ninclude 'app', ':services:api' // 'no'\ninclude(\n    \":web\",\n    \":lib\",\n)\nproject(':web').projectDir = file('front/web')\n";
        let found: Vec<String> = included(&Rc::new(Text::new(RelPath::known("settings.gradle"), text))).into_iter().map(|(_, path)| path).collect();
        assert_eq!(found, ["app", "services/api", "front/web", "lib"]);
    }
}
