//! The `docker` command line, as the user has it: the only programs that dockgen runs besides `cargo metadata`.
#![allow(clippy::disallowed_methods, reason = "other programs are run here and nowhere else")]

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Set by the first interrupt; the cleaning up that follows is not interrupted any more.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Why a command has no outcome.
#[derive(Debug)]
pub enum Fault {
    /// There is no such program.
    Missing,
    /// The user wants to stop.
    Interrupted,
    /// It took longer than it may.
    TimedOut(String),
    /// It failed where it must not.
    Failed(String),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("the `docker` program is not there"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::TimedOut(what) => write!(f, "`{what}` did not end in time"),
            Self::Failed(message) => f.write_str(message),
        }
    }
}

/// What a command gave.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// The exit code; -1 when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Output {
    /// Whether it ended well.
    pub fn ok(&self) -> bool {
        self.code == 0
    }
}

/// The `docker` command line.
#[derive(Clone, Debug, Default)]
pub struct Docker {
    /// While cleaning up, an interrupt that came before is no reason to stop.
    pub cleaning: bool,
}

/// Makes the first Ctrl-C (or SIGTERM) a wish to stop instead of the end.
pub fn catch_interrupts() {
    // A second handler can't be set: then the first one serves.
    let _ = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::SeqCst));
}

/// Whether the user wants to stop.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Waits, unless the user wants to stop.
pub fn pause(time: Duration) -> Result<(), Fault> {
    let until = Instant::now() + time;
    while Instant::now() < until {
        if interrupted() {
            return Err(Fault::Interrupted);
        }
        thread::sleep(Duration::from_millis(20).min(until.saturating_duration_since(Instant::now())));
    }
    if interrupted() { Err(Fault::Interrupted) } else { Ok(()) }
}

impl Docker {
    /// Runs a command to its end.
    pub fn run<S: AsRef<str>>(&self, args: &[S]) -> Result<Output, Fault> {
        self.watch(args, None, Duration::from_mins(2), &mut |_| {})
    }

    /// Runs a command that must succeed, and gives its standard output without the last line end.
    pub fn ask<S: AsRef<str>>(&self, args: &[S]) -> Result<String, Fault> {
        let output = self.run(args)?;
        if output.ok() {
            return Ok(output.stdout.trim_end().to_owned());
        }
        Err(Fault::Failed(format!("`{}` failed: {}", shown(args), output.stderr.trim())))
    }

