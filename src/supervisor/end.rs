//! The end of a run, written down by whoever is first to know.

use crate::error::Result;
use crate::history::{Event, EventKind};
use crate::registry::{Record, Status, Writer};
use crate::sys::clock;
use crate::sys::pidfd::Exit;

/// The run that a record is about ended: says so in the record and in the history, unless somebody has said so
/// already or the record is about another run by now.
pub fn record_end(seen: &Record, exit: Exit, writer: &Writer<'_>) -> Result<()> {
    let mut meant = false;
    let is_open = |record: &Record| {
        meant = record.status() == Status::Stopping;
        record.is_same_run(seen) && !record.status().is_final()
    };
    let ended = writer.update(seen.name(), is_open, |record| record.end(exit, clock::epoch()))?;
    if let Some(record) = ended
        && let Some(kind) = EventKind::of_end(&record, meant)
    {
        let _ = Event::new(kind, &record).append(writer.layout());
    }
    Ok(())
}
