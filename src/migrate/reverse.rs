//! The way back: the steps of a migration, turned round. What it took away is in its backup; what it made is moved
//! into `rolled-back/` beside that.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use serde_json::Value;

use super::backup::Saved;
use super::journal::{Journal, MIGRATIONS};
use super::place::Place;
use super::places::RECORDS;
use super::plan::{Plan, history};
use super::step::{Phase, Step};
use super::tree::Tree;
use crate::registry::Record;

/// Members that may have changed since: a process may end, and somebody records it.
const OF_AN_END: [&str; 5] = ["status", "exit_code", "signal", "stop_time", "stop_by"];

/// Larger than any record.
const LARGEST: u64 = 1 << 24;

/// A plan that undoes a migration, and what somebody did to its result.
#[derive(Debug, Default)]
pub struct Reverse {
    /// The steps.
    pub plan: Plan,
    /// What has been changed, added or put in the way since: they are kept in `rolled-back/`, or stay.
    pub changed: Vec<Place>,
    /// Names of changed or added records whose processes run.
    pub alive: Vec<String>,
}

struct Maker<'a> {
    tree: &'a Tree,
    /// Where records go.
    shelf: Place,
    saved: BTreeMap<PathBuf, Saved>,
    /// What will have left its place before anything else comes there.
    leaving: BTreeSet<Place>,
    reverse: Reverse,
}

/// Turns the migration of `journal` round. `present`: the JSON records that were there before it.
pub fn reverse(plan: &Plan, present: &[String], journal: &Journal<'_>, tree: &Tree) -> io::Result<Reverse> {
    let shelf = Place::new(MIGRATIONS).join(journal.id()).join("rolled-back");
    let mut maker =
        Maker { tree, shelf, saved: journal.saved()?, leaving: BTreeSet::new(), reverse: Reverse::default() };
    maker.find_added(plan, present)?;
    for (phase, steps) in &plan.steps {
        for step in steps.iter().rev() {
            maker.undo(*phase, step)?;
        }
    }
    if !withdrawn(&maker.reverse.plan).is_empty() {
        let shelf = Step::MakeDir { path: maker.shelf.clone(), mode: None };
        maker.reverse.plan.steps.entry(Phase::Records).or_default().insert(0, shelf);
    }
    Ok(maker.reverse)
}

/// Names whose new records a plan made here takes away.
pub fn withdrawn(plan: &Plan) -> Vec<String> {
    let records = plan.steps.get(&Phase::Records).into_iter().flatten();
    let leaving = |step: &Step| match step {
        Step::Rename { from, .. } => record_name(from),
        _ => None,
    };
    records.filter_map(leaving).collect()
}

