//! `tsm scan-ports`

use std::process::Output;

use serde_json::json;

use crate::harness::{Home, Stranger, finish};

/// The rows about these ports; other tests listen, too.
fn rows(output: &Output, ports: &[u16]) -> Vec<String> {
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8_lossy(&output.stdout);
    let is_ours = |line: &&str| ports.iter().any(|port| line.starts_with(&format!("{port} ")));
    text.lines().filter(is_ours).map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn every_standing_has_its_row() {
    let home = Home::new();
    let ports: [u16; 6] = std::array::from_fn(|_| home.free_port());
    let [online, below, conflict, leaked, silent, unmanaged] = ports;
    let web = home.start_on(online, "web", &home.server(online));
    // The shell that a process hides behind does not listen itself.
    let server = home.server(below);
    let shell = home.start_on(below, "shell", &format!("bash -c '{server} & wait'"));
    let deaf = home.start_on(conflict, "deaf", "sleep 1000");
    let other = Stranger::listening(&home, conflict, "pass");
    let leak = Stranger::listening(&home, leaked, "pass");
    home.put_record("old", &json!({ "tsm_id": 9, "pid": 4_000_000, "port": leaked, "status": "crashed" }));
    home.put_record("gone", &json!({ "tsm_id": 8, "pid": 4_000_000, "port": 1, "status": "stopped" }));
    let mute = home.start_on(silent, "mute", "sleep 1000");
    let free = Stranger::listening(&home, unmanaged, "pass");
    crate::harness::wait_until("the child listens", || {
        rows(&home.tsm(&["scan-ports", "ignored"]), &[below]).join("").contains("Online")
    });

    let output = home.tsm(&["scan-ports"]);

    let expected = [
        format!("{online} {} Online (TSM: web-{online})", web.pid),
        format!("{below} {} Online (TSM: shell-{below})", shell.pid),
        format!("{conflict} {} CONFLICT (TSM: deaf-{conflict})", other.pid()),
        format!("{silent} {} ERROR (port not open)", mute.pid),
        format!("{leaked} {} LEAKED (TSM: old)", leak.pid()),
        format!("{unmanaged} {} Unmanaged", free.pid()),
    ];
    assert_eq!(rows(&output, &ports), expected);
    assert!(deaf.is_alive());
}

#[test]
fn a_narrow_terminal_gets_narrow_columns() {
    let home = Home::new();
    let heading = |columns: &str| {
        let output = finish(home.tsm_command(&["scan-ports"]).env("COLUMNS", columns));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().take(2).map(str::to_owned).collect::<Vec<_>>()
    };
    let normal = ["Port    Pid     Status", "----    ---     ------"];
    assert_eq!(heading("59"), ["PORT   PID    STATUS", "──── ─── ──────"]);
    for columns in ["60", "39", "wide", "-1", ""] {
        assert_eq!(heading(columns), normal, "{columns:?}");
    }
    assert!(home.tree().is_empty(), "it only looks");
}
