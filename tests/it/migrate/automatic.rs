//! Any other command migrates by itself, says little, and changes neither what the user asked for nor its exit code.

use std::os::unix::fs::MetadataExt as _;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::fail;
use super::stage::{Processes, Stage};
use crate::harness::isolation::report;
use crate::harness::{Home, User, finish};

const REAL: &str = include_str!("../../fixtures/migrate/16-26ba21b0-gen5-ports-registry.txt");
const REFUSED: &str = include_str!("../../fixtures/migrate/h03-whitespace.txt");

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_first_command_says_what_it_migrated_and_the_second_nothing() {
    let stage = Stage::new("h03-whitespace", REFUSED, Processes::Gone).unwrap();
    let words = ["list", "--json", "--all"];
    let first = stage.tsm(&words);
    let said = stderr(&first);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].starts_with("tsm: migrated 1 process record(s) to JSON; backup in "), "{said}");
    assert_eq!(lines[1], "tsm: 1 item(s) left alone, see: tsm migrate --status");
    assert!(stage.home.find_record("good-4100").is_some());

    let second = stage.tsm(&words);
    assert_eq!(stderr(&second), "", "what was refused once is not announced again");
    assert_eq!((first.stdout, first.status), (second.stdout, second.status));
}

#[test]
fn records_are_listed_alike_before_and_after() {
    let stage = Stage::new("16-26ba21b0-gen5-ports-registry", REAL, Processes::Gone).unwrap();
    let words = ["list", "--json", "--all"];
    let before = finish(stage.command(&words).env("TSM_NO_AUTO_MIGRATE", "1"));
    assert_eq!(stderr(&before), "");
    fail("16", "a list without migration", &stage.before.writes(&stage.snapshot()));
    let after = stage.tsm(&words);
    assert!(stage.home.find_record("web-20320").is_some());
    let listed = |output: &Output| -> Vec<String> {
        let list: Value = serde_json::from_slice(&output.stdout).unwrap();
        let processes = list["data"]["processes"].as_array().unwrap();
        let row =
            |process: &Value| ["tsm_id", "name", "port"].map(|member| process[member].to_string()).join(" ");
        processes.iter().map(row).collect()
    };
    assert_eq!(listed(&before).len(), 8);
    assert_eq!(listed(&before), listed(&after));
}

#[test]
fn who_switches_it_off_can_write_nothing() {
    let stage = Stage::new("16-26ba21b0-gen5-ports-registry", REAL, Processes::Gone).unwrap();
    for words in
        [&["start", "--port", "none", "sleep 1"][..], &["stop", "web-20320"], &["delete", "web-20320"]]
    {
        let output = finish(stage.command(words).env("TSM_NO_AUTO_MIGRATE", "1"));
        assert_eq!(output.status.code(), Some(1), "{words:?}: {output:?}");
        assert_eq!(stderr(&output), "tsm: cannot migrate: TSM_NO_AUTO_MIGRATE is set\n", "{words:?}");
        fail("16", &words.join(" "), &stage.before.writes(&stage.snapshot()));
    }
}

#[test]
fn help_and_a_dry_look_migrate_nothing() {
    let stage = Stage::new("16-26ba21b0-gen5-ports-registry", REAL, Processes::Gone).unwrap();
    for words in [
        &[][..],
        &["help"],
        &["--help"],
        &["-V"],
        &["nonsense"],
        &["migrate", "--help"],
        &["migrate", "--status"],
        &["migrate", "--dry-run"],
    ] {
        assert_eq!(stderr(&stage.tsm(words)).lines().filter(|line| line.contains("migrated")).count(), 0);
        fail("16", &words.join(" "), &stage.before.writes(&stage.snapshot()));
    }
}

#[test]
fn an_exit_code_stays_what_it_was() {
    let stage = Stage::new("h03-whitespace", REFUSED, Processes::Gone).unwrap();
    let first = stage.tsm(&["info", "nobody"]);
    assert!(stderr(&first).starts_with("tsm: migrated 1 process record(s)"), "{first:?}");
    let second = stage.tsm(&["info", "nobody"]);
    assert_eq!((first.status.code(), &first.stdout), (second.status.code(), &second.stdout));
    assert!(!second.status.success() && stderr(&first).ends_with(&stderr(&second)));
}

#[test]
fn a_name_whose_record_was_refused_is_not_started() {
    let stage = Stage::new("h03-whitespace", REFUSED, Processes::Gone).unwrap();
    let path = "tsm/runtime/processes/bad-4100.meta";
    stage.home.put(path, " \n");
    let words = ["start", "--name", "bad", "--port", "4100", "touch started"];
    for _ in 0..2 {
        let output = stage.tsm(&words);
        let refusal = format!(
            "tsm: record of 'bad-4100' was refused by migrate: {}\n",
            stage.root().join(path).display()
        );
        assert!(output.status.code() == Some(1) && stderr(&output).ends_with(&refusal), "{output:?}");
    }
    assert_eq!(stage.home.read(path), " \n");
    assert!(!stage.home.work().join("started").exists() && stage.home.find_record("bad-4100").is_none());
}

