//! Who serves an application object, in production and in development.

use std::str::FromStr as _;

use pep440_rs::{Version as Release, VersionSpecifiers};

use super::apps::App;
use super::managers::{Manager, locked};
use super::project::Project;
use super::sockets;
use crate::catalog::StackPack;
use crate::fs::Dir;
use crate::model::{Cmd, Decision, Diagnostic, Evidence, ServiceDraft, Source, Version};

/// The first gunicorn that opens a control socket in the user's home, which no image has.
const CONTROL_SOCKET: [u64; 2] = [25, 1];

/// One release of each line of gunicorn, the newest first.
const GUNICORNS: &[[u64; 2]] = &[[27, 0], [26, 0], [25, 3], [25, 1], [25, 0], [23, 0], [22, 0], [21, 2], [20, 1]];

/// Where debugpy listens.
pub const DEBUG_PORT: u16 = 5678;

/// What is known of the servers at hand.
pub struct Servers<'a> {
    /// The folder of the service.
    pub dir: &'a Dir<'a>,
    /// Its manifests.
    pub project: &'a Project,
    /// Its package manager.
    pub manager: &'a Manager<'a>,
    /// The catalogue.
    pub pack: &'a StackPack,
    /// The port.
    pub port: u16,
    /// Servers that can be added where the project has none.
    pub extra: Vec<Extra>,
    /// What the lock holds for production.
    pub installed: Vec<String>,
}

/// A server that an image gets where the project has none.
#[derive(Clone, Debug)]
pub struct Extra {
    /// Its package, which is its command too.
    pub name: String,
    /// The version for the project's line of Python.
    pub version: String,
}

/// `[data.server]`: the version of each server for a line of Python.
pub fn extra(pack: &StackPack, line: Option<&Version>) -> Vec<Extra> {
    let rows = pack.data.get("server").and_then(toml::Value::as_table);
    let fitting = |versions: &toml::Value| {
        let versions = versions.as_table()?.iter().filter_map(|(from, version)| Some((from.parse::<Version>().ok()?, version.as_str()?)));
        versions.filter(|(from, _)| line.is_none_or(|line| from <= line)).max_by(|a, b| a.0.cmp(&b.0)).map(|(_, version)| version.to_owned())
    };
    rows.into_iter().flatten().filter_map(|(name, versions)| Some(Extra { name: name.clone(), version: fitting(versions)? })).collect()
}

/// Why a server is started that the project hasn't.
const FITS: &str = "the server that fits, for want of one among the dependencies";

/// Words of a command.
pub fn words(items: &[&str]) -> Vec<String> {
    items.iter().map(|item| (*item).to_owned()).collect()
}

