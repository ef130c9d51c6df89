//! `tsm resurrect`.

use std::process::Output;
use std::thread;

use serde_json::{Value, json};

use crate::harness::{Home, assert_transcript, finish, proc, wait_until};
use crate::services::put;

const DUMP: &str = "tsm/runtime/dump.json";

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What `list --json` says of the living, less what is new with every run.
pub(crate) fn listed(home: &Home) -> Vec<Value> {
    let text = stdout(&home.tsm(&["list", "--json"]));
    let mut list: Value = serde_json::from_str(&text).unwrap();
    let processes = list["data"]["processes"].as_array_mut().unwrap();
    for process in processes.iter_mut() {
        for key in ["pid", "uptime"] {
            process.as_object_mut().unwrap().remove(key);
        }
    }
    processes.clone()
}

/// SIGKILL for every process and its supervisor, the supervisor first.
pub(crate) fn kill_everything(home: &Home) {
    let records: Vec<Value> =
        listed(home).iter().map(|row| home.record(row["name"].as_str().unwrap())).collect();
    let pids: Vec<i32> =
        records.iter().map(|record| i32::try_from(record["pid"].as_i64().unwrap()).unwrap()).collect();
    let supervisors = pids.iter().map(|pid| proc::Stat::of(*pid).unwrap().parent);
    let all: Vec<i32> = supervisors.chain(pids.iter().copied()).collect();
    all.iter().copied().for_each(proc::kill);
    wait_until("all are gone", || !all.iter().any(|pid| proc::is_alive(*pid)));
}

