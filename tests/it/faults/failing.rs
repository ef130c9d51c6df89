//! Fault 5 of docs/faults.md: system calls that fail, limits that are reached, places that cannot be written. A command
//! then says so in one line or gets through; it damages nothing, leaves nothing behind that nothing names, and the next
//! one works.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output};

use serde_json::Value;

use super::birth::Stage;
use super::{Dice, file_names, start_listener, text};
use crate::harness::isolation::{available, report};
use crate::harness::{Home, finish, wait_until};

/// How many of the calls are made to fail in an ordinary run; `TSM_FAULTS=all`: every one.
const SHARE: u64 = 12;

#[expect(clippy::disallowed_methods, reason = "the tests' own setting, of no concern to the program")]
fn share() -> u64 {
    if std::env::var("TSM_FAULTS").is_ok_and(|which| which == "all") { 1 } else { SHARE }
}

/// What a command did of which a system call has failed.
struct Failed {
    /// The call and its error; none: there were not so many.
    call: Option<String>,
    code: i32,
    output: Output,
}

/// Runs a command whose `number`th system call, or its supervisor's, fails. `None`: this cannot be done here.
fn run(stage: &Stage, role: &str, number: &str, command: &Command) -> Option<Failed> {
    let tracer = stage.home.put_work("tracer", include_str!("tracer.py"));
    let mut traced = stage.home.command("python3");
    traced.args(["-S", "-E"]).arg(&tracer).args([role, number]);
    traced.arg(command.get_program()).args(command.get_args()).env("TSM_STABILIZE_MS", "2000");
    let mut output = finish(&mut traced);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let (before, verdict) = said.trim_end().rsplit_once('\n').unwrap_or(("", said.trim_end()));
    if verdict.starts_with("refused") || !output.status.success() {
        report(format_args!("failing system calls SKIPPED: {verdict} {}", text(&output)));
        return None;
    }
    output.stdout = before.as_bytes().to_vec();
    let (call, code) = verdict.strip_prefix("failed ").and_then(|rest| rest.split_once(", code ")).unzip();
    Some(Failed { call: call.map(str::to_owned), code: code.map_or(0, |code| code.parse().unwrap()), output })
}

/// Every so manieth of the calls of a command fails; after each, `check` looks.
fn at_every_call(
    stage: &mut Stage,
    role: &str,
    command: impl Fn(&Stage) -> Command,
    mut check: impl FnMut(&mut Stage, &str, &Failed),
) {
    let mut dice = Dice::new();
    let mut number = 1 + dice.roll(share());
    loop {
        let how = dice.roll(12);
        let failed = run(stage, role, &format!("{number}!{how}"), &command(stage));
        let Some(failed) = failed else { return };
        let Some(call) = &failed.call else {
            assert!(number > 15, "only {number} calls");
            return;
        };
        let what = format!("{role}, call {number}: {call}");
        check_words(&what, &failed);
        check(stage, &what, &failed);
        number += 1 + dice.roll(2 * share() - 1);
    }
}

/// One clear line or success, and no word of a programmer's.
#[track_caller]
fn check_words(what: &str, failed: &Failed) {
    let said = text(&failed.output);
    assert!((0..=1).contains(&failed.code), "{what}: code {}: {said}", failed.code);
    for word in ["panicked", "RUST_BACKTRACE", "unwrap", "Os {", "fatal runtime"] {
        assert!(!said.contains(word), "{what}: {said}");
    }
    let errors = String::from_utf8_lossy(&failed.output.stderr).into_owned();
    assert!(errors.lines().count() <= 1, "{what}: {errors}");
}

/// Every record is a whole one.
#[track_caller]
fn check_records(home: &Home, what: &str) {
    let dir = home.root().join("tsm/runtime/processes");
    for name in file_names(&dir) {
        assert!(!name.ends_with(".invalid"), "{what}: {name}: a good record was set aside");
        if name.ends_with(".json") && !name.starts_with('.') {
            let bytes = fs::read(dir.join(&name)).unwrap();
            assert!(serde_json::from_slice::<Value>(&bytes).is_ok(), "{what}: {name} is not whole");
        }
    }
}

