//! `runtime/migrate/ID/`: what one migration is going to do, what it takes away, and how far it has come. Written whole
//! before anything else changes; `runtime/migrate/unfinished`, a link to it, stands until the migration is done.

mod plan_file;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::backup::{self, Saved};
use super::owner::Owner;
use super::place::Place;
use super::places::RUNTIME;
use super::plan::Plan;
use super::step::Phase;
use super::tree::Tree;
use crate::sys::clock;
use crate::sys::handle::Handle;

pub use plan_file::{Purpose, Recorded, VERSION};

/// Where all migrations are kept.
pub const MIGRATIONS: &str = "tsm/runtime/migrate";

/// The link to the one that is not done.
const UNFINISHED: &str = "unfinished";
const PLAN: &str = "plan.jsonl";
const BACKUP: &str = "backup.tar";
const JOURNAL: &str = "journal.jsonl";

/// They hold environment files and commands: nobody else's business.
const DIR_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// One migration on the disk.
#[derive(Debug)]
pub struct Journal<'a> {
    tree: &'a Tree,
    id: String,
    dir: Rc<Handle>,
    done: BTreeSet<Phase>,
    log: File,
}

/// A line of `journal.jsonl`.
#[derive(Serialize, Deserialize)]
struct Entry {
    time: i64,
    phase: Option<Phase>,
    event: Event,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Event {
    Begin,
    Done,
}

impl<'a> Journal<'a> {
    /// Writes all that a migration has to remember. Until the link is made, the last act, nothing is begun.
    pub fn create(purpose: &Purpose, plan: &Plan, tree: &'a Tree, owner: Owner) -> io::Result<Self> {
        let above = migrations(tree, owner)?;
        let id = make_run(&above, owner)?;
        let written = Self::fill(&above, &id, (purpose, plan), tree, owner);
        if written.is_err() {
            let _ = discard(&above, &id, tree);
        }
        written
    }

    fn fill(
        above: &Handle,
        id: &str,
        (purpose, plan): (&Purpose, &Plan),
        tree: &'a Tree,
        owner: Owner,
    ) -> io::Result<Self> {
        let name = OsStr::new(id);
        let dir = Rc::new(above.dir(name)?);
        put(&dir, OsStr::new(PLAN), owner, |file| plan_file::write(file, id, purpose, plan))?;
        put(&dir, OsStr::new(BACKUP), owner, |file| {
            backup::write(file, plan.steps().map(|(_, step)| step), tree)
        })?;
        put(&dir, OsStr::new(JOURNAL), owner, |file| log(file, None, Event::Begin))?;
        above.make_link(OsStr::new(UNFINISHED), name)?;
        owner.give(above, OsStr::new(UNFINISHED))?;
        above.sync()?;
        Self::open(id, tree)
    }

    /// The migration that was begun and is not done.
    pub fn unfinished(tree: &'a Tree) -> io::Result<Option<(Self, Recorded)>> {
        let Some(id) = unfinished_id(tree)? else { return Ok(None) };
        if tree.dir(&Path::new(MIGRATIONS).join(&id))?.is_none() {
            // Its user has removed it, and the backup with it: what is left to do is seen by looking anew.
            tree.dir_of(&Place::new(MIGRATIONS).join(UNFINISHED))?.remove(OsStr::new(UNFINISHED))?;
            return Ok(None);
        }
        let journal = Self::open(&id, tree)?;
        let recorded = journal.recorded()?;
        Ok(Some((journal, recorded)))
    }

    /// One by its id.
    pub fn open(id: &str, tree: &'a Tree) -> io::Result<Self> {
        let dir = tree.dir(&Path::new(MIGRATIONS).join(id))?.ok_or(io::ErrorKind::NotFound)?;
        let done = BufReader::new(dir.file(OsStr::new(JOURNAL))?.0)
            .lines()
            .map_while(Result::ok)
            .filter_map(|line| serde_json::from_str::<Entry>(&line).ok())
            .filter(|entry| entry.event == Event::Done)
            .filter_map(|entry| entry.phase)
            .collect();
        let log = dir.append(OsStr::new(JOURNAL))?;
        Ok(Self { tree, id: id.to_owned(), dir, done, log })
    }

