use super::java;
use crate::detect::detect;
use crate::fs::Tree;
use crate::model::{Answers, Given, Question, ServiceDraft, Source};

const MAIN: &str = "public class App {\n  public static void main(String[] args) {}\n}\n";

fn of(files: &[(&str, &str)]) -> Vec<ServiceDraft> {
    detect(&Tree::memory(files.iter().copied()), &Answers::default()).services
}

fn facts(draft: &ServiceDraft) -> (String, Option<String>, Option<String>, Option<u16>, Option<String>) {
    (
        draft.stack.clone(),
        draft.framework.as_ref().map(|d| d.value.clone()),
        draft.runtime.as_ref().map(|d| d.value.to_string()),
        draft.port.as_ref().map(|d| d.value),
        draft.start.as_ref().map(|d| d.value.to_string()),
    )
}

fn want(stack: &str, framework: &str, java: &str, port: u16, start: &str) -> (String, Option<String>, Option<String>, Option<u16>, Option<String>) {
    (stack.to_owned(), Some(framework.to_owned()), Some(java.to_owned()), Some(port), Some(start.to_owned()))
}

#[test]
fn java_has_one_number() {
    for (text, want) in [("1.8", Some("8")), ("17.0.9-tem", Some("17")), ("temurin-21.0.3+9", Some("21")), ("${x}", None), ("1", None)] {
        assert_eq!(java(text).map(|v| v.to_string()).as_deref(), want, "{text}");
    }
}

#[test]
fn spring_boot_by_maven() {
    let pom = "<project>\n<parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId><version>3.4.0</version></parent>\n\
        <artifactId>shop</artifactId><version>1.0</version>\n\
        <dependencies><dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-web</artifactId></dependency></dependencies>\n\
        <build><plugins><plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId></plugin></plugins></build></project>";
    let found = of(&[("pom.xml", pom), ("src/main/java/App.java", MAIN), ("src/main/resources/application.properties", "server.port=${PORT:5000}\n")]);
    assert_eq!(facts(&found[0]), want("java", "spring-boot", "17", 5000, "java '-XX:MaxRAMPercentage=75' -jar app.jar"));
}

#[test]
fn modules_of_a_reactor_inherit_and_libraries_are_none() {
    let root = "<project><groupId>x</groupId><artifactId>all</artifactId><version>2.0</version><packaging>pom</packaging><modules><module>api</module><module>lib</module></modules>\
        <properties><java.version>21</java.version><maven.compiler.release>${java.version}</maven.compiler.release></properties></project>";
    let parent = "<parent><groupId>x</groupId><artifactId>all</artifactId><version>2.0</version></parent>";
    let api = format!(
        "<project>{parent}<artifactId>api</artifactId><dependencies><dependency><groupId>io.javalin</groupId><artifactId>javalin</artifactId></dependency></dependencies></project>"
    );
    let lib = format!("<project>{parent}<artifactId>lib</artifactId></project>");
    let found =
        of(&[("pom.xml", root), ("api/pom.xml", &api), ("api/src/main/java/App.java", &MAIN.replace("{}", "{ app.start(7070); }")), ("lib/pom.xml", &lib)]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].root.as_str(), "api");
    let (_, framework, java, port, start) = facts(&found[0]);
    assert_eq!(
        (framework.as_deref(), java.as_deref(), port, start),
        (Some("javalin"), Some("21"), Some(7070), Some("java '-XX:MaxRAMPercentage=75' -cp 'app.jar:lib/*' App".to_owned()))
    );
}

#[test]
fn gradle_in_kotlin_is_not_a_program_in_kotlin() {
    let build = "plugins {\n    java\n    id(\"org.springframework.boot\") version \"4.0.6\"\n}\nversion = \"1.0\"\njava.sourceCompatibility = JavaVersion.VERSION_17\n\
        dependencies {\n    implementation(\"org.springframework.boot:spring-boot-starter-web\")\n}\n";
    let found = of(&[
        ("build.gradle.kts", build),
        ("settings.gradle.kts", "rootProject.name = \"shop\"\n"),
        ("src/main/java/App.java", MAIN),
        ("system.properties", "java.runtime.version=25\n"),
    ]);
    assert_eq!(facts(&found[0]), want("java", "spring-boot", "25", 8080, "java '-XX:MaxRAMPercentage=75' -jar app.jar"));
}