/// As [`Stage::check`], for a name that has run, and is started, stopped, restarted or deleted.
#[track_caller]
fn check_run(stage: &Stage, what: &str) {
    let (home, name) = (&stage.home, stage.name.as_str());
    check_records(home, what);
    stage.check_names(what);
    let mut seen = String::new();
    wait_until(format_args!("{what}: all is settled"), || {
        home.tsm(&["patrol"]);
        let (record, copies) = (home.find_record(name), stage.copies());
        seen = format!("{record:?} {copies:?}");
        assert!(copies.len() <= 1, "{what}: {copies:?}");
        let status = record.as_ref().and_then(|record| record["status"].as_str()).unwrap_or("none");
        match copies.first() {
            Some(pid) => {
                status == "online"
                    && record.as_ref().is_some_and(|record| record["pid"] == *pid)
                    && home.supervisor_of(name).is_some()
            }
            None => matches!(status, "none" | "stopped" | "crashed"),
        }
    });
    check_records(home, what);
}

fn start(stage: &Stage) -> Command {
    start_listener(&stage.home, stage.port)
}

#[test]
fn a_call_of_a_first_start_may_fail_in_the_command() {
    let mut stage = Stage::new();
    at_every_call(&mut stage, "command", start, |stage, what, _| {
        check_records(&stage.home, what);
        stage.check(what);
    });
}

#[test]
fn a_call_of_a_later_start_may_fail_in_the_command() {
    let mut stage = Stage::with_record();
    at_every_call(&mut stage, "command", start, |stage, what, _| {
        check_records(&stage.home, what);
        stage.check(what);
    });
}

#[test]
fn a_call_of_a_first_start_may_fail_in_the_supervisor() {
    let mut stage = Stage::new();
    at_every_call(&mut stage, "supervisor", start, |stage, what, _| {
        check_records(&stage.home, what);
        stage.check(what);
    });
}

#[test]
fn a_call_of_a_later_start_may_fail_in_the_supervisor() {
    let mut stage = Stage::with_record();
    at_every_call(&mut stage, "supervisor", start, |stage, what, _| {
        check_records(&stage.home, what);
        stage.check(what);
    });
}

/// `word NAME` on a process that runs, again and again.
fn at_every_call_of(word: &str, role: &str) {
    let mut stage = Stage::new();
    let begin = |stage: &Stage| {
        if stage.copies().is_empty() {
            let output = finish(&mut start(stage));
            assert!(output.status.success(), "{word}: {output:?}");
        }
    };
    begin(&stage);
    let command = |stage: &Stage| stage.home.tsm_command(&[word, &stage.name]);
    at_every_call(&mut stage, role, command, |stage, what, failed| {
        let what = format!("{word}, {what}");
        check_run(stage, &what);
        if failed.code == 0 {
            assert_eq!(
                stage.copies().len(),
                usize::from(word == "restart"),
                "{what}: {}",
                text(&failed.output)
            );
        } else {
            assert!(!text(&failed.output).trim().is_empty(), "{what}: not a word");
        }
        begin(stage);
        check_run(stage, &what);
    });
    stage.home.tsm(&["delete", &stage.name]);
}

#[test]
fn a_call_of_a_stop_may_fail() {
    at_every_call_of("stop", "command");
}

#[test]
fn a_call_of_a_delete_may_fail() {
    at_every_call_of("delete", "command");
}

#[test]
fn a_call_of_a_restart_may_fail_in_the_command() {
    at_every_call_of("restart", "command");
}

#[test]
fn a_call_of_a_restart_may_fail_in_the_supervisor() {
    at_every_call_of("restart", "supervisor");
}

/// What a command says to a limit: nothing bad, and afterwards all is well without the limit.
fn check_limit(stage: &mut Stage, what: &str, output: Output) {
    let failed = Failed { call: None, code: output.status.code().unwrap_or(-1), output };
    check_words(what, &failed);
    check_records(&stage.home, what);
    stage.check(what);
}

