//! What the repository's own container files say of a program: the port and the command of a Dockerfile that people wrote, the command of
//! compose or of a systemd unit. It counts where the source leaves something open; a file of dockgen's own says nothing new.

use std::collections::BTreeMap;

use super::listening::FREE;
use crate::fs::{Dir, Text, Tree};
use crate::manifest::dockerfile::{self, Recipe, Says};
use crate::manifest::{COMPOSE, Document, Node};
use crate::model::{Cmd, Evidence, RelPath, ServiceDraft};

/// What is done once before a new version starts: no container of many does it, and none that can't write beside its code.
pub const BEFORE: &[&str] = &["migrate", "collectstatic", "db upgrade", "alembic upgrade", "aerich upgrade", "compilemessages", "createcachetable", "compress"];

/// Programs that only start another.
const WRAPPERS: &[&str] = &["tini", "dumb-init", "exec", "env", "--", "-g", "catatonit", "docker-init"];

/// Programs that run as another user, whose name follows.
const USERS: &[&str] = &["gosu", "su-exec", "setpriv"];

/// Images of programs that stand before or beside the service.
const OTHERS: &[&str] = &["nginx", "nginx-unprivileged", "caddy", "httpd", "traefik", "haproxy", "postgres", "mysql", "mariadb", "redis", "mongo"];

/// Folders where teams keep the script that their image starts.
const SCRIPTS: &[&str] = &["", "docker", ".docker", "scripts", "script", "bin", "deploy", "build"];

/// Units that are this deep below a folder are no longer its own.
const NEAR: usize = 3;

/// Folders of the system, in which the build of an image puts files.
const MADE: &[&str] = &["/etc/", "/usr/", "/root/"];

/// A command line, with the paths that the repository has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Words, or text for a shell.
    pub text: String,
    /// What runs before it, empty where nothing does.
    pub before: String,
    /// Where it stands.
    pub at: Evidence,
}

/// A service of compose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Composed {
    /// Its name.
    pub name: String,
    /// Its command.
    pub line: Line,
    /// Whether anybody reaches it from outside.
    pub published: bool,
}

/// The Dockerfile of a folder that people wrote.
fn recipe(dir: &Dir<'_>) -> Option<Recipe> {
    let file = dir.first_of(dockerfile::NAMES.iter().copied()).map(str::to_owned).or_else(|| {
        let named = |file: &&str| file.strip_prefix("Dockerfile.").or_else(|| file.strip_suffix(".Dockerfile")).is_some_and(|part| part.starts_with("prod"));
        dir.files().find(named).map(str::to_owned)
    })?;
    if is_own(dir.tree(), &dir.at(&file)) {
        return None;
    }
    let recipe = Recipe::read(&*dir.peek(&file)?).ok()?;
    let image = recipe.last().last().and_then(|stage| stage.image.clone()).unwrap_or_default();
    let name = image.split('@').next()?.split(':').next()?.rsplit('/').next()?.to_owned();
    (!OTHERS.contains(&name.as_str())).then_some(recipe)
}

/// Whether dockgen wrote a file.
fn is_own(tree: &Tree, path: &RelPath) -> bool {
    let lock = RelPath::new(crate::config::LOCK).and_then(|lock| tree.on_disk(&lock).ok().flatten());
    let Some(lock) = lock.and_then(|text| Document::toml(&text).ok()) else { return false };
    let files = lock.get(&["file"]).into_iter().flat_map(Node::items);
    files.filter_map(|file| file.get(&["path"])?.str()).any(|known| known == path.as_str())
}

