//! Which processes and services there are, and what runs.

use super::{Context, Words, answer, given, verdict};
use crate::error::{Error, Result};
use crate::registry::{self, Record};
use crate::services;
use crate::sys::{atomic, signal};

/// `NAME`: by the exact name.
pub(super) fn is_running(mut words: Words, cx: &mut Context) -> Result<u8> {
    let record = cx.registry.find(&words.shift().unwrap_or_default())?;
    Ok(verdict(record.is_some_and(|record| record.is_alive())))
}

/// `ID`
pub(super) fn is_running_by_id(words: Words, cx: &mut Context) -> Result<u8> {
    Ok(verdict(by_id(words, cx)?.is_some_and(|record| record.is_alive())))
}

/// `WORD`: the name that an id, a name or a part of exactly one name stands for.
pub(super) fn resolve_name(words: Words, cx: &mut Context) -> Result<u8> {
    let record = resolve(words, cx)?;
    answer(record.as_ref().map(Record::name), cx)
}

/// The same, as an id.
pub(super) fn resolve_to_id(words: Words, cx: &mut Context) -> Result<u8> {
    let record = resolve(words, cx)?;
    answer(record.as_ref().map(Record::tsm_id), cx)
}

/// `ID`
pub(super) fn id_to_name(words: Words, cx: &mut Context) -> Result<u8> {
    let record = by_id(words, cx)?;
    answer(record.as_ref().map(Record::name), cx)
}

/// `NAME`
pub(super) fn name_to_id(mut words: Words, cx: &mut Context) -> Result<u8> {
    let record = cx.registry.find(&words.shift().unwrap_or_default())?;
    answer(record.as_ref().map(Record::tsm_id), cx)
}

/// The id that the next start would get. It is not reserved.
pub(super) fn next_id(_words: Words, cx: &mut Context) -> Result<u8> {
    let id = cx.registry.lowest_free_id()?;
    answer(Some(id), cx)
}

/// Writes the counter that nobody reads any more.
pub(super) fn reset_id(_words: Words, cx: &mut Context) -> Result<u8> {
    let next = cx.registry.records()?.iter().map(Record::tsm_id).max().map_or(0, |id| id.saturating_add(1));
    let (path, runtime) = (cx.config.layout.next_id(), cx.config.layout.runtime());
    std::fs::create_dir_all(&runtime).map_err(Error::file("create", &runtime))?;
    atomic::replace_unlocked(&path, format!("{next}\n").as_bytes(), 0o644)
        .map_err(Error::file("write", &path))?;
    answer(Some(format_args!("tsm: reset ID counter to {next}")), cx)
}

/// `NAME FIELD`: a member of the record, nothing where it has none. Dots lead into objects.
pub(super) fn member(mut words: Words, cx: &mut Context) -> Result<u8> {
    let (name, field) = (words.shift().unwrap_or_default(), words.shift().unwrap_or_default());
    let Some(record) = cx.registry.find(&name)? else { return Ok(super::NO) };
    let whole = record.to_value();
    let value = field.split('.').try_fold(&whole, |value, key| value.get(key));
    match value {
        None | Some(serde_json::Value::Null) => {}
        Some(serde_json::Value::String(text)) => cx.io.line(text),
        Some(value) => cx.io.line(value),
    }
    Ok(0)
}

/// `PORT`: the live process that has declared it.
pub(super) fn by_port(mut words: Words, cx: &mut Context) -> Result<u8> {
    let port = words.shift().and_then(|word| word.parse::<u16>().ok());
    let records = cx.registry.records()?;
    let has_port = |record: &&Record| port.is_some() && record.port() == port && record.is_alive();
    answer(records.iter().find(has_port).map(Record::name), cx)
}

pub(super) fn all(_words: Words, cx: &mut Context) -> Result<u8> {
    let records = cx.registry.records()?;
    list(records.iter().map(Record::name), cx)
}

pub(super) fn running(_words: Words, cx: &mut Context) -> Result<u8> {
    let records = cx.registry.records()?;
    list(records.iter().filter(|record| record.is_alive()).map(Record::name), cx)
}

pub(super) fn services(_words: Words, cx: &mut Context) -> Result<u8> {
    let names = services::names(&cx.config.layout)?;
    list(names.iter(), cx)
}

pub(super) fn enabled_services(_words: Words, cx: &mut Context) -> Result<u8> {
    let names = services::enabled(&cx.config.layout)?.unwrap_or_default();
    list(names.iter(), cx)
}

/// `PID`: whether it could be signalled, whoever it is.
pub(super) fn is_pid_alive(mut words: Words, _cx: &mut Context) -> Result<u8> {
    let pid = words.shift().and_then(|word| word.parse().ok()).filter(|pid| *pid > 0);
    Ok(verdict(pid.is_some_and(signal::may_signal)))
}

fn list(names: impl Iterator<Item = impl std::fmt::Display>, cx: &mut Context) -> Result<u8> {
    names.for_each(|name| cx.io.line(name));
    Ok(0)
}

fn by_id(mut words: Words, cx: &Context) -> Result<Option<Record>> {
    let word = words.shift().unwrap_or_default();
    Ok(cx.registry.records()?.into_iter().find(|record| record.tsm_id().to_string() == word))
}

/// Says which when there are several; nothing when there is none.
fn resolve(mut words: Words, cx: &mut Context) -> Result<Option<Record>> {
    let Some(word) = given(&mut words) else { return Ok(None) };
    match registry::resolve(&word, &cx.registry) {
        Ok(record) => Ok(Some(record)),
        Err(Error::NoSuchProcess(_)) => Ok(None),
        Err(Error::Ambiguous { word, matches, .. }) => Err(Error::Ambiguous { word, matches, then: None }),
        Err(error) => Err(error),
    }
}
