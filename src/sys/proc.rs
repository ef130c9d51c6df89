//! Processes as the kernel shows them, and the identity that tells one from a later one with the same pid.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::sync::OnceLock;

use super::exit::Exit;
use super::{clock, signal};

/// One process of one boot: a pid alone may be used again, this may not.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Process id.
    pub pid: i32,
    /// Kernel start stamp, in clock ticks since boot (field 22 of `/proc/PID/stat`).
    pub start_ticks: u64,
    /// `/proc/sys/kernel/random/boot_id`.
    pub boot_id: String,
}

impl Identity {
    /// Of the process that has this pid now; `None` when there is none or it is a zombie.
    pub fn of(pid: i32) -> Option<Self> {
        let stat = Stat::read(pid).filter(|stat| !stat.is_dead())?;
        Some(Self { pid, start_ticks: stat.start_ticks, boot_id: boot_id()?.to_owned() })
    }

    /// As [`Identity::of`], for whoever must not take for gone what cannot be read just now.
    pub fn look(pid: i32) -> io::Result<Option<Self>> {
        match File::open(format!("/proc/{pid}/stat")) {
            Err(error) if super::is_trouble(&error) => Err(error),
            Err(_) => Ok(None),
            Ok(_) => Ok(Self::of(pid)),
        }
    }

    /// Of this very process.
    pub fn own() -> Option<Self> {
        Self::of(i32::try_from(std::process::id()).ok()?)
    }

    /// As records and plans write it.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::json!({ "pid": self.pid, "start_ticks": self.start_ticks, "boot_id": self.boot_id })
    }

    /// From [`Identity::to_json`].
    pub fn from_json(value: &serde_json::Value) -> Option<Self> {
        let pid = i32::try_from(value.get("pid")?.as_i64()?).ok()?;
        Self::with_stamp(pid, value)
    }

    /// Of a pid, with the stamp that stands in an object beside it.
    pub fn with_stamp(pid: i32, stamp: &serde_json::Value) -> Option<Self> {
        Some(Self {
            pid,
            start_ticks: stamp.get("start_ticks")?.as_u64()?,
            boot_id: stamp.get("boot_id")?.as_str()?.to_owned(),
        })
    }

    /// What the kernel shows of this very process; `None` when it has ended or hides.
    pub fn stat(&self) -> Option<Stat> {
        let stat = Stat::read(self.pid).filter(|_| boot_id().is_some_and(|boot| boot == self.boot_id))?;
        (stat.start_ticks == self.start_ticks && !stat.is_dead()).then_some(stat)
    }

    /// Whether this very process still runs. A zombie is dead. What cannot be told for want of a descriptor, say, is not
    /// taken for an end.
    pub fn is_alive(&self) -> bool {
        self.pid > 1
            && boot_id().is_none_or(|boot| boot == self.boot_id)
            && is_running(self.pid, self.start_ticks)
    }
}

/// The children of a process, their children, and so on, as they are found now.
pub fn below(pid: i32) -> Vec<Identity> {
    let all = Stat::all();
    let mut pids = vec![pid];
    let mut next = 0;
    while let Some(parent) = pids.get(next).copied() {
        pids.extend(all.iter().filter(|stat| stat.ppid == parent).map(|stat| stat.pid));
        next += 1;
    }
    pids.into_iter().skip(1).filter_map(Identity::of).collect()
}

/// Whether a process with this pid and start stamp runs. Where the kernel hides the process from us, its
/// existence is all there is to go by.
pub fn is_running(pid: i32, start_ticks: u64) -> bool {
    match Stat::read(pid) {
        Some(stat) => stat.start_ticks == start_ticks && !stat.is_dead(),
        None => signal::exists(pid),
    }
}