    /// What it was going to do. Fails for one that a later version of tsm wrote.
    pub fn recorded(&self) -> io::Result<Recorded> {
        plan_file::read(self.dir.file(OsStr::new(PLAN))?.0)
    }

    /// Its id: when it was begun, and by which process.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Where its backup is.
    pub fn backup(&self) -> Place {
        Place::new(MIGRATIONS).join(&self.id).join(BACKUP)
    }

    /// What it took away, by place.
    pub fn saved(&self) -> io::Result<BTreeMap<PathBuf, Saved>> {
        backup::read(self.dir.file(OsStr::new(BACKUP))?.0)
    }

    /// Whether a phase needs not be looked at again.
    pub fn is_done(&self, phase: Phase) -> bool {
        self.done.contains(&phase)
    }

    /// Notes that a phase begins.
    pub fn begin(&mut self, phase: Phase) -> io::Result<()> {
        log(&mut self.log, Some(phase), Event::Begin)
    }

    /// Notes that a phase is over.
    pub fn end(&mut self, phase: Phase) -> io::Result<()> {
        self.done.insert(phase);
        log(&mut self.log, Some(phase), Event::Done)
    }

    /// Notes that all is done.
    pub fn finish(&mut self) -> io::Result<()> {
        log(&mut self.log, None, Event::Done)?;
        let above = self.tree.dir(Path::new(MIGRATIONS))?.ok_or(io::ErrorKind::NotFound)?;
        match above.remove(OsStr::new(UNFINISHED)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => above.sync(),
        }
    }
}

/// The id of the migration that was begun and is not done: one readlink(2) where there is none.
pub fn unfinished_id(tree: &Tree) -> io::Result<Option<String>> {
    let Some(dir) = tree.dir(Path::new(MIGRATIONS))? else { return Ok(None) };
    match dir.link_text(OsStr::new(UNFINISHED)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        text => Ok(Some(text?.to_string_lossy().into_owned())),
    }
}

/// The directory of all migrations, made if it is not there.
pub fn migrations(tree: &Tree, owner: Owner) -> io::Result<Rc<Handle>> {
    let runtime = tree.dir(Path::new(RUNTIME))?.ok_or(io::ErrorKind::NotFound)?;
    let name = OsStr::new("migrate");
    if runtime.make_dir(name, DIR_MODE)? {
        owner.give(&runtime, name)?;
        runtime.sync()?;
    }
    tree.dir(Path::new(MIGRATIONS))?.ok_or_else(|| io::ErrorKind::NotFound.into())
}

/// Writes a file whole: to a draft, synced, renamed, the directory synced.
pub fn put(
    dir: &Handle,
    name: &OsStr,
    owner: Owner,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let mut draft = OsString::from(".");
    draft.push(name);
    let mut file = dir.write(&draft, b"", FILE_MODE)?;
    write(&mut file)?;
    file.sync_all()?;
    owner.give(dir, &draft)?;
    dir.rename(&draft, dir, name)?;
    dir.sync()
}

/// A directory of that second and process, numbered where there is one already.
fn make_run(above: &Handle, owner: Owner) -> io::Result<String> {
    let stamp = clock::utc_time(clock::epoch()).replace(['-', ':'], "");
    let base = format!("{stamp}-{}", std::process::id());
    let ids = std::iter::once(base.clone()).chain((2..).map(|number| format!("{base}-{number}")));
    for id in ids {
        if above.make_dir(OsStr::new(&id), DIR_MODE)? {
            owner.give(above, OsStr::new(&id))?;
            return Ok(id);
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// A migration that was never begun leaves nothing.
fn discard(above: &Handle, id: &str, tree: &Tree) -> io::Result<()> {
    if unfinished_id(tree)?.is_some_and(|unfinished| unfinished == id) {
        above.remove(OsStr::new(UNFINISHED))?;
    }
    let dir = above.dir(OsStr::new(id))?;
    for name in dir.names()? {
        dir.remove(&name)?;
    }
    tree.forget(&Path::new(MIGRATIONS).join(id));
    above.remove_dir(OsStr::new(id))
}

fn write_line(out: &mut impl Write, line: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

fn log(file: &mut File, phase: Option<Phase>, event: Event) -> io::Result<()> {
    let mut line = Vec::new();
    write_line(&mut line, &Entry { time: clock::epoch(), phase, event })?;
    file.write_all(&line)
}
