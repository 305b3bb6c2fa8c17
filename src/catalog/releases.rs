//! `templates/_shared/releases.toml`: base systems that get no fixes any more.

use serde::Deserialize;

use super::files;

/// The table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Releases {
    /// The systems.
    pub system: Vec<SystemReleases>,
}

/// One system.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SystemReleases {
    /// `Debian`.
    pub title: String,
    /// The name of its own image.
    pub image: String,
    /// Where the dates come from.
    pub source: String,
    /// The releases that have ended, oldest first.
    pub ended: Vec<EndedRelease>,
}

/// One release.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EndedRelease {
    /// The words by which tags name it; the number only in tags of the system's own image.
    pub tags: Vec<String>,
    /// The day on which it ended.
    pub date: String,
}

impl Releases {
    /// Reads the table.
    pub fn load() -> Result<Self, String> {
        let text = files::text("_shared/releases.toml").ok_or("templates/_shared/releases.toml is missing")?;
        toml::from_str(text).map_err(|error| format!("templates/_shared/releases.toml: {error}"))
    }

    /// The system and its ended release that an image's name and tag point at.
    pub fn ended<'a>(&'a self, name: &str, tag: &'a str) -> Option<(&'a SystemReleases, &'a str, &'a EndedRelease)> {
        let words: Vec<&str> = tag.split('-').collect();
        self.system.iter().find_map(|system| {
            let own = name.rsplit('/').next() == Some(system.image.as_str());
            system.ended.iter().find_map(|row| {
                let word = words.iter().find(|word| {
                    row.tags.iter().any(|known| {
                        let is_number = known.starts_with(|c: char| c.is_ascii_digit());
                        let hit = **word == known || word.strip_prefix(known.as_str()).is_some_and(|rest| rest.starts_with('.'));
                        hit && (own || !is_number)
                    })
                })?;
                Some((system, *word, row))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Releases;

    #[test]
    fn tags_name_their_release() {
        let releases = Releases::load().expect("loads");
        for (name, tag, ended) in [
            ("python", "3.12-slim-buster", true),
            ("python", "3.12-slim-bookworm", false),
            ("node", "20-alpine3.16", true),
            ("node", "20-alpine", false),
            ("debian", "10.13-slim", true),
            ("docker.io/library/ubuntu", "18.04", true),
            ("node", "10", false),
            ("alpine", "3.23", false),
        ] {
            assert_eq!(releases.ended(name, tag).is_some(), ended, "{name}:{tag}");
        }
    }
}
