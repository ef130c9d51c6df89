//! `conflicts [--fix]`

use std::io::Write as _;
use std::process::{Child, Command, Output, Stdio};

use super::{FILE, stdout};
use crate::harness::{Home, Stranger, wait_until};

fn begin(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn answer(mut child: Child, text: &str) -> Output {
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_service_on_its_own_port_is_no_conflict() {
    let home = Home::new();
    let (own, foreign) = (home.free_port(), home.free_port());
    home.put(FILE, format!("[ports]\nweb = {own}\nother = {foreign}\n"));
    home.start_on(own, "web", &home.server(own));
    let wrong = home.start_on(foreign, "else", &home.server(foreign));

    let output = home.tsm(&["ports", "conflicts"]);

    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1));
    let line = format!("CONFLICT: Port {foreign} (assigned to other) is in use by PID {}\n", wrong.pid);
    assert!(text.contains(&line) && !text.contains(&own.to_string()), "{text}");
}

#[test]
fn each_conflict_is_asked_about_and_only_yes_ends_it() {
    let home = Home::new();
    let (first, second) = (home.free_port(), home.free_port());
    home.put(FILE, format!("[ports]\na = {first}\nb = {second}\n"));
    let (spared, ended) =
        (Stranger::listening(&home, first, "pass"), Stranger::listening(&home, second, "pass"));

    let output = answer(begin(&mut home.tsm_command(&["ports", "conflicts", "--fix"])), "yes\ny\nrest\n");

    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(2), "those found are counted: {text}");
    let question = |pid: i32| format!("  Kill process {pid}? (y/N): ");
    assert!(text.contains(&format!("{}\nCONFLICT", question(spared.pid()))), "{text}");
    let killed = format!("{}  ✅ Killed process {}\n\n⚠️  Found 2", question(ended.pid()), ended.pid());
    assert!(text.contains(&killed), "{text}");
    wait_until("the second has ended", || !ended.is_alive());
    assert!(spared.is_alive());
}

#[test]
fn who_took_the_port_between_question_and_answer_is_spared() {
    let home = Home::new();
    let port = home.free_port();
    home.put(FILE, format!("[ports]\nweb = {port}\n"));
    let shown = Stranger::listening(&home, port, "pass");
    let pid = shown.pid();
    let mut child = begin(&mut home.tsm_command(&["ports", "conflicts", "--fix"]));
    let mut out = child.stdout.take().unwrap();
    let mut asked = Vec::new();
    let question = format!("  Kill process {pid}? (y/N): ");
    while !String::from_utf8_lossy(&asked).ends_with(&question) {
        let mut byte = [0];
        assert_eq!(std::io::Read::read(&mut out, &mut byte).unwrap(), 1, "{asked:?}");
        asked.extend(byte);
    }
    drop(shown);
    let other = Stranger::listening(&home, port, "pass");

    child.stdin.take().unwrap().write_all(b"y\n").unwrap();

    let mut rest = String::new();
    std::io::Read::read_to_string(&mut out, &mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(rest.starts_with(&format!("  ❌ Failed to kill process {pid}\n")), "{rest}");
    assert!(other.is_alive());
}
