//! `backup.tar`: every file that a plan changes or removes, as it is before, with its mode and, of links, their text.

use std::collections::BTreeMap;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;

use tar::{Archive, Builder, EntryType, Header};

use super::place::Place;
use super::step::Step;
use super::tree::Tree;
use crate::sys::facts::{Facts, Kind};

/// A tar file is made of these.
const BLOCK: u64 = 512;

/// Bytes that the backup of these steps will take, links taken for files.
pub fn size<'a>(steps: impl Iterator<Item = &'a Step>) -> u64 {
    // A header each, and for a long name two more.
    let entry = |bytes: u64| bytes.next_multiple_of(BLOCK) + 3 * BLOCK;
    let size = |step: &Step| match step {
        Step::Write { before: Some(stamp), .. } | Step::Remove { stamp, .. } => entry(stamp.size),
        Step::RemoveDir { .. } => entry(0),
        Step::Write { .. } | Step::MakeDir { .. } | Step::Link { .. } | Step::Rename { .. } => 0,
    };
    steps.map(size).sum::<u64>() + 2 * BLOCK
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

/// Something that was taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// A file.
    File {
        /// Its bytes.
        bytes: Vec<u8>,
        /// Its permission bits.
        mode: u32,
    },
    /// A link, by its text.
    Link(Place),
    /// A directory.
    Dir,
}

/// Reads a backup.
pub fn read(file: impl Read) -> io::Result<BTreeMap<PathBuf, Saved>> {
    let mut tar = Archive::new(BufReader::new(file));
    tar.entries()?.map(|entry| saved(entry?)).collect()
}

fn saved(mut entry: tar::Entry<'_, impl Read>) -> io::Result<(PathBuf, Saved)> {
    let path: PathBuf = entry.path()?.components().collect();
    let saved = match entry.header().entry_type() {
        EntryType::Symlink => Saved::Link(Place::new(entry.link_name()?.unwrap_or_default().into_owned())),
        EntryType::Directory => Saved::Dir,
        _ => {
            let mode = entry.header().mode()?;
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            Saved::File { bytes, mode }
        }
    };
    Ok((path, saved))
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
            tar.append_data(&mut header, place.path(), file.take(facts.size))
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
