//! The old records that are single files.

use std::ffi::OsStr;
use std::io;

use super::folder::Folder;
use super::{LARGEST, process_name};
use crate::migrate::place::Place;
use crate::migrate::places::{self, DB, RECORDS};
use crate::migrate::sources::{self, Old, Parsed, extensionless};
use crate::migrate::tree::{Listing, Tree};
use crate::migrate::verdict::Refusal;
use crate::sys::facts::{Facts, Kind};

/// Where an old record was found, in the order of discovery: of two that are equally old the later one counts.
#[derive(Clone, Debug)]
pub enum Origin {
    /// `tsm/processes/NAME.meta`
    Early,
    /// `tsm/runtime/processes/NAME`
    Extensionless,
    /// `tsm/runtime/processes/NAME.meta`
    Runtime,
    /// `tsm/db/SECOND.tsm.meta`; the text of the second.
    Instance(String),
    /// `tsm/runtime/processes/NAME/meta.json`
    Folder(Folder),
}

impl Origin {
    /// Its place in the order.
    pub fn rank(&self) -> u8 {
        match self {
            Self::Early => 0,
            Self::Extensionless => 1,
            Self::Runtime => 2,
            Self::Instance(_) => 3,
            Self::Folder(_) => 4,
        }
    }
}

/// One old record, whatever can be made of it.
#[derive(Clone, Debug)]
pub struct Found {
    /// The file.
    pub place: Place,
    /// What the file is.
    pub facts: Facts,
    /// Where it was found.
    pub origin: Origin,
    /// The name of its process; `None` where it has none, or where no process can be called so.
    pub name: Option<String>,
    /// What it says, or why it is refused.
    pub read: Parsed,
}

impl Found {
    /// What a refusal names: of a record in a directory of its own that directory.
    pub fn refused_place(&self) -> &Place {
        match &self.origin {
            Origin::Folder(folder) => &folder.place,
            _ => &self.place,
        }
    }

    /// Its file, and the directory of its own if it has one, as they were when they were looked at.
    pub fn files(&self) -> impl Iterator<Item = (&Place, &Facts)> {
        let folder = match &self.origin {
            Origin::Folder(folder) => Some((&folder.place, &folder.facts)),
            _ => None,
        };
        folder.into_iter().chain([(&self.place, &self.facts)])
    }

    /// Whether its file goes with the directory that it is in.
    pub fn is_in_folder(&self) -> bool {
        matches!(self.origin, Origin::Folder(_))
    }

    /// What it says, if it can be believed.
    pub fn old(&self) -> Option<&Old> {
        self.read.as_ref().ok()
    }
}

/// `*.meta` of a directory. Those in directories of their own are none of these.
pub(super) fn with_ending(
    dir: &str,
    listing: &Listing,
    origin: &Origin,
    tree: &Tree,
    now: i64,
) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for (stem, name, facts) in super::with_ending(listing, ".meta") {
        let place = places::at(dir, name);
        if is_hidden(name) || (facts.kind == Kind::Dir && has_record_inside(&place, tree)?) {
            continue;
        }
        let read = read_text(&place, facts, tree)?.and_then(|bytes| sources::meta::parse(&bytes, now));
        found.push(named(place, facts, origin.clone(), stem, read));
    }
    Ok(found)
}

/// Files without an ending, in upper case.
pub(super) fn without_ending(listing: &Listing, tree: &Tree, now: i64) -> io::Result<Vec<Found>> {
    const OTHERS: [&str; 7] = [".meta", ".json", ".env", ".tmp", ".bak", ".swp", "~"];
    let is_candidate =
        |name: &OsStr| !is_hidden(name) && OTHERS.iter().all(|ending| super::stem(name, ending).is_none());
    let mut found = Vec::new();
    for (name, facts) in listing.iter().filter(|(name, facts)| facts.kind == Kind::File && is_candidate(name))
    {
        let place = places::at(RECORDS, name);
        let Ok(bytes) = read_text(&place, facts, tree)? else { continue };
        if extensionless::is_record(&bytes) {
            let read = extensionless::parse(&bytes, now);
            found.push(named(place, facts, Origin::Extensionless, name, read));
        }
    }
    Ok(found)
}

/// `SECOND.tsm.meta`; the name is in the record.
pub(super) fn instances(listing: &Listing, tree: &Tree, now: i64) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for (name, facts) in listing {
        let Some((second, "meta")) = instance(name) else { continue };
        let place = places::at(DB, name);
        let read = read_text(&place, facts, tree)?.and_then(|bytes| sources::tcs::parse(&bytes, now));
        let named =
            read.as_ref().ok().map(|old| old.name.clone().unwrap_or_else(|| format!("unnamed-{second}")));
        let name = named.as_deref().and_then(|name| process_name(OsStr::new(name)));
        let read = if read.is_ok() && name.is_none() { Err(Refusal::BadName) } else { read };
        found.push(Found { place, facts: *facts, origin: Origin::Instance(second.to_owned()), name, read });
    }
    Ok(found)
}

/// Second and ending of a file of TCS 3.0: `1760374713.tsm.meta`.
pub fn instance(name: &OsStr) -> Option<(&str, &str)> {
    let (second, ending) = name.to_str()?.split_once(".tsm.")?;
    (!second.is_empty() && second.bytes().all(|byte| byte.is_ascii_digit())).then_some((second, ending))
}

/// A record whose file names it.
pub(super) fn named(place: Place, facts: &Facts, origin: Origin, stem: &OsStr, read: Parsed) -> Found {
    let name = process_name(stem);
    let read = if name.is_none() { Err(Refusal::BadName) } else { read };
    Found { place, facts: *facts, origin, name, read }
}

/// The bytes of a record, or why it is none.
pub(super) fn read_text(place: &Place, facts: &Facts, tree: &Tree) -> io::Result<Result<Vec<u8>, Refusal>> {
    let refusal = match facts.kind {
        Kind::Link => Refusal::Symlink,
        Kind::Dir | Kind::Other => Refusal::NotRegular,
        Kind::File if facts.size > LARGEST => Refusal::TooBig,
        Kind::File => {
            let bytes = tree.read(place, LARGEST + 1)?.ok_or(Refusal::Unreadable);
            return Ok(bytes.and_then(fitting));
        }
    };
    Ok(Err(refusal))
}

fn fitting(bytes: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    if bytes.len() as u64 > LARGEST { Err(Refusal::TooBig) } else { Ok(bytes) }
}

fn has_record_inside(place: &Place, tree: &Tree) -> io::Result<bool> {
    tree.facts(&place.join("meta.json")).map(|facts| facts.is_some())
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}
