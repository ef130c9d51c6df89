//! The installation as directories by handle: each part of a path is opened in the one before it, and none is a link
//! but the few that a user may have put there.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::place::Place;
use crate::sys;
use crate::sys::facts::{Facts, Kind};
use crate::sys::handle::Handle;
use crate::sys::spawn::own_user;

/// Directories that may be links of the owner's own: to a larger disk, say.
const MAY_BE_LINKS: [&str; 3] = ["tsm", "tsm/logs", "tsm/runtime/logs"];

/// Directories as deep as `tsm/runtime/processes` stay open; those of single processes are too many for that.
const KEPT_DEPTH: usize = 3;

/// `TETRA_DIR`, opened.
#[derive(Debug)]
pub struct Tree {
    root: Rc<Handle>,
    open: RefCell<HashMap<PathBuf, Rc<Handle>>>,
    /// Of the deeper ones the last: what is done in one is mostly done at a stretch.
    last: RefCell<Option<(PathBuf, Rc<Handle>)>>,
}

/// The entries of one directory, by name.
pub type Listing = BTreeMap<OsString, Facts>;

impl Tree {
    /// Opens `TETRA_DIR`.
    pub fn open(tetra: &Path) -> io::Result<Self> {
        // A link that the user put into TETRA_DIR is followed: it is what was meant.
        let root = Handle::open(&tetra.canonicalize()?)?;
        Ok(Self { root: Rc::new(root), open: RefCell::default(), last: RefCell::default() })
    }

    /// The directory of that path; `None` when it is not there. A link, or a file, on the way is an error.
    pub fn dir(&self, path: &Path) -> io::Result<Option<Rc<Handle>>> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(Some(Rc::clone(&self.root)));
        };
        if let Some(known) = self.known(path) {
            return Ok(Some(known));
        }
        let Some(parent) = self.dir(parent)? else { return Ok(None) };
        let opened = match open(&parent, path, name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => Rc::new(opened?),
        };
        if path.components().count() <= KEPT_DEPTH {
            self.open.borrow_mut().insert(path.to_owned(), Rc::clone(&opened));
        } else {
            self.last.replace(Some((path.to_owned(), Rc::clone(&opened))));
        }
        Ok(Some(opened))
    }

    fn known(&self, path: &Path) -> Option<Rc<Handle>> {
        let last = self.last.borrow();
        let last = last.as_ref().filter(|(known, _)| known == path).map(|(_, handle)| handle);
        self.open.borrow().get(path).or(last).map(Rc::clone)
    }

    /// The directory that something lies in, which must be there.
    pub fn dir_of(&self, place: &Place) -> io::Result<Rc<Handle>> {
        self.dir(place.dir())?.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// What lies at a place; `None` when nothing does.
    pub fn facts(&self, place: &Place) -> io::Result<Option<Facts>> {
        self.dir(place.dir())?.map_or(Ok(None), |dir| dir.facts(place.name()))
    }

    /// The first `limit` bytes of a regular file; `None` where there is none that is ours to read. That it cannot be read
    /// just now (no descriptor left, a bad disk) is an error: it must not be taken for absent.
    pub fn read(&self, place: &Place, limit: u64) -> io::Result<Option<Vec<u8>>> {
        let Some(dir) = self.dir(place.dir())? else { return Ok(None) };
        match dir.read(place.name(), limit) {
            Err(error) if !sys::is_trouble(&error) => Ok(None),
            read => read.map(Some),
        }
    }

    /// The entries of a directory; none when it is not there.
    pub fn list(&self, path: &Path) -> io::Result<Listing> {
        let Some(dir) = self.dir(path)? else { return Ok(Listing::new()) };
        let facts = |name: OsString| Ok(dir.facts(&name)?.map(|facts| (name, facts)));
        dir.names()?.into_iter().filter_map(|name| facts(name).transpose()).collect()
    }

    /// A directory that was removed must not be found again by its handle.
    pub fn forget(&self, path: &Path) {
        self.open.borrow_mut().remove(path);
        self.last.borrow_mut().take_if(|(known, _)| known == path);
    }

    /// The device that what is made in a directory will lie on: its own, or that of the nearest one above it.
    pub fn device(&self, path: &Path) -> io::Result<u64> {
        match self.dir(path)? {
            Some(dir) => Ok(dir.own_facts()?.device),
            None => {
                path.parent().map_or_else(|| Ok(self.root.own_facts()?.device), |above| self.device(above))
            }
        }
    }
}

fn open(parent: &Handle, path: &Path, name: &OsStr) -> io::Result<Handle> {
    let opened = parent.dir(name);
    let may_be_link = MAY_BE_LINKS.iter().any(|allowed| Path::new(allowed) == path);
    if opened.is_err() && may_be_link && is_own_link(parent, name)? {
        parent.dir_or_link(name)
    } else {
        opened
    }
}

fn is_own_link(parent: &Handle, name: &OsStr) -> io::Result<bool> {
    let own = |facts: Facts| facts.kind == Kind::Link && facts.user == own_user();
    Ok(parent.facts(name)?.is_some_and(own))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn tree() -> (tempfile::TempDir, Tree) {
        let temp = tempfile::tempdir().unwrap();
        fs::create_dir_all(temp.path().join("tsm/runtime/processes")).unwrap();
        fs::create_dir_all(temp.path().join("elsewhere")).unwrap();
        let tree = Tree::open(temp.path()).unwrap();
        (temp, tree)
    }

    #[test]
    fn a_directory_that_is_not_there_is_none() {
        let (_temp, tree) = tree();
        assert!(tree.dir(Path::new("tsm/runtime/processes")).unwrap().is_some());
        assert!(tree.dir(Path::new("tsm/db/events")).unwrap().is_none());
        assert!(tree.list(Path::new("tsm/active")).unwrap().is_empty());
    }

    #[test]
    fn only_logs_may_be_a_link() {
        let (temp, tree) = tree();
        symlink("../../elsewhere", temp.path().join("tsm/runtime/logs")).unwrap();
        symlink("../../elsewhere", temp.path().join("tsm/runtime/pids")).unwrap();
        assert!(tree.dir(Path::new("tsm/runtime/logs")).unwrap().is_some());
        assert!(tree.dir(Path::new("tsm/runtime/pids")).is_err());
    }
}
