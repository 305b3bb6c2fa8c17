//! Which applications the tables `[app.NAME]` of `dockgen.toml` mean: by their name or folder first, by the last part of a folder where only one ends so.

use crate::model::draft::slug;
use crate::model::{Answers, Diagnostic, RelPath, ServiceDraft};

/// The folders of the keys that are an application's own name or folder while others end with it, and what is unclear.
pub fn meant(services: &[ServiceDraft], answers: &Answers) -> (Vec<(String, Vec<RelPath>)>, Vec<Diagnostic>) {
    let (mut meant, mut unclear) = (Vec::new(), Vec::new());
    for app in answers.apps() {
        let ends: Vec<&ServiceDraft> = services.iter().filter(|service| service.root.name() == app).collect();
        let mut roots: Vec<RelPath> = services.iter().filter(|service| is_called(service, app)).map(|service| service.root.clone()).collect();
        roots.dedup();
        if roots.is_empty() {
            let mut folders: Vec<&RelPath> = ends.iter().map(|service| &service.root).collect();
            folders.dedup();
            if folders.len() > 1 {
                let shown: Vec<String> = folders.iter().map(|root| format!("`{root}`")).collect();
                let names: Vec<String> = ends.iter().map(|service| format!("[app.{}]", service.name)).collect();
                unclear.push(
                    Diagnostic::error("unclear-app", format!("`[app.{}]` could be any of {}", crate::model::evidence::tame(app), shown.join(", ")))
                        .at_all(answers.place_of(app).cloned())
                        .help(format!("write {}", names.join(" or "))),
                );
            }
        } else if services.iter().any(|service| !roots.contains(&service.root)) {
            meant.push((app.to_owned(), roots));
        }
    }
    (meant, unclear)
}

/// Whether a key is an application's name, or its folder.
fn is_called(service: &ServiceDraft, app: &str) -> bool {
    service.name == app || service.root.display() == app || slug(&service.root.as_str().replace('/', "-")).as_deref() == Some(app)
}

#[cfg(test)]
mod tests {
    use crate::config;
    use crate::detect::detect;
    use crate::fs::Tree;
    use crate::model::Answers;

    const GO: &str = "package main\n\nfunc main() { http.ListenAndServe(\":8080\", nil) }\n";

    fn ports(folders: &[&str], settings: &str) -> (Vec<Option<u16>>, Vec<&'static str>) {
        let files: Vec<(String, String)> = folders
            .iter()
            .flat_map(|folder| [(format!("{folder}/go.mod"), "module x\n\ngo 1.24\n".to_owned()), (format!("{folder}/main.go"), GO.to_owned())])
            .chain([("dockgen.toml".to_owned(), settings.to_owned())])
            .collect();
        let tree = Tree::memory(files.iter().map(|(path, text)| (path.as_str(), text.as_str())));
        let mut answers = Answers::default();
        config::read(&tree.root(), &mut answers).expect("fine");
        let found = detect(&tree, &answers);
        let ports = found.services.iter().map(|service| service.port.as_ref().map(|port| port.value)).collect();
        (ports, found.diagnostics.iter().map(|problem| problem.id).collect())
    }

    #[test]
    fn a_table_means_one_application() {
        let folders = ["api", "shop/api"];
        assert_eq!(ports(&folders, "[app.api]\nport = 9000\n").0, [Some(9000), Some(8080)]);
        assert_eq!(ports(&folders, "[app.shop-api]\nport = 9000\n").0, [Some(8080), Some(9000)]);
        assert_eq!(ports(&folders, "[app.'shop/api']\nport = 9000\n").0, [Some(8080), Some(9000)]);
        assert_eq!(ports(&["web", "shop/api"], "[app.api]\nport = 9000\n").0, [Some(9000), Some(8080)]);
        let (_, problems) = ports(&["blog/api", "shop/api"], "[app.api]\nport = 9000\n");
        assert_eq!(problems, ["unclear-app"]);
    }
}