    /// Runs a command, handing on each line of its standard error as it comes.
    pub fn watch<S: AsRef<str>>(&self, args: &[S], input: Option<&str>, limit: Duration, line: &mut dyn FnMut(&str)) -> Result<Output, Fault> {
        let mut child = self.spawn(args, input.is_some())?;
        if let (Some(text), Some(mut stdin)) = (input, child.stdin.take()) {
            // A program that reads no more has said so by its exit code.
            let _ = stdin.write_all(text.as_bytes());
        }
        let (sender, lines) = channel();
        for (stream, second) in [(child.stdout.take().map(boxed), false), (child.stderr.take().map(boxed), true)] {
            let Some(stream) = stream else { continue };
            let sender = sender.clone();
            thread::spawn(move || {
                for text in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                    if sender.send((second, String::from_utf8_lossy(&text).into_owned())).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut output = Output::default();
        let until = Instant::now() + limit;
        loop {
            match lines.recv_timeout(Duration::from_millis(50)) {
                Ok((second, text)) => {
                    if second {
                        line(&text);
                    }
                    let into = if second { &mut output.stderr } else { &mut output.stdout };
                    into.push_str(&text);
                    into.push('\n');
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.stop_if(&mut child, until, args)?;
        }
        output.code = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status.code().unwrap_or(-1),
                Ok(None) => thread::sleep(Duration::from_millis(5)),
                Err(error) => return Err(Fault::Failed(error.to_string())),
            }
            self.stop_if(&mut child, until, args)?;
        };
        if !self.cleaning && interrupted() {
            return Err(Fault::Interrupted);
        }
        Ok(output)
    }

    fn stop_if<S: AsRef<str>>(&self, child: &mut Child, until: Instant, args: &[S]) -> Result<(), Fault> {
        if !self.cleaning && interrupted() {
            end(child);
            return Err(Fault::Interrupted);
        }
        if Instant::now() > until {
            end(child);
            return Err(Fault::TimedOut(shown(args)));
        }
        Ok(())
    }

    /// Runs a command whose standard output is a stream of bytes.
    pub fn read<S: AsRef<str>, T>(&self, args: &[S], take: impl FnOnce(&mut dyn Read) -> std::io::Result<T>) -> Result<T, Fault> {
        let mut child = self.spawn(args, false)?;
        let Some(mut stdout) = child.stdout.take() else { return Err(Fault::Failed(shown(args))) };
        let stderr = child.stderr.take();
        let words = thread::spawn(move || {
            let mut text = String::new();
            if let Some(mut stderr) = stderr {
                let _ = stderr.read_to_string(&mut text);
            }
            text
        });
        let taken = take(&mut stdout);
        // What the reader left: the program ends only when somebody takes it.
        let _ = std::io::copy(&mut stdout, &mut std::io::sink());
        let status = child.wait().map_err(|error| Fault::Failed(error.to_string()))?;
        if !self.cleaning && interrupted() {
            return Err(Fault::Interrupted);
        }
        let words = words.join().unwrap_or_default();
        if !status.success() {
            return Err(Fault::Failed(format!("`{}` failed: {}", shown(args), words.trim())));
        }
        taken.map_err(|error| Fault::Failed(format!("the output of `{}` can't be read: {error}", shown(args))))
    }

    /// Starts a command that runs beside the program until it is ended.
    pub fn beside<S: AsRef<str>>(&self, args: &[S]) -> Result<Beside, Fault> {
        let mut child = self.spawn(args, false)?;
        let (sender, lines) = channel();
        for stream in [child.stdout.take().map(boxed), child.stderr.take().map(boxed)].into_iter().flatten() {
            let sender = sender.clone();
            thread::spawn(move || {
                for text in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                    if sender.send(String::from_utf8_lossy(&text).into_owned()).is_err() {
                        break;
                    }
                }
            });
        }
        Ok(Beside { child, lines, said: Vec::new() })
    }

    fn spawn<S: AsRef<str>>(&self, args: &[S], input: bool) -> Result<Child, Fault> {
        if !self.cleaning && interrupted() {
            return Err(Fault::Interrupted);
        }
        let mut command = Command::new("docker");
        command.args(args.iter().map(AsRef::as_ref)).env("DOCKER_BUILDKIT", "1").env("DOCKER_CLI_HINTS", "false").env("NO_COLOR", "1");
        command.env("BUILDKIT_PROGRESS", "plain").env("COMPOSE_ANSI", "never").env("BUILDX_NO_DEFAULT_ATTESTATIONS", "1").env("COMPOSE_MENU", "0");
        command.stdin(if input { Stdio::piped() } else { Stdio::null() }).stdout(Stdio::piped()).stderr(Stdio::piped());
        // In a group of its own, so that Ctrl-C at the terminal reaches dockgen alone and the cleaning up can run.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command.spawn().map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Fault::Missing,
            _ => Fault::Failed(format!("`docker` can't be run: {error}")),
        })
    }
}

fn boxed(stream: impl Read + Send + 'static) -> Box<dyn Read + Send> {
    Box::new(stream)
}

fn shown<S: AsRef<str>>(args: &[S]) -> String {
    let words: Vec<&str> = args.iter().map(AsRef::as_ref).take(4).collect();
    format!("docker {}", words.join(" "))
}

/// Ends a program: it is asked first, since `docker` hands the wish on to its plugins and to the engine.
fn end(child: &mut Child) {
    #[cfg(unix)]
    {
        let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).stdout(Stdio::null()).stderr(Stdio::null()).status();
        let until = Instant::now() + Duration::from_secs(3);
        while Instant::now() < until {
            if matches!(child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// A command that runs beside the program; dropped, it ends.
pub struct Beside {
    child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Beside {
    /// What it has said until now.
    pub fn said(&mut self) -> &[String] {
        self.said.extend(self.lines.try_iter());
        &self.said
    }

    /// Whether it has ended.
    pub fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.ended() {
            end(&mut self.child);
        }
    }
}

/// A folder's path as an argument.
pub fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
