//! `clean [-a]`

use std::fs;

use serde_json::json;

use super::stdout;
use crate::harness::{Home, Stranger, assert_transcript, proc};

#[test]
fn what_is_dead_and_was_not_stopped_is_forgotten() {
    let home = Home::with_setup();
    home.put_record("crashed", &json!({ "tsm_id": 0, "pid": 4_000_000, "status": "crashed" }));
    home.put_record("lost", &json!({ "tsm_id": 1, "pid": 4_000_001, "status": "online", "start_time": 1 }));
    home.put_record("nobody", &json!({ "tsm_id": 2, "status": "crashed" }));
    home.put_record("stopped", &json!({ "tsm_id": 3, "pid": 4_000_000, "status": "stopped" }));
    home.put_record("later", &json!({ "tsm_id": 4, "pid": 4_000_000, "status": "crashed", "restart_at": 1 }));
    home.put_record("pidless", &json!({ "tsm_id": 5, "status": "online" }));
    home.put("tsm/runtime/processes/torn.json", "{\"tsm_id\": 6, ");
    home.put("tsm/runtime/pids/lost.pid", "4000001\n");
    home.put("tsm/runtime/logs/lost/current.out", "last words\n");
    home.put("tsm/runtime/ports/registry.tsv", "tsm_id\tname\n1\tlost\tnone\tnone\t1\t1\n3\tstopped\n");

    assert_transcript!(home, home.tsm(&["doctor", "clean"]), @"
    status 0
    --- stdout
    [DOCTOR] Cleaning up stale TSM process tracking files...
    Cleaning stale process tracking: crashed (PID <PID> no longer exists)
    Cleaning stale process tracking: lost (PID <PID> no longer exists)
    Cleaning stale process tracking: nobody (PID unknown no longer exists)
    Invalid process file (no PID): pidless
    Invalid process file (no PID): torn
    Cleaned up 5 stale process files
    --- stderr
    ");

    let records: Vec<String> =
        home.tree().into_iter().filter(|path| path.starts_with("tsm/runtime/processes/")).collect();
    let left = [".pidless.json.invalid", ".torn.json.invalid", "later.json", "stopped.json"];
    assert_eq!(records, left.map(|file| format!("tsm/runtime/processes/{file}")));
    assert!(!home.exists("tsm/runtime/pids/lost.pid"));
    assert_eq!(home.log("lost", "out"), "last words\n");
    assert!(!home.read("tsm/runtime/ports/registry.tsv").contains("lost"));
    assert!(home.read("tsm/runtime/ports/registry.tsv").contains("stopped"));
}

#[test]
fn what_somebody_still_works_on_stays() {
    let home = Home::new();
    let left_over = home.start("web", "bash -c 'sleep 1000 & exec sleep 1001'");
    let supervisor =
        home.supervisor_of("web").unwrap_or_else(|| home.supervisor_of(&left_over.name).unwrap());
    proc::kill(supervisor);
    crate::harness::wait_until("the supervisor is gone", || !proc::is_alive(supervisor));
    left_over.kill();
    left_over.wait_until_gone();
    let output = home.tsm(&["doctor", "clean"]);
    assert!(stdout(&output).ends_with("No stale process files found\n"), "a left-over lives: {output:?}");
    assert!(home.find_record(&left_over.name).is_some());
}

#[test]
fn a_live_process_is_never_forgotten_and_a_doubtful_one_is_told() {
    let home = Home::new();
    let (port, other_port) = (home.free_port(), home.free_port());
    let sure = home.start_on(port, "sure", "sleep 1000");
    let foreign = Stranger::listening(&home, port, "pass");
    let holder = Stranger::listening(&home, other_port, "pass");
    let asleep = Stranger::python(&home, "import time; print(1, flush=True); time.sleep(1000)");
    let unstamped = json!({ "tsm_id": 7, "pid": asleep.pid(), "port": other_port, "status": "online", "start_time": 4_000_000_000_i64 });
    home.put_record("old", &unstamped);
    for word in ["-a", "--aggressive"] {
        let text = stdout(&home.tsm(&["doctor", "clean", word]));
        let record = home.root().join("tsm/runtime/processes/old.json");
        let told = format!(
            "\n  [WARN] old: PID {} alive but port {other_port} has PID {}\n      -> Look who it is: tsm info old; \
             if it is not yours: rm {}\nNo stale process files found\n",
            asleep.pid(),
            holder.pid(),
            record.display()
        );
        assert!(text.ends_with(&told), "{text}");
    }
    assert!(sure.is_alive() && foreign.is_alive() && asleep.is_alive() && holder.is_alive());
    assert!(home.find_record(&sure.name).is_some() && home.find_record("old").is_some());
}

#[test]
fn nothing_is_made_where_nothing_is() {
    let home = Home::new();
    assert!(stdout(&home.tsm(&["doctor", "clean"])).ends_with("No process tracking directory found\n"));
    assert!(home.tree().is_empty());
    fs::create_dir_all(home.root().join("tsm/runtime/processes")).unwrap();
    assert!(stdout(&home.tsm(&["doctor", "clean"])).ends_with("No stale process files found\n"));
    assert!(!home.exists("tsm/runtime/.lock"));
}
