//! `clean [-a|--aggressive]`: forget processes that are dead and were not stopped.

use super::super::{Context, Words};
use super::health;
use crate::doctor::clean::{self, Stale};
use crate::doctor::figures::UNKNOWN;
use crate::error::Result;

pub(super) fn run(mut words: Words, cx: &mut Context) -> Result<u8> {
    let is_thorough = words.shift().is_some_and(|word| word == "-a" || word == "--aggressive");
    cx.io.line("[DOCTOR] Cleaning up stale TSM process tracking files...");
    if !cx.registry.exists() {
        cx.io.line("No process tracking directory found");
        return Ok(0);
    }
    let io = &mut cx.io;
    let count = clean::clean(&cx.registry, |stale| io.line(line(stale)))?;
    if is_thorough {
        clean::doubtful(&cx.registry)?.iter().for_each(|finding| health::show(finding, io));
    }
    match count {
        0 => io.line("No stale process files found"),
        count => io.line(format_args!("Cleaned up {count} stale process files")),
    }
    Ok(0)
}

fn line(stale: &Stale) -> String {
    match stale {
        Stale::Invalid(name) => format!("Invalid process file (no PID): {name}"),
        Stale::Dead(record) => {
            let pid = record.pid().map_or_else(|| UNKNOWN.to_owned(), |pid| pid.to_string());
            format!("Cleaning stale process tracking: {} (PID {pid} no longer exists)", record.name())
        }
    }
}
