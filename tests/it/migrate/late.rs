//! Processes of the later bash versions, whose directories stay until they have ended: what ends them converts them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::stand_in::now;
use crate::harness::{Home, finish, proc, wait_for, wait_until};

const NAME: &str = "work-8000";
const DIR: &str = "tsm/runtime/processes/work-8000";

/// Counts as fast as it can, and has a last word.
const WORKER: &str =
    "exec 2>/dev/null\ntrap 'echo bye; exit 0' TERM\nn=0\nwhile :; do echo $((n++)); sleep 0.001; done\n";

/// As the bash tool started it: the recorded pid is that of the reader, which opens the log for every line.
const PIPED: &str = r#"
    { echo "$BASHPID" >"$LEADER"
      ( export TSM_PROCESS_DIR=$DIR; exec bash "$WORKER" ) 2>&1 | {
        echo "$BASHPID" >"$DIR/pid.new"; mv "$DIR/pid.new" "$DIR/pid"
        while IFS= read -r line; do printf '%s\n' "$line" >>"$DIR/current.out"; done
      }
    }
"#;

/// As it did before: the recorded pid is that of the command.
const PLAIN: &str = r#"
    echo "$BASHPID" >"$LEADER"; echo "$BASHPID" >"$DIR/pid.new"; mv "$DIR/pid.new" "$DIR/pid"
    export TSM_PROCESS_DIR=$DIR; exec bash "$WORKER" >>"$DIR/current.out" 2>&1
"#;

/// One that runs, and a user's own process that has nothing to do with it but the directory that both stand in.
struct Late {
    home: Home,
    session: i32,
    bystander: i32,
}

impl Late {
    fn new(launch: &str) -> Self {
        let home = Home::new();
        let worker = home.put_work("worker.sh", WORKER);
        home.put(&format!("{DIR}/current.out"), "");
        let background = "</dev/null >/dev/null 2>&1 &";
        let script = home.put_work("launch.sh", launch);
        let start = format!(
            "setsid bash {} {background} setsid sleep 1000000 {background} echo $!",
            script.display()
        );
        let environment = [
            ("DIR", home.root().join(DIR)),
            ("WORKER", worker.clone()),
            ("LEADER", home.work().join("leader")),
        ];
        let output = finish(home.command("bash").args(["-c", &start]).envs(environment));
        let bystander = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
        let pid = wait_for("it runs", || number(&home.root().join(DIR).join("pid")));
        home.put(&format!("{DIR}/meta.json"), meta(pid, &format!("bash {}", worker.display()), &home));
        let late = Self { session: number(&home.work().join("leader")).unwrap(), home, bystander };
        wait_until("it has said something", || late.read("current.out").lines().count() > 100);
        late
    }

    fn read(&self, file: &str) -> String {
        self.home.read(&format!("{DIR}/{file}"))
    }

    /// Everybody of it.
    fn members(&self) -> Vec<i32> {
        let is_member = |pid: &i32| {
            proc::Stat::of(*pid)
                .is_some_and(|stat| stat.session == self.session && !matches!(stat.state, 'Z' | 'X'))
        };
        proc::all().into_iter().filter(is_member).collect()
    }

    /// Nothing of it lives any more, its directory is gone, and nobody else was harmed.
    #[track_caller]
    fn assert_gone(&self) {
        assert_eq!(self.members(), [0; 0]);
        assert!(proc::is_alive(self.bystander), "a process of the user's was ended");
        assert!(!self.home.exists(DIR), "{DIR} is there");
    }

    #[track_caller]
    fn tsm(&self, words: &[&str]) -> String {
        let output = self.home.tsm_soon(words);
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }
}

fn number(path: &Path) -> Option<i32> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn meta(pid: i32, command: &str, home: &Home) -> String {
    json!({
        "id": 3, "name": NAME, "pid": pid, "command": command, "port": null, "ports": [], "cwd": home.work(),
        "env_file": null, "tsm_file": null, "stack": null, "status": "online", "started": now(),
    })
    .to_string()
}

/// Every line of the first run once and in order, then its last word; what follows is of the next one.
#[track_caller]
fn after_the_last_word(log: &str) -> &str {
    let (counted, rest) = log.split_once("bye\n").expect("its last word is in the log");
    assert!(counted.lines().zip(0_u64..).all(|(line, number)| line == number.to_string()), "{counted}");
    rest
}

