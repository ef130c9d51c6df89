//! Signals as values and as names, and sending them.

use std::io;

use nix::sys::signal::{self, SigSet};

use super::io_error;

/// A signal by its number on this system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal(i32);

impl Signal {
    /// Please end.
    pub const TERM: Self = Self(libc::SIGTERM);
    /// End.
    pub const KILL: Self = Self(libc::SIGKILL);
    /// Ends nobody who has shut it out, as [`SignalQueue`](super::signal_queue::SignalQueue) does.
    pub const QUIT: Self = Self(libc::SIGQUIT);

    /// The number of kill(2).
    pub fn number(self) -> i32 {
        self.0
    }
}

/// `SIGKILL`…; `SIG34` for one without a name.
pub fn name(number: i32) -> String {
    match signal::Signal::try_from(number) {
        Ok(signal) => signal.as_str().to_owned(),
        Err(_) => format!("SIG{number}"),
    }
}

/// Signals every member of a process group. The caller has just proven whose group it is.
pub fn send_to_group(pgid: i32, signal: Signal) -> io::Result<()> {
    // SAFETY: kill takes two integers.
    let result = unsafe { libc::kill(-pgid, signal.0) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Whether we are allowed to signal the process with this pid.
pub fn may_signal(pid: i32) -> bool {
    // SAFETY: signal 0 only asks.
    unsafe { libc::kill(pid, 0) == 0 }
}

/// Whether a process with this pid exists, also one that we may not signal.
pub fn exists(pid: i32) -> bool {
    // SAFETY: signal 0 only asks.
    let result = unsafe { libc::kill(pid, 0) };
    result == 0 || io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)
}

/// From now on SIGINT ends this process at once, with the exit code that a shell shows for it.
pub fn exit_on_interrupt() -> io::Result<()> {
    extern "C" fn exit(number: libc::c_int) {
        // SAFETY: _exit may be called in a signal handler and takes an integer.
        unsafe { libc::_exit(128 + number) }
    }
    let action =
        signal::SigAction::new(signal::SigHandler::Handler(exit), signal::SaFlags::empty(), SigSet::empty());
    // SAFETY: the handler calls nothing but _exit.
    unsafe { signal::sigaction(signal::Signal::SIGINT, &action) }.map(drop).map_err(io_error)
}
