//! `tsm resurrect`: start what `tsm save` has saved, as far as it does not run.

use super::{Context, Words, started};
use crate::error::Result;
use crate::lifecycle::Reply;
use crate::persist::{self, Entry, Saved};

const FAILED: u8 = 1;

pub(super) fn catalog() -> clap::Command {
    clap::Command::new("resurrect").about("Start what 'tsm save' has saved, as far as it does not run")
}

/// Ignores its words.
pub(super) fn run(_words: Words, cx: &mut Context) -> Result<u8> {
    let path = cx.config.layout.dump();
    match persist::read(&cx.config.layout)? {
        Saved::List(entries) => resurrect(&entries, cx),
        Saved::Nothing => {
            cx.io.line(format_args!("❌ No saved process list: {}", path.display()));
            cx.io.line("Save one with: tsm save");
            Ok(FAILED)
        }
        Saved::Unreadable => {
            cx.io.line(format_args!("❌ Cannot read process list: {}", path.display()));
            Ok(FAILED)
        }
    }
}

fn resurrect(entries: &[Entry], cx: &mut Context) -> Result<u8> {
    let (mut started, mut running, mut failed) = (0, 0, 0);
    let io = &mut cx.io;
    let noun = if entries.len() == 1 { "process" } else { "processes" };
    io.say(format_args!("🔄 Resurrecting {} {noun}...", entries.len()));
    persist::resurrect(entries, &cx.config, &cx.registry, |entry, reply| match reply {
        Reply::Starting => {}
        Reply::AlreadyRunning(_) => {
            io.say(format_args!("⚠️  Already running: {}", entry.name));
            running += 1;
        }
        Reply::Done(Ok(outcome)) if started::report(&outcome, io) => started += 1,
        Reply::Done(outcome) => {
            if let Err(error) = &outcome {
                io.failure(error);
            }
            io.say(format_args!("❌ Failed to resurrect: {}", entry.name));
            failed += 1;
        }
    })?;
    let counts = format!("{started} started, {running} already running, {failed} failed");
    io.line(format_args!("✅ Resurrect complete: {counts}"));
    Ok(if failed == 0 { 0 } else { FAILED })
}
