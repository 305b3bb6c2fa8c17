//! A file's text with its line numbers.

use crate::model::{Evidence, RelPath};

/// The text of one file, without a byte order mark and with `\n` line ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    path: RelPath,
    text: String,
}

impl Text {
    /// Makes a text, dropping a byte order mark and carriage returns at line ends.
    pub fn new(path: RelPath, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let text = if text.contains('\r') { text.replace("\r\n", "\n") } else { text.to_owned() };
        Self { path, text }
    }

    /// Where it lies.
    pub fn path(&self) -> &RelPath {
        &self.path
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The lines with their numbers, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (u32, &str)> {
        (1..).zip(self.text.lines())
    }

    /// The number of the line that holds the byte at `offset`.
    pub fn line_of(&self, offset: usize) -> u32 {
        let before = self.text.as_bytes().get(..offset).unwrap_or(self.text.as_bytes());
        u32::try_from(before.iter().filter(|&&byte| byte == b'\n').count()).unwrap_or(u32::MAX - 1) + 1
    }

    /// The place at a byte offset as evidence, with the value that stands there.
    pub fn at(&self, offset: usize, raw: impl Into<String>) -> Evidence {
        Evidence::line(self.path.clone(), self.line_of(offset), raw)
    }

    /// The file as evidence.
    pub fn evidence(&self) -> Evidence {
        Evidence::file(self.path.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::Text;
    use crate::model::RelPath;

    #[test]
    fn byte_order_mark_and_carriage_returns_are_normal_input() {
        let text = Text::new(RelPath::known("a"), "\u{feff}x\r\ny\r\n");
        assert_eq!(text.as_str(), "x\ny\n");
        assert_eq!(text.line_of(2), 2);
        assert_eq!(text.lines().last(), Some((2, "y")));
    }
}
