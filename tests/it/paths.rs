//! `tsm paths`, and how a word finds a record.

use serde_json::json;

use crate::harness::{Home, assert_transcript, finish};

/// Records of processes that have ended, with ids in this order.
fn home_with(names: &[&str]) -> Home {
    let home = Home::new();
    for (id, name) in names.iter().enumerate() {
        home.put_record(name, &json!({ "tsm_id": id, "name": name, "pid": 2, "status": "stopped" }));
    }
    home
}

/// The name that a word finds.
#[track_caller]
fn found(home: &Home, word: &str) -> String {
    let output = home.tsm(&["paths", word]);
    let text = String::from_utf8(output.stdout).unwrap();
    let name = text.strip_prefix("Paths for process '").and_then(|rest| rest.split_once("' (ID: "));
    name.unwrap_or_else(|| panic!("{word} found nothing: {text:?}")).0.to_owned()
}

#[test]
fn paths_names_every_file_of_a_process() {
    let home = home_with(&["web-8000"]);
    assert_transcript!(home, home.tsm(&["paths", "web-8000"]), @"
    status 0
    --- stdout
    Paths for process 'web-8000' (ID: 0):
      meta: <ROOT>/tsm/runtime/processes/web-8000.json
      pid:  <ROOT>/tsm/runtime/pids/web-8000.pid
      env:  <ROOT>/tsm/runtime/processes/web-8000.env
      out:  <ROOT>/tsm/runtime/logs/web-8000/current.out
      err:  <ROOT>/tsm/runtime/logs/web-8000/current.err
    --- stderr
    ");
}

#[test]
fn logs_are_where_the_record_says() {
    let home = Home::new();
    let logs = json!({ "out": "/old/web.out", "err": "/old/web.err" });
    home.put_record("web", &json!({ "tsm_id": 0, "pid": 2, "status": "stopped", "logs": logs }));
    let output = home.tsm(&["paths", "web"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.ends_with("  out:  /old/web.out\n  err:  /old/web.err\n"), "{text}");
}

#[test]
fn ids_names_and_parts_of_one_name_find_a_record() {
    let home = home_with(&["web-8000", "api-9000"]);
    assert_eq!(found(&home, "1"), "api-9000");
    assert_eq!(found(&home, "api-9000"), "api-9000");
    assert_eq!(found(&home, "i-9"), "api-9000");
    assert_eq!(found(&home, "web"), "web-8000");
}

#[test]
fn a_whole_name_is_found_though_it_is_part_of_others() {
    let home = home_with(&["web-1", "web", "my-web"]);
    assert_eq!(found(&home, "web"), "web");
}

#[test]
fn digits_are_an_id_and_nothing_else() {
    let home = home_with(&["zero", "7", "web-42"]);
    for word in ["7", "42", "00", "01", "99999999999999999999"] {
        let output = home.tsm(&["paths", word]);
        assert_eq!(output.status.code(), Some(1), "{word}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), format!("tsm: process '{word}' not found\n"));
    }
}

#[test]
fn a_part_of_several_names_finds_none_and_lists_them_by_file_name() {
    let home = home_with(&["web", "web-1", "other"]);
    assert_transcript!(home, home.tsm(&["paths", "we"]), @"
    status 1
    --- stdout
    --- stderr
    tsm: ambiguous name 'we', matches:
      1: web-1
      0: web
    tsm: process 'we' not found
    ");
}

#[test]
fn a_part_is_taken_literally_and_with_its_case() {
    let home = home_with(&["web-1", "a*b", "sp ace", "q'uote"]);
    assert_eq!(found(&home, "*"), "a*b");
    assert_eq!(found(&home, "p a"), "sp ace");
    assert_eq!(found(&home, "'"), "q'uote");
    for word in ["WEB", "w.b", "?", "web-1.json", "../processes/web-1"] {
        assert_eq!(home.tsm(&["paths", word]).status.code(), Some(1), "{word}");
    }
}

#[test]
fn the_file_names_the_record_whatever_is_written_in_it() {
    let home = Home::new();
    home.put_record("web", &json!({ "tsm_id": 0, "name": "../evil", "pid": 2, "status": "stopped" }));
    assert_eq!(found(&home, "0"), "web");
}

#[test]
fn further_words_are_ignored() {
    let home = home_with(&["web", "api"]);
    let output = home.tsm(&["paths", "api", "web"]);
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("Paths for process 'api' (ID: 1):\n"));
}

#[test]
fn without_a_target_it_says_what_it_takes() {
    let home = Home::new();
    let output = home.tsm(&["paths"]);
    assert_transcript!(home, output, @"
    status 64
    --- stdout
    --- stderr
    tsm: paths <process|id>
    ");
    assert_eq!(home.tsm(&["paths", ""]), output);
}

#[test]
fn where_nothing_was_ever_recorded_nothing_is_found_and_nothing_made() {
    let home = Home::new();
    assert_transcript!(home, home.tsm(&["paths", "web"]), @"
    status 1
    --- stdout
    --- stderr
    tsm: process 'web' not found
    ");
    assert!(home.tree().is_empty());
}

#[test]
fn a_relative_tetra_dir_starts_where_the_caller_is() {
    let home = home_with(&["web"]);
    let output =
        finish(home.tsm_command(&["paths", "web"]).current_dir(home.dir()).env("TETRA_DIR", "tetra"));
    let meta = home.root().join("tsm/runtime/processes/web.json");
    assert!(String::from_utf8(output.stdout).unwrap().contains(meta.to_str().unwrap()));
}
