//! What belongs to a record and lies elsewhere: its pid file, its logs, its environment dump.

use std::ffi::OsStr;
use std::io;

use super::{Found, Look, Origin};
use crate::migrate::place::Place;
use crate::migrate::places::{self, DB, EARLY_LOGS, EARLY_PIDS, EARLY_RECORDS, LOGS, PIDS, RECORDS};
use crate::migrate::tree::Tree;
use crate::sys::facts::{Facts, Kind};

/// A file beside a record.
#[derive(Clone, Debug)]
pub struct Satellite {
    /// Where it is.
    pub place: Place,
    /// What it is.
    pub facts: Facts,
}

/// A log, and what it is called in the directory of its process.
#[derive(Clone, Debug)]
pub struct Log {
    /// The file.
    pub file: Satellite,
    /// `current.out`, `current.err`…
    pub target: String,
}

/// Files in a directory of a process that go to that of its logs, with their new names.
const FOLDER_LOGS: [&str; 4] = ["current.out", "current.err", "wrapper.err", "index.log"];

/// The longest text of a pid file that is worth reading.
const LONGEST_PID: u64 = 32;

impl Found {
    /// The pid file that goes with it, if there is one.
    pub fn pid_file(&self, look: &Look) -> Option<Satellite> {
        let name = format!("{}.pid", self.name.as_deref()?);
        match &self.origin {
            Origin::Early | Origin::Extensionless => look.satellite(EARLY_PIDS, &name),
            Origin::Runtime => look.satellite(PIDS, &name),
            Origin::Instance(second) => look.satellite(DB, format!("{second}.tsm.pid")),
            Origin::Folder(folder) => folder.satellite("pid").or_else(|| folder.satellite(&name)),
        }
    }

    /// The environment dump that goes with it, if there is one.
    pub fn env_dump(&self, look: &Look) -> Option<Satellite> {
        let name = format!("{}.env", self.name.as_deref()?);
        match &self.origin {
            Origin::Early => look.satellite(EARLY_RECORDS, &name),
            Origin::Extensionless | Origin::Runtime => look.satellite(RECORDS, &name),
            Origin::Instance(second) => look.satellite(DB, format!("{second}.tsm.env")),
            Origin::Folder(_) => None,
        }
    }

    /// The logs that go with it, those of its streams first.
    pub fn logs(&self, look: &Look) -> Vec<Log> {
        let Some(name) = self.name.as_deref() else { return Vec::new() };
        let log =
            |target: &str, file: Option<Satellite>| file.map(|file| Log { file, target: target.to_owned() });
        let both = |dir, stem: &str, out: &str, err: &str| {
            let out = log("current.out", look.satellite(dir, format!("{stem}{out}")));
            let err = log("current.err", look.satellite(dir, format!("{stem}{err}")));
            out.into_iter().chain(err).collect()
        };
        match &self.origin {
            Origin::Early => both(EARLY_LOGS, name, ".out", ".err"),
            Origin::Extensionless => both(EARLY_LOGS, name, ".log", ".err"),
            Origin::Runtime => both(LOGS, name, ".out", ".err"),
            Origin::Instance(second) => both(DB, second, ".tsm.stdout", ".tsm.stderr"),
            Origin::Folder(folder) => {
                FOLDER_LOGS.iter().filter_map(|name| log(name, folder.satellite(name))).collect()
            }
        }
    }
}

impl super::Folder {
    /// A file or a link in it.
    pub fn satellite(&self, name: &str) -> Option<Satellite> {
        let facts = self.entries.get(OsStr::new(name)).filter(|facts| is_file_or_link(facts))?;
        Some(Satellite { place: self.place.join(name), facts: *facts })
    }
}

impl Look {
    /// A file or a link in one of the listed directories.
    pub fn satellite(&self, dir: &str, name: impl AsRef<OsStr>) -> Option<Satellite> {
        let facts = self.facts(dir, &name).filter(|facts| is_file_or_link(facts))?;
        Some(Satellite { place: places::at(dir, name), facts: *facts })
    }
}

impl Satellite {
    /// The pid that a pid file holds: one number, and a newline perhaps.
    pub fn pid(&self, tree: &Tree) -> io::Result<Option<i32>> {
        Ok(tree.read(&self.place, LONGEST_PID)?.and_then(|bytes| parse_pid(&bytes)))
    }
}

fn parse_pid(bytes: &[u8]) -> Option<i32> {
    let text = std::str::from_utf8(bytes).ok()?.trim_end();
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|pid| plain && PIDS_OF_LINUX.contains(pid))
}

/// What a pid can be; 1 is nobody's process.
const PIDS_OF_LINUX: std::ops::RangeInclusive<i32> = 2..=4_194_304;

fn is_file_or_link(facts: &Facts) -> bool {
    matches!(facts.kind, Kind::File | Kind::Link)
}
