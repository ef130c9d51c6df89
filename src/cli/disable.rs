//! `tsm disable SERVICE`: `tsm startup` will not start it any more.

use super::service::{self, FAILED};
use super::{Context, Words};
use crate::error::{Error, Result};
use crate::services;

pub(super) fn catalog() -> clap::Command {
    service::catalog("disable", "Let 'tsm startup' pass a service over")
}

/// Ignores the words after the first.
pub(super) fn run(words: Words, cx: &mut Context) -> Result<u8> {
    let Some(name) = service::named("disable", words, cx) else { return Ok(FAILED) };
    if !disable(&name, cx)? {
        cx.io.line(format_args!("⚠️  Service not enabled: {name}"));
    }
    Ok(0)
}

/// Says so when the service was enabled; whether it was.
pub(super) fn disable(name: &str, cx: &mut Context) -> Result<bool> {
    let link = cx.config.layout.enabled(name);
    let was_enabled = services::disable(name, &cx.config.layout).map_err(Error::file("remove", &link))?;
    if was_enabled {
        cx.io.line(format_args!("✅ Disabled service: {name}"));
        cx.io.line("Service will not start automatically");
    }
    Ok(was_enabled)
}
