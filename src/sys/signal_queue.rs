//! Signals as something to poll.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::signal::{SigSet, SigmaskHow, Signal, sigprocmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::io_error;

/// What arrived at a [`SignalQueue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// A child ended (or several).
    Child,
    /// SIGTERM, from this process.
    Terminate {
        /// The sender's pid; 0 when the kernel does not tell.
        sender: i32,
    },
    /// SIGQUIT.
    Quit,
}

/// SIGCHLD, SIGTERM and SIGQUIT as a descriptor to poll; SIGHUP, SIGINT and SIGPIPE are shut out meanwhile.
#[derive(Debug)]
pub struct SignalQueue(SignalFd);

impl SignalQueue {
    /// Blocks the signals for this process and starts to queue them.
    pub fn new() -> io::Result<Self> {
        let mut queued = SigSet::empty();
        queued.add(Signal::SIGCHLD);
        queued.add(Signal::SIGTERM);
        queued.add(Signal::SIGQUIT);
        let mut blocked = queued;
        for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGPIPE] {
            blocked.add(signal);
        }
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&blocked), None).map_err(io_error)?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        Ok(Self(SignalFd::with_flags(&queued, flags).map_err(io_error)?))
    }

    /// The next arrival, without waiting.
    pub fn next(&self) -> io::Result<Option<Arrival>> {
        let Some(info) = self.0.read_signal().map_err(io_error)? else {
            return Ok(None);
        };
        const TERM: u32 = libc::SIGTERM.unsigned_abs();
        const QUIT: u32 = libc::SIGQUIT.unsigned_abs();
        Ok(Some(match info.ssi_signo {
            TERM => Arrival::Terminate { sender: i32::try_from(info.ssi_pid).unwrap_or(0) },
            QUIT => Arrival::Quit,
            _ => Arrival::Child,
        }))
    }
}

impl AsFd for SignalQueue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
