//! Workspaces: one lock file at the root, applications and libraries below it.

use std::rc::Rc;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::managers::Manager;
use super::project::Project;
use super::runtime::{self, Runtime};
use super::script::BIN;
use super::{content, natives, nx, servers, typescript};
use crate::catalog::StackPack;
use crate::detect::Found;
use crate::detect::source;
use crate::fs::{Dir, Text};
use crate::manifest::{Document, Node, Package};
use crate::model::evidence::tame;
use crate::model::{Answers, Cmd, Decision, Diagnostic, Kind, RelPath, ServiceDraft};

/// A package of a workspace.
pub struct Member<'a> {
    dir: Dir<'a>,
    package: Package,
    name: String,
}

/// Which packages are drafted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// Any.
    Whatever,
    /// An application.
    Application,
    /// An application, or what is one where there is no other.
    Alone,
}

/// A workspace.
pub struct Workspace<'a> {
    root: Dir<'a>,
    /// The members, and behind them the root's own package.
    packages: Vec<Member<'a>>,
}

impl<'a> Workspace<'a> {
    /// The workspace whose root is this folder; `None` where it is none.
    pub fn read(root: &Dir<'a>, package: &Package) -> Result<Option<Self>, Diagnostic> {
        let patterns = patterns(root, package)?;
        if patterns.is_empty() {
            return Ok(None);
        }
        let (wanted, unwanted) =
            (set(patterns.iter().filter(|pattern| !pattern.starts_with('!'))), set(patterns.iter().filter(|pattern| pattern.starts_with('!'))));
        let mut members = Vec::new();
        for path in root.files_below().filter(|path| path.name() == "package.json") {
            let Some(folder) = path.parent().filter(|folder| folder != root.path()) else { continue };
            let Some(below) = folder.below(root.path()) else { continue };
            if !wanted.is_match(below) || unwanted.is_match(below) || below.split('/').any(|part| part == "node_modules") {
                continue;
            }
            let dir = root.tree().dir(folder.clone());
            let Some(package) = Package::read(&dir)? else { continue };
            let Some(name) = package.name().filter(|name| plain(name)).map(ToOwned::to_owned) else { continue };
            members.push(Member { dir, package, name });
        }
        if members.is_empty() {
            return Ok(None);
        }
        let name = package.name().filter(|name| plain(name)).unwrap_or_default().to_owned();
        members.push(Member { dir: root.clone(), package: package.clone(), name });
        Ok(Some(Self { root: root.clone(), packages: members }))
    }

    /// The members, without the root's own package.
    fn members(&self) -> &[Member<'a>] {
        self.packages.split_last().map_or(&[], |(_, members)| members)
    }

    /// The services of the workspace.
    pub fn draft(&self, package: &Package, answers: &Answers) -> Result<Found, Diagnostic> {
        let mut found = Found { services: Vec::new(), covers: self.folders() };
        let mut kits = Vec::new();
        for at in 0..self.packages.len() {
            let wanted = if found.services.is_empty() { Wanted::Alone } else { Wanted::Application };
            found.services.extend(self.one(at, package, answers, &mut kits, wanted)?);
        }
        self.leave_parts(&mut found.services);
        // Where no server is, what its users call by its name is the program.
        for at in 0..self.members().len() {
            if found.services.is_empty() {
                let draft = self.one(at, package, answers, &mut kits, Wanted::Whatever)?;
                found.services.extend(draft.filter(|draft| draft.start.is_some() && draft.open.is_empty()));
            }
        }
        // Where nothing else is there, the reason is said.
        for at in 0..self.members().len() {
            if found.services.iter().all(|service| service.notes.iter().any(|note| note.id == "runs-elsewhere")) {
                let draft = self.one(at, package, answers, &mut kits, Wanted::Whatever)?;
                found.services.extend(draft.filter(|draft| draft.notes.iter().any(|note| note.id == "runs-elsewhere")));
            }
        }
        Ok(found)
    }

    /// Pages that a server of the workspace depends on are its own to send.
    fn leave_parts(&self, services: &mut Vec<ServiceDraft>) {
        let used = |folder: &RelPath| {
            let name = self.members().iter().find(|member| member.dir.path() == folder).map(|member| member.name.as_str());
            services.iter().filter(|service| service.kind == Kind::Server).any(|service| {
                service.root != *folder && service.dependencies.iter().any(|dependency| dependency.production && Some(dependency.name.as_str()) == name)
            })
        };
        let parts: Vec<RelPath> =
            services.iter().filter(|service| service.kind == Kind::Site && used(&service.root)).map(|service| service.root.clone()).collect();
        services.retain(|service| !parts.contains(&service.root));
    }

