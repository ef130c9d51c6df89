//! Each way back ends where it began.

use std::path::Path;

use super::fail;
use super::snapshot::Snapshot;
use super::stage::{Processes, Stage};

fn check(file: &str, text: &str) {
    let Some(mut stage) = Stage::new(file, text, Processes::Gone) else { return };
    check_stage(file, &mut stage);
}

/// There and back, and there again.
pub(super) fn check_stage(file: &str, stage: &mut Stage) {
    let report = stage.migrate(&[]);
    let output = stage.tsm(&["migrate", "--rollback"]);
    assert_eq!(output.status.code(), Some(0), "{file}: {output:?}");
    let after = stage.snapshot();
    if report.backup().is_none() {
        return fail(file, "nothing to take back", &stage.before.writes(&after));
    }
    let faults =
        without_traces(&stage.before, &stage.before).differences(&without_traces(&stage.before, &after));
    fail(file, "taken back", &faults);
    let status = stage.tsm(&["migrate", "--status"]);
    assert!(status.stdout.starts_with(b"rolled back "), "{file}: {status:?}");
    assert_eq!(status.status.code(), Some(0), "{file}: {status:?}");

    let again = stage.tsm(&["migrate", "--rollback"]);
    assert_eq!(again.status.code(), Some(0), "{file}: {again:?}");
    assert_eq!(String::from_utf8_lossy(&again.stdout), "nothing to roll back\n", "{file}");
    fail(file, "taken back twice", &after.writes(&stage.snapshot()));

    // What else lies there has become young by its return, and may belong to a start that is under way.
    let anew = stage.migrate(&[]);
    assert_eq!(
        anew.converted(),
        report.converted(),
        "{file}: after a way back it is migrated otherwise (left)"
    );
    assert_eq!(anew.refused(), report.refused(), "{file}: after a way back other things are refused (left)");
    assert!(stage.all_run(), "{file}: a process was ended");
}

/// What may stay after a way back is not looked at: the backups, the lock, and the directories that these take.
pub(super) fn without_traces(before: &Snapshot, snapshot: &Snapshot) -> Snapshot {
    let may_stay = |path: &Path| {
        path.starts_with("tsm/runtime/migrate")
            || path == Path::new("tsm/runtime/.lock")
            || (path == Path::new("tsm/runtime") && before.get(path).is_none())
    };
    snapshot.filtered(|path| !may_stay(path))
}

macro_rules! tests {
    ($($test:ident: $file:literal;)+) => {
        $(
            #[test]
            fn $test() {
                check($file, include_str!(concat!("../../fixtures/migrate/", $file, ".txt")));
            }
        )+
    };
}

of_the_bash_tool!(tests);
made_by_hand!(tests);
