//! Handing out names and ids, many under one hold of the lock.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Record, Reservation, Writer};
use crate::error::Result;
use crate::sys::proc::Identity;

/// What is taken at this moment, and what is taken next.
#[derive(Debug)]
pub struct Desk<'a> {
    writer: &'a Writer<'a>,
    by: &'a Identity,
    records: Vec<Record>,
    /// Names that others are starting.
    starting: Vec<String>,
    ids: BTreeSet<i64>,
}

impl<'a> Desk<'a> {
    /// Reads every record and reservation once. Reservations are made for `by`.
    pub fn open(writer: &'a Writer<'a>, by: &'a Identity) -> Result<Self> {
        let registry = writer.registry();
        let scan = registry.scan()?;
        let records: Vec<Record> = registry.all_of(&scan)?.into_iter().map(Cow::into_owned).collect();
        let reservations = Reservation::sweep(writer.layout());
        let taken = records.iter().map(Record::tsm_id);
        let ids = taken.chain(reservations.iter().map(|reservation| reservation.id)).collect();
        let starting = reservations.into_iter().map(|reservation| reservation.name).collect();
        Ok(Self { writer, by, records, starting, ids })
    }

    /// All records.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The record of a name.
    pub fn find(&self, name: &str) -> Option<&Record> {
        self.records.iter().find(|record| record.name() == name)
    }

    /// The names that are being started.
    pub fn starting(&self) -> &[String] {
        &self.starting
    }

    /// Takes a name that is neither alive nor being started: with the id its record has, else with the wished one if
    /// that is free, else with the lowest that is.
    pub fn reserve(&mut self, name: &str, wish: Option<i64>) -> Result<Reservation> {
        self.writer.registry().check_refused(name)?;
        let id = match self.find(name) {
            Some(record) => record.tsm_id(),
            None => {
                wish.filter(|id| *id >= 0 && !self.ids.contains(id)).unwrap_or_else(|| lowest_free(&self.ids))
            }
        };
        let reservation = Reservation::new(id, name, self.by);
        reservation.write(self.writer.layout())?;
        self.ids.insert(id);
        Ok(reservation)
    }
}

pub(super) fn lowest_free(taken: &BTreeSet<i64>) -> i64 {
    let mut id = 0;
    while taken.contains(&id) {
        id += 1;
    }
    id
}