/// The port that a service's Dockerfile exposes, where it is one and the draft has no better word.
pub fn port(dir: &Dir<'_>, draft: &ServiceDraft) -> Option<(u16, Evidence)> {
    let recipe = recipe(dir)?;
    let known = env(&recipe);
    let mut ports: Vec<(u16, Evidence)> = Vec::new();
    for step in recipe.last().iter().flat_map(|stage| &stage.steps) {
        let Says::Expose(words) = &step.says else { continue };
        for word in words.iter().filter_map(|word| dockerfile::fill(word, &known)).filter(|word| !word.ends_with("/udp")) {
            if let Ok(port @ 1..) = word.split('/').next().unwrap_or_default().parse::<u16>()
                && !ports.iter().any(|(other, _)| *other == port)
            {
                ports.push((port, recipe.at(step.line, format!("EXPOSE {port}"))));
            }
        }
    }
    // A program that is told its port needs no low one.
    ports.retain(|(port, _)| *port >= FREE || draft.port.is_none());
    // An image that exposes nothing often tells its program.
    if ports.is_empty() {
        let told = known.get("PORT").and_then(|port| port.parse().ok()).filter(|port| *port >= FREE)?;
        let line =
            recipe.effective(|step| matches!(&step.says, Says::Env(_) | Says::Arg(_)).then(|| step.line_of("PORT")).filter(|_| step.text.contains("PORT")));
        return Some((told, recipe.at(line.unwrap_or(1), format!("PORT={told}"))));
    }
    match &ports[..] {
        [only] => Some(only.clone()),
        _ => None,
    }
}

/// The command that the repository's own files run a program by: the Dockerfile's, then compose's, then a unit's of systemd.
pub fn command(dir: &Dir<'_>) -> Option<Line> {
    let composed = || of_compose(dir).into_iter().find(|service| service.published).map(|service| service.line);
    of_dockerfile(dir).or_else(composed).or_else(|| of_unit(dir))
}

/// The last command of the script that a command line starts, where it only does that.
pub fn unfolded(dir: &Dir<'_>, command: &str) -> Option<Line> {
    let known = BTreeMap::new();
    let place = Place { dir, workdir: "", known: &known };
    let words = Place::unwrapped(&shlex::split(command)?);
    let [script] = &words[..] else { return None };
    place.of_script(&*place.script(script)?)
}

