//! `tsm restart`.

use std::fs;

use serde_json::json;

use crate::harness::{Home, Process, assert_transcript, finish, proc, wait_for, wait_until};

const FOREVER: &str = "sleep 1000";

/// The pid that runs now.
fn pid_of(home: &Home, name: &str) -> i32 {
    i32::try_from(home.record(name)["pid"].as_i64().unwrap()).unwrap()
}

fn record_text(home: &Home, name: &str) -> String {
    home.read(&format!("tsm/runtime/processes/{name}.json"))
}

#[test]
fn a_restart_keeps_id_and_name_and_begins_a_new_run() {
    let home = Home::new();
    let port = home.free_port();
    home.start("first", FOREVER);
    let old = home.start_on(port, "web", &home.server(port));
    let mut expected = home.record(&old.name);
    expected["mine"] = "x".into();
    home.put_record(&old.name, &expected);

    let output = home.tsm_soon(&["restart", &old.name]);

    let new = pid_of(&home, &old.name);
    let text = format!(
        "tsm: stopping 'web-{port}' (PID: {})\ntsm: stopped 'web-{port}'\n\
         tsm: restarted 'web-{port}' (TSM ID: 1, PID: {new}, Port: {port})\n",
        old.pid
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), text);
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
    assert!(new != old.pid && proc::is_alive(new) && !old.is_alive());
    let record = home.record(&old.name);
    for (member, value) in [
        ("pid", json!(new)),
        ("restarts", json!(1)),
        ("proc", json!({ "start_ticks": proc::start_ticks(new), "boot_id": record["proc"]["boot_id"] })),
        ("start_time", record["start_time"].clone()),
    ] {
        expected[member] = value;
    }
    assert_eq!(record, expected, "all else as it was");
    assert_eq!(home.pid_file(&old.name), Some(new));
    assert_eq!(home.events_of(&old.name), ["start", "stop", "restart"]);
    let ledger = home.read("tsm/runtime/ports/registry.tsv");
    let rows: Vec<&str> = ledger.lines().filter(|row| row.contains(&old.name)).collect();
    assert_eq!(rows.len(), 1);
    assert!(rows[0].starts_with(&format!("1\t{}\t{port}\tnone\t{new}\t", old.name)), "{rows:?}");
}

#[test]
fn env_file_and_script_are_read_again_and_logs_go_on() {
    let home = Home::new();
    home.put_work("x.env", "export TURN=1\n");
    home.put_work("run.sh", "echo old $TURN; exec sleep 1000\n");
    let old = home.start_with(&["--env", "x.env", "--name", "p", "--port", "none", "bash run.sh"]);
    home.put_work("x.env", "export TURN=2\n");
    home.put_work("run.sh", "echo new $TURN; exec sleep 1000\n");
    let mut restart = home.tsm_command(&["restart", "p"]);
    let output = finish(restart.env("TSM_STABILIZE_MS", "100").current_dir("/").env("TURN", "of the caller"));
    assert!(output.status.success(), "{output:?}");
    let environ = proc::environ(pid_of(&home, &old.name));
    assert_eq!(environ.get("TURN").map(String::as_str), Some("2"));
    assert_eq!(proc::cwd(pid_of(&home, &old.name)).unwrap(), home.work());
    wait_until("it has spoken", || home.log(&old.name, "out").contains("new"));
    assert_eq!(home.log(&old.name, "out"), "old 1\nnew 2\n");
}

