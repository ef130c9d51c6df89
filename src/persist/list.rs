//! `runtime/dump.json`: what ran when it was saved, and how to run it.

use std::io::{self, Read as _};

use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::registry::{Record, Registry};
use crate::sys::atomic::{self, Keep};
use crate::sys::clock;
use crate::sys::regular::{self, Trusted};

const VERSION: u64 = 1;
const MODE: u32 = 0o600;
/// No list is as long as this.
const LONGEST: u64 = 64 << 20;

/// What is known of a saved list.
#[derive(Debug, PartialEq)]
pub enum Saved {
    /// Nothing was saved.
    Nothing,
    /// It is damaged, or of another version.
    Unreadable,
    /// The processes, in the order of their ids.
    List(Vec<Entry>),
}

/// A process of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its name, valid or not.
    pub name: String,
    pub(super) members: Map<String, Value>,
}

/// Saves the processes that live now; how many. `None`: none do, and an empty list is not wanted.
pub fn save(wants_empty: bool, registry: &Registry) -> Result<Option<usize>> {
    if !wants_empty && live(registry)?.is_empty() {
        return Ok(None);
    }
    let writer = registry.lock()?;
    let live = live(registry)?;
    write(&live, writer.layout())?;
    Ok(Some(live.len()))
}

fn live(registry: &Registry) -> Result<Vec<Record>> {
    let mut live = registry.records()?;
    live.retain(Record::is_alive);
    live.sort_by_key(Record::tsm_id);
    Ok(live)
}

/// The last list stays as the one before, under both names until the new one stands.
fn write(records: &[Record], layout: &Layout) -> Result<()> {
    let path = layout.dump();
    if matches!(regular::open_trusted(&path), Ok(Trusted::Unsafe)) {
        return Err(Error::Unsafe(path));
    }
    let bytes = to_bytes(records, clock::epoch());
    atomic::link_over(&path, &layout.last_dump())
        .and_then(|()| atomic::replace(&path, &bytes, MODE, Keep::Surely))
        .map_err(Error::file("write", &path))
}

fn to_bytes(records: &[Record], now: i64) -> Vec<u8> {
    let processes: Vec<Value> = records.iter().map(Record::to_saved).collect();
    let list = json!({ "version": VERSION, "saved_at": now, "processes": processes });
    format!("{list:#}\n").into_bytes()
}

/// The saved list. One that somebody else could have written is refused.
pub fn read(layout: &Layout) -> Result<Saved> {
    let path = layout.dump();
    let mut bytes = Vec::new();
    let file = match regular::open_trusted(&path) {
        Ok(Trusted::Absent) => return Ok(Saved::Nothing),
        Ok(Trusted::Unsafe) => return Err(Error::Unsafe(path)),
        Ok(Trusted::File(file)) => Ok(file),
        Err(error) => Err(error),
    };
    let read: io::Result<_> = file.and_then(|file| file.take(LONGEST).read_to_end(&mut bytes));
    let list = read.ok().and_then(|_| parse(&bytes));
    Ok(list.map_or(Saved::Unreadable, Saved::List))
}

fn parse(bytes: &[u8]) -> Option<Vec<Entry>> {
    let list: Value = serde_json::from_slice(bytes).ok()?;
    if list.get("version")?.as_u64()? != VERSION {
        return None;
    }
    let entry = |value: &Value| {
        let members = value.as_object()?.clone();
        Some(Entry { name: members.get("name")?.as_str()?.to_owned(), members })
    };
    list.get("processes")?.as_array()?.iter().map(entry).collect()
}
