//! `CMake`: programs and libraries, without what the project's own options leave out.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::systems::{Facts, Program, build_files, library, matches, plain};
use crate::fs::{Dir, Text};
use crate::model::Evidence;

/// Names that are true and false on Linux.
const SYSTEM: &[(&str, bool)] = &[
    ("UNIX", true),
    ("LINUX", true),
    ("WIN32", false),
    ("WIN64", false),
    ("MSVC", false),
    ("MINGW", false),
    ("CYGWIN", false),
    ("APPLE", false),
    ("IOS", false),
    ("ANDROID", false),
    ("EMSCRIPTEN", false),
];

/// What the options are where nobody sets them.
struct Options(BTreeMap<String, bool>);

impl Options {
    /// Those of all build files; `given` are words such as `-DNAME=ON`.
    fn of(texts: &[Rc<Text>], given: &[String]) -> Self {
        let mut all: BTreeMap<String, bool> = SYSTEM.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        let is_on = |word: &str| matches!(word.to_ascii_uppercase().as_str(), "ON" | "TRUE" | "YES" | "1");
        let mut unclear = BTreeSet::new();
        for text in texts {
            for (groups, _) in matches(text, r#"(?i)\boption\s*\(\s*(\w+)\s+(?:"[^"]*"|\w+)\s*([^)]*)\)"#, '#') {
                let value = groups[1].trim();
                if value.contains('$') {
                    continue;
                }
                all.insert(groups[0].clone(), is_on(value));
            }
            unclear.extend(matches(text, r"(?i)\bset\s*\(\s*(\w+)\s", '#').into_iter().map(|(groups, _)| groups[0].clone()));
        }
        all.retain(|name, _| !unclear.contains(name));
        for word in given {
            if let Some((name, value)) = word.strip_prefix("-D").and_then(|word| word.split_once('=')) {
                all.insert(name.split(':').next().unwrap_or(name).to_owned(), is_on(value));
            }
        }
        Self(all)
    }

    /// Whether a condition holds; `None`: that is not known.
    fn holds(&self, condition: &str) -> Option<bool> {
        if condition.contains(['(', ')']) {
            return None;
        }
        let words: Vec<&str> = condition.split_whitespace().collect();
        let one = |words: &[&str]| match words {
            [name] => self.0.get(*name).copied(),
            ["NOT", name] => self.0.get(*name).map(|value| !value),
            _ => None,
        };
        let any = |words: &[&str]| -> Option<bool> {
            let parts: Vec<Option<bool>> = words.split(|word| *word == "OR").map(one).collect();
            if parts.contains(&Some(true)) { Some(true) } else { parts.iter().all(|part| *part == Some(false)).then_some(false) }
        };
        let parts: Vec<Option<bool>> = words.split(|word| *word == "AND").map(any).collect();
        if parts.contains(&Some(false)) { Some(false) } else { parts.iter().all(|part| *part == Some(true)).then_some(true) }
    }

    /// The lines of a build file that are left out.
    fn left_out(&self, text: &Text) -> BTreeSet<u32> {
        let mut off = BTreeSet::new();
        // Of each open condition: whether what follows holds, and whether one before it did.
        let mut open: Vec<(Option<bool>, Option<bool>)> = Vec::new();
        for (number, line) in text.lines() {
            let line = line.split('#').next().unwrap_or_default().trim();
            let (word, rest) = line.split_once('(').unwrap_or((line, ""));
            let condition = rest.trim_end().strip_suffix(')');
            match word.trim().to_ascii_lowercase().as_str() {
                "if" => {
                    let value = condition.and_then(|condition| self.holds(condition));
                    open.push((value, value));
                }
                "elseif" | "else" => {
                    if let Some((value, before)) = open.last_mut() {
                        let own = if word.trim().len() == 4 { Some(true) } else { condition.and_then(|condition| self.holds(condition)) };
                        *value = match *before {
                            Some(true) => Some(false),
                            Some(false) => own,
                            None => own.filter(|own| !own),
                        };
                        *before = if own == Some(false) { *before } else { before.filter(|before| *before).or(own.filter(|_| before.is_some())) };
                    }
                }
                "endif" => drop(open.pop()),
                _ if open.iter().any(|(value, _)| *value == Some(false)) => {
                    off.insert(number);
                }
                _ => {}
            }
        }
        off
    }
}

