//! `port` and the scan of common ports.

use super::super::{Context, Io, Words};
use crate::doctor::Owners;
use crate::doctor::figures::Figure;
use crate::error::Result;
use crate::output::colour::Paint;
use crate::output::excerpt;
use crate::output::table::{Cell, Table};
use crate::ports::named::number;

const COMMON: [u16; 10] = [3000, 3001, 4000, 4001, 5000, 5001, 8000, 8080, 8888, 9000];
const TITLES: [&str; 5] = ["PORT", "STATUS", "PROCESS", "PID", "COMMAND"];
const NONE: &str = "-";

/// How much of a command line is shown.
const SHOWN: usize = 40;

pub(super) fn common(cx: &mut Context) -> Result<u8> {
    cx.io.line("[DOCTOR] Scanning common development ports...\n");
    let table = Table { widths: [6, 8, 20, 10, 0], is_coloured: false };
    cx.io.painted_line(&table.heading(TITLES, TITLES.map(str::len)));
    let table = Table { is_coloured: Io::is_coloured(cx.config.colour), ..table };
    let uses = Owners::read(&cx.registry)?.uses(|port| COMMON.contains(&port));
    for port in COMMON {
        let figure = uses.get(&port).map(|used| Figure::of(used.pids.first().copied()));
        cx.io.painted_line(&line(port, figure.as_ref(), &table));
    }
    cx.io.line("");
    Ok(0)
}

fn line(port: u16, figure: Option<&Figure>, table: &Table<5>) -> String {
    let port = port.to_string();
    let Some(Figure { pid, comm, args, .. }) = figure else {
        let free = Cell::painted("FREE", Paint::Good);
        return table.row([port.as_str().into(), free, NONE.into(), NONE.into(), NONE.into()]);
    };
    let used = Cell::painted("USED", Paint::Bad);
    let command = excerpt::beginning(args, SHOWN);
    table.row([
        port.as_str().into(),
        used,
        comm.as_str().into(),
        pid.as_str().into(),
        command.as_str().into(),
    ])
}

pub(super) fn one(mut words: Words, cx: &mut Context) -> Result<u8> {
    match super::port_number(words.shift(), "Usage: tsm doctor port <port-number>", cx) {
        Some(port) => report(&port, cx),
        None => Ok(1),
    }
}

/// Says who has a port; 1 if anybody does. A number that is no port is nobody's.
pub(super) fn report(text: &str, cx: &mut Context) -> Result<u8> {
    cx.io.line(format_args!("[DOCTOR] Scanning port {text}..."));
    let owners = Owners::read(&cx.registry)?;
    let Some(used) = number(text).and_then(|port| owners.use_of(port)) else {
        cx.io.line(format_args!("Port {text} is free"));
        return Ok(0);
    };
    let Figure { pid, comm, user, args } = Figure::of(used.pids.first().copied());
    let (comm, args) = (super::one_line(comm.as_bytes()), super::one_line(&args));
    cx.io.line(format_args!("Port {text} is in use"));
    cx.io.line(format_args!("  PID:     {pid}\n  Process: {comm}\n  User:    {user}\n  Command: {args}\n"));
    if used.pids.iter().any(|pid| owners.record_of(*pid).is_some()) {
        cx.io.line("This is a TSM-managed process\n  Use: tsm stop <process-name>");
    } else {
        cx.io.line("This is NOT a TSM-managed process");
        cx.io.line(format_args!("  Use: tsm doctor --kill {text}\n  Or:  kill {pid}"));
    }
    Ok(1)
}
