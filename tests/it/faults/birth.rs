//! A start that is killed at any step is a start or none: never a process that nothing names, never two.

use std::fs;
use std::path::Path;
use std::process::Child;

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{
    Dice, file_names, put_listener, run_dir, running, spawn, spin_until, start_listener, succeed, text,
};
use crate::harness::isolation::report;
use crate::harness::{Home, finish, proc, wait_for, wait_until};

/// One installation with one name, `web-<port>`, that is started again and again.
pub(super) struct Stage {
    pub(super) home: Home,
    pub(super) name: String,
    pub(super) port: u16,
    listener: String,
    /// The record that is there before the start, of a run that is over.
    before: Option<Vec<u8>>,
}

impl Stage {
    pub(super) fn new() -> Self {
        let home = Home::new();
        let port = home.free_port();
        let listener = put_listener(&home);
        Self { name: format!("web-{port}"), home, port, listener, before: None }
    }

    /// The name has run before.
    pub(super) fn with_record() -> Self {
        let mut stage = Self::new();
        stage.run_once();
        stage
    }

    fn run_once(&mut self) {
        let output = finish(&mut start_listener(&self.home, self.port));
        assert!(output.status.success(), "{output:?}");
        succeed(&self.home, &["stop", &self.name]);
        self.before = fs::read(self.record()).ok();
    }

    fn record(&self) -> std::path::PathBuf {
        self.home.root().join(format!("tsm/runtime/processes/{}.json", self.name))
    }

    /// Processes of this name that are past their go byte, the launch script included.
    pub(super) fn copies(&self) -> Vec<i32> {
        let mut copies = running(&self.listener);
        let dir = run_dir(&self.home, &self.name).display().to_string();
        for pid in proc::all() {
            let is_script = proc::environ(pid).get("TSM_PROCESS_DIR") == Some(&dir)
                && proc::command_line(pid).first().is_some_and(|word| word == "bash");
            if is_script && proc::is_alive(pid) && !copies.contains(&pid) {
                copies.push(pid);
            }
        }
        copies
    }

    /// Whether record or plan names this process.
    fn is_named(&self, pid: i32) -> bool {
        let plan = fs::read(run_dir(&self.home, &self.name).join("plan.json")).unwrap_or_default();
        let plan: Value = serde_json::from_slice(&plan).unwrap_or_default();
        let record = self.home.find_record(&self.name).unwrap_or_default();
        plan["record"]["pid"] == pid || record["pid"] == pid
    }

    /// Straight after the kill: what runs is named on disk.
    #[track_caller]
    pub(super) fn check_names(&self, what: &str) {
        for pid in self.copies() {
            // Its start may just be on the way from the plan into the record, or it may just be ending.
            let named = (0..100).any(|_| self.is_named(pid) || !proc::is_alive(pid));
            assert!(named, "{what}: nothing names {pid}: {:?}", self.home.tree());
        }
    }

    /// Patrol sets right what is left, and then a start does what it says.
    #[track_caller]
    pub(super) fn check(&mut self, what: &str) {
        let (home, name) = (&self.home, &self.name);
        self.check_names(what);
        let mut remains = String::new();
        let settled = spin_until(|| {
            home.tsm(&["patrol"]);
            remains = self.remains();
            remains.is_empty()
        });
        assert!(settled, "{what}: {remains}: {:?}", home.tree());
        let copies = self.copies();
        let output = finish(&mut start_listener(home, self.port));
        if copies.is_empty() {
            assert!(output.status.success(), "{what}, then a start: {output:?}");
        } else {
            let expected = format!("❌ Process '{name}' already running\n");
            assert_eq!((output.status.code(), text(&output)), (Some(1), expected), "{what}");
        }
        let copies = self.copies();
        assert_eq!(copies.len(), 1, "{what}, then a start");
        assert_eq!(home.record(name)["pid"], copies[0], "{what}, then a start");
        if self.before.is_some() {
            succeed(home, &["stop", name]);
            self.before = fs::read(self.record()).ok();
        } else {
            succeed(home, &["delete", name]);
        }
        assert_eq!(self.copies(), [0_i32; 0], "{what}, at the end");
    }

    /// What is not as it should be after a patrol; it may still become so.
    fn remains(&self) -> String {
        let (home, name) = (&self.home, &self.name);
        let run = run_dir(home, name);
        let reservations = file_names(&home.root().join("tsm/runtime"));
        if run.join("plan.json").exists() || reservations.iter().any(|file| file.starts_with(".reserve-")) {
            return "a plan or a reservation".to_owned();
        }
        match self.copies()[..] {
            [] if self.before.is_none() && (run.exists() || home.find_record(name).is_some()) => {
                "a record or a run directory of nothing".to_owned()
            }
            [] if self.before != fs::read(self.record()).ok() => "not the record that was there".to_owned(),
            [] if home.supervisor_of(name).is_some() => "a supervisor of nothing".to_owned(),
            [] => String::new(),
            [pid] => match home.find_record(name) {
                Some(record) if record["pid"] == pid && record["status"] == "online" => {
                    let supervised = home.supervisor_of(name).is_some() && home.pid_file(name) == Some(pid);
                    if supervised { String::new() } else { "no supervisor or pid file".to_owned() }
                }
                other => format!("process {pid} with record {other:?}"),
            },
            ref more => panic!("copies: {more:?}"),
        }
    }
}