#[test]
fn a_catalogue_names_plugins_and_java() {
    let catalogue = "[versions]\njava = \"21\"\n[libraries]\nktor-server-core = { module = \"io.ktor:ktor-server-core\" }\n[plugins]\nktor = { id = \"io.ktor.plugin\", version = \"3.0\" }\n";
    let build = "plugins {\n    alias(libs.plugins.ktor)\n}\nkotlin { jvmToolchain(libs.versions.java.get().toInt()) }\ndependencies { implementation(libs.ktor.server.core) }\n";
    let found = of(&[
        ("settings.gradle.kts", "rootProject.name = \"all\"\ninclude(\":server\")\n"),
        ("gradle/libs.versions.toml", catalogue),
        ("server/build.gradle.kts", build),
        ("server/src/main/kotlin/Main.kt", "fun main() {\n    embeddedServer(Netty, port = 8088) {}\n}\n"),
    ]);
    assert_eq!(found[0].root.as_str(), "server");
    assert_eq!(facts(&found[0]), want("kotlin", "ktor", "21", 8088, "java '-XX:MaxRAMPercentage=75' -jar app.jar"));
}

#[test]
fn play_by_sbt() {
    let found = of(&[
        ("build.sbt", "name := \"shop\"\nlazy val root = (project in file(\".\")).enablePlugins(PlayScala)\nscalacOptions ++= Seq(\"-release:17\")\n"),
        ("project/plugins.sbt", "addSbtPlugin(\"org.playframework\" % \"sbt-plugin\" % \"3.0.5\")\n"),
        ("app/controllers/Home.scala", "class Home\n"),
    ]);
    assert_eq!(facts(&found[0]), want("scala", "play", "17", 9000, "target/universal/stage/bin/shop"));
}

const STARTER: &str = "<dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-web</artifactId></dependency>";
const REPACKAGES: &str = "<build><plugins><plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId></plugin>";

fn maven(head: &str, dependencies: &str, plugins: &str) -> String {
    format!("<project>{head}<artifactId>shop</artifactId><version>1.0</version><dependencies>{dependencies}</dependencies>{plugins}</project>")
}

#[test]
fn a_line_that_is_none_for_the_long_term_is_built_by_the_next_one() {
    for (asked, expected) in [("8", "8"), ("9", "11"), ("16", "17"), ("19", "21"), ("21", "21"), ("23", "25")] {
        let pom = maven(&format!("<properties><java.version>{asked}</java.version></properties>"), STARTER, &format!("{REPACKAGES}</plugins></build>"));
        let found = of(&[("pom.xml", &pom), ("src/main/java/App.java", MAIN)]);
        assert_eq!(found[0].runtime.as_ref().map(|java| java.value.to_string()).as_deref(), Some(expected), "{asked}");
    }
}

#[test]
fn an_old_gradle_runs_on_a_java_that_it_knows() {
    let build = "plugins {\n    id 'application'\n}\n";
    for (gradle, expected) in [("9.2.0", "25"), ("8.10", "21"), ("7.6.4", "17"), ("6.9", "11")] {
        let wrapper = format!("distributionUrl=https\\://example.com/distributions/gradle-{gradle}-bin.zip\n");
        let found = of(&[
            ("build.gradle", build),
            ("settings.gradle", "rootProject.name = 'shop'\n"),
            ("gradlew", "#!/bin/sh\n"),
            ("gradle/wrapper/gradle-wrapper.properties", &wrapper),
            ("src/main/java/App.java", MAIN),
        ]);
        assert_eq!(found[0].runtime.as_ref().map(|java| java.value.to_string()).as_deref(), Some(expected), "{gradle}");
        assert_eq!(found[0].start.as_ref().map(|start| start.value.to_string()).as_deref(), Some("/app/bin/shop"));
    }
}

#[test]
fn what_is_none_of_an_image_s_build_is_left_out() {
    let plugins = format!("{REPACKAGES}<plugin><artifactId>git-commit-id-maven-plugin</artifactId></plugin></plugins></build>");
    let found = of(&[("pom.xml", &maven("", STARTER, &plugins)), ("src/main/java/App.java", MAIN)]);
    assert_eq!(found[0].build.as_ref().map(|build| build.value.to_string()).as_deref(), Some("mvn package -DskipTests -Dmaven.gitcommitid.skip"));
}

