//! The log that a stream is being written to.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Whether a directory that is not there is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingDir {
    /// It is.
    Make,
    /// It is an error: the logs were deleted.
    Refuse,
}

/// Opens it for writing, made if it is not there. Not for appending: splice(2) refuses such files, so the writer seeks
/// to the end before each piece.
pub fn open(path: &Path, missing: MissingDir) -> io::Result<File> {
    if let Some(dir) = path.parent().filter(|_| missing == MissingDir::Make) {
        std::fs::create_dir_all(dir)?;
    }
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o666).open(path)
}
