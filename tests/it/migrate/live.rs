//! Processes run on through a migration, and are known afterwards.

use std::path::Path;

use super::after::After;
use super::back;
use super::fail;
use super::fixture::{Fixture, Record};
use super::report::Report;
use super::snapshot::Snapshot;
use super::stage::{Processes, Stage};
use crate::harness::proc;

/// The processes of later versions write their logs by path: such a directory stays until its process has ended.
fn writes_by_path(fixture: &Fixture, record: &Record) -> bool {
    let bytes = fixture.file(&record.source).unwrap();
    serde_json::from_slice::<serde_json::Value>(bytes).is_ok_and(|source| source.get("started").is_some())
}

/// The records whose directories are in use.
fn in_use(stage: &Stage) -> Vec<&Record> {
    let fixture = &stage.fixture;
    let all = fixture.records.iter();
    all.filter(|record| stage.stand_in(record).is_some() && writes_by_path(fixture, record)).collect()
}

fn check(file: &str, text: &str) {
    let Some(mut stage) = Stage::new(file, text, Processes::Live) else { return };
    let report = stage.migrate(&[]);
    let snapshot = stage.snapshot();
    let waiting: Vec<&str> = in_use(&stage).iter().map(|record| record.source.as_str()).collect();
    let is_waiting = |record: &&Record| waiting.contains(&record.source.as_str());
    let records = stage.fixture.records.iter().filter(|record| !is_waiting(record)).collect();
    let after = After { stage: &stage, report: &report, snapshot: snapshot.clone(), records };
    fail(file, "migrated", &after.faults());
    fail(file, "in use", &left_whole(&stage, &report, &snapshot));
    fail(file, "logs of the living", &descriptors(&stage));
    assert!(stage.all_run(), "{file}: a process was ended");

    let again = stage.migrate(&[]);
    assert_eq!((again.code, again.converted().len()), (0, 0), "{file}: {:#}", again.json);
    fail(file, "a second run", &snapshot.writes(&stage.snapshot()));
    end_those_in_use(file, &mut stage);
}

/// Nothing of a directory in use is moved, and the report says why.
fn left_whole(stage: &Stage, report: &Report, after: &Snapshot) -> Vec<String> {
    let mut faults = Vec::new();
    let kept = report.kept();
    for record in in_use(stage) {
        let dir = Path::new(&record.source).parent().unwrap();
        faults.extend(stage.before.at(dir).writes(&after.at(dir)));
        if after.get(record.target()).is_some() {
            faults.push(format!("{}: is there", record.target()));
        }
        if !kept.iter().any(|(path, reason)| path == dir && reason.contains("in use")) {
            faults.push(format!("{}: is not said to be in use: {kept:?}", dir.display()));
        }
    }
    faults
}

/// What a process has open is the log that its record names.
fn descriptors(stage: &Stage) -> Vec<String> {
    let moved = stage.fixture.records.iter().filter(|record| !writes_by_path(&stage.fixture, record));
    let open = moved.filter_map(|record| Some((record, proc::descriptors(stage.stand_in(record)?.pid()))));
    open.flat_map(|(record, open)| {
        let logs = stage.root().join("tsm/runtime/logs").join(record.name());
        let right = open.get(&1) == Some(&logs.join("current.out"))
            && open.get(&2) == Some(&logs.join("current.err"));
        (!right).then(|| format!("{} writes to {open:?}", record.name()))
    })
    .collect()
}

/// Once they have ended, the next run converts them.
fn end_those_in_use(file: &str, stage: &mut Stage) {
    let waiting: Vec<String> = in_use(stage).iter().map(|record| record.source.clone()).collect();
    if waiting.is_empty() {
        return;
    }
    stage.end(|of| waiting.iter().any(|source| source == of));
    let report = stage.migrate(&[]);
    let records = stage.fixture.records.iter().filter(|record| waiting.contains(&record.source)).collect();
    let after = After { stage, report: &report, snapshot: stage.snapshot(), records };
    fail(file, "migrated after the end", &after.faults_of_records());
}

macro_rules! tests {
    ($($test:ident: $file:literal;)+) => {
        $(
            #[test]
            fn $test() {
                check($file, include_str!(concat!("../../fixtures/migrate/", $file, ".txt")));
            }
        )+

        mod and_back {
            $(
                #[test]
                #[ignore = "waits for the way back"]
                fn $test() {
                    super::check_back($file, include_str!(concat!("../../fixtures/migrate/", $file, ".txt")));
                }
            )+
        }
    };
}

fn check_back(file: &str, text: &str) {
    let Some(mut stage) = Stage::new(file, text, Processes::Live) else { return };
    back::check_stage(file, &mut stage);
}

of_the_bash_tool!(tests);
