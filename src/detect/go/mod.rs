//! Go: modules, workspaces, their main packages and what those listen on.

mod choose;
mod constraints;
mod module;
mod programs;
mod server;
mod settings;
mod tags;
mod wanted;
mod writes;

use std::rc::Rc;

use module::Module;
use programs::Program;

use super::writes::compiled::dotenv;
use super::{Detector, Found, asked, companions, front_end, reads, samples, source, unbuilt};
use crate::catalog::StackPack;
use crate::fs::{Dir, Text};
use crate::manifest::{pattern, tool_versions};
use crate::model::question::Question;
use crate::model::{
    Answers, BuildSecret, Candidates, Claim, Cmd, Decision, Dependency, Diagnostic, Evidence, Open, RelPath, ServiceDraft, Source, Strength, Version,
};

/// The detector.
pub struct Go;

impl Detector for Go {
    fn id(&self) -> &'static str {
        "go"
    }

    fn claims(&self, dir: &Dir<'_>) -> Option<Claim> {
        if let Some(file) = dir.first_of(["go.work", "go.mod"]) {
            // A module without a source file is what a site takes its theme by.
            let has_source = dir.files_below().any(|path| path.name().rsplit_once('.').is_some_and(|(_, ending)| ending == "go"));
            return Some(Claim::new(if has_source { Strength::Certain } else { Strength::Hint }, Evidence::file(dir.at(file))));
        }
        let is_program = dir.peek("main.go").is_some_and(|text| text.lines().any(|(_, line)| line.trim() == "package main"));
        is_program.then(|| Claim::new(Strength::Likely, Evidence::file(dir.at("main.go"))))
    }

    fn draft(&self, dir: &Dir<'_>, pack: &StackPack, answers: &Answers) -> Result<Found, Diagnostic> {
        let layout = Layout::read(dir)?;
        let mut found =
            Found { services: Vec::new(), covers: layout.modules.iter().map(|module| module.root.clone()).filter(|root| root != dir.path()).collect() };
        for module in layout.modules.iter().filter(|module| layout.workspace || module.root == *dir.path()) {
            let home = dir.tree().dir(module.root.clone());
            let (all, chosen) = choose::choose(&home, module, pack, answers);
            let context = Service { dir: &home, pack, answers, layout: &layout, module, several: chosen.len() > 1 };
            for program in &chosen {
                found.services.push(context.draft(program)?);
            }
            if let (Some(draft), None) = (found.services.last_mut(), answers.get(Question::App)) {
                draft.notes.extend(choose::left(&all, &chosen));
            }
            if chosen.is_empty() && (!all.is_empty() || !layout.workspace) {
                found.services.push(context.undecided(&all)?);
            }
        }
        if layout.loose {
            let missing = Diagnostic::error("no-module", "the folder has a program in Go and no go.mod, without which `go build` builds no package")
                .at(Evidence::file(dir.at("main.go")))
                .help("make one with `go mod init NAME` and `go mod tidy`, then run dockgen again");
            found.services.iter_mut().for_each(|draft| draft.notes.push(missing.clone()));
        }
        Ok(found)
    }
}

/// Whether a pattern of GOPRIVATE covers a module: by the parts of its path, `*` for any one.
fn covers(pattern: &str, module: &str) -> bool {
    let mut parts = module.split('/');
    !pattern.is_empty()
        && pattern.split('/').all(|own| {
            let part = parts.next().unwrap_or_default();
            own == "*" || own == part || own.strip_prefix('*').is_some_and(|end| part.ends_with(end))
        })
}

/// The modules that are built together, the root's own first.
struct Layout {
    modules: Vec<Module>,
    /// What `go build` is run in: the workspace, or the folder that holds the module and what replaces others.
    context: RelPath,
    workspace: bool,
    /// Whether there is no module, only a program's source.
    loose: bool,
}

