//! `tsm doctor`

mod clean;
mod findings;
mod kill;

use std::process::Output;

use crate::harness::{Home, Stranger, assert_transcript, finish, wait_until};

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn help_has_a_line_for_each_subcommand() {
    let home = Home::new();
    for word in ["help", "-h", "--help"] {
        let output = home.tsm(&["doctor", word]);
        let text = stdout(&output);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(text.lines().next(), Some("TSM Doctor - Port diagnostics and conflict resolution"));
        let subcommands: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("  tsm doctor ")?.split_whitespace().next())
            .take_while(|word| *word != "help")
            .collect();
        let expected = [
            "port",
            "kill",
            "orphans",
            "clean",
            "env",
            "validate",
            "ports-declared",
            "ports-actual",
            "reconcile",
            "healthcheck",
        ];
        assert_eq!(subcommands, expected);
    }
    assert_transcript!(home, home.tsm(&["doctor", "frob"]), @"
    status 1
    --- stdout
    Unknown subcommand: frob
    Use 'tsm doctor help' for usage information
    --- stderr
    ");
}

#[test]
fn a_port_is_free_or_somebody_s() {
    let home = Home::new();
    assert_transcript!(home, home.tsm(&["doctor", "port", "99999"]), @"
    status 0
    --- stdout
    [DOCTOR] Scanning port 99999...
    Port 99999 is free
    --- stderr
    ");
    for (words, text) in [
        (&["port"][..], "Port number required\nUsage: tsm doctor port <port-number>\n"),
        (&["port", ""], "Port number required\nUsage: tsm doctor port <port-number>\n"),
        (&["port", "-1"], "Invalid port number: -1\n"),
    ] {
        let output = home.tsm(&[&["doctor"], words].concat());
        assert_eq!((stdout(&output).as_str(), output.status.code()), (text, Some(1)));
    }
}

#[test]
fn a_bound_datagram_socket_has_its_port() {
    let home = Home::new();
    let stranger = Stranger::bound(&home, "SOCK_DGRAM", "pass");
    let (port, pid) = (&stranger.said, stranger.pid());
    let output = home.tsm(&["doctor", "port", port]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1));
    let begin = format!(
        "[DOCTOR] Scanning port {port}...\nPort {port} is in use\n  PID:     {pid}\n  Process: python3\n  User:    "
    );
    assert!(text.starts_with(&begin), "{text}");
    let end = format!(
        "\n\nThis is NOT a TSM-managed process\n  Use: tsm doctor --kill {port}\n  Or:  kill {pid}\n"
    );
    assert!(text.ends_with(&end), "{text}");
}

#[test]
fn what_hangs_below_a_managed_process_is_managed() {
    let home = Home::new();
    let port = home.free_port();
    let server = home.server(port);
    home.start_on(port, "shell", &format!("bash -c '(setsid {server} &) ; sleep 1000'"));
    let managed = "\nThis is a TSM-managed process\n  Use: tsm stop <process-name>\n";
    wait_until("the grandchild listens and is known", || {
        stdout(&home.tsm(&["doctor", "port", &port.to_string()])).ends_with(managed)
    });
}

#[test]
fn a_port_in_an_environment_file_is_looked_at() {
    let home = Home::new();
    let stranger = Stranger::bound(&home, "SOCK_STREAM", "s.listen()");
    let port = &stranger.said;
    home.put_work("x.env", format!("export PORT={port}\necho loud\nexport NODE_ENV=a PD_DIR='b c'\n"));
    let text = stdout(&home.tsm(&["doctor", "env", "x.env"]));
    let used = format!(
        "PORT variable found: {port}\nTarget port {port} is in use - this may cause TSM to use fallback port\n\
         [DOCTOR] Scanning port {port}...\nPort {port} is in use\n  PID:     {}\n",
        stranger.pid()
    );
    assert!(text.contains(&used), "{text}");
    let end = format!("  Extracted variables:\n    PORT={port}\n    NODE_ENV=a\n    PD_DIR=b c\n");
    assert!(text.ends_with(&end), "{text}");
}

