//! A supervisor that is killed loses, doubles and damages nothing, and its process does not notice.

use std::fs;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use super::{Dice, orphan, python, running, spawn, spin_until, succeed, text};
use crate::harness::{Home, Process, finish, proc, wait_for, wait_until};

/// Writes numbered lines of ten bytes as fast as it can, one or many to a write(2), until a file `enough` is there.
const WRITER: &str = r#"
import os, sys
lines, streams = int(sys.argv[1]), [1, 2]
number = 0
while not os.path.exists("enough"):
    for _ in range(max(1, 2000 // lines)):
        piece = b"".join(b"%09d\n" % n for n in range(number, number + lines))
        for stream in streams:
            left = memoryview(piece)
            while left:
                left = left[os.write(stream, left):]
        number += lines
os.write(1, b"%09d\n" % number)
open("written", "w").write(str(number))
sys.exit(7)
"#;

const LINE: u64 = 10;
const KILLS: u64 = 60;

#[test]
fn sixty_killed_supervisors_lose_no_line_of_a_writer_of_lines() {
    kill_under_load(1);
}

#[test]
fn sixty_killed_supervisors_lose_no_line_of_a_writer_of_many_at_once() {
    kill_under_load(5000);
}

fn kill_under_load(lines: u64) {
    let home = Home::new();
    let mut dice = Dice::new();
    let script = home.put_work("writer", WRITER).display().to_string();
    let process = start_below_a_reaper(&home, "writer", &format!("env python3 -S {script} {lines}"));
    let name = process.name.as_str();
    let log = home.root().join(format!("tsm/runtime/logs/{name}/current.out"));
    for kill in 0..KILLS {
        let supervisor = wait_for("it has a supervisor", || home.supervisor_of(name));
        let size = length(&log);
        let wanted = size + dice.roll(if lines == 1 { 20_000 } else { 400_000 });
        assert!(spin_until(|| length(&log) > wanted), "after {kill} kills the log grows no more");
        proc::kill(supervisor);
        wait_until("the supervisor is gone", || !proc::is_alive(supervisor));
        assert!(process.is_alive(), "kill {kill} of a supervisor ended the process");
        let words: &[&str] = if dice.roll(2) == 0 { &["list"] } else { &["patrol"] };
        succeed(&home, words);
        assert_eq!(running(&script), [process.pid], "copies after kill {kill}");
    }
    home.put_work("enough", "");
    home.wait_for_status(name, "crashed");

    let written: u64 = fs::read_to_string(home.work().join("written")).unwrap().parse().unwrap();
    check_numbers(&home, name, "out", written + 1);
    check_numbers(&home, name, "err", written);
    assert_eq!(home.record(name)["exit_code"], code_of_an_adopted(&home, 7));
    assert_eq!(running(&script), [0_i32; 0]);
    assert_eq!(
        home.events_of(name).iter().filter(|event| *event == "adopt").count(),
        usize::try_from(KILLS).unwrap()
    );
    assert_eq!(home.events_of(name).iter().filter(|event| *event == "crash").count(), 1);
}

fn length(path: &PathBuf) -> u64 {
    fs::metadata(path).map_or(0, |meta| meta.len())
}

/// Every number once and in order.
#[track_caller]
fn check_numbers(home: &Home, name: &str, stream: &str, count: u64) {
    let path = home.root().join(format!("tsm/runtime/logs/{name}/current.{stream}"));
    let bytes = fs::read(path).unwrap();
    for (number, line) in bytes.chunks(usize::try_from(LINE).unwrap()).enumerate() {
        let expected = format!("{number:09}\n");
        assert!(
            line == expected.as_bytes(),
            "line {number} of {stream}: {:?}",
            String::from_utf8_lossy(line)
        );
    }
    assert_eq!(bytes.len() as u64, count * LINE, "lines of {stream}");
}

/// What a record says of the exit code of a process that was adopted and is reaped by somebody else: the code where
/// the kernel tells it of processes that are not one's own; else that it is not known.
fn code_of_an_adopted(home: &Home, code: i32) -> Value {
    let probe = format!(
        r#"
import ctypes, fcntl, os, struct
told, tell = os.pipe()
go, let_go = os.pipe()
ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
if os.fork() == 0:
    if os.fork() == 0:
        os.close(let_go); os.write(tell, b"%d" % os.getpid()); os.read(go, 1); os._exit({code})
    os._exit(0)
os.wait()
pid = int(os.read(told, 20))
fd = ctypes.CDLL(None).syscall(434, pid, 0)
os.write(let_go, b"g")
os.waitpid(pid, 0)
answer = "null"
try:
    info = bytearray(struct.pack("=Q", 8).ljust(64, b"\0"))
    fcntl.ioctl(fd, 0xC040FF0B, info)
    if struct.unpack_from("=Q", info)[0] & 8:
        answer = str(os.WEXITSTATUS(struct.unpack_from("=i", info, 60)[0]))
except OSError:
    pass
print(answer)
"#
    );
    serde_json::from_str(&python(home, &probe)).unwrap()
}

/// Starts a process whose supervisor is below somebody who reaps orphans at once. The first process of a machine does
/// so, that of a container or a sandbox perhaps late or never.
fn start_below_a_reaper(home: &Home, name: &str, command: &str) -> Process {
    const REAPER: &str = r#"
import ctypes, os, subprocess, sys
told, tell = os.pipe()
if os.fork() == 0:
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
    output = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE).stdout
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    os.write(tell, output)
    os.close(tell)
    try:
        while True:
            os.wait()
    except ChildProcessError:
        os._exit(0)
os.close(tell)
sys.stdout.write(os.fdopen(told).read())
"#;
    let tsm = home.tsm_command(&["start", "--name", name, "--port", "none", command]);
    let mut reaper = home.command("python3");
    reaper.args(["-c", REAPER]).arg(tsm.get_program()).args(tsm.get_args()).env("TSM_STABILIZE_MS", "100");
    let output = finish(&mut reaper);
    Process::from_report(&text(&output)).unwrap_or_else(|| panic!("{output:?}"))
}

#[test]
fn the_exit_of_an_adopted_process_is_told_as_far_as_the_kernel_knows_it() {
    let home = Home::new();
    mkfifo(&home.work().join("gate"), Mode::S_IRWXU).unwrap();
    let expected = code_of_an_adopted(&home, 3);
    for (end, code, status) in [("exit 3", expected.clone(), "crashed"), ("exit 0", Value::Null, "")] {
        let process = start_below_a_reaper(&home, "short", &format!("bash -c 'read x <gate; {end}'"));
        orphan(&home, &process.name);
        succeed(&home, &["list"]);
        open_gate(&home);
        process.wait_until_gone();
        let record = wait_for("the end is recorded", || {
            home.find_record(&process.name).filter(|record| record["status"] != "online")
        });
        if status.is_empty() {
            let known = !expected.is_null();
            assert_eq!(record["status"], if known { "stopped" } else { "crashed" });
            assert_eq!(record["exit_code"], if known { json!(0) } else { json!(null) });
        } else {
            assert_eq!((&record["status"], &record["exit_code"]), (&json!(status), &code));
        }
        succeed(&home, &["delete", &process.name]);
    }
}

/// Lets go whoever waits in `read <gate`.
fn open_gate(home: &Home) {
    fs::OpenOptions::new().write(true).open(home.work().join("gate")).unwrap();
}

#[test]
fn a_supervisor_killed_during_a_stop_loses_nothing_of_the_last_words() {
    const LAST_WORDS: u64 = 200_000;
    let script = format!(
        r#"
import os, signal, time
def end(*_):
    for start in range(0, {LAST_WORDS}, 100):
        piece = memoryview(b"".join(b"%09d\n" % n for n in range(start, start + 100)))
        while piece:
            piece = piece[os.write(1, piece):]
    os._exit(5)
signal.signal(signal.SIGTERM, end)
open("ready", "w")
while True:
    time.sleep(1000)
"#
    );
    let home = Home::new();
    let mut dice = Dice::new();
    let script = home.put_work("talker", script).display().to_string();
    for round in 0..8 {
        let process = home.start("talker", &format!("env python3 -S {script}"));
        let name = process.name.as_str();
        wait_until("it listens to signals", || home.work().join("ready").exists());
        fs::remove_file(home.work().join("ready")).unwrap();
        let supervisor = home.supervisor_of(name).unwrap();
        let log = home.root().join(format!("tsm/runtime/logs/{name}/current.out"));
        let stop = spawn(&mut home.tsm_command(&["stop", name]));
        let wanted = dice.roll(LAST_WORDS * LINE);
        assert!(spin_until(
            || length(&log) >= wanted.min(1) && (length(&log) >= wanted || !process.is_alive())
        ));
        proc::kill(supervisor);
        let output = stop.wait_with_output().unwrap();
        assert!(output.status.success(), "round {round}: {output:?}");
        assert!(!text(&output).contains("force"), "round {round}: it was not let finish: {output:?}");
        assert!(!process.is_alive());
        wait_until(format_args!("round {round}, killed at {wanted}: all is in the log"), || {
            length(&log) == LAST_WORDS * LINE
        });
        check_numbers(&home, name, "out", LAST_WORDS);
        assert_eq!(home.status(name), "stopped");
        succeed(&home, &["delete", name]);
    }
}

#[test]
fn of_a_thousand_bursts_the_last_line_is_in_the_log_before_the_end_is_in_the_record() {
    const ROUNDS: usize = 20;
    const AT_ONCE: usize = 50;
    let home = Home::new();
    mkfifo(&home.work().join("gate"), Mode::S_IRWXU).unwrap();
    home.put_work("burst", "read x <gate; seq 3000; echo last; echo last >&2; exit $1\n");
    for _ in 0..ROUNDS {
        let start =
            |number: usize| home.start(&format!("burst{number}"), &format!("env bash burst {}", number % 2));
        let all: Vec<Process> = std::thread::scope(|scope| {
            let start = &start;
            let threads = [0, 1, 2, 3, 4]
                .map(|first| scope.spawn(move || (first..AT_ONCE).step_by(5).map(start).collect::<Vec<_>>()));
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        open_gate(&home);
        for process in &all {
            let mut status = String::new();
            assert!(spin_until(|| {
                // Again, for one that had not got to the gate when it was opened.
                let gate = fs::OpenOptions::new()
                    .write(true)
                    .custom_flags(nix::libc::O_NONBLOCK)
                    .open(home.work().join("gate"));
                drop(gate);
                status = home.status(&process.name);
                status != "online"
            }));
            let (out, err) = (home.log(&process.name, "out"), home.log(&process.name, "err"));
            assert!(out.ends_with("\n3000\nlast\n"), "{status}, and the log ends {:?}", out.lines().last());
            assert_eq!((out.lines().count(), err.as_str()), (3001, "last\n"));
            assert_eq!(
                status,
                if home.record(&process.name)["exit_code"] == 0 { "stopped" } else { "crashed" }
            );
        }
        succeed(&home, &["delete", "*"]);
    }
}

#[test]
fn one_adopted_before_its_command_runs_is_heard_like_any_other() {
    let home = Home::new();
    mkfifo(&home.work().join("gate"), Mode::S_IRWXU).unwrap();
    home.put_work("slow.env", "read x <gate\n");
    let start = spawn(&mut home.tsm_command(&[
        "start",
        "--env",
        "slow.env",
        "--name",
        "slow",
        "--port",
        "none",
        "bash -c 'echo heard; exec sleep 1000000'",
    ]));
    let runs = home.root().join("tsm/runtime/run");
    let name = wait_for("a plan is carried out", || {
        super::file_names(&runs).into_iter().find(|name| runs.join(name).join("process.lock").exists())
    });
    orphan(&home, &name);
    wait_until("another supervisor has it", || {
        home.tsm(&["patrol"]);
        home.supervisor_of(&name).is_some()
    });
    wait_until("it has a record", || home.find_record(&name).is_some());
    open_gate(&home);

    wait_until("its words are in the log while it runs", || home.log(&name, "out") == "heard\n");
    let output = start.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(home.status(&name), "online");
}