impl Layout {
    fn read(dir: &Dir<'_>) -> Result<Self, Diagnostic> {
        let mut layout = Self { modules: Vec::new(), context: dir.path().clone(), workspace: false, loose: false };
        let work = dir.read("go.work")?;
        if work.is_none() && !dir.has("go.mod") && dir.has("main.go") {
            layout.loose = true;
            layout.modules.push(Module::without_file(dir, "main.go"));
            return Ok(layout);
        }
        let own = if let Some(text) = &work {
            layout.workspace = true;
            module::workspace(text).into_iter().map(|(folder, at)| (dir.path().join(&folder), at)).collect()
        } else {
            vec![(Some(dir.path().clone()), Evidence::file(dir.at("go.mod")))]
        };
        for (root, at) in own {
            let module = root.map(|root| Module::read(&dir.tree().dir(root))).transpose()?.flatten();
            layout.modules.push(module.ok_or_else(|| {
                Diagnostic::error("broken-manifest", "a module of the workspace is not there".to_owned()).at(at).help("mend go.work, then run dockgen again")
            })?);
        }
        for module in &layout.modules {
            module.replaces_what_is_there(dir)?;
        }
        let replaced: Vec<RelPath> =
            layout.modules.iter().flat_map(|module| module.replaced_by.iter().filter_map(|(folder, _)| module.root.join(folder))).collect();
        for root in replaced {
            if layout.modules.iter().any(|module| module.root == root) {
                continue;
            }
            while root.below(&layout.context).is_none() {
                layout.context = layout.context.parent().unwrap_or_default();
            }
            layout.modules.extend(Module::read(&dir.tree().dir(root))?);
        }
        Ok(layout)
    }

    /// A folder seen from the build context: empty, or ending in `/`.
    fn seen(&self, folder: &RelPath) -> String {
        folder.below(&self.context).filter(|below| !below.is_empty()).map_or_else(String::new, |below| format!("{below}/"))
    }
}

/// What the drafts of one module share.
struct Service<'a> {
    dir: &'a Dir<'a>,
    pack: &'a StackPack,
    answers: &'a Answers,
    layout: &'a Layout,
    module: &'a Module,
    several: bool,
}