#[test]
fn drivers_beside_a_built_in_database_are_a_choice_of_the_settings() {
    let driver = |name: &str| {
        let (group, artifact) = name.split_once(':').expect("both");
        format!("<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId></dependency>")
    };
    let (h2, postgres) = (driver("com.h2database:h2"), driver("org.postgresql:postgresql"));
    let uses = |dependencies: &str, settings: &str| {
        let pom = maven("", &format!("{STARTER}{dependencies}"), &format!("{REPACKAGES}</plugins></build>"));
        let found = of(&[("pom.xml", &pom), ("src/main/java/App.java", MAIN), ("src/main/resources/application.properties", settings)]);
        found[0].dependencies.iter().any(|one| one.name == "org.postgresql:postgresql")
    };
    assert!(uses(&postgres, ""));
    assert!(!uses(&format!("{h2}{postgres}"), ""));
    assert!(uses(&format!("{h2}{postgres}"), "spring.datasource.url=jdbc:postgresql://localhost/shop\n"));
}

#[test]
fn several_main_classes_are_a_question() {
    let files = [
        ("pom.xml", maven("", "", "")),
        ("src/main/java/com/a/One.java", format!("package com.a;\n{MAIN}")),
        ("src/main/java/com/a/Two.java", format!("package com.a;\n{MAIN}")),
    ];
    let found = of(&files.iter().map(|(path, text)| (*path, text.as_str())).collect::<Vec<_>>());
    let [open] = found[0].open.as_slice() else { panic!("one question") };
    let candidates: Vec<&str> = open.candidates.iter().map(|(command, _)| command.as_str()).collect();
    assert_eq!(candidates, ["java '-XX:MaxRAMPercentage=75' -cp app.jar com.a.One", "java '-XX:MaxRAMPercentage=75' -cp app.jar com.a.Two"]);
}

#[test]
fn names_and_commands_that_are_cut_short_are_no_panic() {
    let files = [
        ("pom.xml", maven("", STARTER, &format!("{REPACKAGES}</plugins></build>"))),
        ("Procfile", "web: java -jar\n".to_owned()),
        ("src/main/kotlin/\u{e9}t\u{e9}.kt", "fun main() {\n}\n".to_owned()),
    ];
    let found = of(&files.iter().map(|(path, text)| (*path, text.as_str())).collect::<Vec<_>>());
    let main = found[0].facts.iter().find(|(name, _)| name == "main").map(|(_, main)| main.value.as_str());
    assert_eq!(main, Some("\u{c9}t\u{e9}Kt"));
}

#[test]
fn of_two_build_files_the_one_that_the_project_calls_is_taken() {
    let pom = maven("", STARTER, &format!("{REPACKAGES}</plugins></build>"));
    let gradle = "plugins { id 'org.springframework.boot' version '3.4.0' }\n";
    let manager = |more: &[(&str, &str)]| {
        let files = [("pom.xml", pom.as_str()), ("build.gradle", gradle), ("src/main/java/App.java", MAIN)];
        let found = of(&files.iter().chain(more).copied().collect::<Vec<_>>());
        format!("{}{}", found[0].package_manager.as_ref().expect("one").value, if found[0].open.is_empty() { "" } else { "?" })
    };
    assert_eq!(manager(&[]), "maven?");
    assert_eq!(manager(&[("README.md", "It is built with [Maven](x).\n")]), "maven?");
    assert_eq!(manager(&[("README.md", "```\n./gradlew bootRun\n```\nor `./mvnw spring-boot:run`\n")]), "gradle");
    assert_eq!(manager(&[(".github/workflows/a.yml", "- run: mvn -B verify\n"), ("README.md", "    gradle build\n")]), "maven");
}

#[test]
fn an_answer_decides_between_build_files() {
    let pom = maven("", STARTER, &format!("{REPACKAGES}</plugins></build>"));
    let mut answers = Answers::default();
    answers.give(Question::PackageManager, Given { value: "gradle".to_owned(), source: Source::Flag(Question::PackageManager) });
    let both = [("pom.xml", pom.as_str()), ("build.gradle", "plugins { id 'java' }\n"), ("src/main/java/App.java", MAIN)];
    let found = detect(&Tree::memory(both), &answers);
    assert_eq!(found.services[0].package_manager.as_ref().map(|manager| manager.value.as_str()), Some("gradle"));
}
