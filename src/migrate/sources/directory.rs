//! `runtime/processes/NAME/meta.json`, in all its generations.

use super::filler::{Filler, Home};
use super::json::{self, Spelling};
use super::{Generation, Parsed, text};
use crate::migrate::verdict::Refusal;

const SPELLINGS: [Spelling; 14] = [
    (Home::TsmId, &["tsm_id", "id"]),
    (Home::Name, &["name"]),
    (Home::Pid, &["pid"]),
    (Home::StartTime, &["start_time", "started"]),
    (Home::Port, &["port"]),
    (Home::Status, &["status"]),
    (Home::Restarts, &["restarts"]),
    (Home::UnstableRestarts, &["unstable_restarts"]),
    (Home::Command, &["command"]),
    (Home::Cwd, &["cwd"]),
    (Home::EnvFile, &["env_file"]),
    (Home::Kind, &["process_type", "type"]),
    (Home::Interpreter, &["interpreter"]),
    (Home::StopTime, &["stop_time", "stopped_at"]),
];

/// Reads a record. `now` is in epoch seconds.
pub fn parse(bytes: &[u8], now: i64) -> Parsed {
    let text = text::read(bytes).map_err(|refusal| match refusal {
        Refusal::Empty => Refusal::NotJson,
        other => other,
    })?;
    let members = json::members(&text)?;
    let is_late = members.contains_key("id") || members.contains_key("started");
    let generation = if is_late { Generation::LateDirectory } else { Generation::Directory };
    let mut filler = Filler::new(generation, now, text.warnings);
    json::put_all(members, &SPELLINGS, &mut filler)?;
    Ok(filler.finish())
}
