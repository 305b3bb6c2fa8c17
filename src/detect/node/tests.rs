//! Small projects of odd shape, and what is said of them.

use crate::detect::select::detect;
use crate::fs::Tree;
use crate::model::{Answers, Cmd, Decision, ServiceDraft};

fn services(files: &[(&str, &str)]) -> Vec<ServiceDraft> {
    detect(&Tree::memory(files.iter().copied()), &Answers::default()).services
}

fn one(files: &[(&str, &str)]) -> ServiceDraft {
    services(files).into_iter().next().expect("a service")
}

fn command(decision: Option<&Decision<Cmd>>) -> String {
    decision.map(|decision| decision.value.to_string()).unwrap_or_default()
}

fn noted(draft: &ServiceDraft, id: &str) -> bool {
    draft.notes.iter().any(|note| note.id == id)
}

const SERVER: &str = "require('express')().listen(3000)";

#[test]
fn the_compilers_folder_beats_the_scripts() {
    let package = r#"{"scripts": {"build": "tsc", "start": "node dist/index.js"}, "dependencies": {"express": "5"}}"#;
    let settings = r#"{"compilerOptions": {"outDir": "build", "rootDir": "src"}}"#;
    let draft = one(&[("package.json", package), ("tsconfig.json", settings), ("src/index.ts", SERVER)]);
    assert_eq!((command(draft.start.as_ref()).as_str(), noted(&draft, "start-missing")), ("node build/index.js", true));
    let by_flag = package.replace("\"tsc\"", "\"tsc --outDir dist\"");
    let draft = one(&[("package.json", &by_flag), ("tsconfig.json", settings), ("src/index.ts", SERVER)]);
    assert_eq!((command(draft.start.as_ref()).as_str(), noted(&draft, "start-missing")), ("node dist/index.js", false));
}

#[test]
fn what_a_bundler_makes_is_the_program() {
    let package = r#"{"main": "lib/index.js", "scripts": {"build": "tsup"}, "dependencies": {"express": "5"}}"#;
    assert_eq!(command(one(&[("package.json", package), ("src/index.ts", SERVER)]).start.as_ref()), "node lib/index.js");
}

