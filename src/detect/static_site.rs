//! A folder of HTML that no other stack claims: nginx serves it as it is.

use std::collections::BTreeMap;

use super::{Detector, Found, asked};
use crate::catalog::StackPack;
use crate::fs::Dir;
use crate::model::question::Question;
use crate::model::{Answers, Candidates, Claim, Cmd, Decision, Diagnostic, Evidence, Health, Kind, ServiceDraft, Source, Strength};

/// The detector.
pub struct Static;

/// Where the image keeps the site.
const HOME: &str = "/app";

impl Detector for Static {
    fn id(&self) -> &'static str {
        "static"
    }

    fn claims(&self, dir: &Dir<'_>) -> Option<Claim> {
        // At the root any program is worth more; a folder deeper down must be a site to be looked at.
        let strength = if dir.path().is_root() { Strength::Hint } else { Strength::Likely };
        let page = ["", "public/", "site/", "www/", "html/", "htdocs/", "web/", "src/"].into_iter().map(|folder| format!("{folder}index.html"));
        page.filter(|page| dir.has(page))
            .find(|page| dir.path().is_root() || !page.contains('/'))
            // Trunk makes the page of this one.
            .filter(|page| dir.peek(page).is_none_or(|text| !text.as_str().contains("data-trunk")))
            .map(|page| Claim::new(strength, Evidence::file(dir.at(&page))))
    }

    fn draft(&self, dir: &Dir<'_>, pack: &StackPack, answers: &Answers) -> Result<Found, Diagnostic> {
        let words = |key: &str| strings(pack, key);
        let mut draft = ServiceDraft::new("static", dir.path().clone(), "app");
        let hints = answers.hints(dir.path(), &draft.name);
        draft.kind = Kind::Site;
        let mut sites = Candidates::new();
        for folder in std::iter::once(String::new()).chain(words("folders")) {
            let page = if folder.is_empty() { "index.html".to_owned() } else { format!("{folder}/index.html") };
            if dir.has(&page) {
                sites.push(folder, Source::inferred("the folder of index.html", [Evidence::file(dir.at(&page))]));
            }
        }
        let Some(site) = sites.pick() else { return Ok(Found::default()) };
        let listing = if site.value.is_empty() { Listing::of(dir, pack) } else { Listing { folders: vec![site.value.clone()], ..Listing::default() } };
        draft.set("root", if site.value.is_empty() { HOME.to_owned() } else { format!("{HOME}/{}", site.value) });
        draft.set("site", site.value.clone());
        // A name that Docker would read in its own way can't be listed: then the whole folder is copied.
        draft.set("whole", !listing.is_plain());
        let listing = if listing.is_plain() { listing } else { Listing::default() };
        draft.set("endings", listing.endings);
        draft.set("files", listing.files);
        draft.set("folders", listing.folders);
        draft.watch.action = "sync".to_owned();
        draft.watch.paths = vec![if site.value.is_empty() { ".".to_owned() } else { site.value.clone() }];
        draft.facts.push(("site".to_owned(), site.map(|folder| if folder.is_empty() { ".".to_owned() } else { folder })));
        let serve = || (Cmd::exec(["nginx", "-g", "daemon off;"]), Source::default("nginx serves the files"));
        let mut starts = Candidates::new();
        starts.extend([serve()]);
        draft.start = asked::command(&hints, Question::StartCmd, starts)?;
        draft.dev = Some(Decision::new(serve().0, serve().1));
        let mut ports = Candidates::new();
        ports.push(8080, Source::default("a port that needs no rights"));
        draft.port = asked::port(&hints, ports)?;
        draft.health = Health::Http(Decision::new("/healthz".to_owned(), Source::default("the web server answers it itself")));
        Ok(Found::one(draft))
    }
}

fn strings(pack: &StackPack, key: &str) -> Vec<String> {
    pack.data.get(key).and_then(toml::Value::as_array).into_iter().flatten().filter_map(|value| value.as_str().map(str::to_owned)).collect()
}

/// What of a folder is the site: the rest of it (a README, scripts, settings of tools) is nobody's to publish.
#[derive(Debug, Default)]
struct Listing {
    /// Endings of which every file at the root belongs to it: a page that is added later is published too.
    endings: Vec<String>,
    /// Other files at the root.
    files: Vec<String>,
    /// Folders that hold files of the site.
    folders: Vec<String>,
}

impl Listing {
    fn of(dir: &Dir<'_>, pack: &StackPack) -> Self {
        let words = |key: &str| strings(pack, key);
        let (pages, others, not_files, not_folders) = (words("pages"), words("files"), words("not-files"), words("not-folders"));
        let is_tool = |name: &str| not_files.iter().any(|tool| tool == name) || name.contains(".config.") || name.starts_with('.');
        let ending = |name: &str| name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
        let mut by_ending: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let mut kept_out: Vec<String> = Vec::new();
        for name in dir.files() {
            let ending = ending(name);
            if !pages.contains(&ending) && !others.contains(&ending) {
                continue;
            }
            if is_tool(name) {
                kept_out.push(ending);
            } else {
                by_ending.entry(ending).or_default().push(name);
            }
        }
        let mut listing = Self::default();
        for (ending, files) in by_ending {
            // A pattern lets tomorrow's page in, so it must not let a tool's file in with it.
            let same_case = files.iter().all(|file| file.ends_with(&format!(".{ending}")));
            let by_pattern = (pages.contains(&ending) || files.len() > 2) && ending != "json" && ending != "txt";
            if by_pattern && same_case && !kept_out.contains(&ending) {
                listing.endings.push(ending);
            } else {
                listing.files.extend(files.into_iter().map(str::to_owned));
            }
        }
        let of_site = |path: &&crate::model::RelPath| {
            let ending = ending(path.name());
            (pages.contains(&ending) || others.contains(&ending)) && !is_tool(path.name())
        };
        listing.folders = dir
            .folders()
            .filter(|name| (!name.starts_with('.') || *name == ".well-known") && !not_folders.iter().any(|folder| folder == name))
            .filter(|name| dir.dir(name).files_below().any(|path| of_site(&path)))
            .map(str::to_owned)
            .collect();
        listing
    }

    fn is_plain(&self) -> bool {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@' | '+' | '~');
        self.files.iter().chain(&self.folders).all(|name| !name.starts_with('-') && name.chars().all(plain))
    }
}

#[cfg(test)]
mod tests {
    use super::{Listing, StackPack};
    use crate::fs::Tree;

    #[test]
    fn only_the_site_is_published() {
        let tree = Tree::memory([
            ("index.html", ""),
            ("about.html", ""),
            ("app.js", ""),
            ("prettier.config.js", ""),
            ("package.json", "{}"),
            ("README.md", ""),
            ("robots.txt", ""),
            ("css/a.css", ""),
            ("scripts/deploy.sh", ""),
            ("tests/page.html", ""),
            (".well-known/security.txt", ""),
            (".github/x.html", ""),
        ]);
        let pack = StackPack::load("static").expect("loads");
        let listing = Listing::of(&tree.root(), &pack);
        assert_eq!(listing.endings, ["html"]);
        assert_eq!(listing.files, ["app.js", "robots.txt"]);
        assert_eq!(listing.folders, [".well-known", "css"]);
    }
}
