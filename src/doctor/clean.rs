//! Forgetting processes that are dead and were not stopped.

use super::finding::{Finding, Severity, quoted};
use super::owners::Owners;
use crate::error::Result;
use crate::lifecycle;
use crate::registry::{Found, Record, Registry, Status};
use crate::supervisor;
use crate::sys::lock;

/// What is wrong with a tracking file.
#[derive(Clone, Debug, PartialEq)]
pub enum Stale {
    /// It is no record, or has no process.
    Invalid(String),
    /// Its process is gone.
    Dead(Box<Record>),
}

/// What [`clean`] would clean, by name.
pub fn stale(registry: &Registry) -> Result<Vec<Stale>> {
    let stale = |found| match found {
        Found::Damaged(name) => Some(Stale::Invalid(name)),
        Found::Whole(record) if is_stale(&record, registry) => Some(Stale::Dead(Box::new(record))),
        Found::Whole(_) => None,
    };
    Ok(registry.scan()?.found.into_iter().filter_map(stale).collect())
}

/// Cleans; says each before it is done. Returns how many there were.
pub fn clean(registry: &Registry, mut say: impl FnMut(&Stale)) -> Result<usize> {
    let stale = stale(registry)?;
    for stale in &stale {
        say(stale);
        match stale {
            Stale::Invalid(name) => set_aside(name, registry)?,
            Stale::Dead(record) => lifecycle::forget(record, registry)?,
        }
    }
    Ok(stale.len())
}

/// Live processes whose records do not prove that they are ours, and whose ports somebody else has.
pub fn doubtful(registry: &Registry) -> Result<Vec<Finding>> {
    let mut records = registry.records()?;
    records.retain(|record| !record.is_stamped() && record.port().is_some() && record.is_alive());
    if records.is_empty() {
        return Ok(Vec::new());
    }
    let owners = Owners::read(registry)?;
    let uses = owners.uses(|port| records.iter().any(|record| record.port() == Some(port)));
    let doubt = |record: &Record| {
        let (pid, port) = (record.pid()?, record.port()?);
        let used = uses.get(&port).filter(|used| !owners.is_of(used, record))?;
        let other = used.pids.first()?;
        let name = record.name();
        let file = registry.layout().record(name).display().to_string();
        Some(Finding {
            check: "doubtful-process",
            severity: Severity::Warn,
            subject: name.to_owned(),
            message: format!("PID {pid} alive but port {port} has PID {other}"),
            fix: format!(
                "Look who it is: tsm info {}; if it is not yours: rm {}",
                quoted(name),
                quoted(&file)
            ),
        })
    };
    Ok(records.iter().filter_map(doubt).collect())
}

fn set_aside(name: &str, registry: &Registry) -> Result<()> {
    let writer = registry.lock()?;
    match registry.look(name)? {
        Some(Found::Damaged(_)) => writer.set_aside(name).and_then(|()| writer.remove_pid_file(name)),
        Some(Found::Whole(_)) | None => Ok(()),
    }
}

/// Dead, not stopped, and nobody is going to say more about it.
fn is_stale(record: &Record, registry: &Registry) -> bool {
    let run = registry.layout().run(record.name());
    record.status() != Status::Stopped
        && !record.is_alive()
        && !record.waits_for_restart()
        && !record.stop_by().is_some_and(|stopper| stopper.is_alive())
        && supervisor::owner(&run).is_none()
        && !lock::is_held(&run.process_lock())
}
