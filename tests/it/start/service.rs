//! `tsm start SERVICE`.

use std::fs;
use std::process::Output;

use serde_json::{Value, json};

use crate::harness::{Home, Process, assert_transcript, finish, proc, wait_until};
use crate::services::put;

fn started(output: &Output) -> Process {
    let text = String::from_utf8_lossy(&output.stdout);
    Process::from_report(&text).unwrap_or_else(|| panic!("{output:?}"))
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_service_runs_where_and_as_its_definition_says() {
    let home = Home::new();
    let port = home.free_port();
    home.put_work("app/env/dev.env", "export FROM_FILE=yes\n");
    let server = home.server(port);
    put(
        &home,
        "web",
        &format!("TSM_NAME=site\nTSM_COMMAND='{server}'\nTSM_CWD=app\nTSM_ENV=dev\nTSM_PORT={port}\n"),
    );
    let output = home.tsm(&["start", "--name", "other", "--port", "bad", "web", "more"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let process = started(&output);
    assert_eq!(process.name, format!("site-{port}"));
    let environ = process.environ();
    let told = ["PORT", "TSM_PORT", "FROM_FILE"].map(|key| environ.get(key).cloned().unwrap_or_default());
    assert_eq!(told, [port.to_string(), port.to_string(), "yes".to_owned()]);
    assert_eq!(proc::cwd(process.pid), Some(home.work().join("app")));
    let record = home.record(&process.name);
    assert_eq!(record["service"], "web");
    assert_eq!(record["cwd"], json!(home.work().join("app")));
    assert_eq!(record["env_file"], json!(home.work().join("app/env/dev.env")));

    assert!(home.tsm_soon(&["restart", "site"]).status.success());
    let pid = i32::try_from(home.record(&process.name)["pid"].as_i64().unwrap()).unwrap();
    assert_eq!(proc::environ(pid).get("TSM_PORT"), Some(&port.to_string()));
}

#[test]
fn a_child_that_listens_is_enough() {
    let home = Home::new();
    let port = home.free_port();
    let server = home.server(port);
    put(&home, "web", &format!("TSM_COMMAND='{server} & wait'\nTSM_PORT={port}\n"));
    home.put_work("wrap.sh", format!("{server} &\nwait\n"));
    put(&home, "web", &format!("TSM_COMMAND='bash wrap.sh'\nTSM_PORT={port}\n"));
    let output = home.tsm(&["start", "web"]);
    let warning = format!("⚠️  Warning: Process started but not listening on expected port {port}\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), warning);
    assert!(stdout(&output).ends_with(&format!("✅ web-{port} listening on port {port}\n")), "{output:?}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn somebody_else_who_listens_is_not_enough() {
    let home = Home::new();
    let port = home.free_port();
    home.start_on(port, "other", &home.server(port));
    put(&home, "web", &format!("TSM_COMMAND='sleep 900'\nTSM_PORT={port}\n"));
    let output = home.tsm(&["start", "web"]);
    assert!(stdout(&output).ends_with(&format!("❌ web-{port} failed to open port {port}\n")), "{output:?}");
    assert_eq!(output.status.code(), Some(1));
    assert!(started(&output).is_alive(), "it is left running");
}

#[test]
fn the_port_is_what_the_environment_file_leaves() {
    let home = Home::new();
    let port = home.free_port();
    home.put_work("app/x.env", format!("echo noise; base=$(cat ./number); PORT=$((base + {}))\n", port - 1));
    home.put_work("app/number", "1\n");
    put(&home, "web", &format!("TSM_COMMAND='{}'\nTSM_CWD=app\nTSM_ENV_FILE=x.env\n", home.server(port)));
    let output = home.tsm(&["start", "web"]);
    assert_eq!(stdout(&output).matches("noise").count(), 1, "{output:?}");
    assert_eq!(started(&output).name, format!("web-{port}"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_missing_environment_file_is_said_and_the_start_goes_on() {
    let home = Home::new();
    put(&home, "a", "TSM_COMMAND='sleep 900'\nTSM_ENV_FILE=gone.env\n");
    assert_transcript!(home, home.tsm(&["start", "a"]), @r"
    status 0
    --- stdout
    🚀 Starting service: a
    ⚠️  No port specified for service a, starting without port binding
    Starting a...
    ✅ Started: a-<EPOCH> (TSM ID: 0, PID: <PID>, Port: none)
    ✅ a-auto started
    --- stderr
    tsm: environment file not found: <WORK>/gone.env
    ");
}

#[test]
fn arguments_reach_the_command_as_they_are() {
    let home = Home::new();
    home.put_work("run", "#!/bin/bash\nprintf '<%s>' \"$@\" >args\nexec sleep 900\n");
    put(&home, "a", "TSM_COMMAND='bash ./run'\nTSM_ARGS=(-v 'two words' \"it's\" '$HOME *' '')\n");
    assert!(home.tsm(&["start", "a"]).status.success());
    wait_until("it has written", || home.work().join("args").exists());
    assert_eq!(fs::read_to_string(home.work().join("args")).unwrap(), "<-v><two words><it's><$HOME *><>");
}

#[test]
fn the_environment_of_the_caller_fills_no_field_but_the_port() {
    let home = Home::new();
    put(&home, "a", "TSM_NAME=$TSM_NAME\nTSM_CWD=/\n");
    let fields = ["TSM_NAME", "TSM_COMMAND", "TSM_ARGS", "TSM_ENV_FILE", "TSM_ENV", "TSM_READY"];
    let mut command = home.tsm_command(&["start", "a"]);
    command.envs(fields.map(|field| (field, "leaked"))).env("TSM_PORT", "abc");
    assert_transcript!(home, finish(&mut command), @r"
    status 1
    --- stdout
    🚀 Starting service: a
    Starting a on port abc...
    --- stderr
    ❌ Failed to start: a (no TSM_COMMAND in definition)
    ");
    put(&home, "a", "TSM_COMMAND=x\n");
    let output = finish(home.tsm_command(&["start", "a"]).env("TSM_PORT", "080"));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "❌ Failed to start: a (invalid port: 080)\n");
}

#[test]
fn a_service_without_a_port_runs_once() {
    let home = Home::new();
    put(&home, "a", "TSM_COMMAND='sleep 900'\n");
    let first = started(&home.tsm(&["start", "a"]));
    let again = home.tsm(&["start", "a"]);
    assert_eq!(again.status.code(), Some(0));
    assert!(stdout(&again).ends_with(&format!("⚠️  Service already running: {}\n", first.name)), "{again:?}");
    // Found by the name that its command gives, though another start made it.
    put(&home, "b", "TSM_COMMAND='sleep 40000'\n");
    let other = home.start_with(&["--name", "b", "sleep 40000"]);
    assert_eq!(other.name, "b-40000");
    let again = home.tsm(&["start", "b"]);
    assert!(stdout(&again).ends_with("⚠️  Service already running: b-40000\n"), "{again:?}");
}

#[test]
fn a_definition_says_what_it_has_to_say_first() {
    let home = Home::new();
    put(&home, "a", "echo to stdout; echo to stderr >&2; pwd\nTSM_COMMAND=\"sleep $(echo 900)\"\nfalse\n");
    assert_transcript!(home, home.tsm(&["start", "a"]), @r"
    status 0
    --- stdout
    🚀 Starting service: a
    to stdout
    <WORK>
    ⚠️  No port specified for service a, starting without port binding
    Starting a...
    ✅ Started: a-<EPOCH> (TSM ID: 0, PID: <PID>, Port: none)
    ✅ a-auto started
    --- stderr
    to stderr
    ");
}

#[test]
fn a_definition_that_is_not_done_in_time_is_ended_with_all_it_runs() {
    let home = Home::new();
    let old = include_str!("../../fixtures/services/other svc.tsm");
    put(&home, "other svc", &old.replace("@WORK@", "/").replace("sleep 100\"", "sleep 900\""));
    let output = home.tsm(&["start", "other svc"]);
    let path = home.root().join("tsm/services-available/other svc.tsm");
    let said = format!("🚀 Starting service: other svc\n❌ Service definition failed: {}\n", path.display());
    assert_eq!((output.status.code(), stdout(&output)), (Some(1), said));
    let is_ours = |pid: &i32| {
        proc::environ(*pid).get("TETRA_DIR").is_some_and(|dir| *dir == home.root().display().to_string())
    };
    assert_eq!(proc::all().into_iter().filter(is_ours).count(), 0);
}

#[test]
fn a_command_that_begins_with_the_name_of_its_service_is_a_command() {
    let home = Home::new();
    put(&home, "sleep", "TSM_COMMAND='sleep 900'\n");
    let process = started(&home.tsm(&["start", "sleep"]));
    assert_eq!(home.record(&process.name)["command"], "sleep 900");
}

#[test]
fn what_is_not_text_is_refused() {
    let home = Home::new();
    put(&home, "a", "TSM_COMMAND=$'sleep \\xff'\n");
    let output = home.tsm(&["start", "a"]);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "❌ Failed to start: a (not UTF-8)\n");
    let records: Vec<Value> = home.find_record("a").into_iter().collect();
    assert_eq!(records, [] as [Value; 0]);
}
