//! Front ends that a server of another stack takes in: pages that its compiler embeds, or that it sends from a folder, and that a package.json
//! beside it must build first. What is built how is the Node.js detector's to say.

use std::rc::Rc;

use super::node::pages::{self, Pages};
use super::source;
use crate::fs::{Dir, Text, Tree};
use crate::manifest::pattern;
use crate::model::question::Question;
use crate::model::{Answers, Cmd, Decision, Diagnostic, Evidence, FrontEnd, RelPath, ServiceDraft, Source};

/// How deep below the root packages are looked for, and how many are looked at.
const DEEPEST: usize = 5;
const MOST_PACKAGES: usize = 24;

/// Folders whose packages are nobody's front end.
const ASIDE: &[&str] = &["node_modules", "vendor", "testdata", "test", "tests", "e2e", "fixtures", "example", "examples", "_examples"];

/// A folder or a file that a compiler puts into the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedded {
    /// It, in the repository.
    pub path: RelPath,
    /// The line that asks for it.
    pub at: Evidence,
    /// Whether the build surely fails without it.
    pub sure: bool,
}

/// The program that may take a front end in.
pub struct Program<'a> {
    /// Any folder of the repository.
    pub dir: &'a Dir<'a>,
    /// Its source.
    pub texts: &'a [Rc<Text>],
    /// What its compiler embeds.
    pub embedded: Vec<Embedded>,
    /// The ending of its source files: a front end at the same place has no use for them.
    pub ending: &'a str,
}

/// Finds the front end of a program and states it; an error where something is embedded that neither lies there nor is built.
pub fn take(draft: &mut ServiceDraft, program: &Program<'_>, answers: &Answers) -> Result<(), Diagnostic> {
    let tree = program.dir.tree();
    let absent: Vec<&Embedded> = program.embedded.iter().filter(|one| state(tree, &one.path) != State::There).collect();
    let mut candidates: Option<Vec<Pages>> = None;
    for one in &absent {
        let candidates = match &mut candidates {
            Some(candidates) => candidates,
            none => none.insert(all(tree, answers)?),
        };
        if let Some((pages, output, source)) = builder(tree, candidates, &one.path) {
            let place = if output == one.path || one.path.below(&output).is_some() { output.clone() } else { one.path.clone() };
            state_it(draft, program, pages, FrontEndParts { output, place, read: false }, source.unwrap_or_else(|| Source::File(one.at.clone())));
            break;
        }
    }
    let made = |path: &RelPath| draft.front.as_ref().is_some_and(|front| path.below(&front.place).is_some() || front.place.below(path).is_some());
    let by_hand = answers.hints(&draft.root, &draft.name).get(Question::BuildCmd).is_some();
    let is_missing = |one: &&Embedded| state(tree, &one.path) == State::Absent && matches!(tree.on_disk(&one.path), Ok(None));
    if let Some(one) = absent.into_iter().filter(|one| one.sure && !by_hand && !made(&one.path)).find(is_missing) {
        let problem = missing(tree, one, candidates.as_deref().unwrap_or_default());
        draft.notes.push(problem);
    } else if draft.front.is_none() {
        sent(draft, program, candidates.map_or_else(|| all(tree, answers), Ok)?);
    }
    Ok(())
}

