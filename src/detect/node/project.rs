//! One package with its surroundings, as the parts of the detector see it.

use super::managers::Manager;
use super::nx::App;
use super::runtime::Runtime;
use super::script::{self, BIN};
use super::{elsewhere, nx, programs, start};
use crate::catalog::StackPack;
use crate::fs::Dir;
use crate::manifest::Package;
use crate::model::answers::Hints;
use crate::model::{Cmd, RelPath};

/// A package that may be an application.
pub struct Project<'a> {
    /// Its folder.
    pub dir: Dir<'a>,
    /// Its manifest; a program may live without one.
    pub package: Option<Package>,
    /// The manifest at the root of its workspace, where it is a member of one.
    pub root: Option<&'a Package>,
    /// Its package manager.
    pub manager: &'a Manager,
    /// What runs it.
    pub runtime: Runtime,
    /// The catalogue.
    pub pack: &'a StackPack,
    /// What people answered.
    pub hints: Hints<'a>,
    /// Folders below it that are not its own.
    pub others: Vec<RelPath>,
    /// The members of its workspace that it uses.
    pub libraries: Vec<Package>,
    /// The framework's row.
    pub framework: Option<String>,
    /// The application, where Nx builds several from one manifest.
    pub nx: Option<App>,
}

impl Project<'_> {
    /// The command that runs one of its scripts.
    pub fn run(&self, script: &str) -> String {
        match (&self.root, self.package.as_ref().and_then(Package::name)) {
            (Some(_), Some(name)) => self.manager.run_members(script, &[name]),
            _ => self.manager.run(script),
        }
    }

    /// Whether a member of a workspace is a program, and not a library of the others.
    pub fn is_application(&self) -> bool {
        let Some(package) = &self.package else { return false };
        let starts = ["start", "start:prod", "serve", "preview"].iter().any(|name| package.script(name).is_some());
        let framework = super::framework_of(package, self.root, &self.dir, self.pack);
        // A page that is shown in a window of its own is a part of that program.
        let window = framework.as_ref().is_none_or(|framework| framework.value == "vite");
        let runs = || start::SCRIPTS.iter().any(|name| script::named(package, name).is_some_and(|script| script.file().is_some()));
        if window && elsewhere::of(self, framework.is_some()).is_some() && !runs() {
            return false;
        }
        let serves = framework.is_some() || self.runtime == Runtime::Bun;
        // What people install to call it by its name is no service beside others.
        let called = programs::bin(package).is_some_and(|(file, _)| {
            let own = script::named(package, "start").is_some_and(|script| script.file().is_some_and(|run| run.trim_start_matches("./") == file));
            own && framework.is_none()
        });
        // moon's tasks stand in a file of their own.
        let tasks = ["dev", "build"].iter().any(|name| package.script(name).is_some()) || self.dir.has("moon.yml") || nx::has_tasks(&self.dir);
        let library = ["exports", "main"].iter().any(|key| package.doc.get(&[key]).is_some());
        starts && !called
            || serves && tasks && !programs::is_library(package) && package.doc.get(&["exports"]).is_none()
            || !library && nx::builds_member(package).is_some()
    }

    /// Whether the root of a workspace is a program too: most roots only call their members, by scripts of the same names. What a root
    /// builds beside applications, such as their documentation, is one where it is `alone`.
    pub fn is_application_beside_members(&self, alone: bool) -> bool {
        let Some(package) = &self.package else { return false };
        if super::frameworks::is_called(self, package, alone) {
            return true;
        }
        let own = |file: &str| {
            let source = self.source_of(file);
            let path = self.dir.path().join(&source);
            self.dir.has(&source) && !path.is_some_and(|path| self.others.iter().any(|other| path.below(other).is_some()))
        };
        start::SCRIPTS.iter().filter_map(|name| script::named(package, name)).any(|script| match &script.command {
            Cmd::Exec(words) => script.file().or_else(|| start::compiled_on_the_fly(words)).is_some_and(own),
            Cmd::Shell(_) => false,
        })
    }

    /// Its folder seen from the root of its workspace, where it is a member of one.
    pub fn folder_in_workspace(&self) -> Option<String> {
        let root = self.root?.doc.path().parent()?;
        self.dir.path().below(&root).map(ToOwned::to_owned)
    }

    /// Whether it has a script.
    pub fn has_script(&self, name: &str) -> bool {
        self.package.as_ref().is_some_and(|package| package.script(name).is_some())
    }

    /// Whether its build script makes a file of another language's, or of several.
    pub fn bundles(&self) -> bool {
        const BUNDLERS: &[&str] = &["tsup", "tsdown", "esbuild", "ncc", "unbuild", "rollup", "webpack", "swc", "babel", "rolldown", "bunchee", "microbundle"];
        let build = self.package.as_ref().and_then(|package| package.script("build"));
        build.is_some_and(|(text, _)| text.split([' ', '/']).any(|word| BUNDLERS.contains(&word)))
    }

    /// Whether it asks for a dependency itself.
    pub fn has_dependency(&self, name: &str) -> bool {
        self.package.iter().chain(self.root).any(|package| package.dependency(name).is_some())
    }

    /// Whether production has the program of a dependency.
    pub fn ships(&self, name: &str) -> bool {
        self.package.as_ref().and_then(|package| package.dependency(name)).is_some_and(|dependency| dependency.production)
    }

    /// Scripts that start the program in production, by the framework's habit.
    pub fn framework_scripts(&self) -> Vec<String> {
        let row = self.framework.as_deref().and_then(|id| self.pack.framework(id));
        let names = row.and_then(|row| row.data.get("start")).and_then(|names| names.as_array());
        names.into_iter().flatten().filter_map(|name| name.as_str().map(ToOwned::to_owned)).collect()
    }

    /// A command whose program lies where the workspace's package manager puts it.
    pub fn located(&self, mut words: Vec<String>) -> Vec<String> {
        let Some(tool) = words.first().and_then(|word| word.strip_prefix(BIN)) else { return words };
        let own = self.package.as_ref().is_some_and(|package| package.dependency(script::program_package(tool)).is_some());
        if self.root.is_some() && !(own && self.manager.name.value == "pnpm") {
            words[0] = format!("{}{}", "../".repeat(self.dir.path().depth()), words[0]);
        }
        words
    }

    /// The source of a file, where it is the compiled form of one.
    pub fn source_of(&self, file: &str) -> String {
        let file = file.trim_start_matches("./");
        if self.dir.has(file) {
            return file.to_owned();
        }
        if let Some(app) = self.nx.as_ref().filter(|app| app.program(&self.dir).is_some_and(|(made, _)| made == file)) {
            return app.source(&self.dir);
        }
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let tail = stem.split_once('/').map_or(stem, |(_, tail)| tail);
        let mut forms =
            [stem, tail].into_iter().flat_map(|stem| [format!("src/{stem}.ts"), format!("{stem}.ts"), format!("src/{stem}.js"), format!("{stem}.js")]);
        if let Some(form) = forms.find(|form| self.dir.has(form)) {
            return form;
        }
        // A compiler that writes `server/` from `api/`: the only folder with such a file.
        let mut elsewhere = self.dir.folders().filter(|folder| *folder != "node_modules" && tail != stem).flat_map(|folder| {
            let forms = [format!("{folder}/{tail}.ts"), format!("{folder}/{tail}.mts")];
            forms.into_iter().filter(|form| self.dir.has(form))
        });
        match (elsewhere.next(), elsewhere.next()) {
            (Some(only), None) => only,
            _ => file.to_owned(),
        }
    }
}
