//! Putting the shims in place.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::files::{FILES, LINK};
use super::manifest::{self, Manifest, State};
use super::place::{Found, Place};
use super::remove;
use crate::error::{Error, Result};
use crate::sys::atomic::{self, Keep};
use crate::sys::clock;

/// What an installation did, or would do.
#[derive(Debug)]
pub struct Installed {
    /// Shims that were there before were replaced.
    pub is_upgrade: bool,
    /// Files that were moved away, below the directory.
    pub moved: Vec<PathBuf>,
    /// Files that were written, below the directory; the link to the executable too.
    pub written: Vec<PathBuf>,
    /// Where the old files are.
    pub backup: PathBuf,
}

/// Puts the shims into a place, with a link to `executable`. `is_trial`: only says what would be done.
pub fn install(place: &Place, executable: &Path, is_trial: bool) -> Result<Installed> {
    let _lock = place.lock()?;
    let known = match place.manifest()? {
        Some(manifest) if manifest.state == State::Removing && !is_trial => {
            remove::finish(place, manifest)?;
            None
        }
        known => known,
    };
    let is_upgrade = known.as_ref().is_some_and(|manifest| manifest.state == State::Installed);
    let stamp = stamp();
    let mut manifest = known.unwrap_or_else(|| Manifest::new(place, place.new_backup(&stamp)));
    let (old, replaced) = survey(place, &manifest)?;
    let ours = manifest::ours(executable);
    let written = ours.iter().map(|ours| ours.path.clone()).collect();
    let moved = old.iter().chain(&replaced).map(|found| found.path.clone()).collect();
    if !is_trial {
        manifest.state = State::Installing;
        manifest.kept.extend(old);
        manifest.ours.extend(ours.iter().cloned());
        manifest.write()?;
        set_aside(place, &manifest.backup.join(format!("replaced-{stamp}")), &replaced)?;
        put(place, executable, &manifest)?;
        manifest.state = State::Installed;
        manifest.ours = ours;
        manifest.write()?;
    }
    Ok(Installed { is_upgrade, moved, written, backup: manifest.backup })
}

/// This moment, as part of a file's name.
pub(super) fn stamp() -> String {
    clock::utc_time(clock::epoch()).replace([':', '-'], "")
}

/// What lies there and is not ours: files to be kept, and later versions of files that are kept already.
fn survey(place: &Place, manifest: &Manifest) -> Result<(Vec<Found>, Vec<Found>)> {
    let is_linked = |found: &Found| same_file(&place.path(&found.path), &manifest.keeps(&found.path));
    let foreign = |found: &Found| !manifest.is_ours(found);
    // Of a call that was killed: on its way to the backup.
    let awaited = |found: &Found| {
        manifest.state == State::Installing
            && manifest.kept.contains(found)
            && (is_linked(found) || !exists(&manifest.keeps(&found.path)))
    };
    let found = place.scripts()?.into_iter().filter(|found| foreign(found) && !awaited(found));
    Ok(found.partition(|found| !manifest.has_kept(&found.path)))
}

/// Moves files out of the way that nobody asks for again.
pub(super) fn set_aside(place: &Place, aside: &Path, files: &[Found]) -> Result<()> {
    for found in files {
        let to = aside.join(&found.path);
        make_parent(&to)?;
        fs::rename(place.path(&found.path), &to).map_err(Error::file("create", &to))?;
    }
    Ok(())
}

fn put(place: &Place, executable: &Path, manifest: &Manifest) -> Result<()> {
    for found in &manifest.kept {
        keep(place, manifest, &found.path)?;
    }
    for shim in FILES {
        let path = place.path(shim.path);
        make_parent(&path)?;
        atomic::replace(&path, shim.text.as_bytes(), shim.mode, Keep::Whole)
            .map_err(Error::file("write", &path))?;
    }
    link(executable, &place.path(LINK))
}

/// An old file moves into the backup. One whose name a shim will have is linked there first, so that at no moment there
/// is nothing of that name.
fn keep(place: &Place, manifest: &Manifest, path: &Path) -> Result<()> {
    let (from, to) = (place.path(path), manifest.keeps(path));
    if exists(&to) {
        return Ok(());
    }
    make_parent(&to)?;
    let is_replaced = FILES.iter().any(|shim| Path::new(shim.path) == path);
    if is_replaced && fs::hard_link(&from, &to).is_ok() {
        return Ok(());
    }
    match fs::rename(&from, &to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::file("create", &to)(error)),
        _ => Ok(()),
    }
}

fn link(executable: &Path, path: &Path) -> Result<()> {
    let draft = path.with_file_name(format!(".{LINK}.tmp"));
    let linked = atomic::remove(&draft).and_then(|()| symlink(executable, &draft));
    linked.and_then(|()| fs::rename(&draft, path)).map_err(Error::file("create", path))
}

pub(super) fn make_parent(path: &Path) -> Result<()> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(Error::file("create", parent))
}

pub(super) fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Whether two names are those of one file, links not followed.
fn same_file(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let id = |path: &Path| path.symlink_metadata().ok().map(|meta| (meta.dev(), meta.ino()));
    id(one).is_some() && id(one) == id(other)
}
