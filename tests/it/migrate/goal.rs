//! Where an uninterrupted migration ends: every other one must end there too.

use std::path::Path;

use serde_json::Value;

use super::after::After;
use super::fail;
use super::snapshot::Snapshot;
use super::stage::{Processes, Stage};

pub(super) struct Goal {
    file: &'static str,
    pub(super) stage: Stage,
    state: Snapshot,
    code: i32,
}

impl Goal {
    /// Migrates once, and puts everything back.
    pub(super) fn of(file: &'static str, text: &str) -> Self {
        let stage = Stage::new(file, text, Processes::Gone).unwrap();
        let code = stage.migrate(&[]).code;
        let state = without_journals(&stage.snapshot());
        stage.reset();
        Self { file, stage, state, code }
    }

    /// After whatever happened: a next run gets there, and then everything is put back.
    pub(super) fn check(&self, what: &str) {
        fail(self.file, what, &self.lost(&self.stage.snapshot()));
        let output = self.stage.tsm(&["migrate"]);
        let when = format!("{what}, then another run");
        assert_eq!(output.status.code(), Some(self.code), "{}, {when}: {output:?}", self.file);
        self.check_state(&when, &self.stage.snapshot());
        self.stage.reset();
    }

    /// As [`Goal::check`], where something could not be read: then another thing may be believed of a process, and
    /// what came later is the newer one. Nothing is lost all the same.
    pub(super) fn check_mended(&self, what: &str) {
        let stage = &self.stage;
        fail(self.file, what, &self.lost(&stage.snapshot()));
        let output = stage.tsm(&["migrate"]);
        let when = format!("{what}, then another run");
        assert_eq!(output.status.code(), Some(self.code), "{}, {when}: {output:?}", self.file);
        let (report, snapshot) = (stage.migrate(&[]), stage.snapshot());
        let records = stage.fixture.records.iter().collect();
        fail(self.file, &when, &After { stage, report: &report, snapshot, records }.losses());
        stage.reset();
    }

    /// As [`Goal::check`], where any other command is what comes next.
    pub(super) fn check_by(&self, words: &[&str], what: &str) {
        fail(self.file, what, &self.lost(&self.stage.snapshot()));
        self.stage.tsm(words);
        self.check_state(&format!("{what}, then {words:?}"), &self.stage.snapshot());
        self.stage.reset();
    }

    #[track_caller]
    pub(super) fn check_state(&self, when: &str, state: &Snapshot) {
        fail(self.file, when, &self.state.differences(&without_journals(state)));
    }

    /// Records that have neither their source nor a whole new record.
    pub(super) fn lost(&self, now: &Snapshot) -> Vec<String> {
        let is_there =
            |path: &str| now.get(path).is_some_and(|node| Some(node.as_found()) == self.found(path));
        let is_whole = |path: &str| {
            now.get(path).is_some_and(|node| serde_json::from_slice::<Value>(&node.bytes).is_ok())
        };
        let records = self.stage.fixture.records.iter();
        let lost = records.filter(|record| !is_there(&record.source) && !is_whole(&record.target()));
        lost.map(|record| format!("{}: neither it nor its new record is there", record.source)).collect()
    }

    fn found(&self, path: &str) -> Option<(u32, &[u8])> {
        self.stage.before.get(path).map(super::snapshot::Node::as_found)
    }
}

/// What every run writes with times and numbers of its own, and the lock.
pub(super) fn without_journals(snapshot: &Snapshot) -> Snapshot {
    snapshot
        .filtered(|path| !path.starts_with("tsm/runtime/migrate") && path != Path::new("tsm/runtime/.lock"))
}
