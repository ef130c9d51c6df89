//! An old record that can be believed, with what became of its process.

use std::io;

use crate::migrate::look::{Found, Look, Origin};
use crate::migrate::sources::{Generation, Old};
use crate::migrate::standing::{Life, Standing, Traces};
use crate::migrate::tree::Tree;

/// One of perhaps several records of a name.
#[derive(Clone, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) found: &'a Found,
    pub(super) old: &'a Old,
    pub(super) name: &'a str,
    pub(super) standing: Standing,
    /// Whether there is a pid file that can be read.
    has_pid_file: bool,
}

impl<'a> Candidate<'a> {
    /// `None`: the record is refused.
    pub(super) fn new(found: &'a Found, look: &Look, tree: &Tree) -> io::Result<Option<Self>> {
        let (Some(old), Some(name)) = (found.old(), found.name.as_deref()) else { return Ok(None) };
        let logs = found.logs(look).iter().map(|log| (log.file.facts.device, log.file.facts.inode)).collect();
        let pid_file = found.pid_file(look).map_or(Ok(None), |file| file.pid(tree))?;
        let standing = Standing::of(old, &Traces { pid_file, logs })?;
        Ok(Some(Self { found, old, name, standing, has_pid_file: pid_file.is_some() }))
    }

    pub(super) fn is_online(&self) -> bool {
        self.standing.identity().is_some()
    }

    /// Whether its directory must be left whole: the process, or its log reader, writes there by path.
    pub(super) fn is_in_use(&self) -> bool {
        self.is_online() && self.old.generation == Generation::LateDirectory
    }

    /// Of two records of a name the one with the higher rank counts.
    pub(super) fn rank(&self) -> (bool, Option<i64>, u8) {
        (self.is_online(), self.old.start_time, self.found.origin.rank())
    }

    /// The pid that its record will have. That of a process which has ended is kept.
    pub(super) fn pid(&self) -> Option<i32> {
        match &self.standing.life {
            Life::Online(identity) => Some(identity.pid),
            Life::Ended => self.old.pid,
            Life::Reused | Life::Claimed => None,
        }
    }

    /// The status that its record will have.
    pub(super) fn status(&self) -> &'static str {
        match self.standing.life {
            Life::Online(_) => "online",
            Life::Reused | Life::Claimed => "crashed",
            Life::Ended if self.was_stopped() => "stopped",
            Life::Ended => "crashed",
        }
    }

    /// The early `stop` removed the pid file and kept the record.
    fn was_stopped(&self) -> bool {
        let removes_pid_file = matches!(
            self.old.generation,
            Generation::OneLine | Generation::Lines | Generation::Extensionless
        );
        self.says_stopped() || (removes_pid_file && !self.has_pid_file) || self.old.pid.is_none()
    }

    /// Whether the record itself says so.
    pub(super) fn says_stopped(&self) -> bool {
        self.old.status.as_deref().map_or(self.old.stop_time.is_some(), |status| status == "stopped")
    }

    /// The second that names an instance of TCS 3.0.
    pub(super) fn instance(&self) -> Option<&'a str> {
        match &self.found.origin {
            Origin::Instance(second) => Some(second),
            _ => None,
        }
    }
}