#[test]
fn any_number_of_descriptors_is_enough_or_too_few_in_one_line() {
    let mut stage = Stage::new();
    let mut refused = 0;
    for limit in (3..20).step_by(2) {
        let mut command = start(&stage);
        let words: Vec<_> = command.get_args().map(std::borrow::ToOwned::to_owned).collect();
        command = stage.home.command("bash");
        command.args(["-c", &format!("ulimit -n {limit} && exec tsm \"$@\""), "bash"]).args(words);
        let output = finish(command.env("TSM_STABILIZE_MS", "2000"));
        // Below that the loader or bash itself is what cannot work.
        if output.status.code() == Some(127) {
            continue;
        }
        refused += usize::from(!output.status.success());
        check_limit(&mut stage, &format!("{limit} descriptors"), output);
    }
    assert!(refused > 0, "no limit was too low");
}

#[test]
fn a_user_who_may_have_no_more_processes_is_told_in_one_line() {
    let stage = Stage::new();
    let Some(user) = super::User::of(&stage.home) else {
        return report("limits of processes SKIPPED: root cannot become an ordinary user here");
    };
    let mut refused = 0;
    for limit in 1..6 {
        let command = start(&stage);
        let limit = format!("--nproc={limit}:{limit}");
        let tsm = stage.home.bin().join("tsm").display().to_string();
        let words = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>();
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut all = vec!["prlimit", &limit, "--", &tsm];
        all.append(&mut words);
        let output = finish(user.program(&stage.home, &all).env("TSM_STABILIZE_MS", "2000"));
        refused += usize::from(!output.status.success());
        let code = output.status.code();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(code.is_some_and(|code| code <= 1) && !said.contains("panicked"), "{limit}: {output:?}");
        assert!(said.starts_with("tsm: ") || said.starts_with('❌') || code == Some(0), "{limit}: {said}");
        check_records(&stage.home, &limit);
        as_user(&stage, &user, &["delete", &stage.name]);
        wait_until("nothing runs", || stage.copies().is_empty());
        assert!(stage.home.find_record(&stage.name).is_none(), "{limit}");
        let output = finish(
            user.program(&stage.home, &[&[tsm.as_str()], &all[4..]].concat()).env("TSM_STABILIZE_MS", "2000"),
        );
        assert!(output.status.success(), "{limit}, then without: {output:?}");
        assert_eq!(stage.copies().len(), 1, "{limit}, then without");
        as_user(&stage, &user, &["delete", &stage.name]);
    }
    assert!(refused > 0, "no limit was too low");
}

fn as_user(stage: &Stage, user: &super::User, words: &[&str]) -> Output {
    finish(&mut user.command(&stage.home, words))
}

