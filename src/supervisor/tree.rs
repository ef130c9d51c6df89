//! Everything that a process has brought into being, and how to tell it from what merely stands near.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use super::SUPERVISE;
use super::table::{self, Place, Table};
use crate::layout::{Layout, PROCESS_LOCK, RunDir};
use crate::registry::{KillMode, Record};
use crate::sys::lock;
use crate::sys::pidfd::PidFd;
use crate::sys::proc::{self, Identity, Stat};
use crate::sys::signal::{self, Signal};
use crate::sys::spawn;

/// The tree of one run. It remembers whom it has seen: a member whose parent is gone is still a member.
#[derive(Debug)]
pub struct Tree {
    run: RunDir,
    main: Option<Identity>,
    mode: KillMode,
    /// The directory that a later version of the bash tool told its processes to be theirs.
    old_dir: Option<PathBuf>,
    /// Members, living when last looked at: pid and start stamp.
    seen: BTreeMap<i32, u64>,
    /// Those who have been asked to end.
    told: BTreeMap<i32, u64>,
}

impl Tree {
    /// Of the process that a record is about, or of what it has left behind.
    pub fn of(record: &Record, layout: &Layout) -> Self {
        Self {
            run: layout.run(record.name()),
            main: record.identity().filter(|main| proc::boot_id().is_some_and(|boot| main.boot_id == boot)),
            mode: record.kill_mode(),
            old_dir: record.process_dir().map(PathBuf::from),
            seen: BTreeMap::new(),
            told: BTreeMap::new(),
        }
    }

    /// Whether anybody of it lives.
    pub fn lives(&mut self, table: &Table) -> bool {
        !self.members(table).is_empty()
    }

    /// Whether any of those seen last lives: nothing new is to be seen before that changes.
    pub fn is_known_to_live(&self) -> bool {
        self.seen.iter().any(|(pid, start)| proc::is_running(*pid, *start))
    }

    /// Signals every living member, the main process's group as a whole; how many those are. Who has been asked once
    /// (SIGTERM) is not asked again; SIGKILL is repeated until nobody is left to count.
    pub fn signal(&mut self, table: &Table, signal: Signal) -> usize {
        let members = self.members(table);
        let told = std::mem::take(&mut self.told);
        let reader = if signal == Signal::KILL { None } else { self.log_reader(&members, table) };
        let news = |member: &&Identity| {
            signal == Signal::KILL
                || (told.get(&member.pid) != Some(&member.start_ticks)
                    && reader.is_none_or(|reader| !table.is_or_is_child_of(member.pid, reader)))
        };
        let main = members.iter().filter(news).find(|member| Some(*member) == self.main.as_ref());
        let group = main.and_then(|main| self.signal_main(main, table, signal));
        for member in members.iter().filter(news).filter(|member| Some(*member) != main) {
            let in_group = table.processes.get(&member.pid).is_some_and(|stat| Some(stat.pgrp) == group);
            if !in_group {
                signal_exactly(member, signal);
            }
        }
        self.told = self.seen.clone();
        members.len()
    }

    /// The group that was signalled: the main process's own, unless it is ours.
    fn signal_main(&self, main: &Identity, table: &Table, signal: Signal) -> Option<i32> {
        let handle = PidFd::open(main)?;
        let stat = table.processes.get(&main.pid)?;
        let leads = stat.pgrp == main.pid && main.pid != spawn::own_group();
        if !leads || self.mode == KillMode::Process {
            let _ = handle.signal(signal);
            return None;
        }
        if handle.signal_group(signal).is_err() && main.stat().is_some() {
            let _ = signal::send_to_group(main.pid, signal);
        }
        Some(main.pid)
    }

    /// The living members. Never a supervisor, nothing below one, and not we.
    fn members(&mut self, table: &Table) -> Vec<Identity> {
        self.seen.retain(|pid, start| table.has(*pid, *start));
        let mut pending = self.roots(table);
        if self.mode == KillMode::Tree {
            pending.extend(table.lock_holders(&self.run));
            pending.extend(table.carriers(self.run.path()));
            pending.extend(self.old_dir.iter().flat_map(|dir| table.carriers(dir)));
        }
        let own = std::process::id().cast_signed();
        while let Some(pid) = pending.pop() {
            let Some(stat) = table.processes.get(&pid) else { continue };
            if pid == own || self.seen.contains_key(&pid) || is_supervisor(pid) || self.is_of_another(pid) {
                continue;
            }
            self.seen.insert(pid, stat.start_ticks);
            if self.mode == KillMode::Tree {
                pending.extend(table.children.get(&pid).into_iter().flatten());
            }
        }
        let identity = |(pid, start): (&i32, &u64)| Identity {
            pid: *pid,
            start_ticks: *start,
            boot_id: proc::boot_id().unwrap_or_default().to_owned(),
        };
        self.seen.iter().map(identity).collect()
    }

