//! Fault 9 of docs/faults.md: processes that do what processes rarely do. What leaves its session is in `tree`.

use std::fs;

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::{orphan, succeed, text};
use crate::harness::{Home, Process, proc, wait_for, wait_until};

/// Starts a python program with these words.
fn start(home: &Home, name: &str, program: &str, words: &str) -> Process {
    let script = home.put_work(&format!("{name}.program"), program).display().to_string();
    home.start(name, &format!("env python3 -S -E {script} {words}"))
}

fn state(pid: i32) -> char {
    proc::Stat::of(pid).map_or('-', |stat| stat.state)
}

#[test]
fn a_process_that_is_halted_is_stopped_by_force_at_once_and_gently_after_its_grace() {
    let home = Home::new();
    for gentle in [false, true] {
        let process = home.start("halted", "bash -c 'sleep 1000001 & wait'");
        let child = wait_for("it has a child", || process.children().first().copied());
        for pid in [process.pid, child] {
            proc::send(pid, Signal::SIGSTOP);
            wait_until("it is halted", || state(pid) == 'T');
        }
        let supervisor = home.supervisor_of(&process.name).unwrap();
        assert!(succeed(&home, &["list"]).contains(&process.name), "halted is not dead");
        let words: &[&str] = if gentle { &["stop"] } else { &["stop", "--force"] };
        let said = succeed(&home, &[words, &[&process.name]].concat());
        assert_eq!(said.contains("after timeout"), gentle, "{said}");
        assert!(!process.is_alive() && !proc::is_alive(child), "{said}");
        assert_eq!(home.status(&process.name), "stopped");
        wait_until("its supervisor has left", || !proc::is_alive(supervisor));
        succeed(&home, &["delete", &process.name]);
    }
}

/// The new name is made to be misread by whoever takes `/proc/PID/stat` apart at blanks and brackets.
#[test]
fn a_process_that_renames_itself_and_becomes_another_program_stays_the_same() {
    const PROGRAM: &str = "import ctypes, os, sys\n\
        libc = ctypes.CDLL(None)\n\
        libc.prctl(15, b'a) Z 1 1 (\\nb', 0, 0, 0)\n\
        open('renamed', 'w')\n\
        open('gate').read()\n\
        os.execve('/bin/sleep', ['a) Z 1 1 1', '1000000'], {})\n";
    let home = Home::new();
    mkfifo(&home.work().join("gate"), Mode::S_IRWXU).unwrap();
    let process = start(&home, "renamed", PROGRAM, "");
    wait_until("it is renamed", || home.work().join("renamed").exists());
    let check = |what: &str| {
        assert_eq!(home.tsm(&["patrol"]).status.code(), Some(0), "{what}");
        assert!(succeed(&home, &["list"]).contains(&process.name), "{what}");
        assert!(succeed(&home, &["info", &process.name]).contains("Status: online"), "{what}");
        assert_eq!(home.record(&process.name)["pid"], process.pid, "{what}");
        assert!(process.is_alive(), "{what}");
    };
    check("renamed");
    orphan(&home, &process.name);
    succeed(&home, &["list"]);
    wait_until("it is adopted", || home.supervisor_of(&process.name).is_some());
    check("renamed and adopted");
    fs::OpenOptions::new().write(true).open(home.work().join("gate")).unwrap();
    wait_until("it is another program", || {
        proc::command_line(process.pid).first().is_some_and(|word| word == "a) Z 1 1 1")
    });
    check("another program");
    orphan(&home, &process.name);
    check("another program, and orphaned");
    succeed(&home, &["stop", &process.name]);
    assert!(!process.is_alive());
    assert_eq!(home.status(&process.name), "stopped");
}

#[test]
fn a_process_that_closes_every_descriptor_is_supervised_adopted_and_stopped_like_any_other() {
    const PROGRAM: &str = "import os, time\n\
        os.write(1, b'last words\\n')\n\
        if os.fork() == 0:\n    time.sleep(1000001)\n\
        os.closerange(0, 1001)\n\
        open('closed', 'w')\n\
        time.sleep(1000000)\n";
    let home = Home::new();
    for adopted in [false, true] {
        let process = start(&home, "closer", PROGRAM, "");
        wait_until("it has closed them", || home.work().join("closed").exists());
        fs::remove_file(home.work().join("closed")).unwrap();
        let child = wait_for("it has a child", || process.children().first().copied());
        if adopted {
            orphan(&home, &process.name);
            succeed(&home, &["patrol"]);
        }
        assert_eq!(home.status(&process.name), "online");
        assert!(home.supervisor_of(&process.name).is_some());
        wait_until("its words are in the log", || home.log(&process.name, "out") == "last words\n");
        succeed(&home, &["stop", &process.name]);
        assert!(!process.is_alive() && !proc::is_alive(child));
        succeed(&home, &["delete", &process.name]);
    }
}

/// Ticks of a core that a process has had, and how often it has gone to sleep.
fn activity(pid: i32) -> (u64, u64) {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let naps = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
    let ticks = [11, 12].map(|field: usize| fields[field].parse::<u64>().unwrap()).iter().sum();
    (ticks, naps.trim().parse().unwrap())
}

