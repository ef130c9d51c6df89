//! Signals as values, as names, and as something to poll.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::signal::{self, SigSet, SigmaskHow};

use super::io_error;

/// A signal by its number on this system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signal(i32);

impl Signal {
    /// Please end.
    pub const TERM: Self = Self(libc::SIGTERM);
    /// End.
    pub const KILL: Self = Self(libc::SIGKILL);

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
}

/// SIGCHLD and SIGTERM as a descriptor to poll; SIGHUP, SIGINT, SIGQUIT and SIGPIPE are shut out meanwhile.
#[cfg(target_os = "linux")]
#[derive(Debug)]
pub struct SignalQueue(nix::sys::signalfd::SignalFd);

#[cfg(target_os = "linux")]
impl SignalQueue {
    /// Blocks the signals for this process and starts to queue them.
    pub fn new() -> io::Result<Self> {
        use nix::sys::signalfd::{SfdFlags, SignalFd};
        let mut queued = SigSet::empty();
        queued.add(signal::Signal::SIGCHLD);
        queued.add(signal::Signal::SIGTERM);
        let mut blocked = queued;
        for signal in
            [signal::Signal::SIGHUP, signal::Signal::SIGINT, signal::Signal::SIGQUIT, signal::Signal::SIGPIPE]
        {
            blocked.add(signal);
        }
        signal::sigprocmask(SigmaskHow::SIG_SETMASK, Some(&blocked), None).map_err(io_error)?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        Ok(Self(SignalFd::with_flags(&queued, flags).map_err(io_error)?))
    }

    /// The next arrival, without waiting.
    pub fn next(&self) -> io::Result<Option<Arrival>> {
        let Some(info) = self.0.read_signal().map_err(io_error)? else {
            return Ok(None);
        };
        if info.ssi_signo == libc::SIGTERM.unsigned_abs() {
            let sender = i32::try_from(info.ssi_pid).unwrap_or(0);
            return Ok(Some(Arrival::Terminate { sender }));
        }
        Ok(Some(Arrival::Child))
    }
}

#[cfg(target_os = "linux")]
impl AsFd for SignalQueue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
