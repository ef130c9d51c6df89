//! Whether the shims are as they were put there.

use std::path::{Path, PathBuf};

use super::manifest::{self, State};
use super::place::{Found, Place};
use crate::error::Result;

/// What is known of a place.
#[derive(Debug)]
pub enum Status {
    /// The bash tool's own files.
    NotInstalled,
    /// A call was killed; the next `install` or `remove` finishes.
    Unfinished,
    /// The shims are there.
    Installed {
        /// Where the old files are.
        backup: PathBuf,
        /// What is not as it should be.
        drift: Vec<Drift>,
    },
}

/// One file that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// A shim holds something else.
    Changed(PathBuf),
    /// A shim is gone.
    Missing(PathBuf),
    /// A script that is no shim is there again.
    Foreign(PathBuf),
    /// This version of tsm has another one.
    Outdated(PathBuf),
}

/// Compares a place with what was put there.
pub fn status(place: &Place, executable: &Path) -> Result<Status> {
    let Some(manifest) = place.manifest()? else { return Ok(Status::NotInstalled) };
    if manifest.state != State::Installed {
        return Ok(Status::Unfinished);
    }
    let current = manifest::ours(executable);
    let found = place.scripts()?;
    let mut drift = Vec::new();
    for ours in &manifest.ours {
        let path = ours.path.clone();
        match found.iter().find(|found| found.path == path) {
            None => drift.push(Drift::Missing(path)),
            Some(found) if found.content != ours.content => drift.push(Drift::Changed(path)),
            Some(_) if !current.contains(ours) => drift.push(Drift::Outdated(path)),
            Some(_) => {}
        }
    }
    let is_shim = |found: &&Found| manifest.ours.iter().any(|ours| ours.path == found.path);
    let foreign = found.iter().filter(|found| !is_shim(found));
    drift.extend(foreign.map(|found| Drift::Foreign(found.path.clone())));
    Ok(Status::Installed { backup: manifest.backup, drift })
}
