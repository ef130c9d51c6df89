//! `tsm logs`, and the files it shows.

use std::fs::{self, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use nix::sys::signal::Signal;
use serde_json::json;

use crate::harness::{Home, Process, assert_transcript, proc, wait_for, wait_until};

/// A `tsm logs -f` at work.
struct Following {
    child: Child,
    text: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
}

impl Following {
    fn new(home: &Home, words: &[&str]) -> Self {
        let mut command = home.tsm_command(&[&["logs", "-f"], words].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let text = Arc::new(Mutex::new(String::new()));
        let sink = Arc::clone(&text);
        let reader = thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = stdout.read(&mut piece) {
                sink.lock().unwrap().push_str(&String::from_utf8_lossy(&piece[..count]));
            }
        });
        Self { child, text, reader }
    }

    fn text(&self) -> String {
        self.text.lock().unwrap().clone()
    }

    #[track_caller]
    fn wait_for(&self, text: &str) {
        wait_until(format_args!("{text:?} is shown"), || self.text().contains(text));
    }

    /// Everything that was shown, and how it ended after the signal.
    fn end(mut self, signal: Signal) -> (String, ExitStatus) {
        proc::send(self.child.id().cast_signed(), signal);
        let status = self.child.wait().unwrap();
        self.reader.join().unwrap();
        let text = self.text.lock().unwrap().clone();
        (text, status)
    }
}

/// A process that has ended, with these logs. The paths of the two.
fn ended(home: &Home, id: i64, name: &str, out: &str, err: &str) -> [PathBuf; 2] {
    home.put_record(name, &json!({ "tsm_id": id, "pid": 2, "status": "stopped" }));
    [("out", out), ("err", err)]
        .map(|(stream, text)| home.put(&format!("tsm/runtime/logs/{name}/current.{stream}"), text))
}

fn append(path: &Path, text: &str) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

/// Writes every line of the file `lines` to its stdout, also those that come.
fn echo(home: &Home, name: &str) -> Process {
    home.put_work("lines", "");
    home.start(name, "bash -c 'while read -r line; do echo \"$line\"; done < <(tail -f lines)'")
}

#[test]
fn bytes_are_shown_as_they_are() {
    let home = Home::new();
    let [out, err] = ended(&home, 0, "web", "", "");
    fs::write(out, b"one\r\n\xff\x00\x1b[31mtwo").unwrap();
    fs::write(err, b"").unwrap();
    let output = home.tsm(&["logs", "web", "--lines", "9"]);
    let expected =
        b"--- Logs for web (Last 9 lines) ---\n=== STDOUT ===\none\r\n\xff\x00\x1b[31mtwo=== STDERR ===\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(expected));
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &expected[..]));
}

#[test]
fn fifty_lines_are_shown_unless_another_number_is_given() {
    let home = Home::new();
    let lines: String = (1..=60).map(|number| format!("line {number}\n")).collect();
    ended(&home, 0, "web", &lines, "");
    let shown = |words: &[&str]| {
        let output = home.tsm(&[&["logs", "web"], words].concat());
        String::from_utf8(output.stdout).unwrap().lines().filter(|line| line.starts_with("line ")).count()
    };
    let counts = [shown(&[]), shown(&["--tail", "7"]), shown(&["-n", "+59"]), shown(&["-n", "3", "-n", "4"])];
    assert_eq!(counts, [50, 7, 2, 4]);
}

