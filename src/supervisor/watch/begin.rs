//! How a watch begins: with an order to run something, or with a process that has lost its supervisor.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::birth::{self, Born};
use super::capture::Capture;
use super::change::{self, impossible};
use super::phase::{Change, HANDSHAKE, Phase};
use super::process::Process;
use super::{Supervisor, seat};
use crate::history::{Event, EventKind};
use crate::layout::{Layout, RunDir, Stream};
use crate::registry::Registry;
use crate::supervisor::{Message, Plan};
use crate::sys::signal_queue::SignalQueue;
use crate::sys::{fifo, spawn};

/// Runs what the command at the other end of stdin orders.
pub(in crate::supervisor) fn supervise(tetra: &Path, name: &str) -> io::Result<()> {
    let mut command = spawn::inherited_socket()?;
    let registry = Registry::new(Layout::new(tetra).map_err(io::Error::other)?);
    let Some(mut plan) = Plan::parse(name, &read_line(&mut command)?) else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    match Supervisor::give_birth(&registry, name, &mut plan) {
        Ok(mut supervisor) => {
            supervisor.plan = Some(plan);
            supervisor.command = Some(command);
            supervisor.report(&Message::Born(supervisor.process.pid));
            supervisor.run()
        }
        Err(error) => {
            if let Ok(writer) = registry.lock() {
                let _ = change::record_failure(&plan, &writer);
            }
            command.write_all(Message::Failed(impossible(&error)).to_line().as_bytes())
        }
    }
}

/// Takes over a process whose supervisor is gone, or what one that is gone left in the fifos. Does nothing if somebody
/// has.
pub(in crate::supervisor) fn adopt(tetra: &Path, name: &str) -> io::Result<()> {
    let command = spawn::inherited_socket()?;
    let registry = Registry::new(Layout::new(tetra).map_err(io::Error::other)?);
    let Some(mut supervisor) = Supervisor::take_over(&registry, name)? else {
        return Ok(());
    };
    supervisor.command = Some(command);
    match supervisor.phase {
        Phase::Over => {
            supervisor.drain();
            supervisor.over();
        }
        Phase::Running => {
            supervisor.catch_up();
            supervisor.online();
        }
        _ => supervisor.catch_up(),
    }
    supervisor.run()
}

/// The command's order. It is small and comes at once; a command that dies before it ends leaves nothing to do.
fn read_line(command: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut piece = [0; 512];
    while !line.ends_with(b"\n") {
        match command.read(&mut piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => line.extend(piece.iter().take(count)),
        }
    }
    command.set_nonblocking(true)?;
    Ok(line)
}

impl Supervisor {
    fn give_birth(registry: &Registry, name: &str, plan: &mut Plan) -> io::Result<Self> {
        let layout = registry.layout();
        let seat = seat::take_over(&layout.run(name))?;
        spawn::adopt_orphans()?;
        let signals = SignalQueue::new()?;
        let captures = open_captures(&layout.run(name), |stream| layout.current_log(name, stream).into())?;
        let Born { identity, released } = birth::give_birth(plan, layout)?;
        // The process runs: from here on nothing is a reason to give up on it.
        spawn::drop_streams();
        let _ = std::env::set_current_dir("/");
        Ok(Self {
            registry: registry.clone(),
            seat,
            signals,
            captures,
            process: Process::child(identity.pid),
            run: plan.record.clone(),
            phase: Phase::Launching { released, deadline: Instant::now() + HANDSHAKE, silent: false },
            plan: None,
            forget_at: None,
            command: None,
            meant_until: None,
            asked_to_leave: false,
            is_light: false,
        })
    }

    /// `None`: somebody has the seat, or the name stands for nothing.
    fn take_over(registry: &Registry, name: &str) -> io::Result<Option<Self>> {
        let layout = registry.layout();
        let run = layout.run(name);
        let Some(seat) = seat::take_free(&run)? else {
            return Ok(None);
        };
        let record = registry.find(name).map_err(io::Error::other)?;
        let plan = Plan::read(&run.plan(), name).filter(Plan::has_begun);
        let Some(record) = plan.as_ref().map(|plan| plan.record.clone()).or(record) else {
            return Ok(None);
        };
        let process = record.identity().and_then(|identity| Process::adopted(&identity));
        let signals = SignalQueue::new()?;
        let captures = open_captures(&run, |stream| record.log(stream, layout).into())?;
        std::env::set_current_dir("/")?;
        let phase = match (&process, &plan) {
            (None, _) => Phase::Over,
            (Some(_), Some(_)) => Phase::writing(Change::Start),
            (Some(_), None) => Phase::Running,
        };
        if process.is_some() {
            let _ = Event::new(EventKind::Adopt, &record).append(layout);
        }
        Ok(Some(Self {
            registry: registry.clone(),
            seat,
            signals,
            captures,
            process: process.unwrap_or_else(|| Process::gone(record.pid().unwrap_or(0))),
            run: record,
            phase,
            plan,
            forget_at: None,
            command: None,
            meant_until: None,
            asked_to_leave: false,
            is_light: false,
        }))
    }
}

/// None where there are no fifos: a process of the bash tool writes its logs itself.
fn open_captures(run: &RunDir, log: impl Fn(Stream) -> PathBuf) -> io::Result<Vec<Capture>> {
    if !Stream::BOTH.iter().all(|stream| fifo::is_fifo(&run.fifo(*stream))) {
        return Ok(Vec::new());
    }
    Stream::BOTH.iter().map(|stream| Capture::open(&run.fifo(*stream), &log(*stream))).collect()
}
