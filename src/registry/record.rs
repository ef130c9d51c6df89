//! `runtime/processes/NAME.json`: what is known of one process.

use serde_json::{Map, Value, json};

use crate::layout::{Layout, Stream};
use crate::sys::pidfd::Exit;
use crate::sys::proc::{Identity, Stat};
use crate::sys::signal;

/// The members in the order they are written. Others follow as they were.
const ORDER: [&str; 23] = [
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
    "service",
    "stop_time",
    "exit_code",
    "signal",
    "autorestart",
    "kill_mode",
    "stop_by",
    "proc",
    "legacy",
];

/// A process started before its recorded start was taken by at most this many seconds (records without a stamp).
const START_WINDOW: i64 = 5;

/// Where a process stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Running.
    Online,
    /// Somebody is ending it.
    Stopping,
    /// Ended by us, or by itself with exit code 0.
    Stopped,
    /// Ended in any other way.
    Crashed,
}

impl Status {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Crashed => "crashed",
        }
    }

    /// Whether the run is over.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Stopped | Self::Crashed)
    }
}

/// How much of a process's tree `stop` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KillMode {
    /// All of it.
    Tree,
    /// Its process group.
    Group,
    /// Itself alone.
    Process,
}

/// What a start decides about a process.
#[derive(Clone, Debug)]
pub struct NewRecord {
    /// Id.
    pub tsm_id: i64,
    /// Name.
    pub name: String,
    /// Declared port.
    pub port: Option<u16>,
    /// What is run, after the rewriting of its interpreter.
    pub command: String,
    /// Where it runs.
    pub cwd: String,
    /// As given, after the rule for short names.
    pub env_file: Option<String>,
    /// `python`, `node`, `bash`, `lua`, `go` or `command`.
    pub kind: &'static str,
    /// The resolved interpreter.
    pub interpreter: Option<String>,
}

/// One record. Members that tsm does not know, or whose type is not the expected one, stay as they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    name: String,
    members: Map<String, Value>,
}

impl Record {
    /// Reads a file's bytes; its name, not the member, names the record. `None`: not a JSON object, or one that
    /// claims to run without a pid.
    pub fn parse(name: &str, bytes: &[u8]) -> Option<Self> {
        let Value::Object(members) = serde_json::from_slice(bytes).ok()? else {
            return None;
        };
        let record = Self::from_members(name, members);
        (record.status().is_final() || record.pid().is_some()).then_some(record)
    }

    /// From the members of an object that was read elsewhere.
    pub fn from_members(name: &str, members: Map<String, Value>) -> Self {
        Self { name: name.to_owned(), members }
    }

    /// Of a run whose record is lost: what it left behind can still be told by its name.
    pub fn unknown(name: &str) -> Self {
        Self::from_members(name, Map::new())
    }

    /// Of a process that is about to run.
    pub fn new(new: NewRecord, layout: &Layout) -> Self {
        let mut record = Self { name: new.name, members: Map::new() };
        record.set("tsm_id", new.tsm_id.into());
        record.set("port", json!(new.port));
        record.set("restarts", 0.into());
        record.set("unstable_restarts", 0.into());
        record.set("command", new.command.into());
        record.set("cwd", new.cwd.into());
        record.set("env_file", json!(new.env_file));
        record.set("type", new.kind.into());
        record.set("interpreter", json!(new.interpreter));
        record.reset_logs(layout);
        record
    }

