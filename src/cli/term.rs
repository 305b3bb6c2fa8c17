//! The terminal: colour is decided once, in the order `--color`, `NO_COLOR`, `FORCE_COLOR`, terminal.
#![allow(clippy::disallowed_methods, reason = "the environment is read here and nowhere else")]

use anstream::ColorChoice;

use super::args::Color;

/// Decides for both streams.
pub fn decide_colour(color: Color) {
    let set = |name: &str| std::env::var(name).is_ok_and(|value| !value.is_empty());
    let choice = match color {
        Color::Always => ColorChoice::AlwaysAnsi,
        Color::Never => ColorChoice::Never,
        Color::Auto if set("NO_COLOR") => ColorChoice::Never,
        Color::Auto if set("FORCE_COLOR") => ColorChoice::AlwaysAnsi,
        Color::Auto => ColorChoice::Auto,
    };
    choice.write_global();
}
