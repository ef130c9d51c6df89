//! Any other command migrates by itself, says little, and changes neither what the user asked for nor its exit code.

use std::process::Output;

use serde_json::Value;

use super::fail;
use super::stage::{Processes, Stage};
use crate::harness::finish;

const REAL: &str = include_str!("../../fixtures/migrate/16-26ba21b0-gen5-ports-registry.txt");
const REFUSED: &str = include_str!("../../fixtures/migrate/h03-whitespace.txt");

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
#[ignore = "waits for the automatic run"]
fn the_first_command_says_what_it_migrated_and_the_second_nothing() {
    let stage = Stage::new("h03-whitespace", REFUSED, Processes::Gone).unwrap();
    let words = ["list", "--json", "--all"];
    let first = stage.tsm(&words);
    let said = stderr(&first);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].starts_with("tsm: migrated 1 process record(s) to JSON; backup in "), "{said}");
    assert_eq!(lines[1], "tsm: 1 item(s) left alone, see: tsm migrate --status");
    assert!(stage.home.find_record("good-4100").is_some());

    let second = stage.tsm(&words);
    assert_eq!(stderr(&second), "", "what was refused once is not announced again");
    assert_eq!((first.stdout, first.status), (second.stdout, second.status));
}

#[test]
#[ignore = "waits for the automatic run"]
fn records_are_listed_alike_before_and_after() {
    let stage = Stage::new("16-26ba21b0-gen5-ports-registry", REAL, Processes::Gone).unwrap();
    let words = ["list", "--json", "--all"];
    let before = finish(stage.command(&words).env("TSM_NO_AUTO_MIGRATE", "1"));
    assert_eq!(stderr(&before), "");
    fail("16", "a list without migration", &stage.before.writes(&stage.snapshot()));
    let after = stage.tsm(&words);
    assert!(stage.home.find_record("web-20320").is_some());
    let listed = |output: &Output| -> Vec<String> {
        let list: Value = serde_json::from_slice(&output.stdout).unwrap();
        let processes = list["data"]["processes"].as_array().unwrap();
        let row =
            |process: &Value| ["tsm_id", "name", "port"].map(|member| process[member].to_string()).join(" ");
        processes.iter().map(row).collect()
    };
    assert_eq!(listed(&before).len(), 8);
    assert_eq!(listed(&before), listed(&after));
}

#[test]
#[ignore = "waits for the automatic run"]
fn who_switches_it_off_can_write_nothing() {
    let stage = Stage::new("16-26ba21b0-gen5-ports-registry", REAL, Processes::Gone).unwrap();
    for words in
        [&["start", "--port", "none", "sleep 1"][..], &["stop", "web-20320"], &["delete", "web-20320"]]
    {
        let output = finish(stage.command(words).env("TSM_NO_AUTO_MIGRATE", "1"));
        assert_eq!(output.status.code(), Some(1), "{words:?}: {output:?}");
        assert_eq!(stderr(&output), "tsm: cannot migrate: TSM_NO_AUTO_MIGRATE is set\n", "{words:?}");
        fail("16", &words.join(" "), &stage.before.writes(&stage.snapshot()));
    }
}