    /// The file's text: the known members in their order, the others after them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut ordered = Map::new();
        for key in ORDER {
            if key == "name" {
                ordered.insert(key.to_owned(), Value::from(self.name.as_str()));
            } else if let Some(value) = self.members.get(key) {
                ordered.insert(key.to_owned(), value.clone());
            }
        }
        for (key, value) in &self.members {
            if !ORDER.contains(&key.as_str()) {
                ordered.insert(key.clone(), value.clone());
            }
        }
        let mut bytes = format!("{:#}", Value::Object(ordered)).into_bytes();
        bytes.push(b'\n');
        bytes
    }

    /// All members as one object.
    pub fn to_value(&self) -> Value {
        serde_json::from_slice(&self.to_bytes()).unwrap_or_default()
    }

    /// The name, which is also the file's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id; 0 in a record that has none.
    pub fn tsm_id(&self) -> i64 {
        self.integer("tsm_id").unwrap_or(0)
    }

    /// The last known pid.
    pub fn pid(&self) -> Option<i32> {
        self.integer("pid").and_then(|pid| i32::try_from(pid).ok())
    }

    /// Epoch seconds of the last start.
    pub fn start_time(&self) -> Option<i64> {
        self.integer("start_time")
    }

    /// The declared port.
    pub fn port(&self) -> Option<u16> {
        self.integer("port").and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0)
    }

    /// What is run.
    pub fn command(&self) -> Option<&str> {
        self.text("command")
    }

    /// Where it runs.
    pub fn cwd(&self) -> Option<&str> {
        self.text("cwd")
    }

    /// The environment file, relative to [`Record::cwd`].
    pub fn env_file(&self) -> Option<&str> {
        self.text("env_file")
    }

    /// `python`, `node`…
    pub fn kind(&self) -> Option<&str> {
        self.text("type")
    }

    /// The service it was started for.
    pub fn service(&self) -> Option<&str> {
        self.text("service")
    }

    /// The directory a migrated record was started from.
    pub fn start_dir(&self) -> Option<&str> {
        self.members.get("legacy")?.get("start_dir")?.as_str()
    }

    /// The exit code of the last run, when somebody saw one.
    pub fn exit_code(&self) -> Option<i64> {
        self.integer("exit_code")
    }

    /// The signal that ended the last run.
    pub fn signal(&self) -> Option<&str> {
        self.text("signal")
    }

    /// The log of one stream.
    pub fn log(&self, stream: Stream, layout: &Layout) -> String {
        let recorded = self.members.get("logs").and_then(|logs| logs.get(stream.name())?.as_str());
        recorded.map_or_else(|| layout.current_log(&self.name, stream), str::to_owned)
    }

    /// As recorded, whether or not the process still lives. A word of another tool's is taken for `online`.
    pub fn status(&self) -> Status {
        match self.text("status") {
            Some("stopping") => Status::Stopping,
            Some("stopped") => Status::Stopped,
            Some("crashed") => Status::Crashed,
            _ => Status::Online,
        }
    }

    /// How much of the tree `stop` ends.
    pub fn kill_mode(&self) -> KillMode {
        match self.text("kill_mode") {
            Some("group") => KillMode::Group,
            Some("process") => KillMode::Process,
            _ => KillMode::Tree,
        }
    }

    /// Who is ending the process.
    pub fn stop_by(&self) -> Option<Identity> {
        Identity::from_json(self.members.get("stop_by")?)
    }

    /// The process that the record is about, as far as it can be told from another with the same pid.
    pub fn identity(&self) -> Option<Identity> {
        let pid = self.pid().filter(|pid| *pid > 1)?;
        match self.members.get("proc") {
            Some(stamp) => Identity::with_stamp(pid, stamp),
            None => self.identity_by_time(pid),
        }
    }

    /// Whether the process runs.
    pub fn is_alive(&self) -> bool {
        self.identity().is_some_and(|identity| identity.is_alive())
    }

    /// Whether both records are about the same run of the process, which may be over.
    pub fn is_same_run(&self, other: &Self) -> bool {
        ["pid", "start_time", "proc"].iter().all(|key| self.members.get(*key) == other.members.get(*key))
    }

    /// A record without a stamp: whoever has the pid now, unless it started after the record says.
    fn identity_by_time(&self, pid: i32) -> Option<Identity> {
        let recorded = self.start_time()?;
        let started = Stat::read(pid).filter(|stat| !stat.is_dead())?.started()?;
        if started > recorded + START_WINDOW {
            return None;
        }
        Identity::of(pid)
    }

    /// A run began: at its fork, when `started` was the epoch second.
    pub fn begin(&mut self, run: &Identity, started: i64) {
        for over in ["stop_time", "exit_code", "signal", "stop_by"] {
            self.members.shift_remove(over);
        }
        self.set("pid", run.pid.into());
        self.set("start_time", started.into());
        self.set("proc", json!({ "start_ticks": run.start_ticks, "boot_id": run.boot_id }));
        self.set_status(Status::Online);
    }

    /// The run began anew under the same name and id.
    pub fn count_restart(&mut self) {
        self.set("restarts", (self.integer("restarts").unwrap_or(0) + 1).into());
    }

    /// Somebody is about to end the process.
    pub fn begin_stop(&mut self, by: &Identity) {
        self.set_status(Status::Stopping);
        self.set("stop_by", by.to_json());
    }

    /// The process outlived the attempt to end it.
    pub fn abandon_stop(&mut self) {
        self.members.shift_remove("stop_by");
        self.set_status(Status::Online);
    }

    /// The run is over. The status tells whether anybody meant it to be.
    pub fn end(&mut self, exit: Exit, now: i64) {
        let meant = self.status() == Status::Stopping;
        self.members.shift_remove("stop_by");
        self.members.shift_remove("signal");
        self.set("exit_code", if let Exit::Code(code) = exit { code.into() } else { Value::Null });
        if let Exit::Signal(number) = exit {
            self.set("signal", signal::name(number).into());
        }
        if meant {
            self.set("stop_time", now.into());
        }
        let stopped = meant || exit == Exit::Code(0);
        self.set_status(if stopped { Status::Stopped } else { Status::Crashed });
    }

    /// Whether the record says so: [`Record::settle_stop`].
    pub fn is_settled(&self) -> bool {
        self.status() == Status::Stopped && self.members.contains_key("stop_time")
    }

    /// Nothing of it runs any more, and that was meant.
    pub fn settle_stop(&mut self, now: i64) {
        if !self.members.contains_key("stop_time") {
            self.set("stop_time", now.into());
        }
        self.set_status(Status::Stopped);
    }

    /// Logs at their computed places (a migrated record's may be elsewhere until its next start).
    pub fn reset_logs(&mut self, layout: &Layout) {
        let log = |stream| layout.current_log(&self.name, stream);
        let logs = json!({ "out": log(Stream::Out), "err": log(Stream::Err) });
        self.set("logs", logs);
    }

    fn set_status(&mut self, status: Status) {
        self.set("status", status.name().into());
    }

    fn set(&mut self, key: &str, value: Value) {
        self.members.insert(key.to_owned(), value);
    }

    fn integer(&self, key: &str) -> Option<i64> {
        self.members.get(key)?.as_i64()
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.members.get(key)?.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn layout() -> Layout {
        Layout::new(Path::new("/t")).unwrap()
    }

    fn run(pid: i32) -> Identity {
        Identity { pid, start_ticks: 5, boot_id: "b".into() }
    }

    fn record() -> Record {
        let new = NewRecord {
            tsm_id: 3,
            name: "web-1".into(),
            port: Some(8080),
            command: "python3 x.py".into(),
            cwd: "/srv".into(),
            env_file: None,
            kind: "python",
            interpreter: Some("/usr/bin/python3".into()),
        };
        let mut record = Record::new(new, &layout());
        record.begin(&run(70), 1000);
        record
    }

    #[test]
    fn members_are_written_in_the_order_of_the_contract() {
        let text = String::from_utf8(record().to_bytes()).unwrap();
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_rewrite_keeps_what_it_does_not_know() {
        let text = r#"{"stack":["x"],"port":"8080","pid":7,"status":"online","tsm_id":2}"#;
        let mut record = Record::parse("web", text.as_bytes()).unwrap();
        assert_eq!((record.port(), record.tsm_id()), (None, 2));
        record.begin_stop(&run(9));
        let value = record.to_value();
        assert_eq!((&value["stack"][0], &value["port"]), (&json!("x"), &json!("8080")));
        assert_eq!(value["name"], "web");
    }

    #[test]
    fn what_claims_to_run_without_a_pid_is_no_record() {
        assert!(Record::parse("a", b"[]").is_none());
        assert!(Record::parse("a", b"{\"pid\":").is_none());
        assert!(Record::parse("a", br#"{"status":"online","pid":null}"#).is_none());
        assert!(Record::parse("a", br#"{"status":"stopped","pid":null}"#).is_some());
    }

    #[test]
    fn the_end_of_a_run_tells_who_meant_it() {
        let ended = |stopping: bool, exit| {
            let mut record = record();
            if stopping {
                record.begin_stop(&run(9));
            }
            record.end(exit, 2000);
            let value = record.to_value();
            assert!(value.get("stop_by").is_none());
            (
                record.status(),
                record.exit_code(),
                value.get("signal").is_some(),
                value.get("stop_time").is_some(),
            )
        };
        assert_eq!(ended(false, Exit::Code(0)), (Status::Stopped, Some(0), false, false));
        assert_eq!(ended(false, Exit::Code(3)), (Status::Crashed, Some(3), false, false));
        assert_eq!(ended(false, Exit::Signal(9)), (Status::Crashed, None, true, false));
        assert_eq!(ended(false, Exit::Unseen), (Status::Crashed, None, false, false));
        assert_eq!(ended(true, Exit::Signal(15)), (Status::Stopped, None, true, true));
    }

    #[test]
    fn a_new_run_forgets_the_end_of_the_last() {
        let mut record = record();
        record.begin_stop(&run(9));
        record.end(Exit::Signal(15), 2000);
        record.begin(&run(71), 3000);
        let value = record.to_value();
        for gone in ["stop_time", "exit_code", "signal", "stop_by"] {
            assert!(value.get(gone).is_none(), "{gone}");
        }
        assert_eq!((record.status(), record.pid()), (Status::Online, Some(71)));
    }

    #[test]
    fn pid_one_is_never_a_process_of_ours() {
        let text = r#"{"pid":1,"status":"online","start_time":1}"#;
        assert!(!Record::parse("one", text.as_bytes()).unwrap().is_alive());
    }
}
