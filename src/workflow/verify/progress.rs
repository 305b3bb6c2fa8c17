//! Says what is being done while it is done: a moving line at a terminal, plain lines elsewhere, nothing when it shall be quiet.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::model::verify::{Check, Finding};
use crate::report;

/// See the module.
pub struct Progress {
    bar: Option<ProgressBar>,
    quiet: bool,
}

impl Progress {
    /// For a terminal or for a file.
    pub fn new(terminal: bool, quiet: bool) -> Self {
        let bar = (terminal && !quiet).then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix:<9} {elapsed:>4} {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { bar, quiet }
    }

    /// A Dockerfile begins.
    pub fn begin(&mut self, what: &str) {
        self.line(&format!("verifying {what}"));
    }

    /// A check begins.
    pub fn check(&mut self, check: Check) {
        if let Some(bar) = &self.bar {
            bar.reset_elapsed();
            bar.set_prefix(check.name());
            bar.set_message(String::new());
        }
    }

    /// A step of it begins.
    pub fn step(&mut self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }

    /// A check has ended.
    pub fn finding(&mut self, finding: &Finding) {
        self.line(&report::verify::line(finding));
    }

    fn line(&self, text: &str) {
        if self.quiet {
            return;
        }
        match &self.bar {
            Some(bar) => bar.println(text),
            None => {
                let _ = report::emit(&mut anstream::stderr(), &format!("{text}\n"));
            }
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
