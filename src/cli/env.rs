//! `tsm env TARGET`: the environment a process was started with.

use std::fs;
use std::io;

use super::{Context, Words, usage};
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::registry::{self, Record};
use crate::sys::proc;

const USAGE: &str = "tsm: env <process|id>";

pub(super) fn catalog() -> clap::Command {
    clap::Command::new("env")
        .about("Show the environment a process was started with")
        .override_usage("tsm env <process|id>")
        .arg(super::target())
}

pub(super) fn run(mut words: Words, cx: &mut Context) -> Result<u8> {
    let target = words.shift().filter(|word| !word.is_empty()).ok_or_else(|| usage(USAGE))?;
    let record = registry::resolve(&target, &cx.registry)?;
    let mut entries = match of_process(&record) {
        Some(entries) => entries,
        None => dumped(&record, &cx.config.layout)?,
    };
    entries.retain(|entry| !entry.is_empty());
    entries.sort_unstable();
    entries.iter().for_each(|entry| cx.io.line_bytes(entry));
    Ok(0)
}

/// What the kernel keeps of a live process; `None` also when it is another user's.
fn of_process(record: &Record) -> Option<Vec<Vec<u8>>> {
    let identity = record.identity()?;
    let entries = proc::environment(identity.pid)?;
    identity.is_alive().then_some(entries)
}

/// The dump that the bash tool left.
fn dumped(record: &Record, layout: &Layout) -> Result<Vec<Vec<u8>>> {
    let path = layout.env_dump(record.name());
    match fs::read(&path) {
        Ok(bytes) => Ok(bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(Error::NoEnvironment(record.name().to_owned()))
        }
        Err(error) => Err(Error::file("read", &path)(error)),
    }
}
