//! Fault 6 of docs/faults.md. Records of other versions keep what we do not know; damaged ones hurt nobody.

use std::fs;

use serde_json::{Value, json};

use super::{Dice, succeed, text};
use crate::harness::{Home, proc, wait_for, wait_until};

#[test]
fn unknown_members_survive_everything_that_happens_to_a_process() {
    let home = Home::new();
    let process = home.start("web", "sleep 1000000");
    let name = process.name.as_str();
    let unknown = json!({
        "x_text": "\u{1b}[31m\u{0}é\"\\", "x_null": null, "x_list": [1, -2, 1.5, {}], "x_deep": { "a": { "b": [[[]]] } },
        "x_big": u64::MAX, "x_small": i64::MIN,
    });
    let mut record = home.record(name);
    record.as_object_mut().unwrap().extend(unknown.as_object().unwrap().clone());
    home.put_record(name, &record);
    let check = |what: &str, status: &str| {
        let record = home.record(name);
        for (key, value) in unknown.as_object().unwrap() {
            assert_eq!(&record[key], value, "{key} after {what}");
        }
        assert_eq!(record["status"], status, "{what}");
        let keys: Vec<&String> =
            record.as_object().unwrap().keys().filter(|key| key.starts_with("x_")).collect();
        assert_eq!(keys, unknown.as_object().unwrap().keys().collect::<Vec<_>>(), "order after {what}");
    };
    succeed(&home, &["stop", name]);
    check("stop", "stopped");
    succeed(&home, &["restart", name]);
    check("restart", "online");
    let supervisor = home.supervisor_of(name).unwrap();
    proc::kill(supervisor);
    wait_until("it is gone", || !proc::is_alive(supervisor));
    succeed(&home, &["list"]);
    wait_until("another one has it", || home.supervisor_of(name).is_some());
    check("adoption", "online");
    succeed(&home, &["restart", name]);
    check("restart of an adopted one", "online");
    let pid = i32::try_from(home.record(name)["pid"].as_i64().unwrap()).unwrap();
    proc::kill(pid);
    home.wait_for_status(name, "crashed");
    check("crash", "crashed");
    assert_eq!(home.tsm(&["patrol"]).status.code(), Some(1));
    check("patrol", "crashed");
}

/// The record of a living process may be damaged, and it is set right by a restart of the process only; but whoever
/// else is recorded is not touched by it.
#[test]
fn a_record_cut_off_at_any_byte_hurts_nobody_else() {
    let home = Home::new();
    let process = home.start("whole", "sleep 1000000");
    let stopped = home.start("half", "sleep 1000000");
    succeed(&home, &["stop", &stopped.name]);
    let path = home.root().join(format!("tsm/runtime/processes/{}.json", stopped.name));
    let bytes = fs::read(&path).unwrap();
    let before = home.record(&process.name);
    for end in 0..bytes.len() {
        fs::write(&path, &bytes[..end]).unwrap();
        let is_whole = serde_json::from_slice::<Value>(&bytes[..end]).is_ok();
        if end % 8 == 0 || is_whole {
            let list = succeed(&home, &["list"]);
            assert!(list.contains(&process.name), "{end}: {list}");
        }
        let output = home.tsm(&["patrol"]);
        assert_eq!(output.status.code(), Some(i32::from(!is_whole)), "{end}: {output:?}");
        assert_eq!(path.exists(), is_whole, "{end}");
        let aside = path.with_file_name(format!(".{}.json.invalid", stopped.name));
        if !is_whole {
            assert_eq!(fs::read(&aside).unwrap(), &bytes[..end], "nothing is thrown away");
        }
    }
    assert_eq!(home.record(&process.name), before);
    assert!(process.is_alive());
}

