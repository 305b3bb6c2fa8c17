//! Nx and Nest: several applications below one manifest, each with settings of its own (`project.json`, `nest-cli.json`).

use std::rc::Rc;

use super::project::Project;
use super::script::BIN;
use crate::detect::source;
use crate::fs::{Dir, Text};
use crate::manifest::{Document, Node, Package, pattern};
use crate::model::{Cmd, Decision, Diagnostic, Evidence, RelPath, Source};

/// An application that Nx builds.
#[derive(Clone, Debug)]
pub struct App {
    /// Its name; empty at the root, where Nx needs none.
    pub name: String,
    /// Its folder.
    pub folder: RelPath,
    /// Its settings.
    pub doc: Document,
    /// Whether it is one of several.
    pub several: bool,
    /// Whether Nest's own compiler builds it.
    pub nest: bool,
}

/// The applications of a folder: its own, or those below it.
pub fn applications(dir: &Dir<'_>) -> Result<Vec<App>, Diagnostic> {
    if let Some(doc) = Document::read(dir, "project.json")? {
        return Ok(vec![App { name: String::new(), folder: dir.path().clone(), doc, several: false, nest: false }]);
    }
    if !dir.has("nx.json") {
        return of_nest(dir);
    }
    let mut found = Vec::new();
    for path in dir.files_below().filter(|path| path.name() == "project.json" && path.depth() <= dir.path().depth() + 4) {
        let Some(folder) = path.parent() else { continue };
        let Some(doc) = Document::read(&dir.tree().dir(folder.clone()), "project.json")? else { continue };
        let name = doc.str(&["name"]).unwrap_or_else(|| folder.name()).to_owned();
        let app = App { name, folder, doc, several: false, nest: false };
        let builds = app.doc.get(&["targets", "build"]).is_some() || app.settings(dir).is_some();
        if app.doc.str(&["projectType"]) == Some("application") && builds && !app.name.ends_with("-e2e") && super::workspace::plain(&app.name) {
            found.push(app);
        }
    }
    let several = found.len() > 1;
    for app in &mut found {
        app.several = several;
    }
    Ok(found)
}

/// Why the applications of an older Nx, which `workspace.json` keeps together, are not known.
pub fn older(dir: &Dir<'_>, known: &[App]) -> Option<Diagnostic> {
    let file = ["workspace.json", "angular.json"].into_iter().find(|file| known.is_empty() && dir.has("nx.json") && dir.has(file))?;
    let doc = Document::read(dir, file).ok()??;
    let several = doc.get(&["projects"]).is_some_and(|projects| projects.entries().count() > 1);
    let message = "the settings of an older Nx keep the applications together: which of them is meant, and where its program lies, is not known";
    let help = "pass --build-cmd and --start-cmd, or let `nx migrate` give each application a project.json";
    several.then(|| Diagnostic::error("unsupported", message).at(doc.whole()).help(help))
}

