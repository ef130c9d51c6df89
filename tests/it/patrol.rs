//! `tsm patrol`: what death leaves behind is cleaned up, and living processes that lost their supervisor get another.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Home, Process, assert_transcript, proc, wait_until};

const FOREVER: &str = "sleep 1000";

/// A boot that is over.
const GONE: &str = "00000000-0000-0000-0000-000000000000";

fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap().trim().to_owned()
}

/// How a record names a process.
fn identity(pid: i32) -> Value {
    json!({ "pid": pid, "start_ticks": proc::start_ticks(pid), "boot_id": boot_id() })
}

/// A record of a process of an earlier boot.
fn lost(id: i64, status: &str) -> Value {
    let stamp = json!({ "start_ticks": 1, "boot_id": GONE });
    json!({ "tsm_id": id, "pid": 70 + id, "start_time": 1, "status": status, "proc": stamp })
}

/// SIGKILL to the supervisor; the process stays.
fn kill_supervisor(home: &Home, process: &Process) -> i32 {
    let supervisor = home.supervisor_of(&process.name).unwrap();
    proc::kill(supervisor);
    wait_until("the supervisor is gone", || home.supervisor_of(&process.name).is_none());
    assert!(process.is_alive());
    supervisor
}

#[test]
fn the_exit_code_is_the_number_of_what_was_cleaned() {
    let home = Home::new();
    home.put_record("b", &lost(0, "online"));
    home.put_record("a", &lost(1, "stopping"));
    home.put_record("c", &lost(2, "stopped"));
    home.put_record("d", &lost(3, "crashed"));
    home.put("tsm/runtime/processes/bad.json", "{");
    for name in ["a", "b", "c"] {
        home.put(&format!("tsm/runtime/pids/{name}.pid"), "70\n");
    }
    assert_transcript!(home, home.tsm(&["patrol"]), @"
    status 4
    --- stdout
    🚨 TSM Patrol: Checking for stale processes...
    🧹 Cleaning stale process: a (PID <PID>)
    🧹 Cleaning stale process: b (PID <PID>)
    🧹 Cleaning invalid process file: bad
    🧹 Cleaning stale process: c (PID <PID>)
    ✅ Cleaned up 4 stale processes
    --- stderr
    ");
    assert_eq!(
        ["a", "b", "c", "d"].map(|name| home.status(name)),
        ["stopped", "crashed", "stopped", "crashed"]
    );
    assert_eq!(home.record("b")["exit_code"], json!(null));
    assert_eq!(home.pid_file("a").or(home.pid_file("b")).or(home.pid_file("c")), None);
    assert_eq!(home.read("tsm/runtime/processes/.bad.json.invalid"), "{");
    assert_eq!([home.events_of("a"), home.events_of("b")], [["stop"], ["crash"]]);
    assert!(home.events_of("c").is_empty(), "that end was known");
    assert_transcript!(home, home.tsm(&["patrol"]), @"
    status 0
    --- stdout
    🚨 TSM Patrol: Checking for stale processes...
    ✅ No stale processes found
    --- stderr
    ");
}

#[test]
fn a_crash_stays_visible_and_is_counted_once() {
    let home = Home::new();
    let process = home.start("p", FOREVER);
    process.kill();
    home.wait_for_status(&process.name, "crashed");
    let record = home.record(&process.name);
    assert_eq!(home.tsm(&["patrol"]).status.code(), Some(1));
    assert_eq!(home.record(&process.name), record);
    assert_eq!(home.pid_file(&process.name), None);
    assert!(home.read("tsm/runtime/ports/registry.tsv").contains(&process.name));
    assert_eq!(home.tsm(&["patrol"]).status.code(), Some(0));
    assert_eq!(home.events_of(&process.name), ["start", "crash"]);
}

#[test]
fn the_exit_code_ends_at_255() {
    let home = Home::new();
    for number in 0..260 {
        home.put(&format!("tsm/runtime/processes/{number}.json"), "");
    }
    let output = home.tsm(&["patrol"]);
    assert_eq!(output.status.code(), Some(255));
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("✅ Cleaned up 260 stale processes\n"));
}

#[test]
fn a_second_word_other_than_true_asks_for_silence() {
    let home = Home::new();
    for (words, speaks) in
        [(&["x", "false"][..], false), (&["", ""], false), (&["x", "true"], true), (&["false"], true)]
    {
        home.put("tsm/runtime/processes/bad.json", "{");
        let output = home.tsm(&[&["patrol"], words].concat());
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        assert_eq!(!output.stdout.is_empty(), speaks, "{words:?}");
        assert!(output.stderr.is_empty());
    }
}

#[test]
fn json_is_one_line_and_never_a_failure() {
    let home = Home::new();
    home.put_record("web", &lost(0, "crashed"));
    home.put("tsm/runtime/pids/web.pid", "70\n");
    home.put("tsm/runtime/processes/bad.json", "{");
    for (words, expected) in [
        (&["--json"][..], "{\"restarted\":[],\"cleaned\":[\"bad\",\"web\"]}\n"),
        (&["--once", "--json"], "{\"restarted\":[],\"cleaned\":[]}\n"),
    ] {
        let output = home.tsm(&[&["patrol"], words].concat());
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    }
}

#[test]
fn where_nothing_was_ever_recorded_there_is_nothing_to_do() {
    let home = Home::new();
    assert_transcript!(home, home.tsm(&["patrol"]), @"
    status 0
    --- stdout
    🚨 TSM Patrol: Checking for stale processes...
    ✅ No process tracking directory
    --- stderr
    ");
    assert!(home.tree().is_empty());
}

#[test]
fn a_process_whose_supervisor_was_killed_gets_another() {
    let home = Home::new();
    let command = "bash -c 'while read -r line; do echo \"$line\"; done < <(tail -f lines); exit 7'";
    home.put_work("lines", "one\n");
    let process = home.start("p", command);
    let name = &process.name;
    wait_until("the first line is there", || home.log(name, "out") == "one\n");
    let record = home.record(name);
    let old = kill_supervisor(&home, &process);

    let output = home.tsm(&["patrol"]);

    assert_eq!(output.status.code(), Some(0), "an adoption is not counted: {output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("✅ No stale processes found\n"));
    let new = home.supervisor_of(name).unwrap();
    assert_ne!(new, old);
    assert!(process.is_alive());
    assert_eq!(home.record(name), record);
    assert_eq!(home.events_of(name), ["start", "adopt"]);
    home.shell("echo two >>lines");
    wait_until("it writes on", || home.log(name, "out") == "one\ntwo\n");
    assert!(home.tsm(&["patrol"]).status.success());
    assert_eq!(home.supervisor_of(name), Some(new), "there is no more to do");
}

#[test]
fn the_end_of_an_adopted_process_is_seen() {
    let home = Home::new();
    let process = home.start("p", "bash -c 'until [ -e go ]; do sleep 0.02; done; echo last; exit 7'");
    kill_supervisor(&home, &process);
    assert!(home.tsm(&["patrol"]).status.success());
    home.put_work("go", "");
    home.wait_for_status(&process.name, "crashed");
    let record = home.record(&process.name);
    // Kernels before 6.15 do not tell.
    assert!(record["exit_code"] == 7 || record["exit_code"].is_null(), "{record}");
    assert_eq!(record.get("signal"), None);
    assert_eq!(home.log(&process.name, "out"), "last\n");
}

#[test]
fn an_end_that_nobody_saw_is_a_crash() {
    let home = Home::new();
    let process = home.start("p", "bash -c 'until [ -e go ]; do sleep 0.02; done; exit 0'");
    kill_supervisor(&home, &process);
    home.put_work("go", "");
    process.wait_until_gone();
    assert_eq!(home.status(&process.name), "online");
    assert_eq!(home.tsm(&["patrol"]).status.code(), Some(1));
    let record = home.record(&process.name);
    assert_eq!((&record["status"], &record["exit_code"]), (&json!("crashed"), &json!(null)));
    assert_eq!(home.events_of(&process.name).last().map(String::as_str), Some("crash"));
}

#[test]
fn many_patrols_make_one_supervisor() {
    let home = Home::new();
    let process = home.start("p", FOREVER);
    kill_supervisor(&home, &process);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| assert!(home.tsm(&["patrol"]).status.success()));
        }
    });
    assert!(home.supervisor_of(&process.name).is_some());
    let tetra = home.root();
    let supervises = |pid: &i32| {
        let words = proc::command_line(*pid);
        words.iter().any(|word| word == "__supervise")
            && words.iter().any(|word| *word == tetra.to_string_lossy())
    };
    wait_until("the others have left", || proc::all().iter().filter(|pid| supervises(pid)).count() == 1);
    assert_eq!(home.events_of(&process.name), ["start", "adopt"]);
}