fn env(recipe: &Recipe) -> BTreeMap<String, String> {
    recipe.env().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn of_dockerfile(dir: &Dir<'_>) -> Option<Line> {
    let recipe = recipe(dir)?;
    let place = |step: &dockerfile::Step| recipe.at(step.line, step.text.lines().next().unwrap_or_default().trim());
    let entry = recipe.effective(|step| if let Says::Entrypoint(cmd) = &step.says { Some((cmd.clone(), place(step))) } else { None });
    let cmd = recipe.effective(|step| if let Says::Cmd(cmd) = &step.says { Some((cmd.clone(), place(step))) } else { None });
    let workdir = recipe.effective(|step| if let Says::Workdir(at) = &step.says { Some(at.clone()) } else { None });
    let known = env(&recipe);
    let workdir = workdir.and_then(|at| dockerfile::fill(&at, &known)).unwrap_or_default();
    let (cmd, cmd_at) = cmd.map_or((None, None), |(cmd, at)| (Some(cmd), Some(at)));
    let at = cmd_at.clone().or_else(|| entry.as_ref().map(|(_, at)| at.clone()))?;
    let place = Place { dir, workdir: &workdir, known: &known };
    let plain = |cmd: &Cmd| match cmd {
        Cmd::Exec(words) => words.iter().filter(|word| !word.is_empty()).cloned().collect::<Vec<_>>(),
        // What a shell is given is one word to it.
        Cmd::Shell(text) => vec!["sh".to_owned(), "-c".to_owned(), text.clone()],
    };
    let entry_words = entry.as_ref().map(|(cmd, _)| Place::unwrapped(&plain(cmd))).unwrap_or_default();
    let cmd_words = cmd.as_ref().map(plain).unwrap_or_default();
    // A script that ends in the command that it is given only prepares.
    if let Some(script) = entry_words.first().and_then(|word| place.script(word)) {
        if !cmd_words.is_empty() && script.as_str().contains("\"$@\"") {
            return place.line(&cmd_words, at);
        }
        return place.of_script(&script);
    }
    let words: Vec<String> = entry_words.into_iter().chain(cmd_words).collect();
    if let Some(script) = Place::unwrapped(&words).first().and_then(|word| place.script(word)) {
        return place.of_script(&script);
    }
    place.line(&words, at)
}

/// The services of compose that are built from a folder and have a command of their own.
pub fn of_compose(dir: &Dir<'_>) -> Vec<Composed> {
    let root = dir.tree().root();
    let Some(file) = root.first_of(COMPOSE.iter().copied()).filter(|file| !is_own(dir.tree(), &root.at(file))) else { return Vec::new() };
    let Some(doc) = Document::read(&root, file).ok().flatten() else { return Vec::new() };
    let known = BTreeMap::new();
    let mut found = Vec::new();
    for (name, service) in doc.get(&["services"]).into_iter().flat_map(Node::entries) {
        let context = service.get(&["build"]).and_then(|build| build.str().or_else(|| build.get(&["context"]).and_then(Node::str)));
        let here = context.and_then(|context| RelPath::root().join(context.trim_start_matches("./").trim_end_matches(['/', '.'])));
        if here.as_ref() != Some(dir.path()) {
            continue;
        }
        let Some(node) = service.get(&["command"]) else { continue };
        let words = match node.str() {
            Some(text) => shlex::split(text).unwrap_or_default(),
            None => node.items().filter_map(Node::str).map(str::to_owned).collect(),
        };
        let at = doc.evidence(&["services", name, "command"], node);
        let place = Place { dir, workdir: "", known: &known };
        let published = service.get(&["ports"]).is_some();
        found.extend(place.line(&words, at).map(|line| Composed { name: name.to_owned(), line, published }));
    }
    found
}

/// The command of the only unit that starts a file of the repository.
fn of_unit(dir: &Dir<'_>) -> Option<Line> {
    let near = |path: &&RelPath| path.name().ends_with(".service") && path.below(dir.path()).is_some_and(|below| below.matches('/').count() < NEAR);
    let known = BTreeMap::new();
    let place = Place { dir, workdir: "", known: &known };
    let mut found = dir.files_below().filter(near).filter_map(|path| {
        let text = dir.tree().read(path).ok().flatten()?;
        let (number, line) = text.lines().find(|(_, line)| line.trim_start().starts_with("ExecStart="))?;
        let words = shlex::split(line.trim_start().strip_prefix("ExecStart=")?.trim_start_matches(['-', '@', ':', '+', '!']))?;
        // Specifiers of systemd (`%i`) mean nothing in a container.
        (!line.contains('%')).then(|| place.line(&words, Evidence::line(path.clone(), number, line.trim())))?
    });
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Where a command runs.
struct Place<'a> {
    dir: &'a Dir<'a>,
    workdir: &'a str,
    known: &'a BTreeMap<String, String>,
}

impl Place<'_> {
    /// The words without what only starts them.
    fn unwrapped(words: &[String]) -> Vec<String> {
        let mut rest = words;
        while let [first, tail @ ..] = rest {
            let program = first.rsplit('/').next().unwrap_or(first);
            if WRAPPERS.contains(&program) {
                rest = tail;
            } else if USERS.contains(&program) && !tail.is_empty() {
                rest = &tail[1..];
            } else if matches!(program, "sh" | "bash" | "ash")
                && let [script] = tail
                && script.strip_suffix(".sh").is_some()
            {
                rest = tail;
            } else {
                break;
            }
        }
        rest.to_vec()
    }

    /// A script of the repository's, wherever the image has it.
    fn script(&self, word: &str) -> Option<std::rc::Rc<Text>> {
        let name = word.rsplit('/').next()?;
        let is_script = name.strip_suffix(".sh").is_some() || name.contains("entrypoint") && !name.contains('.');
        let own = self.file(word).filter(|_| is_script);
        own.and_then(|path| self.dir.peek(&path)).or_else(|| {
            let folders = SCRIPTS.iter().filter(|_| is_script);
            folders.map(|folder| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }).find_map(|path| self.dir.peek(&path))
        })
    }

    /// The last command of a script.
    fn of_script(&self, script: &Text) -> Option<Line> {
        let lines: Vec<(u32, &str)> = script.lines().map(|(number, line)| (number, line.trim())).collect();
        let plain = |line: &&(u32, &str)| !line.1.is_empty() && !line.1.starts_with('#');
        let (number, line) = lines.iter().rev().find(|line| line.1.starts_with("exec ")).or_else(|| lines.iter().rev().find(plain))?;
        let goes_on = line.ends_with('\\') || matches!(*line, "fi" | "done" | "esac" | "}" | ";;");
        let words = shlex::split(line).filter(|_| !goes_on && !line.contains("\"$@\""))?;
        let mut found = self.line(&words, Evidence::line(script.path().clone(), *number, *line))?;
        let steps = lines.iter().take_while(|(earlier, _)| earlier < number).filter(|(_, step)| BEFORE.iter().any(|sign| step.contains(sign)));
        let said = |step: &str| ["if ", "elif ", "while ", "until ", "for ", "echo ", "#"].iter().any(|word| step.starts_with(word));
        let steps: Vec<&str> = steps.map(|(_, step)| *step).filter(|step| !said(step) && !step.contains("collectstatic")).collect();
        if found.before.is_empty() {
            found.before = steps.join(" && ");
        }
        Some(found)
    }

    /// The repository's file that a word of the image means: by the end of its path.
    fn file(&self, word: &str) -> Option<String> {
        let full = if word.starts_with('/') { word.to_owned() } else { format!("{}/{}", self.workdir.trim_end_matches('/'), word.trim_start_matches("./")) };
        let parts: Vec<&str> = full.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        (0..parts.len()).map(|from| parts[from..].join("/")).find(|path| self.dir.has(path))
    }

    /// A command line with the repository's paths; `None` where a path or a variable is not the repository's.
    fn line(&self, words: &[String], at: Evidence) -> Option<Line> {
        let words = Self::unwrapped(words);
        let (mut text, mut before) = (Vec::new(), String::new());
        let mut words = match &words[..] {
            [shell, flag, script] if matches!(shell.rsplit('/').next(), Some("sh" | "bash" | "ash")) && flag.starts_with('-') && flag.ends_with('c') => {
                // What the image doesn't set, the container is given.
                let mut known = self.without_port();
                for name in script.split("${").skip(1).filter_map(|rest| rest.split(['}', ':', '-']).next()) {
                    known.entry(name.to_owned()).or_insert_with(|| format!("${{{name}}}"));
                }
                let script = dockerfile::fill(script, &known)?;
                let (first, last) = script.rsplit_once("&&").or_else(|| script.rsplit_once(';')).unwrap_or(("", &script));
                first.trim().clone_into(&mut before);
                if last.contains(['|', '&', '<', '>', '`', '(']) {
                    return None;
                }
                Self::unwrapped(&shlex::split(last)?)
            }
            _ => words,
        };
        // What a script gathers in a list, it gathers when it runs.
        words.retain(|word| word != "--reload" && !word.contains("[@]}"));
        // The program of a virtual environment, by its interpreter.
        if let [python, program, ..] = &words[..]
            && python.rsplit('/').next().is_some_and(|name| name.starts_with("python"))
            && program.contains("/bin/")
            && !program.contains('.')
        {
            words.remove(0);
        }
        for (number, word) in words.iter().enumerate() {
            let given = word.contains("${");
            let word = if given { word.clone() } else { dockerfile::fill(word, &self.without_port())? };
            let program = word.rsplit('/').next().unwrap_or(&word);
            let word = if number == 0 && word.contains('/') && self.file(&word).is_none() { program.to_owned() } else { word };
            // What the build of that image puts there is not in this one.
            if number > 0 && word.starts_with('/') && MADE.iter().any(|top| word.starts_with(top)) && self.file(&word).is_none() {
                return None;
            }
            let is_code = [".py", ".js", ".mjs", ".cjs", ".ts"].iter().any(|ending| word.ends_with(ending));
            text.push(if is_code { self.file(&word)? } else { word });
        }
        let first = text.first_mut()?;
        if first.starts_with("python") && first[6..].chars().all(|c| c.is_ascii_digit() || c == '.') {
            "python".clone_into(first);
        }
        // A file that is started by itself needs its interpreter.
        if first.strip_suffix(".py").is_some() {
            text.insert(0, "python".to_owned());
        }
        let given = |word: &String| word.contains("$PORT") || word.contains("${");
        let text: Vec<String> = text.iter().map(|word| if given(word) { word.clone() } else { Cmd::word(word) }).collect();
        Some(Line { text: text.join(" "), before, at })
    }

    /// The variables of the image; the port stays one where the image gives it no value.
    fn without_port(&self) -> BTreeMap<String, String> {
        let mut known = self.known.clone();
        known.entry("PORT".to_owned()).or_insert_with(|| "$PORT".to_owned());
        known
    }
}

