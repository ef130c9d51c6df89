//! What a supervisor writes into the registry, each change one act under the runtime lock.

use crate::error::{Error, Result};
use crate::history::{Event, EventKind};
use crate::layout::{Layout, Stream};
use crate::logs::current::{self, MissingDir};
use crate::ports::ledger;
use crate::registry::{Record, Reservation, Writer};
use crate::supervisor::{Failure, Plan, Purpose};
use crate::sys::atomic;
use crate::sys::clock;

/// The process counts as started: record, pid file, ledger row, event.
pub(super) fn record_start(plan: &Plan, writer: &Writer<'_>) -> Result<()> {
    let layout = writer.layout();
    let record = match plan.purpose {
        Purpose::Start => plan.record.clone(),
        Purpose::Restart => restarted(plan, writer)?,
    };
    make_logs(&record, layout)?;
    if let Some(pid) = record.pid() {
        writer.write_pid_file(record.name(), pid)?;
    }
    writer.add(&record)?;
    // The record stands: nothing that fails now is a reason to end what runs.
    let kind = match plan.purpose {
        Purpose::Start => {
            let _ = ledger::add(&record, writer);
            EventKind::Start
        }
        Purpose::Restart => {
            let _ = ledger::renew(&record, writer);
            EventKind::Restart
        }
    };
    let _ = Event::new(kind, &record).append(layout);
    Ok(())
}

/// The record as it is now, with the new run in it: what others changed meanwhile stays changed.
fn restarted(plan: &Plan, writer: &Writer<'_>) -> Result<Record> {
    let Some(mut record) = writer.registry().find(plan.record.name())? else {
        return Ok(plan.record.clone());
    };
    if record.is_same_run(&plan.record) {
        return Ok(record);
    }
    if let (Some(run), Some(started)) = (plan.record.identity(), plan.record.start_time()) {
        record.begin(&run, started);
        record.count_restart();
        record.reset_logs(writer.layout());
    }
    Ok(record)
}

/// The process did not come to be: what was there before stays, but for a restart's status.
pub(super) fn record_failure(plan: &Plan, writer: &Writer<'_>) -> Result<()> {
    let layout = writer.layout();
    let name = plan.record.name();
    if plan.purpose == Purpose::Restart {
        writer.update(name, |_| true, |record| record.settle_stop(clock::epoch()))?;
    }
    writer.remove_pid_file(name)?;
    forget_plan(plan, layout)?;
    if plan.made_run_dir {
        let run = layout.run(name);
        std::fs::remove_dir_all(run.path()).map_err(Error::file("remove", run.path()))?;
    }
    Ok(())
}

/// The reason in the words that follow `Failed to start: NAME`.
pub(super) fn impossible(error: &std::io::Error) -> Failure {
    Failure::Impossible(crate::sys::reason(error))
}

/// The same, of a record that cannot be written.
pub(super) fn not_recorded(error: &Error) -> Failure {
    Failure::Impossible(error.reason())
}

/// What was planned is over, one way or the other: neither plan nor reservation stays.
pub(super) fn forget_plan(plan: &Plan, layout: &Layout) -> Result<()> {
    let record = &plan.record;
    let path = layout.run(record.name()).plan();
    atomic::remove(&path).map_err(Error::file("remove", &path))?;
    Reservation::release(record.tsm_id(), record.name(), layout)
}

/// Both logs exist, perhaps empty, when the start reports.
fn make_logs(record: &Record, layout: &Layout) -> Result<()> {
    let dir = layout.log_dir(record.name());
    std::fs::create_dir_all(&dir).map_err(Error::file("create", &dir))?;
    for stream in Stream::BOTH {
        let path = std::path::PathBuf::from(layout.current_log(record.name(), stream));
        current::open(&path, MissingDir::Make).map_err(Error::file("create", &path))?;
    }
    Ok(())
}