    /// The folders of the members.
    pub fn folders(&self) -> Vec<RelPath> {
        self.members().iter().map(|member| member.dir.path().clone()).collect()
    }

    /// The draft of the member in this folder, whatever it is.
    pub fn member(&self, folder: &RelPath, package: &Package, answers: &Answers) -> Result<Option<ServiceDraft>, Diagnostic> {
        let Some(at) = self.members().iter().position(|member| member.dir.path() == folder) else { return Ok(None) };
        self.one(at, package, answers, &mut Vec::new(), Wanted::Whatever)
    }

    /// The draft of a package, if it is what is wanted.
    fn one(
        &self,
        at: usize,
        package: &Package,
        answers: &Answers,
        kits: &mut Vec<(Runtime, StackPack, Manager)>,
        wanted: Wanted,
    ) -> Result<Option<ServiceDraft>, Diagnostic> {
        let member = &self.packages[at];
        let is_root = at == self.members().len();
        let on_bun = runtime::on_bun(&member.dir, &member.package, &self.root)?.is_some();
        let runtime = if on_bun { Runtime::Bun } else { Runtime::Node };
        if !kits.iter().any(|(known, _, _)| *known == runtime) {
            let pack = StackPack::load(runtime.id()).map_err(|why| Diagnostic::error("catalogue", why))?;
            let manager = Manager::choose(&self.root, Some(package), &pack, &answers.hints(self.root.path(), ""))?;
            kits.push((runtime, pack, manager));
        }
        let Some((_, pack, manager)) = kits.iter().find(|(known, _, _)| *known == runtime) else { return Ok(None) };
        let name = if is_root { super::own_name(&member.name) } else { &member.name };
        let mut draft = ServiceDraft::new(runtime.id(), member.dir.path().clone(), name);
        draft.context = self.root.path().clone();
        let hints = answers.hints(member.dir.path(), &draft.name);
        let project = Project {
            dir: member.dir.clone(),
            package: Some(member.package.clone()),
            root: (!is_root).then_some(package),
            manager,
            runtime,
            pack,
            hints,
            others: if is_root { self.folders() } else { Vec::new() },
            libraries: self.libraries(at).into_iter().map(|library| self.packages[library].package.clone()).collect(),
            framework: None,
            nx: None,
        };
        let is_application = if is_root {
            project.is_application_beside_members(wanted == Wanted::Alone)
        } else {
            project.is_application() || servers::by_its_name(&project, wanted == Wanted::Alone)?
        };
        if wanted != Wanted::Whatever && !is_application {
            return Ok(None);
        }
        let versions = if is_root { vec![self.root.clone()] } else { vec![member.dir.clone(), self.root.clone()] };
        // What is wrong with one of them keeps nobody from the others.
        if let Err(problem) = super::fill(&mut draft, project, &versions).and_then(|()| self.surround(&mut draft, at, package, manager)) {
            draft.notes.push(problem);
        }
        let explicit = |decision: &Option<Decision<Cmd>>| decision.as_ref().is_some_and(|decision| decision.source.is_explicit());
        if let Some(at) = nx::builds_member(&member.package).filter(|_| !explicit(&draft.build) || !explicit(&draft.start)) {
            let message = format!("an executor of Nx builds `{}`, a member of a workspace: where its program lies then is not known", tame(&draft.name));
            let help = "give the member a build and a start script, pass --build-cmd and --start-cmd, or name the other applications with --app";
            draft.notes.push(Diagnostic::error("unsupported", message).at(at).help(help));
        }
        Ok(Some(draft))
    }

