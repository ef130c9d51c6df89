//! What is about to run. The command sends it to the supervisor; the supervisor keeps it as `run/NAME/plan.json` from
//! before the go until the record stands, so that whatever runs is named on disk at every instant.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::registry::Record;
use crate::sys::proc::{self, Identity};

/// How long a forked child may take either to run its program or to notice that it never will. At once, but for a
/// machine that stands still.
const LAST_BREATH: Duration = Duration::from_secs(10);

/// What the run is to the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It makes or replaces the record.
    Start,
    /// It changes the record that is there, and counts in it.
    Restart,
}

/// One run to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What it is to the record.
    pub purpose: Purpose,
    /// The record to be: name and start spec; pid and stamp once they are known.
    pub record: Record,
    /// The command that asked for it.
    pub by: Identity,
    /// Whether `run/NAME` was made for this run and goes with it if it fails.
    pub made_run_dir: bool,
    /// How long the process must live before it counts as started.
    pub stabilize: Duration,
}

impl Plan {
    /// The plan in a file, for the name of its directory. `None`: none, or not whole.
    pub fn read(path: &Path, name: &str) -> Option<Self> {
        Self::parse(name, &std::fs::read(path).ok()?)
    }

    /// From the bytes of [`Plan::to_line`].
    pub fn parse(name: &str, bytes: &[u8]) -> Option<Self> {
        let Value::Object(mut members) = serde_json::from_slice(bytes).ok()? else {
            return None;
        };
        let purpose = match members.get("purpose")?.as_str()? {
            "start" => Purpose::Start,
            "restart" => Purpose::Restart,
            _ => return None,
        };
        Some(Self {
            purpose,
            record: Record::from_members(name, object(members.shift_remove("record")?)?),
            by: Identity::from_json(members.get("by")?)?,
            made_run_dir: members.get("made_run_dir")?.as_bool()?,
            stabilize: Duration::from_millis(members.get("stabilize_ms")?.as_u64()?),
        })
    }

    /// Whether the process was let go and lives. One that still waits for its go byte ends by itself.
    pub fn has_begun(&self) -> bool {
        let deadline = Instant::now() + LAST_BREATH;
        while let Some(identity) = self.record.identity().filter(Identity::is_alive) {
            if proc::runs_another_executable(identity.pid) || Instant::now() >= deadline {
                return true;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        false
    }

    /// One line of JSON, with its newline.
    pub fn to_line(&self) -> Vec<u8> {
        let purpose = match self.purpose {
            Purpose::Start => "start",
            Purpose::Restart => "restart",
        };
        let milliseconds = u64::try_from(self.stabilize.as_millis()).unwrap_or(u64::MAX);
        let value = json!({
            "purpose": purpose,
            "by": self.by.to_json(),
            "made_run_dir": self.made_run_dir,
            "stabilize_ms": milliseconds,
            "record": self.record.to_value(),
        });
        format!("{value}\n").into_bytes()
    }
}

fn object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(members) => Some(members),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_survives_its_file() {
        let members = json!({ "tsm_id": 1, "command": "a\nb", "unknown": [1], "pid": 5 });
        let plan = Plan {
            purpose: Purpose::Restart,
            record: Record::from_members("web", object(members).unwrap()),
            by: Identity { pid: 9, start_ticks: 8, boot_id: "b".into() },
            made_run_dir: true,
            stabilize: Duration::from_millis(7),
        };
        let line = plan.to_line();
        let read = Plan::parse("web", &line).unwrap();
        assert_eq!(read.record.to_value(), plan.record.to_value(), "the start spec with all else");
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        assert_eq!(read.to_line(), line);
        assert_eq!(Plan::parse("web", &line[..line.len() / 2]), None);
    }
}
