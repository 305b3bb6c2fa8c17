//! Questions at a terminal. Esc and Ctrl-C stop everything, show the cursor again and write nothing.

use std::sync::atomic::{AtomicBool, Ordering};

use dialoguer::console::{Key, Term, measure_text_width, truncate_str};
use dialoguer::theme::{ColorfulTheme, SimpleTheme, Theme};
use dialoguer::{MultiSelect, Select};

/// Whether files are being written: then a Ctrl-C comes too late, and the write is done in a moment.
static WRITING: AtomicBool = AtomicBool::new(false);
static SAID: AtomicBool = AtomicBool::new(false);

/// Somebody wants out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stopped;

/// The terminal that people sit at.
pub(super) struct Terminal {
    term: Term,
    theme: Box<dyn Theme>,
}

/// Says that it was stopped, once.
pub(super) fn say_stopped() {
    let term = Term::stderr();
    let _ = term.show_cursor();
    if !SAID.swap(true, Ordering::SeqCst) {
        let _ = term.write_line("\nstopped: nothing was written");
    }
}

/// From here on Ctrl-C no longer stops.
pub(super) fn begin_writing() {
    WRITING.store(true, Ordering::SeqCst);
}

impl Terminal {
    /// Standard error, and Ctrl-C that leaves a usable terminal behind.
    pub(super) fn new(colour: bool) -> Self {
        // A second handler can't be set, nor need it be.
        let _ = ctrlc::set_handler(|| {
            if !WRITING.load(Ordering::SeqCst) {
                say_stopped();
                std::process::exit(130);
            }
        });
        let theme: Box<dyn Theme> = if colour { Box::new(ColorfulTheme::default()) } else { Box::new(SimpleTheme) };
        Self { term: Term::stderr(), theme }
    }

    fn width(&self) -> usize {
        usize::from(self.term.size().1).max(20)
    }

    /// A line that fits, so that lists can be drawn again in place.
    fn fit(&self, text: &str, less: usize) -> String {
        truncate_str(text, self.width().saturating_sub(less + 1), "..").into_owned()
    }

    /// One of several.
    pub(super) fn pick(&self, prompt: &str, items: &[String], default: usize) -> Result<usize, Stopped> {
        let items: Vec<String> = items.iter().map(|item| self.fit(item, 4)).collect();
        let asked = Select::with_theme(&*self.theme).with_prompt(self.fit(prompt, 6)).items(&items).default(default).max_length(12).interact_on_opt(&self.term);
        asked.ok().flatten().ok_or(Stopped)
    }

    /// Any of several; space chooses, Enter goes on.
    pub(super) fn pick_many(&self, prompt: &str, items: &[String], chosen: &[bool]) -> Result<Vec<usize>, Stopped> {
        let items: Vec<String> = items.iter().map(|item| self.fit(item, 8)).collect();
        let prompt = self.fit(&format!("{prompt} (space chooses)"), 6);
        let asked = MultiSelect::with_theme(&*self.theme).with_prompt(prompt).items(&items).defaults(chosen).max_length(12).interact_on_opt(&self.term);
        asked.ok().flatten().ok_or(Stopped)
    }

    /// A line of text: Enter alone keeps the default, Tab takes it up to be edited.
    pub(super) fn text(&self, prompt: &str, default: &str, check: &dyn Fn(&str) -> Result<(), String>) -> Result<String, Stopped> {
        let offer = if default.is_empty() { String::new() } else { format!(" [{default}]") };
        let say = |line: &str| self.term.write_line(line).map_err(|_| Stopped);
        say(&format!("? {prompt}{offer}"))?;
        loop {
            let typed = self.line(default)?;
            let value = if typed.trim().is_empty() { default } else { typed.trim() };
            match check(value) {
                Ok(()) => return Ok(value.to_owned()),
                Err(why) => say(&format!("  {why}"))?,
            }
        }
    }

    /// A remark between questions.
    pub(super) fn note(&self, text: &str) {
        let _ = self.term.write_line(&format!("  {text}"));
    }

    fn line(&self, default: &str) -> Result<String, Stopped> {
        let mut typed = String::new();
        loop {
            let room = self.width().saturating_sub(4);
            let mut shown: String = typed.clone();
            while measure_text_width(&shown) > room {
                shown.remove(0);
            }
            let drawn = self.term.clear_line().and_then(|()| self.term.write_str(&format!("> {shown}"))).and_then(|()| self.term.flush());
            drawn.map_err(|_| Stopped)?;
            match self.term.read_key_raw().map_err(|_| Stopped)? {
                Key::Enter => {
                    // What holds is said, also where it was only agreed to.
                    let holds = if typed.trim().is_empty() { default } else { "" };
                    let _ = self.term.write_line(holds);
                    return Ok(typed);
                }
                Key::Escape | Key::CtrlC | Key::Char('\u{3}' | '\u{4}') => return Err(Stopped),
                Key::Backspace => {
                    typed.pop();
                }
                Key::Tab if typed.is_empty() => default.clone_into(&mut typed),
                Key::Char('\u{15}') => typed.clear(),
                Key::Char(c) if !c.is_control() => typed.push(c),
                _ => {}
            }
        }
    }
}
