//! What is read of sources in C and C++: those of the program, without what is compiled on other systems, and the headers that they include.

use std::rc::Rc;

use super::systems::Program;
use crate::fs::{Dir, Text};
use crate::model::{Evidence, RelPath};

/// Macros of other systems.
const ELSEWHERE: &[&str] = &[
    "ANDROID",
    "WIN32",
    "_MSC_VER",
    "_WIN32",
    "_WIN64",
    "__ANDROID__",
    "__APPLE__",
    "__CYGWIN__",
    "__DragonFly__",
    "__EMSCRIPTEN__",
    "__FreeBSD__",
    "__HAIKU__",
    "__MINGW32__",
    "__NetBSD__",
    "__OpenBSD__",
    "__QNX__",
    "__sun",
];

/// Macros of Linux.
const HERE: &[&str] = &["__GLIBC__", "__linux", "__linux__", "__unix__", "linux"];

/// The sources without those of other programs: what lies in the folder of another one's build file, and, where a file with a `main` has the program's name, each other `main`.
pub fn of_program(texts: &[Rc<Text>], program: &Program, all: &[Program]) -> Vec<Rc<Text>> {
    let main = |text: &Rc<Text>| text.as_str().contains(" main(");
    let own = |text: &Rc<Text>| text.path().name().rsplit_once('.').is_some_and(|(stem, _)| stem == program.name);
    let named = texts.iter().any(|text| main(text) && own(text));
    let home = |program: &Program| program.at.file.parent().unwrap_or_else(RelPath::root);
    let here = home(program);
    let others: Vec<RelPath> = all.iter().map(home).filter(|folder| !folder.is_root() && here.below(folder).is_none()).collect();
    let beside = |text: &Rc<Text>| others.iter().any(|folder| text.path().below(folder).is_some());
    texts.iter().filter(|text| !beside(text) && (!named || !main(text) || own(text))).cloned().collect()
}

/// The file of settings that lies beside the program's sources under its name, to be installed with it.
pub fn settings(dir: &Dir<'_>, name: &str) -> Option<Rc<Text>> {
    const FOLDERS: &[&str] = &["", "etc/", "conf/", "config/", "data/", "doc/", "contrib/", "misc/"];
    const ENDINGS: &[&str] = &["conf", "conf.in", "conf.example", "conf.sample", "cfg", "ini"];
    FOLDERS.iter().find_map(|folder| ENDINGS.iter().find_map(|ending| dir.peek(&format!("{folder}{name}.{ending}"))))
}

/// A text with empty lines for those that are compiled on other systems.
pub fn on_linux(text: &Rc<Text>) -> Rc<Text> {
    if !ELSEWHERE.iter().any(|name| text.as_str().contains(name)) {
        return Rc::clone(text);
    }
    // Of each open condition: whether what follows holds, and whether one before it did.
    let mut open: Vec<(Option<bool>, bool)> = Vec::new();
    let mut kept = String::with_capacity(text.as_str().len());
    for (_, line) in text.lines() {
        let sharp = line.trim_start().strip_prefix('#').map(str::trim_start).unwrap_or_default();
        let (word, rest) = sharp.split_once([' ', '\t', '(']).unwrap_or((sharp, ""));
        match word {
            "if" | "ifdef" | "ifndef" => open.push((holds(word, rest), false)),
            "elif" | "else" => {
                if let Some((now, before)) = open.last_mut() {
                    *before |= *now == Some(true);
                    *now = if *before {
                        Some(false)
                    } else if word == "elif" {
                        holds("if", rest)
                    } else {
                        None
                    };
                }
            }
            "endif" => drop(open.pop()),
            _ if open.iter().any(|(now, _)| *now == Some(false)) => {}
            _ => kept.push_str(line),
        }
        kept.push('\n');
    }
    Rc::new(Text::new(text.path().clone(), &kept))
}

