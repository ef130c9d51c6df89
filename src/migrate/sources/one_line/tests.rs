use super::*;
use crate::migrate::sources::{meta, text};
use proptest::prelude::*;

const NOW: i64 = 1_800_000_000;
const TAIL: &str = "pid=24136 port=20060 start_time=1795384570 type=cli tsm_id=1";

fn parsed(text: &str) -> Parsed {
    meta::parse(text.as_bytes(), NOW)
}

fn record(text: &str) -> Old {
    let old = parsed(text).unwrap();
    assert_eq!(old.generation, Generation::OneLine, "{text}");
    old
}

fn command(text: &str) -> Option<String> {
    let old = record(text);
    assert_eq!((old.pid, old.warnings.is_empty()), (Some(24136), true), "{text}");
    old.command
}

fn codes(old: &Old) -> Vec<Code> {
    old.warnings.iter().map(|(code, _)| *code).collect()
}

#[test]
fn every_member_has_its_place() {
    let line = "script='python3 -m http.server 20069 ' pid=24254 port=20069 start_time=1795384575 type=python \
                tsm_id=6 restart_count=3 start_dir='/srv/a b' cwd='/srv/w' last_restart_time=1795384999\n";
    let mut expected = Old {
        tsm_id: Some(6),
        pid: Some(24254),
        port: Some(20069),
        start_time: Some(1_795_384_575),
        restarts: 3,
        command: Some("python3 -m http.server 20069 ".to_owned()),
        cwd: Some("/srv/w".to_owned()),
        kind: Some("python".to_owned()),
        ..Old::of(Generation::OneLine)
    };
    expected.legacy.insert("start_dir".to_owned(), "/srv/a b".into());
    expected.legacy.insert("last_restart_time".to_owned(), "1795384999".into());
    assert_eq!(record(line), expected);
}

#[test]
fn the_first_writer_used_no_quotes() {
    assert_eq!(command(&format!("script=./my app.v2.sh {TAIL}\n")).unwrap(), "./my app.v2.sh");
    assert_eq!(command(&format!("script=./o'brien's.sh {TAIL}\n")).unwrap(), "./o'brien's.sh");
    assert_eq!(command(&format!("script= {TAIL}\n")), None);
    let eco =
        "script=./a.js pid=7 port=1 start_time=9 type=cli cwd=/srv/my app node_env=production tsm_id=3\n";
    let old = record(eco);
    assert_eq!((old.cwd.as_deref(), old.tsm_id, old.pid), (Some("/srv/my app"), Some(3), Some(7)));
    assert_eq!(old.legacy["node_env"], "production");
}

#[test]
fn the_script_is_what_the_rest_leaves() {
    for script in [
        "bash -c \"x pid=1\"",
        "echo 'a' 'b'",
        "sleep 1'; touch /tmp/pwned; x='",
        "echo pid=1 port=2 start_time=3",
        "x cwd='/y' tsm_id=9",
        "  two  spaces ",
        "café $(id) `id` ; pid=",
    ] {
        let old = record(&format!("script='{script}' {TAIL} cwd='/srv/w'\n"));
        assert_eq!((old.command.as_deref(), old.pid), (Some(script), Some(24136)), "{script}");
        assert_eq!((old.cwd.as_deref(), old.tsm_id), (Some("/srv/w"), Some(1)));
    }
}

#[test]
fn a_script_of_several_lines_is_read_like_any_other() {
    let old = record(&format!("script='bash -c \"a\npid=1\nFOO='x'\nb\"' {TAIL} cwd='/srv/w'\n"));
    assert_eq!(old.command.unwrap(), "bash -c \"a\npid=1\nFOO='x'\nb\"");
    assert_eq!(parsed(&format!("script='a' {TAIL}\nscript='b' {TAIL}\n")), Err(Refusal::HostileLine));
    assert_eq!(parsed(&format!("script='a' {TAIL} cwd='/w'\ntouch /tmp/pwned\n")), Err(Refusal::HostileLine));
}

#[test]
fn values_after_the_script_may_hold_apostrophes() {
    let old = record(&format!("script='./a' {TAIL} start_dir='/o'brien/it's' cwd='/o' brien'\n"));
    assert_eq!(
        (old.legacy["start_dir"].as_str(), old.cwd.as_deref()),
        (Some("/o'brien/it's"), Some("/o' brien"))
    );
    assert_eq!(codes(&old), [Code::InnerQuote, Code::InnerQuote]);
}

