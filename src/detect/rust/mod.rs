//! Rust: packages, workspaces, the programs that cargo builds of them and what those listen on.

mod cargo;
mod commands;
mod config;
mod layers;
mod lock;
mod pages;
mod program;
mod refused;
mod settings;
mod writes;

use cargo::{Asked, Bin, Package, Workspace};
use lock::Lock;

use super::writes::compiled::dotenv;
use super::{Detector, Found, asked, companions, front_end, listening, reads, samples, unbuilt};
use crate::catalog::stack::RuntimeRow;
use crate::catalog::{FrameworkRow, StackPack};
use crate::fs::Dir;
use crate::manifest::{Document, tool_versions};
use crate::model::question::Question;
use crate::model::{Answers, Candidates, Claim, Cmd, Decision, Dependency, Diagnostic, Evidence, Kind, Open, RelPath, ServiceDraft, Source, Strength, Version};

/// Packages of a workspace that help to develop it.
const HELPERS: &[&str] = &["xtask", "benches", "bench", "benchmarks", "examples", "example", "tests", "fuzz", "fuzzers"];

/// Crates that are, or bring along, a compiler of protocols.
const PROTOC: &[&str] = &["protobuf-src", "protoc-bin-vendored", "protox"];

/// The detector.
pub struct Rust;

impl Detector for Rust {
    fn id(&self) -> &'static str {
        "rust"
    }

    fn claims(&self, dir: &Dir<'_>) -> Option<Claim> {
        dir.has("Cargo.toml").then(|| Claim::new(Strength::Certain, Evidence::file(dir.at("Cargo.toml"))))
    }

    fn draft(&self, dir: &Dir<'_>, pack: &StackPack, answers: &Answers) -> Result<Found, Diagnostic> {
        let command = answers.get(Question::BuildCmd).map(|given| given.value.as_str()).unwrap_or_default();
        let Some(workspace) = Workspace::read(dir, &Asked::of(command))? else { return Ok(Found::default()) };
        let mut found =
            Found { services: Vec::new(), covers: workspace.packages.iter().map(|package| package.root.clone()).filter(|root| root != dir.path()).collect() };
        let common = Common { dir, pack, answers, workspace: &workspace, lock: Lock::read(dir)? };
        for package in common.applications() {
            let wanted: Vec<&Bin> = package.bins.iter().filter(|bin| common.is_wanted(bin)).collect();
            match (chosen(package).or_else(|| common.only_server(package)), wanted.as_slice()) {
                (_, [_, ..]) => {
                    for one in wanted {
                        found.services.push(common.draft(package, one, Source::inferred("the program that was asked for", [one.at.clone()]))?);
                    }
                }
                (Some((bin, source)), _) => {
                    let mut draft = common.draft(package, bin, source)?;
                    draft.notes.extend(left(package, bin));
                    found.services.push(draft);
                }
                (None, _) => found.services.push(common.undecided(package)?),
            }
        }
        common.leave_tools(&mut found.services);
        if found.services.is_empty() {
            found.services.extend(common.library()?);
        }
        Ok(found)
    }
}

/// The program of a package that its author would run; `None` where several weigh the same.
fn chosen(package: &Package) -> Option<(&Bin, Source)> {
    let named = |name: &str| package.bins.iter().find(|bin| bin.name == name);
    if let Some((name, at)) = &package.default_run
        && let Some(bin) = named(name)
    {
        return Some((bin, Source::File(at.clone())));
    }
    let built: Vec<&Bin> = package.bins.iter().filter(|bin| bin.required.iter().all(|feature| package.on.contains(feature))).collect();
    // Where cargo would build none without more features, those are asked for.
    let built = if built.is_empty() { package.bins.iter().collect() } else { built };
    if let [only] = built.as_slice() {
        return Some((only, Source::inferred("its only program", [only.at.clone()])));
    }
    let main = built.iter().find(|bin| bin.path == "src/main.rs");
    let own = main.copied().or_else(|| named(&package.name.0))?;
    Some((own, Source::inferred("the package's own program", [own.at.clone()])))
}

/// What is said of a package's programs that get no image.
fn left(package: &Package, chosen: &Bin) -> Option<Diagnostic> {
    let others: Vec<&str> = package.bins.iter().map(|bin| bin.name.as_str()).filter(|name| *name != chosen.name).collect();
    let message = format!("`{}` gets an image, the other programs of the package get none: {}", chosen.name, others.join(", "));
    (!others.is_empty()).then(|| Diagnostic::note("tools", message).at(chosen.at.clone()).help("--app names what is to be built"))
}

