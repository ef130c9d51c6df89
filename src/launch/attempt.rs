//! One launch, seen from the command: a supervisor is made, and what it says is waited for.

use std::fs::{self, File};
use std::io;
use std::os::fd::BorrowedFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::listen::Look;
use crate::error::{Error, Result};
use crate::layout::{Layout, Stream};
use crate::logs::tail::{self, Lines};
use crate::registry::{Record, Registry, Reservation};
use crate::supervisor::{self, Call, Failure, Message, Plan};
use crate::sys::{dir, fifo, poll};

/// Between two looks at a port that is being waited for.
const PORT_TICK: Duration = Duration::from_millis(5);

/// How much longer than survival takes a supervisor may be silent: its own limit for the environment file, and the
/// patience of a writer for the runtime lock.
const SILENCE: Duration = Duration::from_secs(30 + 5 + 1);

/// After that long a birth is not waited for by those that come next.
const BIRTH: Duration = Duration::from_secs(1);

/// How long the next supervisor may take to record what the last one let go.
const TAKE_OVER: Duration = Duration::from_secs(5);
const TAKE_OVER_TICK: Duration = Duration::from_millis(2);

/// How many of its last lines a process that died at once is shown with.
const LAST_LINES: Lines = Lines::Last(5);

/// A process that counts as started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Launched {
    /// Its pid.
    pub pid: i32,
    /// Whether it has been seen listening on its declared port.
    pub listens: bool,
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What the supervisor says.
    pub failure: Failure,
    /// The last lines that this attempt wrote to its stderr, when it died.
    pub last_words: Vec<u8>,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It runs and is recorded.
    Online(Launched),
    /// It does not.
    Refused(Refusal),
}

/// Makes what the process and its supervisor share. Returns whether `run/NAME` is new.
pub fn make_places(name: &str, layout: &Layout) -> Result<bool> {
    let logs = layout.log_dir(name);
    fs::create_dir_all(&logs).map_err(Error::file("create", &logs))?;
    let runs = layout.runs();
    dir::make_private(&runs).map_err(Error::file("create", &runs))?;
    let run = layout.run(name);
    let made = dir::make_private(run.path()).map_err(Error::file("create", run.path()))?;
    for stream in Stream::BOTH {
        let path = run.fifo(stream);
        fifo::make(&path).map_err(Error::file("create", &path))?;
    }
    Ok(made)
}

/// A launch under way.
#[derive(Debug)]
pub struct Attempt {
    plan: Plan,
    call: Call,
    /// Where its stderr goes, and how much was there before.
    log: PathBuf,
    written: u64,
    begun: Instant,
    pid: i32,
    is_ready: bool,
    listens: bool,
    /// The plan could not be handed over.
    is_lost: bool,
}

impl Attempt {
    /// Makes a supervisor and tells it what to run. The reservation goes over to it, and it releases it.
    pub fn begin(plan: Plan, mut reservation: Reservation, registry: &Registry) -> Result<Self> {
        if !supervisor::AVAILABLE {
            return Err(Error::NoSupervisor);
        }
        let layout = registry.layout();
        let log = PathBuf::from(layout.current_log(plan.record.name(), Stream::Err));
        let written = fs::metadata(&log).map_or(0, |meta| meta.len());
        let mut call =
            Call::to_run(plan.record.name(), layout).map_err(Error::system("start a supervisor"))?;
        if let Some(supervisor) = call.supervisor() {
            reservation.hand_to(supervisor, layout)?;
        }
        let is_lost = call.order(&plan).is_err();
        let begun = Instant::now();
        Ok(Self { plan, call, log, written, begun, pid: 0, is_ready: false, listens: false, is_lost })
    }

    /// The record to be.
    pub fn record(&self) -> &Record {
        &self.plan.record
    }

    /// Whether the process is still being made. One whose environment takes its time is waited for like others.
    pub fn is_in_birth(&self) -> bool {
        !self.is_ready && self.begun.elapsed() < BIRTH
    }

