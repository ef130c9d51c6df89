//! One migration from the first look to the last word.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::apply::apply;
use super::check::{self, Obstacle};
use super::journal::{self, Journal};
use super::look::Look;
use super::owner::Owner;
use super::place::Place;
use super::places::{RUNTIME, TSM};
use super::plan::Plan;
use super::report::Report;
use super::state::{Announced, Standing, State, VERSION};
use super::tree::Tree;
use crate::error::{Error, Result};
use crate::registry::{Registry, Writer};
use crate::sys::clock;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Look and say, change nothing.
    pub dry_run: bool,
    /// How long to wait for other writers.
    pub patience: Duration,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The id of the migration; none when nothing was done.
    pub id: Option<String>,
    /// What was done and what was not.
    pub report: Report,
    /// Where everything is that is no longer in its place.
    pub backup: Option<PathBuf>,
    /// An earlier migration was taken up where it had been cut off.
    pub resumed: bool,
    /// Why nothing was begun.
    pub obstacle: Option<Obstacle>,
}

/// Somebody who keeps changing what is being migrated is left to the next run.
const ROUNDS: usize = 3;

/// Migrates. `progress` is told how much is done of how much.
pub fn run(request: Request, registry: &Registry, progress: &mut dyn FnMut(usize, usize)) -> Result<Outcome> {
    let tetra = registry.layout().tetra();
    let tree = match Tree::open(tetra) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Outcome::default()),
        opened => opened.map_err(Error::file("open", tetra))?,
    };
    Migration { tree: &tree, registry, request }.run(progress)
}

struct Migration<'a> {
    tree: &'a Tree,
    registry: &'a Registry,
    request: Request,
}

impl Migration<'_> {
    fn run(&self, progress: &mut dyn FnMut(usize, usize)) -> Result<Outcome> {
        let is_unfinished = self.read(journal::unfinished_id(self.tree))?.is_some();
        if self.request.dry_run || !is_unfinished {
            let (plan, obstacle) = self.look()?;
            if self.request.dry_run || plan.is_empty() || obstacle.is_some() {
                return Ok(Outcome { report: plan.report, obstacle, ..Outcome::default() });
            }
        }
        self.make_runtime().map_err(|error| self.half_way(&error))?;
        let Some(writer) = self.registry.lock_within(self.request.patience)? else {
            return Err(Error::MigrateLocked);
        };
        self.run_locked(&writer, progress)
    }

    fn run_locked(&self, _writer: &Writer<'_>, progress: &mut dyn FnMut(usize, usize)) -> Result<Outcome> {
        let owner = self.read(Owner::of(self.tree))?;
        let mut outcome = Outcome::default();
        if let Some((journal, recorded)) = self.read(Journal::unfinished(self.tree))? {
            outcome.resumed = true;
            self.carry_out(journal, recorded.plan, owner, &mut outcome, progress)?;
        }
        for _ in 0..ROUNDS {
            let (plan, obstacle) = self.look()?;
            if plan.is_empty() || obstacle.is_some() {
                outcome.obstacle = obstacle;
                outcome.report.refused = plan.report.refused;
                outcome.report.kept = plan.report.kept;
                break;
            }
            let journal = match Journal::create(&plan, self.tree, owner) {
                Ok(journal) => journal,
                Err(error) => {
                    let reason = format!("cannot write the backup, {}", crate::sys::reason(&error));
                    outcome.obstacle = Some(Obstacle::new(Path::new(journal::MIGRATIONS), reason));
                    break;
                }
            };
            if self.carry_out(journal, plan, owner, &mut outcome, progress)? {
                break;
            }
        }
        Ok(outcome)
    }

    /// Whether everything was as it had been planned.
    fn carry_out(
        &self,
        mut journal: Journal<'_>,
        plan: Plan,
        owner: Owner,
        outcome: &mut Outcome,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<bool> {
        let total = plan.steps().count();
        let mut done = 0;
        let mut count = |steps| {
            done += steps;
            progress(done, total);
        };
        let changed = apply(&plan.steps, &mut journal, self.tree, owner, &mut count)
            .map_err(|error| self.half_way(&error))?;
        outcome.add(plan.report, &journal, self.registry);
        self.stamp(&journal, owner, &outcome.report).map_err(|error| self.half_way(&error))?;
        journal.finish().map_err(|error| self.half_way(&error))?;
        Ok(changed.is_empty())
    }

    fn stamp(&self, journal: &Journal<'_>, owner: Owner, report: &Report) -> io::Result<()> {
        let announced = report.refused.iter().filter_map(|refused| announced(&refused.path, self.tree));
        let state = State {
            version: VERSION,
            state: Standing::Migrated,
            id: journal.id().to_owned(),
            time: clock::epoch(),
            refused: announced.collect(),
        };
        state.write(self.tree, owner)
    }

    fn look(&self) -> Result<(Plan, Option<Obstacle>)> {
        let now = clock::epoch();
        let look = self.read(Look::at(self.tree, now))?;
        let plan = self.read(Plan::of(&look, self.tree, self.registry.layout(), now))?;
        let is_blocked = !look.blocked.is_empty();
        let obstacle = if plan.is_empty() && !is_blocked {
            None
        } else {
            self.read(check::obstacle(&look, &plan, self.tree))?
        };
        Ok((plan, obstacle))
    }

    /// Early generations have no such directory, and the lock is in it.
    fn make_runtime(&self) -> io::Result<()> {
        let Some(above) = self.tree.dir(Path::new(TSM))? else { return Ok(()) };
        let name = Place::new(RUNTIME);
        if above.make_dir(name.name(), 0o777)? {
            Owner::of(self.tree)?.give(&above, name.name())?;
        }
        Ok(())
    }

    fn read<T>(&self, read: io::Result<T>) -> Result<T> {
        read.map_err(|error| Error::MigrateNotStarted(crate::sys::reason(&error)))
    }

    fn half_way(&self, error: &io::Error) -> Error {
        Error::MigrateHalfWay(crate::sys::reason(error))
    }
}

impl Outcome {
    fn add(&mut self, report: Report, journal: &Journal<'_>, registry: &Registry) {
        self.id = Some(journal.id().to_owned());
        self.backup = Some(registry.layout().tetra().join(journal.backup().path()));
        self.report.extend(report);
    }
}

/// What an item is now, so that it is announced again when it has changed.
fn announced(path: &Place, tree: &Tree) -> Option<Announced> {
    let facts = tree.facts(path).ok().flatten()?;
    Some(Announced { path: path.clone(), size: facts.size, modified: facts.modified })
}
