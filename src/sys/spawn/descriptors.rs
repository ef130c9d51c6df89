//! Which descriptors an exec keeps, and under which numbers.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};

/// Descriptors meant to stay get numbers from here on: out of the way of scripts, which number theirs from 3.
const HIGH_FD: RawFd = 200;

/// Makes `file` descriptor `number`, open across exec.
pub(super) fn install(file: &File, number: RawFd) -> io::Result<()> {
    // SAFETY: dup2 takes two integers; whatever was open as `number` (a standard stream) is meant to be replaced.
    let result = unsafe { libc::dup2(file.as_raw_fd(), number) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Closes a standard stream.
pub(super) fn close(number: RawFd) {
    // SAFETY: closes a number that nothing in this process owns as a file.
    unsafe { libc::close(number) };
}

/// A copy with a high number, or with any above 9 where the limit on descriptors is low.
pub(super) fn raise(file: &File) -> io::Result<OwnedFd> {
    let copy = |lowest: RawFd| {
        // SAFETY: F_DUPFD takes two integers and makes a new descriptor.
        unsafe { libc::fcntl(file.as_raw_fd(), libc::F_DUPFD, lowest) }
    };
    let number = match copy(HIGH_FD) {
        number if number >= 0 => number,
        _ => copy(10),
    };
    if number < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

pub(super) fn keep_on_exec(number: RawFd) -> io::Result<()> {
    set_descriptor_flags(number, 0)
}

fn set_close_on_exec(number: RawFd) -> io::Result<()> {
    set_descriptor_flags(number, libc::FD_CLOEXEC)
}

fn set_descriptor_flags(number: RawFd, flags: libc::c_int) -> io::Result<()> {
    // SAFETY: sets the flags of a descriptor number; a closed one is refused.
    let result = unsafe { libc::fcntl(number, libc::F_SETFD, flags) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Every descriptor from `first` on is closed by the next exec.
#[cfg(target_os = "linux")]
pub(super) fn close_on_exec_from(first: RawFd) {
    // SAFETY: close_range takes three integers; with this flag it closes nothing yet.
    let result =
        unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if result < 0 {
        for number in first..descriptor_limit() {
            let _ = set_close_on_exec(number);
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn close_on_exec_from(first: RawFd) {
    for number in first..descriptor_limit() {
        let _ = set_close_on_exec(number);
    }
}

fn descriptor_limit() -> RawFd {
    // SAFETY: sysconf takes an integer and returns one.
    let limit = unsafe { libc::sysconf(libc::_SC_OPEN_MAX) };
    RawFd::try_from(limit.clamp(256, 65_536)).unwrap_or(256)
}
