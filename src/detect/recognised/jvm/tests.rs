use super::{draft, java};
use crate::fs::Tree;
use crate::model::ServiceDraft;

const MAIN: &str = "public class App {\n  public static void main(String[] args) {}\n}\n";

fn of(files: &[(&str, &str)]) -> Vec<ServiceDraft> {
    let tree = Tree::memory(files.iter().copied());
    draft(&tree.root()).expect("fine").services
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
    assert_eq!(facts(&found[0]), want("java", "spring-boot", "17", 5000, "java -jar target/shop-1.0.jar"));
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
    assert_eq!((framework.as_deref(), java.as_deref(), port, start), (Some("javalin"), Some("21"), Some(7070), None));
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
    assert_eq!(facts(&found[0]), want("java", "spring-boot", "25", 8080, "java -jar build/libs/shop-1.0.jar"));
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
    assert_eq!(facts(&found[0]), want("kotlin", "ktor", "21", 8088, "java -jar server/build/libs/server-all.jar"));
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
