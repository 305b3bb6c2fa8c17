//! Frameworks of the Java virtual machine, by the groups of what a module depends on and is built with.

use crate::model::{Decision, Evidence, Source};

/// A framework by the beginnings of its parts' names.
struct Row {
    name: &'static str,
    parts: &'static [&'static str],
    /// The port that it listens on where nothing else is said; 0 where it has none of its own.
    port: u16,
    /// Whether it brings the main class, so that a project needs none of its own.
    main: bool,
}

/// In order of precedence: what stands on another framework comes before it.
const ROWS: &[Row] = &[
    Row { name: "grails", parts: &["org.grails", "org.apache.grails"], port: 8080, main: false },
    Row { name: "quarkus", parts: &["io.quarkus"], port: 8080, main: true },
    Row { name: "micronaut", parts: &["io.micronaut"], port: 8080, main: false },
    Row { name: "spring-boot", parts: &["org.springframework.boot"], port: 8080, main: false },
    Row { name: "ktor", parts: &["io.ktor"], port: 8080, main: false },
    Row { name: "play", parts: &["org.playframework", "com.typesafe.play"], port: 9000, main: true },
    Row { name: "http4s", parts: &["org.http4s"], port: 8080, main: false },
    Row { name: "zio-http", parts: &["dev.zio:zio-http"], port: 8080, main: false },
    Row { name: "pekko-http", parts: &["org.apache.pekko:pekko-http"], port: 0, main: false },
    Row { name: "akka-http", parts: &["com.typesafe.akka:akka-http"], port: 0, main: false },
    Row { name: "finatra", parts: &["com.twitter:finatra", "com.twitter:finagle"], port: 8888, main: false },
    Row { name: "cask", parts: &["com.lihaoyi:cask"], port: 8080, main: false },
    Row { name: "scalatra", parts: &["org.scalatra"], port: 8080, main: false },
    Row { name: "helidon", parts: &["io.helidon"], port: 8080, main: true },
    Row { name: "dropwizard", parts: &["io.dropwizard"], port: 8080, main: false },
    Row { name: "javalin", parts: &["io.javalin"], port: 8080, main: false },
    Row { name: "jooby", parts: &["io.jooby"], port: 8080, main: false },
    Row { name: "http4k", parts: &["org.http4k"], port: 8000, main: false },
    Row { name: "vertx", parts: &["io.vertx"], port: 8080, main: true },
    Row { name: "sparkjava", parts: &["com.sparkjava"], port: 4567, main: false },
    Row { name: "ratpack", parts: &["io.ratpack"], port: 5050, main: false },
    Row { name: "armeria", parts: &["com.linecorp.armeria"], port: 0, main: false },
    Row { name: "spring", parts: &["org.springframework:spring-webmvc", "org.springframework:spring-web"], port: 0, main: false },
    Row { name: "jakarta-ee", parts: &["jakarta.platform", "javax:javaee", "org.wildfly", "io.openliberty"], port: 0, main: false },
    Row { name: "jetty", parts: &["org.eclipse.jetty"], port: 8080, main: false },
];

/// What makes Spring Boot listen; without any of these it is a program without a port.
const SPRING_SERVERS: &[&str] = &[
    "web",
    "webflux",
    "webmvc",
    "jersey",
    "web-services",
    "webservices",
    "undertow",
    "jetty",
    "tomcat",
    "reactor-netty",
    "data-rest",
    "graphql",
    "actuator",
    "hateoas",
];

/// The framework that a module's parts show.
pub fn of(parts: &[(String, Evidence)]) -> Option<Decision<String>> {
    ROWS.iter().find_map(|row| {
        let (_, at) = parts.iter().find(|(part, _)| row.parts.iter().any(|name| starts(part, name)))?;
        Some(Decision::new(row.name.to_owned(), Source::File(at.clone())))
    })
}

/// A part's name begins with these words: `io.ktor` is the beginning of `io.ktor:ktor-server-netty` and of `io.ktor.plugin`.
fn starts(part: &str, name: &str) -> bool {
    part.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '.', '-', '_']))
}

/// Whether a project of this framework needs no main class of its own.
pub fn brings_main(framework: &str) -> bool {
    ROWS.iter().any(|row| row.name == framework && row.main)
}

/// The port that the framework listens on where nothing else is said.
pub fn port(framework: &str, parts: &[(String, Evidence)]) -> Option<u16> {
    let row = ROWS.iter().find(|row| row.name == framework)?;
    let serves = row.name != "spring-boot"
        || parts.iter().any(|(part, _)| {
            let starter = part.rsplit(':').next().and_then(|artifact| artifact.strip_prefix("spring-boot-starter-"));
            starter.is_some_and(|starter| SPRING_SERVERS.contains(&starter))
                || [
                    "spring-cloud-starter-gateway",
                    "spring-cloud-config-server",
                    "netflix-eureka-server",
                    "admin-server",
                    "vaadin-spring-boot-starter",
                    "springdoc-openapi-starter-web",
                ]
                .iter()
                .any(|name| part.contains(name))
        });
    (serves && row.port > 0).then_some(row.port)
}

#[cfg(test)]
mod tests {
    use super::ROWS;
    use crate::catalog::StackPack;

    #[test]
    fn the_catalogue_says_the_same() {
        for row in StackPack::load("java").expect("loads").framework {
            let own = ROWS.iter().find(|own| own.name == row.id).unwrap_or_else(|| panic!("`{}` is no framework here", row.id));
            assert_eq!((own.parts, Some(own.port)), (row.dependency.iter().map(String::as_str).collect::<Vec<_>>().as_slice(), row.port), "{}", row.id);
        }
    }
}