/// Whether a condition of the preprocessor holds on Linux; `None`: that is not known.
fn holds(word: &str, rest: &str) -> Option<bool> {
    let macro_of = |name: &str| {
        let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        if ELSEWHERE.contains(&name) { Some(false) } else { HERE.contains(&name).then_some(true) }
    };
    let rest = rest.split("/*").next().unwrap_or_default().split("//").next().unwrap_or_default();
    let first = || macro_of(rest.split_whitespace().next().unwrap_or_default());
    match word {
        "ifdef" => first(),
        "ifndef" => first().map(|value| !value),
        _ => {
            let one = |part: &str| {
                let part = part.trim().trim_start_matches('(');
                let (positive, part) = part.strip_prefix('!').map_or((true, part), |part| (false, part.trim_start()));
                let name = part.strip_prefix("defined").unwrap_or(part);
                // A comparison is none.
                if name.contains(['<', '>', '=']) { None } else { macro_of(name).map(|value| value == positive) }
            };
            let any = |part: &str| {
                let parts: Vec<Option<bool>> = part.split("||").map(one).collect();
                if parts.contains(&Some(true)) { Some(true) } else { parts.iter().all(|part| *part == Some(false)).then_some(false) }
            };
            // Both together would need brackets.
            if rest.contains("||") && rest.contains("&&") {
                return None;
            }
            let parts: Vec<Option<bool>> = rest.split("&&").map(any).collect();
            if parts.contains(&Some(false)) { Some(false) } else { parts.iter().all(|part| *part == Some(true)).then_some(true) }
        }
    }
}

/// The headers that are included with angle brackets and are not the project's own, each with the first place.
pub fn included(dir: &Dir<'_>, texts: &[Rc<Text>]) -> Vec<(String, Evidence)> {
    let mut found: Vec<(String, Evidence)> = Vec::new();
    for text in texts {
        // What is included only where a build says that it is there.
        let mut under: Vec<bool> = Vec::new();
        for (number, line) in text.lines() {
            let sharp = line.trim_start().strip_prefix('#').map(str::trim_start).unwrap_or_default();
            if sharp.starts_with("if") {
                // Macros with underscores before them are the compiler's own.
                let names = sharp.strip_prefix("ifdef ").or_else(|| sharp.strip_prefix("if ").filter(|rest| rest.contains("defined") && !rest.contains('!')));
                let of_build = names.is_some_and(|names| !names.replace("defined", "").trim_start_matches([' ', '(']).starts_with("__"));
                under.push(of_build || sharp.contains("__APPLE__"));
            } else if sharp.starts_with("endif") {
                under.pop();
            }
            if under.contains(&true) {
                continue;
            }
            let Some(header) = line.trim_start().strip_prefix("#include <").and_then(|rest| rest.split('>').next()) else { continue };
            if !found.iter().any(|(known, _)| known == header) {
                found.push((header.to_owned(), Evidence::line(text.path().clone(), number, line.trim())));
            }
        }
    }
    let own: Vec<&RelPath> = dir.files_below().filter(|path| path.name().rsplit_once('.').is_some_and(|(_, ending)| matches!(ending, "h" | "hpp"))).collect();
    found.retain(|(header, _)| !own.iter().any(|path| path.below(dir.path()).is_some_and(|path| path == header || path.ends_with(&format!("/{header}")))));
    found
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::on_linux;
    use crate::fs::Text;
    use crate::model::RelPath;

    #[test]
    fn what_other_systems_compile_is_left_out() {
        for (source, expected) in [
            ("#if defined(__ANDROID__)\na\n#else\nb\n#endif\nc", "b c"),
            ("#ifdef _WIN32\na\n#elif defined(__linux__)\nb\n#else\nc\n#endif", "b"),
            ("#ifndef WIN32\na\n#else\nb\n#endif", "a"),
            ("#if defined(__APPLE__) || defined(__FreeBSD__)\na\n#endif\nb", "b"),
            ("#if defined(_WIN32) && _WIN32_WINNT > 1\na\n#endif\nb", "b"),
            ("#if !defined(_WIN32) // x\na\n#endif", "a"),
            ("#ifdef HAVE_X\na\n#else\nb\n#endif // _WIN32", "a b"),
            ("#ifdef _WIN32\n#ifdef X\na\n#endif\nb\n#endif\nc", "c"),
        ] {
            let text = on_linux(&Rc::new(Text::new(RelPath::known("a.c"), source)));
            assert_eq!(text.as_str().split_whitespace().filter(|word| word.len() == 1).collect::<Vec<_>>().join(" "), expected, "{source}");
        }
    }
}
