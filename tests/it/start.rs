//! `tsm start` of a command.

mod service;

use std::ffi::OsStr;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::harness::{Home, Process, assert_transcript, finish, proc, wait_until};

/// Runs until somebody ends it.
const FOREVER: &str = "sleep 1000";

/// Waits for the file `go` in the directory that commands run in.
const WAIT_FOR_GO: &str = "until [ -e go ]; do sleep 0.02; done";

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn wrong_words_are_refused_and_start_nothing() {
    let home = Home::new();
    let required = "tsm: command required\nUsage: tsm start [--env FILE] [--port PORT] [--name NAME] <command> [args...]\n";
    for (words, refusal) in [
        (&[][..], required),
        (&["--port", "abc"], required),
        (&[""], "tsm: command required\n"),
        (&["--name", "x", ""], "tsm: command required\n"),
        (&["touch", "made", "--verbose"], "tsm: unknown option '--verbose'\n"),
        (&["touch", "made", "--"], "tsm: unknown option '--'\n"),
        (&["--port=3", "touch", "made"], "tsm: unknown option '--port=3'\n"),
        (&["--port", "abc", "touch", "made", "--help"], "tsm: unknown option '--help'\n"),
        (&["touch", "made", "--env"], "tsm: option '--env' requires a value\n"),
        (&["touch", "made", "--name"], "tsm: option '--name' requires a value\n"),
        (&["--port", "0", "touch", "made"], "tsm: invalid port '0'\n"),
        (&["--port", "65536", "touch", "made"], "tsm: invalid port '65536'\n"),
        (&["--port", "080", "touch", "made"], "tsm: invalid port '080'\n"),
        (&["--port", "--env", "touch", "made"], "tsm: invalid port '--env'\n"),
        (&["--port", "x", "--name", "a/b", "touch", "made"], "tsm: invalid port 'x'\n"),
    ] {
        let output = home.tsm(&[&["start"], words].concat());
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(64), refusal), "{words:?}");
        assert!(output.stdout.is_empty(), "{words:?}");
    }
    assert!(home.tree().is_empty());
    assert!(!home.work().join("made").exists());
}

#[test]
fn names_that_cannot_be_files_are_refused() {
    let home = Home::new();
    let long = "x".repeat(196);
    for name in [".hidden", "a/b", "tab\there", "\x7f", long.as_str()] {
        let output = home.tsm(&["start", "--port", "8000", "--name", name, "touch made"]);
        assert_eq!(output.status.code(), Some(1), "{name:?}");
        assert_eq!(stderr(&output), format!("❌ Failed to start: {name}-8000 (invalid name)\n"));
    }
    assert!(home.tree().is_empty());
    assert!(!home.work().join("made").exists());
}

#[test]
fn a_name_may_have_two_hundred_bytes() {
    let home = Home::new();
    let process = home.start(&"n".repeat(200 - "-1795384771".len()), FOREVER);
    assert_eq!(process.name.len(), 200);
    assert_eq!(home.status(&process.name), "online");
}

#[test]
fn what_is_not_text_is_refused() {
    let home = Home::new();
    let raw = |bytes: &'static [u8]| OsStr::from_bytes(bytes);
    let start = |words: &[&OsStr]| finish(home.tsm_command(&["start", "--port", "none"]).args(words));
    let command = start(&[raw(b"--name"), raw(b"c"), raw(b"sleep \xff")]);
    let env = start(&[raw(b"--name"), raw(b"e"), raw(b"--env"), raw(b"\xff.env"), raw(b"sleep 9")]);
    let name = start(&[raw(b"--name"), raw(b"\xff"), raw(b"sleep 9")]);
    for (output, reason) in [(&command, "not UTF-8"), (&env, "not UTF-8"), (&name, "invalid name")] {
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(output).ends_with(&format!(" ({reason})\n")), "{output:?}");
    }
    assert!(home.tree().is_empty());
}

