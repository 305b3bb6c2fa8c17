//! One service's plan.

use std::collections::BTreeMap;

use super::{Catalog, Places, front};
use crate::catalog::stack::LineRow;
use crate::catalog::{BaseRow, CHECKED, StackPack, SystemRow};
use crate::config::Config;
use crate::model::plan::{Custom, PackagesPlan, RuntimePlan, ServicePlan, UserPlan, WatchPlan, WatchRow};
use crate::model::question::Question;
use crate::model::{Answers, Candidates, Decision, Diagnostic, Evidence, Health, Kind, RelPath, ServiceDraft, Source};

/// Decides everything that the draft leaves open.
pub fn plan(
    draft: &ServiceDraft,
    catalog: &Catalog,
    config: &Config,
    answers: &Answers,
    places: &Places<'_>,
) -> Result<(ServicePlan, Vec<Diagnostic>), Vec<Diagnostic>> {
    let pack = &catalog.packs[draft.pack];
    let mut notes = Vec::new();
    let base = base(draft, pack, answers).map_err(|problem| vec![problem])?;
    let row = &pack.bases[&base.value];
    if let Source::Inferred { rule, .. } = &base.source
        && draft.base.as_ref().is_none_or(|own| own.value != base.value)
    {
        notes.push(
            Diagnostic::note("base", format!("service `{}` is built on `{}` in place of {rule}", draft.name, base.value))
                .at_all(base.source.evidence().cloned()),
        );
    }
    let Some(start) = start(draft) else {
        // The draft's own question says what is missing.
        return Err(if draft.open.is_empty() { vec![no_start(draft)] } else { Vec::new() });
    };
    let own = if places.alone && draft.context == draft.root { RelPath::root() } else { draft.context.clone() };
    let context = front::context(own.clone(), draft);
    let member = draft.context != draft.root;
    let home = if member || own != context { &draft.root } else { &context };
    let front = front::plan(draft, catalog, &context).map_err(|problem| vec![problem])?;
    if let Some(front) = &draft.front
        && let Some((decision, row)) = front.draft.runtime.as_ref().zip(catalog.packs[front.draft.pack].runtime.as_ref())
    {
        end_of_life(&front.draft, decision, row, &mut notes);
        contradictions(&front.draft, row.title.as_str(), decision, &mut notes);
    }
    let dir = draft.root.below(&context).filter(|below| !below.is_empty()).map_or_else(String::new, |below| format!("{below}/"));
    let runtime = draft.runtime.as_ref().zip(pack.runtime.as_ref()).map(|(decision, row)| {
        end_of_life(draft, decision, row, &mut notes);
        contradictions(draft, row.title.as_str(), decision, &mut notes);
        RuntimePlan { name: row.name.clone(), title: row.title.clone(), version: decision.value.to_string() }
    });
    untold(draft, &mut notes);
    let release = release(draft, pack, row);
    let custom =
        super::custom::plan(&config.customize(&draft.name, draft.root.display()), draft, &context, row, &release, catalog).map_err(|problem| vec![problem])?;
    let env: BTreeMap<String, String> = super::framework(draft, catalog)
        .map(|row| row.env.clone())
        .unwrap_or_default()
        .into_iter()
        .chain(draft.env.iter().cloned())
        .chain(custom.env.iter().cloned())
        .collect();
    let mut why = BTreeMap::from([("base".to_owned(), reason(&base.source))]);
    if let Some(decision) = &draft.runtime {
        why.insert("runtime".to_owned(), reason(&decision.source));
    }
    for (name, decision) in [("package_manager", &draft.package_manager), ("framework", &draft.framework)] {
        if let Some(decision) = decision {
            why.insert(name.to_owned(), reason(&decision.source));
        }
    }
    let (health, no_health) = match &draft.health {
        Health::Http(path) if row.os != "none" || !row.program.is_empty() => (Some(path.value.clone()), String::new()),
        Health::Http(_) => (None, "the image holds no program that could ask".to_owned()),
        Health::None { because } => (None, because.clone()),
    };
    let dev = draft.dev.as_ref().map_or_else(|| start.clone(), |dev| dev.value.words());
    let service = ServicePlan {
        name: draft.name.clone(),
        pack: draft.pack.to_owned(),
        stack: draft.stack.clone(),
        kind: draft.kind.name().to_owned(),
        root: draft.root.clone(),
        dockerfile: places.dockerfile(home),
        // A member's paths are seen from the workspace already.
        watch: watch(draft, if member { "" } else { &dir }),
        here: if dir.is_empty() { ".".to_owned() } else { dir.clone() },
        beside: draft.beside.iter().filter_map(|(folder, place)| Some((folder.below(&context)?.to_owned(), place.clone()))).collect(),
        dir,
        context,
        images: images(draft, pack, row, &release)
            .into_iter()
            .chain(front.iter().flat_map(|front| front.images.clone()))
            .map(|(name, image)| (name, super::custom::through(custom.registry.as_deref(), &image)))
            .collect(),
        base: base.value,
        build_os: row.build_os.clone().unwrap_or_else(|| row.os.clone()),
        os: row.os.clone(),
        system: system(row, if is_exact(draft) && row.build.contains(DATED) { "" } else { &release }),
        program: if row.program.is_empty() { pack.runtime.as_ref().map(|runtime| runtime.name.clone()).unwrap_or_default() } else { row.program.clone() },
        user: user(draft, row, &custom).map_err(|problem| vec![problem])?,
        manager: draft.package_manager.as_ref().map(|decision| decision.value.clone()).unwrap_or_default(),
        framework: draft.framework.as_ref().map(|decision| decision.value.clone()).unwrap_or_default(),
        build: draft.build.as_ref().map(|decision| decision.value.to_string()).unwrap_or_default(),
        start: by_path(start, draft, pack, row),
        dev,
        port: draft.port.as_ref().map(|decision| decision.value),
        health,
        no_health,
        packages: super::custom::packages(packages(draft, pack, catalog, row, &release), &custom),
        env,
        stages: config.stages.clone(),
        why,
        x: draft.extra.clone(),
        runtime,
        front,
        custom,
    };
    Ok((service, notes))
}

