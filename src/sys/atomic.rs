//! Replace a file so that a reader, or a crash, sees the old bytes or the new ones and nothing between.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// What a power cut may leave of a file that has just been replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Anything: it speaks of running processes alone, and its readers take damage for absence. Nothing is synced.
    ThisBoot,
    /// The old bytes or the new ones: the draft is synced.
    Whole,
    /// The new bytes: the directory is synced, too.
    Surely,
}

/// Writes `bytes` to a draft beside `path` and renames it into place.
///
/// The draft's name is fixed, so that one left by a crash is overwritten by the next write: the caller holds whatever
/// makes writers of `path` take turns. `mode` is reduced by the umask.
pub fn replace(path: &Path, bytes: &[u8], mode: u32, keep: Keep) -> io::Result<()> {
    replace_by(&draft(path, "")?, path, bytes, mode, keep)
}

/// As [`replace`] ([`Keep::Surely`]), for a file whose writers do not take turns: each has a draft of its own. The last one wins.
pub fn replace_unlocked(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let draft = draft(path, &format!(".{}", std::process::id()))?;
    remove(&draft)?;
    replace_by(&draft, path, bytes, mode, Keep::Surely)
}

/// As [`replace`] ([`Keep::Surely`]), for a file that is the user's: a link is followed, and what is there keeps its owner,
/// group and mode. `mode`, reduced by the umask, is that of a new file.
pub fn rewrite(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    rewrite_by(path, "", bytes, mode)
}

/// As [`rewrite`], for a file whose writers do not take turns. The last one wins.
pub fn rewrite_unlocked(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    rewrite_by(path, &format!(".{}", std::process::id()), bytes, mode)
}

fn rewrite_by(path: &Path, writer: &str, bytes: &[u8], mode: u32) -> io::Result<()> {
    let path = match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
        found => found?,
    };
    let draft = draft(&path, writer)?;
    remove(&draft)?;
    let written = write_draft(&draft, bytes, mode, Keep::Whole).and_then(|()| adorn(&draft, &path));
    written.and_then(|()| fs::rename(&draft, &path)).inspect_err(|_| {
        let _ = fs::remove_file(&draft);
    })?;
    let _ = sync_parent(&path);
    Ok(())
}

/// Gives a draft the owner, group and mode of the file that it is to replace, if there is one.
fn adorn(draft: &Path, path: &Path) -> io::Result<()> {
    let Ok(old) = fs::metadata(path) else { return Ok(()) };
    let new = fs::metadata(draft)?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        std::os::unix::fs::chown(draft, Some(old.uid()), Some(old.gid()))?;
    }
    fs::set_permissions(draft, old.permissions())
}

/// Creates `path` with `bytes` unless it is there already: of several creators one wins, the others change nothing.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Ok(());
    }
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    let linked = write_draft(&draft, bytes, mode, Keep::Whole).and_then(|()| fs::hard_link(&draft, path));
    remove(&draft)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Gives the file at `path` a second name, which whatever has that name loses. No file at `path`: nothing happens.
/// Callers take turns, as for [`replace`].
pub fn link_over(path: &Path, second: &Path) -> io::Result<()> {
    let draft = draft(second, "")?;
    remove(&draft)?;
    match fs::hard_link(path, &draft) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        linked => linked?,
    }
    fs::rename(&draft, second)?;
    // It is still there if both were names of one file already: then a rename does nothing.
    remove(&draft)
}

/// Removes a file; one that is not there is as good as removed.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn replace_by(draft: &Path, path: &Path, bytes: &[u8], mode: u32, keep: Keep) -> io::Result<()> {
    write_draft(draft, bytes, mode, keep).and_then(|()| fs::rename(draft, path)).inspect_err(|_| {
        let _ = fs::remove_file(draft);
    })?;
    if keep == Keep::Surely {
        // It is the new one from here on, whatever this says: an error would be taken for the old one.
        let _ = sync_parent(path);
    }
    Ok(())
}

fn write_draft(draft: &Path, bytes: &[u8], mode: u32, keep: Keep) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .custom_flags(libc::O_NOFOLLOW)
        .open(draft)?;
    file.write_all(bytes)?;
    if keep == Keep::ThisBoot { Ok(()) } else { file.sync_data() }
}

/// `.NAME.tmp` or `.NAME.WRITER.tmp` in the same directory: a leading dot keeps it out of every listing.
fn draft(path: &Path, writer: &str) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(writer);
    hidden.push(".tmp");
    Ok(path.with_file_name(hidden))
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}
