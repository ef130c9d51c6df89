//! The one place that writes to stdout and stderr, and asks on stdin.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal as _, Write as _};

use crate::config::Colour;
use crate::error::Error;
use crate::output::clean;
use crate::sys::terminal::{self, Keys};

/// Both output streams. A stdout that cannot be written is remembered, not an error: what a command has begun
/// (a restart, say) goes on without its lines.
#[derive(Debug)]
pub(crate) struct Io {
    out: BufWriter<io::Stdout>,
    /// Why stdout cannot be written.
    lost: Option<io::Error>,
    is_terminal: bool,
}

impl Io {
    pub(crate) fn new() -> Self {
        let out = io::stdout();
        Self { is_terminal: out.is_terminal(), out: BufWriter::new(out), lost: None }
    }

    /// One line on stdout, at the latest when the command ends. On a terminal nothing in it can steer that.
    pub(crate) fn line(&mut self, text: impl Display) {
        let result = match self.is_terminal {
            true => writeln!(self.out, "{}", clean::text(&text.to_string())),
            false => writeln!(self.out, "{text}"),
        };
        self.note(result);
    }

    /// One line on stdout that may hold our own colours. Whatever is foreign in it has been cleaned.
    pub(crate) fn painted_line(&mut self, text: &str) {
        let result = writeln!(self.out, "{text}");
        self.note(result);
    }

    /// One line on stdout that need not be UTF-8. On a terminal it is shown as [`Io::line`] does.
    pub(crate) fn line_bytes(&mut self, bytes: &[u8]) {
        if self.is_terminal {
            self.line(String::from_utf8_lossy(bytes));
        } else {
            self.bytes(bytes);
            self.bytes(b"\n");
        }
    }

    /// One line on stdout, now: the command is going to wait.
    pub(crate) fn say(&mut self, text: impl Display) {
        self.line(text);
        self.flush();
    }

    /// Bytes on stdout, as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let result = self.out.write_all(bytes);
        self.note(result);
    }

    /// Bytes on stdout, now. Fails when nobody reads them.
    pub(crate) fn piece(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes(bytes);
        self.flush();
        if self.is_closed() { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }

    /// One line on stderr, after everything that stdout has been given. On a terminal nothing in it can steer that.
    pub(crate) fn error(&mut self, text: impl Display) {
        self.flush();
        let text = text.to_string();
        let mut stderr = io::stderr();
        let text = if stderr.is_terminal() { clean::text(&text) } else { text.as_str().into() };
        let _ = writeln!(stderr, "{text}");
    }

    /// Bytes on stderr, as they are.
    pub(crate) fn error_bytes(&mut self, bytes: &[u8]) {
        self.flush();
        let _ = io::stderr().write_all(bytes);
    }

    /// One byte of stdin, after everything that has been said; `None` at its end. Only a terminal sees the prompt, and
    /// gives its answer without Enter.
    pub(crate) fn ask(&mut self, prompt: &str) -> Option<u8> {
        let mut keys = Keys::of_stdin();
        self.flush();
        if keys.is_terminal() {
            self.error_bytes(prompt.as_bytes());
        }
        keys.next_byte()
    }

    /// Puts a question on stdout, whether or not anybody sits there, and reads one line of stdin: whether that is a yes.
    /// What is said next stands behind the question.
    pub(crate) fn confirm(&mut self, question: impl Display) -> bool {
        self.part(question);
        self.flush();
        matches!(terminal::read_line().as_deref(), Some(b"y" | b"Y"))
    }

    /// Text on stdout whose line is not over yet.
    pub(crate) fn part(&mut self, text: impl Display) {
        let text = text.to_string();
        let shown = if self.is_terminal { clean::text(&text) } else { text.as_str().into() };
        self.bytes(shown.as_bytes());
    }

    /// A failure, with its further lines.
    pub(crate) fn failure(&mut self, error: &Error) {
        self.error(error);
        for line in error.details() {
            self.error(line);
        }
    }

    pub(crate) fn flush(&mut self) {
        let result = self.out.flush();
        self.note(result);
    }

    /// Whether nobody reads stdout any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.lost.is_some()
    }

    /// Whether stdout gets colours.
    pub(crate) fn is_coloured(colour: Colour) -> bool {
        match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::OnTerminal => io::stdout().is_terminal(),
        }
    }

    /// Why nothing more came out, if so: once.
    pub(crate) fn take_loss(&mut self) -> Option<io::Error> {
        self.lost.take()
    }

    fn note(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.lost.get_or_insert(error);
        }
    }
}
