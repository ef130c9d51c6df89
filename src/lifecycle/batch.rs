//! Starting processes whose names and ids are reserved, as many at the same time as there are.

use std::collections::VecDeque;
use std::num::NonZero;
use std::thread;
use std::time::Instant;

use super::check::Check;
use super::started::{Audience, Reply, failed};
use super::stop::{Ending, Stop, living};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::launch::{self, Attempt, Look, Verdict};
use crate::registry::{Record, Registry, Reservation, Spec};
use crate::supervisor::{Plan, Purpose};
use crate::sys::poll;
use crate::sys::proc::Identity;

/// How many launches may be under way: each has a socket open.
const UNDER_WAY: usize = 400;

/// Processes that are being started, in the order they are reported in.
pub(super) struct Batch<'a> {
    own: Identity,
    config: &'a Config,
    registry: &'a Registry,
    /// How many may be born at the same time.
    births: usize,
    runs: VecDeque<Run>,
    /// That it is the turn of the first has been told.
    is_told: bool,
}

/// A place in the list.
pub(super) enum Run {
    /// Not begun.
    Waiting(Spec, Reservation, Audience),
    /// A supervisor is at it.
    Launching(Box<Attempt>, Reservation, Audience),
    /// It runs; whether it listens is looked at.
    Checking(Check),
    /// Nothing is left to do but to report it.
    Over(Reply),
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        runs: VecDeque<Run>,
        own: Identity,
        config: &'a Config,
        registry: &'a Registry,
    ) -> Self {
        // Asking how many cores there are costs more than it helps one start.
        let births = if runs.len() > 1 { thread::available_parallelism().map_or(1, NonZero::get) } else { 1 };
        Self { own, config, registry, births, runs, is_told: false }
    }

    /// Starts all, and reports each in its turn.
    pub(super) fn run(mut self, report: &mut dyn FnMut(Reply)) -> Result<()> {
        self.end_left_overs()?;
        loop {
            self.tell_turn(report);
            self.step();
            while let Some(reply) = self.take_first() {
                report(reply);
                self.tell_turn(report);
            }
            if self.runs.is_empty() {
                return Ok(());
            }
            self.wait()?;
        }
    }

    /// What dead runs of these names left behind is ended first: it holds their ports.
    fn end_left_overs(&self) -> Result<()> {
        let last = |run: &Run| match run {
            Run::Waiting(spec, ..) => last_run(&spec.name, self.registry).transpose(),
            _ => None,
        };
        let last_runs = self.runs.iter().filter_map(last).collect::<Result<Vec<Record>>>()?;
        let left_overs = living(&last_runs, self.registry);
        if left_overs.is_empty() {
            return Ok(());
        }
        let mut stop = Stop::begin(&left_overs, Ending::GENTLE, self.registry)?;
        (0..left_overs.len()).try_for_each(|index| stop.wait_for(index, || {}).map(drop))
    }

    fn tell_turn(&mut self, report: &mut dyn FnMut(Reply)) {
        let is_tried = |first: &Run| !matches!(first, Run::Over(Reply::AlreadyRunning(_)));
        if !self.is_told && self.runs.front().is_some_and(is_tried) {
            self.is_told = true;
            report(Reply::Starting);
        }
    }

    fn take_first(&mut self) -> Option<Reply> {
        match self.runs.pop_front()? {
            Run::Over(reply) => {
                self.is_told = false;
                Some(reply)
            }
            run => {
                self.runs.push_front(run);
                None
            }
        }
    }

    /// One look at all of them, then as many new ones as there is room for.
    fn step(&mut self) {
        let look = Look::default();
        let runs = std::mem::take(&mut self.runs);
        self.runs = runs.into_iter().map(|run| self.moved_on(run, &look)).collect();
        let mut room = self.room();
        for run in &mut self.runs {
            if room > 0 && matches!(run, Run::Waiting(..)) {
                room -= 1;
                begin(run, &self.own, self.config, self.registry);
            }
        }
    }

    /// How many more may be born at this moment.
    fn room(&self) -> usize {
        let in_birth = self.attempts().filter(|attempt| attempt.is_in_birth()).count();
        self.births.saturating_sub(in_birth).min(UNDER_WAY.saturating_sub(self.attempts().count()))
    }

    fn attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.runs.iter().filter_map(|run| match run {
            Run::Launching(attempt, ..) => Some(&**attempt),
            _ => None,
        })
    }

    fn moved_on(&self, run: Run, look: &Look) -> Run {
        match run {
            Run::Launching(mut attempt, reservation, audience) => match attempt.step(look, self.registry) {
                Ok(None) => Run::Launching(attempt, reservation, audience),
                Ok(Some(verdict)) => self.launched(attempt.record(), verdict, &reservation, audience, look),
                Err(error) => off(error, &reservation, self.registry),
            },
            Run::Checking(check) => self.checked(check, look),
            run => run,
        }
    }

    fn launched(
        &self,
        planned: &Record,
        verdict: Verdict,
        reservation: &Reservation,
        audience: Audience,
        look: &Look,
    ) -> Run {
        match verdict {
            Verdict::Online(launched) => {
                let record = self.registry.find(planned.name()).ok().flatten();
                let record = record.unwrap_or_else(|| planned.clone());
                self.checked(Check::new(record, launched, audience), look)
            }
            Verdict::Refused(refusal) => {
                let _ = give_back(reservation, self.registry);
                Run::Over(Reply::Done(Ok(failed(planned.clone(), refusal))))
            }
        }
    }

    fn checked(&self, mut check: Check, look: &Look) -> Run {
        match check.step(look, self.registry) {
            Ok(None) => Run::Checking(check),
            Ok(Some(started)) => Run::Over(Reply::Done(Ok(started))),
            Err(error) => Run::Over(Reply::Done(Err(error))),
        }
    }

    /// Until a supervisor says something, or a look is due.
    fn wait(&self) -> Result<()> {
        let looks = self.runs.iter().filter_map(|run| match run {
            Run::Launching(attempt, ..) => Some(attempt.next_step()),
            Run::Checking(check) => Some(check.next_step()),
            Run::Waiting(..) | Run::Over(_) => None,
        });
        let Some(next) = looks.min() else { return Ok(()) };
        let sockets: Vec<_> = self.attempts().map(Attempt::as_fd).collect();
        let left = next.saturating_duration_since(Instant::now());
        poll::wait_any(&sockets, Some(left)).map_err(Error::system("wait for a supervisor"))
    }
}

