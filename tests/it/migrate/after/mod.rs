//! What must be so after a migration, whatever was migrated. Every fault names a path and what is wrong about it.

mod history;
mod others;
mod records;
mod satellites;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

pub(super) use records::expected;

use super::expect::Said;
use super::fixture::Record;
use super::report::Report;
use super::snapshot::Snapshot;
use super::stage::Stage;

/// An installation that was migrated.
pub(super) struct After<'a> {
    pub(super) stage: &'a Stage,
    pub(super) report: &'a Report,
    pub(super) snapshot: Snapshot,
    /// The records that had to be converted.
    pub(super) records: Vec<&'a Record>,
}

impl After<'_> {
    pub(super) fn faults(&self) -> Vec<String> {
        [
            self.answer(),
            self.faults_of_records(),
            self.other_records(),
            self.all_logs(),
            self.environments(),
            self.pid_files(),
            self.ledger(),
            self.what_is_not_ours(),
            self.statements(),
            self.history(),
            self.events(),
            self.secrets(),
            self.backup(),
        ]
        .concat()
    }

    /// Only what is wrong about the records, their sources and their logs.
    pub(super) fn faults_of_records(&self) -> Vec<String> {
        let records = self.records.iter().flat_map(|record| self.record(record)).collect();
        [self.conversions(), records, self.sources(), self.current_logs()].concat()
    }

    /// What is missing or wrong, but for what is believed of the processes.
    pub(super) fn losses(&self) -> Vec<String> {
        let records = self.records.iter().flat_map(|record| self.record(record));
        let records = records.filter(|fault| !fault.contains(": status is ")).collect();
        [records, self.sources(), self.all_logs()].concat()
    }

    fn before(&self) -> &Snapshot {
        &self.stage.before
    }

    /// Exit code, refusals, warnings.
    fn answer(&self) -> Vec<String> {
        let expect = &self.stage.fixture.expect;
        let code = self.report.code;
        let exit = (code != expect.exit).then(|| format!("exit code is {code}, not {}", expect.exit));
        let refused = expect.refused.as_ref();
        let refused = refused.map(|refused| unlike("refused", refused, &self.report.refused()));
        let warnings = unlike("warning", &expect.warnings, &self.report.warnings());
        exit.into_iter().chain(refused.into_iter().flatten()).chain(warnings).collect()
    }

    /// What the report says of each record.
    fn conversions(&self) -> Vec<String> {
        let said = self.report.converted();
        let expected: BTreeSet<&str> = self.records.iter().map(|record| record.name()).collect();
        let too_many = said.keys().filter(|name| !expected.contains(*name));
        let too_many = too_many.map(|name| format!("{name} is said to be converted"));
        let wrong = self.records.iter().filter_map(|record| match said.get(record.name()) {
            None if self.before().get(record.target()).is_some() => None,
            None => Some(format!("{} is not said to be converted", record.name())),
            Some(item) => self.conversion(record, item),
        });
        too_many.chain(wrong).collect()
    }

    fn conversion(&self, record: &Record, said: &Value) -> Option<String> {
        let expected = expected(self.stage, record);
        let from = said["from"].as_str().unwrap_or_default();
        let right =
            ["name", "tsm_id", "status", "pid"].iter().all(|member| said[*member] == expected[*member])
                && (from == record.source || Path::new(&record.source).parent() == Some(Path::new(from)))
                && said["to"] == record.target();
        (!right).then(|| format!("{} is said to be converted as {said}", record.name()))
    }
}

