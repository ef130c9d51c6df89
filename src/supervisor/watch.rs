//! The loop: one poll(2) for signals, output, the command that waits, and the end.

use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::birth::{self, Born};
use super::capture::Capture;
use super::change::{self, impossible};
use super::message::SETTLED;
use super::process::Process;
use super::{Failure, Message, Plan, Table, Tree, record_end, seat, tree};
use crate::history::{Event, EventKind};
use crate::layout::{Layout, RunDir, Stream};
use crate::registry::{Record, Registry, Writer};
use crate::sys::fifo;
use crate::sys::lock::OwnerLock;
use crate::sys::pidfd::Exit;
use crate::sys::poll::{self, Ready};
use crate::sys::proc;
use crate::sys::signal::Signal;
use crate::sys::signal_queue::{Arrival, SignalQueue};
use crate::sys::spawn::{self, Released};

/// How long the environment file and the activation of pyenv or nvm may take.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// Between two tries for the runtime lock, which is never held for long.
const LOCK_RETRY: Duration = Duration::from_millis(2);
/// Between two tries to write what could not be written (a full disk, say).
const WRITE_RETRY: Duration = Duration::from_secs(1);
/// How long left-overs of a failed start may take to die.
const LEFT_OVERS: Duration = Duration::from_secs(2);

/// Where a run stands.
#[derive(Debug)]
enum Phase {
    /// The launch script runs.
    Launching { released: Released, deadline: Instant, silent: bool },
    /// The command runs, and must go on running until then.
    Settling { until: Instant },
    /// Something is to be written as soon as the runtime lock is free.
    Writing { change: Change, not_before: Instant },
    /// The record stands.
    Running,
    /// The end is recorded; others may still write to the fifos.
    Over,
    /// Nothing is left to do.
    Done,
}

#[derive(Clone, Debug)]
enum Change {
    Start,
    Failure(Failure),
    End(Exit),
}

struct Supervisor {
    registry: Registry,
    name: String,
    _seat: OwnerLock,
    signals: SignalQueue,
    /// None for a process that writes its own logs.
    captures: Vec<Capture>,
    process: Process,
    /// The record as it was when the watch began: which run this is about.
    run: Record,
    phase: Phase,
    plan: Option<Plan>,
    command: Option<UnixStream>,
    /// Another supervisor waits for the seat.
    asked_to_leave: bool,
}

/// Runs what the command at the other end of stdin orders.
pub(super) fn supervise(tetra: &Path, name: &str) -> io::Result<()> {
    let mut command = spawn::inherited_socket()?;
    let registry = Registry::new(Layout::new(tetra).map_err(io::Error::other)?);
    let Some(mut plan) = Plan::parse(name, &read_line(&mut command)?) else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    match Supervisor::give_birth(&registry, name, &mut plan) {
        Ok(mut supervisor) => {
            supervisor.plan = Some(plan);
            supervisor.command = Some(command);
            supervisor.report(&Message::Born(supervisor.process.pid));
            supervisor.run()
        }
        Err(error) => {
            if let Ok(writer) = registry.lock() {
                let _ = change::record_failure(&plan, &writer);
            }
            command.write_all(Message::Failed(impossible(&error)).to_line().as_bytes())
        }
    }
}

/// Takes over a process whose supervisor is gone, or what one that is gone left in the fifos. Does nothing if somebody
/// has.
pub(super) fn adopt(tetra: &Path, name: &str) -> io::Result<()> {
    let command = spawn::inherited_socket()?;
    let registry = Registry::new(Layout::new(tetra).map_err(io::Error::other)?);
    let Some(mut supervisor) = Supervisor::take_over(&registry, name)? else {
        return Ok(());
    };
    supervisor.command = Some(command);
    supervisor.drain();
    match supervisor.phase {
        Phase::Running => supervisor.online(),
        Phase::Over => supervisor.over(),
        _ => {}
    }
    supervisor.run()
}

/// The command's order. It is small and comes at once; a command that dies before it ends leaves nothing to do.
fn read_line(command: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut piece = [0; 512];
    while !line.ends_with(b"\n") {
        match command.read(&mut piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => line.extend(piece.iter().take(count)),
        }
    }
    command.set_nonblocking(true)?;
    Ok(line)
}

impl Supervisor {
    fn give_birth(registry: &Registry, name: &str, plan: &mut Plan) -> io::Result<Self> {
        let layout = registry.layout();
        let seat = seat::take_over(&layout.run(name))?;
        spawn::adopt_orphans()?;
        let signals = SignalQueue::new()?;
        let captures = open_captures(&layout.run(name), |stream| layout.current_log(name, stream).into())?;
        let Born { identity, released } = birth::give_birth(plan, layout)?;
        spawn::drop_streams()?;
        std::env::set_current_dir("/")?;
        Ok(Self {
            registry: registry.clone(),
            name: name.to_owned(),
            _seat: seat,
            signals,
            captures,
            process: Process::child(identity.pid),
            run: plan.record.clone(),
            phase: Phase::Launching { released, deadline: Instant::now() + HANDSHAKE, silent: false },
            plan: None,
            command: None,
            asked_to_leave: false,
        })
    }

