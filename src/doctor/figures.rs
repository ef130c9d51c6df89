//! What is shown of a process that may be gone, or not ours to see.

use crate::sys::proc::{self, Stat};

/// Stands for what is not known.
pub const UNKNOWN: &str = "unknown";

/// How a process is described to somebody who may want to end it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Its pid, or `unknown`.
    pub pid: String,
    /// Kernel command name.
    pub comm: String,
    /// Login name of its user.
    pub user: String,
    /// The command line, words joined by blanks.
    pub args: Vec<u8>,
}

impl Figure {
    /// Of a process; `None` is one that is not seen.
    pub fn of(pid: Option<i32>) -> Self {
        let unknown = || UNKNOWN.to_owned();
        Self {
            pid: pid.map_or_else(unknown, |pid| pid.to_string()),
            comm: pid.and_then(Stat::read).map_or_else(unknown, |stat| stat.comm),
            user: pid.and_then(proc::user).map_or_else(unknown, proc::user_name),
            args: pid.and_then(args).unwrap_or_else(|| UNKNOWN.into()),
        }
    }
}

/// The command line of a process, words joined by blanks; `None` when it is gone, or has none.
pub(super) fn args(pid: i32) -> Option<Vec<u8>> {
    proc::command_line(pid).map(|words| words.join(&b' ')).filter(|line| !line.is_empty())
}
