//! Which folders are services, and of which stack.

use std::collections::BTreeMap;

use super::recognised::Recogniser;
use super::{DETECTORS, Detector, Found, apps, handwritten};
use crate::catalog::StackPack;
use crate::fs::{Dir, Tree};
use crate::model::question::Question;
use crate::model::{Answers, Claim, Diagnostic, Given, Kind, Open, RelPath, ServiceDraft, Severity, Source, Strength};

/// How deep below the root services are looked for.
const DEEPEST: usize = 4;

/// Folders that hold no services of their own, whatever lies in them.
const NOT_SERVICES: &[&str] = &[
    "docs",
    "doc",
    "documentation",
    "example",
    "examples",
    "sample",
    "samples",
    "demo",
    "demos",
    "test",
    "tests",
    "testing",
    "testdata",
    "__tests__",
    "spec",
    "fixtures",
    "e2e",
    "bench",
    "benches",
    "benchmark",
    "benchmarks",
    "scripts",
    "script",
    "tools",
    "tooling",
    "hack",
    "contrib",
    "third_party",
    "thirdparty",
    "vendor",
    "deps",
    "templates",
    "dist",
    "build",
    "out",
    "target",
    "coverage",
    "static",
    "public",
    "assets",
    "node_modules",
];

/// Folders in which members of a workspace show or try it: no services of their own, where there are others.
const ASIDE: &[&str] = &[
    "example",
    "examples",
    "sample",
    "samples",
    "demo",
    "demos",
    "playground",
    "playgrounds",
    "test",
    "tests",
    "e2e",
    "fixtures",
    "bench",
    "benches",
    "benchmark",
    "benchmarks",
];

/// Folders that are services beside a service at the root.
const APP_FOLDERS: &[&str] =
    &["frontend", "backend", "client", "server", "web", "webapp", "api", "ui", "worker", "admin", "dashboard", "service", "website", "socket", "bot"];

/// What the name of a folder ends with that is a service beside one at the root: `shop-frontend`.
const APP_ENDINGS: &[&str] = &["frontend", "backend", "spa"];

/// Whether a folder is a service beside one at the root, by its name.
fn is_app_folder(name: &str) -> bool {
    APP_FOLDERS.contains(&name) || name.rsplit_once(['-', '_']).is_some_and(|(_, last)| APP_ENDINGS.contains(&last))
}

/// The services of a repository and what there is to say of it.
#[derive(Debug, Default)]
pub struct Detection {
    /// The services, in order of their folders.
    pub services: Vec<ServiceDraft>,
    /// What was found beside them.
    pub diagnostics: Vec<Diagnostic>,
}

/// Finds the services of a tree.
pub fn detect(tree: &Tree, answers: &Answers) -> Detection {
    let found = search(tree, answers);
    // The repository's own Dockerfile says what the source leaves open; everything that follows from it is decided anew.
    let mut told = answers.clone();
    let mut more = false;
    for service in found.services.iter().filter(|service| service.kind != Kind::Site && !service.pack.is_empty()) {
        let open = service.port.as_ref().is_none_or(|port| matches!(port.source, Source::Default { .. }));
        let alone = found.services.iter().filter(|other| other.root == service.root).count() == 1;
        if let Some((port, at)) = Some(tree.dir(service.root.clone())).filter(|_| open && alone).and_then(|dir| handwritten::port(&dir, service)) {
            told.suggest(&service.root, Question::Port, Given { value: port.to_string(), source: Source::File(at) });
            more = true;
        }
    }
    let (meant, unclear) = apps::meant(&found.services, answers);
    more |= !meant.is_empty();
    for (app, roots) in meant {
        told.mean(&app, roots);
    }
    let mut found = if more { search(tree, &told) } else { found };
    found.diagnostics.extend(unclear);
    found
}

fn search(tree: &Tree, answers: &Answers) -> Detection {
    let mut search = Search { answers, packs: BTreeMap::new(), found: Detection::default(), covered: Vec::new() };
    search.found.diagnostics.extend(tree.notes().iter().cloned());
    search.visit(&tree.root(), false);
    search.leave_front_ends();
    search.resolve_sites();
    search.leave_examples();
    search.name_uniquely();
    search.found
}

struct Search<'a> {
    answers: &'a Answers,
    packs: BTreeMap<&'static str, StackPack>,
    found: Detection,
    covered: Vec<RelPath>,
}