/// Last words of options that build what no image needs, and what that would ask for in its turn.
const NEEDLESS: &[&str] = &["BENCHMARKS", "DOC", "DOCS", "DOCUMENTATION", "EXAMPLES", "MAN", "MANPAGES", "TESTING", "TESTS", "UNITTESTS"];

/// The words that switch such options off, where the project has them on and nobody said otherwise.
fn needless(texts: &[Rc<Text>], given: &[String]) -> Vec<String> {
    let own = |name: &str| given.iter().any(|word| word.starts_with(&format!("-D{name}=")) || word.starts_with(&format!("-D{name}:")));
    let last = |name: &str| name.to_ascii_uppercase().rsplit('_').next().is_some_and(|word| NEEDLESS.contains(&word));
    let switch = |name: &str| ["BUILD", "DOC", "ENABLE", "INSTALL", "WITH"].iter().any(|word| name.to_ascii_uppercase().contains(word));
    let mut found = Vec::new();
    for text in texts {
        for (groups, _) in matches(text, r#"(?i)\boption\s*\(\s*(\w+)\s+"[^"]*"\s*(?:ON|TRUE|YES|1)\s*\)"#, '#') {
            let word = format!("-D{}=OFF", groups[0]);
            if last(&groups[0]) && switch(&groups[0]) && !own(&groups[0]) && !found.contains(&word) {
                found.push(word);
            }
        }
    }
    found
}

/// Whether the project brings the module that finds a package.
fn own_module(dir: &Dir<'_>, package: &str) -> bool {
    let file = format!("Find{package}.cmake");
    dir.files_below().any(|path| path.name() == file)
}

