//! Where a run stands, and what moves it on.

use std::io::{self, Read as _};
use std::time::{Duration, Instant};

use super::Supervisor;
use super::capture::Capture;
use super::change::{self, impossible};
use crate::registry::Writer;
use crate::supervisor::{End, Failure, Message, Table, Tree, record_end};
use crate::sys::exit::Exit;
use crate::sys::signal::Signal;
use crate::sys::spawn::{self, Released};

/// How long the environment file and the activation of pyenv or nvm may take.
pub(super) const HANDSHAKE: Duration = Duration::from_secs(30);
/// Between two tries for the runtime lock, which is never held for long: first, and at most. When many processes end at
/// once, their supervisors must not spend the machine on asking whose turn it is.
const LOCK_RETRY: [Duration; 2] = [Duration::from_millis(2), Duration::from_millis(32)];
/// Between two tries to write what could not be written (a full disk, say).
pub(super) const WRITE_RETRY: Duration = Duration::from_secs(1);
/// How long left-overs of a failed start may take to die.
const LEFT_OVERS: Duration = Duration::from_secs(2);
const LEFT_OVERS_TICK: Duration = Duration::from_millis(2);

/// Where a run stands.
#[derive(Debug)]
pub(super) enum Phase {
    /// The launch script runs.
    Launching { released: Released, deadline: Instant, silent: bool },
    /// The command runs, and must go on running until then.
    Settling { until: Instant },
    /// Something is to be written as soon as the runtime lock is free.
    Writing { change: Change, not_before: Instant, last_wait: Duration },
    /// The record stands.
    Running,
    /// The end is recorded; others may still write to the fifos.
    Over,
    /// Nothing is left to do.
    Done,
}

/// What is to be written.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// The process counts as started.
    Start,
    /// It does not.
    Failure(Failure),
    /// It ended.
    End(End),
}

impl Phase {
    /// Something is to be written now.
    pub(super) fn writing(change: Change) -> Self {
        Self::Writing { change, not_before: Instant::now(), last_wait: Duration::ZERO }
    }

    /// When it goes on by itself.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Launching { deadline, .. } => Some(*deadline),
            Self::Settling { until } => Some(*until),
            Self::Writing { not_before, .. } => Some(*not_before),
            Self::Running | Self::Over | Self::Done => None,
        }
    }
}

impl Supervisor {
    /// One byte: the command of the record is next. End of file alone proves nothing, and a read that fails even less.
    pub(super) fn shake_hands(&mut self) {
        let Phase::Launching { released, silent, .. } = &mut self.phase else {
            return;
        };
        match released.handshake.read(&mut [0]) {
            Ok(0) => *silent = true,
            Ok(_) => self.settle(),
            Err(_) => {}
        }
    }

    fn settle(&mut self) {
        let stabilize = self.plan.as_ref().map_or(Duration::ZERO, |plan| plan.stabilize);
        self.phase = Phase::Settling { until: Instant::now() + stabilize };
        self.report(&Message::Ready);
    }

    pub(super) fn ended(&mut self, exit: Exit) {
        match &mut self.phase {
            Phase::Launching { released, .. } => {
                let failure = why_not_launched(released);
                self.fail(failure);
            }
            Phase::Settling { .. } | Phase::Writing { change: Change::Start, .. } => self.fail(Failure::Died),
            Phase::Running => {
                self.drain();
                self.captures.iter_mut().for_each(Capture::finish);
                let meant = self.meant_until.is_some_and(|until| Instant::now() < until);
                self.phase = Phase::writing(Change::End(End { exit, meant }));
            }
            Phase::Writing { .. } | Phase::Over | Phase::Done => {}
        }
    }

    pub(super) fn look_at_clock(&mut self) {
        let now = Instant::now();
        if self.forget_at.is_some_and(|at| at <= now) {
            self.forget_plan();
        }
        match &self.phase {
            Phase::Launching { deadline, .. } if *deadline <= now => self.fail(Failure::NoHandshake),
            Phase::Settling { until } if *until <= now => self.phase = Phase::writing(Change::Start),
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
            std::thread::sleep(LEFT_OVERS_TICK);
        }
        self.drain();
        self.phase = Phase::writing(Change::Failure(failure));
    }

    pub(super) fn write_change(&mut self) {
        let Phase::Writing { change, not_before, last_wait } = &self.phase else {
            return;
        };
        if *not_before > Instant::now() {
            return;
        }
        let (change, last_wait) = (change.clone(), *last_wait);
        match self.registry.clone().try_lock() {
            Ok(Some(writer)) => self.write(change, &writer),
            Ok(None) => self.write_later(change, self.next_wait(last_wait)),
            Err(_) => self.write_later(change, WRITE_RETRY),
        }
    }

    /// Twice the last one, spread by the pid so that those who ask together do not stay together.
    fn next_wait(&self, last: Duration) -> Duration {
        let [first, longest] = LOCK_RETRY;
        let spread = self.process.pid.unsigned_abs() % 64;
        (last * 2).clamp(first, longest) * (64 + spread) / 96
    }

    fn write_later(&mut self, change: Change, wait: Duration) {
        self.phase = Phase::Writing { change, not_before: Instant::now() + wait, last_wait: wait };
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
            Change::End(end) => match record_end(&self.run, end, writer) {
                Ok(()) => self.over(),
                Err(_) => self.write_later(Change::End(end), WRITE_RETRY),
            },
        }
    }

    pub(super) fn online(&mut self) {
        self.phase = Phase::Running;
        self.forget_plan();
        self.report(&Message::Online(self.process.pid));
        self.command = None;
    }

    /// A reservation that stays would keep the name from being restarted: tried again until it is gone.
    fn forget_plan(&mut self) {
        let layout = self.registry.layout();
        self.plan = self.plan.take().filter(|plan| change::forget_plan(plan, layout).is_err());
        self.forget_at = self.plan.as_ref().map(|_| Instant::now() + WRITE_RETRY);
    }

    pub(super) fn over(&mut self) {
        self.phase = Phase::Over;
        self.captures.iter_mut().for_each(Capture::finish);
        self.command = None;
    }
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
