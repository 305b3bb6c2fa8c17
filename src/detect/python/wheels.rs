//! Which line of Python the dependencies have wheels for, and which of them must be built.

use std::str::FromStr as _;

use pep440_rs::{Operator, Version as Release, VersionSpecifiers};

use super::lock::Locked;
use super::project::Project;
use crate::catalog::StackPack;
use crate::catalog::stack::RuntimeRow;
use crate::model::{Dependency, Evidence, Version};

/// The row of the catalogue for what a compiler alone builds.
const COMPILED: &str = "native code";

/// What production installs, as far as it is known before a build.
pub struct Closure<'p> {
    /// What the lock holds; `None` where there is no lock that says it.
    locked: Option<Vec<Locked>>,
    /// The requirements of production, for want of a lock.
    asked: Vec<(String, String, Evidence)>,
    /// `[data.first]`: the first version of a package that a line of Python can use.
    first: Option<&'p toml::Table>,
}

/// How a package gets into an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// A wheel serves the platform.
    Wheel,
    /// It is built from source, and its wheels for others show that it has native code.
    Native,
    /// It is built from source; whether it has native code, nobody says.
    Source,
    /// Nothing is known.
    Unknown,
}

impl<'p> Closure<'p> {
    /// Gathers what production installs.
    pub fn new(project: &Project, locked: Option<Vec<Locked>>, pack: &'p StackPack) -> Self {
        let first = pack.data.get("first").and_then(toml::Value::as_table);
        let mut asked = Vec::new();
        for requirement in project.requirements.iter().filter(|requirement| requirement.production) {
            // An extra may stand for a package of the same version: `psycopg[binary]`.
            let extras = requirement.extras.iter().map(|extra| format!("{}-{extra}", requirement.name));
            let packages = extras.filter(|name| first.is_some_and(|table| table.contains_key(name)));
            asked.extend(std::iter::once(requirement.name.clone()).chain(packages).map(|name| (name, requirement.versions.clone(), requirement.at.clone())));
        }
        Self { locked, asked, first }
    }

    /// The packages of the lock.
    pub fn locked(&self) -> &[Locked] {
        self.locked.as_deref().unwrap_or_default()
    }

    /// How a package is delivered to a line of Python.
    pub fn delivery(&self, name: &str, line: &Version) -> Delivery {
        let Some(package) = self.locked().iter().find(|package| package.name == name) else {
            let Some((_, versions, _)) = self.asked.iter().find(|(asked, _, _)| asked == name) else { return Delivery::Unknown };
            return self.by_table(name, versions, line);
        };
        match &package.wheels {
            Some(wheels) if wheels.iter().any(|wheel| serves(wheel, line)) => Delivery::Wheel,
            Some(wheels) if wheels.iter().any(|wheel| on_linux(wheel)) => Delivery::Native,
            Some(_) => Delivery::Source,
            None => self.by_table(name, &format!("=={}", package.version), line),
        }
    }

    /// The same for want of a list of files.
    fn by_table(&self, name: &str, versions: &str, line: &Version) -> Delivery {
        match self.first_of(name, line) {
            Some(first) if usable(versions, &first) => Delivery::Wheel,
            Some(_) => Delivery::Native,
            // The table knows the package, and nothing that this line lacks.
            None if self.first.is_some_and(|table| table.contains_key(name)) => Delivery::Wheel,
            None => Delivery::Unknown,
        }
    }

    /// What can't be used with a line of Python, the first such place.
    pub fn stands_against(&self, line: &Version) -> Option<Evidence> {
        if let Some(locked) = &self.locked {
            let against = |package: &&Locked| {
                let native =
                    package.wheels.as_ref().is_some_and(|wheels| !wheels.iter().any(|wheel| serves(wheel, line)) && wheels.iter().any(|wheel| on_linux(wheel)));
                native
                    || self.first_of(&package.name, line).is_some_and(|first| !has_wheel(package, line) && !usable(&format!("=={}", package.version), &first))
            };
            return locked.iter().find(against).map(|package| package.at.clone());
        }
        let against = |name: &str, versions: &str| self.first_of(name, line).is_some_and(|first| !usable(versions, &first));
        self.asked.iter().find(|(name, versions, _)| against(name, versions)).map(|(_, _, at)| at.clone())
    }

    /// The best of the allowed lines that nothing stands against, and what stands against the catalogue's choice.
    pub fn best(&self, row: &RuntimeRow, allows: &dyn Fn(&Version) -> bool) -> Option<(Version, Option<Evidence>)> {
        let plain = row.best(allows)?;
        let Some(at) = self.stands_against(&plain) else { return Some((plain, None)) };
        match row.best(|line| *line < plain && allows(line) && self.stands_against(line).is_none()) {
            Some(version) => Some((version, Some(at))),
            None => Some((plain, None)),
        }
    }

