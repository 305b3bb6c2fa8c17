//! Regular expressions for source code: quick to search with, and cheap to make.

use std::cell::RefCell;
use std::collections::HashMap;
use std::iter::Peekable;
use std::str::Chars;

use regex::Regex;

/// Makes a pattern whose `\d`, `\w`, `\s` and `\b` mean ASCII, as the syntax of source code does:
/// the tables of Unicode would cost more than the whole search.
pub fn pattern(text: &str) -> Result<Regex, regex::Error> {
    let mut ascii = String::with_capacity(text.len() + 32);
    let mut class = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => escape(&mut chars, class, &mut ascii),
            '[' if !class => {
                class = true;
                ascii.push(c);
            }
            ']' => {
                class = false;
                ascii.push(c);
            }
            c => ascii.push(c),
        }
    }
    Regex::new(&ascii)
}

thread_local! {
    static MADE: RefCell<HashMap<&'static str, Option<Regex>>> = RefCell::default();
}

/// As [`pattern`], made at the first use and kept: for patterns that many folders are searched with. `None`: it is not well formed.
pub fn kept(text: &'static str) -> Option<Regex> {
    MADE.with_borrow_mut(|made| made.entry(text).or_insert_with(|| pattern(text).ok()).clone())
}

fn escape(chars: &mut Peekable<Chars<'_>>, class: bool, ascii: &mut String) {
    let Some(c) = chars.next() else { return ascii.push('\\') };
    let (set, negated) = match c {
        'd' => ("0-9", false),
        'w' => ("0-9A-Za-z_", false),
        's' => (r" \t\r\n", false),
        'D' if !class => ("0-9", true),
        'W' if !class => ("0-9A-Za-z_", true),
        'S' if !class => (r" \t\r\n", true),
        'b' if !class => return ascii.push_str(r"(?-u:\b)"),
        other => {
            ascii.push('\\');
            return ascii.push(other);
        }
    };
    if class {
        return ascii.push_str(set);
    }
    ascii.push('[');
    if negated {
        ascii.push('^');
    }
    ascii.push_str(set);
    ascii.push(']');
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn classes_mean_ascii_in_and_out_of_brackets() {
        let found = |text: &str, source: &str| pattern(text).expect(text).find(source).map(|found| found.as_str().to_owned());
        assert_eq!(found(r"\bport\s*=\s*(\d+)", "a port =\t8080").as_deref(), Some("port =\t8080"));
        assert_eq!(found(r"[\w.]+\[", "x app.run[").as_deref(), Some("app.run["));
        assert_eq!(found(r"[^\s]+\S", " ab c").as_deref(), Some("ab"));
        assert_eq!(found(r"\bport\b", "report"), None);
        assert_eq!(found(r"\.\\\]", r"x.\]").as_deref(), Some(r".\]"));
    }
}
