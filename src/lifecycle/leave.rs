//! Names that this program has no record of any more: their supervisors go, their processes do not notice.

use std::fs;

use crate::layout::{RunDir, Stream};
use crate::registry::Registry;
use crate::supervisor::owner;
use crate::sys::dir;
use crate::sys::pidfd::PidFd;
use crate::sys::signal::Signal;

/// Lets the processes of these names alone. Their supervisors only watch them: those may be killed at any time.
pub fn leave(names: &[String], registry: &Registry) {
    for name in names {
        let run = registry.layout().run(name);
        // One that has output to move goes by itself when that is done.
        let only_watches = Stream::BOTH.into_iter().all(|stream| !run.fifo(stream).exists());
        if dir::is_ours(run.path()) && only_watches && matches!(registry.look(name), Ok(None)) {
            dismiss(&run);
            let _ = fs::remove_dir_all(run.path());
        }
    }
}

/// The lock proves who the supervisor is; it is asked a second time once the process cannot be exchanged any more.
fn dismiss(run: &RunDir) {
    let holder = owner(run).and_then(|pid| Some((pid, PidFd::of_pid(pid)?)));
    if let Some((_, process)) = holder.filter(|(pid, _)| owner(run) == Some(*pid)) {
        let _ = process.signal(Signal::KILL);
    }
}
