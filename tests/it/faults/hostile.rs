//! Fault 17 of docs/faults.md: names, words and records that are made to do harm. Nothing of them is executed, and
//! nothing of them steers a terminal.

use std::fs;

use serde_json::{Value, json};

use super::{succeed, text};
use crate::harness::{Home, Process, finish, proc};

/// Clears a screen, renames a window, moves the cursor (in one character, too), and hides.
const ESCAPES: &str = "a\u{1b}[2J\u{1b}]0;pwned\u{7}\u{9b}31mb\rc";
/// Turns the direction of what follows.
const TURNED: &str = "\u{202e}gnp.evil\u{202c}";

/// Runs a command on a terminal and prints what the terminal is given.
const TERMINAL: &str = r#"
import os, pty, sys
pid, main = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    os.execvp("tsm", ["tsm"] + sys.argv[1:])
shown = b""
try:
    while piece := os.read(main, 4096):
        shown += piece
except OSError:
    pass
os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
"#;

fn on_terminal(home: &Home, words: &[&str]) -> String {
    let output = finish(home.command("python3").args(["-S", "-E", "-c", TERMINAL]).args(words));
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Nothing but text, and colours of ours. The kernel makes a carriage return of a line's end.
#[track_caller]
fn check_clean(what: &str, shown: &str) {
    let colours = regex::Regex::new("\u{1b}\\[[0-9;]*m").unwrap();
    let shown = colours.replace_all(shown, "").replace("\r\n", "\n");
    let bad: Vec<char> = shown.chars().filter(|c| c.is_control() && !matches!(c, '\n' | '\t')).collect();
    assert!(bad.is_empty(), "{what}: {bad:?} in {shown:?}");
}

/// Nothing was made by anything that was executed.
#[track_caller]
fn check_untouched(home: &Home, what: &str) {
    for dir in [home.work(), home.home(), home.dir().to_owned(), home.root()] {
        let names = super::file_names(&dir);
        assert!(!names.iter().any(|name| name.contains("pwn")), "{what}: {names:?}");
    }
}

#[test]
fn names_are_taken_literally_or_refused() {
    let home = Home::new();
    let long = "n".repeat(185);
    let allowed = [
        "$(touch pwn)",
        "`touch pwn`",
        "; touch pwn #",
        "-rf",
        "--force",
        "*",
        "?",
        "[a-z]",
        "a b",
        "'",
        "\"",
        "\\",
        "~",
        "$HOME",
        "%s%n",
        "é",
        TURNED,
        &long,
        "&& touch pwn",
        "|touch pwn",
        "a=b",
        "#",
        "0",
        "NUL",
        "-",
    ];
    let mut all = Vec::new();
    for name in allowed {
        let process = home.start(name, "sleep 1000000");
        assert!(process.name.starts_with(&format!("{name}-")), "{name:?}: {process:?}");
        assert!(home.find_record(&process.name).is_some(), "{name:?}: {:?}", home.tree());
        all.push(process);
    }
    let list = succeed(&home, &["list"]);
    for process in &all {
        assert!(list.contains(&process.name), "{}: {list}", process.name);
        let name = process.name.as_str();
        for words in [&["info"][..], &["paths"], &["env"], &["logs"]] {
            let output = home.tsm(&[words, &[name]].concat());
            if !name.starts_with('-') {
                assert!(output.status.success(), "{words:?} {name:?}: {output:?}");
            }
        }
        // What begins like an option is reached by its id.
        let target = if name.starts_with('-') { process.id.to_string() } else { name.to_owned() };
        let commands: &[&str] =
            if name.contains("pwn") { &["restart", "stop", "delete"] } else { &["delete"] };
        for command in commands {
            succeed(&home, &[command, &target]);
        }
        assert!(!process.is_alive() && home.find_record(name).is_none(), "{name:?}");
        check_untouched(&home, name);
    }
    for name in ["a\nb", ESCAPES, "a/b", "../pwn", "/pwn", ".", "..", ".pwn", "\u{7f}", &"n".repeat(250)] {
        let before = home.tree();
        let output = home.tsm(&["start", "--name", name, "--port", "none", "sleep 1000000"]);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(1), "{name:?}: {said}");
        assert!(
            said.starts_with("❌ Failed to start: ") && said.ends_with(" (invalid name)\n"),
            "{name:?}: {said}"
        );
        assert_eq!(home.tree(), before, "{name:?}");
        check_clean(name, &on_terminal(&home, &["start", "--name", name, "--port", "none", "sleep 1000000"]));
        for command in ["stop", "kill", "info"] {
            check_clean(name, &on_terminal(&home, &[command, name]));
        }
        check_untouched(&home, name);
    }
    assert!(super::running("sleep 1000000").is_empty());
}

#[test]
fn words_that_no_command_knows_reach_a_terminal_clean() {
    let home = Home::new();
    for words in [
        &[ESCAPES][..],
        &["list", ESCAPES],
        &["help", ESCAPES],
        &["stop", &format!("-{ESCAPES}")],
        &["start", &format!("--{ESCAPES}")],
        &["start", "--port", ESCAPES, "x"],
        &["logs", "--lines", ESCAPES, "x"],
        &["kill", "--port", ESCAPES],
        &["init", ESCAPES],
        &["patrol", ESCAPES, ESCAPES],
    ] {
        check_clean(&format!("{words:?}"), &on_terminal(&home, words));
    }
    check_untouched(&home, "unknown words");
}

