//! What builds C and C++: Meson, Autotools, Make; and what each says of programs and libraries.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::fs::{Dir, Text};
use crate::manifest::pattern;
use crate::model::{Dependency, Evidence};

/// A program that a build system makes.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// Where the build leaves it, seen from the folder of the build.
    pub output: String,
    /// Where it is named.
    pub at: Evidence,
}

/// What a build system says.
#[derive(Debug, Default)]
pub struct Facts {
    /// The programs.
    pub programs: Vec<Program>,
    /// The project's own name, by which one of several programs is known.
    pub project: Option<String>,
    /// Words for `CMake` that leave out what no image needs.
    pub needless: Vec<String>,
    /// Whether it makes libraries of its own beside the programs, which the image must find: they are linked in, or stand in the program by their path.
    pub own_libraries: bool,
    /// What makes `configure`.
    pub bootstrap: String,
    /// Whether some of its programs are for the administrator.
    pub sbin: bool,
    /// What a Makefile makes where nothing is asked for.
    pub made: Vec<String>,
    /// Whether it installs its programs by itself.
    pub installs: bool,
    /// The variable of a Makefile that says where to.
    pub prefix: &'static str,
    /// Whether it compiles C++.
    pub cpp: bool,
    /// The libraries that it looks for.
    pub libraries: Vec<Dependency>,
    /// What it fetches while it configures.
    pub fetched: Vec<String>,
}

/// Folders whose build files are of no application.
const HELPERS: &[&str] = &[
    "test",
    "tests",
    "unittest",
    "unittests",
    "example",
    "examples",
    "third_party",
    "thirdparty",
    "external",
    "extern",
    "deps",
    "vendor",
    "cmake",
    "bench",
    "benchmark",
    "benchmarks",
    "docs",
    "build",
];

/// All build files of one name below a folder, the top one first.
pub(super) fn build_files(dir: &Dir<'_>, name: &str) -> Vec<Rc<Text>> {
    let own = dir.files_below().filter(|path| path.name() == name);
    let own = own.filter(|path| path.below(dir.path()).is_some_and(|tail| !tail.split('/').any(|part| HELPERS.contains(&part))));
    let mut paths: Vec<_> = own.collect();
    paths.sort_by_key(|path| (path.depth(), path.as_str()));
    paths.into_iter().filter_map(|path| dir.tree().read(path).ok().flatten()).collect()
}

/// All matches of a pattern outside of comments: the groups and the place of the first one.
pub(super) fn matches(text: &Text, pattern: &str, comment: char) -> Vec<(Vec<String>, Evidence)> {
    let Ok(pattern) = pattern::pattern(pattern) else { return Vec::new() };
    let mut all = Vec::new();
    for found in pattern.captures_iter(text.as_str()) {
        let (Some(whole), Some(first)) = (found.get(0), found.get(1)) else { continue };
        let start = text.as_str()[..whole.start()].rfind('\n').map_or(0, |at| at + 1);
        if text.as_str()[start..whole.start()].contains(comment) {
            continue;
        }
        let groups = (1..found.count()).map(|i| found.get(i).map(|group| group.as_str().to_owned()).unwrap_or_default()).collect();
        all.push((groups, text.at(first.start(), first.as_str())));
    }
    all
}

pub(super) fn plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with(['-', '.']) && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '+'))
}

pub(super) fn library(name: &str, at: &Evidence) -> Dependency {
    Dependency { name: name.to_owned(), at: at.clone(), production: true }
}