    /// What an application needs of its workspace.
    fn surround(&self, draft: &mut ServiceDraft, at: usize, package: &Package, manager: &Manager) -> Result<(), Diagnostic> {
        let app = &self.packages[at];
        let is_root = at == self.members().len();
        let libraries = self.libraries(at);
        let built: Vec<&Member<'_>> = libraries.iter().map(|at| &self.packages[*at]).filter(|member| member.package.script("build").is_some()).collect();
        let mut names: Vec<&str> = built.iter().map(|member| member.name.as_str()).collect();
        let turbo = if is_root { None } else { self.turbo(package)? };
        let below = match &turbo {
            _ if names.is_empty() => String::new(),
            _ if is_root => manager.run_members("build", &names),
            Some(turbo) => format!("{turbo}{}^...", app.name),
            None => manager.build_closure(&app.name, &names, true),
        };
        // One script of the root may compile them all; the development command begins with it.
        let by_root = !is_root && draft.build.as_ref().and_then(|build| build.source.evidence()).is_some_and(|at| at.file == *package.doc.path());
        draft.set("dev_build", below);
        if let Some(build) = &mut draft.build
            && !build.source.is_explicit()
        {
            // What builds in which order, and what must be generated before, is Turborepo's to say where it is in use.
            if let Some(turbo) = &turbo {
                build.value = Cmd::Shell(format!("{turbo}{}", app.name));
            } else if (is_root || app.package.script("build").is_none()) && !names.is_empty() {
                build.value = Cmd::Shell(format!("{} && {}", manager.run_members("build", &names), build.value));
            } else if !names.is_empty() {
                names.push(&app.name);
                build.value = Cmd::Shell(manager.build_closure(&app.name, &names, false));
            }
        }
        if turbo.is_some() {
            draft.ignore.push("**/.turbo".to_owned());
        }
        let (mut folders, mut outputs) = (Vec::new(), Vec::new());
        for library in libraries.iter().map(|at| &self.packages[*at]) {
            draft.dependencies.extend(library.package.dependencies());
            let is_made = || library.package.doc.str(&["main"]).is_some_and(|main| !library.dir.has(main.trim_start_matches("./")));
            if library.package.script("build").is_some() && draft.build.is_some() || by_root && is_made() {
                outputs.extend(made(library)?.iter().map(|folder| self.below(&library.dir, folder)));
            } else {
                let texts: Vec<Rc<Text>> = source::files(&library.dir, &["js", "mjs", "cjs", "ts"], &[]);
                let parts = content::of_source(&library.dir, &texts, &[]);
                // One whose code lies about is copied as it is.
                if parts.len() > 3 || parts.iter().any(|part| !part.ends_with('/')) && parts.len() > 1 {
                    folders.push(format!("{}/", self.below(&library.dir, "")));
                } else {
                    folders.extend(parts.iter().map(|path| self.below(&library.dir, path)));
                }
            }
        }
        let (files, folders): (Vec<String>, Vec<String>) = folders.into_iter().partition(|path| !path.ends_with('/'));
        draft.set("library_folders", folders.iter().map(|path| path.trim_end_matches('/').to_owned()).collect::<Vec<_>>());
        draft.set("library_files", files);
        draft.set("library_outputs", outputs);
        // The manifests of all members come with the dependencies.
        if let Some(serde_json::Value::Array(files)) = draft.extra.get_mut("files") {
            files.retain(|file| file != "package.json");
        }
        draft.set("home", self.below(&app.dir, ""));
        draft.set("member", if app.name.is_empty() { draft.name.clone() } else { app.name.clone() });
        draft.set("members", self.members().iter().map(|member| self.below(&member.dir, "")).collect::<Vec<_>>());
        let hooks = self.members().iter().map(|member| (self.below(&member.dir, ""), natives::hooks(&member.package))).filter(|(_, names)| !names.is_empty());
        draft.set("member_hooks", hooks.map(|(folder, names)| serde_json::json!({"folder": folder, "names": names})).collect::<Vec<_>>());
        let outside: Vec<String> = (0..self.members().len())
            .filter(|member| *member != at && !libraries.contains(member))
            .map(|member| self.below(&self.packages[member].dir, ""))
            .collect();
        let used: Vec<&str> = libraries.iter().map(|at| self.packages[*at].name.as_str()).collect();
        draft.set("manager", if is_root { manager.for_root(&app.name, &used, &outside) } else { manager.for_member(&app.name, &outside) });
        draft.set("installs", true);
        // What a framework's build makes may need none of the dependencies.
        if !draft.extra.contains_key("front") {
            draft.set("modules", true);
        }
        draft.ignore.push("**/Dockerfile*".to_owned());
        let own = self.below(&app.dir, "");
        draft.watch.paths = vec![if own.is_empty() { ".".to_owned() } else { own }];
        draft.watch.rebuild = manager.manifests();
        draft.watch.rebuild.extend(libraries.iter().map(|at| self.below(&self.packages[*at].dir, "")));
        Ok(())
    }

    /// The command of Turborepo that builds a member with all that it needs, but for the member's name. It wants the package manager to be stated.
    fn turbo(&self, package: &Package) -> Result<Option<String>, Diagnostic> {
        if package.dependency("turbo").is_none() || package.doc.get(&["packageManager"]).is_none() {
            return Ok(None);
        }
        for file in ["turbo.json", "turbo.jsonc"] {
            if let Some(doc) = Document::read(&self.root, file)?
                && ["tasks", "pipeline"].iter().any(|key| doc.get(&[key, "build"]).is_some())
            {
                return Ok(Some(format!("{BIN}turbo run build --filter=")));
            }
        }
        Ok(None)
    }

    /// A path of a member, seen from the root.
    fn below(&self, dir: &Dir<'_>, tail: &str) -> String {
        let folder = dir.path().below(self.root.path()).unwrap_or_default();
        match (folder, tail) {
            (folder, "") => folder.to_owned(),
            ("", tail) => tail.to_owned(),
            (folder, tail) => format!("{folder}/{tail}"),
        }
    }

