//! A record's end: what goes with it.

use std::fs;

use crate::error::{Error, Result};
use crate::layout::{Layout, RunDir, Stream};
use crate::ports::ledger;
use crate::registry::{Record, Registry};
use crate::sys::{dir, fifo, lock};

/// Removes record, pid file, environment dump, ledger row and `run/NAME`; the logs stay. Another run that has taken the
/// name since stays untouched, and so does a directory that left-overs still write to. A row that cannot be taken out (a full
/// disk) keeps nothing else from going.
pub fn forget(record: &Record, registry: &Registry) -> Result<()> {
    let name = record.name();
    let writer = registry.lock()?;
    if registry.find(name)?.is_some_and(|now| !now.is_same_run(record)) {
        return Ok(());
    }
    writer.remove(name)?;
    let row = ledger::remove(name, &writer);
    let run = registry.layout().run(name);
    if dir::is_ours(run.path()) && !writer.registry().is_starting(name) && !is_in_use(&run) {
        fs::remove_dir_all(run.path()).map_err(Error::file("remove", run.path()))?;
    }
    row
}

/// Whether left-overs of a run hold its lock or may still write.
pub(super) fn is_in_use(run: &RunDir) -> bool {
    let is_open =
        |stream: &Stream| fifo::open_reader(&run.fifo(*stream)).is_ok_and(|fifo| !fifo::is_closed(&fifo));
    lock::is_held(&run.process_lock()) || Stream::BOTH.iter().any(is_open)
}

/// Removes the logs of a name: a real directory with what is in it. A link in its place is left alone.
pub fn remove_logs(name: &str, layout: &Layout) -> Result<()> {
    let dir = layout.log_dir(name);
    if fs::symlink_metadata(&dir).is_ok_and(|meta| meta.is_dir()) {
        fs::remove_dir_all(&dir).map_err(Error::file("remove", &dir))?;
    }
    Ok(())
}
