//! `tsm restart TARGET...`: stop processes and start them again under the same name and id.

use super::targets::{self, ALL};
use super::{Context, Words, shown_pid, shown_port};
use crate::error::{Error, Result};
use crate::lifecycle::{self, Progress};
use crate::registry::{self, Record, Target};

pub(super) fn catalog() -> clap::Command {
    clap::Command::new("restart")
        .about("Stop processes and start them again, same name and id")
        .override_usage("tsm restart <name|id|*>...")
        .arg(targets::catalog("name|id|*"))
}

pub(super) fn run(words: Words, cx: &mut Context) -> Result<u8> {
    let targets = targets::parse("restart", words)?;
    let mut code = 0;
    for word in &targets.words {
        let result = if word == ALL { restart_all(cx) } else { restart_one(word, cx) };
        if let Err(error) = result {
            cx.io.failure(&error);
            code = 1;
        }
    }
    Ok(code)
}

fn restart_all(cx: &mut Context) -> Result<()> {
    cx.io.say("tsm: restarting all processes...");
    let mut restarted = 0;
    for record in cx.registry.records()?.iter().filter(|record| record.is_alive()) {
        match restart_record(record, cx) {
            Ok(()) => restarted += 1,
            Err(error) => cx.io.failure(&error),
        }
    }
    cx.io.line(format_args!("tsm: restarted {restarted} process(es)"));
    Ok(())
}

fn restart_one(word: &str, cx: &mut Context) -> Result<()> {
    let record = registry::resolve_target(word, Target::Id, &cx.registry)?;
    let record = record.ok_or_else(|| Error::NoSuchProcess(word.to_owned()))?;
    restart_record(&record, cx)
}

fn restart_record(record: &Record, cx: &mut Context) -> Result<()> {
    let (name, io) = (record.name(), &mut cx.io);
    let restarted = lifecycle::restart(record, &cx.config, &cx.registry, |progress| match progress {
        Progress::Stopping => {
            io.say(format_args!("tsm: stopping '{name}' (PID: {})", shown_pid(record)));
        }
        Progress::ForceKilling => io.say(format_args!("tsm: force killing '{name}' after timeout")),
        Progress::Stopped => io.say(format_args!("tsm: stopped '{name}'")),
    })?;
    let (id, pid, port) = (restarted.tsm_id(), shown_pid(&restarted), shown_port(&restarted));
    cx.io.say(format_args!("tsm: restarted '{name}' (TSM ID: {id}, PID: {pid}, Port: {port})"));
    Ok(())
}
