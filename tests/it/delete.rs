//! `tsm delete`.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use crate::harness::{Home, Process, assert_transcript, proc, wait_for, wait_until};

const FOREVER: &str = "sleep 1000";

/// Every path that has the name in it.
fn paths_of(home: &Home, name: &str) -> Vec<String> {
    let mut paths = home.tree();
    paths.retain(|path| path.contains(name));
    paths
}

fn stopped(home: &Home, name: &str) -> Process {
    let process = home.start(name, FOREVER);
    assert!(home.tsm(&["stop", &process.name]).status.success());
    process
}

#[test]
fn a_living_process_is_killed_and_nothing_is_kept_of_it() {
    let home = Home::new();
    let other = home.start("other", FOREVER);
    let process = home.start("p", "bash -c 'trap \"\" TERM; echo ready; while :; do sleep 0.05; done'");
    let name = &process.name;
    wait_until("it is stubborn", || home.log(name, "out") == "ready\n");
    home.put(&format!("tsm/runtime/processes/{name}.env"), "A=1\n");
    home.put(&format!("tsm/runtime/logs/{name}/2026-01-01.out.gz"), "archive");
    let others = paths_of(&home, &other.name);
    assert_transcript!(home, home.tsm(&["del", "p", "--force"]), @"
    status 0
    --- stdout
    tsm: stopping 'p-<EPOCH>' (PID: <PID>)
    tsm: stopped 'p-<EPOCH>'
    tsm: deleted 'p-<EPOCH>'
    --- stderr
    ");
    assert!(!process.is_alive());
    assert_eq!(paths_of(&home, name), [""; 0]);
    assert!(!home.read("tsm/runtime/ports/registry.tsv").contains(name));
    assert!(home.read("tsm/runtime/ports/registry.tsv").contains(&other.name));
    assert_eq!(paths_of(&home, &other.name), others);
    assert!(other.is_alive());
    assert_eq!(home.events_of(name), ["start", "stop"], "history stays");
}

#[test]
fn a_number_is_an_id_alone() {
    let home = Home::new();
    let port = home.free_port();
    let process = home.start_on(port, "web", &home.server(port));
    for number in [process.pid.to_string(), port.to_string(), "00".to_owned()] {
        let output = home.tsm(&["delete", &number]);
        let text = format!("tsm: process ID '{number}' not found\n");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
        assert_eq!(String::from_utf8_lossy(&output.stderr), text);
    }
    assert!(process.is_alive());
    assert!(home.tsm(&["delete", "0"]).status.success());
    assert!(!process.is_alive());
}

#[test]
fn several_processes_of_one_base_name_are_left_alone() {
    let home = Home::new();
    for (id, name) in ["web-1", "web-2"].iter().enumerate() {
        home.put_record(name, &json!({ "tsm_id": id, "pid": 2, "status": "stopped" }));
    }
    assert_transcript!(home, home.tsm(&["delete", "web", "web-2"]), @"
    status 1
    --- stdout
    tsm: deleted 'web-2'
    --- stderr
    tsm: ambiguous name 'web', matches:
      0: web-1
      1: web-2
    ");
    assert!(home.find_record("web-1").is_some() && home.find_record("web-2").is_none());
}

#[test]
fn a_link_in_place_of_the_logs_is_not_followed() {
    let home = Home::new();
    let process = stopped(&home, "p");
    let logs = home.root().join("tsm/runtime/logs").join(&process.name);
    let elsewhere = home.work().join("elsewhere");
    fs::rename(&logs, &elsewhere).unwrap();
    symlink(&elsewhere, &logs).unwrap();
    assert!(home.tsm(&["delete", "p"]).status.success());
    assert!(home.find_record(&process.name).is_none());
    assert!(elsewhere.join("current.out").exists() && elsewhere.join("current.err").exists());
}

#[test]
fn a_link_among_the_logs_goes_and_what_it_names_stays() {
    let home = Home::new();
    let process = stopped(&home, "p");
    let treasure = home.put_work("treasure/gold", "x");
    let logs = home.root().join("tsm/runtime/logs").join(&process.name);
    symlink(treasure.parent().unwrap(), logs.join("link")).unwrap();
    assert!(home.tsm(&["delete", "p"]).status.success());
    assert!(!logs.exists());
    assert!(treasure.exists());
}

#[test]
fn a_link_in_place_of_the_run_directory_is_not_followed() {
    let home = Home::new();
    let process = stopped(&home, "p");
    let run = home.root().join("tsm/runtime/run").join(&process.name);
    wait_until("its supervisor has left", || home.supervisor_of(&process.name).is_none());
    fs::remove_dir_all(&run).unwrap();
    let treasure = home.put_work("treasure/gold", "x");
    symlink(treasure.parent().unwrap(), &run).unwrap();
    assert!(home.tsm(&["delete", "p"]).status.success());
    assert!(treasure.exists());
}

#[test]
fn what_a_dead_process_left_behind_goes_too() {
    let home = Home::new();
    let process = home.start("p", "bash -c 'setsid sleep 1000 & echo $!; exec sleep 1000'");
    let left: i32 = wait_for("it has said", || home.log(&process.name, "out").trim().parse().ok());
    process.kill();
    home.wait_for_status(&process.name, "crashed");
    assert!(home.tsm(&["delete", "p"]).status.success());
    assert!(!proc::is_alive(left));
    assert_eq!(paths_of(&home, &process.name), [""; 0]);
}

#[test]
fn logs_do_not_come_back() {
    let home = Home::new();
    let process = home.start("p", "bash -c 'while :; do echo line; done'");
    let supervisor = home.supervisor_of(&process.name).unwrap();
    wait_until("it writes", || !home.log(&process.name, "out").is_empty());
    assert!(home.tsm(&["delete", "p"]).status.success());
    wait_until("its supervisor has ended", || !proc::is_alive(supervisor));
    assert_eq!(paths_of(&home, &process.name), [""; 0]);
}

#[test]
fn the_id_is_free_again() {
    let home = Home::new();
    let [first, _second] = ["first", "second"].map(|name| home.start(name, FOREVER));
    assert!(home.tsm(&["delete", "first"]).status.success());
    let third = home.start("third", FOREVER);
    assert_eq!(third.id, first.id);
}

#[test]
fn whatever_is_recorded_is_deleted_and_damage_is_set_aside() {
    let home = Home::new();
    let alive = home.start("alive", FOREVER);
    stopped(&home, "stopped");
    home.put("tsm/runtime/processes/bad.json", "{");
    assert_transcript!(home, home.tsm(&["delete", "*"]), @"
    status 0
    --- stdout
    tsm: deleting all processes...
    tsm: stopping 'alive-<EPOCH>' (PID: <PID>)
    tsm: stopped 'alive-<EPOCH>'
    tsm: deleted 'alive-<EPOCH>'
    tsm: deleted 'stopped-<EPOCH>'
    tsm: deleted 2 process(es)
    --- stderr
    ");
    assert!(!alive.is_alive());
    let records = fs::read_dir(home.root().join("tsm/runtime/processes")).unwrap();
    let names: Vec<_> = records.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [".bad.json.invalid"]);
}
