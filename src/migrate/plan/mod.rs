//! From what was seen to what shall be done: nothing is changed here.

mod candidate;
mod draft;
mod env;
mod folders;
pub(super) mod history;
mod ids;
mod ledger;
mod leftovers;
mod logs;
mod pids;
mod records;
mod services;
mod settle;
mod tcs;

use std::collections::BTreeMap;
use std::io;

use super::look::{Look, Target};
use super::places::{self, RECORDS};
use super::report::Report;
use super::step::{Phase, Step};
use super::tree::Tree;
use super::verdict::Refusal;
use crate::layout::Layout;
use draft::Draft;
use ledger::Ledger;
use settle::Settled;

/// What a migration would do, and what it would say.
#[derive(Debug, Default)]
pub struct Plan {
    /// What it would say.
    pub report: Report,
    /// What it would do.
    pub steps: BTreeMap<Phase, Vec<Step>>,
}

impl Plan {
    /// Of what was seen. `now`: epoch seconds.
    pub fn of(look: &Look, tree: &Tree, layout: &Layout, now: i64) -> io::Result<Self> {
        let settled = Settled::of(look, tree)?;
        let mut draft = Draft::new(look, tree, layout);
        refuse(look, &mut draft);
        keep_in_use(&settled, &mut draft);
        let ledger = Ledger::read(look, tree)?;
        let ids = ids::assign(&settled, look);
        let logs = logs::plan(&settled, layout, &mut draft)?;
        let context = records::Context { ids, logs, ledger: &ledger };
        records::plan(&settled, &context, &mut draft)?;
        history::plan(&settled, &mut draft)?;
        env::plan(&settled, &mut draft)?;
        pids::plan(&settled, &mut draft)?;
        services::plan(&mut draft)?;
        ledger.plan(&settled, &mut draft)?;
        retire(&settled, &mut draft);
        folders::plan(&settled, &mut draft)?;
        tcs::plan(&mut draft)?;
        leftovers::allocations(now, &mut draft)?;
        if settled.converted().next().is_some() {
            leftovers::counters(&mut draft);
        }
        leftovers::emptied(&mut draft)?;
        Ok(draft.finish())
    }

    /// Names of the JSON records that are there already.
    pub fn present(look: &Look) -> Vec<String> {
        let names = super::look::with_ending(look.list_of(RECORDS), ".json");
        names.filter_map(|(stem, _, _)| super::look::process_name(stem)).collect()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Every step, in order.
    pub fn steps(&self) -> impl Iterator<Item = (Phase, &Step)> {
        self.steps.iter().flat_map(|(phase, steps)| steps.iter().map(|step| (*phase, step)))
    }
}

/// What cannot be believed, and what stands in the way of a record.
fn refuse(look: &Look, draft: &mut Draft<'_>) {
    for (place, refusal) in &look.blocked {
        draft.report.refuse(place, *refusal);
    }
    for found in &look.found {
        let blocked = found.name.as_deref().and_then(|name| Some((name, unreadable(look, name)?)));
        match (&found.read, blocked) {
            (Err(refusal), _) => draft.report.refuse(found.refused_place(), *refusal),
            (Ok(_), Some((name, refusal))) => {
                draft.report.refuse(&found.place, Refusal::TargetUnreadable);
                draft.report.refuse(&places::at(RECORDS, format!("{name}.json")), refusal);
            }
            (Ok(_), None) => {}
        }
    }
}

/// Why the JSON record of a name cannot be read.
fn unreadable(look: &Look, name: &str) -> Option<Refusal> {
    match look.targets.get(name)? {
        Target::Unreadable(refusal) => Some(*refusal),
        Target::Whole(..) => None,
    }
}

fn keep_in_use(settled: &Settled<'_>, draft: &mut Draft<'_>) {
    for candidate in settled.in_use.values().flatten() {
        draft.report.keep(candidate.found.refused_place(), "in use");
    }
}

/// The files of old records go when everything that they say stands elsewhere. Those in directories go with them.
fn retire(settled: &Settled<'_>, draft: &mut Draft<'_>) {
    let winners = settled.choices.values().filter_map(|choice| choice.winner.as_ref());
    for found in winners.map(|winner| winner.found).filter(|found| !found.is_in_folder()) {
        draft.retire(&found.place, &found.facts);
    }
    let others = settled.choices.values().flat_map(|choice| choice.losers.iter().chain(&choice.same));
    for found in others.chain(&settled.ended).map(|other| other.found).filter(|found| !found.is_in_folder()) {
        draft.remove(&found.place, &found.facts);
    }
}
