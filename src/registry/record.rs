//! `runtime/processes/NAME.json`: what is known of one process.

use serde_json::{Map, Value, json};

use super::{KillMode, Spec, Status, spec};
use crate::layout::{Layout, Stream};
use crate::sys::proc::{Identity, Stat};

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
    pub fn new(tsm_id: i64, spec: Spec, layout: &Layout) -> Self {
        let mut record = Self { name: spec.name.clone(), members: spec.into_members() };
        record.set("tsm_id", tsm_id.into());
        record.set("restarts", 0.into());
        record.set("unstable_restarts", 0.into());
        record.reset_logs(layout);
        record
    }

    /// What the saved list keeps of it: id, name, and how it is run.
    pub fn to_saved(&self) -> Value {
        let mut saved = Map::new();
        saved.insert("tsm_id".to_owned(), self.tsm_id().into());
        saved.insert("name".to_owned(), self.name.clone().into());
        saved.extend(spec::kept(&self.members));
        saved.into()
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

    /// How often it was started again.
    pub fn restarts(&self) -> u64 {
        self.integer("restarts").and_then(|restarts| u64::try_from(restarts).ok()).unwrap_or(0)
    }

    /// The directory that the process was told to be its own by a later version of the bash tool. Only records that are
    /// not converted yet have it.
    pub fn process_dir(&self) -> Option<&str> {
        self.text("process_dir")
    }

    /// The same record with [`Record::process_dir`].
    pub fn with_process_dir(mut self, dir: &str) -> Self {
        self.set("process_dir", dir.into());
        self
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

    /// Whether [`Record::identity`] rests on the kernel's stamp, and not on the time of the start alone.
    pub fn is_stamped(&self) -> bool {
        self.has("proc")
    }

    /// Whether it has ended and is to be started again.
    pub fn waits_for_restart(&self) -> bool {
        self.members.get("restart_at").is_some_and(|at| !at.is_null())
    }

    /// Whether the process runs.
    pub fn is_alive(&self) -> bool {
        self.identity().is_some_and(|identity| identity.is_alive())
    }

    /// Whether both records are about the same run of the process, which may be over.
    pub fn is_same_run(&self, other: &Self) -> bool {
        let is_equal = |key: &str| self.members.get(key) == other.members.get(key);
        // An old record has no stamp: one that was read from it while its process ran has.
        let was_old = self.process_dir().or(other.process_dir()).is_some();
        is_equal("pid") && is_equal("start_time") && (was_old || is_equal("proc"))
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

    /// Logs at their computed places (a migrated record's may be elsewhere until its next start).
    pub fn reset_logs(&mut self, layout: &Layout) {
        let log = |stream| layout.current_log(&self.name, stream);
        let logs = json!({ "out": log(Stream::Out), "err": log(Stream::Err) });
        self.set("logs", logs);
    }

    pub(super) fn remove(&mut self, key: &str) {
        self.members.shift_remove(key);
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.members.contains_key(key)
    }

    pub(super) fn set(&mut self, key: &str, value: Value) {
        self.members.insert(key.to_owned(), value);
    }

    pub(super) fn integer(&self, key: &str) -> Option<i64> {
        self.members.get(key)?.as_i64()
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.members.get(key)?.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::Kind;
    use std::path::Path;

    fn layout() -> Layout {
        Layout::new(Path::new("/t")).unwrap()
    }

    fn run(pid: i32) -> Identity {
        Identity { pid, start_ticks: 5, boot_id: "b".into() }
    }

    fn record() -> Record {
        let spec = Spec {
            name: "web-1".into(),
            port: Some(8080),
            command: "python3 x.py".into(),
            cwd: "/srv".into(),
            env_file: None,
            kind: Kind::Python,
            interpreter: Some("/usr/bin/python3".into()),
            service: None,
            others: Map::new(),
        };
        let mut record = Record::new(3, spec, &layout());
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
    fn pid_one_is_never_a_process_of_ours() {
        let text = r#"{"pid":1,"status":"online","start_time":1}"#;
        assert!(!Record::parse("one", text.as_bytes()).unwrap().is_alive());
    }
}
