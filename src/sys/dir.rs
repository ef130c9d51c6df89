//! Directories that must be what they seem: no link followed, and ours.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;

use nix::unistd::Uid;

/// Makes a directory that only we may enter, unless it is there. Whatever else is there under that name is refused.
/// Returns whether it was made.
pub fn make_private(path: &Path) -> io::Result<bool> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && is_ours(path) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The names in a directory that end in `extension`, without it, in the bytewise order of the whole names. Names that
/// are not UTF-8 are left out; a directory that is not there is empty.
pub fn stems(path: &Path, extension: &str) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().into_string());
    }
    names.sort_unstable();
    Ok(names.iter().filter_map(|name| name.strip_suffix(extension)).map(str::to_owned).collect())
}

/// Whether `path` is itself a directory (not a link to one) and belongs to us.
pub fn is_ours(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir() && meta.uid() == Uid::effective().as_raw())
}

/// Whether `path` is a link that belongs to us.
pub fn owns_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink() && meta.uid() == Uid::effective().as_raw())
}

/// Device and inode: what a file is, whatever way leads to it.
pub type FileId = (u64, u64);

/// Of the file that a path leads to, links followed.
pub fn id(path: &Path) -> Option<FileId> {
    let meta = fs::metadata(path).ok()?;
    Some((meta.dev(), meta.ino()))
}

/// Whether two paths lead to the same file.
pub fn same_file(one: &Path, other: &Path) -> bool {
    id(one).is_some_and(|one| id(other) == Some(one))
}

/// Whether this user may execute the file at `path`.
pub fn is_executable(path: &Path) -> bool {
    path.is_file() && nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok()
}
