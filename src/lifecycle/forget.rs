//! A record's end: what goes with it.

use std::fs;

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::ports::ledger;
use crate::registry::{Record, Registry};
use crate::supervisor::{Table, Tree};
use crate::sys::dir;

/// Removes record, pid file, environment dump, ledger row and `run/NAME`; the logs stay. Another run that has taken the
/// name since stays untouched, and so does a directory that left-overs still write to.
pub fn forget(record: &Record, registry: &Registry) -> Result<()> {
    let name = record.name();
    let writer = registry.lock()?;
    if registry.find(name).is_some_and(|now| !now.is_same_run(record)) {
        return Ok(());
    }
    writer.remove(name)?;
    ledger::remove(name, &writer)?;
    let run = registry.layout().run(name);
    let in_use = writer.is_reserved(name) || Tree::of(record, registry.layout()).lives(&Table::read());
    if dir::is_ours(run.path()) && !in_use {
        fs::remove_dir_all(run.path()).map_err(Error::file("remove", run.path()))?;
    }
    Ok(())
}

/// Removes the logs of a name: a real directory with what is in it. A link in its place is left alone.
pub fn remove_logs(name: &str, layout: &Layout) -> Result<()> {
    let dir = layout.log_dir(name);
    if fs::symlink_metadata(&dir).is_ok_and(|meta| meta.is_dir()) {
        fs::remove_dir_all(&dir).map_err(Error::file("remove", &dir))?;
    }
    Ok(())
}
