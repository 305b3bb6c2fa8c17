//! Commands as a container runs them.

use std::fmt;

/// A command: words for exec form, or text that needs a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cmd {
    /// Words, run without a shell.
    Exec(Vec<String>),
    /// Text for `sh -c`.
    Shell(String),
}

impl Cmd {
    /// Words.
    pub fn exec<I: IntoIterator<Item = S>, S: Into<String>>(words: I) -> Self {
        Self::Exec(words.into_iter().map(Into::into).collect())
    }

    /// A name of the project as one word of a shell: what is no plain word is quoted, and what can't be quoted is left for the template to refuse.
    pub fn word(name: &str) -> String {
        shlex::try_quote(name).map_or_else(|_| name.to_owned(), std::borrow::Cow::into_owned)
    }

    /// What a person typed: words where no shell is needed, shell text where one is.
    /// `Err` names what can't stand in a command.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("the command is empty".to_owned());
        }
        if text.chars().any(char::is_control) {
            return Err("a command may not contain line breaks or control characters".to_owned());
        }
        if needs_shell(text) {
            return Ok(Self::Shell(text.to_owned()));
        }
        match shlex::split(text) {
            Some(words) if !words.is_empty() => Ok(Self::Exec(words)),
            _ => Err("the command has an unclosed quote".to_owned()),
        }
    }

    /// The words of CMD in exec form; a shell replaces itself by the program, so that signals arrive.
    pub fn words(&self) -> Vec<String> {
        match self {
            Self::Exec(words) => words.clone(),
            Self::Shell(text) => {
                vec!["sh".to_owned(), "-c".to_owned(), replacing(text)]
            }
        }
    }

    /// The program that runs, where that is plain.
    pub fn program(&self) -> Option<&str> {
        match self {
            Self::Exec(words) => words.first().map(String::as_str),
            Self::Shell(_) => None,
        }
    }
}

/// Shell text whose last command takes the shell's place: of `a; b && X=1 c` that is `c`. Text that ends in more than one plain command stays.
fn replacing(text: &str) -> String {
    let (mut quote, mut last, mut before) = (None, 0, ' ');
    for (place, c) in text.char_indices() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, ';') => last = place + 1,
            (None, '&') if before == '&' => last = place + 1,
            _ => {}
        }
        before = c;
    }
    let (head, tail) = text.split_at(last);
    let mut rest = tail.trim_start();
    let plain = tail.replace("${", "");
    if rest.is_empty() || rest.starts_with("exec ") || plain.contains(['&', '|', '(', '{', '`']) || head.contains(['(', '{', '`']) {
        return text.to_owned();
    }
    // Variables that are set for the command stand before `exec`.
    while let Some((word, after)) = rest.split_once(' ').filter(|(word, _)| is_assignment(word)) {
        if word.contains(['\'', '"']) {
            return text.to_owned();
        }
        rest = after.trim_start();
    }
    format!("{}exec {rest}", &text[..text.len() - rest.len()])
}

/// `NAME=value`.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

/// Whether a shell would read more than words and quotes in this text.
fn needs_shell(text: &str) -> bool {
    let mut quoted = false;
    let mut first_word = true;
    for c in text.chars() {
        match c {
            '\'' => quoted = !quoted,
            _ if quoted => {}
            '$' | '`' | '|' | '&' | ';' | '<' | '>' | '(' | ')' | '*' | '?' | '~' => return true,
            '=' if first_word => return true,
            c if c.is_whitespace() => first_word = false,
            _ => {}
        }
    }
    false
}

impl fmt::Display for Cmd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exec(words) => match shlex::try_join(words.iter().map(String::as_str)) {
                Ok(text) => f.write_str(&text),
                Err(_) => f.write_str(&words.join(" ")),
            },
            Self::Shell(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cmd;

    #[test]
    fn words_stay_words_and_shell_text_gets_a_shell() {
        assert_eq!(Cmd::parse("node 'my app.js'"), Ok(Cmd::exec(["node", "my app.js"])));
        assert_eq!(Cmd::parse("gunicorn -b :$PORT x").map(|c| c.words()), Ok(vec!["sh".into(), "-c".into(), "exec gunicorn -b :$PORT x".into()]));
        for (text, words) in [
            ("a && b", "a && exec b"),
            ("flask db upgrade; gunicorn x", "flask db upgrade; exec gunicorn x"),
            ("A=1 B=2 node a", "A=1 B=2 exec node a"),
            ("gunicorn -b :${PORT:-8000} x", "exec gunicorn -b :${PORT:-8000} x"),
            ("a 'b; c' $X", "exec a 'b; c' $X"),
            ("a & b | c", "a & b | c"),
            ("a && (b; c)", "a && (b; c)"),
        ] {
            assert_eq!(Cmd::parse(text).map(|c| c.words()[2].clone()), Ok(words.into()), "{text}");
        }
        assert_eq!(Cmd::parse("NODE_ENV=x node a"), Ok(Cmd::Shell("NODE_ENV=x node a".into())));
        assert!(Cmd::parse("a\nb").is_err());
        assert!(Cmd::parse("a 'b").is_err());
        assert!(Cmd::parse("  ").is_err());
    }
}