/// A reason for a comment in a file. Where a person chose, all ways of choosing must give the same bytes.
pub(super) fn reason(source: &Source) -> String {
    if source.is_explicit() { "as chosen".to_owned() } else { source.to_string() }
}

fn start(draft: &ServiceDraft) -> Option<Vec<String>> {
    // A site's web server has its own command.
    if draft.kind == crate::model::Kind::Site {
        return Some(draft.start.as_ref().map(|start| start.value.words()).unwrap_or_default());
    }
    draft.start.as_ref().map(|start| start.value.words())
}

fn no_start(draft: &ServiceDraft) -> Diagnostic {
    Diagnostic::error("no-start", format!("start command not found for service `{}`", draft.name))
        .help("pass --start-cmd with the command that the container runs")
        .asks(Question::StartCmd, Vec::new())
}

fn base(draft: &ServiceDraft, pack: &StackPack, answers: &Answers) -> Result<Decision<String>, Diagnostic> {
    let mut candidates = Candidates::new();
    if let Some(given) = answers.hints(&draft.root, &draft.name).get(Question::Base) {
        candidates.push(given.value.clone(), given.source.clone());
    }
    candidates.extend(draft.base.clone().map(|decision| (decision.value, decision.source)));
    candidates.push(pack.default_base.clone(), Source::default(pack.default_base_because.clone()));
    let Some(decision) = candidates.pick() else { unreachable!("a default was pushed") };
    let offered: Vec<&str> = pack.bases.keys().map(String::as_str).filter(|name| refuses(draft, pack, name).is_none()).collect();
    let Some((why, at)) = refuses(draft, pack, &decision.value) else { return Ok(decision) };
    // Nobody asked for it: the next one will do.
    if !decision.source.is_explicit()
        && let Some(next) = offered.iter().find(|name| **name == SECOND).or(offered.first())
    {
        let rule = format!("`{}`: {why}", decision.value);
        return Ok(Decision::new((*next).to_owned(), Source::inferred(rule, at)));
    }
    let value = crate::model::evidence::tame(&decision.value);
    Err(Diagnostic::error("base-refused", format!("service `{}` can't be built on `{value}`: {why}", draft.name))
        .at_all(decision.source.evidence().cloned())
        .help(format!("choose one of {} with --base", offered.join(", ")))
        .asks(Question::Base, offered.iter().map(|name| (*name).to_owned()).collect()))
}

