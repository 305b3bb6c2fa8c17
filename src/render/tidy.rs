//! The layout of rendered files, so that templates need not care about blank lines.

/// Lays out a Dockerfile: one blank line between instructions of different kind, none between equal ones;
/// a comment stays with the instruction below it; heredocs are left alone.
pub fn dockerfile(text: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut comments: Vec<String> = Vec::new();
    let mut last_keyword = String::new();
    let mut lines = text.lines().map(str::trim_end);
    while let Some(line) = lines.next() {
        if line.trim().is_empty() {
            continue;
        }
        if line.starts_with('#') {
            comments.push(line.to_owned());
            continue;
        }
        let keyword = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        let stands_alone = !comments.is_empty() || keyword == "FROM" || keyword != last_keyword;
        // A parser directive keeps its distance from the first comment.
        if out.is_empty() && comments.first().is_some_and(|comment| comment.starts_with("# syntax=")) {
            out.push(comments.remove(0));
        }
        if stands_alone && !out.is_empty() {
            out.push(String::new());
        }
        out.append(&mut comments);
        copy_instruction(line, &mut lines, &mut out);
        last_keyword = keyword;
    }
    out.append(&mut comments);
    let mut text = out.join("\n");
    text.push('\n');
    text
}

/// Copies an instruction with its continuation lines and heredocs.
fn copy_instruction<'a>(first: &str, lines: &mut impl Iterator<Item = &'a str>, out: &mut Vec<String>) {
    let mut line = first.to_owned();
    let mut heredocs = ends_of_heredocs(&line);
    loop {
        let goes_on = line.ends_with('\\');
        out.push(line);
        if !goes_on {
            break;
        }
        let Some(next) = lines.by_ref().find(|line| !line.trim().is_empty()) else { break };
        heredocs.extend(ends_of_heredocs(next));
        line = next.to_owned();
    }
    for end in heredocs {
        for line in lines.by_ref() {
            out.push(line.to_owned());
            if line.trim_start_matches('\t') == end {
                break;
            }
        }
    }
}

/// The words that end the heredocs opened on a line of RUN or COPY.
fn ends_of_heredocs(line: &str) -> Vec<String> {
    let mut ends = Vec::new();
    for part in line.split("<<").skip(1) {
        let word: String =
            part.trim_start_matches('-').trim_start_matches(['\'', '"']).chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        if !word.is_empty() {
            ends.push(word);
        }
    }
    ends
}

/// Lays out compose.yaml: a blank line before each top-level key and none elsewhere.
pub fn compose(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
        if !line.starts_with([' ', '#']) && !out.is_empty() {
            out.push('\n');
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// Lays out .dockerignore: groups apart by one blank line.
pub fn ignore(text: &str) -> String {
    let mut out = String::new();
    let mut gap = false;
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            gap = !out.is_empty();
            continue;
        }
        if gap {
            out.push('\n');
            gap = false;
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{compose, dockerfile, ignore};

    #[test]
    fn blank_lines_follow_the_kind_of_instruction() {
        let text = "\n# syntax=docker/dockerfile:1\n\n\n# base is x\nFROM a AS base\nENV A=1\n\nENV B=2\nRUN x \\\n\n    && y\nRUN z\n# why\nRUN w\n";
        let want = "# syntax=docker/dockerfile:1\n\n# base is x\nFROM a AS base\n\nENV A=1\nENV B=2\n\nRUN x \\\n    && y\nRUN z\n\n# why\nRUN w\n";
        assert_eq!(dockerfile(text), want);
        assert_eq!(dockerfile(want), want);
    }

    #[test]
    fn heredocs_are_left_alone() {
        let text = "COPY <<'EOF' /x\nserver {\n\n}\n# no comment\nEOF\nUSER 1:1\n";
        assert_eq!(dockerfile(text), "COPY <<'EOF' /x\nserver {\n\n}\n# no comment\nEOF\n\nUSER 1:1\n");
    }

    #[test]
    fn other_files_have_their_own_layout() {
        assert_eq!(compose("name: a\nservices:\n\n  a:\n\n    b: c\nvolumes:\n  d:\n"), "name: a\n\nservices:\n  a:\n    b: c\n\nvolumes:\n  d:\n");
        assert_eq!(ignore("# a\nx\n\n\n\n# b\ny\n"), "# a\nx\n\n# b\ny\n");
    }
}