impl Search<'_> {
    fn visit(&mut self, dir: &Dir<'_>, beside_service: bool) {
        if self.covered.iter().any(|folder| !folder.is_root() && dir.path().below(folder).is_some()) {
            return;
        }
        let before = self.found.services.len();
        let failed = self.take(dir, beside_service);
        if failed || dir.path().depth() >= DEEPEST {
            return;
        }
        // Pages in a folder of a root that is nothing itself may be those of the services below.
        let loose = |service: &ServiceDraft| service.pack == "static" && dir.path().is_root() && !dir.has("index.html");
        let service_here = self.found.services[before..].iter().any(|service| !loose(service));
        for name in dir.folders() {
            if name.starts_with('.') || NOT_SERVICES.contains(&name) {
                continue;
            }
            if (service_here || beside_service) && !is_app_folder(name) {
                continue;
            }
            self.visit(&dir.dir(name), service_here || beside_service);
        }
    }

    /// Drafts the services of one folder; whether its manifest is broken.
    fn take(&mut self, dir: &Dir<'_>, beside_service: bool) -> bool {
        let mut claims: Vec<(&dyn Detector, Claim)> = DETECTORS.iter().filter_map(|detector| Some((*detector, detector.claims(dir)?))).collect();
        if let Some(wanted) = self.answers.hints(dir.path(), dir.path().name()).get(Question::Stack).filter(|_| dir.path().is_root()) {
            if let Some(detector) = DETECTORS.iter().find(|detector| detector.id() == wanted.value) {
                let because = crate::model::Evidence::file(dir.path().clone());
                claims.retain(|(detector, _)| detector.id() == wanted.value);
                if claims.is_empty() {
                    claims.push((*detector, Claim::new(Strength::Certain, because)));
                }
            } else {
                let known: Vec<String> = DETECTORS.iter().map(|detector| detector.id().to_owned()).collect();
                let name = crate::model::evidence::tame(&wanted.value);
                let message = if super::recognised::knows(&wanted.value) {
                    format!("there is no template for {name} yet")
                } else {
                    format!("`{name}` is not a stack that dockgen knows")
                };
                self.found.diagnostics.push(Diagnostic::error("unknown-stack", message).help(format!("choose one of {}", known.join(", "))));
                return true;
            }
        }
        // Below the root, and beside a service, only a folder's own manifest makes a service.
        let needed = if dir.path().is_root() {
            Strength::Hint
        } else if beside_service {
            Strength::Certain
        } else {
            Strength::Likely
        };
        if let Some((recogniser, claim)) = self.recognised(dir, &claims).filter(|(_, claim)| claim.strength >= needed) {
            return self.keep(super::recognised::draft(dir, recogniser, &claim, self.answers));
        }
        claims.retain(|(_, claim)| claim.strength >= needed);
        let Some(strongest) = claims.iter().map(|(_, claim)| claim.strength).max() else { return false };
        claims.retain(|(_, claim)| claim.strength == strongest);
        let ids: Vec<&'static str> = claims.iter().map(|(detector, _)| detector.id()).collect();
        for id in &ids {
            if let Err(message) = self.load(id) {
                self.found.diagnostics.push(Diagnostic::error("catalogue", message));
                return true;
            }
        }
        if claims.len() > 1 {
            let packs = &self.packs;
            claims.retain(|(detector, _)| !packs[detector.id()].yields_to.iter().any(|winner| winner == "*" || ids.contains(&winner.as_str())));
        }
        let Some((winner, _)) = claims.first() else { return false };
        let mut found = winner.draft(dir, &self.packs[winner.id()], self.answers);
        // Whose program takes in what the other's builds has the folder.
        let takes_in = |found: &Found| found.services.iter().any(|service| service.front.as_ref().is_some_and(|front| front.draft.root == *dir.path()));
        let runs = |found: &Result<Found, Diagnostic>| found.as_ref().is_ok_and(|found| found.services.iter().any(|service| service.start.is_some()));
        let mut shared = false;
        for (other, _) in &claims[1..] {
            let theirs = if found.as_ref().is_ok_and(takes_in) { break } else { other.draft(dir, &self.packs[other.id()], self.answers) };
            if theirs.as_ref().is_ok_and(takes_in) {
                found = theirs;
            } else if found.is_ok() && theirs.is_ok() && runs(&found) != runs(&theirs) {
                // Where one stack has a program and the other none, it is what the folder is about; the other has its tests or its bindings there.
                if runs(&theirs) {
                    found = theirs;
                }
                shared = true;
            } else if let (Ok(found), Ok(theirs)) = (&mut found, theirs)
                && are_apart(dir, found, &theirs)
            {
                found.services.extend(theirs.services);
                found.covers.extend(theirs.covers);
                shared = true;
            }
        }
        if let Ok(found) = &mut found
            && claims.len() > 1
            && !takes_in(found)
            && !shared
        {
            let candidates: Vec<(String, Source)> =
                claims.iter().map(|(detector, claim)| (detector.id().to_owned(), Source::File(claim.because.clone()))).collect();
            for service in &mut found.services {
                let message = "more than one stack claims this folder".to_owned();
                service.open.push(Open { question: Question::Stack, message, candidates: candidates.clone() });
            }
        }
        self.keep(found)
    }

    /// Keeps what was found; whether it is broken.
    fn keep(&mut self, found: Result<Found, Diagnostic>) -> bool {
        match found {
            Ok(found) => {
                self.covered.extend(found.covers);
                self.found.services.extend(found.services);
                false
            }
            Err(problem) => {
                self.found.diagnostics.push(problem);
                true
            }
        }
    }

    /// The folder's stack where it has no templates yet, and nothing but the assets or the tools of such a project claim the folder.
    fn recognised(&mut self, dir: &Dir<'_>, claims: &[(&dyn Detector, Claim)]) -> Option<(&'static Recogniser, Claim)> {
        let (recogniser, own) = super::recognised::find(dir)?;
        let stands = claims.iter().any(|(detector, claim)| {
            claim.strength > own.strength || claim.strength == Strength::Certain && self.load(detector.id()).is_ok() && !self.packs[detector.id()].serves_others
        });
        (!stands).then_some((recogniser, own))
    }

    fn load(&mut self, id: &'static str) -> Result<(), String> {
        if !self.packs.contains_key(id) {
            self.packs.insert(id, StackPack::load(id)?);
        }
        Ok(())
    }

    /// A front end that a server takes in is no service beside it.
    fn leave_front_ends(&mut self) {
        let taken: Vec<RelPath> = self.found.services.iter().filter_map(|service| Some(service.front.as_ref()?.draft.root.clone())).collect();
        self.found.services.retain(|service| service.front.is_some() || !taken.contains(&service.root));
    }

    /// A folder of HTML beside real services is theirs, not a site of its own.
    fn resolve_sites(&mut self) {
        if self.found.services.iter().any(|service| service.pack != "static") {
            self.found.services.retain(|service| service.pack != "static" || APP_FOLDERS.contains(&service.root.name()));
        }
        // Of a stack without templates the start is often unknown; what is no program is an open question there.
        let runs = |service: &ServiceDraft| service.start.is_some() || service.pack.is_empty() && service.open.is_empty();
        if self.found.services.iter().any(runs) {
            // Libraries beside applications are not asked about.
            let wrong = |service: &ServiceDraft| service.notes.iter().any(|note| note.severity == Severity::Error);
            let asked = |service: &ServiceDraft| wrong(service) || !service.open.is_empty() && service.root.is_root();
            self.found.services.retain(|service| runs(service) || !service.pack.is_empty() && asked(service));
        }
    }

    /// What only shows the others is left out, unless somebody names the applications.
    fn leave_examples(&mut self) {
        let aside = |service: &ServiceDraft| service.root.as_str().split('/').any(|part| ASIDE.contains(&part));
        let others = self.found.services.iter().any(|service| service.start.is_some() && !aside(service));
        if others && self.answers.get(Question::App).is_none() {
            self.found.services.retain(|service| !aside(service));
        }
    }

    /// Of several services, each takes its folder's name: that is what people call it and what its neighbours look it up by. One without
    /// a name of its own takes it too; two of the same name take their paths. The name of the root's folder says nothing: it differs from clone to clone.
    fn name_uniquely(&mut self) {
        let roots: Vec<RelPath> = self.found.services.iter().map(|service| service.root.clone()).collect();
        for service in &mut self.found.services {
            let one_of_several = roots.len() > 1 && roots.iter().filter(|root| **root == service.root).count() == 1;
            if (one_of_several || service.name == "app")
                && let Some(slug) = crate::model::draft::slug(service.root.name())
            {
                rename(service, slug);
            }
        }
        let names: Vec<String> = self.found.services.iter().map(|service| service.name.clone()).collect();
        for service in &mut self.found.services {
            if names.iter().filter(|name| **name == service.name).count() > 1
                && let Some(slug) = crate::model::draft::slug(&service.root.as_str().replace('/', "-"))
            {
                rename(service, slug);
            }
        }
    }
}

