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
        Ok(_) if bytes.is_empty() => quietly(address),
        Err(error) if bytes.is_empty() && !is_late(&error) => quietly(address),
        _ => Answer::Open,
    }
}

/// Some servers hang up on whoever speaks HTTP to them, but wait for one who says nothing.
fn quietly(address: SocketAddr) -> Answer {
    const WAIT: Duration = Duration::from_millis(500);
    let Ok(mut stream) = TcpStream::connect_timeout(&address, WAIT) else { return Answer::Silent };
    let _ = stream.set_read_timeout(Some(WAIT));
    match stream.read(&mut [0]) {
        Ok(1) => Answer::Open,
        Err(error) if is_late(&error) => Answer::Open,
        _ => Answer::Silent,
    }
}

fn is_late(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::net::TcpListener;
    use std::time::Duration;

    use super::{Answer, get};

    #[test]
    fn a_server_that_hangs_up_on_http_is_there() {
        for (waits, expected) in [(true, Answer::Open), (false, Answer::Silent)] {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let address = listener.local_addr().expect("an address");
            let server = std::thread::spawn(move || {
                for stream in listener.incoming().take(2) {
                    // What was said is read, so that the end is no error; one that drops everybody doesn't wait for it.
                    let mut stream = stream.expect("a connection");
                    let _ = stream.set_read_timeout(waits.then_some(Duration::from_secs(2)));
                    if waits {
                        let _ = stream.read(&mut [0; 4096]);
                    }
                }
            });
            assert_eq!(get(address, "/", Duration::from_secs(2)), expected);
            server.join().expect("an end");
        }
    }
}
