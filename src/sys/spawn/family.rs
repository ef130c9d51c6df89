//! This process among its relatives: orphans, children, groups.

#[cfg(target_os = "linux")]
use std::io;

use crate::sys::exit::Exit;
#[cfg(target_os = "linux")]
use crate::sys::io_error;

/// Makes this process the parent of every orphan among its descendants.
#[cfg(target_os = "linux")]
pub fn adopt_orphans() -> io::Result<()> {
    nix::sys::prctl::set_child_subreaper(true).map_err(io_error)
}

/// Reaps one ended child, without waiting: its pid and how it ended.
pub fn reap() -> Option<(i32, Exit)> {
    let mut status = 0;
    // SAFETY: waitpid writes one int, to a place that outlives the call.
    let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
    (pid > 0).then(|| (pid, Exit::from_wait(status)))
}

/// Leaves the caller's process group, so that a signal to it does not reach us. A group leader has left already.
pub fn leave_group() {
    let _ = nix::unistd::setpgid(nix::unistd::Pid::from_raw(0), nix::unistd::Pid::from_raw(0));
}

/// The process group of this process.
pub fn own_group() -> i32 {
    nix::unistd::getpgrp().as_raw()
}

/// The effective user of this process.
pub fn own_user() -> u32 {
    nix::unistd::geteuid().as_raw()
}
