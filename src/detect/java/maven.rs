//! Maven: `pom.xml` with what it inherits, and the modules of a reactor.

use std::rc::Rc;

use super::archive::{Archive, boot};
use super::{Module, java, look};
use crate::fs::Dir;
use crate::manifest::{Document, Node, xml};
use crate::model::{Cmd, Diagnostic, Evidence, RelPath, Source, Version};

/// How many modules of a reactor are read, and how deep a property refers to others.
const MOST_MODULES: usize = 200;
const DEEPEST: usize = 8;

/// Plugins that make an archive which runs by itself.
const RUNNABLE: &[&str] = &["spring-boot-maven-plugin", "quarkus-maven-plugin", "maven-shade-plugin", "maven-assembly-plugin", "micronaut-maven-plugin"];

/// Plugins that are none of an image's build, with the property that leaves each out: archives of sources and documentation would lie beside the
/// program under names like its own, and neither the history nor an engine is in a build.
const SKIPPED: &[(&str, &str)] = &[
    ("maven-source-plugin", "maven.source.skip"),
    ("maven-javadoc-plugin", "maven.javadoc.skip"),
    ("git-commit-id-maven-plugin", "maven.gitcommitid.skip"),
    ("git-commit-id-plugin", "maven.gitcommitid.skip"),
    ("buildnumber-maven-plugin", "maven.buildNumber.skip"),
    ("spotless-maven-plugin", "spotless.check.skip"),
    ("dockerfile-maven-plugin", "dockerfile.skip"),
    ("docker-maven-plugin", "docker.skip"),
];

/// A pom and those that it inherits from, as far as they lie in the repository.
struct Pom {
    home: RelPath,
    doc: Document,
    parent: Option<Rc<Pom>>,
}

impl Pom {
    fn read(dir: &Dir<'_>, file: &str, depth: usize) -> Result<Option<Rc<Self>>, Diagnostic> {
        let Some(doc) = xml::read(dir, file)? else { return Ok(None) };
        let mut parent = None;
        if let Some(above) = doc.get(&["project", "parent"]).filter(|_| depth < DEEPEST) {
            let path = above.get(&["relativePath"]).and_then(Node::str).unwrap_or("../pom.xml");
            let path = if look::ending(path) == "xml" || path.is_empty() { path.to_owned() } else { format!("{path}/pom.xml") };
            if !path.is_empty()
                && let Some(place) = dir.path().join(&path)
            {
                let home = dir.tree().dir(place.parent().unwrap_or_default());
                let candidate = Self::read(&home, place.name(), depth + 1)?;
                let same = |pom: &Rc<Self>| pom.doc.str(&["project", "artifactId"]) == above.get(&["artifactId"]).and_then(Node::str);
                parent = candidate.filter(same);
            }
        }
        Ok(Some(Rc::new(Self { home: dir.path().clone(), doc, parent })))
    }

    /// This pom and its ancestors, the nearest first.
    fn line(&self) -> Vec<&Self> {
        let mut line = vec![self];
        while let Some(parent) = line.last().and_then(|pom| pom.parent.as_deref()) {
            line.push(parent);
        }
        line
    }

    fn nearest(&self, keys: &[&str]) -> Option<(String, Evidence)> {
        self.line().into_iter().find_map(|pom| pom.doc.string(keys).map(|(text, at)| (text.to_owned(), at)))
    }

    /// A property with those that it refers to put in.
    fn property(&self, name: &str) -> Option<(String, Evidence)> {
        let (text, mut at) = self.nearest(&["project", "properties", name])?;
        at.key = name.to_owned();
        Some((self.fill(&text, 0), at))
    }

    /// Text with its `${properties}` put in, as far as they are known.
    fn fill(&self, text: &str, depth: usize) -> String {
        let Some((head, rest)) = text.split_once("${").filter(|_| depth < DEEPEST) else { return text.to_owned() };
        let Some((name, tail)) = rest.split_once('}') else { return text.to_owned() };
        let own = |key: &str| self.nearest(&["project", key]).or_else(|| self.nearest(&["project", "parent", key]));
        let value = match name.strip_prefix("project.").or_else(|| name.strip_prefix("pom.")) {
            Some(key @ ("artifactId" | "version" | "groupId")) => own(key),
            _ => self.nearest(&["project", "properties", name]),
        };
        let value = value.map_or_else(|| format!("${{{name}}}"), |(value, _)| self.fill(&value, depth + 1));
        format!("{head}{value}{}", self.fill(tail, depth + 1))
    }

