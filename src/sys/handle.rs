//! Directories by handle: what is done to an entry is done in the directory that was looked at, whatever has become of
//! its path since, and no link is followed on the way.

#[cfg(target_os = "linux")]
use std::ffi::CString;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
#[cfg(target_os = "linux")]
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

use nix::dir;
use nix::fcntl::{self, AtFlags, OFlag};
use nix::sys::stat::{self, Mode};
use nix::unistd::{self, Gid, Uid, UnlinkatFlags};

use super::facts::{Facts, Kind};
use super::io_error;

const DIRECTORY: OFlag = OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_CLOEXEC);

/// What may still be put on a file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreeSpace {
    /// Bytes.
    pub bytes: u64,
    /// Files, where they are counted.
    pub files: Option<u64>,
}

/// An open directory.
#[derive(Debug)]
pub struct Handle(OwnedFd);

impl Handle {
    /// Opens a directory; the last part of its path must not be a link.
    pub fn open(path: &Path) -> io::Result<Self> {
        fcntl::open(path, DIRECTORY | OFlag::O_NOFOLLOW, Mode::empty()).map(Self).map_err(io_error)
    }

    /// Opens a directory in this one, which must not be a link.
    pub fn dir(&self, name: &OsStr) -> io::Result<Self> {
        self.open_at(name, DIRECTORY | OFlag::O_NOFOLLOW).map(Self)
    }

    /// Opens a directory in this one, or the one that a link in this one leads to.
    pub fn dir_or_link(&self, name: &OsStr) -> io::Result<Self> {
        self.open_at(name, DIRECTORY).map(Self)
    }

