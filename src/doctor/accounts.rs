//! What the ledger declares beside what is listened on.

use std::collections::{BTreeMap, BTreeSet};

use super::figures;
use super::owners::Owners;
use crate::error::Result;
use crate::ports::holders::Use;
use crate::ports::ledger::{self, Account};
use crate::registry::{Record, Registry};
use crate::sys::proc::Stat;

/// How later than its row says a process may have begun and still be the one that the row is about, in seconds.
const START_WINDOW: i64 = 5;

/// A process and a TCP port that it listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The port.
    pub port: u16,
    /// The process; `None` when it is not ours to see.
    pub pid: Option<i32>,
    /// Its command name, or `unknown`.
    pub comm: String,
    /// Its command line, or `unknown`.
    pub args: Vec<u8>,
}

/// Every pair, by port and pid.
pub fn actual(registry: &Registry) -> Result<Vec<Pair>> {
    let listening = Owners::read(registry)?.listening();
    Ok(pids(&listening).map(|(port, pid)| pair(port, pid)).collect())
}

/// A row of the ledger and what it finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The row.
    pub account: Account,
    /// The port its process listens on: the declared one if it does, else its lowest.
    pub actual: Option<u16>,
}

impl Compared {
    /// The port as the ledger would write it.
    pub fn actual_text(&self) -> String {
        self.actual.map_or_else(|| "none".to_owned(), |port| port.to_string())
    }

    /// Whether it is as declared.
    pub fn is_correct(&self) -> bool {
        self.account.declared == self.actual_text()
    }
}

/// Both sides of the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Books {
    /// The rows, by id.
    pub rows: Vec<Compared>,
    /// Who listens and is in none of them.
    pub strangers: Vec<Pair>,
}

/// Compares them; `None` when there is no ledger.
pub fn reconcile(registry: &Registry) -> Result<Option<Books>> {
    let Some(accounts) = ledger::accounts(registry.layout())? else { return Ok(None) };
    let owners = Owners::read(registry)?;
    let listening = owners.listening();
    let books = Rows { accounts: &accounts, owners: &owners, living: living(&accounts, registry)? };
    let (mut ports, mut strangers) = (vec![BTreeSet::new(); accounts.len()], Vec::new());
    for (port, pid) in pids(&listening) {
        match pid.and_then(|pid| ports.get_mut(books.row_of(pid)?)) {
            Some(row) => {
                row.insert(port);
            }
            None if pid.is_some_and(|pid| owners.record_of(pid).is_some()) => {}
            None => strangers.push(pair(port, pid)),
        }
    }
    let rows = accounts.iter().zip(&ports).map(|(account, ports)| Compared::new(account, ports)).collect();
    Ok(Some(Books { rows, strangers }))
}

impl Compared {
    fn new(account: &Account, ports: &BTreeSet<u16>) -> Self {
        let declared = account.declared.parse().ok().filter(|port| ports.contains(port));
        Self { account: account.clone(), actual: declared.or_else(|| ports.first().copied()) }
    }
}

/// Which process belongs to which row.
struct Rows<'a> {
    accounts: &'a [Account],
    owners: &'a Owners,
    /// The pid of each row whose process lives.
    living: Vec<Option<i32>>,
}

impl Rows<'_> {
    /// Its own process, one below that, or one that belongs to the record of its name.
    fn row_of(&self, pid: i32) -> Option<usize> {
        if let Some(record) = self.owners.record_of(pid) {
            return self
                .accounts
                .iter()
                .position(|account| account.name == record.name() && account.tsm_id == record.tsm_id());
        }
        let parent = |pid: &i32| Stat::read(*pid).map(|stat| stat.ppid).filter(|parent| *parent > 1);
        let mut family = std::iter::successors(Some(pid), parent);
        family.find_map(|pid| self.living.iter().position(|living| *living == Some(pid)))
    }
}

fn living(accounts: &[Account], registry: &Registry) -> Result<Vec<Option<i32>>> {
    let records = registry.records()?;
    let lives = |account: &Account| {
        let pid = account.pid.filter(|pid| *pid > 1)?;
        let is_its = |record: &&Record| record.name() == account.name && record.pid() == Some(pid);
        match records.iter().find(is_its) {
            Some(record) => record.is_alive(),
            None => began_in_time(pid, account.started),
        }
        .then_some(pid)
    };
    Ok(accounts.iter().map(lives).collect())
}

/// For a row without its record, a pid alone says little.
fn began_in_time(pid: i32, started: Option<i64>) -> bool {
    let began = Stat::read(pid).filter(|stat| !stat.is_dead()).and_then(|stat| stat.started());
    began.zip(started).is_some_and(|(began, started)| began <= started + START_WINDOW)
}

/// Each port with each of its processes, or with none where nobody is seen.
fn pids(listening: &BTreeMap<u16, Use>) -> impl Iterator<Item = (u16, Option<i32>)> {
    listening.iter().flat_map(|(port, used)| {
        let seen = used.pids.iter().copied().map(Some);
        seen.chain(used.pids.is_empty().then_some(None)).map(|pid| (*port, pid))
    })
}

fn pair(port: u16, pid: Option<i32>) -> Pair {
    let figure = figures::Figure::of(pid);
    Pair { port, pid, comm: figure.comm, args: figure.args }
}