/// Kills the command or its supervisor at every system call that could change anything, until the start gets through.
/// `turn` of `turns` takes every so manieth.
fn kill_at_every_call(mut stage: Stage, role: &str, turn: usize, turns: usize) {
    let tracer = stage.home.put_work("tracer", include_str!("tracer.py"));
    for (kills, number) in (turn + 1..).step_by(turns).enumerate() {
        let start = start_listener(&stage.home, stage.port);
        let mut command = stage.home.command("python3");
        command.args(["-S", "-E"]).arg(&tracer).args([role, &number.to_string()]);
        command.arg(start.get_program()).args(start.get_args()).env("TSM_STABILIZE_MS", "200");
        let output = finish(&mut command);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let verdict = said.lines().last().unwrap_or_default().to_owned();
        if verdict.starts_with("refused") || !output.status.success() {
            report(format_args!("killing at system calls SKIPPED: {verdict} {}", text(&output)));
            return;
        }
        stage.check(&format!("{role} {verdict} (call {number})"));
        if verdict == "through" {
            assert!(kills * turns > 15, "only {kills} kills");
            return;
        }
    }
}

#[test]
fn the_command_may_be_killed_at_any_call_of_a_first_start() {
    kill_at_every_call(Stage::new(), "command", 0, 1);
}

#[test]
fn the_command_may_be_killed_at_any_call_of_a_later_start() {
    kill_at_every_call(Stage::with_record(), "command", 0, 1);
}

#[test]
fn the_supervisor_may_be_killed_at_the_odd_calls_of_a_first_start() {
    kill_at_every_call(Stage::new(), "supervisor", 0, 2);
}

#[test]
fn the_supervisor_may_be_killed_at_the_even_calls_of_a_first_start() {
    kill_at_every_call(Stage::new(), "supervisor", 1, 2);
}

#[test]
fn the_supervisor_may_be_killed_at_every_third_call_of_a_later_start() {
    kill_at_every_call(Stage::with_record(), "supervisor", 1, 3);
}

/// A point of a start that can be seen from outside.
fn is_reached(point: u64, stage: &Stage, command: &mut Child) -> bool {
    let runtime = stage.home.root().join("tsm/runtime");
    let run = run_dir(&stage.home, &stage.name);
    let has = |path: &Path| path.symlink_metadata().is_ok();
    command.try_wait().unwrap().is_some()
        || match point {
            0 => true,
            1 => file_names(&runtime).iter().any(|file| file.starts_with(".reserve-")),
            2 => has(&run.join("err")),
            3 => stage.home.supervisor_of(&stage.name).is_some(),
            4 => has(&run.join(".process.lock")),
            5 => has(&run.join(".plan.json.tmp")),
            6 => has(&run.join("plan.json")),
            7 => has(&run.join("process.lock")),
            8 => !running(&stage.listener).is_empty(),
            9 => fs::read(stage.record()).ok() != stage.before,
            _ => stage.home.pid_file(&stage.name).is_some(),
        }
}

#[test]
fn command_or_supervisor_or_both_may_be_killed_at_points_seen_from_outside() {
    let mut stage = Stage::new();
    let mut dice = Dice::new();
    for round in 0..44 {
        let point = round % 11;
        let mut command = spawn(&mut start_listener(&stage.home, stage.port));
        assert!(spin_until(|| is_reached(point, &stage, &mut command)));
        for _ in 0..dice.roll(2000) {
            std::hint::spin_loop();
        }
        let pid = i32::try_from(command.id()).unwrap();
        let victims = dice.roll(3);
        let supervisor = stage.home.supervisor_of(&stage.name);
        if victims != 0 {
            proc::kill(pid);
        }
        if victims != 1 {
            supervisor.into_iter().for_each(proc::kill);
        }
        command.wait_with_output().unwrap();
        stage.check(&format!("round {round}, point {point}, victims {victims}"));
    }
}

#[test]
fn a_killed_restart_leaves_one_copy_or_none_and_a_record() {
    let stage = Stage::new();
    let (home, name) = (&stage.home, stage.name.as_str());
    let mut dice = Dice::new();
    let output = finish(&mut start_listener(home, stage.port));
    assert!(output.status.success(), "{output:?}");
    for round in 0..25 {
        let before = home.record(name);
        let mut command = spawn(home.tsm_command(&["restart", name]).env("TSM_STABILIZE_MS", "200"));
        let point = dice.roll(4);
        assert!(spin_until(|| command.try_wait().unwrap().is_some()
            || match point {
                0 => home.status(name) == "stopping",
                1 => home.status(name) == "stopped",
                2 => run_dir(home, name).join("plan.json").exists(),
                _ => home.record(name)["pid"] != before["pid"],
            }));
        let supervisor = home.supervisor_of(name);
        if dice.roll(2) == 0 {
            supervisor.into_iter().for_each(proc::kill);
        }
        proc::send(i32::try_from(command.id()).unwrap(), Signal::SIGKILL);
        command.wait_with_output().unwrap();
        stage.check_names(&format!("round {round}"));
        wait_until(format_args!("round {round} is settled"), || {
            home.tsm(&["patrol"]);
            let run = run_dir(home, name);
            let record = home.record(name);
            !run.join("plan.json").exists()
                && match stage.copies()[..] {
                    [] => matches!(record["status"].as_str(), Some("stopped" | "crashed")),
                    [pid] => {
                        record["pid"] == pid
                            && record["status"] == "online"
                            && home.supervisor_of(name).is_some()
                    }
                    ref more => panic!("copies: {more:?}"),
                }
        });
        assert_eq!(home.record(name)["tsm_id"], before["tsm_id"]);
        let output = finish(home.tsm_command(&["restart", name]).env("TSM_STABILIZE_MS", "200"));
        assert!(output.status.success(), "round {round}: {output:?}");
        let copy = wait_for("one copy", || stage.copies().first().copied());
        assert_eq!(stage.copies(), [copy]);
        assert_eq!(home.record(name)["pid"], copy);
    }
}
