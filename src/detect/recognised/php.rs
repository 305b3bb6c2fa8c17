//! PHP: Composer's projects, and folders of PHP without it.

use super::{Recogniser, look};
use crate::detect::Found;
use crate::fs::Dir;
use crate::manifest::{Document, Node, procfile, tool_versions};
use crate::model::{Claim, Cmd, Decision, Diagnostic, Evidence, Kind, ServiceDraft, Source, Strength, Version};

/// The recogniser.
pub const PHP: Recogniser = Recogniser { stacks: &["php"], claims, draft };

/// Frameworks by the package that brings them, in order of precedence, with the port of their own development server.
const FRAMEWORKS: &[(&str, &str, Option<u16>)] = &[
    ("laravel/framework", "laravel", Some(8000)),
    ("laravel/lumen-framework", "lumen", Some(8000)),
    ("drupal/core-recommended", "drupal", None),
    ("drupal/core", "drupal", None),
    ("johnpbloch/wordpress", "wordpress", None),
    ("johnpbloch/wordpress-core", "wordpress", None),
    ("roots/wordpress", "wordpress", None),
    ("magento/product-community-edition", "magento", None),
    ("typo3/cms-core", "typo3", None),
    ("craftcms/cms", "craft", None),
    ("silverstripe/framework", "silverstripe", None),
    ("symfony/framework-bundle", "symfony", Some(8000)),
    ("symfony/symfony", "symfony", Some(8000)),
    ("cakephp/cakephp", "cakephp", Some(8765)),
    ("codeigniter4/framework", "codeigniter", Some(8080)),
    ("codeigniter/framework", "codeigniter", None),
    ("yiisoft/yii2", "yii2", Some(8080)),
    ("mezzio/mezzio", "mezzio", Some(8080)),
    ("laminas/laminas-mvc", "laminas", Some(8080)),
    ("hyperf/http-server", "hyperf", Some(9501)),
    ("spiral/framework", "spiral", Some(8080)),
    ("slim/slim", "slim", None),
    ("leafs/leaf", "leaf", None),
    ("flightphp/core", "flight", None),
    ("mikecao/flight", "flight", None),
];

/// Frameworks without Composer, by a file or folder of theirs.
const LANDMARKS: &[(&str, &str)] = &[
    ("wp-includes/version.php", "wordpress"),
    ("wp-config-sample.php", "wordpress"),
    ("wp-content", "wordpress"),
    ("artisan", "laravel"),
    ("system/core/CodeIgniter.php", "codeigniter"),
];

/// Pages that a web server opens with, in order of precedence: the folder is the document root.
const PAGES: &[&str] = &["public/index.php", "web/index.php", "webroot/index.php", "htdocs/index.php", "www/index.php", "src/index.php", "index.php"];

fn claims(dir: &Dir<'_>) -> Option<Claim> {
    let page = dir.first_of(PAGES.iter().copied());
    if dir.has("composer.json") {
        // Some projects of other stacks hold PHP's tools only.
        let program = page.is_some() || dir.has("artisan") || dir.has("bin/console") || dir.has("Procfile") || !dir.has("package.json");
        return Some(Claim::new(if program { Strength::Certain } else { Strength::Likely }, Evidence::file(dir.at("composer.json"))));
    }
    let landmark = LANDMARKS.iter().map(|(file, _)| *file).find(|file| dir.has(file));
    Some(Claim::new(Strength::Likely, Evidence::file(dir.at(page.or(landmark)?))))
}

fn draft(dir: &Dir<'_>) -> Result<Found, Diagnostic> {
    let mut draft = ServiceDraft::new("", dir.path().clone(), "app");
    draft.stack = "php".to_owned();
    let composer = Document::read(dir, "composer.json")?;
    if let Some(doc) = &composer {
        draft.package_manager = Some(Decision::new("composer".to_owned(), Source::File(doc.whole())));
        if let Some((name, _)) = doc.string(&["name"]) {
            draft.name = crate::model::draft::slug(name).unwrap_or(draft.name);
        }
    }
    let row = composer.as_ref().and_then(|doc| FRAMEWORKS.iter().find_map(|(package, name, port)| Some((*name, *port, doc.string(&["require", package])?.1))));
    let landmark = LANDMARKS.iter().find(|(file, _)| dir.has(file) || dir.has_dir(file)).map(|(file, name)| (*name, None, Evidence::file(dir.at(file))));
    let row = row.or(landmark);
    draft.framework = row.as_ref().map(|(name, _, at)| Decision::new((*name).to_owned(), Source::File(at.clone())));
    draft.runtime = versions(dir, composer.as_ref())?;
    let root = document_root(dir)?;
    let is_web = root.is_some();
    draft.facts.extend(root.map(|decision| ("document_root".to_owned(), decision)));
    let mut starts: Vec<(Cmd, Source)> = look::procfile(dir, &["web", "worker"])?.into_iter().collect();
    let scripts = composer.as_ref().and_then(|doc| Some((doc, doc.get(&["scripts"])?)));
    let served = scripts.and_then(|(doc, table)| {
        let (name, node) =
            table.entries().find(|(_, node)| node.scalar().or_else(|| node.items().find_map(Node::scalar)).is_some_and(|text| text.contains("php -S")))?;
        let node = node.items().next().unwrap_or(node);
        Some((node.scalar()?, doc.evidence(&["scripts", name], node)))
    });
    let typed = starts.first().and_then(|(command, source)| look::port_of_command(&command.to_string(), source.evidence()?));
    let served = served.and_then(|(text, at)| look::port_of_command(&text, &at));
    let usual = row.as_ref().and_then(|(name, port, _)| Some(((*port)?, Source::default(format!("the development server of {name} listens on it")))));
    draft.port = look::picked(typed.into_iter().chain(served).chain(usual));
    if let Some(at) = composer.as_ref().and_then(|doc| doc.string(&["require", "laravel/octane"])).map(|(_, at)| at) {
        starts.push((Cmd::exec(["php", "artisan", "octane:start", "--host=0.0.0.0"]), Source::inferred("Octane serves it", [at])));
    }
    draft.start = look::picked(starts);
    if !is_web && draft.framework.is_none() && draft.start.is_none() {
        draft.kind = Kind::Tool;
        super::nothing_to_run(&mut draft, "no page and no program was found: the folder holds a library, or packages for tools");
    }
    Ok(Found::one(draft))
}

