//! `manifest.json` in the backup: what was there, what has been put there, and how far one came.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::{DIRECTORIES, FILES, LINK};
use super::place::{Content, Found, Place, sha256};
use crate::error::{Error, Result, ShimError};
use crate::sys::atomic::{self, Keep};
use crate::sys::dir;

const NAME: &str = "manifest.json";
const MODE: u32 = 0o600;

/// How far one came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// Some files may still be the old ones.
    Installing,
    /// All is done.
    Installed,
    /// Some files may be the old ones again.
    Removing,
}

/// What one shim holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ours {
    pub(super) path: PathBuf,
    pub(super) content: Content,
}

/// The whole file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) state: State,
    /// What was there, and is kept.
    pub(super) kept: Vec<Found>,
    /// What was put there, by this version or, until it is done, by an earlier one.
    pub(super) ours: Vec<Ours>,
    /// Directories that had to be made.
    pub(super) made: Vec<PathBuf>,
    /// Where it lies.
    #[serde(skip)]
    pub(super) backup: PathBuf,
}

impl Manifest {
    /// Of a place that has no shims yet.
    pub(super) fn new(place: &Place, backup: PathBuf) -> Self {
        let made = DIRECTORIES.iter().map(PathBuf::from).filter(|dir| !place.path(dir).is_dir());
        Self { state: State::Installing, kept: Vec::new(), ours: Vec::new(), made: made.collect(), backup }
    }

    /// `None`: there is none in this directory.
    pub(super) fn read(backup: &Path) -> Result<Option<Self>> {
        let path = backup.join(NAME);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes.map_err(Error::file("read", &path))?,
        };
        match serde_json::from_slice::<Self>(&bytes) {
            Ok(manifest) => Ok(Some(Self { backup: backup.to_owned(), ..manifest })),
            Err(_) => Err(ShimError::Damaged(path).into()),
        }
    }

    pub(super) fn write(&self) -> Result<()> {
        let path = self.backup.join(NAME);
        dir::make_private(&self.backup).map_err(Error::file("create", &self.backup))?;
        let bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        atomic::replace(&path, &bytes, MODE, Keep::Surely).map_err(Error::file("write", &path))
    }

    /// Removes it, which ends all that it is about, and the directories that are empty then.
    pub(super) fn discard(&self) -> Result<()> {
        let path = self.backup.join(NAME);
        remove_empty(&self.backup.join("files"));
        atomic::remove(&path).map_err(Error::file("remove", &path))?;
        let _ = fs::remove_dir(&self.backup);
        Ok(())
    }

    /// Where one of the old files is kept.
    pub(super) fn keeps(&self, path: &Path) -> PathBuf {
        self.backup.join("files").join(path)
    }

    pub(super) fn has_kept(&self, path: &Path) -> bool {
        self.kept.iter().any(|found| found.path == path)
    }

    /// Whether a file holds what was put there.
    pub(super) fn is_ours(&self, found: &Found) -> bool {
        self.ours.iter().any(|ours| ours.path == found.path && ours.content == found.content)
    }
}

/// What this version puts there.
pub(super) fn ours(executable: &Path) -> Vec<Ours> {
    let file = |(path, text): (&str, &str)| Ours {
        path: path.into(),
        content: Content::Sha256(sha256(text.as_bytes())),
    };
    let link = Ours { path: LINK.into(), content: Content::Link(executable.to_owned()) };
    FILES.iter().map(|shim| file((shim.path, shim.text))).chain([link]).collect()
}

/// Removes a directory and those below it as far as nothing is in them.
pub(super) fn remove_empty(dir: &Path) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_empty(&entry.path());
        }
    }
    let _ = fs::remove_dir(dir);
}
