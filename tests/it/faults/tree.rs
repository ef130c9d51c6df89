//! `stop` ends the whole tree of a process and nothing else.

use std::fs;

use super::{orphan, put_listener, running, spawn, start_listener, succeed, text};
use crate::harness::{Home, Process, finish, proc, wait_for, wait_until};

/// A program that leaves a grandchild with a session and a parent of its own, which writes its pid into a file. Words:
/// the file, and `closed`, `cleared`, `deaf` for what the grandchild does without.
const ESCAPER: &str = r#"
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        what = sys.argv[2:]
        if "deaf" in what:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if "closed" in what:
            os.closerange(0, 4096)
        with open(sys.argv[1] + ".new", "w") as f:
            f.write(str(os.getpid()))
        os.rename(sys.argv[1] + ".new", sys.argv[1])
        if "cleared" in what:
            os.execve("/bin/sleep", ["sleep", "1000000"], {})
        time.sleep(1000000)
    os._exit(0)
os.wait()
time.sleep(1000000)
"#;

/// Starts it; process and grandchild.
fn start_escaper(home: &Home, name: &str, what: &str) -> (Process, i32) {
    let script = home.put_work("escaper", ESCAPER).display().to_string();
    let file = home.work().join(format!("{name}.pid"));
    let process = home.start(name, &format!("env python3 -S {script} {} {what}", file.display()));
    let pid = wait_for("it has a grandchild", || fs::read_to_string(&file).ok()).parse().unwrap();
    wait_until("it is an orphan of the supervisor", || {
        proc::Stat::of(pid).is_some_and(|stat| Some(stat.parent) == home.supervisor_of(&process.name))
    });
    fs::remove_file(&file).unwrap();
    (process, pid)
}

#[test]
fn a_grandchild_that_has_left_in_every_way_is_ended_by_stop() {
    let home = Home::new();
    for what in ["", "closed", "cleared", "closed cleared", "closed cleared deaf"] {
        let (process, grandchild) = start_escaper(&home, "escaper", what);
        let force: &[&str] = if what.contains("deaf") { &["--force"] } else { &[] };
        succeed(&home, &[&["stop"], force, &[&process.name]].concat());
        assert!(!process.is_alive() && !proc::is_alive(grandchild), "{what:?}");
        wait_until("nothing is left to reap", || proc::Stat::of(grandchild).is_none());
        succeed(&home, &["delete", &process.name]);
    }
}

#[test]
fn after_an_adoption_lock_and_environment_still_tell_who_belongs() {
    let home = Home::new();
    for what in ["", "closed", "cleared"] {
        let (process, grandchild) = start_escaper(&home, "escaper", what);
        orphan(&home, &process.name);
        succeed(&home, &["patrol"]);
        succeed(&home, &["stop", &process.name]);
        assert!(!process.is_alive(), "{what:?}");
        assert!(!proc::is_alive(grandchild), "{what:?}");
        succeed(&home, &["delete", &process.name]);
    }
}

/// One that has neither the lock nor the fifos nor the environment is known to its supervisor only, and that leaves
/// when the process has ended and its fifos are closed.
#[test]
fn left_overs_of_a_crashed_process_are_ended_by_stop_restart_and_delete() {
    let home = Home::new();
    for command in ["stop", "restart", "delete"] {
        for what in ["", "closed", "cleared"] {
            let (process, grandchild) = start_escaper(&home, "escaper", what);
            process.kill();
            home.wait_for_status(&process.name, "crashed");
            assert!(proc::is_alive(grandchild), "a crash ends nobody else");
            let output = home.tsm(&[command, &process.name]);
            assert!(output.status.success(), "{command}, {what:?}: {output:?}");
            assert!(!proc::is_alive(grandchild), "{command}, {what:?}");
            home.tsm(&["delete", &process.name]);
        }
    }
}

#[test]
fn left_overs_are_ended_by_a_start_of_the_name() {
    let home = Home::new();
    let port = home.free_port();
    let listener = put_listener(&home);
    let script =
        format!("setsid sh -c 'trap \"\" HUP; sleep 1000001' & exec python3 -S -E {listener} {port}");
    home.put_work("parent", script);
    let port_text = port.to_string();
    let process = home.start_with(&["--name", "web", "--port", &port_text, "env bash parent"]);
    let helper = wait_for("it has a helper", || process_of(&home, "sleep 1000001"));
    process.kill();
    home.wait_for_status(&process.name, "crashed");
    assert!(proc::is_alive(helper));
    let output = finish(&mut start_listener(&home, port));
    assert!(output.status.success(), "{output:?}");
    assert!(!proc::is_alive(helper));
    assert_eq!(running(&listener).len(), 1);
}

/// The process in this home that runs this.
fn process_of(home: &Home, words: &str) -> Option<i32> {
    let root = home.root().display().to_string();
    let is_it = |pid: &i32| {
        proc::is_alive(*pid)
            && proc::command_line(*pid).join(" ") == words
            && proc::environ(*pid).get("TETRA_DIR") == Some(&root)
    };
    proc::all().into_iter().find(is_it)
}

