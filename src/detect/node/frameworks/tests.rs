//! Settings that no fixture has.

use crate::detect::{Detection, detect};
use crate::fs::Tree;
use crate::model::{Answers, Cmd, Diagnostic, Health, Kind, ServiceDraft, Severity};

fn found(files: &[(&str, &str)]) -> Detection {
    detect(&Tree::memory(files.iter().copied()), &Answers::default())
}

/// The error of a project, of the search or of its service.
fn said(files: &[(&str, &str)]) -> Diagnostic {
    let found = found(files);
    found
        .diagnostics
        .into_iter()
        .chain(found.services.into_iter().flat_map(|service| service.notes))
        .find(|word| word.severity == Severity::Error)
        .expect("an error")
}

fn service(files: &[(&str, &str)]) -> ServiceDraft {
    let mut found = found(files);
    assert!(found.diagnostics.is_empty(), "{:?}", found.diagnostics);
    found.services.pop().expect("a service")
}

fn text<'d>(draft: &'d ServiceDraft, key: &str) -> &'d str {
    draft.extra.get(key).and_then(serde_json::Value::as_str).unwrap_or_default()
}

fn start(draft: &ServiceDraft) -> String {
    draft.start.as_ref().map(|start| start.value.to_string()).unwrap_or_default()
}

