//! Setting right what the death of a process, a supervisor or a command left behind. Silent; `patrol` tells.

use std::fs;

use super::adopt::{Reach, adopt};
use super::forget::is_in_use;
use crate::error::Result;
use crate::layout::{Layout, RunDir};
use crate::registry::{Found, Record, Registry, Reservation, Scan, Writer, is_valid_name};
use crate::supervisor::{Call, End, Plan, owner, record_end};
use crate::sys::atomic;
use crate::sys::dir;
use crate::sys::exit::Exit;

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

/// Sweeps once. Gives up in silence when another writer keeps the lock. What could not be written is an error, but only
/// when everything else has been done.
pub fn sweep(registry: &Registry) -> Result<Vec<Swept>> {
    settle_remains(registry);
    sweep_found(&registry.scan()?, registry)
}

/// As [`sweep`], for a command that has done its own work: what cannot be set right now is left to the next.
pub fn tidy(registry: &Registry) {
    let _ = sweep(registry);
}

/// What the death of a command or a supervisor left of a start: a plan, a reservation, a directory.
pub(super) fn settle_remains(registry: &Registry) {
    let names = run_names(registry.layout());
    settle_plans(&names, registry);
    clear_remains(&names, registry);
}

/// The part of a [`sweep`] that is about records, which have just been read.
pub(super) fn sweep_found(scan: &Scan, registry: &Registry) -> Result<Vec<Swept>> {
    let layout = registry.layout();
    let needs: Vec<(&Found, Need)> =
        scan.found.iter().map(|found| (found, Need::of(found, layout))).collect();
    let dirty = needs.iter().filter(|(_, need)| need.cleaning).map(|(found, _)| found.name());
    let swept = clean_all(&dirty.collect::<Vec<_>>(), registry);
    let orphaned = needs.iter().filter(|(_, need)| need.supervisor).filter_map(|(found, _)| found.record());
    orphaned.for_each(|record| adopt(record, Reach::All, layout));
    swept
}

/// What a record lacks, as far as can be told without the lock.
#[derive(Clone, Copy, Debug, Default)]
struct Need {
    cleaning: bool,
    supervisor: bool,
}

impl Need {
    fn of(found: &Found, layout: &Layout) -> Self {
        let Some(record) = found.record() else {
            return Self { cleaning: true, supervisor: false };
        };
        if record.status().is_final() {
            return Self { cleaning: layout.pid_file(record.name()).exists(), supervisor: false };
        }
        // A supervisor that stands makes a look at its process unnecessary: it is going to say how that ended.
        let lives_alone = owner(&layout.run(record.name())).is_none().then(|| record.is_alive());
        Self {
            cleaning: lives_alone == Some(false) || is_abandoned(record),
            supervisor: lives_alone == Some(true),
        }
    }
}

fn clean_all(names: &[&str], registry: &Registry) -> Result<Vec<Swept>> {
    let mut swept = Vec::new();
    if names.is_empty() {
        return Ok(swept);
    }
    let Ok(writer) = registry.lock() else { return Ok(swept) };
    let mut done = Ok(());
    for name in names {
        match clean(name, &writer) {
            Ok(found) => swept.extend(found),
            Err(error) => done = done.and(Err(error)),
        }
    }
    done.map(|()| swept)
}

/// Somebody began to end it, and is gone.
fn is_abandoned(record: &Record) -> bool {
    record.stop_by().is_some_and(|stopper| !stopper.is_alive())
}

fn clean(name: &str, writer: &Writer<'_>) -> Result<Option<Swept>> {
    match writer.registry().look(name)? {
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
        record_end(record, End { exit: Exit::Unseen, meant: false }, writer)?;
    }
    if !layout.pid_file(name).exists() {
        return Ok(None);
    }
    writer.remove_pid_file(name)?;
    Ok(Some(Swept::Stale { name: name.to_owned(), pid: record.pid() }))
}

/// A plan whose process lives becomes its record, one whose process is gone is removed; a supervisor that still
/// carries one out is left in peace.
fn settle_plans(names: &[String], registry: &Registry) {
    for name in names {
        let run = registry.layout().run(name);
        if run.plan().exists() && dir::is_ours(run.path()) && owner(&run).is_none() {
            settle_plan(name, &run, registry);
        }
    }
}

fn run_names(layout: &Layout) -> Vec<String> {
    let entries = fs::read_dir(layout.runs()).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// What a start that was killed left behind: its reservation, and a directory that stands for nothing.
fn clear_remains(names: &[String], registry: &Registry) {
    let recorded = registry.recorded_names();
    let is_remains = |name: &&String| !recorded.contains(*name) && stands_for_nothing(name, registry);
    if !Reservation::any_stale(registry.layout()) && !names.iter().any(|name| is_remains(&name)) {
        return;
    }
    let Ok(writer) = registry.lock() else { return };
    writer.clear_reservations();
    for name in names.iter().filter(is_remains).filter(|name| !writer.registry().is_starting(name)) {
        let _ = fs::remove_dir_all(registry.layout().run(name).path());
    }
}

/// Whether a run directory has neither record nor plan, and nobody uses it.
fn stands_for_nothing(name: &str, registry: &Registry) -> bool {
    let run = registry.layout().run(name);
    is_valid_name(name)
        && matches!(registry.look(name), Ok(None))
        && !run.plan().exists()
        && dir::is_ours(run.path())
        && owner(&run).is_none()
        && !is_in_use(&run)
}

fn settle_plan(name: &str, run: &RunDir, registry: &Registry) {
    let layout = registry.layout();
    let plan = Plan::read(&run.plan(), name);
    if plan.as_ref().is_some_and(Plan::has_begun) {
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
        if plan.made_run_dir && matches!(registry.look(name), Ok(None)) {
            let _ = fs::remove_dir_all(run.path());
        }
    }
}
