//! `runtime/processes/NAME` without ending: assignments to upper-case keys, nothing in quotes.

use super::filler::{Filler, Home};
use super::lines::{assignments, skip_empty, split};
use super::{Generation, Parsed, assignments::gather, text};

const FIRST: &str = "TSM_ID";

/// Reads a record. `now` is in epoch seconds.
pub fn parse(bytes: &[u8], now: i64) -> Parsed {
    let text = text::read(bytes)?;
    let mut filler = Filler::new(Generation::Extensionless, now, text.warnings);
    gather(&assignments(&text.body, &[])?, home, &mut filler)?;
    Ok(filler.finish())
}

/// Whether a file is such a record at all: nothing but what no version wrote comes before its id.
pub fn is_record(bytes: &[u8]) -> bool {
    let Ok(text) = text::read(bytes) else {
        return starts_like_one(bytes);
    };
    let mut rest = skip_empty(&text.body);
    while let Some((key, after)) = split(rest) {
        if home(key).is_some() {
            return key == FIRST;
        }
        rest = skip_empty(after.split_once('\n').map_or("", |(_, rest)| rest));
    }
    false
}

/// A record with damaged bytes is one still, to be refused.
fn starts_like_one(bytes: &[u8]) -> bool {
    bytes.strip_prefix(FIRST.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
}

fn home(key: &str) -> Option<Home> {
    match key {
        "PROCESS_NAME" => Some(Home::Name),
        "STATUS" => Some(Home::Status),
        _ if key == key.to_ascii_uppercase() => Home::of_assignment(&key.to_ascii_lowercase()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::migrate::sources::Old;
    use crate::migrate::verdict::{Code, Refusal};
    use proptest::prelude::*;

    const NOW: i64 = 1_800_000_000;
    const TEXT: &str = "TSM_ID=3\nPROCESS_NAME=web\nPID=4711\nCOMMAND='a' \"b\" $(id)\nPORT=none\nCWD=/srv/a b\n\
                        ENV_FILE=\nSTART_TIME=1758500000\nSTATUS=stopped\n";

    #[test]
    fn values_are_literal() {
        let expected = Old {
            tsm_id: Some(3),
            name: Some("web".to_owned()),
            pid: Some(4711),
            start_time: Some(1_758_500_000),
            command: Some("'a' \"b\" $(id)".to_owned()),
            cwd: Some("/srv/a b".to_owned()),
            status: Some("stopped".to_owned()),
            ..Old::of(Generation::Extensionless)
        };
        assert!(is_record(TEXT.as_bytes()));
        assert_eq!(parse(TEXT.as_bytes(), NOW), Ok(expected));
    }

    #[test]
    fn the_rules_of_lines_hold() {
        let with = |line: &str| parse(format!("{TEXT}{line}\n").as_bytes(), NOW);
        assert_eq!(with("PID=1;id"), Err(Refusal::HostileValue));
        assert_eq!(with("PID=4712"), Err(Refusal::AmbiguousPid));
        assert_eq!(with("PATH=/tmp"), Err(Refusal::HostileLine));
        assert_eq!(with("touch /tmp/pwned"), Err(Refusal::HostileLine));
        let old = with("pid=5\nFOO=a\nPORT=x").unwrap();
        assert_eq!((old.pid, old.port), (Some(4711), None));
        let legacy = serde_json::Value::from(old.legacy).to_string();
        assert_eq!(legacy, r#"{"PORT":"x","pid":"5","FOO":"a"}"#);
        let codes: Vec<_> = old.warnings.iter().map(|(code, key)| (*code, key.as_str())).collect();
        let unknown = [(Code::UnknownKey, "pid"), (Code::UnknownKey, "FOO")];
        assert_eq!(codes, [&[(Code::DuplicateKey, "PORT"), (Code::BadPort, "PORT")][..], &unknown].concat());
    }

    #[test]
    fn a_record_begins_with_its_id() {
        for text in ["TSM_ID=", "\u{feff}# x\r\n\r\n FOO=1\nTSM_ID=3\nanything", "TSM_ID=3\n\0"] {
            assert!(is_record(text.as_bytes()), "{text:?}");
        }
        for text in
            ["", "# TSM_ID=3\n", "PID=5\nTSM_ID=3\n", "read me\nTSM_ID=3\n", "tsm_id=3\n", "\0", "TSM_IDS=3"]
        {
            assert!(!is_record(text.as_bytes()), "{text:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..100), text in "(TSM_ID|PID|=|\n|[# a1\r]){0,30}") {
            for bytes in [bytes, text.into_bytes()] {
                is_record(&bytes);
                drop(parse(&bytes, NOW));
            }
        }
    }
}
