//! What `show`, `enable`, `disable` and `rm` share: one service, named by the first word.

use super::{Context, Words, services};
use crate::error::Result;

/// The exit code of a service that is not there, or not named.
pub(super) const FAILED: u8 = 1;

/// The word itself, for the catalogue.
pub(super) fn catalog(command: &'static str, about: &'static str) -> clap::Command {
    let service = clap::Arg::new("service").value_name("service-name").required(true);
    clap::Command::new(command)
        .about(about)
        .override_usage(format!("tsm {command} <service-name>"))
        .arg(service.help("A name in the list of 'tsm services'"))
}

/// The name; `None`, and the usage is said, when there is none.
pub(super) fn named(command: &str, mut words: Words, cx: &mut Context) -> Option<String> {
    let name = words.shift().filter(|name| !name.is_empty());
    if name.is_none() {
        cx.io.line(format_args!("Usage: tsm {command} <service-name>"));
    }
    name
}

/// Says that a service is not there, and which are.
pub(super) fn say_missing(what: impl std::fmt::Display, cx: &mut Context) -> Result<u8> {
    cx.io.line(format_args!("❌ Service not found: {what}"));
    cx.io.line("Available services:");
    services::show(false, cx)?;
    Ok(FAILED)
}