    /// What is in it, in bytewise order.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        let mut listing = dir::Dir::openat(&self.0, ".", DIRECTORY, Mode::empty()).map_err(io_error)?;
        let mut names = Vec::new();
        for entry in listing.iter() {
            let entry = entry.map_err(io_error)?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(OsString::from_vec(name.to_vec()));
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// What an entry is; `None` when there is none.
    pub fn facts(&self, name: &OsStr) -> io::Result<Option<Facts>> {
        match stat::fstatat(&self.0, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(Some(Facts::of(&found))),
            Err(nix::errno::Errno::ENOENT) => Ok(None),
            Err(errno) => Err(io_error(errno)),
        }
    }

    /// What this directory itself is.
    pub fn own_facts(&self) -> io::Result<Facts> {
        stat::fstat(&self.0).map(|found| Facts::of(&found)).map_err(io_error)
    }

    /// Opens a regular file for reading, and says which one it is. Never waits; whatever else has the name is an error.
    pub fn file(&self, name: &OsStr) -> io::Result<(File, Facts)> {
        let file = File::from(self.open_at(name, OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK)?);
        let facts = Facts::of(&stat::fstat(&file).map_err(io_error)?);
        if facts.kind == Kind::File { Ok((file, facts)) } else { Err(io::ErrorKind::InvalidInput.into()) }
    }

    /// The first `limit` bytes of a regular file.
    pub fn read(&self, name: &OsStr, limit: u64) -> io::Result<Vec<u8>> {
        let (file, facts) = self.file(name)?;
        let mut bytes = Vec::with_capacity(usize::try_from(facts.size.min(limit)).unwrap_or_default());
        file.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The text of a link.
    pub fn link_text(&self, name: &OsStr) -> io::Result<OsString> {
        fcntl::readlinkat(&self.0, name).map_err(io_error)
    }

    /// Makes a directory; one that is there already is as good.
    pub fn make_dir(&self, name: &OsStr, mode: u32) -> io::Result<bool> {
        match stat::mkdirat(&self.0, name, permissions(mode)) {
            Ok(()) => Ok(true),
            Err(nix::errno::Errno::EEXIST)
                if self.facts(name)?.is_some_and(|facts| facts.kind == Kind::Dir) =>
            {
                Ok(false)
            }
            Err(errno) => Err(io_error(errno)),
        }
    }

    /// Makes a link; fails when there is anything of that name.
    pub fn make_link(&self, name: &OsStr, text: &OsStr) -> io::Result<()> {
        unistd::symlinkat(text, &self.0, name).map_err(io_error)
    }

    /// Writes a new file, or writes one anew, not synced. `mode` is exact.
    pub fn write(&self, name: &OsStr, bytes: &[u8], mode: u32) -> io::Result<File> {
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_TRUNC | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let made = fcntl::openat(&self.0, name, flags, permissions(mode)).map_err(io_error)?;
        let mut file = File::from(made);
        stat::fchmod(&file, permissions(mode)).map_err(io_error)?;
        file.write_all(bytes)?;
        Ok(file)
    }

    /// Opens a regular file to add to its end.
    pub fn append(&self, name: &OsStr) -> io::Result<File> {
        let flags = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        self.open_at(name, flags).map(File::from)
    }

    /// Gives an entry another name, perhaps in another directory, replacing what has it.
    pub fn rename(&self, name: &OsStr, to: &Self, new_name: &OsStr) -> io::Result<()> {
        fcntl::renameat(&self.0, name, &to.0, new_name).map_err(io_error)
    }

    /// As [`Handle::rename`], unless something has the new name.
    #[cfg(target_os = "linux")]
    pub fn rename_to_free(&self, name: &OsStr, to: &Self, new_name: &OsStr) -> io::Result<()> {
        let (old, new) = (CString::new(name.as_bytes())?, CString::new(new_name.as_bytes())?);
        // nix and libc offer this call for glibc alone.
        // SAFETY: both descriptors are open and both texts are terminated for as long as the call takes.
        let result = unsafe {
            libc::syscall(
                libc::SYS_renameat2,
                self.0.as_raw_fd(),
                old.as_ptr(),
                to.0.as_raw_fd(),
                new.as_ptr(),
                libc::RENAME_NOREPLACE,
            )
        };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// As [`Handle::rename`], unless something has the new name.
    #[cfg(not(target_os = "linux"))]
    pub fn rename_to_free(&self, name: &OsStr, to: &Self, new_name: &OsStr) -> io::Result<()> {
        if to.facts(new_name)?.is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.rename(name, to, new_name)
    }

    /// Changes the permission bits of a regular file.
    pub fn set_mode(&self, name: &OsStr, mode: u32) -> io::Result<()> {
        let (file, _) = self.file(name)?;
        stat::fchmod(&file, permissions(mode)).map_err(io_error)
    }

    /// Changes the permission bits of this directory.
    pub fn set_own_mode(&self, mode: u32) -> io::Result<()> {
        stat::fchmod(&self.0, permissions(mode)).map_err(io_error)
    }

    /// Gives an entry, the link itself if it is one, to somebody.
    pub fn set_owner(&self, name: &OsStr, user: u32, group: u32) -> io::Result<()> {
        let (user, group) = (Some(Uid::from_raw(user)), Some(Gid::from_raw(group)));
        unistd::fchownat(&self.0, name, user, group, AtFlags::AT_SYMLINK_NOFOLLOW).map_err(io_error)
    }

    /// Removes a file or a link.
    pub fn remove(&self, name: &OsStr) -> io::Result<()> {
        unistd::unlinkat(&self.0, name, UnlinkatFlags::NoRemoveDir).map_err(io_error)
    }

    /// Removes an empty directory.
    pub fn remove_dir(&self, name: &OsStr) -> io::Result<()> {
        unistd::unlinkat(&self.0, name, UnlinkatFlags::RemoveDir).map_err(io_error)
    }

    /// Whether this user may change what is in it.
    pub fn is_writable(&self) -> bool {
        let may = unistd::AccessFlags::W_OK | unistd::AccessFlags::X_OK;
        unistd::faccessat(&self.0, ".", may, AtFlags::AT_EACCESS).is_ok()
    }

    /// What this user may still put on its file system.
    #[allow(clippy::useless_conversion, reason = "the fields have other widths on macOS")]
    pub fn free_space(&self) -> io::Result<FreeSpace> {
        let found = nix::sys::statvfs::fstatvfs(&self.0).map_err(io_error)?;
        let bytes = u64::from(found.blocks_available()).saturating_mul(found.fragment_size().into());
        let files = (found.files() > 0).then(|| found.files_available().into());
        Ok(FreeSpace { bytes, files })
    }

    /// Waits until this directory's entries are on the disk.
    pub fn sync(&self) -> io::Result<()> {
        unistd::fsync(&self.0).map_err(io_error)
    }

    /// Waits until everything that was written to its file system is on the disk.
    #[cfg(target_os = "linux")]
    pub fn sync_file_system(&self) -> io::Result<()> {
        // SAFETY: the descriptor is open for as long as `self` lives.
        let result = unsafe { libc::syncfs(self.0.as_raw_fd()) };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }

    /// Waits until everything that was written to its file system is on the disk.
    #[cfg(not(target_os = "linux"))]
    pub fn sync_file_system(&self) -> io::Result<()> {
        unistd::sync();
        let _ = self.0.as_raw_fd();
        Ok(())
    }

    fn open_at(&self, name: &OsStr, flags: OFlag) -> io::Result<OwnedFd> {
        fcntl::openat(&self.0, name, flags | OFlag::O_CLOEXEC, Mode::empty()).map_err(io_error)
    }
}

fn permissions(mode: u32) -> Mode {
    Mode::from_bits_truncate(libc::mode_t::try_from(mode).unwrap_or_default())
}
