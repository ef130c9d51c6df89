//! The loop: one poll(2) for signals, output, the command that waits, and the end.

mod begin;
mod birth;
mod capture;
mod change;
mod environment;
mod phase;
mod process;
mod script;
mod seat;

pub(super) use begin::{adopt, supervise};

use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use self::capture::Capture;
use self::phase::Phase;
use self::process::Process;
use super::message::SETTLED;
use super::{Message, Plan, tree};
use crate::history::{Event, EventKind};
use crate::registry::{Record, Registry};
use crate::sys::dir;
use crate::sys::lock::OwnerLock;
use crate::sys::memory;
use crate::sys::poll::{self, Ready};
use crate::sys::proc;
use crate::sys::signal_queue::{Arrival, SignalQueue};
use crate::sys::spawn;

/// How long it holds that an end is meant: longer than any stop waits, not so long as to cover for a crash later on.
const INTENT_HOLDS: Duration = Duration::from_secs(20);

/// Everything a supervisor knows.
struct Supervisor {
    registry: Registry,
    #[expect(dead_code, reason = "held for its lock")]
    seat: OwnerLock,
    signals: SignalQueue,
    /// None for a process that writes its own logs.
    captures: Vec<Capture>,
    process: Process,
    /// The record as it was when the watch began: which run this is about.
    run: Record,
    phase: Phase,
    /// What is to run, until the record stands and nothing of the plan is left.
    plan: Option<Plan>,
    /// When to try again to remove a plan that could not be.
    forget_at: Option<Instant>,
    command: Option<UnixStream>,
    /// A command that could not write so has said that the end is meant, if it comes before then.
    meant_until: Option<Instant>,
    /// Another supervisor waits for the seat.
    asked_to_leave: bool,
    /// What only the beginning needed has been given back.
    is_light: bool,
}

impl Supervisor {
    /// Watches until there is nothing left to do.
    fn run(mut self) -> io::Result<()> {
        loop {
            self.write_change();
            if self.is_done() {
                self.tell_losses(|_| true);
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
        self.become_light();
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
        // Whoever meant the end has said so before it came, but perhaps after poll(2) looked.
        if signals.readable || end.any() {
            self.take_signals()?;
        }
        if end.any() {
            self.process.note_end();
        }
        if let Some(exit) = self.process.take_end() {
            self.ended(exit);
        }
        self.look_at_clock();
        Ok(())
    }

    /// From here on it mostly sleeps: there are as many of these as there are processes.
    fn become_light(&mut self) {
        if !self.is_light && matches!(self.phase, Phase::Running) {
            self.is_light = true;
            memory::release_code();
        }
    }

    /// Until the next thing that nothing announces.
    fn time_left(&self) -> Option<Duration> {
        let retries = self.captures.iter().filter_map(Capture::retry_at);
        let own = self.phase.deadline().into_iter().chain(self.process.retry_at()).chain(self.forget_at);
        let next = retries.chain(own).min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    fn pump(&mut self, ready: [Ready; 2]) {
        for (capture, ready) in self.captures.iter_mut().zip(ready) {
            if ready.any() || capture.is_due() {
                capture.pump(ready.hung_up);
            }
        }
        self.tell_losses(Capture::is_loss_due);
    }

    /// The disk that is too full for a log may be too full for the history as well: what cannot be told is kept.
    fn tell_losses(&mut self, is_due: impl Fn(&Capture) -> bool) {
        for capture in self.captures.iter_mut().filter(|capture| is_due(capture)) {
            if let Some(bytes) = capture.loss() {
                let event = Event::new(EventKind::LogDropped, &self.run).with("bytes", bytes);
                capture.note_told(event.append(self.registry.layout()).is_ok());
            }
        }
    }

    fn catch_up(&mut self) {
        self.captures.iter_mut().for_each(Capture::catch_up);
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

    fn take_signals(&mut self) -> io::Result<()> {
        while let Some(arrival) = self.signals.next()? {
            match arrival {
                Arrival::Child => self.reap(),
                Arrival::Quit => self.meant_until = Some(Instant::now() + INTENT_HOLDS),
                Arrival::Terminate { sender } => self.asked_to_leave |= self.is_successor(sender),
            }
        }
        Ok(())
    }

    /// Only a new supervisor of this name is obeyed: a shutdown of the machine, say, ends the process first, and its
    /// last words and its exit are still ours to write.
    fn is_successor(&self, pid: i32) -> bool {
        let own = self.registry.layout().run(self.run.name());
        tree::claimed(pid).is_some_and(|run| dir::same_file(run.path(), own.path()))
            && proc::user(pid) == Some(spawn::own_user())
    }

    fn reap(&mut self) {
        while let Some((pid, exit)) = spawn::reap() {
            if self.process.is_child(pid) {
                self.ended(exit);
            }
        }
    }

    fn report(&mut self, message: &Message) {
        if let Some(command) = &mut self.command
            && command.write_all(message.to_line().as_bytes()).is_err()
        {
            self.command = None;
        }
    }
}
