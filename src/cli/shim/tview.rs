//! What the panels of tview show of tsm.

use std::fs::File;
use std::path::Path;

use super::super::list;
use super::{Context, NO, Words, given};
use crate::error::Result;
use crate::logs::tail::{self, Lines};
use crate::registry::Record;
use crate::services::{self, Definition, Field};

/// Each with what is said of it.
const COMMANDS: [(&str, &str); 8] = [
    ("list", "List services [running|available|all] (default: running)"),
    ("status", "Show service status"),
    ("start", "Start a service"),
    ("stop", "Stop a service"),
    ("restart", "Restart a service"),
    ("logs", "Show service logs"),
    ("doctor", "Run diagnostics"),
    ("ports", "Show port assignments"),
];

/// How many lines of the list fit into a panel.
const ROOM: usize = 20;

const RUNNING: &str = "running";
const STOPPED: &str = "stopped";

pub(super) fn commands(_words: Words, cx: &mut Context) -> Result<u8> {
    cx.io.line("TSM Service Manager TView Commands:");
    for (command, text) in COMMANDS {
        cx.io.line(format_args!("  {command:<12} {text}"));
    }
    Ok(0)
}

/// `[COMMAND WORD...]`: runs one of the commands.
pub(super) fn dispatch(words: Words, cx: &mut Context) -> Result<u8> {
    let word = words.clone().shift().unwrap_or_default();
    if COMMANDS.iter().any(|(command, _)| *command == word) {
        return Ok(super::super::run(words.rest()));
    }
    if !matches!(word.as_str(), "" | "help") {
        cx.io.line(format_args!("TSM TView Error: Unknown command '{word}'\n"));
        commands(words, cx)?;
        return Ok(NO);
    }
    commands(words, cx)
}

/// `SHIM_DIRECTORY`
pub(super) fn status(mut words: Words, cx: &mut Context) -> Result<u8> {
    let running = live(cx)?.len();
    cx.io.line("TSM Service Manager Status");
    cx.io.line("==========================");
    cx.io.line(format_args!("\nActive Services: {running}"));
    if let Ok(log) = File::open(Path::new(&words.shift_raw().unwrap_or_default()).join("logs/tsm.log")) {
        cx.io.line("\nRecent Activity:");
        if let Ok(range) = tail::find(&log, Lines::Last(5)) {
            let io = &mut cx.io;
            let _ = tail::copy(&log, range, &mut |bytes| {
                io.bytes(bytes);
                Ok(())
            });
        }
    }
    cx.io.line("\nCommands: Use '/tsm help' for available commands");
    Ok(0)
}

pub(super) fn list(_words: Words, cx: &mut Context) -> Result<u8> {
    cx.io.line("Active TSM Services:");
    cx.io.line("===================");
    let records = live(cx)?;
    if records.is_empty() {
        cx.io.line("No services currently running\n\nStart services with: /tsm start <service>");
        return Ok(0);
    }
    list::show_beginning(&records, ROOM, cx);
    if let Some(more) = records.len().checked_sub(ROOM).filter(|more| *more > 0) {
        cx.io.line(format_args!("... and {more} more services"));
        cx.io.line("Use 'tsm list' in full terminal for complete list");
    }
    Ok(0)
}

/// `SERVICE`
pub(super) fn service_status(mut words: Words, cx: &mut Context) -> Result<u8> {
    let live = live(cx)?;
    cx.io.line(state(&words.shift().unwrap_or_default(), &live));
    Ok(0)
}

/// `SERVICE`
pub(super) fn service_info(mut words: Words, cx: &mut Context) -> Result<u8> {
    let (name, layout) = (given(&mut words).unwrap_or_default(), cx.config.layout.clone());
    if !services::exists(&name, &layout) {
        cx.io.line("Service not found");
        return Ok(NO);
    }
    let service = Definition::read(&name, &layout);
    let environment = Some(service.value(Field::EnvFile)).filter(|file| !file.is_empty());
    let enabled = if services::is_enabled(&name, &layout) { "enabled" } else { "disabled" };
    let live = live(cx)?;
    for (label, value) in [
        ("Name", service.value(Field::Name)),
        ("Command", service.value(Field::Command)),
        ("Directory", service.value(Field::Cwd)),
        ("Environment", environment.unwrap_or("none")),
        ("Status", enabled),
        ("Running", state(&name, &live)),
    ] {
        cx.io.line(format_args!("{label}: {value}"));
    }
    Ok(0)
}

pub(super) fn summary(_words: Words, cx: &mut Context) -> Result<u8> {
    let available = services::names(&cx.config.layout)?;
    let enabled = services::enabled(&cx.config.layout)?.map_or(0, |names| names.len());
    let live = live(cx)?;
    let running = available.iter().filter(|name| state(name, &live) == RUNNING).count();
    let available = available.len();
    cx.io.line(format_args!("Services: {running} running, {enabled} enabled, {available} available"));
    Ok(0)
}

fn live(cx: &Context) -> Result<Vec<Record>> {
    let mut records = cx.registry.records()?;
    records.retain(Record::is_alive);
    Ok(records)
}

/// A service runs when a process is named after it and a port, or anything else behind a dash.
fn state(service: &str, live: &[Record]) -> &'static str {
    let runs = |record: &Record| {
        let rest = record.name().strip_prefix(service);
        rest.is_some_and(|rest| rest.starts_with('-'))
    };
    if !service.is_empty() && live.iter().any(runs) { RUNNING } else { STOPPED }
}
