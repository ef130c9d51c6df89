//! Sockets whose owners cannot be seen.

use super::User;
use crate::harness::isolation::report;
use crate::harness::{Home, Process, Stranger, finish, wait_until};

/// Listens on a port, and lets nobody but root see what it has open. It ends by itself should nobody be able to find it.
const HIDDEN: &str = "\
import ctypes, socket, sys, time
ctypes.CDLL(None).prctl(4, 0)
server = socket.create_server(('127.0.0.1', int(sys.argv[1])))
time.sleep(60)
";

fn text(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_port_of_somebody_else_is_in_use_by_an_unknown_process_and_nobody_is_signalled() {
    let home = Home::new();
    let port = home.free_port();
    let Some(user) = User::of(&home).filter(User::is_another) else {
        return report("ports of another user SKIPPED: they want root, who can become one");
    };
    let other = Stranger::listening(&home, port, "pass");
    let number = port.to_string();
    let run = |words: &[&str]| finish(&mut user.command(&home, words));

    let shown = run(&["doctor", "port", &number]);
    let killed = run(&["doctor", "kill", &number, "--force"]);
    let scanned = text(&run(&["scan-ports"]));

    let unknown = "  PID:     unknown\n  Process: unknown\n  User:    unknown\n  Command: unknown\n";
    assert!(text(&shown).contains(unknown), "{shown:?}");
    assert_eq!([shown.status.code(), killed.status.code()], [Some(1); 2]);
    let refused = "  Command: unknown\n\nFailed to send signal to process unknown\n";
    assert!(text(&killed).ends_with(refused), "{killed:?}");
    assert!(scanned.contains(&format!("{port:<6}  unknown  Unmanaged\n")), "{scanned}");
    assert!(other.is_alive());
}

#[test]
fn a_process_that_hides_its_descriptors_still_has_its_declared_port() {
    let home = Home::new();
    let port = home.free_port();
    let Some(user) = User::of(&home) else {
        return report("hidden descriptors SKIPPED: root sees them, and cannot become an ordinary user here");
    };
    let script = home.put_work("hidden.py", HIDDEN);
    let number = port.to_string();
    let command = format!("python3 -S {} {port}", script.display());
    let run = |words: &[&str]| finish(user.command(&home, words).env("TSM_STABILIZE_MS", "50"));
    let started = run(&["start", "--name", "web", "--port", &number, &command]);
    let web = Process::from_report(&text(&started)).unwrap_or_else(|| panic!("{started:?}"));
    wait_until("it listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());

    let scanned = text(&run(&["scan-ports"]));
    let killed = run(&["doctor", "kill", &number, "--force"]);
    let stopped = run(&["stop", &web.name]);

    assert!(
        scanned.contains(&format!("{port:<6}  {:<6}  Online (TSM: {})\n", web.pid, web.name)),
        "{scanned}"
    );
    assert!(text(&killed).contains("This is a TSM-managed process."), "{killed:?}");
    assert!(stopped.status.success(), "{stopped:?}");
}