/// The id of this boot of the kernel; empty on a system that has none. `None`: it cannot be read just now.
pub fn boot_id() -> Option<&'static str> {
    static BOOT_ID: OnceLock<String> = OnceLock::new();
    if let Some(known) = BOOT_ID.get() {
        return Some(known);
    }
    let text = match fs::read_to_string("/proc/sys/kernel/random/boot_id") {
        Err(error) if super::is_trouble(&error) => return None,
        read => read.unwrap_or_default(),
    };
    Some(BOOT_ID.get_or_init(|| text.trim_end().to_owned()))
}

/// The fields of `/proc/PID/stat` that tsm reads.
#[derive(Clone, Debug)]
pub struct Stat {
    /// Process id.
    pub pid: i32,
    /// Kernel command name, at most 15 bytes.
    pub comm: String,
    /// State letter; `Z` is a zombie.
    pub state: char,
    /// Parent.
    pub ppid: i32,
    /// Process group.
    pub pgrp: i32,
    /// Session.
    pub session: i32,
    /// Start stamp, in clock ticks since boot.
    pub start_ticks: u64,
    /// Time on a processor, in clock ticks.
    pub cpu_ticks: u64,
    /// Memory in use, in pages.
    pub resident_pages: u64,
}

impl Stat {
    /// Of the process that has this pid now. One read: the kernel gives the whole line at once.
    pub fn read(pid: i32) -> Option<Self> {
        /// More than its 52 numbers and a name can take; no larger, because a supervisor keeps what its stack touched.
        const LONGEST: usize = 1280;
        let mut buffer = [0; LONGEST];
        let length = File::open(format!("/proc/{pid}/stat")).ok()?.read(&mut buffer).ok()?;
        Self::parse(buffer.get(..length)?)
    }

    /// Of every process that is visible to us.
    pub fn all() -> Vec<Self> {
        pids().filter_map(Self::read).collect()
    }

    /// Ended, though perhaps not reaped yet.
    pub fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }

    /// When it started, in seconds since the epoch, to the second.
    pub fn started(&self) -> Option<i64> {
        let ticks = i64::try_from(self.start_ticks).ok()?;
        Some(boot_time()? + ticks.checked_div(ticks_per_second())?)
    }

    /// Percent of one core that it used on average since it started.
    #[expect(clippy::cast_precision_loss, reason = "a percentage")]
    pub fn cpu_percent(&self) -> f64 {
        let tick = 1.0 / ticks_per_second().max(1) as f64;
        let age = clock::since_boot() - self.start_ticks as f64 * tick;
        self.cpu_ticks as f64 * tick / age.max(tick) * 100.0
    }

    /// Memory in use, in KiB.
    pub fn resident_kib(&self) -> u64 {
        const KIB: u64 = 1024;
        self.resident_pages.saturating_mul(page_size() / KIB)
    }

    /// The command name may hold blanks and parentheses, so it ends at the last `)`.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (head, tail) = text.rsplit_once(") ")?;
        let (pid, comm) = head.split_once(" (")?;
        let fields: Vec<&str> = tail.split(' ').collect();
        let number = |field: usize| fields.get(field - 3)?.parse::<i32>().ok();
        let count = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
        Some(Self {
            pid: pid.parse().ok()?,
            comm: comm.to_owned(),
            state: fields.first()?.chars().next()?,
            ppid: number(4)?,
            pgrp: number(5)?,
            session: number(6)?,
            start_ticks: count(22)?,
            cpu_ticks: count(14)?.saturating_add(count(15)?),
            resident_pages: count(24)?,
        })
    }
}

/// How a process ended that nobody has reaped yet, so that [`PidFd::exit`](super::pidfd::PidFd::exit) cannot tell:
/// field 52 of `/proc/PID/stat`. 0 there may also mean that we are not told.
pub fn zombie_exit(pid: i32, start_ticks: u64) -> Option<Exit> {
    let bytes = fs::read(format!("/proc/{pid}/stat")).ok()?;
    Stat::parse(&bytes).filter(|stat| stat.is_dead() && stat.start_ticks == start_ticks)?;
    let text = String::from_utf8_lossy(&bytes);
    let status = text.trim_end().rsplit(' ').next()?.parse().ok().filter(|status| *status != 0)?;
    Some(Exit::from_wait(status))
}

