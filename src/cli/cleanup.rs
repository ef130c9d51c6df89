//! `tsm cleanup`: remove the records of everything that is not running. The logs stay.

use super::{Context, Words, shown_pid};
use crate::error::Result;
use crate::lifecycle;

pub(super) fn catalog() -> clap::Command {
    clap::Command::new("cleanup").about("Remove the records of processes that do not run; keep their logs")
}

/// Ignores its words.
pub(super) fn run(_words: Words, cx: &mut Context) -> Result<u8> {
    cx.io.line("🧹 Cleaning up crashed/dead processes...");
    if !cx.registry.exists() {
        cx.io.line("No process directory found.");
        return Ok(0);
    }
    lifecycle::sweep(&cx.registry)?;
    let records = cx.registry.records()?;
    let dead = records.iter().filter(|record| !record.is_alive());
    let mut removed = 0;
    for record in dead {
        let (name, pid) = (record.name(), shown_pid(record));
        cx.io.line(format_args!("  Removing crashed process: {name} (PID {pid})"));
        lifecycle::forget(record, &cx.registry)?;
        removed += 1;
    }
    let checked = records.len();
    cx.io.line(format_args!("\nSummary: Checked {checked} processes, removed {removed} crashed processes"));
    Ok(0)
}
