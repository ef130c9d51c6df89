//! `db/SECOND.tsm.meta`: JSON whose writer is lost, so every spelling that it can have used is accepted.

use super::filler::{Filler, Home};
use super::json::{self, Spelling};
use super::{Generation, Parsed, text};

const SPELLINGS: [Spelling; 13] = [
    (Home::TsmId, &["tsm_id", "id"]),
    (Home::Name, &["name"]),
    (Home::Pid, &["pid"]),
    (Home::StartTime, &["start_time", "started", "timestamp"]),
    (Home::Port, &["port"]),
    (Home::Status, &["status"]),
    (Home::Restarts, &["restarts"]),
    (Home::Command, &["command", "script", "cmd"]),
    (Home::Cwd, &["cwd"]),
    (Home::EnvFile, &["env_file"]),
    (Home::Kind, &["type", "process_type"]),
    (Home::Interpreter, &["interpreter"]),
    (Home::StopTime, &["stop_time", "stopped_at", "end_time"]),
];

/// Reads a record. `now` is in epoch seconds.
pub fn parse(bytes: &[u8], now: i64) -> Parsed {
    let text = text::read(bytes)?;
    let mut filler = Filler::new(Generation::Tcs, now, text.warnings.clone());
    json::put_all(json::members(&text)?, &SPELLINGS, &mut filler)?;
    Ok(filler.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::sources::Old;
    use crate::migrate::verdict::{Code, Refusal};
    use serde_json::{Value, json};

    const NOW: i64 = 1_800_000_000;

    fn record(value: &Value) -> Old {
        parse(value.to_string().as_bytes(), NOW).unwrap()
    }

    #[test]
    fn a_record_is_read() {
        let value = json!({
            "timestamp": "1760374713", "tsm_id": 3, "name": "tetra-4444", "pid": 4194003, "port": 4444,
            "command": "node server.js", "cwd": "/srv/w", "env_file": "", "type": "node", "interpreter": "node",
            "status": "stopped", "start_time": 1760374713, "stop_time": 1760374800
        });
        let legacy = json!({"timestamp": "1760374713", "stop_time": 1760374800});
        let expected = Old {
            tsm_id: Some(3),
            name: Some("tetra-4444".to_owned()),
            pid: Some(4_194_003),
            port: Some(4444),
            start_time: Some(1_760_374_713),
            command: Some("node server.js".to_owned()),
            cwd: Some("/srv/w".to_owned()),
            kind: Some("node".to_owned()),
            interpreter: Some("node".to_owned()),
            status: Some("stopped".to_owned()),
            stop_time: Some(1_760_374_800),
            legacy: legacy.as_object().unwrap().clone(),
            ..Old::of(Generation::Tcs)
        };
        assert_eq!(record(&value), expected);
    }

    #[test]
    fn every_spelling_is_accepted() {
        for (start, stop, id, command, kind) in [
            ("start_time", "stop_time", "tsm_id", "command", "type"),
            ("started", "stopped_at", "id", "script", "process_type"),
            ("timestamp", "end_time", "id", "cmd", "type"),
        ] {
            let old = record(&json!({start: "5", stop: 6, id: 7, command: "a", kind: "b", "pid": 8}));
            assert_eq!(
                (old.start_time, old.stop_time, old.tsm_id, old.pid),
                (Some(5), Some(6), Some(7), Some(8))
            );
            assert_eq!((old.command.as_deref(), old.kind.as_deref()), (Some("a"), Some("b")));
            assert_eq!((Value::from(old.legacy), old.warnings), (json!({stop: 6}), vec![]));
        }
    }

    #[test]
    fn a_timestamp_is_the_start_only_where_nothing_else_is() {
        let old = record(&json!({"timestamp": 5, "started": 6, "pid": 8}));
        assert_eq!((old.start_time, Value::from(old.legacy)), (Some(6), json!({"timestamp": 5})));
        let old = record(&json!({"timestamp": 5, "start_time": "x", "pid": 8}));
        assert_eq!(
            (old.start_time, old.warnings),
            (None, vec![(Code::BadStartTime, "start_time".to_owned())])
        );
    }

    #[test]
    fn damage_is_refused() {
        for (bytes, refusal) in [
            (&b""[..], Refusal::Empty),
            (b"\n", Refusal::Empty),
            (b"{\n  \"timestamp\": \"1760374002\",\n  \"tsm_id", Refusal::NotJson),
            (b"name=kv\npid=4194000\nstatus=stopped\n", Refusal::NotJson),
            (b"[]", Refusal::NotObject),
            (b"\0", Refusal::NotText),
        ] {
            assert_eq!(parse(bytes, NOW), Err(refusal), "{bytes:?}");
        }
    }
}