fn log_of(home: &Home) -> PathBuf {
    home.root().join(format!("tsm/runtime/logs/{NAME}/current.out"))
}

fn both(check: impl Fn(&Late)) {
    [PIPED, PLAIN].into_iter().for_each(|launch| check(&Late::new(launch)));
}

#[test]
fn a_look_at_one_leaves_it_alone_and_knows_it() {
    both(|late| {
        for words in [&["list"][..], &["migrate"], &["patrol"]] {
            late.tsm(words);
        }
        let list = late.tsm(&["list"]);
        assert!(
            list.lines().any(|line| line.starts_with("3   work-8000 ") && line.contains(" online ")),
            "{list}"
        );
        assert!(late.tsm(&["logs", NAME, "--lines", "1"]).contains("=== STDOUT ==="));
        assert!(late.home.find_record(NAME).is_none() && late.home.supervisor_of(NAME).is_none());
        let said = late.read("current.out").len();
        wait_until("it goes on", || late.read("current.out").len() > said);
    });
}

#[test]
fn stop_ends_all_of_it_and_keeps_its_last_word() {
    both(|late| {
        let pid = number(&late.home.root().join(DIR).join("pid")).unwrap();
        let said = late.tsm(&["stop", "work"]);
        assert_eq!(said, format!("tsm: stopping '{NAME}' (PID: {pid})\ntsm: stopped '{NAME}'\n"));
        late.assert_gone();
        let record = late.home.record(NAME);
        assert_eq!(
            (&record["status"], &record["tsm_id"], &record["pid"]),
            (&json!("stopped"), &json!(3), &json!(pid))
        );
        assert!(record["stop_time"].is_i64(), "{record:#}");
        assert_eq!(late.home.events_of(NAME), ["stop"]);
        assert!(late.tsm(&["list"]).contains("No running services found."));
        assert_eq!(after_the_last_word(&late.home.log(NAME, "out")), "");
        let again = late.home.tsm(&["stop", NAME]);
        assert_eq!(String::from_utf8_lossy(&again.stdout), format!("tsm: process '{NAME}' not running\n"));
    });
}

#[test]
fn restart_gives_it_a_supervisor_and_the_same_id() {
    both(|late| {
        let said = late.tsm(&["restart", NAME]);
        late.assert_gone();
        let record = late.home.record(NAME);
        let pid: i32 = record["pid"].as_i64().unwrap().try_into().unwrap();
        let last = said.lines().last().unwrap();
        assert_eq!(last, format!("tsm: restarted '{NAME}' (TSM ID: 3, PID: {pid}, Port: none)"));
        assert!(
            proc::is_alive(pid) && record["proc"]["start_ticks"].is_u64() && record["restarts"] == 1,
            "{record:#}"
        );
        assert!(record.get("process_dir").is_none() && record["status"] == "online", "{record:#}");
        assert!(late.home.supervisor_of(NAME).is_some() && late.home.exists("tsm/runtime/run/work-8000/out"));
        wait_until("the new run speaks", || late.home.log(NAME, "out").contains("bye\n0\n"));
        after_the_last_word(&late.home.log(NAME, "out"));
    });
}

#[test]
fn kill_ends_all_of_it_and_keeps_its_logs() {
    both(|late| {
        let said = late.tsm(&["kill", NAME]);
        assert!(said.contains(&format!("✅ Killed TSM process: {NAME}")), "{said}");
        late.assert_gone();
        assert!(late.home.find_record(NAME).is_none());
        assert_eq!(after_the_last_word(&fs::read_to_string(log_of(&late.home)).unwrap()), "");
    });
}

#[test]
fn delete_ends_all_of_it_and_takes_its_logs_away() {
    both(|late| {
        let said = late.tsm(&["delete", NAME]);
        assert!(said.ends_with(&format!("tsm: deleted '{NAME}'\n")), "{said}");
        late.assert_gone();
        assert!(late.home.find_record(NAME).is_none() && !log_of(&late.home).exists());
    });
}

#[test]
fn the_first_command_after_its_end_converts_it() {
    both(|late| {
        late.tsm(&["list"]);
        assert!(late.home.exists(DIR));
        late.members().into_iter().for_each(proc::kill);
        wait_until("nothing of it lives", || late.members().is_empty());
        let output = late.home.tsm(&["list"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.starts_with("tsm: migrated 1 process record(s) to JSON; backup in "), "{said}");
        late.assert_gone();
        assert_eq!(late.home.status(NAME), "crashed");
    });
}
