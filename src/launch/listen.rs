//! Whether a process listens where it was declared to.

use std::time::{Duration, Instant};

use crate::ports::holders;
use crate::sys::proc;
use crate::sys::socket::{self, Listener};

const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(10);

/// Whether the process itself, not a child, listens on a port.
pub(super) fn on(pid: i32, port: u16) -> bool {
    let listeners: Vec<Listener> =
        socket::listeners().into_iter().filter(|listener| listener.port == port).collect();
    if listeners.is_empty() {
        return false;
    }
    let sockets = socket::sockets_of(pid);
    listeners.iter().any(|listener| sockets.contains_key(&listener.inode))
}

/// The first port (by descriptor) that the process itself listens on, within a second.
pub fn first_port(pid: i32) -> Option<u16> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let sockets = socket::sockets_of(pid);
        let listeners = socket::listeners();
        let by_descriptor = |listener: &&Listener| sockets.get(&listener.inode).copied();
        let own = listeners.iter().filter(|listener| sockets.contains_key(&listener.inode));
        if let Some(first) = own.min_by_key(by_descriptor) {
            return Some(first.port);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(TICK);
    }
}

/// Who has a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocker {
    /// Its pid; `None` when it is not ours to see.
    pub pid: Option<i32>,
    /// Its command line, the words joined by blanks.
    pub command: Vec<u8>,
}

/// The process that has a port, if anybody does: the lowest pid of several.
pub fn blocker(port: u16) -> Option<Blocker> {
    let pid = holders::pids_of(port).first().copied();
    if pid.is_none() && !socket::listeners().iter().any(|listener| listener.port == port) {
        return None;
    }
    let command = pid.and_then(proc::command_line).map(|words| words.join(&b' ')).unwrap_or_default();
    Some(Blocker { pid, command })
}