/// The base that carries nearly everything, for what a stack's default can't carry.
const SECOND: &str = "slim";

/// Why a base can't work for a service, and where that is said.
fn refuses(draft: &ServiceDraft, pack: &StackPack, base: &str) -> Option<(String, Vec<Evidence>)> {
    if let Some(why) = draft.refused.get(base) {
        return Some((why.clone(), Vec::new()));
    }
    if !pack.bases.contains_key(base) {
        return Some((format!("{} has no such base", pack.title), Vec::new()));
    }
    // What only a build needs is no matter of an image of its own for production.
    let apart = pack.bases[base].prod.is_some();
    let mut needs = draft.system.iter().filter(|need| need.production || !apart);
    let need = needs.find_map(|need| Some((need, pack.system(&need.name)?.refuses.get(base)?)));
    need.map(|(need, why)| (format!("`{}` {why}", need.name), vec![need.at.clone()]))
}

pub(super) fn release(draft: &ServiceDraft, pack: &StackPack, row: &BaseRow) -> String {
    let version = draft.runtime.as_ref().map(|decision| &decision.value);
    let line = version.zip(pack.runtime.as_ref()).and_then(|(version, runtime)| runtime.line(version));
    let holds = |line: &LineRow| match (&line.release_before, version) {
        (Some(before), Some(version)) => version.numbers().len() == 3 && version < before,
        _ => true,
    };
    let own = line.and_then(|line| match row.build_os.as_deref().unwrap_or(&row.os) {
        "debian" => line.release.as_ref().filter(|_| holds(line)),
        "alpine" => line.alpine.as_ref(),
        _ => None,
    });
    own.unwrap_or(&row.release).clone()
}

/// A tag that names the runtime's version and Alpine's.
const DATED: &str = "{version}-alpine{release}";

/// Whether a version is named to its patch: the images of one are made once, on the release of Alpine that was new then.
fn is_exact(draft: &ServiceDraft) -> bool {
    draft.runtime.as_ref().is_some_and(|decision| decision.value.numbers().len() == 3)
}

pub(super) fn images(draft: &ServiceDraft, pack: &StackPack, row: &BaseRow, release: &str) -> BTreeMap<String, String> {
    let version = draft.runtime.as_ref().map(|decision| decision.value.to_string()).unwrap_or_default();
    let major = draft.runtime.as_ref().map(|decision| decision.value.major().to_string()).unwrap_or_default();
    let pattern_of = |pattern: &str| if is_exact(draft) { pattern.replace(DATED, "{version}-alpine") } else { pattern.to_owned() };
    let fill = |pattern: &str| pattern_of(pattern).replace("{version}", &version).replace("{major}", &major).replace("{release}", release);
    let flavour = draft.flavour.and_then(|name| row.flavour.get(name));
    let build = flavour.and_then(|flavour| flavour.build.as_ref()).unwrap_or(&row.build);
    let prod = flavour.and_then(|flavour| flavour.prod.as_ref()).or(row.prod.as_ref()).unwrap_or(build);
    let mut images: BTreeMap<String, String> = pack.tools.iter().map(|(name, pattern)| (name.clone(), fill(pattern))).collect();
    for (name, tag) in &draft.tool_tags {
        if let Some(image) = images.get_mut(name)
            && let Some((repository, _)) = image.rsplit_once(':')
        {
            *image = format!("{repository}:{tag}");
        }
    }
    images.insert("build".to_owned(), fill(build));
    images.insert("prod".to_owned(), fill(prod));
    images
}

