//! What existing callers do with the shim, as they do it.

use crate::harness::isolation::report;
use crate::harness::{Home, finish};

/// As the node API asks every few seconds, in the shell that node takes.
const NODE: &str = r#"
const { execSync } = require('child_process');
const shim = process.argv[2];
const run = (command) => execSync(command, { shell: '/bin/bash', encoding: 'utf8' });
const listed = JSON.parse(run(`source ${shim}/tsm.sh && tsm list --json`));
console.log(listed.success, listed.data.count, Object.keys(listed.data.processes[0]).join());
console.log(Array.isArray(JSON.parse(run(`source ${shim}/tsm.sh && tsm ls --json`))));
console.log(run(`source ${shim}/tsm.sh && echo $TSM_LOGS_DIR`).trim() === process.env.TETRA_DIR + '/tsm/runtime/logs');
"#;

fn said(home: &Home, script: &str) -> String {
    let output = home.shell(&format!("shim={}\n{script}", home.shims().display()));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn node_reads_the_list_as_json() {
    let home = Home::with_setup();
    if !home.shell("type -P node").status.success() {
        report("the caller in node SKIPPED: there is no node");
        return;
    }
    home.start("web", "sleep 300");
    let script = home.put_work("caller.js", NODE);
    let output = finish(home.command("node").arg(script).arg(home.shims()));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "true 1 tsm_id,name,pid,command,port,status,uptime,cwd,env_file\ntrue\ntrue\n",
        "{output:?}"
    );
}

#[test]
fn a_lazy_stub_is_replaced_by_the_first_call() {
    let home = Home::with_setup();
    let script = "tsm() { unset -f tsm; source \"$shim/includes.sh\"; tsm \"$@\"; }
        alias tsm=false; shopt -s expand_aliases
        eval 'unalias tsm; tsm paths none 2>/dev/null; echo $?; type -t tsm'";
    assert_eq!(said(&home, script), "1\nfunction\n");
}

#[test]
fn pipelines_find_what_they_cut_out() {
    let home = Home::with_setup();
    let (web, api) = (home.start("web", "sleep 300"), home.start("api", "sleep 300"));
    let script = "source \"$shim/tsm.sh\"
        tetra_tsm_list | grep -c '^[0-9]'; tsm list 2>/dev/null | tail -n +3 | grep -c online
        tsm ls | grep web- | awk '{print $1, $4}'; tsm ls | grep -E '^[[:space:]]*[0-9]+' | awk '{print $2}'
        tsm_list_service_names | wc -l; declare -F | grep -c tetra_tsm_
        bash -c 'tsm ls | wc -l'; sh -c 'tsm list | head -1 | cut -c1-2'; env -i \"$TSM_BIN\" --version | cut -d' ' -f1";
    let listed = if web.name < api.name { [&web, &api] } else { [&api, &web] };
    assert_eq!(
        said(&home, script),
        format!("2\n2\n{} {}\n{}\n{}\n0\n42\n4\nID\ntsm\n", web.id, web.pid, listed[0].name, listed[1].name)
    );
}

#[test]
fn a_daemon_starts_and_stops_everything() {
    let home = Home::with_setup();
    let script = "set -e; source \"$shim/tsm.sh\"; export TSM_STABILIZE_MS=100
        tetra_tsm_start --port none --name a sleep 300 >/dev/null; tetra_tsm_start --port none sleep 300 >/dev/null
        tetra_tsm_stop '*' | tail -1; tsm list | grep -c online || echo none";
    assert_eq!(said(&home, script), "tsm: stopped 2 process(es)\n0\nnone\n");
}
