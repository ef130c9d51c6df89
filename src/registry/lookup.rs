//! From a word on the command line to a record.

use super::{Record, Registry};
use crate::error::{Error, Result};

/// For `info`, `paths`, `env` and `logs`: an id, a name, or part of exactly one name.
pub fn resolve(word: &str, registry: &Registry) -> Result<Record> {
    let not_found = || Error::NoSuchProcess(word.to_owned());
    if is_number(word) {
        return by_id(registry.records()?, word).ok_or_else(not_found);
    }
    if let Some(record) = registry.find(word)? {
        return Ok(record);
    }
    let matches = |record: &Record| record.name().contains(word);
    match only(word, registry.records()?, matches) {
        Ok(record) => record.ok_or_else(not_found),
        Err(Error::Ambiguous { word, matches, .. }) => {
            Err(Error::Ambiguous { word, matches, then: Some(Box::new(not_found())) })
        }
        Err(error) => Err(error),
    }
}

/// Which numbers a command that changes a process takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Ids alone.
    Id,
    /// An id, else a pid, else a port.
    IdPidOrPort,
}

/// For `stop`, `restart` and `delete`: a number as `numbers` says, a name, or the one record named `WORD-<digits>`.
pub fn resolve_target(word: &str, numbers: Target, registry: &Registry) -> Result<Option<Record>> {
    if is_number(word) {
        return resolve_number(word, numbers, registry.records()?);
    }
    if let Some(record) = registry.find(word)? {
        return Ok(Some(record));
    }
    let is_base = |record: &Record| {
        let rest = record.name().strip_prefix(word).and_then(|rest| rest.strip_prefix('-'));
        rest.is_some_and(is_number)
    };
    only(word, registry.records()?, is_base)
}

fn resolve_number(word: &str, numbers: Target, records: Vec<Record>) -> Result<Option<Record>> {
    let number: Option<i64> = word.parse().ok();
    let has_pid = |record: &Record| record.pid().map(i64::from) == number && number.is_some();
    let has_port = |record: &Record| record.port().map(i64::from) == number && number.is_some();
    let found = match numbers {
        Target::Id => by_id(records, word),
        Target::IdPidOrPort => {
            let position = position_of_id(&records, word)
                .or_else(|| records.iter().position(has_pid))
                .or_else(|| records.iter().position(has_port));
            position.and_then(|position| records.into_iter().nth(position))
        }
    };
    match (found, numbers) {
        (None, Target::Id) => Err(Error::NoSuchId(word.to_owned())),
        (None, Target::IdPidOrPort) => Err(Error::NoSuchNumber(word.to_owned())),
        (found, _) => Ok(found),
    }
}

/// The record that matches, if there is one; a refusal when there are several.
fn only(word: &str, records: Vec<Record>, matches: impl Fn(&Record) -> bool) -> Result<Option<Record>> {
    let mut found: Vec<Record> = records.into_iter().filter(matches).collect();
    if found.len() > 1 {
        let matches = found.iter().map(|record| (record.tsm_id(), record.name().to_owned())).collect();
        return Err(Error::Ambiguous { word: word.to_owned(), matches, then: None });
    }
    Ok(found.pop())
}

/// The id's exact decimal text: `00` is not 0.
fn by_id(records: Vec<Record>, word: &str) -> Option<Record> {
    let position = position_of_id(&records, word)?;
    records.into_iter().nth(position)
}

fn position_of_id(records: &[Record], word: &str) -> Option<usize> {
    records.iter().position(|record| record.tsm_id().to_string() == word)
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}
