//! What the source code of a server says: the port, the address, the route that answers when it is well, the signal that it handles.

use std::rc::Rc;

use super::{ports, routes};
use crate::detect::source::{self, Hit};
use crate::fs::Text;
use crate::manifest::pattern::{self, Pattern};
use crate::model::{Diagnostic, Evidence, RelPath};

/// Facts read from source code.
#[derive(Debug, Default)]
pub struct Listening {
    /// Whether the program opens a port at all.
    pub listens: Option<Evidence>,
    /// The ports, the most telling places first.
    pub ports: Vec<Hit>,
    /// The variable that moves the port, and where it is read from the environment.
    pub reads_port: Option<Hit>,
    /// The variable that moves it from the loopback address, and where it is read.
    pub host_variable: Option<Hit>,
    /// Where it is bound to the loopback address for good.
    pub loopback: Option<Evidence>,
    /// Where `listen` is told a port and no address.
    pub no_address: Option<Evidence>,
    /// The route that answers when it is well.
    pub health: Option<(String, Evidence)>,
    /// Where SIGTERM is handled.
    pub handles_sigterm: Option<Evidence>,
    /// Whether nothing else of the project runs.
    pub whole: bool,
}

impl Listening {
    /// These facts, and those of further files where these leave something open.
    pub fn or(self, rest: Self) -> Self {
        Self {
            listens: self.listens.or(rest.listens),
            ports: if self.ports.is_empty() { rest.ports } else { self.ports },
            reads_port: self.reads_port.or(rest.reads_port),
            host_variable: self.host_variable.or(rest.host_variable),
            loopback: self.loopback.or(rest.loopback),
            no_address: self.no_address.or(rest.no_address),
            health: self.health.or(rest.health),
            handles_sigterm: self.handles_sigterm.or(rest.handles_sigterm),
            whole: self.whole,
        }
    }

    /// Without an address that stands in none of these files' folders below `home`: it is that of pages, or of a tool.
    pub fn without_loopback_outside(mut self, home: &RelPath, texts: &[Rc<Text>]) -> Self {
        let top = |path: &RelPath| path.below(home).and_then(|path| Some(path.split_once('/')?.0.to_owned()));
        let outside = |at: &Evidence| !texts.iter().any(|text| top(text.path()) == top(&at.file));
        self.loopback = self.loopback.filter(|at| !outside(at));
        self.no_address = self.no_address.filter(|at| !outside(at));
        self
    }
}

struct Patterns {
    listens: Pattern,
    host: Pattern,
    loopback: Pattern,
    listen_options: Pattern,
    own_socket: Pattern,
    on_signal: Pattern,
    sigterm: Pattern,
    of_others: Pattern,
}

