//! Ending a process and running it again under the same name and id.

use std::path::Path;

use super::stop::{Ending, Outcome, Stop, living};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::launch::{self, Verdict};
use crate::registry::{Record, Registry, Reservation};
use crate::supervisor::{Plan, Purpose};
use crate::sys::proc::Identity;

/// What a restart tells while it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The process is about to be asked to end.
    Stopping,
    /// It did not, and gets SIGKILL.
    ForceKilling,
    /// It ended.
    Stopped,
}

/// Restarts; the record as it is afterwards. Nothing is stopped that could not be started again.
pub fn restart(
    record: &Record,
    config: &Config,
    registry: &Registry,
    mut tell: impl FnMut(Progress),
) -> Result<Record> {
    check(record)?;
    let failed = || Error::RestartFailed { name: record.name().to_owned(), why: None };
    let own = Identity::own().ok_or_else(failed)?;
    let reservation = registry.lock()?.reserve(record.name(), &own, None)?.ok_or_else(failed)?;
    // Now that nobody else can start it, as it is: it may have been started again since it was looked up.
    let now = registry.find(record.name())?;
    let record = now.as_ref().unwrap_or(record);
    let launched = stop(record, registry, &mut tell)
        .and_then(|outcome| if outcome == Outcome::Ended { Ok(()) } else { Err(failed()) })
        .and_then(|()| run(&converted(record, registry)?, &reservation, own, config, registry));
    if launched.as_ref().is_ok_and(|runs| *runs) {
        return registry.find(record.name())?.ok_or_else(failed);
    }
    Reservation::release(reservation.id, record.name(), registry.layout())?;
    Err(launched.err().unwrap_or_else(failed))
}

/// The record that an old one, whose process had to end first, has become by now.
fn converted(record: &Record, registry: &Registry) -> Result<Record> {
    let now = if record.process_dir().is_some() { registry.find(record.name())? } else { None };
    Ok(now.unwrap_or_else(|| record.clone()))
}

/// A record that came from an old installation may not say enough; a directory may be gone.
fn check(record: &Record) -> Result<()> {
    let refuse = |why| Err(Error::RestartFailed { name: record.name().to_owned(), why });
    match (record.cwd(), record.command()) {
        (None, _) => refuse(Some("working directory unknown")),
        (_, None) => refuse(Some("no command recorded")),
        (Some(cwd), _) if !Path::new(cwd).is_dir() => refuse(None),
        _ => Ok(()),
    }
}

fn stop(record: &Record, registry: &Registry, tell: &mut impl FnMut(Progress)) -> Result<Outcome> {
    let living = living([record], registry);
    if living.is_empty() {
        return Ok(Outcome::Ended);
    }
    tell(Progress::Stopping);
    // What cannot be recorded now could not be started again either.
    let ending = Ending { unrecorded: false, ..Ending::GENTLE };
    let mut stop = Stop::begin(&living, ending, registry)?;
    let outcome = stop.wait_for(0, || tell(Progress::ForceKilling))?;
    if outcome == Outcome::Ended {
        tell(Progress::Stopped);
    }
    Ok(outcome)
}

/// Whether the process runs again.
fn run(
    record: &Record,
    reservation: &Reservation,
    by: Identity,
    config: &Config,
    registry: &Registry,
) -> Result<bool> {
    let made_run_dir = launch::make_places(record.name(), registry.layout())?;
    let plan = Plan {
        purpose: Purpose::Restart,
        record: record.clone(),
        by,
        made_run_dir,
        stabilize: config.stabilize,
    };
    let verdict = launch::launch(plan, reservation.clone(), registry)?;
    Ok(matches!(verdict, Verdict::Online(_)))
}
