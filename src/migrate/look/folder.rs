//! Records in directories of their own, and directories that should hold one.

use std::ffi::OsStr;
use std::io;

use super::found::{Folder, Found, Origin};
use super::record::{named, read_text};
use crate::migrate::places::{self, RECORDS};
use crate::migrate::sources;
use crate::migrate::tree::{Listing, Tree};
use crate::sys::facts::{Facts, Kind};

/// The record in it.
const RECORD: &str = "meta.json";

/// What other versions keep beside the directories of processes.
const SOCKETS: &str = "sockets";

/// Those with a record, and those without.
pub(super) fn read_all(listing: &Listing, tree: &Tree, now: i64) -> io::Result<(Vec<Found>, Vec<Folder>)> {
    let (mut found, mut strays) = (Vec::new(), Vec::new());
    for (name, facts) in listing.iter().filter(|(name, facts)| facts.kind == Kind::Dir && is_of_process(name))
    {
        let place = places::at(RECORDS, name);
        let folder = Folder { entries: tree.list(place.path())?, place, facts: *facts };
        match folder.entries.get(OsStr::new(RECORD)).copied() {
            Some(record) => found.push(read(folder, &record, name, tree, now)?),
            None if has_file_ending(name) => {}
            None => strays.push(folder),
        }
    }
    Ok((found, strays))
}

fn read(folder: Folder, record: &Facts, name: &OsStr, tree: &Tree, now: i64) -> io::Result<Found> {
    let place = folder.place.join(RECORD);
    let read = read_text(&place, record, tree)?.and_then(|bytes| sources::directory::parse(&bytes, now));
    Ok(named(place, record, Origin::Folder(folder), name, read))
}

/// It is called as a file beside a record is: whoever made it did not mean a process.
fn has_file_ending(name: &OsStr) -> bool {
    [".meta", ".json", ".env"].iter().any(|ending| super::stem(name, ending).is_some())
}

fn is_of_process(name: &OsStr) -> bool {
    !name.as_encoded_bytes().starts_with(b".") && name != SOCKETS
}