    /// The dependencies that need packages of the system: those that load a library when they run, and those that no wheel serves.
    pub fn system(&self, project: &Project, pack: &StackPack, line: Option<&Version>) -> Vec<Dependency> {
        let mut found: Vec<Dependency> = Vec::new();
        let mut push = |name: String, at: &Evidence| {
            if !found.iter().any(|known| known.name == name) {
                found.push(Dependency { name, at: at.clone(), production: true });
            }
        };
        let binary = |name: &str| {
            project.requirements.iter().any(|requirement| requirement.name == name && requirement.extras.iter().any(|extra| extra == "binary"))
                || self.locked().iter().any(|package| package.name == format!("{name}-binary"))
        };
        let asked = self.asked.iter().map(|(name, _, at)| (name, at));
        let locked = self.locked().iter().map(|package| (&package.name, &package.at));
        for (name, at) in asked.chain(locked) {
            let delivery = line.map_or(Delivery::Unknown, |line| self.delivery(name, line));
            let row = pack.system(name).filter(|_| !binary(name));
            match row {
                // What is built to be linked is in the wheel, where there is one.
                Some(row) if row.build.is_empty() || delivery != Delivery::Wheel => push(name.clone(), at),
                None if delivery == Delivery::Native => push(COMPILED.to_owned(), at),
                _ => {}
            }
        }
        for requirement in project.requirements.iter().filter(|requirement| requirement.production) {
            for extra in &requirement.extras {
                let name = format!("{}[{extra}]", requirement.name);
                if pack.system(&name).is_some() {
                    push(name, &requirement.at);
                }
            }
        }
        if let Some(at) = &project.remote {
            push("git+".to_owned(), at);
        }
        found
    }

    /// The first version of a package that a line of Python can use.
    fn first_of(&self, name: &str, line: &Version) -> Option<Release> {
        let row = self.first?.get(name)?.as_table()?;
        // A line that has no entry asks for what the newest line before it asks for.
        let entries = row.iter().filter_map(|(key, first)| Some((key.parse::<Version>().ok()?, first.as_str()?)));
        let (_, first) = entries.filter(|(key, _)| key <= line).max_by(|a, b| a.0.cmp(&b.0))?;
        Release::from_str(first).ok()
    }
}

/// Whether any wheel of a locked package serves a line, and the package's own code is not in the way: a wheel for any Python says nothing of that.
fn has_wheel(package: &Locked, line: &Version) -> bool {
    package.wheels.as_ref().is_some_and(|wheels| wheels.iter().any(|wheel| serves(wheel, line) && on_linux(wheel)))
}

/// Whether a requirement lets a version in that is at least `first`.
fn usable(versions: &str, first: &Release) -> bool {
    let Ok(range) = VersionSpecifiers::from_str(versions.trim()) else { return true };
    let bounds = range.iter().filter(|specifier| !matches!(specifier.operator(), Operator::NotEqual | Operator::LessThan | Operator::LessThanEqual));
    // The first usable one, what the bounds name, and one that only an upper bound keeps out.
    let far = Release::new([9999]);
    let mut probes = vec![first.clone(), far];
    probes.extend(bounds.map(|specifier| specifier.version().clone()).filter(|bound| bound >= first));
    // `<=2.9` names a version that it lets in.
    probes.extend(
        range
            .iter()
            .filter(|specifier| *specifier.operator() == Operator::LessThanEqual)
            .map(|specifier| specifier.version().clone())
            .filter(|bound| bound >= first),
    );
    probes.iter().any(|probe| range.contains(probe))
}

/// The tags of a wheel: the interpreters, their interfaces, the platforms.
fn tags(wheel: &str) -> Option<(&str, &str, &str)> {
    let mut parts = wheel.strip_suffix(".whl")?.rsplit('-');
    let (platform, abi, python) = (parts.next()?, parts.next()?, parts.next()?);
    Some((python, abi, platform))
}

/// Whether a wheel holds code of Linux on Intel with Debian's C library.
fn on_linux(wheel: &str) -> bool {
    tags(wheel).is_some_and(|(_, _, platform)| platform.contains("linux") && !platform.contains("musllinux") && platform.contains("x86_64"))
}

