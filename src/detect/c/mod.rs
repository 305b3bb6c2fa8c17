//! C and C++: what builds them, the programs that come out, and the libraries that those load.

mod cmake;
mod folder;
mod presets;
mod program;
mod systems;
mod texts;
mod writes;

use std::rc::Rc;

use folder::{alone, below, delegate, is_cpp, is_source, kernel, managers, own_script};
use systems::{Facts, Program};

use super::{Detector, Found, asked, listening, reads, source};
use crate::catalog::StackPack;
use crate::fs::{Dir, Text};
use crate::model::question::Question;
use crate::model::{Answers, Candidates, Claim, Cmd, Decision, Dependency, Diagnostic, Evidence, Kind, Open, ServiceDraft, Source, Strength};

/// The endings of source files.
const C: &[&str] = &["c", "h"];
const CPP: &[&str] = &["cpp", "cc", "cxx", "hpp", "hh", "hxx"];

/// The build systems and the file by which each is known, in order of precedence.
const SYSTEMS: &[(&str, &str)] = &[
    ("cmake", "CMakeLists.txt"),
    ("meson", "meson.build"),
    ("autotools", "configure.ac"),
    ("make", "Makefile"),
    ("make", "makefile"),
    ("make", "GNUmakefile"),
];

/// Words in the names of programs that try others, or call them.
const TESTS: &[&str] = &["bench", "benchmark", "benchmarks", "client", "example", "examples", "fuzz", "fuzzer", "test", "tests", "unittest", "unittests"];

/// No build system: the compiler is called for the sources.
const ALONE: &str = "";

/// The detector.
pub struct Native;

impl Detector for Native {
    fn id(&self) -> &'static str {
        "c"
    }

    fn claims(&self, dir: &Dir<'_>) -> Option<Claim> {
        let at = |file: &str| Evidence::file(dir.at(file));
        if let Some(file) = ["CMakeLists.txt", "meson.build", "configure.ac"].into_iter().find(|file| dir.has(file)) {
            return Some(Claim::new(Strength::Likely, at(file)));
        }
        let source = dir.files().find(|file| is_source(file));
        let below = ["src", "source"].into_iter().find(|folder| dir.dir(folder).files().any(is_source));
        match dir
            .first_of(["Makefile", "makefile", "GNUmakefile"])
            .filter(|_| source.is_some() || below.is_some() || delegate(dir).is_some_and(|_| dir.files_below().any(|path| is_source(path.name()))))
        {
            Some(file) => Some(Claim::new(Strength::Likely, at(file))),
            None => Some(Claim::new(Strength::Hint, at(source?))),
        }
    }

    fn draft(&self, dir: &Dir<'_>, pack: &StackPack, answers: &Answers) -> Result<Found, Diagnostic> {
        let hints = answers.hints(dir.path(), dir.path().name());
        let mut systems = Candidates::new();
        for (name, file) in SYSTEMS.iter().filter(|(_, file)| dir.has(file)) {
            systems.push((*name).to_owned(), Source::File(Evidence::file(dir.at(file))));
        }
        let texts: Vec<Rc<Text>> = source::files(dir, &[C, CPP].concat(), &[]).iter().map(texts::on_linux).collect();
        systems.extend(texts.first().map(|text| (ALONE.to_owned(), Source::inferred("no build file", [text.evidence()]))));
        let known: Vec<&str> = pack.package_manager.iter().map(|row| row.id.as_str()).collect();
        let Some(mut system) = asked::one_of(&hints, Question::PackageManager, &known, systems)? else { return Ok(Found::default()) };
        system.outvoted.clear();
        let facts = match system.value.as_str() {
            "cmake" => cmake::cmake(dir, &presets::variables(dir).map(|given| given.value).unwrap_or_default()),
            "meson" => systems::meson(dir),
            "autotools" => systems::autotools(dir),
            "make" => {
                let file = dir.first_of(["GNUmakefile", "makefile", "Makefile"]);
                let own = file.map(|file| dir.read(file)).transpose()?.flatten().map(|text| systems::make(&text)).unwrap_or_default();
                if own.programs.is_empty() { below(dir).unwrap_or(own) } else { own }
            }
            _ => alone(dir, &texts),
        };
        if let Some(at) = kernel(dir) {
            let message = "this is a module of the kernel: it is loaded into one, no container runs it";
            let mut draft = ServiceDraft::new("c", dir.path().clone(), dir.path().name());
            draft.notes.push(Diagnostic::error("unsupported-stack", message).at(at).help("an image can hold the programs that go with it: name their folder"));
            return Ok(Found::one(draft));
        }
        let project = Project { dir, pack, answers, system, facts, texts };
        let mut draft = project.draft()?;
        draft.notes.extend(managers(dir));
        Ok(Found::one(draft))
    }
}

