//! The turn to write: everything that changes records, pid files and reservations.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::desk::lowest_free;
use super::{Record, Registry, Reservation, Scan};
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::sys::atomic::{self, Keep};
use crate::sys::lock::FileLock;
use crate::sys::proc::Identity;

const MODE: u32 = 0o644;

/// Holds the runtime lock until dropped.
#[derive(Debug)]
#[must_use]
pub struct Writer<'a> {
    registry: &'a Registry,
    _lock: FileLock,
}

impl<'a> Writer<'a> {
    pub(super) fn new(registry: &'a Registry, lock: FileLock) -> Self {
        Self { registry, _lock: lock }
    }

    /// The records whose turn this is.
    pub fn registry(&self) -> &'a Registry {
        self.registry
    }

    /// Where everything lies.
    pub fn layout(&self) -> &'a Layout {
        &self.registry.layout
    }

    /// Writes the record of a run that has just begun.
    pub fn add(&self, record: &Record) -> Result<()> {
        make_dir(&self.layout().processes())?;
        self.write(record, Keep::Surely)
    }

    fn write(&self, record: &Record, keep: Keep) -> Result<()> {
        let path = self.layout().record(record.name());
        atomic::replace(&path, &record.to_bytes(), MODE, keep).map_err(Error::file("write", &path))
    }

    /// Reads a record again, changes it and writes it. `None`: there is none that `wanted` agrees with.
    pub fn update(
        &self,
        name: &str,
        wanted: impl FnOnce(&Record) -> bool,
        change: impl FnOnce(&mut Record),
    ) -> Result<Option<Record>> {
        let Some(mut record) = self.registry.find_json(name)?.filter(wanted) else {
            return Ok(None);
        };
        change(&mut record);
        self.write(&record, Keep::Whole)?;
        Ok(Some(record))
    }

    /// Removes a record, its pid file and the environment dump the bash tool may have left.
    pub fn remove(&self, name: &str) -> Result<()> {
        for path in [self.layout().record(name), self.layout().pid_file(name), self.layout().env_dump(name)] {
            atomic::remove(&path).map_err(Error::file("remove", &path))?;
        }
        Ok(())
    }

    /// Puts a file that is no record out of the way: `.NAME.json.invalid`.
    pub fn set_aside(&self, name: &str) -> Result<()> {
        let path = self.layout().record(name);
        let aside = path.with_file_name(format!(".{name}.json.invalid"));
        fs::rename(&path, aside).map_err(Error::file("set aside", &path))
    }

    /// Writes a pid file: the number and a newline.
    pub fn write_pid_file(&self, name: &str, pid: i32) -> Result<()> {
        make_dir(&self.layout().pids())?;
        let path = self.layout().pid_file(name);
        atomic::replace(&path, format!("{pid}\n").as_bytes(), MODE, Keep::Whole)
            .map_err(Error::file("write", &path))
    }

    /// Removes a pid file.
    pub fn remove_pid_file(&self, name: &str) -> Result<()> {
        let path = self.layout().pid_file(name);
        atomic::remove(&path).map_err(Error::file("remove", &path))
    }

    /// Takes a name for this process, with the id its record has, else with the lowest that is free: `scan` tells what
    /// the others have, if it was made under this lock. `None`: the name is being started by somebody.
    pub fn reserve(&self, name: &str, by: &Identity, scan: Option<&Scan>) -> Result<Option<Reservation>> {
        self.registry.check_refused(name)?;
        let live = Reservation::sweep(self.layout());
        if live.iter().any(|reservation| reservation.name == name) {
            return Ok(None);
        }
        let id = match self.registry.find(name)? {
            Some(record) => record.tsm_id(),
            None => match scan {
                Some(scan) => self.lowest_free_id(&live, scan)?,
                None => self.lowest_free_id(&live, &self.registry.scan()?)?,
            },
        };
        let reservation = Reservation::new(id, name, by);
        reservation.write(self.layout())?;
        Ok(Some(reservation))
    }

    /// Removes the reservations of those who died with them.
    pub fn clear_reservations(&self) {
        Reservation::sweep(self.layout());
    }

    fn lowest_free_id(&self, live: &[Reservation], scan: &Scan) -> Result<i64> {
        let mut taken: BTreeSet<i64> = live.iter().map(|reservation| reservation.id).collect();
        taken.extend(self.registry.all_of(scan)?.iter().map(|record| record.tsm_id()));
        Ok(lowest_free(&taken))
    }
}

fn make_dir(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(Error::file("create", path))
}