impl Service<'_> {
    /// A draft with what holds for the whole module.
    fn start(&self, name: &str, root: RelPath) -> Result<ServiceDraft, Diagnostic> {
        let mut draft = ServiceDraft::new("go", root, name);
        draft.context = if draft.root == *self.dir.path() && !self.layout.workspace { self.layout.context.clone() } else { self.context() };
        let hints = self.answers.hints(&draft.root, &draft.name);
        if let Some(row) = &self.pack.runtime {
            let (versions, notes) = versions(self.dir, self.module, row)?;
            draft.runtime = Some(asked::runtime(&hints, row, versions)?);
            draft.notes.extend(notes);
        }
        draft.package_manager = Some(Decision::new("go".to_owned(), Source::File(self.module.path.1.clone())));
        draft.dependencies.clone_from(&self.module.requires);
        if let Some(at) = &self.module.tagged {
            draft.set("tags", self.module.tags.clone());
            draft.facts.push(("tags".to_owned(), Decision::new(self.module.tags.join(","), Source::File(at.clone()))));
        }
        self.private(&mut draft);
        Ok(draft)
    }

    /// Modules that the public proxy doesn't have: the repository's own scripts say which, and the download needs a login.
    fn private(&self, draft: &mut ServiceDraft) {
        const PLACES: &[&str] = &["go.env", ".envrc", ".env.example", "Makefile", "Taskfile.yml", "Taskfile.yaml", "justfile", "README.md", "README"];
        let Ok(pattern) = pattern::pattern(r#"\bGOPRIVATE\s*[:?]?[=:]\s*["']?([\w.*,/-]+)"#) else { return };
        let root = self.dir.tree().root();
        let flows = root.dir(".github/workflows");
        let files = PLACES.iter().filter_map(|file| root.peek(file)).chain(flows.files().filter_map(|file| flows.peek(file)));
        let hit = files.filter(|text| text.as_str().contains("GOPRIVATE")).find_map(|text| source::find(&[text], &pattern, "//"));
        let Some(hit) = hit.filter(|hit| self.module.requires.iter().any(|module| hit.value.split(',').any(|own| covers(own, &module.name)))) else { return };
        let secret = BuildSecret { id: "netrc".to_owned(), env: "NETRC".to_owned(), file: String::new() };
        draft.set("private", hit.value.clone());
        draft.facts.push(("private".to_owned(), Decision::new(hit.value, Source::File(hit.at.clone()))));
        draft.notes.push(
            Diagnostic::note("build-secret", "private modules need a login, which is mounted and never stored in the image".to_owned())
                .at(hit.at)
                .help("docker build --secret id=netrc,src=$HOME/.netrc; compose takes the file's text from the variable NETRC"),
        );
        draft.compose.secrets.push(secret);
    }

    fn context(&self) -> RelPath {
        if self.layout.workspace { self.layout.context.clone() } else { self.dir.path().clone() }
    }

    /// Nothing to run, or more than one thing: what is certain, and the question.
    fn undecided(&self, all: &[Program]) -> Result<ServiceDraft, Diagnostic> {
        let mut draft = self.start(self.module.base_name(), self.dir.path().clone())?;
        draft.open.push(if all.is_empty() {
            let message = "the module has no main package: it is a library".to_owned();
            Open { question: Question::StartCmd, message, candidates: Vec::new() }
        } else if programs::programs(self.dir, self.module).is_empty() {
            let candidates = all.iter().map(|program| (program.name.clone(), Source::File(program.at.clone()))).collect();
            Open { question: Question::App, message: "the module is a library, its programs are examples".to_owned(), candidates }
        } else {
            let candidates = all.iter().map(|program| (program.name.clone(), Source::File(program.at.clone()))).collect();
            Open { question: Question::App, message: format!("the module has {} programs", all.len()), candidates }
        });
        Ok(draft)
    }

    fn draft(&self, program: &Program) -> Result<ServiceDraft, Diagnostic> {
        let root = if self.several { self.dir.at(&program.folder) } else { self.dir.path().clone() };
        let mut draft = self.start(&program.name, root)?;
        let modules: Vec<&Module> = self.layout.modules.iter().collect();
        let texts = programs::reach(self.dir, program, &modules);
        let mut reads = reads::read(self.dir, &texts, "");
        let given = settings::outside(self.dir, &program.folder, &texts);
        for (_, path, at) in &given {
            reads.also(self.dir, path, "", at.clone());
        }
        let files = reads.texts(self.dir);
        let own = programs::without_tests(self.dir, &texts);
        let mut told = server::facts(&mut draft, &own, &files, self)?;
        told.extend(given.into_iter().map(|(flag, path, _)| format!("--{flag}={path}")));
        self.cgo(&mut draft, &texts);
        self.commands(&mut draft, program, &texts, told)?;
        self.layers(&mut draft, program);
        self.pages(&mut draft, &texts)?;
        reads.state(&mut draft);
        let embedded: Vec<RelPath> = programs::embedded(&texts).into_iter().map(|one| one.path).collect();
        unbuilt::tell(&mut draft, self.dir, &embedded);
        writes::GO.search(self.dir, &mut draft, &own, &files);
        if let Some(at) = wanted::dotenv(&texts) {
            dotenv(&mut draft, at);
        }
        match wanted::settings(&texts) {
            Some((at, true)) => dotenv(&mut draft, at),
            Some((at, false)) => samples::wants_file(&mut draft, ".env", None, at),
            None => {}
        }
        if let Some((file, shown, at)) = samples::absent(self.dir, &own) {
            samples::wants_file(&mut draft, &file, Some(&shown), at);
        }
        if writes::is_own_database(&own, &files) {
            companions::leave_servers(&mut draft, "go");
        }
        companions::tell(&mut draft, "go", &texts, self.dir);
        Ok(draft)
    }

    /// What the compiler embeds: a front end that is built first, or files that the image's build must see.
    fn pages(&self, draft: &mut ServiceDraft, texts: &[Rc<Text>]) -> Result<(), Diagnostic> {
        let embedded = programs::embedded(texts);
        let home = if draft.context == draft.root { draft.root.clone() } else { draft.context.clone() };
        for one in &embedded {
            let below = one.path.below(&home).unwrap_or_default();
            let hidden = |entry: &&String| below == entry.as_str() || below.starts_with(&format!("{entry}/"));
            if let Some(entry) = self.pack.ignore.iter().find(hidden) {
                draft.ignore.push(format!("!{entry}"));
            }
        }
        draft.ignore.dedup();
        front_end::take(draft, &front_end::Program { dir: self.dir, texts, embedded, ending: "go" }, self.answers)
    }

    /// What links C code needs a C library at run time.
    fn cgo(&self, draft: &mut ServiceDraft, texts: &[Rc<Text>]) {
        let needs: Vec<Dependency> = self
            .pack
            .system
            .iter()
            .flat_map(|row| &row.dependency)
            .filter(|package| programs::imports(texts, package))
            .filter_map(|package| Some(Dependency { name: package.clone(), at: self.module.provides(package)?.at.clone(), production: true }))
            .collect();
        let own = texts.iter().find_map(|text| {
            text.lines().find(|(_, line)| line.trim() == "import \"C\"").map(|(number, line)| Evidence::line(text.path().clone(), number, line))
        });
        let Some(at) = needs.first().map(|dependency| dependency.at.clone()).or(own) else {
            draft.set("cgo", false);
            return;
        };
        draft.facts.push(("cgo".to_owned(), Decision::new("on".to_owned(), Source::inferred("it links C code", [at]))));
        draft.set("cgo", true);
        draft.flavour = Some("cgo");
        draft.refused.insert("scratch".to_owned(), "it links C code, and scratch has no C library".to_owned());
        draft.system = needs;
    }

    fn commands(&self, draft: &mut ServiceDraft, program: &Program, texts: &[Rc<Text>], told: Vec<String>) -> Result<(), Diagnostic> {
        let hints = self.answers.hints(&draft.root, &draft.name);
        let package = match (self.layout.seen(&self.module.root).as_str(), program.folder.as_str()) {
            (_, "") if !self.layout.workspace => ".".to_owned(),
            (_, folder) if !self.layout.workspace => format!("./{folder}"),
            (module, folder) => format!("./{}", format!("{module}{folder}").trim_end_matches('/')),
        };
        let inside = self.layout.seen(&self.module.root);
        let elsewhere = if self.layout.workspace || inside.is_empty() { String::new() } else { format!("-C {} ", inside.trim_end_matches('/')) };
        let binary = format!("/usr/local/bin/{}", draft.name);
        let more = server::subcommand(texts);
        let mut tail: Vec<String> = more.iter().map(|(word, _)| word.clone()).chain(told).collect();
        if more.is_some() && server::flags_lead(texts) {
            tail.rotate_left(1);
        }
        let words = |head: Vec<String>| Cmd::Exec(head.into_iter().chain(tail.iter().cloned()).collect());
        let mut starts = Candidates::new();
        let places = [program.released.clone(), Some(program.at.clone()), more.as_ref().map(|(_, at)| at.clone())];
        starts.push(
            words(vec![binary.clone()]),
            Source::inferred(
                match (&more, &program.released) {
                    (Some(_), _) => "its main package, and the command that listens",
                    (None, Some(_)) => "the program that is released",
                    _ => "its main package",
                },
                places.into_iter().flatten(),
            ),
        );
        draft.start = asked::command(&hints, Question::StartCmd, starts)?;
        let mut builds = Candidates::new();
        builds.push(
            Cmd::Shell(format!("go build {elsewhere}-trimpath -ldflags=\"-s -w\" -o {binary} {}", shlex::try_quote(&package).unwrap_or_default())),
            Source::default("a small binary without symbols and paths of the build"),
        );
        draft.build = asked::command(&hints, Question::BuildCmd, builds)?;
        let air = self.module.tools.iter().find(|(tool, _)| tool == "github.com/air-verse/air").filter(|_| self.dir.has(".air.toml"));
        draft.dev = Some(if let Some((_, at)) = air {
            Decision::new(Cmd::exec(["go", "tool", "air"]), Source::File(at.clone()))
        } else {
            let run = ["go", "run"].into_iter().map(ToOwned::to_owned);
            let flags = elsewhere.split_whitespace().map(ToOwned::to_owned);
            Decision::new(words(run.chain(flags).chain([package]).collect()), Source::default("go compiles what changed"))
        });
        draft.set("binary", draft.name.clone());
        draft.set("elsewhere", elsewhere.split_whitespace().nth(1).unwrap_or_default());
        draft.set("inside", if draft.context == draft.root { String::new() } else { inside.clone() });
        draft.watch.action = if air.is_some() { "sync" } else { "sync+restart" }.to_owned();
        Ok(())
    }

    /// What is copied before the source, so that an edit doesn't fetch the modules again.
    fn layers(&self, draft: &mut ServiceDraft, program: &Program) {
        let member = draft.context != draft.root;
        let vendored = self.dir.has_dir("vendor") && !self.layout.workspace;
        let copies: Vec<serde_json::Value> = self
            .layout
            .modules
            .iter()
            .map(|module| {
                let home = self.dir.tree().dir(module.root.clone());
                let files: Vec<&str> = ["go.mod", "go.sum"].into_iter().filter(|file| home.has(file)).collect();
                serde_json::json!({ "folder": self.layout.seen(&module.root), "files": files })
            })
            .collect();
        let context = self.dir.tree().dir(draft.context.clone());
        let work: Vec<&str> = ["go.work", "go.work.sum"].into_iter().filter(|file| self.layout.workspace && context.has(file)).collect();
        let mut rebuild: Vec<String> = work.iter().map(|file| (*file).to_owned()).collect();
        for copy in &copies {
            let folder = copy["folder"].as_str().unwrap_or_default();
            rebuild.extend(copy["files"].as_array().into_iter().flatten().filter_map(|file| Some(format!("{folder}{}", file.as_str()?))));
        }
        draft.set("locked", self.layout.modules.iter().any(|module| self.dir.tree().dir(module.root.clone()).has("go.sum")));
        draft.set("modules", copies);
        draft.set("work", work);
        draft.set("vendored", vendored);
        draft.set("member", member);
        if vendored {
            draft.facts.push((
                "modules".to_owned(),
                Decision::new("vendored".to_owned(), Source::inferred("the modules are in the repository", [Evidence::file(self.dir.at("vendor"))])),
            ));
        }
        // What `go build` leaves at the root, unless a package lies there.
        if !member && program.folder.is_empty() && program.name == draft.name && !self.dir.has_dir(&program.name) {
            draft.ignore.push(program.name.clone());
        }
        draft.watch.paths = vec![".".to_owned()];
        draft.watch.rebuild = rebuild;
        draft.compose.volumes = vec!["home:/home/app".to_owned()];
    }
}