    /// Plugins of this pom and its ancestors, with the active ones only.
    fn plugins(&self) -> Vec<(&Self, &Node)> {
        let of = |pom| {
            children(pom, &["project", "build", "plugins"], "plugin").chain(children(pom, &["project", "profiles", "profile", "build", "plugins"], "plugin"))
        };
        self.line().into_iter().flat_map(|pom| of(pom).map(move |node| (pom, node))).collect()
    }

    fn plugin(&self, artifact: &str) -> Option<(&Self, &Node)> {
        self.plugins().into_iter().find(|(_, node)| node.get(&["artifactId"]).and_then(Node::str) == Some(artifact))
    }

    /// What it depends on and is built with.
    fn parts(&self) -> Vec<(String, Evidence)> {
        let mut parts = Vec::new();
        let mut add = |pom: &Self, node: &Node, group: &str| {
            let group = node.get(&["groupId"]).and_then(Node::str).unwrap_or(group);
            let Some(artifact) = node.get(&["artifactId"]).and_then(Node::str) else { return };
            let mut at = pom.doc.evidence(&["artifactId"], node.get(&["artifactId"]).unwrap_or(node));
            at.raw = artifact.to_owned();
            parts.push((format!("{}:{artifact}", self.fill(group, 0)), at));
        };
        for pom in self.line() {
            for node in children(pom, &["project", "dependencies"], "dependency").filter(|node| node.get(&["scope"]).and_then(Node::str) != Some("test")) {
                add(pom, node, "");
            }
            if let Some(parent) = pom.doc.get(&["project", "parent"]).filter(|_| pom.parent.is_none()) {
                add(pom, parent, "");
            }
        }
        for (pom, node) in self.plugins() {
            add(pom, node, "org.apache.maven.plugins");
        }
        parts
    }

    /// The releases of Java that it compiles for.
    fn java(&self) -> Vec<(Version, Source)> {
        let mut places: Vec<(String, Evidence)> = Vec::new();
        if let Some((pom, plugin)) = self.plugin("maven-toolchains-plugin")
            && let Some(node) = plugin.get(&["configuration", "toolchains", "jdk", "version"])
        {
            places.extend(node.scalar().map(|text| (text, pom.doc.evidence(&["toolchain"], node).with_key("toolchain"))));
        }
        // A release wins over source and target, wherever each of them stands.
        let configured = |key: &str| {
            let (pom, plugin) = self.plugin("maven-compiler-plugin")?;
            let node = plugin.get(&["configuration", key])?;
            Some((self.fill(&node.scalar()?, 0), pom.doc.evidence(&["maven-compiler-plugin", key], node)))
        };
        places.extend(configured("release"));
        places.extend(self.property("maven.compiler.release"));
        places.extend(["target", "source"].into_iter().filter_map(configured));
        let names = [
            "java.version",
            "maven.compiler.target",
            "maven.compiler.source",
            "jdk.version",
            "jdk.release",
            "java.release",
            "javaVersion",
            "version.java",
            "kotlin.compiler.jvmTarget",
        ];
        places.extend(names.iter().filter_map(|name| self.property(name)));
        let mut found: Vec<(Version, Source)> = places.into_iter().filter_map(|(text, at)| Some((java(&text)?, Source::File(at)))).collect();
        found.extend(self.of_spring());
        found
    }

    /// Spring Boot's parent compiles for a release of its own where the project names none.
    fn of_spring(&self) -> Option<(Version, Source)> {
        let top = self.line().pop()?;
        let parent = top.doc.get(&["project", "parent"]).filter(|node| node.get(&["artifactId"]).and_then(Node::str) == Some("spring-boot-starter-parent"))?;
        let version = parent.get(&["version"])?;
        let release = if look::version(version.str()?)?.major() < 3 { "8" } else { "17" };
        Some((release.parse().ok()?, Source::inferred("Spring Boot's parent compiles for it", [top.doc.evidence(&["parent", "version"], version)])))
    }