/// The bundler whose settings lie in a folder, as the catalogue calls it: plugins of Nx make targets of these.
fn settings_of(home: &Dir<'_>) -> Option<&'static str> {
    let has = |stem: &str| ["ts", "js", "mts", "mjs", "cjs"].iter().any(|ending| home.has(&format!("{stem}.{ending}")));
    [("next.config", "nextjs"), ("vite.config", "vite"), ("webpack.config", "webpack"), ("rspack.config", "webpack"), ("rsbuild.config", "rsbuild")]
        .into_iter()
        .find_map(|(stem, id)| has(stem).then_some(id))
}

/// Whether plugins of Nx make tasks for a member of a workspace.
pub fn has_tasks(member: &Dir<'_>) -> bool {
    member.tree().root().has("nx.json") && settings_of(member).is_some()
}

/// Where a member of a workspace states that an executor of Nx builds it, and no script of its own does.
pub fn builds_member(package: &Package) -> Option<Evidence> {
    const EXECUTOR: &[&str] = &["nx", "targets", "build", "executor"];
    let node = package.doc.get(EXECUTOR).filter(|_| package.script("build").is_none())?;
    Some(package.doc.evidence(EXECUTOR, node))
}

/// The applications of `nest-cli.json`, where they are several.
fn of_nest(dir: &Dir<'_>) -> Result<Vec<App>, Diagnostic> {
    let Some(doc) = Document::read(dir, "nest-cli.json")? else { return Ok(Vec::new()) };
    let projects = doc.get(&["projects"]).into_iter().flat_map(Node::entries);
    let applications = projects.filter(|(name, node)| node.get(&["type"]).and_then(Node::str) == Some("application") && super::workspace::plain(name));
    let one = |(name, node): (&str, &Node)| {
        let folder = dir.path().join(node.get(&["root"])?.str()?)?;
        Some(App { name: name.to_owned(), folder, doc: doc.clone(), several: true, nest: true })
    };
    let found: Vec<App> = applications.filter_map(one).collect();
    Ok(if found.len() > 1 { found } else { Vec::new() })
}

impl App {
    /// What it states about a target, with its place.
    fn target(&self, name: &str) -> Option<(&Node, Evidence)> {
        let node = self.doc.get(&["targets", name])?;
        Some((node, self.doc.evidence(&["targets", name], node)))
    }

    /// The executor of one of its targets.
    pub fn executor(&self, target: &str) -> Option<&str> {
        self.doc.str(&["targets", target, "executor"])
    }

    /// The port that its development server is told.
    pub fn serving_port(&self) -> Option<u16> {
        self.doc.get(&["targets", "serve", "options", "port"])?.scalar()?.parse().ok()
    }

    /// The bundler of its settings.
    fn settings(&self, dir: &Dir<'_>) -> Option<&'static str> {
        settings_of(&dir.tree().dir(self.folder.clone()))
    }

    /// The framework that makes its pages, where it is a site: by the executor of its build, else by its settings.
    pub fn framework(&self, dir: &Dir<'_>) -> Option<&'static str> {
        if self.nest {
            return None;
        }
        let executor = self.executor("build").unwrap_or_default();
        let home = dir.tree().dir(self.folder.clone());
        let page = home.has("index.html") || home.has("src/index.html");
        let by_executor = [("angular", "angular"), ("next", "nextjs"), ("vite", "vite"), ("webpack", "webpack"), ("rspack", "webpack"), ("rsbuild", "rsbuild")];
        let id = by_executor
            .into_iter()
            .find_map(|(sign, id)| executor.contains(sign).then_some(id))
            .or_else(|| self.settings(dir).filter(|_| executor.is_empty()))?;
        (page || id == "nextjs").then_some(id)
    }

    /// The folder that its build makes, seen from the root.
    pub fn output(&self, dir: &Dir<'_>) -> (String, Source) {
        let node = self.doc.get(&["targets", "build", "options", "outputPath"]);
        let stated = node.and_then(|node| {
            let base = node.str().or_else(|| node.get(&["base"]).and_then(Node::str))?;
            // Angular's newer builder puts what is for browsers into a folder of its own.
            let executor = self.executor("build").unwrap_or_default();
            let browser = node.get(&["browser"]).and_then(Node::str).or_else(|| executor.ends_with(":application").then_some("browser"));
            let path = browser.filter(|browser| !browser.is_empty()).map_or_else(|| base.to_owned(), |browser| format!("{base}/{browser}"));
            Some((path, Source::File(self.doc.evidence(&["targets", "build", "options", "outputPath"], node))))
        });
        let listed = || {
            let node = self.doc.get(&["targets", "build", "outputs"])?.items().next()?;
            let path = node.str()?.strip_prefix("{workspaceRoot}/").filter(|path| !path.contains('{'))?;
            Some((path.to_owned(), Source::File(self.doc.evidence(&["targets", "build", "outputs"], node))))
        };
        let folder = self.folder.below(dir.path()).unwrap_or_default();
        stated.or_else(listed).unwrap_or_else(|| (format!("dist/{folder}"), Source::default("where Nx builds to")))
    }

    /// The program that its build makes.
    pub fn program(&self, dir: &Dir<'_>) -> Option<(String, Evidence)> {
        if self.nest {
            let node = self.doc.get(&["projects", &self.name, "root"])?;
            return Some((format!("dist/{}/{}.js", node.str()?, self.entry()), self.doc.evidence(&["projects", &self.name, "root"], node)));
        }
        let stated = || {
            let (folder, at) = self.doc.string(&["targets", "build", "options", "outputPath"])?;
            Some((folder.trim_start_matches("./").to_owned(), at))
        };
        let (folder, at) = stated().or_else(|| self.bundled(dir))?;
        let source = self.source(dir);
        let name = source.rsplit('/').next().unwrap_or(&source);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        Some((format!("{folder}/{stem}.js"), at))
    }

    /// The folder that webpack's settings name, from the root: Nx writes them beside the application and calls webpack itself.
    fn bundled(&self, dir: &Dir<'_>) -> Option<(String, Evidence)> {
        let path = pattern::kept(r#"\bpath\s*:\s*(?:path\.)?(?:join|resolve)\(\s*__dirname\s*,\s*["']([^"']+)["']\s*\)"#)?;
        let hit = source::find(&self.webpack(dir), &path, "//")?;
        let folder = self.folder.join(hit.value.trim_end_matches('/'))?;
        Some((folder.below(dir.path())?.to_owned(), hit.at))
    }

    /// Webpack's settings.
    fn webpack(&self, dir: &Dir<'_>) -> Vec<Rc<Text>> {
        let home = dir.tree().dir(self.folder.clone());
        ["js", "ts", "cjs", "mjs"].iter().filter_map(|ending| home.peek(&format!("webpack.config.{ending}"))).take(1).collect()
    }

    /// The name of Nest's entry, without an ending.
    fn entry(&self) -> &str {
        self.doc.str(&["projects", &self.name, "entryFile"]).unwrap_or("main")
    }

    /// The source of its program, from the root.
    pub fn source(&self, dir: &Dir<'_>) -> String {
        let folder = self.folder.below(dir.path()).unwrap_or_default();
        if self.nest {
            let root = self.doc.str(&["projects", &self.name, "sourceRoot"]).map_or_else(|| format!("{folder}/src"), ToOwned::to_owned);
            return format!("{root}/{}.ts", self.entry());
        }
        let main = pattern::kept(r#"\bmain\s*:\s*["']\./([^"']+)["']"#).and_then(|main| source::find(&self.webpack(dir), &main, "//"));
        let stated = self.doc.str(&["targets", "build", "options", "main"]).map(ToOwned::to_owned);
        let source = stated.unwrap_or_else(|| format!("{folder}/{}", main.map_or_else(|| "src/main.ts".to_owned(), |hit| hit.value)));
        source.trim_start_matches('/').to_owned()
    }

    /// The command that builds it, unless it is the root's own.
    pub fn build(&self) -> Option<(Cmd, Source)> {
        let at = self.target("build").map_or_else(|| self.doc.whole(), |(_, at)| at);
        let tool = if self.nest { "nest" } else { "nx" };
        (!self.name.is_empty()).then(|| (Cmd::Shell(format!("{BIN}{tool} build {}", Cmd::word(&self.name))), Source::File(at)))
    }

    /// The command that serves it for development.
    pub fn serve(&self) -> Option<Decision<Cmd>> {
        if self.nest {
            let words = ["node_modules/.bin/nest", "start", &self.name, "--watch"];
            return Some(Decision::new(Cmd::exec(words), Source::inferred("how Nest serves for development", [self.doc.whole()])));
        }
        let (_, at) = self.target("serve")?;
        (!self.name.is_empty()).then(|| Decision::new(Cmd::Exec(self.serving()), Source::File(at)))
    }

    /// The same without evidence: plugins make a target of that name.
    pub fn serving(&self) -> Vec<String> {
        vec![format!("{BIN}nx"), "serve".to_owned(), self.name.clone()]
    }
}

/// The one application of a project.
pub fn only(project: &Project<'_>) -> Result<Option<App>, Diagnostic> {
    if let Some(app) = &project.nx {
        return Ok(Some(app.clone()));
    }
    let mut found = applications(&project.dir)?;
    Ok(if found.len() == 1 { found.pop() } else { None })
}

#[cfg(test)]
mod tests {
    use crate::detect::select::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    #[test]
    fn each_application_of_one_manifest_is_a_service() {
        let tree = Tree::memory([
            (
                "package.json",
                r#"{"name": "@shop/source", "private": true, "workspaces": ["apps/*"], "scripts": {"start": "nx serve"}, "dependencies": {"express": "5"}, "devDependencies": {"nx": "22", "vite": "7"}}"#,
            ),
            ("package-lock.json", "{}"),
            ("nx.json", "{}"),
            ("apps/web/package.json", r#"{"name": "web"}"#),
            ("apps/web/project.json", r#"{"name": "web", "projectType": "application"}"#),
            ("apps/web/vite.config.ts", "export default { server: { port: 4300 } }"),
            ("apps/web/index.html", ""),
            (
                "apps/api/project.json",
                r#"{"name": "api", "projectType": "application", "targets": {"build": {"options": {"outputPath": "dist/apps/api", "main": "apps/api/src/main.ts"}}, "serve": {}}}"#,
            ),
            ("apps/api/src/main.ts", "app.listen(process.env.PORT || 3333)"),
            ("apps/web-e2e/project.json", r#"{"name": "web-e2e", "projectType": "application", "targets": {"build": {}}}"#),
            ("libs/ui/project.json", r#"{"name": "ui", "projectType": "library", "targets": {"build": {}}}"#),
        ]);
        let found = detect(&tree, &Answers::default());
        let said = |service: &crate::model::ServiceDraft| {
            let command = |decision: &Option<crate::model::Decision<crate::model::Cmd>>| decision.as_ref().map(|it| it.value.to_string()).unwrap_or_default();
            let output = service.extra.get("site").and_then(|site| site.as_str().map(ToOwned::to_owned)).unwrap_or_else(|| command(&service.start));
            format!("{}: {}; {}; {}", service.name, command(&service.build), output, command(&service.dev))
        };
        assert_eq!(
            found.services.iter().map(said).collect::<Vec<_>>(),
            [
                "api: node_modules/.bin/nx build api; node dist/apps/api/main.js; node_modules/.bin/nx serve api",
                "web: node_modules/.bin/nx build web; dist/apps/web; node_modules/.bin/nx serve web --host 0.0.0.0",
            ]
        );
        assert_eq!(found.services[0].port.as_ref().map(|port| port.value), Some(3333));
    }

    #[test]
    fn applications_that_are_kept_together_are_asked_for() {
        let settings = r#"{"projects": {"api": {"root": "apps/api"}, "web": {"root": "apps/web"}}}"#;
        let package = r#"{"name": "shop", "scripts": {"start": "nx serve", "build": "nx build"}, "dependencies": {"next": "11"}}"#;
        let files = [("package.json", package), ("nx.json", "{}"), ("workspace.json", settings), ("apps/web/next.config.js", "")];
        let found = detect(&Tree::memory(files), &Answers::default()).services;
        assert!(found[0].notes.iter().any(|note| note.id == "unsupported"));
    }

    #[test]
    fn what_webpack_of_nx_writes_is_the_program() {
        let config = |app: &str| {
            format!(
                "module.exports = {{ output: {{ path: join(__dirname, '../../dist/apps/{app}') }}, plugins: [new NxAppWebpackPlugin({{ main: './src/run.ts' }})] }}"
            )
        };
        let project = r#"{"projectType": "application", "targets": {"build": {"options": {"command": "webpack-cli build"}}}}"#;
        let (api, worker) = (config("api"), config("worker"));
        let tree = Tree::memory([
            ("package.json", r#"{"name": "shop", "dependencies": {"express": "5"}, "devDependencies": {"nx": "22"}}"#),
            ("package-lock.json", "{}"),
            ("nx.json", "{}"),
            ("tsconfig.base.json", r#"{"compilerOptions": {"paths": {"@shop/a": ["libs/a/src/index.ts"]}}}"#),
            ("libs/a/src/index.ts", "export const a = 1"),
            ("apps/api/project.json", project),
            ("apps/api/webpack.config.js", api.as_str()),
            ("apps/api/src/run.ts", "app.listen(3333)"),
            ("apps/worker/project.json", project),
            ("apps/worker/webpack.config.js", worker.as_str()),
            ("apps/worker/src/run.ts", "import { a } from '@shop/a'\nsetInterval(a)"),
        ]);
        let found = detect(&tree, &Answers::default()).services;
        let said = |service: &crate::model::ServiceDraft| {
            let start = service.start.as_ref().map(|start| start.value.to_string()).unwrap_or_default();
            format!("{start} {:?} {:?}", service.kind, service.port.as_ref().map(|port| port.value))
        };
        assert_eq!(found.iter().map(said).collect::<Vec<_>>(), ["node dist/apps/api/run.js Server Some(3333)", "node dist/apps/worker/run.js Worker None"]);
    }

    #[test]
    fn next_is_built_from_the_root_and_runs_from_its_folder() {
        let start = |config: &str, project: &str| {
            let tree = Tree::memory([
                ("package.json", r#"{"name": "@shop/source", "dependencies": {"next": "16"}, "devDependencies": {"nx": "22", "@nx/next": "22"}}"#),
                ("package-lock.json", "{}"),
                ("nx.json", "{}"),
                ("apps/web/project.json", project),
                ("apps/web/next.config.js", config),
                ("apps/web/src/app/page.tsx", ""),
                ("apps/web/src/app/health/route.ts", ""),
            ]);
            let found = detect(&tree, &Answers::default()).services.remove(0);
            let command = |decision: &Option<crate::model::Decision<crate::model::Cmd>>| decision.as_ref().map(|it| it.value.to_string()).unwrap_or_default();
            let writes = found.extra.get("writes").and_then(|folder| folder.as_str()).unwrap_or_default().to_owned();
            let health = matches!(&found.health, crate::model::Health::Http(path) if path.value == "/health");
            let warned = found.notes.iter().filter(|note| note.id == "development-dependencies").count();
            [command(&found.build), command(&found.dev), command(&found.start), writes, health.to_string(), warned.to_string()].join("; ")
        };
        let plugin = r#"{"name": "web", "projectType": "application", "targets": {}}"#;
        let executor = r#"{"name": "web", "projectType": "application", "targets": {"build": {"executor": "@nx/next:build", "options": {"outputPath": "dist/apps/web"}}}}"#;
        let (build, dev) = ("node_modules/.bin/nx build web", "node_modules/.bin/nx dev web");
        assert_eq!(start("{ output: 'standalone' }", plugin), format!("{build}; {dev}; node apps/web/server.js; apps/web/.next; true; 0"));
        assert_eq!(start("require('@nx/next')", plugin), format!("{build}; {dev}; node_modules/.bin/next start apps/web; apps/web/.next; true; 1"));
        assert_eq!(start("", executor), format!("{build}; {dev}; node_modules/.bin/next start dist/apps/web; dist/apps/web; true; 0"));
    }

    #[test]
    fn members_of_a_workspace_that_nx_builds_are_not_passed_over() {
        let next = r#"{"name": "@acme/web", "dependencies": {"next": "15", "react": "19"}}"#;
        let api = r#"{"name": "@acme/api", "dependencies": {"express": "4"}, "nx": {"targets": {"build": {"executor": "@nx/esbuild:esbuild"}}}}"#;
        let tree = Tree::memory([
            ("package.json", r#"{"name": "@acme/source", "private": true, "workspaces": ["apps/*"], "devDependencies": {"nx": "22"}}"#),
            ("package-lock.json", "{}"),
            ("nx.json", "{}"),
            ("apps/web/package.json", next),
            ("apps/web/next.config.js", "module.exports = {}"),
            ("apps/web/src/app/page.tsx", ""),
            ("apps/api/package.json", api),
            ("apps/api/src/main.ts", "import express from 'express'\nexpress().listen(3000)\n"),
        ]);
        let found = detect(&tree, &Answers::default()).services;
        let build = |service: &crate::model::ServiceDraft| service.build.as_ref().map(|build| build.value.to_string()).unwrap_or_default();
        let said = |service: &crate::model::ServiceDraft| {
            format!("{} {:?} {}", service.root, service.notes.iter().map(|note| note.id).collect::<Vec<_>>(), build(service))
        };
        let next = "apps/web [] cd apps/web && ../../node_modules/.bin/next build";
        assert_eq!(found.iter().map(said).collect::<Vec<_>>(), ["apps/api [\"unsupported\"] ", next]);
    }
}
