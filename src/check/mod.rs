//! Whether a Dockerfile still agrees with its project: each drift named by fact, with both places.
//!
//! Silence is the rule where anything is unclear: a false alarm costs more trust than a missed drift.

mod bases;
mod compose;
mod copies;
mod inputs;
mod managers;
mod placed;
mod ports;
mod runtime;
mod start;
mod targets;

use std::collections::BTreeMap;

use crate::catalog::StackPack;
use crate::fs::{Dir, Tree};
use crate::manifest::dockerfile::Recipe;
use crate::manifest::ignored::Patterns;
use crate::model::{Diagnostic, Evidence, ServiceDraft};

pub use compose::{Composed, read as composed};

/// A Dockerfile and what it is for.
pub struct Subject<'a> {
    /// The Dockerfile.
    pub recipe: &'a Recipe,
    /// What compose says of it.
    pub composed: &'a [Composed],
    /// The application that it builds, where that is plain.
    pub draft: Option<&'a ServiceDraft>,
    /// The repository.
    pub tree: &'a Tree,
    /// The stacks' data.
    pub packs: &'a BTreeMap<&'static str, StackPack>,
}

/// All drifts of one Dockerfile, in order of their lines.
pub fn drifts(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    found.extend(runtime::drifts(subject));
    found.extend(managers::drifts(subject));
    found.extend(ports::drifts(subject));
    found.extend(copies::drifts(subject));
    found.extend(inputs::drifts(subject));
    found.extend(start::drifts(subject));
    found.extend(targets::drifts(subject));
    found.extend(bases::drifts(subject));
    found.sort_by_key(|drift| drift.at.first().and_then(|at| at.line));
    found
}

impl<'a> Subject<'a> {
    /// The folders that may be the build context: what compose says, else the Dockerfile's own and those above it.
    fn contexts(&self) -> Vec<Dir<'a>> {
        let mut folders: Vec<_> = self.composed.iter().map(|row| row.context.clone()).collect();
        if folders.is_empty() {
            let mut at = self.recipe.path.parent();
            while let Some(folder) = at {
                at = folder.parent();
                folders.push(folder);
            }
        }
        folders.into_iter().map(|folder| self.tree.dir(folder)).collect()
    }

    /// What .dockerignore keeps out of a context.
    fn ignored(&self, context: &Dir<'_>) -> Option<(Patterns, Evidence)> {
        let own = format!("{}.dockerignore", self.recipe.path.below(context.path())?);
        let text = [own.as_str(), ".dockerignore"].into_iter().find_map(|name| context.peek(name))?;
        Some((Patterns::parse(text.as_str()), text.evidence()))
    }

    /// The data of the application's stack.
    fn pack(&self) -> Option<&'a StackPack> {
        self.packs.get(self.draft?.pack)
    }

    /// Whether the Dockerfile's name says that it is not for production.
    fn is_for_development(&self) -> bool {
        let name = self.recipe.path.name().to_ascii_lowercase();
        ["dev", "test", "local", "ci", "debug", "e2e"].iter().any(|word| name.split(['.', '-', '_']).any(|part| part.starts_with(word)))
    }
}

/// An image's name and tag; a digest is neither.
fn name_and_tag(image: &str) -> (&str, &str) {
    let image = image.split('@').next().unwrap_or(image);
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (image, ""),
    }
}
