//! `tsm kill`: end processes by id, name, port or pid, managed or not, and forget the managed ones.

mod args;
mod glob;

use std::time::Duration;

use super::{Context, Words, shown_pid};
use crate::error::Result;
use crate::lifecycle::{self, Ending, Outcome, Stop};
use crate::output::excerpt;
use crate::ports::holders;
use crate::registry::Record;
use crate::sys::proc::{self, Identity};
use crate::sys::signal;
use args::By;

/// How long a process may take after SIGTERM.
const GRACE: Duration = Duration::from_secs(1);

pub(super) use args::catalog;

pub(super) fn run(words: Words, cx: &mut Context) -> Result<u8> {
    let Some(args) = args::parse(words)? else {
        cx.io.bytes(args::HELP.as_bytes());
        return Ok(0);
    };
    let ending = if args.force { Ending::FORCED } else { Ending::after(GRACE) };
    let mut killed = 0;
    for target in &args.targets {
        let done = match args.by {
            By::Id => by_id(target, ending, cx)?,
            By::Name => by_name(target, ending, cx)?,
            By::Port => by_port(target, ending, cx)?,
            By::Pid => by_pid(target, ending, cx)?,
        };
        killed += usize::from(done);
    }
    let failed = args.targets.len() - killed;
    if args.targets.len() > 1 {
        cx.io.line(format_args!("\n📊 Summary: {killed} succeeded, {failed} failed"));
    }
    lifecycle::tidy(&cx.registry);
    Ok(u8::from(failed > 0))
}

fn by_id(id: &str, ending: Ending, cx: &mut Context) -> Result<bool> {
    cx.io.say(format_args!("🔍 Finding process with TSM ID {id}..."));
    let records = cx.registry.records()?;
    let Some(record) = records.iter().find(|record| record.tsm_id().to_string() == id) else {
        cx.io.line(format_args!("❌ No process found with TSM ID {id}"));
        return Ok(false);
    };
    let Some(pid) = record.pid() else {
        cx.io.line(format_args!("❌ Invalid metadata for TSM ID {id}"));
        return Ok(false);
    };
    if !record.is_alive() {
        cx.io.line(format_args!("❌ Process with TSM ID {id} is not running (PID {pid} dead)"));
        lifecycle::forget(record, &cx.registry)?;
        return Ok(false);
    }
    let name = record.name();
    cx.io.line(format_args!("📋 Found process: {name} (TSM ID: {id}, PID: {pid})"));
    let killed = kill_managed(record, ending, cx)?;
    if killed {
        cx.io.line(format_args!("✅ Killed process: {name} (TSM ID: {id})"));
    }
    Ok(killed)
}

fn by_name(name: &str, ending: Ending, cx: &mut Context) -> Result<bool> {
    cx.io.say(format_args!("🔍 Finding processes with name '{name}'..."));
    let mut found = false;
    let mut all = true;
    for record in named(name, cx)? {
        found = true;
        let name = record.name();
        cx.io.line(format_args!("📋 Found TSM process: {name} (PID: {})", shown_pid(&record)));
        if kill_managed(&record, ending, cx)? {
            cx.io.line(format_args!("✅ Killed TSM process: {name}"));
        } else {
            all = false;
        }
    }
    if !found {
        cx.io.line(format_args!("❌ No TSM-managed processes found with name '{name}'"));
    }
    Ok(found && all)
}

/// The living record of that name, else every living one whose base matches it as a pattern.
fn named(name: &str, cx: &Context) -> Result<Vec<Record>> {
    if let Some(record) = cx.registry.find(name)?.filter(Record::is_alive) {
        return Ok(vec![record]);
    }
    let pattern = glob::Pattern::with_suffix(name, "-*");
    let matches = |record: &Record| pattern.matches(record.name()) && record.is_alive();
    Ok(cx.registry.records()?.into_iter().filter(matches).collect())
}

