//! Ruby: Rails, Rack programs, and sites that Ruby builds.

use std::rc::Rc;

use super::{Recogniser, look};
use crate::detect::{Found, source};
use crate::fs::{Dir, Text};
use crate::manifest::tool_versions;
use crate::model::{Claim, Cmd, Decision, Diagnostic, Evidence, Kind, ServiceDraft, Source, Strength, Version};

/// The recogniser.
pub const RUBY: Recogniser = Recogniser { stacks: &["ruby"], claims, draft };

/// A framework by the gem that brings it, with the port that its server takes where nothing else is said.
struct Row {
    gem: &'static str,
    framework: &'static str,
    port: u16,
    /// Whether it makes files for a web server.
    site: bool,
}

/// In order of precedence.
const FRAMEWORKS: &[Row] = &[
    Row { gem: "rails", framework: "rails", port: 3000, site: false },
    Row { gem: "railties", framework: "rails", port: 3000, site: false },
    Row { gem: "hanami", framework: "hanami", port: 2300, site: false },
    Row { gem: "jekyll", framework: "jekyll", port: 4000, site: true },
    Row { gem: "github-pages", framework: "jekyll", port: 4000, site: true },
    Row { gem: "middleman", framework: "middleman", port: 4567, site: true },
    Row { gem: "bridgetown", framework: "bridgetown", port: 4000, site: true },
    Row { gem: "nanoc", framework: "nanoc", port: 3000, site: true },
    Row { gem: "padrino", framework: "padrino", port: 3000, site: false },
    Row { gem: "sinatra", framework: "sinatra", port: 4567, site: false },
    Row { gem: "roda", framework: "roda", port: 9292, site: false },
    Row { gem: "grape", framework: "grape", port: 9292, site: false },
    Row { gem: "cuba", framework: "cuba", port: 9292, site: false },
    Row { gem: "rack", framework: "rack", port: 9292, site: false },
];

/// What rackup and Puma listen on under `config.ru`.
const RACK_PORT: u16 = 9292;

/// Rack servers with the words that start them.
const SERVERS: &[(&str, &[&str])] = &[
    ("puma", &["bundle", "exec", "puma", "-b", "tcp://0.0.0.0:9292"]),
    ("unicorn", &["bundle", "exec", "unicorn", "-l", "0.0.0.0:9292"]),
    ("thin", &["bundle", "exec", "thin", "start", "-a", "0.0.0.0", "-p", "9292"]),
    ("falcon", &["bundle", "exec", "falcon", "serve", "-b", "http://0.0.0.0:9292"]),
    ("passenger", &["bundle", "exec", "passenger", "start", "-a", "0.0.0.0", "-p", "9292"]),
];

const GEM: &str = r#"(?m)^[ \t]*gem[ (]\s*["']([\w-]+)["']"#;

fn gems(text: &Rc<Text>) -> Vec<source::Hit> {
    look::all(text, GEM, "#")
}

fn claims(dir: &Dir<'_>) -> Option<Claim> {
    let file = dir.first_of(["Gemfile", "gems.rb", "config.ru"])?;
    // A Gemfile often brings no more than a tool to another stack's project: fastlane, CocoaPods, a linter.
    let program = dir.has("config.ru") || dir.peek(file).is_some_and(|text| gems(&text).iter().any(|hit| FRAMEWORKS.iter().any(|row| row.gem == hit.value)));
    Some(Claim::new(if program { Strength::Certain } else { Strength::Likely }, Evidence::file(dir.at(file))))
}

