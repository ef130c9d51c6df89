//! Whom a migration must not disturb, and who must not disturb it.

use std::fs;
use std::io::Write as _;
use std::process::{Child, Stdio};

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};

use super::many::{Layout, generate, name};
use super::report::Report;
use super::snapshot::Snapshot;
use super::stage::{Processes, Stage};
use crate::harness::{Home, wait_until};

const LINKED: &str = "h47-linked-record";

#[test]
fn what_a_linked_record_leads_to_is_not_even_opened() {
    let text = include_str!("../../fixtures/migrate/h47-linked-record.txt");
    let stage = Stage::new(LINKED, text, Processes::Gone).unwrap();
    let inotify = Inotify::init(InitFlags::IN_NONBLOCK).unwrap();
    let target = stage.root().join("elsewhere/link-4090.meta");
    inotify.add_watch(&target, AddWatchFlags::IN_OPEN | AddWatchFlags::IN_ATTRIB).unwrap();
    fs::read(&target).unwrap();
    assert!(!inotify.read_events().unwrap().is_empty(), "an open is seen");
    stage.migrate(&["--dry-run"]);
    stage.migrate(&[]);
    assert!(inotify.read_events().is_err(), "it was opened");
}

#[test]
fn an_installation_of_today_is_not_touched_and_nothing_is_said() {
    let text = include_str!("../../fixtures/migrate/h62-new.txt");
    let stage = Stage::new("h62-new", text, Processes::Gone).unwrap();
    for words in [&["list"][..], &["migrate", "--quiet"], &["migrate", "--dry-run"]] {
        let output = stage.tsm(words);
        assert!(output.status.success(), "{words:?}: {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{words:?}");
        super::fail("h62-new", &words.join(" "), &stage.before.writes(&stage.snapshot()));
    }
    assert_eq!(stage.tsm(&["migrate", "--quiet"]).stdout, b"");
}

#[test]
fn the_status_tells_where_an_installation_stands() {
    let says = |stage: &Stage, code: i32, beginning: &str| {
        let output = stage.tsm(&["migrate", "--status"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.code() == Some(code) && said.starts_with(beginning), "{output:?}");
    };
    let new = include_str!("../../fixtures/migrate/h62-new.txt");
    let new = Stage::new("h62-new", new, Processes::Gone).unwrap();
    says(&new, 0, "nothing to migrate\n");
    super::fail("h62-new", "--status", &new.before.writes(&new.snapshot()));

    let old = include_str!("../../fixtures/migrate/h57-mixed-generations.txt");
    let old = Stage::new("h57-mixed-generations", old, Processes::Gone).unwrap();
    says(&old, 3, "not migrated: ");
    super::fail("h57-mixed-generations", "--status", &old.before.writes(&old.snapshot()));
    old.migrate(&[]);
    says(&old, 0, "migrated 20");
}

fn start(home: &Home) -> Child {
    let mut command = home.tsm_command(&["migrate", "--json"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn of_several_at_once_one_migrates_and_the_others_find_nothing_to_do() {
    const COUNT: usize = 300;
    let home = Home::new();
    generate(&home, Layout::Lines, COUNT);
    let all: Vec<Child> = (0..6).map(|_| start(&home)).collect();
    let reports: Vec<Report> =
        all.into_iter().map(|child| Report::new(child.wait_with_output().unwrap())).collect();
    let mut converted: Vec<usize> = reports.iter().map(|report| report.converted().len()).collect();
    converted.sort_unstable();
    assert_eq!(converted, [0, 0, 0, 0, 0, COUNT]);
    // Who waits too long for the lock may say so.
    assert!(reports.iter().all(|report| matches!(report.code, 0 | 5)));
    assert!((0..COUNT).all(|number| home.record(&name(number))["tsm_id"] == number));
    let after = Snapshot::of(&home.root());
    let backups = after.iter().filter(|(path, _)| path.ends_with("backup.tar")).count();
    assert_eq!(backups, 1);
}

/// The bash tool knows no lock: what it writes while a migration waits for one is what is converted.
#[test]
fn what_is_written_after_the_first_look_is_not_lost() {
    let text = include_str!("../../fixtures/migrate/16-26ba21b0-gen5-ports-registry.txt");
    let stage = Stage::new("16-26ba21b0-gen5-ports-registry", text, Processes::Gone).unwrap();
    let lock = fs::File::create(stage.home.put("tsm/runtime/.lock", "")).unwrap();
    lock.lock().unwrap();
    let inotify = Inotify::init(InitFlags::IN_NONBLOCK).unwrap();
    inotify.add_watch(&stage.root().join("tsm/runtime/.lock"), AddWatchFlags::IN_OPEN).unwrap();
    let child = start(&stage.home);
    wait_until("it has looked, and tries the lock", || inotify.read_events().is_ok());
    let record = "tsm/runtime/processes/web-20320.meta";
    let file = fs::File::options().write(true).truncate(true).open(stage.root().join(record));
    let text =
        stage.before.get(record).map(|node| String::from_utf8_lossy(&node.bytes).into_owned()).unwrap();
    file.unwrap().write_all(text.replace("port=20320", "port=20399").as_bytes()).unwrap();
    drop(lock);
    let report = Report::new(child.wait_with_output().unwrap());
    assert_eq!(
        (report.code, stage.home.record("web-20320")["port"].as_i64()),
        (0, Some(20399)),
        "{:#}",
        report.json
    );
    assert!(!stage.home.exists(record));
}

#[test]
fn a_way_back_is_not_gone_by_whoever_asks_to_look_only() {
    let text = include_str!("../../fixtures/migrate/16-26ba21b0-gen5-ports-registry.txt");
    let stage = Stage::new("16-26ba21b0-gen5-ports-registry", text, Processes::Gone).unwrap();
    stage.migrate(&[]);
    let migrated = stage.snapshot();
    for words in [["migrate", "--rollback", "--dry-run"], ["migrate", "--dry-run", "--rollback"]] {
        let output = stage.tsm(&words);
        assert_eq!(output.status.code(), Some(64), "{words:?}: {output:?}");
        super::fail("16", &words.join(" "), &migrated.writes(&stage.snapshot()));
    }
}

#[test]
fn a_migration_whose_directory_was_removed_half_way_keeps_nobody_from_the_next() {
    let text = include_str!("../../fixtures/migrate/16-26ba21b0-gen5-ports-registry.txt");
    let stage = Stage::new("16-26ba21b0-gen5-ports-registry", text, Processes::Gone).unwrap();
    let migrations = stage.root().join("tsm/runtime/migrate");
    fs::create_dir_all(&migrations).unwrap();
    std::os::unix::fs::symlink("20251101T000000Z-1", migrations.join("unfinished")).unwrap();
    let report = stage.migrate(&[]);
    assert_eq!((report.code, report.converted().len()), (0, 8), "{:#}", report.json);
    assert!(stage.tsm(&["patrol"]).status.success());
}
