//! Counters, reservations and locks of the old allocators, and directories that nothing is left in.

use std::ffi::OsStr;
use std::io;

use super::draft::Draft;
use crate::migrate::look::Look;
use crate::migrate::place::Place;
use crate::migrate::places::{self, EARLY_LOGS, EARLY_PIDS, EARLY_RECORDS, RECORDS, RUNTIME, TSM};
use crate::migrate::tree::{Listing, Tree};
use crate::sys::facts::{Facts, Kind};

/// The lock that a start of the later bash versions takes: a file that is flocked, or a directory that is made.
const LOCK_FILE: &str = ".id_allocation_lock";
const LOCK_DIR: &str = ".id_lock_dir";
const RESERVATION: &str = ".reserved-";
const ALLOCATIONS: &str = "port_allocations.txt";

/// A reservation that is older stands for nothing, in seconds.
const FRESH: i64 = 60;
/// The file in it that says when it was made.
const STAMP: &str = ".timestamp";
const LONGEST_STAMP: u64 = 64;
const NANOSECONDS: i64 = 1_000_000_000;

/// The id counters: what is converted keeps its id, and nobody else counts with them.
pub(super) fn counters(draft: &mut Draft<'_>) {
    for dir in [TSM, RUNTIME] {
        if let Some(file) = draft.look.satellite(dir, "next_id") {
            draft.remove(&file.place, &file.facts);
        }
    }
}

/// What starts of the bash tool left; all of it stays while one may be under way.
pub(super) fn allocations(now: i64, draft: &mut Draft<'_>) -> io::Result<()> {
    if is_start_under_way(draft.look, draft.tree, now)? {
        return Ok(());
    }
    let look = draft.look;
    for (name, facts) in look.list_of(RECORDS) {
        let place = places::at(RECORDS, name);
        match facts.kind {
            Kind::Dir if is_reservation(name) || name == LOCK_DIR => {
                remove_with_contents(&place, facts, draft)?;
            }
            Kind::File if is_reservation(name) || name == LOCK_FILE || name == ALLOCATIONS => {
                draft.remove(&place, facts);
            }
            _ => {}
        }
    }
    for stray in look.strays.iter().filter(|stray| stray.entries.is_empty()) {
        draft.remove_dir(&stray.place, &stray.facts, []);
    }
    Ok(())
}

/// Directories of the early generations that this plan empties.
pub(super) fn emptied(draft: &mut Draft<'_>) -> io::Result<()> {
    [EARLY_RECORDS, EARLY_PIDS, EARLY_LOGS].into_iter().try_for_each(|dir| draft.remove_emptied(dir))
}

fn remove_with_contents(place: &Place, facts: &Facts, draft: &mut Draft<'_>) -> io::Result<()> {
    let entries: Listing = draft.tree.list(place.path())?;
    for (name, facts) in entries.iter().filter(|(_, facts)| facts.kind == Kind::File) {
        draft.retire(&place.join(name), facts);
    }
    draft.remove_dir(place, facts, entries.into_keys());
    Ok(())
}

fn is_start_under_way(look: &Look, tree: &Tree, now: i64) -> io::Result<bool> {
    for (name, facts) in look.list_of(RECORDS) {
        if (is_reservation(name) || name == LOCK_DIR) && now - made_at(name, facts, tree)? < FRESH {
            return Ok(true);
        }
    }
    Ok(is_held(look, tree))
}

/// The second that its maker wrote into it (`Reserved at 1795385688`), else that of its last change.
fn made_at(name: &OsStr, facts: &Facts, tree: &Tree) -> io::Result<i64> {
    let stamp = places::at(RECORDS, name).join(STAMP);
    let written = match facts.kind {
        Kind::Dir => tree.read(&stamp, LONGEST_STAMP)?,
        _ => None,
    };
    let text = written.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let second = text.split_whitespace().last().and_then(|word| word.parse().ok());
    Ok(second.unwrap_or(facts.modified / NANOSECONDS))
}

fn is_held(look: &Look, tree: &Tree) -> bool {
    let Some(file) = look.satellite(RECORDS, LOCK_FILE).filter(|file| file.facts.kind == Kind::File) else {
        return false;
    };
    let opened = tree.dir_of(&file.place).and_then(|dir| dir.file(file.place.name()));
    opened.is_ok_and(|(file, _)| matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock)))
}

fn is_reservation(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(RESERVATION.as_bytes())
}
