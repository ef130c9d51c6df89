use super::*;
use crate::migrate::sources::{Old, meta};
use crate::migrate::verdict::Code;
use proptest::prelude::*;

const NOW: i64 = 1_800_000_000;

fn parsed(text: &str) -> Parsed {
    meta::parse(text.as_bytes(), NOW)
}

fn record(text: &str) -> Old {
    let old = parsed(text).unwrap();
    assert_eq!(old.generation, Generation::Lines, "{text}");
    old
}

fn codes(text: &str) -> Vec<(Code, String)> {
    record(text).warnings
}

fn warning(code: Code, key: &str) -> (Code, String) {
    (code, key.to_owned())
}

/// As the last writer made it.
fn written(command: &str) -> String {
    format!(
        "tsm_id=16\nname=odd-4016\npid=4194016\ncommand='{command}'\nport=4016\nstart_time=1760300000\n\
         env_file=''\ncwd='/srv/w'\ntype=python\ninterpreter='/usr/bin/python3'\n"
    )
}

fn expected(command: &str) -> Old {
    Old {
        tsm_id: Some(16),
        name: Some("odd-4016".to_owned()),
        pid: Some(4_194_016),
        port: Some(4016),
        start_time: Some(1_760_300_000),
        command: Some(command.to_owned()),
        cwd: Some("/srv/w".to_owned()),
        kind: Some("python".to_owned()),
        interpreter: Some("/usr/bin/python3".to_owned()),
        ..Old::of(Generation::Lines)
    }
}

#[test]
fn both_writers_are_read() {
    let text = written("sleep 900");
    assert_eq!(record(&text), expected("sleep 900"));
    let (earlier, _) = text.split_once("interpreter").unwrap();
    assert_eq!(record(earlier), Old { interpreter: None, ..expected("sleep 900") });
    assert_eq!(record(text.trim_end()), expected("sleep 900"));
}

#[test]
fn a_command_is_all_that_stands_between_its_neighbours() {
    let quoted =
        ["sleep 1'; touch /tmp/pwned; x='", "bash -c 'echo \"it is\"'", "x'\npid=1\ny='z", "a'\nport=1\nb"];
    let plain =
        ["bash -c \"echo a\npid=1\nport=22\nsleep 5\"", "$(id) `id` \\", "a\nPATH=/tmp\n# b\n\nc", "café ☕"];
    for command in plain {
        assert_eq!(record(&written(command)), expected(command));
    }
    for command in quoted {
        let warnings = vec![warning(Code::InnerQuote, "command")];
        assert_eq!(record(&written(command)), Old { warnings, ..expected(command) });
    }
}

#[test]
fn other_systems_marks_do_no_harm() {
    let text = format!("\u{feff}{}", written("sleep 900").replace('\n', "\r\n"));
    let warnings = vec![warning(Code::Bom, ""), warning(Code::Crlf, "")];
    assert_eq!(record(&text), Old { warnings, ..expected("sleep 900") });
}

#[test]
fn some_of_the_lines_are_a_record_too() {
    let old = record("pid=12345\nstart_time=1697234567\nport=4000\n");
    assert_eq!(
        (old.pid, old.start_time, old.port, old.tsm_id),
        (Some(12345), Some(1_697_234_567), Some(4000), None)
    );
    assert_eq!((old.command, old.warnings), (None, vec![]));
    let old = record("pid=12345");
    assert_eq!((old.pid, old.warnings), (Some(12345), vec![warning(Code::BadStartTime, "start_time")]));
    assert_eq!(record("script='./a'\npid=5\n").command.as_deref(), Some("./a"));
    assert_eq!(record("script='./a pid=1'\npid=5\n").command.as_deref(), Some("./a pid=1"));
}

#[test]
fn an_edited_record_is_read_line_by_line() {
    let text =
        "# by hand\n\n  export  pid=5\ncwd=\"/srv/o'b \"\n\ttype=a b \ncommand='it's'\n# end\nstart_time='7'";
    let old = record(text);
    assert_eq!((old.pid, old.start_time), (Some(5), Some(7)));
    assert_eq!((old.cwd.as_deref(), old.kind.as_deref()), (Some("/srv/o'b "), Some("a b ")));
    assert_eq!(old.command.as_deref(), Some("it's"));
    assert_eq!(old.warnings, [warning(Code::InnerQuote, "command")]);
}

#[test]
fn a_quoted_value_ends_where_the_next_line_is_not_its_own() {
    let command = |rest: &str| {
        let old = record(&format!("start_time=7\npid=5\ncommand='{rest}"));
        (old.pid, old.command.unwrap())
    };
    assert_eq!(command("a\npid=1\nb'\nport=1"), (Some(5), "a\npid=1\nb".to_owned()));
    assert_eq!(command("a 'b'\nc'\n"), (Some(5), "a 'b'\nc".to_owned()));
    assert_eq!(command("FOO='a'\nBAR=2 run'\nport=1"), (Some(5), "FOO='a'\nBAR=2 run".to_owned()));
    assert_eq!(command("a'\nnote='b'\n"), (Some(5), "a".to_owned()));
    assert_eq!(command("a'\n\nport=1"), (Some(5), "a".to_owned()));
    assert_eq!(parsed("pid=5\ncommand='a'\npid=1\nx='"), Err(Refusal::AmbiguousPid));
}