/// The installation in which a process runs can be read and not written: nothing is changed, everything is said.
#[test]
fn an_installation_that_may_only_be_read_is_read_and_left_alone() {
    let home = Home::new();
    let Some(user) = super::User::of(&home) else {
        return report("read-only installation SKIPPED: root cannot become an ordinary user here");
    };
    let run = |words: &[&str]| finish(user.command(&home, words).env("TSM_STABILIZE_MS", "50"));
    let output = run(&["start", "--name", "web", "--port", "none", "sleep 1000000"]);
    let process =
        crate::harness::Process::from_report(&text(&output)).unwrap_or_else(|| panic!("{output:?}"));
    let dirs: Vec<_> = home.tree().into_iter().map(|path| home.root().join(path)).collect();
    let dirs: Vec<_> = dirs.into_iter().filter(|path| path.symlink_metadata().unwrap().is_dir()).collect();
    let set = |mode: u32| {
        for dir in &dirs {
            fs::set_permissions(dir, fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    let lock = home.root().join("tsm/runtime/.lock");
    fs::set_permissions(&lock, fs::Permissions::from_mode(0o444)).unwrap();
    set(0o555);
    let before = home.tree();
    check_read_only(&home, &process.name, run);
    assert!(process.is_alive());
    assert_eq!(home.status(&process.name), "online");
    assert_eq!(home.tree(), before);
    set(0o755);
    fs::set_permissions(home.root().join("tsm/runtime/run"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::set_permissions(
        home.root().join("tsm/runtime/run").join(&process.name),
        fs::Permissions::from_mode(0o700),
    )
    .unwrap();
    fs::set_permissions(&lock, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(run(&["restart", &process.name]).status.success());
    assert!(run(&["stop", &process.name]).status.success());
    assert!(run(&["delete", &process.name]).status.success());
}

fn check_read_only(home: &Home, name: &str, run: impl Fn(&[&str]) -> Output) {
    for words in [&["list"][..], &["list", "--json"], &["info", name], &["paths", name], &["logs", name]] {
        let output = run(words);
        assert!(output.status.success() && output.stderr.is_empty(), "{words:?}: {output:?}");
        assert!(text(&output).contains(name), "{words:?}: {output:?}");
    }
    for words in [
        &["start", "--name", "other", "--port", "none", "sleep 1000000"][..],
        &["start", "--name", "other", "--port", "7", "sleep 1000000"],
        &["stop", name],
        &["stop", "--force", name],
        &["restart", name],
        &["delete", name],
    ] {
        let output = run(words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{words:?}: {output:?}");
        assert_eq!(said.lines().count(), 1, "{words:?}: {output:?}");
        assert!(said.contains("Permission denied") || said.contains("Read-only"), "{words:?}: {said}");
        check_records(home, &words.join(" "));
    }
}

/// A mount that turns read-only under everything: what ends meanwhile, by itself or by a command, is recorded when it
/// can be written again.
#[test]
fn what_ends_while_nothing_can_be_written_is_recorded_later() {
    let isolation = match available() {
        Ok(isolation) => isolation,
        Err(why) => return report(format_args!("read-only mount SKIPPED: {why}")),
    };
    let home = Home::new();
    let script = r#"
        export TSM_STABILIZE_MS=50
        for name in ends stays goes drops alone; do
            tsm start --name $name --port none sleep 1000000 >/dev/null
        done
        of() { ls "$TETRA_DIR/tsm/runtime/run" | grep "$1"; }
        ends=$(of ends) stays=$(of stays) goes=$(of goes) drops=$(of drops) alone=$(of alone)
        status() { sed -n 's/.*"status": "\(.*\)",/\1/p' "$TETRA_DIR/tsm/runtime/processes/$1.json"; }
        mount --bind "$TETRA_DIR" "$TETRA_DIR" && mount -o remount,ro,bind "$TETRA_DIR" || { echo SKIPPED; exit; }
        kill -9 "$(cat "$TETRA_DIR/tsm/runtime/pids/$ends.pid")"
        supervisor=$(awk '/^PPid/ { print $2 }' "/proc/$(cat "$TETRA_DIR/tsm/runtime/pids/$alone.pid")/status")
        kill -9 "$supervisor"
        while kill -0 "$supervisor" 2>/dev/null; do :; done
        expect() {
            local code=$1 error; shift
            error=$(tsm "$@" 2>&1 >/dev/null); local got=$?
            [ $got = $code ] && [ "$(wc -l <<<"$error")" = 1 ] && [[ $error == *"Read-only file system"* ]] ||
                echo "$*: code $got: $error"
        }
        expect 1 start --name new --port none sleep 1000000
        expect 1 restart "$stays"
        expect 1 setup
        expect 0 stop "$goes"
        expect 1 delete "$drops"
        expect 1 stop "$alone"
        tsm list | grep -q "$stays" || echo "not listed"
        tsm list | grep -e "$ends" -e "$goes" -e "$drops" -e "$alone"
        echo "$(status "$ends") $(status "$stays") $(status "$goes") $(status "$drops")"
        umount -l "$TETRA_DIR"
        until [ "$(status "$ends")" = crashed ]; do :; done
        until [ "$(status "$goes") $(status "$drops")" = "stopped stopped" ]; do :; done
        tsm stop "$stays" >/dev/null || echo "stop failed"
        echo "$(status "$ends") $(status "$stays") $(status "$alone")"
        tsm delete '*' >/dev/null || echo "delete failed"
    "#;
    let output = finish(&mut isolation.command(&home, script));
    let said = text(&output);
    if said.ends_with("SKIPPED\n") {
        return report("read-only mount SKIPPED: no mount is allowed here");
    }
    assert_eq!(said, "online online online online\ncrashed stopped crashed\n", "{output:?}");
}
