//! Two births: a detached copy of ourselves, and a program that waits for a go byte before it runs.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::unistd::{ForkResult, fork};

use super::io_error;

/// Where [`detached`] leaves the socket for its child.
pub const SOCKET_FD: RawFd = 3;

/// Where the handshake descriptor and the process lock are put in a [`Held`] program: out of the way of scripts,
/// which number theirs from 3.
const HIGH_FD: RawFd = 200;

/// Runs this executable again, in a session of its own, with `socket` as descriptor 3 and no other above 2. It
/// inherits our stdout and stderr and the environment less `without`. Returns its pid; it is not waited for.
pub fn detached(arguments: &[&OsStr], socket: &UnixStream, without: &[&str]) -> io::Result<i32> {
    let socket_fd = socket.as_raw_fd();
    let mut command = Command::new(own_executable()?);
    command.arg0("tsm").args(arguments).stdin(Stdio::null());
    for name in without {
        command.env_remove(name);
    }
    let prepare = move || {
        nix::unistd::setsid().map_err(io_error)?;
        // SAFETY: both numbers are descriptors of this process; dup2 leaves the copy open across exec.
        if unsafe { libc::dup2(socket_fd, SOCKET_FD) } < 0 {
            return Err(io::Error::last_os_error());
        }
        close_on_exec_from(SOCKET_FD + 1);
        if socket_fd == SOCKET_FD { keep_on_exec(SOCKET_FD) } else { Ok(()) }
    };
    // SAFETY: `prepare` makes only async-signal-safe calls.
    let child = unsafe { command.pre_exec(prepare) }.spawn()?;
    i32::try_from(child.id()).map_err(io::Error::other)
}

/// Takes over the socket that [`detached`] left.
pub fn inherited_socket() -> io::Result<UnixStream> {
    // SAFETY: the flag query reads nothing; it tells whether the descriptor is open.
    if unsafe { libc::fcntl(SOCKET_FD, libc::F_GETFD) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is open, and by the agreement with `detached` nobody else in this process owns it.
    let socket = unsafe { UnixStream::from_raw_fd(SOCKET_FD) };
    set_close_on_exec(SOCKET_FD)?;
    Ok(socket)
}

#[cfg(target_os = "linux")]
fn own_executable() -> io::Result<std::path::PathBuf> {
    Ok("/proc/self/exe".into())
}

#[cfg(not(target_os = "linux"))]
fn own_executable() -> io::Result<std::path::PathBuf> {
    std::env::current_exe()
}

/// A program about to run.
#[derive(Debug)]
pub struct Program<'a> {
    /// The executable.
    pub path: &'a Path,
    /// Its words, the program's own name first.
    pub arguments: &'a [&'a OsStr],
    /// `KEY=VALUE` entries: the whole environment.
    pub environment: &'a [Vec<u8>],
    /// Where it runs.
    pub directory: &'a Path,
    /// A locked file that it inherits.
    pub lock: &'a File,
    /// What becomes its stdout and stderr; `None` leaves ours.
    pub output: Option<[&'a File; 2]>,
}

/// A forked child that has not run its program yet. It leads a session of its own, and ends by itself should we die.
#[derive(Debug)]
pub struct Held {
    /// Its pid, which is also its session and its group.
    pub pid: i32,
    go: File,
    failure: File,
    handshake: File,
}

/// A program that has been told to go.
#[derive(Debug)]
pub struct Released {
    /// End of file: the program runs. Four bytes: the errno of its exec.
    pub failure: File,
    /// One byte comes when the program says that it is ready.
    pub handshake: File,
}

impl Held {
    /// Forks. `arguments` may hold `HANDSHAKE_FD` as a word of its own: it becomes the number of the descriptor on which
    /// the program says that it is ready.
    pub fn fork(program: &Program<'_>) -> io::Result<Self> {
        let image = Image::new(program)?;
        let (go_read, go_write) = pipe()?;
        let (failure_read, failure_write) = pipe()?;
        let (handshake_read, handshake_write) = pipe()?;
        // SAFETY: this process has one thread, so the child may do whatever it likes.
        match unsafe { fork() }.map_err(io_error)? {
            ForkResult::Child => {
                drop((go_write, failure_read, handshake_read));
                let error = image.become_program(go_read, handshake_write, program);
                let errno = error.raw_os_error().unwrap_or(libc::EINVAL);
                let _ = (&failure_write).write_all(&errno.to_ne_bytes());
                // SAFETY: ends the child at once, without running anything of the parent's.
                unsafe { libc::_exit(127) }
            }
            ForkResult::Parent { child } => Ok(Self {
                pid: child.as_raw(),
                go: go_write,
                failure: failure_read,
                handshake: handshake_read,
            }),
        }
    }

    /// Lets the child run its program. One that is dropped instead never does.
    pub fn release(self) -> io::Result<Released> {
        (&self.go).write_all(b"g")?;
        Ok(Released { failure: self.failure, handshake: self.handshake })
    }
}

/// Stands for the handshake descriptor's number among a [`Program`]'s words.
pub const HANDSHAKE_FD: &str = "\u{1}handshake";

/// What exec needs, made before the fork.
struct Image {
    path: CString,
    arguments: Vec<CString>,
    handshake_word: Option<usize>,
    environment: Vec<CString>,
    directory: CString,
}

