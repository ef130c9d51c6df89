//! Processes in the places of those that ran when an installation was taken.

use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::process::Child;
use std::time::{SystemTime, UNIX_EPOCH};

use super::fixture::Fixture;
use super::stage::{Processes, logs_of};
use crate::harness::Home;

/// A process in the place of a recorded one. It ends with its owner.
pub(super) struct StandIn {
    /// Tag of a program, or path of the source.
    pub(super) of: String,
    child: Child,
    /// When it was started, in seconds of the epoch.
    pub(super) start: i64,
}

impl StandIn {
    fn start(home: &Home, of: &str, words: &[String], logs: [&str; 2]) -> Self {
        let [out, err] = logs.map(|log| {
            let path = home.root().join(log);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            File::options().append(true).create(true).open(path).unwrap()
        });
        let mut command = home.command(&words[0]);
        let child = command.args(&words[1..]).stdout(out).stderr(err).process_group(0).spawn().unwrap();
        Self { of: of.to_owned(), child, start: now() }
    }

    pub(super) fn pid(&self) -> i32 {
        self.child.id().try_into().unwrap()
    }

    pub(super) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "the tests' own clock")]
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_secs().try_into().unwrap()
}

/// All that a fixture wants.
pub(super) fn start_all(home: &Home, fixture: &Fixture, processes: Processes) -> Vec<StandIn> {
    let programs = fixture.programs.iter();
    let mut all: Vec<StandIn> = programs
        .map(|program| StandIn::start(home, &program.tag, &program.words, [&program.out, &program.err]))
        .collect();
    if processes == Processes::Live {
        let sleep = ["sleep", "1000000"].map(str::to_owned);
        all.extend(fixture.records.iter().filter(|record| record.live).map(|record| {
            let [out, err] = logs_of(record);
            StandIn::start(home, &record.source, &sleep, [&out, &err])
        }));
    }
    all
}
