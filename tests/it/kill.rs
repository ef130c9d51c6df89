//! `tsm kill`.

use std::process::Output;

use serde_json::json;

use crate::harness::{Home, Process, Stranger, assert_transcript, proc, wait_until};

const FOREVER: &str = "sleep 1000";

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn whoever_listens_on_a_port_is_killed() {
    let home = Home::new();
    for (kind, more) in [("SOCK_STREAM", "s.listen()"), ("SOCK_DGRAM", "pass")] {
        let stranger = Stranger::bound(&home, kind, more);
        let (port, pid) = (&stranger.said, stranger.pid());
        let line = proc::command_line(pid).join(" ");
        let shown = line.get(..60).unwrap();
        let output = home.tsm(&["kill", "--port", port]);
        assert_eq!(
            stdout(&output),
            format!(
                "🔍 Finding processes using port {port}...\n📋 Found 1 process(es) using port {port}:\n  \
                 PID {pid}: {shown}\n🛑 Terminating PID {pid} (SIGTERM)...\n\
                 ✅ Killed 1 process(es) on port {port}\n"
            )
        );
        assert_eq!(output.status.code(), Some(0));
        assert!(!stranger.is_alive(), "{kind}");
    }
    assert!(home.tree().is_empty(), "nothing is written about what is not managed");
}

#[test]
fn a_port_that_is_only_talked_to_is_nobody_s() {
    let home = Home::new();
    let server = Stranger::bound(&home, "SOCK_STREAM", "s.listen()");
    let client = format!(
        "import socket, time; s = socket.create_connection(('127.0.0.1', {})); \
         print(s.getsockname()[1], flush=True); time.sleep(1000)",
        server.said
    );
    let client = Stranger::python(&home, &client);
    let output = home.tsm(&["kill", "--port", &client.said]);
    let none = format!("❌ No processes found using port {}\n", client.said);
    assert!(stdout(&output).ends_with(&none), "{output:?}");
    assert_eq!(output.status.code(), Some(1));
    assert!(home.tsm(&["kill", "--force", "--port", &server.said]).status.success());
    assert_eq!([server.is_alive(), client.is_alive()], [false, true]);
}

