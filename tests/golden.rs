//! Every folder in `tests/fixtures` gives one snapshot: the explanation, every file, and the variants that its sidecar names.
#![allow(clippy::disallowed_methods, reason = "tests look at the machine")]

mod support;

use libtest_mimic::{Arguments, Failed, Trial};
use support::Fixture;

fn main() {
    let arguments = Arguments::from_args();
    let trials = support::fixtures().into_iter().map(|fixture| Trial::test(fixture.name.clone(), move || check(&fixture))).collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn check(fixture: &Fixture) -> Result<(), Failed> {
    let mut text = output(fixture, &fixture.args)?;
    for variant in &fixture.variants {
        let args: Vec<String> = fixture.args.iter().chain(&variant.args).cloned().collect();
        let with = support::dockgen(&["init", "--yes", "--stdout", "--quiet", "--no-compose", "--no-dockerignore"], &args, &fixture.path);
        text.push_str(&format!("\n######## {}\n", variant.args.join(" ")));
        text.push_str(&with.stdout);
        text.push_str(&with.stderr);
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(fixture.name.as_str(), text));
    Ok(())
}

/// The explanation and every file, or what was found where none is written; twice, since the same tree must give the same bytes.
fn output(fixture: &Fixture, args: &[String]) -> Result<String, Failed> {
    let run = || support::dockgen(&["init", "--yes", "--stdout"], args, &fixture.path);
    let (first, second) = (run(), run());
    if first.stdout != second.stdout {
        return Err("two runs on the same tree differ".into());
    }
    if first.code != fixture.code {
        return Err(format!("exit code {} instead of {}\n{}", first.code, fixture.code, first.stderr).into());
    }
    if fixture.code == 0 {
        return Ok(format!("{}\n{}", first.stderr, first.stdout));
    }
    // Nothing can be written: then what was found is all that there is.
    let found = support::dockgen(&["detect"], &[] as &[&str], &fixture.path);
    Ok(format!("{}\n######## detect\n{}", first.stderr, found.stdout))
}
