//! What a build makes of a module, and how an image holds it: libraries in a layer of their own where the archive can be taken apart.

use serde_json::{Value, json};

use crate::model::{Cmd, ServiceDraft, Version};

/// What a build makes. Paths are shell patterns, seen from the root of the build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Archive {
    /// One archive that holds everything.
    Jar(String),
    /// One that Spring Boot's own tools take apart.
    Boot {
        /// The archive.
        jar: String,
        /// Its launcher, where the tools leave the archive without one.
        launcher: Option<&'static str>,
    },
    /// The folder that Quarkus makes.
    Quarkus(String),
    /// The module's own archive, and the libraries beside it.
    Plain {
        /// The archive.
        jar: String,
        /// Whether it has libraries.
        libraries: bool,
    },
    /// A folder with a script that starts the program, as Gradle's application plugin installs it.
    Installed {
        /// The folder.
        folder: String,
        /// The script's name.
        script: String,
    },
}

/// How Spring Boot of a version packs a program: `tools` since 3.3, `layertools` from 2.4 on, a launcher that moved in 3.2.
pub fn boot(jar: String, version: Option<&Version>) -> Archive {
    let at_least = |major: u32, minor: u32| version.is_some_and(|version| (version.major(), version.minor()) >= (major, minor));
    if at_least(3, 3) {
        Archive::Boot { jar, launcher: None }
    } else if at_least(3, 2) {
        Archive::Boot { jar, launcher: Some("org.springframework.boot.loader.launch.JarLauncher") }
    } else if at_least(2, 4) {
        Archive::Boot { jar, launcher: Some("org.springframework.boot.loader.JarLauncher") }
    } else {
        Archive::Jar(jar)
    }
}

/// A quarter of the memory is the machine's default, as if others lived there too.
const MEMORY: &str = "-XX:MaxRAMPercentage=75";

impl Archive {
    /// What runs it in the image.
    pub fn start(&self, main: Option<&str>) -> Option<Vec<String>> {
        let tail: Vec<&str> = match self {
            Self::Jar(_) | Self::Boot { launcher: None, .. } => vec!["-jar", "app.jar"],
            Self::Boot { launcher: Some(launcher), .. } => vec![launcher],
            Self::Quarkus(_) => vec!["-Djava.util.logging.manager=org.jboss.logmanager.LogManager", "-jar", "quarkus-run.jar"],
            Self::Plain { libraries: true, .. } => vec!["-cp", "app.jar:lib/*", main?],
            Self::Plain { .. } => vec!["-cp", "app.jar", main?],
            Self::Installed { script, .. } => return Some(vec![format!("/app/bin/{script}")]),
        };
        Some(["java", MEMORY].into_iter().chain(tail).map(str::to_owned).collect())
    }

    /// States for the template what to take out of the build. In a build of several modules the program's own ones lie among the libraries:
    /// the layers that Spring Boot makes keep them apart.
    pub fn state(&self, draft: &mut ServiceDraft, several: bool) {
        let out = |folder: &str, to: &str| json!({ "from": format!("/out/{folder}"), "to": to });
        let (jar, take, copies): (&str, Option<String>, Vec<Value>) = match self {
            Self::Jar(jar) => (jar, None, vec![json!({ "from": "/app/app.jar", "to": "./" })]),
            Self::Boot { jar, launcher: None } if !several => {
                (jar, Some("java -Djarmode=tools -jar app.jar extract --destination /out".to_owned()), vec![out("lib/", "lib/"), out("app.jar", "./")])
            }
            Self::Boot { jar, launcher: None } => {
                let folders = ["dependencies/", "snapshot-dependencies/", "application/"];
                (jar, Some("java -Djarmode=tools -jar app.jar extract --layers --destination /out".to_owned()), folders.map(|folder| out(folder, "./")).into())
            }
            Self::Boot { jar, .. } => {
                let folders = ["dependencies/", "spring-boot-loader/", "snapshot-dependencies/", "application/"];
                (jar, Some("java -Djarmode=layertools -jar app.jar extract --destination /out".to_owned()), folders.map(|folder| out(folder, "./")).into())
            }
            Self::Quarkus(folder) => {
                let part = |name: &str, to: &str| json!({ "from": format!("/app/{folder}/{name}"), "to": to });
                ("", None, vec![part("lib/", "lib/"), part("quarkus/", "quarkus/"), part("app/", "app/"), part("quarkus-run.jar", "./")])
            }
            Self::Plain { jar, libraries } => {
                let libraries = libraries.then(|| out("lib/", "lib/"));
                (jar, None, libraries.into_iter().chain([json!({ "from": "/app/app.jar", "to": "./" })]).collect())
            }
            Self::Installed { folder, .. } => {
                let part = |name: &str| json!({ "from": format!("/app/{folder}/{name}/"), "to": format!("{name}/") });
                ("", None, vec![part("lib"), part("bin")])
            }
        };
        // A pattern's stars are the shell's; what stands between them are words out of the project.
        draft.set("jar", jar.split('*').map(|part| if part.is_empty() { String::new() } else { Cmd::word(part) }).collect::<Vec<_>>().join("*"));
        draft.set("take", take.unwrap_or_default());
        draft.set("copies", copies);
    }
}

#[cfg(test)]
mod tests {
    use super::{Archive, boot};

    #[test]
    fn spring_boot_is_taken_apart_by_its_own_tools() {
        for (version, expected) in [
            (Some("4.1.0"), Some(None)),
            (Some("3.3.0"), Some(None)),
            (Some("3.2.5"), Some(Some("org.springframework.boot.loader.launch.JarLauncher"))),
            (Some("2.7.18"), Some(Some("org.springframework.boot.loader.JarLauncher"))),
            (Some("2.3.0"), None),
            (None, None),
        ] {
            let version = version.map(|text| text.parse().expect("a version"));
            let expected = expected.map_or_else(|| Archive::Jar("a.jar".to_owned()), |launcher| Archive::Boot { jar: "a.jar".to_owned(), launcher });
            assert_eq!(boot("a.jar".to_owned(), version.as_ref()), expected);
        }
    }

    #[test]
    fn a_program_without_an_archive_of_its_own_needs_its_main_class() {
        let plain = Archive::Plain { jar: "target/a-*.jar".to_owned(), libraries: true };
        assert_eq!(
            plain.start(Some("com.example.Main")).map(|words| words.join(" ")).as_deref(),
            Some("java -XX:MaxRAMPercentage=75 -cp app.jar:lib/* com.example.Main")
        );
        assert_eq!(plain.start(None), None);
    }
}
