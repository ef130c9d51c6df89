//! The single changes that a migration is made of. Each can be tried again: what is done already is recognised on the
//! disk, and what somebody else has changed in between is left alone.

use serde::{Deserialize, Serialize};

use super::place::{Bytes, Place};
use crate::sys::facts::Facts;

/// The parts of a migration, in the order they are carried out: at any instant every process has a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The new records.
    Records,
    /// Lines of `db/history` and `db/events`.
    History,
    /// Logs to their new places.
    Logs,
    /// Environment dumps.
    Env,
    /// Pid files.
    Pids,
    /// Service definitions and the port ledger.
    Services,
    /// Old records and what else is not needed any more.
    Removals,
}

impl Phase {
    /// All, first to last.
    pub const ALL: [Self; 7] =
        [Self::Records, Self::History, Self::Logs, Self::Env, Self::Pids, Self::Services, Self::Removals];
}

/// Which file it was that the plan speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Which one of its file system.
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// Last change, nanoseconds since the epoch.
    pub modified: i64,
}

impl Stamp {
    /// Of what was found.
    pub fn of(facts: &Facts) -> Self {
        Self { inode: facts.inode, size: facts.size, modified: facts.modified }
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Step {
    /// Makes a directory.
    MakeDir {
        /// Where.
        path: Place,
        /// Its permission bits; none: as the umask has it.
        mode: Option<u32>,
    },
    /// Writes a whole file.
    Write {
        /// Where.
        path: Place,
        /// What it will hold.
        bytes: Bytes,
        /// SHA-256 of that.
        sha256: String,
        /// Its permission bits.
        mode: u32,
        /// The file that it replaces; none: nothing may be there.
        before: Option<Stamp>,
    },
    /// Makes a link.
    Link {
        /// Where.
        path: Place,
        /// Its text.
        text: Place,
    },
    /// Gives a file another name; or, where both are the same, another mode.
    Rename {
        /// From.
        from: Place,
        /// To.
        to: Place,
        /// Which file it is: its bytes may change meanwhile, a log is being written to.
        inode: u64,
        /// The permission bits it gets.
        mode: Option<u32>,
        /// Those it had.
        mode_before: u32,
    },
    /// Removes a file or a link.
    Remove {
        /// Where.
        path: Place,
        /// Which one.
        stamp: Stamp,
        /// SHA-256 of its bytes, where they were read.
        sha256: Option<String>,
    },
    /// Removes an empty directory; one that is not empty stays.
    RemoveDir {
        /// Where.
        path: Place,
        /// The permission bits it had.
        mode: u32,
    },
}

impl Step {
    /// Writes a new file.
    pub fn write(path: Place, bytes: Vec<u8>, mode: u32, before: Option<&Facts>) -> Self {
        let sha256 = sha256(&bytes);
        Self::Write { path, bytes: Bytes(bytes), sha256, mode, before: before.map(Stamp::of) }
    }

    /// Removes a file whose bytes nobody needed to know.
    pub fn remove(path: Place, facts: &Facts) -> Self {
        Self::Remove { path, stamp: Stamp::of(facts), sha256: None }
    }

    /// What it changes.
    pub fn place(&self) -> &Place {
        match self {
            Self::MakeDir { path, .. }
            | Self::Write { path, .. }
            | Self::Link { path, .. }
            | Self::Rename { from: path, .. }
            | Self::Remove { path, .. }
            | Self::RemoveDir { path, .. } => path,
        }
    }

    /// Renames a file.
    pub fn rename(from: Place, to: Place, facts: &Facts, mode: Option<u32>) -> Self {
        Self::Rename { from, to, inode: facts.inode, mode, mode_before: facts.mode }
    }
}

/// SHA-256, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    super::place::to_hex(&sha2::Sha256::digest(bytes))
}
