//! Carries a plan out. Whatever is done already is recognised, so that a run that was killed can be taken up again.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::rc::Rc;

use super::journal::Journal;
use super::owner::Owner;
use super::place::Place;
use super::places::RUNTIME;
use super::step::{Phase, Stamp, Step, sha256};
use super::tree::Tree;
use crate::sys::facts::Facts;
use crate::sys::handle::Handle;

/// Permission bits of directories, reduced by the umask.
const DIR_MODE: u32 = 0o777;

/// Carries out those phases, in that order, that the journal does not call done. Gives the places that somebody else had changed in
/// between: they are as they were found.
pub fn apply(
    steps: &BTreeMap<Phase, Vec<Step>>,
    order: impl IntoIterator<Item = Phase>,
    journal: &mut Journal<'_>,
    tree: &Tree,
    owner: Owner,
    progress: &mut dyn FnMut(usize),
) -> io::Result<Vec<Place>> {
    let hand = Hand { tree, owner };
    let mut changed = Vec::new();
    for phase in order {
        let Some(steps) = steps.get(&phase).filter(|_| !journal.is_done(phase)) else { continue };
        journal.begin(phase)?;
        changed.extend(hand.carry_out(steps, progress)?);
        journal.end(phase)?;
    }
    Ok(changed)
}

struct Hand<'a> {
    tree: &'a Tree,
    owner: Owner,
}

impl Hand<'_> {
    /// All drafts, on the disk; then all names, on the disk.
    fn carry_out(&self, steps: &[Step], progress: &mut dyn FnMut(usize)) -> io::Result<Vec<Place>> {
        for step in steps {
            self.prepare(step)?;
        }
        if steps.iter().any(|step| matches!(step, Step::Write { .. })) {
            self.sync()?;
        }
        let mut changed = Vec::new();
        for step in steps {
            if !self.commit(step)? {
                changed.push(step.place().clone());
            }
            progress(1);
        }
        self.sync()?;
        Ok(changed)
    }

    fn sync(&self) -> io::Result<()> {
        self.tree.dir(Path::new(RUNTIME))?.map_or(Ok(()), |dir| dir.sync_file_system())
    }

    fn prepare(&self, step: &Step) -> io::Result<()> {
        match step {
            Step::MakeDir { path, mode } => self.make_dir(path, *mode),
            Step::Write { path, bytes, mode, .. } => {
                let dir = self.dir_of(path)?;
                let draft = draft(path);
                dir.write(&draft, &bytes.0, *mode)?;
                self.owner.give(&dir, &draft)
            }
            Step::Link { .. } | Step::Rename { .. } | Step::Remove { .. } | Step::RemoveDir { .. } => Ok(()),
        }
    }

    fn make_dir(&self, path: &Place, mode: Option<u32>) -> io::Result<()> {
        let dir = self.dir_of(path)?;
        if !dir.make_dir(path.name(), DIR_MODE)? {
            return Ok(());
        }
        self.owner.give(&dir, path.name())?;
        mode.map_or(Ok(()), |mode| dir.dir(path.name())?.set_own_mode(mode))
    }

    /// Whether the step is done, now or before; not when somebody has changed what it is about.
    fn commit(&self, step: &Step) -> io::Result<bool> {
        match step {
            Step::MakeDir { .. } => Ok(true),
            Step::Write { path, sha256, before, .. } => self.publish(path, sha256, before.as_ref()),
            Step::Link { path, text } => self.link(path, text),
            Step::Rename { from, to, inode, mode, .. } => self.rename(from, to, *inode, *mode),
            Step::Remove { path, stamp, .. } => self.remove(path, stamp),
            Step::RemoveDir { path, .. } => self.remove_dir(path),
        }
    }

    fn publish(&self, path: &Place, wanted: &str, before: Option<&Stamp>) -> io::Result<bool> {
        let (dir, draft) = (self.dir_of(path)?, draft(path));
        let published = match before {
            None => dir.rename_to_free(&draft, &dir, path.name()),
            Some(before) if dir.facts(path.name())?.is_some_and(|there| Stamp::of(&there) == *before) => {
                dir.rename(&draft, &dir, path.name())
            }
            Some(_) => Err(io::ErrorKind::AlreadyExists.into()),
        };
        match published {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                dir.remove(&draft).map(|()| holds(&dir, path.name(), wanted))
            }
            published => published.map(|()| true),
        }
    }

    fn link(&self, path: &Place, text: &Place) -> io::Result<bool> {
        let dir = self.dir_of(path)?;
        match dir.make_link(path.name(), text.path().as_os_str()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Ok(dir.link_text(path.name()).is_ok_and(|there| there == text.path().as_os_str()))
            }
            made => made.and_then(|()| self.owner.give(&dir, path.name())).map(|()| true),
        }
    }

    fn rename(&self, from: &Place, to: &Place, inode: u64, mode: Option<u32>) -> io::Result<bool> {
        let is_it = |facts: Option<Facts>| facts.is_some_and(|facts| facts.inode == inode);
        let target = self.dir_of(to)?;
        let source = self.tree.dir(from.dir())?;
        if let Some(dir) = source.filter(|_| from != to)
            && is_it(dir.facts(from.name())?)
        {
            set_mode(&dir, from.name(), mode)?;
            return match dir.rename_to_free(from.name(), &target, to.name()) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    Ok(is_it(target.facts(to.name())?))
                }
                renamed => renamed.map(|()| true),
            };
        }
        let is_done = is_it(target.facts(to.name())?);
        if is_done {
            set_mode(&target, to.name(), mode)?;
        }
        Ok(is_done)
    }

    fn remove(&self, path: &Place, stamp: &Stamp) -> io::Result<bool> {
        let Some(dir) = self.tree.dir(path.dir())? else { return Ok(true) };
        match dir.facts(path.name())? {
            None => Ok(true),
            Some(there) if Stamp::of(&there) == *stamp => dir.remove(path.name()).map(|()| true),
            Some(_) => Ok(false),
        }
    }

    fn remove_dir(&self, path: &Place) -> io::Result<bool> {
        let Some(dir) = self.tree.dir(path.dir())? else { return Ok(true) };
        self.tree.forget(path.path());
        match dir.remove_dir(path.name()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
            removed => removed.map(|()| true),
        }
    }

    fn dir_of(&self, place: &Place) -> io::Result<Rc<Handle>> {
        self.tree.dir_of(place)
    }
}

/// Which file has the bytes of a write until it gets its name.
pub fn draft(path: &Place) -> OsString {
    let mut name = OsString::from(".");
    name.push(path.name());
    name.push(".tmp");
    name
}

fn holds(dir: &Handle, name: &OsStr, wanted: &str) -> bool {
    dir.read(name, u64::MAX).is_ok_and(|bytes| sha256(&bytes) == wanted)
}

fn set_mode(dir: &Handle, name: &OsStr, mode: Option<u32>) -> io::Result<()> {
    mode.map_or(Ok(()), |mode| dir.set_mode(name, mode))
}
