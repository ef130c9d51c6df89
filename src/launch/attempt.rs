//! One launch, seen from the command: a supervisor is made, and what it says is waited for.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::listen;
use crate::error::{Error, Result};
use crate::layout::{Layout, Stream};
use crate::logs::tail::{self, Lines};
use crate::registry::{Record, Registry, Reservation};
use crate::supervisor::{self, Call, Failure, Message, Plan};
use crate::sys::{dir, fifo};

/// Between two looks at a port that is being waited for.
const PORT_TICK: Duration = Duration::from_millis(5);

/// How much longer than survival takes a supervisor may be silent: its own limit for the environment file, and the
/// patience of a writer for the runtime lock.
const SILENCE: Duration = Duration::from_secs(30 + 5 + 1);

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

/// Carries a plan out. The reservation goes over to the supervisor, which releases it.
pub fn launch(plan: &Plan, mut reservation: Reservation, registry: &Registry) -> Result<Verdict> {
    if !supervisor::AVAILABLE {
        return Err(Error::NoSupervisor);
    }
    let layout = registry.layout();
    let log = PathBuf::from(layout.current_log(plan.record.name(), Stream::Err));
    let written = fs::metadata(&log).map_or(0, |meta| meta.len());
    let mut call = Call::to_run(plan.record.name(), layout).map_err(Error::system("start a supervisor"))?;
    if let Some(supervisor) = call.supervisor() {
        reservation.hand_to(supervisor, layout)?;
    }
    let said = call.order(plan).and_then(|()| listen_to(&mut call, plan));
    let said = match said {
        Err(error) if error.kind() == io::ErrorKind::TimedOut => return Err(Error::LockTimeout),
        said => said.unwrap_or_else(|_| taken_over(plan, registry)),
    };
    Ok(match said {
        Ok(launched) => Verdict::Online(launched),
        Err(failure) => {
            let died = failure == Failure::Died;
            let last_words = if died { last_lines(&log, written).unwrap_or_default() } else { Vec::new() };
            Verdict::Refused(Refusal { failure, last_words })
        }
    })
}

/// Waits for what the supervisor has to say. A declared port that is listened on ends the wait for survival.
fn listen_to(call: &mut Call, plan: &Plan) -> io::Result<Result<Launched, Failure>> {
    let deadline = Instant::now() + plan.stabilize + SILENCE;
    let (mut pid, mut ready, mut listens) = (0, false, false);
    while Instant::now() < deadline {
        let watched = plan.record.port().filter(|_| ready && !listens);
        let until = if watched.is_some() { Instant::now() + PORT_TICK } else { deadline };
        match call.next(until)? {
            Some(Message::Born(born)) => pid = born,
            Some(Message::Ready) => ready = true,
            Some(Message::Online(pid)) => return Ok(Ok(Launched { pid, listens })),
            Some(Message::Failed(failure)) => return Ok(Err(failure)),
            None if watched.is_some_and(|port| listen::on(pid, port)) => {
                listens = true;
                call.settle();
            }
            None => {}
        }
    }
    Err(io::ErrorKind::TimedOut.into())
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
