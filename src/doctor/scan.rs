//! `scan-ports`: declared ports beside those that are listened on.

use std::collections::BTreeMap;

use super::Owners;
use crate::error::Result;
use crate::ports::holders::Use;
use crate::registry::{Record, Registry};

/// How a port stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its process listens on it.
    Online,
    /// Its process lives, and another one listens.
    Conflict,
    /// Its process is dead, and another one listens.
    Leaked,
    /// Its process lives, and nobody listens.
    Silent,
    /// No record declares it.
    Unmanaged,
}

/// One port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The port.
    pub port: u16,
    /// Who listens, or should; `None` when that is not ours to see.
    pub pid: Option<i32>,
    /// How it stands.
    pub standing: Standing,
    /// The record that declares it.
    pub name: Option<String>,
}

/// The declared ports by id of their records, then the others that are listened on.
pub fn rows(registry: &Registry) -> Result<Vec<Row>> {
    let mut records = registry.records()?;
    records.sort_by_key(Record::tsm_id);
    let owners = Owners::among(&records, registry.layout());
    let mut listening = owners.listening();
    let declared = records.iter().filter_map(|record| row(record, &listening, &owners));
    let mut rows: Vec<Row> = declared.collect();
    listening.retain(|port, _| rows.iter().all(|row| row.port != *port));
    rows.extend(listening.into_iter().map(|(port, used)| Row {
        port,
        pid: used.pids.first().copied(),
        standing: Standing::Unmanaged,
        name: None,
    }));
    Ok(rows)
}

fn row(record: &Record, listening: &BTreeMap<u16, Use>, owners: &Owners) -> Option<Row> {
    let port = record.port()?;
    let is_live = owners.live().iter().any(|live| live.name() == record.name());
    let used = listening.get(&port);
    let other = used.and_then(|used| used.pids.first().copied());
    let (pid, standing) = match (is_live, used) {
        (true, Some(used)) if owners.is_of(used, record) => (record.pid(), Standing::Online),
        (true, Some(_)) => (other, Standing::Conflict),
        (true, None) => (record.pid(), Standing::Silent),
        (false, Some(_)) => (other, Standing::Leaked),
        (false, None) => return None,
    };
    Some(Row { port, pid, standing, name: Some(record.name().to_owned()) })
}