    /// What the supervisor has said by now, if that is all. A declared port that is listened on ends the wait for survival.
    pub fn step(&mut self, look: &Look, registry: &Registry) -> Result<Option<Verdict>> {
        match self.hear() {
            Ok(None) => {}
            Ok(Some(said)) => return Ok(Some(self.verdict(said))),
            Err(_) => return Ok(Some(self.verdict(taken_over(&self.plan, registry)))),
        }
        if let Some(port) = self.watched()
            && look.finds(self.pid, port)
        {
            self.listens = true;
            self.call.settle();
        }
        if Instant::now() >= self.deadline() { Err(Error::LockTimeout) } else { Ok(None) }
    }

    /// When it is worth another step, though the supervisor says nothing.
    pub fn next_step(&self) -> Instant {
        match self.watched() {
            Some(_) => Instant::now() + PORT_TICK,
            None if self.is_in_birth() => self.begun + BIRTH,
            None => self.deadline(),
        }
    }

    /// Readable when the supervisor says something.
    pub fn as_fd(&self) -> BorrowedFd<'_> {
        self.call.as_fd()
    }

    fn deadline(&self) -> Instant {
        self.begun + self.plan.stabilize + SILENCE
    }

    /// The port that it has yet to be seen on.
    fn watched(&self) -> Option<u16> {
        self.plan.record.port().filter(|_| self.is_ready && !self.listens)
    }

    fn hear(&mut self) -> io::Result<Option<Result<Launched, Failure>>> {
        if self.is_lost {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        loop {
            match self.call.next(Instant::now())? {
                Some(Message::Born(pid)) => self.pid = pid,
                Some(Message::Ready) => self.is_ready = true,
                Some(Message::Online(pid)) => return Ok(Some(Ok(Launched { pid, listens: self.listens }))),
                Some(Message::Failed(failure)) => return Ok(Some(Err(failure))),
                None => return Ok(None),
            }
        }
    }

    fn verdict(&self, said: Result<Launched, Failure>) -> Verdict {
        match said {
            Ok(launched) => Verdict::Online(launched),
            Err(failure) => {
                let died = failure == Failure::Died;
                let last_words =
                    if died { last_lines(&self.log, self.written).unwrap_or_default() } else { Vec::new() };
                Verdict::Refused(Refusal { failure, last_words })
            }
        }
    }
}

/// Carries a plan out. The reservation goes over to the supervisor, which releases it.
pub fn launch(plan: Plan, reservation: Reservation, registry: &Registry) -> Result<Verdict> {
    let mut attempt = Attempt::begin(plan, reservation, registry)?;
    loop {
        if let Some(verdict) = attempt.step(&Look::default(), registry)? {
            return Ok(verdict);
        }
        let left = attempt.next_step().saturating_duration_since(Instant::now());
        poll::wait([Some(attempt.as_fd())], Some(left)).map_err(Error::system("wait for a supervisor"))?;
    }
}

/// The supervisor was killed. If the process was let go, the next one makes it a record: ours, or one that somebody
/// else was quicker to make.
fn taken_over(plan: &Plan, registry: &Registry) -> Result<Launched, Failure> {
    let name = plan.record.name();
    let run = registry.layout().run(name);
    let deadline = Instant::now() + TAKE_OVER;
    let _ = Call::to_adopt(name, registry.layout());
    loop {
        let is_pending = run.plan().exists() && supervisor::owner(&run).is_some();
        let is_new = |record: &Record| record.start_time() >= plan.record.start_time() && record.is_alive();
        let record = registry.find(name).ok().flatten().filter(is_new);
        if let Some(pid) = record.and_then(|record| record.pid()) {
            return Ok(Launched { pid, listens: false });
        }
        if !is_pending || Instant::now() >= deadline {
            return Err(Failure::Impossible("its supervisor was killed".to_owned()));
        }
        std::thread::sleep(TAKE_OVER_TICK);
    }
}

/// The end of a log, but nothing of what stands before `offset`.
fn last_lines(log: &Path, offset: u64) -> io::Result<Vec<u8>> {
    let file = File::open(log)?;
    let found = tail::find(&file, LAST_LINES)?;
    let mut text = Vec::new();
    let mut keep = |piece: &[u8]| {
        text.extend_from_slice(piece);
        Ok(())
    };
    tail::copy(&file, found.start.max(offset)..found.end, &mut keep)?;
    Ok(text)
}