    fn module(&self, dir: &Dir<'_>) -> Module {
        let text = |key: &str| self.doc.str(&["project", key]).map(|text| self.fill(text, 0));
        let parts = self.parts();
        let artifact = text("artifactId").unwrap_or_default();
        let war = text("packaging").as_deref() == Some("war");
        let folder = self.home.below(dir.path()).unwrap_or_default();
        let mut module = Module {
            root: self.home.clone(),
            name: artifact.clone(),
            manifest: self.doc.whole(),
            java: self.java(),
            build: None,
            start: None,
            archive: None,
            war,
            main: self.main_class(),
            parts,
        };
        module.archive = self.archive(&module, &artifact, folder);
        let libraries = module.archive.as_ref().is_some_and(|(archive, _)| matches!(archive, Archive::Plain { libraries: true, .. }));
        let mut words = vec!["mvn package".to_owned()];
        words.extend(libraries.then(|| "dependency:copy-dependencies".to_owned()));
        words.push("-DskipTests".to_owned());
        words.extend(SKIPPED.iter().filter(|(plugin, _)| self.plugin(plugin).is_some()).map(|(_, skip)| format!("-D{skip}")));
        words.extend(libraries.then(|| "-DincludeScope=runtime -DoutputDirectory=/out/lib".to_owned()));
        words.extend((!folder.is_empty()).then(|| format!("-pl {} -am", Cmd::word(folder))));
        module.build = Some(Cmd::Shell(words.join(" ")));
        module
    }

    fn main_class(&self) -> Option<(String, Evidence)> {
        let named = ["start-class", "mainClass", "exec.mainClass", "main.class"]
            .iter()
            .find_map(|name| self.doc.get(&["project", "properties", name]).map(|node| self.doc.evidence(&[name], node)));
        let named = named.or_else(|| {
            let (pom, node) = self.plugins().into_iter().find_map(|(pom, node)| Some((pom, descend(node, "mainClass", 0)?)))?;
            Some(pom.doc.evidence(&["mainClass"], node)).filter(|_| pom.home == self.home)
        });
        named.map(|at| (self.fill(&at.raw, 0), at))
    }

    /// What the build makes of it. The version is left out of the archive's name: it changes with each release, and the Dockerfile does not.
    fn archive(&self, module: &Module, artifact: &str, folder: &str) -> Option<(Archive, Evidence)> {
        let target = if folder.is_empty() { "target".to_owned() } else { format!("{folder}/target") };
        let own = self.nearest(&["project", "build", "finalName"]).map(|(name, _)| name);
        let open = own.as_deref().unwrap_or("${project.artifactId}-${project.version}");
        let name = self.fill(&open.replace("${project.version}", "*").replace("${version}", "*").replace("${revision}", "*"), 0);
        let name = if name.contains("${") || name.is_empty() { format!("{artifact}-*") } else { name };
        let jar = |classifier: &str| format!("{target}/{name}{classifier}.{}", if module.war { "war" } else { "jar" });
        let runnable = RUNNABLE.iter().find_map(|name| self.plugin(name).map(|(pom, node)| (*name, pom, node)));
        let Some((plugin, pom, node)) = runnable else {
            let at = self.doc.whole();
            let libraries = self.line().iter().any(|pom| {
                children(pom, &["project", "dependencies"], "dependency")
                    .any(|node| !matches!(node.get(&["scope"]).and_then(Node::str), Some("test" | "provided" | "system")))
            });
            let packaging = self.doc.str(&["project", "packaging"]).unwrap_or("jar");
            return (packaging == "jar").then(|| (Archive::Plain { jar: jar(""), libraries }, at));
        };
        let at = pom.doc.evidence(&["plugin"], node.get(&["artifactId"])?);
        let configured = |key: &str| descend(node, key, 0).and_then(Node::scalar);
        let archive = match plugin {
            "quarkus-maven-plugin" => Archive::Quarkus(format!("{target}/quarkus-app")),
            "spring-boot-maven-plugin" => {
                let classifier = configured("classifier").map_or_else(String::new, |text| format!("-{text}"));
                // An archive with a script before it can't be taken apart.
                let plain = configured("executable").as_deref() == Some("true") || module.war;
                if plain { Archive::Jar(jar(&classifier)) } else { boot(jar(&classifier), self.boot_version(node).as_ref()) }
            }
            "maven-shade-plugin" => {
                let named = configured("finalName").map(|text| self.fill(&text.replace("${project.version}", "*"), 0));
                let attached = configured("shadedArtifactAttached").as_deref() == Some("true");
                let classifier = configured("shadedClassifierName").unwrap_or_else(|| "shaded".to_owned());
                match named {
                    Some(named) if !named.contains("${") => Archive::Jar(format!("{target}/{named}.jar")),
                    _ => Archive::Jar(jar(&if attached { format!("-{classifier}") } else { String::new() })),
                }
            }
            "maven-assembly-plugin" => Archive::Jar(jar("-jar-with-dependencies")),
            _ => Archive::Jar(jar("")),
        };
        Some((archive, at))
    }

