//! A disk that is full: nothing is removed before what takes its place is there.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::fail;
use super::goal::{Goal, without_journals};
use super::snapshot::Snapshot;
use crate::harness::finish;
use crate::harness::isolation::{available, report};

const FILE: &str = "28-681fc3e1-json7-ports-array";
const TEXT: &str = include_str!("../../fixtures/migrate/28-681fc3e1-json7-ports-array.txt");

/// In a file system of its own, 4 MiB and 4,000 files large, of which `$FREE` blocks or files are left. `between` and
/// `after` are copies of the installation after a run there, and after another one with room enough.
const SCRIPT: &str = r#"
    mount -t tmpfs -o size=4m,nr_inodes=4000,mode=755 tmpfs "$TETRA_DIR" || { echo SKIPPED; exit; }
    cp -a "$WORK/found/." "$TETRA_DIR"
    fill=$TETRA_DIR/fill; mkdir "$fill"
    free() { stat -f -c "$1" "$TETRA_DIR"; }
    if [ "$WHAT" = blocks ]; then
        head -c $((($(free %a) - FREE) * $(free %S))) /dev/zero >"$fill/0"
    else
        (cd "$fill" && seq $(($(free %d) - FREE)) | xargs touch)
    fi
    tsm migrate --quiet >&2; echo "code $?"
    rm -r "$fill"
    mkdir "$WORK/between" && cp -a "$TETRA_DIR/." "$WORK/between"
    tsm migrate --quiet >&2; echo "code $?"
    mkdir "$WORK/after" && cp -a "$TETRA_DIR/." "$WORK/after"
"#;

/// The codes of both runs. `None`: not here.
fn run(goal: &Goal, what: &str, free: u32) -> Option<String> {
    let home = &goal.stage.home;
    let isolation = match available() {
        Ok(isolation) => isolation,
        Err(why) => {
            report(format_args!("full disk SKIPPED: {why}"));
            return None;
        }
    };
    let mut command = isolation.command(home, SCRIPT);
    command.env("WORK", home.work()).env("WHAT", what).env("FREE", free.to_string());
    let output = finish(&mut command);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if said == "SKIPPED\n" {
        report("full disk SKIPPED: no mount is allowed here");
        return None;
    }
    for word in ["panicked", "Os {", "os error"] {
        assert!(!String::from_utf8_lossy(&output.stderr).contains(word), "{free} {what}: {output:?}");
    }
    Some(said)
}

/// How a run ends with less and less left of something.
fn fill(what: &str, left: impl Iterator<Item = u32>) {
    let goal = Goal::of(FILE, TEXT);
    let work = goal.stage.home.work();
    copy(&goal.stage.root(), &work.join("found"));
    let mut codes = String::new();
    for free in left {
        let when = format!("{free} {what} free");
        let Some(said) = run(&goal, what, free) else { return };
        let _ = write!(codes, "{said}");
        let between = Snapshot::of(&work.join("between"));
        fail(FILE, &when, &goal.lost(&between));
        if said.starts_with("code 4\n") {
            let found = without_journals(&goal.stage.before);
            fail(FILE, &when, &found.differences(&without_journals(&between)));
        }
        assert!(
            ["0", "1", "4"].iter().any(|code| said == format!("code {code}\ncode 0\n")),
            "{when}: {said}"
        );
        goal.check_state(&when, &Snapshot::of(&work.join("after")));
        for dir in ["between", "after"] {
            fs::remove_dir_all(work.join(dir)).unwrap();
        }
    }
    assert!(codes.contains("code 4\n") || codes.contains("code 1\n"), "{what}: it was never full: {codes}");
}

fn copy(from: &Path, to: &Path) {
    let output = std::process::Command::new("cp").arg("-a").args([from, to]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_disk_without_room_is_left_as_it_is() {
    fill("blocks", [0, 1, 2, 4, 8, 64, 200, 400].into_iter());
}

#[test]
fn a_disk_that_takes_no_more_files_loses_nothing() {
    fill("files", (0..60).step_by(4));
}

#[test]
fn a_file_that_may_not_grow_loses_nothing() {
    let goal = Goal::of(FILE, TEXT);
    let tsm = goal.stage.home.bin().join("tsm").display().to_string();
    let mut refused = 0;
    for limit in [0, 50, 200, 400, 800, 2_000, 5_000, 10_000, 20_000, 40_000] {
        let mut command = goal.stage.home.command("prlimit");
        let output = finish(command.arg(format!("--fsize={limit}")).args([&tsm, "migrate", "--quiet"]));
        refused += usize::from(!output.status.success());
        goal.check(&format!("files of {limit} bytes: {output:?}"));
    }
    assert!(refused > 0, "no limit was too low");
}