/// meson.build of the project and of its folders.
pub fn meson(dir: &Dir<'_>) -> Facts {
    let mut facts = Facts { installs: true, ..Facts::default() };
    for text in build_files(dir, "meson.build") {
        facts.own_libraries |= !matches(&text, r"\b((?:both_)?librar(?:y|ies))\s*\(\s*'", '#').is_empty();
        for (groups, _) in matches(&text, r"\bproject\s*\(\s*'([^']+)'([^)]*)\)", '#') {
            facts.project.get_or_insert_with(|| groups[0].clone());
            facts.cpp |= groups[1].contains("'cpp'");
        }
        let project = facts.project.clone().unwrap_or_default();
        let named = matches(&text, r"(?m)^\s*(\w+)\s*=\s*'([\w.+-]+)'", '#');
        for (groups, at) in matches(&text, r"\bexecutable\s*\(\s*('[\w.+-]+'|meson\.project_name\(\)|\w+)\s*,([^)]*)\)", '#') {
            let by_name = || named.iter().find(|(variable, _)| variable[0] == groups[0]).map(|(variable, _)| variable[1].clone());
            let name = match groups[0].trim_matches('\'') {
                quoted if quoted.len() < groups[0].len() => quoted.to_owned(),
                "meson.project_name()" => project.clone(),
                _ => by_name().unwrap_or_default(),
            };
            if name.is_empty() {
                continue;
            }
            facts.installs &= groups[1].contains("install") && groups[1].contains("true");
            let folder = text.path().parent().and_then(|parent| parent.below(dir.path()).map(ToOwned::to_owned)).filter(|folder| !folder.is_empty());
            let output = folder.map_or_else(|| format!("build/{name}"), |folder| format!("build/{folder}/{name}"));
            let at = Evidence { raw: at.raw.trim_matches('\'').to_owned(), ..at };
            facts.programs.push(Program { name, output, at });
        }
        for (groups, at) in matches(&text, r"\bfind_library\s*\(\s*'([\w.+-]+)'", '#') {
            facts.libraries.push(library(&format!("-l{}", groups[0]), &at));
        }
        for (groups, at) in matches(&text, r"\bdependency\s*\(\s*'([\w.+-]+)'([^()]*)", '#') {
            let optional = groups[1].split("required").nth(1).is_some_and(|rest| rest.trim_start_matches([' ', ':']).starts_with("false"));
            facts.libraries.push(Dependency { production: !optional, ..library(&groups[0], &at) });
            facts.libraries.push(library("PkgConfig", &at));
        }
    }
    facts
}

/// configure.ac and Makefile.am.
pub fn autotools(dir: &Dir<'_>) -> Facts {
    let mut facts = Facts { installs: true, bootstrap: "autoreconf -fi".to_owned(), ..Facts::default() };
    for text in build_files(dir, "configure.ac") {
        // What is included and isn't there, the project's own script makes.
        let missing = matches(&text, r"\bm4_include\s*\(\s*\[?([\w./-]+)", '#').into_iter().any(|(groups, _)| !dir.has(&groups[0]));
        if let Some(script) = dir.first_of(["autogen.sh", "bootstrap.sh", "bootstrap"]).filter(|_| missing) {
            facts.bootstrap = format!("NOCONFIGURE=1 ./{script}");
        }
        for (groups, _) in matches(&text, r"\bAC_INIT\s*\(\s*\[?([\w.+-]+)", '#') {
            facts.project.get_or_insert_with(|| groups[0].clone());
        }
        facts.cpp |= text.as_str().contains("AC_PROG_CXX");
        for (groups, at) in matches(&text, r"\bPKG_CHECK_MODULES\s*\(\s*\[?\w+\]?\s*,\s*(\[[^\]]+|[^,)\s]+)", '#') {
            let words = groups[0].trim_start_matches('[').split([' ', ',']).filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()));
            facts.libraries.extend(words.map(|word| library(word, &at)));
            facts.libraries.push(library("PkgConfig", &at));
        }
        // Scripts of a project's own try the names of this one in turn, the wide first.
        for (groups, at) in matches(&text, r"\b(ncursesw)6?\b", '#').into_iter().take(1) {
            facts.libraries.push(library(&groups[0], &at));
        }
        // One names the library first, the other the function.
        for pattern in [r"\bAC_CHECK_LIB\s*\(\s*\[?(\w+)", r"\bAC_SEARCH_LIBS\s*\(\s*\[?\w+\]?\s*,\s*\[?(\w+)"] {
            for (groups, at) in matches(&text, pattern, '#') {
                facts.libraries.push(library(&format!("-l{}", groups[0]), &at));
            }
        }
    }
    // Without automake the Makefile is written by hand.
    if !dir.has("Makefile.am")
        && let Some(text) = dir.peek("Makefile.in")
    {
        let plain = pattern::pattern(r"@(\w+)@").ok();
        let mut filled = text.as_str().to_owned();
        for place in plain.iter().flat_map(|plain| plain.captures_iter(text.as_str())).filter_map(|groups| Some(groups.get(0)?.as_str().to_owned())) {
            filled = filled.replace(&place, "");
        }
        facts.programs = make(&Text::new(text.path().clone(), &filled)).programs;
    }
    for text in build_files(dir, "Makefile.am") {
        let modules = text.as_str().contains("-module");
        facts.own_libraries |= !modules && text.lines().any(|(_, line)| line.trim_start().starts_with("lib_LTLIBRARIES"));
        facts.sbin |= text.lines().any(|(_, line)| line.trim_start().starts_with("sbin_PROGRAMS"));
        for (groups, at) in matches(&text, r"(?m)^[ \t]*s?bin_PROGRAMS[ \t]*\+?=[ \t]*((?:[^\n\\]|\\\n)+)", '#') {
            let listed = groups[0].split('#').next().unwrap_or_default();
            let names = listed.split_whitespace().filter(|name| *name != "\\" && plain(name));
            facts.programs.extend(names.map(|name| Program { name: name.to_owned(), output: name.to_owned(), at: at.clone() }));
        }
    }
    facts
}

