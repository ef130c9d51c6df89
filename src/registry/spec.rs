//! How a process is to run. The record, the plan and the saved list carry the same members for it.

use serde_json::{Map, Value, json};

use super::Kind;

/// The members of a record that are about one run of it, not about how to run it.
const OF_THE_RUN: [&str; 14] = [
    "tsm_id",
    "name",
    "pid",
    "start_time",
    "status",
    "restarts",
    "unstable_restarts",
    "logs",
    "stop_time",
    "exit_code",
    "signal",
    "stop_by",
    "proc",
    "legacy",
];

/// The members that [`Spec`] has a field for, in the order they are written.
const OF_THE_SPEC: [&str; 7] = ["command", "cwd", "env_file", "port", "type", "interpreter", "service"];

/// What is to run, decided before anything runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Name, with its port or epoch.
    pub name: String,
    /// Declared port.
    pub port: Option<u16>,
    /// The command text after the rewriting of its interpreter.
    pub command: String,
    /// Where it runs.
    pub cwd: String,
    /// As given, after the rule for short names.
    pub env_file: Option<String>,
    /// What it is run by.
    pub kind: Kind,
    /// The resolved interpreter; `None` for a plain command.
    pub interpreter: Option<String>,
    /// The service it is started for.
    pub service: Option<String>,
    /// Members that other versions know.
    pub others: Map<String, Value>,
}

impl Spec {
    /// From the members of a record or of an entry of the saved list. Otherwise: what is missing, in the words of a
    /// report. A type that is not known is a plain command.
    pub fn from_members(name: &str, members: &Map<String, Value>) -> Result<Self, &'static str> {
        let text = |key: &str| Some(members.get(key)?.as_str()?.to_owned());
        let is_other = |key: &str| !OF_THE_RUN.contains(&key) && !OF_THE_SPEC.contains(&key);
        let others = members.iter().filter(|(key, _)| is_other(key));
        let port = members.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok());
        Ok(Self {
            name: name.to_owned(),
            port: port.filter(|port| *port > 0),
            cwd: text("cwd").ok_or("working directory unknown")?,
            command: text("command").ok_or("no command recorded")?,
            env_file: text("env_file"),
            kind: text("type").map_or(Kind::Command, |name| Kind::of_name(&name)),
            interpreter: text("interpreter"),
            service: text("service"),
            others: others.map(|(key, value)| (key.clone(), value.clone())).collect(),
        })
    }

    /// The members of a record that has begun with this.
    pub(super) fn into_members(self) -> Map<String, Value> {
        let mut members = Map::new();
        let mut set = |key: &str, value| members.insert(key.to_owned(), value);
        set("port", json!(self.port));
        set("command", self.command.into());
        set("cwd", self.cwd.into());
        set("env_file", json!(self.env_file));
        set("type", self.kind.name().into());
        set("interpreter", json!(self.interpreter));
        if let Some(service) = self.service {
            set("service", service.into());
        }
        members.extend(self.others);
        members
    }
}

/// What of a record's members the saved list keeps: all but those of the run. A known one that is missing is null.
pub(super) fn kept(members: &Map<String, Value>) -> Map<String, Value> {
    let known = OF_THE_SPEC.map(|key| (key.to_owned(), members.get(key).cloned().unwrap_or_default()));
    let others = members.iter().filter(|(key, _)| !OF_THE_RUN.contains(&key.as_str()));
    let mut kept: Map<String, Value> = known.into_iter().collect();
    kept.extend(others.map(|(key, value)| (key.clone(), value.clone())));
    kept
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::layout::Layout;
    use crate::registry::Record;
    use crate::sys::proc::Identity;

    fn kind() -> impl Strategy<Value = Kind> {
        prop_oneof![
            Just(Kind::Python),
            Just(Kind::Node),
            Just(Kind::Bash),
            Just(Kind::Lua),
            Just(Kind::Go),
            Just(Kind::Command)
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
            Just(json!({"a": [1]}))
        ]
    }

    fn spec() -> impl Strategy<Value = Spec> {
        let others = proptest::collection::vec(("(ready|log|kill_mode|x[a-z]{0,3})", value()), 0..3);
        let texts =
            (".*", ".*", proptest::option::of(".*"), proptest::option::of(".*"), proptest::option::of(".*"));
        (texts, proptest::option::of(1..=u16::MAX), kind(), others).prop_map(
            |((command, cwd, env_file, interpreter, service), port, kind, others)| Spec {
                name: "web".into(),
                port,
                command,
                cwd,
                env_file,
                kind,
                interpreter,
                service,
                others: others.into_iter().collect(),
            },
        )
    }

    proptest! {
        #[test]
        fn record_and_saved_list_keep_all_of_it(spec in spec(), id in 0..9_i64) {
            let layout = Layout::new(Path::new("/t")).unwrap();
            let mut record = Record::new(id, spec.clone(), &layout);
            record.begin(&Identity { pid: 70, start_ticks: 5, boot_id: "b".into() }, 1000);
            record.begin_stop(&Identity { pid: 71, start_ticks: 5, boot_id: "b".into() });
            let record = Record::parse("web", &record.to_bytes()).unwrap();
            let of = |value: &Value| Spec::from_members("web", value.as_object().unwrap()).unwrap();
            prop_assert_eq!(&of(&record.to_value()), &spec);
            let saved = record.to_saved();
            prop_assert_eq!(&of(&saved), &spec);
            prop_assert_eq!(&saved["tsm_id"], id);
            for key in ["pid", "status", "proc", "stop_by", "restarts", "start_time", "logs"] {
                prop_assert!(saved.get(key).is_none(), "{}", key);
            }
        }
    }
}
