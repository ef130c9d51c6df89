//! That an end is meant, said to a supervisor: for when it cannot be written into the record first.

use super::owner;
use crate::layout::RunDir;
use crate::sys::pidfd::PidFd;
use crate::sys::signal::Signal;

/// What says so. A supervisor that does not know it has shut it out.
const MEANT: Signal = Signal::QUIT;

/// Tells the supervisor of a name that its process is about to be ended on purpose. Which one was told, if any.
pub fn tell_intent(run: &RunDir) -> Option<i32> {
    let supervisor = owner(run)?;
    let handle = PidFd::of_pid(supervisor)?;
    // The lock proves who it is, now that the process cannot be exchanged any more.
    (owner(run) == Some(supervisor) && handle.signal(MEANT).is_ok()).then_some(supervisor)
}