impl Servers<'_> {
    fn port(&self) -> String {
        self.port.to_string()
    }

    fn bind(&self) -> String {
        format!("0.0.0.0:{}", self.port)
    }

    fn needs(&self, names: &[&str]) -> Option<Evidence> {
        self.project.needs(names).map(|requirement| requirement.at.clone())
    }

    /// uvicorn, by its own name or as an extra of FastAPI.
    fn uvicorn(&self) -> Option<Evidence> {
        self.needs(&["uvicorn", "uvicorn-worker"]).or_else(|| {
            let fastapi = self.project.needs(&["fastapi", "litestar"])?;
            fastapi.extras.iter().any(|extra| matches!(extra.as_str(), "standard" | "all" | "standard-no-fastapi-cloud-cli")).then(|| fastapi.at.clone())
        })
    }

    /// The command of production; `None` where no server is among the dependencies.
    pub fn production(&self, app: &App<'_>) -> Option<Decision<Cmd>> {
        match app.interface {
            "asgi" => Some(self.asgi(&app.target(), app.factory, &app.import_root, &app.at, brings(app))),
            "wsgi" => Some(self.wsgi(app)),
            "sanic" => Some(Decision::new(Cmd::exec(self.sanic(app, false)), Source::inferred("the application and Sanic's own server", [app.at.clone()]))),
            _ => None,
        }
    }

    fn asgi(&self, target: &str, factory: bool, root: &str, at: &Evidence, brought: &str) -> Decision<Cmd> {
        // What the framework brings serves where nobody chose another.
        let brought = |name: &str| (name == brought).then(|| at.clone());
        let (server, command) = if let Some(uvicorn) = self.uvicorn() {
            (uvicorn, self.uvicorn_words(target, factory, root))
        } else if let Some(hypercorn) = self.needs(&["hypercorn"]) {
            (hypercorn, self.hypercorn(target, factory, root))
        } else if let Some(granian) = self.needs(&["granian", "litestar-granian"]) {
            (granian, self.granian("asgi", target, factory, root))
        } else if let Some(daphne) = self.needs(&["daphne"]) {
            (daphne, self.daphne(target))
        } else if let Some(hypercorn) = brought("hypercorn") {
            (hypercorn, self.hypercorn(target, factory, root))
        } else if let Some(daphne) = brought("daphne") {
            (daphne, self.daphne(target))
        } else if let Some(uvicorn) = brought("uvicorn") {
            (uvicorn, self.uvicorn_words(target, factory, root))
        } else {
            return Decision::new(Cmd::exec(self.uvicorn_words(target, factory, root)), Source::inferred(FITS, [at.clone()]));
        };
        let mut from = vec![at.clone(), server];
        from.dedup();
        Decision::new(Cmd::exec(command), Source::inferred(format!("the application `{target}` and its server"), from))
    }

    fn daphne(&self, target: &str) -> Vec<String> {
        words(&["daphne", "-b", "0.0.0.0", "-p", &self.port(), target])
    }

    fn hypercorn(&self, target: &str, factory: bool, root: &str) -> Vec<String> {
        let target = if factory { format!("{target}()") } else { target.to_owned() };
        // It imports a path from its folder.
        let target = if root.is_empty() { target } else { format!("{root}/{target}") };
        words(&["hypercorn", &target, "--bind", &self.bind()])
    }

    fn uvicorn_words(&self, target: &str, factory: bool, root: &str) -> Vec<String> {
        let mut command = words(&["uvicorn", target]);
        if factory {
            command.push("--factory".to_owned());
        }
        if !root.is_empty() {
            command.extend(words(&["--app-dir", root]));
        }
        command.extend(words(&["--host", "0.0.0.0", "--port", &self.port()]));
        command
    }

    fn wsgi(&self, app: &App<'_>) -> Decision<Cmd> {
        let target = if app.factory { format!("{}()", app.target()) } else { app.target() };
        let rule = format!("the application `{}` and its server", app.target());
        if let Some(gunicorn) = self.needs(&["gunicorn"]) {
            return Decision::new(Cmd::exec(self.gunicorn(&target, &app.import_root)), Source::inferred(rule, [app.at.clone(), gunicorn]));
        }
        if let Some(waitress) = self.needs(&["waitress"]) {
            let mut command = words(&["waitress-serve", &format!("--listen={}", self.bind())]);
            if app.factory {
                command.push("--call".to_owned());
            }
            command.push(app.target());
            return Decision::new(Cmd::exec(command), Source::inferred(rule, [app.at.clone(), waitress]));
        }
        if let Some(uwsgi) = self.needs(&["uwsgi"]) {
            return Decision::new(Cmd::exec(self.uwsgi(&target, &app.import_root)), Source::inferred(rule, [app.at.clone(), uwsgi]));
        }
        if let Some(granian) = self.needs(&["granian"]) {
            let command = self.granian("wsgi", &app.target(), app.factory, &app.import_root);
            return Decision::new(Cmd::exec(command), Source::inferred(rule, [app.at.clone(), granian]));
        }
        Decision::new(Cmd::exec(self.gunicorn(&target, &app.import_root)), Source::inferred(FITS, [app.at.clone()]))
    }

    /// uWSGI, which by itself reloads on SIGTERM.
    fn uwsgi(&self, target: &str, root: &str) -> Vec<String> {
        let mut command = words(&["uwsgi", "--http-socket", &self.bind(), "--master", "--die-on-term", "--need-app"]);
        if !root.is_empty() {
            command.extend(words(&["--chdir", root]));
        }
        command.extend(words(&["--module", target]));
        command
    }

    fn granian(&self, interface: &str, target: &str, factory: bool, root: &str) -> Vec<String> {
        let mut command = words(&["granian", "--interface", interface, "--host", "0.0.0.0", "--port", &self.port()]);
        if factory {
            command.push("--factory".to_owned());
        }
        if !root.is_empty() {
            command.extend(words(&["--working-dir", root]));
        }
        command.push(target.to_owned());
        command
    }

    /// Sanic brings its own server.
    fn sanic(&self, app: &App<'_>, dev: bool) -> Vec<String> {
        let mut command = words(&["sanic", &app.target(), "--host", "0.0.0.0", "--port", &self.port()]);
        if app.factory {
            command.push("--factory".to_owned());
        }
        if dev {
            command.push("--dev".to_owned());
        }
        command
    }

    /// Adds the server that is started where it is no dependency, and says so.
    pub fn add_missing(&self, draft: &mut ServiceDraft) {
        let Some(start) = &draft.start else { return };
        let words = start.value.words();
        let Some(row) = self.extra.iter().find(|row| words.iter().any(|word| *word == row.name || word.contains(&format!("exec {} ", row.name)))) else {
            return;
        };
        let there = match row.name.as_str() {
            "uvicorn" => self.uvicorn(),
            // Channels has it as an extra.
            "daphne" => self.needs(&["daphne"]).or_else(|| {
                let channels = self.project.needs(&["channels"])?;
                channels.extras.iter().any(|extra| extra == "daphne").then(|| channels.at.clone())
            }),
            name => self.needs(&[name]),
        };
        let brought = draft.framework.as_ref().and_then(|framework| self.pack.framework(&framework.value)).and_then(|row| row.data.get("brings"));
        if there.is_some() || self.installed.contains(&row.name) || brought.and_then(toml::Value::as_str) == Some(&row.name) {
            return;
        }
        let at = start.source.evidence().cloned();
        let message = format!("service `{}`: `{}` is no dependency: the image adds {} {}", draft.name, row.name, row.name, row.version);
        draft
            .notes
            .push(Diagnostic::warning("no-server", message).at_all(at).help(format!("add `{}` to the dependencies, so that its version is yours", row.name)));
        draft.set("server", format!("{}=={}", row.name, row.version));
    }

    /// gunicorn: its heartbeat in memory, its control socket nowhere. What gunicorn.conf.py says is left to it.
    pub fn gunicorn(&self, target: &str, root: &str) -> Vec<String> {
        let mut command = words(&["gunicorn", target]);
        if !root.is_empty() {
            command.extend(words(&["--chdir", root]));
        }
        if !self.sets("bind") || super::listens::binds_inside(self.dir, "") {
            command.extend(words(&["--bind", &self.bind()]));
        }
        if !self.sets("worker_class") {
            command.extend(sockets::worker(self.project, self.gunicorn_major()));
        }
        command.extend(self.inside_an_image());
        command
    }

    /// The first number of gunicorn's version, where it is fixed.
    fn gunicorn_major(&self) -> Option<u64> {
        let locked = self.manager.lock().and_then(|lock| locked(self.dir, lock, "gunicorn"));
        let pinned = || self.project.needs(&["gunicorn"])?.versions.strip_prefix("==").map(str::to_owned);
        Release::from_str(locked.or_else(pinned)?.trim()).ok()?.release().first().copied()
    }

    /// The same as a variable, for a command of the project's own.
    pub fn gunicorn_settings(&self) -> String {
        self.inside_an_image().join(" ")
    }

    /// What gunicorn needs where the file system is read-only and the user has no home.
    fn inside_an_image(&self) -> Vec<String> {
        let mut options = Vec::new();
        if !self.sets("worker_tmp_dir") {
            options.extend(words(&["--worker-tmp-dir", "/dev/shm"]));
        }
        if self.gunicorn_has_control_socket() && !self.sets("control_socket") {
            options.push("--no-control-socket".to_owned());
        }
        options
    }

    fn sets(&self, name: &str) -> bool {
        self.dir.peek("gunicorn.conf.py").is_some_and(|text| text.as_str().lines().any(|line| line.trim_start().starts_with(name)))
    }

    /// What will be installed: what the lock holds, else the newest release that is allowed.
    fn gunicorn_has_control_socket(&self) -> bool {
        let new = |release: &[u64]| release >= &CONTROL_SOCKET[..];
        if let Some(version) = self.manager.lock().and_then(|lock| locked(self.dir, lock, "gunicorn")) {
            return Release::from_str(&version).is_ok_and(|version| new(version.release()));
        }
        let added = self.extra.iter().find(|row| row.name == "gunicorn").filter(|_| self.needs(&["gunicorn"]).is_none());
        if let Some(row) = added {
            return Release::from_str(&row.version).is_ok_and(|version| new(version.release()));
        }
        let versions = self.project.needs(&["gunicorn"]).map_or("", |requirement| requirement.versions.as_str());
        let Ok(range) = VersionSpecifiers::from_str(versions.trim()) else { return true };
        if let Some(exact) = versions.strip_prefix("==") {
            return Release::from_str(exact.trim()).is_ok_and(|version| new(version.release()));
        }
        let allowed = |line: &&[u64; 2]| (0..10).any(|patch| range.contains(&Release::new([line[0], line[1], patch])));
        GUNICORNS.iter().find(allowed).is_none_or(|line| new(line))
    }

    /// The command of development.
    pub fn development(&self, app: &App<'_>) -> Option<Decision<Cmd>> {
        let command = match app.interface {
            // One that fits, for want of another, reloads too.
            "asgi" => {
                let mut command = self.asgi(&app.target(), app.factory, &app.import_root, &app.at, brings(app)).value.words();
                if !command.first().is_some_and(|server| matches!(server.as_str(), "uvicorn" | "hypercorn")) {
                    return None;
                }
                command.push("--reload".to_owned());
                command
            }
            // Flask's own server reloads; the others' servers do where they can.
            "wsgi" if app.row.id != "flask" && app.row.id != "dash" => {
                let mut command = self.wsgi(app).value.words();
                if command.first().is_none_or(|server| server != "gunicorn") {
                    return None;
                }
                command.push("--reload".to_owned());
                command
            }
            "wsgi" => self.flask(app, true),
            "sanic" => self.sanic(app, true),
            _ => return None,
        };
        Some(Decision::new(Cmd::exec(self.debugged(command)), Source::inferred("it reloads on a change", [app.at.clone()])))
    }

    /// Flask's own server.
    pub fn flask(&self, app: &App<'_>, debug: bool) -> Vec<String> {
        let found_by_itself = app.factory && matches!(app.object.as_str(), "create_app" | "make_app") || matches!(app.object.as_str(), "app" | "application");
        let target = if found_by_itself { app.module.clone() } else { app.target() };
        let target = if app.import_root.is_empty() { target } else { format!("{}/{target}", app.import_root) };
        let mut command = words(&["flask", "--app", &target, "run", "--host", "0.0.0.0", "--port", &self.port()]);
        if debug {
            command.push("--debug".to_owned());
        }
        command
    }

    /// The same under a debugger, where the developers have one.
    pub fn debugged(&self, command: Vec<String>) -> Vec<String> {
        if self.project.has("debugpy").is_none() {
            return command;
        }
        let listen = format!("0.0.0.0:{DEBUG_PORT}");
        let mut all = words(&["python", "-Xfrozen_modules=off", "-m", "debugpy", "--listen", &listen]);
        match command.split_first() {
            Some((python, rest)) if python == "python" => all.extend_from_slice(rest),
            _ => {
                all.push("-m".to_owned());
                all.extend(command);
            }
        }
        all
    }

    /// The server of a Django project.
    pub fn django(&self, django: &super::django::Django) -> Option<Decision<Cmd>> {
        // What Channels does needs ASGI, whichever server for WSGI is there too.
        if let Some((target, at)) = &django.asgi
            && self.needs(&["channels", "daphne"]).is_some()
        {
            return Some(self.asgi(target, false, &django.imports, at, "daphne"));
        }
        if let Some((target, at)) = &django.wsgi
            && let Some(gunicorn) = self.needs(&["gunicorn"])
        {
            let rule = format!("the application `{target}` and its server");
            return Some(Decision::new(Cmd::exec(self.gunicorn(target, &django.imports)), Source::inferred(rule, [at.clone(), gunicorn])));
        }
        if let Some((target, at)) = &django.asgi
            && (django.wsgi.is_none() || self.uvicorn().is_some() || self.needs(&["hypercorn", "granian", "daphne"]).is_some())
        {
            return Some(self.asgi(target, false, &django.imports, at, ""));
        }
        let (target, at) = django.wsgi.as_ref()?;
        let rule = format!("the application `{target}` and its server");
        if let Some(waitress) = self.needs(&["waitress"]) {
            let command = words(&["waitress-serve", &format!("--listen={}", self.bind()), target]);
            return Some(Decision::new(Cmd::exec(command), Source::inferred(rule, [at.clone(), waitress])));
        }
        if let Some(uwsgi) = self.needs(&["uwsgi"]) {
            return Some(Decision::new(Cmd::exec(self.uwsgi(target, &django.imports)), Source::inferred(rule, [at.clone(), uwsgi])));
        }
        Some(Decision::new(Cmd::exec(self.gunicorn(target, &django.imports)), Source::inferred(FITS, [at.clone()])))
    }

    /// Django's own server.
    pub fn runserver(&self, django: &super::django::Django, reload: bool) -> Vec<String> {
        let manage = if django.folder.is_empty() { "manage.py".to_owned() } else { format!("{}/manage.py", django.folder) };
        let mut command = words(&["python", &manage, "runserver", &self.bind()]);
        if !reload {
            command.push("--noreload".to_owned());
        }
        command
    }
}

/// Whether the project has a server for an application.
pub fn has_one(project: &Project, installed: &[String], app: &App<'_>) -> bool {
    let of_asgi = app.interface != "wsgi";
    let names = ["gunicorn", "waitress", "uwsgi", "granian", "uvicorn", "hypercorn", "daphne"];
    of_asgi || project.needs(&names).is_some() || names.iter().any(|name| installed.iter().any(|known| known == name))
}

/// The server that is installed with an application's framework.
fn brings<'a>(app: &App<'a>) -> &'a str {
    app.row.data.get("brings").and_then(toml::Value::as_str).unwrap_or_default()
}
