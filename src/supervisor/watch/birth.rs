//! How a process is born: forked, written down, and only then let go.

use std::ffi::{OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::environment;
use super::script::{self, Start};
use crate::config::{self, Config};
use crate::layout::{Layout, RunDir};
use crate::supervisor::Plan;
use crate::sys::atomic::{self, Keep};
use crate::sys::clock;
use crate::sys::proc::Identity;
use crate::sys::spawn::{Held, Program, Released};

/// A process that has been let go.
#[derive(Debug)]
pub(super) struct Born {
    /// Which one.
    pub(super) identity: Identity,
    /// How it reports.
    pub(super) released: Released,
}

/// Forks, writes the plan (with the pid) and the process lock, and lets the process go. Until the go byte nothing
/// runs; from then on the plan names what does.
pub(super) fn give_birth(plan: &mut Plan, layout: &Layout) -> io::Result<Born> {
    let run = layout.run(plan.record.name());
    let draft = run.path().join(".process.lock");
    let lock = fresh_lock(&draft)?;
    let held = fork(plan, layout, &lock)?;
    let identity = Identity::of(held.pid).ok_or(io::ErrorKind::NotFound)?;
    plan.record.begin(&identity, clock::epoch());
    atomic::replace(&run.plan(), &plan.to_line(), 0o600, Keep::ThisBoot)?;
    name_lock(&lock, &draft, &run, &identity)?;
    Ok(Born { identity, released: held.release()? })
}

fn fork(plan: &Plan, layout: &Layout, lock: &File) -> io::Result<Held> {
    let record = &plan.record;
    let cwd = Path::new(record.cwd().unwrap_or("/"));
    let start = Start {
        kind: record.kind().unwrap_or_default(),
        command: record.command().unwrap_or_default(),
        cwd,
        env_file: record.env_file(),
    };
    let config = Config::of_layout(layout.clone());
    let words = script::arguments(&start, &layout.run(record.name()), &config);
    let arguments: Vec<&OsStr> = words.iter().map(OsString::as_os_str).collect();
    let environment = environment::merge(config::environment(), &environment::variables(record, layout));
    let bash = config.find_program("bash").ok_or_else(|| io::Error::other("no bash on PATH"))?;
    Held::fork(&Program {
        path: &bash,
        arguments: &arguments,
        environment: &environment,
        directory: cwd,
        lock,
        output: None,
    })
}

/// A new file, locked before anybody can see it. The process inherits the lock, and so do its descendants.
fn fresh_lock(path: &Path) -> io::Result<File> {
    atomic::remove(path)?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.lock()?;
    Ok(file)
}

fn name_lock(mut lock: &File, draft: &Path, run: &RunDir, identity: &Identity) -> io::Result<()> {
    writeln!(lock, "{} {} {}", identity.pid, identity.start_ticks, identity.boot_id)?;
    std::fs::rename(draft, run.process_lock())
}