#[test]
fn two_pids_are_one_too_many() {
    let twice = format!("script='x' {TAIL} cwd='y' pid=5 port=6 start_time=7 type=cli tsm_id=8 cwd='z'\n");
    assert_eq!(parsed(&twice), Err(Refusal::AmbiguousPid));
    let same = twice.replace("pid=5", "pid=24136");
    assert_eq!(record(&same).cwd.as_deref(), Some("z"));
    let cut = "script=a pid=4 port=2 start_time=3 type=cli cwd=/x pid=5 port=6";
    assert_eq!(parsed(cut), Err(Refusal::AmbiguousPid));
}

#[test]
fn what_fits_nowhere_is_hostile() {
    for line in [
        "script='x' pid=24136; touch /tmp/pwned port=1 start_time=2 type=cli tsm_id=1",
        "script='x' pid=5 foo=1 port=1 start_time=2 type=cli tsm_id=1",
        "script='x' port=1 pid=5 start_time=2 type=cli tsm_id=1",
        &format!("script='x' {TAIL} cwd='/w'; touch /tmp/pwned"),
        &format!("script='x' {TAIL} LD_PRELOAD=/tmp/evil.so"),
        &format!("script='x' {TAIL} cwd='/w' cwd='/x'").replace("cwd='/x'", "cwd=/x"),
        &format!("script='x' {TAIL} restart_count=1 restart_count=2"),
    ] {
        assert_eq!(parsed(&format!("{line}\n")), Err(Refusal::HostileLine), "{line}");
    }
    for pid in ["$(id)", "`id`", "a[$(id)]", "5;id"] {
        let line = format!("script='x' {TAIL}\n").replace("24136", pid);
        assert_eq!(parsed(&line), Err(Refusal::HostileValue), "{line}");
    }
}

#[test]
fn bad_numbers_are_kept_as_text() {
    let old =
        record("script='x' pid=007 port=none start_time=0 type=cli tsm_id=-4 restart_count=x cwd='/w' \n");
    assert_eq!((old.pid, old.port, old.start_time, old.tsm_id, old.restarts), (None, None, None, None, 0));
    assert_eq!(codes(&old), [Code::BadPid, Code::BadStartTime, Code::BadId]);
    let legacy = serde_json::Value::from(old.legacy).to_string();
    assert_eq!(legacy, r#"{"pid":"007","start_time":"0","tsm_id":"-4","restart_count":"x"}"#);
}

#[test]
fn of_a_cut_line_what_is_whole_remains() {
    let cut = |text: &str| {
        let old = record(text);
        assert_eq!(codes(&old), [Code::Truncated], "{text}");
        (old.command, old.pid, old.port, old.tsm_id)
    };
    let script = Some("./a b".to_owned());
    assert_eq!(cut("scri"), (None, None, None, None));
    assert_eq!(cut("script='./a"), (None, None, None, None));
    assert_eq!(cut("script='./a b'"), (None, None, None, None));
    assert_eq!(cut("script='./a b' pid=24"), (script.clone(), None, None, None));
    assert_eq!(cut("script='./a b' pid=24 "), (script.clone(), Some(24), None, None));
    assert_eq!(cut("script='./a b' pid=24 por\n"), (script.clone(), Some(24), None, None));
    assert_eq!(cut("script='./a b' pid=24 port=80 start_time=1"), (script.clone(), Some(24), Some(80), None));
    let late = "script='./a b' pid=24 port=80 start_time=1 type=cli tsm_id=3 cwd='/srv/o'br";
    assert_eq!(cut(late), (script, Some(24), Some(80), Some(3)));
}

#[test]
fn a_cut_script_is_no_command() {
    assert_eq!(parsed("script='echo pid=1 por"), Err(Refusal::HostileLine));
    assert_eq!(record("script='rm -rf /tmp/build/").command, None);
}

#[test]
fn the_line_can_be_a_megabyte() {
    let many = |piece: &str| piece.repeat((1 << 20) / piece.len());
    for line in [
        many(" pid=1"),
        many(" pid=1 port=1 start_time=1 type=a cwd="),
        many(" pid=1 port=1 start_time=1 type=a cwd='"),
        many(" pid=1 port=1 start_time=1 type=a tsm_id=1 cwd='"),
        many(" pid=1 port=1 start_time=1 type=a tsm_id=1 cwd='x' start_dir='"),
        many(" pid=1 port=1 start_time=1 type=a cwd=x node_env=") + &many("x"),
        many(" pid=1 port=1 start_time=1 type=a tsm_id=1"),
        many("'"),
        many(" "),
        many("\npid=1 pid=2"),
    ] {
        let record = text::read(format!("script='{line}").as_bytes()).unwrap();
        let start = std::time::Instant::now();
        drop(parse(&record, NOW));
        assert!(start.elapsed().as_secs() < 3, "{}", line.get(..60).unwrap());
    }
}

fn script() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z0-9./é ]{1,8}",
        Just(" pid=1".to_owned()),
        Just(" port=22 start_time=3".to_owned()),
        Just("\nport=5\n".to_owned()),
        Just("'".to_owned()),
        Just("\"$(x)\"".to_owned()),
        Just(" tsm_id=7 cwd='/x'".to_owned()),
    ];
    proptest::collection::vec(piece, 1..6).prop_map(|pieces| pieces.concat())
}

