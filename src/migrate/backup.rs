//! `backup.tar`: every file that a plan changes or removes, as it is before, with its mode and, of links, their text.

use std::io::{self, BufWriter, Write};

use tar::{Builder, EntryType, Header};

use super::place::Place;
use super::step::Step;
use super::tree::Tree;
use crate::sys::facts::{Facts, Kind};

/// A tar file is made of these.
const BLOCK: u64 = 512;

/// Bytes that the backup of these steps will take.
pub fn size<'a>(steps: impl Iterator<Item = &'a Step>, tree: &Tree) -> io::Result<u64> {
    let mut size = 2 * BLOCK;
    for place in steps.filter_map(lost_place) {
        let bytes = tree.facts(place)?.filter(|facts| facts.kind == Kind::File).map_or(0, |facts| facts.size);
        // A header, and for a long name two more.
        size += bytes.next_multiple_of(BLOCK) + 3 * BLOCK;
    }
    Ok(size)
}

/// Writes the backup of these steps.
pub fn write<'a>(out: impl Write, steps: impl Iterator<Item = &'a Step>, tree: &Tree) -> io::Result<()> {
    let mut tar = Builder::new(BufWriter::new(out));
    for place in steps.filter_map(lost_place) {
        if let Some(facts) = tree.facts(place)? {
            add(&mut tar, place, &facts, tree)?;
        }
    }
    tar.into_inner()?.flush()
}

/// What is not there afterwards as it was before.
fn lost_place(step: &Step) -> Option<&Place> {
    match step {
        Step::Write { path, before: Some(_), .. }
        | Step::Remove { path, .. }
        | Step::RemoveDir { path, .. } => Some(path),
        Step::MakeDir { .. } | Step::Write { .. } | Step::Link { .. } | Step::Rename { .. } => None,
    }
}

fn add(tar: &mut Builder<impl Write>, place: &Place, facts: &Facts, tree: &Tree) -> io::Result<()> {
    let dir = tree.dir_of(place)?;
    let mut header = header(facts);
    match facts.kind {
        Kind::File => {
            let (file, facts) = dir.file(place.name())?;
            header.set_size(facts.size);
            tar.append_data(&mut header, place.path(), io::Read::take(file, facts.size))
        }
        Kind::Link => {
            header.set_entry_type(EntryType::Symlink);
            tar.append_link(&mut header, place.path(), dir.link_text(place.name())?)
        }
        Kind::Dir => {
            header.set_entry_type(EntryType::Directory);
            tar.append_data(&mut header, place.path(), io::empty())
        }
        Kind::Other => Err(io::ErrorKind::InvalidInput.into()),
    }
}

fn header(facts: &Facts) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(facts.mode);
    header.set_uid(facts.user.into());
    header.set_gid(facts.group.into());
    header.set_mtime(u64::try_from(facts.modified / NANOSECONDS).unwrap_or_default());
    header.set_size(0);
    header
}

/// In a second.
const NANOSECONDS: i64 = 1_000_000_000;
