//! Many starts at once: who is to run, who does already, and which names and ids the others get.

use std::collections::VecDeque;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use super::batch::{Batch, Run};
use super::started::{Audience, Reply};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::launch;
use crate::registry::{Desk, Record, Registry, Reservation, Spec};
use crate::sys::proc::Identity;

/// How much longer than survival takes somebody else's start of the same is waited for: the limits for the end of
/// left-overs, for the environment file and for the runtime lock.
const PATIENCE: Duration = Duration::from_secs(12 + 30 + 5);
const TICK: Duration = Duration::from_millis(5);

/// One process that is to be started.
#[derive(Debug)]
pub struct Order {
    /// What is to run, or why it cannot; refused only when it does not run already.
    pub spec: Result<Spec>,
    /// What it will be called.
    pub name: Name,
    /// The service of which one live process is enough, by whatever name.
    pub one_of: Option<String>,
    /// Whether the name and id of a dead process of that service without a port are used again.
    pub reuses: bool,
    /// The id it gets if that is free.
    pub id: Option<i64>,
    /// Who is to listen on its port.
    pub audience: Audience,
}

/// The name of a process to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// This one.
    Exact(String),
    /// A base with an epoch second: the first from this one on that is free.
    Since(String, i64),
}

/// Starts all, with as many births at once as there are cores; waiting is for all at once. Reports in the order of the
/// list. Names and ids are reserved under one hold of the lock, as far as no order waits for the outcome of an earlier
/// one. Sweeps nothing.
pub fn start_all(
    orders: Vec<Order>,
    config: &Config,
    registry: &Registry,
    mut report: impl FnMut(Reply),
) -> Result<()> {
    let unseen = || Error::system("find this process in /proc")(io::ErrorKind::NotFound.into());
    let own = Identity::own().ok_or_else(unseen)?;
    let mut orders = VecDeque::from(orders);
    while !orders.is_empty() {
        let deadline = Instant::now() + config.stabilize + PATIENCE;
        let runs = place(&mut orders, &own, deadline, registry)?;
        Batch::new(runs, own.clone(), config, registry).run(&mut report)?;
    }
    Ok(())
}

/// Takes orders from the front until one is the same as one taken before: what comes of that is to be seen first. What
/// somebody else is starting is waited for.
fn place(
    orders: &mut VecDeque<Order>,
    own: &Identity,
    deadline: Instant,
    registry: &Registry,
) -> Result<VecDeque<Run>> {
    loop {
        let writer = registry.lock()?;
        let mut places = Places::new(Desk::open(&writer, own)?);
        let awaited = places.awaited(orders);
        if awaited.is_empty() || Instant::now() >= deadline {
            let mut runs = VecDeque::new();
            while let Some(order) = orders.pop_front_if(|order| !places.are_as_before(order)) {
                runs.push_back(places.take(order));
            }
            return Ok(runs);
        }
        drop(places);
        drop(writer);
        while Instant::now() < deadline && awaited.iter().any(|name| registry.is_starting(name)) {
            thread::sleep(TICK);
        }
    }
}

/// Names and ids under one hold of the lock.
struct Places<'a> {
    desk: Desk<'a>,
    /// Names that run, and the services they run for.
    live: Vec<(String, Option<String>)>,
    /// The same of those who have taken a place.
    taken: Vec<(String, Option<String>)>,
}

impl<'a> Places<'a> {
    fn new(desk: Desk<'a>) -> Self {
        let live = desk.records().iter().filter(|record| record.is_alive());
        let live =
            live.map(|record| (record.name().to_owned(), record.service().map(str::to_owned))).collect();
        Self { desk, live, taken: Vec::new() }
    }

    /// The names in the hands of others that an order may turn out to be.
    fn awaited(&self, orders: &VecDeque<Order>) -> Vec<String> {
        let is_awaited = |name: &&String| orders.iter().any(|order| order.may_be(name));
        self.desk.starting().iter().filter(is_awaited).cloned().collect()
    }

    fn are_as_before(&self, order: &Order) -> bool {
        self.taken.iter().any(|(name, service)| order.is(name, service.as_deref()))
    }

    fn take(&mut self, order: Order) -> Run {
        let running = self.live.iter().find(|(name, service)| order.is(name, service.as_deref()));
        if let Some((name, _)) = running {
            return Run::Over(Reply::AlreadyRunning(name.clone()));
        }
        let audience = order.audience;
        match self.reserve(order) {
            Ok((spec, reservation)) => Run::Waiting(spec, reservation, audience),
            Err(error) => Run::Over(Reply::Done(Err(error))),
        }
    }

    fn reserve(&mut self, order: Order) -> Result<(Spec, Reservation)> {
        let name = self.name_for(&order);
        let mut spec = order.spec?;
        if self.desk.starting().contains(&name) {
            return Err(Error::AlreadyRunning(name));
        }
        let reservation = self.desk.reserve(&name, order.id)?;
        self.taken.push((name.clone(), order.one_of));
        spec.name = name;
        Ok((spec, reservation))
    }

    fn name_for(&self, order: &Order) -> String {
        let known = matches!(&order.name, Name::Exact(name) if self.desk.find(name).is_some());
        if let Some(dead) = self.reusable(order).filter(|_| !known) {
            return dead.name().to_owned();
        }
        match &order.name {
            Name::Exact(name) => name.clone(),
            Name::Since(base, epoch) => {
                let mut names = (*epoch..).map(|epoch| launch::full_name(base, None, epoch));
                names.find(|name| !self.is_known(name)).unwrap_or_default()
            }
        }
    }

    fn is_known(&self, name: &str) -> bool {
        self.desk.find(name).is_some()
            || self.desk.starting().iter().any(|starting| starting == name)
            || self.taken.iter().any(|(taken, _)| taken == name)
    }

    /// The last of the dead that ran for the same service without a port.
    fn reusable(&self, order: &Order) -> Option<&Record> {
        let service = order.one_of.as_deref().filter(|_| order.reuses)?;
        let is_dead = |record: &&Record| {
            record.service() == Some(service) && record.port().is_none() && order.has_base_of(record.name())
        };
        self.desk.records().iter().filter(is_dead).max_by_key(|record| record.start_time())
    }
}

impl Order {
    /// Whether a process of that name and service is what is asked for.
    fn is(&self, name: &str, service: Option<&str>) -> bool {
        let same_name = matches!(&self.name, Name::Exact(exact) if exact == name);
        same_name || (self.one_of.is_some() && self.one_of.as_deref() == service)
    }

    /// Whether a process that is being started under that name may turn out to be what is asked for. The service it is
    /// for is not known yet.
    fn may_be(&self, name: &str) -> bool {
        self.is(name, None) || (self.one_of.is_some() && self.has_base_of(name))
    }

    /// Whether a name is this one's base with a number.
    fn has_base_of(&self, name: &str) -> bool {
        let base = match &self.name {
            Name::Exact(name) => launch::without_number(name),
            Name::Since(base, _) => base,
        };
        launch::without_number(name) == base && name != base
    }
}
