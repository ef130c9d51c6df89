//! `tsm migrate --status`: where an installation stands.

use super::journal;
use super::report::Refused;
use super::run::{look, open};
use super::session::not_started;
use super::state::{Standing, State};
use crate::error::Result;
use crate::layout::Layout;

/// Where it stands.
#[derive(Debug, PartialEq, Eq)]
pub enum Status {
    /// The new layout, since that second.
    Migrated {
        /// Epoch seconds.
        time: i64,
        /// Which migration.
        id: String,
    },
    /// Neither old records nor a migration.
    NothingToMigrate,
    /// There are old records: so many that can be converted, and these that cannot.
    NotMigrated {
        /// How many, those that are refused too.
        items: usize,
        /// What stands in the way of the rest.
        refused: Vec<Refused>,
    },
    /// The old layout was put back.
    RolledBack {
        /// Epoch seconds.
        time: i64,
        /// Which migration.
        id: String,
    },
    /// A migration, or a rollback, was cut off.
    Interrupted {
        /// Which.
        id: String,
    },
}

/// Looks; changes nothing.
pub fn status(layout: &Layout) -> Result<Status> {
    let Some(tree) = open(layout)? else { return Ok(Status::NothingToMigrate) };
    if let Some(id) = journal::unfinished_id(&tree).map_err(not_started)? {
        return Ok(Status::Interrupted { id });
    }
    let state = State::read(&tree).map_err(not_started)?;
    if let Some(State { state: Standing::RolledBack, time, id, .. }) = state {
        return Ok(Status::RolledBack { time, id });
    }
    let report = look(&tree, layout)?.plan.report;
    let items = report.converted.len() + report.to_history() + report.refused.len();
    Ok(match state {
        _ if items > 0 => Status::NotMigrated { items, refused: report.refused },
        Some(State { time, id, .. }) => Status::Migrated { time, id },
        None => Status::NothingToMigrate,
    })
}