    /// `None`: somebody has the seat, or the name stands for nothing.
    fn take_over(registry: &Registry, name: &str) -> io::Result<Option<Self>> {
        let layout = registry.layout();
        let run = layout.run(name);
        let Some(seat) = seat::take_free(&run)? else {
            return Ok(None);
        };
        let record = registry.find(name);
        let plan = Plan::read(&run.plan(), name).filter(|plan| plan.record.is_alive());
        let Some(record) = plan.as_ref().map(|plan| plan.record.clone()).or(record) else {
            return Ok(None);
        };
        let process = record.identity().and_then(|identity| Process::adopted(&identity));
        let signals = SignalQueue::new()?;
        let captures = open_captures(&run, |stream| record.log(stream, layout).into())?;
        std::env::set_current_dir("/")?;
        let phase = match (&process, &plan) {
            (None, _) => Phase::Over,
            (Some(_), Some(_)) => writing(Change::Start),
            (Some(_), None) => Phase::Running,
        };
        if process.is_some() {
            let _ = Event::new(EventKind::Adopt, &record).append(layout);
        }
        Ok(Some(Self {
            registry: registry.clone(),
            name: name.to_owned(),
            _seat: seat,
            signals,
            captures,
            process: process.unwrap_or_else(|| Process::gone(record.pid().unwrap_or(0))),
            run: record,
            phase,
            plan,
            command: None,
            asked_to_leave: false,
        }))
    }

    fn run(mut self) -> io::Result<()> {
        loop {
            self.write_change();
            if self.is_done() {
                return Ok(());
            }
            self.wait()?;
        }
    }

    fn is_done(&self) -> bool {
        match self.phase {
            Phase::Done => true,
            Phase::Over => self.asked_to_leave || self.captures.iter().all(Capture::is_finished),
            Phase::Running => self.asked_to_leave,
            _ => false,
        }
    }

    fn wait(&mut self) -> io::Result<()> {
        let handshake = match &self.phase {
            Phase::Launching { released, silent: false, .. } => Some(released.handshake.as_fd()),
            _ => None,
        };
        let sources = [
            Some(self.signals.as_fd()),
            self.command.as_ref().map(UnixStream::as_fd),
            handshake,
            self.process.source(),
            self.captures.first().and_then(Capture::source),
            self.captures.get(1).and_then(Capture::source),
        ];
        let [signals, command, handshake, end, out, err] = poll::wait(sources, self.time_left())?;
        self.pump([out, err]);
        if command.any() {
            self.hear_command();
        }
        if handshake.any() {
            self.shake_hands();
        }
        if signals.readable {
            self.take_signals()?;
        }
        if end.any() {
            self.process.note_end();
        }
        if let Some(exit) = self.process.end() {
            self.ended(exit);
        }
        self.look_at_clock();
        Ok(())
    }

