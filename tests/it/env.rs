//! `tsm env`.

use serde_json::json;

use crate::harness::{Home, assert_transcript};

fn stdout(home: &Home, word: &str) -> String {
    let output = home.tsm(&["env", word]);
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_living_process_shows_what_it_was_started_with() {
    let home = Home::new();
    home.put_work("x.env", "export FROM_FILE='a b'\nexport EMPTY=\nexport ZED=$HOME\nNOT_EXPORTED=1\n");
    let process = home.start_with(&["--env", "x.env", "--name", "p", "--port", "none", "sleep 1000"]);
    home.put(&format!("tsm/runtime/processes/{}.env", process.name), "STALE=1\n");
    let text = stdout(&home, "p");
    let mut expected: Vec<String> =
        process.environ().iter().map(|(key, value)| format!("{key}={value}")).collect();
    expected.sort();
    assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    let zed = format!("ZED={}", home.home().display());
    let run = format!("TSM_PROCESS_DIR={}/tsm/runtime/run/{}", home.root().display(), process.name);
    for line in ["FROM_FILE=a b", "EMPTY=", &zed, &run] {
        assert!(text.lines().any(|found| found == line), "{line}");
    }
    assert!(!text.contains("NOT_EXPORTED") && !text.contains("STALE"));
}

#[test]
fn a_dead_process_shows_the_dump_of_the_old_tool() {
    let home = Home::new();
    home.put_record("old", &json!({ "tsm_id": 0, "pid": 2, "status": "stopped" }));
    home.put("tsm/runtime/processes/old.env", "b=2\n\nA=$(touch pwned)\na=x=y\nB='q'");
    assert_eq!(stdout(&home, "0"), "A=$(touch pwned)\nB='q'\na=x=y\nb=2\n");
    assert!(!home.work().join("pwned").exists());
}

#[test]
fn without_either_there_is_nothing_to_show() {
    let home = Home::new();
    let process = home.start("p", "sleep 1000");
    assert!(home.tsm(&["stop", "p"]).status.success());
    assert_transcript!(home, home.tsm(&["env", "p"]), @"
    status 1
    --- stdout
    --- stderr
    tsm: no environment file found for 'p-<EPOCH>'
    ");
    let text = home.root();
    let written = format!("{}.env", process.name);
    assert!(!home.tree().iter().any(|path| path.ends_with(&written)), "no environment is written: {text:?}");
}