/// Records as another tool, or an enemy, may have written them. The process is not ours, whatever they say.
fn hostile_records(pid: i32) -> Vec<(&'static str, Value)> {
    let commands = ["'; touch pwn; '", "$(touch pwn)", "`touch pwn`", "\"; touch pwn; \"", ESCAPES, TURNED];
    let texts = commands.iter().map(|command| {
        (
            "text",
            json!({
                "pid": pid, "status": "stopped", "command": command, "cwd": command, "env_file": command,
                "interpreter": command, "type": command, "service": command, "signal": command,
                "logs": { "out": command, "err": command },
            }),
        )
    });
    let kinds = [
        json!(null),
        json!(true),
        json!(-1),
        json!(u64::MAX),
        json!(1e300),
        json!(1.5),
        json!("7"),
        json!([]),
        json!([[[1]]]),
        json!({}),
        json!({ "out": 7 }),
        json!(""),
    ];
    let members = [
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
    let wrong = kinds.iter().map(|kind| {
        let mut record = json!({ "pid": 7, "status": "stopped", "command": "sleep 1", "cwd": "/" });
        for member in members.iter().filter(|member| !matches!(**member, "pid" | "status")) {
            record[member] = kind.clone();
        }
        ("kind", record)
    });
    let single = members.iter().flat_map(|member| {
        let one = |kind: Value| {
            let mut record =
                json!({ "tsm_id": 1, "pid": 7, "status": "stopped", "command": "sleep 1", "cwd": "/" });
            record[*member] = kind;
            ("one", record)
        };
        [json!([1]), json!(-9_000_000_000_000_000_000_i64), json!(ESCAPES)].map(one)
    });
    texts.chain(wrong).chain(single).collect()
}

#[test]
fn hostile_records_are_shown_and_nothing_of_them_runs() {
    let home = Home::new();
    let bystander = super::bystander(&home);
    let process = home.start("whole", "sleep 1000000");
    for (number, (what, record)) in hostile_records(bystander).into_iter().enumerate() {
        let what = format!("{what} {number}: {record}");
        home.put_record("evil", &record);
        let mut commands = vec![&["list"][..], &["ls", "--json", "-a"], &["info", "evil"]];
        if what.starts_with("text") {
            commands.extend([
                &["list", "--json", "--all"][..],
                &["info", "evil", "--json"],
                &["paths", "evil"],
            ]);
            commands.extend([&["logs", "evil"][..], &["env", "evil"]]);
        }
        for words in commands {
            let output = home.tsm(words);
            assert!(output.status.code().is_some_and(|code| code <= 1), "{what}: {words:?}: {output:?}");
            assert!(!text(&output).contains("panicked"), "{what}: {words:?}: {output:?}");
            if words.contains(&"--json") && output.status.success() {
                assert!(
                    serde_json::from_slice::<Value>(&output.stdout).is_ok(),
                    "{what}: {words:?}: {output:?}"
                );
            }
            if words[0] == "list" || words[0] == "ls" {
                assert!(text(&output).contains(&process.name), "{what}: {words:?}: {output:?}");
            }
        }
        if number % 8 == 0 || what.starts_with("text") {
            for words in [&["info", "evil"][..], &["list", "--json", "--all"]] {
                check_clean(&what, &on_terminal(&home, words));
            }
        }
        for words in [&["stop", "evil"][..], &["patrol"]] {
            let output = home.tsm(words);
            assert!(!text(&output).contains("panicked"), "{what}: {words:?}: {output:?}");
        }
        home.tsm(&["delete", "evil"]);
        let _ = fs::remove_file(home.root().join("tsm/runtime/processes/.evil.json.invalid"));
        assert!(proc::is_alive(bystander) && process.is_alive(), "{what}");
        check_untouched(&home, &what);
    }
}

/// What a process is started with is its own to run, once; whoever shows it later only shows it.
#[test]
fn a_command_line_with_quotes_and_substitutions_is_shown_as_it_was_typed() {
    let home = Home::new();
    let command = "sleep 1000000 'a'\\''b' '$(touch pwn)' '`touch pwn`' '; touch pwn' \"\\$(touch pwn)\"";
    let command = format!("bash -c 'exec sleep 1000000' {}", command.trim_start_matches("sleep 1000000 "));
    let process: Process = home.start("quoted", &command);
    let name = process.name.as_str();
    for words in [
        &["list"][..],
        &["info", name],
        &["list", "--json"],
        &["ls", "--json"],
        &["paths", name],
        &["patrol"],
    ] {
        let said = succeed(&home, words);
        if words[0] == "info" {
            assert!(said.contains("'$(touch pwn)' '`touch pwn`' '; touch pwn'"), "{said}");
        }
    }
    check_untouched(&home, "shown");
    succeed(&home, &["restart", name]);
    succeed(&home, &["stop", name]);
    check_untouched(&home, "restarted");
    let record = home.record(name);
    assert!(record["command"].as_str().unwrap().contains("$(touch pwn)"), "{record}");
}