#[test]
fn next_is_what_its_settings_say() {
    let package = ("package.json", r#"{"scripts": {"build": "next build", "start": "next start -p 4000"}, "dependencies": {"next": "16"}}"#);
    let export = service(&[package, ("next.config.js", "module.exports = { output: 'export', distDir: 'site', basePath: '/docs' }")]);
    assert_eq!((export.kind, text(&export, "site"), text(&export, "hashed")), (Kind::Site, "site", "/docs/_next/static/"));
    let standalone = service(&[package, ("next.config.ts", "export default { output: \"standalone\" }"), ("public/a.txt", "")]);
    assert_eq!((start(&standalone).as_str(), standalone.port.as_ref().map(|port| port.value)), ("node server.js", Some(4000)));
    assert!(standalone.env.contains(&("PORT".to_owned(), "4000".to_owned())));
    let plain = service(&[package, ("next.config.mjs", "export default { output: process.env.X ? 'standalone' : undefined, basePath: '/docs' }")]);
    assert_eq!(start(&plain), "node_modules/.bin/next start -p 4000");
    assert!(matches!(&plain.health, Health::Http(path) if path.value == "/docs/"));
    assert!(!plain.env.iter().any(|(name, _)| name == "PORT"), "the flag says it");
}

#[test]
fn a_step_before_the_server_is_not_lost_without_a_word() {
    let notes = |start: &str| {
        let package = format!(r#"{{"scripts": {{"build": "next build", "start": "{start}"}}, "dependencies": {{"next": "16"}}}}"#);
        let found = service(&[("package.json", &package), ("next.config.ts", "export default { output: 'standalone' }")]);
        found.notes.iter().filter(|note| note.id == "left-out").count()
    };
    assert_eq!([notes("prisma migrate deploy && next start"), notes("next build && next start"), notes("next start")], [1, 0, 0]);
}

#[test]
fn a_server_of_the_projects_own_is_what_runs() {
    let package = r#"{"scripts": {"build": "next build", "start": "node server.js"}, "dependencies": {"next": "16", "express": "5"}}"#;
    let draft = service(&[("package.json", package), ("server.js", "require('express')().listen(3000)")]);
    assert_eq!((draft.kind, start(&draft).as_str()), (Kind::Server, "node server.js"));
    let package = r#"{"scripts": {"dev": "vite", "start": "node api.js"}, "dependencies": {"express": "5"}, "devDependencies": {"vite": "8"}}"#;
    let draft = service(&[("package.json", package), ("api.js", "require('express')().listen(3000)"), ("index.html", "")]);
    assert_eq!(draft.framework.as_ref().map(|framework| framework.value.as_str()), Some("express"));
}

#[test]
fn adapters_decide() {
    let kit = |adapter: &str| format!(r#"{{"scripts": {{"build": "vite build"}}, "devDependencies": {{"@sveltejs/kit": "2", "{adapter}": "1"}}}}"#);
    let settings = |adapter: &str, with: &str| format!("import adapter from '{adapter}';\nexport default {{ kit: {{ adapter: adapter({with}) }} }};");
    let (package, config) = (kit("@sveltejs/adapter-static"), settings("@sveltejs/adapter-static", "{ fallback: '200.html' }"));
    let spa = service(&[("package.json", &package), ("svelte.config.js", &config)]);
    assert_eq!((spa.kind, text(&spa, "site"), text(&spa, "page")), (Kind::Site, "build", "200.html"));
    let (package, config) = (kit("@sveltejs/adapter-node"), settings("@sveltejs/adapter-node", "{ out: 'server' }"));
    assert_eq!(start(&service(&[("package.json", &package), ("svelte.config.js", &config)])), "node server");
    let (package, config) = (kit("@sveltejs/adapter-auto"), settings("@sveltejs/adapter-auto", ""));
    let auto = service(&[("package.json", &package), ("svelte.config.js", &config)]);
    assert_eq!((start(&auto).as_str(), auto.extra.get("build_env")), ("node build", Some(&serde_json::json!({"GCP_BUILDPACKS": "1"}))));
    assert_eq!(auto.notes[0].id, "adapter-auto");
    let (package, config) = (kit("@sveltejs/adapter-vercel"), settings("@sveltejs/adapter-vercel", ""));
    assert_eq!(said(&[("package.json", &package), ("svelte.config.js", &config)]).id, "framework-output");
    let package = r#"{"scripts": {"build": "astro build"}, "dependencies": {"astro": "7", "@astrojs/node": "11"}}"#;
    let middleware = "import node from '@astrojs/node';\nexport default { adapter: node({ mode: 'middleware' }) };";
    assert_eq!(said(&[("package.json", package), ("astro.config.mjs", middleware)]).id, "framework-output");
}

#[test]
fn astro_is_files_unless_pages_are_rendered_when_asked_for() {
    let package = ("package.json", r#"{"scripts": {"build": "astro build"}, "dependencies": {"astro": "7", "@astrojs/netlify": "7"}}"#);
    let config = ("astro.config.mjs", "import netlify from '@astrojs/netlify';\nexport default { adapter: netlify() };");
    assert_eq!(text(&service(&[package, config, ("src/pages/index.astro", "<h1>x</h1>")]), "site"), "dist");
    let found = said(&[package, config, ("src/pages/cart.astro", "---\nexport const prerender = false\n---")]);
    assert!(found.message.contains("@astrojs/netlify"), "{}", found.message);
}

#[test]
fn start_needs_a_server_for_node() {
    let package = |more: &str| format!(r#"{{"scripts": {{"build": "vite build"}}, "dependencies": {{"@tanstack/react-start": "1"{more}}}}}"#);
    let settings =
        |more: &str| format!("import {{ tanstackStart }} from '@tanstack/react-start/plugin/vite'\nexport default {{ plugins: [tanstackStart({more})] }}");
    let plain = said(&[("package.json", &package("")), ("vite.config.ts", &settings(""))]);
    assert_eq!(plain.id, "framework-output");
    let lock = r#"{"packages": {
    "node_modules/srvx": {
    }}}"#;
    let served = service(&[("package.json", &package("")), ("vite.config.ts", &settings("")), ("package-lock.json", lock)]);
    assert_eq!(start(&served), "node_modules/.bin/srvx --prod -s ../client dist/server/server.js");
    let spa = service(&[("package.json", &package("")), ("vite.config.ts", &settings("{ spa: { enabled: true } }"))]);
    assert_eq!((text(&spa, "site"), text(&spa, "page")), ("dist/client", "_shell.html"));
    let hosted = format!("{}\nimport {{ cloudflare }} from '@cloudflare/vite-plugin'", settings(""));
    assert!(said(&[("package.json", &package("")), ("vite.config.ts", &hosted)]).message.contains("Cloudflare"));
    let older = r#"{"scripts": {"build": "vinxi build", "start": "vinxi start"}, "dependencies": {"@solidjs/start": "1", "vinxi": "0.5"}}"#;
    let older = service(&[("package.json", older), ("app.config.ts", "export default defineConfig({})")]);
    assert_eq!((start(&older).as_str(), older.extra.get("dev_port")), ("node .output/server/index.mjs", Some(&3000.into())));
    let nuxt = r#"{"scripts": {"build": "nuxt build"}, "dependencies": {"nuxt": "4"}}"#;
    let nuxt = said(&[("package.json", nuxt), ("nuxt.config.ts", "export default { nitro: { preset: 'cloudflare-pages' } }")]);
    assert_eq!(nuxt.id, "framework-output");
}

#[test]
fn a_worker_for_cloudflare_is_no_program_though_its_file_is_named_like_one() {
    let package = r#"{"scripts": {"dev": "wrangler dev src/index.ts"}, "dependencies": {"hono": "4"}, "devDependencies": {"wrangler": "4"}}"#;
    assert!(said(&[("package.json", package), ("src/index.ts", "export default app")]).message.contains("Cloudflare"));
}

#[test]
fn builds_of_other_times_and_kinds() {
    let remix = r#"{"scripts": {"build": "remix build", "dev": "remix dev", "start": "remix-serve ./build/index.js"},
        "dependencies": {"@remix-run/serve": "2"}, "devDependencies": {"@remix-run/dev": "2"}}"#;
    let remix = service(&[("package.json", remix), ("remix.config.js", "module.exports = {}")]);
    assert_eq!(start(&remix), "node_modules/.bin/remix-serve ./build/index.js");
    assert_eq!(remix.dev.map(|dev| dev.value.to_string()).as_deref(), Some("node_modules/.bin/remix dev"));
    let vike = r#"{"scripts": {"build": "vike build", "start": "node ./dist/server/index.mjs"}, "dependencies": {"vike": "0.4"}}"#;
    assert_eq!(start(&service(&[("package.json", vike)])), "node ./dist/server/index.mjs");
    let qwik = r#"{"scripts": {"build": "qwik build", "serve": "node server/entry.express"}, "devDependencies": {"@builder.io/qwik-city": "1"}}"#;
    let qwik = service(&[("package.json", qwik)]);
    assert_eq!(
        (start(&qwik).as_str(), qwik.extra.get("prunes"), qwik.extra.get("modules")),
        ("node server/entry.express", Some(&false.into()), Some(&true.into()))
    );
    let gatsby = r#"{"scripts": {"build": "gatsby build --prefix-paths"}, "dependencies": {"gatsby": "5"}}"#;
    let gatsby = service(&[("package.json", gatsby), ("gatsby-config.js", "module.exports = { pathPrefix: '/blog' }")]);
    assert_eq!((text(&gatsby, "site"), text(&gatsby, "base_path")), ("public", "blog/"));
}

#[test]
fn next_says_what_its_build_needs() {
    let package = ("package.json", r#"{"scripts": {"build": "next build"}, "dependencies": {"next": "14.2.0"}}"#);
    let draft = service(&[
        package,
        ("app/layout.tsx", "import { Inter } from 'next/font/google'\nimport Image from \"next/image\""),
        ("env.mjs", "skipValidation: !!process.env.SKIP_ENV_VALIDATION"),
    ]);
    assert_eq!(draft.notes.iter().map(|note| note.id).collect::<Vec<_>>(), ["no-lock-file", "remote-fonts", "image-optimizer"]);
    assert_eq!(draft.extra.get("build_env"), Some(&serde_json::json!({"SKIP_ENV_VALIDATION": "1"})));
}

#[test]
fn generated_sites_are_sites() {
    let package = r#"{"scripts": {"build": "nuxt generate"}, "dependencies": {"nuxt": "4"}}"#;
    assert_eq!(text(&service(&[("package.json", package)]), "site"), ".output/public");
    let package = r#"{"scripts": {"build": "react-router build"}, "devDependencies": {"@react-router/dev": "8"}}"#;
    let draft = service(&[("package.json", package), ("react-router.config.ts", "export default { ssr: false }")]);
    assert_eq!((text(&draft, "site"), text(&draft, "page")), ("build/client", "index.html"));
    let draft = service(&[("package.json", package), ("react-router.config.ts", "export default { ssr: false, prerender: [\"/\", \"/about\"] }")]);
    assert_eq!(text(&draft, "page"), "__spa-fallback.html");
    let package = r#"{"scripts": {"build": "vite build --outDir=../out"}, "devDependencies": {"vite": "8"}}"#;
    let several = service(&[("package.json", &package.replace("../", "")), ("index.html", ""), ("about.html", "")]);
    assert_eq!((text(&several, "site"), text(&several, "page")), ("out", ""));
}

#[test]
fn angular_says_where_its_application_lies() {
    let package = r#"{"name": "shop", "scripts": {"build": "ng build", "start": "ng serve --port 4300"}, "dependencies": {"@angular/core": "22"}}"#;
    let workspace = |builder: &str, options: &str| {
        format!(
            r#"{{"projects": {{"shop": {{"projectType": "application", "architect": {{"build": {{"builder": "{builder}", "options": {{{options}}}}}}}}}}}}}"#
        )
    };
    let out = |json: &str| text(&service(&[("package.json", package), ("angular.json", json)]), "site").to_owned();
    assert_eq!(out(&workspace("@angular/build:application", "")), "dist/shop/browser");
    assert_eq!(out(&workspace("@angular-devkit/build-angular:browser", r#""outputPath": "www""#)), "www");
    assert_eq!(out(&workspace("@angular/build:application", r#""outputPath": {"base": "out", "browser": ""}"#)), "out");
    let rendered = service(&[("package.json", package), ("angular.json", &workspace("@angular/build:application", r#""ssr": {"entry": "src/server.ts"}"#))]);
    assert_eq!((rendered.kind, start(&rendered).as_str()), (Kind::Server, "node dist/shop/server/server.mjs"));
    assert_eq!(rendered.extra.get("dev_port"), Some(&4300.into()));
}

#[test]
fn secrets_of_the_pages_leave_no_trace() {
    let package = r#"{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "8"}}"#;
    let draft = service(&[
        ("package.json", package),
        ("index.html", ""),
        (".env.production", "VITE_TITLE=x"),
        ("src/main.ts", "import.meta.env.VITE_TITLE + import.meta.env.VITE_MAPS_KEY"),
    ]);
    assert_eq!(
        (draft.extra.get("args"), draft.extra.get("secrets")),
        (Some(&serde_json::json!([{"name": "VITE_TITLE", "value": ""}])), Some(&serde_json::json!(["VITE_MAPS_KEY"])))
    );
    assert!(draft.ignore.contains(&"!**/.env.production".to_owned()));
}

#[test]
fn scripts_that_need_a_shell_keep_it() {
    let package = r#"{"scripts": {"dev": "npm run icons && vite --open", "icons": "node icons.js", "build": "vite build"}, "devDependencies": {"vite": "8"}}"#;
    let draft = service(&[("package.json", package), ("index.html", "")]);
    assert_eq!(draft.dev.map(|dev| dev.value), Some(Cmd::exec(["npm", "run", "dev", "--", "--host", "0.0.0.0"])));
}

#[test]
fn members_lose_the_scripts_that_an_image_repeats() {
    let member = r#"{"name": "web", "scripts": {"prepare": "svelte-kit sync || echo ''", "build": "vite build", "dev": "vite dev"},
        "devDependencies": {"@sveltejs/kit": "2", "@sveltejs/adapter-static": "3"}}"#;
    let draft = service(&[
        ("package.json", r#"{"workspaces": ["apps/*"]}"#),
        ("package-lock.json", "{}"),
        ("apps/web/package.json", member),
        ("apps/web/svelte.config.js", "import adapter from '@sveltejs/adapter-static'"),
    ]);
    assert_eq!(draft.extra.get("member_hooks"), Some(&serde_json::json!([{"folder": "apps/web", "names": ["prepare"]}])));
    assert_eq!(draft.dev.map(|dev| dev.value.to_string()).as_deref(), Some("../../node_modules/.bin/vite dev --host 0.0.0.0"));
}

#[test]
fn a_member_may_call_what_its_workspace_installs() {
    let draft = service(&[
        ("package.json", r#"{"workspaces": ["web"], "devDependencies": {"vite": "8"}}"#),
        ("web/package.json", r#"{"name": "web", "scripts": {"start": "yarn && vite", "build": "vite build"}}"#),
        ("web/index.html", ""),
    ]);
    assert_eq!((draft.kind, draft.framework.map(|framework| framework.value).as_deref()), (Kind::Site, Some("vite")));
}

#[test]
fn what_watches_is_not_for_production() {
    let package = r#"{"scripts": {"start": "serve public & rollup -w -c"}, "devDependencies": {"rollup": "4"}, "dependencies": {"x": "1"}}"#;
    assert!(service(&[("package.json", package)]).start.is_none());
}

#[test]
fn a_package_of_scripts_is_no_service() {
    let found = found(&[
        ("package.json", r#"{"scripts": {"prepare": "cd web && npm ci"}, "devDependencies": {"husky": "9"}}"#),
        ("web/package.json", r#"{"name": "web", "scripts": {"build": "vite build"}, "devDependencies": {"vite": "8"}}"#),
        ("web/index.html", ""),
    ]);
    assert_eq!(found.services.iter().map(|service| service.name.as_str()).collect::<Vec<_>>(), ["web"]);
    assert!(found.services[0].open.is_empty());
}

#[test]
fn a_proxy_to_this_machine_is_warned_of() {
    let warned = |settings: &str| {
        let package = ("package.json", r#"{"scripts": {"dev": "vite", "build": "vite build"}, "devDependencies": {"vite": "8"}}"#);
        let draft = service(&[package, ("index.html", ""), ("vite.config.ts", settings)]);
        draft.notes.into_iter().find(|note| note.id == "dev-proxy").map(|note| note.message)
    };
    let said = warned("export default { server: { proxy: { '/api': 'http://localhost:8000' } } }").expect("a warning");
    assert!(said.contains("http://localhost:8000,"), "{said}");
    assert!(warned("export default { server: { proxy: { '/api': { target: \"http://127.0.0.1:5000/\" } } } }").is_some());
    assert_eq!(warned("export default { server: { proxy: { '/api': process.env.API_URL } } }"), None);
    assert_eq!(warned("export default { define: { base: 'http://localhost:8000' } }"), None);
}

#[test]
fn the_folder_of_webpack_is_computed_from_its_settings_place() {
    let package = r#"{"scripts": {"build": "webpack"}, "devDependencies": {"webpack": "4", "html-webpack-plugin": "4"}}"#;
    for settings in ["path: __dirname + '/public/out'", "path: `${__dirname}/public/out`", "path: path.resolve(__dirname, 'public/out')"] {
        let draft = service(&[("package.json", package), ("webpack.config.js", settings), ("src/index.js", "")]);
        assert_eq!(text(&draft, "site"), "public/out", "{settings}");
        assert_eq!(draft.extra.get("base_env"), Some(&serde_json::json!({"NODE_OPTIONS": "--openssl-legacy-provider"})));
    }
    let old = service(&[("package.json", package), (".nvmrc", "16"), ("webpack.config.js", ""), ("src/index.js", "")]);
    assert_eq!(old.extra.get("base_env"), Some(&serde_json::json!({})));
}

#[test]
fn what_a_framework_computes_has_its_default() {
    let package = r#"{"scripts": {"build": "next build", "start": "next start"}, "dependencies": {"next": "16"}}"#;
    let settings = "const mode = process.env.BUILD_MODE ?? 'standalone'\nexport default { output: mode }";
    assert_eq!(service(&[("package.json", package), ("next.config.mjs", settings)]).start.expect("a start").value, Cmd::exec(["node", "server.js"]));
    // A server of its own may be started by the script that serves.
    let own = r#"{"scripts": {"build": "next build && tsc", "serve": "A=b node out/server.js"}, "dependencies": {"next": "14", "express": "4"}}"#;
    assert_eq!(service(&[("package.json", own), ("src/server.ts", "app.listen(3000)")]).start.expect("a start").value, Cmd::exec(["node", "out/server.js"]));
}
