//! Adding a stack costs one detector file, one template folder, one fixture and two lines in `detect/mod.rs`; nothing may be missing.
#![allow(clippy::disallowed_methods, reason = "tests look at the machine")]

mod support;

use std::collections::BTreeSet;

use dockgen::catalog::packages::Packages;
use dockgen::catalog::services::Services;
use dockgen::catalog::{StackPack, files};
use dockgen::detect::DETECTORS;
use dockgen::render::Engine;

fn ids() -> BTreeSet<&'static str> {
    DETECTORS.iter().map(|detector| detector.id()).collect()
}

#[test]
fn detectors_and_template_folders_agree() {
    let folders: BTreeSet<&str> = files::stacks().into_iter().collect();
    assert_eq!(ids(), folders);
    assert_eq!(ids().len(), DETECTORS.len(), "two detectors have the same name");
}

#[test]
fn every_stack_loads_and_is_whole() {
    Packages::load().expect("packages.toml");
    let services = Services::load().expect("services.toml");
    for id in ids() {
        let pack = StackPack::load(id).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(pack.id, id);
        assert!(pack.bases.contains_key(&pack.default_base), "{id}: the default base is no base");
        Engine::new(&[id], &[]).unwrap_or_else(|error| panic!("{id}: {error}"));
        for winner in &pack.yields_to {
            assert!(ids().contains(winner.as_str()) || winner == "*", "{id} yields to `{winner}`, which is no stack");
        }
        if let Some(runtime) = &pack.runtime {
            let line = runtime.line(&runtime.default).unwrap_or_else(|| panic!("{id}: the default is no line"));
            let today = std::process::Command::new("date").arg("+%Y-%m-%d").output().ok().and_then(|out| String::from_utf8(out.stdout).ok());
            if let Some(today) = today {
                assert!(line.end_of_life.as_str() > today.trim(), "{id}: the default {} is past its end of life", runtime.default);
            }
            assert!(runtime.lines.is_sorted_by(|a, b| a.version < b.version), "{id}: the lines are not in order");
        }
        for base in pack.bases.values() {
            for image in [Some(&base.build), base.prod.as_ref()].into_iter().flatten().chain(pack.tools.values()) {
                assert!(image == "scratch" || image.contains(':') && !image.contains(":latest"), "{id}: `{image}` has no tag");
            }
        }
    }
    for service in &services.service {
        for stack in service.clients.keys() {
            assert!(ids().contains(stack.as_str()), "{}: clients of `{stack}`, which is no stack", service.id);
        }
    }
}

#[test]
fn every_stack_has_a_fixture_and_every_fixture_a_snapshot() {
    let fixtures = support::fixtures();
    for id in ids() {
        assert!(fixtures.iter().any(|fixture| fixture.name.split('-').next() == Some(id)), "no fixture for `{id}`");
    }
    for fixture in &fixtures {
        let snapshot = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("snapshots/{}.snap", fixture.name));
        assert!(snapshot.is_file(), "no snapshot for `{}`", fixture.name);
    }
}

#[test]
fn every_framework_row_has_a_fixture() {
    let text: String = support::fixtures()
        .iter()
        .map(|fixture| {
            std::fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("snapshots/{}.snap", fixture.name))).unwrap_or_default()
        })
        .collect();
    let found: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("  framework        ")).filter_map(|line| line.split_whitespace().next()).collect();
    for id in ids() {
        let pack = StackPack::load(id).expect("loads");
        for row in &pack.framework {
            assert!(found.contains(row.id.as_str()), "framework `{}` of `{id}` stands in no snapshot", row.id);
        }
    }
}