#[test]
fn the_name_is_the_program_and_its_port_or_the_second() {
    let home = Home::new();
    let port = home.free_port();
    home.put_work("bin/serve.sh", "#!/bin/bash\nexec sleep 1000\n");
    let before = home.start_with(&["--port", "none", "./bin/serve.sh"]);
    let second = home.record(&before.name)["start_time"].as_i64().unwrap();
    let epoch: i64 = before.name.strip_prefix("serve-").unwrap().parse().unwrap();
    assert!((second - 10..=second).contains(&epoch), "{epoch}, started at {second}");
    let on_port = home.start_with(&["--port", &port.to_string(), &home.server(port)]);
    assert_eq!((on_port.name, on_port.port), (format!("python3-{port}"), Some(port)));
}

#[test]
fn a_name_that_is_being_started_is_taken() {
    let home = Home::new();
    let own = std::process::id();
    let stamp = proc::start_ticks(own.cast_signed()).unwrap();
    home.put("tsm/runtime/.reserve-0", format!("{own} {stamp} web-8000\n"));
    assert_transcript!(home, home.tsm(&["start", "--port", "8000", "--name", "web", "touch made"]), @"
    status 1
    --- stdout
    --- stderr
    ❌ Process 'web-8000' already running
    ");
    assert!(!home.work().join("made").exists());
    assert_eq!(home.start("other", FOREVER).id, 1, "the id is taken, too");
}

#[test]
fn a_reservation_whose_holder_is_gone_takes_nothing() {
    let home = Home::new();
    let own = std::process::id();
    home.put("tsm/runtime/.reserve-0", format!("{own} 1 web-8000\n"));
    assert_eq!(home.start("other", FOREVER).id, 0);
    assert!(!home.exists("tsm/runtime/.reserve-0"));
}

#[test]
fn the_lowest_free_id_is_taken() {
    let home = Home::new();
    home.put_record("a", &json!({ "tsm_id": 0, "pid": 2, "status": "stopped" }));
    home.put_record("c", &json!({ "tsm_id": 2, "pid": 2, "status": "crashed" }));
    let ids = ["x", "y"].map(|name| home.start(name, FOREVER).id);
    assert_eq!(ids, [1, 3]);
}

#[test]
fn only_what_an_env_file_exports_reaches_the_process() {
    let home = Home::new();
    home.put_work("env/dev.env", "export GIVEN=1\nKEPT=2\nfor i in a; do WORD=$i; done\n");
    let process = home.start_with(&["--env", "dev", "--name", "p", "--port", "none", "sleep 100$KEPT"]);
    let environ = process.environ();
    assert_eq!(environ.get("GIVEN").map(String::as_str), Some("1"));
    assert!(!environ.contains_key("KEPT"));
    assert_eq!(proc::command_line(process.pid), ["sleep", "1002"]);
    assert_eq!(home.record(&process.name)["env_file"], "env/dev.env");
}

#[test]
fn what_an_env_file_says_is_shown_to_the_caller() {
    let home = Home::new();
    home.put_work("say.env", "echo spoken; echo complained >&2\n");
    let output = home.tsm_soon(&["start", "--env", "say.env", "--name", "p", "--port", "none", FOREVER]);
    let process = Process::from_report(&String::from_utf8_lossy(&output.stdout)).unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("spoken\n✅"), "{output:?}");
    assert_eq!(stderr(&output), "complained\n");
    assert_eq!(home.log(&process.name, "out") + &home.log(&process.name, "err"), "");
}

#[test]
fn an_env_file_is_not_looked_for_on_path() {
    let home = Home::new();
    home.put_work("x.env", "export FROM=here\n");
    fs::write(home.bin().join("x.env"), "export FROM=path\n").unwrap();
    fs::write(home.bin().join("y.env"), "export FROM=path\n").unwrap();
    let here = home.start_with(&["--env", "x.env", "--name", "x", "--port", "none", FOREVER]);
    assert_eq!(here.environ().get("FROM").map(String::as_str), Some("here"));
    let none = home.start_with(&["--env", "y.env", "--name", "y", "--port", "none", FOREVER]);
    assert!(!none.environ().contains_key("FROM"));
    assert_eq!(home.record(&none.name)["env_file"], "y.env", "recorded, though there is none");
}

