//! `tsm stop [-f|--force] TARGET...`: end processes, each with its whole tree.

use clap::Arg;

use super::targets::{self, ALL};
use super::{Context, Io, Words, shown_pid};
use crate::error::{Error, Result};
use crate::lifecycle::{self, Ending, Outcome, Stop};
use crate::registry::{self, Record, Target};

pub(super) fn catalog() -> clap::Command {
    clap::Command::new("stop")
        .about("Stop processes and everything they started")
        .override_usage("tsm stop [--force] <name|id|pid|port|*>...")
        .arg(targets::catalog("name|id|pid|port|*"))
        .arg(Arg::new("force").long("force").short('f').num_args(0).help("SIGKILL at once"))
}

pub(super) fn run(words: Words, cx: &mut Context) -> Result<u8> {
    let targets = targets::parse("stop", words)?;
    let ending = if targets.force { Ending::FORCED } else { Ending::GENTLE };
    let mut code = 0;
    for word in &targets.words {
        let done = if word == ALL { stop_all(ending, cx)? } else { stop_one(word, ending, cx)? };
        code = code.max(u8::from(!done));
    }
    lifecycle::tidy(&cx.registry);
    Ok(code)
}

/// Whether every end is recorded, or will be. One that did not end is said, and that is all.
fn stop_all(ending: Ending, cx: &mut Context) -> Result<bool> {
    cx.io.say("tsm: stopping all processes...");
    let alive: Vec<Record> = cx.registry.records()?.into_iter().filter(Record::is_alive).collect();
    let mut stop = Stop::begin(&alive, ending, &cx.registry)?;
    let (mut stopped, mut recorded) = (0, true);
    for (index, record) in alive.iter().enumerate() {
        if wait_for(&mut stop, index, record, &mut cx.io)? {
            stopped += 1;
        }
        recorded &= is_recorded(&mut stop, index, &mut cx.io);
    }
    cx.io.line(format_args!("tsm: stopped {stopped} process(es)"));
    Ok(recorded)
}

/// Whether the target was found running and stopped, which is recorded, or will be.
fn stop_one(word: &str, ending: Ending, cx: &mut Context) -> Result<bool> {
    let record = match registry::resolve_target(word, Target::IdPidOrPort, &cx.registry) {
        Ok(record) => record,
        Err(error) => {
            cx.io.failure(&error);
            return Ok(false);
        }
    };
    let living = lifecycle::living(&record, &cx.registry);
    let [record] = living.as_slice() else {
        cx.io.line(format_args!("tsm: process '{word}' not running"));
        return Ok(false);
    };
    let mut stop = Stop::begin(&living, ending, &cx.registry)?;
    let stopped = wait_for(&mut stop, 0, record, &mut cx.io)?;
    Ok(is_recorded(&mut stop, 0, &mut cx.io) && stopped)
}

/// Says what a full disk, say, has kept from being recorded. One whose supervisor stands is recorded later.
fn is_recorded(stop: &mut Stop<'_>, index: usize, io: &mut Io) -> bool {
    let Some(error) = stop.take_unrecorded(index) else {
        return true;
    };
    io.failure(&error);
    matches!(error, Error::NotRecorded { later: true, .. })
}

/// Says what happens to one of them; whether it ended.
pub(super) fn wait_for(stop: &mut Stop<'_>, index: usize, record: &Record, io: &mut Io) -> Result<bool> {
    let (name, pid) = (record.name(), shown_pid(record));
    io.say(format_args!("tsm: stopping '{name}' (PID: {pid})"));
    let outcome =
        stop.wait_for(index, || io.say(format_args!("tsm: force killing '{name}' after timeout")))?;
    match outcome {
        Outcome::Ended => io.say(format_args!("tsm: stopped '{name}'")),
        Outcome::Survived => io.error(format_args!("tsm: failed to stop '{name}' (PID: {pid})")),
    }
    Ok(outcome == Outcome::Ended)
}
