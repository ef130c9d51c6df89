//! A plan in the making: steps by phase, the report, and what the directories will hold.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::Plan;
use crate::layout::Layout;
use crate::migrate::look::Look;
use crate::migrate::place::Place;
use crate::migrate::places::{LISTED, RECORDS};
use crate::migrate::report::Report;
use crate::migrate::step::{Phase, Step};
use crate::migrate::tree::Tree;
use crate::sys::facts::{Facts, Kind};

/// Steps that are being collected.
pub(super) struct Draft<'a> {
    pub(super) look: &'a Look,
    pub(super) tree: &'a Tree,
    pub(super) layout: &'a Layout,
    pub(super) report: Report,
    steps: BTreeMap<Phase, Vec<Step>>,
    /// Directories that are there or will be.
    made: HashSet<PathBuf>,
    /// What will have left a directory.
    gone: HashMap<PathBuf, HashSet<OsString>>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(look: &'a Look, tree: &'a Tree, layout: &'a Layout) -> Self {
        Self {
            look,
            tree,
            layout,
            report: Report::default(),
            steps: BTreeMap::new(),
            made: HashSet::new(),
            gone: HashMap::new(),
        }
    }

    /// Whether there is a JSON record of that name already.
    pub(super) fn has_json_record(&self, name: &str) -> bool {
        self.look.facts(RECORDS, format!("{name}.json")).is_some()
    }

    pub(super) fn add(&mut self, phase: Phase, step: Step) {
        self.steps.entry(phase).or_default().push(step);
    }

    /// Sees to it that a directory is there before a phase writes into it.
    pub(super) fn make_dir(&mut self, phase: Phase, dir: &Path) -> io::Result<()> {
        if self.made.contains(dir) {
            return Ok(());
        }
        if let Some(above) = dir.parent().filter(|above| !above.as_os_str().is_empty()) {
            self.make_dir(phase, above)?;
        }
        if !self.is_there(dir)? {
            self.add(phase, Step::MakeDir { path: Place::new(dir), mode: None });
        }
        self.made.insert(dir.to_owned());
        Ok(())
    }

    /// Without a question to the disk where the directory above it has been listed and does not have it.
    fn is_there(&self, dir: &Path) -> io::Result<bool> {
        let above = LISTED.into_iter().find(|listed| dir.parent() == Some(Path::new(listed)));
        let is_missing =
            above.is_some_and(|above| self.look.facts(above, dir.file_name().unwrap_or_default()).is_none());
        Ok(!is_missing && self.tree.dir(dir)?.is_some())
    }

    /// Writes a whole file, with the directories above it.
    pub(super) fn write(
        &mut self,
        phase: Phase,
        place: Place,
        bytes: Vec<u8>,
        mode: u32,
        before: Option<&Facts>,
    ) -> io::Result<()> {
        self.make_dir(phase, place.dir())?;
        self.add(phase, Step::write(place, bytes, mode, before));
        Ok(())
    }

    /// Gives a file another name, with the directories above it.
    pub(super) fn rename(
        &mut self,
        phase: Phase,
        from: &Place,
        to: Place,
        facts: &Facts,
        mode: Option<u32>,
    ) -> io::Result<()> {
        self.make_dir(phase, to.dir())?;
        if *from != to {
            self.leaves(from);
        }
        self.add(phase, Step::rename(from.clone(), to, facts, mode));
        Ok(())
    }

    /// Removes a file or a link that the report names.
    pub(super) fn remove(&mut self, place: &Place, facts: &Facts) {
        self.report.removed.push(place.clone());
        self.retire(place, facts);
    }

    /// Removes the file of a record that the report names as converted.
    pub(super) fn retire(&mut self, place: &Place, facts: &Facts) {
        self.leaves(place);
        self.add(Phase::Removals, Step::remove(place.clone(), facts));
    }

    /// Removes a directory of which nothing will be left; whether that is so.
    pub(super) fn remove_dir(
        &mut self,
        place: &Place,
        facts: &Facts,
        entries: impl IntoIterator<Item = OsString>,
    ) -> bool {
        let gone = self.gone.get(place.path());
        let is_empty = entries.into_iter().all(|name| gone.is_some_and(|gone| gone.contains(&name)));
        if is_empty && facts.kind == Kind::Dir {
            self.leaves(place);
            self.report.removed.push(place.clone());
            self.add(Phase::Removals, Step::RemoveDir { path: place.clone(), mode: facts.mode });
        }
        is_empty
    }

    /// As [`Draft::remove_dir`], for one of the listed directories out of which this plan takes something.
    pub(super) fn remove_emptied(&mut self, dir: &str) -> io::Result<()> {
        let place = Place::new(dir);
        if let Some(facts) = self.tree.facts(&place)?.filter(|_| self.gone.contains_key(place.path())) {
            let entries: Vec<OsString> = self.look.list_of(dir).keys().cloned().collect();
            self.remove_dir(&place, &facts, entries);
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Plan {
        self.report.sort();
        Plan { report: self.report, steps: self.steps }
    }

    fn leaves(&mut self, place: &Place) {
        self.gone.entry(place.dir().to_owned()).or_default().insert(place.name().to_owned());
    }
}
