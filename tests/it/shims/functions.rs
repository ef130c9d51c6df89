//! Every function of the table.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use serde_json::json;

use super::table;
use crate::harness::isolation::report;
use crate::harness::{Home, assert_transcript};

/// Runs a script after the shim was sourced.
fn sourced(home: &Home, script: &str) -> Output {
    let shim = home.shims().join("tsm.sh");
    home.shell(&format!("source {}\n{script}", shim.display()))
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn sourcing_defines_the_functions_of_the_table_and_no_other() {
    let home = Home::new();
    let includes = home.shims().join("includes.sh");
    let output = home.shell(&format!("source {}; declare -F", includes.display()));
    let defined: Vec<String> =
        stdout(&output).lines().map(|line| line["declare -f ".len()..].to_owned()).collect();
    let mut expected: Vec<&str> = table().iter().map(|(function, _)| *function).collect();
    expected.sort_unstable();
    assert_eq!(BTreeSet::from_iter(&expected).len(), expected.len(), "each once");
    assert_eq!(defined, expected);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn the_wrappers_are_made_from_the_table() {
    let home = Home::new();
    home.put_work("tsm.sh", include_str!("../../../compat/tsm.sh"));
    home.put_work("functions.tsv", super::TABLE);
    home.put_work("generate", include_str!("../../../scripts/generate-shims"));
    let output = home.shell("bash generate --check .");
    assert!(output.status.success(), "run scripts/generate-shims: {}", stdout(&output));
    let output = home.shell("echo 'tsm_new\tfoo \"$@\"' | sed 's/.t/&/' >>functions.tsv; printf 'x\tlist \"$@\"\n' >>functions.tsv; bash generate --check .");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(
        home.shell(
            "bash generate . && bash generate --check . && grep -Fx 'x() { _tsm_run list \"$@\"; }' tsm.sh"
        )
        .status
        .success()
    );
}

#[test]
fn shellcheck_has_nothing_to_say() {
    let home = Home::new();
    if !home.shell("type -P shellcheck").status.success() {
        report("shellcheck of the shims SKIPPED: it is not installed");
        return;
    }
    home.shims();
    let output = home
        .shell("cd ../src/bash/tsm && shellcheck -e SC1091 *.sh */include.sh */repl.sh completions/*.bash");
    assert!(output.status.success(), "{}", stdout(&output));
}

/// A program that prints its words instead of doing anything stands in for tsm.
#[test]
fn every_wrapper_gives_its_words_to_the_executable() {
    let home = Home::new();
    let stand_in = home.put_work("words", "#!/bin/bash\nprintf '<%s>' \"$@\"; exit 7\n");
    fs::set_permissions(&stand_in, fs::Permissions::from_mode(0o755)).unwrap();
    let shim = home.shims().join("tsm.sh");
    let mut script = format!("export TSM_BIN={}; source {}\n", stand_in.display(), shim.display());
    let wrappers: Vec<_> = table().into_iter().filter(|(_, words)| words.contains(' ')).collect();
    assert!(wrappers.len() > 90, "{}", wrappers.len());
    for (function, words) in &wrappers {
        script += &format!(
            "{function} 'a  b' '' '*' \"\\$x\"; echo \" $?\"; set -- 'a  b' '' '*' \"\\$x\"; printf '<%s>' {words}; echo ' 7'; set --\n"
        );
    }
    let output = sourced_as(&home, &script);
    let lines: Vec<&str> = output.lines().collect();
    assert_eq!(lines.len(), 2 * wrappers.len());
    for (pair, (function, words)) in lines.chunks(2).zip(&wrappers) {
        assert_eq!(pair[0], pair[1], "{function}: {words}");
    }
}

fn sourced_as(home: &Home, script: &str) -> String {
    let output = home.shell(script);
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    stdout(&output)
}

#[test]
fn ids_and_names_find_each_other() {
    let home = Home::with_setup();
    let web = home.start("web", "sleep 300");
    let api = home.start("web2", "sleep 300");
    let output = sourced(
        &home,
        &format!(
            "say() {{ \"$@\"; echo \"rc $?\"; }}
            say tetra_tsm_id_to_name 1; say tetra_tsm_id_to_name 01; say tetra_tsm_name_to_id {web}; say tetra_tsm_name_to_id we
            say tetra_tsm_resolve_name 1; say tetra_tsm_resolve_name web2; say tetra_tsm_resolve_name nosuch; say tetra_tsm_resolve_name ''
            say tetra_tsm_resolve_to_id web2; say tetra_tsm_resolve_to_id 7; say tetra_tsm_resolve_to_id we
            say tetra_tsm_get_next_id; say tetra_tsm_reset_id; cat \"$TSM_ID_FILE\"
            say tetra_tsm_is_running {web}; say tetra_tsm_is_running web; say tetra_tsm_is_running_by_id 1; say tetra_tsm_is_running ''
            say tsm_read_metadata {web} status; say tsm_read_metadata {web} port; say tsm_read_metadata {web} logs.none; say tsm_read_metadata no status
            tsm stop {web} >/dev/null; say tsm_process_exists {web}; say _tsm_running_names; say tsm_list_processes",
            web = web.name
        ),
    );
    let text = stdout(&output).replace(&web.name, "WEB").replace(&api.name, "WEB2");
    insta::assert_snapshot!(text, @r"
    WEB2
    rc 0
    rc 1
    0
    rc 0
    rc 1
    WEB2
    rc 0
    WEB2
    rc 0
    rc 1
    rc 1
    1
    rc 0
    rc 1
    rc 1
    2
    rc 0
    tsm: reset ID counter to 2
    rc 0
    2
    rc 0
    rc 1
    rc 0
    rc 1
    online
    rc 0
    rc 0
    rc 0
    rc 1
    rc 1
    WEB2
    rc 0
    WEB
    WEB2
    rc 0
    ");
    let ambiguous = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        ambiguous,
        format!("tsm: ambiguous name 'we', matches:\n  0: {}\n  1: {}\n", web.name, api.name)
    );
}

#[test]
fn ports_are_found() {
    let home = Home::with_setup();
    let port = home.free_port();
    let server = home.server(port);
    let process = home.start_on(port, "srv", &server);
    home.put_work("run.sh", "export PORT=\"8123\" # x\n");
    home.put_work("e.toml", "[a]\nx = 'one # two'\ny =\n[b]\nx = 2\n");
    let output = sourced(
        &home,
        &format!(
            "say() {{ \"$@\"; echo \"rc $?\"; }}
            say tsm_find_by_port {port}; say tsm_find_by_port 1; say tsm_get_port_pid {port}; say tsm_get_port_pid x
            say tetra_tsm_extract_port run.sh; say tetra_tsm_extract_port none; PORT=; TETRA_PORT=77; say tetra_tsm_extract_port run.sh
            PORT=abc; say tetra_tsm_extract_port run.sh
            say tsm_get_port_owner 4444; say tsm_get_port_owner 4445; say tsm_get_service_port tetra; say tsm_get_service_port tetra prod; say tsm_get_service_port no
            say tsm_set_named_port one; say tsm_set_named_port one 4700; say tsm_get_named_port one; say tsm_remove_named_port one; say tsm_remove_named_port
            tsm_list_named_ports json | jq -c .; tsm_list_named_ports | head -1; say tsm_list_named_ports frob
            say _tsm_toml_get e.toml a x; say _tsm_toml_get e.toml a y; say _tsm_toml_get e.toml b x; say _tsm_toml_get none a x
            say tsm_is_pid_alive $$; say tsm_is_pid_alive 0; say tsm_is_pid_alive x"
        ),
    );
    let text = stdout(&output).replace(&port.to_string(), "PORT");
    let text = text.replace(&process.pid.to_string(), "THE_PID");
    insta::assert_snapshot!(text, @r#"
    srv-PORT
    rc 0
    rc 1
    THE_PID
    rc 0
    rc 1
    8123
    rc 0
    rc 1
    77
    rc 0
    abc
    rc 0
    tetra
    rc 0
    rc 1
    5444
    rc 0
    8444
    rc 0

    rc 0
    rc 1
    Set one port to 4700 (saved to config)
    rc 0
    4700
    rc 0
    Removed one (was using port 4700, saved to config)
    rc 0
    rc 1
    {"arcade":8400,"devpages":4000,"pbase":2600,"tetra":4444}
    SERVICE      PORT
    rc 1
    one # two
    rc 0
    rc 1
    2
    rc 0
    rc 1
    rc 0
    rc 1
    rc 1
    "#);
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stderr), @r"
    Usage: tsm_set_named_port <service> <port>
    Usage: tsm_remove_named_port <service>
    Unknown format: frob
    Supported formats: table, detailed, env, json
    ");
}

#[test]
fn a_start_of_every_form_is_a_start() {
    let home = Home::with_setup();
    home.put_work("job.sh", "sleep 300\n");
    home.put_work("sub/here", "");
    home.put("tsm/services-available/svc.tsm", "TSM_COMMAND='sleep 300'\n");
    let output = sourced(
        &home,
        "export TSM_STABILIZE_MS=100
        tetra_tsm_start_cli ./job.sh one '' | cut -d' ' -f-2; tetra_tsm_start_command --name two --json sleep 300 | cut -d' ' -f-2
        tsm_start_any_command 'sleep 300' '' none three | cut -d' ' -f-2; tetra_tsm_start_python 'sleep 300' '' sub four | cut -d' ' -f-2
        tetra_tsm_start_python; echo rc $?; tetra_tsm_start_python x 80 nodir; echo rc $?; tsm_start_any_command; echo rc $?
        tetra_tsm_start_service svc | grep -c Starting.service
        for name in one two three four; do tetra_tsm_resolve_name \"$name-\"; done
        tetra_tsm_stop_single one- false; tetra_tsm_stop_single one true; echo rc $?; tetra_tsm_stop_by_id 1; echo rc $?; tetra_tsm_delete_single three force; echo rc $?",
    );
    let four = home.tree().into_iter().find_map(|path| {
        let name = path.strip_prefix("tsm/runtime/processes/four-")?;
        Some(format!("four-{}", name.trim_end_matches(".json")))
    });
    assert_eq!(home.record(&four.unwrap())["cwd"], json!(home.work().join("sub")));
    assert_transcript!(home, output, @r"
    status 0
    --- stdout
    ✅ Started:
    ✅ Started:
    ✅ Started:
    ✅ Started:
    rc 64
    rc 66
    rc 64
    0
    one-<EPOCH>
    two-<EPOCH>
    three-<EPOCH>
    four-<EPOCH>
    tsm: process 'one-' not running
    tsm: stopping 'one-<EPOCH>' (PID: <PID>)
    tsm: stopped 'one-<EPOCH>'
    rc 0
    tsm: stopping 'two-<EPOCH>' (PID: <PID>)
    tsm: stopped 'two-<EPOCH>'
    rc 0
    tsm: stopping 'three-<EPOCH>' (PID: <PID>)
    tsm: stopped 'three-<EPOCH>'
    tsm: deleted 'three-<EPOCH>'
    rc 0
    --- stderr
    tsm: python start requires a command
    tsm: directory 'nodir' not found
    tsm: command required
    ");
}

#[test]
fn the_formatted_list_shows_every_process() {
    let home = Home::with_setup();
    let empty = sourced(&home, "tetra_tsm_list; echo $?");
    assert_eq!(stdout(&empty), "No processes found\n0\n");
    let record =
        |id: u8, status: &str| json!({ "tsm_id": id, "pid": 99_999_999, "port": 12_345, "status": status });
    home.put_record("b-1", &record(1, "crashed"));
    home.put_record("a", &record(0, "stopped"));
    let output =
        sourced(&home, "tetra_tsm_list; COLUMNS=50 TSM_COLOR=always tetra_tsm_list | od -c | grep -c 033");
    insta::assert_snapshot!(stdout(&output), @r"
    ID  Name                  Env  PID       Port  Status   Uptime  
    --  --------------------  ---  --------  ----  -------  --------
    0   a                     -    99999999  1234  stopped  -       
    1   b-1                   -    99999999  1234  crashed  -       
    7
    ");
}

#[test]
fn tview_shows_services() {
    let home = Home::with_setup();
    home.put("tsm/services-available/web.tsm", "TSM_NAME=web\nTSM_COMMAND='sleep 300'\nTSM_CWD=/tmp\n");
    home.put("tsm/services-available/api.tsm", "TSM_COMMAND='sleep 300'\nTSM_ENV_FILE=dev.env\n");
    home.start("web", "sleep 300");
    let output = sourced(
        &home,
        "mkdir -p \"$TSM_DIR/logs\"; printf '%s\n' 1 2 3 4 5 6 >\"$TSM_DIR/logs/tsm.log\"
        tsm enable api >/dev/null; tview_tsm_get_services; tview_tsm_get_enabled_services; tview_tsm_status
        tview_tsm_service_info web; tview_tsm_service_info api; tview_tsm_service_info no; echo $?
        tsm_tview_status; tsm_tview_list | head -4; tsm_tview_dispatch list | head -1; tsm_tview_dispatch; tsm_list_service_names",
    );
    assert_transcript!(home, output, @r"
    status 0
    --- stdout
    api
    web
    api
    Services: 1 running, 1 enabled, 2 available
    Name: web
    Command: sleep 300
    Directory: /tmp
    Environment: none
    Status: disabled
    Running: running
    Name: 
    Command: sleep 300
    Directory: 
    Environment: dev.env
    Status: enabled
    Running: stopped
    Service not found
    1
    TSM Service Manager Status
    ==========================

    Active Services: 1

    Recent Activity:
    2
    3
    4
    5
    6

    Commands: Use '/tsm help' for available commands
    Active TSM Services:
    ===================
    ID  Name                 Env        PID   Port  Status   Uptime  
    --  -------------------- ---------- ----- ----- -------- --------
    ID  Name                 Env        PID   Port  Status   Uptime  
    TSM Service Manager TView Commands:
      list         List services [running|available|all] (default: running)
      status       Show service status
      start        Start a service
      stop         Stop a service
      restart      Restart a service
      logs         Show service logs
      doctor       Run diagnostics
      ports        Show port assignments
    api
    web
    --- stderr
    ");
}

#[test]
fn commands_run_within_limits_and_only_own_processes_are_ended() {
    let home = Home::new();
    let output = sourced(
        &home,
        "set -eu
        tsm_start_managed_process 'sleep 300' | grep -cE '^tsm_[0-9]+_[0-9]+_[0-9]+$'
        for i in 1 2 3; do tsm_start_managed_process \"echo $i; sleep 300\" >/dev/null; done; echo ${#TSM_ACTIVE_PROCESSES[@]}
        sleep 300 & other=$!
        tsm_cleanup_all_processes; echo ${#TSM_ACTIVE_PROCESSES[@]}; jobs -rp | grep -cx $other; kill $other
        commands=('echo a >>out' 'echo b >>out' 'echo c >>out' 'echo d >>out'); tsm_batch_process commands 2; sort out | tr -d '\\n'; echo
        tsm_safe_exec 'echo loud; touch done'; ls done; tsm_wait_for_process none; tsm_batch_process 'x[$(touch bad)]'; ls bad 2>&- || echo none
        printf 'TETRA:A\\nx\\nTETRA:B\\nxx\\n' >log; tsm_safe_log_processing log; tsm_safe_log_processing log '^x*$' 2; tsm_safe_log_processing log no; tsm_safe_log_processing nolog || echo $?
        tsm_check_system_limits; (ulimit -n 100; tsm_check_system_limits; tsm_check_system_limits detailed)",
    );
    assert_transcript!(home, output, @r"
    status 0
    --- stdout
    1
    3
    0
    1
    abcd
    done
    none
    TETRA:A
    TETRA:B
    xx
    1
    🔍 System Resource Check:
    ========================
    Open files limit: 100
    --- stderr
    🧹 Cleaning up all managed processes...
    ✅ Process cleanup complete
    Log file not found: nolog
    ⚠️  Warning: Low open files limit (100). Consider: ulimit -n 1024
    ");
}
