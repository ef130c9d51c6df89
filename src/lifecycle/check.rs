//! Whether a process that has been started listens on its declared port.

use std::time::{Duration, Instant};

use super::started::{Audience, Listening, Started};
use crate::error::Result;
use crate::launch::{Launched, Look};
use crate::ports::ledger;
use crate::registry::{Record, Registry};
use crate::supervisor::owner;

/// How long the process itself is given.
const PATIENCE: Duration = Duration::from_secs(1);
/// How much longer its tree is.
const MORE: Duration = Duration::from_secs(2);
const TICK: Duration = Duration::from_millis(10);
/// A look at the tree may be one at all that run.
const TREE_TICK: Duration = Duration::from_millis(50);

/// A process that runs, until it is known where it listens.
#[derive(Debug)]
pub(super) struct Check {
    record: Record,
    launched: Launched,
    audience: Audience,
    until: Instant,
    /// Where the process itself listens, once that is settled.
    listening: Option<Listening>,
}

impl Check {
    pub(super) fn new(record: Record, launched: Launched, audience: Audience) -> Self {
        let listening = (record.port().is_none() || launched.listens).then_some(Listening::AsDeclared);
        Self { record, launched, audience, until: Instant::now() + PATIENCE, listening }
    }

    /// When it is worth another look.
    pub(super) fn next_step(&self) -> Instant {
        Instant::now() + if self.listening.is_some() { TREE_TICK } else { TICK }
    }

    /// What is to be reported, once it is known.
    pub(super) fn step(&mut self, look: &Look, registry: &Registry) -> Result<Option<Started>> {
        if self.listening.is_none() {
            self.listening = self.settle(look, registry)?;
            self.until = if self.listening.is_some() { Instant::now() + MORE } else { self.until };
        }
        let Some(listening) = self.listening else { return Ok(None) };
        let serves = listening == Listening::AsDeclared || self.is_served_by_tree(look, registry);
        if self.audience == Audience::Tree && !serves && Instant::now() < self.until {
            return Ok(None);
        }
        Ok(Some(Started::Online { record: self.record.clone(), listening, serves }))
    }

    fn settle(&self, look: &Look, registry: &Registry) -> Result<Option<Listening>> {
        match look.first_port(self.launched.pid) {
            None if Instant::now() < self.until => Ok(None),
            None => Ok(Some(Listening::Nowhere)),
            Some(found) if Some(found) == self.record.port() => Ok(Some(Listening::AsDeclared)),
            Some(found) => {
                ledger::set_found(self.record.tsm_id(), found, &registry.lock()?)?;
                Ok(Some(Listening::Elsewhere(found)))
            }
        }
    }

    fn is_served_by_tree(&self, look: &Look, registry: &Registry) -> bool {
        let supervisor = owner(&registry.layout().run(self.record.name()));
        let port = self.record.port().filter(|_| self.audience == Audience::Tree);
        port.is_some_and(|port| look.finds_below(self.launched.pid, supervisor, port))
    }
}
