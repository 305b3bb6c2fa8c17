//! Whom a program of Nest's answers: some of its kinds listen on no port, or speak no HTTP.

use super::project::Project;
use crate::detect::source;
use crate::manifest::pattern;

/// Whom it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Talks {
    /// Requests of HTTP.
    Http,
    /// Messages that reach it on a port.
    Messages,
    /// Nobody: it fetches its messages, or has other work.
    Nobody,
}

/// What the file that is started makes: `NestFactory.create`, `createMicroservice`, `createApplicationContext`.
pub fn talks(project: &Project<'_>, framework: Option<&str>, file: Option<&str>) -> Talks {
    const MADE: &str = r"\bNestFactory\.(create\w*)";
    const FETCHED: &str = r"\bTransport\.(REDIS|NATS|MQTT|RMQ|KAFKA)\b";
    let text = file.filter(|_| framework == Some("nestjs")).and_then(|file| project.dir.peek(&project.source_of(file)));
    let (Some(text), Some(made), Some(fetched)) = (text, pattern::kept(MADE), pattern::kept(FETCHED)) else { return Talks::Http };
    let one = std::slice::from_ref(&text);
    let made: Vec<String> = source::find_all(one, &made, "//").into_iter().map(|hit| hit.value).collect();
    let other = text.as_str().contains(".startAllMicroservices(") || text.as_str().contains(".connectMicroservice(");
    match made.first().map(String::as_str) {
        Some(_) if made.iter().any(|name| name == "create") || other => Talks::Http,
        Some("createMicroservice") if source::find(one, &fetched, "//").is_none() => Talks::Messages,
        Some("createMicroservice" | "createApplicationContext") => Talks::Nobody,
        _ => Talks::Http,
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::select::detect;
    use crate::fs::Tree;
    use crate::model::{Answers, Health, Kind};

    #[test]
    fn only_what_answers_requests_is_asked_whether_it_is_well() {
        let of = |main: &str| {
            let package = r#"{"scripts": {"build": "nest build", "start:prod": "node dist/main"}, "dependencies": {"@nestjs/core": "11"}}"#;
            let settings = r#"{"compilerOptions": {"outDir": "dist", "rootDir": "src"}}"#;
            let main = format!("import {{ AppModule }} from './lost'\n{main}\n");
            let found = detect(&Tree::memory([("package.json", package), ("tsconfig.json", settings), ("src/main.ts", main.as_str())]), &Answers::default());
            let draft = &found.services[0];
            (draft.kind, draft.port.as_ref().map(|port| port.value), matches!(draft.health, Health::Http(_)))
        };
        assert_eq!(of("const app = await NestFactory.create<App>(AppModule)\nawait app.listen(3100)"), (Kind::Server, Some(3100), true));
        assert_eq!(of("await NestFactory.createApplicationContext(AppModule)"), (Kind::Worker, None, false));
        let tcp = "const app = await NestFactory.createMicroservice(AppModule, { options: { port: 3100 } })\nawait app.listen()";
        assert_eq!(of(tcp), (Kind::Server, Some(3100), false));
        assert_eq!(of(&tcp.replace("options: {", "transport: Transport.REDIS, options: {")), (Kind::Worker, None, false));
    }
}