/// Programs that link.
const COMPILERS: &[&str] = &["c++", "cc", "clang", "clang++", "g++", "gcc", "ld", "tcc"];

/// The Makefile at the top.
pub fn make(text: &Text) -> Facts {
    let mut facts = Facts::default();
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    for (groups, _) in matches(text, r"(?m)^\s*(\w+)\s*[:?]?=[ \t]*([^\n#]*)", '#') {
        variables.entry(groups[0].clone()).or_insert_with(|| groups[1].trim().to_owned());
    }
    let resolve = |word: &str| {
        let mut word = word.to_owned();
        for (name, value) in variables.iter().chain(variables.iter()) {
            word = word.replace(&format!("$({name})"), value).replace(&format!("${{{name}}}"), value);
        }
        // A variable that nothing sets is empty.
        while let Some((before, rest)) = word.split_once("$(").filter(|(_, rest)| rest.find(')').is_some_and(|end| !rest[..end].contains([' ', ','])))
            && let Some((_, after)) = rest.split_once(')')
        {
            word = format!("{before}{after}");
        }
        word
    };
    let mut target: Option<(String, Evidence)> = None;
    for (number, line) in text.lines() {
        if let Some(recipe) = line.strip_prefix('\t') {
            let Some((name, at)) = &target else { continue };
            // A linker or a compiler is called: by its variable, or by its name.
            let by_name = |recipe: &str| recipe.split_whitespace().any(|word| COMPILERS.contains(&word.trim_start_matches('@')));
            let calls = recipe.contains("$(") || recipe.contains("${") || by_name(recipe);
            let tool = ["CC", "CXX", "LD", "LINK"].iter().any(|word| recipe.contains(word)) || !recipe.contains("$(") || by_name(recipe);
            let recipe = resolve(recipe.trim());
            let links = calls && tool && recipe.contains("-o ") && !recipe.split_whitespace().any(|word| word == "-c" || word == "-shared");
            let output =
                recipe.split_whitespace().skip_while(|word| *word != "-o").nth(1).map(|word| if word == "$@" { name.clone() } else { word.to_owned() });
            if let Some(output) = output.filter(|_| links) {
                let name = output.rsplit('/').next().unwrap_or(&output).to_owned();
                if output.trim_start_matches("../").split('/').all(plain)
                    && !matches!(name.rsplit('.').next(), Some("so" | "o" | "a"))
                    && !facts.programs.iter().any(|known| known.output == output)
                {
                    facts.programs.push(Program { name, output, at: at.clone() });
                }
            }
        } else if let Some((names, _)) = line.split_once(':').filter(|(names, rest)| !names.contains(['=', '#', '%']) && !rest.starts_with('=')) {
            let name = resolve(names.split_whitespace().next().unwrap_or_default());
            // The first target is what `make` makes, and so is what it is made of.
            if facts.made.is_empty() && !name.is_empty() && !name.starts_with('.') {
                let needs = resolve(line.split_once(':').map_or("", |(_, rest)| rest));
                facts.made = std::iter::once(name.clone()).chain(needs.split_whitespace().map(ToOwned::to_owned)).collect();
            }
            target = (!name.is_empty() && !name.starts_with('.')).then(|| (name, Evidence::line(text.path().clone(), number, line.trim())));
        }
    }
    // Programs of tests and benches are none.
    facts.programs.retain(|program| !["test", "bench", "example", "fuzz"].iter().any(|word| program.name.contains(word)));
    let all = text.as_str();
    facts.prefix = if all.contains("PREFIX") { "PREFIX" } else { "prefix" };
    facts.installs = all.contains("DESTDIR") && (all.contains("PREFIX") || all.contains("prefix")) && all.lines().any(|line| line.starts_with("install:"));
    facts.cpp = all.contains("$(CXX)") || all.contains("${CXX}") || all.contains("g++") || all.contains("clang++");
    let off = left_out(text, &resolve);
    let counts = |at: &Evidence| at.line.is_none_or(|line| !off.contains(&line.get()));
    for (groups, at) in matches(text, r"\s(-l[\w-]+)", '#').into_iter().filter(|(_, at)| counts(at)) {
        facts.libraries.push(library(&groups[0], &at));
    }
    let asked = r"(?:pkg-config|\$[({]PKG_?CONFIG[)}])[ \t]+(?:--\w+[ \t]+)*([a-z][\w.+-]*)";
    for (groups, at) in matches(text, asked, '#').into_iter().filter(|(_, at)| counts(at)) {
        facts.libraries.push(library(&groups[0], &at));
        facts.libraries.push(library("PkgConfig", &at));
    }
    facts
}