#[test]
fn a_process_of_the_old_tool_gets_a_supervisor_that_leaves_its_logs_alone() {
    let home = Home::new();
    let mut child = home.command("sleep").arg("1000").spawn().unwrap();
    let pid = child.id().cast_signed();
    let mut record = json!({ "tsm_id": 0, "pid": pid, "status": "online", "start_time": 1 });
    record["proc"] = identity(pid);
    home.put_record("old", &record);
    home.put("tsm/runtime/logs/old/current.out", "its own\n");

    assert!(home.tsm(&["patrol"]).status.success());

    assert!(home.supervisor_of("old").is_some());
    assert_eq!(home.record("old"), record);
    child.kill().unwrap();
    child.wait().unwrap();
    home.wait_for_status("old", "crashed");
    wait_until("the supervisor has left", || home.supervisor_of("old").is_none());
    assert_eq!(home.log("old", "out"), "its own\n");
    assert!(!home.exists("tsm/runtime/logs/old/current.err"));
}

#[test]
fn a_stop_whose_stopper_is_gone_is_taken_back() {
    let home = Home::new();
    let process = home.start("p", FOREVER);
    let online = home.record(&process.name);
    let own = identity(std::process::id().cast_signed());
    let mut gone = own.clone();
    gone["boot_id"] = GONE.into();
    for (stopper, expected) in [(own, "stopping"), (gone, "online")] {
        let mut record = online.clone();
        record["status"] = "stopping".into();
        record["stop_by"] = stopper;
        home.put_record(&process.name, &record);
        assert_eq!(home.tsm(&["patrol"]).status.code(), Some(0));
        assert_eq!(home.status(&process.name), expected);
    }
    assert_eq!(home.record(&process.name), online);
    assert!(process.is_alive());
}

#[test]
fn a_stop_that_was_killed_half_way_is_taken_back() {
    let home = Home::new();
    let process =
        home.start("p", "bash -c 'trap \"echo asked\" TERM; echo ready; while :; do sleep 0.02; done'");
    wait_until("it is stubborn", || home.log(&process.name, "out") == "ready\n");
    let mut stop = home.tsm_command(&["stop", "p"]).stdout(std::process::Stdio::null()).spawn().unwrap();
    wait_until("it was asked", || home.log(&process.name, "out").contains("asked"));
    assert_eq!(home.status(&process.name), "stopping");
    stop.kill().unwrap();
    stop.wait().unwrap();
    assert!(home.tsm(&["patrol"]).status.success());
    assert_eq!(home.status(&process.name), "online");
    assert!(process.is_alive());
}
