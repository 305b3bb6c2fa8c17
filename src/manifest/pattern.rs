//! Regular expressions for source code: cheap to make, and quick to search with.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::iter::Peekable;
use std::ops::Range;
use std::rc::Rc;
use std::str::Chars;

use memchr::memmem;
use regex_syntax::hir::{Hir, HirKind};

/// So many bytes are searched with the engine that is quick to make, before the one that is quick to search with is made: where they break even.
const SHORT: usize = 4096;

/// A regular expression that is compiled when a text holds what each match must hold. Compiling one takes longer than searching the sources
/// of a small project with all of them, and most find nothing.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: Box<str>,
    /// The same, whose classes mean ASCII for the engine that knows Unicode.
    ascii: Box<str>,
    /// Each match holds one of these; empty: nothing is known of it.
    needs: Vec<String>,
    searched: Cell<usize>,
    light: OnceCell<Option<regex_lite::Regex>>,
    full: OnceCell<Option<regex::Regex>>,
}

enum Engine<'p> {
    Light(&'p regex_lite::Regex),
    Full(&'p regex::Regex),
}

/// The groups of a match.
#[derive(Debug)]
pub struct Groups<'t> {
    text: &'t str,
    spans: Vec<Option<Range<usize>>>,
}

/// What a group matched.
#[derive(Clone, Copy, Debug)]
pub struct Found<'t> {
    text: &'t str,
    start: usize,
    end: usize,
}

impl<'t> Groups<'t> {
    /// How many there are, with the whole match.
    pub fn count(&self) -> usize {
        self.spans.len()
    }

    /// A group, from 1 on; 0 is the whole match. `None`: it takes no part in the match.
    pub fn get(&self, group: usize) -> Option<Found<'t>> {
        let span = self.spans.get(group)?.as_ref()?;
        Some(Found { text: self.text, start: span.start, end: span.end })
    }
}

impl<'t> Found<'t> {
    /// Its text.
    pub fn as_str(&self) -> &'t str {
        &self.text[self.start..self.end]
    }

    /// Where it starts, in bytes.
    pub fn start(&self) -> usize {
        self.start
    }

    /// Where it ends.
    pub fn end(&self) -> usize {
        self.end
    }
}

impl Pattern {
    /// The groups of the first match.
    pub fn captures<'t>(&self, text: &'t str) -> Option<Groups<'t>> {
        self.first(text, 1).pop()
    }

    /// The groups of all matches, in order.
    pub fn captures_iter<'t>(&self, text: &'t str) -> impl Iterator<Item = Groups<'t>> + use<'t> {
        self.first(text, usize::MAX).into_iter()
    }

    /// The first match as a whole.
    pub fn find<'t>(&self, text: &'t str) -> Option<Found<'t>> {
        self.captures(text)?.get(0)
    }

    /// Whether there is a match.
    pub fn is_match(&self, text: &str) -> bool {
        match self.engine(text) {
            None => false,
            Some(Engine::Light(made)) => made.is_match(text),
            Some(Engine::Full(made)) => made.is_match(text),
        }
    }

    fn first<'t>(&self, text: &'t str, most: usize) -> Vec<Groups<'t>> {
        match self.engine(text) {
            None => Vec::new(),
            Some(Engine::Light(made)) => {
                let groups = made.captures_iter(text).take(most);
                groups.map(|found| Groups { text, spans: found.iter().map(|group| group.map(|group| group.range())).collect() }).collect()
            }
            Some(Engine::Full(made)) => {
                let groups = made.captures_iter(text).take(most);
                groups.map(|found| Groups { text, spans: found.iter().map(|group| group.map(|group| group.range())).collect() }).collect()
            }
        }
    }

    fn engine(&self, text: &str) -> Option<Engine<'_>> {
        if self.full.get().is_none() {
            if !self.needs.is_empty() && !self.needs.iter().any(|literal| memmem::find(text.as_bytes(), literal.as_bytes()).is_some()) {
                return None;
            }
            self.searched.set(self.searched.get().saturating_add(text.len()));
            if self.searched.get() <= SHORT {
                let light = self.light.get_or_init(|| regex_lite::Regex::new(&self.text).ok()).as_ref();
                if let Some(made) = light {
                    return Some(Engine::Light(made));
                }
            }
        }
        self.full.get_or_init(|| regex::Regex::new(&self.ascii).ok()).as_ref().map(Engine::Full)
    }
}

