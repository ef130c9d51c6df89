//! Assignments in the order of the file, gathered into one record.

use serde_json::{Map, Value};

use super::filler::{Filler, Home};
use crate::migrate::verdict::{Code, Refusal};

/// One `KEY=VALUE`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Assignment<'a> {
    pub(super) key: &'a str,
    /// `None`: the file ends in the middle of it.
    pub(super) value: Option<&'a str>,
    /// The quote around it.
    pub(super) quote: Option<char>,
}

impl<'a> Assignment<'a> {
    pub(super) fn bare(key: &'a str, value: &'a str) -> Self {
        Self { key, value: Some(value), quote: None }
    }

    pub(super) fn quoted(key: &'a str, value: &'a str, quote: char) -> Self {
        Self { key, value: Some(value), quote: Some(quote) }
    }

    fn has_inner_quote(&self) -> bool {
        let value = self.value.unwrap_or_default();
        self.quote.is_some_and(|quote| value.contains(quote))
    }
}

/// Of a key that stands there twice the last one counts, but two pids are one too many. `home` knows the format's keys.
pub(super) fn gather(
    assignments: &[Assignment<'_>],
    home: fn(&str) -> Option<Home>,
    filler: &mut Filler,
) -> Result<(), Refusal> {
    let mut members = Map::new();
    for assignment in assignments {
        add(assignment, home(assignment.key), &mut members, filler)?;
    }
    for (key, value) in members {
        match home(&key) {
            Some(home) => filler.put(home, &key, value)?,
            None => {
                filler.warn(Code::UnknownKey, &key);
                filler.keep(&key, value);
            }
        }
    }
    Ok(())
}

fn add(
    assignment: &Assignment<'_>,
    home: Option<Home>,
    members: &mut Map<String, Value>,
    filler: &mut Filler,
) -> Result<(), Refusal> {
    let key = assignment.key;
    if assignment.has_inner_quote() {
        filler.warn(Code::InnerQuote, key);
    }
    let Some(value) = assignment.value else {
        filler.warn(Code::Truncated, key);
        members.shift_remove(key);
        return Ok(());
    };
    if home.is_some_and(Home::is_numeric) && super::number::is_hostile(value) {
        return Err(Refusal::HostileValue);
    }
    let before = members.insert(key.to_owned(), value.into());
    if home == Some(Home::Pid) && before.as_ref().is_some_and(|before| before != value) {
        return Err(Refusal::AmbiguousPid);
    }
    if before.is_some() {
        filler.warn(Code::DuplicateKey, key);
    }
    Ok(())
}
