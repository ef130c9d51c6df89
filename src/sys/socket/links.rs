//! The sockets among a process's descriptors.

use std::ffi::CStr;
use std::os::fd::{AsRawFd as _, RawFd};

use nix::dir::Dir;
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;

/// `socket:[18446744073709551615]` and one more byte, which tells that a target is longer.
const LONGEST: usize = 30;

/// Calls `found` with the inode and the number of every socket that a process has open. Finds none where they are not
/// ours to read.
pub(super) fn visit(pid: i32, mut found: impl FnMut(u64, i32)) {
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let Ok(mut dir) = Dir::open(format!("/proc/{pid}/fd").as_str(), flags, Mode::empty()) else {
        return;
    };
    let handle = dir.as_raw_fd();
    for entry in dir.iter().flatten() {
        if let Some((inode, number)) = socket(handle, entry.file_name()) {
            found(inode, number);
        }
    }
}

/// Inode and number of a descriptor that is a socket.
fn socket(dir: RawFd, name: &CStr) -> Option<(u64, i32)> {
    let number = name.to_str().ok()?.parse().ok()?;
    let mut buffer = [0_u8; LONGEST];
    // SAFETY: an open directory, a string that ends with a zero byte, and a buffer of the length that is said, all of
    // which outlive the call.
    let length = unsafe { libc::readlinkat(dir, name.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()) };
    let target = buffer.get(..usize::try_from(length).ok()?)?;
    let inode = target.strip_prefix(b"socket:[")?.strip_suffix(b"]")?;
    Some((str::from_utf8(inode).ok()?.parse().ok()?, number))
}
