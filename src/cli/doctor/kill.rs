//! `kill PORT [--force]`: end those who have a port, exactly those that are shown.

use std::time::Duration;

use super::super::{Context, Words};
use super::one_line;
use crate::doctor::Owners;
use crate::doctor::evict::{self, Sent};
use crate::doctor::figures::{Figure, UNKNOWN};
use crate::error::Result;
use crate::ports::holders;
use crate::ports::named::number;
use crate::sys::proc::Identity;
use crate::sys::signal::Signal;

/// How long a process may take after SIGTERM, and after SIGKILL.
const GRACE: Duration = Duration::from_secs(2);
const AFTER_KILL: Duration = Duration::from_secs(1);

const MANAGED: &str = "This is a TSM-managed process. Use 'tsm stop <process-name>' instead.";

pub(super) fn run(mut words: Words, cx: &mut Context) -> Result<u8> {
    let word = words.shift();
    let Some(text) = super::port_number(word, "Usage: tsm doctor kill <port-number> [--force]", cx) else {
        return Ok(1);
    };
    let owners = Owners::read(&cx.registry)?;
    let Some((port, used)) = number(&text).and_then(|port| Some((port, owners.use_of(port)?))) else {
        cx.io.line(format_args!("Port {text} is already free"));
        return Ok(0);
    };
    let shown = evict::shown(&used);
    cx.io.line(format_args!("[DOCTOR] Found process using port {text}:"));
    show(&shown, cx);
    let is_managed = used.pids.iter().any(|pid| owners.record_of(*pid).is_some());
    if let Some(refusal) = if is_managed { Some(MANAGED.to_owned()) } else { refusal(port, &shown) } {
        cx.io.line(refusal);
        return Ok(1);
    }
    let asks = words.shift().is_none_or(|word| word != "--force");
    if asks && !is_meant(&shown, &text, cx) {
        cx.io.line("Cancelled");
        return Ok(0);
    }
    Ok(u8::from(!end(&shown, port, cx)))
}

fn is_meant(shown: &[Identity], port: &str, cx: &mut Context) -> bool {
    let Figure { pid, .. } = Figure::of(shown.first().map(|process| process.pid));
    cx.io.confirm(format_args!("Kill process {pid} using port {port}? (y/N): "))
}

/// Every holder, the lowest pid first.
fn show(shown: &[Identity], cx: &mut Context) {
    let pids: Vec<Option<i32>> = shown.iter().map(|process| Some(process.pid)).collect();
    for pid in if pids.is_empty() { vec![None] } else { pids } {
        let Figure { pid, comm, args, .. } = Figure::of(pid);
        let (comm, args) = (one_line(comm.as_bytes()), one_line(&args));
        cx.io.line(format_args!("  PID:     {pid}\n  Process: {comm}\n  Command: {args}"));
    }
    cx.io.line("");
}

/// Why nobody is signalled at all.
fn refusal(port: u16, shown: &[Identity]) -> Option<String> {
    if let Some(pid) = evict::untouchable(port) {
        let why = "it is init, part of tsm, or what this command runs in: nobody was signalled";
        return Some(format!("Failed to send signal to process {pid}\n  {why}"));
    }
    shown.is_empty().then(|| format!("Failed to send signal to process {UNKNOWN}"))
}

/// Whether all of them have ended.
fn end(shown: &[Identity], port: u16, cx: &mut Context) -> bool {
    let mut signalled = Vec::new();
    for process in shown {
        let pid = process.pid;
        cx.io.say(format_args!("[DOCTOR] Sending SIGTERM to process {pid}..."));
        match evict::signal(process, port, Signal::TERM) {
            Sent::Delivered => signalled.push(process.clone()),
            // One that was told before may have taken it along.
            Sent::Gone if !signalled.is_empty() => signalled.push(process.clone()),
            Sent::Gone | Sent::Refused => cx.io.line(format_args!("Failed to send signal to process {pid}")),
        }
    }
    evict::wait(&signalled, GRACE);
    kill_survivors(&signalled, port, cx);
    let mut ended = signalled.len() == shown.len();
    for process in &signalled {
        ended &= report(process, port, cx);
    }
    if ended {
        tell_port(port, cx);
    }
    ended
}

fn kill_survivors(signalled: &[Identity], port: u16, cx: &mut Context) {
    let survivors: Vec<Identity> = signalled.iter().filter(|process| process.is_alive()).cloned().collect();
    for survivor in survivors.iter().filter(|survivor| holders::holds(survivor.pid, port)) {
        cx.io.say("Process still running, sending SIGKILL...");
        evict::signal(survivor, port, Signal::KILL);
    }
    evict::wait(&survivors, AFTER_KILL);
}

fn report(process: &Identity, port: u16, cx: &mut Context) -> bool {
    let pid = process.pid;
    if !process.is_alive() {
        cx.io.line(format_args!("Process {pid} killed successfully"));
        return true;
    }
    cx.io.line(format_args!("Failed to kill process {pid}"));
    if !holders::holds(pid, port) {
        cx.io.line(format_args!(
            "  It has let go of port {port} and still runs; to end it: tsm kill --pid {pid}"
        ));
    }
    false
}

fn tell_port(port: u16, cx: &mut Context) {
    match holders::taken().contains(&port) {
        false => cx.io.line(format_args!("Port {port} is now free")),
        true => cx.io.line(format_args!("Port {port} still shows as in use (may take a moment to clear)")),
    }
}
