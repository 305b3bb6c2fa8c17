//! Three texts into one: what dockgen wrote last, what stands there now, and what it would write today.

use diffy::{ConflictStyle, MergeOptions};

/// Longer than any line of these files begins with, so that a marker is never mistaken for a line of the file.
const MARKER: usize = 60;

/// What came of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merged {
    /// Both sides' changes stand in the text.
    Clean(String),
    /// Both sides changed the same lines.
    Conflict(Conflict),
}

/// The same lines, changed by both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// How many places there are.
    pub places: usize,
    /// The merged text with dockgen's lines in these places; every other edit stands.
    pub new: String,
}

/// Merges the edits in `now` with the changes from `base` to `new`.
pub fn merge(base: &str, now: &str, new: &str) -> Merged {
    let mut options = MergeOptions::new();
    options.set_conflict_style(ConflictStyle::Diff3).set_conflict_marker_length(MARKER);
    let whole = |text: &str| if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") };
    match options.merge(&whole(base), &whole(now), &whole(new)) {
        Ok(text) => Merged::Clean(text),
        Err(marked) => Merged::Conflict(take_new(&marked)),
    }
}

/// Takes dockgen's side of every conflict.
fn take_new(marked: &str) -> Conflict {
    let [mine, base, theirs, end] = ["<", "|", "=", ">"].map(|sign| sign.repeat(MARKER));
    let mut conflict = Conflict { places: 0, new: String::new() };
    let mut keeps = true;
    for line in marked.split_inclusive('\n') {
        if line.starts_with(&mine) {
            conflict.places += 1;
            keeps = false;
        } else if line.starts_with(&base) {
            keeps = false;
        } else if line.starts_with(&theirs) || line.starts_with(&end) {
            keeps = true;
        } else if keeps {
            conflict.new.push_str(line);
        }
    }
    conflict
}

#[cfg(test)]
mod tests {
    use super::{Merged, merge};

    const BASE: &str = "FROM node:20 AS base\n\nWORKDIR /app\n\nCOPY . .\n\nCMD [\"node\", \"server.js\"]\n";

    #[test]
    fn edits_elsewhere_survive() {
        let now = BASE.replace("WORKDIR /app\n", "WORKDIR /app\n\nRUN apt-get install x\n").replace("server.js", "other.js");
        let new = BASE.replace("node:20", "node:24");
        assert_eq!(merge(BASE, &now, &new), Merged::Clean(now.replace("node:20", "node:24")));
    }

    #[test]
    fn both_sides_may_say_the_same() {
        let new = BASE.replace("node:20", "node:24");
        assert_eq!(merge(BASE, &new, &new), Merged::Clean(new.clone()));
    }

    #[test]
    fn the_same_line_changed_twice_is_a_conflict() {
        let now = BASE.replace("node:20", "node:22").replace("server.js", "other.js");
        let new = BASE.replace("node:20", "node:24");
        let Merged::Conflict(conflict) = merge(BASE, &now, &new) else { panic!("a conflict") };
        assert_eq!(conflict.places, 1);
        assert_eq!(conflict.new, BASE.replace("node:20", "node:24").replace("server.js", "other.js"));
    }

    #[test]
    fn a_last_line_without_an_end_gets_one() {
        let Merged::Conflict(conflict) = merge("a\nb", "a\nc", "a\nd") else { panic!("a conflict") };
        assert_eq!(conflict.new, "a\nd\n");
    }
}
