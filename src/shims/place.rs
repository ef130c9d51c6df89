//! A `bash/tsm` directory: whether it is one, what is in it, where its backup lies.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::files::{FILES, LINK};
use super::manifest::Manifest;
use crate::error::{Error, Result, ShimError};
use crate::sys::dir;
use crate::sys::lock::FileLock;

/// How long a call waits for another one.
const PATIENCE: Duration = Duration::from_secs(5);

const BACKUP: &str = ".tsm-backup-";

/// The directory that stays as it is.
const TESTS: &str = "tests";

/// A directory that looks like the bash tool's.
#[derive(Clone, Debug)]
pub struct Place {
    dir: PathBuf,
}

/// What a file or a link holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Content {
    /// SHA-256 of its bytes.
    Sha256(String),
    /// The text of a link.
    Link(PathBuf),
}

/// One file of the bash tool as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Found {
    /// Below the directory.
    pub(super) path: PathBuf,
    pub(super) mode: u32,
    /// Seconds since the epoch of its last change.
    pub(super) time: i64,
    pub(super) content: Content,
}

impl Place {
    /// The directory at a path, if it looks like one: named `bash/tsm`, ours, with a `tsm.sh` that defines `tsm`.
    pub fn of(path: &Path) -> Result<Self> {
        let refuse = || ShimError::NotAPlace(path.to_owned());
        let bare: PathBuf = path.components().collect();
        let is_real = fs::symlink_metadata(&bare).is_ok_and(|meta| meta.is_dir()) && dir::is_ours(&bare);
        let dir = fs::canonicalize(&bare).ok().filter(|_| is_real).ok_or_else(refuse)?;
        let place = Self { dir };
        if place.looks_right() { Ok(place) } else { Err(refuse().into()) }
    }

    fn looks_right(&self) -> bool {
        let text = fs::read(self.dir.join("tsm.sh")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let defines = |line: &str| {
            let line = line.trim_start();
            let name = line.strip_prefix("function ").unwrap_or(line).trim_start();
            let rest = name.strip_prefix("tsm").map(str::trim_start);
            rest.is_some_and(|rest| rest.starts_with("()") || (line != name && rest.starts_with('{')))
        };
        self.dir.ends_with("bash/tsm")
            && text.lines().any(defines)
            && ["core", "process", "lib"].iter().any(|name| self.dir.join(name).is_dir())
    }

    /// The directory itself, absolute.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A file in it.
    pub(super) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.dir.join(path)
    }

    /// Nobody else installs or removes until this is dropped.
    pub(super) fn lock(&self) -> Result<FileLock> {
        let lock = FileLock::take_dir(&self.dir, PATIENCE).map_err(Error::file("lock", &self.dir))?;
        lock.ok_or_else(|| ShimError::Busy(self.dir.clone()).into())
    }

    /// The backup of what was here, with its manifest, if shims were ever put here.
    pub(super) fn manifest(&self) -> Result<Option<Manifest>> {
        for backup in self.backups()? {
            if let Some(manifest) = Manifest::read(&backup)? {
                return Ok(Some(manifest));
            }
        }
        Ok(None)
    }

    fn backups(&self) -> Result<Vec<PathBuf>> {
        let parent = self.parent();
        let entries = fs::read_dir(parent).map_err(Error::file("read", parent))?;
        let is_backup =
            |entry: &fs::DirEntry| entry.file_name().as_encoded_bytes().starts_with(BACKUP.as_bytes());
        let mut backups: Vec<PathBuf> =
            entries.flatten().filter(is_backup).map(|entry| entry.path()).collect();
        backups.sort_unstable();
        Ok(backups)
    }

    /// Where a backup of this moment goes.
    pub(super) fn new_backup(&self, stamp: &str) -> PathBuf {
        self.parent().join(format!("{BACKUP}{stamp}"))
    }

    fn parent(&self) -> &Path {
        self.dir.parent().unwrap_or(&self.dir)
    }

    /// What a shim takes the place of: every script outside of the tests, and whatever lies where a shim will.
    pub(super) fn scripts(&self) -> Result<Vec<Found>> {
        let mut paths = Vec::new();
        self.walk(Path::new(""), &mut paths)?;
        paths.extend(FILES.iter().map(|file| file.path).chain([LINK]).map(PathBuf::from));
        paths.sort_unstable();
        paths.dedup();
        let mut found = Vec::new();
        for path in paths {
            found.extend(self.look(path)?);
        }
        self.check_free(&found)?;
        Ok(found)
    }

    /// Only a file or a link can make room for a shim.
    fn check_free(&self, found: &[Found]) -> Result<()> {
        let mut targets = FILES.iter().map(|file| file.path).chain([LINK]).map(Path::new);
        let is_blocked = |path: &Path| {
            let is_there = self.path(path).symlink_metadata().is_ok();
            is_there && found.iter().all(|found| found.path != path)
        };
        match targets.find(|path| is_blocked(path)) {
            Some(path) => Err(ShimError::InTheWay(self.path(path)).into()),
            None => Ok(()),
        }
    }

    fn walk(&self, below: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
        let dir = self.path(below);
        for entry in fs::read_dir(&dir).map_err(Error::file("read", &dir))? {
            let entry = entry.map_err(Error::file("read", &dir))?;
            let (path, kind) = (below.join(entry.file_name()), entry.file_type());
            if kind.is_ok_and(|kind| kind.is_dir()) {
                if path != Path::new(TESTS) {
                    self.walk(&path, paths)?;
                }
            } else if path.extension().is_some_and(|extension| extension == "sh") {
                paths.push(path);
            }
        }
        Ok(())
    }

    /// A regular file or a link; `None` for what is not there, and for whatever else a script cannot be.
    pub(super) fn look(&self, path: PathBuf) -> Result<Option<Found>> {
        let whole = self.path(&path);
        let meta = match fs::symlink_metadata(&whole) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            meta => meta.map_err(Error::file("read", &whole))?,
        };
        let Some(content) = content(&whole, &meta)? else { return Ok(None) };
        Ok(Some(Found { path, mode: meta.mode() & 0o7777, time: meta.mtime(), content }))
    }
}

/// In hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Of a file or a link.
pub(super) fn content(path: &Path, meta: &fs::Metadata) -> Result<Option<Content>> {
    if meta.is_symlink() {
        return fs::read_link(path).map(Content::Link).map(Some).map_err(Error::file("read", path));
    }
    if !meta.is_file() {
        return Ok(None);
    }
    let bytes = fs::read(path).map_err(Error::file("read", path))?;
    Ok(Some(Content::Sha256(sha256(&bytes))))
}
