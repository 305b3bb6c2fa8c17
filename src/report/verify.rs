//! The report of `verify`, for people and for programs.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use crate::model::verify::{Finding, Status, Times, Verification};

/// The contract's version.
const VERSION: u32 = 1;

/// How many lines of a finding's evidence are shown.
const MOST: usize = 24;

/// How much of a line is shown.
const LONGEST: usize = 300;

/// Bytes as people say them, in the units of `docker images`.
#[allow(clippy::cast_precision_loss, reason = "a number for people")]
pub fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "kB", "MB"] {
        if value < 999.5 {
            return if value < 99.5 && unit != "B" { format!("{value:.1} {unit}") } else { format!("{value:.0} {unit}") };
        }
        value /= 1000.0;
    }
    format!("{value:.2} GB")
}

/// Text of programs and of the project on one line, without anything that a terminal would act on.
fn shown(text: &str) -> String {
    let plain = anstream::adapter::strip_str(text).to_string();
    let plain: String = plain.trim_end().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if plain.chars().count() > LONGEST { plain.chars().take(LONGEST).chain("...".chars()).collect() } else { plain }
}

fn style(status: Status) -> Style {
    match status {
        Status::Ok => AnsiColor::Green.on_default(),
        Status::Fail => AnsiColor::Red.on_default().bold(),
        Status::Skipped => Style::new().dimmed(),
    }
}

/// One finding on one line.
pub fn line(finding: &Finding) -> String {
    let style = style(finding.status);
    format!("  {:<9} {style}{:<7}{style:#}  {}", finding.check.name(), finding.status.to_string(), shown(&finding.detail))
}

/// The table, then the evidence for what is wrong.
pub fn human(all: &[Verification]) -> String {
    let mut out = String::new();
    for verification in all {
        let _ = writeln!(out, "{} ({})", verification.dockerfile, verification.target);
        for finding in &verification.checks {
            let _ = writeln!(out, "{}", line(finding));
            let evidence = finding.status == Status::Fail || finding.check == crate::model::verify::Check::Size;
            for text in finding.more.iter().take(MOST).filter(|_| evidence) {
                let _ = writeln!(out, "      {}", shown(text));
            }
            if evidence && finding.more.len() > MOST {
                let _ = writeln!(out, "      and {} more", finding.more.len() - MOST);
            }
            if let Some(help) = finding.help.as_ref().filter(|_| finding.status == Status::Fail) {
                let _ = writeln!(out, "      help: {help}");
            }
        }
        let _ = writeln!(out, "{}\n", summary(verification));
    }
    out
}

fn summary(verification: &Verification) -> String {
    let count = |status: Status| verification.checks.iter().filter(|finding| finding.status == status).count();
    let mut parts = vec![format!("{} ok", count(Status::Ok))];
    for (status, word) in [(Status::Fail, "failed"), (Status::Skipped, "skipped")] {
        if count(status) > 0 {
            parts.push(format!("{} {word}", count(status)));
        }
    }
    parts.join(", ")
}

/// The JSON contract.
pub fn json(all: &[Verification]) -> anyhow::Result<String> {
    let value = json!({
        "version": VERSION,
        "ok": !all.iter().any(Verification::failed),
        "images": all.iter().map(image).collect::<Vec<_>>(),
    });
    Ok(serde_json::to_string_pretty(&value)? + "\n")
}

fn image(verification: &Verification) -> Value {
    let sizes = verification.sizes.as_ref().map(|sizes| {
        let mut value = serde_json::to_value(sizes).unwrap_or_default();
        value["ratio"] = sizes.ratio().map(|ratio| (ratio * 100.0).round() / 100.0).into();
        value
    });
    json!({
        "dockerfile": verification.dockerfile,
        "context": verification.context,
        "target": verification.target,
        "ok": !verification.failed(),
        "checks": verification.checks.iter().map(|finding| json!({
            "name": finding.check.name(),
            "status": finding.status,
            "detail": finding.detail,
            "more": finding.more,
            "help": finding.help,
        })).collect::<Vec<_>>(),
        "sizes": sizes,
        "times": times(&verification.times),
    })
}

fn times(times: &Times) -> Value {
    let rounded = |seconds: Option<f64>| seconds.map(|seconds| (seconds * 100.0).round() / 100.0);
    json!({
        "first_build": rounded(times.first_build),
        "steps": times.steps,
        "reused_steps": times.reused_steps,
        "rebuild": rounded(times.rebuild),
        "start": rounded(times.start),
        "stop": rounded(times.stop),
    })
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn bytes_are_said_as_docker_says_them() {
        for (number, text) in [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (120_000_000, "120 MB"), (31_600_000, "31.6 MB"), (1_020_000_000, "1.02 GB")] {
            assert_eq!(bytes(number), text);
        }
    }
}
