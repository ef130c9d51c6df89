//! The operating system: every system call and every `unsafe` block of the crate. Knows nothing of tsm.
#![allow(unsafe_code)]

pub mod atomic;
pub mod clock;
pub mod dir;
pub mod disk;
pub mod exit;
pub mod facts;
pub mod fifo;
pub mod handle;
pub mod host;
pub mod lock;
pub mod memory;
pub mod pidfd;
pub mod poll;
pub mod proc;
pub mod regular;
pub mod signal;
#[cfg(target_os = "linux")]
pub mod signal_queue;
pub mod socket;
pub mod spawn;
pub mod terminal;
pub mod watch;

use std::io;

/// The text of an error as a user reads it: without Rust's ` (os error N)`.
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(end) => text.get(..end).unwrap_or(&text).to_owned(),
        None => text,
    }
}

/// Whether an error says nothing of the file: there may be one, but it cannot be got at just now.
pub fn is_trouble(error: &io::Error) -> bool {
    let trouble = [libc::EMFILE, libc::ENFILE, libc::ENOMEM, libc::ENOBUFS, libc::EIO, libc::EAGAIN];
    error.raw_os_error().is_some_and(|errno| trouble.contains(&errno))
}

/// Whether an error says that a place takes no bytes now: full, read-only, over a limit, or a bad disk.
pub fn is_unwritable(error: &io::Error) -> bool {
    let unwritable = [libc::ENOSPC, libc::EDQUOT, libc::EFBIG, libc::EROFS, libc::EIO];
    error.raw_os_error().is_some_and(|errno| unwritable.contains(&errno))
}

/// An errno of `nix` as the standard library's error.
fn io_error(errno: nix::errno::Errno) -> io::Error {
    io::Error::from_raw_os_error(errno as i32)
}
