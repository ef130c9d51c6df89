//! The process a supervisor watches: its own child, or one it found.

use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::{Duration, Instant};

use crate::sys::exit::Exit;
use crate::sys::pidfd::PidFd;
use crate::sys::proc::{self, Identity};

/// How long after its end an adopted process is given to be reaped by its parent, so that its exit can be asked for.
const REAPING: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_millis(5);

/// The main process of a run.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) pid: i32,
    bond: Bond,
}

#[derive(Debug)]
enum Bond {
    /// Its end comes with SIGCHLD.
    Child,
    /// Its end comes by this descriptor. `ended` once it has come.
    Adopted { handle: PidFd, start_ticks: u64, ended: Option<Instant> },
    /// Its end is past.
    Gone,
}

impl Process {
    /// Our child.
    pub(super) fn child(pid: i32) -> Self {
        Self { pid, bond: Bond::Child }
    }

    /// Somebody else's; `None` when it is gone.
    pub(super) fn adopted(identity: &Identity) -> Option<Self> {
        let handle = PidFd::open(identity)?;
        let start_ticks = identity.start_ticks;
        Some(Self { pid: identity.pid, bond: Bond::Adopted { handle, start_ticks, ended: None } })
    }

    /// One that is gone, but has left something in the fifos.
    pub(super) fn gone(pid: i32) -> Self {
        Self { pid, bond: Bond::Gone }
    }

    /// What to poll for its end.
    pub(super) fn source(&self) -> Option<BorrowedFd<'_>> {
        match &self.bond {
            Bond::Adopted { handle, ended: None, .. } => Some(handle.as_fd()),
            _ => None,
        }
    }

    /// When to ask again how it ended.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        match &self.bond {
            Bond::Adopted { ended: Some(_), .. } => Some(Instant::now() + RETRY),
            _ => None,
        }
    }

    /// Its descriptor has become readable: it ended.
    pub(super) fn note_end(&mut self) {
        if let Bond::Adopted { ended: ended @ None, .. } = &mut self.bond {
            *ended = Some(Instant::now());
        }
    }

    /// How an adopted process ended, once, as soon as that is known or will never be.
    pub(super) fn take_end(&mut self) -> Option<Exit> {
        let Bond::Adopted { handle, start_ticks, ended: Some(ended) } = &self.bond else {
            return None;
        };
        let exit = handle
            .exit()
            .or_else(|| proc::zombie_exit(self.pid, *start_ticks))
            .or_else(|| (ended.elapsed() >= REAPING).then_some(Exit::Unseen))?;
        self.bond = Bond::Gone;
        Some(exit)
    }

    /// Whether a reaped child is this one.
    pub(super) fn is_child(&self, pid: i32) -> bool {
        matches!(self.bond, Bond::Child) && self.pid == pid
    }
}
