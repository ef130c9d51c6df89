//! The log that a stream is being written to.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::sys::dir;

/// Whether a directory that is not there is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingDir {
    /// It is.
    Make,
    /// It is an error: the logs were deleted.
    Refuse,
}

/// Opens it for writing, made if it is not there. Not for appending: splice(2) refuses such files, so the writer seeks
/// to the end before each piece. A link in its place is followed if the user made it.
pub fn open(path: &Path, missing: MissingDir) -> io::Result<File> {
    if let Some(dir) = path.parent().filter(|_| missing == MissingDir::Make) {
        std::fs::create_dir_all(dir)?;
    }
    let open = |flags| {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false).mode(0o666).custom_flags(flags).open(path)
    };
    match open(libc::O_NOFOLLOW) {
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) && dir::owns_link(path) => open(0),
        opened => opened,
    }
}
