//! Two kinds of lock, each gone with its holder: flock(2), which children inherit, and fcntl(2), which they do not.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const RETRY: Duration = Duration::from_millis(1);

/// An exclusive flock(2), held until dropped. `flock(1)` on the same file waits for it too.
#[derive(Debug)]
#[must_use]
pub struct FileLock(#[expect(dead_code, reason = "held for its lock")] File);

impl FileLock {
    /// Takes the lock if nobody has it; `None` when somebody does. A file on a read-only file system can be locked, too.
    pub fn try_take(path: &Path) -> io::Result<Option<Self>> {
        Self::try_on(match open(path, 0o644) {
            Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => open_to_read(path)?,
            opened => opened?,
        })
    }

    /// Takes the lock, waiting at most `patience`; `None` when it stays taken.
    pub fn take(path: &Path, patience: Duration) -> io::Result<Option<Self>> {
        wait(patience, || Self::try_take(path))
    }

    /// As [`FileLock::take`], on a directory that is there.
    pub fn take_dir(path: &Path, patience: Duration) -> io::Result<Option<Self>> {
        wait(patience, || Self::try_on(File::open(path)?))
    }

    fn try_on(file: File) -> io::Result<Option<Self>> {
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

fn wait(
    patience: Duration,
    mut try_take: impl FnMut() -> io::Result<Option<FileLock>>,
) -> io::Result<Option<FileLock>> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(lock) = try_take()? {
            return Ok(Some(lock));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        std::thread::sleep(RETRY);
    }
}

/// Whether anybody holds a flock(2) on the file. A file that is not there is not held.
pub fn is_held(path: &Path) -> bool {
    let Ok(file) = open_to_read(path) else {
        return false;
    };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// The file this process holds an [`OwnerLock`] on: device and inode.
static HELD: OnceLock<(u64, u64)> = OnceLock::new();

/// An exclusive fcntl(2) lock on a whole file. It belongs to this process alone: children do not inherit it. Closing
/// any descriptor of the file drops it, so [`owner`] never opens the file of the one lock that a process may hold.
#[derive(Debug)]
#[must_use]
pub struct OwnerLock(#[expect(dead_code, reason = "held for its lock")] File);

impl OwnerLock {
    /// Takes the lock on an open file; gives the file back when another process has it.
    pub fn try_take(file: File) -> io::Result<Result<Self, File>> {
        let request = whole_file();
        // SAFETY: the descriptor is open and `request` is a valid flock that outlives the call.
        let result = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLK, &raw const request) };
        if result == 0 {
            let meta = file.metadata()?;
            HELD.get_or_init(|| (meta.dev(), meta.ino()));
            return Ok(Ok(Self(file)));
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            Some(libc::EAGAIN | libc::EACCES) => Ok(Err(file)),
            _ => Err(error),
        }
    }
}

/// The process that holds an [`OwnerLock`] on the file at `path`, without taking it. `None`: nobody, or no such file.
pub fn owner(path: &Path) -> Option<i32> {
    if let Some(held) = HELD.get() {
        let named = path.symlink_metadata().ok()?;
        if *held == (named.dev(), named.ino()) {
            return i32::try_from(std::process::id()).ok();
        }
    }
    owner_of(&open_to_read(path).ok()?)
}

/// As [`owner`], for a file that is open already.
pub fn owner_of(file: &File) -> Option<i32> {
    let mut answer = whole_file();
    // SAFETY: the descriptor is open and `answer` is a valid flock that outlives the call.
    let result = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETLK, &raw mut answer) };
    let held = result == 0 && answer.l_type != short(libc::F_UNLCK) && answer.l_pid > 0;
    held.then_some(answer.l_pid)
}

/// From the start to the end, for writing.
fn whole_file() -> libc::flock {
    // SAFETY: flock is a plain struct of integers, for which all zeroes is a value.
    let mut request: libc::flock = unsafe { std::mem::zeroed() };
    request.l_type = short(libc::F_WRLCK);
    request.l_whence = short(libc::SEEK_SET);
    request
}

/// The constants of fcntl(2) are small, but not of one type on all systems.
fn short(constant: impl TryInto<libc::c_short>) -> libc::c_short {
    constant.try_into().unwrap_or_default()
}

fn open_to_read(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path)
}

/// Opens a file to lock it, made if it is not there. `mode` is reduced by the umask.
pub fn open(path: &Path, mode: u32) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(mode)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)
}