    /// The version of Spring Boot: its plugin's, its parent's, or that of its list of versions.
    fn boot_version(&self, plugin: &Node) -> Option<Version> {
        let of = |text: &str| look::version(&self.fill(text, 0));
        let parent = self.line().pop().and_then(|top| top.doc.get(&["project", "parent"]));
        let list = self.line().into_iter().find_map(|pom| {
            children(pom, &["project", "dependencyManagement", "dependencies"], "dependency")
                .find(|node| node.get(&["artifactId"]).and_then(Node::str) == Some("spring-boot-dependencies"))
        });
        let version = |node: &Node| node.get(&["version"]).and_then(Node::scalar);
        let parent = parent.filter(|node| node.get(&["artifactId"]).and_then(Node::str).is_some_and(|name| name.starts_with("spring-boot-")));
        [version(plugin), parent.and_then(version), list.and_then(version)].into_iter().flatten().find_map(|text| of(&text))
    }
}

fn children<'a>(pom: &'a Pom, keys: &[&str], name: &'static str) -> impl Iterator<Item = &'a Node> + use<'a> {
    pom.doc.get(keys).into_iter().flat_map(Node::entries).filter(move |(key, _)| *key == name).map(|(_, node)| node)
}

fn descend<'a>(node: &'a Node, name: &str, depth: usize) -> Option<&'a Node> {
    node.entries()
        .find(|(key, node)| *key == name && node.str().is_some_and(|text| !text.is_empty()))
        .map(|(_, node)| node)
        .or_else(|| node.entries().filter(|_| depth < DEEPEST).find_map(|(_, node)| descend(node, name, depth + 1)))
}

/// The modules of a folder's pom, itself first.
pub fn modules(dir: &Dir<'_>) -> Result<Vec<Module>, Diagnostic> {
    let mut found = Vec::new();
    let mut left = vec![dir.path().clone()];
    while let Some(home) = left.pop() {
        let Some(pom) = Pom::read(&dir.tree().dir(home.clone()), "pom.xml", 0)? else { continue };
        let of_profiles = children(&pom, &["project", "profiles"], "profile").filter_map(|profile| profile.get(&["modules"]));
        let lists = pom.doc.get(&["project", "modules"]).into_iter().chain(of_profiles);
        let names = lists.flat_map(Node::entries).filter(|(key, _)| matches!(*key, "module" | "subproject")).filter_map(|(_, node)| node.str());
        let inner: Vec<RelPath> =
            names.filter_map(|name| home.join(name.trim())).filter(|path| path.below(&home).is_some_and(|tail| !tail.is_empty())).collect();
        left.extend(inner.into_iter().rev());
        let module = pom.module(dir);
        if found.len() >= MOST_MODULES || found.iter().any(|known: &Module| known.root == module.root) {
            continue;
        }
        found.push(module);
    }
    Ok(found)
}