/// The pids of every process that is visible to us.
pub fn pids() -> impl Iterator<Item = i32> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// The environment a process was started with, as `KEY=VALUE` entries. `None` when it is not ours to read.
pub fn environment(pid: i32) -> Option<Vec<Vec<u8>>> {
    strings(pid, "environ")
}

/// The words of a process's command line. `None` when there is no such process.
pub fn command_line(pid: i32) -> Option<Vec<Vec<u8>>> {
    strings(pid, "cmdline")
}

fn strings(pid: i32, file: &str) -> Option<Vec<Vec<u8>>> {
    let bytes = fs::read(format!("/proc/{pid}/{file}")).ok()?;
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
    Some(bytes.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect())
}

/// What each open descriptor of a process refers to. Empty when it is not ours to read.
pub fn descriptors(pid: i32) -> impl Iterator<Item = (i32, PathBuf)> {
    fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten().filter_map(|entry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        Some((number, fs::read_link(entry.path()).ok()?))
    })
}

/// The path under which the kernel shows what a descriptor of a process refers to.
pub fn descriptor_path(pid: i32, number: i32) -> PathBuf {
    format!("/proc/{pid}/fd/{number}").into()
}

/// Where a process is. `None` when it is not ours to read.
pub fn current_dir(pid: i32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

/// The effective user of a process.
pub fn user(pid: i32) -> Option<u32> {
    Some(fs::metadata(format!("/proc/{pid}")).ok()?.uid())
}

/// What a user is called: the number of one without a name.
pub fn user_name(uid: u32) -> String {
    let user = nix::unistd::User::from_uid(uid.into()).ok().flatten();
    user.map_or_else(|| uid.to_string(), |user| user.name)
}

/// Whether a process runs the same executable file as this one.
pub fn runs_our_executable(pid: i32) -> bool {
    executable(pid).is_some_and(|theirs| Some(theirs) == own_executable())
}

/// Whether a process runs another executable file. One that is just ending shows none.
pub fn runs_another_executable(pid: i32) -> bool {
    executable(pid).is_some_and(|theirs| Some(theirs) != own_executable())
}

/// Device and inode.
fn executable(pid: i32) -> Option<(u64, u64)> {
    fs::metadata(format!("/proc/{pid}/exe")).map(|meta| (meta.dev(), meta.ino())).ok()
}

fn own_executable() -> Option<(u64, u64)> {
    fs::metadata("/proc/self/exe").map(|meta| (meta.dev(), meta.ino())).ok()
}

fn boot_time() -> Option<i64> {
    static BOOT_TIME: OnceLock<Option<i64>> = OnceLock::new();
    *BOOT_TIME.get_or_init(|| {
        let text = fs::read_to_string("/proc/stat").ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("btime "))?;
        line.trim().parse().ok()
    })
}

fn ticks_per_second() -> i64 {
    // SAFETY: sysconf takes an integer and returns one.
    unsafe { libc::sysconf(libc::_SC_CLK_TCK) }
}

fn page_size() -> u64 {
    // SAFETY: sysconf takes an integer and returns one.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_name_may_hold_anything() {
        let tail = "S 1 7 8 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 4242 99 11 18";
        let stat = Stat::parse(format!("7 (a) b ) {tail}").as_bytes()).unwrap();
        assert_eq!((stat.pid, stat.comm.as_str(), stat.state), (7, "a) b ", 'S'));
        assert_eq!((stat.ppid, stat.pgrp, stat.session, stat.start_ticks), (1, 7, 8, 4242));
        assert_eq!((stat.cpu_ticks, stat.resident_pages), (5 + 6, 11));
    }

    #[test]
    fn we_are_alive_and_nobody_else_is_us() {
        let own = Identity::own().unwrap();
        assert!(own.is_alive());
        assert!(!Identity { start_ticks: own.start_ticks + 1, ..own.clone() }.is_alive());
        assert!(!Identity { boot_id: "another".into(), ..own }.is_alive());
    }
}
