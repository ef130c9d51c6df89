//! Ending a process that no record is about: itself alone, never its group.

use std::time::{Duration, Instant};

use super::stop::{AFTER_KILL, Ending, Outcome};
use crate::sys::pidfd::PidFd;
use crate::sys::poll;
use crate::sys::proc::Identity;
use crate::sys::signal::Signal;
use std::os::fd::AsFd as _;

/// Signals exactly this process and waits for its end. `on_force` is called if it has to be killed after its grace.
pub fn kill(process: &Identity, ending: Ending, on_force: impl FnOnce()) -> Outcome {
    let Some(handle) = PidFd::open(process) else {
        return Outcome::Ended;
    };
    if let Some(grace) = ending.grace {
        let _ = handle.signal(Signal::TERM);
        if has_ended(&handle, process, grace) {
            return Outcome::Ended;
        }
        on_force();
    }
    let _ = handle.signal(Signal::KILL);
    if has_ended(&handle, process, AFTER_KILL) { Outcome::Ended } else { Outcome::Survived }
}

/// Waits for the end of a process that is held; whether it came in time.
pub fn has_ended(handle: &PidFd, process: &Identity, patience: Duration) -> bool {
    let deadline = Instant::now() + patience;
    while process.is_alive() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || poll::wait([Some(handle.as_fd())], Some(left)).is_err() {
            return !process.is_alive();
        }
    }
    true
}
