//! The new records.

use std::collections::BTreeMap;
use std::io;

use serde_json::{Map, Value, json};

use super::candidate::Candidate;
use super::draft::Draft;
use super::ledger::Ledger;
use super::logs::LogPaths;
use super::settle::{Choice, Settled};
use crate::migrate::place::Place;
use crate::migrate::places::{self, RECORDS};
use crate::migrate::report::Converted;
use crate::migrate::standing::Life;
use crate::migrate::step::Phase;
use crate::migrate::verdict::Code;
use crate::registry::Record;

/// As all records.
const MODE: u32 = 0o644;

/// What else a record is made from.
pub(super) struct Context<'a> {
    pub(super) ids: BTreeMap<&'a str, i64>,
    pub(super) logs: LogPaths,
    pub(super) ledger: &'a Ledger,
}

/// Plans the record of every name that an old one counts for.
pub(super) fn plan(settled: &Settled<'_>, context: &Context<'_>, draft: &mut Draft<'_>) -> io::Result<()> {
    for (name, choice) in &settled.choices {
        let Some(winner) = &choice.winner else { continue };
        let id = context.ids.get(name).copied().unwrap_or_default();
        let record = record(choice, winner, id, context, draft)?;
        warn(choice, winner, id, draft);
        let to = places::at(RECORDS, format!("{name}.json"));
        let before = choice.replaced().map(|(_, facts)| facts);
        draft.write(Phase::Records, to.clone(), record.to_bytes(), MODE, before)?;
        draft.report.converted.push(Converted {
            name: (*name).to_owned(),
            tsm_id: id,
            status: winner.status().to_owned(),
            pid: winner.pid(),
            from: winner.found.place.clone(),
            to,
        });
    }
    Ok(())
}

/// The record itself.
pub(super) fn record(
    choice: &Choice<'_>,
    winner: &Candidate<'_>,
    id: i64,
    context: &Context<'_>,
    draft: &Draft<'_>,
) -> io::Result<Record> {
    let mut members = Map::new();
    let told = told(winner, draft)?;
    let decided = json!({
        "tsm_id": id,
        "pid": winner.pid(),
        "status": winner.status(),
        "restarts": restarts(choice, winner),
        "logs": context.logs.of(winner.name),
    });
    for part in [told, decided, stamp(winner)] {
        members.extend(part.as_object().cloned().unwrap_or_default());
    }
    let legacy = legacy(winner, context.ledger, draft)?;
    if !legacy.is_empty() {
        members.insert("legacy".into(), legacy.into());
    }
    Ok(Record::from_members(winner.name, members))
}

/// What the old record tells. Members that it does not tell are null, not left out.
fn told(winner: &Candidate<'_>, draft: &Draft<'_>) -> io::Result<Value> {
    let old = winner.old;
    let env_file = match &old.env_file {
        Some(file) => Some(file.clone()),
        None => super::env::env_file(winner, draft)?,
    };
    Ok(json!({
        "start_time": old.start_time,
        "port": old.port,
        "unstable_restarts": old.unstable_restarts,
        "command": old.command,
        "cwd": old.cwd,
        "env_file": env_file,
        "type": old.kind,
        "interpreter": old.interpreter,
    }))
}

/// By which a living process is known again.
fn stamp(winner: &Candidate<'_>) -> Value {
    winner.standing.identity().map_or(
        Value::Null,
        |identity| json!({ "proc": { "start_ticks": identity.start_ticks, "boot_id": identity.boot_id } }),
    )
}

/// Nobody's restarts are forgotten: of several records the largest count goes on.
fn restarts(choice: &Choice<'_>, winner: &Candidate<'_>) -> u64 {
    let losers = choice.losers.iter().map(|loser| loser.old.restarts);
    let replaced = choice.replaced().map(|(record, _)| record.restarts());
    losers.chain(replaced).fold(winner.old.restarts, u64::max)
}

/// Every member that has no place of its own.
fn legacy(winner: &Candidate<'_>, ledger: &Ledger, draft: &Draft<'_>) -> io::Result<Map<String, Value>> {
    let mut legacy = winner.old.legacy.clone();
    if let Some(name) = winner.old.name.as_deref().filter(|name| *name != winner.name) {
        legacy.insert("name".into(), name.into());
    }
    if let Some(port) = ledger.found_port(winner.name) {
        legacy.entry("actual_port").or_insert_with(|| port.into());
    }
    for (key, value) in super::folders::values(winner, draft)? {
        legacy.entry(key).or_insert(value);
    }
    Ok(legacy)
}

fn warn(choice: &Choice<'_>, winner: &Candidate<'_>, id: i64, draft: &mut Draft<'_>) {
    let place = &winner.found.place;
    warn_about_text(winner, draft);
    if winner.old.name.as_deref().is_some_and(|name| name != winner.name) {
        draft.report.warn(place, Code::NameMismatch, winner.old.name.as_deref().unwrap_or_default());
    }
    warn_about_process(winner, draft);
    if let Some(before) = winner.old.tsm_id.map(i64::from).filter(|before| *before != id) {
        draft.report.warn(place, Code::Renumbered, format!("{before} -> {id}"));
    }
    if choice.replaced().is_some() {
        draft.report.warn(place, Code::ReplacedJson, "");
    }
}

/// What its parser noticed.
pub(super) fn warn_about_text(candidate: &Candidate<'_>, draft: &mut Draft<'_>) {
    let place: &Place = &candidate.found.place;
    for (code, detail) in &candidate.old.warnings {
        draft.report.warn(place, *code, detail.as_str());
    }
}

fn warn_about_process(winner: &Candidate<'_>, draft: &mut Draft<'_>) {
    let code = match winner.standing.life {
        Life::Reused => Code::PidReused,
        Life::Claimed => Code::PidClaimedTwice,
        Life::Online(_) if winner.standing.by_pid_file => Code::PidFromPidfile,
        Life::Online(_) | Life::Ended => return,
    };
    draft.report.warn(
        &winner.found.place,
        code,
        winner.old.pid.map(|pid| pid.to_string()).unwrap_or_default(),
    );
}
