//! A process that the bash tool started is taken over while it runs: first its record, later by a supervisor.

use super::back::without_traces;
use super::fail;
use super::snapshot::Snapshot;
use super::stage::{Processes, Stage};
use crate::harness::{proc, wait_until};

const NAME: &str = "log-4100";
const OLD_LOG: &str = "tsm/runtime/logs/log-4100.out";
const NEW_LOG: &str = "tsm/runtime/logs/log-4100/current.out";
const RUN: &str = "tsm/runtime/run/log-4100";

/// Counts, by a descriptor of its own, and has a last word.
const WRITER: &str = "\
trap 'echo bye; exit 0' TERM
n=0
while :; do echo $((n++)); sleep 0.001; done
";

/// One living process of the last `.meta` generation.
fn stage() -> Stage {
    let text = format!(
        "-- expect\nexit 0\n\n\
        -- record tsm/runtime/processes/log-4100.meta\n{{}}\n\n\
        -- process p\nbash @ROOT@/writer\nout {OLD_LOG}\nerr tsm/runtime/logs/log-4100.err\n\n\
        -- file tsm/runtime/processes/log-4100.meta\ntsm_id=1\nname=log-4100\npid=@PID:p@\n\
        command='bash @ROOT@/writer'\nport=none\nstart_time=@START:p@\nenv_file=''\ncwd='/'\ntype=command\ninterpreter=''\n\
        -- file tsm/runtime/pids/log-4100.pid\n@PID:p@\n\
        -- file writer\n{WRITER}"
    );
    Stage::new("adopted", &text, Processes::Gone).unwrap()
}

/// Migrated, and not yet taken over by a supervisor: neither by that nor by a look.
fn migrated() -> Stage {
    let stage = stage();
    assert_eq!(stage.migrate(&[]).code, 0);
    assert!(stage.tsm(&["list"]).status.success());
    assert!(!stage.home.exists("tsm/runtime/run"), "it was adopted too soon");
    stage
}

fn adopted() -> Stage {
    let stage = migrated();
    assert_eq!(stage.tsm(&["patrol"]).status.code(), Some(0));
    wait_until("patrol has it adopted", || stage.home.supervisor_of(NAME).is_some());
    stage
}

fn pid(stage: &Stage) -> i32 {
    stage.home.record(NAME)["pid"].as_i64().unwrap().try_into().unwrap()
}

/// Every line once and in order, up to the last word; what follows it.
#[track_caller]
fn after_the_last_word(log: &str) -> &str {
    let (counted, rest) = log.split_once("bye\n").expect("its last word is in the log");
    assert_counted(counted);
    rest
}

#[track_caller]
fn assert_counted(log: &str) {
    let wrong = log.lines().zip(0_u64..).find(|(line, number)| *line != number.to_string());
    assert_eq!(wrong, None);
}

#[track_caller]
fn assert_grows(stage: &Stage, log: &str) {
    let written = || stage.home.read(log).len();
    let before = written();
    wait_until(format_args!("{log} grows"), || written() > before);
}

#[test]
fn a_command_that_writes_adopts_it_and_leaves_its_log_to_it() {
    let stage = migrated();
    stage.home.start("other", "sleep 1000000");
    wait_until("the start has it adopted", || stage.home.supervisor_of(NAME).is_some());
    assert!(!stage.home.exists(&format!("{RUN}/out")), "it has no fifo before its next start");
    assert_grows(&stage, NEW_LOG);
    assert_eq!(stage.home.status(NAME), "online");
}

#[test]
fn the_end_of_an_adopted_process_is_recorded() {
    for (signal, events) in [
        (nix::sys::signal::Signal::SIGKILL, &["adopt", "crash"][..]),
        (nix::sys::signal::Signal::SIGTERM, &["adopt", "exit"]),
    ] {
        let stage = adopted();
        proc::send(pid(&stage), signal);
        wait_until("its supervisor has said so and left", || stage.home.supervisor_of(NAME).is_none());
        assert_ne!(stage.home.status(NAME), "online");
        // Not every kernel tells how a process ended whose parent one is not: an end that nobody saw is a crash.
        let unseen =
            stage.home.record(NAME)["exit_code"].is_null() && stage.home.record(NAME).get("signal").is_none();
        let expected = if unseen { &["adopt", "crash"][..] } else { events };
        assert_eq!(stage.home.events_of(NAME), expected);
        assert_counted(stage.home.read(NEW_LOG).trim_end_matches("bye\n"));
    }
}

#[test]
fn a_restart_gives_it_fifos_and_goes_on_in_its_log() {
    for stage in [migrated(), adopted()] {
        let before = pid(&stage);
        let output = stage.tsm(&["restart", NAME]);
        assert!(output.status.success(), "{output:?}");
        assert!(stage.home.exists(&format!("{RUN}/out")) && stage.home.supervisor_of(NAME).is_some());
        let record = stage.home.record(NAME);
        assert!(
            pid(&stage) != before && record["restarts"] == 1 && record["status"] == "online",
            "{record:#}"
        );
        assert!(!proc::is_alive(before));
        wait_until("the new run speaks", || stage.home.read(NEW_LOG).contains("bye\n0\n"));
        assert_counted(after_the_last_word(&stage.home.read(NEW_LOG)).rsplit_once('\n').unwrap().0);
    }
}

#[test]
fn a_stop_ends_it_and_records_that() {
    for stage in [migrated(), adopted()] {
        let before = pid(&stage);
        let output = stage.tsm(&["stop", NAME]);
        assert!(output.status.success(), "{output:?}");
        assert!(!proc::is_alive(before));
        let record = stage.home.record(NAME);
        assert!(record["status"] == "stopped" && record["stop_time"].is_i64(), "{record:#}");
        assert_eq!(after_the_last_word(&stage.home.read(NEW_LOG)), "");
    }
}

#[test]
fn on_the_way_back_its_supervisor_leaves_and_it_runs_on() {
    let mut stage = adopted();
    let (process, supervisor) = (pid(&stage), stage.home.supervisor_of(NAME).unwrap());
    let output = stage.tsm(&["migrate", "--rollback"]);
    assert!(output.status.success(), "{output:?}");
    wait_until("its supervisor has left", || !proc::is_alive(supervisor));
    assert!(!stage.home.exists(RUN), "{RUN} is there");
    assert!(stage.all_run() && proc::is_alive(process));
    assert_grows(&stage, OLD_LOG);
    let text = stage.home.read(OLD_LOG);
    assert_counted(text.rsplit_once('\n').unwrap().0);
    fail("adopted", "taken back", &left_of(&stage));
    // The bash tool's own list, so to speak: nobody converts it behind its back.
    assert!(stage.tsm(&["list"]).stdout.windows(NAME.len()).any(|part| part == NAME.as_bytes()));
    assert!(stage.home.find_record(NAME).is_none());
}

/// What is not as it was, but for the log, what tells of the adoption, and the directory of supervisors.
fn left_of(stage: &Stage) -> Vec<String> {
    let same = |snapshot: &Snapshot| {
        without_traces(&stage.before, snapshot).filtered(|path| {
            !path.starts_with("tsm/db")
                && !path.starts_with("tsm/runtime/logs")
                && !path.ends_with("runtime/run")
        })
    };
    same(&stage.before).differences(&same(&stage.snapshot()))
}