#[test]
fn inherited_variables_are_not_the_file_s() {
    let home = Home::new();
    home.put_work("x.env", "export NODE_ENV=${NODE_ENV:-none}\n");
    let mut command = home.tsm_command(&["doctor", "env", "x.env"]);
    let output = finish(command.env("PORT", "1").env("NODE_ENV", "inherited"));
    assert!(stdout(&output).ends_with("  Extracted variables:\n    NODE_ENV=none\n"), "{output:?}");
}

#[test]
fn orphans_are_servers_that_nobody_manages() {
    let home = Home::new();
    let port = home.free_port();
    let mark = format!("server-{port}");
    let script = home.put_work(&format!("{mark}.py"), "import time; print(1, flush=True); time.sleep(1000)");
    let managed = home.start("managed", &format!("python3 {}", script.display()));
    let orphan = Stranger::listening(&home, port, &format!("'{mark}'"));

    let text = stdout(&home.tsm(&["doctor", "orphans", "--all", "ignored"]));
    let rows: Vec<&str> = text.lines().filter(|line| line.contains(&mark)).collect();
    assert_eq!(rows.len(), 1, "{text}");
    assert!(rows[0].starts_with(&format!("{:<8} {:<10} {:<8} python3 -S -c ", orphan.pid(), "python", port)));
    assert!(text.ends_with("(future feature)\n\n"));

    let json: serde_json::Value =
        serde_json::from_slice(&home.tsm(&["doctor", "orphans", "--json"]).stdout).unwrap();
    let orphans = json["data"]["orphans"].as_array().unwrap();
    let pids: Vec<String> = orphans.iter().map(|orphan| orphan["pid"].as_str().unwrap().to_owned()).collect();
    assert!(pids.contains(&orphan.pid().to_string()) && !pids.contains(&managed.pid.to_string()));
    assert_eq!(json["data"]["count"], orphans.len());
}

#[test]
fn who_listens_is_listed_with_its_command() {
    let home = Home::new();
    let port = home.free_port();
    let stranger = Stranger::listening(&home, port, "pass");
    let text = stdout(&home.tsm(&["doctor", "ports-actual"]));
    let begin = format!("{:<8} {port:<8} {:<20} python3 -S -c import os", stranger.pid(), "python3");
    assert!(text.lines().any(|line| line.starts_with(&begin)), "{text}");
}

#[test]
fn a_stopped_service_with_a_port_does_not_add_up() {
    let home = Home::new();
    let port = home.free_port();
    home.start_on(port, "web", &home.server(port));
    let books = || home.tsm(&["doctor", "reconcile"]);
    assert_eq!(books().status.code(), Some(0));
    assert!(home.tsm(&["stop", "web"]).status.success());
    let line = format!("  ⚠️  TSM ID 0: web-{port} - DECLARED port {port} but NOTHING listening\n");
    let output = books();
    assert!(stdout(&output).contains(&line), "{output:?}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn odd_rows_of_the_ledger_are_shown_and_passed_over() {
    let home = Home::new();
    home.put(
        "tsm/runtime/ports/registry.tsv",
        "tsm_id\tname\tdeclared_port\nx\n7\told-name\t80\tnone\t1\n\nshort\t\n",
    );
    assert_transcript!(home, home.tsm(&["doctor", "ports-declared"]), @"
    status 0
    --- stdout
    📋 TSM Port Registry (Declared Ports):

    tsm_id  name      declared_port
    x
    7       old-name  80             none  1

    short   
    --- stderr
    ");
    let text = stdout(&home.tsm(&["doctor", "reconcile"]));
    assert!(text.contains("  ⚠️  TSM ID 7: old-name - DECLARED port 80 but NOTHING listening\n"), "{text}");
    assert!(text.contains("  ❌ Mismatches: 1\n"), "{text}");
}