#[test]
fn a_slow_env_file_is_waited_for() {
    let home = Home::new();
    home.put_work("slow.env", "sleep 0.7\nexport SLOW=1\n");
    let process = home.start_with(&["--env", "slow.env", "--name", "p", "--port", "none", FOREVER]);
    assert!(process.environ().contains_key("SLOW"));
}

#[test]
fn an_env_file_that_leaves_something_running_does_not_count_as_a_handshake() {
    let home = Home::new();
    let text = format!("{{ {WAIT_FOR_GO}; }} >/dev/null 2>&1 &\nexit 3\n");
    home.put_work("bad.env", text);
    let output = home.tsm_soon(&["start", "--env", "bad.env", "--name", "p", "--port", "8000", FOREVER]);
    assert_transcript!(home, output, @"
    status 1
    --- stdout
    --- stderr
    ❌ Failed to start: p-8000 (no PID file)
    ");
    assert!(home.find_record("p-8000").is_none());
}

#[test]
fn listening_on_the_port_ends_the_wait() {
    let home = Home::new();
    let port = home.free_port().to_string();
    let command = home.server(port.parse().unwrap());
    // Longer than the harness lets any command run.
    let mut start = home.tsm_command(&["start", "--name", "web", "--port", &port, &command]);
    let output = finish(start.env("TSM_STABILIZE_MS", "600000"));
    assert!(output.status.success(), "{output:?}");
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_process_that_dies_while_it_is_watched_has_not_started() {
    let home = Home::new();
    let mut start =
        home.tsm_command(&["start", "--name", "p", "--port", "none", "bash -c 'sleep 0.1; exit 0'"]);
    let output = finish(start.env("TSM_STABILIZE_MS", "60000"));
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).ends_with(" (process died immediately)\n"), "{output:?}");
}

#[test]
fn without_a_number_a_process_is_watched_for_half_a_second() {
    let home = Home::new();
    let mut start = home.tsm_command(&["start", "--name", "p", "--port", "none", FOREVER]);
    let begun = Instant::now();
    assert!(finish(start.env("TSM_STABILIZE_MS", "soon")).status.success());
    assert!(begun.elapsed() >= Duration::from_millis(500), "{:?}", begun.elapsed());
}

#[test]
fn later_ends_are_recorded_with_their_code_or_signal() {
    let home = Home::new();
    let ends = [("exit 0", "stopped", json!(0), "exit"), ("exit 7", "crashed", json!(7), "crash")];
    let started: Vec<Process> = ends
        .iter()
        .enumerate()
        .map(|(number, end)| {
            home.start(&format!("p{number}"), &format!("bash -c '{WAIT_FOR_GO}; {}'", end.0))
        })
        .collect();
    home.put_work("go", "");
    for (process, (_, status, code, event)) in started.iter().zip(ends) {
        home.wait_for_status(&process.name, status);
        let record = home.record(&process.name);
        assert_eq!((&record["exit_code"], record.get("signal")), (&code, None), "{record}");
        assert_eq!(record.get("stop_time"), None, "only stop sets it");
        wait_until("the event is written", || home.events_of(&process.name) == ["start", event]);
        assert_eq!(home.pid_file(&process.name), Some(process.pid), "it is what the sweep counts");
    }
    let process = home.start("killed", FOREVER);
    process.kill();
    home.wait_for_status(&process.name, "crashed");
    let record = home.record(&process.name);
    assert_eq!((&record["exit_code"], &record["signal"]), (&json!(null), &json!("SIGKILL")));
}