/// Where Go's version is named, the strongest first: the `toolchain` line, the `go` line, version files.
fn versions(dir: &Dir<'_>, module: &Module, row: &crate::catalog::stack::RuntimeRow) -> Result<(Candidates<Version>, Vec<Diagnostic>), Diagnostic> {
    let mut versions = Candidates::new();
    let mut notes = Vec::new();
    let line = |text: &str| text.parse::<Version>().ok().map(|version| version.truncate(2));
    let stated = [&module.toolchain, &module.go].into_iter().flatten().find_map(|(text, at)| Some((line(text)?, at)));
    let pins = tool_versions::single(dir, ".go-version")?.into_iter().chain(tool_versions::read(dir, &["golang", "go"])?);
    let pins = pins.filter_map(|(text, at)| Some((line(text.trim_start_matches("go"))?, Source::File(at))));
    match stated {
        Some((version, at)) if row.lines.first().is_some_and(|oldest| version < oldest.version) => {
            let message = format!("Go {version} has no image on a Debian that gets fixes: Go {} builds the module, in the language of {version}", row.default);
            notes.push(Diagnostic::warning("old-go", message).at(at.clone()));
            versions.extend(pins);
            versions.push(row.default.clone(), Source::inferred("newer Go builds what older Go did", [at.clone()]));
        }
        Some((version, at)) => {
            versions.push(version, Source::File(at.clone()));
            versions.extend(pins);
        }
        None => {
            versions.extend(pins);
        }
    }
    Ok((versions, notes))
}

#[cfg(test)]
mod tests {
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    #[test]
    fn a_module_below_the_root_keeps_its_place() {
        let tree = Tree::memory([
            ("go.mod", "module example.com/a\n\ngo 1.26\n\nreplace example.com/b => ./pkg/b\n"),
            ("main.go", "package main\n\nfunc main() {}\n"),
            ("pkg/b/go.mod", "module example.com/b\n\ngo 1.26\n"),
        ]);
        let found = detect(&tree, &Answers::default());
        let folders: Vec<&str> = found.services[0].extra["modules"].as_array().into_iter().flatten().filter_map(|row| row["folder"].as_str()).collect();
        assert_eq!(folders, ["", "pkg/b/"]);
    }
}
