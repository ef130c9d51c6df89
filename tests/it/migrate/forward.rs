//! Each old installation becomes a new one; a dry run says how; a second run finds nothing to do.

use super::after::After;
use super::fail;
use super::stage::{Processes, Stage};

fn check(file: &str, text: &str) {
    let Some(mut stage) = Stage::new(file, text, Processes::Gone) else { return };
    let dry = stage.migrate(&["--dry-run"]);
    fail(file, "a dry run", &stage.before.writes(&stage.snapshot()));

    let report = stage.migrate(&[]);
    let snapshot = stage.snapshot();
    assert_eq!(dry.lists(), report.lists(), "{file}: a dry run says something else (left)");
    assert_eq!(dry.code, report.code, "{file}: a dry run ends with another code (left)");
    if stage.fixture.expect.exit == 4 {
        fail(file, "not started", &stage.before.writes(&snapshot));
    } else {
        let records = stage.fixture.records.iter().collect();
        fail(
            file,
            "migrated",
            &After { stage: &stage, report: &report, snapshot: snapshot.clone(), records }.faults(),
        );
    }

    let again = stage.migrate(&[]);
    assert_eq!(again.code, report.code, "{file}: a second run ends with another code: {:#}", again.json);
    assert!(
        again.converted().is_empty() || again.code == 4,
        "{file}: a second run converts: {:#}",
        again.json
    );
    fail(file, "a second run", &snapshot.writes(&stage.snapshot()));
    assert!(stage.all_run(), "{file}: a process was ended");
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
