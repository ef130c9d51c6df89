//! `tsm migrate --rollback`: the installation as it was before a migration.

use std::time::Duration;

use super::check;
use super::journal::{Journal, Purpose};
use super::place::Place;
use super::reverse::{Reverse, reverse, withdrawn};
use super::run::{before, open, standing};
use super::session::{Progress, Session, not_started};
use super::tree::Tree;
use crate::error::{Error, Result};
use crate::registry::Registry;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Which migration; none: the last one that stands.
    pub id: Option<String>,
    /// Also when its result has been changed since.
    pub force: bool,
    /// How long to wait for other writers.
    pub patience: Duration,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Undone {
    /// The migration that was rolled back.
    pub id: String,
    /// Names whose new records went.
    pub names: Vec<String>,
    /// What had been changed since; kept beside the backup, or where it is.
    pub changed: Vec<Place>,
}

/// Rolls a migration back; `None` when none stands.
pub fn rollback(wish: &Wish, registry: &Registry, progress: Progress<'_>) -> Result<Option<Undone>> {
    let Some(tree) = open(registry.layout())? else { return Ok(None) };
    let unfinished = super::journal::unfinished_id(&tree).map_err(not_started)?;
    if unfinished.is_none() && standing(&tree)?.is_none() {
        return Ok(None);
    }
    let Some(session) = Session::begin(&tree, registry, wish.patience)? else {
        return Err(Error::MigrateLocked);
    };
    if let Some((_, recorded)) = session.resume(progress)?
        && let Purpose::RollBack { of } = recorded.purpose
    {
        return Ok(Some(Undone { id: of, names: withdrawn(&recorded.plan), changed: Vec::new() }));
    }
    let Some(last) = standing(&tree)? else { return Ok(None) };
    let id = wished(wish.id.as_deref(), last, &tree)?;
    undo(&id, wish.force, &session, progress).map(Some)
}

/// Only the last one that stands can go: the others are what it was made from.
fn wished(id: Option<&str>, last: String, tree: &Tree) -> Result<String> {
    let Some(id) = id.filter(|id| *id != last) else { return Ok(last) };
    let mut earlier = before(&last, tree)?;
    while let Some(known) = earlier {
        if known == id {
            return Err(Error::RollbackRefused(format!("{last} was made after it, roll that back first")));
        }
        earlier = before(&known, tree)?;
    }
    Err(Error::RollbackRefused(format!("no migration {id} stands, the last one is {last}")))
}

fn undo(id: &str, force: bool, session: &Session<'_>, progress: Progress<'_>) -> Result<Undone> {
    let journal = Journal::open(id, session.tree).map_err(not_started)?;
    let recorded = journal.recorded().map_err(not_started)?;
    let Purpose::Migrate { present, .. } = &recorded.purpose else {
        return Err(Error::RollbackRefused(format!("{id} is no migration")));
    };
    let Reverse { plan, changed, alive } =
        reverse(&recorded.plan, present, &journal, session.tree).map_err(not_started)?;
    if let Some(name) = alive.first() {
        return Err(Error::RollbackRefused(format!("'{name}' runs, stop it first: tsm stop {name}")));
    }
    if !changed.is_empty() && !force {
        let places: Vec<String> = changed.iter().map(ToString::to_string).collect();
        let what = places.join(", ");
        return Err(Error::RollbackRefused(format!(
            "changed since the migration: {what} (--force rolls back all the same)"
        )));
    }
    if let Some(obstacle) = check::room_for(&plan, session.tree).map_err(not_started)? {
        return Err(Error::MigrateNotStarted(obstacle.to_string()));
    }
    let purpose = Purpose::RollBack { of: id.to_owned() };
    let mut own = session.prepare(&purpose, &plan).map_err(not_started)?;
    session.carry_out(&mut own, &purpose, &plan, progress)?;
    Ok(Undone { id: id.to_owned(), names: withdrawn(&plan), changed })
}
