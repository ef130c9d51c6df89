//! Fault 12 of docs/faults.md. Many at once: every id once, every name once, and never two copies.

use std::collections::BTreeSet;
use std::process::Output;
use std::thread;

use super::{Dice, put_listener, running, start_listener, succeed, text};
use crate::harness::{Home, Process, finish, wait_until};

const STARTS: usize = 32;
/// Of one name.
const RIVALS: usize = 64;

fn at_once(count: usize, one: impl Fn(usize) -> Output + Sync) -> Vec<Output> {
    thread::scope(|scope| {
        let one = &one;
        let threads: Vec<_> = (0..count).map(|number| scope.spawn(move || one(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[test]
fn thirty_two_starts_of_different_names_get_different_ids() {
    let home = Home::new();
    let outputs = at_once(STARTS, |number| {
        let name = format!("p{number}");
        finish(
            home.tsm_command(&["start", "--name", &name, "--port", "none", "sleep 1000000"])
                .env("TSM_STABILIZE_MS", "100"),
        )
    });
    let ids: BTreeSet<i64> = outputs
        .iter()
        .map(|output| Process::from_report(&text(output)).unwrap_or_else(|| panic!("{output:?}")).id)
        .collect();
    assert_eq!(ids, (0..i64::try_from(STARTS).unwrap()).collect());
    let list = succeed(&home, &["list", "--json"]);
    let list: serde_json::Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["data"]["count"], STARTS);
    let rows = home.read("tsm/runtime/ports/registry.tsv");
    assert_eq!(rows.lines().count(), STARTS + 1);
    succeed(&home, &["delete", "*"]);
    assert!(
        home.tree().iter().all(|path| !path.contains("/p")
            || path.ends_with("pids")
            || path.contains("/ports")
            || path.ends_with("processes")),
        "{:?}",
        home.tree()
    );
}

#[test]
fn of_sixty_four_starts_of_one_name_one_wins() {
    let home = Home::new();
    let listener = put_listener(&home);
    let port = home.free_port();
    for round in 0..3 {
        let outputs = at_once(RIVALS, |_| finish(&mut start_listener(&home, port)));
        let (won, lost): (Vec<_>, Vec<_>) = outputs.iter().partition(|output| output.status.success());
        assert_eq!(won.len(), 1, "round {round}: {outputs:?}");
        for output in lost {
            let said = format!("❌ Process 'web-{port}' already running\n");
            assert_eq!((output.status.code(), text(output)), (Some(1), said), "round {round}");
        }
        let process = Process::from_report(&text(won[0])).unwrap();
        assert_eq!(running(&listener), [process.pid], "round {round}");
        succeed(&home, &[["stop", "delete", "kill"][round], &process.name]);
        assert_eq!(running(&listener), [0_i32; 0], "round {round}");
    }
}

/// Every copy takes a lock for life and tells when it cannot: so no overlap, however short, stays unseen.
#[test]
fn a_storm_of_commands_on_one_name_never_makes_two_copies() {
    const THREADS: usize = 6;
    const COMMANDS: usize = 10;
    let home = Home::new();
    let port = home.free_port();
    let script = "import fcntl, os, socket, sys, time\n\
        f = open('one.lock', 'w')\n\
        try: fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)\n\
        except OSError: open('doubles', 'a').write('%d\\n' % os.getpid())\n\
        s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)\n\
        s.bind(('127.0.0.1', int(sys.argv[1]))); s.listen(); time.sleep(1000000)\n";
    let listener = home.put_work("listener", script).display().to_string();
    let name = format!("web-{port}");
    at_once(THREADS, |thread| {
        let mut dice = Dice::new();
        for _ in 0..COMMANDS {
            let mut command = match dice.roll(8) {
                0..=2 => start_listener(&home, port),
                3 => home.tsm_command(&["stop", &name]),
                4 => home.tsm_command(&["restart", &name]),
                5 => home.tsm_command(&["delete", &name]),
                6 => home.tsm_command(&["kill", &name]),
                _ => home.tsm_command(&["patrol"]),
            };
            let output = finish(command.env("TSM_STABILIZE_MS", "200"));
            assert!(output.status.code().is_some_and(|code| code <= 1), "thread {thread}: {output:?}");
            assert!(!text(&output).contains("lock"), "thread {thread}: {output:?}");
        }
        home.tsm(&["list"])
    });
    assert!(!home.work().join("doubles").exists(), "two copies at once");
    wait_until("record and process agree", || {
        home.tsm(&["patrol"]);
        match (running(&listener)[..].to_vec().as_slice(), home.find_record(&name)) {
            ([], None) => true,
            ([], Some(record)) => record["status"] == "stopped" || record["status"] == "crashed",
            ([pid], Some(record)) => record["pid"] == *pid && home.supervisor_of(&name).is_some(),
            _ => false,
        }
    });
    let output = finish(&mut start_listener(&home, port));
    assert!(text(&output).contains("Started") || text(&output).contains("already running"), "{output:?}");
    assert_eq!(running(&listener).len(), 1);
    succeed(&home, &["delete", &name]);
    assert_eq!(running(&listener), [0_i32; 0]);
    assert!(!home.exists(&format!("tsm/runtime/run/{name}")), "{:?}", home.tree());
}