#[test]
fn tools_that_no_manifest_lists_are_not_run() {
    let draft = one(&[("package.json", r#"{"scripts": {"start": "node index.js", "dev": "nodemon index.js"}}"#), ("index.js", SERVER)]);
    assert_eq!((command(draft.dev.as_ref()).as_str(), noted(&draft, "unlisted-tool")), ("node --watch index.js", true));
    let draft = one(&[("package.json", r#"{"scripts": {"start": "nodemon index.js"}}"#), ("index.js", SERVER)]);
    assert_eq!((command(draft.start.as_ref()), command(draft.dev.as_ref())), ("node index.js".to_owned(), "node --watch index.js".to_owned()));
}

#[test]
fn source_that_only_compiles_is_built_for_development() {
    let package = r#"{"scripts": {"build": "tsc", "start": "node dist/index.js"}}"#;
    let settings = r#"{"compilerOptions": {"outDir": "dist", "rootDir": "src"}}"#;
    for (source, want) in [
        ("import a from './a'\na.listen(3000)", "npm run build && node dist/index.js"),
        ("import http from 'node:http'\nhttp.createServer().listen(3000)\nconsole.log(__dirname)", "npm run build && node dist/index.js"),
        ("import http from 'node:http'\nhttp.createServer().listen(3000)", "node --watch src/index.ts"),
    ] {
        let draft = one(&[("package.json", package), ("tsconfig.json", settings), ("src/index.ts", source), ("src/a.ts", "")]);
        assert_eq!(command(draft.dev.as_ref()), want, "{source}");
    }
}

#[test]
fn ports_stand_in_settings() {
    let files = [
        ("package.json", r#"{"scripts": {"start": "node index.js"}}"#),
        ("index.js", "app.listen(config.port)"),
        ("config/default.json", r#"{"server": {"port": 8081}}"#),
    ];
    assert_eq!(one(&files).port.map(|port| port.value), Some(8081));
}

#[test]
fn what_runs_elsewhere_is_said() {
    for package in [
        r#"{"main": "main.js", "scripts": {"start": "electron ."}, "devDependencies": {"electron": "35"}}"#,
        r#"{"scripts": {"serve": "firebase emulators:start"}, "dependencies": {"firebase-functions": "6"}}"#,
        r#"{"scripts": {"deploy": "serverless deploy"}, "devDependencies": {"serverless": "4"}}"#,
        r#"{"scripts": {"dev": "vercel dev"}, "devDependencies": {"vercel": "41"}}"#,
    ] {
        let file = if package.contains("electron") { "main.js" } else { "api/a.js" };
        let draft = one(&[("package.json", package), (file, "require('electron')")]);
        assert!(noted(&draft, "runs-elsewhere") && draft.start.is_none(), "{package}");
    }
    let server = [("package.json", r#"{"dependencies": {"express": "5"}}"#), ("index.js", SERVER), ("vercel.json", "{}")];
    assert_eq!(command(one(&server).start.as_ref()), "node index.js");
}

#[test]
fn dependencies_outside_of_the_context_are_an_error() {
    let draft = one(&[("api/package.json", r#"{"scripts": {"start": "node a.js"}, "dependencies": {"x": "file:../x"}}"#), ("api/a.js", SERVER)]);
    assert!(noted(&draft, "outside-dependency"));
}

#[test]
fn plug_and_play_needs_no_loader_where_folders_are_installed() {
    let files = [("package.json", r#"{"scripts": {"start": "node -r ./.pnp.cjs --loader ./.pnp.loader.mjs a.js"}}"#), ("a.js", SERVER)];
    assert_eq!(command(one(&files).start.as_ref()), "node a.js");
}

#[test]
fn a_homepage_says_where_the_site_lies() {
    let package = r#"{"homepage": "https://a.example/shop", "scripts": {"build": "react-scripts build"}, "dependencies": {"react-scripts": "5"}}"#;
    let draft = one(&[("package.json", package)]);
    assert_eq!(draft.extra.get("base_path"), Some(&serde_json::json!("shop/")));
}

#[test]
fn applications_of_nest_are_services() {
    let settings = r#"{"projects": {"api": {"type": "application", "root": "apps/api"}, "mail": {"type": "application", "root": "apps/mail"}, "db": {"type": "library", "root": "libs/db"}}}"#;
    let package = r#"{"scripts": {"build": "nest build", "start:prod": "node dist/apps/api/main"}, "dependencies": {"@nestjs/core": "11"}}"#;
    let files =
        [("package.json", package), ("nest-cli.json", settings), ("apps/api/src/main.ts", "app.listen(3001)"), ("apps/mail/src/main.ts", "app.listen(3002)")];
    let said: Vec<String> = services(&files)
        .iter()
        .map(|draft| format!("{} {} {}", command(draft.build.as_ref()), command(draft.start.as_ref()), draft.port.as_ref().map_or(0, |port| port.value)))
        .collect();
    assert_eq!(
        said,
        ["node_modules/.bin/nest build api node dist/apps/api/main.js 3001", "node_modules/.bin/nest build mail node dist/apps/mail/main.js 3002"]
    );
}

#[test]
fn what_a_watcher_executes_is_the_program() {
    let start = |script: &str, more: &str| {
        let package = format!(r#"{{"scripts": {{"start": "{script}"}}, "devDependencies": {{"nodemon": "3"{more}}}}}"#);
        one(&[("package.json", &package), ("src/index.js", SERVER)])
    };
    assert_eq!(command(start("nodemon -w src --exec 'node --inspect' src/index.js", "").start.as_ref()), "node src/index.js");
    let draft = start("nodemon --exec babel-node src/index.js", r#", "@babel/node": "7""#);
    assert_eq!(command(draft.start.as_ref()), "node_modules/.bin/babel-node src/index.js");
    assert!(noted(&draft, "runner-in-production") && draft.extra.get("prunes") == Some(&false.into()));
}

#[test]
fn the_framework_is_the_one_that_the_scripts_call() {
    let of = |script: &str| {
        let package = format!(r#"{{"scripts": {{"build": "{script}"}}, "dependencies": {{"next": "16"}}, "devDependencies": {{"storybook": "10"}}}}"#);
        one(&[("package.json", &package), (".storybook/main.ts", ""), ("app/page.tsx", "")]).framework.map(|framework| framework.value)
    };
    assert_eq!(of("storybook build").as_deref(), Some("storybook"));
    assert_eq!(of("bun --bun next build").as_deref(), Some("nextjs"));
}

#[test]
fn pages_that_the_own_build_makes_are_no_service_of_their_own() {
    let scripts = r#""start": "node server/index.js", "dev": "concurrently \"npm:server\" \"npm run client\"", "server": "node --watch server/index.js",
        "client": "npm run dev --prefix client", "build": "npm install --prefix client && npm run build --prefix client""#;
    let package = format!(r#"{{"scripts": {{{scripts}}}, "dependencies": {{"express": "5"}}, "devDependencies": {{"concurrently": "9"}}}}"#);
    let client = r#"{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "7"}}"#;
    let files = [
        ("package.json", package.as_str()),
        ("package-lock.json", "{}"),
        ("server/index.js", SERVER),
        ("client/package.json", client),
        ("client/index.html", ""),
    ];
    let found = services(&files);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].extra.get("inner"), Some(&serde_json::json!(["client"])));
    let install = serde_json::json!([{"run": "npm install --prefix client --no-audit --no-fund", "folder": "client"}]);
    assert_eq!(found[0].extra.get("dev_installs"), Some(&install));
}

#[test]
fn a_compiler_that_watches_serves_nothing() {
    let settings = r#"{"compilerOptions": {"outDir": "dist", "rootDir": "src"}}"#;
    let dev = |scripts: &str| {
        let package =
            format!(r#"{{"scripts": {{"build": "tsc", "start": "node dist/index.js", {scripts}}}, "devDependencies": {{"nodemon": "3", "typescript": "5"}}}}"#);
        let draft = one(&[("package.json", &package), ("tsconfig.json", settings), ("src/index.ts", "import a from './a'\na.listen(3000)"), ("src/a.ts", "")]);
        command(draft.dev.as_ref())
    };
    let compiler = "node_modules/.bin/tsc -w";
    assert_eq!(dev(r#""dev": "tsc -w""#), format!("npm run build && {{ {compiler} & exec node --watch dist/index.js; }}"));
    let both = format!("npm run build && {{ {compiler} & exec node_modules/.bin/nodemon dist/index.js; }}");
    assert_eq!(dev(r#""watch": "tsc -w", "dev": "nodemon dist/index.js""#), both);
    assert_eq!(dev(r#""dev": "nodemon dist/index.js""#), "npm run build && exec node_modules/.bin/nodemon dist/index.js");
}

#[test]
fn what_the_start_script_builds_is_the_build() {
    let package = r#"{"scripts": {"start": "rimraf out && tsc && node src/index.js"}, "dependencies": {"express": "5"}}"#;
    let draft = one(&[("package.json", package), ("src/index.ts", SERVER)]);
    assert_eq!(command(draft.build.as_ref()), "node_modules/.bin/rimraf out && node_modules/.bin/tsc");
    let package = r#"{"scripts": {"start": "npm run lint && node index.js", "lint": "eslint ."}}"#;
    assert_eq!(command(one(&[("package.json", package), ("index.js", SERVER)]).build.as_ref()), "");
    let package = r#"{"scripts": {"build": "vite build", "build:server": "tsc", "start": "node out/server.js"}, "dependencies": {"express": "5"}}"#;
    let draft = one(&[("package.json", package), ("server/server.ts", SERVER)]);
    assert_eq!(command(draft.build.as_ref()), "npm run build && npm run build:server");
}

#[test]
fn a_member_that_the_image_starts_by_its_name_is_the_application() {
    let root = ("package.json", r#"{"private": true, "workspaces": ["packages/*"]}"#);
    let cli = ("packages/cli/package.json", r#"{"name": "mail", "bin": {"mail": "./bin/mail.js"}, "exports": "./a.js", "dependencies": {"@m/ui": "*"}}"#);
    let ui =
        ("packages/ui/package.json", r#"{"name": "@m/ui", "scripts": {"build": "vite build", "preview": "vite preview"}, "devDependencies": {"vite": "7"}}"#);
    let files = [root, cli, ui, ("packages/cli/bin/mail.js", SERVER), ("packages/ui/index.html", "")];
    // Pages that it depends on are its own to send.
    let names = |files: &[(&str, &str)]| services(files).into_iter().map(|service| service.root.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&files), ["packages/cli"]);
    let mut more = files.to_vec();
    more.push(("packages/api/package.json", r#"{"name": "@m/api", "scripts": {"start": "node a.js"}}"#));
    more.push(("packages/api/a.js", SERVER));
    assert_eq!(names(&more), ["packages/api", "packages/ui"]);
    more.push(("Dockerfile", "FROM node:24\nCMD [\"node\", \"bin/mail.js\"]\n"));
    assert_eq!(names(&more), ["packages/api", "packages/cli"]);
}

#[test]
fn members_without_a_program_are_no_projects_of_their_own() {
    let member = r#"{"name": "a", "scripts": {"build": "tsc"}, "dependencies": {"left-pad": "1"}}"#;
    let draft = services(&[
        ("package.json", r#"{"name": "all", "private": true}"#),
        ("pnpm-workspace.yaml", "packages: [libs/*]\n"),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n"),
        ("libs/a/package.json", member),
    ]);
    assert_eq!(draft.iter().map(|draft| (draft.name.as_str(), draft.open.len())).collect::<Vec<_>>(), [("all", 1)]);
}

#[test]
fn actions_run_on_their_runners() {
    let action = one(&[("package.json", r#"{"name": "a"}"#), ("action.yml", "name: a\n"), ("src/index.js", "run()")]);
    assert!(noted(&action, "runs-elsewhere") && action.start.is_none());
}

#[test]
fn a_program_lies_where_its_package_is_asked_for() {
    let member = r#"{"name": "api", "scripts": {"start": "node a.js", "dev": "nest start --watch"}, "devDependencies": {"@nestjs/cli": "11"}}"#;
    let root = ("package.json", r#"{"name": "all", "private": true}"#);
    let draft = one(&[
        root,
        ("pnpm-workspace.yaml", "packages: [apps/*]\n"),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\n"),
        ("apps/api/package.json", member),
        ("apps/api/a.js", SERVER),
    ]);
    assert_eq!(command(draft.dev.as_ref()), "node_modules/.bin/nest start --watch");
}

#[test]
fn pages_that_a_build_makes_beside_its_server_are_sent_by_it() {
    let package =
        r#"{"scripts": {"build": "vite build && tsc", "start": "node out/index.js"}, "dependencies": {"express": "5"}, "devDependencies": {"vite": "7"}}"#;
    let settings = ("tsconfig.json", r#"{"compilerOptions": {"outDir": "out", "rootDir": "server"}}"#);
    let server = ("server/index.ts", "app.use(express.static('dist/client'))\napp.listen(3000)");
    let outputs = |config: &str| {
        let draft = one(&[("package.json", package), settings, server, ("index.html", ""), ("vite.config.ts", config)]);
        draft.extra.get("outputs").map(ToString::to_string).unwrap_or_default()
    };
    assert_eq!(outputs("export default { build: { outDir: 'dist/client' } }"), r#"["out","dist/client"]"#);
    assert_eq!(outputs("export default { build: { outDir: 'elsewhere' } }"), r#"["out"]"#);
}

#[test]
fn pages_of_a_package_below_are_built_where_the_server_names_their_folder() {
    let client = r#"{"scripts": {"build": "react-scripts build"}, "dependencies": {"react-scripts": "5"}}"#;
    let sends = "app.use(require('express').static(path.join(__dirname, '..', 'client', 'build')))\napp.listen(3000)";
    let files = |package: &'static str, source: &'static str| {
        [
            ("package.json", package),
            ("package-lock.json", "{}"),
            ("server/index.js", source),
            ("client/package.json", client),
            ("client/package-lock.json", "{}"),
            ("client/public/index.html", ""),
        ]
    };
    let plain = r#"{"scripts": {"start": "node server/index.js"}, "dependencies": {"express": "5"}}"#;
    let found = services(&files(plain, sends));
    assert_eq!(found.len(), 1);
    let front = found[0].front.as_ref().expect("a front end");
    assert_eq!((front.output.as_str(), front.wanted.as_str(), found[0].build.is_some()), ("client/build", "client/build", false));
    assert_eq!(found[0].extra.get("folders"), Some(&serde_json::json!(["server"])));
    // What no server sends is a site of its own.
    assert_eq!(services(&files(plain, "app.listen(3000)")).len(), 2);
    let heroku =
        r#"{"scripts": {"start": "node server/index.js", "heroku-postbuild": "cd client && npm install && npm run build"}, "dependencies": {"express": "5"}}"#;
    let found = services(&files(heroku, sends));
    assert_eq!((found.len(), found[0].front.is_some(), found[0].build.is_some()), (1, true, false));
    // A build that makes the program as well stays whole.
    let both = r#"{"scripts": {"start": "node out/index.js", "build": "tsc && npm run build --prefix client"}, "dependencies": {"express": "5"}}"#;
    let found = services(&files(both, sends));
    assert_eq!((found.len(), found[0].front.is_some(), command(found[0].build.as_ref()).as_str()), (1, false, "npm run build"));
}

#[test]
fn pages_beside_the_servers_package_are_built_into_its_image() {
    let client = r#"{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "7"}}"#;
    let server = r#"{"scripts": {"start": "node index.js"}, "dependencies": {"express": "5"}}"#;
    let files =
        |source: &'static str| [("server/package.json", server), ("server/index.js", source), ("client/package.json", client), ("client/index.html", "")];
    let found = services(&files("app.use(express.static(path.join(__dirname, '../client/dist')))\napp.listen(3000)"));
    assert_eq!(found.len(), 1);
    let front = found[0].front.as_ref().expect("pages");
    assert_eq!((front.output.as_str(), front.wanted.as_str()), ("client/dist", "/client/dist"));
    assert_eq!(services(&files("app.listen(3000)")).len(), 2);
}

#[test]
fn development_leaves_a_service_beside_it_to_itself() {
    let package = r#"{"scripts": {"start": "node a.js", "dev": "A=b concurrently \"npm run server\" \"npm run client\"", "server": "nodemon a.js",
        "client": "npm start --prefix client"}, "dependencies": {"express": "5"}, "devDependencies": {"concurrently": "9", "nodemon": "3"}}"#;
    let client = r#"{"scripts": {"start": "react-scripts start", "build": "react-scripts build"}, "dependencies": {"react-scripts": "5"}}"#;
    let found = services(&[("package.json", package), ("a.js", SERVER), ("client/package.json", client), ("client/public/index.html", "")]);
    assert_eq!(found.len(), 2);
    assert_eq!(command(found[0].dev.as_ref()), "node_modules/.bin/nodemon a.js");
    assert_eq!(found[0].extra.get("dev_env").and_then(|env| env.get("A")), Some(&"b".into()));
}

#[test]
fn what_is_not_there_to_start_is_found_otherwise() {
    // A folder by its index, a bundler's file by the script that names it.
    let package = r#"{"scripts": {"compile": "tsc", "start": "node lib/"}, "dependencies": {"express": "5"}}"#;
    assert_eq!(command(one(&[("package.json", package), ("src/index.ts", SERVER)]).start.as_ref()), "node lib/");
    let package = r#"{"scripts": {"build": "tsup", "start": "tsx ./src/index.ts", "prod": "node build/index.mjs"}, "devDependencies": {"tsx": "4"}}"#;
    let settings = r#"{"compilerOptions": {"outDir": "build", "rootDir": "src"}}"#;
    let draft = one(&[("package.json", package), ("tsconfig.json", settings), ("src/index.ts", SERVER)]);
    assert_eq!(command(draft.start.as_ref()), "node build/index.mjs");
    // What people install to call it by its name is that program, whatever others import.
    let package = r#"{"version": "1.0.0", "main": "lib/index.js", "files": ["lib"], "bin": {"a": "bin/a.js"}}"#;
    let draft = one(&[("package.json", package), ("lib/index.js", "module.exports = f"), ("bin/a.js", "require('../lib')")]);
    assert_eq!((command(draft.start.as_ref()).as_str(), draft.kind), ("node bin/a.js", crate::model::Kind::Tool));
    // What runs before the start is said, or built.
    let package = r#"{"scripts": {"prestart": "npm run scss", "scss": "sass a.scss a.css", "start": "node a.js"}, "dependencies": {"express": "5"}}"#;
    assert_eq!(command(one(&[("package.json", package), ("a.js", SERVER)]).build.as_ref()), "node_modules/.bin/sass a.scss a.css");
}

#[test]
fn a_bot_that_starts_no_server_listens_on_nothing() {
    let package = r#"{"scripts": {"start": "node bot.js"}, "dependencies": {"express": "5", "discord.js": "14"}}"#;
    let api = ("api.js", "require('express')().listen(3000)");
    let kind = |bot: &'static str| one(&[("package.json", package), ("bot.js", bot), api]).kind;
    assert_eq!(kind("require('discord.js')"), crate::model::Kind::Worker);
    assert_eq!(kind("require('discord.js')\nrequire('./api')"), crate::model::Kind::Server);
}

#[test]
fn the_database_of_a_schema_stands_beside_it() {
    let package = r#"{"scripts": {"start": "node a.js"}, "dependencies": {"express": "5", "@prisma/client": "6"}}"#;
    let schema = ("prisma/schema.prisma", "datasource db {\n  provider = \"mysql\"\n  url = env(\"DATABASE_URL\")\n}\n");
    let draft = one(&[("package.json", package), ("a.js", SERVER), schema]);
    assert!(draft.dependencies.iter().any(|dependency| dependency.name == "mysql2" && dependency.at.place() == "prisma/schema.prisma:2"));
    assert_eq!(draft.compose.reads, ["DATABASE_URL"]);
}

#[test]
fn other_lines_of_the_procfile_are_named() {
    let package = r#"{"scripts": {"start": "node server.js"}, "dependencies": {"express": "5"}}"#;
    let notes = |procfile: &str| {
        let found = services(&[("package.json", package), ("server.js", "require('express')().listen(3000)"), ("Procfile", procfile)]);
        found[0].notes.iter().filter(|note| note.id == "procfile").map(|note| note.message.clone()).collect::<Vec<_>>()
    };
    assert_eq!(notes("web: node server.js\nworker: node worker.js\n"), ["the image starts the Procfile's `web`, not its `worker`"]);
    assert!(notes("web: node server.js\n").is_empty());
}

#[test]
fn a_program_without_an_ending_says_its_port() {
    let package = r#"{"scripts": {"start": "./bin/server"}, "dependencies": {"koa": "3"}}"#;
    let server = "#!/usr/bin/env node\nconst argv = optimist.options('port', {\n  default: '4100',\n}).argv\nrequire('../app')(argv)\n";
    let draft = one(&[("package.json", package), ("bin/server", server), ("app.js", "module.exports = (o) => app.listen(o.port)\n")]);
    assert_eq!(draft.port.map(|port| port.value), Some(4100));
}

#[test]
fn what_the_start_script_says_leaves_nothing_to_a_script_of_several() {
    let package = r#"{"scripts": {"serve": "concurrently \"node server.js\" \"cd ui && npm start\"", "start": "./node_modules/.bin/forever -m 5 server.js"},
        "dependencies": {"express": "5", "forever": "4"}}"#;
    let draft = one(&[("package.json", package), ("server.js", SERVER)]);
    assert_eq!((command(draft.start.as_ref()).as_str(), noted(&draft, "several-programs")), ("node server.js", false));
}

#[test]
fn deno_beside_a_locked_package_is_for_whoever_wants_to_try_it() {
    let deno = ("deno.json", r#"{"tasks": {"start": "deno run -A main.ts"}}"#);
    let files = [("package.json", r#"{"scripts": {"start": "node main.js"}}"#), ("main.js", SERVER), deno];
    assert_eq!(one(&files).stack, "deno");
    let locked: Vec<_> = files.into_iter().chain([("pnpm-lock.yaml", "lockfileVersion: '9.0'\n")]).collect();
    assert_eq!(one(&locked).stack, "node");
}

#[test]
fn the_script_for_development_has_one_of_several_names() {
    let package = r#"{"main": "server.js", "scripts": {"start-dev": "nodemon server.js"}, "devDependencies": {"nodemon": "3"}}"#;
    assert_eq!(command(one(&[("package.json", package), ("server.js", SERVER)]).dev.as_ref()), "node_modules/.bin/nodemon server.js");
    // What starts others by their names finds them where the package manager puts them on the path.
    let several =
        package.replace("nodemon server.js", "concurrently 'nodemon server.js' 'npm run css'").replace("{\"nodemon\"", "{\"concurrently\": \"9\", \"nodemon\"");
    assert_eq!(command(one(&[("package.json", &several), ("server.js", SERVER)]).dev.as_ref()), "npm run start-dev");
}

#[test]
fn what_writes_the_documentation_is_not_the_framework_of_a_server() {
    let package = r#"{"scripts": {"start": "node server.js", "docs:dev": "vitepress dev docs"}, "dependencies": {"express": "5"}, "devDependencies": {"vitepress": "1"}}"#;
    assert_eq!(one(&[("package.json", package), ("server.js", SERVER)]).framework.map(|framework| framework.value).as_deref(), Some("express"));
}
