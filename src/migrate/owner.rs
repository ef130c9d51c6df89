//! Root may migrate for somebody: everything that is made is given to the owner of the installation.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use super::places::TSM;
use super::tree::Tree;
use crate::sys::handle::Handle;
use crate::sys::spawn::own_user;

/// Who gets what is made; nobody else, usually.
#[derive(Clone, Copy, Debug, Default)]
pub struct Owner(Option<(u32, u32)>);

impl Owner {
    /// Of an installation.
    pub fn of(tree: &Tree) -> io::Result<Self> {
        let Some(dir) = tree.dir(Path::new(TSM))? else { return Ok(Self::default()) };
        let facts = dir.own_facts()?;
        Ok(Self((own_user() == 0 && facts.user != 0).then_some((facts.user, facts.group))))
    }

    /// Gives an entry that was just made to its owner.
    pub fn give(self, dir: &Handle, name: &OsStr) -> io::Result<()> {
        self.0.map_or(Ok(()), |(user, group)| dir.set_owner(name, user, group))
    }
}
