//! `--json`, and the findings of `healthcheck`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::stdout;
use crate::harness::{Home, finish, proc, wait_until};

/// Check, severity, subject; the disk is as it is.
fn findings(home: &Home) -> Vec<[String; 3]> {
    let output = home.tsm(&["doctor", "--json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = document["data"]["findings"].as_array().unwrap();
    assert_eq!((&document["success"], &document["data"]["count"]), (&json!(true), &json!(findings.len())));
    let is_error = findings.iter().any(|finding| finding["severity"] == "error");
    assert_eq!(output.status.code(), Some(i32::from(is_error)));
    let text = |finding: &Value, member: &str| finding[member].as_str().unwrap().to_owned();
    assert!(findings.iter().all(|finding| !text(finding, "fix").is_empty()));
    let facts = |finding: &Value| ["check", "severity", "subject"].map(|member| text(finding, member));
    findings.iter().map(facts).filter(|[check, ..]| check != "disk").collect()
}

fn chmod(home: &Home, path: &str, mode: u32) {
    fs::set_permissions(home.root().join(path), fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_sound_installation_has_none() {
    let home = Home::with_setup();
    home.start("web", "sleep 1000");
    home.put("tsm/runtime/dump.json", "{}");
    chmod(&home, "tsm/runtime/dump.json", 0o600);
    assert_eq!(findings(&home), [[""; 3]; 0]);
}

/// One of each fault. Also what `healthcheck` says of them.
#[test]
fn every_fault_is_found_and_its_fix_works() {
    let home = Home::with_setup();
    let web = home.start("web", "sleep 1000");
    home.put("tsm/runtime/processes/.torn.json.invalid", "{");
    home.put("tsm/runtime/processes/old.env", "SECRET=1\n");
    home.put("tsm/runtime/dump.json", "{}");
    chmod(&home, "config/ports.toml", 0o666);
    chmod(&home, "tsm/runtime/run", 0o777);
    let supervisor = home.supervisor_of(&web.name).unwrap();
    proc::kill(supervisor);
    wait_until("it has no supervisor", || home.supervisor_of(&web.name).is_none());

    let root = home.root();
    let path = |path: &str| root.join(path).to_str().unwrap().to_owned();
    let finding = |check: &str, severity: &str, subject: &str| [check, severity, subject].map(str::to_owned);
    let expected = [
        finding("no-supervisor", "warn", &web.name),
        finding("set-aside", "warn", ".torn.json.invalid"),
        finding("readable-secrets", "error", &path("tsm/runtime/processes/old.env")),
        finding("readable-secrets", "error", &path("tsm/runtime/dump.json")),
        finding("writable-by-others", "error", &path("config/ports.toml")),
        finding("writable-by-others", "error", &path("tsm/runtime/run")),
    ];
    assert_eq!(findings(&home), expected);

    let health = home.tsm(&["doctor", "health"]);
    let text = stdout(&health);
    assert_eq!(health.status.code(), Some(1));
    let block =
        text.split_once("[DOCTOR] Findings:\n").unwrap().1.split_once("\n[DOCTOR] Summary:\n").unwrap().0;
    let first = format!(
        "  [WARN] {}: runs without a supervisor: its end would not be seen\n      -> tsm patrol\n",
        web.name
    );
    assert!(block.starts_with(&first), "{block}");
    assert!(text.contains("  4 error(s), "), "{text}");

    for fix in block.lines().filter_map(|line| line.strip_prefix("      -> ")) {
        if !fix.starts_with("Make room") {
            assert!(home.shell(fix.trim_start_matches("Look at it, then: ")).status.success(), "{fix}");
        }
    }
    assert_eq!(findings(&home), [[""; 3]; 0]);
}

#[test]
fn a_supervisor_of_another_build_is_told() {
    let home = Home::new();
    let copy = home.dir().join("older-tsm");
    fs::copy(fs::canonicalize(home.bin().join("tsm")).unwrap(), &copy).unwrap();
    let output = finish(home.command(copy.to_str().unwrap()).args(["start", "--name", "web", "sleep 1000"]));
    assert!(output.status.success(), "{output:?}");
    let found = findings(&home);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0][..2], ["old-supervisor", "warn"]);
    assert!(home.tsm(&["restart", &found[0][2]]).status.success());
    assert_eq!(findings(&home), [[""; 3]; 0]);
}

#[test]
fn counts_of_the_health_report_are_those_of_the_commands() {
    let home = Home::with_setup();
    home.put_record("a", &json!({ "tsm_id": 0, "pid": 4_000_000, "status": "crashed" }));
    home.put_record("b", &json!({ "tsm_id": 1, "pid": 4_000_000, "status": "stopped" }));
    home.put("tsm/runtime/processes/c.json", "torn");
    let text = stdout(&home.tsm(&["doctor", "health"]));
    assert!(text.contains("  Tracked processes: 3\n  [WARN] Stale process files: 2\n"), "{text}");
    let create = format!("  -> Create with: mkdir -p {}/tsm/runtime/ports\n", home.root().display());
    assert!(text.contains(&format!("{create}  -> Clean stale processes: tsm doctor clean\n")), "{text}");

    let output = finish(home.tsm_command(&["doctor", "health"]).env_remove("TETRA_DIR"));
    assert!(stdout(&output).contains("  [ERROR] TETRA_DIR not set\n"));
    assert_eq!(output.status.code(), Some(1));
}