#[test]
fn a_value_without_end_is_dropped() {
    let cut = "tsm_id=1\nname=cut-4001\npid=4194001\ncommand='rm -rf /tmp/build/";
    let old = record(cut);
    assert_eq!((old.tsm_id, old.pid, old.command), (Some(1), Some(4_194_001), None));
    assert_eq!(old.warnings, [warning(Code::Truncated, "command")]);
    let text = written("sleep 900").replace("python3'", "py");
    let warnings = vec![warning(Code::Truncated, "interpreter")];
    assert_eq!(record(&text), Old { interpreter: None, warnings, ..expected("sleep 900") });
    assert_eq!(record("pid=5\ncwd='/a'\ncwd='").cwd, None);
    assert_eq!(codes("command='a\npid=5\n"), [warning(Code::Truncated, "command")]);
}

#[test]
fn of_two_lines_with_one_key_the_last_counts() {
    let text = written("sleep 900").replace("port=4016", "port=1\nport=4016");
    let warnings = vec![warning(Code::DuplicateKey, "port")];
    assert_eq!(record(&text), Old { warnings, ..expected("sleep 900") });
    assert_eq!(parsed("pid=5\nstart_time=1\npid=6\n"), Err(Refusal::AmbiguousPid));
    assert_eq!(codes("pid=5\nstart_time=1\npid=5\n"), [warning(Code::DuplicateKey, "pid")]);
}

