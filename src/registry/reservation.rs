//! `runtime/.reserve-ID`: an id and a name taken by a start in progress. One line: `<pid> <start stamp> <NAME>`.

use std::fs;
use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::layout::{Layout, RESERVATION_PREFIX};
use crate::sys::atomic::{self, Keep};
use crate::sys::proc::{self, Identity};

const MODE: u32 = 0o644;

/// A taken id and name. It lasts as long as its holder lives or until it is released; dropping it changes nothing,
/// because the holder may be another process by then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The id.
    pub id: i64,
    /// The name.
    pub name: String,
    /// Who holds it.
    holder: (i32, u64),
}

impl Reservation {
    /// For this process. [`Reservation::write`] makes it known.
    pub(super) fn new(id: i64, name: &str, holder: &Identity) -> Self {
        Self { id, name: name.to_owned(), holder: (holder.pid, holder.start_ticks) }
    }

    /// Hands it over to another process of ours.
    pub fn hand_to(&mut self, holder: &Identity, layout: &Layout) -> Result<()> {
        self.holder = (holder.pid, holder.start_ticks);
        self.write(layout)
    }

    /// Gives id and name back, unless somebody else who lives has them by now.
    pub fn release(id: i64, name: &str, layout: &Layout) -> Result<()> {
        let path = layout.reservation(id);
        let own = std::process::id().cast_signed();
        let is_free = |found: &Self| found.name == name && (found.holder.0 == own || !found.is_held());
        // Tried again, because one left behind by a read that fails just now would hold the name as long as we live.
        let found = (0..3).find_map(|_| Self::read(&path, id));
        if !found.as_ref().is_some_and(is_free) {
            return Ok(());
        }
        atomic::remove(&path).map_err(Error::file("remove", &path))
    }

    pub(super) fn write(&self, layout: &Layout) -> Result<()> {
        let path = layout.reservation(self.id);
        let (pid, stamp) = self.holder;
        let line = format!("{pid} {stamp} {}\n", self.name);
        atomic::replace(&path, line.as_bytes(), MODE, Keep::ThisBoot).map_err(Error::file("write", &path))
    }

    /// Every reservation whose holder lives; files of dead holders are removed on the way. The caller has the lock.
    pub(super) fn sweep(layout: &Layout) -> Vec<Self> {
        let mut live = Vec::new();
        for (id, path) in files(layout) {
            match Self::read(&path, id).filter(Self::is_held) {
                Some(reservation) => live.push(reservation),
                None => {
                    let _ = atomic::remove(&path);
                }
            }
        }
        live
    }

    /// Whether one outlived its holder.
    pub fn any_stale(layout: &Layout) -> bool {
        files(layout).any(|(id, path)| !Self::read(&path, id).is_some_and(|found| found.is_held()))
    }

    /// The live reservation of a name, for those who only look.
    pub(super) fn find(name: &str, layout: &Layout) -> Option<Self> {
        let mut all = files(layout).filter_map(|(id, path)| Self::read(&path, id));
        all.find(|reservation| reservation.name == name && reservation.is_held())
    }

    fn is_held(&self) -> bool {
        let (pid, stamp) = self.holder;
        proc::is_running(pid, stamp)
    }

    fn read(path: &std::path::Path, id: i64) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let mut words = text.strip_suffix('\n')?.splitn(3, ' ');
        let holder = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(Self { id, name: words.next()?.to_owned(), holder })
    }
}

fn files(layout: &Layout) -> impl Iterator<Item = (i64, PathBuf)> {
    fs::read_dir(layout.runtime()).into_iter().flatten().flatten().filter_map(|entry| {
        let name = entry.file_name();
        let id = name.to_str()?.strip_prefix(RESERVATION_PREFIX)?.parse().ok()?;
        Some((id, entry.path()))
    })
}
