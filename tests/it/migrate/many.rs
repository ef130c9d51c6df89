//! Very many records. `TSM_MANY=10000`: as many as a migration must be quick with.

use std::fmt::Write as _;
use std::time::Instant;

use serde_json::json;

use super::fail;
use super::goal::without_journals;
use super::report::Report;
use super::snapshot::Snapshot;
use crate::harness::isolation::report;
use crate::harness::{Home, finish};

/// What fits into an ordinary run.
const MANY: usize = 500;
/// More than this no migration may take.
const MEMORY: &str = "--data=104857600";

#[expect(clippy::disallowed_methods, reason = "the tests' own setting, of no concern to the program")]
fn many() -> usize {
    std::env::var("TSM_MANY").ok().and_then(|many| many.parse().ok()).unwrap_or(MANY)
}

/// How records were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// One line, beside `runtime/`.
    Line,
    /// Ten lines.
    Lines,
    /// `NAME/meta.json`
    Directories,
}

pub(super) fn name(number: usize) -> String {
    format!("svc{}-{}", number % 97, 10_000 + number)
}

/// Processes that are gone, with logs, pid files, and every tenth an environment.
pub(super) fn generate(home: &Home, layout: Layout, count: usize) {
    for number in 0..count {
        let dir = if layout == Layout::Line { "tsm" } else { "tsm/runtime" };
        let name = name(number);
        let pid = 4_100_000 + number % 90_000;
        if layout == Layout::Directories {
            let dir = format!("{dir}/processes/{name}");
            home.put(&format!("{dir}/meta.json"), meta_json(number, pid));
            home.put(&format!("{dir}/current.out"), format!("out {number}\n"));
            home.put(&format!("{dir}/{name}.pid"), format!("{pid}\n"));
            continue;
        }
        let text = if layout == Layout::Line { line(number, pid) } else { lines(number, pid) };
        home.put(&format!("{dir}/processes/{name}.meta"), text);
        home.put(&format!("{dir}/pids/{name}.pid"), format!("{pid}\n"));
        home.put(&format!("{dir}/logs/{name}.out"), format!("out {number}\n"));
        home.put(&format!("{dir}/logs/{name}.err"), "");
        if number % 10 == 0 {
            home.put(&format!("{dir}/processes/{name}.env"), "TSM_ENV_FILE=\"\"\nA=1\n");
        }
    }
}

fn start(number: usize) -> usize {
    1_760_000_000 + number
}

fn line(number: usize, pid: usize) -> String {
    let (port, start) = (10_000 + number, start(number));
    format!(
        "script='sleep {number}' pid={pid} port={port} start_time={start} type=command tsm_id={number} \
        restart_count=0 cwd='/'\n"
    )
}

fn lines(number: usize, pid: usize) -> String {
    let (name, port, start) = (name(number), 10_000 + number, start(number));
    let mut text =
        format!("tsm_id={number}\nname={name}\npid={pid}\ncommand='sleep {number}'\nport={port}\n");
    let _ = write!(text, "start_time={start}\nenv_file=''\ncwd='/'\ntype=command\ninterpreter=''\n");
    text
}

fn meta_json(number: usize, pid: usize) -> String {
    json!({
        "tsm_id": number, "name": name(number), "pid": pid, "command": format!("sleep {number}"),
        "port": 10_000 + number, "cwd": "/", "interpreter": "", "process_type": "command", "env_file": "",
        "prehook": "", "status": "online", "start_time": start(number), "restarts": 0, "unstable_restarts": 0,
    })
    .to_string()
}

fn check(layout: Layout) {
    let (home, many) = (Home::new(), many());
    generate(&home, layout, many);
    let tsm = home.bin().join("tsm").display().to_string();
    let start = Instant::now();
    let migrated = Report::new(finish(home.command("prlimit").args([MEMORY, &tsm, "migrate", "--json"])));
    let took = start.elapsed();
    if many > MANY {
        report(format_args!("{many} records as {layout:?}: {} ms", took.as_millis()));
    }
    assert_eq!((migrated.code, migrated.converted().len()), (0, many), "{:?}", migrated.output.stderr);
    let after = Snapshot::of(&home.root());
    let faults: Vec<String> = (0..many).filter_map(|number| wrong(&home, layout, number)).collect();
    fail("very many", &format!("{layout:?}"), &faults);
    assert!(
        after
            .get("tsm/runtime/pids")
            .is_none_or(|_| after.at("tsm/runtime/pids".as_ref()).iter().count() == 1)
    );

    let again = Report::new(home.tsm(&["migrate", "--json"]));
    assert_eq!((again.code, again.converted().len()), (0, 0));
    fail("very many", "a second run", &after.writes(&Snapshot::of(&home.root())));
}

/// What is not as it should be with one of them.
fn wrong(home: &Home, layout: Layout, number: usize) -> Option<String> {
    let name = name(number);
    let Some(record) = home.find_record(&name) else { return Some(format!("{name} has no record")) };
    // They all left a pid file behind, and nobody says how they ended.
    let right = record["tsm_id"] == number
        && record["port"] == 10_000 + number
        && record["start_time"] == start(number)
        && record["status"] == "crashed"
        && record["command"] == format!("sleep {number}")
        && home.log(&name, "out") == format!("out {number}\n");
    let env = home.exists(&format!("tsm/runtime/processes/{name}.env"));
    let has_env = layout != Layout::Directories && number.is_multiple_of(10);
    (!right || env != has_env).then(|| format!("{name} became {record}"))
}

#[test]
fn one_line_each() {
    check(Layout::Line);
}

#[test]
fn ten_lines_each() {
    check(Layout::Lines);
}

#[test]
fn one_directory_each() {
    check(Layout::Directories);
}

#[test]
#[ignore = "waits for the way back"]
fn all_of_them_are_taken_back() {
    let home = Home::new();
    generate(&home, Layout::Lines, many());
    let before = Snapshot::of(&home.root());
    let there = home.tsm(&["migrate"]);
    assert!(there.status.success(), "{there:?}");
    let back = home.tsm(&["migrate", "--rollback"]);
    assert!(back.status.success(), "{back:?}");
    fail("very many", "taken back", &before.differences(&without_journals(&Snapshot::of(&home.root()))));
}
