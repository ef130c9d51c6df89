//! `tsm cleanup`.

use crate::harness::{Home, assert_transcript, wait_until};

const FOREVER: &str = "sleep 1000";

#[test]
fn what_does_not_run_is_forgotten_and_its_logs_stay() {
    let home = Home::new();
    let [crashed, alive, stopped] = ["a", "b", "c"].map(|name| home.start(name, FOREVER));
    assert!(home.tsm(&["stop", "c"]).status.success());
    crashed.kill();
    home.wait_for_status(&crashed.name, "crashed");
    home.put(&format!("tsm/runtime/processes/{}.env", crashed.name), "A=1\n");
    home.put("tsm/runtime/processes/bad.json", "{");
    assert_transcript!(home, home.tsm(&["cleanup", "ignored", "--words"]), @"
    status 0
    --- stdout
    🧹 Cleaning up crashed/dead processes...
      Removing crashed process: a-<EPOCH> (PID <PID>)
      Removing crashed process: c-<EPOCH> (PID <PID>)

    Summary: Checked 3 processes, removed 2 crashed processes
    --- stderr
    ");
    for process in [&crashed, &stopped] {
        let mut left = home.tree();
        left.retain(|path| path.contains(&process.name));
        let logs = format!("tsm/runtime/logs/{}", process.name);
        assert_eq!(left, [logs.clone(), format!("{logs}/current.err"), format!("{logs}/current.out")]);
    }
    let ledger = home.read("tsm/runtime/ports/registry.tsv");
    assert_eq!(
        [&crashed, &alive, &stopped].map(|process| ledger.contains(&process.name)),
        [false, true, false]
    );
    assert!(alive.is_alive());
    assert_eq!(home.status(&alive.name), "online");
}

#[test]
fn where_nothing_was_ever_recorded_it_says_so() {
    let home = Home::new();
    assert_transcript!(home, home.tsm(&["cleanup"]), @"
    status 0
    --- stdout
    🧹 Cleaning up crashed/dead processes...
    No process directory found.
    --- stderr
    ");
    assert!(home.tree().is_empty());
}

#[test]
fn a_process_without_a_supervisor_is_alive_all_the_same() {
    let home = Home::new();
    let process = home.start("p", FOREVER);
    crate::harness::proc::kill(home.supervisor_of(&process.name).unwrap());
    wait_until("the supervisor is gone", || home.supervisor_of(&process.name).is_none());
    let output = home.tsm(&["cleanup"]);
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("removed 0 crashed processes\n"));
    assert_eq!(home.status(&process.name), "online");
    assert!(home.supervisor_of(&process.name).is_some());
}