#[test]
fn stopped_and_crashed_processes_run_again() {
    let home = Home::new();
    let [stopped, crashed] = ["s", "c"].map(|name| home.start(name, FOREVER));
    assert!(home.tsm(&["stop", "s"]).status.success());
    crashed.kill();
    home.wait_for_status(&crashed.name, "crashed");
    assert_transcript!(home, home.tsm_soon(&["restart", "s", "--force", "1"]), @"
    status 0
    --- stdout
    tsm: restarted 's-<EPOCH>' (TSM ID: 0, PID: <PID>, Port: none)
    tsm: restarted 'c-<EPOCH>' (TSM ID: 1, PID: <PID>, Port: none)
    --- stderr
    ");
    for process in [stopped, crashed] {
        let record = home.record(&process.name);
        assert_eq!((&record["status"], &record["restarts"]), (&json!("online"), &json!(1)));
        for gone in ["stop_time", "exit_code", "signal"] {
            assert_eq!(record.get(gone), None, "{gone}");
        }
        assert_eq!(home.pid_file(&process.name), Some(pid_of(&home, &process.name)));
    }
}

#[test]
fn every_living_process_is_restarted_and_no_other() {
    let home = Home::new();
    let [a, b, c] = ["a", "b", "c"].map(|name| home.start(name, FOREVER));
    assert!(home.tsm(&["stop", "b"]).status.success());
    assert_transcript!(home, home.tsm_soon(&["restart", "*"]), @"
    status 0
    --- stdout
    tsm: restarting all processes...
    tsm: stopping 'a-<EPOCH>' (PID: <PID>)
    tsm: stopped 'a-<EPOCH>'
    tsm: restarted 'a-<EPOCH>' (TSM ID: 0, PID: <PID>, Port: none)
    tsm: stopping 'c-<EPOCH>' (PID: <PID>)
    tsm: stopped 'c-<EPOCH>'
    tsm: restarted 'c-<EPOCH>' (TSM ID: 2, PID: <PID>, Port: none)
    tsm: restarted 2 process(es)
    --- stderr
    ");
    let restarts = [&a, &b, &c].map(|process| home.record(&process.name)["restarts"].as_i64().unwrap());
    assert_eq!(restarts, [1, 0, 1]);
    assert_eq!(home.status(&b.name), "stopped");
}

#[test]
fn what_is_not_known_is_refused() {
    let home = Home::new();
    let process = home.start("p", FOREVER);
    let pid = process.pid.to_string();
    for (words, code, text) in [
        (&["nosuch"][..], 1, "tsm: process 'nosuch' not found\n"),
        (&["7"], 1, "tsm: process ID '7' not found\n"),
        (&["00"], 1, "tsm: process ID '00' not found\n"),
        (&[&pid], 1, &format!("tsm: process ID '{pid}' not found\n")),
        (&[], 64, "tsm: restart requires a process name or ID\n"),
        (&["p", "--frob"], 64, "tsm: unknown option '--frob'\n"),
    ] {
        let output = home.tsm(&[&["restart"], words].concat());
        assert_eq!(output.status.code(), Some(code), "{words:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), text, "{words:?}");
        assert!(output.stdout.is_empty(), "{words:?}");
    }
    assert!(process.is_alive());
}

#[test]
fn a_directory_that_is_gone_is_noticed_before_anything_is_stopped() {
    let home = Home::new();
    let output = home.shell("mkdir sub; cd sub; tsm start --name p --port none sleep 1000");
    let process = Process::from_report(&String::from_utf8_lossy(&output.stdout)).unwrap();
    fs::remove_dir(home.work().join("sub")).unwrap();
    let before = record_text(&home, &process.name);
    assert_transcript!(home, home.tsm_soon(&["restart", "p"]), @"
    status 1
    --- stdout
    --- stderr
    tsm: failed to restart 'p-<EPOCH>'
    ");
    assert!(process.is_alive());
    assert_eq!(record_text(&home, &process.name), before);
    assert!(!home.exists("tsm/runtime/.reserve-0"));
}

#[test]
fn what_a_migrated_record_does_not_say_is_named() {
    let home = Home::new();
    let process = home.start("p", FOREVER);
    let whole = home.record(&process.name);
    for (member, text) in [("cwd", "working directory unknown"), ("command", "no command recorded")] {
        let mut record = whole.clone();
        record[member] = json!(null);
        home.put_record(&process.name, &record);
        let output = home.tsm_soon(&["restart", "p"]);
        assert_eq!(output.status.code(), Some(1));
        let name = &process.name;
        assert_eq!(
            String::from_utf8_lossy(&output.stderr),
            format!("tsm: failed to restart '{name}' ({text})\n")
        );
        assert_eq!(home.record(name), record);
    }
    assert!(process.is_alive());
}

#[test]
fn a_run_that_fails_leaves_the_process_stopped() {
    let home = Home::new();
    home.put_work("run.sh", "exec sleep 1000\n");
    let process = home.start("p", "bash run.sh");
    home.put_work("run.sh", "echo no >&2; exit 3\n");
    assert_transcript!(home, home.tsm_soon(&["restart", "p"]), @"
    status 1
    --- stdout
    tsm: stopping 'p-<EPOCH>' (PID: <PID>)
    tsm: stopped 'p-<EPOCH>'
    --- stderr
    tsm: failed to restart 'p-<EPOCH>'
    ");
    let record = home.record(&process.name);
    assert_eq!((&record["status"], &record["restarts"]), (&json!("stopped"), &json!(0)));
    assert!(record["stop_time"].is_i64());
    assert_eq!(home.pid_file(&process.name), None);
    assert!(!home.exists("tsm/runtime/.reserve-0"));
    assert_eq!(home.log(&process.name, "err"), "no\n");

    home.put_work("run.sh", "exec sleep 1000\n");
    assert!(home.tsm_soon(&["restart", "p"]).status.success());
    assert_eq!(home.record(&process.name)["restarts"], 1);
}

#[test]
fn a_crashed_process_that_fails_again_is_stopped() {
    let home = Home::new();
    let process = home.start("p", "bash -c 'until [ -e go ]; do sleep 0.02; done; exit 5'");
    home.put_work("go", "");
    home.wait_for_status(&process.name, "crashed");
    assert_eq!(home.tsm_soon(&["restart", "p"]).status.code(), Some(1));
    assert_eq!(home.status(&process.name), "stopped");
    assert_eq!(home.pid_file(&process.name), None);
}

#[test]
fn a_service_gets_its_port_again() {
    let home = Home::new();
    let port = home.free_port();
    let process = home.start_on(port, "web", &home.server(port));
    let mut record = home.record(&process.name);
    record["service"] = "web".into();
    home.put_record(&process.name, &record);
    assert!(home.tsm_soon(&["restart", "web"]).status.success());
    let environ = proc::environ(pid_of(&home, &process.name));
    let text = port.to_string();
    assert_eq!([environ.get("PORT"), environ.get("TSM_PORT")], [Some(&text); 2]);
}

#[test]
fn a_port_that_nobody_listens_on_is_no_warning() {
    let home = Home::new();
    let record = json!({
        "tsm_id": 0, "pid": 2, "status": "stopped", "restarts": 4, "port": home.free_port(),
        "command": "sleep 1000", "cwd": home.work(), "type": "command",
    });
    home.put_record("old", &record);
    let output = home.tsm_soon(&["restart", "0"]);
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{output:?}");
    assert_eq!(home.record("old")["restarts"], 5);
    assert!(home.read("tsm/runtime/ports/registry.tsv").contains("\told\t"), "a missing row is added");
}

#[test]
fn logs_that_lay_elsewhere_come_home() {
    let home = Home::new();
    let elsewhere = json!({ "out": home.work().join("x.out"), "err": home.work().join("x.err") });
    let record = json!({
        "tsm_id": 0, "pid": 2, "status": "crashed", "logs": elsewhere,
        "command": "bash -c 'echo hello; exec sleep 1000'", "cwd": home.work(), "type": "bash",
    });
    home.put_record("old", &record);
    assert!(home.tsm_soon(&["restart", "old"]).status.success());
    wait_until("it has spoken", || home.log("old", "out") == "hello\n");
    let logs = home.root().join("tsm/runtime/logs/old");
    let expected = json!({ "out": logs.join("current.out"), "err": logs.join("current.err") });
    assert_eq!(home.record("old")["logs"], expected);
    assert!(!home.work().join("x.out").exists());
}

#[test]
fn a_process_may_restart_itself() {
    let home = Home::new();
    home.put_work(
        "self.sh",
        "echo run:$$\nuntil [ -e go ]; do sleep 0.02; done\nrm go\ntsm restart self\necho survived\n",
    );
    let old = home.start("self", "bash self.sh");
    home.put_work("go", "");
    let new = wait_for("it runs again", || {
        let record = home.find_record(&old.name)?;
        (record["restarts"] == 1 && record["status"] == "online").then(|| pid_of(&home, &old.name))
    });
    assert!(proc::is_alive(new) && !old.is_alive());
    wait_until("the new run has spoken", || home.log(&old.name, "out").matches("run:").count() == 2);
    assert!(!home.log(&old.name, "out").contains("survived"));
    wait_until("the pid file follows the record", || home.pid_file(&old.name) == Some(new));
}
