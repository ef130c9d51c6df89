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
