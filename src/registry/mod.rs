//! The records: one JSON file for each process. Readers take no lock, because every write is an atomic replacement;
//! whoever changes anything holds the [`Writer`]. Nobody else opens `runtime/processes`.

mod desk;
mod kind;
mod lookup;
mod name;
mod record;
mod reservation;
mod run;
mod spec;
mod status;
mod writer;

pub use desk::Desk;
pub use kind::Kind;
pub use lookup::{Target, resolve, resolve_target};
pub use name::is_valid as is_valid_name;
pub use record::Record;
pub use reservation::Reservation;
pub use spec::Spec;
pub use status::{KillMode, Status};
pub use writer::Writer;

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::sys;
use crate::sys::dir;
use crate::sys::lock::FileLock;
use crate::sys::regular;

/// How long a command waits for other writers.
const PATIENCE: Duration = Duration::from_secs(5);

const EXTENSION: &str = ".json";

/// The records of one installation.
#[derive(Clone, Debug)]
pub struct Registry {
    layout: Layout,
}

/// A record's file as the sweep finds it.
#[derive(Debug)]
pub enum Found {
    /// A record.
    Whole(Record),
    /// A file that is none, by its name.
    Damaged(String),
}

impl Found {
    /// The name of the file, without its ending.
    pub fn name(&self) -> &str {
        match self {
            Self::Whole(record) => record.name(),
            Self::Damaged(name) => name,
        }
    }
}

impl Registry {
    /// Of the installation at `layout`.
    pub fn new(layout: Layout) -> Self {
        Self { layout }
    }

    /// Where everything lies.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Every whole record, bytewise by file name (`a-1.json` before `a.json`).
    pub fn records(&self) -> Result<Vec<Record>> {
        let whole = |found| match found {
            Found::Whole(record) => Some(record),
            Found::Damaged(_) => None,
        };
        Ok(self.scan()?.into_iter().filter_map(whole).collect())
    }

    /// Every record's file, damaged ones too, in the order of [`Registry::records`].
    pub fn scan(&self) -> Result<Vec<Found>> {
        Ok(self.names()?.iter().filter_map(|name| self.look(name).ok().flatten()).collect())
    }

    /// As [`Registry::records`], for whoever must miss none: one that cannot be read now is an error.
    fn records_all(&self) -> Result<Vec<Record>> {
        let found = self.names()?.into_iter().filter_map(|name| self.find(&name).transpose());
        found.collect()
    }

    /// The record of that name, if there is a whole one.
    pub fn find(&self, name: &str) -> Result<Option<Record>> {
        Ok(match self.look(name)? {
            Some(Found::Whole(record)) => Some(record),
            Some(Found::Damaged(_)) | None => None,
        })
    }

    /// What lies under that name; `None` when nothing does that we could ever read. A file that cannot be read just now
    /// (no descriptor left, a bad disk) is an error: whoever took it for absent would start a second copy.
    pub fn look(&self, name: &str) -> Result<Option<Found>> {
        if !name::is_valid(name) {
            return Ok(None);
        }
        let path = self.layout.record(name);
        let Some(bytes) = read_regular(&path).map_err(Error::file("read", &path))? else {
            return Ok(None);
        };
        Ok(Some(match Record::parse(name, &bytes) {
            Some(record) => Found::Whole(record),
            None => Found::Damaged(name.to_owned()),
        }))
    }

    /// Whether somebody is starting that name.
    pub fn is_starting(&self, name: &str) -> bool {
        Reservation::find(name, &self.layout).is_some()
    }

    /// Whether anything was ever recorded here.
    pub fn exists(&self) -> bool {
        self.layout.processes().is_dir()
    }

    /// The turn to write, waiting at most five seconds for it.
    pub fn lock(&self) -> Result<Writer<'_>> {
        self.take(|path| FileLock::take(path, PATIENCE))?.ok_or(Error::LockTimeout)
    }

    /// The turn to write if it is free now.
    pub fn try_lock(&self) -> Result<Option<Writer<'_>>> {
        self.take(FileLock::try_take)
    }

    fn take(&self, take: impl FnOnce(&Path) -> io::Result<Option<FileLock>>) -> Result<Option<Writer<'_>>> {
        let runtime = self.layout.runtime();
        fs::create_dir_all(&runtime).map_err(Error::file("create", &runtime))?;
        let path = self.layout.lock();
        let lock = take(&path).map_err(Error::file("lock", &path))?;
        Ok(lock.map(|lock| Writer::new(self, lock)))
    }

    /// The names of the records' files, in order. Hidden files and other endings are never records.
    fn names(&self) -> Result<Vec<String>> {
        let path = self.layout.processes();
        let mut names = dir::stems(&path, EXTENSION).map_err(Error::file("read", &path))?;
        names.retain(|name| !name.starts_with('.'));
        Ok(names)
    }
}

/// `None` for what is not there, not ours to read, or no regular file (reading a fifo could wait for ever).
fn read_regular(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match regular::open(path) {
        Err(error) if !sys::is_trouble(&error) => return Ok(None),
        opened => opened?,
    };
    let Some(mut file) = file else { return Ok(None) };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}
