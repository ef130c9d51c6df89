//! What must hold whatever dies, races or is damaged: every test here really kills, races or corrupts.

mod birth;
mod failing;
mod full;
mod hostile;
mod identity;
mod logs;
mod many;
mod odd;
mod private;
mod race;
mod reboot;
mod records;
mod sockets;
mod streams;
mod tree;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::harness::{Home, User, finish, proc, wait_for, wait_until};

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