    /// Until the next thing that nothing announces.
    fn time_left(&self) -> Option<Duration> {
        let phase = match &self.phase {
            Phase::Launching { deadline, .. } => Some(*deadline),
            Phase::Settling { until } => Some(*until),
            Phase::Writing { not_before, .. } => Some(*not_before),
            Phase::Done => Some(Instant::now()),
            Phase::Running | Phase::Over => None,
        };
        let retries = self.captures.iter().filter_map(Capture::retry_at);
        let next = retries.chain(phase).chain(self.process.retry_at()).min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    fn pump(&mut self, ready: [Ready; 2]) {
        for (capture, ready) in self.captures.iter_mut().zip(ready) {
            let due = capture.retry_at().is_some_and(|at| at <= Instant::now());
            if ready.any() || due {
                capture.pump(ready.hung_up);
            }
            if let Some(bytes) = capture.take_loss() {
                let event = Event::new(EventKind::LogDropped, &self.run).with("bytes", bytes);
                let _ = event.append(self.registry.layout());
            }
        }
    }

    fn drain(&mut self) {
        self.captures.iter_mut().for_each(Capture::drain);
    }

    /// "Settled" is all that it says. One that is gone is not waited for.
    fn hear_command(&mut self) {
        let mut piece = [0; SETTLED.len()];
        let heard = self.command.as_mut().map(|command| command.read(&mut piece));
        match heard {
            Some(Ok(0) | Err(_)) => self.command = None,
            Some(Ok(_)) => {
                if let Phase::Settling { until } = &mut self.phase {
                    *until = Instant::now();
                }
            }
            None => {}
        }
    }

    /// One byte: the command of the record is next. End of file alone proves nothing.
    fn shake_hands(&mut self) {
        let Phase::Launching { released, silent, .. } = &mut self.phase else {
            return;
        };
        match released.handshake.read(&mut [0]) {
            Ok(1) => self.settle(),
            _ => *silent = true,
        }
    }

    fn settle(&mut self) {
        let stabilize = self.plan.as_ref().map_or(Duration::ZERO, |plan| plan.stabilize);
        self.phase = Phase::Settling { until: Instant::now() + stabilize };
        self.report(&Message::Ready);
    }

    fn take_signals(&mut self) -> io::Result<()> {
        while let Some(arrival) = self.signals.next()? {
            match arrival {
                Arrival::Child => self.reap(),
                Arrival::Terminate { sender } => self.asked_to_leave |= self.is_successor(sender),
            }
        }
        Ok(())
    }

    /// Only a new supervisor of this name is obeyed: a shutdown of the machine, say, ends the process first, and its
    /// last words and its exit are still ours to write.
    fn is_successor(&self, pid: i32) -> bool {
        let of_this_name = tree::claimed(pid)
            .is_some_and(|(tetra, name)| tetra == self.registry.layout().tetra() && name == *self.name);
        of_this_name && proc::user(pid) == Some(spawn::own_user())
    }

    fn reap(&mut self) {
        while let Some((pid, exit)) = spawn::reap() {
            if self.process.is_child(pid) {
                self.ended(exit);
            }
        }
    }

    fn ended(&mut self, exit: Exit) {
        match &mut self.phase {
            Phase::Launching { released, .. } => {
                let failure = why_not_launched(released);
                self.fail(failure);
            }
            Phase::Settling { .. } | Phase::Writing { change: Change::Start, .. } => self.fail(Failure::Died),
            Phase::Running => {
                self.drain();
                self.phase = writing(Change::End(exit));
            }
            Phase::Writing { .. } | Phase::Over | Phase::Done => {}
        }
    }

    fn look_at_clock(&mut self) {
        let now = Instant::now();
        match &self.phase {
            Phase::Launching { deadline, .. } if *deadline <= now => self.fail(Failure::NoHandshake),
            Phase::Settling { until } if *until <= now => self.phase = writing(Change::Start),
            _ => {}
        }
    }

    /// The start is off: nothing of it stays alive.
    fn fail(&mut self, failure: Failure) {
        let deadline = Instant::now() + LEFT_OVERS;
        let mut tree = Tree::of(&self.run, self.registry.layout());
        while tree.signal(&Table::read(), Signal::KILL) > 0 && Instant::now() < deadline {
            self.drain();
            while spawn::reap().is_some() {}
            std::thread::sleep(LOCK_RETRY);
        }
        self.drain();
        self.phase = writing(Change::Failure(failure));
    }

    fn write_change(&mut self) {
        let Phase::Writing { change, not_before } = &self.phase else {
            return;
        };
        if *not_before > Instant::now() {
            return;
        }
        let change = change.clone();
        match self.registry.clone().try_lock() {
            Ok(Some(writer)) => self.write(change, &writer),
            Ok(None) => self.write_later(change, LOCK_RETRY),
            Err(_) => self.write_later(change, WRITE_RETRY),
        }
    }

    fn write_later(&mut self, change: Change, wait: Duration) {
        self.phase = Phase::Writing { change, not_before: Instant::now() + wait };
    }

    fn write(&mut self, change: Change, writer: &Writer<'_>) {
        match change {
            Change::Start => match self.plan.as_ref().map(|plan| change::record_start(plan, writer)) {
                Some(Err(error)) => self.fail(change::not_recorded(&error)),
                _ => self.online(),
            },
            Change::Failure(failure) => {
                if let Some(plan) = &self.plan {
                    let _ = change::record_failure(plan, writer);
                }
                self.report(&Message::Failed(failure));
                self.phase = Phase::Done;
            }
            Change::End(exit) => match record_end(&self.run, exit, writer) {
                Ok(_) => self.over(),
                Err(_) => self.write_later(Change::End(exit), WRITE_RETRY),
            },
        }
    }

    fn online(&mut self) {
        self.phase = Phase::Running;
        self.plan = None;
        self.report(&Message::Online(self.process.pid));
        self.command = None;
    }

    fn over(&mut self) {
        self.phase = Phase::Over;
        self.captures.iter_mut().for_each(Capture::finish);
        self.command = None;
    }

    fn report(&mut self, message: &Message) {
        if let Some(command) = &mut self.command
            && command.write_all(message.to_line().as_bytes()).is_err()
        {
            self.command = None;
        }
    }
}

fn writing(change: Change) -> Phase {
    Phase::Writing { change, not_before: Instant::now() }
}

/// None where there are no fifos: a process of the bash tool writes its logs itself.
fn open_captures(run: &RunDir, log: impl Fn(Stream) -> PathBuf) -> io::Result<Vec<Capture>> {
    if !Stream::BOTH.iter().all(|stream| fifo::is_fifo(&run.fifo(*stream))) {
        return Ok(Vec::new());
    }
    Stream::BOTH.iter().map(|stream| Capture::open(&run.fifo(*stream), &log(*stream))).collect()
}

/// The launch script is gone: before bash ran, before it was ready, or just after.
fn why_not_launched(released: &mut Released) -> Failure {
    let mut errno = [0; 4];
    if released.failure.read_exact(&mut errno).is_ok() {
        return impossible(&io::Error::from_raw_os_error(i32::from_ne_bytes(errno)));
    }
    match released.handshake.read(&mut [0]) {
        Ok(1) => Failure::Died,
        _ => Failure::NoHandshake,
    }
}