    /// The members that a member depends on, those first that others need.
    fn libraries(&self, at: usize) -> Vec<usize> {
        let mut order = Vec::new();
        let mut open = Vec::new();
        self.visit(at, &mut order, &mut open);
        order.retain(|member| *member != at);
        order
    }

    fn visit(&self, at: usize, order: &mut Vec<usize>, open: &mut Vec<usize>) {
        if order.contains(&at) || open.contains(&at) {
            return;
        }
        open.push(at);
        for dependency in self.packages[at].package.dependencies() {
            if let Some(member) = self.members().iter().position(|member| member.name == dependency.name) {
                self.visit(member, order, open);
            }
        }
        open.pop();
        order.push(at);
    }
}

/// The patterns of `workspaces` or `pnpm-workspace.yaml`.
fn patterns(root: &Dir<'_>, package: &Package) -> Result<Vec<String>, Diagnostic> {
    let listed = |node: Option<&Node>| -> Vec<String> { node.into_iter().flat_map(Node::items).filter_map(Node::str).map(ToOwned::to_owned).collect() };
    if let Some(doc) = Document::read(root, "pnpm-workspace.yaml")? {
        let found = listed(doc.get(&["packages"]));
        if !found.is_empty() {
            return Ok(found);
        }
    }
    let found = listed(package.doc.get(&["workspaces"]));
    Ok(if found.is_empty() { listed(package.doc.get(&["workspaces", "packages"])) } else { found })
}

fn set<'p>(patterns: impl Iterator<Item = &'p String>) -> GlobSet {
    let mut builder = GlobSetBuilder::new();
    for pattern in patterns {
        let pattern = pattern.trim_start_matches('!').trim_start_matches("./").trim_end_matches('/');
        if let Ok(glob) = GlobBuilder::new(pattern).literal_separator(true).build() {
            builder.add(glob);
        }
    }
    builder.build().unwrap_or_else(|_| GlobSet::empty())
}

/// Whether a name can stand in a command as it is.
pub fn plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('-') && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '@' | '/' | '-' | '_' | '.'))
}

/// The folders that a library's build makes: the compiler's, and those that are published and that a file of settings of its build names.
fn made(library: &Member<'_>) -> Result<Vec<String>, Diagnostic> {
    let main = library.package.doc.str(&["main"]).unwrap_or("dist/index.js");
    let mut found = match typescript::output(&library.dir, &library.package)? {
        Some(output) => vec![output.folder],
        None => vec![RelPath::known(main).as_str().split_once('/').map_or("dist", |(folder, _)| folder).to_owned()],
    };
    let settings = |file: &&str| file.starts_with("vite.config.") || file.starts_with("webpack.config.") || file.starts_with("rollup.config.");
    let texts: Vec<Rc<Text>> = library.dir.files().filter(settings).filter_map(|file| library.dir.peek(file)).collect();
    let published = library.package.doc.get(&["files"]).into_iter().flat_map(Node::items).filter_map(Node::str);
    for folder in published.map(|path| path.trim_start_matches("./").trim_end_matches(['*', '/'])) {
        let known = found.iter().any(|known| known == folder || folder.starts_with(&format!("{known}/")));
        if !known && !folder.is_empty() && !folder.contains(['.', '*', '!', '/']) && !library.dir.has_dir(folder) && content::is_named(folder, &texts) {
            found.push(folder.to_owned());
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::Workspace;
    use crate::fs::Tree;
    use crate::manifest::Package;

    #[test]
    fn members_are_found_and_ordered_by_their_dependencies() {
        let tree = Tree::memory([
            ("package.json", r#"{"workspaces": ["apps/*", "libs/**", "!libs/old"]}"#),
            ("apps/api/package.json", r#"{"name": "@x/api", "dependencies": {"@x/b": "*", "left-pad": "1"}}"#),
            ("libs/a/package.json", r#"{"name": "@x/a"}"#),
            ("libs/deep/b/package.json", r#"{"name": "@x/b", "dependencies": {"@x/a": "*"}}"#),
            ("libs/old/package.json", r#"{"name": "@x/old"}"#),
            ("tools/package.json", r#"{"name": "tools"}"#),
        ]);
        let package = Package::read(&tree.root()).expect("parses").expect("there");
        let workspace = Workspace::read(&tree.root(), &package).expect("parses").expect("a workspace");
        let names: Vec<&str> = workspace.members().iter().map(|member| member.name.as_str()).collect();
        assert_eq!(names, ["@x/api", "@x/a", "@x/b"]);
        assert_eq!(workspace.libraries(0), [1, 2]);
    }
}