/// A front end that the program sends from the folder that its build makes.
fn sent(draft: &mut ServiceDraft, program: &Program<'_>, candidates: Vec<Pages>) {
    let tree = program.dir.tree();
    for pages in candidates {
        let Some(output) = pages.output.clone().filter(|output| state(tree, output) != State::There) else { continue };
        let path = seen(&output, home(draft), "");
        let script = program.ending == "py";
        // One short name says nothing of a front end, unless its build was sent there on purpose.
        if script && path.trim_start_matches("../").matches('/').count() == 0 && output.below(&pages.draft.root).is_some() {
            continue;
        }
        let literal = if script { joined(&path) } else { format!(r#"("(?:\./)?{}(?:/[^"\s]*)?")"#, regex_lite::escape(path.trim_start_matches("./"))) };
        let Ok(literal) = pattern::pattern(&literal) else { continue };
        if let Some(hit) = source::find(program.texts, &literal, if script { "#" } else { "//" }) {
            let parts = FrontEndParts { place: output.clone(), output, read: true };
            return state_it(draft, program, pages, parts, Source::File(hit.at));
        }
    }
}

/// A path as scripts write it: in one string, or its parts joined by a call or by `/`.
fn joined(path: &str) -> String {
    let parts: Vec<String> = path.split('/').filter(|part| *part != "..").map(regex_lite::escape).collect();
    format!(r#"(["'](?:\.{{1,2}}/)*{}["'/])"#, parts.join(r#"(?:/|["']\s*[,/]\s*["'])"#))
}

/// The folder that the program is built and run in: the root of what is copied into the image.
fn home(draft: &ServiceDraft) -> &RelPath {
    if draft.context == draft.root { &draft.root } else { &draft.context }
}

/// States the pages of a package outside of the program's folder, which its source names by the folder of their output.
pub fn sends(draft: &mut ServiceDraft, dir: &Dir<'_>, pages: Pages, output: RelPath, at: Evidence) {
    let program = Program { dir, texts: &[], embedded: Vec::new(), ending: "" };
    state_it(draft, &program, pages, FrontEndParts { place: output.clone(), output, read: true }, Source::File(at));
}

struct FrontEndParts {
    output: RelPath,
    place: RelPath,
    read: bool,
}

fn state_it(draft: &mut ServiceDraft, program: &Program<'_>, mut pages: Pages, parts: FrontEndParts, source: Source) {
    let home = &home(draft).clone();
    let wanted = seen(&parts.place, home, "/");
    draft.facts.push(("front end".to_owned(), Decision::new(parts.output.as_str().to_owned(), source)));
    if let Some(build) = &pages.draft.build {
        draft.facts.push(("front build".to_owned(), Decision::new(build.value.to_string(), build.source.clone())));
    }
    if let Some(runtime) = &pages.draft.runtime {
        let name = format!("{} {}", pages.draft.runtime_name(), runtime.value);
        draft.facts.push(("front runtime".to_owned(), Decision::new(name, runtime.source.clone())));
    }
    // Its development server isn't run.
    draft.notes.extend(pages.draft.notes.drain(..).filter(|note| note.id != "dev-proxy"));
    draft.open.append(&mut pages.draft.open);
    let folder = pages.draft.context.clone();
    for mut secret in pages.draft.compose.secrets.drain(..) {
        if !secret.file.is_empty() {
            secret.file = folder.below(&draft.context).map_or(secret.file.clone(), |below| format!("{below}/{}", secret.file));
        }
        draft.compose.secrets.push(secret);
    }
    // An edit of a page makes a new image; an edit of the program is synced.
    if let Some(below) = folder.below(&draft.context).filter(|below| !below.is_empty()) {
        draft.watch.rebuild.push(below.to_owned());
        draft.watch.ignore.push(format!("{below}/"));
    } else if let Some("") = folder.below(&draft.context) {
        draft.watch.rebuild.extend(pages.draft.watch.rebuild.iter().cloned());
    }
    let exclude = if folder.below(home) == Some("") || home.below(&folder).is_some() { program.ending.to_owned() } else { String::new() };
    draft.front = Some(Box::new(FrontEnd { draft: pages.draft, output: parts.output, wanted, place: parts.place, read: parts.read, exclude }));
}

/// A path seen from a folder; one that lies outside of it stands as `outside` and the path from where the folder's copy lies in the image, or with `..`.
pub fn seen(path: &RelPath, from: &RelPath, outside: &str) -> String {
    if let Some(below) = path.below(from) {
        return below.to_owned();
    }
    let mut up = String::new();
    let mut folder = from.clone();
    loop {
        let Some(parent) = folder.parent() else { return path.as_str().to_owned() };
        up.push_str("../");
        folder = parent;
        if let Some(below) = path.below(&folder) {
            // The folder is `/app` in the image: above it there is only the root.
            return if outside.is_empty() { format!("{up}{below}") } else { format!("{outside}{below}") };
        }
    }
}

/// What lies at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Absent,
    /// Files that only hold the place.
    Placeholder,
    There,
}

fn state(tree: &Tree, path: &RelPath) -> State {
    let placeholder = |name: &str| name.starts_with('.') || ["placeholder", "keep", "dummy", "readme"].iter().any(|word| name.to_lowercase().contains(word));
    if tree.has_file(path) {
        return State::There;
    }
    let mut files = tree.files_below(path).peekable();
    if files.peek().is_none() {
        return State::Absent;
    }
    let real: Vec<&str> = files.map(RelPath::name).filter(|name| !placeholder(name)).collect();
    match real.as_slice() {
        [] | ["index.html"] => State::Placeholder,
        _ => State::There,
    }
}

/// Every package of the repository that builds something.
fn all(tree: &Tree, answers: &Answers) -> Result<Vec<Pages>, Diagnostic> {
    let root = tree.root();
    let folders = root
        .files_below()
        .filter(|path| path.name() == "package.json" && path.depth() <= DEEPEST)
        .filter(|path| !path.as_str().split('/').any(|part| ASIDE.contains(&part)))
        .filter_map(RelPath::parent)
        .take(MOST_PACKAGES);
    let mut found = Vec::new();
    for folder in folders {
        found.extend(pages::of(&tree.dir(folder), answers)?);
    }
    Ok(found)
}

/// The package whose build makes what is wanted, with what it makes and why that is so.
fn builder(tree: &Tree, candidates: &[Pages], wanted: &RelPath) -> Option<(Pages, RelPath, Option<Source>)> {
    let fits = |output: &RelPath| output == wanted || wanted.below(output).is_some() || output.below(wanted).is_some();
    if let Some(pages) = candidates.iter().find(|pages| pages.output.as_ref().is_some_and(fits)) {
        let output = pages.output.clone()?;
        return Some((pages.clone(), output, None));
    }
    // Another script of a package builds to that folder, or its settings name it.
    for pages in candidates {
        let leads = |word: &str| {
            let word = word.rsplit('=').next().unwrap_or(word).trim_matches(['"', '\'', '`']);
            word.contains('/') && pages.draft.root.join(word).as_ref() == Some(wanted)
        };
        if let Some((_, command, at)) = pages.scripts.iter().find(|(text, _, _)| text.split_whitespace().any(leads)) {
            return Some((built_by(pages, command, at), wanted.clone(), Some(Source::File(at.clone()))));
        }
        if let Some(at) = named(tree, &pages.draft.root, leads) {
            return Some((pages.clone(), wanted.clone(), Some(Source::inferred("the settings of its build name the folder", [at]))));
        }
    }
    // What a script copies there.
    for pages in candidates {
        if let Some(output) = &pages.output
            && let Some(at) = copied(tree, pages, output, wanted)
        {
            return Some((pages.clone(), output.clone(), Some(Source::inferred("a script copies it to where it is embedded", [at]))));
        }
    }
    // The package around it, where nothing says what its build makes.
    let around = candidates.iter().filter(|pages| wanted.below(&pages.draft.root).is_some_and(|below| !below.is_empty()));
    let pages = around.max_by_key(|pages| pages.draft.root.depth()).filter(|_| state(tree, wanted) == State::Absent)?;
    let folder = |word: &str| word.trim_end_matches('/').rsplit('/').next() == Some(wanted.name());
    let rule = "it is embedded, it is not in the repository, and the package around it has a build";
    if pages.output.is_none() {
        return Some((pages.clone(), wanted.clone(), Some(Source::inferred(rule, [pages.at.clone()]))));
    }
    let (_, command, at) = pages.scripts.iter().find(|(_, command, _)| command.to_string().ends_with(" build"))?;
    let named = named(tree, &pages.draft.root, folder)?;
    Some((built_by(pages, command, at), wanted.clone(), Some(Source::inferred(rule, [named]))))
}

/// The pages as another of their scripts builds them.
fn built_by(pages: &Pages, command: &Cmd, at: &Evidence) -> Pages {
    let mut pages = pages.clone();
    pages.draft.build = Some(Decision::new(command.clone(), Source::File(at.clone())));
    pages
}

/// Where a file of settings has a string that leads somewhere.
fn named(tree: &Tree, root: &RelPath, leads: impl Fn(&str) -> bool) -> Option<Evidence> {
    let dir = tree.dir(root.clone());
    let settings = dir.files().filter(|file| file.contains(".config.") || file.starts_with("webpack.") || file.starts_with("build."));
    settings.filter_map(|file| dir.peek(file)).find_map(|text| {
        let found =
            text.lines().find(|(_, line)| line.split(['"', '\'', '`']).skip(1).step_by(2).any(&leads)).map(|(number, line)| (number, line.trim().to_owned()));
        found.map(|(number, line)| Evidence::line(text.path().clone(), number, &line))
    })
}

/// Files that say how a project is built.
const SCRIPTS: &[&str] = &[
    "Makefile",
    "makefile",
    "GNUmakefile",
    "Taskfile.yml",
    "Taskfile.yaml",
    "justfile",
    "Justfile",
    "build.sh",
    "magefile.go",
    ".goreleaser.yml",
    ".goreleaser.yaml",
    "Dockerfile",
];

/// The line of a script that copies a build's output to where it is wanted.
fn copied(tree: &Tree, pages: &Pages, output: &RelPath, wanted: &RelPath) -> Option<Evidence> {
    let root = tree.root();
    let flows = root.dir(".github/workflows");
    let scripts = root.dir("scripts");
    let texts = SCRIPTS.iter().filter_map(|file| root.peek(file)).chain(pages_manifest(tree, pages));
    let more = [flows, scripts];
    let more = more.iter().flat_map(|dir| dir.files().filter_map(|file| dir.peek(file)).collect::<Vec<_>>());
    let tail = output.below(&pages.draft.root).unwrap_or_default();
    let place = wanted.parent().unwrap_or_default();
    for text in texts.chain(more) {
        for (number, line) in text.lines() {
            let plain = |word: &str| word.trim_matches(['"', '\'', ',', ';']).trim_end_matches("/.").trim_end_matches("/*").trim_end_matches('/').to_owned();
            let words: Vec<String> = line.split_whitespace().map(plain).collect();
            let verb = words.iter().any(|word| ["cp", "mv", "rsync", "COPY", "cpr", "copyfiles"].contains(&word.as_str()));
            let ends = |word: &String, path: &str| !path.is_empty() && (word == path || word.ends_with(&format!("/{path}")));
            let from = verb.then(|| words.iter().position(|word| ends(word, output.as_str()) || ends(word, tail))).flatten();
            let into = |word: &String| ends(word, wanted.as_str()) || output.name() == wanted.name() && ends(word, place.as_str());
            if from.is_some_and(|at| words.iter().skip(at + 1).any(into)) {
                return Some(Evidence::line(text.path().clone(), number, line.trim()));
            }
        }
    }
    None
}

fn pages_manifest(tree: &Tree, pages: &Pages) -> Option<Rc<Text>> {
    tree.dir(pages.draft.root.clone()).peek("package.json")
}

/// Nothing makes what is embedded.
fn missing(tree: &Tree, one: &Embedded, candidates: &[Pages]) -> Diagnostic {
    let path = crate::model::evidence::tame(one.path.as_str());
    let submodule = tree.root().peek(".gitmodules").is_some_and(|text| {
        let folders = text.lines().filter_map(|(_, line)| line.trim().strip_prefix("path = ").and_then(RelPath::new)).collect::<Vec<_>>();
        folders.iter().any(|folder| one.path.below(folder).is_some())
    });
    let problem = Diagnostic::error("embed-missing", format!("`{path}` is compiled into the program, and the repository does not hold it")).at(one.at.clone());
    if submodule {
        return problem.help("it belongs to a git submodule: fetch it with `git submodule update --init`, then run dockgen again");
    }
    let known: Vec<String> = candidates.iter().filter_map(|pages| Some(format!("`{}`", pages.output.as_ref()?))).collect();
    let builds = if known.is_empty() { "no package.json builds it".to_owned() } else { format!("what is built is {}", known.join(", ")) };
    problem.help(format!("{builds}: commit it, or pass --build-cmd with the commands that make it and then compile the program"))
}

#[cfg(test)]
mod tests {
    use super::{Embedded, Program, seen, take};
    use crate::detect::source;
    use crate::fs::Tree;
    use crate::model::{Answers, Evidence, RelPath, ServiceDraft};

    const VITE: &str = r#"{"scripts": {"build": "vite build"}, "devDependencies": {"vite": "7.0.0"}}"#;

    fn taken(files: &[(&str, &str)], home: &str, embedded: &str) -> ServiceDraft {
        let tree = Tree::memory(files.iter().copied());
        let home = tree.dir(RelPath::known(home));
        let texts = source::files(&home, &["go"], &[]);
        let embedded: Vec<Embedded> = RelPath::new(embedded)
            .filter(|path| !path.is_root())
            .map(|path| Embedded { path, at: Evidence::file(RelPath::known("main.go")), sure: true })
            .into_iter()
            .collect();
        let mut draft = ServiceDraft::new("go", home.path().clone(), "a");
        take(&mut draft, &Program { dir: &home, texts: &texts, embedded, ending: "go" }, &Answers::default()).expect("fine");
        draft
    }

    fn front(files: &[(&str, &str)], home: &str, embedded: &str) -> Option<(String, String, bool)> {
        taken(files, home, embedded).front.map(|front| (front.output.as_str().to_owned(), front.wanted.clone(), front.read))
    }

    fn is(output: &str, wanted: &str, read: bool) -> (String, String, bool) {
        (output.to_owned(), wanted.to_owned(), read)
    }

    #[test]
    fn what_is_embedded_is_built_by_the_package_that_makes_it() {
        let web = ("web/package.json", VITE);
        let page = ("web/index.html", "");
        assert_eq!(front(&[web, page], "", "web/dist"), Some(is("web/dist", "web/dist", false)));
        assert_eq!(front(&[web, page], "", "web/dist/assets"), Some(is("web/dist", "web/dist", false)));
        assert_eq!(front(&[web, page, ("web/dist/.gitkeep", "")], "", "web/dist"), Some(is("web/dist", "web/dist", false)));
        assert_eq!(front(&[web, page, ("web/dist/index.html", ""), ("web/dist/a.js", "")], "", "web/dist"), None);
        let elsewhere = ("web/vite.config.ts", "export default defineConfig({ build: { outDir: '../server/static' } })");
        assert_eq!(front(&[web, page, elsewhere], "server", "server/static"), Some(is("server/static", "static", false)));
    }

    #[test]
    fn a_bundler_without_a_known_output_makes_what_is_missing_in_its_folder() {
        let web = ("ui/package.json", r#"{"scripts": {"build": "node build.mjs"}}"#);
        assert_eq!(front(&[web], "", "ui/public/bundle"), Some(is("ui/public/bundle", "ui/public/bundle", false)));
    }

    #[test]
    fn a_script_or_a_setting_may_name_it() {
        let script = r#"{"scripts": {"build": "vite build", "release": "vite build --outDir=../server/ui/dist"}, "devDependencies": {"vite": "7.0.0"}}"#;
        let draft = taken(&[("web/package.json", script), ("web/index.html", "")], "", "server/ui/dist");
        let front = draft.front.expect("a front end");
        assert_eq!((front.output.as_str(), front.draft.build.map(|build| build.value.to_string())), ("server/ui/dist", Some("npm run release".to_owned())));
        let settings = ("web/svelte.config.js", "pages: process.env.OUT ?? '../server/ui/dist',");
        assert_eq!(front_of(&[("web/package.json", VITE), ("web/index.html", ""), settings]), Some("server/ui/dist".to_owned()));
    }

    fn front_of(files: &[(&str, &str)]) -> Option<String> {
        front(files, "", "server/ui/dist").map(|(output, _, _)| output)
    }

    #[test]
    fn a_script_may_copy_it() {
        let files = [("web/package.json", VITE), ("web/index.html", ""), ("Makefile", "ui:\n\tcd web && npm run build\n\tcp -r web/dist internal/ui/\n")];
        assert_eq!(front(&files, "", "internal/ui/dist"), Some(is("web/dist", "internal/ui/dist", false)));
    }

    #[test]
    fn what_nothing_makes_is_an_error() {
        let draft = taken(&[("web/package.json", VITE), ("web/index.html", "")], "", "internal/static");
        assert!(draft.front.is_none());
        let problem = draft.notes.last().expect("an error");
        assert_eq!(problem.id, "embed-missing");
        assert!(problem.help.as_deref().is_some_and(|help| help.contains("`web/dist`")));
    }

    #[test]
    fn a_folder_that_is_sent_is_read() {
        let files = [("backend/main.go", "fs(\"../frontend/dist\")"), ("frontend/package.json", VITE), ("frontend/index.html", "")];
        assert_eq!(front(&files, "backend", ""), Some(is("frontend/dist", "/frontend/dist", true)));
        assert_eq!(
            front(&[("main.go", "fs(\"./web/dist/index.html\")"), ("web/package.json", VITE), ("web/index.html", "")], "", ""),
            Some(is("web/dist", "web/dist", true))
        );
        assert_eq!(front(&[("main.go", "fs(\"./web\")"), ("web/package.json", VITE)], "", ""), None);
    }

    #[test]
    fn paths_are_seen_from_a_folder() {
        let path = |text: &str| RelPath::known(text);
        assert_eq!(seen(&path("a/b/c"), &path("a"), ""), "b/c");
        assert_eq!(seen(&path("a/b"), &path("x/y"), ""), "../../a/b");
        assert_eq!(seen(&path("a/b"), &path("x"), "/"), "/a/b");
    }
}
