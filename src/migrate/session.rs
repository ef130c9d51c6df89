//! One run that changes an installation: with the lock, a journal, and a stamp at its end.

use std::io;
use std::path::Path;

use super::apply::apply;
use super::journal::{Journal, Purpose, Recorded, VERSION};
use super::owner::Owner;
use super::place::Place;
use super::places::{RUNTIME, TSM};
use super::plan::Plan;
use super::report::Refused;
use super::state::{Announced, Standing, State};
use super::step::Phase;
use super::tree::Tree;
use crate::error::{Error, Result};
use crate::registry::{Registry, Writer};
use crate::sys::clock;

/// Told how much is done of how much.
pub type Progress<'a> = &'a mut dyn FnMut(usize, usize);

/// The turn to change everything.
#[derive(Debug)]
pub struct Session<'a> {
    /// The installation.
    pub tree: &'a Tree,
    owner: Owner,
    _turn: Writer<'a>,
}

impl<'a> Session<'a> {
    /// Waits for the turn; `None` when somebody else keeps it for longer than that.
    pub fn begin(
        tree: &'a Tree,
        registry: &'a Registry,
        patience: std::time::Duration,
    ) -> Result<Option<Self>> {
        let owner = Owner::of(tree).map_err(not_started)?;
        make_runtime(tree, owner).map_err(not_started)?;
        let Some(turn) = registry.lock_within(patience)? else { return Ok(None) };
        if let Some(runtime) = tree.dir(Path::new(RUNTIME)).map_err(not_started)? {
            owner.give(&runtime, ".lock".as_ref()).map_err(not_started)?;
        }
        Ok(Some(Self { tree, owner, _turn: turn }))
    }

    /// Takes up what was begun and cut off. What it was, and its journal.
    pub fn resume(&self, progress: Progress<'_>) -> Result<Option<(Journal<'a>, Recorded)>> {
        let Some((mut journal, recorded)) = Journal::unfinished(self.tree).map_err(not_started)? else {
            return Ok(None);
        };
        self.carry_out(&mut journal, &recorded.purpose, &recorded.plan, progress)?;
        Ok(Some((journal, recorded)))
    }

    /// Writes down what is going to be done. Nothing else has changed when that fails.
    pub fn prepare(&self, purpose: &Purpose, plan: &Plan) -> io::Result<Journal<'a>> {
        Journal::create(purpose, plan, self.tree, self.owner)
    }

    /// Does it. Whether everything was as it had been planned.
    pub fn carry_out(
        &self,
        journal: &mut Journal<'a>,
        purpose: &Purpose,
        plan: &Plan,
        progress: Progress<'_>,
    ) -> Result<bool> {
        let total = plan.steps().count();
        let mut done = 0;
        let mut count = |steps| {
            done += steps;
            progress(done, total);
        };
        let mut order = Phase::ALL.to_vec();
        if matches!(purpose, Purpose::RollBack { .. }) {
            order.reverse();
        }
        let changed =
            apply(&plan.steps, order, journal, self.tree, self.owner, &mut count).map_err(half_way)?;
        self.stamp(journal, purpose, &plan.report.refused).map_err(half_way)?;
        journal.finish().map_err(half_way)?;
        Ok(changed.is_empty())
    }

    /// Writes down which refused items have been announced, and nothing else.
    pub fn remember(&self, refused: Vec<Announced>, state: Option<State>) -> io::Result<()> {
        let none = State {
            version: VERSION,
            state: Standing::Untouched,
            id: String::new(),
            time: clock::epoch(),
            refused: Vec::new(),
        };
        State { refused, ..state.unwrap_or(none) }.write(self.tree, self.owner)
    }

    fn stamp(&self, journal: &Journal<'_>, purpose: &Purpose, refused: &[Refused]) -> io::Result<()> {
        let (state, id) = match purpose {
            Purpose::Migrate { .. } => (Standing::Migrated, journal.id()),
            Purpose::RollBack { of } => (Standing::RolledBack, of.as_str()),
        };
        let refused = refused.iter().filter_map(|refused| Announced::of(&refused.path, self.tree)).collect();
        let state = State { version: VERSION, state, id: id.to_owned(), time: clock::epoch(), refused };
        state.write(self.tree, self.owner)
    }
}

impl Announced {
    /// What an item is now, so that it is announced again when it has changed.
    pub fn of(path: &Place, tree: &Tree) -> Option<Self> {
        let facts = tree.facts(path).ok().flatten()?;
        Some(Self { path: path.clone(), size: facts.size, modified: facts.modified })
    }
}

/// Early generations have no such directory, and the lock is in it.
fn make_runtime(tree: &Tree, owner: Owner) -> io::Result<()> {
    let Some(above) = tree.dir(Path::new(TSM))? else { return Ok(()) };
    let name = Place::new(RUNTIME);
    if above.make_dir(name.name(), 0o777)? { owner.give(&above, name.name()) } else { Ok(()) }
}

/// Nothing has changed.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub fn not_started(error: io::Error) -> Error {
    Error::MigrateNotStarted(crate::sys::reason(&error))
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn half_way(error: io::Error) -> Error {
    Error::MigrateHalfWay(crate::sys::reason(&error))
}