/// Whether two stacks have a workspace at one root, each with applications of its own below it: a front end's and a server's.
fn are_apart(dir: &Dir<'_>, one: &Found, other: &Found) -> bool {
    let below = |found: &Found| !found.services.is_empty() && found.services.iter().all(|service| service.start.is_some() && service.root != *dir.path());
    let roots = |service: &ServiceDraft| other.services.iter().any(|theirs| theirs.root == service.root);
    below(one) && below(other) && !one.services.iter().any(roots)
}

/// Gives a service another name, in what was already said of it too.
fn rename(service: &mut ServiceDraft, name: String) {
    let (old, new) = (format!("service `{}`", service.name), format!("service `{name}`"));
    for note in &mut service.notes {
        note.message = note.message.replace(&old, &new);
    }
    service.name = name;
}

#[cfg(test)]
mod tests {
    use super::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    fn roots(files: &[(&str, &str)]) -> Vec<String> {
        detect(&Tree::memory(files.iter().copied()), &Answers::default()).services.iter().map(|service| service.root.display().to_owned()).collect()
    }

    #[test]
    fn a_stack_with_a_program_has_the_folder_before_one_with_none() {
        let found = detect(
            &Tree::memory([
                ("pyproject.toml", "[project]\nname = \"a-tests\"\nversion = \"1\"\n"),
                ("poetry.lock", ""),
                ("Cargo.toml", "[package]\nname = \"a\"\nversion = \"0.1.0\"\n"),
                ("src/main.rs", "fn main() {}\n"),
            ]),
            &Answers::default(),
        );
        assert_eq!(found.services.iter().map(|service| (service.pack, service.open.len())).collect::<Vec<_>>(), [("rust", 0)]);
    }

