//! What has ended goes to `db/`: instances of TCS 3.0, and records that another of their name superseded.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde_json::{Value, json};

use super::candidate::Candidate;
use super::draft::Draft;
use super::settle::Settled;
use crate::migrate::place::Place;
use crate::migrate::places::{self, EVENTS, HISTORY};
use crate::migrate::report::History;
use crate::migrate::step::Phase;
use crate::migrate::verdict::Code;
use crate::registry::Record;
use crate::sys::clock;

const MODE: u32 = 0o644;

/// Larger than any such file that could be handled at all.
const LARGEST: u64 = 1 << 30;

/// The writer that rollback takes its lines out by.
const SOURCE: &str = "migrate";

/// Lines that are to be added, by file.
#[derive(Default)]
struct Lines(BTreeMap<Place, Vec<Value>>);

/// Plans every line.
pub(super) fn plan(settled: &Settled<'_>, draft: &mut Draft<'_>) -> io::Result<()> {
    let mut lines = Lines::default();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for ended in &settled.ended {
        lines.add_instance(ended);
        super::records::warn_about_text(ended, draft);
        *counts.entry(ended.name).or_default() += 1;
    }
    for (name, choice) in &settled.choices {
        for loser in &choice.losers {
            lines.add_superseded(name, loser);
            draft.report.warn(&loser.found.place, Code::Superseded, "");
            *counts.entry(name).or_default() += 1;
        }
        if let Some((record, _)) = choice.replaced() {
            lines.add_replaced(record);
            *counts.entry(name).or_default() += 1;
        }
    }
    let counts = counts.into_iter().map(|(name, instances)| History { name: name.to_owned(), instances });
    draft.report.history.extend(counts);
    lines.0.into_iter().try_for_each(|(place, lines)| append(place, &lines, draft))
}

impl Lines {
    /// Its start and its end; when it crashed nobody wrote down.
    fn add_instance(&mut self, ended: &Candidate<'_>) {
        let line =
            |event: &str, time: Option<i64>| line(event, time, ended, ended.instance().unwrap_or_default());
        self.add(ended.name, line("start", ended.old.start_time));
        let end = if ended.says_stopped() { "stop" } else { "crash" };
        self.add(ended.name, line(end, ended.old.stop_time));
    }

    fn add_superseded(&mut self, name: &str, loser: &Candidate<'_>) {
        let instance = loser.found.place.to_string();
        self.add_to_history(name, line("superseded", loser.old.start_time, loser, &instance));
    }

    fn add_replaced(&mut self, record: &Record) {
        let line = json!({
            "time": record.start_time(), "event": "superseded", "name": record.name(), "tsm_id": record.tsm_id(),
            "pid": record.pid(), "port": record.port(), "command": record.command(),
            "instance": format!("{}/{}.json", places::RECORDS, record.name()), "source": SOURCE,
        });
        self.add_to_history(record.name(), line);
    }

    /// Also to the events of its day, if it has one.
    fn add(&mut self, name: &str, line: Value) {
        if let Some(time) = line.get("time").and_then(Value::as_i64) {
            let place = places::at(EVENTS, format!("{}.jsonl", clock::utc_date(time)));
            self.0.entry(place).or_default().push(line.clone());
        }
        self.add_to_history(name, line);
    }

    fn add_to_history(&mut self, name: &str, line: Value) {
        self.0.entry(places::at(HISTORY, format!("{name}.jsonl"))).or_default().push(line);
    }
}

fn line(event: &str, time: Option<i64>, candidate: &Candidate<'_>, instance: &str) -> Value {
    let old = candidate.old;
    json!({
        "time": time, "event": event, "name": candidate.name, "tsm_id": old.tsm_id, "pid": old.pid,
        "port": old.port, "command": old.command, "instance": instance, "source": SOURCE,
    })
}

/// Lines that are there already are not repeated.
fn append(place: Place, lines: &[Value], draft: &mut Draft<'_>) -> io::Result<()> {
    let facts = draft.tree.facts(&place)?;
    let mut text = match facts {
        Some(_) => draft.tree.dir_of(&place)?.read(place.name(), LARGEST)?,
        None => Vec::new(),
    };
    let known: BTreeSet<Key> = text.split(|byte| *byte == b'\n').filter_map(key_of_line).collect();
    let fresh: Vec<&Value> =
        lines.iter().filter(|line| key(line).is_none_or(|key| !known.contains(&key))).collect();
    if fresh.is_empty() {
        return Ok(());
    }
    if text.last().is_some_and(|byte| *byte != b'\n') {
        text.push(b'\n');
    }
    fresh.iter().for_each(|line| text.extend(format!("{line}\n").into_bytes()));
    let mode = facts.map_or(MODE, |facts| facts.mode);
    draft.write(Phase::History, place, text, mode, facts.as_ref())
}

/// Instance, event and name of one of our lines.
pub(in crate::migrate) type Key = (String, String, String);

fn key(line: &Value) -> Option<Key> {
    let member = |name| line.get(name)?.as_str().map(str::to_owned);
    (member("source")? == SOURCE).then_some((member("instance")?, member("event")?, member("name")?))
}

/// Of a line that a migration wrote.
pub(in crate::migrate) fn key_of_line(line: &[u8]) -> Option<Key> {
    key(&serde_json::from_slice(line).ok()?)
}
