//! This executable again, away from our terminal and our descriptors.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::descriptors::{close, close_on_exec_from, install};
use crate::sys::io_error;

/// What becomes of stdout and stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Streams {
    /// They are ours.
    Inherited,
    /// They go nowhere.
    Null,
}

/// Runs this executable again, in a session of its own, with `socket` as stdin and no descriptor above 2. It inherits
/// the environment less `without`. Returns its pid; it is not waited for.
pub fn detached(
    arguments: &[&OsStr],
    socket: UnixStream,
    streams: Streams,
    without: &[&str],
) -> io::Result<i32> {
    let mut command = Command::new(own_executable()?);
    command.arg0("tsm").args(arguments).stdin(OwnedFd::from(socket));
    if streams == Streams::Null {
        command.stdout(Stdio::null()).stderr(Stdio::null());
    }
    for name in without {
        command.env_remove(name);
    }
    let leave_session = || {
        nix::unistd::setsid().map_err(io_error)?;
        close_on_exec_from(3);
        Ok(())
    };
    // SAFETY: the closure makes only async-signal-safe calls.
    let child = unsafe { command.pre_exec(leave_session) }.spawn()?;
    i32::try_from(child.id()).map_err(io::Error::other)
}

/// Takes over the socket that [`detached`] left as stdin.
pub fn inherited_socket() -> io::Result<UnixStream> {
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    install(&File::open("/dev/null")?, 0)?;
    Ok(UnixStream::from(socket))
}

/// Lets go of the caller's streams: stdin, stdout and stderr become /dev/null, or else nothing at all. Whoever reads
/// them must not wait for us.
pub fn drop_streams() {
    let null = File::options().read(true).write(true).open("/dev/null");
    for number in 0..3 {
        if !null.as_ref().is_ok_and(|null| install(null, number).is_ok()) {
            close(number);
        }
    }
}

/// On Linux the very file this process runs, also when another has taken its place on disk.
fn own_executable() -> io::Result<PathBuf> {
    if cfg!(target_os = "linux") { Ok("/proc/self/exe".into()) } else { std::env::current_exe() }
}
