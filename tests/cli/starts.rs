//! Start scripts that are not one program which the build makes.

use crate::project::Project;

const SERVER: &str = "require('express')().listen(4000);\n";

fn node(scripts: &str, more: &[(&str, &str)]) -> Project {
    let package = format!("{{\n  \"name\": \"shop\",\n  \"scripts\": {{ {scripts} }},\n  \"dependencies\": {{ \"express\": \"^5.1.0\" }}\n}}\n");
    let project = Project::new(more);
    project.write("package.json", &package);
    project
}

#[test]
fn one_of_several_programs_is_the_containers() {
    let scripts = r#""start": "run-p api web", "api": "node server.js", "web": "vite""#;
    let project = node(scripts, &[("server.js", SERVER)]);
    let run = project.expect(0, &["init"]);
    assert!(run.stderr.contains("the container starts `node server.js` alone, without `node_modules/.bin/vite`, which is for development"), "{}", run.stderr);
    assert!(project.read("Dockerfile").contains("CMD [\"node\", \"server.js\"]"));

    let scripts = r#""start": "concurrently 'node server.js' npm:mail", "mail": "node mail.js""#;
    let project = node(scripts, &[("server.js", SERVER), ("mail.js", "setInterval(() => {}, 1000);\n")]);
    let run = project.expect(2, &["init"]);
    assert!(run.stderr.contains("a container runs one: node server.js, node mail.js"), "{}", run.stderr);
    assert!(run.stderr.contains("--start-cmd"), "{}", run.stderr);
    project.expect(0, &["init", "--start-cmd", "node server.js"]);
}

#[test]
fn what_the_compiler_does_not_write_is_said() {
    let tsconfig = ("tsconfig.json", "{ \"compilerOptions\": { \"outDir\": \"build\", \"rootDir\": \"src\", \"module\": \"commonjs\" } }\n");
    let files = [tsconfig, ("src/index.ts", "import express from 'express';\nexpress().listen(4000);\n")];
    let run = node(r#""build": "tsc", "start": "node dist/index.js""#, &files).expect(0, &["init"]);
    assert!(run.stderr.contains("starts a file that no build makes: the compiler writes `node build/index.js`"), "{}", run.stderr);
    let run = node(r#""build": "tsc", "start": "node build/index.js""#, &files).expect(0, &["init"]);
    assert!(!run.stderr.contains("the compiler writes"), "{}", run.stderr);
}

#[test]
fn a_program_that_no_image_of_node_has_is_not_started() {
    let run = node(r#""start": "python app.py""#, &[("app.py", "print(1)\n")]).expect(2, &["init"]);
    assert!(run.stderr.contains("--start-cmd"), "{}", run.stderr);
}

#[test]
fn a_build_needs_no_dependencies() {
    let project = Project::new(&[
        ("package.json", "{ \"name\": \"shop\", \"scripts\": { \"build\": \"node build.js\", \"start\": \"node dist/main.js\" } }\n"),
        ("build.js", "require('node:fs').cpSync('main.js', 'dist/main.js');\n"),
        ("main.js", "require('node:http').createServer((_, answer) => answer.end('ok')).listen(4000);\n"),
    ]);
    project.expect(0, &["init"]);
    assert!(project.read("Dockerfile").contains("FROM deps AS build"), "{}", project.read("Dockerfile"));
}

#[test]
fn an_application_that_is_called_as_its_database() {
    let project = Project::new(&[
        ("package.json", "{ \"name\": \"redis\", \"scripts\": { \"start\": \"node server.js\" }, \"dependencies\": { \"ioredis\": \"^5.8.0\" } }\n"),
        ("server.js", "new (require('ioredis'))(process.env.REDIS_URL);\nrequire('node:http').createServer().listen(4000);\n"),
    ]);
    project.expect(0, &["init"]);
    let compose = project.read("compose.yaml");
    assert!(compose.contains("\n  redis-app:\n") && compose.contains("\n  redis:\n    image: redis:"), "{compose}");
}

#[test]
fn brokers_stand_beside_the_program_that_calls_them() {
    let project = Project::new(&[
        (
            "package.json",
            "{ \"name\": \"mailer\", \"scripts\": { \"start\": \"node server.js\" }, \"dependencies\": { \"amqplib\": \"1\", \"kafkajs\": \"2\", \"nats\": \"2\", \"ioredis\": \"5\" } }\n",
        ),
        ("server.js", "const urls = [process.env.AMQP_URL, process.env.KAFKA_BOOTSTRAP_SERVERS];\nrequire('node:http').createServer().listen(4000);\n"),
    ]);
    project.expect(0, &["init"]);
    let compose = project.read("compose.yaml");
    let order: Vec<&str> = compose.lines().filter(|line| line.starts_with("      ") && line.trim_end().ends_with(':')).map(str::trim).collect();
    assert_eq!(order[..4], ["kafka:", "nats:", "rabbitmq:", "redis:"], "{compose}");
    for told in ["      AMQP_URL: 'amqp://rabbitmq:5672'", "      KAFKA_BOOTSTRAP_SERVERS: 'kafka:9092'", "      NATS_URL: 'nats://nats:4222'"] {
        assert!(compose.contains(told), "{compose}");
    }
    assert!(compose.contains("KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://kafka:9092'"), "{compose}");
}
