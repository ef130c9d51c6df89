//! That the end of a process is meant: written before it is signalled, and in the end what came of it.

use super::Ending;
use crate::error::{Error, Result};
use crate::history::{Event, EventKind};
use crate::layout::RunDir;
use crate::migrate::in_use;
use crate::registry::{Record, Registry, Writer};
use crate::supervisor::{End, owner, record_end, tell_intent};
use crate::sys::clock;
use crate::sys::exit::Exit;
use crate::sys::proc::Identity;

/// Where it stands that the end is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intent {
    /// In the record.
    Recorded,
    /// It could not be written: this supervisor has been told.
    Told(Option<i32>),
}

impl Intent {
    /// Tells each supervisor once what is not in the record: the first may have been killed.
    pub(super) fn tell(&mut self, run: &RunDir) {
        if let Self::Told(told) = *self
            && (told.is_none() || owner(run) != told)
        {
            *self = Self::Told(tell_intent(run));
        }
    }
}

/// Under one hold of the lock, so that no policy and no sweep takes an end for a crash. Returns the records as they are
/// now: a name may have been started again since it was looked up, and it is the name that is to be stopped.
pub(super) fn mark_stopping(
    records: &[Record],
    ending: Ending,
    registry: &Registry,
) -> Result<Vec<(Record, Intent)>> {
    let is_excused = |error: &Error| ending.unrecorded && error.is_unwritable();
    let unmarked = |seen: &Record| (current(seen, registry), Intent::Told(None));
    let writer = match registry.lock() {
        Err(error) if is_excused(&error) => return Ok(records.iter().map(unmarked).collect()),
        taken => taken?,
    };
    let Some(own) = Identity::own() else {
        return Ok(records.iter().map(unmarked).collect());
    };
    let mark = |seen: &Record| match mark(seen, &own, &writer) {
        Err(error) if is_excused(&error) => Ok(unmarked(seen)),
        marked => marked.map(|record| (record, Intent::Recorded)),
    };
    records.iter().map(mark).collect()
}

fn mark(seen: &Record, own: &Identity, writer: &Writer<'_>) -> Result<Record> {
    let is_open = |record: &Record| !record.status().is_final();
    let marked = writer.update(seen.name(), is_open, |record| record.begin_stop(own))?;
    let now = if marked.is_some() { marked } else { writer.registry().find(seen.name())? };
    Ok(now.unwrap_or_else(|| seen.clone()))
}

fn current(seen: &Record, registry: &Registry) -> Record {
    registry.find(seen.name()).ok().flatten().unwrap_or_else(|| seen.clone())
}

/// The record says `stopped`, whoever wrote it first, and the pid file is gone.
pub(super) fn settle(seen: &Record, writer: &Writer<'_>) -> Result<()> {
    if writer.registry().is_old(seen.name()) {
        return in_use::mark_stopped(seen);
    }
    record_end(seen, End { exit: Exit::Unseen, meant: true }, writer)?;
    let Some(now) = writer.registry().find(seen.name())?.filter(|record| record.is_same_run(seen)) else {
        return Ok(());
    };
    if !now.is_settled() {
        writer.update(seen.name(), |_| true, |record| record.settle_stop(clock::epoch()))?;
    }
    writer.remove_pid_file(seen.name())
}

/// An old record that had to wait for this end becomes a JSON record, and that says what the old one could not.
pub(super) fn convert(seen: &Record, registry: &Registry) {
    in_use::convert(registry);
    let Ok(writer) = registry.lock() else { return };
    let is_unsettled = |now: &Record| now.is_same_run(seen) && !now.is_settled();
    let settled = writer.update(seen.name(), is_unsettled, |record| record.settle_stop(clock::epoch()));
    if let Ok(Some(record)) = settled {
        let _ = Event::new(EventKind::Stop, &record).append(writer.layout());
    }
}
