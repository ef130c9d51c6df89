//! What is said of a start.

use super::{Io, shown_pid, shown_port};
use crate::launch::Blocker;
use crate::lifecycle::{Listening, Started};
use crate::output::excerpt;
use crate::registry::Record;

/// Says what became of a start; whether the process runs.
pub(super) fn report(started: &Started, io: &mut Io) -> bool {
    match started {
        Started::Online { record, listening, .. } => {
            report_online(record, *listening, io);
            true
        }
        Started::Failed { record, reason, last_words, blocker } => {
            io.error(format_args!("❌ Failed to start: {} ({reason})", record.name()));
            io.error_bytes(last_words);
            if let (Some(port), Some(blocker)) = (record.port(), blocker) {
                explain(port, blocker, io);
            }
            false
        }
    }
}

fn report_online(record: &Record, listening: Listening, io: &mut Io) {
    let (port, declared) = (shown_port(record), record.port().unwrap_or(0));
    match listening {
        Listening::AsDeclared => {}
        Listening::Nowhere => {
            let text = "Process started but not listening on expected port";
            io.error(format_args!("⚠️  Warning: {text} {declared}"));
        }
        Listening::Elsewhere(actual) => {
            io.error(format_args!("⚠️  Warning: Port mismatch (declared={declared}, actual={actual})"));
        }
    }
    let (name, id, pid) = (record.name(), record.tsm_id(), shown_pid(record));
    io.line(format_args!("✅ Started: {name} (TSM ID: {id}, PID: {pid}, Port: {port})"));
}

/// Who has the port of a process that died, and what can be done about it.
fn explain(port: u16, blocker: &Blocker, io: &mut Io) {
    let pid = blocker.pid.map_or_else(|| "unknown".to_owned(), |pid| pid.to_string());
    io.error(format_args!("\n🔴 Port {port} is already in use!"));
    io.error(format_args!("   Blocking process: PID {pid}"));
    io.error(format_args!("   Command: {}", excerpt::beginning(&blocker.command, 80)));
    io.error("\nSolutions:");
    io.error(format_args!("   • Stop the process: kill {pid}"));
    io.error("   • Or use a different port in your config");
    io.error("   • Or use: tsm doctor");
}
