//! JSON records that are there already.

use std::collections::BTreeMap;
use std::io;

use super::record::read_text;
use super::{process_name, with_ending};
use crate::migrate::places::{self, RECORDS};
use crate::migrate::tree::{Listing, Tree};
use crate::migrate::verdict::Refusal;
use crate::registry::Record;
use crate::sys::facts::{Facts, Kind};

/// What lies where the new record of a name belongs.
#[derive(Clone, Debug)]
pub enum Target {
    /// A record, and its file.
    Whole(Record, Facts),
    /// Something else, and why it is none.
    Unreadable(Refusal),
}

/// Every `NAME.json`, by name.
pub(super) fn read_all(listing: &Listing, tree: &Tree) -> io::Result<BTreeMap<String, Target>> {
    let mut targets = BTreeMap::new();
    for (stem, name, facts) in with_ending(listing, ".json") {
        if let Some(process) = process_name(stem) {
            let read = read_text(&places::at(RECORDS, name), facts, tree)?;
            let target = match read {
                Ok(bytes) => parse(&process, &bytes, facts),
                Err(refusal) => Target::Unreadable(refusal),
            };
            targets.insert(process, target);
        }
    }
    Ok(targets)
}

fn parse(name: &str, bytes: &[u8], facts: &Facts) -> Target {
    match Record::parse(name, bytes) {
        Some(record) if facts.kind == Kind::File => Target::Whole(record, *facts),
        _ => Target::Unreadable(Refusal::NotJson),
    }
}
