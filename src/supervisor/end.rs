//! The end of a run, written down by whoever is first to know.

use crate::error::Result;
use crate::history::{Event, EventKind};
use crate::registry::{Record, Status, Writer};
use crate::sys::clock;
use crate::sys::exit::Exit;

/// The end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// How it ended.
    pub exit: Exit,
    /// Whether somebody is known to have asked for it, whatever the record says.
    pub meant: bool,
}

/// The run that a record is about ended: says so in the record and in the history, unless somebody has said so
/// already or the record is about another run by now.
pub fn record_end(seen: &Record, end: End, writer: &Writer<'_>) -> Result<()> {
    let mut meant = end.meant;
    let is_open = |record: &Record| {
        meant |= record.status() == Status::Stopping;
        record.is_same_run(seen) && !record.status().is_final()
    };
    let change = |record: &mut Record| record.end(end.exit, end.meant, clock::epoch());
    let ended = writer.update(seen.name(), is_open, change)?;
    if let Some(record) = ended
        && let Some(kind) = EventKind::of_end(&record, meant)
    {
        let _ = Event::new(kind, &record).append(writer.layout());
    }
    Ok(())
}
