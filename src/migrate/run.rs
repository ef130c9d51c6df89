//! One migration from the first look to the last word.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::check::{self, Obstacle};
use super::journal::{self, Journal, Purpose};
use super::look::Look;
use super::places::TSM;
use super::plan::Plan;
use super::report::Report;
use super::reverse::withdrawn;
use super::session::{Progress, Session, not_started};
use super::state::{Standing, State};
use super::tree::Tree;
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::registry::Registry;
use crate::sys::clock;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Look and say, change nothing.
    pub dry_run: bool,
    /// How long to wait for other writers.
    pub patience: Duration,
    /// Also when all there was to do was the rest of a rollback that had been cut off.
    pub anew: bool,
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
    /// An earlier run was taken up where it had been cut off.
    pub resumed: bool,
    /// The names whose new records went with the rest of a rollback that had been cut off.
    pub withdrawn: Option<Vec<String>>,
    /// Why nothing was begun.
    pub obstacle: Option<Obstacle>,
}

/// Somebody who keeps changing what is being migrated is left to the next run.
const ROUNDS: usize = 3;

/// Opens an installation; `None` when there is none.
pub fn open(layout: &Layout) -> Result<Option<Tree>> {
    match Tree::open(layout.tetra()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some).map_err(Error::file("open", layout.tetra())),
    }
}

/// Migrates. That it cannot be begun is an outcome, too.
pub fn run(request: Request, registry: &Registry, progress: Progress<'_>) -> Result<Outcome> {
    match begin(request, registry, progress) {
        Err(Error::MigrateNotStarted(reason)) => {
            Ok(Outcome { obstacle: Some(Obstacle::new(Path::new(TSM), reason)), ..Outcome::default() })
        }
        begun => begun,
    }
}

fn begin(request: Request, registry: &Registry, progress: Progress<'_>) -> Result<Outcome> {
    let Some(tree) = open(registry.layout())? else { return Ok(Outcome::default()) };
    let is_unfinished = journal::unfinished_id(&tree).map_err(not_started)?.is_some();
    let mut seen = None;
    if request.dry_run || !is_unfinished {
        let sight = look(&tree, registry.layout())?;
        if let Some(obstacle) = sight.obstacle {
            return Ok(Outcome::not_begun(sight.plan.report, obstacle));
        }
        if request.dry_run || sight.plan.is_empty() {
            return Ok(Outcome { report: sight.plan.report, ..Outcome::default() });
        }
        seen = Some(sight);
    }
    let Some(session) = Session::begin(&tree, registry, request.patience)? else {
        return Err(Error::MigrateLocked);
    };
    run_in(&session, seen, (registry.layout(), request.anew), progress)
}

fn run_in(
    session: &Session<'_>,
    mut seen: Option<Sight>,
    (layout, anew): (&Layout, bool),
    progress: Progress<'_>,
) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    if let Some((journal, recorded)) = session.resume(progress)? {
        outcome.resumed = true;
        match recorded.purpose {
            Purpose::Migrate { .. } => outcome.add(recorded.plan.report, &journal, layout),
            Purpose::RollBack { .. } => outcome.withdrawn = Some(withdrawn(&recorded.plan)),
        }
        if outcome.withdrawn.is_some() && !anew {
            return Ok(outcome);
        }
    }
    for _ in 0..ROUNDS {
        let Sight { plan, obstacle, present, .. } = under_lock(seen.take(), session.tree, layout)?;
        if plan.is_empty() || obstacle.is_some() {
            outcome.obstacle = obstacle;
            outcome.report.refused = plan.report.refused;
            outcome.report.kept = plan.report.kept;
            break;
        }
        let purpose = Purpose::Migrate { after: standing(session.tree)?, present };
        let mut journal = match session.prepare(&purpose, &plan) {
            Ok(journal) => journal,
            Err(error) => {
                outcome.obstacle = Some(Obstacle::no_backup(&error));
                break;
            }
        };
        let is_whole = session.carry_out(&mut journal, &purpose, &plan, progress)?;
        outcome.add(plan.report, &journal, layout);
        if is_whole {
            break;
        }
    }
    Ok(outcome)
}

/// What is there to be done.
pub(super) struct Sight {
    pub(super) plan: Plan,
    pub(super) obstacle: Option<Obstacle>,
    /// Names of JSON records.
    present: Vec<String>,
    look: Look,
}

/// Looks and plans; changes nothing.
pub(super) fn look(tree: &Tree, layout: &Layout) -> Result<Sight> {
    let now = clock::epoch();
    let look = Look::at(tree, now).map_err(not_started)?;
    let plan = Plan::of(&look, tree, layout, now).map_err(not_started)?;
    let is_idle = plan.is_empty() && look.blocked.is_empty();
    let obstacle = if is_idle { None } else { check::obstacle(&look, &plan, tree).map_err(not_started)? };
    Ok(Sight { plan, obstacle, present: Plan::present(&look), look })
}

/// What was seen before the lock was taken, or what is to be seen now.
fn under_lock(seen: Option<Sight>, tree: &Tree, layout: &Layout) -> Result<Sight> {
    if let Some(sight) = seen
        && sight.look.still_holds(tree).map_err(not_started)?
    {
        return Ok(sight);
    }
    look(tree, layout)
}

/// The migration that stands, if one does.
pub(super) fn standing(tree: &Tree) -> Result<Option<String>> {
    let Some(state) = State::read(tree).map_err(not_started)? else { return Ok(None) };
    match state.state {
        Standing::Untouched => Ok(None),
        Standing::Migrated => Ok(Some(state.id)),
        Standing::RolledBack => before(&state.id, tree),
    }
}

/// The migration that a later one came after.
pub(super) fn before(id: &str, tree: &Tree) -> Result<Option<String>> {
    let recorded = Journal::open(id, tree).and_then(|journal| journal.recorded()).map_err(not_started)?;
    Ok(match recorded.purpose {
        Purpose::Migrate { after, .. } => after,
        Purpose::RollBack { .. } => None,
    })
}

impl Obstacle {
    fn no_backup(error: &io::Error) -> Self {
        let reason = format!("cannot write the backup, {}", crate::sys::reason(error));
        Self::new(Path::new(journal::MIGRATIONS), reason)
    }
}

impl Outcome {
    /// What would be done is not said, because it is not done.
    fn not_begun(report: Report, obstacle: Obstacle) -> Self {
        let report = Report { refused: report.refused, kept: report.kept, ..Report::default() };
        Self { report, obstacle: Some(obstacle), ..Self::default() }
    }

    fn add(&mut self, report: Report, journal: &Journal<'_>, layout: &Layout) {
        self.id = Some(journal.id().to_owned());
        self.backup = Some(layout.tetra().join(journal.backup().path()));
        self.report.extend(report);
    }
}
