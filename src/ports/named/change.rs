//! Reading, changing and writing the file while nobody else does.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::document::{Document, Place};
use super::{MODE, NamedPorts, PORTS, create, number, plain, read, transfer};
use crate::error::{Error, PortError, Result};
use crate::layout::Layout;
use crate::ports::allocation;
use crate::sys::atomic;
use crate::sys::clock;
use crate::sys::lock::FileLock;

/// How long a command waits for other writers.
const PATIENCE: Duration = Duration::from_secs(5);

/// The turn to change the file, until dropped. Whoever could not get it, or could not read the file, is told so when he
/// wants to write: what is there is never replaced by what only stands in for it.
#[derive(Debug)]
pub struct Turn<'a> {
    layout: &'a Layout,
    named: NamedPorts,
    /// What the file held, and the lock under which that is so.
    held: Option<(Vec<u8>, FileLock)>,
}

impl<'a> Turn<'a> {
    /// Waits at most five seconds for other writers.
    pub fn take(layout: &'a Layout) -> Self {
        let _ = create(layout);
        let dir = layout.named_ports().parent().map(Path::to_owned).unwrap_or_default();
        let lock = FileLock::take_dir(&dir, PATIENCE).ok().flatten();
        let bytes = read(layout).ok();
        let named = bytes.as_deref().map_or_else(NamedPorts::stand_in, NamedPorts::parse);
        Self { layout, named, held: bytes.zip(lock) }
    }

    /// What the file says.
    pub fn named(&self) -> &NamedPorts {
        &self.named
    }

    /// Gives a service a port; the port as a number.
    pub fn set(&self, name: &str, port: &str) -> Result<u16> {
        let port = self.check(name, port)?;
        let set = |document: &mut Document| document.set(PORTS, name, &port.to_string(), Place::AfterKeys);
        self.edit(set).map_err(|_| PortError::SetNotSaved { name: name.to_owned(), port })?;
        Ok(port)
    }

    /// Takes a service out; the port it had, as it was written.
    pub fn remove(&self, name: &str) -> Result<String> {
        let port = self.named.services.get(name).ok_or_else(|| PortError::NotFound(name.to_owned()))?.clone();
        match self.edit(|document| document.remove(PORTS, name)) {
            Ok(()) => Ok(port),
            Err(_) => Err(PortError::RemovalNotSaved { name: name.to_owned(), port }.into()),
        }
    }

    /// Gives a service a free port of an environment's range. `taken` tells the ports in use, if it comes to that.
    pub fn allocate(
        &self,
        name: &str,
        environment: &str,
        taken: impl FnOnce() -> BTreeSet<u16>,
    ) -> Result<u16> {
        if let Some(port) = self.named.services.get(name) {
            return Err(PortError::HasPort { name: name.to_owned(), port: port.clone() }.into());
        }
        let ranges = &self.named.ranges;
        let range = ranges.get(environment).filter(|range| !range.is_empty());
        let range = range.ok_or_else(|| PortError::NoRange(environment.to_owned()))?;
        let bounds = allocation::bounds(range).ok_or_else(|| PortError::InvalidRange(range.clone()))?;
        let strategy = allocation::Strategy::named(&self.named.strategy)
            .ok_or_else(|| PortError::UnknownStrategy(self.named.strategy.clone()))?;
        let taken = taken();
        let is_free = |port| {
            !self.named.is_reserved(port) && self.named.owner_of(port).is_none() && !taken.contains(&port)
        };
        let port = strategy.pick(bounds, is_free).ok_or_else(|| PortError::NoneAvailable {
            range: range.clone(),
            environment: environment.to_owned(),
        })?;
        self.set(name, &port.to_string())
    }

    /// Puts a file in the place of the registry; where the old one is now.
    pub fn import(&self, file: &Path) -> Result<PathBuf> {
        if !file.is_file() {
            return Err(PortError::NoImportFile(file.to_owned()).into());
        }
        let held = self.held.as_ref().map(|(bytes, _)| bytes.as_slice());
        let failed = || Error::from(PortError::ImportFailed(file.to_owned()));
        transfer::import(file, held.ok_or_else(failed)?, &self.layout.named_ports()).map_err(|_| failed())
    }

    fn check(&self, name: &str, text: &str) -> Result<u16, PortError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        if !name.bytes().all(is_plain) {
            return Err(PortError::InvalidName(name.to_owned()));
        }
        let port = number(&plain(text)).ok_or_else(|| PortError::InvalidNumber(text.to_owned()))?;
        if self.named.is_reserved(port) {
            return Err(PortError::Reserved(port));
        }
        match self.named.ports().find(|(owner, assigned)| *assigned == port && *owner != name) {
            Some((owner, _)) => Err(PortError::Assigned { port, owner: owner.to_owned() }),
            None => Ok(port),
        }
    }

    fn edit(&self, change: impl FnOnce(&mut Document)) -> io::Result<()> {
        let (bytes, _) = self.held.as_ref().ok_or(io::ErrorKind::PermissionDenied)?;
        let mut document = Document::new(bytes);
        change(&mut document);
        let now = format!("\"{}\"", clock::utc_time(clock::epoch()));
        document.set("metadata", "last_updated", &now, Place::AfterText);
        atomic::rewrite(&self.layout.named_ports(), &document.to_bytes(), MODE)
    }
}
