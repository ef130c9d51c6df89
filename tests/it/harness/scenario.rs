//! Console scenarios: what somebody types, and what must come of it.
//!
//! A scenario (`NAME.t`) is a text file. A line `$ command` is a step, `~ command` a step that is run but not looked
//! at, anything else a remark. One bash runs all of them, so that directories, variables and functions stay. What is
//! expected (`NAME.out`) is a block for each `$` step: the command, then stdout (two blanks before each line), stderr
//! (`! `), and the exit code if it is not 0 (`? `).

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;
use similar::TextDiff;

use super::isolation::{self, Isolation};
use super::wait::holds_within;
use super::{Home, tidy};

const LIMIT: Duration = Duration::from_secs(180);

/// Runs the steps, each in a file of its own, and leaves what came of them beside it.
const DRIVER: &str = r#"
umask 022
if [ -n "${SHIM-}" ]; then source "$SHIM" >/dev/null 2>&1; fi
for __step in "$STEPS"/*.cmd; do
    eval "$(<"$__step")" >"${__step%cmd}out" 2>"${__step%cmd}err" </dev/null
    echo "$?" >"${__step%cmd}rc"
done
"#;

/// A scenario file and what must come of it.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) script: &'static str,
    pub(crate) expected: &'static str,
    /// Uses no fixed port and looks at no process but its own: it may run among others.
    pub(crate) runs_anywhere: bool,
    /// Steps, counted from 1, that cannot be right yet, and what they wait for.
    pub(crate) waiting: &'static [(usize, &'static str)],
}

impl Scenario {
    /// Runs it, and fails with a diff for every step that is not as expected, and for every step that is but is said
    /// to be waiting.
    #[track_caller]
    pub(crate) fn check(&self) {
        match isolation::available() {
            Ok(isolation) => self.check_in(isolation),
            Err(why) if self.runs_anywhere => {
                isolation::report(format_args!("{}: run without namespaces: {why}", self.name));
                self.check_in(&Isolation::none());
            }
            Err(why) => isolation::report(format_args!("{} SKIPPED, no namespaces: {why}", self.name)),
        }
    }

    #[track_caller]
    pub(super) fn check_in(&self, isolation: &Isolation) {
        let faults = self.faults(&self.run(isolation));
        assert!(faults.is_empty(), "{}, {} step(s):\n\n{}", self.name, faults.len(), faults.join("\n"));
    }

    /// What is wrong, a text for each step.
    fn faults(&self, got: &[String]) -> Vec<String> {
        let expected = blocks(self.expected);
        let mut faults = Vec::new();
        for number in 1..=expected.len().max(got.len()) {
            let wanted = expected.get(number - 1).map_or("", String::as_str);
            let got = got.get(number - 1).map_or("", String::as_str);
            let waiting = self.waiting.iter().find(|(step, _)| *step == number);
            match (wanted == got, waiting) {
                (true, None) | (false, Some(_)) => {}
                (false, None) => faults.push(format!("step {number}\n{}", diff(wanted, got))),
                (true, Some((_, what))) => faults.push(format!(
                    "step {number} is right now, though it is said to wait for {what}: un-ignore it\n{wanted}"
                )),
            }
        }
        faults
    }

    /// Whether its commands are the functions that old callers source.
    fn is_sourced(&self) -> bool {
        self.name.starts_with("shims/")
    }

    /// The blocks of the steps that are looked at.
    fn run(&self, isolation: &Isolation) -> Vec<String> {
        let home = Home::new();
        let steps = home.dir().join("steps");
        fs::create_dir(&steps).unwrap();
        let commands: Vec<(bool, &str)> = self.script.lines().filter_map(step).collect();
        for (number, (_, command)) in commands.iter().enumerate() {
            fs::write(file(&steps, number, "cmd"), command).unwrap();
        }
        let ended = drive(&home, &steps, isolation, self.is_sourced());
        let shown = commands.iter().enumerate().filter(|(_, (is_shown, _))| *is_shown);
        let blocks = shown.map(|(number, (_, command))| block(&home, &steps, number, command));
        let mut blocks: Vec<String> = blocks.collect();
        if let (false, Some(last)) = (ended, blocks.last_mut()) {
            let _ = writeln!(last, "? not done after {} s", LIMIT.as_secs());
        }
        blocks
    }
}

/// Whether a line is a step that is looked at, and its command.
fn step(line: &str) -> Option<(bool, &str)> {
    let shown = line.strip_prefix("$ ").map(|command| (true, command));
    shown.or_else(|| line.strip_prefix("~ ").map(|command| (false, command)))
}

/// `false`: it had to be killed.
fn drive(home: &Home, steps: &Path, isolation: &Isolation, is_sourced: bool) -> bool {
    let mut command = isolation.command(home, DRIVER);
    if is_sourced {
        command.env("SHIM", home.shims().join("tsm.sh"));
    }
    let mut child = command
        .env("STEPS", steps)
        .env("ROOT", home.root())
        .env("WORK", home.work())
        .env("LANG", "C.UTF-8")
        .env("USER", "root")
        .env("LOGNAME", "root")
        .env("SHELL", "/bin/bash")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ended = holds_within(LIMIT, || child.try_wait().unwrap().is_some());
    if !ended {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    ended
}

/// One step as it is written in `NAME.out`.
fn block(home: &Home, steps: &Path, number: usize, command: &str) -> String {
    let read = |kind: &str| {
        let bytes = fs::read(file(steps, number, kind)).unwrap_or_default();
        clean(home, &String::from_utf8_lossy(&bytes))
    };
    let code = read("rc");
    let mut block = format!("$ {}\n", clean(home, command));
    for (mark, text) in [("  ", read("out")), ("! ", read("err"))] {
        for line in text.lines() {
            let _ = writeln!(block, "{}", format!("{mark}{line}").trim_end());
        }
    }
    match code.as_str() {
        "0" => {}
        "" => block.push_str("? never ended\n"),
        code => {
            let _ = writeln!(block, "? {code}");
        }
    }
    block
}

/// Without what changes, without colours, without blanks at the ends of lines, without empty lines at the end.
fn clean(home: &Home, text: &str) -> String {
    static TERMINAL: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\(B)").unwrap());
    let text = tidy(home, &TERMINAL.replace_all(text, ""));
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end_matches('\n').to_owned()
}

/// What is expected, step by step.
fn blocks(expected: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    for line in expected.lines() {
        if line.starts_with("$ ") {
            blocks.push(String::new());
        }
        if let Some(block) = blocks.last_mut() {
            let _ = writeln!(block, "{}", line.trim_end());
        }
    }
    blocks
}

fn diff(expected: &str, got: &str) -> String {
    let diff = TextDiff::from_lines(expected, got);
    let lines = diff.iter_all_changes().map(|change| format!("{}{}", change.tag(), change.value()));
    format!("(- expected, + got)\n{}", lines.collect::<String>())
}

fn file(steps: &Path, number: usize, kind: &str) -> PathBuf {
    steps.join(format!("{number:03}.{kind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: Scenario = Scenario {
        name: "sample",
        script: "# a remark\n~ word=hello; cd /\n$ echo $word; pwd\n$ echo PID: 7 >&2; (exit 3)\n$ printf ' \\n\\n'\n",
        expected: "$ echo $word; pwd\n  hello\n  /\n$ echo PID: <PID> >&2; (exit 3)\n! PID: <PID>\n? 3\n$ printf ' \\n\\n'\n",
        runs_anywhere: true,
        waiting: &[],
    };

    #[test]
    fn a_scenario_that_goes_as_expected_has_no_faults() {
        SCRIPT.check();
        SCRIPT.check_in(&Isolation::none());
    }

    #[test]
    fn a_step_that_is_not_as_expected_is_a_fault() {
        let wrong = Scenario { expected: &SCRIPT.expected.replace("hello", "hallo").leak()[..], ..SCRIPT };
        let faults = wrong.faults(&wrong.run(&Isolation::none()));
        assert_eq!(faults, ["step 1\n(- expected, + got)\n $ echo $word; pwd\n-  hallo\n+  hello\n   /\n"]);
    }

    #[test]
    fn a_missing_step_is_a_fault() {
        let longer = Scenario { expected: &format!("{}$ more\n", SCRIPT.expected).leak()[..], ..SCRIPT };
        assert_eq!(longer.faults(&longer.run(&Isolation::none())).len(), 1);
    }

    #[test]
    fn a_waiting_step_must_fail() {
        let waits = Scenario { waiting: &[(2, "a later day")], ..SCRIPT };
        let faults = waits.faults(&waits.run(&Isolation::none()));
        assert_eq!(faults.len(), 1);
        assert!(faults[0].starts_with("step 2 is right now, though it is said to wait for a later day"));

        let wrong = Scenario { expected: &SCRIPT.expected.replace("? 3", "? 4").leak()[..], ..waits };
        assert_eq!(wrong.faults(&wrong.run(&Isolation::none())), [""; 0]);
    }
}
