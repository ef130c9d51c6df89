//! `tsm info`.

use serde_json::{Value, json};

use crate::harness::{Home, wait_until};

fn page(home: &Home, word: &str) -> String {
    let output = home.tsm(&["info", word]);
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What stands behind a label.
fn member(page: &str, label: &str) -> String {
    let label = format!("{label:>12}: ");
    page.lines()
        .find_map(|line| line.strip_prefix(&label))
        .unwrap_or_else(|| panic!("no {label}: {page}"))
        .to_owned()
}

fn document(home: &Home, words: &[&str]) -> Value {
    let output = home.tsm(&[&["info"], words].concat());
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn json_is_the_record_and_what_is_true_now() {
    let home = Home::new();
    let process = home.start("p", "sleep 1000");
    let mut record = home.record(&process.name);
    record["mine"] = json!([1, { "x": null }]);
    home.put_record(&process.name, &record);

    let mut alive = document(&home, &["--json", "p", "ignored"]);

    let members = alive.as_object_mut().unwrap();
    assert_eq!(members.remove("alive"), Some(json!(true)));
    assert!(members.remove("cpu").unwrap().is_number());
    assert!(members.remove("mem").unwrap().as_i64().unwrap() > 0);
    assert_eq!(alive, record);

    assert!(home.tsm(&["stop", "p"]).status.success());
    let dead = document(&home, &["0", "--json"]);
    for (member, value) in [("alive", json!(false)), ("cpu", json!(null)), ("mem", json!(null))] {
        assert_eq!(dead[member], value, "{member}");
    }
    assert_eq!((&dead["status"], &dead["mine"]), (&json!("stopped"), &record["mine"]));
}

#[test]
fn how_a_process_ended_is_told() {
    let home = Home::new();
    let process = home.start("p", "bash -c 'until [ -e go ]; do sleep 0.02; done; exit 3'");
    assert_eq!(member(&page(&home, "p"), "Status"), "online");
    home.put_work("go", "");
    home.wait_for_status(&process.name, "crashed");
    let text = page(&home, "p");
    assert_eq!(member(&text, "Status"), "crashed (exit code 3)");
    assert_eq!(member(&text, "Uptime"), "-");
    assert_eq!(member(&text, "PID"), process.pid.to_string());
    let other = home.start("q", "sleep 1000");
    other.kill();
    home.wait_for_status(&other.name, "crashed");
    assert_eq!(member(&page(&home, "q"), "Status"), "crashed (signal SIGKILL)");
}

#[test]
fn a_record_that_says_little_is_shown_with_its_gaps() {
    let home = Home::new();
    let legacy = json!({ "start_dir": "/old/place" });
    home.put_record("old", &json!({ "tsm_id": 5, "pid": null, "status": "stopped", "legacy": legacy }));
    let text = page(&home, "5");
    for (label, value) in [
        ("Status", "stopped"),
        ("PID", "-"),
        ("Uptime", "-"),
        ("Port", "none"),
        ("Script", "unknown"),
        ("Env File", "none"),
        ("CWD@start", "unknown"),
        ("Start Dir", "/old/place"),
    ] {
        assert_eq!(member(&text, label), value, "{label}");
    }
    assert!(text.ends_with("───────── Port Status (none) ─────────\n"));
}

#[test]
fn who_listens_on_the_port_is_shown() {
    let home = Home::new();
    let port = home.free_port();
    let process = home.start_on(port, "web", &home.server(port));
    let text = page(&home, "web");
    let (_, listeners) = text.split_once(&format!("Port Status ({port}) ─────────\n")).unwrap();
    let words: Vec<&str> = listeners.split_whitespace().collect();
    assert_eq!(listeners.lines().count(), 1, "{listeners}");
    assert!(words[0].starts_with("python3"), "{listeners}");
    assert_eq!(words[1], process.pid.to_string());
    assert_eq!(words[7..], ["TCP", &format!("127.0.0.1:{port}"), "(LISTEN)"]);
}

#[test]
fn looking_changes_nothing() {
    let home = Home::new();
    let process = home.start("p", "sleep 1000");
    process.kill();
    home.wait_for_status(&process.name, "crashed");
    wait_until("the supervisor has left", || home.supervisor_of(&process.name).is_none());
    home.put("tsm/runtime/processes/bad.json", "{");
    let before = home.tree();
    page(&home, "p");
    document(&home, &["p", "--json"]);
    assert_eq!(home.tree(), before);
    assert_eq!(home.pid_file(&process.name), Some(process.pid));
}
