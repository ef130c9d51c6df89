//! `tsm ports`

mod conflicts;
mod editor;
mod files;

use std::process::Output;

use crate::harness::{Home, assert_transcript};

const FILE: &str = "config/ports.toml";

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn every_call_makes_the_file_a_wrong_one_too() {
    for words in
        [&["ports"][..], &["ports", "frob"], &["ports", "set"], &["ports", "allocate", "x", "nowhere"]]
    {
        let home = Home::new();
        home.tsm(words);
        assert_eq!(home.read(FILE), include_str!("../fixtures/ports.toml"), "{words:?}");
        assert_eq!(home.tree(), ["config", FILE]);
    }
    let home = Home::new();
    assert_transcript!(home, home.tsm(&["ports", "frob"]), @"
    status 1
    --- stdout
    --- stderr
    Unknown ports subcommand: frob
    Usage: tsm ports [list|detailed|scan|overview|status|validate|set|remove|allocate|import|export|conflicts|env|json]
    ");
}

#[test]
fn a_file_that_cannot_be_made_is_stood_in_for() {
    let home = Home::new();
    home.put("config", "in the way");
    assert_transcript!(home, home.tsm(&["ports"]), @"
    status 0
    --- stdout
    SERVICE      PORT
    -------      ----
    arcade       8400
    devpages     4000
    pbase        2600
    tetra        4444
    --- stderr
    Warning: Failed to load port configuration from <ROOT>/config/ports.toml
    ");
    assert_transcript!(home, home.tsm(&["ports", "set", "x", "22"]), @"
    status 1
    --- stdout
    --- stderr
    Warning: Failed to load port configuration from <ROOT>/config/ports.toml
    Set x port to 22 (WARNING: failed to save to config)
    ");
}

#[test]
fn what_cannot_be_read_is_never_written_over() {
    let home = Home::new();
    std::fs::create_dir_all(home.root().join(FILE)).unwrap();
    assert_transcript!(home, home.tsm(&["ports", "remove", "tetra"]), @"
    status 1
    --- stdout
    --- stderr
    Warning: Failed to load port configuration from <ROOT>/config/ports.toml
    Removed tetra (was using port 4444, WARNING: failed to save to config)
    ");
    home.put_work("in.toml", "[ports]\na = 1\n");
    assert_transcript!(home, home.tsm(&["ports", "import", "in.toml"]), @"
    status 1
    --- stdout
    --- stderr
    Warning: Failed to load port configuration from <ROOT>/config/ports.toml
    Failed to import configuration from in.toml
    ");
    assert_transcript!(home, home.tsm(&["ports", "allocate", "x"]), @"
    status 1
    --- stdout
    --- stderr
    Warning: Failed to load port configuration from <ROOT>/config/ports.toml
    No port range defined for environment: development
    ");
    assert!(home.root().join(FILE).is_dir());
}

#[test]
fn lines_without_sense_are_named_once() {
    let home = Home::new();
    home.put(FILE, "[ports]\na = 1\n  what is this\r\nb = x # text\n[\n");
    assert_transcript!(home, home.tsm(&["ports", "env"]), @"
    status 0
    --- stdout
    export A_PORT=1
    --- stderr
    Warning: Invalid TOML syntax at line 3: what is this
    Warning: Invalid TOML syntax at line 5: [
    ");
    assert_eq!(stdout(&home.tsm(&["ports", "json"])), "{\n  \"a\": 1\n}\n");
}

#[test]
fn usage_is_said_on_stderr() {
    let home = Home::new();
    for (words, text) in [
        (&["remove"][..], "Usage: tsm ports remove <service>\n"),
        (&["remove", ""], "Usage: tsm_remove_named_port <service>\n"),
        (&["remove", "nobody"], "Service nobody not found in port registry\n"),
        (&["set", "", "80"], "Usage: tsm_set_named_port <service> <port>\n"),
        (&["set", "x", ""], "Usage: tsm_set_named_port <service> <port>\n"),
        (&["allocate", ""], "Usage: tsm_allocate_port <service> [environment]\n"),
        (&["allocate", "a b", "staging"], "ERROR: Invalid service name: a b\n"),
    ] {
        let output = home.tsm(&[&["ports"], words].concat());
        assert_eq!(String::from_utf8_lossy(&output.stderr), text, "{words:?}");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    }
}

#[test]
fn many_writers_lose_nothing() {
    let home = Home::new();
    std::thread::scope(|scope| {
        for number in 0..12 {
            let home = &home;
            scope.spawn(move || {
                let output = home.tsm(&["ports", "allocate", &format!("s{number}")]);
                assert!(output.status.success(), "{output:?}");
            });
        }
    });
    let text = home.read(FILE);
    let mut ports: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix('s')?.split_once(" = "))
        .map(|(_, port)| port)
        .collect();
    ports.retain(|port| port.parse::<u16>().is_ok());
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 12, "{text}");
    assert_eq!(home.tree(), ["config", FILE]);
}

#[test]
fn a_random_port_is_one_of_the_range() {
    let home = Home::new();
    let port = home.free_port();
    home.put(
        FILE,
        format!("[port_ranges]\nx = \"{port}-{port}\"\n[allocation]\nallocation_strategy = random\n"),
    );
    let output = home.tsm(&["ports", "allocate", "web", "x"]);
    let said = format!("Set web port to {port} (saved to config)\nAllocated port {port} to web\n");
    assert_eq!(stdout(&output), said);
}

#[test]
fn overview_shows_ports_services_and_a_legend() {
    let home = Home::new();
    home.put(FILE, "[ports]\nweb = 1\n");
    home.put("tsm/services-available/web.tsm", "TSM_COMMAND='node x.js'\nTSM_PORT=1\n");
    home.put("tsm/services-available/job.tsm", "TSM_COMMAND=true\n");
    std::fs::create_dir_all(home.root().join("tsm/services-enabled")).unwrap();
    let mark = home.root().join("tsm/services-enabled/web.tsm");
    std::os::unix::fs::symlink("../services-available/web.tsm", mark).unwrap();
    assert_transcript!(home, home.tsm(&["ports", "overview"]), @"
    status 0
    --- stdout
    🔍 TSM Ports & Services Overview
    =================================

    📋 Named Port Registry Status:

    SERVICE         PORT   STATUS     ENABLED  PID        TSM_STATUS      PROCESS             
    -------         ----   ------     -------  ---        ----------      -------             
    web             1      🟢 FREE  ✅ YES  -          ⏹️  STOPPED -                   

    📋 Service Configuration Summary:

    📋 Saved Service Definitions:
      📄 job ⚪ (true)
      📄 web ✅ (node x.js :1)

    Legend: ✅ enabled for autostart, ⚪ disabled
    Usage: tsm list-services [-d|--detail]

    💡 Legend:
      🟢 FREE - Port available for use
      🔴 USED - Port currently in use
      ✅ YES - Service enabled for auto-start
      ⚪ NO  - Service disabled for auto-start
      🚀 RUNNING - Service currently managed by TSM
      ⏹️  STOPPED - Service not currently running in TSM
    --- stderr
    ");
    assert_eq!(home.tsm(&["ports", "status"]), home.tsm(&["ports", "overview"]));
}

#[test]
fn scan_knows_the_process_of_a_service() {
    let home = Home::new();
    let port = home.free_port();
    home.put(FILE, format!("[ports]\nweb = {port}\n"));
    let web = home.start_on(port, "web", &home.server(port));
    let text = stdout(&home.tsm(&["ports", "scan"]));
    let row: Vec<&str> = text.lines().nth(4).unwrap().split_whitespace().collect();
    let (port, pid) = (port.to_string(), web.pid.to_string());
    assert_eq!(row, ["web", &port, "🔴", "USED", "❓", "N/A", &pid, "🚀", "RUNNING", "python3"]);
}