    #[test]
    fn two_workspaces_share_a_root() {
        let found = roots(&[
            ("package.json", r#"{"workspaces": ["web"]}"#),
            ("package-lock.json", "{}"),
            ("web/package.json", r#"{"name": "web", "scripts": {"start": "node index.js"}}"#),
            ("web/index.js", ""),
            ("pyproject.toml", "[tool.uv.workspace]\nmembers = [\"api\"]\n"),
            ("uv.lock", ""),
            ("api/pyproject.toml", "[project]\nname = \"api\"\nversion = \"1\"\ndependencies = [\"fastapi\", \"uvicorn\"]\n"),
            ("api/main.py", "app = FastAPI()\n"),
        ]);
        assert_eq!(found, ["api", "web"]);
    }

    #[test]
    fn a_front_end_beside_a_program_goes_by_the_end_of_its_name() {
        let page = [("requirements.txt", "flask==3.1.3\n"), ("app.py", "app = Flask(__name__)\n")];
        let roots = |folder: &str| {
            let (package, index) = (format!("{folder}/package.json"), format!("{folder}/index.html"));
            let own = [(index.as_str(), ""), (package.as_str(), r#"{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "7"}}"#)];
            detect(&Tree::memory([&page[..], &own].concat()), &Answers::default()).services.len()
        };
        assert_eq!((roots("shop-spa"), roots("shop_frontend"), roots("shop-icons")), (2, 2, 1));
    }

    #[test]
    fn members_that_show_the_others_are_left_out() {
        let app = r#"{"name": "x", "scripts": {"start": "node index.js"}}"#;
        let example = r#"{"name": "y", "scripts": {"start": "node index.js"}}"#;
        let root = ("package.json", r#"{"workspaces": ["apps/*", "examples/*"]}"#);
        let example = [("examples/y/package.json", example), ("examples/y/index.js", "")];
        let all = [&[root, ("apps/x/package.json", app), ("apps/x/index.js", "")], &example[..]].concat();
        assert_eq!(roots(&all), ["apps/x"]);
        assert_eq!(roots(&[&[root], &example[..]].concat()), ["examples/y"]);
    }

    #[test]
    fn a_go_program_without_a_module_is_one_all_the_same() {
        let found = detect(&Tree::memory([("backend/main.go", "package main\n\nfunc main() {}\n"), ("site/main.go", "package site\n")]), &Answers::default());
        let [service] = found.services.as_slice() else { panic!("one service") };
        assert_eq!((service.root.as_str(), service.stack.as_str(), service.notes.last().map(|note| note.id)), ("backend", "go", Some("no-module")));
    }
}
