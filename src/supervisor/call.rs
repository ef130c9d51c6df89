//! The command's half: makes a supervisor and listens to it.

use std::ffi::OsStr;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::message::{Message, SETTLED};
use super::{ADOPT, Plan, SUPERVISE};
use crate::config::PROCESS_DIR_VARIABLE;
use crate::layout::Layout;
use crate::sys::poll;
use crate::sys::proc::Identity;
use crate::sys::spawn::{Streams, detached};

/// How long an adopting supervisor is given to say that it has taken over.
const ADOPTION: Duration = Duration::from_secs(5);

/// A supervisor that this command has made.
#[derive(Debug)]
pub struct Call {
    socket: UnixStream,
    heard: Vec<u8>,
    supervisor: Option<Identity>,
}

impl Call {
    /// Makes a supervisor that will run a plan. Until it gets one it does nothing.
    pub fn to_run(name: &str, layout: &Layout) -> io::Result<Self> {
        Self::new(name, layout, None, Streams::Inherited)
    }

    /// Makes a supervisor for a process that has lost its own, and waits until it has taken over. Somebody else may be
    /// quicker: then nothing is left to do.
    pub fn to_adopt(name: &str, layout: &Layout) -> io::Result<()> {
        let mut call = Self::new(name, layout, Some(ADOPT), Streams::Null)?;
        call.next(Instant::now() + ADOPTION).map(|_| ())
    }

    fn new(name: &str, layout: &Layout, mode: Option<&str>, streams: Streams) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut arguments = vec![OsStr::new(SUPERVISE), layout.tetra().as_os_str(), OsStr::new(name)];
        arguments.extend(mode.map(OsStr::new));
        let pid = detached(&arguments, theirs, streams, &[PROCESS_DIR_VARIABLE])?;
        Ok(Self { socket: ours, heard: Vec::new(), supervisor: Identity::of(pid) })
    }

    /// Which process it is.
    pub fn supervisor(&self) -> Option<&Identity> {
        self.supervisor.as_ref()
    }

    /// Readable when the supervisor says something.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Hands over what is to run.
    pub fn order(&mut self, plan: &Plan) -> io::Result<()> {
        self.socket.write_all(&plan.to_line())
    }

    /// Says that the process is known to work.
    pub fn settle(&mut self) {
        let _ = self.socket.write_all(SETTLED);
    }

    /// The next message. `None`: the time is over. A supervisor that is gone is an error.
    pub fn next(&mut self, deadline: Instant) -> io::Result<Option<Message>> {
        loop {
            if let Some(message) = self.heard_message() {
                return Ok(Some(message));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let [ready] = poll::wait([Some(self.socket.as_fd())], Some(left))?;
            if ready.any() {
                self.hear()?;
            } else if left.is_zero() {
                return Ok(None);
            }
        }
    }

    fn hear(&mut self) -> io::Result<()> {
        let mut piece = [0; 512];
        match self.socket.read(&mut piece)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => {
                self.heard.extend(piece.iter().take(count));
                Ok(())
            }
        }
    }

    fn heard_message(&mut self) -> Option<Message> {
        let end = self.heard.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.heard.drain(..=end).collect();
        Message::parse(String::from_utf8_lossy(&line).trim_end())
    }
}
