//! The new records and their logs; what is left of the sources.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::super::fixture::Record;
use super::super::snapshot::Node;
use super::super::stage::{Stage, logs_of};
use super::{After, has_extension};
use crate::harness::proc;

/// In this order they stand in a record.
const MEMBERS: [&str; 16] = [
    "tsm_id",
    "name",
    "pid",
    "start_time",
    "port",
    "status",
    "restarts",
    "unstable_restarts",
    "logs",
    "command",
    "cwd",
    "env_file",
    "type",
    "interpreter",
    "proc",
    "legacy",
];

impl After<'_> {
    /// The new record, member by member.
    pub(super) fn record(&self, record: &Record) -> Vec<String> {
        let path = record.target();
        let of = |text: String| format!("{path}: {text}");
        let Some(node) = self.snapshot.get(&path) else { return vec![of("is not there".to_owned())] };
        let Ok(Value::Object(members)) = serde_json::from_slice(&node.bytes) else {
            return vec![of("is no JSON object".to_owned())];
        };
        let expected = expected(self.stage, record);
        let mut faults = differences(&expected, &members);
        faults.extend(self.identity(&expected, &members));
        if self.before().get(&path).is_none() {
            faults.extend(form(node, &members));
        }
        faults.into_iter().map(of).collect()
    }

    /// `proc` tells of the living only.
    fn identity(&self, expected: &Map<String, Value>, members: &Map<String, Value>) -> Option<String> {
        let pid = expected["pid"].as_i64().filter(|_| expected["status"] == "online");
        let ticks = pid.and_then(|pid| proc::start_ticks(pid.try_into().unwrap()));
        let said = members.get("proc").and_then(|proc| proc["start_ticks"].as_u64());
        (said != ticks).then(|| format!("proc is {:?}, start_ticks are {ticks:?}", members.get("proc")))
    }

    /// Nothing else became a record.
    pub(super) fn other_records(&self) -> Vec<String> {
        let expected: BTreeSet<PathBuf> = self.records.iter().map(|record| record.target().into()).collect();
        let is_record = |path: &Path| {
            path.parent() == Some(Path::new("tsm/runtime/processes")) && has_extension(path, "json")
        };
        let new = self.snapshot.iter().map(|(path, _)| path).filter(|path| is_record(path));
        let new = new.filter(|path| !expected.contains(*path) && self.before().get(path).is_none());
        new.map(|path| format!("{}: became a record", path.display())).collect()
    }

    /// What was converted is gone, with the directory of its own that it may have had.
    pub(super) fn sources(&self) -> Vec<String> {
        let place = |record: &&Record| match record.source.strip_suffix("/meta.json") {
            Some(dir) => dir.to_owned(),
            None => record.source.clone(),
        };
        let left = self.records.iter().map(place).filter(|path| self.snapshot.get(path).is_some());
        left.map(|path| format!("{path}: is still there")).collect()
    }

    /// The logs of each record, under their new names.
    pub(super) fn current_logs(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for record in &self.records {
            for (old, stream) in logs_of(record).iter().zip(["out", "err"]) {
                let new = PathBuf::from(format!("tsm/runtime/logs/{}/current.{stream}", record.name()));
                let Some(was) = self.before().get(old) else { continue };
                let is = self.snapshot.get(&new);
                let text = is.map_or(Some("is not there".to_owned()), |is| was.difference(is));
                faults.extend(text.map(|text| format!("{}: {text} (was {old})", new.display())));
            }
        }
        faults
    }
}

/// The new record of a source on this stage, without `proc`.
pub(in crate::migrate) fn expected(stage: &Stage, record: &Record) -> Map<String, Value> {
    let mut members = record.members(&stage.root());
    if stage.stand_in(record).is_some() {
        members.insert("status".to_owned(), "online".into());
    }
    members
}

fn differences(expected: &Map<String, Value>, found: &Map<String, Value>) -> Vec<String> {
    let members = expected.keys().chain(found.keys()).collect::<BTreeSet<_>>();
    let members = members.into_iter().filter(|member| *member != "proc");
    let of =
        |map: &Map<String, Value>, member| map.get(member).map_or("missing".to_owned(), Value::to_string);
    members
        .filter(|member| expected.get(*member) != found.get(*member))
        .map(|member| format!("{member} is {}, not {}", of(found, member), of(expected, member)))
        .collect()
}

/// How a record is written.
fn form(node: &Node, members: &Map<String, Value>) -> Vec<String> {
    let order: Vec<&String> = members.keys().collect();
    let wanted: Vec<&str> = MEMBERS.into_iter().filter(|member| members.contains_key(*member)).collect();
    let text = format!("{:#}\n", Value::Object(members.clone()));
    let faults = [
        (order != wanted).then(|| format!("its members stand in the order {order:?}")),
        (node.bytes != text.as_bytes())
            .then(|| "is not indented by two, with a newline at the end".to_owned()),
        (node.mode != 0o644).then(|| format!("has mode {:04o}", node.mode)),
    ];
    faults.into_iter().flatten().collect()
}
