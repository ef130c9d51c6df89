//! One file followed by its name: through growth, truncation, renaming, deletion and re-creation.
//!
//! A file that another one replaces is read to its end first. One that comes and goes again between two looks is not
//! seen.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::Sink;
use super::tail::{self, Lines};
use crate::sys::regular;

/// One path, and the file that was last seen there.
#[derive(Debug)]
pub(super) struct Followed {
    pub(super) path: PathBuf,
    current: Option<Opened>,
}

impl Followed {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, current: None }
    }

    /// The wanted lines. A file that is there is named first, with no bytes.
    pub(super) fn begin(&mut self, lines: Lines, sink: &mut Sink<'_>) -> io::Result<()> {
        let Some(mut opened) = Opened::at(&self.path)? else {
            return Ok(());
        };
        sink(&self.path, &[])?;
        opened.position = tail::find(&opened.file, lines)?.start;
        self.current = Some(opened);
        self.read(sink).map(drop)
    }

    /// What is new, through a change of file; whether anything was.
    pub(super) fn advance(&mut self, sink: &mut Sink<'_>) -> io::Result<bool> {
        let grown = self.read(sink)?;
        let Some(successor) = self.successor() else {
            return Ok(grown);
        };
        let finished = self.read(sink)?;
        self.current = Some(successor);
        Ok(self.read(sink)? || finished || grown)
    }

    /// What was written since the last time, as far as it is there now: an endless flood is left for the next turn.
    fn read(&mut self, sink: &mut Sink<'_>) -> io::Result<bool> {
        let Some(current) = &mut self.current else {
            return Ok(false);
        };
        let length = current.file.metadata()?.len();
        let start = if length < current.position { 0 } else { current.position };
        let path = &self.path;
        current.position = tail::copy(&current.file, start..length, &mut |bytes| sink(path, bytes))?;
        Ok(current.position > start)
    }

    /// The file that has taken the place of the current one. One that cannot be opened has not yet.
    fn successor(&self) -> Option<Opened> {
        let there = fs::metadata(&self.path).ok()?;
        match &self.current {
            Some(current) if current.identity == identity(&there) => None,
            _ => Opened::at(&self.path).ok().flatten(),
        }
    }
}

/// A file that stays readable under whatever name, or none.
#[derive(Debug)]
struct Opened {
    file: File,
    identity: (u64, u64),
    position: u64,
}

impl Opened {
    fn at(path: &Path) -> io::Result<Option<Self>> {
        let Some(file) = regular::open(path)? else {
            return Ok(None);
        };
        let identity = identity(&file.metadata()?);
        Ok(Some(Self { file, identity, position: 0 }))
    }
}

fn identity(meta: &Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}
