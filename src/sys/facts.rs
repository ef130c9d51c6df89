//! What an entry of a directory is.

use nix::sys::stat::FileStat;

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link.
    Link,
    /// A fifo, a socket, a device.
    Other,
}

/// What an entry is, and which one: never that of a link's target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What it is.
    pub kind: Kind,
    /// The file system.
    pub device: u64,
    /// Which file of it.
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// Last change of its bytes, in nanoseconds since the epoch.
    pub modified: i64,
    /// Permission bits.
    pub mode: u32,
    /// Its owner.
    pub user: u32,
    /// Its group.
    pub group: u32,
}

impl Facts {
    #[allow(
        clippy::useless_conversion,
        clippy::unnecessary_cast,
        reason = "the fields have other widths on macOS"
    )]
    pub(super) fn of(found: &FileStat) -> Self {
        let kind = match found.st_mode & libc::S_IFMT {
            libc::S_IFREG => Kind::File,
            libc::S_IFDIR => Kind::Dir,
            libc::S_IFLNK => Kind::Link,
            _ => Kind::Other,
        };
        Self {
            kind,
            device: found.st_dev as u64,
            inode: u64::from(found.st_ino),
            size: u64::try_from(found.st_size).unwrap_or_default(),
            modified: i64::from(found.st_mtime)
                .saturating_mul(NANOSECONDS)
                .saturating_add(i64::from(found.st_mtime_nsec)),
            mode: u32::from(found.st_mode & !libc::S_IFMT),
            user: found.st_uid,
            group: found.st_gid,
        }
    }
}

/// In a second.
const NANOSECONDS: i64 = 1_000_000_000;