/// A closed fifo is at its end for ever, and poll(2) says so each time it is asked.
#[test]
fn a_process_that_closes_its_output_and_goes_on_costs_its_supervisor_nothing() {
    const PROGRAM: &str = "import os, sys, time\n\
        for stream in sys.argv[1:]:\n    os.write(int(stream), b'bye\\n'); os.close(int(stream))\n\
        open('closed', 'w')\n\
        open('gate').read()\n\
        os._exit(3)\n";
    let home = Home::new();
    mkfifo(&home.work().join("gate"), Mode::S_IRWXU).unwrap();
    for (streams, adopted) in [("1", false), ("2", false), ("1 2", false), ("1 2", true)] {
        let process = start(&home, "closer", PROGRAM, streams);
        let name = process.name.as_str();
        wait_until("it has closed them", || home.work().join("closed").exists());
        fs::remove_file(home.work().join("closed")).unwrap();
        if adopted {
            orphan(&home, name);
            succeed(&home, &["patrol"]);
        }
        let supervisor = wait_for("it has a supervisor", || home.supervisor_of(name));
        wait_until("its words are in the log", || {
            streams
                .split(' ')
                .all(|stream| home.log(name, if stream == "1" { "out" } else { "err" }) == "bye\n")
        });
        wait_until("its supervisor sleeps", || state(supervisor) == 'S');
        let before = activity(supervisor);
        // A span of time that grows with the load of the machine.
        for _ in 0..40 {
            succeed(&home, &["info", name]);
        }
        let after = activity(supervisor);
        assert!(after.0 - before.0 <= 3 && after.1 - before.1 <= 5, "{streams}: {before:?}, then {after:?}");
        assert_eq!(home.supervisor_of(name), Some(supervisor));
        assert_eq!(home.status(name), "online");
        fs::OpenOptions::new().write(true).open(home.work().join("gate")).unwrap();
        home.wait_for_status(name, "crashed");
        if !adopted {
            assert_eq!(home.record(name)["exit_code"], 3);
        }
        wait_until("its supervisor has left", || !proc::is_alive(supervisor));
        succeed(&home, &["delete", name]);
    }
}

#[test]
fn zombies_of_a_process_are_not_reaped_for_it_and_do_not_hold_up_a_stop() {
    const COUNT: usize = 20;
    const PROGRAM: &str = "import os, sys, time\n\
        for _ in range(20):\n    if os.fork() == 0: os._exit(0)\n\
        time.sleep(1000000)\n";
    let home = Home::new();
    let process = start(&home, "careless", PROGRAM, "");
    let zombies = || process.children().into_iter().filter(|pid| state(*pid) == 'Z').collect::<Vec<_>>();
    wait_until("its children have ended", || zombies().len() == COUNT);
    let children = zombies();
    for words in [&["list"][..], &["patrol"], &["info", &process.name]] {
        succeed(&home, words);
    }
    assert_eq!(zombies(), children, "they are their parent's to reap");
    let said = succeed(&home, &["stop", &process.name]);
    assert!(!said.contains("force"), "{said}");
    assert!(!process.is_alive());
    wait_until("nothing of them is left", || children.iter().all(|pid| proc::Stat::of(*pid).is_none()));
}

/// Its supervisor is halted, so nobody reaps it.
#[test]
fn a_process_that_is_a_zombie_counts_as_dead() {
    let home = Home::new();
    let process = home.start("zombie", "sleep 1000000");
    let name = process.name.as_str();
    let supervisor = home.supervisor_of(name).unwrap();
    proc::send(supervisor, Signal::SIGSTOP);
    wait_until("the supervisor is halted", || state(supervisor) == 'T');
    proc::kill(process.pid);
    wait_until("it is a zombie", || state(process.pid) == 'Z');
    assert!(!succeed(&home, &["list"]).contains(name));
    let output = home.tsm(&["stop", name]);
    assert_eq!(
        (output.status.code(), text(&output)),
        (Some(1), format!("tsm: process '{name}' not running\n"))
    );
    assert!(!succeed(&home, &["info", name]).contains("Status: online"));
    proc::send(supervisor, Signal::SIGCONT);
    home.wait_for_status(name, "crashed");
    assert_eq!(home.record(name)["signal"], "SIGKILL");
    assert_eq!(home.events_of(name), ["start", "crash"]);
}

/// Until its child executes something, a parent that has called vfork(2) sleeps where no SIGTERM wakes it; and the child
/// blocks signals. This one waits for a fifo to be opened.
#[test]
fn a_process_that_waits_in_vfork_is_listed_and_ended_with_its_child() {
    const PROGRAM: &str = "import os, time\n\
        os.posix_spawn('/bin/sleep', ['sleep', '1000001'], {},\n\
        \x20   file_actions=[(os.POSIX_SPAWN_OPEN, 0, 'never', os.O_RDONLY, 0)])\n\
        time.sleep(1000000)\n";
    let home = Home::new();
    mkfifo(&home.work().join("never"), Mode::S_IRWXU).unwrap();
    let process = start(&home, "vforked", PROGRAM, "");
    let child = wait_for("it has a child", || process.children().first().copied());
    wait_until("it waits for its child", || state(process.pid) == 'D');
    assert!(succeed(&home, &["list"]).contains(&process.name));
    succeed(&home, &["stop", "--force", &process.name]);
    assert!(!process.is_alive() && !proc::is_alive(child));
    assert_eq!(home.status(&process.name), "stopped");
}

#[test]
fn a_process_that_makes_its_children_by_vfork_is_ended_with_them() {
    const PROGRAM: &str = "import os, time\n\
        for _ in range(3): os.posix_spawn('/bin/sleep', ['sleep', '1000001'], {}, setsid=True)\n\
        time.sleep(1000000)\n";
    let home = Home::new();
    let process = start(&home, "spawner", PROGRAM, "");
    let children = wait_for("it has children", || Some(process.children()).filter(|all| all.len() == 3));
    succeed(&home, &["stop", &process.name]);
    assert!(!process.is_alive());
    assert_eq!(children.iter().map(|pid| proc::is_alive(*pid)).collect::<Vec<_>>(), [false; 3]);
}
