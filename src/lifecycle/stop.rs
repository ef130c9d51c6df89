//! Ending processes, each with its whole tree, as many at once as there are.

use std::fs::File;
use std::time::{Duration, Instant};

use super::adopt::{Reach, adopt};
use crate::error::{Error, Result};
use crate::layout::Stream;
use crate::registry::{Record, Registry, Writer};
use crate::supervisor::{Call, End, Table, Tree, owner, record_end, tell_intent};
use crate::sys::clock;
use crate::sys::fifo;
use crate::sys::pidfd::Exit;
use crate::sys::proc::Identity;
use crate::sys::signal::Signal;
use crate::sys::spawn;

/// How long a tree that got SIGKILL may take to be gone.
pub(super) const AFTER_KILL: Duration = Duration::from_secs(2);
/// How long a supervisor may take to write down an end that it sees.
const WITNESS: Duration = Duration::from_secs(2);
/// How long a tree whose members are dying is left alone with what it has been told.
const LOOK: Duration = Duration::from_millis(100);
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

/// One of them.
#[derive(Debug)]
struct Run {
    record: Record,
    tree: Tree,
    stage: Stage,
    grace_is_over: bool,
    /// When the whole process table is worth another look although somebody known still lives.
    next_look: Instant,
    /// Kept open, so that what is in the fifos outlives the process even when its supervisor does not.
    fifos: Vec<File>,
    intent: Intent,
    /// What became of it could not be written.
    unrecorded: Option<Error>,
}

/// Where it stands that the end is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Intent {
    /// In the record.
    Recorded,
    /// It could not be written: this supervisor has been told.
    Told(Option<i32>),
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Asked to end; SIGKILL at that time.
    Asked {
        kill_at: Instant,
    },
    /// Sent SIGKILL; given up at that time.
    Killed {
        give_up_at: Instant,
    },
    /// Gone; its supervisor has until then to say how.
    Gone {
        patience: Instant,
    },
    Over(Outcome),
}

