//! How full a file system is.

use std::io;
use std::path::Path;

use super::io_error;

/// The room of a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// What an ordinary user can still write.
    pub available: u64,
    /// All there is.
    pub total: u64,
}

/// Of the file system that a path is on.
#[expect(clippy::useless_conversion, reason = "the figures are not of one type on all systems")]
pub fn space(path: &Path) -> io::Result<Space> {
    let figures = nix::sys::statvfs::statvfs(path).map_err(io_error)?;
    let block = u64::from(figures.fragment_size());
    Ok(Space {
        available: u64::from(figures.blocks_available()).saturating_mul(block),
        total: u64::from(figures.blocks()).saturating_mul(block),
    })
}
