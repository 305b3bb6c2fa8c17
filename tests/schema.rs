//! The JSON contract of `detect`: what it prints fits the published schema, for every fixture and for broken input.
#![allow(clippy::disallowed_methods, reason = "tests look at the machine")]

mod support;

use jsonschema::Validator;
use serde_json::Value;

fn validator() -> Validator {
    let schema: Value = serde_json::from_str(dockgen::report::json::DETECT_SCHEMA).expect("the schema is JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is one");
    jsonschema::validator_for(&schema).expect("the schema compiles")
}

fn faults(validator: &Validator, text: &str) -> Vec<String> {
    let value: Value = serde_json::from_str(text).expect("detect prints JSON");
    validator.iter_errors(&value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn every_fixture_fits_the_schema() {
    let validator = validator();
    for fixture in support::fixtures() {
        let run = support::dockgen(&["detect", "--format", "json"], &[] as &[&str], &fixture.path);
        assert!(run.code >= 0, "{}: killed", fixture.name);
        assert_eq!(faults(&validator, &run.stdout), Vec::<String>::new(), "{}", fixture.name);
    }
}

#[test]
fn broken_input_fits_the_schema_too() {
    let validator = validator();
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("dockgen.toml"), "port = ").expect("written");
    let run = support::dockgen(&["detect", "--format", "json"], &[] as &[&str], folder.path());
    assert_eq!(run.code, 2);
    assert_eq!(faults(&validator, &run.stdout), Vec::<String>::new());
    assert!(run.stdout.contains("\"severity\": \"error\""));
}

#[test]
fn the_schema_refuses_what_is_not_in_the_contract() {
    let validator = validator();
    assert!(!faults(&validator, r#"{"version":1,"services":[],"diagnostics":[],"more":1}"#).is_empty());
    assert!(!faults(&validator, r#"{"version":2,"services":[],"diagnostics":[]}"#).is_empty());
    assert!(faults(&validator, r#"{"version":1,"services":[],"diagnostics":[]}"#).is_empty());
}
