//! Named pipes, and moving their bytes into a file so that no kill can fall between the taking and the writing.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use nix::errno::Errno;
use nix::sys::stat::Mode;

use super::io_error;

/// What one fifo is asked to hold. An ordinary user over its share gets what the kernel gives.
pub const CAPACITY: i32 = 1 << 20;

/// Makes a fifo that only we may use, unless there is one.
pub fn make(path: &Path) -> io::Result<()> {
    match nix::unistd::mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR) {
        Err(Errno::EEXIST) if is_fifo(path) => Ok(()),
        other => other.map_err(io_error),
    }
}

/// Whether `path` is itself a fifo.
pub fn is_fifo(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|meta| meta.file_type().is_fifo())
}

/// Opens the reading end without waiting for a writer.
pub fn open_reader(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW).open(path)?;
    if !file.metadata()?.file_type().is_fifo() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok(file)
}

/// Asks the kernel to let the fifo hold [`CAPACITY`] bytes; a refusal leaves it as it is.
pub fn widen(fifo: &File) {
    #[cfg(target_os = "linux")]
    let _ = nix::fcntl::fcntl(fifo.as_fd(), nix::fcntl::FcntlArg::F_SETPIPE_SZ(CAPACITY));
    #[cfg(not(target_os = "linux"))]
    let _ = fifo.as_fd();
}

/// How many bytes wait in the fifo.
pub fn waiting(fifo: &File) -> io::Result<usize> {
    let mut count: libc::c_int = 0;
    // SAFETY: FIONREAD writes one int, to a place that outlives the call.
    let result = unsafe { libc::ioctl(fifo.as_raw_fd(), libc::FIONREAD, &raw mut count) };
    if result == 0 { Ok(usize::try_from(count).unwrap_or(0)) } else { Err(io::Error::last_os_error()) }
}

/// Whether nothing waits in the fifo and nobody has it open for writing. Takes nothing out of it, and knows also of a
/// fifo that was opened after its last writer had gone, of which poll(2) reports no hang-up.
#[cfg(target_os = "linux")]
pub fn is_closed(fifo: &File) -> bool {
    use nix::fcntl::{SpliceFFlags, tee};
    let Ok((_reader, writer)) = io::pipe() else {
        return false;
    };
    matches!(tee(fifo.as_fd(), writer.as_fd(), 1, SpliceFFlags::SPLICE_F_NONBLOCK), Ok(0))
}

/// There is no looking into a fifo without taking from it here.
#[cfg(not(target_os = "linux"))]
pub fn is_closed(_fifo: &File) -> bool {
    false
}

/// What became of a [`drain`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// This many bytes went over.
    Moved(usize),
    /// Nothing waits, but somebody may still write.
    Empty,
    /// Nothing waits and nobody has the fifo open for writing.
    Closed,
}

/// Moves what waits in the fifo to the position of `file`, by splice(2): a byte leaves the fifo only as it enters
/// the file. A file that cannot be spliced to (a device, some network file systems) gets small reads and writes instead.
#[cfg(target_os = "linux")]
pub fn drain(fifo: &File, file: &File) -> io::Result<Drained> {
    use nix::fcntl::{SpliceFFlags, splice};
    let flags = SpliceFFlags::SPLICE_F_MOVE | SpliceFFlags::SPLICE_F_NONBLOCK;
    match splice(fifo.as_fd(), None, file.as_fd(), None, CAPACITY.unsigned_abs() as usize, flags) {
        Ok(0) => Ok(Drained::Closed),
        Ok(moved) => Ok(Drained::Moved(moved)),
        Err(Errno::EAGAIN) => Ok(Drained::Empty),
        Err(Errno::EINVAL) => copy(fifo, file),
        Err(errno) => Err(io_error(errno)),
    }
}

/// Moves what waits in the fifo to the position of `file`, in small reads and writes.
#[cfg(not(target_os = "linux"))]
pub fn drain(fifo: &File, file: &File) -> io::Result<Drained> {
    copy(fifo, file)
}

/// Throws away what waits in the fifo; how many bytes that was.
pub fn discard(fifo: &File) -> u64 {
    let Ok(null) = OpenOptions::new().write(true).open("/dev/null") else {
        return 0;
    };
    let mut count = 0;
    while let Ok(Drained::Moved(bytes)) = drain(fifo, &null) {
        count += bytes as u64;
    }
    count
}

/// One piece of at most 4 KiB: what a kill between the read and the write can lose.
fn copy(mut fifo: &File, mut file: &File) -> io::Result<Drained> {
    use std::io::{Read as _, Write as _};
    let mut piece = [0; 4096];
    match fifo.read(&mut piece) {
        Ok(0) => Ok(Drained::Closed),
        Ok(count) => file.write_all(piece.get(..count).unwrap_or_default()).map(|()| Drained::Moved(count)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(Drained::Empty),
        Err(error) => Err(error),
    }
}
