//! What the module registry of the shell asks, and where a log or a setting is.

use std::fs;

use super::{Context, Words, answer};
use crate::error::Result;
use crate::logs;
use crate::ports::named;

/// Callers split it at its blanks.
const ACTIONS: &str =
    "start stop restart delete list services logs ports doctor repl monitor stream dashboard patrol";
const PROPERTIES: &str = "processes services logs ports status config environment registry";

pub(super) fn actions(_words: Words, cx: &mut Context) -> Result<u8> {
    answer(Some(ACTIONS), cx)
}

pub(super) fn properties(_words: Words, cx: &mut Context) -> Result<u8> {
    answer(Some(PROPERTIES), cx)
}

pub(super) fn info(_words: Words, cx: &mut Context) -> Result<u8> {
    let running = cx.registry.records()?.iter().filter(|record| record.is_alive()).count();
    let is_valid = named::look(&cx.config.layout).is_valid();
    cx.io.line("TSM - Tetra Service Manager");
    cx.io.line("Purpose: Local development process and service management");
    cx.io.line("Scope: Process lifecycle, port management, service definitions");
    cx.io.line(format_args!("Active Processes: {running}"));
    answer(Some(format_args!("Port Registry: {}", if is_valid { "Valid" } else { "Validation errors" })), cx)
}

/// `PATTERN`: the log of stdout that it names.
pub(super) fn log_file(mut words: Words, cx: &mut Context) -> Result<u8> {
    let path = logs::named::find(&words.shift().unwrap_or_default(), &cx.registry)?;
    answer(path.as_deref().map(std::path::Path::display), cx)
}

/// `FILE SECTION KEY`
pub(super) fn toml_value(mut words: Words, cx: &mut Context) -> Result<u8> {
    let file = words.shift_raw().unwrap_or_default();
    let (section, key) = (words.shift().unwrap_or_default(), words.shift().unwrap_or_default());
    let value = fs::read(file).ok().and_then(|bytes| named::value_in(&bytes, &section, &key));
    answer(value.filter(|value| !value.is_empty()), cx)
}