#[test]
fn what_is_no_port_finds_nobody() {
    let home = Home::new();
    assert_transcript!(home, home.tsm(&["kill", "--port", "http", "70000", "-1"]), @"
    status 64
    --- stdout
    --- stderr
    tsm: unknown option '-1'
    Use 'tsm kill --help' for usage information
    ");
    assert_transcript!(home, home.tsm(&["kill", "--port", "http", "70000", ""]), @"
    status 1
    --- stdout
    🔍 Finding processes using port http...
    ❌ No processes found using port http
    🔍 Finding processes using port 70000...
    ❌ No processes found using port 70000
    🔍 Finding processes using port ...
    ❌ No processes found using port 

    📊 Summary: 0 succeeded, 3 failed
    --- stderr
    ");
}

#[test]
fn a_managed_process_goes_with_all_that_was_kept_of_it_but_its_logs() {
    let home = Home::new();
    let port = home.free_port();
    let other = home.start("other", FOREVER);
    let process = home.start_on(port, "web", &home.server(port));
    home.put(&format!("tsm/runtime/processes/{}.env", process.name), "A=1\n");
    let (name, pid) = (&process.name, process.pid);
    let line = proc::command_line(pid).join(" ");
    let shown = line.get(..line.len().min(60)).unwrap();
    let output = home.tsm(&["kill", "--port", &port.to_string()]);
    assert_eq!(
        stdout(&output),
        format!(
            "🔍 Finding processes using port {port}...\n📋 Found 1 process(es) using port {port}:\n  \
             PID {pid}: {shown}\n🛑 Terminating PID {pid} (SIGTERM)...\n\
             ✅ Killed 1 process(es) on port {port}\n"
        )
    );
    assert!(!process.is_alive() && other.is_alive());
    let mut of_it = home.tree();
    of_it.retain(|path| path.contains(name));
    let logs = format!("tsm/runtime/logs/{name}");
    assert_eq!(of_it, [logs.clone(), format!("{logs}/current.err"), format!("{logs}/current.out")]);
    let ledger = home.read("tsm/runtime/ports/registry.tsv");
    assert!(!ledger.contains(name) && ledger.contains(&other.name), "{ledger}");
    assert_eq!(home.events_of(name), ["start", "stop"]);
}

#[test]
fn a_managed_process_loses_its_whole_tree() {
    let home = Home::new();
    let tree = "bash -c 'setsid sleep 1001 & (env -i setsid sleep 1002 &); sleep 1003 & wait'";
    let process = home.start("p", tree);
    let mut below = Vec::new();
    wait_until("all three run", || {
        let supervisor = home.supervisor_of(&process.name).unwrap();
        below = proc::descendants(supervisor);
        let runs = |end: &str| {
            below.iter().any(|pid| proc::command_line(*pid).get(1).is_some_and(|word| word == end))
        };
        ["1001", "1002", "1003"].iter().all(|end| runs(end))
    });
    assert!(home.tsm(&["kill", "--pid", &process.pid.to_string()]).status.success());
    assert_eq!(below.iter().filter(|pid| proc::is_alive(**pid)).count(), 0);
    assert!(home.find_record(&process.name).is_none());
}

#[test]
fn of_a_stranger_only_the_one_process_is_killed() {
    let home = Home::new();
    let script = "import os, subprocess, time; os.setpgid(0, 0); \
                  print(subprocess.Popen(['sleep', '1000']).pid, flush=True); time.sleep(1000)";
    let stranger = Stranger::python(&home, script);
    let child: i32 = stranger.said.parse().unwrap();
    let pid = stranger.pid();
    let line = proc::command_line(pid).join(" ");
    let output = home.tsm(&["kill", "-f", "--pid", &pid.to_string()]);
    assert_eq!(
        stdout(&output),
        format!(
            "🔍 Checking process PID {pid}...\n📋 Found process: PID {pid} ({})\n\
             💥 Force killing PID {pid} (SIGKILL)...\n✅ Killed process: PID {pid}\n",
            line.get(..60).unwrap()
        )
    );
    assert_eq!(output.status.code(), Some(0));
    assert!(!stranger.is_alive());
    assert!(proc::is_alive(child));
    proc::kill(child);
}

#[test]
fn it_kills_neither_itself_nor_what_is_no_pid() {
    let home = Home::new();
    let output = home.shell("exec tsm kill --pid $$");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(stdout(&output).ends_with(" not found or not accessible\n"), "{output:?}");
    for pid in ["", "+5", "0x10", "1 ", "99999999999999999999", "4194305", "-5"] {
        let output = home.tsm(&["kill", "--pid", pid]);
        let expected =
            format!("🔍 Checking process PID {pid}...\n❌ Process {pid} not found or not accessible\n");
        assert_eq!((output.status.code(), stdout(&output)), (Some(1), expected), "{pid:?}");
    }
}

#[test]
fn a_name_is_a_pattern_for_what_precedes_the_last_part() {
    let home = Home::new();
    let [web, wab, api] = ["web", "wab", "api"].map(|name| home.start(name, FOREVER));
    assert_transcript!(home, home.tsm(&["kill", "w[!a]b", "w"]), @"
    status 1
    --- stdout
    🔍 Finding processes with name 'w[!a]b'...
    📋 Found TSM process: web-<EPOCH> (PID: <PID>)
    🛑 Terminating PID <PID> (SIGTERM)...
    ✅ Killed TSM process: web-<EPOCH>
    🔍 Finding processes with name 'w'...
    ❌ No TSM-managed processes found with name 'w'

    📊 Summary: 1 succeeded, 1 failed
    --- stderr
    ");
    assert!(home.tsm(&["kill", "w?b"]).status.success());
    assert_eq!([&web, &wab, &api].map(Process::is_alive), [false, false, true]);
}

#[test]
fn a_whole_name_spares_those_that_begin_with_it() {
    let home = Home::new();
    let [one, two] = ["one", "two"].map(|name| home.start(name, FOREVER));
    let mut record = home.record(&two.name);
    record["name"] = format!("{}-2", one.name).into();
    home.put_record(&format!("{}-2", one.name), &record);
    assert!(home.tsm(&["kill", &one.name]).status.success());
    assert_eq!([one.is_alive(), two.is_alive()], [false, true]);
}

#[test]
fn a_record_without_a_pid_cannot_be_killed() {
    let home = Home::new();
    let record = json!({ "tsm_id": 0, "name": "old", "pid": null, "status": "stopped" });
    home.put_record("old", &record);
    assert_transcript!(home, home.tsm(&["kill", "0"]), @"
    status 1
    --- stdout
    🔍 Finding process with TSM ID 0...
    ❌ Invalid metadata for TSM ID 0
    --- stderr
    ");
    assert_eq!(home.record("old"), record);
}

#[test]
fn a_dead_process_found_by_its_id_is_forgotten_without_an_event() {
    let home = Home::new();
    let process = home.start("p", FOREVER);
    process.kill();
    home.wait_for_status(&process.name, "crashed");
    wait_until("the event is written", || home.events_of(&process.name).len() == 2);
    assert_eq!(home.tsm(&["kill", &process.name]).status.code(), Some(1));
    assert!(home.find_record(&process.name).is_some(), "by its name only the living are found");
    assert_eq!(home.tsm(&["kill", "0"]).status.code(), Some(1));
    assert!(home.find_record(&process.name).is_none());
    assert!(!home.exists(&format!("tsm/runtime/run/{}", process.name)));
    assert!(!home.read("tsm/runtime/ports/registry.tsv").contains(&process.name));
    assert!(home.exists(&format!("tsm/runtime/logs/{}/current.out", process.name)));
    assert_eq!(home.events_of(&process.name), ["start", "crash"]);
}
