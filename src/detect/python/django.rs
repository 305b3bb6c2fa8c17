//! Django: its settings say what is collected, which variables they want and who may ask.

use std::rc::Rc;

use super::apps::{Sources, regex};
use super::variables::conditional;
use crate::fs::{Dir, Text};
use crate::model::{Dependency, Diagnostic, Evidence};

/// What the settings of a Django project say.
#[derive(Clone, Debug, Default)]
pub struct Django {
    /// The folder of manage.py below the service's, empty for its own.
    pub folder: String,
    /// The folder that its modules are imported from, where that is another.
    pub imports: String,
    /// manage.py.
    pub at: Option<Evidence>,
    /// `config.wsgi:application`.
    pub wsgi: Option<(String, Evidence)>,
    /// `config.asgi:application`.
    pub asgi: Option<(String, Evidence)>,
    /// The folder of the collected static files, below the folder of manage.py; `None` where it isn't plain.
    pub static_root: Option<(Option<String>, Evidence)>,
    /// Variables for the build, inline.
    pub build_env: Vec<(String, String)>,
    /// Variables for compose.yaml.
    pub dev_env: Vec<(String, String)>,
    /// Variables without which the settings can't be read.
    pub needed: Vec<(String, Evidence)>,
    /// Whether there may be nothing to collect, so that the folder isn't made.
    pub bare_static: bool,
    /// The folder of what people upload, below that of manage.py.
    pub media: Option<(String, Evidence)>,
    /// Whether a probe on 127.0.0.1 is an allowed host.
    pub answers_itself: bool,
    /// The settings that production must be told, where those that its gateway names are empty.
    pub settings: Option<String>,
    /// A database file in the code's folder, with no other database in sight.
    pub file_database: Option<(String, Evidence)>,
}

