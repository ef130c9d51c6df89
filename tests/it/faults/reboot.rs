//! Fault 20 of docs/faults.md: a reboot. The records are of another boot, and nothing that they name runs.

use std::fs;
use std::thread;

use serde_json::{Value, json};

use super::{bystander, succeed};
use crate::harness::{Home, finish, proc};
use crate::resurrect::{kill_everything, listed, stdout};
use crate::services::put;

/// What a machine that lost its power leaves: records that say `online` of another boot, whose pids belong to others by
/// now, plans, locks and reservations of the starts that were under way.
fn reboot(home: &Home) {
    let names: Vec<String> =
        listed(home).iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect();
    kill_everything(home);
    for name in &names {
        let mut record = home.record(name);
        record["status"] = json!("online");
        for over in ["exit_code", "signal", "stop_time"] {
            record.as_object_mut().unwrap().remove(over);
        }
        let stranger = bystander(home);
        record["pid"] = json!(stranger);
        record["proc"] = json!({ "start_ticks": proc::start_ticks(stranger), "boot_id": "another boot" });
        home.put_record(name, &record);
        home.put(&format!("tsm/runtime/pids/{name}.pid"), format!("{stranger}\n"));
        let by = json!({ "pid": stranger, "start_ticks": 1, "boot_id": "another boot" });
        let plan = json!({ "purpose": "start", "by": by, "made_run_dir": false, "stabilize_ms": 0, "record": record });
        home.put(&format!("tsm/runtime/run/{name}/plan.json"), format!("{plan}\n"));
        home.put(&format!("tsm/runtime/run/{name}/process.lock"), format!("{stranger} 1 another boot\n"));
        let id = record["tsm_id"].as_i64().unwrap();
        home.put(&format!("tsm/runtime/.reserve-{id}"), format!("{stranger} 1 {name}\n"));
    }
}

fn installation(home: &Home) -> Vec<Value> {
    let port = home.free_port();
    put(home, "portless", "TSM_COMMAND='sleep 900'\n");
    put(home, "web", &format!("TSM_COMMAND='{}'\nTSM_PORT={port}\n", home.server(port)));
    for service in ["portless", "web"] {
        succeed(home, &["enable", service]);
    }
    succeed(home, &["startup"]);
    for name in ["a", "b"] {
        home.start(name, "sleep 900");
    }
    let stopped = home.start("stopped", "sleep 900");
    succeed(home, &["stop", &stopped.name]);
    succeed(home, &["save"]);
    listed(home)
}

/// Everything runs once, under its name and id, and nothing that was stopped does.
fn check(home: &Home, before: &[Value]) {
    assert_eq!(listed(home), before);
    for row in before {
        let name = row["name"].as_str().unwrap();
        let record = home.record(name);
        assert!(home.supervisor_of(name).is_some(), "{name}");
        assert_ne!(record["proc"]["boot_id"], "another boot", "{name}");
    }
    let sleeps = proc::all().into_iter().filter(|pid| {
        proc::command_line(*pid) == ["sleep", "900"]
            && proc::environ(*pid)
                .get("TETRA_DIR")
                .is_some_and(|dir| *dir == home.root().display().to_string())
    });
    assert_eq!(sleeps.count(), 3);
    let left: Vec<String> = fs::read_dir(home.root().join("tsm/runtime"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".reserve"))
        .collect();
    assert_eq!(left, [""; 0]);
}

#[test]
fn after_a_reboot_resurrect_starts_all_once_however_often_it_is_called() {
    let home = Home::new();
    let before = installation(&home);
    reboot(&home);
    assert_eq!(listed(&home), [] as [Value; 0], "what has a pid of ours by now is not ours");
    let text = stdout(&home.tsm(&["resurrect"]));
    assert!(text.ends_with("✅ Resurrect complete: 4 started, 0 already running, 0 failed\n"), "{text}");
    check(&home, &before);
    for _ in 0..2 {
        let text = stdout(&home.tsm(&["resurrect"]));
        assert!(text.ends_with("✅ Resurrect complete: 0 started, 4 already running, 0 failed\n"), "{text}");
        check(&home, &before);
    }
}

#[test]
fn after_a_reboot_two_resurrects_at_once_start_all_once() {
    let home = Home::new();
    let before = installation(&home);
    for round in 0..3 {
        reboot(&home);
        let outputs = thread::scope(|scope| {
            let threads = [0, 1].map(|_| scope.spawn(|| finish(&mut home.tsm_command(&["resurrect"]))));
            threads.map(|thread| thread.join().unwrap())
        });
        let said: String = outputs.iter().map(stdout).collect();
        assert_eq!(said.matches("✅ Started: ").count(), 4, "round {round}: {outputs:?}");
        assert_eq!(said.matches("⚠️  Already running: ").count(), 4, "round {round}: {outputs:?}");
        assert!(outputs.iter().all(|output| output.status.success()), "round {round}: {outputs:?}");
        check(&home, &before);
    }
}

#[test]
fn after_a_reboot_startup_and_resurrect_start_all_once_in_any_order() {
    let home = Home::new();
    let before = installation(&home);
    for words in [["startup", "resurrect"], ["resurrect", "startup"]] {
        reboot(&home);
        for word in words.into_iter().chain(words) {
            succeed(&home, &[word]);
        }
        check(&home, &before);
    }
}
