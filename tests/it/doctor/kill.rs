//! `kill PORT [--force]`

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::Stdio;

use super::stdout;
use crate::harness::{Home, Stranger, proc, wait_until};

#[test]
fn who_does_not_end_when_asked_is_killed() {
    let home = Home::new();
    let port = home.free_port();
    let deaf = Stranger::listening(&home, port, "signal.signal(signal.SIGTERM, signal.SIG_IGN)");
    let output = home.tsm(&["doctor", "kill", &port.to_string(), "--force"]);
    let pid = deaf.pid();
    let end = format!(
        "\n\n[DOCTOR] Sending SIGTERM to process {pid}...\nProcess still running, sending SIGKILL...\n\
         Process {pid} killed successfully\nPort {port} is now free\n"
    );
    assert!(stdout(&output).ends_with(&end), "{output:?}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn who_lets_go_of_the_port_is_not_killed() {
    let home = Home::new();
    let port = home.free_port();
    let lets_go = Stranger::listening(&home, port, "signal.signal(signal.SIGTERM, lambda *_: s.close())");
    let output = home.tsm(&["doctor", "kill", &port.to_string(), "--force"]);
    let pid = lets_go.pid();
    let end = format!(
        "[DOCTOR] Sending SIGTERM to process {pid}...\nFailed to kill process {pid}\n  \
         It has let go of port {port} and still runs; to end it: tsm kill --pid {pid}\n"
    );
    assert!(stdout(&output).ends_with(&end), "{output:?}");
    assert_eq!(output.status.code(), Some(1));
    assert!(lets_go.is_alive());
}

#[test]
fn every_holder_is_shown_and_ended() {
    let home = Home::new();
    let port = home.free_port();
    let parent = Stranger::listening(&home, port, "c = os.fork() or time.sleep(1000)");
    let child = proc::children(parent.pid())[0];
    let output = home.tsm(&["doctor", "kill", &port.to_string(), "--force"]);
    let text = stdout(&output);
    for pid in [parent.pid(), child] {
        assert!(text.contains(&format!("  PID:     {pid}\n")), "{text}");
        assert!(text.contains(&format!("Process {pid} killed successfully\n")), "{text}");
    }
    assert_eq!(output.status.code(), Some(0));
    wait_until("both are gone", || !parent.is_alive() && !proc::is_alive(child));
}

#[test]
fn a_managed_holder_protects_the_others() {
    let home = Home::new();
    let port = home.free_port();
    let web = home.start_on(port, "web", &home.server(port));
    let output = home.tsm(&["doctor", "--kill", &port.to_string(), "--force"]);
    let refusal = "This is a TSM-managed process. Use 'tsm stop <process-name>' instead.\n";
    assert!(stdout(&output).ends_with(refusal), "{output:?}");
    assert_eq!(output.status.code(), Some(1));
    assert!(web.is_alive());
}

/// A server that runs the command itself would end with it.
#[test]
fn an_ancestor_of_the_command_is_spared() {
    let home = Home::new();
    let script = "import socket, subprocess; s = socket.create_server(('127.0.0.1', 0)); \
                  p = str(s.getsockname()[1]); r = subprocess.run(['tsm', 'doctor', 'kill', p, '--force']); \
                  print('rc', r.returncode)";
    let output = home.shell(&format!("python3 -S -c \"{script}\""));
    let text = stdout(&output);
    assert!(text.contains("Failed to send signal to process "), "{text}");
    assert!(text.ends_with("rc 1\n") && !text.contains("SIGTERM"), "{text}");
    assert!(output.status.success());
}

#[test]
fn who_took_the_port_between_question_and_answer_is_spared() {
    let home = Home::new();
    let port = home.free_port();
    let shown = Stranger::listening(&home, port, "pass");
    let pid = shown.pid();
    let mut command = home.tsm_command(&["doctor", "kill", &port.to_string()]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut asked = Vec::new();
    out.read_until(b'?', &mut asked).unwrap();
    drop(shown);
    let other = Stranger::listening(&home, port, "pass");

    child.stdin.take().unwrap().write_all(b"y\n").unwrap();

    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let expected = format!(
        " (y/N): [DOCTOR] Sending SIGTERM to process {pid}...\nFailed to send signal to process {pid}\n"
    );
    assert_eq!(rest, expected);
    assert!(other.is_alive());
}
