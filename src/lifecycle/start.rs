//! From a spec to a process that runs and is recorded.

use super::batch::{Batch, Run};
use super::order::{Audience, Reply};
use super::sweep::{settle_remains, sweep_found};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::launch::{self, Blocker, Refusal};
use crate::registry::{Record, Registry, Reservation, Scan, Spec};
use crate::supervisor::Failure;
use crate::sys::proc::Identity;

/// What became of a start.
#[derive(Debug)]
pub enum Started {
    /// It runs.
    Online {
        /// Its record.
        record: Record,
        /// What it was found to listen on.
        listening: Listening,
        /// Whether it, or what it started, listens on its declared port. Looked at for services alone.
        serves: bool,
    },
    /// It ended before it counted as started.
    Failed {
        /// The record it would have had.
        record: Record,
        /// Why, in the words of the report.
        reason: String,
        /// The last lines it wrote to stderr.
        last_words: Vec<u8>,
        /// Who has its port.
        blocker: Option<Blocker>,
    },
}

/// A process and its declared port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listening {
    /// It listens there, or has none declared.
    AsDeclared,
    /// It listens on another.
    Elsewhere(u16),
    /// It does not listen (yet).
    Nowhere,
}

/// Starts a process. What a dead one of the same name left behind is ended first: it holds the port.
pub fn start(spec: Spec, config: &Config, registry: &Registry) -> Result<Started> {
    settle_remains(registry);
    let name = spec.name.clone();
    let taken = || Error::AlreadyRunning(name.clone());
    let own = Identity::own().ok_or_else(taken)?;
    let (reserved, scan) = reserve(&name, &own, registry)?;
    // Silent, and no reason not to start.
    let _ = sweep_found(&scan, registry);
    let run = Run::Waiting(spec, reserved.ok_or_else(taken)?, Audience::Itself);
    let mut started = Err(taken());
    Batch::new([run].into(), own, config, registry).run(&mut |reply| {
        if let Reply::Done(result) = reply {
            started = result;
        }
    })?;
    started
}

/// Every record is read once, under the lock: for the id, and for the sweep that follows. `None`: the name is taken.
fn reserve(name: &str, own: &Identity, registry: &Registry) -> Result<(Option<Reservation>, Scan)> {
    let writer = registry.lock()?;
    let scan = registry.scan()?;
    let is_taken = registry.find(name)?.is_some_and(|record| record.is_alive());
    let reservation = if is_taken { None } else { writer.reserve(name, own, Some(&scan))? };
    Ok((reservation, scan))
}

pub(super) fn failed(record: Record, refusal: Refusal) -> Started {
    let reason = match &refusal.failure {
        Failure::NoHandshake => "no PID file".to_owned(),
        Failure::Died => "process died immediately".to_owned(),
        Failure::Impossible(reason) => reason.clone(),
    };
    let died = refusal.failure == Failure::Died;
    let blocker = record.port().filter(|_| died).and_then(launch::blocker);
    Started::Failed { record, reason, last_words: refusal.last_words, blocker }
}