fn by_port(port: &str, ending: Ending, cx: &mut Context) -> Result<bool> {
    cx.io.say(format_args!("🔍 Finding processes using port {port}..."));
    let holders: Vec<Identity> = match port.parse() {
        Ok(number) => holders::pids_of(number).into_iter().filter_map(Identity::of).collect(),
        Err(_) => Vec::new(),
    };
    if holders.is_empty() {
        cx.io.line(format_args!("❌ No processes found using port {port}"));
        return Ok(false);
    }
    cx.io.line(format_args!("📋 Found {} process(es) using port {port}:", holders.len()));
    for holder in &holders {
        cx.io.line(format_args!("  PID {}: {}", holder.pid, command_line(holder.pid)));
    }
    let mut killed = 0;
    for holder in &holders {
        killed += usize::from(kill_any(holder, ending, cx)?);
    }
    cx.io.line(format_args!("✅ Killed {killed} process(es) on port {port}"));
    Ok(true)
}

fn by_pid(text: &str, ending: Ending, cx: &mut Context) -> Result<bool> {
    cx.io.say(format_args!("🔍 Checking process PID {text}..."));
    let Some(process) = accessible(text) else {
        cx.io.line(format_args!("❌ Process {text} not found or not accessible"));
        return Ok(false);
    };
    let pid = process.pid;
    cx.io.line(format_args!("📋 Found process: PID {pid} ({})", command_line(pid)));
    let killed = kill_any(&process, ending, cx)?;
    if killed {
        cx.io.line(format_args!("✅ Killed process: PID {pid}"));
    }
    Ok(killed)
}

/// A process that we may signal; never init, never ourselves.
fn accessible(text: &str) -> Option<Identity> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let pid: i32 = text.parse().ok().filter(|pid| is_number && *pid > 1)?;
    let process = Identity::of(pid).filter(|_| signal::may_signal(pid))?;
    (Identity::own().as_ref() != Some(&process)).then_some(process)
}

fn kill_any(process: &Identity, ending: Ending, cx: &mut Context) -> Result<bool> {
    let is_it = |record: &Record| record.identity().as_ref() == Some(process);
    if let Some(record) = cx.registry.records()?.into_iter().find(is_it) {
        return kill_managed(&record, ending, cx);
    }
    announce(process.pid, ending, cx);
    let outcome = lifecycle::kill(process, ending, || cx.io.say(STILL_RUNNING));
    Ok(report(process.pid, outcome, cx))
}

const STILL_RUNNING: &str = "⚠️  Process still running, force killing...";

/// Ends a process with its tree and forgets it.
fn kill_managed(record: &Record, ending: Ending, cx: &mut Context) -> Result<bool> {
    let pid = record.pid().unwrap_or(0);
    announce(pid, ending, cx);
    let mut stop = Stop::begin(std::slice::from_ref(record), ending, &cx.registry)?;
    let outcome = stop.wait_for(0, || cx.io.say(STILL_RUNNING))?;
    if outcome == Outcome::Ended {
        lifecycle::forget(record, &cx.registry)?;
    }
    Ok(report(pid, outcome, cx))
}

fn announce(pid: i32, ending: Ending, cx: &mut Context) {
    if ending == Ending::FORCED {
        cx.io.say(format_args!("💥 Force killing PID {pid} (SIGKILL)..."));
    } else {
        cx.io.say(format_args!("🛑 Terminating PID {pid} (SIGTERM)..."));
    }
}

fn report(pid: i32, outcome: Outcome, cx: &mut Context) -> bool {
    if outcome == Outcome::Survived {
        cx.io.line(format_args!("❌ Failed to kill PID {pid}"));
    }
    outcome == Outcome::Ended
}

/// The beginning of a command line.
fn command_line(pid: i32) -> String {
    const SHOWN: usize = 60;
    let line = proc::command_line(pid).map(|words| words.join(&b' ')).unwrap_or_default();
    excerpt::beginning(&line, SHOWN)
}
