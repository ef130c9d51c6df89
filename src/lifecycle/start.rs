//! From a spec to a process that runs and is recorded.

use super::stop::{Ending, Stop, living};
use super::sweep::{settle_remains, sweep_found};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::launch::{self, Blocker, Launched, Refusal, Verdict};
use crate::ports::ledger;
use crate::registry::{Record, Registry, Reservation, Scan, Spec};
use crate::supervisor::{Failure, Plan, Purpose};
use crate::sys::proc::Identity;

/// What became of a start.
#[derive(Debug)]
pub enum Started {
    /// It runs.
    Online {
        /// Its record.
        record: Record,
        /// What it was found to listen on.
        listening: Listening,
    },
    /// It ended before it counted as started.
    Failed {
        /// Why, in the words of the report.
        reason: String,
        /// The last lines it wrote to stderr.
        last_words: Vec<u8>,
        /// Who has its port.
        blocker: Option<Blocker>,
    },
}

/// A process and its declared port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listening {
    /// It listens there, or has none declared.
    AsDeclared,
    /// It listens on another.
    Elsewhere(u16),
    /// It does not listen (yet).
    Nowhere,
}

/// Starts a process. What a dead one of the same name left behind is ended first: it holds the port.
pub fn start(spec: Spec, config: &Config, registry: &Registry) -> Result<Started> {
    settle_remains(registry);
    let own = Identity::own().ok_or_else(|| Error::AlreadyRunning(spec.name.clone()))?;
    let (reserved, scan) = reserve(&spec.name, &own, registry)?;
    // Silent, and no reason not to start.
    let _ = sweep_found(&scan, registry);
    let reservation = reserved.ok_or_else(|| Error::AlreadyRunning(spec.name.clone()))?;
    let launched = launch(spec, &reservation, own, config, registry);
    if !matches!(launched, Ok((_, Verdict::Online(_)))) {
        // Usually its supervisor has done so; but that may have been killed, or never been.
        Reservation::release(reservation.id, &reservation.name, registry.layout())?;
    }
    match launched? {
        (record, Verdict::Online(launched)) => online(&record, launched, registry),
        (record, Verdict::Refused(refusal)) => Ok(failed(&record, refusal)),
    }
}

/// Every record is read once, under the lock: for the id, and for the sweep that follows. `None`: the name is taken.
fn reserve(name: &str, own: &Identity, registry: &Registry) -> Result<(Option<Reservation>, Scan)> {
    let writer = registry.lock()?;
    let scan = registry.scan()?;
    let is_taken = registry.find(name)?.is_some_and(|record| record.is_alive());
    let reservation = if is_taken { None } else { writer.reserve(name, own, Some(&scan))? };
    Ok((reservation, scan))
}

fn launch(
    spec: Spec,
    reservation: &Reservation,
    by: Identity,
    config: &Config,
    registry: &Registry,
) -> Result<(Record, Verdict)> {
    let layout = registry.layout();
    let left_overs = living(&last_run(&spec.name, registry)?, registry);
    if !left_overs.is_empty() {
        Stop::begin(&left_overs, Ending::GENTLE, registry)?.wait_for(0, || {})?;
    }
    let made_run_dir = launch::make_places(&spec.name, layout)?;
    let plan = Plan {
        purpose: Purpose::Start,
        record: Record::new(reservation.id, spec, layout),
        by,
        made_run_dir,
        stabilize: config.stabilize,
    };
    let verdict = launch::launch(&plan, reservation.clone(), registry)?;
    Ok((plan.record, verdict))
}

/// The last run of a name, also when its record is lost. A name that nothing has run under has none.
fn last_run(name: &str, registry: &Registry) -> Result<Option<Record>> {
    let has_run = registry.layout().run(name).path().exists();
    Ok(registry.find(name)?.or_else(|| has_run.then(|| Record::unknown(name))))
}

fn online(planned: &Record, launched: Launched, registry: &Registry) -> Result<Started> {
    let record = registry.find(planned.name()).ok().flatten().unwrap_or_else(|| planned.clone());
    let listening = match record.port() {
        Some(port) if !launched.listens => match launch::first_port(launched.pid) {
            None => Listening::Nowhere,
            Some(found) if found == port => Listening::AsDeclared,
            Some(found) => {
                ledger::set_found(record.tsm_id(), found, &registry.lock()?)?;
                Listening::Elsewhere(found)
            }
        },
        _ => Listening::AsDeclared,
    };
    Ok(Started::Online { record, listening })
}

fn failed(record: &Record, refusal: Refusal) -> Started {
    let reason = match &refusal.failure {
        Failure::NoHandshake => "no PID file".to_owned(),
        Failure::Died => "process died immediately".to_owned(),
        Failure::Impossible(reason) => reason.clone(),
    };
    let died = refusal.failure == Failure::Died;
    let blocker = record.port().filter(|_| died).and_then(launch::blocker);
    Started::Failed { reason, last_words: refusal.last_words, blocker }
}
