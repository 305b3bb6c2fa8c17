//! Makes each stage of a built-in Dockerfile template a block, so that a template that extends it can replace or add to one stage.

/// A built-in Dockerfile template with what it includes put in its place and a block around each stage.
pub struct Blocks {
    /// The template.
    pub text: String,
    /// The blocks, by the stage's part: `base`, `deps`, `prod_deps`; where two included files have the same one, `package_deps` and `workspace_deps`.
    pub names: Vec<String>,
}

/// Makes the blocks; `find` gives the text of a template by its name.
pub fn around_stages(template: &str, find: &dyn Fn(&str) -> Option<String>) -> Blocks {
    let mut from = Vec::new();
    let mut names: Vec<String> = Vec::new();
    expand(template, "", find, &mut from, &mut names, 0);
    let mut lines: Vec<String> = from.iter().map(|(line, _)| line.clone()).collect();
    let marks: Vec<(usize, String)> = lines.iter().enumerate().filter_map(|(at, line)| Some((at, stage_of(line)?))).collect();
    for (place, (at, part)) in marks.iter().enumerate() {
        let same = |others: &[(usize, String)]| others.iter().filter(|(_, other)| other == part).count();
        let origin = &from[*at].1;
        let name = match (same(&marks), same(&marks[place + 1..])) {
            (1, _) => part.clone(),
            _ if !origin.is_empty() => format!("{origin}_{part}"),
            // Of the branches of a condition the last one is the common case.
            (_, 0) => part.clone(),
            (_, later) => format!("{part}_{}", later + 1),
        };
        let end = end_of(&lines, *at);
        if end > *at && !names.contains(&name) {
            lines[*at].insert_str(0, &format!("{{% block {name} %}}"));
            lines[end - 1].push_str("{% endblock %}");
            names.push(name);
        }
    }
    Blocks { text: lines.join("\n") + "\n", names }
}

/// The lines of a template, each with the name of the included file that it comes from. Blocks of an included template could not be extended.
/// An included file that holds no stage is a block as a whole.
fn expand(template: &str, origin: &str, find: &dyn Fn(&str) -> Option<String>, into: &mut Vec<(String, String)>, names: &mut Vec<String>, depth: usize) {
    for line in template.lines() {
        let name = line.trim().strip_prefix("{% include \"").and_then(|rest| rest.strip_suffix("\" %}"));
        match name.filter(|_| depth < 8).and_then(|name| Some((name, find(name)?))) {
            Some((name, text)) => {
                let stem = name.rsplit('/').next().unwrap_or(name).trim_end_matches(".tera").replace('-', "_");
                let start = into.len();
                expand(&text, &stem, find, into, names, depth + 1);
                let has_stage = into[start..].iter().any(|(line, _)| stage_of(line).is_some());
                if !has_stage && start < into.len() && !names.contains(&stem) {
                    into[start].0.insert_str(0, &format!("{{% block {stem} %}}"));
                    if let Some((last, _)) = into.last_mut() {
                        last.push_str("{% endblock %}");
                    }
                    names.push(stem);
                }
            }
            None => into.push((line.to_owned(), origin.to_owned())),
        }
    }
}

/// The stage that a comment opens: `# {{ stages.prod }}-deps leaves out ..`.
fn stage_of(line: &str) -> Option<String> {
    let rest = line.trim_start().strip_prefix("# {{ stages.")?;
    let (part, tail) = rest.split_once(" }}")?;
    let more: String = tail.strip_prefix('-').map_or_else(String::new, |more| more.chars().take_while(char::is_ascii_alphanumeric).collect());
    Some(if more.is_empty() { part.to_owned() } else { format!("{part}_{more}") })
}

/// The line after the last one of the stage that begins at `start`: where the next stage, or the condition around it, begins or the one around this stage ends.
fn end_of(lines: &[String], start: usize) -> usize {
    let mut open: Vec<usize> = Vec::new();
    for (at, line) in lines.iter().enumerate().skip(start + 1) {
        if stage_of(line).is_some() {
            return open.first().copied().unwrap_or(at);
        }
        for tag in tags(line) {
            match tag {
                Tag::Open => open.push(at),
                Tag::Between if open.is_empty() => return at,
                Tag::Between => {}
                Tag::Close => {
                    if open.pop().is_none() {
                        return at;
                    }
                }
            }
        }
    }
    open.first().copied().unwrap_or(lines.len())
}

enum Tag {
    Open,
    Between,
    Close,
}

fn tags(line: &str) -> impl Iterator<Item = Tag> {
    line.split("{%").skip(1).filter_map(|rest| match rest.trim_start_matches('-').split_whitespace().next()? {
        "if" | "for" | "block" | "component" | "filter" => Some(Tag::Open),
        "else" | "elif" => Some(Tag::Between),
        word if word.starts_with("end") => Some(Tag::Close),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::around_stages;

    #[test]
    fn stages_become_blocks_and_conditions_stay_around_them() {
        let text = "# {{ stages.base }} is\nFROM a\n{% if x %}\n# {{ stages.deps }} installs{% if y %} z{% endif %}\n\nFROM b\n{% if z %}\nRUN c\n{% endif %}\n{% endif %}\n# {{ stages.prod }}-deps is\nFROM d\n# {{ stages.prod }} is\nFROM e\n";
        let want = "{% block base %}# {{ stages.base }} is\nFROM a{% endblock %}\n{% if x %}\n{% block deps %}# {{ stages.deps }} installs{% if y %} z{% endif %}\n\nFROM b\n{% if z %}\nRUN c\n{% endif %}{% endblock %}\n{% endif %}\n{% block prod_deps %}# {{ stages.prod }}-deps is\nFROM d{% endblock %}\n{% block prod %}# {{ stages.prod }} is\nFROM e{% endblock %}\n";
        assert_eq!(around_stages(text, &|_| None).text, want);
    }

    #[test]
    fn stages_of_included_files_are_blocks_too() {
        let find = |name: &str| matches!(name, "x/a.tera" | "x/b.tera").then(|| "# {{ stages.deps }} is\nFROM y\n".to_owned());
        let blocks = around_stages(
            "# {{ stages.base }} is\nFROM x\n{% if c %}\n{% include \"x/a.tera\" %}\n{% else %}\n{% include \"x/b.tera\" %}\n{% endif %}\n",
            &find,
        );
        assert_eq!(blocks.names, ["base", "a_deps", "b_deps"]);
        assert!(blocks.text.contains("{% else %}\n{% block b_deps %}# {{ stages.deps }} is\nFROM y{% endblock %}\n{% endif %}"), "{}", blocks.text);
    }
}
