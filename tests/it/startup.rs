//! `tsm startup`.

use std::fs;
use std::process::Output;
use std::thread;

use serde_json::Value;

use crate::harness::{Home, finish, proc, wait_until};
use crate::services::put;

fn enable(home: &Home, name: &str, text: &str) {
    put(home, name, text);
    assert!(home.tsm(&["enable", name]).status.success());
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn live(home: &Home) -> Vec<(String, i64)> {
    let text = stdout(&home.tsm(&["ls", "--json"]));
    let rows: Vec<Value> = serde_json::from_str(&text).unwrap();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    rows.iter().map(|row| (text(row, "name"), text(row, "id").parse().unwrap())).collect()
}

#[test]
fn many_services_survive_together() {
    const MANY: usize = 30;
    let home = Home::new();
    for number in 0..MANY {
        enable(&home, &format!("s{number:02}"), "TSM_COMMAND='sleep 900'\n");
    }
    let output = home.tsm(&["startup"]);
    let text = stdout(&output);
    assert!(text.ends_with(&format!("✅ Startup complete: {MANY} started, 0 failed\n")), "{text}");
    let turns: Vec<&str> = text.lines().filter(|line| line.starts_with("✅ s")).collect();
    let expected: Vec<String> = (0..MANY).map(|number| format!("✅ s{number:02}-auto started")).collect();
    assert_eq!(turns, expected);
    let ids: Vec<i64> = live(&home).iter().map(|(_, id)| *id).collect();
    assert_eq!(ids, (0..i64::try_from(MANY).unwrap()).collect::<Vec<_>>(), "in the order of the list");
    let again = stdout(&home.tsm(&["startup"]));
    assert_eq!(again.matches("already running").count(), MANY);
    assert_eq!(live(&home).len(), MANY);
}

#[test]
fn services_of_one_name_get_seconds_of_their_own() {
    let home = Home::new();
    for service in ["a", "b", "c"] {
        enable(&home, service, "TSM_NAME=same\nTSM_COMMAND='sleep 900'\n");
    }
    home.tsm(&["startup"]);
    let seconds: Vec<i64> =
        live(&home).iter().map(|(name, _)| name.strip_prefix("same-").unwrap().parse().unwrap()).collect();
    assert_eq!(seconds, [seconds[0], seconds[0] + 1, seconds[0] + 2]);
}

/// What comes of the first is seen before the second is tried.
#[test]
fn of_two_services_of_one_port_the_second_takes_the_place_of_a_first_that_fails() {
    let home = Home::new();
    let port = home.free_port();
    let text = |command: &str| format!("TSM_NAME=web\nTSM_PORT={port}\nTSM_COMMAND='{command}'\n");
    enable(&home, "a", &text("false"));
    enable(&home, "b", &text(&home.server(port)));
    enable(&home, "c", &text(&home.server(port)));
    let output = stdout(&home.tsm(&["startup"]));
    assert!(output.contains(&format!("✅ web-{port} listening on port {port}\n")), "{output}");
    assert!(
        output.contains(&format!("Starting c...\n⚠️  Service already running: web-{port}\n")),
        "{output}"
    );
    assert!(output.ends_with("2 started, 1 failed\n"), "{output}");
}

#[test]
fn a_definition_that_is_run_sees_all_before_it_running() {
    let home = Home::new();
    enable(&home, "a", "TSM_COMMAND='sleep 900'\n");
    enable(&home, "b", "echo \"b sees $(tsm ls | grep -c online)\"\nTSM_COMMAND=\"$(echo sleep 900)\"\n");
    enable(&home, "c", "echo \"c sees $(tsm ls | grep -c online)\"; exit\n");
    enable(&home, "d", "TSM_COMMAND='sleep 900'\n");
    let output = home.tsm(&["startup"]);
    let text = stdout(&output);
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("Started:")).collect();
    assert_eq!(
        lines[..10],
        [
            "🚀 Starting enabled services...",
            "Starting a...",
            "⚠️  No port specified for service a, starting without port binding",
            "Starting a...",
            "✅ a-auto started",
            "Starting b...",
            "b sees 1",
            "⚠️  No port specified for service b, starting without port binding",
            "Starting b...",
            "✅ b-auto started",
        ]
    );
    assert_eq!(lines[10..12], ["Starting c...", "c sees 2"]);
    assert!(lines[12].starts_with("❌ Service definition failed: "), "{text}");
    assert_eq!(lines[13], "❌ Failed to start c");
    assert!(text.ends_with("✅ Startup complete: 3 started, 1 failed\n"), "{text}");
    assert_eq!(output.status.code(), Some(0));
}

