//! A program that is forked, and waits for a go byte before it runs.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::Path;

use nix::unistd::{ForkResult, fork};

use super::descriptors::{close_on_exec_from, install, keep_on_exec, raise};
use crate::sys::io_error;

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
                let error = image.become_program(go_read, &handshake_write, program);
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

    /// Returns only when something failed.
    fn become_program(mut self, go: File, handshake: &File, program: &Program<'_>) -> io::Error {
        match self.prepare(go, handshake, program) {
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
