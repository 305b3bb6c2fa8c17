//! What a folder of C or C++ is besides its build files: a module of the kernel, a Makefile that calls another, sources alone.

use std::rc::Rc;

use super::systems::{self, Facts, Program};
use crate::detect::source;
use crate::fs::{Dir, Text};
use crate::manifest::pattern;
use crate::model::{Diagnostic, Evidence};

/// Where a Makefile makes a module of the kernel.
pub fn kernel(dir: &Dir<'_>) -> Option<Evidence> {
    let texts: Vec<Rc<Text>> = ["Kbuild", "Makefile"].into_iter().filter_map(|file| dir.peek(file)).collect();
    source::find(&texts, &pattern::pattern(r"(?m)^\s*(obj-m)\s*[:+]?=").ok()?, "#").map(|hit| hit.at)
}

/// A script named `configure` that Autoconf didn't make.
pub fn own_script(dir: &Dir<'_>) -> bool {
    dir.has("configure") && !["configure.ac", "configure.in", "Makefile.am"].iter().any(|file| dir.has(file))
}

/// The folder whose Makefile the one at the top calls.
pub fn delegate(dir: &Dir<'_>) -> Option<String> {
    let text = dir.peek(dir.first_of(["GNUmakefile", "makefile", "Makefile"])?)?;
    let pattern = pattern::pattern(r"(?m)^\t@?(?:cd\s+([\w./-]+)\s*(?:&&|;)\s*(?:make|\$[({]MAKE[)}])|(?:make|\$[({]MAKE[)}])\s+-C\s+([\w./-]+))").ok()?;
    let hits = pattern.captures_iter(text.as_str());
    let mut folders = hits.filter_map(|groups| Some(groups.get(1).or_else(|| groups.get(2))?.as_str().trim_end_matches('/').to_owned()));
    folders.find(|folder| dir.dir(folder).has("Makefile"))
}

/// A Makefile that only calls the one in src, or in another folder.
pub fn below(dir: &Dir<'_>) -> Option<Facts> {
    let own = ["src", "source"].into_iter().find(|folder| dir.dir(folder).has("Makefile")).map(ToOwned::to_owned);
    let home = own.or_else(|| delegate(dir))?;
    let mut facts = systems::make(&*dir.dir(&home).peek("Makefile")?);
    for program in &mut facts.programs {
        let real = dir.at(&home).join(&program.output).and_then(|real| real.below(dir.path()).map(ToOwned::to_owned));
        program.output = real.unwrap_or_else(|| format!("{home}/{}", program.output));
    }
    // What it installs is what the upper one passes on, which nothing proves.
    facts.installs = false;
    (!facts.programs.is_empty()).then_some(facts)
}

/// Package managers that fetch and compile libraries by their own recipes: what they would bring is looked for among the system's packages.
pub fn managers(dir: &Dir<'_>) -> Option<Diagnostic> {
    let (title, file) = [("Conan", "conanfile.txt"), ("Conan", "conanfile.py"), ("vcpkg", "vcpkg.json")].into_iter().find(|(_, file)| dir.has(file))?;
    let message = format!("{title} is not called: the libraries come from the system's packages, where their names are known");
    Some(
        Diagnostic::warning("package-manager", message)
            .at(Evidence::file(dir.at(file)))
            .help("name what is missing under [customize] in dockgen.toml, or pass --build-cmd"),
    )
}

/// Whether a file is compiled.
pub fn is_source(file: &str) -> bool {
    file.rsplit_once('.').is_some_and(|(_, ending)| matches!(ending, "c" | "cpp" | "cc" | "cxx"))
}

/// Whether it is in C++.
pub fn is_cpp(file: &str) -> bool {
    file.rsplit_once('.').is_some_and(|(_, ending)| matches!(ending, "cpp" | "cc" | "cxx"))
}

/// Sources without a build file: each file with a `main` is a program, made of it and all files without one.
pub fn alone(dir: &Dir<'_>, texts: &[Rc<Text>]) -> Facts {
    let mut facts = Facts::default();
    // A script makes the build file, and nothing says which.
    if own_script(dir) || dir.has("auto/configure") {
        return facts;
    }
    for text in texts.iter().filter(|text| is_source(text.path().name())) {
        facts.cpp |= is_cpp(text.path().name());
        let main = text.lines().find(|(_, line)| line.contains(" main(") && !line.trim_start().starts_with("//") && !line.trim_end().ends_with(';'));
        let Some((number, line)) = main else { continue };
        let output = text.path().below(dir.path()).unwrap_or_default().to_owned();
        let name = text.path().name().rsplit_once('.').map_or("app", |(stem, _)| stem).to_owned();
        facts.programs.push(Program { name, output, at: Evidence::line(text.path().clone(), number, line.trim()) });
    }
    facts
}
