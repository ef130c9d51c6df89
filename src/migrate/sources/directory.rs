//! `runtime/processes/NAME/meta.json`, in all its generations.

use super::filler::{Filler, Home};
use super::json::{self, Spelling};
use super::{Generation, Parsed, text};
use crate::migrate::verdict::Refusal;

const SPELLINGS: [Spelling; 14] = [
    (Home::TsmId, &["tsm_id", "id"]),
    (Home::Name, &["name"]),
    (Home::Pid, &["pid"]),
    (Home::StartTime, &["start_time", "started"]),
    (Home::Port, &["port"]),
    (Home::Status, &["status"]),
    (Home::Restarts, &["restarts"]),
    (Home::UnstableRestarts, &["unstable_restarts"]),
    (Home::Command, &["command"]),
    (Home::Cwd, &["cwd"]),
    (Home::EnvFile, &["env_file"]),
    (Home::Kind, &["process_type", "type"]),
    (Home::Interpreter, &["interpreter"]),
    (Home::StopTime, &["stop_time", "stopped_at"]),
];

/// Reads a record. `now` is in epoch seconds.
pub fn parse(bytes: &[u8], now: i64) -> Parsed {
    let text = text::read(bytes).map_err(|refusal| match refusal {
        Refusal::Empty => Refusal::NotJson,
        other => other,
    })?;
    let members = json::members(&text)?;
    let is_late = members.contains_key("id") || members.contains_key("started");
    let generation = if is_late { Generation::LateDirectory } else { Generation::Directory };
    let mut filler = Filler::new(generation, now, text.warnings);
    json::put_all(members, &SPELLINGS, &mut filler)?;
    Ok(filler.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::sources::Old;
    use crate::migrate::verdict::Code;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    const NOW: i64 = 1_800_000_000;

    fn record(value: &Value) -> Old {
        parse(value.to_string().as_bytes(), NOW).unwrap()
    }

    fn expected(generation: Generation) -> Old {
        Old {
            tsm_id: Some(8),
            name: Some("rt-20571".to_owned()),
            pid: Some(26057),
            port: Some(20571),
            start_time: Some(1_795_385_754),
            command: Some("bash rt.sh".to_owned()),
            cwd: Some("/srv/w".to_owned()),
            status: Some("online".to_owned()),
            ..Old::of(generation)
        }
    }

    #[test]
    fn what_has_no_home_is_kept_as_it_is() {
        let homeless = json!({
            "port_type": "tcp", "ports": [{"port": 20571, "type": "tcp", "protocol": "primary"}], "service_type": "",
            "prehook": "", "parent": null, "children": [], "git": {"dirty": false, "n": [1.5, -2, 1e3]}
        });
        let mut value = json!({
            "tsm_id": 8, "name": "rt-20571", "pid": 26057, "command": "bash rt.sh", "port": 20571, "cwd": "/srv/w",
            "interpreter": "/bin/bash", "process_type": "bash", "env_file": "", "status": "online",
            "start_time": 1795385754, "restarts": 2, "unstable_restarts": 1
        });
        value.as_object_mut().unwrap().extend(homeless.as_object().unwrap().clone());
        let expected = Old {
            restarts: 2,
            unstable_restarts: 1,
            kind: Some("bash".to_owned()),
            interpreter: Some("/bin/bash".to_owned()),
            legacy: homeless.as_object().unwrap().clone(),
            ..expected(Generation::Directory)
        };
        assert_eq!(record(&value), expected);
    }

    #[test]
    fn late_records_have_other_names_for_id_and_start() {
        let text = r#"{"id": 8, "name": "rt-20571", "pid": 26057, "command": "bash rt.sh", "port": 20571,
            "ports": [{"port": 20571, "proto": "tcp"}], "cwd": "/srv/w", "env_file": null, "tsm_file": null,
            "stack": null, "status": "online", "started": 1795385754}"#;
        let legacy = json!({"ports": [{"port": 20571, "proto": "tcp"}], "tsm_file": null, "stack": null});
        let expected =
            Old { legacy: legacy.as_object().unwrap().clone(), ..expected(Generation::LateDirectory) };
        assert_eq!(parse(text.as_bytes(), NOW), Ok(expected));
        assert_eq!(record(&json!({"started": null})).generation, Generation::LateDirectory);
    }

    #[test]
    fn numbers_may_be_strings() {
        let old = record(
            &json!({"tsm_id": "8", "pid": "4194005", "port": "none", "start_time": "1760300000", "restarts": "2"}),
        );
        assert_eq!((old.tsm_id, old.pid, old.port), (Some(8), Some(4_194_005), None));
        assert_eq!((old.start_time, old.restarts, old.warnings), (Some(1_760_300_000), 2, vec![]));
    }

    #[test]
    fn what_is_no_number_is_kept_as_it_is() {
        let value = json!({"tsm_id": -4, "pid": 4711.0, "port": [80], "start_time": {}, "restarts": true, "command": 5});
        let old = record(&value);
        assert_eq!(
            (old.tsm_id, old.pid, old.port, old.start_time, old.restarts),
            (None, None, None, None, 0)
        );
        let codes: Vec<_> = old.warnings.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes, [Code::BadId, Code::BadPid, Code::BadStartTime, Code::BadPort]);
        assert_eq!(Value::from(old.legacy), value);
        assert_eq!(parse(br#"{"pid":"$(id)"}"#, NOW), Err(Refusal::HostileValue));
    }

    #[test]
    fn nothing_is_said_about_null() {
        let old = record(
            &json!({"tsm_id": null, "port": null, "pid": null, "start_time": 5, "cwd": null, "restarts": null}),
        );
        assert_eq!(old.warnings, [(Code::NoPid, "pid".to_owned())]);
        assert!(old.legacy.is_empty());
    }

    #[test]
    fn of_two_spellings_one_counts_and_none_is_lost() {
        let old = record(
            &json!({"id": 2, "tsm_id": 1, "process_type": null, "type": "bash", "pid": 5, "start_time": 5}),
        );
        assert_eq!((old.tsm_id, old.kind.as_deref()), (Some(1), Some("bash")));
        assert_eq!(Value::from(old.legacy), json!({"id": 2, "process_type": null}));
    }

    #[test]
    fn the_end_is_read_and_kept() {
        for (key, value) in [
            ("stop_time", json!(1795384608.984934)),
            ("stopped_at", json!("1795384608")),
            ("stop_time", json!(1795384608)),
        ] {
            let old = record(&json!({ key: value }));
            assert_eq!((old.stop_time, &old.legacy[key]), (Some(1_795_384_608), &value));
        }
        let old = record(&json!({"stop_time": "soon"}));
        assert_eq!((old.stop_time, &old.legacy["stop_time"]), (None, &json!("soon")));
    }

    #[test]
    fn damage_is_refused() {
        for (bytes, refusal) in [
            (&b""[..], Refusal::NotJson),
            (b" \n", Refusal::NotJson),
            (b"{\"tsm_id\": 1, \"name\"", Refusal::NotJson),
            (b"[1,2]", Refusal::NotObject),
            (b"{\"a\":\"\xe9\"}", Refusal::NotText),
            (b"{}\0", Refusal::NotText),
        ] {
            assert_eq!(parse(bytes, NOW), Err(refusal), "{bytes:?}");
        }
        let old = parse(b"\xef\xbb\xbf{\r\n\"pid\": 5, \"start_time\": 5}", NOW).unwrap();
        assert_eq!(old.warnings, [(Code::Bom, String::new()), (Code::Crlf, String::new())]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_are_too_strange(
            bytes in proptest::collection::vec(any::<u8>(), 0..100),
            text in "\\{(\"(pid|id|stop_time|a)\":(1|-0|1e400|\"[a$\\\\\"]|null|\\[|\\{),?){0,5}\\}?",
        ) {
            for bytes in [bytes, text.into_bytes()] {
                drop(parse(&bytes, NOW));
            }
        }
    }
}