#[test]
fn what_no_version_wrote_is_kept() {
    let old = record(&format!("{}note='a b'\nFOO=2\n", written("sleep 900")));
    assert_eq!((old.interpreter.as_deref(), old.pid), (Some("/usr/bin/python3"), Some(4_194_016)));
    assert_eq!(serde_json::Value::from(old.legacy).to_string(), r#"{"note":"a b","FOO":"2"}"#);
    assert_eq!(old.warnings, [warning(Code::UnknownKey, "note"), warning(Code::UnknownKey, "FOO")]);
}

#[test]
fn what_a_shell_would_do_is_refused() {
    let touch = "pid=1\ntouch /tmp/pwned\nrm -rf /tmp/canary";
    let text = written("sleep 900");
    for hostile in [
        text.replace("pid=4194016", touch),
        format!("{text}touch /tmp/pwned\n"),
        format!("{text}PATH=/tmp/evil\nBASH_ENV=/tmp/evil\nLD_PRELOAD=/tmp/evil.so\ntouch /tmp/pwned\n"),
        format!("{text}export IFS=x\n"),
        format!("{text}ENV=x\n"),
        format!("{text}SHELLOPTS=x\n"),
        format!("{text}2x=3\n"),
        format!("{text}x =3\n"),
        format!("{text}x"),
        " script='./a' pid=5 port=1 start_time=2 type=cli tsm_id=1 cwd='/w'\n".to_owned(),
        "# old\nexport script=./a pid=5 port=1 start_time=2 type=cli tsm_id=1\n".to_owned(),
    ] {
        assert_eq!(parsed(&hostile), Err(Refusal::HostileLine), "{hostile}");
    }
    for pid in ["$(touch /tmp/pwned)", "`touch /tmp/pwned`", "a[$(touch /tmp/pwned)]", "1;id", "'$(id)'"] {
        assert_eq!(parsed(&text.replace("4194016", pid)), Err(Refusal::HostileValue), "{pid}");
    }
    for line in ["port=$(id)\nport=1", "last_restart_time=`id`", "restart_count=$((1))", "tsm_id={1}"] {
        assert_eq!(parsed(&format!("{text}{line}\n")), Err(Refusal::HostileValue), "{line}");
    }
}

#[test]
fn a_bad_number_is_null_and_kept() {
    for pid in ["0", "1", "-1", "4194305", "12 34", "0x10", "+5", "007", "", "99999999999999999999"] {
        let old = record(&written("sleep 900").replace("4194016", pid));
        assert_eq!((old.pid, old.warnings), (None, vec![warning(Code::BadPid, "pid")]), "{pid}");
        assert_eq!(old.legacy["pid"], pid);
    }
    let number = |line: &str, other: &str| {
        let old = record(&written("sleep 900").replace(line, other));
        (old.port, old.start_time, old.tsm_id, old.warnings)
    };
    let (port, time, id) = (Some(4016), Some(1_760_300_000), Some(16));
    for none in ["port=none", "port="] {
        assert_eq!(number("port=4016", none), (None, time, id, vec![]));
    }
    for bad in ["port=web", "port=0", "port=70000"] {
        assert_eq!(number("port=4016", bad), (None, time, id, vec![warning(Code::BadPort, "port")]));
    }
    for bad in ["=yesterday", "=0", "=99999999999"] {
        let bad = format!("start_time{bad}");
        let warnings = vec![warning(Code::BadStartTime, "start_time")];
        assert_eq!(number("start_time=1760300000", &bad), (port, None, id, warnings));
    }
    for bad in ["tsm_id=-4", "tsm_id=seven", "tsm_id=99999999999999999999"] {
        assert_eq!(number("tsm_id=16", bad), (port, time, None, vec![warning(Code::BadId, "tsm_id")]));
    }
}

#[test]
fn what_is_missing_is_said() {
    let without = |line: &str| codes(&written("sleep 900").replace(line, ""));
    assert_eq!(without("pid=4194016\n"), [warning(Code::NoPid, "pid")]);
    assert_eq!(without("start_time=1760300000\n"), [warning(Code::BadStartTime, "start_time")]);
    assert_eq!(without("tsm_id=16\n"), []);
}

#[test]
fn other_files_are_refused() {
    for (bytes, refusal) in [
        (&b""[..], Refusal::Empty),
        (b" \n\n\t\n", Refusal::Empty),
        (b"pid=1\0\n", Refusal::NotText),
        (b"name=caf\xe9\n", Refusal::NotText),
        (b"{}\n", Refusal::HostileLine),
    ] {
        assert_eq!(meta::parse(bytes, NOW), Err(refusal));
    }
}

#[test]
fn the_file_can_be_a_megabyte() {
    let many = |piece: &str| piece.repeat((1 << 20) / piece.len());
    let head = "tsm_id=1\nname=a\npid=5\ncommand='";
    for text in [
        many("'"),
        many("'\n"),
        many("'\nx='"),
        many("'\nport=1\nstart_time=1\nenv_file='"),
        many("'\nport=1\nstart_time=1\nenv_file='") + "'\ncwd=''\ntype=a\n",
        many("\nenv_file='") + "'\ntype=a\n",
        many("'\ntype="),
        many("a=1\n"),
        many("a='\n"),
        many("#\n"),
        many("\n "),
        many("x"),
    ] {
        for head in [head, "", "command='"] {
            let text = format!("{head}{text}");
            let start = std::time::Instant::now();
            drop(parsed(&text));
            assert!(start.elapsed().as_secs() < 3, "{}", text.get(..60).unwrap());
        }
    }
}

fn command() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z0-9./é ]{1,8}",
        Just("\npid=1\n".to_owned()),
        Just("\nport=22\nstart_time=3\n".to_owned()),
        Just("'".to_owned()),
        Just("'\n".to_owned()),
        Just("\"$(x)\"".to_owned()),
        Just("'\ntype=a".to_owned()),
        Just("'\nport=1\nstart_time=2\nenv_file='".to_owned()),
        Just("\nFOO=2\n# x\n\n".to_owned()),
    ];
    proptest::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

fn path() -> impl Strategy<Value = String> {
    "(|/[a-z é./]{0,8}('[a-z]{1,4})?)"
}

fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_is_read(
        command in command(),
        name in "[a-z é']{1,9}",
        numbers in (2..4_194_304_i32, 1..=65_535_u16, 1..NOW, 0..=u32::MAX),
        env_file in path(),
        cwd in path(),
        interpreter in proptest::option::of(path()),
    ) {
        let (pid, port, start_time, tsm_id) = numbers;
        let last = interpreter.as_ref().map(|path| format!("interpreter='{path}'\n")).unwrap_or_default();
        let text = format!(
            "tsm_id={tsm_id}\nname={name}\npid={pid}\ncommand='{command}'\nport={port}\nstart_time={start_time}\n\
             env_file='{env_file}'\ncwd='{cwd}'\ntype=bash\n{last}"
        );
        let mut old = record(&text);
        prop_assert!(old.warnings.iter().all(|(code, _)| *code == Code::InnerQuote));
        old.warnings.clear();
        let expected = Old {
            tsm_id: Some(tsm_id),
            name: Some(name),
            pid: Some(pid),
            port: Some(port),
            start_time: Some(start_time),
            command: Some(command),
            cwd: some(cwd),
            env_file: some(env_file),
            kind: Some("bash".to_owned()),
            interpreter: interpreter.and_then(some),
            ..Old::of(Generation::Lines)
        };
        prop_assert_eq!(old, expected, "{}", text);
    }

    #[test]
    fn no_file_is_too_strange(text in "((pid|command|x|export pid)=|['\"#\n 1a]|\ntype=|'\ncwd='){0,30}") {
        drop(parsed(&text));
    }

    #[test]
    fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(meta::parse(&bytes, NOW));
    }
}
