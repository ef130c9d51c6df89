//! From a spec to a process that runs and is recorded.

use super::batch::{Batch, Run};
use super::started::{Audience, Reply, Started};
use super::sweep::{settle_remains, sweep_found};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::registry::{Registry, Reservation, Scan, Spec};
use crate::sys::proc::Identity;

/// Starts a process. What a dead one of the same name left behind is ended first: it holds the port.
pub fn start(spec: Spec, config: &Config, registry: &Registry) -> Result<Started> {
    settle_remains(registry);
    let name = spec.name.clone();
    let taken = || Error::AlreadyRunning(name.clone());
    let own = Identity::own().ok_or_else(taken)?;
    let (reserved, scan) = reserve(&name, &own, registry)?;
    // Silent, and no reason not to start.
    let _ = sweep_found(&scan, registry);
    let run = Run::Waiting(spec, reserved.ok_or_else(taken)?, Audience::Itself);
    let mut started = Err(taken());
    Batch::new([run].into(), own, config, registry).run(&mut |reply| {
        if let Reply::Done(result) = reply {
            started = result;
        }
    })?;
    started
}

/// Every record is read once, under the lock: for the id, and for the sweep that follows. `None`: the name is taken.
fn reserve(name: &str, own: &Identity, registry: &Registry) -> Result<(Option<Reservation>, Scan)> {
    let writer = registry.lock()?;
    let scan = registry.scan()?;
    let is_taken = registry.find(name)?.is_some_and(|record| record.is_alive());
    let reservation = if is_taken { None } else { writer.reserve(name, own, Some(&scan))? };
    Ok((reservation, scan))
}