/// CMakeLists.txt of the project and of its folders.
pub fn cmake(dir: &Dir<'_>, given: &[String]) -> Facts {
    let mut facts = Facts::default();
    let texts = build_files(dir, "CMakeLists.txt");
    facts.needless = needless(&texts, given);
    let options = Options::of(&texts, &[given, facts.needless.as_slice()].concat());
    let mut without: Vec<String> = Vec::new();
    for text in texts {
        let folder = text.path().parent().and_then(|parent| parent.below(dir.path()).map(ToOwned::to_owned)).unwrap_or_default();
        if without.iter().any(|left_out| folder == *left_out || folder.starts_with(&format!("{left_out}/"))) {
            continue;
        }
        let off = options.left_out(&text);
        let counts = |(_, at): &(Vec<String>, Evidence)| at.line.is_none_or(|line| !off.contains(&line.get()));
        let matches = |text: &Text, pattern: &str, comment: char| matches(text, pattern, comment).into_iter().filter(counts).collect::<Vec<_>>();
        let added = super::systems::matches(&text, r"(?i)\badd_subdirectory\s*\(\s*([\w./-]+)", '#').into_iter().filter(|one| !counts(one));
        without.extend(added.map(|(groups, _)| format!("{folder}/{}", groups[0]).trim_matches('/').to_owned()));
        for (groups, _) in super::systems::matches(&text, r"(?i)\bproject\s*\(\s*([\w.+-]+)([^)]*)\)", '#') {
            facts.project.get_or_insert_with(|| groups[0].clone());
            let words: Vec<&str> = groups[1].split_whitespace().collect();
            // Without a word about languages CMake looks for both compilers.
            facts.cpp |= words.contains(&"CXX") || !words.contains(&"C");
        }
        for (groups, at) in matches(&text, r"(?i)\b(?:[a-z]\w*_)?add_executable\s*\(\s*([\w.+${}-]+)", '#') {
            let own = facts.project.clone().unwrap_or_default();
            let name = groups[0].replace("${PROJECT_NAME}", &own).replace("${CMAKE_PROJECT_NAME}", &own);
            if plain(&name) && folder.split('/').all(|part| part.is_empty() || plain(part)) {
                let output = if folder.is_empty() { format!("build/{name}") } else { format!("build/{folder}/{name}") };
                facts.programs.push(Program { name, output, at });
            }
        }
        for (groups, _) in matches(&text, r#"(?i)\bset_target_properties\s*\(\s*([\w-]+)\s[^)]*\bOUTPUT_NAME\s+"?([\w.+-]+)"#, '#') {
            for program in facts.programs.iter_mut().filter(|program| program.name == groups[0] && plain(&groups[1])) {
                let folder = program.output.rsplit_once('/').map_or("build", |(folder, _)| folder).to_owned();
                program.output = format!("{folder}/{}", groups[1]);
                program.name.clone_from(&groups[1]);
            }
        }
        for (groups, at) in matches(&text, r#"(?i)\bfind_library\s*\(\s*[\w-]+\s+(?:NAMES\s+)?"?([\w.+-]+)"#, '#') {
            facts.libraries.push(library(&format!("-l{}", groups[0]), &at));
        }
        let mut known: Vec<String> = Vec::new();
        facts.programs.retain(|program| {
            let new = !known.contains(&program.name);
            known.push(program.name.clone());
            new
        });
        facts.installs |= !matches(&text, r"(?i)\binstall\s*\(\s*(TARGETS|PROGRAMS)\b", '#').is_empty();
        facts.own_libraries |= !matches(&text, r"(?i)\badd_library\s*\(\s*[\w.${}-]+\s+(SHARED)\b", '#').is_empty();
        for (groups, at) in matches(&text, r"(?i)\bfind_package\s*\(\s*([\w-]+)([^)]*)\)", '#') {
            // What the project itself looks for by a module of its own is named there.
            if !own_module(dir, &groups[0]) {
                facts.libraries.push(library(&groups[0], &at));
            }
            let parts = groups[1].split_whitespace().skip_while(|word| *word != "COMPONENTS").skip(1).filter(|_| groups[0] == "Boost");
            facts.libraries.extend(parts.filter(|part| plain(part)).map(|part| library(&format!("Boost.{part}"), &at)));
        }
        for (groups, at) in matches(&text, r#"(?i)\b(?:FetchContent_Declare|ExternalProject_Add|CPMAddPackage)\s*\(\s*"?([\w:/.-]+)"#, '#') {
            facts.libraries.push(library("FetchContent", &at));
            facts.fetched.push(groups[0].to_ascii_lowercase());
        }
        for (groups, at) in matches(&text, r"(?i)\bpkg_(?:check|search)_modules?\s*\(\s*\w+([^)]*)\)", '#') {
            let words = groups[0].split_whitespace().filter(|word| !matches!(*word, "REQUIRED" | "QUIET" | "IMPORTED_TARGET" | "GLOBAL" | "NO_CMAKE_PATH"));
            let names = words.map(|word| word.trim_matches('"').split(['<', '>', '=']).next().unwrap_or(word));
            facts.libraries.extend(names.filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic())).map(|name| library(name, &at)));
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::cmake;
    use crate::fs::Tree;

    #[test]
    fn cmake_names_programs_libraries_and_languages() {
        let tree = Tree::memory([
            (
                "CMakeLists.txt",
                "project(guests LANGUAGES CXX)\nFetchContent_Declare(fmt GIT_REPOSITORY x)\n# add_executable(no x.c)\nadd_executable(${PROJECT_NAME} a.cpp)\nfind_package(ZLIB REQUIRED)\npkg_check_modules(H REQUIRED IMPORTED_TARGET \"cpp-httplib >= 0.1\")\ninstall(TARGETS guests)\n",
            ),
            ("tests/CMakeLists.txt", "add_executable(unit x.cpp)\n"),
        ]);
        let facts = cmake(&tree.root(), &[]);
        assert_eq!(facts.programs.iter().map(|program| (program.name.as_str(), program.output.as_str())).collect::<Vec<_>>(), [("guests", "build/guests")]);
        assert_eq!(facts.libraries.iter().map(|library| library.name.as_str()).collect::<Vec<_>>(), ["ZLIB", "FetchContent", "cpp-httplib"]);
        assert!(facts.cpp && facts.installs);
    }

    #[test]
    fn programs_have_the_names_that_they_are_given() {
        let text = "project(web)\nadd_executable(web-exe a.c)\nadd_executable(web-shared a.c)\nset_target_properties(web-exe PROPERTIES OUTPUT_NAME web)\nset_target_properties(web-shared PROPERTIES\n  OUTPUT_NAME \"web\")\nfind_library(JSON NAMES json-c)\nfind_package(Own)\n";
        let tree = Tree::memory([("CMakeLists.txt", text), ("cmake/FindOwn.cmake", ""), ("cmake/check/CMakeLists.txt", "add_executable(main m.c)\n")]);
        let facts = cmake(&tree.root(), &[]);
        assert_eq!(facts.programs.iter().map(|program| (program.name.as_str(), program.output.as_str())).collect::<Vec<_>>(), [("web", "build/web")]);
        assert_eq!(facts.libraries.iter().map(|library| library.name.as_str()).collect::<Vec<_>>(), ["-ljson-c"]);
    }

    #[test]
    fn what_an_option_leaves_out_is_not_needed() {
        let text = "option(WITH_LUA \"words\" OFF)\noption(WITH_ZLIB \"words\" ON)\nif(WITH_LUA)\n  find_package(Lua)\nelseif(WIN32)\n  find_package(Win)\nelse()\n  find_package(Fine)\nendif()\nif(NOT WITH_ZLIB OR WITH_LUA)\n  add_subdirectory(more)\nelse()\n find_package(ZLIB)\nendif()\nif(X)\n  find_package(Perhaps)\nendif()\n";
        let tree = Tree::memory([("CMakeLists.txt", text), ("more/CMakeLists.txt", "add_executable(more a.c)\n")]);
        let names = |given: &[String]| cmake(&tree.root(), given).libraries.iter().map(|one| one.name.clone()).collect::<Vec<_>>().join(" ");
        assert_eq!(names(&[]), "Fine ZLIB Perhaps");
        assert_eq!(names(&["-DWITH_LUA=ON".to_owned()]), "Lua Perhaps");
        assert!(cmake(&tree.root(), &[]).programs.is_empty());
    }

    #[test]
    fn libraries_that_are_shared_by_name_are_seen() {
        let own = |text: &str| cmake(&Tree::memory([("CMakeLists.txt", text)]).root(), &[]).own_libraries;
        assert!(own("add_library(libapp SHARED a.c)\nadd_executable(app m.c)\ninstall(TARGETS app libapp)\n"));
        assert!(!own("add_library(libapp a.c)\nadd_library(more STATIC b.c)\n# add_library(x SHARED c.c)\n"));
    }

    #[test]
    fn manuals_and_tests_are_not_built() {
        let text = "option(WITH_TLS \"words\" ON)\noption(DOCUMENTATION \"words\" ON)\noption(APP_BUILD_TESTS\n  \"words (here)\" ON)\noption(BUILD_EXAMPLES \"words\" OFF)\nif(APP_BUILD_TESTS)\nfind_package(GTest)\nendif()\n";
        let facts = cmake(&Tree::memory([("CMakeLists.txt", text)]).root(), &[]);
        assert_eq!(facts.needless, ["-DDOCUMENTATION=OFF", "-DAPP_BUILD_TESTS=OFF"]);
        assert!(facts.libraries.is_empty());
    }
}
