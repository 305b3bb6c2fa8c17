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

fn fits(schema: &str, text: &str) -> Vec<String> {
    let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is one");
    faults(&jsonschema::validator_for(&schema).expect("the schema compiles"), text)
}

#[test]
fn what_init_and_check_print_fits_their_schemas() {
    use dockgen::report::json::{CHECK_SCHEMA, INIT_SCHEMA};
    for fixture in support::fixtures() {
        let run = support::dockgen(&["init", "--dry-run", "--format", "json"], &fixture.args, &fixture.path);
        assert_eq!((run.code, run.stderr.as_str()), (fixture.code, ""), "{}: {}", fixture.name, run.stdout);
        assert_eq!(fits(INIT_SCHEMA, &run.stdout), Vec::<String>::new(), "{}", fixture.name);
    }
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in
        [("go.mod", "module x\n\ngo 1.26\n"), ("main.go", "package main\n\nfunc main() {}\n"), ("Dockerfile", "FROM golang:1.20\nCOPY none .\n")]
    {
        std::fs::write(folder.path().join(name), text).expect("written");
    }
    // Refused, checked, broken: JSON each time.
    let run = support::dockgen(&["init", "--format", "json"], &[] as &[&str], folder.path());
    assert_eq!((run.code, fits(INIT_SCHEMA, &run.stdout)), (1, Vec::new()), "{}", run.stdout);
    assert!(run.stdout.contains("\"action\": \"not ours\""));
    let run = support::dockgen(&["check", "--format", "json"], &[] as &[&str], folder.path());
    assert_eq!((run.code, fits(CHECK_SCHEMA, &run.stdout)), (1, Vec::new()), "{}", run.stdout);
    std::fs::write(folder.path().join("dockgen.toml"), "port = ").expect("written");
    let run = support::dockgen(&["init", "--format", "json"], &[] as &[&str], folder.path());
    assert_eq!((run.code, fits(INIT_SCHEMA, &run.stdout)), (2, Vec::new()), "{}", run.stdout);
}

#[test]
fn the_schema_of_dockgen_toml_knows_every_key() {
    use dockgen::config::{CUSTOMIZE_KEYS, TABLES};
    use dockgen::model::Question;
    let schema: Value = serde_json::from_str(dockgen::report::json::CONFIG_SCHEMA).expect("the schema is JSON");
    let keys = |at: &str| -> std::collections::BTreeSet<String> { schema.pointer(at).and_then(Value::as_object).expect(at).keys().cloned().collect() };
    let known = Question::all().map(Question::key).chain(TABLES.iter().copied()).map(str::to_owned).collect();
    assert_eq!(keys("/properties"), known);
    assert_eq!(keys("/$defs/customize/properties"), CUSTOMIZE_KEYS.iter().map(|key| (*key).to_owned()).collect());
    let text = r#"{"port": 8000, "services": ["redis"], "stages": {"dev": "local"}, "app": {"api": {"port": 1, "customize": {"user": 2000}}}}"#;
    assert_eq!(fits(dockgen::report::json::CONFIG_SCHEMA, text), Vec::<String>::new());
    assert!(!fits(dockgen::report::json::CONFIG_SCHEMA, r#"{"prot": 1}"#).is_empty());
}
