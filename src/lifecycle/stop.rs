//! Ending processes, each with its whole tree, as many at once as there are.

mod intent;
mod run;

use std::time::{Duration, Instant};

use self::intent::mark_stopping;
use self::run::{Run, Stage};
use super::adopt::{Reach, adopt};
use crate::error::{Error, Result};
use crate::registry::{Record, Registry};
use crate::supervisor::{Table, Tree};
use crate::sys::spawn;

/// How long a tree that got SIGKILL may take to be gone.
pub(super) const AFTER_KILL: Duration = Duration::from_secs(2);
/// Between two looks: short at first, because most processes end at once.
const PAUSES: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(10)];

/// How processes are asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// How long after SIGTERM SIGKILL follows; `None`: SIGKILL at once.
    pub grace: Option<Duration>,
    /// Also if that cannot be written down first: whoever fills a disk must not be safe from being stopped.
    pub unrecorded: bool,
}

impl Ending {
    /// SIGTERM, and SIGKILL ten seconds later.
    pub const GENTLE: Self = Self::after(Duration::from_secs(10));
    /// SIGKILL.
    pub const FORCED: Self = Self { grace: None, unrecorded: true };

    /// SIGTERM, and SIGKILL after this grace.
    pub const fn after(grace: Duration) -> Self {
        Self { grace: Some(grace), unrecorded: true }
    }
}

/// What came of an attempt to end a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing of it is left.
    Ended,
    /// Something outlived SIGKILL.
    Survived,
}

/// Those of which there is anything to end: the process lives, or what a dead one left behind does.
pub fn living<'a>(records: impl IntoIterator<Item = &'a Record>, registry: &Registry) -> Vec<Record> {
    let mut table = None;
    let mut lives = |record: &&Record| {
        record.is_alive() || Tree::of(record, registry.layout()).lives(table.get_or_insert_with(Table::read))
    };
    records.into_iter().filter(|record| lives(record)).cloned().collect()
}

/// Processes that are being ended, all at the same time.
#[derive(Debug)]
pub struct Stop<'a> {
    registry: &'a Registry,
    runs: Vec<Run>,
}

impl<'a> Stop<'a> {
    /// Writes the intent into the records, then sends the first signal to every tree. Where the intent cannot be written,
    /// `ending` says whether to go on; then the supervisor is told, and keeps in mind what it will write later.
    pub fn begin(records: &[Record], ending: Ending, registry: &'a Registry) -> Result<Self> {
        let is_ours = |record: &&Record| record.is_alive() && !registry.is_old(record.name());
        for record in records.iter().filter(is_ours) {
            adopt(record, Reach::All, registry.layout());
        }
        let marked = mark_stopping(records, ending, registry)?;
        leave_their_groups(marked.iter().map(|(record, _)| record));
        let table = Table::read();
        let begin = |(record, intent)| Run::begin(record, intent, ending, &table, registry);
        Ok(Self { registry, runs: marked.into_iter().map(begin).collect() })
    }

    /// Waits for one of them, while all go on. `on_force` is called if it has to be killed after its grace.
    pub fn wait_for(&mut self, index: usize, mut on_force: impl FnMut()) -> Result<Outcome> {
        let mut told = false;
        let begun = Instant::now();
        loop {
            let Some(run) = self.runs.get(index) else { return Ok(Outcome::Ended) };
            if run.grace_is_over && !told {
                told = true;
                on_force();
            }
            if let Stage::Over(outcome) = run.stage {
                if run.was_in_use() {
                    run.convert(self.registry);
                }
                return Ok(outcome);
            }
            self.step()?;
            let [first, later] = PAUSES;
            std::thread::sleep(if begun.elapsed() < later * 10 { first } else { later });
        }
    }

    /// One look at all of them. The process table is read once, and only if a main process is gone; the lock is taken
    /// once, and only if there is something to write.
    fn step(&mut self) -> Result<()> {
        let mut table = None;
        for run in &mut self.runs {
            if run.needs_table() {
                run.look(table.get_or_insert_with(Table::read));
            }
            run.keep_heard(self.registry);
        }
        let mut due: Vec<&mut Run> = self.runs.iter_mut().filter(|run| run.is_due(self.registry)).collect();
        if due.is_empty() {
            return Ok(());
        }
        match self.registry.lock() {
            Ok(writer) => due.iter_mut().try_for_each(|run| run.close(&writer)),
            Err(error) if error.is_unwritable() => {
                due.iter_mut().for_each(|run| run.give_up(&error, self.registry));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Why the end of one of them is not in its record, if it is not: once.
    pub fn take_unrecorded(&mut self, index: usize) -> Option<Error> {
        self.runs.get_mut(index)?.unrecorded.take()
    }
}

/// A command that runs inside the process it is about to end must outlive that. Others stay where they are, because
/// there Ctrl-C reaches them.
fn leave_their_groups<'a>(mut records: impl Iterator<Item = &'a Record>) {
    if records.any(|record| record.pid() == Some(spawn::own_group())) {
        spawn::leave_group();
    }
}