#[test]
fn a_failed_start_leaves_the_logs_and_nothing_else() {
    let home = Home::with_setup();
    let before = home.tree();
    let start = |text: &str| home.tsm_soon(&["start", "--name", "p", "--port", "8000", text]);
    assert_eq!(start("bash -c 'echo one >&2; echo out; exit 1'").status.code(), Some(1));
    let output = start("bash -c 'echo two >&2; exit 1'");
    assert_eq!(stderr(&output), "❌ Failed to start: p-8000 (process died immediately)\ntwo\n");
    assert_eq!(home.log("p-8000", "err"), "one\ntwo\n");
    assert_eq!(home.log("p-8000", "out"), "out\n");
    let mut after = home.tree();
    after.retain(|path| !path.starts_with("tsm/runtime/logs/p-8000") && !before.contains(path));
    assert_eq!(after, ["tsm/runtime/.lock", "tsm/runtime/run"]);
}

#[test]
fn a_failed_start_leaves_the_record_of_the_last_run() {
    let home = Home::new();
    let port = home.free_port();
    let process = home.start_on(port, "web", &home.server(port));
    assert!(home.tsm(&["stop", &process.name]).status.success());
    let files = [&format!("tsm/runtime/processes/{}.json", process.name), "tsm/runtime/ports/registry.tsv"];
    let before = files.map(|file| home.read(file));

    let output = home.tsm_soon(&["start", "--name", "web", "--port", &port.to_string(), "false"]);

    assert_eq!(output.status.code(), Some(1));
    assert_eq!(files.map(|file| home.read(file)), before);
    assert_eq!(home.pid_file(&process.name), None);
    assert!(!home.exists("tsm/runtime/.reserve-0"));
    assert!(!home.exists(&format!("tsm/runtime/run/{}/plan.json", process.name)));
}

#[test]
fn a_new_run_of_a_dead_process_keeps_its_id_and_nothing_else() {
    let home = Home::new();
    let port = home.free_port();
    home.start("first", FOREVER);
    let old = home.start_on(port, "web", &home.server(port));
    assert!(home.tsm_soon(&["restart", &old.name]).status.success());
    assert!(home.tsm(&["stop", &old.name]).status.success());
    let mut record = home.record(&old.name);
    record["mine"] = "x".into();
    home.put_record(&old.name, &record);

    let new = home.start_on(port, "web", &home.server(port));

    assert_eq!((new.id, &new.name), (old.id, &old.name));
    let record = home.record(&new.name);
    assert_eq!(record["restarts"], 0);
    assert_eq!(record["pid"], new.pid);
    assert_eq!(record["status"], "online");
    for gone in ["mine", "stop_time", "exit_code", "signal"] {
        assert_eq!(record.get(gone), None);
    }
    let rows = home.read("tsm/runtime/ports/registry.tsv");
    assert_eq!(rows.lines().filter(|row| row.contains(&new.name)).count(), 1, "{rows}");
}

#[test]
fn what_the_last_run_left_behind_is_ended_first() {
    let home = Home::new();
    let port = home.free_port();
    let server = home.server(port);
    let command = format!("bash -c 'setsid {server} & echo $!; exec sleep 1000'");
    let old = home.start_on(port, "web", &command);
    let left: i32 = home.log(&old.name, "out").trim().parse().unwrap();
    wait_until("it listens", || TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err());
    old.kill();
    home.wait_for_status(&old.name, "crashed");
    assert!(proc::is_alive(left));

    let new = home.start_on(port, "web", &server);

    assert!(!proc::is_alive(left));
    assert!(new.is_alive());
}

#[test]
fn a_start_cleans_up_after_dead_processes() {
    let home = Home::new();
    let dead = home.start("dead", FOREVER);
    dead.kill();
    home.wait_for_status(&dead.name, "crashed");
    home.start("other", FOREVER);
    assert_eq!(home.pid_file(&dead.name), None);
    assert_eq!(home.status(&dead.name), "crashed");
}

