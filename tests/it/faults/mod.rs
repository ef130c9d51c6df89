//! What must hold whatever dies, races or is damaged: every test here really kills, races or corrupts.

mod birth;
mod failing;
mod hostile;
mod identity;
mod logs;
mod many;
mod odd;
mod private;
mod race;
mod reboot;
mod records;
mod streams;
mod tree;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::{Gid, Uid, chown};

use crate::harness::{Home, finish, proc, wait_for, wait_until};

/// Longer than anything that works takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// A different sequence in every run; small, because nothing depends on its quality.
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        Self(RandomState::new().build_hasher().finish() | 1)
    }

    /// 0 to `bound` - 1.
    fn roll(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// As `wait_until`, but looks again at once: for instants that are to be hit. Whether it came true.
fn spin_until(mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        if Instant::now() >= deadline {
            return false;
        }
        thread::yield_now();
    }
    true
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Starts a command in the background; the caller waits for it.
fn spawn(command: &mut Command) -> std::process::Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn run_dir(home: &Home, name: &str) -> PathBuf {
    home.root().join("tsm/runtime/run").join(name)
}

/// A program in `work` that listens on the port that its first word names, together with others if there are any: a
/// second copy would not be kept from running by the first.
fn put_listener(home: &Home) -> String {
    let script = "import socket, sys, time\n\
        s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)\n\
        s.bind(('127.0.0.1', int(sys.argv[1]))); s.listen(); time.sleep(1000000)\n";
    home.put_work("listener", script).display().to_string()
}

/// `tsm start --name web --port PORT` of that program.
fn start_listener(home: &Home, port: u16) -> Command {
    let listener = home.work().join("listener");
    let line = format!("env python3 -S -E {} {port}", listener.display());
    let mut command = home.tsm_command(&["start", "--name", "web", "--port", &port.to_string(), &line]);
    command.env("TSM_STABILIZE_MS", "200");
    command
}

/// Living processes with this word in their command line that belong to the home.
fn running(word: &str) -> Vec<i32> {
    let has_word = |pid: &i32| proc::is_alive(*pid) && proc::command_line(*pid).iter().any(|w| w == word);
    proc::all().into_iter().filter(has_word).collect()
}

/// Runs `tsm` and requires that it succeeds.
#[track_caller]
fn succeed(home: &Home, words: &[&str]) -> String {
    let output = home.tsm(words);
    assert!(output.status.success(), "{words:?}: {output:?}");
    text(&output)
}

/// A process that no tsm has anything to do with. It ends with the home.
fn bystander(home: &Home) -> i32 {
    let output = home.shell("setsid sleep 1000000 >/dev/null 2>&1 </dev/null & echo $!");
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap()
}

/// What a python program prints.
fn python(home: &Home, script: &str) -> String {
    let output = finish(home.command("python3").args(["-c", script]));
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// An ordinary user, to whom modes and limits apply: whoever runs the tests, or for root somebody who is nobody else.
struct User {
    id: Option<u32>,
}

impl User {
    /// One whom the home belongs to from now on. `None`: root cannot become another here.
    fn of(home: &Home) -> Option<Self> {
        if !Uid::effective().is_root() {
            return Some(Self { id: None });
        }
        // Whoever runs tests at the same time is somebody else: limits count all that a user runs.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let id = 200_000 + std::process::id() % 100_000 * 8 + NEXT.fetch_add(1, Ordering::Relaxed) % 8;
        let user = Self { id: Some(id) };
        let tsm = home.bin().join("tsm");
        let executable = tsm.canonicalize().unwrap();
        std::fs::remove_file(&tsm).unwrap();
        std::fs::copy(executable, &tsm).unwrap();
        for dir in [home.dir().to_owned(), home.root(), home.work(), home.home(), home.bin()] {
            chown(&dir, Some(Uid::from_raw(id)), Some(Gid::from_raw(id))).ok()?;
        }
        // By a program of that user's: setpriv itself still gets to directories that the user does not.
        let words = ["sh", "-c", "exec \"$0\" --version", tsm.to_str().unwrap()];
        let output = finish(&mut user.program(home, &words));
        output.status.success().then_some(user)
    }

    /// Whether it is not whoever runs the tests.
    fn is_another(&self) -> bool {
        self.id.is_some()
    }

    /// `tsm` with these words, run by this user.
    fn command(&self, home: &Home, words: &[&str]) -> Command {
        self.program(home, &[&[home.bin().join("tsm").to_str().unwrap()], words].concat())
    }

    /// Any program with its words, run by this user.
    fn program(&self, home: &Home, words: &[&str]) -> Command {
        let Some(id) = self.id else {
            let mut command = home.command(words[0]);
            command.args(&words[1..]);
            return command;
        };
        let mut command = home.command("setpriv");
        let id = id.to_string();
        command.args(["--reuid", &id, "--regid", &id, "--clear-groups", "--"]).args(words);
        command
    }
}

fn file_names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Kills the supervisor of a name.
#[track_caller]
fn orphan(home: &Home, name: &str) {
    let supervisor = wait_for("it has a supervisor", || home.supervisor_of(name));
    proc::kill(supervisor);
    wait_until("the supervisor is gone", || !proc::is_alive(supervisor));
}
