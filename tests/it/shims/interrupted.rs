//! `tsm shims` killed at any system call: the next call finishes.

use std::fs;
use std::path::Path;

use super::install::{picture, rich};
use crate::harness::isolation::report;
use crate::harness::{Home, finish};

/// `None`: it cannot be traced here. Otherwise what the tracer says: `through` when there was no such call.
fn killed_at(home: &Home, call: u32, words: &[&str]) -> Option<String> {
    let tracer = home.put_work("tracer", include_str!("../faults/tracer.py"));
    let mut command = home.command("python3");
    command.args(["-S", "-E"]).arg(tracer).args(["command", &call.to_string()]);
    let output = finish(command.arg(home.bin().join("tsm")).args(words));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let verdict = said.lines().last().unwrap_or_default().to_owned();
    if verdict.starts_with("refused") || !output.status.success() {
        report(format_args!("interrupted shims SKIPPED: {verdict} {output:?}"));
        return None;
    }
    Some(verdict)
}

/// A prime number of calls lies between two that are tried.
const PACE: usize = 7;

fn at_every_call(word: &str, prepare: impl Fn(&Home, &Path), check: impl Fn(&Home, &Path, &[String], &str)) {
    for call in (1..).step_by(PACE) {
        let home = Home::new();
        let dir = rich(&home);
        let before = picture(dir.parent().unwrap());
        prepare(&home, &dir);
        let Some(verdict) = killed_at(&home, call, &["shims", word, dir.to_str().unwrap()]) else { return };
        let text = fs::read_to_string(dir.join("tsm.sh")).unwrap();
        assert!(text.contains("tsm"), "call {call}: tsm.sh is always there");
        check(&home, &dir, &before, &format!("call {call}: {verdict}"));
        if verdict == "through" {
            assert!(call > 40, "only {call} calls");
            return;
        }
    }
}

fn done(home: &Home, words: &str, dir: &Path, what: &str) {
    let output = home.tsm(&["shims", words, dir.to_str().unwrap()]);
    assert!(output.status.success(), "{what}: {output:?}");
}

fn nothing(_home: &Home, _dir: &Path) {}

fn installed(home: &Home, dir: &Path) {
    done(home, "install", dir, "before");
}

#[test]
fn an_installation_is_finished_by_the_next() {
    at_every_call("install", nothing, |home, dir, before, what| {
        done(home, "install", dir, what);
        done(home, "status", dir, what);
        done(home, "remove", dir, what);
        assert_eq!(picture(dir.parent().unwrap()), before, "{what}");
    });
}

#[test]
fn an_installation_is_taken_back_by_a_removal() {
    at_every_call("install", nothing, |home, dir, before, what| {
        // Killed before the first trace of it, there is nothing to take back.
        let output = home.tsm(&["shims", "remove", dir.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() || said.contains("no shims in"), "{what}: {output:?}");
        let left: Vec<String> = picture(dir.parent().unwrap());
        let left = left.iter().filter(|line| !line.starts_with(".tsm-backup-")).collect::<Vec<_>>();
        assert_eq!(left, before.iter().collect::<Vec<_>>(), "{what}");
    });
}

#[test]
fn a_removal_is_finished_by_the_next_call() {
    for next in ["remove", "install"] {
        at_every_call("remove", installed, |home, dir, before, what| {
            let output = home.tsm(&["shims", next, dir.to_str().unwrap()]);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success() || said.contains("no shims in"), "{what}: {output:?}");
            if next == "install" {
                done(home, "status", dir, what);
                done(home, "remove", dir, what);
            }
            let left: Vec<String> = picture(dir.parent().unwrap());
            let left = left.iter().filter(|line| !line.starts_with(".tsm-backup-")).collect::<Vec<_>>();
            assert_eq!(left, before.iter().collect::<Vec<_>>(), "{what}");
        });
    }
}
