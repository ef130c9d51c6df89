//! `tsm stop`.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::harness::{Home, Process, assert_transcript, proc, wait_until};

const FOREVER: &str = "sleep 1000";

/// Says `ready` when SIGTERM can no longer end it.
const STUBBORN: &str = "bash -c 'trap \"\" TERM; echo ready; while :; do sleep 0.05; done'";

/// The pid that a process has written to its log as `word:PID`.
fn told(home: &Home, process: &Process, word: &str) -> i32 {
    crate::harness::wait_for(format_args!("{word} is named"), || {
        let log = home.log(&process.name, "out");
        log.lines().find_map(|line| line.strip_prefix(word)?.strip_prefix(':')?.parse().ok())
    })
}

fn wait_for_log(home: &Home, process: &Process, text: &str) {
    wait_until(format_args!("{} says {text:?}", process.name), || {
        home.log(&process.name, "out").contains(text)
    });
}

fn last_event(home: &Home, name: &str) -> Value {
    home.events().into_iter().rfind(|event| event["name"] == name).unwrap()
}

#[test]
fn a_stopped_process_keeps_its_record() {
    let home = Home::new();
    let process = home.start("p", FOREVER);
    let mut expected = home.record(&process.name);
    assert_transcript!(home, home.tsm(&["stop", &process.name]), @"
    status 0
    --- stdout
    tsm: stopping 'p-<EPOCH>' (PID: <PID>)
    tsm: stopped 'p-<EPOCH>'
    --- stderr
    ");
    assert!(!process.is_alive());
    let record = home.record(&process.name);
    let stopped = record["stop_time"].as_i64().unwrap();
    assert!((0..30).contains(&(stopped - record["start_time"].as_i64().unwrap())));
    expected["status"] = "stopped".into();
    expected["exit_code"] = json!(null);
    expected["signal"] = "SIGTERM".into();
    expected["stop_time"] = stopped.into();
    assert_eq!(record, expected, "all else as it was, nothing of the stopper left");
    assert_eq!(home.pid_file(&process.name), None);
    assert!(home.read("tsm/runtime/ports/registry.tsv").contains(&process.name));
    assert_eq!(home.events_of(&process.name), ["start", "stop"]);
    let event = last_event(&home, &process.name);
    assert_eq!((&event["signal"], &event["pid"]), (&json!("SIGTERM"), &json!(process.pid)));
    wait_until("its supervisor has left", || home.supervisor_of(&process.name).is_none());
}

#[test]
fn how_a_process_ends_when_asked_is_its_own_affair() {
    let home = Home::new();
    let polite = "bash -c 'trap \"echo bye; exit 3\" TERM; echo ready; while :; do sleep 0.05; done'";
    let process = home.start("p", polite);
    wait_for_log(&home, &process, "ready");
    assert!(home.tsm(&["stop", &process.name]).status.success());
    assert_eq!(home.log(&process.name, "out"), "ready\nbye\n", "its last words are there when stop reports");
    let record = home.record(&process.name);
    assert_eq!((&record["status"], &record["exit_code"]), (&json!("stopped"), &json!(3)));
    assert_eq!(record.get("signal"), None);
    assert_eq!(last_event(&home, &process.name)["exit_code"], 3);
}

#[test]
fn several_targets_are_stopped_in_their_order() {
    let home = Home::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| home.start(name, FOREVER));
    let output = home.tsm(&["stop", &b.name, "--", &a.name]);
    assert_eq!(output.status.code(), Some(64));
    assert!(a.is_alive() && b.is_alive(), "a wrong word is noticed before anything is done");

    assert_transcript!(home, home.tsm(&["stop", "nosuch", &b.name, "99", "-f", &a.name]), @"
    status 1
    --- stdout
    tsm: process 'nosuch' not running
    tsm: stopping 'b-<EPOCH>' (PID: <PID>)
    tsm: stopped 'b-<EPOCH>'
    tsm: stopping 'a-<EPOCH>' (PID: <PID>)
    tsm: stopped 'a-<EPOCH>'
    --- stderr
    tsm: process ID/PID/port '99' not found
    ");
    assert_eq!([&a, &b, &c].map(Process::is_alive), [false, false, true]);
}

#[test]
fn force_kills_at_once() {
    let home = Home::new();
    let process = home.start("p", STUBBORN);
    wait_for_log(&home, &process, "ready");
    assert_transcript!(home, home.tsm(&["stop", "p", "--force"]), @"
    status 0
    --- stdout
    tsm: stopping 'p-<EPOCH>' (PID: <PID>)
    tsm: stopped 'p-<EPOCH>'
    --- stderr
    ");
    let record = home.record(&process.name);
    assert_eq!((&record["status"], &record["signal"]), (&json!("stopped"), &json!("SIGKILL")));
}

#[test]
fn who_ignores_the_signal_is_killed_after_ten_seconds() {
    let home = Home::new();
    let process = home.start("p", STUBBORN);
    wait_for_log(&home, &process, "ready");
    let begun = std::time::Instant::now();
    assert_transcript!(home, home.tsm(&["stop", "p"]), @"
    status 0
    --- stdout
    tsm: stopping 'p-<EPOCH>' (PID: <PID>)
    tsm: force killing 'p-<EPOCH>' after timeout
    tsm: stopped 'p-<EPOCH>'
    --- stderr
    ");
    assert!(begun.elapsed() >= std::time::Duration::from_secs(10));
    assert!(!process.is_alive());
    let record = home.record(&process.name);
    assert_eq!((&record["status"], &record["signal"]), (&json!("stopped"), &json!("SIGKILL")));
    assert_eq!(home.events_of(&process.name), ["start", "stop"]);
}

#[test]
fn the_whole_tree_ends() {
    let home = Home::new();
    home.put_work(
        "tree.sh",
        "sleep 1001 & echo child:$!\n\
         setsid sleep 1002 & echo session:$!\n\
         (set -m; sleep 1003 & echo group:$!)\n\
         (setsid sleep 1004 & echo orphan:$!)\n\
         (env -i setsid sleep 1005 & echo bare:$!)\n\
         setsid bash -c 'sleep 1006 & echo grandchild:$!; exec sleep 1007' & echo parent:$!\n\
         wait\n",
    );
    let process = home.start("p", "bash tree.sh");
    let words = ["child", "session", "group", "orphan", "bare", "grandchild", "parent"];
    let pids = words.map(|word| told(&home, &process, word));
    wait_until("each runs what it is meant to run", || {
        pids.iter().all(|pid| proc::command_line(*pid).first().is_some_and(|word| word == "sleep"))
    });
    assert!(home.tsm(&["stop", "p"]).status.success());
    for (word, pid) in words.iter().zip(pids) {
        assert!(!proc::is_alive(pid), "{word} lives");
    }
}

#[test]
fn what_was_started_by_a_process_as_another_is_not_part_of_it() {
    let home = Home::new();
    let nest = "bash -c 'tsm start --name inner --port none sleep 1000; exec sleep 1000'";
    let outer = home.start("outer", nest);
    wait_for_log(&home, &outer, "Started");
    let inner = Process::from_report(&home.log(&outer.name, "out")).unwrap();
    assert!(home.tsm(&["stop", "outer"]).status.success());
    assert!(!outer.is_alive());
    assert!(inner.is_alive());
    assert_eq!(home.status(&inner.name), "online");
    assert!(home.tsm(&["stop", "inner"]).status.success());
    assert!(!inner.is_alive());
}

#[test]
fn a_process_may_stop_itself() {
    let home = Home::new();
    let process = home.start("self", "bash -c 'until [ -e go ]; do sleep 0.02; done; tsm stop self; exit 9'");
    home.put_work("go", "");
    home.wait_for_status(&process.name, "stopped");
    process.wait_until_gone();
    wait_until("the stop has been carried out", || home.pid_file(&process.name).is_none());
    wait_until("the event is written", || home.events_of(&process.name) == ["start", "stop"]);
}

#[test]
fn what_a_dead_process_left_behind_is_stopped_like_a_live_one() {
    let home = Home::new();
    let process = home.start("p", "bash -c 'setsid sleep 1000 & echo left:$!; exec sleep 1000'");
    let left = told(&home, &process, "left");
    process.kill();
    home.wait_for_status(&process.name, "crashed");
    assert!(proc::is_alive(left));
    assert_transcript!(home, home.tsm(&["stop", "p"]), @"
    status 0
    --- stdout
    tsm: stopping 'p-<EPOCH>' (PID: <PID>)
    tsm: stopped 'p-<EPOCH>'
    --- stderr
    ");
    assert!(!proc::is_alive(left));
    let record = home.record(&process.name);
    assert_eq!((&record["status"], &record["signal"]), (&json!("stopped"), &json!("SIGKILL")));
    assert!(record["stop_time"].is_i64());
    assert_eq!(home.tsm(&["stop", "p"]).status.code(), Some(1), "nothing is left");
}

#[test]
fn a_base_name_must_mean_one_process() {
    let home = Home::new();
    let dead = |id: i64| json!({ "tsm_id": id, "pid": 2, "status": "stopped" });
    for (id, name) in ["web-8000", "web-9", "web-x-1", "webs-1"].iter().enumerate() {
        home.put_record(name, &dead(i64::try_from(id).unwrap()));
    }
    assert_transcript!(home, home.tsm(&["stop", "web"]), @"
    status 1
    --- stdout
    --- stderr
    tsm: ambiguous name 'web', matches:
      0: web-8000
      1: web-9
    ");
    assert_transcript!(home, home.tsm(&["stop", "web-", "eb", "webs", "web-8"]), @"
    status 1
    --- stdout
    tsm: process 'web-' not running
    tsm: process 'eb' not running
    tsm: process 'webs' not running
    tsm: process 'web-8' not running
    --- stderr
    ");
}

#[test]
fn a_whole_name_comes_before_a_base_name() {
    let home = Home::new();
    let process = home.start("web", FOREVER);
    home.put_record("web", &json!({ "tsm_id": 7, "pid": 2, "status": "stopped" }));
    let output = home.tsm(&["stop", "web"]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "tsm: process 'web' not running\n");
    assert!(process.is_alive());
}

#[test]
fn a_number_is_an_id_before_a_pid() {
    let home = Home::new();
    let process = home.start("p", FOREVER);
    home.put_record("decoy", &json!({ "tsm_id": process.pid, "pid": 2, "status": "stopped" }));
    assert_eq!(
        home.tsm(&["stop", &process.pid.to_string()]).status.code(),
        Some(1),
        "that is the decoy's id"
    );
    assert!(process.is_alive());
    assert!(home.tsm(&["delete", "decoy"]).status.success());
    assert!(home.tsm(&["stop", &process.pid.to_string()]).status.success());
    assert!(!process.is_alive());
}

#[test]
fn a_pid_that_belongs_to_another_process_is_not_signalled() {
    let home = Home::new();
    let mut bystander = home.command("sleep").arg("1000").spawn().unwrap();
    let pid = bystander.id().cast_signed();
    let ticks = proc::start_ticks(pid).unwrap();
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let stamp = |ticks: u64, boot: &str| json!({ "start_ticks": ticks, "boot_id": boot });
    for (name, record) in [
        ("stamp", json!({ "start_time": 1, "proc": stamp(ticks + 1, boot.trim()) })),
        ("boot", json!({ "start_time": 1, "proc": stamp(ticks, "another") })),
        ("time", json!({ "start_time": 1 })),
        ("unknown", json!({ "start_time": null })),
    ] {
        let mut record = record;
        record["tsm_id"] = 3.into();
        record["pid"] = pid.into();
        record["status"] = "online".into();
        home.put_record(name, &record);
        let output = home.tsm(&["stop", "--force", name]);
        assert_eq!(String::from_utf8_lossy(&output.stdout), format!("tsm: process '{name}' not running\n"));
        assert_eq!(output.status.code(), Some(1));
    }
    assert!(proc::is_alive(pid));
    bystander.kill().unwrap();
    bystander.wait().unwrap();
}

#[test]
fn a_caller_that_no_longer_listens_stops_nothing_half_way() {
    let home = Home::new();
    let processes = ["a", "b", "c"].map(|name| home.start(name, FOREVER));
    let names = processes.each_ref().map(|process| process.name.as_str());
    let mut stop = home.tsm_command(&[&["stop"], &names[..]].concat());
    let mut stop = stop.stdout(Stdio::piped()).spawn().unwrap();
    drop(stop.stdout.take());
    stop.wait().unwrap();
    assert_eq!(names.map(|name| home.status(name)), ["stopped"; 3]);
    assert!(!processes.iter().any(Process::is_alive));
}

#[test]
fn members_that_tsm_does_not_know_stay() {
    let home = Home::new();
    let process = home.start("p", FOREVER);
    let mut record = home.record(&process.name);
    record["mine"] = json!({ "deep": [1, "x"] });
    home.put_record(&process.name, &record);
    assert!(home.tsm(&["stop", "p"]).status.success());
    assert_eq!(home.record(&process.name)["mine"], record["mine"]);
}