impl Patterns {
    fn new() -> Result<Self, regex_syntax::Error> {
        let re = pattern::pattern;
        Ok(Self {
            listens: re(
                r#"(\.listen\(|\blisten\(\s*[a-z]|\bstartStandaloneServer\(|\b[hH]api\.(?:server|Server)\(|\bapp\.start\(\s*(?:[A-Z\d]|process\.|port)|\bserve\(\s*[{a-z]|\bcreateServer\(|\bnew\s+(?:\w+\.)?(?:WebSocket)?Server\(\s*(?:\d|\{[^}]*?\bport\b)|require\(["']socket\.io["']\)\(\s*\d)"#,
            )?,
            host: re(
                r#"\benv\.(HOST|HOSTNAME|BIND_ADDRESS|BIND_HOST|ADDRESS|LISTEN_HOST|SERVER_HOST)\b\s*(?:\?\?|\|\|)\s*["'](?:127\.0\.0\.1|localhost|::1)["']"#,
            )?,
            // `target.hostname = 'localhost'` is the address of somebody else.
            loopback: re(r#"(?:\.listen\([^)\n]{0,80}|(?:^|[^.\w])(?:host|hostname)\s*[:=]\s*)["'](127\.0\.0\.1|localhost)["']"#)?,
            listen_options: re(r"\.listen\(\s*(\{[^}]*\bport\b[^}]*\})")?,
            own_socket: re(r#"(\bnew\s+Server\(\s*\d|require\(["']socket\.io["']\)\(\s*\d)"#)?,
            on_signal: re(r"(\bprocess\.(?:on|once)\()")?,
            sigterm: re(r#"(["'`]SIGTERM["'`])"#)?,
            of_others: re(r"(?i)\b(dialect|password|database|redis|mysql|postgres\w*|mongo\w*|smtp)\b")?,
        })
    }
}

/// Reads the source files of a service.
pub fn read(texts: &[Rc<Text>]) -> Result<Listening, Diagnostic> {
    let patterns = Patterns::new().map_err(|error| Diagnostic::error("pattern", error.to_string()))?;
    let ports = ports::read(texts).map_err(|error| Diagnostic::error("pattern", error.to_string()))?;
    let mut found = Listening { ports: ports.numbers, reads_port: ports.variable, ..Listening::default() };
    found.listens = source::find(texts, &patterns.listens, "//").map(|hit| hit.at);
    // In an address that is shown it is nobody's to listen on.
    found.host_variable = source::find_all(texts, &patterns.host, "//").into_iter().find(|hit| !hit.at.raw.contains("://${"));
    // Settings of a database have an address of their own.
    let own = |hit: &Hit| {
        let text = texts.iter().find(|text| *text.path() == hit.at.file);
        let listens = || text.is_some_and(|text| patterns.listens.is_match(text.as_str()));
        found.ports.first().is_some_and(|port| port.at.file == hit.at.file) || listens() || !text.is_some_and(|text| patterns.of_others.is_match(text.as_str()))
    };
    let loopback = source::find_all(texts, &patterns.loopback, "//").into_iter().find(own).map(|hit| hit.at);
    found.loopback = loopback;
    found.no_address = source::find_all(texts, &patterns.listen_options, "//")
        .into_iter()
        .find(|hit| !hit.value.contains("host") && !hit.value.contains("..."))
        .map(|hit| hit.at);
    found.health = routes::health(texts)?;
    // A server of Socket.IO's own answers nothing but its own path.
    if found.health.is_none() {
        found.health = source::find(texts, &patterns.own_socket, "//").map(|hit| ("/socket.io/".to_owned(), hit.at));
    }
    // The signal's name and the registration stand in one file: a list of signals is walked by a loop.
    found.handles_sigterm = texts
        .iter()
        .filter(|text| patterns.on_signal.is_match(text.as_str()))
        // One that is sent to another program is not handled.
        .find_map(|text| {
            source::find_all(std::slice::from_ref(text), &patterns.sigterm, "//")
                .into_iter()
                .map(|hit| hit.at)
                .find(|at| !at.raw.contains("kill") && !numbered(&at.raw))
        });
    Ok(found)
}

/// Whether what listens is a socket of the program's own, and nothing speaks HTTP.
pub fn is_raw(texts: &[Rc<Text>]) -> bool {
    const IMPORTS: &str = r#"(?:\bfrom|\brequire\(|\bimport)\s*["'](?:node:)?(net|tls|dgram|http|https|http2|ws|socket\.io|uWebSockets\.js)["']"#;
    let Some(imports) = pattern::kept(IMPORTS) else { return false };
    let names: Vec<String> = source::find_all(texts, &imports, "//").into_iter().map(|hit| hit.value).collect();
    !names.is_empty()
        && names.iter().all(|name| matches!(name.as_str(), "net" | "tls" | "dgram"))
        && texts.iter().any(|text| text.as_str().contains("createServer("))
}

/// Whether a line gives a signal its number, as tables of all of them do.
fn numbered(line: &str) -> bool {
    let after = line.split_once("SIGTERM").map_or("", |(_, after)| after.trim_start_matches(['"', '\'', '`', ' ']));
    after.strip_prefix(':').is_some_and(|after| after.trim_start().starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::detect::source::files;
    use crate::fs::Tree;

    fn facts(text: &str) -> super::Listening {
        let tree = Tree::memory([("src/main.ts", text)]);
        read(&files(&tree.root(), &["ts"], &[])).expect("patterns")
    }

    #[test]
    fn servers_of_sockets_listen_too() {
        let server = facts("const wss = new WebSocketServer({ port: process.env.PORT || 8081 })");
        assert_eq!((server.listens.is_some(), server.ports[0].value.as_str()), (true, "8081"));
        let server = facts("const io = new Server(3001, { cors: {} })");
        assert_eq!((server.listens.is_some(), server.ports[0].value.as_str()), (true, "3001"));
        assert_eq!(server.health.map(|(path, _)| path).as_deref(), Some("/socket.io/"));
        assert!(facts("new WebSocketServer({ noServer: true })").listens.is_none());
    }

    #[test]
    fn a_socket_of_its_own_speaks_no_http() {
        let raw = |text: &str| super::is_raw(&files(&Tree::memory([("src/main.ts", text)]).root(), &["ts"], &[]));
        assert!(raw("import { createServer } from 'node:net'\ncreateServer(f).listen(8788)\n"));
        assert!(!raw("import net from 'net'\nimport http from 'http'\nhttp.createServer(f).listen(8788)\n"));
        assert!(!raw("import { fetch } from 'undici'\n"));
    }

    #[test]
    fn signals_and_addresses() {
        assert!(facts("for (const s of ['SIGINT', 'SIGTERM']) process.once(s, stop)").handles_sigterm.is_some());
        assert!(facts("child.kill('SIGTERM')").handles_sigterm.is_none());
        assert!(facts("process.on('SIGINT', stop)\nchild.kill('SIGTERM')").handles_sigterm.is_none());
        assert!(facts("const signals = { 'SIGTERM': 15 }\nfor (const s in signals) process.on(s, stop)").handles_sigterm.is_none());
        assert!(facts("export default { host: 'localhost', dialect: 'sqlite' }").loopback.is_none());
        assert!(facts("options.target.hostname = 'localhost'").loopback.is_none());
        assert_eq!(facts("host: env.HOST ?? '127.0.0.1'").host_variable.map(|hit| hit.value).as_deref(), Some("HOST"));
        assert!(facts("const url = `http://${process.env.HOST ?? 'localhost'}:3000`").host_variable.is_none());
        assert!(facts("app.listen(3000, '127.0.0.1')").loopback.is_some());
        assert!(facts("app.listen(3000, '0.0.0.0')").loopback.is_none());
    }
}