#[test]
fn who_has_the_port_of_a_process_that_died_is_told() {
    let home = Home::new();
    let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = server.local_addr().unwrap().port();
    let output = home.tsm(&["start", "--name", "web", "--port", &port.to_string(), &home.server(port)]);
    assert_eq!(output.status.code(), Some(1));
    let own = std::process::id();
    let line = proc::command_line(own.cast_signed()).join(" ");
    let shown = line.get(..line.len().min(80)).unwrap();
    assert_eq!(
        stderr(&output),
        format!(
            "❌ Failed to start: web-{port} (process died immediately)\nbusy\n\
             \n🔴 Port {port} is already in use!\n   Blocking process: PID {own}\n   Command: {shown}\n\
             \nSolutions:\n   • Stop the process: kill {own}\n   • Or use a different port in your config\n   \
             • Or use: tsm doctor\n"
        )
    );
}

#[test]
fn a_process_is_told_where_the_installation_keeps_things() {
    let home = Home::new();
    let port = home.free_port();
    let mut start =
        home.tsm_command(&["start", "--name", "web", "--port", &port.to_string(), &home.server(port)]);
    start.env("MINE", "kept").env("TSM_PROCESS_DIR", "/of/another").env("TSM_LOGS_DIR", "/of/another");
    let output = finish(&mut start);
    let process = Process::from_report(&String::from_utf8_lossy(&output.stdout)).unwrap();
    let environ = process.environ();
    let told = |key: &str| environ.get(key).map(String::as_str);
    let runtime = home.root().join("tsm/runtime");
    let path = |path: &str| runtime.join(path).to_str().unwrap().to_owned();
    for (key, value) in [
        ("TSM_LOGS_DIR", path("logs")),
        ("TSM_PIDS_DIR", path("pids")),
        ("TSM_PROCESSES_DIR", path("processes")),
        ("TSM_PORTS_DIR", path("ports")),
        ("TSM_ID_FILE", path("next_id")),
        ("TSM_PROCESS_DIR", path(&format!("run/{}", process.name))),
        ("MINE", "kept".to_owned()),
    ] {
        assert_eq!(told(key), Some(value.as_str()), "{key}");
    }
    assert_eq!((told("PORT"), told("TSM_PORT")), (None, None), "those are for services");
}

#[test]
fn the_command_line_is_a_shell_s() {
    let home = Home::new();
    let process = home.start("p", "bash -c 'read -r line; echo \"got:$line:$0:$#\"; sleep 1000' a b");
    wait_until("it has spoken", || !home.log(&process.name, "out").is_empty());
    assert_eq!(home.log(&process.name, "out"), "got::a:1\n", "stdin is empty, quotes are kept");
}

#[test]
fn the_supervisor_keeps_nothing_of_the_caller() {
    let home = Home::new();
    let output = home.shell("exec 9>leak; mkdir sub; cd sub; tsm start --name p --port none sleep 1000");
    let process = Process::from_report(&String::from_utf8_lossy(&output.stdout)).unwrap();
    let supervisor = home.supervisor_of(&process.name).unwrap();
    assert_eq!(proc::cwd(supervisor).unwrap(), std::path::Path::new("/"));
    let leaked = |path: &&std::path::PathBuf| path.starts_with(home.work());
    assert_eq!(proc::descriptors(supervisor).values().find(leaked), None);
    assert_eq!(proc::descriptors(process.pid).values().find(leaked), None);
    assert_eq!(proc::cwd(process.pid).unwrap(), home.work().join("sub"));
}

#[test]
fn a_pipe_after_a_start_ends_with_the_report() {
    let home = Home::new();
    // A pipeline of its own is what could hold on to the caller's.
    let output = home.shell("tsm start --name p --port none 'sleep 1000 | cat' 2>&1 | cat");
    let process = Process::from_report(&String::from_utf8_lossy(&output.stdout)).unwrap();
    assert!(process.is_alive());
}

