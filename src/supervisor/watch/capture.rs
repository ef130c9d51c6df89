//! One stream: from the fifo into the log, so that a kill at any instant loses and doubles nothing.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::logs::current::{self, MissingDir};
use crate::sys::fifo::{self, Drained};

/// Less than this waiting: give the writer a moment to add to it, so that a line at a time costs less.
const WORTH_MOVING: usize = 32 * 1024;
const MOMENT: Duration = Duration::from_micros(200);

/// At most this many pieces, each all that waits, before the other stream and the signals get their turn.
const PIECES: usize = 16;

/// How long a log that cannot be written is left alone; its bytes wait in the fifo.
const RETRY: Duration = Duration::from_millis(250);

/// How long bytes wait for a log that cannot be written. Then they are dropped and counted: a process must not stand
/// still because a disk is full.
const GRACE: Duration = Duration::from_secs(5);

/// Between two tries to tell of a loss.
const TELL_RETRY: Duration = Duration::from_secs(1);

/// Reads one fifo and writes one log.
#[derive(Debug)]
pub(super) struct Capture {
    fifo: File,
    path: PathBuf,
    log: Option<File>,
    /// Nobody has the fifo open for writing.
    hung_up: bool,
    /// The log could not be written: not before then again.
    stalled_until: Option<Instant>,
    /// Since when it could not.
    failing_since: Option<Instant>,
    /// How many bytes that has cost and nobody has been told of.
    dropped: u64,
    /// When that is to be told.
    tell_at: Option<Instant>,
    /// Refused once the run is over: then nobody misses the bytes.
    missing: MissingDir,
}

impl Capture {
    /// Opens the fifo at once, the log when the first bytes come.
    pub(super) fn open(fifo: &Path, log: &Path) -> io::Result<Self> {
        let fifo = fifo::open_reader(fifo)?;
        fifo::widen(&fifo);
        Ok(Self {
            fifo,
            path: log.to_owned(),
            log: None,
            hung_up: false,
            stalled_until: None,
            failing_since: None,
            dropped: 0,
            tell_at: None,
            missing: MissingDir::Make,
        })
    }

    /// What to poll, unless there is nothing to wait for.
    pub(super) fn source(&self) -> Option<BorrowedFd<'_>> {
        let waits = !self.hung_up && self.stalled_until.is_none();
        waits.then(|| self.fifo.as_fd())
    }

    /// When there is something to do that nothing announces.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.stalled_until.into_iter().chain(self.tell_at).min()
    }

    /// Whether a log that could not be written is to be tried again.
    pub(super) fn is_due(&self) -> bool {
        self.stalled_until.is_some_and(|at| at <= Instant::now())
    }

    /// Whether everything is in the log, or told as lost, and nobody can add to it.
    pub(super) fn is_finished(&self) -> bool {
        self.hung_up && self.stalled_until.is_none() && self.dropped == 0
    }

    /// Moves what waits, in pieces, after a moment in which more may come. `hung_up`: poll(2) says that nobody writes.
    pub(super) fn pump(&mut self, hung_up: bool) {
        if !hung_up && fifo::waiting(&self.fifo).is_ok_and(|waiting| (1..WORTH_MOVING).contains(&waiting)) {
            std::thread::sleep(MOMENT);
        }
        self.move_pieces(hung_up);
    }

    /// Moves all that waits now. Whether anybody can add to it stays open: a process that is still in its launch script
    /// has not opened the fifo yet.
    pub(super) fn catch_up(&mut self) {
        self.move_pieces(false);
    }

    /// Moves all that waits now, and finds out whether anybody can add to it. Not what is added meanwhile: left-overs
    /// may never stop.
    pub(super) fn drain(&mut self) {
        self.catch_up();
        self.hung_up = fifo::is_closed(&self.fifo);
    }

    /// The run has ended: from now on a missing log directory is not made again.
    pub(super) fn finish(&mut self) {
        self.missing = MissingDir::Refuse;
    }

    /// How many bytes were dropped that nobody has been told of.
    pub(super) fn loss(&self) -> Option<u64> {
        (self.dropped > 0).then_some(self.dropped)
    }

    /// Whether it is time to tell that: as soon as the log can be written again, or nothing has been dropped for a while.
    pub(super) fn is_loss_due(&self) -> bool {
        self.tell_at.is_some_and(|at| at <= Instant::now())
    }

    /// It has been told, or could not be.
    pub(super) fn note_told(&mut self, told: bool) {
        if told {
            self.dropped = 0;
        }
        self.tell_at = (!told).then(|| Instant::now() + TELL_RETRY);
    }

    fn move_pieces(&mut self, hung_up: bool) {
        self.stalled_until = None;
        for _ in 0..PIECES {
            match self.move_piece() {
                Ok(true) => self.recover(),
                Ok(false) => {
                    self.hung_up = hung_up;
                    return;
                }
                Err(error)
                    if self.missing == MissingDir::Refuse && error.kind() == io::ErrorKind::NotFound =>
                {
                    self.hung_up = true;
                    return;
                }
                Err(_) => {
                    self.stall();
                    return;
                }
            }
        }
    }

    fn recover(&mut self) {
        if self.failing_since.take().is_some() && self.dropped > 0 {
            self.tell_at = Some(Instant::now());
        }
    }

    fn stall(&mut self) {
        let now = Instant::now();
        self.log = None;
        self.stalled_until = Some(now + RETRY);
        if now.duration_since(*self.failing_since.get_or_insert(now)) >= GRACE {
            let dropped = fifo::discard(&self.fifo);
            self.dropped += dropped;
            if dropped > 0 {
                self.tell_at = Some(now + GRACE);
            }
        }
    }

    /// Whether there was anything to move.
    fn move_piece(&mut self) -> io::Result<bool> {
        if fifo::waiting(&self.fifo)? == 0 {
            return Ok(false);
        }
        let log = current_log(&mut self.log, &self.path, self.missing)?;
        log.seek(SeekFrom::End(0))?;
        Ok(matches!(fifo::drain(&self.fifo, log)?, Drained::Moved(_)))
    }
}

/// The open log if it is still the file of that name, else the file of that name, made if it is not there.
fn current_log<'a>(open: &'a mut Option<File>, path: &Path, missing: MissingDir) -> io::Result<&'a mut File> {
    let log = match open.take().filter(|log| is_named(log, path)) {
        Some(log) => log,
        None => current::open(path, missing)?,
    };
    Ok(open.insert(log))
}

fn is_named(file: &File, path: &Path) -> bool {
    match (file.metadata(), path.metadata()) {
        (Ok(ours), Ok(named)) => (ours.dev(), ours.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}
