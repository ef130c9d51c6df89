//! Fault 13 of docs/faults.md: very many processes. `TSM_MANY=1000`: the number of the list, which takes two busy
//! cores about a minute: every start looks at all that run.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::succeed;
use crate::harness::{Home, Process, finish, proc, wait_until};

/// What fits into an ordinary run.
const MANY: usize = 300;
/// Starts at the same time.
const AT_ONCE: usize = 6;

#[expect(clippy::disallowed_methods, reason = "the tests' own setting, of no concern to the program")]
fn many() -> usize {
    std::env::var("TSM_MANY").ok().and_then(|many| many.parse().ok()).unwrap_or(MANY)
}

fn start(home: &Home, number: usize) -> Process {
    let name = format!("p{number}");
    let mut command = home.tsm_command(&["start", "--name", &name, "--port", "none", "sleep 1000000"]);
    let output = finish(command.env("TSM_STABILIZE_MS", "0"));
    Process::from_report(&String::from_utf8_lossy(&output.stdout)).unwrap_or_else(|| panic!("{output:?}"))
}

#[test]
fn very_many_processes_are_started_listed_and_stopped() {
    let many = many();
    let home = Home::new();
    let next = AtomicUsize::new(0);
    let worker = || {
        let numbers = std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < many));
        numbers.map(|number| start(&home, number)).collect::<Vec<_>>()
    };
    let all: Vec<Process> = thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let ids: BTreeSet<i64> = all.iter().map(|process| process.id).collect();
    assert_eq!(ids, (0..i64::try_from(many).unwrap()).collect());

    let list = succeed(&home, &["list"]);
    let rows = list.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit()));
    let listed: BTreeSet<i64> =
        rows.map(|row| row.split(' ').next().unwrap().parse::<i64>().unwrap()).collect();
    assert_eq!(listed, ids);
    let supervisors: Vec<i32> =
        all.iter().map(|process| proc::Stat::of(process.pid).unwrap().parent).collect();
    assert_eq!(supervisors.iter().collect::<BTreeSet<_>>().len(), many, "one each");
    for supervisor in &supervisors {
        let open = proc::descriptors(*supervisor);
        assert!(open.len() <= 12, "a supervisor has open: {open:?}");
        assert!(!open.values().any(|target| target.to_string_lossy().contains("inotify")), "{open:?}");
    }

    let said = succeed(&home, &["stop", "*"]);
    assert!(said.ends_with(&format!("tsm: stopped {many} process(es)\n")), "{said}");
    assert_eq!(all.iter().filter(|process| process.is_alive()).count(), 0);
    wait_until("every supervisor has left", || !supervisors.iter().any(|pid| proc::is_alive(*pid)));
    assert!(succeed(&home, &["list"]).contains("No running services found"));
    assert!(succeed(&home, &["delete", "*"]).ends_with(&format!("tsm: deleted {many} process(es)\n")));
    for dir in ["run", "processes", "pids", "logs"] {
        let left = fs::read_dir(home.root().join("tsm/runtime").join(dir)).unwrap().count();
        assert_eq!(left, 0, "{dir}");
    }
}
