//! Several migrations of one installation, and the ways back from them, one after the other.

use super::back::without_traces;
use super::fail;
use super::stage::{Processes, Stage};

const FILE: &str = "16-26ba21b0-gen5-ports-registry";
const TEXT: &str = include_str!("../../fixtures/migrate/16-26ba21b0-gen5-ports-registry.txt");
const LATER: &str = "tsm/runtime/processes/later-4100.meta";

/// Migrated, then used by the bash tool, then migrated again: the ids of both.
fn migrated_twice() -> (Stage, [String; 2]) {
    let stage = Stage::new(FILE, TEXT, Processes::Gone).unwrap();
    let id = |stage: &Stage| stage.migrate(&[]).json["id"].as_str().unwrap().to_owned();
    let first = id(&stage);
    let meta = "tsm_id=90\nname=later-4100\npid=4190099\ncommand='sleep 1'\nport=none\nstart_time=1760400000\n\
        env_file=''\ncwd='/'\ntype=command\ninterpreter=''\n";
    stage.home.put(LATER, meta);
    let second = id(&stage);
    assert_ne!(first, second);
    (stage, [first, second])
}

#[track_caller]
fn back(stage: &Stage, words: &[&str], code: i32) -> String {
    let output = stage.tsm(&[&["migrate", "--rollback"], words].concat());
    assert_eq!(output.status.code(), Some(code), "{words:?}: {output:?}");
    let said = if code == 0 { output.stdout } else { output.stderr };
    String::from_utf8(said).unwrap()
}

#[test]
fn an_earlier_migration_waits_for_the_later_one() {
    let (stage, [first, second]) = migrated_twice();
    let before = stage.snapshot();
    for words in [&[first.as_str()][..], &[&first, "--force"]] {
        let said = back(&stage, words, 6);
        assert!(said.lines().count() == 1 && said.contains(&second), "{said}");
    }
    assert!(back(&stage, &["20000101T000000Z-1"], 6).contains("no migration 20000101T000000Z-1 stands"));
    fail(FILE, "refused", &before.writes(&stage.snapshot()));
}

#[test]
fn two_ways_back_lead_through_what_was_in_between() {
    let (stage, [first, second]) = migrated_twice();
    assert!(back(&stage, &[], 0).contains(&format!("rolled back {second}: 1 record(s)")));
    assert!(stage.home.exists(LATER) && stage.home.find_record("later-4100").is_none());
    assert!(stage.home.find_record("web-20320").is_some());
    std::fs::remove_file(stage.root().join(LATER)).unwrap();
    assert!(back(&stage, &[&first], 0).contains(&format!("rolled back {first}: ")));
    let (was, is) = (&stage.before, &stage.snapshot());
    fail(FILE, "taken back", &without_traces(was, was).differences(&without_traces(was, is)));
    for words in [&[][..], &["--force"], &[first.as_str()]] {
        assert_eq!(back(&stage, words, 0), "nothing to roll back\n");
    }
}