fn user(draft: &ServiceDraft, row: &BaseRow, custom: &Custom) -> Result<UserPlan, Diagnostic> {
    let own = draft.flavour.and_then(|name| row.flavour.get(name)?.user.as_ref());
    let create = row.create_user && own.is_none();
    if let Some((uid, gid)) = custom.user {
        return Ok(UserPlan { id: format!("{uid}:{gid}"), uid, gid, create });
    }
    let id = own.unwrap_or(&row.user);
    let parsed = id.split_once(':').and_then(|(uid, gid)| Some((uid.parse().ok()?, gid.parse().ok()?)));
    let (uid, gid) = parsed.ok_or_else(|| Diagnostic::error("catalogue", format!("`{id}` is not uid:gid")))?;
    Ok(UserPlan { id: id.clone(), uid, gid, create })
}

pub(super) fn packages(draft: &ServiceDraft, pack: &StackPack, catalog: &Catalog, row: &BaseRow, release: &str) -> PackagesPlan {
    let build_os = row.build_os.as_deref().unwrap_or(&row.os);
    let gather = |debian: &dyn Fn(&SystemRow) -> &[String], alpine: &dyn Fn(&SystemRow) -> &[String], os: &str, everything: bool| -> Vec<String> {
        let listed = |need: &crate::model::Dependency| match os {
            "debian" => pack.system(&need.name).map(debian),
            "alpine" => pack.system(&need.name).map(alpine),
            _ => None,
        };
        let mut names: Vec<String> = draft.system.iter().filter(|need| everything || need.production).filter_map(listed).flatten().cloned().collect();
        names.sort();
        names.dedup();
        if os == "debian" { names.iter().map(|name| catalog.packages.pinned(release, name)).collect() } else { names }
    };
    let runtime = gather(&|row| &row.runtime, &|row| &row.alpine_runtime, &row.os, false);
    let mut build = gather(&|row| &row.build, &|row| &row.alpine_build, build_os, true);
    if row.prod.is_none() {
        build.retain(|name| !runtime.contains(name));
    }
    PackagesPlan { build, runtime, dev: gather(&|row| &row.dev, &|row| &row.alpine_dev, build_os, true) }
}

/// The name and release of the build stages' system, as people say it.
fn system(row: &BaseRow, release: &str) -> String {
    match (row.build_os.as_deref().unwrap_or(&row.os), release) {
        ("debian", "bookworm") => "Debian 12".to_owned(),
        ("debian", "trixie") => "Debian 13".to_owned(),
        ("debian", "noble") => "Ubuntu 24.04".to_owned(),
        ("debian", other) => format!("Debian {other}"),
        ("alpine", "") => "Alpine".to_owned(),
        ("alpine", other) => format!("Alpine {other}"),
        _ => String::new(),
    }
}

/// The words of CMD: the runtime's program by its path, where nothing else finds it.
fn by_path(mut words: Vec<String>, draft: &ServiceDraft, pack: &StackPack, row: &BaseRow) -> Vec<String> {
    let name = pack.runtime.as_ref().map_or("", |runtime| runtime.name.as_str());
    if !row.program.is_empty() && draft.runtime.is_some() && words.first().is_some_and(|word| word == name) {
        words[0].clone_from(&row.program);
    }
    words
}

fn watch(draft: &ServiceDraft, dir: &str) -> WatchPlan {
    let mut rows = Vec::new();
    let watch = &draft.watch;
    // A member's paths are seen from the root of its workspace already.
    let dir = if draft.context == draft.root { dir } else { "" };
    for path in &watch.rebuild {
        rows.push(WatchRow { action: "rebuild".to_owned(), path: format!("{dir}{path}"), target: String::new(), ignore: Vec::new() });
    }
    // Two facts may name one folder, and Compose refuses a list that names it twice.
    let mut ignore: Vec<String> = Vec::new();
    for path in &watch.ignore {
        if !ignore.contains(path) {
            ignore.push(path.clone());
        }
    }
    for path in &watch.paths {
        let tail = if path == "." { "" } else { path.as_str() };
        let target = if watch.action == "rebuild" { String::new() } else { format!("/app/{tail}").trim_end_matches('/').to_owned() };
        let shown = format!("{dir}{tail}").trim_end_matches('/').to_owned();
        rows.push(WatchRow { action: watch.action.clone(), path: if shown.is_empty() { ".".to_owned() } else { shown }, target, ignore: ignore.clone() });
    }
    WatchPlan { rows }
}

