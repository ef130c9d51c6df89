//! Processes as the kernel shows them. Reads `/proc` by itself, so that the program's own reader is tested too.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;

/// Some fields of `/proc/PID/stat`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    pub(crate) pid: i32,
    pub(crate) state: char,
    pub(crate) parent: i32,
    pub(crate) group: i32,
    pub(crate) session: i32,
    pub(crate) start_ticks: u64,
}

impl Stat {
    /// Of a process that exists; a zombie does.
    pub(crate) fn of(pid: i32) -> Option<Self> {
        let text = String::from_utf8_lossy(&fs::read(format!("/proc/{pid}/stat")).ok()?).into_owned();
        // The name in parentheses may hold anything, so what counts begins after the last one.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        Some(Self {
            pid,
            state: fields[0].chars().next()?,
            parent: fields[1].parse().ok()?,
            group: fields[2].parse().ok()?,
            session: fields[3].parse().ok()?,
            start_ticks: fields[19].parse().ok()?,
        })
    }
}

/// Exists and is no zombie.
pub(crate) fn is_alive(pid: i32) -> bool {
    Stat::of(pid).is_some_and(|stat| !matches!(stat.state, 'Z' | 'X'))
}

pub(crate) fn start_ticks(pid: i32) -> Option<u64> {
    Stat::of(pid).map(|stat| stat.start_ticks)
}

/// Every process of this machine that can be seen.
pub(crate) fn all() -> Vec<i32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// Zombies too: nobody has waited for them yet.
pub(crate) fn children(pid: i32) -> Vec<i32> {
    let is_child = |child: &i32| Stat::of(*child).is_some_and(|stat| stat.parent == pid);
    all().into_iter().filter(is_child).collect()
}

/// Children, their children, and so on, as they are found now.
pub(crate) fn descendants(pid: i32) -> Vec<i32> {
    let mut found = children(pid);
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(children(parent));
        next += 1;
    }
    found
}

/// The environment a process was started with.
pub(crate) fn environ(pid: i32) -> BTreeMap<String, String> {
    let split = |entry: &String| entry.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
    strings(pid, "environ").iter().filter_map(split).collect()
}

pub(crate) fn command_line(pid: i32) -> Vec<String> {
    strings(pid, "cmdline")
}

/// The directory it is in, if it is ours to know.
pub(crate) fn cwd(pid: i32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

/// What each open descriptor leads to.
pub(crate) fn descriptors(pid: i32) -> BTreeMap<i32, PathBuf> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    let target = |entry: fs::DirEntry| {
        Some((entry.file_name().to_str()?.parse().ok()?, fs::read_link(entry.path()).ok()?))
    };
    entries.filter_map(target).collect()
}

/// SIGKILL to exactly this process. One that is gone is what was wanted.
pub(crate) fn kill(pid: i32) {
    send(pid, Signal::SIGKILL);
}

/// A signal to exactly this process.
pub(crate) fn send(pid: i32, signal: Signal) {
    assert!(pid > 1, "{pid} is no process of a test");
    let _ = signal::kill(Pid::from_raw(pid), signal);
}

fn strings(pid: i32, file: &str) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let parts = bytes.split(|byte| *byte == 0).filter(|part| !part.is_empty());
    parts.map(|part| String::from_utf8_lossy(part).into_owned()).collect()
}
