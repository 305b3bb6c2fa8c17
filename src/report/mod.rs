//! All text that a user sees.

pub mod human;
pub mod json;
pub mod verify;

use std::io::Write;

/// Writes to a stream whose reader may have gone: that is no fault of ours.
pub fn emit(out: &mut dyn Write, text: &str) -> std::io::Result<()> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