    /// Whether a process below ours is another run's: when that one's supervisor was killed, ours became its parent.
    fn is_of_another(&self, pid: i32) -> bool {
        let is_main = self.main.as_ref().is_some_and(|main| main.pid == pid);
        let is_run = |dir: &PathBuf| dir.join(PROCESS_LOCK).symlink_metadata().is_ok();
        let other = |dir: &PathBuf| Place::of(dir) != Place::of(self.run.path());
        !is_main && table::carried(pid).filter(is_run).is_some_and(|dir| other(&dir))
    }

    /// Of a process of the later bash versions: its recorded pid may be that of its log reader, and all of it has a
    /// session of its own. One whose leader is older than the process, or ours, is a user's.
    fn session_of(&self, main: &Identity, table: &Table) -> Option<i32> {
        const CLOSE: u64 = 500;
        let stat = self.old_dir.as_ref().and(table.processes.get(&main.pid))?;
        let is_own = |leader: &Stat| leader.start_ticks + CLOSE >= main.start_ticks;
        let leader = table.processes.get(&stat.session);
        let is_ours = table.processes.get(&std::process::id().cast_signed()).map(|own| own.session)
            == Some(stat.session);
        (stat.session > 1 && !is_ours && leader.is_none_or(is_own)).then_some(stat.session)
    }

    /// The reader that a later version of the bash tool put behind a command's output, and recorded in its place. It ends
    /// by itself when nobody is left who could write, and not before it has logged all of it.
    fn log_reader(&self, members: &[Identity], table: &Table) -> Option<i32> {
        let main = self.old_dir.as_ref().and(self.main.as_ref())?.pid;
        let leads_to = |pid: i32, number: i32| proc::descriptor_path(pid, number).read_link().ok();
        let pipe = leads_to(main, 0).filter(|input| input.to_string_lossy().starts_with("pipe:"))?;
        let writes =
            |pid: i32| [1, 2].into_iter().any(|number| leads_to(pid, number).as_ref() == Some(&pipe));
        let mut others = members.iter().filter(|member| !table.is_or_is_child_of(member.pid, main));
        others.any(|member| writes(member.pid)).then_some(main)
    }

    /// Where the tree begins: the main process, its group and session, the children of its supervisor, and below each
    /// of those seen before.
    fn roots(&self, table: &Table) -> Vec<i32> {
        let mut roots = Vec::new();
        if let Some(main) = self.main.as_ref().filter(|main| table.has(main.pid, main.start_ticks)) {
            roots.push(main.pid);
            if self.mode != KillMode::Process {
                let session = self.session_of(main, table);
                let near = |stat: &&Stat| {
                    stat.pgrp == main.pid || stat.session == main.pid || Some(stat.session) == session
                };
                roots.extend(table.processes.values().filter(near).map(|stat| stat.pid));
            }
        }
        if self.mode == KillMode::Tree {
            let supervisor = lock::owner(&self.run.supervisor_lock());
            let parents = self.seen.keys().copied().chain(supervisor);
            roots.extend(parents.filter_map(|parent| table.children.get(&parent)).flatten());
        }
        roots
    }
}

/// The supervisor of a name, if there is one.
pub fn owner(run: &RunDir) -> Option<i32> {
    lock::owner(&run.supervisor_lock())
}

/// Whether a process is a supervisor. What its command line claims is proven by the lock it holds or by the file it
/// runs (one that has just begun holds none yet).
pub fn is_supervisor(pid: i32) -> bool {
    claimed(pid).is_some_and(|run| proc::runs_our_executable(pid) || owner(&run) == Some(pid))
}

/// The run whose supervisor a process says it is.
pub(super) fn claimed(pid: i32) -> Option<RunDir> {
    let words = proc::command_line(pid)?;
    let [_, verb, tetra, name, ..] = words.as_slice() else {
        return None;
    };
    let tetra = PathBuf::from(OsString::from_vec(tetra.clone()));
    let layout = Layout::new(&tetra).ok().filter(|_| verb == SUPERVISE.as_bytes())?;
    Some(layout.run(&String::from_utf8_lossy(name)))
}

fn signal_exactly(process: &Identity, signal: Signal) {
    if let Some(handle) = PidFd::open(process) {
        let _ = handle.signal(signal);
    }
}
