//! Bundlers and generators whose output folder stands in settings of their own kind.

use super::mode::{Mode, Site, page};
use super::row::Front;
use super::settings::Settings;
use crate::detect::node::project::Project;
use crate::manifest::Document;
use crate::model::{Diagnostic, RelPath, Source};

/// Hexo: the folder in its settings.
pub fn hexo(project: &Project<'_>, (out, source): (String, Source)) -> Result<Mode, Diagnostic> {
    let settings = Document::read(&project.dir, "_config.yml")?;
    let stated = settings.as_ref().and_then(|doc| doc.string(&["public_dir"]));
    let (out, source) = match stated {
        Some((folder, at)) => (folder.trim_matches('/').to_owned(), Source::File(at)),
        None => (out, source),
    };
    Ok(Mode::Site(Site { out, page: String::new(), source }))
}

/// webpack: `output.path`, which its settings compute from their own place.
pub fn webpack(project: &Project<'_>, front: &Front, settings: &Settings, (out, source): (String, Source)) -> Mode {
    // path: path.resolve(__dirname, '../build')
    // path: __dirname + '/build'
    let added = || settings.string_of(r#"\bpath\s*:\s*(?:__dirname\s*\+\s*["'`]|`\$\{__dirname\})/([\w./-]+)["'`]"#);
    let found = settings
        .string_of(r#"\bpath\s*:\s*(?:path\.)?(?:resolve|join)\(\s*(?:__dirname|process\.cwd\(\)|import\.meta\.dirname)\s*,\s*["'`]([\w./-]+)["'`]\s*\)"#)
        .or_else(added);
    let stated = found.and_then(|(tail, at)| {
        let path = at.file.parent().unwrap_or_default().join(&tail)?;
        Some((path.below(project.dir.path())?.to_owned(), Source::File(at)))
    });
    let (out, source) = stated.filter(|(folder, _)| !folder.is_empty()).unwrap_or((out, source));
    let several = settings.file().is_some_and(|text| text.as_str().matches("new HtmlWebpackPlugin(").count() > 1);
    Mode::Site(Site { out, page: if several { String::new() } else { page(project, front, settings) }, source })
}

/// Rsbuild: `output.distPath`, a folder or a table with its root.
pub fn rsbuild(project: &Project<'_>, front: &Front, settings: &Settings, (out, source): (String, Source)) -> Mode {
    let stated = settings.string_of(r#"\bdistPath\s*:\s*(?:\{[^}]*?\broot\s*:\s*)?["'`]([\w./-]+)["'`]"#);
    let stated = stated.and_then(|(folder, at)| Some((RelPath::new(&folder)?.as_str().to_owned(), Source::File(at))));
    let (out, source) = stated.unwrap_or((out, source));
    Mode::Site(Site { out, page: page(project, front, settings), source })
}

/// Parcel: the folder of the target for browsers.
pub fn parcel(project: &Project<'_>, front: &Front, (out, source): (String, Source)) -> Mode {
    let package = project.package.as_ref();
    let stated = package.and_then(|package| package.doc.string(&["targets", "default", "distDir"]));
    let (out, source) = match stated.and_then(|(folder, at)| Some((RelPath::new(folder)?.as_str().to_owned(), at))) {
        Some((folder, at)) => (folder, Source::File(at)),
        None => (out, source),
    };
    Mode::Site(Site { out, page: page(project, front, &Settings::default()), source })
}
