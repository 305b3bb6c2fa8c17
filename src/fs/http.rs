//! Asks a port of this machine what it answers, in plain HTTP/1.1.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The most of an answer that is read.
const MOST: u64 = 4 * 1024 * 1024;

/// What a port does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An HTTP answer: its status and its text.
    Http(u16, String),
    /// It takes connections and talks something else, or waits.
    Open,
    /// Nobody is there.
    Silent,
}

/// Sends `GET path` to a port on the loopback address.
pub fn get(address: SocketAddr, path: &str, patience: Duration) -> Answer {
    let Ok(mut stream) = TcpStream::connect_timeout(&address, patience) else { return Answer::Silent };
    let _ = stream.set_read_timeout(Some(patience));
    let _ = stream.set_write_timeout(Some(patience));
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost:{}\r\nUser-Agent: dockgen\r\nAccept: text/html,*/*\r\nAccept-Encoding: identity\r\nConnection: close\r\n\r\n",
        address.port()
    );
    if stream.write_all(request.as_bytes()).is_err() {
        return Answer::Silent;
    }
    let mut bytes = Vec::new();
    let ended = stream.take(MOST).read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    if let Some(rest) = text.strip_prefix("HTTP/1.") {
        let status = rest.split(' ').nth(1).and_then(|status| status.get(..3)).and_then(|status| status.parse().ok());
        let body = text.split_once("\r\n\r\n").map_or_else(String::new, |(_, body)| body.to_owned());
        return status.map_or(Answer::Open, |status| Answer::Http(status, body));
    }
    match ended {
        // The engine's proxy takes every connection and drops it at once when nobody listens behind it.
        Ok(_) if bytes.is_empty() => Answer::Silent,
        Err(error) if bytes.is_empty() && !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Answer::Silent,
        _ => Answer::Open,
    }
}