/// Waiting for one that is slow holds nobody up.
#[test]
fn a_slow_environment_does_not_keep_others_from_starting() {
    let home = Home::new();
    let cores = thread::available_parallelism().unwrap().get();
    for number in 0..=cores {
        home.put_work(&format!("slow{number}.env"), "until [ -e go ]; do sleep 0.05; done\n");
        let text = format!("TSM_COMMAND='sleep 900'\nTSM_PORT=none\nTSM_ENV_FILE=slow{number}.env\n");
        enable(
            &home,
            &format!("a{number}"),
            &text.replace("TSM_PORT=none\n", &format!("TSM_PORT={}\n", home.free_port())),
        );
    }
    enable(&home, "z", "TSM_COMMAND='sleep 900'\n");
    let mut command = home.tsm_command(&["startup"]);
    let child =
        command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    wait_until("the last runs before the first", || {
        live(&home).iter().any(|(name, _)| name.starts_with("z-"))
    });
    home.put_work("go", "");
    let output = child.wait_with_output().unwrap();
    let text = stdout(&output);
    let turns: Vec<&str> =
        text.lines().filter(|line| line.contains("failed to open") || line.contains("-auto")).collect();
    assert_eq!(turns.len(), cores + 2, "{text}");
    assert!(turns.last().unwrap().contains("z-auto"), "{text}");
}

#[test]
fn the_name_and_id_of_the_last_run_are_used_again() {
    let home = Home::new();
    enable(&home, "a", "TSM_COMMAND='sleep 900'\n");
    home.tsm(&["startup"]);
    let first = live(&home);
    home.start("other", "sleep 900");
    home.tsm(&["stop", &first[0].0]);
    home.tsm(&["startup"]);
    assert!(live(&home).contains(&first[0]), "{:?}", live(&home));
}

#[test]
fn at_the_same_time_twice_starts_nothing_twice() {
    let home = Home::new();
    let port = home.free_port();
    for name in ["a", "b", "c"] {
        enable(&home, name, "TSM_COMMAND='sleep 900'\n");
    }
    enable(&home, "w", &format!("TSM_COMMAND='{}'\nTSM_PORT={port}\n", home.server(port)));
    let outputs = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..3).map(|_| scope.spawn(|| finish(&mut home.tsm_command(&["startup"])))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let said: String = outputs.iter().map(stdout).collect();
    assert_eq!(said.matches("✅ Started: ").count(), 4, "{said}");
    assert_eq!(said.matches("already running").count(), 8, "{said}");
    assert_eq!(said.matches("complete: 4 started, 0 failed").count(), 3, "{said}");
    assert_eq!(live(&home).len(), 4);
    assert_eq!(home.read("tsm/startup.log").lines().count(), 3);
}

#[test]
fn a_log_that_cannot_be_written_is_a_failure() {
    let home = Home::with_setup();
    fs::create_dir(home.root().join("tsm/startup.log")).unwrap();
    let output = home.tsm(&["startup"]);
    assert_eq!(output.status.code(), Some(1));
    let said =
        format!("tsm: cannot write {}: Is a directory\n", home.root().join("tsm/startup.log").display());
    assert_eq!(String::from_utf8_lossy(&output.stderr), said);
}

/// Its supervisors go on; what it has not begun is not begun.
#[test]
fn a_startup_that_is_killed_leaves_whole_processes_and_can_be_repeated() {
    let home = Home::new();
    for number in 0..20 {
        enable(&home, &format!("s{number:02}"), "TSM_COMMAND='sleep 900'\n");
    }
    let mut command = home.tsm_command(&["startup"]);
    let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    let runs = home.root().join("tsm/runtime/run");
    wait_until("some have begun", || fs::read_dir(&runs).is_ok_and(|runs| runs.count() >= 5));
    proc::kill(i32::try_from(child.id()).unwrap());
    child.wait().unwrap();
    let text = stdout(&home.tsm(&["startup"]));
    assert!(text.ends_with("✅ Startup complete: 20 started, 0 failed\n"), "{text}");
    let names = live(&home);
    let services: std::collections::BTreeSet<String> =
        names.iter().map(|(name, _)| home.record(name)["service"].as_str().unwrap().to_owned()).collect();
    assert_eq!((names.len(), services.len()), (20, 20), "{names:?}");
    assert!(!home.tree().iter().any(|path| path.contains(".reserve-")), "{:?}", home.tree());
}