/// Starts a process that starts another one by tsm; both.
fn start_nested(home: &Home) -> (Process, Process) {
    let inner = "setsid sleep 1000001 & exec sleep 1000002";
    let script = format!(
        "TSM_STABILIZE_MS=50 tsm start --name inner --port none 'bash -c \"{inner}\"' >report\nmv report done\nexec sleep 1000003\n"
    );
    home.put_work("outer", script);
    let outer = home.start("outer", "bash -c 'exec -a outer bash ./outer'");
    let report = wait_for("it has started the other", || fs::read_to_string(home.work().join("done")).ok());
    (outer, Process::from_report(&report).unwrap())
}

#[test]
fn a_process_started_by_a_process_outlives_it_with_its_tree() {
    let home = Home::new();
    let (outer, inner) = start_nested(&home);
    let child = wait_for("the inner one has a child", || process_of(&home, "sleep 1000001"));
    let supervisor = home.supervisor_of(&inner.name).unwrap();

    succeed(&home, &["stop", &outer.name]);
    assert!(!outer.is_alive());
    assert_eq!(process_of(&home, "sleep 1000003"), None);
    assert!(inner.is_alive() && proc::is_alive(child));
    assert_eq!(home.supervisor_of(&inner.name), Some(supervisor));
    assert_eq!(home.status(&inner.name), "online");

    succeed(&home, &["stop", &inner.name]);
    assert!(!inner.is_alive() && !proc::is_alive(child));
}

/// The supervisor of the inner one dies, and the outer one's becomes the parent of everything below it.
#[test]
fn a_process_started_by_a_process_outlives_it_also_when_its_supervisor_was_killed() {
    let home = Home::new();
    for adopted in [true, false] {
        let (outer, inner) = start_nested(&home);
        let child = wait_for("the inner one has a child", || process_of(&home, "sleep 1000001"));
        orphan(&home, &inner.name);
        if adopted {
            succeed(&home, &["list"]);
            wait_until("it is adopted", || home.supervisor_of(&inner.name).is_some());
        }
        succeed(&home, &["stop", &outer.name]);
        assert!(!outer.is_alive());
        assert!(inner.is_alive() && proc::is_alive(child), "adopted: {adopted}");
        wait_until("it is supervised", || home.supervisor_of(&inner.name).is_some());
        assert_eq!(home.status(&inner.name), "online");
        succeed(&home, &["stop", &inner.name]);
        assert!(!inner.is_alive() && !proc::is_alive(child));
        succeed(&home, &["delete", "*"]);
        fs::remove_file(home.work().join("done")).unwrap();
    }
}

/// The beginning of a script that first waits until it counts as started.
const ONLINE: &str = "name=${TSM_PROCESS_DIR##*/}\n\
    until grep -q \"\\\"pid\\\": $$,\" \"$TSM_PROCESSES_DIR/$name.json\" && ! ls \"$TSM_PROCESSES_DIR\"/../.reserve-*; do :; done 2>/dev/null >&2\n";

#[test]
fn a_process_may_restart_itself() {
    let home = Home::new();
    home.put_work(
        "self",
        format!("{ONLINE}echo $$ >>runs\nif [ $(wc -l <runs) -lt 4 ]; then tsm restart \"$name\"; fi\nexec sleep 1000002\n"),
    );
    let process = home.start("self", "env bash self");
    let name = process.name.as_str();
    wait_until("it has restarted itself three times", || {
        home.record(name)["restarts"] == 3 && home.status(name) == "online"
    });
    wait_until("it has got to its work", || process_of(&home, "sleep 1000002").is_some());
    let record = home.record(name);
    let pid = i32::try_from(record["pid"].as_i64().unwrap()).unwrap();
    assert_eq!(process_of(&home, "sleep 1000002"), Some(pid));
    assert_eq!(fs::read_to_string(home.work().join("runs")).unwrap().lines().count(), 4);
    assert!(home.supervisor_of(name).is_some());
    assert_eq!(record["tsm_id"], process.id);
    let of_name = home.events_of(name);
    assert_eq!(of_name.iter().filter(|event| *event == "crash").count(), 0, "{of_name:?}");
    succeed(&home, &["stop", name]);
    assert_eq!(process_of(&home, "sleep 1000002"), None);
}

#[test]
fn a_process_may_stop_itself() {
    let home = Home::new();
    home.put_work("self", format!("{ONLINE}tsm stop \"$name\"\nexec sleep 1000002\n"));
    let process = home.start("self", "env bash self");
    home.wait_for_status(&process.name, "stopped");
    process.wait_until_gone();
    wait_until("the pid file is gone", || home.pid_file(&process.name).is_none());
    assert_eq!(process_of(&home, "sleep 1000002"), None);
}

#[test]
fn a_start_of_many_at_once_ends_only_whom_stop_names() {
    let home = Home::new();
    let all: Vec<Process> = (0..4).map(|number| home.start(&format!("p{number}"), "sleep 1000000")).collect();
    let stops: Vec<_> =
        all[..2].iter().map(|process| spawn(&mut home.tsm_command(&["stop", &process.name]))).collect();
    for stop in stops {
        let output = stop.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
    }
    assert_eq!(all.iter().map(Process::is_alive).collect::<Vec<_>>(), [false, false, true, true]);
}
