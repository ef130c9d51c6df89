//! The records: one JSON file for each process. Readers take no lock, because every write is an atomic replacement;
//! whoever changes anything holds the [`Writer`]. Nobody else opens `runtime/processes`.

mod desk;
mod kind;
mod leftovers;
mod lookup;
mod name;
mod old;
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
pub use old::Old;
pub use record::Record;
pub use reservation::Reservation;
pub use spec::Spec;
pub use status::{KillMode, Status};
pub use writer::Writer;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::sys;
use crate::sys::dir;
use crate::sys::lock::FileLock;
use crate::sys::regular;

/// How long a command waits for other writers.
const PATIENCE: Duration = Duration::from_secs(5);

const USUAL_SIZE: usize = 2048;

const EXTENSION: &str = ".json";
const PID_EXTENSION: &str = ".pid";

/// The records of one installation.
#[derive(Clone, Debug)]
pub struct Registry {
    layout: Layout,
    old: Old,
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

    /// The record, if it is one.
    pub fn record(&self) -> Option<&Record> {
        match self {
            Self::Whole(record) => Some(record),
            Self::Damaged(_) => None,
        }
    }
}

/// Every record's file at one moment, in the order of [`Registry::records`].
#[derive(Debug, Default)]
pub struct Scan {
    /// Those that could be read.
    pub found: Vec<Found>,
    /// The names of those that cannot be read just now.
    missed: Vec<String>,
}

impl Registry {
    /// Of the installation at `layout`.
    pub fn new(layout: Layout) -> Self {
        Self { layout, old: Old::default() }
    }

    /// With what older versions wrote beside the JSON records.
    pub fn with_old(self, old: Old) -> Self {
        Self { old, ..self }
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
        let mut records: Vec<Record> = self.scan()?.found.into_iter().filter_map(whole).collect();
        if !self.old.records.is_empty() {
            let missing = self.old.records.iter().filter(|old| self.is_old(old.name())).cloned();
            records.extend(missing.collect::<Vec<_>>());
            records.sort_by_cached_key(|record| format!("{}{EXTENSION}", record.name()));
        }
        Ok(records)
    }

    /// Whether a name is known by an old record alone.
    pub fn is_old(&self, name: &str) -> bool {
        let has_file = || self.layout.record(name).symlink_metadata().is_ok();
        self.old.records.iter().any(|record| record.name() == name) && !has_file()
    }

    /// Refuses a name whose old record cannot be believed.
    pub fn check_refused(&self, name: &str) -> Result<()> {
        let refused = |path: &PathBuf| Error::RecordRefused { name: name.to_owned(), path: path.clone() };
        self.old.refused.get(name).map_or(Ok(()), |path| Err(refused(path)))
    }

    /// Every record's file, damaged ones too.
    pub fn scan(&self) -> Result<Scan> {
        let mut scan = Scan::default();
        for name in self.names()? {
            match self.look(&name) {
                Ok(found) => scan.found.extend(found),
                Err(_) => scan.missed.push(name),
            }
        }
        Ok(scan)
    }

    /// Every record of a scan, and the old ones. One that could not be read is read again, and an error if that fails: its
    /// name and id may be taken.
    fn all_of<'a>(&'a self, scan: &'a Scan) -> Result<Vec<Cow<'a, Record>>> {
        let mut records: Vec<Cow<'a, Record>> =
            scan.found.iter().filter_map(Found::record).map(Cow::Borrowed).collect();
        for name in &scan.missed {
            records.extend(self.find(name)?.map(Cow::Owned));
        }
        records.extend(self.old.records.iter().filter(|old| self.is_old(old.name())).map(Cow::Borrowed));
        Ok(records)
    }

    /// The names that have a file, whatever is in it.
    pub fn recorded_names(&self) -> BTreeSet<String> {
        self.names().unwrap_or_default().into_iter().collect()
    }

    /// The record of that name, if there is a whole one.
    pub fn find(&self, name: &str) -> Result<Option<Record>> {
        Ok(match self.look(name)? {
            Some(Found::Whole(record)) => Some(record),
            Some(Found::Damaged(_)) => None,
            None => self.old.records.iter().find(|record| record.name() == name).cloned(),
        })
    }

    /// As [`Registry::find`], of those that can be changed: old records cannot.
    fn find_json(&self, name: &str) -> Result<Option<Record>> {
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

    /// The live records that have a wanted name. What runs has a pid file, so no other record is looked at.
    pub fn live(&self, wanted: impl Fn(&str) -> bool) -> Result<Vec<Record>> {
        let path = self.layout.pids();
        let names = dir::stems(&path, PID_EXTENSION).map_err(Error::file("read", &path))?;
        let mut live = Vec::new();
        for name in names.iter().filter(|name| wanted(name)) {
            live.extend(self.find(name)?.filter(Record::is_alive));
        }
        Ok(live)
    }

    /// The lowest id that no record has. Nobody keeps it free.
    pub fn lowest_free_id(&self) -> Result<i64> {
        Ok(desk::lowest_free(&self.records()?.iter().map(Record::tsm_id).collect()))
    }

    /// Whether anything was ever recorded here.
    pub fn exists(&self) -> bool {
        self.layout.processes().is_dir()
    }

    /// The turn to write, waiting at most five seconds for it.
    pub fn lock(&self) -> Result<Writer<'_>> {
        self.lock_within(PATIENCE)?.ok_or(Error::LockTimeout)
    }

    /// The turn to write; `None` when somebody else has it for longer than that.
    pub fn lock_within(&self, patience: Duration) -> Result<Option<Writer<'_>>> {
        self.take(|path| FileLock::take(path, patience))
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
    let Some(file) = file else { return Ok(None) };
    // As much as records have: a file that is asked for its size first costs two more system calls.
    let mut bytes = Vec::with_capacity(USUAL_SIZE);
    file.take(u64::MAX).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}
