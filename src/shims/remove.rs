//! Putting back what was there before the shims.

use std::fs;
use std::path::{Path, PathBuf};

use super::files::LINK;
use super::install::{self, exists, make_parent};
use super::manifest::{Manifest, State};
use super::place::{Found, Place, content};
use crate::error::{Error, Result, ShimError};
use crate::sys::atomic;

/// What a removal did.
#[derive(Debug)]
pub struct Removed {
    /// Files that are back.
    pub restored: usize,
    /// Where edited shims are now, if there were any.
    pub aside: Option<PathBuf>,
}

/// Puts everything back. Without `force` a shim that was edited stops it before it begins.
pub fn remove(place: &Place, force: bool) -> Result<Removed> {
    let _lock = place.lock()?;
    let manifest = place.manifest()?.ok_or_else(|| ShimError::NotInstalled(place.dir().to_owned()))?;
    check_backup(&manifest, place)?;
    let edited = edited(place, &manifest)?;
    if !edited.is_empty() && !force && manifest.state != State::Removing {
        return Err(ShimError::Edited(edited.into_iter().map(|found| found.path).collect()).into());
    }
    take_out(place, manifest, &edited)
}

/// Finishes a removal that was killed.
pub(super) fn finish(place: &Place, manifest: Manifest) -> Result<()> {
    check_backup(&manifest, place)?;
    let edited = edited(place, &manifest)?;
    take_out(place, manifest, &edited).map(|_| ())
}

fn take_out(place: &Place, mut manifest: Manifest, edited: &[Found]) -> Result<Removed> {
    manifest.state = State::Removing;
    manifest.write()?;
    let aside = manifest.backup.join(format!("replaced-{}", install::stamp()));
    install::set_aside(place, &aside, edited)?;
    let restored = put_back(place, &manifest)?;
    Ok(Removed { restored, aside: (!edited.is_empty()).then_some(aside) })
}

/// Shims that are neither as they were put there nor the old files.
fn edited(place: &Place, manifest: &Manifest) -> Result<Vec<Found>> {
    let mut edited = Vec::new();
    for ours in &manifest.ours {
        edited.extend(place.look(ours.path.clone())?);
    }
    edited.retain(|found| !manifest.is_ours(found) && !manifest.kept.iter().any(|kept| is_same(kept, found)));
    edited.dedup();
    Ok(edited)
}

fn is_same(kept: &Found, found: &Found) -> bool {
    kept.path == found.path && kept.content == found.content
}

/// Every kept file is in the backup, or where it was.
fn check_backup(manifest: &Manifest, place: &Place) -> Result<()> {
    for kept in &manifest.kept {
        let path = manifest.keeps(&kept.path);
        let held = match path.symlink_metadata() {
            Ok(meta) => content(&path, &meta)?,
            Err(_) => place.look(kept.path.clone())?.map(|found| found.content),
        };
        if held.as_ref() != Some(&kept.content) {
            return Err(ShimError::Damaged(path).into());
        }
    }
    Ok(())
}

/// Each step leaves the backup or the place with the old file; the last one is the manifest.
fn put_back(place: &Place, manifest: &Manifest) -> Result<usize> {
    for kept in &manifest.kept {
        let (from, to) = (manifest.keeps(&kept.path), place.path(&kept.path));
        if exists(&from) {
            make_parent(&to)?;
            fs::rename(&from, &to).map_err(Error::file("create", &to))?;
            // A rename does nothing where both are names of one file.
            atomic::remove(&from).map_err(Error::file("remove", &from))?;
        }
    }
    let paths = manifest.ours.iter().map(|ours| ours.path.as_path());
    for path in paths.filter(|path| !manifest.has_kept(path)) {
        let path = place.path(path);
        let is_shim = path.symlink_metadata().is_ok_and(|meta| !meta.is_dir());
        if is_shim {
            atomic::remove(&path).map_err(Error::file("remove", &path))?;
        }
    }
    remove_drafts(place, manifest);
    for dir in &manifest.made {
        let _ = fs::remove_dir(place.path(dir));
    }
    manifest.discard()?;
    Ok(manifest.kept.len())
}

/// What a call that was killed may have left.
fn remove_drafts(place: &Place, manifest: &Manifest) {
    let paths = manifest.ours.iter().map(|ours| ours.path.as_path()).chain([Path::new(LINK)]);
    for path in paths {
        if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
            let _ = fs::remove_file(place.path(path.with_file_name(format!(".{name}.tmp"))));
        }
    }
}