/// One project and what was read of it.
struct Project<'a> {
    dir: &'a Dir<'a>,
    pack: &'a StackPack,
    answers: &'a Answers,
    system: Decision<String>,
    facts: Facts,
    texts: Vec<Rc<Text>>,
}

impl Project<'_> {
    fn draft(&self) -> Result<ServiceDraft, Diagnostic> {
        let chosen = self.chosen();
        let name = chosen.map(|program| program.name.clone()).or_else(|| self.facts.project.clone()).unwrap_or_else(|| self.dir.path().name().to_owned());
        let mut draft = ServiceDraft::new("c", self.dir.path().clone(), &name);
        let cpp = self.facts.cpp || self.is_cpp();
        draft.stack = if cpp { "cpp" } else { "c" }.to_owned();
        // The compiler alone is none.
        draft.package_manager = Some(self.system.clone()).filter(|system| system.value != ALONE);
        let Some(program) = chosen else {
            draft.open.push(self.question());
            return Ok(draft);
        };
        let hints = self.answers.hints(&draft.root, &draft.name);
        let texts = texts::of_program(&self.texts, program, &self.facts.programs);
        program::facts(&mut draft, &texts, texts::settings(self.dir, &program.name).as_deref(), &hints)?;
        self.packages(&mut draft, cpp);
        self.commands(&mut draft, program, cpp)?;
        let reads = reads::read(self.dir, &texts, "");
        let files = reads.texts(self.dir);
        reads.state(&mut draft);
        writes::C.search(self.dir, &mut draft, &texts, &files);
        if !self.dir.folders().any(|folder| folder == "build") {
            draft.ignore.push("build".to_owned());
        }
        // A program that was built outside would look up to date to make.
        if self.system.value != "cmake" && !self.dir.has_dir(&program.name) && !self.dir.has(&program.name) {
            draft.ignore.push(program.name.clone());
        }
        draft.watch.action = "sync+restart".to_owned();
        draft.watch.paths = vec![".".to_owned()];
        draft.compose.volumes = vec!["home:/home/app".to_owned()];
        Ok(draft)
    }

    /// Without a word of the build file the sources say it; where both languages lie there, the build file would have named C++.
    fn is_cpp(&self) -> bool {
        let sources = || self.texts.iter().map(|text| text.path().name()).filter(|name| is_source(name));
        sources().any(is_cpp) && (self.system.value == ALONE || sources().all(is_cpp))
    }

    /// The program: the one that was asked for, the only one, the only one that `make` makes, or the one that has the project's name.
    fn chosen(&self) -> Option<&Program> {
        let given = self.answers.get(Question::App).map(|given| given.value.as_str()).unwrap_or_default();
        let programs = self.applications();
        let named = |name: &str| programs.iter().copied().find(|program| program.name == name);
        let made: Vec<&Program> = programs.iter().copied().filter(|program| self.facts.made.contains(&program.output)).collect();
        self.facts.programs.iter().find(|program| program.name == given).or(match (programs.as_slice(), made.as_slice()) {
            ([only], _) | (_, [only]) => Some(*only),
            _ => {
                // A daemon's tool has its name without the `d`.
                let daemon = |program: &Program| program.name.strip_suffix('d').is_some_and(|tool| named(tool).is_some());
                let is_server = |program: &&Program| listening::is_server(&program.name) || daemon(program);
                let servers: Vec<&Program> = programs.iter().copied().filter(is_server).collect();
                let project =
                    self.facts.project.as_deref().and_then(named).filter(|tool| servers.iter().all(|one| !daemon(one) || !one.name.starts_with(&tool.name)));
                project.or(if let [only] = servers.as_slice() { Some(*only) } else { None })
            }
        })
    }

    /// The programs that are no tests, unless all are.
    fn applications(&self) -> Vec<&Program> {
        let tests = |program: &&Program| program.name.split(['-', '_', '.']).any(|part| TESTS.contains(&part.to_ascii_lowercase().as_str()));
        let all: Vec<&Program> = self.facts.programs.iter().collect();
        let kept: Vec<&Program> = all.iter().copied().filter(|program| !tests(program)).collect();
        if kept.is_empty() { all } else { kept }
    }

    fn question(&self) -> Open {
        let programs = self.applications();
        if programs.is_empty() {
            let message = "no program is built here: it is a library, or its build file names the program in a way that dockgen doesn't read".to_owned();
            return Open { question: Question::StartCmd, message, candidates: Vec::new() };
        }
        let candidates = programs.iter().map(|program| (program.name.clone(), Source::File(program.at.clone()))).collect();
        Open { question: Question::App, message: format!("{} programs are built here", programs.len()), candidates }
    }

    /// The compiler, the build system, and the libraries by their names in build files and by the headers that are included.
    fn packages(&self, draft: &mut ServiceDraft, cpp: bool) {
        let at = Evidence::file(self.dir.path().clone());
        let mut need = |name: &str, at: &Evidence| {
            let known = self.pack.system(name).is_some() && !draft.system.iter().any(|dependency| dependency.name == name);
            if known {
                draft.system.push(Dependency { name: name.to_owned(), at: at.clone(), production: true });
            }
            self.pack.system(name).is_some()
        };
        need(if cpp { "cpp" } else { "c" }, &at);
        need(&self.system.value, &at);
        let mut unknown = Vec::new();
        for library in &self.facts.libraries {
            // What the build can do without needs no word.
            if !need(&library.name, &library.at) && !library.name.starts_with("-l") && library.production {
                unknown.push(library);
            }
        }
        // The headers of what is fetched come along.
        let fetched = |header: &str| {
            let row = self.pack.system(header);
            row.is_some_and(|row| row.dependency.iter().any(|name| self.facts.fetched.iter().any(|own| name.to_ascii_lowercase().contains(own))))
        };
        for (header, at) in texts::included(self.dir, &self.texts).into_iter().filter(|(header, _)| !fetched(header)) {
            need(&header, &at);
        }
        let mut names: Vec<String> = unknown.iter().map(|library| format!("`{}`", crate::model::evidence::tame(&library.name))).collect();
        names.dedup();
        if let Some(first) = unknown.first() {
            draft.notes.push(
                Diagnostic::warning("unknown-library", format!("service `{}`: the packages of {} are not known", draft.name, names.join(", ")))
                    .at(first.at.clone())
                    .help("name them under [customize] in dockgen.toml, should the build need them"),
            );
        }
        draft.dependencies.clone_from(&self.facts.libraries);
    }

    fn commands(&self, draft: &mut ServiceDraft, program: &Program, cpp: bool) -> Result<(), Diagnostic> {
        let hints = self.answers.hints(&draft.root, &draft.name);
        let binary = &program.name;
        let put = format!("install -D {} /out/usr/local/bin/{binary}", program.output);
        let installs = self.facts.installs;
        let (build, dev) = match self.system.value.as_str() {
            "cmake" => {
                let given = presets::variables(self.dir);
                let more = given.iter().flat_map(|given| &given.value).chain(&self.facts.needless).map(|word| format!(" {word}")).collect::<String>();
                draft.facts.extend(given.map(|given| ("cmake variables".to_owned(), Decision::new(given.value.join(" "), given.source))));
                let last = if installs {
                    "cmake --install build --prefix /out/usr/local --strip".to_owned()
                } else {
                    format!("install -D --strip {} /out/usr/local/bin/{binary}", program.output)
                };
                let dev = format!("cmake -B build -G Ninja -DCMAKE_BUILD_TYPE=Debug{more} && cmake --build build && exec {}", program.output);
                // No cache of the linker's knows the project's own libraries in the production image.
                let linked = if installs && self.facts.own_libraries { " -DCMAKE_INSTALL_RPATH=/usr/local/lib" } else { "" };
                (format!("cmake -B build -G Ninja -DCMAKE_BUILD_TYPE=Release{linked}{more} && cmake --build build && {last}"), dev)
            }
            "meson" => {
                let last = if installs { "meson install -C build --destdir /out --strip".to_owned() } else { format!("meson compile -C build && {put}") };
                let dev = format!("{{ [ -d build ] || meson setup build; }} && meson compile -C build && exec {}", program.output);
                let linked = if self.facts.own_libraries { " --default-library=static" } else { "" };
                (format!("meson setup build --buildtype=release{linked} --prefix=/usr/local && {last}"), dev)
            }
            "autotools" => {
                // The image has one folder of programs.
                let aside = |prefix: &str| if self.facts.sbin { format!(" --sbindir={prefix}/bin") } else { String::new() };
                let make = &self.facts.bootstrap;
                let dev = format!("{make} && ./configure --prefix=/tmp/dev{} && make install && exec /tmp/dev/bin/{binary}", aside("/tmp/dev"));
                let linked = if self.facts.own_libraries { " --disable-shared" } else { "" };
                (format!("{make} && ./configure --prefix=/usr/local{}{linked} && make install DESTDIR=/out", aside("/usr/local")), dev)
            }
            "make" => {
                let configure = if own_script(self.dir) { "./configure --prefix=/usr/local && " } else { "" };
                let build = match (installs, configure) {
                    (true, "") => format!("make install DESTDIR=/out {}=/usr/local", self.facts.prefix),
                    (true, _) => format!("{configure}make install DESTDIR=/out"),
                    (false, _) => format!("{configure}make && {put}"),
                };
                (build, format!("{configure}make && exec ./{}", program.output))
            }
            _ => {
                let compile = self.compiler(program, cpp);
                let fixed = if hints.get(Question::Base).is_some_and(|given| given.value == "scratch") { " -static" } else { "" };
                (
                    compile(&format!("-O2 -Wall -Wextra -s{fixed} -o /usr/local/bin/{binary}")),
                    format!("{} && exec /tmp/{binary}", compile(&format!("-g -Wall -Wextra -o /tmp/{binary}"))),
                )
            }
        };
        let mut starts = Candidates::new();
        let stays = program::foreground(&self.texts).filter(|_| draft.kind != Kind::Tool);
        let words = std::iter::once(format!("/usr/local/bin/{binary}")).chain(stays.iter().map(|(flag, _)| flag.clone()));
        let rule = if stays.is_some() { "the program that is built, told not to leave its process" } else { "the program that is built" };
        starts.push(Cmd::Exec(words.collect()), Source::inferred(rule, std::iter::once(program.at.clone()).chain(stays.as_ref().map(|(_, at)| at.clone()))));
        draft.start = asked::command(&hints, Question::StartCmd, starts)?;
        let mut builds = Candidates::new();
        builds.push(Cmd::Shell(build), self.system.source.clone());
        draft.build = asked::command(&hints, Question::BuildCmd, builds)?;
        // What the program is started with in production, it is in development too.
        let words = draft.start.as_ref().map(|start| start.value.words()).filter(|words| words.first().is_some_and(|word| word.ends_with(binary.as_str())));
        let more = words.unwrap_or_default().iter().skip(1).map(|word| format!(" {}", Cmd::word(word))).collect::<String>();
        draft.dev = Some(Decision::new(Cmd::Shell(format!("{dev}{more}")), Source::default("compiles what changed")));
        draft.set("binary", binary.clone());
        draft.set("alone", self.system.value == ALONE);
        Ok(())
    }

    /// The call of the compiler for sources without a build file.
    fn compiler(&self, program: &Program, cpp: bool) -> impl Fn(&str) -> String {
        let others = self.texts.iter().filter(|text| is_source(text.path().name())).filter_map(|text| text.path().below(self.dir.path()));
        let others = others.filter(|path| *path != program.output && !self.facts.programs.iter().any(|other| other.output == *path));
        let files: Vec<String> =
            std::iter::once(program.output.as_str()).chain(others).filter_map(|path| shlex::try_quote(path).ok().map(std::borrow::Cow::into_owned)).collect();
        let mut flags: Vec<String> = Vec::new();
        for (header, _) in texts::included(self.dir, &self.texts) {
            let own = self.pack.data.get("flags").and_then(|flags| flags.get(&header)).and_then(toml::Value::as_str);
            let of_row = || self.pack.system(&header)?.dependency.iter().find(|name| name.starts_with("-l")).map(String::as_str);
            let flag = own.or_else(of_row);
            flags.extend(flag.filter(|flag| !flags.iter().any(|known| known == flag)).map(ToOwned::to_owned));
        }
        let compiler = if cpp { "g++" } else { "gcc" };
        let tail = files.into_iter().chain(flags).collect::<Vec<_>>().join(" ");
        move |options| format!("{compiler} {options} {tail}")
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    fn found(files: &[(&str, &str)]) -> String {
        let found = detect(&Tree::memory(files.iter().copied()), &Answers::default());
        let Some(draft) = found.services.first() else { return String::new() };
        let start = draft.start.as_ref().map(|start| start.value.to_string()).unwrap_or_default();
        format!("{start} {}", draft.port.as_ref().map(|port| port.value).unwrap_or_default())
    }

    #[test]
    fn a_client_or_a_test_beside_a_server_is_not_the_program() {
        let serve = |port: u16| format!("#include <sys/socket.h>\nint main(void) {{ short port = {port}; listen(s, 1); for (;;) accept(s, 0, 0); }}\n");
        let (own, other) = (serve(4000), serve(9734));
        let makefile = "all: httpd client\nhttpd: httpd.c\n\tgcc -o $@ $<\nclient: client.c\n\tgcc -o $@ $<\n";
        assert_eq!(found(&[("Makefile", makefile), ("httpd.c", &own), ("client.c", &other)]), "/usr/local/bin/httpd 4000");
        let cmake = "project(x C)\nadd_executable(crud-exe a.c)\nadd_executable(crud-test t.c)\n";
        assert_eq!(found(&[("CMakeLists.txt", cmake), ("a.c", &own)]), "/usr/local/bin/crud-exe 4000");
        let daemon = "project(knock C)\nadd_executable(knock k.c)\nadd_executable(knockd a.c)\n";
        assert_eq!(found(&[("CMakeLists.txt", daemon), ("a.c", &own)]), "/usr/local/bin/knockd 4000");
    }

    #[test]
    fn the_port_is_the_programs_own() {
        let serve = "int main(void) { listen(s, 1); for (;;) accept(s, 0, 0); }\n";
        let all = [("Makefile", "d: d.c\n\tcc -o $@ $<\n"), ("d.c", serve)];
        let port = |more: (&str, &str)| found(&[all[0], all[1], more]);
        for (more, expected) in [
            (("d.h", "#define Portdef \"11300\"\n"), "11300"),
            (("e.c", "int port = p ? std::stoi(p) : 6390;\n"), "6390"),
            (("e.c", "svr.listen(\"0.0.0.0\", env ? std::atoi(env) : 8085);\n"), "8085"),
            (("u.c", "puts(\" -p PORT  listen on port (default is 7001)\\n\");\n"), "7001"),
            (("w.c", "start(\"0.0.0.0\", \"7890\", 0);\n"), "7890"),
            (("etc/d.conf.in", "# Port 1\nPort 8888\nTimeout 6000\n"), "8888"),
            (("etc/other.conf", "Port 8888\n"), "0"),
            (("w.c", "#ifdef _WIN32\nint port = 7000;\n#endif\n"), "0"),
        ] {
            assert_eq!(port(more), format!("/usr/local/bin/d {expected}"), "{}", more.1);
        }
        let files = [
            ("CMakeLists.txt", "project(d C)\nadd_subdirectory(client)\nadd_subdirectory(src)\n"),
            ("client/CMakeLists.txt", "add_executable(d_pub pub.c)\n"),
            ("client/pub.c", "int main(void) { int port = 1884; }\n"),
            ("src/CMakeLists.txt", "add_executable(d main.c)\n"),
            ("src/main.c", &format!("int port = 1993;\n{serve}")),
        ];
        assert_eq!(found(&files), "/usr/local/bin/d 1993");
    }

    #[test]
    fn a_makefile_may_call_the_one_in_another_folder() {
        let inner = "TARGET = server\nall: ../code/main.cpp\n\t$(CXX) ../code/main.cpp -o ../bin/$(TARGET)\n";
        let files = [
            ("Makefile", "all:\n\tmkdir -p bin\n\tcd build && make\n"),
            ("build/Makefile", inner),
            ("code/main.cpp", "int main() { WebServer server(1316, 3); listen(a, b); }\n"),
        ];
        assert_eq!(found(&files), "/usr/local/bin/server 1316");
    }
}