#[test]
fn files_have_the_modes_of_the_contract() {
    let home = Home::new();
    for (name, mask, shared) in [("open", 0o022, 0o644), ("closed", 0o077, 0o600), ("group", 0o002, 0o664)] {
        let command = "bash -c 'umask; exec sleep 1000'";
        let script = format!("umask {mask:o}; tsm start --name {name} --port none \"{command}\"");
        let output = home.shell(&script);
        let process = Process::from_report(&String::from_utf8_lossy(&output.stdout)).unwrap();
        let name = process.name.as_str();
        let mode = |path: String| {
            let path = home.root().join("tsm/runtime").join(path);
            path.symlink_metadata().unwrap().permissions().mode() & 0o7777
        };
        assert_eq!(mode(format!("processes/{name}.json")), 0o644 & !mask, "{name}");
        assert_eq!(mode(format!("pids/{name}.pid")), 0o644 & !mask, "{name}");
        assert_eq!(mode(format!("logs/{name}/current.out")), shared, "{name}");
        assert_eq!(mode(format!("logs/{name}/current.err")), shared, "{name}");
        assert_eq!((mode("run".to_owned()), mode(format!("run/{name}"))), (0o700, 0o700));
        for fifo in ["out", "err"] {
            assert_eq!(mode(format!("run/{name}/{fifo}")), 0o600);
            let path = home.root().join(format!("tsm/runtime/run/{name}/{fifo}"));
            assert!(path.symlink_metadata().unwrap().file_type().is_fifo());
        }
        assert_eq!(home.log(name, "out"), format!("{mask:04o}\n"), "the caller's own");
    }
}

#[test]
fn without_bash_there_is_no_start() {
    let home = Home::new();
    let mut start = home.tsm_command(&["start", "--name", "p", "--port", "8000", "/bin/sleep 1000"]);
    let output = finish(start.env("PATH", home.bin()));
    assert_transcript!(home, output, @"
    status 1
    --- stdout
    --- stderr
    ❌ Failed to start: p-8000 (no bash on PATH)
    ");
    assert!(home.find_record("p-8000").is_none());
    assert!(!home.exists("tsm/runtime/run/p-8000"));
    assert!(!home.exists("tsm/runtime/.reserve-0"));
}

#[test]
fn a_start_that_is_killed_leaves_no_process_without_a_record() {
    let home = Home::new();
    home.put_work("gate.env", format!("{WAIT_FOR_GO}\n"));
    let words = ["start", "--env", "gate.env", "--name", "p", "--port", "none", FOREVER];
    let mut start = home.tsm_command(&words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let plan = || home.tree().iter().any(|path| path.ends_with("/plan.json"));
    wait_until("it is on its way", plan);
    start.kill().unwrap();
    start.wait().unwrap();
    home.put_work("go", "");
    wait_until("it is recorded", || {
        let list = String::from_utf8(home.tsm(&["ls"]).stdout).unwrap();
        list.lines().any(|line| line.starts_with("0   p-") && line.contains(" online "))
    });
    wait_until("nothing is on its way any more", || !plan() && !home.exists("tsm/runtime/.reserve-0"));
}

#[test]
fn a_row_of_the_ledger_tells_who_was_started_when() {
    let home = Home::new();
    let process = home.start("p", FOREVER);
    let record = home.record(&process.name);
    let row = format!("0\t{}\tnone\tnone\t{}\t", process.name, process.pid);
    let ledger = home.read("tsm/runtime/ports/registry.tsv");
    let mut lines = ledger.lines();
    assert_eq!(lines.next(), Some("tsm_id\tname\tdeclared_port\tactual_port\tpid\ttimestamp"));
    let time: i64 = lines.next().unwrap().strip_prefix(&row).unwrap().parse().unwrap();
    let started = record["start_time"].as_i64().unwrap();
    assert!((started..started + 10).contains(&time), "{time}, started at {started}");
    assert_eq!(lines.next(), None);
}
