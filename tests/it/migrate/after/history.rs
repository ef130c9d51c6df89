//! What is told of instances that are over.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::super::snapshot::Node;
use super::After;

impl After<'_> {
    /// The history of each name.
    pub(super) fn history(&self) -> Vec<String> {
        let expected = &self.stage.fixture.expect.history;
        let dir = Path::new("tsm/db/history");
        let files = self.snapshot.iter().filter(|(path, node)| path.starts_with(dir) && node.is_file());
        let names = files.map(|(path, _)| path.file_stem().unwrap().to_str().unwrap().to_owned());
        let names: BTreeSet<String> = names.chain(expected.keys().cloned()).collect();
        names
            .iter()
            .flat_map(|name| self.history_of(name, expected.get(name).map_or(&[], Vec::as_slice)))
            .collect()
    }

    fn history_of(&self, name: &str, expected: &[Value]) -> Vec<String> {
        let path = format!("tsm/db/history/{name}.jsonl");
        let mut lines = lines(self.snapshot.get(&path));
        let mut faults = Vec::new();
        for wanted in expected {
            match lines.iter().position(|line| has_members(line, wanted) && line["name"] == name) {
                Some(found) => drop(lines.remove(found)),
                None => faults.push(format!("{path}: has no line {wanted}")),
            }
        }
        faults.extend(lines.iter().map(|line| format!("{path}: has a line {line}")));
        faults
    }

    /// What of the history has a time is an event of that day.
    pub(super) fn events(&self) -> Vec<String> {
        let dir = Path::new("tsm/db/events");
        let files = self.snapshot.iter().filter(|(path, node)| path.starts_with(dir) && node.is_file());
        let mut events: Vec<Value> = files.flat_map(|(_, node)| lines(Some(node))).collect();
        let mut faults = Vec::new();
        let history = self.stage.fixture.expect.history.iter();
        let timed = history.flat_map(|(name, lines)| lines.iter().map(move |line| (name, line)));
        let is_event = |line: &Value| line["event"] != "superseded" && line["time"].is_number();
        for (name, wanted) in timed.filter(|(_, line)| is_event(line)) {
            match events.iter().position(|event| has_members(event, wanted) && event["name"] == *name) {
                Some(found) => drop(events.remove(found)),
                None => faults.push(format!("tsm/db/events: there is no {wanted} of {name}")),
            }
        }
        faults.extend(events.iter().map(|event| format!("tsm/db/events: there is {event}")));
        faults
    }
}

fn lines(node: Option<&Node>) -> Vec<Value> {
    let text = node.map(|node| String::from_utf8_lossy(&node.bytes).into_owned()).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect()
}

/// Whether it has all these members; of `null` it may also be none.
fn has_members(line: &Value, wanted: &Value) -> bool {
    wanted.as_object().unwrap().iter().all(|(member, value)| line[member] == *value)
}