fn path() -> impl Strategy<Value = String> {
    "/[a-z é./]{0,8}('[a-z]{1,4})?"
}

prop_compose! {
    /// What the writers of generations 1 to 4 made of their values.
    fn written()(
        script in script(),
        numbers in (2..4_194_304_i32, 1..=65_535_u16, 1..NOW, 0..=u32::MAX),
        count in proptest::option::of(0..9_u64),
        start_dir in proptest::option::of(path()),
        cwd in proptest::option::of(path()),
        restarted in proptest::option::of(1..NOW),
    ) -> (String, Old) {
        let (pid, port, start, id) = numbers;
        let mut line = format!("script='{script}' pid={pid} port={port} start_time={start} type=cli tsm_id={id}");
        let mut old = Old { pid: Some(pid), port: Some(port), start_time: Some(start), tsm_id: Some(id), ..Old::of(Generation::OneLine) };
        old.command = Some(script);
        old.kind = Some("cli".to_owned());
        if let Some(count) = count {
            line += &format!(" restart_count={count}");
            old.restarts = count;
        }
        if let Some(dir) = start_dir {
            line += &format!(" start_dir='{dir}'");
            old.legacy.insert("start_dir".to_owned(), dir.into());
        }
        if let Some(dir) = cwd {
            line += &format!(" cwd='{dir}'");
            old.cwd = Some(dir);
        }
        if let Some(time) = restarted {
            line += &format!(" last_restart_time={time}");
            old.legacy.insert("last_restart_time".to_owned(), time.to_string().into());
        }
        (line, old)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_written_is_read((line, expected) in written()) {
        let mut old = record(&format!("{line}\n"));
        prop_assert!(old.warnings.iter().all(|(code, _)| *code == Code::InnerQuote));
        old.warnings.clear();
        prop_assert_eq!(old, expected, "{}", line);
    }

    #[test]
    fn what_was_written_without_quotes_is_read(script in "[a-z./ é]{0,9}('[a-z ]{0,5})?[a-z]", cwd in "/[a-z ]{0,5}[a-z]") {
        let old = record(&format!("script={script} {TAIL}"));
        prop_assert_eq!((old.command.as_ref(), old.pid), (Some(&script), Some(24136)));
        let eco = TAIL.replace("tsm_id", &format!("cwd={cwd} node_env=production tsm_id"));
        let old = record(&format!("script={script} {eco}"));
        prop_assert_eq!((old.command, old.cwd, old.tsm_id), (Some(script), Some(cwd), Some(1)));
    }

    /// A cut can be noticed or not, but it never makes another command, nor another process.
    #[test]
    fn no_beginning_of_a_line_names_something_else((line, whole) in written(), share in 0..100_usize) {
        prop_assume!(!whole.command.as_ref().unwrap().contains(['\'', '\n']));
        let mut end = line.len() * share / 100;
        end = (0..=end).rev().find(|end| line.is_char_boundary(*end)).unwrap();
        if let Ok(old) = parsed(&line[..end]) {
            prop_assert!(old.command.is_none() || old.command == whole.command, "{}", &line[..end]);
            prop_assert!(old.pid.is_none() || old.pid == whole.pid, "{}", &line[..end]);
            let is_plain = !whole.cwd.as_ref().is_some_and(|cwd| cwd.contains('\''));
            prop_assert!(!is_plain || old.cwd.is_none() || old.cwd == whole.cwd, "{}", &line[..end]);
        }
    }

    #[test]
    fn no_line_is_too_strange(line in "script=('|)((pid|port|start_time|type|tsm_id|cwd|node_env)=('|)[a-z1 ]{0,2}|'|\n| ){0,25}") {
        drop(parsed(&line));
    }
}
