//! Docker's own reading of .dockerignore: rooted patterns, `**`, `!`; the last line that matches wins.

use globset::{GlobBuilder, GlobMatcher};

/// The patterns of one .dockerignore.
pub struct Patterns(Vec<(bool, GlobMatcher)>);

impl Patterns {
    /// Parses a .dockerignore; a pattern that is none is left out, as it can't match.
    pub fn parse(text: &str) -> Self {
        let mut patterns = Vec::new();
        for line in text.lines().map(str::trim) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (keeps, pattern) = line.strip_prefix('!').map_or((false, line), |rest| (true, rest.trim()));
            let pattern = pattern.trim_start_matches('/').trim_end_matches('/');
            if let Ok(glob) = GlobBuilder::new(pattern).literal_separator(true).build() {
                patterns.push((keeps, glob.compile_matcher()));
            }
        }
        Self(patterns)
    }

    /// Whether a path is kept out of the build context: it or a folder above it is matched last by a line without `!`.
    pub fn excludes(&self, path: &str) -> bool {
        let mut excluded = false;
        for (keeps, glob) in &self.0 {
            let mut at = path;
            let hit = loop {
                if glob.is_match(at) {
                    break true;
                }
                match at.rsplit_once('/') {
                    Some((parent, _)) => at = parent,
                    None => break false,
                }
            };
            if hit {
                excluded = !keeps;
            }
        }
        excluded
    }
}

#[cfg(test)]
mod tests {
    use super::Patterns;

    #[test]
    fn patterns_are_rooted_and_the_last_one_wins() {
        let patterns = Patterns::parse("# no\nnode_modules\n**/dist\n.env.*\n!.env.example\n*.md\n!README.md\n");
        for (path, excluded) in [
            ("node_modules/a", true),
            ("a/node_modules", false),
            ("a/b/dist/x", true),
            ("dist", true),
            (".env.local", true),
            (".env.example", false),
            ("docs.md", true),
            ("README.md", false),
            ("a/x.md", false),
        ] {
            assert_eq!(patterns.excludes(path), excluded, "{path}");
        }
    }
}
