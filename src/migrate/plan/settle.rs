//! Which record counts, where a name has several.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::candidate::Candidate;
use crate::migrate::look::{Found, Look, Target};
use crate::migrate::sources::Old;
use crate::migrate::standing::Life;
use crate::migrate::tree::Tree;
use crate::registry::Record;
use crate::sys::facts::Facts;

/// What becomes of a name.
#[derive(Debug)]
pub(super) struct Choice<'a> {
    /// The record that counts; none: the JSON record that is there already.
    pub(super) winner: Option<Candidate<'a>>,
    /// The others.
    pub(super) losers: Vec<Candidate<'a>>,
    /// Those that say the same as the JSON record.
    pub(super) same: Vec<Candidate<'a>>,
    /// The JSON record that is there.
    pub(super) target: Option<(&'a Record, &'a Facts)>,
}

/// Everything decided.
#[derive(Debug, Default)]
pub(super) struct Settled<'a> {
    /// By name.
    pub(super) choices: BTreeMap<&'a str, Choice<'a>>,
    /// Instances of TCS 3.0 that have ended.
    pub(super) ended: Vec<Candidate<'a>>,
    /// Names whose records all wait until a process has ended that writes to a directory of its own by path.
    pub(super) in_use: BTreeMap<&'a str, Vec<Candidate<'a>>>,
    /// Names that a record was refused of, or whose JSON record cannot be read.
    pub(super) refused: BTreeSet<&'a str>,
}

impl<'a> Settled<'a> {
    /// Decides for every name.
    pub(super) fn of(look: &'a Look, tree: &Tree) -> io::Result<Self> {
        let mut settled = Self::default();
        let mut by_name: BTreeMap<&'a str, Vec<Candidate<'a>>> = BTreeMap::new();
        for found in &look.found {
            match Candidate::new(found, look, tree)? {
                Some(candidate) if candidate.instance().is_some() && !candidate.is_online() => {
                    settled.ended.push(candidate);
                }
                Some(candidate) => by_name.entry(candidate.name).or_default().push(candidate),
                None => settled.refused.extend(found.name.as_deref()),
            }
        }
        for (name, candidates) in by_name {
            settled.decide(name, candidates, look.targets.get(name));
        }
        settled.share_pids();
        Ok(settled)
    }

    /// Whether files that go with records of that name must stay where they are.
    pub(super) fn is_left_alone(&self, name: &str) -> bool {
        self.refused.contains(name) || self.in_use.contains_key(name)
    }

    /// Every old record whose file goes: a JSON record or a line of history stands for it.
    pub(super) fn converted(&self) -> impl Iterator<Item = &'a Found> {
        let candidates = self.choices.values().flat_map(Choice::candidates).chain(&self.ended);
        candidates.map(|candidate| candidate.found)
    }

    fn decide(&mut self, name: &'a str, candidates: Vec<Candidate<'a>>, target: Option<&'a Target>) {
        if candidates.iter().any(Candidate::is_in_use) {
            self.in_use.insert(name, candidates);
            return;
        }
        match target {
            Some(Target::Unreadable(_)) => {
                self.refused.insert(name);
            }
            Some(Target::Whole(record, facts)) => {
                self.choices.insert(name, Choice::beside(candidates, record, facts));
            }
            None => {
                self.choices.insert(name, Choice::among(candidates));
            }
        }
    }

    /// One process, one record: whoever has its log open, else whoever started last.
    fn share_pids(&mut self) {
        let alive = |choice: &Choice<'_>| {
            let target = choice.target.filter(|(record, _)| choice.winner.is_none() && record.is_alive());
            target.and_then(|(record, _)| record.pid())
        };
        let taken: BTreeSet<i32> = self.choices.values().filter_map(alive).collect();
        let mut best: BTreeMap<i32, (bool, Option<i64>, &str)> = BTreeMap::new();
        for winner in self.choices.values().filter_map(|choice| choice.winner.as_ref()) {
            if let Some(identity) = winner.standing.identity() {
                let claim = (winner.standing.by_log, winner.old.start_time, winner.name);
                let known = best.entry(identity.pid).or_insert(claim);
                *known = (*known).max(claim);
            }
        }
        for winner in self.choices.values_mut().filter_map(|choice| choice.winner.as_mut()) {
            let pid = winner.standing.identity().map(|identity| identity.pid);
            if pid.is_some_and(|pid| {
                taken.contains(&pid) || best.get(&pid).is_some_and(|best| best.2 != winner.name)
            }) {
                winner.standing.life = Life::Claimed;
            }
        }
    }
}

impl<'a> Choice<'a> {
    /// The latest start counts, but whoever runs beats whoever does not.
    fn among(mut candidates: Vec<Candidate<'a>>) -> Self {
        candidates.sort_by_key(Candidate::rank);
        let winner = candidates.pop();
        Self { winner, losers: candidates, same: Vec::new(), target: None }
    }

    fn beside(candidates: Vec<Candidate<'a>>, record: &'a Record, facts: &'a Facts) -> Self {
        let (same, others): (Vec<_>, Vec<_>) =
            candidates.into_iter().partition(|candidate| is_same(candidate.old, record));
        let mut choice = Self { same, target: Some((record, facts)), ..Self::among(others) };
        let rank = (record.is_alive(), record.start_time());
        if let Some(winner) =
            choice.winner.take_if(|winner| (winner.is_online(), winner.old.start_time) <= rank)
        {
            choice.losers.push(winner);
        }
        choice
    }

    /// Every old record of the name.
    pub(super) fn candidates(&self) -> impl Iterator<Item = &Candidate<'a>> {
        self.winner.iter().chain(&self.losers).chain(&self.same)
    }

    /// The JSON record that has to make way.
    pub(super) fn replaced(&self) -> Option<(&'a Record, &'a Facts)> {
        self.target.filter(|_| self.winner.is_some())
    }
}

/// Whether a JSON record was made from this very run.
fn is_same(old: &Old, record: &Record) -> bool {
    old.start_time == record.start_time()
        && (record.pid().is_none() || old.pid == record.pid())
        && old.port == record.port()
        && old.command.as_deref() == record.command()
        && old.cwd.as_deref() == record.cwd()
}
