//! `dockgen templates`: the built-in templates, to be read and to be changed.

use std::path::Path;

use super::{Outcome, Talk, init};
use crate::catalog::files;
use crate::model::Diagnostic;
use crate::{render, write};

fn all() -> Vec<(&'static str, &'static str)> {
    std::iter::once("_shared").chain(files::stacks()).flat_map(files::templates).collect()
}

/// Lists them, those of Dockerfiles with the blocks that a template can extend.
pub fn list(talk: &mut Talk) -> anyhow::Result<Outcome> {
    let line = |name: &str, text: &str| {
        if !name.ends_with("/Dockerfile.tera") {
            return format!("{name}\n");
        }
        let blocks = render::blocks::around_stages(text, &|name| files::text(name).map(str::to_owned)).names;
        format!("{name}  blocks: {}\n", blocks.join(", "))
    };
    talk.put(&all().iter().map(|(name, text)| line(name, text)).collect::<String>())?;
    Ok(Outcome::Done)
}

/// Writes the named ones below a folder.
pub fn eject(names: &[String], folder: &Path, talk: &mut Talk) -> anyhow::Result<Outcome> {
    let mut chosen = Vec::new();
    for name in names {
        let before = chosen.len();
        chosen.extend(all().into_iter().filter(|(path, _)| path == name || path.split('/').next() == Some(name.trim_end_matches('/'))));
        if chosen.len() == before {
            let message = format!("there is no template `{}`", crate::model::evidence::tame(name));
            return Ok(init::fail(talk, &[Diagnostic::error("no-templates", message).help("`dockgen templates` lists them")]));
        }
    }
    let mut kept = false;
    for (name, text) in chosen {
        match write::create(&folder.join(name), text) {
            Ok(true) => talk.put(&format!("created    {}\n", folder.join(name).display()))?,
            Ok(false) => {
                kept = true;
                talk.put(&format!("kept       {}\n", folder.join(name).display()))?;
            }
            Err(problem) => return Ok(init::fail(talk, &[problem])),
        }
    }
    Ok(if kept { Outcome::No } else { Outcome::Done })
}
