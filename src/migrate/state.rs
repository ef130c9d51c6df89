//! `runtime/migrate/state.json`: what became of the last migration, and which items were refused.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::journal::{self, MIGRATIONS};
use super::owner::Owner;
use super::place::Place;
use super::tree::Tree;

const FILE: &str = "state.json";
const LARGEST: u64 = 1 << 26;

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nothing could be migrated yet.
    Untouched,
    /// The new layout holds.
    Migrated,
    /// The old layout was put back.
    RolledBack,
}

/// The stamp.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// [`VERSION`](journal::VERSION)
    pub version: u32,
    /// What became of it.
    pub state: Standing,
    /// Which migration.
    pub id: String,
    /// Epoch seconds.
    pub time: i64,
    /// Items that were told to be refused: they are not announced again.
    pub refused: Vec<Announced>,
}

/// A refused item, as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// What.
    pub path: Place,
    /// Bytes.
    pub size: u64,
    /// Last change, nanoseconds since the epoch.
    pub modified: i64,
}

impl State {
    /// The stamp of an installation; `None` where there is none that can be read.
    pub fn read(tree: &Tree) -> io::Result<Option<Self>> {
        let Some(dir) = tree.dir(Path::new(MIGRATIONS))? else { return Ok(None) };
        match dir.read(OsStr::new(FILE), LARGEST) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => Ok(serde_json::from_slice(&read?).ok()),
        }
    }

    /// Replaces it.
    pub fn write(&self, tree: &Tree, owner: Owner) -> io::Result<()> {
        let dir = journal::migrations(tree, owner)?;
        let bytes = serde_json::to_vec_pretty(self)?;
        journal::put(&dir, OsStr::new(FILE), owner, |file| io::Write::write_all(file, &bytes))
    }
}