#[test]
fn wrong_words_are_refused() {
    let home = Home::new();
    ended(&home, 0, "web", "x\n", "");
    for (words, text) in [
        (&["web", "--lines"][..], "tsm: option '--lines' requires a value\n"),
        (&["web", "--tail"], "tsm: option '--lines' requires a value\n"),
        (&["-F", "web"], "tsm: unknown flag '-F' for logs command\n"),
        (&["-f"], "tsm: logs <process|id|*> [--lines N] [-f|--follow]\n"),
    ] {
        let output = home.tsm(&[&["logs"], words].concat());
        assert_eq!((output.status.code(), output.stdout.len()), (Some(64), 0), "{words:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), text);
    }
}

#[test]
fn following_goes_on_through_a_rotation() {
    let home = Home::new();
    let [out, err] = ended(&home, 0, "web", "a\nb\n", "");
    let following = Following::new(&home, &["web", "-n", "1"]);
    following.wait_for("current.err <==\n");
    append(&out, "c\n");
    following.wait_for("c\n");
    let archive = out.with_file_name("2026-01-01.out");
    fs::rename(&out, &archive).unwrap();
    append(&archive, "d\n");
    append(&out, "e\n");
    following.wait_for("e\n");
    append(&err, "f\n");
    following.wait_for("f\n");
    let (text, status) = following.end(Signal::SIGINT);
    let (out, err) = (out.display(), err.display());
    assert_eq!(
        text,
        format!(
            "Following logs for 'web' (Ctrl-C to exit)...\n==> {out} <==\nb\n\n==> {err} <==\n\n\
             ==> {out} <==\nc\nd\ne\n\n==> {err} <==\nf\n"
        )
    );
    assert_eq!(status.code(), Some(130));
}

#[test]
fn following_goes_on_through_truncation_and_deletion() {
    let home = Home::new();
    let [out, err] = ended(&home, 0, "web", "long first line\n", "");
    fs::remove_file(err).unwrap();
    let following = Following::new(&home, &["web"]);
    following.wait_for("first line\n");
    fs::write(&out, "cut\n").unwrap();
    following.wait_for("cut\n");
    fs::remove_file(&out).unwrap();
    append(&out, "back\n");
    following.wait_for("back\n");
    fs::remove_dir_all(out.parent().unwrap()).unwrap();
    fs::create_dir(out.parent().unwrap()).unwrap();
    append(&out, "again\n");
    following.wait_for("again\n");
    let (text, _) = following.end(Signal::SIGINT);
    let heading = format!("==> {} <==\n", out.display());
    let expected = format!("{heading}long first line\ncut\nback\nagain\n");
    assert_eq!(text.split_once('\n').unwrap().1, expected);
}

#[test]
fn following_ends_when_nobody_listens() {
    let home = Home::new();
    let [out, _] = ended(&home, 0, "web", "x\n", "");
    for more in ["", "more\n"] {
        let mut command = home.tsm_command(&["logs", "-f", "web"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut begun = [0; 20];
        child.stdout.as_mut().unwrap().read_exact(&mut begun).unwrap();
        drop(child.stdout.take());
        append(&out, more);
        wait_until("it has ended", || child.try_wait().unwrap().is_some());
        let mut complaints = String::new();
        child.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
        assert_eq!(complaints, "");
    }
}

#[test]
fn following_without_logs_is_a_failure() {
    let home = Home::new();
    home.put_record("web", &json!({ "tsm_id": 0, "pid": 2, "status": "stopped" }));
    assert_transcript!(home, home.tsm(&["logs", "web", "-f"]), @"
    status 1
    --- stdout
    Following logs for 'web' (Ctrl-C to exit)...
    --- stderr
    ");
    assert_transcript!(home, home.tsm(&["logs", "web"]), @"
    status 0
    --- stdout
    tsm: no logs found for 'web'
    --- stderr
    ");
}

#[test]
fn all_processes_are_followed_together() {
    let home = Home::new();
    let [a, _] = ended(&home, 1, "a", "a1\na2\n", "");
    let [b, b_err] = ended(&home, 0, "b", "b1\n", "");
    let following = Following::new(&home, &["*", "--lines", "1"]);
    following.wait_for(&format!("==> {} <==\n", b_err.display()));
    append(&b, "b2\n");
    following.wait_for("b2\n");
    append(&a, "a3\n");
    following.wait_for("a3\n");
    let (text, status) = following.end(Signal::SIGINT);
    assert_eq!(status.code(), Some(130));
    assert!(text.starts_with("Following logs for '*' (Ctrl-C to exit)...\n"), "{text}");
    let (a, b) = (a.display(), b.display());
    assert!(text.contains(&format!("==> {a} <==\na2\n")) && !text.contains("a1"), "{text}");
    assert!(text.ends_with(&format!("\n==> {b} <==\nb2\n\n==> {a} <==\na3\n")), "{text}");
}

#[test]
fn a_living_process_is_followed() {
    let home = Home::new();
    let process = echo(&home, "p");
    let following = Following::new(&home, &["p"]);
    following.wait_for("current.err <==\n");
    for number in 0..20 {
        append(&home.work().join("lines"), &format!("line {number}\n"));
        following.wait_for(&format!("line {number}\n"));
    }
    assert!(home.tsm_soon(&["restart", "p"]).status.success());
    append(&home.work().join("lines"), "after the restart\n");
    following.wait_for("after the restart\n");
    following.end(Signal::SIGTERM);
    assert!(home.log(&process.name, "out").ends_with("after the restart\n"));
}

#[test]
fn a_log_that_is_removed_comes_back_with_the_next_bytes() {
    let home = Home::new();
    let process = echo(&home, "p");
    let (lines, out) = (home.work().join("lines"), home.root().join("tsm/runtime/logs").join(&process.name));
    append(&lines, "one\n");
    wait_until("it is written", || home.log(&process.name, "out") == "one\n");
    fs::remove_dir_all(&out).unwrap();
    append(&lines, "two\n");
    wait_until("it is written", || home.log(&process.name, "out") == "two\n");
    assert!(!out.join("current.err").exists(), "not before it has something to hold");
}

#[test]
fn what_others_do_to_a_log_is_respected() {
    let home = Home::new();
    let process = echo(&home, "p");
    let (lines, out) = (
        home.work().join("lines"),
        home.root().join(format!("tsm/runtime/logs/{}/current.out", process.name)),
    );
    append(&lines, "a first line\n");
    wait_until("it is written", || home.log(&process.name, "out") == "a first line\n");
    fs::write(&out, "").unwrap();
    append(&lines, "two\n");
    wait_until("it begins anew, without a hole", || home.log(&process.name, "out") == "two\n");
    append(&out, "theirs\n");
    append(&lines, "three\n");
    wait_until("it goes on behind", || home.log(&process.name, "out") == "two\ntheirs\nthree\n");
}

#[test]
fn what_descendants_write_after_the_end_is_written_too() {
    let home = Home::new();
    let late = "bash -c '(until [ -e go ]; do sleep 0.02; done; echo late) & until [ -e end ]; do sleep 0.02; done; exit 4'";
    let process = home.start("p", late);
    home.put_work("end", "");
    home.wait_for_status(&process.name, "crashed");
    let supervisor = wait_for("it stays for the others", || home.supervisor_of(&process.name));
    home.put_work("go", "");
    wait_until("it is written", || home.log(&process.name, "out") == "late\n");
    wait_until("it has left", || !proc::is_alive(supervisor));
}
