//! Version numbers as runtimes write them: one to three numbers.

use std::fmt;
use std::str::FromStr;

/// `22`, `3.14` or `1.27.3`: as many numbers as were given.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(Vec<u32>);

impl Version {
    /// The numbers, one to three.
    pub fn numbers(&self) -> &[u32] {
        &self.0
    }

    /// The first number.
    pub fn major(&self) -> u32 {
        self.0[0]
    }

    /// The second number, 0 where none was given.
    pub fn minor(&self) -> u32 {
        self.0.get(1).copied().unwrap_or(0)
    }

    /// At most the first `count` numbers.
    #[must_use]
    pub fn truncate(&self, count: usize) -> Self {
        Self(self.0.iter().copied().take(count.max(1)).collect())
    }

    /// Whether `self` is the line that `other` belongs to: `3.14` covers `3.14.2`.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }
}

impl FromStr for Version {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers: Option<Vec<u32>> = text.split('.').map(|part| part.parse().ok()).collect();
        match numbers {
            Some(numbers) if (1..=3).contains(&numbers.len()) => Ok(Self(numbers)),
            _ => Err(format!("`{}` is not a version number", super::evidence::tame(text))),
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, number) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(".")?;
            }
            number.fmt(f)?;
        }
        Ok(())
    }
}

impl<'de> serde::Deserialize<'de> for Version {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn compares_by_number() {
        let parse = |text: &str| text.parse::<Version>().expect(text);
        assert!(parse("3.9") < parse("3.14"));
        assert!(parse("3.14").covers(&parse("3.14.2")));
        assert!(!parse("3.1").covers(&parse("3.14")));
        assert!("3.x".parse::<Version>().is_err());
        assert!("".parse::<Version>().is_err());
    }
}