#[test]
fn after_a_way_back_nothing_is_migrated_unasked() {
    let stage = Stage::new("16-26ba21b0-gen5-ports-registry", REAL, Processes::Gone).unwrap();
    stage.migrate(&[]);
    assert!(stage.tsm(&["migrate", "--rollback"]).status.success());
    let back = stage.snapshot();
    let list = stage.tsm(&["list", "--json", "--all"]);
    assert!(
        stderr(&list).is_empty() && String::from_utf8_lossy(&list.stdout).contains("web-20320"),
        "{list:?}"
    );
    let start = stage.tsm(&["stop", "web-20320"]);
    let said = "tsm: cannot migrate: it was rolled back, run: tsm migrate\n";
    assert_eq!((start.status.code(), stderr(&start).as_str()), (Some(1), said));
    fail("16", "rolled back", &back.writes(&stage.snapshot()));
}

/// Somebody else writes: who only looks does not wait for that, and who wants to write says why not.
#[test]
fn a_lock_that_is_held_stops_writers_alone() {
    let stage = Stage::new("16-26ba21b0-gen5-ports-registry", REAL, Processes::Gone).unwrap();
    let lock = std::fs::File::create(stage.home.put("tsm/runtime/.lock", "")).unwrap();
    lock.lock().unwrap();
    let before = stage.snapshot();
    let begin = Instant::now();
    let list = stage.tsm(&["list", "--json", "--all"]);
    assert!(String::from_utf8_lossy(&list.stdout).contains("web-20320") && list.status.success(), "{list:?}");
    assert!(stderr(&list).is_empty() && begin.elapsed() < PATIENCE, "{list:?}");

    let begin = Instant::now();
    let stop = stage.tsm(&["stop", "web-20320"]);
    let said = "tsm: cannot migrate: another tsm holds the lock, try again\n";
    assert_eq!((stop.status.code(), stderr(&stop).as_str()), (Some(1), said));
    assert!(begin.elapsed() >= PATIENCE, "it has not waited");
    fail("16", "locked", &before.writes(&stage.snapshot()));
    drop(lock);
    assert!(stderr(&stage.tsm(&["list"])).starts_with("tsm: migrated 8 "));
}

/// How long a command that writes waits for others.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is not one's own is listed and left alone: root's by others, anybody's by root.
#[test]
fn an_installation_of_somebody_else_is_read_and_not_migrated() {
    let stage = Stage::new("16-26ba21b0-gen5-ports-registry", REAL, Processes::Gone).unwrap();
    let Some(user) = User::of(&stage.home).filter(User::is_another) else {
        return report("installations of others SKIPPED: it takes root to have another user");
    };
    let check = |run: &dyn Fn(&[&str]) -> Command| {
        let before = stage.snapshot();
        let list = finish(&mut run(&["list", "--json", "--all"]));
        assert!(String::from_utf8_lossy(&list.stdout).contains("web-20320"), "{list:?}");
        let stop = finish(&mut run(&["stop", "web-20320"]));
        let said = "tsm: cannot migrate: this installation belongs to another user\n";
        assert_eq!((stop.status.code(), stderr(&stop).as_str()), (Some(1), said));
        fail("16", "somebody else's", &before.writes(&stage.snapshot()));
    };
    check(&|words| user.command(&stage.home, words));
    user.take(&stage.root().join("tsm"));
    check(&|words| stage.home.tsm_command(words));
    // Asked to, root migrates it for its owner.
    assert!(stage.tsm(&["migrate", "--quiet"]).status.success());
    let owner = stage.root().join("tsm").metadata().unwrap().uid();
    for (path, _) in stage.snapshot().at("tsm".as_ref()).iter() {
        assert_eq!(stage.root().join(path).symlink_metadata().unwrap().uid(), owner, "{}", path.display());
    }
}

/// Directories that are opened on the way to an answer about no record at all.
#[test]
fn where_there_is_nothing_to_do_that_costs_four_opens_at_most() {
    let home = Home::with_setup();
    let trace = home.work().join("trace");
    let mut command = home.command("strace");
    command
        .args(["-f", "-e", "trace=open,openat,openat2", "-o"])
        .arg(&trace)
        .arg(home.bin().join("tsm"))
        .arg("list");
    match command.output() {
        Err(error) => return report(format_args!("opens of the automatic run SKIPPED: no strace: {error}")),
        Ok(output) if !output.status.success() => {
            return report(format_args!("opens of the automatic run SKIPPED: {output:?}"));
        }
        Ok(_) => {}
    }
    let opens = std::fs::read_to_string(trace).unwrap();
    let root = home.root().display().to_string();
    let ours: Vec<&str> = opens.lines().filter(|line| line.contains(&root)).collect();
    // One of them is the list's own.
    assert!((2..=5).contains(&ours.len()), "{ours:#?}");
    assert!(!ours.iter().any(|line| line.contains("O_CREAT") || line.contains("O_WRONLY")), "{ours:#?}");
}
