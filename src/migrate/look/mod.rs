//! One pass over an installation: what lies where, and what the old records say. Changes nothing, follows nothing.

mod folder;
mod found;
mod record;
mod satellites;
mod target;

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use super::place::Place;
use super::places::{self, DB, EARLY_RECORDS, LISTED, LOGS, NEVER_LINKS, RECORDS, RUNTIME, TSM};
use super::step::Stamp;
use super::tree::{Listing, Tree};
use super::verdict::Refusal;
use crate::sys::facts::{Facts, Kind};

pub use found::{Folder, Found, Origin};
pub use record::instance;
pub use satellites::{Log, Satellite};
pub use target::Target;

/// Everything that a plan is made from.
#[derive(Debug, Default)]
pub struct Look {
    /// The entries of every directory of [`LISTED`].
    lists: HashMap<&'static str, Listing>,
    /// Epoch second.
    at: i64,
    /// What these directories were before they were listed.
    dirs: HashMap<&'static str, Stamp>,
    /// The old records, in the order of discovery.
    pub found: Vec<Found>,
    /// Directories in `runtime/processes` that hold no record.
    pub strays: Vec<Folder>,
    /// JSON records that are there already, by name. Read only where there are old ones, too.
    pub targets: BTreeMap<String, Target>,
    /// Directories that are links or no directories: nothing can be done before they are.
    pub blocked: Vec<(Place, Refusal)>,
}

/// The largest file that can be a record.
pub const LARGEST: u64 = 1 << 20;

impl Look {
    /// Looks at everything. `now`: epoch seconds.
    pub fn at(tree: &Tree, now: i64) -> io::Result<Self> {
        let mut look = Self { at: now, ..Self::default() };
        for path in LISTED {
            look.list(path, tree)?;
        }
        if look.blocked.is_empty() {
            look.read_records(tree, now)?;
            look.read_targets(tree)?;
        }
        Ok(look)
    }

    /// Whether nobody can have changed anything since, so that another look would see the same. A directory that had just
    /// been changed may have been changed again within the same tick of the clock.
    pub fn still_holds(&self, tree: &Tree) -> io::Result<bool> {
        const SECOND: i64 = 1_000_000_000;
        let stamp = |place: &Place| Ok::<_, io::Error>(tree.facts(place)?.map(|facts| Stamp::of(&facts)));
        // Whoever takes the lock makes its file, and perhaps the directory for it.
        for path in LISTED.into_iter().filter(|path| ![TSM, RUNTIME].contains(path)) {
            let seen = self.dirs.get(path);
            let is_fresh = seen.is_some_and(|seen| seen.modified >= (self.at - 1) * SECOND);
            if is_fresh || stamp(&Place::new(path))?.as_ref() != seen {
                return Ok(false);
            }
        }
        for (place, facts) in self.found.iter().flat_map(Found::files) {
            if stamp(place)? != Some(Stamp::of(facts)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The entries of one of the directories of [`LISTED`].
    pub fn list_of(&self, dir: &str) -> &Listing {
        static EMPTY: Listing = Listing::new();
        self.lists.get(dir).unwrap_or(&EMPTY)
    }

    /// What an entry of one of them is.
    pub fn facts(&self, dir: &str, name: impl AsRef<OsStr>) -> Option<&Facts> {
        self.list_of(dir).get(name.as_ref())
    }

    /// Whether `db/` holds anything of TCS 3.0.
    pub fn has_instances(&self) -> bool {
        self.list_of(DB).keys().any(|name| instance(name).is_some())
    }

    fn list(&mut self, path: &'static str, tree: &Tree) -> io::Result<()> {
        if path == places::ACTIVE && !is_dir(self.facts(places::TSM, "active")) {
            return Ok(());
        }
        if let Some(facts) = tree.facts(&Place::new(path)).ok().flatten() {
            self.dirs.insert(path, Stamp::of(&facts));
        }
        match tree.list(Path::new(path)) {
            Ok(listing) => {
                self.lists.insert(path, listing);
                Ok(())
            }
            Err(error) => self.block(path, tree, error),
        }
    }

    /// A directory that is something else stops everything; one that is not ours to read is an error.
    fn block(&mut self, path: &str, tree: &Tree, error: io::Error) -> io::Result<()> {
        let place = Place::new(path);
        let refusal = match tree.facts(&place).ok().flatten().map(|facts| facts.kind) {
            Some(Kind::Link) => Refusal::Symlink,
            Some(Kind::File | Kind::Other) => Refusal::NotRegular,
            // What is above it has been said.
            None if !self.blocked.is_empty() => return Ok(()),
            Some(Kind::Dir) | None => return Err(error),
        };
        if NEVER_LINKS.contains(&path) || path == LOGS {
            self.blocked.push((place, refusal));
        }
        Ok(())
    }

    fn read_records(&mut self, tree: &Tree, now: i64) -> io::Result<()> {
        let mut found =
            record::with_ending(EARLY_RECORDS, self.list_of(EARLY_RECORDS), &Origin::Early, tree, now)?;
        found.extend(record::without_ending(self.list_of(RECORDS), tree, now)?);
        found.extend(record::with_ending(RECORDS, self.list_of(RECORDS), &Origin::Runtime, tree, now)?);
        found.extend(record::instances(self.list_of(DB), tree, now)?);
        let (folders, strays) = folder::read_all(self.list_of(RECORDS), tree, now)?;
        found.extend(folders);
        self.found = found;
        self.strays = strays;
        Ok(())
    }

    fn read_targets(&mut self, tree: &Tree) -> io::Result<()> {
        if !self.found.is_empty() {
            self.targets = target::read_all(self.list_of(RECORDS), tree)?;
        }
        Ok(())
    }
}

fn is_dir(facts: Option<&Facts>) -> bool {
    facts.is_some_and(|facts| facts.kind == Kind::Dir)
}

/// What is left of a name before its ending, where it has that ending and something before it.
pub fn stem<'a>(name: &'a OsStr, ending: &str) -> Option<&'a OsStr> {
    use std::os::unix::ffi::OsStrExt as _;
    let stem = name.as_bytes().strip_suffix(ending.as_bytes())?;
    (!stem.is_empty()).then(|| OsStr::from_bytes(stem))
}

/// A name that a process can have, from one that a file has.
pub fn process_name(name: &OsStr) -> Option<String> {
    name.to_str().filter(|name| crate::registry::is_valid_name(name)).map(str::to_owned)
}

/// The entries of a directory that have a certain ending, with what stands before it.
pub fn with_ending<'a>(
    listing: &'a Listing,
    ending: &'static str,
) -> impl Iterator<Item = (&'a OsStr, &'a OsString, &'a Facts)> {
    listing.iter().filter_map(move |(name, facts)| Some((stem(name, ending)?, name, facts)))
}
