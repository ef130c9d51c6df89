//! `db/SECOND.tsm.meta`: JSON whose writer is lost, so every spelling that it can have used is accepted.

use super::filler::{Filler, Home};
use super::json::{self, Spelling};
use super::{Generation, Parsed, text};

const SPELLINGS: [Spelling; 13] = [
    (Home::TsmId, &["tsm_id", "id"]),
    (Home::Name, &["name"]),
    (Home::Pid, &["pid"]),
    (Home::StartTime, &["start_time", "started", "timestamp"]),
    (Home::Port, &["port"]),
    (Home::Status, &["status"]),
    (Home::Restarts, &["restarts"]),
    (Home::Command, &["command", "script", "cmd"]),
    (Home::Cwd, &["cwd"]),
    (Home::EnvFile, &["env_file"]),
    (Home::Kind, &["type", "process_type"]),
    (Home::Interpreter, &["interpreter"]),
    (Home::StopTime, &["stop_time", "stopped_at", "end_time"]),
];

/// Reads a record. `now` is in epoch seconds.
pub fn parse(bytes: &[u8], now: i64) -> Parsed {
    let text = text::read(bytes)?;
    let mut filler = Filler::new(Generation::Tcs, now, text.warnings.clone());
    json::put_all(json::members(&text)?, &SPELLINGS, &mut filler)?;
    Ok(filler.finish())
}
