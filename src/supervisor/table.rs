//! The process table, and the two marks by which a process tells whose it is: a directory in its environment, and a
//! lock among its descriptors.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use crate::config::PROCESS_DIR_VARIABLE;
use crate::layout::{PROCESS_LOCK, RunDir};
use crate::sys::dir::{self, FileId};
use crate::sys::lock;
use crate::sys::proc::{self, Stat};
use crate::sys::spawn;

/// All processes at one moment.
#[derive(Debug)]
pub struct Table {
    pub(super) processes: BTreeMap<i32, Stat>,
    pub(super) children: HashMap<i32, Vec<i32>>,
    /// Who carries which run's directory in the environment: read when first asked for.
    by_directory: OnceCell<HashMap<Place, Vec<i32>>>,
    /// Who has which run's `process.lock` open: read when first asked for, once for all runs.
    by_lock: OnceCell<HashMap<FileId, Vec<i32>>>,
}

/// A directory, whatever way leads to it; one that is gone is known by its path alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Place {
    Found(FileId),
    Gone(PathBuf),
}

impl Place {
    pub(super) fn of(path: &Path) -> Self {
        dir::id(path).map_or_else(|| Self::Gone(path.to_owned()), Self::Found)
    }
}

impl Table {
    /// Now. The dead among them are left out.
    pub fn read() -> Self {
        let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
        let mut processes = BTreeMap::new();
        for stat in Stat::all().into_iter().filter(|stat| !stat.is_dead()) {
            children.entry(stat.ppid).or_default().push(stat.pid);
            processes.insert(stat.pid, stat);
        }
        Self { processes, children, by_directory: OnceCell::new(), by_lock: OnceCell::new() }
    }

    /// Processes of ours that were started with this run's directory in their environment.
    pub(super) fn carriers(&self, dir: &Path) -> &[i32] {
        let place = |pid: &i32| Some((Place::of(&carried(*pid)?), *pid));
        let carriers = self.by_directory.get_or_init(|| grouped(self.processes.keys().filter_map(place)));
        carriers.get(&Place::of(dir)).map_or(&[], Vec::as_slice)
    }

    /// Those who hold the lock that a run's main process was born with.
    pub(super) fn lock_holders(&self, run: &RunDir) -> &[i32] {
        let path = run.process_lock();
        let Some(id) = dir::id(&path).filter(|_| lock::is_held(&path)) else {
            return &[];
        };
        let locks = |pid: &i32| open_locks(*pid).map(|id| (id, *pid)).collect::<Vec<_>>();
        let holders = self.by_lock.get_or_init(|| grouped(self.processes.keys().flat_map(locks)));
        holders.get(&id).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_or_is_child_of(&self, pid: i32, parent: i32) -> bool {
        pid == parent || self.processes.get(&pid).is_some_and(|stat| stat.ppid == parent)
    }

    pub(super) fn has(&self, pid: i32, start_ticks: u64) -> bool {
        self.processes.get(&pid).is_some_and(|stat| stat.start_ticks == start_ticks)
    }
}

fn grouped<K: std::hash::Hash + Eq>(pairs: impl Iterator<Item = (K, i32)>) -> HashMap<K, Vec<i32>> {
    let mut groups: HashMap<K, Vec<i32>> = HashMap::new();
    for (key, pid) in pairs {
        groups.entry(key).or_default().push(pid);
    }
    groups
}

/// The run's directory in a process's environment, if it is one of ours.
pub(super) fn carried(pid: i32) -> Option<PathBuf> {
    let prefix = [PROCESS_DIR_VARIABLE.as_bytes(), b"="].concat();
    let entries = proc::environment(pid)?;
    let directory = entries.iter().find_map(|entry| entry.strip_prefix(prefix.as_slice()))?;
    (proc::user(pid) == Some(spawn::own_user())).then(|| OsString::from_vec(directory.to_vec()).into())
}

/// The process locks among a process's descriptors.
fn open_locks(pid: i32) -> impl Iterator<Item = FileId> {
    let is_lock = |target: &Path| target.file_name().is_some_and(|name| name == PROCESS_LOCK);
    proc::descriptors(pid)
        .filter(move |(_, target)| is_lock(target))
        .filter_map(move |(number, _)| dir::id(&proc::descriptor_path(pid, number)))
}