fn end_of_life(draft: &ServiceDraft, decision: &Decision<crate::model::Version>, row: &crate::catalog::stack::RuntimeRow, notes: &mut Vec<Diagnostic>) {
    let oldest = row.lines.first().map(|line| &line.version).filter(|oldest| decision.value < **oldest && !oldest.covers(&decision.value));
    if let Some(oldest) = oldest.filter(|_| !decision.source.is_explicit()) {
        notes.push(
            Diagnostic::error(
                "no-image",
                format!("service `{}`: {} {} is older than any that has an image on a Debian that gets fixes", draft.name, row.title, decision.value),
            )
            .at_all(decision.source.evidence().cloned())
            .help(format!("let the project ask for {oldest} or newer, or pass --runtime-version {}", row.default)),
        );
        return;
    }
    let Some(line) = row.line(&decision.value) else { return };
    if line.end_of_life.as_str() <= CHECKED {
        notes.push(
            Diagnostic::warning("end-of-life", format!("service `{}`: {} {} gets no fixes since {}", draft.name, row.title, line.version, line.end_of_life))
                .at_all(decision.source.evidence().cloned())
                .help(format!("{} {} is the default ({})", row.title, row.default, row.because)),
        );
    }
}

/// A port that was asked for is worth a warning where the program has another one, and nothing tells it.
fn untold(draft: &ServiceDraft, notes: &mut Vec<Diagnostic>) {
    let Some(port) = draft.port.as_ref().filter(|port| port.source.is_explicit() && draft.kind != Kind::Site) else { return };
    let number = port.value.to_string();
    let told = draft.env.iter().any(|(_, value)| value.ends_with(&number)) || draft.start.iter().any(|start| start.value.to_string().contains(&number));
    let own = port.outvoted.iter().find(|(_, source)| source.evidence().is_some());
    if let Some((own, source)) = own.filter(|(own, _)| !told && *own != port.value) {
        notes.push(
            Diagnostic::warning("untold-port", format!("service `{}`: the program listens on {own}, and nothing tells it {number}", draft.name))
                .at_all(source.evidence().cloned())
                .help(format!("let it read its port from a variable, or leave it at {own}")),
        );
    }
}

/// A place that asks for another line than the one that won is worth a warning.
fn contradictions(draft: &ServiceDraft, title: &str, decision: &Decision<crate::model::Version>, notes: &mut Vec<Diagnostic>) {
    for (value, source) in &decision.outvoted {
        let fits = value.covers(&decision.value) || decision.value.covers(value);
        if !fits && matches!(source, Source::File(_)) && !decision.source.is_explicit() {
            notes.push(
                Diagnostic::warning(
                    "version-conflict",
                    format!("service `{}`: {title} {} is taken, though another place asks for {value}", draft.name, decision.value),
                )
                .at_all(decision.source.evidence().cloned())
                .at_all(source.evidence().cloned())
                .help("let both say the same, or pass --runtime-version"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::release;
    use crate::catalog::StackPack;
    use crate::model::{Decision, RelPath, ServiceDraft, Source};

    #[test]
    fn an_exact_version_from_before_the_release_keeps_its_own() {
        let pack = StackPack::load("node").expect("loads");
        let of = |version: &str| {
            let mut draft = ServiceDraft::new("node", RelPath::root(), "a");
            draft.runtime = Some(Decision::new(version.parse().expect("a version"), Source::default("a test")));
            release(&draft, &pack, &pack.bases["slim"])
        };
        assert_eq!(of("22.14.0"), "bookworm");
        assert_eq!(of("22.21.0"), "trixie");
        assert_eq!(of("22"), "trixie");
        assert_eq!(of("18"), "bookworm");
    }
}
