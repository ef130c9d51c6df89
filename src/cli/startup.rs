//! `tsm startup`: start every enabled service. And what a service says when it is started.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;

use super::{Context, Io, Words, started};
use crate::error::{Error, Result};
use crate::lifecycle::{Reply, Started};
use crate::services::{self, Asked, Reuse, Step};
use crate::sys::clock;

pub(super) fn catalog() -> clap::Command {
    clap::Command::new("startup").about("Start every enabled service that does not run yet")
}

/// Ignores its words. Services that fail do not make it fail.
pub(super) fn run(_words: Words, cx: &mut Context) -> Result<u8> {
    let Some(names) = services::enabled(&cx.config.layout)? else {
        cx.io.line("No enabled services directory found");
        return Ok(0);
    };
    cx.io.say("🚀 Starting enabled services...");
    let (mut started, mut failed) = (0, 0);
    let io = &mut cx.io;
    services::start(&names, Reuse::OfService, &cx.config, &cx.registry, &mut |service, step| match step {
        Step::Begins => io.say(format_args!("Starting {service}...")),
        Step::Reply(asked, reply) => match tell(service, asked, &reply, io) {
            Some(true) => started += 1,
            Some(false) => {
                io.say(format_args!("❌ Failed to start {service}"));
                failed += 1;
            }
            None => {}
        },
    })?;
    io.line(format_args!("✅ Startup complete: {started} started, {failed} failed"));
    let log = cx.config.layout.startup_log();
    let date = clock::local_date(clock::epoch());
    append(&log, &format!("{date}: Started {started} services, {failed} failed\n"))
        .map_err(Error::file("write", &log))?;
    Ok(0)
}

fn append(log: &Path, line: &str) -> io::Result<()> {
    OpenOptions::new().append(true).create(true).open(log)?.write_all(line.as_bytes())
}

/// Says what comes of a service; at the end whether it runs as it should.
pub(super) fn tell(service: &str, asked: &Asked, reply: &Reply, io: &mut Io) -> Option<bool> {
    let Asked::Process { name, port, missing_env_file } = asked else {
        return tell_nothing(reply, io);
    };
    match reply {
        Reply::AlreadyRunning(process) => {
            tell_port(service, port.as_deref(), io);
            io.say(format_args!("⚠️  Service already running: {process}"));
            Some(true)
        }
        Reply::Starting => {
            tell_port(service, port.as_deref(), io);
            match port {
                Some(port) => io.say(format_args!("Starting {service} on port {port}...")),
                None => io.say(format_args!("Starting {service}...")),
            }
            if let Some(file) = missing_env_file {
                io.error(format_args!("tsm: environment file not found: {}", file.display()));
            }
            None
        }
        Reply::Done(started) => Some(tell_start(name, port.as_deref(), started, io)),
    }
}

/// There is no definition, or it cannot be run: that is no failure of a start.
fn tell_nothing(reply: &Reply, io: &mut Io) -> Option<bool> {
    let Reply::Done(Err(error)) = reply else { return None };
    io.say(error);
    Some(false)
}

fn tell_port(service: &str, port: Option<&str>, io: &mut Io) {
    if port.is_none() {
        let text = "starting without port binding";
        io.line(format_args!("⚠️  No port specified for service {service}, {text}"));
    }
}

fn tell_start(name: &str, port: Option<&str>, started: &Result<Started>, io: &mut Io) -> bool {
    let started = match started {
        Ok(started) => started,
        Err(error) => {
            io.failure(error);
            return false;
        }
    };
    if !started::report(started, io) {
        return false;
    }
    let serves = matches!(started, Started::Online { serves: true, .. });
    match port {
        None => io.say(format_args!("✅ {name}-auto started")),
        Some(port) if serves => io.say(format_args!("✅ {name}-{port} listening on port {port}")),
        Some(port) => io.say(format_args!("❌ {name}-{port} failed to open port {port}")),
    }
    port.is_none() || serves
}