/// The folder that a web server serves: what a Procfile says, else the folder of index.php.
fn document_root(dir: &Dir<'_>) -> Result<Option<Decision<String>>, Diagnostic> {
    let named = procfile::read(dir)?.into_iter().find(|process| process.name == "web" && process.command.contains("heroku-php-")).and_then(|process| {
        let folder = process.command.split_whitespace().last().filter(|word| !word.contains("heroku-php-") && !word.starts_with('-'))?;
        Some((folder.trim_end_matches('/').to_owned(), Source::File(process.at.clone())))
    });
    let page = dir.first_of(PAGES.iter().copied()).map(|page| {
        let folder = page.rsplit_once('/').map_or(".", |(folder, _)| folder);
        (folder.to_owned(), Source::inferred("the folder of index.php", [Evidence::file(dir.at(page))]))
    });
    Ok(look::picked(named.into_iter().chain(page)))
}

/// PHP's version: pins, then the lowest line that installs what is asked for and what is locked.
fn versions(dir: &Dir<'_>, composer: Option<&Document>) -> Result<Option<Decision<Version>>, Diagnostic> {
    let line = |text: &str| look::floor(text).map(|version| version.truncate(2));
    let mut found: Vec<(Version, Source)> = Vec::new();
    let pins = tool_versions::single(dir, ".php-version")?.into_iter();
    found.extend(pins.filter_map(|(text, at)| Some((line(&text)?, Source::File(at)))));
    let platform = composer.and_then(|doc| doc.string(&["config", "platform", "php"]));
    found.extend(platform.and_then(|(text, at)| Some((line(text)?, Source::File(at)))));
    found.extend(tool_versions::read(dir, &["php"])?.into_iter().filter_map(|(text, at)| Some((line(&text)?, Source::File(at)))));
    if found.is_empty()
        && let Some((text, at)) = composer.and_then(|doc| doc.string(&["require", "php"]))
        && let Some(asked) = line(text)
    {
        let locked =
            dir.peek("composer.lock").and_then(|text| Document::json(&text).ok()).and_then(|lock| locked(&lock)).filter(|(version, _)| *version > asked);
        found.extend(locked.map(|(version, place)| (version, Source::inferred("a locked package needs it", [place]))));
        found.push((asked, Source::File(at)));
    }
    Ok(look::picked(found))
}

/// The lowest line of PHP that all locked packages run on.
fn locked(lock: &Document) -> Option<(Version, Evidence)> {
    let packages = lock.get(&["packages"])?.items();
    let floors = packages.filter_map(|package| {
        let node = package.get(&["require", "php"])?;
        Some((look::floor(node.str()?)?.truncate(2), node))
    });
    let (version, node) = floors.max_by(|(a, _), (b, _)| a.cmp(b))?;
    Some((version, lock.evidence(&["packages", "require", "php"], node)))
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
    fn a_framework_and_a_floor() {
        let draft = one(&[
            ("composer.json", "{\"name\": \"acme/shop\", \"require\": {\"php\": \"^8.2\", \"laravel/framework\": \"^12.0\"}}"),
            ("public/index.php", ""),
        ]);
        assert_eq!((draft.name.as_str(), draft.framework.map(|d| d.value).as_deref()), ("shop", Some("laravel")));
        assert_eq!(draft.runtime.map(|d| d.value.to_string()).as_deref(), Some("8.2"));
        assert_eq!(draft.port.map(|d| d.value), Some(8000));
    }

    #[test]
    fn what_is_locked_lifts_the_floor_and_a_platform_pins_it() {
        let lock = ("composer.lock", "{\"packages\": [{\"name\": \"a/b\", \"require\": {\"php\": \">=8.4.1\"}}, {\"require\": {\"php\": \"^7.2 || ^8.0\"}}]}");
        let locked = one(&[("composer.json", "{\"require\": {\"php\": \">=8.1\"}}"), lock]);
        assert_eq!(locked.runtime.map(|d| d.value.to_string()).as_deref(), Some("8.4"));
        let pinned = one(&[("composer.json", "{\"require\": {\"php\": \">=8.1\"}, \"config\": {\"platform\": {\"php\": \"8.3.9\"}}}"), lock]);
        assert_eq!(pinned.runtime.map(|d| d.value.to_string()).as_deref(), Some("8.3"));
    }

    #[test]
    fn pages_without_composer_and_tools_of_others() {
        let tree = Tree::memory([("a/index.php", "<?php"), ("b/composer.json", "{}"), ("b/package.json", "{}")]);
        assert_eq!(claims(&tree.root().dir("a")).map(|claim| claim.strength), Some(Strength::Likely));
        assert_eq!(claims(&tree.root().dir("b")).map(|claim| claim.strength), Some(Strength::Likely));
        let draft = one(&[("composer.json", "{\"require\": {\"slim/slim\": \"^4\"}}"), ("Procfile", "web: heroku-php-apache2 web/\n"), ("web/index.php", "")]);
        assert_eq!(draft.facts[0].1.value, "web");
        assert!(draft.start.is_none() && draft.open.is_empty());
    }
}
