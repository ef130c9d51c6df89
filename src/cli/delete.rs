//! `tsm delete|del TARGET...`: end processes and remove everything that tsm keeps of them, logs too.

use super::stop::wait_for;
use super::targets::{self, ALL};
use super::{Context, Words};
use crate::error::{Error, Result};
use crate::lifecycle::{self, Ending, Stop};
use crate::registry::{self, Record, Target};

pub(super) fn catalog() -> clap::Command {
    clap::Command::new("delete")
        .about("Stop processes and remove their records and logs")
        .override_usage("tsm delete <name|id|*>...")
        .arg(targets::catalog("name|id|*"))
}

pub(super) fn run(words: Words, cx: &mut Context) -> Result<u8> {
    let targets = targets::parse("delete", words)?;
    let mut code = 0;
    for word in &targets.words {
        let deleted = if word == ALL { delete_all(cx) } else { delete_one(word, cx) };
        match deleted {
            Ok(true) => {}
            Ok(false) => code = 1,
            Err(error) => {
                cx.io.failure(&error);
                code = 1;
            }
        }
    }
    lifecycle::tidy(&cx.registry);
    Ok(code)
}

fn delete_all(cx: &mut Context) -> Result<bool> {
    cx.io.say("tsm: deleting all processes...");
    let deleted = delete(&cx.registry.records()?, cx)?;
    cx.io.line(format_args!("tsm: deleted {deleted} process(es)"));
    Ok(true)
}

fn delete_one(word: &str, cx: &mut Context) -> Result<bool> {
    let Some(record) = registry::resolve_target(word, Target::Id, &cx.registry)? else {
        cx.io.line(Error::NoSuchProcess(word.to_owned()));
        return Ok(false);
    };
    Ok(delete(&[record], cx)? == 1)
}

/// How many of them are gone. Those that live are ended all at once.
fn delete(records: &[Record], cx: &mut Context) -> Result<usize> {
    let living = lifecycle::living(records, &cx.registry);
    let mut stop = Stop::begin(&living, Ending::FORCED, &cx.registry)?;
    let mut deleted = 0;
    for record in records {
        let index = living.iter().position(|living| living.name() == record.name());
        if let Some(index) = index
            && !wait_for(&mut stop, index, record, &mut cx.io)?
        {
            continue;
        }
        // Logs first: on a full disk they are the room that the rest needs.
        lifecycle::remove_logs(record.name(), &cx.config.layout)?;
        lifecycle::forget(record, &cx.registry)?;
        cx.io.say(format_args!("tsm: deleted '{}'", record.name()));
        deleted += 1;
    }
    Ok(deleted)
}