/// Whether a wheel can be installed for a line of Python, by PEP 425.
fn serves(wheel: &str, line: &Version) -> bool {
    let Some((python, abi, platform)) = tags(wheel) else { return false };
    if platform != "any" && !on_linux(wheel) {
        return false;
    }
    let minor_of = |tag: &str| tag.strip_prefix("cp3").and_then(|minor| minor.parse::<u32>().ok());
    let fits = |tag: &str| match tag {
        "py3" => true,
        tag if tag.strip_prefix("py3").is_some_and(|minor| minor.parse::<u32>().is_ok_and(|minor| minor <= line.minor())) => true,
        tag => minor_of(tag).is_some_and(|minor| minor == line.minor() || abi == "abi3" && minor <= line.minor()),
    };
    python.split('.').any(fits) && (abi == "none" || abi == "abi3" || abi.split('.').any(|abi| minor_of(abi.trim_end_matches('m')) == Some(line.minor())))
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use super::{Closure, Delivery, Release, serves, usable};
    use crate::catalog::StackPack;
    use crate::detect::python::lock;
    use crate::detect::python::project::Project;
    use crate::fs::Tree;
    use crate::model::Version;

    fn line(text: &str) -> Version {
        text.parse().expect("a version")
    }

    #[test]
    fn wheels_by_their_tags() {
        for (wheel, yes, no) in [
            ("a-1-cp314-cp314-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "3.14", "3.13"),
            ("a-1-cp39-abi3-manylinux_2_28_x86_64.whl", "3.14", "3.8"),
            ("a-1-cp37-cp37m-manylinux1_x86_64.whl", "3.7", "3.8"),
        ] {
            assert!(serves(wheel, &line(yes)), "{wheel}");
            assert!(!serves(wheel, &line(no)), "{wheel}");
        }
        for wheel in ["a-1-py3-none-any.whl", "a-1-py2.py3-none-any.whl", "a-1-py3-none-manylinux_2_17_x86_64.whl"] {
            assert!(serves(wheel, &line("3.14")), "{wheel}");
        }
        for wheel in
            ["a-1-cp314-cp314-win_amd64.whl", "a-1-cp314-cp314-musllinux_1_2_x86_64.whl", "a-1-cp314-cp314t-manylinux_2_17_x86_64.whl", "a-1-py2-none-any.whl"]
        {
            assert!(!serves(wheel, &line("3.14")), "{wheel}");
        }
    }

    #[test]
    fn ranges_that_let_a_usable_version_in() {
        let first = Release::from_str("2.1.0").expect("a version");
        for range in ["", ">=1", "==2.3.3", "~=2.3.3", ">=1,<3", "<=2.9", "==2.*", "!=2.2"] {
            assert!(usable(range, &first), "{range}");
        }
        for range in ["==1.26.4", "<2", "~=1.26", ">=1.20,<2.1", "==1.*"] {
            assert!(!usable(range, &first), "{range}");
        }
    }

    #[test]
    fn the_newest_line_that_the_lock_allows() {
        let text = "[[package]]\nname = \"old\"\nversion = \"1\"\ngroups = [\"main\"]\nfiles = [\n    {file = \"old-1-cp311-cp311-manylinux_2_17_x86_64.whl\"},\n    {file = \"old-1-cp312-cp312-manylinux_2_17_x86_64.whl\"},\n]\n\
            \n[[package]]\nname = \"psycopg2\"\nversion = \"2.9\"\ngroups = [\"main\"]\nfiles = [\n    {file = \"psycopg2-2.9-cp312-cp312-win_amd64.whl\"},\n    {file = \"psycopg2-2.9.tar.gz\"},\n]\n";
        let tree = Tree::memory([("poetry.lock", text)]);
        let pack = StackPack::load("python").expect("the pack");
        let closure = Closure::new(&Project::default(), lock::production(&tree.root(), "poetry.lock", &[]), &pack);
        let row = pack.runtime.as_ref().expect("a runtime");
        let (version, at) = closure.best(row, &|_| true).expect("a line");
        assert_eq!((version.to_string().as_str(), at.map(|at| at.place()).as_deref()), ("3.12", Some("poetry.lock:2")));
        assert_eq!(closure.delivery("old", &line("3.14")), Delivery::Native);
        assert_eq!(closure.delivery("old", &line("3.12")), Delivery::Wheel);
        assert_eq!(closure.delivery("psycopg2", &line("3.12")), Delivery::Source);
        // Where no older line does better, nothing is gained by it.
        assert_eq!(closure.best(row, &|line| line.minor() > 12).expect("a line").0.to_string(), "3.14");
    }

    #[test]
    fn pins_of_a_plain_list() {
        let pack = StackPack::load("python").expect("the pack");
        for (list, line) in [("greenlet==3.0.1\nDjango>=4.2,<5\nnumpy\n", "3.12"), ("psycopg[binary]==3.2.9\n", "3.13")] {
            let project = Project::read(&Tree::memory([("requirements.txt", list)]).root()).expect("fine");
            let closure = Closure::new(&project, None, &pack);
            let (version, at) = closure.best(pack.runtime.as_ref().expect("a runtime"), &|_| true).expect("a line");
            assert_eq!((version.to_string().as_str(), at.map(|at| at.place()).as_deref()), (line, Some("requirements.txt:1")));
        }
    }
}