#[cfg(test)]
mod tests {
    use super::{command, of_compose, port};
    use crate::fs::Tree;
    use crate::model::{RelPath, ServiceDraft};

    fn said(files: &[(&str, &str)]) -> Option<String> {
        command(&Tree::memory(files.iter().copied()).root()).map(|line| format!("{} ({})", line.text, line.at.place()))
    }

    #[test]
    fn commands_with_the_repositorys_paths() {
        let main = ("src/main.py", "");
        for (dockerfile, expected) in [
            ("FROM x\nWORKDIR /app\nCMD [\"python3\", \"src/main.py\", \"-v\"]\n", Some("python src/main.py -v (Dockerfile:3)")),
            ("FROM x\nWORKDIR /app/src\nENTRYPOINT [\"tini\", \"--\"]\nCMD [\"/venv/bin/python\", \"main.py\"]\n", Some("python src/main.py (Dockerfile:4)")),
            ("FROM x\nCMD uvicorn main:app --reload --port $PORT\n", Some("uvicorn main:app --port $PORT (Dockerfile:2)")),
            ("FROM x\nWORKDIR /srv/src\nCMD uvicorn main:app\n", Some("uvicorn main:app (Dockerfile:3)")),
            ("FROM x\nENV INI=a.ini\nCMD [\"sh\", \"-c\", \"kinto migrate && kinto start --ini $INI\"]\n", Some("kinto start --ini a.ini (Dockerfile:3)")),
            ("FROM x\nCMD run --x $UNKNOWN\n", None),
            ("FROM x\nCMD [\"python\", \"gone.py\"]\n", None),
            ("FROM nginx:1\nCMD [\"x\"]\n", None),
        ] {
            assert_eq!(said(&[("Dockerfile", dockerfile), main]).as_deref(), expected, "{dockerfile}");
        }
    }

