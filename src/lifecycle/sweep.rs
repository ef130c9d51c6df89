//! Setting right what the death of a process, a supervisor or a command left behind. Silent; `patrol` tells.

use std::fs;
use std::time::{Duration, Instant};

use super::adopt::{Reach, adopt};
use crate::error::Result;
use crate::layout::{Layout, RunDir};
use crate::registry::{Found, Record, Registry, Reservation, Writer};
use crate::supervisor::{Call, Plan, owner, record_end};
use crate::sys::atomic;
use crate::sys::dir;
use crate::sys::pidfd::Exit;
use crate::sys::proc;

/// How long a child that was never let go may take to notice.
const LAST_BREATH: Duration = Duration::from_secs(1);

/// One thing that was cleaned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swept {
    /// A file that is no record was set aside.
    Invalid(String),
    /// The pid file of a dead process was removed.
    Stale {
        /// Whose.
        name: String,
        /// Its last pid.
        pid: Option<i32>,
    },
}

impl Swept {
    /// Whose remains they were.
    pub fn name(&self) -> &str {
        match self {
            Self::Invalid(name) | Self::Stale { name, .. } => name,
        }
    }
}

/// Sweeps once. Gives up in silence when another writer keeps the lock.
pub fn sweep(registry: &Registry) -> Result<Vec<Swept>> {
    settle_plans(registry);
    let found = registry.scan()?;
    let mut swept = Vec::new();
    if found.iter().any(|found| needs_cleaning(found, registry.layout()))
        && let Ok(writer) = registry.lock()
    {
        for name in found.iter().map(Found::name) {
            swept.extend(clean(name, &writer)?);
        }
    }
    for found in &found {
        if let Found::Whole(record) = found
            && !record.status().is_final()
            && record.is_alive()
        {
            adopt(record, Reach::All, registry.layout());
        }
    }
    Ok(swept)
}

/// Without the lock: whether [`clean`] would do anything.
fn needs_cleaning(found: &Found, layout: &Layout) -> bool {
    match found {
        Found::Damaged(_) => true,
        Found::Whole(record) if record.status().is_final() || !record.is_alive() => {
            !record.status().is_final() || layout.pid_file(record.name()).exists()
        }
        Found::Whole(record) => is_abandoned(record),
    }
}

/// Somebody began to end it, and is gone.
fn is_abandoned(record: &Record) -> bool {
    record.stop_by().is_some_and(|stopper| !stopper.is_alive())
}

fn clean(name: &str, writer: &Writer<'_>) -> Result<Option<Swept>> {
    match writer.registry().look(name) {
        None => Ok(None),
        Some(Found::Damaged(_)) => {
            writer.set_aside(name)?;
            writer.remove_pid_file(name)?;
            Ok(Some(Swept::Invalid(name.to_owned())))
        }
        Some(Found::Whole(record)) if record.is_alive() => {
            if is_abandoned(&record) {
                writer.update(name, |_| true, Record::abandon_stop)?;
            }
            Ok(None)
        }
        Some(Found::Whole(record)) => clean_dead(&record, writer),
    }
}

/// A supervisor that still stands is going to say how the process ended.
fn clean_dead(record: &Record, writer: &Writer<'_>) -> Result<Option<Swept>> {
    let (name, layout) = (record.name(), writer.layout());
    if !record.status().is_final() {
        if owner(&layout.run(name)).is_some() {
            return Ok(None);
        }
        record_end(record, Exit::Unseen, writer)?;
    }
    if !layout.pid_file(name).exists() {
        return Ok(None);
    }
    writer.remove_pid_file(name)?;
    Ok(Some(Swept::Stale { name: name.to_owned(), pid: record.pid() }))
}

/// A plan whose process lives becomes its record, one whose process is gone is removed; a supervisor that still
/// carries one out is left in peace.
fn settle_plans(registry: &Registry) {
    let layout = registry.layout();
    let entries = fs::read_dir(layout.runs()).into_iter().flatten().flatten();
    for name in entries.filter_map(|entry| entry.file_name().into_string().ok()) {
        let run = layout.run(&name);
        if run.plan().exists() && dir::is_ours(run.path()) && owner(&run).is_none() {
            settle_plan(&name, &run, registry);
        }
    }
}

fn settle_plan(name: &str, run: &RunDir, registry: &Registry) {
    let layout = registry.layout();
    let plan = Plan::read(&run.plan(), name);
    if plan.as_ref().is_some_and(has_begun) {
        let _ = Call::to_adopt(name, layout);
        return;
    }
    let Ok(_writer) = registry.lock() else { return };
    if owner(run).is_some() {
        return;
    }
    let _ = atomic::remove(&run.plan());
    if let Some(plan) = plan {
        let _ = Reservation::release(plan.record.tsm_id(), name, layout);
        if plan.made_run_dir && registry.look(name).is_none() {
            let _ = fs::remove_dir_all(run.path());
        }
    }
}

/// Whether the plan's process was let go and lives. One that still waits for its go byte ends by itself.
fn has_begun(plan: &Plan) -> bool {
    let deadline = Instant::now() + LAST_BREATH;
    while let Some(identity) = plan.record.identity().filter(proc::Identity::is_alive) {
        if !proc::runs_our_executable(identity.pid) || Instant::now() >= deadline {
            return true;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    false
}
