//! What `[customize]` means for one service.

use super::Catalog;
use crate::catalog::BaseRow;
use crate::model::plan::{Custom, PackagesPlan};
use crate::model::{Diagnostic, Evidence, RelPath, ServiceDraft};

/// Fits the additions to a service: packages with their versions, paths as its build context has them.
pub(super) fn plan(custom: &Custom, draft: &ServiceDraft, context: &RelPath, row: &BaseRow, release: &str, catalog: &Catalog) -> Result<Custom, Diagnostic> {
    let mut custom = custom.clone();
    let refused = |what: String, help: String| Diagnostic::error("customize", format!("service `{}`: {what}", draft.name)).help(help);
    if row.os == "none" && !custom.packages.is_empty() {
        let what = format!("packages can't be added to an image without a package manager ({})", custom.packages.join(", "));
        return Err(refused(what, "choose --base slim, or leave the packages out".to_owned()));
    }
    let pin = |names: &mut Vec<String>, os: &str| {
        names.sort();
        names.dedup();
        if os == "debian" {
            for name in names.iter_mut().filter(|name| !name.contains('=')) {
                *name = catalog.packages.pinned(release, name);
            }
        }
    };
    pin(&mut custom.packages, &row.os);
    pin(&mut custom.build_packages, row.build_os.as_deref().unwrap_or(&row.os));
    if let Some(path) = &custom.certificate {
        let inside = RelPath::new(path).and_then(|path| path.below(context).map(str::to_owned));
        custom.certificate = Some(inside.filter(|path| !path.is_empty()).ok_or_else(|| {
            let what = format!("`{path}` lies outside of the build context `{context}`");
            refused(what, "keep a copy of the certificate in it, and name that under [app.NAME.customize]".to_owned()).at(Evidence::file(context.clone()))
        })?);
    }
    Ok(custom)
}

/// The packages of a service and those that are added.
pub(super) fn packages(mut all: PackagesPlan, custom: &Custom) -> PackagesPlan {
    for (names, more) in [(&mut all.build, &custom.build_packages), (&mut all.runtime, &custom.packages)] {
        names.extend(more.iter().cloned());
        names.sort();
        names.dedup();
    }
    all
}

/// An image as a company's registry names it: its own host gives way.
pub(super) fn through(registry: Option<&str>, image: &str) -> String {
    let Some(registry) = registry.filter(|_| image != "scratch") else { return image.to_owned() };
    let rest = match image.split_once('/') {
        Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => rest,
        _ => image,
    };
    format!("{registry}/{rest}")
}

#[cfg(test)]
mod tests {
    use super::through;

    #[test]
    fn every_image_comes_through_the_registry() {
        let through = |image| through(Some("hub.example.com/mirror"), image);
        assert_eq!(through("node:24-slim"), "hub.example.com/mirror/node:24-slim");
        assert_eq!(through("gcr.io/distroless/static:nonroot"), "hub.example.com/mirror/distroless/static:nonroot");
        assert_eq!(through("nginxinc/nginx-unprivileged:1"), "hub.example.com/mirror/nginxinc/nginx-unprivileged:1");
        assert_eq!(through("scratch"), "scratch");
    }
}
