//! Workspaces of uv: one lock at the root, members below it.

use super::managers::by_folder;
use super::project::Project;
use super::requirement::normalise;
use crate::catalog::StackPack;
use crate::detect::Found;
use crate::fs::Dir;
use crate::manifest::Node;
use crate::model::{Answers, Diagnostic, RelPath, ServiceDraft};

/// A member that is drafted as a service.
pub struct Member<'t> {
    /// The folder of the lock.
    pub root: Dir<'t>,
    /// Its package's name.
    pub name: String,
    /// The manifests of all members, seen from the root.
    pub manifests: Vec<String>,
}

/// The folders of a workspace's members; `None` where there is no workspace.
pub fn read<'t>(dir: &Dir<'t>, project: &Project) -> Result<Option<Vec<Dir<'t>>>, Diagnostic> {
    let Some(table) = project.tool("uv").and_then(|uv| uv.get(&["workspace"])) else { return Ok(None) };
    let globs = |key: &str| {
        let mut set = globset::GlobSetBuilder::new();
        for glob in table.get(&[key]).into_iter().flat_map(Node::items).filter_map(Node::str) {
            if let Ok(glob) = globset::GlobBuilder::new(glob.trim_end_matches('/')).literal_separator(true).build() {
                set.add(glob);
            }
        }
        set.build().map_err(|error| Diagnostic::error("workspace", error.to_string()))
    };
    let (members, excluded) = (globs("members")?, globs("exclude")?);
    let here = dir.path();
    let mut found: Vec<Dir<'t>> = dir
        .files_below()
        .filter(|path| path.name() == "pyproject.toml")
        .filter_map(RelPath::parent)
        .filter(|path| path.below(here).is_some_and(|tail| !tail.is_empty() && members.is_match(tail) && !excluded.is_match(tail)))
        .map(|path| dir.tree().dir(path))
        .collect();
    found.sort_by(|a, b| a.path().cmp(b.path()));
    Ok(Some(found))
}

/// The members that run, the root among them where it does.
pub fn draft(dir: &Dir<'_>, members: &[Dir<'_>], pack: &StackPack, answers: &Answers) -> Result<Found, Diagnostic> {
    let mut found = Found::default();
    let tail = |member: &Dir<'_>| member.path().below(dir.path()).unwrap_or_default().to_owned();
    let manifests: Vec<String> = members.iter().map(|member| format!("{}/pyproject.toml", tail(member))).collect();
    let mut libraries = Vec::new();
    let projects = members.iter().map(Project::read).collect::<Result<Vec<_>, _>>()?;
    for (member, project) in members.iter().zip(&projects) {
        found.covers.push(member.path().clone());
        let project = with_members(project, &projects);
        let Some((name, at)) = project.name.clone() else { continue };
        // The name becomes a word of a command.
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')) {
            return Err(Diagnostic::error("project-name", "a project's name is letters, digits, `-`, `_` and `.`").at(at));
        }
        let place = Member { root: dir.clone(), name, manifests: manifests.clone() };
        let service = super::service(member, &project, Some(&place), pack, answers)?;
        if service.start.is_some() { found.services.push(service) } else { libraries.push(service) }
    }
    let root = Project::read(dir)?;
    let mut service = super::service(dir, &root, None, pack, answers)?;
    let own = service.start.is_some() && !found.services.iter().any(|other| other.start == service.start);
    if own && found.services.is_empty() {
        service.set("member_manifests", by_folder(&manifests));
        found.services.push(service);
    } else if found.services.is_empty() {
        found.services.push(service);
    }
    Ok(found)
}

/// A member with what the members that it depends on depend on: a program's framework is often a library's dependency.
fn with_members(project: &Project, members: &[Project]) -> Project {
    let mut whole = project.clone();
    let mut place = 0;
    while let Some(requirement) = whole.requirements.get(place).cloned() {
        place += 1;
        let is_it = |member: &&Project| member.name.as_ref().is_some_and(|(name, _)| normalise(name) == requirement.name);
        let Some(member) = members.iter().find(is_it).filter(|_| requirement.production) else { continue };
        for more in member.requirements.iter().filter(|more| more.production) {
            if !whole.requirements.iter().any(|known| known.name == more.name && known.production) {
                whole.requirements.push(more.clone());
            }
        }
    }
    whole
}

impl Member<'_> {
    /// Places a member's service in the workspace: the context is the root, and all manifests are copied.
    pub fn place(&self, draft: &mut ServiceDraft) {
        draft.context = self.root.path().clone();
        draft.set("member", self.name.clone());
        draft.set("member_manifests", by_folder(&self.manifests));
        draft.set("package", true);
        let mut rebuild = vec!["pyproject.toml".to_owned(), "uv.lock".to_owned()];
        rebuild.extend(self.manifests.iter().cloned());
        rebuild.sort();
        draft.watch.rebuild = rebuild;
        draft.watch.paths = vec![".".to_owned()];
        draft.compose.volumes.clear();
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    #[test]
    fn the_framework_of_a_member_can_be_a_librarys_dependency() {
        let member = |name: &str, dependency: &str| {
            format!(
                "[project]\nname = \"{name}\"\nversion = \"1\"\ndependencies = [\"{dependency}\"]\n[build-system]\nrequires = [\"hatchling\"]\nbuild-backend = \"hatchling.build\"\n"
            )
        };
        let (core, app) = (member("tiles-core", "fastapi"), member("tiles-app", "tiles_core"));
        let tree = Tree::memory([
            ("pyproject.toml", "[tool.uv]\npackage = false\n[tool.uv.workspace]\nmembers = [\"packages/*\"]\n"),
            ("uv.lock", "version = 1\n"),
            ("packages/core/pyproject.toml", core.as_str()),
            ("packages/core/tiles_core/__init__.py", ""),
            ("packages/app/pyproject.toml", app.as_str()),
            ("packages/app/tiles_app/__init__.py", ""),
            ("packages/app/tiles_app/main.py", "app = FastAPI()\n"),
        ]);
        let found = detect(&tree, &Answers::default());
        let starts: Vec<String> = found.services.iter().filter_map(|service| Some(service.start.as_ref()?.value.to_string())).collect();
        assert_eq!(starts, ["uvicorn tiles_app.main:app --host 0.0.0.0 --port 8000"]);
    }
}
