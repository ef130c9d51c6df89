//! What the directories of logs hold, and will hold.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::migrate::places::{self, LOGS};
use crate::migrate::plan::draft::Draft;
use crate::migrate::tree::Listing;
use crate::sys::facts::Kind;

/// The directories of logs that have been looked into, by process.
#[derive(Default)]
pub(super) struct LogDirs(BTreeMap<String, LogDir>);

/// What the directory of a process's logs holds, and will hold.
pub(super) struct LogDir {
    pub(super) entries: Listing,
    taken: BTreeSet<String>,
    /// It is a directory, or will be one.
    pub(super) is_usable: bool,
}

impl LogDirs {
    pub(super) fn get(&mut self, name: &str, draft: &Draft<'_>) -> io::Result<&mut LogDir> {
        if !self.0.contains_key(name) {
            self.0.insert(name.to_owned(), LogDir::of(name, draft)?);
        }
        self.0.get_mut(name).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl LogDir {
    fn of(name: &str, draft: &Draft<'_>) -> io::Result<Self> {
        let kind = draft.look.facts(LOGS, name).map(|facts| facts.kind);
        let is_dir = kind == Some(Kind::Dir);
        let entries = if is_dir { draft.tree.list(places::at(LOGS, name).path())? } else { Listing::new() };
        let taken = entries.keys().filter_map(|name| name.to_str().map(str::to_owned)).collect();
        Ok(Self { entries, taken, is_usable: is_dir || kind.is_none() })
    }

    /// Whether a name was free; it is not any more.
    pub(super) fn take(&mut self, name: &str) -> bool {
        self.taken.insert(name.to_owned())
    }

    /// `premigrate.out`, `premigrate.1.out`… for `current.out`; `index.1.log`… for `index.log`.
    pub(super) fn free_name(&mut self, target: &str) -> String {
        let (stem, ending) = target.rsplit_once('.').unwrap_or((target, ""));
        let first = (stem == "current").then(|| format!("premigrate.{ending}"));
        let stem = if stem == "current" { "premigrate" } else { stem };
        let numbered = (1_u32..).map(|number| format!("{stem}.{number}.{ending}"));
        let free =
            first.into_iter().chain(numbered).find(|name| !self.taken.contains(name)).unwrap_or_default();
        self.take(&free);
        free
    }
}
