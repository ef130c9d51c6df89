//! What the tests of this module share.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::string::string_regex;
use proptest::test_runner::TestRunner;

use crate::config::{Colour, Config};
use crate::layout::Layout;

/// An installation in `tetra` with nothing on PATH but `tetra/bin`.
pub(super) fn config(tetra: &Path) -> Config {
    Config {
        layout: Layout::new(tetra).unwrap(),
        path: tetra.join("bin").into(),
        pyenv_root: None,
        stabilize: Duration::ZERO,
        colour: Colour::Never,
        tetra_src: None,
        no_auto_migrate: false,
    }
}

/// Waits until it holds.
#[track_caller]
pub(super) fn eventually(holds: impl Fn() -> bool) {
    const LIMIT: Duration = Duration::from_secs(20);
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < LIMIT, "it does not hold after {LIMIT:?}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// A program with the directories above it.
pub(super) fn executable(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The same texts of a pattern in every run.
pub(super) fn samples(pattern: &str, count: usize) -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let strategy = string_regex(pattern).unwrap();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// What a bash script leaves in `$m` for each value of `$t`.
pub(super) fn bash_says(script: &str, inputs: &[String]) -> Vec<String> {
    let script = format!("while IFS= read -r -d '' t; do {script}\nprintf '%s\\0' \"$m\"; done");
    let mut bash = Command::new("bash")
        .args(["-c", &script])
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = bash.stdin.take().unwrap();
    let input: String = inputs.iter().map(|text| format!("{text}\0")).collect();
    let feeder = thread::spawn(move || stdin.write_all(input.as_bytes()).unwrap());
    let output = bash.wait_with_output().unwrap();
    feeder.join().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<String> = text.split_terminator('\0').map(str::to_owned).collect();
    assert_eq!(answers.len(), inputs.len());
    answers
}