impl Maker<'_> {
    fn undo(&mut self, phase: Phase, step: &Step) -> io::Result<()> {
        match step {
            Step::MakeDir { path, .. } => self.unmake_dir(phase, path),
            Step::Write { path, sha256, bytes, before, .. } => match phase {
                Phase::Records => self.withdraw(path, sha256, &bytes.0, before.is_some()),
                Phase::History => self.take_lines_out(path, &bytes.0, before.is_some()),
                _ => self.unwrite(phase, path, before.is_some()),
            },
            Step::Link { path, .. } => self.remove(phase, path),
            Step::Rename { from, to, inode, mode, mode_before } => {
                self.rename_back(phase, (from, to), *inode, mode.map(|_| *mode_before))
            }
            Step::Remove { path, .. } => self.restore(phase, path),
            Step::RemoveDir { path, mode } => {
                self.add(phase, Step::MakeDir { path: path.clone(), mode: Some(*mode) });
                Ok(())
            }
        }
    }

    fn add(&mut self, phase: Phase, step: Step) {
        self.reverse.plan.steps.entry(phase).or_default().push(step);
    }

    /// Directories go last, and only when they are empty.
    fn unmake_dir(&mut self, phase: Phase, path: &Place) -> io::Result<()> {
        if let Some(facts) = self.tree.facts(path)? {
            self.add(phase, Step::RemoveDir { path: path.clone(), mode: facts.mode });
        }
        Ok(())
    }

    /// A new record goes to the shelf; one that it had replaced comes back.
    fn withdraw(&mut self, path: &Place, sha256: &str, bytes: &[u8], replaced: bool) -> io::Result<()> {
        let Some(facts) = self.tree.facts(path)? else {
            self.reverse.changed.push(path.clone());
            return if replaced { self.restore(Phase::Records, path) } else { Ok(()) };
        };
        let now = self.tree.dir_of(path)?.read(path.name(), LARGEST)?;
        if super::step::sha256(&now) != sha256 && essence(&now) != essence(bytes) {
            self.note_change(path, &now);
        }
        self.add(Phase::Records, Step::rename(path.clone(), self.shelf.join(path.name()), &facts, None));
        if replaced { self.restore_over(Phase::Records, path) } else { Ok(()) }
    }

    /// Records that were not there before, and that the migration did not make.
    fn find_added(&mut self, plan: &Plan, present: &[String]) -> io::Result<()> {
        let made: BTreeSet<&Place> = plan.report.converted.iter().map(|converted| &converted.to).collect();
        for (name, facts) in self.tree.list(std::path::Path::new(RECORDS))? {
            let path = Place::new(RECORDS).join(&name);
            let is_later = record_name(&path).is_some_and(|name| !present.contains(&name));
            if is_later && !made.contains(&path) {
                let now = self.tree.dir_of(&path)?.read(path.name(), LARGEST)?;
                self.note_change(&path, &now);
                self.add(Phase::Records, Step::rename(path.clone(), self.shelf.join(&name), &facts, None));
            }
        }
        Ok(())
    }

    fn note_change(&mut self, path: &Place, bytes: &[u8]) {
        self.reverse.changed.push(path.clone());
        let Some(name) = record_name(path) else { return };
        if Record::parse(&name, bytes).is_some_and(|record| record.is_alive()) {
            self.reverse.alive.push(name);
        }
    }

    /// Our own lines go; what others have written since stays.
    fn take_lines_out(&mut self, path: &Place, written: &[u8], replaced: bool) -> io::Result<()> {
        let Some(facts) = self.tree.facts(path)? else { return Ok(()) };
        let before = match self.saved.get(path.path()) {
            Some(Saved::File { bytes, .. }) => bytes.as_slice(),
            _ => &[],
        };
        let old: BTreeSet<&[u8]> = before.split(|byte| *byte == b'\n').collect();
        let added = |line: &[u8]| !old.contains(line) && history::key_of_line(line).is_some();
        let ours: BTreeSet<&[u8]> = written.split(|byte| *byte == b'\n').filter(|line| added(line)).collect();
        let now = self.tree.dir_of(path)?.read(path.name(), u64::MAX)?;
        let lines = now.split_inclusive(|byte| *byte == b'\n');
        let is_ours = |line: &[u8]| ours.contains(line.strip_suffix(b"\n").unwrap_or(line));
        let left: Vec<u8> = lines.filter(|line| !is_ours(line)).flatten().copied().collect();
        let step = if left.is_empty() && !replaced {
            Step::remove(path.clone(), &facts)
        } else {
            Step::write(path.clone(), left, facts.mode, Some(&facts))
        };
        self.add(Phase::History, step);
        Ok(())
    }

    /// A file that was written goes, or becomes again what it was.
    fn unwrite(&mut self, phase: Phase, path: &Place, replaced: bool) -> io::Result<()> {
        if !replaced {
            return self.remove(phase, path);
        }
        let facts = self.tree.facts(path)?;
        if let Some(Saved::File { bytes, mode }) = self.saved.get(path.path()) {
            self.add(phase, Step::write(path.clone(), bytes.clone(), *mode, facts.as_ref()));
        }
        Ok(())
    }

    fn remove(&mut self, phase: Phase, path: &Place) -> io::Result<()> {
        if let Some(facts) = self.tree.facts(path)? {
            self.add(phase, Step::remove(path.clone(), &facts));
        }
        Ok(())
    }

    fn rename_back(
        &mut self,
        phase: Phase,
        (from, to): (&Place, &Place),
        inode: u64,
        mode: Option<u32>,
    ) -> io::Result<()> {
        let Some(facts) = self.tree.facts(to)?.filter(|facts| facts.inode == inode) else {
            self.reverse.changed.push(to.clone());
            return Ok(());
        };
        self.expect_free(from, from == to)?;
        self.leaving.insert(to.clone());
        self.add(phase, Step::rename(to.clone(), from.clone(), &facts, mode));
        Ok(())
    }

    fn restore(&mut self, phase: Phase, path: &Place) -> io::Result<()> {
        self.expect_free(path, false)?;
        self.restore_over(phase, path)
    }

    fn restore_over(&mut self, phase: Phase, path: &Place) -> io::Result<()> {
        let step = match self.saved.get(path.path()) {
            Some(Saved::File { bytes, mode }) => Step::write(path.clone(), bytes.clone(), *mode, None),
            Some(Saved::Link(text)) => Step::Link { path: path.clone(), text: text.clone() },
            Some(Saved::Dir) | None => return Err(io::Error::other(format!("{path} is not in the backup"))),
        };
        self.add(phase, step);
        Ok(())
    }

    /// The bash tool may have been used in between: what it put there stays.
    fn expect_free(&mut self, path: &Place, may_be_there: bool) -> io::Result<()> {
        if !may_be_there && !self.leaving.contains(path) && self.tree.facts(path)?.is_some() {
            self.reverse.changed.push(path.clone());
        }
        Ok(())
    }
}

/// `NAME` of `…/NAME.json`.
fn record_name(path: &Place) -> Option<String> {
    let name = path.name().to_str()?.strip_suffix(".json")?;
    crate::registry::is_valid_name(name).then(|| name.to_owned())
}

/// A record without what the end of its process changes.
fn essence(bytes: &[u8]) -> Option<Value> {
    let mut value: Value = serde_json::from_slice(bytes).ok()?;
    let members = value.as_object_mut()?;
    OF_AN_END.iter().for_each(|key| drop(members.shift_remove(*key)));
    Some(value)
}