/// Reads a Django project; `None` where there is no manage.py.
pub fn read(sources: &Sources<'_>) -> Result<Option<Django>, Diagnostic> {
    let dir = &sources.dir;
    let Some(folder) = folder(dir) else { return Ok(None) };
    let here = if folder.is_empty() { dir.clone() } else { dir.dir(&folder) };
    let mut django = Django { folder, at: Some(Evidence::file(here.at("manage.py"))), ..Django::default() };
    let module = regex(r#"DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)["']"#)?;
    // Of several the one that is not for tests.
    let named = |dir: &Dir<'_>, file: &str| {
        let text = dir.peek(file)?;
        let all: Vec<&str> = module.captures_iter(text.as_str()).filter_map(|hit| Some(hit.get(1)?.as_str())).collect();
        all.iter().find(|name| !name.contains("test")).or(all.first()).map(|name| (*name).to_owned())
    };
    // Where manage.py computes the name, a settings module beside a gateway is meant.
    let beside = || {
        here.folders()
            .find(|folder| {
                here.has(&format!("{folder}/wsgi.py")) && (here.has(&format!("{folder}/settings.py")) || here.has_dir(&format!("{folder}/settings")))
            })
            .map(|folder| format!("{folder}.settings"))
    };
    let of_manage = named(&here, "manage.py").or_else(beside);
    // manage.py can add the folder of the code to the path.
    let inner = of_manage.as_ref().filter(|module| file_of(&here, module).is_none());
    let inner = inner.and_then(|module| here.folders().find(|name| file_of(&here.dir(name), module).is_some()));
    let code = inner.map_or_else(|| here.clone(), |name| here.dir(name));
    django.imports = [Some(django.folder.as_str()), inner].into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    let settings = settings(&code, of_manage.as_deref());
    for (name, gateway) in [("WSGI_APPLICATION", "wsgi"), ("ASGI_APPLICATION", "asgi")] {
        let found = find(&settings, &format!(r#"(?m)^\s*{name}\s*=\s*["']([\w.]+)\.application["']"#))?
            .filter(|(module, _)| file_of(&code, module).is_some())
            .or_else(|| {
                let module = format!("{}.{gateway}", of_manage.as_deref()?.split('.').next()?);
                let file = file_of(&code, &module)?;
                Some((module, Evidence::file(code.at(&file))))
            });
        let found = found.map(|(module, at)| (format!("{module}:application"), at));
        if gateway == "wsgi" { django.wsgi = found } else { django.asgi = found }
    }
    // Settings of production, where wsgi.py names others than manage.py.
    let gateway = django.wsgi.as_ref().and_then(|(target, _)| file_of(&code, target.split(':').next().unwrap_or_default()));
    let of_production = gateway.and_then(|file| named(&code, &file));
    let whole = of_production.as_ref().and_then(|module| of_blank(&code, module));
    let of_production = whole.clone().or(of_production);
    if let Some(module) = of_production.filter(|module| Some(module) != of_manage.as_ref()) {
        django.build_env.push(("DJANGO_SETTINGS_MODULE".to_owned(), module));
    }
    django.settings = whole;
    django.take_static(&settings, &here)?;
    django.take_variables(&settings)?;
    let own = sources.dir.files_below().any(|path| path.as_str().contains("static/"));
    django.bare_static = !own && find(&settings, r"(django\.contrib\.admin|rest_framework)\b")?.is_none();
    django.answers_itself = find(&settings, r#"(ALLOWED_HOSTS\s*=[^\]]*(?:127\.0\.0\.1|["']\*["']))"#)?.is_some();
    let engines = find(&settings, r"(postgresql|mysql|oracle|dj_database_url|env\.db|DATABASE_URL)")?;
    if engines.is_none() {
        let named = find(&settings, r#"["']NAME["']\s*:\s*((?:str\()?(?:BASE_DIR\s*/\s*["'][\w./-]+["']|os\.path\.join\(BASE_DIR[^)]*\)))"#)?;
        if let Some((value, at)) = named {
            django.file_database = place(&value, &settings, &here, django.folder.is_empty())?.map(|file| (file, at));
        }
    }
    Ok(Some(django))
}

/// The file of a module: of that name, or a package's own.
fn file_of(here: &Dir<'_>, module: &str) -> Option<String> {
    let path = module.replace('.', "/");
    [format!("{path}.py"), format!("{path}/__init__.py")].into_iter().find(|file| here.has(file))
}

/// The settings of production in a package of settings that says nothing itself.
fn of_blank(here: &Dir<'_>, module: &str) -> Option<String> {
    let folder = module.replace('.', "/");
    let init = here.peek(&format!("{folder}/__init__.py"))?;
    let blank = init.as_str().lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    let known = ["production", "prod", "live"].into_iter().find(|name| here.has(&format!("{folder}/{name}.py")));
    known.filter(|_| blank).map(|name| format!("{module}.{name}"))
}

/// The folder of manage.py: the service's own, or one below it.
fn folder(dir: &Dir<'_>) -> Option<String> {
    if dir.has("manage.py") {
        return Some(String::new());
    }
    let mut below = dir.folders().filter(|name| dir.has(&format!("{name}/manage.py")));
    let first = below.next()?;
    below.next().is_none().then(|| first.to_owned())
}

/// The texts of the settings: one module, or all of a package.
fn settings(here: &Dir<'_>, module: Option<&str>) -> Vec<Rc<Text>> {
    let Some(module) = module else { return Vec::new() };
    let path = module.replace('.', "/");
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut files = vec![format!("{path}.py"), format!("{path}/__init__.py")];
    if folder.ends_with("settings") {
        // Settings of another environment say nothing of production's.
        let other = |file: &str| ["dev.py", "development.py", "local.py", "test.py", "testing.py", "tests.py", "ci.py"].contains(&file);
        files.extend(here.dir(folder).files().filter(|file| !other(file)).map(|file| format!("{folder}/{file}")));
    }
    files.extend(here.dir(&path).files().map(|file| format!("{path}/{file}")));
    files.sort();
    files.dedup();
    files.iter().filter(|file| file.strip_suffix(".py").is_some()).filter_map(|file| here.peek(file)).collect()
}

/// What of Django loads libraries of the system that none of its packages brings.
pub fn libraries(sources: &Sources<'_>) -> Result<Option<Dependency>, Diagnostic> {
    let found = find(&sources.texts, r#"["'](django\.contrib\.gis)(?:\.db\.backends\.\w+)?["']"#)?;
    Ok(found.map(|(name, at)| Dependency { name, at, production: true }))
}

fn find(texts: &[Rc<Text>], pattern: &str) -> Result<Option<(String, Evidence)>, Diagnostic> {
    Ok(crate::detect::source::find(texts, &regex(pattern)?, "#").map(|hit| (hit.value, hit.at)))
}

/// The folder that a constant of the settings names (`BASE_DIR`), below that of manage.py; `None` where it lies outside, or nothing tells.
fn base(name: &str, settings: &[Rc<Text>], here: &Dir<'_>, most: usize) -> Result<Option<String>, Diagnostic> {
    let definition = regex(&format!(r"(?m)^\s*{name}\s*(?::\s*\w+\s*)?=\s*([^\n]+)"))?;
    let nth = regex(r"(?:\.parents\[|\)\s*-\s*)(\d+)")?;
    let other = regex(r"\b([A-Z][A-Z_]+)\b")?;
    for text in settings {
        let Some(value) = definition.captures(text.as_str()).and_then(|found| found.get(1)) else { continue };
        let value = value.as_str();
        let nth = nth.captures(value).and_then(|found| found.get(1)?.as_str().parse::<usize>().ok());
        // `parents[0]` is one up; the path of django-environ says how many.
        let nth = nth.map_or(0, |nth| if value.contains(".parents[") { nth + 1 } else { nth });
        let ups = value.matches(".parent").count() - value.matches(".parents").count() + value.matches("dirname(").count() + nth;
        let folder = if value.contains("__file__") {
            text.path().below(here.path()).map(ToOwned::to_owned)
        } else if let Some(other) = other.find(value).filter(|other| most > 0 && other.as_str() != name) {
            base(other.as_str(), settings, here, most - 1)?
        } else {
            continue;
        };
        let parts: Vec<&str> = folder.iter().flat_map(|folder| folder.split('/')).filter(|part| !part.is_empty()).collect();
        return Ok(folder.as_ref().and_then(|_| parts.len().checked_sub(ups)).map(|left| parts[..left].join("/")));
    }
    Ok(["BASE_DIR", "ROOT_DIR"].contains(&name).then(String::new))
}

/// The folder that a setting states, below that of manage.py or absolute. What is relative is meant from where the program runs: `alone` says that it is there.
fn place(value: &str, settings: &[Rc<Text>], here: &Dir<'_>, alone: bool) -> Result<Option<String>, Diagnostic> {
    let names = regex(r#"["'](/?[\w./-]+?)/?["']"#)?;
    let used = regex(r"\b([A-Z][A-Z_]+)\s*[/,(.)]")?;
    // A variable can move it; the default is where the build puts it.
    let read = regex(r#"(?:getenv|environ\.get|env(?:\.\w+)?|config)\(\s*["']\w+["']\s*,"#)?;
    let value = read.find(value).map_or_else(|| value.to_owned(), |found| format!("{}{}", &value[..found.start()], &value[found.end()..]));
    let found: Vec<&str> = names.captures_iter(&value).filter_map(|found| Some(found.get(1)?.as_str())).collect();
    let used = used.captures(&value).and_then(|found| Some(found.get(1)?.as_str()));
    Ok(match (&found[..], used) {
        ([name], _) if name.starts_with('/') => Some((*name).to_owned()),
        ([name], _) if value.contains(".parent") || name.contains("..") => None,
        ([name], Some(constant)) => base(constant, settings, here, 2)?.map(|base| if base.is_empty() { (*name).to_owned() } else { format!("{base}/{name}") }),
        ([name], None) if alone && value.trim_start().starts_with(['"', '\'']) => Some(name.trim_start_matches("./").to_owned()),
        _ => None,
    })
}

/// How settings read a variable: `os.environ["X"]`, `os.getenv("X")`, `env.bool("X")`, `config("X")`.
const READS: &str = r#"(?:os\.environ(?:\.get)?|environ(?:\.get)?|(?:os\.)?getenv|env(?:\.\w+)?|config)\s*[\[(]\s*["'](\w+)["']"#;

impl Django {
    fn take_static(&mut self, settings: &[Rc<Text>], here: &Dir<'_>) -> Result<(), Diagnostic> {
        if let Some((value, at)) = find(settings, r"(?m)^\s*STATIC_ROOT\s*=\s*([^\n]+)")? {
            self.static_root = Some((place(&value, settings, here, self.folder.is_empty())?, at));
        }
        if let Some((value, at)) = find(settings, r"(?m)^\s*MEDIA_ROOT\s*=\s*([^\n]+)")? {
            self.media = place(&value, settings, here, self.folder.is_empty())?.map(|folder| (folder, at));
        }
        Ok(())
    }

    fn take_variables(&mut self, settings: &[Rc<Text>]) -> Result<(), Diagnostic> {
        let secret = regex(&format!(r"(?m)^\s*SECRET_KEY\s*(?::\s*\w+\s*)?=\s*{READS}([^\n]*)"))?;
        let debug = regex(&format!(r"(?m)^\s*DEBUG\s*(?::\s*\w+\s*)?=[^\n#]*?{READS}([^\n]*)"))?;
        // Without a default, a missing variable stops the program.
        let strict = regex(r#"(int\(|float\(|)(os\.environ\s*\[\s*|(?:\b(?:env(?:\.\w+)?|config)\s*\(\s*))["'](\w+)["']\s*([^\n]*)"#)?;
        let compared = regex(r#"(?:==|in)\s*[\[({]*\s*["'](\w+)["']"#)?;
        for text in settings {
            for found in secret.captures_iter(text.as_str()) {
                let (Some(name), Some(rest)) = (found.get(1), found.get(2)) else { continue };
                self.for_build(name.as_str(), "build-only");
                let rest = rest.as_str().trim_start_matches(['"', '\'']).trim_start();
                if !rest.starts_with(',') && !rest.starts_with(") or ") {
                    self.for_run(name.as_str(), text.at(name.start(), name.as_str()));
                }
            }
            for found in debug.captures_iter(text.as_str()) {
                let Some(name) = found.get(1) else { continue };
                let rest = found.get(2).map_or("", |rest| rest.as_str());
                let on = compared.captures(rest).and_then(|found| found.get(1)).map_or("1", |value| value.as_str());
                self.for_dev(name.as_str(), on);
            }
            for found in strict.captures_iter(text.as_str()) {
                let (Some(whole), Some(by), Some(name), Some(rest)) = (found.get(0), found.get(2), found.get(3), found.get(4)) else { continue };
                let (by, name_at, name, rest) = (by.as_str(), name.start(), name.as_str(), rest.as_str());
                let line = text.as_str()[..whole.start()].rfind('\n').map_or(0, |end| end + 1);
                let commented = text.as_str()[line..whole.start()].trim_start().starts_with('#') || conditional(text.as_str(), whole.start());
                // One that is asked for first can be missing.
                let asked = [format!("\"{name}\" in "), format!("'{name}' in ")].iter().any(|asked| text.as_str().contains(asked));
                let alone = if by.ends_with('[') { rest.starts_with(']') && !assigned(rest) } else { !has_default(rest, text.as_str(), name) };
                if commented || asked || !alone {
                    continue;
                }
                let kind = found.get(1).map_or("", |cast| cast.as_str().trim_end_matches('('));
                let cast = rest.split_once("cast").map_or("", |(_, cast)| cast.trim_start_matches([' ', '=']));
                let kind = [kind, by.trim_end_matches(['(', ' ']).rsplit('.').next().unwrap_or_default(), cast].join(" ");
                self.for_build(name, placeholder(name, &kind));
                self.for_run(name, text.at(name_at, name));
                let upper = name.to_ascii_uppercase();
                if upper.contains("SECRET") || upper.contains("KEY") {
                    // The project's own .env can say something else.
                    self.for_dev(name, &format!("${{{name}:-development-only}}"));
                } else if upper.contains("HOSTS") {
                    let hosts =
                        if rest.contains("\",\"") || rest.contains("','") || !rest.contains("split(") { "localhost,127.0.0.1" } else { "localhost 127.0.0.1" };
                    self.for_dev(name, &format!("${{{name}:-{hosts}}}"));
                } else {
                    // The databases have values of their own, and braces end a default of Compose's.
                    let value = placeholder(name, &kind).replace("build-only", "development-only");
                    if !value.starts_with("sqlite:") && !value.starts_with("redis:") && !value.contains('{') {
                        self.for_dev(name, &format!("${{{name}:-{value}}}"));
                    }
                }
            }
        }
        Ok(())
    }

    fn for_run(&mut self, name: &str, at: Evidence) {
        if !self.needed.iter().any(|(known, _)| known == name) {
            self.needed.push((name.to_owned(), at));
        }
    }

    fn for_build(&mut self, name: &str, value: &str) {
        if !self.build_env.iter().any(|(known, _)| known == name) {
            self.build_env.push((name.to_owned(), value.to_owned()));
        }
    }

    fn for_dev(&mut self, name: &str, value: &str) {
        if !self.dev_env.iter().any(|(known, _)| known == name) {
            self.dev_env.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// Whether `environ["X"]` is written rather than read.
fn assigned(rest: &str) -> bool {
    let rest = rest.trim_start_matches(']').trim_start();
    rest.starts_with('=') && !rest.starts_with("==")
}

/// Whether `env("X", ...)` has a default: the second word, `default=`, or the scheme of `Env(X=(bool, False))`.
fn has_default(rest: &str, text: &str, name: &str) -> bool {
    let more = rest.strip_prefix(',').map(str::trim_start);
    // What follows on the next line is a default more often than not.
    let plain = more.is_some_and(|more| !more.starts_with("cast") && !more.starts_with("multiline"));
    plain || rest.contains("default") || text.contains(&format!("{name}=("))
}

/// A value that the settings can read at build time, by how they read it and by its name.
fn placeholder(name: &str, kind: &str) -> &'static str {
    let upper = name.to_ascii_uppercase();
    let is = |words: &[&str]| kind.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|part| words.contains(&part));
    if is(&["int", "float"]) || upper.ends_with("PORT") {
        "1"
    } else if is(&["bool"]) {
        "0"
    } else if is(&["json", "dict"]) {
        "{}"
    } else if is(&["cache", "cache_url"]) {
        "locmemcache://"
    } else if is(&["email", "email_url"]) {
        "consolemail://"
    } else if !upper.ends_with("URL") && !upper.ends_with("URI") && !upper.ends_with("DSN") {
        "build-only"
    } else if upper.contains("REDIS") || upper.contains("BROKER") {
        "redis://build-only"
    } else if upper.contains("DATABASE") || upper.contains("DB") || upper.contains("SQL") || is(&["db", "db_url"]) {
        "sqlite://:memory:"
    } else {
        "https://build-only.invalid"
    }
}

#[cfg(test)]
mod tests {
    use super::{libraries, read};
    use crate::detect::python::apps::Sources;
    use crate::fs::Tree;

    const MANAGE: (&str, &str) = ("manage.py", "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site.settings')\n");

    #[test]
    fn geodjango_loads_libraries() {
        let needs = |settings: &str| {
            let tree = Tree::memory([("site/settings.py", settings)]);
            libraries(&Sources::read(&tree.root(), false, &[])).expect("fine").map(|found| found.name)
        };
        assert_eq!(needs("DATABASES = {'default': {'ENGINE': 'django.contrib.gis.db.backends.postgis'}}\n").as_deref(), Some("django.contrib.gis"));
        assert_eq!(needs("INSTALLED_APPS = [\n    'django.contrib.admin',\n    # 'django.contrib.gis',\n]\n"), None);
    }

    #[test]
    fn settings_say_what_the_build_needs() {
        let settings = "BASE_DIR = Path(__file__).parent.parent\nSECRET_KEY = os.environ['SECRET_KEY']\nDEBUG = os.getenv('DEBUG', '') == 'True'\nDATABASES = {'default': env.db('DATABASE_URL')}\n\
                        STATIC_ROOT = BASE_DIR / 'collected'\nALLOWED_HOSTS = ['*']\n";
        let tree = Tree::memory([MANAGE, ("site/settings.py", settings), ("site/wsgi.py", "x = 1\n")]);
        let django = read(&Sources::read(&tree.root(), false, &[])).expect("fine").expect("django");
        assert_eq!(django.wsgi.map(|(target, _)| target).as_deref(), Some("site.wsgi:application"));
        assert_eq!(django.static_root.and_then(|(root, _)| root).as_deref(), Some("collected"));
        let build: Vec<String> = django.build_env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(build, ["SECRET_KEY=build-only", "DATABASE_URL=sqlite://:memory:"]);
        assert_eq!(
            django.dev_env,
            [("SECRET_KEY".to_owned(), "${SECRET_KEY:-development-only}".to_owned()), ("DEBUG".to_owned(), "True".to_owned())]
                .into_iter()
                .rev()
                .collect::<Vec<_>>()
        );
        assert!(django.answers_itself);
    }

    #[test]
    fn collected_files_lie_where_a_constant_or_the_program_is() {
        let root = |settings: &str| {
            let tree = Tree::memory([MANAGE, ("site/settings.py", settings), ("site/wsgi.py", "x = 1\n")]);
            let django = read(&Sources::read(&tree.root(), false, &[])).expect("fine").expect("django");
            django.static_root.and_then(|(root, _)| root)
        };
        for (settings, expected) in [
            ("STATIC_ROOT = 'collected'", Some("collected")),
            ("STATIC_ROOT = './collected/'", Some("collected")),
            ("STATIC_ROOT = '/srv/static'", Some("/srv/static")),
            ("PROJECT_DIR = Path(__file__).parent\nBASE_DIR = PROJECT_DIR.parent\nSTATIC_ROOT = PROJECT_DIR / 'static'", Some("site/static")),
            ("PROJECT_DIR = dirname(abspath(__file__))\nSITE = dirname(PROJECT_DIR)\nSTATIC_ROOT = join(SITE, 'static')", Some("static")),
            ("ROOT_DIR = environ.Path(__file__) - 2\nSTATIC_ROOT = str(ROOT_DIR('static'))", Some("static")),
            ("BASE_DIR = Path(__file__).resolve().parents[1]\nSTATIC_ROOT = BASE_DIR / 'static'", Some("static")),
            ("BASE_DIR = Path(__file__).parent.parent.parent\nSTATIC_ROOT = BASE_DIR / 'static'", None),
            ("STATIC_ROOT = elsewhere('static')", None),
        ] {
            assert_eq!(root(settings).as_deref(), expected, "{settings}");
        }
    }

    #[test]
    fn production_has_settings_of_its_own() {
        let tree = Tree::memory([
            ("manage.py", "setdefault('DJANGO_SETTINGS_MODULE', 'site.settings.local')\n"),
            ("site/settings/base.py", "WSGI_APPLICATION = 'site.wsgi.application'\nSECRET_KEY = config('KEY')\n"),
            ("site/settings/local.py", "DEBUG = True\n"),
            ("site/wsgi.py", "setdefault('DJANGO_SETTINGS_MODULE', 'site.settings')\n"),
            ("site/settings/__init__.py", "# nothing\n"),
            ("site/settings/production.py", ""),
        ]);
        let django = read(&Sources::read(&tree.root(), false, &[])).expect("fine").expect("django");
        assert_eq!(django.build_env[0].1, "site.settings.production");
        assert_eq!(django.build_env[1], ("KEY".to_owned(), "build-only".to_owned()));
    }
}
