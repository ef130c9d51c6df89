//! A migration that is killed at any system call, or one of whose system calls fails, is finished by the next command.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};

use super::back::without_traces;
use super::fail;
use super::goal::Goal;
use super::stage::{Processes, Stage};
use crate::harness::finish;
use crate::harness::isolation::report;

/// How many of the calls are taken in an ordinary run; `TSM_FAULTS=all`: every one.
const SHARE: u64 = 36;

#[expect(clippy::disallowed_methods, reason = "the tests' own setting, of no concern to the program")]
fn share() -> u64 {
    if std::env::var("TSM_FAULTS").is_ok_and(|which| which == "all") { 1 } else { SHARE }
}

/// Another number in every run.
fn any() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Runs `tsm` with these words under the tracer, which says what became of it. `None`: that cannot be done here.
fn traced(stage: &Stage, words: &[&str], number: &str) -> Option<String> {
    let tracer = stage.home.put_work("tracer", include_str!("../faults/tracer.py"));
    let migrate = stage.home.tsm_command(words);
    let mut command = stage.home.command("python3");
    command.args(["-S", "-E"]).arg(&tracer).args(["command", number]);
    command.arg(migrate.get_program()).args(migrate.get_args());
    let output = finish(&mut command);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let verdict = said.lines().last().unwrap_or_default().to_owned();
    if verdict.starts_with("refused") || !output.status.success() {
        report(format_args!("interrupted migrations SKIPPED: {verdict} {output:?}"));
        return None;
    }
    Some(verdict)
}

/// Every so manieth call is the one; `number` makes of it what the tracer is told.
fn at_every_call(goal: &Goal, number: impl Fn(u64) -> String, check: impl FnMut(&str)) {
    interrupt(&goal.stage, &["migrate", "--quiet"], number, check);
}

fn interrupt(stage: &Stage, words: &[&str], number: impl Fn(u64) -> String, mut check: impl FnMut(&str)) {
    for call in (1 + any() % share()..).step_by(share().try_into().unwrap()) {
        let Some(verdict) = traced(stage, words, &number(call)) else { return };
        check(&format!("call {call}: {verdict}"));
        if verdict == "through" {
            assert!(call > 15, "only {call} calls");
            return;
        }
    }
}

fn kill(file: &'static str, text: &str) {
    let goal = Goal::of(file, text);
    at_every_call(&goal, |call| call.to_string(), |what| goal.check(what));
}

fn kill_and_list(file: &'static str, text: &str) {
    let goal = Goal::of(file, text);
    at_every_call(&goal, |call| call.to_string(), |what| goal.check_by(&["list"], what));
}

/// One line of why, or success; then as after a kill.
fn break_a_call(file: &'static str, text: &str) {
    let goal = Goal::of(file, text);
    let fail = |call: u64| format!("{call}!{}", any() % 12);
    at_every_call(&goal, fail, |what| {
        let code = what.rsplit_once("code ").map_or("0", |(_, code)| code);
        assert!(["0", "1", "3", "4"].contains(&code), "{file}, {what}");
        let reads =
            ["openat", "read", "getdents64"].iter().any(|call| what.contains(&format!("failed {call} ")));
        if reads { goal.check_mended(what) } else { goal.check(what) }
    });
}

/// The way back, killed. Where it had begun any next command ends it, and none goes there again.
fn kill_the_way_back(file: &'static str, text: &str, next: &[&str]) {
    const BACK: [&str; 2] = ["migrate", "--rollback"];
    let stage = Stage::new(file, text, Processes::Gone).unwrap();
    stage.migrate(&[]);
    let kill = |call: u64| call.to_string();
    interrupt(&stage, &BACK, kill, |what| {
        if !status(&stage).starts_with("migrated ") {
            stage.tsm(next);
            check_back(file, &format!("{what}, then {next:?}"), &stage);
        }
        assert!(stage.tsm(&BACK).status.success(), "{file}, {what}");
        check_back(file, &format!("{what}, then another way back"), &stage);
        stage.tsm(&["list"]);
        check_back(file, &format!("{what}, then another way back and a look"), &stage);
        stage.reset();
        stage.migrate(&[]);
    });
}

fn status(stage: &Stage) -> String {
    String::from_utf8(stage.tsm(&["migrate", "--status"]).stdout).unwrap()
}

fn check_back(file: &str, when: &str, stage: &Stage) {
    let [was, is] =
        [&stage.before, &stage.snapshot()].map(|snapshot| without_traces(&stage.before, snapshot));
    fail(file, when, &was.differences(&is));
    let status = status(stage);
    assert!(status.starts_with("rolled back "), "{file}, {when}: {status}");
}

macro_rules! tests {
    ($($test:ident: $file:literal;)+) => {
        mod killed {
            $(
                #[test]
                fn $test() {
                    super::kill($file, include_str!(concat!("../../fixtures/migrate/", $file, ".txt")));
                }
            )+
        }

        mod killed_and_ended_by_another_command {
            $(
                #[test]
                fn $test() {
                    super::kill_and_list($file, include_str!(concat!("../../fixtures/migrate/", $file, ".txt")));
                }
            )+
        }

        mod killed_on_the_way_back {
            $(
                #[test]
                fn $test() {
                    let text = include_str!(concat!("../../fixtures/migrate/", $file, ".txt"));
                    super::kill_the_way_back($file, text, &["migrate", "--rollback"]);
                }
            )+
        }

        mod killed_on_the_way_back_and_ended_by_another_command {
            $(
                #[test]
                fn $test() {
                    let text = include_str!(concat!("../../fixtures/migrate/", $file, ".txt"));
                    super::kill_the_way_back($file, text, &["list"]);
                }
            )+
        }

        mod with_a_failing_call {
            $(
                #[test]
                fn $test() {
                    super::break_a_call($file, include_str!(concat!("../../fixtures/migrate/", $file, ".txt")));
                }
            )+
        }
    };
}

tests! {
    environments: "09-fe343c04-gen4-runtime-dirs";
    port_registry: "16-26ba21b0-gen5-ports-registry";
    directories: "28-681fc3e1-json7-ports-array";
    three_generations: "h57-mixed-generations";
    links: "h60-enabled-links";
    active_and_db: "t66-tcs3-active-abs-meta";
}