fn draft(dir: &Dir<'_>) -> Result<Found, Diagnostic> {
    let mut draft = ServiceDraft::new("", dir.path().clone(), "app");
    draft.stack = "ruby".to_owned();
    let gemfile = match dir.first_of(["Gemfile", "gems.rb"]) {
        Some(file) => dir.read(file)?,
        None => None,
    };
    if let Some(text) = &gemfile {
        draft.package_manager = Some(Decision::new("bundler".to_owned(), Source::File(text.evidence())));
    }
    draft.runtime = versions(dir, gemfile.as_ref())?;
    let gems = gemfile.as_ref().map(gems).unwrap_or_default();
    let gem = |name: &str| gems.iter().find(|hit| hit.value == name);
    let rack = dir.has("config.ru");
    let row = FRAMEWORKS.iter().find_map(|row| Some((row, gem(row.gem)?.at.clone())));
    let bare = rack.then(|| FRAMEWORKS.last().map(|row| (row, Evidence::file(dir.at("config.ru"))))).flatten();
    let Some((row, at)) = row.filter(|(row, _)| row.gem != "rack" || rack).or(bare) else {
        draft.kind = Kind::Tool;
        plain(&mut draft, dir)?;
        return Ok(Found::one(draft));
    };
    draft.framework = Some(Decision::new(row.framework.to_owned(), Source::File(at)));
    if row.site {
        site(&mut draft, dir, row);
        return Ok(Found::one(draft));
    }
    if row.framework == "rails" && !dir.has("config/application.rb") && !rack && dir.files().any(|file| file.ends_with(".gemspec")) {
        draft.framework = None;
        super::nothing_to_run(&mut draft, "the folder holds a gem: a library");
        return Ok(Found::one(draft));
    }
    let mut starts: Vec<(Cmd, Source)> = look::procfile(dir, &["web"])?.into_iter().collect();
    let typed = starts.first().and_then(|(command, source)| look::port_of_command(&command.to_string(), source.evidence()?));
    let classic = (row.framework == "sinatra" && !rack).then(|| classic(dir)).flatten();
    starts.extend(start(dir, row, &|name| gem(name).map(|hit| hit.at.clone()), classic.as_ref()));
    draft.start = look::picked(starts);
    // A script that is run by itself brings its own server.
    let script =
        draft.start.as_ref().is_some_and(|start| start.value.to_string().starts_with("ruby ") || start.value.to_string().starts_with("bundle exec ruby "));
    let by_rack = rack && !script && !matches!(row.framework, "rails" | "hanami" | "padrino");
    let default = if by_rack {
        (RACK_PORT, Source::default("Rack servers listen on it"))
    } else {
        (row.port, Source::default(format!("{} listens on it", row.framework)))
    };
    draft.port = look::picked(typed.into_iter().chain(settings(dir)).chain(classic.and_then(|(_, port)| port)).chain([default]));
    if row.framework == "rails" && (dir.has_dir("app/assets") || dir.has_dir("app/javascript")) {
        let command = if dir.has("bin/rails") { "bin/rails assets:precompile" } else { "bundle exec rake assets:precompile" };
        draft.build = Some(Decision::new(Cmd::Shell(command.to_owned()), Source::default("Rails serves compiled assets")));
    }
    Ok(Found::one(draft))
}

/// A site: files for a web server, whatever built them.
fn site(draft: &mut ServiceDraft, dir: &Dir<'_>, row: &Row) {
    draft.stack = "static".to_owned();
    draft.runtime_name = Some("ruby");
    draft.kind = Kind::Site;
    draft.build = Some(Decision::new(Cmd::Shell(format!("bundle exec {} build", row.framework)), Source::default("the framework's own command")));
    let stated = dir.peek("_config.yml").and_then(|text| look::first(&text, r"(?m)^port:\s*(\d+)", "#"));
    let stated = stated.and_then(|hit| Some((look::port(&hit.value)?, Source::File(hit.at))));
    draft.port = look::picked(stated.into_iter().chain([(row.port, Source::default(format!("{} serves on it", row.framework)))]));
}

/// Nothing of the web: a process of a Procfile, a single script, a gem.
fn plain(draft: &mut ServiceDraft, dir: &Dir<'_>) -> Result<(), Diagnostic> {
    let mut starts: Vec<(Cmd, Source)> = look::procfile(dir, &["web", "worker"])?.into_iter().collect();
    let script = ["main.rb", "app.rb", "bot.rb", "run.rb", "server.rb"].into_iter().find(|file| dir.has(file));
    starts.extend(script.map(|file| (Cmd::exec(["ruby", file]), Source::inferred("the file's name", [Evidence::file(dir.at(file))]))));
    draft.start = look::picked(starts);
    if draft.start.is_none() {
        super::nothing_to_run(draft, "no program was found: the folder holds a library, or gems for tools");
    }
    Ok(())
}