/// The lines of a Makefile that its own settings leave out; what a call decides stays in.
fn left_out(text: &Text, resolve: &impl Fn(&str) -> String) -> BTreeSet<u32> {
    let mut off = BTreeSet::new();
    let mut open: Vec<Option<bool>> = Vec::new();
    let value = |side: &str| {
        let side = side.trim().trim_matches(['"', '\'']);
        let side = side.strip_prefix("$(strip ").and_then(|rest| rest.strip_suffix(')')).unwrap_or(side);
        Some(resolve(side).split('#').next().unwrap_or_default().trim().to_owned()).filter(|value| !value.contains("$("))
    };
    let equal = |rest: &str| {
        let inner = rest.trim().strip_prefix('(')?.strip_suffix(')')?;
        let (left, right) = inner.rsplit_once(',')?;
        Some(value(left)? == value(right)?)
    };
    for (number, line) in text.lines() {
        let line = line.split(" #").next().unwrap_or_default().trim();
        let (word, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        match word {
            "ifeq" => open.push(equal(rest)),
            "ifneq" => open.push(equal(rest).map(|same| !same)),
            "ifdef" => open.push(value(&format!("$({})", rest.trim())).map(|value| !value.is_empty())),
            "ifndef" => open.push(value(&format!("$({})", rest.trim())).map(|value| value.is_empty())),
            "else" => {
                if let Some(last) = open.last_mut() {
                    // Another condition may follow.
                    *last = last.filter(|_| rest.is_empty()).map(|held| !held);
                }
            }
            "endif" => drop(open.pop()),
            _ if open.contains(&Some(false)) => {
                off.insert(number);
            }
            _ => {}
        }
    }
    off
}

#[cfg(test)]
mod tests {
    use super::{make, meson};
    use crate::fs::{Text, Tree};
    use crate::model::RelPath;

    #[test]
    fn a_makefile_names_its_program_in_many_ways() {
        for (text, want) in [
            ("all: kilo\n\nkilo: kilo.c\n\t$(CC) -o kilo kilo.c -Wall\n", "kilo"),
            ("TARGET = bin/app\n$(TARGET): a.o\n\t$(CC) -o $@ $^ -lm\n%.o: %.c\n\t$(CC) -c -o $@ $<\n", "bin/app"),
            ("all: httpd\nLIBS = -lpthread #-lsocket\nhttpd: httpd.c\n\tgcc -g $(LIBS) -o $@ $<\n", "httpd"),
            ("all: x\n\tmkdir -p ../bin\nx: a.c\n\tg++ a.c -o ../bin/$(T)x\n", "../bin/x"),
            ("CC ?= cc\nx: main.o\n\t$(CC) $(CFLAGS) -o $@ $^\nlib.so: a.o\n\tcc -shared -o lib.so a.o\n", "x"),
        ] {
            let facts = make(&Text::new(RelPath::known("Makefile"), text));
            assert_eq!(facts.programs.iter().map(|program| program.output.as_str()).collect::<Vec<_>>(), [want], "{text}");
        }
        let libraries =
            |text: &str| make(&Text::new(RelPath::known("Makefile"), text)).libraries.iter().map(|one| one.name.clone()).collect::<Vec<_>>().join(" ");
        let optional = "O_RE := 0  # off\nifeq ($(strip $(O_RE)),1)\n\tL += -lpcre2-8\nendif\nifdef NOTHING\nL += -lz\nelse\nL += -lm\nendif\nL += $(shell $(PKG_CONFIG) --libs ncursesw)\n";
        assert_eq!(libraries(optional), "-lm ncursesw PkgConfig");
        let two = "all: $(BIN)\nBIN = a\n$(BIN): a.c\n\t$(CC) -o $@ $<\nicons: b.c\n\t$(CC) -o icons b.c\n";
        assert_eq!(make(&Text::new(RelPath::known("Makefile"), two)).made, ["all", "a"]);
    }

    #[test]
    fn meson_names_its_programs_in_many_ways() {
        let inner = "name = 'tool'\nexecutable(name, 'b.c', install: true)\nexecutable(meson.project_name(), files('a.c'), install: true)\n";
        let top = "project('echod', 'c')\ncc.find_library('cap')\ndependency('libfine')\ndependency('maybe', required : false)\nsubdir('src')\n";
        let facts = meson(&Tree::memory([("meson.build", top), ("src/meson.build", inner)]).root());
        assert_eq!(facts.programs.iter().map(|program| program.output.as_str()).collect::<Vec<_>>(), ["build/src/tool", "build/src/echod"]);
        let needed: Vec<&str> = facts.libraries.iter().filter(|one| one.production && one.name != "PkgConfig").map(|one| one.name.as_str()).collect();
        assert_eq!(needed, ["-lcap", "libfine"]);
    }
}
