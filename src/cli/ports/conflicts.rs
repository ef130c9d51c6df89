//! `conflicts [--fix]`: named ports that somebody else uses.

use super::super::{Context, Words};
use crate::doctor::figures::Figure;
use crate::doctor::{Owners, evict};
use crate::error::Result;
use crate::output::excerpt;
use crate::ports::conflicts::{self, Conflict};
use crate::ports::holders::Use;
use crate::ports::named::NamedPorts;
use crate::registry::Record;
use crate::sys::proc::Identity;
use crate::sys::signal::Signal;

/// How much of a command line is shown.
const SHOWN: usize = 60;

/// The exit code is the number of conflicts found, also of those that have been ended.
pub(super) fn run(mut words: Words, named: &NamedPorts, cx: &mut Context) -> Result<u8> {
    let fixes = words.shift().is_some_and(|word| word == "--fix");
    cx.io.line("Scanning for port conflicts...\n");
    let conflicts = find(named, cx)?;
    for conflict in &conflicts {
        show(conflict, cx);
        if fixes {
            fix(conflict, cx);
        }
        cx.io.line("");
    }
    if conflicts.is_empty() {
        cx.io.line("✅ No port conflicts found");
        return Ok(0);
    }
    cx.io.line(format_args!("⚠️  Found {} port conflict(s)", conflicts.len()));
    if !fixes {
        cx.io.line("Run 'tsm ports conflicts --fix' to resolve conflicts interactively");
    }
    Ok(u8::try_from(conflicts.len()).unwrap_or(u8::MAX))
}

fn find(named: &NamedPorts, cx: &Context) -> Result<Vec<Conflict>> {
    let owners = Owners::read(&cx.registry)?;
    let uses = owners.uses(|port| named.ports().any(|(_, named)| named == port));
    let is_its_own = |name: &str, port: u16, used: &Use| {
        let names = [name.to_owned(), format!("{name}-{port}")];
        let is_of_service = |record: &&Record| names.iter().any(|name| name == record.name());
        owners.live().iter().filter(is_of_service).any(|record| owners.is_of(used, record))
    };
    Ok(conflicts::find(named, &uses, is_its_own))
}

fn show(conflict: &Conflict, cx: &mut Context) {
    let Conflict { name, port, used } = conflict;
    let Figure { pid, args, .. } = Figure::of(used.pids.first().copied());
    cx.io.line(format_args!("CONFLICT: Port {port} (assigned to {name}) is in use by PID {pid}"));
    cx.io.line(format_args!("  Process: {}", excerpt::beginning(&args, SHOWN)));
}

/// Asks, and ends the process that has been shown. The line that the question begins ends with what came of it.
fn fix(conflict: &Conflict, cx: &mut Context) {
    let pids = &conflict.used.pids;
    let process = pids.first().and_then(|pid| Identity::of(*pid));
    for other in pids.iter().skip(1) {
        let args = Figure::of(Some(*other)).args;
        let args = excerpt::beginning(&args, SHOWN);
        cx.io.line(format_args!("  Held as well by PID {other}: {args}"));
    }
    let Figure { pid, .. } = Figure::of(pids.first().copied());
    if !cx.io.confirm(format_args!("  Kill process {pid}? (y/N): ")) {
        return;
    }
    match process.is_some_and(|process| end(&process, conflict.port)) {
        true => cx.io.line(format_args!("  ✅ Killed process {pid}")),
        false => cx.io.line(format_args!("  ❌ Failed to kill process {pid}")),
    }
}

/// Whether it was told to.
fn end(process: &Identity, port: u16) -> bool {
    evict::untouchable(port).is_none() && evict::signal(process, port, Signal::TERM) == evict::Sent::Delivered
}