impl Image {
    fn new(program: &Program<'_>) -> io::Result<Self> {
        let c_string =
            |bytes: &[u8]| CString::new(bytes).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput));
        let bytes = |word: &&OsStr| c_string(word.as_encoded_bytes());
        Ok(Self {
            path: c_string(program.path.as_os_str().as_encoded_bytes())?,
            arguments: program.arguments.iter().map(bytes).collect::<io::Result<_>>()?,
            handshake_word: program.arguments.iter().position(|word| *word == HANDSHAKE_FD),
            environment: program
                .environment
                .iter()
                .map(|entry| c_string(entry))
                .collect::<io::Result<_>>()?,
            directory: c_string(program.directory.as_os_str().as_encoded_bytes())?,
        })
    }

    /// Returns only when something failed, or with `Interrupted` when the parent died before the go.
    fn become_program(mut self, go: File, handshake: File, program: &Program<'_>) -> io::Error {
        match self.prepare(go, &handshake, program) {
            Err(error) => error,
            Ok(()) => {
                let _ = nix::unistd::execve(&self.path, &self.arguments, &self.environment);
                io::Error::last_os_error()
            }
        }
    }

    fn prepare(&mut self, mut go: File, handshake: &File, program: &Program<'_>) -> io::Result<()> {
        nix::unistd::setsid().map_err(io_error)?;
        default_signals();
        if go.read(&mut [0])? == 0 {
            // SAFETY: ends the child at once, without running anything of the parent's.
            unsafe { libc::_exit(0) }
        }
        drop(go);
        nix::unistd::chdir(self.directory.as_c_str()).map_err(io_error)?;
        let null = File::open("/dev/null")?;
        install(&null, 0)?;
        if let Some([out, err]) = program.output {
            install(out, 1)?;
            install(err, 2)?;
        }
        let lock = raise(program.lock)?;
        let handshake = raise(handshake)?;
        close_on_exec_from(3);
        keep_on_exec(lock.as_raw_fd())?;
        keep_on_exec(handshake.as_raw_fd())?;
        let number = CString::new(handshake.as_raw_fd().to_string())?;
        if let Some(word) = self.handshake_word.and_then(|word| self.arguments.get_mut(word)) {
            *word = number;
        }
        std::mem::forget((lock, handshake));
        Ok(())
    }
}

/// Default dispositions and an empty mask: a child inherits what its parent ignores or blocks.
fn default_signals() {
    for number in 1..=64 {
        // SAFETY: SIG_DFL is no function; numbers that cannot be set are refused without effect.
        unsafe { libc::signal(number, libc::SIG_DFL) };
    }
    let empty = nix::sys::signal::SigSet::empty();
    let _ = empty.thread_set_mask();
}

fn pipe() -> io::Result<(File, File)> {
    let (reader, writer) = io::pipe()?;
    Ok((OwnedFd::from(reader).into(), OwnedFd::from(writer).into()))
}

/// Makes `file` descriptor `number`, open across exec.
fn install(file: &File, number: RawFd) -> io::Result<()> {
    // SAFETY: dup2 takes two integers; whatever was open as `number` (a standard stream) is meant to be replaced.
    let result = unsafe { libc::dup2(file.as_raw_fd(), number) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A copy with a high number, or with any above 9 where the limit on descriptors is low.
fn raise(file: &File) -> io::Result<OwnedFd> {
    let copy = |lowest: RawFd| {
        // SAFETY: F_DUPFD takes two integers and makes a new descriptor.
        unsafe { libc::fcntl(file.as_raw_fd(), libc::F_DUPFD, lowest) }
    };
    let number = match copy(HIGH_FD) {
        number if number >= 0 => number,
        _ => copy(10),
    };
    if number < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

fn keep_on_exec(number: RawFd) -> io::Result<()> {
    set_descriptor_flags(number, 0)
}

fn set_close_on_exec(number: RawFd) -> io::Result<()> {
    set_descriptor_flags(number, libc::FD_CLOEXEC)
}

fn set_descriptor_flags(number: RawFd, flags: libc::c_int) -> io::Result<()> {
    // SAFETY: sets the flags of a descriptor number; a closed one is refused.
    let result = unsafe { libc::fcntl(number, libc::F_SETFD, flags) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Every descriptor from `first` on is closed by the next exec.
#[cfg(target_os = "linux")]
fn close_on_exec_from(first: RawFd) {
    // SAFETY: close_range takes three integers; with this flag it closes nothing yet.
    let result =
        unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    if result < 0 {
        for number in first..descriptor_limit() {
            let _ = set_close_on_exec(number);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn close_on_exec_from(first: RawFd) {
    for number in first..descriptor_limit() {
        let _ = set_close_on_exec(number);
    }
}

fn descriptor_limit() -> RawFd {
    // SAFETY: sysconf takes an integer and returns one.
    let limit = unsafe { libc::sysconf(libc::_SC_OPEN_MAX) };
    RawFd::try_from(limit.clamp(256, 65_536)).unwrap_or(256)
}

/// Lets go of the caller's streams: stdin, stdout and stderr become /dev/null.
pub fn drop_streams() -> io::Result<()> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    (0..3).try_for_each(|number| install(&null, number))
}

/// Makes this process the parent of every orphan among its descendants.
#[cfg(target_os = "linux")]
pub fn adopt_orphans() -> io::Result<()> {
    nix::sys::prctl::set_child_subreaper(true).map_err(io_error)
}

/// Reaps one ended child, without waiting: its pid and how it ended.
pub fn reap() -> Option<(i32, super::pidfd::Exit)> {
    let mut status = 0;
    // SAFETY: waitpid writes one int, to a place that outlives the call.
    let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
    (pid > 0).then(|| (pid, super::pidfd::Exit::from_wait(status)))
}

/// Leaves the caller's process group, so that a signal to it does not reach us. A group leader has left already.
pub fn leave_group() {
    let _ = nix::unistd::setpgid(nix::unistd::Pid::from_raw(0), nix::unistd::Pid::from_raw(0));
}

/// The process group of this process.
pub fn own_group() -> i32 {
    nix::unistd::getpgrp().as_raw()
}