/// Makes a supervisor, which the reservation goes over to.
fn begin(run: &mut Run, own: &Identity, config: &Config, registry: &Registry) {
    let Run::Waiting(spec, reservation, audience) = run else { return };
    let (spec, reservation, audience) = (spec.clone(), reservation.clone(), *audience);
    *run = match attempt(spec, &reservation, own, config, registry) {
        Ok(attempt) => Run::Launching(Box::new(attempt), reservation, audience),
        Err(error) => off(error, &reservation, registry),
    };
}

fn attempt(
    spec: Spec,
    reservation: &Reservation,
    by: &Identity,
    config: &Config,
    registry: &Registry,
) -> Result<Attempt> {
    let layout = registry.layout();
    let made_run_dir = launch::make_places(&spec.name, layout)?;
    let plan = Plan {
        purpose: Purpose::Start,
        record: Record::new(reservation.id, spec, layout),
        by: by.clone(),
        made_run_dir,
        stabilize: config.stabilize,
    };
    Attempt::begin(plan, reservation.clone(), registry)
}

fn off(error: Error, reservation: &Reservation, registry: &Registry) -> Run {
    let given_back = give_back(reservation, registry);
    Run::Over(Reply::Done(given_back.and(Err(error))))
}

/// Usually the supervisor has done so; but that may have been killed, or never been.
fn give_back(reservation: &Reservation, registry: &Registry) -> Result<()> {
    Reservation::release(reservation.id, &reservation.name, registry.layout())
}

/// The last run of a name, also when its record is lost. A name that nothing has run under has none.
fn last_run(name: &str, registry: &Registry) -> Result<Option<Record>> {
    let has_run = registry.layout().run(name).path().exists();
    Ok(registry.find(name)?.or_else(|| has_run.then(|| Record::unknown(name))))
}