/// The script of a Sinatra program without `config.ru`, and the port that it sets.
fn classic(dir: &Dir<'_>) -> Option<(Evidence, Option<(u16, Source)>)> {
    let texts: Vec<Rc<Text>> = dir.files().filter(|file| look::ending(file) == "rb").filter_map(|file| dir.peek(file)).collect();
    let hit = look::among(&texts, r#"(?m)^[ \t]*require ["'](sinatra)["']"#, "#")?;
    let text = texts.iter().find(|text| *text.path() == hit.at.file)?;
    let port = look::first(text, r#"\bset :port,\s*(?:ENV(?:\.fetch\(|\[)["']PORT["']\]?\)?\s*(?:\|\||,|\{)\s*["']?)?(\d+)"#, "#");
    Some((text.evidence(), port.and_then(|port| Some((look::port(&port.value)?, Source::File(port.at))))))
}

fn start(dir: &Dir<'_>, row: &Row, gem: &dyn Fn(&str) -> Option<Evidence>, classic: Option<&(Evidence, Option<(u16, Source)>)>) -> Option<(Cmd, Source)> {
    if dir.has("config/puma.rb") && gem("puma").is_some() {
        let from = [Evidence::file(dir.at("config/puma.rb"))];
        return Some((Cmd::exec(["bundle", "exec", "puma", "-C", "config/puma.rb"]), Source::inferred("Puma with the project's settings", from)));
    }
    if row.framework == "hanami" {
        return Some((Cmd::exec(["bundle", "exec", "hanami", "server", "--host", "0.0.0.0"]), Source::default("Hanami's own command")));
    }
    if row.framework == "rails" {
        return Some((Cmd::exec(["bin/rails", "server", "-b", "0.0.0.0"]), Source::default("Rails' own command")));
    }
    if let Some((script, _)) = classic {
        let words = ["bundle", "exec", "ruby", script.file.name(), "-o", "0.0.0.0"];
        return Some((Cmd::exec(words), Source::inferred("the script runs Sinatra", [script.clone()])));
    }
    let ru = [Evidence::file(dir.at("config.ru"))];
    dir.has("config.ru").then(|| {
        SERVERS
            .iter()
            .find_map(|(server, words)| Some((Cmd::exec(words.iter().copied()), Source::inferred("the server among the gems", [gem(server)?]))))
            .unwrap_or_else(|| (Cmd::exec(["bundle", "exec", "rackup", "-o", "0.0.0.0", "-p", "9292"]), Source::inferred("rackup runs config.ru", ru)))
    })
}

/// The port that a server's settings name.
fn settings(dir: &Dir<'_>) -> Option<(u16, Source)> {
    const PORTS: &[&str] = &[
        r#"(?m)^[ \t]*port[ (]\s*(?:Integer\()?(?:ENV(?:\.fetch\(|\[)\s*["']\w*PORT["']\s*\]?\)?\s*(?:\{|\|\||,)\s*["']?)?(\d+)"#,
        r#"(?m)^[ \t]*bind[ (]\s*["']tcp://[^"'\s]*?:(?:#\{[^}]*?\|\|\s*["']?|#\{ENV\.fetch\(["']PORT["'](?:,\s*|\)\s*\{\s*)["']?)?(\d+)"#,
        r#"(?m)^[ \t]*listen[ (]\s*(?:ENV\[["']PORT["']\]\s*\|\|\s*)?["']?(?:[\w.*]*:)?(\d+)"#,
    ];
    let texts: Vec<Rc<Text>> = ["config/puma.rb", "puma.rb", "config/unicorn.rb", "unicorn.rb"].iter().filter_map(|file| dir.peek(file)).collect();
    PORTS.iter().find_map(|pattern| look::among(&texts, pattern, "#")).and_then(|hit| Some((look::port(&hit.value)?, Source::File(hit.at))))
}

/// Ruby's version: what pins it first, a constraint's floor last.
fn versions(dir: &Dir<'_>, gemfile: Option<&Rc<Text>>) -> Result<Option<Decision<Version>>, Diagnostic> {
    let mut places: Vec<(String, Evidence)> = tool_versions::single(dir, ".ruby-version")?.into_iter().collect();
    let asked = gemfile.and_then(|text| look::first(text, r#"(?m)^[ \t]*ruby[ (]\s*["']([^"'\n]*\d[^"'\n]*)["']"#, "#")).map(|hit| (hit.value, hit.at));
    places.extend(asked.clone().filter(|(text, _)| look::is_one_line(text)));
    let lock = dir.first_of(["Gemfile.lock", "gems.locked"]).and_then(|file| dir.peek(file));
    places.extend(lock.and_then(|text| look::first(&text, r"(?m)^RUBY VERSION\n\s+ruby ([\d.]+)", "")).map(|mut hit| {
        hit.at.raw.clone_from(&hit.value);
        (hit.value, hit.at)
    }));
    places.extend(tool_versions::read(dir, &["ruby"])?);
    let exact = places.into_iter().filter_map(|(text, at)| Some((look::version(&text)?, Source::File(at))));
    let floor = asked.and_then(|(text, at)| Some((look::floor(&text)?.truncate(2), Source::File(at))));
    Ok(look::picked(exact.chain(floor)))
}

#[cfg(test)]
mod tests {
    use super::{claims, draft};
    use crate::fs::Tree;
    use crate::model::{ServiceDraft, Strength};

    fn one(files: &[(&str, &str)]) -> ServiceDraft {
        let tree = Tree::memory(files.iter().copied());
        draft(&tree.root()).expect("fine").services.remove(0)
    }

    #[test]
    fn rails_has_its_version_from_the_lock_and_its_port_from_puma() {
        let draft = one(&[
            ("Gemfile", "source 'https://rubygems.org'\nruby '>= 3.2', '< 4.0'\ngem 'rails'\ngem 'puma'\n"),
            ("Gemfile.lock", "RUBY VERSION\n   ruby 3.4.9p1\n"),
            ("config/puma.rb", "# port 1\nport(ENV.fetch(\"PORT\") { 3001 }, host)\n"),
        ]);
        assert_eq!(draft.runtime.map(|d| (d.value.to_string(), d.source.to_string())), Some(("3.4.9".into(), "Gemfile.lock:2 = `3.4.9`".into())));
        assert_eq!(draft.port.map(|d| d.value), Some(3001));
        assert_eq!(draft.start.map(|d| d.value.to_string()).as_deref(), Some("bundle exec puma -C config/puma.rb"));
    }

    #[test]
    fn rack_programs_and_classic_sinatra_have_their_own_ports() {
        let rack = one(&[("Gemfile", "gem 'sinatra'\ngem 'thin'\n"), ("config.ru", "run App\n")]);
        assert_eq!((rack.port.map(|d| d.value), rack.framework.map(|d| d.value).as_deref()), (Some(9292), Some("sinatra")));
        let hanami = one(&[("Gemfile", "gem 'hanami'\n"), ("config.ru", "run Hanami.app\n")]);
        assert_eq!((hanami.port.map(|d| d.value), hanami.start.map(|d| d.value.words().len())), (Some(2300), Some(6)));
        let classic = one(&[("Gemfile", "gem 'sinatra'\n"), ("hello.rb", "require 'sinatra'\nset :port, 8080\n")]);
        assert_eq!(classic.start.map(|d| d.value.to_string()).as_deref(), Some("bundle exec ruby hello.rb -o 0.0.0.0"));
        assert_eq!(classic.port.map(|d| d.value), Some(8080));
    }

    #[test]
    fn a_site_is_static_and_a_gemfile_of_tools_claims_little() {
        let site = one(&[("Gemfile", "gem \"jekyll\", \"~> 4.4\"\n"), (".ruby-version", "3.4.6\n")]);
        assert_eq!((site.stack.as_str(), site.runtime_name()), ("static", "ruby"));
        let tree = Tree::memory([("Gemfile", "gem 'fastlane'\n")]);
        assert_eq!(claims(&tree.root()).map(|claim| claim.strength), Some(Strength::Likely));
    }
}