/// What the drafts of one workspace share.
struct Common<'a> {
    dir: &'a Dir<'a>,
    pack: &'a StackPack,
    answers: &'a Answers,
    workspace: &'a Workspace,
    lock: Option<Lock>,
}

impl Common<'_> {
    /// The one of a package's programs that opens a port by its own code, else the one that is named a server.
    fn only_server<'p>(&self, package: &'p Package) -> Option<(&'p Bin, Source)> {
        let only = |bins: Vec<&'p Bin>| if let [bin] = bins.as_slice() { Some(*bin) } else { None };
        let listens = |bin: &&Bin| program::listens(&program::own(self.dir, package, bin)).is_some();
        let named = |bin: &&Bin| listening::is_server(&bin.name);
        let by_code = only(package.bins.iter().filter(listens).collect());
        let bin = by_code.or_else(|| only(package.bins.iter().filter(named).collect()))?;
        Some((bin, Source::inferred("the only server among the package's programs", [bin.at.clone()])))
    }

    fn is_wanted(&self, bin: &Bin) -> bool {
        let given = self.answers.get(Question::App).map(|given| given.value.as_str()).unwrap_or_default();
        given.split(',').map(str::trim).any(|app| app == bin.name)
    }

    /// The packages with programs: the root's own, else all members but those that help to develop.
    fn applications(&self) -> Vec<&Package> {
        let runs = |package: &&Package| !package.bins.is_empty();
        let own: Vec<&Package> = self.workspace.packages.iter().filter(runs).filter(|package| package.root == *self.dir.path()).collect();
        if !own.is_empty() {
            return own;
        }
        let inside = |package: &&Package| !self.workspace.beside.contains(&package.root);
        let built = |package: &&Package| self.workspace.defaults.is_empty() || self.workspace.defaults.contains(&package.root);
        let all = self.workspace.packages.iter().filter(runs).filter(inside);
        // Where everything lies in such a folder, its name says nothing.
        let helpers_alone = self.workspace.packages.iter().all(|package| is_helper_path(&package.root));
        all.filter(|package| helpers_alone || !is_helper_path(&package.root))
            .filter(|package| built(package) || package.bins.iter().any(|bin| self.is_wanted(bin)))
            .collect()
    }

    /// Programs for the command line beside servers are there to help; whoever wants one in an image names it.
    fn leave_tools(&self, services: &mut Vec<ServiceDraft>) {
        let serves = |draft: &ServiceDraft| draft.start.is_some() && draft.kind == Kind::Server;
        if self.answers.get(Question::App).is_some() || !services.iter().any(serves) {
            return;
        }
        let (kept, left): (Vec<_>, Vec<_>) = services.drain(..).partition(|draft| draft.kind != Kind::Tool);
        *services = kept;
        let names: Vec<&str> = left.iter().map(|draft| draft.name.as_str()).collect();
        if let (false, Some(first)) = (names.is_empty(), services.first_mut()) {
            let message = format!("programs for the command line get no image of their own: {}", names.join(", "));
            first.notes.push(Diagnostic::note("tools", message).help("--app names what is to be built"));
        }
    }

    fn start(&self, package: &Package, name: &str) -> Result<ServiceDraft, Diagnostic> {
        let mut draft = ServiceDraft::new("rust", package.root.clone(), name);
        draft.context = self.workspace.root.clone();
        let hints = self.answers.hints(&draft.root, &draft.name);
        if let Some(row) = &self.pack.runtime {
            let versions = self.versions(&mut draft, package, row)?;
            draft.runtime = Some(asked::runtime(&hints, row, versions)?);
        }
        let place = if self.lock.is_some() { "Cargo.lock" } else { "Cargo.toml" };
        draft.package_manager = Some(Decision::new("cargo".to_owned(), Source::File(Evidence::file(self.dir.at(place)))));
        draft.dependencies = self.workspace.closure(package).iter().flat_map(|part| part.dependencies.iter().cloned()).collect();
        Ok(draft)
    }

    fn undecided(&self, package: &Package) -> Result<ServiceDraft, Diagnostic> {
        let mut draft = self.start(package, &package.name.0)?;
        let candidates = package.bins.iter().map(|bin| (bin.name.clone(), Source::File(bin.at.clone()))).collect();
        draft.open.push(Open { question: Question::App, message: format!("the package has {} programs and no default-run", package.bins.len()), candidates });
        Ok(draft)
    }

    /// Nothing to run.
    fn library(&self) -> Result<Option<ServiceDraft>, Diagnostic> {
        let package = self.workspace.packages.iter().find(|package| package.root == *self.dir.path()).or_else(|| self.workspace.packages.first());
        let Some(package) = package else { return Ok(None) };
        let mut draft = self.start(package, &package.name.0)?;
        draft.root = self.dir.path().clone();
        let message = "there is no program: it is a library".to_owned();
        draft.open.push(Open { question: Question::StartCmd, message, candidates: Vec::new() });
        Ok(Some(draft))
    }

    fn draft(&self, package: &Package, bin: &Bin, why: Source) -> Result<ServiceDraft, Diagnostic> {
        let name = if self.is_wanted(bin) { &bin.name } else { &package.name.0 };
        let mut draft = self.start(package, name)?;
        let hints = self.answers.hints(&draft.root, &draft.name);
        let closure = self.workspace.closure(package);
        if let Some(problem) = refused::elsewhere(&draft, self.dir, package) {
            draft.notes.push(problem);
            return Ok(draft);
        }
        if hints.get(Question::BuildCmd).is_none() {
            draft.notes.extend(refused::wants_a_feature(self.dir, package));
        }
        let texts = program::sources(self.dir, package, bin, &closure);
        let framework = self.framework(package, bin, &draft);
        if let Some(row) = framework {
            let at = draft.dependencies.iter().find(|dependency| row.dependency.contains(&dependency.name)).map(|dependency| dependency.at.clone());
            draft.framework = Some(Decision::new(row.id.clone(), at.map_or_else(|| Source::default("a dependency"), Source::File)));
        }
        self.system(&mut draft);
        if let Err(problem) = config::settings(&self.dir.tree().dir(draft.context.clone()), &mut draft) {
            draft.notes.push(problem);
            return Ok(draft);
        }
        let texts = if framework.is_none() && self.others_serve(package) { program::sources(self.dir, package, bin, &[package]) } else { texts };
        let home = self.dir.tree().dir(package.root.clone());
        let seen = layers::seen(&draft.root, &draft.context);
        let mut reads = reads::read(&home, &texts, &seen);
        if !seen.is_empty() {
            // `cargo run` of a member runs where it is called: mostly at the root.
            reads.join(reads::read(&self.dir.tree().dir(draft.context.clone()), &texts, ""));
        }
        for (name, path) in self.pack.data.get("reads").and_then(toml::Value::as_table).into_iter().flatten() {
            let uses = draft.dependencies.iter().find(|dependency| dependency.production && dependency.name == *name);
            if let (Some(uses), Some(path)) = (uses, path.as_str()) {
                reads.also(&home, path, &seen, uses.at.clone());
            }
        }
        let files = reads.texts(&home);
        let told = program::facts(&mut draft, &texts, &files, &[samples::samples(&home), samples::samples(self.dir)].concat(), framework, &hints)?;
        let listener = if draft.kind == Kind::Server { commands::listener(&texts) } else { None };
        let (why, told) = match listener {
            Some((words, at)) => {
                let why = Source::inferred("its program, and the command that listens", why.evidence().cloned().into_iter().chain([at]));
                (why, words.into_iter().chain(told).collect())
            }
            None => (why, told),
        };
        self.commands(&mut draft, package, bin, why, &told)?;
        layers::layers(self.dir, &mut draft, self.workspace, package, bin, self.lock.is_some());
        let context = draft.context.clone();
        let outside = closure.iter().map(|part| &part.root).filter(|root| root.below(&context).is_none());
        draft.beside = outside.map(|root| (root.clone(), front_end::seen(root, &context, "/"))).collect();
        let embedded = pages::embedded(&draft, &texts, &closure);
        let taken: Vec<RelPath> = embedded.iter().map(|one| one.path.clone()).collect();
        front_end::take(&mut draft, &front_end::Program { dir: self.dir, texts: &texts, embedded, ending: "rs" }, self.answers)?;
        pages::build_script(&mut draft, self.dir, &closure, hints.get(Question::BuildCmd).is_some());
        draft.notes.extend(pages::queries(&draft, self.dir, &texts).filter(|_| hints.get(Question::BuildCmd).is_none()));
        reads.state(&mut draft);
        unbuilt::tell(&mut draft, &home, &taken);
        writes::search(&home, &mut draft, &texts, &files);
        if let Some(hit) = program::search_group(&texts, r"\b(dotenv\(\)\s*(?:\.(?:expect|unwrap)\(|\?))") {
            dotenv(&mut draft, hit.at);
        }
        if let Some((file, shown, at)) = samples::absent(&home, &texts).or_else(|| samples::absent(self.dir, &texts)) {
            samples::wants_file(&mut draft, &file, Some(&shown), at);
        }
        companions::tell(&mut draft, "rust", &texts, &home);
        Ok(draft)
    }

    /// The framework of a program: one that its package names; one that its neighbours bring along only where no other package serves by its own word.
    fn framework(&self, package: &Package, bin: &Bin, draft: &ServiceDraft) -> Option<&FrameworkRow> {
        let by = |dependencies: &[Dependency]| {
            self.pack.frameworks(|name| dependencies.iter().any(|dependency| dependency.production && dependency.name == name)).next()
        };
        // Of the programs of one package each brings what all depend on.
        let beside = || package.bins.iter().any(|other| other.name != bin.name && self.serves(package, Some(other)));
        let others = self.others_serve(package) || beside();
        let own = by(&package.dependencies).filter(|_| !others || self.serves(package, Some(bin)));
        own.or_else(|| by(&draft.dependencies).filter(|_| !others))
    }

    /// Whether a package itself opens a port.
    fn serves(&self, package: &Package, bin: Option<&Bin>) -> bool {
        let Some(bin) = bin.or_else(|| chosen(package).map(|(bin, _)| bin)) else { return false };
        program::listens(&program::sources(self.dir, package, bin, &[package])).is_some()
    }

    /// Whether another program of the workspace is a server by its own code.
    fn others_serve(&self, package: &Package) -> bool {
        self.applications().into_iter().any(|other| other.root != package.root && self.serves(other, None))
    }

    /// Crates that need packages of the system, by what is locked and by the features that are on.
    fn system(&self, draft: &mut ServiceDraft) {
        let table = |key: &str, name: &str| self.pack.data.get(key)?.get(name).cloned();
        let has = |name: &str| draft.dependencies.iter().any(|dependency| dependency.production && dependency.name == name);
        // Some crates lead to a library only with a feature of theirs.
        let leads = |from: &str, to: &str| {
            let feature = table("gates", from).and_then(|gates| gates.get(to)?.as_str().map(ToOwned::to_owned));
            feature.is_none_or(|feature| has(&format!("{from}/{feature}")))
        };
        let names = || draft.dependencies.iter().filter(|dependency| dependency.production).map(|dependency| dependency.name.clone());
        let closure = match &self.lock {
            Some(lock) => lock.closure(names(), leads),
            // Nothing says what the dependencies need but what is known of them.
            None => names().flat_map(|name| table("leads", &name).and_then(|to| to.as_str().map(ToOwned::to_owned)).into_iter().chain([name])).collect(),
        };
        // A crate that brings the library along needs what builds it, and that has a row of its own.
        let brought = |name: &str| match &self.lock {
            Some(lock) => table("brought", name).and_then(|by| by.as_str().map(|by| lock.needs(name, by))).unwrap_or_default(),
            None => table("bundled", name).and_then(|by| by.as_str().map(has)).unwrap_or_default(),
        };
        let at = Evidence::file(self.dir.at(if self.lock.is_some() { "Cargo.lock" } else { "Cargo.toml" }));
        for row in &self.pack.system {
            let without = row.dependency.iter().filter(|name| closure.contains(name.as_str()) && !brought(name));
            draft.system.extend(without.map(|name| Dependency { name: name.clone(), at: at.clone(), production: true }));
        }
        // Where the compiler of protocols is a crate too, nobody needs the system's.
        if PROTOC.iter().any(|name| closure.contains(*name)) {
            draft.system.retain(|need| !matches!(need.name.as_str(), "prost-build" | "tonic-build" | "tonic-prost-build"));
        }
    }

    fn commands(&self, draft: &mut ServiceDraft, package: &Package, bin: &Bin, why: Source, told: &[String]) -> Result<(), Diagnostic> {
        let hints = self.answers.hints(&draft.root, &draft.name);
        let mut words = vec!["--locked".to_owned()];
        words.retain(|_| self.lock.is_some());
        if package.root != self.workspace.root {
            words.extend(["--package".to_owned(), package.name.0.clone()]);
        }
        let is_default = package.default_run.as_ref().is_some_and(|(name, _)| *name == bin.name);
        if package.bins.len() > 1 {
            words.extend(["--bin".to_owned(), bin.name.clone()]);
        }
        let more: Vec<&str> = bin.required.iter().filter(|feature| !package.on.contains(*feature)).map(String::as_str).collect();
        if !more.is_empty() {
            words.splice(
                usize::from(self.lock.is_some())..,
                ["--features".to_owned(), more.join(",")].into_iter().chain(words[usize::from(self.lock.is_some())..].to_vec()).collect::<Vec<_>>(),
            );
        }
        let mut starts = Candidates::new();
        starts.push(Cmd::Exec(std::iter::once(format!("/usr/local/bin/{}", bin.name)).chain(told.iter().cloned()).collect()), why);
        draft.start = asked::command(&hints, Question::StartCmd, starts)?;
        let mut builds = Candidates::new();
        builds.push(Cmd::Shell(format!("cargo build --release {}", words.join(" ")).trim_end().to_owned()), Source::default("as cargo builds for release"));
        draft.build = asked::command(&hints, Question::BuildCmd, builds)?;
        if is_default {
            words.truncate(words.len().saturating_sub(2));
        }
        let tail = told.first().map(|_| "--".to_owned()).into_iter().chain(told.iter().cloned());
        let run = ["cargo", "run"].into_iter().map(ToOwned::to_owned).chain(words).chain(tail);
        draft.dev = Some(Decision::new(Cmd::Exec(run.collect()), Source::default("cargo compiles what changed")));
        draft.set("binary", bin.name.clone());
        Ok(())
    }

    /// Where Rust's version is named, the strongest first: the toolchain file, version files; `rust-version` is only the least.
    fn versions(&self, draft: &mut ServiceDraft, package: &Package, row: &RuntimeRow) -> Result<Candidates<Version>, Diagnostic> {
        let mut versions = Candidates::new();
        if let Some((file, channel, at, more)) = toolchain(self.dir)? {
            if let Ok(version) = channel.parse::<Version>() {
                versions.push(version, Source::File(at));
                if !more {
                    // The image is that toolchain; rustup would fetch it once more.
                    draft.ignore.push(file.to_owned());
                }
            } else if channel == "stable" {
                versions.push(row.default.clone(), Source::inferred("the stable channel", [at]));
                draft.ignore.extend((!more).then(|| file.to_owned()));
            } else {
                draft.notes.push(
                    Diagnostic::note("rustup-channel", format!("rustup fetches the channel `{}` during the build", crate::model::evidence::tame(&channel)))
                        .at(at.clone()),
                );
                versions.push(row.default.clone(), Source::inferred("its rustup fetches what the toolchain file names", [at]));
                draft.set("toolchain", file);
            }
            if more {
                draft.set("toolchain", file);
            }
        }
        for (text, at) in tool_versions::read(self.dir, &["rust"])? {
            versions.extend(text.parse().ok().map(|version: Version| (version, Source::File(at))));
        }
        if let Some((text, at)) = &package.rust_version
            && let Ok(least) = text.parse::<Version>()
        {
            let newest = if least > row.default { least.truncate(2) } else { row.default.clone() };
            versions.push(newest, Source::inferred(format!("{text} is the least that it builds with"), [at.clone()]));
        }
        Ok(versions)
    }
}

fn is_helper_path(root: &RelPath) -> bool {
    root.as_str().split('/').any(|part| HELPERS.contains(&part))
}

/// What the toolchain file says: the file, the channel, its place, and whether it asks for targets beside the machine's own.
fn toolchain(dir: &Dir<'_>) -> Result<Option<(&'static str, String, Evidence, bool)>, Diagnostic> {
    if let Some(doc) = Document::read(dir, "rust-toolchain.toml")? {
        // The machine's own target is there.
        let own = |target: &str| ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"].contains(&target);
        let more = doc.get(&["toolchain", "targets"]).is_some_and(|targets| !targets.items().all(|target| target.str().is_some_and(own)));
        return Ok(doc.string(&["toolchain", "channel"]).map(|(channel, at)| ("rust-toolchain.toml", channel.to_owned(), at, more)));
    }
    Ok(tool_versions::single(dir, "rust-toolchain")?.filter(|(text, _)| !text.starts_with('[')).map(|(channel, at)| ("rust-toolchain", channel, at, false)))
}
