//! What is a record and what is none.

use std::fs;
use std::os::unix::fs::symlink;

use serde_json::json;

use crate::harness::Home;

/// Whether a command finds a record of that name.
fn is_record(home: &Home, name: &str) -> bool {
    let output = home.tsm(&["paths", name]);
    match output.status.code() {
        Some(0) => true,
        Some(1) => false,
        _ => panic!("{name}: {output:?}"),
    }
}

fn stopped(id: i64) -> serde_json::Value {
    json!({ "tsm_id": id, "pid": 2, "status": "stopped" })
}

#[test]
fn damaged_records_hide_themselves_and_nothing_else() {
    let home = Home::new();
    home.put_record("whole", &stopped(0));
    let damaged: [(&str, &[u8]); 7] = [
        ("empty", b""),
        ("cut", br#"{"tsm_id": 1, "pid": 2, "status": "stop"#),
        ("list", b"[1, 2]"),
        ("text", b"pid=2"),
        ("bytes", b"\xff\xfe\x00{}"),
        ("trailing", br#"{"tsm_id": 1, "pid": 2, "status": "stopped"} more"#),
        ("pidless", br#"{"tsm_id": 1, "pid": null, "status": "online"}"#),
    ];
    for (name, bytes) in damaged {
        home.put(&format!("tsm/runtime/processes/{name}.json"), bytes);
    }
    for (name, bytes) in damaged {
        assert!(!is_record(&home, name), "{name}");
        let path = home.root().join(format!("tsm/runtime/processes/{name}.json"));
        assert_eq!(fs::read(path).unwrap(), bytes, "{name}: a reader changes nothing");
    }
    assert!(is_record(&home, "whole"));
}

#[test]
fn other_files_are_no_records() {
    let home = Home::new();
    let text = format!("{:#}", stopped(0));
    for file in [".hidden.json", "web.meta", "web.json.tmp", "web.env", "json", "web.JSON"] {
        home.put(&format!("tsm/runtime/processes/{file}"), &text);
    }
    fs::create_dir(home.root().join("tsm/runtime/processes/dir.json")).unwrap();
    symlink("nowhere", home.root().join("tsm/runtime/processes/dangling.json")).unwrap();
    for word in ["0", "web", "hidden", ".hidden", "json", "dir", "dangling"] {
        assert!(!is_record(&home, word), "{word}");
    }
}

#[test]
fn members_of_unknown_kind_do_not_spoil_a_record() {
    let home = Home::new();
    home.put_record("web", &json!({ "status": "stopped", "pid": "2", "tsm_id": 3, "port": [], "new": {} }));
    assert!(is_record(&home, "3"));
}

#[test]
fn a_hundred_records_are_all_found() {
    let home = Home::new();
    for id in 0..100 {
        home.put_record(&format!("web-{id}"), &stopped(id));
    }
    assert!([0, 42, 99].iter().all(|id| is_record(&home, &id.to_string())));
    assert!(!is_record(&home, "100"));
}

#[test]
fn nothing_in_a_record_is_executed() {
    let home = Home::new();
    let mut record = stopped(0);
    record["command"] = "x'; touch pwned; '".into();
    record["cwd"] = "$(touch pwned)".into();
    home.put_record("$(touch pwned)", &record);
    assert!(is_record(&home, "0"));
    assert_eq!(fs::read_dir(home.work()).unwrap().count(), 0);
}
