//! `runtime/ports/registry.tsv`: a row for each recorded process, whether it has a port or not. Changed only under
//! the runtime lock. Columns as the bash tool wrote them: id, name, declared port, found port, pid, epoch.

use std::fs;
use std::io;

use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::registry::{Record, Writer};
use crate::sys::atomic::{self, Keep};

const HEADER: &str = "tsm_id\tname\tdeclared_port\tactual_port\tpid\ttimestamp";
const NONE: &str = "none";
const MODE: u32 = 0o644;

/// A start: rows of the same id or name go, the new one comes last.
pub fn add(record: &Record, writer: &Writer<'_>) -> Result<()> {
    let (id, name) = (record.tsm_id().to_string(), record.name());
    change(writer, |rows| {
        rows.retain(|row| row.id() != id && row.name() != name);
        rows.push(Row::new(record));
    })
}

/// A restart: pid and time change in place; a missing row is added.
pub fn renew(record: &Record, writer: &Writer<'_>) -> Result<()> {
    let fresh = Row::new(record);
    change(writer, |rows| match rows.iter_mut().find(|row| row.name() == record.name()) {
        Some(row) => row.renew(&fresh),
        None => rows.push(fresh),
    })
}

/// The port the process of this id was found to listen on, when it is not the declared one.
pub fn set_found(id: i64, port: u16, writer: &Writer<'_>) -> Result<()> {
    let id = id.to_string();
    change(writer, |rows| {
        for row in rows.iter_mut().filter(|row| row.id() == id) {
            row.set(Column::Found, port.to_string());
        }
    })
}

/// The record is gone, and so is its row.
pub fn remove(name: &str, writer: &Writer<'_>) -> Result<()> {
    change(writer, |rows| rows.retain(|row| row.name() != name))
}

/// A row as far as it can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The record's id.
    pub tsm_id: i64,
    /// Its name.
    pub name: String,
    /// The declared port, or `none`.
    pub declared: String,
    /// The process when the row was written.
    pub pid: Option<i32>,
    /// Epoch seconds of its start.
    pub started: Option<i64>,
}

/// The cells of every line, the heading included. `None`: there is no ledger.
pub fn lines(layout: &Layout) -> Result<Option<Vec<Vec<String>>>> {
    let path = layout.ledger();
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(Error::file("read", &path))?,
    };
    let text = String::from_utf8_lossy(&bytes);
    Ok(Some(text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()))
}

/// Every row that has an id and a name, by id. `None`: there is no ledger.
pub fn accounts(layout: &Layout) -> Result<Option<Vec<Account>>> {
    let Some(lines) = lines(layout)? else { return Ok(None) };
    let mut accounts: Vec<Account> = lines.into_iter().filter_map(|cells| Row(cells).account()).collect();
    accounts.sort_by_key(|account| account.tsm_id);
    Ok(Some(accounts))
}

#[derive(Clone, Copy)]
enum Column {
    Id,
    Name,
    Declared,
    Found,
    Pid,
    Time,
}

/// The cells of one line. Lines that somebody else wrote keep whatever they hold.
#[derive(Clone, PartialEq)]
struct Row(Vec<String>);

impl Row {
    fn new(record: &Record) -> Self {
        let or_none = |value: Option<String>| value.unwrap_or_else(|| NONE.to_owned());
        Self(vec![
            record.tsm_id().to_string(),
            record.name().to_owned(),
            or_none(record.port().map(|port| port.to_string())),
            NONE.to_owned(),
            or_none(record.pid().map(|pid| pid.to_string())),
            or_none(record.start_time().map(|time| time.to_string())),
        ])
    }

    fn account(&self) -> Option<Account> {
        let declared = self.get(Column::Declared);
        Some(Account {
            tsm_id: self.id().parse().ok()?,
            name: Some(self.name()).filter(|name| !name.is_empty())?.to_owned(),
            declared: if declared.is_empty() { NONE } else { declared }.to_owned(),
            pid: self.get(Column::Pid).parse().ok(),
            started: self.get(Column::Time).parse().ok(),
        })
    }

    fn id(&self) -> &str {
        self.get(Column::Id)
    }

    fn name(&self) -> &str {
        self.get(Column::Name)
    }

    fn get(&self, column: Column) -> &str {
        self.0.get(column as usize).map_or("", String::as_str)
    }

    fn set(&mut self, column: Column, value: String) {
        if let Some(cell) = self.0.get_mut(column as usize) {
            *cell = value;
        }
    }

    fn renew(&mut self, fresh: &Self) {
        for column in [Column::Pid, Column::Time] {
            self.set(column, fresh.get(column).to_owned());
        }
    }
}

/// Reads, changes and replaces the file; one that stays the same is not written, one that would be empty not made.
fn change(writer: &Writer<'_>, change: impl FnOnce(&mut Vec<Row>)) -> Result<()> {
    let path = writer.layout().ledger();
    let text = fs::read(&path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let before: Vec<Row> = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("tsm_id\t"))
        .map(|line| Row(line.split('\t').map(str::to_owned).collect()))
        .collect();
    let mut rows = before.clone();
    change(&mut rows);
    if rows == before {
        return Ok(());
    }
    let dir = writer.layout().ports();
    fs::create_dir_all(&dir).map_err(Error::file("create", &dir))?;
    let lines = rows.iter().map(|Row(cells)| cells.join("\t") + "\n");
    let text: String = std::iter::once(format!("{HEADER}\n")).chain(lines).collect();
    atomic::replace(&path, text.as_bytes(), MODE, Keep::Whole).map_err(Error::file("write", &path))
}