/// A flipped bit may leave a record whole, with another value in it; then nothing but that is different.
#[test]
fn a_record_with_any_bit_flipped_hurts_nobody_else() {
    const SHARE: u64 = 40;
    let home = Home::new();
    let process = home.start("whole", "sleep 1000000");
    let stopped = home.start("flipped", "sleep 1000000");
    succeed(&home, &["stop", &stopped.name]);
    let path = home.root().join(format!("tsm/runtime/processes/{}.json", stopped.name));
    let bytes = fs::read(&path).unwrap();
    let before = home.record(&process.name);
    let mut dice = Dice::new();
    let mut bit = usize::try_from(dice.roll(SHARE)).unwrap();
    while bit < bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &flipped).unwrap();
        let list = succeed(&home, &["list"]);
        assert!(list.contains(&process.name), "{bit}: {list}");
        let output = home.tsm(&["patrol"]);
        assert!(output.status.code().is_some_and(|code| code <= 1), "{bit}: {output:?}");
        assert!(!text(&output).contains("panicked"), "{bit}: {output:?}");
        let aside = path.with_file_name(format!(".{}.json.invalid", stopped.name));
        let kept = fs::read(&path).or_else(|_| fs::read(&aside)).unwrap();
        let is_whole = serde_json::from_slice::<Value>(&flipped).is_ok();
        assert!(is_whole || kept == flipped, "{bit}: nothing is thrown away");
        let _ = fs::remove_file(aside);
        assert!(process.is_alive(), "{bit}");
        assert_eq!(home.record(&process.name), before, "{bit}");
        bit += 1 + usize::try_from(dice.roll(2 * SHARE - 1)).unwrap();
    }
}

/// One after the other, so that each is alone with a good one.
#[test]
fn beside_a_record_of_any_content_the_others_are_listed_started_and_stopped() {
    let home = Home::new();
    let process = home.start("whole", "sleep 1000000");
    let path = home.root().join("tsm/runtime/processes/bad-1.json");
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("a hundred megabytes", [b"{\"pid\":\"".as_slice(), &b"x".repeat(100 << 20)].concat()),
        ("a whole one of a hundred megabytes", {
            let text = "x".repeat(100 << 20);
            format!("{{\"tsm_id\":7,\"status\":\"stopped\",\"command\":\"{text}\"}}").into_bytes()
        }),
        ("deep", [b"{\"a\":".as_slice(), &b"{\"a\":".repeat(200_000)].concat()),
        ("NUL", b"{\"pid\":\"\0\"}\0".to_vec()),
        ("not UTF-8", b"{\"name\":\"\xc3\x28\"}".to_vec()),
        ("half a character", b"{\"name\":\"\\ud800\"}".to_vec()),
    ] {
        fs::write(&path, bytes).unwrap();
        for words in [&["list"][..], &["ls", "--json"], &["list", "--json", "--all"], &["info", "whole"]] {
            assert!(succeed(&home, words).contains(&process.name), "{what}: {words:?}");
        }
        let other = home.start("other", "sleep 1000000");
        assert!(other.id == 1 || other.id == 2, "{what}: {other:?}");
        succeed(&home, &["stop", &other.name]);
        succeed(&home, &["delete", &other.name]);
        let _ = fs::remove_file(&path);
        let _ = fs::remove_file(path.with_file_name(".bad-1.json.invalid"));
    }
    assert!(process.is_alive());
}