    #[test]
    fn scripts_units_and_compose() {
        let entry = ("Dockerfile", "FROM x\nCOPY e.sh /\nENTRYPOINT [\"/e.sh\"]\nCMD [\"serve\"]\n");
        assert_eq!(said(&[entry, ("e.sh", "prepare\nexec \"$@\"\n")]).as_deref(), Some("serve (Dockerfile:4)"));
        assert_eq!(said(&[entry, ("e.sh", "prepare\nexec gunicorn a:b\n")]).as_deref(), Some("gunicorn a:b (e.sh:2)"));
        assert_eq!(said(&[entry, ("e.sh", "exec gosu me serve \"${ARGS[@]}\"\n")]).as_deref(), Some("serve (e.sh:1)"));
        let unit = ("linux/x.service", "[Service]\nExecStart=/usr/bin/python3 /opt/x/X.py --port 80\n");
        assert_eq!(said(&[unit, ("X.py", "")]).as_deref(), Some("python X.py --port 80 (linux/x.service:2)"));
        let compose = "services:\n  web:\n    build: .\n    command: flask run\n  db:\n    image: x\n    command: y\n";
        let tree = Tree::memory([("docker-compose.yml", compose)]);
        assert_eq!(of_compose(&tree.root()).iter().map(|service| format!("{} {}", service.name, service.line.text)).collect::<Vec<_>>(), ["web flask run"]);
    }

    #[test]
    fn ports_of_files_that_people_wrote() {
        let tree = |text: &'static str, lock: &'static str| Tree::memory([("Dockerfile", text), ("dockgen.lock", lock)]);
        let draft = ServiceDraft::new("python", RelPath::root(), "a");
        let of = |text, lock| port(&tree(text, lock).root(), &draft).map(|(port, at)| (port, at.place()));
        assert_eq!(of("FROM x\nENV P=8181\nEXPOSE ${P}/tcp 53/udp\n", ""), Some((8181, "Dockerfile:3".to_owned())));
        assert_eq!(of("FROM x\nEXPOSE 80 443\n", ""), None);
        assert_eq!(of("FROM x\nENV PORT=9099\n", ""), Some((9099, "Dockerfile:2".to_owned())));
        assert_eq!(of("FROM x\nEXPOSE 8181\n", "version = 1\n[[file]]\npath = \"Dockerfile\"\n"), None);
    }
}