impl<'a> Stop<'a> {
    /// Writes the intent into the records, then sends the first signal to every tree. Where the intent cannot be written,
    /// `ending` says whether to go on; then the supervisor is told, and keeps in mind what it will write later.
    pub fn begin(records: &[Record], ending: Ending, registry: &'a Registry) -> Result<Self> {
        for record in records.iter().filter(|record| record.is_alive()) {
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

impl Run {
    fn begin(record: Record, intent: Intent, ending: Ending, table: &Table, registry: &Registry) -> Self {
        let run = registry.layout().run(record.name());
        let fifos = Stream::BOTH.iter().filter_map(|stream| fifo::open_reader(&run.fifo(*stream)).ok());
        let mut this = Self {
            tree: Tree::of(&record, registry.layout()),
            stage: match ending.grace {
                Some(grace) => Stage::Asked { kill_at: Instant::now() + grace },
                None => Stage::Killed { give_up_at: Instant::now() + AFTER_KILL },
            },
            grace_is_over: false,
            next_look: Instant::now() + LOOK,
            fifos: fifos.collect(),
            intent,
            unrecorded: None,
            record,
        };
        this.tell_intent(registry);
        this.signal(table);
        this
    }

    /// While the main process lives and has time, there is nothing to see; nor, for a while, while others of the tree do.
    fn needs_table(&self) -> bool {
        let now = Instant::now();
        match self.stage {
            Stage::Asked { kill_at } if kill_at <= now => true,
            Stage::Asked { .. } if self.record.is_alive() => false,
            Stage::Asked { .. } | Stage::Killed { .. } => {
                self.next_look <= now || !self.tree.is_known_to_live()
            }
            Stage::Gone { .. } | Stage::Over(_) => false,
        }
    }

    fn look(&mut self, table: &Table) {
        if matches!(self.stage, Stage::Asked { kill_at } if kill_at <= Instant::now()) {
            self.stage = Stage::Killed { give_up_at: Instant::now() + AFTER_KILL };
            self.grace_is_over = self.tree.lives(table);
        }
        self.next_look = Instant::now() + LOOK;
        // A process table that could not be read has nobody in it.
        if self.signal(table) == 0 && !self.record.is_alive() {
            self.stage = Stage::Gone { patience: Instant::now() + WITNESS };
        }
    }

    /// Its supervisor may be killed under our hands: what it says on its way out must not wait in full fifos, and what
    /// it has said last must get into its logs.
    fn keep_heard(&mut self, registry: &Registry) {
        let layout = registry.layout();
        match self.stage {
            Stage::Asked { .. } if self.record.is_alive() => {
                adopt(&self.record, Reach::Supervised, layout);
                self.tell_intent(registry);
            }
            Stage::Gone { .. } if self.has_unread() => {
                let run = layout.run(self.record.name());
                if owner(&run).is_none() && fifo::is_fifo(&run.fifo(Stream::Out)) {
                    let _ = Call::to_adopt(self.record.name(), layout);
                }
            }
            _ => {}
        }
    }

    /// Each supervisor once, if it is not in the record: the first may have been killed.
    fn tell_intent(&mut self, registry: &Registry) {
        let run = registry.layout().run(self.record.name());
        if let Intent::Told(told) = self.intent
            && (told.is_none() || owner(&run) != told)
        {
            self.intent = Intent::Told(tell_intent(&run));
        }
    }

    fn has_unread(&self) -> bool {
        self.fifos.iter().any(|fifo| fifo::waiting(fifo).is_ok_and(|waiting| waiting > 0))
    }

    /// Whether nothing more is waited for.
    fn is_due(&self, registry: &Registry) -> bool {
        let now = Instant::now();
        match self.stage {
            Stage::Gone { patience } => patience <= now || is_recorded(&self.record, registry),
            Stage::Killed { give_up_at } => give_up_at <= now,
            Stage::Asked { .. } | Stage::Over(_) => false,
        }
    }

    /// Writes down what came of it.
    fn close(&mut self, writer: &Writer<'_>) -> Result<()> {
        let outcome = self.outcome();
        let written = match outcome {
            Outcome::Ended => settle(&self.record, writer),
            Outcome::Survived => {
                let same = |record: &Record| record.is_same_run(&self.record) && !record.status().is_final();
                writer.update(self.record.name(), same, Record::abandon_stop).map(drop)
            }
        };
        match written {
            Err(error) if error.is_unwritable() => self.give_up(&error, writer.registry()),
            written => {
                written?;
                self.stage = Stage::Over(outcome);
            }
        }
        Ok(())
    }

    /// What came of it cannot be written: it is up to the supervisor, if that still stands.
    fn give_up(&mut self, error: &Error, registry: &Registry) {
        let name = self.record.name().to_owned();
        let later = owner(&registry.layout().run(&name)).is_some();
        self.unrecorded = Some(Error::NotRecorded { name, later, why: error.reason() });
        self.stage = Stage::Over(self.outcome());
    }

    fn outcome(&self) -> Outcome {
        match self.stage {
            Stage::Gone { .. } | Stage::Over(Outcome::Ended) => Outcome::Ended,
            _ => Outcome::Survived,
        }
    }

    /// How many of the tree live.
    fn signal(&mut self, table: &Table) -> usize {
        let signal = if matches!(self.stage, Stage::Killed { .. }) { Signal::KILL } else { Signal::TERM };
        self.tree.signal(table, signal)
    }
}

/// A command that runs inside the process it is about to end must outlive that. Others stay where they are, because
/// there Ctrl-C reaches them.
fn leave_their_groups<'a>(mut records: impl Iterator<Item = &'a Record>) {
    if records.any(|record| record.pid() == Some(spawn::own_group())) {
        spawn::leave_group();
    }
}

/// Under one hold of the lock, so that no policy and no sweep takes an end for a crash. Returns the records as they are
/// now: a name may have been started again since it was looked up, and it is the name that is to be stopped.
fn mark_stopping(records: &[Record], ending: Ending, registry: &Registry) -> Result<Vec<(Record, Intent)>> {
    let is_excused = |error: &Error| ending.unrecorded && error.is_unwritable();
    let unmarked = |seen: &Record| (current(seen, registry), Intent::Told(None));
    let writer = match registry.lock() {
        Err(error) if is_excused(&error) => return Ok(records.iter().map(unmarked).collect()),
        taken => taken?,
    };
    let Some(own) = Identity::own() else {
        return Ok(records.iter().map(unmarked).collect());
    };
    let mark = |seen: &Record| match mark(seen, &own, &writer) {
        Err(error) if is_excused(&error) => Ok(unmarked(seen)),
        marked => marked.map(|record| (record, Intent::Recorded)),
    };
    records.iter().map(mark).collect()
}

fn mark(seen: &Record, own: &Identity, writer: &Writer<'_>) -> Result<Record> {
    let is_open = |record: &Record| !record.status().is_final();
    let marked = writer.update(seen.name(), is_open, |record| record.begin_stop(own))?;
    let now = if marked.is_some() { marked } else { writer.registry().find(seen.name())? };
    Ok(now.unwrap_or_else(|| seen.clone()))
}

fn current(seen: &Record, registry: &Registry) -> Record {
    registry.find(seen.name()).ok().flatten().unwrap_or_else(|| seen.clone())
}

/// Whether somebody has said how the run ended, or nobody is left who could.
fn is_recorded(seen: &Record, registry: &Registry) -> bool {
    let open = |record: Record| record.is_same_run(seen) && !record.status().is_final();
    registry.find(seen.name()).is_ok_and(|record| !record.is_some_and(open))
        || owner(&registry.layout().run(seen.name())).is_none()
}

/// The record says `stopped`, whoever wrote it first, and the pid file is gone.
fn settle(seen: &Record, writer: &Writer<'_>) -> Result<()> {
    record_end(seen, End { exit: Exit::Unseen, meant: true }, writer)?;
    let Some(now) = writer.registry().find(seen.name())?.filter(|record| record.is_same_run(seen)) else {
        return Ok(());
    };
    if !now.is_settled() {
        writer.update(seen.name(), |_| true, |record| record.settle_stop(clock::epoch()))?;
    }
    writer.remove_pid_file(seen.name())
}