#[test]
fn records_of_any_content_are_set_aside_or_skipped() {
    let home = Home::new();
    let process = home.start("whole", "sleep 1000000");
    let deep = |count: usize| {
        [
            b"{\"pid\":7,\"status\":\"online\",\"a\":".as_slice(),
            &b"[".repeat(count),
            &b"]".repeat(count),
            b"}",
        ]
        .concat()
    };
    let huge =
        [b"{\"pid\":7,\"status\":\"online\",\"a\":\"".as_slice(), &b"x".repeat(100 << 20), b"\""].concat();
    let damaged: Vec<(&str, Vec<u8>)> = vec![
        ("zeroes", vec![0; 4096]),
        ("binary", (0..=255).cycle().take(70_000).collect()),
        ("latin", b"{\"pid\":7,\"name\":\"\xe9\"}".to_vec()),
        ("deep", deep(100_000)),
        ("open", b"[".repeat(1_000_000)),
        ("huge", huge),
        ("number", b"1e999999".to_vec()),
        ("nan", b"{\"pid\":NaN}".to_vec()),
        ("twice", b"{\"pid\":7,\"status\":\"online\"}{}".to_vec()),
        ("marked", b"\xef\xbb\xbf{\"pid\":7}".to_vec()),
    ];
    for (name, bytes) in &damaged {
        home.put(&format!("tsm/runtime/processes/{name}.json"), bytes);
    }
    fs::create_dir(home.root().join("tsm/runtime/processes/directory.json")).unwrap();
    for words in [&["list"][..], &["list", "--json"], &["info", &process.name], &["paths", &process.name]] {
        assert!(succeed(&home, words).contains(&process.name), "{words:?}");
    }
    for (name, _) in &damaged {
        for words in [&["stop"][..], &["restart"], &["kill"], &["delete"], &["info"], &["env"], &["logs"]] {
            let output = home.tsm(&[words, &[name]].concat());
            assert_eq!(output.status.code(), Some(1), "{name} {words:?}: {output:?}");
            assert!(!text(&output).contains("panicked"), "{name} {words:?}: {output:?}");
        }
    }
    home.tsm(&["patrol"]);
    for (name, bytes) in &damaged {
        let aside = home.root().join(format!("tsm/runtime/processes/.{name}.json.invalid"));
        assert!(fs::read(aside).unwrap() == *bytes, "{name} is set aside as it was");
        assert!(!home.exists(&format!("tsm/runtime/processes/{name}.json")), "{name}");
    }
    assert!(home.exists("tsm/runtime/processes/directory.json"));
    assert!(process.is_alive());
    succeed(&home, &["stop", &process.name]);
}

#[test]
fn a_living_process_whose_record_is_damaged_lives_on_and_is_stopped_by_a_start_of_its_name() {
    let home = Home::new();
    let listener = super::put_listener(&home);
    let port = home.free_port();
    let output = crate::harness::finish(&mut super::start_listener(&home, port));
    let process = crate::harness::Process::from_report(&text(&output)).unwrap();
    home.put(&format!("tsm/runtime/processes/{}.json", process.name), "{\"tsm_id\":");
    home.tsm(&["patrol"]);
    assert!(process.is_alive());
    let output = crate::harness::finish(&mut super::start_listener(&home, port));
    assert!(output.status.success(), "{output:?}");
    let pid = wait_for("one copy", || match super::running(&listener)[..] {
        [pid] => Some(pid),
        _ => None,
    });
    assert_eq!(home.record(&process.name)["pid"], pid);
}

#[test]
fn damaged_plans_locks_and_reservations_are_cleared_away() {
    let home = Home::new();
    let whole =
        json!({ "purpose": "start", "by": {}, "made_run_dir": true, "stabilize_ms": 0, "record": {} })
            .to_string();
    for (number, bytes) in
        [&b""[..], b"{", b"\xff\0", whole.as_bytes(), &whole.as_bytes()[..20]].iter().enumerate()
    {
        home.put(&format!("tsm/runtime/run/p{number}/plan.json"), bytes);
        home.put(&format!("tsm/runtime/run/p{number}/process.lock"), bytes);
        home.put(&format!("tsm/runtime/.reserve-{number}"), bytes);
        home.put(&format!("tsm/runtime/pids/p{number}.pid"), bytes);
    }
    succeed(&home, &["patrol"]);
    assert!(!home.tree().iter().any(|path| path.ends_with("plan.json")), "{:?}", home.tree());
    let process = home.start("p0", "sleep 1000000");
    assert_eq!(process.id, 0);
    succeed(&home, &["delete", &process.name]);
}
