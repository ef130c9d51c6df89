//! The one place that writes to stdout and stderr.

use std::fmt::Display;
use std::io::{self, BufWriter, IsTerminal as _, Write as _};

use crate::config::Colour;
use crate::error::Error;

/// Both output streams. A stdout that somebody has closed is remembered, not an error: what a command has begun
/// (a restart, say) goes on without its lines.
#[derive(Debug)]
pub(crate) struct Io {
    out: BufWriter<io::Stdout>,
    closed: bool,
}

impl Io {
    pub(crate) fn new() -> Self {
        Self { out: BufWriter::new(io::stdout()), closed: false }
    }

    /// One line on stdout, at the latest when the command ends.
    pub(crate) fn line(&mut self, text: impl Display) {
        let result = writeln!(self.out, "{text}");
        self.note(&result);
    }

    /// One line on stdout, now: the command is going to wait.
    pub(crate) fn say(&mut self, text: impl Display) {
        self.line(text);
        self.flush();
    }

    /// Bytes on stdout, as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let result = self.out.write_all(bytes);
        self.note(&result);
    }

    /// Bytes on stdout, now. Fails when nobody reads them.
    pub(crate) fn piece(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes(bytes);
        self.flush();
        if self.closed { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }

    /// One line on stderr, after everything that stdout has been given.
    pub(crate) fn error(&mut self, text: impl Display) {
        self.flush();
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// Bytes on stderr, as they are.
    pub(crate) fn error_bytes(&mut self, bytes: &[u8]) {
        self.flush();
        let _ = io::stderr().write_all(bytes);
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
        self.note(&result);
    }

    /// Whether nobody reads stdout any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Whether stdout gets colours.
    pub(crate) fn is_coloured(colour: Colour) -> bool {
        match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::OnTerminal => io::stdout().is_terminal(),
        }
    }

    fn note(&mut self, result: &io::Result<()>) {
        if result.is_err() {
            self.closed = true;
        }
    }
}