fn put_list(home: &Home, processes: &Value) {
    let list = json!({ "version": 1, "saved_at": 1, "processes": processes });
    let path = home.put(DUMP, list.to_string());
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

#[test]
fn what_was_saved_runs_again_as_it_was() {
    let home = Home::new();
    let port = home.free_port();
    home.put_work("env/dev.env", "export FROM_FILE=$((1 + 1))\n");
    put(&home, "portless", "TSM_COMMAND='sleep 900'\n");
    put(&home, "web", &format!("TSM_COMMAND='{}'\nTSM_PORT={port}\n", home.server(port)));
    home.start("z", "sleep 900");
    home.start("gone", "sleep 900");
    home.start_with(&["--env", "dev", "--name", "a", "--port", "none", "sleep 900"]);
    for service in ["portless", "web"] {
        assert!(home.tsm(&["start", service]).status.success());
    }
    let gone =
        listed(&home).into_iter().find(|row| row["name"].as_str().unwrap().starts_with("gone")).unwrap();
    home.tsm(&["delete", gone["name"].as_str().unwrap()]);
    let before = listed(&home);
    assert_eq!(before.len(), 4);
    let output = home.tsm(&["save"]);
    assert!(stdout(&output).starts_with("✅ Saved 4 running processes: "), "{output:?}");

    kill_everything(&home);
    let output = home.tsm(&["resurrect"]);
    let text = stdout(&output);
    assert!(text.starts_with("🔄 Resurrecting 4 processes...\n✅ Started: z-"), "{text}");
    assert!(text.ends_with("✅ Resurrect complete: 4 started, 0 already running, 0 failed\n"), "{text}");
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{output:?}");
    assert_eq!(listed(&home), before);
    for row in &before {
        let record = home.record(row["name"].as_str().unwrap());
        let environ = proc::environ(i32::try_from(record["pid"].as_i64().unwrap()).unwrap());
        match record["service"].as_str() {
            Some("web") => assert_eq!(environ["TSM_PORT"], port.to_string()),
            Some("portless") => assert!(!environ.contains_key("TSM_PORT")),
            _ if record["env_file"].is_string() => assert_eq!(environ["FROM_FILE"], "2"),
            _ => assert!(!environ.contains_key("PORT")),
        }
    }
    let again = stdout(&home.tsm(&["resurrect"]));
    assert_eq!(again.matches("⚠️  Already running: ").count(), 4, "{again}");
}

/// Removed records take their ids with them, but the list remembers.
#[test]
fn ids_are_those_that_were_saved_as_far_as_they_are_free() {
    let home = Home::new();
    let entry = |id: i64, name: &str| json!({ "tsm_id": id, "name": name, "command": "sleep 900", "cwd": "/", "port": null });
    put_list(&home, &json!([entry(7, "a"), entry(3, "b"), entry(0, "c"), entry(-1, "d"), entry(7, "e")]));
    home.start("live", "sleep 900");
    assert!(home.tsm(&["resurrect"]).status.success());
    let ids = ["a", "b", "c", "d", "e"].map(|name| home.record(name)["tsm_id"].as_i64().unwrap());
    assert_eq!(ids, [7, 3, 1, 2, 4]);
}

#[test]
fn one_that_fails_stops_nobody() {
    let home = Home::new();
    put_list(
        &home,
        &json!([
            { "tsm_id": 0, "name": "dies", "command": "false", "cwd": "/", "port": null },
            { "tsm_id": 1, "name": "nowhere", "command": "sleep 900", "cwd": "/nonexistent", "port": null },
            { "tsm_id": 2, "name": "lost", "command": null, "cwd": "/", "port": null },
            { "tsm_id": 3, "name": "../x", "command": "sleep 900", "cwd": "/", "port": null },
            { "tsm_id": 4, "name": "lives", "command": "sleep 900", "cwd": "/", "type": "ruby", "later": [1] },
            { "tsm_id": 4, "name": "lives", "command": "sleep 900", "cwd": "/" },
        ]),
    );
    assert_transcript!(home, home.tsm(&["resurrect", "ignored"]), @r"
    status 1
    --- stdout
    🔄 Resurrecting 6 processes...
    ❌ Failed to resurrect: dies
    ❌ Failed to resurrect: nowhere
    ❌ Failed to resurrect: lost
    ❌ Failed to resurrect: ../x
    ✅ Started: lives (TSM ID: 4, PID: <PID>, Port: none)
    ⚠️  Already running: lives
    ✅ Resurrect complete: 1 started, 1 already running, 4 failed
    --- stderr
    ❌ Failed to start: dies (process died immediately)
    ❌ Failed to start: nowhere (working directory not found: /nonexistent)
    ❌ Failed to start: lost (no command recorded)
    ❌ Failed to start: ../x (invalid name)
    ");
    let record = home.record("lives");
    assert_eq!((&record["later"], &record["type"]), (&json!([1]), &json!("command")));
    assert!(home.find_record("dies").is_none());
}

#[test]
fn a_service_that_runs_by_another_name_runs() {
    let home = Home::new();
    put(&home, "a", "TSM_COMMAND='sleep 900'\n");
    assert!(home.tsm(&["start", "a"]).status.success());
    let entry = |name: &str| json!({ "tsm_id": 5, "name": name, "command": "sleep 900", "cwd": "/", "port": null, "service": "a" });
    put_list(&home, &json!([entry("a-1700000001")]));
    assert_transcript!(home, home.tsm(&["resurrect"]), @r"
    status 0
    --- stdout
    🔄 Resurrecting 1 process...
    ⚠️  Already running: a-<EPOCH>
    ✅ Resurrect complete: 0 started, 1 already running, 0 failed
    --- stderr
    ");
    // Two of the list for one service: the first that can run is enough.
    let name = listed(&home)[0]["name"].as_str().unwrap().to_owned();
    home.tsm(&["delete", &name]);
    put_list(&home, &json!([entry("a-1700000001"), entry("a-1700000002")]));
    let text = stdout(&home.tsm(&["resurrect"]));
    assert!(text.ends_with("1 started, 1 already running, 0 failed\n"), "{text}");
    // The dead one of that service is used again, though the list knows another.
    home.tsm(&["stop", "a-1700000001"]);
    put_list(&home, &json!([entry("a-1700000003")]));
    let text = stdout(&home.tsm(&["resurrect"]));
    assert!(text.contains("✅ Started: a-1700000001 (TSM ID: 5,"), "{text}");
}

#[test]
fn what_is_no_list_is_said() {
    let home = Home::new();
    for text in [
        "",
        "{",
        "[]",
        "{}",
        "{\"version\": 2, \"processes\": []}",
        "{\"version\": 1, \"processes\": {}}",
        "{\"version\": 1, \"processes\": [7]}",
        "{\"version\": 1, \"processes\": [{\"tsm_id\": 0}]}",
    ] {
        let path = home.put(DUMP, text);
        home.put(&format!("{DUMP}.bak"), "{\"version\": 1, \"processes\": []}");
        let output = home.tsm(&["resurrect"]);
        let said = format!("❌ Cannot read process list: {}\n", path.display());
        assert_eq!((output.status.code(), stdout(&output)), (Some(1), said), "{text}");
    }
    put_list(&home, &json!([]));
    let text = stdout(&home.tsm(&["resurrect"]));
    assert_eq!(
        text,
        "🔄 Resurrecting 0 processes...\n✅ Resurrect complete: 0 started, 0 already running, 0 failed\n"
    );
}

#[test]
fn startup_then_resurrect_twice_starts_nothing_twice() {
    let home = Home::new();
    let port = home.free_port();
    put(&home, "a", "TSM_COMMAND='sleep 900'\n");
    put(&home, "web", &format!("TSM_COMMAND='{}'\nTSM_PORT={port}\n", home.server(port)));
    for service in ["a", "web"] {
        home.tsm(&["enable", service]);
    }
    home.tsm(&["startup"]);
    home.start("plain", "sleep 900");
    home.tsm(&["save"]);
    let before = listed(&home);
    kill_everything(&home);
    for _ in 0..2 {
        assert!(home.tsm(&["startup"]).status.success());
        assert!(home.tsm(&["resurrect"]).status.success());
        assert_eq!(listed(&home), before);
    }
}

#[test]
fn at_the_same_time_startup_and_resurrect_start_nothing_twice() {
    let home = Home::new();
    for name in ["a", "b", "c", "d"] {
        put(&home, name, "TSM_COMMAND='sleep 900'\n");
        home.tsm(&["enable", name]);
    }
    home.tsm(&["startup"]);
    home.tsm(&["save"]);
    let before = listed(&home);
    // Nothing is left that tells of the last run but the list.
    home.tsm(&["delete", "*"]);
    thread::scope(|scope| {
        for word in ["startup", "resurrect", "resurrect", "startup"] {
            scope.spawn(|| finish(&mut home.tsm_command(&[word])));
        }
    });
    let services = |rows: &[Value]| {
        let service =
            |row: &Value| home.record(row["name"].as_str().unwrap())["service"].as_str().unwrap().to_owned();
        rows.iter().map(service).collect::<Vec<_>>()
    };
    assert_eq!(services(&listed(&home)), ["a", "b", "c", "d"]);
    assert_eq!(before.len(), 4);
}
