//! Whether a process listens where it was declared to.

use std::cell::OnceCell;

use crate::ports::holders;
use crate::sys::proc::{self, Stat};
use crate::sys::socket::{self, Listener};

/// The listening sockets at one moment: read when first asked for, once for all who ask.
#[derive(Debug, Default)]
pub struct Look(OnceCell<Vec<Listener>>);

impl Look {
    fn listeners(&self) -> &[Listener] {
        self.0.get_or_init(socket::listeners)
    }

    /// Whether the process itself, not a child, listens on a port.
    pub fn finds(&self, pid: i32, port: u16) -> bool {
        let listeners = || self.listeners().iter().filter(|listener| listener.port == port);
        if listeners().next().is_none() {
            return false;
        }
        let sockets = socket::sockets_of(pid);
        listeners().any(|listener| sockets.contains_key(&listener.inode))
    }

    /// The first port (by descriptor) that the process itself listens on.
    pub fn first_port(&self, pid: i32) -> Option<u16> {
        let sockets = socket::sockets_of(pid);
        let by_descriptor = |listener: &&Listener| sockets.get(&listener.inode).copied();
        let own = self.listeners().iter().filter(|listener| sockets.contains_key(&listener.inode));
        own.min_by_key(by_descriptor).map(|listener| listener.port)
    }

    /// Whether a process or one below it listens on a port. What has lost its parent is below `supervisor`.
    pub fn finds_below(&self, pid: i32, supervisor: Option<i32>, port: u16) -> bool {
        let is_open = self.listeners().iter().any(|listener| listener.port == port);
        let holdings = if is_open { holders::of_port(port) } else { Vec::new() };
        let mut pids = holdings.into_iter().filter_map(|holding| Some(holding.holder?.pid));
        pids.any(|holder| descends(holder, &[Some(pid), supervisor]))
    }
}

/// Whether a process is one of these or below one of them.
fn descends(mut pid: i32, ancestors: &[Option<i32>]) -> bool {
    while pid > 1 && !ancestors.contains(&Some(pid)) {
        pid = Stat::read(pid).map_or(0, |stat| stat.ppid);
    }
    pid > 1
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
