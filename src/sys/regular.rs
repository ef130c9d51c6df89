//! Regular files, told from whatever else may have their name.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Opens a regular file for reading; `None` when there is none of that name. Never waits, whatever is there instead.
pub fn open(path: &Path) -> io::Result<Option<File>> {
    match OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path) {
        Ok(file) => Ok(file.metadata()?.is_file().then_some(file)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A file that says what is to be run.
#[derive(Debug)]
pub enum Trusted {
    /// There is none.
    Absent,
    /// Somebody else owns it or may write to it, or it is a link.
    Unsafe,
    /// One that is ours alone.
    File(File),
}

/// Opens a regular file that nobody else can have written. What is there instead of one is an error.
pub fn open_trusted(path: &Path) -> io::Result<Trusted> {
    const OTHERS_MAY_WRITE: u32 = 0o022;
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY | libc::O_NOFOLLOW;
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Err(error) if is_absent(&error) => return Ok(Trusted::Absent),
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => return Ok(Trusted::Unsafe),
        opened => opened?,
    };
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let is_ours = meta.uid() == nix::unistd::geteuid().as_raw() && meta.mode() & OTHERS_MAY_WRITE == 0;
    Ok(if is_ours { Trusted::File(file) } else { Trusted::Unsafe })
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
