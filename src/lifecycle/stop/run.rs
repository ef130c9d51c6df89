//! One process that is being ended.

use std::fs::File;
use std::time::{Duration, Instant};

use super::intent::{Intent, convert, settle};
use super::{AFTER_KILL, Ending, Outcome};
use crate::error::{Error, Result};
use crate::layout::Stream;
use crate::lifecycle::adopt::{Reach, adopt};
use crate::registry::{Record, Registry, Writer};
use crate::supervisor::{Call, Table, Tree, owner};
use crate::sys::fifo;
use crate::sys::signal::Signal;

/// How long a supervisor may take to write down an end that it sees.
const WITNESS: Duration = Duration::from_secs(2);
/// How long a tree whose members are dying is left alone with what it has been told.
const LOOK: Duration = Duration::from_millis(100);

/// One of the processes that are being ended.
#[derive(Debug)]
pub(super) struct Run {
    record: Record,
    tree: Tree,
    pub(super) stage: Stage,
    pub(super) grace_is_over: bool,
    /// When the whole process table is worth another look although somebody known still lives.
    next_look: Instant,
    /// Kept open, so that what is in the fifos outlives the process even when its supervisor does not.
    fifos: Vec<File>,
    intent: Intent,
    /// What became of it could not be written.
    pub(super) unrecorded: Option<Error>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Stage {
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

impl Run {
    pub(super) fn begin(
        record: Record,
        intent: Intent,
        ending: Ending,
        table: &Table,
        registry: &Registry,
    ) -> Self {
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
        this.intent.tell(&run);
        this.signal(table);
        this
    }

    /// While the main process lives and has time, there is nothing to see; nor, for a while, while others of the tree do.
    pub(super) fn needs_table(&self) -> bool {
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

    pub(super) fn look(&mut self, table: &Table) {
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
    pub(super) fn keep_heard(&mut self, registry: &Registry) {
        let layout = registry.layout();
        match self.stage {
            Stage::Asked { .. } if self.record.is_alive() && !registry.is_old(self.record.name()) => {
                adopt(&self.record, Reach::Supervised, layout);
                self.intent.tell(&layout.run(self.record.name()));
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

    fn has_unread(&self) -> bool {
        self.fifos.iter().any(|fifo| fifo::waiting(fifo).is_ok_and(|waiting| waiting > 0))
    }

    /// Whether nothing more is waited for.
    pub(super) fn is_due(&self, registry: &Registry) -> bool {
        let now = Instant::now();
        match self.stage {
            Stage::Gone { patience } => patience <= now || is_recorded(&self.record, registry),
            Stage::Killed { give_up_at } => give_up_at <= now,
            Stage::Asked { .. } | Stage::Over(_) => false,
        }
    }

    /// Writes down what came of it.
    pub(super) fn close(&mut self, writer: &Writer<'_>) -> Result<()> {
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

    /// What came of it cannot be written: its end is up to the supervisor, if that still stands.
    pub(super) fn give_up(&mut self, error: &Error, registry: &Registry) {
        let outcome = self.outcome();
        if outcome == Outcome::Ended {
            let name = self.record.name().to_owned();
            let later = owner(&registry.layout().run(&name)).is_some();
            self.unrecorded = Some(Error::NotRecorded { name, later, why: error.reason() });
        }
        self.stage = Stage::Over(outcome);
    }

    fn outcome(&self) -> Outcome {
        match self.stage {
            Stage::Gone { .. } | Stage::Over(Outcome::Ended) => Outcome::Ended,
            _ => Outcome::Survived,
        }
    }

    /// Whether its old record had to wait for its end.
    pub(super) fn was_in_use(&self) -> bool {
        self.record.process_dir().is_some() && self.outcome() == Outcome::Ended
    }

    /// Makes a JSON record of it.
    pub(super) fn convert(&self, registry: &Registry) {
        convert(&self.record, registry);
    }

    /// How many of the tree live.
    fn signal(&mut self, table: &Table) -> usize {
        let signal = if matches!(self.stage, Stage::Killed { .. }) { Signal::KILL } else { Signal::TERM };
        self.tree.signal(table, signal)
    }
}

/// Whether somebody has said how the run ended, or nobody is left who could.
fn is_recorded(seen: &Record, registry: &Registry) -> bool {
    let open = |record: Record| record.is_same_run(seen) && !record.status().is_final();
    registry.find(seen.name()).is_ok_and(|record| !record.is_some_and(open))
        || owner(&registry.layout().run(seen.name())).is_none()
}
