//! Unified diffs for people.

use similar::TextDiff;

/// The difference between what stands there and what would, with three lines around each change; empty when there is none.
pub fn unified(path: &str, now: &str, new: &str) -> String {
    if now == new {
        return String::new();
    }
    TextDiff::from_lines(now, new).unified_diff().context_radius(3).header(&format!("{path} (now)"), &format!("{path} (dockgen)")).to_string()
}