fn unlike(what: &str, expected: &Said, found: &Said) -> Vec<String> {
    let line =
        |verb: &str, (path, word): &(PathBuf, String)| format!("{}: {verb} {what} {word}", path.display());
    let missing = expected.difference(found).map(|said| line("no", said));
    missing.chain(found.difference(expected).map(|said| line("unexpected", said))).collect()
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::migrate::stage::Processes;

    /// Migrates, spoils everything that the script names, and looks.
    fn faults(file: &str, text: &str, spoil: impl Fn(&Stage, &Path)) -> Vec<String> {
        let stage = Stage::new(file, text, Processes::Gone).unwrap();
        let report = stage.migrate(&[]);
        let sound =
            After { stage: &stage, report: &report, snapshot: stage.snapshot(), records: records(&stage) };
        assert_eq!(sound.faults(), [""; 0]);
        spoil(&stage, &stage.root().join(report.backup().unwrap()));
        After { stage: &stage, report: &report, snapshot: stage.snapshot(), records: records(&stage) }
            .faults()
    }

    fn records(stage: &Stage) -> Vec<&Record> {
        stage.fixture.records.iter().collect()
    }

    fn set_mode(stage: &Stage, path: &str, mode: u32) {
        fs::set_permissions(stage.root().join(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    #[track_caller]
    fn assert_found(faults: &[String], expected: &[&str]) {
        for text in expected {
            assert!(faults.iter().any(|fault| fault.contains(text)), "{text} is not found in {faults:#?}");
        }
        let is_expected = |fault: &String| expected.iter().any(|text| fault.contains(text));
        assert!(faults.iter().all(is_expected), "{faults:#?}");
    }

    #[test]
    fn what_is_wrong_about_records_and_what_lies_beside_them_is_found() {
        let text = include_str!("../../../fixtures/migrate/16-26ba21b0-gen5-ports-registry.txt");
        let faults = faults("16", text, |stage, _| {
            let home = &stage.home;
            let processes = "tsm/runtime/processes";
            let web = home.read(&format!("{processes}/web-20320.json"));
            home.put(
                &format!("{processes}/web-20320.json"),
                web.replace("\"restarts\": 0", "\"restarts\": 1"),
            );
            fs::remove_file(stage.root().join(format!("{processes}/café-8889.json"))).unwrap();
            set_mode(stage, &format!("{processes}/noport-8891.json"), 0o600);
            home.put(&format!("{processes}/bash-20326.meta"), "");
            home.put(&format!("{processes}/other.json"), "{}");
            home.put("tsm/runtime/logs/bash-20326/current.out", "");
            home.put("tsm/runtime/pids/web-20320.pid", "4190008\n");
            let ledger = home.read("tsm/runtime/ports/registry.tsv");
            let rows: Vec<&str> = ledger.lines().filter(|row| !row.contains("web-20320")).collect();
            home.put("tsm/runtime/ports/registry.tsv", rows.join("\n"));
            home.put("elsewhere", "");
            home.put("tsm/db/history/web-20320.jsonl", "{\"event\": \"start\"}\n");
        });
        let expected = [
            "web-20320.json: restarts is 1, not 0",
            "café-8889.json: is not there",
            "noport-8891.json: has mode 0600",
            "bash-20326.meta: is still there",
            "other.json: became a record",
            "bash-20326/current.out: holds",
            "bash-20326.out: its bytes are nowhere",
            "pids/web-20320.pid: is still there",
            "registry.tsv: rows",
            "elsewhere: is new",
            "history/web-20320.jsonl: has a line",
        ];
        assert_found(&faults, &expected);
    }

    #[test]
    fn what_is_told_to_others_or_not_kept_is_found() {
        let text = include_str!("../../../fixtures/migrate/h54-env-secrets.txt");
        let faults = faults("h54", text, |stage, backup| {
            set_mode(stage, "tsm/runtime/processes/sec-4098.env", 0o644);
            stage.home.put("tsm/runtime/migrate/note", "password: p@ss");
            stage.home.put("tsm/db/events/2025-10-12.jsonl", "{\"event\": \"start\"}\n");
            fs::set_permissions(backup, fs::Permissions::from_mode(0o644)).unwrap();
            fs::remove_file(stage.root().join("tsm/runtime/migrate/state.json")).unwrap();
        });
        let expected = [
            "sec-4098.env: is not tsm/runtime/processes/sec-4098.env with mode 0600",
            "sec-4098.env: mode is 0644, not 0600",
            "note: tells p@ss",
            "tsm/db/events: there is",
            "mode is 0644, not 0600",
            "state.json: is not there",
        ];
        assert_found(&faults, &expected);
    }
}
