//! `tsm paths TARGET`: where the files of a process are.

use super::{Context, Words, usage};
use crate::error::Result;
use crate::layout::Stream;
use crate::registry;

const USAGE: &str = "tsm: paths <process|id>";

pub(super) fn catalog() -> clap::Command {
    clap::Command::new("paths")
        .about("Show where a process's files are")
        .override_usage("tsm paths <process|id>")
        .arg(super::target())
}

pub(super) fn run(mut words: Words, cx: &mut Context) -> Result<u8> {
    let target = words.shift().filter(|word| !word.is_empty()).ok_or_else(|| usage(USAGE))?;
    let record = registry::resolve(&target, &cx.registry)?;
    let (name, layout) = (record.name(), &cx.config.layout);
    cx.io.line(format_args!("Paths for process '{name}' (ID: {}):", record.tsm_id()));
    cx.io.line(format_args!("  meta: {}", layout.record(name).display()));
    cx.io.line(format_args!("  pid:  {}", layout.pid_file(name).display()));
    cx.io.line(format_args!("  env:  {}", layout.env_dump(name).display()));
    for stream in Stream::BOTH {
        cx.io.line(format_args!("  {}:  {}", stream.name(), record.log(stream, layout)));
    }
    Ok(0)
}
