//! poll(2) over a handful of descriptors, any of which may be absent.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};

use super::io_error;

/// What poll(2) says of one descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// There is something to read.
    pub readable: bool,
    /// The other side is gone.
    pub hung_up: bool,
}

impl Ready {
    /// Whether there is anything to do for this descriptor.
    pub fn any(self) -> bool {
        self.readable || self.hung_up
    }
}

/// Waits until one of the descriptors is ready, a signal arrives or the time is over (`None`: no limit).
/// A descriptor that is `None` is never ready.
pub fn wait<const N: usize>(
    fds: [Option<BorrowedFd<'_>>; N],
    timeout: Option<Duration>,
) -> io::Result<[Ready; N]> {
    poll(fds.map(|fd| fd.map(|fd| (fd, PollFlags::POLLIN))), timeout)
}

/// As [`wait`], for any number of descriptors; which of them is ready is not told.
pub fn wait_any(fds: &[BorrowedFd<'_>], timeout: Option<Duration>) -> io::Result<()> {
    let mut asked: Vec<PollFd<'_>> = fds.iter().map(|fd| PollFd::new(*fd, PollFlags::POLLIN)).collect();
    wait_for(&mut asked, timeout)
}

/// As [`wait`], for something to read in `input` or for the last reader of `output` to go away.
pub fn wait_or_closed(
    input: Option<BorrowedFd<'_>>,
    output: BorrowedFd<'_>,
    timeout: Option<Duration>,
) -> io::Result<[Ready; 2]> {
    let input = input.map(|fd| (fd, PollFlags::POLLIN));
    poll([input, Some((output, PollFlags::empty()))], timeout)
}

fn poll<const N: usize>(
    fds: [Option<(BorrowedFd<'_>, PollFlags)>; N],
    timeout: Option<Duration>,
) -> io::Result<[Ready; N]> {
    let mut asked: Vec<PollFd<'_>> =
        fds.iter().flatten().map(|(fd, events)| PollFd::new(*fd, *events)).collect();
    wait_for(&mut asked, timeout)?;
    let mut answers = asked.iter().map(|fd| ready(fd.revents()));
    Ok(fds.map(|fd| fd.and_then(|_| answers.next()).unwrap_or_default()))
}

fn wait_for(asked: &mut [PollFd<'_>], timeout: Option<Duration>) -> io::Result<()> {
    match nix::poll::poll(asked, timeout_of(timeout)) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(io_error(errno)),
    }
}

fn ready(events: Option<PollFlags>) -> Ready {
    let events = events.unwrap_or(PollFlags::empty());
    Ready {
        readable: events.contains(PollFlags::POLLIN),
        hung_up: events.intersects(PollFlags::POLLHUP | PollFlags::POLLERR),
    }
}

/// Rounded up to whole milliseconds, so that a deadline has passed when its wait is over.
fn timeout_of(timeout: Option<Duration>) -> PollTimeout {
    let Some(duration) = timeout else {
        return PollTimeout::NONE;
    };
    let millis = duration.as_micros().div_ceil(1000);
    PollTimeout::try_from(i32::try_from(millis).unwrap_or(i32::MAX)).unwrap_or(PollTimeout::MAX)
}