/// The literals of which each match holds one; `None`: there are none, or too many to look for.
fn needs(hir: &Hir) -> Option<Vec<String>> {
    const MOST: usize = 24;
    match hir.kind() {
        HirKind::Literal(literal) => Some(vec![String::from_utf8(literal.0.to_vec()).ok()?]),
        HirKind::Capture(capture) => needs(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => needs(&repetition.sub),
        HirKind::Concat(parts) => parts.iter().filter_map(needs).max_by_key(|any| (any.iter().map(String::len).min(), usize::MAX - any.len())),
        HirKind::Alternation(parts) => {
            let all = parts.iter().map(needs).collect::<Option<Vec<_>>>()?.concat();
            (all.len() <= MOST).then_some(all)
        }
        _ => None,
    }
}

/// Makes a pattern whose `\d`, `\w`, `\s` and `\b` mean ASCII, as the syntax of source code does:
/// the tables of Unicode would cost more than the whole search.
pub fn pattern(text: &str) -> Result<Pattern, regex_syntax::Error> {
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
    let hir = regex_syntax::parse(&ascii)?;
    Ok(Pattern {
        text: text.into(),
        ascii: ascii.into(),
        needs: needs(&hir).unwrap_or_default(),
        searched: Cell::new(0),
        light: OnceCell::new(),
        full: OnceCell::new(),
    })
}

thread_local! {
    static MADE: RefCell<HashMap<&'static str, Option<Rc<Pattern>>>> = RefCell::default();
}

/// As [`pattern`], made at the first use and kept: for patterns that many folders are searched with. `None`: it is not well formed.
pub fn kept(text: &'static str) -> Option<Rc<Pattern>> {
    MADE.with_borrow_mut(|made| made.entry(text).or_insert_with(|| pattern(text).ok().map(Rc::new)).clone())
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
    use proptest::prelude::*;
    use proptest::string::string_regex;

    use super::{SHORT, pattern};

    #[test]
    fn classes_mean_ascii_in_and_out_of_brackets() {
        let found = |text: &str, source: &str| pattern(text).expect(text).find(source).map(|found| found.as_str().to_owned());
        assert_eq!(found(r"\bport\s*=\s*(\d+)", "a port =\t8080").as_deref(), Some("port =\t8080"));
        assert_eq!(found(r"[\w.]+\[", "x app.run[").as_deref(), Some("app.run["));
        assert_eq!(found(r"[^\s]+\S", " ab c").as_deref(), Some("ab"));
        assert_eq!(found(r"\bport\b", "report"), None);
        assert_eq!(found(r"\.\\\]", r"x.\]").as_deref(), Some(r".\]"));
    }

    #[test]
    fn what_a_match_needs() {
        let needs = |text: &str| pattern(text).expect(text).needs.clone();
        assert_eq!(needs(r"\bport\s*=\s*(\d+)"), ["port"]);
        assert_eq!(needs(r#"\b(?:from|import)\s*\(?["']x"#), ["from", "import"]);
        assert_eq!(needs(r"(?:ab)?c+"), ["c"]);
        assert_eq!(needs(r"(?i)port|\d"), Vec::<String>::new());
        assert!(pattern("(").is_err());
    }

    #[test]
    fn a_pattern_is_compiled_only_for_a_text_that_may_match() {
        let port = pattern(r"\bport\b").expect("a pattern");
        assert!(!port.is_match("host") && port.light.get().is_none());
        assert!(!port.is_match("report") && port.light.get().is_some() && port.full.get().is_none());
        assert!(port.is_match(&format!("{} a port", "report ".repeat(SHORT / 7))) && port.full.get().is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_match_is_found_by_both_engines(
            (made, found) in prop::sample::select(&[
                r#"[a-z]{0,3}(?:server|devServer)[ \t]*:[ ]*[^"]{0,5}"#,
                r"(?:ab|cd){1,3}(?:x|yz)?[0-9]+(?:end|fin)",
                r"(?:port[= ]|[ ]-p[= ]?|-o [^ ]{1,5} -p )([0-9]{2,5})",
                r"(?:a|b|c|d|e|f|g|h|ij)k",
                r"(?:x?|y{0,2})(?:lead|)tail",
            ][..]).prop_flat_map(|text| (Just(text), string_regex(text).expect("a pattern")))
        ) {
            let all = |text: &str| -> Vec<_> {
                let groups = pattern(made).expect("a pattern").captures(text);
                groups.map(|groups| (0..groups.count()).map(|n| Some(groups.get(n)?.as_str().to_owned())).collect()).unwrap_or_default()
            };
            let short = all(&found);
            prop_assert!(!short.is_empty(), "{made} {found:?}");
            prop_assert_eq!(short, all(&format!("{}\n{found}", "\"\n".repeat(SHORT))));
        }
    }
}
