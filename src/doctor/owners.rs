//! Who has a port, in the terms of this installation: a process of a record, somebody else, or nobody we can see.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::layout::{Layout, PROCESS_LOCK};
use crate::ports::holders::{self, Use};
use crate::registry::{Record, Registry};
use crate::supervisor;
use crate::sys::{dir, proc, spawn};

/// The live records, and what belongs to them.
#[derive(Debug)]
pub struct Owners {
    layout: Layout,
    live: Vec<Record>,
}

impl Owners {
    /// As it is now.
    pub fn read(registry: &Registry) -> Result<Self> {
        Ok(Self::among(&registry.records()?, registry.layout()))
    }

    /// Of records that have been read already.
    pub(super) fn among(records: &[Record], layout: &Layout) -> Self {
        let live = records.iter().filter(|record| record.is_alive()).cloned().collect();
        Self { layout: layout.clone(), live }
    }

    /// The live records, in their order.
    pub fn live(&self) -> &[Record] {
        &self.live
    }

    /// Those ports that are in use and `wanted`.
    pub fn uses(&self, wanted: impl Fn(u16) -> bool) -> BTreeMap<u16, Use> {
        self.settle(holders::uses(wanted))
    }

    /// Who uses one port, if anybody does.
    pub fn use_of(&self, port: u16) -> Option<Use> {
        self.uses(|used| used == port).remove(&port)
    }

    /// Every port that a TCP socket listens on.
    pub fn listening(&self) -> BTreeMap<u16, Use> {
        self.settle(holders::listening())
    }

    /// The live record that a process belongs to: it is its process, descends from that, or holds the lock that was
    /// made for it.
    pub fn record_of(&self, pid: i32) -> Option<&Record> {
        if self.live.is_empty() {
            return None;
        }
        self.by_descent(pid).or_else(|| self.by_lock(pid))
    }

    /// Whether a use is that of this record's process.
    pub fn is_of(&self, used: &Use, record: &Record) -> bool {
        used.pids.iter().any(|pid| self.record_of(*pid).is_some_and(|owner| owner.name() == record.name()))
    }

    /// Processes of tsm itself own nothing: all they may hold is what their caller gave them as a stream. A socket of our
    /// own user that nobody is seen to hold belongs to the record that declares its port: a process may hide its
    /// descriptors.
    fn settle(&self, mut uses: BTreeMap<u16, Use>) -> BTreeMap<u16, Use> {
        for (port, used) in &mut uses {
            let by_stream = std::mem::take(&mut used.by_stream);
            used.pids.retain(|pid| !(by_stream.contains(pid) && is_of_tsm(*pid)));
            if used.unseen.contains(&spawn::own_user()) {
                let declared = self.live.iter().filter(|record| record.port() == Some(*port));
                used.pids.extend(declared.filter_map(Record::pid));
                used.pids.sort_unstable();
                used.pids.dedup();
            }
        }
        uses
    }

    /// What hangs below a supervisor is of its name, not of the process that happened to start that.
    fn by_descent(&self, pid: i32) -> Option<&Record> {
        let mut at = pid;
        for _ in 0..GENERATIONS {
            if let Some(record) = self.live.iter().find(|record| record.pid() == Some(at)) {
                return Some(record);
            }
            if supervisor::is_supervisor(at) {
                let is_its =
                    |record: &&Record| supervisor::owner(&self.layout.run(record.name())) == Some(at);
                return self.live.iter().find(is_its);
            }
            at = proc::Stat::read(at)?.ppid;
        }
        None
    }

    fn by_lock(&self, pid: i32) -> Option<&Record> {
        let is_lock = |name: &std::ffi::OsStr| name == PROCESS_LOCK;
        let locks = proc::descriptors(pid).filter(|(_, target)| target.file_name().is_some_and(is_lock));
        let ids = locks.filter_map(|(number, _)| dir::id(&proc::descriptor_path(pid, number)));
        ids.into_iter().find_map(|id| {
            let is_its =
                |record: &&Record| dir::id(&self.layout.run(record.name()).process_lock()) == Some(id);
            self.live.iter().find(is_its)
        })
    }
}

/// More than any family has; a chain that is read while it changes could be endless.
const GENERATIONS: usize = 100;

/// Whether a process is this command or a supervisor.
pub(super) fn is_of_tsm(pid: i32) -> bool {
    pid == std::process::id().cast_signed() || supervisor::is_supervisor(pid)
}
