//! The seat of the one reader of `run/NAME`'s fifos: `supervisor.lock`.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::layout::RunDir;
use crate::sys::lock::{self, OwnerLock};
use crate::sys::pidfd::PidFd;
use crate::sys::signal::Signal;

/// How long the holder is given to leave.
const PATIENCE: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_millis(2);

/// Takes the seat if it is free; `None` when somebody has it.
pub(super) fn take_free(run: &RunDir) -> io::Result<Option<OwnerLock>> {
    let path = run.supervisor_lock();
    match OwnerLock::try_take(open(&path)?)? {
        Ok(seat) => Ok(Some(seat)),
        Err(_) => Ok(None),
    }
}

/// Takes the seat. The holder, if there is one, is asked to leave; what it has not read stays in the fifos.
pub(super) fn take_over(run: &RunDir) -> io::Result<OwnerLock> {
    let path = run.supervisor_lock();
    let deadline = Instant::now() + PATIENCE;
    let mut file = open(&path)?;
    let mut asked = None;
    loop {
        match OwnerLock::try_take(file)? {
            Ok(seat) => return Ok(seat),
            Err(taken) => file = taken,
        }
        if Instant::now() >= deadline {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "its last supervisor does not leave"));
        }
        if let Some(holder) = lock::owner_of(&file).filter(|holder| asked != Some(*holder)) {
            asked = Some(holder);
            ask_to_leave(holder, &file);
        }
        std::thread::sleep(RETRY);
        file = reopen_if_replaced(file, &path)?;
    }
}

/// The lock proves who the holder is; it is asked a second time once the process cannot be exchanged any more.
fn ask_to_leave(holder: i32, file: &File) {
    let Some(process) = PidFd::of_pid(holder) else {
        return;
    };
    if lock::owner_of(file) == Some(holder) {
        let _ = process.signal(Signal::TERM);
    }
}

/// A delete may have taken the directory away, and a start made a new one.
fn reopen_if_replaced(file: File, path: &Path) -> io::Result<File> {
    let ours = file.metadata()?;
    match path.symlink_metadata() {
        Ok(named) if (named.dev(), named.ino()) == (ours.dev(), ours.ino()) => Ok(file),
        _ => open(path),
    }
}

fn open(path: &Path) -> io::Result<File> {
    lock::open(path, 0o600)
}
