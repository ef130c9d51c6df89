//! What must hold before the first change is made.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::backup;
use super::look::Look;
use super::place::Place;
use super::places::RUNTIME;
use super::plan::Plan;
use super::step::Step;
use super::tree::Tree;
use super::verdict::Refusal;
use crate::sys::facts::Facts;
use crate::sys::handle::FreeSpace;
use crate::sys::spawn::own_user;

/// Room that must be left after the backup and the new files.
const RESERVE: u64 = 1 << 20;

/// What a migration makes for itself: directories, plan, backup, journal, link, stamp, and their drafts.
const OWN_FILES: u64 = 12;

/// Why a migration is not begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// What is in the way.
    pub path: Place,
    /// What is wrong with it, and what to do.
    pub reason: String,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.path, self.reason)
    }
}

impl Obstacle {
    pub(super) fn new(path: &Path, reason: impl Into<String>) -> Self {
        Self { path: Place::new(path), reason: reason.into() }
    }
}

/// What is in the way of a plan, if anything is.
pub fn obstacle(look: &Look, plan: &Plan, tree: &Tree) -> io::Result<Option<Obstacle>> {
    if let Some((place, refusal)) = look.blocked.first() {
        let what = if *refusal == Refusal::Symlink { "a symbolic link" } else { "not a directory" };
        return Ok(Some(Obstacle::new(place.path(), format!("{what}, put the directory itself there"))));
    }
    room_for(plan, tree)
}

/// What is in the way of steps whose places are known to be good.
pub fn room_for(plan: &Plan, tree: &Tree) -> io::Result<Option<Obstacle>> {
    for dir in changed_dirs(plan, tree)? {
        if !is_writable(&dir, tree)? {
            return Ok(Some(Obstacle::new(&dir, "not writable")));
        }
    }
    let disk = disk(tree)?;
    let needed = 2 * backup::size(plan.steps().map(|(_, step)| step)) + RESERVE;
    let new_files = plan.steps().filter(|(_, step)| makes_file(step)).count() as u64 + OWN_FILES;
    let reason = if disk.bytes < needed {
        format!("the disk is too full, {needed} bytes are needed and {} are free", disk.bytes)
    } else if disk.files.is_some_and(|files| files < new_files) {
        format!("the disk takes no more files, {new_files} are needed")
    } else {
        return Ok(None);
    };
    Ok(Some(Obstacle::new(Path::new(RUNTIME), reason)))
}

/// Whether there is a file or directory more, at least for a while.
fn makes_file(step: &Step) -> bool {
    matches!(step, Step::Write { .. } | Step::MakeDir { .. } | Step::Link { .. })
}

fn disk(tree: &Tree) -> io::Result<FreeSpace> {
    let dir = nearest(Path::new(RUNTIME), tree)?.unwrap_or_default();
    tree.dir(&dir)?.ok_or(io::ErrorKind::NotFound)?.free_space()
}

fn is_writable(dir: &Path, tree: &Tree) -> io::Result<bool> {
    const OWN: u32 = 0o300;
    let place = Place::new(dir);
    let is_own = |facts: Facts| facts.user == own_user() && facts.mode & OWN == OWN;
    // Most are; only the others are worth opening.
    if !dir.as_os_str().is_empty() && tree.facts(&place)?.is_some_and(is_own) {
        return Ok(true);
    }
    Ok(tree.dir(dir)?.is_none_or(|dir| dir.is_writable()))
}

/// Directories that are there already and that the plan changes.
fn changed_dirs(plan: &Plan, tree: &Tree) -> io::Result<BTreeSet<PathBuf>> {
    let mut named: BTreeSet<&Path> =
        plan.steps().flat_map(|(_, step)| places(step)).map(Place::dir).collect();
    for made in plan.steps().filter_map(|(_, step)| made_dir(step)) {
        named.remove(made);
    }
    named.insert(Path::new(RUNTIME));
    named.into_iter().filter_map(|dir| nearest(dir, tree).transpose()).collect()
}

fn made_dir(step: &Step) -> Option<&Path> {
    match step {
        Step::MakeDir { path, .. } => Some(path.path()),
        _ => None,
    }
}

fn places(step: &Step) -> impl Iterator<Item = &Place> {
    let second = match step {
        Step::Rename { to, .. } => Some(to),
        _ => None,
    };
    std::iter::once(step.place()).chain(second)
}

/// The directory itself, or the nearest above it that is there.
fn nearest(dir: &Path, tree: &Tree) -> io::Result<Option<PathBuf>> {
    for dir in dir.ancestors() {
        if dir.as_os_str().is_empty() || tree.facts(&Place::new(dir))?.is_some() {
            return Ok(Some(dir.to_owned()));
        }
    }
    Ok(None)
}
