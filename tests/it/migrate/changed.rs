//! What happens between a migration and the way back is not lost.

use std::fs;

use serde_json::json;

use super::fail;
use super::stage::{Processes, Stage};
use crate::harness::{finish, wait_until};

const FILE: &str = "16-26ba21b0-gen5-ports-registry";
const TEXT: &str = include_str!("../../fixtures/migrate/16-26ba21b0-gen5-ports-registry.txt");

fn migrated() -> Stage {
    let stage = Stage::new(FILE, TEXT, Processes::Gone).unwrap();
    assert_eq!(stage.migrate(&[]).code, 0);
    stage
}

/// Refuses to go back, names what is in the way, and changes nothing.
#[track_caller]
fn assert_refused(stage: &Stage, words: &[&str], name: &str) {
    let before = stage.snapshot();
    let output = stage.tsm(&[&["migrate", "--rollback"], words].concat());
    assert_eq!(output.status.code(), Some(6), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.lines().count() == 1 && said.contains(name), "{said}");
    fail(FILE, "refused to go back", &before.writes(&stage.snapshot()));
}

#[test]
fn a_record_that_was_changed_goes_back_by_force_alone_and_is_kept() {
    let stage = migrated();
    let path = "tsm/runtime/processes/web-20320.json";
    let mut record = stage.home.record("web-20320");
    record["restarts"] = json!(7);
    stage.home.put(path, format!("{record:#}\n"));
    assert_refused(&stage, &[], "web-20320");

    let output = stage.tsm(&["migrate", "--rollback", "--force"]);
    assert!(output.status.success(), "{output:?}");
    assert!(!stage.home.exists(path) && stage.home.exists("tsm/runtime/processes/web-20320.meta"));
    let after = stage.snapshot();
    let kept = after.iter().find(|(path, _)| path.ends_with("rolled-back/web-20320.json"));
    assert_eq!(
        kept.map(|(_, node)| String::from_utf8_lossy(&node.bytes)),
        Some(format!("{record:#}\n").into())
    );
}

#[test]
fn how_a_process_ended_meanwhile_is_no_obstacle() {
    let stage = migrated();
    let mut record = stage.home.record("web-20320");
    for (member, value) in [
        ("status", json!("stopped")),
        ("exit_code", json!(0)),
        ("signal", json!("SIGKILL")),
        ("stop_time", json!(1)),
    ] {
        record[member] = value;
    }
    stage.home.put("tsm/runtime/processes/web-20320.json", format!("{record:#}\n"));
    let output = stage.tsm(&["migrate", "--rollback"]);
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_process_that_was_started_since_is_ended_before_the_way_back() {
    let stage = migrated();
    let process = stage.home.start("later", "sleep 1000000");
    assert_refused(&stage, &[], &process.name);
    assert_refused(&stage, &["--force"], &process.name);
    assert!(process.is_alive());
    assert!(stage.tsm(&["stop", &process.name]).status.success());
    process.wait_until_gone();
    assert_refused(&stage, &[], &process.name);
    let output = stage.tsm(&["migrate", "--rollback", "--force"]);
    assert!(output.status.success(), "{output:?}");
    let record = format!("rolled-back/{}.json", process.name);
    assert!(stage.snapshot().iter().any(|(path, _)| path.ends_with(&record)));
    assert!(stage.home.find_record(&process.name).is_none());
}

/// One line per millisecond by a descriptor of its own, through twenty ways there and back.
#[test]
fn a_log_that_is_written_all_the_while_has_every_line_once() {
    const WRITER: &str =
        "import sys, time\nfor n in range(10**9):\n    print(n, flush=True)\n    time.sleep(0.001)\n";
    let writer = "\
-- expect
exit 0

-- record tsm/runtime/processes/log-4100.meta
{}

-- process p
python3 -S -E @ROOT@/writer
out tsm/runtime/logs/log-4100.out
err tsm/runtime/logs/log-4100.err

";
    let meta = "-- file tsm/runtime/processes/log-4100.meta\ntsm_id=1\nname=log-4100\npid=@PID:p@\n\
        command='python3 writer'\nport=none\nstart_time=@START:p@\nenv_file=''\ncwd='/'\ntype=command\ninterpreter=''\n";
    let stage =
        Stage::new("writer", &format!("{writer}{meta}-- file writer\n{WRITER}"), Processes::Gone).unwrap();
    let [old, new] = ["tsm/runtime/logs/log-4100.out", "tsm/runtime/logs/log-4100/current.out"];
    for round in 0..20 {
        for (words, log) in [(&["migrate"][..], new), (&["migrate", "--rollback"], old)] {
            let output = finish(&mut stage.command(words));
            assert!(output.status.success(), "round {round}: {words:?}: {output:?}");
            let written = || fs::metadata(stage.root().join(log)).unwrap().len();
            let before = written();
            wait_until(format_args!("round {round}: {log} grows"), || written() > before);
        }
    }
    let text = stage.home.read(old);
    let whole = &text[..text.rfind('\n').unwrap()];
    for (line, number) in whole.lines().zip(0_u64..) {
        assert_eq!(line, number.to_string());
    }
}
